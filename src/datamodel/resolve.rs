//! From a path with aliases and wildcards to the concrete paths that exist.

use super::path::{Path, Segment, instance_number};
use super::{Code, DataModel, Depth, Fault, Node, find};

/// Instances that are looked at for the paths of one request: a wildcard looks at all of a table, and so does an alias.
/// Some 30,000 of them fit into one message, and what they find together is limited by nothing else.
const MAX_LOOKED_AT: usize = 1 << 16;

/// One concrete path that a path stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// With instance numbers only.
    pub path: String,
    /// The same with the aliases that were used to ask for it: an answer repeats them (AL-06).
    pub asked: String,
}

impl Resolved {
    /// How the answer names `below`, a concrete path at or below [`Resolved::path`].
    #[must_use]
    pub fn as_asked(&self, below: &str) -> String {
        match below.strip_prefix(&self.path) {
            Some(rest) => format!("{}{rest}", self.asked),
            None => below.to_owned(),
        }
    }
}

/// What the paths of one request may still cost.
#[derive(Clone, Debug)]
pub struct Search {
    left: usize,
}

impl Default for Search {
    fn default() -> Self {
        Search {
            left: MAX_LOOKED_AT,
        }
    }
}

impl Search {
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
    resolve_within(&mut Search::default(), model, path)
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
                    let instances = instances(model, &table.path).unwrap_or_default();
                    search.charge(1 + instances.len())?;
                    match with_alias(model, instances, alias) {
                        Some(path) => {
                            let asked = format!("{}[{alias}].", table.asked);
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
                                let asked = table.as_asked(&path);
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
    resolve_one_within(&mut Search::default(), model, path)
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

/// The one of these instances that has that alias.
fn with_alias(model: &dyn DataModel, instances: Vec<String>, alias: &str) -> Option<String> {
    let has = |path: &String| {
        find(model, &format!("{path}Alias")).is_ok_and(|found| found.value == alias)
    };
    instances.into_iter().find(has)
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
