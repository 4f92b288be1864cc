//! ScheduleInform (TR-069 A.4.1.2).

use super::order::order;
use super::{Method, arguments};
use crate::cwmp::promise::Promise;
use crate::datamodel::Fault;
use crate::wire::xml::Element;

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let delay = arguments::unsigned(method, "DelaySeconds")?;
    if delay == 0 {
        return Err(Fault::arguments(
            "ScheduleInform: DelaySeconds must not be 0",
        ));
    }
    let command_key = arguments::key(method, "CommandKey")?;
    order(Promise::ScheduleInform { delay, command_key })
}
