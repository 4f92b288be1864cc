//! The connection request port and its connections.
//!
//! A stranger can hold all connections there are, but not for long, and never those of another address: when the
//! table is full, the newcomer takes the place of the oldest connection of whoever holds most. So the ACS always gets in.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener as StdListener};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Interest, Registry, Token};
use nix::errno::Errno;
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, SockaddrIn6, sockopt};

use super::Listener;
use super::connection::{Connection, Fate};
use super::gate::{Cause, Gate};
use crate::net::logger::{RateLimit, Suppressed};
use crate::net::random;
use crate::say::{error, info, warn};
use crate::wire::http::Credentials;

#[cfg(test)]
mod tests;

/// Connections at a time: an ACS needs one, and each costs a few KiB.
pub const MAX_CONNECTIONS: usize = 32;
/// Connections accepted in one turn of the loop; the others wait for the next.
const ACCEPTS_PER_TURN: usize = 64;
/// Connections that the kernel holds for us.
const BACKLOG: i32 = 64;
/// Without file descriptors or memory, accepting waits so long instead of turning idly.
const BACK_OFF: Duration = Duration::from_secs(1);
/// Requests that wait to be taken; more say nothing new.
const MAX_WAITING: usize = 64;
/// Bounds of the configured patience: 0 would serve nobody, much would hold connections.
const TIMEOUTS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// What the configuration says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// TCP port, usually 7547; 0 takes any free one.
    pub port: u16,
    /// Path of ConnectionRequestURL, with its slash.
    pub path: String,
    /// ConnectionRequestUsername and ConnectionRequestPassword; without them nothing is ever accepted.
    pub credentials: Option<Credentials>,
    /// How long a client may take for a request, and be silent between two.
    pub timeout: Duration,
}

/// A connection request that was answered with 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Who sent it.
    pub peer: SocketAddr,
}

/// The connection request server. Its sources have the tokens from the one it was given upwards.
pub struct ConnReq {
    base: usize,
    /// None after a fatal error.
    listener: Option<TcpListener>,
    port: u16,
    timeout: Duration,
    gate: Gate,
    connections: [Option<Connection>; MAX_CONNECTIONS],
    accepted: Vec<Accepted>,
    /// When to accept again although nothing happens.
    accept_again: Option<Instant>,
    /// A line a minute for each cause: a flood of refused requests does not fill the log.
    refusals: Vec<(Cause, RateLimit)>,
}

impl ConnReq {
    /// Opens the port for IPv6 and IPv4, or for IPv4 where there is no IPv6. Fails if the port is in use.
    pub fn listen(settings: Settings, base: Token, registry: &Registry) -> io::Result<ConnReq> {
        let listener = bound(settings.port)?;
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        let port = listener.local_addr()?.port();
        registry.register(&mut listener, base, Interest::READABLE)?;
        Ok(ConnReq {
            base: base.0,
            listener: Some(listener),
            port,
            timeout: bounded(settings.timeout),
            gate: Gate::new(
                settings.path,
                settings.credentials,
                Instant::now(),
                &mut random::source,
            ),
            connections: std::array::from_fn(|_| None),
            accepted: Vec::new(),
            accept_again: None,
            refusals: Vec::new(),
        })
    }
}

impl Listener for ConnReq {
    fn local_port(&self) -> u16 {
        self.port
    }

    fn is_open(&self) -> bool {
        self.listener.is_some()
    }

    fn change(&mut self, settings: Settings) {
        self.timeout = bounded(settings.timeout);
        self.gate.change(settings.path, settings.credentials);
    }

    fn take_requests(&mut self) -> Vec<Accepted> {
        std::mem::take(&mut self.accepted)
    }

    fn deadline(&self) -> Option<Instant> {
        let patience = self
            .connections
            .iter()
            .flatten()
            .map(|connection| connection.since + self.timeout);
        patience.chain(self.accept_again).min()
    }

    fn timeout(&mut self, now: Instant, registry: &Registry) {
        for place in &mut self.connections {
            if let Some(connection) = place
                && connection.since + self.timeout <= now
            {
                close(place, registry);
            }
        }
        if self.accept_again.is_some_and(|at| at <= now) {
            self.accept(now, registry);
        }
    }

    fn ready(&mut self, token: Token, now: Instant, registry: &Registry) {
        match token.0.checked_sub(self.base) {
            Some(0) => self.accept(now, registry),
            Some(place) => self.drive(place - 1, now, registry),
            None => {}
        }
    }

    fn close(&mut self, registry: &Registry) {
        for place in &mut self.connections {
            close(place, registry);
        }
        if let Some(mut listener) = self.listener.take() {
            let _ = registry.deregister(&mut listener);
        }
        self.accept_again = None;
    }
}

impl ConnReq {
    fn accept(&mut self, now: Instant, registry: &Registry) {
        let waited = self.accept_again.take().is_some();
        for _ in 0..ACCEPTS_PER_TURN {
            let Some(listener) = &self.listener else {
                return;
            };
            match listener.accept() {
                Ok((stream, peer)) => self.admit(Connection::new(stream, peer, now), now, registry),
                Err(error) => match kind_of(&error) {
                    AcceptError::Empty => return,
                    AcceptError::Transient => {}
                    AcceptError::Exhausted => {
                        if !waited {
                            warn!("connection requests have to wait: reason=\"{error}\"");
                        }
                        self.accept_again = Some(now + BACK_OFF);
                        return;
                    }
                    AcceptError::Fatal => {
                        error!(
                            "connection request port closed: port={} reason=\"{error}\"",
                            self.port
                        );
                        self.close(registry);
                        return;
                    }
                },
            }
        }
        self.accept_again = Some(now);
    }

    fn admit(&mut self, mut connection: Connection, now: Instant, registry: &Registry) {
        let place = match self.connections.iter().position(Option::is_none) {
            Some(free) => free,
            None => self.victim(),
        };
        let token = Token(self.base + 1 + place);
        let Some(slot) = self.connections.get_mut(place) else {
            return;
        };
        close(slot, registry);
        if registry
            .register(
                &mut connection.stream,
                token,
                Interest::READABLE | Interest::WRITABLE,
            )
            .is_ok()
        {
            *slot = Some(connection);
            self.drive(place, now, registry); // what came before the registration is told by no event
        }
    }

    /// The oldest connection of whoever holds most.
    fn victim(&self) -> usize {
        let origins: Vec<_> = self
            .connections
            .iter()
            .flatten()
            .map(Connection::origin)
            .collect();
        let held = |of: &Connection| {
            origins
                .iter()
                .filter(|origin| **origin == of.origin())
                .count()
        };
        let taken = self
            .connections
            .iter()
            .enumerate()
            .filter_map(|(place, c)| Some((place, c.as_ref()?)));
        taken
            .max_by_key(|(_, connection)| (held(connection), std::cmp::Reverse(connection.since)))
            .map_or(0, |(place, _)| place)
    }

    fn drive(&mut self, place: usize, now: Instant, registry: &Registry) {
        let Some(slot) = self.connections.get_mut(place) else {
            return;
        };
        let Some(connection) = slot else { return };
        let (accepted, refusals) = (&mut self.accepted, &mut self.refusals);
        let fate = connection.drive(&mut self.gate, now, &mut random::source, &mut |peer, cause| match cause {
            None if accepted.len() < MAX_WAITING => accepted.push(Accepted { peer }),
            None | Some(Cause::Unauthenticated) => {}
            Some(cause) => {
                if let Some(Suppressed(left_out)) = admit(refusals, cause, now) {
                    info!("connection request refused: cause={cause} peer={peer} suppressed={left_out}");
                }
            }
        });
        if fate == Fate::Closed {
            close(slot, registry);
        }
    }
}

fn close(place: &mut Option<Connection>, registry: &Registry) {
    if let Some(mut connection) = place.take() {
        let _ = registry.deregister(&mut connection.stream);
    }
}

/// Whether a line may be logged now for `cause`; then says how many were left out before it.
fn admit(refusals: &mut Vec<(Cause, RateLimit)>, cause: Cause, now: Instant) -> Option<Suppressed> {
    if let Some((_, limit)) = refusals.iter_mut().find(|(known, _)| *known == cause) {
        return limit.admit(now);
    }
    let mut limit = RateLimit::new(1);
    let first = limit.admit(now);
    refusals.push((cause, limit));
    first
}

fn bounded(timeout: Duration) -> Duration {
    timeout.clamp(TIMEOUTS.0, TIMEOUTS.1)
}

/// What an error of `accept` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AcceptError {
    /// Nobody waits.
    Empty,
    /// That connection failed, the next may not (accept(2): network errors of the new socket are passed on).
    Transient,
    /// No file descriptors or memory.
    Exhausted,
    /// The listening socket itself.
    Fatal,
}

fn kind_of(error: &io::Error) -> AcceptError {
    if error.kind() == ErrorKind::WouldBlock {
        return AcceptError::Empty;
    }
    match Errno::from_raw(error.raw_os_error().unwrap_or_default()) {
        Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM => AcceptError::Exhausted,
        Errno::EBADF | Errno::EINVAL | Errno::ENOTSOCK | Errno::EFAULT | Errno::EOPNOTSUPP => {
            AcceptError::Fatal
        }
        _ => AcceptError::Transient,
    }
}

/// A listening socket for both families, whatever the system's default for IPV6_V6ONLY is.
fn bound(port: u16) -> io::Result<StdListener> {
    match bound_both(port) {
        Err(Errno::EADDRINUSE) => Err(Errno::EADDRINUSE.into()),
        Err(_) => StdListener::bind((Ipv4Addr::UNSPECIFIED, port)),
        Ok(listener) => Ok(listener),
    }
}

fn bound_both(port: u16) -> nix::Result<StdListener> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket::socket(AddressFamily::Inet6, SockType::Stream, flags, None)?;
    socket::setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    socket::setsockopt(&socket, sockopt::Ipv6V6Only, &false)?;
    let any = SockaddrIn6::from(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0));
    socket::bind(socket.as_raw_fd(), &any)?;
    socket::listen(&socket, Backlog::new(BACKLOG)?)?;
    Ok(StdListener::from(socket))
}
