//! Value changes, in both root models.

use std::time::Duration;

use cwmpd::agent::command::{Command, Reply};

use crate::cpe::{Cpe, settled, shown};
use crate::inform::ROOTS;
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::inspect::Message;
use crate::support::rpc;
use crate::support::wait::Gate;

fn code(root: &str) -> String {
    format!("{root}DeviceInfo.ProvisioningCode")
}

fn set(cpe: &mut Cpe, root: &str, value: &str) {
    let reply = cpe.set(&code(root), value);
    assert!(matches!(reply, Reply::Ok(_)), "{reply:?}");
}

fn watch(cpe: &mut Cpe, acs: &mut Acs, name: &str, notification: u8) {
    acs.plan([rpc::set_notification(&[name], notification)]);
    cpe.inform();
    let answers = cpe.session(acs).answers;
    assert_eq!(answers[0].fault(), None);
}

fn changed(inform: &Message, name: &str, value: &str) -> bool {
    inform.events().contains(&"4 VALUE CHANGE".to_owned())
        && inform.values().get(name).is_some_and(|v| v == value)
}

#[test]
fn an_active_change_opens_a_session_and_a_passive_one_rides_along() // NO-02 NO-03 NO-05
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        set(&mut cpe, root, "one");
        assert!(changed(&cpe.session(&mut acs).inform, &code(root), "one"));

        let name = format!("{root}ManagementServer.PeriodicInformInterval");
        watch(&mut cpe, &mut acs, &name, 1);
        for value in ["5000", "6000"] {
            assert!(matches!(cpe.set(&name, value), Reply::Ok(_)));
        }
        cpe.pass_seconds(1000);
        assert!(acs.try_session().is_none());
        cpe.inform();
        let inform = cpe.session(&mut acs).inform;
        assert!(changed(&inform, &name, "6000"));
        assert_eq!(inform.events(), ["4 VALUE CHANGE", "6 CONNECTION REQUEST"]);
        cpe.inform();
        assert!(!changed(&cpe.session(&mut acs).inform, &name, "6000"));
    }
}

#[test]
fn the_throttle_counts_from_the_end_of_the_last_session() // NO-07
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let home = Daemon::new(&acs.url())
            .profile(profile)
            .cpe("active_notif_throttle", "30");
        let mut cpe = settled(home, &mut acs);
        cpe.pass_seconds(5);
        set(&mut cpe, root, "one");
        cpe.settle();
        assert_eq!(cpe.next(), Some(Duration::from_secs(25)));
        cpe.pass_seconds(25);
        assert!(changed(&cpe.session(&mut acs).inform, &code(root), "one"));
        // Another cause carries it earlier.
        cpe.pass_seconds(5);
        set(&mut cpe, root, "two");
        cpe.pass_seconds(5);
        cpe.inform();
        assert!(changed(&cpe.session(&mut acs).inform, &code(root), "two"));
        cpe.pass_seconds(100);
        assert!(acs.try_session().is_none());
        // Long after the last session it is told at once.
        set(&mut cpe, root, "three");
        assert!(changed(&cpe.session(&mut acs).inform, &code(root), "three"));
    }
}

#[test]
fn a_throttled_change_survives_a_restart() // NO-14 EV-09
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let home = Daemon::new(&acs.url())
            .profile(profile)
            .cpe("active_notif_throttle", "30");
        let mut cpe = settled(home, &mut acs);
        set(&mut cpe, root, "one");
        cpe.settle();
        cpe.reboot("00000000-0000-4000-8000-000000000002");
        assert!(changed(&cpe.session(&mut acs).inform, &code(root), "one"));
    }
}

#[test]
fn a_change_within_a_session_is_told_in_the_next() // NO-06
{
    for (root, profile) in ROOTS {
        let gate = Gate::new();
        let held = gate.clone();
        let mut acs = Acs::builder()
            .layer(move |request, next| match request.body.is_empty() {
                true => next(request).hold(&held),
                false => next(request),
            })
            .start();
        let mut cpe = Cpe::start(Daemon::new(&acs.url()).profile(profile));
        cpe.informed(&mut acs);
        set(&mut cpe, root, "meanwhile");
        gate.open();
        cpe.session(&mut acs);
        assert!(changed(
            &cpe.session(&mut acs).inform,
            &code(root),
            "meanwhile"
        ));
    }
}

#[test]
fn what_the_acs_sets_itself_is_no_news_to_it() // NO-04
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let name = format!("{root}ManagementServer.PeriodicInformInterval");
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        watch(&mut cpe, &mut acs, &name, 2);
        acs.plan([rpc::set_values(
            &[
                (&code(root), "string", "acs"),
                (&name, "unsignedInt", "4321"),
            ],
            "",
        )]);
        cpe.inform();
        cpe.session(&mut acs);
        cpe.command(Command::Notify);
        cpe.pass_seconds(1);
        cpe.restart();
        cpe.settle();
        cpe.inform();
        let events = cpe.session(&mut acs).inform.events();
        assert_eq!(events, ["6 CONNECTION REQUEST"]);
    }
}

#[test]
fn what_changed_while_the_daemon_was_down_is_found_at_start() // NO-14
{
    for (root, profile) in ROOTS {
        let name = format!("{root}DeviceInfo.SoftwareVersion");
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        let profile = cpe.home.read("etc/cwmpd/profile.toml");
        let version = {
            acs.plan([rpc::get_values(&[&name])]);
            cpe.inform();
            cpe.session(&mut acs).answers[0].values()[&name].clone()
        };
        cpe.kill();
        cpe.home.write(
            "etc/cwmpd/profile.toml",
            profile.replace(&version, "99.9").as_bytes(),
        );
        cpe.restart();
        let inform = cpe.session(&mut acs).inform;
        assert!(changed(&inform, &name, "99.9"));
        assert_eq!(inform.events(), ["4 VALUE CHANGE"]);
        // IN-05
        let names = inform.texts("Name");
        let versions = names.iter().filter(|n| n.ends_with(".SoftwareVersion"));
        assert_eq!(versions.count(), 1);
    }
}

#[test]
fn switched_off_it_is_quiet_and_the_forced_ones_cannot_be() // NO-08 NO-11
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let name = format!("{root}ManagementServer.PeriodicInformInterval");
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        watch(&mut cpe, &mut acs, &name, 2);
        watch(&mut cpe, &mut acs, &name, 0);
        assert!(matches!(cpe.set(&name, "5000"), Reply::Ok(_)));
        cpe.pass_seconds(1000);
        assert!(acs.try_session().is_none());
        assert!(cpe.state().notified.get(&name).is_none());
        acs.plan([rpc::set_notification(&[&code(root)], 0)]);
        cpe.inform();
        assert_eq!(cpe.session(&mut acs).answers[0].fault(), Some(9009));
    }
}

#[test]
fn a_hidden_value_is_never_kept_in_the_clear_as_a_known_one() // GV-04
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let name = format!("{root}ManagementServer.Password");
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        watch(&mut cpe, &mut acs, &name, 2);
        assert!(matches!(cpe.set(&name, "s3cr3t"), Reply::Ok(_)));
        cpe.pass_seconds(10);
        assert_eq!(cpe.state().notified.get(&name), Some(""));
        assert!(!cpe.home.read("etc/cwmpd/state.toml").contains("s3cr3t"));
        let paths = vec![name];
        let Reply::Ok(got) = cpe.command(Command::Get { paths }) else {
            panic!("no answer")
        };
        assert_eq!(shown(&got)[0]["value"], "");
    }
}

#[test]
fn another_connection_request_url_is_a_value_change() // NO-13 CR-17
{
    for (_, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        let config = cpe.home.read("etc/config/cwmp");
        let moved = format!("{config}\noption ip '127.0.0.2'\n");
        cpe.home.write("etc/config/cwmp", moved.as_bytes());
        assert!(matches!(cpe.command(Command::Reload), Reply::Ok(_)));
        let inform = cpe.session(&mut acs).inform;
        assert_eq!(inform.events(), ["4 VALUE CHANGE"]);
        let url = inform.value_of(".ConnectionRequestURL").unwrap();
        assert!(url.starts_with("http://127.0.0.2:"), "{url}");
        cpe.pass_seconds(100);
        assert!(acs.try_session().is_none());
    }
}

#[test]
fn a_changed_value_is_told_once_its_acs_is_back() // RT-08 EV-09
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        acs.stop();
        set(&mut cpe, root, "one");
        cpe.settle();
        set(&mut cpe, root, "two");
        cpe.settle();
        let sessions = cpe.sessions();
        acs.up();
        let wait = cpe.next().unwrap();
        cpe.pass(wait);
        let inform = cpe.session(&mut acs).inform;
        assert!(changed(&inform, &code(root), "two"));
        assert!(inform.retry_count() >= 1 && sessions <= 3);
    }
}
