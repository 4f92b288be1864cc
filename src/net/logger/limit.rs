//! Log lines that a peer can cause are limited, each cause by itself.

use std::fmt;
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);

/// Lets so many lines of one cause through in a minute.
#[derive(Clone, Debug)]
pub struct RateLimit {
    per_minute: u32,
    window: Option<Instant>,
    admitted: u32,
    suppressed: u32,
}

/// How many lines were kept back since the last one that was not; as text the end of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppressed(pub u32);

impl fmt::Display for Suppressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            n => write!(f, " suppressed={n}"),
        }
    }
}

impl RateLimit {
    /// At most `per_minute` lines in any minute that begins with a line.
    pub const fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            window: None,
            admitted: 0,
            suppressed: 0,
        }
    }

    /// Whether a line may be logged now.
    pub fn admit(&mut self, now: Instant) -> Option<Suppressed> {
        if self.window.is_none_or(|start| now >= start + WINDOW) {
            self.window = Some(now);
            self.admitted = 0;
        }
        if self.admitted >= self.per_minute {
            self.suppressed = self.suppressed.saturating_add(1);
            return None;
        }
        self.admitted += 1;
        Some(Suppressed(std::mem::take(&mut self.suppressed)))
    }
}
