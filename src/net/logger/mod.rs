//! The log: standard error in the foreground, else syslog, and a file where one is configured. Nothing here waits:
//! a line that cannot be delivered is dropped, counted, and the count is told as soon as it can be.

mod file;
mod limit;
mod syslog;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use log::{Level, LevelFilter, Log, Metadata, Record};
use time::UtcDateTime;

use file::FileSink;
pub use limit::{RateLimit, Suppressed};
use syslog::Syslog;

use super::unix_time;

/// Bytes of a message that are kept. A message may quote a peer.
const MAX_MESSAGE: usize = 4096;

/// Lines a minute from one place in the source. Most can be caused by a peer, and one that sends requests without end
/// must not push everything else out of the log.
const MAX_LINES: u32 = 120;

/// Where the log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The least severe level that is logged.
    pub level: LevelFilter,
    /// To standard error: `level text`.
    pub console: bool,
    /// To syslog: the path of its socket, `/dev/log`.
    pub syslog: Option<PathBuf>,
    /// To a file as well.
    pub file: Option<FileSettings>,
}

/// A log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSettings {
    /// Its path; the one before it has `.1` at the end.
    pub path: PathBuf,
    /// Its size in bytes that makes room for a new one.
    pub max_size: u64,
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

/// Sends the program's log where `settings` say, from now on. May be called again at any time.
pub fn install(settings: Settings) {
    let level = settings.level;
    let logger = LOGGER.get_or_init(|| Logger::new(settings.clone()));
    logger.configure(settings);
    // Fails only if a logger is set, which is this one.
    let _ = log::set_logger(logger);
    log::set_max_level(level);
}

/// What implements [`log::Log`].
pub struct Logger(Mutex<Sinks>);

struct Sinks {
    level: LevelFilter,
    /// By the place in the source that logs.
    shares: Vec<((&'static str, u32), RateLimit)>,
    console: bool,
    syslog: Option<Syslog>,
    file: Option<FileSink>,
}

impl Logger {
    /// A logger of its own; [`install`] makes the program's.
    pub fn new(settings: Settings) -> Self {
        Self(Mutex::new(Sinks::new(settings)))
    }

    /// Follows other settings from now on.
    pub fn configure(&self, settings: Settings) {
        *self.sinks() = Sinks::new(settings);
    }

    fn sinks(&self) -> MutexGuard<'_, Sinks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata) -> bool {
        // Other crates may log what is secret (every byte of a request, Authorization included): of them only what
        // is wrong is of interest.
        let ours = metadata.target().starts_with("cwmp");
        metadata.level() <= self.sinks().level && (ours || metadata.level() <= Level::Warn)
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut sinks = self.sinks();
        if let Some(suppressed) = sinks.admit(record, Instant::now()) {
            let message = one_line(&record.args().to_string());
            sinks.write(record.level(), &format!("{message}{suppressed}"));
        }
    }

    fn flush(&self) {}
}

impl Sinks {
    fn new(settings: Settings) -> Self {
        Self {
            level: settings.level,
            shares: Vec::new(),
            console: settings.console,
            syslog: settings.syslog.map(Syslog::new),
            file: settings.file.map(FileSink::new),
        }
    }

    /// Whether a line may be logged: what the place that it comes from has left of its share.
    fn admit(&mut self, record: &Record, now: Instant) -> Option<Suppressed> {
        let (Some(file), Some(line)) = (record.file_static(), record.line()) else {
            return Some(Suppressed(0));
        };
        // Who turns on the finer levels wants to see everything.
        if record.level() > Level::Info {
            return Some(Suppressed(0));
        }
        let place = (file, line);
        if let Some((_, share)) = self.shares.iter_mut().find(|(known, _)| *known == place) {
            return share.admit(now);
        }
        let mut share = RateLimit::new(MAX_LINES);
        let admitted = share.admit(now);
        self.shares.push((place, share));
        admitted
    }

    fn write(&mut self, level: Level, message: &str) {
        if self.console {
            // One write, so that lines of several processes do not mix. There is nobody to tell of a failure.
            let _ = io::stderr().write_all(format!("{} {message}\n", name(level)).as_bytes());
        }
        if let Some(syslog) = &mut self.syslog {
            syslog.send(level, message);
        }
        if let Some(file) = &mut self.file {
            file.write(&format!("{} {} {message}\n", timestamp(), name(level)));
        }
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    }
}

/// The message on one line, without anything that a terminal or a log reader would act on: a peer's text must not
/// be able to forge a line.
fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for c in message.chars() {
        if line.len() >= MAX_MESSAGE {
            line.push_str("...");
            break;
        }
        // The line and paragraph separators are no control characters.
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            let _ = write!(line, "{}", c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

fn now() -> UtcDateTime {
    let seconds = unix_time().try_into().unwrap_or_default();
    UtcDateTime::from_unix_timestamp(seconds).unwrap_or(UtcDateTime::UNIX_EPOCH)
}

fn timestamp() -> String {
    let now = now();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second()
    )
}
