//! The list itself.

use super::forms::{
    ADDRESS, AMENDMENT, BACKEND, COMPRESSION, DATAMODEL, DEVICE, DHCP_MINIMUM_WAIT,
    DHCP_MULTIPLIER, DHCP_PROVISIONING_CODE, DHCP_URL, DISCOVERY, HEARTBEAT_TIME, INFORM_TIME,
    INSTANCE_MODE, OUI, PORT, REQUEST_PATH, SEVERITY, URL,
};
use super::{Kind, MAX_TEXT, Opt};
use Kind::{Flag, List, Number, Path, Secret, Text, Unused, User};

/// DeviceId's fields (IN-01).
const MAX_IDENTITY: usize = 64;

/// An EventList with every event in it, and some of the vendor.
const MAX_EVENTS: usize = 1024;

const fn acs(name: &'static str, kind: Kind, default: &'static str) -> Opt {
    Opt {
        section: "acs",
        name,
        kind,
        default,
    }
}

const fn cpe(name: &'static str, kind: Kind, default: &'static str) -> Opt {
    Opt {
        section: "cpe",
        name,
        kind,
        default,
    }
}

const fn inform_parameter(name: &'static str, kind: Kind, default: &'static str) -> Opt {
    Opt {
        section: "inform_parameter",
        name,
        kind,
        default,
    }
}

/// What icwmp knows and has no effect here yet.
const fn unused(section: &'static str, name: &'static str) -> Opt {
    Opt {
        section,
        name,
        kind: Unused,
        default: "",
    }
}

/// All options.
#[rustfmt::skip]
pub const OPTIONS: &[Opt] = &[
    acs("url", URL, ""),
    acs("dhcp_discovery", DISCOVERY, ""),
    acs("dhcp_url", DHCP_URL, ""),
    acs("dhcp_retry_min_wait_interval", DHCP_MINIMUM_WAIT, ""),
    acs("dhcp_retry_interval_multiplier", DHCP_MULTIPLIER, ""),
    acs("userid", User(|c| &mut c.acs.username), ""),
    acs("passwd", Secret(|c| &mut c.acs.password), ""),
    acs("basic_over_http", Flag(|c| &mut c.acs.basic_over_http), "0"),
    acs("insecure_enable", Flag(|c| &mut c.acs.insecure), "0"),
    acs("tls_ca_file", Path(|c| &mut c.acs.tls_ca_file), ""),
    acs("tls_client_cert", Path(|c| &mut c.acs.tls_client_cert), ""),
    acs("tls_client_key", Path(|c| &mut c.acs.tls_client_key), ""),
    acs("periodic_inform_enable", Flag(|c| &mut c.acs.periodic_inform_enable), "1"),
    acs("periodic_inform_interval", Number { min: 1, max: u32::MAX, field: |c| &mut c.acs.periodic_inform_interval }, "1800"),
    acs("periodic_inform_time", INFORM_TIME, "0001-01-01T00:00:00Z"),
    acs("heartbeat_enable", Flag(|c| &mut c.acs.heartbeat_enable), "0"),
    acs("heartbeat_interval", Number { min: 30, max: u32::MAX, field: |c| &mut c.acs.heartbeat_interval }, "30"),
    acs("heartbeat_time", HEARTBEAT_TIME, "0001-01-01T00:00:00Z"),
    acs("retry_min_wait_interval", Number { min: 1, max: 65535, field: |c| &mut c.acs.retry_minimum_wait }, "5"),
    acs("retry_interval_multiplier", Number { min: 1000, max: 65535, field: |c| &mut c.acs.retry_multiplier }, "2000"),
    acs("compression", COMPRESSION, "Disabled"),
    acs("get_rpc_methods", Flag(|c| &mut c.acs.get_rpc_methods), "0"),

    cpe("enable", Flag(|c| &mut c.cpe.enable), "1"),
    cpe("amd_version", AMENDMENT, "5"),
    cpe("session_timeout", Number { min: 0, max: u32::MAX, field: |c| &mut c.cpe.session_timeout }, "60"),
    cpe("boot_random_delay", Number { min: 0, max: 86400, field: |c| &mut c.cpe.boot_random_delay }, "0"),
    cpe("active_notif_throttle", Number { min: 0, max: u32::MAX, field: |c| &mut c.cpe.active_notification_throttle }, "0"),
    cpe("notification", Flag(|c| &mut c.cpe.notification), "1"),
    cpe("periodic_notify_enable", Flag(|c| &mut c.cpe.periodic_notify.enable), "1"),
    cpe("periodic_notify_interval", Number { min: 1, max: u32::MAX, field: |c| &mut c.cpe.periodic_notify.interval }, "10"),
    cpe("custom_notify_json", Path(|c| &mut c.cpe.custom_notify_json), ""),
    cpe("upgrades_managed", Flag(|c| &mut c.cpe.upgrades_managed), "0"),
    cpe("instance_mode", INSTANCE_MODE, "InstanceNumber"),
    cpe("auto_create_instances", Flag(|c| &mut c.cpe.auto_create_instances), "0"),
    cpe("interface", DEVICE, ""),
    cpe("default_wan_interface", Text(MAX_IDENTITY, |c| &mut c.cpe.wan_interface), ""),
    cpe("force_ipv4", Flag(|c| &mut c.cpe.force_ipv4), "0"),
    cpe("backend", BACKEND, "profile"),
    cpe("profile", Path(|c| &mut c.cpe.backend.profile), ""),
    cpe("exec", Path(|c| &mut c.cpe.backend.program), ""),
    cpe("datamodel", DATAMODEL, "tr181"),
    cpe("exec_args", List(|c| &mut c.cpe.backend.arguments), ""),
    cpe("exec_timeout", Number { min: 1, max: 600, field: |c| &mut c.cpe.backend.timeout }, "10"),
    cpe("manufacturer", Text(MAX_IDENTITY, |c| &mut c.identity.manufacturer), ""),
    cpe("manufacturer_oui", OUI, ""),
    cpe("override_oui", OUI, ""),
    cpe("product_class", Text(MAX_IDENTITY, |c| &mut c.identity.product_class), ""),
    cpe("serial_number", Text(MAX_IDENTITY, |c| &mut c.identity.serial_number), ""),
    cpe("software_version", Text(MAX_IDENTITY, |c| &mut c.identity.software_version), ""),
    cpe("model_name", Text(MAX_IDENTITY, |c| &mut c.identity.model_name), ""),
    cpe("description", Text(MAX_TEXT, |c| &mut c.identity.description), ""),
    cpe("provisioning_code", Text(MAX_IDENTITY, |c| &mut c.identity.provisioning_code), ""),
    cpe("dhcp_provisioning_code", DHCP_PROVISIONING_CODE, ""),
    cpe("disable_gatewayinfo", Flag(|c| &mut c.cpe.hide_gateway_info), "0"),
    cpe("http_connection_request_enable", Flag(|c| &mut c.connection_request.enable), "1"),
    cpe("userid", User(|c| &mut c.connection_request.username), ""),
    cpe("passwd", Secret(|c| &mut c.connection_request.password), ""),
    cpe("port", PORT, "7547"),
    cpe("path", REQUEST_PATH, ""),
    cpe("cr_timeout", Number { min: 1, max: 60, field: |c| &mut c.connection_request.timeout }, "5"),
    cpe("ip", ADDRESS, ""),
    cpe("forced_inform_json", Path(|c| &mut c.cpe.forced_inform_json), ""),
    cpe("boot_inform_json", Path(|c| &mut c.cpe.boot_inform_json), ""),
    cpe("log_severity", SEVERITY, "INFO"),
    cpe("log_to_console", Flag(|c| &mut c.log.console), "0"),
    cpe("log_to_syslog", Flag(|c| &mut c.log.syslog), "1"),
    cpe("log_to_file", Flag(|c| &mut c.log.file.enable), "0"),
    cpe("log_file_name", Path(|c| &mut c.log.file.path), "/var/log/icwmpd.log"),
    cpe("log_max_size", Number { min: 1024, max: u32::MAX, field: |c| &mut c.log.file.max_size }, "102400"),

    inform_parameter("enable", Flag(|c| &mut c.inform_parameter.enable), "0"),
    inform_parameter("parameter_name", Text(MAX_TEXT, |c| &mut c.inform_parameter.parameter_name), ""),
    inform_parameter("events_list", Text(MAX_EVENTS, |c| &mut c.inform_parameter.events), ""),
    inform_parameter("alias", Text(MAX_IDENTITY, |c| &mut c.inform_parameter.alias), ""),
    inform_parameter("instance", Number { min: 0, max: u32::MAX, field: |c| &mut c.inform_parameter.instance }, "0"),

    unused("acs", "ParameterKey"),
    unused("acs", "dhcp_url_path"),
    unused("acs", "skip_dhcp_boot_options"),
    unused("acs", "ssl_capath"),
    unused("acs", "https_ssl_capath"),
    unused("acs", "ssl_version"),
    unused("acs", "http_disable_100continue"),
    unused("acs", "ipv6_enable"),
    unused("acs", "ip_version"),

    unused("cpe", "default_lan_interface"),
    unused("cpe", "ipv6"),
    unused("cpe", "incoming_rule"),
    unused("cpe", "ubus_socket"),
    unused("cpe", "md_notif_limit"),
    unused("cpe", "schedule_reboot"),
    unused("cpe", "delay_reboot"),
    unused("cpe", "fw_upgrade_keep_settings"),
    unused("cpe", "exec_download"),
    unused("cpe", "vlan_method"),
    unused("cpe", "ParameterKey"),

    unused("lwn", "enable"),
    unused("lwn", "hostname"),
    unused("lwn", "port"),

    unused("autonomous_notify", "enable"),
    unused("autonomous_notify", "transfer_type"),
    unused("autonomous_notify", "operation_type"),
    unused("autonomous_notify", "result_type"),
    unused("autonomous_notify", "file_type"),
    unused("autonomous_notify", "fault_code"),
];
