//! Queries and replies (RFC 1035 4).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::name;

/// RFC 1035 4.1.1
const HEADER: usize = 12;
/// RFC 1035 4.1.1: a reply; truncated; recursion desired; the reply code's bits.
const QR: u8 = 0x80;
const TC: u8 = 0x02;
const RD: u8 = 0x01;
const OPCODE: u8 = 0x78;
const RCODE: u8 = 0x0f;
/// RFC 1035 3.2.2, RFC 3596 2.1
const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_AAAA: u16 = 28;
const CLASS_IN: u16 = 1;
/// More addresses than anybody would try for one host.
const MAX_ADDRESSES: usize = 16;
/// Longer chains of aliases do not happen; a circle of them ends here.
const MAX_ALIASES: usize = 16;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
}

/// What a reply says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The addresses, in the server's order.
    pub addresses: Vec<IpAddr>,
    /// The reply did not fit: ask again over TCP.
    pub truncated: bool,
    /// 0 no error, 2 server failure, 3 no such name, 5 refused (RFC 1035 4.1.1).
    pub rcode: u8,
    /// Seconds the addresses may be kept: the least of the records that led to them; 0 without addresses.
    pub ttl: u32,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsError {
    /// Not a name that DNS can carry.
    Name,
    /// Not the reply to this question: late or forged. Wait on for the right one.
    NotOurs,
    /// A reply to this question that cannot be read.
    Malformed,
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DnsError::Name => "not a valid host name",
            DnsError::NotOurs => "not the reply to this question",
            DnsError::Malformed => "a malformed DNS reply",
        })
    }
}

impl std::error::Error for DnsError {}

/// A question for `name`, to be sent as it is over UDP, and behind its length over TCP. `id` is to be random.
pub fn query(id: u16, name: &str, record: RecordType) -> Result<Vec<u8>, DnsError> {
    let name = name::encode(name)?;
    let kind = match record {
        RecordType::A => TYPE_A,
        RecordType::Aaaa => TYPE_AAAA,
    };
    let mut message = Vec::with_capacity(HEADER + name.len() + 4);
    message.extend(id.to_be_bytes());
    message.extend([RD, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(name);
    message.extend(kind.to_be_bytes());
    message.extend(CLASS_IN.to_be_bytes());
    Ok(message)
}

/// Reads a reply to `query`, which is what [`query`] made.
pub fn parse(reply: &[u8], query: &[u8]) -> Result<Answer, DnsError> {
    let (asked, question) = query.split_at_checked(HEADER).ok_or(DnsError::NotOurs)?;
    let (header, rest) = reply
        .split_first_chunk::<HEADER>()
        .ok_or(DnsError::NotOurs)?;
    let [
        id_high,
        id_low,
        flags,
        flags_low,
        questions @ ..,
        _,
        _,
        _,
        _,
    ] = header;
    let [questions_high, questions_low, answers_high, answers_low] = questions;
    let is_reply = flags & QR != 0 && flags & OPCODE == 0;
    if !asked.starts_with(&[*id_high, *id_low]) || !is_reply {
        return Err(DnsError::NotOurs);
    }
    let truncated = flags & TC != 0;
    let mut answer = Answer {
        addresses: Vec::new(),
        truncated,
        rcode: flags_low & RCODE,
        ttl: 0,
    };
    let records = match u16::from_be_bytes([*questions_high, *questions_low]) {
        // Some servers leave the question out when they refuse it: only the id speaks for them, so only the code counts.
        0 if answer.rcode != 0 => return Ok(answer),
        1 => rest
            .get(..question.len())
            .filter(|echoed| echoed.eq_ignore_ascii_case(question)),
        _ => None,
    };
    if records.is_none() {
        return Err(DnsError::NotOurs);
    }
    let count = u16::from_be_bytes([*answers_high, *answers_low]);
    let records = match records_of(reply, query.len(), count) {
        Ok(records) => records,
        // Cut off in the middle of a record.
        Err(_) if truncated => return Ok(answer),
        Err(error) => return Err(error),
    };
    follow(&records, question, &mut answer)?;
    Ok(answer)
}

/// A record of the answer section that may matter.
struct Record {
    owner: Vec<u8>,
    ttl: u32,
    data: Data,
}

enum Data {
    Alias(Vec<u8>),
    Address(IpAddr),
}

/// RFC 1035 4.1.3
fn records_of(message: &[u8], at: usize, count: u16) -> Result<Vec<Record>, DnsError> {
    let mut records = Vec::new();
    let mut at = at;
    for _ in 0..count {
        let (owner, fixed) = name::decode(message, at)?;
        let fields = message
            .get(fixed..)
            .and_then(<[u8]>::first_chunk::<10>)
            .ok_or(DnsError::Malformed)?;
        let [
            kind_high,
            kind_low,
            class_high,
            class_low,
            t3,
            t2,
            t1,
            t0,
            length_high,
            length_low,
        ] = *fields;
        let start = fixed + fields.len();
        let end = start + usize::from(u16::from_be_bytes([length_high, length_low]));
        let bytes = message.get(start..end).ok_or(DnsError::Malformed)?;
        at = end;
        if u16::from_be_bytes([class_high, class_low]) != CLASS_IN {
            continue;
        }
        let data = match u16::from_be_bytes([kind_high, kind_low]) {
            TYPE_A => <[u8; 4]>::try_from(bytes)
                .ok()
                .map(|bytes| Data::Address(Ipv4Addr::from(bytes).into())),
            TYPE_AAAA => <[u8; 16]>::try_from(bytes)
                .ok()
                .map(|bytes| Data::Address(Ipv6Addr::from(bytes).into())),
            TYPE_CNAME => Some(Data::Alias(name::decode(message, start)?.0)),
            _ => continue,
        };
        let ttl = u32::from_be_bytes([t3, t2, t1, t0]);
        // RFC 2181 8: with the highest bit set it counts as 0.
        let ttl = if ttl > i32::MAX as u32 { 0 } else { ttl };
        records.push(Record {
            owner,
            ttl,
            data: data.ok_or(DnsError::Malformed)?,
        });
    }
    Ok(records)
}

/// From the name that was asked along its aliases to the addresses of the type that was asked (RFC 1034 3.6.2).
fn follow(records: &[Record], question: &[u8], answer: &mut Answer) -> Result<(), DnsError> {
    let (mut name, kind) = name::decode(question, 0)?;
    let wants_v6 = question
        .get(kind..)
        .is_some_and(|kind| kind.starts_with(&TYPE_AAAA.to_be_bytes()));
    let mut ttl = u32::MAX;
    for _ in 0..MAX_ALIASES {
        for record in records.iter().filter(|record| record.owner == name) {
            if let Data::Address(address) = record.data
                && address.is_ipv6() == wants_v6
                && answer.addresses.len() < MAX_ADDRESSES
                && !answer.addresses.contains(&address)
            {
                answer.addresses.push(address);
                ttl = ttl.min(record.ttl);
            }
        }
        if !answer.addresses.is_empty() {
            answer.ttl = ttl;
            return Ok(());
        }
        let alias = records.iter().find_map(|record| match &record.data {
            Data::Alias(to) if record.owner == name => Some((to, record.ttl)),
            _ => None,
        });
        let Some((to, alias_ttl)) = alias else {
            return Ok(());
        };
        ttl = ttl.min(alias_ttl);
        name = to.clone();
    }
    Ok(())
}
