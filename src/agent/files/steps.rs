//! Where a power cut may fall into the writing of a file: tests prove that one between any two steps loses nothing. A
//! release build has none of this.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::FileError;

/// How far the writing of a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is done yet.
    Beginning,
    /// There is an empty file beside it.
    Created,
    /// That has the new bytes, which a power cut may still take.
    Written,
    /// They are durable.
    Synced,
    /// The new file has the name. A power cut may still undo that.
    Renamed,
    /// It cannot any more.
    Durable,
    /// The writing has failed: the file beside it is about to be removed.
    Removing,
}

/// Told of each step of each file; an error of its is the power cut: that write goes no further.
pub type Watcher = Box<dyn FnMut(&Path, Step) -> io::Result<()>>;

thread_local! {
    static WATCHER: RefCell<Option<Watcher>> = const { RefCell::new(None) };
}

/// Has this thread's steps watched from now on, or no longer.
pub fn watch(watcher: Option<Watcher>) {
    WATCHER.set(watcher);
}

/// Tells the watcher, and dies by SIGKILL at the step whose number, from 1, is in the environment.
pub(super) fn reached(path: &Path, step: Step) -> Result<(), FileError> {
    static STEPS: AtomicUsize = AtomicUsize::new(1);
    if !matches!(step, Step::Beginning | Step::Removing) {
        let number = STEPS.fetch_add(1, Ordering::Relaxed).to_string();
        if std::env::var("CWMPD_CRASH_AT").is_ok_and(|at| at == number) {
            let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL);
        }
    }
    WATCHER
        .with_borrow_mut(|watcher| match watcher {
            Some(watcher) => watcher(path, step),
            None => Ok(()),
        })
        .map_err(FileError::at(path, "power cut at"))
}
