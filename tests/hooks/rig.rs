//! A folder that stands for a router: the hooks, programs that record how they are called, tools, files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// What the hooks may call of a Unix. All of it is in OpenWrt's busybox.
const TOOLS: &[&str] = &[
    "awk", "cat", "cp", "grep", "gzip", "ln", "ls", "mkdir", "mktemp", "mv", "rm", "sed", "tar",
    "tr",
];

/// What only the doubles call.
const MORE_TOOLS: &[&str] = &["cmp", "md5sum"];

/// What else the hooks call: each records its arguments and does what the test tells it to, or nothing.
const DOUBLES: &[&str] = &[
    "apk",
    "firstboot",
    "logread",
    "opkg",
    "reboot",
    "sleep",
    "sync",
    "sysupgrade",
    "ubus",
    "uci",
    "validate_firmware_image",
    "wget",
];

/// Those of them that busybox has in itself and would not look for in PATH. In the hooks of the rig their names are
/// paths, so that no shell whatever can find the real ones: see [`Rig::bent`].
const BUILT_IN: &[&str] = &["firstboot", "logread", "reboot", "sleep", "sync", "wget"];

/// An argument that any shell would make something else of, given a chance.
pub const HOSTILE: &str = "-x a  b'\"\\`touch $HOME/evil`$(touch evil);reboot\n*|&>evil";

#[derive(Clone, Copy, PartialEq)]
pub enum Shell {
    System,
    Busybox,
}

pub struct Rig {
    pub root: PathBuf,
    shell: Shell,
}

/// How a hook ended.
pub struct Ended {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Rig {
    pub fn new(shell: Shell) -> Rig {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("cwmpd-hooks-{}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let rig = Rig { root, shell };
        for folder in [
            "bin",
            "do",
            "doubles",
            "hooks",
            "tmp",
            "cwd",
            "etc/config",
            "etc/cwmpd",
            "etc/apk",
            "uci",
        ] {
            fs::create_dir_all(rig.path(folder)).expect("a folder");
        }
        for tool in TOOLS.iter().chain(MORE_TOOLS) {
            let real = match shell {
                Shell::Busybox => PathBuf::from("/bin/busybox"),
                Shell::System => ["/usr/bin", "/bin"]
                    .iter()
                    .map(|folder| Path::new(folder).join(tool))
                    .find(|path| path.exists())
                    .expect(tool),
            };
            symlink(real, rig.path("bin").join(tool)).expect("a link");
        }
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in DOUBLES {
            let link = rig.path("bin").join(name);
            symlink(here.join("tests/hooks/double"), link).expect("a link");
        }
        for entry in fs::read_dir(here.join("etc/hooks")).expect("the hooks") {
            let path = entry.expect("an entry").path();
            let text = rig.bent(&fs::read_to_string(&path).expect("a hook"));
            let copy = rig.path("hooks").join(path.file_name().expect("a name"));
            fs::write(&copy, text).expect("a hook");
        }
        let uci = fs::read_to_string(here.join("tests/packages/doubles/uci")).expect("the double");
        let config = format!("{}/etc/config", rig.root.display());
        let changes = format!("{}/uci", rig.root.display());
        let uci = uci
            .replace("/etc/config", &config)
            .replace("/tmp/.uci", &changes);
        fs::write(rig.path("doubles/uci"), uci).expect("the double");
        rig.on("uci", "exec /bin/sh \"$root/doubles/uci\" \"$@\"");
        rig
    }

    /// A hook's text with the rig's files in place of the machine's, and with paths for names that busybox would take
    /// for its own: what reboots cannot be reached by any of them.
    fn bent(&self, text: &str) -> String {
        let root = self.root.display().to_string();
        let mut bent = String::new();
        for line in text.lines() {
            let code = line.split_whitespace().next().unwrap_or_default();
            if code.starts_with('#') {
                bent += line;
            } else {
                let words: Vec<String> = line
                    .split(' ')
                    .enumerate()
                    .map(|(at, word)| {
                        let bare = word.trim_start_matches('\t');
                        let before = line.split(' ').nth(at.wrapping_sub(1)).unwrap_or_default();
                        let starts = at == 0 || before.ends_with("exec");
                        match BUILT_IN.contains(&bare) && starts {
                            true => word.replace(bare, &format!("{root}/bin/{bare}")),
                            false => word.to_owned(),
                        }
                    })
                    .collect();
                bent += &words.join(" ");
            }
            bent.push('\n');
        }
        for line in bent
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
        {
            // Texts are no commands, nor is what follows `command -v`.
            let code: String = line.split('"').step_by(2).collect();
            for words in code.split([';', '|', '(', '&', '!', '{', '`']) {
                let words = words
                    .trim()
                    .trim_start_matches("if ")
                    .trim_start_matches("exec ");
                let name = words.split_whitespace().next().unwrap_or_default();
                assert!(
                    !BUILT_IN.contains(&name),
                    "a hook could reach the real one: {line}"
                );
            }
        }
        for machine in ["/etc/", "/proc/", "/usr/libexec"] {
            bent = bent.replace(machine, &format!("{root}{machine}"));
        }
        bent
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    /// What a double does: lines of shell, with its arguments.
    pub fn on(&self, name: &str, script: &str) {
        assert!(DOUBLES.contains(&name), "{name}");
        self.write(&format!("do/{name}"), format!("{script}\n"));
    }

    /// The device does not have this program.
    pub fn without(&self, name: &str) {
        fs::remove_file(self.path("bin").join(name)).expect(name);
    }

    pub fn command(&self, hook: &str, arguments: &[&str]) -> Command {
        let mut command = match self.shell {
            Shell::System => Command::new("/bin/sh"),
            Shell::Busybox => {
                let mut command = Command::new("/bin/busybox");
                command.arg("sh");
                command
            }
        };
        command
            .arg(self.path("hooks").join(hook))
            .args(arguments)
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("LC_ALL", "C")
            .env("TMPDIR", self.path("tmp"))
            .env("HOME", self.path("cwd"))
            .current_dir(self.path("cwd"))
            .stdin(Stdio::null());
        command
    }

    /// Runs a hook. Whatever comes of it, nothing may be left behind.
    pub fn run(&self, hook: &str, arguments: &[&str]) -> Ended {
        let output = self.command(hook, arguments).output();
        self.ended(output.expect("a shell"))
    }

    pub fn ended(&self, output: Output) -> Ended {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let ended = Ended {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        for folder in ["tmp", "cwd"] {
            let left: Vec<_> = fs::read_dir(self.path(folder)).expect("it").collect();
            assert!(left.is_empty(), "left in {folder}: {left:?}");
        }
        assert!(!ended.stderr.contains("not found"), "{}", ended.stderr);
        ended
    }

    /// Forgets the calls so far and gives them.
    pub fn calls(&self) -> Vec<Vec<String>> {
        let called = self.read("called");
        let _ = fs::remove_file(self.path("called"));
        let calls = called.split_terminator('\u{2}');
        calls
            .map(|call| call.split_terminator('\u{1}').map(str::to_owned).collect())
            .collect()
    }

    /// The calls of one program.
    pub fn calls_of(&self, name: &str) -> Vec<Vec<String>> {
        let mut calls = self.calls();
        calls.retain(|call| call[0] == name);
        calls
    }
}

impl Ended {
    /// It has ended with this status, and said something like that on standard error.
    #[track_caller]
    pub fn says(&self, status: i32, words: &str) {
        let (stdout, stderr) = (&self.stdout, &self.stderr);
        assert_eq!(self.status, status, "{stdout}{stderr}");
        assert!(stderr.contains(words), "{stderr:?}");
    }

    /// It has succeeded.
    #[track_caller]
    pub fn well(&self) -> &str {
        assert_eq!(self.status, 0, "{}{}", self.stdout, self.stderr);
        &self.stdout
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // What a test that has failed lets wait for ever.
        let waits = self.read("waits").trim().parse();
        if let (true, Ok(pid)) = (std::thread::panicking(), waits) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}
