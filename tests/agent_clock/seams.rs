//! Where one feature meets another: heartbeats and what else wants a session, tables and the file that they live in,
//! aliases and value changes.

use std::time::Duration;

use cwmpd::agent::command::{Command, Reply};

use crate::cpe::{Cpe, settled};
use crate::inform::ROOTS;
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::http::Reply as HttpReply;
use crate::support::inspect::Message;
use crate::support::rpc::{self, Rpc};

const CODE: &str = "Device.DeviceInfo.ProvisioningCode";
const STATE_BLOCK: &str = "etc/cwmpd/.state.toml.cwmpd-new";
const CONFIG_BLOCK: &str = "etc/config/.cwmp.cwmpd-new";
const BOOT_2: &str = "00000000-0000-4000-8000-000000000002";

/// With a heartbeat each minute, seven seconds past it.
fn hearty(home: Daemon) -> Daemon {
    home.acs("heartbeat_enable", "1")
        .acs("heartbeat_interval", "60")
        .acs("heartbeat_time", "2020-01-01T00:00:07Z")
}

fn set(cpe: &mut Cpe, name: &str, value: &str) {
    let reply = cpe.set(name, value);
    assert!(matches!(reply, Reply::Ok(_)), "{reply:?}");
}

fn ask(cpe: &mut Cpe, acs: &mut Acs, rpcs: impl IntoIterator<Item = Rpc>) -> Vec<Message> {
    acs.plan(rpcs);
    cpe.inform();
    cpe.session(acs).answers
}

fn events(acs: &mut Acs) -> Vec<Vec<String>> {
    std::iter::from_fn(|| acs.try_session())
        .map(|session| session.inform.events())
        .collect()
}

#[test]
fn what_the_disk_refuses_leaves_no_row_no_attribute_and_no_alias() // SV-23 AL-05 NO-12
{
    for (root, profile) in ROOTS {
        for blocked in [STATE_BLOCK, CONFIG_BLOCK] {
            let mut acs = Acs::start();
            let home = Daemon::new(&acs.url())
                .cpe("auto_create_instances", "1")
                .profile(profile);
            let mut cpe = settled(home, &mut acs);
            let table = format!("{root}ManagementServer.InformParameter.");
            let name = |row: &str, name: &str| format!("{table}{row}.{name}");
            let mode = format!("{root}ManagementServer.InstanceMode");
            let kept = name("[kept]", "ParameterName");
            let uptime = format!("{root}DeviceInfo.UpTime");
            ask(
                &mut cpe,
                &mut acs,
                [
                    rpc::set_values(&[(&kept, "string", &uptime)], "key"),
                    rpc::set_notification(&[&table], 1),
                ],
            );
            let config = cpe.home.read("etc/config/cwmp");
            let state = cpe.state();
            std::fs::create_dir_all(cpe.home.path(blocked)).unwrap();
            let new = name("[new]", "Enable");
            let refused = ask(
                &mut cpe,
                &mut acs,
                [
                    rpc::add_object(&table, "k"),
                    rpc::set_values(
                        &[(&new, "boolean", "1"), (&mode, "string", "InstanceAlias")],
                        "k",
                    ),
                    rpc::delete_object(&format!("{table}1."), "k"),
                    rpc::get_names(&table, true),
                    rpc::get_attributes(&[&kept]),
                    rpc::get_values(&[&mode]),
                ],
            );
            for answer in &refused[..3] {
                assert_eq!(answer.fault(), Some(9002), "{answer:?}");
            }
            assert_eq!(refused[3].texts("Name"), [format!("{table}1.")]);
            assert_eq!(refused[4].text("Notification").unwrap(), "1");
            assert_eq!(refused[5].values()[&mode], "InstanceNumber");
            std::fs::remove_dir(cpe.home.path(blocked)).unwrap();
            cpe.inform();
            let session = cpe.session(&mut acs);
            assert_eq!(session.inform.events(), ["6 CONNECTION REQUEST"]);
            cpe.restart();
            cpe.settle();
            assert_eq!(cpe.home.read("etc/config/cwmp"), config);
            let now = cpe.state();
            assert_eq!(now.attributes, state.attributes);
            assert_eq!(now.notified, state.notified);
            assert_eq!(now.parameter_key, "key");
            assert!(now.pending_config.is_empty());
            assert_eq!(events(&mut acs), [[""; 0]; 0]);
        }
    }
}

#[test]
fn a_heartbeat_may_configure_the_device_and_fail_after_that() // EV-19 RB-01 RB-05 RT-09
{
    let mut acs = Acs::builder()
        .layer(|request, next| match request.is("ScheduleInformResponse") {
            true => HttpReply::status(503).close(),
            false => next(request),
        })
        .start();
    let mut cpe = settled(hearty(Daemon::new(&acs.url())), &mut acs);
    acs.plan([
        rpc::set_values(&[(CODE, "string", "new")], "key"),
        rpc::reboot("r"),
        rpc::schedule_inform(30, "s"),
    ]);
    cpe.pass_seconds(7);
    assert_eq!(cpe.status()["last_session"]["status"], "failure");
    assert_eq!(cpe.home.wait_hook().trim_end(), "reboot r");
    assert_eq!(cpe.state().retry.count, 0);
    events(&mut acs);
    cpe.pass_seconds(30);
    let came = events(&mut acs);
    assert_eq!(came, [["3 SCHEDULED", "M ScheduleInform"]]);
    cpe.reboot(BOOT_2);
    let session = cpe.session(&mut acs);
    assert_eq!(session.inform.events(), ["1 BOOT", "M Reboot"]);
    assert_eq!(session.inform.values()[CODE], "new");
}

#[test]
fn rows_for_heartbeats_alone_are_told_by_alias_too() // IN-06 IN-10 EV-19 AL-06
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let home = hearty(Daemon::new(&acs.url()))
            .cpe("auto_create_instances", "1")
            .profile(profile);
        let mut cpe = settled(home, &mut acs);
        let row = format!("{root}ManagementServer.InformParameter.[beat].");
        let of = |name: &str| format!("{row}{name}");
        let (alias, list) = (of("Alias"), of("EventList"));
        let answers = ask(
            &mut cpe,
            &mut acs,
            [
                rpc::set_values(
                    &[
                        (
                            &format!("{root}ManagementServer.InstanceMode"),
                            "string",
                            "InstanceAlias",
                        ),
                        (&of("Enable"), "boolean", "1"),
                        (&of("ParameterName"), "string", &alias),
                        (&list, "string", "14 HEARTBEAT"),
                    ],
                    "",
                ),
                rpc::get_values(&[&format!("{root}ManagementServer.InformParameter.")]),
            ],
        );
        assert_eq!(answers[0].fault(), None, "{answers:?}");
        assert_eq!(answers[1].values()[&list], "14 HEARTBEAT");
        cpe.restart();
        cpe.pass_seconds(7);
        let inform = cpe.session(&mut acs).inform;
        assert_eq!(inform.events(), ["14 HEARTBEAT"]);
        assert_eq!(inform.values()[&alias], "beat");
        cpe.inform();
        let inform = cpe.session(&mut acs).inform;
        assert!(!inform.values().contains_key(&alias));
    }
}

#[test]
fn a_heart_stops_and_beats_as_the_device_is_switched_and_sent_elsewhere() // EV-19 SE-17 EV-05
{
    let (mut old, mut new) = (Acs::start(), Acs::builder().down());
    let mut cpe = settled(hearty(Daemon::new(&old.url())), &mut old);
    let enable = "Device.ManagementServer.EnableCWMP";
    old.plan([rpc::set_values(&[(enable, "boolean", "0")], "")]);
    cpe.pass_seconds(7);
    assert_eq!(events(&mut old), [["14 HEARTBEAT"]]);
    cpe.pass_seconds(300);
    set(&mut cpe, enable, "1");
    cpe.settle();
    assert_eq!(events(&mut old), [[""; 0]; 0]);
    assert_eq!(cpe.next(), Some(Duration::from_secs(60)));
    let url = "Device.ManagementServer.URL";
    old.plan([rpc::set_values(&[(url, "string", &new.url())], "")]);
    cpe.pass_seconds(60);
    assert_eq!(events(&mut old), [["14 HEARTBEAT"]]);
    assert_eq!(cpe.events(), ["0 BOOTSTRAP"]);
    // It is retried each second, and no heartbeat comes between.
    cpe.pass_seconds(120);
    new.up();
    cpe.pass_seconds(2);
    assert_eq!(events(&mut new), [["0 BOOTSTRAP"]]);
    cpe.pass_seconds(60);
    assert_eq!(events(&mut new), [["14 HEARTBEAT"]]);
}

#[test]
fn the_first_heartbeat_after_a_factory_reset_introduces_the_device() // EV-05 EV-19 RB-04
{
    let mut acs = Acs::start();
    let mut cpe = settled(hearty(Daemon::new(&acs.url())), &mut acs);
    ask(&mut cpe, &mut acs, [rpc::factory_reset()]);
    assert_eq!(cpe.home.wait_hook().trim_end(), "factory-reset");
    cpe.until("the hook to end", |cpe| {
        (cpe.state().deferred == Default::default()).then_some(())
    });
    // The device takes its time over it.
    cpe.pass_seconds(7);
    let came = events(&mut acs);
    assert_eq!(came, [["0 BOOTSTRAP"]]);
    cpe.pass_seconds(60);
    assert_eq!(events(&mut acs), [["14 HEARTBEAT"]]);
}

#[test]
fn heartbeats_do_not_put_off_a_throttled_change() // NO-07 EV-19
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let home = hearty(Daemon::new(&acs.url()))
            .cpe("active_notif_throttle", "100")
            .profile(profile);
        let mut cpe = settled(home, &mut acs);
        let code = format!("{root}DeviceInfo.ProvisioningCode");
        // Each change makes the agent look again.
        for n in 0..20 {
            set(&mut cpe, &code, &format!("v{n}"));
            cpe.pass_seconds(10);
        }
        let came = events(&mut acs).concat();
        assert!(came.contains(&"4 VALUE CHANGE".into()), "{came:?}");
    }
}

#[test]
fn an_acs_that_knows_no_heartbeat_costs_no_other_session_its_version() // VN-08 VN-10 EV-19
{
    let mut acs = Acs::builder()
        .layer(
            |request, next| match request.text().contains("14 HEARTBEAT") {
                true => HttpReply::status(500).close(),
                false => next(request),
            },
        )
        .start();
    let mut cpe = settled(hearty(Daemon::new(&acs.url())), &mut acs);
    cpe.pass_seconds(10);
    assert_eq!(cpe.status()["last_session"]["status"], "failure");
    cpe.inform();
    let inform = cpe.session(&mut acs).inform;
    assert!(
        inform.xml.contains("urn:dslforum-org:cwmp-1-2"),
        "{}",
        inform.xml
    );
}

#[test]
fn a_value_that_changed_while_the_device_was_off_does_not_defeat_the_delay_of_its_boot() // LS-01
{
    // With the power every device of a fleet gets another address.
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let home = Daemon::new(&acs.url())
            .cpe("ip", "192.0.2.1")
            .profile(profile);
        let mut cpe = settled(home, &mut acs);
        cpe.kill();
        cpe.home = std::mem::replace(&mut cpe.home, Daemon::new(""))
            .cpe("ip", "192.0.2.2")
            .cpe("boot_random_delay", "86400");
        cpe.home.write_config();
        cpe.reboot(BOOT_2);
        cpe.settle();
        assert_eq!(events(&mut acs), [[""; 0]; 0]);
        let wait = cpe.next().unwrap();
        // Nor does one that comes now.
        set(&mut cpe, &format!("{root}DeviceInfo.ProvisioningCode"), "x");
        cpe.settle();
        assert_eq!(cpe.next(), Some(wait));
        cpe.pass(wait);
        let session = cpe.session(&mut acs);
        assert_eq!(session.inform.events(), ["1 BOOT", "4 VALUE CHANGE"]);
        assert_eq!(cpe.next(), None);
    }
}

#[test]
fn another_acs_url_does_not_wait_for_the_retry_of_the_old_one() // EV-05 RT-03
{
    for reload in [true, false] {
        let old = Acs::builder().down();
        let mut new = Acs::start();
        let home = Daemon::new(&old.url()).acs("retry_min_wait_interval", "3000");
        let mut cpe = Cpe::start(home);
        cpe.settle();
        assert_eq!(cpe.state().retry.count, 1);
        cpe.restart();
        cpe.settle();
        assert_eq!(cpe.state().retry.count, 1, "the same one is waited for");
        cpe.home.set_acs("url", &new.url());
        cpe.home.write_config();
        if reload {
            assert!(matches!(cpe.command(Command::Reload), Reply::Ok(_)));
        } else {
            cpe.restart();
        }
        let inform = cpe.session(&mut new).inform;
        assert_eq!(inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
        assert_eq!(inform.retry_count(), 0);
        assert_eq!(cpe.next(), None);
    }
}

#[test]
fn what_is_set_back_to_the_factory_value_stays_so() // SV-22
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        let code = format!("{root}DeviceInfo.ProvisioningCode");
        for value in ["new", ""] {
            let write = rpc::set_values(&[(&code, "string", value)], "");
            let answers = ask(&mut cpe, &mut acs, [write]);
            assert_eq!(answers[0].fault(), None);
            cpe.restart();
            let answers = ask(&mut cpe, &mut acs, [rpc::get_values(&[&code])]);
            assert_eq!(answers[0].values()[&code], value);
        }
    }
}

#[test]
fn an_emptied_provisioning_code_is_empty() // SV-20
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        let code = format!("{root}DeviceInfo.ProvisioningCode");
        let write = |value: &str| rpc::set_values(&[(&code, "string", value)], "");
        ask(&mut cpe, &mut acs, [write("backend")]);
        cpe.home =
            std::mem::replace(&mut cpe.home, Daemon::new("")).cpe("provisioning_code", "file");
        cpe.home.write_config();
        cpe.restart();
        let answers = ask(
            &mut cpe,
            &mut acs,
            [
                rpc::get_values(&[&code]),
                write(""),
                rpc::get_values(&[&code]),
            ],
        );
        assert_eq!(answers[0].values()[&code], "file");
        assert_eq!(answers[1].fault(), None);
        assert_eq!(answers[2].values()[&code], "");
        cpe.restart();
        let answers = ask(&mut cpe, &mut acs, [rpc::get_values(&[&code])]);
        assert_eq!(answers[0].values()[&code], "");
    }
}

#[test]
fn aliases_of_the_daemons_own_tables_are_judged_together() // SV-04 AL-03
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        let table = format!("{root}ManagementServer.InformParameter.");
        let alias = |n: u32| format!("{table}{n}.Alias");
        let (one, two) = (alias(1), alias(2));
        let write =
            |a: &str, b: &str| rpc::set_values(&[(&one, "string", a), (&two, "string", b)], "");
        let answers = ask(
            &mut cpe,
            &mut acs,
            [
                rpc::add_object(&table, ""),
                rpc::add_object(&table, ""),
                write("a", "b"),
                write("b", "a"),
                rpc::get_values(&[&one, &two]),
                write("c", "c"),
                rpc::get_values(&[&one, &two]),
            ],
        );
        assert_eq!(answers[2].fault(), None);
        assert_eq!(answers[3].fault(), None, "{answers:?}");
        assert_eq!(answers[4].values()[&one], "b");
        assert_eq!(answers[5].fault(), Some(9003));
        assert!(answers[5].texts("FaultCode").contains(&"9007".to_owned()));
        assert_eq!(answers[6].values()[&two], "a");
        // What the ACS has taken is not given to a new instance; what cannot be an alias is none.
        let (three, add) = (alias(3), rpc::add_object(&table, ""));
        let answers = ask(
            &mut cpe,
            &mut acs,
            [
                write("cpe-3", "b"),
                add,
                rpc::get_values(&[&three]),
                write("", "b"),
                write("1a", "b"),
            ],
        );
        assert_eq!(answers[1].fault(), None, "{answers:?}");
        assert_eq!(answers[2].values()[&three], "cpe-3-2");
        for answer in &answers[3..] {
            assert_eq!(answer.fault(), Some(9003));
        }
    }
}
