//! The lab: a small ACS to try a CPE with, and a demo that plays a device's first minutes against it.
//!
//! | file | concept |
//! |---|---|
//! | [`cli`] | the `cwmp-lab` command |
//! | [`script`] | what the ACS is to do, from a TOML file |
//! | [`acs`] | the ACS itself, pure: what it answers to a POST, what it has seen |
//! | [`server`] | its sockets: the listener, the connections, connection requests |
//! | [`report`] | what it has seen, in lines |
//! | [`demo`] | the story |
//!
//! It uses the daemon's own loop and codecs, from the other end.

pub mod acs;
pub mod cli;
pub mod demo;
pub mod report;
pub mod script;
pub mod server;
