//! cwmpd: the CWMP (TR-069) client for OpenWrt-class routers. This file is the map of the rooms.
//!
//! A room may use rooms on lower floors, never a higher one; on the same floor `cwmp` uses `datamodel`, `backend` starts
//! its programs with `jobs`, and the jobs that are this program use `net`.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 0 | `say` | a line for the log, from any room |
//! | 1 | [`wire`] | formats, pure: XML, HTTP heads, digest, cookies, FTP, UCI, DNS, DHCP options, XSD lexical forms |
//! | 2 | [`cwmp`] | the protocol, pure: envelope, RPCs, session, events, retry |
//! | 2 | [`datamodel`] | what the protocol asks of a device: the trait, paths, values, attributes, mounts |
//! | 3 | [`backend`] | who answers: `profile` (TOML, in memory), `exec` (a vendor's program) |
//! | 3 | [`net`] | the event loop and all sockets |
//! | 3 | [`jobs`] | child processes: hooks, and this program itself where it has to wait: file transfers |
//! | 4 | [`connreq`] | how the ACS reaches us |
//! | 5 | [`agent`] | one CPE's life: configuration, state, events, schedule, sessions |
//! | 6 | [`control`] | the unix socket, the `cwmp` command, the daemon process |
//! | 6 | [`lab`] | the lab ACS and the demo (feature `lab`) |

// Tests in here share what lies in `tests/support` with those that are crates of their own.
#[cfg(test)]
extern crate self as cwmpd;

pub mod agent;
pub mod backend;
pub mod connreq;
pub mod control;
pub mod cwmp;
pub mod datamodel;
pub mod jobs;
#[cfg(feature = "lab")]
pub mod lab;
pub mod net;
mod say;
pub mod wire;
