//! A connection in memory: what the agent writes is there for the ACS at once, and nothing is ever waited for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;

use cwmpd::net::http::Stream;
use mio::event::Source;
use mio::{Interest, Registry, Token};

use crate::power;

/// Both directions of one connection.
#[derive(Default)]
pub struct Pipe {
    /// Dialled, and how far that came: `None` is under way.
    pub connected: Option<Result<(), ErrorKind>>,
    /// What the ACS has not read yet.
    pub to_acs: Vec<u8>,
    to_cpe: VecDeque<u8>,
    /// Bytes sent to the CPE, and those of them that it has read.
    pub sent: usize,
    /// See `sent`.
    pub taken: usize,
    /// The CPE gets them one at a time.
    pub single: bool,
    /// Bytes that the CPE may write before it has to wait.
    pub room: usize,
    /// The ACS is about to end it: it reads no more requests.
    pub deaf: bool,
    /// The CPE has hung up.
    pub left: bool,
    /// The ACS writes no more.
    pub finished: bool,
    /// It reads no more either: what comes is answered by a reset.
    pub closed: bool,
    /// The connection is broken.
    pub reset: bool,
}

impl Pipe {
    /// The ACS sends this.
    pub fn send(&mut self, bytes: &[u8]) {
        if !self.left && !self.reset && !self.finished {
            self.sent += bytes.len();
            self.to_cpe.extend(bytes);
        }
    }
}

/// The CPE's end.
pub struct End {
    pipe: Rc<RefCell<Pipe>>,
    local: SocketAddr,
}

impl End {
    /// Of this pipe.
    pub fn new(pipe: Rc<RefCell<Pipe>>, local: SocketAddr) -> End {
        End { pipe, local }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.pipe.borrow_mut().left = true;
    }
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut pipe = self.pipe.borrow_mut();
        if power::is_off() {
            return Err(ErrorKind::WouldBlock.into());
        }
        if pipe.reset {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let most = if pipe.single { 1 } else { buffer.len() };
        let n = most.min(pipe.to_cpe.len()).min(buffer.len());
        if n == 0 && !pipe.finished {
            return Err(ErrorKind::WouldBlock.into());
        }
        for (to, from) in buffer.iter_mut().zip(pipe.to_cpe.drain(..n)) {
            *to = from;
        }
        pipe.taken += n;
        Ok(n)
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pipe = self.pipe.borrow_mut();
        // Without power nothing leaves the device.
        if power::is_off() {
            return Err(ErrorKind::WouldBlock.into());
        }
        if pipe.reset {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if pipe.closed {
            // The kernel takes it, and the peer's answer is a reset.
            pipe.reset = true;
            return Ok(bytes.len());
        }
        let n = bytes.len().min(pipe.room);
        if n == 0 && !bytes.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        pipe.room -= n;
        pipe.to_acs.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Nothing is to be watched: the world tells the agent itself what is ready.
impl Source for End {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for End {
    fn connected(&self) -> io::Result<bool> {
        match self.pipe.borrow().connected {
            None => Ok(false),
            Some(Ok(())) => Ok(true),
            Some(Err(kind)) => Err(kind.into()),
        }
    }

    fn local(&self) -> Option<SocketAddr> {
        Some(self.local)
    }
}
