//! `cwmpd`, or `cwmp` when called by that name or as `cwmpd ctl …`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cwmpd::control::main()
}
