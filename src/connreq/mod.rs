//! How the ACS reaches this device: HTTP connection requests (TR-069 3.2.2).
//!
//! [`gate`] decides, without a socket, a clock or randomness of its own, what a request deserves; [`server`] keeps the
//! port and its connections. What was answered with 200 is handed to the agent, which makes one session of it, however
//! many came and whether or not one is running (CR-09, CR-10).

mod connection;
pub mod gate;
mod nonce;
pub mod server;

pub use server::{Accepted, ConnReq, Settings};
