//! What a device may have to report.

use cwmpd::cwmp::report::{
    Argument, AutonomousDuReport, AutonomousTransferReport, DuReport, DuResult, Ending, Kicked,
    Report, RequestDownload, TransferReport,
};
use cwmpd::cwmp::transfer::Kind;
use cwmpd::datamodel::{Code, Fault};
use cwmpd::wire::xsd::DateTime;

fn time(text: &str) -> DateTime {
    DateTime::parse(text).expect("a time")
}

/// The end of a transfer that went well.
pub fn transfer(command_key: &str) -> Report {
    Report::TransferComplete(TransferReport {
        kind: Kind::Download,
        command_key: command_key.into(),
        ending: Ending::default(),
        start: time("2026-11-22T08:40:00Z"),
        complete: time("2026-11-22T08:41:07Z"),
    })
}

fn result(operation: Option<&str>) -> DuResult {
    DuResult {
        uuid: "11111111-2222-5333-8444-555555555555".into(),
        deployment_unit_ref: "Device.SoftwareModules.DeploymentUnit.1.".into(),
        version: "1.0".into(),
        current_state: "Installed".into(),
        resolved: true,
        execution_unit_ref_list: "Device.SoftwareModules.ExecutionUnit.1.".into(),
        start: time("2026-11-22T08:00:00Z"),
        complete: time("2026-11-22T08:00:09Z"),
        ending: Ending::default(),
        operation: operation.map(str::to_owned),
    }
}

/// One of each kind, good and bad, by name.
pub fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("transfer-complete", transfer("fw & <1>")),
        (
            "transfer-complete-fault",
            Report::TransferComplete(TransferReport {
                command_key: "fw-1".into(),
                ending: Fault::new(Code(9015), "no <way> to the file server").into(),
                ..TransferReport::default()
            }),
        ),
        (
            "autonomous-transfer-complete",
            Report::AutonomousTransferComplete(AutonomousTransferReport {
                transfer_url: "http://192.0.2.80/fw.bin".into(),
                is_download: true,
                file_type: "1 Firmware Upgrade Image".into(),
                file_size: 8_388_608,
                start: time("2026-11-22T03:00:00Z"),
                complete: time("2026-11-22T03:02:10Z"),
                ..AutonomousTransferReport::default()
            }),
        ),
        (
            "du-state-change-complete",
            Report::DuStateChangeComplete(DuReport {
                results: vec![
                    result(None),
                    DuResult {
                        current_state: "Failed".into(),
                        resolved: false,
                        ending: Fault::new(Code(9032), "that version is there").into(),
                        start: DateTime::UNKNOWN,
                        complete: DateTime::UNKNOWN,
                        ..result(None)
                    },
                ],
                command_key: "du-1".into(),
            }),
        ),
        (
            "autonomous-du-state-change-complete",
            Report::AutonomousDuStateChangeComplete(AutonomousDuReport {
                results: vec![result(Some("Install"))],
            }),
        ),
        (
            "request-download",
            Report::RequestDownload(RequestDownload {
                file_type: "1 Firmware Upgrade Image".into(),
                arguments: vec![Argument {
                    name: "Version".into(),
                    value: "2.0".into(),
                }],
            }),
        ),
        (
            "kicked",
            Report::Kicked(Kicked {
                command: "cmd".into(),
                referer: "r".into(),
                arg: "a&b".into(),
                next: "http://192.0.2.1/next".into(),
            }),
        ),
    ]
}
