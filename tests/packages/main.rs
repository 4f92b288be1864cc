//! The packages: what is in them, what their scripts do to a router, and that they take it back again.

mod contents;
mod feed;
mod removal;
mod router;
mod scripts;
mod support;
mod tree;
