//! Vectors of the RFCs, and both sides against each other.

use super::client::{Answerer, Challenge};
use super::server::{Authorization, Malformed};
use super::*;
use crate::wire::http::Credentials;
use crate::wire::http::challenge::Parameters;
use proptest::prelude::*;

const MUFASA: (&str, &str) = ("Mufasa", "Circle of Life");

fn credentials(username: &str, password: &str) -> Credentials {
    Credentials {
        username: username.into(),
        password: password.into(),
    }
}

fn challenge(header: &str) -> Challenge {
    Challenge::best(&Parameters::list(header.as_bytes())).expect(header)
}

fn parameters(header: &str) -> Parameters {
    Parameters::list(header.as_bytes()).remove(0)
}

/// Answers with a client nonce of sevens.
fn answer(header: &str, user: &Credentials, method: &str, uri: &str, body: &[u8]) -> String {
    Answerer::new(challenge(header))
        .authorization(user, method, uri, &[body], &mut |b| b.fill(0x77))
}

fn vector(
    algorithm: Algorithm,
    nonce: &str,
    cnonce: &str,
    password: &str,
    realm: &str,
    qop: bool,
) -> String {
    response(&Inputs {
        algorithm,
        username: b"Mufasa",
        realm: realm.as_bytes(),
        password: password.as_bytes(),
        nonce: nonce.as_bytes(),
        cnonce: cnonce.as_bytes(),
        method: b"GET",
        uri: b"/dir/index.html",
        qop: qop.then_some((Qop::Auth, b"00000001")),
        body: &[],
    })
}

#[test]
fn rfc_7616_examples_3_9_1() {
    // AU-01 AU-03
    let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    let realm = "http-auth@example.org";
    assert_eq!(
        vector(Algorithm::Md5, nonce, cnonce, MUFASA.1, realm, true),
        "8ca523f5e9506fed4657c9700eebdbec"
    );
    assert_eq!(
        vector(Algorithm::Sha256, nonce, cnonce, MUFASA.1, realm, true),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

#[test]
fn rfc_2617_example_3_5() {
    let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
    let realm = "testrealm@host.com";
    assert_eq!(
        vector(
            Algorithm::Md5,
            nonce,
            "0a4f113b",
            "Circle Of Life",
            realm,
            true
        ),
        "6629fae49393a05397450978507c4ef1"
    );
}

#[test]
fn rfc_2069_example_with_its_erratum() {
    // AU-05: RFC 2069 2.4; its printed response is wrong, errata 749 has the right one.
    let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
    assert_eq!(
        vector(
            Algorithm::Md5,
            nonce,
            "",
            "CircleOfLife",
            "testrealm@host.com",
            false
        ),
        "1949323746fe6a43ef61f9606e7febea"
    );
}

#[test]
fn session_key_algorithms_hash_a1_with_both_nonces() {
    // AU-02, against the formula spelled out
    for (sess, plain) in [
        (Algorithm::Md5Sess, Algorithm::Md5),
        (Algorithm::Sha256Sess, Algorithm::Sha256),
    ] {
        let a1 = plain.hash(&[plain.hash(&[b"Mufasa:r:p"]).as_bytes(), b"n", b"c"]);
        let a2 = plain.hash(&[b"GET:/dir/index.html"]);
        let expected = plain.hash(&[format!("{a1}:n:00000001:c:auth:{a2}").as_bytes()]);
        assert_eq!(vector(sess, "n", "c", "p", "r", true), expected);
    }
}

#[test]
fn what_curl_answers_is_accepted() {
    // AU-01 AU-02 AU-03 AU-05 AU-09 AU-15: an independent implementation (curl 7.88), GET without a body
    let user = credentials("Jäsøn", "p:\"ö\\");
    for header in [
        r#"Digest username="Jäsøn", realm="a \"b\" c", nonce="n1", uri="/a?b=1", cnonce="Y2U0MWVhZmY3YjliYmMxN2YwZTM5NDJjMDRiZGVhY2Q=", nc=00000001, qop=auth, response="809ea7fe32ef279e80abe5b94f49e773", algorithm=MD5-sess"#,
        r#"Digest username="Jäsøn", realm="a \"b\" c", nonce="n1", uri="/a?b=1", cnonce="NjYxODhkYTk1YTIxNDcxNTY4ZDFlZTRhYzYwMWYxZTE=", nc=00000001, qop=auth, response="8778a145c1af5aa975498fcb0fe8d1727ed4855cd43e341a1258ce29192b2970", algorithm=SHA-256-sess"#,
        r#"Digest username="Jäsøn", realm="a \"b\" c", nonce="n1", uri="/a?b=1", cnonce="OTg1ZjQ0ZmY0ZmM3NDMxNzVjMmE3NTBjNGQ2NjU4YTQ=", nc=00000001, qop=auth, response="0a06a4d8f1ad873b32fd42882b190fa10266ea43bdb01643c22c0bae0cfaa777", algorithm=SHA-256"#,
        r#"Digest username="Jäsøn", realm="a \"b\" c", nonce="n1", uri="/a?b=1", cnonce="MTQwZDVlZGZlN2ZmYjc5ZTRjZDcyMjRmN2Q1YjE2Nzg=", nc=00000001, qop=auth, response="4d0a998f87c66ec0f51d08f987fae0ce", algorithm=MD5"#,
        r#"Digest username="Jäsøn", realm="r", nonce="n1", uri="/a?b=1", cnonce="ODE4MjM5YTljOTFlY2Q1NGQ0YjczYmQ0ZjBkY2Q4MWM=", nc=00000001, qop=auth-int, response="371f55cb0d1c25c09dc9bb7b8118a537""#,
        r#"Digest username="Jäsøn", realm="r", nonce="n1", uri="/a?b=1", response="e354ff00f4bdaf0da828e104ba4d5f081955dea7f42a2c8c37dbe3daaf77685b", opaque="x", algorithm=SHA-256"#,
    ] {
        let read = Authorization::read(header.as_bytes()).unwrap();
        assert!(read.verify(&user, "GET", b""), "{header}");
        assert!(!read.verify(&credentials("Jäsøn", "p"), "GET", b""));
    }
}

#[test]
fn sha_256_is_preferred_whatever_the_order() {
    // AU-03 AU-19
    let md5 = r#"Digest realm="r", nonce="a", qop="auth", algorithm=MD5"#;
    let sha = r#"Digest realm="r", nonce="b", qop="auth", algorithm="sha-256""#;
    for both in [
        format!("{md5}, {sha}"),
        format!("{sha}, {md5}"),
        format!("Negotiate, {md5}, Bearer realm=\"x\", {sha}"),
    ] {
        assert_eq!(challenge(&both).nonce, "b", "{both}");
    }
    let unknown = r#"Digest realm="r", nonce="c", algorithm=SHA-512-256"#;
    assert_eq!(challenge(&format!("{unknown}, {md5}")).nonce, "a");
    assert_eq!(Challenge::best(&Parameters::list(unknown.as_bytes())), None);
}

#[test]
fn qop_is_auth_where_offered_auth_int_alone_and_absent_for_rfc_2069() {
    // AU-04 AU-05
    let table = [
        (r#", qop="auth""#, Some(Qop::Auth)),
        (r#", qop="auth,auth-int""#, Some(Qop::Auth)),
        (r#", qop="auth-int, AUTH""#, Some(Qop::Auth)),
        (", qop=auth", Some(Qop::Auth)),
        (r#", qop="auth-int""#, Some(Qop::AuthInt)),
        (r#", qop="""#, None),
        ("", None),
    ];
    for (text, qop) in table {
        assert_eq!(
            challenge(&format!("Digest realm=\"r\", nonce=\"n\"{text}")).qop,
            qop,
            "{text}"
        );
    }
    let unknown = Parameters::list(br#"Digest realm="r", nonce="n", qop="token""#);
    assert_eq!(Challenge::best(&unknown), None);
}

#[test]
fn without_qop_neither_nc_nor_cnonce_is_sent() {
    // AU-05
    let sent = parameters(&answer(
        r#"Digest realm="r", nonce="n""#,
        &credentials("u", "p"),
        "POST",
        "/",
        b"",
    ));
    for name in ["qop", "nc", "cnonce", "algorithm", "opaque"] {
        assert_eq!(sent.text(name), None, "{name}");
    }
}

#[test]
fn realm_and_opaque_are_echoed_exactly() {
    // AU-09
    let header = r#"Digest realm="a \"b\", c\\d é", nonce="n,\"", opaque="o=\\, ", qop="auth""#;
    let sent = answer(header, &credentials("u", "p"), "POST", "/", b"");
    for part in [
        r#"realm="a \"b\", c\\d é""#,
        r#"nonce="n,\"""#,
        r#"opaque="o=\\, ""#,
    ] {
        assert!(sent.contains(part), "{sent}");
    }
}

#[test]
fn tokens_go_out_without_quotes() {
    // RFC 7616 3.4: qop, nc and algorithm must not be quoted
    let header = r#"Digest realm="r", nonce="n", algorithm="MD5", qop="auth""#;
    let sent = answer(header, &credentials("u", "p"), "POST", "/x?y", b"");
    for part in ["algorithm=MD5", "qop=auth", "nc=00000001", "uri=\"/x?y\""] {
        assert!(sent.contains(part), "{sent}");
    }
}

#[test]
fn nc_counts_per_nonce_and_the_cnonce_stays_with_it() {
    // AU-06 AU-08
    let mut answerer = Answerer::new(challenge(r#"Digest realm="r", nonce="n", qop="auth""#));
    let mut seed = 0;
    let mut next = |answerer: &mut Answerer| {
        let sent = answerer.authorization(&credentials("u", "p"), "POST", "/", &[], &mut |b| {
            seed += 1;
            b.fill(seed);
        });
        let sent = parameters(&sent);
        (
            sent.text("nc").unwrap().to_string(),
            sent.text("cnonce").unwrap().to_string(),
        )
    };
    let sent: Vec<_> = (0..11).map(|_| next(&mut answerer)).collect();
    assert_eq!(sent[0].0, "00000001");
    assert_eq!(sent[10].0, "0000000b");
    assert!(sent.iter().all(|(_, cnonce)| *cnonce == sent[0].1));
    answerer.next_nonce("n");
    assert_eq!(next(&mut answerer).0, "0000000c");
    answerer.next_nonce("m");
    let (nc, cnonce) = next(&mut answerer);
    assert!(nc == "00000001" && cnonce != sent[0].1);
}

#[test]
fn user_names_outside_ascii() {
    // AU-15
    let user = credentials("Jäsøn Doe", "p");
    let plain = answer(r#"Digest realm="r", nonce="n""#, &user, "POST", "/", b"");
    assert!(plain.contains("username=\"Jäsøn Doe\""), "{plain}");
    let extended = answer(
        r#"Digest realm="r", nonce="n", charset=UTF-8"#,
        &user,
        "POST",
        "/",
        b"",
    );
    assert!(
        extended.contains("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe"),
        "{extended}"
    ); // RFC 7616 3.9.2
    for header in [plain, extended] {
        assert!(
            Authorization::read(header.as_bytes())
                .unwrap()
                .verify(&user, "POST", b"")
        );
    }
}

#[test]
fn credentials_that_cannot_be_checked_are_malformed() {
    let whole = "Digest username=u, realm=r, nonce=n, uri=\"/\", response=0, qop=auth, nc=00000001, cnonce=c";
    assert!(Authorization::read(whole.as_bytes()).is_ok());
    let list: Vec<&str> = whole.trim_start_matches("Digest ").split(", ").collect();
    for missing in list
        .iter()
        .filter(|parameter| !parameter.starts_with("qop"))
    {
        let kept: Vec<&str> = list
            .iter()
            .copied()
            .filter(|parameter| parameter != missing)
            .collect();
        let header = format!("Digest {}", kept.join(", "));
        assert_eq!(
            Authorization::read(header.as_bytes()).err(),
            Some(Malformed::Parameters),
            "{header}"
        );
    }
    for (from, to) in [
        ("auth", "token"),
        ("00000001", "1g"),
        ("00000001", "000000001"),
        ("=c", "=c, algorithm=MD4"),
    ] {
        let header = whole.replacen(from, to, 1);
        assert_eq!(
            Authorization::read(header.as_bytes()).err(),
            Some(Malformed::Parameters),
            "{header}"
        );
    }
    assert_eq!(
        Authorization::read(b"Basic dTpw").err(),
        Some(Malformed::NotDigest)
    );
    assert_eq!(Authorization::read(b"").err(), Some(Malformed::NotDigest));
}

#[test]
fn quoted_bare_and_upper_case_credentials_are_checked_alike() {
    // CR-13
    let user = credentials("u", "p");
    let header = answer(
        r#"Digest realm="r", nonce="n", qop="auth""#,
        &user,
        "GET",
        "/x",
        b"",
    );
    let response = parameters(&header).text("response").unwrap().to_string();
    let quoted_qop = header
        .replace("qop=auth", "qop=\"auth\"")
        .replace("nc=00000001", "nc=\"00000001\"");
    let bare = header
        .replace("\"r\"", "r")
        .replace("\"n\"", "n")
        .replace("\"/x\"", "/x");
    let upper = header.replace(&response, &response.to_ascii_uppercase());
    for header in [&header, &quoted_qop, &bare, &upper] {
        assert!(
            Authorization::read(header.as_bytes())
                .unwrap()
                .verify(&user, "GET", b""),
            "{header}"
        );
    }
    let echoed = header.replace("uri=", "algorithm=SHA-256, uri="); // an MD5 response under another name
    assert!(
        Authorization::read(echoed.as_bytes())
            .unwrap()
            .verify(&user, "GET", b"")
    );
    let read = Authorization::read(header.as_bytes()).unwrap();
    assert!(!read.verify(&user, "POST", b""));
    assert!(!read.verify(&credentials("u", "q"), "GET", b""));
    assert!(!read.verify(&credentials("v", "p"), "GET", b""));
}

proptest! {
    #[test]
    fn what_the_client_answers_the_server_accepts(
        user in "[^\\x00-\\x1f\\x7f]{0,20}", password in "\\PC{0,256}", realm in "[^\\x00-\\x1f\\x7f]{0,20}",
        algorithm in 0usize..4, qop in 0usize..4, body in "\\PC{0,40}", utf8: bool,
    ) {
        // AU-15
        let algorithm = [Algorithm::Md5, Algorithm::Md5Sess, Algorithm::Sha256, Algorithm::Sha256Sess][algorithm];
        let qop = [None, Some("auth"), Some("auth-int"), Some("auth,auth-int")][qop];
        let user = credentials(&user, &password);
        let mut header = server::challenge(&realm, "n/+=", Some("o"), algorithm, qop, false);
        if utf8 {
            header += ", charset=UTF-8";
        }
        let sent = answer(&header, &user, "POST", "/a?b=\"", body.as_bytes());
        let read = Authorization::read(sent.as_bytes()).unwrap();
        prop_assert!(read.verify(&user, "POST", body.as_bytes()));
        prop_assert_eq!(&read.realm, realm.as_bytes());
        prop_assert_eq!(&read.uri, b"/a?b=\"");
        prop_assert_eq!(read.nc, qop.map(|_| 1));
        if qop == Some("auth-int") {
            let other = format!("{body}x");
            prop_assert!(!read.verify(&user, "POST", other.as_bytes()));
        }
    }

    #[test]
    fn no_header_breaks_either_side(bytes in proptest::collection::vec(any::<u8>(), 0..120), text in "Digest (.{0,4}=\"?.{0,4}\"?,){0,8}") {
        for header in [bytes.as_slice(), text.as_bytes()] {
            let _ = Challenge::best(&Parameters::list(header));
            if let Ok(read) = Authorization::read(header) {
                prop_assert!(!read.verify(&credentials("u", "p"), "GET", b""));
            }
        }
        let _ = Authorization::read(format!("Digest username*={text}").as_bytes());
    }
}
