//! How long things may take.

use std::time::Duration;

use cwmpd::agent::command::{Command, Reply};
use cwmpd::datamodel::Info;
use cwmpd::datamodel::attributes::Notification;

use crate::cpe::{Cpe, inform};
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;
use crate::support::wait::Gate;

/// An ACS whose every answer from POST `silent` on waits for the gate.
fn silent_from(silent: usize) -> (Acs, Gate) {
    let (gate, mut posts) = (Gate::new(), 0);
    let held = gate.clone();
    let acs = Acs::builder()
        .layer(move |request, next| {
            posts += 1;
            let reply = next(request);
            if posts >= silent {
                reply.hold(&held)
            } else {
                reply
            }
        })
        .start();
    (acs, gate)
}

fn reason(cpe: &mut Cpe) -> String {
    cpe.status()["last_session"]["reason"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_silent_acs_is_given_up_after_thirty_seconds() // SE-18 HT-21
{
    let (mut acs, gate) = silent_from(2);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.informed(&mut acs);
    cpe.until("the second POST", |_| {
        (acs.brain.lock().requests.len() > 1).then_some(())
    });
    cpe.jump(Duration::from_millis(29_999));
    assert_eq!(cpe.status()["last_session"]["status"], "running");
    assert_eq!(cpe.next(), Some(Duration::from_millis(1)));
    cpe.jump(Duration::from_millis(1));
    assert_eq!(cpe.status()["last_session"]["status"], "failure");
    assert!(!reason(&mut cpe).is_empty());
    gate.open();
}

#[test]
fn an_acs_without_end_is_given_up_after_a_quarter_of_an_hour() // SE-18
{
    let mut acs = Acs::start();
    acs.plan(std::iter::repeat_n(rpc::get_rpc_methods(), 100_000));
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.informed(&mut acs);
    let mut passed = 0;
    while cpe.status()["last_session"]["status"] == "running" {
        assert!(passed < 900, "still at it");
        let before = acs.brain.lock().requests.len();
        cpe.until("another exchange", |_| {
            (acs.brain.lock().requests.len() > before + 1).then_some(())
        });
        cpe.jump(Duration::from_secs(10));
        passed += 10;
    }
    assert_eq!(passed, 900);
    assert!(reason(&mut cpe).contains("longer than 900 s"));
}

#[test]
fn a_stop_in_a_session_takes_less_than_five_seconds() {
    let (mut acs, gate) = silent_from(2);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.informed(&mut acs);
    cpe.until("the second POST", |cpe| {
        (cpe.status()["last_session"]["state"] == "ExpectAcsRequest").then_some(())
    });
    assert!(matches!(cpe.command(Command::Stop), Reply::Ok(_)));
    let now = cpe.now();
    assert!(!cpe.agent().stopped(now));
    let left = cpe.next().unwrap();
    assert!(left < Duration::from_secs(5));
    cpe.jump(left);
    let now = cpe.now();
    assert!(cpe.agent().stopped(now));
    gate.open();
}

/// A program that answers when the test lets it: with what a gateway needs, from a file.
const PROGRAM: &str = r#"#!/bin/sh
while read -r request; do
    echo asked >> ROOT/asked
    read -r line < ROOT/go
    id=${request#*:}
    id=${id%%,*}
    parameters=$(cat ROOT/parameters)
    case $request in
        *'"apply"'*) echo "{\"id\":$id,\"ok\":true}" ;;
        *) echo "{\"id\":$id,\"parameters\":[$parameters]}" ;;
    esac
done
"#;

fn exec(acs: &Acs) -> Daemon {
    let home = Daemon::new(&acs.url())
        .cpe("backend", "exec")
        .cpe("exec", "/program")
        .cpe("exec_timeout", "20");
    home.make_pipe("go");
    let names = [
        "Manufacturer",
        "ManufacturerOUI",
        "ProductClass",
        "SerialNumber",
        "HardwareVersion",
        "SoftwareVersion",
    ];
    let mut parameters: Vec<String> = names
        .iter()
        .map(|name| format!(r#"{{"path":"Device.DeviceInfo.{name}","value":"00D0D0"}}"#))
        .collect();
    parameters
        .push(r#"{"path":"Device.DeviceInfo.ProvisioningCode","value":"","writable":true}"#.into());
    parameters.push(r#"{"path":"Device.RootDataModelVersion","value":"2.17"}"#.into());
    home.write("parameters", parameters.join(",").as_bytes());
    home.write_program(
        "program",
        &PROGRAM.replace("ROOT", home.root.to_str().unwrap()),
    );
    home
}

fn asked(cpe: &Cpe) -> usize {
    std::fs::read_to_string(cpe.home.path("asked")).map_or(0, |text| text.lines().count())
}

/// Turns until there is something, and lets the program answer each question meanwhile.
fn answering<R>(
    cpe: &mut Cpe,
    answered: &mut usize,
    what: &str,
    mut ready: impl FnMut(&mut Cpe) -> Option<R>,
) -> R {
    cpe.until(what, |cpe| {
        let result = ready(cpe);
        if result.is_none() && asked(cpe) > *answered {
            *answered += 1;
            cpe.home.write_pipe("go", "go");
        }
        result
    })
}

fn state(cpe: &mut Cpe, wanted: &str) -> Option<()> {
    (cpe.status()["last_session"]["state"] == wanted).then_some(())
}

#[test]
fn a_program_that_never_answers_holds_up_nothing_else() // SE-19 GV-10 CR-09
{
    let mut acs = Acs::start();
    acs.plan([rpc::get_values(&["Device.DeviceInfo."])]);
    let mut cpe = Cpe::start(exec(&acs));
    let mut answered = 0;
    answering(&mut cpe, &mut answered, "an Inform", |_| acs.try_inform());
    cpe.until("the question of the ACS", |cpe| state(cpe, "Preparing"));
    // Now it is silent. Everything else goes on.
    assert_eq!(cpe.connection_request(), 200);
    let client = cpe.ask(Command::Get {
        paths: vec!["Device.".into()],
    });
    assert!(cpe.reply(client).is_none());
    cpe.until("the end of the session", |cpe| {
        cpe.jump(Duration::from_secs(5));
        acs.try_session()
    });
    let session = acs.brain.lock().sessions[0].clone();
    assert_eq!(session.answers[0].fault(), Some(9002));
    let reply = cpe.until("an answer", |cpe| {
        cpe.jump(Duration::from_secs(5));
        cpe.reply(client)
    });
    assert!(matches!(reply, Reply::Fault { code: 9002, .. }));
}

#[test]
fn a_session_that_ended_while_its_inform_was_prepared_leaves_no_second_inform() // SE-02
{
    // The Inform's values are asked for by a session that runs out, because others ask before; the next one asks
    // again while the old question is still with the program.
    let mut acs = Acs::start();
    acs.plan([rpc::get_values(&["Device.DeviceInfo."])]);
    let mut cpe = Cpe::start(exec(&acs).cpe("exec_timeout", "600"));
    cpe.until("the session", |cpe| state(cpe, "Preparing"));
    // Two looks for changes come first: at the start, and for the address.
    for question in 1..=3 {
        cpe.until("a question", |cpe| (asked(cpe) == question).then_some(()));
        match question {
            2 => cpe.jump(Duration::from_secs(590)),
            3 => cpe.jump(Duration::from_secs(311)),
            _ => {}
        }
        if question < 3 {
            cpe.home.write_pipe("go", "go");
        }
    }
    let mut answered = 2;
    assert_eq!(cpe.status()["last_session"]["status"], "failure");
    cpe.jump(Duration::from_secs(2));
    cpe.until("the next session", |cpe| state(cpe, "Preparing"));
    answering(&mut cpe, &mut answered, "a session", |_| acs.try_session());
    assert_eq!(acs.brain.lock().informs.len(), 1);
}

#[test]
fn any_clock_and_any_configuration_is_survived() {
    for unix in [0, 1, i64::from(u32::MAX) * 3, 253_402_300_800, i64::MAX / 2] {
        let mut acs = Acs::start();
        let home = Daemon::new(&acs.url())
            .acs("periodic_inform_enable", "1")
            .acs("periodic_inform_interval", "4294967295")
            .acs("periodic_inform_time", "9999-12-31T23:59:59Z")
            .acs("retry_min_wait_interval", "65535")
            .acs("retry_interval_multiplier", "65535")
            .cpe("active_notif_throttle", "4294967295");
        acs.plan([rpc::schedule_inform(u32::MAX, "never")]);
        let mut cpe = Cpe::start_at(home, unix);
        cpe.session(&mut acs);
        assert!(matches!(
            cpe.set("Device.DeviceInfo.ProvisioningCode", "x"),
            Reply::Ok(_)
        ));
        acs.stop();
        cpe.ask(inform("8", false));
        for _ in 0..12 {
            cpe.settle();
            let wait = cpe.next().unwrap();
            cpe.jump(wait);
        }
        cpe.status();
        cpe.restart();
        cpe.settle();
        cpe.step_clock(-unix);
        cpe.turn();
        cpe.restart();
        cpe.settle();
        cpe.status();
    }
}

#[test]
fn attributes_of_the_other_root_model_are_not_asked_for() // NO-11
{
    let mut acs = Acs::start();
    let name = "Device.ManagementServer.PeriodicInformInterval";
    acs.plan([rpc::set_notification(
        &["Device.DeviceInfo.ModelName", name],
        1,
    )]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    assert_eq!(cpe.session(&mut acs).answers[0].fault(), None);
    acs.try_inform();
    cpe.kill();
    // The firmware now has a program that speaks TR-098.
    cpe.home = {
        let old = cpe.home;
        let home = exec(&acs).cpe("datamodel", "tr098");
        home.write(
            "etc/cwmpd/state.toml",
            old.read("etc/cwmpd/state.toml").as_bytes(),
        );
        let parameters = home.read("parameters");
        let parameters = parameters.replace("Device.", "InternetGatewayDevice.")
            + r#",{"path":"InternetGatewayDevice.DeviceSummary","value":""}"#
            + r#",{"path":"InternetGatewayDevice.DeviceInfo.SpecVersion","value":"1.0"}"#;
        home.write("parameters", parameters.as_bytes());
        home.write_config();
        home
    };
    cpe.restart();
    let client = cpe.ask(inform("6", false));
    assert!(cpe.reply(client).is_some());
    let mut answered = 0;
    let events = answering(&mut cpe, &mut answered, "an Inform", |_| acs.try_inform()).events();
    assert!(events.contains(&"6 CONNECTION REQUEST".to_owned()));
    let attributes = cpe.state().attributes;
    let notification = attributes.notification(name, &Info::default());
    assert_eq!(notification, Notification::Passive);
}
