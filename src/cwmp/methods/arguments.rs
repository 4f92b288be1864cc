//! Arguments of a request: found by local name, in any order, whatever their namespace.

use crate::datamodel::Fault;
use crate::wire::xml::Element;
use crate::wire::xsd;

/// Longest ParameterKey and CommandKey (TR-069 A.3), in characters.
const MAX_KEY: usize = 32;

/// An argument that must be there.
pub(super) fn required<'a>(parent: &'a Element, name: &str) -> Result<&'a Element, Fault> {
    let missing = || Fault::arguments(format!("{}: {name} is missing", parent.name));
    parent.child(name).ok_or_else(missing)
}

/// A parameter or object name: white space around it is a pretty-printer's.
pub(super) fn name(parent: &Element, argument: &str) -> Result<String, Fault> {
    Ok(required(parent, argument)?.text.trim().to_owned())
}

/// The names in an array of strings.
pub(super) fn names(parent: &Element, argument: &str) -> Result<Vec<String>, Fault> {
    let items = &required(parent, argument)?.children;
    Ok(items
        .iter()
        .map(|item| item.text.trim().to_owned())
        .collect())
}

/// A boolean.
pub(super) fn boolean(parent: &Element, argument: &str) -> Result<bool, Fault> {
    let wrong = || Fault::arguments(format!("{}: {argument} is not a boolean", parent.name));
    xsd::boolean(&required(parent, argument)?.text).ok_or_else(wrong)
}

/// A number.
pub(super) fn unsigned(parent: &Element, argument: &str) -> Result<u32, Fault> {
    let wrong = || Fault::arguments(format!("{}: {argument} is not an unsignedInt", parent.name));
    xsd::unsigned_int(&required(parent, argument)?.text).ok_or_else(wrong)
}

/// A ParameterKey or CommandKey; one that is missing is an empty one.
pub(super) fn key(parent: &Element, argument: &str) -> Result<String, Fault> {
    let key = parent.child_text(argument).unwrap_or_default();
    if key.chars().nth(MAX_KEY).is_some() {
        let text = format!(
            "{}: {argument} is longer than {MAX_KEY} characters",
            parent.name
        );
        return Err(Fault::arguments(text));
    }
    Ok(key.to_owned())
}
