//! The queue of events that the ACS has not yet confirmed, with the rules of table E of the checklist.

use super::{Confirmation, Event, EventCode};
use crate::wire::data::{Data, FromData, ToData, Wrong, list};

/// Most entries that an Inform may carry (TR-069 A.3.3.1), and that the queue takes.
pub const CAPACITY: usize = 64;

/// Most of the multiple events in it: room is kept for every single event (all before `M Reboot`), so that those are
/// never refused.
pub const MULTIPLES: usize = CAPACITY - EventCode::MReboot as usize;

/// Undelivered events, in the order of an Inform. As data it is the list of events, without
/// `6 CONNECTION REQUEST`, which never outlives the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQueue {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    event: Event,
    /// It was in the Inform of the running session. An event that comes again meanwhile is a new entry:
    /// the confirmation of the old one must not take it away.
    sent: bool,
}

impl EventQueue {
    /// Adds an event and the single event that belongs to it (not `1 BOOT`: only a boot raises that).
    /// False when the queue is full; then nothing was added.
    pub fn push(&mut self, event: Event) -> bool {
        // TR-069 3.7.1.5: when 0 BOOTSTRAP is raised, all other undelivered events are discarded.
        if event.code == EventCode::Bootstrap {
            self.entries.clear();
        }
        let event = event.normalized();
        let multiples = self
            .entries
            .iter()
            .filter(|entry| entry.event.code.is_multiple())
            .count();
        if event.code.is_multiple() && multiples >= MULTIPLES {
            return false;
        }
        let companion = event
            .code
            .companion()
            .filter(|code| *code != EventCode::Boot);
        self.insert(event);
        if let Some(code) = companion {
            self.insert(Event::new(code));
        }
        true
    }

    /// What waits, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.entries.iter().map(|entry| &entry.event)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether such an event waits.
    pub fn contains(&self, code: EventCode) -> bool {
        self.iter().any(|event| event.code == code)
    }

    /// The events for an Inform, which are from now on the sent ones. `M Reboot` stays behind until `1 BOOT` is there.
    pub fn mark_sent(&mut self) -> Vec<Event> {
        self.forget_sent();
        let booted = self.contains(EventCode::Boot);
        let mut events = Vec::new();
        for entry in &mut self.entries {
            let due = booted || entry.event.code != EventCode::MReboot;
            entry.sent = due && events.len() < CAPACITY;
            if entry.sent {
                events.push(entry.event.clone());
            }
        }
        events
    }

    /// Takes away what has not been sent of an event whose reason is gone.
    pub fn discard(&mut self, code: EventCode) {
        self.entries
            .retain(|entry| entry.sent || entry.event.code != code);
    }

    /// Whether something waits that was in no Inform of the running session, and can be in the next.
    pub fn has_unsent(&self) -> bool {
        let booted = self.contains(EventCode::Boot);
        let due = |entry: &Entry| booted || entry.event.code != EventCode::MReboot;
        self.entries.iter().any(|entry| !entry.sent && due(entry))
    }

    /// Takes away the sent events that `confirmation` confirms.
    pub fn delivered_by(&mut self, confirmation: Confirmation) {
        self.entries
            .retain(|entry| !entry.sent || entry.event.code.delivered_by() != confirmation);
    }

    /// Takes away one multiple event, which a message of its own confirms (EV-13), and the single event that comes with
    /// it once no other one needs that.
    pub fn delivered_one(&mut self, code: EventCode, command_key: &str) {
        let of_it =
            |entry: &Entry| entry.event.code == code && entry.event.command_key == command_key;
        let found = self
            .entries
            .iter()
            .position(|entry| of_it(entry) && entry.sent);
        let Some(found) = found.or_else(|| self.entries.iter().position(of_it)) else {
            return;
        };
        let sent = self.entries.remove(found).sent;
        let Some(companion) = code.companion() else {
            return;
        };
        let needed = self.entries.iter().any(|entry| {
            entry.sent == sent
                && entry.event.code.is_multiple()
                && entry.event.code.companion() == Some(companion)
        });
        if !needed {
            self.entries
                .retain(|entry| entry.sent != sent || entry.event.code != companion);
        }
    }

    /// The session failed: what is left was not delivered and waits for the retry, except a
    /// `6 CONNECTION REQUEST` that was tried (TR-069 3.7.1.5: never retried).
    pub fn on_failure(&mut self) {
        self.entries
            .retain(|entry| !entry.sent || entry.event.code != EventCode::ConnectionRequest);
        self.forget_sent();
    }

    /// The device boots: these are not retried beyond a boot (the caller then adds the new `1 BOOT`).
    pub fn on_reboot(&mut self) {
        self.entries.retain(|entry| {
            !matches!(
                entry.event.code,
                EventCode::Boot
                    | EventCode::ValueChange
                    | EventCode::Kicked
                    | EventCode::ConnectionRequest
                    | EventCode::DiagnosticsComplete
                    | EventCode::RequestDownload
                    | EventCode::Wakeup
                    | EventCode::Heartbeat
            )
        });
    }

    /// Makes every entry an unsent one again, which may bring two of a single event together.
    fn forget_sent(&mut self) {
        for entry in std::mem::take(&mut self.entries) {
            self.insert(entry.event);
        }
    }

    /// Puts an unsent event at its place; a single one that waits already takes it in.
    fn insert(&mut self, event: Event) {
        let merges = |entry: &Entry| !entry.sent && entry.event.code == event.code;
        if !event.code.is_multiple() && self.entries.iter().any(merges) {
            return;
        }
        let at = self
            .entries
            .partition_point(|entry| entry.event.code <= event.code);
        self.entries.insert(at, Entry { event, sent: false });
    }
}

impl FromData for EventQueue {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        self.entries.clear();
        for item in list(data)?.into_iter().take(2 * CAPACITY) {
            let mut event = Event::new(EventCode::Boot);
            event.read(item)?;
            self.insert(event.normalized());
        }
        Ok(())
    }
}

impl ToData for EventQueue {
    fn data(&self) -> Data<'_> {
        let kept = self
            .iter()
            .filter(|event| event.code != EventCode::ConnectionRequest);
        Data::List(kept.map(Event::data).collect())
    }
}

#[cfg(test)]
mod tests;
