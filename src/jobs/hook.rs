//! A hook: an executable that applies what the ACS asked for (reboot, factory reset), so that a vendor replaces it
//! and a test records it. Called with arguments, without a shell; what it says goes to the log.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use mio::{Registry, Token};

use super::child::{Exit, Spawn, SpawnError, Wiring};
use super::leash::Leash;
use super::output::Output;

/// Why a hook did not succeed.
#[derive(Debug)]
pub enum HookFailure {
    /// It never ran.
    Start(SpawnError),
    /// It ended, but not with status 0.
    Exit(Exit),
    /// It took longer than this and was ended.
    TimedOut(Duration),
}

impl HookFailure {
    /// The status with which it exited.
    pub fn status(&self) -> Option<i32> {
        match self {
            HookFailure::Exit(Exit::Status(status)) => Some(*status),
            _ => None,
        }
    }
}

impl fmt::Display for HookFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HookFailure::Start(error) => write!(f, "hook {error}"),
            HookFailure::Exit(exit) => write!(f, "hook {exit}"),
            HookFailure::TimedOut(limit) => write!(
                f,
                "hook took longer than {} s and was ended",
                limit.as_secs()
            ),
        }
    }
}

impl std::error::Error for HookFailure {}

/// A hook that runs. Dropping it lets it finish by itself.
#[derive(Debug)]
pub struct Hook {
    name: String,
    leash: Leash,
    output: Output,
    limit: Duration,
    result: Option<Result<(), HookFailure>>,
}

impl Hook {
    /// Starts the executable at `path` with `arguments`; it has `limit` to end.
    pub fn start(
        spawn: &mut Spawn,
        path: &Path,
        arguments: &[&str],
        limit: Duration,
        token: Token,
        now: Instant,
        registry: &Registry,
    ) -> Result<Hook, HookFailure> {
        let program = (path, arguments, Wiring::Listen);
        let leash = Leash::start(spawn, program, now + limit, token, registry)
            .map_err(HookFailure::Start)?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        crate::say::info!("hook started: name={name}");
        Ok(Hook {
            output: Output::new(&name),
            name,
            leash,
            limit,
            result: None,
        })
    }

    /// When [`Hook::timeout`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.leash.deadline()
    }

    /// Ends a hook that took too long.
    pub fn timeout(&mut self, now: Instant, registry: &Registry) {
        self.reap(now, registry);
        if self.deadline().is_some_and(|deadline| now >= deadline) && !self.leash.pull(now) {
            self.end(Err(HookFailure::TimedOut(self.limit)), now, registry);
        }
    }

    /// Takes what the hook says, if `token` is its own.
    pub fn ready(&mut self, token: Token, now: Instant, registry: &Registry) {
        if self.leash.has(token) {
            self.read(now, registry);
            self.reap(now, registry);
        }
    }

    /// Looks whether it has ended: for SIGCHLD.
    pub fn reap(&mut self, now: Instant, registry: &Registry) {
        if let Some(exit) = self.leash.ended() {
            self.read(now, registry);
            let result = match exit {
                _ if self.leash.was_pulled() => Err(HookFailure::TimedOut(self.limit)),
                exit if exit.success() => Ok(()),
                exit => Err(HookFailure::Exit(exit)),
            };
            self.end(result, now, registry);
        }
    }

    /// What it has said with the last line `key=…`.
    pub fn fact(&self, key: &str) -> Option<&str> {
        self.output.fact(key)
    }

    /// How it went, once.
    pub fn take(&mut self) -> Option<Result<(), HookFailure>> {
        self.result.take()
    }

    fn read(&mut self, now: Instant, registry: &Registry) {
        let output = &mut self.output;
        self.leash
            .read(registry, &mut |bytes| output.feed(bytes, now));
    }

    fn end(&mut self, result: Result<(), HookFailure>, now: Instant, registry: &Registry) {
        self.output.finish(now);
        self.leash.close(registry);
        match &result {
            Ok(()) => crate::say::info!("hook succeeded: name={}", self.name),
            Err(failure) => crate::say::error!(
                "hook failed: name={} reason={:?}",
                self.name,
                failure.to_string()
            ),
        }
        self.result = Some(result);
    }
}

#[cfg(test)]
mod tests;
