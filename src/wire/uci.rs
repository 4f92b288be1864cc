//! The UCI file syntax of OpenWrt, read and edited in place.
//!
//! Reading is total: what is not understood is a [`Problem`] with its line, stays in the text as it is, and the rest is
//! read. Editing touches only the bytes of the one option: order, comments, line ends and foreign text stay.

mod edit;
mod scan;

use std::fmt;
use std::ops::Range;

pub use edit::EditError;

/// A configuration file on a router is a few KiB; a larger one is a mistake or an attack, and nothing of it is read.
pub const MAX_BYTES: usize = 256 * 1024;

/// Enough to repair a file by; a file of garbage must not flood the log.
const MAX_PROBLEMS: usize = 100;

/// A file: its text, and what was understood of it.
#[derive(Clone, Debug, Default)]
pub struct File {
    text: Vec<u8>,
    sections: Vec<Section>,
}

/// Points at a section of one [`File`]; stays good while that file is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionRef(usize);

/// `config KIND ['NAME']` and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The type.
    pub kind: String,
    /// The name; anonymous sections have none.
    pub name: Option<String>,
    /// Where it begins, from 1.
    pub line: usize,
    /// Its options and list items in order.
    pub entries: Vec<Entry>,
    /// Offset of its `config` statement.
    start: usize,
    /// Offset behind its last statement.
    end: usize,
}

/// `option NAME VALUE` or `list NAME VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// A list item, not an option.
    pub list: bool,
    /// The option's name.
    pub name: String,
    /// The value without its quotes. Bytes that are not UTF-8 read as U+FFFD.
    pub value: String,
    /// Where it begins, from 1.
    pub line: usize,
    /// Where the value stands, with its quotes.
    span: Range<usize>,
}

/// Something that was not understood, and was left as it is. Never shows the text: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; 0: the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub text: String,
}

impl File {
    /// Reads text. Never fails as a whole.
    pub fn parse(text: impl AsRef<[u8]>) -> (File, Vec<Problem>) {
        let mut file = File {
            text: text.as_ref().to_vec(),
            sections: Vec::new(),
        };
        let mut problems = Vec::new();
        if file.text.len() > MAX_BYTES {
            let text = format!("larger than {MAX_BYTES} bytes: nothing of it is read");
            problems.push(Problem { line: 0, text });
            return (file, problems);
        }
        let mut at = 0;
        let mut line = 1;
        while at < file.text.len() {
            let scan::Statement { words, next } = scan::statement(&file.text, at);
            let taken = words.and_then(|words| file.take(words, line));
            let next = match taken {
                Ok(()) => next,
                Err(wrong) => {
                    if problems.len() < MAX_PROBLEMS {
                        problems.push(Problem {
                            line,
                            text: wrong.to_owned(),
                        });
                    }
                    // A quote that was forgotten swallows what follows: go on with the next line, not behind it.
                    next.min(scan::line_after(&file.text, at))
                }
            };
            line += file
                .text
                .get(at..next)
                .map_or(0, |passed| passed.iter().filter(|&&b| b == b'\n').count());
            at = next;
        }
        (file, problems)
    }

    /// The sections in order.
    pub fn sections(&self) -> impl DoubleEndedIterator<Item = (SectionRef, &Section)> {
        self.sections
            .iter()
            .enumerate()
            .map(|(index, section)| (SectionRef(index), section))
    }

    /// An option's value and line. When it is given twice the later one counts, as for `uci`.
    pub fn option(&self, section: SectionRef, name: &str) -> Option<(&str, usize)> {
        let section = self.sections.get(section.0)?;
        section
            .last_option(name)
            .map(|entry| (entry.value.as_str(), entry.line))
    }

    /// The items of a list.
    pub fn list(&self, section: SectionRef, name: &str) -> impl Iterator<Item = &str> {
        let entries = self
            .sections
            .get(section.0)
            .map_or(&[][..], |section| &section.entries);
        entries
            .iter()
            .filter(move |entry| entry.list && entry.name == name)
            .map(|entry| entry.value.as_str())
    }

    /// The text, byte for byte.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// Takes one statement in, or says what is wrong with it.
    fn take(&mut self, words: Vec<scan::Word>, line: usize) -> Result<(), &'static str> {
        let mut words = words.into_iter();
        let Some(keyword) = words.next() else {
            return Ok(());
        };
        let (first, second, more) = (words.next(), words.next(), words.next());
        if more.is_some() {
            return Err("too many words");
        }
        match (keyword.text.as_str(), first, second) {
            ("config", Some(kind), name) if !kind.text.is_empty() => {
                let end = name.as_ref().map_or(kind.span.end, |name| name.span.end);
                let name = name.map(|name| name.text).filter(|name| !name.is_empty());
                let start = keyword.span.start;
                self.sections.push(Section {
                    kind: kind.text,
                    name,
                    line,
                    entries: Vec::new(),
                    start,
                    end,
                });
                Ok(())
            }
            ("config", ..) => Err("a section without a type"),
            (kind @ ("option" | "list"), Some(name), Some(value)) if !name.text.is_empty() => {
                let section = self
                    .sections
                    .last_mut()
                    .ok_or("an option outside of any section")?;
                section.end = value.span.end;
                let entry = Entry {
                    list: kind == "list",
                    name: name.text,
                    value: value.text,
                    line,
                    span: value.span,
                };
                section.entries.push(entry);
                Ok(())
            }
            ("option" | "list", ..) => Err("an option without a name or a value"),
            // The file's name says which package it is.
            ("package", Some(_), None) => Ok(()),
            _ => Err("not a config, option, list or package line"),
        }
    }
}

impl Section {
    fn last_option(&self, name: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .rev()
            .find(|entry| !entry.list && entry.name == name)
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.text))
    }
}

#[cfg(test)]
mod tests;
