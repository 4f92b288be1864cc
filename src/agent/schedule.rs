//! When the next session is due, and why. Pure: both clocks are handed in.
//!
//! Deadlines are monotonic, so a stepped wall clock neither floods nor silences Informs (PI-05); the phases of periodic
//! Informs and heartbeats follow the wall clock (PeriodicInformTime, InitiationTime) and are computed anew when that clock
//! was set. ScheduleInform, retry and throttle know no wall clock.

mod cycle;

use std::time::Instant;

use super::clock::Now;
use cycle::Cycle;
pub use cycle::Period;

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
    periodic: Cycle,
    heartbeat: Cycle,
    retry: Option<Instant>,
    notification: Option<Instant>,
    scheduled: Vec<Scheduled>,
}

/// A timer that went off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// `2 PERIODIC`
    Periodic,
    /// `3 SCHEDULED` and `M ScheduleInform` with this CommandKey.
    Scheduled(String),
    /// `14 HEARTBEAT`, in a session of its own.
    Heartbeat,
    /// The retry wait is over.
    Retry,
    /// The wait of DefaultActiveNotificationThrottle is over.
    Notification,
}

impl Schedule {
    /// Sets, changes or (`None`) stops the periodic Inform. In force at once (PI-03); the same again changes nothing.
    pub fn set_period(&mut self, period: Option<Period>, now: Now) {
        let alone = period.map_or(0, |period| period.interval);
        self.periodic.set(period, alone, now);
    }

    /// The same for heartbeats. Without clock or InitiationTime the device chooses a random phase: `random` is it
    /// (HeartbeatPolicy.InitiationTime).
    pub fn set_heartbeat(&mut self, period: Option<Period>, random: u64, now: Now) {
        let alone = period.map_or(0, |period| 1 + random % period.interval.max(1));
        self.heartbeat.set(period, alone, now);
    }

    /// The wall clock was set: what keeps step with it is computed anew, at once.
    pub fn clock_was_set(&mut self, now: Now) {
        self.periodic.clock_was_set(now);
        self.heartbeat.clock_was_set(now);
    }

    /// When the next periodic Inform is due.
    pub fn periodic(&self) -> Option<Instant> {
        self.periodic.next()
    }

    /// When the next heartbeat is due.
    pub fn heartbeat(&self) -> Option<Instant> {
        self.heartbeat.next()
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

    /// When the wait for an active notification is over.
    pub fn notification(&self) -> Option<Instant> {
        self.notification
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
        self.next_session()
            .into_iter()
            .chain(self.heartbeat())
            .min()
    }

    /// When the next session comes, if nothing else wants one: a heartbeat that is due before a retry is left out.
    pub fn next_session(&self) -> Option<Instant> {
        let heartbeat = self.heartbeat();
        let heartbeat = heartbeat.filter(|at| self.retry.is_none_or(|retry| retry < *at));
        [
            self.periodic(),
            heartbeat,
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
        if self.periodic.due(now) {
            triggers.push(Trigger::Periodic);
        }
        if self.heartbeat.due(now) {
            triggers.push(Trigger::Heartbeat);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

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
        for told in [true, false] {
            let mut s = Schedule::default();
            s.set_period(period(3600, Some(NOON)), at(base, 0, 1000));
            assert_eq!(s.deadline(), Some(base + Duration::from_secs(3600)));
            // NTP sets the clock ten seconds later: to 12:10:00
            let now = at(base, 10, NOON + 600);
            if told {
                s.clock_was_set(now);
            } else {
                assert_eq!(s.due(now), []);
            }
            assert_eq!(s.deadline(), Some(base + Duration::from_secs(10 + 3000)));
        }
    }

    #[test]
    fn an_interval_without_phase_is_not_begun_anew_by_a_clock_that_is_set() {
        // PI-02 PI-05
        let base = Instant::now();
        let mut s = Schedule::default();
        s.set_period(period(3600, None), at(base, 0, 1000));
        for minute in 1..60 {
            s.clock_was_set(at(base, minute * 60, NOON - 1000 * minute as i64));
            assert_eq!(s.deadline(), Some(base + Duration::from_secs(3600)));
        }
        assert_eq!(s.due(at(base, 3605, NOON)), [Trigger::Periodic]);
        assert_eq!(
            s.deadline(),
            Some(base + Duration::from_secs(7200)),
            "exact"
        );
    }

    #[test]
    fn what_knows_no_wall_clock_is_not_moved_by_it() {
        // PI-05
        let base = Instant::now();
        let mut s = Schedule::default();
        s.set_retry(Some(base + Duration::from_secs(7)));
        s.want_notification(base + Duration::from_secs(8));
        s.add_scheduled(Scheduled {
            at: base + Duration::from_secs(9),
            command_key: "k".into(),
        });
        for unix in [0, NOON, NOON + 86_400, NOON - 86_400] {
            s.clock_was_set(at(base, 1, unix));
            assert_eq!(s.due(at(base, 6, unix)), []);
        }
        let scheduled = Trigger::Scheduled("k".into());
        let triggers = s.due(at(base, 9, NOON));
        assert_eq!(triggers, [scheduled, Trigger::Retry, Trigger::Notification]);
    }

    #[test]
    fn heartbeats_keep_the_phase_of_initiation_time_or_a_random_one() {
        // EV-19
        let base = Instant::now();
        let seconds = |n| Some(base + Duration::from_secs(n));
        let mut s = Schedule::default();
        s.set_heartbeat(period(60, Some(NOON + 86_407)), 1234, at(base, 0, NOON));
        assert_eq!(s.deadline(), seconds(7));
        assert_eq!(s.due(at(base, 7, NOON + 7)), [Trigger::Heartbeat]);
        assert_eq!(s.heartbeat(), seconds(67));
        for (unix, reference) in [(0, Some(NOON)), (NOON, None)] {
            for (random, first) in [(0, 1), (59, 60), (60, 1), (u64::MAX, 16)] {
                let mut s = Schedule::default();
                s.set_heartbeat(period(60, reference), random, at(base, 0, unix));
                assert_eq!(s.deadline(), seconds(first));
                // The policy as it is set again does not draw again.
                s.set_heartbeat(period(60, reference), 30, at(base, 0, unix));
                assert_eq!(
                    s.due(at(base, first, unix + first as i64)),
                    [Trigger::Heartbeat]
                );
                assert_eq!(s.deadline(), seconds(first + 60));
            }
        }
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
