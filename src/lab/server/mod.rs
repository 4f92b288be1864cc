//! The lab ACS's sockets: a listener, the devices' connections, and connection requests to them. Like every
//! component of the loop it is told what is ready and when its deadline has come.

mod connection;
mod wake;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpListener;
use mio::{Interest, Registry, Token};

use crate::lab::acs::Acs;
use crate::net::random;
use crate::net::reactor::{earliest, index, token};

use connection::Connection;
use wake::Wake;

pub use wake::WakeError;

/// Connections held at once; a lab ACS must not eat the workstation.
const MAX_CONNECTIONS: usize = 256;

/// The ACS with its sockets.
pub struct Server {
    /// The ACS.
    pub acs: Acs,
    listener: TcpListener,
    address: SocketAddr,
    who: u8,
    connections: BTreeMap<usize, Connection>,
    wakes: BTreeMap<usize, (String, Wake)>,
    woken: Vec<Woken>,
    next: usize,
}

/// How a connection request ended.
#[derive(Debug)]
pub struct Woken {
    /// Whom it was for.
    pub device: String,
    /// Its final status.
    pub result: Result<u16, WakeError>,
}

/// The listener's place among the tokens; connections and connection requests come behind it.
const LISTENER: usize = 0;

impl Server {
    /// Listens at `address`. Its tokens carry `who`.
    pub fn new(acs: Acs, address: SocketAddr, who: u8, registry: &Registry) -> io::Result<Server> {
        let mut listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        registry.register(&mut listener, token(who, LISTENER), Interest::READABLE)?;
        Ok(Server {
            acs,
            listener,
            address,
            who,
            connections: BTreeMap::new(),
            wakes: BTreeMap::new(),
            woken: Vec::new(),
            next: LISTENER + 1,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a device a connection request; [`Server::woken`] tells how it ended.
    pub fn wake(&mut self, device: &str, now: Instant, registry: &Registry) {
        let index = self.take_index();
        let wake = match self.acs.connection_request(device) {
            None => Err(WakeError::NoUrl),
            Some((url, credentials)) => {
                Wake::start(url, credentials, now, token(self.who, index), registry)
            }
        };
        match wake {
            Ok(wake) => {
                self.wakes.insert(index, (device.to_owned(), wake));
            }
            Err(error) => self.woken.push(Woken {
                device: device.to_owned(),
                result: Err(error),
            }),
        }
    }

    /// A connection request that has ended, once.
    pub fn woken(&mut self) -> Option<Woken> {
        self.woken.pop()
    }

    /// When it wants to be called although nothing happened.
    pub fn deadline(&self) -> Option<Instant> {
        let connections = self.connections.values().map(Connection::deadline);
        let wakes = self.wakes.values().map(|(_, wake)| wake.deadline());
        connections
            .chain(wakes)
            .fold(None, |least, at| earliest(least, Some(at)))
    }

    /// Drops what has waited too long.
    pub fn timeout(&mut self, now: Instant) {
        self.connections
            .retain(|_, connection| connection.deadline() > now);
        let woken = &mut self.woken;
        self.wakes.retain(|_, (device, wake)| {
            let alive = wake.deadline() > now;
            if !alive {
                woken.push(Woken {
                    device: device.clone(),
                    result: Err(WakeError::TimedOut),
                });
            }
            alive
        });
    }

    /// One of its sockets may be ready.
    pub fn ready(&mut self, token: Token, now: Instant, registry: &Registry) {
        let index = index(token);
        if index == LISTENER {
            self.accept(now, registry);
        } else if let Some(connection) = self.connections.get_mut(&index) {
            if connection.ready(&mut self.acs, now).is_break() {
                self.connections.remove(&index);
            }
        } else if let Some((device, wake)) = self.wakes.get_mut(&index)
            && let Some(result) = wake.ready(&mut random::source)
        {
            self.woken.push(Woken {
                device: device.clone(),
                result,
            });
            self.wakes.remove(&index);
        }
    }

    fn accept(&mut self, now: Instant, registry: &Registry) {
        // Other errors than "nobody there" belong to the one connection that was lost.
        while let Some(stream) = match self.listener.accept() {
            Ok((stream, _)) => Some(Some(stream)),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => None,
            Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => Some(None),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Some(None),
            Err(e) => {
                self.acs.refused(0, format!("accept: {e}"));
                None
            }
        } {
            let Some(mut stream) = stream else { continue };
            if self.connections.len() >= MAX_CONNECTIONS {
                self.acs.refused(0, "too many connections");
                continue;
            }
            let index = self.take_index();
            let both = Interest::READABLE | Interest::WRITABLE;
            if registry
                .register(&mut stream, token(self.who, index), both)
                .is_ok()
            {
                self.connections.insert(index, Connection::new(stream, now));
            }
        }
    }

    fn take_index(&mut self) -> usize {
        let index = self.next;
        self.next = self.next.wrapping_add(1).max(LISTENER + 1);
        index
    }
}

#[cfg(test)]
mod tests;
