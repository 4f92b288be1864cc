//! The overlay as text for the state file, and back.
//!
//! What is read back is checked against the template as if it were new: the profile may have changed since.

use super::edit;
use super::overlay::Overlay;
use super::template::{Template, What};
use crate::datamodel::Value;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The differences from the template.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Saved {
    values: BTreeMap<String, String>,
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
    next: BTreeMap<String, u32>,
}

/// The overlay as text, `None` when there is nothing to keep.
pub(super) fn save(overlay: &Overlay) -> Option<String> {
    let owned = |text: &str| text.to_owned();
    let saved = Saved {
        values: overlay
            .values()
            .map(|(path, value)| (owned(path), owned(value)))
            .collect(),
        added: overlay.added().map(owned).collect(),
        removed: overlay.removed().map(owned).collect(),
        next: overlay.next().clone(),
    };
    if saved == Saved::default() {
        return None;
    }
    serde_json::to_string(&saved).ok()
}

/// The overlay that `text` describes. What the template does not know any more is left out.
pub(super) fn restore(template: &Template, text: &str) -> Result<Overlay, String> {
    let mut overlay = Overlay::default();
    if text.is_empty() {
        return Ok(overlay);
    }
    let saved: Saved =
        serde_json::from_str(text).map_err(|error| format!("not a saved profile: {error}"))?;
    for instance in &saved.removed {
        if let Some(What::Instance(_)) = template.get(instance).map(|entry| entry.what) {
            overlay.remove_instance(template, instance);
        }
    }
    // In the order of text a parent comes before what lies below it.
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
    for (name, value) in &saved.values {
        let Some(What::Parameter(number)) = overlay.get(template, name).map(|entry| entry.what)
        else {
            log::warn!("saved value of an unknown parameter dropped: parameter={name}");
            continue;
        };
        let info = template.parameter(number).map(|parameter| &*parameter.info);
        match info.map(|info| Value::parse(name, info, None, value)) {
            Some(Ok(value)) => overlay.put(template, name, value.text()),
            _ => log::warn!("saved value does not fit the profile any more: parameter={name}"),
        }
    }
    for (table, &next) in &saved.next {
        if let Some(What::Table(_)) = overlay.get(template, table).map(|entry| entry.what) {
            // The profile may have more instances by now.
            overlay.raise_next(table, next.max(edit::above_template(template, table)));
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
