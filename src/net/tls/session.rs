//! One TLS connection over a non-blocking socket.

use std::io::{self, IoSlice, Read, Write};

use rustls::ClientConnection;

use super::explain::explain;
use super::{HandshakeError, Received, Trouble};
use crate::net::http::Stream;

/// What a peer may send in one go without a byte of content. Handshakes are far smaller; endless session tickets
/// would keep the loop from everything else.
const MAX_WITHOUT_CONTENT: usize = 256 * 1024;

/// The client's end of one TLS connection.
pub struct Session(Box<ClientConnection>);

impl Session {
    pub(super) fn new(connection: ClientConnection) -> Self {
        Self(Box::new(connection))
    }

    /// Nothing of the application can be sent yet.
    pub fn is_handshaking(&self) -> bool {
        self.0.is_handshaking()
    }

    /// Everything taken was also sent.
    pub fn is_flushed(&self) -> bool {
        !self.0.wants_write()
    }

    /// Reads decrypted bytes. `traffic` grows by what the socket gave.
    pub fn read(
        &mut self,
        stream: &mut dyn Stream,
        buffer: &mut [u8],
        traffic: &mut usize,
    ) -> Result<Received, Trouble> {
        let before = *traffic;
        loop {
            match self.0.reader().read(buffer) {
                Ok(0) => return Ok(Received::End),
                Ok(n) => return Ok(Received::Bytes(n)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                // The peer went without close_notify (TL-14).
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(Received::Torn),
                Err(e) => return Err(e.into()),
            }
            if *traffic - before > MAX_WITHOUT_CONTENT {
                let reason = "too many records without content".to_owned();
                return Err(Trouble::Tls(HandshakeError::Protocol(reason)));
            }
            match self.0.read_tls(&mut *stream) {
                Ok(n) => *traffic += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(Received::Blocked),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e.into()),
            }
            if let Err(e) = self.0.process_new_packets() {
                // Tell the peer why, if it can be told.
                let _ = self.0.write_tls(&mut *stream);
                return Err(Trouble::Tls(explain(&e)));
            }
        }
    }

    /// Takes what it has room for of both parts and sends what the socket takes. Returns how much was taken; until
    /// the handshake is done that is kept, not sent. `traffic` grows by what the socket took.
    pub fn write(
        &mut self,
        stream: &mut dyn Stream,
        (first, second): (&[u8], &[u8]),
        traffic: &mut usize,
    ) -> io::Result<usize> {
        let taken = if first.is_empty() && second.is_empty() {
            0
        } else {
            self.0
                .writer()
                .write_vectored(&[IoSlice::new(first), IoSlice::new(second)])?
        };
        while self.0.wants_write() {
            match self.0.write_tls(&mut *stream) {
                Ok(n) => *traffic += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(taken)
    }

    /// Says good-bye (RFC 8446 6.1), if the socket takes it at once.
    pub fn close(&mut self, stream: &mut dyn Stream) {
        self.0.send_close_notify();
        let _ = self.0.write_tls(&mut *stream);
    }
}
