//! The policy of a session, one table or scene per rule.

use super::*;
use crate::wire::http::digest::{Algorithm, Authorization, server};
use proptest::prelude::*;

const USER: &str = "00D0D0-RG-1";

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn credentials() -> Credentials {
    Credentials {
        username: USER.into(),
        password: "p:ä\"".into(),
    }
}

fn dialogue(text: &str) -> Dialogue {
    Dialogue::new(url(text), Some(credentials()), Policy::default())
}

fn headers(list: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    list.iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect()
}

fn send(dialogue: &mut Dialogue, body: &str) -> Vec<(String, String)> {
    dialogue.request(&body.as_bytes().into(), None, &mut |bytes| bytes.fill(7))
}

fn sent(dialogue: &mut Dialogue, name: &str) -> Option<String> {
    send(dialogue, "<x/>")
        .into_iter()
        .find(|(n, _)| n == name)
        .map(|(_, value)| value)
}

fn reply(dialogue: &mut Dialogue, status: u16, list: &[(&str, &str)]) -> Verdict {
    dialogue.reply(status, &headers(list), Some(1_800_000_000))
}

fn digest(nonce: &str) -> String {
    server::challenge("acs", nonce, None, Algorithm::Md5, Some("auth"), false)
}

fn challenge(dialogue: &mut Dialogue, header: &str) -> Verdict {
    reply(dialogue, 401, &[("WWW-Authenticate", header)])
}

fn redirect(dialogue: &mut Dialogue, location: &str) -> Verdict {
    reply(dialogue, 307, &[("Location", location)])
}

/// The nonce count of the next POST, whose response must be right.
fn count(dialogue: &mut Dialogue) -> Option<u32> {
    let authorization = Authorization::read(sent(dialogue, "Authorization")?.as_bytes()).unwrap();
    assert!(authorization.verify(&credentials(), "POST", b"<x/>"));
    assert_eq!(authorization.uri, dialogue.url().target.as_bytes()); // AU-10
    authorization.nc
}

fn refused(refusal: Refusal) -> Verdict {
    Verdict::Failed(HttpFailure::Unauthorized(refusal))
}

fn status(code: u16) -> Verdict {
    Verdict::Failed(HttpFailure::Status {
        code,
        retry_after: None,
    })
}

#[test]
fn a_post_with_an_envelope_has_the_headers_of_tr_069() {
    // HT-02 HT-03 HT-04
    let policy = Policy {
        user_agent: "cwmpd\r\nX: y".into(),
        ..Policy::default()
    };
    let mut session = Dialogue::new(url("http://127.0.0.1:7547/a?x=1"), None, policy);
    let expected = [
        ("Host", "127.0.0.1:7547"),
        ("User-Agent", "cwmpdX: y"),
        ("Content-Type", "text/xml; charset=utf-8"),
        ("SOAPAction", ""),
        ("Content-Length", "4"),
        ("Accept-Encoding", "gzip, deflate"),
    ];
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(n, v)| (n.to_string(), v.to_string()))
        .collect();
    assert_eq!(send(&mut session, "<x/>"), expected);
}

#[test]
fn an_empty_post_has_neither_soapaction_nor_content_type() {
    // HT-05 HT-06
    let mut session = dialogue("http://acs/");
    let names: Vec<String> = session
        .request(&Payload::default(), Some("gzip"), &mut |_| ())
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    assert_eq!(names, ["Host", "Content-Length", "Accept-Encoding"]);
}

#[test]
fn a_content_coding_is_named() {
    // CP-01
    let list = dialogue("http://acs/").request(&b"zz"[..].into(), Some("gzip"), &mut |_| ());
    assert!(list.contains(&("Content-Encoding".into(), "gzip".into())));
}

#[test]
fn statuses_deliver_or_fail() {
    // HT-16 HT-18 CP-02
    for code in [200, 204] {
        assert_eq!(
            reply(&mut dialogue("http://acs/"), code, &[]),
            Verdict::Deliver
        );
    }
    for code in [
        201, 202, 206, 303, 304, 305, 400, 403, 404, 405, 407, 415, 502, 503,
    ] {
        assert_eq!(reply(&mut dialogue("http://acs/"), code, &[]), status(code));
    }
}

#[test]
fn a_500_is_delivered_if_it_can_be_a_fault() {
    // HT-20
    for (list, verdict) in [
        (
            &[("Content-Type", "text/xml; charset=utf-8")][..],
            Verdict::Deliver,
        ),
        (
            &[("content-type", "application/SOAP+XML")],
            Verdict::Deliver,
        ),
        (&[("Content-Length", "9")], Verdict::Deliver),
        (&[], Verdict::Deliver),
        (&[("Content-Type", "text/html")], status(500)),
        (
            &[("Content-Type", "text/xml"), ("Content-Length", "0")],
            status(500),
        ),
    ] {
        assert_eq!(
            reply(&mut dialogue("http://acs/"), 500, list),
            verdict,
            "{list:?}"
        );
    }
}

#[test]
fn retry_after_is_read_as_seconds_and_as_date_and_is_bounded() {
    // HT-19
    let wait = |list: &[(&str, &str)]| match reply(&mut dialogue("http://acs/"), 503, list) {
        Verdict::Failed(HttpFailure::Status {
            code: 503,
            retry_after,
        }) => retry_after.map(|wait| wait.as_secs()),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(&[("Retry-after", " 60 ")]), Some(60));
    assert_eq!(
        wait(&[("Retry-After", "99999999999999999999999")]),
        Some(86400)
    );
    let date = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(
        wait(&[("Retry-After", "Sun, 06 Nov 1994 08:50:37 GMT"), date]),
        Some(60)
    );
    assert_eq!(
        wait(&[("Retry-After", "Sun, 06 Nov 1994 08:40:37 GMT"), date]),
        Some(0)
    );
    assert_eq!(
        wait(&[("Retry-After", "Fri, 15 Jan 2027 08:01:40 GMT")]),
        Some(100)
    );
    for bad in ["", "-1", "soon"] {
        assert_eq!(wait(&[("Retry-After", bad), date]), None, "{bad}");
    }
}

#[test]
fn credentials_come_after_a_challenge_and_then_with_every_post() {
    // AU-01 AU-06 AU-12 AU-13
    let mut session = dialogue("http://acs/a/b?x=1");
    assert_eq!(count(&mut session), None);
    assert_eq!(challenge(&mut session, &digest("n1")), Verdict::Again);
    for nc in 1..=4 {
        assert_eq!(count(&mut session), Some(nc));
        assert_eq!(reply(&mut session, 200, &[]), Verdict::Deliver);
    }
    assert_eq!(count(&mut session), Some(5));
}

#[test]
fn the_same_nonce_again_ends_the_session() {
    // AU-11
    let mut session = dialogue("http://acs/");
    send(&mut session, "x");
    assert_eq!(challenge(&mut session, &digest("n")), Verdict::Again);
    send(&mut session, "x");
    assert_eq!(
        challenge(&mut session, &digest("n")),
        refused(Refusal::Rejected)
    );
}

#[test]
fn an_acs_that_always_challenges_is_not_hammered() {
    // AU-11: with fresh nonces, with stale ones, with Basic, through redirects
    let posts = |answer: &dyn Fn(u32) -> (u16, &'static str, String)| {
        let mut session = dialogue("https://acs/");
        for post in 1..100 {
            send(&mut session, "x");
            let (status, name, value) = answer(post);
            if let Verdict::Failed(_) = reply(&mut session, status, &[(name, &value)]) {
                return post;
            }
        }
        panic!("no end");
    };
    assert_eq!(
        posts(&|n| (401, "WWW-Authenticate", digest(&n.to_string()))),
        3
    );
    assert_eq!(
        posts(&|n| (
            401,
            "WWW-Authenticate",
            digest(&n.to_string()) + ", stale=true"
        )),
        5
    );
    assert_eq!(
        posts(&|_| (401, "WWW-Authenticate", digest("same") + ", stale=true")),
        5
    );
    assert_eq!(
        posts(&|_| (401, "WWW-Authenticate", "Basic realm=\"x\"".into())),
        2
    );
    assert!(
        posts(&|n| match n % 2 {
            0 => (302, "Location", format!("https://acs{n}/")),
            _ => (401, "WWW-Authenticate", digest(&n.to_string())),
        }) < 20
    );
}

#[test]
fn a_stale_nonce_is_replaced_at_once() {
    // AU-07
    let mut session = dialogue("http://acs/");
    challenge(&mut session, &digest("n1"));
    for _ in 0..2 {
        count(&mut session);
        reply(&mut session, 200, &[]);
    }
    assert_eq!(count(&mut session), Some(3));
    assert_eq!(
        challenge(&mut session, &(digest("n2") + ", stale=TRUE")),
        Verdict::Again
    );
    assert_eq!(count(&mut session), Some(1));
    assert_eq!(reply(&mut session, 200, &[]), Verdict::Deliver);
}

#[test]
fn a_new_connections_challenge_is_answered_in_mid_session() {
    // AU-17 AU-18: GenieACS forgets who we are with the socket, every time
    let mut session = dialogue("http://acs/");
    for connection in 0..20 {
        send(&mut session, "x");
        assert_eq!(
            challenge(&mut session, &digest(&format!("n{connection}"))),
            Verdict::Again
        );
        assert_eq!(count(&mut session), Some(1));
        assert_eq!(reply(&mut session, 200, &[]), Verdict::Deliver);
    }
}

#[test]
fn nextnonce_is_used_for_the_next_post() {
    // AU-08
    let mut session = dialogue("http://acs/");
    challenge(&mut session, &digest("n1"));
    assert_eq!(count(&mut session), Some(1));
    reply(
        &mut session,
        200,
        &[("Authentication-Info", "rspauth=\"0\", nextnonce=\"n2\"")],
    );
    let authorization =
        Authorization::read(sent(&mut session, "Authorization").unwrap().as_bytes()).unwrap();
    assert_eq!(
        (authorization.nonce.as_slice(), authorization.nc),
        (&b"n2"[..], Some(1))
    );
}

#[test]
fn the_best_of_several_headers_is_answered() {
    // AU-03 AU-19
    let mut session = dialogue("http://acs/");
    let list = headers(&[
        ("WWW-Authenticate", "Negotiate"),
        ("WWW-Authenticate", "Basic realm=\"x\""),
        ("www-authenticate", &digest("weak")),
        (
            "WWW-Authenticate",
            &digest("strong").replace("MD5", "SHA-256"),
        ),
    ]);
    assert_eq!(session.reply(401, &list, None), Verdict::Again);
    let authorization =
        Authorization::read(sent(&mut session, "Authorization").unwrap().as_bytes()).unwrap();
    assert_eq!(authorization.algorithm, Algorithm::Sha256);
}

#[test]
fn challenges_that_cannot_be_answered_say_why() {
    let table = [
        (
            "http://acs/",
            "Bearer realm=\"x\"",
            Refusal::NoUsableChallenge,
        ),
        (
            "http://acs/",
            "Digest realm=\"x\"",
            Refusal::NoUsableChallenge,
        ),
        (
            "http://acs/",
            "Digest realm=\"x\", nonce=\"n\", algorithm=X",
            Refusal::NoUsableChallenge,
        ),
        ("http://acs/", "é", Refusal::NoUsableChallenge),
        ("http://acs/", "Basic realm=\"x\"", Refusal::BasicWithoutTls),
    ];
    for (at, header, refusal) in table {
        assert_eq!(
            challenge(&mut dialogue(at), header),
            refused(refusal),
            "{header}"
        );
    }
    assert_eq!(
        reply(&mut dialogue("http://acs/"), 401, &[]),
        refused(Refusal::NoUsableChallenge)
    );
    let mut nobody = Dialogue::new(url("http://acs/"), None, Policy::default());
    assert_eq!(
        challenge(&mut nobody, &digest("n")),
        Verdict::Failed(HttpFailure::NoCredentials)
    );
    let colon = Credentials {
        username: "a:b".into(),
        password: String::new(),
    };
    let mut colon = Dialogue::new(url("https://acs/"), Some(colon), Policy::default());
    assert_eq!(
        challenge(&mut colon, "Basic realm=x"),
        refused(Refusal::ColonInUsername)
    );
}

#[test]
fn basic_goes_over_tls_or_where_the_configuration_allows_it() {
    // AU-13 AU-14 AU-15 TL-10
    let mut secure = dialogue("https://acs/");
    assert_eq!(sent(&mut secure, "Authorization"), None);
    assert_eq!(challenge(&mut secure, "Basic realm=\"x\""), Verdict::Again);
    let allowed = Policy {
        basic_over_http: true,
        ..Policy::default()
    };
    let mut plain = Dialogue::new(url("http://acs/"), Some(credentials()), allowed);
    assert_eq!(challenge(&mut plain, "Basic"), Verdict::Again);
    for session in [&mut secure, &mut plain] {
        for _ in 0..2 {
            let authorization = sent(session, "Authorization").unwrap();
            assert_eq!(basic::read(authorization.as_bytes()), Some(credentials()));
            assert_eq!(reply(session, 200, &[]), Verdict::Deliver);
        }
    }
    redirect(&mut plain, "http://acs:81/");
    assert_eq!(
        challenge(&mut plain, "Basic"),
        refused(Refusal::BasicWithoutTls)
    );
}

#[test]
fn redirects_are_followed_at_any_point_of_the_session() {
    // RD-01 RD-02 RD-06 RD-07 RD-08
    let mut session = dialogue("http://acs/a/b");
    for (status, location, at) in [
        (302, "http://acs/x?y", "http://acs/x?y"),
        (307, "../z", "http://acs/z"),
        (301, "https://other:8443/", "https://other:8443/"),
        (308, "/q", "https://other:8443/q"),
    ] {
        assert_eq!(reply(&mut session, 200, &[]), Verdict::Deliver);
        assert_eq!(
            reply(&mut session, status, &[("location", location)]),
            Verdict::Moved
        );
        assert_eq!(session.url().to_string(), at);
        assert_eq!(
            sent(&mut session, "Host"),
            Some(session.url().host_header())
        );
    }
}

#[test]
fn five_redirects_in_a_row_are_followed_and_a_sixth_is_not() {
    // RD-03
    let mut session = dialogue("http://acs/0");
    for round in 0..2 {
        for hop in 1..=5 {
            assert_eq!(
                redirect(&mut session, &format!("/{round}{hop}")),
                Verdict::Moved
            );
        }
        assert_eq!(reply(&mut session, 200, &[]), Verdict::Deliver);
    }
    for hop in 1..=5 {
        assert_eq!(redirect(&mut session, &format!("/{hop}")), Verdict::Moved);
    }
    assert_eq!(
        redirect(&mut session, "/6"),
        Verdict::Failed(HttpFailure::TooManyRedirects)
    );
}

#[test]
fn a_redirect_to_nowhere_fails_the_session() {
    // RD-11
    let failed = |error| Verdict::Failed(HttpFailure::BadRedirect(error));
    assert_eq!(
        reply(&mut dialogue("http://acs/"), 302, &[]),
        failed(UrlError::Empty)
    );
    assert_eq!(
        redirect(&mut dialogue("http://acs/"), ""),
        failed(UrlError::Empty)
    );
    assert_eq!(
        redirect(&mut dialogue("http://acs/"), "ftp://acs/"),
        failed(UrlError::Scheme)
    );
    let bytes = vec![("Location".to_string(), b"/\xff".to_vec())];
    assert_eq!(
        dialogue("http://acs/").reply(307, &bytes, None),
        failed(UrlError::Encoding)
    );
}

#[test]
fn another_origin_gets_credentials_only_in_answer_to_its_own_challenge() {
    // RD-09
    for other in ["http://other/", "http://acs:81/", "https://acs/"] {
        let mut session = dialogue("http://acs/");
        challenge(&mut session, &digest("n1"));
        assert_eq!(count(&mut session), Some(1));
        assert_eq!(redirect(&mut session, other), Verdict::Moved);
        assert_eq!(sent(&mut session, "Authorization"), None, "{other}");
        assert_eq!(challenge(&mut session, &digest("n2")), Verdict::Again);
        assert_eq!(count(&mut session), Some(1), "{other}");
    }
    let mut session = dialogue("http://acs/");
    challenge(&mut session, &digest("n1"));
    assert_eq!(count(&mut session), Some(1));
    redirect(&mut session, "/x");
    assert_eq!(count(&mut session), Some(2));
}

#[test]
fn another_origin_gets_basic_over_tls_only() {
    // RD-09 AU-14
    let allowed = Policy {
        basic_over_http: true,
        ..Policy::default()
    };
    for (other, verdict) in [
        ("https://other/", Verdict::Again),
        ("http://other/", refused(Refusal::BasicWithoutTls)),
    ] {
        let mut session = Dialogue::new(url("http://acs/"), Some(credentials()), allowed.clone());
        redirect(&mut session, other);
        assert_eq!(
            challenge(&mut session, "Basic realm=\"x\""),
            verdict,
            "{other}"
        );
    }
}

#[test]
fn after_tls_no_credentials_go_over_plain_http() {
    // RD-09
    let allowed = Policy {
        basic_over_http: true,
        ..Policy::default()
    };
    for (home, first) in [
        ("https://acs/", "http://acs/"),
        ("http://acs/", "https://acs/"),
    ] {
        let mut session = Dialogue::new(url(home), Some(credentials()), allowed.clone());
        redirect(&mut session, first);
        redirect(&mut session, "http://acs/");
        assert_eq!(sent(&mut session, "Authorization"), None);
        for header in [&digest("n"), "Basic realm=\"x\""] {
            assert_eq!(challenge(&mut session, header), refused(Refusal::Downgrade));
        }
    }
}

#[test]
fn cookies_travel_with_the_session() {
    // CK-01 CK-08 CK-11 RD-10
    let mut session = dialogue("http://acs/cwmp");
    reply(
        &mut session,
        401,
        &[("WWW-Authenticate", &digest("n")), ("Set-Cookie", "a=1")],
    );
    assert_eq!(sent(&mut session, "Cookie").as_deref(), Some("a=1"));
    reply(
        &mut session,
        302,
        &[("Location", "/x"), ("Set-Cookie", "b=2; Path=/")],
    );
    assert_eq!(sent(&mut session, "Cookie").as_deref(), Some("a=1; b=2"));
    redirect(&mut session, "http://other/");
    assert_eq!(sent(&mut session, "Cookie"), None);
    redirect(&mut session, "http://acs/");
    assert_eq!(sent(&mut session, "Cookie").as_deref(), Some("a=1; b=2"));
    assert_eq!(sent(&mut dialogue("http://acs/cwmp"), "Cookie"), None);
}

#[test]
fn failures_explain_themselves_without_secrets() {
    for failure in [
        HttpFailure::Status {
            code: 503,
            retry_after: Some(Duration::from_secs(60)),
        },
        HttpFailure::NoCredentials,
        HttpFailure::Unauthorized(Refusal::Rejected),
        HttpFailure::BadRedirect(UrlError::Empty),
    ] {
        let text = failure.to_string();
        assert!(
            text.starts_with("the ACS ") && !text.contains(USER),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn no_replies_break_a_session_or_leak_without_a_challenge(
        replies in proptest::collection::vec((0u16..600, "[A-Za-z-]{0,5}|WWW-Authenticate|Location|Set-Cookie", "\\PC{0,20}|(Digest|Basic) \\PC{0,30}|https?://[a-c]/.{0,5}"), 0..12),
    ) {
        let mut session = dialogue("http://a/");
        for (status, name, value) in &replies {
            let authorized = send(&mut session, "x").iter().any(|(name, _)| name == "Authorization");
            prop_assert!(!authorized || replies.iter().any(|(status, ..)| *status == 401));
            reply(&mut session, *status, &[(name, value)]);
        }
    }
}
