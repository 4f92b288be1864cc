//! Who may talk to the ACS: Digest, with a nonce for each connection.

use crate::wire::http::digest::Algorithm;
use crate::wire::http::digest::server::{Authorization, challenge};
use crate::wire::http::request::Head;
use crate::wire::http::{Credentials, Random, hex, same_secret};

const REALM: &str = "cwmp-lab";
/// 128 bits cannot be guessed.
const NONCE_BYTES: usize = 16;

/// Whether a connection has logged in.
#[derive(Default)]
pub struct Login {
    nonce: String,
    done: bool,
}

impl Login {
    /// Whether this request may pass; else the value of its `WWW-Authenticate`.
    ///
    /// Once a connection has answered its challenge, later requests on it need no more, as with ACSes that bind the
    /// nonce to the socket.
    pub fn check(
        &mut self,
        credentials: Option<&Credentials>,
        head: &Head,
        body: &[u8],
        random: Random,
    ) -> Result<(), String> {
        let Some(credentials) = credentials else {
            return Ok(());
        };
        if !self.done {
            self.done = head
                .header("Authorization")
                .is_some_and(|value| self.verify(value, credentials, head, body));
        }
        if self.done {
            return Ok(());
        }
        let mut bytes = [0; NONCE_BYTES];
        random(&mut bytes);
        self.nonce = hex(bytes);
        Err(challenge(
            REALM,
            &self.nonce,
            None,
            Algorithm::Md5,
            Some("auth"),
            false,
        ))
    }

    fn verify(&self, value: &[u8], credentials: &Credentials, head: &Head, body: &[u8]) -> bool {
        let Ok(authorization) = Authorization::read(value) else {
            return false;
        };
        !self.nonce.is_empty()
            && same_secret(&authorization.nonce, self.nonce.as_bytes())
            && authorization.uri == head.target.as_bytes()
            && authorization.verify(credentials, &head.method, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::http::challenge::Parameters;
    use crate::wire::http::digest::client::{Answerer, Challenge};
    use crate::wire::http::request;

    fn head(authorization: &str) -> Head {
        let text = format!("POST /acs HTTP/1.1\r\nAuthorization: {authorization}\r\n\r\n");
        request::parse(text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn a_connection_logs_in_once() {
        let right = Credentials {
            username: "u".into(),
            password: "p".into(),
        };
        let wrong = Credentials {
            password: "q".into(),
            ..right.clone()
        };
        let mut count = 0;
        let mut random = |bytes: &mut [u8]| {
            count += 1;
            bytes.fill(count);
        };
        for (given, passes) in [(&right, true), (&wrong, false)] {
            let mut login = Login::default();
            let asked = login
                .check(Some(&right), &head("none"), b"", &mut random)
                .unwrap_err();
            let challenge = Challenge::best(&Parameters::list(asked.as_bytes())).unwrap();
            let answer =
                Answerer::new(challenge).authorization(given, "POST", "/acs", &[], &mut random);
            assert_eq!(
                login
                    .check(Some(&right), &head(&answer), b"", &mut random)
                    .is_ok(),
                passes
            );
            assert_eq!(
                login
                    .check(Some(&right), &head("none"), b"", &mut random)
                    .is_ok(),
                passes
            );
        }
        assert!(
            Login::default()
                .check(None, &head("none"), b"", &mut random)
                .is_ok()
        );
    }
}
