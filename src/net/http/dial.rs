//! Connecting to the addresses of a host, one after the other.

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};
use std::vec::IntoIter;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use nix::errno::Errno;
use nix::sys::socket::{self, AddressFamily, SockFlag, SockType, SockaddrStorage, sockopt};

use super::failure::ConnectError;

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

/// A connection in the making.
pub struct Dial {
    manner: Manner,
    port: u16,
    addresses: IntoIter<IpAddr>,
    trying: Option<(TcpStream, SocketAddr)>,
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
        now: Instant,
        registry: &Registry,
    ) -> Option<Result<(TcpStream, SocketAddr), ConnectError>> {
        if let Some((stream, address)) = self.trying.take() {
            match state(&stream) {
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
            let connected = connect(address, self.manner.interface.as_deref());
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

/// Whether it is connected; an error when it never will be.
fn state(stream: &TcpStream) -> io::Result<bool> {
    if let Some(e) = stream.take_error()? {
        return Err(e);
    }
    match stream.peer_addr() {
        Ok(_) => {
            // Requests go out whole; nothing is gained by waiting for more.
            let _ = stream.set_nodelay(true);
            Ok(true)
        }
        Err(e) if e.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(e) => Err(e),
    }
}

/// Starts to connect. The kernel chooses a random source port (TR-069 3.2.1.2, HT-23).
fn connect(address: SocketAddr, interface: Option<&str>) -> io::Result<TcpStream> {
    let Some(interface) = interface else {
        return TcpStream::connect(address);
    };
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let fd = socket::socket(family, SockType::Stream, flags, None)?;
    // The option has to be set before the connection starts, so `mio` cannot make the socket.
    socket::setsockopt(&fd, sockopt::BindToDevice, &OsString::from(interface)).map_err(|e| {
        let e = io::Error::from(e);
        io::Error::new(
            e.kind(),
            format!("cannot bind to interface '{interface}': {e}"),
        )
    })?;
    match socket::connect(fd.as_raw_fd(), &SockaddrStorage::from(address)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(TcpStream::from_std(std::net::TcpStream::from(fd))),
        Err(e) => Err(e.into()),
    }
}
