//! One device's HTTP connection: requests in, answers out, one at a time.

use std::io::{ErrorKind, Read, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use crate::lab::acs::auth::Login;
use crate::lab::acs::{Acs, Answer, MAX_BODY};
use crate::net::random;
use crate::wire::http::framing::BodyReader;
use crate::wire::http::request::{self, Head};

/// A connection on which nothing moves is closed: longer than any device is to think about an answer.
const IDLE: Duration = Duration::from_secs(120);
/// Read at once.
const READ_SIZE: usize = 64 * 1024;

/// A connection.
pub struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    request: Option<(Head, BodyReader)>,
    output: Vec<u8>,
    /// Bytes of `output` that have left.
    sent: usize,
    closing: bool,
    login: Login,
    deadline: Instant,
}

impl Connection {
    /// An accepted connection.
    pub fn new(stream: TcpStream, now: Instant) -> Connection {
        Connection {
            stream,
            input: Vec::new(),
            request: None,
            output: Vec::new(),
            sent: 0,
            closing: false,
            login: Login::default(),
            deadline: now + IDLE,
        }
    }

    /// When it is given up.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Reads, answers and writes as far as it goes; `Break` when the connection is over.
    pub fn ready(&mut self, acs: &mut Acs, now: Instant) -> ControlFlow<()> {
        let mut buffer = vec![0; READ_SIZE];
        loop {
            self.write(now)?;
            if !self.output.is_empty() {
                // No reading while an answer waits to leave: the peer gets no further than we do.
                return ControlFlow::Continue(());
            }
            if self.closing {
                return ControlFlow::Break(());
            }
            if self.step(acs)? {
                continue;
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return ControlFlow::Break(()),
                Ok(n) => {
                    self.deadline = now + IDLE;
                    self.input.extend(buffer.iter().take(n));
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return ControlFlow::Continue(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return ControlFlow::Break(()),
            }
        }
    }

    fn write(&mut self, now: Instant) -> ControlFlow<()> {
        while let Some(rest) = self.output.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(n) => {
                    self.deadline = now + IDLE;
                    self.sent += n;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return ControlFlow::Continue(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return ControlFlow::Break(()),
            }
        }
        self.output.clear();
        self.sent = 0;
        ControlFlow::Continue(())
    }

    /// Goes on with what was read; whether there is an answer to write.
    fn step(&mut self, acs: &mut Acs) -> ControlFlow<(), bool> {
        if self.request.is_none() {
            match request::parse(&self.input) {
                Ok(None) => return ControlFlow::Continue(false),
                Ok(Some(head)) => {
                    self.input.drain(..head.length.min(self.input.len()));
                    let body = BodyReader::new(head.framing, MAX_BODY as u64, true);
                    self.request = Some((head, body));
                }
                Err(error) => {
                    acs.refused(400, error.to_string());
                    self.answer(Answer::empty(400, true));
                    return ControlFlow::Continue(true);
                }
            }
        }
        let Some((head, mut body)) = self.request.take() else {
            return ControlFlow::Continue(false);
        };
        match body.push(&self.input) {
            Ok(used) => self.input.drain(..used.min(self.input.len())),
            Err(error) => {
                acs.refused(413, error.to_string());
                self.answer(Answer::empty(413, true));
                return ControlFlow::Continue(true);
            }
        };
        if !body.is_done() {
            self.request = Some((head, body));
            return ControlFlow::Continue(false);
        }
        let body = body.into_body();
        let credentials = acs.credentials();
        let mut answer =
            match self
                .login
                .check(credentials.as_ref(), &head, &body, &mut random::source)
            {
                Ok(()) => acs.post(&head, body, &mut random::source),
                Err(challenge) => {
                    // The first request of a connection cannot know the nonce.
                    if head.header("Authorization").is_some() {
                        acs.refused(401, "wrong user name or password, or an old nonce");
                    }
                    let mut answer = Answer::empty(401, false);
                    answer.headers.push(("WWW-Authenticate", challenge));
                    answer
                }
            };
        answer.close |= !head.keep_alive();
        self.answer(answer);
        ControlFlow::Continue(true)
    }

    fn answer(&mut self, answer: Answer) {
        self.closing = answer.close;
        let mut headers: Vec<(&str, &str)> = answer
            .headers
            .iter()
            .map(|(n, v)| (*n, v.as_str()))
            .collect();
        if answer.close {
            headers.push(("Connection", "close"));
        }
        self.output = request::response(answer.status, &headers, &answer.body);
    }
}
