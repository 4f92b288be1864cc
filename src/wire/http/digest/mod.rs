//! Digest authentication (RFC 7616, 2617, 2069), both sides: [`client`] answers an ACS, [`server`] checks who sends a
//! connection request. Here: the algorithms and the one formula both sides share.
//!
//! Everything is hashed as the bytes that came or will go: user names and passwords as UTF-8, a realm with its escapes
//! removed, a hexadecimal `nc` as the peer wrote it.

use md5::Md5;
use sha2::Sha256;
use sha2::digest::Digest;

pub mod client;
pub mod server;
#[cfg(test)]
mod tests;

pub use client::{Answerer, Challenge};
pub use server::Authorization;

/// What is hashed with, and whether a session key is (RFC 7616 3.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5, also where no algorithm is named.
    Md5,
    /// MD5 with a session key.
    Md5Sess,
    /// SHA-256.
    Sha256,
    /// SHA-256 with a session key.
    Sha256Sess,
}

impl Algorithm {
    /// By its name in the registry, in any case.
    pub fn parse(name: &str) -> Option<Algorithm> {
        [
            Algorithm::Md5,
            Algorithm::Md5Sess,
            Algorithm::Sha256,
            Algorithm::Sha256Sess,
        ]
        .into_iter()
        .find(|known| known.name().eq_ignore_ascii_case(name))
    }

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Md5Sess => "MD5-sess",
            Algorithm::Sha256 => "SHA-256",
            Algorithm::Sha256Sess => "SHA-256-sess",
        }
    }

    /// Whether A1 is hashed with the nonces into a session key.
    pub fn has_session_key(self) -> bool {
        matches!(self, Algorithm::Md5Sess | Algorithm::Sha256Sess)
    }

    /// Whether the hash is stronger than MD5.
    pub fn is_strong(self) -> bool {
        matches!(self, Algorithm::Sha256 | Algorithm::Sha256Sess)
    }

    /// Hashes the parts with colons between them, in lower-case hexadecimal.
    pub fn hash(self, parts: &[&[u8]]) -> String {
        self.joined(parts, b":")
    }

    /// Hashes what the pieces are together, in lower-case hexadecimal.
    pub fn hash_pieces(self, pieces: &[&[u8]]) -> String {
        self.joined(pieces, b"")
    }

    fn joined(self, parts: &[&[u8]], between: &[u8]) -> String {
        if self.is_strong() {
            hashed::<Sha256>(parts, between)
        } else {
            hashed::<Md5>(parts, between)
        }
    }
}

fn hashed<H: Digest>(parts: &[&[u8]], between: &[u8]) -> String {
    let mut hash = H::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(between);
        }
        hash.update(part);
    }
    super::hex(hash.finalize())
}

/// Quality of protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qop {
    /// Authentication only.
    Auth,
    /// Authentication with the body's integrity.
    AuthInt,
}

impl Qop {
    /// As in headers.
    pub fn name(self) -> &'static str {
        match self {
            Qop::Auth => "auth",
            Qop::AuthInt => "auth-int",
        }
    }
}

/// Everything a response is computed from.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// Algorithm.
    pub algorithm: Algorithm,
    /// User name.
    pub username: &'a [u8],
    /// Realm, unquoted.
    pub realm: &'a [u8],
    /// Password.
    pub password: &'a [u8],
    /// Server's nonce.
    pub nonce: &'a [u8],
    /// Client's nonce; also needed without `qop` where the algorithm has a session key.
    pub cnonce: &'a [u8],
    /// Request method.
    pub method: &'a [u8],
    /// `uri` parameter.
    pub uri: &'a [u8],
    /// Protection and `nc` as written; none for RFC 2069.
    pub qop: Option<(Qop, &'a [u8])>,
    /// Body as sent, in pieces, for `auth-int`.
    pub body: &'a [&'a [u8]],
}

/// The `response` parameter (RFC 7616 3.4.1).
pub fn response(inputs: &Inputs) -> String {
    let Inputs {
        algorithm,
        nonce,
        cnonce,
        ..
    } = *inputs;
    let mut a1 = algorithm.hash(&[inputs.username, inputs.realm, inputs.password]);
    if algorithm.has_session_key() {
        a1 = algorithm.hash(&[a1.as_bytes(), nonce, cnonce]); // RFC 7616 3.4.2
    }
    let a2 = match inputs.qop {
        Some((Qop::AuthInt, _)) => {
            let body = algorithm.hash_pieces(inputs.body); // RFC 7616 3.4.3
            algorithm.hash(&[inputs.method, inputs.uri, body.as_bytes()])
        }
        _ => algorithm.hash(&[inputs.method, inputs.uri]),
    };
    let (a1, a2) = (a1.as_bytes(), a2.as_bytes());
    match inputs.qop {
        Some((qop, nc)) => algorithm.hash(&[a1, nonce, nc, cnonce, qop.name().as_bytes(), a2]),
        None => algorithm.hash(&[a1, nonce, a2]), // RFC 2069 2.1.2, kept by RFC 2617 3.2.2.1
    }
}
