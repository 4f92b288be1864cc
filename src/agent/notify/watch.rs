//! Which parameters are watched, and which hide their value.

use std::collections::BTreeSet;

use crate::datamodel::attributes::{Attributes, Notification};
use crate::datamodel::path::Path;
use crate::datamodel::{DataModel, Depth, Node};

/// The parameters whose changes go into Informs. What the ACS set and what the data model forces decide; both are known
/// only where the tree is walked, so that is done once and again when instances, attributes or the backend are others,
/// not to look for changes (NO-14).
#[derive(Default)]
pub(in crate::agent) struct Watch {
    /// In order of their paths, and whether a session opens when they change.
    parameters: Vec<(String, bool)>,
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
        let is = |path: &str| path == at || at.ends_with('.') && path.starts_with(at);
        let first = self.place(at);
        let below = self.parameters.iter().skip(first);
        let end = first + below.take_while(|(path, _)| is(path)).count();
        self.parameters.drain(first..end);
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
                    let active = notification == Notification::Active;
                    let place = self.place(path);
                    self.parameters.insert(place, (path.to_owned(), active));
                }
            }
        });
    }

    /// They, in order of their paths, and whether a session opens when they change.
    pub(super) fn parameters(&self) -> &[(String, bool)] {
        &self.parameters
    }

    /// Whether the parameter `path` hides its value, as far as any like it has been seen.
    pub(in crate::agent) fn is_hidden(&self, path: &Path<'_>) -> bool {
        !self.hidden.is_empty() && self.hidden.contains(&path.general())
    }

    /// Whether `path` opens a session when it changes; `None`: it is not watched.
    pub(super) fn is_active(&self, path: &str) -> Option<bool> {
        let (known, active) = self.parameters.get(self.place(path))?;
        (known == path).then_some(*active)
    }

    fn place(&self, path: &str) -> usize {
        self.parameters
            .partition_point(|(known, _)| known.as_str() < path)
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
            watch.parameters().to_vec()
        };
        let of = |list: &[&str]| {
            let owned = list.iter().map(|path| ((*path).to_owned(), false));
            owned.collect::<Vec<_>>()
        };
        let all = set("Device.", Notification::Passive);
        assert_eq!(
            all,
            of(&["Device.A.P", "Device.A.P2", "Device.A.Q", "Device.AB.P"])
        );
        let less = set("Device.A.P", Notification::PassiveLightweight);
        assert_eq!(less, of(&["Device.A.P2", "Device.A.Q", "Device.AB.P"]));
        let less = set("Device.A.", Notification::Off);
        assert_eq!(less, of(&["Device.AB.P"]));
        // What is not there any more is not watched.
        assert_eq!(set("Device.Gone.P", Notification::Active), less);
    }
}
