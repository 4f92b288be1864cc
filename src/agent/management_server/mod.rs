//! `ManagementServer.`: what the daemon itself owns of the data model, mounted over every backend.
//!
//! The values come from the configuration, the state and the network (ConnectionRequestURL). What the ACS sets is
//! kept here as [`ManagementServer::take_changes`] until the agent has written it to the configuration file.

mod table;

use std::collections::BTreeMap;
use std::time::Instant;

use crate::agent::config::Config;
use crate::datamodel::{
    Applied, Code, DataModel, Depth, Fault, Info, Kind, Node, Progress, Root, Value,
};
use table::{Home, Spec, TABLE, info};

struct Entry {
    path: String,
    spec: &'static Spec,
    info: Info,
    value: String,
}

/// The `ManagementServer.` object of either root model.
pub struct ManagementServer {
    root: Root,
    prefix: String,
    entries: Vec<Entry>,
    staged: Option<BTreeMap<usize, String>>,
    changes: Vec<Change>,
}

/// A value the ACS (or the command line) has set and the configuration file must learn.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// UCI section, `acs` or `cpe`.
    pub section: &'static str,
    /// UCI option.
    pub option: &'static str,
    /// New value. May be a secret: there is no `Debug`.
    pub value: String,
}

impl ManagementServer {
    /// The object for `root`, with empty values.
    pub fn new(root: Root) -> Self {
        let prefix = format!("{}ManagementServer.", root.path());
        let entries = TABLE
            .iter()
            .filter(|spec| root == Root::Device || !spec.tr181_only)
            .map(|spec| Entry {
                path: format!("{prefix}{}", spec.name),
                spec,
                info: info(spec),
                value: String::new(),
            })
            .collect();
        ManagementServer {
            root,
            prefix,
            entries,
            staged: None,
            changes: Vec::new(),
        }
    }

    /// The path of the object, with its dot.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Puts a value from the daemon's side (configuration, state, network). Unknown names are ignored: TR-098 lacks some.
    pub fn put(&mut self, name: &str, value: impl Into<String>) {
        if let Some(entry) = self.entries.iter_mut().find(|e| e.spec.name == name) {
            entry.value = value.into();
        }
    }

    /// The value of `name`, hidden ones too; empty when unknown.
    pub fn get(&self, name: &str) -> &str {
        self.entries
            .iter()
            .find(|e| e.spec.name == name)
            .map_or("", |e| &e.value)
    }

    /// What was committed since the last call and must go to the configuration file.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    fn index(&self, path: &str) -> Option<usize> {
        self.entries.iter().position(|e| e.path == path)
    }
}

impl DataModel for ManagementServer {
    fn root(&self) -> Root {
        self.root
    }

    fn visit(
        &self,
        at: &str,
        depth: Depth,
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        let show = |entry: &Entry, visitor: &mut dyn FnMut(Node<'_>)| {
            let value = if entry.info.hidden { "" } else { &entry.value };
            visitor(Node::Parameter {
                path: &entry.path,
                info: &entry.info,
                value,
            });
        };
        if at == self.prefix {
            if depth == Depth::All {
                visitor(Node::Object {
                    path: &self.prefix,
                    kind: Kind::Object,
                    writable: false,
                });
            }
            self.entries.iter().for_each(|entry| show(entry, visitor));
            return Ok(());
        }
        match self.entries.iter().find(|e| e.path == at) {
            Some(_) if depth == Depth::NextLevel => Err(Fault::arguments(format!(
                "NextLevel is true but {at:?} is a parameter"
            ))),
            Some(entry) => {
                show(entry, visitor);
                Ok(())
            }
            None => Err(Fault::invalid_name(at)),
        }
    }

    fn begin(&mut self) {
        self.staged = Some(BTreeMap::new());
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        let index = self.index(name).ok_or_else(|| Fault::invalid_name(name))?;
        let Some(entry) = self.entries.get(index) else {
            return Err(Fault::invalid_name(name));
        };
        if !entry.info.writable() {
            return Err(Fault::new(
                Code::NOT_WRITABLE,
                format!("{name} is read-only"),
            ));
        }
        // DH-06: an ACS URL that we could never use would lock the ACS out.
        if entry.spec.name == "URL" && crate::wire::http::Url::parse(value.text()).is_err() {
            return Err(Fault::new(
                Code::INVALID_PARAMETER_VALUE,
                format!("{name}: not an http or https URL of at most 256 characters"),
            ));
        }
        // What the configuration could not hold is refused while it still can be told apart (SV-02).
        if let Home::Option(section, option) = entry.spec.home {
            Config::default()
                .set(section, option, value.text())
                .map_err(|_| {
                    Fault::new(
                        Code::INVALID_PARAMETER_VALUE,
                        format!("{name}: not a value that can be kept"),
                    )
                })?;
        }
        if let Some(staged) = &mut self.staged {
            staged.insert(index, value.text().to_owned());
        }
        Ok(())
    }

    fn add(&mut self, table: &str, _alias: Option<&str>) -> Result<Option<u32>, Fault> {
        Err(Fault::invalid_name(table))
    }

    fn delete(&mut self, instance: &str) -> Result<(), Fault> {
        Err(Fault::invalid_name(instance))
    }

    fn commit(&mut self, _now: Instant) -> Result<Progress<Applied>, Fault> {
        let mut later = false;
        for (index, value) in self.staged.take().unwrap_or_default() {
            let Some(entry) = self.entries.get_mut(index) else {
                continue;
            };
            if entry.value == value {
                continue; // SV-19
            }
            if let Home::Option(section, option) = entry.spec.home {
                self.changes.push(Change {
                    section,
                    option,
                    value: value.clone(),
                });
            }
            // The session in progress goes on with the old URL and credentials (SE-16, SV-08).
            later |= matches!(
                entry.spec.name,
                "URL" | "Username" | "Password" | "EnableCWMP"
            );
            entry.value = value;
        }
        Ok(Progress::Ready(Applied {
            later,
            instances: Vec::new(),
        }))
    }

    fn abort(&mut self) {
        self.staged = None;
    }
}

#[cfg(test)]
mod tests;
