//! What both readers produce: a small owned tree.

use std::rc::Rc;

/// A document that passed the gate and one of the two readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The outermost element.
    pub root: Element,
    /// Whether the strict reader accepted it. When false, namespaces are unknown (`None`) throughout
    /// and names are local names.
    pub strict: bool,
}

/// An element: name, attributes, text and child elements. Comments and processing instructions are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Namespace URI, one copy for the whole document; `None` for no namespace, and always `None` from the tolerant
    /// reader.
    pub namespace: Option<Rc<str>>,
    /// Local name.
    pub name: String,
    /// Attributes in document order, without `xmlns` declarations.
    pub attributes: Vec<Attribute>,
    /// All character data directly inside, concatenated (CDATA included, white space kept).
    pub text: String,
    /// Child elements in document order.
    pub children: Vec<Element>,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Namespace URI; `None` when unprefixed or read by the tolerant reader.
    pub namespace: Option<Rc<str>>,
    /// Local name.
    pub name: String,
    /// Value, references resolved.
    pub value: String,
}

impl Element {
    /// Gives back what growing has set aside: room for three more children in each element makes a hostile document
    /// of a few bytes an element cost three times the memory.
    pub(super) fn trim(&mut self) {
        self.children.shrink_to_fit();
        self.text.shrink_to_fit();
    }

    /// The first child of that local name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The text of the first child of that local name, as it stands.
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|c| c.text.as_str())
    }

    /// The value of the first attribute of that local name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|a| a.name == name)
            .map(|a| a.value.as_str())
    }
}
