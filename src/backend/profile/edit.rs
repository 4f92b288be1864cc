//! Writing to a CPE's overlay: values and what follows from them, instances with their numbers and aliases, the
//! parameters that count them, references to them.

use super::overlay::Overlay;
use super::template::{Table, Template, What};
use super::unique::Taken;
use crate::datamodel::path::instance_number;
use crate::datamodel::{Code, DataType, Fault, Info, Value};

/// The member that holds an instance's alias.
pub(super) const ALIAS: &str = "Alias";

/// SetParameterValues: whether the value is another one than before.
pub(super) fn set(
    template: &Template,
    overlay: &mut Overlay,
    name: &str,
    value: &Value,
) -> Result<bool, Fault> {
    let entry = overlay.get(template, name);
    let Some((parameter, old)) = entry.and_then(|entry| match entry.what {
        What::Parameter(number) => Some((template.parameter(number)?, entry.value)),
        _ => None,
    }) else {
        return Err(Fault::invalid_name(name));
    };
    if !parameter.info.writable() {
        let words = format!("{name} is read-only");
        return Err(Fault::new(Code::NOT_WRITABLE, words));
    }
    // SV-19
    if old == value.text() {
        return Ok(false);
    }
    overlay.put(template, name, value.text());
    let object = name.rfind('.').and_then(|dot| name.get(..=dot));
    for driven in &parameter.drives {
        let path = format!("{}{}", object.unwrap_or_default(), driven.name);
        overlay.put(template, &path, driven.value(value.text()));
    }
    Ok(true)
}

/// What is taken in the tables that a transaction adds to, by their paths. Good until it sets or deletes.
pub(super) type TakenIn = Vec<(String, Taken)>;

/// AddObject: the new instance's number.
pub(super) fn add(
    template: &Template,
    overlay: &mut Overlay,
    taken: &mut TakenIn,
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
    if !taken.iter().any(|(known, _)| known == table) {
        let look = Taken::of(template, overlay, table, definition);
        taken.push((table.to_owned(), look));
    }
    let known = taken.iter_mut().find(|(known, _)| known == table);
    let Some((_, taken)) = known else {
        return Err(Fault::invalid_name(table));
    };
    let present = taken.instances;
    if let Some(max) = definition.max_entries.filter(|&max| present >= max) {
        return Err(exceeded(table, &format!("has its {max} entries")));
    }
    let next = next(template, overlay, table);
    if next == u32::MAX {
        return Err(exceeded(table, "is out of numbers"));
    }
    let instance = format!("{table}{next}.");
    let has_alias = template.member(definition, ALIAS).is_some();
    let alias = match alias {
        // AL-04
        Some(alias) if !alias_fits(alias) || !has_alias => {
            return Err(Fault::invalid_name(&format!("{table}[{alias}].")));
        }
        Some(alias) if taken.has(ALIAS, alias) => {
            return Err(Fault::invalid_name(&format!("{table}[{alias}].")));
        }
        Some(alias) => alias.to_owned(),
        None => free_alias(taken, next),
    };
    let defaults = taken.defaults(template, next);
    keep_number(overlay, table, &instance);
    overlay.insert_instance(template, &instance, number);
    if has_alias {
        overlay.put(template, &format!("{instance}{ALIAS}"), &alias);
    }
    for (member, value) in defaults {
        overlay.put(template, &format!("{instance}{member}"), &value);
    }
    count(template, overlay, table, definition, present + 1);
    taken.learn(&|member| overlay.value(template, &format!("{instance}{member}")));
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
    let table = table_of(instance).unwrap_or_default();
    let present = counted(template, overlay, table, definition);
    overlay.remove_instance(template, instance);
    count(
        template,
        overlay,
        table,
        definition,
        present.saturating_sub(1),
    );
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
    let next = overlay.next().get(table).copied();
    next.unwrap_or_else(|| above_template(template, table))
}

/// One more than the number of the template's last instance of a table.
pub(super) fn above_template(template: &Template, table: &str) -> u32 {
    let untouched = Overlay::default();
    let last = instances(template, &untouched, table).pop();
    let last = last.and_then(|last| number_in(table, last));
    last.unwrap_or(0).saturating_add(1)
}

/// Keeps the number of `instance` from being given again.
pub(super) fn keep_number(overlay: &mut Overlay, table: &str, instance: &str) {
    if let Some(number) = number_in(table, instance) {
        overlay.raise_next(table, number.saturating_add(1));
    }
}

/// The number of `path`, when it is an instance of `table`.
pub(super) fn number_in(table: &str, path: &str) -> Option<u32> {
    instance_number(path.strip_prefix(table)?.strip_suffix('.')?)
}

/// Paths of a table's instances, in the order of their numbers.
pub(super) fn instances<'a>(
    template: &'a Template,
    overlay: &'a Overlay,
    table: &str,
) -> Vec<&'a str> {
    let mut paths = Vec::new();
    overlay.children(template, table, &mut |entry| {
        if let What::Instance(_) = entry.what {
            paths.push(entry.path);
        }
    });
    paths
}

fn exceeded(table: &str, words: &str) -> Fault {
    Fault::new(Code::RESOURCES_EXCEEDED, format!("{table} {words}"))
}

/// Whether that text can be an alias (AL-03).
fn alias_fits(alias: &str) -> bool {
    let mut info = Info::default();
    info.limits.named = Some(DataType::Alias);
    Value::parse(ALIAS, &info, None, alias).is_ok()
}

/// `cpe-N`, or `cpe-N-2` and so on when somebody took that.
fn free_alias(taken: &Taken, next: u32) -> String {
    let mut alias = format!("cpe-{next}");
    let mut turn = 1;
    while taken.has(ALIAS, &alias) {
        turn += 1;
        alias = format!("cpe-{next}-{turn}");
    }
    alias
}

/// The parameter that counts a table's instances.
fn counter(table: &str, definition: &Table) -> Option<String> {
    let (name, parent) = (definition.count.as_ref()?, table_of(table)?);
    Some(format!("{parent}{name}"))
}

/// How many instances a table has: as its counter says, where it has one.
fn counted(template: &Template, overlay: &Overlay, table: &str, definition: &Table) -> u32 {
    let counter = counter(table, definition);
    let counted = counter.and_then(|name| overlay.value(template, &name)?.parse().ok());
    counted.unwrap_or_else(|| instances(template, overlay, table).len() as u32)
}

/// Has the counter say that a table has so many instances.
fn count(template: &Template, overlay: &mut Overlay, table: &str, definition: &Table, number: u32) {
    if let Some(name) = counter(table, definition) {
        overlay.put(template, &name, &number.to_string());
    }
}

/// Counts a table's instances anew.
pub(super) fn recount(template: &Template, overlay: &mut Overlay, table: &str, definition: &Table) {
    let number = instances(template, overlay, table).len() as u32;
    count(template, overlay, table, definition, number);
}

/// Empties references to what was at or below `gone` (OB-06).
fn forget_references(template: &Template, overlay: &mut Overlay, gone: &str) {
    // References are kept without a final dot (TR-106 3.2.3).
    let object = gone.strip_suffix('.').unwrap_or(gone);
    let dangles = |item: &&str| item.starts_with(gone) || *item == object;
    let mut emptied = Vec::new();
    overlay.scan(template, "", &mut |entry| {
        let What::Parameter(number) = entry.what else {
            return;
        };
        let parameter = template.parameter(number);
        let reference = parameter.is_some_and(|p| p.info.limits.reference);
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
