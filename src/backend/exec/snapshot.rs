//! What the program answered, checked and ordered, for reading from memory.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::datamodel::order::order;
use crate::datamodel::path::{Path, instance_number};
use crate::datamodel::{Code, Depth, Fault, Info, Kind, Node, Root, Value};
use crate::wire::data::Sorted;

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
    covered: BTreeSet<String>,
    nodes: Nodes,
    /// What new instances hold, by paths with `{i}`.
    templates: Nodes,
    /// The numbers of the tables' next instances, by the tables' paths, also those with `{i}`.
    next: Sorted<u32>,
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
            nodes: Vec::new(),
            templates: Vec::new(),
            next: Sorted::default(),
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
        let below = self.nodes.get(place(&self.nodes, at)..);
        let below = below.unwrap_or_default();
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
        let index = place(&self.nodes, name);
        if let Some((path, Entry::Parameter { info, value })) = self.nodes.get_mut(index)
            && path == name
            && !info.hidden
        {
            *value = Some(text.to_owned());
        }
    }

    /// Whether the program has said what the number of the next instance of `table` is.
    pub fn has_next(&self, table: &str) -> bool {
        self.next.get(table).is_some()
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
        let first = place(&self.templates, &template);
        for (path, entry) in self.templates.iter().skip(first) {
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
        sort(&mut nodes);
        let at = place(&self.nodes, &instance);
        self.nodes.splice(at..at, nodes);
        for (table, first) in tables {
            self.next.insert(table, first);
        }
        self.next.insert(table.to_owned(), number + 1);
        Ok(number)
    }

    fn get(&self, at: &str) -> Option<&Entry> {
        find(&self.nodes, at).map(|(_, entry)| entry)
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

/// By path, in the model's order.
type Nodes = Vec<(String, Entry)>;

fn sort(nodes: &mut Nodes) {
    nodes.sort_by(|(a, _), (b, _)| order(a, b));
}

/// Where `path` is, or would be.
fn place(nodes: &[(String, Entry)], path: &str) -> usize {
    nodes.partition_point(|(other, _)| order(other, path) == Ordering::Less)
}

fn find<'a>(nodes: &'a [(String, Entry)], path: &str) -> Option<&'a (String, Entry)> {
    let there = nodes.get(place(nodes, path));
    there.filter(|(other, _)| other == path)
}

struct Build<'a> {
    root: Root,
    covered: BTreeSet<String>,
    /// The same with `{i}` for each number.
    patterns: BTreeSet<String>,
    nodes: Nodes,
    templates: Nodes,
    next: Sorted<u32>,
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
        nodes.push((path, entry));
    }

    /// Objects that are only implied by what lies in them, and tables by their instances.
    fn finish(mut self) -> Result<Snapshot, Fault> {
        for list in [&mut self.nodes, &mut self.templates] {
            sort(list);
            list.dedup_by(|(path, _), (before, _)| {
                let twice = path == before;
                if twice {
                    (self.complain)(path, "listed twice");
                }
                twice
            });
        }
        let (mut implied, mut tables) = (BTreeSet::new(), BTreeSet::new());
        if covers(&self.covered, self.root.path()) {
            implied.insert(self.root.path().to_owned());
        }
        for (path, _) in &self.nodes {
            let mut inner = path.as_str();
            while let Some(outer) = parent(inner).filter(|outer| covers(&self.covered, outer)) {
                if instance(inner) && !instance(outer) {
                    tables.insert(outer.to_owned());
                }
                implied.insert(outer.to_owned());
                inner = outer;
            }
            if self.nodes.len() + self.templates.len() + implied.len() > MAX_NODES {
                return Err(Fault::new(
                    Code::RESOURCES_EXCEEDED,
                    "the program listed too much",
                ));
            }
        }
        let mut nodes = self.nodes;
        let known = nodes.len();
        for path in implied {
            // A table may also hold parameters; being a table wins.
            let table = tables.contains(&path);
            let listed = nodes.get_mut(..known).unwrap_or_default();
            let at = place(listed, &path);
            match listed.get_mut(at).filter(|(there, _)| *there == path) {
                Some((_, Entry::Object { kind, .. })) if table => *kind = Kind::Table,
                Some(_) => {}
                None => {
                    let kind = match instance(&path) {
                        true => Kind::Instance,
                        false if table => Kind::Table,
                        false => Kind::Object,
                    };
                    let writable = false;
                    nodes.push((path, Entry::Object { kind, writable }));
                }
            }
        }
        sort(&mut nodes);
        // One alias for two instances would lead to the wrong one: the first has it.
        let mut aliases = BTreeSet::new();
        for (path, entry) in &mut nodes {
            if let Entry::Parameter { value, .. } = entry
                && let Some(instance) = path.strip_suffix("Alias").filter(|path| instance(path))
                && let Some(table) = parent(instance)
                && let Some(alias) = value.as_deref().filter(|alias| !alias.is_empty())
                && !aliases.insert(format!("{table}[{alias}]"))
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
fn covers(covered: &BTreeSet<String>, path: &str) -> bool {
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
