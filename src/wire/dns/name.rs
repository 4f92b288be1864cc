//! Domain names on the wire: labels, compression, comparison.

use super::DnsError;

/// RFC 1035 2.3.4: a name with its length bytes and the root.
const MAX_NAME: usize = 255;
/// RFC 1035 2.3.4
const MAX_LABEL: usize = 63;
/// A name has at most 127 labels, and each pointer that leads on leads to at least one.
const MAX_POINTERS: usize = 127;

/// `host.example` or `host.example.` as labels.
pub(super) fn encode(name: &str) -> Result<Vec<u8>, DnsError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut wire = Vec::with_capacity(name.len() + 2);
    for label in name.split('.') {
        let length = u8::try_from(label.len()).map_err(|_| DnsError::Name)?;
        let plain = label.bytes().all(|byte| byte.is_ascii_graphic());
        if label.is_empty() || label.len() > MAX_LABEL || !plain {
            return Err(DnsError::Name);
        }
        wire.push(length);
        wire.extend_from_slice(label.as_bytes());
    }
    wire.push(0);
    if wire.len() > MAX_NAME {
        Err(DnsError::Name)
    } else {
        Ok(wire)
    }
}

/// The name at `at`: its labels in lower case (RFC 1035 2.3.3) without compression, and where the message goes on.
/// Pointers must lead to a prior occurrence (RFC 1035 4.1.4), so they cannot run in a circle.
pub(super) fn decode(message: &[u8], at: usize) -> Result<(Vec<u8>, usize), DnsError> {
    let mut name = Vec::new();
    let mut at = at;
    let mut prior = at;
    let mut after = None;
    let mut pointers = 0;
    loop {
        let length = *message.get(at).ok_or(DnsError::Malformed)?;
        match length & 0xc0 {
            0x00 => {
                let end = at + 1 + usize::from(length);
                let label = message.get(at..end).ok_or(DnsError::Malformed)?;
                name.extend(label.iter().map(u8::to_ascii_lowercase));
                if name.len() > MAX_NAME {
                    return Err(DnsError::Malformed);
                }
                if length == 0 {
                    return Ok((name, after.unwrap_or(end)));
                }
                at = end;
            }
            0xc0 => {
                let low = *message.get(at + 1).ok_or(DnsError::Malformed)?;
                let to = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                pointers += 1;
                if to >= prior || pointers > MAX_POINTERS {
                    return Err(DnsError::Malformed);
                }
                after = after.or(Some(at + 2));
                prior = to;
                at = to;
            }
            _ => return Err(DnsError::Malformed),
        }
    }
}
