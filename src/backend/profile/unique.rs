//! Unique keys: what no two instances of a table may have in common (TR-106 "Tables"), and aliases.

use super::edit::{ALIAS, table_of};
use super::overlay::Overlay;
use super::template::{Entry, Table, Template, What};
use crate::datamodel::path::instance_number;
use crate::datamodel::{Code, DataType, Fault, Info, ParameterFault, Type, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Whether what a transaction has set clashes with anything, told by the parameters that it set (SV-04, OB-10).
/// What clashed before, without them, is not looked for.
pub(super) fn check(template: &Template, overlay: &Overlay, set: &[String]) -> Result<(), Fault> {
    let mut tables: BTreeMap<&str, &Table> = BTreeMap::new();
    for name in set {
        for (instance, definition, member) in owners(template, overlay, name) {
            if keys(template, definition).any(|key| key.binds(definition, member))
                && let Some(table) = table_of(instance)
            {
                tables.insert(table, definition);
            }
        }
    }
    let set_names: HashSet<&str> = set.iter().map(String::as_str).collect();
    let mut faults: HashMap<String, String> = HashMap::new();
    for (table, definition) in tables {
        for key in keys(template, definition) {
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
    values: BTreeMap<String, HashSet<String>>,
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
        let ordered = template.members(definition).filter(|member| {
            let named = info(template, member.what).and_then(|info| info.limits.named);
            named == Some(DataType::Order) && !member.path.contains('.')
        });
        let ordered: Vec<Member> = ordered.map(Member::from).collect();
        // Keys bind what is enabled; whoever enables a new instance has filled it in.
        let enabled = template.member(definition, &definition.enable);
        let binding = enabled.is_none_or(|enabled| enabled.value == "true");
        let member = |name: &String| template.member(definition, name).map(Member::from);
        let keys = definition.unique.iter().filter(|_| binding);
        let keys = keys.map(|key| (key.iter().filter_map(member).collect(), false));
        let keys: Vec<(Vec<Member>, bool)> = keys.collect();
        let members = ordered.iter().chain(keys.iter().flat_map(|(key, _)| key));
        let alias = template.member(definition, ALIAS).map(|_| ALIAS);
        let names = members.map(|member| member.name.as_str()).chain(alias);
        let values = names.map(|name| (name.to_owned(), HashSet::new()));
        let mut taken = Taken {
            instances: 0,
            values: values.collect(),
            ordered,
            keys,
        };
        let names: Vec<String> = taken.values.keys().cloned().collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for (_, row) in rows(template, overlay, table, &names) {
            taken.learn(|name| {
                let at = names.iter().position(|other| *other == name)?;
                row.get(at).copied().flatten()
            });
        }
        taken
    }

    /// There is one more instance, whose members have these values.
    pub fn learn<'a>(&mut self, value: impl Fn(&str) -> Option<&'a str>) {
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
        let values = self.values.get(member);
        values.is_some_and(|values| values.contains(value))
    }

    /// Members of a new instance that must not have their default, because an instance that is there has it, with what
    /// they are to have.
    pub fn defaults(&self, template: &Template, number: u32) -> Vec<(String, String)> {
        let values = |member: &Member| self.values.get(&member.name).into_iter().flatten();
        let ordered = self.ordered.iter().map(|member| {
            let numbers = values(member).filter_map(|text| text.parse::<u32>().ok());
            let next = numbers.max().unwrap_or(0).saturating_add(1);
            (member.name.clone(), next.to_string())
        });
        let keys = self.keys.iter().filter(|(_, default)| *default);
        let keys = keys.filter_map(|(key, _)| {
            key.iter().find_map(|member| {
                let info = info(template, member.what)?;
                let taken = self.values.get(&member.name)?;
                Some((
                    member.name.clone(),
                    fresh(info, &member.value, number, taken)?,
                ))
            })
        });
        ordered.chain(keys).collect()
    }
}

fn info(template: &Template, what: What) -> Option<&Info> {
    match what {
        What::Parameter(number) => template.parameter(number).map(|p| &*p.info),
        _ => None,
    }
}

/// A value that nothing in `taken` has, where one can be thought of.
fn fresh(info: &Info, default: &str, number: u32, taken: &HashSet<String>) -> Option<String> {
    let candidates: Box<dyn Iterator<Item = String>> = match info.ty {
        Type::Int | Type::Long | Type::UnsignedInt | Type::UnsignedLong => {
            let from = default.parse::<i64>().ok()?;
            let from = info.limits.min.map_or(from, |min| from.max(min));
            Box::new((from..=from.saturating_add(taken.len() as i64)).map(|n| n.to_string()))
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
    let mut seen: HashMap<Vec<Option<&str>>, &str> = HashMap::new();
    let mut clashes = Vec::new();
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
        match seen.get(&values) {
            Some(other) => clashes.push((instance, *other)),
            None => drop(seen.insert(values, instance)),
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
