//! The client's side of HTTP: the head of a request as text, and the head of a reply.
//!
//! `ureq-proto` did this before. It builds both on the types of the `http` crate, which cost a router 60 KB for what
//! is here.

use super::framing::Framing;
use super::{headers_named, lists};

/// Headers of a reply.
pub const MAX_HEADERS: usize = 128;

/// The head of a reply.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyHead {
    /// The status, 100 to 999.
    pub status: u16,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The server lets the connection serve another request (RFC 9112 9.3).
    pub keep_alive: bool,
    /// How long the body is.
    pub framing: Framing,
}

/// A request line and its headers, in their order and spelling. Fails where a byte would make it another request than
/// the one that is meant.
pub fn request_head(
    method: &str,
    target: &str,
    headers: &[(String, String)],
) -> Result<Vec<u8>, &'static str> {
    if target.is_empty() || !target.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("the path has a character that must be escaped");
    }
    let mut head = [method, " ", target, " HTTP/1.1\r\n"].concat();
    for (name, value) in headers {
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
            return Err("the name of a header has a character that it may not have");
        }
        if value.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
            return Err("the value of a header has a control character");
        }
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    Ok(head.into_bytes())
}

/// Reads the head of a reply to a GET or POST, which is whole.
pub fn parse(head: &[u8]) -> Result<ReplyHead, &'static str> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut reply = httparse::Response::new(&mut headers);
    match reply.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err("the headers have no end"),
        Err(httparse::Error::TooManyHeaders) => return Err("there are too many headers"),
        Err(httparse::Error::Version) => return Err("it is not HTTP/1.0 or 1.1"),
        Err(httparse::Error::Status) => return Err("the status is no number"),
        Err(_) => return Err("a header has a character that it may not have"),
    }
    let status = reply.code.unwrap_or_default();
    if status < 100 {
        return Err("the status is below 100");
    }
    let http11 = reply.version == Some(1);
    let headers: Vec<(String, Vec<u8>)> = reply
        .headers
        .iter()
        .map(|h| (h.name.to_ascii_lowercase(), h.value.to_vec()))
        .collect();
    Ok(ReplyHead {
        status,
        keep_alive: !lists(&headers, "connection", "close")
            && (http11 || lists(&headers, "connection", "keep-alive"))
            && status != 101,
        framing: framing(&headers, http11, status)?,
        headers,
    })
}

/// RFC 9112 6.3. A length that is given several times must be the same.
fn framing(
    headers: &[(String, Vec<u8>)],
    http11: bool,
    status: u16,
) -> Result<Framing, &'static str> {
    let mut length = None;
    for text in headers_named(headers, "content-length").flat_map(|v| v.split(|b| *b == b',')) {
        let text = text.trim_ascii();
        let digits = Some(text).filter(|t| t.iter().all(u8::is_ascii_digit));
        let number = digits.and_then(|t| std::str::from_utf8(t).ok()?.parse().ok());
        let number: u64 = number.ok_or("Content-Length is no number")?;
        if length.is_some_and(|before| before != number) {
            return Err("Content-Length is given twice");
        }
        length = Some(number);
    }
    Ok(match length {
        _ if status < 200 || status == 204 || status == 304 => Framing::Length(0),
        _ if http11 && lists(headers, "transfer-encoding", "chunked") => Framing::Chunked,
        Some(length) => Framing::Length(length),
        None => Framing::UntilClose,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ureq_proto::BodyMode;
    use ureq_proto::client::{Call, RecvResponseResult, SendRequestResult};
    use ureq_proto::http::Request;

    type Seen = (u16, Vec<(String, Vec<u8>)>, Framing);

    /// What `ureq-proto` reads in the head, if it takes it.
    fn oracle(head: &[u8]) -> Option<Seen> {
        let request = Request::get("http://acs.test/").body(()).unwrap();
        let mut call = Call::new(request).unwrap().proceed();
        call.write(&mut [0; 256]).unwrap();
        let Some(SendRequestResult::RecvResponse(mut call)) = call.proceed().unwrap() else {
            panic!("a GET has no body");
        };
        let reply = call.try_response(head, false).ok()?.1?;
        let headers = reply.headers().iter();
        let mut headers: Vec<_> = headers
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect();
        headers.sort_by(|a, b| a.0.cmp(&b.0));
        let framing = match call.proceed()? {
            RecvResponseResult::RecvBody(call) => match call.body_mode() {
                BodyMode::NoBody => Framing::Length(0),
                BodyMode::LengthDelimited(length) => Framing::Length(length),
                BodyMode::Chunked => Framing::Chunked,
                BodyMode::CloseDelimited => Framing::UntilClose,
            },
            _ => Framing::Length(0),
        };
        Some((reply.status().as_u16(), headers, framing))
    }

    fn ours(head: &[u8]) -> Option<Seen> {
        let mut head = parse(head).ok()?;
        head.headers.sort_by(|a, b| a.0.cmp(&b.0));
        Some((head.status, head.headers, head.framing))
    }

    #[test]
    fn as_many_headers_as_the_library_takes() {
        for (count, taken) in [(MAX_HEADERS, true), (MAX_HEADERS + 1, false)] {
            let head = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(count));
            assert_eq!(ours(head.as_bytes()).is_some(), taken);
            assert_eq!(ours(head.as_bytes()), oracle(head.as_bytes()));
        }
    }

    /// A piece of a head: mostly a right one.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let names = prop::sample::select(vec![
            "Content-Length",
            "Transfer-Encoding",
            "Connection",
            "Location",
            "X-a",
            "set-COOKIE",
            "B@d",
            "é",
            "",
        ]);
        let values = prop::sample::select(vec![
            "0",
            "5",
            "05",
            " 5 , 5",
            "5,6",
            "5,",
            "-1",
            "18446744073709551616",
            "chunked",
            "gzip, Chunked",
            "identity",
            "close",
            "keep-alive",
            "é",
            "a\tb",
            "\u{7f}",
            "\0",
            "",
        ]);
        let ends = prop::sample::select(vec!["\r\n", "\r\n", "\r\n", "\n", "\r"]);
        (names, values, ends).prop_map(|(n, v, e)| [n, ":", v, e].concat().into_bytes())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn every_head_is_read_as_ureq_proto_reads_it(
            version in prop::sample::select(vec!["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2", "ICY"]),
            status in prop_oneof![Just(200), Just(204), Just(304), Just(401), Just(302), Just(101), 0..99u16, 200..1200u16],
            reason in prop::sample::select(vec![" OK", "", " ", " \t", " é", "\0"]),
            pieces in prop::collection::vec(piece(), 0..5),
            surplus in prop::sample::select(vec!["\r\n", "\n", "", "\r\nx"]),
        ) {
            let mut head = format!("{version} {status:03}{reason}\r\n").into_bytes();
            head.extend(pieces.concat());
            head.extend_from_slice(surplus.as_bytes());
            prop_assert_eq!(ours(&head), oracle(&head));
        }
    }
}
