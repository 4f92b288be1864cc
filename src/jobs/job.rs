//! The daemon's side of a job: this program as a child, `cwmpd job KIND`, that may wait. The order goes to its standard
//! input, lines of JSON come back; any other line is for the log.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use mio::{Registry, Token};
use nix::sys::signal::Signal;

use super::child::{Exit, Spawn, SpawnError, Wiring};
use super::leash::Leash;
use super::output::Output;
use crate::wire::data::Data;
use crate::wire::json;

/// Longest line from a job.
const MAX_LINE: usize = 16 * 1024;

/// Why a job did not succeed.
#[derive(Debug)]
pub enum JobFailure {
    /// It never ran.
    Start(SpawnError),
    /// It says so itself.
    Fault {
        /// The fault code of TR-069 A.5.1.
        code: u16,
        /// What happened, and where.
        text: String,
    },
    /// It ended without a word of how it went, or badly.
    Exit(Exit),
    /// It sent a line of more than 16 KiB.
    TooLong,
    /// It took longer than this and was ended.
    TimedOut(Duration),
    /// It was ended by [`Job::kill`].
    Killed,
}

impl fmt::Display for JobFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobFailure::Start(error) => write!(f, "job {error}"),
            JobFailure::Fault { text, .. } => f.write_str(text),
            JobFailure::Exit(exit) => write!(f, "job {exit}"),
            JobFailure::TooLong => f.write_str("job said too much at once and was ended"),
            JobFailure::TimedOut(limit) => {
                write!(
                    f,
                    "job took longer than {} s and was ended",
                    limit.as_secs()
                )
            }
            JobFailure::Killed => f.write_str("job was ended"),
        }
    }
}

impl std::error::Error for JobFailure {}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes moved.
    pub bytes: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
}

/// What a line of a job says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It goes on.
    Progress(Progress),
    /// It is done.
    Done {
        /// Bytes of the file.
        bytes: u64,
    },
    /// It has failed.
    Fault {
        /// The fault code.
        code: u16,
        /// What happened.
        text: String,
    },
}

impl Said {
    /// Reads a line; none if it is meant for the log.
    pub fn read(line: &[u8]) -> Option<Said> {
        let data = json::parse_bytes(line).ok()?;
        let number = |key| data.get(key).and_then(Data::as_number)?.parse().ok();
        if let Some(code) = number("fault") {
            return Some(Said::Fault {
                code: u16::try_from(code).ok()?,
                text: data.get("text")?.as_text()?.to_owned(),
            });
        }
        let bytes = number("bytes")?;
        Some(match data.get("done") {
            Some(Data::Boolean(true)) => Said::Done { bytes },
            _ => Said::Progress(Progress {
                bytes,
                total: number("total"),
            }),
        })
    }
}

/// What a job is to do.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    /// This program.
    pub program: &'a Path,
    /// `transfer`.
    pub kind: &'a str,
    /// The order, JSON.
    pub request: &'a str,
    /// How long it may take.
    pub limit: Duration,
}

/// A job that runs. Dropping it ends it.
pub struct Job {
    kind: String,
    leash: Leash,
    /// What it has not read yet of its order.
    request: Vec<u8>,
    written: usize,
    line: Vec<u8>,
    output: Output,
    limit: Duration,
    progress: Option<Progress>,
    said: Option<Result<u64, JobFailure>>,
    /// Why it was asked to end.
    reason: Option<JobFailure>,
    result: Option<Result<u64, JobFailure>>,
}

/// Its order holds secrets.
impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("kind", &self.kind)
            .field("leash", &self.leash)
            .finish_non_exhaustive()
    }
}

impl Job {
    /// Starts one; its pipes get `token`.
    pub fn start(
        spawn: &mut Spawn,
        task: Task<'_>,
        token: Token,
        now: Instant,
        registry: &Registry,
    ) -> Result<Job, JobFailure> {
        let program = (task.program, &["job", task.kind][..], Wiring::Work);
        let deadline = now + task.limit;
        let leash =
            Leash::start(spawn, program, deadline, token, registry).map_err(JobFailure::Start)?;
        crate::say::info!("job started: kind={}", task.kind);
        let mut job = Job {
            kind: task.kind.to_owned(),
            leash,
            request: task.request.into(),
            written: 0,
            line: Vec::new(),
            output: Output::new(task.kind),
            limit: task.limit,
            progress: None,
            said: None,
            reason: None,
            result: None,
        };
        job.write(registry);
        Ok(job)
    }

    /// When [`Job::timeout`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.leash.deadline()
    }

    /// Ends a job that took too long, or one that does not end when asked.
    pub fn timeout(&mut self, now: Instant, registry: &Registry) {
        self.reap(now, registry);
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        self.end(JobFailure::TimedOut(self.limit), now);
        if self.deadline().is_some_and(|deadline| now >= deadline) && !self.leash.pull(now) {
            self.over(None, now, registry);
        }
    }

    /// Takes what the job says, if `token` is its own.
    pub fn ready(&mut self, token: Token, now: Instant, registry: &Registry) {
        if self.leash.has(token) {
            self.write(registry);
            self.read(now, registry);
            self.reap(now, registry);
        }
    }

    /// Looks whether it has ended: for SIGCHLD.
    pub fn reap(&mut self, now: Instant, registry: &Registry) {
        if let Some(exit) = self.leash.ended() {
            self.read(now, registry);
            self.over(Some(exit), now, registry);
        }
    }

    /// How far it is, when that has changed since the last call.
    pub fn take_progress(&mut self) -> Option<Progress> {
        self.progress.take()
    }

    /// How it went, once: the bytes of the file.
    pub fn take(&mut self) -> Option<Result<u64, JobFailure>> {
        self.result.take()
    }

    /// Ends it, with all that it started: SIGTERM, and SIGKILL if that does not help. [`Job::take`] tells of its end.
    pub fn kill(&mut self, now: Instant) {
        self.end(JobFailure::Killed, now);
    }

    fn end(&mut self, reason: JobFailure, now: Instant) {
        if !self.leash.was_pulled() {
            self.reason = Some(reason);
            self.leash.pull(now);
        }
    }

    fn over(&mut self, exit: Option<Exit>, now: Instant, registry: &Registry) {
        self.output.finish(now);
        self.leash.close(registry);
        let well = exit.is_some_and(Exit::success);
        let result = match (self.reason.take(), self.said.take()) {
            (None, Some(said)) if well => said,
            // It was done before it could be ended.
            (Some(_), Some(Ok(bytes))) => Ok(bytes),
            (Some(reason), _) => Err(reason),
            (None, _) => Err(JobFailure::Exit(exit.unwrap_or(Exit::Unknown))),
        };
        match &result {
            Ok(bytes) => crate::say::info!("job succeeded: kind={} bytes={bytes}", self.kind),
            Err(failure) => crate::say::error!(
                "job failed: kind={} reason={:?}",
                self.kind,
                failure.to_string()
            ),
        }
        self.result = Some(result);
    }

    /// Hands over the order as fast as it is taken, then closes the pipe.
    fn write(&mut self, registry: &Registry) {
        let Some(stdin) = self.leash.child.input() else {
            return;
        };
        while let Some(rest @ [_, ..]) = self.request.get(self.written..) {
            match stdin.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // It does not want to know: its end tells why.
                Err(_) => break,
            }
        }
        self.request = Vec::new();
        if let Some(mut stdin) = self.leash.child.input().take() {
            let _ = registry.deregister(&mut stdin);
        }
    }

    fn read(&mut self, now: Instant, registry: &Registry) {
        let (line, output, progress, said) = (
            &mut self.line,
            &mut self.output,
            &mut self.progress,
            &mut self.said,
        );
        let mut too_long = false;
        self.leash.read(registry, &mut |bytes| {
            for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
                too_long |= line.len() + piece.len() > MAX_LINE;
                if too_long {
                    return;
                }
                line.extend_from_slice(piece);
                if !line.ends_with(b"\n") {
                    continue;
                }
                match Said::read(line) {
                    Some(Said::Progress(far)) => *progress = Some(far),
                    Some(Said::Done { bytes }) => _ = said.get_or_insert(Ok(bytes)),
                    Some(Said::Fault { code, text }) => {
                        said.get_or_insert(Err(JobFailure::Fault { code, text }));
                    }
                    None => output.feed(line, now),
                }
                line.clear();
            }
        });
        if too_long {
            self.end(JobFailure::TooLong, now);
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.deadline().is_some() {
            self.leash.child.signal(Signal::SIGKILL);
            self.leash.child.try_wait();
        }
    }
}

#[cfg(test)]
mod tests;
