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

const fn acs(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Opt {
    Opt {
        section: "acs",
        name,
        kind,
        default,
        doc,
    }
}

const fn cpe(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Opt {
    Opt {
        section: "cpe",
        name,
        kind,
        default,
        doc,
    }
}

const fn inform_parameter(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Opt {
    Opt {
        section: "inform_parameter",
        name,
        kind,
        default,
        doc,
    }
}

/// What icwmp knows and has no effect here yet.
const fn unused(section: &'static str, name: &'static str, doc: &'static str) -> Opt {
    Opt {
        section,
        name,
        kind: Unused,
        default: "",
        doc,
    }
}

/// All options.
#[rustfmt::skip]
pub const OPTIONS: &[Opt] = &[
    acs("url", URL, "", "URL of the ACS; empty, and none from DHCP: the device never opens a session"),
    acs("dhcp_discovery", DISCOVERY, "", "take the ACS URL from DHCP; empty: where url is empty; enable: rather than url"),
    acs("dhcp_url", DHCP_URL, "", "an ACS URL that a DHCP hook wrote here; 'cwmp dhcp' needs no file"),
    acs("dhcp_retry_min_wait_interval", DHCP_MINIMUM_WAIT, "", "the same of retry_min_wait_interval: counts until the ACS sets it"),
    acs("dhcp_retry_interval_multiplier", DHCP_MULTIPLIER, "", "the same of retry_interval_multiplier"),
    acs("userid", User(|c| &mut c.acs.username), "", "user at the ACS; empty: OUI-ProductClass-SerialNumber"),
    acs("passwd", Secret(|c| &mut c.acs.password), "", "password at the ACS"),
    acs("basic_over_http", Flag(|c| &mut c.acs.basic_over_http), "0", "let Basic credentials travel over plain HTTP too"),
    acs("insecure_enable", Flag(|c| &mut c.acs.insecure), "0", "accept any certificate of the ACS; for laboratories only"),
    acs("tls_ca_file", Path(|c| &mut c.acs.tls_ca_file), "", "trusted certificates (PEM); empty: the system's"),
    acs("tls_client_cert", Path(|c| &mut c.acs.tls_client_cert), "", "the device's certificate chain (PEM)"),
    acs("tls_client_key", Path(|c| &mut c.acs.tls_client_key), "", "the device's private key (PEM)"),
    acs("periodic_inform_enable", Flag(|c| &mut c.acs.periodic_inform_enable), "1", "open a session periodically"),
    acs("periodic_inform_interval", Number { min: 1, max: u32::MAX, field: |c| &mut c.acs.periodic_inform_interval }, "1800", "seconds between periodic sessions"),
    acs("periodic_inform_time", INFORM_TIME, "0001-01-01T00:00:00Z", "a moment that periodic sessions keep step with; unknown time: the device chooses"),
    acs("heartbeat_enable", Flag(|c| &mut c.acs.heartbeat_enable), "0", "open a session of its own for each heartbeat (HeartbeatPolicy)"),
    acs("heartbeat_interval", Number { min: 30, max: u32::MAX, field: |c| &mut c.acs.heartbeat_interval }, "30", "seconds between heartbeats"),
    acs("heartbeat_time", HEARTBEAT_TIME, "0001-01-01T00:00:00Z", "a moment that heartbeats keep step with; unknown time: a random phase"),
    acs("retry_min_wait_interval", Number { min: 1, max: 65535, field: |c| &mut c.acs.retry_minimum_wait }, "5", "least wait before the first retry of a session, in seconds"),
    acs("retry_interval_multiplier", Number { min: 1000, max: 65535, field: |c| &mut c.acs.retry_multiplier }, "2000", "growth of the wait with each retry, in thousandths"),
    acs("compression", COMPRESSION, "Disabled", "compress request bodies (amendment 5 and later)"),
    acs("get_rpc_methods", Flag(|c| &mut c.acs.get_rpc_methods), "0", "ask the ACS for its methods in each session"),

    cpe("enable", Flag(|c| &mut c.cpe.enable), "1", "run CWMP at all"),
    cpe("amd_version", AMENDMENT, "5", "highest amendment of TR-069 that is offered"),
    cpe("session_timeout", Number { min: 0, max: u32::MAX, field: |c| &mut c.cpe.session_timeout }, "60", "SessionTimeout told to the ACS, in seconds; 0: none"),
    cpe("boot_random_delay", Number { min: 0, max: 86400, field: |c| &mut c.cpe.boot_random_delay }, "0", "most seconds, drawn at random, from a boot to its session: spares the ACS a storm after a power cut"),
    cpe("active_notif_throttle", Number { min: 0, max: u32::MAX, field: |c| &mut c.cpe.active_notification_throttle }, "0", "least seconds between sessions that only tell of changes"),
    cpe("notification", Flag(|c| &mut c.cpe.notification), "1", "look for changes when a configuration file changes; init.d sees to it"),
    cpe("periodic_notify_enable", Flag(|c| &mut c.cpe.periodic_notify.enable), "1", "ask a data model that does not tell of changes for them"),
    cpe("periodic_notify_interval", Number { min: 1, max: u32::MAX, field: |c| &mut c.cpe.periodic_notify.interval }, "10", "every so many seconds"),
    cpe("custom_notify_json", Path(|c| &mut c.cpe.custom_notify_json), "", "notification settings to take in once (JSON)"),
    cpe("upgrades_managed", Flag(|c| &mut c.cpe.upgrades_managed), "0", "ManagementServer.UpgradesManaged: only the ACS upgrades the firmware"),
    cpe("instance_mode", INSTANCE_MODE, "InstanceNumber", "what names instances in the paths that are sent: InstanceNumber or InstanceAlias"),
    cpe("auto_create_instances", Flag(|c| &mut c.cpe.auto_create_instances), "0", "SetParameterValues makes the instances that it names by a new alias"),
    cpe("interface", DEVICE, "", "network device that sessions leave from and that connection requests come to; empty: any"),
    cpe("default_wan_interface", Text(MAX_IDENTITY, |c| &mut c.cpe.wan_interface), "", "logical interface whose DHCP leases count; empty: any"),
    cpe("force_ipv4", Flag(|c| &mut c.cpe.force_ipv4), "0", "try IPv4 addresses of the ACS first"),
    cpe("backend", BACKEND, "profile", "who answers for the data model"),
    cpe("profile", Path(|c| &mut c.cpe.backend.profile), "", "the profile of backend 'profile'; empty: the packaged one"),
    cpe("exec", Path(|c| &mut c.cpe.backend.program), "", "the program of backend 'exec'"),
    cpe("datamodel", DATAMODEL, "tr181", "root model of backend 'exec': tr181 or tr098; a profile has its own"),
    cpe("exec_args", List(|c| &mut c.cpe.backend.arguments), "", "its arguments"),
    cpe("exec_timeout", Number { min: 1, max: 600, field: |c| &mut c.cpe.backend.timeout }, "10", "seconds it may take for one answer"),
    cpe("manufacturer", Text(MAX_IDENTITY, |c| &mut c.identity.manufacturer), "", "DeviceInfo.Manufacturer; this and the next: empty = the data model's"),
    cpe("manufacturer_oui", OUI, "", "DeviceInfo.ManufacturerOUI"),
    cpe("override_oui", OUI, "", "the same under its older name"),
    cpe("product_class", Text(MAX_IDENTITY, |c| &mut c.identity.product_class), "", "DeviceInfo.ProductClass"),
    cpe("serial_number", Text(MAX_IDENTITY, |c| &mut c.identity.serial_number), "", "DeviceInfo.SerialNumber"),
    cpe("software_version", Text(MAX_IDENTITY, |c| &mut c.identity.software_version), "", "DeviceInfo.SoftwareVersion"),
    cpe("model_name", Text(MAX_IDENTITY, |c| &mut c.identity.model_name), "", "DeviceInfo.ModelName"),
    cpe("description", Text(MAX_TEXT, |c| &mut c.identity.description), "", "DeviceInfo.Description"),
    cpe("provisioning_code", Text(MAX_IDENTITY, |c| &mut c.identity.provisioning_code), "", "DeviceInfo.ProvisioningCode"),
    cpe("dhcp_provisioning_code", DHCP_PROVISIONING_CODE, "", "the same from a DHCP hook, where provisioning_code is empty"),
    cpe("disable_gatewayinfo", Flag(|c| &mut c.cpe.hide_gateway_info), "0", "hide Device.GatewayInfo"),
    cpe("http_connection_request_enable", Flag(|c| &mut c.connection_request.enable), "1", "serve connection requests over HTTP"),
    cpe("userid", User(|c| &mut c.connection_request.username), "", "user of connection requests; empty: made at the first boot"),
    cpe("passwd", Secret(|c| &mut c.connection_request.password), "", "password of connection requests; empty: made at the first boot"),
    cpe("port", PORT, "7547", "TCP port of connection requests"),
    cpe("path", REQUEST_PATH, "", "path of the connection request URL; empty: made at the first boot"),
    cpe("cr_timeout", Number { min: 1, max: 60, field: |c| &mut c.connection_request.timeout }, "5", "seconds a client may take for its connection request"),
    cpe("ip", ADDRESS, "", "address in the connection request URL; empty: the one that sessions leave from"),
    cpe("forced_inform_json", Path(|c| &mut c.cpe.forced_inform_json), "", "JSON file {\"forced_inform\": [names]}: more parameters for every Inform"),
    cpe("boot_inform_json", Path(|c| &mut c.cpe.boot_inform_json), "", "JSON file {\"boot_inform\": [names]}: more parameters for Informs with 0 BOOTSTRAP or 1 BOOT"),
    cpe("log_severity", SEVERITY, "INFO", "log nothing finer than this"),
    cpe("log_to_console", Flag(|c| &mut c.log.console), "0", "log to standard error"),
    cpe("log_to_syslog", Flag(|c| &mut c.log.syslog), "1", "log to syslog"),
    cpe("log_to_file", Flag(|c| &mut c.log.file.enable), "0", "log to a file as well"),
    cpe("log_file_name", Path(|c| &mut c.log.file.path), "/var/log/icwmpd.log", "which file"),
    cpe("log_max_size", Number { min: 1024, max: u32::MAX, field: |c| &mut c.log.file.max_size }, "102400", "bytes at which it is renamed to .1 and begun anew"),

    inform_parameter("enable", Flag(|c| &mut c.inform_parameter.enable), "0", "tell one more parameter in Informs (ManagementServer.InformParameter)"),
    inform_parameter("parameter_name", Text(MAX_TEXT, |c| &mut c.inform_parameter.parameter_name), "", "which: a full name, with * for instances, or a partial path"),
    inform_parameter("events_list", Text(MAX_EVENTS, |c| &mut c.inform_parameter.events), "", "in Informs with which events, with commas; empty: all but 4 VALUE CHANGE"),
    inform_parameter("alias", Text(MAX_IDENTITY, |c| &mut c.inform_parameter.alias), "", "name of the entry; empty: left to the device"),
    inform_parameter("instance", Number { min: 0, max: u32::MAX, field: |c| &mut c.inform_parameter.instance }, "0", "instance number; the device fills it in and never gives it again"),

    unused("acs", "ParameterKey", "the last ParameterKey; kept in the state file now"),
    unused("acs", "dhcp_url_path", "where an old icwmp kept the ACS URL that DHCP gave"),
    unused("acs", "skip_dhcp_boot_options", "do not wait for DHCP at boot; nothing does"),
    unused("acs", "ssl_capath", "folder of trusted certificates; see tls_ca_file"),
    unused("acs", "https_ssl_capath", "the same for file transfers"),
    unused("acs", "ssl_version", "TLS version; the best that both sides know is used"),
    unused("acs", "http_disable_100continue", "never send Expect: 100-continue; it never is"),
    unused("acs", "ipv6_enable", "use IPv6; all addresses of the ACS are tried"),
    unused("acs", "ip_version", "which IP version was chosen"),

    unused("cpe", "default_lan_interface", "name of the LAN interface"),
    unused("cpe", "ipv6", "IPv6 address in the connection request URL; see ip"),
    unused("cpe", "incoming_rule", "form of the firewall rule for connection requests"),
    unused("cpe", "ubus_socket", "the socket of ubus"),
    unused("cpe", "md_notif_limit", "ManageableDevice notification limit"),
    unused("cpe", "schedule_reboot", "ManagementServer.ScheduleReboot"),
    unused("cpe", "delay_reboot", "ManagementServer.DelayReboot"),
    unused("cpe", "fw_upgrade_keep_settings", "keep settings over a firmware upgrade"),
    unused("cpe", "exec_download", "marker of icwmp"),
    unused("cpe", "vlan_method", "of icwmp's data model"),
    unused("cpe", "ParameterKey", "see the state file"),

    unused("lwn", "enable", "send lightweight notifications"),
    unused("lwn", "hostname", "where to"),
    unused("lwn", "port", "and to which UDP port"),

    unused("autonomous_notify", "enable", "tell the ACS of transfers and software changes it did not order"),
    unused("autonomous_notify", "transfer_type", "which transfers"),
    unused("autonomous_notify", "operation_type", "which software changes"),
    unused("autonomous_notify", "result_type", "which outcomes"),
    unused("autonomous_notify", "file_type", "which files"),
    unused("autonomous_notify", "fault_code", "which faults"),
];
