//! Values by key.

use super::{Data, Entry, FromData, Map, ToData, Wrong};

/// Values by key, in the order of the alphabet: for what is looked up more often than it grows. A `BTreeMap` takes ten
/// times the code, for each kind of value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorted<V> {
    entries: Vec<(String, V)>,
}

impl<V> Default for Sorted<V> {
    fn default() -> Self {
        Sorted {
            entries: Vec::new(),
        }
    }
}

impl<V> Sorted<V> {
    /// All of them.
    pub fn entries(&self) -> &[(String, V)] {
        &self.entries
    }

    /// All of them, for keeps.
    pub fn into_entries(self) -> Vec<(String, V)> {
        self.entries
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&V> {
        let (known, value) = self.entries.get(self.place(key))?;
        (known == key).then_some(value)
    }

    /// `key` has that value now.
    pub fn insert(&mut self, key: String, value: V) {
        let at = self.place(&key);
        match self.entries.get_mut(at).filter(|(known, _)| *known == key) {
            Some((_, place)) => *place = value,
            None => self.entries.insert(at, (key, value)),
        }
    }

    /// Forgets `key`.
    pub fn remove(&mut self, key: &str) {
        let at = self.place(key);
        if self.entries.get(at).is_some_and(|(known, _)| known == key) {
            self.entries.remove(at);
        }
    }

    /// Of those whose key begins with `prefix`, forgets what `keep` says no to.
    pub fn retain_below(&mut self, prefix: &str, keep: &mut dyn FnMut(&str, &mut V) -> bool) {
        let mut at = self.place(prefix);
        while let Some((key, value)) = self.entries.get_mut(at)
            && key.starts_with(prefix)
        {
            if keep(key, value) {
                at += 1;
            } else {
                self.entries.remove(at);
            }
        }
    }

    fn place(&self, key: &str) -> usize {
        self.entries
            .partition_point(|(known, _)| known.as_str() < key)
    }
}

impl<V> FromIterator<(String, V)> for Sorted<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        let mut sorted = Sorted::default();
        for (key, value) in entries {
            sorted.insert(key, value);
        }
        sorted
    }
}

impl<V: FromData + Default> FromData for Sorted<V> {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        self.entries.clear();
        for Entry { key, value, line } in data.into_map()? {
            let mut read = V::default();
            read.read(value).map_err(|wrong| wrong.within(&key, line))?;
            self.insert(key.into_owned(), read);
        }
        Ok(())
    }
}

impl<V: ToData> ToData for Sorted<V> {
    fn data(&self) -> Data<'_> {
        let mut map = Map::default();
        for (key, value) in &self.entries {
            map.push(key.as_str(), value.data());
        }
        Data::Map(map)
    }
}
