//! What follows from the rest of a profile: statuses, counts, aliases.

use super::{Loader, check};
use crate::backend::profile::edit::{ALIAS, table_of};
use crate::backend::profile::format::Place;
use crate::backend::profile::template::{Driven, Node, Parameter, What};
use crate::datamodel::{Info, Type};
use std::sync::Arc;

impl Loader<'_> {
    /// Ties what follows a boolean to it.
    pub(super) fn follow(&mut self) -> Result<(), String> {
        for (section, key, [driver, on, off], given) in std::mem::take(&mut self.followers) {
            let (file, place_key) = (self.file, key.as_str());
            let error = |why: String| {
                let (section, key) = (section.as_str(), place_key);
                Place { file, section, key }.error(format!("follows: {why}"))
            };
            let name = format!("{section}{key}");
            let (own, driving) = (
                self.defined(&name),
                self.defined(&format!("{section}{driver}")),
            );
            let Some((at, enabled)) = driving.filter(|(at, _)| self.is_boolean(*at)) else {
                return Err(error(format!(
                    "there is no boolean {driver} in this section"
                )));
            };
            let enabled = enabled == "true";
            let info = own.and_then(|(own, _)| Some(&self.parameters.get(own as usize)?.info));
            let [on, off] = [on, off].map(|value| match info {
                Some(info) => check(&name, info, &value),
                None => Ok(value),
            });
            let driven = Driven {
                name: key.clone(),
                on: on.map_err(&error)?,
                off: off.map_err(&error)?,
            };
            let value = driven
                .value(if enabled { "true" } else { "false" })
                .to_owned();
            let text = own.map(|(_, text)| text).unwrap_or_default();
            if given && !enabled && text == driven.on {
                return Err(error(format!(
                    "its value is {text:?} while {driver} is false"
                )));
            }
            if !given {
                self.generic.set(&mut self.texts, &name, &value);
            }
            if let Some(parameter) = self.parameters.get_mut(at as usize) {
                parameter.drives.push(driven);
            }
        }
        Ok(())
    }

    /// Number and default of a parameter that a section defines.
    fn defined(&self, name: &str) -> Option<(u32, &str)> {
        let node = self.generic.get(&self.texts, name)?;
        match node.what {
            What::Parameter(number) => Some((number, self.texts.get(node.value))),
            _ => None,
        }
    }

    fn is_boolean(&self, parameter: u32) -> bool {
        let parameter = self.parameters.get(parameter as usize);
        parameter.is_some_and(|parameter| parameter.info.ty == Type::Boolean)
    }

    /// Defines the parameters that count instances where no section does.
    pub(super) fn counters(&mut self) {
        let counted = |node: &Node| self.counter(node.what, self.texts.get(node.path));
        let names: Vec<String> = self.generic.0.iter().filter_map(counted).collect();
        for name in names {
            if self.generic.get(&self.texts, &name).is_some() {
                continue;
            }
            let info = Info {
                ty: Type::UnsignedInt,
                ..Info::default()
            };
            let what = self.parameter(Parameter {
                info: Arc::new(info),
                computed: None,
                drives: Vec::new(),
            });
            let (path, value) = (self.texts.keep(&name), self.texts.keep("0"));
            self.put(Node { path, value, what });
        }
    }

    /// The parameter that counts the instances of what is at `path`, if that is a table that has one.
    fn counter(&self, what: What, path: &str) -> Option<String> {
        let What::Table(number) = what else {
            return None;
        };
        let count = self.tables.get(number as usize)?.count.as_ref()?;
        Some(format!("{}{count}", table_of(path)?))
    }

    /// Fills in what follows from the rest: counts and aliases.
    pub(super) fn finish(&mut self) {
        let mut values = Vec::new();
        for (at, node) in self.nodes.0.iter().enumerate() {
            let path = self.texts.get(node.path);
            if let Some(counter) = self.counter(node.what, path) {
                let below = at..self.nodes.end(&self.texts, at, path);
                let below = self.nodes.0.get(below).unwrap_or_default().iter();
                let instances = below.filter(|node| {
                    let is_instance = matches!(node.what, What::Instance(_));
                    is_instance && table_of(self.texts.get(node.path)) == Some(path)
                });
                values.push((counter, instances.count().to_string()));
            }
            if let What::Instance(_) = node.what {
                let number = path.rsplit('.').nth(1).unwrap_or_default();
                let alias = format!("{path}{ALIAS}");
                let node = self.nodes.get(&self.texts, &alias);
                if node.is_some_and(|node| self.texts.get(node.value).is_empty()) {
                    values.push((alias, format!("cpe-{number}")));
                }
            }
        }
        for (path, value) in values {
            self.nodes.set(&mut self.texts, &path, &value);
        }
    }
}
