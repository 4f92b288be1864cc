//! The two clocks an agent is handed: one that only goes forward, one that tells the date and may jump.

use std::fmt;
use std::time::{Duration, Instant};

use crate::net::{CLOCK_IS_SET_FROM, unix_time};

/// One reading of both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic: deadlines.
    pub instant: Instant,
    /// Wall clock, seconds since 1970.
    pub unix: i64,
}

impl Now {
    /// Reads the system's clocks.
    pub fn read() -> Self {
        Now {
            instant: Instant::now(),
            unix: i64::try_from(unix_time()).unwrap_or(i64::MAX),
        }
    }

    /// The date, when the clock was set.
    pub fn date(&self) -> Option<i64> {
        (self.unix >= CLOCK_IS_SET_FROM as i64).then_some(self.unix)
    }

    /// The instant that lies `seconds` ahead.
    pub fn after(&self, seconds: u64) -> Instant {
        // A century: what lies behind it never comes, and `Instant` cannot overflow.
        self.instant + Duration::from_secs(seconds.min(3_155_760_000))
    }

    /// The wall clock's reading at `instant`.
    pub fn unix_at(&self, instant: Instant) -> i64 {
        match instant.checked_duration_since(self.instant) {
            Some(ahead) => self
                .unix
                .saturating_add(i64::try_from(ahead.as_secs()).unwrap_or(i64::MAX)),
            None => {
                let behind = self.instant.duration_since(instant).as_secs();
                self.unix
                    .saturating_sub(i64::try_from(behind).unwrap_or(i64::MAX))
            }
        }
    }
}

/// A time in seconds with a tenth, for the log: without floating point, which nothing else needs.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0.as_secs() * 10 + u64::from((self.0.subsec_millis() + 50) / 100);
        write!(f, "{}.{}", tenths / 10, tenths % 10)
    }
}
