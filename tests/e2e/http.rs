//! HTTP towards the ACS: how replies may come, what ends a session, authentication, redirects.

use crate::support::acs::{Acs, Next, at_first, digest};
use crate::support::brain::Session;
use crate::support::daemon::{ACS_PASSWORD, ACS_USER, Daemon};
use crate::support::digest::{Algorithm, Challenge, verify};
use crate::support::http::{End, Framing, Reply, Request};
use crate::support::rpc;

/// A first session with one read in it, through `layer`.
fn session_through(layer: impl FnMut(&Request, Next<'_>) -> Reply + Send + 'static) -> Session {
    let mut acs = Acs::builder().layer(layer).start();
    acs.plan([rpc::get_values(&["Device.DeviceInfo."])]);
    let _daemon = Daemon::new(&acs.url()).start();
    let session = acs.session();
    assert_eq!(session.inform.retry_count(), 0);
    assert!(
        session.answers[0]
            .values()
            .contains_key("Device.DeviceInfo.SerialNumber"),
        "{:?}",
        session.answers
    );
    session
}

#[test]
fn replies_in_single_bytes() // HT-12
{
    session_through(|request, next| next(request).split());
}

#[test]
fn replies_in_chunks_of_one_byte() // HT-12
{
    session_through(|request, next| next(request).framing(Framing::Chunked(1)).split());
}

#[test]
fn replies_that_end_with_the_connection() // HT-13 HT-09
{
    let session = session_through(|request, next| match next(request) {
        reply if reply.status == 200 => reply.framing(Framing::UntilClose).close(),
        reply => reply,
    });
    assert_eq!(session.connections.len(), 3);
}

#[test]
fn unasked_100_continue() // HT-14
{
    session_through(|request, next| next(request).interim());
}

#[test]
fn replies_of_http_1_0() // HT-11
{
    let session = session_through(|request, next| {
        let reply = Reply {
            old: true,
            ..next(request)
        };
        if reply.status == 200 {
            reply.header("Connection", "keep-alive")
        } else {
            reply
        }
    });
    assert_eq!(session.connections.len(), 1);
}

#[test]
fn closing_after_each_reply_continues_the_session() // HT-09 SE-02
{
    let session = session_through(|request, next| match next(request) {
        reply if reply.status == 200 => reply.close(),
        reply => reply,
    });
    assert_eq!(session.connections.len(), 3);
}

#[test]
fn an_empty_200_ends_the_session() // HT-16
{
    session_through(|request, next| match next(request) {
        reply if reply.status == 204 => Reply {
            status: 200,
            ..reply
        },
        reply => reply,
    });
}

#[test]
fn white_space_counts_as_empty() // HT-17
{
    session_through(|request, next| match next(request) {
        reply if reply.status == 204 => Reply {
            status: 200,
            ..reply
        }
        .body("\r\n"),
        reply => reply,
    });
}

#[test]
fn compressed_replies() {
    session_through(|request, next| {
        let mut reply = next(request);
        if reply.status == 200 {
            reply.body = gzip_stored(&reply.body);
            reply = reply.header("Content-Encoding", "gzip");
        }
        reply
    });
}

/// gzip with one stored block, so that it needs no compressor.
fn gzip_stored(data: &[u8]) -> Vec<u8> {
    let mut crc = u32::MAX;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    let length = data.len() as u16;
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(data);
    out.extend((!crc).to_le_bytes());
    out.extend((data.len() as u32).to_le_bytes());
    out
}

#[test]
fn two_cookies_and_odd_header_spelling() // HT-27
{
    session_through(|request, next| {
        assert!(
            !request.head.contains("gone="),
            "a deleted cookie came back: {}",
            request.head
        );
        let mut reply = next(request);
        for (name, _) in &mut reply.headers {
            *name = name.to_ascii_uppercase();
        }
        reply
            .header("set-COOKIE", "other=\"a b\"; Path=/; Secure=no")
            .header("Set-Cookie", "gone=1; Max-Age=0")
            .header("X-Long", "x".repeat(6000))
    });
}

#[test]
fn the_target_and_the_host_are_those_of_the_url() // HT-01 HT-02
{
    let mut acs = Acs::builder().path("/a/b?x=1&y=%20").start();
    let _daemon = Daemon::new(&acs.url_with("acs.example")).start();
    acs.session();
    for request in acs.wait_requests(2) {
        assert_eq!(request.target, "/a/b?x=1&y=%20");
        assert_eq!(
            request.header("Host"),
            Some(format!("acs.example:{}", acs.address.port()).as_str())
        );
    }
}

#[test]
#[ignore = "needs IPv6"]
fn an_ipv6_literal() // HT-29
{
    let address: std::net::SocketAddr = "[::1]:0".parse().unwrap();
    let mut acs = Acs::builder().at(address).start();
    let _daemon = Daemon::new(&acs.url()).start();
    let inform = acs.session().inform;
    assert!(
        inform
            .value_of(".ConnectionRequestURL")
            .unwrap()
            .starts_with("http://["),
        "{}",
        inform.xml
    ); // CR-17
    assert!(
        acs.wait_requests(1)[0]
            .header("Host")
            .unwrap()
            .starts_with("[::1]:")
    );
}

#[test]
fn a_large_request_and_a_whole_tree() // HT-24 HT-25
{
    let mut acs = Acs::start();
    let long = "x".repeat(40_000);
    acs.plan([
        rpc::get_values(&[&long]),
        rpc::get_values(&["Device."]),
        rpc::get_names("", true),
    ]);
    let _daemon = Daemon::new(&acs.url()).start();
    let session = acs.session();
    assert_eq!(session.answers[0].fault(), Some(9005));
    assert!(session.answers[1].values().len() > 150);
    assert_eq!(session.answers[2].texts("Name"), ["Device."]);
}

/// The first session fails by `fault`; the second, a retry, has the same events.
fn fails_and_is_retried(fault: impl FnMut(&Request) -> Reply + Send + 'static) {
    let mut acs = Acs::builder().layer(at_first(1, fault)).start();
    let _daemon = Daemon::new(&acs.url()).start();
    let inform = acs.session().inform;
    assert_eq!(inform.retry_count(), 1);
    assert_eq!(inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
}

#[test]
fn statuses_that_fail_a_session() // HT-18 RT-03 RT-08
{
    for status in [400, 403, 404, 500, 503] {
        fails_and_is_retried(move |_| Reply::status(status));
    }
}

#[test]
fn a_fault_on_the_inform_fails_the_session() // SE-10
{
    fails_and_is_retried(|request| {
        let id = crate::support::inspect::Message::parse(&request.body).id;
        Reply::xml(rpc::fault(rpc::CWMP_1_2, &id, 8002))
    });
}

#[test]
fn what_is_not_xml_fails_the_session() {
    fails_and_is_retried(|_| Reply::xml("<html><body>It works!</body></html>"));
}

#[test]
fn a_reset_in_the_reply_fails_the_session() // HT-22
{
    fails_and_is_retried(|_| Reply {
        cut: Some(60),
        end: End::Reset,
        ..Reply::xml("x".repeat(500))
    });
}

#[test]
fn a_close_before_the_reply_fails_the_session() // HT-22
{
    fails_and_is_retried(|_| Reply::nothing(End::Close));
}

#[test]
fn events_are_delivered_by_the_inform_response() // RT-09
{
    // The second request of the first session (the empty POST) is reset.
    let mut seen = 0;
    let mut acs = Acs::builder()
        .layer(move |request, next| {
            seen += 1;
            if seen == 2 {
                Reply {
                    cut: Some(20),
                    end: End::Reset,
                    ..next(request)
                }
            } else {
                next(request)
            }
        })
        .start();
    let daemon = Daemon::new(&acs.url()).start();
    acs.inform();
    daemon.wait_failed_sessions(1);
    let output = daemon.cwmp(&["inform"]);
    assert_eq!(output.code, 0, "{output:?}");
    let inform = acs.inform();
    assert!(
        !inform.events().contains(&"1 BOOT".to_owned()),
        "{:?}",
        inform.events()
    );
}

#[test]
fn a_retry_request_gets_the_same_inform_again() // SE-12 HT-20
{
    let layer = at_first(2, |request: &Request| {
        let id = crate::support::inspect::Message::parse(&request.body).id;
        Reply {
            status: 500,
            ..Reply::xml(rpc::fault(rpc::CWMP_1_2, &id, 8005))
        }
    });
    let mut acs = Acs::builder().layer(layer).start();
    let _daemon = Daemon::new(&acs.url()).start();
    assert_eq!(acs.session().inform.retry_count(), 0);
    let requests = acs.wait_requests(3);
    assert_eq!(requests[0].text(), requests[1].text());
    assert_eq!(requests[1].text(), requests[2].text());
}

#[test]
fn the_acs_comes_up_later() // RT-03 RT-08
{
    let mut acs = Acs::builder().down();
    let daemon = Daemon::new(&acs.url()).start();
    daemon.wait_failed_sessions(2);
    acs.up();
    let inform = acs.session().inform;
    assert_eq!(inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    assert!(inform.retry_count() >= 2, "{}", inform.retry_count());
    assert_eq!(daemon.cwmp(&["inform"]).code, 0);
    assert_eq!(acs.session().inform.retry_count(), 0);
}

fn authenticated(challenge: Challenge) {
    let mut acs = Acs::builder()
        .layer(digest(challenge, ACS_USER, ACS_PASSWORD))
        .start();
    let _daemon = Daemon::new(&acs.url()).start();
    let session = acs.session();
    assert_eq!(session.inform.retry_count(), 0); // a 401 is no failed session
    assert_eq!(session.connections.len(), 1); // HT-10
    let requests = acs.wait_requests(2);
    assert_eq!(requests[0].body, requests[1].body);
    assert!(requests[0].header("Authorization").is_none());
}

#[test]
fn digest_in_every_variant() // RT-03 AU-01 AU-02 AU-03 AU-04 AU-05 AU-09 AU-18
{
    use Algorithm::*;
    for algorithm in [Unnamed, Md5, Md5Sess, Sha256, Sha256Sess] {
        authenticated(Challenge::new("n1", algorithm));
    }
    authenticated(Challenge {
        qop: None,
        ..Challenge::new("n2", Unnamed)
    });
    authenticated(Challenge {
        qop: Some("auth,auth-int".into()),
        ..Challenge::new("n3", Md5)
    });
    authenticated(Challenge {
        opaque: Some("o/+=".into()),
        ..Challenge::new("n4", Md5)
    });
}

#[test]
fn the_strongest_of_several_challenges_is_answered() // AU-03 AU-19
{
    let strong = Challenge::new("strong", Algorithm::Sha256);
    let mut acs = Acs::builder()
        .layer(move |request, next| match request.header("Authorization") {
            None if request.is("Inform") => Reply::status(401)
                .header("WWW-Authenticate", "Bearer realm=\"acs\"")
                .header(
                    "WWW-Authenticate",
                    Challenge::new("weak", Algorithm::Md5).header(),
                )
                .header("WWW-Authenticate", strong.header()),
            Some(value) if request.is("Inform") => {
                let parts = (
                    request.method.as_str(),
                    request.target.as_str(),
                    &request.body[..],
                );
                match verify(value, &strong, (ACS_USER, ACS_PASSWORD), parts) {
                    Ok(()) => next(request),
                    Err(_) => Reply::status(403),
                }
            }
            _ => next(request),
        })
        .start();
    let _daemon = Daemon::new(&acs.url()).start();
    assert_eq!(acs.session().inform.retry_count(), 0);
}

#[test]
fn a_stale_nonce_is_replaced_at_once() // AU-07
{
    let (old, new) = (
        Challenge::new("old", Algorithm::Md5),
        Challenge::new("new", Algorithm::Md5),
    );
    let mut acs = Acs::builder()
        .layer(move |request, next| match request.header("Authorization") {
            Some(value) if value.contains("\"new\"") => next(request),
            Some(_) => Reply::status(401).header(
                "WWW-Authenticate",
                Challenge {
                    stale: true,
                    ..new.clone()
                }
                .header(),
            ),
            None => Reply::status(401).header("WWW-Authenticate", old.header()),
        })
        .start();
    let _daemon = Daemon::new(&acs.url()).start();
    assert_eq!(acs.session().inform.retry_count(), 0);
}

#[test]
fn every_new_connection_is_challenged_again() // AU-17 HT-09
{
    let mut acs = Acs::builder()
        .layer(|request, next| match next(request) {
            reply if reply.status == 200 => reply.close(),
            reply => reply,
        })
        .layer(digest(
            Challenge::new("n", Algorithm::Md5),
            ACS_USER,
            ACS_PASSWORD,
        ))
        .start();
    acs.plan([rpc::get_values(&["Device.DeviceInfo."])]);
    let _daemon = Daemon::new(&acs.url()).start();
    let session = acs.session();
    assert_eq!(session.answers[0].fault(), None);
    assert!(session.connections.len() > 1);
}

#[test]
fn a_wrong_password_fails_the_session_without_a_storm() // AU-11 HT-18
{
    let mut acs = Acs::builder()
        .layer(digest(
            Challenge::new("n", Algorithm::Md5),
            ACS_USER,
            "another",
        ))
        .start();
    let daemon = Daemon::new(&acs.url()).start();
    daemon.wait_failed_sessions(1);
    // One try, one answer to the challenge; a second answer only where the first was `stale`.
    assert!(
        acs.brain.lock().requests.len() <= 3,
        "{}",
        acs.brain.lock().requests.len()
    );
    assert!(acs.brain.lock().informs.is_empty());
    acs.stop();
}

/// A layer that sends everyone elsewhere.
fn redirect(status: u16, to: String) -> impl FnMut(&Request, Next<'_>) -> Reply {
    move |_, _| Reply::status(status).header("Location", to.clone())
}

#[test]
fn redirects_across_hosts_do_not_carry_credentials() // RD-01 RD-04 RD-05 RD-09
{
    for status in [302, 307] {
        let challenge = Challenge::new("there", Algorithm::Md5);
        let mut there = Acs::builder()
            .layer(digest(challenge, ACS_USER, ACS_PASSWORD))
            .path("/there")
            .start();
        let here = Acs::builder()
            .layer(digest(
                Challenge::new("here", Algorithm::Md5),
                ACS_USER,
                ACS_PASSWORD,
            ))
            .layer(redirect(status, there.url_with("localhost")))
            .start();
        let daemon = Daemon::new(&here.url()).start();
        let session = there.session();
        assert_eq!(session.inform.retry_count(), 0);
        let first = &there.wait_requests(1)[0];
        assert_eq!(first.target, "/there");
        assert!(first.header("Authorization").is_none(), "{}", first.head);
        assert_eq!(first.body, here.wait_requests(2)[1].body);
        // Only for that session: the next one starts at the configured URL again.
        let before = here.brain.lock().requests.len();
        assert_eq!(daemon.cwmp(&["inform"]).code, 0);
        there.session();
        assert!(here.brain.lock().requests.len() > before);
    }
}

#[test]
fn a_circle_of_redirects_ends() // RD-03 RD-07
{
    let acs = Acs::builder()
        .path("/round")
        .layer(redirect(302, "/round".to_owned()))
        .start();
    let daemon = Daemon::new(&acs.url()).start();
    daemon.wait_failed_sessions(1);
    let requests = acs.brain.lock().requests.len();
    assert!((6..12).contains(&requests), "{requests} requests"); // the first and at most five more, once or twice
}
