//! What was ordered in a session and happens after it: reboot, factory reset, through a hook executable (DESIGN 3).

use std::time::Duration;

use mio::Registry;

use super::clock::Now;
use super::files;
use super::state::{self, Deferred, State};
use super::{Agent, WHO_HOOK};
use crate::cwmp::event::{Event, EventCode};
use crate::jobs::hook::Hook;
use crate::net::reactor::token;
use crate::say::{error, warn};

/// How long a hook may take. A factory reset wipes a slow flash.
const HOOK_LIMIT: Duration = Duration::from_secs(120);
/// A boot that comes before the hook of a factory reset has ended may be a power cut, so the hook runs again. It may
/// also be the hook's own doing, with a state file that it leaves alone: that must not go round for ever.
const MAX_RESET_TRIES: u32 = 2;

impl Agent {
    /// The session is over: looks at what waited for that.
    pub(super) fn after_session(&mut self, heartbeat: bool, now: Now) {
        self.hook_wanted = self.store.state.deferred != Deferred::default();
        // What came during the session gets a session of its own; what failed waits for the retry (RT-04).
        // What a heartbeat's session found waiting has its own timer and goes on waiting for it.
        let triggered = std::mem::take(&mut self.triggered);
        let left = !heartbeat && self.queue.has_unsent() && self.schedule.retry().is_none();
        if triggered || left {
            self.wanted = !self.queue.is_empty();
        }
        // After that: a value change waits for its throttle (NO-07).
        if std::mem::take(&mut self.check_after_session) {
            self.want_check(now);
        }
    }

    /// Starts the hook that a promise waits for.
    pub(super) fn run_hook(&mut self, now: Now, registry: &Registry) {
        let busy = self.hook.is_some() || self.session.is_some() || self.transfers.is_applying();
        if !self.hook_wanted || busy {
            return;
        }
        self.hook_wanted = false;
        self.moved = true;
        let (name, arguments) = if self.store.state.deferred.factory_reset {
            self.forget_everything(now);
            ("factory-reset", Vec::new())
        } else {
            ("reboot", self.store.state.deferred.reboot.clone())
        };
        let path = self.root.join(files::HOOKS_DIR).join(name);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match Hook::start(
            &mut self.spawn,
            &path,
            &arguments,
            HOOK_LIMIT,
            token(WHO_HOOK, 0),
            now.instant,
            registry,
        ) {
            Ok(hook) => self.hook = Some(hook),
            Err(failure) => {
                error!("hook failed: name={name} reason=\"{failure}\"");
                self.hook_ended(false, now);
            }
        }
    }

    /// Forgets a hook that has ended; it has logged how.
    pub(super) fn poll_hook(&mut self, now: Now) {
        let Some(result) = self.hook.as_mut().and_then(Hook::take) else {
            return;
        };
        self.hook = None;
        self.moved = true;
        self.hook_ended(result.is_ok(), now);
    }

    /// An order to reboot stays in the state until the device has booted: its hook is tried again after the next
    /// session and at the next start. A factory reset is done once its hook has ended, well or not: what the ACS sets
    /// from now on must not be wiped some day.
    fn hook_ended(&mut self, well: bool, now: Now) {
        if !self.store.state.deferred.factory_reset {
            return;
        }
        self.store.state.deferred = Deferred::default();
        // The daemon's own part of it is done whatever the hook did, so the device introduces itself anew (EV-05): after
        // the boot that follows, or with the session that comes before it.
        let wanted = self.wanted;
        self.notice_new_acs();
        if well {
            self.wanted = wanted;
        }
        self.save(now);
    }

    /// FactoryReset (RB-04): the daemon's own memory goes before the hook wipes the rest, so that nothing of the old
    /// life is told to an ACS whatever the hook does.
    fn forget_everything(&mut self, now: Now) {
        self.queue = Default::default();
        let state = &mut self.store.state;
        *state = State {
            boot_id: std::mem::take(&mut state.boot_id),
            deferred: Deferred {
                factory_reset: true,
                factory_reset_tries: state.deferred.factory_reset_tries.saturating_add(1),
                ..Deferred::default()
            },
            dhcp: state::Dhcp {
                // The leases are not of the old life: DHCP says where the ACS of the new one is.
                v4: std::mem::take(&mut state.dhcp.v4),
                v6: std::mem::take(&mut state.dhcp.v6),
                ..state::Dhcp::default()
            },
            ..State::default()
        };
        self.make_connection_request_secrets();
        self.weigh_dhcp();
        if let Err(reason) = self.model.backend_mut().restore("") {
            warn!("data model not reset: reason=\"{reason}\"");
        }
        self.watch_anew();
        self.transfers = Default::default();
        self.software = None;
        self.schedule.clear_scheduled();
        self.schedule.set_retry(None);
        self.schedule.clear_notification();
        (self.wanted, self.heartbeat_wanted) = (false, false);
        self.last_inform = None;
        self.fill_management_server();
        self.listen_wanted = true;
        self.save(now);
    }

    /// The device has booted since the state was written: what was promised for the boot has happened, except a
    /// factory reset that the boot came before.
    pub(super) fn booted(&mut self) {
        let deferred = std::mem::take(&mut self.store.state.deferred);
        self.transfers_booted();
        self.queue.on_reboot();
        self.queue.push(Event::new(EventCode::Boot));
        if deferred.factory_reset {
            if deferred.factory_reset_tries < MAX_RESET_TRIES {
                self.store.state.deferred = deferred;
            }
        } else {
            for key in &deferred.reboot {
                self.queue.push(Event::with_key(EventCode::MReboot, key)); // EV-10
            }
        }
    }
}
