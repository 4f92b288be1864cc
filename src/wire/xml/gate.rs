//! The gate: one pass, linear time, before any reader. It refuses what would be dear to read.

use super::scan::{Scanner, Token};
use super::{Limits, XmlError, is_space};

/// Bytes of a namespace URI: the strict reader compares them for each pair of attributes in a tag.
const MAX_NAMESPACE_URI: usize = 256;

/// Checks a document against the limits. Returns it up to the end of its root element: some ACSes send junk after it.
pub(super) fn admit<'a>(text: &'a str, limits: &Limits) -> Result<&'a str, XmlError> {
    let mut scanner = Scanner::new(text, limits.max_attributes_per_tag);
    let (mut depth, mut elements, mut namespaces) = (0usize, 0usize, 0usize);
    while let Some(token) = scanner.next()? {
        match token {
            Token::Aside => {}
            Token::Text(text) if depth > 0 || text.chars().all(is_space) => {}
            Token::Cdata(_) if depth > 0 => {}
            Token::Text(_) | Token::Cdata(_) => {
                return Err(scanner.error("text outside the root element"));
            }
            Token::Open { empty, .. } => {
                elements += 1 + scanner.attributes().len();
                if elements > limits.max_elements {
                    return Err(XmlError::TooManyElements);
                }
                if depth >= limits.max_depth {
                    return Err(XmlError::TooDeep);
                }
                for (_, uri) in scanner
                    .attributes()
                    .iter()
                    .filter(|(name, _)| declares_namespace(name))
                {
                    namespaces += 1;
                    if namespaces > limits.max_xmlns_total || uri.len() > MAX_NAMESPACE_URI {
                        return Err(XmlError::TooManyNamespaces);
                    }
                }
                if !empty {
                    depth += 1;
                } else if depth == 0 {
                    return Ok(scanner.behind());
                }
            }
            Token::Close { .. } => {
                depth = depth
                    .checked_sub(1)
                    .ok_or_else(|| scanner.error("an end tag without its start tag"))?;
                if depth == 0 {
                    return Ok(scanner.behind());
                }
            }
        }
    }
    Err(scanner.error("the end before the root element is closed"))
}

/// Whether an attribute of that name declares a namespace, or the strict reader takes it so: `a:xmlns`, `:xmlns`.
pub(super) fn declares_namespace(attribute: &str) -> bool {
    attribute.split(':').any(|part| part == "xmlns")
}
