//! The `cwmp-lab` command.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use lexopt::prelude::*;

use super::acs::{Acs, Event};
use super::script::Script;
use super::server::Server;
use super::{demo, report};
use crate::net::reactor::{Reactor, token, who};
use crate::net::signals::{Signal, Signals};

const HELP: &str = "\
cwmp-lab: a workbench for CWMP (TR-069)

usage: cwmp-lab COMMAND [OPTIONS]

commands:
  demo    a device boots, is bootstrapped, read, configured, woken and reports a change: needs no set-up
  acs     a small ACS that plays a script of RPCs and logs each exchange

`cwmp-lab COMMAND --help` explains a command.
";

const DEMO_HELP: &str = "\
usage: cwmp-lab demo [--keep] [--daemon PROGRAM]

Starts a small ACS on a free loopback port and the daemon with a TR-181 profile in a temporary root, and plays a
device's first minutes between them. Ends with 0 when everything happened that must, else with 1 and the reason.

  --keep             leave both running at the end and say how to talk to them; Ctrl-C ends them
  --daemon PROGRAM   the daemon to start; by default this program's own copy of it
";

const ACS_HELP: &str = "\
usage: cwmp-lab acs [--listen ADDRESS:PORT] [--script FILE]

Answers the devices that come, asks them what the script says, and logs each exchange. Plain HTTP, any path.

  --listen ADDRESS:PORT   where to listen; by default 127.0.0.1:0, which takes a free port
  --script FILE           what to ask, in TOML; without it the ACS only answers

A script is a list of steps:

  [[step]]
  do = \"GetParameterValues\"
  names = [\"Device.DeviceInfo.\"]

  [[step]]
  do = \"SetParameterValues\"
  values = [{ name = \"Device.ManagementServer.PeriodicInformInterval\", value = 300 }]

  [[step]]
  do = \"wake\"                  # ends the session and sends a connection request

Steps: GetRPCMethods, GetParameterValues (names), GetParameterNames (path, next_level), GetParameterAttributes
(names), SetParameterValues (values, parameter_key), SetParameterAttributes (attributes, each with name and, where they
are to change, notification and access_list), AddObject and DeleteObject (object, parameter_key), Reboot (command_key),
FactoryReset, ScheduleInform (delay, command_key), Download and ScheduleDownload (file_type, url, username, password,
file_size, target_file_name, command_key; the first also delay, success_url and failure_url, the other windows, one or
two of start, end, mode, user_message and max_retries), Upload (file_type, url, username, password, delay, command_key),
CancelTransfer (command_key), GetQueuedTransfers, GetAllQueuedTransfers, ChangeDUState (command_key, and operations, each
with do = \"Install\", \"Update\" or \"Uninstall\" and its url, uuid, version, username, password and execution_env_ref),
raw (envelope), wake. Paths go out as they are written: aliases,
wildcards and mistakes alike. A value's `type` (\"unsignedInt\") is taken from its TOML type when it is left out. Steps for one
device: [device.\"OUI-SERIAL\"] with step = [...]. `username` and `password` demand a login (Digest) of the devices;
`connection_request_username` and `connection_request_password` are what connection requests are sent with, unless
the ACS itself sets them by SetParameterValues.
";

/// Command line that is not understood (sysexits' EX_USAGE would be 64; 2 is what shells use).
const EXIT_USAGE: u8 = 2;

/// Runs the command given by the process's arguments.
pub fn main() -> ExitCode {
    match parse(std::env::args_os().skip(1)) {
        Ok(Command::Help(text)) => match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Ok(Command::Demo(options)) => demo::main(&options),
        Ok(Command::Acs { listen, script }) => match serve(listen, script) {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => fail(&reason, ExitCode::FAILURE),
        },
        Err(error) => fail(
            &format!("{error}; see cwmp-lab --help"),
            ExitCode::from(EXIT_USAGE),
        ),
    }
}

fn fail(reason: &dyn Display, code: ExitCode) -> ExitCode {
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "cwmp-lab: {reason}");
    code
}

#[derive(Debug)]
enum Command {
    Help(&'static str),
    Demo(demo::Options),
    Acs {
        listen: SocketAddr,
        script: Option<PathBuf>,
    },
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let command = match parser.next()? {
        Some(Value(name)) => name.string()?,
        Some(Short('h') | Long("help")) | None => return Ok(Command::Help(HELP)),
        Some(other) => return Err(other.unexpected()),
    };
    match command.as_str() {
        "demo" => {
            let mut options = demo::Options::default();
            while let Some(argument) = parser.next()? {
                match argument {
                    Long("keep") => options.keep = true,
                    Long("daemon") => options.daemon = Some(parser.value()?.into()),
                    Short('h') | Long("help") => return Ok(Command::Help(DEMO_HELP)),
                    other => return Err(other.unexpected()),
                }
            }
            Ok(Command::Demo(options))
        }
        "acs" => {
            let (mut listen, mut script) = (SocketAddr::from(([127, 0, 0, 1], 0)), None);
            while let Some(argument) = parser.next()? {
                match argument {
                    Long("listen") => listen = parser.value()?.parse()?,
                    Long("script") => script = Some(parser.value()?.into()),
                    Short('h') | Long("help") => return Ok(Command::Help(ACS_HELP)),
                    other => return Err(other.unexpected()),
                }
            }
            Ok(Command::Acs { listen, script })
        }
        other => Err(format!("unknown command {other:?}").into()),
    }
}

const SERVER: u8 = 0;
const SIGNALS: u8 = 1;

/// Runs the ACS until it is told to stop.
fn serve(listen: SocketAddr, script: Option<PathBuf>) -> Result<(), String> {
    let script = match script {
        None => Script::default(),
        Some(path) => {
            let text =
                std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            Script::parse(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
    };
    let run = || -> io::Result<()> {
        let mut reactor = Reactor::new()?;
        let mut signals = Signals::new(reactor.registry(), token(SIGNALS, 0))?;
        let mut server = Server::new(Acs::new(script), listen, SERVER, reactor.registry())
            .map_err(|e| io::Error::new(e.kind(), format!("{listen}: {e}")))?;
        say(&format!("the ACS listens at http://{}/", server.address()))?;
        loop {
            let (registry, ready) = reactor.poll(server.deadline())?;
            let now = Instant::now();
            server.timeout(now);
            for token in ready {
                match who(token) {
                    SERVER => server.ready(token, now, registry),
                    _ if signals.take().contains(&Signal::Stop) => return Ok(()),
                    _ => {}
                }
            }
            while let Some(event) = server.acs.event() {
                for line in report::lines(&event) {
                    say(&line)?;
                }
                if let Event::Ended { device, wake: true } = &event {
                    server.wake(device, now, registry);
                }
            }
            while let Some(woken) = server.woken() {
                say(&report::woken(&woken))?;
            }
        }
    };
    run().map_err(|e| e.to_string())
}

/// Prints a line; what devices put into it cannot steer the terminal.
pub(super) fn say(line: &str) -> io::Result<()> {
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    writeln!(io::stdout(), "{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, lexopt::Error> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn commands_and_their_options() {
        assert!(matches!(parsed(&[]), Ok(Command::Help(HELP))));
        assert!(matches!(
            parsed(&["demo", "--help"]),
            Ok(Command::Help(DEMO_HELP))
        ));
        assert!(matches!(parsed(&["demo", "--keep"]), Ok(Command::Demo(options)) if options.keep));
        let acs = parsed(&["acs", "--listen=[::1]:80", "--script", "x.toml"]);
        assert!(matches!(acs, Ok(Command::Acs { listen, script: Some(_) }) if listen.port() == 80));
        for wrong in [
            &["fleet"][..],
            &["acs", "--listen", "nowhere"],
            &["demo", "x"],
            &["--keep"],
        ] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
