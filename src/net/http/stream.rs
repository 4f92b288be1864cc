//! The bytes to and from the ACS, and how a connection for them is opened. A device dials TCP; whoever plays the network
//! for an agent hands in a [`Dialer`] of its own.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use mio::event::Source;
use mio::net::TcpStream;
use nix::errno::Errno;
use nix::sys::socket::{self, AddressFamily, SockFlag, SockType, SockaddrStorage, sockopt};

/// One connection, from the moment it is dialled: non-blocking, edge-triggered as [`crate::net::reactor`] has it.
pub trait Stream: Read + Write + Source {
    /// Whether it is connected; an error when it never will be. Readiness tells when to ask again.
    fn connected(&self) -> io::Result<bool>;

    /// Our own address.
    fn local(&self) -> Option<SocketAddr>;
}

/// Starts to connect to an address, through one interface only if one is named. Never waits.
pub type Dialer = Box<dyn FnMut(SocketAddr, Option<&str>) -> io::Result<Box<dyn Stream>>>;

/// Dials TCP.
pub fn tcp() -> Dialer {
    Box::new(|address, interface| Ok(Box::new(connect(address, interface)?)))
}

impl Stream for TcpStream {
    fn connected(&self) -> io::Result<bool> {
        if let Some(e) = self.take_error()? {
            return Err(e);
        }
        match self.peer_addr() {
            Ok(_) => {
                // Requests go out whole; nothing is gained by waiting for more.
                let _ = self.set_nodelay(true);
                Ok(true)
            }
            Err(e) if e.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(e) => Err(e),
        }
    }

    fn local(&self) -> Option<SocketAddr> {
        self.local_addr().ok()
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
