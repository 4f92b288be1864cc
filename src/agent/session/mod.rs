//! One session as it runs: the protocol machine of `cwmp`, the HTTP dialogue of `wire::http`, the connection of `net`,
//! and nothing decided here that they can decide.
//!
//! [`open`] gets as far as the first POST, this file steps the machine and keeps its promises, [`exchange`] sends and
//! receives, [`end`] closes the books.

mod end;
mod exchange;
mod open;

use std::time::{Duration, Instant};

use super::Agent;
use super::clock::Now;
use super::work::Op;
use crate::cwmp::event::Confirmation;
use crate::cwmp::{Action, Input, Promise, Session};
use crate::datamodel::{Applied, Fault, Progress, Touch};
use crate::say::{info, warn};
use crate::wire::data::Sorted;
use crate::wire::http::Dialogue;
use crate::wire::payload::Payload;
pub(super) use end::{Ended, STOP_LIMIT};

/// The longest a session may take (SE-18): an ACS that sends one request every 29 s would hold the device for ever.
const SESSION_LIMIT: Duration = Duration::from_secs(15 * 60);
/// Characters of a fault's text in a log line: the names in it are the ACS's, and as long as it likes.
const MAX_REASON: usize = 200;

/// The session under way.
pub(super) struct Running {
    pub(super) started: Now,
    /// The configured URL: what `0 BOOTSTRAP` is about, whatever redirects follow.
    url: String,
    /// `None` until the Inform's values are in memory.
    talk: Option<Talk>,
    /// The connection stands, and the Inform's values are asked for.
    gathering: bool,
    /// The values this Inform reports as changed.
    reported: Vec<(String, String)>,
    /// It is a heartbeat's: the events of the queue are no business of it.
    pub(super) heartbeat: bool,
    /// The Inform carried `0 BOOTSTRAP`.
    bootstrap: bool,
    /// The ACS has taken the Inform.
    informed: bool,
    /// Watched values that differed already before the request under way: not the ACS's doing.
    changed_before: Sorted<String>,
}

struct Talk {
    session: Session,
    dialogue: Dialogue,
    /// The body to post next, as it travels, and its `Content-Encoding`.
    outgoing: Payload,
    encoding: Option<&'static str>,
}

impl Running {
    /// When the session must be over.
    pub(super) fn deadline(&self) -> Instant {
        self.started.instant + SESSION_LIMIT
    }

    /// The Inform is made: what comes now has to wait for the next session.
    pub(super) fn has_informed(&self) -> bool {
        self.talk.is_some() || self.heartbeat
    }

    /// The session's state, for `status`.
    pub(super) fn state(&self) -> &'static str {
        match &self.talk {
            Some(talk) => talk.session.state(),
            None if self.gathering => "Preparing",
            None => "Connecting",
        }
    }
}

impl Agent {
    /// The backend has prepared what the session asked for.
    pub(super) fn session_prepared(&mut self, touch: &Touch, result: Result<(), Fault>, now: Now) {
        // Before the transaction opens: inside it the model shows what is staged. A request that only reads opens none.
        if matches!(touch, Touch::Write(_) | Touch::Add(_) | Touch::Delete(_)) {
            let before = self.changed_before(touch);
            if let Some(running) = &mut self.session {
                running.changed_before = before;
            }
        }
        self.step(Input::Prepared(result), now);
    }

    /// A promise is kept, or not.
    pub(super) fn session_committed(&mut self, result: Result<Applied, Fault>, now: Now) {
        self.step(Input::Committed(result), now);
    }

    /// Lets the protocol machine go on and carries out what it asks for.
    fn step(&mut self, mut input: Input<'_>, now: Now) {
        loop {
            let Some(talk) = talk(&mut self.session) else {
                return;
            };
            let kept = &self.store.state;
            let action = talk.session.step(input, &mut self.model, kept);
            if let Some(unanswered) = talk.session.take_unanswered() {
                warn!(
                    "request not answered: rpc={} reason={:?}",
                    unanswered.method, unanswered.reason
                );
            }
            match action {
                // A promise that is kept at once goes round here; everything else waits for the loop.
                Action::Commit(promise) => match self.keep(promise, now) {
                    Some(result) => input = Input::Committed(result),
                    None => return,
                },
                Action::Post(body) => return self.post(body, now),
                Action::Prepare(touch) => return self.submit(Op::Session(touch), now),
                Action::End(outcome) => {
                    return self.end_session(outcome.map_err(Ended::Protocol), now);
                }
            }
        }
    }

    fn post(&mut self, body: Payload, now: Now) {
        self.trace.sent(now.unix, &body);
        self.log_answer(&body);
        let (encoding, outgoing) = self.compression.encode(body);
        if let Some(talk) = talk(&mut self.session) {
            (talk.encoding, talk.outgoing) = (encoding, outgoing);
        }
        self.to_send = true;
    }

    /// One line for each request of the ACS.
    fn log_answer(&mut self, body: &Payload) {
        let Some(talk) = talk(&mut self.session) else {
            return;
        };
        if body.is_empty() || talk.session.state() != "ExpectAcsRequest" {
            return;
        }
        let rpc = talk.session.rpc().unwrap_or_default().escape_debug();
        match talk.session.fault() {
            Some(fault) => info!(
                "request refused: rpc={rpc} fault={} reason={:?}",
                fault.code.0,
                fault.text.chars().take(MAX_REASON).collect::<String>()
            ),
            None => info!("request answered: rpc={rpc}"),
        }
    }

    /// Makes a promise true and durable; `None`: the backend is still at it.
    fn keep(&mut self, promise: Promise, now: Now) -> Option<Result<Applied, Fault>> {
        match promise {
            Promise::Informed => {
                self.informed(now);
                Some(Ok(Applied::default()))
            }
            Promise::Values { .. } => match self.commit(now) {
                Ok(Progress::Ready(applied)) => Some(self.keep_values(&promise, applied, now)),
                Ok(Progress::Pending) => {
                    self.wait_for(Op::SessionCommit(promise));
                    None
                }
                Err(fault) => Some(Err(fault)),
            },
            Promise::Reported { id } => {
                self.reported(id, now);
                Some(Ok(Applied::default()))
            }
            Promise::ReportRefused { id, code } => {
                self.report_refused(id, code, now);
                Some(Ok(Applied::default()))
            }
            other => Some(self.keep_order(other, now)),
        }
    }

    /// The ACS has taken the Inform (RT-09): its events are delivered, its values known.
    fn informed(&mut self, now: Now) {
        let Some(running) = &mut self.session else {
            return;
        };
        running.informed = true;
        let url = running.url.clone();
        if running.bootstrap {
            self.store.state.bootstrapped_url.clone_from(&url);
        }
        let told = std::mem::take(&mut running.reported);
        let heartbeat = running.heartbeat;
        self.acs_knows(told);
        self.acs_answered(&url);
        if !heartbeat {
            self.queue.delivered_by(Confirmation::InformResponse);
        }
        self.save(now);
    }

    /// The session's transaction is done: the ACS knows what it changed, once the backend shows it (NO-04).
    pub(super) fn acs_knows_its_changes(&mut self, now: Now) {
        let before = match &mut self.session {
            Some(running) => std::mem::take(&mut running.changed_before),
            None => Sorted::default(),
        };
        self.want_survey_after_session(now);
        self.submit(Op::Adopt(before), now);
    }
}

/// What talks to the ACS, once the Inform is made. Takes the field alone: the rest of the agent stays free.
fn talk(session: &mut Option<Running>) -> Option<&mut Talk> {
    session.as_mut()?.talk.as_mut()
}
