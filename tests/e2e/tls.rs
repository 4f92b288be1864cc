//! TLS towards the ACS: who is trusted, for which name, and with which certificate of our own.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};

use crate::support::acs::{Acs, at_first, digest};
use crate::support::daemon::{ACS_PASSWORD, ACS_USER, Daemon};
use crate::support::digest::{Algorithm, Challenge};
use crate::support::http::{Framing, Reply};
use crate::support::server::tls;

/// A daemon that trusts the test CA.
fn trusting(url: &str) -> Daemon {
    let daemon = Daemon::new(url);
    let ca = daemon.install_cert("ca.pem");
    daemon.acs("tls_ca_file", &ca)
}

/// The handshake fails, so the ACS hears nothing.
fn refused(acs: &Acs, daemon: &Daemon) {
    daemon.wait_failed_sessions(1);
    assert!(acs.brain.lock().requests.is_empty());
}

#[test]
fn a_good_certificate() // TL-03 TL-04
{
    let mut acs = Acs::builder().tls(tls("server", None)).start();
    let _by_address = trusting(&acs.url()).start();
    assert_eq!(acs.session().connections.len(), 1);
    let _by_name = trusting(&acs.url_with("localhost")).start();
    acs.session();
}

#[test]
fn records_of_one_byte_and_an_end_without_length() // HT-13
{
    let mut acs = Acs::builder()
        .tls(tls("server", None))
        .layer(|request, next| match next(request) {
            reply if reply.status == 200 => reply.framing(Framing::UntilClose).split().close(),
            reply => reply,
        })
        .start();
    let _daemon = trusting(&acs.url()).start();
    acs.session();
}

#[test]
fn an_authority_that_is_not_trusted() // TL-03
{
    let acs = Acs::builder().tls(tls("other-server", None)).start();
    refused(&acs, &trusting(&acs.url()).start());
}

#[test]
fn a_certificate_for_another_host() // TL-04
{
    let acs = Acs::builder().tls(tls("wrong-host", None)).start();
    refused(&acs, &trusting(&acs.url()).start());
}

#[test]
fn a_redirect_to_tls_is_to_the_host_of_the_certificate() // RD-06 RD-09 TL-04
{
    // Both listen at 127.0.0.1; the certificate of the first is for that and for localhost, that of the other is not.
    for (name, good) in [("server", true), ("wrong-host", false)] {
        let mut secure = Acs::builder().tls(tls(name, None)).start();
        let url = secure.url_with("localhost");
        let first = Acs::builder()
            .layer(at_first(1, move |_| {
                Reply::status(307).header("Location", url.clone())
            }))
            .start();
        let daemon = trusting(&first.url()).start();
        if good {
            secure.session();
            let requests = secure.wait_requests(2);
            assert_eq!(requests[0].body, first.wait_requests(1)[0].body);
            assert!(requests[0].header("Authorization").is_none());
        } else {
            refused(&secure, &daemon);
        }
        daemon.wait_log(&["redirected: url=https://localhost:"]);
    }
}

#[test]
fn an_expired_certificate() // TL-03
{
    let acs = Acs::builder().tls(tls("expired", None)).start();
    refused(&acs, &trusting(&acs.url()).start());
}

#[test]
fn a_server_that_speaks_no_tls() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // A TLS client has no use for this, whether it arrives or not.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    let daemon = trusting(&url).start();
    daemon.wait_failed_sessions(1);
}

#[test]
fn a_client_certificate_where_it_is_demanded() // TL-08
{
    let mut acs = Acs::builder().tls(tls("server", Some("ca.pem"))).start();
    let daemon = trusting(&acs.url());
    let (cert, key) = (
        daemon.install_cert("client.pem"),
        daemon.install_cert("client-key.pem"),
    );
    let _daemon = daemon
        .acs("tls_client_cert", &cert)
        .acs("tls_client_key", &key)
        .start();
    acs.session();
}

#[test]
fn no_client_certificate_where_it_is_demanded() // TL-08
{
    let acs = Acs::builder().tls(tls("server", Some("ca.pem"))).start();
    refused(&acs, &trusting(&acs.url()).start());
}

#[test]
fn basic_is_answered_over_tls_only() // AU-13 AU-14
{
    let basic = "Basic MDBEMEQwLWNwZTphY3MtcGFzc3cwcmQ="; // 00D0D0-cpe:acs-passw0rd
    let demand = move |request: &crate::support::http::Request,
                       next: crate::support::acs::Next<'_>| {
        match request.header("Authorization") {
            Some(value) if value == basic => next(request),
            _ => Reply::status(401).header("WWW-Authenticate", "Basic realm=\"acs\""),
        }
    };
    let mut secure = Acs::builder()
        .tls(tls("server", None))
        .layer(demand)
        .start();
    let _first = trusting(&secure.url()).start();
    secure.session();
    let plain = Acs::builder().layer(demand).start();
    let second = Daemon::new(&plain.url()).start();
    second.wait_failed_sessions(1);
    assert!(plain.brain.lock().informs.is_empty());
}

#[test]
fn digest_over_tls() // AU-03 HT-10
{
    let challenge = Challenge::new("n", Algorithm::Sha256);
    let mut acs = Acs::builder()
        .tls(tls("server", None))
        .layer(digest(challenge, ACS_USER, ACS_PASSWORD))
        .start();
    let _daemon = trusting(&acs.url()).start();
    assert_eq!(acs.session().connections.len(), 1);
}
