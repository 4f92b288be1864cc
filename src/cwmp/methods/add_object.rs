//! AddObject (TR-069 A.3.2.6).

use super::paths::touch_object;
use super::{Facts, Method, arguments, staged};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::datamodel::path::{Path, Segment};
use crate::datamodel::resolve::resolve_one;
use crate::datamodel::{DataModel, Fault, Touch};
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
    /// The table, and the alias that the new instance is to have.
    fn table(&self) -> Result<(&str, Option<&str>), Fault> {
        let path = Path::parse(&self.name)?;
        let alias = match path.segments().last() {
            Some(Segment::Alias(alias)) => Some(*alias),
            _ => None,
        };
        let table = match alias {
            // Without `[alias].`
            Some(alias) => self
                .name
                .get(..self.name.len().saturating_sub(alias.len() + 3)),
            None => Some(self.name.as_str()),
        };
        let table = table.filter(|table| table.ends_with('.'));
        table
            .map(|table| (table, alias))
            .ok_or_else(|| Fault::invalid_name(&self.name))
    }

    fn stage(&self, model: &mut dyn DataModel) -> Result<(), Fault> {
        let (table, alias) = self.table()?;
        let table = resolve_one(model, &Path::parse(table)?)?.path;
        // AL-04: an alias that is taken is refused.
        if alias.is_some() && resolve_one(model, &Path::parse(&self.name)?).is_ok() {
            return Err(Fault::invalid_name(&self.name));
        }
        model.add(&table, alias).map(drop)
    }
}

impl Method for AddObject {
    fn touch(&self) -> Option<Touch> {
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
