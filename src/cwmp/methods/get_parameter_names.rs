//! GetParameterNames (TR-069 A.3.2.3).

use super::paths::touch_named;
use super::{Facts, Method, arguments};
use crate::cwmp::envelope::array;
use crate::cwmp::fault::Refusal;
use crate::datamodel::naming::{InstanceMode, Namer};
use crate::datamodel::path::Path;
use crate::datamodel::resolve::resolve;
use crate::datamodel::{DataModel, Depth, Fault, Node, Touch};
use crate::wire::xml::{Element, Writer};

struct GetParameterNames {
    path: String,
    depth: Depth,
}

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let path = arguments::name(method, "ParameterPath")?;
    let next_level = arguments::boolean(method, "NextLevel")?;
    let depth = if next_level {
        Depth::NextLevel
    } else {
        Depth::All
    };
    Ok(Box::new(GetParameterNames { path, depth }))
}

impl Method for GetParameterNames {
    fn touch(&self, model: &dyn DataModel) -> Option<Touch> {
        Some(touch_named(model, std::slice::from_ref(&self.path)))
    }

    fn answer(&self, facts: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        let paths = resolve(facts.model, &Path::parse(&self.path)?)?;
        array(out, "ParameterList", "cwmp:ParameterInfoStruct", |out| {
            let mut written = 0;
            let mut namer = Namer::new(facts.model, InstanceMode::of(facts.model));
            for one in &paths {
                namer.asked(&one.path, &one.asked);
                facts.model.visit(&one.path, self.depth, &mut |node| {
                    let writable = match node {
                        Node::Object { writable, .. } => writable,
                        Node::Parameter { info, .. } => info.writable(),
                    };
                    out.open("ParameterInfoStruct");
                    out.leaf("Name", namer.name(node.path()));
                    out.leaf("Writable", if writable { "1" } else { "0" });
                    out.close("ParameterInfoStruct");
                    written += 1;
                })?;
            }
            Ok(written)
        })
    }
}
