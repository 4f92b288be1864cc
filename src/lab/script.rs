//! The lab ACS's script: what it asks of which device, in TOML.
//!
//! ```toml
//! # Under which name the devices must log in at the ACS (Digest). Left out: anyone may.
//! username = "cpe"
//! password = "secret"
//!
//! # What every device is asked, step after step. A session takes steps until they are used up or one says "wake".
//! [[step]]
//! do = "GetParameterValues"
//! names = ["Device.DeviceInfo."]
//!
//! [[step]]
//! do = "SetParameterValues"
//! values = [
//!     { name = "Device.ManagementServer.ConnectionRequestUsername", value = "acs" },
//!     { name = "Device.ManagementServer.ConnectionRequestPassword", value = "known to both" },
//!     { name = "Device.ManagementServer.PeriodicInformInterval", value = 300 },
//! ]
//!
//! [[step]]
//! do = "Download"
//! file_type = "1 Firmware Upgrade Image"
//! url = "http://192.0.2.80/image.bin"
//!
//! # The session ends; a connection request follows, and the next session goes on with the steps below.
//! [[step]]
//! do = "wake"
//!
//! # A device that is asked something else, by its OUI and serial number.
//! [device."00D0D0-SN0002"]
//! step = [{ do = "Reboot", command_key = "now" }]
//! ```
//!
//! The ACS sends connection requests with `connection_request_username` and `connection_request_password` of the
//! script, or with what it has last set by SetParameterValues.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::datamodel::Type;
use crate::wire::http::Credentials;

/// A whole script.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    username: Option<String>,
    password: Option<Secret>,
    connection_request_username: Option<String>,
    connection_request_password: Option<Secret>,
    step: Vec<Step>,
    device: BTreeMap<String, Device>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    step: Vec<Step>,
}

/// A text that is not shown.
#[derive(Clone, Default, PartialEq, Deserialize)]
pub struct Secret(String);

impl Secret {
    /// The text, for the message that it goes into.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// One thing the ACS does.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "do", deny_unknown_fields)]
pub enum Step {
    /// Asks for the methods.
    GetRPCMethods,
    /// Reads values.
    GetParameterValues {
        /// Parameters, or objects with their final dot.
        names: Vec<String>,
    },
    /// Reads names.
    GetParameterNames {
        /// A path; empty = the root.
        #[serde(default)]
        path: String,
        /// Only one level.
        #[serde(default)]
        next_level: bool,
    },
    /// Reads attributes.
    GetParameterAttributes {
        /// Parameters, or objects with their final dot.
        names: Vec<String>,
    },
    /// Sets values.
    SetParameterValues {
        /// What to set.
        values: Vec<Setting>,
        /// The new ParameterKey.
        #[serde(default)]
        parameter_key: String,
    },
    /// Sets attributes.
    SetParameterAttributes {
        /// What to set.
        attributes: Vec<AttributeSetting>,
    },
    /// Makes an instance.
    AddObject {
        /// The table, with its final dot.
        object: String,
        /// The new ParameterKey.
        #[serde(default)]
        parameter_key: String,
    },
    /// Removes an instance.
    DeleteObject {
        /// The instance, with its number and final dot.
        object: String,
        /// The new ParameterKey.
        #[serde(default)]
        parameter_key: String,
    },
    /// Reboots the device.
    Reboot {
        /// CommandKey
        #[serde(default)]
        command_key: String,
    },
    /// Resets it.
    FactoryReset,
    /// Has it call back later.
    ScheduleInform {
        /// In so many seconds.
        delay: u32,
        /// CommandKey
        #[serde(default)]
        command_key: String,
    },
    /// Has it fetch a file.
    Download {
        /// What file it is, as TR-069 has it: `1 Firmware Upgrade Image`.
        file_type: String,
        /// From where.
        url: String,
        /// For the file server.
        #[serde(default)]
        username: String,
        /// For the file server.
        #[serde(default)]
        password: Secret,
        /// FileSize; 0: unknown.
        #[serde(default)]
        file_size: u32,
        /// TargetFileName
        #[serde(default)]
        target_file_name: String,
        /// DelaySeconds
        #[serde(default)]
        delay: u32,
        /// SuccessURL
        #[serde(default)]
        success_url: String,
        /// FailureURL
        #[serde(default)]
        failure_url: String,
        /// CommandKey
        #[serde(default)]
        command_key: String,
    },
    /// Has it send a file.
    Upload {
        /// What file it is, as TR-069 has it: `3 Vendor Configuration File 1`.
        file_type: String,
        /// Where to.
        url: String,
        /// For the file server.
        #[serde(default)]
        username: String,
        /// For the file server.
        #[serde(default)]
        password: Secret,
        /// DelaySeconds
        #[serde(default)]
        delay: u32,
        /// CommandKey
        #[serde(default)]
        command_key: String,
    },
    /// Has it fetch a file at certain times.
    ScheduleDownload {
        /// What file it is, as TR-069 has it: `1 Firmware Upgrade Image`.
        file_type: String,
        /// From where.
        url: String,
        /// For the file server.
        #[serde(default)]
        username: String,
        /// For the file server.
        #[serde(default)]
        password: Secret,
        /// FileSize; 0: unknown.
        #[serde(default)]
        file_size: u32,
        /// TargetFileName
        #[serde(default)]
        target_file_name: String,
        /// When.
        windows: Vec<Window>,
        /// CommandKey
        #[serde(default)]
        command_key: String,
    },
    /// Calls transfers off.
    CancelTransfer {
        /// Their CommandKey.
        #[serde(default)]
        command_key: String,
    },
    /// Asks for the transfers that the ACS has ordered.
    GetQueuedTransfers,
    /// Asks for all of them.
    GetAllQueuedTransfers,
    /// Installs, updates and removes software.
    ChangeDUState {
        /// One after another.
        operations: Vec<Operation>,
        /// CommandKey
        #[serde(default)]
        command_key: String,
    },
    /// Sends this text, whatever it is.
    #[serde(rename = "raw")]
    Raw {
        /// The whole envelope.
        envelope: String,
    },
    /// Ends the session and wakes the device by a connection request.
    #[serde(rename = "wake")]
    Wake,
}

impl Step {
    /// What it is called in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Step::GetRPCMethods => "GetRPCMethods",
            Step::GetParameterValues { .. } => "GetParameterValues",
            Step::GetParameterNames { .. } => "GetParameterNames",
            Step::GetParameterAttributes { .. } => "GetParameterAttributes",
            Step::SetParameterValues { .. } => "SetParameterValues",
            Step::SetParameterAttributes { .. } => "SetParameterAttributes",
            Step::AddObject { .. } => "AddObject",
            Step::DeleteObject { .. } => "DeleteObject",
            Step::Reboot { .. } => "Reboot",
            Step::FactoryReset => "FactoryReset",
            Step::ScheduleInform { .. } => "ScheduleInform",
            Step::Download { .. } => "Download",
            Step::Upload { .. } => "Upload",
            Step::ScheduleDownload { .. } => "ScheduleDownload",
            Step::CancelTransfer { .. } => "CancelTransfer",
            Step::GetQueuedTransfers => "GetQueuedTransfers",
            Step::GetAllQueuedTransfers => "GetAllQueuedTransfers",
            Step::ChangeDUState { .. } => "ChangeDUState",
            Step::Raw { .. } => "raw envelope",
            Step::Wake => "connection request",
        }
    }
}

/// When a ScheduleDownload may be done.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// In so many seconds.
    pub start: u32,
    /// In so many seconds.
    pub end: u32,
    /// How, as TR-069 has it: `1 At Any Time`.
    pub mode: String,
    /// What the user is told.
    #[serde(default)]
    pub user_message: String,
    /// More tries; -1: as many as the device likes.
    #[serde(default)]
    pub max_retries: i32,
}

/// An operation on a deployment unit. What is left out, or empty, is not sent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "do", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Operation {
    Install {
        url: String,
        #[serde(default)]
        uuid: String,
        #[serde(default)]
        username: String,
        #[serde(default)]
        password: Secret,
        #[serde(default)]
        execution_env_ref: String,
    },
    Update {
        #[serde(default)]
        uuid: String,
        #[serde(default)]
        version: String,
        #[serde(default)]
        url: String,
        #[serde(default)]
        username: String,
        #[serde(default)]
        password: Secret,
    },
    Uninstall {
        #[serde(default)]
        uuid: String,
        #[serde(default)]
        version: String,
        #[serde(default)]
        execution_env_ref: String,
    },
}

impl Operation {
    /// Its name, and its arguments in the order and under the names that they have on the wire.
    pub fn arguments(&self) -> (&'static str, Vec<(&'static str, &str)>) {
        let (name, mut arguments) = match self {
            Operation::Install {
                url,
                uuid,
                username,
                password,
                execution_env_ref,
            } => (
                "Install",
                vec![
                    ("URL", url.as_str()),
                    ("UUID", uuid),
                    ("Username", username),
                    ("Password", password.expose()),
                    ("ExecutionEnvRef", execution_env_ref),
                ],
            ),
            Operation::Update {
                uuid,
                version,
                url,
                username,
                password,
            } => (
                "Update",
                vec![
                    ("UUID", uuid.as_str()),
                    ("Version", version),
                    ("URL", url),
                    ("Username", username),
                    ("Password", password.expose()),
                ],
            ),
            Operation::Uninstall {
                uuid,
                version,
                execution_env_ref,
            } => (
                "Uninstall",
                vec![
                    ("UUID", uuid.as_str()),
                    ("Version", version),
                    ("ExecutionEnvRef", execution_env_ref),
                ],
            ),
        };
        arguments.retain(|(_, text)| !text.is_empty());
        (name, arguments)
    }
}

/// The attributes of a parameter, or of all below an object: what is left out stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeSetting {
    /// A parameter, or an object with its final dot.
    pub name: String,
    /// 0 off, 1 passive, 2 active; 3 to 6 with lightweight notifications.
    pub notification: Option<u8>,
    /// Who but the ACS may write: `Subscriber`, or nobody.
    pub access_list: Option<Vec<String>>,
}

/// A value to set.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Full name.
    pub name: String,
    value: toml::Value,
    #[serde(rename = "type")]
    ty: Option<String>,
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Setting {
    /// A value of type string.
    pub fn string(name: impl Into<String>, value: impl Into<String>) -> Self {
        Setting {
            name: name.into(),
            value: toml::Value::String(value.into()),
            ty: None,
        }
    }

    /// A value of type unsignedInt.
    pub fn unsigned_int(name: impl Into<String>, value: u32) -> Self {
        Setting {
            name: name.into(),
            value: toml::Value::Integer(value.into()),
            ty: None,
        }
    }

    /// The type named, else the one that TOML's own type suggests.
    pub fn ty(&self) -> Type {
        match (&self.ty, &self.value) {
            (Some(name), _) => Type::from_xsd_name(name).unwrap_or_default(),
            (None, toml::Value::Boolean(_)) => Type::Boolean,
            (None, toml::Value::Integer(n)) if *n < 0 => Type::Int,
            (None, toml::Value::Integer(_)) => Type::UnsignedInt,
            (None, toml::Value::Datetime(_)) => Type::DateTime,
            (None, _) => Type::String,
        }
    }

    /// The value as text.
    pub fn text(&self) -> String {
        match &self.value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// Why a text is no script.
#[derive(Debug)]
pub struct ScriptError(String);

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_end())
    }
}

impl std::error::Error for ScriptError {}

impl Script {
    /// Reads a script.
    pub fn parse(text: &str) -> Result<Script, ScriptError> {
        let script: Script = toml::from_str(text).map_err(|e| ScriptError(e.to_string()))?;
        let steps = script
            .step
            .iter()
            .chain(script.device.values().flat_map(|d| &d.step));
        for step in steps {
            let Step::SetParameterValues { values, .. } = step else {
                continue;
            };
            for Setting { name, ty, value } in values {
                if matches!(value, toml::Value::Array(_) | toml::Value::Table(_)) {
                    return Err(ScriptError(format!(
                        "{name}: a value is a text, a number, a boolean or a time"
                    )));
                }
                if let Some(ty) = ty.as_ref().filter(|ty| Type::from_xsd_name(ty).is_none()) {
                    return Err(ScriptError(format!("{name}: no such type: {ty:?}")));
                }
            }
        }
        for (given, what) in [
            (
                (&script.username, &script.password),
                "username and password",
            ),
            (
                (
                    &script.connection_request_username,
                    &script.connection_request_password,
                ),
                "connection_request_username and connection_request_password",
            ),
        ] {
            if given.0.is_some() != given.1.is_some() {
                return Err(ScriptError(format!("{what} belong together")));
            }
        }
        Ok(script)
    }

    /// What a device must log in with.
    pub fn credentials(&self) -> Option<Credentials> {
        pair(&self.username, &self.password)
    }

    /// What connection requests are sent with.
    pub fn connection_request(&self) -> Option<Credentials> {
        pair(
            &self.connection_request_username,
            &self.connection_request_password,
        )
    }

    /// The steps for a device.
    pub fn steps(&self, device: &str) -> &[Step] {
        self.device
            .get(device)
            .map_or(&self.step, |device| &device.step)
    }
}

fn pair(username: &Option<String>, password: &Option<Secret>) -> Option<Credentials> {
    let (username, Secret(password)) = (username.clone()?, password.clone()?);
    Some(Credentials { username, password })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"
        username = "cpe"
        password = "geheim"
        [[step]]
        do = "SetParameterValues"
        values = [
            { name = "A", value = "x" }, { name = "B", value = 3 }, { name = "C", value = -3 },
            { name = "D", value = true }, { name = "E", value = 2026-01-02T03:04:05Z },
            { name = "F", value = 3, type = "unsignedLong" },
        ]
        [[step]]
        do = "wake"
        [device."00D0D0-SN0002"]
        step = [{ do = "FactoryReset" }]
    "#;

    #[test]
    fn a_script_says_who_is_asked_what() {
        let script = Script::parse(EXAMPLE).unwrap();
        assert_eq!(script.steps("00D0D0-SN0002"), [Step::FactoryReset]);
        let Step::SetParameterValues { values, .. } = &script.steps("another")[0] else {
            panic!()
        };
        let types: Vec<_> = values.iter().map(Setting::ty).collect();
        use Type::*;
        assert_eq!(
            types,
            [String, UnsignedInt, Int, Boolean, DateTime, UnsignedLong]
        );
        let texts: Vec<_> = values.iter().map(Setting::text).collect();
        assert_eq!(texts, ["x", "3", "-3", "true", "2026-01-02T03:04:05Z", "3"]);
        assert_eq!(script.steps("another")[1], Step::Wake);
        assert!(!format!("{script:?}").contains("geheim"));
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, part) in [
            ("[[step]]\ndo = 'Reebot'", "Reebot"),
            ("[[step]]\ndo = 'GetParameterValues'", "names"),
            ("user = 'x'", "user"),
            ("[[step]]\ndo = 'Download'\nurl = 'http://h/'", "file_type"),
            (
                "[[step]]\ndo = 'Upload'\nurl = 'u'\nfile_type = 't'\nfile_size = 1",
                "file_size",
            ),
            (
                "[[step]]\ndo = 'ChangeDUState'\noperations = [{ do = 'Remove' }]",
                "Remove",
            ),
            ("username = 'x'", "belong together"),
            (
                "[[step]]\ndo='SetParameterValues'\nvalues=[{name='N',value=1,type='integer'}]",
                "no such type",
            ),
            (
                "[[step]]\ndo='SetParameterValues'\nvalues=[{name='N',value=[1]}]",
                "N: a value",
            ),
        ] {
            let error = Script::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_example_in_the_documentation_is_one() {
        let doc: String = include_str!("script.rs")
            .lines()
            .skip_while(|line| *line != "//! ```toml")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .map(|line| format!("{}\n", line.trim_start_matches("//!").trim_start()))
            .collect();
        let script = Script::parse(&doc).unwrap();
        assert_eq!(script.steps("any").len(), 4);
        assert!(script.credentials().is_some());
    }
}
