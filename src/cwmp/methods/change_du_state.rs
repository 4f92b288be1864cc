//! ChangeDUState (TR-069 A.4.1.10).

use super::order::order;
use super::{Method, arguments};
use crate::cwmp::promise::Promise;
use crate::cwmp::software::{DuKind, DuOperation, DuOrder};
use crate::datamodel::{Code, Fault};
use crate::wire::xml::Element;

/// Most operations of one request: they are kept until all are done.
const MAX_OPERATIONS: usize = 16;

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let command_key = arguments::key(method, "CommandKey")?;
    let mut operations = Vec::new();
    for element in &method.children {
        if element.name != "Operations" {
            continue;
        }
        if operations.len() >= MAX_OPERATIONS {
            let text = format!("ChangeDUState: more than {MAX_OPERATIONS} operations");
            return Err(Fault::new(Code::RESOURCES_EXCEEDED, text));
        }
        let kind = arguments::xsi_type(element).and_then(DuKind::of_struct);
        let unknown = || Fault::arguments("ChangeDUState: an operation of no known type");
        let mut operation = DuOperation::default();
        arguments::fill(&mut operation, element)?;
        operation.kind = kind.ok_or_else(unknown)?;
        operations.push(operation);
    }
    if operations.is_empty() {
        return Err(Fault::arguments("ChangeDUState: Operations is missing"));
    }
    order(Promise::ChangeDuState(DuOrder {
        command_key,
        operations,
    }))
}
