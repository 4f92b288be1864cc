//! ScheduleInform (TR-069 A.4.1.2).

use super::{Method, arguments};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::datamodel::{DataModel, Fault};
use crate::wire::xml::Element;

struct ScheduleInform {
    delay: u32,
    command_key: String,
}

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let delay = arguments::unsigned(method, "DelaySeconds")?;
    if delay == 0 {
        return Err(Fault::arguments(
            "ScheduleInform: DelaySeconds must not be 0",
        ));
    }
    let command_key = arguments::key(method, "CommandKey")?;
    Ok(Box::new(ScheduleInform { delay, command_key }))
}

impl Method for ScheduleInform {
    fn run(&self, _: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        let command_key = self.command_key.clone();
        Ok(Some(Promise::ScheduleInform {
            delay: self.delay,
            command_key,
        }))
    }
}
