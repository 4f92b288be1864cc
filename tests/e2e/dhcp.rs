//! Leases, as the hooks of DHCP clients hand them over.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use crate::support::acs::Acs;
use crate::support::daemon::{Daemon, repository};
use crate::support::patience;

fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_lease_that_comes_before_the_daemon_waits_for_it() // DH-01 DH-04
{
    let mut acs = Acs::start();
    let lost = hex(b"http://127.0.0.1:1/");
    let url = hex(format!("{}\0", acs.url()).as_bytes());
    let mut daemon = Daemon::new("");
    for opt43 in [&lost, &url] {
        let output = daemon.cwmp(&[
            "dhcp",
            "--opt43",
            opt43,
            "--opt125",
            "",
            "--interface",
            "wan",
        ]);
        assert_eq!(output.code, 0, "{output:?}");
        assert!(output.stdout.contains("kept for its start"), "{output:?}");
    }
    assert_eq!(daemon.mode("var/run/cwmpd.dhcp"), 0o600);
    daemon = daemon.start();
    let inform = acs.session().inform;
    assert_eq!(inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    assert!(!daemon.path("var/run/cwmpd.dhcp").exists());
    // It lasts without a lease; and somebody who asks is told the right thing.
    daemon.kill();
    daemon.start_again();
    daemon.wait_ready();
    assert_eq!(daemon.status()["cwmp"]["acs_url"], acs.url());
    let doctor = daemon.cwmp(&["doctor"]);
    let said = format!("the ACS is {}, by DHCP", acs.url());
    assert!(doctor.stdout.contains(&said), "{doctor:?}");
    acs.take_problems(); // it asks with GET
}

#[test]
fn any_file_in_the_place_of_left_leases_is_survived() {
    let acs = Acs::start();
    let good = format!(
        r#"{{"command":"dhcp","opt43":"{}"}}"#,
        hex(acs.url().as_bytes())
    );
    for (text, taken) in [
        (vec![b'x'; 100_000], false),
        (b"\xff\n{\"command\":\"stop\"}\n".to_vec(), false),
        (format!("garbage\n{good}\n{{\"comm").into_bytes(), true),
    ] {
        let daemon = Daemon::new("");
        daemon.write("var/run/cwmpd.dhcp", &text);
        let daemon = daemon.start();
        daemon.wait_ready();
        let url = daemon.status()["cwmp"]["acs_url"].clone();
        assert_eq!(url == acs.url(), taken, "{url}");
        assert!(!daemon.path("var/run/cwmpd.dhcp").exists());
    }
}

#[test]
fn leases_left_for_a_daemon_that_never_comes_do_not_pile_up() {
    let daemon = Daemon::new("");
    daemon.write("var/run/cwmpd.dhcp", &vec![b'\n'; 64 * 1024]);
    let opt43 = hex(b"http://127.0.0.1:1/");
    assert_eq!(daemon.cwmp(&["dhcp", "--opt43", &opt43]).code, 0);
    let left = daemon.read("var/run/cwmpd.dhcp");
    assert!(left.len() < 1000 && left.contains(&opt43), "{left}");
}

/// Runs a hook script as a DHCP client's script does, with a `cwmp` that writes down how it was called.
fn hooked(script: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let home = Daemon::new("");
    home.make_pipe("done");
    let record = "#!/bin/sh\nfor word in \"$@\"; do printf '<%s>' \"$word\"; done > ROOT/called\necho > ROOT/done\n";
    home.write_program(
        "bin/cwmp",
        &record.replace("ROOT", home.root.to_str().unwrap()),
    );
    let path = repository().join("etc").join(script);
    // Sourced, in a subshell: what it does to the shell must not hurt the client's script.
    let line = format!("(. {} \"$@\"); echo after", path.display());
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &line, "hook"])
        .args(arguments)
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", home.path("bin").display()),
        )
        .envs(environment.iter().copied())
        .stdin(Stdio::null());
    let output = command.output().expect("run the hook");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "after\n");
    assert_eq!(output.stderr, b"");
    if arguments
        .iter()
        .any(|word| ["bound", "renew", "updated"].contains(word))
    {
        // It does not wait for the command: this does.
        let (done, pipe) = (mpsc::channel(), home.path("done"));
        thread::spawn(move || done.0.send(fs::read(pipe).is_ok()));
        assert_eq!(
            done.1.recv_timeout(patience()),
            Ok(true),
            "the hook calls nobody"
        );
    }
    fs::read_to_string(home.path("called")).unwrap_or_default()
}

#[test]
fn the_hooks_hand_over_the_options_as_they_are() // DH-01
{
    let odd = "68747470%s`id`$(id) '\"";
    for event in ["bound", "renew"] {
        assert_eq!(
            hooked(
                "udhcpc.user.d/cwmpd",
                &[event],
                &[("opt43", odd), ("INTERFACE", "wan")]
            ),
            format!("<dhcp><--opt43><{odd}><--opt125><><--interface><wan>")
        );
    }
    assert_eq!(hooked("udhcpc.user.d/cwmpd", &["deconfig"], &[]), "");
    assert_eq!(
        hooked(
            "odhcp6c.user.d/cwmpd",
            &["eth0.2", "updated"],
            &[("OPTION_17", odd), ("INTERFACE", "wan6")]
        ),
        format!("<dhcp><--opt17><{odd}><--interface><wan6>")
    );
    assert_eq!(
        hooked("odhcp6c.user.d/cwmpd", &["eth0.2", "stopped"], &[]),
        ""
    );
}
