//! One session with the ACS (TR-069 3.7.1): a machine that is fed replies and says what to do next.
//!
//! ```text
//! Start → ExpectInformResponse → Committing → ExpectResponse (for each request of ours) → ExpectAcsRequest → Ended
//!
//! for each request of the ACS: ExpectAcsRequest → Preparing → Committing → ExpectAcsRequest
//! ```

mod incoming;
mod outcome;
mod own;
mod reply;
mod steps;
#[cfg(test)]
mod tests;

pub use outcome::{Failure, Outcome, Summary, Unanswered};
pub use steps::{AcsRequest, Action, Input, Kept, Setup};

use super::version::{Namespace, Version};
use crate::datamodel::{DataModel, Fault};
use incoming::Incoming;
use own::Sent;
use reply::Reply;

/// A session.
pub struct Session {
    setup: Setup,
    state: State,
    version: Version,
    /// IDs given out.
    last_id: u64,
    /// Requests to the ACS that were not sent yet.
    requests: Vec<AcsRequest>,
    /// HoldRequests of the last envelope from the ACS.
    held: bool,
    /// Empty answers in a row while held.
    empty_while_held: u32,
    summary: Summary,
    rpc: Option<String>,
    fault: Option<Fault>,
    unanswered: Option<Unanswered>,
}

enum State {
    Start,
    ExpectInformResponse(Sent),
    ExpectResponse(AcsRequest, Sent),
    ExpectAcsRequest,
    Preparing(Incoming),
    CommittingOwn,
    Committing(Incoming),
    Ended,
}

impl Session {
    /// A session that is yet to begin.
    pub fn new(mut setup: Setup) -> Self {
        Session {
            state: State::Start,
            version: setup.version,
            last_id: 0,
            requests: std::mem::take(&mut setup.requests),
            held: false,
            empty_while_held: 0,
            summary: Summary::default(),
            rpc: None,
            fault: None,
            unanswered: None,
            setup,
        }
    }

    /// Goes on with what came of the last action.
    pub fn step(&mut self, input: Input<'_>, model: &mut dyn DataModel, kept: &dyn Kept) -> Action {
        let name = self.state();
        let state = std::mem::replace(&mut self.state, State::Ended);
        let action = match (state, input) {
            (State::Start, Input::Begin) => Ok(self.begin()),
            (State::ExpectInformResponse(sent), Input::Reply { status, body }) => {
                self.inform_reply(sent, Reply::read(status, body))
            }
            (State::CommittingOwn, Input::Committed(_)) => {
                // If that could not be kept, the worst is that events and reports are delivered twice.
                Ok(self.next_request())
            }
            (State::ExpectResponse(request, sent), Input::Reply { status, body }) => {
                self.own_reply(request, sent, Reply::read(status, body))
            }
            (State::ExpectAcsRequest, Input::Reply { status, body }) => {
                self.acs_reply(Reply::read(status, body), model, kept)
            }
            (State::Preparing(incoming), Input::Prepared(result)) => {
                Ok(self.prepared(incoming, result, model, kept))
            }
            (State::Committing(incoming), Input::Committed(result)) => {
                Ok(self.committed(incoming, result, model, kept))
            }
            _ => Err(Failure::OutOfStep(name)),
        };
        action.unwrap_or_else(|failure| {
            self.state = State::Ended;
            Action::End(Err(failure))
        })
    }

    /// The state's name.
    pub fn state(&self) -> &'static str {
        match self.state {
            State::Start => "Start",
            State::ExpectInformResponse(_) => "ExpectInformResponse",
            State::ExpectResponse(..) => "ExpectResponse",
            State::ExpectAcsRequest => "ExpectAcsRequest",
            State::Preparing(_) => "Preparing",
            State::CommittingOwn | State::Committing(_) => "Committing",
            State::Ended => "Ended",
        }
    }

    /// The version that is spoken: the offered one until InformResponse has come.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The last method that the ACS called.
    pub fn rpc(&self) -> Option<&str> {
        self.rpc.as_deref()
    }

    /// The fault with which that was answered.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// What the last reply left unanswered, once.
    pub fn take_unanswered(&mut self) -> Option<Unanswered> {
        self.unanswered.take()
    }

    fn namespace(&self) -> Namespace {
        self.version.namespace()
    }

    fn next_id(&mut self) -> String {
        self.last_id += 1;
        // At most 32 characters (TR-069 3.5).
        format!("{:016x}{:x}", self.setup.ids, self.last_id)
    }
}

fn unexpected(state: &'static str, message: &str) -> Failure {
    Failure::UnexpectedMessage {
        state,
        message: message.chars().take(64).collect(),
    }
}
