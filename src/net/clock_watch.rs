//! News that somebody has set the wall clock: NTP after the boot of a router without a battery, an administrator.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// Tells when the wall clock is set. To what is not told: whoever cares reads it.
pub struct ClockWatch {
    timer: TimerFd,
}

impl ClockWatch {
    /// Begins to watch; the reactor reports `token` when there is news. Kernels before 3.0 cannot.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_REALTIME, flags)?;
        // timerfd_create(2): a timer that does not go off but is cancelled when the clock is set, and lives on. The moment
        // is the last that fits on every target; in 2038 it goes off once, which is one report too many.
        timer.set(
            Expiration::OneShot(TimeSpec::new(i32::MAX.into(), 0)),
            TimerSetTimeFlags::TFD_TIMER_ABSTIME | TimerSetTimeFlags::TFD_TIMER_CANCEL_ON_SET,
        )?;
        registry.register(
            &mut SourceFd(&timer.as_fd().as_raw_fd()),
            token,
            Interest::READABLE,
        )?;
        Ok(ClockWatch { timer })
    }

    /// Takes the news in; whether there was any. Never waits: the timer does not block.
    pub fn was_set(&self) -> bool {
        self.timer.wait().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::reactor::{Reactor, token};
    use std::time::Instant;

    #[test]
    fn a_clock_that_nobody_sets_is_no_news_and_never_waits() {
        // PI-05
        let mut reactor = Reactor::new().unwrap();
        let watch = ClockWatch::new(reactor.registry(), token(1, 0)).unwrap();
        assert!(!watch.was_set());
        let (_, ready) = reactor.poll(Some(Instant::now())).unwrap();
        assert_eq!(ready.count(), 0);
    }
}
