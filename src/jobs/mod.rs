//! Child processes. Nothing here waits, but for the children of our own kind: a child is started, watched through its
//! pipes and SIGCHLD, and killed by its deadline.
//!
//! | file | concept |
//! |---|---|
//! | [`child`] | one process: how it is started |
//! | [`leash`] | what hooks and jobs share: the deadline, the end |
//! | [`hook`] | an executable that applies what the ACS asked for |
//! | [`job`] | the daemon's side of `cwmpd job KIND`, this program as a child that may wait |
//! | [`transfer`] | `cwmpd job transfer`: the child that downloads or uploads one file |
//! | [`output`] | what a child says, into the log |

use std::ffi::OsString;
use std::process::ExitCode;

pub mod child;
pub mod hook;
pub mod job;
pub mod leash;
pub mod output;
pub mod transfer;

/// `cwmpd job KIND`: the order comes on standard input, what becomes of it goes to standard output.
pub fn main(kind: Option<OsString>) -> ExitCode {
    match kind {
        Some(kind) if kind == "transfer" => transfer::main(),
        _ => ExitCode::from(2),
    }
}
