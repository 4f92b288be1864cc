//! AddObject (TR-069 A.3.2.6).

use super::paths::touch_object;
use super::{Facts, Method, arguments, staged};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::datamodel::path::Path;
use crate::datamodel::resolve::resolve_one;
use crate::datamodel::{Code, DataModel, Fault, Touch};
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
        let path = Path::parse(&self.name)?;
        let (table, alias) = match path.split_alias() {
            Some((table, alias)) => (Path::parse(table)?, Some(alias)),
            None => (path.clone(), None),
        };
        // A table's own name ends with a dot; an instance of it with a number has no instances.
        if !table.is_partial() {
            return Err(Fault::invalid_name(&self.name));
        }
        let table = resolve_one(model, &table)?.path;
        // AL-04: an alias that is taken is refused.
        if alias.is_some() && resolve_one(model, &path).is_ok() {
            let text = format!("{}: there is such an instance already", self.name);
            return Err(Fault::new(Code::INVALID_PARAMETER_NAME, text));
        }
        model.add(&table, alias).map(drop)
    }
}

impl Method for AddObject {
    fn touch(&self, _: &dyn DataModel) -> Option<Touch> {
        touch_object(&self.name, Touch::Add)
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
