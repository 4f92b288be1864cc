//! What all methods do whose work comes after the answer: they promise it.

use super::{Facts, Method};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::cwmp::transfer::Kind;
use crate::datamodel::{DataModel, Fault};
use crate::wire::xml::Writer;
use crate::wire::xsd::DateTime;
use std::cell::Cell;

/// A request that is answered as soon as its promise is kept.
struct Order {
    /// Taken when it is made.
    promise: Cell<Option<Promise>>,
    /// The answer says that it was not done yet (DL-01).
    has_status: bool,
}

/// The method that promises this.
pub(super) fn order(promise: Promise) -> Result<Box<dyn Method>, Fault> {
    let has_status =
        matches!(&promise, Promise::Transfer(order) if order.kind != Kind::ScheduleDownload);
    Ok(Box::new(Order {
        promise: Cell::new(Some(promise)),
        has_status,
    }))
}

impl Method for Order {
    fn run(&self, _: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        Ok(self.promise.take())
    }

    fn answer(&self, _: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        if self.has_status {
            let unknown = DateTime::UNKNOWN.to_string();
            out.leaf("Status", "1");
            out.leaf("StartTime", &unknown);
            out.leaf("CompleteTime", &unknown);
        }
        Ok(())
    }
}
