//! What is in an envelope the daemon sent, by a plain XML reader.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

fn body<'a>(document: &'a Document<'_>) -> Option<Node<'a, 'a>> {
    let body = document
        .root_element()
        .children()
        .find(|n| n.tag_name().name() == "Body")?;
    body.children().find(Node::is_element)
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|n| n.tag_name().name() == name)
}

fn text(node: Node<'_, '_>) -> String {
    node.text().unwrap_or("").to_owned()
}

/// Name of the element in the body: the method, its response or `Fault`.
pub fn method(envelope: &[u8]) -> Option<String> {
    let source = std::str::from_utf8(envelope).ok()?;
    let document = Document::parse(source).ok()?;
    Some(body(&document)?.tag_name().name().to_owned())
}

/// One thing the daemon sent.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Method, response or `Fault`.
    pub method: String,
    /// The header's ID.
    pub id: String,
    /// The CWMP namespace of the method (of the fault's detail, for a fault).
    pub namespace: String,
    /// The whole text.
    pub xml: String,
}

impl Message {
    /// Reads an envelope; panics with its text when it cannot be read.
    pub fn parse(envelope: &[u8]) -> Message {
        let xml = String::from_utf8(envelope.to_vec()).expect("an envelope in UTF-8");
        let document = Document::parse(&xml).unwrap_or_else(|e| panic!("not XML ({e}): {xml}"));
        let element = body(&document).unwrap_or_else(|| panic!("no body element: {xml}"));
        let header = |name: &str| {
            document
                .descendants()
                .find(|n| n.tag_name().name() == name)
                .map(text)
        };
        let namespace = |n: Node| n.tag_name().namespace().unwrap_or("").to_owned();
        let detail = element
            .descendants()
            .find(|n| namespace(*n).contains(":cwmp-"))
            .map(namespace);
        Message {
            method: element.tag_name().name().to_owned(),
            id: header("ID").unwrap_or_default(),
            namespace: detail.unwrap_or_default(),
            xml: xml.clone(),
        }
    }

    fn find<R>(&self, read: impl FnOnce(&Document<'_>) -> R) -> R {
        read(&Document::parse(&self.xml).expect("was read before"))
    }

    /// Text of the first element of that local name.
    pub fn text(&self, name: &str) -> Option<String> {
        self.find(|d| {
            d.descendants()
                .find(|n| n.tag_name().name() == name)
                .map(text)
        })
    }

    /// Texts of all elements of that local name.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.find(|d| {
            d.descendants()
                .filter(|n| n.tag_name().name() == name)
                .map(text)
                .collect()
        })
    }

    /// Name → value of every ParameterValueStruct.
    pub fn values(&self) -> BTreeMap<String, String> {
        self.find(|d| {
            d.descendants()
                .filter(|n| n.tag_name().name() == "ParameterValueStruct")
                .filter_map(|n| Some((text(child(n, "Name")?), text(child(n, "Value")?))))
                .collect()
        })
    }

    /// The CWMP fault code, when it is a fault.
    pub fn fault(&self) -> Option<u16> {
        if self.method != "Fault" {
            None
        } else {
            self.text("FaultCode")?.parse().ok()
        }
    }

    /// Event codes of an Inform, in order.
    pub fn events(&self) -> Vec<String> {
        self.texts("EventCode")
    }

    /// `(event code, command key)` of an Inform, in order.
    pub fn events_and_keys(&self) -> Vec<(String, String)> {
        self.find(|d| {
            d.descendants()
                .filter(|n| n.tag_name().name() == "EventStruct")
                .filter_map(|n| Some((text(child(n, "EventCode")?), text(child(n, "CommandKey")?))))
                .collect()
        })
    }

    /// RetryCount of an Inform.
    pub fn retry_count(&self) -> u32 {
        self.text("RetryCount")
            .and_then(|t| t.parse().ok())
            .expect("RetryCount")
    }

    /// The value of the parameter whose name ends so.
    pub fn value_of(&self, suffix: &str) -> Option<String> {
        self.values()
            .into_iter()
            .find(|(name, _)| name.ends_with(suffix))
            .map(|(_, value)| value)
    }
}
