//! What the readers of JSON and TOML have in common: a place in a text.

use super::Wrong;

/// A text, and how far it was read.
pub(in crate::wire) struct Scan<'a> {
    pub text: &'a str,
    pub at: usize,
    pub line: u32,
}

/// What was read, or why not: at the place.
pub(in crate::wire) type Read<T> = Result<T, &'static str>;

impl<'a> Scan<'a> {
    /// Reads a whole text.
    pub fn whole<T>(text: &'a str, read: impl FnOnce(&mut Self) -> Read<T>) -> Result<T, Wrong> {
        let mut scan = Scan {
            text,
            at: 0,
            line: 1,
        };
        read(&mut scan).map_err(|reason| Wrong::at(text, scan.at, reason))
    }

    /// What is left.
    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next byte.
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes `wanted`, if it is next.
    pub fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// The same, where nothing else may be.
    pub fn expect(&mut self, wanted: &str, reason: &'static str) -> Read<()> {
        self.take(wanted).then_some(()).ok_or(reason)
    }

    /// Takes all up to the first character of a kind.
    pub fn until(&mut self, stop: fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(stop).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Takes a character of so many hexadecimal digits, as it stands behind `\u`.
    pub fn hex(&mut self, digits: usize) -> Read<u32> {
        let text = self.rest().get(..digits).unwrap_or_default();
        self.at += text.len();
        // No sign stands before it.
        match text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => u32::from_str_radix(text, 16).map_err(|_| ESCAPE),
            false => Err(ESCAPE),
        }
    }
}

/// What a letter behind a backslash means in both.
pub(in crate::wire) fn escaped(letter: Option<u8>) -> Read<char> {
    Ok(match letter {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'b') => '\x08',
        Some(b'f') => '\x0c',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        _ => return Err(ESCAPE),
    })
}

/// What is wrong with most wrong escapes.
pub(in crate::wire) const ESCAPE: &str = "invalid escape";
