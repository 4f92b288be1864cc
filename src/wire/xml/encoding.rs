//! From bytes to text: byte order marks, the declared encoding, and what stands before the document.

use std::borrow::Cow;

use super::{Limits, XmlError, excerpt, gate, is_space};

/// How far into a document its XML declaration is looked for.
const DECLARATION: usize = 256;

/// The characters of Windows-1252 from 0x80 to 0x9F; above it equals ISO-8859-1.
/// What it leaves undefined stays the control character of that number.
const WINDOWS_1252: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2C6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2DC}', '\u{2122}', '\u{161}', '\u{203A}', '\u{153}', '\u{9D}', '\u{17E}', '\u{178}',
];

/// A document's text, as far as its bytes could be decoded.
pub(super) struct Text<'a> {
    text: Cow<'a, str>,
    /// Why decoding stopped short. Harmless when it happened behind the root element.
    broken: Option<String>,
}

impl Text<'_> {
    /// The document without what stands before and behind it, once the gate has let it through.
    pub(super) fn admitted(&self, limits: &Limits) -> Result<&str, XmlError> {
        let document = self
            .text
            .trim_start_matches(|c| is_space(c) || c == '\u{FEFF}');
        gate::admit(document, limits).map_err(|e| match (&self.broken, e) {
            (Some(why), XmlError::Syntax(_)) => XmlError::Encoding(why.clone()),
            (_, e) => e,
        })
    }
}

/// Decodes a document and makes every line end a line feed.
pub(super) fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Text<'a>, XmlError> {
    let Text { text, broken } = transcode(bytes, limits)?;
    // XML 1.0 2.11 has this done before parsing. The strict reader overlooks a CR in front of a reference.
    let text = if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    };
    Ok(Text { text, broken })
}

/// What carries no byte order mark and declares nothing is UTF-8 (XML 1.0 4.3.3).
fn transcode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Text<'a>, XmlError> {
    if bytes.len() > limits.max_bytes {
        return Err(XmlError::TooLarge);
    }
    let bytes = bytes.trim_ascii_start();
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return Ok(utf_8(rest)),
        [0xFF, 0xFE, rest @ ..] => return Ok(utf_16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => return Ok(utf_16(rest, u16::from_be_bytes)),
        // XML 1.0 F.1: no mark, but the first character must be `<`.
        [b'<', 0, ..] => return Ok(utf_16(bytes, u16::from_le_bytes)),
        [0, b'<', ..] => return Ok(utf_16(bytes, u16::from_be_bytes)),
        _ => {}
    }
    let Some(label) = declared(bytes) else {
        return Ok(utf_8(bytes));
    };
    match label.to_ascii_lowercase().as_str() {
        // A declaration that can be read as ASCII is not in UTF-16 or UCS-2, whatever it says.
        "utf-8" | "utf8" | "utf-16" | "utf-16le" | "utf-16be" | "ucs-2" | "iso-10646-ucs-2" => {
            Ok(utf_8(bytes))
        }
        "iso-8859-1" | "iso_8859-1" | "latin1" | "us-ascii" | "ascii" | "windows-1252"
        | "cp1252" => Ok(Text {
            text: windows_1252(bytes),
            broken: None,
        }),
        _ if bytes.is_ascii() => Ok(utf_8(bytes)),
        _ => Err(XmlError::Encoding(format!(
            "the document's encoding \"{}\" is not supported",
            excerpt(label)
        ))),
    }
}

/// The encoding that the XML declaration names.
fn declared(bytes: &[u8]) -> Option<&str> {
    let head = bytes.get(..DECLARATION).unwrap_or(bytes);
    let head = head.get(
        ..head
            .iter()
            .position(|b| !b.is_ascii())
            .unwrap_or(head.len()),
    )?;
    let (declaration, _) = std::str::from_utf8(head)
        .ok()?
        .strip_prefix("<?xml")?
        .split_once("?>")?;
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest
        .trim_start_matches(is_space)
        .strip_prefix('=')?
        .trim_start_matches(is_space);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest.split(quote).nth(1)
}

fn utf_8(bytes: &[u8]) -> Text<'_> {
    let (text, broken) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(e) => {
            let valid = bytes
                .get(..e.valid_up_to())
                .and_then(|b| std::str::from_utf8(b).ok());
            (
                valid.unwrap_or_default(),
                Some(format!(
                    "the document is not UTF-8 at byte {}",
                    e.valid_up_to()
                )),
            )
        }
    };
    Text {
        text: Cow::Borrowed(text),
        broken,
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Text<'static> {
    // An odd last byte lies behind the root element or the document is not whole.
    let units = bytes
        .chunks_exact(2)
        .filter_map(|pair| pair.try_into().ok())
        .map(unit);
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut broken = None;
    for decoded in char::decode_utf16(units) {
        match decoded {
            Ok(c) => text.push(c),
            Err(_) => {
                broken = Some("the document is not UTF-16: half a surrogate pair".to_owned());
                break;
            }
        }
    }
    Text {
        text: Cow::Owned(text),
        broken,
    }
}

/// ISO-8859-1 and US-ASCII are read as Windows-1252, as browsers do: who declares them often means it.
fn windows_1252(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(
            bytes
                .iter()
                .map(|&b| match b {
                    0x80..=0x9F => WINDOWS_1252
                        .get(usize::from(b - 0x80))
                        .copied()
                        .unwrap_or('\u{FFFD}'),
                    _ => char::from(b),
                })
                .collect(),
        ),
    }
}
