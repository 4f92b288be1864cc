//! The daemon process: options, configuration, single instance, the loop.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use log::LevelFilter;
use nix::fcntl::OFlag;

use super::server::Server;
use crate::agent::clock::Now;
use crate::agent::config::Config;
use crate::agent::surroundings::Surroundings;
use crate::agent::{Agent, check, files};
use crate::net::logger;
use crate::net::random;
use crate::net::reactor::{Reactor, earliest, token, who};
use crate::net::signals::{Signal, Signals};
use crate::say::{error, info, warn};

const WHO_SIGNALS: u8 = 10;
/// The control socket and its clients.
pub(super) const WHO_CONTROL: u8 = 11;

const PID_MODE: u32 = 0o600;

/// `EX_CONFIG` of sysexits.h.
const EXIT_CONFIG: u8 = 78;
/// What it needs of the system it does not get.
const EXIT_FAILURE: u8 = 1;
/// A usage error.
const EXIT_USAGE: u8 = 2;

const USAGE: &str = "\
usage: cwmpd [-c FILE] [--root DIR] [--program FILE] [-d] [-n] [-v...]
       cwmpd ctl COMMAND ...      the same as `cwmp COMMAND ...`

  -c, --config FILE   read FILE instead of /etc/config/cwmp
      --root DIR      prefix every path that is read or written with DIR
      --program FILE  start FILE for jobs instead of the daemon's own program
  -d, --foreground    log to standard error instead of syslog
  -n, --check         check the configuration, print every problem, exit 0 or 78
  -v, --verbose       log more; twice: everything
  -h, --help          this text
  -V, --version       the version

cwmpd never leaves the foreground: procd (or whoever starts it) supervises it.
SIGHUP reads the configuration again; SIGTERM ends a running session and the daemon within 5 s.
";

struct Options {
    config: Option<PathBuf>,
    root: files::Root,
    program: Option<PathBuf>,
    foreground: bool,
    check: bool,
    verbose: usize,
}

/// The daemon's `main`.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match parse(arguments) {
        Ok(Some(options)) => options,
        Ok(None) => return ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("cwmpd: {e}\n\n{USAGE}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let path = options
        .config
        .clone()
        .unwrap_or_else(|| files::CONFIG.into());
    if options.check {
        let problems = check::problems(&options.root, &path);
        for problem in &problems {
            println!("{problem}");
        }
        return if problems.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(EXIT_CONFIG)
        };
    }
    let (config, problems) = Config::load(&options.root, &path);
    logger::install(log_settings(&options, &config));
    for problem in &problems {
        warn!("{problem}");
    }
    match run(&options, path, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, reason)) => {
            error!("cannot run: reason={reason:?}");
            if !options.foreground {
                eprintln!("cwmpd: {reason}");
            }
            ExitCode::from(code)
        }
    }
}

fn log_settings(options: &Options, config: &Config) -> logger::Settings {
    let level = match options.verbose {
        0 => config.log.level,
        1 => config.log.level.max(LevelFilter::Debug),
        _ => LevelFilter::Trace,
    };
    let file = &config.log.file;
    let path = file.path.as_ref().filter(|_| file.enable);
    logger::Settings {
        level,
        console: options.foreground || config.log.console,
        syslog: (!options.foreground && config.log.syslog)
            .then(|| options.root.join(files::SYSLOG)),
        file: path.map(|path| logger::FileSettings {
            path: options.root.join(path),
            max_size: file.max_size.into(),
        }),
    }
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options {
        config: None,
        root: files::Root::default(),
        program: None,
        foreground: false,
        check: false,
        verbose: 0,
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('c') | Long("config") => options.config = Some(parser.value()?.into()),
            Long("root") => options.root = files::Root::new(PathBuf::from(parser.value()?)),
            Long("program") => options.program = Some(parser.value()?.into()),
            Short('d') | Long("foreground") => options.foreground = true,
            Short('n') | Long("check") => options.check = true,
            Short('v') | Long("verbose") => options.verbose += 1,
            Short('h') | Long("help") => {
                print!("{USAGE}");
                return Ok(None);
            }
            Short('V') | Long("version") => {
                println!("cwmpd {}", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

fn failure(reason: String) -> (u8, String) {
    (EXIT_FAILURE, reason)
}

fn run(options: &Options, config_path: PathBuf, config: Config) -> Result<(), (u8, String)> {
    // Passwords and nonces are made of it; what has worked once does not fail later.
    random::fill(&mut [0]).map_err(|e| failure(format!("random numbers: {e}")))?;
    let root = &options.root;
    let _lock = single_instance(&root.join(files::PID_FILE)).map_err(failure)?;
    let mut reactor = Reactor::new().map_err(|e| failure(format!("event loop: {e}")))?;
    let mut signals = Signals::new(reactor.registry(), token(WHO_SIGNALS, 0))
        .map_err(|e| failure(format!("signals: {e}")))?;
    let socket = root.join(files::CONTROL_SOCKET);
    let mut server = Server::bind(&socket, token(WHO_CONTROL, 0), reactor.registry())
        .map_err(|e| failure(format!("control socket: {e}")))?;
    info!(
        "started: version={} pid={}",
        env!("CARGO_PKG_VERSION"),
        std::process::id()
    );
    let mut surroundings = Surroundings::default();
    if let Some(program) = &options.program {
        surroundings.program = program.clone();
    }
    let mut agent = Agent::within(
        surroundings,
        root.clone(),
        config_path,
        config,
        Now::read(),
        reactor.registry(),
    )
    // Whoever supervises it need not hurry to start it again.
    .map_err(|e| (EXIT_CONFIG, e.to_string()))?;
    agent.pump(Now::read(), reactor.registry());
    let mut log = agent.config().log.clone();
    loop {
        let deadline = earliest(agent.deadline(), server.deadline());
        let (registry, ready) = reactor
            .poll(deadline)
            .map_err(|e| failure(format!("event loop: {e}")))?;
        let now = Now::read();
        if agent.deadline().is_some_and(|at| at <= now.instant) {
            agent.timeout(now, registry);
        }
        server.timeout(now.instant, registry);
        for at in ready {
            match who(at) {
                WHO_SIGNALS => {
                    for signal in signals.take() {
                        match signal {
                            Signal::Reload => {
                                agent.want_reload(now);
                            }
                            Signal::Stop => agent.stop(now),
                            Signal::Child => agent.child_ended(now, registry),
                        }
                    }
                }
                WHO_CONTROL => server.ready(at, now.instant, registry),
                _ => agent.ready(at, now, registry),
            }
        }
        for (client, command) in server.take_commands() {
            agent.command(client, command, now);
        }
        agent.pump(now, registry);
        for (client, reply) in agent.take_replies() {
            server.reply(client, &reply, now.instant);
        }
        if server.has_followers() {
            let entries = agent.take_trace();
            if !entries.is_empty() {
                server.trace(entries, now.instant);
            }
        }
        if agent.config().log != log {
            log = agent.config().log.clone();
            logger::install(log_settings(options, agent.config()));
        }
        if agent.stopped(now) {
            info!("stopped");
            return Ok(());
        }
    }
}

/// Holds the lock that says a daemon runs below this root; the file holds its process id.
///
/// Only its owner may open it: a lock needs no more than a descriptor, and whoever holds it keeps the daemon from
/// starting. A link in its place is refused, because what it points to would be emptied.
fn single_instance(path: &Path) -> Result<File, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(folder)
            .map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(PID_MODE)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path)
        .map_err(failed)?;
    file.set_permissions(Permissions::from_mode(PID_MODE))
        .map_err(failed)?;
    file.try_lock()
        .map_err(|_| format!("{} is locked: another cwmpd runs", path.display()))?;
    file.set_len(0)
        .and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()))
        .map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn nobody_else_can_take_the_lock_and_no_link_is_followed() {
        let folder = std::env::temp_dir().join(format!("cwmpd-pid-{}", std::process::id()));
        let path = folder.join("run/cwmpd.pid");
        let lock = single_instance(&path).unwrap();
        let pid = fs::read_to_string(&path).unwrap();
        assert_eq!(pid, format!("{}\n", std::process::id()));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(single_instance(&path).is_err());
        drop(lock);
        // One that an older version left for everybody to read.
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        drop(single_instance(&path).unwrap());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );

        let victim = folder.join("victim");
        fs::write(&victim, "precious").unwrap();
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(single_instance(&path).is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        fs::remove_dir_all(&folder).unwrap();
    }
}
