//! What is known of a parameter beside its value.

use super::Type;
use super::path::instance_number;

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

/// Limits on a value, from the data model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Least value of a number, or least length of a string (characters), base64 or hexBinary (bytes).
    pub min: Option<i64>,
    /// Greatest value or length; for a list, of the whole string.
    pub max: Option<u64>,
    /// Allowed values (for a list: of each item); empty = any.
    pub values: Vec<String>,
    /// Holds the path of an object or parameter (for a list: in each item).
    pub reference: bool,
    /// A comma-separated list.
    pub list: bool,
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
