//! What was ordered in a session and happens after it: reboot, factory reset, through a hook executable (DESIGN 3).

use std::time::Duration;

use log::{error, warn};
use mio::Registry;

use super::clock::Now;
use super::files;
use super::state::{Deferred, State};
use super::{Agent, WHO_HOOK};
use crate::cwmp::event::{Event, EventCode};
use crate::jobs::hook::Hook;
use crate::net::reactor::token;

/// How long a hook may take. A factory reset wipes a slow flash.
const HOOK_LIMIT: Duration = Duration::from_secs(120);

impl Agent {
    /// The session is over: looks at what waited for that.
    pub(super) fn after_session(&mut self, now: Now) {
        self.answer_waiting();
        self.hook_wanted = self.store.state.deferred != Deferred::default();
        if std::mem::take(&mut self.check_after_session) {
            self.want_check(now);
        }
        // What came during the session gets a session of its own; what failed waits for the retry (RT-04).
        let triggered = std::mem::take(&mut self.triggered);
        if triggered || self.queue.has_unsent() && self.schedule.retry().is_none() {
            self.wanted = !self.queue.is_empty();
        }
        if std::mem::take(&mut self.reload_wanted) {
            self.reload(now);
        }
    }

    /// Starts the hook that a promise waits for.
    pub(super) fn run_hook(&mut self, now: Now, registry: &Registry) {
        if !std::mem::take(&mut self.hook_wanted) || self.hook.is_some() || self.session.is_some() {
            return;
        }
        let (name, arguments) = if self.store.state.deferred.factory_reset {
            ("factory-reset", Vec::new())
        } else {
            ("reboot", self.store.state.deferred.reboot.clone())
        };
        if self.store.state.deferred.factory_reset {
            self.forget_everything(now);
        }
        let path = self.root.join(files::HOOKS_DIR).join(name);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match Hook::start(
            &path,
            &arguments,
            HOOK_LIMIT,
            token(WHO_HOOK, 0),
            now.instant,
            registry,
        ) {
            Ok(hook) => self.hook = Some(hook),
            Err(failure) => error!("hook failed: name={name} reason=\"{failure}\""),
        }
    }

    /// Forgets a hook that has ended; it has logged how. Its order stays in the state until the device has booted: a
    /// hook that failed is tried again after the next session and at the next start.
    pub(super) fn poll_hook(&mut self) {
        if self.hook.as_mut().and_then(Hook::take).is_some() {
            self.hook = None;
        }
    }

    /// FactoryReset (RB-04): the daemon's own memory goes before the hook wipes the rest, so that nothing of the old
    /// life is told to an ACS whatever the hook does.
    fn forget_everything(&mut self, now: Now) {
        self.queue = Default::default();
        self.store.state = State {
            boot_id: std::mem::take(&mut self.store.state.boot_id),
            deferred: Deferred {
                factory_reset: true,
                ..Deferred::default()
            },
            ..State::default()
        };
        if let Err(reason) = self.model.backend_mut().restore("") {
            warn!("data model not reset: reason=\"{reason}\"");
        }
        self.schedule.clear_scheduled();
        self.schedule.set_retry(None);
        self.save(now);
    }

    /// The device has booted since the state was written: what was promised for the boot has happened.
    pub(super) fn booted(&mut self) {
        let deferred = std::mem::take(&mut self.store.state.deferred);
        self.queue.on_reboot();
        self.queue.push(Event::new(EventCode::Boot));
        if !deferred.factory_reset {
            for key in &deferred.reboot {
                self.queue.push(Event::with_key(EventCode::MReboot, key)); // EV-10
            }
        }
    }
}
