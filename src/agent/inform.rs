//! What an Inform of this device says: identity, forced parameters, changed values (TR-069 A.3.3.1).

use super::Agent;
use crate::cwmp::inform::{DeviceId, forced_parameters};
use crate::datamodel::{DataModel, Root, find};

const IDENTITY: [&str; 4] = [
    "Manufacturer",
    "ManufacturerOUI",
    "ProductClass",
    "SerialNumber",
];

impl Agent {
    /// Every path whose value the next Inform may need.
    pub(super) fn inform_paths(&self) -> Vec<String> {
        let root = self.model.root();
        let mut paths: Vec<String> = forced_parameters(root)
            .iter()
            .map(|path| (*path).to_owned())
            .collect();
        paths.extend(
            IDENTITY
                .iter()
                .map(|name| format!("{}DeviceInfo.{name}", root.path())),
        );
        if root == Root::InternetGatewayDevice {
            // ExternalIPAddress of the connection in use (IN-04) is somewhere below.
            paths
                .push("InternetGatewayDevice.Layer3Forwarding.DefaultConnectionService".to_owned());
            paths.push("InternetGatewayDevice.WANDevice.".to_owned());
        }
        paths.extend(self.watched().into_iter().map(|(path, _)| path));
        paths.sort();
        paths.dedup();
        paths
    }

    /// DeviceId from the data model (IN-02).
    pub(super) fn device_id(&self) -> DeviceId {
        let value =
            |name: &str| self.value_of(&format!("{}DeviceInfo.{name}", self.model.root().path()));
        DeviceId {
            manufacturer: value("Manufacturer").unwrap_or_default(),
            oui: value("ManufacturerOUI").unwrap_or_default(),
            product_class: value("ProductClass").unwrap_or_default(),
            serial_number: value("SerialNumber").unwrap_or_default(),
        }
    }

    pub(super) fn value_of(&self, path: &str) -> Option<String> {
        find(&self.model, path).ok().map(|found| found.value)
    }
}
