//! What the daemon orders, as it travels to the child: one object of JSON.

use std::path::Path;
use std::time::Duration;

use crate::net::http::{Caps, Limits, Settings};
use crate::net::resolver::{self, Family};
use crate::net::tls;
use crate::wire::data::{Data, Wrong, record};
use crate::wire::http::Credentials;
use crate::wire::json;

/// How long a name may take to resolve, all servers and attempts together.
const RESOLVE_LIMIT: Duration = Duration::from_secs(30);

/// What of a reply is read: a file may have any size.
pub(super) const CAPS: Caps = Caps {
    head: 64 * 1024,
    body: usize::MAX,
};

/// One file, from where and to where, and how to get there. It holds a password, so there is no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Order {
    /// Download; else upload.
    pub get: bool,
    /// How an upload over HTTP goes: `PUT` or `POST`.
    pub method: String,
    /// `http://`, `https://` or `ftp://`.
    pub url: String,
    /// Empty: none, which for FTP means anonymous.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The file on this device.
    pub file: String,
    /// Bytes that the ACS says a download has; 0: it does not.
    pub file_size: u64,
    /// Certificates that are trusted.
    pub ca_file: Option<String>,
    /// Our own certificate …
    pub client_cert: Option<String>,
    /// … and its key.
    pub client_key: Option<String>,
    /// Verify no certificate.
    pub insecure: bool,
    /// Send through this interface only.
    pub interface: Option<String>,
    /// IPv4 addresses are tried before those of IPv6.
    pub ipv4_first: bool,
    /// Basic authentication without TLS is allowed.
    pub basic_over_http: bool,
    /// Where `etc/hosts` and `etc/resolv.conf` are.
    pub root: String,
    /// Go on with what an earlier child left of the same file.
    pub resume: bool,
    /// For so long nothing may move.
    pub stall_seconds: u32,
    /// So long it may take in all.
    pub limit_seconds: u32,
    /// The wait before the second try; it doubles with each that gets no further.
    pub wait_seconds: u32,
    /// `User-Agent`; not sent if empty.
    pub user_agent: String,
}

record!(Order {
    get,
    method,
    url,
    username,
    password,
    file,
    file_size,
    ca_file,
    client_cert,
    client_key,
    insecure,
    interface,
    ipv4_first,
    basic_over_http,
    root,
    resume,
    stall_seconds,
    limit_seconds,
    wait_seconds,
    user_agent,
} requires ["get", "url", "file"]);

impl Default for Order {
    fn default() -> Self {
        Order {
            get: true,
            method: "PUT".to_owned(),
            url: String::new(),
            username: String::new(),
            password: String::new(),
            file: String::new(),
            file_size: 0,
            ca_file: None,
            client_cert: None,
            client_key: None,
            insecure: false,
            interface: None,
            ipv4_first: false,
            basic_over_http: false,
            root: "/".to_owned(),
            resume: false,
            stall_seconds: 60,
            limit_seconds: 24 * 60 * 60,
            wait_seconds: 1,
            user_agent: String::new(),
        }
    }
}

impl Order {
    /// Reads one.
    pub fn read(bytes: &[u8]) -> Result<Order, Wrong> {
        let mut order = Order::default();
        crate::wire::data::read(&mut order, json::parse_bytes(bytes)?)?;
        Ok(order)
    }

    /// The text of it.
    #[must_use]
    pub fn text(&self) -> String {
        let data: Data<'_> = crate::wire::data::write(self);
        json::text(&data)
    }

    pub(super) fn credentials(&self) -> Option<Credentials> {
        (!self.username.is_empty() || !self.password.is_empty()).then(|| Credentials {
            username: self.username.clone(),
            password: self.password.clone(),
        })
    }

    pub(super) fn settings(&self) -> Settings {
        let root = Path::new(&self.root);
        let path = |file: &Option<String>| file.as_ref().map(Into::into);
        Settings {
            limits: Limits {
                idle: Duration::from_secs(self.stall_seconds.into()),
                caps: CAPS,
                ..Limits::default()
            },
            resolver: resolver::Settings {
                hosts: root.join("etc/hosts"),
                resolv_conf: root.join("etc/resolv.conf"),
                port: 53,
                prefer: match self.ipv4_first {
                    true => Family::V4,
                    false => Family::V6,
                },
                limit: RESOLVE_LIMIT,
            },
            tls: tls::Options {
                authorities: path(&self.ca_file),
                certificate: path(&self.client_cert),
                key: path(&self.client_key),
                insecure: self.insecure,
            },
            interface: self.interface.clone(),
        }
    }
}
