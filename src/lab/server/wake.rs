//! A connection request, as an ACS sends it: GET, 401, GET with the answer to the challenge (TR-069 3.2.2).

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::wire::http::challenge::Parameters;
use crate::wire::http::digest::client::{Answerer, Challenge};
use crate::wire::http::{Credentials, Random, Scheme, Url};

/// How long a device has for the whole exchange.
const LIMIT: Duration = Duration::from_secs(10);
/// Largest response head, with whatever follows.
const MAX_INPUT: usize = 16 * 1024;
/// Headers of a response.
const MAX_HEADERS: usize = 64;

/// Why a connection request has failed.
#[derive(Debug)]
pub enum WakeError {
    /// The device has told no ConnectionRequestURL.
    NoUrl,
    /// Its ConnectionRequestURL is not one that is reached over HTTP at an address.
    Url(String),
    /// The connection failed.
    Io(io::Error),
    /// The device closed the connection without a reply.
    Closed,
    /// What came is not HTTP.
    NotHttp,
    /// It asks for a login and we have none, or not of its kind.
    Login,
    /// No reply in time.
    TimedOut,
}

impl fmt::Display for WakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WakeError::NoUrl => f.write_str("the device has told no ConnectionRequestURL"),
            WakeError::Url(url) => write!(f, "cannot connect to the ConnectionRequestURL {url:?}"),
            WakeError::Io(error) => write!(f, "{error}"),
            WakeError::Closed => f.write_str("the device closed the connection without a reply"),
            WakeError::NotHttp => f.write_str("the device's reply is not HTTP"),
            WakeError::Login => {
                f.write_str("the device asks for a login that the acs does not have")
            }
            WakeError::TimedOut => f.write_str("the device did not reply in time"),
        }
    }
}

impl std::error::Error for WakeError {}

/// A connection request under way.
pub struct Wake {
    stream: TcpStream,
    address: SocketAddr,
    url: Url,
    credentials: Option<Credentials>,
    output: Vec<u8>,
    sent: usize,
    input: Vec<u8>,
    answered: bool,
    deadline: Instant,
    token: Token,
    registry: Registry,
}

impl Wake {
    /// Connects.
    pub fn start(
        url: &str,
        credentials: Option<&Credentials>,
        now: Instant,
        token: Token,
        registry: &Registry,
    ) -> Result<Wake, WakeError> {
        let parsed = Url::parse(url)
            .ok()
            .filter(|parsed| parsed.scheme == Scheme::Http);
        let parsed = parsed.ok_or_else(|| WakeError::Url(url.to_owned()))?;
        let address: IpAddr = parsed
            .host
            .parse()
            .map_err(|_| WakeError::Url(url.to_owned()))?;
        let address = SocketAddr::new(address, parsed.port);
        let registry = registry.try_clone().map_err(WakeError::Io)?;
        let stream = connect(address, token, &registry)?;
        let mut wake = Wake {
            stream,
            address,
            url: parsed,
            credentials: credentials.cloned(),
            output: Vec::new(),
            sent: 0,
            input: Vec::new(),
            answered: false,
            deadline: now + LIMIT,
            token,
            registry,
        };
        wake.ask(None);
        Ok(wake)
    }

    /// When it is given up.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Goes on; the final status when there is one.
    pub fn ready(&mut self, random: Random) -> Option<Result<u16, WakeError>> {
        loop {
            match self.turn(random) {
                Ok(None) => {}
                Ok(Some(status)) => return Some(Ok(status)),
                Err(WakeError::Io(e)) if e.kind() == ErrorKind::WouldBlock => return None,
                Err(WakeError::Io(e)) if e.kind() == ErrorKind::NotConnected => return None,
                Err(WakeError::Io(e)) if e.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn turn(&mut self, random: Random) -> Result<Option<u16>, WakeError> {
        if let Some(error) = self.stream.take_error().map_err(WakeError::Io)? {
            return Err(WakeError::Io(error));
        }
        while let Some(rest) = self.output.get(self.sent..).filter(|rest| !rest.is_empty()) {
            self.sent += self.stream.write(rest).map_err(WakeError::Io)?;
        }
        let mut buffer = [0; 4096];
        let read = self.stream.read(&mut buffer).map_err(WakeError::Io)?;
        self.input.extend(buffer.iter().take(read));
        if read == 0 {
            return Err(WakeError::Closed);
        }
        if self.input.len() > MAX_INPUT {
            return Err(WakeError::NotHttp);
        }
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        match head.parse(&self.input) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(WakeError::NotHttp),
        }
        let status = head.code.unwrap_or_default();
        if status != 401 || self.answered {
            return Ok(Some(status));
        }
        let named = |name: &'static str| {
            head.headers
                .iter()
                .filter(move |h| h.name.eq_ignore_ascii_case(name))
                .map(|h| h.value)
        };
        let challenges: Vec<Parameters> = named("WWW-Authenticate")
            .flat_map(Parameters::list)
            .collect();
        let closed = named("Connection").any(|value| value.eq_ignore_ascii_case(b"close"));
        let challenge = Challenge::best(&challenges).ok_or(WakeError::Login)?;
        let credentials = self.credentials.clone().ok_or(WakeError::Login)?;
        let target = self.url.target.clone();
        let answer =
            Answerer::new(challenge).authorization(&credentials, "GET", &target, &[], random);
        // The 401 has no body to speak of; a device that sends one is asked again on a new connection.
        let length = named("Content-Length").next();
        if closed || length != Some(b"0") {
            self.stream = connect(self.address, self.token, &self.registry)?;
        }
        self.answered = true;
        self.ask(Some(&answer));
        Ok(None)
    }

    fn ask(&mut self, authorization: Option<&str>) {
        let mut head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\n",
            self.url.target,
            self.url.host_header()
        );
        if let Some(value) = authorization {
            head += &format!("Authorization: {value}\r\n");
        }
        head += "\r\n";
        self.output = head.into_bytes();
        self.sent = 0;
        self.input.clear();
    }
}

fn connect(address: SocketAddr, token: Token, registry: &Registry) -> Result<TcpStream, WakeError> {
    let mut stream = TcpStream::connect(address).map_err(WakeError::Io)?;
    registry
        .register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)
        .map_err(WakeError::Io)?;
    Ok(stream)
}
