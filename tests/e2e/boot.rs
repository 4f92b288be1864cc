//! What brings a session about: first boot, restart, boot, the period, a schedule, a reboot.

use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;

#[test]
fn first_boot_bootstraps_in_one_connection() // EV-05 EV-08 IN-03 HT-08 SE-01 SE-09
{
    let mut acs = Acs::start();
    let daemon = Daemon::new(&acs.url()).start();
    let session = acs.session();
    let inform = &session.inform;
    assert_eq!(inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    assert_eq!(inform.retry_count(), 0);
    assert_eq!(inform.text("MaxEnvelopes").as_deref(), Some("1"));
    for name in [
        "Device.DeviceInfo.HardwareVersion",
        "Device.DeviceInfo.SoftwareVersion",
        "Device.DeviceInfo.ProvisioningCode",
        "Device.ManagementServer.ParameterKey",
        "Device.ManagementServer.ConnectionRequestURL",
    ] {
        assert!(
            inform.values().contains_key(name),
            "{name} in {}",
            inform.xml
        );
    }
    assert_eq!(session.connections.len(), 1);
    assert_eq!(daemon.mode("etc/cwmpd/state.toml"), 0o600);
}

#[test]
fn a_restart_is_not_a_boot() // EV-07 EV-08
{
    let mut acs = Acs::start();
    let mut daemon = Daemon::new(&acs.url()).start();
    acs.session();
    assert_eq!(daemon.stop(), Some(0));
    daemon.start_again();
    // Nothing to report, so no session of its own: the next one has only what the test causes.
    daemon.wait_ready();
    let output = daemon.cwmp(&["inform"]);
    assert_eq!(output.code, 0, "{output:?}");
    let events = acs.session().inform.events();
    assert!(
        !events
            .iter()
            .any(|e| e.starts_with("0 ") || e.starts_with("1 ")),
        "{events:?}"
    );
}

#[test]
fn a_new_boot_id_is_a_boot() // EV-08
{
    let mut acs = Acs::start();
    let mut daemon = Daemon::new(&acs.url()).start();
    acs.session();
    daemon.stop();
    daemon.boot("00000000-0000-4000-8000-000000000002");
    daemon.start_again();
    assert_eq!(acs.session().inform.events(), ["1 BOOT"]);
}

#[test]
fn another_acs_is_bootstrapped() // EV-05
{
    let (mut first, mut second) = (Acs::start(), Acs::start());
    let mut daemon = Daemon::new(&first.url()).start();
    first.session();
    daemon.stop();
    daemon.set_acs("url", &second.url());
    daemon.write_config();
    daemon.start_again();
    assert_eq!(second.session().inform.events(), ["0 BOOTSTRAP"]);
}

#[test]
fn the_period_set_by_the_acs_is_kept() // PI-03 SV-05
{
    let mut acs = Acs::start();
    acs.plan([rpc::set_values(
        &[
            (
                "Device.ManagementServer.PeriodicInformInterval",
                "unsignedInt",
                "1",
            ),
            (
                "Device.ManagementServer.PeriodicInformEnable",
                "boolean",
                "1",
            ),
        ],
        "period",
    )]);
    let _daemon = Daemon::new(&acs.url()).start();
    assert_eq!(
        acs.session().answers[0].method,
        "SetParameterValuesResponse"
    );
    let periodic = acs.session().inform;
    assert_eq!(periodic.events(), ["2 PERIODIC"]);
    assert_eq!(periodic.value_of("ParameterKey").as_deref(), Some("period"));
    assert_eq!(acs.session().inform.events(), ["2 PERIODIC"]);
}

#[test]
fn a_scheduled_inform_comes_with_its_key() // EV-11 RB-05
{
    let mut acs = Acs::start();
    acs.plan([rpc::schedule_inform(1, "wake-1")]);
    let _daemon = Daemon::new(&acs.url()).start();
    assert_eq!(acs.session().answers[0].method, "ScheduleInformResponse");
    let events = acs.session().inform.events_and_keys();
    let expected = [("3 SCHEDULED", ""), ("M ScheduleInform", "wake-1")];
    assert_eq!(
        events,
        expected.map(|(code, key)| (code.to_owned(), key.to_owned()))
    );
}

#[test]
fn a_reboot_comes_after_the_session_and_is_reported() // RB-01 RB-02 EV-10
{
    let mut acs = Acs::start();
    acs.plan([
        rpc::reboot("reboot-7"),
        rpc::get_values(&["Device.DeviceInfo.UpTime"]),
    ]);
    let mut daemon = Daemon::new(&acs.url()).start();
    let session = acs.session();
    let methods: Vec<_> = session.answers.iter().map(|a| a.method.as_str()).collect();
    assert_eq!(methods, ["RebootResponse", "GetParameterValuesResponse"]);
    assert_eq!(daemon.wait_hook().split(' ').next(), Some("reboot"));
    daemon.kill();
    daemon.boot("00000000-0000-4000-8000-000000000002");
    daemon.start_again();
    let mut events = acs.session().inform.events_and_keys();
    events.sort();
    let expected = [("1 BOOT", ""), ("M Reboot", "reboot-7")];
    assert_eq!(
        events,
        expected.map(|(code, key)| (code.to_owned(), key.to_owned()))
    );
}

#[test]
fn a_factory_reset_comes_after_the_session_and_bootstraps() // RB-04 EV-05
{
    let mut acs = Acs::start();
    acs.plan([rpc::factory_reset()]);
    let mut daemon = Daemon::new(&acs.url()).start();
    assert_eq!(acs.session().answers[0].method, "FactoryResetResponse");
    assert_eq!(daemon.wait_hook().split(' ').next(), Some("factory-reset"));
    daemon.wait_log(&["hook succeeded: name=factory-reset"]);
    daemon.stop();
    daemon.boot("00000000-0000-4000-8000-000000000002");
    daemon.start_again();
    assert_eq!(acs.session().inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
}

#[test]
fn a_factory_reset_whose_hook_fails_still_forgets_and_bootstraps() // RB-04 EV-05
{
    let mut acs = Acs::start();
    acs.plan([rpc::factory_reset()]);
    let mut daemon = Daemon::new(&acs.url());
    daemon.write_program("usr/lib/cwmpd/hooks/factory-reset", "#!/bin/sh\nexit 1\n");
    daemon = daemon.cpe("passwd", "").start();
    assert_eq!(acs.session().answers[0].method, "FactoryResetResponse");
    assert_eq!(acs.session().inform.events(), ["0 BOOTSTRAP"]);
    // What the ACS sets up now stays.
    acs.plan([rpc::set_values(
        &[("Device.DeviceInfo.ProvisioningCode", "string", "new")],
        "",
    )]);
    assert_eq!(daemon.cwmp(&["inform", "--wait"]).code, 0);
    assert_eq!(daemon.cwmp(&["inform", "--wait"]).code, 0);
    assert_eq!(daemon.count_log(&["hook started"]), 1);
    let code = daemon.cwmp(&["get", "Device.DeviceInfo.ProvisioningCode"]);
    assert!(code.stdout.contains("new"), "{code:?}");
    let state: toml::Table = daemon.read("etc/cwmpd/state.toml").parse().unwrap();
    let password = state["connection_request"]["password"].as_str();
    assert!(password.is_some_and(|password| !password.is_empty()));
}

#[test]
fn without_a_url_nobody_is_contacted() {
    let mut daemon = Daemon::new("").start();
    daemon.wait_ready();
    assert_eq!(daemon.status()["cwmp"]["acs_url"], "");
    assert_eq!(daemon.stop(), Some(0));
}
