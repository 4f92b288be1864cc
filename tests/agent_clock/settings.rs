//! Configuration that changes while it is in use.

use std::time::Duration;

use cwmpd::agent::command::{Command, Reply};

use crate::cpe::{Cpe, inform, settled};
use crate::inform::ROOTS;
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;
use crate::support::wait::Gate;

fn set(root: &str, name: &str, ty: &str, value: &str) -> rpc::Rpc {
    rpc::set_values(
        &[(&format!("{root}ManagementServer.{name}"), ty, value)],
        "",
    )
}

#[test]
fn a_new_acs_url_counts_after_the_session() // SE-16 EV-05 EV-06
{
    for (root, profile) in ROOTS {
        let (mut old, mut new) = (Acs::start(), Acs::start());
        let (one, two) = (
            set(root, "URL", "string", &new.url()),
            rpc::get_values(&[&format!("{root}ManagementServer.URL")]),
        );
        old.plan([one, two]);
        let mut cpe = Cpe::start(Daemon::new(&old.url()).profile(profile));
        let session = cpe.session(&mut old);
        assert_eq!(session.answers[0].text("Status").unwrap(), "1"); // SV-08
        assert_eq!(
            session.answers[1].values()[&format!("{root}ManagementServer.URL")],
            new.url()
        );
        assert_eq!(session.connections.len(), 1);
        let inform = cpe.session(&mut new).inform;
        assert_eq!(inform.events(), ["0 BOOTSTRAP"]);
        assert_eq!(inform.retry_count(), 0);
        cpe.inform();
        assert_eq!(
            cpe.session(&mut new).inform.events(),
            ["6 CONNECTION REQUEST"]
        ); // EV-07
        assert!(old.try_session().is_none());
    }
}

#[test]
fn a_new_acs_url_survives_a_kill_before_its_bootstrap() // SE-16 EV-06
{
    for (root, profile) in ROOTS {
        let mut old = Acs::start();
        let mut new = Acs::builder().down();
        old.plan([set(root, "URL", "string", &new.url())]);
        let mut cpe = Cpe::start(Daemon::new(&old.url()).profile(profile));
        cpe.session(&mut old);
        cpe.settle();
        cpe.restart();
        new.up();
        let wait = cpe.next().unwrap();
        cpe.pass(wait);
        assert_eq!(cpe.session(&mut new).inform.events(), ["0 BOOTSTRAP"]);
    }
}

#[test]
fn disabled_it_neither_informs_nor_takes_connection_requests() // SE-17 CR-18
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        acs.plan([set(root, "EnableCWMP", "boolean", "0")]);
        let home = Daemon::new(&acs.url())
            .profile(profile)
            .acs("periodic_inform_enable", "1")
            .acs("periodic_inform_interval", "60");
        let mut cpe = settled(home, &mut acs);
        assert_eq!(cpe.next(), None);
        assert_eq!(cpe.status()["cwmp"]["connection_request_url"], "");
        assert!(matches!(
            cpe.command(inform("6", false)),
            Reply::Error { .. }
        ));
        cpe.pass_seconds(1000);
        cpe.restart();
        cpe.pass_seconds(1000);
        assert!(acs.try_session().is_none());
        // Back by a change from the LAN side.
        let name = format!("{root}ManagementServer.EnableCWMP");
        assert!(matches!(cpe.set(&name, "1"), Reply::Ok(_)));
        cpe.pass_seconds(60);
        assert!(
            cpe.session(&mut acs)
                .inform
                .events()
                .contains(&"2 PERIODIC".into())
        );
    }
}

#[test]
fn who_waits_for_a_session_that_can_no_longer_come_is_told() // SE-17
{
    for (root, profile) in ROOTS {
        let gate = Gate::new();
        let held = gate.clone();
        let mut acs = Acs::builder()
            .layer(move |request, next| next(request).hold(&held))
            .start();
        acs.plan([set(root, "EnableCWMP", "boolean", "0")]);
        let mut cpe = Cpe::start(Daemon::new(&acs.url()).profile(profile));
        cpe.informed(&mut acs);
        let client = cpe.ask(inform("6", true));
        gate.open();
        let reply = cpe.until("an answer", |cpe| cpe.reply(client));
        assert!(matches!(reply, Reply::Error { .. }), "{reply:?}");
    }
}

#[test]
fn a_reload_in_a_session_counts_after_it() {
    let mut acs = Acs::start();
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.informed(&mut acs);
    cpe.home.set_acs("periodic_inform_enable", "1");
    cpe.home.set_acs("periodic_inform_interval", "77");
    cpe.home.write_config();
    assert!(matches!(cpe.command(Command::Reload), Reply::Ok(_)));
    cpe.session(&mut acs);
    assert_eq!(cpe.next(), Some(Duration::from_secs(77)));
}

#[test]
fn what_was_written_once_is_not_written_over_a_later_edit() // SV-22
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        let name = format!("{root}ManagementServer.PeriodicInformInterval");
        assert!(matches!(cpe.set(&name, "1111"), Reply::Ok(_)));
        let config = cpe.home.read("etc/config/cwmp");
        assert!(config.contains("1111"), "{config}");
        cpe.home
            .write("etc/config/cwmp", config.replace("1111", "2222").as_bytes());
        cpe.restart();
        assert!(cpe.home.read("etc/config/cwmp").contains("2222"));
    }
}

#[test]
fn the_acs_sets_a_value_while_the_file_is_being_edited() // SE-17
{
    for (root, profile) in ROOTS {
        // Somebody is half-way through: what is wrong in the file must not come into force with what the ACS sets.
        let mut acs = Acs::start();
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        let config = cpe.home.read("etc/config/cwmp");
        let edited = config.replace(&acs.url(), "htp:/oops");
        cpe.home.write("etc/config/cwmp", edited.as_bytes());
        acs.plan([set(root, "PeriodicInformInterval", "unsignedInt", "123")]);
        cpe.inform();
        let session = cpe.session(&mut acs);
        assert_eq!(session.answers[0].text("Status").unwrap(), "0");
        assert!(cpe.status()["cwmp"]["idle_reason"].is_null());
        assert_eq!(cpe.status()["cwmp"]["acs_url"], acs.url());
        let now = cpe.home.read("etc/config/cwmp");
        assert!(now.contains("htp:/oops") && now.contains("123"), "{now}");
    }
}

#[test]
fn odd_values_come_back_as_they_were_set() // SV-14 SV-17 SV-22
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let user = " o'neil  \"x\" \\ #1 \u{e9} ";
        let time = format!("{root}ManagementServer.PeriodicInformTime");
        let name = format!("{root}ManagementServer.ConnectionRequestUsername");
        let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
        for value in ["2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
            acs.plan([rpc::set_values(
                &[(&time, "dateTime", value), (&name, "string", user)],
                "",
            )]);
            cpe.inform();
            let session = cpe.session(&mut acs);
            assert_eq!(session.answers[0].fault(), None, "{value}");
            cpe.restart();
            acs.plan([rpc::get_values(&[&time, &name])]);
            cpe.inform();
            let values = cpe.session(&mut acs).answers[0].values();
            assert_eq!(values[&time], value);
            assert_eq!(values[&name], user);
        }
    }
}

#[test]
fn a_value_that_the_configuration_cannot_hold_is_refused_by_name() // SV-02
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        acs.plan([set(root, "Username", "string", "two\nlines")]);
        let mut cpe = Cpe::start(Daemon::new(&acs.url()).profile(profile));
        let answer = &cpe.session(&mut acs).answers[0];
        assert_eq!(answer.fault(), Some(9003));
        assert!(answer.texts("FaultCode").contains(&"9007".to_owned()));
    }
}

#[test]
fn switched_off_connection_requests_have_no_port_and_no_url() // CR-16
{
    // TR-098 has no such parameter.
    let (root, profile) = ROOTS[0];
    let mut acs = Acs::start();
    let url = format!("{root}ManagementServer.ConnectionRequestURL");
    let mut cpe = settled(Daemon::new(&acs.url()).profile(profile), &mut acs);
    let before = cpe.status()["cwmp"]["connection_request_url"].clone();
    let port = before
        .as_str()
        .unwrap()
        .split([':', '/'])
        .nth(4)
        .unwrap()
        .to_owned();
    let address = format!("127.0.0.1:{port}");
    assert!(std::net::TcpStream::connect(&address).is_ok());

    acs.plan([
        set(root, "HTTPConnectionRequestEnable", "boolean", "0"),
        rpc::get_values(&[&url]),
    ]);
    cpe.inform();
    let answers = cpe.session(&mut acs).answers;
    assert_eq!(answers[0].fault(), None);
    assert_eq!(answers[1].values()[&url], "");
    assert!(std::net::TcpStream::connect(&address).is_err());
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.events(), ["4 VALUE CHANGE"]);
    assert_eq!(inform.value_of(".ConnectionRequestURL").unwrap(), "");

    // It stays so, and nothing but the port is off.
    cpe.restart();
    cpe.settle();
    assert!(std::net::TcpStream::connect(&address).is_err());
    acs.plan([set(root, "HTTPConnectionRequestEnable", "boolean", "1")]);
    cpe.inform();
    cpe.session(&mut acs);
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.events(), ["4 VALUE CHANGE"]);
    assert_eq!(inform.value_of(".ConnectionRequestURL").unwrap(), before);
    assert_eq!(cpe.connection_request(), 200);
    assert_eq!(
        cpe.session(&mut acs).inform.events(),
        ["6 CONNECTION REQUEST"]
    );
}
