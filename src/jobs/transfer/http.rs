//! A file over HTTP: ranges, what a reply must be, and what its status means.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use super::local::Local;
use super::order::CAPS;
use super::wire::Wire;
use super::{
    DENIED, Failure, NOT_FOUND, Order, WRONG_SCHEME, at_host, connect_failure, server_words,
};
use crate::net::http::{Exchange, Flow};
use crate::net::{CLOCK_IS_SET_FROM, random, unix_time};
use crate::wire::http::{
    Dialogue, HttpFailure, Policy, Url, UrlError, Verdict, header, headers_named,
};
use crate::wire::payload::Payload;

/// Read of the file at a time.
const PIECE: usize = 16 * 1024;

/// Moves the file of an order, in one try.
pub fn transfer(
    order: &Order,
    url: &Url,
    local: &Rc<RefCell<Local>>,
    wire: &mut Wire<'_>,
) -> Result<(), Failure> {
    let policy = Policy {
        basic_over_http: order.basic_over_http,
        user_agent: order.user_agent.clone(),
        ..Policy::default()
    };
    let mut dialogue = Dialogue::new(url.clone(), order.credentials(), policy);
    let result = ask(order, &mut dialogue, local, wire);
    result.map_err(|failure| at_host(failure, dialogue.url()))
}

fn ask(
    order: &Order,
    dialogue: &mut Dialogue,
    local: &Rc<RefCell<Local>>,
    wire: &mut Wire<'_>,
) -> Result<(), Failure> {
    let mut connection = wire.connection();
    let (method, length) = match (order.get, order.method.as_str()) {
        (true, _) => ("GET", None),
        (false, method) => {
            let length = local.borrow().total().unwrap_or_default();
            let length = usize::try_from(length)
                .map_err(|_| Failure::new(0, "the file is too large to be sent"))?;
            let method = if method == "POST" { "POST" } else { "PUT" };
            (method, Some(length))
        }
    };
    loop {
        let mut headers = dialogue.file(method, length, &mut random::source);
        let mut from = 0;
        if let (true, Some(validator)) = (order.get, local.borrow().validator()) {
            from = local.borrow().bytes;
            headers.push(("Range".to_owned(), format!("bytes={from}-")));
            headers.push(("If-Range".to_owned(), validator.to_owned()));
        }
        let flow = Box::new(Flowing {
            local: Rc::clone(local),
            get: order.get,
            from,
            buffer: vec![0; PIECE],
        });
        let target = &dialogue.url().target;
        let length = length.unwrap_or_default();
        let exchange = Exchange::flowing(method, target, &headers, length, flow, CAPS);
        let registry = wire.reactor.registry();
        connection.send(dialogue.url(), exchange, Instant::now(), registry);
        let result = loop {
            if let Some(failure) = local.borrow_mut().failure.take() {
                return Err(failure);
            }
            if let Some(result) = connection.take() {
                break result;
            }
            wire.turn(&mut connection)?;
            wire.progress(&local.borrow())?;
        };
        let reply = result.map_err(|error| connect_failure(&error))?;
        let status = match reply.status {
            200 if order.get => return Ok(()),
            206 if from > 0 => return Ok(()),
            416 if from > 0 => {
                local.borrow_mut().start_over()?;
                continue;
            }
            200 | 201 | 202 | 204 if !order.get => return Ok(()),
            // The answer to a GET is there, to be got (RFC 9110 15.4.4).
            303 if order.get => 302,
            status => status,
        };
        if !matches!(status, 301 | 302 | 307 | 308 | 401) {
            return Err(refused(status));
        }
        let now = unix_time();
        let date = (now >= CLOCK_IS_SET_FROM).then_some(now.cast_signed());
        if let Verdict::Failed(failure) = dialogue.reply(status, &reply.headers, date) {
            return Err(broken_off(&failure));
        }
    }
}

fn refused(status: u16) -> Failure {
    let text = format!("HTTP status {status}");
    match status {
        407 => Failure::new(DENIED, &text),
        403 | 404 | 410 => Failure::new(NOT_FOUND, &text),
        500..=599 => Failure::new(NOT_FOUND, &text).again(),
        _ => Failure::new(0, &text),
    }
}

fn broken_off(failure: &HttpFailure) -> Failure {
    let fault = match failure {
        HttpFailure::NoCredentials | HttpFailure::Unauthorized(_) => DENIED,
        HttpFailure::BadRedirect(UrlError::Scheme) => WRONG_SCHEME,
        _ => 0,
    };
    Failure::new(fault, &server_words(&failure.to_string()))
}

/// Where the bodies of one request come from and go to.
struct Flowing {
    local: Rc<RefCell<Local>>,
    get: bool,
    /// The range that was asked for begins there.
    from: u64,
    buffer: Vec<u8>,
}

impl Flow for Flowing {
    fn outgoing(&mut self, at: usize, piece: &mut Payload) {
        let mut local = self.local.borrow_mut();
        match local.read(at as u64, &mut self.buffer) {
            Ok(count) => piece.push(self.buffer.get(..count).unwrap_or_default()),
            Err(failure) => local.failure = Some(failure),
        }
    }

    fn head(&mut self, status: u16, headers: &[(String, Vec<u8>)]) -> bool {
        if !self.get {
            return false;
        }
        let local = &mut *self.local.borrow_mut();
        let result = match status {
            200 => whole(local, headers),
            206 if self.from > 0 => part(local, headers, self.from),
            _ => return false,
        };
        let wanted = result.is_ok();
        local.failure = result.err();
        wanted
    }

    fn incoming(&mut self, bytes: &[u8]) {
        let local = &mut *self.local.borrow_mut();
        if local.failure.is_none()
            && let Err(failure) = local.write(bytes)
        {
            local.failure = Some(failure);
        }
    }
}

/// A reply with the whole file.
fn whole(local: &mut Local, headers: &[(String, Vec<u8>)]) -> Result<(), Failure> {
    local.start_over()?;
    plain(headers)?;
    let length = text(headers, "content-length").filter(|_| !chunked(headers));
    let length = length.and_then(|length| length.split(',').next()?.trim().parse().ok());
    local.announced(length, validator(headers))
}

/// A reply with the rest of it, which must be what was asked for.
fn part(local: &mut Local, headers: &[(String, Vec<u8>)], from: u64) -> Result<(), Failure> {
    plain(headers)?;
    let range = text(headers, "content-range").and_then(range);
    let known = local.total();
    match range {
        Some((first, total)) if first == from && (known.is_none() || known == total) => {
            let validator = local.validator().unwrap_or_default().to_owned();
            local.announced(total, validator)
        }
        _ => {
            local.start_over()?;
            Err(Failure::new(0, "the server sends another part than was asked for").again())
        }
    }
}

/// First byte and size of the whole, of a range that goes to its end: `bytes 5-9/10`.
fn range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.trim().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    match total {
        "*" => Some((first, None)),
        total => {
            let total: u64 = total.parse().ok()?;
            (last.checked_add(1) == Some(total)).then_some((first, Some(total)))
        }
    }
}

/// A coding was not asked for. Undoing it would be right by the letter, and wrong for the servers that do this: they say it
/// of files which are packed themselves (`firmware.tar.gz`). Neither is guessed.
fn plain(headers: &[(String, Vec<u8>)]) -> Result<(), Failure> {
    let coded = |name, allowed: &str| {
        headers_named(headers, name)
            .any(|value| !value.trim_ascii().eq_ignore_ascii_case(allowed.as_bytes()))
    };
    if coded("content-encoding", "identity") || coded("transfer-encoding", "chunked") {
        let text = "the server sends the file in a coding that was not asked for";
        return Err(Failure::new(0, text));
    }
    Ok(())
}

fn chunked(headers: &[(String, Vec<u8>)]) -> bool {
    header(headers, "transfer-encoding").is_some()
}

/// What identifies this version to the byte: a strong ETag, else the time of its last change (RFC 9110 13.1.5).
fn validator(headers: &[(String, Vec<u8>)]) -> String {
    let tag = text(headers, "etag").filter(|tag| tag.starts_with('"'));
    let found = tag.or_else(|| text(headers, "last-modified"));
    found.unwrap_or_default().to_owned()
}

fn text<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a str> {
    std::str::from_utf8(header(headers, name)?)
        .ok()
        .map(str::trim)
}
