//! Session retry policy (TR-069 3.2.1.1): how long to wait before the n-th retry.

use std::time::Duration;

/// From this retry on the range stays the same.
const LAST_STEP: u32 = 10;

/// No range goes beyond this: it keeps every later sum of times far from an overflow, whatever the ACS configured.
const LONGEST: u64 = 365 * 24 * 3600 * 1000;

/// The range of the wait before retry number `retry` (the first is 1), from CWMPRetryMinimumWaitInterval in
/// seconds and CWMPRetryIntervalMultiplier in thousandths. Both are brought into what the data model allows.
pub fn range(retry: u32, minimum_wait: u32, multiplier: u32) -> (Duration, Duration) {
    let multiplier = u64::from(multiplier.clamp(1000, 65535));
    let mut low = u64::from(minimum_wait.clamp(1, 65535)) * 1000;
    // TR-069 3.2.1.1: from m*k^(n-1) to m*k^n.
    for _ in 1..retry.clamp(1, LAST_STEP) {
        low = step(low, multiplier);
    }
    (
        Duration::from_millis(low),
        Duration::from_millis(step(low, multiplier)),
    )
}

/// The wait before retry number `retry`: `random`, equally spread over all `u64`, picks one within [`range`].
pub fn wait(retry: u32, minimum_wait: u32, multiplier: u32, random: u64) -> Duration {
    let (low, high) = range(retry, minimum_wait, multiplier);
    let span = (high - low).as_millis() + 1;
    let offset = (u128::from(random) * span) >> 64;
    low + Duration::from_millis(offset as u64)
}

fn step(milliseconds: u64, multiplier: u64) -> u64 {
    (milliseconds.saturating_mul(multiplier) / 1000).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(retry: u32) -> (u64, u64) {
        let (low, high) = range(retry, 5, 2000);
        (low.as_secs(), high.as_secs())
    }

    #[test]
    fn the_default_ranges_are_those_of_table_r() {
        // RT-01 RT-02
        let expected = [
            (5, 10),
            (10, 20),
            (20, 40),
            (40, 80),
            (80, 160),
            (160, 320),
            (320, 640),
            (640, 1280),
            (1280, 2560),
            (2560, 5120),
            (2560, 5120),
        ];
        for (n, range) in expected.into_iter().enumerate() {
            assert_eq!(seconds(n as u32 + 1), range, "retry {}", n + 1);
        }
        assert_eq!(seconds(15), (2560, 5120));
        assert_eq!(seconds(u32::MAX), (2560, 5120));
        assert_eq!(seconds(0), (5, 10));
    }

    #[test]
    fn the_acs_sets_both_values() {
        // RT-06
        let (low, high) = range(3, 1, 1500);
        assert_eq!((low.as_millis(), high.as_millis()), (2250, 3375));
        assert_eq!(
            range(7, 3, 1000),
            (Duration::from_secs(3), Duration::from_secs(3))
        );
    }

    #[test]
    fn the_ends_of_the_range_can_be_drawn() {
        // RT-01
        assert_eq!(wait(1, 5, 2000, 0), Duration::from_secs(5));
        assert_eq!(wait(1, 5, 2000, u64::MAX), Duration::from_secs(10));
    }

    proptest! {
        #[test]
        fn retry_wait_lies_in_its_range(retry: u32, m: u32, k: u32, random: u64) { // RT-01 RT-02
            let (low, high) = range(retry, m, k);
            let wait = wait(retry, m, k, random);
            prop_assert!(low <= wait && wait <= high);
            prop_assert!(high <= Duration::from_millis(LONGEST));
        }
    }
}
