//! Verification while the clock is not set, and none at all.

use std::fmt;

use crate::net::CLOCK_IS_SET_FROM;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Certificates in a chain whose first day may be later than that of the one before.
const MAX_CHAIN: usize = 10;

/// Verifies the chain and the host name, and the dates only when there is a clock to hold against them.
///
/// TR-069 3.3: a CPE without reliable time may ignore the dates in a certificate, and nothing but the dates (TL-06).
/// While the clock is plainly unset, the chain is verified as of a moment at which it was valid, namely the latest
/// "not before" in it: each verification that fails for a certificate being not valid yet says from when on it is,
/// and the next is made as of then. Signatures, purposes, name constraints and the host name are checked as ever.
///
/// The library's verifier also knows revocation lists, which nobody has here, and brings 18 KB for them; its parts
/// do the same without.
pub(super) struct ClockTolerant {
    /// The trusted CAs.
    pub(super) roots: RootCertStore,
    /// The signatures that are accepted.
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

/// The CAs are many, and nobody reads them here.
impl fmt::Debug for ClockTolerant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClockTolerant")
    }
}

impl ServerCertVerifier for ClockTolerant {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let cert = ParsedCertificate::try_from(end_entity)?;
        let verify = |at| {
            let (roots, algorithms) = (&self.roots, self.algorithms.all);
            verify_server_cert_signed_by_trust_anchor(&cert, roots, intermediates, at, algorithms)?;
            verify_server_name(&cert, server_name)?;
            Ok(ServerCertVerified::assertion())
        };
        let mut verdict = verify(now);
        if now.as_secs() >= CLOCK_IS_SET_FROM {
            return verdict;
        }
        for _ in 0..MAX_CHAIN {
            let Err(Error::InvalidCertificate(CertificateError::NotValidYetContext {
                not_before,
                ..
            })) = verdict
            else {
                break;
            };
            verdict = verify(not_before);
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Takes any certificate: the option `insecure`. Only that the server holds its key is still checked.
#[derive(Debug)]
pub(super) struct Anyone(pub(super) WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
