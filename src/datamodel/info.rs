//! What is known of a parameter beside its value.

use super::path::instance_number;
use super::{DataType, Type};

/// Who may write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Read only: SetParameterValues gives 9008.
    #[default]
    ReadOnly,
    /// Read and write.
    ReadWrite,
}

/// How a parameter behaves towards notification (TR-106 `activeNotify`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notify {
    /// Off by default, any setting allowed.
    #[default]
    Normal,
    /// Active always; cannot be lowered (9009).
    ForceEnabled,
    /// Active by default, changeable.
    ForceDefaultEnabled,
    /// A request for active notification is refused (9009).
    CanDeny,
}

/// What TR-181 2.17 and TR-098 1.8 force to be active, below the root object.
const FORCED: [&str; 2] = ["DeviceInfo.SoftwareVersion", "DeviceInfo.ProvisioningCode"];

/// And what they have active by default.
const FORCED_DEFAULT: [&str; 11] = [
    "ManagementServer.ConnectionRequestURL",
    "ManagementServer.ConnReqJabberID",
    "GatewayInfo.ManufacturerOUI",
    "GatewayInfo.ProductClass",
    "GatewayInfo.SerialNumber",
    "SoftwareModules.ExecutionUnit.{i}.Status",
    "FAP.GPS.LastScanTime",
    "FAP.Tunnel.IKESA.{i}.IPAddress",
    "ZigBee.Interface.{i}.IEEEAddress",
    "WANDevice.{i}.WANConnectionDevice.{i}.WANIPConnection.{i}.ExternalIPAddress",
    "WANDevice.{i}.WANConnectionDevice.{i}.WANPPPConnection.{i}.ExternalIPAddress",
];

impl Notify {
    /// What the standard data models force for the parameter `name`, a full name with instance numbers or `{i}`: for
    /// sources that do not say.
    #[must_use]
    pub fn standard(name: &str) -> Notify {
        let Some((_, name)) = name.split_once('.') else {
            return Notify::Normal;
        };
        let same = |(generic, segment): (&str, &str)| {
            generic == segment || generic == "{i}" && instance_number(segment).is_some()
        };
        let is = |generic: &str| {
            generic.split('.').count() == name.split('.').count()
                && generic.split('.').zip(name.split('.')).all(same)
        };
        if FORCED.contains(&name) {
            Notify::ForceEnabled
        } else if FORCED_DEFAULT.iter().any(|generic| is(generic)) {
            Notify::ForceDefaultEnabled
        } else {
            Notify::Normal
        }
    }
}

/// Least and greatest, both allowed; `None`: no such limit but the type's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Least.
    pub min: Option<i64>,
    /// Greatest.
    pub max: Option<i64>,
}

/// Limits on a value, from the data model.
///
/// Those of a number are on the number; those of a string on its characters, those of base64 and hexBinary on the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Least value or length; for a list, length of the whole string.
    pub min: Option<i64>,
    /// Greatest value or length; for a list, length of the whole string.
    pub max: Option<u64>,
    /// Where a model has several ranges, value or length must lie in one of these (for a list: of the whole string).
    pub ranges: Vec<Range>,
    /// Allowed values (for a list: of each item); empty = any.
    pub values: Vec<String>,
    /// The vendor's own values are allowed beside those (TR-106 3.3): `X_<VENDOR>_` and a name.
    pub extendable: bool,
    /// A named data type of TR-106 (for a list: of each item).
    pub named: Option<DataType>,
    /// Holds the path of an object or parameter (for a list: in each item).
    pub reference: bool,
    /// A comma-separated list.
    pub list: bool,
    /// What the items of a list have to be.
    pub items: Items,
}

/// Limits on the items of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items {
    /// Type of each item.
    pub ty: Type,
    /// Value or length of each item.
    pub each: Range,
    /// How many there are.
    pub count: Range,
}

/// A parameter's type, access, limits and flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// Type on the wire.
    pub ty: Type,
    /// Who may write.
    pub access: Access,
    /// Limits.
    pub limits: Limits,
    /// Notification behaviour.
    pub notify: Notify,
    /// Reads as empty (passwords).
    pub hidden: bool,
    /// In every Inform.
    pub forced_inform: bool,
}

impl Info {
    /// Whether SetParameterValues is allowed.
    pub fn writable(&self) -> bool {
        self.access == Access::ReadWrite
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_models_force_some() {
        // NO-08 NO-09
        for (name, notify) in [
            ("Device.DeviceInfo.SoftwareVersion", Notify::ForceEnabled),
            (
                "InternetGatewayDevice.DeviceInfo.ProvisioningCode",
                Notify::ForceEnabled,
            ),
            (
                "Device.ManagementServer.ConnReqJabberID",
                Notify::ForceDefaultEnabled,
            ),
            (
                "Device.SoftwareModules.ExecutionUnit.12.Status",
                Notify::ForceDefaultEnabled,
            ),
            (
                "Device.SoftwareModules.ExecutionUnit.{i}.Status",
                Notify::ForceDefaultEnabled,
            ),
            (
                "Device.SoftwareModules.ExecutionUnit.Status",
                Notify::Normal,
            ),
            (
                "Device.SoftwareModules.ExecutionUnit.x.Status",
                Notify::Normal,
            ),
            (
                "Device.SoftwareModules.ExecutionUnit.1.Status.X",
                Notify::Normal,
            ),
            (
                "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.2.WANPPPConnection.3.ExternalIPAddress",
                Notify::ForceDefaultEnabled,
            ),
            ("Device.DeviceInfo.UpTime", Notify::Normal),
            ("DeviceInfo.SoftwareVersion", Notify::Normal),
            ("", Notify::Normal),
        ] {
            assert_eq!(Notify::standard(name), notify, "{name}");
        }
    }
}
