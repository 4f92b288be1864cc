//! Connecting to the addresses of a host, one after the other.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use mio::{Interest, Registry, Token};

use super::failure::ConnectError;
use super::stream::{Dialer, Stream};

/// How to connect.
#[derive(Clone, Debug)]
pub struct Manner {
    /// The token of the socket.
    pub token: Token,
    /// How long one address has.
    pub limit: Duration,
    /// Send through this interface only.
    pub interface: Option<String>,
}

/// A connection that stands, and where it leads.
type Connected = (Box<dyn Stream>, SocketAddr);

/// A connection in the making.
pub struct Dial {
    manner: Manner,
    port: u16,
    addresses: IntoIter<IpAddr>,
    trying: Option<Connected>,
    deadline: Instant,
    tried: Vec<(SocketAddr, io::Error)>,
}

impl Dial {
    /// Will try these addresses in their order; [`Self::proceed`] begins.
    pub fn new(manner: Manner, addresses: Vec<IpAddr>, port: u16, now: Instant) -> Self {
        Self {
            manner,
            port,
            addresses: addresses.into_iter(),
            trying: None,
            deadline: now,
            tried: Vec::new(),
        }
    }

    /// When the present address has had its time.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Goes on: looks whether the present address is connected, and tries the next one when it has failed.
    /// `None` while the outcome is open.
    pub fn proceed(
        &mut self,
        dialer: &mut Dialer,
        now: Instant,
        registry: &Registry,
    ) -> Option<Result<Connected, ConnectError>> {
        if let Some((stream, address)) = self.trying.take() {
            match stream.connected() {
                Ok(true) => return Some(Ok((stream, address))),
                Ok(false) if now < self.deadline => {
                    self.trying = Some((stream, address));
                    return None;
                }
                Ok(false) => self.tried.push((address, io::ErrorKind::TimedOut.into())),
                Err(e) => self.tried.push((address, e)),
            }
        }
        for ip in self.addresses.by_ref() {
            let address = SocketAddr::from((ip, self.port));
            let connected = dialer(address, self.manner.interface.as_deref());
            match connected.and_then(|mut stream| {
                let interest = Interest::READABLE | Interest::WRITABLE;
                registry.register(&mut stream, self.manner.token, interest)?;
                Ok(stream)
            }) {
                Ok(stream) => {
                    self.deadline = now + self.manner.limit;
                    self.trying = Some((stream, address));
                    return None;
                }
                Err(e) => self.tried.push((address, e)),
            }
        }
        Some(Err(ConnectError::Connect(std::mem::take(&mut self.tried))))
    }
}
