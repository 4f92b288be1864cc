//! GetRPCMethods (TR-069 A.3.1.1), which both sides may call.

use super::{Facts, Method, methods};
use crate::cwmp::envelope::string_array;
use crate::cwmp::fault::Refusal;
use crate::datamodel::Fault;
use crate::wire::xml::{Element, Writer};

/// Most names that are kept of an ACS's list, and most characters of each.
const MAX_NAMES: usize = 64;
const MAX_NAME: usize = 64;

struct GetRpcMethods;

pub(super) fn decode(_: &Element) -> Result<Box<dyn Method>, Fault> {
    Ok(Box::new(GetRpcMethods))
}

impl Method for GetRpcMethods {
    fn answer(&self, facts: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        let names = methods(facts.version).map(|(name, _)| name);
        string_array(out, "MethodList", names);
        Ok(())
    }
}

/// The names in an ACS's GetRPCMethodsResponse.
pub(crate) fn decode_response(response: &Element) -> Vec<String> {
    let list = response
        .child("MethodList")
        .map(|list| list.children.as_slice());
    let names = list.unwrap_or_default().iter().take(MAX_NAMES);
    names
        .map(|name| name.text.trim().chars().take(MAX_NAME).collect())
        .collect()
}
