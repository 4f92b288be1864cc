//! When the next session is due, and why. Pure: both clocks are handed in.
//!
//! Deadlines are monotonic, so a stepped wall clock neither floods nor silences Informs (PI-05); the phase of the
//! periodic Inform follows the wall clock (PeriodicInformTime) and is computed anew when that clock jumped.

use std::time::{Duration, Instant};

use super::clock::Now;

/// How far the two clocks may drift apart before it counts as a step of the wall clock, seconds.
const STEP: i64 = 2;

/// What the periodic Inform is configured to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// PeriodicInformInterval, seconds; at least 1.
    pub interval: u64,
    /// PeriodicInformTime, seconds since 1970; `None` for the unknown time.
    pub reference: Option<i64>,
}

/// A ScheduleInform that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// When.
    pub at: Instant,
    /// Its CommandKey.
    pub command_key: String,
}

/// All timers that lead to a session.
#[derive(Debug, Default)]
pub struct Schedule {
    period: Option<Period>,
    periodic: Option<Periodic>,
    retry: Option<Instant>,
    notification: Option<Instant>,
    scheduled: Vec<Scheduled>,
}

#[derive(Clone, Copy, Debug)]
struct Periodic {
    at: Instant,
    /// Both clocks when `at` was computed.
    computed: Now,
}

/// A timer that went off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// `2 PERIODIC`
    Periodic,
    /// `3 SCHEDULED` and `M ScheduleInform` with this CommandKey.
    Scheduled(String),
    /// The retry wait is over.
    Retry,
    /// The wait of DefaultActiveNotificationThrottle is over.
    Notification,
}

impl Schedule {
    /// Sets, changes or (`None`) stops the periodic Inform. In force at once (PI-03); the same again changes nothing.
    pub fn set_period(&mut self, period: Option<Period>, now: Now) {
        if self.period != period {
            self.period = period;
            self.periodic = period.map(|p| Periodic::first(p, now));
        }
    }

    /// When the next periodic Inform is due.
    pub fn periodic(&self) -> Option<Instant> {
        self.periodic.map(|p| p.at)
    }

    /// Arms or disarms the session retry.
    pub fn set_retry(&mut self, at: Option<Instant>) {
        self.retry = at;
    }

    /// When the next retry is due.
    pub fn retry(&self) -> Option<Instant> {
        self.retry
    }

    /// A session for an active notification is wanted, not before `at`: what was said before counts no more.
    pub fn want_notification(&mut self, at: Instant) {
        self.notification = Some(at);
    }

    /// A session starts: it carries whatever notification waited.
    pub fn clear_notification(&mut self) {
        self.notification = None;
    }

    /// Adds a ScheduleInform.
    pub fn add_scheduled(&mut self, scheduled: Scheduled) {
        self.scheduled.push(scheduled);
    }

    /// The next ScheduleInform.
    pub fn next_scheduled(&self) -> Option<Instant> {
        self.scheduled.iter().map(|s| s.at).min()
    }

    /// Forgets every ScheduleInform (factory reset, new ACS).
    pub fn clear_scheduled(&mut self) {
        self.scheduled.clear();
    }

    /// The next instant at which [`Schedule::due`] has something to say.
    pub fn deadline(&self) -> Option<Instant> {
        [
            self.periodic(),
            self.retry,
            self.notification,
            self.next_scheduled(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The timers that have gone off. Each is reported once; the periodic one is armed again.
    pub fn due(&mut self, now: Now) -> Vec<Trigger> {
        let mut triggers = Vec::new();
        if let (Some(period), Some(periodic)) = (self.period, self.periodic) {
            if periodic.at <= now.instant {
                triggers.push(Trigger::Periodic);
                self.periodic = Some(Periodic::following(period, now));
            } else if period.reference.is_some() && periodic.stepped(now) {
                self.periodic = Some(Periodic::first(period, now));
            }
        }
        // EV-11: several that are due together come together.
        let mut waiting = Vec::new();
        for scheduled in self.scheduled.drain(..) {
            if scheduled.at <= now.instant {
                triggers.push(Trigger::Scheduled(scheduled.command_key));
            } else {
                waiting.push(scheduled);
            }
        }
        self.scheduled = waiting;
        if self.retry.is_some_and(|at| at <= now.instant) {
            self.retry = None;
            triggers.push(Trigger::Retry);
        }
        if self.notification.is_some_and(|at| at <= now.instant) {
            self.notification = None;
            triggers.push(Trigger::Notification);
        }
        triggers
    }
}

impl Periodic {
    /// The first occurrence after `now` (PI-01), or one interval ahead without clock or reference (PI-02).
    fn first(period: Period, now: Now) -> Self {
        let interval = period.interval.max(1);
        let ahead = match (now.date(), period.reference) {
            (Some(date), Some(reference)) => {
                let interval = i64::try_from(interval).unwrap_or(i64::MAX);
                let phase = date.saturating_sub(reference).rem_euclid(interval);
                u64::try_from(interval - phase).unwrap_or(1)
            }
            _ => interval,
        };
        Periodic {
            at: now.after(ahead),
            computed: now,
        }
    }

    /// The occurrence after the one that is due now. A monotonic clock that runs a little fast reaches the deadline just
    /// before the wall clock does: the occurrence at hand must not fire a second time then.
    fn following(period: Period, now: Now) -> Self {
        let next = Periodic::first(period, now);
        let ahead = next.at.saturating_duration_since(now.instant);
        if period.interval > 1 && ahead * 2 < Duration::from_secs(period.interval) {
            Periodic {
                at: next.at + Duration::from_secs(period.interval),
                ..next
            }
        } else {
            next
        }
    }

    fn stepped(&self, now: Now) -> bool {
        (now.unix - self.computed.unix_at(now.instant)).abs() > STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_348_800; // 2026-11-22 12:00:00 UTC

    fn at(base: Instant, mono: u64, unix: i64) -> Now {
        Now {
            instant: base + Duration::from_secs(mono),
            unix,
        }
    }

    fn period(interval: u64, reference: Option<i64>) -> Option<Period> {
        Some(Period {
            interval,
            reference,
        })
    }

    #[test]
    fn periodic_informs_keep_the_phase_of_periodic_inform_time() {
        // PI-01: past and future references alike
        let base = Instant::now();
        for reference in [NOON - 86_400 * 400 + 7, NOON + 86_400 * 30 + 7] {
            let mut s = Schedule::default();
            s.set_period(period(60, Some(reference)), at(base, 0, NOON));
            assert_eq!(s.deadline(), Some(base + Duration::from_secs(7)));
            assert_eq!(s.due(at(base, 7, NOON + 7)), [Trigger::Periodic]);
            assert_eq!(s.deadline(), Some(base + Duration::from_secs(67)));
        }
    }

    #[test]
    fn a_deadline_reached_just_before_the_wall_clock_does_not_fire_twice() {
        // PI-05
        let base = Instant::now();
        let mut s = Schedule::default();
        s.set_period(period(60, Some(NOON)), at(base, 0, NOON));
        assert_eq!(s.due(at(base, 60, NOON + 59)), [Trigger::Periodic]);
        assert_eq!(s.deadline(), Some(base + Duration::from_secs(121)));
    }

    #[test]
    fn without_clock_or_reference_the_interval_is_exact() {
        // PI-02
        let base = Instant::now();
        for (unix, reference) in [(0, Some(NOON)), (NOON, None)] {
            let mut s = Schedule::default();
            s.set_period(period(60, reference), at(base, 0, unix));
            assert_eq!(s.deadline(), Some(base + Duration::from_secs(60)));
        }
    }

    #[test]
    fn a_step_of_the_wall_clock_rephases_without_a_burst() {
        // PI-05
        let base = Instant::now();
        let mut s = Schedule::default();
        s.set_period(period(3600, Some(NOON)), at(base, 0, 1000));
        assert_eq!(s.deadline(), Some(base + Duration::from_secs(3600)));
        // NTP sets the clock ten seconds later: to 12:10:00
        assert_eq!(s.due(at(base, 10, NOON + 600)), []);
        assert_eq!(s.deadline(), Some(base + Duration::from_secs(10 + 3000)));
    }

    #[test]
    fn a_changed_interval_is_in_force_at_once_and_the_same_again_changes_nothing() {
        // PI-03
        let base = Instant::now();
        let mut s = Schedule::default();
        s.set_period(period(3600, None), at(base, 0, NOON));
        s.set_period(period(3600, None), at(base, 100, NOON + 100));
        assert_eq!(s.deadline(), Some(base + Duration::from_secs(3600)));
        s.set_period(period(10, None), at(base, 100, NOON + 100));
        assert_eq!(s.deadline(), Some(base + Duration::from_secs(110)));
        s.set_period(None, at(base, 100, NOON + 100));
        assert_eq!(s.deadline(), None);
    }

    #[test]
    fn missed_periods_come_once() {
        // PI-04
        let base = Instant::now();
        let mut s = Schedule::default();
        s.set_period(period(60, Some(NOON)), at(base, 0, NOON));
        assert_eq!(s.due(at(base, 330, NOON + 330)), [Trigger::Periodic]);
        assert_eq!(s.due(at(base, 330, NOON + 330)), []);
        assert_eq!(s.deadline(), Some(base + Duration::from_secs(360)));
    }

    #[test]
    fn scheduled_informs_due_together_come_together() {
        // EV-11, RB-05
        let base = Instant::now();
        let mut s = Schedule::default();
        for (seconds, key) in [(5, "a"), (5, "b"), (10, "c")] {
            s.add_scheduled(Scheduled {
                at: base + Duration::from_secs(seconds),
                command_key: key.into(),
            });
        }
        let due = s.due(at(base, 6, NOON));
        assert_eq!(
            due,
            [
                Trigger::Scheduled("a".into()),
                Trigger::Scheduled("b".into())
            ]
        );
        assert_eq!(s.deadline(), Some(base + Duration::from_secs(10)));
    }

    #[test]
    fn the_retry_fires_once() {
        let base = Instant::now();
        let mut s = Schedule::default();
        s.set_retry(Some(base + Duration::from_secs(7)));
        assert_eq!(s.due(at(base, 6, NOON)), []);
        assert_eq!(s.due(at(base, 7, NOON)), [Trigger::Retry]);
        assert_eq!(s.deadline(), None);
    }
}
