//! Files over HTTPS.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use cwmpd::jobs::transfer::Order;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::{Folder, accept, answer, body, certs, content, fault, head, server, transfer, value};

/// A server with this certificate, which may ask for one.
fn config(name: &str, ask: bool) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
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
    let config = builder.with_single_cert(chain.map(Result::unwrap).collect(), key);
    Arc::new(config.unwrap())
}

type Stream = StreamOwned<ServerConnection, TcpStream>;

fn accept_tls(listener: &TcpListener, config: &Arc<ServerConfig>) -> Stream {
    let connection = ServerConnection::new(config.clone()).unwrap();
    StreamOwned::new(connection, accept(listener))
}

fn close(mut stream: Stream) {
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

fn order(folder: &Folder, address: SocketAddr) -> Order {
    Order {
        ca_file: Some(certs("ca.pem")),
        ..folder.get(format!("https://{address}/file"))
    }
}

#[test]
fn a_file_goes_both_ways_and_goes_on_after_a_break() {
    let (folder, file) = (Folder::new(), content(300_000));
    let sent = file.clone();
    let (address, server) = server(move |listener| {
        let config = config("server", false);
        let mut stream = accept_tls(&listener, &config);
        head(&mut stream);
        let part = b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 300000\r\n\r\n";
        stream.write_all(part).unwrap();
        stream.write_all(&sent[..100_000]).unwrap();
        drop(stream);
        let mut stream = accept_tls(&listener, &config);
        assert_eq!(value(&head(&mut stream), "If-Range"), "\"1\"");
        answer(
            &mut stream,
            "206 Part\r\nContent-Range: bytes 100000-299999/300000",
            &sent[100_000..],
        );
        close(stream);
        let mut stream = accept_tls(&listener, &config);
        let head = head(&mut stream);
        assert!(head.starts_with("PUT /file "));
        assert!(body(&mut stream, &head) == sent);
        answer(&mut stream, "200 OK", b"");
        close(stream);
    });
    let order = order(&folder, address);
    assert_eq!(transfer(&order), Ok(300_000));
    assert!(folder.read() == file);
    let order = Order {
        get: false,
        ..order
    };
    assert_eq!(transfer(&order), Ok(300_000));
    server.join().unwrap();
}

#[test]
fn the_end_of_a_file_must_be_said() {
    // TL-14: whoever cuts the connection must not be able to shorten the file.
    for (ends, expected) in [(true, Ok(4)), (false, Err(9017))] {
        let folder = Folder::new();
        let (address, server) = server(move |listener| {
            let mut stream = accept_tls(&listener, &config("server", false));
            head(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nfile").unwrap();
            stream.flush().unwrap();
            if ends {
                close(stream);
            }
        });
        let order = Order {
            // The server is gone for the next try.
            limit_seconds: 60,
            ..order(&folder, address)
        };
        let result = transfer(&order).map_err(|failure| failure.fault);
        server.join().unwrap();
        match expected {
            Ok(_) => assert_eq!(result, expected),
            // Cut off at first, and then gone.
            Err(_) => assert!(matches!(result, Err(9015 | 9017)), "{result:?}"),
        }
    }
}

#[test]
fn a_bad_certificate_is_9015_in_words() {
    // TL-04
    for (name, ca, words) in [
        ("other-server", "ca.pem", "not issued by a trusted CA"),
        ("wrong-host", "ca.pem", "for another host"),
        ("expired", "ca.pem", "has expired"),
        ("server", "none.pem", "cannot read the CA certificate"),
    ] {
        let folder = Folder::new();
        let (address, server) = server(move |listener| {
            if ca == "ca.pem" {
                let mut stream = accept_tls(&listener, &config(name, false));
                let _ = stream.conn.complete_io(&mut stream.sock);
            } else {
                accept(&listener);
            }
        });
        let order = Order {
            ca_file: Some(certs(ca)),
            ..order(&folder, address)
        };
        let (code, text) = fault(&order);
        assert_eq!((code, text.contains(words)), (9015, true), "{text}");
        server.join().unwrap();
    }
    let folder = Folder::new();
    let (address, server) = server(|listener| {
        let mut stream = accept_tls(&listener, &config("wrong-host", false));
        head(&mut stream);
        answer(&mut stream, "200 OK", b"x");
        close(stream);
    });
    let order = Order {
        insecure: true,
        ..order(&folder, address)
    };
    assert_eq!(transfer(&order), Ok(1));
    server.join().unwrap();
}

#[test]
fn a_client_certificate_is_shown() {
    // TL-08
    for known in [true, false] {
        let folder = Folder::new();
        let (address, server) = server(move |listener| {
            let mut stream = accept_tls(&listener, &config("server", true));
            if stream.conn.complete_io(&mut stream.sock).is_ok() {
                head(&mut stream);
                answer(&mut stream, "200 OK", b"x");
                close(stream);
            }
        });
        let order = Order {
            client_cert: known.then(|| certs("client.pem")),
            client_key: known.then(|| certs("client-key.pem")),
            ..order(&folder, address)
        };
        match known {
            true => assert_eq!(transfer(&order), Ok(1)),
            false => assert_eq!(fault(&order).0, 9015),
        }
        server.join().unwrap();
    }
}

#[test]
fn a_password_does_not_follow_from_https_to_http() {
    let folder = Folder::new();
    let (plain, first) = server(|listener| {
        let mut stream = accept(&listener);
        let head = head(&mut stream);
        answer(
            &mut stream,
            "401 No\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"n\"",
            b"",
        );
        head
    });
    let (address, second) = server(move |listener| {
        let mut stream = accept_tls(&listener, &config("server", false));
        head(&mut stream);
        answer(
            &mut stream,
            &format!("302 Found\r\nLocation: http://{plain}/"),
            b"",
        );
        close(stream);
    });
    let order = Order {
        username: "kathi".to_owned(),
        password: "geheim".to_owned(),
        basic_over_http: true,
        ..order(&folder, address)
    };
    assert_eq!(fault(&order).0, 9012);
    assert_eq!(value(&first.join().unwrap(), "Authorization"), "");
    second.join().unwrap();
}
