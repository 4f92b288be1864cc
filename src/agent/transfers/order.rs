//! What the ACS orders and cancels (TR-069 A.3.2.8, A.4.1.5, A.4.1.8, A.4.1.9), and what it may ask about it.

use super::{Clock, MAX_TRANSFERS, Step};
use crate::agent::Agent;
use crate::agent::clock::Now;
use crate::agent::state::{Outgoing, Stage, State, Transfer};
use crate::cwmp::report::Report;
use crate::cwmp::transfer::{Kind, QueuedTransfer, TransferOrder};
use crate::datamodel::{Code, Fault};
use crate::say::info;
use crate::wire::data::{Data, Map};

impl Agent {
    /// Takes an order up. The caller writes the state.
    pub(in crate::agent) fn keep_transfer(
        &mut self,
        order: TransferOrder,
        now: Now,
    ) -> Result<(), Fault> {
        let software = self.software_version();
        let state = &mut self.store.state;
        if state.transfers.len() + state.reports.len() >= MAX_TRANSFERS {
            let text = format!("{MAX_TRANSFERS} transfers wait already"); // DL-07
            return Err(Fault::new(Code::RESOURCES_EXCEEDED, text));
        }
        state.last_id += 1;
        let id = state.last_id;
        info!(
            "transfer ordered: id={id} kind={} file_type={:?} command_key={:?} delay={}",
            order.kind.word(),
            order.file_type,
            order.command_key,
            order.delay
        );
        state.transfers.push(Transfer {
            id,
            order,
            made_unix: now.date().unwrap_or(0),
            software,
            ..Transfer::default()
        });
        // An order that could not be stored may have had the number.
        self.transfers.clocks.retain(|clock| clock.id != id);
        self.transfers.clocks.push(Clock {
            id,
            since: now.instant,
            before: 0,
            not_before: None,
        });
        Ok(())
    }

    /// Forgets the transfers with that key. One that acts on the device, or is over, cannot be taken back (9021); an
    /// unknown key is no fault (DL-25). What runs for one is stopped when the state is written.
    pub(in crate::agent) fn cancel_transfers(&mut self, key: &str) -> Result<(), Fault> {
        let state = &mut self.store.state;
        let ours = |transfer: &Transfer| transfer.order.command_key == key;
        let late = |transfer: &Transfer| ours(transfer) && transfer.stage != Stage::Waiting;
        let done = |report: &Outgoing| {
            report
                .queued
                .as_ref()
                .is_some_and(|done| done.command_key == key)
        };
        if state.transfers.iter().any(late) || state.reports.iter().any(done) {
            let text = "the transfer is done or being applied";
            return Err(Fault::new(Code::CANCELLATION_NOT_PERMITTED, text));
        }
        let before = state.transfers.len();
        state.transfers.retain(|transfer| !ours(transfer));
        let count = before - state.transfers.len();
        info!("transfers cancelled: command_key={key:?} count={count}");
        Ok(())
    }

    /// For `cwmp transfers`: nothing of credentials, and the URL without what may be one.
    pub(in crate::agent) fn transfer_list(&self, now: Now) -> Vec<Data<'static>> {
        let text = |text: &str| Data::from(text.to_owned());
        let state = &self.store.state;
        let mut list = Vec::new();
        for transfer in &state.transfers {
            let active = self.transfers.active.as_ref();
            let active = active.filter(|active| active.id == transfer.id);
            let mut row = Map::default();
            row.push("id", transfer.id.into());
            row.push("kind", transfer.order.kind.word().into());
            row.push(
                "state",
                match (active, transfer.stage) {
                    (_, Stage::Applying | Stage::Booted) => "applying",
                    (Some(_), _) => "running",
                    (None, _) => "waiting",
                }
                .into(),
            );
            if let Some(active) = active {
                row.push("step", active.step.name().into());
                if let Step::Moving(_, progress) = &active.step {
                    let seconds = now
                        .instant
                        .saturating_duration_since(active.since)
                        .as_secs();
                    row.push("bytes", progress.bytes.into());
                    row.push("total", progress.total.map_or(Data::Null, Data::from));
                    row.push("rate", (progress.bytes / seconds.max(1)).into());
                }
            }
            row.push("command_key", text(&transfer.order.command_key));
            row.push("file_type", text(&transfer.order.file_type));
            // Behind a question mark there may be a token.
            let url = transfer
                .order
                .url
                .split(['?', '#'])
                .next()
                .unwrap_or_default();
            row.push("url", text(url));
            list.push(Data::Map(row));
        }
        for report in &state.reports {
            let mut row = Map::default();
            row.push("id", report.id.into());
            row.push("kind", report.report.method().into());
            row.push("state", "done".into());
            if let Some(done) = &report.queued {
                row.push("command_key", text(&done.command_key));
                row.push("file_type", text(&done.file_type));
            }
            if let Report::TransferComplete(told) = &report.report {
                row.push("fault", told.ending.code.into());
                row.push("reason", text(&told.ending.text));
            }
            list.push(Data::Map(row));
        }
        list
    }
}

/// For GetQueuedTransfers and GetAllQueuedTransfers (DL-26).
pub(in crate::agent) fn queued_transfers(state: &State) -> Vec<QueuedTransfer> {
    let waiting = state.transfers.iter().map(|transfer| QueuedTransfer {
        state: if transfer.begun { 2 } else { 1 },
        ..queued(&transfer.order)
    });
    let done = state.reports.iter();
    let done = done.filter_map(|report| report.queued.clone());
    waiting.chain(done).collect()
}

/// What a queue says of an order.
pub(super) fn queued(order: &TransferOrder) -> QueuedTransfer {
    QueuedTransfer {
        command_key: order.command_key.clone(),
        is_download: order.kind != Kind::Upload,
        file_type: order.file_type.clone(),
        file_size: order.file_size,
        target_file_name: order.target_file_name.clone(),
        ..QueuedTransfer::default()
    }
}
