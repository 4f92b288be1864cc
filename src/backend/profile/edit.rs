//! Writing to a CPE's overlay: instances with their numbers and aliases, the parameters that count them,
//! references to them, unique keys.

use super::overlay::Overlay;
use super::template::{Entry, Table, Template, What};
use crate::datamodel::path::{MAX_ALIAS, instance_number};
use crate::datamodel::{Code, Fault};
use std::collections::HashSet;

/// The member that holds an instance's alias.
const ALIAS: &str = "Alias";

/// AddObject: the new instance's number.
pub(super) fn add(
    template: &Template,
    overlay: &mut Overlay,
    table: &str,
    alias: Option<&str>,
) -> Result<u32, Fault> {
    let (number, definition) = match overlay.get(template, table).map(|entry| entry.what) {
        Some(What::Table(number)) => (number, template.table(number)),
        _ => (0, None),
    };
    let Some(definition) = definition.filter(|definition| definition.writable) else {
        return Err(Fault::invalid_name(table));
    };
    let instances = instances(template, overlay, table);
    if let Some(max) = definition
        .max_entries
        .filter(|&max| instances.len() >= max as usize)
    {
        return Err(exceeded(table, &format!("has its {max} entries")));
    }
    let next = next(template, overlay, table);
    if next == u32::MAX {
        return Err(exceeded(table, "is out of numbers"));
    }
    let instance = format!("{table}{next}.");
    let alias = match alias {
        // AL-04
        Some(alias) if !alias_fits(alias) || definition.member(ALIAS).is_none() => {
            return Err(Fault::invalid_name(&format!("{table}[{alias}].")));
        }
        Some(alias) if has_alias(template, overlay, &instances, alias) => {
            return Err(Fault::invalid_name(&format!("{table}[{alias}].")));
        }
        Some(alias) => alias.to_owned(),
        None => free_alias(template, overlay, &instances, next),
    };
    keep_number(overlay, table, &instance);
    overlay.insert_instance(template, &instance, number);
    if definition.member(ALIAS).is_some() {
        overlay.put(template, &format!("{instance}{ALIAS}"), &alias);
    }
    count(template, overlay, table, definition);
    Ok(next)
}

/// DeleteObject.
pub(super) fn delete(
    template: &Template,
    overlay: &mut Overlay,
    instance: &str,
) -> Result<(), Fault> {
    let definition = match overlay.get(template, instance).map(|entry| entry.what) {
        Some(What::Instance(number)) => template.table(number),
        _ => None,
    };
    let definition = definition.ok_or_else(|| Fault::invalid_name(instance))?;
    if !definition.writable {
        let words = format!("{instance} cannot be deleted");
        return Err(Fault::new(Code::REQUEST_DENIED, words));
    }
    overlay.remove_instance(template, instance);
    if let Some(table) = table_of(instance) {
        count(template, overlay, table, definition);
    }
    forget_references(template, overlay, instance);
    Ok(())
}

/// The table that an instance belongs to.
pub(super) fn table_of(instance: &str) -> Option<&str> {
    let dot = instance.strip_suffix('.')?.rfind('.')?;
    instance.get(..=dot)
}

/// The number of a table's next instance: never one that was used before (OB-01).
fn next(template: &Template, overlay: &Overlay, table: &str) -> u32 {
    let (from, to) = template.range(table);
    let numbers = template.entries(from, to);
    let numbers = numbers.filter_map(|entry| number_in(table, entry.path));
    let above = numbers.max().unwrap_or(0).saturating_add(1);
    overlay
        .next
        .get(table)
        .map_or(above, |&next| next.max(above))
}

/// Keeps the number of `instance` from being given again.
pub(super) fn keep_number(overlay: &mut Overlay, table: &str, instance: &str) {
    if let Some(number) = number_in(table, instance) {
        let next = overlay.next.entry(table.to_owned()).or_default();
        *next = number.saturating_add(1).max(*next);
    }
}

/// The number of `path`, when it is an instance of `table`.
pub(super) fn number_in(table: &str, path: &str) -> Option<u32> {
    instance_number(path.strip_prefix(table)?.strip_suffix('.')?)
}

/// Paths of a table's instances.
fn instances(template: &Template, overlay: &Overlay, table: &str) -> Vec<String> {
    let mut paths = Vec::new();
    overlay.scan(template, table, &mut |entry| {
        if number_in(table, entry.path).is_some() {
            paths.push(entry.path.to_owned());
        }
    });
    paths
}

fn exceeded(table: &str, words: &str) -> Fault {
    Fault::new(Code::RESOURCES_EXCEEDED, format!("{table} {words}"))
}

/// Whether that text can be an alias in a path: starts with a letter, fits between the brackets (AL-03).
pub(super) fn alias_fits(alias: &str) -> bool {
    alias.starts_with(|c: char| c.is_ascii_alphabetic())
        && !alias.contains([']', '['])
        && alias.chars().count() <= MAX_ALIAS
}

fn has_alias(template: &Template, overlay: &Overlay, instances: &[String], alias: &str) -> bool {
    instances.iter().any(|instance| {
        let name = format!("{instance}{ALIAS}");
        overlay
            .get(template, &name)
            .is_some_and(|entry| entry.value == alias)
    })
}

/// `cpe-N`, or `cpe-N-2` and so on when somebody took that.
fn free_alias(template: &Template, overlay: &Overlay, instances: &[String], next: u32) -> String {
    let mut alias = format!("cpe-{next}");
    let mut turn = 1;
    while has_alias(template, overlay, instances, &alias) {
        turn += 1;
        alias = format!("cpe-{next}-{turn}");
    }
    alias
}

/// Brings the parameter that counts a table's instances up to date.
pub(super) fn count(template: &Template, overlay: &mut Overlay, table: &str, definition: &Table) {
    if let (Some(name), Some(parent)) = (&definition.count, table_of(table)) {
        let number = instances(template, overlay, table).len();
        overlay.put(template, &format!("{parent}{name}"), &number.to_string());
    }
}

/// Empties references to what was at or below `gone` (OB-06).
fn forget_references(template: &Template, overlay: &mut Overlay, gone: &str) {
    // A reference may end with the object's dot or without it.
    let object = gone.strip_suffix('.').unwrap_or(gone);
    let dangles = |item: &&str| item.starts_with(gone) || *item == object;
    let mut emptied = Vec::new();
    overlay.scan(template, "", &mut |entry| {
        let What::Parameter(number) = entry.what else {
            return;
        };
        let reference = template.parameter(number).is_some_and(|p| p.reference);
        if reference && entry.value.split(',').any(|item| dangles(&item)) {
            let left = entry.value.split(',').filter(|item| !dangles(item));
            let left: Vec<&str> = left.collect();
            emptied.push((entry.path.to_owned(), left.join(",")));
        }
    });
    for (path, value) in emptied {
        overlay.put(template, &path, &value);
    }
}

/// Whether aliases and unique keys are unique: fault 9003 for the request as a whole, because which of its
/// parameters is to blame depends on all of them (SV-04).
pub(super) fn check_unique(template: &Template, overlay: &Overlay) -> Result<(), Fault> {
    let mut tables = Vec::new();
    overlay.scan(template, "", &mut |entry| {
        if let What::Table(number) = entry.what
            && overlay.touches(entry.path)
            && let Some(definition) = template.table(number)
            && (!definition.unique.is_empty() || definition.member(ALIAS).is_some())
        {
            tables.push((entry.path, definition));
        }
    });
    for (table, definition) in tables {
        let instances = instances(template, overlay, table);
        let value = |instance: &str, name: &str| {
            let path = format!("{instance}{name}");
            overlay
                .get(template, &path)
                .map(|Entry { value, .. }| value.to_owned())
        };
        let mut aliases = HashSet::new();
        for instance in &instances {
            if value(instance, ALIAS).is_some_and(|alias| !aliases.insert(alias)) {
                return Err(Fault::arguments(format!(
                    "{instance}{ALIAS}: taken in {table}"
                )));
            }
        }
        for key in &definition.unique {
            let defaults = key
                .iter()
                .map(|name| definition.member(name).map(|m| m.value.clone()));
            let defaults: Vec<_> = defaults.collect();
            let mut seen = HashSet::new();
            for instance in &instances {
                // TR-106: unique keys bind only what is in force.
                let enabled = value(instance, &definition.enable);
                if enabled.is_some_and(|enabled| enabled != "true") {
                    continue;
                }
                let values: Vec<_> = key.iter().map(|name| value(instance, name)).collect();
                // Instances that nobody has filled in yet do not clash (OB-10).
                if values != defaults && !seen.insert(values) {
                    let words = format!("{instance} has the {} of another", key.join(", "));
                    return Err(Fault::arguments(words));
                }
            }
        }
    }
    Ok(())
}
