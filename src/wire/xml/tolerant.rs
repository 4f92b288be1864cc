//! The tolerant reader, for what the strict one refuses: undeclared prefixes, names with two colons, bare `&`,
//! raw control characters. It knows local names only. Tags must still match and the root element must be closed.

use super::gate::declares_namespace;
use super::scan::{Scanner, Token};
use super::{Attribute, Document, Element, Limits, XmlError};

/// Reads a document that has passed the gate.
pub(super) fn read(text: &str, limits: &Limits) -> Result<Document, XmlError> {
    let mut scanner = Scanner::new(text, limits.max_attributes_per_tag);
    let mut open: Vec<Element> = Vec::new();
    while let Some(token) = scanner.next()? {
        let mut closed = match token {
            Token::Aside => continue,
            Token::Text(raw) => {
                if let Some(parent) = open.last_mut() {
                    resolve(raw, &mut parent.text);
                }
                continue;
            }
            Token::Cdata(raw) => {
                if let Some(parent) = open.last_mut() {
                    parent.text.push_str(raw);
                }
                continue;
            }
            Token::Open { name, empty } => {
                let element = element(name, &scanner)?;
                if !empty {
                    open.push(element);
                    continue;
                }
                element
            }
            Token::Close { name } => open
                .pop()
                .filter(|e| e.name == local(name))
                .ok_or_else(|| scanner.error("an end tag that does not match"))?,
        };
        closed.trim();
        match open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => {
                return Ok(Document {
                    root: closed,
                    strict: false,
                });
            }
        }
    }
    Err(scanner.error("the end before the root element is closed"))
}

fn element(name: &str, scanner: &Scanner) -> Result<Element, XmlError> {
    let name = local(name);
    if name.is_empty() {
        return Err(scanner.error("no name"));
    }
    let attributes = scanner
        .attributes()
        .iter()
        .filter(|(name, _)| !declares_namespace(name));
    Ok(Element {
        name: name.to_owned(),
        attributes: attributes
            .map(|(name, raw)| Attribute {
                namespace: None,
                name: local(name).to_owned(),
                value: value(raw),
            })
            .collect(),
        ..Element::default()
    })
}

/// What follows the last colon.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// An attribute's value: white space becomes blanks (XML 1.0 3.3.3).
fn value(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    resolve(&raw.replace(['\t', '\n'], " "), &mut value);
    value
}

/// Appends character data with its references resolved. A `&` that starts none stands for itself.
fn resolve(raw: &str, text: &mut String) {
    let mut pieces = raw.split('&');
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let reference = piece.split_once(';');
        match reference.and_then(|(name, rest)| Some((character(name)?, rest))) {
            Some((c, rest)) => {
                text.push(c);
                text.push_str(rest);
            }
            None => {
                text.push('&');
                text.push_str(piece);
            }
        }
    }
}

/// The character that a reference names. U+0000 is never one.
fn character(reference: &str) -> Option<char> {
    let number = match reference {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => reference.strip_prefix('#')?,
    };
    let (digits, radix) = number
        .strip_prefix('x')
        .map_or((number, 10), |digits| (digits, 16));
    let code = u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| !digits.starts_with('+'))?;
    // As the strict reader has it: what is no Unicode character at all is U+FFFD.
    Some(char::from_u32(code).unwrap_or('\u{FFFD}')).filter(|&c| c != '\0')
}
