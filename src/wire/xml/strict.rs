//! The strict reader: XML 1.0 with namespaces, by `roxmltree`.

use std::rc::Rc;

use super::{Attribute, Document, Element, XmlError, excerpt};

/// Reads a document that has passed the gate.
pub(super) fn read(text: &str) -> Result<Document, XmlError> {
    let tree = roxmltree::Document::parse(text).map_err(|e| {
        XmlError::Syntax(format!(
            "the document is not XML: {}",
            excerpt(&e.to_string())
        ))
    })?;
    Ok(Document {
        root: element(tree.root_element(), &mut Vec::new()),
        strict: true,
    })
}

/// Copies an element. Recurses as deep as the gate allows.
fn element(node: roxmltree::Node, namespaces: &mut Vec<Rc<str>>) -> Element {
    let mut copy = Element {
        namespace: shared(node.tag_name().namespace(), namespaces),
        name: node.tag_name().name().to_owned(),
        attributes: node
            .attributes()
            .map(|a| Attribute {
                namespace: shared(a.namespace(), namespaces),
                name: a.name().to_owned(),
                value: a.value().to_owned(),
            })
            .collect(),
        ..Element::default()
    };
    for child in node.children() {
        if child.is_element() {
            copy.children.push(element(child, namespaces));
        } else if child.is_text() {
            copy.text.push_str(child.text().unwrap_or_default());
        }
    }
    copy.trim();
    copy
}

/// One copy of each namespace for the whole document. `xmlns=""` says that there is none.
fn shared(uri: Option<&str>, namespaces: &mut Vec<Rc<str>>) -> Option<Rc<str>> {
    let uri = uri.filter(|uri| !uri.is_empty())?;
    if let Some(known) = namespaces.iter().find(|known| ***known == *uri) {
        return Some(known.clone());
    }
    let new: Rc<str> = Rc::from(uri);
    namespaces.push(new.clone());
    Some(new)
}
