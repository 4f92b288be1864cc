//! The lab's commands, as a person runs them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::daemon::{Daemon, other_program};
use crate::support::wait::Shared;

fn lab(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cwmp-lab"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// A running `cwmp-lab acs` and what it has printed.
struct LabAcs(Child, Shared<Vec<String>>);

impl LabAcs {
    fn start(script: &std::path::Path) -> LabAcs {
        let mut child = lab(&["acs", "--script"])
            .arg(script)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Shared::new(Vec::new());
        let (stdout, seen) = (child.stdout.take().unwrap(), lines.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                seen.change(|lines: &mut Vec<String>| lines.push(line));
            }
        });
        LabAcs(child, lines)
    }

    fn wait(&self, part: &str) -> String {
        self.1
            .wait(|lines| lines.iter().find(|line| line.contains(part)).cloned())
            .unwrap_or_else(|| panic!("no {part:?} in {:#?}", self.1.lock()))
    }
}

impl Drop for LabAcs {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_demo_plays_to_its_end() {
    let mut demo = lab(&["demo"]);
    if let Some(program) = other_program() {
        demo.arg("--daemon").arg(program);
    }
    let output = demo.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    for part in [
        "0 BOOTSTRAP,1 BOOT",
        "6 CONNECTION REQUEST",
        "4 VALUE CHANGE",
        "All of it happened",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn the_acs_plays_its_script_and_wakes_the_device() {
    let daemon = Daemon::new("");
    daemon.write(
        "script.toml",
        br#"
            [[step]]
            do = "SetParameterValues"
            values = [
                { name = "Device.ManagementServer.ConnectionRequestUsername", value = "acs" },
                { name = "Device.ManagementServer.ConnectionRequestPassword", value = "known to both" },
                { name = "Device.ManagementServer.PeriodicInformInterval", value = 300 },
            ]
            [[step]]
            do = "wake"
            [[step]]
            do = "GetParameterValues"
            names = ["Device.ManagementServer.PeriodicInformInterval"]
        "#,
    );
    let acs = LabAcs::start(&daemon.path("script.toml"));
    let url = acs
        .wait("listens at")
        .split(' ')
        .next_back()
        .unwrap()
        .to_owned();
    let _daemon = daemon.acs("url", &url).start();
    acs.wait("0 BOOTSTRAP,1 BOOT");
    acs.wait("connection request status=20");
    acs.wait("6 CONNECTION REQUEST");
    acs.wait("Device.ManagementServer.PeriodicInformInterval = 300");
    assert!(
        !acs.1
            .lock()
            .iter()
            .any(|line| line.contains("known to both"))
    );
}

#[test]
fn a_wrong_password_is_told() {
    let daemon = Daemon::new("").acs("userid", "cpe").acs("passwd", "wrong");
    daemon.write("script.toml", b"username = 'cpe'\npassword = 'right'\n");
    let acs = LabAcs::start(&daemon.path("script.toml"));
    let line = acs.wait("listens at");
    let url = line.rsplit(' ').next().unwrap();
    let daemon = daemon.acs("url", url).start();
    acs.wait("refused status=401 ");
    daemon.wait_failed_sessions(1);
}
