//! Syslog over its local datagram socket, without ever waiting for it.
//!
//! The socket of the `syslog` crate blocks when the log daemon stalls and stays dead when it restarts; its formatter
//! is used over a socket of our own.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use log::Level;
use syslog::{Facility, Formatter3164, LogFormat, Severity};

/// The log daemon, seen from here.
pub(super) struct Syslog {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    formatter: Formatter3164,
    lost: u32,
}

impl Syslog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            socket: None,
            formatter: Formatter3164 {
                facility: Facility::LOG_DAEMON,
                hostname: None,
                process: "cwmpd".to_owned(),
                pid: std::process::id(),
            },
            lost: 0,
        }
    }

    /// Hands a line over, or counts it as lost.
    pub(super) fn send(&mut self, level: Level, message: &str) {
        if self.lost > 0 {
            let report = format!("log lines lost count={}", self.lost);
            if self.deliver(Severity::LOG_WARNING, &report) {
                self.lost = 0;
            }
        }
        if self.lost > 0 || !self.deliver(severity(level), message) {
            self.lost = self.lost.saturating_add(1);
        }
    }

    fn deliver(&mut self, severity: Severity, message: &str) -> bool {
        let mut line = Vec::with_capacity(message.len() + 64);
        if self.formatter.format(&mut line, severity, message).is_err() {
            return false;
        }
        // A daemon that restarted is met with a new socket, once a line.
        if let Some(socket) = &self.socket {
            match socket.send(&line) {
                Ok(_) => return true,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return false,
                Err(_) => self.socket = None,
            }
        }
        self.connect()
            .and_then(|socket| {
                socket.send(&line)?;
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

fn severity(level: Level) -> Severity {
    match level {
        Level::Error => Severity::LOG_ERR,
        Level::Warn => Severity::LOG_WARNING,
        Level::Info => Severity::LOG_INFO,
        Level::Debug | Level::Trace => Severity::LOG_DEBUG,
    }
}
