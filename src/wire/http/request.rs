//! The server's side of HTTP: the head of a request out of a growing buffer, the head of a response.

use std::fmt;

use super::framing::Framing;
use super::{header, headers_named, lists};

/// Bytes of a request line with its headers: what common servers take.
pub const MAX_HEAD: usize = 8192;
/// Headers of a request.
pub const MAX_HEADERS: usize = 64;

/// The head of a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    /// Method, as written (methods are case-sensitive).
    pub method: String,
    /// Request target as written: `/path?query`, or an absolute URL, or `*`.
    pub target: String,
    /// Whether it is HTTP/1.1 rather than 1.0.
    pub http11: bool,
    /// Headers in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// How long the body is.
    pub framing: Framing,
    /// How many bytes of the buffer the head takes.
    pub length: usize,
}

/// Why a request cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// More than [`MAX_HEAD`] bytes or [`MAX_HEADERS`] headers: 431.
    TooLarge,
    /// Not HTTP/1.0 or 1.1: 400.
    Syntax,
    /// The length of the body is not to be told: 400.
    Framing,
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HeadError::TooLarge => "the request's head is too large",
            HeadError::Syntax => "the request is not HTTP/1.1",
            HeadError::Framing => "the length of the request's body is unclear",
        })
    }
}

impl std::error::Error for HeadError {}

/// Reads a head from the start of the buffer; none if it is not whole yet.
pub fn parse(buffer: &[u8]) -> Result<Option<Head>, HeadError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let start = buffer.get(..MAX_HEAD).unwrap_or(buffer);
    let length = match request.parse(start) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if buffer.len() >= MAX_HEAD => {
            return Err(HeadError::TooLarge);
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(HeadError::TooLarge),
        Err(_) => return Err(HeadError::Syntax),
    };
    let headers: Vec<(String, Vec<u8>)> = request
        .headers
        .iter()
        .map(|h| (h.name.to_string(), h.value.to_vec()))
        .collect();
    let http11 = request.version == Some(1);
    Ok(Some(Head {
        method: request.method.unwrap_or_default().to_string(),
        target: request.path.unwrap_or_default().to_string(),
        http11,
        framing: framing(&headers, http11)?,
        headers,
        length,
    }))
}

impl Head {
    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        header(&self.headers, name)
    }

    /// The target in origin form: an absolute URL loses its scheme and authority (RFC 9112 3.2.2).
    pub fn origin_form(&self) -> &str {
        origin_form(&self.target)
    }

    /// Whether the client wants the connection to stay open (RFC 9112 9.3).
    pub fn keep_alive(&self) -> bool {
        let has = |word| lists(&self.headers, "Connection", word);
        !has("close") && (self.http11 || has("keep-alive"))
    }
}

/// The path and query of a target, be it in absolute form.
pub fn origin_form(target: &str) -> &str {
    let Some((scheme, rest)) = target.split_once("://") else {
        return target;
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return target;
    }
    rest.find(['/', '?'])
        .and_then(|at| rest.get(at..))
        .unwrap_or("/")
}

/// RFC 9112 6.3. Two readings of one message are how requests are smuggled: then there is none.
fn framing(headers: &[(String, Vec<u8>)], http11: bool) -> Result<Framing, HeadError> {
    let mut lengths = headers_named(headers, "Content-Length");
    let length = match lengths.next() {
        Some(value) => {
            let text = std::str::from_utf8(value.trim_ascii()).unwrap_or_default();
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            if !digits || lengths.any(|other| other.trim_ascii() != text.as_bytes()) {
                return Err(HeadError::Framing);
            }
            Some(text.parse().map_err(|_| HeadError::Framing)?)
        }
        None => None,
    };
    let mut codings = headers_named(headers, "Transfer-Encoding");
    match (codings.next(), codings.next(), length) {
        (None, _, length) => Ok(Framing::Length(length.unwrap_or(0))),
        (Some(one), None, None) if http11 && one.trim_ascii().eq_ignore_ascii_case(b"chunked") => {
            Ok(Framing::Chunked)
        }
        _ => Err(HeadError::Framing),
    }
}

/// Writes a response: status line, headers, `Content-Length`, body.
pub fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        head.push_str(name);
        head.push_str(": ");
        head.extend(value.chars().filter(|c| !c.is_ascii_control()));
        head.push_str("\r\n");
    }
    if status != 204 && status >= 200 {
        head.push_str(&format!("Content-Length: {}\r\n", body.len())); // RFC 9110 8.6: not in 1xx and 204
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(text: &str) -> Head {
        parse(text.as_bytes())
            .unwrap_or_else(|e| panic!("{e}: {text}"))
            .expect(text)
    }

    fn error(text: &str) -> HeadError {
        match parse(text.as_bytes()) {
            Err(error) => error,
            Ok(_) => panic!("{text}"),
        }
    }

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text = "POST /a?b HTTP/1.1\r\nHost: h\r\nX: é\r\ncontent-length:  7 \r\n\r\n<body/>";
        for end in 0..text.len() - 7 {
            assert!(
                text.get(..end)
                    .is_none_or(|part| parse(part.as_bytes()) == Ok(None)),
                "{end}"
            );
        }
        let head = head(text);
        assert_eq!(
            (head.method.as_str(), head.target.as_str(), head.http11),
            ("POST", "/a?b", true)
        );
        assert_eq!(
            (head.framing, head.length),
            (Framing::Length(7), text.len() - 7)
        );
        assert_eq!(head.header("HOST"), Some(&b"h"[..]));
    }

    #[test]
    fn what_is_not_http_is_refused() {
        // CR-15: a TLS hello, HTTP/0.9, HTTP/2, garbage
        for bytes in [
            &b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"[..],
            b"GET /x\r\n",
            b"PRI * HTTP/2.0\r\n\r\n",
            b"\0\0\0\0",
            b"\xff\xfe",
            b"GET  HTTP/1.1\r\n\r\n",
        ] {
            assert!(matches!(parse(bytes), Err(HeadError::Syntax)), "{bytes:?}");
        }
    }

    #[test]
    fn heads_are_limited() {
        // CR-15
        let line = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(MAX_HEAD));
        assert_eq!(error(&line), HeadError::TooLarge);
        assert_eq!(
            error(&format!("GET /{}", "x".repeat(MAX_HEAD))),
            HeadError::TooLarge
        );
        let many = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(count));
        assert_eq!(error(&many(MAX_HEADERS + 1)), HeadError::TooLarge);
        assert_eq!(head(&many(MAX_HEADERS)).headers.len(), MAX_HEADERS);
    }

    #[test]
    fn the_body_has_one_length_or_none() {
        let framing = |headers: &str| {
            parse(format!("POST / HTTP/1.1\r\n{headers}\r\n").as_bytes())
                .map(|h| h.map(|h| h.framing))
        };
        assert_eq!(framing(""), Ok(Some(Framing::Length(0))));
        assert_eq!(
            framing("Content-Length: 5\r\ncontent-length: 5\r\n"),
            Ok(Some(Framing::Length(5)))
        );
        assert_eq!(
            framing("Transfer-Encoding: Chunked\r\n"),
            Ok(Some(Framing::Chunked))
        );
        for unclear in [
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: +5\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        ] {
            assert_eq!(framing(unclear), Err(HeadError::Framing), "{unclear}");
        }
        assert_eq!(
            error("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            HeadError::Framing
        );
    }

    #[test]
    fn absolute_targets_lose_their_authority() {
        // CR-12
        for (target, origin) in [
            ("/x?y", "/x?y"),
            ("http://h:7547/x?y", "/x?y"),
            ("HTTP://h", "/"),
            ("http://h?y", "?y"),
            ("/x?u=http://h/", "/x?u=http://h/"),
            ("*", "*"),
        ] {
            assert_eq!(origin_form(target), origin, "{target}");
        }
    }

    #[test]
    fn connections_stay_open_as_the_versions_say() {
        // CR-20
        for (version, header, keep) in [
            ("1.1", "", true),
            ("1.1", "Connection: Close\r\n", false),
            ("1.1", "Connection: te, close\r\n", false),
            ("1.0", "", false),
            ("1.0", "connection: Keep-Alive\r\n", true),
        ] {
            assert_eq!(
                head(&format!("GET / HTTP/{version}\r\n{header}\r\n")).keep_alive(),
                keep,
                "{version} {header}"
            );
        }
    }

    #[test]
    fn responses_are_whole_and_cannot_be_split() {
        let bytes = response(
            401,
            &[("WWW-Authenticate", "Digest a\r\nSet-Cookie: x")],
            b"",
        );
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(
            text,
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest aSet-Cookie: x\r\nContent-Length: 0\r\n\r\n"
        );
        assert_eq!(response(204, &[], b""), b"HTTP/1.1 204 No Content\r\n\r\n");
        assert!(response(200, &[], b"ab").ends_with(b"Content-Length: 2\r\n\r\nab"));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "GET .{0,9} HTTP/1.1\r\n(.{0,9}: .{0,9}\r\n){0,4}\r\n") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                if let Ok(Some(head)) = parse(bytes) {
                    prop_assert!(head.length <= bytes.len());
                    let _ = (head.keep_alive(), head.origin_form());
                }
            }
        }
    }
}
