//! AddObject (TR-069 A.3.2.6).

use super::{Facts, Method, arguments, staged};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::datamodel::resolve::resolve_table;
use crate::datamodel::{DataModel, Fault, Touch, touch};
use crate::wire::xml::{Element, Writer};

struct AddObject {
    name: String,
    parameter_key: String,
}

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let name = arguments::name(method, "ObjectName")?;
    let parameter_key = arguments::key(method, "ParameterKey")?;
    Ok(Box::new(AddObject {
        name,
        parameter_key,
    }))
}

impl AddObject {
    fn stage(&self, model: &mut dyn DataModel) -> Result<(), Fault> {
        let (table, alias) = resolve_table(model, &self.name)?;
        model.add(&table, alias).map(drop)
    }
}

impl Method for AddObject {
    fn touch(&self, _: &dyn DataModel) -> Option<Touch> {
        touch::object(&self.name, Touch::Add)
    }

    fn run(&self, model: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        staged(model, |model| self.stage(model))?;
        Ok(Some(Promise::Values {
            parameter_key: self.parameter_key.clone(),
            deleted: None,
        }))
    }

    fn answer(&self, facts: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        let number = facts
            .applied
            .instances
            .first()
            .copied()
            .filter(|&number| number > 0);
        let number = number.ok_or_else(|| Fault::internal("the new instance has no number"))?;
        out.leaf("InstanceNumber", &number.to_string());
        out.leaf("Status", if facts.applied.later { "1" } else { "0" });
        Ok(())
    }
}
