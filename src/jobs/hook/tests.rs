use super::*;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use mio::{Events, Poll};
use nix::sys::signal::{SigSet, Signal};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("cwmpd-hook-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn script(&self, text: &str) -> PathBuf {
        let path = self.0.join("hook");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Drives the hook as the loop does; SIGCHLD is played by looking after each wake-up.
fn run(poll: &mut Poll, hook: &mut Hook) -> Result<(), HookFailure> {
    let mut events = Events::with_capacity(8);
    let start = Instant::now();
    loop {
        if let Some(result) = hook.take() {
            assert_eq!(hook.deadline(), None);
            return result;
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "the hook never ended"
        );
        // 10 ms stands for the wake-up that SIGCHLD is in the daemon.
        let _ = poll.poll(&mut events, Some(Duration::from_millis(10)));
        let registry = poll.registry();
        for event in &events {
            hook.ready(event.token(), Instant::now(), registry);
        }
        hook.reap(Instant::now(), registry);
    }
}

fn start(path: &Path, arguments: &[&str], poll: &Poll) -> Result<Hook, HookFailure> {
    // Another test's fork may hold our fresh script open for writing for a moment (ETXTBSY).
    loop {
        let limit = Duration::from_secs(30);
        match Hook::start(
            &mut crate::jobs::child::spawn(),
            path,
            arguments,
            limit,
            Token(7),
            Instant::now(),
            poll.registry(),
        ) {
            Err(HookFailure::Start(SpawnError::System(_, error)))
                if error.kind() == io::ErrorKind::ExecutableFileBusy => {}
            other => return other,
        }
    }
}

#[test]
fn a_hook_gets_its_arguments_as_they_are_and_a_clean_environment() {
    let folder = Folder::new();
    let record = folder.0.join("record");
    let script = folder.script(
        "printf '%s|' \"$#\" \"$2\" >\"$1\"; env | sed 's/=.*//' | sort | tr '\\n' ' ' >>\"$1\"; echo done; echo oops >&2",
    );
    let mut poll = Poll::new().unwrap();
    let key = "a key; $(reboot) `x` \"'";
    let mut hook = start(&script, &[record.to_str().unwrap(), key], &poll).unwrap();
    run(&mut poll, &mut hook).unwrap();
    let recorded = fs::read_to_string(record).unwrap();
    let environment = recorded
        .strip_prefix(&format!("2|{key}|"))
        .expect(&recorded);
    let names: Vec<&str> = environment
        .split(' ')
        .filter(|name| !["", "PWD", "SHLVL", "_", "OLDPWD"].contains(name))
        .collect();
    assert_eq!(names, ["LC_ALL", "PATH"]);
}

#[test]
fn a_hook_that_fails_says_how() {
    let folder = Folder::new();
    let mut poll = Poll::new().unwrap();
    let mut hook = start(&folder.script("exit 3"), &[], &poll).unwrap();
    let failure = run(&mut poll, &mut hook).unwrap_err();
    assert!(
        matches!(failure, HookFailure::Exit(Exit::Status(3))),
        "{failure}"
    );
    assert_eq!(failure.to_string(), "hook exited with status 3");
}

#[test]
fn a_missing_or_plain_file_is_a_clear_error() {
    let folder = Folder::new();
    let poll = Poll::new().unwrap();
    let missing = start(&folder.0.join("none"), &[], &poll).unwrap_err();
    assert!(
        missing.to_string().ends_with("none does not exist"),
        "{missing}"
    );
    let plain = folder.script("");
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o644)).unwrap();
    let plain = start(&plain, &[], &poll).unwrap_err();
    assert!(
        plain
            .to_string()
            .ends_with("hook is not an executable file"),
        "{plain}"
    );
    let folder_itself = start(&folder.0, &[], &poll).unwrap_err();
    assert!(matches!(
        folder_itself,
        HookFailure::Start(SpawnError::NotExecutable(_))
    ));
    let open = folder.script("");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o757)).unwrap();
    let open = start(&open, &[], &poll).unwrap_err();
    assert!(
        open.to_string()
            .ends_with("hook may be changed by everybody"),
        "{open}"
    );
    let nul = start(&folder.script(""), &["a\0b"], &poll).unwrap_err();
    assert!(matches!(nul, HookFailure::Start(SpawnError::Nul)));
}

#[test]
fn a_hook_that_hangs_is_asked_to_end_at_its_deadline() {
    let folder = Folder::new();
    let mut poll = Poll::new().unwrap();
    // As in the daemon, which reads its signals from a descriptor: the child must not inherit this.
    SigSet::from(Signal::SIGTERM).thread_block().unwrap();
    let mut hook = start(&folder.script("sleep 1000"), &[], &poll).unwrap();
    let deadline = hook.deadline().unwrap();
    hook.timeout(deadline - Duration::from_millis(1), poll.registry());
    assert!(!hook.leash.was_pulled());
    hook.timeout(deadline, poll.registry());
    assert!(hook.leash.was_pulled());
    let failure = run(&mut poll, &mut hook).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "hook took longer than 30 s and was ended"
    );
}

#[test]
fn a_hook_that_ignores_sigterm_is_killed() {
    let folder = Folder::new();
    let mut poll = Poll::new().unwrap();
    let ready = folder.0.join("ready");
    let script = folder.script(&format!(
        "trap '' TERM; : >'{}'; sleep 1000; sleep 1000",
        ready.display()
    ));
    let mut hook = start(&script, &[], &poll).unwrap();
    while !ready.exists() {
        std::thread::yield_now();
    }
    hook.timeout(hook.deadline().unwrap(), poll.registry());
    hook.timeout(hook.deadline().unwrap(), poll.registry());
    assert!(matches!(
        run(&mut poll, &mut hook),
        Err(HookFailure::TimedOut(_))
    ));
}

#[test]
fn a_flood_of_output_does_not_stop_a_hook() {
    let folder = Folder::new();
    let mut poll = Poll::new().unwrap();
    let mut hook = start(
        &folder.script("head -c 1000000 /dev/zero; exit 0"),
        &[],
        &poll,
    )
    .unwrap();
    run(&mut poll, &mut hook).unwrap();
}

#[test]
fn a_hook_that_leaves_a_child_behind_still_ends() {
    let folder = Folder::new();
    let mut poll = Poll::new().unwrap();
    let left = folder.0.join("left");
    let script = folder.script("sleep 1000 & echo $! >\"$1\"; exit 0");
    let mut hook = start(&script, &[left.to_str().unwrap()], &poll).unwrap();
    run(&mut poll, &mut hook).unwrap();
    let left: i32 = fs::read_to_string(left).unwrap().trim().parse().unwrap();
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(left), Signal::SIGKILL);
}
