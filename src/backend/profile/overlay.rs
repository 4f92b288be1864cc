//! What one CPE has different from its template: values, added instances, removed ones.

use super::template::{Entry, Template, What};
use crate::datamodel::order::order;
use crate::wire::data::Sorted;
use std::ops::Range;

/// The differences, and how to take back the latest of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Overlay {
    /// Sorted by [`order`].
    changes: Vec<Change>,
    /// The number that the next instance of a table gets, where it is not one above the template's highest.
    next: Sorted<u32>,
    /// What was done since [`Overlay::begin`], if there is a transaction. A large device does not pay for its size.
    journal: Option<Vec<Undo>>,
}

/// How one step is taken back.
#[derive(Debug, PartialEq, Eq)]
enum Undo {
    /// The change at this path was this one, or there was none.
    Put(Box<str>, Option<How>),
    /// This instance was not there.
    Insert(Box<str>),
    /// These were the changes in this instance, and the next numbers of the tables in it.
    Remove(Box<str>, Vec<Change>, Vec<(String, u32)>),
    /// This was the number of a table's next instance.
    Next(String, Option<u32>),
}

#[derive(Debug, PartialEq, Eq)]
struct Change {
    path: Box<str>,
    how: How,
}

#[derive(Debug, PartialEq, Eq)]
enum How {
    /// A template's parameter has another value.
    Value(Box<str>),
    /// A node that the template does not have, with its value.
    Added(What, Box<str>),
    /// A template's instance is gone, with everything below it.
    Removed,
}

impl Overlay {
    /// From here on every step can be taken back.
    pub fn begin(&mut self) {
        self.journal = Some(Vec::new());
    }

    /// What was done since [`Overlay::begin`] is done for good.
    pub fn keep(&mut self) {
        self.journal = None;
    }

    /// Takes back what was done since [`Overlay::begin`].
    pub fn undo(&mut self) {
        for step in self.journal.take().into_iter().flatten().rev() {
            match step {
                Undo::Put(path, how) => match (self.find(&path), how) {
                    (Ok(at), Some(old)) => {
                        if let Some(change) = self.changes.get_mut(at) {
                            change.how = old;
                        }
                    }
                    (Ok(at), None) => drop(self.changes.remove(at)),
                    (Err(at), Some(how)) => self.changes.insert(at, Change { path, how }),
                    (Err(_), None) => {}
                },
                Undo::Insert(instance) => {
                    let below = self.below(&instance);
                    self.changes.drain(below);
                }
                Undo::Remove(instance, changes, next) => {
                    let below = self.below(&instance);
                    self.changes.splice(below, changes);
                    for (table, next) in next {
                        self.next.insert(table, next);
                    }
                }
                Undo::Next(table, Some(next)) => self.next.insert(table, next),
                Undo::Next(table, None) => self.next.remove(&table),
            }
        }
    }

    fn log(&mut self, step: impl FnOnce() -> Undo) {
        if let Some(journal) = &mut self.journal {
            journal.push(step());
        }
    }

    /// The numbers that the next instances get, by table.
    pub fn next(&self) -> &Sorted<u32> {
        &self.next
    }

    /// The next instance of `table` gets `number` at least.
    pub fn raise_next(&mut self, table: &str, number: u32) {
        let old = self.next.get(table).copied();
        if old.is_none_or(|old| old < number) {
            self.next.insert(table.to_owned(), number);
            self.log(|| Undo::Next(table.to_owned(), old));
        }
    }

    fn find(&self, path: &str) -> Result<usize, usize> {
        self.changes
            .binary_search_by(|change| order(&change.path, path))
    }

    /// The changes at and below `prefix`.
    fn below(&self, prefix: &str) -> Range<usize> {
        let from = self.find(prefix).unwrap_or_else(|at| at);
        let rest = self.changes.get(from..).unwrap_or_default();
        from..from + rest.partition_point(|change| change.path.starts_with(prefix))
    }

    /// What differs at `path`: a change there, or the removal of an instance around it.
    fn change(&self, path: &str) -> Option<&How> {
        // Nothing else is changed in an instance that was removed: its removal comes right before.
        let (at, around) = match self.find(path) {
            Ok(at) => (at, false),
            Err(at) => (at.checked_sub(1)?, true),
        };
        let Change { path: changed, how } = self.changes.get(at)?;
        let applies = !around || *how == How::Removed && path.starts_with(&**changed);
        applies.then_some(how)
    }

    fn is_removed(&self, path: &str) -> bool {
        self.change(path) == Some(&How::Removed)
    }

    /// The node of exactly that path.
    pub fn get<'a>(&'a self, template: &'a Template, path: &'a str) -> Option<Entry<'a>> {
        let (what, value) = self.look(template, path)?;
        Some(Entry { path, what, value })
    }

    /// The value of the parameter of exactly that path.
    pub fn value<'a>(&'a self, template: &'a Template, path: &str) -> Option<&'a str> {
        self.look(template, path).map(|(_, value)| value)
    }

    fn look<'a>(&'a self, template: &'a Template, path: &str) -> Option<(What, &'a str)> {
        match self.change(path) {
            Some(How::Added(what, value)) => Some((*what, value)),
            Some(How::Removed) => None,
            Some(How::Value(value)) => Some((template.get(path)?.what, value)),
            None => template.get(path).map(|entry| (entry.what, entry.value)),
        }
    }

    /// All nodes at and below `prefix` (an object's path with its dot, or empty), parents first.
    pub fn scan<'a>(
        &'a self,
        template: &'a Template,
        prefix: &str,
        visitor: &mut dyn FnMut(Entry<'a>),
    ) {
        if self.is_removed(prefix) {
            return;
        }
        let Range { start: mut at, end } = template.range(prefix);
        for change in self.changes.get(self.below(prefix)).unwrap_or_default() {
            let until = template.seek(at, end, &change.path);
            template.entries(at, until).for_each(&mut *visitor);
            at = until;
            match &change.how {
                How::Added(what, value) => {
                    let (path, what) = (&*change.path, *what);
                    visitor(Entry { path, what, value });
                }
                How::Value(value) => {
                    let entry = template.entries(at, at + 1).next();
                    if let Some(entry) = entry.filter(|entry| *entry.path == *change.path) {
                        visitor(Entry { value, ..entry });
                        at += 1;
                    }
                }
                How::Removed => at = template.end(at, &change.path),
            }
        }
        template.entries(at, end).for_each(visitor);
    }

    /// The nodes one level below the object `prefix`, in order. What lies deeper is jumped over.
    pub fn children<'a>(
        &'a self,
        template: &'a Template,
        prefix: &str,
        visitor: &mut dyn FnMut(Entry<'a>),
    ) {
        if self.is_removed(prefix) {
            return;
        }
        let Range { start: mut at, end } = template.range(prefix);
        let mut changes = self.changes.get(self.below(prefix)).unwrap_or_default();
        loop {
            let node = template.entries(at, end).next();
            let change = changes.first();
            let path = match (node, change) {
                (Some(node), Some(change)) if order(node.path, &change.path).is_gt() => {
                    &*change.path
                }
                (Some(node), _) => node.path,
                (None, Some(change)) => &*change.path,
                (None, None) => return,
            };
            let change = change.filter(|change| *change.path == *path);
            let entry = match change.map(|change| &change.how) {
                Some(How::Added(what, value)) => Some(Entry {
                    path,
                    what: *what,
                    value,
                }),
                Some(How::Value(value)) => node.map(|node| Entry { value, ..node }),
                Some(How::Removed) => None,
                None => node,
            };
            if path.len() == prefix.len() {
                // The object itself.
                at += usize::from(node.is_some_and(|node| node.path == path));
                changes = changes
                    .get(usize::from(change.is_some())..)
                    .unwrap_or_default();
                continue;
            }
            entry.into_iter().for_each(&mut *visitor);
            // A parameter has nothing below it, but others may begin with its name.
            let within =
                |other: &str| other == path || (path.ends_with('.') && other.starts_with(path));
            if node.is_some_and(|node| within(node.path)) {
                at = match path.ends_with('.') {
                    true => template.end(at, path),
                    false => at + 1,
                };
            }
            let below = changes.partition_point(|change| within(&change.path));
            changes = changes.get(below..).unwrap_or_default();
        }
    }

    /// Gives a parameter that exists another value.
    pub fn put(&mut self, template: &Template, path: &str, value: &str) {
        let same = template.get(path).is_some_and(|entry| entry.value == value);
        let old = match self.find(path) {
            Ok(at) => match self.changes.get_mut(at).map(|change| &mut change.how) {
                Some(How::Value(_)) if same => Some(self.changes.remove(at).how),
                Some(how) => {
                    let new = match how {
                        How::Added(what, _) => How::Added(*what, value.into()),
                        How::Value(_) => How::Value(value.into()),
                        How::Removed => return,
                    };
                    Some(std::mem::replace(how, new))
                }
                None => return,
            },
            Err(_) if same => return,
            Err(at) => {
                let (path, how) = (path.into(), How::Value(value.into()));
                self.changes.insert(at, Change { path, how });
                None
            }
        };
        self.log(|| Undo::Put(path.into(), old));
    }

    /// Adds an instance that never was there, with all its members and their defaults.
    pub fn insert_instance(&mut self, template: &Template, instance: &str, table: u32) {
        let Some(definition) = template.table(table) else {
            return;
        };
        let change = |path: String, what, value: &str| Change {
            path: path.into(),
            how: How::Added(what, value.into()),
        };
        let at = self.find(instance).unwrap_or_else(|at| at);
        let head = change(instance.to_owned(), What::Instance(table), "");
        let members = template.members(definition);
        let members = members.map(|m| change(format!("{instance}{}", m.path), m.what, m.value));
        self.changes
            .splice(at..at, std::iter::once(head).chain(members));
        self.log(|| Undo::Insert(instance.into()));
    }

    /// Takes an instance away, with everything below it.
    pub fn remove_instance(&mut self, template: &Template, instance: &str) {
        let mark = template.get(instance).map(|_| Change {
            path: instance.into(),
            how: How::Removed,
        });
        let below = self.below(instance);
        let changes: Vec<Change> = self.changes.splice(below, mark).collect();
        let mut next = Vec::new();
        self.next.retain_below(instance, &mut |table, number| {
            next.push((table.to_owned(), *number));
            false
        });
        self.log(|| Undo::Remove(instance.into(), changes, next));
    }

    /// Instances that the template has and this CPE has not.
    pub fn removed(&self) -> impl Iterator<Item = &str> {
        let removed = self
            .changes
            .iter()
            .filter(|change| change.how == How::Removed);
        removed.map(|change| &*change.path)
    }

    /// Instances that this CPE has and the template has not, parents first.
    pub fn added(&self) -> impl Iterator<Item = &str> {
        self.changes.iter().filter_map(|change| match change.how {
            How::Added(What::Instance(_), _) => Some(&*change.path),
            _ => None,
        })
    }

    /// Values that differ from the template's, and all values of added instances.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.changes.iter().filter_map(|change| match &change.how {
            How::Value(value) | How::Added(What::Parameter(_), value) => {
                Some((&*change.path, &**value))
            }
            _ => None,
        })
    }
}
