//! HTTP as both sides meet it: requests to us, and what the ACS says in headers.

use cwmpd::net::http::{Caps, Exchange, Parts};
use cwmpd::wire::http::challenge::Parameters;
use cwmpd::wire::http::digest::{Answerer, Authorization, Challenge};
use cwmpd::wire::http::framing::BodyReader;
use cwmpd::wire::http::{self, Credentials, Dialogue, Policy, Url, Verdict};

/// More than any body in the corpus, little enough to reach.
const MAX_BODY: u64 = 64 * 1024;

fn credentials() -> Credentials {
    Credentials {
        username: "Mufasa é".into(),
        password: "Circle of Life".into(),
    }
}

fn random(buffer: &mut [u8]) {
    buffer.fill(7);
}

/// A request, whole and in single bytes: both ways it reads the same.
pub fn request(data: &[u8]) {
    let Ok(Some(head)) = http::request::parse(data) else {
        return;
    };
    let (before, body) = data.split_at(head.length);
    assert!(
        http::request::parse(before).is_ok_and(|again| again.is_some_and(|again| again == head))
    );
    let _ = (head.origin_form(), head.keep_alive());
    let mut whole = BodyReader::new(head.framing, MAX_BODY, true);
    let mut bytes = BodyReader::new(head.framing, MAX_BODY, true);
    let taken = whole.push(body);
    // No bytes at all first: an announced size may be too much by itself.
    let pieces = std::iter::once(&[][..]).chain(body.chunks(1));
    let pushed: Result<Vec<usize>, _> = pieces.map(|piece| bytes.push(piece)).collect();
    assert_eq!(taken, pushed.map(|pushed| pushed.iter().sum()));
    if taken.is_ok() {
        assert_eq!(whole.is_done(), bytes.is_done());
        let body = whole.into_body();
        assert!(body.len() as u64 <= MAX_BODY);
        assert_eq!(body, bytes.into_body());
    }
}

/// A reply, whole and in pieces: both ways it reads the same, and no larger than allowed.
pub fn response(data: &[u8]) {
    let read = |piece: usize| {
        let caps = Caps {
            head: 16 * 1024,
            body: MAX_BODY as usize,
        };
        let headers = [("Host".to_owned(), "acs.example.com".to_owned())];
        let mut exchange = Exchange::new("/acs", &headers, b"body"[..].into(), caps).ok()?;
        let (head, body) = exchange.unsent();
        let length = head.len() + body.len();
        exchange.sent(length);
        for piece in data.chunks(piece.max(1)) {
            if exchange.receive(piece).ok()? {
                break;
            }
        }
        exchange.end_of_stream().ok()?;
        exchange.finish().map(|(parts, _)| parts)
    };
    let whole = read(data.len());
    if let Some(parts) = &whole {
        assert!(parts.body.len() as u64 <= MAX_BODY && (200..1000).contains(&parts.status));
    }
    let small = if data.len() < 512 { 1 } else { data.len() / 16 };
    // What follows the reply spoils the connection only when it comes with it.
    let reply = |parts: Option<Parts>| parts.map(|parts| (parts.status, parts.headers, parts.body));
    assert_eq!(reply(whole), reply(read(small)));
}

/// Challenges: what we answer can be read, is right, and is one line. Credentials from anybody are harmless.
pub fn digest(data: &[u8]) {
    let challenges = Parameters::list(data);
    if let Some(challenge) = Challenge::best(&challenges) {
        let mut answerer = Answerer::new(challenge);
        for _ in 0..2 {
            let header =
                answerer.authorization(&credentials(), "POST", "/acs?a=b", &[b"body"], &mut random);
            assert!(
                !header.contains(|c: char| c.is_ascii_control()),
                "a header is one line"
            );
            let read = Authorization::read(header.as_bytes())
                .unwrap_or_else(|e| panic!("{e:?}: {header}"));
            assert!(!read.verify(&credentials(), "GET", b"body"));
            let _ = read.verify(&credentials(), "POST", b"body");
        }
    }
    if let Ok(read) = Authorization::read(data) {
        assert!(
            !read.verify(&credentials(), "GET", b""),
            "nobody guesses a response"
        );
    }
    let _ = http::basic::read(data);
    let info = Parameters::bare(data);
    let _ = (info.text("nextnonce"), info.get("rspauth"));
}

/// Replies, one paragraph each: a status, then headers. What we send in return is well-formed, credentials go only where
/// they were asked for, and no reply keeps us asking for ever.
pub fn dialogue(data: &[u8]) {
    let home = Url::parse("http://acs.example.com:7547/acs").expect("a valid URL");
    let policy = Policy {
        basic_over_http: true,
        ..Policy::default()
    };
    let mut dialogue = Dialogue::new(home, Some(credentials()), policy);
    let mut challenged: Vec<Url> = Vec::new();
    for reply in data.split(|&b| b == 0).take(16) {
        let mut lines = reply.split(|&b| b == b'\n');
        let status = lines
            .next()
            .and_then(|line| super::text(line).trim().parse().ok())
            .unwrap_or(401);
        let headers: Vec<(String, Vec<u8>)> = lines
            .filter_map(|line| {
                let colon = line.iter().position(|&b| b == b':')?;
                Some((
                    super::text(&line[..colon]).into_owned(),
                    line[colon + 1..].trim_ascii().to_vec(),
                ))
            })
            .collect();
        let mut asked_again = 0;
        loop {
            let sent = dialogue.request(&b"body"[..].into(), None, &mut random);
            for (name, value) in &sent {
                assert!(
                    !value.contains(|c: char| c.is_ascii_control()),
                    "{name} is one line"
                );
                if name == "Authorization" {
                    assert!(
                        challenged.iter().any(|url| url.same_origin(dialogue.url())),
                        "{} has not asked",
                        dialogue.url()
                    );
                }
            }
            if status == 401 {
                challenged.push(dialogue.url().clone());
            }
            match dialogue.reply(status, &headers, Some(1_795_337_146)) {
                Verdict::Again | Verdict::Moved => asked_again += 1,
                Verdict::Deliver => break,
                Verdict::Failed(why) => {
                    assert!(!why.to_string().contains(char::is_control), "{why}");
                    return;
                }
            }
            assert!(asked_again < 100, "the same reply again and again");
        }
    }
}

/// URLs: what can be read is written so that it reads the same.
pub fn url(data: &[u8]) {
    let text = super::text(data);
    let base = Url::parse("https://acs.example.com/a/b?c").expect("a valid URL");
    for url in [Url::parse(&text), base.join(&text)].into_iter().flatten() {
        let written = url.to_string();
        assert!(!written.contains(char::is_control), "{written:?}");
        // What has to be escaped grows, perhaps beyond what is read.
        if written.len() <= http::url::MAX_URL {
            assert_eq!(Url::parse(&written), Ok(url.clone()));
        }
        assert!(url.same_origin(&url) && url.target.starts_with('/'));
        let _ = (url.host_header(), url.is_ip_literal(), url.path());
    }
}

/// Content codings: never larger than allowed.
pub fn content_coding(data: &[u8]) {
    for coding in [
        None,
        Some("gzip"),
        Some("x-gzip"),
        Some("deflate"),
        Some("identity"),
        Some("gzip, gzip"),
    ] {
        if let Ok(body) = http::decode_body(coding, data.to_vec(), MAX_BODY as usize) {
            assert!(body.len() as u64 <= MAX_BODY);
        }
    }
    if data.len() as u64 <= MAX_BODY {
        for (coding, coded) in [
            ("gzip", http::encode_gzip(data.into())),
            ("deflate", http::encode_zlib(data.into())),
        ] {
            let decoded = http::decode_body(Some(coding), coded.to_vec(), MAX_BODY as usize);
            assert!(decoded.is_ok_and(|decoded| decoded == data));
        }
    }
}
