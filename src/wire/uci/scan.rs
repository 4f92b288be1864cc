//! Cutting the text into statements and words, the way `libuci` does: white space separates words, a line end or `;`
//! ends a statement, `#` begins a comment wherever it is not quoted.

use std::ops::Range;

/// More than any real statement needs; bounds the work when a quote is never closed.
const MAX_STATEMENT: usize = 8 * 1024;

/// A word without its quotes, and where it stands with them.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// One statement; an empty line has no words.
pub(super) struct Statement {
    pub(super) words: Result<Vec<Word>, &'static str>,
    /// Where the next one begins: behind `at` always, unless the text ends there.
    pub(super) next: usize,
}

/// The statement that begins at `at`.
pub(super) fn statement(text: &[u8], at: usize) -> Statement {
    let window = text.get(..at.saturating_add(MAX_STATEMENT)).unwrap_or(text);
    let mut scanner = Scanner { text: window, at };
    let mut words = Vec::new();
    loop {
        match scanner.peek() {
            None => {
                if window.len() < text.len() {
                    return Statement {
                        words: Err("too long, or a quote that is not closed"),
                        next: line_after(text, at),
                    };
                }
                return Statement {
                    words: Ok(words),
                    next: text.len(),
                };
            }
            Some(b'\n' | b';') => {
                return Statement {
                    words: Ok(words),
                    next: scanner.at + 1,
                };
            }
            Some(b'#') => {
                return Statement {
                    words: Ok(words),
                    next: line_after(text, scanner.at),
                };
            }
            Some(byte) if is_blank(byte) => scanner.at += 1,
            Some(_) => match scanner.word() {
                Ok(Some(word)) => words.push(word),
                Ok(None) => {}
                Err(wrong) => {
                    return Statement {
                        words: Err(wrong),
                        next: line_after(text, at),
                    };
                }
            },
        }
    }
}

/// Where the line after the one at `at` begins.
pub(super) fn line_after(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter()
        .position(|&byte| byte == b'\n')
        .map_or(text.len(), |newline| at + newline + 1)
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }

    /// A word of plain, escaped and quoted pieces without a gap. `None`: only a continued line end.
    fn word(&mut self) -> Result<Option<Word>, &'static str> {
        let start = self.at;
        let mut text = Vec::new();
        let mut quoted = false;
        while let Some(byte) = self.peek() {
            if is_blank(byte) || matches!(byte, b'\n' | b';' | b'#') {
                break;
            }
            self.at += 1;
            match byte {
                b'\'' | b'"' => {
                    quoted = true;
                    self.quoted(byte, &mut text)?;
                }
                b'\\' => self.escaped(&mut text),
                other => text.push(other),
            }
        }
        if text.is_empty() && !quoted {
            return Ok(None);
        }
        Ok(Some(Word {
            text: String::from_utf8_lossy(&text).into_owned(),
            span: start..self.at,
        }))
    }

    /// Up to the closing quote. Line ends belong to the text; only double quotes know escapes.
    fn quoted(&mut self, quote: u8, text: &mut Vec<u8>) -> Result<(), &'static str> {
        while let Some(byte) = self.next() {
            match byte {
                b'\\' if quote == b'"' => self.escaped(text),
                byte if byte == quote => return Ok(()),
                other => text.push(other),
            }
        }
        Err("a quote that is not closed")
    }

    /// Behind a backslash: the next byte as it is; a line end vanishes.
    fn escaped(&mut self, text: &mut Vec<u8>) {
        match self.next() {
            Some(b'\n') | None => {}
            Some(b'\r') if self.peek() == Some(b'\n') => self.at += 1,
            Some(other) => text.push(other),
        }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}
