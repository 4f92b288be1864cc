//! The keys of a profile's sections, and where a mistake in them is.

use super::template::{Computed, Parameter};
use crate::backend::declared::Declared;
use crate::datamodel::{Notify, Type};
use serde::Deserialize;
use std::sync::Arc;

/// A parameter as a section defines it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct Definition {
    #[serde(rename = "type")]
    ty: Option<String>,
    pub value: Option<toml::Value>,
    writable: bool,
    min: Option<i64>,
    max: Option<u64>,
    ranges: Vec<String>,
    values: Vec<String>,
    extendable: bool,
    list: bool,
    items: Option<String>,
    length: Option<u64>,
    reference: bool,
    hidden: bool,
    notify: Option<String>,
    forced_inform: bool,
    computed: Option<Computed>,
    /// A boolean beside it, its own value while that is true, its own value while that is false.
    pub follows: Option<[String; 3]>,
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
        let computed = self.computed;
        let declared = Declared {
            ty: self.ty,
            writable: self.writable,
            min: self.min,
            max: self.max,
            ranges: self.ranges,
            values: self.values,
            extendable: self.extendable,
            list: self.list,
            items: self.items,
            length: self.length,
            reference: self.reference,
            hidden: self.hidden,
            notify: self.notify,
            forced_inform: self.forced_inform,
        };
        let info = declared.info(name)?;
        if let Some(computed) = computed {
            let ty = match computed {
                Computed::UpTime => Type::UnsignedInt,
                Computed::Time => Type::DateTime,
            };
            if info.ty != ty || info.writable() || info.notify != Notify::CanDeny {
                return Err(format!(
                    "computed: only for type = \"{}\" with notify = \"canDeny\" that cannot be set",
                    ty.xsd_name()
                ));
            }
        }
        Ok(Parameter {
            info: Arc::new(info),
            computed,
            drives: Vec::new(),
        })
    }
}
