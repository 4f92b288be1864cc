//! `/etc/resolv.conf`: which servers to ask.
//!
//! `nameserver` and `options timeout:N attempts:N` count. `search`, `domain` and `ndots` do not: an ACS URL holds a
//! complete name, and trying others would send credentials to whoever owns them.

use std::net::{IpAddr, Ipv4Addr};

/// As many as the C library asks.
const MAX_NAMESERVERS: usize = 3;
/// What the C library takes when nothing is said, and at most.
const TIMEOUT: (u32, u32) = (5, 30);
const ATTEMPTS: (u32, u32) = (2, 5);

/// Whom to ask, and how patiently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvConf {
    /// One to three, in order.
    pub nameservers: Vec<Nameserver>,
    /// Seconds to wait for one server, 1 to 30.
    pub timeout: u32,
    /// How often the list is gone through, 1 to 5.
    pub attempts: u32,
}

/// A DNS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nameserver {
    /// Where it is.
    pub address: IpAddr,
    /// The interface of a link-local address, a name or an index: `br-lan` of `fe80::1%br-lan`.
    pub scope: Option<String>,
}

/// Reads the text of the file. Never fails: what is not understood is left out, and without any server the one on
/// this device is asked.
pub fn parse(text: &str) -> ResolvConf {
    let mut conf = ResolvConf {
        nameservers: Vec::new(),
        timeout: TIMEOUT.0,
        attempts: ATTEMPTS.0,
    };
    for line in text.lines() {
        let mut words = line
            .split(['#', ';'])
            .next()
            .unwrap_or_default()
            .split_ascii_whitespace();
        match words.next() {
            Some("nameserver") => {
                let server = words.next().and_then(nameserver);
                conf.nameservers
                    .extend(server.filter(|_| conf.nameservers.len() < MAX_NAMESERVERS));
            }
            Some("options") => {
                for word in words {
                    if let Some(seconds) = number(word, "timeout:") {
                        conf.timeout = seconds.clamp(1, TIMEOUT.1);
                    } else if let Some(times) = number(word, "attempts:") {
                        conf.attempts = times.clamp(1, ATTEMPTS.1);
                    }
                }
            }
            _ => {}
        }
    }
    if conf.nameservers.is_empty() {
        conf.nameservers.push(Nameserver {
            address: Ipv4Addr::LOCALHOST.into(),
            scope: None,
        });
    }
    conf
}

fn nameserver(word: &str) -> Option<Nameserver> {
    let (address, scope) = match word.split_once('%') {
        Some((address, scope)) if !scope.is_empty() => (address, Some(scope.to_owned())),
        Some(_) => return None,
        None => (word, None),
    };
    let address: IpAddr = address.parse().ok()?;
    (scope.is_none() || address.is_ipv6()).then_some(Nameserver { address, scope })
}

fn number(word: &str, name: &str) -> Option<u32> {
    word.strip_prefix(name)?.parse().ok()
}
