//! What does not answer must not hold up the rest: a slow ACS, a dead DNS server, a vendor's program, a log daemon.

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;

use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;
use crate::support::server::own_loopback;
use crate::support::wait::Gate;

#[test]
fn a_slow_acs_holds_up_nobody() // HT-21 SE-19
{
    let gate = Gate::new();
    let held = gate.clone();
    let mut acs = Acs::builder()
        .layer(move |request, next| next(request).hold(&held))
        .start();
    let daemon = Daemon::new(&acs.url()).start();
    acs.wait_requests(1);
    assert_eq!(daemon.status()["last_session"]["status"], "running");
    assert_eq!(
        daemon.cwmp(&["get", "Device.DeviceInfo.SerialNumber"]).code,
        0
    );
    gate.open();
    assert_eq!(acs.session().inform.retry_count(), 0);
}

#[test]
#[ignore = "needs root: port 53"]
fn a_dead_name_server_holds_up_nobody() {
    // Its port is open and nobody reads: queries vanish.
    let server = UdpSocket::bind((own_loopback(), 53)).expect("port 53");
    let mut daemon = Daemon::new("http://acs.nowhere.example:7547/");
    daemon.write(
        "etc/resolv.conf",
        format!("nameserver {}\n", server.local_addr().unwrap().ip()).as_bytes(),
    );
    daemon = daemon.start();
    server
        .set_read_timeout(Some(crate::support::patience()))
        .unwrap();
    let mut query = [0; 512];
    server.recv(&mut query).expect("a query");
    assert_eq!(daemon.status()["last_session"]["status"], "running");
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
#[ignore = "needs root: port 53"]
fn the_next_name_server_is_asked() // HT-31
{
    let dead = UdpSocket::bind((own_loopback(), 53)).expect("port 53");
    let good = UdpSocket::bind((own_loopback(), 53)).expect("port 53");
    let mut acs = Acs::start();
    let mut daemon = Daemon::new(&acs.url_with("acs.by-dns.example"));
    let line = |socket: &UdpSocket| format!("nameserver {}\n", socket.local_addr().unwrap().ip());
    daemon.write("etc/resolv.conf", (line(&dead) + &line(&good)).as_bytes());
    std::thread::spawn(move || answer_queries(&good));
    daemon = daemon.start();
    acs.session();
    assert!(daemon.alive());
}

/// Answers every A query with 127.0.0.1 and every other one with nothing.
fn answer_queries(server: &UdpSocket) {
    let mut query = [0; 512];
    while let Ok((length, from)) = server.recv_from(&mut query) {
        // The question ends after its name (labels up to a zero), type and class; what follows (EDNS) is not echoed.
        let Some(name) = query[12..length].iter().position(|byte| *byte == 0) else {
            continue;
        };
        let end = 12 + name + 5;
        let is_a = query[end - 4..end - 2] == [0, 1];
        let mut reply = query[..end].to_vec();
        reply[2] = 0x81;
        reply[3] = 0x80;
        reply[4..12].copy_from_slice(&[0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
        if is_a {
            reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
        }
        let _ = server.send_to(&reply, from);
    }
}

#[test]
fn a_log_daemon_that_stalls_and_restarts() {
    let mut acs = Acs::start();
    let mut daemon = Daemon::new(&acs.url()).with_syslog();
    daemon.write("dev/.keep", b"");
    let path = daemon.path("dev/log");
    let stalled = UnixDatagram::bind(&path).expect("bind dev/log");
    daemon = daemon.start();
    acs.session();
    // Nobody reads: the socket fills up, and sessions and the command line go on.
    for _ in 0..40 {
        assert_eq!(daemon.cwmp(&["inform"]).code, 0);
        acs.session();
    }
    drop(stalled);
    std::fs::remove_file(&path).expect("remove dev/log");
    let restarted = UnixDatagram::bind(&path).expect("bind dev/log again");
    restarted
        .set_read_timeout(Some(crate::support::patience()))
        .unwrap();
    assert_eq!(daemon.cwmp(&["inform"]).code, 0);
    acs.session();
    let mut line = [0; 4096];
    let length = restarted
        .recv(&mut line)
        .expect("a line at the new log daemon");
    let line = String::from_utf8_lossy(&line[..length]);
    assert!(line.starts_with('<') && line.contains("cwmp"), "{line}");
    assert!(daemon.alive());
}

#[test]
fn no_log_daemon_at_all() {
    let mut acs = Acs::start();
    let mut daemon = Daemon::new(&acs.url()).with_syslog().start();
    acs.session();
    assert_eq!(daemon.stop(), Some(0));
}

/// A vendor's program in shell: it knows who the device is; about `X_SLOW` it says so through the hooks' pipe and answers
/// when the test lets it; about `X_MUTE` it never answers.
const PROGRAM: &str = r#"#!/bin/sh
while read -r line; do
    id=${line#*'"id":'}
    id=${id%%,*}
    more=
    case $line in
    *X_MUTE*) continue ;;
    *X_SLOW*)
        echo slow > 'ROOT/hooks.pipe'
        read -r go < 'ROOT/go.pipe'
        more=',{"path":"Device.X_SLOW.Value","value":"at last"}' ;;
    esac
    info='"path":"Device.DeviceInfo.'
    printf '{"id":%s,"objects":[],"parameters":[' "$id"
    printf '{%sManufacturer","value":"Example"},{%sManufacturerOUI","value":"00D0D0"},' "$info" "$info"
    printf '{%sProductClass","value":"RG1"},{%sSerialNumber","value":"SN0001"},' "$info" "$info"
    printf '{%sHardwareVersion","value":"A1"},{%sSoftwareVersion","value":"1"},' "$info" "$info"
    printf '{%sProvisioningCode","value":"","writable":true}%s]}\n' "$info" "$more"
done
"#;

fn over_a_program(url: &str, timeout: &str) -> Daemon {
    let daemon = Daemon::new(url)
        .cpe("backend", "exec")
        .cpe("exec", "/usr/lib/cwmpd/backend")
        .cpe("exec_timeout", timeout);
    daemon.write_program(
        "usr/lib/cwmpd/backend",
        &PROGRAM.replace("ROOT", daemon.root.to_str().unwrap()),
    );
    daemon.make_pipe("go.pipe");
    daemon
}

#[test]
fn a_slow_backend_holds_up_nobody() // SE-19
{
    let mut acs = Acs::start();
    acs.plan([rpc::get_values(&["Device.X_SLOW."])]);
    let daemon = over_a_program(&acs.url(), "600").start();
    let inform = acs.inform();
    assert_eq!(inform.text("SerialNumber").as_deref(), Some("SN0001"));
    assert_eq!(daemon.wait_hook(), "slow");
    assert_eq!(daemon.status()["last_session"]["status"], "running");
    assert!(matches!(
        daemon.connection_request(&inform).send(),
        200 | 204 | 503
    ));
    daemon.write_pipe("go.pipe", "go");
    assert_eq!(
        acs.session().answers[0].values()["Device.X_SLOW.Value"],
        "at last"
    );
}

#[test]
fn a_mute_backend_is_an_internal_error_and_starts_again() // SE-19
{
    let mut acs = Acs::start();
    acs.plan([rpc::get_values(&["Device.X_MUTE."])]);
    acs.plan([rpc::get_values(&["Device.DeviceInfo.ProductClass"])]);
    let daemon = over_a_program(&acs.url(), "3").start();
    assert_eq!(acs.session().answers[0].fault(), Some(9002));
    daemon.wait_log(&["backend"]);
    assert_eq!(daemon.cwmp(&["inform"]).code, 0);
    assert_eq!(
        acs.session().answers[0].values()["Device.DeviceInfo.ProductClass"],
        "RG1"
    );
}

#[test]
fn a_backend_that_cannot_be_started_kills_nobody() {
    let mut daemon = Daemon::new("")
        .cpe("backend", "exec")
        .cpe("exec", "/nowhere")
        .start();
    daemon.wait_ready();
    daemon.status();
    assert_eq!(daemon.stop(), Some(0));
}
