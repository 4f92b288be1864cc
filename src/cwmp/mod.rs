//! The protocol core: envelopes, RPCs, the session machine, events, retry. Pure: bytes, time and randomness come in
//! as arguments, bytes and decisions go out as values.
//!
//! [`Session::step`] is the whole of it: the caller posts, prepares and commits what [`Action`] says and steps again
//! with what came of it. [`event::EventQueue`] and [`retry`] say what goes into the next session and when it starts.

pub mod envelope;
pub mod event;
pub mod fault;
pub mod inform;
mod methods;
mod promise;
pub mod report;
pub mod retry;
mod session;
pub mod software;
pub mod transfer;
pub mod version;

pub use inform::{DeviceId, Inform, InformParameter};
pub use promise::Promise;
pub use session::{
    AcsRequest, Action, Failure, Input, Kept, Outcome, Session, Setup, Summary, Unanswered,
};
pub use version::Version;

#[cfg(test)]
#[path = "../../tests/support"]
mod support {
    pub mod envelope;
    pub mod harness;
    pub mod model;
    pub mod reports;
}
