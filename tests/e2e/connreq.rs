//! Connection requests.

use std::net::TcpStream;

use crate::support::acs::Acs;
use crate::support::connreq::ConnectionRequest;
use crate::support::daemon::Daemon;
use crate::support::digest::Algorithm;
use crate::support::inspect::Message;
use crate::support::rpc;
use crate::support::wait::Gate;

/// A daemon after its first session, and where its connection requests go.
fn bootstrapped(acs: &mut Acs) -> (Daemon, ConnectionRequest) {
    let daemon = Daemon::new(&acs.url()).start();
    let inform = acs.session().inform;
    acs.inform();
    let request = daemon.connection_request(&inform);
    (daemon, request)
}

fn assert_only_connection_request(inform: &Message) {
    assert_eq!(inform.events(), ["6 CONNECTION REQUEST"]);
}

#[test]
fn both_algorithms_wake_the_device() // CR-01 CR-02 CR-05 CR-06
{
    let mut acs = Acs::start();
    let (_daemon, request) = bootstrapped(&mut acs);
    for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
        let (answer, _) = request.send_with(|challenge| challenge.algorithm == algorithm);
        assert!(
            matches!(answer.status, 200 | 204),
            "{algorithm:?}: {answer:?}"
        );
        assert!(answer.body.is_empty());
        assert_only_connection_request(&acs.session().inform);
    }
}

#[test]
fn it_does_not_matter_where_a_request_comes_from() // CR-07
{
    // The ACS is at 127.0.0.1, its connection requests come from elsewhere.
    let mut acs = Acs::start();
    let (_daemon, mut request) = bootstrapped(&mut acs);
    request.source = [127, 9, 8, 7].into();
    assert!(matches!(request.send(), 200 | 204));
    assert_only_connection_request(&acs.session().inform);
}

#[test]
fn the_path_is_not_to_be_guessed() // CR-03 CR-04
{
    let mut acs = Acs::start();
    let (_daemon, request) = bootstrapped(&mut acs);
    assert!(request.target.len() > 8, "{}", request.target);
    let elsewhere = ConnectionRequest {
        target: "/".into(),
        ..request.clone()
    };
    assert!(matches!(elsewhere.get(None).status, 401 | 404));
    let mut connection = request.open();
    connection.write(
        format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n",
            request.target, request.authority
        )
        .as_bytes(),
    );
    assert_eq!(connection.read().expect("an answer").status, 405);
    request.send();
    assert_only_connection_request(&acs.session().inform);
    assert_eq!(acs.brain.lock().informs.len(), 2);
}

#[test]
fn wrong_and_replayed_credentials_wake_nobody() // CR-02 CR-11
{
    let mut acs = Acs::start();
    let (_daemon, request) = bootstrapped(&mut acs);
    for wrong in [
        ConnectionRequest {
            password: "wrong".into(),
            ..request.clone()
        },
        ConnectionRequest {
            username: "wrong".into(),
            ..request.clone()
        },
        ConnectionRequest {
            password: String::new(),
            ..request.clone()
        },
    ] {
        assert_eq!(wrong.send(), 401);
    }
    let (answer, authorization) = request.send_with(|_| true);
    assert!(matches!(answer.status, 200 | 204));
    assert_only_connection_request(&acs.session().inform);
    let replayed = request.get(Some(&authorization));
    assert_eq!(replayed.status, 401);
    // The next Inform is that of the next good request: nothing in between has caused one.
    let challenge = &replayed.challenges()[0];
    let answer = request.get(Some(&request.authorization(challenge, 1)));
    assert!(matches!(answer.status, 200 | 204), "{answer:?}");
    assert_only_connection_request(&acs.session().inform);
    assert_eq!(acs.brain.lock().informs.len(), 3);
}

#[test]
fn a_nonce_that_is_not_ours_is_stale_or_refused() // CR-11
{
    let mut acs = Acs::start();
    let (_daemon, request) = bootstrapped(&mut acs);
    let mut challenge = request.get(None).challenges()[0].clone();
    challenge.nonce = "0123456789abcdef0123456789abcdef".into();
    assert_eq!(
        request
            .get(Some(&request.authorization(&challenge, 1)))
            .status,
        401
    );
}

#[test]
fn requests_during_a_session_lead_to_one_later_session() // CR-09 CR-10 SE-14
{
    let gate = Gate::new();
    let mut posts = 0;
    let held = gate.clone();
    let mut acs = Acs::builder()
        .layer(move |request, next| {
            posts += 1;
            // The first session goes through (Inform, empty POST); the InformResponse of the second one waits.
            if posts == 3 {
                next(request).hold(&held)
            } else {
                next(request)
            }
        })
        .start();
    let (daemon, request) = bootstrapped(&mut acs);
    assert!(matches!(request.send(), 200 | 204));
    acs.wait_requests(3);
    let mut accepted = 0;
    for _ in 0..3 {
        match request.send() {
            200 | 204 => accepted += 1,
            503 => {}
            status => panic!("status {status} during a session"),
        }
    }
    assert_eq!(daemon.status()["last_session"]["status"], "running");
    gate.open();
    assert_only_connection_request(&acs.session().inform);
    if accepted == 0 {
        assert!(matches!(request.send(), 200 | 204));
    }
    assert_only_connection_request(&acs.session().inform);
    assert_eq!(daemon.cwmp(&["inform", "periodic"]).code, 0);
    // What came next is the command's session, not one for each request.
    assert_eq!(acs.session().inform.events(), ["2 PERIODIC"]);
}

#[test]
fn hostile_peers_slow_nobody() // CR-14 CR-15
{
    let mut acs = Acs::start();
    let (_daemon, request) = bootstrapped(&mut acs);
    let idle: Vec<_> = (0..20)
        .map(|_| TcpStream::connect(&request.authority).expect("connect"))
        .collect();
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET /\r\n\r\n",
        b"\r\n\r\n\0\0\0\xff\xfe",
        b"GET / HTTP/1.1\r\nAuthorization: Digest username=\xff\xfe\"\r\n\r\n",
    ] {
        let mut connection = request.open();
        connection.write(garbage);
    }
    let mut long = request.open();
    long.write(format!("GET /{} HTTP/1.1\r\n", "x".repeat(64 * 1024)).as_bytes());
    assert!(long.read().is_none_or(|answer| answer.status >= 400));
    assert!(matches!(request.send(), 200 | 204));
    assert_only_connection_request(&acs.session().inform);
    drop(idle);
}

#[test]
fn too_many_are_throttled_for_a_while_only() // CR-08
{
    let mut acs = Acs::start();
    let (daemon, request) = bootstrapped(&mut acs);
    let mut refused = None;
    for _ in 0..100 {
        let answer = request.get(None);
        if answer.status == 503 {
            refused = Some(answer);
            break;
        }
        let (answer, _) = match answer.challenges().first() {
            Some(challenge) => (request.get(Some(&request.authorization(challenge, 1))), ()),
            None => panic!("{answer:?}"),
        };
        if answer.status == 503 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a 503 within 100 requests");
    assert_eq!(refused.header("Retry-After"), None);
    assert!(daemon.alive());
    acs.take_problems();
}

#[test]
fn credentials_set_by_the_acs_are_in_force_at_once() // CR-19
{
    let mut acs = Acs::start();
    acs.plan([rpc::set_values(
        &[
            (
                "Device.ManagementServer.ConnectionRequestUsername",
                "string",
                "new-user",
            ),
            (
                "Device.ManagementServer.ConnectionRequestPassword",
                "string",
                "new-passw0rd",
            ),
        ],
        "",
    )]);
    let (daemon, old) = bootstrapped(&mut acs);
    assert_eq!(old.send(), 401);
    let new = ConnectionRequest {
        username: "new-user".into(),
        password: "new-passw0rd".into(),
        ..old
    };
    assert!(matches!(new.send(), 200 | 204));
    assert_only_connection_request(&acs.session().inform);
    assert_eq!(daemon.count_log(&["new-passw0rd"]), 0);
}

#[test]
fn random_credentials_when_none_are_configured() // CR-02
{
    let mut acs = Acs::start();
    let daemon = Daemon::new(&acs.url())
        .cpe("userid", "")
        .cpe("passwd", "")
        .start();
    let inform = acs.session().inform;
    let empty = ConnectionRequest {
        username: String::new(),
        password: String::new(),
        ..daemon.connection_request(&inform)
    };
    assert_eq!(empty.send(), 401);
}

#[test]
fn it_answers_before_any_session_could_be_held() // CR-09
{
    // The ACS accepts and stays silent: a session that runs and runs.
    let gate = Gate::new();
    let held = gate.clone();
    let mut acs = Acs::builder()
        .layer(move |request, next| next(request).hold(&held))
        .start();
    let daemon = Daemon::new(&acs.url()).start();
    let inform = Message::parse(&acs.wait_requests(1)[0].body);
    assert!(matches!(
        daemon.connection_request(&inform).send(),
        200 | 204 | 503
    ));
    gate.open();
    acs.session();
}
