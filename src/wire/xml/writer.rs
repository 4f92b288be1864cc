//! The escaping writer: written from front to back, in pieces.

use crate::wire::payload::Payload;

/// Room for the number in an `arrayType`: ten digits of a `u32` and `]"`.
const COUNT_WIDTH: usize = 12;

/// Where the number of an `arrayType` is still to be written.
#[derive(Debug)]
#[must_use = "an array without its count is not XML"]
pub struct ArrayCount(usize);

/// Writes XML.
///
/// ```
/// let mut w = cwmpd::wire::xml::Writer::new();
/// w.open("ParameterNames");
/// let count = w.array_type("soap-enc:arrayType", "xsd:string");
/// w.leaf("string", "Device.");
/// w.close("ParameterNames");
/// w.set_count(count, 1);
/// assert!(String::from_utf8(w.finish().unwrap().to_vec()).unwrap().starts_with("<ParameterNames soap-enc:arrayType=\"xsd:string[1]\""));
/// ```
#[derive(Debug, Default)]
pub struct Writer {
    out: Payload,
    /// A start tag still lacks its `>`.
    in_tag: bool,
    /// Most bytes, where that is limited.
    limit: Option<usize>,
    /// It was to become longer than that, or than there is memory for: nothing is kept any more.
    over: bool,
}

/// A document that became longer than its limit, or than there was memory for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl Writer {
    /// An empty document.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty document that must not become longer than so many bytes, or than there is memory for. Without a limit
    /// a lack of memory ends the process.
    pub fn limited(bytes: usize) -> Self {
        Writer {
            limit: Some(bytes),
            ..Self::default()
        }
    }

    /// The XML declaration.
    pub fn declaration(&mut self) {
        self.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    }

    /// A start tag. Attributes may follow, then text or children, then [`close`](Self::close).
    pub fn open(&mut self, tag: &str) {
        self.end_tag();
        self.raw("<");
        self.raw(tag);
        self.in_tag = true;
    }

    /// An attribute of the start tag just opened.
    pub fn attribute(&mut self, name: &str, value: &str) {
        debug_assert!(self.in_tag, "an attribute belongs to a start tag");
        self.raw(" ");
        self.raw(name);
        self.raw("=\"");
        self.escaped(value, true);
        self.raw("\"");
    }

    /// An array's type, `name="item[N]"`, whose number is filled in when the children are written.
    pub fn array_type(&mut self, name: &str, item: &str) -> ArrayCount {
        debug_assert!(self.in_tag, "an attribute belongs to a start tag");
        self.raw(" ");
        self.raw(name);
        self.raw("=\"");
        self.raw(item);
        self.raw("[");
        let at = self.out.len();
        // The hole is filled from its left: what is left of it is white space inside the tag, behind the quote.
        self.bytes(&[b' '; COUNT_WIDTH]);
        ArrayCount(at)
    }

    /// Fills in the number of an array's children.
    pub fn set_count(&mut self, at: ArrayCount, count: u32) {
        for (hole, byte) in (at.0..).zip(format!("{count}]\"").bytes()) {
            self.out.replace(hole, byte);
        }
    }

    /// Character data, escaped.
    pub fn text(&mut self, text: &str) {
        self.end_tag();
        self.escaped(text, false);
    }

    /// An end tag. An element without content is written in two tags as well.
    pub fn close(&mut self, tag: &str) {
        self.end_tag();
        self.raw("</");
        self.raw(tag);
        self.raw(">");
    }

    /// An element with nothing but text.
    pub fn leaf(&mut self, tag: &str, text: &str) {
        self.open(tag);
        self.text(text);
        self.close(tag);
    }

    /// The document.
    pub fn finish(self) -> Result<Payload, TooLarge> {
        if self.over {
            return Err(TooLarge);
        }
        Ok(self.out)
    }

    fn raw(&mut self, markup: &str) {
        self.bytes(markup.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let Some(limit) = self.limit else {
            return self.out.push(bytes);
        };
        if self.over {
            return;
        }
        self.over =
            bytes.len() > limit.saturating_sub(self.out.len()) || self.out.try_push(bytes).is_err();
        if self.over {
            // The memory is wanted for the words that say so.
            self.out = Payload::default();
        }
    }

    fn end_tag(&mut self) {
        if self.in_tag {
            self.raw(">");
            self.in_tag = false;
        }
    }

    fn escaped(&mut self, text: &str, attribute: bool) {
        // 0xEF starts U+FFFE and U+FFFF, and little else.
        let plain = |b: u8| b >= 0x20 && !matches!(b, b'&' | b'<' | b'>' | b'"' | 0xEF);
        if text.bytes().all(plain) {
            return self.raw(text);
        }
        for c in text.chars() {
            match replacement(c, attribute) {
                Some(escape) => self.raw(escape),
                None => self.raw(c.encode_utf8(&mut [0; 4])),
            }
        }
    }
}

/// What is written for a character that cannot stand for itself.
fn replacement(c: char, attribute: bool) -> Option<&'static str> {
    Some(match c {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        // A reader turns a bare CR into LF (XML 1.0 2.11), in attributes all white space into blanks (3.3.3).
        '\r' => "&#13;",
        '"' if attribute => "&quot;",
        '\t' if attribute => "&#9;",
        '\n' if attribute => "&#10;",
        '\t' | '\n' => return None,
        // XML 1.0 2.2: not characters of XML, not even as references.
        '\0'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => "\u{FFFD}",
        _ => return None,
    })
}
