//! What the program answered, checked and ordered, for reading from memory.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use crate::datamodel::order::order;
use crate::datamodel::path::{Path, instance_number};
use crate::datamodel::{Code, Depth, Fault, Info, Kind, Node, Root, Value};

use super::protocol::{Object, Parameter};

/// Deeper than any object of TR-181; each level of a path may become an object of its own.
const MAX_LEVELS: usize = 32;
/// Longest value: what a CPE must be able to receive is far below.
const MAX_VALUE: usize = 64 * 1024;
/// Most objects and parameters of an answer: ten times what a large router has.
const MAX_NODES: usize = 50_000;

/// Objects and parameters, parents before children, instances in the order of their numbers.
#[derive(Clone, Default)]
pub struct Snapshot {
    covered: HashSet<String>,
    nodes: Vec<(String, Entry)>,
    /// What new instances hold, by paths with `{i}`.
    templates: BTreeMap<String, Entry>,
    /// The numbers of the tables' next instances, by the tables' paths, also those with `{i}`.
    next: BTreeMap<String, u32>,
}

#[derive(Clone)]
enum Entry {
    Object {
        kind: Kind,
        writable: bool,
    },
    /// No value: it is hidden, or the program did not give one.
    Parameter {
        info: Info,
        value: Option<String>,
    },
}

impl Snapshot {
    /// From the answer to a `get` of `covered`. An entry that is not right is left out, with a complaint (path and
    /// reason); what lies outside `covered` is left out silently, a simple program may always answer with all it has.
    pub fn new(
        root: Root,
        covered: Vec<String>,
        objects: Vec<Object>,
        parameters: Vec<Parameter>,
        complain: &mut dyn FnMut(&str, &str),
    ) -> Result<Snapshot, Fault> {
        let mut build = Build {
            root,
            patterns: covered.iter().map(|path| pattern(path)).collect(),
            covered: covered.into_iter().collect(),
            nodes: BTreeMap::new(),
            templates: BTreeMap::new(),
            next: BTreeMap::new(),
            complain,
        };
        for object in objects {
            build.object(object);
        }
        for parameter in parameters {
            build.parameter(parameter);
        }
        build.finish()
    }

    /// As [`crate::datamodel::DataModel::visit`], for `at` not empty.
    pub fn visit(
        &self,
        at: &str,
        depth: Depth,
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        if !covers(&self.covered, at) {
            return Err(Fault::internal(format!(
                "{at:?} was not fetched from the program"
            )));
        }
        let parameter = !at.ends_with('.');
        if parameter && depth == Depth::NextLevel {
            return Err(Fault::arguments(format!(
                "{at:?} is a parameter: it has no next level"
            )));
        }
        let start = self
            .nodes
            .partition_point(|(path, _)| order(path, at) == Ordering::Less);
        let below = self.nodes.get(start..).unwrap_or_default();
        if below.first().is_none_or(|(path, _)| path != at) {
            return Err(Fault::invalid_name(at));
        }
        for (path, entry) in below {
            let Some(rest) = path.strip_prefix(at) else {
                break;
            };
            if parameter && !rest.is_empty() {
                break;
            }
            if depth == Depth::All || is_child(rest) {
                visitor(entry.node(path));
            }
        }
        Ok(())
    }

    /// Whether the parameter may be set; `None` when there is no such parameter.
    pub fn writable(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Entry::Parameter { info, .. } => Some(info.writable()),
            Entry::Object { .. } => None,
        }
    }

    /// Whether the program said that the parameter has this value.
    pub fn has(&self, name: &str, text: &str) -> bool {
        matches!(self.get(name), Some(Entry::Parameter { value: Some(value), .. }) if value == text)
    }

    /// A value that was written with success.
    pub fn update(&mut self, name: &str, text: &str) {
        if let Ok(index) = self.nodes.binary_search_by(|(path, _)| order(path, name))
            && let Some((_, Entry::Parameter { info, value })) = self.nodes.get_mut(index)
            && !info.hidden
        {
            *value = Some(text.to_owned());
        }
    }

    /// Whether the program has said what the number of the next instance of `table` is.
    pub fn has_next(&self, table: &str) -> bool {
        self.next.contains_key(table)
    }

    /// Adds an instance to such a table: its number. It holds what the program has said that new ones do.
    pub fn add(&mut self, table: &str, alias: Option<&str>) -> Result<u32, Fault> {
        let (Some(Entry::Object { writable: true, .. }), Some(&number)) =
            (self.get(table), self.next.get(table))
        else {
            return Err(Fault::invalid_name(table));
        };
        let (instance, template) = (
            format!("{table}{number}."),
            format!("{}{{i}}.", pattern(table)),
        );
        if self.get(&instance).is_some() {
            let text = format!("{instance} is there, and the program says that it is next");
            return Err(Fault::internal(text));
        }
        let mut nodes = vec![(instance.clone(), INSTANCE)];
        let mut tables = Vec::new();
        let mut named = alias.is_none();
        for (path, entry) in self.templates.range(template.clone()..) {
            let Some(below) = path.strip_prefix(&template) else {
                break;
            };
            // What lies in an instance of a table in it is not there yet.
            if below.contains('{') || below.is_empty() {
                continue;
            }
            let mut entry = entry.clone();
            if let (Entry::Parameter { value, .. }, "Alias", Some(alias)) =
                (&mut entry, below, alias)
            {
                *value = Some(alias.to_owned());
                named = true;
            }
            if let Entry::Object {
                kind: Kind::Table, ..
            } = entry
                && let Some(&first) = self.next.get(path)
            {
                tables.push((format!("{instance}{below}"), first));
            }
            nodes.push((format!("{instance}{below}"), entry));
        }
        // AL-07
        if !named {
            let text = format!("{table}: its instances have no Alias");
            return Err(Fault::new(Code::INVALID_PARAMETER_NAME, text));
        }
        if self.nodes.len() + nodes.len() > MAX_NODES || number == u32::MAX {
            let text = format!("{table}: no room for another instance");
            return Err(Fault::new(Code::RESOURCES_EXCEEDED, text));
        }
        nodes.sort_by(|(a, _), (b, _)| order(a, b));
        let at = self
            .nodes
            .partition_point(|(path, _)| order(path, &instance) == Ordering::Less);
        self.nodes.splice(at..at, nodes);
        self.next.extend(tables);
        self.next.insert(table.to_owned(), number + 1);
        Ok(number)
    }

    fn get(&self, at: &str) -> Option<&Entry> {
        let index = self
            .nodes
            .binary_search_by(|(path, _)| order(path, at))
            .ok()?;
        self.nodes.get(index).map(|(_, entry)| entry)
    }
}

/// A new instance.
const INSTANCE: Entry = Entry::Object {
    kind: Kind::Instance,
    writable: true,
};

impl Entry {
    fn node<'a>(&'a self, path: &'a str) -> Node<'a> {
        match self {
            Entry::Object { kind, writable } => Node::Object {
                path,
                kind: *kind,
                writable: *writable,
            },
            Entry::Parameter { info, value } => Node::Parameter {
                path,
                info,
                value: match value {
                    Some(value) => value,
                    None if info.hidden => "",
                    None => info.ty.zero(),
                },
            },
        }
    }
}

struct Build<'a> {
    root: Root,
    covered: HashSet<String>,
    /// The same with `{i}` for each number.
    patterns: HashSet<String>,
    nodes: BTreeMap<String, Entry>,
    templates: BTreeMap<String, Entry>,
    next: BTreeMap<String, u32>,
    complain: &'a mut dyn FnMut(&str, &str),
}

impl Build<'_> {
    fn object(&mut self, object: Object) {
        if !self.wants(&object.path) {
            return;
        }
        let sample = sample(&object.path);
        let kind = match (instance(&sample), object.table) {
            (true, false) => Kind::Instance,
            (false, true) => Kind::Table,
            (false, false) => Kind::Object,
            (true, true) => return (self.complain)(&object.path, "an instance cannot be a table"),
        };
        if !object.path.ends_with('.') || !valid_path(self.root, &sample) {
            return (self.complain)(&object.path, "not the path of an object");
        }
        if let Some(next) = object.next {
            if next == 0 || kind != Kind::Table {
                return (self.complain)(&object.path, "cannot have that next instance");
            }
            self.next.insert(object.path.clone(), next);
        }
        self.insert(
            object.path,
            Entry::Object {
                kind,
                writable: object.writable,
            },
        );
    }

    fn parameter(&mut self, mut parameter: Parameter) {
        if !self.wants(&parameter.path) {
            return;
        }
        let path = std::mem::take(&mut parameter.path);
        if path.ends_with('.') || !valid_path(self.root, &sample(&path)) {
            return (self.complain)(&path, "not the name of a parameter");
        }
        let value = parameter.value.take().map(|value| value.0);
        let info = match parameter.declared.info(&path) {
            Ok(info) => info,
            Err(why) => return (self.complain)(&path, &why),
        };
        // Without a value: the answer to a request for names, or one that is hidden. A value that is wrong does not
        // make the parameter go away (GV-10).
        let value = match value.filter(|_| !info.hidden) {
            None => None,
            Some(text) if text.len() > MAX_VALUE => {
                (self.complain)(&path, "the value is too long");
                None
            }
            // Only the type: what the device has now may lie outside the limits for what may be set.
            Some(text) => {
                let only_type = Info {
                    ty: info.ty,
                    ..Info::default()
                };
                let value = Value::parse(&path, &only_type, None, &text);
                if value.is_err() {
                    (self.complain)(&path, "the value does not fit its type");
                }
                value.ok().map(Value::into_text)
            }
        };
        self.insert(path, Entry::Parameter { info, value });
    }

    fn wants(&self, path: &str) -> bool {
        match path.contains('{') {
            true => covers(&self.patterns, path),
            false => covers(&self.covered, path),
        }
    }

    fn insert(&mut self, path: String, entry: Entry) {
        let nodes = match path.contains('{') {
            true => &mut self.templates,
            false => &mut self.nodes,
        };
        if nodes.contains_key(&path) {
            return (self.complain)(&path, "listed twice");
        }
        nodes.insert(path, entry);
    }

    /// Objects that are only implied by what lies in them, and tables by their instances.
    fn finish(mut self) -> Result<Snapshot, Fault> {
        let mut implied: BTreeMap<String, Kind> = BTreeMap::new();
        if covers(&self.covered, self.root.path()) {
            implied.insert(self.root.path().to_owned(), Kind::Object);
        }
        for path in self.nodes.keys() {
            let mut inner = path.as_str();
            while let Some(outer) = parent(inner).filter(|outer| covers(&self.covered, outer)) {
                let kind = match (instance(outer), instance(inner)) {
                    (true, _) => Kind::Instance,
                    (false, true) => Kind::Table,
                    (false, false) => Kind::Object,
                };
                // A table may also hold parameters; being a table wins.
                let known = implied.entry(outer.to_owned()).or_insert(kind);
                if kind == Kind::Table {
                    *known = kind;
                }
                inner = outer;
            }
            if self.nodes.len() + self.templates.len() + implied.len() > MAX_NODES {
                return Err(Fault::new(
                    Code::RESOURCES_EXCEEDED,
                    "the program listed too much",
                ));
            }
        }
        for (path, kind) in implied {
            match self.nodes.get_mut(&path) {
                Some(Entry::Object { kind: known, .. }) if kind == Kind::Table => *known = kind,
                Some(_) => {}
                None => drop(self.nodes.insert(
                    path,
                    Entry::Object {
                        kind,
                        writable: false,
                    },
                )),
            }
        }
        let mut nodes: Vec<(String, Entry)> = self.nodes.into_iter().collect();
        nodes.sort_by(|(a, _), (b, _)| order(a, b));
        // One alias for two instances would lead to the wrong one: the first has it.
        let mut aliases = HashSet::new();
        for (path, entry) in &mut nodes {
            if let Entry::Parameter { value, .. } = entry
                && let Some(instance) = path.strip_suffix("Alias").filter(|path| instance(path))
                && let Some(table) = parent(instance)
                && let Some(alias) = value.as_deref().filter(|alias| !alias.is_empty())
                && !aliases.insert((table.to_owned(), alias.to_owned()))
            {
                (self.complain)(path, "another instance has that alias");
                *value = None;
            }
        }
        Ok(Snapshot {
            covered: self.covered,
            nodes,
            templates: self.templates,
            next: self.next,
        })
    }
}

/// Whether `path` is one of `covered` or lies below one. Both the ACS's names and the program's may be tens of thousands:
/// the objects above a path are looked up, not all names compared.
fn covers(covered: &HashSet<String>, path: &str) -> bool {
    let mut objects = path
        .match_indices('.')
        .filter_map(|(dot, _)| path.get(..=dot));
    covered.contains(path) || objects.any(|object| covered.contains(object))
}

/// A concrete path of this root: names and instance numbers, no wildcards, no aliases.
pub fn valid_path(root: Root, path: &str) -> bool {
    path.starts_with(root.path())
        && Path::parse(path)
            .is_ok_and(|path| path.is_concrete() && path.segments().len() <= MAX_LEVELS)
}

/// The number of the instance at `path`, if it is one.
pub fn number(path: &str) -> Option<u32> {
    let last = path.strip_suffix('.')?.rsplit('.').next()?;
    instance_number(last)
}

fn instance(path: &str) -> bool {
    number(path).is_some()
}

/// `path` with `{i}` for each number.
fn pattern(path: &str) -> String {
    let general = |segment| match instance_number(segment) {
        Some(_) => "{i}",
        None => segment,
    };
    path.split('.').map(general).collect::<Vec<_>>().join(".")
}

/// A path that `pattern` stands for.
fn sample(pattern: &str) -> String {
    let number = |segment| if segment == "{i}" { "1" } else { segment };
    pattern.split('.').map(number).collect::<Vec<_>>().join(".")
}

fn parent(path: &str) -> Option<&str> {
    let end = path.strip_suffix('.').unwrap_or(path).rfind('.')?;
    path.get(..=end)
}

/// Whether what follows an object's path is one level: `Name`, `Name.` or `1.`.
fn is_child(rest: &str) -> bool {
    !rest.is_empty() && !rest.strip_suffix('.').unwrap_or(rest).contains('.')
}

#[cfg(test)]
mod tests;
