//! How a session ends.

use crate::cwmp::envelope::EnvelopeError;
use crate::cwmp::fault::SoapFault;
use crate::cwmp::version::Version;
use std::fmt;

/// The end of a session.
pub type Outcome = Result<Summary, Failure>;

/// What a successful session was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The version that was spoken.
    pub version: Version,
    /// Requests of the ACS that were answered, with a fault or without.
    pub requests: u32,
    /// What the ACS says it serves, if it was asked and answered.
    pub acs_methods: Option<Vec<String>>,
}

/// A request of ours that the ACS did not answer as it should. The session goes on (TR-069 3.7.1.4, 3.7.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The request.
    pub method: &'static str,
    /// What came instead, with the ACS's own words; those are bounded, and escaped.
    pub reason: String,
}

/// Why a session failed: the retry policy decides when to try again (TR-069 3.2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The ACS answered the Inform with a fault.
    InformRefused(SoapFault),
    /// The ACS answered an answer of ours, or the empty POST, with a fault.
    AnswerRefused(SoapFault),
    /// The ACS answered the Inform with nothing.
    NoInformResponse,
    /// The ACS asked for the same request again and again (fault 8005).
    TooManyRetryRequests,
    /// The ACS chose a version that was not offered.
    VersionMismatch(String),
    /// The reply is not a message.
    InvalidSoap(EnvelopeError),
    /// The ACS answered another message than the one it was sent.
    WrongId {
        /// ID of our request.
        sent: String,
        /// ID of the answer.
        received: String,
    },
    /// The answer to our request holds a header entry that must be understood and is not.
    NotUnderstood(String),
    /// A message that has no place there.
    UnexpectedMessage {
        /// The state of the session.
        state: &'static str,
        /// Name of the message.
        message: String,
    },
    /// A status that carries no message.
    HttpStatus(u16),
    /// The ACS holds our requests and sends none of its own.
    Held,
    /// The session was stepped with something it did not ask for: a defect of the caller.
    OutOfStep(&'static str),
}

impl Failure {
    /// A short name that stays the same, for logs and status.
    pub fn key(&self) -> &'static str {
        match self {
            Failure::InformRefused(_) => "inform-refused",
            Failure::AnswerRefused(_) => "answer-refused",
            Failure::NoInformResponse => "no-inform-response",
            Failure::TooManyRetryRequests => "too-many-retry-requests",
            Failure::VersionMismatch(_) => "version-mismatch",
            Failure::InvalidSoap(_) => "invalid-soap",
            Failure::WrongId { .. } => "wrong-id",
            Failure::NotUnderstood(_) => "not-understood",
            Failure::UnexpectedMessage { .. } => "unexpected-message",
            Failure::HttpStatus(_) => "http-status",
            Failure::Held => "held",
            Failure::OutOfStep(_) => "out-of-step",
        }
    }

    /// Whether an ACS that knows only an older version may fail like this: the next Inform may offer a lower one.
    pub fn suggests_older_version(&self) -> bool {
        matches!(
            self,
            Failure::InformRefused(_) | Failure::HttpStatus(400 | 500)
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::InformRefused(fault) => write!(f, "the acs refused the inform: {fault}"),
            Failure::AnswerRefused(fault) => write!(f, "the acs refused an answer: {fault}"),
            Failure::NoInformResponse => f.write_str("the acs answered the inform with nothing"),
            Failure::TooManyRetryRequests => {
                f.write_str("the acs asked for the same request too often (fault 8005)")
            }
            Failure::VersionMismatch(version) => {
                write!(
                    f,
                    "the acs chose cwmp version {version:?}, which was not offered"
                )
            }
            Failure::InvalidSoap(error) => write!(f, "the acs sent no valid message: {error}"),
            Failure::WrongId { sent, received } => {
                write!(
                    f,
                    "the acs answered message {received:?} instead of {sent:?}"
                )
            }
            Failure::NotUnderstood(header) => {
                write!(
                    f,
                    "the answer demands that its header {header:?} is understood"
                )
            }
            Failure::UnexpectedMessage { state, message } => {
                write!(f, "the acs sent {message:?} in state {state}")
            }
            Failure::HttpStatus(status) => write!(f, "the acs answered with http status {status}"),
            Failure::Held => f.write_str("the acs holds our requests and sends none of its own"),
            Failure::OutOfStep(state) => write!(f, "internal error: out of step in state {state}"),
        }
    }
}

impl std::error::Error for Failure {}
