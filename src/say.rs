//! Lines for the log.
//!
//! The macros of the `log` crate put a record together at every place that logs. These hand over the text; where it comes
//! from travels as one pointer, and the rest is made here, once.

use std::fmt::Arguments;
use std::panic::Location;

pub(crate) use log::Level;
use log::Record;

/// Hands a line to the log.
#[track_caller]
#[inline(never)]
pub(crate) fn line(level: Level, text: Arguments<'_>) {
    let place = Location::caller();
    if level <= log::max_level() {
        log::logger().log(
            &Record::builder()
                .level(level)
                .target(env!("CARGO_PKG_NAME"))
                .file_static(Some(place.file()))
                .line(Some(place.line()))
                .args(text)
                .build(),
        );
    }
}

/// What makes the daemon, or a part of it, fail at its work.
macro_rules! error {
    ($($text:tt)+) => { $crate::say::line($crate::say::Level::Error, format_args!($($text)+)) };
}

/// What somebody should look at.
macro_rules! warning {
    ($($text:tt)+) => { $crate::say::line($crate::say::Level::Warn, format_args!($($text)+)) };
}

/// What happened.
macro_rules! info {
    ($($text:tt)+) => { $crate::say::line($crate::say::Level::Info, format_args!($($text)+)) };
}

/// What helps to find out why.
macro_rules! debug {
    ($($text:tt)+) => { $crate::say::line($crate::say::Level::Debug, format_args!($($text)+)) };
}

pub(crate) use {debug, error, info, warning as warn};
