//! The sockets, against a device of blocking calls in a thread.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use super::*;
use crate::lab::acs::Event;
use crate::lab::script::Script;
use crate::net::Reactor;

const SERVER: u8 = 3;
const INFORM: &str = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' \
    xmlns:c='urn:dslforum-org:cwmp-1-2'><s:Body><c:Inform><DeviceId><OUI>0</OUI><SerialNumber>1</SerialNumber>\
    </DeviceId><ParameterList><ParameterValueStruct><Name>Device.ManagementServer.ConnectionRequestURL</Name>\
    <Value>@</Value></ParameterValueStruct></ParameterList></c:Inform></s:Body></s:Envelope>";

/// Reads up to the end of a head; gives it.
fn head(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        text.push(byte[0].into());
    }
    text
}

/// A session in single bytes: Inform, empty POST, end.
fn session(acs: SocketAddr, url: String) {
    let mut stream = TcpStream::connect(acs).unwrap();
    stream.set_nodelay(true).unwrap();
    let body = INFORM.replace('@', &url);
    let mut chunks: String = body.chars().map(|c| format!("1\r\n{c}\r\n")).collect();
    chunks += "0\r\n\r\n";
    for byte in format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}").bytes() {
        stream.write_all(&[byte]).unwrap();
    }
    let answer = head(&mut stream);
    let field = |name: &str| {
        answer
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .to_owned()
    };
    let mut body = vec![0; field("Content-Length: ").parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    assert!(String::from_utf8(body).unwrap().contains("InformResponse"));
    let cookie = field("Set-Cookie: ");
    stream
        .write_all(
            format!("POST / HTTP/1.1\r\nCookie: {cookie}\r\nContent-Length: 0\r\n\r\n").as_bytes(),
        )
        .unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 204 "));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

/// Runs the server until `done` has got what it waits for.
fn run<T>(
    reactor: &mut Reactor,
    server: &mut Server,
    mut done: impl FnMut(&mut Server, &Registry) -> Option<T>,
) -> T {
    loop {
        let (registry, ready) = reactor.poll(server.deadline()).unwrap();
        let now = Instant::now();
        server.timeout(now);
        for token in ready {
            server.ready(token, now, registry);
        }
        if let Some(result) = done(server, registry) {
            return result;
        }
    }
}

/// A device that has held a session, with its connection-request server in a thread: what that one does with the
/// listener, and how the connection request ended.
fn woken(
    script: &str,
    device: impl FnOnce(TcpListener) + Send + 'static,
) -> (Woken, JoinHandle<()>) {
    let mut reactor = Reactor::new().unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let acs = Acs::new(Script::parse(script).unwrap());
    let mut server = Server::new(acs, address, SERVER, reactor.registry()).unwrap();
    let acs = server.address();
    let listener = TcpListener::bind(address).unwrap();
    let url = format!("http://{}/cr?x", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        session(acs, url);
        device(listener);
    });
    let woken = run(&mut reactor, &mut server, |server, registry| {
        while let Some(event) = server.acs.event() {
            if let Event::Ended { device, .. } = event {
                server.wake(&device, Instant::now(), registry);
            }
        }
        server.woken()
    });
    assert_eq!(woken.device, "0-1");
    (woken, thread)
}

const LOGIN: &str = "connection_request_username = 'u'\nconnection_request_password = 'p'";
const CHALLENGE: &str = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";

#[test]
fn a_session_byte_by_byte_then_a_connection_request_on_one_connection() {
    let (woken, thread) = woken(LOGIN, |listener| {
        let mut stream = listener.accept().unwrap().0;
        assert!(head(&mut stream).starts_with("GET /cr?x HTTP/1.1\r\n"));
        stream
            .write_all(format!("{CHALLENGE}Content-Length: 0\r\n\r\n").as_bytes())
            .unwrap();
        assert!(head(&mut stream).contains("Authorization: Digest username=\"u\""));
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
    });
    assert_eq!(woken.result.unwrap(), 200);
    thread.join().unwrap();
}

#[test]
fn a_device_that_closes_after_its_challenge_is_asked_on_a_new_connection() {
    let (woken, thread) = woken(LOGIN, |listener| {
        let mut stream = listener.accept().unwrap().0;
        head(&mut stream);
        stream
            .write_all(format!("{CHALLENGE}Connection: close\r\n\r\n").as_bytes())
            .unwrap();
        let mut second = listener.accept().unwrap().0;
        assert!(head(&mut second).contains("Authorization"));
        second.write_all(b"HTTP/1.1 503 No\r\n\r\n").unwrap();
    });
    assert_eq!(woken.result.unwrap(), 503);
    thread.join().unwrap();
}

#[test]
fn failures_of_connection_requests_are_told() {
    let (refused, thread) = woken("", drop);
    assert!(
        matches!(refused.result, Err(WakeError::Io(_) | WakeError::Closed)),
        "{refused:?}"
    );
    thread.join().unwrap();
    let (challenged, thread) = woken("", |listener| {
        let mut stream = listener.accept().unwrap().0;
        head(&mut stream);
        stream
            .write_all(format!("{CHALLENGE}\r\n").as_bytes())
            .unwrap();
    });
    assert!(
        matches!(challenged.result, Err(WakeError::Login)),
        "{challenged:?}"
    );
    thread.join().unwrap();
    let (garbage, thread) = woken("", |listener| {
        let mut stream = listener.accept().unwrap().0;
        head(&mut stream);
        stream.write_all(b"\0\0\0\0").unwrap();
    });
    assert!(
        matches!(garbage.result, Err(WakeError::NotHttp)),
        "{garbage:?}"
    );
    thread.join().unwrap();
}
