//! The daemon's network components on a small loop of their own. Each has its deadlines, so that every question ends.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::net::http::{AcsConnection, ConnectError, Limits, Reply, Settings, tcp};
use crate::net::reactor::{Reactor, earliest, token, who};
use crate::net::resolver::{ResolveError, Resolver};
use crate::wire::http::Url;

const WHO_RESOLVER: u8 = 1;
const WHO_CONNECTION: u8 = 2;

/// Shorter than the daemon's, which has the night: here someone waits.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    idle: Duration::from_secs(15),
    caps: CAPS,
};
const CAPS: crate::net::http::Caps = crate::net::http::Caps {
    head: 64 * 1024,
    body: 1024 * 1024,
};
const RESOLVE_LIMIT: Duration = Duration::from_secs(15);

/// Asks one question after the other.
pub struct Probe {
    reactor: Reactor,
    resolver: Resolver,
    connection: AcsConnection,
}

impl Probe {
    /// With the daemon's settings, but less patience.
    pub fn new(mut settings: Settings) -> io::Result<Probe> {
        settings.limits = LIMITS;
        settings.resolver.limit = RESOLVE_LIMIT;
        Ok(Probe {
            reactor: Reactor::new()?,
            resolver: Resolver::new(token(WHO_RESOLVER, 0), settings.resolver.clone()),
            connection: AcsConnection::new(
                token(WHO_CONNECTION, 0),
                settings,
                tcp(),
                Instant::now(),
            ),
        })
    }

    /// The addresses of a host.
    pub fn resolve(&mut self, host: &str) -> io::Result<Result<Vec<IpAddr>, ResolveError>> {
        self.resolver
            .start(host, Instant::now(), self.reactor.registry());
        loop {
            if let Some(result) = self.resolver.take() {
                return Ok(result);
            }
            self.turn()?;
        }
    }

    /// Connects, for the next [`Probe::get`] to use: both ends' addresses.
    pub fn connect(
        &mut self,
        url: &Url,
    ) -> io::Result<Result<(SocketAddr, SocketAddr), ConnectError>> {
        self.connection
            .connect(url, Instant::now(), self.reactor.registry());
        loop {
            if let Some(Err(error)) = self.connection.take() {
                return Ok(Err(error));
            }
            if self.connection.is_open()
                && let (Some(peer), Some(local)) = (self.connection.peer(), self.connection.local())
            {
                return Ok(Ok((peer, local)));
            }
            self.turn()?;
        }
    }

    /// Asks for a document.
    pub fn get(
        &mut self,
        url: &Url,
        headers: &[(String, String)],
    ) -> io::Result<Result<Reply, ConnectError>> {
        self.connection
            .get(url, headers, Instant::now(), self.reactor.registry());
        loop {
            if let Some(result) = self.connection.take() {
                return Ok(result);
            }
            self.turn()?;
        }
    }

    fn turn(&mut self) -> io::Result<()> {
        let deadline = earliest(self.resolver.deadline(), self.connection.deadline());
        let (registry, ready) = self.reactor.poll(deadline)?;
        let now = Instant::now();
        for token in ready {
            match who(token) {
                WHO_RESOLVER => self.resolver.ready(token, now, registry),
                _ => self.connection.ready(token, now, registry),
            }
        }
        if self.resolver.deadline().is_some_and(|at| at <= now) {
            self.resolver.timeout(now, registry);
        }
        if self.connection.deadline().is_some_and(|at| at <= now) {
            self.connection.timeout(now, registry);
        }
        Ok(())
    }
}
