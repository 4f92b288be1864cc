//! One POST and its reply, without a socket: the bytes to send come out, the bytes received go in.
//!
//! `ureq-proto` writes the request's head and reads the reply; here is what it leaves to its user: where the head
//! ends, folded headers, replies that come before the final one, the limits, and the end of the stream.

use std::fmt;

use ureq_proto::client::state::{RecvBody, RecvResponse};
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult, header_raw};
use ureq_proto::http::{HeaderMap, Request};
use ureq_proto::{BodyMode, Error};

use super::failure::{ConnectError, Part, Phase};

/// Room to write the request's head into at a time. `ureq-proto` needs the longest line to fit at once, and ours
/// has a cookie or a URL in it.
const HEAD_STEP: usize = 16 * 1024;
/// Chunk-size lines and trailers stay unread until their end is there; no honest one is longer.
const MAX_CHUNK_LINE: usize = 16 * 1024;
/// What a chunk costs at most beside its data: `ureq-proto` takes size lines of up to 20 bytes, and two line ends.
const CHUNK_FRAMING: usize = 24;
/// What is set aside for a body of announced size; the rest follows the bytes as they come.
const MAX_RESERVE: usize = 64 * 1024;

/// What of a reply is read at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// All heads of one reply, provisional ones and trailers included.
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

/// A request on its way out and its reply on its way in.
pub struct Exchange {
    head: Vec<u8>,
    body: Vec<u8>,
    sent: usize,
    state: State,
    /// Received and not understood yet.
    pending: Vec<u8>,
    /// How much of `pending` has been searched for the end of the head.
    searched: usize,
    /// A byte of the reply was seen.
    begun: bool,
    /// What heads, chunk lines and trailers have cost so far.
    overhead: usize,
    caps: Caps,
    reply: Parts,
}

enum State {
    Head(Call<RecvResponse>),
    Body(Call<RecvBody>),
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
        body: Vec<u8>,
        caps: Caps,
    ) -> Result<Self, ConnectError> {
        Self::start(request("POST", target, headers, body.len())?, body, caps)
    }

    /// A GET of `target`.
    pub fn get(
        target: &str,
        headers: &[(String, String)],
        caps: Caps,
    ) -> Result<Self, ConnectError> {
        Self::start(request("GET", target, headers, 0)?, Vec::new(), caps)
    }

    fn start(
        (head, call): (Vec<u8>, Call<RecvResponse>),
        body: Vec<u8>,
        caps: Caps,
    ) -> Result<Self, ConnectError> {
        Ok(Self {
            head,
            body,
            sent: 0,
            state: State::Head(call),
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
        })
    }

    /// What is still to be sent: the rest of the head, then the rest of the body.
    pub fn unsent(&self) -> (&[u8], &[u8]) {
        let head = self.head.get(self.sent..).unwrap_or_default();
        let of_body = self.sent.saturating_sub(self.head.len());
        (head, self.body.get(of_body..).unwrap_or_default())
    }

    /// Takes `count` bytes off what is to be sent.
    pub fn sent(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
    }

    /// Everything was sent.
    pub fn is_sent(&self) -> bool {
        self.sent >= self.head.len().saturating_add(self.body.len())
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
            State::Head(_) if self.begun => Phase::Head,
            State::Head(_) if self.is_sent() => Phase::Reply,
            State::Head(_) => Phase::Request,
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
        let complete = match &self.state {
            State::Done => true,
            // RFC 9112 8: a body without length ends here. Over TLS this holds without close_notify as well
            // (TL-14): whether an envelope is whole, its XML says.
            State::Body(call) => {
                matches!(call.body_mode(), BodyMode::CloseDelimited) || call.is_ended_chunked()
            }
            _ => false,
        };
        self.reply.reusable = false;
        if complete {
            self.state = State::Done;
            return Ok(());
        }
        let phase = self.phase();
        // Before the reply has begun, the request may go out again.
        if self.begun {
            self.state = State::Failed;
        }
        Err(ConnectError::Closed { phase })
    }

    /// The reply, when it is complete, and the body that was posted.
    pub fn finish(self) -> Option<(Parts, Vec<u8>)> {
        match self.state {
            State::Done => {
                let mut reply = self.reply;
                // RFC 9112 9.6: an answer before the whole request leaves bytes that nobody waits for.
                reply.reusable &= self.sent >= self.head.len() + self.body.len();
                Some((reply, self.body))
            }
            _ => None,
        }
    }

    fn advance(&mut self) -> Result<bool, ConnectError> {
        loop {
            let step = match std::mem::replace(&mut self.state, State::Failed) {
                State::Head(call) => self.read_head(call),
                State::Body(call) => self.read_body(call),
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

    fn read_head(&mut self, mut call: Call<RecvResponse>) -> Result<Step, ConnectError> {
        let end = match head_end(&self.pending, self.searched) {
            Ok(end) => end,
            Err(searched) => {
                self.searched = searched;
                self.charge(0, self.pending.len())?;
                return Ok(Step::Wait(State::Head(call)));
            }
        };
        self.charge(end, end)?;
        let mut head: Vec<u8> = self.pending.drain(..end).collect();
        self.searched = 0;
        if is_provisional(&head) {
            return Ok(Step::Next(State::Head(call)));
        }
        unfold(&mut head);
        let (_, response) = call.try_response(&head, false).map_err(malformed)?;
        let response = response
            .ok_or_else(|| ConnectError::Malformed("the headers have no end".to_owned()))?;
        self.reply.status = response.status().as_u16();
        self.reply.headers = headers_of(response.headers());
        let next = call
            .proceed()
            .ok_or_else(|| ConnectError::Malformed("the headers are incomplete".to_owned()))?;
        Ok(Step::Next(match next {
            RecvResponseResult::RecvBody(call) => {
                if let BodyMode::LengthDelimited(length) = call.body_mode() {
                    let length = usize::try_from(length).unwrap_or(usize::MAX);
                    if length > self.caps.body {
                        return Err(self.too_large(Part::Body));
                    }
                    self.reply.body.reserve(length.min(MAX_RESERVE));
                }
                State::Body(call)
            }
            RecvResponseResult::Redirect(call) => self.done(!call.must_close_connection()),
            RecvResponseResult::Cleanup(call) => self.done(!call.must_close_connection()),
        }))
    }

    fn read_body(&mut self, mut call: Call<RecvBody>) -> Result<Step, ConnectError> {
        let mut buffer = [0; 4096];
        let mut used = 0;
        loop {
            let input = self.pending.get(used..).unwrap_or_default();
            let (took, gave) = call.read(input, &mut buffer).map_err(malformed)?;
            used += took;
            self.reply
                .body
                .extend_from_slice(buffer.get(..gave).unwrap_or_default());
            if self.reply.body.len() > self.caps.body {
                return Err(self.too_large(Part::Body));
            }
            // Chunk sizes and trailers count with the heads, save what honest chunks of one byte cost: trailers
            // without end have an end here.
            self.overhead += took.saturating_sub(gave);
            let framing = self.reply.body.len().saturating_mul(CHUNK_FRAMING);
            if self.overhead > self.caps.head.saturating_add(framing) {
                return Err(self.too_large(Part::Head));
            }
            if took == 0 && gave == 0 {
                break;
            }
        }
        self.pending.drain(..used);
        let whole = !matches!(call.body_mode(), BodyMode::CloseDelimited) && call.can_proceed();
        if !whole {
            if self.pending.len() > MAX_CHUNK_LINE {
                return Err(ConnectError::Malformed(
                    "a chunk's size or a trailer has no end".to_owned(),
                ));
            }
            return Ok(Step::Wait(State::Body(call)));
        }
        let next = call
            .proceed()
            .ok_or_else(|| ConnectError::Malformed("the body is incomplete".to_owned()))?;
        Ok(Step::Next(match next {
            RecvBodyResult::Redirect(call) => self.done(!call.must_close_connection()),
            RecvBodyResult::Cleanup(call) => self.done(!call.must_close_connection()),
        }))
    }

    fn done(&mut self, reusable: bool) -> State {
        self.reply.reusable = reusable;
        State::Done
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

/// The request's head, and the call in the state in which it waits for the reply: that the body is sent is ours.
fn request(
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: usize,
) -> Result<(Vec<u8>, Call<RecvResponse>), ConnectError> {
    let refused = |e: &dyn std::fmt::Display| ConnectError::Request(e.to_string());
    let mut builder = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        builder = header_raw(builder, name, value.as_bytes());
    }
    let request = builder.body(()).map_err(|e| refused(&e))?;
    let mut call = Call::new(request).map_err(|e| refused(&e))?.proceed();
    let mut head = Vec::new();
    let mut buffer = vec![0; HEAD_STEP];
    while !call.can_proceed() {
        let n = call.write(&mut buffer).map_err(|e| refused(&e))?;
        head.extend_from_slice(buffer.get(..n).unwrap_or_default());
    }
    let length = || ConnectError::Request("Content-Length does not fit the body".to_owned());
    match call.proceed().map_err(|e| refused(&e))? {
        Some(SendRequestResult::RecvResponse(call)) if body == 0 => Ok((head, call)),
        Some(SendRequestResult::SendBody(mut call)) => {
            call.consume_direct_write(body).map_err(|_| length())?;
            Ok((head, call.proceed().ok_or_else(length)?))
        }
        _ => Err(length()),
    }
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

/// 1xx other than 101: not the reply yet (RFC 9110 15.2, HT-14). They may have headers, which `ureq-proto` would
/// refuse in a 100.
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

fn headers_of(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}

fn malformed(error: Error) -> ConnectError {
    ConnectError::Malformed(error.to_string())
}

#[cfg(test)]
mod tests;
