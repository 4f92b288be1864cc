//! What an Inform of this device says: identity, forced parameters, changed values (TR-069 A.3.3.1), and what the
//! configuration or the ACS wants to be told on top (ManagementServer.InformParameter).

use std::path::Path as FilePath;

use super::Agent;
use super::config::{Config, number_instances};
use super::files::{Root as FileRoot, read_capped};
use crate::cwmp::event::EventCode;
use crate::cwmp::inform::{self, DeviceId, MAX_EXTRA, forced_parameters};
use crate::datamodel::naming::{InstanceMode, aliases_in};
use crate::datamodel::path::Path;
use crate::datamodel::{DataModel, Root, find};
use crate::say::warn;
use crate::wire::data::{Data, FromData};
use crate::wire::json;

/// The table of ManagementServer whose rows are sections `inform_parameter`.
const INFORM_PARAMETER: &str = "InformParameter.";

/// Bytes of a file that names parameters.
const MAX_LIST_BYTES: usize = 64 * 1024;

/// More parameters for Informs, as the files of the configuration name them.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// In every Inform.
    pub(super) forced: Vec<String>,
    /// In Informs with `0 BOOTSTRAP` or `1 BOOT`.
    pub(super) boot: Vec<String>,
}

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
        let mut paths = self.identity_paths().to_vec();
        for path in forced_parameters(root) {
            paths.push((*path).to_owned());
        }
        if root == Root::InternetGatewayDevice {
            // ExternalIPAddress of the connection in use (IN-04) is somewhere below.
            paths
                .push("InternetGatewayDevice.Layer3Forwarding.DefaultConnectionService".to_owned());
            paths.push("InternetGatewayDevice.WANDevice.".to_owned());
        }
        // Whatever the events: more of them may come before the Inform is made.
        for pattern in self.patterns(&EventCode::ALL) {
            if let Ok(path) = Path::parse(pattern) {
                paths.push(path.concrete_prefix().to_owned());
            }
        }
        paths.extend(self.watched());
        if InstanceMode::of(&self.model) == InstanceMode::InstanceAlias {
            let mut aliases = Vec::new();
            for path in &paths {
                aliases.extend(aliases_in(path));
            }
            paths.append(&mut aliases);
        }
        paths.sort();
        paths.dedup();
        paths
    }

    /// What an Inform with these events tells on top, as patterns.
    fn patterns(&self, events: &[EventCode]) -> Vec<&str> {
        let mut patterns: Vec<&str> = Vec::new();
        patterns.extend(self.inform_lists.forced.iter().map(String::as_str));
        let boots = [EventCode::Bootstrap, EventCode::Boot];
        if events.iter().any(|code| boots.contains(code)) {
            patterns.extend(self.inform_lists.boot.iter().map(String::as_str));
        }
        for entry in &self.config.inform_parameters {
            if entry.enable && inform::is_meant(&entry.events, events) {
                patterns.push(&entry.parameter_name);
            }
        }
        let root = self.model.root().path();
        patterns.retain(|pattern| pattern.starts_with(root));
        patterns
    }

    /// The parameters that an Inform with these events tells on top.
    pub(super) fn extra_parameters(&self, events: &[EventCode]) -> Vec<String> {
        let (names, too_many) = inform::expand(&self.model, &self.patterns(events));
        if too_many {
            warn!(
                "inform: more additional parameters than fit ({MAX_EXTRA}, or long values): the rest is left out"
            );
        }
        names
    }

    /// DeviceId from the data model (IN-02), in the form that it must have.
    pub(super) fn device_id(&self) -> DeviceId {
        let value = |path: &str| self.value_of(path).unwrap_or_default();
        let [manufacturer, oui, product_class, serial_number] = &self.identity_paths();
        let device = DeviceId {
            manufacturer: value(manufacturer),
            oui: value(oui),
            product_class: value(product_class),
            serial_number: value(serial_number),
        };
        device.in_form()
    }

    fn identity_paths(&self) -> [String; 4] {
        let root = self.model.root().path();
        IDENTITY.map(|name| format!("{root}DeviceInfo.{name}"))
    }

    /// IN-02: what the backend says in another form than DeviceId has it (an OUI with colons) reads as DeviceId does.
    /// The backend's values are in memory.
    pub(super) fn pin_device_id(&mut self) {
        let before = std::mem::take(&mut self.identity_pins);
        self.pin_identity();
        let device = self.device_id();
        let told = [
            &device.manufacturer,
            &device.oui,
            &device.product_class,
            &device.serial_number,
        ];
        for (path, told) in self.identity_paths().iter().zip(told) {
            if self.value_of(path).is_none_or(|value| value == *told) {
                continue;
            }
            if before.get(path) != Some(told) {
                warn!("not in the form of a DeviceId: parameter={path} told={told:?}");
            }
            self.identity_pins.insert(path.clone(), told.clone());
        }
        self.pin_identity();
    }

    /// Reads the files that name more parameters for Informs. One that cannot be used costs only itself.
    pub(super) fn read_inform_lists(&mut self) {
        let [forced, boot] = lists(&self.root, &self.config).map(|(option, list)| {
            list.unwrap_or_else(|reason| {
                warn!("cpe.{option}: {reason}; informs go without it");
                Vec::new()
            })
        });
        self.inform_lists = Lists { forced, boot };
    }

    /// Sections that nobody has numbered get their instance number, which the file keeps from then on.
    pub(super) fn number_inform_parameters(&self, config: &mut Config) {
        let entries = &mut config.inform_parameters;
        if entries.iter().all(|entry| entry.instance != 0) {
            return;
        }
        let given = self.store.state.instance_numbers.get(INFORM_PARAMETER);
        let given = given.copied().unwrap_or(0);
        let path = self.root.join(&self.config_path);
        if let Err(e) = number_instances(&path, "inform_parameter", given) {
            warn!("instance numbers are not kept: section=inform_parameter reason=\"{e}\"");
        }
        // As the file has it now.
        let mut highest = entries.iter().map(|e| e.instance).fold(given, u32::max);
        for entry in entries.iter_mut().filter(|entry| entry.instance == 0) {
            highest = highest.saturating_add(1);
            entry.instance = highest;
        }
    }

    /// The rows of ManagementServer.InformParameter are those of the configuration.
    pub(super) fn fill_inform_parameters(&self) {
        let mut ms = self.management_server.borrow_mut();
        for (table, highest) in self.store.state.instance_numbers.entries() {
            ms.reserve(table, *highest);
        }
        let entries = &self.config.inform_parameters;
        ms.put_instances(INFORM_PARAMETER, entries.iter().map(|e| e.instance));
        for entry in entries {
            let number = entry.instance;
            let mut put = |name: &str, value: String| {
                ms.put(&format!("{INFORM_PARAMETER}{number}.{name}"), value);
            };
            put("Enable", entry.enable.to_string());
            put("ParameterName", entry.parameter_name.clone());
            put("EventList", entry.events.clone());
            put(
                "Alias",
                match entry.alias.as_str() {
                    "" => format!("cpe-{number}"),
                    alias => alias.to_owned(),
                },
            );
        }
    }

    pub(super) fn value_of(&self, path: &str) -> Option<String> {
        find(&self.model, path).ok().map(|found| found.value)
    }
}

/// The files of the configuration that name more parameters, each with its option: the names, or why there are none.
pub(super) fn lists(
    root: &FileRoot,
    config: &Config,
) -> [(&'static str, Result<Vec<String>, String>); 2] {
    let read = |path: &Option<_>, read: fn(&FilePath) -> _| match path {
        Some(path) => read(&root.join(path)),
        None => Ok(Vec::new()),
    };
    let cpe = &config.cpe;
    [
        (
            "forced_inform_json",
            read(&cpe.forced_inform_json, |path| list(path, "forced_inform")),
        ),
        (
            "boot_inform_json",
            read(&cpe.boot_inform_json, |path| list(path, "boot_inform")),
        ),
    ]
}

/// The list under `key`, the one thing in the file that counts: `{"forced_inform": ["Device.X"]}`.
fn list(path: &FilePath, key: &str) -> Result<Vec<String>, String> {
    let bytes = read_capped(path, MAX_LIST_BYTES).map_err(|error| error.to_string())?;
    let shown = path.display();
    let all = json::parse_bytes(&bytes).and_then(Data::into_map);
    let mut all = all.map_err(|wrong| format!("{shown}: not a JSON object: {wrong}"))?;
    let value = all
        .remove(key)
        .ok_or_else(|| format!("{shown}: has no {key:?}"))?;
    let mut names = Vec::<String>::new();
    names
        .read(value)
        .map_err(|_| format!("{shown}: {key:?} is not a list of parameter names"))?;
    for name in &names {
        let good = Path::parse(name).is_ok_and(|path| !path.is_partial());
        if !good {
            return Err(format!("{shown}: {name:?} is not a parameter's name"));
        }
    }
    match names.len() > MAX_EXTRA {
        true => Err(format!(
            "{shown}: {} names are more than {MAX_EXTRA}",
            names.len()
        )),
        false => Ok(names),
    }
}
