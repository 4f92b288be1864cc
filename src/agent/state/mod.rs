//! What must survive a reboot, a `kill -9` and a power cut (DESIGN 2.3): one TOML file, replaced whole, only when
//! something changed.

mod file;
mod known;
mod transfers;

pub use file::{Damage, StateFile};
pub use known::Known;
pub use transfers::{Outgoing, SoftwareChange, Stage, Transfer};

use crate::cwmp::event::EventQueue;
use crate::datamodel::attributes::Attributes;
use crate::wire::Secret;
use crate::wire::data::{Data, FromData, Sorted, ToData, Wrong, one_of, record, word};
use crate::wire::dhcp::Offer;
use crate::wire::toml;

/// The layout below. A file of a newer layout is set aside, not guessed at.
pub const VERSION: u32 = 1;

/// Everything durable.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The layout of the file; a file that does not say is none of ours.
    pub version: u32,
    /// The kernel's boot id when this was written: tells a reboot from a restart of the daemon (EV-08).
    pub boot_id: String,
    /// The ACS URL for which `0 BOOTSTRAP` was delivered; empty: none yet (EV-05, EV-07).
    pub bootstrapped_url: String,
    /// ManagementServer.ParameterKey
    pub parameter_key: String,
    /// The data model backend's own text: overlay, instance numbers. Opaque here.
    pub backend: String,
    /// The session retry that is due.
    pub retry: Retry,
    /// What the ACS ordered for after the session.
    pub deferred: Deferred,
    /// How the ACS reaches the device: made at the first boot.
    pub connection_request: ConnectionRequest,
    /// What DHCP said of the ACS, and what has happened to it since.
    pub dhcp: Dhcp,
    /// Counters. They alone never cause a write (EV-22).
    pub statistics: Statistics,
    /// Events that were not delivered yet, in order.
    pub events: EventQueue,
    /// ScheduleInform orders that are not due yet.
    pub scheduled_informs: Vec<ScheduledInform>,
    /// Transfers that are not over yet, in the order in which they were ordered.
    pub transfers: Vec<Transfer>,
    /// ChangeDUState orders that are not over yet; the first one is at work.
    pub software: Vec<SoftwareChange>,
    /// What the ACS is yet to be told: of those that are, and of other things.
    pub reports: Vec<Outgoing>,
    /// The last number that one of them was given.
    pub last_id: u64,
    /// What a transaction of the ACS must still write to the configuration file: section, option, value. Not empty
    /// only between the two writes.
    pub pending_config: Vec<[String; 3]>,
    /// The highest instance number ever given, by table of ManagementServer: none is given twice.
    pub instance_numbers: Sorted<u32>,
    /// Which `cpe.custom_notify_json` was taken in: the digest of its text.
    pub imported_notifications: String,
    /// Notification attributes and access lists that the ACS set, by full name or partial path.
    pub attributes: Attributes,
    /// Last values told to the ACS of parameters whose changes are notified, by path.
    pub notified: Known,
}

/// The session retry that is due (TR-069 3.2.1.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retry {
    /// RetryCount; 0: the last session was good.
    pub count: u32,
    /// The wait that was drawn, in milliseconds.
    pub wait_ms: u32,
    /// When it ends, in Unix seconds; 0 when the clock was unknown.
    pub due_unix: i64,
    /// A session failed after the ACS had taken its Inform: it is retried even if no event is left to tell.
    pub informed: bool,
    /// The URL of the ACS that is waited for: another one need not be.
    pub url: String,
}

/// What the ACS ordered and was answered, but that happens after the session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deferred {
    /// CommandKeys of Reboot orders; none: no reboot.
    pub reboot: Vec<String>,
    /// What the ACS had applied takes a reboot, which nobody ordered.
    pub reboot_needed: bool,
    /// FactoryReset was ordered, and its hook has not ended yet.
    pub factory_reset: bool,
    /// How often its hook was started.
    pub factory_reset_tries: u32,
}

/// How the ACS reaches the device: made once, at the first boot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionRequest {
    /// Random path of the URL (CR-03).
    pub path: String,
    /// User until the ACS sets one.
    pub username: String,
    /// Password until the ACS sets one.
    pub password: Secret,
    /// The address that the last session left from: the URL's until the next one says otherwise.
    pub address: String,
}

/// What DHCP said of the ACS, and what has happened to it since (TR-069 3.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dhcp {
    /// Who named the ACS that was reached first after the factory reset.
    pub located_by: LocatedBy,
    /// The URL that was set last through the data model, most likely by the ACS: it stands before DHCP's as long as the
    /// configuration still has it.
    pub url_set: String,
    /// The configured URL that could not be reached, so that DHCP's stands before it.
    pub url_given_up: String,
    /// Other options that were set through the data model: DHCP's values count no longer.
    pub overruled: Vec<String>,
    /// What the last lease of DHCPv4 said.
    pub v4: Offer,
    /// And of DHCPv6.
    pub v6: Offer,
}

/// Who named an ACS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LocatedBy {
    /// None was reached yet.
    #[default]
    Nobody,
    /// DHCP.
    Dhcp,
    /// The configuration.
    Configuration,
}

/// Counters since the state was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Sessions begun.
    pub sessions: u32,
    /// Sessions that ended well.
    pub succeeded: u32,
    /// Sessions that did not.
    pub failed: u32,
}

/// A ScheduleInform order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduledInform {
    /// Its CommandKey.
    pub command_key: String,
    /// DelaySeconds.
    pub delay: u32,
    /// When it was ordered, in Unix seconds.
    pub made_unix: i64,
    /// When it is due, in Unix seconds.
    pub due_unix: i64,
}

impl Default for State {
    fn default() -> Self {
        State {
            version: VERSION,
            boot_id: String::new(),
            bootstrapped_url: String::new(),
            parameter_key: String::new(),
            backend: String::new(),
            retry: Retry::default(),
            deferred: Deferred::default(),
            connection_request: ConnectionRequest::default(),
            dhcp: Dhcp::default(),
            statistics: Statistics::default(),
            events: EventQueue::default(),
            scheduled_informs: Vec::new(),
            transfers: Vec::new(),
            software: Vec::new(),
            reports: Vec::new(),
            last_id: 0,
            instance_numbers: Sorted::default(),
            pending_config: Vec::new(),
            imported_notifications: String::new(),
            attributes: Attributes::default(),
            notified: Known::default(),
        }
    }
}

impl State {
    /// Reads the text of a state file.
    pub fn parse(text: &str) -> Result<State, Wrong> {
        let mut state = State {
            version: 0,
            ..State::default()
        };
        state.read(Data::Map(toml::parse(text)?))?;
        Ok(state)
    }
}

record!(State {
    version,
    boot_id,
    bootstrapped_url,
    parameter_key,
    backend,
    retry,
    deferred,
    connection_request,
    dhcp,
    statistics,
    events,
    scheduled_informs,
    transfers,
    software,
    reports,
    last_id,
    pending_config,
    instance_numbers,
    imported_notifications,
    attributes,
    notified,
});
record!(Retry {
    count,
    wait_ms,
    due_unix,
    informed,
    url
});
record!(Deferred {
    reboot,
    reboot_needed,
    factory_reset,
    factory_reset_tries
});
record!(ConnectionRequest {
    path,
    username,
    password,
    address
});
record!(Dhcp {
    located_by,
    url_set,
    url_given_up,
    overruled,
    v4,
    v6
});
record!(ScheduledInform {
    command_key,
    delay,
    made_unix,
    due_unix
});
record!(fields Statistics { sessions, succeeded, failed });

impl ToData for Statistics {
    /// They are no part of what is compared, and are written behind it.
    fn data(&self) -> Data<'_> {
        Data::Null
    }
}

impl LocatedBy {
    const WORDS: [(&str, LocatedBy); 3] = [
        ("nobody", LocatedBy::Nobody),
        ("dhcp", LocatedBy::Dhcp),
        ("configuration", LocatedBy::Configuration),
    ];
}

impl FromData for LocatedBy {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        *self = one_of(&data, &LocatedBy::WORDS)?;
        Ok(())
    }
}

impl ToData for LocatedBy {
    fn data(&self) -> Data<'_> {
        word(self, &LocatedBy::WORDS)
    }
}

#[cfg(test)]
mod tests;
