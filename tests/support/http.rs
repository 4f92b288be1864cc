//! HTTP as the scripted ACS speaks it.

use std::io::{self, Read, Write};

use super::wait::Gate;

/// A request exactly as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    /// The head as sent, without the blank line.
    pub head: String,
    /// The body, without transfer coding.
    pub body: Vec<u8>,
    /// `POST`
    pub method: String,
    /// The request target as written.
    pub target: String,
    /// Names as written, values trimmed.
    pub headers: Vec<(String, String)>,
    /// Bytes of a next request had come before this one was answered (HT-07).
    pub pipelined: bool,
}

impl Request {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; empty when it is not UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or("")
    }

    /// The body holds this method (or response) element.
    pub fn is(&self, method: &str) -> bool {
        super::inspect::method(&self.body).as_deref() == Some(method)
    }
}

/// How the end of the body is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Content-Length.
    #[default]
    Length,
    /// Chunks of so many bytes, with a chunk extension and a trailer.
    Chunked(usize),
    /// No length: the body ends with the connection.
    UntilClose,
}

/// What happens to the connection after the reply.
#[derive(Clone, Default)]
pub enum End {
    /// It stays open.
    #[default]
    Keep,
    /// It is closed.
    Close,
    /// It is reset (RST).
    Reset,
    /// Nothing more is written or read until the gate opens; then it is closed.
    Silence(Gate),
}

/// A reply and how it is delivered.
#[derive(Clone, Default)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers beside the framing ones.
    pub headers: Vec<(String, String)>,
    /// Body before transfer coding.
    pub body: Vec<u8>,
    /// How its end is told.
    pub framing: Framing,
    /// `HTTP/1.0` instead of 1.1.
    pub old: bool,
    /// `100 Continue` goes before it.
    pub interim: bool,
    /// Every byte in a segment (and TLS record) of its own.
    pub split: bool,
    /// Waits for this before the first byte.
    pub hold: Option<Gate>,
    /// Only so many bytes of it are written.
    pub cut: Option<usize>,
    /// What follows.
    pub end: End,
}

impl Reply {
    /// A reply without a body.
    pub fn status(status: u16) -> Self {
        Reply {
            status,
            ..Reply::default()
        }
    }

    /// 200 with an envelope.
    pub fn xml(body: impl Into<Vec<u8>>) -> Self {
        Reply::status(200)
            .header("Content-Type", "text/xml; charset=\"utf-8\"")
            .body(body)
    }

    /// Nothing but this end.
    pub fn nothing(end: End) -> Self {
        Reply {
            cut: Some(0),
            end,
            ..Reply::status(200)
        }
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With this body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With this framing.
    pub fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// In single bytes.
    pub fn split(mut self) -> Self {
        self.split = true;
        self
    }

    /// After a `100 Continue`.
    pub fn interim(mut self) -> Self {
        self.interim = true;
        self
    }

    /// Only when the gate is open.
    pub fn hold(mut self, gate: &Gate) -> Self {
        self.hold = Some(gate.clone());
        self
    }

    /// Then the connection is closed, and the reply says so.
    pub fn close(mut self) -> Self {
        self.end = End::Close;
        self.header("Connection", "close")
    }

    /// The bytes on the wire.
    pub fn wire(&self) -> Vec<u8> {
        let version = if self.old { "HTTP/1.0" } else { "HTTP/1.1" };
        let mut out = String::new();
        if self.interim {
            out += "HTTP/1.1 100 Continue\r\n\r\n";
        }
        out += &format!("{version} {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            out += &format!("{name}: {value}\r\n");
        }
        let mut body = self.body.clone();
        match self.framing {
            Framing::Length
                if self
                    .headers
                    .iter()
                    .any(|(n, _)| n.eq_ignore_ascii_case("Content-Length")) => {}
            Framing::Length if self.status == 204 => {}
            Framing::Length => out += &format!("Content-Length: {}\r\n", body.len()),
            Framing::Chunked(size) => {
                out += "Transfer-Encoding: chunked\r\n";
                body = chunked(&body, size);
            }
            Framing::UntilClose => {}
        }
        out += "\r\n";
        [out.as_bytes(), &body].concat()
    }

    /// Writes as much of it as it says.
    pub fn write(&self, stream: &mut dyn Write) -> io::Result<()> {
        let wire = self.wire();
        let wire = &wire[..self.cut.unwrap_or(wire.len()).min(wire.len())];
        for piece in wire.chunks(if self.split { 1 } else { wire.len().max(1) }) {
            stream.write_all(piece)?;
            stream.flush()?;
        }
        Ok(())
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        302 => "Found",
        307 => "Temporary Redirect",
        401 => "Unauthorized",
        503 => "Service Unavailable",
        _ => "Whatever",
    }
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(size.max(1)) {
        out.extend(
            format!(
                "{:x};ext=\"0123456789, abcdefghijklmnopqrstuvwxyz\"\r\n",
                chunk.len()
            )
            .bytes(),
        );
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\nX-Trailer: end\r\n\r\n");
    out
}

/// Reads one request; `None` at the end of the connection. `pending` keeps what came beyond it.
pub fn read_request(
    stream: &mut dyn Read,
    pending: &mut Vec<u8>,
    connection: usize,
) -> io::Result<Option<Request>> {
    let head_len = loop {
        if let Some(at) = find(pending, b"\r\n\r\n") {
            break at;
        }
        if !more(stream, pending)? {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&pending[..head_len]).into_owned();
    pending.drain(..head_len + 4);
    let mut lines = head.split("\r\n");
    let mut start = lines.next().unwrap_or("").split(' ');
    let (method, target) = (
        start.next().unwrap_or("").to_owned(),
        start.next().unwrap_or("").to_owned(),
    );
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut request = Request {
        connection,
        head,
        body: Vec::new(),
        method,
        target,
        headers,
        pipelined: false,
    };
    let length = request
        .header("Content-Length")
        .and_then(|v| v.parse().ok())
        .unwrap_or(0);
    request.body = match request.header("Transfer-Encoding") {
        Some(_) => read_chunks(stream, pending)?,
        None => take(stream, pending, length)?,
    };
    request.pipelined = !pending.is_empty();
    Ok(Some(request))
}

fn read_chunks(stream: &mut dyn Read, pending: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream, pending)?;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or("").trim(), 16)
            .map_err(|_| io::Error::other(format!("chunk size {line:?}")))?;
        if size == 0 {
            while !read_line(stream, pending)?.is_empty() {}
            return Ok(body);
        }
        body.extend(take(stream, pending, size)?);
        read_line(stream, pending)?;
    }
}

fn read_line(stream: &mut dyn Read, pending: &mut Vec<u8>) -> io::Result<String> {
    loop {
        if let Some(at) = find(pending, b"\r\n") {
            let line: Vec<u8> = pending.drain(..at + 2).collect();
            return Ok(String::from_utf8_lossy(&line[..at]).into_owned());
        }
        if !more(stream, pending)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn take(stream: &mut dyn Read, pending: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    while pending.len() < length {
        if !more(stream, pending)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(pending.drain(..length).collect())
}

fn more(stream: &mut dyn Read, pending: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 16 * 1024];
    let n = stream.read(&mut buffer)?;
    pending.extend(&buffer[..n]);
    Ok(n > 0)
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len())
        .position(|window| window == needle)
}
