//! The world's time and what the device's wall clock shows of it.

use std::time::{Duration, Instant};

use cwmpd::agent::clock::Now;

/// 2026-11-22 12:00:00 UTC, when every world begins.
pub const NOON: i64 = 1_795_348_800;

/// Both clocks.
pub struct Clock {
    start: Instant,
    /// Since the world began.
    pub elapsed: Duration,
    /// The device knows the date.
    set: bool,
    /// By how much its clock is wrong, in seconds.
    pub error: i64,
    booted: Duration,
}

impl Clock {
    /// A clock that is right.
    pub fn new() -> Clock {
        Clock {
            start: Instant::now(),
            elapsed: Duration::ZERO,
            set: true,
            error: 0,
            booted: Duration::ZERO,
        }
    }

    /// The date as the device has it, or the seconds since it booted.
    pub fn unix(&self) -> i64 {
        self.unix_at(self.elapsed)
    }

    /// What it showed or will show then, if nobody sets it.
    pub fn unix_at(&self, time: Duration) -> i64 {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).expect("a time");
        if self.set {
            NOON + seconds(time) + self.error
        } else {
            seconds(time) - seconds(self.booted)
        }
    }

    /// What the agent is told.
    pub fn now(&self) -> Now {
        Now {
            instant: self.start + self.elapsed,
            unix: self.unix(),
        }
    }

    /// How long until that instant, from the world's beginning.
    pub fn since_start(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.start)
    }

    /// Whether the device knows the date.
    pub fn is_set(&self) -> bool {
        self.set
    }

    /// NTP sets the clock, wrong by so many seconds; whether that was a step.
    pub fn set(&mut self, error: i64) -> bool {
        let step = !self.set || error != self.error;
        (self.set, self.error) = (true, error);
        step
    }

    /// The device boots; without a battery it forgets the date.
    pub fn boot(&mut self, battery: bool) {
        self.booted = self.elapsed;
        self.set &= battery;
    }
}
