//! What to do about what the network code met.

use std::io::ErrorKind;

use crate::net::http::{ConnectError, Phase};
use crate::net::tls::HandshakeError;
use crate::wire::http::{HttpFailure, Refusal, Url};

/// The step at which a request came to nothing, and what to do.
pub fn on_request(error: &ConnectError, url: &Url) -> (&'static str, String) {
    match error {
        ConnectError::Resolve { .. } => (super::DNS, resolve()),
        ConnectError::Connect(tried) => {
            let kinds: Vec<ErrorKind> = tried.iter().map(|(_, error)| error.kind()).collect();
            (super::TCP, connect(&kinds, url))
        }
        ConnectError::TlsConfig(_) => (
            super::TLS,
            "see tls_ca_file, tls_client_cert and tls_client_key in section acs".to_owned(),
        ),
        ConnectError::Tls(error) => (super::TLS, tls(error)),
        ConnectError::Idle {
            phase: Phase::Handshake,
            ..
        }
        | ConnectError::Closed {
            phase: Phase::Handshake,
        }
        | ConnectError::Broken {
            phase: Phase::Handshake,
            ..
        } => (
            super::TLS,
            format!(
                "see whether port {} of the ACS speaks TLS, and whether a firewall interferes",
                url.port
            ),
        ),
        ConnectError::Malformed(_) => (
            super::HTTP,
            format!(
                "see whether port {} of the ACS is the one for CWMP, and for {}",
                url.port,
                url.scheme.as_str()
            ),
        ),
        _ => (
            super::HTTP,
            "see the log of the ACS, or of the proxy in front of it".to_owned(),
        ),
    }
}

/// No address.
pub fn resolve() -> String {
    "see that /etc/resolv.conf names a DNS server that answers, and that the host in acs.url is spelt right".to_owned()
}

fn connect(kinds: &[ErrorKind], url: &Url) -> String {
    if kinds.contains(&ErrorKind::ConnectionRefused) {
        return format!(
            "the host is there, but nothing listens on port {}: see the port in acs.url, and whether the ACS runs",
            url.port
        );
    }
    if kinds.iter().any(|kind| {
        matches!(
            kind,
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable
        )
    }) {
        return "there is no route to the ACS: see that the WAN interface is up and has a default route".to_owned();
    }
    "nothing answers: see that the address is right, and that no firewall drops what goes there"
        .to_owned()
}

fn tls(error: &HandshakeError) -> String {
    match error {
        HandshakeError::UntrustedIssuer => "set acs.tls_ca_file to the CA certificate of the ACS (PEM)",
        HandshakeError::WrongHost(_) => "use one of these names in acs.url, or have the ACS's certificate issued for the name there",
        HandshakeError::Expired | HandshakeError::NotYetValid => "see that the clock of this device is right; if it is, the ACS needs a new certificate",
        HandshakeError::AuthorityAsServer | HandshakeError::Certificate(_) => "the ACS needs another certificate",
        HandshakeError::ClientCertificate(_) => "set acs.tls_client_cert and acs.tls_client_key to what the ACS was told to accept",
        HandshakeError::NotTls => "use http:// in acs.url, or the port that speaks TLS",
        HandshakeError::NothingInCommon(_) => "the ACS must offer TLS 1.2 or 1.3",
        HandshakeError::Alert(_) | HandshakeError::Protocol(_) => "see the log of the ACS",
    }
    .to_owned()
}

/// The ACS does not want to hear us.
pub fn on_refusal(failure: &HttpFailure) -> String {
    match failure {
        HttpFailure::NoCredentials => "set acs.userid and acs.passwd",
        HttpFailure::Unauthorized(Refusal::Rejected) => {
            "see that acs.userid and acs.passwd are those that the ACS has for this device"
        }
        HttpFailure::Unauthorized(Refusal::BasicWithoutTls) => {
            "use https:// in acs.url, or Digest at the ACS; or allow it with acs.basic_over_http"
        }
        HttpFailure::Unauthorized(Refusal::ColonInUsername) => {
            "use another user name, or Digest at the ACS"
        }
        HttpFailure::Unauthorized(_) => "have the ACS ask for Digest or Basic authentication",
        HttpFailure::TooManyRedirects | HttpFailure::BadRedirect(_) => {
            "see where the ACS, or the proxy in front of it, redirects to"
        }
        HttpFailure::Status { code: 404, .. } => "see the path in acs.url",
        HttpFailure::Status { .. } => "see the log of the ACS, or of the proxy in front of it",
    }
    .to_owned()
}
