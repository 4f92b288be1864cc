//! `cwmp-lab`: see [`cwmpd::lab`].

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let name = std::env::args_os().next().unwrap_or_default();
    // The demo starts this program under the daemon's name: so it works where only this one was built.
    match Path::new(&name).file_name().and_then(|name| name.to_str()) {
        Some("cwmpd" | "cwmp") => cwmpd::control::main(),
        _ => cwmpd::lab::cli::main(),
    }
}
