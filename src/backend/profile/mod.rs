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
//! UpTime          = { type = "unsignedInt", computed = "uptime", notify = "canDeny" }
//!
//! # A table: `{i}` stands for the instance number. The section says what every instance holds.
//! ["Device.NAT.PortMapping.{i}."]
//! table        = { writable = true, max = 32, count = "PortMappingNumberOfEntries", unique = [["ExternalPort", "Protocol"]] }
//! Enable       = { type = "boolean", writable = true }
//! Status       = { values = ["Disabled", "Enabled", "Error"], follows = ["Enable", "Enabled", "Disabled"] }
//! Alias        = { type = "Alias", writable = true }
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
//! | `type` | `string` (default), `int`, `long`, `unsignedInt`, `unsignedLong`, `boolean`, `dateTime`, `base64`, `hexBinary`, `decimal`, or a [named data type](crate::datamodel::DataType) of TR-106: `Alias`, `MACAddress`, `IPAddress`, `IPv4Address`, `IPv4Prefix`, `URL`, `UUID`, `StatsCounter64` … |
//! | `value` | the value, or the one of new instances; else empty, 0, false or the unknown time |
//! | `writable` | the ACS may set it |
//! | `min`, `max` | least and greatest number; or length: characters of a string, bytes of base64 and hexBinary |
//! | `ranges` | where there are several: `["5..5", "13..13"]` |
//! | `values` | the allowed values |
//! | `extendable` | the vendor's values are allowed too: `X_<VENDOR>_` and a name |
//! | `list` | a comma-separated list; then `type`, `min`, `max`, `values`, `reference` are of each item |
//! | `items`, `length` | of a list: how many items there may be, such as `"0..8"`; the most characters of the whole |
//! | `reference` | holds the full path of an object or parameter, kept without a final dot; emptied when that is deleted |
//! | `hidden` | reads as empty: a password |
//! | `notify` | `forceEnabled`, `forceDefaultEnabled` or `canDeny` (TR-106 `activeNotify`); else what the standard models force |
//! | `forced_inform` | is in every Inform |
//! | `computed` | `uptime`: the seconds since the start, from `value` on; `time`: the date and time. Needs `notify = "canDeny"` |
//! | `follows` | `["Enable", "Up", "Down"]`: when the boolean `Enable` beside it changes, it has the second or the third value; so it has in what the profile defines unless a value is given |
//!
//! The keys of `table`:
//!
//! | key | what |
//! |---|---|
//! | `writable` | AddObject and DeleteObject are allowed |
//! | `max` | the most instances there can be |
//! | `count` | the parameter of the object around the table that counts the instances; need not be defined there |
//! | `unique` | lists of parameters that no two enabled instances (where there is no `enable`: no two) may have in common |
//! | `enable` | the parameter that says which instances are enabled; `Enable` unless it is given |
//!
//! Objects that have no parameters of their own need no section, nor do instances with nothing but default values
//! below which another instance is given. An instance's `Alias` is `cpe-` and its number unless it is given; what is
//! named so is of the type `Alias`. A string of a named type may be empty in a profile: the value is not known.

mod edit;
mod format;
mod load;
mod overlay;
mod saved;
mod template;
mod unique;

pub use template::Template;

use super::Backend;
use crate::datamodel::{Applied, DataModel, Depth, Fault, Node, Progress, Root, Value};
use crate::wire::xsd::DateTime;
use overlay::Overlay;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use template::{Computed, Entry, What};

/// The largest profile file: the largest real device dumps have a tenth of it, and a slip of the path
/// (`/dev/zero`) must not fill the memory.
const MAX_FILE: u64 = 16 << 20;

/// One CPE that runs a profile. Costs what differs from the shared template.
#[derive(Debug)]
pub struct Profile {
    template: Arc<Template>,
    overlay: Overlay,
    transaction: Option<Transaction>,
    /// Unless nobody has told the time yet.
    clock: Option<Clock>,
}

/// What a transaction has done; it is in the overlay, so reads see it at once.
#[derive(Debug, Default)]
struct Transaction {
    instances: Vec<u32>,
    /// Parameters that it gave other values.
    set: Vec<String>,
    taken: edit::TakenIn,
}

/// What was last told of the time.
#[derive(Debug)]
struct Clock {
    start: Instant,
    now: Instant,
    date: Option<i64>,
}

impl Clock {
    /// What a computed parameter says now; `from` is its value in the profile.
    fn value(&self, computed: Computed, from: &str) -> String {
        match computed {
            Computed::UpTime => {
                let running = self.now.saturating_duration_since(self.start).as_secs();
                let from = from.parse::<u64>().unwrap_or(0);
                from.saturating_add(running)
                    .min(u32::MAX.into())
                    .to_string()
            }
            Computed::Time => {
                let date = self.date.map(|date| DateTime::from_unix(date, 0));
                date.unwrap_or(DateTime::UNKNOWN).to_string()
            }
        }
    }
}

impl Profile {
    /// A CPE as its template has it.
    #[must_use]
    pub fn new(template: Arc<Template>) -> Profile {
        Profile {
            template,
            overlay: Overlay::default(),
            transaction: None,
            clock: None,
        }
    }

    /// Reads a profile file. The error names the file, the key and what to do.
    pub fn load(file: &Path) -> Result<Profile, String> {
        let mut text = String::new();
        let read = std::fs::File::open(file).and_then(|open| {
            // Room for it at once: while it grows it would be there twice.
            let size = open.metadata()?.len().min(MAX_FILE);
            text.reserve_exact(size as usize + 1);
            open.take(MAX_FILE + 1).read_to_string(&mut text)
        });
        let name = file.display().to_string();
        match read {
            Err(error) => Err(format!("{name}: {error}")),
            Ok(size) if size as u64 > MAX_FILE => Err(format!(
                "{name}: larger than {MAX_FILE} bytes: this is no profile"
            )),
            Ok(_) => Ok(Profile::new(Arc::new(Template::parse(&text, &name)?))),
        }
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
            let computed = parameter.computed.zip(self.clock.as_ref());
            let computed = computed.map(|(computed, clock)| clock.value(computed, value));
            let value = match info.hidden {
                true => "",
                false => computed.as_deref().unwrap_or(value),
            };
            visitor(Node::Parameter { path, info, value });
        }
    }

    fn transaction(&mut self) -> Result<(&Template, &mut Overlay, &mut Transaction), Fault> {
        match &mut self.transaction {
            Some(transaction) => Ok((&self.template, &mut self.overlay, transaction)),
            None => Err(Fault::internal("no transaction is open")),
        }
    }
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
        let overlay = &self.overlay;
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
            (_, Depth::NextLevel) => {
                overlay.children(&self.template, at, &mut |entry| self.show(entry, visitor));
            }
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.overlay.undo();
        self.overlay.begin();
        self.transaction = Some(Transaction::default());
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        let (template, overlay, transaction) = self.transaction()?;
        transaction.taken.clear();
        if edit::set(template, overlay, name, value)? {
            transaction.set.push(name.to_owned());
        }
        Ok(())
    }

    fn add(&mut self, table: &str, alias: Option<&str>) -> Result<Option<u32>, Fault> {
        let (template, overlay, transaction) = self.transaction()?;
        let number = edit::add(template, overlay, &mut transaction.taken, table, alias)?;
        transaction.instances.push(number);
        Ok(Some(number))
    }

    fn delete(&mut self, instance: &str) -> Result<(), Fault> {
        let (template, overlay, transaction) = self.transaction()?;
        transaction.taken.clear();
        edit::delete(template, overlay, instance)
    }

    fn commit(&mut self, _now: Instant) -> Result<Progress<Applied>, Fault> {
        let Some(Transaction { instances, set, .. }) = self.transaction.take() else {
            return Err(Fault::internal("no transaction is open"));
        };
        if let Err(fault) = unique::check(&self.template, &self.overlay, &set) {
            self.overlay.undo();
            return Err(fault);
        }
        self.overlay.keep();
        let later = false;
        Ok(Progress::Ready(Applied { later, instances }))
    }

    fn abort(&mut self) {
        self.overlay.undo();
        self.transaction = None;
    }
}

impl Backend for Profile {
    fn tell_time(&mut self, now: Instant, date: Option<i64>) {
        let start = self.clock.as_ref().map_or(now, |clock| clock.start);
        self.clock = Some(Clock { start, now, date });
    }

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
