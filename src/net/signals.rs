//! Signals as one more source of the loop.
//!
//! Each signal sets a flag and wakes the loop through a socket pair. Caught signals go back to their default in a
//! program that a child executes, and no signal is blocked: a child needs no care from us. (`signalfd` would block
//! them, and the blocked mask is inherited by every child; clearing it between fork and exec takes `unsafe`.)
//! SIGPIPE is ignored from the start of `main` by the standard library, which also restores it in children.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use signal_hook::SigId;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: read the configuration again.
    Reload,
    /// SIGTERM or SIGINT: end.
    Stop,
    /// SIGCHLD: a child has ended.
    Child,
}

const SIGNALS: [(i32, Signal); 4] = [
    (SIGHUP, Signal::Reload),
    (SIGTERM, Signal::Stop),
    (SIGINT, Signal::Stop),
    (SIGCHLD, Signal::Child),
];

/// The signals that the daemon handles. One of these lives as long as the process: when it is dropped, the signals
/// are ignored, they do not get their default effect back.
pub struct Signals {
    wake: UnixStream,
    flags: Vec<(Signal, Arc<AtomicBool>)>,
    registered: Vec<SigId>,
}

impl Signals {
    /// Catches the signals from now on; `token` becomes ready when one came.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let (wake, waker) = std::os::unix::net::UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let mut wake = UnixStream::from_std(wake);
        registry.register(&mut wake, token, Interest::READABLE)?;
        let mut signals = Self {
            wake,
            flags: Vec::with_capacity(SIGNALS.len()),
            registered: Vec::with_capacity(2 * SIGNALS.len()),
        };
        for (number, meaning) in SIGNALS {
            let flag = Arc::new(AtomicBool::new(false));
            // The flag first: when the loop wakes, it is set. Actions run in the order of registration.
            signals
                .registered
                .push(signal_hook::flag::register(number, flag.clone())?);
            signals
                .registered
                .push(signal_hook::low_level::pipe::register(
                    number,
                    waker.try_clone()?,
                )?);
            signals.flags.push((meaning, flag));
        }
        Ok(signals)
    }

    /// The signals that came since the last call, each meaning at most once. Call it when the token is ready.
    pub fn take(&mut self) -> Vec<Signal> {
        let mut buffer = [0; 64];
        // Drain, then look: a signal that comes in between leaves a byte, so the loop wakes again.
        while matches!(self.wake.read(&mut buffer), Ok(n) if n > 0) {}
        let mut came = Vec::new();
        for (meaning, flag) in &self.flags {
            if flag.swap(false, Ordering::SeqCst) && !came.contains(meaning) {
                came.push(*meaning);
            }
        }
        came
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Reactor, token};
    use nix::sys::signal;

    #[test]
    fn signals_wake_the_loop_and_are_told_once() {
        let mut reactor = Reactor::new().unwrap();
        let mut signals = Signals::new(reactor.registry(), token(1, 0)).unwrap();
        signal::raise(signal::Signal::SIGHUP).unwrap();
        signal::raise(signal::Signal::SIGHUP).unwrap();
        signal::raise(signal::Signal::SIGTERM).unwrap();
        signal::raise(signal::Signal::SIGINT).unwrap();
        let (_, ready) = reactor.poll(None).unwrap();
        assert_eq!(ready.collect::<Vec<_>>(), [token(1, 0)]);
        let came = signals.take();
        assert!(came.contains(&Signal::Reload));
        assert_eq!(came.iter().filter(|s| **s == Signal::Stop).count(), 1);
        assert_eq!(signals.take(), []);
    }

    #[test]
    fn a_child_starts_with_no_signal_blocked_or_caught() {
        let reactor = Reactor::new().unwrap();
        let _signals = Signals::new(reactor.registry(), token(1, 0)).unwrap();
        let status = std::process::Command::new("cat")
            .arg("/proc/self/status")
            .output()
            .unwrap();
        let status = String::from_utf8(status.stdout).unwrap();
        let mask = |name: &str| {
            let line = status.lines().find(|l| l.starts_with(name)).unwrap();
            u64::from_str_radix(line.rsplit('\t').next().unwrap(), 16).unwrap()
        };
        let ours: u64 = SIGNALS.iter().map(|(n, _)| 1 << (n - 1)).sum();
        assert_eq!(mask("SigBlk") & ours, 0);
        assert_eq!(mask("SigCgt") & ours, 0);
    }
}
