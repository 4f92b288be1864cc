//! What of cryptography is built in: what servers on the public Internet use, named one by one, so that nothing else
//! ends up in the program.
//!
//! Ed25519 is not in it: no public CA may sign with it (CA/Browser Forum, Baseline Requirements 7.1.3), and it would
//! cost a router 44 KB. Nor is X25519: every server of TLS 1.3 has P-256 (RFC 8446 9.1), which certificates need anyway,
//! and those of TLS 1.2 that have curves have it; X25519 would be 20 KB more.

use std::sync::Arc;

use rustls::crypto::ring::ALL_CIPHER_SUITES;
use rustls::crypto::ring::kx_group::{SECP256R1, SECP384R1};
use rustls::crypto::ring::sign::{RsaSigningKey, any_ecdsa_type};
use rustls::crypto::{
    CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{Error, SignatureScheme};
use webpki::ring as webpki_ring;
use zeroize::Zeroizing;

/// The library's own provider, but for the signatures and the groups.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: ALL_CIPHER_SUITES.to_vec(),
        kx_groups: vec![SECP256R1, SECP384R1],
        signature_verification_algorithms: ALGORITHMS,
        key_provider: &Keys,
        secure_random: &Chance,
    }
}

/// The system's random source. The library's own comes only with all that its provider has.
#[derive(Debug)]
struct Chance;

impl SecureRandom for Chance {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        getrandom::getrandom(buffer).map_err(|_| GetRandomFailed)
    }
}

/// Signatures that are accepted, in certificates and in handshakes, the preferred ones first. TLS 1.2 does not tie
/// a curve to a scheme, so each has both.
static ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        webpki_ring::ECDSA_P256_SHA256,
        webpki_ring::ECDSA_P256_SHA384,
        webpki_ring::ECDSA_P384_SHA256,
        webpki_ring::ECDSA_P384_SHA384,
        webpki_ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        webpki_ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        webpki_ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        webpki_ring::RSA_PKCS1_2048_8192_SHA256,
        webpki_ring::RSA_PKCS1_2048_8192_SHA384,
        webpki_ring::RSA_PKCS1_2048_8192_SHA512,
        webpki_ring::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
        webpki_ring::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
        webpki_ring::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    ],
    mapping: &[
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[
                webpki_ring::ECDSA_P384_SHA384,
                webpki_ring::ECDSA_P256_SHA384,
            ],
        ),
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[
                webpki_ring::ECDSA_P256_SHA256,
                webpki_ring::ECDSA_P384_SHA256,
            ],
        ),
        (
            SignatureScheme::RSA_PSS_SHA512,
            &[webpki_ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PSS_SHA384,
            &[webpki_ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PSS_SHA256,
            &[webpki_ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA512,
            &[webpki_ring::RSA_PKCS1_2048_8192_SHA512],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA384,
            &[webpki_ring::RSA_PKCS1_2048_8192_SHA384],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA256,
            &[webpki_ring::RSA_PKCS1_2048_8192_SHA256],
        ),
    ],
};

/// Reads our own key.
#[derive(Debug)]
struct Keys;

impl KeyProvider for Keys {
    fn load_private_key(&self, der: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        let der = Zeroizing::new(der);
        if let Ok(key) = RsaSigningKey::new(&der) {
            return Ok(Arc::new(key));
        }
        any_ecdsa_type(&der).map_err(|_| Error::General(UNKNOWN_KEY.to_owned()))
    }
}

const UNKNOWN_KEY: &str =
    "the key is of an unsupported type, neither RSA of 2048 to 4096 bits nor ECDSA P-256 or P-384";
