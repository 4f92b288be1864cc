//! Plain data as a TOML file.

use crate::wire::data::{Data, Map};
use crate::wire::json::quote;

/// The text of a table: first the plain values, then each table in a section of its own.
#[must_use]
pub fn text(data: &Data<'_>) -> String {
    let mut out = String::new();
    if let Data::Map(map) = data {
        table(map, "", &mut out);
    }
    out
}

/// A table whose header, `path`, is written.
fn table(map: &Map<'_>, path: &str, out: &mut String) {
    for entry in map.iter() {
        if !matches!(entry.value, Data::Null) && sections(&entry.value).is_none() {
            key(&entry.key, out);
            out.push_str(" = ");
            value(&entry.value, out);
            out.push('\n');
        }
    }
    for entry in map.iter() {
        let Some((open, close)) = sections(&entry.value) else {
            continue;
        };
        let mut inner = path.to_owned();
        if !path.is_empty() {
            inner.push('.');
        }
        key(&entry.key, &mut inner);
        for item in entry.value.items() {
            if !out.is_empty() {
                out.push('\n');
            }
            for part in [open, &inner, close, "\n"] {
                out.push_str(part);
            }
            if let Data::Map(map) = item {
                table(map, &inner, out);
            }
        }
    }
}

/// What stands around the headers of a table or of a list of tables.
fn sections(value: &Data<'_>) -> Option<(&'static str, &'static str)> {
    match value {
        Data::Map(_) => Some(("[", "]")),
        Data::List(items) if matches!(items.first(), Some(Data::Map(_))) => Some(("[[", "]]")),
        _ => None,
    }
}

fn key(key: &str, out: &mut String) {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match !key.is_empty() && key.bytes().all(bare) {
        true => out.push_str(key),
        false => quote(key, out),
    }
}

fn value(value: &Data<'_>, out: &mut String) {
    match value {
        Data::Null | Data::Map(_) => {}
        Data::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Data::Number(number) => out.push_str(number),
        // Without a backslash before each of its quotation marks, where that can be.
        Data::Text(text)
            if text.contains('"')
                && !text.contains(|c: char| c == '\'' || c.is_ascii_control()) =>
        {
            for part in ["'", text, "'"] {
                out.push_str(part);
            }
        }
        Data::Text(text) => quote(text, out),
        Data::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                self::value(item, out);
            }
            out.push(']');
        }
    }
}
