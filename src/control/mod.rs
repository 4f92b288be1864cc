//! How a person or a program on the device talks to the daemon: the unix socket and the `cwmp` command.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::jobs;

pub mod cli;
pub mod daemon;
pub mod doctor;
pub mod protocol;
pub mod server;

/// Runs the daemon, a job of it (`cwmpd job …`), or the `cwmp` command when called by that name or as `cwmpd ctl …`.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let mut arguments: Vec<OsString> = arguments.collect();
    if Path::new(&name)
        .file_name()
        .is_some_and(|name| name == "cwmp")
    {
        return cli::main(arguments);
    }
    if arguments.first().is_some_and(|first| first == "job") {
        return jobs::main(arguments.into_iter().nth(1));
    }
    if arguments.first().is_some_and(|first| first == "ctl") {
        arguments.remove(0);
        return cli::main(arguments);
    }
    daemon::main(arguments)
}
