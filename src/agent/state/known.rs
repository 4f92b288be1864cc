//! The values that the ACS knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values of passively notified parameters that go into the file: a setting of the whole tree must not make it as large
/// as the tree. Of the rest a change is told unless it happens while the daemon is down.
const MAX_KEPT: usize = 1000;

/// Last values told to the ACS of parameters whose changes are notified, by path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Known {
    kept: BTreeMap<String, String>,
    /// Not in the file.
    #[serde(skip)]
    rest: BTreeMap<String, String>,
}

impl Known {
    /// The value of the parameter `path` that the ACS knows.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        let value = self.kept.get(path).or_else(|| self.rest.get(path));
        value.map(String::as_str)
    }

    /// The ACS knows `value`. `keep`: it goes into the file whatever else is there.
    pub fn insert(&mut self, path: String, value: String, keep: bool) {
        if keep || self.kept.len() < MAX_KEPT || self.kept.contains_key(&path) {
            self.rest.remove(&path);
            self.kept.insert(path, value);
        } else {
            self.rest.insert(path, value);
        }
    }

    /// What is watched is another now: `wanted` says of a parameter whether it is to be kept whatever else there is,
    /// or (`None`) forgotten.
    pub fn follow(&mut self, wanted: impl Fn(&str) -> Option<bool>) {
        let Known { kept, rest } = std::mem::take(self);
        for (path, value) in kept.into_iter().chain(rest) {
            if let Some(keep) = wanted(&path) {
                self.insert(path, value, keep);
            }
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Known::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_go_into_the_file_and_the_important_ones_always() {
        // NO-14
        let mut known = Known::default();
        for n in 0..=MAX_KEPT {
            known.insert(format!("P{n:04}"), "1".into(), false);
        }
        known.insert("Important".into(), "1".into(), true);
        known.insert("P1000".into(), "2".into(), false);
        assert_eq!(known.get("P1000"), Some("2"));
        let read: Known = toml::from_str(&toml::to_string(&known).unwrap()).unwrap();
        assert_eq!(read.get("P0999"), Some("1"));
        assert_eq!(
            (read.get("P1000"), read.get("Important")),
            (None, Some("1"))
        );
        // One that becomes important goes in too.
        known.follow(|path| Some(path == "P1000"));
        let read: Known = toml::from_str(&toml::to_string(&known).unwrap()).unwrap();
        assert_eq!(read.get("P1000"), Some("2"));
        known.follow(|path| (path == "P1000").then_some(false));
        assert_eq!((known.get("P1000"), known.get("P0999")), (Some("2"), None));
    }
}
