//! The lab ACS without its sockets: devices, their sessions (by cookie), the steps they are still to be asked, and
//! what has happened.

pub mod auth;
pub mod rpc;
mod said;

use std::collections::{BTreeMap, VecDeque};

use crate::cwmp::envelope::{Body, Message, decode};
use crate::cwmp::version::{Namespace, Version};
use crate::lab::script::{Script, Setting, Step};
use crate::wire::http::request::Head;
use crate::wire::http::{Credentials, Random, decode_body, headers_named, hex};
use crate::wire::xml::Element;

pub use said::Said;

/// Largest body taken from a device: several whole-tree answers.
pub const MAX_BODY: usize = 32 * 1024 * 1024;
/// Devices remembered. A lab has few; a peer that makes them up must not fill the memory.
const MAX_DEVICES: usize = 10_000;
/// 128 bits cannot be guessed.
const COOKIE_BYTES: usize = 16;

/// What the ACS has seen or done.
#[derive(Debug)]
pub enum Event {
    /// A session was opened.
    Inform {
        /// OUI and serial number.
        device: String,
        /// Event codes.
        events: Vec<String>,
        /// RetryCount
        retry_count: String,
        /// Its parameters.
        said: Said,
    },
    /// The device was asked.
    Asked {
        /// Who.
        device: String,
        /// What.
        step: Step,
    },
    /// It answered, or asked something itself.
    Said {
        /// Who.
        device: String,
        /// What.
        said: Said,
    },
    /// The session ended as it should.
    Ended {
        /// Whose.
        device: String,
        /// A connection request is to follow.
        wake: bool,
    },
    /// A request was refused.
    Refused {
        /// HTTP status.
        status: u16,
        /// Why.
        reason: String,
    },
}

/// An answer to a POST.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers beside the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// An envelope or nothing.
    pub body: Vec<u8>,
    /// The connection ends with it.
    pub close: bool,
}

impl Answer {
    fn envelope(body: Vec<u8>) -> Answer {
        Answer {
            status: 200,
            headers: vec![("Content-Type", "text/xml; charset=\"utf-8\"".into())],
            body,
            close: false,
        }
    }

    /// An answer without a body.
    pub fn empty(status: u16, close: bool) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            close,
        }
    }
}

/// The ACS.
pub struct Acs {
    script: Script,
    devices: BTreeMap<String, Device>,
    /// By cookie.
    sessions: BTreeMap<String, Session>,
    events: VecDeque<Event>,
    ids: u64,
}

struct Device {
    steps: VecDeque<Step>,
    connection_request_url: Option<String>,
    credentials: Option<Credentials>,
}

struct Session {
    device: String,
    namespace: Namespace,
    /// What the device was asked last.
    asked: Option<Step>,
}

impl Acs {
    /// An ACS that plays this script.
    pub fn new(script: Script) -> Acs {
        Acs {
            script,
            devices: BTreeMap::new(),
            sessions: BTreeMap::new(),
            events: VecDeque::new(),
            ids: 0,
        }
    }

    /// What the devices must log in with.
    pub fn credentials(&self) -> Option<Credentials> {
        self.script.credentials()
    }

    /// The oldest event that was not taken yet.
    pub fn event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Notes that a request was refused.
    pub fn refused(&mut self, status: u16, reason: impl Into<String>) {
        self.events.push_back(Event::Refused {
            status,
            reason: reason.into(),
        });
    }

    /// Has a known device do something more, behind what it is still to be asked.
    pub fn queue(&mut self, device: &str, step: Step) {
        if let Some(device) = self.devices.get_mut(device) {
            device.steps.push_back(step);
        }
    }

    /// Where and as whom a device is sent connection requests.
    pub fn connection_request(&self, device: &str) -> Option<(&str, Option<&Credentials>)> {
        let device = self.devices.get(device)?;
        Some((
            device.connection_request_url.as_deref()?,
            device.credentials.as_ref(),
        ))
    }

    /// Answers a POST of a device that has logged in.
    pub fn post(&mut self, head: &Head, body: Vec<u8>, random: Random) -> Answer {
        if head.method != "POST" {
            return self.refuse(405, format!("{} instead of POST", head.method));
        }
        let encoding = head.header("Content-Encoding").map(String::from_utf8_lossy);
        let body = match decode_body(encoding.as_deref(), body, MAX_BODY) {
            Ok(body) => body,
            Err(error) => return self.refuse(415, error.to_string()),
        };
        if body.is_empty() {
            return match cookie(head) {
                Some(cookie) => self.next(cookie),
                None => self.refuse(400, "an empty POST without the cookie of a session".into()),
            };
        }
        match decode(&body) {
            Err(error) => self.refuse(400, error.to_string()),
            Ok(message) => self.message(head, message, random),
        }
    }

    fn message(&mut self, head: &Head, message: Message, random: Random) -> Answer {
        let namespace = message.namespace.unwrap_or(Version::V1_2.namespace());
        let id = message.header.id.unwrap_or_default();
        if let Body::Method(inform) = &message.body
            && inform.name == "Inform"
        {
            let offered = message.header.supported_cwmp_versions.as_deref();
            let answer = rpc::inform_response(offered, namespace, &id);
            return self.inform(inform, namespace, answer, random);
        }
        let cookie = cookie(head).unwrap_or_default();
        let Some(session) = self.sessions.get_mut(cookie) else {
            return self.refuse(400, "no session with this cookie".into());
        };
        let said = Said::read(&message.body);
        let device = session.device.clone();
        let asked = session.asked.take();
        if let Body::Method(method) = &message.body
            && !method.name.ends_with("Response")
        {
            let known = rpc::is_known(&method.name);
            self.events.push_back(Event::Said { device, said });
            return Answer::envelope(match known {
                true => rpc::response(method, namespace, &id),
                false => rpc::fault(8000, "Method not supported", namespace, &id),
            });
        }
        if said.fault.is_none()
            && let Some(Step::SetParameterValues { values, .. }) = &asked
        {
            self.learn(&device, values);
        }
        self.events.push_back(Event::Said { device, said });
        self.next(cookie)
    }

    fn inform(
        &mut self,
        inform: &Element,
        namespace: Namespace,
        answer: Vec<u8>,
        random: Random,
    ) -> Answer {
        let text = |name| {
            inform
                .child("DeviceId")
                .and_then(|id| id.child_text(name))
                .unwrap_or_default()
                .trim()
        };
        let (oui, serial) = (text("OUI"), text("SerialNumber"));
        if serial.is_empty() {
            return self.refuse(400, "an Inform without SerialNumber".into());
        }
        let device = format!("{oui}-{serial}");
        if self.devices.len() >= MAX_DEVICES && !self.devices.contains_key(&device) {
            return self.refuse(503, "too many devices".into());
        }
        let said = Said::read(&Body::Method(inform.clone()));
        let entry = self
            .devices
            .entry(device.clone())
            .or_insert_with(|| Device {
                steps: self.script.steps(&device).iter().cloned().collect(),
                connection_request_url: None,
                credentials: self.script.connection_request(),
            });
        if let Some(url) = said.value(".ManagementServer.ConnectionRequestURL") {
            entry.connection_request_url = Some(url.to_owned());
        }
        let structs = inform
            .child("Event")
            .map(|e| e.children.as_slice())
            .unwrap_or_default();
        let codes = structs
            .iter()
            .filter_map(|event| event.child_text("EventCode"));
        self.events.push_back(Event::Inform {
            device: device.clone(),
            events: codes.map(|code| code.trim().to_owned()).collect(),
            retry_count: inform
                .child_text("RetryCount")
                .unwrap_or("?")
                .trim()
                .to_owned(),
            said,
        });
        // One session a device: what went before has failed.
        self.sessions.retain(|_, session| session.device != device);
        let mut bytes = [0; COOKIE_BYTES];
        random(&mut bytes);
        let cookie = hex(bytes);
        let mut answer = Answer::envelope(answer);
        answer
            .headers
            .push(("Set-Cookie", format!("session={cookie}")));
        self.sessions.insert(
            cookie,
            Session {
                device,
                namespace,
                asked: None,
            },
        );
        answer
    }

    /// Asks the next thing, or ends the session.
    fn next(&mut self, cookie: &str) -> Answer {
        let Some(session) = self.sessions.get_mut(cookie) else {
            return self.refuse(400, "no session with this cookie".into());
        };
        let device = session.device.clone();
        let step = self
            .devices
            .get_mut(&device)
            .and_then(|device| device.steps.pop_front());
        self.ids += 1;
        match step
            .as_ref()
            .and_then(|step| rpc::request(step, session.namespace, &self.ids.to_string()))
        {
            Some(envelope) => {
                session.asked = step.clone();
                self.events
                    .extend(step.map(|step| Event::Asked { device, step }));
                Answer::envelope(envelope)
            }
            None => {
                self.sessions.remove(cookie);
                self.events.push_back(Event::Ended {
                    device,
                    wake: step.is_some(),
                });
                Answer::empty(204, true)
            }
        }
    }

    /// Credentials for connection requests that the ACS itself has set.
    fn learn(&mut self, device: &str, values: &[Setting]) {
        let Some(device) = self.devices.get_mut(device) else {
            return;
        };
        for setting in values {
            let credentials = device.credentials.get_or_insert_with(|| Credentials {
                username: String::new(),
                password: String::new(),
            });
            if setting
                .name
                .ends_with(".ManagementServer.ConnectionRequestUsername")
            {
                credentials.username = setting.text();
            } else if setting
                .name
                .ends_with(".ManagementServer.ConnectionRequestPassword")
            {
                credentials.password = setting.text();
            }
        }
    }

    fn refuse(&mut self, status: u16, reason: String) -> Answer {
        self.refused(status, reason);
        Answer::empty(status, true)
    }
}

fn cookie(head: &Head) -> Option<&str> {
    headers_named(&head.headers, "Cookie")
        .filter_map(|value| std::str::from_utf8(value).ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("session="))
}

#[cfg(test)]
mod tests;
