//! One client of the control socket.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::UnixStream;

use crate::agent::command::{Command, Reply};
use crate::control::protocol::{self, MAX_COMMAND, MAX_REPLY};

/// How long a client may take to send a command, to read on in its replies, or to wait for one after it has closed
/// its own end.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Client {
    id: u64,
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    state: State,
    /// It has closed its end.
    ended: bool,
    /// When its patience, or ours, ends.
    deadline: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A command is expected.
    Idle,
    /// A command was handed on and is not answered yet; no other is read.
    Waiting,
    /// It gets the trace for as long as it likes.
    Following,
    /// All that is left is to send the last reply.
    Closing,
}

impl Client {
    pub fn new(id: u64, stream: UnixStream, now: Instant) -> Client {
        Client {
            id,
            stream,
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            state: State::Idle,
            ended: false,
            deadline: now + PATIENCE,
        }
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn follows(&self) -> bool {
        self.state == State::Following
    }

    /// While we are the one to move, and nothing is stuck, there is none.
    pub fn deadline(&self) -> Option<Instant> {
        let ours = matches!(self.state, State::Waiting | State::Following) && !self.ended;
        (!ours || self.written < self.output.len()).then_some(self.deadline)
    }

    /// Queues a reply.
    pub fn reply(&mut self, reply: &Reply, now: Instant) {
        if self.written == self.output.len() {
            self.deadline = now + PATIENCE;
        }
        self.output
            .extend_from_slice(protocol::reply_line(reply).as_bytes());
        if self.state == State::Waiting {
            self.state = State::Idle;
            self.deadline = now + PATIENCE;
        }
    }

    /// Writes and reads as much as possible: a command if one is complete, or why this client is to be closed.
    pub fn turn(&mut self, now: Instant) -> Result<Option<Command>, &'static str> {
        self.write(now)?;
        let command = self.read(now)?;
        // What reading led to: a refusal.
        self.write(now)?;
        let sent = self.written == self.output.len();
        match self.state {
            State::Closing if sent => Err("not of the protocol"),
            State::Idle if sent && self.ended => Err("closed by the client"),
            _ => Ok(command),
        }
    }

    fn write(&mut self, now: Instant) -> Result<(), &'static str> {
        while let Some(rest) = self
            .output
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            match self.stream.write(rest) {
                Ok(count) => {
                    self.written += count;
                    self.deadline = now + PATIENCE;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Only who follows a trace can have more than one reply queued.
                    let queued = self.output.len() - self.written;
                    return if queued > MAX_REPLY {
                        Err("does not read its replies")
                    } else {
                        Ok(())
                    };
                }
                Err(_) => return Err("gone"),
            }
        }
        self.output.clear();
        self.written = 0;
        Ok(())
    }

    fn read(&mut self, now: Instant) -> Result<Option<Command>, &'static str> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(command) = self.command(now) {
                return Ok(Some(command));
            }
            // Back-pressure: what is not read stays with the client.
            if self.ended || self.input.len() > MAX_COMMAND || self.state == State::Closing {
                return Ok(None);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.ended = true;
                    self.deadline = now + PATIENCE;
                }
                Ok(_) if self.state == State::Following => return Err("spoke while it follows"),
                Ok(count) => self
                    .input
                    .extend_from_slice(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err("gone"),
            }
        }
    }

    /// The next command, when one is wanted and complete.
    fn command(&mut self, now: Instant) -> Option<Command> {
        while self.state == State::Idle {
            let Some(end) = self.input.iter().position(|&byte| byte == b'\n') else {
                if self.input.len() > MAX_COMMAND {
                    self.refuse(format!("a command has at most {MAX_COMMAND} bytes"), now);
                }
                return None;
            };
            let mut line: Vec<u8> = self.input.drain(..=end).collect();
            line.pop();
            if line.trim_ascii().is_empty() {
                continue;
            }
            match protocol::parse(&line) {
                Ok(command) => {
                    let follow = matches!(command, Command::Trace { follow: true });
                    self.state = if follow {
                        State::Following
                    } else {
                        State::Waiting
                    };
                    return Some(command);
                }
                Err(text) => self.refuse(text, now),
            }
        }
        None
    }

    fn refuse(&mut self, text: String, now: Instant) {
        self.reply(&Reply::Error { text }, now);
        self.state = State::Closing;
    }
}
