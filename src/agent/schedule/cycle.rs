//! Something that comes again and again: at moments that the wall clock and a reference say, else at an exact interval.

use std::time::{Duration, Instant};

use crate::agent::clock::Now;

/// How far the two clocks may drift apart before it counts as a step of the wall clock, seconds.
const STEP: i64 = 2;

/// How often, and in which phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Seconds; at least 1.
    pub interval: u64,
    /// A moment that it keeps step with, in the past or future, seconds since 1970; `None` for the unknown time.
    pub reference: Option<i64>,
}

/// Its timer.
#[derive(Debug, Default)]
pub(super) struct Cycle {
    period: Option<Period>,
    next: Option<Next>,
}

#[derive(Clone, Copy, Debug)]
struct Next {
    at: Instant,
    /// Both clocks when `at` was computed.
    computed: Now,
}

impl Cycle {
    /// Sets, changes or (`None`) stops it, at once (PI-03); the same again changes nothing. Without clock or reference
    /// the first time is `alone` seconds ahead.
    pub(super) fn set(&mut self, period: Option<Period>, alone: u64, now: Now) {
        if self.period != period {
            self.period = period;
            self.next = period.map(|period| Next {
                at: period.after(now).unwrap_or(now.after(alone)),
                computed: now,
            });
        }
    }

    /// When it comes next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next.map(|next| next.at)
    }

    /// Whether it comes now. However many times were missed, it comes once (PI-04).
    pub(super) fn due(&mut self, now: Now) -> bool {
        let (Some(period), Some(next)) = (self.period, self.next) else {
            return false;
        };
        if next.at > now.instant {
            self.clock_was_set(now);
            return false;
        }
        self.next = Some(Next {
            at: period.following(next.at, now),
            computed: now,
        });
        true
    }

    /// The wall clock may have been set: follows it if it was. A clock that was corrected by a second or two is followed
    /// from the next time on: the time at hand must not come twice.
    pub(super) fn clock_was_set(&mut self, now: Now) {
        if let (Some(period), Some(next)) = (self.period, &mut self.next)
            && next.stepped(now)
        {
            // Without clock or reference the interval goes on as it was: what is exact needs no correction, and what
            // began anew with each step might never come (PI-05).
            next.at = period.after(now).unwrap_or(next.at);
            next.computed = now;
        }
    }
}

impl Next {
    fn stepped(&self, now: Now) -> bool {
        (now.unix - self.computed.unix_at(now.instant)).abs() > STEP
    }
}

impl Period {
    fn interval(&self) -> u64 {
        self.interval.max(1)
    }

    /// The first time after `now` (PI-01); `None` without clock or reference (PI-02).
    fn after(&self, now: Now) -> Option<Instant> {
        let interval = i64::try_from(self.interval()).unwrap_or(i64::MAX);
        let passed = now.date()?.saturating_sub(self.reference?);
        let ahead = interval - passed.rem_euclid(interval);
        Some(now.after(u64::try_from(ahead).unwrap_or(1)))
    }

    /// The time after the one that was due at `at` and comes now.
    fn following(&self, at: Instant, now: Now) -> Instant {
        let interval = self.interval();
        let Some(next) = self.after(now) else {
            let missed = now.instant.saturating_duration_since(at).as_secs() / interval;
            let ahead = interval.saturating_mul(missed.saturating_add(1));
            return Now { instant: at, ..now }.after(ahead);
        };
        // A monotonic clock that runs a little fast reaches the deadline just before the wall clock does: the time at hand
        // must not come a second time then.
        let ahead = next.saturating_duration_since(now.instant);
        if interval > 1 && ahead * 2 < Duration::from_secs(interval) {
            Now {
                instant: next,
                ..now
            }
            .after(interval)
        } else {
            next
        }
    }
}
