//! A session message by message (TR-069 3.7): who speaks when, with which ID, and what ends it.

use std::collections::VecDeque;
use std::sync::mpsc;

use cwmpd::agent::command::Command;

use crate::cpe::Cpe;
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::http::Reply;
use crate::support::inspect::Message;
use crate::support::rpc::{CWMP_1_2, envelope, escape, fault, get_names, get_rpc_methods, reboot};

const INFORM_RESPONSE: &str =
    "<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>";
const METHODS: &str = "<cwmp:GetRPCMethodsResponse><MethodList soapenc:arrayType=\"xsd:string[1]\">\
    <string>Inform</string></MethodList></cwmp:GetRPCMethodsResponse>";

/// Where the ID of the CPE's last message goes.
const ID: &str = "THE-ID";

/// An answer to the CPE's message.
fn say(body: &str) -> String {
    envelope(CWMP_1_2, ID, "", body)
}

/// A request of the ACS under that ID.
fn ask(id: &str, header: &str, body: &str) -> String {
    envelope(CWMP_1_2, id, header, body)
}

fn hold(value: &str) -> String {
    format!("<cwmp:HoldRequests soapenv:mustUnderstand=\"1\">{value}</cwmp:HoldRequests>")
}

/// A device that is to ask for the ACS's methods, and an ACS that says these things, whatever it is told; an empty
/// one is a 204. When they are all said it refuses.
struct Stage {
    cpe: Cpe,
    acs: Acs,
}

impl Stage {
    fn new(lines: impl IntoIterator<Item = String>) -> Stage {
        let mut stage = Stage::quiet(lines);
        stage.cpe.ask(Command::Inform {
            event: None,
            get_rpc_methods: true,
            wait: false,
        });
        stage.cpe.settle();
        stage
    }

    /// A device with no request of its own.
    fn quiet(lines: impl IntoIterator<Item = String>) -> Stage {
        let mut lines: VecDeque<String> = lines.into_iter().collect();
        let acs = Acs::builder()
            .layer(move |request, _| {
                let id = match request.body.is_empty() {
                    true => String::new(),
                    false => Message::parse(&request.body).id,
                };
                match lines.pop_front() {
                    None => Reply::status(503).close(),
                    Some(line) if line.is_empty() => Reply::status(204),
                    Some(line) => Reply::xml(line.replace(ID, &escape(&id))),
                }
            })
            .start();
        let cpe = Cpe::start(Daemon::new(&acs.url()));
        Stage { cpe, acs }
    }

    /// What the CPE said, one after another; an empty POST has no method.
    fn said(&self) -> Vec<Message> {
        let requests = self.acs.brain.lock().requests.clone();
        let read = |body: &Vec<u8>| match body.is_empty() {
            true => Message::default(),
            false => Message::parse(body),
        };
        requests.iter().map(|request| read(&request.body)).collect()
    }

    fn methods(&self) -> Vec<String> {
        let said = self.said().into_iter();
        said.map(|message| message.method).collect()
    }

    fn ended(&mut self) -> String {
        self.cpe.settle();
        let status = self.cpe.status()["last_session"]["status"].clone();
        status.as_str().expect("a status").to_owned()
    }

    /// The next try: its Inform.
    fn retried(&mut self) -> Message {
        let before = self.said().len();
        let wait = self.cpe.next().expect("a retry");
        self.cpe.pass(wait);
        self.said().swap_remove(before)
    }
}

#[test]
fn each_speaks_in_turn_and_the_last_empty_answer_is_the_end()
// SE-03 SE-04 SE-05 SE-06 SE-08 SE-09 SO-08 SO-09
{
    let ids = ["0", "", "  a \n", "a&<b>\"'", &"7f".repeat(32)];
    for envelopes in [
        "<MaxEnvelopes>5</MaxEnvelopes>",
        "<MaxEnvelopes>0</MaxEnvelopes>",
        "",
    ] {
        let opened = say(&format!(
            "<cwmp:InformResponse>{envelopes}</cwmp:InformResponse>"
        ));
        let asked = ids.map(|id| ask(id, "", &get_rpc_methods().body));
        let unknown = ask("last", "", "<cwmp:X_EX_Dance/>");
        let lines = [opened, say(METHODS), asked[0].clone()].into_iter();
        let lines = lines.chain(asked[1..].iter().cloned());
        let mut stage = Stage::new(lines.chain([unknown, String::new()]));
        assert_eq!(stage.ended(), "success");
        let said = stage.said();
        let methods: Vec<&str> = said.iter().map(|m| m.method.as_str()).collect();
        let mut expected = vec!["Inform", "GetRPCMethods", ""];
        expected.extend(["GetRPCMethodsResponse"; 5]);
        expected.push("Fault");
        assert_eq!(methods, expected);
        for (answer, id) in said[3..].iter().zip(ids.iter().chain(&["last"])) {
            assert_eq!(answer.id, *id);
        }
        // Its own are two, and short.
        assert!(said[..2].iter().all(|own| (1..=32).contains(&own.id.len())));
        assert_ne!(said[0].id, said[1].id);
        // What comes after the empty POST gets a session of its own.
        stage.cpe.pass_seconds(1000);
        assert_eq!(stage.said().len(), said.len());
    }
}

#[test]
fn what_comes_after_the_empty_post_waits_for_another_session() // SE-05
{
    // The empty POST is answered once it was seen here, or the test is over.
    let (hold, answered) = mpsc::channel::<()>();
    let mut acs = Acs::builder()
        .layer(move |request, next| {
            if request.body.is_empty() {
                let _ = answered.recv();
            }
            next(request)
        })
        .start();
    let held = hold;
    acs.plan([get_names("", true), get_names("", true)]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.until("the empty POST", |cpe| {
        (cpe.status()["last_session"]["state"] == "ExpectAcsRequest").then_some(())
    });
    drop(held);
    cpe.ask(Command::Inform {
        event: None,
        get_rpc_methods: true,
        wait: false,
    });
    let first = cpe.session(&mut acs);
    assert_eq!((first.requests.len(), first.answers.len()), (0, 2));
    let second = cpe.session(&mut acs);
    assert_eq!(second.requests[0].method, "GetRPCMethods");
}

#[test]
fn held_requests_wait_and_the_session_with_them() // SO-15 SO-16
{
    for (on, off) in [("1", "0"), ("true", "false"), ("1", "")] {
        let get = get_rpc_methods().body;
        // Without the header it is as if it were false.
        let off = match off {
            "" => String::new(),
            off => hold(off),
        };
        let opened = envelope(CWMP_1_2, ID, &hold(on), INFORM_RESPONSE);
        let mut stage = Stage::new([
            opened,
            String::new(),
            ask("1", &hold(on), &get),
            String::new(),
            ask("2", &off, &get),
            String::new(),
            say(METHODS),
            String::new(),
        ]);
        assert_eq!(stage.ended(), "success");
        let held = [
            "Inform",
            "",
            "",
            "GetRPCMethodsResponse",
            "",
            "GetRPCMethodsResponse",
            "GetRPCMethods",
            "",
        ];
        assert_eq!(stage.methods(), held, "{on}");
    }
}

#[test]
fn a_request_in_place_of_a_response_fails_the_session() // SE-07 RT-09
{
    let reset = ask("7", "", "<cwmp:FactoryReset/>");
    let mut stage = Stage::new([say(INFORM_RESPONSE), reset]);
    assert_eq!(stage.methods(), ["Inform", "GetRPCMethods"]);
    assert_eq!(stage.ended(), "failure");
    assert_eq!(stage.cpe.state().deferred, Default::default());
    // What the Inform told was told.
    assert_eq!(stage.cpe.events(), [""; 0]);
}

#[test]
fn nothing_but_its_response_answers_an_inform() // SE-01 SE-10 SO-04 SO-12 SO-32
{
    let wrong = [
        ("another ID", ask("other", "", INFORM_RESPONSE)),
        ("a fault", fault(CWMP_1_2, ID, 8002)),
        ("a request", ask("7", "", &get_names("", true).body)),
        ("a response to something else", say(METHODS)),
        ("nothing", String::new()),
        ("an empty body", say("")),
        (
            "two methods",
            say(&format!("{INFORM_RESPONSE}{}", reboot("k").body)),
        ),
        ("half of it", say(INFORM_RESPONSE)[..400].to_owned()),
        (
            "another SOAP",
            say(INFORM_RESPONSE).replace("soap/envelope/", "soap12/"),
        ),
        (
            "another namespace",
            say(INFORM_RESPONSE).replace(CWMP_1_2, "urn:example"),
        ),
        (
            "a page",
            "<html><body>Please log in</body></html>".to_owned(),
        ),
    ];
    let lines: Vec<String> = wrong.iter().map(|(_, line)| line.clone()).collect();
    let mut stage = Stage::quiet(
        lines
            .into_iter()
            .chain([say(INFORM_RESPONSE), String::new()]),
    );
    stage.cpe.settle();
    for (n, (what, _)) in (1..).zip(&wrong) {
        assert_eq!(stage.ended(), "failure", "{what}");
        assert_eq!(stage.said().len(), n, "{what}");
        let inform = stage.retried();
        assert_eq!(inform.method, "Inform", "{what}");
        assert_eq!(inform.retry_count() as usize, n, "{what}");
        assert_eq!(inform.events(), ["0 BOOTSTRAP", "1 BOOT"], "{what}");
    }
    assert_eq!(stage.ended(), "success");
    assert_eq!(stage.cpe.state().deferred, Default::default());
}

#[test]
fn what_is_no_request_is_not_answered() // SO-04 SO-25 SO-31 SO-32
{
    let nested = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let attributes: String = (0..10_000).map(|n| format!(" a{n}=\"\"")).collect();
    let two = format!("{}{}", reboot("one").body, reboot("two").body);
    for (what, line) in [
        (
            "a response nobody waits for",
            ask("7", "", "<cwmp:TransferCompleteResponse/>"),
        ),
        ("an InformResponse", ask("7", "", INFORM_RESPONSE)),
        ("a fault", fault(CWMP_1_2, "7", 8002)),
        ("two methods", ask("7", "", &two)),
        (
            "two bodies",
            ask("7", "", &reboot("k").body).replace(
                "</soapenv:Body>",
                "</soapenv:Body><soapenv:Body><cwmp:FactoryReset/></soapenv:Body>",
            ),
        ),
        ("no method", ask("7", "", "")),
        ("depth", ask("7", "", &nested)),
        (
            "depth in an argument",
            ask("7", "", &format!("<cwmp:Reboot>{nested}</cwmp:Reboot>")),
        ),
        (
            "attributes",
            ask("7", "", &format!("<cwmp:Reboot{attributes}/>")),
        ),
        (
            "a long name",
            ask("7", "", &format!("<cwmp:{}/>", "x".repeat(1 << 20))),
        ),
        ("nothing but a tag", "<".repeat(1 << 20)),
    ] {
        let mut stage = Stage::quiet([say(INFORM_RESPONSE), line]);
        assert_eq!(stage.ended(), "failure", "{what}");
        assert_eq!(stage.methods(), ["Inform", ""], "{what}");
        assert_eq!(stage.cpe.state().deferred, Default::default(), "{what}");
    }
}
