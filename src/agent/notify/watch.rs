//! Which parameters are watched, and which hide their value.

use std::collections::{BTreeMap, BTreeSet};

use crate::datamodel::attributes::{Attributes, Notification};
use crate::datamodel::path::Path;
use crate::datamodel::{DataModel, Depth, Node};

/// The parameters whose changes go into Informs. What the ACS set and what the data model forces decide; both are known
/// only where the tree is walked, so that is done once and again when instances, attributes or the backend are others,
/// not to look for changes (NO-14).
#[derive(Default)]
pub(in crate::agent) struct Watch {
    parameters: BTreeMap<String, Notification>,
    /// The hidden ones that were ever there, with `{i}` for instances.
    hidden: BTreeSet<String>,
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
        let from = self.parameters.range(at.to_owned()..);
        let is = |path: &str| path == at || at.ends_with('.') && path.starts_with(at);
        let below = from.take_while(|(path, _)| is(path));
        let below: Vec<String> = below.map(|(path, _)| path.clone()).collect();
        for path in below {
            self.parameters.remove(&path);
        }
        // What is not there is not watched.
        let _ = model.visit(at, Depth::All, &mut |node| {
            if let Node::Parameter { path, info, .. } = node {
                if info.hidden
                    && let Ok(path) = Path::parse(path)
                {
                    self.hidden.insert(path.general());
                }
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

    /// Whether the parameter `path` hides its value, as far as any like it has been seen.
    pub(in crate::agent) fn is_hidden(&self, path: &Path<'_>) -> bool {
        !self.hidden.is_empty() && self.hidden.contains(&path.general())
    }

    /// Whether `path` opens a session when it changes; `None`: it is not watched.
    pub(super) fn is_active(&self, path: &str) -> Option<bool> {
        let notification = self.parameters.get(path)?;
        Some(*notification == Notification::Active)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::profile::{Profile, Template};
    use crate::datamodel::attributes::AttributeChange;

    const PROFILE: &str = r#"
["Device.A."]
P = {}
P2 = {}
Q = { notify = "forceDefaultEnabled" }

["Device.AB."]
P = {}
"#;

    #[test]
    fn a_walk_touches_nothing_beside_its_path() {
        let model = Profile::new(Arc::new(Template::parse(PROFILE, "test").unwrap()));
        let mut attributes = Attributes::default();
        let mut watch = Watch::default();
        let mut set = |path: &str, notification| {
            let change = AttributeChange {
                path: path.into(),
                notification: Some(notification),
                access: None,
            };
            attributes.apply(&[change]).unwrap();
            watch.walk(&model, &attributes, path);
            let watched = watch
                .iter()
                .map(|(path, how)| (path.to_owned(), how.number()));
            watched.collect::<Vec<_>>()
        };
        let of = |list: &[(&str, u8)]| {
            let owned = list.iter().map(|(path, how)| ((*path).to_owned(), *how));
            owned.collect::<Vec<_>>()
        };
        let all = set("Device.", Notification::Passive);
        assert_eq!(
            all,
            of(&[
                ("Device.A.P", 1),
                ("Device.A.P2", 1),
                ("Device.A.Q", 1),
                ("Device.AB.P", 1)
            ])
        );
        let less = set("Device.A.P", Notification::PassiveLightweight);
        assert_eq!(
            less,
            of(&[("Device.A.P2", 1), ("Device.A.Q", 1), ("Device.AB.P", 1)])
        );
        let less = set("Device.A.", Notification::Off);
        assert_eq!(less, of(&[("Device.AB.P", 1)]));
        // What is not there any more is not watched.
        assert_eq!(set("Device.Gone.P", Notification::Active), less);
    }
}
