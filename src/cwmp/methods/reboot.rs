//! Reboot (TR-069 A.3.2.9).

use super::order::order;
use super::{Method, arguments};
use crate::cwmp::promise::Promise;
use crate::datamodel::Fault;
use crate::wire::xml::Element;

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let command_key = arguments::key(method, "CommandKey")?;
    order(Promise::Reboot { command_key })
}
