//! `cwmp doctor` against servers that are well and servers that are not.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use cwmpd::control::cli;
use rustls::ServerConfig;
use serde_json::Value;
use support::acs::Acs;
use support::daemon::Daemon;
use support::digest::{Algorithm, Challenge, verify};
use support::http::{Reply, Request};
use support::server::{Server, cert, tls};

mod support;

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A root with a configuration, in which the name `acs.test` is this machine.
struct Device(PathBuf);

impl Device {
    fn new(options: &str) -> Device {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let root =
            std::env::temp_dir().join(format!("cwmpd-doctor-{}-{number}", std::process::id()));
        fs::create_dir_all(root.join("etc/config")).unwrap();
        fs::write(root.join("etc/hosts"), "127.0.0.1 acs.test\n").unwrap();
        fs::write(
            root.join("etc/config/cwmp"),
            format!("config cwmp 'acs'\n{options}\n"),
        )
        .unwrap();
        let profiles = root.join("usr/share/cwmpd/profiles");
        fs::create_dir_all(&profiles).unwrap();
        let shipped = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/etc/profiles/tr181-gateway.toml"
        );
        fs::copy(shipped, profiles.join("tr181-gateway.toml")).unwrap();
        Device(root)
    }

    fn at(url: &str, options: &str) -> Device {
        Device::new(&format!("option url '{url}'\n{options}"))
    }

    /// The exit code and what was found.
    fn doctor(&self) -> (u8, Findings) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let words = [
            "--root".into(),
            self.0.clone().into(),
            "doctor".into(),
            "--json".into(),
        ];
        let code = cli::run(words, &mut out, &mut err);
        assert_eq!(String::from_utf8(err).unwrap(), "");
        (code, Findings(serde_json::from_slice(&out).unwrap()))
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug)]
struct Findings(Vec<Value>);

impl Findings {
    /// The worst of the findings of one step: outcome, what was seen and the advice.
    fn step(&self, name: &str) -> (&str, &str, &str) {
        let rank = |finding: &&Value| {
            ["ok", "skipped", "warning", "failed"]
                .iter()
                .position(|o| finding["outcome"] == *o)
        };
        let worst = self
            .0
            .iter()
            .filter(|finding| finding["step"] == name)
            .max_by_key(rank)
            .unwrap();
        let text = |key: &str| worst.get(key).map_or("", |value| value.as_str().unwrap());
        (text("outcome"), text("saw"), text("advice"))
    }

    fn outcomes(&self) -> Vec<(&str, &str)> {
        self.0
            .iter()
            .map(|f| (f["step"].as_str().unwrap(), f["outcome"].as_str().unwrap()))
            .collect()
    }
}

fn serve(
    tls: Option<Arc<ServerConfig>>,
    answer: impl FnMut(&Request) -> Reply + Send + 'static,
) -> Server {
    Server::start(
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        tls,
        Box::new(answer),
    )
}

/// A server that says the same to everybody, at once.
fn says(what: &'static [u8]) -> (u16, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(what).unwrap();
        // Until the other side has heard enough.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    (port, thread)
}

fn url(scheme: &str, server: &Server) -> String {
    format!("{scheme}://acs.test:{}/cwmp", server.address.port())
}

/// Wants Digest of the user `cpe` with the password `right`, then knows no GET.
fn digest(request: &Request) -> Reply {
    let challenge = Challenge::new("n1", Algorithm::Sha256);
    let parts = (
        request.method.as_str(),
        request.target.as_str(),
        &request.body[..],
    );
    match request.header("Authorization") {
        Some(value) if verify(value, &challenge, ("cpe", "right"), parts).is_ok() => {
            Reply::status(405)
        }
        _ => Reply::status(401).header("WWW-Authenticate", challenge.header()),
    }
}

const RIGHT: &str = "option userid 'cpe'\noption passwd 'right'";

#[test]
fn an_acs_that_is_well() {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let server = serve(None, {
        let requests = requests.clone();
        move |request| {
            requests.lock().unwrap().push(request.head.clone());
            digest(request).header("Server", "test/1")
        }
    });
    let (code, found) = Device::at(&url("http", &server), RIGHT).doctor();
    assert_eq!(
        found
            .outcomes()
            .into_iter()
            .filter(|(step, _)| *step != "configuration")
            .collect::<Vec<_>>(),
        [
            ("clock", "ok"),
            ("dns", "ok"),
            ("tcp", "ok"),
            ("tls", "warning"),
            ("http", "ok"),
            ("authentication", "ok"),
            ("daemon", "warning"),
            ("connection requests", "skipped"),
        ]
    );
    assert_eq!(code, 0);
    assert_eq!(found.step("dns").1, "acs.test is 127.0.0.1");
    assert_eq!(
        found.step("http").1,
        "the ACS answers a GET with HTTP status 405 (test/1)"
    );
    assert_eq!(
        found.step("authentication").1,
        "the ACS accepts user \"cpe\" (digest SHA-256)"
    );
    assert!(
        found.step("daemon").1.starts_with("cwmpd is not running"),
        "{found:?}"
    );
    assert!(
        !format!("{found:?}").contains("right"),
        "a secret in {found:?}"
    );
    // Nothing that could begin a session, and nobody told before being asked.
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 2);
    assert!(
        requests
            .iter()
            .all(|head| head.starts_with("GET /cwmp HTTP/1.1\r\n")),
        "{requests:?}"
    );
    assert!(!requests[0].contains("Authorization"));
}

#[test]
fn credentials_that_are_wrong_or_missing() {
    let server = serve(None, digest);
    let (code, found) = Device::at(
        &url("http", &server),
        "option userid 'cpe'\noption passwd 'wrong'",
    )
    .doctor();
    let (outcome, saw, advice) = found.step("authentication");
    assert_eq!(
        (code, outcome, saw),
        (
            1,
            "failed",
            "the ACS refuses our user name or password (digest SHA-256)"
        )
    );
    assert!(advice.contains("acs.userid and acs.passwd"));
    assert_eq!(found.step("http").0, "ok");

    // The name is made of an identity that only the daemon knows.
    let (code, found) = Device::at(&url("http", &server), "").doctor();
    let (outcome, _, advice) = found.step("authentication");
    assert_eq!(
        (code, outcome, advice),
        (0, "warning", "start the daemon, or set acs.userid")
    );
}

#[test]
fn basic_without_tls_is_not_sent_unless_allowed() {
    let server = serve(None, |request| match request.header("Authorization") {
        Some(_) => Reply::status(405),
        None => Reply::status(401).header("WWW-Authenticate", "Basic realm=\"acs\""),
    });
    let (code, found) = Device::at(&url("http", &server), RIGHT).doctor();
    assert_eq!((code, found.step("authentication").0), (1, "failed"));
    assert!(found.step("authentication").2.contains("https://"));
}

#[test]
fn certificates_are_judged_as_in_a_session() {
    let ca = format!("option tls_ca_file '{}'", cert("ca.pem").display());
    for (server, ca, outcome, words) in [
        ("server", &ca, "ok", "chain and host name verified"),
        ("wrong-host", &ca, "failed", "use one of these names"),
        ("expired", &ca, "failed", "the clock of this device"),
        ("other-server", &ca, "failed", "set acs.tls_ca_file"),
    ] {
        let server = serve(Some(tls(server, None)), |_| Reply::status(405));
        let device = Device::at(&format!("https://localhost:{}/", server.address.port()), "");
        // The file is found below the root, like everything else.
        let below = device.0.join(cert("ca.pem").strip_prefix("/").unwrap());
        fs::create_dir_all(below.parent().unwrap()).unwrap();
        fs::copy(cert("ca.pem"), below).unwrap();
        let config = device.0.join("etc/config/cwmp");
        fs::write(
            &config,
            format!("{}\n{ca}\n", fs::read_to_string(&config).unwrap()),
        )
        .unwrap();
        let (code, found) = device.doctor();
        let (found_outcome, saw, advice) = found.step("tls");
        assert_eq!(found_outcome, outcome, "{found:?}");
        assert!(format!("{saw} {advice}").contains(words), "{found:?}");
        assert_eq!(
            (code, found.step("http").0),
            if outcome == "ok" {
                (0, "ok")
            } else {
                (1, "skipped")
            }
        );
    }
}

#[test]
fn a_server_without_tls_is_told_from_a_bad_certificate() {
    let (port, server) = says(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let device = Device::at(
        &format!("https://127.0.0.1:{port}/"),
        "option insecure_enable '1'",
    );
    let (code, found) = device.doctor();
    let (outcome, _, advice) = found.step("tls");
    assert_eq!(
        (code, outcome, found.step("http").0),
        (1, "failed", "skipped"),
        "{found:?}"
    );
    assert_eq!(
        advice,
        "use http:// in acs.url, or the port that speaks TLS"
    );
    server.join().unwrap();
}

#[test]
fn an_acs_that_does_not_run() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (code, found) = Device::at(&format!("http://127.0.0.1:{port}/"), "").doctor();
    let (outcome, _, advice) = found.step("tcp");
    assert_eq!((code, outcome), (1, "failed"));
    assert!(
        advice.starts_with(&format!(
            "the host is there, but nothing listens on port {port}"
        )),
        "{advice}"
    );
    assert_eq!(found.step("dns").1, "not needed: the URL has an address");
    assert_eq!(
        found.step("authentication"),
        ("skipped", "not reached: tcp failed", "")
    );
}

#[test]
fn a_name_that_nobody_knows() {
    let device = Device::at("http://unknown.test/", "");
    fs::write(device.0.join("etc/resolv.conf"), "").unwrap();
    let (code, found) = device.doctor();
    assert_eq!(
        (code, found.step("dns").0, found.step("tcp").0),
        (1, "failed", "skipped"),
        "{found:?}"
    );
}

#[test]
fn a_redirect_is_followed_and_shown() {
    let target = serve(None, |_| Reply::status(405));
    let there = url("http", &target);
    let server = serve(None, move |_| {
        Reply::status(302).header("Location", there.clone())
    });
    let (code, found) = Device::at(&url("http", &server), "").doctor();
    assert_eq!(code, 0);
    assert!(
        found
            .step("http")
            .1
            .ends_with(&format!("after a redirect to {}", url("http", &target))),
        "{found:?}"
    );

    let loop_ = serve(None, |_| Reply::status(302).header("Location", "/again"));
    let (code, found) = Device::at(&url("http", &loop_), "").doctor();
    assert_eq!((code, found.step("http").0), (1, "failed"));
}

#[test]
fn a_wrong_path_or_a_server_that_is_no_http_server() {
    let server = serve(None, |_| Reply::status(404));
    let (code, found) = Device::at(&url("http", &server), "").doctor();
    assert_eq!(
        (code, found.step("http").0, found.step("http").2),
        (0, "warning", "see the path in acs.url")
    );

    let (port, ssh) = says(b"SSH-2.0-dropbear\r\n\r\n");
    let (code, found) = Device::at(&format!("http://127.0.0.1:{port}/"), "").doctor();
    let (outcome, saw, _) = found.step("http");
    assert_eq!((code, outcome), (1, "failed"));
    assert!(saw.starts_with("the reply is not HTTP"), "{saw}");
    ssh.join().unwrap();
}

#[test]
fn a_wrong_configuration_is_exit_code_78() {
    let (code, found) = Device::new("").doctor();
    assert_eq!(
        (code, found.step("configuration").0, found.step("tcp").0),
        (78, "failed", "skipped")
    );
    assert_eq!(found.step("configuration").1, "no ACS URL is configured");
    let (code, found) = Device::at("ftp://acs.test/", "").doctor();
    assert_eq!(
        (code, found.step("configuration").0),
        (78, "failed"),
        "{found:?}"
    );
    // A warning is no reason to fail, and has its line.
    let server = serve(None, |_| Reply::status(405));
    let (code, found) = Device::at(&url("http", &server), "option colour 'blue'").doctor();
    assert_eq!((code, found.step("configuration").0), (0, "warning"));
    assert!(
        found
            .step("configuration")
            .1
            .contains("etc/config/cwmp:3: unknown option"),
        "{found:?}"
    );
}

#[test]
fn for_people_there_is_a_line_a_step() {
    let device = Device::new("");
    let mut out = Vec::new();
    let words = ["--root".into(), device.0.clone().into(), "doctor".into()];
    assert_eq!(cli::run(words, &mut out, &mut Vec::new()), 78);
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("FAILED   configuration        no ACS URL is configured\n                              -> set acs.url in "), "{out}");
    assert!(
        out.contains("\nok       clock                it shows 20"),
        "{out}"
    );
}

#[test]
fn a_running_daemon_is_asked_and_its_port_tried() {
    let knows_no_get =
        |request: &Request, next: support::acs::Next<'_>| match request.method.as_str() {
            "GET" => Reply::status(405),
            _ => next(request),
        };
    let mut acs = Acs::builder().layer(knows_no_get).start();
    let daemon = Daemon::new(&acs.url()).start();
    acs.session();
    let output = daemon.cwmp(&["doctor", "--json"]);
    // A GET is no CWMP, and is not meant to be.
    assert!(
        acs.take_problems()
            .iter()
            .all(|problem| problem.contains("in GET "))
    );
    assert_eq!(output.code, 0, "{output:?}");
    let found = Findings(serde_json::from_str(&output.stdout).unwrap());
    assert_eq!(found.step("daemon").0, "ok", "{found:?}");
    let (outcome, saw, _) = found.step("connection requests");
    assert_eq!(outcome, "ok", "{found:?}");
    assert!(saw.ends_with("answers and asks for credentials"), "{saw}");
}

#[test]
fn a_port_that_another_program_has_is_told_once() {
    let mut acs = Acs::start();
    let taken = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut daemon = Daemon::new(&acs.url())
        .cpe("port", &port.to_string())
        .start();
    acs.session();
    let output = daemon.cwmp(&["doctor", "--json"]);
    acs.take_problems();
    let found = Findings(serde_json::from_str(&output.stdout).unwrap());
    let (outcome, saw, _) = found.step("connection requests");
    assert_eq!((output.code, outcome), (1, "failed"), "{found:?}");
    assert!(saw.contains(&format!("port {port}: ")), "{saw}");
    // It is tried again with each configuration.
    daemon.set_acs("periodic_inform_interval", "4711");
    daemon.write_config();
    assert_eq!(daemon.cwmp(&["reload"]).code, 0);
    daemon.wait_log(&["debug connection requests cannot be served"]);
    assert_eq!(
        daemon.count_log(&["error connection requests cannot be served"]),
        1
    );
}
