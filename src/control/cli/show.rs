//! Answers for people. Whatever shape an answer has, it is shown: a newer daemon may say more.

use std::io::{self, Write};

use super::print::{cell, columns, label, printable};
use crate::wire::data::{Data, Entry, Map};

/// The parts of a status that come first, in icwmp's order.
const FIRST: [&str; 4] = ["cwmp", "last_session", "next_session", "statistics"];
/// The facts that come first in each part.
const FIRST_FACTS: [&str; 4] = ["status", "reason", "start_time", "end_time"];

/// Sections with their values under each other.
pub fn status(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some(status) = value.as_map() else {
        return line(value, out);
    };
    let (sections, facts): (Vec<_>, Vec<_>) = ordered(status, &FIRST)
        .into_iter()
        .partition(|entry| is_section(&entry.value));
    for Entry { key, value, .. } in sections {
        writeln!(out, "{}:", label(key))?;
        match value {
            Data::Map(fields) => columns(&pairs(fields), "  ", out)?,
            other => rows(other, &["event"], "  ", out)?,
        }
    }
    let facts: Vec<Vec<String>> = facts.into_iter().map(pair).collect();
    columns(&facts, "", out)
}

/// `{"info": "…"}` as its words.
pub fn info(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    match value.as_map().map(|fields| (fields, fields.len())) {
        Some((fields, 1)) => fields.iter().try_for_each(|only| line(&only.value, out)),
        Some((fields, _)) => columns(&pairs(fields), "", out),
        None => line(value, out),
    }
}

/// Parameters and values.
pub fn values(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    let field = |row: &Data<'_>, key: &str| row.get(key).map(text).unwrap_or_default();
    let rows = value
        .items()
        .iter()
        .map(|row| vec![field(row, "parameter"), field(row, "value")]);
    columns(&rows.collect::<Vec<_>>(), "", out)
}

/// Names, with what is writable.
pub fn names(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    rows(value, &["parameter", "writable"], "", out)
}

/// Notification attributes.
pub fn attributes(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    rows(
        value,
        &["parameter", "notification", "access_list"],
        "",
        out,
    )
}

/// The event queue.
pub fn events(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    if value.items().is_empty() {
        return writeln!(out, "no events");
    }
    rows(value, &["event", "command_key"], "", out)
}

/// Transfers.
pub fn transfers(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    if value.items().is_empty() {
        return writeln!(out, "no transfers");
    }
    let columns = [
        "id",
        "kind",
        "state",
        "step",
        "bytes",
        "total",
        "rate",
        "command_key",
    ];
    rows(value, &columns, "", out)
}

/// The status of SetParameterValues and DeleteObject (TR-069 A.3.2.1, A.3.2.7).
pub fn done(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    match value.get("status").and_then(Data::as_number) {
        Some("1") => writeln!(out, "done, in force later"),
        _ => writeln!(out, "done"),
    }
}

/// The number of a new instance.
pub fn added(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    line(value.get("instance").unwrap_or(value), out)
}

/// Messages of a session: a line about each, its content below.
pub fn trace(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    if value.items().is_empty() {
        return writeln!(
            out,
            "no messages: the running or last session has exchanged none"
        );
    }
    for entry in value.items() {
        let Some(fields) = entry.as_map() else {
            line(entry, out)?;
            continue;
        };
        let mut head = Vec::new();
        for key in ["time", "direction", "message"] {
            head.extend(fields.get(key).map(cell));
        }
        // `arguments` are for programs: `detail` says the same.
        let known = ["time", "direction", "message", "detail", "arguments"];
        let rest = fields.iter().filter(|entry| !known.contains(&&*entry.key));
        head.extend(rest.map(|entry| format!("{}={}", printable(&entry.key), cell(&entry.value))));
        writeln!(out, "{}", head.join(" "))?;
        for text in fields
            .get("detail")
            .and_then(Data::as_text)
            .unwrap_or_default()
            .lines()
        {
            writeln!(out, "    {}", printable(text))?;
        }
    }
    Ok(())
}

fn is_section(value: &Data<'_>) -> bool {
    match value {
        Data::Map(_) => true,
        Data::List(items) => items.iter().any(|item| item.as_map().is_some()),
        _ => false,
    }
}

/// The entries with those keys in front, in that order.
fn ordered<'a>(map: &'a Map<'_>, first: &[&str]) -> Vec<&'a Entry<'a>> {
    let find = |key: &&str| map.iter().find(|entry| entry.key == *key);
    let rest = map.iter().filter(|entry| !first.contains(&&*entry.key));
    first.iter().filter_map(find).chain(rest).collect()
}

fn pair(entry: &Entry<'_>) -> Vec<String> {
    vec![label(&entry.key), cell(&entry.value)]
}

/// Facts with their values; what is not known is left out.
fn pairs(fields: &Map<'_>) -> Vec<Vec<String>> {
    let known = ordered(fields, &FIRST_FACTS)
        .into_iter()
        .filter(|entry| entry.value != Data::Null);
    known.map(pair).collect()
}

/// A list of objects as a table: the columns of `first`, then whatever else there is.
fn rows(value: &Data<'_>, first: &[&str], indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut keys: Vec<&str> = first.to_vec();
    keys.retain(|key| {
        value.items().is_empty() || value.items().iter().any(|row| row.get(key).is_some())
    });
    for entry in value
        .items()
        .iter()
        .filter_map(Data::as_map)
        .flat_map(Map::iter)
    {
        if !keys.contains(&&*entry.key) {
            keys.push(&entry.key);
        }
    }
    let mut table = vec![
        keys.iter()
            .map(|key| label(key).to_uppercase())
            .collect::<Vec<_>>(),
    ];
    for row in value.items() {
        let cells = keys
            .iter()
            .map(|key| row.get(key).map(cell).unwrap_or_default());
        table.push(if row.as_map().is_some() {
            cells.collect()
        } else {
            vec![cell(row)]
        });
    }
    columns(&table, indent, out)
}

fn line(value: &Data<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", cell(value))
}

/// A value as it is: an empty one stays empty, `true` stays `true`.
fn text(value: &Data<'_>) -> String {
    value.as_text().map_or_else(|| cell(value), printable)
}

#[cfg(test)]
mod tests;
