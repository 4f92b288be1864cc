//! One child process: started without a shell, in a process group of its own, with a clean environment and signal
//! state, its pipes non-blocking.
//!
//! `posix_spawn` rather than `std::process::Command`: the loop reads signals from a descriptor and so has them
//! blocked, a child would inherit that, and a child with SIGTERM blocked cannot be ended politely.

use std::ffi::CString;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mio::unix::pipe::{Receiver, Sender};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, pipe2};

/// All that a child finds in its environment: nothing of ours leaks, and tools are found where OpenWrt has them.
const ENVIRONMENT: [&str; 2] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"];

/// Where the command is that lets others have the processor first.
const NICE: [&str; 2] = ["/bin/nice", "/usr/bin/nice"];

/// How the standard descriptors are wired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wiring {
    /// Nothing to read; what it says on stdout and stderr comes together, on [`Child::stdout`].
    Listen,
    /// A pipe each for stdin, stdout and stderr.
    Talk,
    /// A pipe for stdin; the rest as with `Listen`. It works in the background, so it is nice.
    Work,
}

/// Why a program could not be started.
#[derive(Debug)]
pub enum SpawnError {
    /// No such file.
    Missing(PathBuf),
    /// Not a file that may be executed.
    NotExecutable(PathBuf),
    /// Everybody may change it, so everybody could run what they like as root.
    Writable(PathBuf),
    /// A NUL in the program's name or an argument.
    Nul,
    /// The system refused.
    System(PathBuf, io::Error),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpawnError::Missing(path) => write!(f, "{} does not exist", path.display()),
            SpawnError::NotExecutable(path) => {
                write!(f, "{} is not an executable file", path.display())
            }
            SpawnError::Writable(path) => {
                write!(f, "{} may be changed by everybody", path.display())
            }
            SpawnError::Nul => {
                f.write_str("the program's name or an argument contains a NUL character")
            }
            SpawnError::System(path, error) => {
                write!(f, "{} cannot be started: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for SpawnError {}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited with this status.
    Status(i32),
    /// This signal ended it.
    Signal(Signal),
    /// Someone else reaped it.
    Unknown,
}

impl Exit {
    /// Whether it exited with status 0.
    pub fn success(self) -> bool {
        self == Exit::Status(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Status(status) => write!(f, "exited with status {status}"),
            Exit::Signal(signal) => write!(f, "was ended by {signal}"),
            Exit::Unknown => f.write_str("ended, its status is unknown"),
        }
    }
}

/// A program that runs, as far as whoever waits for its end and listens to it is concerned.
pub trait Process: fmt::Debug {
    /// What it says, until that is taken away at its end.
    fn output(&mut self) -> &mut Option<Receiver>;

    /// What it is told, if it listens.
    fn input(&mut self) -> &mut Option<Sender>;

    /// How it ended, once it has; reaps it. Never waits.
    fn try_wait(&mut self) -> Option<Exit>;

    /// Sends `signal` to it and to all that it started.
    fn signal(&self, signal: Signal);
}

/// Starts a program with its arguments.
pub type Spawn = Box<dyn FnMut(&Path, &[&str], Wiring) -> Result<Box<dyn Process>, SpawnError>>;

/// Starts real ones.
pub fn spawn() -> Spawn {
    Box::new(|program, arguments, wiring| Ok(Box::new(Child::spawn(program, arguments, wiring)?)))
}

impl Process for Child {
    fn output(&mut self) -> &mut Option<Receiver> {
        &mut self.stdout
    }

    fn input(&mut self) -> &mut Option<Sender> {
        &mut self.stdin
    }

    fn try_wait(&mut self) -> Option<Exit> {
        Child::try_wait(self)
    }

    fn signal(&self, signal: Signal) {
        Child::signal(self, signal);
    }
}

/// A started program. Dropping it neither ends nor reaps it.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    exit: Option<Exit>,
    /// Its standard input, if it has one.
    pub stdin: Option<Sender>,
    /// What it says.
    pub stdout: Option<Receiver>,
    /// Its standard error, if apart.
    pub stderr: Option<Receiver>,
}

impl Child {
    /// Starts `program`.
    pub fn spawn(
        program: &Path,
        arguments: &[impl AsRef<str>],
        wiring: Wiring,
    ) -> Result<Child, SpawnError> {
        executable(program)?;
        let path = CString::new(program.as_os_str().as_bytes()).map_err(|_| SpawnError::Nul)?;
        let (mut argv, mut started) = (Vec::new(), program);
        // No crate that is here has a safe call for it. A device without the command does without.
        if wiring == Wiring::Work
            && let Some(nice) = NICE
                .iter()
                .map(Path::new)
                .find(|nice| executable(nice).is_ok())
        {
            for word in [c"nice", c"-n", c"10"] {
                argv.push(word.to_owned());
            }
            started = nice;
        }
        argv.push(path);
        for argument in arguments {
            argv.push(CString::new(argument.as_ref()).map_err(|_| SpawnError::Nul)?);
        }
        start(started, &argv, wiring).map_err(|error| SpawnError::System(program.to_owned(), error))
    }

    /// Its process and group number.
    pub fn id(&self) -> Pid {
        self.pid
    }

    /// How it ended, once it has; reaps it. Never waits.
    pub fn try_wait(&mut self) -> Option<Exit> {
        if self.exit.is_none() {
            self.exit = match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(_, status)) => Some(Exit::Status(status)),
                Ok(WaitStatus::Signaled(_, signal, _)) => Some(Exit::Signal(signal)),
                Ok(_) | Err(Errno::EINTR) => None,
                Err(_) => Some(Exit::Unknown),
            };
        }
        self.exit
    }

    /// Sends `signal` to it and to all that it started. After it was reaped nothing is sent: its number may be
    /// another's by then.
    pub fn signal(&self, signal: Signal) {
        if self.exit.is_none() {
            // The group may be gone already, and then there is nobody to tell.
            let _ = killpg(self.pid, signal);
        }
    }
}

/// Whether [`Child::spawn`] can try at all.
pub fn executable(program: &Path) -> Result<(), SpawnError> {
    match fs::metadata(program) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(SpawnError::Missing(program.to_owned()))
        }
        Err(error) => Err(SpawnError::System(program.to_owned(), error)),
        Ok(data) if !data.is_file() || data.permissions().mode() & 0o111 == 0 => {
            Err(SpawnError::NotExecutable(program.to_owned()))
        }
        Ok(data) if data.permissions().mode() & 0o002 != 0 => {
            Err(SpawnError::Writable(program.to_owned()))
        }
        Ok(_) => Ok(()),
    }
}

fn start(program: &Path, argv: &[CString], wiring: Wiring) -> io::Result<Child> {
    let (out_read, out_write) = pipe2(OFlag::O_CLOEXEC)?;
    let (stdin, stdin_write) = match wiring {
        Wiring::Listen => (OwnedFd::from(File::open("/dev/null")?), None),
        Wiring::Talk | Wiring::Work => {
            pipe2(OFlag::O_CLOEXEC).map(|(read, write)| (read, Some(write)))?
        }
    };
    let (stderr_read, stderr) = match wiring {
        Wiring::Listen | Wiring::Work => (None, None),
        Wiring::Talk => pipe2(OFlag::O_CLOEXEC).map(|(read, write)| (Some(read), Some(write)))?,
    };

    let mut actions = PosixSpawnFileActions::init()?;
    actions.add_dup2(stdin.as_raw_fd(), 0)?;
    actions.add_dup2(out_write.as_raw_fd(), 1)?;
    actions.add_dup2(stderr.as_ref().unwrap_or(&out_write).as_raw_fd(), 2)?;
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK,
    )?;
    attributes.set_pgroup(Pid::from_raw(0))?;
    attributes.set_sigmask(&SigSet::empty())?;
    attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    let environment: Vec<CString> = ENVIRONMENT
        .iter()
        .filter_map(|entry| CString::new(*entry).ok())
        .collect();
    let pid = posix_spawn(program, &actions, &attributes, argv, &environment)?;

    Ok(Child {
        pid,
        exit: None,
        stdin: stdin_write.map(sender).transpose()?,
        stdout: Some(receiver(out_read)?),
        stderr: stderr_read.map(receiver).transpose()?,
    })
}

fn sender(descriptor: OwnedFd) -> io::Result<Sender> {
    let sender = Sender::from(descriptor);
    sender.set_nonblocking(true)?;
    Ok(sender)
}

fn receiver(descriptor: OwnedFd) -> io::Result<Receiver> {
    let receiver = Receiver::from(descriptor);
    receiver.set_nonblocking(true)?;
    Ok(receiver)
}
