//! Arguments of a request: found by local name, in any order, whatever their namespace.

use crate::datamodel::Fault;
use crate::wire::data::{Data, Record};
use crate::wire::xml::Element;
use crate::wire::xsd;

/// Longest ParameterKey and CommandKey (TR-069 A.3), in characters.
const MAX_KEY: usize = 32;

/// Longest URL of a file. TR-069 has 256 and, for software modules, 1024, but those that are signed are longer.
const MAX_URL: usize = 2048;

/// Longest of the other texts of a transfer (TR-069 A.3.2.8, A.4.1.10).
const MAX_TEXT: usize = 256;

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

/// The items of an array; none if it is missing.
pub(super) fn items<'a>(parent: &'a Element, argument: &str) -> &'a [Element] {
    let array = parent.child(argument);
    array.map(|array| &array.children[..]).unwrap_or_default()
}

/// The local name of the type that an element says to have.
pub(super) fn xsi_type(element: &Element) -> Option<&str> {
    element.attribute("type")?.trim().rsplit(':').next()
}

/// Reads the fields of a struct that have names of TR-069, in upper case, from the elements of these names. One that is missing leaves its field as it is, and so does
/// an empty one (DL-16); elements of other names are no harm.
pub(super) fn fill(record: &mut dyn Record, parent: &Element) -> Result<(), Fault> {
    let mut result = Ok(());
    record.places(&mut |name, field| {
        let known = result.is_ok() && name.starts_with(|c: char| c.is_ascii_uppercase());
        let Some(text) = parent.child_text(name).filter(|_| known) else {
            return;
        };
        let text = match name {
            "CommandKey" | "Username" | "Password" => text,
            _ => text.trim(),
        };
        if text.is_empty() {
            return;
        }
        let most = match name {
            "CommandKey" | "Version" => MAX_KEY,
            "URL" | "SuccessURL" | "FailureURL" => MAX_URL,
            _ => MAX_TEXT,
        };
        result = fits(parent, name, text, most);
        if result.is_ok()
            && field.read(text.into()).is_err()
            && field.read(Data::Number(text.into())).is_err()
        {
            let text = format!("{}: {name} cannot be {text:?}", parent.name);
            result = Err(Fault::arguments(text));
        }
    });
    result
}

/// A ParameterKey or CommandKey; one that is missing is an empty one.
pub(super) fn key(parent: &Element, argument: &str) -> Result<String, Fault> {
    let key = parent.child_text(argument).unwrap_or_default();
    fits(parent, argument, key, MAX_KEY)?;
    Ok(key.to_owned())
}

fn fits(parent: &Element, argument: &str, text: &str, most: usize) -> Result<(), Fault> {
    if text.chars().count() <= most {
        return Ok(());
    }
    let text = format!(
        "{}: {argument} is longer than {most} characters",
        parent.name
    );
    Err(Fault::arguments(text))
}
