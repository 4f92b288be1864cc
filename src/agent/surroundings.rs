//! What an agent meets outside itself, beside its files, the loop and the clocks: the network, the programs it starts,
//! chance. All of it is handed in, so that an agent can live in a world that somebody else plays.

use std::path::PathBuf;

use crate::connreq::{self, Listen};
use crate::jobs::child::{self, Spawn};
use crate::net::http::{self, Dialer};
use crate::net::random;

/// The outside. The default is the machine this runs on.
pub struct Surroundings {
    /// Connects to the ACS.
    pub dial: Dialer,
    /// Opens the port for connection requests.
    pub listen: Listen,
    /// Starts hooks and jobs.
    pub spawn: Spawn,
    /// What jobs are children of: this program.
    pub program: PathBuf,
    /// Draws retry waits, identifiers, nonces and passwords.
    pub random: random::Source,
}

impl Default for Surroundings {
    fn default() -> Self {
        Surroundings {
            dial: http::tcp(),
            listen: connreq::listen(),
            spawn: child::spawn(),
            // Found now: what lies there may be replaced while the daemon runs.
            program: std::env::current_exe().unwrap_or_default(),
            random: Box::new(random::source),
        }
    }
}
