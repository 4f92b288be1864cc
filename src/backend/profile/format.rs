//! The keys of a profile's sections, and where a mistake in them is.

use super::template::{Computed, Parameter};
use crate::backend::declared::Declared;
use crate::datamodel::{Notify, Type};
use crate::wire::data::{Plain, record};
use std::sync::Arc;

/// A parameter as a section defines it.
#[derive(Debug, Default)]
pub(super) struct Definition {
    declared: Declared,
    pub value: Option<Plain>,
    computed: Option<Computed>,
    /// A boolean beside it, its own value while that is true, its own value while that is false.
    pub follows: Option<[String; 3]>,
}

record!(read Definition { value, computed, follows, ..declared } strict);

/// The key `table` of a table's section.
#[derive(Debug)]
pub(super) struct TableKeys {
    pub writable: bool,
    pub max: Option<u32>,
    pub count: Option<String>,
    pub enable: String,
    pub unique: Vec<Vec<String>>,
}

record!(read TableKeys { writable, max, count, enable, unique } strict);

impl Default for TableKeys {
    fn default() -> Self {
        TableKeys {
            writable: false,
            max: None,
            count: None,
            enable: "Enable".to_owned(),
            unique: Vec::new(),
        }
    }
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

impl Definition {
    /// The definition in the template's terms; `name` as the profile has it.
    pub fn parameter(self, name: &str) -> Result<Parameter, String> {
        let computed = self.computed;
        let info = self.declared.info(name)?;
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
