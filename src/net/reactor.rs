//! The heart of the loop: one [`mio::Poll`].
//!
//! # The contract of readiness
//!
//! Sources are edge-triggered: an event is told once, when the state changes. So whoever is told must read and
//! write until `WouldBlock`, or ask to be called again through its `deadline`. Events may be spurious, and an
//! event may arrive for a socket that was closed earlier in the same turn and whose token is in use again.
//!
//! There are no timers here: components offer a `deadline`, the loop takes the earliest ([`earliest`]) and hands
//! it to [`Reactor::poll`]. Without any deadline the process sleeps until a source has something to say: an idle
//! daemon never wakes up.

use std::io;
use std::time::Instant;

use mio::event::Source;
use mio::{Events, Interest, Poll, Registry, Token};

/// Events fetched in one turn; more of them wait for the next. A device has a dozen sources.
const EVENTS_PER_TURN: usize = 64;

/// The part of a token that is the index; the rest, its high byte, says whose it is.
const INDEX_BITS: u32 = usize::BITS - 8;

/// The token of the `index`-th source of `who`. An index too large for its part is cut, never spilt into `who`.
pub const fn token(who: u8, index: usize) -> Token {
    Token(((who as usize) << INDEX_BITS) | (index & (usize::MAX >> 8)))
}

/// Whose source this is.
pub const fn who(token: Token) -> u8 {
    (token.0 >> INDEX_BITS) as u8
}

/// Which of its owner's sources this is.
pub const fn index(token: Token) -> usize {
    token.0 & (usize::MAX >> 8)
}

/// The earlier of two deadlines.
pub fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The only place where the process waits.
pub struct Reactor {
    poll: Poll,
    events: Events,
}

impl Reactor {
    /// An empty loop.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_PER_TURN),
        })
    }

    /// Where sources are registered.
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Adds a source.
    pub fn register(
        &self,
        source: &mut dyn Source,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        source.register(self.poll.registry(), token, interest)
    }

    /// Sleeps until a source is ready or `deadline` has come, and returns the tokens of what is ready.
    ///
    /// A deadline is rounded up to the clock's step, so that the loop never turns idly just before it. A signal
    /// that interrupts the wait is an early return without events.
    pub fn poll(
        &mut self,
        deadline: Option<Instant>,
    ) -> io::Result<(&Registry, impl Iterator<Item = Token>)> {
        // `mio` rounds up to the next millisecond.
        let wait = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        match self.poll.poll(&mut self.events, wait) {
            Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
            _ => {}
        }
        Ok((
            self.poll.registry(),
            self.events.iter().map(|event| event.token()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use std::time::Duration;

    proptest! {
        #[test]
        fn a_token_keeps_who_and_index(who_byte: u8, i in 0usize..(usize::MAX >> 8)) {
            let t = token(who_byte, i);
            prop_assert_eq!(who(t), who_byte);
            prop_assert_eq!(index(t), i);
        }

        #[test]
        fn a_large_index_never_changes_who(who_byte: u8, i: usize) {
            prop_assert_eq!(who(token(who_byte, i)), who_byte);
        }
    }

    #[test]
    fn the_earliest_deadline_wins() {
        let a = Instant::now();
        let b = a + Duration::from_secs(1);
        assert_eq!(earliest(Some(a), Some(b)), Some(a));
        assert_eq!(earliest(None, Some(b)), Some(b));
        assert_eq!(earliest(None, None), None);
    }

    #[test]
    fn a_ready_source_is_told_by_its_token() {
        let mut reactor = Reactor::new().unwrap();
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut ours = mio::net::UnixStream::from_std(ours);
        reactor
            .register(&mut ours, token(7, 3), Interest::READABLE)
            .unwrap();
        theirs.write_all(b"x").unwrap();
        let (_, ready) = reactor.poll(None).unwrap();
        assert_eq!(ready.collect::<Vec<_>>(), [token(7, 3)]);
    }

    #[test]
    fn a_deadline_that_has_passed_does_not_wait() {
        let mut reactor = Reactor::new().unwrap();
        let (_, mut ready) = reactor.poll(Some(Instant::now())).unwrap();
        assert_eq!(ready.next(), None);
    }
}
