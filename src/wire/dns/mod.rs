//! DNS as a stub resolver needs it: one question out, the addresses of one reply in, and the two files that say
//! whom to ask. Pure.
//!
//! An own codec, because the smallest crate for the job (`simple-dns`) costs a router 57 KiB and this 6 KiB.

pub mod hosts;
mod message;
mod name;
pub mod resolv_conf;

pub use message::{Answer, DnsError, RecordType, parse, query};

#[cfg(test)]
mod tests;
