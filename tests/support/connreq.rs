//! An ACS's connection request, over raw sockets.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::AsRawFd;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};

use super::digest::Challenge;
use super::http::read_request;
use super::patience;

/// A reply of the connection-request server.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// All Digest challenges in it that can be read.
    pub fn challenges(&self) -> Vec<Challenge> {
        self.headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("WWW-Authenticate"))
            .filter_map(|(_, value)| Challenge::parse(value))
            .collect()
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// One connection to the server.
pub struct Connection {
    stream: TcpStream,
    pending: Vec<u8>,
}

impl Connection {
    /// Connects to `HOST:PORT`.
    pub fn open(authority: &str) -> Connection {
        Connection::open_from(Ipv4Addr::LOCALHOST, authority)
    }

    /// The same from another address of this host.
    pub fn open_from(source: Ipv4Addr, authority: &str) -> Connection {
        let to: SocketAddrV4 = authority.parse().expect("an address and a port");
        let flags = SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Inet, SockType::Stream, flags, None).expect("a socket");
        bind(
            socket.as_raw_fd(),
            &SockaddrIn::from(SocketAddrV4::new(source, 0)),
        )
        .expect("its address");
        connect(socket.as_raw_fd(), &SockaddrIn::from(to))
            .expect("connect to the connection-request port");
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(patience())).unwrap();
        Connection {
            stream,
            pending: Vec::new(),
        }
    }

    /// Writes these bytes; an error is the server's choice and shows in the answer.
    pub fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next answer; `None` when the server closed (or reset) the connection instead.
    pub fn read(&mut self) -> Option<Answer> {
        // A response head reads like a request's: `HTTP/1.1 401 Unauthorized` gives the "target" 401.
        let head = read_request(&mut self.stream, &mut self.pending, 0).ok()??;
        Some(Answer {
            status: head.target.parse().expect("a status"),
            headers: head.headers,
            body: head.body,
        })
    }

    /// One GET and its answer.
    pub fn get(
        &mut self,
        authority: &str,
        target: &str,
        authorization: Option<&str>,
    ) -> Option<Answer> {
        let authorization = authorization
            .map(|value| format!("Authorization: {value}\r\n"))
            .unwrap_or_default();
        self.write(
            format!("GET {target} HTTP/1.1\r\nHost: {authority}\r\n{authorization}\r\n").as_bytes(),
        );
        self.read()
    }
}

/// Where and as whom.
#[derive(Clone, Debug)]
pub struct ConnectionRequest {
    /// `127.0.0.1:7547`
    pub authority: String,
    /// `/8f3ac91b`
    pub target: String,
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// The address that it comes from.
    pub source: Ipv4Addr,
}

impl ConnectionRequest {
    /// For a ConnectionRequestURL.
    pub fn new(url: &str, username: &str, password: &str) -> Self {
        let rest = url
            .strip_prefix("http://")
            .unwrap_or_else(|| panic!("ConnectionRequestURL {url:?}"));
        let slash = rest.find('/').unwrap_or(rest.len());
        ConnectionRequest {
            authority: rest[..slash].to_owned(),
            target: if slash == rest.len() {
                "/".to_owned()
            } else {
                rest[slash..].to_owned()
            },
            username: username.to_owned(),
            password: password.to_owned(),
            source: Ipv4Addr::LOCALHOST,
        }
    }

    /// A new connection to it.
    pub fn open(&self) -> Connection {
        Connection::open_from(self.source, &self.authority)
    }

    /// One GET on a connection of its own.
    pub fn get(&self, authorization: Option<&str>) -> Answer {
        self.open()
            .get(&self.authority, &self.target, authorization)
            .expect("an answer")
    }

    /// `Authorization` for a challenge.
    pub fn authorization(&self, challenge: &Challenge, nc: u32) -> String {
        challenge.answer(&self.username, &self.password, "GET", &self.target, nc)
    }

    /// The whole exchange as an ACS does it: GET, 401, GET with Digest for the first challenge that `choose` takes;
    /// on one connection where the server allows it. Gives the last status and the `Authorization` that was sent.
    pub fn send_with(&self, choose: impl Fn(&Challenge) -> bool) -> (Answer, String) {
        let mut connection = self.open();
        let first = connection
            .get(&self.authority, &self.target, None)
            .expect("a challenge");
        assert_eq!(
            first.status, 401,
            "an unauthenticated connection request: {first:?}"
        );
        let challenge = first
            .challenges()
            .into_iter()
            .find(choose)
            .expect("a fitting challenge");
        let authorization = self.authorization(&challenge, 1);
        let answer = match first.header("Connection") {
            Some(value) if value.eq_ignore_ascii_case("close") => self.get(Some(&authorization)),
            _ => connection
                .get(&self.authority, &self.target, Some(&authorization))
                .expect("an answer"),
        };
        (answer, authorization)
    }

    /// The exchange with whatever challenge comes first; gives the last status.
    pub fn send(&self) -> u16 {
        self.send_with(|_| true).0.status
    }
}
