//! A session with everything around it: each step that the session asks for is taken at once, each envelope checked.

use super::envelope::verify;
use super::model::FakeModel;
use cwmpd::cwmp::event::{Event, EventCode};
use cwmpd::cwmp::transfer::QueuedTransfer;
use cwmpd::cwmp::{
    AcsRequest, Action, DeviceId, Inform, Input, Kept, Outcome, Promise, Session, Setup, Version,
    inform,
};
use cwmpd::datamodel::attributes::Attributes;
use cwmpd::datamodel::{Applied, DataModel, Fault, Progress, Touch};
use cwmpd::wire::xsd::DateTime;
use std::time::Instant;

/// What the ACS sees of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// An envelope.
    Posted(String),
    /// An empty POST.
    Empty,
    /// The end.
    Ended(Outcome),
}

/// What the CPE keeps beside its model.
#[derive(Default)]
pub struct Books {
    pub attributes: Attributes,
    pub queued: Vec<QueuedTransfer>,
}

impl Kept for Books {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn queued(&self) -> Vec<QueuedTransfer> {
        self.queued.clone()
    }
}

/// A CPE without a network.
pub struct Harness {
    pub session: Session,
    pub model: FakeModel,
    pub kept: Books,
    /// ParameterKey as the device keeps it.
    pub parameter_key: String,
    /// What was committed, in order.
    pub promises: Vec<Promise>,
    /// What was prepared, in order.
    pub touched: Vec<Touch>,
    /// The fault of the next prepare.
    pub refuse_prepare: Option<Fault>,
    /// The fault of the next commit of anything but values.
    pub refuse_promise: Option<Fault>,
}

/// An Inform with all that must be in it.
pub fn setup(model: &FakeModel) -> Setup {
    Setup {
        version: Version::V1_4,
        inform: Inform {
            device: DeviceId {
                manufacturer: "Example".into(),
                oui: "00D0D0".into(),
                product_class: "RG1".into(),
                serial_number: "SN0001".into(),
            },
            events: vec![
                Event::new(EventCode::Bootstrap),
                Event::new(EventCode::Boot),
            ],
            current_time: DateTime::UNKNOWN,
            retry_count: 0,
            parameters: inform::parameters(model, &[]),
        },
        session_timeout: Some(60),
        ids: 0x1234,
        requests: Vec::new(),
    }
}

impl Harness {
    /// A CPE with that setup.
    pub fn new(model: FakeModel, change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = setup(&model);
        change(&mut setup);
        Harness {
            session: Session::new(setup),
            model,
            kept: Books::default(),
            parameter_key: String::new(),
            promises: Vec::new(),
            touched: Vec::new(),
            refuse_prepare: None,
            refuse_promise: None,
        }
    }

    /// A session in which the ACS has the word: the empty POST was sent.
    pub fn asked() -> Self {
        Self::asked_on(FakeModel::device())
    }

    /// The same on another model.
    pub fn asked_on(model: FakeModel) -> Self {
        let mut harness = Harness::new(model, |_| {});
        harness.begin();
        assert_eq!(harness.reply(200, INFORM_RESPONSE), Seen::Empty);
        harness
    }

    /// A session that also asks for GetRPCMethods; the Inform was sent.
    pub fn curious() -> Self {
        let mut harness = Harness::new(FakeModel::device(), |setup| {
            setup.requests.push(AcsRequest::GetRpcMethods);
        });
        harness.begin();
        harness
    }

    /// The Inform.
    pub fn begin(&mut self) -> String {
        match self.step(Input::Begin) {
            Seen::Posted(envelope) => envelope,
            other => panic!("{other:?}"),
        }
    }

    /// Feeds a reply.
    pub fn reply(&mut self, status: u16, body: impl AsRef<[u8]>) -> Seen {
        self.step(Input::Reply {
            status,
            body: body.as_ref(),
        })
    }

    /// Sends a request and returns the answer's envelope.
    pub fn call(&mut self, method: &str) -> String {
        match self.reply(200, message("7", method)) {
            Seen::Posted(envelope) => envelope,
            other => panic!("{other:?}"),
        }
    }

    /// Steps on until the ACS sees something.
    fn step(&mut self, input: Input<'_>) -> Seen {
        let mut action = self.session.step(input, &mut self.model, &self.kept);
        for _ in 0..10 {
            let input = match action {
                Action::Post(envelope) if envelope.is_empty() => return Seen::Empty,
                Action::Post(envelope) => {
                    let envelope = envelope.to_vec();
                    verify(&envelope);
                    return Seen::Posted(String::from_utf8(envelope).expect("UTF-8"));
                }
                Action::End(outcome) => return Seen::Ended(outcome),
                Action::Prepare(touch) => {
                    self.touched.push(touch);
                    Input::Prepared(self.refuse_prepare.take().map_or(Ok(()), Err))
                }
                Action::Commit(promise) => {
                    let result = self.keep(&promise);
                    self.promises.push(promise);
                    Input::Committed(result)
                }
            };
            action = self.session.step(input, &mut self.model, &self.kept);
        }
        panic!("the session steps for ever");
    }

    fn keep(&mut self, promise: &Promise) -> Result<Applied, Fault> {
        match promise {
            Promise::Values { parameter_key, .. } => {
                assert!(self.model.is_open(), "nothing was staged");
                let Progress::Ready(applied) = self.model.commit(Instant::now())? else {
                    panic!("the fake never waits");
                };
                self.parameter_key.clone_from(parameter_key);
                return Ok(applied);
            }
            Promise::Attributes(changes) if self.refuse_promise.is_none() => {
                self.kept.attributes.apply(changes)?;
            }
            _ => {}
        }
        self.refuse_promise
            .take()
            .map_or(Ok(Applied::default()), Err)
    }
}

/// A message from the ACS in the namespace of CWMP 1.2.
pub fn message(id: &str, method: &str) -> String {
    let header = format!(r#"<cwmp:ID soapenv:mustUnderstand="1">{id}</cwmp:ID>"#);
    with_header("urn:dslforum-org:cwmp-1-2", &header, method)
}

/// A message with other header entries.
pub fn with_header(namespace: &str, header: &str, method: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="{namespace}">
  <soapenv:Header>{header}</soapenv:Header>
  <soapenv:Body>{method}</soapenv:Body>
</soapenv:Envelope>"#
    )
}

/// An InformResponse without an ID, which fits every Inform.
pub const INFORM_RESPONSE: &str = r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:cwmp="urn:dslforum-org:cwmp-1-2"><e:Body><cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes>
    </cwmp:InformResponse></e:Body></e:Envelope>"#;

/// A fault from the ACS.
pub fn fault(code: u16) -> String {
    message(
        "1",
        &format!(
            "<soapenv:Fault><faultcode>Server</faultcode><faultstring>CWMP fault</faultstring><detail>\
             <cwmp:Fault><FaultCode>{code}</FaultCode><FaultString>words</FaultString></cwmp:Fault></detail>\
             </soapenv:Fault>"
        ),
    )
}

/// The text between the first `<tag>` (attributes allowed) and its end tag.
pub fn text_of<'a>(envelope: &'a str, tag: &str) -> Option<&'a str> {
    let start = envelope
        .find(&format!("<{tag}>"))
        .map(|at| at + tag.len() + 2)
        .or_else(|| {
            let at = envelope.find(&format!("<{tag} "))?;
            Some(at + envelope[at..].find('>')? + 1)
        })?;
    let rest = &envelope[start..];
    rest.find(&format!("</{tag}>")).map(|end| &rest[..end])
}

/// The code of the fault in an answer.
pub fn fault_code(envelope: &str) -> Option<u16> {
    text_of(envelope, "cwmp:Fault").and_then(|f| text_of(f, "FaultCode")?.parse().ok())
}

/// `name=value` of every ParameterValueStruct.
pub fn values(envelope: &str) -> Vec<String> {
    let structs = envelope.split("<ParameterValueStruct>").skip(1);
    structs
        .map(|s| {
            format!(
                "{}={}",
                text_of(s, "Name").unwrap(),
                text_of(s, "Value").unwrap()
            )
        })
        .collect()
}

/// `name writable` of every ParameterInfoStruct.
pub fn names(envelope: &str) -> Vec<String> {
    let structs = envelope.split("<ParameterInfoStruct>").skip(1);
    structs
        .map(|s| {
            format!(
                "{} {}",
                text_of(s, "Name").unwrap(),
                text_of(s, "Writable").unwrap()
            )
        })
        .collect()
}
