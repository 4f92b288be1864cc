//! The steps on the device itself: configuration, clock, the daemon, connection requests.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use super::probe::Probe;
use super::{CLOCK, CONFIGURATION, CONNECTION_REQUESTS, DAEMON, Finding, Outcome};
use crate::agent::check;
use crate::agent::clock::Now;
use crate::agent::command::{Command, Reply};
use crate::agent::config::{Config, Problem};
use crate::agent::dhcp::{Source, in_force};
use crate::agent::files::{CONFIG, HOSTS, RESOLV_CONF, Root};
use crate::control::cli::connection::Connection;
use crate::net::http::{Limits, Settings};
use crate::net::{resolver, tls};
use crate::wire::data::Data;
use crate::wire::http::Url;
use crate::wire::xsd::DateTime;

/// The configuration, the ACS's URL, which DHCP may have given to the daemon, and a finding for each problem; at least
/// one.
pub fn configuration(root: &Root, daemon: &Daemon) -> (Config, Option<String>, Vec<Finding>) {
    let (config, _) = Config::load(root, CONFIG);
    let problems = check::problems(root, CONFIG);
    let mut findings: Vec<Finding> = problems.iter().map(problem).collect();
    let file = root.join(CONFIG);
    let told = |key: &str| daemon.text("cwmp", key).filter(|text| !text.is_empty());
    let by_dhcp = told("acs_url_source") == Some(Source::Dhcp.word());
    let url = match told("acs_url") {
        Some(url) if by_dhcp => Some(url.to_owned()),
        _ => in_force(&config, &Default::default()).url,
    };
    match &url {
        None => findings.push(Finding::failed(
            CONFIGURATION,
            "no ACS URL is configured",
            format!(
                "set acs.url in {}, or see that DHCP gives one ('cwmp help dhcp')",
                file.display()
            ),
        )),
        Some(_) if !config.cpe.enable => findings.push(Finding::failed(
            CONFIGURATION,
            "CWMP is disabled",
            "set cpe.enable to 1",
        )),
        Some(url) => {
            let from = if by_dhcp { ", by DHCP" } else { "" };
            findings.push(Finding::ok(
                CONFIGURATION,
                format!("the ACS is {url}{from}"),
            ));
        }
    }
    (config, url, findings)
}

fn problem(problem: &Problem) -> Finding {
    let outcome = if problem.is_error() {
        Outcome::Failed
    } else {
        Outcome::Warning
    };
    let advice = Some("correct the file, then 'cwmp reload'".to_owned());
    Finding {
        step: CONFIGURATION,
        outcome,
        saw: problem.to_string(),
        advice,
    }
}

/// Whether the clock can be right.
pub fn clock() -> Finding {
    let now = Now::read();
    let shows = DateTime::from_unix(now.unix, 0).to_string();
    match now.date() {
        Some(_) => Finding::ok(CLOCK, format!("it shows {shows}")),
        None => Finding::warning(
            CLOCK,
            format!(
                "it shows {shows}: it was never set, so that the dates of certificates are not checked"
            ),
            "see that NTP runs and reaches a server",
        ),
    }
}

/// What the running daemon says.
pub struct Daemon {
    status: Result<Data<'static>, String>,
    /// The user name at the ACS, which may be made of the identity in the data model.
    pub username: Option<String>,
}

impl Daemon {
    /// Asks the daemon, if there is one.
    pub fn ask(root: &Root) -> Daemon {
        let status = ask(root, &Command::Status);
        let names = ["Device.", "InternetGatewayDevice."]
            .map(|root| format!("{root}ManagementServer.Username"));
        let username = match &status {
            Ok(_) => names.into_iter().find_map(|name| value(root, name)),
            Err(_) => None,
        };
        Daemon { status, username }
    }

    fn text(&self, part: &str, key: &str) -> Option<&str> {
        self.status.as_ref().ok()?.get(part)?.get(key)?.as_text()
    }

    /// Whether it runs, and how it fares.
    pub fn finding(&self) -> Finding {
        let reason = match &self.status {
            Err(reason) => {
                return Finding::warning(DAEMON, reason, "start it: /etc/init.d/cwmpd start");
            }
            Ok(_) => self.text("last_session", "reason").unwrap_or_default(),
        };
        let next = self.text("next_session", "start_time").unwrap_or("N/A");
        match self.text("last_session", "status") {
            Some("failure") => Finding::warning(
                DAEMON,
                format!("it runs, but the last session failed: {reason}; the next one at {next}"),
                "'cwmp inform --wait' tries again, 'cwmp trace' shows what was said",
            ),
            Some("success") => Finding::ok(DAEMON, "it runs, and the last session succeeded"),
            Some("running") => Finding::ok(DAEMON, "it runs, and a session is under way"),
            _ => Finding::ok(
                DAEMON,
                format!("it runs; no session since it started, the next one at {next}"),
            ),
        }
    }
}

fn ask(root: &Root, command: &Command) -> Result<Data<'static>, String> {
    let mut connection = Connection::open(root).map_err(|lost| lost.to_string())?;
    connection.send(command).map_err(|lost| lost.to_string())?;
    match connection.receive(false).map_err(|lost| lost.to_string())? {
        Reply::Ok(value) => Ok(value),
        Reply::Fault { text, .. } | Reply::Busy { text } | Reply::Error { text } => Err(text),
    }
}

fn value(root: &Root, name: String) -> Option<String> {
    let answer = ask(root, &Command::Get { paths: vec![name] }).ok()?;
    Some(answer.items().first()?.get("value")?.as_text()?.to_owned())
}

/// Whether the port for connection requests answers; `peer` is the ACS.
pub fn connection_requests(daemon: &Daemon, peer: Option<IpAddr>) -> Finding {
    if daemon.status.is_err() {
        return Finding::skipped(CONNECTION_REQUESTS, "the daemon does not run");
    }
    let told = daemon
        .text("cwmp", "connection_request_url")
        .unwrap_or_default();
    if let Some(reason) = daemon.text("cwmp", "idle_reason") {
        return Finding::skipped(CONNECTION_REQUESTS, reason);
    }
    if let Some(reason) = daemon.text("cwmp", "connection_request_disabled") {
        return Finding::skipped(CONNECTION_REQUESTS, reason);
    }
    if let Some(error) = daemon.text("cwmp", "connection_request_error") {
        return Finding::failed(
            CONNECTION_REQUESTS,
            format!("the daemon cannot serve them: {error}"),
            "end the other program that has the port, or set cpe.port; it is tried again every 30 s",
        );
    }
    let Ok(url) = Url::parse(told) else {
        return Finding::warning(
            CONNECTION_REQUESTS,
            "the daemon has no address for them yet",
            "a session makes it known: 'cwmp inform --wait'",
        );
    };
    match knock(&url) {
        // Without credentials: whoever asks for none lets anybody in.
        Ok(401) => reachable(&url, peer),
        Ok(status) => Finding::warning(
            CONNECTION_REQUESTS,
            format!(
                "{} answers with HTTP status {status} instead of 401",
                origin(&url)
            ),
            "see what listens on that port, and 'logread -e cwmpd'",
        ),
        Err(error) => Finding::failed(
            CONNECTION_REQUESTS,
            format!("{} does not answer: {error}", origin(&url)),
            "see whether another program has the port (cpe.port), and 'logread -e cwmpd'",
        ),
    }
}

/// A GET without credentials; its status.
fn knock(url: &Url) -> Result<u16, String> {
    let settings = Settings {
        limits: Limits::default(),
        resolver: resolver::Settings {
            hosts: HOSTS.into(),
            resolv_conf: RESOLV_CONF.into(),
            port: 53,
            prefer: resolver::Family::V6,
            limit: Duration::from_secs(1),
        },
        tls: tls::Options::default(),
        interface: None,
    };
    let headers = [("Host".to_owned(), url.host_header())];
    let reply = Probe::new(settings).and_then(|mut probe| probe.get(url, &headers));
    let reply = reply.map_err(|error: io::Error| error.to_string())?;
    reply
        .map(|reply| reply.status)
        .map_err(|error| error.to_string())
}

fn reachable(url: &Url, peer: Option<IpAddr>) -> Finding {
    let own: Option<IpAddr> = url.host.parse().ok();
    if let (Some(own), Some(peer)) = (own, peer)
        && is_private(own)
        && !is_private(peer)
    {
        return Finding::warning(
            CONNECTION_REQUESTS,
            format!(
                "{} answers, but its address is a private one, and the ACS ({peer}) is not in a private network",
                origin(url)
            ),
            "if there is NAT between the two, the ACS cannot reach this device: rely on periodic Informs",
        );
    }
    Finding::ok(
        CONNECTION_REQUESTS,
        format!("{} answers and asks for credentials", origin(url)),
    )
}

/// The URL without its path, which nobody else needs to know.
fn origin(url: &Url) -> String {
    format!("{}://{}", url.scheme.as_str(), url.host_header())
}

/// RFC 1918, RFC 6598, RFC 4193; and what never leaves the machine or the link.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
