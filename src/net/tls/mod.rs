//! TLS to the ACS (TR-069 3.3): what may be configured, what goes wrong in words, and the client that makes
//! connections. Without the cargo feature `tls` an https URL is a clear error.

use std::fmt;
use std::io;
use std::path::PathBuf;

#[cfg(not(feature = "tls"))]
mod absent;
#[cfg(feature = "tls")]
mod client;
#[cfg(feature = "tls")]
mod explain;
#[cfg(feature = "tls")]
mod provider;
#[cfg(feature = "tls")]
mod session;
#[cfg(all(test, feature = "tls"))]
mod tests;
#[cfg(feature = "tls")]
mod verify;

#[cfg(not(feature = "tls"))]
pub use absent::{Client, Session};
#[cfg(feature = "tls")]
pub use client::Client;
#[cfg(feature = "tls")]
pub use session::Session;

/// How to know the ACS and how to be known to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// CA certificates that are trusted: a PEM file, or a folder of them.
    pub authorities: Option<PathBuf>,
    /// Our own certificate with its chain, PEM (TR-069 3.3: a unique or a generic client certificate).
    pub certificate: Option<PathBuf>,
    /// The key to it, PEM: PKCS #8, RSA or EC.
    pub key: Option<PathBuf>,
    /// Verify nothing. For laboratories.
    pub insecure: bool,
}

/// Why no TLS connection can be started with the present options. The text names the file.
#[derive(Debug)]
pub enum ConfigError {
    /// This program was built without TLS.
    NotBuilt,
    /// Verification is wanted and there is nothing to verify with.
    NoAuthorities,
    /// Only one of client certificate and key is configured.
    HalfAnIdentity,
    /// A file cannot be read.
    Read {
        /// What it should hold.
        what: &'static str,
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file is larger than anything sensible.
    TooLarge {
        /// What it should hold.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
    },
    /// A file holds nothing of the kind.
    Empty {
        /// What it should hold.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
    },
    /// A file is not what it should be.
    Malformed {
        /// What it should hold.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate and key do not belong together, or the key is of an unknown kind.
    Identity(String),
    /// The host of the URL is no name that a certificate could have.
    HostName(String),
    /// The TLS library refuses.
    Library(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBuilt => {
                f.write_str("the URL is https, but this program was built without TLS")
            }
            Self::NoAuthorities => f.write_str(
                "no CA certificates are configured, so the server's certificate cannot be verified",
            ),
            Self::HalfAnIdentity => {
                f.write_str("a client certificate and its key must be configured together")
            }
            Self::Read { what, path, error } => {
                write!(f, "cannot read the {what} from {}: {error}", path.display())
            }
            Self::TooLarge { what, path } => {
                write!(
                    f,
                    "the file for the {what} is too large: {}",
                    path.display()
                )
            }
            Self::Empty { what, path } => write!(f, "there is no {what} in {}", path.display()),
            Self::Malformed { what, path, reason } => {
                write!(
                    f,
                    "the {what} in {} cannot be read: {reason}",
                    path.display()
                )
            }
            Self::Identity(reason) => write!(f, "the client certificate cannot be used: {reason}"),
            Self::HostName(host) => write!(f, "no certificate can be issued for the host '{host}'"),
            Self::Library(reason) => write!(f, "TLS cannot be set up: {reason}"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Why a TLS connection came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeError {
    /// The chain ends at no CA that we trust.
    UntrustedIssuer,
    /// The certificate is for other hosts, these.
    WrongHost(Vec<String>),
    /// The certificate, or one of its chain, has expired.
    Expired,
    /// The certificate, or one of its chain, is not valid yet; or our clock is wrong.
    NotYetValid,
    /// The server's own certificate is a CA certificate.
    AuthorityAsServer,
    /// Another fault of the certificate.
    Certificate(String),
    /// Neither TLS 1.2 nor 1.3, or no common cipher suite.
    NothingInCommon(String),
    /// The server wants a client certificate, or not the one we have.
    ClientCertificate(String),
    /// The server ended it with this alert.
    Alert(String),
    /// What came is not TLS.
    NotTls,
    /// Anything else.
    Protocol(String),
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UntrustedIssuer => {
                f.write_str("the server's certificate is not issued by a trusted CA")
            }
            Self::WrongHost(names) if names.is_empty() => {
                f.write_str("the server's certificate names no host at all")
            }
            Self::WrongHost(names) => write!(
                f,
                "the server's certificate is for another host: {}",
                names.join(", ")
            ),
            Self::Expired => {
                f.write_str("the server's certificate or one of its chain has expired")
            }
            Self::NotYetValid => f.write_str(
                "the server's certificate is not valid yet, or the clock of this device is wrong",
            ),
            Self::AuthorityAsServer => f.write_str(
                "the server's certificate is a CA certificate, which may not serve as a server's",
            ),
            Self::Certificate(reason) => {
                write!(f, "the server's certificate cannot be accepted: {reason}")
            }
            Self::NothingInCommon(reason) => {
                write!(f, "no TLS version or cipher suite in common: {reason}")
            }
            Self::ClientCertificate(alert) => write!(
                f,
                "the server wants a client certificate that it accepts, alert {alert}"
            ),
            Self::Alert(alert) => write!(f, "the server refused with alert {alert}"),
            Self::NotTls => f.write_str("the server does not speak TLS on this port"),
            Self::Protocol(reason) => write!(f, "TLS failed: {reason}"),
        }
    }
}

impl std::error::Error for HandshakeError {}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// This many bytes.
    Bytes(usize),
    /// The peer sends no more.
    End,
    /// The connection has ended, and the peer has not said that it would: something may be missing.
    Torn,
    /// Nothing now; the socket will tell.
    Blocked,
}

/// Why a connection cannot go on.
#[derive(Debug)]
pub enum Trouble {
    /// The socket failed.
    Io(io::Error),
    /// TLS failed.
    Tls(HandshakeError),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
