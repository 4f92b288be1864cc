//! DeleteObject (TR-069 A.3.2.7).

use super::{Facts, Method, arguments, staged};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::datamodel::path::{Path, Segment};
use crate::datamodel::resolve::resolve_one;
use crate::datamodel::{DataModel, Fault, Touch, touch};
use crate::wire::xml::{Element, Writer};

struct DeleteObject {
    name: String,
    parameter_key: String,
}

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let name = arguments::name(method, "ObjectName")?;
    let parameter_key = arguments::key(method, "ParameterKey")?;
    Ok(Box::new(DeleteObject {
        name,
        parameter_key,
    }))
}

impl DeleteObject {
    /// Stages the removal and returns the concrete path.
    fn stage(&self, model: &mut dyn DataModel) -> Result<String, Fault> {
        let path = Path::parse(&self.name)?;
        let last = path.segments().last();
        // A table without an instance cannot be deleted (OB-07).
        if !path.is_partial() || !matches!(last, Some(Segment::Instance(_) | Segment::Alias(_))) {
            return Err(Fault::invalid_name(&self.name));
        }
        let instance = resolve_one(model, &path)?.path;
        model.delete(&instance)?;
        Ok(instance)
    }
}

impl Method for DeleteObject {
    fn touch(&self, _: &dyn DataModel) -> Option<Touch> {
        touch::object(&self.name, Touch::Delete)
    }

    fn run(&self, model: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        let instance = staged(model, |model| self.stage(model))?;
        let parameter_key = self.parameter_key.clone();
        Ok(Some(Promise::Values {
            parameter_key,
            deleted: Some(instance),
        }))
    }

    fn answer(&self, facts: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        out.leaf("Status", if facts.applied.later { "1" } else { "0" });
        Ok(())
    }
}
