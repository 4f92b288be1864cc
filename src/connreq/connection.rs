//! One connection to the connection request port: bytes in, requests judged, bytes out.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv6Addr, Shutdown, SocketAddr};
use std::time::Instant;

use mio::net::TcpStream;

use super::gate::{Answer, Cause, Gate};
use crate::wire::http::Random;
use crate::wire::http::framing::{BodyReader, Framing};
use crate::wire::http::request::{self, HeadError, MAX_HEAD};

/// A body has no meaning here (CR-01); this much of one is skipped, more closes the connection.
const MAX_BODY: u64 = 64 * 1024;
/// Requests on one connection: two are usual.
const MAX_REQUESTS: u32 = 32;
/// Everything read on one connection before the last answer: whole heads and a body. Empty lines between requests
/// and the sizes of chunks have no other bound, and whoever sends them as fast as they are read would keep the loop.
const MAX_RECEIVED: usize = MAX_REQUESTS as usize * MAX_HEAD + MAX_BODY as usize;
/// What is read from a peer whom we have told goodbye, so that our answer is not lost to a reset.
const MAX_LINGER: usize = 64 * 1024;
/// Bytes read at a time.
const CHUNK: usize = 2048;

/// What became of a connection after it was driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits for its peer.
    Open,
    /// It is over.
    Closed,
}

enum State {
    /// Reading a head.
    Head,
    /// Skipping a body.
    Body(BodyReader),
    /// The last answer is on its way.
    Closing,
    /// Everything is said; so many bytes are still listened to.
    Lingering(usize),
}

/// One connection.
pub struct Connection {
    /// The socket.
    pub stream: TcpStream,
    /// The other end.
    pub peer: SocketAddr,
    /// Since when we wait for a whole request.
    pub since: Instant,
    state: State,
    input: Vec<u8>,
    /// Whether the input may hold a whole head: only then is it parsed, so that single bytes cost little.
    parse: bool,
    output: Vec<u8>,
    requests: u32,
    received: usize,
}

impl Connection {
    /// A connection that was accepted.
    pub fn new(stream: TcpStream, peer: SocketAddr, now: Instant) -> Connection {
        Connection {
            stream,
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            since: now,
            state: State::Head,
            input: Vec::new(),
            parse: false,
            output: Vec::new(),
            requests: 0,
            received: 0,
        }
    }

    /// Whose it is, for fair shares: an address, or an IPv6 subnet, which is one customer's.
    pub fn origin(&self) -> IpAddr {
        match self.peer.ip() {
            IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64).into(),
            address => address,
        }
    }

    /// Reads, judges and writes until the peer must do something. `answered` hears of every answer.
    pub fn drive(
        &mut self,
        gate: &mut Gate,
        now: Instant,
        random: Random,
        answered: &mut dyn FnMut(SocketAddr, Option<Cause>),
    ) -> Fate {
        loop {
            match self.flush() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Fate::Open,
                Err(_) => return Fate::Closed,
            }
            match &mut self.state {
                State::Head if self.parse => {
                    let answer = self.next_answer(gate, now, random);
                    if let Some((answer, keep)) = answer {
                        answered(self.peer, answer.cause);
                        self.say(&answer, keep, now);
                    }
                    continue;
                }
                State::Body(reader) if !self.input.is_empty() || reader.is_done() => {
                    match reader.push(&self.input) {
                        Ok(used) => drop(self.input.drain(..used.min(self.input.len()))),
                        Err(_) => self.state = State::Closing,
                    }
                    if matches!(&self.state, State::Body(reader) if reader.is_done()) {
                        self.state = State::Head;
                        self.parse = !self.input.is_empty();
                    }
                    continue;
                }
                State::Closing => {
                    // Our end only: a reset because of unread bytes could overtake the answer.
                    let _ = self.stream.shutdown(Shutdown::Write);
                    self.state = State::Lingering(MAX_LINGER);
                    continue;
                }
                _ => {}
            }
            match self.read() {
                Ok(0) => return Fate::Closed,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Fate::Open,
                Err(_) => return Fate::Closed,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => drop(self.output.drain(..count.min(self.output.len()))),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads once; 0 means the end.
    fn read(&mut self) -> io::Result<usize> {
        let mut chunk = [0; CHUNK];
        let count = loop {
            match self.stream.read(&mut chunk) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if let State::Lingering(left) = &mut self.state {
            *left = left.saturating_sub(count);
            return Ok(count.min(*left));
        }
        self.received += count;
        if self.received > MAX_RECEIVED {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let new = chunk.get(..count).unwrap_or_default();
        // The first bytes already tell TLS and garbage from HTTP; then a head ends with a line.
        self.parse =
            self.input.is_empty() || self.input.len() + count >= MAX_HEAD || new.contains(&b'\n');
        self.input.extend_from_slice(new);
        Ok(count)
    }

    /// The answer to the next request, and whether the connection may stay open; none if it is not whole yet.
    fn next_answer(
        &mut self,
        gate: &mut Gate,
        now: Instant,
        random: Random,
    ) -> Option<(Answer, bool)> {
        self.parse = false;
        // RFC 9112 2.2: empty lines before a request are ignored.
        let empty = self
            .input
            .iter()
            .take_while(|b| matches!(b, b'\r' | b'\n'))
            .count();
        self.input.drain(..empty);
        let head = match request::parse(&self.input) {
            Ok(head) => head?,
            Err(error) => {
                let mut answer = gate.refuse(Cause::Malformed, now, random);
                if error == HeadError::TooLarge {
                    answer.status = 431;
                }
                return Some((answer, false));
            }
        };
        self.requests += 1;
        self.input.drain(..head.length.min(self.input.len()));
        let long = matches!(head.framing, Framing::Length(length) if length > MAX_BODY);
        let keep = head.keep_alive() && self.requests < MAX_REQUESTS && !long;
        self.state = State::Body(BodyReader::new(head.framing, MAX_BODY, false));
        Some((gate.judge(&head, now, random), keep))
    }

    fn say(&mut self, answer: &Answer, keep: bool, now: Instant) {
        let mut headers: Vec<(&str, &str)> = answer
            .headers
            .iter()
            .map(|(n, v)| (*n, v.as_str()))
            .collect();
        headers.push(("Connection", if keep { "keep-alive" } else { "close" }));
        self.output = request::response(answer.status, &headers, b"");
        self.since = now;
        if !keep {
            self.state = State::Closing;
        }
    }
}
