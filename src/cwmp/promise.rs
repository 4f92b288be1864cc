//! What a request asks to be made true before it is answered (DESIGN 2.3).

use super::software::DuOrder;
use super::transfer::TransferOrder;
use crate::datamodel::attributes::AttributeChange;

/// What must be true and durable before the session goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// InformResponse came: the events that it confirms are delivered.
    Informed,
    /// Commit the model's open transaction and keep ParameterKey.
    Values {
        /// The new ParameterKey.
        parameter_key: String,
        /// The instance that is deleted: what is kept beside the model for parameters below it goes too.
        deleted: Option<String>,
    },
    /// Keep these attributes.
    Attributes(Vec<AttributeChange>),
    /// Reboot after the session.
    Reboot {
        /// For `M Reboot`.
        command_key: String,
    },
    /// Reset to factory defaults after the session.
    FactoryReset,
    /// Inform after a delay.
    ScheduleInform {
        /// In seconds, at least 1.
        delay: u32,
        /// For `M ScheduleInform`.
        command_key: String,
    },
    /// Transfer a file, after its delay or in its windows.
    Transfer(TransferOrder),
    /// Forget the transfers with that CommandKey: 9021 if one of them has gone too far, well if there is none (DL-25).
    CancelTransfer {
        /// Of the transfers.
        command_key: String,
    },
    /// Operate on deployment units after the session.
    ChangeDuState(DuOrder),
    /// The ACS has taken this report: it is not to be sent again, and its events are delivered (EV-13, EV-14).
    Reported {
        /// As in [`AcsRequest::Report`](super::AcsRequest::Report).
        id: u64,
    },
    /// The ACS has answered this report otherwise. The session goes on, without it (DL-29, RB-12).
    ReportRefused {
        /// As in [`AcsRequest::Report`](super::AcsRequest::Report).
        id: u64,
        /// FaultCode, if it was a fault; also 8000 where the version of the session has no such method.
        code: Option<u16>,
    },
}
