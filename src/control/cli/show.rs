//! Answers for people. Whatever shape an answer has, it is shown: a newer daemon may say more.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::print::{cell, columns, label, printable};

/// The parts of a status that come first, in icwmp's order.
const FIRST: [&str; 4] = ["cwmp", "last_session", "next_session", "statistics"];
/// The facts that come first in each part.
const FIRST_FACTS: [&str; 4] = ["status", "reason", "start_time", "end_time"];

/// Sections with their values under each other.
pub fn status(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    let Some(status) = value.as_object() else {
        return line(value, out);
    };
    let first = FIRST.iter().filter_map(|key| status.get_key_value(*key));
    let rest = status
        .iter()
        .filter(|(key, _)| !FIRST.contains(&key.as_str()));
    let parts: Vec<(&String, &Value)> = first.chain(rest).collect();

    let plain = |value: &Value| !is_section(value);
    let facts: Vec<Vec<String>> = parts
        .iter()
        .filter(|(_, value)| plain(value))
        .map(|(key, value)| vec![label(key), cell(value)])
        .collect();
    for (key, value) in parts.iter().filter(|(_, value)| is_section(value)) {
        writeln!(out, "{}:", label(key))?;
        match value {
            Value::Object(fields) => columns(&pairs(fields), "  ", out)?,
            other => rows(other, &["event"], "  ", out)?,
        }
    }
    columns(&facts, "", out)
}

/// `{"info": "…"}` as its words.
pub fn info(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match value.as_object() {
        Some(fields) if fields.len() == 1 => line(fields.values().next().unwrap_or(value), out),
        Some(fields) => columns(&pairs(fields), "", out),
        None => line(value, out),
    }
}

/// Parameters and values.
pub fn values(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    let field = |row: &Value, key: &str| row.get(key).map(text).unwrap_or_default();
    let rows = items(value)
        .iter()
        .map(|row| vec![field(row, "parameter"), field(row, "value")]);
    columns(&rows.collect::<Vec<_>>(), "", out)
}

/// Names, with what is writable.
pub fn names(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    rows(value, &["parameter", "writable"], "", out)
}

/// Notification attributes.
pub fn attributes(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    rows(
        value,
        &["parameter", "notification", "access_list"],
        "",
        out,
    )
}

/// The event queue.
pub fn events(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    if items(value).is_empty() {
        return writeln!(out, "no events");
    }
    rows(value, &["event", "command_key"], "", out)
}

/// The status of SetParameterValues and DeleteObject (TR-069 A.3.2.1, A.3.2.7).
pub fn done(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match value.get("status").and_then(Value::as_u64) {
        Some(1) => writeln!(out, "done, in force later"),
        _ => writeln!(out, "done"),
    }
}

/// The number of a new instance.
pub fn added(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    line(value.get("instance").unwrap_or(value), out)
}

/// Messages of a session: a line about each, its content below.
pub fn trace(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    if items(value).is_empty() {
        return writeln!(
            out,
            "no messages: the running or last session has exchanged none"
        );
    }
    for entry in items(value) {
        let Some(fields) = entry.as_object() else {
            line(entry, out)?;
            continue;
        };
        let mut head = Vec::new();
        for key in ["time", "direction", "message"] {
            head.extend(fields.get(key).map(cell));
        }
        // `arguments` are for programs: `detail` says the same.
        let known = ["time", "direction", "message", "detail", "arguments"];
        let rest = fields
            .iter()
            .filter(|(key, _)| !known.contains(&key.as_str()));
        head.extend(rest.map(|(key, value)| format!("{}={}", printable(key), cell(value))));
        writeln!(out, "{}", head.join(" "))?;
        for text in fields
            .get("detail")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .lines()
        {
            writeln!(out, "    {}", printable(text))?;
        }
    }
    Ok(())
}

fn is_section(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::Array(items) => items.iter().any(Value::is_object),
        _ => false,
    }
}

/// Facts with their values; what is not known is left out.
fn pairs(fields: &Map<String, Value>) -> Vec<Vec<String>> {
    let first = FIRST_FACTS
        .iter()
        .filter_map(|key| fields.get_key_value(*key));
    let rest = fields
        .iter()
        .filter(|(key, _)| !FIRST_FACTS.contains(&key.as_str()));
    let known = first.chain(rest).filter(|(_, value)| !value.is_null());
    known
        .map(|(key, value)| vec![label(key), cell(value)])
        .collect()
}

/// A list of objects as a table: the columns of `first`, then whatever else there is.
fn rows(value: &Value, first: &[&str], indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut keys: Vec<&str> = first.to_vec();
    keys.retain(|key| {
        items(value).is_empty() || items(value).iter().any(|row| row.get(key).is_some())
    });
    for key in items(value)
        .iter()
        .filter_map(Value::as_object)
        .flat_map(Map::keys)
    {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    let mut table = vec![
        keys.iter()
            .map(|key| label(key).to_uppercase())
            .collect::<Vec<_>>(),
    ];
    for row in items(value) {
        let cells = keys
            .iter()
            .map(|key| row.get(key).map(cell).unwrap_or_default());
        table.push(if row.is_object() {
            cells.collect()
        } else {
            vec![cell(row)]
        });
    }
    columns(&table, indent, out)
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

fn line(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", cell(value))
}

/// A value as it is: an empty one stays empty, `true` stays `true`.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| cell(value), printable)
}

#[cfg(test)]
mod tests;
