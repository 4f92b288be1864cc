//! Structs that are read from plain data and made into it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::{Data, Entry, Map, Wrong};

/// What can be the value of a key.
pub trait Field {
    /// Takes the value from `data`.
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong>;
    /// The value as data.
    fn data(&self) -> Data<'_>;
}

/// A struct whose fields are the values of keys. A field whose key is not there stays as it is.
pub trait Record {
    /// The keys that must be there.
    fn required(&self) -> &'static [&'static str];
    /// Whether a key that is no field's is refused.
    fn strict(&self) -> bool;
    /// Shows each field with its key.
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'static str, &'a dyn Field));
    /// The same, to be written.
    fn each_mut(&mut self, see: &mut dyn FnMut(&'static str, &mut dyn Field));
}

/// Makes a [`Record`] of a struct, and a [`Field`]:
///
/// ```ignore
/// record!(Setting { notification, access } strict);
/// record!(Parameter { path, ty = "type", ..declared } requires ["path"]);
/// ```
///
/// The fields of `..declared` stand beside the others.
macro_rules! record {
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@record $strict:literal $required:expr; $type:ident {
        $($field:ident $(= $key:literal)?),* $(,)? $(.. $inner:ident)?
    }) => {
        impl $crate::wire::data::Record for $type {
            fn required(&self) -> &'static [&'static str] {
                &$required
            }

            fn strict(&self) -> bool {
                $strict
            }

            fn each<'a>(
                &'a self,
                see: &mut dyn FnMut(&'static str, &'a dyn $crate::wire::data::Field),
            ) {
                $(see($crate::wire::data::record!(@key $field $($key)?), &self.$field);)*
                $($crate::wire::data::Record::each(&self.$inner, see);)?
            }

            fn each_mut(
                &mut self,
                see: &mut dyn FnMut(&'static str, &mut dyn $crate::wire::data::Field),
            ) {
                $(see($crate::wire::data::record!(@key $field $($key)?), &mut self.$field);)*
                $($crate::wire::data::Record::each_mut(&mut self.$inner, see);)?
            }
        }
    };
    (@field $type:ident) => {
        impl $crate::wire::data::Field for $type {
            fn read(&mut self, data: $crate::wire::data::Data<'_>) -> Result<(), $crate::wire::data::Wrong> {
                $crate::wire::data::read(self, data.into_map()?)
            }

            fn data(&self) -> $crate::wire::data::Data<'_> {
                $crate::wire::data::write(self)
            }
        }
    };
    ($type:ident $fields:tt) => {
        $crate::wire::data::record!(@record false []; $type $fields);
        $crate::wire::data::record!(@field $type);
    };
    ($type:ident $fields:tt strict) => {
        $crate::wire::data::record!(@record true []; $type $fields);
        $crate::wire::data::record!(@field $type);
    };
    ($type:ident $fields:tt requires $required:expr) => {
        $crate::wire::data::record!(@record false $required; $type $fields);
        $crate::wire::data::record!(@field $type);
    };
}
pub(crate) use record;

/// Reads the fields of `record` from an object.
pub fn read(record: &mut dyn Record, map: Map<'_>) -> Result<(), Wrong> {
    let mut seen = Vec::new();
    for Entry { key, value, line } in map {
        let mut value = Some(value);
        let mut result = Ok(());
        record.each_mut(&mut |name, field| {
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
            record.each(&mut |name, _| names.push(name));
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
pub fn write(record: &dyn Record) -> Data<'_> {
    let mut map = Map::default();
    record.each(&mut |name, field| {
        map.push(name, field.data());
    });
    Data::Map(map)
}

/// Reads one of a few words.
pub fn one_of<T: Copy>(data: &Data<'_>, words: &[(&str, T)]) -> Result<T, Wrong> {
    let given = data.as_text().ok_or_else(|| Wrong::kind("a string"))?;
    let found = words.iter().find(|(word, _)| *word == given);
    found.map(|(_, meant)| *meant).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        unknown("variant", given, &words)
    })
}

/// What [`one_of`] reads.
pub fn word<T: PartialEq>(value: &T, words: &[(&'static str, T)]) -> Data<'static> {
    let known = words.iter().find(|(_, one)| one == value);
    known.map(|(word, _)| *word).into()
}

fn unknown(what: &str, given: &str, known: &[&str]) -> Wrong {
    let known = known.join("`, `");
    Wrong::new(format!(
        "unknown {what} `{given}`, expected one of `{known}`"
    ))
}

/// The items of a list.
pub fn list(data: Data<'_>) -> Result<Vec<Data<'_>>, Wrong> {
    match data {
        Data::List(items) => Ok(items),
        _ => Err(Wrong::kind("a list")),
    }
}

fn text(data: Data<'_>) -> Result<String, Wrong> {
    match data {
        Data::Text(text) => Ok(text.into_owned()),
        _ => Err(Wrong::kind("a string")),
    }
}

/// An integer of a type that its name says.
fn integer<T: FromStr>(data: &Data<'_>, name: &str) -> Result<T, Wrong> {
    let number = data.as_number().and_then(|number| number.parse().ok());
    number.ok_or_else(|| Wrong::kind(name))
}

macro_rules! integers {
    ($($number:ident)*) => {$(
        impl Field for $number {
            fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
                *self = integer(&data, stringify!($number))?;
                Ok(())
            }

            fn data(&self) -> Data<'_> {
                (*self).into()
            }
        }
    )*};
}

integers!(u16 u32 u64 i64);

impl Field for bool {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        match data {
            Data::Boolean(value) => *self = value,
            _ => return Err(Wrong::kind("a boolean")),
        }
        Ok(())
    }

    fn data(&self) -> Data<'_> {
        (*self).into()
    }
}

impl Field for String {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        *self = text(data)?;
        Ok(())
    }

    fn data(&self) -> Data<'_> {
        self.as_str().into()
    }
}

/// Text, number or boolean, as CWMP writes it.
#[derive(Debug, Default)]
pub struct Plain(pub String);

impl Field for Plain {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        self.0 = data
            .into_plain()
            .ok_or_else(|| Wrong::new("not a plain value"))?;
        Ok(())
    }

    fn data(&self) -> Data<'_> {
        self.0.data()
    }
}

impl Field for (String, String) {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        let mut pair = <[String; 2]>::default();
        pair.read(data)?;
        *self = pair.into();
        Ok(())
    }

    fn data(&self) -> Data<'_> {
        Data::List(vec![self.0.data(), self.1.data()])
    }
}

impl<T: Field + Default> Field for Option<T> {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        *self = match data {
            Data::Null => None,
            data => {
                let mut value = T::default();
                value.read(data)?;
                Some(value)
            }
        };
        Ok(())
    }

    fn data(&self) -> Data<'_> {
        self.as_ref().map_or(Data::Null, T::data)
    }
}

impl<T: Field + Default> Field for Vec<T> {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        self.clear();
        for item in list(data)? {
            let mut value = T::default();
            value.read(item)?;
            self.push(value);
        }
        Ok(())
    }

    fn data(&self) -> Data<'_> {
        Data::List(self.iter().map(T::data).collect())
    }
}

impl<const N: usize> Field for [String; N] {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        let items = list(data)?;
        if items.len() != N {
            let given = items.len();
            return Err(Wrong::new(format!("invalid length {given}, expected {N}")));
        }
        for (place, item) in self.iter_mut().zip(items) {
            *place = text(item)?;
        }
        Ok(())
    }

    fn data(&self) -> Data<'_> {
        Data::List(self.iter().map(Field::data).collect())
    }
}

impl Field for BTreeSet<String> {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        *self = list(data)?
            .into_iter()
            .map(text)
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    fn data(&self) -> Data<'_> {
        Data::List(self.iter().map(Field::data).collect())
    }
}

impl<T: Field + Default> Field for BTreeMap<String, T> {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        self.clear();
        for Entry { key, value, line } in data.into_map()? {
            let mut read = T::default();
            read.read(value).map_err(|wrong| wrong.within(&key, line))?;
            self.insert(key.into_owned(), read);
        }
        Ok(())
    }

    fn data(&self) -> Data<'_> {
        let mut map = Map::default();
        for (key, value) in self {
            map.push(key.as_str(), value.data());
        }
        Data::Map(map)
    }
}
