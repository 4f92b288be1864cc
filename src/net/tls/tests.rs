use super::explain::explain;
use super::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn certs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/certs")
        .join(name)
}

fn trusting(name: &str) -> Options {
    Options {
        authorities: Some(certs(name)),
        ..Options::default()
    }
}

fn with_identity(certificate: &str, key: &str) -> Options {
    Options {
        certificate: Some(certs(certificate)),
        key: Some(certs(key)),
        ..trusting("ca.pem")
    }
}

/// A clock that stands.
#[derive(Debug)]
struct At(u64);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0)))
    }
}

/// 1970-01-01, as on a device without a clock; 2020-06-01; 2026-01-01.
const UNSET: u64 = 120;
const IN_2020: u64 = 1_590_969_600;
const IN_2026: u64 = 1_767_225_600;

fn server(name: &str) -> Arc<ServerConfig> {
    server_that_asks(name, false)
}

fn server_that_asks(name: &str, client_certificate: bool) -> Arc<ServerConfig> {
    server_of(name, client_certificate, rustls::DEFAULT_VERSIONS)
}

/// It has all of the library, also what the client is built without.
fn server_of(
    name: &str,
    client_certificate: bool,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let builder =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap();
    let builder = if client_certificate {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(certs("ca.pem")).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certs(&format!("{name}.pem")))
        .unwrap()
        .collect();
    let key = name.strip_suffix("-chain").unwrap_or(name);
    let key = PrivateKeyDer::from_pem_file(certs(&format!("{key}-key.pem"))).unwrap();
    Arc::new(builder.with_single_cert(chain.unwrap(), key).unwrap())
}

/// A handshake without sockets, and one message each way, so that late alerts are seen.
fn shake(
    client: &mut Client,
    host: &str,
    server: &Arc<ServerConfig>,
) -> Result<(), HandshakeError> {
    let config = client
        .config()
        .map_err(|e| HandshakeError::Protocol(e.to_string()))?;
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut ours = ClientConnection::new(config, name).unwrap();
    let mut theirs = ServerConnection::new(server.clone()).unwrap();
    io::Write::write_all(&mut ours.writer(), b"POST").unwrap();
    for _ in 0..10 {
        let mut wire = Vec::new();
        while ours.wants_write() {
            ours.write_tls(&mut wire).unwrap();
        }
        let mut wire = wire.as_slice();
        while !wire.is_empty() {
            theirs.read_tls(&mut wire).unwrap();
            let _ = theirs.process_new_packets();
        }
        let mut wire = Vec::new();
        while theirs.wants_write() {
            theirs.write_tls(&mut wire).unwrap();
        }
        let mut wire = wire.as_slice();
        while !wire.is_empty() {
            ours.read_tls(&mut wire).unwrap();
            ours.process_new_packets().map_err(|e| explain(&e))?;
        }
    }
    let mut got = [0; 4];
    io::Read::read_exact(&mut theirs.reader(), &mut got).unwrap();
    assert_eq!(&got, b"POST");
    Ok(())
}

fn shake_at(clock: u64, options: Options, host: &str, server: &str) -> Result<(), HandshakeError> {
    let mut client = Client::with_clock(options, Arc::new(At(clock)));
    shake(&mut client, host, &super::tests::server(server))
}

#[test]
fn the_chain_is_verified() {
    // TL-03
    let shake = |ca, server| shake_at(IN_2026, trusting(ca), "acs.test", server);
    assert_eq!(shake("ca.pem", "server"), Ok(()));
    assert_eq!(shake("other-ca.pem", "other-server"), Ok(()));
    assert_eq!(
        shake("ca.pem", "other-server"),
        Err(HandshakeError::UntrustedIssuer)
    );
    assert_eq!(
        shake("other-ca.pem", "server"),
        Err(HandshakeError::UntrustedIssuer)
    );
    assert_eq!(
        shake("ca.pem", "self-signed"),
        Err(HandshakeError::AuthorityAsServer)
    );
    assert_eq!(
        shake("self-signed.pem", "self-signed"),
        Err(HandshakeError::AuthorityAsServer)
    );
}

#[test]
fn a_long_chain_of_large_keys_is_verified() {
    // TL-12
    assert_eq!(
        shake_at(IN_2026, trusting("root.pem"), "acs.test", "long-chain"),
        Ok(())
    );
    assert_eq!(
        shake_at(IN_2026, trusting("ca.pem"), "acs.test", "long-chain"),
        Err(HandshakeError::UntrustedIssuer)
    );
}

#[test]
fn the_keys_that_servers_have_are_known_in_both_versions() {
    // TL-01 TL-02: ECDSA P-256 and P-384, RSA
    for version in [&TLS12, &TLS13] {
        for (ca, name) in [
            ("ca.pem", "server"),
            ("p384.pem", "p384"),
            ("root.pem", "long-chain"),
        ] {
            let mut client = Client::with_clock(trusting(ca), Arc::new(At(IN_2026)));
            let server = server_of(name, false, &[version]);
            assert_eq!(shake(&mut client, "acs.test", &server), Ok(()), "{name}");
        }
    }
    assert!(matches!(
        shake_at(IN_2026, trusting("edwards.pem"), "acs.test", "edwards"),
        Err(HandshakeError::NothingInCommon(_))
    ));
}

#[test]
fn the_host_name_is_verified() {
    // TL-04 TL-05
    let shake = |host, server| shake_at(IN_2026, trusting("ca.pem"), host, server);
    for host in [
        "acs.test",
        "ACS.test",
        "localhost",
        "a.wild.test",
        "127.0.0.1",
        "::1",
    ] {
        assert_eq!(shake(host, "server"), Ok(()), "{host}");
    }
    for host in ["bcs.test", "wild.test", "a.b.wild.test", "127.0.0.2", "::2"] {
        assert!(
            matches!(shake(host, "server"), Err(HandshakeError::WrongHost(_))),
            "{host}"
        );
    }
    let error = shake("acs.test", "wrong-host").unwrap_err();
    assert!(error.to_string().contains("other.test"), "{error}");
    // A common name is no host name any more (RFC 9525 2).
    assert_eq!(
        shake("acs.test", "name-only"),
        Err(HandshakeError::WrongHost(Vec::new()))
    );
}

#[test]
fn dates_are_verified_when_there_is_a_clock() {
    let shake = |clock, server| shake_at(clock, trusting("ca.pem"), "acs.test", server);
    assert_eq!(shake(IN_2026, "expired"), Err(HandshakeError::Expired));
    assert_eq!(shake(IN_2026, "future"), Err(HandshakeError::NotYetValid));
}

#[test]
fn dates_alone_are_passed_over_while_the_clock_is_not_set() {
    // TL-06
    for clock in [0, UNSET, IN_2020] {
        let shake = |ca, host, server| shake_at(clock, trusting(ca), host, server);
        assert_eq!(shake("ca.pem", "acs.test", "server"), Ok(()));
        assert_eq!(shake("ca.pem", "acs.test", "future"), Ok(()));
        assert_eq!(shake("root.pem", "acs.test", "long-chain"), Ok(()));
        // Chain and host are verified as ever.
        assert_eq!(
            shake("ca.pem", "acs.test", "other-server"),
            Err(HandshakeError::UntrustedIssuer)
        );
        assert!(matches!(
            shake("ca.pem", "bcs.test", "server"),
            Err(HandshakeError::WrongHost(_))
        ));
        assert!(matches!(
            shake("ca.pem", "acs.test", "wrong-host"),
            Err(HandshakeError::WrongHost(_))
        ));
        assert_eq!(
            shake("ca.pem", "acs.test", "self-signed"),
            Err(HandshakeError::AuthorityAsServer)
        );
    }
}

#[test]
fn insecure_verifies_nothing() {
    let insecure = || Options {
        insecure: true,
        ..Options::default()
    };
    for server in ["other-server", "wrong-host", "expired", "self-signed"] {
        assert_eq!(
            shake_at(IN_2026, insecure(), "acs.test", server),
            Ok(()),
            "{server}"
        );
    }
}

#[test]
fn a_client_certificate_is_shown_when_asked_for() {
    // TL-08, keys in all three forms
    let shake = |options| {
        let mut client = Client::with_clock(options, Arc::new(At(IN_2026)));
        super::tests::shake(&mut client, "acs.test", &server_that_asks("server", true))
    };
    assert_eq!(shake(with_identity("client.pem", "client-key.pem")), Ok(()));
    assert_eq!(
        shake(with_identity("client.pem", "client-key-sec1.pem")),
        Ok(())
    );
    assert!(matches!(
        shake(trusting("ca.pem")),
        Err(HandshakeError::ClientCertificate(_))
    ));
    // One that the server does not trust. Its key is PKCS #1.
    let unknown = with_identity("long-chain.pem", "long-key-pkcs1.pem");
    assert!(matches!(
        shake(unknown),
        Err(HandshakeError::ClientCertificate(_))
    ));
}

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cwmpd-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn refusal(options: Options) -> ConfigError {
    Client::new(options).config().err().unwrap()
}

#[test]
fn what_is_wrong_with_the_files_is_told() {
    let folder = Folder::new("errors");
    let empty = folder.0.join("empty.pem");
    fs::write(&empty, "# nothing\n").unwrap();
    let broken = folder.0.join("broken.pem");
    fs::write(
        &broken,
        "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let junk = folder.0.join("junk.pem");
    fs::write(
        &junk,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let large = folder.0.join("large.pem");
    fs::File::create(&large)
        .unwrap()
        .set_len(3 * 1024 * 1024)
        .unwrap();
    let trusting = |path: &Path| Options {
        authorities: Some(path.to_owned()),
        ..Options::default()
    };

    assert!(matches!(
        refusal(Options::default()),
        ConfigError::NoAuthorities
    ));
    let missing = refusal(trusting(&folder.0.join("missing.pem")));
    assert!(
        missing.to_string().contains("missing.pem: No such file"),
        "{missing}"
    );
    let e = refusal(trusting(&empty));
    assert!(matches!(e, ConfigError::Empty { .. }), "{e}");
    assert!(
        e.to_string().starts_with("there is no CA certificate in "),
        "{e}"
    );
    assert!(matches!(
        refusal(trusting(&broken)),
        ConfigError::Malformed { .. }
    ));
    assert!(matches!(
        refusal(trusting(&junk)),
        ConfigError::Empty { .. }
    ));
    assert!(matches!(
        refusal(trusting(&large)),
        ConfigError::TooLarge { .. }
    ));

    let half = Options {
        key: None,
        ..with_identity("client.pem", "client-key.pem")
    };
    assert!(matches!(refusal(half), ConfigError::HalfAnIdentity));
    let other = with_identity("client.pem", "server-key.pem");
    assert!(matches!(refusal(other), ConfigError::Identity(_)));
    assert_eq!(
        Client::new(with_identity("p384.pem", "p384-key.pem"))
            .check()
            .map_err(|e| e.to_string()),
        Ok(())
    );
    let edwards = refusal(with_identity("edwards.pem", "edwards-key.pem")).to_string();
    assert!(edwards.contains("unsupported"), "{edwards}");
    let no_key = with_identity("client.pem", "server.pem");
    assert!(matches!(refusal(no_key), ConfigError::Empty { .. }));

    let secret = folder.0.join("key.pem");
    fs::write(
        &secret,
        "-----BEGIN PRIVATE KEY-----\nsecret!\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    let e = refusal(Options {
        key: Some(secret),
        ..with_identity("client.pem", "client-key.pem")
    });
    assert!(!format!("{e} {e:?}").contains("secret"), "{e:?}");

    let mut client = Client::new(super::tests::trusting("ca.pem"));
    assert!(matches!(
        client.connect("a b"),
        Err(ConfigError::HostName(_))
    ));
}

#[test]
fn a_folder_of_authorities_is_read_whole() {
    let folder = Folder::new("folder");
    fs::copy(certs("ca.pem"), folder.0.join("one.crt")).unwrap();
    fs::copy(certs("root.pem"), folder.0.join("two.pem")).unwrap();
    fs::write(folder.0.join("README"), "not a certificate").unwrap();
    // What c_rehash makes.
    std::os::unix::fs::symlink("one.crt", folder.0.join("0a1b2c3d.0")).unwrap();
    let mut client = Client::new(Options {
        authorities: Some(folder.0.clone()),
        ..Options::default()
    });
    assert_eq!(shake(&mut client, "acs.test", &server("server")), Ok(()));
    assert_eq!(
        shake(&mut client, "acs.test", &server("long-chain")),
        Ok(())
    );
    assert_eq!(
        shake(&mut client, "acs.test", &server("other-server")),
        Err(HandshakeError::UntrustedIssuer)
    );
}

#[test]
fn files_are_parsed_once_and_again_when_they_change() {
    let folder = Folder::new("reload");
    let path = folder.0.join("ca.pem");
    fs::copy(certs("ca.pem"), &path).unwrap();
    let mut client = Client::new(Options {
        authorities: Some(path.clone()),
        ..Options::default()
    });
    let first = client.config().unwrap();
    assert!(Arc::ptr_eq(&first, &client.config().unwrap()));
    assert_eq!(shake(&mut client, "acs.test", &server("server")), Ok(()));

    fs::copy(certs("other-ca.pem"), &path).unwrap();
    assert!(!Arc::ptr_eq(&first, &client.config().unwrap()));
    assert_eq!(
        shake(&mut client, "acs.test", &server("server")),
        Err(HandshakeError::UntrustedIssuer)
    );
    assert_eq!(
        shake(&mut client, "acs.test", &server("other-server")),
        Ok(())
    );

    // A file that goes away is missed, not remembered.
    fs::remove_file(&path).unwrap();
    assert!(matches!(client.config(), Err(ConfigError::Read { .. })));
}
