//! The scanner under the gate and the tolerant reader: cuts a document into tags and text, looks at nothing twice.
//!
//! It cuts where a conforming reader cuts, or fails where that one fails too; so what the gate has counted is all
//! that the strict reader can meet.

use super::{XmlError, is_space};

/// Bytes of a name, prefix included. The longest of CWMP has 44.
const MAX_NAME: usize = 256;

/// A piece of a document.
pub(super) enum Token<'a> {
    /// Character data, references not resolved.
    Text(&'a str),
    /// The inside of a CDATA section.
    Cdata(&'a str),
    /// A comment or processing instruction.
    Aside,
    /// A start tag, or an empty-element tag. Its attributes are with [`Scanner::attributes`].
    Open { name: &'a str, empty: bool },
    /// An end tag.
    Close { name: &'a str },
}

/// Cuts a document into tokens.
pub(super) struct Scanner<'a> {
    text: &'a str,
    rest: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    max_attributes: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, max_attributes: usize) -> Self {
        Scanner {
            text,
            rest: text,
            attributes: Vec::new(),
            max_attributes,
        }
    }

    /// Names and raw values of the attributes of the last start tag.
    pub(super) fn attributes(&self) -> &[(&'a str, &'a str)] {
        &self.attributes
    }

    /// What has been cut so far.
    pub(super) fn behind(&self) -> &'a str {
        let end = self.text.len() - self.rest.len();
        self.text.get(..end).unwrap_or(self.text)
    }

    /// A syntax error at the present place.
    pub(super) fn error(&self, what: &str) -> XmlError {
        XmlError::Syntax(format!(
            "the document is not XML: {what} at byte {}",
            self.text.len() - self.rest.len()
        ))
    }

    /// The next token; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, XmlError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let Some(markup) = self.rest.strip_prefix('<') else {
            let end = self.rest.find('<').unwrap_or(self.rest.len());
            return Ok(Some(Token::Text(self.cut(end))));
        };
        if markup.starts_with(['!', '?']) {
            return self.aside(markup).map(Some);
        }
        self.rest = markup;
        if !self.take('/') {
            return self.open().map(Some);
        }
        let name = self.name()?;
        self.spaces();
        self.expect('>')?;
        Ok(Some(Token::Close { name }))
    }

    /// A comment, a CDATA section or an instruction, whose `<` is cut from `markup`; a declaration is refused.
    fn aside(&mut self, markup: &'a str) -> Result<Token<'a>, XmlError> {
        if let Some(comment) = markup.strip_prefix("!--") {
            return self.section(comment, "-->").map(|_| Token::Aside);
        }
        if let Some(cdata) = markup.strip_prefix("![CDATA[") {
            return self.section(cdata, "]]>").map(Token::Cdata);
        }
        if let Some(instruction) = markup.strip_prefix('?') {
            return self.section(instruction, "?>").map(|_| Token::Aside);
        }
        Err(match markup.get(1..8) {
            Some(word) if word.eq_ignore_ascii_case("doctype") => XmlError::Doctype,
            _ => self.error("unknown markup"),
        })
    }

    /// Cuts up to and with `end`; the text before it.
    fn section(&mut self, inside: &'a str, end: &str) -> Result<&'a str, XmlError> {
        let (text, rest) = inside
            .split_once(end)
            .ok_or_else(|| self.error("markup without end"))?;
        self.rest = rest;
        Ok(text)
    }

    /// A start tag, behind its `<`.
    fn open(&mut self) -> Result<Token<'a>, XmlError> {
        let name = self.name()?;
        self.attributes.clear();
        loop {
            self.spaces();
            if self.take('>') {
                return Ok(Token::Open { name, empty: false });
            }
            if self.take('/') {
                self.expect('>')?;
                return Ok(Token::Open { name, empty: true });
            }
            let name = self.name()?;
            self.spaces();
            self.expect('=')?;
            self.spaces();
            let quote = if self.rest.starts_with('\'') {
                '\''
            } else {
                '"'
            };
            self.expect(quote)?;
            let end = self.rest.find(quote).unwrap_or(self.rest.len());
            let value = self.cut(end);
            self.expect(quote)?;
            if self.attributes.len() >= self.max_attributes {
                return Err(XmlError::TooManyAttributes);
            }
            self.attributes.push((name, value));
        }
    }

    /// A name: up to what cannot be in one. Beyond ASCII anything goes, the strict reader knows better.
    fn name(&mut self) -> Result<&'a str, XmlError> {
        let ends = |b: u8| {
            matches!(
                b,
                b' ' | b'\t' | b'\r' | b'\n' | b'<' | b'>' | b'/' | b'=' | b'"' | b'\''
            )
        };
        let end = self.rest.bytes().position(ends).unwrap_or(self.rest.len());
        let starts = |b: &u8| b.is_ascii_alphabetic() || !b.is_ascii() || matches!(b, b'_' | b':');
        if !self.rest.as_bytes().first().is_some_and(starts) {
            return Err(self.error("no name"));
        }
        if end > MAX_NAME {
            return Err(self.error("too long a name"));
        }
        Ok(self.cut(end))
    }

    /// Cuts so many bytes.
    fn cut(&mut self, bytes: usize) -> &'a str {
        let (piece, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        piece
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }

    /// Cuts that character if it comes next.
    fn take(&mut self, what: char) -> bool {
        let rest = self.rest.strip_prefix(what);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, what: char) -> Result<(), XmlError> {
        if self.take(what) {
            Ok(())
        } else {
            Err(self.error("malformed tag"))
        }
    }
}
