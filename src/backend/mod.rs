//! Who answers for the device: backends behind [`DataModel`], each with what the event loop needs to drive it.
//!
//! A backend with everything at hand ([`profile`]) lives with the provided methods. One that waits for a
//! program or a socket registers its file descriptors, and is woken by `ready` and `timeout`.

mod declared;
pub mod exec;
pub mod profile;

use crate::datamodel::DataModel;
use std::io;
use std::time::Instant;

/// Which values changed without the ACS having asked for it (TR-069 A.3.2.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Changes {
    /// None.
    #[default]
    None,
    /// These parameters, full names.
    Paths(Vec<String>),
    /// Something did; the backend cannot say what: compare all values that matter.
    Unknown,
}

/// A data model together with its place in the event loop and in the state file.
pub trait Backend: DataModel {
    /// Changes whenever the set of file descriptors does; then the loop calls [`Backend::register`].
    #[must_use]
    fn generation(&self) -> u64 {
        0
    }

    /// Registers every open file descriptor under `token`, edge-triggered. Called once at the start and
    /// after each new [`Backend::generation`]; a descriptor that is registered already is left alone.
    fn register(&mut self, registry: &mio::Registry, token: mio::Token) -> io::Result<()> {
        let _ = (registry, token);
        Ok(())
    }

    /// A registered descriptor is ready: read and write until `WouldBlock`.
    fn ready(&mut self, now: Instant) {
        let _ = now;
    }

    /// When [`Backend::timeout`] wants to be called; `None`: never.
    #[must_use]
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The deadline has passed.
    fn timeout(&mut self, now: Instant) {
        let _ = now;
    }

    /// Tells the time, before every use of the model: a clock that only goes forward, and the date (seconds since 1970)
    /// where one is set.
    fn tell_time(&mut self, now: Instant, date: Option<i64>) {
        let _ = (now, date);
    }

    /// What must survive a restart and is kept nowhere else, as text for [`Backend::restore`]; `None`: nothing.
    /// May hold secrets: it belongs into a file with mode 0600 and never into a log.
    #[must_use]
    fn durable(&self) -> Option<String> {
        None
    }

    /// Goes to the state that `text` describes, from whatever state it is in. The empty text: factory defaults.
    /// When the text cannot be read nothing changes and the error says why.
    fn restore(&mut self, text: &str) -> Result<(), String> {
        let _ = text;
        Ok(())
    }

    /// Whether [`Backend::take_changes`] tells of changes. If not, the values that matter are compared now and then.
    #[must_use]
    fn tells_changes(&self) -> bool {
        true
    }

    /// Whether [`Backend::restore`] undoes a commit. Where it does not, a commit comes only after everything else that
    /// can fail.
    #[must_use]
    fn goes_back(&self) -> bool {
        false
    }

    /// What changed since the last call.
    #[must_use]
    fn take_changes(&mut self) -> Changes {
        Changes::None
    }
}
