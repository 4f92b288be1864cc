//! The running program: its pipes, one request at a time with a deadline, and its restarts. Knows lines, not what
//! they mean.

use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mio::{Interest, Registry, Token};
use nix::sys::signal::Signal;

use crate::jobs::child::{Child, Wiring};
use crate::jobs::output::Output;
use crate::say;

/// Longest line from the program: a whole tree of 10,000 parameters has room.
pub const MAX_LINE: usize = 4 * 1024 * 1024;
/// Bytes read in one turn of the loop; a program that talks without end must not keep the loop.
const READ_BUDGET: usize = 256 * 1024;
/// The wait before a restart doubles from the first to the last of these.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_secs(60);
/// A program that fails again and again for the same reason is an error in the log no more often than this.
const REMIND: Duration = Duration::from_secs(3600);
/// How long its status is waited for when it seems to have ended.
const EXIT_WAIT: Duration = Duration::from_millis(50);

/// What came of the program.
pub enum Event {
    /// It was started.
    Started,
    /// It said this.
    Line(Vec<u8>),
    /// The request will not be answered, and why.
    Failed(String),
}

/// A program that is kept running.
pub struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    limit: Duration,
    running: Option<Running>,
    /// Killed, but not reaped yet.
    ended: Vec<Child>,
    request: Option<Request>,
    /// To be sent when `request` is answered, whose sender has lost interest.
    next: Option<Request>,
    failures: u32,
    /// When it is to be started, while it does not run.
    start: Instant,
    /// Why it does not run.
    reason: String,
    /// When that was last an error in the log.
    reported: Option<Instant>,
    generation: u64,
    events: Vec<Event>,
}

struct Running {
    child: Child,
    registered: bool,
    line: Vec<u8>,
    says: Output,
    /// Read again then, although no pipe has become ready.
    again: Option<Instant>,
    /// Its standard output has ended.
    closed: bool,
}

struct Request {
    id: u64,
    line: Vec<u8>,
    written: usize,
    deadline: Instant,
}

impl Program {
    /// The program at `path` with `arguments`, started at the first [`Program::timeout`]; it has `limit` to answer a request.
    pub fn new(path: PathBuf, arguments: Vec<String>, limit: Duration, now: Instant) -> Program {
        Program {
            path,
            arguments,
            limit,
            running: None,
            ended: Vec::new(),
            request: None,
            next: None,
            failures: 0,
            start: now,
            reason: "is not started yet".to_owned(),
            reported: None,
            generation: 0,
            events: Vec::new(),
        }
    }

    /// Changes with the set of descriptors.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Registers the pipes that are not registered yet.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let Some(running) = self.running.as_mut().filter(|running| !running.registered) else {
            return Ok(());
        };
        if let Some(stdin) = &mut running.child.stdin {
            registry.register(stdin, token, Interest::WRITABLE)?;
        }
        for pipe in [&mut running.child.stdout, &mut running.child.stderr]
            .into_iter()
            .flatten()
        {
            registry.register(pipe, token, Interest::READABLE)?;
        }
        running.registered = true;
        Ok(())
    }

    /// Sends a request: one [`Event::Failed`] follows unless [`Program::answered`] is called before. An earlier
    /// request that is not answered yet has lost its sender; this one waits for its end. Refused, with the
    /// reason, when the program will not be started again for as long as it has to answer.
    pub fn send(&mut self, id: u64, line: Vec<u8>, now: Instant) -> Result<(), String> {
        let from = if self.running.is_some() {
            now
        } else {
            now.max(self.start)
        };
        if from > now + self.limit {
            let wait = self.start.saturating_duration_since(now).as_secs();
            return Err(format!(
                "the program {}; it will be started again in {wait} s",
                self.reason
            ));
        }
        let request = Request {
            id,
            line,
            written: 0,
            // Its time begins when it can be asked.
            deadline: from + self.limit,
        };
        match &mut self.request {
            Some(_) => self.next = Some(request),
            none => *none = Some(request),
        }
        self.write(now);
        Ok(())
    }

    /// The request that the program works on.
    pub fn asked(&self) -> Option<u64> {
        self.request.as_ref().map(|request| request.id)
    }

    /// The line that came answered the request, and was right.
    pub fn answered(&mut self, now: Instant) {
        self.request = self.next.take();
        if let Some(request) = &mut self.request {
            request.deadline = now + self.limit;
        }
        if self.failures > 0 {
            say::info!("backend program works again: path={:?}", self.path);
        }
        self.failures = 0;
        self.write(now);
    }

    /// What happened since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// A pipe is ready.
    pub fn ready(&mut self, now: Instant) {
        self.write(now);
        self.read(now);
    }

    /// When [`Program::timeout`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        let request = self.request.as_ref().map(|request| request.deadline);
        match &self.running {
            None => Some(request.map_or(self.start, |deadline| deadline.min(self.start))),
            Some(running) => running.again.into_iter().chain(request).min(),
        }
    }

    /// Starts it, ends it, goes on reading: what is due.
    pub fn timeout(&mut self, now: Instant) {
        self.ended.retain_mut(|child| child.try_wait().is_none());
        if self
            .request
            .as_ref()
            .is_some_and(|request| now >= request.deadline)
        {
            self.fail(
                format!("did not answer within {} s", self.limit.as_secs()),
                now,
            );
        }
        if self.running.is_none() && now >= self.start {
            self.spawn(now);
        }
        if self
            .running
            .as_ref()
            .and_then(|running| running.again)
            .is_some_and(|again| now >= again)
        {
            self.read(now);
        }
    }

    /// Ends the program, because of what it did or did not do; it is started again after a wait.
    pub fn fail(&mut self, reason: String, now: Instant) {
        self.generation = self.generation.wrapping_add(1);
        if let Some(mut running) = self.running.take() {
            running.says.finish(now);
            running.child.signal(Signal::SIGKILL);
            // Closing the pipes takes them out of the poll.
            running.child.stdin = None;
            running.child.stdout = None;
            running.child.stderr = None;
            if running.child.try_wait().is_none() {
                self.ended.push(running.child);
            }
        }
        let wait = FIRST_WAIT
            .saturating_mul(1 << self.failures.min(6))
            .min(LAST_WAIT);
        self.failures = self.failures.saturating_add(1);
        self.start = now + wait;
        let known = reason == self.reason
            && self
                .reported
                .is_some_and(|last| now.saturating_duration_since(last) < REMIND);
        if !known {
            self.reported = Some(now);
        }
        say::line(
            if known {
                say::Level::Debug
            } else {
                say::Level::Error
            },
            format_args!(
                "backend program failed: path={:?} reason={reason:?} failures={} wait_seconds={}",
                self.path,
                self.failures,
                wait.as_secs()
            ),
        );
        self.next = None;
        if self.request.take().is_some() {
            self.events
                .push(Event::Failed(format!("the program {reason}")));
        }
        self.reason = reason;
    }

    fn spawn(&mut self, now: Instant) {
        match Child::spawn(&self.path, &self.arguments, Wiring::Talk) {
            Err(error) => self.fail(format!("cannot run: {error}"), now),
            Ok(child) => {
                let name = self
                    .path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                say::line(
                    if self.failures == 0 {
                        say::Level::Info
                    } else {
                        say::Level::Debug
                    },
                    format_args!(
                        "backend program started: path={:?} pid={}",
                        self.path,
                        child.id()
                    ),
                );
                self.generation = self.generation.wrapping_add(1);
                self.running = Some(Running {
                    child,
                    registered: false,
                    line: Vec::new(),
                    says: Output::new(name),
                    again: None,
                    closed: false,
                });
                self.events.push(Event::Started);
                self.write(now);
            }
        }
    }

    fn write(&mut self, now: Instant) {
        let Some(running) = &mut self.running else {
            return;
        };
        let (Some(request), Some(stdin)) = (&mut self.request, &mut running.child.stdin) else {
            return;
        };
        while let Some(rest) = request
            .line
            .get(request.written..)
            .filter(|rest| !rest.is_empty())
        {
            match stdin.write(rest) {
                Ok(count) => request.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // It has closed its end: what it said before and how it ended is found by reading.
                Err(_) => return self.read(now),
            }
        }
    }

    fn read(&mut self, now: Instant) {
        let Some(running) = &mut self.running else {
            return;
        };
        let outcome = running.read(now, &mut self.events);
        let again = running.again.take().filter(|again| now < *again);
        match outcome {
            Ok(more) => running.again = more.then_some(now),
            // What it said last comes before its end: that may be the answer.
            Err(Stop::Ended) if self.events.iter().any(|e| matches!(e, Event::Line(_))) => {
                running.again = Some(now);
            }
            Err(Stop::Ended) => {
                // The end of its pipe comes a moment before its end is in the kernel's books.
                let first = !std::mem::replace(&mut running.closed, true);
                match (running.child.try_wait(), again) {
                    (Some(exit), _) => self.fail(exit.to_string(), now),
                    (None, _) if first => running.again = Some(now + EXIT_WAIT),
                    (None, Some(again)) => running.again = Some(again),
                    (None, None) => self.fail("closed its standard output".to_owned(), now),
                }
            }
            Err(Stop::TooLong) => {
                self.fail(format!("sent a line of more than {MAX_LINE} bytes"), now)
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            running.child.signal(Signal::SIGKILL);
            running.child.try_wait();
        }
    }
}

enum Stop {
    Ended,
    TooLong,
}

impl Running {
    /// Reads both pipes; whether there is more than one turn's budget.
    fn read(&mut self, now: Instant, events: &mut Vec<Event>) -> Result<bool, Stop> {
        let mut buffer = [0; 16 * 1024];
        let mut budget = READ_BUDGET;
        while let Some(pipe) = &mut self.child.stderr {
            match pipe.read(&mut buffer) {
                Ok(count) if count > 0 => {
                    self.says.feed(buffer.get(..count).unwrap_or_default(), now);
                    budget = budget.saturating_sub(count);
                    if budget == 0 {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                _ => self.child.stderr = None,
            }
        }
        let quiet = budget > 0;
        budget = READ_BUDGET;
        while let Some(pipe) = &mut self.child.stdout {
            match pipe.read(&mut buffer) {
                Ok(count) if count > 0 => {
                    self.take(buffer.get(..count).unwrap_or_default(), events)?;
                    budget = budget.saturating_sub(count);
                    if budget == 0 {
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(!quiet),
                _ => return Err(Stop::Ended),
            }
        }
        Err(Stop::Ended)
    }

    fn take(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), Stop> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.line.len() + piece.len() > MAX_LINE {
                return Err(Stop::TooLong);
            }
            self.line.extend_from_slice(piece);
            if self.line.last() == Some(&b'\n') {
                events.push(Event::Line(std::mem::take(&mut self.line)));
            }
        }
        Ok(())
    }
}
