//! What hooks and jobs have in common: the daemon listens to a child, ends it by its deadline, and learns how it ended.

use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use mio::{Interest, Registry, Token};
use nix::sys::signal::Signal;

use super::child::{Exit, Process, Spawn, SpawnError, Wiring};

/// What a child gets between SIGTERM and SIGKILL, and a killed one before we stop waiting for it.
const GRACE: Duration = Duration::from_secs(5);
/// Bytes of output read in one turn of the loop.
const READ_BUDGET: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    Terminated,
    Killed,
    /// It has ended, or nobody waits for it any more.
    Over,
}

/// A child that runs, as long as its deadline allows.
#[derive(Debug)]
pub struct Leash {
    /// The child.
    pub child: Box<dyn Process>,
    token: Token,
    deadline: Instant,
    stage: Stage,
}

impl Leash {
    /// Starts a program that has until `deadline`; its pipes get `token`.
    pub fn start(
        spawn: &mut Spawn,
        program: (&Path, &[&str], Wiring),
        deadline: Instant,
        token: Token,
        registry: &Registry,
    ) -> Result<Leash, SpawnError> {
        let (path, arguments, wiring) = program;
        let mut child = spawn(path, arguments, wiring)?;
        if let Err(error) = listen(&mut *child, token, registry) {
            child.signal(Signal::SIGKILL);
            return Err(SpawnError::System(path.to_owned(), error));
        }
        Ok(Leash {
            child,
            token,
            deadline,
            stage: Stage::Running,
        })
    }

    /// Whether this is the token of its pipes.
    pub fn has(&self, token: Token) -> bool {
        token == self.token
    }

    /// When [`Leash::pull`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        (self.stage != Stage::Over).then_some(self.deadline)
    }

    /// Whether it was asked to end, or worse.
    pub fn was_pulled(&self) -> bool {
        self.stage != Stage::Running
    }

    /// Sends the whole group the next of SIGTERM and SIGKILL. False when there is none left: not even SIGKILL ends what is
    /// stuck in the kernel, and nobody waits for it any more.
    pub fn pull(&mut self, now: Instant) -> bool {
        let (signal, stage) = match self.stage {
            Stage::Running => (Signal::SIGTERM, Stage::Terminated),
            Stage::Terminated => (Signal::SIGKILL, Stage::Killed),
            Stage::Killed | Stage::Over => {
                self.stage = Stage::Over;
                return false;
            }
        };
        self.child.signal(signal);
        self.stage = stage;
        self.deadline = now + GRACE;
        true
    }

    /// How it ended, once it has.
    pub fn ended(&mut self) -> Option<Exit> {
        if self.stage == Stage::Over {
            return None;
        }
        self.child.try_wait()
    }

    /// Stops listening and waiting.
    pub fn close(&mut self, registry: &Registry) {
        self.stage = Stage::Over;
        self.hang_up(registry);
    }

    fn hang_up(&mut self, registry: &Registry) {
        if let Some(mut stdin) = self.child.input().take() {
            let _ = registry.deregister(&mut stdin);
        }
        if let Some(mut stdout) = self.child.output().take() {
            let _ = registry.deregister(&mut stdout);
        }
    }

    /// Reads what it says, as far as this turn's budget goes.
    pub fn read(&mut self, registry: &Registry, take: &mut dyn FnMut(&[u8])) {
        let mut buffer = [0; 4096];
        let mut budget = READ_BUDGET;
        while let Some(stdout) = self.child.output() {
            match stdout.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Ok(count) if count > 0 => {
                    take(buffer.get(..count).unwrap_or_default());
                    budget = budget.saturating_sub(count);
                    if budget == 0 {
                        // Edge-triggered: registering anew makes the loop come back for the rest.
                        let _ = registry.reregister(stdout, self.token, Interest::READABLE);
                        return;
                    }
                }
                _ => {
                    if let Some(mut stdout) = self.child.output().take() {
                        let _ = registry.deregister(&mut stdout);
                    }
                }
            }
        }
    }
}

fn listen(child: &mut dyn Process, token: Token, registry: &Registry) -> io::Result<()> {
    if let Some(stdin) = child.input() {
        registry.register(stdin, token, Interest::WRITABLE)?;
    }
    match child.output() {
        Some(stdout) => registry.register(stdout, token, Interest::READABLE),
        None => Ok(()),
    }
}
