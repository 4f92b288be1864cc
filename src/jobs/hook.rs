//! A hook: an executable that applies what the ACS asked for (reboot, factory reset), so that a vendor replaces it
//! and a test records it. Called with arguments, without a shell; what it says goes to the log.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use mio::{Interest, Registry, Token};
use nix::sys::signal::Signal;

use super::child::{Exit, Process, Spawn, SpawnError};
use super::output::Output;

/// What a hook gets between SIGTERM and SIGKILL, and a killed one before we stop waiting for it.
const GRACE: Duration = Duration::from_secs(5);
/// Bytes of output read in one turn of the loop.
const READ_BUDGET: usize = 64 * 1024;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    Terminated,
    Killed,
}

/// A hook that runs. Dropping it lets it finish by itself.
#[derive(Debug)]
pub struct Hook {
    name: String,
    child: Box<dyn Process>,
    output: Output,
    token: Token,
    limit: Duration,
    deadline: Instant,
    stage: Stage,
    result: Option<Result<(), HookFailure>>,
    taken: bool,
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
        let mut child = spawn(path, arguments).map_err(HookFailure::Start)?;
        if let Some(stdout) = child.output() {
            registry
                .register(stdout, token, Interest::READABLE)
                .map_err(|error| HookFailure::Start(SpawnError::System(path.to_owned(), error)))?;
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        crate::say::info!("hook started: name={name}");
        Ok(Hook {
            output: Output::new(&name),
            name,
            child,
            token,
            limit,
            deadline: now + limit,
            stage: Stage::Running,
            result: None,
            taken: false,
        })
    }

    /// When [`Hook::timeout`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        (self.result.is_none() && !self.taken).then_some(self.deadline)
    }

    /// Ends a hook that took too long.
    pub fn timeout(&mut self, now: Instant, registry: &Registry) {
        self.reap(now, registry);
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.stage {
            Stage::Running => {
                self.child.signal(Signal::SIGTERM);
                self.stage = Stage::Terminated;
                self.deadline = now + GRACE;
            }
            Stage::Terminated => {
                self.child.signal(Signal::SIGKILL);
                self.stage = Stage::Killed;
                self.deadline = now + GRACE;
            }
            // Not even SIGKILL ends what is stuck in the kernel.
            Stage::Killed => self.end(Err(HookFailure::TimedOut(self.limit)), now, registry),
        }
    }

    /// Takes what the hook says, if `token` is its own.
    pub fn ready(&mut self, token: Token, now: Instant, registry: &Registry) {
        if token == self.token {
            self.read(now, registry);
            self.reap(now, registry);
        }
    }

    /// Looks whether it has ended: for SIGCHLD.
    pub fn reap(&mut self, now: Instant, registry: &Registry) {
        if self.result.is_some() || self.taken {
            return;
        }
        if let Some(exit) = self.child.try_wait() {
            self.read(now, registry);
            let result = match exit {
                _ if self.stage != Stage::Running => Err(HookFailure::TimedOut(self.limit)),
                exit if exit.success() => Ok(()),
                exit => Err(HookFailure::Exit(exit)),
            };
            self.end(result, now, registry);
        }
    }

    /// How it went, once.
    pub fn take(&mut self) -> Option<Result<(), HookFailure>> {
        let result = self.result.take();
        self.taken |= result.is_some();
        result
    }

    fn read(&mut self, now: Instant, registry: &Registry) {
        let mut buffer = [0; 4096];
        let mut budget = READ_BUDGET;
        while let Some(stdout) = self.child.output() {
            match stdout.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Ok(count) if count > 0 => {
                    self.output
                        .feed(buffer.get(..count).unwrap_or_default(), now);
                    budget = budget.saturating_sub(count);
                    if budget == 0 {
                        // Edge-triggered: registering anew makes the loop come back for the rest.
                        let _ = registry.reregister(stdout, self.token, Interest::READABLE);
                        return;
                    }
                }
                _ => self.close(registry),
            }
        }
    }

    fn end(&mut self, result: Result<(), HookFailure>, now: Instant, registry: &Registry) {
        self.output.finish(now);
        self.close(registry);
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

    fn close(&mut self, registry: &Registry) {
        if let Some(mut stdout) = self.child.output().take() {
            let _ = registry.deregister(&mut stdout);
        }
    }
}

#[cfg(test)]
mod tests;
