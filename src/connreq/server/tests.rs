//! Real sockets on the loopback, one thread: the tests' clients only ever wait by driving the server.

use std::io::{Read, Write};
use std::net::TcpStream;

use mio::{Events, Poll};
use nix::sys::socket::SockaddrIn;

use super::*;
use crate::wire::http::challenge::Parameters;
use crate::wire::http::digest::{Answerer, Challenge};

const PATH: &str = "/8f3ac91b";
const BASE: usize = 0x0200_0000;
/// A test that waits longer has failed.
const GUARD: Duration = Duration::from_secs(60);

fn user() -> Credentials {
    Credentials {
        username: "cr".into(),
        password: "s3cret".into(),
    }
}

fn settings(port: u16) -> Settings {
    Settings {
        port,
        path: PATH.into(),
        credentials: Some(user()),
        timeout: Duration::from_secs(10),
    }
}

struct Rig {
    poll: Poll,
    server: ConnReq,
}

impl Rig {
    fn new() -> Rig {
        let poll = Poll::new().unwrap();
        let server = ConnReq::listen(settings(0), Token(BASE), poll.registry()).unwrap();
        Rig { poll, server }
    }

    /// One turn of the loop.
    fn turn(&mut self) {
        let mut events = Events::with_capacity(64);
        self.poll
            .poll(&mut events, Some(Duration::from_millis(5)))
            .unwrap();
        let now = Instant::now();
        for event in &events {
            self.server.ready(event.token(), now, self.poll.registry());
        }
        if self.server.accept_again.is_some_and(|at| at <= now) {
            self.server.timeout(now, self.poll.registry());
        }
    }

    /// Turns until `done` says so.
    fn until<T>(&mut self, mut done: impl FnMut(&mut Rig) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(result) = done(self) {
                return result;
            }
            assert!(start.elapsed() < GUARD, "waited in vain");
            self.turn();
        }
    }

    fn connect(&self) -> Client {
        Client::new(TcpStream::connect((Ipv4Addr::LOCALHOST, self.server.local_port())).unwrap())
    }

    /// From another of the loopback's addresses.
    fn connect_from(&self, from: Ipv4Addr) -> Client {
        let flags = SockFlag::SOCK_CLOEXEC;
        let socket = socket::socket(AddressFamily::Inet, SockType::Stream, flags, None).unwrap();
        let address = |ip: Ipv4Addr, port| SockaddrIn::from(std::net::SocketAddrV4::new(ip, port));
        socket::bind(socket.as_raw_fd(), &address(from, 0)).unwrap();
        let there = address(Ipv4Addr::LOCALHOST, self.server.local_port());
        socket::connect(socket.as_raw_fd(), &there).unwrap();
        Client::new(TcpStream::from(socket))
    }

    /// Sends a request and waits for the head of its answer.
    fn exchange(&mut self, client: &mut Client, request: &str) -> String {
        client.send(request.as_bytes());
        self.answer(client)
    }

    fn answer(&mut self, client: &mut Client) -> String {
        self.until(|_| client.answer())
    }

    /// Waits until the server has closed; gives what came before that.
    fn rest(&mut self, client: &mut Client) -> String {
        self.until(|_| {
            client.receive();
            client
                .ended
                .then(|| String::from_utf8_lossy(&client.input).into_owned())
        })
    }

    /// The whole exchange of an ACS on one connection.
    fn ask(&mut self, client: &mut Client, user: &Credentials) -> String {
        let challenge = self.exchange(client, &get(""));
        self.exchange(client, &get(&authorized(&challenge, user)))
    }
}

struct Client {
    stream: TcpStream,
    input: Vec<u8>,
    ended: bool,
}

impl Client {
    fn new(stream: TcpStream) -> Client {
        stream.set_nonblocking(true).unwrap();
        Client {
            stream,
            input: Vec::new(),
            ended: false,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn receive(&mut self) {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.input.extend_from_slice(&chunk[..count]);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.ended = true,
            }
            return;
        }
    }

    /// The next answer, all of which is its head.
    fn answer(&mut self) -> Option<String> {
        self.receive();
        let end = self.input.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head: Vec<u8> = self.input.drain(..end).collect();
        let head = String::from_utf8(head).unwrap();
        assert!(head.contains("\r\nContent-Length: 0\r\n"), "{head}");
        Some(head)
    }
}

fn get(headers: &str) -> String {
    format!("GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n")
}

/// The `Authorization` header for the first challenge of an answer.
fn authorized(answer: &str, user: &Credentials) -> String {
    let challenge = answer
        .lines()
        .find_map(|line| line.strip_prefix("WWW-Authenticate: "))
        .expect(answer);
    let challenge = Challenge::best(&Parameters::list(challenge.as_bytes())).unwrap();
    let sent =
        Answerer::new(challenge).authorization(user, "GET", PATH, &[], &mut |bytes| bytes.fill(3));
    format!("Authorization: {sent}\r\n")
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).expect(answer)
}

#[test]
fn an_acs_asks_and_retries_on_the_same_connection() {
    // CR-01 CR-02 CR-05 CR-20
    let mut rig = Rig::new();
    let mut acs = rig.connect();
    let challenge = rig.exchange(&mut acs, &get(""));
    assert_eq!(status(&challenge), "401");
    assert!(challenge.contains("Connection: keep-alive"), "{challenge}");
    assert_eq!(rig.server.take_requests(), []);
    let answer = rig.exchange(&mut acs, &get(&authorized(&challenge, &user())));
    assert_eq!(status(&answer), "200");
    let peer = acs.stream.local_addr().unwrap();
    assert_eq!(rig.server.take_requests(), [Accepted { peer }]);
    assert_eq!(rig.server.take_requests(), []);
}

#[test]
fn an_acs_retries_on_a_new_connection() {
    // CR-20, keep-alive off
    let mut rig = Rig::new();
    let mut first = rig.connect();
    let challenge = rig.exchange(&mut first, &get("Connection: close\r\n"));
    assert!(challenge.contains("Connection: close"), "{challenge}");
    assert_eq!(rig.rest(&mut first), "");
    let mut second = rig.connect();
    let request = get(&authorized(&challenge, &user()));
    assert_eq!(status(&rig.exchange(&mut second, &request)), "200");
    let mut replay = rig.connect();
    assert_eq!(status(&rig.exchange(&mut replay, &request)), "401"); // CR-11
    assert_eq!(rig.server.take_requests().len(), 1);
}

#[test]
fn several_good_requests_are_all_answered() {
    // CR-09 CR-10: the agent makes one session of them
    let mut rig = Rig::new();
    for _ in 0..3 {
        let mut acs = rig.connect();
        assert_eq!(status(&rig.ask(&mut acs, &user())), "200");
    }
    assert_eq!(rig.server.take_requests().len(), 3);
}

#[test]
fn wrong_requests_are_answered_as_they_deserve() {
    // CR-02 CR-04 CR-12
    let mut rig = Rig::new();
    let mut client = rig.connect();
    let wrong = Credentials {
        username: "cr".into(),
        password: "x".into(),
    };
    assert_eq!(status(&rig.ask(&mut client, &wrong)), "401");
    assert_eq!(
        status(&rig.exchange(&mut client, "GET / HTTP/1.1\r\n\r\n")),
        "404"
    );
    let answer = rig.exchange(
        &mut client,
        &format!("POST {PATH} HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
    );
    assert!(
        status(&answer) == "405" && answer.contains("\r\nAllow: GET\r\n"),
        "{answer}"
    );
    let absolute = get("").replace(PATH, &format!("http://127.0.0.1:7547{PATH}"));
    assert_eq!(status(&rig.exchange(&mut client, &absolute)), "401");
    assert_eq!(rig.server.take_requests(), []);
}

#[test]
fn bodies_are_skipped_and_pipelined_requests_are_answered_in_order() {
    // CR-01
    let mut rig = Rig::new();
    let mut client = rig.connect();
    let requests = format!(
        "\r\n{}hello{}5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        get("Content-Length: 5\r\n"),
        get("Transfer-Encoding: chunked\r\n"),
    );
    client.send(requests.as_bytes());
    let statuses: Vec<String> = (0..3)
        .map(|_| status(&rig.answer(&mut client)).to_string())
        .collect();
    assert_eq!(statuses, ["401", "401", "404"]);
}

#[test]
fn a_body_without_end_closes_the_connection() {
    // CR-15
    let mut rig = Rig::new();
    let mut client = rig.connect();
    assert_eq!(
        status(&rig.exchange(&mut client, &get("Content-Length: 9999999999\r\n"))),
        "401"
    );
    assert_eq!(rig.rest(&mut client), "");
}

#[test]
fn bytes_may_come_one_by_one() {
    // CR-14
    let mut rig = Rig::new();
    let mut client = rig.connect();
    for byte in get("X: y\r\n").bytes() {
        client.send(&[byte]);
        rig.turn();
    }
    assert_eq!(status(&rig.answer(&mut client)), "401");
}

#[test]
fn what_is_not_http_is_refused_and_closed() {
    // CR-15: TLS hello, HTTP/0.9, garbage, oversize, smuggling
    let mut rig = Rig::new();
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(20_000));
    let header = get(&format!("X: {}\r\n", "x".repeat(20_000)));
    let many = get(&"A: b\r\n".repeat(100));
    let unclear = get("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n");
    for (bytes, expected) in [
        (&b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"[..], "400"),
        (b"GET /8f3ac91b\r\n", "400"),
        (b"\xff\xfe\0\0", "400"),
        (b"PRI * HTTP/2.0\r\n\r\n", "400"),
        (unclear.as_bytes(), "400"),
        (long.as_bytes(), "431"),
        (header.as_bytes(), "431"),
        (many.as_bytes(), "431"),
    ] {
        let mut client = rig.connect();
        client.send(bytes);
        let answer = rig.answer(&mut client);
        assert_eq!(status(&answer), expected, "{bytes:?}");
        assert!(answer.contains("Connection: close"), "{answer}");
        rig.rest(&mut client);
    }
    assert_eq!(rig.server.take_requests(), []);
}

#[test]
fn http_1_0_clients_are_closed_unless_they_ask() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    let request = get("").replace("1.1", "1.0");
    assert_eq!(status(&rig.exchange(&mut client, &request)), "401");
    assert_eq!(rig.rest(&mut client), "");
    let mut client = rig.connect();
    let request = get("Connection: keep-alive\r\n").replace("1.1", "1.0");
    for _ in 0..2 {
        assert!(
            rig.exchange(&mut client, &request)
                .contains("Connection: keep-alive")
        );
    }
}

#[test]
fn two_hundred_silent_clients_do_not_keep_the_acs_out() {
    // CR-14
    let mut rig = Rig::new();
    let mut slow: Vec<Client> = Vec::new();
    for _ in 0..200 {
        let mut client = rig.connect();
        client.send(b"GET / HT");
        slow.push(client);
        rig.turn();
    }
    let mut acs = rig.connect();
    assert_eq!(status(&rig.ask(&mut acs, &user())), "200");
    assert_eq!(
        rig.server.connections.iter().flatten().count(),
        MAX_CONNECTIONS
    );
}

#[test]
fn a_flood_from_another_address_does_not_push_the_acs_out() {
    // CR-14
    let mut rig = Rig::new();
    let mut acs = rig.connect_from(Ipv4Addr::new(127, 0, 0, 2));
    let challenge = rig.exchange(&mut acs, &get(""));
    let mut flood = Vec::new();
    for _ in 0..200 {
        flood.push(rig.connect());
        rig.turn();
    }
    assert_eq!(
        status(&rig.exchange(&mut acs, &get(&authorized(&challenge, &user())))),
        "200"
    );
}

#[test]
fn patience_ends_and_an_idle_server_wants_nothing() {
    // CR-14
    let mut rig = Rig::new();
    assert_eq!(rig.server.deadline(), None);
    let mut silent = rig.connect();
    let mut slow = rig.connect();
    slow.send(b"GET /");
    rig.until(|rig| (rig.server.connections.iter().flatten().count() == 2).then_some(()));
    let deadline = rig.server.deadline().unwrap();
    rig.server
        .timeout(deadline - Duration::from_millis(1), rig.poll.registry());
    assert_eq!(rig.server.connections.iter().flatten().count(), 2);
    rig.server
        .timeout(deadline + Duration::from_secs(60), rig.poll.registry());
    assert_eq!(rig.rest(&mut silent) + &rig.rest(&mut slow), "");
    assert_eq!(rig.server.deadline(), None);
}

#[test]
fn single_bytes_do_not_prolong_patience_but_a_whole_request_does() {
    // CR-14
    let mut rig = Rig::new();
    let mut client = rig.connect();
    rig.until(|rig| rig.server.deadline());
    let first = rig.server.deadline();
    for _ in 0..10 {
        client.send(b"\r\n");
        rig.turn();
    }
    assert_eq!(rig.server.deadline(), first);
    rig.exchange(&mut client, &get(""));
    assert!(rig.server.deadline() > first);
}

#[test]
fn a_connection_is_closed_after_its_share_of_requests() {
    let mut rig = Rig::new();
    let mut client = rig.connect();
    client.send(get("").repeat(100).as_bytes());
    let all = rig.rest(&mut client);
    assert_eq!(
        (
            all.matches("HTTP/1.1 401").count(),
            all.matches("Connection: close").count()
        ),
        (32, 1)
    );
}

#[test]
fn too_many_accepted_requests_get_503() {
    // CR-08
    let mut rig = Rig::new();
    let statuses: Vec<String> = (0..20)
        .map(|_| {
            let mut acs = rig.connect();
            let answer = rig.ask(&mut acs, &user());
            assert!(!answer.contains("Retry-After"));
            status(&answer).to_string()
        })
        .collect();
    let accepted = statuses.iter().filter(|status| *status == "200").count();
    assert_eq!(rig.server.take_requests().len(), accepted);
    assert!(
        accepted >= 15
            && statuses
                .iter()
                .all(|status| status == "200" || status == "503")
    );
}

#[test]
fn a_port_in_use_is_an_error() {
    let rig = Rig::new();
    let taken = settings(rig.server.local_port());
    let error = ConnReq::listen(taken, Token(0), rig.poll.registry())
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[test]
#[ignore = "needs IPv6"]
fn ipv6_clients_are_served() {
    // CR-17
    let mut rig = Rig::new();
    let stream = TcpStream::connect((Ipv6Addr::LOCALHOST, rig.server.local_port())).unwrap();
    let mut acs = Client::new(stream);
    assert_eq!(status(&rig.ask(&mut acs, &user())), "200");
    assert!(rig.server.take_requests()[0].peer.is_ipv6());
}

#[test]
fn changes_are_in_force_for_the_next_request() {
    // CR-19
    let mut rig = Rig::new();
    let mut acs = rig.connect();
    let new = Credentials {
        username: "new".into(),
        password: "neu".into(),
    };
    rig.server.change(Settings {
        credentials: Some(new.clone()),
        ..settings(0)
    });
    assert_eq!(status(&rig.ask(&mut acs, &user())), "401");
    assert_eq!(status(&rig.ask(&mut acs, &new)), "200");
    rig.server.change(Settings {
        credentials: None,
        ..settings(0)
    });
    assert_eq!(status(&rig.ask(&mut acs, &new)), "401");
}

#[test]
fn a_closed_server_has_no_port() {
    // CR-16 CR-18
    let mut rig = Rig::new();
    let port = rig.server.local_port();
    let mut client = rig.connect();
    rig.exchange(&mut client, &get(""));
    rig.server.close(rig.poll.registry());
    assert!(!rig.server.is_open() && rig.server.deadline().is_none());
    assert_eq!(rig.rest(&mut client), "");
    assert!(ConnReq::listen(settings(port), Token(0), rig.poll.registry()).is_ok());
}

#[test]
fn strange_tokens_do_no_harm() {
    let mut rig = Rig::new();
    for token in [
        0,
        BASE - 1,
        BASE,
        BASE + 1,
        BASE + MAX_CONNECTIONS,
        BASE + MAX_CONNECTIONS + 1,
        usize::MAX,
    ] {
        rig.server
            .ready(Token(token), Instant::now(), rig.poll.registry());
    }
    let mut acs = rig.connect();
    assert_eq!(status(&rig.ask(&mut acs, &user())), "200");
}

#[test]
fn errors_of_accept_are_told_apart() {
    // CR-14: what passes, what needs patience, what is the end
    let kind = |errno: Errno| kind_of(&io::Error::from(errno));
    assert_eq!(kind(Errno::EAGAIN), AcceptError::Empty);
    for errno in [
        Errno::ECONNABORTED,
        Errno::EINTR,
        Errno::EPROTO,
        Errno::ENETDOWN,
        Errno::EHOSTUNREACH,
        Errno::EPERM,
    ] {
        assert_eq!(kind(errno), AcceptError::Transient, "{errno}");
    }
    for errno in [Errno::EMFILE, Errno::ENFILE, Errno::ENOBUFS, Errno::ENOMEM] {
        assert_eq!(kind(errno), AcceptError::Exhausted, "{errno}");
    }
    for errno in [Errno::EBADF, Errno::EINVAL, Errno::ENOTSOCK] {
        assert_eq!(kind(errno), AcceptError::Fatal, "{errno}");
    }
}

#[test]
fn nobody_keeps_the_loop_by_sending_what_is_no_request() {
    // CR-15: neither is bounded by the limits of heads and bodies.
    let lines = "\r\n".repeat(4096);
    let chunks = format!(
        "GET {PATH} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        format!("1;{}\r\nx\r\n", "e".repeat(1000)).repeat(60_000)
    );
    for flood in [lines.repeat(8192), chunks] {
        let mut rig = Rig::new();
        let mut client = rig.connect();
        let mut sent = 0;
        rig.until(|_| {
            client.receive();
            match client.stream.write(&flood.as_bytes()[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => client.ended = true,
            }
            assert!(sent < flood.len(), "all of it was read");
            client.ended.then_some(())
        });
    }
}

#[test]
fn one_line_per_cause_and_minute() {
    let mut refusals = Vec::new();
    let now = Instant::now();
    let mut pass = |cause, now| admit(&mut refusals, cause, now).map(|left_out| left_out.0);
    assert_eq!(pass(Cause::Path, now), Some(0));
    assert_eq!(pass(Cause::Method, now), Some(0));
    for _ in 0..5 {
        assert_eq!(pass(Cause::Path, now), None);
    }
    let minute = Duration::from_secs(60);
    assert_eq!(pass(Cause::Path, now + minute), Some(5));
    assert_eq!(pass(Cause::Path, now + 2 * minute), Some(0));
}
