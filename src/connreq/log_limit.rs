//! Keeps a flood of refused requests out of the log.

use std::time::{Duration, Instant};

use super::gate::Cause;

/// One line per cause in this time.
const INTERVAL: Duration = Duration::from_secs(60);

/// Lets one line per cause and interval pass.
#[derive(Default)]
pub struct LogLimit {
    /// Cause, when its last line was written, how many were left out since. At most one entry per cause.
    causes: Vec<(Cause, Instant, u64)>,
}

impl LogLimit {
    /// Whether to write a line now; then says how many were left out before it.
    pub fn pass(&mut self, cause: Cause, now: Instant) -> Option<u64> {
        let Some((_, last, left_out)) = self.causes.iter_mut().find(|(known, ..)| *known == cause)
        else {
            self.causes.push((cause, now, 0));
            return Some(0);
        };
        if now.saturating_duration_since(*last) < INTERVAL {
            *left_out += 1;
            return None;
        }
        *last = now;
        Some(std::mem::take(left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_per_cause_and_interval() {
        let mut limit = LogLimit::default();
        let now = Instant::now();
        assert_eq!(limit.pass(Cause::Path, now), Some(0));
        assert_eq!(limit.pass(Cause::Method, now), Some(0));
        for _ in 0..5 {
            assert_eq!(limit.pass(Cause::Path, now), None);
        }
        assert_eq!(limit.pass(Cause::Path, now + INTERVAL), Some(5));
        assert_eq!(limit.pass(Cause::Path, now + INTERVAL + INTERVAL), Some(0));
    }
}
