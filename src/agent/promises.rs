//! What the ACS is told will be so: made true and durable before the answer leaves (DESIGN 2.3).

use super::clock::Now;
use super::schedule::Scheduled;
use super::software::MAX_CHANGES;
use super::state::{self, Known, ScheduledInform, State};
use super::transfers::{MAX_TRANSFERS, queued_transfers};
use super::{Agent, dhcp, files};
use crate::cwmp::event::{EventCode, MULTIPLES};
use crate::cwmp::transfer::QueuedTransfer;
use crate::cwmp::{Kept, Promise};
use crate::datamodel::attributes::Attributes;
use crate::datamodel::{Applied, Code, DataModel, Fault, Progress};
use crate::say::{error, info};
use crate::wire::data::Sorted;

/// ScheduleInform orders that may wait at a time (RB-05 asks for three), those included whose event is not delivered.
const MAX_SCHEDULED: usize = 16;
/// CommandKeys of Reboot orders kept for one reboot.
const MAX_REBOOT_KEYS: usize = 8;
// The event queue has room for what each of them will become: none that was accepted is lost.
const _: () = assert!(MAX_SCHEDULED + MAX_REBOOT_KEYS + MAX_TRANSFERS + MAX_CHANGES <= MULTIPLES);

/// What a transaction of the model changes in the state, as it was before: for when the disk refuses. Only what is
/// there was changed.
#[derive(Default)]
pub(super) struct Before {
    pub(super) attributes: Option<Attributes>,
    parameter_key: Option<String>,
    notified: Option<Known>,
    instance_numbers: Option<Sorted<u32>>,
    backend: Option<String>,
    pending_config: Option<Vec<[String; 3]>>,
    dhcp: Option<state::Dhcp>,
}

impl Before {
    fn restore(self, state: &mut State) {
        fn put<T>(place: &mut T, before: Option<T>) {
            if let Some(before) = before {
                *place = before;
            }
        }
        put(&mut state.attributes, self.attributes);
        put(&mut state.parameter_key, self.parameter_key);
        put(&mut state.backend, self.backend);
        put(&mut state.pending_config, self.pending_config);
        put(&mut state.dhcp, self.dhcp);
        put(&mut state.notified, self.notified);
        put(&mut state.instance_numbers, self.instance_numbers);
    }
}

impl Agent {
    /// Commits the model's transaction. What the disk then refuses is taken back (SV-23); where the backend cannot do
    /// that, the disk is tried before.
    pub(super) fn commit(&mut self, now: Now) -> Result<Progress<Applied>, Fault> {
        if !self.model.backend().goes_back() {
            let mut room = self.store.try_save();
            if self.model.has_staged_pins() || self.management_server.borrow().has_staged() {
                let config = self.root.join(&self.config_path);
                room = room.and_then(|()| files::try_replace(&config, 0));
            }
            if let Err(e) = room {
                self.model.abort();
                error!("values not set: reason=\"{e}\"");
                return Err(could_not_be_stored(&e.to_string()));
            }
        }
        self.model.commit(now.instant)
    }

    /// The model's transaction is committed: the configuration file and the state learn of it, as one step.
    pub(super) fn keep_values(
        &mut self,
        promise: &Promise,
        applied: Applied,
        now: Now,
    ) -> Result<Applied, Fault> {
        let mut before = Before {
            notified: Some(self.store.state.notified.clone()),
            ..Before::default()
        };
        if let Promise::Values {
            parameter_key,
            deleted,
        } = promise
        {
            let state = &mut self.store.state;
            before.parameter_key = Some(std::mem::replace(
                &mut state.parameter_key,
                parameter_key.clone(),
            ));
            self.management_server
                .borrow_mut()
                .put("ParameterKey", parameter_key);
            if let Some(instance) = deleted {
                before.attributes = Some(state.attributes.clone());
                state.attributes.remove_below(instance); // NO-12
            }
            if deleted.is_some() || !applied.instances.is_empty() {
                self.instances_changed();
            }
        }
        self.acs_knows_its_changes(now);
        self.persist_values(before, now)?;
        Ok(applied)
    }

    /// Writes what a committed transaction changed. When the disk refuses, memory goes back to `before`.
    ///
    /// The state goes first and holds the configuration's new values too, so that a power cut between the two
    /// writes is made good at the next start.
    pub(super) fn persist_values(&mut self, mut before: Before, now: Now) -> Result<(), Fault> {
        let text = self.model.backend().durable().unwrap_or_default();
        before.backend = Some(std::mem::replace(&mut self.store.state.backend, text));
        let mut ms = self.management_server.borrow_mut();
        before.instance_numbers = Some(std::mem::replace(
            &mut self.store.state.instance_numbers,
            ms.highest().clone(),
        ));
        let changes = ms.take_changes();
        drop(ms);
        let mut new: Vec<[String; 3]> = changes
            .into_iter()
            .map(|c| [c.section, c.option.to_owned(), c.value])
            .collect();
        if let Some(code) = self.changed_provisioning_code() {
            new.push(["cpe".to_owned(), dhcp::CODE.to_owned(), code]);
        }
        before.dhcp = Some(self.store.state.dhcp.clone());
        dhcp::overrule(&mut self.store.state.dhcp, &new);
        // Some may still be there, from a write that failed at the start.
        let mut pending = self.store.state.pending_config.clone();
        pending.extend(new);
        let quiet = pending.is_empty();
        before.pending_config = Some(std::mem::replace(
            &mut self.store.state.pending_config,
            pending,
        ));
        let written = self
            .write_state()
            .and_then(|()| self.write_config().map_err(|e| e.to_string()));
        match written {
            Ok(()) if quiet => Ok(()),
            Ok(()) => {
                self.config_written(now);
                Ok(())
            }
            Err(text) => {
                error!("values not kept: reason=\"{text}\"");
                before.restore(&mut self.store.state);
                // The first of the two writes may have gone well.
                self.save(now);
                self.take_back(now);
                Err(could_not_be_stored(&text))
            }
        }
    }

    /// The configuration file has what the state held for it. Only that comes into force: what else somebody may be
    /// editing there waits for a reload.
    fn config_written(&mut self, now: Now) {
        let written = std::mem::take(&mut self.store.state.pending_config);
        info!("configuration written: options=\"{}\"", names(&written));
        for [section, option, value] in &written {
            if let Err(text) = self.config.set(section, option, value) {
                error!("value not in force: {text}");
            }
        }
        self.apply_values(now);
        (self.listen_wanted, self.configure_wanted) = (true, true);
        // Left in the state, these values would be written over a later edit at the next start.
        self.save(now);
    }

    /// Writes to the configuration file what the state says must be there.
    pub(super) fn write_config(&mut self) -> Result<(), files::FileError> {
        if self.store.state.pending_config.is_empty() {
            return Ok(());
        }
        let changes: Vec<(&str, &str, &str)> = self
            .store
            .state
            .pending_config
            .iter()
            .map(|[section, option, value]| (section.as_str(), option.as_str(), value.as_str()))
            .collect();
        super::config::write_back(&self.root.join(&self.config_path), &changes).map(drop)
    }

    /// Everything that is not a transaction of the model. When the disk refuses, nothing was ordered.
    pub(super) fn keep_order(&mut self, promise: Promise, now: Now) -> Result<Applied, Fault> {
        let before = self.store.state.clone();
        let mut scheduled = None;
        match promise {
            Promise::Attributes(changes) => {
                self.store.state.attributes.apply(&changes)?;
                self.attributes_changed(&changes, now);
            }
            Promise::Reboot { command_key } => {
                if self.store.state.deferred.reboot.len() >= MAX_REBOOT_KEYS {
                    return Err(Fault::new(
                        Code::RESOURCES_EXCEEDED,
                        "too many Reboot requests in one session",
                    ));
                }
                info!(
                    "reboot ordered: command_key=\"{}\"",
                    command_key.escape_debug()
                );
                self.store.state.deferred.reboot.push(command_key);
            }
            Promise::FactoryReset => {
                info!("factory reset ordered");
                self.store.state.deferred.factory_reset = true;
            }
            Promise::ScheduleInform { delay, command_key } => {
                scheduled = Some(self.keep_schedule(delay, command_key, now)?);
            }
            Promise::Transfer(order) => self.keep_transfer(order, now)?,
            Promise::CancelTransfer { command_key } => self.cancel_transfers(&command_key)?,
            Promise::ChangeDuState(order) => self.keep_software(order)?,
            Promise::Informed
            | Promise::Values { .. }
            | Promise::Reported { .. }
            | Promise::ReportRefused { .. } => {}
        }
        if let Err(text) = self.write_state() {
            self.store.state = before;
            self.instances_changed(); // by the attributes that were
            return Err(Fault::internal(format!(
                "the order could not be stored: {text}"
            )));
        }
        if let Some(scheduled) = scheduled {
            self.schedule.add_scheduled(scheduled);
        }
        Ok(Applied::default())
    }

    fn keep_schedule(
        &mut self,
        delay: u32,
        command_key: String,
        now: Now,
    ) -> Result<Scheduled, Fault> {
        let undelivered = self
            .queue
            .iter()
            .filter(|event| event.code == EventCode::MScheduleInform)
            .count();
        if self.store.state.scheduled_informs.len() + undelivered >= MAX_SCHEDULED {
            return Err(Fault::new(
                Code::RESOURCES_EXCEEDED,
                format!("{MAX_SCHEDULED} ScheduleInform orders wait already"),
            ));
        }
        let made_unix = now.date().unwrap_or(0);
        let due_unix = if made_unix == 0 {
            0
        } else {
            made_unix.saturating_add(delay.into())
        };
        info!(
            "inform scheduled: command_key=\"{}\" delay={delay}",
            command_key.escape_debug()
        );
        let scheduled = Scheduled {
            at: now.after(delay.into()),
            command_key: command_key.clone(),
        };
        self.store.state.scheduled_informs.push(ScheduledInform {
            command_key,
            delay,
            made_unix,
            due_unix,
        });
        Ok(scheduled)
    }

    /// Puts the waiting ScheduleInform orders of the state on the clock again, after a start.
    pub(super) fn restore_schedule(&mut self, now: Now) {
        self.schedule.clear_scheduled();
        for order in &self.store.state.scheduled_informs {
            // RB-05: relative to the original time if both clocks were known; else the whole delay once more.
            let wait = match now.date() {
                Some(date) if order.due_unix > 0 => order
                    .due_unix
                    .saturating_sub(date)
                    .clamp(0, order.delay.into()),
                _ => order.delay.into(),
            };
            self.schedule.add_scheduled(Scheduled {
                at: now.after(u64::try_from(wait).unwrap_or(0)),
                command_key: order.command_key.clone(),
            });
        }
    }

    /// Writes the state if it changed. What fails is logged, and told by `false`; the next save tries again.
    pub(super) fn save(&mut self, _now: Now) -> bool {
        self.write_state().is_ok()
    }

    /// The same; the error's text. A disk that stays full or read-only is worth one line, not one for each session.
    fn write_state(&mut self) -> Result<(), String> {
        self.store.state.events = self.queue.clone();
        let result = self.store.save();
        let failed = result.is_err();
        let before = std::mem::replace(&mut self.state_unwritten, failed);
        match result {
            Ok(_) => {
                if before {
                    info!("state written again");
                }
                Ok(())
            }
            Err(e) => {
                if !before {
                    error!("state not written: reason=\"{e}\"");
                }
                Err(e.to_string())
            }
        }
    }
}

impl Kept for State {
    fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    fn queued(&self) -> Vec<QueuedTransfer> {
        queued_transfers(self)
    }
}

fn could_not_be_stored(reason: &str) -> Fault {
    Fault::internal(format!("the change could not be stored: {reason}"))
}

fn names(changes: &[[String; 3]]) -> String {
    let names: Vec<String> = changes
        .iter()
        .map(|[section, option, _]| format!("{section}.{option}"))
        .collect();
    names.join(",")
}
