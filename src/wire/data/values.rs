//! Values that fields have, from plain data and into it.

use std::str::FromStr;

use super::record::unknown;
use super::{Data, FromData, ToData, Wrong};

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

/// The items of a list.
pub fn list(data: Data<'_>) -> Result<Vec<Data<'_>>, Wrong> {
    match data {
        Data::List(items) => Ok(items),
        _ => Err(Wrong::kind("a list")),
    }
}

/// Shows the items of a list.
pub fn items(
    data: Data<'_>,
    see: &mut dyn FnMut(Data<'_>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    list(data)?.into_iter().try_for_each(see)
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
        impl FromData for $number {
            fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
                *self = integer(&data, stringify!($number))?;
                Ok(())
            }
        }

        impl ToData for $number {
            fn data(&self) -> Data<'_> {
                (*self).into()
            }
        }
    )*};
}

integers!(u16 u32 u64 i64);

impl FromData for bool {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        match data {
            Data::Boolean(value) => *self = value,
            _ => return Err(Wrong::kind("a boolean")),
        }
        Ok(())
    }
}

impl ToData for bool {
    fn data(&self) -> Data<'_> {
        (*self).into()
    }
}

impl FromData for String {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        *self = text(data)?;
        Ok(())
    }
}

impl ToData for String {
    fn data(&self) -> Data<'_> {
        self.as_str().into()
    }
}

/// Text, number or boolean, as CWMP writes it.
#[derive(Debug, Default)]
pub struct Plain(pub String);

impl FromData for Plain {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        self.0 = data
            .plain()
            .ok_or_else(|| Wrong::new("not a plain value"))?;
        Ok(())
    }
}

impl FromData for (String, String) {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        let mut pair = <[String; 2]>::default();
        pair.read(data)?;
        *self = pair.into();
        Ok(())
    }
}

impl ToData for (String, String) {
    fn data(&self) -> Data<'_> {
        Data::List(vec![self.0.data(), self.1.data()])
    }
}

impl<T: FromData + Default> FromData for Option<T> {
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
}

impl<T: ToData> ToData for Option<T> {
    fn data(&self) -> Data<'_> {
        self.as_ref().map_or(Data::Null, T::data)
    }
}

impl<T: FromData + Default> FromData for Vec<T> {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        self.clear();
        items(data, &mut |item| {
            let mut value = T::default();
            value.read(item)?;
            self.push(value);
            Ok(())
        })
    }
}

impl<T: ToData> ToData for Vec<T> {
    fn data(&self) -> Data<'_> {
        Data::list(&mut self.iter().map(T::data))
    }
}

impl<const N: usize> FromData for [String; N] {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        let mut texts = Vec::new();
        texts.read(data)?;
        *self = texts.try_into().map_err(|texts: Vec<String>| {
            let given = texts.len();
            Wrong::new(format!("invalid length {given}, expected {N}"))
        })?;
        Ok(())
    }
}

impl<const N: usize> ToData for [String; N] {
    fn data(&self) -> Data<'_> {
        Data::list(&mut self.iter().map(String::data))
    }
}
