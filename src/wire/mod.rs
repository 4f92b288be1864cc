//! Formats shared by several rooms. Pure: bytes in, values out; no socket, file, clock or random source.

pub mod data;
pub mod dhcp;
pub mod dns;
pub mod ftp;
pub mod http;
pub mod json;
pub mod payload;
mod secret;
pub mod toml;
pub mod uci;
pub mod xml;
pub mod xsd;

pub use secret::Secret;
