//! The configuration in force: what of it the data model shows, the timers follow and the sockets use.

use std::rc::Rc;

use super::clock::Now;
use super::config::{self, BackendKind, Config, Username};
use super::dhcp::{Source, offer};
use super::schedule::Period;
use super::start::{mounted, open_backend};
use super::{Agent, compress};
use crate::cwmp::inform::DeviceId;
use crate::cwmp::version::Version;
use crate::datamodel::{DataModel, Root};
use crate::net::random;
use crate::say::{error, info, warn};
use crate::wire::data::Sorted;
use crate::wire::xsd::DateTime;

/// The one parameter of DeviceInfo that both the configuration and the ACS may set.
const PROVISIONING_CODE: &str = "ProvisioningCode";

impl Agent {
    /// Gives the connection to the ACS its part of the configuration.
    pub(super) fn configure_connection(&mut self) {
        self.compression = compress::Compression::new(self.config.acs.compression);
        let settings = super::reach::connection_settings(&self.root, &self.config);
        self.connection.configure(settings);
    }

    /// What of the configuration the data model shows and the timers follow.
    pub(super) fn apply_values(&mut self, now: Now) {
        self.weigh_dhcp();
        let acs = &self.config.acs;
        let period = acs.periodic_inform_enable && self.idle_reason().is_none();
        self.schedule.set_period(
            period.then_some(Period {
                interval: acs.periodic_inform_interval.into(),
                reference: acs.periodic_inform_time,
            }),
            now,
        );
        let heartbeats = acs.heartbeat_enable && self.idle_reason().is_none();
        self.schedule.set_heartbeat(
            heartbeats.then_some(Period {
                interval: acs.heartbeat_interval.into(),
                reference: acs.heartbeat_time,
            }),
            random::number(&mut self.random),
            now,
        );
        self.pin_identity();
        self.fill_management_server();
        self.show_gateway_info();
        self.notice_new_acs();
    }

    /// What the configuration says of the device stands for what the backend says (IN-02: in DeviceId and in the model).
    pub(super) fn pin_identity(&mut self) {
        let identity = &self.config.identity;
        let values = [
            ("Manufacturer", &identity.manufacturer),
            ("ManufacturerOUI", &identity.oui),
            ("ProductClass", &identity.product_class),
            ("SerialNumber", &identity.serial_number),
            ("SoftwareVersion", &identity.software_version),
            ("ModelName", &identity.model_name),
            ("Description", &identity.description),
            (PROVISIONING_CODE, &self.in_force.provisioning_code),
        ];
        let root = self.model.root().path();
        let set = values.into_iter().filter(|(_, value)| !value.is_empty());
        let set = set.map(|(name, value)| (format!("{root}DeviceInfo.{name}"), value.clone()));
        let mut pins = self.identity_pins.clone();
        for (path, value) in set {
            pins.insert(path, value);
        }
        self.model.pin(pins);
    }

    /// ProvisioningCode, where the configuration or DHCP holds it and the ACS has set it.
    pub(super) fn changed_provisioning_code(&self) -> Option<String> {
        let name = format!("{}DeviceInfo.{PROVISIONING_CODE}", self.model.root().path());
        let pinned = self.model.pinned(&name)?;
        (pinned != self.in_force.provisioning_code).then(|| pinned.to_owned())
    }

    /// Who the gateway is, as far as DHCP has told; empty parameters: none is known (TR-069 Annex F).
    fn show_gateway_info(&mut self) {
        let wanted = self.model.root() == Root::Device && !self.config.cpe.hide_gateway_info;
        let prefix = self.gateway_info.borrow().prefix().to_owned();
        let mounted = self.model.has_mount(&prefix);
        if wanted && !mounted {
            self.model
                .mount(&prefix, Box::new(Rc::clone(&self.gateway_info)));
        } else if !wanted && mounted {
            self.model.unmount(&prefix);
        }
        if wanted != mounted {
            self.instances_changed();
        }
        let gateway = offer(&self.config, &self.store.state.dhcp).gateway;
        let mut info = self.gateway_info.borrow_mut();
        info.put("ManufacturerOUI", gateway.manufacturer_oui);
        info.put("SerialNumber", gateway.serial_number);
        info.put("ProductClass", gateway.product_class);
    }

    pub(super) fn fill_management_server(&mut self) {
        let device = self.device_id();
        let credentials = self.connection_request_credentials();
        let acs_username = self.acs_username(&device);
        let (acs, cpe) = (&self.config.acs, &self.config.cpe);
        let mut ms = self.management_server.borrow_mut();
        ms.put("EnableCWMP", cpe.enable.to_string());
        let mut weighed = |name, value: String, source| match source {
            Source::Configuration => ms.put(name, value),
            Source::Dhcp => ms.put_from_elsewhere(name, value),
        };
        let found = &self.in_force;
        weighed(
            "URL",
            found.url.clone().unwrap_or_default(),
            found.url_source,
        );
        let (wait, source) = found.retry_minimum_wait;
        weighed("CWMPRetryMinimumWaitInterval", wait.to_string(), source);
        let (multiplier, source) = found.retry_multiplier;
        weighed(
            "CWMPRetryIntervalMultiplier",
            multiplier.to_string(),
            source,
        );
        ms.put("Username", acs_username);
        ms.put("Password", acs.password.expose());
        ms.put(
            "PeriodicInformEnable",
            acs.periodic_inform_enable.to_string(),
        );
        ms.put(
            "PeriodicInformInterval",
            acs.periodic_inform_interval.to_string(),
        );
        ms.put("PeriodicInformTime", date(acs.periodic_inform_time));
        ms.put("HeartbeatPolicy.Enable", acs.heartbeat_enable.to_string());
        ms.put(
            "HeartbeatPolicy.ReportingInterval",
            acs.heartbeat_interval.to_string(),
        );
        ms.put("HeartbeatPolicy.InitiationTime", date(acs.heartbeat_time));
        ms.put("ParameterKey", self.store.state.parameter_key.clone());
        ms.put("ConnectionRequestUsername", credentials.username);
        ms.put("ConnectionRequestPassword", credentials.password);
        let served = self.config.connection_request.enable;
        ms.put("HTTPConnectionRequestEnable", served.to_string());
        ms.put("UpgradesManaged", cpe.upgrades_managed.to_string());
        ms.put(
            "DefaultActiveNotificationThrottle",
            cpe.active_notification_throttle.to_string(),
        );
        ms.put("AliasBasedAddressing", "true");
        ms.put("InstanceMode", cpe.instance_mode.text());
        ms.put("AutoCreateInstances", cpe.auto_create_instances.to_string());
        ms.put("SupportedConnReqMethods", "HTTP");
        ms.put("HTTPCompressionSupported", "GZIP,Deflate");
        ms.put(
            "HTTPCompression",
            match acs.compression {
                config::Compression::Disabled => "Disabled",
                config::Compression::Gzip => "GZIP",
                config::Compression::Deflate => "Deflate",
            },
        );
        ms.put("InstanceWildcardsSupported", "true");
        drop(ms);
        self.fill_inform_parameters();
    }

    /// Reads the configuration file again. On an error, told by `false`, the old configuration stays in force.
    pub(super) fn reload(&mut self, now: Now) -> bool {
        let (mut config, problems) = Config::load(&self.root, &self.config_path);
        for problem in &problems {
            if problem.is_error() {
                error!("{problem}");
            } else {
                warn!("{problem}");
            }
        }
        if problems.iter().any(config::Problem::is_error) {
            error!("configuration not reloaded: the old one stays in force");
            return false;
        }
        self.number_inform_parameters(&mut config);
        // The file that it names may be another one.
        self.import_wanted = true;
        self.instances_changed();
        if config == self.config {
            self.read_inform_lists(); // the files may have
            info!("configuration reloaded: nothing changed");
            self.want_check(now);
            return true;
        }
        if config.cpe.backend != self.config.cpe.backend {
            match open_backend(&self.root, &config, now) {
                Ok(mut backend) => {
                    if let Err(reason) = backend.restore(&self.store.state.backend) {
                        warn!("data model values dropped: reason=\"{reason}\"");
                    }
                    (self.model, self.management_server) = mounted(backend);
                    self.identity_pins = Sorted::default();
                    self.backend_generation = None;
                    self.watch_anew();
                    self.drop_requests();
                }
                Err(e) => {
                    error!("configuration not reloaded: reason=\"{e}\"");
                    return false;
                }
            }
        }
        self.config = config;
        self.read_inform_lists();
        self.look_at = None;
        self.apply_values(now);
        (self.listen_wanted, self.configure_wanted) = (true, true);
        info!("configuration reloaded");
        if let Some(reason) = self.idle_reason() {
            info!("idle: reason=\"{reason}\"");
        }
        self.want_check(now);
        self.save(now);
        true
    }

    /// After a failed write: the model is again what the state and the configuration in force say.
    pub(super) fn take_back(&mut self, now: Now) {
        if let Err(reason) = self.model.backend_mut().restore(&self.store.state.backend) {
            error!("data model values lost: reason=\"{reason}\"");
        }
        self.instances_changed();
        self.apply_values(now);
    }

    /// The username of AU-16 where none is configured: `<OUI>-<ProductClass>-<SerialNumber>`, percent-encoded.
    pub(super) fn acs_username(&self, device: &DeviceId) -> String {
        match &self.config.acs.username {
            Username::Literal(name) => name.clone(),
            Username::Default => default_username(device),
        }
    }

    /// Amendment 1 is CWMP 1.0, 5 and 6 are 1.4.
    pub(super) fn version(&self) -> Version {
        match self.config.cpe.amendment {
            0 | 1 => Version::V1_0,
            2 => Version::V1_1,
            3 => Version::V1_2,
            4 => Version::V1_3,
            _ => Version::V1_4,
        }
    }

    /// Which model, and who answers for it.
    pub(super) fn model_name(&self) -> String {
        let backend = match self.config.cpe.backend.kind {
            BackendKind::Profile => "profile",
            BackendKind::Exec => "exec",
        };
        format!("{} ({backend})", self.model.root().path())
    }
}

fn date(unix: Option<i64>) -> String {
    unix.map_or(DateTime::UNKNOWN, |unix| DateTime::from_unix(unix, 0))
        .to_string()
}

fn default_username(device: &DeviceId) -> String {
    let mut name = String::new();
    let parts = [&device.oui, &device.product_class, &device.serial_number];
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if !name.is_empty() {
            name.push('-');
        }
        for byte in part.bytes() {
            // RFC 3986 unreserved characters travel as they are; `-` separates.
            if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'~') {
                name.push(char::from(byte));
            } else {
                name.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_username_is_percent_encoded() {
        // AU-16
        let device = DeviceId {
            manufacturer: "Example".into(),
            oui: "00D0D0".into(),
            product_class: "RG-1".into(),
            serial_number: "A B".into(),
        };
        assert_eq!(default_username(&device), "00D0D0-RG%2D1-A%20B");
        let device = DeviceId {
            product_class: String::new(),
            ..device
        };
        assert_eq!(default_username(&device), "00D0D0-A%20B");
    }
}
