//! What a request on the connection request port deserves. Pure: time and randomness are arguments.

use std::fmt;
use std::time::{Duration, Instant};

use super::nonce::{Nonces, Use};
use crate::wire::http::digest::{Algorithm, Authorization, server};
use crate::wire::http::request::{Head, origin_form};
use crate::wire::http::{Credentials, Random};

#[cfg(test)]
mod tests;

/// Protection space of the device's credentials.
pub const REALM: &str = "cwmp";
/// Requests accepted in one [`WINDOW`]; the agent makes one session of them all.
pub const ACCEPTED_PER_WINDOW: usize = 15;
/// TR-069 3.2.2: a device should limit how often it accepts connection requests.
pub const WINDOW: Duration = Duration::from_secs(10);

/// Why a request is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No credentials yet: the first half of every Digest exchange.
    Unauthenticated,
    /// Wrong user name, password, scheme or parameters; or the device has no credentials.
    Credentials,
    /// The right password with a nonce that is too old.
    Stale,
    /// The right password, but this request came before.
    Replayed,
    /// `uri` is not what the request line says.
    Uri,
    /// Not the path of ConnectionRequestURL.
    Path,
    /// Not GET.
    Method,
    /// Too many accepted of late.
    Throttled,
    /// No request that can be read.
    Malformed,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Unauthenticated => "no-credentials",
            Cause::Credentials => "wrong-credentials",
            Cause::Stale => "stale-nonce",
            Cause::Replayed => "replayed",
            Cause::Uri => "wrong-uri",
            Cause::Path => "wrong-path",
            Cause::Method => "wrong-method",
            Cause::Throttled => "too-many",
            Cause::Malformed => "malformed",
        })
    }
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers beyond the framing.
    pub headers: Vec<(&'static str, String)>,
    /// Why it is not accepted; none if it is.
    pub cause: Option<Cause>,
}

/// Decides on requests.
pub struct Gate {
    path: String,
    credentials: Option<Credentials>,
    nonces: Nonces,
    /// When the last requests were accepted, oldest first.
    accepted: Vec<Instant>,
}

impl Gate {
    /// A gate for this path. Without credentials, or with an empty password, nothing is ever accepted (CR-02).
    pub fn new(
        path: String,
        credentials: Option<Credentials>,
        now: Instant,
        random: Random,
    ) -> Gate {
        let nonces = Nonces::new(now, random);
        let mut gate = Gate {
            path: String::new(),
            credentials: None,
            nonces,
            accepted: Vec::new(),
        };
        gate.change(path, credentials);
        gate
    }

    /// Path and credentials from now on (CR-19).
    pub fn change(&mut self, path: String, credentials: Option<Credentials>) {
        self.path = path;
        self.credentials = credentials.filter(|credentials| !credentials.password.is_empty());
    }

    /// Judges a request by its head.
    pub fn judge(&mut self, head: &Head, now: Instant, random: Random) -> Answer {
        match self.refusal(head, now) {
            None => Answer {
                status: 200,
                headers: Vec::new(),
                cause: None,
            },
            Some(cause) => self.refuse(cause, now, random),
        }
    }

    /// The answer to what is not accepted.
    pub fn refuse(&self, cause: Cause, now: Instant, random: Random) -> Answer {
        let (status, headers) = match cause {
            Cause::Unauthenticated | Cause::Credentials => {
                (401, self.challenges(false, now, random))
            }
            Cause::Stale | Cause::Replayed => (401, self.challenges(true, now, random)),
            Cause::Uri | Cause::Malformed => (400, Vec::new()), // RFC 7616 3.4.6
            Cause::Path => (404, Vec::new()),
            Cause::Method => (405, vec![("Allow", "GET".to_string())]),
            Cause::Throttled => (503, Vec::new()), // TR-069 3.2.2: without Retry-After
        };
        Answer {
            status,
            headers,
            cause: Some(cause),
        }
    }

    fn refusal(&mut self, head: &Head, now: Instant) -> Option<Cause> {
        let target = origin_form(&head.target);
        if target.split_once('?').map_or(target, |(path, _)| path) != self.path {
            return Some(Cause::Path);
        }
        if head.method != "GET" {
            return Some(Cause::Method);
        }
        let Some(header) = head.header("Authorization") else {
            return Some(Cause::Unauthenticated);
        };
        let (Ok(sent), Some(credentials)) = (Authorization::read(header), &self.credentials) else {
            return Some(Cause::Credentials);
        };
        let uri = std::str::from_utf8(&sent.uri).unwrap_or_default();
        if origin_form(uri) != target {
            return Some(Cause::Uri);
        }
        if sent.realm != REALM.as_bytes() || !sent.verify(credentials, &head.method, b"") {
            return Some(Cause::Credentials);
        }
        // The password is right. What is wrong from here on says so, that the ACS may try again at once.
        match self.nonces.redeem(&sent.nonce, sent.nc, now) {
            Use::Fresh => {}
            Use::Old => return Some(Cause::Stale),
            Use::Replayed => return Some(Cause::Replayed),
        }
        let recent = |at: &Instant| now.saturating_duration_since(*at) < WINDOW;
        self.accepted.retain(recent);
        if self.accepted.len() >= ACCEPTED_PER_WINDOW {
            return Some(Cause::Throttled); // refused ones do not count: nobody is locked out for ever
        }
        self.accepted.push(now);
        None
    }

    /// MD5 first: clients that know one challenge only take the first (curl) or the last (Java, GenieACS), and those
    /// that take the last either know SHA-256 or send an MD5 response all the same. One nonce serves both.
    fn challenges(&self, stale: bool, now: Instant, random: Random) -> Vec<(&'static str, String)> {
        let nonce = self.nonces.make(now, random);
        [Algorithm::Md5, Algorithm::Sha256]
            .map(|algorithm| {
                (
                    "WWW-Authenticate",
                    server::challenge(REALM, &nonce, None, algorithm, Some("auth"), stale),
                )
            })
            .into()
    }
}
