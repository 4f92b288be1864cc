//! GetParameterValues (TR-069 A.3.2.2).

use super::paths::{for_each_parameter, resolve_all};
use super::{Facts, Method, arguments};
use crate::cwmp::envelope::{array, parameter_value};
use crate::cwmp::fault::Refusal;
use crate::datamodel::naming::InstanceMode;
use crate::datamodel::{DataModel, Fault, Node, Touch, references, touch};
use crate::wire::xml::{Element, Writer};

struct GetParameterValues {
    names: Vec<String>,
}

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let names = arguments::names(method, "ParameterNames")?;
    Ok(Box::new(GetParameterValues { names }))
}

impl Method for GetParameterValues {
    fn touch(&self, _: &dyn DataModel) -> Option<Touch> {
        Some(Touch::Values(touch::prefixes(&self.names)))
    }

    fn answer(&self, facts: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        let mode = InstanceMode::of(facts.model);
        let paths = resolve_all(facts.model, &self.names)?;
        array(out, "ParameterList", "cwmp:ParameterValueStruct", |out| {
            for_each_parameter(facts.model, &paths, &mut |name, node| {
                if let Node::Parameter { info, value, .. } = node {
                    let value = references::named(facts.model, mode, info, value);
                    parameter_value(out, name, info.ty, &value);
                }
            })
        })
    }
}
