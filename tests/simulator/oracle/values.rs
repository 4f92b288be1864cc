//! Changed values and who has to hear of them.

use std::time::Duration;

use super::*;

impl Oracle {
    pub(super) fn watched(&self) -> Vec<String> {
        let watched = self.model.notify.iter().filter(|(_, n)| **n > 0);
        watched.map(|(path, _)| path.clone()).collect()
    }

    /// What is watched for the first time is measured from its present value; what no longer is, is forgotten.
    pub fn learn(&mut self) {
        let watched = self.watched();
        self.known.retain(|path, _| watched.contains(path));
        for path in watched {
            let value = self.model.value(&path).to_owned();
            let known = self.known.entry(path).or_default();
            if known.is_empty() {
                known.insert(value);
            }
        }
    }

    /// The ACS has set these itself (NO-04).
    pub fn acs_set(&mut self, before: &Model) {
        for path in self.watched() {
            let value = self.model.value(&path).to_owned();
            let known = self.known.entry(path.clone()).or_default();
            // What had changed already is still to be told, and may count as known now.
            if before.value(&path) != value {
                if known.contains(before.value(&path)) && known.len() == 1 {
                    known.clear();
                }
                known.insert(value);
            }
        }
        self.learn();
    }

    /// Values that the ACS may have set, or not: it may know either.
    pub fn either(&mut self, before: &Model) {
        for path in self.watched() {
            let (old, new) = (
                before.value(&path).to_owned(),
                self.model.value(&path).to_owned(),
            );
            if old != new {
                self.known.entry(path).or_default().extend([old, new]);
            }
        }
    }

    /// Whether this is an ACS that a session may still be with although another is in force.
    pub fn is_old_acs(&self, to: &str) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.informed)
            && URLS.iter().any(|url| url.contains(to))
    }

    pub(super) fn any_change(&self) -> bool {
        self.known
            .iter()
            .any(|(path, known)| !known.contains(self.model.value(path)) || known.len() > 1)
    }

    /// NO-02: a change of a value that is actively watched asks for a session, the throttle permitting (NO-07).
    pub fn look_for_changes(&mut self, now: Duration) {
        if !self.any_change() {
            return;
        }
        self.allow();
        let certain = self.known.iter().any(|(path, known)| {
            self.model.notify[path] == 2 && !known.contains(self.model.value(path))
        });
        if certain && self.session.is_none() && self.alive && self.wait.is_none() {
            let throttle =
                Duration::from_secs(self.model.number("DefaultActiveNotificationThrottle"));
            let end = self.last_end.unwrap_or(self.born);
            let at = (end + throttle).max(now);
            self.due(at + SLACK);
        }
    }
}
