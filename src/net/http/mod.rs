//! The HTTP connection to the ACS: one at a time, kept for the whole session (TR-069 3.4.2, HT-08).
//!
//! A POST goes through resolve, connect, TLS handshake, request and reply; the next one to the same origin starts
//! at the request. What a status or a header means is not known here ([`crate::wire::http`] knows), and how long a
//! session may last is the caller's business.

mod dial;
mod exchange;
mod failure;
mod link;
mod stream;

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Registry, Token};

use crate::net::reactor::earliest;
use crate::net::resolver::{self, Resolver};
use crate::net::tls;
use crate::wire::http::{Scheme, Url};
use crate::wire::payload::Payload;
use dial::{Dial, Manner};
pub use exchange::{Caps, Exchange, Flow, Parts};
pub use failure::{ConnectError, Part, Phase};
use link::{Link, Pumped};
pub use stream::{Dialer, Stream, tcp};

/// A connection takes this many tokens from its base on: the socket's, then the resolver's.
pub const TOKENS: usize = 1 + resolver::TOKENS;

/// What may take how long, and be how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For one address to accept the connection.
    pub connect: Duration,
    /// For a byte to come or go while a reply is due.
    pub idle: Duration,
    /// What of a reply is read.
    pub caps: Caps,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // TR-069 3.4.2: at least 30 s before a connection or an answer counts as failed (HT-21).
            connect: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            caps: Caps {
                // A hundred headers and a long cookie (HT-27).
                head: 64 * 1024,
                // An envelope of 32 KiB must be taken (HT-24); a SetParameterValues of a whole tree has 1 MiB (HT-26).
                body: 4 * 1024 * 1024,
            },
        }
    }
}

/// How to reach the ACS.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Limits.
    pub limits: Limits,
    /// Where names are looked up.
    pub resolver: resolver::Settings,
    /// How the ACS is verified, and we are by it.
    pub tls: tls::Options,
    /// Send through this interface only.
    pub interface: Option<String>,
}

/// A reply.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The final status.
    pub status: u16,
    /// Headers, names in lower case, values of one name in the order received.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, as encoded as it came.
    pub body: Vec<u8>,
    /// The connection is closed: the next POST opens another.
    pub closed: bool,
    /// The ACS had closed the kept connection, and the request went out again over a new one.
    pub reconnected: bool,
    /// The body that was posted, for whoever has to post it again.
    pub posted: Payload,
}

/// Bodies and headers hold parameter values and cookies: only their sizes are shown.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .field("closed", &self.closed)
            .field("reconnected", &self.reconnected)
            .finish_non_exhaustive()
    }
}

/// One HTTP connection to the ACS, resolver and TLS included.
pub struct AcsConnection {
    base: Token,
    settings: Settings,
    dialer: Dialer,
    resolver: Resolver,
    tls: tls::Client,
    stage: Stage,
    /// Where the connection of this stage leads.
    origin: Option<Url>,
    exchange: Option<Exchange>,
    last_traffic: Instant,
    /// Reading goes on without waiting.
    again: bool,
    reconnected: bool,
    result: Option<Result<Reply, ConnectError>>,
}

enum Stage {
    Closed,
    Resolving,
    Connecting(Dial),
    Open(Link),
}

impl AcsConnection {
    /// Not connected. Its sockets have the tokens `base` and the following, [`TOKENS`] in all.
    pub fn new(base: Token, settings: Settings, dialer: Dialer, now: Instant) -> Self {
        Self {
            base,
            dialer,
            resolver: Resolver::new(Token(base.0 + 1), settings.resolver.clone()),
            tls: tls::Client::new(settings.tls.clone()),
            settings,
            stage: Stage::Closed,
            origin: None,
            exchange: None,
            last_traffic: now,
            again: false,
            reconnected: false,
            result: None,
        }
    }

    /// Takes other settings. Connections opened from now on follow them.
    pub fn configure(&mut self, settings: Settings) {
        if *self.tls.options() != settings.tls {
            self.tls = tls::Client::new(settings.tls.clone());
        }
        self.settings = settings;
    }

    /// Opens the connection ahead of the first POST: from then on [`Self::local`] is known, which an Inform tells.
    pub fn connect(&mut self, target: &Url, now: Instant, registry: &Registry) {
        self.close();
        self.result = None;
        self.origin = Some(target.clone());
        self.open(now, registry);
    }

    /// Sends a POST over the open connection if it leads to the same origin and is alive, else over a new one.
    /// One at a time, so there is no pipelining (HT-07): one that is under way is dropped with its connection.
    pub fn post(
        &mut self,
        target: &Url,
        headers: &[(String, String)],
        body: Payload,
        now: Instant,
        registry: &Registry,
    ) {
        let caps = self.settings.limits.caps;
        let exchange = Exchange::new(&target.target, headers, body, caps);
        self.send(target, exchange, now, registry);
    }

    /// Sends a GET in the same way: for a look at the ACS that begins no session.
    pub fn get(
        &mut self,
        target: &Url,
        headers: &[(String, String)],
        now: Instant,
        registry: &Registry,
    ) {
        let exchange = Exchange::get(&target.target, headers, self.settings.limits.caps);
        self.send(target, exchange, now, registry);
    }

    /// Sends any request in the same way.
    pub fn send(
        &mut self,
        target: &Url,
        exchange: Result<Exchange, ConnectError>,
        now: Instant,
        registry: &Registry,
    ) {
        if self.exchange.is_some() {
            self.close();
        }
        self.result = None;
        self.reconnected = false;
        match exchange {
            Ok(exchange) => self.exchange = Some(exchange),
            Err(e) => {
                self.result = Some(Err(e));
                return;
            }
        }
        self.last_traffic = now;
        let same = self.origin.as_ref().is_some_and(|o| o.same_origin(target));
        if same && let Stage::Open(_) = self.stage {
            self.pump(now, registry);
            return;
        }
        self.hang_up();
        self.origin = Some(target.clone());
        self.open(now, registry);
    }

    /// When [`Self::timeout`] wants to be called. An idle connection has no deadline.
    pub fn deadline(&self) -> Option<Instant> {
        if self.result.is_some() {
            // A POST may end within `post` itself: no event follows, so its result asks for a turn of the loop.
            return Some(self.last_traffic);
        }
        match &self.stage {
            Stage::Resolving => self.resolver.deadline(),
            Stage::Connecting(dial) => Some(dial.deadline()),
            Stage::Open(_) if self.exchange.is_some() => {
                let idle = self.last_traffic + self.settings.limits.idle;
                earliest(Some(idle), self.again.then_some(self.last_traffic))
            }
            _ => None,
        }
    }

    /// Goes on when a deadline has come.
    pub fn timeout(&mut self, now: Instant, registry: &Registry) {
        match &mut self.stage {
            Stage::Resolving => {
                self.resolver.timeout(now, registry);
                self.resolved(now, registry);
            }
            Stage::Connecting(_) => self.connected(now, registry),
            Stage::Open(_) if self.again => self.pump(now, registry),
            Stage::Open(link) => {
                if let Some(exchange) = &self.exchange
                    && now >= self.last_traffic + self.settings.limits.idle
                {
                    let phase = link.phase(exchange);
                    let limit = self.settings.limits.idle;
                    self.fail(ConnectError::Idle { phase, limit });
                }
            }
            Stage::Closed => {}
        }
    }

    /// Goes on when one of our sockets has something to say.
    pub fn ready(&mut self, token: Token, now: Instant, registry: &Registry) {
        match &mut self.stage {
            Stage::Resolving => {
                self.resolver.ready(token, now, registry);
                self.resolved(now, registry);
            }
            _ if token != self.base => {}
            Stage::Connecting(_) => self.connected(now, registry),
            Stage::Open(_) if self.exchange.is_some() => self.pump(now, registry),
            Stage::Open(link) => {
                if !link.is_quiet() {
                    self.hang_up();
                }
            }
            Stage::Closed => {}
        }
    }

    /// What came of the POST, once.
    pub fn take(&mut self) -> Option<Result<Reply, ConnectError>> {
        self.result.take()
    }

    /// Drops the POST that is under way, if any, and closes the connection.
    pub fn close(&mut self) {
        self.exchange = None;
        self.hang_up();
    }

    /// Gives the socket of the open connection away, for another protocol, with the peer's address. Its token stays.
    pub fn take_stream(&mut self) -> Option<(Box<dyn Stream>, SocketAddr)> {
        match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Open(link) => {
                let peer = link.peer();
                Some((link.into_stream(), peer))
            }
            other => {
                self.stage = other;
                None
            }
        }
    }

    /// Whether a connection is open, for a POST or kept for the next.
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    /// The ACS's address, while connected.
    pub fn peer(&self) -> Option<SocketAddr> {
        match &self.stage {
            Stage::Open(link) => Some(link.peer()),
            _ => None,
        }
    }

    /// Our own address, while connected.
    pub fn local(&self) -> Option<SocketAddr> {
        match &self.stage {
            Stage::Open(link) => link.local(),
            _ => None,
        }
    }

    /// Opens a connection for the exchange that waits. The name is resolved anew each time (HT-31).
    fn open(&mut self, now: Instant, registry: &Registry) {
        let Some(origin) = &self.origin else { return };
        self.resolver = Resolver::new(Token(self.base.0 + 1), self.settings.resolver.clone());
        self.resolver.start(&origin.host, now, registry);
        self.stage = Stage::Resolving;
        self.resolved(now, registry);
    }

    fn resolved(&mut self, now: Instant, registry: &Registry) {
        let (Some(result), Some(origin)) = (self.resolver.take(), &self.origin) else {
            return;
        };
        match result {
            Ok(addresses) => {
                let manner = Manner {
                    token: self.base,
                    limit: self.settings.limits.connect,
                    interface: self.settings.interface.clone(),
                };
                self.stage = Stage::Connecting(Dial::new(manner, addresses, origin.port, now));
                self.connected(now, registry);
            }
            Err(error) => {
                let host = origin.host.clone();
                self.fail(ConnectError::Resolve { host, error });
            }
        }
    }

    fn connected(&mut self, now: Instant, registry: &Registry) {
        let (Stage::Connecting(dial), Some(origin)) = (&mut self.stage, &self.origin) else {
            return;
        };
        let (stream, peer) = match dial.proceed(&mut self.dialer, now, registry) {
            None => return,
            Some(Ok(connected)) => connected,
            Some(Err(e)) => return self.fail(e),
        };
        let tls = match origin.scheme {
            Scheme::Http => None,
            Scheme::Https => match self.tls.connect(&origin.host) {
                Ok(session) => Some(session),
                Err(e) => return self.fail(ConnectError::TlsConfig(e)),
            },
        };
        self.last_traffic = now;
        self.stage = Stage::Open(Link::new(stream, tls, peer));
        self.pump(now, registry);
    }

    fn pump(&mut self, now: Instant, registry: &Registry) {
        let (Stage::Open(link), Some(exchange)) = (&mut self.stage, &mut self.exchange) else {
            return;
        };
        let pumped = link.pump(exchange);
        if link.take_traffic() {
            self.last_traffic = now;
        }
        self.again = matches!(pumped, Ok(Pumped::Again));
        match pumped {
            Ok(Pumped::Blocked | Pumped::Again) => {}
            Ok(Pumped::Complete { reusable }) => self.complete(reusable),
            // HT-09: the ACS may close a kept connection at any time, also just when we send. As long as no byte of
            // a reply came, the request goes out again, once: the new connection is not a kept one.
            Err(ConnectError::Closed { .. } | ConnectError::Broken { .. })
                if link.kept && !exchange.begun() =>
            {
                exchange.restart();
                self.reconnected = true;
                self.hang_up();
                self.open(now, registry);
            }
            Err(e) => self.fail(e),
        }
    }

    fn complete(&mut self, reusable: bool) {
        let Some((reply, posted)) = self.exchange.take().and_then(Exchange::finish) else {
            return self.close();
        };
        let closed = !(reusable && reply.reusable);
        self.result = Some(Ok(Reply {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
            closed,
            reconnected: self.reconnected,
            posted,
        }));
        match &mut self.stage {
            Stage::Open(link) if !closed => link.kept = true,
            _ => self.hang_up(),
        }
    }

    fn fail(&mut self, error: ConnectError) {
        self.close();
        self.result = Some(Err(error));
    }

    fn hang_up(&mut self) {
        self.again = false;
        self.resolver.cancel();
        if let Stage::Open(link) = std::mem::replace(&mut self.stage, Stage::Closed) {
            link.close();
        }
    }
}
