//! The server's side: writing a challenge, reading and checking credentials.

use super::{Algorithm, Inputs, Qop, response};
use crate::wire::http::challenge::{Parameters, quoted};
use crate::wire::http::{Credentials, same_secret};

/// Characters of an MD5 response.
const MD5_HEX: usize = 32;

/// Writes a challenge. Without `qop` it is one of RFC 2069.
pub fn challenge(
    realm: &str,
    nonce: &str,
    opaque: Option<&str>,
    algorithm: Algorithm,
    qop: Option<&str>,
    stale: bool,
) -> String {
    let mut header = format!("Digest realm={}", quoted(realm));
    if let Some(qop) = qop {
        header += &format!(", qop={}", quoted(qop));
    }
    header += &format!(", algorithm={}, nonce={}", algorithm.name(), quoted(nonce));
    if let Some(opaque) = opaque {
        header += &format!(", opaque={}", quoted(opaque));
    }
    if stale {
        header += ", stale=true";
    }
    header
}

/// Why credentials cannot be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Another scheme than Digest.
    NotDigest,
    /// A parameter is missing or unknown.
    Parameters,
}

/// Credentials as a client sent them. Nothing in it is true before [`Authorization::verify`] says so.
pub struct Authorization {
    /// User name.
    pub username: Vec<u8>,
    /// Realm, unquoted.
    pub realm: Vec<u8>,
    /// The nonce it answers.
    pub nonce: Vec<u8>,
    /// What it says the request's target is.
    pub uri: Vec<u8>,
    /// Nonce count; none without `qop` (RFC 2069).
    pub nc: Option<u32>,
    /// Algorithm used.
    pub algorithm: Algorithm,
    cnonce: Vec<u8>,
    qop: Option<(Qop, Vec<u8>)>,
    response: Vec<u8>,
}

impl Authorization {
    /// Reads an `Authorization` header.
    pub fn read(header: &[u8]) -> Result<Authorization, Malformed> {
        let all = Parameters::list(header);
        let found = all
            .iter()
            .find(|p| p.scheme == "digest")
            .ok_or(Malformed::NotDigest)?;
        understood(found).ok_or(Malformed::Parameters)
    }

    /// Whether the response was made with these credentials, for this method and body and the `uri` it names.
    pub fn verify(&self, credentials: &Credentials, method: &str, body: &[u8]) -> bool {
        // GenieACS and old JDKs echo the name of any algorithm, but hash with MD5: the length tells.
        let algorithm = match self.algorithm {
            Algorithm::Sha256 if self.response.len() == MD5_HEX => Algorithm::Md5,
            named => named,
        };
        let expected = response(&Inputs {
            algorithm,
            username: credentials.username.as_bytes(),
            realm: &self.realm,
            password: credentials.password.as_bytes(),
            nonce: &self.nonce,
            cnonce: &self.cnonce,
            method: method.as_bytes(),
            uri: &self.uri,
            qop: self.qop.as_ref().map(|(qop, nc)| (*qop, nc.as_slice())),
            body: &[body],
        });
        let same_user = same_secret(&self.username, credentials.username.as_bytes());
        same_secret(&self.response.to_ascii_lowercase(), expected.as_bytes()) & same_user
    }
}

fn understood(parameters: &Parameters) -> Option<Authorization> {
    let algorithm = match parameters.get("algorithm") {
        Some(_) => Algorithm::parse(parameters.text("algorithm")?)?,
        None => Algorithm::Md5,
    };
    let qop = match parameters.text("qop") {
        Some(name) if name.eq_ignore_ascii_case("auth") => Some(Qop::Auth),
        Some(name) if name.eq_ignore_ascii_case("auth-int") => Some(Qop::AuthInt),
        Some(_) => return None,
        None => None,
    };
    let nc = parameters.text("nc");
    let nc_value = match qop {
        Some(_) => Some(
            nc.filter(|nc| nc.len() <= 8)
                .and_then(|nc| u32::from_str_radix(nc, 16).ok())?,
        ),
        None => None,
    };
    let owned = |name| parameters.get(name).map(<[u8]>::to_vec);
    if (qop.is_some() || algorithm.has_session_key()) && parameters.get("cnonce").is_none() {
        return None;
    }
    let username = match parameters.text("username*") {
        Some(extended) => extended_value(extended)?,
        None => owned("username")?,
    };
    Some(Authorization {
        username,
        realm: owned("realm")?,
        nonce: owned("nonce")?,
        uri: owned("uri")?,
        nc: nc_value,
        algorithm,
        cnonce: owned("cnonce").unwrap_or_default(),
        qop: qop.map(|qop| (qop, nc.unwrap_or_default().as_bytes().to_vec())),
        response: owned("response")?,
    })
}

/// RFC 8187 3.2.1: charset, language, percent-encoded bytes.
fn extended_value(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.splitn(3, '\'');
    let (charset, _language, value) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    loop {
        match rest {
            [] => return Some(bytes),
            [b'%', high, low, after @ ..] => {
                let digit = |b: u8| char::from(b).to_digit(16);
                bytes.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
                rest = after;
            }
            [byte, after @ ..] => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
}
