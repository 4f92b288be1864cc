//! The device's files: a folder on a RAM disk, if there is one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use cwmpd::agent::files::{CONFIG, STATE};
use cwmpd::agent::state::State;

use crate::model::{Model, URLS};

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Make {
    /// `Device.` or `InternetGatewayDevice.`
    pub root: &'static str,
    /// Amendment of TR-069.
    pub amendment: u32,
    /// PeriodicInformInterval; none: off.
    pub interval: Option<u32>,
    /// PeriodicInformTime
    pub time: &'static str,
    /// CWMPRetryMinimumWaitInterval and CWMPRetryIntervalMultiplier.
    pub retry: (u32, u32),
    /// DefaultActiveNotificationThrottle
    pub throttle: u32,
    /// The CPE asks for the ACS's methods in each session.
    pub methods: bool,
}

impl Default for Make {
    fn default() -> Make {
        Make {
            root: "Device.",
            amendment: 5,
            interval: None,
            time: UNKNOWN,
            retry: (5, 2000),
            throttle: 0,
            methods: false,
        }
    }
}

/// The unknown time.
pub const UNKNOWN: &str = "0001-01-01T00:00:00Z";

impl Make {
    /// The model a device of this make begins with.
    pub fn model(&self) -> Model {
        let mut model = Model::new(self.root);
        let enabled = if self.interval.is_some() {
            "true"
        } else {
            "false"
        };
        for (name, value) in [
            ("URL", URLS[0].to_owned()),
            ("PeriodicInformEnable", enabled.to_owned()),
            (
                "PeriodicInformInterval",
                self.interval.unwrap_or(600).to_string(),
            ),
            ("PeriodicInformTime", self.time.to_owned()),
            ("CWMPRetryMinimumWaitInterval", self.retry.0.to_string()),
            ("CWMPRetryIntervalMultiplier", self.retry.1.to_string()),
            (
                "DefaultActiveNotificationThrottle",
                self.throttle.to_string(),
            ),
        ] {
            model.values.insert(model.ms(name), value);
        }
        model
    }

    fn config(&self) -> String {
        let model = self.model();
        let value = |name: &str| model.value(&model.ms(name)).to_owned();
        format!(
            "config acs 'acs'\n\toption url '{}'\n\toption userid 'cpe'\n\toption passwd 'secret'\n\
             \toption periodic_inform_enable '{}'\n\toption periodic_inform_interval '{}'\n\
             \toption periodic_inform_time '{}'\n\toption retry_min_wait_interval '{}'\n\
             \toption retry_interval_multiplier '{}'\n\toption get_rpc_methods '{}'\n\
             config cpe 'cpe'\n\toption profile '/profile.toml'\n\toption ip '198.51.100.7'\n\
             \toption amd_version '{}'\n\toption active_notif_throttle '{}'\n",
            value("URL"),
            u8::from(self.interval.is_some()),
            value("PeriodicInformInterval"),
            self.time,
            self.retry.0,
            self.retry.1,
            u8::from(self.methods),
            self.amendment,
            self.throttle,
        )
    }

    fn profile(&self) -> String {
        let root = self.root;
        let more = match root {
            "Device." => {
                "RootDataModelVersion = { value = \"2.17\", max = 32, forced_inform = true }"
            }
            _ => "DeviceSummary = { value = \"x\", max = 1024, forced_inform = true }",
        };
        format!(
            "[\"{root}\"]\n{more}\n[\"{root}DeviceInfo.\"]\nManufacturer = {{ value = \"Example\", max = 64 }}\n\
             ManufacturerOUI = {{ value = \"00005E\", min = 6, max = 6 }}\n\
             ProductClass = {{ value = \"Sim\", max = 64 }}\nSerialNumber = {{ value = \"S1\", max = 64 }}\n\
             HardwareVersion = {{ value = \"A1\", max = 64, forced_inform = true }}\n\
             SoftwareVersion = {{ value = \"1.0.0\", max = 64, notify = \"forceEnabled\", forced_inform = true }}\n\
             SpecVersion = {{ value = \"1.0\", max = 16, forced_inform = true }}\n\
             ProvisioningCode = {{ writable = true, max = 64, notify = \"forceEnabled\", forced_inform = true }}\n\
             [\"{root}X_00005E_Sim.\"]\nA = {{ writable = true, value = \"a\" }}\nB = {{ writable = true, value = \"b\" }}\n\
             C = {{ writable = true, value = \"c\" }}\nD = {{ writable = true, value = \"d\" }}\n\
             [\"{root}X_00005E_Sim.Item.{{i}}.\"]\ntable = {{ writable = true, max = 6, count = \"ItemNumberOfEntries\" }}\n\
             Value = {{ writable = true }}\n[\"{root}X_00005E_Sim.Item.1.\"]\nValue = \"x\"\n"
        )
    }
}

/// The folder. Dropping it removes it.
pub struct Home {
    /// What `--root` gets.
    pub root: PathBuf,
    make: Make,
    boots: u32,
}

impl Home {
    /// A device of this make that has never run.
    pub fn new(make: Make) -> Home {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let ram = Path::new("/dev/shm");
        let folder = match ram.is_dir() {
            true => ram.to_owned(),
            false => std::env::temp_dir(),
        };
        let name = format!(
            "cwmpd-simulator-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let home = Home {
            root: folder.join(name),
            make,
            boots: 0,
        };
        home.write("/profile.toml", &home.make.profile());
        home.reset_config();
        home
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// The configuration as it leaves the factory.
    pub fn reset_config(&self) {
        self.write(CONFIG, &self.make.config());
    }

    /// The kernel has another boot id from now on.
    pub fn boot(&mut self) {
        self.boots += 1;
        let id = format!("{:08}-0000-4000-8000-000000000000\n", self.boots);
        self.write("/proc/sys/kernel/random/boot_id", &id);
    }

    /// What is on disk; an error when it cannot be read.
    pub fn state(&self) -> Result<State, String> {
        match fs::read_to_string(self.path(STATE)) {
            Ok(text) => State::parse(&text).map_err(|e| e.to_string()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(State::default()),
            Err(e) => Err(e.to_string()),
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}
