//! Structs that are read from plain data and made into it.

use super::{Data, Entry, Map, Wrong};

/// What is read from data.
pub trait FromData {
    /// Takes the value from `data`.
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong>;
}

/// What is made into data.
pub trait ToData {
    /// The value as data.
    fn data(&self) -> Data<'_>;
}

/// A struct whose fields are the values of keys. A field whose key is not there stays as it is.
pub trait Record {
    /// The keys that must be there.
    fn required(&self) -> &'static [&'static str];
    /// Whether a key that is no field's is refused.
    fn strict(&self) -> bool;
    /// Shows each field with its key, to be read.
    fn places(&mut self, see: &mut dyn FnMut(&'static str, &mut dyn FromData));
}

/// The same, to be written.
pub trait Fields {
    /// Shows each field with its key.
    fn fields<'a>(&'a self, see: &mut dyn FnMut(&'static str, &'a dyn ToData));
}

/// Lists the fields of a struct, once, for what is done with them:
///
/// ```ignore
/// record!(Setting { notification, access } strict); // read and written; no other keys
/// record!(read Parameter { path, ty = "type", ..declared } requires ["path"]); // only read, and not without that
/// record!(fields Statistics { sessions, failed }); // its `data` is more than its fields, and said elsewhere
/// ```
///
/// The fields of `..declared` stand beside the others.
macro_rules! record {
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@read $strict:literal $required:expr; $type:ident {
        $($field:ident $(= $key:literal)?),* $(,)? $(.. $inner:ident)?
    }) => {
        impl $crate::wire::data::Record for $type {
            fn required(&self) -> &'static [&'static str] {
                &$required
            }

            fn strict(&self) -> bool {
                $strict
            }

            fn places(
                &mut self,
                see: &mut dyn FnMut(&'static str, &mut dyn $crate::wire::data::FromData),
            ) {
                $(see($crate::wire::data::record!(@key $field $($key)?), &mut self.$field);)*
                $($crate::wire::data::Record::places(&mut self.$inner, see);)?
            }
        }

        impl $crate::wire::data::FromData for $type {
            fn read(
                &mut self,
                data: $crate::wire::data::Data<'_>,
            ) -> Result<(), $crate::wire::data::Wrong> {
                $crate::wire::data::read(self, data)
            }
        }
    };
    (@fields $type:ident { $($field:ident $(= $key:literal)?),* $(,)? }) => {
        impl $crate::wire::data::Fields for $type {
            fn fields<'a>(
                &'a self,
                see: &mut dyn FnMut(&'static str, &'a dyn $crate::wire::data::ToData),
            ) {
                $(see($crate::wire::data::record!(@key $field $($key)?), &self.$field);)*
            }
        }
    };
    (@data $type:ident) => {
        impl $crate::wire::data::ToData for $type {
            fn data(&self) -> $crate::wire::data::Data<'_> {
                $crate::wire::data::write(self)
            }
        }
    };
    (read $type:ident $fields:tt) => {
        $crate::wire::data::record!(@read false []; $type $fields);
    };
    (read $type:ident $fields:tt strict) => {
        $crate::wire::data::record!(@read true []; $type $fields);
    };
    (read $type:ident $fields:tt requires $required:expr) => {
        $crate::wire::data::record!(@read false $required; $type $fields);
    };
    (fields $type:ident $fields:tt) => {
        $crate::wire::data::record!(@read false []; $type $fields);
        $crate::wire::data::record!(@fields $type $fields);
    };
    ($type:ident $fields:tt $($rule:tt)*) => {
        $crate::wire::data::record!(read $type $fields $($rule)*);
        $crate::wire::data::record!(@fields $type $fields);
        $crate::wire::data::record!(@data $type);
    };
}
pub(crate) use record;

/// Reads the fields of `record` from an object.
pub fn read(record: &mut dyn Record, data: Data<'_>) -> Result<(), Wrong> {
    let mut seen = Vec::new();
    for Entry { key, value, line } in data.into_map()? {
        let mut value = Some(value);
        let mut result = Ok(());
        record.places(&mut |name, field| {
            if name == key
                && let Some(value) = value.take()
            {
                result = match seen.contains(&name) {
                    true => Err(Wrong::new("duplicate field")),
                    false => field.read(value),
                };
                seen.push(name);
            }
        });
        result.map_err(|wrong| wrong.within(&key, line))?;
        if value.is_some() && record.strict() {
            let mut names = Vec::new();
            record.places(&mut |name, _| names.push(name));
            return Err(Wrong {
                line,
                ..unknown("field", &key, &names)
            });
        }
    }
    let missing = record.required().iter().find(|name| !seen.contains(name));
    missing.map_or(Ok(()), |name| {
        Err(Wrong::new(format!("missing field `{name}`")))
    })
}

/// The fields of `record` as an object, in their order.
pub fn write(record: &dyn Fields) -> Data<'_> {
    let mut map = Map::default();
    record.fields(&mut |name, field| {
        map.push(name, field.data());
    });
    Data::Map(map)
}

pub(super) fn unknown(what: &str, given: &str, known: &[&str]) -> Wrong {
    let known = known.join("`, `");
    Wrong::new(format!(
        "unknown {what} `{given}`, expected one of `{known}`"
    ))
}
