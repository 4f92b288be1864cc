//! How changes are found and told: by whom they were made, how many, when.

use std::time::Duration;

use cwmpd::agent::command::{Command, Reply};

use crate::attributes::{ROOTS, change_of, done, gateway, quiet, set};
use crate::cpe::{Cpe, settled};
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;
use crate::support::wait::Gate;

/// An ACS that from session `number` (the first is 1) on answers empty POSTs when the gate opens.
fn slow(number: usize) -> (Acs, Gate) {
    let gate = Gate::new();
    let (held, mut informs) = (gate.clone(), 0);
    let acs = Acs::builder()
        .layer(move |request, next| {
            informs +=
                usize::from(String::from_utf8_lossy(&request.body).contains("<cwmp:Inform>"));
            match request.body.is_empty() && informs >= number {
                true => next(request).hold(&held),
                false => next(request),
            }
        })
        .start();
    (acs, gate)
}

#[test]
fn instances_that_the_acs_adds_and_deletes_are_no_news_to_it() // NO-04
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(gateway(&acs, model), &mut acs);
        let root = model.0;
        let table = format!("{root}X_EX.Unit.");
        let count = format!("{root}X_EX.UnitNumberOfEntries");
        done(
            &mut cpe,
            &mut acs,
            [
                rpc::set_notification(&[&count], 2),
                rpc::add_object(&table, ""),
                rpc::add_object(&table, ""),
                rpc::delete_object(&format!("{table}1."), ""),
            ],
        );
        cpe.command(Command::Notify);
        quiet(&mut cpe, &mut acs);
        // Somebody else's are.
        crate::attributes::add(&mut cpe, &table);
        change_of(&mut cpe, &mut acs, &count, "2");
    }
}

#[test]
fn what_others_change_in_a_session_is_told_apart_from_what_the_acs_sets() // NO-04 NO-06
{
    for model in ROOTS {
        let (mut acs, gate) = slow(2);
        let [value, other] = ["Value", "Other"].map(|name| format!("{}X_EX.{name}", model.0));
        let (value, other) = (&*value, &*other);
        acs.plan([rpc::set_notification(&[value, other], 2)]);
        let mut cpe = Cpe::start(gateway(&acs, model));
        cpe.session(&mut acs);
        acs.plan([rpc::set_values(&[(value, "string", "acs")], "")]);
        cpe.inform();
        cpe.until("the empty POST", |cpe| {
            (cpe.status()["last_session"]["state"] == "ExpectAcsRequest").then_some(())
        });
        // Both change after the Inform; one of them is then set by the ACS.
        set(&mut cpe, value, "local");
        set(&mut cpe, other, "local");
        gate.open();
        let session = cpe.session(&mut acs);
        assert_eq!(session.answers[0].fault(), None);
        let inform = cpe.session(&mut acs).inform;
        assert_eq!(inform.events(), ["4 VALUE CHANGE"]);
        assert_eq!(inform.values()[other], "local");
        assert!(!inform.values().contains_key(value));
        quiet(&mut cpe, &mut acs);
    }
}

#[test]
fn a_change_in_a_session_waits_for_the_throttle_too() // NO-06 NO-07
{
    let (mut acs, gate) = slow(1);
    let home = gateway(&acs, ROOTS[0]).cpe("active_notif_throttle", "30");
    let code = "Device.DeviceInfo.ProvisioningCode";
    let mut cpe = Cpe::start(home);
    cpe.informed(&mut acs);
    set(&mut cpe, code, "meanwhile");
    gate.open();
    cpe.session(&mut acs);
    cpe.settle();
    assert_eq!(cpe.next(), Some(Duration::from_secs(30)));
    let status = cpe.status();
    assert_eq!(
        status["next_session"]["value_change"],
        "2026-11-22T12:00:30Z"
    );
    assert_eq!(
        status["cwmp"]["value_changes"],
        "the data model tells of them"
    );
    cpe.pass_seconds(30);
    assert!(cpe.status()["next_session"]["value_change"].is_null());
    change_of(&mut cpe, &mut acs, code, "meanwhile");
}

#[test]
fn the_throttle_holds_over_a_restart_and_changes_at_once() // NO-07 NO-14
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let home = gateway(&acs, model).cpe("active_notif_throttle", "30");
        let mut cpe = settled(home, &mut acs);
        let root = model.0;
        let code = format!("{root}DeviceInfo.ProvisioningCode");
        set(&mut cpe, &code, "one");
        cpe.pass_seconds(10);
        cpe.restart();
        cpe.settle();
        assert_eq!(cpe.next(), Some(Duration::from_secs(30)));
        cpe.pass_seconds(30);
        change_of(&mut cpe, &mut acs, &code, "one");
        // The ACS shortens it while a change waits.
        let throttle = format!("{root}ManagementServer.DefaultActiveNotificationThrottle");
        set(&mut cpe, &code, "two");
        cpe.pass_seconds(5);
        done(
            &mut cpe,
            &mut acs,
            [rpc::set_values(&[(&throttle, "unsignedInt", "7")], "")],
        );
        set(&mut cpe, &code, "three");
        cpe.settle();
        assert_eq!(cpe.next(), Some(Duration::from_secs(7)));
        // And somebody else lengthens it.
        set(&mut cpe, &throttle, "60");
        cpe.settle();
        assert_eq!(cpe.next(), Some(Duration::from_secs(60)));
        cpe.pass_seconds(60);
        change_of(&mut cpe, &mut acs, &code, "three");
    }
}

#[test]
fn passive_changes_ride_whatever_the_session_is_for() // NO-03 EV-15
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let home = gateway(&acs, model)
            .acs("periodic_inform_enable", "1")
            .acs("periodic_inform_interval", "100");
        let mut cpe = settled(home, &mut acs);
        let value = &*format!("{}X_EX.Value", model.0);
        done(&mut cpe, &mut acs, [rpc::set_notification(&[value], 1)]);
        let mut next = |cpe: &mut Cpe, new: &str, cause: &str| {
            set(cpe, value, new);
            cpe.settle();
            assert!(acs.try_session().is_none());
            match cause {
                "2 PERIODIC" => cpe.pass_seconds(100),
                "8 DIAGNOSTICS COMPLETE" => drop(cpe.command(crate::cpe::inform("8", false))),
                _ => cpe.inform(),
            }
            let inform = cpe.session(&mut acs).inform;
            assert_eq!(inform.events().len(), 2, "{cause}");
            assert!(inform.events().contains(&cause.to_owned()));
            assert!(inform.events().contains(&"4 VALUE CHANGE".to_owned()));
            assert_eq!(inform.values()[value], new);
        };
        next(&mut cpe, "1", "2 PERIODIC");
        next(&mut cpe, "2", "8 DIAGNOSTICS COMPLETE");
        next(&mut cpe, "3", "6 CONNECTION REQUEST");
    }
}

#[test]
fn a_value_that_changed_back_is_no_change() // NO-05 EV-15
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(gateway(&acs, model), &mut acs);
        let value = &*format!("{}X_EX.Value", model.0);
        done(&mut cpe, &mut acs, [rpc::set_notification(&[value], 1)]);
        set(&mut cpe, value, "B");
        set(&mut cpe, value, "");
        cpe.inform();
        let inform = cpe.session(&mut acs).inform;
        assert_eq!(inform.events(), ["6 CONNECTION REQUEST"]);
        assert!(!inform.values().contains_key(value));
    }
}

#[test]
fn more_changes_than_an_inform_should_carry_come_in_several() // EV-15 NO-03
{
    let mut acs = Acs::start();
    let home = gateway(&acs, ROOTS[0]);
    let mut profile = home.read("etc/cwmpd/profile.toml");
    profile.push_str("[\"Device.X_EX.Many.\"]\n");
    for n in 0..700 {
        profile.push_str(&format!("P{n:03} = {{ writable = true }}\n"));
    }
    home.write("etc/cwmpd/profile.toml", profile.as_bytes());
    let mut cpe = settled(home, &mut acs);
    done(
        &mut cpe,
        &mut acs,
        [
            rpc::set_notification(&["Device.X_EX.Many."], 1),
            rpc::set_notification(&["Device.X_EX.Many.P650"], 2),
        ],
    );
    let values = (0..700)
        .map(|n| (format!("Device.X_EX.Many.P{n:03}"), "x".to_owned()))
        .collect();
    assert!(matches!(cpe.command(Command::Set { values }), Reply::Ok(_)));
    let many = |inform: &crate::support::inspect::Message| {
        let values = inform.values();
        let many = values.keys().filter(|name| name.contains(".Many."));
        many.cloned().collect::<Vec<_>>()
    };
    let first = cpe.session(&mut acs).inform;
    assert_eq!(first.events(), ["4 VALUE CHANGE"]);
    assert_eq!(many(&first).len(), 512);
    assert!(many(&first).contains(&"Device.X_EX.Many.P650".to_owned()));
    // The rest is passive: it waits for a cause.
    quiet(&mut cpe, &mut acs);
    cpe.inform();
    let rest = cpe.session(&mut acs).inform;
    assert_eq!(many(&rest).len(), 188);
    cpe.inform();
    let none = cpe.session(&mut acs).inform;
    assert_eq!(none.events(), ["6 CONNECTION REQUEST"]);
}

/// A program that answers from files, and to a write sets what `Device.X_EX.Value` is. It counts what it is asked.
const PROGRAM: &str = r#"#!/bin/sh
[ -e ROOT/tells ] && echo '{"changed":[]}'
while read -r request; do
    id=${request#*:}
    id=${id%%,*}
    case $request in
        *'"apply"'*)
            sed -i 's/"SIDE"/"changed by it"/' ROOT/parameters
            echo "{\"id\":$id,\"ok\":true}" ;;
        *) echo "{\"id\":$id,\"parameters\":[$(cat ROOT/parameters)]}" ;;
    esac
    echo "$request" >> ROOT/asked
done
"#;

fn exec(acs: &Acs, tells: bool) -> Daemon {
    let home = Daemon::new(&acs.url())
        .cpe("backend", "exec")
        .cpe("exec", "/program");
    let names = [
        "Manufacturer",
        "ManufacturerOUI",
        "SerialNumber",
        "HardwareVersion",
        "SoftwareVersion",
        "ProvisioningCode",
    ];
    let mut parameters: Vec<String> = names
        .iter()
        .map(|name| format!(r#"{{"path":"Device.DeviceInfo.{name}","value":"00D0D0"}}"#))
        .collect();
    parameters.push(r#"{"path":"Device.RootDataModelVersion","value":"2.17"}"#.into());
    for (name, value) in [("Value", "v"), ("Other", "SIDE"), ("Third", "3")] {
        parameters.push(format!(
            r#"{{"path":"Device.X_EX.{name}","value":"{value}","writable":true}}"#
        ));
    }
    home.write("parameters", parameters.join(",").as_bytes());
    if tells {
        home.write("tells", b"");
    }
    home.write_program(
        "program",
        &PROGRAM.replace("ROOT", home.root.to_str().unwrap()),
    );
    home
}

/// How often it was asked for what.
fn asked(cpe: &Cpe, what: &str) -> usize {
    std::fs::read_to_string(cpe.home.path("asked")).map_or(0, |text| {
        text.lines().filter(|line| line.contains(what)).count()
    })
}

/// Turns until the program has nothing to answer any more.
fn rest(cpe: &mut Cpe) {
    cpe.settle();
    let probe = vec!["Device.X_EX.Value".to_owned()];
    let reply = cpe.command(Command::Get { paths: probe });
    assert!(matches!(reply, Reply::Ok(_)), "{reply:?}");
    cpe.settle();
}

#[test]
fn a_program_that_does_not_tell_is_asked_for_the_watched_values_alone() // NO-02 NO-14
{
    let mut acs = Acs::start();
    let home = exec(&acs, false).cpe("periodic_notify_interval", "20");
    let mut cpe = settled(home, &mut acs);
    rest(&mut cpe);
    let names = asked(&cpe, "\"values\":false");
    assert_eq!(names, 1);
    assert_eq!(cpe.next(), Some(Duration::from_secs(20)));
    let parameters = cpe.home.read("parameters");
    let changed = parameters.replace(
        r#"SoftwareVersion","value":"00D0D0""#,
        r#"SoftwareVersion","value":"2.0""#,
    );
    cpe.home.write("parameters", changed.as_bytes());
    cpe.jump(Duration::from_secs(20));
    change_of(
        &mut cpe,
        &mut acs,
        "Device.DeviceInfo.SoftwareVersion",
        "2.0",
    );
    rest(&mut cpe);
    assert_eq!(asked(&cpe, "\"values\":false"), names);
    assert!(cpe.next().is_some());
}

#[test]
fn a_program_that_tells_is_left_alone() // NO-14
{
    let mut acs = Acs::start();
    let mut cpe = settled(exec(&acs, true), &mut acs);
    rest(&mut cpe);
    assert_eq!(cpe.next(), None);
    // So is one that does not, when that is wanted.
    let home = exec(&acs, false).cpe("periodic_notify_enable", "0");
    let mut cpe = settled(home, &mut acs);
    rest(&mut cpe);
    assert_eq!(cpe.next(), None);
}

#[test]
fn what_a_program_changes_along_with_what_the_acs_sets_is_no_news() // NO-04 NO-06
{
    let (mut acs, gate) = slow(2);
    let (value, other, third) = (
        "Device.X_EX.Value",
        "Device.X_EX.Other",
        "Device.X_EX.Third",
    );
    acs.plan([rpc::set_notification(&[value, other, third], 2)]);
    let mut cpe = Cpe::start(exec(&acs, true));
    assert_eq!(cpe.session(&mut acs).answers[0].fault(), None);
    rest(&mut cpe);
    acs.plan([rpc::set_values(&[(value, "string", "w")], "")]);
    cpe.inform();
    cpe.until("the empty POST", |cpe| {
        (cpe.status()["last_session"]["state"] == "ExpectAcsRequest").then_some(())
    });
    // By itself, after the Inform and before the ACS sets another one; the program does not tell.
    let parameters = cpe.home.read("parameters");
    let parameters = parameters.replace(r#""value":"3""#, r#""value":"4""#);
    cpe.home.write("parameters", parameters.as_bytes());
    gate.open();
    assert_eq!(cpe.session(&mut acs).answers[0].fault(), None);
    rest(&mut cpe);
    assert!(cpe.home.read("parameters").contains("changed by it"));
    assert_eq!(cpe.state().notified.get(other), Some("changed by it"));
    cpe.command(Command::Notify);
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.values().get(third).map(String::as_str), Some("4"));
    assert!(!inform.values().contains_key(other));
}
