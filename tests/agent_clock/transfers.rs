//! Download, Upload, ScheduleDownload, CancelTransfer, and what the ACS is told of them.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::cpe::{Cpe, settled};
use crate::support::acs::{self, Acs};
use crate::support::brain::Session;
use crate::support::daemon::Daemon;
use crate::support::http::{End, Reply, Request};
use crate::support::inspect::Message;
use crate::support::rpc;
use crate::support::server::Server;
use crate::support::wait::{Gate, Shared};

const BOOT_2: &str = "00000000-0000-4000-8000-000000000002";
const FIRMWARE: &str = "1 Firmware Upgrade Image";
const WEB: &str = "2 Web Content";
const CONFIG: &str = "3 Vendor Configuration File";

/// A file server that keeps what it was asked.
pub struct Files {
    server: Server,
    requests: Shared<Vec<Request>>,
}

impl Files {
    pub fn start(mut answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Files {
        let requests = Shared::new(Vec::new());
        let kept = requests.clone();
        let handler = Box::new(move |request: &Request| {
            kept.change(|kept: &mut Vec<Request>| kept.push(request.clone()));
            answer(request)
        });
        let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), None, handler);
        Files { server, requests }
    }

    /// With the same for everybody.
    pub fn with(body: &str) -> Files {
        let body = body.to_owned();
        Files::start(move |_| Reply::status(200).body(body.clone()))
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    fn asked(&self) -> usize {
        self.requests.lock().len()
    }
}

/// Where nobody listens.
fn dead() -> String {
    let files = Files::with("");
    let url = files.url("/file");
    drop(files);
    url
}

/// The session that tells of a transfer, and its TransferComplete.
fn told(cpe: &mut Cpe, acs: &mut Acs) -> (Session, Message) {
    let session = cpe.session(acs);
    let complete = session
        .requests
        .iter()
        .find(|request| request.method == "TransferComplete");
    let complete = complete.cloned().expect("a TransferComplete");
    (session, complete)
}

fn code(complete: &Message) -> String {
    complete.text("FaultCode").expect("a FaultCode")
}

#[test]
fn a_download_is_applied_and_told() // DL-01 DL-02 DL-14 DL-03 DL-04 DL-15 EV-12 EV-13 DL-18
{
    let files = Files::with("hello");
    let mut acs = Acs::start();
    acs.plan([rpc::download_of("web-1", WEB, &files.url("/a.ipk"))]);
    let home = Daemon::new(&acs.url());
    home.write_program(
        "usr/lib/cwmpd/hooks/web-content-apply",
        "#!/bin/sh\ncp \"$1\" \"${0%/*}/applied\"\n",
    );
    let mut cpe = Cpe::start(home);
    let session = cpe.session(&mut acs);
    assert_eq!(session.answers[0].text("Status").unwrap(), "1");
    assert_eq!(
        session.answers[0].text("StartTime").unwrap(),
        "0001-01-01T00:00:00Z"
    );
    let (session, complete) = told(&mut cpe, &mut acs);
    assert_eq!(
        session.inform.events(),
        ["7 TRANSFER COMPLETE", "M Download"]
    );
    assert!(
        session
            .inform
            .events_and_keys()
            .contains(&("M Download".to_owned(), "web-1".to_owned()))
    );
    assert_eq!(
        (
            code(&complete).as_str(),
            complete.text("FaultString").unwrap().as_str()
        ),
        ("0", "")
    );
    assert_eq!(complete.text("CommandKey").unwrap(), "web-1");
    assert!(complete.text("StartTime").unwrap().starts_with("20"));
    assert!(complete.text("CompleteTime").unwrap().starts_with("20"));
    assert_eq!(cpe.home.read("usr/lib/cwmpd/hooks/applied"), "hello");
    cpe.settle();
    assert!(cpe.state().reports.is_empty() && cpe.events().is_empty());
    let left: Vec<_> = std::fs::read_dir(cpe.home.path("tmp/cwmpd"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    cpe.restart();
    cpe.settle();
    assert!(acs.try_session().is_none());
    assert_eq!(files.asked(), 1);
}

#[test]
fn credentials_leave_the_state_with_the_transfer() // DL-12
{
    let files = Files::start(|request| match request.header("Authorization") {
        Some("Basic dXNlcjpzM2NyZXQ=") => Reply::status(200).body("hello"),
        _ => Reply::status(401).header("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let mut acs = Acs::start();
    let more =
        "<Username>user</Username><Password>s3cret</Password><DelaySeconds>10</DelaySeconds>";
    acs.plan([rpc::download_with("k", WEB, &files.url("/a"), more)]);
    let mut cpe = settled(
        Daemon::new(&acs.url()).acs("basic_over_http", "1"),
        &mut acs,
    );
    assert!(cpe.home.read("etc/cwmpd/state.toml").contains("s3cret"));
    assert_eq!(cpe.home.mode("etc/cwmpd/state.toml") & 0o777, 0o600);
    cpe.pass_seconds(10);
    let (_, complete) = told(&mut cpe, &mut acs);
    assert_eq!(code(&complete), "0");
    assert!(!cpe.home.read("etc/cwmpd/state.toml").contains("s3cret"));
}

#[test]
fn each_failure_has_its_fault() // DL-05 DL-13 DL-24
{
    let files = Files::start(|request| match request.target.as_str() {
        "/404" => Reply::status(404),
        "/500" => Reply::status(500),
        "/401" => Reply::status(401).header("WWW-Authenticate", "Basic realm=\"x\""),
        _ => Reply::status(200).body("hello"),
    });
    let mut acs = Acs::start();
    let size = "<FileSize>77</FileSize>";
    acs.plan([
        rpc::download_of("a", WEB, &files.url("/404")),
        rpc::download_of("b", WEB, &files.url("/401")),
        rpc::download_of("c", WEB, &dead()),
        rpc::download_with("d", WEB, &files.url("/good"), size),
    ]);
    let home = Daemon::new(&acs.url());
    let mut cpe = Cpe::start(home);
    cpe.session(&mut acs);
    let mut codes = Vec::new();
    while codes.len() < 4 {
        let session = cpe.session(&mut acs);
        for request in session.requests {
            assert_eq!(
                request.text("CompleteTime").unwrap(),
                "0001-01-01T00:00:00Z"
            );
            assert!(!request.text("FaultString").unwrap().is_empty());
            codes.push((request.text("CommandKey").unwrap(), code(&request)));
        }
    }
    let expected = [("a", "9016"), ("b", "9012"), ("c", "9015"), ("d", "9018")];
    assert_eq!(
        codes,
        expected.map(|(key, code)| (key.to_owned(), code.to_owned()))
    );
}

#[test]
fn orders_that_cannot_be_carried_out_are_refused() // DL-07 DL-08 DL-09 DL-10 DL-21 DL-23
{
    let mut acs = Acs::start();
    let window = |start, end| (start, end, "1 At Any Time", 0);
    let url = "http://127.0.0.1:9/file";
    let mut orders = vec![
        (rpc::download_of("k", WEB, "gopher://h/f"), Some(9013)),
        (rpc::download_of("k", WEB, "http://u:p@h/f"), Some(9003)),
        (rpc::download_of("k", WEB, ""), Some(9003)),
        (rpc::download_of("k", "9 Foo", url), Some(9003)),
        (rpc::download_of(&"k".repeat(33), WEB, url), Some(9003)),
        (
            rpc::upload_of("k", "3 Vendor Configuration File 0", url),
            Some(9003),
        ),
        (
            rpc::upload_of("k", "1 Firmware Upgrade Image", url),
            Some(9003),
        ),
        (rpc::schedule_download_of("k", WEB, url, &[]), Some(9003)),
        (
            rpc::schedule_download_of("k", WEB, url, &[window(5, 5)]),
            Some(9003),
        ),
        (
            rpc::schedule_download_of("k", WEB, url, &[window(0, 10), window(5, 20)]),
            Some(9003),
        ),
    ];
    let later = "<DelaySeconds>1000</DelaySeconds>";
    for _ in 0..16 {
        orders.push((rpc::download_with("same", WEB, url, later), None));
    }
    orders.push((rpc::download_with("same", WEB, url, later), Some(9004)));
    acs.plan(orders.iter().map(|(order, _)| order.clone()));
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    let session = cpe.session(&mut acs);
    for ((order, fault), answer) in orders.iter().zip(&session.answers) {
        assert_eq!(answer.fault(), *fault, "{}", order.body);
    }
    assert_eq!(cpe.state().transfers.len(), 16); // DL-19
}

#[test]
fn a_delay_is_kept_over_a_restart() // DL-02
{
    let files = Files::with("x");
    let mut acs = Acs::start();
    let more = "<DelaySeconds>100</DelaySeconds>";
    acs.plan([rpc::download_with("k", WEB, &files.url("/"), more)]);
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    cpe.pass_seconds(60);
    cpe.restart();
    cpe.settle();
    assert_eq!(
        (files.asked(), cpe.next()),
        (0, Some(Duration::from_secs(40)))
    );
    cpe.pass_seconds(40);
    let (_, complete) = told(&mut cpe, &mut acs);
    assert_eq!((code(&complete).as_str(), files.asked()), ("0", 1));
}

#[test]
fn firmware_is_told_after_the_boot() // DL-06 EV-08 EV-12
{
    for (version, expected) in [("2.0", "0"), ("", "9018")] {
        let files = Files::with("image");
        let mut acs = Acs::start();
        acs.plan([rpc::download_of("fw-1", FIRMWARE, &files.url("/fw.bin"))]);
        let mut cpe = Cpe::start(Daemon::new(&acs.url()));
        cpe.session(&mut acs);
        let file = cpe.home.path("tmp/cwmpd").display().to_string();
        let check = cpe.until("the check", |cpe| {
            (cpe.home.count_hooks() > 0).then(|| cpe.home.wait_hook())
        });
        assert!(
            check.starts_with(&format!("firmware-check {file}/")),
            "{check}"
        );
        let apply = cpe.until("the upgrade", |cpe| {
            (cpe.home.count_hooks() > 0).then(|| cpe.home.wait_hook())
        });
        assert!(
            apply.starts_with(&format!("firmware-apply {file}/")),
            "{apply}"
        );
        assert!(apply.ends_with(" fw-1"), "{apply}");
        // Nothing is told before the boot, by a restart of the daemon neither.
        cpe.inform();
        cpe.restart();
        cpe.turn();
        assert!(acs.try_session().is_none());
        cpe.kill();
        if !version.is_empty() {
            let profile = cpe.home.read("etc/cwmpd/profile.toml");
            let old = profile
                .lines()
                .find(|line| line.starts_with("SoftwareVersion"))
                .unwrap();
            let new = old.replacen("value = \"", &format!("value = \"{version}-"), 1);
            assert_ne!(old, new);
            cpe.home.write(
                "etc/cwmpd/profile.toml",
                profile.replace(old, &new).as_bytes(),
            );
        }
        cpe.reboot(BOOT_2);
        let (session, complete) = told(&mut cpe, &mut acs);
        assert_eq!(
            code(&complete),
            expected,
            "{:?}",
            complete.text("FaultString")
        );
        let mut events = vec!["1 BOOT", "7 TRANSFER COMPLETE", "M Download"];
        if !version.is_empty() {
            events.insert(1, "4 VALUE CHANGE");
        }
        assert_eq!(session.inform.events(), events);
        cpe.settle();
        assert!(cpe.state().transfers.is_empty() && cpe.state().reports.is_empty());
    }
}

#[test]
fn firmware_that_is_refused_touches_nothing() // DL-13 DL-18
{
    for (status, expected) in [(1, "9018"), (2, "9019")] {
        let files = Files::with("image");
        let mut acs = Acs::start();
        acs.plan([rpc::download_of("fw-1", FIRMWARE, &files.url("/fw.bin"))]);
        let home = Daemon::new(&acs.url());
        home.write_program(
            "usr/lib/cwmpd/hooks/firmware-check",
            &format!("#!/bin/sh\nexit {status}\n"),
        );
        let mut cpe = Cpe::start(home);
        cpe.session(&mut acs);
        let (_, complete) = told(&mut cpe, &mut acs);
        assert_eq!(
            (code(&complete).as_str(), cpe.home.count_hooks()),
            (expected, 0)
        );
    }
}

#[test]
fn firmware_whose_boot_never_comes_has_failed() // DL-03 DL-06
{
    let files = Files::with("image");
    let mut acs = Acs::start();
    acs.plan([rpc::download_of("fw-1", FIRMWARE, &files.url("/fw.bin"))]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.session(&mut acs);
    cpe.until("the upgrade", |cpe| {
        (cpe.home.count_hooks() == 2).then_some(())
    });
    cpe.until("the end of its hook", |cpe| {
        cpe.next()
            .is_some_and(|next| next > Duration::from_secs(600))
            .then_some(())
    });
    cpe.jump(Duration::from_secs(900));
    let (_, complete) = told(&mut cpe, &mut acs);
    assert_eq!(code(&complete), "9018");
}

#[test]
fn what_was_being_applied_is_not_applied_twice() // DL-03 DL-18
{
    let files = Files::with("x");
    let mut acs = Acs::start();
    acs.plan([rpc::download_of("k", CONFIG, &files.url("/"))]);
    let home = Daemon::new(&acs.url());
    home.write_program(
        "usr/lib/cwmpd/hooks/config-apply",
        "#!/bin/sh\necho x >> \"${0%/*}/count\"\nsleep 60\n",
    );
    let mut cpe = Cpe::start(home);
    cpe.session(&mut acs);
    let count = cpe.home.path("usr/lib/cwmpd/hooks/count");
    cpe.until("the hook", |_| count.exists().then_some(()));
    cpe.restart();
    let (_, complete) = told(&mut cpe, &mut acs);
    assert_eq!(code(&complete), "9002");
    assert_eq!(cpe.home.read("usr/lib/cwmpd/hooks/count"), "x\n");
}

#[test]
fn a_configuration_that_takes_a_reboot_gets_one() // RB-01
{
    let files = Files::with("x");
    let mut acs = Acs::start();
    acs.plan([rpc::download_of("k", CONFIG, &files.url("/"))]);
    let home = Daemon::new(&acs.url());
    home.write_program("usr/lib/cwmpd/hooks/config-apply", "#!/bin/sh\nexit 10\n");
    let mut cpe = Cpe::start(home);
    cpe.session(&mut acs);
    let hook = cpe.until("the reboot", |cpe| {
        (cpe.home.count_hooks() > 0).then(|| cpe.home.wait_hook())
    });
    assert_eq!(hook.trim_end(), "reboot");
    cpe.reboot(BOOT_2);
    let (session, complete) = told(&mut cpe, &mut acs);
    assert_eq!(code(&complete), "0");
    assert_eq!(
        session.inform.events(),
        ["1 BOOT", "7 TRANSFER COMPLETE", "M Download"]
    );
}

#[test]
fn an_upload_sends_what_the_hook_makes() // DL-21 DL-22 EV-12
{
    let files = Files::start(|_| Reply::status(201));
    let mut acs = Acs::start();
    acs.plan([
        rpc::upload_of("u1", "1 Vendor Configuration File", &files.url("/one")),
        rpc::upload_of("u2", "4 Vendor Log File 3", &files.url("/two")),
    ]);
    let home = Daemon::new(&acs.url());
    for name in ["config-export", "log-export"] {
        let text = format!("#!/bin/sh\necho {name} \"$2\" > \"$1\"\n");
        home.write_program(&format!("usr/lib/cwmpd/hooks/{name}"), &text);
    }
    let mut cpe = Cpe::start(home);
    cpe.session(&mut acs);
    let mut keys = Vec::new();
    while keys.len() < 2 {
        let session = cpe.session(&mut acs);
        for request in &session.requests {
            assert_eq!(code(request), "0", "{:?}", request.text("FaultString"));
            keys.push(request.text("CommandKey").unwrap());
        }
        assert!(session.inform.events().contains(&"M Upload".to_owned()));
    }
    let requests = files.requests.lock();
    assert_eq!(
        (requests[0].method.as_str(), requests[0].text()),
        ("PUT", "config-export 1\n")
    );
    assert_eq!(
        (requests[1].target.as_str(), requests[1].text()),
        ("/two", "log-export 3\n")
    );
}

#[test]
fn an_upload_of_nothing_is_9011() // DL-21 DL-22
{
    let mut acs = Acs::start();
    acs.plan([rpc::upload_of("u", "4 Vendor Log File 7", &dead())]);
    let home = Daemon::new(&acs.url());
    home.write_program("usr/lib/cwmpd/hooks/log-export", "#!/bin/sh\nexit 2\n");
    let mut cpe = Cpe::start(home);
    cpe.session(&mut acs);
    assert_eq!(code(&told(&mut cpe, &mut acs).1), "9011");
}

#[test]
fn windows_open_and_close() // DL-23 DL-24
{
    let mut acs = Acs::start();
    let windows = [
        (100, 200, "2 Immediately", -1),
        (300, 400, "1 At Any Time", -1),
    ];
    acs.plan([rpc::schedule_download_of("s", WEB, &dead(), &windows)]);
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    assert_eq!(cpe.next(), Some(Duration::from_secs(100)));
    let mut before = 0;
    while acs.try_session().is_none() {
        let next = cpe.next().expect("a deadline");
        before += next.as_secs().max(1);
        assert!(before <= 400, "no report in time");
        cpe.pass_seconds(next.as_secs().max(1));
        cpe.until("the try", |cpe| {
            (cpe.next() != Some(Duration::ZERO)).then_some(())
        });
    }
    let sessions = acs.brain.lock().sessions.clone();
    let complete = &sessions.last().unwrap().requests[0];
    assert_eq!(code(complete), "9020");
    assert!(before >= 399, "{before}");
    let events = sessions.last().unwrap().inform.events();
    assert_eq!(events, ["7 TRANSFER COMPLETE", "M ScheduleDownload"]);
}

#[test]
fn tries_of_a_window_are_counted() // DL-24
{
    let files = Files::start(|_| Reply::status(404));
    let mut acs = Acs::start();
    let windows = [
        (0, 1000, "2 Immediately", 1),
        (2000, 3000, "2 Immediately", 0),
    ];
    acs.plan([rpc::schedule_download_of(
        "s",
        WEB,
        &files.url("/"),
        &windows,
    )]);
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    cpe.until("the first try", |cpe| {
        (cpe.state().transfers[0].failures == 1).then_some(())
    });
    cpe.pass_seconds(30);
    cpe.until("the second try", |cpe| {
        (cpe.state().transfers[0].window == 1).then_some(())
    });
    assert_eq!(files.asked(), 2);
    cpe.restart();
    cpe.pass_seconds(1000);
    assert_eq!(files.asked(), 2);
    cpe.pass_seconds(970);
    let (_, complete) = told(&mut cpe, &mut acs);
    assert_eq!((code(&complete).as_str(), files.asked()), ("9016", 3));
}

#[test]
fn a_device_in_use_and_a_user_are_asked() // DL-23
{
    for (mode, hook, arguments) in [
        ("3 When Idle", "idle", ""),
        ("4 Confirmation Needed", "confirm-download", "s please"),
    ] {
        let files = Files::with("x");
        let mut acs = Acs::start();
        acs.plan([rpc::schedule_download_of(
            "s",
            WEB,
            &files.url("/"),
            &[(0, 1000, mode, 0)],
        )]);
        let home = Daemon::new(&acs.url());
        let script = "#!/bin/sh\necho \"$*\" >> \"${0%/*}/asked\"\n[ \"$(wc -l < \"${0%/*}/asked\")\" -ge 3 ]\n";
        home.write_program(&format!("usr/lib/cwmpd/hooks/{hook}"), script);
        let mut cpe = settled(home, &mut acs);
        let lines = |cpe: &Cpe| {
            std::fs::read_to_string(cpe.home.path("usr/lib/cwmpd/hooks/asked"))
                .map_or(0, |text| text.lines().count())
        };
        for count in 1..=2 {
            cpe.until("the question", |cpe| {
                (lines(cpe) == count
                    && cpe.next().is_some_and(|next| {
                        next > Duration::from_secs(30) && next <= Duration::from_secs(60)
                    }))
                .then_some(())
            });
            assert_eq!(files.asked(), 0);
            cpe.jump(Duration::from_secs(60));
        }
        let (_, complete) = told(&mut cpe, &mut acs);
        assert_eq!(code(&complete), "0");
        let asked = cpe.home.read("usr/lib/cwmpd/hooks/asked");
        assert_eq!(asked, format!("{arguments}\n").repeat(3));
    }
}

#[test]
fn a_user_who_refuses_is_told() // DL-23
{
    let mut acs = Acs::start();
    let windows = [(0, 1000, "4 Confirmation Needed", 0)];
    acs.plan([rpc::schedule_download_of("s", WEB, &dead(), &windows)]);
    let home = Daemon::new(&acs.url());
    home.write_program(
        "usr/lib/cwmpd/hooks/confirm-download",
        "#!/bin/sh\nexit 2\n",
    );
    let mut cpe = Cpe::start(home);
    cpe.session(&mut acs);
    assert_eq!(code(&told(&mut cpe, &mut acs).1), "9001");
}

#[test]
fn what_is_cancelled_is_gone() // DL-25 DL-26 DL-27
{
    let mut acs = Acs::start();
    let later = "<DelaySeconds>1000</DelaySeconds>";
    acs.plan([
        rpc::download_with("a", WEB, "http://127.0.0.1:9/", later),
        rpc::download_with("b", WEB, "http://127.0.0.1:9/", later),
        rpc::download_with("a", WEB, "http://127.0.0.1:9/", later),
        rpc::cancel_transfer("unknown"),
        rpc::cancel_transfer("a"),
        rpc::Rpc::new("GetQueuedTransfers", ""),
        rpc::Rpc::new("GetAllQueuedTransfers", ""),
    ]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    let session = cpe.session(&mut acs);
    assert!(
        session
            .answers
            .iter()
            .all(|answer| answer.fault().is_none())
    );
    assert_eq!(session.answers[5].texts("CommandKey"), ["b"]);
    assert_eq!(session.answers[6].texts("FileType"), [WEB]);
    assert_eq!(session.answers[6].texts("State"), ["1"]);
    cpe.restart();
    cpe.pass_seconds(999);
    assert!(acs.try_session().is_none());
    assert_eq!(cpe.state().transfers.len(), 1);
}

#[test]
fn what_is_done_cannot_be_cancelled() // DL-25 DL-26
{
    let mut acs = Acs::builder()
        .layer(|request, next| match request.is("TransferComplete") {
            true => Reply::status(200)
                .body(rpc::fault(rpc::CWMP_1_2, "x", 8001))
                .header("Content-Type", "text/xml"),
            false => next(request),
        })
        .start();
    acs.plan([rpc::download_of("a", WEB, &dead())]);
    acs.plan([
        rpc::cancel_transfer("a"),
        rpc::Rpc::new("GetAllQueuedTransfers", ""),
    ]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.session(&mut acs);
    let session = cpe.session(&mut acs);
    assert_eq!(session.answers[0].fault(), Some(9021));
    assert_eq!(session.answers[1].texts("State"), ["3"]);
}

#[test]
fn a_report_waits_until_it_is_answered() // DL-03 EV-13
{
    let mut acs = Acs::builder()
        .layer(acs::at_first(2, |_| Reply::status(500)))
        .start();
    acs.plan([rpc::download_of("a", WEB, &dead())]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.pass_seconds(20);
    cpe.session(&mut acs);
    let (_, complete) = told(&mut cpe, &mut acs);
    assert_eq!(complete.text("CommandKey").unwrap(), "a");
    drop(cpe);

    // The connection breaks before the response: all of it comes again, once.
    // (One that breaks once is taken up again at once, as any kept connection is.)
    let mut broken = 0;
    let mut acs = Acs::builder()
        .layer(move |request, next| {
            broken += u32::from(request.is("TransferComplete"));
            match request.is("TransferComplete") && broken <= 2 {
                true => Reply::nothing(End::Reset),
                false => next(request),
            }
        })
        .start();
    acs.plan([rpc::download_of("a", WEB, &dead())]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.session(&mut acs);
    cpe.until("the failure", |cpe| {
        (cpe.state().retry.count > 0).then_some(())
    });
    assert_eq!(cpe.state().reports.len(), 1);
    cpe.restart();
    cpe.pass_seconds(10);
    let (session, _) = told(&mut cpe, &mut acs);
    assert_eq!(
        session.inform.events(),
        ["7 TRANSFER COMPLETE", "M Download"]
    );
    cpe.settle();
    assert!(cpe.state().reports.is_empty());
}

#[test]
fn a_report_that_is_refused_opens_no_session() // DL-29
{
    let mut acs = Acs::builder()
        .layer(|request, next| match request.is("TransferComplete") {
            true => {
                let reply = next(request);
                let id = String::from_utf8(reply.body).unwrap();
                let id = id
                    .split_once("mustUnderstand=\"1\">")
                    .unwrap()
                    .1
                    .split('<')
                    .next()
                    .unwrap()
                    .to_owned();
                Reply::xml(rpc::fault(rpc::CWMP_1_2, &id, 8001))
            }
            false => next(request),
        })
        .start();
    acs.plan([rpc::download_of("a", WEB, &dead())]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.session(&mut acs);
    told(&mut cpe, &mut acs);
    cpe.pass_seconds(100_000);
    assert!(acs.try_session().is_none());
    for round in 1..10 {
        assert_eq!(cpe.state().reports.len(), 1, "{round}");
        cpe.inform();
        told(&mut cpe, &mut acs);
    }
    cpe.settle();
    assert!(cpe.state().reports.is_empty() && cpe.events().is_empty());
}

#[test]
fn several_transfers_are_told_one_by_one() // EV-02 EV-12 DL-19
{
    let files = Files::with("x");
    let mut acs = Acs::start();
    acs.plan([
        rpc::download_of("same", WEB, &files.url("/1")),
        rpc::download_of("same", WEB, &files.url("/2")),
        rpc::download_of("other", "X 00D09E Special", &files.url("/3")),
    ]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.session(&mut acs);
    let mut keys = Vec::new();
    while keys.len() < 3 {
        let session = cpe.session(&mut acs);
        let multiples = session
            .inform
            .events()
            .iter()
            .filter(|event| *event == "M Download")
            .count();
        assert_eq!(multiples, session.requests.len());
        keys.extend(
            session
                .requests
                .iter()
                .map(|request| request.text("CommandKey").unwrap()),
        );
    }
    assert_eq!(keys, ["same", "same", "other"]);
    assert_eq!(files.asked(), 3);
}

#[test]
fn a_factory_reset_forgets_transfers() // RB-04
{
    let mut acs = Acs::start();
    let later = "<DelaySeconds>1000</DelaySeconds>";
    acs.plan([
        rpc::download_with("a", WEB, "http://127.0.0.1:9/", later),
        rpc::factory_reset(),
    ]);
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    cpe.until("the reset", |cpe| {
        cpe.state().transfers.is_empty().then_some(())
    });
}

#[test]
fn one_that_waits_while_another_runs_costs_nothing() // DL-19
{
    let gate = Gate::default();
    let held = gate.clone();
    let files = Files::start(move |_| Reply {
        hold: Some(held.clone()),
        ..Reply::status(200).body("x")
    });
    let mut acs = Acs::start();
    let later = |key, seconds: u32| {
        let more = format!("<DelaySeconds>{seconds}</DelaySeconds>");
        rpc::download_with(key, WEB, &files.url("/"), &more)
    };
    acs.plan([later("b", 10), later("a", 5)]);
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    cpe.jump(Duration::from_secs(5));
    cpe.until("the first to run", |_| (files.asked() == 1).then_some(()));
    cpe.jump(Duration::from_secs(10));
    cpe.turn();
    assert!(
        cpe.next()
            .is_some_and(|next| next > Duration::from_secs(60))
    );
    gate.open();
    told(&mut cpe, &mut acs);
    assert!(files.asked() <= 2);
}

#[test]
fn a_new_acs_is_not_told_of_what_an_old_one_ordered() // EV-06
{
    let mut acs = Acs::builder()
        .layer(|request, next| match request.is("TransferComplete") {
            true => Reply::status(503),
            false => next(request),
        })
        .start();
    acs.plan([rpc::download_of("a", WEB, &dead())]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()));
    cpe.session(&mut acs);
    cpe.until("the report", |cpe| {
        (cpe.state().retry.count > 0).then_some(())
    });
    let mut other = Acs::start();
    cpe.home.set_acs("url", &other.url());
    cpe.home.write_config();
    cpe.restart();
    let session = cpe.session(&mut other);
    assert_eq!(session.inform.events(), ["0 BOOTSTRAP"]);
    assert!(session.requests.is_empty());
}
