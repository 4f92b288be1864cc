//! What all methods do whose work comes after the answer: they promise it.

use super::{Facts, Method};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::cwmp::transfer::Kind;
use crate::datamodel::{DataModel, Fault};
use crate::wire::xml::Writer;
use crate::wire::xsd::DateTime;

/// A request that is answered as soon as its promise is kept.
struct Order(Promise);

/// The method that promises this.
pub(super) fn order(promise: Promise) -> Result<Box<dyn Method>, Fault> {
    Ok(Box::new(Order(promise)))
}

impl Method for Order {
    fn run(&self, _: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        Ok(Some(self.0.clone()))
    }

    fn answer(&self, _: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        if let Promise::Transfer(order) = &self.0
            && order.kind != Kind::ScheduleDownload
        {
            // DL-01: it was not done yet.
            let unknown = DateTime::UNKNOWN.to_string();
            out.leaf("Status", "1");
            out.leaf("StartTime", &unknown);
            out.leaf("CompleteTime", &unknown);
        }
        Ok(())
    }
}
