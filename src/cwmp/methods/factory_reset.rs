//! FactoryReset (TR-069 A.4.1.6).

use super::Method;
use super::order::order;
use crate::cwmp::promise::Promise;
use crate::datamodel::Fault;
use crate::wire::xml::Element;

pub(super) fn decode(_: &Element) -> Result<Box<dyn Method>, Fault> {
    order(Promise::FactoryReset)
}
