//! Host name to addresses without blocking: literals, `localhost`, the hosts file, then DNS as a stub resolver.
//!
//! `getaddrinfo` would block the loop, and there is no telling for how long. One lookup runs at a time; A and AAAA
//! are asked in parallel, each from a socket of its own: the kernel gives each a random source port, a connected
//! socket takes replies from the asked server alone, and identifiers are random. So a forger off the path has to
//! guess 32 bits. Nothing is cached: a session asks anew (TR-069 3.1: a change of DNS is followed, HT-31), and so
//! are both files read anew.

mod question;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mio::{Registry, Token};
use nix::fcntl::OFlag;

use super::reactor::earliest;
use crate::wire::dns::{RecordType, hosts, resolv_conf};
use question::{Outcome, Question};

/// A resolver takes this many tokens from its base on.
pub const TOKENS: usize = 2;

/// What is read of a hosts file; lists of blocked hosts can be large.
const MAX_HOSTS: u64 = 1024 * 1024;
/// What is read of `resolv.conf`.
const MAX_RESOLV_CONF: u64 = 64 * 1024;
/// Addresses used of an answer; nobody waits for so many connection attempts.
const MAX_ADDRESSES: usize = 16;
/// How long the second family is waited for when the first has given addresses: some servers never answer AAAA.
const GRACE: Duration = Duration::from_secs(1);

/// Where the resolver looks.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The hosts file.
    pub hosts: PathBuf,
    /// The list of DNS servers.
    pub resolv_conf: PathBuf,
    /// The port of the DNS servers: 53.
    pub port: u16,
    /// Addresses of this family come first.
    pub prefer: Family,
    /// How long a lookup may take in all.
    pub limit: Duration,
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Why there is no address.
#[derive(Debug)]
pub enum ResolveError {
    /// DNS cannot carry such a name.
    Name,
    /// DNS says that the name does not exist or has no address.
    NoAddress,
    /// No server gave an answer; what the last one did.
    Servers(String),
    /// No server answered in time.
    Timeout,
    /// The system refuses.
    System(io::Error),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("not a valid host name"),
            Self::NoAddress => f.write_str("the name does not exist or has no address"),
            Self::Servers(last) => write!(f, "no DNS server could answer: {last}"),
            Self::Timeout => f.write_str("no DNS server answered in time"),
            Self::System(e) => write!(f, "cannot ask a DNS server: {e}"),
        }
    }
}

impl std::error::Error for ResolveError {}

/// Looks names up, one at a time.
pub struct Resolver {
    base: Token,
    settings: Settings,
    lookup: Option<Lookup>,
    result: Option<Result<Vec<IpAddr>, ResolveError>>,
}

/// A lookup that needs DNS.
struct Lookup {
    host: String,
    questions: [Question; TOKENS],
    servers: Vec<SocketAddr>,
    /// How long one server has.
    patience: Duration,
    /// Servers asked so far, and how many there will be: the list is gone through some times.
    turn: usize,
    turns: usize,
    turn_ends: Instant,
    grace_ends: Option<Instant>,
    gives_up: Instant,
    last_trouble: Option<String>,
}

impl Resolver {
    /// A resolver whose sockets have the tokens `base` and the following, [`TOKENS`] in all.
    pub fn new(base: Token, settings: Settings) -> Self {
        Self {
            base,
            settings,
            lookup: None,
            result: None,
        }
    }

    /// Starts to look `host` up; a lookup that runs is dropped. The result may be there at once.
    pub fn start(&mut self, host: &str, now: Instant, registry: &Registry) {
        self.cancel();
        let known = self.known(host);
        if !known.is_empty() {
            self.result = Some(Ok(self.ordered(known)));
            return;
        }
        let conf = resolv_conf::parse(&read(&self.settings.resolv_conf, MAX_RESOLV_CONF));
        let servers: Vec<_> = conf
            .nameservers
            .iter()
            .map(|server| socket_address(server, self.settings.port))
            .collect();
        let patience = Duration::from_secs(conf.timeout.max(1).into());
        self.lookup = Some(Lookup {
            host: host.to_owned(),
            questions: [
                Question::new(RecordType::A),
                Question::new(RecordType::Aaaa),
            ],
            turns: servers.len() * conf.attempts.max(1) as usize,
            servers,
            patience,
            turn: 0,
            turn_ends: now + patience,
            grace_ends: None,
            gives_up: now + self.settings.limit,
            last_trouble: None,
        });
        self.ask(now, registry);
        self.settle(now, registry);
    }

    /// Forgets the running lookup.
    pub fn cancel(&mut self) {
        self.lookup = None;
        self.result = None;
    }

    /// When [`Self::timeout`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        let lookup = self.lookup.as_ref()?;
        earliest(
            Some(lookup.turn_ends.min(lookup.gives_up)),
            lookup.grace_ends,
        )
    }

    /// Goes on when a deadline has come.
    pub fn timeout(&mut self, now: Instant, registry: &Registry) {
        let Some(lookup) = &mut self.lookup else {
            return;
        };
        if now >= lookup.gives_up || lookup.grace_ends.is_some_and(|at| now >= at) {
            self.finish();
        } else if now >= lookup.turn_ends {
            lookup.turn += 1;
            self.ask(now, registry);
            self.settle(now, registry);
        }
    }

    /// Reads what came for a token of ours.
    pub fn ready(&mut self, token: Token, now: Instant, registry: &Registry) {
        let Some(lookup) = &mut self.lookup else {
            return;
        };
        let place = token.0.wrapping_sub(self.base.0);
        let Some(question) = lookup.questions.get_mut(place) else {
            return;
        };
        match question.ready(token, registry) {
            Outcome::Waiting => return,
            Outcome::Answered => {
                if question.has_addresses() && lookup.grace_ends.is_none() {
                    lookup.grace_ends = Some(now + GRACE);
                }
            }
            Outcome::Failed(trouble) => lookup.last_trouble = Some(trouble),
        }
        self.settle(now, registry);
    }

    /// The result of the last lookup, once.
    pub fn take(&mut self) -> Option<Result<Vec<IpAddr>, ResolveError>> {
        self.result.take()
    }

    /// What needs no server.
    fn known(&self, host: &str) -> Vec<IpAddr> {
        if let Ok(address) = host.parse() {
            return vec![address];
        }
        // RFC 6761 6.3: localhost and what is below it is the loopback address and never asked of a server.
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        if name == "localhost" || name.ends_with(".localhost") {
            return vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        }
        hosts::lookup(&read(&self.settings.hosts, MAX_HOSTS), &name)
    }

    /// Asks the server of this turn what is not answered yet, or the next one if that fails at once.
    fn ask(&mut self, now: Instant, registry: &Registry) {
        let Some(lookup) = &mut self.lookup else {
            return;
        };
        if lookup.turn >= lookup.turns {
            return;
        }
        lookup.turn_ends = now + lookup.patience;
        let Some(server) = lookup
            .servers
            .get(lookup.turn % lookup.servers.len().max(1))
        else {
            return;
        };
        for (i, question) in lookup.questions.iter_mut().enumerate() {
            if question.answer().is_some() {
                continue;
            }
            match question.ask(&lookup.host, *server, Token(self.base.0 + i), registry) {
                Ok(()) => {}
                Err(ResolveError::System(e)) => {
                    lookup.last_trouble = Some(format!("server={server} error={e}"))
                }
                Err(e) => {
                    self.result = Some(Err(e));
                    self.lookup = None;
                    return;
                }
            }
        }
    }

    /// Ends the lookup when nothing is left to wait for; goes to the next server when this one is done for.
    fn settle(&mut self, now: Instant, registry: &Registry) {
        while let Some(lookup) = &mut self.lookup {
            if lookup.turn >= lookup.turns || lookup.questions.iter().all(|q| q.answer().is_some())
            {
                self.finish();
            } else if lookup.questions.iter().any(Question::is_waiting) {
                return;
            } else {
                lookup.turn += 1;
                self.ask(now, registry);
            }
        }
    }

    fn finish(&mut self) {
        let Some(lookup) = self.lookup.take() else {
            return;
        };
        let answers = lookup.questions.iter().filter_map(Question::answer);
        let addresses: Vec<_> = answers.flatten().copied().collect();
        self.result = Some(if !addresses.is_empty() {
            Ok(self.ordered(addresses))
        } else if lookup.questions.iter().all(|q| q.answer().is_some()) {
            Err(ResolveError::NoAddress)
        } else {
            Err(lookup
                .last_trouble
                .map_or(ResolveError::Timeout, ResolveError::Servers))
        });
    }

    fn ordered(&self, mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        let prefer_v4 = self.settings.prefer == Family::V4;
        // Stable: within a family the server's order stays.
        addresses.sort_by_key(|address| address.is_ipv4() != prefer_v4);
        addresses.truncate(MAX_ADDRESSES);
        addresses
    }
}

fn socket_address(server: &resolv_conf::Nameserver, port: u16) -> SocketAddr {
    match server.address {
        IpAddr::V4(address) => (address, port).into(),
        IpAddr::V6(address) => {
            let scope = server.scope.as_deref().map_or(0, |scope| {
                scope
                    .parse()
                    .or_else(|_| nix::net::if_::if_nametoindex(scope))
                    .unwrap_or(0)
            });
            SocketAddrV6::new(address, port, 0, scope).into()
        }
    }
}

/// The beginning of a text file; nothing if there is none. `resolv.conf` is often a link into /tmp: a pipe that someone
/// put there must not be waited for.
fn read(path: &Path, limit: u64) -> String {
    let mut bytes = Vec::new();
    let flags = OFlag::O_NONBLOCK.bits();
    if let Ok(file) = File::options().read(true).custom_flags(flags).open(path) {
        let _ = file.take(limit).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
