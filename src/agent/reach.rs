//! How the ACS reaches this device: the connection request server, its credentials, ConnectionRequestURL.

use std::net::IpAddr;

use mio::Registry;

use super::clock::Now;
use super::config::{Config, Username};
use super::{Agent, WHO_CONNREQ, files};
use crate::connreq;
use crate::cwmp::event::{Event, EventCode};
use crate::net::http::{Limits, Settings};
use crate::net::random;
use crate::net::reactor::token;
use crate::net::resolver::Family;
use crate::net::{addresses, resolver, tls};
use crate::say::{self, Level, info};
use crate::wire::Secret;
use crate::wire::http::{Credentials, Url};

/// How long a name may take to resolve, all servers and attempts together.
const RESOLVE_LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

/// How the connection to the ACS is made.
pub fn connection_settings(root: &files::Root, config: &Config) -> Settings {
    let acs = &config.acs;
    let bundle = || {
        let system = files::CA_BUNDLES.iter().map(|path| root.join(path));
        system.into_iter().find(|path| path.exists())
    };
    Settings {
        limits: Limits::default(),
        resolver: resolver::Settings {
            hosts: root.join(files::HOSTS),
            resolv_conf: root.join(files::RESOLV_CONF),
            port: 53,
            prefer: if config.cpe.force_ipv4 {
                Family::V4
            } else {
                Family::V6
            },
            limit: RESOLVE_LIMIT,
        },
        tls: tls::Options {
            authorities: acs
                .tls_ca_file
                .as_ref()
                .map(|path| root.join(path))
                .or_else(bundle),
            certificate: acs.tls_client_cert.as_ref().map(|path| root.join(path)),
            key: acs.tls_client_key.as_ref().map(|path| root.join(path)),
            insecure: acs.insecure,
        },
        interface: config.cpe.interface.clone(),
    }
}

/// How long until a port that was taken is tried again, seconds.
const LISTEN_AGAIN: u64 = 30;

impl Agent {
    /// Makes the random path and credentials of the first boot (CR-03): nobody shares a password by default.
    pub(super) fn make_connection_request_secrets(&mut self) {
        let kept = &self.store.state.connection_request;
        if !kept.path.is_empty() && !kept.password.expose().is_empty() {
            return;
        }
        let path = format!("/{}", random::text(16, &mut self.random));
        let username = format!("cwmp-{}", random::text(8, &mut self.random));
        let password = random::text(24, &mut self.random);
        let made = &mut self.store.state.connection_request;
        made.path = path;
        made.username = username;
        made.password = Secret::new(password);
    }

    /// The credentials in force: the configuration's, else the ones made at the first boot.
    pub(super) fn connection_request_credentials(&self) -> Credentials {
        let configured = &self.config.connection_request;
        let made = &self.store.state.connection_request;
        let username = match &configured.username {
            Username::Literal(name) => name.clone(),
            Username::Default => made.username.clone(),
        };
        let password = if configured.password.expose().is_empty() {
            &made.password
        } else {
            &configured.password
        };
        Credentials {
            username,
            password: password.expose().to_owned(),
        }
    }

    fn connection_request_path(&self) -> String {
        let configured = self.config.connection_request.path.trim();
        match configured {
            "" | "/" => self.store.state.connection_request.path.clone(),
            path => format!("/{}", path.trim_start_matches('/')),
        }
    }

    /// Opens, moves or closes the connection request server as the configuration says.
    pub(super) fn listen(&mut self, now: Now, registry: &Registry) {
        // CR-16, CR-18
        let wanted = self.config.connection_request.enable && self.idle_reason().is_none();
        let settings = connreq::Settings {
            port: self.config.connection_request.port,
            path: self.connection_request_path(),
            credentials: Some(self.connection_request_credentials()),
            timeout: std::time::Duration::from_secs(self.config.connection_request.timeout.into()),
        };
        self.listen_again = None;
        let failed = self.listen_error.take();
        match &mut self.connreq {
            Some(server) if !wanted => {
                server.close(registry);
                self.connreq = None;
                info!("connection requests are not served any more");
            }
            Some(server) if server.local_port() == settings.port => server.change(settings),
            _ if !wanted => {}
            other => {
                if let Some(server) = other {
                    server.close(registry);
                }
                match (self.listen)(settings, token(WHO_CONNREQ, 0), registry) {
                    Ok(server) => {
                        info!(
                            "connection requests are served: port={}",
                            server.local_port()
                        );
                        *other = Some(server);
                    }
                    Err(reason) => {
                        *other = None;
                        self.listen_again = Some(now.after(LISTEN_AGAIN));
                        let port = self.config.connection_request.port;
                        let error = Some(format!("port {port}: {reason}"));
                        // Once is enough, however long the other program stays.
                        let level = if failed == error {
                            Level::Debug
                        } else {
                            Level::Error
                        };
                        say::line(
                            level,
                            format_args!(
                                "connection requests cannot be served: port={port} reason=\"{reason}\" wait_seconds={LISTEN_AGAIN}"
                            ),
                        );
                        self.listen_error = error;
                    }
                }
            }
        }
        self.refresh_address(now);
    }

    /// Computes ConnectionRequestURL anew; a change is a value change (CR-17, NO-13).
    pub(super) fn refresh_address(&mut self, now: Now) {
        let address = self.own_address();
        if self.connection.local().is_some()
            && let Some(address) = address
        {
            self.store.state.connection_request.address = address.to_string();
        }
        let url = match (&self.connreq, address) {
            (Some(server), Some(address)) => {
                let host = match address {
                    IpAddr::V4(v4) => v4.to_string(),
                    IpAddr::V6(v6) => format!("[{v6}]"),
                };
                format!(
                    "http://{host}:{}{}",
                    server.local_port(),
                    self.connection_request_path()
                )
            }
            _ => String::new(),
        };
        let changed = self.management_server.borrow().get("ConnectionRequestURL") != url;
        if changed {
            info!(
                "connection request url: url={}",
                if url.is_empty() { "(none)" } else { &url }
            );
            self.management_server
                .borrow_mut()
                .put("ConnectionRequestURL", url);
            self.want_check(now);
        }
    }

    /// The address the ACS can reach: configured, of the configured interface, else where packets to the ACS leave from.
    fn own_address(&self) -> Option<IpAddr> {
        if let Some(address) = self.config.connection_request.address {
            return Some(address);
        }
        if let Some(interface) = &self.config.cpe.interface
            && let Some(address) = addresses::of_interface(interface)
        {
            return Some(address);
        }
        if let Some(local) = self.connection.local() {
            return Some(local.ip().to_canonical());
        }
        let url = self
            .in_force
            .url
            .as_deref()
            .and_then(|url| Url::parse(url).ok());
        if let Some(Ok(literal)) = url.map(|url| url.host.parse::<IpAddr>()) {
            return addresses::route_to(literal);
        }
        let last = self.store.state.connection_request.address.parse().ok();
        last.filter(|address| addresses::is_own(*address))
            .or_else(addresses::default_route)
    }

    /// An address or route of this machine has changed.
    pub(super) fn addresses_changed(&mut self, now: Now) {
        if let Some(watch) = &self.address_watch {
            watch.drain();
        }
        self.refresh_address(now);
    }

    /// Takes up the connection requests that were answered: one session for all of them (CR-09, CR-10).
    pub(super) fn take_connection_requests(&mut self) {
        let Some(server) = &mut self.connreq else {
            return;
        };
        let accepted = server.take_requests();
        if accepted.is_empty() {
            return;
        }
        for request in &accepted {
            info!("connection request: peer={}", request.peer);
        }
        self.queue.push(Event::new(EventCode::ConnectionRequest));
        self.trigger();
    }
}
