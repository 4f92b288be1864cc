//! What follows from the rest of a profile: statuses, counts, aliases.

use super::{Loader, Nodes, check};
use crate::backend::profile::edit::{ALIAS, table_of};
use crate::backend::profile::format::Place;
use crate::backend::profile::template::{Driven, Parameter, What};
use crate::datamodel::{Info, Type};

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
            if let Some((_, text)) = self.generic.get_mut(&name) {
                if !given {
                    *text = value;
                } else if !enabled && *text == driven.on {
                    return Err(error(format!(
                        "its value is {text:?} while {driver} is false"
                    )));
                }
            }
            if let Some(parameter) = self.parameters.get_mut(at as usize) {
                parameter.drives.push(driven);
            }
        }
        Ok(())
    }

    /// Number and default of a parameter that a section defines.
    fn defined(&self, name: &str) -> Option<(u32, &str)> {
        match self.generic.get(name)? {
            (What::Parameter(number), value) => Some((*number, value)),
            _ => None,
        }
    }

    fn is_boolean(&self, parameter: u32) -> bool {
        let parameter = self.parameters.get(parameter as usize);
        parameter.is_some_and(|parameter| parameter.info.ty == Type::Boolean)
    }

    /// Defines the parameters that count instances where no section does.
    pub(super) fn counters(&mut self) {
        let mut names = Vec::new();
        for (path, (what, _)) in &self.generic {
            if let What::Table(number) = what
                && let Some(table) = self.tables.get(*number as usize)
                && let (Some(count), Some(parent)) = (&table.count, table_of(path))
            {
                names.push(format!("{parent}{count}"));
            }
        }
        for name in names {
            if !self.generic.contains_key(&name) {
                let number = self.parameters.len() as u32;
                let info = Info {
                    ty: Type::UnsignedInt,
                    ..Info::default()
                };
                self.parameters.push(Parameter {
                    info,
                    computed: None,
                    drives: Vec::new(),
                });
                self.generic
                    .insert(name, (What::Parameter(number), "0".to_owned()));
            }
        }
    }
}

/// Fills in what follows from the rest: counts and aliases.
pub(super) fn finish(loader: &Loader<'_>, nodes: &mut Nodes) {
    let mut values = Vec::new();
    for (path, (what, _)) in nodes.iter() {
        match what {
            What::Table(number) => {
                let table = loader.tables.get(*number as usize);
                let count = table.and_then(|table| table.count.as_ref());
                if let (Some(count), Some(parent)) = (count, table_of(path)) {
                    let below = nodes.range(path.clone()..);
                    let below = below.take_while(|(other, _)| other.starts_with(path.as_str()));
                    let is_instance = |other: &str| table_of(other) == Some(path);
                    let instances = below.filter(|(other, (what, _))| {
                        matches!(what, What::Instance(_)) && is_instance(other)
                    });
                    values.push((format!("{parent}{count}"), instances.count().to_string()));
                }
            }
            What::Instance(_) => {
                let number = path.rsplit('.').nth(1).unwrap_or_default();
                let alias = format!("{path}{ALIAS}");
                if nodes.get(&alias).is_some_and(|(_, value)| value.is_empty()) {
                    values.push((alias, format!("cpe-{number}")));
                }
            }
            _ => {}
        }
    }
    for (path, value) in values {
        if let Some((_, text)) = nodes.get_mut(&path) {
            *text = value;
        }
    }
}
