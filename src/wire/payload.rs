//! Bytes that wait to be sent, in pieces: they grow without being copied, and no large block of address space is
//! needed for them, of which a small router soon has none.

use std::alloc::{Layout, handle_alloc_error};
use std::collections::TryReserveError;
use std::fmt;

/// Bytes of a piece. With what an allocator adds it stays within a block of 32 KiB.
pub const PIECE: usize = 32 * 1024 - 64;

/// The first room that is made: most messages fit.
const FIRST: usize = 1024;

/// Bytes in pieces.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload {
    /// Each has [`PIECE`] bytes.
    full: Vec<Vec<u8>>,
    /// At most as many.
    last: Vec<u8>,
}

impl Payload {
    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.full.len() * PIECE + self.last.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last.is_empty() && self.full.is_empty()
    }

    /// The pieces, in order; none is empty.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let pieces = self.full.iter().chain(std::iter::once(&self.last));
        pieces.map(Vec::as_slice).filter(|piece| !piece.is_empty())
    }

    /// The same one by one, each freed when it is dropped.
    pub fn into_pieces(self) -> impl Iterator<Item = Vec<u8>> {
        self.full.into_iter().chain(std::iter::once(self.last))
    }

    /// The byte at `at` and those that follow it in its piece; empty behind the end.
    #[must_use]
    pub fn rest(&self, at: usize) -> &[u8] {
        let piece = self.full.get(at / PIECE);
        let piece = piece.or_else(|| (at / PIECE == self.full.len()).then_some(&self.last));
        piece
            .and_then(|piece| piece.get(at % PIECE..))
            .unwrap_or_default()
    }

    /// All of it in one block.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.pieces().flatten().copied().collect()
    }

    /// Puts `bytes` at the end.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.try_push(bytes).is_err() {
            handle_alloc_error(Layout::new::<[u8; PIECE]>());
        }
    }

    /// The same where there is memory for it; else part of `bytes` may be missing.
    pub fn try_push(&mut self, mut bytes: &[u8]) -> Result<(), TryReserveError> {
        while bytes.len() > self.room() {
            let (now, later) = bytes.split_at(self.room());
            self.last.extend_from_slice(now);
            bytes = later;
            self.make_room(bytes.len())?;
        }
        self.last.extend_from_slice(bytes);
        Ok(())
    }

    /// Puts another byte in the place of that at `at`, if there is one.
    pub fn replace(&mut self, at: usize, byte: u8) {
        let piece = match self.full.get_mut(at / PIECE) {
            Some(piece) => Some(piece),
            None => (at / PIECE == self.full.len()).then_some(&mut self.last),
        };
        if let Some(old) = piece.and_then(|piece| piece.get_mut(at % PIECE)) {
            *old = byte;
        }
    }

    /// What fits without another allocation.
    fn room(&self) -> usize {
        self.last.capacity().min(PIECE) - self.last.len()
    }

    /// Makes room for some of `wanted` bytes, all that there is being used.
    fn make_room(&mut self, wanted: usize) -> Result<(), TryReserveError> {
        let len = self.last.len();
        if len < PIECE {
            let wanted = (2 * len).max(len + wanted).clamp(FIRST, PIECE);
            return self.last.try_reserve_exact(wanted - len);
        }
        let mut next = Vec::new();
        next.try_reserve_exact(PIECE)?;
        self.full.try_reserve(1)?;
        self.full.push(std::mem::replace(&mut self.last, next));
        Ok(())
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Payload {
        let mut payload = Payload::default();
        payload.push(bytes);
        payload
    }
}

/// Its size: it may hold secrets.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn holds_what_was_pushed(
            parts in prop::collection::vec((any::<u8>(), prop_oneof![0..20usize, 0..3 * PIECE]), 0..20),
            at in 0..4 * PIECE,
        ) {
            let mut plain = Vec::new();
            let mut payload = Payload::default();
            for (byte, len) in parts {
                let bytes = vec![byte; len];
                plain.extend_from_slice(&bytes);
                payload.push(&bytes);
            }
            prop_assert_eq!(payload.len(), plain.len());
            prop_assert_eq!(payload.is_empty(), plain.is_empty());
            prop_assert!(payload.to_vec() == plain);
            prop_assert!(payload == Payload::from(&plain[..]));
            prop_assert!(payload.pieces().all(|piece| !piece.is_empty()));
            let rest = payload.rest(at);
            prop_assert!(plain.get(at..).unwrap_or_default().starts_with(rest));
            prop_assert_eq!(rest.is_empty(), at >= plain.len());
            payload.replace(at, 7);
            if let Some(old) = plain.get_mut(at) {
                *old = 7;
            }
            prop_assert!(payload.into_pieces().flatten().eq(plain));
        }
    }

    #[test]
    fn costs_what_it_holds() {
        // GV-07
        let mut payload = Payload::default();
        for _ in 0..100_000 {
            payload.push(b"<Name>Device.");
        }
        let held: usize = payload.into_pieces().map(|piece| piece.capacity()).sum();
        assert!(held <= 1_300_000 + PIECE, "{held}");
        let small = Payload::from(&b"<a/>"[..]);
        assert!(small.into_pieces().all(|piece| piece.capacity() <= FIRST));
    }
}
