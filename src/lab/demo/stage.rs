//! Where the demo plays: a loop with the ACS on it, and a daemon in a temporary root. Whatever way it ends, the daemon
//! ends with it and the root is removed.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal as UnixSignal, kill};
use nix::unistd::Pid;

use crate::lab::acs::{Acs, Event};
use crate::lab::cli::say;
use crate::lab::report;
use crate::lab::script::Script;
use crate::lab::server::{Server, Woken};
use crate::net::reactor::{Reactor, earliest, token, who};
use crate::net::signals::{Signal, Signals};

/// How long anything may take. The whole story takes a few seconds; a slow machine gets a chance.
const PATIENCE: Duration = Duration::from_secs(20);
/// What the daemon gets between SIGTERM and SIGKILL: it promises five seconds.
const GRACE: Duration = Duration::from_secs(7);
/// How often a command that was started is looked after; its end wakes the loop earlier.
const LOOK: Duration = Duration::from_millis(100);
/// Lines of the daemon's log that are shown when something went wrong.
const LOG_LINES: usize = 15;

const PROFILE: &str = include_str!("../../../etc/profiles/tr181-gateway.toml");

const SERVER: u8 = 0;
const SIGNALS: u8 = 1;

/// Why the story did not go on.
#[derive(Debug)]
pub enum Trouble {
    /// Ctrl-C.
    Interrupted,
    /// The daemon has ended by itself.
    Died(String),
    /// This was waited for in vain.
    Missing(String),
    /// Something happened otherwise than it must.
    Wrong(String),
    /// The system refused.
    System(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Interrupted => f.write_str("interrupted"),
            Trouble::Died(status) => write!(f, "the daemon has ended by itself ({status})"),
            Trouble::Missing(what) => write!(
                f,
                "{what} did not come within {} seconds",
                PATIENCE.as_secs()
            ),
            Trouble::Wrong(what) | Trouble::System(what) => f.write_str(what),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::System(error.to_string())
    }
}

/// Something that happened.
pub enum Happening {
    /// At the ACS.
    Acs(Event),
    /// A connection request ended.
    Woken(Woken),
}

/// The stage.
pub struct Stage {
    /// The daemon's root.
    pub root: PathBuf,
    reactor: Reactor,
    signals: Signals,
    server: Server,
    program: PathBuf,
    daemon: Option<Child>,
}

impl Stage {
    /// Makes the root, with a configuration that points at an ACS that plays `script`. The daemon is `program`, or
    /// this very program under the daemon's name.
    pub fn new(program: Option<&Path>, script: Script) -> Result<Stage, Trouble> {
        let reactor = Reactor::new()?;
        let signals = Signals::new(reactor.registry(), token(SIGNALS, 0))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let login = script.credentials();
        let server = Server::new(Acs::new(script), address, SERVER, reactor.registry())?;
        let root = std::env::temp_dir().join(format!("cwmp-lab-{}", std::process::id()));
        // Fails when it exists: nobody else's folder is taken for ours.
        DirBuilder::new().mode(0o700).create(&root)?;
        let own = root.join("usr/sbin/cwmpd");
        let stage = Stage {
            root,
            reactor,
            signals,
            server,
            program: program.map_or_else(|| own.clone(), Path::to_owned),
            daemon: None,
        };
        fs::create_dir_all(stage.root.join("usr/sbin"))?;
        symlink(std::env::current_exe()?, own)?;
        // Free now, and taken by nobody before the daemon asks for it, as far as one can tell.
        let port = TcpListener::bind(address)?.local_addr()?.port();
        let (userid, passwd) = login
            .map(|login| (login.username, login.password))
            .unwrap_or_default();
        let config = format!(
            "config acs 'acs'\n\toption url '{}'\n\toption userid '{userid}'\n\toption passwd '{passwd}'\n\
             \toption periodic_inform_enable '0'\n\nconfig cpe 'cpe'\n\toption backend 'profile'\n\
             \toption profile '/etc/cwmpd/profile.toml'\n\toption port '{port}'\n",
            stage.url()
        );
        stage.write("etc/config/cwmp", &config)?;
        stage.write("etc/cwmpd/profile.toml", PROFILE)?;
        stage.write("etc/hosts", "127.0.0.1 localhost\n")?;
        stage.write("etc/resolv.conf", "")?;
        stage.write(
            "proc/sys/kernel/random/boot_id",
            "5a1d1fd6-0000-4000-8000-000000000001\n",
        )?;
        Ok(stage)
    }

    fn write(&self, path: &str, content: &str) -> io::Result<()> {
        let path = self.root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // The configuration holds a password.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?
            .write_all(content.as_bytes())
    }

    /// The ACS's URL.
    pub fn url(&self) -> String {
        format!("http://{}/acs", self.server.address())
    }

    /// The ACS.
    pub fn acs(&mut self) -> &mut Acs {
        &mut self.server.acs
    }

    /// The daemon's process number.
    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().map_or(0, Child::id)
    }

    /// A command of the daemon's command line, as one would type it.
    pub fn command_line(&self, arguments: &[&str]) -> String {
        let quoted = arguments.iter().map(|a| {
            if a.contains(' ') {
                format!("'{a}'")
            } else {
                a.to_string()
            }
        });
        let quoted: Vec<_> = quoted.collect();
        format!(
            "{} ctl --root {} {}",
            self.program.display(),
            self.root.display(),
            quoted.join(" ")
        )
    }

    /// Switches the device on.
    pub fn start(&mut self) -> Result<(), Trouble> {
        let log = File::create(self.log())?;
        let child = Command::new(&self.program)
            .arg("--root")
            .arg(&self.root)
            .args(["--foreground", "-v"])
            // It may be an emulator's wrapper, which the daemon cannot see.
            .arg("--program")
            .arg(&self.program)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| {
                Trouble::System(format!("cannot start {}: {e}", self.program.display()))
            })?;
        self.daemon = Some(child);
        Ok(())
    }

    /// Sends the device a connection request.
    pub fn wake(&mut self, device: &str) {
        self.server
            .wake(device, Instant::now(), self.reactor.registry());
    }

    /// Runs the loop until `pick` takes something that happened. Everything is shown.
    pub fn wait<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(&Happening) -> Option<T>,
    ) -> Result<T, Trouble> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            while let Some(happening) = self.happening()? {
                if let Some(picked) = pick(&happening) {
                    return Ok(picked);
                }
            }
            if Instant::now() >= give_up {
                return Err(Trouble::Missing(what.to_owned()));
            }
            self.turn(Some(give_up))?;
        }
    }

    /// Runs a command of the daemon's command line to its end, the loop meanwhile; gives what it printed.
    pub fn run(&mut self, arguments: &[&str]) -> Result<String, Trouble> {
        let child = Command::new(&self.program)
            .args(["ctl", "--root"])
            .arg(&self.root)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut child = Guard(child);
        let give_up = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = child.0.try_wait()? {
                break status;
            }
            if Instant::now() >= give_up {
                return Err(Trouble::Missing(format!(
                    "the end of `{}`",
                    self.command_line(arguments)
                )));
            }
            self.turn(Some(Instant::now() + LOOK))?;
        };
        // What a short command prints fits into the pipe.
        let mut output = String::new();
        if let Some(mut pipe) = child.0.stdout.take() {
            pipe.read_to_string(&mut output)?;
        }
        match status.success() {
            true => Ok(output),
            false => Err(Trouble::Wrong(format!(
                "`{}` failed ({status}) {output}",
                self.command_line(arguments)
            ))),
        }
    }

    /// Runs the loop until Ctrl-C or the end of the daemon.
    pub fn run_on(&mut self) -> Trouble {
        loop {
            let step = self.happening().and_then(|happening| match happening {
                Some(_) => Ok(()),
                None => self.turn(None),
            });
            if let Err(trouble) = step {
                return trouble;
            }
        }
    }

    /// Switches the device off; it has to end well by itself.
    pub fn stop(&mut self) -> Result<(), Trouble> {
        let Some(mut daemon) = self.daemon.take().map(Guard) else {
            return Ok(());
        };
        kill(pid(&daemon.0), UnixSignal::SIGTERM).map_err(io::Error::from)?;
        let give_up = Instant::now() + GRACE;
        loop {
            match daemon.0.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(Trouble::Died(status.to_string())),
                None if Instant::now() >= give_up => {
                    return Err(Trouble::Wrong(
                        "the daemon does not end when it is told to".into(),
                    ));
                }
                None => self.turn(Some(give_up))?,
            }
        }
    }

    /// The last lines of the daemon's log.
    pub fn last_words(&self) -> Vec<String> {
        let text = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines
            .iter()
            .skip(lines.len().saturating_sub(LOG_LINES))
            .cloned()
            .collect()
    }

    /// Where the daemon's log is.
    pub fn log(&self) -> PathBuf {
        self.root.join("cwmpd.log")
    }

    fn happening(&mut self) -> Result<Option<Happening>, Trouble> {
        if let Some(event) = self.server.acs.event() {
            for line in report::lines(&event) {
                say(&format!("    {line}"))?;
            }
            return Ok(Some(Happening::Acs(event)));
        }
        let Some(woken) = self.server.woken() else {
            return Ok(None);
        };
        say(&format!("    {}", report::woken(&woken)))?;
        Ok(Some(Happening::Woken(woken)))
    }

    /// One turn of the loop, at the latest until `deadline`.
    fn turn(&mut self, deadline: Option<Instant>) -> Result<(), Trouble> {
        let (registry, ready) = self
            .reactor
            .poll(earliest(deadline, self.server.deadline()))?;
        let now = Instant::now();
        self.server.timeout(now);
        let mut stop = false;
        for token in ready {
            match who(token) {
                SERVER => self.server.ready(token, now, registry),
                _ => stop |= self.signals.take().contains(&Signal::Stop),
            }
        }
        if stop {
            return Err(Trouble::Interrupted);
        }
        match self.daemon.as_mut().map(Child::try_wait) {
            Some(Ok(Some(status))) => {
                self.daemon = None;
                Err(Trouble::Died(status.to_string()))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.daemon.take().map(Guard));
        // What cannot be removed stays behind in the folder for temporary things.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// A child that does not outlive us.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}
