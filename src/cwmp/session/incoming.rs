//! Requests of the ACS: read, prepared, run, committed, answered.

use super::reply::Reply;
use super::{Action, Failure, Kept, Session, State, unexpected};
use crate::cwmp::envelope::{Body, HeaderEntry, close_envelope, message, open_envelope};
use crate::cwmp::fault::{Refusal, encode_must_understand};
use crate::cwmp::methods::{self, Facts, Method};
use crate::datamodel::{Applied, Code, DataModel, Fault};
use crate::wire::payload::Payload;
use crate::wire::xml::{Element, TooLarge, Writer};

/// How many empty answers in a row are met with an empty POST while HoldRequests is on.
const MAX_EMPTY_WHILE_HELD: u32 = 3;

/// Largest answer, in bytes: half as much again as the attributes of 50,000 parameters take, the longest there are.
/// What a device has no memory for is refused before (GV-08).
const MAX_ANSWER: usize = 16 << 20;

/// A request of the ACS that is being carried out.
pub(super) struct Incoming {
    id: Option<String>,
    name: String,
    method: Box<dyn Method>,
}

impl Session {
    /// What came to the empty POST or to an answer of ours.
    pub(super) fn acs_reply(
        &mut self,
        reply: Reply,
        model: &mut dyn DataModel,
        kept: &dyn Kept,
    ) -> Result<Action, Failure> {
        let message = match reply {
            Reply::Message(message) => message,
            Reply::Empty => return self.acs_has_no_request(),
            Reply::Failed(failure) => return Err(failure),
        };
        self.held = message.header.hold_requests;
        self.empty_while_held = 0;
        match message.body {
            // TR-069 3.5: only a request is answered, not even with a fault.
            Body::Fault(fault) => Err(Failure::AnswerRefused(fault)),
            Body::Method(method) if method.name.ends_with("Response") => {
                Err(unexpected("ExpectAcsRequest", &method.name))
            }
            Body::Method(method) => {
                let id = message.header.id;
                Ok(self.acs_request(id, &message.header.not_understood, &method, model, kept))
            }
        }
    }

    /// TR-069 3.7.1.4: an empty answer ends the session when nothing is owed by either side.
    fn acs_has_no_request(&mut self) -> Result<Action, Failure> {
        if self.held {
            self.empty_while_held += 1;
            if self.empty_while_held <= MAX_EMPTY_WHILE_HELD {
                return Ok(self.post_empty());
            }
            if !self.requests.is_empty() {
                return Err(Failure::Held);
            }
        }
        if !self.requests.is_empty() {
            return Ok(self.next_request());
        }
        self.state = State::Ended;
        Ok(Action::End(Ok(std::mem::take(&mut self.summary))))
    }

    fn acs_request(
        &mut self,
        id: Option<String>,
        not_understood: &[String],
        method: &Element,
        model: &mut dyn DataModel,
        kept: &dyn Kept,
    ) -> Action {
        self.rpc = Some(method.name.chars().take(64).collect());
        self.fault = None;
        // SOAP 1.1 4.2.3: then the method is not run.
        if let Some(header) = not_understood.first() {
            let envelope = message(self.namespace(), &id_header(id.as_deref()), |out| {
                encode_must_understand(out, header);
            });
            return self.post_answer(envelope);
        }
        let incoming = match methods::decode(method, self.version) {
            Ok(decoded) => Incoming {
                id,
                name: method.name.clone(),
                method: decoded,
            },
            Err(fault) => return self.refuse(id.as_deref(), &fault.into()),
        };
        match incoming.method.touch(model) {
            Some(touch) => {
                self.state = State::Preparing(incoming);
                Action::Prepare(touch)
            }
            None => self.prepared(incoming, Ok(()), model, kept),
        }
    }

    /// What the request touches is at hand, or cannot be had.
    pub(super) fn prepared(
        &mut self,
        incoming: Incoming,
        result: Result<(), Fault>,
        model: &mut dyn DataModel,
        kept: &dyn Kept,
    ) -> Action {
        let run = match result {
            Ok(()) => incoming.method.run(model),
            Err(fault) => Err(incoming.method.refused(fault)),
        };
        match run {
            Ok(Some(promise)) => {
                self.state = State::Committing(incoming);
                Action::Commit(promise)
            }
            Ok(None) => self.answer(&incoming, &Applied::default(), model, kept),
            Err(refusal) => self.refuse(incoming.id.as_deref(), &refusal),
        }
    }

    /// What the request promised is true, or could not be made so.
    pub(super) fn committed(
        &mut self,
        incoming: Incoming,
        result: Result<Applied, Fault>,
        model: &mut dyn DataModel,
        kept: &dyn Kept,
    ) -> Action {
        match result {
            Ok(applied) => self.answer(&incoming, &applied, model, kept),
            Err(fault) => {
                let refusal = incoming.method.refused(fault);
                self.refuse(incoming.id.as_deref(), &refusal)
            }
        }
    }

    fn answer(
        &mut self,
        incoming: &Incoming,
        applied: &Applied,
        model: &dyn DataModel,
        kept: &dyn Kept,
    ) -> Action {
        let id = incoming.id.as_deref();
        let facts = Facts {
            model,
            kept,
            applied,
            version: self.version,
        };
        let mut out = Writer::limited(MAX_ANSWER);
        let tag = format!("cwmp:{}Response", incoming.name);
        open_envelope(&mut out, self.namespace(), &id_header(id));
        out.open(&tag);
        let answer = incoming.method.answer(&facts, &mut out);
        out.close(&tag);
        close_envelope(&mut out);
        match answer.and_then(|()| out.finish().map_err(|TooLarge| too_large())) {
            Ok(envelope) => self.post_answer(envelope),
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    fn refuse(&mut self, id: Option<&str>, refusal: &Refusal) -> Action {
        self.fault = Some(refusal.fault.clone());
        let envelope = message(self.namespace(), &id_header(id), |out| refusal.encode(out));
        self.post_answer(envelope)
    }

    fn post_answer(&mut self, envelope: Payload) -> Action {
        self.summary.requests = self.summary.requests.saturating_add(1);
        self.state = State::ExpectAcsRequest;
        Action::Post(envelope)
    }
}

/// Never an envelope that is cut short (GV-08).
fn too_large() -> Refusal {
    let text = "the answer would be too large; ask for less at a time";
    Fault::new(Code::RESOURCES_EXCEEDED, text).into()
}

/// TR-069 3.5: the ID of a request is returned as it came, none if there was none.
fn id_header(id: Option<&str>) -> Vec<HeaderEntry<'_>> {
    id.map(HeaderEntry::id).into_iter().collect()
}
