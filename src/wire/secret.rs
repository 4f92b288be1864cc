//! Text that must not be shown.

use std::fmt;

use super::data::{Data, FromData, ToData, Wrong};

/// A password: `Debug` shows only whether there is one, and there is no `Display`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromData for Secret {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        self.0.read(data)
    }
}

impl ToData for Secret {
    fn data(&self) -> Data<'_> {
        self.0.data()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "(none)"
        } else {
            "(hidden)"
        })
    }
}
