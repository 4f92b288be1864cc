//! From a path with aliases and wildcards to the concrete paths that exist.

use super::naming::{InstanceMode, alias_of};
use super::path::{Path, Segment, instance_number};
use super::{Code, DataModel, Depth, Fault, Node, find};
use std::collections::BTreeMap;

/// Instances that are looked at for the paths of one request: a wildcard looks at all of a table, and so does an alias.
/// Some 30,000 of them fit into one message, and what they find together is limited by nothing else.
const MAX_LOOKED_AT: usize = 1 << 16;

/// Instances that one request may make by naming them: each costs memory and flash, whoever asks.
const MAX_MADE: usize = 256;

/// One concrete path that a path stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// With instance numbers only.
    pub path: String,
    /// How the answer names it: instances as they were asked for, those behind a wildcard as InstanceMode says (AL-06).
    pub asked: String,
}

/// The search for all paths of one request: what it may still cost, and what it knows already.
///
/// The aliases of a table are read once. So all paths of a request mean the same instances, also when the request itself
/// makes or renames some (TR-069 A.3.2.1: the order of its parameters means nothing).
#[derive(Clone, Debug)]
pub struct Search {
    mode: InstanceMode,
    left: usize,
    made: usize,
    /// Table, with the alias in brackets → instance. A table alone: its aliases have been read.
    aliases: BTreeMap<String, String>,
}

impl Search {
    /// For a request whose answer is named in `mode`.
    #[must_use]
    pub fn new(mode: InstanceMode) -> Self {
        Search {
            mode,
            left: MAX_LOOKED_AT,
            made: 0,
            aliases: BTreeMap::new(),
        }
    }

    /// The instance of `table` that has that alias.
    fn instance(
        &mut self,
        model: &dyn DataModel,
        table: &str,
        alias: &str,
    ) -> Result<Option<String>, Fault> {
        if !self.aliases.contains_key(table) {
            let instances = instances(model, table).unwrap_or_default();
            self.charge(1 + instances.len())?;
            for instance in instances {
                if let Some(alias) = alias_of(model, &instance) {
                    let known = self.aliases.entry(aliased(table, &alias));
                    known.or_insert(instance);
                }
            }
            self.aliases.insert(table.to_owned(), String::new());
        }
        Ok(self.aliases.get(&aliased(table, alias)).cloned())
    }

    /// Makes the instance of `table` that is to have that alias, in the model's open transaction.
    fn make(
        &mut self,
        model: &mut dyn DataModel,
        table: &str,
        alias: &str,
    ) -> Result<String, Fault> {
        if self.made == MAX_MADE {
            let text = format!("more than {MAX_MADE} new instances in one request");
            return Err(Fault::new(Code::RESOURCES_EXCEEDED, text));
        }
        self.made += 1;
        let number = model.add(table, Some(alias))?.ok_or_else(|| {
            // What it will hold cannot be checked, nor set in the same transaction.
            let text = format!("{table}: instances can only be made by AddObject");
            Fault::new(Code::INVALID_PARAMETER_NAME, text)
        })?;
        let instance = format!("{table}{number}.");
        let key = aliased(table, alias);
        self.aliases.insert(key, instance.clone());
        Ok(instance)
    }

    /// How `instance` is named that a wildcard found in `table`.
    fn name(&self, model: &dyn DataModel, table: &Resolved, instance: &str) -> String {
        let alias = match self.mode {
            InstanceMode::InstanceNumber => None,
            InstanceMode::InstanceAlias => alias_of(model, instance),
        };
        match alias {
            Some(alias) => aliased(&table.asked, &alias),
            None => {
                let number = instance.strip_prefix(&table.path).unwrap_or_default();
                format!("{}{number}", table.asked)
            }
        }
    }

    fn charge(&mut self, instances: usize) -> Result<(), Fault> {
        let left = self.left.checked_sub(instances);
        self.left = left.unwrap_or(0);
        left.map(drop).ok_or_else(|| {
            let text = "too much to search for aliases and wildcards; ask for less at a time";
            Fault::new(Code::RESOURCES_EXCEEDED, text)
        })
    }
}

/// [`resolve_within`] for a request that has one path.
pub fn resolve(model: &dyn DataModel, path: &Path<'_>) -> Result<Vec<Resolved>, Fault> {
    resolve_within(&mut Search::new(InstanceMode::of(model)), model, path)
}

/// All concrete paths that `path` stands for, in the model's order.
///
/// A path without wildcard gives exactly one; an alias that nothing has is fault 9005. Whether a concrete path
/// exists is left to whoever reads it. A path with wildcards gives those that exist, possibly none (GN-15), but
/// what stands before the first wildcard must exist (9005). Fault 9004 when `search` is used up.
pub fn resolve_within(
    search: &mut Search,
    model: &dyn DataModel,
    path: &Path<'_>,
) -> Result<Vec<Resolved>, Fault> {
    if path.is_concrete() {
        let text = path.text().to_owned();
        return Ok(vec![Resolved {
            asked: text.clone(),
            path: text,
        }]);
    }
    let mut found = vec![Resolved {
        path: String::new(),
        asked: String::new(),
    }];
    let mut wild = false;
    let last = path.segments().len() - 1;
    for (i, segment) in path.segments().iter().enumerate() {
        let dot = if i < last || path.is_partial() {
            "."
        } else {
            ""
        };
        match *segment {
            Segment::Name(name) => extend(&mut found, &format!("{name}{dot}")),
            Segment::Instance(number) => extend(&mut found, &format!("{number}{dot}")),
            Segment::Alias(alias) => {
                let mut next = Vec::with_capacity(found.len());
                for table in &found {
                    match search.instance(model, &table.path, alias)? {
                        Some(path) => {
                            let asked = aliased(&table.asked, alias);
                            next.push(Resolved { path, asked });
                        }
                        None if wild => {}
                        None => return Err(Fault::invalid_name(path.text())),
                    }
                }
                found = next;
            }
            Segment::Wildcard => {
                let mut next = Vec::new();
                for table in &found {
                    match instances(model, &table.path) {
                        Ok(paths) => {
                            search.charge(1 + paths.len())?;
                            next.extend(paths.into_iter().map(|path| {
                                let asked = search.name(model, table, &path);
                                Resolved { path, asked }
                            }));
                        }
                        Err(_) if wild => {}
                        Err(_) => return Err(Fault::invalid_name(path.text())),
                    }
                }
                wild = true;
                found = next;
            }
        }
    }
    if wild {
        found.retain(|one| exists(model, &one.path));
    }
    Ok(found)
}

/// As [`resolve`], for what takes one thing only: SetParameterValues, AddObject, DeleteObject. Wildcards are
/// fault 9005 (GN-15).
pub fn resolve_one(model: &dyn DataModel, path: &Path<'_>) -> Result<Resolved, Fault> {
    resolve_one_within(&mut Search::new(InstanceMode::InstanceNumber), model, path)
}

/// [`resolve_one`] for a request that has several paths.
pub fn resolve_one_within(
    search: &mut Search,
    model: &dyn DataModel,
    path: &Path<'_>,
) -> Result<Resolved, Fault> {
    if path.has_wildcard() {
        return Err(Fault::invalid_name(path.text()));
    }
    let one = resolve_within(search, model, path)?.pop();
    one.ok_or_else(|| Fault::invalid_name(path.text()))
}

/// What an object is to be added to: a table's path, with the alias that the new instance is to have behind it or without
/// (TR-069 A.3.2.6). Fault 9005 when there is no such table, or such an instance already (AL-04).
pub fn resolve_table<'a>(
    model: &dyn DataModel,
    name: &'a str,
) -> Result<(String, Option<&'a str>), Fault> {
    let path = Path::parse(name)?;
    let (table, alias) = match path.split_alias() {
        Some((table, alias)) => (Path::parse(table)?, Some(alias)),
        None => (path.clone(), None),
    };
    if !table.is_partial() {
        return Err(Fault::invalid_name(name));
    }
    let table = resolve_one(model, &table)?.path;
    if alias.is_some() && resolve_one(model, &path).is_ok() {
        let text = format!("{name}: there is such an instance already");
        return Err(Fault::new(Code::INVALID_PARAMETER_NAME, text));
    }
    Ok((table, alias))
}

/// [`resolve_one_within`] in the model's open transaction, which makes the instances that the path names by an alias and
/// that are not there (TR-069 A.3.2.1, AutoCreateInstances). Fault 9004 when that are too many.
pub fn resolve_or_make(
    search: &mut Search,
    model: &mut dyn DataModel,
    path: &Path<'_>,
) -> Result<String, Fault> {
    if path.has_wildcard() {
        return Err(Fault::invalid_name(path.text()));
    }
    let mut at = String::new();
    for segment in path.segments() {
        match *segment {
            Segment::Alias(alias) => {
                at = match search.instance(model, &at, alias)? {
                    Some(instance) => instance,
                    None => search.make(model, &at, alias)?,
                };
            }
            Segment::Name(name) => at.extend([name, "."]),
            Segment::Instance(number) => at.extend([&number.to_string(), "."]),
            Segment::Wildcard => {}
        }
    }
    if !path.is_partial() {
        at.pop();
    }
    Ok(at)
}

/// The instance of `table` that has that alias, by it.
fn aliased(table: &str, alias: &str) -> String {
    format!("{table}[{alias}].")
}

fn extend(found: &mut [Resolved], text: &str) {
    for one in found {
        one.path.push_str(text);
        one.asked.push_str(text);
    }
}

/// Paths of the instances of `table`.
fn instances(model: &dyn DataModel, table: &str) -> Result<Vec<String>, Fault> {
    let mut paths = Vec::new();
    model.visit(table, Depth::NextLevel, &mut |node| {
        if let Node::Object { path, .. } = node
            && let Some(number) = path.strip_prefix(table)
            && instance_number(number.trim_end_matches('.')).is_some()
        {
            paths.push(path.to_owned());
        }
    })?;
    Ok(paths)
}

fn exists(model: &dyn DataModel, path: &str) -> bool {
    if path.ends_with('.') {
        model.visit(path, Depth::NextLevel, &mut |_| {}).is_ok()
    } else {
        find(model, path).is_ok()
    }
}

#[cfg(test)]
mod tests;
