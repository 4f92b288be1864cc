//! What goes into a session and what comes out of it.

use super::outcome::Outcome;
use crate::cwmp::inform::Inform;
use crate::cwmp::promise::Promise;
use crate::cwmp::report::Report;
use crate::cwmp::transfer::QueuedTransfer;
use crate::cwmp::version::Version;
use crate::datamodel::attributes::Attributes;
use crate::datamodel::{Applied, Fault, Touch};
use crate::wire::payload::Payload;

/// What a session starts with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The highest version that is offered; it gives the Inform its namespace.
    pub version: Version,
    /// The Inform.
    pub inform: Inform,
    /// SessionTimeout to ask for, in seconds.
    pub session_timeout: Option<u32>,
    /// Makes the IDs of this session's messages differ from those of others.
    pub ids: u64,
    /// What to ask of the ACS once it has answered the Inform.
    pub requests: Vec<AcsRequest>,
}

/// A request to the ACS, beside the Inform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcsRequest {
    /// What the ACS serves. Optional: the session does not depend on the answer.
    GetRpcMethods,
    /// What it is to know. [`Promise::Reported`] or [`Promise::ReportRefused`] says what it answers.
    Report {
        /// The caller's name for it.
        id: u64,
        /// What.
        report: Report,
    },
}

impl AcsRequest {
    /// The method's name.
    pub(super) fn method(&self) -> &'static str {
        match self {
            AcsRequest::GetRpcMethods => "GetRPCMethods",
            AcsRequest::Report { report, .. } => report.method(),
        }
    }
}

/// What the device keeps beside its data model, and answers tell. It is as true as the last promise: what was promised
/// shows at once.
pub trait Kept {
    /// What the ACS set.
    fn attributes(&self) -> &Attributes;

    /// The transfers that are not done with, in order.
    fn queued(&self) -> Vec<QueuedTransfer>;
}

/// What a session is fed.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The first one.
    Begin,
    /// The reply to what was posted.
    Reply {
        /// HTTP status.
        status: u16,
        /// Body, decoded from its transfer and content encodings.
        body: &'a [u8],
    },
    /// What came of [`Action::Prepare`].
    Prepared(Result<(), Fault>),
    /// What came of [`Action::Commit`].
    Committed(Result<Applied, Fault>),
}

/// What a session wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// POST this envelope, or an empty body.
    Post(Payload),
    /// Have the model fetch this, then step with [`Input::Prepared`].
    Prepare(Touch),
    /// Make this true and durable, then step with [`Input::Committed`]. The answer to the ACS leaves only after that.
    Commit(Promise),
    /// The session is over.
    End(Outcome),
}
