//! The event loop and all sockets. One thread; nothing here ever waits except [`Reactor::poll`].
//!
//! Every component with sockets has the same four verbs, so that the loop knows none of them:
//!
//! - `deadline() -> Option<Instant>`: when it wants to be called although nothing happened;
//! - `timeout(now, registry)`: called when that moment has come (earlier or twice does no harm);
//! - `ready(token, now, registry)`: one of its sockets may be readable or writable. Readiness is a hint: events
//!   may be spurious, and may belong to a socket that is closed already;
//! - `take()`: what came of it, once.
//!
//! Time is an argument everywhere: no clock is read inside.

pub mod addresses;
pub mod clock_watch;
pub mod http;
pub mod logger;
pub mod random;
pub mod reactor;
pub mod resolver;
pub mod signals;
pub mod tls;
mod wall_clock;

/// 2025-01-01T00:00:00Z: this program is younger, so a clock that shows less was never set (a router before NTP starts
/// at its build date or 1970).
pub const CLOCK_IS_SET_FROM: u64 = 1_735_689_600;

pub use http::{AcsConnection, ConnectError, Limits, Reply};
pub use reactor::{Reactor, index, token, who};
pub use wall_clock::unix_time;
