//! The built daemon in a root of its own, and its command line.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc;

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use serde_json::Value;

use super::connreq::ConnectionRequest;
use super::patience;
use super::wait::Shared;

/// The user name of connection requests.
pub const CR_USER: &str = "cr-user";
/// Their password.
pub const CR_PASSWORD: &str = "cr-passw0rd";
/// The name under which the daemon answers challenges.
pub const ACS_USER: &str = "00D0D0-cpe";
/// The password to it.
pub const ACS_PASSWORD: &str = "acs-passw0rd";

/// What a log line of a session that failed says.
const SESSION_FAILED: &str = "session failed";

/// What the daemon logs when its control socket listens.
const READY: &str = "started: ";

/// Hooks that record how they were called.
const HOOKS: [&str; 9] = [
    "reboot",
    "factory-reset",
    "dhcp-renew",
    "firmware-check",
    "firmware-apply",
    "web-content-apply",
    "config-apply",
    "stored-image-apply",
    "file-apply",
];

/// A daemon and its root. Dropping it stops the daemon, removes the root (kept after a failed test) and fails the
/// test when the daemon had died by itself or logged a secret.
pub struct Daemon {
    /// What `--root` gets.
    pub root: PathBuf,
    acs: Vec<(String, String)>,
    cpe: Vec<(String, String)>,
    /// Instead of what those two make.
    config: Option<String>,
    more: String,
    foreground: bool,
    environment: Vec<(String, String)>,
    running: Option<Running>,
    log: Shared<Vec<String>>,
    /// How many lines the log had when the daemon was last started.
    log_start: usize,
    hooks: Shared<Vec<String>>,
}

struct Running {
    pid: Pid,
    exit: Shared<Option<ExitStatus>>,
}

/// What a command of the command line gave.
#[derive(Debug)]
pub struct Output {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Daemon {
    /// A root for the ACS at `url`; not started yet. Retries come after a second, periodic Informs are off.
    pub fn new(url: &str) -> Daemon {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "cwmpd-test-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::SeqCst)
        );
        let root = std::env::temp_dir().join(name);
        let port = free_port();
        let pairs = |list: &[(&str, &str)]| {
            list.iter()
                .map(|(n, v)| (n.to_string(), v.to_string()))
                .collect()
        };
        let daemon = Daemon {
            root,
            acs: pairs(&[
                ("url", url),
                ("userid", ACS_USER),
                ("passwd", ACS_PASSWORD),
                ("periodic_inform_enable", "0"),
                ("retry_min_wait_interval", "1"),
                ("retry_interval_multiplier", "1000"),
            ]),
            cpe: pairs(&[
                ("backend", "profile"),
                ("profile", "/etc/cwmpd/profile.toml"),
                ("userid", CR_USER),
                ("passwd", CR_PASSWORD),
                ("port", &port.to_string()),
            ]),
            config: None,
            more: String::new(),
            foreground: true,
            environment: Vec::new(),
            running: None,
            log: Shared::new(Vec::new()),
            log_start: 0,
            hooks: Shared::new(Vec::new()),
        };
        let profile = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/etc/profiles/tr181-gateway.toml"
        );
        daemon.write(
            "etc/cwmpd/profile.toml",
            &fs::read(profile).expect("the shipped profile"),
        );
        daemon.write("etc/hosts", b"127.0.0.1 localhost acs.example\n");
        daemon.write("etc/resolv.conf", b"");
        daemon.boot("00000000-0000-4000-8000-000000000001");
        daemon.install_hooks();
        daemon
    }

    /// With this option in section `acs`.
    pub fn acs(mut self, option: &str, value: &str) -> Self {
        self.set_acs(option, value);
        self
    }

    /// With this option in section `cpe`.
    pub fn cpe(mut self, option: &str, value: &str) -> Self {
        self.cpe.retain(|(name, _)| name != option);
        self.cpe.push((option.to_owned(), value.to_owned()));
        self
    }

    /// With this as its whole configuration.
    pub fn config(mut self, text: String) -> Self {
        self.config = Some(text);
        self
    }

    /// With one of the shipped profiles.
    pub fn profile(self, name: &str) -> Self {
        let path = repository().join("etc/profiles").join(name);
        let profile = fs::read(path).expect("a shipped profile");
        self.write("etc/cwmpd/profile.toml", &profile);
        self
    }

    /// With more text at the end of the configuration.
    pub fn more_config(mut self, text: &str) -> Self {
        self.more.push_str(text);
        self
    }

    /// With this environment variable.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// From the next start on, with or without this environment variable.
    pub fn set_environment(&mut self, name: &str, value: Option<&str>) {
        self.environment.retain(|(known, _)| known != name);
        let value = value.map(|value| (name.to_owned(), value.to_owned()));
        self.environment.extend(value);
    }

    /// From now on with no more address space than it has and so many kilobytes.
    pub fn limit_address_space(&self, kilobytes: u64) {
        let pid = self.running.as_ref().expect("it runs").pid.to_string();
        let bytes = (self.memory("VmSize") + kilobytes) * 1024;
        let limited = Command::new("prlimit")
            .args(["--pid", &pid, &format!("--as={bytes}:")])
            .status();
        assert!(limited.expect("prlimit, of util-linux").success());
    }

    /// A line of the kernel's words on the process, in kilobytes: `VmRSS`, `VmHWM`, `VmPeak`.
    pub fn memory(&self, line: &str) -> u64 {
        let status = fs::read_to_string(self.proc("status")).expect("the status of the process");
        let fields = status
            .lines()
            .find_map(|l| l.strip_prefix(line)?.strip_prefix(':'));
        let number = fields.and_then(|fields| fields.split_whitespace().next()?.parse().ok());
        number.unwrap_or_else(|| panic!("{line} in {status}"))
    }

    /// From now on `VmHWM` is about what comes.
    pub fn forget_peak_memory(&self) {
        fs::write(self.proc("clear_refs"), "5").expect("forget the peak");
    }

    fn proc(&self, file: &str) -> String {
        let pid = self.running.as_ref().expect("it runs").pid;
        format!("/proc/{pid}/{file}")
    }

    /// Logging to syslog instead of stderr.
    pub fn with_syslog(mut self) -> Self {
        self.foreground = false;
        self
    }

    /// Changes an option of section `acs`; [`Daemon::write_config`] makes it true.
    pub fn set_acs(&mut self, option: &str, value: &str) {
        self.acs.retain(|(name, _)| name != option);
        self.acs.push((option.to_owned(), value.to_owned()));
    }

    /// Writes a file below the root.
    pub fn write(&self, path: &str, content: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
        fs::write(&path, content).unwrap_or_else(|e| panic!("write {}: {e}", path.display()));
    }

    /// Reads a file below the root.
    pub fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("read {}: {e}", path.display()))
    }

    /// A path below the root.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The kernel's boot id from now on.
    pub fn boot(&self, id: &str) {
        self.write(
            "proc/sys/kernel/random/boot_id",
            format!("{id}\n").as_bytes(),
        );
    }

    /// Copies a test certificate to where the daemon can be told to find it.
    pub fn install_cert(&self, name: &str) -> String {
        self.write(
            &format!("etc/cwmpd/{name}"),
            &fs::read(super::server::cert(name)).expect("a test certificate"),
        );
        format!("/etc/cwmpd/{name}")
    }

    /// Writes `/etc/config/cwmp`.
    pub fn write_config(&self) {
        let mut text = String::new();
        for (section, options) in [("acs", &self.acs), ("cpe", &self.cpe)] {
            text += &format!("config {section} '{section}'\n");
            for (name, value) in options {
                text += &format!("\toption {name} '{value}'\n");
            }
        }
        text += &self.more;
        let text = self.config.as_ref().unwrap_or(&text);
        self.write("etc/config/cwmp", text.as_bytes());
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.path("etc/config/cwmp"), private).expect("chmod");
    }

    /// Writes the configuration and starts the daemon.
    pub fn start(mut self) -> Self {
        self.write_config();
        self.start_again();
        self
    }

    /// Starts it with what is in its root.
    pub fn start_again(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        let log_start = self.log.lock().len();
        let mut child = self
            .command()
            .arg("-vv")
            .args(self.foreground.then_some("--foreground"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("start the daemon");
        let stderr = child.stderr.take().expect("its stderr");
        let log = self.log.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                log.change(|lines| lines.push(line));
            }
        });
        let exit = Shared::new(None);
        let pid = Pid::from_raw(child.id() as i32);
        std::thread::spawn({
            let exit = exit.clone();
            move || {
                let status = child.wait().ok();
                exit.change(|exit| *exit = status);
            }
        });
        self.log_start = log_start;
        self.running = Some(Running { pid, exit });
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program());
        command.arg("--root").arg(&self.root).stdin(Stdio::null());
        if let Some(other) = other_program() {
            command.arg("--program").arg(other);
        }
        command.envs(self.environment.iter().cloned());
        command
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let running = self.running.as_ref().expect("it runs");
        kill(running.pid, signal).expect("signal the daemon");
    }

    /// Sends a signal to a daemon that may be gone already.
    pub fn try_signal(&self, signal: Signal) {
        let _ = kill(self.running.as_ref().expect("it runs").pid, signal);
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.wait_exit();
    }

    /// SIGTERM, and waits until it is gone; gives its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.wait_exit().code()
    }

    /// Waits until it is gone.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let running = self.running.take().expect("it runs");
        match running.exit.wait(|exit| *exit) {
            Some(status) => status,
            None => {
                let _ = kill(running.pid, Signal::SIGKILL);
                panic!("the daemon does not end; its log: {:#?}", self.log.lock())
            }
        }
    }

    /// How it ended, once it has.
    pub fn exit(&self) -> Shared<Option<ExitStatus>> {
        self.running.as_ref().expect("it runs").exit.clone()
    }

    /// Whether it still runs.
    pub fn alive(&self) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.exit.lock().is_none())
    }

    /// Waits for a log line since the last start that contains all of these; gives it.
    pub fn wait_log(&self, parts: &[&str]) -> String {
        let fits = |line: &&String| parts.iter().all(|part| line.contains(part));
        self.log
            .wait(|lines| lines.iter().skip(self.log_start).find(fits).cloned())
            .unwrap_or_else(|| panic!("no log line with {parts:?} in {:#?}", self.log.lock()))
    }

    /// How many log lines contain all of these.
    pub fn count_log(&self, parts: &[&str]) -> usize {
        self.log
            .lock()
            .iter()
            .filter(|line| parts.iter().all(|part| line.contains(part)))
            .count()
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().clone()
    }

    /// What the kernel shows to everyone, or to its owner, of the process: `cmdline`, `environ`.
    pub fn of_process(&self, file: &str) -> String {
        let pid = self.running.as_ref().expect("it runs").pid;
        let bytes = fs::read(format!("/proc/{pid}/{file}")).expect("a file of the process");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until so many sessions have failed, by the log.
    pub fn wait_failed_sessions(&self, count: usize) {
        let failed = |line: &&String| line.contains(SESSION_FAILED);
        let enough = self
            .log
            .wait(|lines| (lines.iter().filter(failed).count() >= count).then_some(()));
        assert!(
            enough.is_some(),
            "no failed session in {:#?}",
            self.log.lock()
        );
    }

    /// Waits until a hook was called; gives its name and arguments.
    pub fn wait_hook(&self) -> String {
        let call = self
            .hooks
            .wait(|calls| (!calls.is_empty()).then(|| calls.remove(0)));
        call.unwrap_or_else(|| panic!("no hook was called; the log: {:#?}", self.log.lock()))
    }

    /// How many calls of hooks wait for [`Daemon::wait_hook`].
    pub fn count_hooks(&self) -> usize {
        self.hooks.lock().len()
    }

    /// Runs a command of the command line.
    pub fn cwmp(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(program());
        command
            .arg("ctl")
            .arg("--root")
            .arg(&self.root)
            .args(arguments);
        run(command)
    }

    /// Starts another daemon in the same root and waits for its end.
    pub fn run_second(&self) -> Output {
        let mut command = self.command();
        command.arg("--foreground");
        run(command)
    }

    /// Waits until the daemon answers its command line.
    pub fn wait_ready(&self) {
        // With its own process id: the last lines of the one before may come late.
        let pid = self.running.as_ref().expect("it runs").pid;
        self.wait_log(&[READY, &format!("pid={pid}")]);
    }

    /// Makes every write of that file fail until it is called with `false`: what the write would make beside it
    /// exists, and cannot be replaced.
    pub fn refuse_writes(&self, path: &str, refuse: bool) {
        let path = self.path(path);
        let name = path.file_name().expect("a file").to_string_lossy();
        let in_the_way = path.with_file_name(format!(".{name}.cwmpd-new"));
        if refuse {
            fs::create_dir(in_the_way).expect("make a folder");
        } else {
            fs::remove_dir(in_the_way).expect("remove a folder");
        }
    }

    /// Writes an executable below the root.
    pub fn write_program(&self, path: &str, text: &str) {
        self.write(path, text.as_bytes());
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    /// Checks the configuration, as `cwmpd --check` does.
    pub fn check_config(&self) -> Output {
        let mut command = self.command();
        command.arg("--check");
        run(command)
    }

    /// `cwmp --json status`, which must succeed.
    pub fn status(&self) -> Value {
        let output = self.cwmp(&["--json", "status"]);
        assert_eq!(output.code, 0, "{output:?}");
        serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
    }

    /// Connection requests to the URL that an Inform carried.
    pub fn connection_request(&self, inform: &super::inspect::Message) -> ConnectionRequest {
        let url = inform
            .value_of(".ConnectionRequestURL")
            .expect("ConnectionRequestURL in the Inform");
        ConnectionRequest::new(&url, CR_USER, CR_PASSWORD)
    }

    /// The permission bits of a file below the root.
    pub fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.path(path))
            .expect("the file")
            .permissions()
            .mode()
            & 0o777
    }

    /// Makes a named pipe below the root.
    pub fn make_pipe(&self, path: &str) {
        mkfifo(&self.path(path), Mode::S_IRWXU).expect("a named pipe");
    }

    /// Writes a line into a named pipe that somebody reads, or is going to read.
    pub fn write_pipe(&self, path: &str, line: &str) {
        let mut pipe = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path(path))
            .expect("open a pipe");
        writeln!(pipe, "{line}").expect("write into a pipe");
        // A reader that has not opened it yet must find the line: so it stays open as long as the test.
        std::mem::forget(pipe);
    }

    /// Hooks write their call into a pipe that a thread reads: so a test can wait for it.
    fn install_hooks(&self) {
        self.make_pipe("hooks.pipe");
        let pipe = self.path("hooks.pipe");
        for name in HOOKS {
            let path = format!("usr/lib/cwmpd/hooks/{name}");
            let script = format!("#!/bin/sh\necho {name} \"$@\" > '{}'\n", pipe.display());
            self.write(&path, script.as_bytes());
            fs::set_permissions(self.path(&path), fs::Permissions::from_mode(0o755))
                .expect("chmod");
        }
        // Open for writing too: the pipe then never ends.
        let reader = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&pipe)
            .expect("open the pipe");
        let calls = self.hooks.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(reader)
                .lines()
                .map_while(Result::ok)
                .take_while(|line| line != END_OF_HOOKS)
            {
                calls.change(|calls| calls.push(line));
            }
        });
    }
}

const END_OF_HOOKS: &str = "--end--";

impl Drop for Daemon {
    fn drop(&mut self) {
        let died = self.running.is_some() && !self.alive();
        if let Some(running) = self.running.take() {
            let _ = kill(running.pid, Signal::SIGKILL);
            running.exit.wait(|exit| *exit);
        }
        if let Ok(mut pipe) = fs::OpenOptions::new()
            .write(true)
            .open(self.path("hooks.pipe"))
        {
            let _ = writeln!(pipe, "{END_OF_HOOKS}");
        }
        if std::thread::panicking() {
            eprintln!(
                "the daemon's root is kept: {}\nits log: {:#?}",
                self.root.display(),
                self.log.lock()
            );
            return;
        }
        assert!(
            !died,
            "the daemon died by itself; its log: {:#?}",
            self.log.lock()
        );
        let secrets = self
            .acs
            .iter()
            .chain(&self.cpe)
            .filter(|(name, secret)| name == "passwd" && !secret.is_empty());
        // At the finest level as well, and neither what is made of them.
        let made = ["response=", "cnonce=", "Authorization:", "ookie:"];
        let secrets = secrets.map(|(_, secret)| secret.as_str()).chain(made);
        for secret in secrets {
            assert_eq!(
                self.count_log(&[secret]),
                0,
                "a secret in the log: {:#?}",
                self.log.lock()
            );
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn run(mut command: Command) -> Output {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start the command");
    let pid = Pid::from_raw(child.id() as i32);
    let (done, result) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = done.send(collect(&mut child));
    });
    result.recv_timeout(patience()).unwrap_or_else(|_| {
        let _ = kill(pid, Signal::SIGKILL);
        panic!("{command:?} does not end")
    })
}

fn collect(child: &mut Child) -> Output {
    let stderr = child.stderr.take().map(|mut pipe| {
        std::thread::spawn(move || {
            let mut text = String::new();
            let _ = pipe.read_to_string(&mut text);
            text
        })
    });
    let mut stdout = String::new();
    if let Some(mut pipe) = child.stdout.take() {
        let _ = pipe.read_to_string(&mut stdout);
    }
    let code = child
        .wait()
        .ok()
        .and_then(|status| status.code())
        .unwrap_or(-1);
    Output {
        code,
        stdout,
        stderr: stderr
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default(),
    }
}

/// The daemon to test instead of the one that was built along with the tests: one for another machine, with its
/// emulator in front (`cross/run-tests.sh`).
pub fn other_program() -> Option<OsString> {
    std::env::var_os("CWMPD_BIN")
}

fn program() -> OsString {
    other_program().unwrap_or_else(|| env!("CARGO_BIN_EXE_cwmpd").into())
}

/// The repository's folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A port for connection requests. The daemon takes it on every address, so it must not be one that the kernel may
/// have given, or may give again, to an ACS on an address of its own: it is below the kernel's range.
pub fn free_port() -> u16 {
    const LOWEST: u32 = 10_000;
    const HOW_MANY: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let from = std::process::id().wrapping_mul(101);
    let candidates = std::iter::repeat_with(|| NEXT.fetch_add(1, Ordering::SeqCst));
    candidates
        .take(HOW_MANY as usize)
        .map(|n| (LOWEST + from.wrapping_add(n) % HOW_MANY) as u16)
        .find(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok())
        .expect("a free port")
}
