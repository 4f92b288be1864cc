//! Value changes: which parameters are watched, which have changed since the ACS last knew them (TR-069 3.7.1.5, A.3.2.4).
//!
//! A value becomes "known" when an InformResponse confirms the Inform that carried it, when the ACS itself sets it
//! (NO-04), or when it is first watched. The known values are in the state, so that changes made while the daemon was
//! down are found at start (NO-14).

use log::{debug, info};

use super::Agent;
use super::clock::Now;
use super::work::Op;
use crate::backend::Changes;
use crate::cwmp::event::{Event, EventCode};
use crate::datamodel::attributes::Notification;
use crate::datamodel::{DataModel, Fault};

/// The parameters of TR-181 2.17 and TR-098 1.8 that notify without being asked, below the root object.
const BY_DEFAULT: [&str; 3] = [
    "DeviceInfo.SoftwareVersion",
    "DeviceInfo.ProvisioningCode",
    "ManagementServer.ConnectionRequestURL",
];

impl Agent {
    /// Every watched parameter with its notification attribute; sorted.
    pub(super) fn watched(&self) -> Vec<(String, Notification)> {
        let root = self.model.root().path();
        let mut watched: Vec<(String, Notification)> = self
            .store
            .state
            .attributes
            .notified()
            // Those of the other root model wait for its return: no backend of this one knows them.
            .filter(|(path, _)| path.starts_with(root))
            .map(|(path, notification)| (path.to_owned(), notification))
            .collect();
        for name in BY_DEFAULT {
            let path = format!("{root}{name}");
            if self.store.state.attributes.explicit(&path).is_none() {
                watched.push((path, Notification::Active));
            }
        }
        watched.sort_by(|a, b| a.0.cmp(&b.0));
        watched
    }

    /// Looks for changes soon: something may have changed that the ACS wants to know.
    pub(super) fn want_check(&mut self, now: Now) {
        self.submit(Op::Check, now);
    }

    /// Asks the backend what others have changed.
    pub(super) fn take_backend_changes(&mut self, now: Now) {
        let wanted = match self.model.backend_mut().take_changes() {
            Changes::None => false,
            Changes::Unknown => true,
            Changes::Paths(paths) => {
                let watched = self.watched();
                paths.iter().any(|p| {
                    watched
                        .iter()
                        .any(|(w, _)| w == p || (p.ends_with('.') && w.starts_with(p.as_str())))
                })
            }
        };
        if wanted {
            self.want_check(now);
        }
    }

    /// The watched values are in memory: an actively notified one that changed asks for a session (NO-02).
    pub(super) fn check_values(&mut self, prepared: Result<(), Fault>, now: Now) {
        if let Err(fault) = prepared {
            // The backend has logged why.
            debug!(
                "value changes cannot be looked for: reason={:?}",
                fault.to_string()
            );
            return;
        }
        self.learn_new_values();
        let changed = self.changed_values();
        let Some((path, _)) = changed.iter().find(|(_, n)| *n == Notification::Active) else {
            return;
        };
        if self.session.is_some() {
            // What this session's Inform did not carry goes into the next one (NO-06); its end looks again.
            debug!("value changed during a session: parameter={path}");
            self.check_after_session = true;
            return;
        }
        if self.queue.contains(EventCode::ValueChange) && self.schedule.retry().is_some() {
            return; // already on its way with the retry
        }
        if !self.queue.contains(EventCode::ValueChange) {
            info!("value changed: parameter={path} changed={}", changed.len());
        }
        self.queue.push(Event::new(EventCode::ValueChange));
        // NO-07: DefaultActiveNotificationThrottle counts from the end of the last session.
        let throttle =
            std::time::Duration::from_secs(self.config.cpe.active_notification_throttle.into());
        let at = self
            .last_session_end
            .map_or(now.instant, |end| (end + throttle).max(now.instant));
        self.schedule.want_notification(at);
    }

    /// The watched parameters whose value differs from what the ACS knows.
    pub(super) fn changed_values(&self) -> Vec<(String, Notification)> {
        self.watched()
            .into_iter()
            .filter(
                |(path, _)| match (self.store.state.notified.get(path), self.value_of(path)) {
                    (Some(known), Some(value)) => *known != value,
                    _ => false,
                },
            )
            .collect()
    }

    /// Values seen for the first time are the base line: no change. Values no longer watched are forgotten.
    pub(super) fn learn_new_values(&mut self) {
        let watched = self.watched();
        for (path, _) in &watched {
            if !self.store.state.notified.contains_key(path)
                && let Some(value) = self.value_of(path)
            {
                self.store.state.notified.insert(path.clone(), value);
            }
        }
        self.store
            .state
            .notified
            .retain(|path, _| watched.binary_search_by(|(w, _)| w.cmp(path)).is_ok());
    }
}
