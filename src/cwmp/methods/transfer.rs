//! Download, Upload, ScheduleDownload and CancelTransfer (TR-069 A.3.2.8, A.4.1.5, A.4.1.8, A.4.1.9).

use super::order::order;
use super::{Method, arguments};
use crate::cwmp::promise::Promise;
use crate::cwmp::transfer::{Kind, TransferOrder, Window};
use crate::datamodel::Fault;
use crate::wire::xml::Element;

/// The first three: the same arguments, as far as each has them.
pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let mut transfer = TransferOrder::default();
    arguments::fill(&mut transfer, method)?;
    transfer.kind = Kind::of(&method.name).unwrap_or_default();
    if transfer.kind == Kind::ScheduleDownload {
        // It has windows instead.
        transfer.delay = 0;
        for element in arguments::items(method, "TimeWindowList") {
            let mut window = Window::default();
            arguments::fill(&mut window, element)?;
            transfer.windows.push(window);
        }
    }
    transfer
        .check()
        .map_err(|fault| Fault::new(fault.code, format!("{}: {}", method.name, fault.text)))?;
    order(Promise::Transfer(transfer))
}

/// CancelTransfer.
pub(super) fn decode_cancel(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let command_key = arguments::key(method, "CommandKey")?;
    order(Promise::CancelTransfer { command_key })
}
