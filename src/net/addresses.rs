//! This machine's addresses: the one it reaches a peer from, the one of an interface, and news when any changes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

/// The address packets to `peer` leave from. Connecting a UDP socket asks the routing table and sends nothing.
pub fn route_to(peer: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match peer {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(SocketAddr::new(peer, 9)).ok()?;
    let local = socket.local_addr().ok()?.ip();
    (!local.is_unspecified()).then_some(local)
}

/// The address of the default route: where packets to a documentation address (RFC 5737, RFC 3849) would leave from.
pub fn default_route() -> Option<IpAddr> {
    route_to(Ipv4Addr::new(192, 0, 2, 1).into())
        .or_else(|| route_to(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()))
}

/// The address of `interface`: IPv4 first, then a global IPv6 one.
pub fn of_interface(interface: &str) -> Option<IpAddr> {
    let mut v6 = None;
    for entry in nix::ifaddrs::getifaddrs().ok()? {
        if entry.interface_name != interface {
            continue;
        }
        let Some(address) = entry.address else {
            continue;
        };
        if let Some(v4) = address.as_sockaddr_in() {
            return Some(v4.ip().into());
        }
        if let Some(found) = address.as_sockaddr_in6() {
            let ip = found.ip();
            if !ip.is_unicast_link_local() && !ip.is_loopback() {
                v6.get_or_insert(ip);
            }
        }
    }
    v6.map(IpAddr::V6)
}

/// Whether `address` is one of this machine's.
pub fn is_own(address: IpAddr) -> bool {
    let Ok(entries) = nix::ifaddrs::getifaddrs() else {
        return false;
    };
    entries.filter_map(|entry| entry.address).any(|found| {
        let v4 = found.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| found.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip()))) == Some(address)
    })
}

/// Tells when an address or a route of this machine changes (rtnetlink groups). What changed is not read: whoever cares
/// asks again.
pub struct Watch {
    fd: OwnedFd,
}

// rtnetlink(7) multicast groups.
const RTMGRP_IPV4_IFADDR: u32 = 0x10;
const RTMGRP_IPV4_ROUTE: u32 = 0x40;
const RTMGRP_IPV6_IFADDR: u32 = 0x100;
const RTMGRP_IPV6_ROUTE: u32 = 0x400;

impl Watch {
    /// Subscribes; the reactor reports `token` when there is news.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let fd = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            SockProtocol::NetlinkRoute,
        )?;
        let groups =
            RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        registry.register(
            &mut SourceFd(&fd.as_fd().as_raw_fd()),
            token,
            Interest::READABLE,
        )?;
        Ok(Watch { fd })
    }

    /// Empties the socket.
    pub fn drain(&self) {
        let mut buffer = [0u8; 4096];
        // ENOBUFS says that news was lost: that is news too, and the next read goes on.
        loop {
            match recv(self.fd.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(0) => return,
                Ok(_) | Err(Errno::ENOBUFS | Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_route_to_loopback_leaves_from_loopback() {
        // CR-17
        assert_eq!(
            route_to(Ipv4Addr::LOCALHOST.into()),
            Some(Ipv4Addr::LOCALHOST.into())
        );
    }

    #[test]
    fn the_loopback_interface_has_its_address_and_a_missing_one_has_none() {
        assert_eq!(of_interface("lo"), Some(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(of_interface("no-such-if"), None);
    }

    #[test]
    fn loopback_is_own_and_a_documentation_address_is_not() {
        assert!(is_own(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_own(Ipv4Addr::new(192, 0, 2, 77).into()));
    }

    #[test]
    fn a_watch_can_be_opened_and_drained() {
        let poll = mio::Poll::new().unwrap();
        Watch::new(poll.registry(), Token(1)).unwrap().drain();
    }
}
