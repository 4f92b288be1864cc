//! Unique keys: what no two instances of a table may have in common (TR-106 "Tables"), and aliases.

use super::edit::{ALIAS, instances, table_of};
use super::overlay::Overlay;
use super::template::{Member, Table, Template, What};
use crate::datamodel::path::instance_number;
use crate::datamodel::{Code, DataType, Fault, Info, ParameterFault, Type, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Whether what a transaction has set clashes with anything, told by the parameters that it set (SV-04, OB-10).
/// What clashed before, without them, is not looked for.
pub(super) fn check(template: &Template, overlay: &Overlay, set: &[String]) -> Result<(), Fault> {
    let mut tables: BTreeMap<&str, &Table> = BTreeMap::new();
    for name in set {
        for (instance, definition, member) in owners(template, overlay, name) {
            if definition.keys().any(|key| key.binds(definition, member))
                && let Some(table) = table_of(instance)
            {
                tables.insert(table, definition);
            }
        }
    }
    let set_names: HashSet<&str> = set.iter().map(String::as_str).collect();
    let mut faults: HashMap<String, String> = HashMap::new();
    for (table, definition) in tables {
        for key in definition.keys() {
            for (one, other) in clashes(template, overlay, table, definition, &key) {
                for (mine, others) in [(one, other), (other, one)] {
                    let members = key.members.iter().copied().chain(key.enable(definition));
                    for name in members.map(|member| format!("{mine}{member}")) {
                        if set_names.contains(name.as_str()) {
                            let words =
                                format!("{name}: {others} has that {}", key.members.join(", "));
                            faults.entry(name).or_insert(words);
                        }
                    }
                }
            }
        }
    }
    let faults: Vec<ParameterFault> = set
        .iter()
        .filter_map(|name| {
            let text = faults.remove(name)?;
            Some(ParameterFault {
                name: name.clone(),
                code: Code::INVALID_PARAMETER_VALUE,
                text,
            })
        })
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Fault::of_parameters(faults)),
    }
}

/// Members of a new instance that must not have their default, because an instance that is there has it: a key that
/// binds at once (OB-10), a position (TR-106 `Order`: behind the last).
pub(super) fn defaults(
    template: &Template,
    overlay: &Overlay,
    table: &str,
    definition: &Table,
    number: u32,
) -> Vec<(String, String)> {
    let mut chosen = Vec::new();
    let ordered = |member: &&Member| {
        let named = info(template, member).and_then(|info| info.limits.named);
        named == Some(DataType::Order) && !member.name.contains('.')
    };
    let ordered: Vec<&Member> = definition.members.iter().filter(ordered).collect();
    // Keys bind what is enabled; whoever enables a new instance has filled it in.
    let enabled = definition.member(&definition.enable);
    let binding = enabled.is_none_or(|enabled| enabled.value == "true");
    let keys = definition.unique.iter().filter(|_| binding);
    if ordered.is_empty() && keys.clone().next().is_none() {
        return chosen;
    }
    let instances = instances(template, overlay, table);
    let taken = |member: &Member| -> HashSet<&str> {
        let path = |instance: &&str| format!("{instance}{}", member.name);
        let value = |instance| overlay.value(template, &path(instance));
        instances.iter().filter_map(value).collect()
    };
    for member in ordered {
        let numbers = taken(member);
        let numbers = numbers.iter().filter_map(|text| text.parse::<u32>().ok());
        let next = numbers.max().unwrap_or(0).saturating_add(1);
        chosen.push((member.name.clone(), next.to_string()));
    }
    for key in keys {
        let members: Vec<&Member> = key.iter().filter_map(|m| definition.member(m)).collect();
        let clashes = instances.iter().any(|instance| {
            members.iter().all(|member| {
                let name = format!("{instance}{}", member.name);
                overlay.value(template, &name) == Some(member.value.as_str())
            })
        });
        let other = |member: &&Member| {
            let info = info(template, member)?;
            let value = fresh(info, &member.value, number, &taken(member))?;
            Some((member.name.clone(), value))
        };
        if clashes {
            chosen.extend(members.iter().find_map(other));
        }
    }
    chosen
}

fn info<'a>(template: &'a Template, member: &Member) -> Option<&'a Info> {
    match member.what {
        What::Parameter(number) => template.parameter(number).map(|p| &p.info),
        _ => None,
    }
}

/// A value that nothing in `taken` has, where one can be thought of.
fn fresh(info: &Info, default: &str, number: u32, taken: &HashSet<&str>) -> Option<String> {
    let candidates: Box<dyn Iterator<Item = String>> = match info.ty {
        Type::Int | Type::Long | Type::UnsignedInt | Type::UnsignedLong => {
            let from = default.parse::<i128>().ok()?;
            let from = info.limits.min.map_or(from, |min| from.max(min.into()));
            Box::new((from..=from + taken.len() as i128).map(|n| n.to_string()))
        }
        Type::String if info.limits.values.is_empty() && !info.limits.list => {
            let first = std::iter::once(format!("cpe-{number}"));
            Box::new(
                first.chain((2..taken.len() + 3).map(move |turn| format!("cpe-{number}-{turn}"))),
            )
        }
        _ => return None,
    };
    candidates
        .filter(|text| !taken.contains(text.as_str()))
        .find(|text| Value::parse("", info, None, text).is_ok())
}

/// One set of members that must be unique.
struct Key<'a> {
    members: Vec<&'a str>,
    /// It binds only instances that are enabled.
    functional: bool,
}

impl Table {
    /// The keys of this table; an alias is one that always binds.
    fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        let alias = self.member(ALIAS).map(|_| Key {
            members: vec![ALIAS],
            functional: false,
        });
        let keys = self.unique.iter().map(|key| Key {
            members: key.iter().map(String::as_str).collect(),
            functional: self.member(&self.enable).is_some(),
        });
        alias.into_iter().chain(keys)
    }
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
    let value = |instance: &str, name: &str| overlay.value(template, &format!("{instance}{name}"));
    let mut seen: HashMap<Vec<Option<&str>>, &str> = HashMap::new();
    let mut clashes = Vec::new();
    for instance in instances(template, overlay, table) {
        let enabled = key
            .enable(definition)
            .and_then(|enable| value(instance, enable));
        if enabled.is_some_and(|enabled| enabled != "true") {
            continue;
        }
        let values: Vec<_> = key
            .members
            .iter()
            .map(|name| value(instance, name))
            .collect();
        // Where a key always binds, what nobody could think of for a new instance (an address) is empty: not known.
        let unknown = values.iter().all(|value| value.is_none_or(str::is_empty));
        if !key.functional && unknown {
            continue;
        }
        match seen.get(&values) {
            Some(other) => clashes.push((instance, *other)),
            None => drop(seen.insert(values, instance)),
        }
    }
    clashes
}
