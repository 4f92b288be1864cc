//! GetParameterAttributes (TR-069 A.3.2.5).

use super::paths::{for_each_parameter, resolve_all, touch_named};
use super::{Facts, Method, arguments};
use crate::cwmp::envelope::{array, string_array};
use crate::cwmp::fault::Refusal;
use crate::datamodel::{DataModel, Fault, Node, Touch};
use crate::wire::xml::{Element, Writer};

struct GetParameterAttributes {
    names: Vec<String>,
}

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let names = arguments::names(method, "ParameterNames")?;
    Ok(Box::new(GetParameterAttributes { names }))
}

impl Method for GetParameterAttributes {
    fn touch(&self, model: &dyn DataModel) -> Option<Touch> {
        Some(touch_named(model, &self.names))
    }

    fn answer(&self, facts: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        let paths = resolve_all(facts.model, &self.names)?;
        array(
            out,
            "ParameterList",
            "cwmp:ParameterAttributeStruct",
            |out| {
                for_each_parameter(facts.model, &paths, &mut |name, node| {
                    if let Node::Parameter { path, info, .. } = node {
                        let attribute = facts.kept.attributes().get(path, info);
                        out.open("ParameterAttributeStruct");
                        out.leaf("Name", name);
                        out.leaf("Notification", &attribute.notification.number().to_string());
                        string_array(out, "AccessList", attribute.access);
                        out.close("ParameterAttributeStruct");
                    }
                })
            },
        )
    }
}
