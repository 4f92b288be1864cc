//! One question to one server at a time: over UDP, and over TCP when the reply did not fit.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Registry, Token};

use super::ResolveError;
use crate::net::random;
use crate::wire::dns::{self, DnsError, RecordType};

/// Room for a reply over UDP. Without EDNS it has 512 bytes at most; some servers do not care.
const MAX_DATAGRAM: usize = 4096;
/// Datagrams that answer something else which are read for one question; more are a flood, and the next server
/// gets the question.
const MAX_STRAYS: usize = 64;

/// What came of a question that had an event.
pub(super) enum Outcome {
    /// Nothing yet.
    Waiting,
    /// The answer is there.
    Answered,
    /// This server gives no answer, for this reason.
    Failed(String),
}

/// A question for the addresses of one family.
pub(super) struct Question {
    record: RecordType,
    query: Vec<u8>,
    exchange: Exchange,
    strays: usize,
    /// The addresses; none is an answer as well.
    answer: Option<Vec<IpAddr>>,
}

enum Exchange {
    Idle,
    Udp(UdpSocket, SocketAddr),
    Tcp {
        stream: TcpStream,
        unsent: Vec<u8>,
        reply: Vec<u8>,
    },
}

impl Question {
    pub(super) fn new(record: RecordType) -> Self {
        Self {
            record,
            query: Vec::new(),
            exchange: Exchange::Idle,
            strays: 0,
            answer: None,
        }
    }

    pub(super) fn answer(&self) -> Option<&Vec<IpAddr>> {
        self.answer.as_ref()
    }

    pub(super) fn has_addresses(&self) -> bool {
        self.answer.as_ref().is_some_and(|a| !a.is_empty())
    }

    pub(super) fn is_waiting(&self) -> bool {
        !matches!(self.exchange, Exchange::Idle)
    }

    /// Asks `server`, with a new identifier from a new port.
    pub(super) fn ask(
        &mut self,
        host: &str,
        server: SocketAddr,
        token: Token,
        registry: &Registry,
    ) -> Result<(), ResolveError> {
        self.exchange = Exchange::Idle;
        self.strays = 0;
        let id = random::number16().map_err(ResolveError::System)?;
        self.query = dns::query(id, host, self.record).map_err(|_| ResolveError::Name)?;
        let socket = self
            .send(server, token, registry)
            .map_err(ResolveError::System)?;
        self.exchange = Exchange::Udp(socket, server);
        Ok(())
    }

    fn send(&self, server: SocketAddr, token: Token, registry: &Registry) -> io::Result<UdpSocket> {
        let any: IpAddr = match server {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let mut socket = UdpSocket::bind((any, 0).into())?;
        socket.connect(server)?;
        registry.register(&mut socket, token, Interest::READABLE)?;
        match socket.send(&self.query) {
            // A full queue loses the datagram, as the network may: the turn ends by its deadline.
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(e),
            _ => Ok(socket),
        }
    }

    /// Reads what there is.
    pub(super) fn ready(&mut self, token: Token, registry: &Registry) -> Outcome {
        let outcome = match self.receive(token, registry) {
            Ok(outcome) => outcome,
            Err(e) => Outcome::Failed(e.to_string()),
        };
        if !matches!(outcome, Outcome::Waiting) {
            self.exchange = Exchange::Idle;
        }
        outcome
    }

    fn receive(&mut self, token: Token, registry: &Registry) -> io::Result<Outcome> {
        let mut buffer = [0; MAX_DATAGRAM];
        loop {
            let reply = match &mut self.exchange {
                Exchange::Idle => return Ok(Outcome::Waiting),
                Exchange::Udp(socket, _) => match would_block(socket.recv(&mut buffer))? {
                    None => return Ok(Outcome::Waiting),
                    Some(n) => buffer.get(..n).unwrap_or_default(),
                },
                Exchange::Tcp {
                    stream,
                    unsent,
                    reply,
                } => {
                    if !tcp(stream, unsent, reply)? {
                        return Ok(Outcome::Waiting);
                    }
                    reply.get(2..).unwrap_or_default()
                }
            };
            match dns::parse(reply, &self.query) {
                // Forged or late: the right one may still come. Over TCP there is only one.
                Err(DnsError::NotOurs)
                    if matches!(self.exchange, Exchange::Udp(..)) && self.strays < MAX_STRAYS =>
                {
                    self.strays += 1;
                }
                Err(_) => return Ok(Outcome::Failed("the reply cannot be read".to_owned())),
                // RFC 1035 4.1.1: 0 is no error, 3 is no such name; both are answers.
                Ok(answer) if answer.rcode != 0 && answer.rcode != 3 => {
                    return Ok(Outcome::Failed(format!("rcode={}", answer.rcode)));
                }
                // A cut reply that has addresses is good enough: one is all that is needed.
                Ok(answer) if answer.truncated && answer.addresses.is_empty() => {
                    let Exchange::Udp(_, server) = self.exchange else {
                        return Ok(Outcome::Failed("the reply is cut short".to_owned()));
                    };
                    let mut stream = TcpStream::connect(server)?;
                    registry.register(
                        &mut stream,
                        token,
                        Interest::READABLE | Interest::WRITABLE,
                    )?;
                    let length = u16::try_from(self.query.len()).unwrap_or(u16::MAX);
                    let mut unsent = length.to_be_bytes().to_vec();
                    unsent.extend_from_slice(&self.query);
                    self.exchange = Exchange::Tcp {
                        stream,
                        unsent,
                        reply: Vec::new(),
                    };
                }
                Ok(answer) => {
                    self.answer = Some(answer.addresses);
                    return Ok(Outcome::Answered);
                }
            }
        }
    }
}

/// Sends and reads until the whole reply is there (RFC 1035 4.2.2: two bytes of length before each message).
fn tcp(stream: &mut TcpStream, unsent: &mut Vec<u8>, reply: &mut Vec<u8>) -> io::Result<bool> {
    while !unsent.is_empty() {
        match would_block(stream.write(unsent))? {
            None => return Ok(false),
            Some(n) => drop(unsent.drain(..n)),
        }
    }
    let mut buffer = [0; 1024];
    loop {
        if let Some(length) = reply.first_chunk::<2>() {
            let whole = 2 + usize::from(u16::from_be_bytes(*length));
            if reply.len() >= whole {
                reply.truncate(whole);
                return Ok(true);
            }
        }
        match would_block(stream.read(&mut buffer))? {
            None => return Ok(false),
            Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Some(n) => reply.extend_from_slice(buffer.get(..n).unwrap_or_default()),
        }
    }
}

/// `None` when the socket has to be waited for, which a socket that is not connected yet is as well.
fn would_block(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(n) => Ok(Some(n)),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
            ) =>
        {
            Ok(None)
        }
        Err(e) => Err(e),
    }
}
