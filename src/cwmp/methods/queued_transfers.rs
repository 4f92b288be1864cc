//! GetQueuedTransfers and GetAllQueuedTransfers (TR-069 A.4.1.1, A.4.1.7).

use super::{Facts, Method};
use crate::cwmp::envelope::{arguments, array};
use crate::cwmp::fault::Refusal;
use crate::cwmp::transfer::MAX_QUEUED;
use crate::datamodel::Fault;
use crate::wire::data::ToData;
use crate::wire::xml::{Element, Writer};

struct QueuedTransfers {
    /// Those too that the ACS did not order, and all that is known of each.
    all: bool,
}

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let all = method.name == "GetAllQueuedTransfers";
    Ok(Box::new(QueuedTransfers { all }))
}

impl Method for QueuedTransfers {
    fn answer(&self, facts: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        let item = match self.all {
            true => "AllQueuedTransferStruct",
            false => "QueuedTransferStruct",
        };
        array(out, "TransferList", &format!("cwmp:{item}"), |out| {
            let mut written = 0;
            let queued = facts.kept.queued();
            let wanted = queued.iter().filter(|one| self.all || !one.autonomous);
            for transfer in wanted.take(MAX_QUEUED) {
                out.open(item);
                match self.all {
                    true => arguments(out, transfer.data()),
                    false => {
                        out.leaf("CommandKey", &transfer.command_key);
                        out.leaf("State", &transfer.state.to_string());
                    }
                }
                out.close(item);
                written += 1;
            }
            Ok(written)
        })
    }
}
