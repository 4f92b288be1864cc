//! A small data model in memory for tests of the protocol: every rule that the trait states, nothing else.

use cwmpd::datamodel::{
    Access, Applied, Code, DataModel, Depth, Fault, Info, Kind, Limits, Node, Notify, Progress,
    Root, Type, Value,
};
use std::collections::BTreeMap;
use std::time::Instant;

/// What lies at a path.
#[derive(Clone, Debug, PartialEq)]
enum Entry {
    Object(Kind, bool),
    Parameter(Info, String),
}

/// The model.
pub struct FakeModel {
    root: Root,
    entries: BTreeMap<String, Entry>,
    before: Option<BTreeMap<String, Entry>>,
    numbers: BTreeMap<String, u32>,
    instances: Vec<u32>,
    /// What the next commit answers instead of committing.
    pub refuse_commit: Option<Fault>,
    /// Whether commits are in force later.
    pub later: bool,
}

impl FakeModel {
    /// A TR-181 device with some parameters of every kind.
    pub fn device() -> Self {
        let mut model = FakeModel::empty(Root::Device);
        for object in [
            "DeviceInfo.",
            "ManagementServer.",
            "Time.",
            "WiFi.",
            "NAT.",
            "IP.",
            "X_EX.",
        ] {
            model.object(&format!("Device.{object}"), Kind::Object, false);
        }
        use Type::*;
        model.parameter("Device.RootDataModelVersion", String, false, "2.17");
        model.parameter("Device.DeviceInfo.HardwareVersion", String, false, "A1");
        model.parameter(
            "Device.DeviceInfo.SoftwareVersion",
            String,
            false,
            "23.05.3-r1",
        );
        model.info("Device.DeviceInfo.SoftwareVersion").notify = Notify::ForceEnabled;
        model.parameter("Device.DeviceInfo.ProvisioningCode", String, true, "");
        model.info("Device.DeviceInfo.ProvisioningCode").limits = Limits {
            max: Some(64),
            ..Limits::default()
        };
        model.parameter("Device.DeviceInfo.UpTime", UnsignedInt, false, "1234");
        model.info("Device.DeviceInfo.UpTime").notify = Notify::CanDeny;
        let ms = "Device.ManagementServer.";
        model.parameter(&format!("{ms}ParameterKey"), String, false, "");
        let url = "http://192.0.2.10:7547/8f3ac91b";
        model.parameter(&format!("{ms}ConnectionRequestURL"), String, false, url);
        model.parameter(&format!("{ms}AliasBasedAddressing"), Boolean, false, "true");
        model.parameter(&format!("{ms}PeriodicInformEnable"), Boolean, true, "true");
        model.parameter(
            &format!("{ms}PeriodicInformInterval"),
            UnsignedInt,
            true,
            "600",
        );
        model.info(&format!("{ms}PeriodicInformInterval")).limits = Limits {
            min: Some(1),
            ..Limits::default()
        };
        let unknown = "0001-01-01T00:00:00Z";
        model.parameter(&format!("{ms}PeriodicInformTime"), DateTime, true, unknown);
        model.parameter(&format!("{ms}Password"), String, true, "");
        model.info(&format!("{ms}Password")).hidden = true;
        model.parameter("Device.Time.Enable", Boolean, true, "false");
        model.table("Device.WiFi.SSID.");
        for number in ["1", "2", "3"] {
            model.object(&format!("Device.WiFi.SSID.{number}."), Kind::Instance, true);
            let path = format!("Device.WiFi.SSID.{number}");
            model.parameter(
                &format!("{path}.Alias"),
                String,
                true,
                &format!("cpe-{number}"),
            );
            model.parameter(&format!("{path}.Enable"), Boolean, true, "true");
            model.parameter(&format!("{path}.SSID"), String, true, "home & garden");
        }
        model.table("Device.NAT.PortMapping.");
        model.object("Device.NAT.PortMapping.3.", Kind::Instance, true);
        model.parameter("Device.NAT.PortMapping.3.Alias", String, true, "cpe-3");
        model.numbers.insert("Device.NAT.PortMapping.".into(), 4);
        model.object("Device.IP.Interface.", Kind::Table, false);
        // One of each type, as they come from a driver.
        model.parameter("Device.X_EX.Int", Int, true, "-1");
        model.parameter("Device.X_EX.Long", Long, true, "-9223372036854775808");
        model.parameter(
            "Device.X_EX.Counter",
            UnsignedLong,
            false,
            "18446744073709551615",
        );
        model.parameter("Device.X_EX.Hex", HexBinary, true, "00FF");
        model.parameter("Device.X_EX.Blob", Base64, true, "AAECAw==");
        model.parameter("Device.X_EX.Decimal", Decimal, true, "1.5");
        model.parameter("Device.X_EX.NoNumber", UnsignedInt, true, "");
        model.parameter(
            "Device.X_EX.Raw",
            String,
            false,
            "a\u{1}b\u{ffff} <&>\"]]> \r\n é",
        );
        model
    }

    /// A TR-098 gateway with what an Inform needs.
    pub fn gateway() -> Self {
        let mut model = FakeModel::empty(Root::InternetGatewayDevice);
        let wan = "WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.";
        for (name, value) in [
            ("DeviceSummary", "InternetGatewayDevice:1.8[](Baseline:1)"),
            ("DeviceInfo.SpecVersion", "1.0"),
            ("DeviceInfo.HardwareVersion", "A1"),
            ("DeviceInfo.SoftwareVersion", "1"),
            ("DeviceInfo.ProvisioningCode", ""),
            ("ManagementServer.ParameterKey", ""),
            (
                "ManagementServer.ConnectionRequestURL",
                "http://192.0.2.10:7547/x",
            ),
            ("Layer3Forwarding.DefaultConnectionService", ""),
            (&format!("{wan}ExternalIPAddress"), "192.0.2.10"),
        ] {
            model.parameter(
                &format!("InternetGatewayDevice.{name}"),
                Type::String,
                false,
                value,
            );
        }
        model.object("InternetGatewayDevice.WANDevice.", Kind::Table, false);
        model
    }

    /// Sets ManagementServer.InstanceMode and AutoCreateInstances.
    pub fn addressing(mut self, mode: &str, create: bool) -> Self {
        let prefix = format!("{}ManagementServer.", self.root.path());
        self.parameter(&format!("{prefix}InstanceMode"), Type::String, true, mode);
        let name = format!("{prefix}AutoCreateInstances");
        self.parameter(&name, Type::Boolean, true, &create.to_string());
        self
    }

    fn empty(root: Root) -> Self {
        let mut model = FakeModel {
            root,
            entries: BTreeMap::new(),
            before: None,
            numbers: BTreeMap::new(),
            instances: Vec::new(),
            refuse_commit: None,
            later: false,
        };
        model.object(root.path(), Kind::Object, false);
        model
    }

    fn object(&mut self, path: &str, kind: Kind, writable: bool) {
        self.entries
            .insert(path.to_owned(), Entry::Object(kind, writable));
    }

    fn table(&mut self, path: &str) {
        self.object(path, Kind::Table, true);
    }

    /// Adds a parameter.
    pub fn parameter(&mut self, path: &str, ty: Type, writable: bool, value: &str) {
        let access = if writable {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        };
        let info = Info {
            ty,
            access,
            ..Info::default()
        };
        self.entries
            .insert(path.to_owned(), Entry::Parameter(info, value.to_owned()));
    }

    /// What is known of a parameter.
    pub fn info(&mut self, path: &str) -> &mut Info {
        match self.entries.get_mut(path) {
            Some(Entry::Parameter(info, _)) => info,
            other => panic!("{path}: {other:?}"),
        }
    }

    /// The stored value, hidden or not.
    pub fn value(&self, path: &str) -> Option<&str> {
        match self.entries.get(path) {
            Some(Entry::Parameter(_, value)) => Some(value),
            _ => None,
        }
    }

    /// Whether a transaction is open.
    pub fn is_open(&self) -> bool {
        self.before.is_some()
    }
}

fn depth_below(parent: &str, path: &str) -> Option<usize> {
    let rest = path.strip_prefix(parent)?;
    let rest = rest.strip_suffix('.').unwrap_or(rest);
    Some(if rest.is_empty() {
        0
    } else {
        1 + rest.matches('.').count()
    })
}

impl DataModel for FakeModel {
    fn root(&self) -> Root {
        self.root
    }

    fn visit(
        &self,
        at: &str,
        depth: Depth,
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        let mut show = |path: &str, entry: &Entry| match entry {
            Entry::Object(kind, writable) => {
                visitor(Node::Object {
                    path,
                    kind: *kind,
                    writable: *writable,
                });
            }
            Entry::Parameter(info, value) => {
                let value = if info.hidden { "" } else { value };
                visitor(Node::Parameter { path, info, value });
            }
        };
        let root = self.root.path();
        if at.is_empty() && depth == Depth::NextLevel {
            show(root, &self.entries[root]);
            return Ok(());
        }
        let at = if at.is_empty() { root } else { at };
        let entry = self
            .entries
            .get(at)
            .ok_or_else(|| Fault::invalid_name(at))?;
        match (entry, depth) {
            (Entry::Parameter(..), Depth::NextLevel) => {
                return Err(Fault::arguments(format!("{at} is a parameter")));
            }
            (Entry::Parameter(..), Depth::All) => show(at, entry),
            (Entry::Object(..), _) => {
                for (path, entry) in &self.entries {
                    match depth_below(at, path) {
                        None => {}
                        Some(1) => show(path, entry),
                        Some(_) if depth == Depth::All => show(path, entry),
                        Some(_) => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self) {
        assert!(self.before.is_none(), "a transaction is open");
        self.before = Some(self.entries.clone());
        self.instances.clear();
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        assert!(self.before.is_some(), "no transaction is open");
        match self.entries.get_mut(name) {
            Some(Entry::Parameter(_, old)) if value.text() != "denied" => {
                *old = value.text().to_owned();
                Ok(())
            }
            Some(Entry::Parameter(..)) => Err(Fault::new(Code::REQUEST_DENIED, "denied")),
            _ => Err(Fault::invalid_name(name)),
        }
    }

    fn add(&mut self, table: &str, alias: Option<&str>) -> Result<Option<u32>, Fault> {
        assert!(self.before.is_some(), "no transaction is open");
        if self.entries.get(table) != Some(&Entry::Object(Kind::Table, true)) {
            return Err(Fault::invalid_name(table));
        }
        let next = self.numbers.entry(table.to_owned()).or_insert(10);
        let number = *next;
        *next += 1;
        // It holds what the first instance holds.
        let first = self.entries.keys().find_map(|path| {
            let number = path.strip_prefix(table)?.split_once('.')?.0;
            Some(format!("{table}{number}."))
        });
        let members: Vec<(String, Info)> = self
            .entries
            .iter()
            .filter_map(|(path, entry)| {
                let member = path.strip_prefix(first.as_deref()?)?;
                match entry {
                    Entry::Parameter(info, _) => Some((member.to_owned(), info.clone())),
                    Entry::Object(..) => None,
                }
            })
            .collect();
        for (member, info) in members {
            let path = format!("{table}{number}.{member}");
            self.entries
                .insert(path, Entry::Parameter(info, String::new()));
        }
        self.object(&format!("{table}{number}."), Kind::Instance, true);
        let given = format!("cpe-{number}");
        let alias = alias.unwrap_or(&given);
        self.parameter(&format!("{table}{number}.Alias"), Type::String, true, alias);
        self.instances.push(number);
        Ok(Some(number))
    }

    fn delete(&mut self, instance: &str) -> Result<(), Fault> {
        assert!(self.before.is_some(), "no transaction is open");
        match self.entries.get(instance) {
            Some(Entry::Object(Kind::Instance, true)) => {}
            Some(_) => return Err(Fault::new(Code::REQUEST_DENIED, "not deletable")),
            None => return Err(Fault::invalid_name(instance)),
        }
        self.entries.retain(|path, _| !path.starts_with(instance));
        Ok(())
    }

    fn commit(&mut self, _: Instant) -> Result<Progress<Applied>, Fault> {
        let before = self.before.take().expect("a transaction is open");
        if let Some(fault) = self.refuse_commit.take() {
            self.entries = before;
            return Err(fault);
        }
        let instances = std::mem::take(&mut self.instances);
        Ok(Progress::Ready(Applied {
            later: self.later,
            instances,
        }))
    }

    fn abort(&mut self) {
        self.entries = self.before.take().expect("a transaction is open");
    }
}
