//! The configuration: `/etc/config/cwmp` with the sections and options that icwmp users know, typed and checked.
//!
//! Nothing in the file can stop the daemon: what is unknown or malformed is a [`Problem`] with its line, and the
//! option keeps its default. [`options`] is the one list that drives reading and defaults.

mod load;
pub mod options;
mod write;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::datamodel::Root;
use crate::datamodel::naming::InstanceMode;
use crate::wire::Secret;
use crate::wire::dhcp::Offer;

pub use write::{number_instances, write_back};

/// Everything the UCI file decides. Paths are as written: [`Root::join`](super::files::Root::join) them at use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Section `acs`: how to reach the ACS and when.
    pub acs: Acs,
    /// Section `cpe`: the device's side.
    pub cpe: Cpe,
    /// Who the device says it is; each replaces the data model's value.
    pub identity: Identity,
    /// How the ACS reaches the device.
    pub connection_request: ConnectionRequest,
    /// Where log lines go.
    pub log: Log,
    /// Sections `inform_parameter`, in order.
    pub inform_parameters: Vec<InformParameter>,
    /// The one of them that is being read.
    inform_parameter: InformParameter,
}

/// A section `inform_parameter`: ManagementServer.InformParameter.{i}., as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InformParameter {
    /// Its instance number; 0: none given yet.
    pub instance: u32,
    /// Alias; empty: left to the device.
    pub alias: String,
    /// Whether it counts.
    pub enable: bool,
    /// A path, with `*` for instances or partial.
    pub parameter_name: String,
    /// Event codes, with commas; empty: all but `4 VALUE CHANGE`.
    pub events: String,
}

/// Section `acs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acs {
    /// The ACS URL: http or https, at most 256 characters (DH-06). `None`, and none from DHCP: no session is ever opened.
    pub url: Option<String>,
    /// Whether DHCP may say where the ACS is.
    pub dhcp_discovery: Discovery,
    /// What a DHCP client's hook has put into the file (icwmp's do); without a gateway.
    pub dhcp: Offer,
    /// HTTP user at the ACS.
    pub username: Username,
    /// HTTP password at the ACS.
    pub password: Secret,
    /// Basic credentials may also travel over plain HTTP.
    pub basic_over_http: bool,
    /// Neither the ACS's certificate nor its name is checked. Worth a warning at each start.
    pub insecure: bool,
    /// Trusted certificates (PEM); `None`: the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// The device's certificate chain (PEM).
    pub tls_client_cert: Option<PathBuf>,
    /// The device's private key (PEM).
    pub tls_client_key: Option<PathBuf>,
    /// Whether there are periodic sessions.
    pub periodic_inform_enable: bool,
    /// Seconds between them.
    pub periodic_inform_interval: u32,
    /// Their phase; `None`: unknown time, the device chooses. Unix seconds.
    pub periodic_inform_time: Option<i64>,
    /// Whether there are heartbeats (ManagementServer.HeartbeatPolicy).
    pub heartbeat_enable: bool,
    /// Seconds between them.
    pub heartbeat_interval: u32,
    /// Their phase; `None`: unknown time, a random one. Unix seconds.
    pub heartbeat_time: Option<i64>,
    /// m of the retry table, in seconds.
    pub retry_minimum_wait: u32,
    /// k of the retry table, in thousandths.
    pub retry_multiplier: u32,
    /// How request bodies are compressed (from amendment 5 on).
    pub compression: Compression,
    /// Each session asks for the ACS's methods.
    pub get_rpc_methods: bool,
}

/// Section `cpe`, what has no group of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpe {
    /// CWMP runs at all (ManagementServer.EnableCWMP).
    pub enable: bool,
    /// The highest amendment offered, 1 to 6 (CWMP 1.0 to 1.4; 6 speaks 1.4 as well).
    pub amendment: u32,
    /// The SessionTimeout that the header announces (from amendment 4 on), in seconds; 0: none.
    pub session_timeout: u32,
    /// Most seconds, drawn at random, from a boot to the session that tells of it (LS-01).
    pub boot_random_delay: u32,
    /// ManagementServer.UpgradesManaged
    pub upgrades_managed: bool,
    /// ManagementServer.InstanceMode
    pub instance_mode: InstanceMode,
    /// ManagementServer.AutoCreateInstances
    pub auto_create_instances: bool,
    /// The logical interface whose leases count; empty: any.
    pub wan_interface: String,
    /// `GatewayInfo.` is not shown.
    pub hide_gateway_info: bool,
    /// The network device that sessions leave from and whose address connection requests go to.
    pub interface: Option<String>,
    /// ManagementServer.DefaultActiveNotificationThrottle, in seconds.
    pub active_notification_throttle: u32,
    /// A change of any configuration file is a reason to look for changes. The init script acts on it.
    pub notification: bool,
    /// How a backend that does not tell of changes is asked for them.
    pub periodic_notify: PeriodicNotify,
    /// Notification settings to take in once (JSON).
    pub custom_notify_json: Option<PathBuf>,
    /// IPv4 addresses of the ACS are tried first.
    pub force_ipv4: bool,
    /// A file with more parameters for every Inform.
    pub forced_inform_json: Option<PathBuf>,
    /// A file with more parameters for Informs with `0 BOOTSTRAP` or `1 BOOT`.
    pub boot_inform_json: Option<PathBuf>,
    /// Who answers for the data model.
    pub backend: Backend,
}

/// How a backend that does not tell of changes is asked for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodicNotify {
    /// It is, now and then. Otherwise only when there is another reason to look.
    pub enable: bool,
    /// Every so many seconds.
    pub interval: u32,
}

/// Who answers for the data model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// Which kind.
    pub kind: BackendKind,
    /// The profile file of `profile`; `None`: the packaged one.
    pub profile: Option<PathBuf>,
    /// The root model of `exec`.
    pub root: Root,
    /// The vendor's program of `exec`.
    pub program: Option<PathBuf>,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Seconds it may take for one answer.
    pub timeout: u32,
}

/// The backends that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendKind {
    /// A tree in memory, from a TOML file.
    Profile,
    /// A vendor's program.
    Exec,
}

/// What the device says about itself; empty = what the data model says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// DeviceInfo.Manufacturer
    pub manufacturer: String,
    /// DeviceInfo.ManufacturerOUI: six upper-case hex digits.
    pub oui: String,
    /// DeviceInfo.ProductClass
    pub product_class: String,
    /// DeviceInfo.SerialNumber
    pub serial_number: String,
    /// DeviceInfo.SoftwareVersion
    pub software_version: String,
    /// DeviceInfo.ModelName
    pub model_name: String,
    /// DeviceInfo.Description
    pub description: String,
    /// DeviceInfo.ProvisioningCode
    pub provisioning_code: String,
}

/// How the ACS reaches the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRequest {
    /// Whether they are served over HTTP (ManagementServer.HTTPConnectionRequestEnable).
    pub enable: bool,
    /// User; the default is the name made at the first boot.
    pub username: Username,
    /// Password; empty: the one made at the first boot.
    pub password: Secret,
    /// TCP port.
    pub port: u16,
    /// Path of the URL; empty: the one made at the first boot (CR-03).
    pub path: String,
    /// Seconds a client may take for its request.
    pub timeout: u32,
    /// Address for the URL instead of the one that sessions leave from.
    pub address: Option<IpAddr>,
}

/// Where log lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Nothing finer than this.
    pub level: log::LevelFilter,
    /// To standard error.
    pub console: bool,
    /// To syslog.
    pub syslog: bool,
    /// To a file.
    pub file: LogFile,
}

/// A log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Whether it is written.
    pub enable: bool,
    /// Where; `None`: `/var/log/icwmpd.log`.
    pub path: Option<PathBuf>,
    /// When it has so many bytes it is renamed to `.1` and begun anew.
    pub max_size: u32,
}

/// A user name that may be left to the device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Username {
    /// Empty or `$OUI-$SER`: derived from the identity (TR-069 3.4.4), AU-16.
    #[default]
    Default,
    /// As written.
    Literal(String),
}

/// Whether DHCP may say where the ACS is (TR-069 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discovery {
    /// Where the configuration has no URL.
    #[default]
    Auto,
    /// Before the configuration's URL, which is the default for want of another.
    Enable,
    /// Never.
    Disable,
}

/// How request bodies are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Disabled,
    /// `Content-Encoding: gzip`
    Gzip,
    /// `Content-Encoding: deflate`
    Deflate,
}

/// Something in the file that could not be used as written, or that is dangerous. Shows no values: one may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// Its line, from 1; 0: the file as a whole.
    pub line: usize,
    /// What is wrong and what is done instead.
    pub text: String,
    error: bool,
}

impl Problem {
    /// Whether the file does not say what its writer meant it to: it cannot be read, a line is broken, a value is
    /// none. A running daemon then keeps what it has. The rest is a warning: unknown or unwise.
    pub fn is_error(&self) -> bool {
        self.error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.text),
            line => write!(f, "{}:{line}: {}", self.file.display(), self.text),
        }
    }
}

#[cfg(test)]
mod tests;
