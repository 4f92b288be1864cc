use super::*;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use mio::{Events, Poll};

use crate::jobs::child;

static COUNTER: AtomicU32 = AtomicU32::new(0);

const LIMIT: Duration = Duration::from_secs(30);
const TOKEN: Token = Token(7);

/// A program of its own, removed at the end.
struct Script(PathBuf);

impl Script {
    fn new(text: &str) -> Script {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("cwmpd-job-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // Another process writes it: a fork for another test may hold our own descriptor, and then it is busy.
        let mut writer = Command::new("/bin/sh")
            .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let text = format!("#!/bin/sh\n{text}\n");
        let mut stdin = writer.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
        drop(stdin);
        assert!(writer.wait().unwrap().success());
        Script(path)
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn start(script: &Script, request: &str, poll: &Poll) -> Result<Job, JobFailure> {
    let task = Task {
        program: &script.0,
        kind: "transfer",
        request,
        limit: LIMIT,
    };
    Job::start(
        &mut child::spawn(),
        task,
        TOKEN,
        Instant::now(),
        poll.registry(),
    )
}

/// Drives the job as the loop does; SIGCHLD is played by looking after each wake-up.
fn turn(poll: &mut Poll, job: &mut Job) {
    let mut events = Events::with_capacity(8);
    // 10 ms stands for the wake-up that SIGCHLD is in the daemon.
    let _ = poll.poll(&mut events, Some(Duration::from_millis(10)));
    let registry = poll.registry();
    for event in &events {
        job.ready(event.token(), Instant::now(), registry);
    }
    job.reap(Instant::now(), registry);
}

fn run(poll: &mut Poll, job: &mut Job) -> Result<u64, JobFailure> {
    let start = Instant::now();
    loop {
        if let Some(result) = job.take() {
            assert_eq!(job.deadline(), None);
            return result;
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "the job never ended"
        );
        turn(poll, job);
    }
}

/// What becomes of a program that gets a small order.
fn outcome(text: &str) -> Result<u64, JobFailure> {
    let (mut poll, script) = (Poll::new().unwrap(), Script::new(text));
    let mut job = start(&script, "{}", &poll)?;
    run(&mut poll, &mut job)
}

#[test]
fn a_job_gets_its_order_and_tells_how_it_went() {
    // The order is larger than a pipe, and nobody else can see it.
    let order = "x".repeat(300_000);
    let script = Script::new(
        "[ \"$*\" = 'job transfer' ] || exit 9\necho '{\"bytes\": 5, \"total\": 300000}'\n\
         echo 'a word for the log' >&2\nn=$(wc -c)\necho \"{\\\"done\\\": true, \\\"bytes\\\": $n}\"",
    );
    let mut poll = Poll::new().unwrap();
    let mut job = start(&script, &order, &poll).unwrap();
    assert!(!format!("{job:?}").contains('x') || !format!("{job:?}").contains("xxx"));
    let bytes = run(&mut poll, &mut job).unwrap();
    assert_eq!(bytes, 300_000);
    let far = Progress {
        bytes: 5,
        total: Some(300_000),
    };
    assert_eq!(job.take_progress(), Some(far));
    assert_eq!(job.take_progress(), None);
    assert!(job.take().is_none());
}

#[test]
fn a_job_is_nice() {
    let bytes = outcome("cat >/dev/null; echo \"{\\\"done\\\": true, \\\"bytes\\\": $(nice)}\"");
    assert!(bytes.unwrap() >= 10);
}

#[test]
fn whatever_a_child_does_is_a_failure_in_words() {
    for (text, expected) in [
        (
            "echo '{\"fault\": 9012, \"text\": \"wrong password\"}'",
            "wrong password",
        ),
        ("exit 3", "job exited with status 3"),
        ("exit 0", "job exited with status 0"),
        (
            "echo garbage; echo '{\"done\": 1, '; echo '[]'; echo '{\"fault\": 70000, \"text\": \"\"}'",
            "job exited with status 0",
        ),
        ("kill -SEGV $$", "job was ended by SIGSEGV"),
        (
            "echo '{\"done\": true, \"bytes\": 1}'; exit 1",
            "job exited with status 1",
        ),
        // Neither its length nor its silence afterwards stops the daemon.
        (
            "head -c 100000 /dev/zero; exec sleep 1000",
            "job said too much at once and was ended",
        ),
        // One result is enough.
        (
            "echo '{\"fault\": 9017, \"text\": \"cut off\"}'; echo '{\"done\": true, \"bytes\": 1}'",
            "cut off",
        ),
    ] {
        assert_eq!(outcome(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn a_program_that_cannot_be_started_is_a_failure_in_words() {
    let poll = Poll::new().unwrap();
    let missing = Script(PathBuf::from("/nonexistent/cwmpd"));
    let failure = start(&missing, "{}", &poll).unwrap_err();
    assert_eq!(failure.to_string(), "job /nonexistent/cwmpd does not exist");
    let plain = Script::new("");
    fs::set_permissions(&plain.0, fs::Permissions::from_mode(0o644)).unwrap();
    let failure = start(&plain, "{}", &poll).unwrap_err();
    assert!(failure.to_string().ends_with("is not an executable file"));
}

#[test]
fn a_job_that_takes_too_long_is_ended() {
    let mut poll = Poll::new().unwrap();
    let script = Script::new("exec sleep 1000");
    let mut job = start(&script, "{}", &poll).unwrap();
    let deadline = job.deadline().unwrap();
    job.timeout(deadline - Duration::from_millis(1), poll.registry());
    assert!(!job.leash.was_pulled());
    job.timeout(deadline, poll.registry());
    let failure = run(&mut poll, &mut job).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "job took longer than 30 s and was ended"
    );
}

#[test]
fn a_killed_job_takes_its_whole_group_along() {
    let mut poll = Poll::new().unwrap();
    // A program in front, as an emulator's wrapper is; it ignores SIGTERM, so SIGKILL is what helps.
    let script =
        Script::new("trap '' TERM\nsleep 1000 &\necho \"{\\\"bytes\\\": $!}\"\nwait\nwait");
    let mut job = start(&script, "{}", &poll).unwrap();
    let inner = loop {
        turn(&mut poll, &mut job);
        if let Some(Progress { bytes, .. }) = job.take_progress() {
            break bytes;
        }
    };
    job.kill(Instant::now());
    job.timeout(job.deadline().unwrap(), poll.registry());
    let failure = run(&mut poll, &mut job).unwrap_err();
    assert_eq!(failure.to_string(), "job was ended");
    let stat = PathBuf::from(format!("/proc/{inner}/stat"));
    // Its parent is gone, so somebody else reaps it, or nobody does.
    while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        std::thread::yield_now();
    }
}

#[test]
fn a_job_that_is_dropped_is_ended() {
    let mut poll = Poll::new().unwrap();
    let script = Script::new("echo \"{\\\"bytes\\\": $$}\"; exec sleep 1000");
    let mut job = start(&script, "{}", &poll).unwrap();
    let pid = loop {
        turn(&mut poll, &mut job);
        if let Some(Progress { bytes, .. }) = job.take_progress() {
            break bytes;
        }
    };
    drop(job);
    let stat = PathBuf::from(format!("/proc/{pid}/stat"));
    while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        std::thread::yield_now();
    }
}
