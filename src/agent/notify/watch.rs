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
    /// Whether nothing has happened since the walk that may have changed which parameters there are.
    pub(super) fn is_current(&self) -> bool {
        self.current
    }

    /// Instances may have come or gone.
    pub(super) fn expire(&mut self) {
        self.current = false;
    }

    /// Walks the whole tree, whose names are prepared.
    pub(super) fn survey(&mut self, model: &dyn DataModel, attributes: &Attributes) {
        self.walk(model, attributes, model.root().path());
        self.current = true;
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

    /// Whether `path` is one that opens a session.
    pub(super) fn is_active(&self, path: &str) -> bool {
        self.parameters.get(path) == Some(&Notification::Active)
    }

    /// Whether `path` is one.
    pub(super) fn contains(&self, path: &str) -> bool {
        self.parameters.contains_key(path)
    }
}
