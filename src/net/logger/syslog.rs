//! Syslog over its local datagram socket, without ever waiting for it.
//!
//! The socket of the `syslog` crate blocks when the log daemon stalls and stays dead when it restarts, and its
//! formatter costs a router 50 KB for this one line (measured on mipsel): neither is used.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process;

use log::Level;
use time::UtcDateTime;

use super::now;

/// RFC 3164 4.1.1: system daemons.
const DAEMON: u8 = 3 << 3;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The log daemon, seen from here.
pub(super) struct Syslog {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    lost: u32,
}

impl Syslog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            socket: None,
            lost: 0,
        }
    }

    /// Hands a line over, or counts it as lost.
    pub(super) fn send(&mut self, level: Level, message: &str) {
        if self.lost > 0 {
            let report = format!("log lines lost count={}", self.lost);
            if self.deliver(Level::Warn, &report) {
                self.lost = 0;
            }
        }
        if self.lost > 0 || !self.deliver(level, message) {
            self.lost = self.lost.saturating_add(1);
        }
    }

    fn deliver(&mut self, level: Level, message: &str) -> bool {
        let line = line(now(), level, message);
        // A daemon that restarted is met with a new socket, once a line.
        if let Some(socket) = &self.socket {
            match socket.send(line.as_bytes()) {
                Ok(_) => return true,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return false,
                Err(_) => self.socket = None,
            }
        }
        self.connect()
            .and_then(|socket| {
                socket.send(line.as_bytes())?;
                self.socket = Some(socket);
                Ok(())
            })
            .is_ok()
    }

    fn connect(&self) -> io::Result<UnixDatagram> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.connect(&self.path)?;
        Ok(socket)
    }
}

/// A line of RFC 3164 4.1 as it goes to a local daemon: without a host name, in UTC.
pub(super) fn line(at: UtcDateTime, level: Level, message: &str) -> String {
    let month = usize::from(u8::from(at.month()) - 1);
    format!(
        "<{}>{} {:2} {:02}:{:02}:{:02} cwmpd[{}]: {message}",
        DAEMON | severity(level),
        MONTHS.get(month).copied().unwrap_or_default(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        process::id()
    )
}

fn severity(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}
