//! Plain data, as JSON and TOML have it: what a line or a file says before it is known what that means.
//!
//! One tree for both, read by hand-written parsers into [`Record`]s through one table of fields each: a visitor per
//! struct and format, as serde derives them, took 300 KB of the device binary (mipsel).

mod record;
pub(super) mod scan;
mod sorted;
mod values;

use std::borrow::Cow;
use std::fmt;

pub(crate) use record::record;
pub use record::{Fields, FromData, Record, ToData, read, write};
pub use sorted::Sorted;
pub use values::{Plain, items, list, one_of, word};

/// Deepest nesting that is read.
pub const MAX_DEPTH: u32 = 128;

/// A value. Texts are borrowed from what was read where nothing in them was escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Data<'a> {
    /// JSON's `null`. TOML has none: it is left out there.
    #[default]
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number as it is written, but decimal, or a date of TOML. Nothing is lost before it is known what fits.
    Number(Cow<'a, str>),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Data<'a>>),
    /// An object of JSON, a table of TOML.
    Map(Map<'a>),
}

/// Keys with their values.
#[derive(Clone, Debug, Default, Eq)]
pub struct Map<'a> {
    entries: Vec<Entry<'a>>,
    /// For the reader of TOML.
    pub(super) made: Made,
}

impl PartialEq for Map<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

/// How a table of TOML came to be, which says what may be added to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Made {
    /// As a value: nothing.
    #[default]
    Whole,
    /// As a part of the names of others.
    Implied,
    /// As a part of dotted keys.
    Dotted,
    /// By its own header.
    Header,
}

/// A key with its value.
#[derive(Clone, Debug, Eq)]
pub struct Entry<'a> {
    /// The key.
    pub key: Cow<'a, str>,
    /// The value.
    pub value: Data<'a>,
    /// Where it was read, from 1; 0: it was not.
    pub line: u32,
}

impl PartialEq for Entry<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

/// What is wrong with what was read. Shows nothing of it but keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The line, from 1; 0: not known.
    pub line: u32,
    /// The byte of the line, from 1; 0: not known.
    pub column: u32,
    /// What is wrong.
    pub text: String,
}

impl Wrong {
    /// Wrong in itself, wherever it is.
    pub fn new(text: impl Into<String>) -> Wrong {
        Wrong {
            line: 0,
            column: 0,
            text: text.into(),
        }
    }

    /// Another kind of value stands where `wanted` should.
    #[must_use]
    pub fn kind(wanted: &str) -> Wrong {
        Wrong::new(format!("invalid type: expected {wanted}"))
    }

    /// What is wrong at the byte `at` of `text`.
    #[must_use]
    pub fn at(text: &str, at: usize, reason: &str) -> Wrong {
        let before = text.get(..at).unwrap_or_default().as_bytes();
        let start = before.iter().rposition(|&byte| byte == b'\n');
        Wrong {
            line: number(1 + before.iter().filter(|&&byte| byte == b'\n').count()),
            column: number(before.len() - start.map_or(0, |start| start + 1) + 1),
            text: reason.to_owned(),
        }
    }

    /// The same, of what is the value of `key`.
    #[must_use]
    pub fn within(self, key: &str, line: u32) -> Wrong {
        Wrong {
            line: if self.line == 0 { line } else { self.line },
            text: format!("{} in `{key}`", self.text),
            ..self
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match (self.line, self.column) {
            (0, _) => Ok(()),
            (line, 0) => write!(f, " at line {line}"),
            (line, column) => write!(f, " at line {line} column {column}"),
        }
    }
}

impl std::error::Error for Wrong {}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl<'a> Data<'a> {
    /// An object with these entries, in the order of the alphabet.
    pub fn map<const N: usize>(mut entries: [(&'static str, Data<'a>); N]) -> Data<'a> {
        let mut map = Map::default();
        map.fill(&mut entries, true);
        Data::Map(map)
    }

    /// An object with these entries, as they stand here.
    pub fn in_order<const N: usize>(mut entries: [(&'static str, Data<'a>); N]) -> Data<'a> {
        let mut map = Map::default();
        map.fill(&mut entries, false);
        Data::Map(map)
    }

    /// A list of these items.
    pub fn list(items: &mut dyn Iterator<Item = Data<'a>>) -> Data<'a> {
        Data::List(items.collect())
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Data<'a>> {
        self.as_map()?.get(key)
    }

    /// The object, if it is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map<'a>> {
        match self {
            Data::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The object, for keeps.
    pub fn into_map(self) -> Result<Map<'a>, Wrong> {
        match self {
            Data::Map(map) => Ok(map),
            _ => Err(Wrong::kind("a map")),
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one, as it is written.
    #[must_use]
    pub fn as_number(&self) -> Option<&str> {
        match self {
            Data::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The items of a list, else this alone.
    #[must_use]
    pub fn items(&self) -> &[Data<'a>] {
        match self {
            Data::List(items) => items,
            other => std::slice::from_ref(other),
        }
    }

    /// Text, number or boolean as CWMP writes it; no number has an exponent there.
    #[must_use]
    pub fn plain(&self) -> Option<String> {
        Some(match self {
            Data::Text(text) => text.to_string(),
            Data::Boolean(value) => value.to_string(),
            Data::Number(number) => shifted(number).unwrap_or_else(|| number.to_string()),
            Data::Null | Data::List(_) | Data::Map(_) => return None,
        })
    }

    /// The same without what it borrows.
    #[must_use]
    pub fn into_owned(self) -> Data<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Data::Null => Data::Null,
            Data::Boolean(value) => Data::Boolean(value),
            Data::Number(text) => Data::Number(owned(text)),
            Data::Text(text) => Data::Text(owned(text)),
            Data::List(items) => Data::List(items.into_iter().map(Data::into_owned).collect()),
            Data::Map(map) => {
                let entries = map.entries.into_iter().map(|entry| Entry {
                    key: owned(entry.key),
                    value: entry.value.into_owned(),
                    line: entry.line,
                });
                Data::Map(Map {
                    entries: entries.collect(),
                    made: map.made,
                })
            }
        }
    }
}

/// A number that has an exponent without it, unless that is out of all proportion.
fn shifted(number: &str) -> Option<String> {
    const MOST: i32 = 400;
    let (digits, exponent) = number.split_once(['e', 'E'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (mut text, whole) = match whole.strip_prefix('-') {
        Some(whole) => ("-".to_owned(), whole),
        None => (String::new(), whole),
    };
    let digits = format!("{whole}{fraction}").into_bytes();
    let (end, whole) = (
        i32::try_from(digits.len()).ok()?,
        i32::try_from(whole.len()).ok()?,
    );
    let point = whole.checked_add(exponent.parse().ok()?)?;
    if !(-MOST..=MOST).contains(&point) {
        return None;
    }
    let zeros = digits.iter().position(|&digit| digit != b'0');
    let start = zeros.map_or(point, |at| i32::try_from(at).unwrap_or(end));
    for at in start.min(point - 1)..end.max(point) {
        if at == point {
            text.push('.');
        }
        let digit = usize::try_from(at).ok().and_then(|at| digits.get(at));
        text.push(digit.map_or('0', |&digit| char::from(digit)));
    }
    Some(text)
}

impl<'a> Map<'a> {
    /// A table that is known only by what is in it.
    pub(super) fn implied() -> Map<'a> {
        Map {
            entries: Vec::new(),
            made: Made::Implied,
        }
    }

    /// The value of a key; the last of several.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Data<'a>> {
        let entry = self.entries.iter().rfind(|entry| entry.key == key)?;
        Some(&entry.value)
    }

    fn fill(&mut self, entries: &mut [(&'static str, Data<'a>)], sorted: bool) {
        for (key, value) in entries {
            let value = std::mem::take(value);
            match sorted {
                true => self.insert(*key, value),
                false => self.push(*key, value),
            }
        }
    }

    /// Gives a key a value, in its [`Map::slot`].
    pub fn insert(&mut self, key: impl Into<Cow<'a, str>>, value: Data<'a>) {
        *self.slot(key) = value;
    }

    /// Takes the value of a key out.
    pub fn remove(&mut self, key: &str) -> Option<Data<'a>> {
        let at = self.entries.iter().rposition(|entry| entry.key == key)?;
        Some(self.entries.remove(at).value)
    }

    /// Puts a value behind all others.
    pub fn push(&mut self, key: impl Into<Cow<'a, str>>, value: Data<'a>) {
        self.put(Entry {
            key: key.into(),
            value,
            line: 0,
        });
    }

    /// The same, with where it was read.
    pub fn put(&mut self, entry: Entry<'a>) {
        self.entries.push(entry);
    }

    /// The place for the value of a key. A new one is where the alphabet has it, if all the others are.
    pub fn slot(&mut self, key: impl Into<Cow<'a, str>>) -> &mut Data<'a> {
        self.slot_at(key.into(), 0)
    }

    /// The same, with where it was read.
    pub(super) fn slot_at(&mut self, key: Cow<'a, str>, line: u32) -> &mut Data<'a> {
        let at = self.entries.partition_point(|entry| entry.key < key);
        if self.entries.get(at).is_none_or(|entry| entry.key != key) {
            let value = Data::Null;
            self.entries.insert(at, Entry { key, value, line });
        }
        &mut self.entries[at].value
    }

    /// The entries.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry<'a>> {
        self.entries.iter()
    }

    /// How many entries there are.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = Entry<'a>;
    type IntoIter = std::vec::IntoIter<Entry<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a> From<&'a str> for Data<'a> {
    fn from(text: &'a str) -> Self {
        Data::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Data<'_> {
    fn from(text: String) -> Self {
        Data::Text(Cow::Owned(text))
    }
}

impl From<bool> for Data<'_> {
    fn from(value: bool) -> Self {
        Data::Boolean(value)
    }
}

impl<'a> From<Vec<Data<'a>>> for Data<'a> {
    fn from(items: Vec<Data<'a>>) -> Self {
        Data::List(items)
    }
}

impl<'a, T: Into<Data<'a>>> From<Option<T>> for Data<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Data::Null, Into::into)
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl From<$number> for Data<'_> {
            fn from(number: $number) -> Self {
                Data::Number(Cow::Owned(number.to_string()))
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 usize i64);

#[cfg(test)]
mod tests;
