//! A router to install on: a root of its own with busybox, stand-ins for uci, ubus and procd, and the staged package.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::support::{Scratch, listed, repository, run, stage, stdout};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cwmpd");

/// When a test gives up; it measures nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the scripts may call. Not `reboot`: the hooks could find it.
const APPLETS: &[&str] = &[
    "ash", "awk", "cat", "chmod", "echo", "grep", "hexdump", "kill", "ln", "ls", "mkdir", "mv",
    "printf", "rm", "rmdir", "sed", "sh", "sleep",
];

/// Two firewalls as OpenWrt has shipped them, and a router without one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Firewall {
    /// firewall4: networks of a zone as a list.
    Fw4,
    /// firewall (iptables): networks in one option.
    Fw3,
    None,
}

pub const FIREWALLS: [Firewall; 3] = [Firewall::Fw4, Firewall::Fw3, Firewall::None];

pub const NETWORK: &str = "
config interface 'loopback'
\toption device 'lo'
\toption proto 'static'

config interface 'wan'
\toption device 'eth1'
\toption proto 'dhcp'

config interface 'wan6'
\toption device 'eth1'
\toption proto 'dhcpv6'
";

const FW4: &str = "
config defaults
\toption input 'REJECT'

config zone
\toption name 'lan'
\tlist network 'lan'

config zone
\toption name 'wan'
\tlist network 'wan'
\tlist network 'wan6'
\toption input 'REJECT'

config rule
\toption name 'Allow-Ping'
\toption src 'wan'
";

const FW3: &str = "
config zone
\toption name lan
\toption input ACCEPT

config zone
\toption name outside
\toption network 'wan wan6'
\toption input REJECT
";

pub struct Router {
    root: Scratch,
    syslog: UnixDatagram,
}

impl Router {
    /// A router on which the package's files are, and nothing has run yet.
    pub fn with_files(firewall: Firewall, network: &str) -> Router {
        let root = Scratch::new();
        fs::create_dir(root.path("dev")).unwrap();
        let syslog = UnixDatagram::bind(root.path("dev/log")).unwrap();
        syslog.set_read_timeout(Some(PATIENCE)).unwrap();
        let router = Router { root, syslog };
        for folder in [
            "bin",
            "sbin",
            "lib",
            "tmp/run",
            "etc/config",
            "etc/init.d",
            "etc/uci-defaults",
            "etc/rc.d",
        ] {
            fs::create_dir_all(router.root.path(folder)).unwrap();
        }
        symlink("tmp", router.root.path("var")).unwrap();
        for (name, minor) in [("urandom", "9"), ("null", "3")] {
            run(Command::new("mknod")
                .args(["-m", "666"])
                .arg(router.root.path(&format!("dev/{name}")))
                .args(["c", "1", minor]));
        }
        fs::copy("/bin/busybox", router.root.path("bin/busybox")).expect("busybox-static");
        for applet in APPLETS {
            symlink("busybox", router.root.path(&format!("bin/{applet}"))).unwrap();
        }
        for (double, path) in [
            ("uci", "sbin/uci"),
            ("ubus", "bin/ubus"),
            ("rc.common", "etc/rc.common"),
        ] {
            let double = repository().join("tests/packages/doubles").join(double);
            fs::copy(double, router.root.path(path)).unwrap();
        }
        // What the program needs that a device build has in itself.
        let libraries = stdout(Command::new("ldd").arg(PROGRAM));
        for library in libraries
            .split_whitespace()
            .filter(|word| word.starts_with('/'))
        {
            let place = router.root.path(library);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::copy(library, place).unwrap();
        }
        router.write("etc/config/network", network);
        match firewall {
            Firewall::Fw4 => router.write("etc/config/firewall", FW4),
            Firewall::Fw3 => router.write("etc/config/firewall", FW3),
            Firewall::None => {}
        }
        stage(Path::new(PROGRAM), &router.root.0);
        router
    }

    /// A router on which the package is installed.
    pub fn installed(firewall: Firewall, network: &str) -> Router {
        let router = Router::with_files(firewall, network);
        router.script("postinst", "");
        router
    }

    /// Puts the package's files there again, as an upgrade does; the configuration stays.
    pub fn restage(&self) {
        let configuration = self.read("/etc/config/cwmp");
        stage(Path::new(PROGRAM), &self.root.0);
        self.write("/etc/config/cwmp", &configuration);
    }

    pub fn root(&self) -> &Path {
        &self.root.0
    }

    /// Runs a command line on the router.
    pub fn try_sh(&self, line: &str) -> Output {
        let mut command = Command::new("chroot");
        command.arg(&self.root.0).args(["/bin/ash", "-c", line]);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
            .output()
            .unwrap_or_else(|e| panic!("{command:?}: {e}"))
    }

    /// The same for one that succeeds: what it prints.
    pub fn sh(&self, line: &str) -> String {
        let output = self.try_sh(line);
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a script of the package as the package manager does, with what that puts into the environment.
    pub fn script(&self, name: &str, environment: &str) {
        let script = fs::read(repository().join("packaging/scripts").join(name)).unwrap();
        let place = self.root.path("tmp/script");
        fs::write(&place, script).unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
        self.sh(&format!("{environment} /tmp/script"));
        fs::remove_file(place).unwrap();
    }

    /// What the package manager does after the script: deletes the files, keeps the configuration.
    pub fn delete_files(&self) {
        for file in listed().iter().filter(|listed| !listed.conffile) {
            let path = self.root.path(&file.path);
            match fs::remove_file(&path) {
                // Deleted when it had run.
                Err(_) if file.path.starts_with("/etc/uci-defaults/") => {}
                result => result.unwrap(),
            }
            for folder in path.ancestors().skip(1) {
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
    }

    /// A value, or nothing where it is not set.
    pub fn uci(&self, name: &str) -> String {
        let output = self.try_sh(&format!("uci -q get {name}"));
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    /// What is committed of a configuration.
    pub fn committed(&self, package: &str) -> String {
        let left = fs::read_dir(self.root.path("tmp/.uci")).map_or(0, |entries| entries.count());
        assert_eq!(left, 0, "everything is committed");
        String::from_utf8(self.try_sh(&format!("uci -q show {package}")).stdout).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.root.path(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.path(path)).unwrap_or_default()
    }

    pub fn exists(&self, path: &str) -> bool {
        fs::symlink_metadata(self.root.path(path)).is_ok()
    }

    /// Blocks until the daemon logs a line with these words to syslog.
    pub fn wait_log(&self, words: &str) {
        let mut line = [0; 4096];
        loop {
            let length = match self.syslog.recv(&mut line) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result.expect(words),
            };
            if String::from_utf8_lossy(&line[..length]).contains(words) {
                return;
            }
        }
    }

    /// Blocks until the daemon has started, idle for want of an ACS, and answers.
    pub fn wait_running(&self) {
        self.wait_log("idle");
        assert!(self.sh("cwmp status").contains("idle reason"));
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = self.try_sh("kill -9 $(cat /tmp/procd.pid)");
    }
}
