//! An object of the data model made of a table.

use std::time::Instant;

use super::items::{
    ALIAS, Item, Shape, alias_taken, count, free_alias, insert, numbers, value_mut,
};
use super::spec::Spec;
use crate::agent::config::Config;
use crate::datamodel::{
    Applied, Code, DataModel, Depth, Fault, Kind, Node, ParameterFault, Progress, Root, Value,
};
use crate::wire::data::Sorted;

/// An object that the daemon owns, with everything below it.
pub struct Own {
    root: Root,
    prefix: String,
    table: &'static [Spec],
    items: Vec<Item>,
    /// The same as the open transaction leaves it.
    staged: Option<Vec<Item>>,
    /// Numbers of the instances that the open transaction made.
    added: Vec<u32>,
    /// The highest instance number that was ever given, by table name: none is given twice.
    highest: Sorted<u32>,
    changes: Vec<Change>,
}

/// A value the ACS (or the command line) has set and the configuration file must learn.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// UCI section: `acs`, or `inform_parameter:3` for the section that is instance 3.
    pub section: String,
    /// UCI option; empty: the instance is gone, and with it the section.
    pub option: &'static str,
    /// New value. May be a secret: there is no `Debug`.
    pub value: String,
}

impl Own {
    /// The object `name` (with its dot) right below `root`, with empty values and no instances.
    pub(super) fn new(root: Root, name: &str, table: &'static [Spec]) -> Self {
        let prefix = format!("{}{name}", root.path());
        let mut items = vec![Item::object(prefix.clone())];
        let known = |spec: &&'static Spec| root == Root::Device || !spec.tr181_only;
        for spec in table.iter().filter(known) {
            let plain = spec.name.split("{i}").next().unwrap_or_default();
            for (dot, _) in plain.match_indices('.') {
                let path = format!("{prefix}{}", plain.get(..=dot).unwrap_or_default());
                if !items.iter().any(|item| item.path == path) {
                    items.push(Item::object(path));
                }
            }
            let path = format!("{prefix}{plain}");
            if !spec.name.contains("{i}") {
                items.push(Item::parameter(path, spec, None));
            } else if spec.is_table()
                && let Some(item) = items.iter_mut().find(|item| item.path == path)
            {
                (item.spec, item.shape) = (Some(spec), Shape::Object(Kind::Table));
            }
        }
        count(&mut items, &prefix);
        Own {
            root,
            prefix,
            table,
            items,
            staged: None,
            added: Vec::new(),
            highest: Sorted::default(),
            changes: Vec::new(),
        }
    }

    /// The path of the object, with its dot.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Puts a value from the daemon's side (configuration, state, network). Unknown names are ignored: TR-098 lacks some.
    pub fn put(&mut self, name: &str, value: impl Into<String>) {
        self.put_as(name, value.into(), false);
    }

    /// The same with a value that stands before the one in the parameter's option, until that is set.
    pub fn put_from_elsewhere(&mut self, name: &str, value: impl Into<String>) {
        self.put_as(name, value.into(), true);
    }

    fn put_as(&mut self, name: &str, new: String, from_elsewhere: bool) {
        let path = format!("{}{name}", self.prefix);
        // A transaction may be open meanwhile; it must not bring the old value back.
        for items in [Some(&mut self.items), self.staged.as_mut()]
            .into_iter()
            .flatten()
        {
            let Some(item) = items.iter_mut().find(|item| item.path == path) else {
                continue;
            };
            item.from_elsewhere = from_elsewhere;
            if let Shape::Parameter { value, .. } = &mut item.shape {
                value.clone_from(&new);
            }
        }
    }

    /// The value of `name`, hidden ones too; empty when unknown.
    pub fn get(&self, name: &str) -> &str {
        let below = |item: &&Item| item.path.strip_prefix(&self.prefix) == Some(name);
        match self.items.iter().find(below).map(|item| &item.shape) {
            Some(Shape::Parameter { value, .. }) => value,
            _ => "",
        }
    }

    /// Makes the instances of `table` these, from the daemon's side, with the values that [`Own::put`] gives them.
    pub fn put_instances(&mut self, table: &str, numbers: impl IntoIterator<Item = u32>) {
        let path = format!("{}{table}", self.prefix);
        let instance = |item: &Item| item.number.is_some() && item.path.starts_with(&path);
        self.items.retain(|item| !instance(item));
        for number in numbers {
            insert(&mut self.items, self.table, &self.prefix, &path, number);
            self.reserve(table, number);
        }
        count(&mut self.items, &self.prefix);
    }

    /// The highest number that an instance ever had, by table: to be kept for [`Own::reserve`].
    pub fn highest(&self) -> &Sorted<u32> {
        &self.highest
    }

    /// Numbers up to this one have been given before.
    pub fn reserve(&mut self, table: &str, number: u32) {
        if self
            .highest
            .get(table)
            .is_none_or(|highest| *highest < number)
        {
            self.highest.insert(table.to_owned(), number);
        }
    }

    /// What was committed since the last call and must go to the configuration file.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Whether the open transaction changes something here.
    pub fn has_staged(&self) -> bool {
        let same = |(a, b): (&Item, &Item)| {
            a.path == b.path && a.value() == b.value() && a.from_elsewhere == b.from_elsewhere
        };
        self.staged.as_ref().is_some_and(|staged| {
            staged.len() != self.items.len() || !staged.iter().zip(&self.items).all(same)
        })
    }

    /// What a reader sees: inside a transaction, what it has staged.
    fn shown(&self) -> &[Item] {
        self.staged.as_deref().unwrap_or(&self.items)
    }

    /// What only the parameter's own line or the configuration file can say against a value.
    fn check(&self, item: &Item, spec: &Spec, value: &str) -> Result<(), Fault> {
        let mut checked = spec.check.map_or(Ok(()), |check| check(self.root, value));
        // What the configuration could not hold is refused while it still can be told apart (SV-02).
        if checked.is_ok()
            && let Some((section, option)) = item.home()
        {
            checked = Config::default()
                .set(&section, option, value)
                .map_err(|_| "not a value that can be kept".to_owned());
        }
        checked.map_err(|reason| Self::refuse(Code::INVALID_PARAMETER_VALUE, &item.path, &reason))
    }

    fn refuse(code: Code, name: &str, reason: &str) -> Fault {
        Fault::new(code, format!("{name}: {reason}"))
    }
}

impl DataModel for Own {
    fn root(&self) -> Root {
        self.root
    }

    fn visit(
        &self,
        at: &str,
        depth: Depth,
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        let items = self.shown();
        let Some(start) = items.iter().find(|item| item.path == at) else {
            return Err(Fault::invalid_name(at));
        };
        if depth == Depth::All {
            start.show(visitor);
        }
        if !at.ends_with('.') {
            return match depth {
                Depth::All => Ok(()),
                Depth::NextLevel => Err(Fault::arguments(format!(
                    "NextLevel is true but {at:?} is a parameter"
                ))),
            };
        }
        for item in items {
            let Some(below) = item.path.strip_prefix(at).filter(|below| !below.is_empty()) else {
                continue;
            };
            let next = !below.trim_end_matches('.').contains('.');
            if depth == Depth::All || next {
                item.show(visitor);
            }
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.staged = None;
        self.added.clear();
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        let items = self.shown();
        let item = items
            .iter()
            .find(|item| item.path == name)
            .ok_or_else(|| Fault::invalid_name(name))?;
        let (Some(spec), Shape::Parameter { info, .. }) = (item.spec, &item.shape) else {
            return Err(Fault::invalid_name(name));
        };
        if !info.writable() {
            return Err(Self::refuse(Code::NOT_WRITABLE, name, "read only"));
        }
        self.check(item, spec, value.text())?;
        let items = self.staged.get_or_insert_with(|| self.items.clone());
        if let Some(item) = items.iter_mut().find(|item| item.path == name)
            && let Shape::Parameter { value: place, .. } = &mut item.shape
        {
            item.from_elsewhere = false;
            value.text().clone_into(place);
        }
        Ok(())
    }

    fn add(&mut self, table: &str, alias: Option<&str>) -> Result<Option<u32>, Fault> {
        let known = self.shown().iter().find(|item| item.path == table);
        let spec = match known {
            Some(Item {
                spec: Some(spec),
                shape: Shape::Object(Kind::Table),
                ..
            }) if spec.writable => *spec,
            _ => return Err(Fault::invalid_name(table)),
        };
        let entries = numbers(self.shown(), table).count() as u64;
        if spec.max.is_some_and(|max| entries >= max) {
            return Err(Self::refuse(
                Code::RESOURCES_EXCEEDED,
                table,
                &format!("{entries} instances are the most"),
            ));
        }
        let name = table
            .strip_prefix(&self.prefix)
            .unwrap_or_default()
            .to_owned();
        let highest = self.highest.get(&name).copied().unwrap_or(0);
        let number = highest.checked_add(1).ok_or_else(|| {
            Self::refuse(
                Code::RESOURCES_EXCEEDED,
                table,
                "no instance number is left",
            )
        })?;
        // Given away even if the transaction is aborted: an ACS may have seen it.
        self.reserve(&name, number);
        let items = self.staged.get_or_insert_with(|| self.items.clone());
        insert(items, self.table, &self.prefix, table, number);
        count(items, &self.prefix);
        let path = format!("{table}{number}.Alias");
        let alias = match alias {
            Some(alias) if alias_taken(items, &path, alias) => {
                return Err(Fault::invalid_name(&format!("{table}[{alias}].")));
            }
            Some(alias) => alias.to_owned(),
            None => free_alias(items, &path, number),
        };
        if let Some(item) = self.shown().iter().find(|item| item.path == path)
            && let Some(spec) = item.spec
        {
            let good = Value::parse(&path, &spec.info(), None, &alias);
            // AL-04
            good.and_then(|value| self.check(item, spec, value.text()))
                .map_err(|_| Fault::invalid_name(&format!("{table}[{alias}].")))?;
        }
        if let Some(value) = self
            .staged
            .as_mut()
            .and_then(|items| value_mut(items, &path))
        {
            *value = alias;
        }
        self.added.push(number);
        Ok(Some(number))
    }

    fn delete(&mut self, instance: &str) -> Result<(), Fault> {
        let item = self.shown().iter().find(|item| item.path == instance);
        let deletable = item.is_some_and(|item| {
            matches!(item.shape, Shape::Object(Kind::Instance))
                && item.spec.is_some_and(|spec| spec.writable)
        });
        if !deletable {
            return Err(Fault::invalid_name(instance));
        }
        let items = self.staged.get_or_insert_with(|| self.items.clone());
        items.retain(|item| !item.path.starts_with(instance));
        count(items, &self.prefix);
        Ok(())
    }

    /// Aliases, which may change places (SV-04, AL-03). Those that the transaction does not touch are not to blame.
    fn check(&self) -> Result<(), Fault> {
        let staged = self.staged.as_deref().unwrap_or_default();
        let clashes = staged.iter().filter(|item| {
            let before = self.items.iter().find(|before| before.path == item.path);
            item.path.ends_with(ALIAS)
                && item.value() != before.and_then(Item::value)
                && item
                    .value()
                    .is_some_and(|alias| alias_taken(staged, &item.path, alias))
        });
        let clashes: Vec<ParameterFault> = clashes
            .map(|item| ParameterFault {
                name: item.path.clone(),
                code: Code::INVALID_PARAMETER_VALUE,
                text: format!("{}: another instance has this alias", item.path),
            })
            .collect();
        match clashes.is_empty() {
            true => Ok(()),
            false => Err(Fault::of_parameters(clashes)),
        }
    }

    fn commit(&mut self, _now: Instant) -> Result<Progress<Applied>, Fault> {
        let mut applied = Applied {
            later: false,
            instances: std::mem::take(&mut self.added),
        };
        let Some(staged) = self.staged.take() else {
            return Ok(Progress::Ready(applied));
        };
        let old = std::mem::replace(&mut self.items, staged);
        let mut by_path: Vec<&Item> = old.iter().collect();
        by_path.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        let before = |item: &Item| {
            let at = by_path.partition_point(|before| before.path < item.path);
            by_path
                .get(at)
                .copied()
                .filter(|before| before.path == item.path)
        };
        let differs = |item: &Item| before(item).and_then(Item::value) != item.value();
        // All of a row goes along: somebody may have taken its section out of the file.
        let rows = self.items.iter().filter(|item| item.number.is_some());
        let rows = rows.filter(|item| differs(item)).filter_map(Item::home);
        let rows: Vec<String> = rows.map(|(section, _)| section).collect();
        for item in &self.items {
            let (Some(value), Some((section, option))) = (item.value(), item.home()) else {
                continue;
            };
            // SV-19: the same value again is no change, unless the option has another one.
            let settles = before(item).is_some_and(|b| b.from_elsewhere) && !item.from_elsewhere;
            applied.later |= differs(item) && item.spec.is_some_and(|spec| spec.later);
            if differs(item) || settles || rows.contains(&section) {
                self.changes.push(Change {
                    section,
                    option,
                    value: value.clone(),
                });
            }
        }
        for gone in &old {
            if let (Shape::Object(Kind::Instance), Some((section, option))) =
                (&gone.shape, gone.home())
                && !self.items.iter().any(|item| item.path == gone.path)
            {
                self.changes.push(Change {
                    section,
                    option,
                    value: String::new(),
                });
            }
        }
        Ok(Progress::Ready(applied))
    }

    fn abort(&mut self) {
        self.begin();
    }
}
