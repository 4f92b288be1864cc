//! What the device's data model must hold, told by what was asked and answered alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::acs::{Answer, parameters, text};
use crate::orders::Order;

/// ACS URLs of the world.
pub const URLS: [&str; 2] = ["http://192.0.2.1:7547/acs", "http://192.0.2.2:7547/acs"];

/// Values, attributes and instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// `Device.` or `InternetGatewayDevice.`
    pub root: &'static str,
    /// By full name.
    pub values: BTreeMap<String, String>,
    /// Notification of those that are watched.
    pub notify: BTreeMap<String, u8>,
    /// Instances of the table.
    pub instances: BTreeSet<u32>,
}

impl Model {
    /// A device as it leaves the factory.
    pub fn new(root: &'static str) -> Model {
        let mut model = Model {
            root,
            values: BTreeMap::new(),
            notify: BTreeMap::new(),
            instances: BTreeSet::from([1]),
        };
        for (name, value) in [("A", "a"), ("B", "b"), ("C", "c"), ("D", "d")] {
            model.values.insert(model.x(name), value.to_owned());
            model.notify.insert(model.x(name), 0);
        }
        model.values.insert(model.code(), String::new());
        model.notify.insert(model.code(), 2);
        model.values.insert(model.ms("ParameterKey"), String::new());
        model
    }

    /// A parameter that only the simulator knows.
    pub fn x(&self, name: &str) -> String {
        format!("{}X_00005E_Sim.{name}", self.root)
    }

    /// ProvisioningCode, which is watched without being asked.
    pub fn code(&self) -> String {
        format!("{}DeviceInfo.ProvisioningCode", self.root)
    }

    /// A parameter of ManagementServer.
    pub fn ms(&self, name: &str) -> String {
        format!("{}ManagementServer.{name}", self.root)
    }

    /// The table.
    pub fn table(&self) -> String {
        format!("{}X_00005E_Sim.Item.", self.root)
    }

    /// A value, which is one of ours.
    pub fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// The number a value is.
    pub fn number(&self, name: &str) -> u64 {
        self.value(&self.ms(name)).parse().unwrap_or(0)
    }

    /// The ACS URL.
    pub fn url(&self) -> &str {
        self.value(&self.ms("URL"))
    }

    /// Takes over what is in the configuration file.
    pub fn take_config(&mut self, from: &Model) {
        let prefix = self.ms("");
        let config = |name: &&String| name.starts_with(&prefix) && !name.ends_with(".ParameterKey");
        for name in from.values.keys().filter(config) {
            self.values
                .insert(name.clone(), from.value(name).to_owned());
        }
    }

    /// What the device is after it has carried this out and kept it; `number` is that of a new instance.
    pub fn apply(&mut self, order: &Order, number: Option<u32>) {
        let key = match order {
            Order::Set(values, key) => {
                for (name, _, value) in values {
                    self.values.insert(name.clone(), value.clone());
                }
                key
            }
            Order::Notify(paths, notification) => {
                for path in paths {
                    self.notify.insert(path.clone(), *notification);
                }
                return;
            }
            Order::Add(_, key) => {
                self.instances.extend(number);
                key
            }
            Order::Delete(instance, key) => {
                let number = self.instance(instance);
                self.instances.retain(|known| Some(*known) != number);
                key
            }
            _ => return,
        };
        self.values.insert(self.ms("ParameterKey"), key.clone());
    }

    /// The number of an instance, by its path.
    pub fn instance(&self, path: &str) -> Option<u32> {
        let number = path.strip_prefix(&self.table())?;
        number.trim_end_matches('.').parse().ok()
    }

    /// What is wrong with an answer, given what the device must hold.
    pub fn check(&self, order: &Order, answer: &Answer) -> Option<String> {
        let body = match answer {
            Answer::Fault(code) => {
                let expected = match order {
                    Order::BadSet(..) => *code == 9003,
                    Order::Unknown => *code == 9000,
                    Order::Delete(instance, _) => {
                        let number = self.instance(instance);
                        *code == 9005 && number.is_none_or(|n| !self.instances.contains(&n))
                    }
                    // The table, or the list of orders, may be full.
                    Order::Add(..) | Order::Schedule(..) => *code == 9004,
                    _ => false,
                };
                return (!expected).then(|| format!("{} is refused: {code}", order.method()));
            }
            Answer::Response(body) => body,
        };
        match order {
            Order::BadSet(..) | Order::Unknown => Some(format!("{order:?} is answered")),
            Order::Set(..) | Order::Delete(..) | Order::Add(..) => {
                let status = text(body, "Status");
                let later = status.as_deref() == Some("1")
                    && matches!(order, Order::Set(values, _)
                    if values.iter().any(|(name, ..)| *name == self.ms("URL")));
                (status.as_deref() != Some("0") && !later)
                    .then(|| format!("{order:?}: Status {status:?}"))
            }
            Order::Get(paths) => {
                let got = parameters(body);
                paths.iter().find_map(|path| {
                    let value = got.iter().find(|(name, _)| name == path).map(|(_, v)| v);
                    (value.map(String::as_str) != self.values.get(path).map(String::as_str))
                        .then(|| format!("{path} is {value:?}, not {:?}", self.value(path)))
                })
            }
            Order::Attributes(paths) => {
                let got: Vec<u8> = body
                    .split("<Notification>")
                    .skip(1)
                    .filter_map(|rest| rest.split('<').next()?.parse().ok())
                    .collect();
                let expected: Vec<u8> = paths.iter().map(|path| self.notify[path]).collect();
                (got != expected).then(|| format!("notifications are {got:?}, not {expected:?}"))
            }
            _ => None,
        }
    }
}
