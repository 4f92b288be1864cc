//! ChangeDUState, and what the ACS is told of it.

use crate::cpe::{Cpe, settled};
use crate::support::acs::Acs;
use crate::support::brain::Session;
use crate::support::daemon::Daemon;
use crate::support::http::Reply;
use crate::support::rpc::{Rpc, escape};
use crate::transfers::Files;

const UNIT: &str = "11111111-2222-3333-4444-555555555555";

fn operation(kind: &str, arguments: &str) -> String {
    format!("<Operations xsi:type=\"cwmp:{kind}OpStruct\">{arguments}</Operations>")
}

fn install(url: &str, uuid: &str) -> String {
    let url = escape(url);
    operation(
        "Install",
        &format!(
            "<URL>{url}</URL><UUID>{uuid}</UUID><Username></Username><Password></Password>\
             <ExecutionEnvRef></ExecutionEnvRef>"
        ),
    )
}

fn uninstall(uuid: &str) -> String {
    operation(
        "Uninstall",
        &format!("<UUID>{uuid}</UUID><Version></Version><ExecutionEnvRef></ExecutionEnvRef>"),
    )
}

fn order(key: &str, operations: &[String]) -> Rpc {
    let arguments = format!("{}<CommandKey>{key}</CommandKey>", operations.concat());
    Rpc::new("ChangeDUState", &arguments)
}

/// A device whose hooks say what they were called with.
fn device(acs: &Acs) -> Daemon {
    let home = Daemon::new(&acs.url());
    let install = "#!/bin/sh\necho \"$2 $(cat \"$1\")\" >> \"${0%/*}/called\"\n\
                   echo uuid=wrong\necho \"uuid=$2\"\necho version=7\n";
    home.write_program("usr/lib/cwmpd/hooks/du-install", install);
    let uninstall = "#!/bin/sh\necho \"$1\" >> \"${0%/*}/called\"\nexit 28\n";
    home.write_program("usr/lib/cwmpd/hooks/du-uninstall", uninstall);
    home
}

fn told(cpe: &mut Cpe, acs: &mut Acs) -> Session {
    let session = cpe.session(acs);
    assert_eq!(session.requests[0].method, "DUStateChangeComplete");
    session
}

#[test]
fn operations_are_done_in_order_and_one_that_fails_stops_none() // RB-06 RB-07 EV-14
{
    let files = Files::with("unit");
    let mut acs = Acs::start();
    acs.plan([order(
        "du-1",
        &[
            install(&files.url("/a.ipk"), UNIT),
            uninstall(UNIT),
            install("gopher://h/", UNIT),
            install(&files.url("/b.ipk"), ""),
        ],
    )]);
    let mut cpe = Cpe::start(device(&acs));
    let first = cpe.session(&mut acs);
    assert_eq!(first.answers[0].fault(), None);
    let session = told(&mut cpe, &mut acs);
    let events = session.inform.events_and_keys();
    assert!(events.contains(&("M ChangeDUState".to_owned(), "du-1".to_owned())));
    assert!(
        events
            .iter()
            .any(|(event, _)| event == "11 DU STATE CHANGE COMPLETE")
    );
    let told = &session.requests[0];
    assert_eq!(told.text("CommandKey").unwrap(), "du-1");
    assert_eq!(told.texts("FaultCode"), ["0", "9028", "9013", "0"]);
    let states = told.texts("CurrentState");
    assert_eq!(states, ["Installed", "Failed", "Failed", "Installed"]);
    assert_eq!(told.texts("Version"), ["7", "", "", "7"]);
    let uuids = told.texts("UUID");
    assert_eq!(uuids[..3], [UNIT; 3]);
    let calls = cpe.home.read("usr/lib/cwmpd/hooks/called");
    assert_eq!(calls, format!("{UNIT} unit\n{UNIT}\n{} unit\n", uuids[3]));
    cpe.settle();
    assert!(cpe.state().software.is_empty() && cpe.state().reports.is_empty());
    assert!(cpe.events().is_empty());
}

#[test]
fn an_operation_that_was_interrupted_is_not_done_twice() // RB-06
{
    let mut acs = Acs::start();
    acs.plan([order("du", &[uninstall(UNIT), uninstall(UNIT)])]);
    let home = device(&acs);
    let slow = "#!/bin/sh\necho x >> \"${0%/*}/called\"\n[ -e \"${0%/*}/quick\" ] || sleep 60\n";
    home.write_program("usr/lib/cwmpd/hooks/du-uninstall", slow);
    let mut cpe = Cpe::start(home);
    cpe.session(&mut acs);
    let called = cpe.home.path("usr/lib/cwmpd/hooks/called");
    cpe.until("the hook", |_| called.exists().then_some(()));
    cpe.home.write("usr/lib/cwmpd/hooks/quick", b"");
    cpe.restart();
    let session = told(&mut cpe, &mut acs);
    assert_eq!(session.requests[0].texts("FaultCode"), ["9001", "0"]);
    assert_eq!(cpe.home.read("usr/lib/cwmpd/hooks/called"), "x\nx\n");
}

#[test]
fn a_package_that_is_not_there_and_hooks_that_are_not_there_are_told() // RB-06
{
    let files = Files::start(|_| Reply::status(404));
    let mut acs = Acs::start();
    acs.plan([order(
        "du",
        &[install(&files.url("/"), UNIT), uninstall(UNIT)],
    )]);
    let home = device(&acs);
    std::fs::remove_file(home.path("usr/lib/cwmpd/hooks/du-uninstall")).unwrap();
    let mut cpe = Cpe::start(home);
    cpe.session(&mut acs);
    let session = told(&mut cpe, &mut acs);
    assert_eq!(session.requests[0].texts("FaultCode"), ["9016", "9001"]);
}

#[test]
fn orders_that_there_is_no_room_for_are_9004() // RB-06
{
    let mut acs = Acs::start();
    acs.plan((0..9).map(|n| order(&n.to_string(), &[uninstall("x")])));
    let mut cpe = settled(device(&acs), &mut acs);
    let session = acs.brain.lock().sessions[0].clone();
    let faults: Vec<_> = session
        .answers
        .iter()
        .map(|answer| answer.fault())
        .collect();
    assert_eq!(faults[..8], [None; 8]);
    assert_eq!(faults[8], Some(9004));
    cpe.until("the end", |cpe| {
        cpe.state().software.is_empty().then_some(())
    });
}
