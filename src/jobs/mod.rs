//! Child processes. Nothing here waits: a child is started, watched through its pipes and SIGCHLD, and killed by
//! its deadline.

pub mod child;
pub mod hook;
pub mod output;
