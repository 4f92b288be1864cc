//! The wall clock, read in one place.

use nix::time::{ClockId, clock_gettime};

/// Seconds since 1970; 0, which means never set, when the system cannot tell. Where times have 32 bits it cannot from
/// 2038-01-19T03:14:08Z on, and [`std::time::SystemTime::now`] panics.
pub fn unix_time() -> u64 {
    clock_gettime(ClockId::CLOCK_REALTIME)
        .ok()
        .and_then(|now| u64::try_from(now.tv_sec()).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn it_is_what_files_are_dated_with() {
        let path = std::env::temp_dir().join(format!("cwmpd-clock-{}", std::process::id()));
        let before = unix_time();
        fs::write(&path, "").unwrap();
        let dated = fs::metadata(&path).unwrap().modified().unwrap();
        fs::remove_file(&path).unwrap();
        let dated = dated.duration_since(std::time::UNIX_EPOCH).unwrap();
        // The kernel dates files with its last tick.
        assert!(before <= dated.as_secs() + 1 && dated.as_secs() <= unix_time());
    }
}
