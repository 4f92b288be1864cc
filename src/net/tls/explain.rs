//! What `rustls` reports, in the words of whoever has to mend it.

use rustls::{AlertDescription, CertificateError, Error};

use super::HandshakeError;

/// Names of a wrong certificate that are told; it may have hundreds.
const NAMES_TOLD: usize = 5;

/// The cause behind a TLS error.
pub fn explain(error: &Error) -> HandshakeError {
    match error {
        Error::InvalidCertificate(e) => certificate(e),
        Error::PeerIncompatible(e) => HandshakeError::NothingInCommon(format!("{e:?}")),
        Error::AlertReceived(alert) => received(*alert),
        Error::InvalidMessage(_) => HandshakeError::NotTls,
        other => HandshakeError::Protocol(other.to_string()),
    }
}

fn certificate(error: &CertificateError) -> HandshakeError {
    use CertificateError::*;
    match error {
        UnknownIssuer => HandshakeError::UntrustedIssuer,
        NotValidForName => HandshakeError::WrongHost(Vec::new()),
        NotValidForNameContext { presented, .. } => {
            HandshakeError::WrongHost(presented.iter().take(NAMES_TOLD).map(|n| bare(n)).collect())
        }
        Expired | ExpiredContext { .. } => HandshakeError::Expired,
        NotValidYet | NotValidYetContext { .. } => HandshakeError::NotYetValid,
        // The verifier hands the cases that have no variant through as text only.
        Other(e) if format!("{e:?}").contains("CaUsedAsEndEntity") => {
            HandshakeError::AuthorityAsServer
        }
        other => HandshakeError::Certificate(other.to_string()),
    }
}

/// `acs.example` of `DnsName("acs.example")`, which is how the names come.
fn bare(name: &str) -> String {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner);
    inner.trim_matches([')', '"']).to_owned()
}

fn received(alert: AlertDescription) -> HandshakeError {
    use AlertDescription::*;
    match alert {
        ProtocolVersion | InsufficientSecurity | HandshakeFailure => {
            HandshakeError::NothingInCommon(format!("alert {alert:?}"))
        }
        // What a server says of our certificate, RFC 8446 6.2.
        CertificateRequired
        | BadCertificate
        | UnsupportedCertificate
        | CertificateRevoked
        | CertificateExpired
        | CertificateUnknown
        | UnknownCA
        | AccessDenied => HandshakeError::ClientCertificate(format!("{alert:?}")),
        other => HandshakeError::Alert(format!("{other:?}")),
    }
}
