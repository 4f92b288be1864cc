//! The values that the ACS knows.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::wire::data::{Data, FromData, Sorted, ToData, Wrong};
use crate::wire::http::hex;

/// Values of passively notified parameters that go into the file: a setting of the whole tree must not make it as large
/// as the tree. Of the rest a change is told unless it happens while the daemon is down.
const MAX_KEPT: usize = 1000;
/// The same of all, actively notified ones included: a state that is too large could not be written at all.
const MAX_KEPT_IN_ALL: usize = 4096;
/// Bytes of a value that is kept as it is. That a longer one has changed, its digest tells.
const MAX_VALUE: usize = 128;
/// What such a digest begins with.
const DIGEST: &str = "#sha256:";

/// Last values told to the ACS of parameters whose changes are notified, by path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    kept: Sorted<String>,
    /// Not in the file.
    rest: Sorted<String>,
}

impl Known {
    /// What is kept of `value`: itself, or the digest of a long one.
    #[must_use]
    pub fn kept(value: &str) -> Cow<'_, str> {
        // Nor may a value pass for the digest of another one.
        if value.len() <= MAX_VALUE && !value.starts_with(DIGEST) {
            return Cow::Borrowed(value);
        }
        Cow::Owned(format!("{DIGEST}{}", hex(Sha256::digest(value))))
    }

    /// What is kept of the value of the parameter `path` that the ACS knows.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        let value = self.kept.get(path).or_else(|| self.rest.get(path));
        value.map(String::as_str)
    }

    /// The ACS knows `value`. `keep`: it goes before those that need not be kept.
    pub fn insert(&mut self, path: String, value: &str, keep: bool) {
        self.put(path, Known::kept(value).into_owned(), keep);
    }

    fn put(&mut self, path: String, value: String, keep: bool) {
        let most = if keep { MAX_KEPT_IN_ALL } else { MAX_KEPT };
        if self.kept.entries().len() < most || self.kept.get(&path).is_some() {
            self.rest.remove(&path);
            self.kept.insert(path, value);
        } else {
            self.rest.insert(path, value);
        }
    }

    /// What is watched is another now: `wanted` says of a parameter whether it goes before those that need not be kept, or
    /// (`None`) is forgotten.
    pub fn follow(&mut self, wanted: &dyn Fn(&str) -> Option<bool>) {
        let Known { kept, rest } = std::mem::take(self);
        for known in [kept, rest] {
            for (path, value) in known.into_entries() {
                if let Some(keep) = wanted(&path) {
                    self.put(path, value, keep);
                }
            }
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Known::default();
    }
}

impl FromData for Known {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        self.kept.read(data)
    }
}

impl ToData for Known {
    fn data(&self) -> Data<'_> {
        self.kept.data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::toml;

    fn written(known: &Known) -> String {
        toml::text(&known.data())
    }

    fn read(text: &str) -> Known {
        let mut known = Known::default();
        known.read(Data::Map(toml::parse(text).unwrap())).unwrap();
        known
    }

    #[test]
    fn so_many_go_into_the_file_and_the_important_ones_always() {
        // NO-14
        let mut known = Known::default();
        for n in 0..=MAX_KEPT {
            known.insert(format!("P{n:04}"), "1", false);
        }
        known.insert("Important".into(), "1", true);
        known.insert("P1000".into(), "2", false);
        assert_eq!(known.get("P1000"), Some("2"));
        let read = read(&written(&known));
        assert_eq!(read.get("P0999"), Some("1"));
        assert_eq!(
            (read.get("P1000"), read.get("Important")),
            (None, Some("1"))
        );
        // One that becomes important goes in too.
        known.follow(&|path| Some(path == "P1000"));
        let read = self::read(&written(&known));
        assert_eq!(read.get("P1000"), Some("2"));
        known.follow(&|path| (path == "P1000").then_some(false));
        assert_eq!((known.get("P1000"), known.get("P0999")), (Some("2"), None));
    }

    #[test]
    fn neither_long_values_nor_many_active_ones_make_the_file_too_large() {
        // NO-14
        let mut known = Known::default();
        let long = "x".repeat(1 << 20);
        known.insert(format!("Device.P{:0200}", 0), &long, true);
        for n in 1..2 * MAX_KEPT_IN_ALL {
            known.insert(format!("Device.P{n:0200}"), &long[..200], true);
        }
        let text = written(&known);
        assert!(text.len() < 2 << 20, "{}", text.len());
        let read = read(&text);
        let path = format!("Device.P{:0200}", 0);
        assert_eq!(read.get(&path), Some(&*Known::kept(&long)));
        assert_ne!(read.get(&path), Some(&*Known::kept(&long[1..])));
        // The text of a digest is another value than what it is of.
        let digest = Known::kept(&long).into_owned();
        assert_ne!(Known::kept(&digest), digest);
    }
}
