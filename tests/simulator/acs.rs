//! The ACS, without a socket: requests in, replies out, each with the way it is to be delivered and what it will mean
//! to the CPE once its last byte has come.

use std::collections::VecDeque;
use std::time::Duration;

use crate::dice::Dice;
use crate::orders::Order;
use crate::support::http::Reply;
use crate::support::rpc::{self, CWMP_1_2, envelope};

/// What a whole reply means.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    /// Nothing that ends or begins anything: a challenge, a redirect, a fault that asks for a retry.
    Nothing,
    /// The session cannot go well any more.
    Spoilt,
    /// As `Spoilt`, and the CPE is to wait at least so long.
    Later(Duration),
    /// InformResponse
    Informed,
    /// A request.
    Ask(Order),
    /// The session is over, and well.
    Goodbye,
    /// Nothing to ask, while HoldRequests is on.
    Held,
}

/// What is wrong with a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// Nothing.
    Good,
    /// Only so many thousandths of it are sent; then comes the end.
    Cut(u32),
    /// Nothing is sent, and the connection stays.
    Silence,
    /// An HTTP status, and perhaps Retry-After.
    Status(u16, Option<u32>),
    /// To another place.
    Moved(u16),
    /// A SOAP fault to an Inform.
    Fault(u16),
    /// A body that is no envelope.
    Garbage,
    /// Not HTTP.
    Noise,
}

/// What happens to the connection after a reply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum After {
    /// It stays.
    Keep,
    /// It is closed, and the reply has said so.
    CloseTold,
    /// It is closed.
    Close,
    /// It is closed in one direction.
    Half,
    /// It is reset, before the CPE may have read the last bytes.
    Reset,
}

/// How one request is treated.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// What is wrong with the reply.
    pub fate: Fate,
    /// How long it takes.
    pub delay: Duration,
    /// In how many pieces it comes.
    pub pieces: u32,
    /// The CPE reads it byte by byte.
    pub single: bool,
    /// What follows.
    pub after: After,
}

impl Turn {
    /// A good one.
    pub fn good() -> Turn {
        Turn {
            fate: Fate::Good,
            delay: Duration::from_millis(20),
            pieces: 1,
            single: false,
            after: After::Keep,
        }
    }

    /// One with this fate, and the connection's end after it.
    pub fn bad(fate: Fate) -> Turn {
        Turn {
            fate,
            after: After::Close,
            ..Turn::good()
        }
    }
}

/// How the ACS behaves.
#[derive(Clone, Debug)]
pub struct Manners {
    /// Thousandths of the replies that something is wrong with.
    pub trouble: u32,
    /// It wants Digest.
    pub challenge: bool,
    /// Thousandths of the sessions in which HoldRequests is used.
    pub hold: u32,
}

/// What the ACS has understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// An Inform.
    Inform(Inform),
    /// An answer to what was asked.
    Answer(Order, Answer),
    /// Something that breaks a rule.
    Wrong(String),
}

/// What of an Inform matters.
#[derive(Clone, Debug, PartialEq)]
pub struct Inform {
    /// The header's ID.
    pub id: String,
    /// Code and CommandKey.
    pub events: Vec<(String, String)>,
    /// RetryCount
    pub retry_count: u32,
    /// CurrentTime
    pub current_time: String,
    /// Name and value.
    pub parameters: Vec<(String, String)>,
}

/// What came to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The response, whole.
    Response(String),
    /// A fault.
    Fault(u16),
}

/// The session under way.
struct Talk {
    inform: String,
    informed: bool,
    orders: VecDeque<Order>,
    hold: bool,
    empties: u32,
    asked: Option<(String, Order)>,
}

/// The ACS.
pub struct Acs {
    dice: Dice,
    /// How it behaves from now on.
    pub manners: Manners,
    /// How the next requests are treated; then by the dice.
    pub turns: VecDeque<Turn>,
    /// What the next sessions are to do; then nothing.
    pub plans: VecDeque<Vec<Order>>,
    talk: Option<Talk>,
    ids: u64,
}

/// What to send to a request, and how.
pub struct Treatment {
    /// The whole reply.
    pub bytes: Vec<u8>,
    /// What it means when it is whole.
    pub meaning: Meaning,
    /// How it is sent.
    pub turn: Turn,
}

impl Acs {
    /// A friendly one.
    pub fn new(dice: Dice) -> Acs {
        Acs {
            dice,
            manners: Manners {
                trouble: 0,
                challenge: false,
                hold: 0,
            },
            turns: VecDeque::new(),
            plans: VecDeque::new(),
            talk: None,
            ids: 0,
        }
    }

    /// Takes a whole request.
    pub fn request(&mut self, head: &str, body: &str, seen: &mut Vec<Seen>) -> Treatment {
        let turn = match self.turns.pop_front() {
            Some(turn) => turn,
            None => self.turn(),
        };
        self.listen(body, seen);
        let (reply, meaning) = self.reply(head, body, &turn);
        let reply = match turn.after {
            After::CloseTold => reply.header("Connection", "close"),
            _ => reply,
        };
        let bytes = match turn.fate {
            Fate::Noise => b"HELO acs.example\r\n\r\n".to_vec(),
            _ => reply.wire(),
        };
        Treatment {
            bytes,
            meaning,
            turn,
        }
    }

    fn listen(&mut self, body: &str, seen: &mut Vec<Seen>) {
        let Some(method) = method(body) else { return };
        let id = text(body, "cwmp:ID").unwrap_or_default();
        match (method.as_str(), &mut self.talk) {
            ("Inform", talk) => {
                let inform = inform(body, &id);
                if talk.as_ref().is_none_or(|talk| talk.inform != id) {
                    *talk = Some(Talk {
                        inform: id,
                        informed: false,
                        orders: self.plans.pop_front().unwrap_or_default().into(),
                        hold: self.dice.chance(self.manners.hold),
                        empties: 0,
                        asked: None,
                    });
                }
                seen.push(Seen::Inform(inform));
            }
            ("GetRPCMethods", Some(_)) => {}
            (_, Some(talk)) => match talk.asked.take() {
                Some((asked, order)) if asked == id => {
                    let answer = match text(body, "FaultCode").and_then(|code| code.parse().ok()) {
                        Some(code) if method == "Fault" => Answer::Fault(code),
                        _ => Answer::Response(body.to_owned()),
                    };
                    seen.push(Seen::Answer(order, answer));
                }
                // The same once more, over another connection.
                None => {}
                Some((asked, _)) => {
                    seen.push(Seen::Wrong(format!("{method} with ID {id}, not {asked}")));
                }
            },
            (method, None) => seen.push(Seen::Wrong(format!("{method} without a session"))),
        }
    }

    fn reply(&mut self, head: &str, body: &str, turn: &Turn) -> (Reply, Meaning) {
        let is_inform = method(body).as_deref() == Some("Inform");
        if self.manners.challenge && !head.contains("\r\nAuthorization: Digest ") {
            let challenge = format!(
                "Digest realm=\"acs\", nonce=\"{:x}\", qop=\"auth\", algorithm=MD5",
                self.dice.next()
            );
            let reply = Reply::status(401).header("WWW-Authenticate", challenge);
            return (reply, Meaning::Nothing);
        }
        match turn.fate {
            Fate::Status(status, after) => {
                let reply = Reply::status(status).body("busy");
                return match after {
                    Some(after) => (
                        reply.header("Retry-After", after.to_string()),
                        Meaning::Later(Duration::from_secs(after.into())),
                    ),
                    None => (reply, Meaning::Spoilt),
                };
            }
            Fate::Moved(status) => {
                let to = format!("http://192.0.2.9:7547/moved/{}", self.dice.range(0, 9));
                return (
                    Reply::status(status).header("Location", to),
                    Meaning::Nothing,
                );
            }
            Fate::Garbage => {
                // What is optional may also go unanswered.
                let optional = method(body).as_deref() == Some("GetRPCMethods");
                let meaning = if optional {
                    Meaning::Nothing
                } else {
                    Meaning::Spoilt
                };
                return (Reply::xml("<html><body>It works!</body>"), meaning);
            }
            Fate::Fault(code) if is_inform => {
                let id = text(body, "cwmp:ID").unwrap_or_default();
                let meaning = if code == 8005 {
                    Meaning::Nothing
                } else {
                    Meaning::Spoilt
                };
                return (Reply::xml(rpc::fault(CWMP_1_2, &id, code)), meaning);
            }
            Fate::Noise => return (Reply::status(200), Meaning::Spoilt),
            // Nothing of it arrives, so it may be asked again.
            Fate::Silence | Fate::Cut(0) => return (Reply::status(200), Meaning::Nothing),
            _ => {}
        }
        self.answer(body)
    }

    /// What a CPE that asks in good order is told.
    fn answer(&mut self, body: &str) -> (Reply, Meaning) {
        let Some(talk) = &mut self.talk else {
            return (Reply::status(400), Meaning::Spoilt);
        };
        let id = text(body, "cwmp:ID").unwrap_or_default();
        let hold = |on: bool| match on {
            true => "<cwmp:HoldRequests soapenv:mustUnderstand=\"1\">1</cwmp:HoldRequests>",
            false => "",
        };
        match method(body).as_deref() {
            Some("Inform") => {
                talk.informed = true;
                let on = hold(talk.hold && !talk.orders.is_empty());
                let body =
                    "<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>";
                let reply = envelope(CWMP_1_2, &id, on, body);
                return (Reply::xml(reply), Meaning::Informed);
            }
            Some("GetRPCMethods") => {
                let body = "<cwmp:GetRPCMethodsResponse><MethodList soapenc:arrayType=\"xsd:string[1]\">\
                            <string>Inform</string></MethodList></cwmp:GetRPCMethodsResponse>";
                return (
                    Reply::xml(envelope(CWMP_1_2, &id, "", body)),
                    Meaning::Nothing,
                );
            }
            _ if !talk.informed => return (Reply::status(400), Meaning::Spoilt),
            _ => {}
        }
        if talk.hold && talk.orders.len() > 1 && talk.empties == 0 {
            talk.empties += 1;
            return (Reply::status(204), Meaning::Held);
        }
        let Some(order) = talk.orders.pop_front() else {
            return (Reply::status(204), Meaning::Goodbye);
        };
        self.ids += 1;
        let id = format!("acs-{}", self.ids);
        talk.asked = Some((id.clone(), order.clone()));
        let on = hold(talk.hold && !talk.orders.is_empty());
        let reply = envelope(CWMP_1_2, &id, on, &order.rpc().body);
        (Reply::xml(reply), Meaning::Ask(order))
    }

    /// How the dice treat a request.
    fn turn(&mut self) -> Turn {
        let dice = &mut self.dice;
        let mut turn = Turn {
            delay: Duration::from_millis(dice.range(1, 400)),
            ..Turn::good()
        };
        if dice.chance(100) {
            turn.pieces = dice.range(2, 5) as u32;
        }
        turn.single = dice.chance(60);
        if dice.chance(80) {
            turn.after = dice.pick(&[After::CloseTold, After::Close, After::Half]);
        }
        if dice.chance(30) {
            turn.delay = Duration::from_millis(dice.range(1_000, 29_000));
        }
        if dice.chance(self.manners.trouble) {
            turn.after = dice.pick(&[After::Keep, After::Close, After::Half, After::Reset]);
            turn.fate = match dice.range(0, 13) {
                0..=2 => Fate::Cut(dice.range(0, 999) as u32),
                3 => Fate::Cut(0),
                4 => Fate::Silence,
                5 => Fate::Status(dice.pick(&[400, 404, 500, 502, 503]), None),
                6 => Fate::Status(503, Some(dice.range(1, 3000) as u32)),
                7 => Fate::Moved(dice.pick(&[301, 302, 307, 308])),
                8 => Fate::Fault(8005),
                9 => Fate::Fault(dice.pick(&[8001, 8002, 8003, 8006])),
                10 => Fate::Garbage,
                11 => Fate::Noise,
                12 => {
                    turn.delay = Duration::from_secs(dice.range(29, 300));
                    Fate::Good
                }
                _ => Fate::Good,
            };
        }
        turn
    }
}

/// The body's element.
pub fn method(body: &str) -> Option<String> {
    let at = body.find("Body>")? + "Body>".len();
    let name = body[at..].trim_start().strip_prefix('<')?;
    let name = name.split([' ', '>', '/', '\n']).next()?;
    Some(name.rsplit(':').next()?.to_owned())
}

/// The text of the first element of that tag.
pub fn text(body: &str, tag: &str) -> Option<String> {
    elements(body, tag).next().map(unescape)
}

fn elements<'a>(body: &'a str, tag: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
    let mut rest = body;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find(&open)? + open.len();
            rest = &rest[at..];
            if !rest.starts_with([' ', '>']) {
                continue;
            }
            rest = &rest[rest.find('>')? + 1..];
            let end = rest.find(&close)?;
            let found = &rest[..end];
            rest = &rest[end + close.len()..];
            return Some(found);
        }
    })
}

/// Name and value of each ParameterValueStruct.
pub fn parameters(body: &str) -> Vec<(String, String)> {
    elements(body, "ParameterValueStruct")
        .filter_map(|item| Some((text(item, "Name")?, text(item, "Value")?)))
        .collect()
}

fn inform(body: &str, id: &str) -> Inform {
    Inform {
        id: id.to_owned(),
        events: elements(body, "EventStruct")
            .map(|item| {
                let part = |tag| text(item, tag).unwrap_or_default();
                (part("EventCode"), part("CommandKey"))
            })
            .collect(),
        retry_count: text(body, "RetryCount")
            .and_then(|count| count.parse().ok())
            .expect("a RetryCount"),
        current_time: text(body, "CurrentTime").unwrap_or_default(),
        parameters: parameters(body),
    }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#13;", "\r")
        .replace("&amp;", "&")
}
