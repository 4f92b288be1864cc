//! ChangeDUState: operations on deployment units, one after another, each by a hook; its result for
//! DUStateChangeComplete (TR-069 A.4.1.10, A.4.2.3). One that fails does not stop the next (RB-07).

use std::fs;

use md5::{Digest, Md5};
use mio::{Registry, Token};

use super::clock::Now;
use super::state::{Outgoing, SoftwareChange};
use super::transfers::{job_fault, time};
use super::{Agent, WHO_SOFTWARE, files};
use crate::cwmp::report::{DuReport, DuResult, Ending, Report};
use crate::cwmp::software::{DuKind, DuOperation, DuOrder};
use crate::cwmp::transfer::check_url;
use crate::datamodel::{Code, Fault};
use crate::jobs::hook::{Hook, HookFailure};
use crate::jobs::job::Job;
use crate::jobs::transfer::Order;
use crate::net::reactor::token;
use crate::say::info;
use crate::wire::xsd::DateTime;

/// Orders that may wait at a time, those included whose results were not told.
pub(super) const MAX_CHANGES: usize = 8;
/// The faults that a result may have (cwmp-1-2.xsd, DeploymentUnitFaultStruct).
const RESULTS: [u16; 19] = [
    9001, 9003, 9012, 9013, 9015, 9016, 9017, 9018, 9022, 9023, 9024, 9025, 9026, 9027, 9028, 9029,
    9030, 9031, 9032,
];
/// RFC 4122 appendix C: the name space of URLs.
const URL_SPACE: [u8; 16] = [
    0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8,
];

/// What is done for the operation that runs.
pub(super) enum Step {
    /// Its package is fetched.
    Moving(Job),
    /// A hook carries it out.
    Applying(Hook),
}

impl Step {
    /// When something is due.
    pub(super) fn deadline(&self) -> Option<std::time::Instant> {
        match self {
            Step::Moving(job) => job.deadline(),
            Step::Applying(hook) => hook.deadline(),
        }
    }

    /// Its child has said something (its token), or ended, or time has passed.
    pub(super) fn wake(
        &mut self,
        token: Option<Token>,
        now: std::time::Instant,
        registry: &Registry,
    ) {
        match (self, token) {
            (Step::Moving(job), Some(token)) => job.ready(token, now, registry),
            (Step::Moving(job), None) => job.timeout(now, registry),
            (Step::Applying(hook), Some(token)) => hook.ready(token, now, registry),
            (Step::Applying(hook), None) => hook.timeout(now, registry),
        }
    }
}

impl Agent {
    /// Takes an order up. The caller writes the state.
    pub(super) fn keep_software(&mut self, order: DuOrder) -> Result<(), Fault> {
        let state = &mut self.store.state;
        let told =
            |outgoing: &&Outgoing| matches!(outgoing.report, Report::DuStateChangeComplete(_));
        if state.software.len() + state.reports.iter().filter(told).count() >= MAX_CHANGES {
            let text = format!("{MAX_CHANGES} ChangeDUState orders wait already");
            return Err(Fault::new(Code::RESOURCES_EXCEEDED, text));
        }
        state.last_id += 1;
        info!(
            "software change ordered: id={} command_key={:?} operations={}",
            state.last_id,
            order.command_key,
            order.operations.len()
        );
        state.software.push(SoftwareChange {
            id: state.last_id,
            order,
            ..SoftwareChange::default()
        });
        Ok(())
    }

    /// Takes the orders on: what was begun, then the next operation.
    pub(super) fn drive_software(&mut self, now: Now, registry: &Registry) {
        let Some(change) = self.store.state.software.first() else {
            self.software = None;
            return;
        };
        let (id, number) = (change.id, change.results.len());
        let Some(operation) = change.order.operations.get(number).cloned() else {
            return self.software_changed(now);
        };
        if let Some(mut step) = self.software.take() {
            step.wake(None, now.instant, registry);
            let over = match step {
                Step::Moving(mut job) => match job.take() {
                    None => return self.software = Some(Step::Moving(job)),
                    Some(Ok(_)) => self.apply_software(id, &operation, now, registry),
                    Some(Err(failure)) => Err(job_fault(failure, false)),
                },
                Step::Applying(mut hook) => match hook.take() {
                    None => return self.software = Some(Step::Applying(hook)),
                    Some(result) => {
                        return self.software_applied(&operation, &hook, result, now);
                    }
                },
            };
            return self.software_step(&operation, over, now);
        }
        let free = self.session.is_none() && self.hook.is_none() && !self.hook_wanted;
        if !free || self.stopping.is_some() || self.transfers.is_applying() {
            return;
        }
        self.moved = true;
        if change.applying {
            let text = "interrupted: whether it was carried out is not known";
            return self.software_over(
                &operation,
                Err(Fault::new(Code::REQUEST_DENIED, text)),
                now,
            );
        }
        let started = now.date().unwrap_or(0);
        if let Some(change) = self.store.state.software.first_mut() {
            change.started_unix = started;
        }
        let step = self.begin_software(id, &operation, now, registry);
        self.software_step(&operation, step, now);
    }

    fn software_step(&mut self, operation: &DuOperation, step: Result<Step, Fault>, now: Now) {
        self.moved = true;
        match step {
            Ok(step) => self.software = Some(step),
            Err(fault) => self.software_over(operation, Err(fault), now),
        }
    }

    /// Fetches the package of an operation that has one.
    fn begin_software(
        &mut self,
        id: u64,
        operation: &DuOperation,
        now: Now,
        registry: &Registry,
    ) -> Result<Step, Fault> {
        if operation.kind == DuKind::Uninstall {
            return self.apply_software(id, operation, now, registry);
        }
        check_url(&operation.url)?;
        let order = Order {
            url: operation.url.clone(),
            username: operation.username.clone(),
            password: operation.password.expose().to_owned(),
            ..self.job_order(&self.software_file(id))?
        };
        self.start_job(&order, token(WHO_SOFTWARE, 0), now, registry)
            .map(Step::Moving)
            .map_err(|failure| job_fault(failure, false))
    }

    /// Has the hook carry it out. That it begins is on disk before it does.
    fn apply_software(
        &mut self,
        id: u64,
        operation: &DuOperation,
        now: Now,
        registry: &Registry,
    ) -> Result<Step, Fault> {
        let file = self.software_file(id).to_string_lossy().into_owned();
        let uuid = operation.uuid.clone();
        let (name, arguments) = match operation.kind {
            DuKind::Install => {
                let uuid = if uuid.is_empty() {
                    name_based(&operation.url)
                } else {
                    uuid
                };
                (
                    "du-install",
                    [file, uuid, operation.execution_env_ref.clone()],
                )
            }
            DuKind::Update => ("du-update", [file, uuid, operation.version.clone()]),
            DuKind::Uninstall => {
                let environment = operation.execution_env_ref.clone();
                (
                    "du-uninstall",
                    [uuid, operation.version.clone(), environment],
                )
            }
        };
        if let Some(change) = self.store.state.software.first_mut() {
            change.applying = true;
        }
        if !self.save(now) {
            return Err(Fault::new(
                Code::REQUEST_DENIED,
                "that it begins could not be stored",
            ));
        }
        self.start_hook(WHO_SOFTWARE, name, &arguments, now, registry)
            .map(Step::Applying)
    }

    fn software_applied(
        &mut self,
        operation: &DuOperation,
        hook: &Hook,
        result: Result<(), HookFailure>,
        now: Now,
    ) {
        let fact = |name| hook.fact(name).unwrap_or_default().to_owned();
        let result = match result {
            Ok(()) => Ok((fact("uuid"), fact("version"))),
            Err(failure) => Err(Fault::new(
                // A hook exits with the last two digits of its fault.
                match failure.status() {
                    Some(status @ 1..=32) => Code(9000 + status as u16),
                    _ => Code::INTERNAL_ERROR,
                },
                failure.to_string(),
            )),
        };
        self.software_over(operation, result, now);
    }

    /// An operation is over: its UUID and version, or why not.
    fn software_over(
        &mut self,
        operation: &DuOperation,
        result: Result<(String, String), Fault>,
        now: Now,
    ) {
        self.moved = true;
        let Some(change) = self.store.state.software.first_mut() else {
            return;
        };
        let id = change.id;
        change.applying = false;
        let state = match (&result, operation.kind) {
            (Err(_), _) => "Failed",
            (Ok(_), DuKind::Uninstall) => "Uninstalled",
            (Ok(_), _) => "Installed",
        };
        let (ending, complete, (uuid, version)) = match result {
            Ok(names) => (Ending::default(), time(now.date().unwrap_or(0)), names),
            Err(fault) => {
                let mut ending = Ending::from(fault);
                if !RESULTS.contains(&ending.code) {
                    ending.code = Code::REQUEST_DENIED.0;
                }
                (ending, DateTime::UNKNOWN, Default::default())
            }
        };
        let or = |found: String, ordered: &String| match found.is_empty() {
            true => ordered.clone(),
            false => found,
        };
        let mut uuid = or(uuid, &operation.uuid);
        if !is_uuid(&uuid) {
            // The result must have one, whatever was ordered.
            uuid = name_based(&format!("{}{uuid}", operation.url));
        }
        info!(
            "software changed: operation={} uuid={:?} state={state} fault={} reason={:?}",
            operation.kind.word(),
            operation.uuid,
            ending.code,
            ending.text
        );
        change.results.push(DuResult {
            uuid,
            version: or(version, &operation.version),
            current_state: state.to_owned(),
            resolved: ending.code == 0,
            start: time(change.started_unix),
            complete,
            ending,
            ..DuResult::default()
        });
        let _ = fs::remove_file(self.software_file(id));
        self.save(now);
    }

    /// All operations of the first order are over: its report takes its place (RB-06).
    fn software_changed(&mut self, now: Now) {
        self.moved = true;
        let change = self.store.state.software.remove(0);
        let report = DuReport {
            results: change.results,
            command_key: change.order.command_key,
        };
        self.tell(Outgoing {
            id: change.id,
            report: Report::DuStateChangeComplete(report),
            ..Outgoing::default()
        });
        self.save(now);
    }

    fn software_file(&self, id: u64) -> std::path::PathBuf {
        let folder = self.root.join(files::TRANSFERS_DIR);
        folder.join(format!("unit-{id}"))
    }
}

/// The UUID of a unit for which the ACS gives none: version 3, from its URL (TR-069 A.4.1.10).
fn name_based(url: &str) -> String {
    let mut bytes: [u8; 16] = Md5::new_with_prefix(URL_SPACE)
        .chain_update(url)
        .finalize()
        .into();
    bytes[6] = bytes[6] & 0x0f | 0x30;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = crate::wire::http::hex(bytes);
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

fn is_uuid(text: &str) -> bool {
    let form = |c: char| if c.is_ascii_hexdigit() { '0' } else { c };
    text.chars()
        .map(form)
        .eq("00000000-0000-0000-0000-000000000000".chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_without_uuid_gets_one_of_its_url() {
        // The example that RFC 9562 and Python's uuid3(NAMESPACE_URL, ...) agree on.
        let uuid = name_based("http://example.com/a.ipk");
        assert_eq!(uuid, PYTHON);
    }

    const PYTHON: &str = "3dc580ea-23b2-3ed9-8cb9-fefbda3c7edb";
}
