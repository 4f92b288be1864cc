//! Changing a file without touching what was not asked for.

use std::fmt;
use std::ops::Range;

use super::{Entry, File, Section, SectionRef, scan};

/// The new text would not read back as it was meant: the file is too large, or a broken line of it swallows the change.
/// The file stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EditError;

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the change would not read back: the file is too large or has a broken line")
    }
}

impl std::error::Error for EditError {}

impl File {
    /// Gives an option its value: in its place if it is there, else as the section's last line. NUL characters are
    /// dropped, because other readers of the file end a text there.
    pub fn set(&mut self, section: SectionRef, name: &str, value: &str) -> Result<(), EditError> {
        let value = value.replace('\0', "");
        let mut expected = self.sections.clone();
        let target = expected.get_mut(section.0).ok_or(EditError)?;
        let old = target
            .entries
            .iter_mut()
            .rev()
            .find(|entry| !entry.list && entry.name == name);
        let (place, text) = match old {
            Some(entry) => {
                let edit = (entry.span.clone(), quoted(&value));
                entry.value = value;
                edit
            }
            None => {
                let edit = self.new_line(
                    section.0,
                    &format!("option {} {}", word(name), quoted(&value)),
                );
                let (name, line) = (name.to_owned(), 0);
                target.entries.push(Entry {
                    list: false,
                    name,
                    value,
                    line,
                    span: 0..0,
                });
                edit
            }
        };
        self.splice(place, &text, &expected)
    }

    /// Adds an empty section at the end.
    pub fn add_section(&mut self, kind: &str, name: Option<&str>) -> Result<SectionRef, EditError> {
        let line_end = self.line_end();
        let mut text = String::new();
        if !self.text.is_empty() {
            text.push_str(if self.text.ends_with(b"\n") {
                ""
            } else {
                line_end
            });
            text.push_str(line_end);
        }
        text.push_str("config ");
        text.push_str(&word(kind));
        if let Some(name) = name {
            text.push(' ');
            text.push_str(&quoted(name));
        }
        text.push_str(line_end);
        let mut expected = self.sections.clone();
        let (kind, name) = (kind.to_owned(), name.map(str::to_owned));
        expected.push(Section {
            kind,
            name,
            line: 0,
            entries: Vec::new(),
            start: 0,
            end: 0,
        });
        self.splice(self.text.len()..self.text.len(), &text, &expected)?;
        Ok(SectionRef(self.sections.len() - 1))
    }

    /// Takes a section away with its options. Comments within it go too, those around it stay.
    pub fn remove(&mut self, section: SectionRef) -> Result<(), EditError> {
        let mut expected = self.sections.clone();
        if section.0 >= expected.len() {
            return Err(EditError);
        }
        let gone = expected.remove(section.0);
        let line_start = |at: usize| {
            let before = self.text.get(..at).unwrap_or_default();
            before
                .iter()
                .rposition(|&byte| byte == b'\n')
                .map_or(0, |newline| newline + 1)
        };
        // Whole lines, unless another section shares one of them: then the outcome reads otherwise and is refused.
        let place = line_start(gone.start)..scan::line_after(&self.text, gone.end);
        self.splice(place, "", &expected)
    }

    /// Where and how a statement is added to a section: behind its last one.
    fn new_line(&self, section: usize, statement: &str) -> (Range<usize>, String) {
        let end = self.sections.get(section).map_or(0, |section| section.end);
        let next_line = scan::line_after(&self.text, end);
        if self
            .sections
            .get(section + 1)
            .is_some_and(|next| next.start < next_line)
        {
            return (end..end, format!("; {statement}"));
        }
        let indent = self.indent(section);
        let line_end = self.line_end();
        let text = match self
            .text
            .get(..next_line)
            .is_some_and(|before| before.ends_with(b"\n"))
        {
            true => format!("{indent}{statement}{line_end}"),
            false => format!("{line_end}{indent}{statement}"),
        };
        (next_line..next_line, text)
    }

    /// What stands before the section's last option on its line.
    fn indent(&self, section: usize) -> String {
        let entry = self
            .sections
            .get(section)
            .and_then(|section| section.entries.last());
        let before = entry
            .and_then(|entry| self.text.get(..entry.span.start))
            .unwrap_or_default();
        let line = before
            .rsplit(|&byte| byte == b'\n')
            .next()
            .unwrap_or_default();
        let blanks: String = line
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .map(|&byte| char::from(byte))
            .collect();
        if entry.is_some() {
            blanks
        } else {
            "\t".to_owned()
        }
    }

    fn line_end(&self) -> &'static str {
        if self.text.windows(2).any(|pair| pair == b"\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }

    /// Replaces bytes, if the outcome then reads as `expected`.
    fn splice(
        &mut self,
        place: Range<usize>,
        new: &str,
        expected: &[Section],
    ) -> Result<(), EditError> {
        let before = self.text.get(..place.start).ok_or(EditError)?;
        let after = self.text.get(place.end..).ok_or(EditError)?;
        let (file, _) = File::parse([before, new.as_bytes(), after].concat());
        let same = file.sections.len() == expected.len()
            && file
                .sections
                .iter()
                .zip(expected)
                .all(|(is, should)| is.reads_as(should));
        if !same {
            return Err(EditError);
        }
        *self = file;
        Ok(())
    }
}

impl Section {
    /// Whether both say the same, wherever they stand.
    fn reads_as(&self, other: &Section) -> bool {
        let entries = |section: &Section| section.entries.len();
        self.kind == other.kind
            && self.name == other.name
            && entries(self) == entries(other)
            && self
                .entries
                .iter()
                .zip(&other.entries)
                .all(|(a, b)| a.list == b.list && a.name == b.name && a.value == b.value)
    }
}

/// In single quotes, where nothing is special but the quote itself, which is taken out of them.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// A name or type: plain where that is enough.
fn word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        quoted(text)
    }
}
