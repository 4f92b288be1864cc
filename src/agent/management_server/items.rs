//! The nodes that a table stands for, in the order in which a reader sees them.

use super::spec::{Home, Spec};
use crate::datamodel::{Info, Kind, Node};

/// What the path of an instance's alias ends with.
pub(super) const ALIAS: &str = ".Alias";

/// One node; parents come before their children.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) path: String,
    /// `None` for a plain object.
    pub(super) spec: Option<&'static Spec>,
    /// The instance that it is or that it belongs to.
    pub(super) number: Option<u32>,
    pub(super) shape: Shape,
    /// The value is not the one of the parameter's own option: to set it is a change even if it stays the same.
    pub(super) from_elsewhere: bool,
}

#[derive(Clone)]
pub(super) enum Shape {
    Object(Kind),
    Parameter { info: Info, value: String },
}

impl Item {
    pub(super) fn object(path: String) -> Self {
        Item {
            path,
            spec: None,
            number: None,
            shape: Shape::Object(Kind::Object),
            from_elsewhere: false,
        }
    }

    pub(super) fn parameter(path: String, spec: &'static Spec, number: Option<u32>) -> Self {
        Item {
            path,
            spec: Some(spec),
            number,
            shape: Shape::Parameter {
                info: spec.info(),
                value: spec.default.to_owned(),
            },
            from_elsewhere: false,
        }
    }

    pub(super) fn show(&self, visitor: &mut dyn FnMut(Node<'_>)) {
        let path = &self.path;
        visitor(match &self.shape {
            Shape::Object(kind) => Node::Object {
                path,
                kind: *kind,
                writable: self.spec.is_some_and(|spec| spec.writable),
            },
            Shape::Parameter { info, value } => Node::Parameter {
                path,
                info,
                value: if info.hidden { "" } else { value },
            },
        });
    }

    /// The section and the option that hold it.
    pub(super) fn home(&self) -> Option<(String, &'static str)> {
        let Some(Home::Option(section, option)) = self.spec.map(|spec| spec.home) else {
            return None;
        };
        Some(match self.number {
            Some(number) => (format!("{section}:{number}"), option),
            None => (section.to_owned(), option),
        })
    }

    pub(super) fn value(&self) -> Option<&String> {
        match &self.shape {
            Shape::Parameter { value, .. } => Some(value),
            Shape::Object(_) => None,
        }
    }
}

pub(super) fn value_mut<'a>(items: &'a mut [Item], path: &str) -> Option<&'a mut String> {
    let item = items.iter_mut().find(|item| item.path == path)?;
    match &mut item.shape {
        Shape::Parameter { value, .. } => Some(value),
        Shape::Object(_) => None,
    }
}

/// The instances of the table at `path`.
pub(super) fn numbers<'a>(items: &'a [Item], path: &'a str) -> impl Iterator<Item = u32> + 'a {
    items
        .iter()
        .filter(move |item| {
            matches!(item.shape, Shape::Object(Kind::Instance)) && item.path.starts_with(path)
        })
        .filter_map(|item| item.number)
}

/// Puts an instance behind what its table has already.
pub(super) fn insert(
    items: &mut Vec<Item>,
    specs: &'static [Spec],
    prefix: &str,
    table: &str,
    number: u32,
) {
    let Some(last) = items.iter().rposition(|item| item.path.starts_with(table)) else {
        return; // this root model lacks the table
    };
    let instance = format!("{table}{number}.");
    let pattern = format!("{}{{i}}.", table.strip_prefix(prefix).unwrap_or_default());
    let new = specs.iter().filter_map(|spec| {
        let name = spec.name.strip_prefix(&pattern)?;
        if !name.is_empty() {
            return Some(Item::parameter(
                format!("{instance}{name}"),
                spec,
                Some(number),
            ));
        }
        Some(Item {
            path: instance.clone(),
            spec: Some(spec),
            number: Some(number),
            shape: Shape::Object(Kind::Instance),
            from_elsewhere: false,
        })
    });
    items.splice(last + 1..last + 1, new);
}

/// Computes every `…NumberOfEntries`.
pub(super) fn count(items: &mut [Item], prefix: &str) {
    for index in 0..items.len() {
        let home = items
            .get(index)
            .and_then(|item| item.spec)
            .map(|spec| spec.home);
        let Some(Home::Count(table)) = home else {
            continue;
        };
        let entries = numbers(items, &format!("{prefix}{table}"))
            .count()
            .to_string();
        if let Some(Shape::Parameter { value, .. }) =
            items.get_mut(index).map(|item| &mut item.shape)
        {
            *value = entries;
        }
    }
}

/// Whether an instance of the same table, other than the one that `name` belongs to, has that alias.
pub(super) fn alias_taken(items: &[Item], name: &str, alias: &str) -> bool {
    let table = |path: &str| path.rsplitn(3, '.').nth(2).map(str::to_owned);
    let wanted = table(name);
    items.iter().any(|item| {
        item.path != name
            && item.path.ends_with(ALIAS)
            && table(&item.path) == wanted
            && item.value().is_some_and(|value| value == alias)
    })
}

/// `cpe-N` for the alias at `name`, or `cpe-N-2` and so on where somebody took that.
pub(super) fn free_alias(items: &[Item], name: &str, number: u32) -> String {
    let mut alias = format!("cpe-{number}");
    let mut turn = 1;
    while alias_taken(items, name, &alias) {
        turn += 1;
        alias = format!("cpe-{number}-{turn}");
    }
    alias
}
