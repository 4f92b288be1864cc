//! Notification and access list of parameters: what the ACS set, and what holds when it set nothing.
//!
//! They are the daemon's own, not the backend's: plain data that goes into the state file.

use super::{Code, DataModel, Depth, Fault, Info, Node, Notify};
use crate::wire::data::{Data, FromData, Sorted, ToData, Wrong, record};

/// How the ACS hears of a change (TR-069 A.3.2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notification {
    /// 0: not at all.
    #[default]
    Off,
    /// 1: in the next Inform.
    Passive,
    /// 2: in a session of its own.
    Active,
    /// 3: in the next lightweight notification.
    PassiveLightweight,
    /// 4: as 1 and 3.
    PassiveBoth,
    /// 5: in a lightweight notification of its own.
    ActiveLightweight,
    /// 6: as 1 and 5.
    PassiveWithActiveLightweight,
}

impl Notification {
    /// All, at the place of their number.
    const ALL: [Notification; 7] = [
        Notification::Off,
        Notification::Passive,
        Notification::Active,
        Notification::PassiveLightweight,
        Notification::PassiveBoth,
        Notification::ActiveLightweight,
        Notification::PassiveWithActiveLightweight,
    ];

    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Whether a change goes into an Inform: into the next one or, with 2, one of its own (NO-02, NO-03). 3 and 5 are
    /// for lightweight notifications alone (LW-04).
    #[must_use]
    pub fn rides_inform(self) -> bool {
        use Notification::{Active, Passive, PassiveBoth, PassiveWithActiveLightweight};
        matches!(
            self,
            Passive | Active | PassiveBoth | PassiveWithActiveLightweight
        )
    }

    /// Whether a change is told without waiting for another cause.
    fn at_once(self) -> bool {
        use Notification::{Active, ActiveLightweight, PassiveWithActiveLightweight};
        matches!(
            self,
            Active | ActiveLightweight | PassiveWithActiveLightweight
        )
    }
}

impl FromData for Notification {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        let number = data.as_number().and_then(|number| number.parse().ok());
        let number: u8 = number.ok_or_else(|| Wrong::kind("u8"))?;
        *self = Notification::try_from(number).map_err(|fault| Wrong::new(fault.text))?;
        Ok(())
    }
}

impl ToData for Notification {
    fn data(&self) -> Data<'_> {
        self.number().into()
    }
}

/// Fault 9003 for a number outside 0 to 6 (NO-01).
impl TryFrom<u8> for Notification {
    type Error = Fault;

    fn try_from(number: u8) -> Result<Self, Fault> {
        let known = Notification::ALL.get(usize::from(number)).copied();
        known.ok_or_else(|| Fault::arguments(format!("Notification {number} is not 0 to 6")))
    }
}

/// The access list entry for all entities on the LAN side (TR-069 A.3.2.4).
pub const SUBSCRIBER: &str = "Subscriber";

/// Most settings that are kept: each is an entry of the state file. One of a partial path counts once.
pub const MAX_SETTINGS: usize = 4096;

/// What GetParameterAttributes answers for one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Notification in force.
    pub notification: Notification,
    /// Who beside the ACS may write.
    pub access: Vec<&'a str>,
}

/// One change that SetParameterAttributes makes; `None`: stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeChange {
    /// A parameter's full name, or a partial path: everything below it. Concrete, and never empty.
    pub path: String,
    /// The new notification.
    pub notification: Option<Notification>,
    /// The new access list.
    pub access: Option<Vec<String>>,
}

/// Everything the ACS set, by full name or partial path. What is not in here is as the data model says.
///
/// A setting of a partial path holds for all that lies below it, and for what will (NO-12). It takes away what was set
/// below it before, so what is below it now was set later: the setting with the longest path counts (AT-03).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    set: Sorted<Setting>,
}

/// What the ACS set for one parameter or partial path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Setting {
    notification: Option<Notification>,
    access: Option<Vec<String>>,
}

record!(Setting { notification, access } strict);

impl FromData for Attributes {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        self.set.read(data)
    }
}

impl ToData for Attributes {
    fn data(&self) -> Data<'_> {
        self.set.data()
    }
}

impl Attributes {
    /// What holds for the parameter `name`.
    #[must_use]
    pub fn get(&self, name: &str, info: &Info) -> Attribute<'_> {
        Attribute {
            notification: self.notification(name, info),
            access: match self.access(name) {
                Some(list) => list.iter().map(String::as_str).collect(),
                None => vec![SUBSCRIBER],
            },
        }
    }

    /// The notification that holds for the parameter `name`.
    #[must_use]
    pub fn notification(&self, name: &str, info: &Info) -> Notification {
        let set = self.setting(name, |setting| setting.notification);
        match info.notify {
            // TR-106: whatever was set for an object around it, or stored before a firmware update (NO-08).
            Notify::ForceEnabled => Notification::Active,
            Notify::ForceDefaultEnabled => set.unwrap_or(Notification::Active),
            // An active setting of an object does not reach what came into it later and does not offer it.
            Notify::CanDeny => set.filter(|set| !set.at_once()).unwrap_or_default(),
            Notify::Normal => set.unwrap_or_default(),
        }
    }

    /// Whether `entity` may write the parameter `name` (AT-06). Without a setting all may.
    #[must_use]
    pub fn may_write(&self, name: &str, entity: &str) -> bool {
        self.access(name)
            .is_none_or(|list| list.iter().any(|one| one == entity))
    }

    fn access(&self, name: &str) -> Option<&Vec<String>> {
        self.setting(name, |setting| setting.access.as_ref())
    }

    /// What the setting with the longest path says of `name`.
    fn setting<'a, T>(&'a self, name: &str, part: impl Fn(&'a Setting) -> Option<T>) -> Option<T> {
        if self.set.entries().is_empty() {
            return None;
        }
        let objects = name.rmatch_indices('.');
        let objects = objects.filter_map(|(dot, _)| name.get(..=dot));
        std::iter::once(name)
            .chain(objects)
            .find_map(|path| part(self.set.get(path)?))
    }

    /// Whether `path`, a full name or partial path, exists (9005), and the data model lets all parameters that it covers
    /// have that notification: fault 9009 if not (NO-08, NO-10). Returns how many nodes it looked at.
    pub fn check(
        model: &dyn DataModel,
        path: &str,
        notification: Option<Notification>,
    ) -> Result<usize, Fault> {
        let mut nodes = 0;
        let mut refused = None;
        model.visit(path, Depth::All, &mut |node| {
            nodes += 1;
            if let (
                Node::Parameter {
                    path: name, info, ..
                },
                Some(wanted),
            ) = (node, notification)
                && let Err(fault) = check_one(info, name, wanted, name == path)
            {
                refused.get_or_insert(fault);
            }
        })?;
        refused.map_or(Ok(nodes), Err)
    }

    /// Makes changes that were checked, in their order: later ones win over earlier ones (AT-03). All or, with fault
    /// 9004, none.
    pub fn apply(&mut self, changes: &[AttributeChange]) -> Result<(), Fault> {
        let mut set = self.set.clone();
        for change in changes {
            if change.notification.is_none() && change.access.is_none() {
                continue;
            }
            if change.path.ends_with('.') {
                override_below(&mut set, change);
            }
            let mut setting = set.get(&change.path).cloned().unwrap_or_default();
            setting.notification = change.notification.or(setting.notification);
            if change.access.is_some() {
                setting.access.clone_from(&change.access);
            }
            set.insert(change.path.clone(), setting);
        }
        if set.entries().len() > MAX_SETTINGS {
            let text = format!(
                "no room for attributes of more than {MAX_SETTINGS} names; set those of an object by its partial path"
            );
            return Err(Fault::new(Code::RESOURCES_EXCEEDED, text));
        }
        self.set = set;
        Ok(())
    }

    /// Forgets what was set for an instance and below it, after DeleteObject (NO-12).
    pub fn remove_below(&mut self, prefix: &str) {
        self.set.retain_below(prefix, &mut |_, _| false);
    }
}

/// `named`: the request names the parameter, and not an object around it. A forced one within a partial path refuses
/// nothing: it stays active, which tells the ACS more than it asked for, and nothing could be set on `Device.` otherwise.
/// One that does not offer active notification does refuse: the ACS would wait for what never comes.
fn check_one(info: &Info, name: &str, wanted: Notification, named: bool) -> Result<(), Fault> {
    let words = match info.notify {
        Notify::ForceEnabled if named && wanted != Notification::Active => {
            "its notification is active and cannot be changed"
        }
        Notify::CanDeny if wanted.at_once() => "active notification is not offered for it",
        _ => return Ok(()),
    };
    let text = format!("{name}: {words}");
    Err(Fault::new(Code::NOTIFICATION_REJECTED, text))
}

/// Takes away what `change` replaces below its partial path.
fn override_below(set: &mut Sorted<Setting>, change: &AttributeChange) {
    set.retain_below(&change.path, &mut |_, setting| {
        if change.notification.is_some() {
            setting.notification = None;
        }
        if change.access.is_some() {
            setting.access = None;
        }
        *setting != Setting::default()
    });
}

#[cfg(test)]
mod tests;
