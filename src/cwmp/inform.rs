//! The Inform (TR-069 A.3.3.1): what goes into it, and its text.

mod extra;

pub use extra::{MAX_ENTRIES, MAX_EXTRA, check_event_list, check_parameter_name, expand, is_meant};

use super::envelope::{array, parameter_value};
use super::event::{CAPACITY, Event};
use crate::datamodel::naming::{InstanceMode, Namer};
use crate::datamodel::path::Path;
use crate::datamodel::resolve::resolve_one;
use crate::datamodel::{DataModel, Depth, Found, Node, Root, Type, find, references};
use crate::wire::xml::Writer;
use crate::wire::xsd::DateTime;
use std::collections::BTreeSet;
use std::convert::Infallible;

/// Longest Manufacturer, ProductClass and SerialNumber, in characters (TR-069 A.3.3.1).
const MAX_DEVICE_ID: usize = 64;

/// Digits of an OUI.
const OUI_DIGITS: usize = 6;

/// Who the CPE is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceId {
    /// Manufacturer, for display.
    pub manufacturer: String,
    /// Six hexadecimal digits.
    pub oui: String,
    /// May be empty.
    pub product_class: String,
    /// Unique within OUI and ProductClass.
    pub serial_number: String,
}

impl DeviceId {
    /// As TR-069 A.3.3.1 has it: texts of at most 64 characters, an OUI of six upper-case digits without colons and the
    /// like.
    #[must_use]
    pub fn in_form(&self) -> DeviceId {
        DeviceId {
            manufacturer: cut(&self.manufacturer).to_owned(),
            oui: oui(&self.oui),
            product_class: cut(&self.product_class).to_owned(),
            serial_number: cut(&self.serial_number).to_owned(),
        }
    }
}

/// A parameter in an Inform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InformParameter {
    /// Full name.
    pub name: String,
    /// Type.
    pub ty: Type,
    /// Canonical text.
    pub value: String,
}

/// An Inform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inform {
    /// Who informs.
    pub device: DeviceId,
    /// Why (at most 64 are sent).
    pub events: Vec<Event>,
    /// Now; the unknown time when the clock is not set.
    pub current_time: DateTime,
    /// Failed tries before this one.
    pub retry_count: u32,
    /// Forced and changed parameters. A name that comes twice is sent once.
    pub parameters: Vec<InformParameter>,
}

impl Inform {
    /// Writes the method.
    pub(crate) fn encode(&self, out: &mut Writer) {
        out.open("cwmp:Inform");
        out.open("DeviceId");
        let device = self.device.in_form();
        out.leaf("Manufacturer", &device.manufacturer);
        out.leaf("OUI", &device.oui);
        out.leaf("ProductClass", &device.product_class);
        out.leaf("SerialNumber", &device.serial_number);
        out.close("DeviceId");
        let Ok(()) = array::<Infallible>(out, "Event", "cwmp:EventStruct", |out| {
            let mut written = 0;
            for event in self.events.iter().take(CAPACITY) {
                out.open("EventStruct");
                out.leaf("EventCode", event.code.text());
                out.leaf("CommandKey", &event.command_key);
                out.close("EventStruct");
                written += 1;
            }
            Ok(written)
        });
        out.leaf("MaxEnvelopes", "1");
        out.leaf("CurrentTime", &self.current_time.to_string());
        out.leaf("RetryCount", &self.retry_count.to_string());
        let mut seen = BTreeSet::new();
        let Ok(()) =
            array::<Infallible>(out, "ParameterList", "cwmp:ParameterValueStruct", |out| {
                let mut written = 0;
                for parameter in &self.parameters {
                    let name = parameter.name.as_str();
                    if !name.is_empty() && seen.insert(name.to_owned()) {
                        parameter_value(out, name, parameter.ty, &parameter.value);
                        written += 1;
                    }
                }
                Ok(written)
            });
        out.close("cwmp:Inform");
    }
}

/// The parameters that every Inform carries (table P of the checklist), as far as the model has them, with those of
/// `others` behind them: full names of changed parameters and the like, with instance numbers. What does not exist is left
/// out; the rest is named as InstanceMode says (IN-10).
pub fn parameters(model: &dyn DataModel, others: &[&str]) -> Vec<InformParameter> {
    let address = external_ip_address(model);
    let mut names = forced_parameters(model.root()).to_vec();
    names.extend(address.as_deref());
    names.extend(others);
    let mode = InstanceMode::of(model);
    let mut namer = Namer::new(model, mode);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for name in names {
        if seen.insert(name.to_owned())
            && let Ok(Found { info, value }) = find(model, name)
        {
            found.push(InformParameter {
                name: namer.name(name).to_owned(),
                ty: info.ty,
                value: references::named(model, mode, &info, &value).into_owned(),
            });
        }
    }
    found
}

/// The parameters that must be in every Inform of a device with that root model; `ExternalIPAddress` of
/// TR-098 comes on top, see [`external_ip_address`].
pub fn forced_parameters(root: Root) -> &'static [&'static str] {
    match root {
        Root::Device => &[
            "Device.RootDataModelVersion",
            "Device.DeviceInfo.HardwareVersion",
            "Device.DeviceInfo.SoftwareVersion",
            "Device.DeviceInfo.ProvisioningCode",
            "Device.ManagementServer.ParameterKey",
            "Device.ManagementServer.ConnectionRequestURL",
            "Device.ManagementServer.AliasBasedAddressing",
        ],
        Root::InternetGatewayDevice => &[
            "InternetGatewayDevice.DeviceSummary",
            "InternetGatewayDevice.DeviceInfo.SpecVersion",
            "InternetGatewayDevice.DeviceInfo.HardwareVersion",
            "InternetGatewayDevice.DeviceInfo.SoftwareVersion",
            "InternetGatewayDevice.DeviceInfo.ProvisioningCode",
            "InternetGatewayDevice.ManagementServer.ParameterKey",
            "InternetGatewayDevice.ManagementServer.ConnectionRequestURL",
            "InternetGatewayDevice.ManagementServer.AliasBasedAddressing",
        ],
    }
}

/// TR-098: the ExternalIPAddress of the default WAN connection, or of the first one that has any.
pub fn external_ip_address(model: &dyn DataModel) -> Option<String> {
    if model.root() != Root::InternetGatewayDevice {
        return None;
    }
    let default = "InternetGatewayDevice.Layer3Forwarding.DefaultConnectionService";
    let chosen = find(model, default).ok().and_then(|service| {
        let name = full_name(model.root(), &service.value)? + ".ExternalIPAddress";
        let name = resolve_one(model, &Path::parse(&name).ok()?).ok()?.path;
        find(model, &name).ok().map(|_| name)
    });
    let mut first = None;
    if chosen.is_none() {
        // A device without that object has no address to tell.
        let _ = model.visit(
            "InternetGatewayDevice.WANDevice.",
            Depth::All,
            &mut |node| {
                if let Node::Parameter { path, value, .. } = node
                    && path.ends_with(".ExternalIPAddress")
                    && !value.is_empty()
                    && first.is_none()
                {
                    first = Some(path.to_owned());
                }
            },
        );
    }
    chosen.or(first)
}

/// What a reference means, without a dot at its end: devices write it with or without that dot, and relative to the root
/// object with (TR-106 3.2.4) or without a dot before it.
fn full_name(root: Root, reference: &str) -> Option<String> {
    let name = reference.trim().trim_matches('.');
    if name.is_empty() {
        return None;
    }
    let absolute = name.starts_with(root.path());
    Some(if absolute { "" } else { root.path() }.to_owned() + name)
}

fn cut(text: &str) -> &str {
    match text.char_indices().nth(MAX_DEVICE_ID) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}

/// Upper case, without colons and the like, six digits.
fn oui(text: &str) -> String {
    let digits = text
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(OUI_DIGITS);
    let digits: String = digits.map(|c| c.to_ascii_uppercase()).collect();
    format!("{digits:0>OUI_DIGITS$}")
}

#[cfg(test)]
mod tests;
