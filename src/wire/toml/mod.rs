//! TOML from and to plain data.

mod write;

use toml::de::{DeTable, DeValue};

use super::data::{Data, Entry, Map, Wrong};
pub use write::text;

/// Reads a file. Keys come out in the order of the alphabet.
pub fn parse(text: &str) -> Result<Map<'_>, Wrong> {
    match DeTable::parse(text) {
        Ok(table) => {
            let ends = text.match_indices('\n').map(|(at, _)| at).collect();
            Ok(Lines(ends).table(table.into_inner()))
        }
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let reason = error.message().replace('\n', "; ");
            Err(Wrong::at(text, at, &reason))
        }
    }
}

/// Where lines end.
struct Lines(Vec<usize>);

impl Lines {
    fn table<'a>(&self, table: DeTable<'a>) -> Map<'a> {
        let mut map = Map::default();
        for (key, value) in table {
            let before = self.0.partition_point(|end| *end < key.span().start);
            map.put(Entry {
                key: key.into_inner(),
                value: self.value(value.into_inner()),
                line: u32::try_from(before + 1).unwrap_or(u32::MAX),
            });
        }
        map
    }

    fn value<'a>(&self, value: DeValue<'a>) -> Data<'a> {
        match value {
            DeValue::String(text) => Data::Text(text),
            DeValue::Integer(number) => {
                let decimal = match number.radix() {
                    10 => number.as_str().trim_start_matches('+').to_owned(),
                    radix => match u64::from_str_radix(number.as_str(), radix) {
                        Ok(number) => number.to_string(),
                        Err(_) => number.to_string(),
                    },
                };
                Data::Number(decimal.into())
            }
            DeValue::Float(number) => Data::Number(number.as_str().to_owned().into()),
            DeValue::Boolean(value) => Data::Boolean(value),
            DeValue::Datetime(time) => Data::Number(time.to_string().into()),
            DeValue::Array(items) => Data::List(
                items
                    .into_iter()
                    .map(|item| self.value(item.into_inner()))
                    .collect(),
            ),
            DeValue::Table(table) => Data::Map(self.table(table)),
        }
    }
}

#[cfg(test)]
mod tests;
