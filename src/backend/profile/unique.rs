//! Unique keys: what no two instances of a table may have in common (TR-106 "Tables"), and aliases.

use super::edit::{ALIAS, table_of};
use super::overlay::Overlay;
use super::template::{Entry, Table, Template, What};
use crate::datamodel::path::instance_number;
use crate::datamodel::{Code, DataType, Fault, Info, ParameterFault, Type, Value};
use crate::wire::data::Sorted;
use std::collections::BTreeSet;

/// Whether what a transaction has set clashes with anything, told by the parameters that it set (SV-04, OB-10).
/// What clashed before, without them, is not looked for.
pub(super) fn check(template: &Template, overlay: &Overlay, set: &[String]) -> Result<(), Fault> {
    let mut tables: Vec<(&str, &Table)> = Vec::new();
    for name in set {
        for (instance, definition, member) in owners(template, overlay, name) {
            if keys(template, definition).any(|key| key.binds(definition, member))
                && let Some(table) = table_of(instance)
            {
                tables.push((table, definition));
            }
        }
    }
    tables.sort_unstable_by(|one, other| one.0.cmp(other.0));
    tables.dedup_by(|one, other| one.0 == other.0);
    let mut names: Vec<&str> = set.iter().map(String::as_str).collect();
    names.sort_unstable();
    let mut faults = Sorted::default();
    for (table, definition) in tables {
        for key in keys(template, definition) {
            for (one, other) in clashes(template, overlay, table, definition, &key) {
                for (mine, others) in [(one, other), (other, one)] {
                    let members = key.members.iter().copied().chain(key.enable(definition));
                    for member in members {
                        let name = format!("{mine}{member}");
                        if names.binary_search(&name.as_str()).is_ok()
                            && faults.get(&name).is_none()
                        {
                            let words =
                                format!("{name}: {others} has that {}", key.members.join(", "));
                            faults.insert(name, words);
                        }
                    }
                }
            }
        }
    }
    let mut told = Vec::new();
    for name in set {
        if let Some(text) = faults.get(name) {
            told.push(ParameterFault {
                name: name.clone(),
                code: Code::INVALID_PARAMETER_VALUE,
                text: text.clone(),
            });
            faults.remove(name);
        }
    }
    match told.is_empty() {
        true => Ok(()),
        false => Err(Fault::of_parameters(told)),
    }
}

/// What the instances of a table hold that a new one must not have: looked up once for all that are added in a row.
#[derive(Debug)]
pub(super) struct Taken {
    /// How many instances there are.
    pub instances: u32,
    /// Positions: a new instance is behind the last (TR-106 `Order`).
    ordered: Vec<Member>,
    /// Keys that bind a new instance at once (OB-10), and whether an instance has what is the default.
    keys: Vec<(Vec<Member>, bool)>,
    /// The values of all these members and of the alias, by name.
    values: Vec<(String, BTreeSet<String>)>,
}

/// A member of a table, with its value in a new instance.
#[derive(Debug)]
struct Member {
    name: String,
    what: What,
    value: String,
}

impl From<Entry<'_>> for Member {
    fn from(entry: Entry<'_>) -> Member {
        Member {
            name: entry.path.to_owned(),
            what: entry.what,
            value: entry.value.to_owned(),
        }
    }
}

impl Taken {
    pub fn of(template: &Template, overlay: &Overlay, table: &str, definition: &Table) -> Taken {
        let mut taken = Taken {
            instances: 0,
            ordered: Vec::new(),
            keys: Vec::new(),
            values: Vec::new(),
        };
        let mut names: Vec<&str> = Vec::new();
        for member in template.members(definition) {
            let named = info(template, member.what).and_then(|info| info.limits.named);
            if named == Some(DataType::Order) && !member.path.contains('.') {
                names.push(member.path);
                taken.ordered.push(member.into());
            }
        }
        // Keys bind what is enabled; whoever enables a new instance has filled it in.
        let enabled = template.member(definition, &definition.enable);
        if enabled.is_none_or(|enabled| enabled.value == "true") {
            for key in &definition.unique {
                let mut members = Vec::new();
                for name in key {
                    if let Some(member) = template.member(definition, name) {
                        names.push(name);
                        members.push(member.into());
                    }
                }
                taken.keys.push((members, false));
            }
        }
        names.extend(template.member(definition, ALIAS).map(|_| ALIAS));
        names.sort_unstable();
        names.dedup();
        for name in &names {
            taken.values.push(((*name).to_owned(), BTreeSet::new()));
        }
        for (_, row) in rows(template, overlay, table, &names) {
            taken.learn(&|name| {
                let at = names.iter().position(|other| *other == name)?;
                row.get(at).copied().flatten()
            });
        }
        taken
    }

    /// There is one more instance, whose members have these values.
    pub fn learn<'a>(&mut self, value: &dyn Fn(&str) -> Option<&'a str>) {
        self.instances += 1;
        for (name, values) in &mut self.values {
            values.extend(value(name).map(str::to_owned));
        }
        for (key, default) in &mut self.keys {
            *default |= key.iter().all(|m| value(&m.name) == Some(&*m.value));
        }
    }

    /// Whether an instance has that value of that member.
    pub fn has(&self, member: &str, value: &str) -> bool {
        let values = self.of_member(member);
        values.is_some_and(|values| values.contains(value))
    }

    fn of_member(&self, name: &str) -> Option<&BTreeSet<String>> {
        let known = self.values.iter().find(|(member, _)| member == name);
        known.map(|(_, values)| values)
    }

    /// Members of a new instance that must not have their default, because an instance that is there has it, with what
    /// they are to have.
    pub fn defaults(&self, template: &Template, number: u32) -> Vec<(String, String)> {
        let mut defaults = Vec::new();
        for Member { name, .. } in &self.ordered {
            let values = self.of_member(name).into_iter().flatten();
            let last = values.filter_map(|text| text.parse::<u32>().ok()).max();
            let next = last.unwrap_or(0).saturating_add(1);
            defaults.push((name.clone(), next.to_string()));
        }
        for (key, _) in self.keys.iter().filter(|(_, default)| *default) {
            let mut members = key.iter();
            defaults.extend(members.find_map(|Member { name, what, value }| {
                let taken = self.of_member(name)?;
                let fresh = fresh(info(template, *what)?, value, number, taken)?;
                Some((name.clone(), fresh))
            }));
        }
        defaults
    }
}

fn info(template: &Template, what: What) -> Option<&Info> {
    match what {
        What::Parameter(number) => template.parameter(number).map(|p| &*p.info),
        _ => None,
    }
}

/// A value that nothing in `taken` has, where one can be thought of.
fn fresh(info: &Info, default: &str, number: u32, taken: &BTreeSet<String>) -> Option<String> {
    let numbers = match info.ty {
        Type::Int | Type::Long | Type::UnsignedInt | Type::UnsignedLong => {
            let from = default.parse::<i64>().ok()?;
            Some(info.limits.min.map_or(from, |min| from.max(min)))
        }
        Type::String if info.limits.values.is_empty() && !info.limits.list => None,
        _ => return None,
    };
    (0..=taken.len() as i64)
        .map(|turn| match (numbers, turn) {
            (Some(from), _) => from.saturating_add(turn).to_string(),
            (None, 0) => format!("cpe-{number}"),
            (None, _) => format!("cpe-{number}-{}", turn + 1),
        })
        .find(|text| !taken.contains(text) && Value::parse("", info, None, text).is_ok())
}

/// One set of members that must be unique.
struct Key<'a> {
    members: Vec<&'a str>,
    /// It binds only instances that are enabled.
    functional: bool,
}

/// The keys of a table; an alias is one that always binds.
fn keys<'a>(template: &'a Template, table: &'a Table) -> impl Iterator<Item = Key<'a>> {
    let alias = template.member(table, ALIAS).map(|_| Key {
        members: vec![ALIAS],
        functional: false,
    });
    let functional = template.member(table, &table.enable).is_some();
    let keys = table.unique.iter().map(move |key| Key {
        members: key.iter().map(String::as_str).collect(),
        functional,
    });
    alias.into_iter().chain(keys)
}

impl Key<'_> {
    /// Whether the key's validity depends on that member.
    fn binds(&self, table: &Table, member: &str) -> bool {
        self.members.contains(&member) || self.enable(table) == Some(member)
    }

    fn enable<'t>(&self, table: &'t Table) -> Option<&'t str> {
        self.functional.then_some(table.enable.as_str())
    }
}

/// The instances that a parameter belongs to, each with its table's definition and the parameter's name below it.
fn owners<'a>(
    template: &'a Template,
    overlay: &'a Overlay,
    name: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Table, &'a str)> {
    name.match_indices('.').filter_map(move |(dot, _)| {
        let (instance, member) = name.split_at_checked(dot + 1)?;
        instance_number(instance.strip_suffix('.')?.rsplit('.').next()?)?;
        match overlay.get(template, instance)?.what {
            What::Instance(number) => Some((instance, template.table(number)?, member)),
            _ => None,
        }
    })
}

/// Pairs of instances of a table that have the same key.
fn clashes<'a>(
    template: &'a Template,
    overlay: &'a Overlay,
    table: &str,
    definition: &Table,
    key: &Key<'_>,
) -> Vec<(&'a str, &'a str)> {
    let mut names = key.members.clone();
    names.extend(key.enable(definition));
    let mut bound = Vec::new();
    for (instance, mut values) in rows(template, overlay, table, &names) {
        let enabled = values.split_off(key.members.len()).pop().flatten();
        if enabled.is_some_and(|enabled| enabled != "true") {
            continue;
        }
        // Where a key always binds, what nobody could think of for a new instance (an address) is empty: not known.
        let unknown = values.iter().all(|value| value.is_none_or(str::is_empty));
        if !key.functional && unknown {
            continue;
        }
        bound.push((values, instance));
    }
    // Those that have the same values come together, in the order in which they are.
    bound.sort_by(|one, other| one.0.cmp(&other.0));
    let mut clashes = Vec::new();
    let mut first: Option<&(Vec<Option<&str>>, &str)> = None;
    for row in &bound {
        match first {
            Some(first) if first.0 == row.0 => clashes.push((row.1, first.1)),
            _ => first = Some(row),
        }
    }
    clashes
}

/// The instances of a table in the order of their numbers, each with its values of these members. One pass: to look each
/// of them up takes longer.
fn rows<'a>(
    template: &'a Template,
    overlay: &'a Overlay,
    table: &str,
    members: &[&str],
) -> Vec<(&'a str, Vec<Option<&'a str>>)> {
    let mut rows: Vec<(&str, Vec<Option<&str>>)> = Vec::new();
    overlay.scan(template, table, &mut |entry| match entry.what {
        What::Instance(_) if table_of(entry.path) == Some(table) => {
            rows.push((entry.path, vec![None; members.len()]));
        }
        What::Parameter(_) => {
            if let Some((instance, row)) = rows.last_mut()
                && let Some(name) = entry.path.strip_prefix(*instance)
                && let Some(at) = members.iter().position(|member| *member == name)
                && let Some(place) = row.get_mut(at)
            {
                *place = Some(entry.value);
            }
        }
        _ => {}
    });
    rows
}
