//! How the scripted ACS holds a session: it answers the Inform, plays the planned requests, ends with 204, and
//! keeps everything the CPE said. What breaks a rule that holds in every session is a problem that fails the test.

use std::collections::VecDeque;

use super::http::{Reply, Request};
use super::inspect::Message;
use super::rpc::{CWMP_1_2, Rpc, envelope};

/// A session as the ACS saw it.
#[derive(Clone, Debug)]
pub struct Session {
    /// The Inform that opened it.
    pub inform: Message,
    /// The CPE's own requests.
    pub requests: Vec<Message>,
    /// What the CPE answered to the planned requests, in order.
    pub answers: Vec<Message>,
    /// Connections it used, in order, each once.
    pub connections: Vec<usize>,
}

/// The ACS's memory.
pub struct Brain {
    /// CWMP namespace of its envelopes.
    pub namespace: String,
    /// More header elements of InformResponse (UseCWMPVersion).
    pub inform_header: String,
    /// Requests for the sessions to come, one list each.
    pub plans: VecDeque<Vec<Rpc>>,
    /// Every request, as it came.
    pub requests: Vec<Request>,
    /// Every Inform that was answered.
    pub informs: Vec<Message>,
    /// Sessions that came to their end.
    pub sessions: Vec<Session>,
    /// Rules that were broken.
    pub problems: Vec<String>,
    /// HTTP status of the end: 204, or 200 with an empty body.
    pub end_status: u16,
    current: Option<Current>,
    number: usize,
    ids: usize,
}

struct Current {
    session: Session,
    queue: VecDeque<Rpc>,
    /// The ID of the request that the CPE owes an answer to; empty when the ID cannot be known.
    owed: Option<String>,
}

impl Default for Brain {
    fn default() -> Self {
        Brain {
            namespace: CWMP_1_2.to_owned(),
            inform_header: String::new(),
            plans: VecDeque::new(),
            requests: Vec::new(),
            informs: Vec::new(),
            sessions: Vec::new(),
            problems: Vec::new(),
            end_status: 204,
            current: None,
            number: 0,
            ids: 0,
        }
    }
}

impl Brain {
    /// Keeps a request and holds it against the rules of every POST.
    pub fn record(&mut self, request: &Request) {
        let problems = check_post(request);
        self.problems.extend(
            problems
                .into_iter()
                .map(|p| format!("{p}\n  in {}", request.head)),
        );
        self.requests.push(request.clone());
    }

    /// The reply to a request that no layer has answered.
    pub fn reply(&mut self, request: &Request) -> Reply {
        if request.body.is_empty() {
            self.check_cookie(request);
            return self.next(request);
        }
        let message = Message::parse(&request.body);
        if message.method == "Inform" {
            return self.inform(request, message);
        }
        self.check_cookie(request);
        let Some(current) = &mut self.current else {
            self.problems
                .push(format!("{} outside a session", message.method));
            return Reply::status(400).close();
        };
        note(&mut current.session.connections, request.connection);
        if message.method == "Fault" || message.method.ends_with("Response") {
            match current.owed.take() {
                Some(id) if id.is_empty() || id == message.id => {}
                owed => self
                    .problems
                    .push(format!("answer with ID {:?}, owed is {owed:?}", message.id)),
            }
            current.session.answers.push(message);
            return self.next(request);
        }
        // A request of the CPE's own: the InformResponse has opened its turn (TR-069 3.7.1.3).
        let body = match message.method.as_str() {
            "GetRPCMethods" => "<cwmp:GetRPCMethodsResponse><MethodList soapenc:arrayType=\"xsd:string[3]\">\
                <string>Inform</string><string>GetRPCMethods</string><string>TransferComplete</string></MethodList>\
                </cwmp:GetRPCMethodsResponse>"
                .to_owned(),
            method => format!("<cwmp:{method}Response></cwmp:{method}Response>"),
        };
        let reply = envelope(&self.namespace, &message.id, "", &body);
        current.session.requests.push(message);
        Reply::xml(reply)
    }

    fn inform(&mut self, request: &Request, inform: Message) -> Reply {
        if request
            .header("Cookie")
            .is_some_and(|cookie| cookie.contains("session="))
        {
            self.problems
                .push("CK-08: an Inform with the cookie of an older session".to_owned());
        }
        self.number += 1;
        let queue = self.plans.pop_front().unwrap_or_default().into();
        let body = "<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>";
        let reply = envelope(&self.namespace, &inform.id, &self.inform_header, body);
        self.informs.push(inform.clone());
        let session = Session {
            inform,
            requests: Vec::new(),
            answers: Vec::new(),
            connections: vec![request.connection],
        };
        self.current = Some(Current {
            session,
            queue,
            owed: None,
        });
        Reply::xml(reply).header(
            "Set-Cookie",
            format!("session={}; Path=/; HttpOnly", self.number),
        )
    }

    fn next(&mut self, request: &Request) -> Reply {
        let Some(mut current) = self.current.take() else {
            self.problems
                .push("an empty POST outside a session".to_owned());
            return Reply::status(400).close();
        };
        note(&mut current.session.connections, request.connection);
        if let Some(owed) = &current.owed {
            self.problems.push(format!(
                "an empty POST while the answer to {owed:?} is owed"
            ));
        }
        let Some(rpc) = current.queue.pop_front() else {
            self.sessions.push(current.session);
            return Reply::status(self.end_status).close();
        };
        self.ids += 1;
        let id = format!("acs{:x}", self.ids);
        current.owed = Some(if rpc.raw.is_some() {
            String::new()
        } else {
            id.clone()
        });
        self.current = Some(current);
        Reply::xml(
            rpc.raw.unwrap_or_else(|| {
                envelope(&self.namespace, &id, &rpc.header, &rpc.body).into_bytes()
            }),
        )
    }

    fn check_cookie(&mut self, request: &Request) {
        let cookie = format!("session={}", self.number);
        if !request
            .header("Cookie")
            .is_some_and(|c| c.split(';').any(|c| c.trim() == cookie))
        {
            self.problems
                .push(format!("no cookie {cookie} in {}", request.head));
        }
    }
}

fn note(connections: &mut Vec<usize>, connection: usize) {
    if !connections.contains(&connection) {
        connections.push(connection);
    }
}

/// What is wrong with a POST of the CPE's, whatever the session.
fn check_post(request: &Request) -> Vec<String> {
    let mut problems = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            problems.push(what.to_owned());
        }
    };
    let exact = |name: &str| {
        request
            .headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    };
    must(request.method == "POST", "HT-01: not a POST");
    must(
        request
            .head
            .lines()
            .next()
            .is_some_and(|line| line.ends_with(" HTTP/1.1")),
        "HT-01: not HTTP/1.1",
    );
    must(
        request.target.starts_with('/'),
        "HT-01: the target is not a path",
    );
    must(
        exact("Host").is_some_and(|host| !host.is_empty()),
        "HT-02: no Host",
    );
    must(!request.pipelined, "HT-07: pipelined");
    must(request.header("Expect").is_none(), "HT-15: Expect");
    if request.body.is_empty() {
        must(
            request.header("Content-Type").is_none(),
            "HT-05: Content-Type on an empty POST",
        );
        must(
            request.header("SOAPAction").is_none(),
            "HT-05: SOAPAction on an empty POST",
        );
        must(
            request.header("Content-Length") == Some("0"),
            "HT-05 HT-06: an empty POST without Content-Length 0",
        );
    } else {
        must(
            exact("Content-Type").is_some_and(|v| v.starts_with("text/xml")),
            "HT-03: no Content-Type text/xml",
        );
        must(
            matches!(exact("SOAPAction"), Some("" | "\"\"")),
            "HT-04: no empty SOAPAction",
        );
        if request.header("Content-Encoding").is_none() {
            problems.extend(super::check_envelope(&request.body));
        }
    }
    problems
}
