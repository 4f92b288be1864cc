//! Randomness of the kernel, for nonces, cookies and identifiers.

use std::io;

use crate::wire::http::Random;

/// Fills `buffer` from the kernel's generator.
///
/// The daemon calls this once when it starts and refuses to run when it fails: a generator that has worked once
/// does not fail later.
pub fn fill(buffer: &mut [u8]) -> io::Result<()> {
    getrandom::getrandom(buffer).map_err(|e| io::Error::other(e.to_string()))
}

/// [`fill`] in the form in which the pure rooms take randomness. A failure is logged and leaves the buffer as it was.
pub fn source(buffer: &mut [u8]) {
    if let Err(e) = fill(buffer) {
        crate::say::error!("no random bytes from the kernel: reason=\"{e}\"");
    }
}

/// A random 16-bit number, for identifiers that must be hard to guess.
pub fn number16() -> io::Result<u16> {
    let mut bytes = [0; 2];
    fill(&mut bytes)?;
    Ok(u16::from_ne_bytes(bytes))
}

/// Randomness that is handed in: a function that fills the buffer.
pub type Source = Box<dyn FnMut(&mut [u8])>;

/// A random number.
pub fn number(source: Random) -> u64 {
    let mut bytes = [0; 8];
    source(&mut bytes);
    u64::from_ne_bytes(bytes)
}

/// `length` random characters that need no escaping anywhere: lower-case letters and digits, 5 bits each.
pub fn text(length: usize, source: Random) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnopqrstuvwxyz2345679";
    let mut bytes = vec![0; length];
    source(&mut bytes);
    let pick = |byte: u8| {
        ALPHABET
            .get(usize::from(byte % 32))
            .copied()
            .unwrap_or(b'a')
    };
    bytes
        .into_iter()
        .map(|byte| char::from(pick(byte)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fills_differ() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        fill(&mut a).unwrap();
        source(&mut b);
        assert_ne!(a, [0; 32]);
        assert_ne!(a, b);
    }
}
