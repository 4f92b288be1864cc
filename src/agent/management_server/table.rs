//! The parameters of `ManagementServer.` that this daemon implements.

use super::spec::{BASE, Home, Spec, option};
use crate::cwmp::inform::{MAX_ENTRIES, check_event_list, check_parameter_name};
use crate::datamodel::{DataType, Notify, Root, Type};

/// TR-181 2.17 and TR-098 1.8 `ManagementServer.`, as far as this daemon implements it.
pub(super) static TABLE: &[Spec] = &[
    Spec {
        later: true,
        ..option("EnableCWMP", Type::Boolean, "cpe", "enable")
    },
    Spec {
        max: Some(256),
        later: true,
        check: Some(acs_url),
        ..option("URL", Type::String, "acs", "url")
    },
    Spec {
        max: Some(256),
        later: true,
        ..option("Username", Type::String, "acs", "userid")
    },
    Spec {
        max: Some(256),
        hidden: true,
        later: true,
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
    Spec {
        tr181_only: true,
        ..option(
            "HTTPConnectionRequestEnable",
            Type::Boolean,
            "cpe",
            "http_connection_request_enable",
        )
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
        values: &["InstanceNumber", "InstanceAlias"],
        ..option("InstanceMode", Type::String, "cpe", "instance_mode")
    },
    option(
        "AutoCreateInstances",
        Type::Boolean,
        "cpe",
        "auto_create_instances",
    ),
    Spec {
        name: "SupportedConnReqMethods",
        list: true,
        ..BASE
    },
    Spec {
        name: "HTTPCompressionSupported",
        list: true,
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
    Spec {
        tr181_only: true,
        ..option(
            "HeartbeatPolicy.Enable",
            Type::Boolean,
            "acs",
            "heartbeat_enable",
        )
    },
    Spec {
        min: Some(30),
        tr181_only: true,
        ..option(
            "HeartbeatPolicy.ReportingInterval",
            Type::UnsignedInt,
            "acs",
            "heartbeat_interval",
        )
    },
    Spec {
        tr181_only: true,
        ..option(
            "HeartbeatPolicy.InitiationTime",
            Type::DateTime,
            "acs",
            "heartbeat_time",
        )
    },
    Spec {
        name: "InformParameterNumberOfEntries",
        ty: Type::UnsignedInt,
        home: Home::Count("InformParameter."),
        ..BASE
    },
    Spec {
        max: Some(MAX_ENTRIES as u64),
        ..option("InformParameter.{i}.", Type::String, INFORM_PARAMETER, "")
    },
    Spec {
        default: "false",
        ..option(
            "InformParameter.{i}.Enable",
            Type::Boolean,
            INFORM_PARAMETER,
            "enable",
        )
    },
    Spec {
        named: Some(DataType::Alias),
        ..option(
            "InformParameter.{i}.Alias",
            Type::String,
            INFORM_PARAMETER,
            "alias",
        )
    },
    Spec {
        max: Some(256),
        check: Some(check_parameter_name),
        ..option(
            "InformParameter.{i}.ParameterName",
            Type::String,
            INFORM_PARAMETER,
            "parameter_name",
        )
    },
    Spec {
        list: true,
        check: Some(|_, list| check_event_list(list)),
        ..option(
            "InformParameter.{i}.EventList",
            Type::String,
            INFORM_PARAMETER,
            "events_list",
        )
    },
];

/// The section that is one entry of InformParameter.
const INFORM_PARAMETER: &str = "inform_parameter";

/// DH-06: an ACS URL that could never be used would lock the ACS out.
fn acs_url(_: Root, value: &str) -> Result<(), String> {
    match crate::wire::http::Url::parse(value) {
        Ok(_) => Ok(()),
        Err(_) => Err("not an http or https URL of at most 256 characters".to_owned()),
    }
}
