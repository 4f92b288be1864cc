//! What a whole session looks like in HTTP: heads, redirects, cookies, credentials, compression.

use std::io::Write;
use std::process::{Command, Stdio};

use cwmpd::wire::http::{decode_body, encode_zlib};

use crate::cpe::{Cpe, settled};
use crate::support::acs::{Acs, Builder, Next};
use crate::support::brain::Session;
use crate::support::daemon::{ACS_PASSWORD, ACS_USER, Daemon};
use crate::support::digest::{Algorithm, Challenge, parameters, verify};
use crate::support::http::{Reply, Request};
use crate::support::rpc;

const SERIAL: &str = "Device.DeviceInfo.SerialNumber";

/// A first session with two reads, over an ACS with one more layer.
fn session(acs: Builder, home: impl Fn(Daemon) -> Daemon) -> (Acs, Cpe, Session) {
    let mut acs = acs.start();
    acs.plan([rpc::get_values(&[SERIAL]), rpc::get_values(&[SERIAL])]);
    let mut cpe = Cpe::start(home(Daemon::new(&acs.url())));
    let session = cpe.session(&mut acs);
    assert_eq!(session.inform.retry_count(), 0);
    assert!(session.answers.iter().all(|a| a.fault().is_none()));
    (acs, cpe, session)
}

/// The requests so far.
fn requests(acs: &Acs) -> Vec<Request> {
    acs.brain.lock().requests.clone()
}

/// One header of each request.
fn each(requests: &[Request], name: &str) -> Vec<Option<String>> {
    let value = |request: &Request| request.header(name).map(str::to_owned);
    requests.iter().map(value).collect()
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values
        .iter()
        .map(|v| (!v.is_empty()).then(|| (*v).to_owned()))
        .collect()
}

#[test]
fn every_post_has_these_headers_and_no_others() // HT-01 HT-02 HT-03 HT-04 HT-05 HT-06 HT-15
{
    let (acs, _cpe, _) = session(Acs::builder().path("/a/b?x=1&y=%20"), |home| home);
    let host = format!("Host: {}", acs.address);
    let posts = requests(&acs);
    assert_eq!(posts.len(), 4);
    for (at, post) in posts.iter().enumerate() {
        let mut lines: Vec<String> = post.head.split("\r\n").map(str::to_owned).collect();
        lines.retain(|line| !line.starts_with("User-Agent: cwmpd/"));
        let length = format!("Content-Length: {}", post.body.len());
        let mut expected = vec!["POST /a/b?x=1&y=%20 HTTP/1.1", &host];
        if at == 1 {
            assert_eq!(post.body, b"", "the second POST is empty");
        } else {
            expected.extend(["Content-Type: text/xml; charset=utf-8", "SOAPAction: "]);
        }
        expected.push(&length);
        if at > 0 {
            expected.push("Cookie: session=1");
        }
        expected.push("Accept-Encoding: gzip, deflate");
        assert_eq!(lines, expected);
    }
}

/// Answers the POSTs of these numbers, counted from 1, by itself.
fn instead(
    at: &'static [usize],
    mut answer: impl FnMut(usize) -> Reply + Send,
) -> impl FnMut(&Request, Next<'_>) -> Reply + Send {
    let mut count = 0;
    move |request, next| {
        count += 1;
        match at.iter().position(|n| *n == count) {
            Some(index) => answer(index),
            None => next(request),
        }
    }
}

#[test]
fn a_session_may_be_sent_elsewhere_at_any_point() // RD-01 RD-02 RD-04 RD-05 RD-07 RD-08
{
    // The Inform (1), the empty POST (3), a response (5) and one right after a redirect (6) are sent on.
    let locations = [(302, "/c/d"), (307, "../e?f=g"), (308, "x"), (301, "?y")];
    let layer = instead(&[1, 3, 5, 6], move |index| {
        let (status, location) = locations[index];
        Reply::status(status).header("Location", location)
    });
    let acs = Acs::builder().path("/a/b").layer(layer);
    let (mut acs, mut cpe, session) = session(acs, |home| home);
    let posts = requests(&acs);
    let targets: Vec<&str> = posts.iter().map(|post| post.target.as_str()).collect();
    assert_eq!(
        targets,
        [
            "/a/b", "/c/d", "/c/d", "/e?f=g", "/e?f=g", "/x", "/x?y", "/x?y"
        ]
    );
    for sent_on in [0, 2, 4, 5] {
        assert_eq!(posts[sent_on].body, posts[sent_on + 1].body);
        assert_eq!(posts[sent_on + 1].method, "POST");
        for name in ["Content-Type", "SOAPAction"] {
            assert_eq!(posts[sent_on].header(name), posts[sent_on + 1].header(name));
        }
    }
    assert_eq!(session.inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    // The next session begins where the device was told to.
    cpe.inform();
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.events(), ["6 CONNECTION REQUEST"]);
    assert_eq!(requests(&acs)[posts.len()].target, "/a/b");
    assert_eq!(cpe.status()["cwmp"]["acs_url"], acs.url());
}

#[test]
fn five_redirects_are_followed_and_a_bad_one_is_a_failure() // RD-03 RD-11
{
    let hops = |hops: usize| {
        let mut left = hops;
        move |request: &Request, next: Next<'_>| {
            if left == 0 {
                return next(request);
            }
            left -= 1;
            Reply::status(307).header("Location", format!("/hop{left}"))
        }
    };
    session(Acs::builder().layer(hops(5)), |home| home);

    let too_many: fn() -> Reply = || Reply::status(302).header("Location", "/again");
    let bad: [fn() -> Reply; 5] = [
        too_many,
        || Reply::status(302),
        || Reply::status(307).header("Location", ""),
        || Reply::status(302).header("Location", "http://"),
        || Reply::status(302).header("Location", "ftp://acs.example/"),
    ];
    for answer in bad {
        let mut acs = Acs::builder()
            .layer(instead(&[1, 2, 3, 4, 5, 6], move |_| answer()))
            .start();
        let mut cpe = Cpe::start(Daemon::new(&acs.url()));
        cpe.until("a failed session", |cpe| {
            (cpe.status()["statistics"]["failure_sessions"] == 1).then_some(())
        });
        let seen = requests(&acs).len();
        assert!(seen == 1 || seen == 6, "{seen} POSTs");
        assert_eq!(cpe.events(), ["0 BOOTSTRAP", "1 BOOT"]);
        for _ in 0..6 {
            if acs.brain.lock().informs.is_empty() {
                cpe.pass_seconds(1);
            }
        }
        assert!(cpe.session(&mut acs).inform.retry_count() >= 1);
    }
}

#[test]
fn another_host_gets_no_cookie() // RD-10
{
    let there = Acs::builder().at(([127, 0, 0, 2], 0)).start();
    let url = there.url();
    let here = Acs::builder()
        .layer(move |_, _| {
            Reply::status(307)
                .header("Set-Cookie", "here=1; Path=/")
                .header("Location", url.clone())
        })
        .start();
    let mut there = there;
    let mut cpe = Cpe::start(Daemon::new(&here.url()));
    cpe.session(&mut there);
    assert_eq!(each(&requests(&there), "Cookie"), some(&["", "session=1"]));
}

#[test]
fn cookies_are_kept_replaced_deleted_and_given_back()
// CK-01 CK-02 CK-03 CK-04 CK-05 CK-06 CK-07 CK-08 CK-09 CK-10 CK-11
{
    let long = "z".repeat(512);
    let set: [Vec<String>; 5] = [
        // On a 401.
        vec!["early=1".into()],
        vec![
            "a=1; Path=/; HttpOnly; SameSite=Strict; Domain=acs.example".into(),
            format!("long={long}; Max-Age=3600"),
            "quoted=\"x y\"".into(),
            "elsewhere=1; Path=/other".into(),
            "tls=1; Secure".into(),
        ],
        vec!["a=2; Path=/".into(), "gone=1".into()],
        vec![
            "gone=; Max-Age=0".into(),
            "early=; Expires=Thu, 01 Jan 1970 00:00:00 GMT".into(),
        ],
        vec![],
    ];
    let mut at = 0;
    let acs = Acs::builder()
        .path("/acs/inform")
        .layer(move |request, next| {
            let mut reply = match at {
                0 => Reply::status(401).header(
                    "WWW-Authenticate",
                    Challenge::new("n", Algorithm::Md5).header(),
                ),
                _ => next(request),
            };
            for cookie in set.get(at).into_iter().flatten() {
                reply = reply.header("Set-Cookie", cookie);
            }
            at += 1;
            reply.header("Set-Cookie2", "old=1; Version=1")
        });
    let (mut acs, mut cpe, _) = session(acs, |home| home);
    let sent: Vec<Vec<String>> = each(&requests(&acs), "Cookie")
        .into_iter()
        .map(|cookie| {
            let mut all: Vec<String> = cookie
                .iter()
                .flat_map(|line| line.split("; "))
                .map(str::to_owned)
                .collect();
            all.sort();
            all
        })
        .collect();
    let long = format!("long={long}");
    let whole = |a: &str, more: &[&str]| {
        let mut all = vec![a, long.as_str(), "quoted=\"x y\"", "session=1"];
        all.extend(more);
        all.sort();
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(sent[0], [""; 0]);
    assert_eq!(sent[1], ["early=1"]);
    assert_eq!(sent[2], whole("a=1", &["early=1"]));
    assert_eq!(sent[3], whole("a=2", &["early=1", "gone=1"]));
    assert_eq!(sent[4], whole("a=2", &[]));
    assert_eq!(sent.len(), 5);
    // The next session's Inform has none of them.
    cpe.inform();
    cpe.session(&mut acs);
    let next = &requests(&acs)[5];
    assert!(
        next.is("Inform") && next.header("Cookie").is_none(),
        "{}",
        next.head
    );
}

/// What the Authorization of a request says.
fn said(request: &Request, name: &str) -> String {
    let all = parameters(request.header("Authorization").unwrap_or_default());
    let found = all.into_iter().find(|(n, _)| n.ends_with(name));
    found.map(|(_, value)| value).unwrap_or_default()
}

#[test]
fn each_post_has_credentials_that_count_up() // AU-01 AU-06 AU-07 AU-08 AU-10 AU-12 AU-18
{
    let current = std::sync::Mutex::new(Challenge::new("n1", Algorithm::Md5));
    let mut posts = 0;
    let acs = Acs::builder()
        .path("/acs?a=b&c=%2F")
        .layer(move |request, next| {
            posts += 1;
            let mut challenge = current.lock().unwrap();
            let parts = (
                request.method.as_str(),
                request.target.as_str(),
                &request.body[..],
            );
            let user = (ACS_USER, ACS_PASSWORD);
            let Some(value) = request.header("Authorization") else {
                return Reply::status(401).header("WWW-Authenticate", challenge.header());
            };
            match posts {
                // Of the second nonce's first use; then it has grown old.
                5 => {
                    *challenge = Challenge::new("n3", Algorithm::Md5);
                    let stale = Challenge {
                        stale: true,
                        ..challenge.clone()
                    };
                    return Reply::status(401).header("WWW-Authenticate", stale.header());
                }
                _ => verify(value, &challenge, user, parts).expect("good credentials"),
            }
            let reply = next(request);
            if posts == 4 {
                *challenge = Challenge::new("n2", Algorithm::Md5);
                return reply.header("Authentication-Info", "nextnonce=\"n2\"");
            }
            reply
        });
    let (acs, _cpe, _) = session(acs, |home| home);
    let posts = requests(&acs);
    let used: Vec<(String, String)> = posts
        .iter()
        .map(|p| (said(p, "nonce"), said(p, "nc")))
        .collect();
    let used: Vec<(&str, &str)> = used.iter().map(|(n, c)| (n.as_str(), c.as_str())).collect();
    let (one, two, three) = ("00000001", "00000002", "00000003");
    let expected = [
        ("", ""),
        ("n1", one),
        ("n1", two),
        ("n1", three),
        ("n2", one),
        ("n3", one),
    ];
    assert_eq!(used, expected);
    assert!(
        posts
            .iter()
            .skip(1)
            .all(|post| said(post, "uri") == "/acs?a=b&c=%2F")
    );
    assert_eq!(posts[0].body, posts[1].body, "the same Inform");
    assert_eq!(posts[4].body, posts[5].body, "the same answer");
}

#[test]
fn names_and_passwords_of_any_kind() // AU-05 AU-13 AU-14 AU-15
{
    let long = "p".repeat(256);
    for (user, password) in [
        ("user", ""),
        ("user", "a:b:c"),
        ("üser 1", "pässwörd €"),
        ("00D0D0-A%20B-1", long.as_str()),
    ] {
        let home = move |home: Daemon| home.acs("userid", user).acs("passwd", password);
        let (name, secret) = (user.to_owned(), password.to_owned());
        let challenge = Challenge {
            qop: None,
            ..Challenge::new("n", Algorithm::Unnamed)
        };
        let digest = move |request: &Request, next: Next<'_>| {
            let Some(value) = request.header("Authorization") else {
                return Reply::status(401).header("WWW-Authenticate", challenge.header());
            };
            let parts = (
                request.method.as_str(),
                request.target.as_str(),
                &request.body[..],
            );
            verify(value, &challenge, (&name, &secret), parts).expect("good credentials");
            next(request)
        };
        session(Acs::builder().layer(digest), home);

        let basic = format!("Basic {}", base64(format!("{user}:{password}").as_bytes()));
        let layer = move |request: &Request, next: Next<'_>| match request.header("Authorization") {
            None => Reply::status(401).header("WWW-Authenticate", "Basic realm=\"acs\""),
            Some(value) => {
                assert_eq!(value, basic);
                next(request)
            }
        };
        let allowed = |daemon: Daemon| home(daemon).acs("basic_over_http", "1");
        let (acs, ..) = session(Acs::builder().layer(layer), allowed);
        let sent = each(&requests(&acs), "Authorization");
        assert!(sent[0].is_none() && sent[1..].iter().all(Option::is_some));
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| {
            bits << 8 | u32::from(*group.get(at).unwrap_or(&0))
        });
        for at in 0..4 {
            match at <= group.len() {
                true => out.push(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize] as char),
                false => out.push('='),
            }
        }
    }
    out
}

/// What `gzip` makes of it.
fn gzip(arguments: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gzip")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip");
    let mut stdin = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn envelopes_are_compressed_as_the_acs_has_set() // CP-01 CP-02 CP-06 HT-06
{
    let set = |value: &str| {
        rpc::set_values(
            &[("Device.ManagementServer.HTTPCompression", "string", value)],
            "",
        )
    };
    // What comes compressed is unpacked for the brain; once it is refused.
    let mut refuse = true;
    let mut acs = Acs::builder()
        .layer(move |request, next| {
            let coding = request.header("Content-Encoding").unwrap_or_default();
            let mut plain = request.clone();
            plain.body = match coding {
                "gzip" => gzip(&["-dc"], &request.body),
                "deflate" if std::mem::take(&mut refuse) => return Reply::status(415).close(),
                "deflate" => decode_body(Some("deflate"), request.body.clone(), 1 << 20).unwrap(),
                _ => request.body.clone(),
            };
            next(&plain)
        })
        .start();
    let mut cpe = settled(Daemon::new(&acs.url()), &mut acs);
    let coded = |acs: &Acs, from: usize| {
        let all = requests(acs);
        all[from..]
            .iter()
            .map(|request| {
                assert_eq!(
                    request.body.is_empty(),
                    request.header("Content-Type").is_none()
                );
                request
                    .header("Content-Encoding")
                    .unwrap_or("plain")
                    .to_owned()
            })
            .collect::<Vec<_>>()
    };
    let run = |cpe: &mut Cpe, acs: &mut Acs, value: &str| {
        acs.plan([set(value)]);
        let from = requests(acs).len();
        cpe.inform();
        let session = cpe.session(acs);
        (session.answers[0].fault(), coded(acs, from))
    };
    // Not one that is supported.
    let (fault, codings) = run(&mut cpe, &mut acs, "BR");
    assert_eq!(fault, Some(9003));
    assert_eq!(codings, ["plain", "plain", "plain"]);
    run(&mut cpe, &mut acs, "GZIP");
    let (fault, codings) = run(&mut cpe, &mut acs, "Deflate");
    assert_eq!(
        (fault, codings[0].as_str(), codings[1].as_str()),
        (None, "gzip", "plain")
    );
    // Refused once: the session fails, and the retry is plain, as is everything after it.
    cpe.ask(crate::cpe::inform("8", false));
    cpe.until("a failed session", |cpe| {
        (cpe.status()["statistics"]["failure_sessions"] == 1).then_some(())
    });
    let from = requests(&acs).len();
    cpe.pass_seconds(1);
    let session = cpe.session(&mut acs);
    assert_eq!(session.inform.retry_count(), 1);
    assert_eq!(coded(&acs, from), ["plain", "plain"]);
    let (_, codings) = run(&mut cpe, &mut acs, "Disabled");
    assert_eq!(codings, ["plain", "plain", "plain"]);
    // A setting anew is a try anew.
    run(&mut cpe, &mut acs, "Deflate");
    let (_, codings) = run(&mut cpe, &mut acs, "Disabled");
    assert_eq!(codings[0], "deflate");
}

#[test]
fn compressed_replies_are_read_and_bombs_are_not() // CP-03 CP-04 CP-05
{
    let zlib = |bytes: &[u8]| encode_zlib(bytes.into()).to_vec();
    let raw = move |bytes: &[u8]| {
        let zlib = zlib(bytes);
        zlib[2..zlib.len() - 4].to_vec()
    };
    type Coder = Box<dyn Fn(&[u8]) -> Vec<u8> + Send>;
    let coders: [(&str, Coder); 4] = [
        ("gzip", Box::new(|bytes| gzip(&["-c9"], bytes))),
        ("x-gzip", Box::new(|bytes| gzip(&["-c1"], bytes))),
        ("deflate", Box::new(zlib)),
        ("deflate", Box::new(raw)),
    ];
    for (name, coder) in coders {
        let layer = move |request: &Request, next: Next<'_>| {
            let mut reply = next(request);
            if reply.body.is_empty() {
                return reply;
            }
            reply.body = coder(&reply.body);
            reply.header("Content-Encoding", name)
        };
        session(Acs::builder().layer(layer), |home| home);
    }

    // 64 MiB in some 64 KiB, a coding that nobody asked for, and what is none at all.
    let bomb = gzip(&["-c9"], &vec![b' '; 64 << 20]);
    for (name, body) in [
        ("gzip", bomb),
        ("br", b"x".to_vec()),
        ("gzip", b"<xml/>".to_vec()),
    ] {
        let mut acs = Acs::builder()
            .layer(instead(&[1], move |_| {
                Reply::xml(body.clone()).header("Content-Encoding", name)
            }))
            .start();
        let mut cpe = Cpe::start(Daemon::new(&acs.url()));
        cpe.until("a failed session", |cpe| {
            (cpe.status()["statistics"]["failure_sessions"] == 1).then_some(())
        });
        cpe.pass_seconds(1);
        assert_eq!(cpe.session(&mut acs).inform.retry_count(), 1);
    }
}
