//! Requests as text, judged at chosen moments.

use super::*;
use crate::wire::http::challenge::Parameters;
use crate::wire::http::digest::{Answerer, Challenge};
use crate::wire::http::request::parse;
use proptest::prelude::*;

const PATH: &str = "/8f3ac91b";

fn user() -> Credentials {
    Credentials {
        username: "cr".into(),
        password: "s3cret".into(),
    }
}

/// A gate with its clock and its randomness.
struct Rig {
    gate: Gate,
    now: Instant,
    seed: u8,
}

impl Rig {
    fn new(credentials: Option<Credentials>) -> Rig {
        let now = Instant::now();
        let gate = Gate::new(PATH.into(), credentials, now, &mut |bytes| bytes.fill(42));
        Rig { gate, now, seed: 0 }
    }

    fn judge(&mut self, request: &str) -> Answer {
        let head = parse(request.as_bytes()).unwrap().expect(request);
        self.seed = self.seed.wrapping_add(1);
        let seed = self.seed;
        self.gate
            .judge(&head, self.now, &mut |bytes| bytes.fill(seed))
    }

    fn get(&mut self, target: &str, authorization: &str) -> Answer {
        self.judge(&format!(
            "GET {target} HTTP/1.1\r\nHost: h\r\nAuthorization: {authorization}\r\n\r\n"
        ))
    }

    /// A challenge for the path, MD5 or SHA-256.
    fn challenge(&mut self, index: usize) -> String {
        let answer = self.judge(&format!("GET {PATH} HTTP/1.1\r\n\r\n"));
        assert_eq!(
            (answer.status, answer.cause),
            (401, Some(Cause::Unauthenticated))
        );
        challenges(&answer)[index].clone()
    }

    /// What someone with these credentials would send next.
    fn answerer(&mut self) -> Answerer {
        let challenge = self.challenge(0);
        Answerer::new(understood(&challenge))
    }
}

fn challenges(answer: &Answer) -> Vec<String> {
    answer
        .headers
        .iter()
        .filter(|(n, _)| *n == "WWW-Authenticate")
        .map(|(_, v)| v.clone())
        .collect()
}

fn understood(challenge: &str) -> Challenge {
    Challenge::best(&Parameters::list(challenge.as_bytes())).unwrap()
}

fn sign(answerer: &mut Answerer, user: &Credentials, method: &str, uri: &str) -> String {
    answerer.authorization(user, method, uri, &[], &mut |bytes| bytes.fill(7))
}

#[test]
fn the_right_answer_to_a_challenge_is_accepted() {
    // CR-01 CR-02 CR-05
    let mut rig = Rig::new(Some(user()));
    let mut answerer = rig.answerer();
    let answer = rig.get(PATH, &sign(&mut answerer, &user(), "GET", PATH));
    assert_eq!(
        answer,
        Answer {
            status: 200,
            headers: Vec::new(),
            cause: None
        }
    );
}

#[test]
fn md5_and_sha_256_are_offered_with_one_fresh_nonce() {
    // CR-02 CR-13
    let mut rig = Rig::new(Some(user()));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (md5, sha) = (understood(&rig.challenge(0)), understood(&rig.challenge(1)));
        assert_eq!(
            (md5.algorithm, sha.algorithm),
            (Some(Algorithm::Md5), Some(Algorithm::Sha256))
        );
        let answer = rig.judge(&format!("GET {PATH} HTTP/1.1\r\n\r\n"));
        let nonces: Vec<String> = challenges(&answer)
            .iter()
            .map(|c| understood(c).nonce)
            .collect();
        assert_eq!(nonces[0], nonces[1]);
        assert!(!seen.contains(&nonces[0]));
        seen.push(nonces[0].clone());
    }
    let mut sha = Answerer::new(understood(&rig.challenge(1)));
    let authorization = sign(&mut sha, &user(), "GET", PATH);
    assert!(authorization.contains("SHA-256"));
    assert_eq!(rig.get(PATH, &authorization).status, 200);
}

#[test]
fn wrong_credentials_get_a_fresh_challenge_that_is_not_stale() {
    // CR-02
    for (username, password) in [
        ("cr", "wrong"),
        ("CR", "s3cret"),
        ("", ""),
        ("cr", ""),
        ("é", "s3cret"),
    ] {
        let mut rig = Rig::new(Some(user()));
        let mut answerer = rig.answerer();
        let wrong = Credentials {
            username: username.into(),
            password: password.into(),
        };
        let answer = rig.get(PATH, &sign(&mut answerer, &wrong, "GET", PATH));
        assert_eq!(
            (answer.status, answer.cause),
            (401, Some(Cause::Credentials)),
            "{username}"
        );
        assert!(
            challenges(&answer)
                .iter()
                .all(|c| !understood(c).stale && understood(c).nonce != answerer.nonce())
        );
    }
}

#[test]
fn other_schemes_and_broken_headers_are_wrong_credentials() {
    // CR-02 CR-15
    let mut rig = Rig::new(Some(user()));
    for header in [
        "Basic Y3I6czNjcmV0",
        "Bearer x",
        "Digest",
        "Digest é=é",
        "",
        "Digest username=\"cr",
    ] {
        assert_eq!(
            rig.get(PATH, header).cause,
            Some(Cause::Credentials),
            "{header}"
        );
    }
}

#[test]
fn without_a_password_nothing_is_ever_accepted() {
    // CR-02
    for credentials in [
        None,
        Some(Credentials {
            username: "cr".into(),
            password: String::new(),
        }),
    ] {
        let mut rig = Rig::new(credentials);
        for user in [
            user(),
            Credentials {
                username: "cr".into(),
                password: String::new(),
            },
        ] {
            let mut answerer = rig.answerer();
            let answer = rig.get(PATH, &sign(&mut answerer, &user, "GET", PATH));
            assert_eq!(
                (answer.status, answer.cause),
                (401, Some(Cause::Credentials))
            );
        }
    }
}

#[test]
fn other_paths_and_methods_are_refused_whoever_asks() {
    // CR-04
    let mut rig = Rig::new(Some(user()));
    for (method, target, status) in [
        ("GET", "/", 404),
        ("GET", "/8f3ac91", 404),
        ("GET", "/8f3ac91b/", 404),
        ("GET", "/8F3AC91B", 404),
        ("GET", "*", 404),
        ("GET", "http://h/", 404),
        ("POST", PATH, 405),
        ("HEAD", PATH, 405),
        ("get", PATH, 405),
        ("OPTIONS", "*", 404),
    ] {
        let mut answerer = rig.answerer();
        let authorization = sign(&mut answerer, &user(), method, target);
        let answer = rig.judge(&format!(
            "{method} {target} HTTP/1.1\r\nAuthorization: {authorization}\r\n\r\n"
        ));
        assert_eq!(answer.status, status, "{method} {target}");
        assert_eq!(
            answer.headers.contains(&("Allow", "GET".to_string())),
            status == 405
        );
    }
}

#[test]
fn the_uri_must_be_the_target_in_either_form() {
    // CR-11 CR-12: request target, uri, status
    let absolute = format!("http://192.0.2.10:7547{PATH}");
    let query = format!("{PATH}?a=b");
    for (target, uri, status) in [
        (PATH, PATH, 200),
        (&absolute, PATH, 200),
        (&absolute, &absolute, 200),
        (PATH, &absolute, 200),
        (&query, &query, 200),
        (&query, PATH, 400),
        (PATH, &query, 400),
        (PATH, "/", 400),
        (PATH, "", 400),
    ] {
        let mut rig = Rig::new(Some(user()));
        let mut answerer = rig.answerer();
        assert_eq!(
            rig.get(target, &sign(&mut answerer, &user(), "GET", uri))
                .status,
            status,
            "{target} {uri}"
        );
    }
}

#[test]
fn a_replay_starts_nothing_and_is_told_to_try_again() {
    // CR-11
    let mut rig = Rig::new(Some(user()));
    let mut answerer = rig.answerer();
    let first = sign(&mut answerer, &user(), "GET", PATH);
    let second = sign(&mut answerer, &user(), "GET", PATH);
    assert_eq!(rig.get(PATH, &first).status, 200);
    assert_eq!(rig.get(PATH, &second).status, 200);
    for replay in [&first, &second] {
        let answer = rig.get(PATH, replay);
        assert_eq!((answer.status, answer.cause), (401, Some(Cause::Replayed)));
        assert!(challenges(&answer).iter().all(|c| understood(c).stale));
    }
    assert_eq!(
        rig.get(PATH, &sign(&mut answerer, &user(), "GET", PATH))
            .status,
        200
    );
}

#[test]
fn a_signature_for_another_method_or_realm_is_wrong() {
    // CR-11
    let mut rig = Rig::new(Some(user()));
    let mut answerer = rig.answerer();
    assert_eq!(
        rig.get(PATH, &sign(&mut answerer, &user(), "POST", PATH))
            .cause,
        Some(Cause::Credentials)
    );
    let other = rig.challenge(0).replace(REALM, "elsewhere");
    let mut answerer = Answerer::new(understood(&other));
    assert_eq!(
        rig.get(PATH, &sign(&mut answerer, &user(), "GET", PATH))
            .cause,
        Some(Cause::Credentials)
    );
}

#[test]
fn an_old_nonce_is_stale_only_with_the_right_password() {
    // CR-11
    let mut rig = Rig::new(Some(user()));
    let mut answerer = rig.answerer();
    rig.now += Duration::from_secs(3600);
    let wrong = Credentials {
        username: "cr".into(),
        password: "x".into(),
    };
    assert_eq!(
        rig.get(PATH, &sign(&mut answerer, &wrong, "GET", PATH))
            .cause,
        Some(Cause::Credentials)
    );
    let answer = rig.get(PATH, &sign(&mut answerer, &user(), "GET", PATH));
    assert_eq!((answer.status, answer.cause), (401, Some(Cause::Stale)));
    let fresh = understood(&challenges(&answer)[0]);
    assert!(fresh.stale);
    let mut answerer = Answerer::new(fresh);
    assert_eq!(
        rig.get(PATH, &sign(&mut answerer, &user(), "GET", PATH))
            .status,
        200
    );
}

#[test]
fn a_client_without_qop_is_accepted_once_per_nonce() {
    // CR-13: RFC 2069
    let mut rig = Rig::new(Some(user()));
    let old = rig.challenge(0).replace("qop=\"auth\", ", "");
    let mut answerer = Answerer::new(understood(&old));
    let authorization = sign(&mut answerer, &user(), "GET", PATH);
    assert!(!authorization.contains("qop"));
    assert_eq!(rig.get(PATH, &authorization).status, 200);
    assert_eq!(rig.get(PATH, &authorization).cause, Some(Cause::Replayed));
}

#[test]
fn too_many_are_refused_for_a_while_only() {
    // CR-08
    let mut rig = Rig::new(Some(user()));
    let ask = |rig: &mut Rig| {
        rig.now += Duration::from_millis(1);
        let mut answerer = rig.answerer();
        rig.get(PATH, &sign(&mut answerer, &user(), "GET", PATH))
    };
    for _ in 0..ACCEPTED_PER_WINDOW {
        assert_eq!(ask(&mut rig).status, 200);
    }
    let last = rig.now;
    for _ in 0..100 {
        let answer = ask(&mut rig);
        assert_eq!((answer.status, answer.cause), (503, Some(Cause::Throttled)));
        assert_eq!(answer.headers, []);
    }
    rig.now = last + WINDOW - Duration::from_millis(ACCEPTED_PER_WINDOW as u64 + 1);
    assert_eq!(ask(&mut rig).status, 503);
    assert_eq!(ask(&mut rig).status, 200);
}

#[test]
fn strangers_use_up_nothing() {
    // CR-08 CR-11: neither the rate nor the nonce of the ACS
    let mut rig = Rig::new(Some(user()));
    let mut answerer = rig.answerer();
    let wrong = Credentials {
        username: "cr".into(),
        password: "x".into(),
    };
    for _ in 0..1000 {
        let mut stranger = rig.answerer();
        assert_eq!(
            rig.get(PATH, &sign(&mut stranger, &wrong, "GET", PATH))
                .status,
            401
        );
    }
    assert_eq!(
        rig.get(PATH, &sign(&mut answerer, &user(), "GET", PATH))
            .status,
        200
    );
}

#[test]
fn changed_path_and_credentials_are_in_force_at_once() {
    // CR-19
    let mut rig = Rig::new(Some(user()));
    let new = Credentials {
        username: "new".into(),
        password: "neu:ü\"".into(),
    };
    let mut answerer = rig.answerer();
    rig.gate.change("/new".into(), Some(new.clone()));
    assert_eq!(
        rig.get(PATH, &sign(&mut answerer, &user(), "GET", PATH))
            .status,
        404
    );
    assert_eq!(
        rig.get("/new", &sign(&mut answerer, &user(), "GET", "/new"))
            .status,
        401
    );
    assert_eq!(
        rig.get("/new", &sign(&mut answerer, &new, "GET", "/new"))
            .status,
        200
    );
}

proptest! {
    #[test]
    fn nothing_is_accepted_by_chance(target in "(/8f3ac91b|http://|\\*)?[!-~]{0,8}", header in "(Digest )?(nonce|nc|qop|uri|username|[a-zé=\", ]){0,12}\\PC{0,30}") {
        let mut rig = Rig::new(Some(user()));
        if let Ok(Some(head)) = parse(format!("GET {target} HTTP/1.1\r\nAuthorization: {header}\r\n\r\n").as_bytes()) {
            let answer = rig.gate.judge(&head, rig.now, &mut |bytes| bytes.fill(1));
            prop_assert!(answer.cause.is_some() && answer.status >= 400);
        }
    }
}
