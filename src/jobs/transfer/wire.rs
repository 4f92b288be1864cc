//! The child's own small loop: it waits where the daemon may not.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::Token;

use super::local::Local;
use super::{CUT_OFF, Failure, Order, Report, connect_failure};
use crate::net::http::{AcsConnection, Settings, Stream, TOKENS, tcp};
use crate::net::reactor::{Reactor, earliest};
use crate::wire::http::Url;

/// Progress is told no more often.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Sockets, patience, and whom to tell.
pub struct Wire<'a> {
    pub reactor: Reactor,
    settings: Settings,
    stall: Duration,
    limit: Duration,
    started: Instant,
    report: Report<'a>,
    reported: Option<(Instant, u64)>,
    tokens: usize,
}

impl<'a> Wire<'a> {
    pub fn new(order: &Order, report: Report<'a>) -> io::Result<Wire<'a>> {
        Ok(Wire {
            reactor: Reactor::new()?,
            settings: order.settings(),
            stall: Duration::from_secs(order.stall_seconds.into()),
            limit: Duration::from_secs(order.limit_seconds.into()),
            started: Instant::now(),
            report,
            reported: None,
            tokens: 0,
        })
    }

    /// A connection that is not open yet.
    pub fn connection(&mut self) -> AcsConnection {
        let base = Token(self.tokens);
        self.tokens += TOKENS;
        AcsConnection::new(base, self.settings.clone(), tcp(), Instant::now())
    }

    /// One turn of the loop for one connection.
    pub fn turn(&mut self, connection: &mut AcsConnection) -> Result<(), Failure> {
        let end = self.end()?;
        let deadline = earliest(connection.deadline(), Some(end));
        let (registry, ready) = self.reactor.poll(deadline).map_err(system)?;
        let now = Instant::now();
        for token in ready {
            connection.ready(token, now, registry);
        }
        if connection.deadline().is_some_and(|at| at <= now) {
            connection.timeout(now, registry);
        }
        Ok(())
    }

    /// Connects to where a URL leads.
    pub fn connect(&mut self, to: &Url) -> Result<(Box<dyn Stream>, SocketAddr), Failure> {
        let mut connection = self.connection();
        connection.connect(to, Instant::now(), self.reactor.registry());
        loop {
            if let Some(Err(error)) = connection.take() {
                return Err(connect_failure(&error));
            }
            if let Some(connected) = connection.take_stream() {
                return Ok(connected);
            }
            self.turn(&mut connection)?;
        }
    }

    /// Reads what comes; nothing at the end of the stream.
    pub fn read(&mut self, stream: &mut dyn Stream, buffer: &mut [u8]) -> Result<usize, Failure> {
        self.patiently(&mut || stream.read(buffer))
    }

    /// Sends all of it.
    pub fn write(&mut self, stream: &mut dyn Stream, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let count = self.patiently(&mut || stream.write(bytes))?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    fn patiently(&mut self, go: &mut dyn FnMut() -> io::Result<usize>) -> Result<usize, Failure> {
        let stalled = Instant::now() + self.stall;
        loop {
            match go() {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let text = format!("the connection broke: {error}");
                    return Err(Failure::new(CUT_OFF, &text).again());
                }
            }
            if Instant::now() >= stalled {
                let text = format!("nothing moved for {} s", self.stall.as_secs());
                return Err(Failure::new(CUT_OFF, &text).again());
            }
            let end = self.end()?;
            let _ = self.reactor.poll(Some(stalled.min(end))).map_err(system)?;
        }
    }

    /// Waits before another try.
    pub fn pause(&mut self, time: Duration) -> Result<(), Failure> {
        let over = Instant::now() + time;
        while Instant::now() < over {
            let end = self.end()?;
            let _ = self.reactor.poll(Some(over.min(end))).map_err(system)?;
        }
        Ok(())
    }

    /// When the order's time is over; a failure when it is.
    fn end(&self) -> Result<Instant, Failure> {
        let end = self.started + self.limit;
        if Instant::now() < end {
            return Ok(end);
        }
        let text = format!("it was not done within {} s", self.limit.as_secs());
        Err(Failure::new(CUT_OFF, &text))
    }

    /// Tells how far it is, if that is news.
    pub fn progress(&mut self, local: &Local) -> Result<(), Failure> {
        let now = Instant::now();
        let news = local.bytes > 0
            && self.reported.is_none_or(|(at, bytes)| {
                bytes != local.bytes && now.saturating_duration_since(at) >= REPORT_EVERY
            });
        if news {
            self.reported = Some((now, local.bytes));
            (self.report)(local.bytes, local.total()).map_err(system)?;
        }
        Ok(())
    }
}

fn system(error: io::Error) -> Failure {
    Failure::new(0, &error.to_string())
}
