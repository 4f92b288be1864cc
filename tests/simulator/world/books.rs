//! Keeping the oracle's model in step with what was ordered, and looking at the device where the wire cannot tell.

use std::collections::BTreeSet;
use std::time::Duration;

use cwmpd::agent::command::{Command, Reply};
use cwmpd::wire::data::Data;

use super::World;
use crate::acs::{Answer, text};
use crate::model::Model;
use crate::orders::Order;
use crate::timers::Scheduled;

impl World {
    /// The ACS has the answer to a request that was carried out at `at`.
    pub(super) fn answered(&mut self, order: Order, answer: &Answer, at: Duration) {
        if let Some(problem) = self.oracle.model.check(&order, answer) {
            self.oracle.wrong(problem);
        }
        let Answer::Response(body) = answer else {
            return;
        };
        let number = text(body, "InstanceNumber").and_then(|text| text.parse().ok());
        if let Some(number) = number
            && !self.oracle.used.insert(number)
        {
            self.oracle
                .wrong(format!("instance number {number} is used again"));
        }
        match &order {
            Order::Schedule(delay, key) => {
                let scheduled = Scheduled::new(key.clone(), *delay, &self.clock, at);
                self.oracle.scheduled.push(scheduled);
            }
            Order::Reboot(key) => self.oracle.reboots.push((key.clone(), true)),
            Order::FactoryReset => self.oracle.resetting = true,
            _ => {
                let mut after = self.oracle.model.clone();
                after.apply(&order, number);
                self.adopt(after, matches!(order, Order::Set(..)), at);
            }
        }
    }

    /// The model is this from now on; `by_acs`: the ACS has set the values.
    fn adopt(&mut self, model: Model, by_acs: bool, at: Duration) {
        let before = std::mem::replace(&mut self.oracle.model, model);
        let model = &self.oracle.model;
        let changed = |name: &str| before.value(&before.ms(name)) != model.value(&model.ms(name));
        let period = [
            "PeriodicInformEnable",
            "PeriodicInformInterval",
            "PeriodicInformTime",
        ];
        if period.into_iter().any(changed) {
            let model = model.clone();
            self.oracle.periodic.restart(&model, &self.clock, at);
        }
        let moved = self.oracle.model.url() != before.url();
        if by_acs {
            self.oracle.acs_set(&before);
        }
        self.oracle.learn();
        if moved {
            self.oracle.url_changed(at);
        }
    }

    /// An order may have been carried out or not.
    pub(super) fn unsure(&mut self, order: &Order) {
        match order {
            Order::Schedule(..) | Order::Reboot(_) | Order::FactoryReset => {
                self.oracle.unsure.push(order.clone());
            }
            Order::Set(..) | Order::Notify(..) | Order::Add(..) | Order::Delete(..) => {
                let mut after = self.oracle.model.clone();
                after.apply(order, None);
                self.oracle.maybe = Some(after);
                self.oracle.adding = matches!(order, Order::Add(..));
            }
            _ => {}
        }
    }

    /// Looks which of the two it was. What is neither is torn.
    pub(super) fn resolve(&mut self) {
        let now = self.clock.elapsed;
        let state = self.home.state().unwrap_or_default();
        for order in std::mem::take(&mut self.oracle.unsure) {
            match order {
                Order::Schedule(delay, key) => {
                    if state.scheduled_informs.iter().any(|o| o.command_key == key) {
                        let order = Scheduled::new(key, delay, &self.clock, now);
                        self.oracle.scheduled.push(order.vague(now));
                    }
                }
                Order::Reboot(key) => self.oracle.reboots.push((key, false)),
                _ => self.oracle.resetting = state.deferred.factory_reset,
            }
        }
        let Some(found) = self.look() else {
            return self.oracle.wrong("the device does not say what it holds");
        };
        let maybe = self.oracle.maybe.take();
        let adding = std::mem::take(&mut self.oracle.adding);
        if found == self.oracle.model {
            return;
        }
        let fits = maybe.is_some_and(|mut maybe| {
            let new: BTreeSet<u32> = found
                .instances
                .difference(&maybe.instances)
                .copied()
                .collect();
            if adding && new.len() == 1 && new.is_disjoint(&self.oracle.used) {
                maybe.instances.extend(&new);
                self.oracle.used.extend(new);
            }
            maybe == found
        });
        if !fits {
            let (is, must) = (
                differences(&found, &self.oracle.model),
                differences(&self.oracle.model, &found),
            );
            return self
                .oracle
                .wrong(format!("the device holds {is:?} instead of {must:?}"));
        }
        let known = self.oracle.model.clone();
        self.adopt(found, false, now);
        self.oracle.either(&known);
    }

    /// What the device holds.
    fn look(&mut self) -> Option<Model> {
        let mut found = self.oracle.model.clone();
        let paths: Vec<String> = found.values.keys().cloned().collect();
        for entry in self.list(Command::Get { paths })? {
            let name = entry.get("parameter")?.as_text()?.to_owned();
            found
                .values
                .insert(name, entry.get("value")?.as_text()?.to_owned());
        }
        let paths: Vec<String> = found.notify.keys().cloned().collect();
        for entry in self.list(Command::Attributes { paths })? {
            let name = entry.get("parameter")?.as_text()?.to_owned();
            let notification = entry.get("notification")?.as_number()?.parse().ok()?;
            found.notify.insert(name, notification);
        }
        let table = found.table();
        let names = self.list(Command::Names {
            path: table,
            next_level: true,
        })?;
        found.instances = names
            .iter()
            .filter_map(|entry| found.instance(entry.get("parameter")?.as_text()?))
            .collect();
        Some(found)
    }

    fn list(&mut self, command: Command) -> Option<Vec<Data<'static>>> {
        match self.command(command)? {
            Reply::Ok(Data::List(list)) => Some(list),
            _ => None,
        }
    }
}

/// What of `a` is not so in `b`.
fn differences(a: &Model, b: &Model) -> Vec<String> {
    let values = a
        .values
        .iter()
        .filter(|(name, value)| b.values.get(*name) != Some(value));
    let notify = a
        .notify
        .iter()
        .filter(|(name, n)| b.notify.get(*name) != Some(n));
    let mut list: Vec<String> = values
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    list.extend(notify.map(|(name, n)| format!("{name} notifies {n}")));
    if a.instances != b.instances {
        list.push(format!("instances {:?}", a.instances));
    }
    list
}
