//! What must survive: kills at every step that the ACS can see, and a damaged state file.

use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;
use crate::support::wait::Gate;

/// The shipped gateways, with a table of each.
const GATEWAYS: [((&str, &str), &str); 2] = [
    (("Device.", "tr181-gateway.toml"), "Device.NAT.PortMapping."),
    (
        ("InternetGatewayDevice.", "tr098-gateway.toml"),
        "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.PortMapping.",
    ),
];

/// A device whose first session hangs at its `step`th POST (counted from 1): the ACS has it, the answer never comes.
fn hanging_at(step: usize, (root, profile): (&str, &str)) -> (Acs, Daemon) {
    let never = Gate::new();
    let mut posts = 0;
    let acs = Acs::builder()
        .layer(move |request, next| {
            posts += 1;
            let reply = next(request);
            if posts == step {
                reply.hold(&never)
            } else {
                reply
            }
        })
        .start();
    acs.plan([rpc::set_values(
        &[(
            &format!("{root}DeviceInfo.ProvisioningCode"),
            "string",
            "kept",
        )],
        "key-1",
    )]);
    let daemon = Daemon::new(&acs.url()).profile(profile).start();
    acs.wait_requests(step);
    (acs, daemon)
}

#[test]
fn killed_before_the_inform_response_it_bootstraps_again() // EV-06 RT-08
{
    let (mut acs, mut daemon) = hanging_at(1, GATEWAYS[0].0);
    daemon.kill();
    let before = acs.inform();
    daemon.start_again();
    let again = acs.inform();
    assert_eq!(again.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    assert_eq!(before.events(), again.events());
}

#[test]
fn killed_after_the_inform_response_the_events_are_delivered() // RT-09
{
    // The empty POST leaves only after the delivery was persisted; so does everything after it.
    for step in [2, 3] {
        let (mut acs, mut daemon) = hanging_at(step, GATEWAYS[0].0);
        acs.inform();
        daemon.kill();
        daemon.start_again();
        daemon.wait_ready();
        assert_eq!(daemon.cwmp(&["inform"]).code, 0);
        let events = acs.inform().events();
        assert!(
            !events
                .iter()
                .any(|e| e.starts_with("0 ") || e.starts_with("1 ")),
            "step {step}: {events:?}"
        );
    }
}

#[test]
fn killed_after_an_answer_the_values_are_kept() // SV-22
{
    for (model, _) in GATEWAYS {
        let (mut acs, mut daemon) = hanging_at(3, model); // the SetParameterValuesResponse
        acs.session(); // over for the ACS, but its 204 never arrives
        daemon.kill();
        acs.plan([rpc::get_values(&[
            &format!("{}DeviceInfo.ProvisioningCode", model.0),
            &format!("{}ManagementServer.ParameterKey", model.0),
        ])]);
        daemon.start_again();
        daemon.wait_ready();
        assert_eq!(daemon.cwmp(&["inform"]).code, 0);
        let values = acs.session().answers[0].values();
        assert_eq!(
            values[&format!("{}DeviceInfo.ProvisioningCode", model.0)],
            "kept"
        );
        assert_eq!(
            values[&format!("{}ManagementServer.ParameterKey", model.0)],
            "key-1"
        );
    }
}

#[test]
fn killed_before_any_answer_leaves_nothing_half_done() // EV-07 EV-21
{
    // Killed over and over in its first session, then let through: one bootstrap is delivered, whole.
    let mut posts = 0;
    let never = Gate::new();
    let mut acs = Acs::builder()
        .layer(move |request, next| {
            posts += 1;
            let reply = next(request);
            if posts <= 4 {
                reply.hold(&never)
            } else {
                reply
            }
        })
        .start();
    let mut daemon = Daemon::new(&acs.url()).start();
    for killed in 1..=4 {
        acs.wait_requests(killed);
        daemon.kill();
        daemon.start_again();
    }
    let session = acs.session();
    assert_eq!(session.inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    daemon.stop();
    daemon.start_again();
    daemon.wait_ready();
    assert_eq!(daemon.cwmp(&["inform"]).code, 0);
    let events = acs.session().inform.events();
    assert!(!events.contains(&"0 BOOTSTRAP".to_owned()), "{events:?}");
}

#[test]
fn a_promised_reboot_survives_a_kill() // RB-02 EV-21
{
    // RebootResponse has come, the session hangs: then the power goes.
    let never = Gate::new();
    let mut posts = 0;
    let mut acs = Acs::builder()
        .layer(move |request, next| {
            posts += 1;
            let reply = next(request);
            if posts == 3 {
                reply.hold(&never)
            } else {
                reply
            }
        })
        .start();
    acs.plan([rpc::reboot("promised")]);
    let mut daemon = Daemon::new(&acs.url()).start();
    acs.wait_requests(3);
    acs.inform();
    daemon.kill();
    daemon.boot("00000000-0000-4000-8000-000000000002");
    daemon.start_again();
    let events = acs.inform().events_and_keys();
    assert!(
        events.contains(&("M Reboot".to_owned(), "promised".to_owned())),
        "{events:?}"
    );
}

#[test]
fn objects_keep_their_numbers() // OB-01 OB-09
{
    for ((_, profile), table) in GATEWAYS {
        let mut acs = Acs::start();
        acs.plan([rpc::add_object(table, ""), rpc::add_object(table, "")]);
        let mut daemon = Daemon::new(&acs.url()).profile(profile).start();
        let numbers: Vec<u32> = acs
            .session()
            .answers
            .iter()
            .map(|a| a.text("InstanceNumber").unwrap().parse().unwrap())
            .collect();
        daemon.kill();
        acs.plan([
            rpc::delete_object(&format!("{table}{}.", numbers[1]), ""),
            rpc::add_object(table, ""),
        ]);
        daemon.start_again();
        daemon.wait_ready();
        assert_eq!(daemon.cwmp(&["inform"]).code, 0);
        let session = acs.session();
        assert_eq!(
            session.answers[0].method, "DeleteObjectResponse",
            "{:?}",
            session.answers
        );
        let third: u32 = session.answers[1]
            .text("InstanceNumber")
            .unwrap()
            .parse()
            .unwrap();
        assert!(!numbers.contains(&third), "{numbers:?} {third}");
    }
}

#[test]
fn a_damaged_state_file_is_set_aside() {
    let mut acs = Acs::start();
    let mut daemon = Daemon::new(&acs.url()).start();
    acs.session();
    daemon.stop();
    daemon.write("etc/cwmpd/state.toml", b"\xff\x00 this = is not [state");
    daemon.start_again();
    let events = acs.session().inform.events();
    assert!(events.contains(&"0 BOOTSTRAP".to_owned()), "{events:?}");
    let kept = std::fs::read_dir(daemon.path("etc/cwmpd"))
        .unwrap()
        .filter_map(Result::ok)
        .any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("state.toml")
                && std::fs::read(entry.path())
                    .unwrap()
                    .starts_with(b"\xff\x00")
        });
    assert!(kept, "the damaged file is gone");
}

/// One request of each kind that must be stored.
fn requests_to_store() -> Vec<rpc::Rpc> {
    let code = ("Device.DeviceInfo.ProvisioningCode", "string", "new");
    let interval = (
        "Device.ManagementServer.PeriodicInformInterval",
        "unsignedInt",
        "4321",
    );
    vec![
        rpc::set_values(&[code, interval], "new"),
        rpc::set_values(&[code], "new"),
        rpc::add_object("Device.NAT.PortMapping.", "new"),
        rpc::set_notification(&["Device.DeviceInfo.HostName"], 2),
        rpc::schedule_inform(1, "new"),
        rpc::reboot("new"),
        rpc::factory_reset(),
    ]
}

/// What tells of [`requests_to_store`] whether they happened.
fn stored(daemon: &Daemon) -> String {
    let output = daemon.cwmp(&[
        "get",
        "Device.DeviceInfo.ProvisioningCode",
        "Device.ManagementServer.PeriodicInformInterval",
        "Device.ManagementServer.ParameterKey",
        "Device.NAT.PortMappingNumberOfEntries",
    ]);
    let attributes = daemon.cwmp(&["attributes", "Device.DeviceInfo.HostName"]);
    assert_eq!((output.code, attributes.code), (0, 0), "{output:?}");
    output.stdout + &attributes.stdout
}

#[test]
fn what_the_flash_refuses_is_refused_and_does_not_happen() // SV-22 RB-02
{
    let mut acs = Acs::start();
    let mut daemon = Daemon::new(&acs.url());
    // Not one write has ever worked: what was delivered is remembered all the same, as long as the daemon lives.
    daemon.refuse_writes("etc/cwmpd/state.toml", true);
    acs.plan(requests_to_store());
    daemon = daemon.start();
    let session = acs.session();
    assert_eq!(session.inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    let faults: Vec<_> = session.answers.iter().map(|a| a.fault()).collect();
    assert_eq!(faults, [Some(9002); 7]);
    let before = stored(&daemon);
    assert!(
        !before.contains("new") && !before.contains("4321"),
        "{before}"
    );
    assert_eq!(daemon.cwmp(&["inform", "--wait"]).code, 0);
    assert_eq!(acs.session().inform.events(), ["6 CONNECTION REQUEST"]);
    // When the flash takes it again, nothing comes up of what was refused.
    daemon.refuse_writes("etc/cwmpd/state.toml", false);
    assert_eq!(daemon.cwmp(&["inform", "--wait"]).code, 0);
    assert_eq!(acs.session().inform.events(), ["6 CONNECTION REQUEST"]);
    daemon.kill();
    daemon.start_again();
    daemon.wait_ready();
    assert_eq!(stored(&daemon), before);
    assert_eq!(daemon.cwmp(&["inform", "--wait"]).code, 0);
    assert_eq!(acs.session().inform.events(), ["6 CONNECTION REQUEST"]);
    assert_eq!(daemon.count_log(&["hook started"]), 0);
}

#[test]
fn when_the_second_of_two_files_is_refused_the_first_is_taken_back() // SV-22
{
    let mut acs = Acs::start();
    let mut daemon = Daemon::new(&acs.url()).start();
    acs.session();
    let before = stored(&daemon);
    daemon.refuse_writes("etc/config/cwmp", true);
    acs.plan(requests_to_store().into_iter().take(1));
    assert_eq!(daemon.cwmp(&["inform", "--wait"]).code, 0);
    assert_eq!(acs.session().answers[0].fault(), Some(9002));
    assert_eq!(stored(&daemon), before);
    daemon.refuse_writes("etc/config/cwmp", false);
    daemon.kill();
    daemon.start_again();
    daemon.wait_ready();
    assert_eq!(stored(&daemon), before);
}

#[test]
fn any_damage_of_the_state_file_is_survived() // EV-05
{
    let mut acs = Acs::start();
    acs.plan(requests_to_store().into_iter().take(4));
    let mut daemon = Daemon::new(&acs.url()).start();
    acs.session();
    daemon.stop();
    let path = daemon.path("etc/cwmpd/state.toml");
    let good = std::fs::read(&path).unwrap();
    let damage: [&dyn Fn(); 4] = [
        &|| std::fs::write(&path, &good[..good.len() / 2]).unwrap(),
        &|| std::fs::write(&path, b"garbage").unwrap(),
        &|| std::fs::create_dir_all(path.join("folder")).unwrap(),
        &|| daemon_pipe(&path),
    ];
    for damage in damage {
        let _ = std::fs::remove_file(&path);
        damage();
        daemon.start_again();
        assert_eq!(acs.session().inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
        daemon.stop();
        assert!(
            std::fs::read_to_string(&path)
                .unwrap()
                .ends_with("# end of the state\n")
        );
    }
    assert_eq!(daemon.count_log(&["state set aside"]), 4);
}

fn daemon_pipe(path: &std::path::Path) {
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
}

#[test]
fn a_second_daemon_in_the_same_root_does_not_start() {
    let mut acs = Acs::start();
    let daemon = Daemon::new(&acs.url()).start();
    acs.session();
    let second = daemon.run_second();
    assert_ne!(second.code, 0, "{second:?}");
    assert!(daemon.alive());
    assert_eq!(daemon.cwmp(&["status"]).code, 0);
}
