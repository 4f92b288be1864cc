//! The parameters of `ManagementServer.` that this daemon implements, and where each value lives.

use crate::datamodel::{Access, Info, Limits, Notify, Type};

/// Where a parameter's value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// An option of the configuration file: section and option.
    Option(&'static str, &'static str),
    /// The daemon computes it.
    Daemon,
}

/// One line of the table below.
pub(super) struct Spec {
    pub(super) name: &'static str,
    pub(super) ty: Type,
    pub(super) home: Home,
    pub(super) writable: bool,
    pub(super) min: Option<i64>,
    pub(super) max: Option<u64>,
    pub(super) values: &'static [&'static str],
    pub(super) notify: Notify,
    pub(super) hidden: bool,
    pub(super) forced_inform: bool,
    /// TR-098 1.8 does not have it.
    pub(super) tr181_only: bool,
}

const BASE: Spec = Spec {
    name: "",
    ty: Type::String,
    home: Home::Daemon,
    writable: false,
    min: None,
    max: None,
    values: &[],
    notify: Notify::Normal,
    hidden: false,
    forced_inform: false,
    tr181_only: false,
};

const fn option(name: &'static str, ty: Type, section: &'static str, option: &'static str) -> Spec {
    Spec {
        name,
        ty,
        home: Home::Option(section, option),
        writable: true,
        ..BASE
    }
}

/// TR-181 2.17 and TR-098 1.8 `ManagementServer.`, as far as this daemon implements it.
pub(super) static TABLE: &[Spec] = &[
    option("EnableCWMP", Type::Boolean, "cpe", "enable"),
    Spec {
        max: Some(256),
        ..option("URL", Type::String, "acs", "url")
    },
    Spec {
        max: Some(256),
        ..option("Username", Type::String, "acs", "userid")
    },
    Spec {
        max: Some(256),
        hidden: true,
        ..option("Password", Type::String, "acs", "passwd")
    },
    option(
        "PeriodicInformEnable",
        Type::Boolean,
        "acs",
        "periodic_inform_enable",
    ),
    Spec {
        min: Some(1),
        max: Some(u32::MAX as u64),
        ..option(
            "PeriodicInformInterval",
            Type::UnsignedInt,
            "acs",
            "periodic_inform_interval",
        )
    },
    option(
        "PeriodicInformTime",
        Type::DateTime,
        "acs",
        "periodic_inform_time",
    ),
    Spec {
        name: "ParameterKey",
        max: Some(32),
        notify: Notify::CanDeny,
        forced_inform: true,
        ..BASE
    },
    Spec {
        name: "ConnectionRequestURL",
        max: Some(256),
        notify: Notify::ForceDefaultEnabled,
        forced_inform: true,
        ..BASE
    },
    Spec {
        max: Some(256),
        ..option("ConnectionRequestUsername", Type::String, "cpe", "userid")
    },
    Spec {
        max: Some(256),
        hidden: true,
        ..option("ConnectionRequestPassword", Type::String, "cpe", "passwd")
    },
    option("UpgradesManaged", Type::Boolean, "cpe", "upgrades_managed"),
    option(
        "DefaultActiveNotificationThrottle",
        Type::UnsignedInt,
        "cpe",
        "active_notif_throttle",
    ),
    Spec {
        min: Some(1),
        max: Some(65535),
        ..option(
            "CWMPRetryMinimumWaitInterval",
            Type::UnsignedInt,
            "acs",
            "retry_min_wait_interval",
        )
    },
    Spec {
        min: Some(1000),
        max: Some(65535),
        ..option(
            "CWMPRetryIntervalMultiplier",
            Type::UnsignedInt,
            "acs",
            "retry_interval_multiplier",
        )
    },
    Spec {
        name: "AliasBasedAddressing",
        ty: Type::Boolean,
        forced_inform: true,
        ..BASE
    },
    Spec {
        name: "SupportedConnReqMethods",
        ..BASE
    },
    Spec {
        name: "HTTPCompressionSupported",
        ..BASE
    },
    Spec {
        values: &["Disabled", "GZIP", "Deflate"],
        ..option("HTTPCompression", Type::String, "acs", "compression")
    },
    Spec {
        name: "InstanceWildcardsSupported",
        ty: Type::Boolean,
        tr181_only: true,
        ..BASE
    },
];

/// What the data model says of a line.
pub(super) fn info(spec: &Spec) -> Info {
    Info {
        ty: spec.ty,
        access: if spec.writable {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        },
        limits: Limits {
            min: spec.min,
            max: spec.max,
            values: spec.values.iter().map(|v| (*v).to_owned()).collect(),
            list: spec.name.contains("Supported") && spec.ty == Type::String,
        },
        notify: spec.notify,
        hidden: spec.hidden,
        forced_inform: spec.forced_inform,
    }
}
