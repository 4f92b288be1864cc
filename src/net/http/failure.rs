//! Why a POST has no reply: one variant per cause, each with words that say what to look at.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::net::resolver::ResolveError;
use crate::net::tls::{ConfigError, HandshakeError};

/// How far a POST had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// During the TLS handshake.
    Handshake,
    /// While the request was being sent.
    Request,
    /// After the request, before the first byte of the reply.
    Reply,
    /// Within the reply's head.
    Head,
    /// Within the reply's body.
    Body,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => "during the TLS handshake",
            Self::Request => "while the request was being sent",
            Self::Reply => "before the reply began",
            Self::Head => "within the reply's headers",
            Self::Body => "within the reply's body",
        })
    }
}

/// Which limit a reply broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Status line and headers.
    Head,
    /// The body.
    Body,
}

/// Why there is no reply.
#[derive(Debug)]
pub enum ConnectError {
    /// The request itself cannot be written.
    Request(String),
    /// The ACS's name has no address.
    Resolve {
        /// The name.
        host: String,
        /// What the resolver met.
        error: ResolveError,
    },
    /// No address accepted a connection. Each one that was tried, with the system's reason.
    Connect(Vec<(SocketAddr, io::Error)>),
    /// TLS is not usable as configured.
    TlsConfig(ConfigError),
    /// The TLS handshake, or TLS later on, failed.
    Tls(HandshakeError),
    /// Nothing came or went for this long.
    Idle {
        /// How far the POST had come.
        phase: Phase,
        /// The limit.
        limit: Duration,
    },
    /// The ACS closed the connection.
    Closed {
        /// How far the POST had come.
        phase: Phase,
    },
    /// The connection broke.
    Broken {
        /// How far the POST had come.
        phase: Phase,
        /// The system's reason.
        error: io::Error,
    },
    /// The reply is not HTTP.
    Malformed(String),
    /// The reply is larger than it may be.
    TooLarge {
        /// What of it.
        part: Part,
        /// The limit in bytes.
        limit: usize,
    },
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(reason) => write!(f, "the request cannot be written: {reason}"),
            Self::Resolve { host, error } => write!(f, "cannot resolve '{host}': {error}"),
            Self::Connect(tried) => {
                f.write_str("cannot connect to the ACS:")?;
                for (i, (address, error)) in tried.iter().enumerate() {
                    write!(f, "{} {address}: {error}", if i > 0 { "," } else { "" })?;
                }
                Ok(())
            }
            Self::TlsConfig(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Idle { phase, limit } => {
                write!(f, "the ACS was silent for {} s {phase}", limit.as_secs())
            }
            Self::Closed { phase } => write!(f, "the ACS closed the connection {phase}"),
            Self::Broken { phase, error } => {
                write!(f, "the connection to the ACS broke {phase}: {error}")
            }
            Self::Malformed(reason) => write!(f, "the reply is not HTTP: {reason}"),
            Self::TooLarge { part, limit } => {
                let part = match part {
                    Part::Head => "headers are",
                    Part::Body => "body is",
                };
                write!(f, "the reply's {part} larger than {limit} bytes")
            }
        }
    }
}

impl std::error::Error for ConnectError {}
