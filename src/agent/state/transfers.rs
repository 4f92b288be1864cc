//! Transfers that the ACS ordered, and what it is yet to be told.

use crate::cwmp::event::EventCode;
use crate::cwmp::report::{DuResult, Report};
use crate::cwmp::software::DuOrder;
use crate::cwmp::transfer::{QueuedTransfer, TransferOrder, words};
use crate::wire::data::{Data, FromData, ToData, Wrong, record};

/// A transfer, from its order to its TransferComplete in the outbox.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transfer {
    /// No other ever had it.
    pub id: u64,
    /// What was ordered. Its credentials go with it: the report has none.
    pub order: TransferOrder,
    /// When, in Unix seconds; 0 when the clock was unknown.
    pub made_unix: i64,
    /// How far it is.
    pub stage: Stage,
    /// It was begun: GetQueuedTransfers calls it in progress.
    pub begun: bool,
    /// The first window that is not used up.
    pub window: u32,
    /// Tries that failed in it.
    pub failures: u32,
    /// When it began, in Unix seconds; 0: not yet, or the clock was unknown.
    pub started_unix: i64,
    /// SoftwareVersion before a firmware image was applied.
    pub software: String,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nothing has happened that cannot be done again.
    #[default]
    Waiting,
    /// What was fetched is being applied, or was: that is never done twice.
    Applying,
    /// A firmware image was being applied, and the device has booted since: its version says how that went.
    Booted,
}

words!(Stage {
    Waiting = "waiting",
    Applying = "applying",
    Booted = "booted",
});

/// A ChangeDUState, from its order to its DUStateChangeComplete in the outbox.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SoftwareChange {
    /// No other ever had it.
    pub id: u64,
    /// What was ordered.
    pub order: DuOrder,
    /// What came of the operations that are over.
    pub results: Vec<DuResult>,
    /// A hook carries out the next one, or did: that is never done twice.
    pub applying: bool,
    /// When that began, in Unix seconds; 0: the clock was unknown.
    pub started_unix: i64,
}

/// A request of the device's own. It stays until the ACS has answered it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outgoing {
    /// No other ever had it: that of the transfer, if it is about one.
    pub id: u64,
    /// What is told.
    pub report: Report,
    /// What GetQueuedTransfers says of it.
    pub queued: Option<QueuedTransfer>,
    /// How often the ACS refused it.
    pub refusals: u32,
}

impl Outgoing {
    /// The event that comes with it, and is delivered by it (EV-13, EV-14).
    pub fn event(&self) -> (EventCode, &str) {
        match &self.report {
            Report::TransferComplete(report) => (report.kind.event(), &report.command_key),
            Report::AutonomousTransferComplete(_) => (EventCode::AutonomousTransferComplete, ""),
            Report::DuStateChangeComplete(report) => {
                (EventCode::MChangeDuState, &report.command_key)
            }
            Report::AutonomousDuStateChangeComplete(_) => {
                (EventCode::AutonomousDuStateChangeComplete, "")
            }
            Report::RequestDownload(_) => (EventCode::RequestDownload, ""),
            Report::Kicked(_) => (EventCode::Kicked, ""),
        }
    }
}

record!(Transfer {
    id,
    order,
    made_unix,
    stage,
    begun,
    window,
    failures,
    started_unix,
    software
});
record!(SoftwareChange {
    id,
    order,
    results,
    applying,
    started_unix
});
record!(Outgoing {
    id,
    report,
    queued,
    refusals
});
