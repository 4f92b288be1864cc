//! Envelopes, and whole sessions.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use cwmpd::backend::profile::{Profile, Template};
use cwmpd::cwmp::event::{Event, EventCode};
use cwmpd::cwmp::report::Report;
use cwmpd::cwmp::transfer::{Kind, QueuedTransfer};
use cwmpd::cwmp::{
    AcsRequest, Action, DeviceId, Inform, Input, Kept, Promise, Session, Setup, Version, envelope,
};
use cwmpd::datamodel::attributes::Attributes;
use cwmpd::datamodel::{Applied, DataModel, Fault, Progress};
use cwmpd::wire::xml;
use cwmpd::wire::xsd::DateTime;

/// Any reply's body.
pub fn envelope(data: &[u8]) {
    if let Err(why) = envelope::decode(data) {
        let why = why.to_string();
        assert!(
            why.len() < 512 && !why.contains(char::is_control),
            "a reason is one short line"
        );
    }
}

static TEMPLATE: LazyLock<Arc<Template>> = LazyLock::new(|| {
    let text = include_str!("../../../etc/profiles/tr181-gateway.toml");
    Arc::new(Template::parse(text, "tr181-gateway.toml").expect("a valid profile"))
});

/// A session with an ACS that says anything: bodies of its replies, with a NUL between two. An empty first one stands for
/// a right InformResponse. Whatever we send is well-formed, and the session ends soon after the ACS has no more to say.
pub fn session(data: &[u8]) {
    let mut cpe = Cpe {
        model: Profile::new(TEMPLATE.clone()),
        books: Books::default(),
    };
    let mut session = Session::new(setup());
    let mut sent = cpe.run(&mut session, Input::Begin);
    for (turn, body) in data.split(|&b| b == 0).take(32).enumerate() {
        let Some(posted) = sent else { return };
        let right = if turn == 0 && body.is_empty() {
            inform_response(&posted)
        } else {
            body.to_vec()
        };
        sent = cpe.run(
            &mut session,
            Input::Reply {
                status: 200,
                body: &right,
            },
        );
    }
    for _ in 0..8 {
        if sent.is_none() {
            return;
        }
        sent = cpe.run(
            &mut session,
            Input::Reply {
                status: 204,
                body: b"",
            },
        );
    }
    panic!("the session does not end");
}

/// What a session runs on.
struct Cpe {
    model: Profile,
    books: Books,
}

/// What is kept beside the model: as many transfers as were ordered.
#[derive(Default)]
struct Books {
    attributes: Attributes,
    queued: Vec<QueuedTransfer>,
}

impl Kept for Books {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn queued(&self) -> Vec<QueuedTransfer> {
        self.queued.clone()
    }
}

impl Cpe {
    /// Carries out what the session wants, until it posts something; `None` at its end.
    fn run(&mut self, session: &mut Session, input: Input) -> Option<Vec<u8>> {
        let mut action = session.step(input, &mut self.model, &self.books);
        loop {
            let input = match action {
                Action::Post(body) => {
                    let body = body.to_vec();
                    let limits = xml::Limits {
                        max_bytes: 1 << 24,
                        max_elements: 1 << 20,
                        ..xml::Limits::default()
                    };
                    assert!(
                        body.is_empty()
                            || xml::parse(&body, &limits).is_ok_and(|document| document.strict)
                    );
                    return Some(body);
                }
                Action::End(outcome) => {
                    let why = outcome.map_or_else(|why| why.to_string(), |_| String::new());
                    assert!(!why.contains(char::is_control), "{why:?} is one line");
                    return None;
                }
                Action::Prepare(touch) => {
                    Input::Prepared(at_once(self.model.prepare(&touch, Instant::now())))
                }
                Action::Commit(Promise::Values { .. }) => {
                    Input::Committed(at_once(self.model.commit(Instant::now())))
                }
                Action::Commit(promise) => {
                    let kept = match promise {
                        Promise::Attributes(changes) => self.books.attributes.apply(&changes),
                        Promise::Transfer(order) => {
                            self.books.queued.push(QueuedTransfer {
                                command_key: order.command_key,
                                state: 1,
                                is_download: order.kind != Kind::Upload,
                                file_type: order.file_type,
                                file_size: order.file_size,
                                target_file_name: order.target_file_name,
                                autonomous: false,
                            });
                            Ok(())
                        }
                        _ => Ok(()),
                    };
                    Input::Committed(kept.map(|()| Applied::default()))
                }
            };
            action = session.step(input, &mut self.model, &self.books);
        }
    }
}

fn at_once<T>(progress: Result<Progress<T>, Fault>) -> Result<T, Fault> {
    match progress? {
        Progress::Ready(result) => Ok(result),
        Progress::Pending => panic!("a profile has everything at hand"),
    }
}

fn setup() -> Setup {
    let device = DeviceId {
        manufacturer: "Example".into(),
        oui: "00D0D0".into(),
        product_class: "RG1".into(),
        serial_number: "SN0001".into(),
    };
    Setup {
        version: Version::V1_4,
        inform: Inform {
            device,
            events: vec![Event::new(EventCode::Boot)],
            current_time: DateTime::from_unix(1_795_337_146, 0),
            retry_count: 0,
            parameters: Vec::new(),
        },
        session_timeout: Some(60),
        ids: 7,
        requests: vec![
            AcsRequest::GetRpcMethods,
            AcsRequest::Report {
                id: 1,
                report: Report::default(),
            },
        ],
    }
}

/// The right answer to an Inform: it carries the Inform's ID.
fn inform_response(inform: &[u8]) -> Vec<u8> {
    let inform = xml::parse(inform, &xml::Limits::default()).expect("our own Inform");
    let id = inform
        .root
        .child("Header")
        .and_then(|header| header.child_text("ID"))
        .unwrap_or_default();
    format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:c='urn:dslforum-org:cwmp-1-4'>\
         <s:Header><c:ID s:mustUnderstand='1'>{id}</c:ID></s:Header>\
         <s:Body><c:InformResponse><MaxEnvelopes>1</MaxEnvelopes></c:InformResponse></s:Body></s:Envelope>"
    )
    .into_bytes()
}
