//! What the ACS orders for later: ScheduleInform, Reboot, FactoryReset.

use std::time::Duration;

use crate::cpe::{Cpe, settled};
use crate::inform::ROOTS;
use crate::support::acs::Acs;
use crate::support::brain::Session;
use crate::support::daemon::Daemon;
use crate::support::rpc;

const BOOT_2: &str = "00000000-0000-4000-8000-000000000002";

fn has(session: &Session, event: &str, key: &str) -> bool {
    session
        .inform
        .events_and_keys()
        .contains(&(event.to_owned(), key.to_owned()))
}

#[test]
fn schedule_informs_survive_a_restart_and_come_at_their_time() // RB-05 EV-02 EV-11
{
    let mut acs = Acs::start();
    acs.plan([
        rpc::schedule_inform(100, "a"),
        rpc::schedule_inform(200, "b"),
        rpc::schedule_inform(200, "c"),
        rpc::schedule_inform(0, "no"),
    ]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    let first = cpe.session(&mut acs);
    assert_eq!(first.answers[3].fault(), Some(9003));
    cpe.pass_seconds(60);
    cpe.restart();
    cpe.settle();
    assert_eq!(cpe.next(), Some(Duration::from_secs(40)));
    cpe.pass_seconds(40);
    let session = cpe.session(&mut acs);
    assert!(has(&session, "M ScheduleInform", "a"));
    assert_eq!(session.inform.events(), ["3 SCHEDULED", "M ScheduleInform"]);
    cpe.pass_seconds(100);
    let session = cpe.session(&mut acs);
    assert_eq!(
        session.inform.events(),
        ["3 SCHEDULED", "M ScheduleInform", "M ScheduleInform"]
    );
    assert!(has(&session, "M ScheduleInform", "b") && has(&session, "M ScheduleInform", "c"));
    assert!(cpe.state().scheduled_informs.is_empty());
    assert_eq!(cpe.next(), None);
}

#[test]
fn schedule_informs_due_while_the_device_was_off_come_at_start() // RB-05
{
    let mut acs = Acs::start();
    acs.plan([rpc::schedule_inform(100, "a")]);
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    cpe.kill();
    cpe.step_clock(1000);
    cpe.home.boot(BOOT_2);
    cpe.restart();
    cpe.settle();
    let session = cpe.session(&mut acs);
    let events = session.inform.events();
    assert_eq!(events, ["1 BOOT", "3 SCHEDULED", "M ScheduleInform"]);
}

#[test]
fn more_schedule_informs_than_fit_are_refused_and_none_is_lost() // RB-05 EV-09
{
    let mut acs = Acs::start();
    let keys: Vec<String> = (0..80).map(|n| format!("k{n}")).collect();
    // They are due while the session goes on: their events gather in the queue.
    acs.plan(keys.iter().map(|key| rpc::schedule_inform(1, key)));
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    let first = cpe.until("the session", |cpe| {
        cpe.jump(Duration::from_millis(100));
        acs.try_session()
    });
    cpe.pass_seconds(2);
    let promised: Vec<&String> = keys
        .iter()
        .zip(&first.answers)
        .filter(|(_, answer)| answer.fault().is_none())
        .map(|(key, _)| key)
        .collect();
    assert!(promised.len() >= 3);
    let mut came = Vec::new();
    while let Some(session) = acs.try_session() {
        came.extend(session.inform.events_and_keys());
    }
    for key in promised {
        let event = ("M ScheduleInform".to_owned(), key.clone());
        assert!(came.contains(&event), "{key} is lost; came {}", came.len());
    }
}

#[test]
fn two_orders_with_one_key_are_two() // RB-05
{
    let mut acs = Acs::start();
    acs.plan([
        rpc::schedule_inform(1000, "same"),
        rpc::schedule_inform(10, "same"),
    ]);
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    cpe.pass_seconds(10);
    cpe.session(&mut acs);
    cpe.restart();
    cpe.settle();
    assert_eq!(cpe.next(), Some(Duration::from_secs(990)));
}

#[test]
fn two_reboots_are_one_hook_and_two_events_after_the_boot() // RB-01 RB-02 RB-03 EV-02 EV-10
{
    let mut acs = Acs::start();
    acs.plan([
        rpc::reboot("r1"),
        rpc::reboot("r2"),
        rpc::schedule_inform(5000, "later"),
    ]);
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    cpe.turn();
    assert_eq!(cpe.home.wait_hook(), "reboot r1 r2");
    cpe.reboot(BOOT_2);
    let session = cpe.session(&mut acs);
    let events = session.inform.events();
    assert_eq!(events, ["1 BOOT", "M Reboot", "M Reboot"]);
    assert!(has(&session, "M Reboot", "r1") && has(&session, "M Reboot", "r2"));
    assert_eq!(cpe.state().deferred, Default::default());
    assert_eq!(cpe.state().scheduled_informs.len(), 1);
}

#[test]
fn a_reboot_whose_hook_is_missing_or_fails_is_not_forgotten() // RB-01 RB-03
{
    let mut acs = Acs::start();
    acs.plan([rpc::reboot("r1")]);
    let home = Daemon::new(&acs.url());
    home.write_program("usr/lib/cwmpd/hooks/reboot", "#!/bin/sh\nexit 3\n");
    let mut cpe = settled(home, &mut acs);
    for _ in 0..3 {
        cpe.inform();
        cpe.session(&mut acs);
        assert_eq!(cpe.state().deferred.reboot, ["r1"]);
    }
    std::fs::remove_file(cpe.home.path("usr/lib/cwmpd/hooks/reboot")).unwrap();
    cpe.restart();
    cpe.settle();
    cpe.inform();
    cpe.session(&mut acs);
    assert_eq!(cpe.state().deferred.reboot, ["r1"]);
    cpe.reboot(BOOT_2);
    let events = cpe.session(&mut acs).inform.events();
    assert_eq!(events, ["1 BOOT", "M Reboot"]);
}

#[test]
fn without_a_boot_id_a_reboot_is_not_ordered_for_ever() // RB-02 EV-08
{
    let mut acs = Acs::start();
    acs.plan([rpc::reboot("r1")]);
    let home = Daemon::new(&acs.url());
    home.write("proc/sys/kernel/random/boot_id", b"");
    let mut cpe = settled(home, &mut acs);
    assert_eq!(cpe.home.wait_hook(), "reboot r1");
    cpe.restart();
    let events = cpe.session(&mut acs).inform.events();
    assert_eq!(events, ["1 BOOT", "M Reboot"]);
    assert_eq!(cpe.state().deferred, Default::default());
    // And a start without an order is no boot.
    cpe.restart();
    cpe.settle();
    assert_eq!(cpe.events(), [""; 0]);
    assert_eq!(acs.try_session().map(|s| s.inform.events()), None);
}

#[test]
fn a_factory_reset_leaves_nothing_of_the_old_life() // RB-04 EV-05
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let name = &format!("{root}DeviceInfo.ProvisioningCode");
        acs.plan([
            rpc::set_values(&[(name, "string", "old life")], "old key"),
            rpc::set_notification(
                &[&format!("{root}ManagementServer.PeriodicInformInterval")],
                1,
            ),
            rpc::reboot("r1"),
            rpc::factory_reset(),
            rpc::schedule_inform(5000, "later"),
        ]);
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        assert_eq!(cpe.home.wait_hook().trim_end(), "factory-reset");
        // A boot before it has ended would be a power cut.
        cpe.until("the hook to end", |cpe| {
            (cpe.state().deferred == Default::default()).then_some(())
        });
        acs.plan([
            rpc::get_values(&[&format!("{root}ManagementServer.ParameterKey"), name]),
            rpc::get_attributes(&[&format!("{root}ManagementServer.PeriodicInformInterval")]),
        ]);
        cpe.reboot(BOOT_2);
        let session = cpe.session(&mut acs);
        assert_eq!(session.inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
        let values = session.answers[0].values();
        assert_eq!(values[&format!("{root}ManagementServer.ParameterKey")], "");
        assert_ne!(values[name], "old life");
        assert_eq!(session.answers[1].text("Notification").unwrap(), "0");
        assert!(cpe.state().scheduled_informs.is_empty());
        cpe.restart();
        cpe.settle();
        assert!(acs.try_session().is_none()); // EV-07
    }
}

#[test]
fn a_factory_reset_whose_hook_fails_leaves_a_device_that_bootstraps() // RB-04 EV-05 CR-02 CR-03
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        acs.plan([
            rpc::set_values(
                &[(
                    &format!("{root}DeviceInfo.ProvisioningCode"),
                    "string",
                    "old",
                )],
                "old key",
            ),
            rpc::factory_reset(),
        ]);
        acs.plan([rpc::get_values(&[&format!(
            "{root}ManagementServer.ParameterKey"
        )])]);
        let home = Daemon::new(&acs.url()).profile(profile);
        std::fs::remove_file(home.path("usr/lib/cwmpd/hooks/factory-reset")).unwrap();
        let mut cpe = Cpe::start(home);
        let first = cpe.session(&mut acs).inform;
        let session = cpe.session(&mut acs);
        assert_eq!(session.inform.events(), ["0 BOOTSTRAP"]);
        let values = session.answers[0].values();
        assert_eq!(values[&format!("{root}ManagementServer.ParameterKey")], "");
        let url = ".ConnectionRequestURL";
        assert_ne!(session.inform.value_of(url), first.value_of(url));
        assert_eq!(cpe.connection_request(), 200);
        let events = cpe.session(&mut acs).inform.events();
        assert_eq!(events, ["6 CONNECTION REQUEST"]);
        // It is not done some other day, when the device is in use.
        cpe.restart();
        cpe.settle();
        assert!(acs.try_session().is_none());
        assert_eq!(cpe.state().deferred, Default::default());
        assert!(!cpe.state().connection_request.password.expose().is_empty());
    }
}

#[test]
fn no_session_starts_while_a_hook_is_at_work() // RB-01 RB-04
{
    let mut acs = Acs::start();
    acs.plan([rpc::factory_reset()]);
    let home = Daemon::new(&acs.url());
    let hook = "#!/bin/sh\necho started > ../../../hooks.pipe\nread line < ../../../go\n";
    home.make_pipe("go");
    let hook = hook.replace("../../..", home.root.to_str().unwrap());
    home.write_program("usr/lib/cwmpd/hooks/factory-reset", &hook);
    let mut cpe = Cpe::start(home);
    cpe.session(&mut acs);
    assert_eq!(cpe.home.wait_hook(), "started");
    cpe.inform();
    cpe.turn();
    assert_eq!(cpe.status()["last_session"]["status"], "success");
    cpe.home.write_pipe("go", "now");
    assert_eq!(
        cpe.session(&mut acs).inform.events(),
        ["0 BOOTSTRAP"], // which discards what else waited (EV-06)
    );
}
