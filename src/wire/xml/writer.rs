//! The escaping writer: one buffer, written from front to back.

/// Room for the number in an `arrayType`: ten digits of a `u32` and `]"`.
const COUNT_WIDTH: usize = 12;

/// Where the number of an `arrayType` is still to be written.
#[derive(Debug)]
#[must_use = "an array without its count is not XML"]
pub struct ArrayCount(usize);

/// Writes XML into one buffer.
///
/// ```
/// let mut w = cwmpd::wire::xml::Writer::new();
/// w.open("ParameterNames");
/// let count = w.array_type("soap-enc:arrayType", "xsd:string");
/// w.leaf("string", "Device.");
/// w.close("ParameterNames");
/// w.set_count(count, 1);
/// assert!(String::from_utf8(w.into_bytes()).unwrap().starts_with("<ParameterNames soap-enc:arrayType=\"xsd:string[1]\""));
/// ```
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    /// A start tag still lacks its `>`.
    in_tag: bool,
}

impl Writer {
    /// An empty document.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty document with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Writer {
            out: Vec::with_capacity(bytes),
            in_tag: false,
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
        self.out.resize(at + COUNT_WIDTH, b' ');
        ArrayCount(at)
    }

    /// Fills in the number of an array's children.
    pub fn set_count(&mut self, at: ArrayCount, count: u32) {
        for (hole, byte) in self
            .out
            .iter_mut()
            .skip(at.0)
            .zip(format!("{count}]\"").bytes())
        {
            *hole = byte;
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

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The document.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn raw(&mut self, markup: &str) {
        self.out.extend_from_slice(markup.as_bytes());
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
