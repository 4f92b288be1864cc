//! The client's side: a challenge, and the answers to it.

use std::cmp::Reverse;

use super::{Algorithm, Inputs, Qop, response};
use crate::wire::http::challenge::{Parameters, quoted};
use crate::wire::http::{Credentials, Random, hex};

/// Bytes of a client nonce: more than enough against chosen plaintext.
const CNONCE_BYTES: usize = 16;

/// A Digest challenge that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Realm, quotes and escapes removed.
    pub realm: String,
    /// Server's nonce.
    pub nonce: String,
    /// To be echoed when there.
    pub opaque: Option<String>,
    /// Algorithm; none was named if it is `None`, which means MD5.
    pub algorithm: Option<Algorithm>,
    /// Protection chosen from those offered; none if none was offered (RFC 2069).
    pub qop: Option<Qop>,
    /// Whether only the nonce was too old.
    pub stale: bool,
    /// Whether the server knows `username*` (RFC 7616 3.4, `charset`).
    pub utf8: bool,
}

impl Challenge {
    /// Understands a challenge; none if it is not Digest, or asks for what we (or headers in UTF-8) cannot do.
    pub fn read(parameters: &Parameters) -> Option<Challenge> {
        if parameters.scheme != "digest" {
            return None;
        }
        let present = |name| match parameters.get(name) {
            Some(_) => parameters.text(name).map(Some),
            None => Some(None),
        };
        let algorithm = match present("algorithm")? {
            Some(name) => Some(Algorithm::parse(name)?),
            None => None,
        };
        Some(Challenge {
            realm: present("realm")?.unwrap_or_default().to_string(),
            nonce: parameters.text("nonce")?.to_string(),
            opaque: present("opaque")?.map(str::to_string),
            algorithm,
            qop: match present("qop")? {
                Some(offered) => chosen(offered)?,
                None => None,
            },
            stale: is(parameters, "stale", "true"),
            utf8: is(parameters, "charset", "utf-8"),
        })
    }

    /// The best of all challenges: SHA-256 before MD5, otherwise the server's order (RFC 7616 3.7).
    pub fn best<'a>(offered: impl IntoIterator<Item = &'a Parameters>) -> Option<Challenge> {
        let usable = offered.into_iter().filter_map(Challenge::read);
        usable.min_by_key(|challenge| Reverse(challenge.algorithm().is_strong()))
    }

    /// The algorithm in force.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or(Algorithm::Md5)
    }
}

fn is(parameters: &Parameters, name: &str, value: &str) -> bool {
    parameters
        .text(name)
        .is_some_and(|text| text.eq_ignore_ascii_case(value))
}

/// `auth` where it is offered, `auth-int` only alone, nothing where nothing is said, no answer to what is unknown.
fn chosen(offered: &str) -> Option<Option<Qop>> {
    let has = |qop: Qop| {
        offered
            .split(',')
            .any(|o| o.trim().eq_ignore_ascii_case(qop.name()))
    };
    match offered {
        _ if offered.trim().is_empty() => Some(None),
        _ if has(Qop::Auth) => Some(Some(Qop::Auth)),
        _ if has(Qop::AuthInt) => Some(Some(Qop::AuthInt)),
        _ => None,
    }
}

/// Answers one challenge for as long as its nonce lives.
pub struct Answerer {
    challenge: Challenge,
    cnonce: String,
    count: u32,
}

impl Answerer {
    /// Starts to answer a challenge.
    pub fn new(challenge: Challenge) -> Answerer {
        Answerer {
            challenge,
            cnonce: String::new(),
            count: 0,
        }
    }

    /// The nonce in use.
    pub fn nonce(&self) -> &str {
        &self.challenge.nonce
    }

    /// Goes on with the nonce of an `Authentication-Info` (RFC 7615 3): nc and cnonce start anew.
    pub fn next_nonce(&mut self, nonce: &str) {
        if nonce != self.challenge.nonce {
            self.challenge.nonce = nonce.to_string();
            self.cnonce.clear();
            self.count = 0;
        }
    }

    /// The `Authorization` header of the next request, whose body comes in pieces.
    pub fn authorization(
        &mut self,
        credentials: &Credentials,
        method: &str,
        uri: &str,
        body: &[&[u8]],
        random: Random,
    ) -> String {
        if self.cnonce.is_empty() {
            // One per nonce, so that the session key of the -sess algorithms is the same by every reading of the RFCs.
            let mut bytes = [0; CNONCE_BYTES];
            random(&mut bytes);
            self.cnonce = hex(bytes);
        }
        self.count = self.count.wrapping_add(1);
        let nc = format!("{:08x}", self.count); // RFC 7616 3.4: exactly eight hexadecimal digits
        let Challenge {
            realm,
            nonce,
            opaque,
            algorithm,
            qop,
            ..
        } = &self.challenge;
        let response = response(&Inputs {
            algorithm: self.challenge.algorithm(),
            username: credentials.username.as_bytes(),
            realm: realm.as_bytes(),
            password: credentials.password.as_bytes(),
            nonce: nonce.as_bytes(),
            cnonce: self.cnonce.as_bytes(),
            method: method.as_bytes(),
            uri: uri.as_bytes(),
            qop: qop.map(|qop| (qop, nc.as_bytes())),
            body,
        });
        let mut header = format!(
            "Digest {}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            self.username(&credentials.username),
            quoted(realm),
            quoted(nonce),
            quoted(uri),
        );
        if let Some(algorithm) = algorithm {
            header += &format!(", algorithm={}", algorithm.name());
        }
        if qop.is_some() || self.challenge.algorithm().has_session_key() {
            header += &format!(", cnonce=\"{}\"", self.cnonce);
        }
        if let Some(qop) = qop {
            header += &format!(", qop={}, nc={nc}", qop.name());
        }
        if let Some(opaque) = opaque {
            header += &format!(", opaque={}", quoted(opaque));
        }
        header
    }

    /// Outside ASCII `username*` is right, but only RFC 7616 servers know it: others get plain UTF-8, as from curl.
    fn username(&self, username: &str) -> String {
        if username.is_ascii() || !self.challenge.utf8 {
            return format!("username={}", quoted(username));
        }
        let mut extended = "username*=UTF-8''".to_string(); // RFC 8187 3.2.1
        for byte in username.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                extended.push(char::from(byte));
            } else {
                extended += &format!("%{byte:02X}");
            }
        }
        extended
    }
}
