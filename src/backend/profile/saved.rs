//! The overlay as text for the state file, and back.
//!
//! What is read back is checked against the template as if it were new: the profile may have changed since.

use super::edit;
use super::overlay::Overlay;
use super::template::{Template, What};
use crate::datamodel::Value;
use crate::wire::data::{Data, FromData, Map, Sorted, record};
use crate::wire::json;

/// The differences from the template.
#[derive(Debug, Default)]
struct Saved {
    values: Sorted<String>,
    added: Vec<String>,
    removed: Vec<String>,
    next: Sorted<u32>,
}

record!(read Saved { values, added, removed, next } strict);

/// The overlay as text, `None` when there is nothing to keep.
pub(super) fn save(overlay: &Overlay) -> Option<String> {
    let (mut values, mut next) = (Map::default(), Map::default());
    for (path, value) in overlay.values() {
        values.push(path, value.into());
    }
    for (table, number) in overlay.next().entries() {
        next.push(table.as_str(), (*number).into());
    }
    let added: Vec<Data<'_>> = overlay.added().map(Data::from).collect();
    let removed: Vec<Data<'_>> = overlay.removed().map(Data::from).collect();
    if values.len() + added.len() + removed.len() + next.len() == 0 {
        return None;
    }
    let saved = Data::in_order([
        ("values", Data::Map(values)),
        ("added", added.into()),
        ("removed", removed.into()),
        ("next", Data::Map(next)),
    ]);
    Some(json::text(&saved))
}

/// The overlay that `text` describes. What the template does not know any more is left out.
pub(super) fn restore(template: &Template, text: &str) -> Result<Overlay, String> {
    let mut overlay = Overlay::default();
    if text.is_empty() {
        return Ok(overlay);
    }
    let mut saved = Saved::default();
    json::parse(text)
        .and_then(|data| saved.read(data))
        .map_err(|wrong| format!("not a saved profile: {wrong}"))?;
    for instance in &saved.removed {
        if let Some(What::Instance(_)) = template.get(instance).map(|entry| entry.what) {
            overlay.remove_instance(template, instance);
        }
    }
    // In the order of text a parent comes before what lies below it.
    saved.added.sort_unstable();
    for instance in &saved.added {
        if overlay.get(template, instance).is_none()
            && let Some(table) = edit::table_of(instance)
            && edit::number_in(table, instance).is_some()
            && let Some(What::Table(number)) = overlay.get(template, table).map(|entry| entry.what)
        {
            overlay.insert_instance(template, instance, number);
            edit::keep_number(&mut overlay, table, instance);
        }
    }
    for (name, value) in saved.values.entries() {
        let Some(What::Parameter(number)) = overlay.get(template, name).map(|entry| entry.what)
        else {
            crate::say::warn!("saved value of an unknown parameter dropped: parameter={name}");
            continue;
        };
        let info = template.parameter(number).map(|parameter| &*parameter.info);
        match info.map(|info| Value::parse(name, info, None, value)) {
            Some(Ok(value)) => overlay.put(template, name, value.text()),
            _ => {
                crate::say::warn!("saved value does not fit the profile any more: parameter={name}")
            }
        }
    }
    for (table, next) in saved.next.entries() {
        if let Some(What::Table(_)) = overlay.get(template, table).map(|entry| entry.what) {
            // The profile may have more instances by now.
            overlay.raise_next(table, (*next).max(edit::above_template(template, table)));
        }
    }
    recount(template, &mut overlay);
    Ok(overlay)
}

/// Brings every parameter that counts instances up to date.
fn recount(template: &Template, overlay: &mut Overlay) {
    let mut tables = Vec::new();
    overlay.scan(template, "", &mut |entry| {
        if let What::Table(number) = entry.what {
            tables.push((entry.path.to_owned(), number));
        }
    });
    for (table, number) in tables {
        if let Some(definition) = template.table(number) {
            edit::recount(template, overlay, &table, definition);
        }
    }
}
