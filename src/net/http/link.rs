//! An open connection: moves bytes between the socket, with or without TLS, and an [`Exchange`].

use std::io::{self, IoSlice};
use std::net::SocketAddr;

use super::exchange::Exchange;
use super::failure::{ConnectError, Phase};
use super::stream::Stream;
use crate::net::tls::{Received, Session, Trouble};

/// Bytes read in one turn of the loop; then the others have theirs.
const READ_BUDGET: usize = 1024 * 1024;

/// What came of moving bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pumped {
    /// The socket has no more for now, or takes no more.
    Blocked,
    /// The budget is used up: call again without waiting.
    Again,
    /// The reply is complete. Whether the connection can serve another request, as far as the socket knows.
    Complete {
        /// It is still open, and nothing came after the reply.
        reusable: bool,
    },
}

/// A connection to the ACS.
pub struct Link {
    stream: Box<dyn Stream>,
    tls: Option<Session>,
    peer: SocketAddr,
    /// A reply came over it before: so that the peer closes it meanwhile is no failure.
    pub kept: bool,
    /// Bytes moved either way since the last look.
    traffic: usize,
}

impl Link {
    /// Over a connected socket.
    pub fn new(stream: Box<dyn Stream>, tls: Option<Session>, peer: SocketAddr) -> Self {
        Self {
            stream,
            tls,
            peer,
            kept: false,
            traffic: 0,
        }
    }

    /// The peer's address.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Our own address.
    pub fn local(&self) -> Option<SocketAddr> {
        self.stream.local()
    }

    /// Whether a byte was moved since the last call.
    pub fn take_traffic(&mut self) -> bool {
        std::mem::take(&mut self.traffic) > 0
    }

    /// How far the exchange over this connection is.
    pub fn phase(&self, exchange: &Exchange) -> Phase {
        match &self.tls {
            Some(tls) if tls.is_handshaking() => Phase::Handshake,
            _ => exchange.phase(),
        }
    }

    /// Sends and reads until the socket blocks, the reply is complete or the budget is used up.
    pub fn pump(&mut self, exchange: &mut Exchange) -> Result<Pumped, ConnectError> {
        let mut buffer = [0; 8192];
        let before = self.traffic;
        // A peer that answers early and closes makes sending fail while its reply waits to be read.
        let mut broken = None;
        loop {
            match self.receive(&mut buffer) {
                Ok(Received::Bytes(n)) => {
                    if exchange.receive(buffer.get(..n).unwrap_or_default())? {
                        return Ok(self.complete());
                    }
                }
                Ok(end @ (Received::End | Received::Torn)) => {
                    let phase = self.phase(exchange);
                    // What an envelope lacks shows; what a file lacks does not (TL-14).
                    if exchange.flows() && end == Received::Torn {
                        return Err(ConnectError::Closed { phase });
                    }
                    return match exchange.end_of_stream() {
                        Ok(()) => Ok(Pumped::Complete { reusable: false }),
                        Err(ConnectError::Closed { .. }) => Err(ConnectError::Closed { phase }),
                        Err(e) => Err(e),
                    };
                }
                Ok(Received::Blocked) => {
                    if let Some(error) = broken {
                        return Err(self.broken(exchange, error));
                    }
                    match self.send(exchange) {
                        Ok(true) => {}
                        Ok(false) => return Ok(Pumped::Blocked),
                        Err(e) => broken = Some(e),
                    }
                }
                Err(Trouble::Tls(e)) => return Err(ConnectError::Tls(e)),
                Err(Trouble::Io(e)) => return Err(self.broken(exchange, broken.unwrap_or(e))),
            }
            if self.traffic - before > READ_BUDGET {
                return Ok(Pumped::Again);
            }
        }
    }

    /// Whether an idle connection can still be used: the peer has neither closed it nor sent anything unasked.
    pub fn is_quiet(&mut self) -> bool {
        matches!(self.receive(&mut [0]), Ok(Received::Blocked))
    }

    /// The bare socket.
    pub fn into_stream(self) -> Box<dyn Stream> {
        self.stream
    }

    /// Takes leave.
    pub fn close(mut self) {
        if let Some(tls) = &mut self.tls {
            tls.close(&mut *self.stream);
        }
    }

    fn complete(&mut self) -> Pumped {
        let flushed = self.tls.as_ref().is_none_or(Session::is_flushed);
        // The end of the stream may have come together with the reply, and then no event will tell of it.
        Pumped::Complete {
            reusable: flushed && self.is_quiet(),
        }
    }

    fn broken(&self, exchange: &Exchange, error: io::Error) -> ConnectError {
        ConnectError::Broken {
            phase: self.phase(exchange),
            error,
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<Received, Trouble> {
        if let Some(tls) = &mut self.tls {
            return tls.read(&mut *self.stream, buffer, &mut self.traffic);
        }
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Ok(Received::End),
                Ok(n) => {
                    self.traffic += n;
                    return Ok(Received::Bytes(n));
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(Received::Blocked),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Sends what the socket takes. False when nothing could be moved.
    fn send(&mut self, exchange: &mut Exchange) -> io::Result<bool> {
        let before = self.traffic;
        let mut taken = 0;
        loop {
            let unsent = exchange.unsent();
            let n = match &mut self.tls {
                Some(tls) => tls.write(&mut *self.stream, unsent, &mut self.traffic)?,
                None => {
                    let n = write(&mut *self.stream, unsent)?;
                    self.traffic += n;
                    n
                }
            };
            exchange.sent(n);
            taken += n;
            if n == 0 {
                return Ok(taken > 0 || self.traffic > before);
            }
        }
    }
}

/// Zero when there is nothing to write or no room for it.
fn write(stream: &mut dyn Stream, (first, second): (&[u8], &[u8])) -> io::Result<usize> {
    if first.is_empty() && second.is_empty() {
        return Ok(0);
    }
    loop {
        match stream.write_vectored(&[IoSlice::new(first), IoSlice::new(second)]) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
