//! When a transfer may go ahead. Pure: how long ago it was ordered is handed in.

use crate::cwmp::transfer::{Window, WindowMode};

/// What a transfer has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing for so many seconds.
    Wait(u64),
    /// To start.
    Go {
        /// What must be so beforehand.
        mode: WindowMode,
        /// The window: its number, and in how many seconds it closes.
        window: Option<(u32, u64)>,
        /// How often it may fail in this window; `None`: until that closes.
        tries: Option<u32>,
    },
    /// To give up: no window is left (fault 9020).
    Over,
}

/// Download and Upload start once their delay is over; there is one try, of which the transfer itself makes the most.
pub(super) fn after_delay(delay: u32, elapsed: u64) -> Turn {
    match u64::from(delay).saturating_sub(elapsed) {
        0 => Turn::Go {
            mode: WindowMode::Immediately,
            window: None,
            tries: Some(1),
        },
        wait => Turn::Wait(wait),
    }
}

/// ScheduleDownload keeps to its windows (TR-069 A.4.1.8). Those before `first` are used up.
pub(super) fn within(windows: &[Window], first: u32, elapsed: u64) -> Turn {
    let open = windows
        .iter()
        .zip(0u32..)
        .find(|(window, number)| *number >= first && elapsed < window.end.into());
    let Some((window, number)) = open else {
        return Turn::Over;
    };
    match u64::from(window.start).saturating_sub(elapsed) {
        0 => Turn::Go {
            mode: window.mode,
            window: Some((number, u64::from(window.end).saturating_sub(elapsed))),
            // -1: as the CPE sees fit.
            tries: u32::try_from(window.max_retries)
                .ok()
                .map(|retries| retries.saturating_add(1)),
        },
        wait => Turn::Wait(wait),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: u32, end: u32, max_retries: i64) -> Window {
        Window {
            start,
            end,
            mode: WindowMode::WhenIdle,
            user_message: String::new(),
            max_retries,
        }
    }

    #[test]
    fn a_delay_is_waited_for() {
        // DL-02
        assert_eq!(after_delay(5, 0), Turn::Wait(5));
        assert_eq!(after_delay(5, 4), Turn::Wait(1));
        assert!(matches!(after_delay(5, 5), Turn::Go { .. }));
        assert!(matches!(after_delay(0, 0), Turn::Go { .. }));
    }

    #[test]
    fn windows_are_kept_to() {
        // DL-23, DL-24
        let windows = [window(10, 20, 0), window(30, 40, -1)];
        assert_eq!(within(&windows, 0, 0), Turn::Wait(10));
        let go = |window, tries| Turn::Go {
            mode: WindowMode::WhenIdle,
            window: Some(window),
            tries,
        };
        assert_eq!(within(&windows, 0, 10), go((0, 10), Some(1)));
        assert_eq!(within(&windows, 0, 19), go((0, 1), Some(1)));
        assert_eq!(within(&windows, 1, 12), Turn::Wait(18)); // its tries are used up
        assert_eq!(within(&windows, 0, 20), Turn::Wait(10));
        assert_eq!(within(&windows, 0, 35), go((1, 5), None));
        assert_eq!(within(&windows, 0, 40), Turn::Over);
        assert_eq!(within(&windows, 2, 35), Turn::Over);
    }
}
