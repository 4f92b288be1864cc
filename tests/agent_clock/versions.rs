//! Which version a session speaks (TR-069 3.7.4): every version that may be offered, towards ACSes of every version.

use std::sync::{Arc, Mutex};

use crate::cpe::{Cpe, settled};
use crate::support::acs::{Acs, Next};
use crate::support::brain::Session;
use crate::support::daemon::Daemon;
use crate::support::http::{Reply, Request};
use crate::support::inspect::Message;
use crate::support::rpc::{self, Rpc};

/// Amendments that `amd_version` may name, the version each offers and the Inform's namespace.
const OFFERS: [(&str, &str, u8); 6] = [
    ("1", "1.0", 0),
    ("2", "1.1", 1),
    ("3", "1.2", 2),
    ("4", "1.3", 2),
    ("5", "1.4", 2),
    ("6", "1.4", 2),
];

/// Table V: the namespace and the UseCWMPVersion of an ACS's InformResponse, and what is spoken when 1.0, 1.1, …, 1.4
/// were offered; nothing where the session fails.
#[rustfmt::skip]
const ACSES: [(u8, Option<&str>, [&str; 5]); 16] = [
    (0, None, ["1.0", "1.0", "1.0", "1.0", "1.0"]),
    (1, None, ["1.0", "1.1", "1.1", "1.1", "1.1"]),
    (2, None, ["1.0", "1.1", "1.2", "1.2", "1.2"]),
    // No schema has these two (VN-09).
    (3, None, ["1.0", "1.1", "1.2", "1.3", "1.3"]),
    (4, None, ["1.0", "1.1", "1.2", "1.3", "1.4"]),
    (2, Some("1.0"), ["1.0", "1.0", "1.0", "1.0", "1.0"]),
    (0, Some("1.0"), ["1.0", "1.0", "1.0", "1.0", "1.0"]),
    (2, Some("1.1"), ["", "1.1", "1.1", "1.1", "1.1"]),
    (2, Some("1.2"), ["", "", "1.2", "1.2", "1.2"]),
    (2, Some("1.3"), ["", "", "", "1.3", "1.3"]),
    (2, Some("1.4"), ["", "", "", "", "1.4"]),
    (2, Some("1.9"), ["", "", "", "", ""]),
    (2, Some("9.9"), ["", "", "", "", ""]),
    (2, Some("abc"), ["", "", "", "", ""]),
    (2, Some("1.4,1.3"), ["", "", "", "", ""]),
    (2, Some(""), ["", "", "", "", ""]),
];

/// The minor versions in order: the column of a row of [`ACSES`].
fn column(version: &str) -> usize {
    version.strip_prefix("1.").unwrap().parse().unwrap()
}

fn namespace(minor: u8) -> String {
    format!("urn:dslforum-org:cwmp-1-{minor}")
}

/// The only namespaces there are (VN-02).
fn namespace_of(version: &str) -> String {
    namespace(column(version).min(2) as u8)
}

/// What the Inform says of the versions (VN-01 VN-02 SO-18).
fn check_offer(inform: &Message, version: &str, minor: u8) {
    let offered = column(version);
    assert_eq!(inform.namespace, namespace(minor));
    let list = "1.0,1.1,1.2,1.3,1.4".to_owned();
    let list = (offered >= 4).then_some(list);
    assert_eq!(inform.text("SupportedCWMPVersions"), list, "{version}");
    // The default; no ACS is known to which a larger one would be of use.
    let timeout = (offered >= 3).then(|| "60".to_owned());
    assert_eq!(inform.text("SessionTimeout"), timeout, "{version}");
}

/// What the ACS asks in each session, and the version from which on the method exists.
fn questions() -> Vec<Rpc> {
    let mut all = vec![rpc::get_rpc_methods()];
    all.extend(VERSIONED.map(|(name, _)| Rpc::new(name, "")));
    all
}

const VERSIONED: [(&str, usize); 4] = [
    ("GetAllQueuedTransfers", 1),
    ("ScheduleDownload", 2),
    ("CancelTransfer", 2),
    ("ChangeDUState", 2),
];

/// Everything that is said after the Inform is of the version that was agreed on (VN-03 VN-05 VN-06).
fn check_session(session: &Session, version: &str) {
    let own = &session.requests[0];
    assert_eq!(own.method, "GetRPCMethods");
    for message in session.requests.iter().chain(&session.answers) {
        assert_eq!(message.namespace, namespace_of(version), "{}", message.xml);
        assert_eq!(message.text("SupportedCWMPVersions"), None);
        assert_eq!(message.text("SessionTimeout"), None);
    }
    let listed = session.answers[0].texts("string");
    for (answer, (name, since)) in session.answers[1..].iter().zip(VERSIONED) {
        if column(version) < since {
            assert!(!listed.iter().any(|n| n == name), "{name} in {version}");
            assert_eq!(answer.fault(), Some(9000), "{}", answer.xml);
            let text = answer.text("FaultString").unwrap();
            assert!(
                text.contains(&format!("cwmp {version} has no {name}")),
                "{text}"
            );
        } else {
            let works = answer.fault() != Some(9000);
            assert_eq!(works, listed.iter().any(|n| n == name), "{}", answer.xml);
        }
    }
}

fn home(url: &str, amendment: &str) -> Daemon {
    Daemon::new(url)
        .cpe("amd_version", amendment)
        .acs("get_rpc_methods", "1")
}

/// Turns until another session has failed; gives why.
fn failed(cpe: &mut Cpe, count: u64) -> String {
    cpe.until("a session to fail", |cpe| {
        let failed = cpe.status()["statistics"]["failure_sessions"] == count;
        failed.then_some(())
    });
    let reason = cpe.status()["last_session"]["reason"].clone();
    reason.as_str().unwrap().to_owned()
}

#[test]
fn every_offer_towards_every_acs() // VN-01 VN-02 VN-03 VN-04 VN-05 VN-06 VN-09 VN-10 SO-18 SO-19
{
    for (amendment, offered, minor) in OFFERS {
        let mut acs = Acs::start();
        let mut cpe = settled(home(&acs.url(), amendment), &mut acs);
        acs.try_inform();
        let mut failures = 0;
        for (answers, chosen, versions) in ACSES {
            let version = versions[column(offered)];
            let header = chosen.map(|chosen| {
                format!("<cwmp:UseCWMPVersion soapenv:mustUnderstand=\"1\">{chosen}</cwmp:UseCWMPVersion>")
            });
            acs.brain.change(|brain| {
                brain.namespace = namespace(answers);
                brain.inform_header = header.unwrap_or_default();
            });
            // Each session offers the highest again, whatever came of the one before (VN-10).
            if version.is_empty() {
                cpe.ask(crate::cpe::inform("8", false));
                check_offer(&cpe.informed(&mut acs), offered, minor);
                failures += 1;
                let reason = failed(&mut cpe, failures);
                let text = format!("the acs chose cwmp version {:?}", chosen.unwrap());
                assert!(reason.starts_with(&text), "{reason}");
                // A retry like any other, once the ACS knows better.
                acs.brain.change(|brain| brain.inform_header.clear());
                cpe.pass_seconds(1);
                let retried = cpe.session(&mut acs).inform;
                assert_eq!(retried.retry_count(), 1);
                assert_eq!(retried.events(), ["8 DIAGNOSTICS COMPLETE"]);
                acs.try_inform();
            } else {
                acs.plan(questions());
                cpe.inform();
                let session = cpe.session(&mut acs);
                acs.try_inform();
                check_offer(&session.inform, offered, minor);
                check_session(&session, version);
            }
        }
    }
}

/// An ACS that knows one namespace and answers every other with `refusal`.
fn strict(
    knows: &'static str,
    refusal: impl Fn(&Request) -> Reply + Send + 'static,
) -> impl FnMut(&Request, Next<'_>) -> Reply + Send {
    move |request, next| {
        if request.is("Inform") && !request.text().contains(knows) {
            refusal(request)
        } else {
            next(request)
        }
    }
}

fn fault_8006(request: &Request) -> Reply {
    let id = Message::parse(&request.body).id;
    Reply::xml(rpc::fault(&namespace(0), &id, 8006))
}

#[test]
fn an_acs_that_knows_only_an_old_namespace_is_met_there() // VN-08 VN-10
{
    let refusals: [fn(&Request) -> Reply; 3] = [
        |_| Reply::status(400).close(),
        |_| Reply::status(500).close(),
        fault_8006,
    ];
    for refusal in refusals {
        let mut acs = Acs::builder()
            .layer(strict("urn:dslforum-org:cwmp-1-0", refusal))
            .start();
        acs.brain.change(|brain| brain.namespace = namespace(0));
        let mut cpe = Cpe::start(home(&acs.url(), "5"));
        failed(&mut cpe, 1);
        cpe.pass_seconds(1);
        let session = cpe.session(&mut acs);
        check_offer(&session.inform, "1.0", 0);
        assert_eq!(session.inform.retry_count(), 1);
        assert_eq!(session.inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
        // The next session begins with the highest offer again.
        cpe.ask(crate::cpe::inform("8", false));
        failed(&mut cpe, 2);
        let last = acs.brain.lock().requests.last().unwrap().clone();
        check_offer(&Message::parse(&last.body), "1.4", 2);
    }
}

#[test]
fn where_no_version_fits_the_session_is_retried() // VN-07
{
    let informs = Arc::new(Mutex::new(Vec::new()));
    let seen = informs.clone();
    let acs = Acs::builder()
        .layer(move |request, _| {
            seen.lock().unwrap().push(Message::parse(&request.body));
            fault_8006(request)
        })
        .start();
    let mut cpe = Cpe::start(home(&acs.url(), "5"));
    for count in 1..=4 {
        let reason = failed(&mut cpe, count);
        assert_eq!(
            reason,
            "the acs refused the inform: fault 8006 \"scripted\""
        );
        assert_eq!(cpe.events(), ["0 BOOTSTRAP", "1 BOOT"]);
        cpe.pass_seconds(1);
    }
    for (at, inform) in informs.lock().unwrap().iter().enumerate() {
        assert_eq!(inform.method, "Inform", "nothing but Informs was sent");
        assert_eq!(inform.retry_count(), at as u32);
        let (offered, minor) = [("1.4", 2), ("1.0", 0)][at % 2];
        check_offer(inform, offered, minor);
    }
}
