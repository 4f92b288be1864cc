//! When the timers of the oracle may and must have gone off: windows, because the wall clock counts whole seconds and
//! may be stepped.

use std::time::Duration;

use crate::clock::Clock;
use crate::model::Model;

/// The wall clock's grain, and a little.
const GRAIN: Duration = Duration::from_millis(1010);

/// The next periodic Inform.
#[derive(Clone, Debug, Default)]
pub struct Periodic {
    interval: Duration,
    reference: Option<i64>,
    /// It comes between these.
    window: Option<(Duration, Duration)>,
    /// The date was known when the window was computed.
    phased: bool,
    /// The clock was stepped: until then the old moments and the new ones are right, and one of either is needed.
    loose: Option<(Duration, Duration)>,
    /// There was one since.
    seen: bool,
}

impl Periodic {
    /// The settings are in force from now on (PI-03).
    pub fn restart(&mut self, model: &Model, clock: &Clock, now: Duration) {
        let enabled = matches!(model.value(&model.ms("PeriodicInformEnable")), "1" | "true");
        self.interval = Duration::from_secs(model.number("PeriodicInformInterval").max(1));
        self.reference = date(model.value(&model.ms("PeriodicInformTime")));
        self.window = enabled.then(|| self.next(clock, now));
        self.loose = None;
    }

    /// The clock was stepped. PI-05: neither a flood nor silence; in phase again after a while.
    pub fn stepped(&mut self, now: Duration) {
        if self.window.is_some() && self.reference.is_some() {
            self.loose = Some((now.saturating_sub(GRAIN), now + self.interval * 5 / 2));
            self.seen = false;
        }
    }

    /// PI-01: in step with the reference; PI-02: without clock or reference an interval from now.
    fn next(&mut self, clock: &Clock, now: Duration) -> (Duration, Duration) {
        self.phased = clock.is_set() && self.reference.is_some();
        match self.reference.filter(|_| clock.is_set()) {
            Some(reference) => {
                let interval = self.interval.as_secs() as i64;
                let phase = (clock.unix_at(now) - reference).rem_euclid(interval);
                let at = now + Duration::from_secs((interval - phase) as u64);
                (at.saturating_sub(GRAIN).max(now), at + GRAIN)
            }
            None => {
                // Where the answer to the order was lost, it is not known exactly when it was carried out.
                let at = now + self.interval;
                (at.saturating_sub(GRAIN), at + Duration::from_millis(1))
            }
        }
    }

    /// An occurrence that went by unseen, since when it may have been; the next one counts from it.
    pub fn passed(&mut self, clock: &Clock, now: Duration) -> Option<Duration> {
        if let Some((from, to)) = self.loose {
            if now <= to {
                return None;
            }
            self.loose = None;
            self.window = Some(self.next(clock, to));
            if !self.seen {
                return Some(from);
            }
        }
        let (from, to) = self.window.filter(|(_, to)| *to < now)?;
        self.after(from, to);
        Some(from)
    }

    /// Whether the clock was stepped a short while ago.
    pub fn is_loose(&self) -> bool {
        self.loose.is_some()
    }

    /// Whether one may be told now.
    pub fn is_open(&self, now: Duration) -> bool {
        self.loose
            .or(self.window)
            .is_some_and(|(from, _)| from <= now)
    }

    /// One is told now: takes it, if it may.
    pub fn take(&mut self, now: Duration) -> bool {
        if !self.is_open(now) {
            return false;
        }
        match (self.loose, self.window) {
            (None, Some((from, to))) => self.after(from, to),
            (Some(_), _) => self.seen = true,
            _ => {}
        }
        true
    }

    fn after(&mut self, from: Duration, to: Duration) {
        self.window = Some(match self.phased {
            true => {
                let at = to - GRAIN + self.interval;
                (at.saturating_sub(GRAIN), at + GRAIN)
            }
            false => (from + self.interval, to + self.interval),
        });
    }
}

/// A ScheduleInform order.
#[derive(Clone, Debug)]
pub struct Scheduled {
    /// Its CommandKey.
    pub key: String,
    delay: Duration,
    /// It goes off between these.
    pub from: Duration,
    /// See `from`.
    pub to: Duration,
    /// The clock's error when it was ordered; none when it was not set.
    error: Option<i64>,
}

impl Scheduled {
    /// Ordered now.
    pub fn new(key: String, delay: u32, clock: &Clock, now: Duration) -> Scheduled {
        let delay = Duration::from_secs(delay.into());
        Scheduled {
            key,
            delay,
            from: now + delay,
            to: now + delay,
            error: clock.is_set().then_some(clock.error),
        }
    }

    /// It is not known exactly when it was ordered: not later than now.
    pub fn vague(mut self, now: Duration) -> Scheduled {
        self.from = now;
        self
    }

    /// The process starts again. RB-05: relative to the original time if both clocks were known, else the whole delay.
    pub fn restart(&mut self, clock: &Clock, now: Duration) {
        match self.error {
            Some(error) if clock.is_set() && error == clock.error => {
                self.from = self.from.saturating_sub(GRAIN);
                self.to = self.to.max(now) + GRAIN;
            }
            // The date was stepped meanwhile: anything from at once to the whole delay.
            Some(_) if clock.is_set() => {
                self.from = now;
                self.to = now + self.delay + GRAIN;
            }
            _ => {
                self.from = self.from.saturating_sub(GRAIN);
                self.to = now + self.delay;
            }
        }
    }
}

/// Seconds since 1970 of `2026-11-22T12:00:00Z`; none for the unknown time.
pub fn date(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    if year < 1970 {
        return None;
    }
    let days_before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut days: i64 = (1970..year).map(|y| 365 + i64::from(leap(y))).sum();
    days += days_before[month as usize - 1] + day - 1 + i64::from(month > 2 && leap(year));
    Some(days * 86_400 + number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)?)
}
