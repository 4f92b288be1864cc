//! What the daemon itself owns of the data model, mounted over every backend: `ManagementServer.` and, each as a
//! mount of its own, whatever else has a table here.
//!
//! [`table`] is the one list of what there is; [`Own`] makes an object of the data model of it, sub-objects and
//! multi-instance objects included. The values come from the configuration, the state and the network
//! (ConnectionRequestURL). What the ACS sets is kept as [`Own::take_changes`] until the agent has written it to the
//! configuration file.

mod gateway_info;
mod items;
mod own;
mod spec;
mod table;

use crate::datamodel::Root;

pub use own::Own;

/// The `ManagementServer.` object of either root model, with empty values.
pub fn management_server(root: Root) -> Own {
    Own::new(root, "ManagementServer.", table::TABLE)
}

/// `Device.GatewayInfo.`, with empty values: who the gateway in front of this device is. TR-098 has no such object.
pub fn gateway_info() -> Own {
    Own::new(Root::Device, "GatewayInfo.", gateway_info::TABLE)
}

#[cfg(test)]
mod tests;
