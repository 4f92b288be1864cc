//! Notification and access list of parameters: what the ACS set, and what holds when it set nothing.
//!
//! They are the daemon's own, not the backend's: plain data that goes into the state file.

use super::{Code, Fault, Info, Notify};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the ACS hears of a change (TR-069 A.3.2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
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
}

impl From<Notification> for u8 {
    fn from(value: Notification) -> u8 {
        value.number()
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

/// The access list entry for all entities on the LAN side.
pub const SUBSCRIBER: &str = "Subscriber";

/// What GetParameterAttributes answers for one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Notification in force.
    pub notification: Notification,
    /// Who beside the ACS may write.
    pub access: Vec<String>,
}

/// One change that SetParameterAttributes makes; `None`: stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeChange {
    /// A parameter's full, concrete name.
    pub path: String,
    /// The new notification.
    pub notification: Option<Notification>,
    /// The new access list.
    pub access: Option<Vec<String>>,
}

/// Everything the ACS set, by parameter. What is not in here is as the data model says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes {
    set: BTreeMap<String, Setting>,
}

/// What the ACS set for one parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notification: Option<Notification>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access: Option<Vec<String>>,
}

impl Attributes {
    /// What holds for the parameter `name`.
    #[must_use]
    pub fn get(&self, name: &str, info: &Info) -> Attribute {
        let access = self
            .set
            .get(name)
            .and_then(|setting| setting.access.clone());
        Attribute {
            notification: self.notification(name, info),
            access: access.unwrap_or_else(|| vec![SUBSCRIBER.to_owned()]),
        }
    }

    /// The notification that holds for the parameter `name`.
    #[must_use]
    pub fn notification(&self, name: &str, info: &Info) -> Notification {
        let set = self.set.get(name).and_then(|setting| setting.notification);
        match info.notify {
            // TR-106: whatever was stored before a firmware update made it so (NO-08).
            Notify::ForceEnabled => Notification::Active,
            Notify::ForceDefaultEnabled => set.unwrap_or(Notification::Active),
            Notify::Normal | Notify::CanDeny => set.unwrap_or_default(),
        }
    }

    /// Whether the data model lets `name` have that notification: fault 9009 if not (NO-08, NO-10).
    pub fn check_change(info: &Info, name: &str, notification: Notification) -> Result<(), Fault> {
        use Notification::{Active, ActiveLightweight, PassiveWithActiveLightweight};
        let words = match (info.notify, notification) {
            (Notify::ForceEnabled, Active) => return Ok(()),
            (Notify::ForceEnabled, _) => "active notification cannot be switched off",
            (Notify::CanDeny, Active | ActiveLightweight | PassiveWithActiveLightweight) => {
                "active notification is not offered"
            }
            _ => return Ok(()),
        };
        Err(Fault::new(
            Code::NOTIFICATION_REJECTED,
            format!("{name}: {words}"),
        ))
    }

    /// The notification that the ACS set for `name`, if it did.
    #[must_use]
    pub fn explicit(&self, name: &str) -> Option<Notification> {
        self.set.get(name)?.notification
    }

    /// Makes changes that were checked. Later ones win over earlier ones (AT-03).
    pub fn apply(&mut self, changes: &[AttributeChange]) {
        for change in changes {
            if change.notification.is_none() && change.access.is_none() {
                continue;
            }
            let setting = self.set.entry(change.path.clone()).or_default();
            setting.notification = change.notification.or(setting.notification);
            if change.access.is_some() {
                setting.access.clone_from(&change.access);
            }
        }
    }

    /// Forgets everything below an object, after DeleteObject (NO-12).
    pub fn remove_below(&mut self, prefix: &str) {
        self.set.retain(|path, _| !path.starts_with(prefix));
    }

    /// The parameters whose notification the ACS set to something else than off.
    pub fn notified(&self) -> impl Iterator<Item = (&str, Notification)> {
        self.set.iter().filter_map(|(path, setting)| {
            let notification = setting.notification?;
            (notification != Notification::Off).then_some((path.as_str(), notification))
        })
    }
}

#[cfg(test)]
mod tests;
