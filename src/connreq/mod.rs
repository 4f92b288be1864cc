//! How the ACS reaches this device: HTTP connection requests (TR-069 3.2.2).
//!
//! [`gate`] decides, without a socket, a clock or randomness of its own, what a request deserves; [`server`] keeps the
//! port and its connections. What was answered with 200 is handed to the agent, which makes one session of it, however
//! many came and whether or not one is running (CR-09, CR-10).

mod connection;
pub mod gate;
mod nonce;
pub mod server;

use std::io;
use std::time::Instant;

use mio::{Registry, Token};

pub use server::{Accepted, ConnReq, Settings};

/// Where connection requests are received and judged: [`ConnReq`], or whatever else serves them for an agent.
pub trait Listener {
    /// The port that ConnectionRequestURL names.
    fn local_port(&self) -> u16;

    /// Whether it still listens. When not, it must be opened anew.
    fn is_open(&self) -> bool;

    /// Path, credentials and patience from now on (CR-19); the port stays.
    fn change(&mut self, settings: Settings);

    /// The requests accepted since the last call.
    fn take_requests(&mut self) -> Vec<Accepted>;

    /// When [`Listener::timeout`] wants to be called although nothing happened.
    fn deadline(&self) -> Option<Instant>;

    /// Ends what took too long.
    fn timeout(&mut self, now: Instant, registry: &Registry);

    /// One of its sources may be ready.
    fn ready(&mut self, token: Token, now: Instant, registry: &Registry);

    /// Closes the port and all connections.
    fn close(&mut self, registry: &Registry);
}

/// Opens the port; its sources have the tokens from the given one upwards.
pub type Listen = Box<dyn FnMut(Settings, Token, &Registry) -> io::Result<Box<dyn Listener>>>;

/// Opens a TCP port of this machine.
pub fn listen() -> Listen {
    Box::new(|settings, base, registry| Ok(Box::new(ConnReq::listen(settings, base, registry)?)))
}
