//! The keys of a profile's sections, and where a mistake in them is.

use super::template::Parameter;
use crate::datamodel::{Access, Info, Limits, Notify, Type};
use serde::Deserialize;

/// A parameter as a section defines it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    #[serde(rename = "type", default = "string")]
    ty: String,
    pub value: Option<toml::Value>,
    #[serde(default)]
    writable: bool,
    min: Option<i64>,
    max: Option<u64>,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    list: bool,
    #[serde(default)]
    reference: bool,
    #[serde(default)]
    hidden: bool,
    notify: Option<NotifyName>,
    #[serde(default)]
    forced_inform: bool,
}

fn string() -> String {
    Type::String.xsd_name().to_owned()
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum NotifyName {
    ForceEnabled,
    ForceDefaultEnabled,
    CanDeny,
}

/// The key `table` of a table's section.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableKeys {
    #[serde(default)]
    pub writable: bool,
    pub max: Option<u32>,
    pub count: Option<String>,
    #[serde(default = "enable")]
    pub enable: String,
    #[serde(default)]
    pub unique: Vec<Vec<String>>,
}

fn enable() -> String {
    "Enable".to_owned()
}

/// Says where a mistake is.
pub(super) struct Place<'a> {
    pub file: &'a str,
    pub section: &'a str,
    pub key: &'a str,
}

impl Place<'_> {
    /// The words `why` with the place in front.
    pub fn error(&self, why: impl std::fmt::Display) -> String {
        let Place { file, section, key } = self;
        match *key {
            "" => format!("{file}: [\"{section}\"]: {why}"),
            _ => format!("{file}: [\"{section}\"] {key}: {why}"),
        }
    }
}

/// The text of a plain TOML value.
pub(super) fn plain(value: &toml::Value) -> Option<String> {
    Some(match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(value) => value.to_string(),
        toml::Value::Datetime(time) => time.to_string(),
        toml::Value::Array(_) | toml::Value::Table(_) => return None,
    })
}

impl Definition {
    /// The definition in the template's terms; `name` as the profile has it.
    pub fn parameter(self, name: &str) -> Result<Parameter, String> {
        let ty = Type::from_xsd_name(&self.ty)
            .ok_or_else(|| format!("type: {:?} is not a parameter type", self.ty))?;
        let access = if self.writable {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        };
        let notify = match self.notify {
            None => Notify::standard(name),
            Some(NotifyName::ForceEnabled) => Notify::ForceEnabled,
            Some(NotifyName::ForceDefaultEnabled) => Notify::ForceDefaultEnabled,
            Some(NotifyName::CanDeny) => Notify::CanDeny,
        };
        let info = Info {
            ty,
            access,
            limits: Limits {
                min: self.min,
                max: self.max,
                values: self.values,
                reference: self.reference,
                list: self.list,
            },
            notify,
            hidden: self.hidden,
            forced_inform: self.forced_inform,
        };
        Ok(Parameter {
            info,
            reference: self.reference,
        })
    }
}
