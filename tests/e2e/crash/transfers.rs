//! The same for a Download, an Upload and a ChangeDUState: each that was answered is told of, and none is applied twice.

use std::net::Ipv4Addr;
use std::time::Instant;

use super::{After, at_every_step, dies_at, informs_with, messages, said, start_after};
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::http::Reply;
use crate::support::inspect::Message;
use crate::support::patience;
use crate::support::rpc;
use crate::support::server::Server;

const EVENTS: [(&str, &str); 3] = [
    ("M Download", "down"),
    ("M Upload", "up"),
    ("M ChangeDUState", "unit"),
];

fn hooks(daemon: &Daemon) {
    for (name, text) in [
        ("web-content-apply", "echo down >> \"${0%/*}/applied\""),
        ("config-export", "echo exported > \"$1\""),
        ("du-uninstall", "echo unit >> \"${0%/*}/applied\""),
    ] {
        let path = format!("usr/lib/cwmpd/hooks/{name}");
        daemon.write_program(&path, &format!("#!/bin/sh\n{text}\n"));
    }
}

/// How often the ACS was told of the order with that key.
fn told(heard: &[Message], key: &str) -> usize {
    let reports = heard.iter().filter(|message| {
        matches!(
            message.method.as_str(),
            "TransferComplete" | "DUStateChangeComplete"
        )
    });
    let keys = reports.filter_map(|report| report.text("CommandKey"));
    keys.filter(|told| told == key).count()
}

fn run(step: usize, after: After) -> bool {
    let handler = |request: &crate::support::http::Request| match request.method.as_str() {
        "PUT" => Reply::status(204),
        _ => Reply::status(200).body("content"),
    };
    let files = Server::start((Ipv4Addr::LOCALHOST, 0).into(), None, Box::new(handler));
    let url = format!("http://{}/file", files.address);
    let acs = Acs::start();
    acs.plan([
        rpc::download_of("down", "2 Web Content", &url),
        rpc::upload_of("up", "1 Vendor Configuration File", &url),
        rpc::change_du_state("unit"),
    ]);
    let mut daemon = Daemon::new(&acs.url());
    hooks(&daemon);
    daemon.write_config();
    let through = dies_at(step, &acs, &mut daemon, |ended| {
        EVENTS
            .iter()
            .all(|(event, key)| informs_with(ended, event, key) > 0)
    });
    let before = said(&acs);
    start_after(&mut daemon, after);
    for (answer, key) in [
        ("DownloadResponse", "down"),
        ("UploadResponse", "up"),
        ("ChangeDUStateResponse", "unit"),
    ] {
        if before.iter().any(|message| message.method == answer) {
            acs.wait("the report of what was answered", |brain| {
                (told(&messages(&brain.requests), key) > 0).then_some(())
            });
        }
    }
    // What was kept but not answered is done as well.
    let give_up = Instant::now() + patience();
    loop {
        super::settle(&daemon);
        let state = daemon.read("etc/cwmpd/state.toml");
        let left = ["[[transfers", "[[software", "[[reports"];
        if !left.iter().any(|left| state.contains(left)) {
            break;
        }
        assert!(Instant::now() < give_up, "{state}");
    }
    // Told twice is only what the ACS had answered and the device died before it could remember.
    let heard = said(&acs);
    for (_, key) in EVENTS {
        let most = if through { 1 } else { 2 };
        assert!(told(&heard, key) <= most, "{key} at {step}");
    }
    let applied = std::fs::read_to_string(daemon.path("usr/lib/cwmpd/hooks/applied"));
    let applied = applied.unwrap_or_default();
    for key in ["down", "unit"] {
        let times = applied.lines().filter(|line| *line == key).count();
        assert!(times <= 1, "{key} applied {times} times at {step}");
        assert!(!through || times == 1, "{key} was not applied");
    }
    through
}

#[test]
fn a_restart_loses_no_transfer_and_repeats_none() // DL-03 DL-18 EV-09 EV-13 EV-21
{
    at_every_step(|step| run(step, After::Restart));
}

#[test]
fn a_power_cut_loses_no_transfer_and_repeats_none() // DL-03 DL-18 EV-09 EV-13 EV-21
{
    at_every_step(|step| run(step, After::PowerCut));
}
