//! One CPE's life with a clock in the test's hand: hours of retries, periods and limits in milliseconds. The agent is
//! the real one, in this process, with real sockets; only what time it is comes from here.

mod aliases;
mod attributes;
mod changes;
mod cpe;
mod dhcp;
mod events;
mod field;
mod fleet;
mod golden;
mod heartbeat;
mod http;
mod inform;
mod limits;
mod notify;
mod objects;
mod orders;
mod periodic;
mod reading;
mod retry;
mod robust;
mod seams;
mod secrets;
mod session;
mod settings;
mod software;
mod transfers;
mod types;
mod values;
mod versions;
mod writing;

#[path = "../support/mod.rs"]
mod support;

/// A session without an agent.
#[allow(dead_code)] // Each test that shares these uses a part of them.
#[path = "../support"]
mod pure {
    pub use crate::support::envelope;
    pub mod harness;
    pub mod model;
    pub mod reports;
}
