//! Value changes: which parameters are watched, which have changed since the ACS last knew them (TR-069 3.7.1.5, A.3.2.4).
//!
//! A value becomes "known" when an InformResponse confirms the Inform that carried it, when the ACS itself sets it
//! (NO-04), or when it is first watched. The known values are in the state, so that changes made while the daemon was
//! down are found at start (NO-14).
//!
//! Changes are looked for when the backend tells of one, after each write of the command line, at the start, and where
//! the backend does not tell of changes, every `cpe.periodic_notify_interval`.

pub(super) mod import;
mod watch;

use std::collections::BTreeSet;
use std::time::Duration;

use super::Agent;
use super::clock::{Now, Seconds};
use super::state::Known;
use super::work::Op;
use crate::backend::Changes;
use crate::cwmp::event::{Event, EventCode};
use crate::datamodel::attributes::AttributeChange;
use crate::datamodel::{DataModel, Depth, Fault, Node, Touch};
use crate::say::{debug, info};
use crate::wire::data::Sorted;
pub(super) use watch::Watch;

/// Changed parameters that one Inform tells, and bytes of their names and values: an ACS takes an Inform of any length
/// from nobody. The rest follows in the next.
const MAX_TOLD: usize = 512;
const MAX_TOLD_BYTES: usize = 64 * 1024;

impl Agent {
    /// The watched parameters.
    pub(super) fn watched(&self) -> impl Iterator<Item = String> {
        self.watch.parameters().iter().map(|(path, _)| path.clone())
    }

    /// Looks for changes soon: something may have changed that the ACS wants to know.
    pub(super) fn want_check(&mut self, now: Now) {
        self.want_survey(now);
        self.submit(Op::Check, now);
    }

    /// Learns which parameters are watched, unless that is known.
    pub(super) fn want_survey(&mut self, now: Now) {
        if !self.watch.is_current() {
            self.submit(Op::Survey, now);
        }
    }

    /// The same once the session is over: however many instances the ACS adds and deletes in it, the tree is walked once.
    /// What is watched of the new ones is measured from the value that they have then.
    pub(super) fn want_survey_after_session(&mut self, now: Now) {
        match self.session {
            Some(_) => self.check_after_session |= !self.watch.is_current(),
            None => self.want_survey(now),
        }
    }

    /// Instances have come or gone, or may have.
    pub(super) fn instances_changed(&mut self) {
        self.watch.expire();
    }

    /// The backend is another one, or as it left the factory: everything about it is to be learnt anew.
    pub(super) fn watch_anew(&mut self) {
        self.watch = Watch::default();
        self.import_wanted = true;
    }

    /// Asks the backend what others have changed.
    pub(super) fn take_backend_changes(&mut self, now: Now) {
        let wanted = match self.model.backend_mut().take_changes() {
            Changes::None => false,
            Changes::Unknown => {
                self.instances_changed();
                true
            }
            Changes::Paths(paths) => {
                !self.watch.is_current()
                    || paths
                        .iter()
                        .any(|path| self.watch.is_active(path).is_some())
            }
        };
        if wanted {
            self.want_check(now);
        }
    }

    /// Arms the next look at a backend that does not tell of changes; any other is never looked at without reason.
    pub(super) fn arm_look(&mut self, now: Now) {
        let notify = &self.config.cpe.periodic_notify;
        let wanted =
            notify.enable && !self.model.backend().tells_changes() && self.idle_reason().is_none();
        let interval = Duration::from_secs(notify.interval.into());
        let at = self.look_at.unwrap_or(now.instant + interval);
        self.look_at = wanted.then_some(at);
    }

    /// The time for a look has come.
    pub(super) fn look(&mut self, now: Now) {
        if self.look_at.take_if(|at| *at <= now.instant).is_some() {
            match self.session {
                Some(_) => self.check_after_session = true,
                None => self.want_check(now),
            }
        }
    }

    /// The names of the whole tree are in memory: learns which of its parameters are watched.
    pub(super) fn surveyed(&mut self, prepared: Result<(), Fault>, now: Now) {
        if let Err(fault) = prepared {
            // The backend has logged why. The next look asks again.
            let reason = fault.to_string();
            self.watch.expire();
            return debug!("watched parameters are not known: reason={reason:?}");
        }
        if std::mem::take(&mut self.import_wanted) {
            self.import_notifications(now);
        }
        let state = &mut self.store.state;
        let root = self.model.root().path();
        self.watch.walk(&self.model, &state.attributes, root);
        state.notified.follow(&|path| self.watch.is_active(path));
    }

    /// The ACS has set attributes, whose names are in memory. What is watched from now on is measured from its present
    /// value.
    pub(super) fn attributes_changed(&mut self, changes: &[AttributeChange], now: Now) {
        let state = &mut self.store.state;
        let notified = changes.iter().filter(|c| c.notification.is_some());
        let mut paths: Vec<&str> = notified.map(|change| change.path.as_str()).collect();
        // What lies below another comes right behind it, and is walked with it.
        paths.sort_unstable();
        paths.dedup_by(|path, outer| {
            path == outer || outer.ends_with('.') && path.starts_with(*outer)
        });
        for path in paths {
            self.watch.walk(&self.model, &state.attributes, path);
        }
        state.notified.follow(&|path| self.watch.is_active(path));
        self.want_check(now);
    }

    /// The watched values are in memory: an actively notified one that changed asks for a session (NO-02).
    pub(super) fn check_values(&mut self, prepared: Result<(), Fault>, now: Now) {
        if let Err(fault) = prepared {
            // The backend has logged why.
            let reason = fault.to_string();
            return debug!("value changes cannot be looked for: reason={reason:?}");
        }
        if self.learn_values() {
            self.save(now);
        }
        if self.session.is_some() {
            // What this session's Inform did not carry goes into the next one (NO-06). Whether that is a change depends
            // on what the ACS knows at the end: also a value that went back to the old one may be news by then.
            self.check_after_session = true;
            return;
        }
        let changed = self.changed_values();
        let Some(Change { path, .. }) = changed.iter().find(|change| change.active) else {
            return;
        };
        let known = self.queue.contains(EventCode::ValueChange);
        // Already on its way with the retry, or with the first session after the boot: with the power all devices of a
        // fleet get other addresses (LS-01).
        let retry = self.schedule.retry();
        let retry = retry.filter(|_| known || self.store.state.retry.count == 0);
        // NO-07: DefaultActiveNotificationThrottle counts from the end of the last session. The one before a start
        // ended no later than that.
        let throttle = Duration::from_secs(self.config.cpe.active_notification_throttle.into());
        let end = self.last_session_end.unwrap_or(self.started.instant);
        let at = retry.unwrap_or(end + throttle).max(now.instant);
        if !known {
            info!(
                "value changed: parameter={path} changed={} wait_seconds={}",
                changed.len(),
                Seconds(at - now.instant)
            );
        }
        self.queue.push(Event::new(EventCode::ValueChange));
        if retry.is_none() {
            self.schedule.want_notification(at);
        }
    }

    /// What the Inform under way tells of changes, active ones first: names and values.
    pub(super) fn changes_to_tell(&mut self) -> Vec<(String, String)> {
        let mut changed = self.changed_values();
        changed.sort_by_key(|change| !change.active);
        let mut bytes = 0;
        let fits = |change: &&Change| {
            bytes += change.path.len() + change.value.len();
            bytes <= MAX_TOLD_BYTES
        };
        // One value alone may be longer than all of them should be.
        let told = changed
            .iter()
            .take(MAX_TOLD)
            .take_while(fits)
            .count()
            .max(1);
        if changed.len() > told {
            self.check_after_session = true;
            changed.truncate(told);
        }
        let pairs = changed
            .into_iter()
            .map(|change| (change.path, change.value));
        pairs.collect()
    }

    /// The ACS knows these values: the Inform that told them is confirmed.
    pub(super) fn acs_knows(&mut self, told: Vec<(String, String)>) {
        for (path, value) in told {
            let keep = self.watch.is_active(&path) == Some(true);
            self.store.state.notified.insert(path, &value, keep);
        }
    }

    /// What must be in memory for a transaction of the ACS: where it asks the backend, the watched values too, to tell
    /// what it changes from what others have changed.
    pub(super) fn with_watched(&self, touch: &Touch) -> Touch {
        let mut paths = match touch {
            Touch::Write(paths) => paths.clone(),
            Touch::Add(path) | Touch::Delete(path) => vec![path.clone()],
            Touch::Values(_) | Touch::Names(_) => return touch.clone(),
        };
        if paths.iter().all(|path| self.model.is_mounted(path)) {
            return touch.clone();
        }
        paths.extend(self.watched().filter(|path| !self.model.is_mounted(path)));
        Touch::Write(paths)
    }

    /// The watched values that differ already before a transaction of the ACS: not its doing. Those that it sets itself
    /// are: whatever they were, the ACS knows what they become.
    pub(super) fn changed_before(&self, touch: &Touch) -> Sorted<String> {
        let set: BTreeSet<String> = match touch {
            Touch::Write(paths) => paths.iter().cloned().collect(),
            _ => BTreeSet::new(),
        };
        self.changed_values()
            .into_iter()
            .filter(|change| !set.contains(&change.path))
            .map(|change| (change.path, change.value))
            .collect()
    }

    /// A transaction of the ACS is done: what it changed of the watched values, the ACS knows (NO-04).
    pub(super) fn adopt_values(
        &mut self,
        before: &Sorted<String>,
        prepared: Result<(), Fault>,
        now: Now,
    ) {
        if let Err(fault) = prepared {
            let reason = fault.to_string();
            return debug!("values after the transaction are not known: reason={reason:?}");
        }
        let changed = self.changed_values();
        let own = changed
            .into_iter()
            .filter(|change| before.get(&change.path) != Some(&change.value));
        self.acs_knows(own.map(|change| (change.path, change.value)).collect());
        self.learn_values();
        if self.session.is_none() {
            self.save(now); // a slow backend: the session that would have done it is over
        }
    }

    /// The watched parameters whose value differs from what the ACS knows.
    fn changed_values(&self) -> Vec<Change> {
        let known = &self.store.state.notified;
        let mut changed = Vec::new();
        for (path, active) in self.watch.parameters() {
            if let Some(known) = known.get(path) {
                self.show_value(path, &mut |value| {
                    if Known::kept(value) != known {
                        changed.push(Change {
                            path: path.clone(),
                            value: value.to_owned(),
                            active: *active,
                        });
                    }
                });
            }
        }
        changed
    }

    /// Values seen for the first time are the base line: no change. Returns whether there were any.
    pub(super) fn learn_values(&mut self) -> bool {
        let mut new = Vec::new();
        for (path, _) in self.watch.parameters() {
            if self.store.state.notified.get(path).is_none() {
                self.show_value(path, &mut |value| {
                    new.push((path.clone(), value.to_owned()))
                });
            }
        }
        let learnt = !new.is_empty();
        self.acs_knows(new);
        learnt
    }

    /// Shows `reader` the value of a parameter, if it is there.
    fn show_value(&self, name: &str, reader: &mut dyn FnMut(&str)) {
        // One that is not there has no value to compare.
        let _ = self.model.visit(name, Depth::All, &mut |node| {
            if let Node::Parameter { value, .. } = node {
                reader(value);
            }
        });
    }
}

/// A watched value that is not what the ACS knows.
struct Change {
    path: String,
    value: String,
    active: bool,
}
