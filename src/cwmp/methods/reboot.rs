//! Reboot (TR-069 A.3.2.9).

use super::{Method, arguments};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::datamodel::{DataModel, Fault};
use crate::wire::xml::Element;

struct Reboot {
    command_key: String,
}

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let command_key = arguments::key(method, "CommandKey")?;
    Ok(Box::new(Reboot { command_key }))
}

impl Method for Reboot {
    fn run(&self, _: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        Ok(Some(Promise::Reboot {
            command_key: self.command_key.clone(),
        }))
    }
}
