//! kill -9 at every step of every write of a first session: what the ACS was answered is true afterwards, and what
//! it was not answered is done wholly or not at all (DESIGN 2.3).
//!
//! A rename that was not synced may be undone by a power cut. That is the same as to die before it: nothing happens
//! between the two.

mod transfers;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::acs::Acs;
use crate::support::daemon::{CR_PASSWORD, Daemon};
use crate::support::http::Request;
use crate::support::inspect::{Message, method};
use crate::support::patience;
use crate::support::rpc::{self, Rpc};

/// The variable that names the step to die at.
const CRASH: &str = "CWMPD_CRASH_AT";
/// More steps than any run here has.
const MANY: usize = 500;
/// How many runs go on at a time: most of each is waiting for a second to pass.
const WORKERS: usize = 6;

const INTERVAL: &str = "Device.ManagementServer.PeriodicInformInterval";
const PASSWORD: &str = "Device.ManagementServer.ConnectionRequestPassword";
const KEY: &str = "Device.ManagementServer.ParameterKey";
const CODE: &str = "Device.DeviceInfo.ProvisioningCode";
const WATCHED: &str = "Device.DeviceInfo.HostName";
const TABLE: &str = "Device.NAT.PortMapping.";
const NEW_PASSWORD: &str = "n3w-cr-passw0rd";
const BOOT_2: &str = "00000000-0000-4000-8000-000000000002";
const BOOT_3: &str = "00000000-0000-4000-8000-000000000003";

/// What comes after the death.
#[derive(Clone, Copy, Debug, PartialEq)]
enum After {
    /// The daemon is started again.
    Restart,
    /// The device boots; what was written but not synced is lost.
    PowerCut,
}

/// Runs `run` for the steps 1, 2, 3 … until one run gets through without dying, which it tells by `true`.
fn at_every_step(run: impl Fn(usize) -> bool + Sync) {
    let (next, through) = (AtomicUsize::new(1), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while !through.load(Ordering::SeqCst) {
                    let step = next.fetch_add(1, Ordering::SeqCst);
                    assert!(step < MANY, "it never gets through");
                    if run(step) {
                        assert!(step > 1, "there are no crash points");
                        through.store(true, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    println!("{} steps", next.into_inner() - 1);
}

/// A device that dies at that step, or ends in good order when `done` has come true before. Gives whether it did.
fn dies_at(step: usize, acs: &Acs, daemon: &mut Daemon, done: impl Fn(&[Message]) -> bool) -> bool {
    daemon.set_environment(CRASH, Some(&step.to_string()));
    daemon.start_again();
    wait_end(acs, daemon, done);
    let status = daemon.wait_exit();
    daemon.set_environment(CRASH, None);
    assert!(
        status.code() == Some(0) || status.signal() == Some(Signal::SIGKILL as i32),
        "{status:?}"
    );
    status.success()
}

/// Waits until the daemon dies, or ends it when `done` says so of the Informs that began a session which has ended.
fn wait_end(acs: &Acs, daemon: &Daemon, done: impl Fn(&[Message]) -> bool) {
    let exit = daemon.exit();
    std::thread::spawn({
        let (exit, brain) = (exit.clone(), acs.brain.clone());
        move || {
            exit.wait(|exit| *exit);
            brain.change(|_| ()); // wakes who waits below
        }
    });
    let alive = acs.wait("the session or the crash", |brain| {
        let ended: Vec<_> = brain.sessions.iter().map(|s| s.inform.clone()).collect();
        match *exit.lock() {
            Some(_) => Some(false),
            None => done(&ended).then_some(true),
        }
    });
    if alive {
        daemon.try_signal(Signal::SIGTERM);
    }
}

/// What came from a device, in order; empty POSTs have no method.
fn said(acs: &Acs) -> Vec<Message> {
    messages(&acs.brain.lock().requests)
}

fn messages(requests: &[Request]) -> Vec<Message> {
    requests
        .iter()
        .map(|request| match method(&request.body) {
            Some(_) => Message::parse(&request.body),
            None => Message::default(),
        })
        .collect()
}

fn answer(said: &[Message], method: &str) -> Option<Message> {
    said.iter().find(|m| m.method == method).cloned()
}

fn informs_with(said: &[Message], event: &str, key: &str) -> usize {
    let event = (event.to_owned(), key.to_owned());
    said.iter()
        .filter(|m| m.method == "Inform" && m.events_and_keys().contains(&event))
        .count()
}

/// Once the device has gone on after an Inform, its InformResponse came and was kept: the event does not come again.
fn told_once(said: &[Message], event: &str) {
    assert!(informs_with(said, event, "") > 0, "{event} was never told");
    let mut delivered = false;
    for (at, message) in said.iter().enumerate() {
        if message.method != "Inform" {
            continue;
        }
        let has = message.events().contains(&event.to_owned());
        assert!(!(has && delivered), "{event} comes again: {}", message.xml);
        let next = said.get(at + 1);
        delivered |= has && next.is_some_and(|next| next.method != "Inform");
    }
}

fn get(daemon: &Daemon, paths: &[&str]) -> BTreeMap<String, String> {
    let output = daemon.cwmp(&[&["--json", "get"], paths].concat());
    assert_eq!(output.code, 0, "{output:?}");
    let values: Value = serde_json::from_str(&output.stdout).unwrap();
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let values = values.as_array().unwrap().iter();
    values
        .map(|v| (text(v, "parameter"), text(v, "value")))
        .collect()
}

fn notification(daemon: &Daemon, path: &str) -> u64 {
    let output = daemon.cwmp(&["--json", "attributes", path]);
    assert_eq!(output.code, 0, "{output:?}");
    let list: Value = serde_json::from_str(&output.stdout).unwrap();
    list[0]["notification"].as_u64().unwrap()
}

/// The instances of the table.
fn instances(daemon: &Daemon) -> Vec<u32> {
    let output = daemon.cwmp(&["--json", "names", TABLE]);
    let names: Value = serde_json::from_str(&output.stdout).unwrap();
    let names = names.as_array().unwrap().iter();
    names
        .filter_map(|name| {
            name["parameter"]
                .as_str()?
                .strip_prefix(TABLE)?
                .strip_suffix('.')?
                .parse()
                .ok()
        })
        .collect()
}

/// A session from the device's side, after whatever runs already: then everything has settled.
fn settle(daemon: &Daemon) {
    daemon.wait_ready();
    let output = daemon.cwmp(&["inform", "--wait"]);
    assert_eq!(output.code, 0, "{output:?} {:?}", *daemon.exit().lock());
}

/// A file that was not put in its place yet.
fn half_written(daemon: &Daemon) -> Option<String> {
    let folders = ["etc/config", "etc/cwmpd"].into_iter();
    let mut names = folders.flat_map(|folder| {
        let entries = std::fs::read_dir(daemon.path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap())
    });
    names.find(|name| name.contains("cwmpd-new"))
}

/// What must be so of the files after any start.
fn files_are_whole(daemon: &Daemon, problems: &str) {
    assert_eq!(daemon.count_log(&["set aside"]), 0);
    let check = daemon.check_config();
    assert_eq!(check.stdout + &check.stderr, problems);
    // It may be writing at this moment: left over is what stays.
    let give_up = Instant::now() + patience();
    while let Some(name) = half_written(daemon) {
        assert!(Instant::now() < give_up, "{name} is left over");
        std::thread::yield_now();
    }
    let state: toml::Table = daemon.read("etc/cwmpd/state.toml").parse().unwrap();
    let made = state["connection_request"]["password"].as_str().unwrap();
    assert_eq!(daemon.count_log(&[made]), 0);
    for secret in [NEW_PASSWORD, CR_PASSWORD] {
        assert_eq!(daemon.count_log(&[secret]), 0);
    }
}

/// What was written but not synced when the power went.
fn lose_unsynced(daemon: &Daemon) {
    for temporary in [
        "etc/config/.cwmp.cwmpd-new",
        "etc/cwmpd/.state.toml.cwmpd-new",
    ] {
        let file = std::fs::File::options()
            .write(true)
            .open(daemon.path(temporary));
        if let Ok(file) = file {
            let length = file.metadata().unwrap().len();
            file.set_len(length / 2).unwrap();
        }
    }
}

/// A device that is not started yet, for that ACS.
fn device(acs: &Acs) -> (Daemon, String) {
    let daemon = Daemon::new(&acs.url());
    daemon.write_config();
    let check = daemon.check_config();
    (daemon, check.stdout + &check.stderr)
}

fn start_after(daemon: &mut Daemon, after: After) {
    if after == After::PowerCut {
        lose_unsynced(daemon);
        daemon.boot(BOOT_2);
    }
    die_while_starting(daemon);
    daemon.start_again();
}

/// Where two files were being written, the start that mends it dies too, at each of its steps.
fn die_while_starting(daemon: &mut Daemon) {
    for step in 1..MANY {
        let state = std::fs::read_to_string(daemon.path("etc/cwmpd/state.toml"));
        if state.is_ok_and(|state| !state.contains("pending_config = [[")) {
            return;
        }
        daemon.set_environment(CRASH, Some(&step.to_string()));
        daemon.start_again();
        let status = daemon.wait_exit();
        assert_eq!(status.signal(), Some(Signal::SIGKILL as i32));
        daemon.set_environment(CRASH, None);
    }
}

fn bootstrap_plan() -> Vec<Rpc> {
    vec![
        rpc::set_values(
            &[
                (INTERVAL, "unsignedInt", "4321"),
                (PASSWORD, "string", NEW_PASSWORD),
                (CODE, "string", "code-1"),
            ],
            "key-1",
        ),
        rpc::add_object(TABLE, "key-2"),
        rpc::set_notification(&[WATCHED], 2),
        rpc::schedule_inform(1, "wake"),
        rpc::reboot("again"),
    ]
}

fn bootstrap(step: usize, after: After) -> bool {
    let acs = Acs::start();
    acs.plan(bootstrap_plan());
    let (mut daemon, problems) = device(&acs);
    let through = dies_at(step, &acs, &mut daemon, |ended| {
        informs_with(ended, "M ScheduleInform", "wake") > 0
    });
    start_after(&mut daemon, after);
    settle(&daemon);
    files_are_whole(&daemon, &problems);
    let heard = said(&acs);

    // SetParameterValues: all or nothing, in both files.
    let values = get(&daemon, &[INTERVAL, CODE, KEY]);
    let config = daemon.read("etc/config/cwmp");
    let set = values[CODE] == "code-1";
    assert_eq!(values[INTERVAL] == "4321", set, "{values:?}");
    assert_eq!(config.contains("'4321'"), set, "{config}");
    assert_eq!(config.contains(NEW_PASSWORD), set, "{config}");
    assert_eq!(!values[KEY].is_empty(), set, "{values:?}");
    let answered = answer(&heard, "SetParameterValuesResponse").is_some();
    assert!(set || !answered, "an answered SetParameterValues is gone");

    // AddObject: so is the instance with its ParameterKey; its number is not used again.
    let mut there = instances(&daemon);
    assert_eq!(
        values[KEY] == "key-2",
        there.len() == 2,
        "{there:?} {values:?}"
    );
    if let Some(added) = answer(&heard, "AddObjectResponse") {
        let number: u32 = added.text("InstanceNumber").unwrap().parse().unwrap();
        assert!(
            there.contains(&number),
            "instance {number} is gone: {there:?}"
        );
        let instance = format!("{TABLE}{number}.");
        assert_eq!(daemon.cwmp(&["del", &instance]).code, 0);
    }
    assert_eq!(daemon.cwmp(&["add", TABLE]).code, 0);
    let now = instances(&daemon);
    there.retain(|number| now.contains(number));
    assert_eq!(now.len(), there.len() + 1, "{there:?} {now:?}");

    if answer(&heard, "SetParameterAttributesResponse").is_some() {
        assert_eq!(notification(&daemon, WATCHED), 2);
    }

    // ScheduleInform still comes, with its key.
    if answer(&heard, "ScheduleInformResponse").is_some() {
        acs.wait("the scheduled inform", |brain| {
            (informs_with(&brain.informs, "M ScheduleInform", "wake") > 0).then_some(())
        });
    }

    // Reboot: the hook runs, or the device has booted already; M Reboot tells of it, once.
    let rebooting = answer(&heard, "RebootResponse").is_some();
    if after == After::Restart {
        if rebooting {
            assert_eq!(daemon.wait_hook(), "reboot again");
        }
        settle(&daemon);
        told_once(&said(&acs), "1 BOOT");
    }
    daemon.kill();
    daemon.boot(BOOT_3);
    daemon.start_again();
    settle(&daemon);
    settle(&daemon);
    let heard = said(&acs);
    let reboots = informs_with(&heard, "M Reboot", "again");
    let promised = answer(&heard, "RebootResponse").is_some();
    assert!(
        reboots <= 1 && reboots >= usize::from(promised),
        "{reboots} M Reboot"
    );
    told_once(&heard, "0 BOOTSTRAP");
    files_are_whole(&daemon, &problems);
    through
}

#[test]
fn a_bootstrap_survives_a_crash_at_every_step() // EV-06 EV-07 EV-21 SV-22 OB-01 RB-02 RB-05
{
    at_every_step(|step| bootstrap(step, After::Restart));
}

#[test]
fn a_bootstrap_survives_a_power_cut_at_every_step() // EV-06 EV-07 EV-21 SV-22 OB-01 RB-02 RB-05
{
    at_every_step(|step| bootstrap(step, After::PowerCut));
}

fn factory_reset(step: usize, after: After) -> bool {
    let acs = Acs::start();
    acs.plan([
        rpc::set_values(&[(CODE, "string", "code-1")], "key-1"),
        rpc::factory_reset(),
    ]);
    let (mut daemon, _) = device(&acs);
    let through = dies_at(step, &acs, &mut daemon, |ended| ended.len() == 1);
    // No session of the test's own here: until it has booted, a device that is reset is silent.
    start_after(&mut daemon, after);
    daemon.wait_ready();
    if answer(&said(&acs), "FactoryResetResponse").is_some() {
        assert_eq!(daemon.wait_hook(), "factory-reset");
        // A hook whose end was not seen is called once more after a boot, but not for ever.
        for boot in ["3", "4", "5"] {
            daemon.kill();
            daemon.boot(boot);
            daemon.start_again();
            daemon.wait_ready();
            daemon.status();
        }
        settle(&daemon);
        let values = get(&daemon, &[CODE, KEY]);
        assert!(values.values().all(String::is_empty), "{values:?}");
        // Before it was reset the device told nothing more, and then that it is new.
        let heard = said(&acs);
        let at = heard
            .iter()
            .position(|m| m.method == "FactoryResetResponse");
        let next = heard[at.unwrap()..].iter().find(|m| m.method == "Inform");
        let events = next.map(Message::events).unwrap_or_default();
        assert_eq!(events[..2], ["0 BOOTSTRAP", "1 BOOT"]);
    }
    through
}

#[test]
fn a_factory_reset_survives_a_crash_at_every_step() // RB-04
{
    at_every_step(|step| factory_reset(step, After::Restart));
}

#[test]
fn a_factory_reset_survives_a_power_cut_at_every_step() // RB-04
{
    at_every_step(|step| factory_reset(step, After::PowerCut));
}
