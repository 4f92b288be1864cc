//! Heartbeats (TR-069 Annex O): sessions of their own, by their own timer.

use std::time::Duration;

use cwmpd::agent::command::Reply;

use crate::cpe::{Cpe, NOON, inform, settled};
use crate::inform::ROOTS;
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;
use crate::support::wait::Gate;

const POLICY: &str = "Device.ManagementServer.HeartbeatPolicy.";

fn home(acs: &Acs) -> Daemon {
    Daemon::new(&acs.url())
        .acs("heartbeat_enable", "1")
        .acs("heartbeat_interval", "60")
        .acs("heartbeat_time", "2020-01-01T00:00:07Z")
}

fn heartbeats_only(cpe: &mut Cpe, acs: &mut Acs) {
    let session = cpe.session(acs);
    assert_eq!(session.inform.events(), ["14 HEARTBEAT"]);
    assert_eq!(session.inform.retry_count(), 0);
}

#[test]
fn a_heartbeat_is_a_session_with_that_event_alone_in_its_phase() // EV-19 IN-03
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(home(&acs).profile(profile), &mut acs);
        for at in [7, 67, 127] {
            let next = cpe.next().unwrap();
            cpe.pass(next);
            assert_eq!(cpe.now().unix, NOON + at);
            let inform = cpe.session(&mut acs).inform;
            assert_eq!(inform.events(), ["14 HEARTBEAT"]);
            let names = inform.texts("Name");
            for name in [
                "DeviceInfo.SoftwareVersion",
                "ManagementServer.ParameterKey",
            ] {
                assert!(names.contains(&format!("{root}{name}")), "{names:?}");
            }
        }
    }
}

#[test]
fn without_a_time_the_phase_is_random_and_the_interval_exact() // EV-19
{
    let mut acs = Acs::start();
    let mut cpe = settled(
        home(&acs).acs("heartbeat_time", "0001-01-01T00:00:00Z"),
        &mut acs,
    );
    let first = cpe.next().unwrap();
    assert!(first <= Duration::from_secs(60), "{first:?}");
    cpe.pass(first);
    heartbeats_only(&mut cpe, &mut acs);
    assert_eq!(cpe.next(), Some(Duration::from_secs(60)));
}

#[test]
fn the_acs_sets_the_policy_and_it_counts_at_once() // EV-19 EV-18
{
    let mut acs = Acs::start();
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    assert_eq!(cpe.next(), None);
    let set = |enable: &str, interval: &str| {
        rpc::set_values(
            &[
                (&format!("{POLICY}Enable"), "boolean", enable),
                (
                    &format!("{POLICY}ReportingInterval"),
                    "unsignedInt",
                    interval,
                ),
                (
                    &format!("{POLICY}InitiationTime"),
                    "dateTime",
                    "2040-01-01T00:00:30Z",
                ),
            ],
            "",
        )
    };
    acs.plan([set("1", "29"), set("1", "120"), rpc::get_values(&[POLICY])]);
    cpe.inform();
    let answers = cpe.session(&mut acs).answers;
    assert!(answers[0].texts("FaultCode").contains(&"9007".to_owned()));
    assert_eq!(answers[1].fault(), None);
    assert_eq!(
        answers[2].values()[&format!("{POLICY}InitiationTime")],
        "2040-01-01T00:00:30Z"
    );
    assert_eq!(cpe.next(), Some(Duration::from_secs(30)));
    cpe.restart();
    assert_eq!(cpe.next(), Some(Duration::from_secs(30)));
    acs.plan([set("0", "120")]);
    cpe.pass_seconds(30);
    heartbeats_only(&mut cpe, &mut acs);
    assert_eq!(cpe.next(), None);
    // 13 WAKEUP has a policy too, which is not there.
    acs.plan([rpc::get_names(
        "Device.ManagementServer.StandbyPolicy.",
        true,
    )]);
    cpe.inform();
    assert_eq!(cpe.session(&mut acs).answers[0].fault(), Some(9005));
}

#[test]
fn a_heartbeat_that_fails_is_not_retried_and_takes_no_event_with_it() // EV-19 EV-09
{
    let mut acs = Acs::start();
    let mut cpe = settled(home(&acs).cpe("active_notif_throttle", "1000"), &mut acs);
    assert!(matches!(
        cpe.set("Device.DeviceInfo.ProvisioningCode", "new"),
        Reply::Ok(_)
    ));
    acs.stop();
    cpe.pass_seconds(7);
    assert_eq!(cpe.status()["last_session"]["status"], "failure");
    assert_eq!(cpe.next(), Some(Duration::from_secs(60)));
    assert_eq!(cpe.status()["next_session"]["retry_count"], 0);
    assert_eq!(cpe.events(), ["4 VALUE CHANGE"]);
    acs.up();
    cpe.pass_seconds(60);
    heartbeats_only(&mut cpe, &mut acs);
    assert_eq!(
        cpe.events(),
        ["4 VALUE CHANGE"],
        "it waits for its throttle"
    );
    cpe.inform();
    let session = cpe.session(&mut acs);
    assert_eq!(
        session.inform.events(),
        ["4 VALUE CHANGE", "6 CONNECTION REQUEST"]
    );
    assert_eq!(
        session.inform.values()["Device.DeviceInfo.ProvisioningCode"],
        "new"
    );
}

#[test]
fn a_heartbeat_due_with_other_events_comes_after_them() // EV-19 EV-16
{
    let mut acs = Acs::start();
    let home = home(&acs)
        .acs("periodic_inform_enable", "1")
        .acs("periodic_inform_interval", "60")
        .acs("periodic_inform_time", "2020-01-01T00:00:07Z");
    let mut cpe = settled(home, &mut acs);
    cpe.pass_seconds(7);
    assert_eq!(cpe.session(&mut acs).inform.events(), ["2 PERIODIC"]);
    heartbeats_only(&mut cpe, &mut acs);
    assert!(acs.try_session().is_none());
    assert_eq!(cpe.next(), Some(Duration::from_secs(60)));
}

#[test]
fn what_comes_during_a_heartbeat_gets_a_session_of_its_own() // EV-19 CR-09
{
    let gate = Gate::new();
    let held = gate.clone();
    let mut acs = Acs::builder()
        .layer(
            move |request, next| match request.text().contains("14 HEARTBEAT") {
                true => next(request).hold(&held),
                false => next(request),
            },
        )
        .start();
    let mut cpe = settled(home(&acs), &mut acs);
    cpe.jump(Duration::from_secs(7));
    cpe.until("the heartbeat's Inform", |cpe| {
        (cpe.status()["last_session"]["state"] == "ExpectInformResponse").then_some(())
    });
    assert_eq!(cpe.connection_request(), 200);
    let client = cpe.ask(inform("6", true));
    gate.open();
    heartbeats_only(&mut cpe, &mut acs);
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.events(), ["6 CONNECTION REQUEST"]);
    let reply = cpe.until("an answer", |cpe| cpe.reply(client));
    assert!(matches!(reply, Reply::Ok(_)), "{reply:?}");
}

#[test]
fn no_heartbeat_comes_while_a_session_retry_waits() // EV-19 RT-01
{
    let mut acs = Acs::builder().down();
    let mut cpe = Cpe::start(home(&acs).acs("retry_min_wait_interval", "300"));
    cpe.settle();
    let retry = cpe.status()["next_session"]["retry"].clone();
    assert_eq!(cpe.status()["next_session"]["start_time"], retry);
    cpe.pass_seconds(200);
    assert_eq!(cpe.sessions(), 1);
    assert_eq!(cpe.status()["next_session"]["retry"], retry);
    acs.up();
    cpe.pass_seconds(100);
    assert_eq!(
        cpe.session(&mut acs).inform.events(),
        ["0 BOOTSTRAP", "1 BOOT"]
    );
    assert!(acs.try_session().is_none(), "none is made up for");
    cpe.pass_seconds(60);
    heartbeats_only(&mut cpe, &mut acs);
}

#[test]
fn heartbeats_follow_a_clock_that_is_set() // EV-19 PI-05
{
    let mut acs = Acs::start();
    let mut cpe = settled(home(&acs), &mut acs);
    cpe.set_clock(3);
    assert_eq!(cpe.next(), Some(Duration::from_secs(4)));
    cpe.set_clock(86_400 - 40);
    assert_eq!(cpe.next(), Some(Duration::from_secs(44)));
}

#[test]
fn a_disabled_device_has_no_heart() // EV-19 SE-17
{
    let mut acs = Acs::start();
    let mut cpe = settled(home(&acs), &mut acs);
    assert!(matches!(
        cpe.set("Device.ManagementServer.EnableCWMP", "0"),
        Reply::Ok(_)
    ));
    cpe.pass_seconds(600);
    assert!(acs.try_session().is_none());
}
