//! A device in memory, from a TOML profile: what a workstation runs by default, and what tests use.
//!
//! # A profile
//!
//! One TOML section per object, named by its full path with the final dot. All paths start with `Device.` or all
//! with `InternetGatewayDevice.`; `ManagementServer.` is the daemon's and is not part of a profile.
//!
//! ```toml
//! ["Device.DeviceInfo."]
//! Manufacturer    = { value = "Example", max = 64 }
//! SoftwareVersion = { value = "1.0", max = 64, notify = "forceEnabled", forced_inform = true }
//! UpTime          = { type = "unsignedInt", value = 4711, notify = "canDeny" }
//!
//! # A table: `{i}` stands for the instance number. The section says what every instance holds.
//! ["Device.NAT.PortMapping.{i}."]
//! table        = { writable = true, max = 32, count = "PortMappingNumberOfEntries", unique = [["ExternalPort", "Protocol"]] }
//! Enable       = { type = "boolean", writable = true }
//! Alias        = { writable = true, max = 64 }
//! ExternalPort = { type = "unsignedInt", writable = true, max = 65535 }
//! Protocol     = { writable = true, values = ["TCP", "UDP"], value = "TCP" }
//!
//! # An instance that is there from the start, with the values that are not as above.
//! ["Device.NAT.PortMapping.1."]
//! Enable       = true
//! ExternalPort = 8080
//! ```
//!
//! A parameter's keys; all may be left out:
//!
//! | key | what |
//! |---|---|
//! | `type` | `string` (default), `int`, `long`, `unsignedInt`, `unsignedLong`, `boolean`, `dateTime`, `base64`, `hexBinary`, `decimal` |
//! | `value` | the value, or the one of new instances; else empty, 0, false or the unknown time |
//! | `writable` | the ACS may set it |
//! | `min`, `max` | least and greatest number; or length: characters of a string, bytes of base64 and hexBinary |
//! | `values` | the allowed values (of a list: of each item) |
//! | `list` | a comma-separated list |
//! | `reference` | holds the path (or, with `list`, paths) of other objects; emptied when those are deleted |
//! | `hidden` | reads as empty: a password |
//! | `notify` | `forceEnabled`, `forceDefaultEnabled` or `canDeny` (TR-106 `activeNotify`); else what the standard models force |
//! | `forced_inform` | is in every Inform |
//!
//! The keys of `table`:
//!
//! | key | what |
//! |---|---|
//! | `writable` | AddObject and DeleteObject are allowed |
//! | `max` | the most instances there can be |
//! | `count` | the parameter of the object around the table that counts the instances; need not be defined there |
//! | `unique` | lists of parameters that no two enabled instances may have in common |
//! | `enable` | the parameter that says which instances are enabled; `Enable` unless it is given |
//!
//! Objects that have no parameters of their own need no section, nor do instances with nothing but default values
//! below which another instance is given. An instance's `Alias` is `cpe-` and its number unless it is given.

mod edit;
mod format;
mod load;
mod overlay;
mod saved;
mod template;

pub use template::Template;

use super::Backend;
use crate::datamodel::{Applied, Code, DataModel, Depth, Fault, Info, Node, Progress, Root, Value};
use overlay::Overlay;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use template::{Entry, What};

/// The largest profile file: the largest real device dumps have a tenth of it, and a slip of the path
/// (`/dev/zero`) must not fill the memory.
const MAX_FILE: u64 = 16 << 20;

/// One CPE that runs a profile. Costs what differs from the shared template.
#[derive(Debug)]
pub struct Profile {
    template: Arc<Template>,
    overlay: Overlay,
    transaction: Option<Transaction>,
}

/// What a transaction has staged; reads see it at once.
#[derive(Debug)]
struct Transaction {
    overlay: Overlay,
    instances: Vec<u32>,
}

impl Profile {
    /// A CPE as its template has it.
    #[must_use]
    pub fn new(template: Arc<Template>) -> Profile {
        Profile {
            template,
            overlay: Overlay::default(),
            transaction: None,
        }
    }

    /// Reads a profile file. The error names the file, the key and what to do.
    pub fn load(file: &Path) -> Result<Profile, String> {
        let mut text = String::new();
        let read = std::fs::File::open(file)
            .and_then(|open| open.take(MAX_FILE + 1).read_to_string(&mut text));
        let name = file.display().to_string();
        match read {
            Err(error) => Err(format!("{name}: {error}")),
            Ok(size) if size as u64 > MAX_FILE => Err(format!(
                "{name}: larger than {MAX_FILE} bytes: this is no profile"
            )),
            Ok(_) => Ok(Profile::new(Arc::new(Template::parse(&text, &name)?))),
        }
    }

    /// What reads see.
    fn current(&self) -> &Overlay {
        self.transaction
            .as_ref()
            .map_or(&self.overlay, |transaction| &transaction.overlay)
    }

    /// Definition and value of a parameter.
    fn parameter<'a>(&'a self, name: &'a str) -> Result<(&'a Info, &'a str), Fault> {
        if let Some(entry) = self.current().get(&self.template, name)
            && let What::Parameter(number) = entry.what
            && let Some(parameter) = self.template.parameter(number)
        {
            return Ok((&parameter.info, entry.value));
        }
        Err(Fault::invalid_name(name))
    }

    fn show(&self, entry: Entry<'_>, visitor: &mut dyn FnMut(Node<'_>)) {
        let Entry { path, what, value } = entry;
        if let Some((kind, writable)) = self.template.object(what) {
            visitor(Node::Object {
                path,
                kind,
                writable,
            });
        } else if let What::Parameter(number) = what
            && let Some(parameter) = self.template.parameter(number)
        {
            let info = &parameter.info;
            let value = if info.hidden { "" } else { value };
            visitor(Node::Parameter { path, info, value });
        }
    }

    fn transaction(&mut self) -> Result<(&Template, &mut Transaction), Fault> {
        match &mut self.transaction {
            Some(transaction) => Ok((&self.template, transaction)),
            None => Err(Fault::internal("no transaction is open")),
        }
    }
}

/// Whether `path` lies one level below the object `at`.
fn is_child(at: &str, path: &str) -> bool {
    let rest = path.strip_prefix(at).unwrap_or_default();
    !rest.is_empty() && !rest.strip_suffix('.').unwrap_or(rest).contains('.')
}

impl DataModel for Profile {
    fn root(&self) -> Root {
        self.template.root
    }

    fn visit(
        &self,
        at: &str,
        depth: Depth,
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        let overlay = self.current();
        let root = self.template.root.path();
        let at = match (at, depth) {
            ("", Depth::All) => root,
            ("", Depth::NextLevel) => {
                let entry = overlay.get(&self.template, root);
                entry
                    .into_iter()
                    .for_each(|entry| self.show(entry, visitor));
                return Ok(());
            }
            _ => at,
        };
        let entry = overlay.get(&self.template, at);
        let entry = entry.ok_or_else(|| Fault::invalid_name(at))?;
        match (entry.what, depth) {
            (What::Parameter(_), Depth::All) => self.show(entry, visitor),
            (What::Parameter(_), Depth::NextLevel) => {
                // A.3.2.3
                return Err(Fault::arguments(format!(
                    "NextLevel is true but {at:?} is a parameter"
                )));
            }
            (_, Depth::All) => {
                overlay.scan(&self.template, at, &mut |entry| self.show(entry, visitor));
            }
            (_, Depth::NextLevel) => overlay.scan(&self.template, at, &mut |entry| {
                if is_child(at, entry.path) {
                    self.show(entry, visitor);
                }
            }),
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.transaction = Some(Transaction {
            overlay: self.overlay.clone(),
            instances: Vec::new(),
        });
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        let (info, _) = self.parameter(name)?;
        if !info.writable() {
            return Err(Fault::new(
                Code::NOT_WRITABLE,
                format!("{name} is read-only"),
            ));
        }
        if name.ends_with(".Alias") && !edit::alias_fits(value.text()) {
            let words = format!("{name}: an alias starts with a letter and has no brackets");
            return Err(Fault::new(Code::INVALID_PARAMETER_VALUE, words));
        }
        let (template, transaction) = self.transaction()?;
        transaction.overlay.put(template, name, value.text());
        Ok(())
    }

    fn add(&mut self, table: &str, alias: Option<&str>) -> Result<Option<u32>, Fault> {
        let (template, transaction) = self.transaction()?;
        let number = edit::add(template, &mut transaction.overlay, table, alias)?;
        transaction.instances.push(number);
        Ok(Some(number))
    }

    fn delete(&mut self, instance: &str) -> Result<(), Fault> {
        let (template, transaction) = self.transaction()?;
        edit::delete(template, &mut transaction.overlay, instance)
    }

    fn commit(&mut self, _now: Instant) -> Result<Progress<Applied>, Fault> {
        let Some(Transaction { overlay, instances }) = self.transaction.take() else {
            return Err(Fault::internal("no transaction is open"));
        };
        edit::check_unique(&self.template, &overlay)?;
        self.overlay = overlay;
        let later = false;
        Ok(Progress::Ready(Applied { later, instances }))
    }

    fn abort(&mut self) {
        self.transaction = None;
    }
}

impl Backend for Profile {
    fn durable(&self) -> Option<String> {
        saved::save(&self.overlay)
    }

    fn goes_back(&self) -> bool {
        true
    }

    fn restore(&mut self, text: &str) -> Result<(), String> {
        self.overlay = saved::restore(&self.template, text)?;
        self.transaction = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
