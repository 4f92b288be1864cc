//! One request and its reply, without a socket: the bytes to send come out, the bytes received go in.
//!
//! `wire::http` knows heads and bodies; here is what comes between: where a head ends, folded headers, replies that
//! come before the final one, the limits, and the end of the stream.

use std::fmt;

use super::failure::{ConnectError, Part, Phase};
use crate::wire::http::framing::{BodyReader, FramingError};
use crate::wire::http::reply;
use crate::wire::payload::Payload;

/// What of a reply is read at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// All heads of one reply, provisional ones included.
    pub head: usize,
    /// The body.
    pub body: usize,
}

/// A whole reply.
#[derive(Clone, PartialEq, Eq)]
pub struct Parts {
    /// The final status.
    pub status: u16,
    /// Headers, names in lower case, values of one name in the order received.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, as encoded as it came.
    pub body: Vec<u8>,
    /// The connection may serve another request.
    pub reusable: bool,
}

/// As that of [`Reply`](super::Reply).
impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .field("reusable", &self.reusable)
            .finish()
    }
}

/// Bodies that pass through in pieces because they are files. Whoever stands behind it keeps what went wrong there, and
/// looks after every turn.
pub trait Flow {
    /// Puts bytes of the request's body, from `at` on, into `piece`.
    fn outgoing(&mut self, at: usize, piece: &mut Payload);

    /// The head of the final reply has come. Whether its body is wanted; else it is skipped.
    fn head(&mut self, status: u16, headers: &[(String, Vec<u8>)]) -> bool;

    /// Takes bytes of that body.
    fn incoming(&mut self, bytes: &[u8]);
}

/// Of a body that nobody wants so much is read to keep the connection.
const MAX_SKIPPED: u64 = 64 * 1024;

/// A request on its way out and its reply on its way in.
pub struct Exchange {
    head: Vec<u8>,
    /// The request's body, or a piece of it.
    body: Payload,
    /// Where in the whole body that piece begins.
    body_at: usize,
    /// Bytes of the whole body.
    length: usize,
    flow: Option<Box<dyn Flow>>,
    /// The reply's body is not wanted.
    skipping: bool,
    sent: usize,
    state: State,
    /// Received and not understood yet.
    pending: Vec<u8>,
    /// How much of `pending` has been searched for the end of the head.
    searched: usize,
    /// A byte of the reply was seen.
    begun: bool,
    /// What heads have cost so far.
    overhead: usize,
    caps: Caps,
    reply: Parts,
}

enum State {
    Head,
    Body(BodyReader),
    Done,
    /// An error was returned; nothing follows.
    Failed,
}

impl Exchange {
    /// A POST of `body` to `target` (path and query). The headers go out in their order and spelling; they must
    /// hold `Host` and the right `Content-Length`.
    pub fn new(
        target: &str,
        headers: &[(String, String)],
        body: Payload,
        caps: Caps,
    ) -> Result<Self, ConnectError> {
        let length = body.len().to_string();
        let lengths = headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("Content-Length"));
        if !lengths.map(|(_, value)| value).eq([&length]) {
            let text = "Content-Length does not fit the body".to_owned();
            return Err(ConnectError::Request(text));
        }
        Ok(Self::start(request("POST", target, headers)?, body, caps))
    }

    /// A GET of `target`.
    pub fn get(
        target: &str,
        headers: &[(String, String)],
        caps: Caps,
    ) -> Result<Self, ConnectError> {
        Ok(Self::start(
            request("GET", target, headers)?,
            Payload::default(),
            caps,
        ))
    }

    /// A request whose bodies pass through `flow`: `length` bytes out, and what comes back.
    pub fn flowing(
        method: &str,
        target: &str,
        headers: &[(String, String)],
        length: usize,
        flow: Box<dyn Flow>,
        caps: Caps,
    ) -> Result<Self, ConnectError> {
        let head = request(method, target, headers)?;
        Ok(Self {
            length,
            flow: Some(flow),
            ..Self::start(head, Payload::default(), caps)
        })
    }

    fn start(head: Vec<u8>, body: Payload, caps: Caps) -> Self {
        Self {
            head,
            length: body.len(),
            body,
            body_at: 0,
            flow: None,
            skipping: false,
            sent: 0,
            state: State::Head,
            pending: Vec::new(),
            searched: 0,
            begun: false,
            overhead: 0,
            caps,
            reply: Parts {
                status: 0,
                headers: Vec::new(),
                body: Vec::new(),
                reusable: false,
            },
        }
    }

    /// What is to be sent next: the rest of the head, then the body as far as it lies in one piece.
    pub fn unsent(&mut self) -> (&[u8], &[u8]) {
        let at = self.sent.saturating_sub(self.head.len());
        if let Some(flow) = &mut self.flow
            && at < self.length
            && !(self.body_at..self.body_at + self.body.len()).contains(&at)
        {
            (self.body, self.body_at) = (Payload::default(), at);
            flow.outgoing(at, &mut self.body);
        }
        let head = self.head.get(self.sent..).unwrap_or_default();
        (head, self.body.rest(at.saturating_sub(self.body_at)))
    }

    /// Takes `count` bytes off what is to be sent.
    pub fn sent(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
    }

    /// Everything was sent.
    pub fn is_sent(&self) -> bool {
        self.sent >= self.head.len().saturating_add(self.length)
    }

    /// Bodies pass through in pieces.
    pub fn flows(&self) -> bool {
        self.flow.is_some()
    }

    /// A byte of the reply was seen: from here on the request counts as taken.
    pub fn begun(&self) -> bool {
        self.begun
    }

    /// Sends everything again, on another connection. Only before the reply has begun.
    pub fn restart(&mut self) {
        self.sent = 0;
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        match &self.state {
            State::Head if self.begun => Phase::Head,
            State::Head if self.is_sent() => Phase::Reply,
            State::Head => Phase::Request,
            _ => Phase::Body,
        }
    }

    /// Reads on. True when the reply is complete; bytes after that make the connection not reusable.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<bool, ConnectError> {
        self.begun |= !bytes.is_empty();
        self.pending.extend_from_slice(bytes);
        self.advance()
    }

    /// The peer sends no more. That completes a reply which ends so; any other is cut short.
    pub fn end_of_stream(&mut self) -> Result<(), ConnectError> {
        self.reply.reusable = false;
        match std::mem::replace(&mut self.state, State::Done) {
            State::Done => return Ok(()),
            // RFC 9112 8: a body without length ends here. Over TLS this holds without close_notify as well
            // (TL-14): whether an envelope is whole, its XML says.
            State::Body(body) if body.may_end() => {
                self.reply.body = body.into_body();
                return Ok(());
            }
            unfinished => self.state = unfinished,
        }
        let phase = self.phase();
        // Before the reply has begun, the request may go out again.
        if self.begun {
            self.state = State::Failed;
        }
        Err(ConnectError::Closed { phase })
    }

    /// The reply, when it is complete, and the body that was posted.
    pub fn finish(self) -> Option<(Parts, Payload)> {
        match self.state {
            State::Done => {
                // RFC 9112 9.6: an answer before the whole request leaves bytes that nobody waits for.
                let sent = self.is_sent();
                let mut reply = self.reply;
                reply.reusable &= sent;
                Some((reply, self.body))
            }
            _ => None,
        }
    }

    fn advance(&mut self) -> Result<bool, ConnectError> {
        loop {
            let step = match std::mem::replace(&mut self.state, State::Failed) {
                State::Head => self.read_head(),
                State::Body(body) => self.read_body(body),
                State::Done => {
                    self.reply.reusable &= self.pending.is_empty();
                    self.state = State::Done;
                    return Ok(true);
                }
                State::Failed => Err(ConnectError::Malformed(
                    "the exchange failed before".to_owned(),
                )),
            };
            match step? {
                Step::Next(state) => self.state = state,
                Step::Wait(state) => {
                    self.state = state;
                    return Ok(false);
                }
            }
        }
    }

    fn read_head(&mut self) -> Result<Step, ConnectError> {
        let end = match head_end(&self.pending, self.searched) {
            Ok(end) => end,
            Err(searched) => {
                self.searched = searched;
                self.charge(0, self.pending.len())?;
                return Ok(Step::Wait(State::Head));
            }
        };
        self.charge(end, end)?;
        let mut head: Vec<u8> = self.pending.drain(..end).collect();
        self.searched = 0;
        if is_provisional(&head) {
            return Ok(Step::Next(State::Head));
        }
        unfold(&mut head);
        let head = reply::parse(&head).map_err(|e| ConnectError::Malformed(e.to_owned()))?;
        self.reply.status = head.status;
        self.reply.headers = head.headers;
        self.reply.reusable = head.keep_alive;
        self.skipping = match &mut self.flow {
            Some(flow) => !flow.head(self.reply.status, &self.reply.headers),
            None => false,
        };
        let max = match self.skipping {
            true => MAX_SKIPPED,
            false => self.caps.body as u64,
        };
        let body = BodyReader::new(head.framing, max, !self.skipping);
        Ok(Step::Next(State::Body(body)))
    }

    fn read_body(&mut self, mut body: BodyReader) -> Result<Step, ConnectError> {
        let used = match body.push(&self.pending) {
            Ok(used) => used,
            Err(FramingError::TooLarge) if self.skipping => {
                self.reply.reusable = false;
                return Ok(Step::Next(State::Done));
            }
            Err(FramingError::TooLarge) => return Err(self.too_large(Part::Body)),
            Err(error) => return Err(ConnectError::Malformed(error.to_string())),
        };
        self.pending.drain(..used);
        if let Some(flow) = &mut self.flow {
            flow.incoming(&body.take());
        }
        if !body.is_done() {
            return Ok(Step::Wait(State::Body(body)));
        }
        self.reply.body = body.into_body();
        Ok(Step::Next(State::Done))
    }

    /// Counts `now` bytes as spent on heads, and checks that they and what waits fit.
    fn charge(&mut self, now: usize, waiting: usize) -> Result<(), ConnectError> {
        if self.overhead.saturating_add(now.max(waiting)) > self.caps.head {
            return Err(self.too_large(Part::Head));
        }
        self.overhead += now;
        Ok(())
    }

    fn too_large(&self, part: Part) -> ConnectError {
        let limit = match part {
            Part::Head => self.caps.head,
            Part::Body => self.caps.body,
        };
        ConnectError::TooLarge { part, limit }
    }
}

enum Step {
    /// Go on with this.
    Next(State),
    /// More bytes are needed.
    Wait(State),
}

fn request(
    method: &str,
    target: &str,
    headers: &[(String, String)],
) -> Result<Vec<u8>, ConnectError> {
    reply::request_head(method, target, headers).map_err(|e| ConnectError::Request(e.to_owned()))
}

/// The length of the head with its empty line, or from where to search on. Empty lines before it belong to it
/// (RFC 9112 2.2), and a line may end in LF alone.
fn head_end(bytes: &[u8], from: usize) -> Result<usize, usize> {
    let start = bytes
        .iter()
        .position(|b| !matches!(b, b'\r' | b'\n'))
        .unwrap_or(bytes.len());
    let mut at = from.max(start);
    while let Some(n) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|b| *b == b'\n'))
    {
        let line_end = at + n;
        match bytes.get(line_end + 1..) {
            Some([b'\n', ..]) => return Ok(line_end + 2),
            Some([b'\r', b'\n', ..]) => return Ok(line_end + 3),
            // Undecided: look at this line's end again.
            Some([] | [b'\r']) => return Err(line_end),
            _ => at = line_end + 1,
        }
    }
    Err(bytes.len())
}

/// 1xx other than 101: not the reply yet (RFC 9110 15.2, HT-14). They may have headers.
fn is_provisional(head: &[u8]) -> bool {
    let line = head.trim_ascii_start();
    line.starts_with(b"HTTP/1.")
        && line.get(8..10) == Some(b" 1")
        && line.get(9..12) != Some(b"101")
}

/// Joins folded lines: RFC 9112 5.2 has a client replace the line break by spaces.
fn unfold(head: &mut [u8]) {
    for i in 1..head.len() {
        if matches!(head.get(i), Some(b' ' | b'\t')) && head.get(i - 1) == Some(&b'\n') {
            for back in [1, 2] {
                if let Some(b @ (b'\r' | b'\n')) = i.checked_sub(back).and_then(|j| head.get_mut(j))
                {
                    *b = b' ';
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
