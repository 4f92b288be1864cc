//! XML as CWMP needs it: a gate in front, a strict reader, a tolerant one behind it, an escaping writer.
//!
//! [`parse`] decodes the bytes, passes them through the gate (linear time, refuses what would be dear to read),
//! reads them strictly (`roxmltree`, namespaces known) and, when that refuses, tolerantly (local names only):
//! what real ACSes send is not always XML. Both readers produce the same owned tree.

mod encoding;
mod gate;
mod scan;
mod strict;
#[cfg(test)]
mod tests;
mod tolerant;
mod tree;
mod writer;

use std::fmt;

pub use tree::{Attribute, Document, Element};
pub use writer::{ArrayCount, TooLarge, Writer};

/// Bytes of a document. TR-069 3.5 asks a CPE to accept 32 KiB; setting 8,000 parameters takes 0.9 MiB.
pub const MAX_BYTES: usize = 1 << 20;
/// Nesting of elements. The deepest CWMP message has 9 levels.
pub const MAX_DEPTH: usize = 32;
/// Attributes of one tag: looking for duplicates takes the square of their number.
pub const MAX_ATTRIBUTES_PER_TAG: usize = 32;
/// Namespace declarations in the whole document: each nested one copies those around it.
pub const MAX_XMLNS_TOTAL: usize = 64;
/// Elements and attributes of a document: each costs some 200 bytes of memory, however short it is on the wire.
pub const MAX_ELEMENTS: usize = 1 << 16;

/// Characters of the document, or of what the strict reader says of it, that an error repeats: it ends in a log line.
const MAX_EXCERPT: usize = 120;

/// What the gate lets through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document as received.
    pub max_bytes: usize,
    /// Nesting of elements, the root being 1. The readers recurse this deep.
    pub max_depth: usize,
    /// Attributes of one tag, namespace declarations included.
    pub max_attributes_per_tag: usize,
    /// Namespace declarations in the whole document.
    pub max_xmlns_total: usize,
    /// Elements and attributes in the whole document.
    pub max_elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_bytes: MAX_BYTES,
            max_depth: MAX_DEPTH,
            max_attributes_per_tag: MAX_ATTRIBUTES_PER_TAG,
            max_xmlns_total: MAX_XMLNS_TOTAL,
            max_elements: MAX_ELEMENTS,
        }
    }
}

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum XmlError {
    /// More bytes than allowed.
    TooLarge,
    /// It has a document type declaration (SOAP 1.1 3 forbids it).
    Doctype,
    /// Elements are nested deeper than allowed.
    TooDeep,
    /// It has more elements and attributes than allowed.
    TooManyElements,
    /// A tag has more attributes than allowed.
    TooManyAttributes,
    /// It has more namespace declarations than allowed.
    TooManyNamespaces,
    /// Its bytes are not in an encoding that can be read; says which and where.
    Encoding(String),
    /// It is not XML; says what and where.
    Syntax(String),
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            XmlError::TooLarge => "the document is too large",
            XmlError::Doctype => "the document has a document type declaration",
            XmlError::TooDeep => "the document's elements are nested too deep",
            XmlError::TooManyElements => "the document has too many elements",
            XmlError::TooManyAttributes => "a tag of the document has too many attributes",
            XmlError::TooManyNamespaces => "the document has too many namespace declarations",
            XmlError::Encoding(what) | XmlError::Syntax(what) => what,
        })
    }
}

impl std::error::Error for XmlError {}

/// Reads a document: the gate, the strict reader and, when that refuses, the tolerant one.
/// Byte order marks and white space before it and anything after its root element are left out.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Document, XmlError> {
    let text = encoding::decode(bytes, limits)?;
    let document = text.admitted(limits)?;
    strict::read(document).or_else(|why| tolerant::read(document, limits).map_err(|_| why))
}

/// Reads a document with the tolerant reader alone, so that it can be compared with the strict one.
pub fn parse_tolerant(bytes: &[u8], limits: &Limits) -> Result<Document, XmlError> {
    let text = encoding::decode(bytes, limits)?;
    tolerant::read(text.admitted(limits)?, limits)
}

/// XML 1.0 `S`.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// What may be repeated of a document in an error, and so in a log: not much, printable ASCII.
fn excerpt(text: &str) -> String {
    let visible = |c: char| {
        if c.is_ascii_graphic() || c == ' ' {
            c
        } else {
            '?'
        }
    };
    text.chars().take(MAX_EXCERPT).map(visible).collect()
}
