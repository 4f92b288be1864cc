//! A loop for one [`AcsConnection`], and servers in threads that follow a script.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cwmpd::net::http::{Reply, Settings, tcp};
use cwmpd::net::resolver::{self, Family};
use cwmpd::net::{AcsConnection, ConnectError, Limits, Reactor, tls, token};
use cwmpd::wire::http::Url;

/// Long enough that only a hang gets there.
const HANG: Duration = Duration::from_secs(60);

/// The loop.
pub struct Client {
    pub reactor: Reactor,
    pub acs: AcsConnection,
}

/// Everything at its default; names are looked up nowhere.
pub fn settings() -> Settings {
    Settings {
        limits: Limits::default(),
        resolver: resolver::Settings {
            hosts: PathBuf::from("/nonexistent"),
            resolv_conf: PathBuf::from("/nonexistent"),
            port: 9,
            prefer: Family::V6,
            limit: Duration::from_secs(30),
        },
        tls: tls::Options::default(),
        interface: None,
    }
}

impl Client {
    pub fn new(settings: Settings) -> Self {
        Self {
            reactor: Reactor::new().unwrap(),
            acs: AcsConnection::new(token(3, 0), settings, tcp(), Instant::now()),
        }
    }

    /// Starts a POST.
    pub fn start(&mut self, url: &str, body: &[u8]) {
        let url = Url::parse(url).unwrap();
        let headers = [
            ("Host".to_owned(), url.host_header()),
            ("Content-Length".to_owned(), body.len().to_string()),
        ];
        let registry = self.reactor.registry();
        self.acs
            .post(&url, &headers, body.into(), Instant::now(), registry);
    }

    /// One turn of the loop.
    pub fn turn(&mut self) {
        let deadline = self.acs.deadline().unwrap_or(Instant::now() + HANG);
        let (registry, ready) = self.reactor.poll(Some(deadline)).unwrap();
        for token in ready {
            self.acs.ready(token, Instant::now(), registry);
        }
        let now = Instant::now();
        if self.acs.deadline().is_some_and(|at| now >= at) {
            self.acs.timeout(now, registry);
        }
    }

    /// Runs the loop until the POST has come to an end.
    pub fn run(&mut self) -> Result<Reply, ConnectError> {
        loop {
            if let Some(result) = self.acs.take() {
                return result;
            }
            self.turn();
        }
    }

    /// A POST from beginning to end.
    pub fn post(&mut self, url: &str, body: &[u8]) -> Result<Reply, ConnectError> {
        self.start(url, body);
        self.run()
    }

    /// Pretends that so much time has passed.
    pub fn pass(&mut self, time: Duration) {
        self.acs
            .timeout(Instant::now() + time, self.reactor.registry());
    }
}

/// A server on a free port of the loopback interface that does as the script says.
pub fn server<T: Send + 'static>(
    script: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, std::thread::spawn(move || script(listener)))
}

/// The next connection, which gives up rather than hang.
pub fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    stream
}

/// One whole request: its head and its body.
pub fn request(stream: &mut impl Read) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .unwrap()
        .parse()
        .unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

/// Sends a reply with this body; the connection stays.
pub fn answer(stream: &mut impl Write, body: &str) {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    stream.flush().unwrap();
}
