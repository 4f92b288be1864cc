//! The `cwmp` command: asks the daemon over its socket and prints the answer, for people or (`--json`) as it came.
//!
//! Exit codes: see [`exit`].

mod arguments;
pub mod commands;
pub(super) mod connection;
mod examine;
mod help;
mod leave;
mod print;
mod show;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use arguments::{Arguments, Parsed};
use connection::{Connection, Lost};

use crate::agent::command::{Command, Reply};
use crate::agent::files::DHCP_COMMANDS;
use crate::control::protocol;

/// Exit codes, as documented in the help.
pub mod exit {
    /// Done.
    pub const OK: u8 = 0;
    /// A fault, a session that failed, or anything else that was not done.
    pub const FAILED: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// The daemon is not running (sysexits `EX_UNAVAILABLE`).
    pub const NOT_RUNNING: u8 = 69;
    /// The configuration is wrong (sysexits `EX_CONFIG`).
    pub const CONFIGURATION: u8 = 78;
}

/// Runs the command of this process; `arguments` come after the program's name (and after `ctl`).
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run(arguments, &mut io::stdout(), &mut io::stderr()))
}

/// Runs one command line with its output to `out` and complaints to `err`; the exit code.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let result = match arguments::parse(arguments) {
        Ok(parsed) => {
            execute(&parsed, out).and_then(|code| out.flush().map(|()| code).map_err(Problem::from))
        }
        Err(text) => Err(Problem::Usage(text)),
    };
    let (code, text) = match result {
        Ok(code) => return code,
        // Whoever read our output has had enough.
        Err(Problem::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            return exit::OK;
        }
        Err(Problem::Output(error)) => (exit::FAILED, format!("cannot write: {error}")),
        Err(Problem::Usage(text)) => (exit::USAGE, format!("{text}; see 'cwmp --help'")),
        Err(Problem::Lost(lost)) => (lost.code(), lost.to_string()),
        Err(Problem::Refused(text)) => (exit::FAILED, text),
    };
    let _ = writeln!(err, "cwmp: {}", print::printable(&text));
    code
}

/// Why a command did not succeed.
enum Problem {
    Usage(String),
    Output(io::Error),
    Lost(Lost),
    Refused(String),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Problem::Output(error)
    }
}

impl From<Lost> for Problem {
    fn from(lost: Lost) -> Self {
        Problem::Lost(lost)
    }
}

fn execute(parsed: &Parsed, out: &mut dyn Write) -> Result<u8, Problem> {
    let (entry, arguments) = match parsed {
        Parsed::Help(None) => {
            help::overview(out)?;
            return Ok(exit::OK);
        }
        Parsed::Help(Some(entry)) => {
            help::command(entry, out)?;
            return Ok(exit::OK);
        }
        Parsed::Run(entry, arguments) => (entry, arguments),
    };
    match entry.act {
        commands::Act::Here(act) => act(arguments, out).map_err(Problem::from),
        commands::Act::Ask(build, show) => {
            let command = build(arguments).map_err(Problem::Usage)?;
            match ask(arguments, &command, show, out) {
                Err(Problem::Lost(Lost::NotRunning(_) | Lost::Closed))
                    if matches!(command, Command::Dhcp { .. }) =>
                {
                    hand_over_later(arguments, &command, show, out)
                }
                result => result,
            }
        }
    }
}

/// Leaves the command for the daemon's start; nothing of a lease is lost.
fn hand_over_later(
    arguments: &Arguments,
    command: &Command,
    show: commands::Show,
    out: &mut dyn Write,
) -> Result<u8, Problem> {
    leave::leave(&arguments.root, command).map_err(|error| {
        let path = arguments.root.join(DHCP_COMMANDS);
        Problem::Refused(format!(
            "cwmpd is not running, and {} cannot be written: {error}",
            path.display()
        ))
    })?;
    // It may have come up meanwhile, and have looked before this was there.
    match ask(arguments, command, show, out) {
        Err(Problem::Lost(Lost::NotRunning(_) | Lost::Closed)) => {
            print_reply(
                arguments,
                Reply::info("cwmpd is not running; kept for its start"),
                show,
                out,
            )?;
            Ok(exit::OK)
        }
        result => result,
    }
}

fn ask(
    arguments: &Arguments,
    command: &Command,
    show: commands::Show,
    out: &mut dyn Write,
) -> Result<u8, Problem> {
    let mut connection = Connection::open(&arguments.root)?;
    connection.send(command)?;
    let follow = matches!(command, Command::Trace { follow: true });
    let patient = follow || matches!(command, Command::Inform { wait: true, .. });
    loop {
        print_reply(arguments, connection.receive(patient)?, show, out)?;
        if !follow {
            return Ok(exit::OK);
        }
        out.flush()?;
    }
}

fn print_reply(
    arguments: &Arguments,
    reply: Reply,
    show: commands::Show,
    out: &mut dyn Write,
) -> Result<(), Problem> {
    if arguments.json {
        // The answer itself; a refusal with its key, so that it can be told from an answer.
        let line = match &reply {
            Reply::Ok(value) => protocol::line(value),
            refusal => protocol::reply_line(refusal),
        };
        out.write_all(print::json(&line).as_bytes())?;
    }
    match reply {
        Reply::Ok(_) if arguments.json => Ok(()),
        Reply::Ok(value) => Ok(show(&value, out)?),
        Reply::Fault { code, text } => Err(Problem::Refused(format!("fault {code}: {text}"))),
        Reply::Busy { text } => Err(Problem::Refused(format!("busy: {text}"))),
        Reply::Error { text } => Err(Problem::Refused(text)),
    }
}
