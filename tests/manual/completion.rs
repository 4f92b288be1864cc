//! The completion function in a real bash: over a command that answers as told, and over the daemon's own.

use std::fs::{self, DirBuilder};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cwmpd::agent::command::event;
use cwmpd::control::cli::commands::COMMANDS;

use super::{here, read};

/// How long a test waits for something that must happen. It measures nothing: generous on purpose.
const PATIENCE: Duration = Duration::from_secs(60);

/// Calls the function as readline does, with the words of the command line; prints what it offers, and how.
const CALL: &str = r#"
set -u
compopt() { echo "$*"; }
. "$1"
_cwmp_patience=$2
shift 2
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_cwmp
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
# Nothing that it has started is left behind.
[[ -z ${!:-} ]] || wait "$!" || :
"#;

/// Answers `names`, and notes what it was asked.
const FAKE: &str = r#"#!/bin/sh
echo "$*" >>"${0%/*}/asked"
parent=$2
[ "$1" != --root ] || parent=$4
echo 'PARAMETER  WRITABLE'
case $parent in
'') echo 'Device.    no' ;;
Device.)
	echo 'Device.NAT.  no'
	echo 'Device.Name  yes'
	echo 'Device.Note  no'
	echo 'Device.Now$(touch bad)  yes'
	;;
'Device.NAT.*.')
	echo 'Device.NAT.1.Alias  yes'
	echo 'Device.NAT.2.Alias  yes'
	;;
*) exit 1 ;;
esac
"#;

/// A folder that comes first in PATH, removed at the end.
struct Path(PathBuf);

impl Path {
    fn new() -> Path {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("cwmpd-completion-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .expect("a folder of our own");
        Path(path)
    }

    /// With this program as `cwmp`.
    fn with(program: &str) -> Path {
        let path = Path::new();
        let file = path.0.join("cwmp");
        fs::write(&file, program).expect("the program");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its mode");
        path
    }

    /// What is offered for the last of these words, however long the answer takes.
    fn offered(&self, words: &[&str]) -> Vec<String> {
        self.offered_within(PATIENCE.as_secs(), words)
    }

    fn offered_within(&self, seconds: u64, words: &[&str]) -> Vec<String> {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut bash = Command::new("bash");
        bash.args(["--norc", "--noprofile", "-c", CALL, "bash"])
            .arg(here("packaging/completion/cwmp.bash"))
            .args([&seconds.to_string(), "cwmp"])
            .args(words)
            .env("PATH", format!("{}:{path}", self.0.display()))
            .current_dir(&self.0)
            .stdin(Stdio::null());
        let (ended, output) = mpsc::channel();
        thread::spawn(move || ended.send(bash.output()));
        let output = output
            .recv_timeout(2 * PATIENCE)
            .expect("bash ends")
            .expect("bash");
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && complaints.is_empty(),
            "{words:?}: {complaints}"
        );
        let text = String::from_utf8(output.stdout).expect("a text");
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn commands_and_their_options_are_offered() {
    let path = Path::with(FAKE);
    let mut all = path.offered(&[""]);
    assert_eq!(all.pop().as_deref(), Some("help"));
    assert_eq!(
        all,
        COMMANDS.iter().map(|entry| entry.name).collect::<Vec<_>>()
    );
    assert_eq!(path.offered(&["st"]), ["status", "stop"]);
    assert_eq!(path.offered(&["help", "na"]), ["names"]);
    assert_eq!(
        path.offered(&["--"]),
        ["--root", "--json", "--help", "--version"]
    );
    for entry in COMMANDS {
        let mut flags = path.offered(&[entry.name, "--"]);
        assert_eq!(flags[..3], ["--root", "--json", "--help"]);
        let offered: Vec<String> = flags.split_off(3);
        let known = entry
            .flags
            .iter()
            .map(|(flag, _)| match flag.split_once('=') {
                Some((name, _)) => format!("--{name}="),
                None => format!("--{flag}"),
            });
        assert_eq!(offered, known.collect::<Vec<_>>(), "{}", entry.name);
    }
    // Its value follows at once, and nothing is known of it.
    assert_eq!(
        path.offered(&["dhcp", "--opt4"]),
        ["-o nospace", "--opt43="]
    );
    assert!(path.offered(&["dhcp", "--opt43", "="]).is_empty());
    assert!(path.offered(&["dhcp", "--opt43", "=", "01"]).is_empty());
    assert!(path.offered(&["status", ""]).is_empty());
    assert!(
        !path.0.join("asked").exists(),
        "nobody needs the daemon for that"
    );
}

#[test]
fn events_are_offered_as_the_command_understands_them() {
    let path = Path::with(FAKE);
    let offered = path.offered(&["inform", ""]);
    assert!(offered.contains(&"value-change".to_owned()));
    for name in offered {
        assert!(event(&name).is_some(), "{name}");
    }
    assert!(path.offered(&["inform", "boot", ""]).is_empty());
}

#[test]
fn folders_are_offered_for_the_root() {
    let path = Path::with(FAKE);
    fs::create_dir(path.0.join("root")).expect("a folder");
    for words in [&["--root", "ro"][..], &["get", "--root", "=", "ro"]] {
        assert_eq!(path.offered(words), ["-o filenames", "root"]);
    }
}

#[test]
fn paths_are_offered_a_level_at_a_time() {
    let path = Path::with(FAKE);
    let offered = |words: &[&str]| path.offered(words);
    assert_eq!(offered(&["get", ""]), ["-o nospace", "Device."]);
    let level = ["Device.NAT.", "Device.Name", "Device.Note"];
    assert_eq!(offered(&["get", "x", "--json", "Device."]), level);
    assert_eq!(offered(&["attributes", "Device.N"]), level);
    assert_eq!(offered(&["names", "Device.Not"]), ["Device.Note"]);
    assert!(offered(&["names", "Device.", "Device."]).is_empty());
    // What may be set, and what may have instances.
    let settable = ["-o nospace", "Device.NAT.", "Device.Name="];
    assert_eq!(offered(&["set", "x", "=", "1", "Device."]), settable);
    assert!(offered(&["set", "Device.Name", "="]).is_empty());
    assert!(offered(&["set", "Device.Name", "=", "Dev"]).is_empty());
    for command in ["add", "del"] {
        assert_eq!(
            offered(&[command, "Device."]),
            ["-o nospace", "Device.NAT."]
        );
    }
    assert_eq!(offered(&["get", "'Device.Na"]), ["Device.Name"]);
    // Each once, however many instances have it.
    assert_eq!(offered(&["get", "Device.NAT.*."]), ["Device.NAT.*.Alias"]);
    assert!(offered(&["get", "Device.Gone."]).is_empty());
    let asked = fs::read_to_string(path.0.join("asked")).expect("it was asked");
    assert!(
        asked
            .lines()
            .all(|line| line.starts_with("names ") && line.ends_with(" --next-level"))
    );
    for words in [
        &["--root", "/r", "get", "D"][..],
        &["get", "--root", "=", "/r", "D"],
    ] {
        assert_eq!(offered(words), ["-o nospace", "Device."]);
        let asked = fs::read_to_string(path.0.join("asked")).expect("it was asked");
        assert_eq!(asked.lines().last(), Some("--root /r names  --next-level"));
    }
    assert!(!path.0.join("bad").exists());
}

#[test]
fn without_a_daemon_nothing_is_offered_or_said() {
    for program in [
        "#!/bin/sh\necho 'cwmp: not running' >&2\nexit 69\n",
        "#!/no/such/interpreter\n",
    ] {
        assert!(Path::with(program).offered(&["get", "Device."]).is_empty());
    }
}

#[test]
fn a_daemon_that_does_not_answer_is_not_waited_for() {
    // Half an answer at most, then nothing.
    let path = Path::with("#!/bin/sh\nprintf 'Device.A.  no\nDevice.B.'\nexec sleep 600\n");
    let offered = path.offered_within(1, &["get", "Device."]);
    assert!(!offered.contains(&"Device.B.".to_owned()));
}

/// Ends with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_daemon_itself_answers() {
    let path = Path::new();
    symlink(env!("CARGO_BIN_EXE_cwmpd"), path.0.join("cwmp")).expect("a link");
    let root = path.0.join("root");
    let profiles = root.join("usr/share/cwmpd/profiles");
    fs::create_dir_all(&profiles).expect("a folder");
    fs::create_dir_all(root.join("etc/config")).expect("a folder");
    // Without an ACS it idles.
    let config = read("etc/config/cwmp");
    fs::write(root.join("etc/config/cwmp"), config).expect("the configuration");
    let profile = read("etc/profiles/tr181-gateway.toml");
    fs::write(profiles.join("tr181-gateway.toml"), profile).expect("the profile");
    let daemon = Command::new(env!("CARGO_BIN_EXE_cwmpd"))
        .arg("--root")
        .arg(&root)
        .arg("--foreground")
        .stderr(Stdio::piped())
        .spawn();
    let mut daemon = Daemon(daemon.expect("the daemon"));
    let log = BufReader::new(daemon.0.stderr.take().expect("its log"));
    let (line, lines) = mpsc::channel();
    thread::spawn(move || {
        for text in log.lines().map_while(Result::ok) {
            let _ = line.send(text);
        }
    });
    let idles = || loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(text) if text.contains("idle: ") => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    };
    let ready = idles();
    let root = root.to_str().expect("a name").to_owned();
    let offered = path.offered(&["--root", &root, "get", "Device.DeviceInfo.Seri"]);
    assert!(ready, "the daemon has come up");
    assert_eq!(offered, ["Device.DeviceInfo.SerialNumber"]);
}
