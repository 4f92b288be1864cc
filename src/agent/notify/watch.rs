//! Which parameters are watched.

use std::collections::BTreeMap;

use crate::datamodel::attributes::{Attributes, Notification};
use crate::datamodel::{DataModel, Depth, Node};

/// The parameters whose changes go into Informs. What the ACS set and what the data model forces decide; both are known
/// only where the tree is walked, so that is done once and again when instances, attributes or the backend are others,
/// not to look for changes (NO-14).
#[derive(Default)]
pub(in crate::agent) struct Watch {
    parameters: BTreeMap<String, Notification>,
    current: bool,
}

impl Watch {
    /// Whether nothing has happened since the whole tree was last asked for that may have changed which they are.
    pub(super) fn is_current(&self) -> bool {
        self.current
    }

    /// The whole tree is being asked for. What happens before the answer may not be in it.
    pub(in crate::agent) fn renew(&mut self) {
        self.current = true;
    }

    /// Instances may have come or gone, or the whole tree was not told.
    pub(super) fn expire(&mut self) {
        self.current = false;
    }

    /// Walks what lies at or below `at`, a full name or partial path whose names are prepared.
    pub(super) fn walk(&mut self, model: &dyn DataModel, attributes: &Attributes, at: &str) {
        let below = |path: &str| path == at || at.ends_with('.') && path.starts_with(at);
        self.parameters.retain(|path, _| !below(path));
        // What is not there is not watched.
        let _ = model.visit(at, Depth::All, &mut |node| {
            if let Node::Parameter { path, info, .. } = node {
                let notification = attributes.notification(path, info);
                if notification.rides_inform() {
                    self.parameters.insert(path.to_owned(), notification);
                }
            }
        });
    }

    /// They, with their notification, in order of their paths.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Notification)> {
        self.parameters
            .iter()
            .map(|(path, notification)| (path.as_str(), *notification))
    }

    /// Whether `path` opens a session when it changes; `None`: it is not watched.
    pub(super) fn is_active(&self, path: &str) -> Option<bool> {
        let notification = self.parameters.get(path)?;
        Some(*notification == Notification::Active)
    }
}
