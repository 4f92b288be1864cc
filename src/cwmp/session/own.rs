//! Our requests: the Inform, and those that follow it (TR-069 3.7.1.3).

use super::reply::Reply;
use super::{AcsRequest, Action, Failure, Session, State, Unanswered, unexpected};
use crate::cwmp::envelope::{Body, HeaderEntry, Message, arguments, message};
use crate::cwmp::methods;
use crate::cwmp::promise::Promise;
use crate::cwmp::report::Report;
use crate::cwmp::version::{Version, negotiate};
use crate::wire::payload::Payload;
use crate::wire::xml::Element;
use std::fmt;

/// How often the same request is sent again because the ACS asks for it (fault 8005), before it is given up.
const MAX_RESENDS: u32 = 5;

/// ACS fault code for a method that it does not know (TR-069 A.5.2).
const METHOD_NOT_SUPPORTED: u16 = 8000;

/// Least SessionTimeout (TR-069 3.5), in seconds.
const MIN_SESSION_TIMEOUT: u32 = 30;

/// A request of ours, kept for the case that the ACS wants it again.
pub(super) struct Sent {
    id: String,
    envelope: Payload,
    resends: u32,
}

impl Session {
    /// The Inform.
    pub(super) fn begin(&mut self) -> Action {
        let id = self.next_id();
        let versions = self.version.list();
        // TR-069 3.5
        let timeout = self.setup.session_timeout;
        let timeout = timeout.map(|seconds| seconds.max(MIN_SESSION_TIMEOUT).to_string());
        let mut headers = vec![HeaderEntry::id(&id)];
        let mut add = |name, value| {
            headers.push(HeaderEntry {
                name,
                must_understand: false,
                value,
            });
        };
        if let Some(timeout) = timeout.as_deref().filter(|_| self.version >= Version::V1_3) {
            add("SessionTimeout", timeout);
        }
        // TR-069 3.7.4
        if self.version >= Version::V1_4 {
            add("SupportedCWMPVersions", &versions);
        }
        let envelope = message(self.namespace(), &headers, |out| {
            self.setup.inform.encode(out)
        });
        let sent = Sent {
            id,
            envelope: envelope.clone(),
            resends: 0,
        };
        self.state = State::ExpectInformResponse(sent);
        Action::Post(envelope)
    }

    /// What came to the Inform.
    pub(super) fn inform_reply(&mut self, sent: Sent, reply: Reply) -> Result<Action, Failure> {
        let message = match reply {
            Reply::Message(message) => message,
            Reply::Empty => return Err(Failure::NoInformResponse),
            Reply::Failed(failure) => return Err(failure),
        };
        match &message.body {
            // TR-069 3.7.1.6
            Body::Fault(fault) if fault.is_retry_request() => match resend(sent) {
                Some(sent) => {
                    self.unanswered("Inform", fault);
                    let action = Action::Post(sent.envelope.clone());
                    self.state = State::ExpectInformResponse(sent);
                    Ok(action)
                }
                None => Err(Failure::TooManyRetryRequests),
            },
            Body::Fault(fault) => Err(Failure::InformRefused(fault.clone())),
            Body::Method(method) => {
                expect_response("ExpectInformResponse", "Inform", &sent, &message, method)?;
                let chosen = message.header.use_cwmp_version.as_deref();
                let version = negotiate(self.setup.version, chosen, message.namespace);
                self.version = version.map_err(|_| {
                    let chosen = chosen.unwrap_or_default();
                    Failure::VersionMismatch(chosen.chars().take(32).collect())
                })?;
                self.summary.version = self.version;
                self.held = message.header.hold_requests;
                Ok(self.commit(Promise::Informed))
            }
        }
    }

    /// TR-069 3.7.1.3: our requests first, then the empty POST that gives the word to the ACS.
    pub(super) fn next_request(&mut self) -> Action {
        if self.held {
            return self.post_empty();
        }
        if self.requests.is_empty() {
            return self.post_empty();
        }
        let mut request = self.requests.remove(0);
        if matches!(request, AcsRequest::Report { .. })
            && !self.version.has_method(request.method())
        {
            let reason = format!("cwmp {} has no such method", self.version);
            return self.refused(&request, &reason, Some(METHOD_NOT_SUPPORTED));
        }
        if let AcsRequest::Report {
            report: Report::TransferComplete(report),
            ..
        } = &mut request
        {
            report.put_in(self.version);
        }
        let id = self.next_id();
        let envelope = message(self.namespace(), &[HeaderEntry::id(&id)], |out| {
            let tag = format!("cwmp:{}", request.method());
            out.open(&tag);
            if let AcsRequest::Report { report, .. } = &request {
                arguments(out, report.arguments().data());
            }
            out.close(&tag);
        });
        let sent = Sent {
            id,
            envelope: envelope.clone(),
            resends: 0,
        };
        self.state = State::ExpectResponse(request, sent);
        Action::Post(envelope)
    }

    /// Gives the word to the ACS.
    pub(super) fn post_empty(&mut self) -> Action {
        self.state = State::ExpectAcsRequest;
        Action::Post(Payload::default())
    }

    /// What came to another request of ours.
    pub(super) fn own_reply(
        &mut self,
        request: AcsRequest,
        sent: Sent,
        reply: Reply,
    ) -> Result<Action, Failure> {
        let state = "ExpectResponse";
        let message = match reply {
            Reply::Message(message) => message,
            Reply::Failed(failure @ Failure::HttpStatus(_)) => return Err(failure),
            // Real ACSes answer optional requests with what is no message: it is as if they had not answered.
            Reply::Empty => return Ok(self.refused(&request, &"nothing came", None)),
            Reply::Failed(failure) => return Ok(self.refused(&request, &failure, None)),
        };
        self.held = message.header.hold_requests;
        match &message.body {
            // TR-069 3.7.1.4: a fault to anything but the Inform does not end the session.
            Body::Fault(fault) => {
                if fault.is_retry_request()
                    && let Some(sent) = resend(sent)
                {
                    self.unanswered(request.method(), fault);
                    let action = Action::Post(sent.envelope.clone());
                    self.state = State::ExpectResponse(request, sent);
                    return Ok(action);
                }
                Ok(self.refused(&request, fault, fault.code))
            }
            Body::Method(method) => {
                match expect_response(state, request.method(), &sent, &message, method) {
                    Ok(()) => match request {
                        AcsRequest::GetRpcMethods => {
                            let methods = methods::decode_get_rpc_methods_response(method);
                            self.summary.acs_methods = Some(methods);
                            Ok(self.next_request())
                        }
                        AcsRequest::Report { id, .. } => Ok(self.commit(Promise::Reported { id })),
                    },
                    Err(failure @ Failure::UnexpectedMessage { .. }) => Err(failure),
                    Err(failure) => Ok(self.refused(&request, &failure, None)),
                }
            }
        }
    }

    /// The ACS has not answered as it should: the session goes on, with the other requests.
    fn refused(
        &mut self,
        request: &AcsRequest,
        reason: &dyn fmt::Display,
        code: Option<u16>,
    ) -> Action {
        self.unanswered(request.method(), reason);
        match *request {
            AcsRequest::GetRpcMethods => self.next_request(),
            AcsRequest::Report { id, .. } => self.commit(Promise::ReportRefused { id, code }),
        }
    }

    /// What the answer to a request of ours has made so; the next request follows.
    fn commit(&mut self, promise: Promise) -> Action {
        self.state = State::CommittingOwn;
        Action::Commit(promise)
    }

    fn unanswered(&mut self, method: &'static str, reason: &dyn fmt::Display) {
        let reason = reason.to_string();
        self.unanswered = Some(Unanswered { method, reason });
    }
}

/// The same request once more, unless that was done often enough.
fn resend(mut sent: Sent) -> Option<Sent> {
    sent.resends += 1;
    (sent.resends <= MAX_RESENDS).then_some(sent)
}

/// Whether a message is the response to `sent`.
fn expect_response(
    state: &'static str,
    request: &str,
    sent: &Sent,
    message: &Message,
    method: &Element,
) -> Result<(), Failure> {
    if method.name.strip_suffix("Response") != Some(request) {
        return Err(unexpected(state, &method.name));
    }
    if let Some(header) = message.header.not_understood.first() {
        return Err(Failure::NotUnderstood(header.clone()));
    }
    // An ACS that leaves the ID out, or pads it, is believed to mean the only message there is.
    match message.header.id.as_deref().map(str::trim) {
        Some(id) if id != sent.id => Err(Failure::WrongId {
            sent: sent.id.clone(),
            received: id.chars().take(64).collect(),
        }),
        _ => Ok(()),
    }
}
