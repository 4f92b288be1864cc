//! What goes wrong on a device: flash that takes no writes, messages without end.

use cwmpd::agent::command::Reply;
use cwmpd::datamodel::attributes::Attributes;

use crate::cpe::{Cpe, inform, settled};
use crate::inform::ROOTS;
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;

/// A folder in the place of the temporary file: from now on nobody can write here, not even root.
fn block(cpe: &Daemon, file: &str) {
    std::fs::create_dir_all(cpe.path(file)).unwrap();
}

fn unblock(cpe: &Daemon, file: &str) {
    std::fs::remove_dir(cpe.path(file)).unwrap();
}

const STATE: &str = "etc/cwmpd/.state.toml.cwmpd-new";
const CONFIG: &str = "etc/config/.cwmp.cwmpd-new";
const CODE: &str = "DeviceInfo.ProvisioningCode";
const KEY: &str = "ManagementServer.ParameterKey";
const INTERVAL: &str = "ManagementServer.PeriodicInformInterval";

#[test]
fn what_cannot_be_kept_is_refused_and_does_not_happen() // DESIGN 2.3, SV-23 RB-01
{
    for (root, profile) in ROOTS {
        let [code, key, interval] = [CODE, KEY, INTERVAL].map(|name| format!("{root}{name}"));
        let [code, key, interval] = [&*code, &key, &interval];
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        block(&cpe.home, STATE);
        acs.plan([
            rpc::set_values(&[(code, "string", "new")], "key"),
            rpc::set_values(&[(interval, "unsignedInt", "7")], "key"),
            rpc::set_notification(&[interval], 2),
            rpc::schedule_inform(10, "s"),
            rpc::reboot("r"),
            rpc::factory_reset(),
            rpc::get_values(&[code, key, interval]),
            rpc::get_attributes(&[interval]),
        ]);
        cpe.inform();
        let answers = cpe.session(&mut acs).answers;
        for answer in &answers[..6] {
            assert_eq!(answer.fault(), Some(9002), "{}", answer.method);
        }
        let values = answers[6].values();
        assert_ne!(values[code], "new");
        assert_eq!(values[key], "");
        assert_ne!(values[interval], "7");
        assert_eq!(answers[7].text("Notification").unwrap(), "0");
        assert_eq!(cpe.next(), None);
        unblock(&cpe.home, STATE);
        cpe.inform();
        cpe.session(&mut acs);
        let state = cpe.state();
        assert_eq!(state.deferred, Default::default());
        assert!(state.scheduled_informs.is_empty());
    }
}

#[test]
fn when_the_configuration_takes_no_write_the_state_goes_back() // SV-23
{
    for (root, profile) in ROOTS {
        let [code, key, interval] = [CODE, KEY, INTERVAL].map(|name| format!("{root}{name}"));
        let [code, key, interval] = [&*code, &key, &interval];
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        block(&cpe.home, CONFIG);
        acs.plan([
            rpc::set_values(
                &[(code, "string", "new"), (interval, "unsignedInt", "7")],
                "key",
            ),
            rpc::get_values(&[code, key, interval]),
        ]);
        cpe.inform();
        let answers = cpe.session(&mut acs).answers;
        assert_eq!(answers[0].fault(), Some(9002));
        let values = answers[1].values();
        assert!(values[code] != "new" && values[key].is_empty() && values[interval] != "7");
        unblock(&cpe.home, CONFIG);
        cpe.restart();
        cpe.settle();
        assert!(!cpe.home.read("etc/config/cwmp").contains("'7'"));
        assert_eq!(cpe.state().parameter_key, "");
    }
}

#[test]
fn a_flash_that_never_took_a_write_loses_neither_events_nor_secrets() // EV-06 CR-02 CR-03
{
    let mut acs = Acs::builder().down();
    let home = Daemon::new(&acs.url());
    block(&home, STATE);
    let mut cpe = Cpe::start(home);
    cpe.settle();
    let url = cpe.status()["cwmp"]["connection_request_url"].clone();
    let reply = cpe.set(&format!("Device.{CODE}"), "x");
    assert!(
        matches!(reply, Reply::Fault { code: 9002, .. }),
        "{reply:?}"
    );
    assert_eq!(cpe.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    assert_eq!(cpe.status()["cwmp"]["connection_request_url"], url);
    acs.up();
    assert_eq!(cpe.connection_request(), 200);
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.value_of(".ConnectionRequestURL").unwrap(), url);
}

#[test]
fn a_session_with_nothing_to_say_ends_as_one() // EV-15
{
    // What it was to tell of has been taken back: nothing may hang on it.
    let mut acs = Acs::start();
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    let reply = cpe.command(inform("4", true));
    assert!(matches!(reply, Reply::Ok(_) | Reply::Error { .. }));
    cpe.settle();
    assert_eq!(cpe.next(), None);
    cpe.inform();
    let session = cpe.session(&mut acs);
    assert_eq!(session.inform.events(), ["6 CONNECTION REQUEST"]);
    assert_eq!(session.inform.retry_count(), 0);
}

#[test]
fn who_asks_while_the_session_is_connecting_waits_for_that_session() {
    let mut acs = Acs::start();
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    let one = cpe.ask(inform("6", true));
    cpe.turn();
    assert_eq!(cpe.status()["last_session"]["state"], "Connecting");
    let two = cpe.ask(inform("8", true));
    cpe.until("both answers", |cpe| cpe.reply(one).zip(cpe.reply(two)));
    let _ = acs.session();
}

#[test]
fn no_event_is_sent_that_nothing_can_confirm() {
    let mut acs = Acs::start();
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    for event in ["0", "1", "2", "3", "4", "5", "6", "8"] {
        if matches!(cpe.command(inform(event, true)), Reply::Ok(_)) {
            assert_eq!(cpe.events(), [""; 0], "after {event}");
            let events = acs.session().inform.events();
            let scheduled = events.iter().filter(|e| e.ends_with("ScheduleInform"));
            assert_eq!(scheduled.count(), usize::from(event == "3")); // EV-11
        }
    }
}

#[test]
fn a_port_that_is_taken_at_start_is_taken_over_later() // CR-01
{
    let mut acs = Acs::start();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let home = Daemon::new(&acs.url()).cpe("port", &port.to_string());
    let mut cpe = settled(home, &mut acs);
    assert_eq!(cpe.status()["cwmp"]["connection_request_url"], "");
    cpe.pass_seconds(100);
    assert!(acs.try_session().is_none());
    drop(taken);
    cpe.pass_seconds(30);
    // NO-13: the ACS learns how to reach the device by itself.
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.events(), ["4 VALUE CHANGE"]);
    let url = inform.value_of(".ConnectionRequestURL").unwrap();
    assert!(url.contains(&format!(":{port}/")), "{url}");
    assert_eq!(cpe.connection_request(), 200);
}

#[test]
fn a_deleted_instance_takes_its_attributes_along() // NO-12
{
    let mut acs = Acs::start();
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    let table = "Device.NAT.PortMapping.";
    acs.plan([rpc::add_object(table, "added")]);
    cpe.inform();
    let answer = &cpe.session(&mut acs).answers[0];
    let instance = format!("{table}{}.", answer.text("InstanceNumber").unwrap());
    let name = format!("{instance}Description");
    acs.plan([
        rpc::set_notification(&[&name], 2),
        rpc::delete_object(&instance, "deleted"),
    ]);
    cpe.inform();
    let answers = cpe.session(&mut acs).answers;
    assert!(answers.iter().all(|answer| answer.fault().is_none()));
    cpe.inform();
    cpe.session(&mut acs);
    let state = cpe.state();
    assert_eq!(state.attributes, Attributes::default());
    assert!(state.notified.get(&name).is_none());
    assert_eq!(state.parameter_key, "deleted");
}
