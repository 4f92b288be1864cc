//! Nonces that need no memory until they are used well.
//!
//! A nonce is the moment it was made, random bytes, and a keyed hash of both. So a flood of unauthenticated requests
//! pushes out nothing, and the answer of an honest ACS is never forgotten. What is kept is the count of each nonce that
//! was used with the right password, so that nothing can be replayed (CR-11).

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::wire::http::{Random, hex, same_secret};

/// The retry comes within a round trip; a minute also covers a person with a browser.
const LIFETIME: Duration = Duration::from_secs(60);
/// Used nonces remembered. Only who knows the password fills this; what falls out is declared too old.
const MAX_USED: usize = 64;
/// Bytes of the moment (milliseconds) and of the random part.
const OPEN_BYTES: usize = 16;
/// Bytes of the hash that are kept.
const TAG_BYTES: usize = 16;

/// What a nonce that came with the right password is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Ours, young, and its count has grown.
    Fresh,
    /// Not ours (any more), or too old.
    Old,
    /// Seen before with this count or a higher one.
    Replayed,
}

struct Used {
    nonce: Vec<u8>,
    made: u64,
    count: u32,
}

/// Makes nonces and knows them again.
pub struct Nonces {
    key: [u8; 32],
    start: Instant,
    used: Vec<Used>,
    /// Nonces made up to this moment are too old, whatever their age: their counts were forgotten.
    forgotten: Option<u64>,
}

impl Nonces {
    /// With a random key.
    pub fn new(now: Instant, random: Random) -> Nonces {
        let mut key = [0; 32];
        random(&mut key);
        Nonces {
            key,
            start: now,
            used: Vec::new(),
            forgotten: None,
        }
    }

    /// A new nonce.
    pub fn make(&self, now: Instant, random: Random) -> String {
        let mut open = self.moment(now).to_be_bytes().to_vec();
        open.resize(OPEN_BYTES, 0);
        if let Some(rest) = open.get_mut(size_of::<u64>()..) {
            random(rest);
        }
        let tag = self.tag(&open);
        hex(open.into_iter().chain(tag))
    }

    /// Notes that a nonce was used with this count; without a count (RFC 2069) it is good for one time.
    pub fn redeem(&mut self, nonce: &[u8], count: Option<u32>, now: Instant) -> Use {
        let Some(made) = self.made(nonce) else {
            return Use::Old;
        };
        let oldest = self.moment(now).saturating_sub(LIFETIME.as_millis() as u64);
        if made < oldest || self.forgotten.is_some_and(|forgotten| made <= forgotten) {
            return Use::Old;
        }
        self.used.retain(|used| used.made >= oldest);
        if let Some(known) = self.used.iter_mut().find(|used| used.nonce == nonce) {
            return match count {
                Some(count) if count > known.count => {
                    known.count = count;
                    Use::Fresh
                }
                _ => Use::Replayed,
            };
        }
        if count == Some(0) {
            return Use::Replayed; // RFC 7616 3.4: the first one is 1
        }
        if self.used.len() >= MAX_USED
            && let Some(first) = self.used.iter().map(|used| used.made).min()
        {
            self.used.retain(|used| used.made > first);
            self.forgotten = Some(first);
            if made <= first {
                return Use::Old;
            }
        }
        self.used.push(Used {
            nonce: nonce.to_vec(),
            made,
            count: count.unwrap_or(u32::MAX),
        });
        Use::Fresh
    }

    fn moment(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    /// When it was made, if it was made here.
    fn made(&self, nonce: &[u8]) -> Option<u64> {
        let text = std::str::from_utf8(nonce).ok()?;
        if text.len() != 2 * (OPEN_BYTES + TAG_BYTES)
            || !text.bytes().all(|b| b.is_ascii_hexdigit())
        {
            return None;
        }
        let open: Vec<u8> = (0..OPEN_BYTES)
            .map(|at| {
                text.get(2 * at..2 * at + 2)
                    .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            })
            .collect::<Option<_>>()?;
        let tag = text.get(2 * OPEN_BYTES..)?;
        let genuine = same_secret(tag.as_bytes(), hex(self.tag(&open)).as_bytes());
        let moment = open.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
        moment.filter(|_| genuine)
    }

    /// The text has a fixed length and the hash is cut, so that nothing can be appended.
    fn tag(&self, open: &[u8]) -> Vec<u8> {
        Sha256::new()
            .chain_update(self.key)
            .chain_update(open)
            .finalize()
            .into_iter()
            .take(TAG_BYTES)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonces(now: Instant) -> (Nonces, impl FnMut(&mut [u8])) {
        let mut seed = 0u8;
        let mut random = move |bytes: &mut [u8]| {
            seed = seed.wrapping_add(1);
            bytes.fill(seed);
        };
        (Nonces::new(now, &mut random), random)
    }

    #[test]
    fn a_count_must_grow() {
        // CR-11
        let now = Instant::now();
        let (mut nonces, mut random) = nonces(now);
        let nonce = nonces.make(now, &mut random);
        for (count, worth) in [
            (0, Use::Replayed),
            (1, Use::Fresh),
            (1, Use::Replayed),
            (7, Use::Fresh),
            (6, Use::Replayed),
            (8, Use::Fresh),
        ] {
            assert_eq!(
                nonces.redeem(nonce.as_bytes(), Some(count), now),
                worth,
                "{count}"
            );
        }
        assert_eq!(nonces.redeem(nonce.as_bytes(), None, now), Use::Replayed);
    }

    #[test]
    fn without_a_count_a_nonce_is_good_once() {
        // CR-11 CR-13
        let now = Instant::now();
        let (mut nonces, mut random) = nonces(now);
        let nonce = nonces.make(now, &mut random);
        assert_eq!(nonces.redeem(nonce.as_bytes(), None, now), Use::Fresh);
        assert_eq!(nonces.redeem(nonce.as_bytes(), None, now), Use::Replayed);
        assert_eq!(nonces.redeem(nonce.as_bytes(), Some(1), now), Use::Replayed);
    }

    #[test]
    fn nonces_grow_old_and_foreign_ones_are_never_young() {
        // CR-11
        let now = Instant::now();
        let (mut nonces, mut random) = nonces(now);
        let later = now + Duration::from_secs(100);
        let nonce = nonces.make(later, &mut random);
        assert_eq!(
            nonces.redeem(nonce.as_bytes(), Some(1), later + LIFETIME),
            Use::Fresh
        );
        assert_eq!(
            nonces.redeem(
                nonce.as_bytes(),
                Some(2),
                later + LIFETIME + Duration::from_millis(1)
            ),
            Use::Old
        );
        let foreign = Nonces::new(now, &mut |bytes| bytes.fill(9)).make(now, &mut random);
        let mut forged = nonces.make(now, &mut random).into_bytes();
        forged[15] ^= 1; // a later moment, same tag
        for bad in [
            foreign.as_bytes(),
            &forged,
            b"",
            b"\xff\xfe",
            &[b'0'; 64],
            "é".repeat(32).as_bytes(),
        ] {
            assert_eq!(nonces.redeem(bad, Some(1), now), Use::Old);
        }
    }

    #[test]
    fn a_forgotten_count_cannot_be_replayed_and_memory_is_bounded() {
        // CR-11
        let start = Instant::now();
        let (mut nonces, mut random) = nonces(start);
        let first = nonces.make(start, &mut random);
        assert_eq!(nonces.redeem(first.as_bytes(), Some(1), start), Use::Fresh);
        for i in 1..=200 {
            let now = start + Duration::from_millis(i);
            let nonce = nonces.make(now, &mut random);
            assert_eq!(
                nonces.redeem(nonce.as_bytes(), Some(1), now),
                Use::Fresh,
                "{i}"
            );
            assert!(nonces.used.len() <= MAX_USED);
        }
        assert_eq!(nonces.redeem(first.as_bytes(), Some(1), start), Use::Old);
        assert_eq!(nonces.redeem(first.as_bytes(), Some(2), start), Use::Old);
    }
}
