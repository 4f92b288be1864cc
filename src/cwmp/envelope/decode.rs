//! From bytes to a message: header entries and the one element of the body.
//!
//! In a document that the strict reader took, the envelope, the headers and the method are matched by namespace and
//! local name; in all others, and always inside a method, by local name alone.

use super::SOAP;
use crate::cwmp::fault::SoapFault;
use crate::cwmp::version::Namespace;
use crate::wire::xml::{self, Document, Element, XmlError};
use crate::wire::xsd;
use std::fmt;

/// SOAP 1.1 4.2.2: the actor that stands for whoever reads the message.
const NEXT_ACTOR: &str = "http://schemas.xmlsoap.org/soap/actor/next";

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What the header says.
    pub header: Header,
    /// The CWMP namespace of the method (of a header entry, for a fault); `None` when there is none to be seen.
    pub namespace: Option<Namespace>,
    /// The one element of the body.
    pub body: Body,
}

/// Header entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The ID as it stands, padding included; `None` when there is no such entry.
    pub id: Option<String>,
    /// HoldRequests; absent is false.
    pub hold_requests: bool,
    /// UseCWMPVersion as it stands.
    pub use_cwmp_version: Option<String>,
    /// SessionTimeout, of a CPE's Inform.
    pub session_timeout: Option<u32>,
    /// SupportedCWMPVersions, of a CPE's Inform.
    pub supported_cwmp_versions: Option<String>,
    /// Local names of the entries that must be understood and are not.
    pub not_understood: Vec<String>,
}

/// What the body holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A request or a response, with its arguments as children.
    Method(Element),
    /// A SOAP fault.
    Fault(SoapFault),
}

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// Not XML that may be read.
    Xml(XmlError),
    /// The outermost element, by its local name, is not a SOAP 1.1 envelope.
    NotAnEnvelope(String),
    /// No body, or more than one.
    Body,
    /// The body is empty.
    EmptyBody,
    /// The body holds more than one element.
    SeveralMethods,
    /// The element in the body has a namespace that is not CWMP's.
    Namespace(String),
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EnvelopeError::Xml(error) => error.fmt(f),
            EnvelopeError::NotAnEnvelope(name) => {
                write!(
                    f,
                    "the outermost element is {name:?}, not a soap 1.1 envelope"
                )
            }
            EnvelopeError::Body => f.write_str("the envelope has not exactly one body"),
            EnvelopeError::EmptyBody => f.write_str("the soap body is empty"),
            EnvelopeError::SeveralMethods => {
                f.write_str("the soap body holds more than one method")
            }
            EnvelopeError::Namespace(uri) => {
                write!(f, "the method's namespace {uri:?} is not one of cwmp")
            }
        }
    }
}

impl std::error::Error for EnvelopeError {}

/// Reads an envelope.
pub fn decode(bytes: &[u8]) -> Result<Message, EnvelopeError> {
    let document = xml::parse(bytes, &xml::Limits::default()).map_err(EnvelopeError::Xml)?;
    let Document { root, strict } = document;
    let is_soap = |element: &Element, name: &str| {
        element.name == name && (!strict || element.namespace.as_deref() == Some(SOAP))
    };
    if !is_soap(&root, "Envelope") {
        return Err(EnvelopeError::NotAnEnvelope(
            root.name.chars().take(64).collect(),
        ));
    }
    let entries = root
        .children
        .iter()
        .filter(|child| is_soap(child, "Header"));
    let entries: Vec<&Element> = entries.flat_map(|header| &header.children).collect();
    let header = decode_header(&entries, strict);
    let of_headers = entries.iter().find_map(|entry| namespace(entry));

    let (mut bodies, _): (Vec<Element>, Vec<Element>) = root
        .children
        .into_iter()
        .partition(|child| is_soap(child, "Body"));
    let (Some(body), true) = (bodies.pop(), bodies.is_empty()) else {
        return Err(EnvelopeError::Body);
    };
    let mut children = body.children.into_iter();
    let method = children.next().ok_or(EnvelopeError::EmptyBody)?;
    // What follows with an id are values that the method refers to (SOAP 1.1 5.1, which TR-069 rules out): not
    // resolved, so that the arguments which need them are missing.
    if children.any(|other| other.attribute("id").is_none()) {
        return Err(EnvelopeError::SeveralMethods);
    }
    if is_soap(&method, "Fault") {
        let body = Body::Fault(SoapFault::decode(&method));
        return Ok(Message {
            header,
            namespace: of_headers,
            body,
        });
    }
    let namespace = namespace(&method);
    match &method.namespace {
        Some(uri) if namespace.is_none() => {
            Err(EnvelopeError::Namespace(uri.chars().take(64).collect()))
        }
        _ => Ok(Message {
            header,
            namespace,
            body: Body::Method(method),
        }),
    }
}

fn namespace(element: &Element) -> Option<Namespace> {
    element.namespace.as_deref().and_then(Namespace::parse)
}

fn decode_header(entries: &[&Element], strict: bool) -> Header {
    let mut header = Header::default();
    for entry in entries {
        // Unprefixed entries are seen in the field; those of a foreign namespace are not ours to read.
        let ours = !strict || entry.namespace.is_none() || namespace(entry).is_some();
        match entry.name.as_str() {
            "ID" if ours => header.id = Some(entry.text.clone()),
            "HoldRequests" if ours => {
                header.hold_requests = xsd::boolean(&entry.text).unwrap_or_default();
            }
            "UseCWMPVersion" if ours => header.use_cwmp_version = Some(entry.text.clone()),
            "SessionTimeout" if ours => header.session_timeout = xsd::unsigned_int(&entry.text),
            "SupportedCWMPVersions" if ours => {
                header.supported_cwmp_versions = Some(entry.text.clone());
            }
            // Obsolete (TR-069 3.5), and real ACSes send it with every request.
            "NoMoreRequests" if ours => {}
            name if must_understand(entry, strict) => {
                header.not_understood.push(name.chars().take(64).collect());
            }
            _ => {}
        }
    }
    header
}

/// Whether an unknown header entry forbids to process the message (SOAP 1.1 4.2.2, 4.2.3).
fn must_understand(entry: &Element, strict: bool) -> bool {
    let soap_attribute = |name: &str| {
        let mut all = entry.attributes.iter();
        all.find(|a| a.name == name && (!strict || a.namespace.as_deref() == Some(SOAP)))
            .map(|a| a.value.trim())
    };
    let for_us = soap_attribute("actor").is_none_or(|actor| matches!(actor, "" | NEXT_ACTOR));
    for_us
        && soap_attribute("mustUnderstand")
            .and_then(xsd::boolean)
            .unwrap_or_default()
}
