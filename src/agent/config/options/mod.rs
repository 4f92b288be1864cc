//! The options: one list that drives defaults and reading. What each is good for is told where the device does not carry
//! it: in a line in `etc/config/cwmp`, at length in `packaging/man/cwmpd.conf.5.in`; tests hold both against the list.

mod forms;
mod table;

use std::path::PathBuf;

use super::{Config, Username};
use crate::wire::Secret;

pub use table::OPTIONS;

/// Sections, by type or (`config cwmp 'acs'`) by name.
pub const SECTIONS: [&str; 5] = ["acs", "cpe", "lwn", "autonomous_notify", "inform_parameter"];

/// User names, passwords and most texts: TR-181 has string(256).
const MAX_TEXT: usize = 256;

/// One option.
pub struct Opt {
    /// Its section.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it takes and where it goes.
    pub kind: Kind,
    /// What counts when it is not given, as it would be written.
    pub default: &'static str,
}

/// What an option takes and where it goes.
pub enum Kind {
    /// Yes or no, in any of the usual words.
    Flag(fn(&mut Config) -> &mut bool),
    /// A whole number within limits.
    Number {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
        /// Where it goes.
        field: fn(&mut Config) -> &mut u32,
    },
    /// A text of at most so many characters, none of them a control character.
    Text(usize, fn(&mut Config) -> &mut String),
    /// A text that is never shown.
    Secret(fn(&mut Config) -> &mut Secret),
    /// A user name; empty or `$OUI-$SER`: left to the device.
    User(fn(&mut Config) -> &mut Username),
    /// An absolute path; empty: none.
    Path(fn(&mut Config) -> &mut Option<PathBuf>),
    /// A list of texts.
    List(fn(&mut Config) -> &mut Vec<String>),
    /// What needs thought: how it is written, and its reader.
    Form(&'static str, fn(&mut Config, &str) -> bool),
    /// Known from icwmp, accepted, and without effect yet.
    Unused,
}

/// The option of that name. A section may be given with its instance, as `inform_parameter:3`.
pub fn find(section: &str, name: &str) -> Option<&'static Opt> {
    let section = section.split(':').next().unwrap_or_default();
    OPTIONS
        .iter()
        .find(|option| option.section == section && option.name == name)
}

impl Opt {
    /// Takes a value in; on failure says why, and the field keeps what it had.
    pub fn apply(&self, config: &mut Config, value: &str) -> Result<(), String> {
        if self.kind.read(config, value) {
            return Ok(());
        }
        Err(match self.default {
            "" => format!(
                "{}.{}: not {}; ignored",
                self.section,
                self.name,
                self.kind.values()
            ),
            default => {
                format!(
                    "{}.{}: not {}; the default is {default}",
                    self.section,
                    self.name,
                    self.kind.values()
                )
            }
        })
    }
}

impl Kind {
    /// How values are written.
    pub fn values(&self) -> String {
        match self {
            Kind::Flag(_) => "0 or 1".into(),
            Kind::Number { min, max, .. } => format!("a number from {min} to {max}"),
            Kind::Text(max, _) => format!("a text of at most {max} characters"),
            Kind::Secret(_) | Kind::User(_) => format!("a text of at most {MAX_TEXT} characters"),
            Kind::Path(_) => "an absolute path".into(),
            Kind::List(_) => "a list".into(),
            Kind::Form(form, _) => (*form).into(),
            Kind::Unused => "anything".into(),
        }
    }

    /// Whether the value was good and is in its place.
    fn read(&self, config: &mut Config, value: &str) -> bool {
        match self {
            Kind::Flag(field) => put(field(config), flag(value)),
            Kind::Number { min, max, field } => {
                let number = value
                    .trim()
                    .parse()
                    .ok()
                    .filter(|number| (*min..=*max).contains(number));
                put(field(config), number)
            }
            Kind::Text(max, field) => put(field(config), text(value, *max)),
            // It never travels as it is, so any character will do: what the ACS set must read back.
            Kind::Secret(field) => put(
                field(config),
                (value.chars().count() <= MAX_TEXT).then(|| Secret::new(value)),
            ),
            Kind::User(field) => put(field(config), text(value, MAX_TEXT).map(user)),
            Kind::Path(field) => put(field(config), path(value)),
            Kind::List(field) => {
                field(config).push(value.to_owned());
                true
            }
            Kind::Form(_, read) => read(config, value),
            Kind::Unused => true,
        }
    }
}

fn put<T>(field: &mut T, value: Option<T>) -> bool {
    let good = value.is_some();
    if let Some(value) = value {
        *field = value;
    }
    good
}

fn flag(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" | "enable" | "enabled" => Some(true),
        "0" | "false" | "no" | "off" | "disable" | "disabled" => Some(false),
        _ => None,
    }
}

fn text(value: &str, max: usize) -> Option<String> {
    let good = value.chars().count() <= max && !value.chars().any(char::is_control);
    good.then(|| value.to_owned())
}

fn user(value: String) -> Username {
    match value.as_str() {
        // What icwmp ships.
        "" | "$OUI-$SER" => Username::Default,
        _ => Username::Literal(value),
    }
}

fn path(value: &str) -> Option<Option<PathBuf>> {
    match value {
        "" => Some(None),
        _ if value.starts_with('/') && !value.contains('\0') => Some(Some(value.into())),
        _ => None,
    }
}
