//! Waiting for events between threads, without sleeping.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::patience;

/// A value that threads change and wait on.
pub struct Shared<T> {
    inner: Arc<(Mutex<T>, Condvar)>,
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared {
            inner: self.inner.clone(),
        }
    }
}

impl<T> Shared<T> {
    /// A new shared value.
    pub fn new(value: T) -> Self {
        Shared {
            inner: Arc::new((Mutex::new(value), Condvar::new())),
        }
    }

    /// Looks at it; a thread that panicked while holding it does not hide it.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.inner
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Changes it and wakes whoever waits.
    pub fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.inner.1.notify_all();
        result
    }

    /// Blocks until `ready` gives something, or `None` when [`patience`] is over.
    pub fn wait<R>(&self, mut ready: impl FnMut(&mut T) -> Option<R>) -> Option<R> {
        let give_up = std::time::Instant::now() + patience();
        let mut guard = self.lock();
        loop {
            if let Some(result) = ready(&mut guard) {
                return Some(result);
            }
            let left = give_up.checked_duration_since(std::time::Instant::now())?;
            guard = self
                .inner
                .1
                .wait_timeout(guard, left)
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .0;
        }
    }
}

/// Closed at first; whoever passes waits until the test opens it.
#[derive(Clone)]
pub struct Gate(Shared<bool>);

impl Default for Gate {
    fn default() -> Self {
        Gate(Shared::new(false))
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets everyone through, now and later.
    pub fn open(&self) {
        self.0.change(|open| *open = true);
    }

    /// Blocks until it is open (or the test has long failed).
    pub fn pass(&self) {
        self.0.wait(|open| open.then_some(()));
    }
}
