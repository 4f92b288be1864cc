//! How the paths that are sent name instances: by number or by alias (TR-069 3.6.1, Appendix II).
//!
//! Everything inside the daemon goes by number, whose meaning never changes; only what leaves is named here. What the ACS
//! asked for is named as it asked; below that, and where it asked with a wildcard, `InstanceMode` decides.

use super::path::{MAX_PATH, can_be_alias, instance_number};
use super::{DataModel, Depth, Node, find};

/// `ManagementServer.InstanceMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InstanceMode {
    /// `Device.NAT.PortMapping.1.`
    #[default]
    InstanceNumber,
    /// `Device.NAT.PortMapping.[web].`; by number where there is no alias.
    InstanceAlias,
}

impl InstanceMode {
    /// The value of the parameter.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            InstanceMode::InstanceNumber => "InstanceNumber",
            InstanceMode::InstanceAlias => "InstanceAlias",
        }
    }

    /// Reads such a value.
    #[must_use]
    pub fn parse(text: &str) -> Option<InstanceMode> {
        let both = [InstanceMode::InstanceNumber, InstanceMode::InstanceAlias];
        both.into_iter().find(|mode| mode.text() == text)
    }

    /// The mode that `model` is in: by number where it does not say.
    #[must_use]
    pub fn of(model: &dyn DataModel) -> InstanceMode {
        let name = format!("{}ManagementServer.InstanceMode", model.root().path());
        let found = find(model, &name).ok();
        found
            .and_then(|found| InstanceMode::parse(&found.value))
            .unwrap_or_default()
    }
}

/// The alias of `instance` (path with its dot), if it has one that can stand in a path.
#[must_use]
pub fn alias_of(model: &dyn DataModel, instance: &str) -> Option<String> {
    let name = format!("{instance}Alias");
    let mut alias = None;
    let visited = model.visit(&name, Depth::All, &mut |node| {
        if let Node::Parameter { value, .. } = node
            && can_be_alias(value)
        {
            alias = Some(value.to_owned());
        }
    });
    visited.ok().and(alias)
}

/// The parameters that name the instances in `path`: what [`Namer`] may look up for it.
pub fn aliases_in(path: &str) -> impl Iterator<Item = String> {
    let mut end = 0;
    path.split_inclusive('.').filter_map(move |segment| {
        end += segment.len();
        let instance = path.get(..end).filter(|_| is_instance(segment))?;
        Some(format!("{instance}Alias"))
    })
}

/// Names concrete paths as an answer does. Cheap for paths in a visit's order: the alias of each instance is looked up
/// once, and what is kept is one path.
pub struct Namer<'a> {
    model: &'a dyn DataModel,
    mode: InstanceMode,
    /// Every name is its path.
    same: bool,
    /// The last instance that was come through, and how it is named; behind that what the last name ended with.
    path: String,
    name: String,
    /// Lengths of the two at what was asked for, and at each instance below.
    stack: Vec<(usize, usize)>,
}

impl<'a> Namer<'a> {
    /// Names what nobody asked for (an Inform's parameters), until [`Namer::asked`] says otherwise.
    pub fn new(model: &'a dyn DataModel, mode: InstanceMode) -> Self {
        Namer {
            model,
            mode,
            same: mode == InstanceMode::InstanceNumber,
            path: String::new(),
            name: String::new(),
            stack: vec![(0, 0)],
        }
    }

    /// From now on, what lies at or below the concrete `path` was asked for as `asked`.
    pub fn asked(&mut self, path: &str, asked: &str) {
        path.clone_into(&mut self.path);
        asked.clone_into(&mut self.name);
        self.same = self.mode == InstanceMode::InstanceNumber && path == asked;
        self.stack.clear();
        self.stack.push((path.len(), asked.len()));
    }

    /// The name of `path`, which is concrete and at or below what was asked for.
    pub fn name<'n>(&'n mut self, path: &'n str) -> &'n str {
        if self.same {
            return path;
        }
        while self.stack.len() > 1 && !path.starts_with(&self.path) {
            self.stack.pop();
            let (path, _) = self.top();
            self.path.truncate(path);
        }
        let (mut known, end) = self.top();
        self.name.truncate(end);
        let Some(rest) = path.strip_prefix(self.path.as_str()) else {
            return path;
        };
        if self.mode == InstanceMode::InstanceNumber {
            self.name.push_str(rest);
            return &self.name;
        }
        let mut at = known;
        for segment in rest.split_inclusive('.') {
            let start = at;
            at += segment.len();
            if is_instance(segment) {
                let (between, instance) = (path.get(known..start), path.get(..at));
                self.name.push_str(between.unwrap_or_default());
                match alias_of(self.model, instance.unwrap_or_default()) {
                    Some(alias) => self.name.extend(["[", &alias, "]."]),
                    None => self.name.push_str(segment),
                }
                self.stack.push((at, self.name.len()));
                known = at;
            }
        }
        self.path
            .push_str(path.get(self.path.len()..known).unwrap_or_default());
        self.name.push_str(path.get(known..).unwrap_or_default());
        // Some aliases may be too long together for one path: numbers are not.
        if self.name.len() > MAX_PATH && self.name.chars().count() > MAX_PATH {
            let (path_end, name_end) = self.stack.first().copied().unwrap_or_default();
            self.stack.truncate(1);
            self.path.truncate(path_end);
            self.name.truncate(name_end);
            self.name.push_str(path.get(path_end..).unwrap_or_default());
        }
        &self.name
    }

    fn top(&self) -> (usize, usize) {
        self.stack.last().copied().unwrap_or_default()
    }
}

/// Whether a piece of a concrete path, with its dot, is an instance.
fn is_instance(segment: &str) -> bool {
    let number = segment.strip_suffix('.');
    number.and_then(instance_number).is_some()
}

#[cfg(test)]
mod tests;
