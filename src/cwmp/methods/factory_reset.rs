//! FactoryReset (TR-069 A.4.1.6).

use super::Method;
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::datamodel::{DataModel, Fault};
use crate::wire::xml::Element;

struct FactoryReset;

pub(super) fn decode(_: &Element) -> Result<Box<dyn Method>, Fault> {
    Ok(Box::new(FactoryReset))
}

impl Method for FactoryReset {
    fn run(&self, _: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        Ok(Some(Promise::FactoryReset))
    }
}
