//! Tests of the whole: gate, readers and writer together.

mod attacks;
mod encodings;
mod properties;
mod reading;
mod samples;
mod writing;

use super::*;

/// Reads with the limits of a device.
fn read(text: impl AsRef<[u8]>) -> Result<Document, XmlError> {
    parse(text.as_ref(), &Limits::default())
}

/// The first element of that local name, at any depth.
fn find<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    if element.name == name {
        return Some(element);
    }
    element.children.iter().find_map(|child| find(child, name))
}

/// The text of the first element of that name. Panics when there is none.
fn text_of(document: &Document, name: &str) -> String {
    find(&document.root, name)
        .unwrap_or_else(|| panic!("no {name}"))
        .text
        .clone()
}

/// What the tolerant reader can know of an element that the strict one has read.
fn without_namespaces(element: &Element) -> Element {
    Element {
        namespace: None,
        name: element.name.clone(),
        attributes: element
            .attributes
            .iter()
            .map(|a| Attribute {
                namespace: None,
                ..a.clone()
            })
            .collect(),
        text: element.text.clone(),
        children: element.children.iter().map(without_namespaces).collect(),
    }
}
