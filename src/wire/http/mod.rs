//! HTTP/1.1 as the protocol needs it, without a socket: URLs, authentication, cookies, the policy of one session's
//! POSTs, content codings, and the server's side of a request (connection requests, the lab's ACS).
//!
//! | file | concept |
//! |---|---|
//! | [`url`] | the ACS URL, redirect targets (RFC 3986) |
//! | [`challenge`] | lists of challenges and authentication parameters (RFC 7235) |
//! | [`digest`], [`basic`] | the two schemes, both sides (RFC 7616, 2617, 2069; RFC 7617) |
//! | [`cookies`] | the jar of one session (RFC 6265) |
//! | [`dialogue`] | what surrounds the POSTs of one session: redirects, cookies, credentials |
//! | [`body`] | content codings: gzip and deflate |
//! | [`reply`] | the client's side: request heads, response heads |
//! | [`request`] | the server's side: request heads, response heads |
//! | [`framing`] | bodies, of both |
//! | [`date`] | dates in headers |

use std::fmt;
use std::hint::black_box;

pub mod basic;
pub mod body;
pub mod challenge;
pub mod cookies;
pub mod date;
pub mod dialogue;
pub mod digest;
pub mod framing;
pub mod reply;
pub mod request;
pub mod url;

pub use body::{BodyError, decode_body, encode_gzip, encode_zlib};
pub use dialogue::{Dialogue, HttpFailure, Policy, Refusal, Verdict};
pub use url::{Scheme, Url, UrlError};

/// How randomness comes in: a function that fills the buffer with unpredictable bytes.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);

/// A user name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// The value of the first header of that name.
pub fn header<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a [u8]> {
    headers_named(headers, name).next()
}

/// The values of all headers of that name, in order.
pub fn headers_named<'a>(
    headers: &'a [(String, Vec<u8>)],
    name: &str,
) -> impl Iterator<Item = &'a [u8]> {
    headers
        .iter()
        .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.as_slice())
}

/// Whether one of the headers of that name lists that word (RFC 9110 5.6.1).
fn lists(headers: &[(String, Vec<u8>)], name: &str, word: &str) -> bool {
    headers_named(headers, name)
        .flat_map(|value| value.split(|b| *b == b','))
        .any(|listed| listed.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether two secrets are equal, in a time that depends on their lengths only.
pub fn same_secret(a: &[u8], b: &[u8]) -> bool {
    let differing = a
        .iter()
        .zip(b)
        .fold(0u8, |bits, (x, y)| black_box(bits | (x ^ y)));
    differing == 0 && a.len() == b.len()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    let mut text = String::new();
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_never_shows_a_password() {
        let shown = format!(
            "{:?}",
            Credentials {
                username: "u".into(),
                password: "geheim".into()
            }
        );
        assert!(shown.contains('u') && !shown.contains("geheim"));
    }

    #[test]
    fn secrets_are_equal_only_when_all_bytes_are() {
        assert!(same_secret(b"abc", b"abc") && same_secret(b"", b""));
        assert!(
            !same_secret(b"abc", b"abd") && !same_secret(b"abc", b"ab") && !same_secret(b"", b"a")
        );
    }

    #[test]
    fn headers_are_found_whatever_their_case() {
        let headers = vec![
            ("SET-cookie".to_string(), b"1".to_vec()),
            ("Set-Cookie".into(), b"2".to_vec()),
        ];
        assert_eq!(
            headers_named(&headers, "set-cookie").collect::<Vec<_>>(),
            [b"1", b"2"]
        );
        assert_eq!(header(&headers, "location"), None);
    }
}
