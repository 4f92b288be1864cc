//! An ACS that behaves as GenieACS does: strict about its own rules, and with its first contact, in which it finds out
//! what the device has and sets what an operator would.

use std::collections::{BTreeMap, VecDeque};

use roxmltree::Document;

use super::daemon::{CR_PASSWORD, CR_USER};
use super::http::{Reply, Request};
use super::inspect::Message;
use super::rpc::{self, Rpc, envelope};

/// The namespaces that it knows.
const KNOWN: [&str; 4] = [
    "urn:dslforum-org:cwmp-1-0",
    "urn:dslforum-org:cwmp-1-1",
    "urn:dslforum-org:cwmp-1-2",
    "urn:dslforum-org:cwmp-1-3",
];

/// What it sets, as it writes a date: with milliseconds.
pub const INFORM_TIME: &str = "2026-11-22T12:00:00.000Z";

/// How deep it looks into the tree, in levels below the root.
const DEPTH: usize = 2;

/// The ACS.
#[derive(Default)]
pub struct Genie {
    /// Requests that find too many others under way: 503 and Retry-After: 60.
    pub busy: u32,
    /// The CPE's requests that it does not know, beside all but Inform, GetRPCMethods and TransferComplete.
    pub unknown: Vec<&'static str>,
    /// Replies after which it closes the connection, counted from 1.
    pub close_after: Vec<usize>,
    /// A device it has not met: what it knows of its parameters.
    pub parameters: BTreeMap<String, String>,
    /// What the device answered, by the method asked.
    pub answers: Vec<(String, Message)>,
    /// Every Inform that it answered.
    pub informs: Vec<Message>,
    /// Sessions that ended with 204.
    pub ended: usize,
    /// Why it answered 400, in order.
    pub refused: Vec<String>,
    session: Option<Session>,
    replies: usize,
    number: usize,
}

struct Session {
    cookie: String,
    namespace: String,
    /// The empty POST came: the word is the ACS's.
    asking: bool,
    owed: Option<(String, String)>,
    queue: VecDeque<Rpc>,
    /// What comes when the queue is empty.
    stage: usize,
    seen: Vec<String>,
    instance: String,
}

impl Genie {
    /// What it replies.
    pub fn reply(&mut self, request: &Request) -> Reply {
        if self.busy > 0 {
            self.busy -= 1;
            return Reply::status(503).header("Retry-after", "60").close();
        }
        self.replies += 1;
        let reply = self.answer(request).unwrap_or_else(|reason| {
            self.refused.push(reason.to_owned());
            Reply::status(400).body(reason).close()
        });
        if self.close_after.contains(&self.replies) {
            return reply.close();
        }
        reply
    }

    /// The half minute after which it forgets a session that does not go on.
    pub fn expire(&mut self) {
        self.session = None;
    }

    fn answer(&mut self, request: &Request) -> Result<Reply, &'static str> {
        if request.body.is_empty() {
            self.check_session(request)?;
            let session = self.session.as_mut().ok_or("Invalid session")?;
            if session.asking {
                return self.drop_session("Bad session state");
            }
            session.asking = true;
            return self.next();
        }
        if request.text().contains("<![CDATA[") {
            return Err("CDATA");
        }
        let message = Message::parse(&request.body);
        if message.method == "Inform" {
            return self.inform(request, message);
        }
        self.check_session(request)?;
        let asking = self.session.as_ref().is_some_and(|session| session.asking);
        let is_answer = message.method == "Fault" || message.method.ends_with("Response");
        match (asking, is_answer) {
            (true, true) => self.take_answer(message),
            (false, false) => Ok(self.take_request(&message)),
            _ => self.drop_session("Bad session state"),
        }
    }

    fn check_session(&mut self, request: &Request) -> Result<(), &'static str> {
        let cookie = self.session.as_ref().map(|session| session.cookie.clone());
        let sent = request.header("Cookie").unwrap_or_default();
        match cookie {
            Some(cookie) if sent.split("; ").any(|one| one == cookie) => Ok(()),
            _ => self.drop_session("Invalid session"),
        }
    }

    fn drop_session<T>(&mut self, why: &'static str) -> Result<T, &'static str> {
        self.session = None;
        Err(why)
    }

    fn inform(&mut self, request: &Request, inform: Message) -> Result<Reply, &'static str> {
        if !KNOWN.contains(&inform.namespace.as_str()) {
            return Err("Unrecognized CWMP version");
        }
        for name in ["OUI", "SerialNumber"] {
            if inform.text(name).is_none_or(|text| text.is_empty()) {
                return Err("Invalid device id");
            }
        }
        if inform.texts("ParameterValueStruct").len() != inform.texts("Value").len() {
            return Err("Missing Value");
        }
        match &self.session {
            Some(session) if request.header("Cookie") == Some(&session.cookie) => {
                return self.drop_session("Bad session state");
            }
            Some(_) => return Err("CPE already in session"),
            None => {}
        }
        let known = !self.parameters.is_empty();
        self.parameters.extend(inform.values());
        self.number += 1;
        let cookie = format!("session={:016x}", 0x5eed_0000 + self.number);
        let first = rpc::get_names("", true);
        self.session = Some(Session {
            cookie: cookie.clone(),
            namespace: inform.namespace.clone(),
            asking: false,
            owed: None,
            queue: (!known).then_some(first).into_iter().collect(),
            stage: if known { usize::MAX } else { 0 },
            seen: Vec::new(),
            instance: String::new(),
        });
        let body = "<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>";
        let reply = envelope(&inform.namespace, &inform.id, "", body);
        self.informs.push(inform);
        // No path, unless it is told one.
        Ok(Reply::xml(reply).header("Set-Cookie", cookie))
    }

    /// A request of the CPE's own.
    fn take_request(&self, message: &Message) -> Reply {
        let known = ["GetRPCMethods", "TransferComplete"];
        let method = message.method.as_str();
        let body = if known.contains(&method) && !self.unknown.contains(&method) {
            let list = "<MethodList soapenc:arrayType=\"xsd:string[3]\"><string>Inform</string>\
                <string>GetRPCMethods</string><string>TransferComplete</string></MethodList>";
            let list = if method == "GetRPCMethods" { list } else { "" };
            format!("<cwmp:{method}Response>{list}</cwmp:{method}Response>")
        } else {
            // Two colons are no name in XML.
            "<soap-env:Body:Fault><faultcode>Server</faultcode><faultstring>CWMP fault</faultstring><detail>\
             <cwmp:Fault><FaultCode>8000</FaultCode><FaultString>Method not supported</FaultString></cwmp:Fault>\
             </detail></soap-env:Body:Fault>"
                .to_owned()
        };
        Reply::xml(envelope(&message.namespace, &message.id, "", &body))
    }

    fn take_answer(&mut self, answer: Message) -> Result<Reply, &'static str> {
        let table = self.mapping();
        let session = self.session.as_mut().ok_or("Invalid session")?;
        let Some((id, method)) = session.owed.take() else {
            return self.drop_session("Bad session state");
        };
        if id != answer.id {
            return self.drop_session("Request ID not recognized");
        }
        if answer.method == "Fault" && !answer.xml.contains("<detail>") {
            return self.drop_session("Missing detail element");
        }
        if answer.method != "Fault" && answer.method != format!("{method}Response") {
            return self.drop_session("Unexpected response");
        }
        match method.as_str() {
            "GetParameterNames" => self.discovered(&answer),
            "GetParameterValues" => self.parameters.extend(answer.values()),
            "AddObject" => {
                let number = answer.text("InstanceNumber").ok_or("No InstanceNumber")?;
                session.instance = format!("{table}{number}.");
            }
            _ => {}
        }
        self.answers.push((method, answer));
        self.next()
    }

    /// Objects are looked into, one level at a time.
    fn discovered(&mut self, answer: &Message) {
        let names = answer.texts("Name");
        for name in names {
            let Some(session) = &mut self.session else {
                return;
            };
            let level = name.matches('.').count() - usize::from(name.ends_with('.'));
            if !name.ends_with('.') {
                self.parameters.entry(name).or_default();
            } else if level < DEPTH && !session.seen.contains(&name) {
                session.queue.push_back(rpc::get_names(&name, true));
                session.seen.push(name);
            }
        }
    }

    /// The table of port mappings.
    fn mapping(&self) -> &'static str {
        let gateway = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.PortMapping.";
        match self.root() {
            "Device." => "Device.NAT.PortMapping.",
            _ => gateway,
        }
    }

    fn root(&self) -> &'static str {
        let device = self
            .parameters
            .keys()
            .any(|name| name.starts_with("Device."));
        if device {
            "Device."
        } else {
            "InternetGatewayDevice."
        }
    }

    /// The next request, or the end.
    fn next(&mut self) -> Result<Reply, &'static str> {
        let empty = self.session.as_ref().is_some_and(|s| s.queue.is_empty());
        if empty {
            let more = self.script();
            if let Some(session) = &mut self.session {
                session.stage = session.stage.saturating_add(1);
                session.queue.extend(more);
            }
        }
        let session = self.session.as_mut().ok_or("Invalid session")?;
        let Some(rpc) = session.queue.pop_front() else {
            self.session = None;
            self.ended += 1;
            return Ok(Reply::status(204).header("Content-Length", "0").close());
        };
        let id = format!(
            "{:07x}{:04x}",
            0x1a20_2878 + self.number,
            self.answers.len() + 1
        );
        let xml = envelope(&session.namespace, &id, &rpc.header, &rpc.body);
        let document = Document::parse(
            &rpc.body
                .replace("cwmp:", "")
                .replace("xsi:", "")
                .replace("soapenc:", ""),
        )
        .map(|document| document.root_element().tag_name().name().to_owned());
        session.owed = Some((id, document.expect("a request")));
        Ok(Reply::xml(xml))
    }

    /// What comes once everything before it was answered.
    fn script(&self) -> Vec<Rpc> {
        let Some(session) = &self.session else {
            return Vec::new();
        };
        let server = format!("{}ManagementServer.", self.root());
        let of_server = |name: &str| format!("{server}{name}");
        match session.stage {
            0 => {
                let names: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
                names.chunks(64).map(rpc::get_values).collect()
            }
            1 => {
                let set = [
                    ("PeriodicInformEnable", "boolean", "true"),
                    ("PeriodicInformInterval", "unsignedInt", "300"),
                    ("PeriodicInformTime", "dateTime", INFORM_TIME),
                    ("ConnectionRequestUsername", "string", CR_USER),
                    ("ConnectionRequestPassword", "string", CR_PASSWORD),
                ]
                .map(|(name, ty, value)| (of_server(name), ty, value));
                let set: Vec<_> = set
                    .iter()
                    .map(|(name, ty, value)| (name.as_str(), *ty, *value))
                    .collect();
                let interval = of_server("PeriodicInformInterval");
                let mut watch =
                    rpc::set_notification(&[&interval, &of_server("PeriodicInformEnable")], 2);
                // What is not to be changed it leaves empty.
                watch.body = watch.body.replacen(
                    "<Notification>2</Notification>",
                    "<Notification></Notification>",
                    1,
                );
                watch.body =
                    watch
                        .body
                        .replacen("<NotificationChange>1<", "<NotificationChange>0<", 1);
                vec![
                    rpc::set_values(&set, ""),
                    watch,
                    rpc::get_attributes(&[&interval]),
                    rpc::add_object(self.mapping(), ""),
                ]
            }
            2 => {
                let (lease, protocol) = match self.root() {
                    "Device." => ("LeaseDuration", "Protocol"),
                    _ => ("PortMappingLeaseDuration", "PortMappingProtocol"),
                };
                let below = |name: &str| format!("{}{name}", session.instance);
                vec![
                    rpc::set_values(
                        &[
                            (&below(lease), "unsignedInt", "60"),
                            (&below(protocol), "string", "UDP"),
                            (&below("ExternalPort"), "unsignedInt", "5060"),
                        ],
                        "",
                    ),
                    rpc::get_values(&[&below(protocol), &of_server("PeriodicInformTime")]),
                    rpc::delete_object(&session.instance, ""),
                    rpc::get_names(self.mapping(), true),
                ]
            }
            _ => Vec::new(),
        }
    }
}
