//! JSON (RFC 8259) from and to plain data.
//!
//! Numbers keep their text, so that no range and no digit is lost and nothing is calculated in binary fractions. Our own,
//! because `serde_json` costs ten times as much (37 KB on mipsel); its words and its depth are kept, and tests compare the two.

use std::borrow::Cow;

use super::data::scan::{Read, Scan, escaped};
use super::data::{Data, Entry, MAX_DEPTH, Map, Wrong};

/// Reads one value.
pub fn parse(text: &str) -> Result<Data<'_>, Wrong> {
    Scan::whole(text, |scan| {
        let value = value(scan, MAX_DEPTH)?;
        match next(scan) {
            None => Ok(value),
            Some(_) => Err("trailing characters"),
        }
    })
}

/// The same from bytes that may not be UTF-8.
pub fn parse_bytes(bytes: &[u8]) -> Result<Data<'_>, Wrong> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(_) => Err(Wrong::new("not UTF-8")),
    }
}

/// The next byte that is no white space.
fn next(scan: &mut Scan<'_>) -> Option<u8> {
    loop {
        match scan.peek() {
            Some(b'\n') => scan.line += 1,
            Some(b' ' | b'\t' | b'\r') => {}
            byte => return byte,
        }
        scan.at += 1;
    }
}

/// A value that may hold `depth` - 1 others in each other.
fn value<'a>(scan: &mut Scan<'a>, depth: u32) -> Read<Data<'a>> {
    match next(scan) {
        Some(b'"') => string(scan).map(Data::Text),
        Some(b'[' | b'{') if depth <= 1 => Err("recursion limit exceeded"),
        Some(b'[') => {
            let mut items = Vec::new();
            members(scan, "]", &mut |scan| {
                items.push(value(scan, depth - 1)?);
                Ok(())
            })?;
            Ok(Data::List(items))
        }
        Some(b'{') => {
            let mut map = Map::default();
            members(scan, "}", &mut |scan| {
                if next(scan) != Some(b'"') {
                    return Err("key must be a string");
                }
                let line = scan.line;
                let key = string(scan)?;
                next(scan);
                scan.expect(":", "expected `:`")?;
                let value = value(scan, depth - 1)?;
                map.put(Entry { key, value, line });
                Ok(())
            })?;
            Ok(Data::Map(map))
        }
        _ => word(scan),
    }
}

/// What stands between a bracket, which is next, and its `end`, with commas.
fn members<'a>(
    scan: &mut Scan<'a>,
    end: &str,
    member: &mut dyn FnMut(&mut Scan<'a>) -> Read<()>,
) -> Read<()> {
    scan.at += 1;
    next(scan);
    if scan.take(end) {
        return Ok(());
    }
    loop {
        member(scan)?;
        next(scan);
        if scan.take(end) {
            return Ok(());
        }
        scan.expect(",", "expected `,` or the end of the list")?;
    }
}

/// `null`, `true`, `false` or a number.
fn word<'a>(scan: &mut Scan<'a>) -> Read<Data<'a>> {
    let start = scan.at;
    let word = scan.until(|c| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')));
    Ok(match word {
        "null" => Data::Null,
        "true" => Data::Boolean(true),
        "false" => Data::Boolean(false),
        word if is_number(word) => Data::Number(Cow::Borrowed(word)),
        _ => {
            scan.at = start;
            return Err("expected value");
        }
    })
}

/// A string, whose first quotation mark is next.
fn string<'a>(scan: &mut Scan<'a>) -> Read<Cow<'a, str>> {
    scan.at += 1;
    let mut text = Cow::Borrowed("");
    loop {
        text += scan.until(|c| matches!(c, '"' | '\\' | '\0'..='\x1f'));
        if scan.take("\"") {
            return Ok(text);
        }
        scan.expect("\\", "EOF or a control character while parsing a string")?;
        text.to_mut().push(escape(scan)?);
    }
}

fn escape(scan: &mut Scan<'_>) -> Read<char> {
    let letter = scan.peek();
    scan.at += 1;
    match letter {
        Some(b'/') => Ok('/'),
        Some(b'u') => {
            let mut code = scan.hex(4)?;
            // What lies beyond 16 bits comes as two surrogates.
            if (0xd800..0xdc00).contains(&code)
                && scan.take("\\u")
                && let low @ 0xdc00..0xe000 = scan.hex(4)?
            {
                code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            }
            char::from_u32(code).ok_or("lone surrogate in an escape")
        }
        letter => escaped(letter),
    }
}

/// Whether this is a number.
pub(super) fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let word = word.strip_prefix('-').unwrap_or(word);
    let (word, exponent) = word.split_once(['e', 'E']).unwrap_or((word, "0"));
    let (whole, fraction) = word.split_once('.').unwrap_or((word, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    digits(whole)
        && digits(fraction)
        && digits(exponent)
        && (whole == "0" || !whole.starts_with('0'))
}

/// The text of a value.
#[must_use]
pub fn text(data: &Data<'_>) -> String {
    let mut out = String::new();
    write(data, &mut out);
    out
}

/// Appends a value.
pub fn write(data: &Data<'_>, out: &mut String) {
    match data {
        Data::Null => out.push_str("null"),
        Data::Boolean(true) => out.push_str("true"),
        Data::Boolean(false) => out.push_str("false"),
        Data::Number(number) => out.push_str(number),
        Data::Text(text) => quote(text, out),
        Data::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Data::Map(map) => {
            out.push('{');
            for (at, entry) in map.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                quote(&entry.key, out);
                out.push(':');
                write(&entry.value, out);
            }
            out.push('}');
        }
    }
}

/// Appends a text in quotation marks, with all control characters of ASCII escaped: good for TOML too.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    for piece in text.split_inclusive(|c: char| matches!(c, '"' | '\\') || c.is_ascii_control()) {
        let mut plain = piece.chars();
        let escape = match plain.next_back() {
            Some('"') => "\\\"",
            Some('\\') => "\\\\",
            Some('\x08') => "\\b",
            Some('\t') => "\\t",
            Some('\n') => "\\n",
            Some('\x0c') => "\\f",
            Some('\r') => "\\r",
            Some(c) if c.is_ascii_control() => &format!("\\u{:04x}", u32::from(c)),
            _ => {
                out.push_str(piece);
                continue;
            }
        };
        out.push_str(plain.as_str());
        out.push_str(escape);
    }
    out.push('"');
}

#[cfg(test)]
mod tests;
