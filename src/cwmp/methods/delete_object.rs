//! DeleteObject (TR-069 A.3.2.7).

use super::paths::has_alias;
use super::{Facts, Method, arguments};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::datamodel::path::{Path, Segment};
use crate::datamodel::resolve::resolve_one;
use crate::datamodel::{DataModel, Fault, Touch};
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
    fn touch(&self) -> Option<Touch> {
        let path = Path::parse(&self.name).ok()?;
        let prefix = path.concrete_prefix().to_owned();
        // An alias is found by reading the values around it.
        Some(if has_alias(&path) {
            Touch::Write(vec![prefix])
        } else {
            Touch::Delete(prefix)
        })
    }

    fn run(&self, model: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        model.begin();
        let staged = self.stage(model);
        if staged.is_err() {
            model.abort();
        }
        let parameter_key = self.parameter_key.clone();
        Ok(Some(Promise::Values {
            parameter_key,
            deleted: Some(staged?),
        }))
    }

    fn answer(&self, facts: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        out.leaf("Status", if facts.applied.later { "1" } else { "0" });
        Ok(())
    }
}
