//! What a profile says: immutable, shared by every CPE that runs it. Nodes lie flat, sorted by path, their texts
//! in one string.

use crate::datamodel::order::order;
use crate::datamodel::{Info, Kind, Root};
use serde::Deserialize;
use std::cmp::Ordering;

/// A device as its profile describes it. Made by [`Template::parse`].
#[derive(Debug)]
pub struct Template {
    pub(super) root: Root,
    /// Paths and values of all nodes.
    texts: String,
    /// Sorted by [`order`].
    nodes: Vec<Node>,
    parameters: Vec<Parameter>,
    tables: Vec<Table>,
}

/// A piece of [`Template::texts`].
#[derive(Clone, Copy, Debug)]
struct Span {
    at: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    path: Span,
    value: Span,
    what: What,
}

/// What a path is; the numbers lead to [`Template::parameter`] and [`Template::table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Object,
    Table(u32),
    Instance(u32),
    Parameter(u32),
}

/// A parameter's definition, the same in all instances of a table.
#[derive(Debug)]
pub(super) struct Parameter {
    pub info: Info,
    /// Its value is not stored.
    pub computed: Option<Computed>,
    /// What its value says of others.
    pub drives: Vec<Driven>,
}

/// A value that is made when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Computed {
    /// Seconds since the start, counted from the value in the profile.
    UpTime,
    /// The date and time now; the unknown time while no clock is set.
    Time,
}

/// A parameter that takes one of two values when the boolean beside it changes: Status, by Enable.
#[derive(Debug)]
pub(super) struct Driven {
    /// Its name, in the same object.
    pub name: String,
    pub on: String,
    pub off: String,
}

impl Driven {
    pub fn value(&self, driver: &str) -> &str {
        if driver == "true" {
            &self.on
        } else {
            &self.off
        }
    }
}

/// A table's definition.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// AddObject and DeleteObject are allowed.
    pub writable: bool,
    pub max_entries: Option<u32>,
    /// The parameter beside the table that counts its instances.
    pub count: Option<String>,
    /// The member that says whether an instance is in force.
    pub enable: String,
    /// Sets of members that no two enabled instances may have in common.
    pub unique: Vec<Vec<String>>,
    /// What each instance holds, sorted by [`order`]. Not the instances of nested tables.
    pub members: Vec<Member>,
}

/// A parameter, object or table of every instance of a table.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Path below the instance.
    pub name: String,
    pub what: What,
    /// Value in a new instance.
    pub value: String,
}

impl Table {
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

/// One node, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub path: &'a str,
    pub what: What,
    pub value: &'a str,
}

impl Template {
    /// Packs nodes given as (path, what, value), in any order.
    pub(super) fn pack(
        root: Root,
        mut nodes: Vec<(String, What, String)>,
        parameters: Vec<Parameter>,
        tables: Vec<Table>,
    ) -> Template {
        nodes.sort_by(|a, b| order(&a.0, &b.0));
        let mut texts = String::new();
        let mut keep = |text: &str| {
            // Profiles are capped far below 4 GiB.
            let at = texts.len() as u32;
            texts.push_str(text);
            Span {
                at,
                len: text.len() as u32,
            }
        };
        let nodes = nodes.iter().map(|(path, what, value)| Node {
            path: keep(path),
            value: keep(value),
            what: *what,
        });
        let nodes = nodes.collect();
        texts.shrink_to_fit();
        Template {
            root,
            texts,
            nodes,
            parameters,
            tables,
        }
    }

    fn text(&self, span: Span) -> &str {
        let at = span.at as usize;
        self.texts
            .get(at..at + span.len as usize)
            .unwrap_or_default()
    }

    fn entry(&self, node: &Node) -> Entry<'_> {
        Entry {
            path: self.text(node.path),
            what: node.what,
            value: self.text(node.value),
        }
    }

    /// The nodes from number `from` up to but not including `to`.
    pub(super) fn entries(&self, from: usize, to: usize) -> impl Iterator<Item = Entry<'_>> {
        let nodes = self.nodes.get(from..to).unwrap_or_default();
        nodes.iter().map(|node| self.entry(node))
    }

    /// The numbers of the nodes at and below `prefix`: an object's path with its dot, or empty.
    pub(super) fn range(&self, prefix: &str) -> (usize, usize) {
        let from = self.position(prefix);
        (from, self.end(from, prefix))
    }

    /// The number of the first node that is not before `path`.
    fn position(&self, path: &str) -> usize {
        self.nodes
            .partition_point(|node| order(self.text(node.path), path) == Ordering::Less)
    }

    /// The same among the nodes from number `from` up to but not including `to`. Cheap when it is `from`.
    pub(super) fn seek(&self, from: usize, to: usize, path: &str) -> usize {
        let before = |node: &Node| order(self.text(node.path), path) == Ordering::Less;
        let nodes = self.nodes.get(from..to).unwrap_or_default();
        match nodes.first() {
            Some(first) if before(first) => from + nodes.partition_point(before),
            _ => from,
        }
    }

    /// The number of the first node at or after `from` that does not start with `prefix`.
    pub(super) fn end(&self, from: usize, prefix: &str) -> usize {
        let rest = self.nodes.get(from..).unwrap_or_default();
        from + rest.partition_point(|node| self.text(node.path).starts_with(prefix))
    }

    /// The node of exactly that path.
    pub(super) fn get(&self, path: &str) -> Option<Entry<'_>> {
        let node = self.nodes.get(self.position(path))?;
        let entry = self.entry(node);
        (entry.path == path).then_some(entry)
    }

    pub(super) fn parameter(&self, number: u32) -> Option<&Parameter> {
        self.parameters.get(number as usize)
    }

    pub(super) fn table(&self, number: u32) -> Option<&Table> {
        self.tables.get(number as usize)
    }

    /// Kind of an object and whether AddObject or DeleteObject is allowed; `None` for a parameter.
    pub(super) fn object(&self, what: What) -> Option<(Kind, bool)> {
        let writable = |number| self.table(number).is_some_and(|table| table.writable);
        match what {
            What::Object => Some((Kind::Object, false)),
            What::Table(number) => Some((Kind::Table, writable(number))),
            What::Instance(number) => Some((Kind::Instance, writable(number))),
            What::Parameter(_) => None,
        }
    }
}
