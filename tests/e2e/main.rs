//! End to end: the built daemon, real sockets, a scripted ACS. One module a theme, one program to link.

mod boot;
mod bulk;
mod connreq;
// A release build has no crash points.
#[cfg(debug_assertions)]
mod crash;
mod dhcp;
mod harness;
mod http;
mod lab;
mod log;
mod reload;
mod stalls;
mod state;
mod tls;

#[path = "../support/mod.rs"]
mod support;
