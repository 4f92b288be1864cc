//! What a profile says: immutable, shared by every CPE that runs it, and small: nodes lie flat, sorted by path, their
//! texts in one string, and parameters that are alike share what is known of them.

use crate::datamodel::order::order;
use crate::datamodel::{Info, Kind, Root};
use crate::wire::data::{Data, FromData, ToData, Wrong, one_of, word};
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// A device as its profile describes it. Made by [`Template::parse`].
#[derive(Debug)]
pub struct Template {
    pub(super) root: Root,
    pub(super) texts: Texts,
    pub(super) nodes: Nodes,
    pub(super) parameters: Vec<Parameter>,
    pub(super) tables: Vec<Table>,
}

/// Paths, names and values, one behind the other. What is used in several places is there once.
#[derive(Debug, Default)]
pub(super) struct Texts(String);

/// A piece of [`Texts`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    at: u32,
    len: u32,
}

impl Texts {
    /// Profiles are capped far below 4 GiB.
    pub fn keep(&mut self, text: &str) -> Span {
        let at = self.0.len() as u32;
        self.0.push_str(text);
        let len = text.len() as u32;
        Span { at, len }
    }

    /// Keeps one text behind another, as one.
    pub fn join(&mut self, head: &str, tail: Span) -> Span {
        let at = self.0.len() as u32;
        self.0.push_str(head);
        let tail = tail.at as usize..(tail.at + tail.len) as usize;
        if tail.end <= self.0.len() {
            self.0.extend_from_within(tail);
        }
        let len = self.0.len() as u32 - at;
        Span { at, len }
    }

    pub fn get(&self, span: Span) -> &str {
        let at = span.at as usize;
        self.0.get(at..at + span.len as usize).unwrap_or_default()
    }

    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }
}

impl Span {
    /// Its first bytes.
    pub fn to(self, len: usize) -> Span {
        let len = self.len.min(len as u32);
        Span { len, ..self }
    }

    /// What is left of it without its first bytes.
    pub fn from(self, skip: usize) -> Span {
        let skip = self.len.min(skip as u32);
        Span {
            at: self.at + skip,
            len: self.len - skip,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub path: Span,
    pub value: Span,
    pub what: What,
}

impl Node {
    pub fn entry(self, texts: &Texts) -> Entry<'_> {
        Entry {
            path: texts.get(self.path),
            what: self.what,
            value: texts.get(self.value),
        }
    }
}

/// Nodes sorted by [`order`].
#[derive(Debug, Default)]
pub(super) struct Nodes(pub Vec<Node>);

impl Nodes {
    /// The number of the first node that is not before `path`.
    pub fn position(&self, texts: &Texts, path: &str) -> usize {
        let before = |node: &Node| order(texts.get(node.path), path) == Ordering::Less;
        self.0.partition_point(before)
    }

    /// The node of exactly that path.
    pub fn get(&self, texts: &Texts, path: &str) -> Option<&Node> {
        let node = self.0.get(self.position(texts, path))?;
        (texts.get(node.path) == path).then_some(node)
    }

    /// Gives the node of exactly that path another value, if there is one.
    pub fn set(&mut self, texts: &mut Texts, path: &str, value: &str) {
        let at = self.position(texts, path);
        if let Some(node) = self.0.get_mut(at)
            && texts.get(node.path) == path
            && texts.get(node.value) != value
        {
            node.value = texts.keep(value);
        }
    }

    /// The numbers of the nodes at and below `prefix`: an object's path with its dot, or empty.
    pub fn below(&self, texts: &Texts, prefix: &str) -> Range<usize> {
        let from = self.position(texts, prefix);
        from..self.end(texts, from, prefix)
    }

    /// The number of the first node at or after `from` that does not start with `prefix`.
    pub fn end(&self, texts: &Texts, from: usize, prefix: &str) -> usize {
        let rest = self.0.get(from..).unwrap_or_default();
        from + rest.partition_point(|node| texts.get(node.path).starts_with(prefix))
    }
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
    pub info: Arc<Info>,
    /// Its value is not stored.
    pub computed: Option<Computed>,
    /// What its value says of others.
    pub drives: Vec<Driven>,
}

/// A value that is made when it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Computed {
    /// Seconds since the start, counted from the value in the profile.
    #[default]
    UpTime,
    /// The date and time now; the unknown time while no clock is set.
    Time,
}

impl Computed {
    const WORDS: [(&str, Computed); 2] = [("uptime", Computed::UpTime), ("time", Computed::Time)];
}

impl FromData for Computed {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        *self = one_of(&data, &Computed::WORDS)?;
        Ok(())
    }
}

impl ToData for Computed {
    fn data(&self) -> Data<'_> {
        word(self, &Computed::WORDS)
    }
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
    /// What each instance holds, by paths below the instance, with the values of a new one. Not the instances of nested
    /// tables.
    pub members: Nodes,
}

/// One node, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub path: &'a str,
    pub what: What,
    pub value: &'a str,
}

impl Template {
    /// The nodes from number `from` up to but not including `to`.
    pub(super) fn entries(&self, from: usize, to: usize) -> impl Iterator<Item = Entry<'_>> {
        let nodes = self.nodes.0.get(from..to).unwrap_or_default();
        nodes.iter().map(|node| node.entry(&self.texts))
    }

    /// The numbers of the nodes at and below `prefix`: an object's path with its dot, or empty.
    pub(super) fn range(&self, prefix: &str) -> Range<usize> {
        self.nodes.below(&self.texts, prefix)
    }

    /// The number of the first node from `from` up to but not including `to` that is not before `path`. Cheap when it is
    /// `from`.
    pub(super) fn seek(&self, from: usize, to: usize, path: &str) -> usize {
        let before = |node: &Node| order(self.texts.get(node.path), path) == Ordering::Less;
        let nodes = self.nodes.0.get(from..to).unwrap_or_default();
        match nodes.first() {
            Some(first) if before(first) => from + nodes.partition_point(before),
            _ => from,
        }
    }

    /// The number of the first node at or after `from` that does not start with `prefix`.
    pub(super) fn end(&self, from: usize, prefix: &str) -> usize {
        self.nodes.end(&self.texts, from, prefix)
    }

    /// The node of exactly that path.
    pub(super) fn get(&self, path: &str) -> Option<Entry<'_>> {
        let node = self.nodes.get(&self.texts, path)?;
        Some(node.entry(&self.texts))
    }

    /// What an instance of the table holds when it is new.
    pub(super) fn members<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = Entry<'a>> {
        let members = table.members.0.iter();
        members.map(|member| member.entry(&self.texts))
    }

    /// One of them.
    pub(super) fn member(&self, table: &Table, name: &str) -> Option<Entry<'_>> {
        let member = table.members.get(&self.texts, name)?;
        Some(member.entry(&self.texts))
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
