//! The outbox: what the ACS is to be told of transfers that are over, until it has answered (TR-069 A.3.3.2).

use std::fs;

use super::order::queued;
use crate::agent::Agent;
use crate::agent::clock::Now;
use crate::agent::state::Outgoing;
use crate::cwmp::AcsRequest;
use crate::cwmp::event::Event;
use crate::cwmp::report::{Ending, Report, TransferReport};
use crate::cwmp::transfer::QueuedTransfer;
use crate::datamodel::Fault;
use crate::say::{error, info, warn};
use crate::wire::xsd::DateTime;

/// Sessions in which the ACS may answer a report with a fault before it is given up (DL-29).
const MAX_REFUSALS: u32 = 10;

/// A time of the state.
pub(in crate::agent) fn time(unix: i64) -> DateTime {
    match unix {
        0 => DateTime::UNKNOWN,
        unix => DateTime::from_unix(unix, 0),
    }
}

impl Agent {
    /// A transfer is over: its report takes its place.
    pub(super) fn finish_transfer(&mut self, id: u64, result: Result<(), Fault>, now: Now) {
        let transfers = &mut self.store.state.transfers;
        let Some(index) = transfers.iter().position(|transfer| transfer.id == id) else {
            return;
        };
        let transfer = transfers.remove(index);
        self.transfers.clocks.retain(|clock| clock.id != id);
        let order = transfer.order;
        let key = &order.command_key;
        match &result {
            Ok(()) => info!("transfer complete: id={id} command_key={key:?}"),
            Err(fault) => warn!(
                "transfer failed: id={id} command_key={key:?} fault={} reason={:?}",
                fault.code.0, fault.text
            ),
        }
        let complete = match &result {
            Ok(()) => time(now.date().unwrap_or(0)),
            Err(_) => DateTime::UNKNOWN, // DL-05
        };
        let report = TransferReport {
            kind: order.kind,
            command_key: key.clone(),
            ending: result.map_or_else(Ending::from, |()| Ending::default()),
            start: time(transfer.started_unix),
            complete,
        };
        self.tell(Outgoing {
            id,
            report: Report::TransferComplete(report),
            queued: Some(QueuedTransfer {
                state: 3,
                ..queued(&order)
            }),
            refusals: 0,
        });
        self.save(now);
        self.remove_files(id);
    }

    /// Puts a request into the outbox, with its event.
    pub(in crate::agent) fn tell(&mut self, outgoing: Outgoing) {
        let (event, key) = outgoing.event();
        self.queue.push(Event::with_key(event, key));
        self.store.state.reports.push(outgoing);
        self.trigger();
    }

    /// What the session that begins is to tell.
    pub(in crate::agent) fn reports(&self) -> Vec<AcsRequest> {
        let reports = self.store.state.reports.iter();
        let requests = reports.map(|outgoing| AcsRequest::Report {
            id: outgoing.id,
            report: outgoing.report.clone(),
        });
        requests.collect()
    }

    /// The ACS has taken a report: it and its events are gone (EV-13).
    pub(in crate::agent) fn reported(&mut self, id: u64, now: Now) {
        self.drop_report(id);
        self.save(now);
    }

    /// The ACS has answered it with a fault, or with nothing that can be understood. It is told again in the next session,
    /// whatever that comes for, but opens none by itself (DL-29). 8000 is for ever (RB-12): the ACS does not know the
    /// method.
    pub(in crate::agent) fn report_refused(&mut self, id: u64, code: Option<u16>, now: Now) {
        let mut reports = self.store.state.reports.iter_mut();
        let Some(outgoing) = reports.find(|outgoing| outgoing.id == id) else {
            return;
        };
        outgoing.refusals = outgoing.refusals.saturating_add(1);
        let required = matches!(outgoing.report, Report::TransferComplete(_));
        if outgoing.refusals >= MAX_REFUSALS || code == Some(METHOD_NOT_SUPPORTED) && !required {
            error!(
                "not reported: rpc={} refusals={} reason=\"the ACS does not take it\"",
                outgoing.report.method(),
                outgoing.refusals
            );
            self.drop_report(id);
        }
        self.save(now);
    }

    fn drop_report(&mut self, id: u64) {
        let reports = &mut self.store.state.reports;
        if let Some(index) = reports.iter().position(|outgoing| outgoing.id == id) {
            let outgoing = reports.remove(index);
            let (event, key) = outgoing.event();
            self.queue.delivered_one(event, key);
        }
    }

    /// Its files, if there are any.
    pub(super) fn remove_files(&self, id: u64) {
        let file = self.transfer_file(id);
        let _ = fs::remove_file(file.with_extension("part-info"));
        let _ = fs::remove_file(file);
    }
}

/// Fault 8000 of an ACS.
const METHOD_NOT_SUPPORTED: u16 = 8000;
