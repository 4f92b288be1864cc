//! What the ACS may ask for, as the oracle understands it.

use std::fmt;

use crate::support::rpc::{self, Rpc};

/// A request of the ACS.
#[derive(Clone, PartialEq)]
pub enum Order {
    /// GetParameterValues
    Get(Vec<String>),
    /// GetParameterNames of the whole tree.
    Names(String),
    /// GetParameterAttributes
    Attributes(Vec<String>),
    /// GetRPCMethods
    Methods,
    /// SetParameterValues that has to succeed: name, XSD type, value; ParameterKey.
    Set(Vec<(String, &'static str, String)>, String),
    /// SetParameterValues that has to fail as a whole.
    BadSet(Vec<(String, &'static str, String)>, String),
    /// SetParameterAttributes: notification.
    Notify(Vec<String>, u8),
    /// AddObject
    Add(String, String),
    /// DeleteObject
    Delete(String, String),
    /// ScheduleInform
    Schedule(u32, String),
    /// Reboot
    Reboot(String),
    /// FactoryReset
    FactoryReset,
    /// A method that does not exist.
    Unknown,
}

impl Order {
    /// As it is sent.
    pub fn rpc(&self) -> Rpc {
        fn refs(list: &[String]) -> Vec<&str> {
            list.iter().map(String::as_str).collect()
        }
        match self {
            Order::Get(paths) => rpc::get_values(&refs(paths)),
            Order::Names(path) => rpc::get_names(path, false),
            Order::Attributes(paths) => rpc::get_attributes(&refs(paths)),
            Order::Methods => rpc::get_rpc_methods(),
            Order::Set(values, key) | Order::BadSet(values, key) => {
                let values: Vec<(&str, &str, &str)> = values
                    .iter()
                    .map(|(name, ty, value)| (name.as_str(), *ty, value.as_str()))
                    .collect();
                rpc::set_values(&values, key)
            }
            Order::Notify(paths, notification) => {
                rpc::set_notification(&refs(paths), *notification)
            }
            Order::Add(table, key) => rpc::add_object(table, key),
            Order::Delete(instance, key) => rpc::delete_object(instance, key),
            Order::Schedule(delay, key) => rpc::schedule_inform(*delay, key),
            Order::Reboot(key) => rpc::reboot(key),
            Order::FactoryReset => rpc::factory_reset(),
            Order::Unknown => Rpc::new("X_00005E_Dance", ""),
        }
    }

    /// The method's name.
    pub fn method(&self) -> &'static str {
        match self {
            Order::Get(_) => "GetParameterValues",
            Order::Names(_) => "GetParameterNames",
            Order::Attributes(_) => "GetParameterAttributes",
            Order::Methods => "GetRPCMethods",
            Order::Set(..) | Order::BadSet(..) => "SetParameterValues",
            Order::Notify(..) => "SetParameterAttributes",
            Order::Add(..) => "AddObject",
            Order::Delete(..) => "DeleteObject",
            Order::Schedule(..) => "ScheduleInform",
            Order::Reboot(_) => "Reboot",
            Order::FactoryReset => "FactoryReset",
            Order::Unknown => "X_00005E_Dance",
        }
    }
}

/// Short: these stand in stories.
impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method())?;
        match self {
            Order::Set(values, key) | Order::BadSet(values, key) => {
                for (name, _, value) in values {
                    let short = name.rsplit('.').next().unwrap_or_default();
                    write!(f, " {short}={value}")?;
                }
                write!(f, " {key}")
            }
            Order::Notify(paths, notification) => write!(f, " {paths:?} {notification}"),
            Order::Delete(instance, key) => write!(f, " {instance} {key}"),
            Order::Schedule(delay, key) => write!(f, " {delay} {key}"),
            Order::Reboot(key) | Order::Add(_, key) => write!(f, " {key}"),
            _ => Ok(()),
        }
    }
}
