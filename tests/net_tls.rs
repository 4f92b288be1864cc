//! The connection to the ACS over TLS, against real sockets.
#![cfg(feature = "tls")]

#[path = "net_support/mod.rs"]
mod support;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cwmpd::net::ConnectError;
use cwmpd::net::http::{Phase, Settings};
use cwmpd::net::tls::{HandshakeError, Options};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    HandshakeKind, ProtocolVersion, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion, version,
};
use support::{Client, accept, answer, request, server};

fn certs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/certs")
        .join(name)
}

fn trusting(ca: &str) -> Settings {
    Settings {
        tls: Options {
            authorities: Some(certs(ca)),
            ..Options::default()
        },
        ..support::settings()
    }
}

fn tls_client(ca: &str) -> Client {
    Client::new(trusting(ca))
}

/// What a server does: its certificate, the versions it speaks, whether it asks for a certificate.
fn config(
    name: &str,
    versions: &[&'static SupportedProtocolVersion],
    ask: bool,
) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .unwrap();
    let builder = if ask {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(certs("ca.pem")).unwrap())
            .unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let chain = CertificateDer::pem_file_iter(certs(&format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(certs(&format!("{name}-key.pem"))).unwrap();
    Arc::new(
        builder
            .with_single_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap(),
    )
}

fn any_version(name: &str) -> Arc<ServerConfig> {
    config(name, rustls::ALL_VERSIONS, false)
}

type Stream = StreamOwned<ServerConnection, TcpStream>;

fn accept_tls(listener: &TcpListener, config: &Arc<ServerConfig>) -> Stream {
    let connection = ServerConnection::new(config.clone()).unwrap();
    StreamOwned::new(connection, accept(listener))
}

/// Good-bye with close_notify.
fn close(mut stream: Stream) {
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

fn url(address: std::net::SocketAddr) -> String {
    format!("https://{address}/acs")
}

#[test]
fn posts_go_over_one_connection_in_either_version() {
    // TL-01 TL-02 HT-08
    for (versions, expected) in [
        (vec![&version::TLS12], ProtocolVersion::TLSv1_2),
        (vec![&version::TLS13], ProtocolVersion::TLSv1_3),
        (
            vec![&version::TLS12, &version::TLS13],
            ProtocolVersion::TLSv1_3,
        ),
    ] {
        let config = config("server", &versions, false);
        let (address, acs) = server(move |listener| {
            let mut stream = accept_tls(&listener, &config);
            for i in 0..3 {
                assert_eq!(request(&mut stream).1, format!("post {i}").into_bytes());
                answer(&mut stream, "ok");
            }
            assert_eq!(stream.conn.protocol_version(), Some(expected));
            // Taken leave of with close_notify.
            stream.read(&mut [0]).unwrap()
        });
        let mut client = tls_client("ca.pem");
        for i in 0..3 {
            let reply = client
                .post(&url(address), format!("post {i}").as_bytes())
                .unwrap();
            assert_eq!((reply.body.as_slice(), reply.closed), (&b"ok"[..], false));
        }
        assert_eq!(client.acs.deadline(), None);
        client.acs.close();
        assert_eq!(acs.join().unwrap(), 0);
    }
}

#[test]
fn an_unknown_issuer_or_host_gets_no_byte_of_http() {
    // TL-03 TL-04
    for (ca, certificate, expected) in [
        ("other-ca.pem", "server", HandshakeError::UntrustedIssuer),
        ("ca.pem", "expired", HandshakeError::Expired),
        (
            "ca.pem",
            "wrong-host",
            HandshakeError::WrongHost(vec!["other.test".to_owned()]),
        ),
    ] {
        let config = any_version(certificate);
        let (address, acs) = server(move |listener| {
            let mut stream = accept_tls(&listener, &config);
            let mut got = Vec::new();
            let end = stream.read_to_end(&mut got);
            (got, end.is_err())
        });
        match tls_client(ca).post(&url(address), b"secret") {
            Err(ConnectError::Tls(error)) => assert_eq!(error, expected),
            other => panic!("{other:?}"),
        }
        // The server was told with an alert.
        assert_eq!(acs.join().unwrap(), (Vec::new(), true));
    }
}

#[test]
fn nothing_older_than_tls_1_2_is_spoken() {
    // TL-01: a server that chooses TLS 1.1.
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        let mut header = [0; 5];
        stream.read_exact(&mut header).unwrap();
        let mut hello = vec![0; u16::from_be_bytes([header[3], header[4]]).into()];
        stream.read_exact(&mut hello).unwrap();
        let mut reply = vec![0x02, 0, 0, 38, 3, 2];
        reply.extend([7; 32]);
        reply.extend([0, 0xc0, 0x13, 0]);
        stream
            .write_all(&[0x16, 3, 2, 0, reply.len() as u8])
            .unwrap();
        stream.write_all(&reply).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        // The client's answer is an alert.
        rest.first().copied()
    });
    match tls_client("ca.pem").post(&url(address), b"secret") {
        Err(ConnectError::Tls(HandshakeError::NothingInCommon(_))) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(acs.join().unwrap(), Some(0x15));
}

#[test]
fn a_server_without_tls_is_told() {
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    });
    match tls_client("ca.pem").post(&url(address), b"") {
        Err(ConnectError::Tls(e @ HandshakeError::NotTls)) => {
            assert_eq!(e.to_string(), "the server does not speak TLS on this port");
        }
        other => panic!("{other:?}"),
    }
    acs.join().unwrap();
}

#[test]
fn a_server_that_closes_in_the_handshake_is_told() {
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        let _ = stream.read(&mut [0; 4096]).unwrap();
    });
    let error = tls_client("ca.pem").post(&url(address), b"").unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Closed {
                phase: Phase::Handshake
            } | ConnectError::Broken {
                phase: Phase::Handshake,
                ..
            }
        ),
        "{error}"
    );
    acs.join().unwrap();
}

/// A hosts file that leads these names to the loopback interface.
fn hosts(names: &str) -> PathBuf {
    let id = format!("{}-{}", names.len(), std::process::id());
    let path = std::env::temp_dir().join(format!("cwmpd-net-tls-hosts-{id}"));
    std::fs::write(&path, format!("127.0.0.1 {names}\n")).unwrap();
    path
}

#[test]
fn a_name_is_indicated_and_an_address_is_not() {
    // TL-07
    let config = any_version("server");
    let (address, acs) = server(move |listener| {
        let mut indicated = Vec::new();
        for _ in 0..2 {
            let mut stream = accept_tls(&listener, &config);
            request(&mut stream);
            indicated.push(stream.conn.server_name().map(str::to_owned));
            answer(&mut stream, "ok");
            close(stream);
        }
        indicated
    });
    let mut settings = trusting("ca.pem");
    settings.resolver.hosts = hosts("acs.test");
    let mut client = Client::new(settings.clone());
    let name = format!("https://acs.test:{}/", address.port());
    client.post(&name, b"").unwrap();
    client.post(&url(address), b"").unwrap();
    std::fs::remove_file(&settings.resolver.hosts).unwrap();
    assert_eq!(acs.join().unwrap(), [Some("acs.test".to_owned()), None]);
}

#[test]
fn a_client_certificate_is_shown_and_challenges_are_answered_as_well() {
    // TL-08 TL-10
    for versions in [&[&version::TLS12][..], &[&version::TLS13][..]] {
        let config = config("server", versions, true);
        let (address, acs) = server(move |listener| {
            let mut stream = accept_tls(&listener, &config);
            request(&mut stream);
            write!(stream, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n").unwrap();
            stream.flush().unwrap();
            request(&mut stream);
            answer(&mut stream, "ok");
            let shown = stream.conn.peer_certificates().unwrap()[0].clone();
            assert_eq!(
                shown,
                CertificateDer::from_pem_file(certs("client.pem")).unwrap()
            );
            // And one without a certificate.
            let mut stream = accept_tls(&listener, &config);
            assert!(stream.read(&mut [0]).is_err());
        });
        let mut with = trusting("ca.pem");
        with.tls.certificate = Some(certs("client.pem"));
        with.tls.key = Some(certs("client-key.pem"));
        let mut client = Client::new(with);
        assert_eq!(client.post(&url(address), b"one").unwrap().status, 401);
        let reply = client.post(&url(address), b"two").unwrap();
        assert_eq!((reply.status, reply.reconnected), (200, false));
        client.acs.close();

        let error = tls_client("ca.pem")
            .post(&url(address), b"secret")
            .unwrap_err();
        assert!(
            matches!(
                error,
                ConnectError::Tls(HandshakeError::ClientCertificate(_))
            ),
            "{error}"
        );
        acs.join().unwrap();
    }
}

#[test]
fn sessions_are_resumed_with_the_same_host_and_verified_anew_with_another() {
    // TL-11
    let config = any_version("server");
    let (address, acs) = server(move |listener| {
        let mut kinds = Vec::new();
        for _ in 0..3 {
            let mut stream = accept_tls(&listener, &config);
            request(&mut stream);
            answer(&mut stream, "ok");
            kinds.push(stream.conn.handshake_kind().unwrap());
            close(stream);
        }
        let mut stream = accept_tls(&listener, &config);
        assert!(stream.read(&mut [0]).is_err());
        kinds
    });
    let mut settings = trusting("ca.pem");
    settings.resolver.hosts = hosts("acs.test bcs.test");
    let mut client = Client::new(settings.clone());
    let at = |host: &str| format!("https://{host}:{}/", address.port());
    for host in ["acs.test", "acs.test", "localhost"] {
        client.post(&at(host), b"").unwrap();
    }
    let error = client.post(&at("bcs.test"), b"secret").unwrap_err();
    std::fs::remove_file(&settings.resolver.hosts).unwrap();
    assert!(
        matches!(error, ConnectError::Tls(HandshakeError::WrongHost(_))),
        "{error}"
    );
    assert_eq!(
        acs.join().unwrap(),
        [
            HandshakeKind::Full,
            HandshakeKind::Resumed,
            HandshakeKind::Full
        ]
    );
}

#[test]
fn a_missing_close_notify_matters_only_when_bytes_are_missing() {
    // TL-14
    let config = any_version("server");
    let (address, acs) = server(move |listener| {
        for reply in [
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        ] {
            let mut stream = accept_tls(&listener, &config);
            request(&mut stream);
            stream.write_all(reply.as_bytes()).unwrap();
            stream.flush().unwrap();
            stream.sock.shutdown(Shutdown::Write).unwrap();
            let _ = io::copy(&mut stream.sock, &mut io::sink());
        }
    });
    let mut client = tls_client("ca.pem");
    for _ in 0..2 {
        let reply = client.post(&url(address), b"").unwrap();
        assert_eq!((reply.body.as_slice(), reply.closed), (&b"ok"[..], true));
    }
    for _ in 0..2 {
        let error = client.post(&url(address), b"").unwrap_err();
        assert!(
            matches!(error, ConnectError::Closed { phase: Phase::Body }),
            "{error}"
        );
    }
    acs.join().unwrap();
}

#[test]
fn a_kept_connection_that_closes_is_replaced() {
    // HT-09, with and without close_notify
    let config = any_version("server");
    let (address, acs) = server(move |listener| {
        for polite in [true, false] {
            let mut stream = accept_tls(&listener, &config);
            request(&mut stream);
            answer(&mut stream, "ok");
            assert_eq!(request(&mut stream).1, b"again");
            if polite {
                close(stream);
            }
        }
        let mut stream = accept_tls(&listener, &config);
        assert_eq!(request(&mut stream).1, b"again");
        answer(&mut stream, "ok");
    });
    let mut client = tls_client("ca.pem");
    client.post(&url(address), b"one").unwrap();
    // The second connection answers this one and closes on the next.
    assert!(client.post(&url(address), b"again").unwrap().reconnected);
    assert!(client.post(&url(address), b"again").unwrap().reconnected);
    acs.join().unwrap();
}

/// Passes everything on in single bytes.
struct Dribble(TcpStream);

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Dribble {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        for byte in buffer {
            self.0.write_all(&[*byte])?;
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn records_may_come_in_single_bytes() {
    let config = any_version("server");
    let (address, acs) = server(move |listener| {
        let socket = accept(&listener);
        socket.set_nodelay(true).unwrap();
        let connection = ServerConnection::new(config).unwrap();
        let mut stream = StreamOwned::new(connection, Dribble(socket));
        assert_eq!(request(&mut stream).1, b"inform");
        answer(&mut stream, "ok");
    });
    assert_eq!(
        tls_client("ca.pem")
            .post(&url(address), b"inform")
            .unwrap()
            .body,
        b"ok"
    );
    acs.join().unwrap();
}

#[test]
fn large_bodies_pass_both_ways() {
    // HT-25
    let body: Vec<u8> = (0..3_000_000u32).map(|i| (i / 7) as u8).collect();
    let expected = body.clone();
    let config = any_version("server");
    let (address, acs) = server(move |listener| {
        let mut stream = accept_tls(&listener, &config);
        let (_, got) = request(&mut stream);
        assert!(got == expected);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
            got.len()
        )
        .unwrap();
        stream.write_all(&got).unwrap();
        stream.flush().unwrap();
        stream.read(&mut [0]).unwrap()
    });
    let mut client = tls_client("ca.pem");
    let reply = client.post(&url(address), &body).unwrap();
    assert!(reply.body == body && !reply.closed);
    client.acs.close();
    acs.join().unwrap();
}

#[test]
fn other_options_count_from_the_next_connection_on() {
    let config = any_version("other-server");
    let (address, acs) = server(move |listener| {
        let mut refused = accept_tls(&listener, &config);
        assert!(refused.read(&mut [0]).is_err());
        let mut stream = accept_tls(&listener, &config);
        request(&mut stream);
        answer(&mut stream, "ok");
    });
    let mut client = tls_client("ca.pem");
    assert!(client.post(&url(address), b"").is_err());
    let mut insecure = support::settings();
    insecure.tls.insecure = true;
    client.acs.configure(insecure);
    assert_eq!(client.post(&url(address), b"").unwrap().body, b"ok");
    acs.join().unwrap();
}
