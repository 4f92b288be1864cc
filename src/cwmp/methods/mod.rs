//! The RPCs that the ACS may call (TR-069 A.3.1, A.3.2, A.4.1), one file each.

mod add_object;
mod arguments;
mod change_du_state;
mod delete_object;
mod factory_reset;
mod get_parameter_attributes;
mod get_parameter_names;
mod get_parameter_values;
mod get_rpc_methods;
mod order;
mod paths;
mod queued_transfers;
mod reboot;
mod schedule_inform;
mod set_parameter_attributes;
mod set_parameter_values;
#[cfg(test)]
mod tests;
mod transfer;

use super::fault::Refusal;
use super::promise::Promise;
use super::session::Kept;
use super::version::Version;
use crate::datamodel::{Applied, Code, DataModel, Fault, Touch};
use crate::wire::xml::{Element, Writer};

pub(crate) use get_rpc_methods::decode_response as decode_get_rpc_methods_response;

/// A request of the ACS with its arguments. It is carried out in this order: [`touch`](Method::touch) is prepared,
/// [`run`](Method::run) stages, what it promises is committed, [`answer`](Method::answer) is sent.
pub(crate) trait Method {
    /// What of the data model must be at hand.
    fn touch(&self, model: &dyn DataModel) -> Option<Touch> {
        let _ = model;
        None
    }

    /// Checks the request and stages it in the model. `None`: there is nothing to make true before the answer.
    fn run(&self, model: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        let _ = model;
        Ok(None)
    }

    /// The refusal when what it touches could not be prepared, or what it staged not be committed.
    fn refused(&self, fault: Fault) -> Refusal {
        fault.into()
    }

    /// Writes the arguments of the response.
    fn answer(&self, facts: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        let _ = (facts, out);
        Ok(())
    }
}

/// What an answer may tell.
pub(crate) struct Facts<'a> {
    pub(crate) model: &'a dyn DataModel,
    pub(crate) kept: &'a dyn Kept,
    /// What the commit did.
    pub(crate) applied: &'a Applied,
    /// The version that the session speaks.
    pub(crate) version: Version,
}

/// Opens a transaction and stages in it; what cannot be staged leaves none open.
fn staged<T, E>(
    model: &mut dyn DataModel,
    stage: impl FnOnce(&mut dyn DataModel) -> Result<T, E>,
) -> Result<T, E> {
    model.begin();
    let staged = stage(model);
    if staged.is_err() {
        model.abort();
    }
    staged
}

/// Reads the arguments of one method.
type Decode = fn(&Element) -> Result<Box<dyn Method>, Fault>;

/// Every method that works, in the versions that have it.
const METHODS: [(&str, Decode); 18] = [
    ("GetRPCMethods", get_rpc_methods::decode),
    ("SetParameterValues", set_parameter_values::decode),
    ("GetParameterValues", get_parameter_values::decode),
    ("GetParameterNames", get_parameter_names::decode),
    ("SetParameterAttributes", set_parameter_attributes::decode),
    ("GetParameterAttributes", get_parameter_attributes::decode),
    ("AddObject", add_object::decode),
    ("DeleteObject", delete_object::decode),
    ("Reboot", reboot::decode),
    ("FactoryReset", factory_reset::decode),
    ("ScheduleInform", schedule_inform::decode),
    ("Download", transfer::decode),
    ("Upload", transfer::decode),
    ("ScheduleDownload", transfer::decode),
    ("CancelTransfer", transfer::decode_cancel),
    ("GetQueuedTransfers", queued_transfers::decode),
    ("GetAllQueuedTransfers", queued_transfers::decode),
    ("ChangeDUState", change_du_state::decode),
];

/// The methods of a version that work: GetRPCMethods answers this list.
fn methods(version: Version) -> impl Iterator<Item = (&'static str, Decode)> {
    let of_version = move |(name, _): &(&str, Decode)| version.has_method(name);
    METHODS.into_iter().filter(of_version)
}

/// Reads a request. Fault 9000 for a method that is not in the version's list (TR-069 3.7.4).
pub(crate) fn decode(method: &Element, version: Version) -> Result<Box<dyn Method>, Fault> {
    match methods(version).find(|(name, _)| *name == method.name) {
        Some((_, decode)) => decode(method),
        None => {
            let name: String = method.name.chars().take(64).collect();
            let text = match version.has_method(&name) {
                true => format!("method not supported: {name}"),
                false => format!("method not supported: cwmp {version} has no {name}"),
            };
            Err(Fault::new(Code::METHOD_NOT_SUPPORTED, text))
        }
    }
}
