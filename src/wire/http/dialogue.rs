//! What surrounds the POSTs of one session: the URL in force, redirects, cookies, authentication. Policy only: the
//! connection sends what [`Dialogue::request`] says and reports to [`Dialogue::reply`] what came.
//!
//! Where credentials go:
//!
//! - nowhere before a challenge (AU-13), and then to the origin (scheme, host, port) that challenged only: after a
//!   redirect to another origin the first POST carries none (RD-09);
//! - to another origin than that of the ACS URL in answer to a Digest challenge, where the password itself does not
//!   travel, or to Basic over TLS, whose certificate the connection has verified for that host;
//! - as Basic over plain HTTP only to the ACS URL's own origin, and only if the configuration says so (AU-14);
//! - never over plain HTTP once a URL of the session was `https`.
//!
//! After its first challenge an origin gets credentials with every POST (AU-12), the nonce count growing (AU-06). A
//! fresh challenge is answered again, because some ACSes bind the nonce to the connection (AU-17); the same nonce again,
//! or one challenge too many in a row, ends the session (AU-11).

use std::fmt;
use std::time::Duration;

use super::challenge::Parameters;
use super::cookies::Jar;
use super::digest::{Answerer, Challenge};
use super::{Credentials, Random, Scheme, Url, UrlError, basic, date, header, headers_named};
use crate::wire::payload::Payload;

#[cfg(test)]
mod tests;

/// TR-069 3.4.2: at least 5 redirects in a row are followed.
pub const MAX_REDIRECTS: u8 = 5;
/// Fresh challenges answered in a row: one for the nonce, one for a connection lost in between (AU-17).
const MAX_ANSWERS: u8 = 2;
/// Challenges answered in a row if all but the first say `stale`.
const MAX_STALE: u8 = 4;
/// A wrong or hostile `Retry-After` must not silence the device for ever.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What the configuration decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether Basic may be used without TLS (AU-14; TR-069 3.4.4 says Digest).
    pub basic_over_http: bool,
    /// Redirects followed in a row, usually [`MAX_REDIRECTS`].
    pub max_redirects: u8,
    /// `User-Agent`; not sent if empty.
    pub user_agent: String,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            basic_over_http: false,
            max_redirects: MAX_REDIRECTS,
            user_agent: String::new(),
        }
    }
}

/// What a reply means for the POST it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The body is for the session: 200, 204, or a 500 that may carry a SOAP fault.
    Deliver,
    /// Send the same body again, on the same connection unless that was closed.
    Again,
    /// The URL in force has changed: send the same body again, to there.
    Moved,
    /// The session has failed.
    Failed(HttpFailure),
}

/// Why HTTP fails a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpFailure {
    /// A status that ends the session (HT-18).
    Status {
        /// Status code.
        code: u16,
        /// When the server wants to be asked again (HT-19).
        retry_after: Option<Duration>,
    },
    /// The ACS wants credentials and there are none.
    NoCredentials,
    /// The ACS wants credentials and does not get (or take) ours.
    Unauthorized(Refusal),
    /// One redirect too many in a row.
    TooManyRedirects,
    /// A redirect to nowhere.
    BadRedirect(UrlError),
}

/// Why a challenge is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The ACS has refused the answer: wrong user name or password.
    Rejected,
    /// Neither Digest nor Basic, or neither in a form we can answer.
    NoUsableChallenge,
    /// Basic without TLS.
    BasicWithoutTls,
    /// The session began with TLS, and this is plain HTTP.
    Downgrade,
    /// Basic cannot carry a user name with a colon.
    ColonInUsername,
}

impl fmt::Display for HttpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HttpFailure::Status {
                code,
                retry_after: None,
            } => write!(f, "the ACS answered with HTTP status {code}"),
            HttpFailure::Status {
                code,
                retry_after: Some(wait),
            } => {
                write!(
                    f,
                    "the ACS answered with HTTP status {code} and asks to wait {} s",
                    wait.as_secs()
                )
            }
            HttpFailure::NoCredentials => {
                f.write_str("the ACS asks for credentials, and none are configured")
            }
            HttpFailure::Unauthorized(refusal) => f.write_str(match refusal {
                Refusal::Rejected => "the ACS refuses our user name or password",
                Refusal::NoUsableChallenge => {
                    "the ACS asks for an authentication scheme that is not supported"
                }
                Refusal::BasicWithoutTls => {
                    "the ACS asks for the password in clear text without TLS"
                }
                Refusal::Downgrade => {
                    "the ACS asks for credentials after a redirect from https to http"
                }
                Refusal::ColonInUsername => {
                    "the ACS asks for basic authentication, which allows no colon in a user name"
                }
            }),
            HttpFailure::TooManyRedirects => f.write_str("the ACS redirects too often"),
            HttpFailure::BadRedirect(error) => {
                write!(f, "the ACS redirects to a bad location: {error}")
            }
        }
    }
}

impl std::error::Error for HttpFailure {}

/// How the origin in force is answered since it challenged.
enum Answer {
    Digest(Box<Answerer>),
    Basic,
}

/// Which credentials the last request carried.
#[derive(PartialEq, Eq)]
enum Sent {
    Nothing,
    Nonce(String),
    Basic,
}

/// The HTTP side of one session.
pub struct Dialogue {
    home: Url,
    url: Url,
    credentials: Option<Credentials>,
    policy: Policy,
    cookies: Jar,
    answer: Option<Answer>,
    sent: Sent,
    /// Whether any URL so far had TLS.
    tls_seen: bool,
    /// Challenges answered in a row.
    answers: u8,
    /// Redirects followed in a row.
    redirects: u8,
}

impl Dialogue {
    /// A session that starts at the ACS URL.
    pub fn new(url: Url, credentials: Option<Credentials>, policy: Policy) -> Dialogue {
        Dialogue {
            home: url.clone(),
            tls_seen: url.scheme == Scheme::Https,
            url,
            credentials,
            policy,
            cookies: Jar::default(),
            answer: None,
            sent: Sent::Nothing,
            answers: 0,
            redirects: 0,
        }
    }

    /// The URL in force: the ACS URL, or where the last redirect led (RD-04: for this session only).
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The headers of a POST of this body as it goes out, `content_encoding` (if any) already applied.
    pub fn request(
        &mut self,
        body: &Payload,
        content_encoding: Option<&str>,
        random: Random,
    ) -> Vec<(String, String)> {
        let mut own = Vec::new();
        if !body.is_empty() {
            // TR-069 3.4.1: an empty POST has neither of the two.
            own.push(("Content-Type", "text/xml; charset=utf-8".to_string()));
            own.extend(content_encoding.map(|coding| ("Content-Encoding", coding.to_string())));
            own.push(("SOAPAction", String::new()));
        }
        own.push(("Content-Length", body.len().to_string()));
        self.headers("POST", body, own, "gzip, deflate", random)
    }

    /// The headers of a GET.
    pub fn get(&mut self, random: Random) -> Vec<(String, String)> {
        let none = Payload::default();
        self.headers("GET", &none, Vec::new(), "gzip, deflate", random)
    }

    /// The headers of a request for a file, or of one that sends a file of that length. The file is wanted as it is.
    pub fn file(
        &mut self,
        method: &str,
        length: Option<usize>,
        random: Random,
    ) -> Vec<(String, String)> {
        let mut own = Vec::new();
        if let Some(length) = length {
            own.push(("Content-Type", "application/octet-stream".to_string()));
            own.push(("Content-Length", length.to_string()));
        }
        let mut headers = self.headers(method, &Payload::default(), own, "identity", random);
        // A cookie may go to another port of the host (RFC 6265 8.5): a file is not worth that.
        headers.retain(|(name, _)| name != "Cookie");
        headers
    }

    fn headers(
        &mut self,
        method: &str,
        body: &Payload,
        own: Vec<(&str, String)>,
        codings: &str,
        random: Random,
    ) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        let mut add = |name: &str, value: String| headers.push((name.to_string(), value));
        add("Host", self.url.host_header());
        if !self.policy.user_agent.is_empty() {
            add(
                "User-Agent",
                self.policy
                    .user_agent
                    .chars()
                    .filter(|c| !c.is_control())
                    .collect(),
            );
        }
        for (name, value) in own {
            add(name, value);
        }
        if let Some(cookies) = self.cookies.header(&self.url) {
            add("Cookie", cookies);
        }
        if let Some(authorization) = self.authorization(method, body, random) {
            add("Authorization", authorization);
        }
        add("Accept-Encoding", codings.to_string());
        headers
    }

    /// What a final reply means, told by its status and headers. `unix_now` is the time, if the clock is set.
    pub fn reply(
        &mut self,
        status: u16,
        headers: &[(String, Vec<u8>)],
        unix_now: Option<i64>,
    ) -> Verdict {
        self.cookies.store(&self.url, headers, unix_now); // also those of a 401 or a redirect (CK-11)
        let verdict = match status {
            200 | 204 => Ok(Verdict::Deliver),
            500 if may_be_a_fault(headers) => Ok(Verdict::Deliver), // HT-20
            401 => self.challenged(headers),
            // TR-069 3.4.2 names 302 and 307; 301 and 308 differ in lasting, and nothing lasts here (RD-08).
            301 | 302 | 307 | 308 => self.redirected(headers),
            code => Err(HttpFailure::Status {
                code,
                retry_after: retry_after(headers, unix_now),
            }),
        };
        if verdict == Ok(Verdict::Deliver) {
            self.answers = 0;
            self.redirects = 0;
            self.next_nonce(headers);
        }
        verdict.unwrap_or_else(Verdict::Failed)
    }

    fn authorization(&mut self, method: &str, body: &Payload, random: Random) -> Option<String> {
        self.sent = Sent::Nothing;
        let credentials = self.credentials.as_ref()?;
        match self.answer.as_mut()? {
            Answer::Digest(answerer) => {
                self.sent = Sent::Nonce(answerer.nonce().to_string());
                let body: Vec<&[u8]> = body.pieces().collect();
                Some(answerer.authorization(credentials, method, &self.url.target, &body, random)) // AU-10
            }
            Answer::Basic => {
                self.sent = Sent::Basic;
                basic::authorization(credentials)
            }
        }
    }

    /// RFC 7615 3.
    fn next_nonce(&mut self, headers: &[(String, Vec<u8>)]) {
        let Some(Answer::Digest(answerer)) = &mut self.answer else {
            return;
        };
        if let Some(info) = header(headers, "Authentication-Info")
            && let Some(nonce) = Parameters::bare(info).text("nextnonce")
        {
            answerer.next_nonce(nonce);
        }
    }

    fn challenged(&mut self, headers: &[(String, Vec<u8>)]) -> Result<Verdict, HttpFailure> {
        let Some(credentials) = &self.credentials else {
            return Err(HttpFailure::NoCredentials);
        };
        let refused = |refusal| Err(HttpFailure::Unauthorized(refusal));
        let tls = self.url.scheme == Scheme::Https;
        let clear_text = self.policy.basic_over_http && self.url.same_origin(&self.home);
        if self.tls_seen && !tls {
            return refused(Refusal::Downgrade);
        }
        let offered: Vec<Parameters> = headers_named(headers, "WWW-Authenticate")
            .flat_map(Parameters::list)
            .collect();
        if let Some(challenge) = Challenge::best(&offered) {
            let repeated = self.sent == Sent::Nonce(challenge.nonce.clone());
            let limit = if challenge.stale {
                MAX_STALE
            } else {
                MAX_ANSWERS
            };
            if self.answers >= limit || (repeated && !challenge.stale) {
                return refused(Refusal::Rejected); // AU-11
            }
            self.answer = Some(Answer::Digest(Box::new(Answerer::new(challenge))));
        } else if !offered.iter().any(|p| p.scheme == "basic") {
            return refused(Refusal::NoUsableChallenge);
        } else if !tls && !clear_text {
            return refused(Refusal::BasicWithoutTls);
        } else if credentials.username.contains(':') {
            return refused(Refusal::ColonInUsername);
        } else if self.sent == Sent::Basic {
            return refused(Refusal::Rejected);
        } else {
            self.answer = Some(Answer::Basic);
        }
        self.answers += 1;
        Ok(Verdict::Again)
    }

    fn redirected(&mut self, headers: &[(String, Vec<u8>)]) -> Result<Verdict, HttpFailure> {
        if self.redirects >= self.policy.max_redirects {
            return Err(HttpFailure::TooManyRedirects);
        }
        self.redirects += 1;
        let location = header(headers, "Location").unwrap_or_default();
        let location = std::str::from_utf8(location)
            .map_err(|_| HttpFailure::BadRedirect(UrlError::Encoding))?;
        let target = self.url.join(location).map_err(HttpFailure::BadRedirect)?;
        if !target.same_origin(&self.url) {
            self.answer = None; // RD-09
            self.answers = 0;
        }
        self.tls_seen |= target.scheme == Scheme::Https;
        self.url = target;
        Ok(Verdict::Moved)
    }
}

/// Whether a 500 has a body that can be an envelope: not if it is empty or says it is something else.
fn may_be_a_fault(headers: &[(String, Vec<u8>)]) -> bool {
    let empty = header(headers, "Content-Length").is_some_and(|length| length.trim_ascii() == b"0");
    let kind = header(headers, "Content-Type").map(|kind| kind.to_ascii_lowercase());
    let xml = kind.is_none_or(|kind| kind.windows(3).any(|part| part == b"xml"));
    !empty && xml
}

/// RFC 9110 10.2.3: seconds or a date, the date told by the server's own clock where it shows one.
fn retry_after(headers: &[(String, Vec<u8>)], unix_now: Option<i64>) -> Option<Duration> {
    let text = |name| header(headers, name).and_then(|value| std::str::from_utf8(value).ok());
    let wanted = text("Retry-After")?.trim();
    let seconds = if !wanted.is_empty() && wanted.bytes().all(|b| b.is_ascii_digit()) {
        wanted.parse().unwrap_or(u64::MAX)
    } else {
        let now = text("Date").and_then(date::parse).or(unix_now)?;
        u64::try_from(date::parse(wanted)?.saturating_sub(now)).unwrap_or(0)
    };
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}
