//! What the CPE tells the ACS by requests of its own (TR-069 A.3.3.2, A.3.3.3, A.4.2).
//!
//! The fields of each struct are listed once, in the order and under the names that they have on the wire: the request is
//! written by that list, the state file is read and written by it. What only the state file has begins in lower case.

use super::transfer::Kind;
use super::version::Version;
use crate::datamodel::Fault;
use crate::wire::data::{Data, FromData, ToData, Wrong, record};
use crate::wire::xsd::DateTime;

/// One request, with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Report {
    TransferComplete(TransferReport),
    AutonomousTransferComplete(AutonomousTransferReport),
    DuStateChangeComplete(DuReport),
    AutonomousDuStateChangeComplete(AutonomousDuReport),
    RequestDownload(RequestDownload),
    Kicked(Kicked),
}

/// How a transfer or an operation ended: FaultStruct.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// 0: well.
    pub code: u16,
    /// In words; empty if it ended well. The first 256 characters are sent.
    pub text: String,
}

record!(Ending {
    code = "FaultCode",
    text = "FaultString",
});

impl From<Fault> for Ending {
    fn from(fault: Fault) -> Self {
        Ending {
            code: fault.code.0,
            text: fault.text,
        }
    }
}

/// TransferComplete: the end of a transfer that the ACS ordered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferReport {
    /// What ordered it: for its event. Not sent.
    pub kind: Kind,
    /// The order's.
    pub command_key: String,
    /// How it ended (DL-04).
    pub ending: Ending,
    /// The unknown time where it has none (DL-05).
    pub start: DateTime,
    /// The same.
    pub complete: DateTime,
}

record!(TransferReport {
    kind,
    command_key = "CommandKey",
    ending = "FaultStruct",
    start = "StartTime",
    complete = "CompleteTime",
});

impl TransferReport {
    /// Says it with the fault codes that a version has; the words stay.
    pub(super) fn put_in(&mut self, version: Version) {
        let newer = match version {
            Version::V1_0 => 9013..=u16::MAX,
            _ => 9020..=9020,
        };
        if version < Version::V1_2 && newer.contains(&self.ending.code) {
            self.ending.code = match self.kind {
                Kind::Upload => 9011,
                Kind::Download | Kind::ScheduleDownload => 9010,
            };
        }
    }
}

/// AutonomousTransferComplete: the end of a transfer that the ACS did not order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutonomousTransferReport {
    /// Where it was announced; may be empty.
    pub announce_url: String,
    /// Where the file was.
    pub transfer_url: String,
    /// Else it was an upload.
    pub is_download: bool,
    /// FileType
    pub file_type: String,
    /// In bytes.
    pub file_size: u32,
    /// May be empty.
    pub target_file_name: String,
    /// How it ended.
    pub ending: Ending,
    /// The unknown time where it has none.
    pub start: DateTime,
    /// The same.
    pub complete: DateTime,
}

record!(AutonomousTransferReport {
    announce_url = "AnnounceURL",
    transfer_url = "TransferURL",
    is_download = "IsDownload",
    file_type = "FileType",
    file_size = "FileSize",
    target_file_name = "TargetFileName",
    ending = "FaultStruct",
    start = "StartTime",
    complete = "CompleteTime",
});

/// DUStateChangeComplete: what came of a ChangeDUState.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DuReport {
    /// One for each operation, in their order (RB-06).
    pub results: Vec<DuResult>,
    /// The order's.
    pub command_key: String,
}

record!(DuReport {
    results = "Results",
    command_key = "CommandKey",
});

/// AutonomousDUStateChangeComplete: what happened to deployment units without the ACS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutonomousDuReport {
    /// At least one.
    pub results: Vec<DuResult>,
}

record!(AutonomousDuReport { results = "Results" });

/// What came of an operation on a deployment unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DuResult {
    /// Must be one.
    pub uuid: String,
    /// Path of the unit; empty if there is none.
    pub deployment_unit_ref: String,
    /// Version of the unit.
    pub version: String,
    /// `Installed`, `Uninstalled` or `Failed`.
    pub current_state: String,
    /// Whether all that the unit needs is there.
    pub resolved: bool,
    /// Paths of its execution units, with commas between.
    pub execution_unit_ref_list: String,
    /// The unknown time where it has none.
    pub start: DateTime,
    /// The same.
    pub complete: DateTime,
    /// How it ended (9022 to 9032, and some others).
    pub ending: Ending,
    /// `Install`, `Update` or `Uninstall`: only in an [`AutonomousDuReport`].
    pub operation: Option<String>,
}

record!(DuResult {
    uuid = "UUID",
    deployment_unit_ref = "DeploymentUnitRef",
    version = "Version",
    current_state = "CurrentState",
    resolved = "Resolved",
    execution_unit_ref_list = "ExecutionUnitRefList",
    start = "StartTime",
    complete = "CompleteTime",
    ending = "Fault",
    operation = "OperationPerformed",
});

/// RequestDownload: the device would like a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestDownload {
    /// FileType
    pub file_type: String,
    /// What says which one, at most 16.
    pub arguments: Vec<Argument>,
}

record!(RequestDownload {
    file_type = "FileType",
    arguments = "FileTypeArg",
});

/// An argument of a [`RequestDownload`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

record!(Argument {
    name = "Name",
    value = "Value",
});

/// Kicked: a browser was sent here by the ACS's web site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kicked {
    /// `command` of its query.
    pub command: String,
    /// Referer
    pub referer: String,
    /// `arg` of its query.
    pub arg: String,
    /// `next` of its query.
    pub next: String,
}

record!(Kicked {
    command = "Command",
    referer = "Referer",
    arg = "Arg",
    next = "Next",
});

impl Report {
    /// The method's name.
    pub fn method(&self) -> &'static str {
        match self {
            Report::TransferComplete(_) => "TransferComplete",
            Report::AutonomousTransferComplete(_) => "AutonomousTransferComplete",
            Report::DuStateChangeComplete(_) => "DUStateChangeComplete",
            Report::AutonomousDuStateChangeComplete(_) => "AutonomousDUStateChangeComplete",
            Report::RequestDownload(_) => "RequestDownload",
            Report::Kicked(_) => "Kicked",
        }
    }

    /// The arguments.
    pub(super) fn arguments(&self) -> &dyn ToData {
        match self {
            Report::TransferComplete(report) => report,
            Report::AutonomousTransferComplete(report) => report,
            Report::DuStateChangeComplete(report) => report,
            Report::AutonomousDuStateChangeComplete(report) => report,
            Report::RequestDownload(report) => report,
            Report::Kicked(report) => report,
        }
    }

    /// The same, to be read.
    fn arguments_mut(&mut self) -> &mut dyn FromData {
        match self {
            Report::TransferComplete(report) => report,
            Report::AutonomousTransferComplete(report) => report,
            Report::DuStateChangeComplete(report) => report,
            Report::AutonomousDuStateChangeComplete(report) => report,
            Report::RequestDownload(report) => report,
            Report::Kicked(report) => report,
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Report::TransferComplete(TransferReport::default())
    }
}

/// An object with the arguments under the method's name.
impl ToData for Report {
    fn data(&self) -> Data<'_> {
        Data::in_order([(self.method(), self.arguments().data())])
    }
}

impl FromData for Report {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        let entry = data.into_map()?.into_iter().next();
        let (key, value) = entry
            .map(|entry| (entry.key, entry.value))
            .unwrap_or_default();
        for mut report in [
            Report::TransferComplete(TransferReport::default()),
            Report::AutonomousTransferComplete(AutonomousTransferReport::default()),
            Report::DuStateChangeComplete(DuReport::default()),
            Report::AutonomousDuStateChangeComplete(AutonomousDuReport::default()),
            Report::RequestDownload(RequestDownload::default()),
            Report::Kicked(Kicked::default()),
        ] {
            if report.method() == key {
                report.arguments_mut().read(value)?;
                *self = report;
                return Ok(());
            }
        }
        Err(Wrong::new(format!("unknown report `{key}`")))
    }
}
