//! What the end-to-end tests stand on: a scripted ACS, a daemon in a root of its own, a connection-request client.
//!
//! Everything here is written apart from the daemon's own codecs, so that a defect there cannot hide here. It blocks
//! in threads; waiting is always for an event, with [`patience`] as the point where a test gives up.

#![allow(dead_code)] // a workbench: not every theme needs every tool

pub mod acs;
pub mod brain;
pub mod connreq;
pub mod daemon;
pub mod digest;
pub mod envelope;
pub mod genie;
pub mod http;
pub mod inspect;
pub mod rpc;
pub mod server;
pub mod wait;

use std::time::Duration;

/// How long a test waits for something that must happen, before it gives up. It measures nothing: generous on purpose,
/// and more so to a daemon under an emulator, which is some twenty times slower.
pub fn patience() -> Duration {
    Duration::from_secs(match daemon::other_program() {
        None => 60,
        Some(_) => 300,
    })
}

/// What is wrong with an envelope that the daemon sent; with CWMPD_ENVELOPES=DIR it is also kept there.
pub fn check_envelope(envelope: &[u8]) -> Vec<String> {
    match std::panic::catch_unwind(|| envelope::verify(envelope)) {
        Ok(()) => Vec::new(),
        Err(panic) => vec![panic.downcast_ref::<String>().cloned().unwrap_or_default()],
    }
}
