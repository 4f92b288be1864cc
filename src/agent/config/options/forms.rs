//! Options whose values need thought. Each reader puts the value in its place and says whether it was good.

use super::super::{BackendKind, Compression, Discovery};
use super::{Kind, put};
use crate::datamodel::Root;
use crate::datamodel::naming::InstanceMode;
use crate::wire::http::Url;
use crate::wire::xsd::DateTime;

/// DH-06; the data type of ManagementServer.URL.
const MAX_URL: usize = 256;
/// The data type of DeviceInfo.ProvisioningCode.
const MAX_PROVISIONING_CODE: usize = 64;
/// The kernel's IFNAMSIZ without the NUL.
const MAX_DEVICE: usize = 15;
/// The CWMP port that IANA assigned (TR-069 3.2.2).
const CWMP_PORT: u16 = 7547;
/// Amendments 1 to 6 exist.
const AMENDMENTS: std::ops::RangeInclusive<u32> = 1..=6;

pub(super) const URL: Kind = Kind::Form(
    "an http or https URL of at most 256 characters",
    |config, value| {
        // A broken URL is none: the device must not go on with another ACS.
        let value = value.trim();
        config.acs.url = acs_url(value).then(|| value.to_owned());
        config.acs.url.is_some() || value.is_empty()
    },
);

pub(super) const DISCOVERY: Kind = Kind::Form("enable, disable or nothing", |config, value| {
    let discovery = match (value, super::flag(value)) {
        ("", _) => Some(Discovery::Auto),
        (_, Some(true)) => Some(Discovery::Enable),
        (_, Some(false)) => Some(Discovery::Disable),
        (_, None) => None,
    };
    put(&mut config.acs.dhcp_discovery, discovery)
});

pub(super) const DHCP_URL: Kind = Kind::Form(
    "an http or https URL of at most 256 characters",
    |config, value| {
        let value = value.trim();
        config.acs.dhcp.url = acs_url(value).then(|| value.to_owned());
        config.acs.dhcp.url.is_some() || value.is_empty()
    },
);

pub(super) const DHCP_MINIMUM_WAIT: Kind =
    Kind::Form("a number from 1 to 65535", |config, value| {
        let number = number_or_none(value, 1, 65535);
        put(&mut config.acs.dhcp.retry_minimum_wait, number)
    });

pub(super) const DHCP_MULTIPLIER: Kind =
    Kind::Form("a number from 1000 to 65535", |config, value| {
        let number = number_or_none(value, 1000, 65535);
        put(&mut config.acs.dhcp.retry_multiplier, number)
    });

pub(super) const DHCP_PROVISIONING_CODE: Kind =
    Kind::Form("a text of at most 64 characters", |config, value| {
        let code = super::text(value, MAX_PROVISIONING_CODE);
        let code = code.map(|code| Some(code).filter(|code| !code.is_empty()));
        put(&mut config.acs.dhcp.provisioning_code, code)
    });

pub(super) const INFORM_TIME: Kind = Kind::Form("a dateTime or Unix seconds", |config, value| {
    put(
        &mut config.acs.periodic_inform_time,
        inform_time(value.trim()),
    )
});

pub(super) const HEARTBEAT_TIME: Kind =
    Kind::Form("a dateTime or Unix seconds", |config, value| {
        put(&mut config.acs.heartbeat_time, inform_time(value.trim()))
    });

pub(super) const COMPRESSION: Kind = Kind::Form("Disabled, GZIP or Deflate", |config, value| {
    let compression = match value.trim().to_ascii_lowercase().as_str() {
        "disabled" | "disable" | "none" | "0" => Some(Compression::Disabled),
        "gzip" => Some(Compression::Gzip),
        "deflate" => Some(Compression::Deflate),
        _ => None,
    };
    put(&mut config.acs.compression, compression)
});

pub(super) const AMENDMENT: Kind = Kind::Form(
    "an amendment from 1 to 6 (beyond them the nearest counts)",
    |config, value| {
        let Ok(amendment) = value.trim().parse::<u32>() else {
            return false;
        };
        config.cpe.amendment = amendment.clamp(*AMENDMENTS.start(), *AMENDMENTS.end());
        AMENDMENTS.contains(&amendment)
    },
);

pub(super) const INSTANCE_MODE: Kind =
    Kind::Form("InstanceNumber or InstanceAlias", |config, value| {
        put(
            &mut config.cpe.instance_mode,
            InstanceMode::parse(value.trim()),
        )
    });

pub(super) const DATAMODEL: Kind = Kind::Form("tr181 or tr098", |config, value| {
    let root = match value.trim() {
        "tr181" => Some(Root::Device),
        "tr098" => Some(Root::InternetGatewayDevice),
        _ => None,
    };
    put(&mut config.cpe.backend.root, root)
});

pub(super) const BACKEND: Kind = Kind::Form("profile or exec", |config, value| {
    let kind = match value.trim() {
        "profile" => Some(BackendKind::Profile),
        "exec" => Some(BackendKind::Exec),
        _ => None,
    };
    put(&mut config.cpe.backend.kind, kind)
});

pub(super) const OUI: Kind = Kind::Form("six hex digits", |config, value| {
    // IN-01: upper case and without separators on the wire, whatever people write.
    let digits: String = value
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | ' '))
        .collect();
    let good = digits.is_empty()
        || (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    put(
        &mut config.identity.oui,
        good.then(|| digits.to_ascii_uppercase()),
    )
});

pub(super) const PORT: Kind = Kind::Form("a port", |config, value| {
    let port = value
        .trim()
        .parse()
        .ok()
        .map(|port| if port == 0 { CWMP_PORT } else { port });
    put(&mut config.connection_request.port, port)
});

pub(super) const REQUEST_PATH: Kind = Kind::Form("the path of a URL", |config, value| {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"' | b'\\');
    let slash = if value.is_empty() || value.starts_with('/') {
        ""
    } else {
        "/"
    };
    let good = value.len() <= MAX_URL && value.bytes().all(plain);
    put(
        &mut config.connection_request.path,
        good.then(|| format!("{slash}{value}")),
    )
});

pub(super) const ADDRESS: Kind = Kind::Form("an IP address", |config, value| {
    let address = match value.trim() {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    };
    put(&mut config.connection_request.address, address)
});

pub(super) const DEVICE: Kind = Kind::Form("the name of a network device", |config, value| {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
    let device = match value {
        "" => Some(None),
        name => {
            (name.len() <= MAX_DEVICE && name.bytes().all(plain)).then(|| Some(name.to_owned()))
        }
    };
    put(&mut config.cpe.interface, device)
});

pub(super) const SEVERITY: Kind = Kind::Form(
    "EMERG, ALERT, CRITIC, ERROR, WARNING, NOTICE, INFO or DEBUG",
    |config, value| {
        let level = match value.trim().to_ascii_uppercase().as_str() {
            "EMERG" | "ALERT" | "CRITIC" | "CRIT" | "CRITICAL" | "ERROR" | "ERR" => {
                Some(log::LevelFilter::Error)
            }
            "WARNING" | "WARN" => Some(log::LevelFilter::Warn),
            "NOTICE" | "INFO" => Some(log::LevelFilter::Info),
            "DEBUG" => Some(log::LevelFilter::Debug),
            _ => None,
        };
        put(&mut config.log.level, level)
    },
);

/// Nothing is no number; the outer `None`: neither.
fn number_or_none(text: &str, min: u32, max: u32) -> Option<Option<u32>> {
    match text.trim() {
        "" => Some(None),
        text => text
            .parse()
            .ok()
            .filter(|number| (min..=max).contains(number))
            .map(Some),
    }
}

fn acs_url(text: &str) -> bool {
    text.len() <= MAX_URL && Url::parse(text).is_ok()
}

/// Unix seconds as in the older icwmp, or a dateTime; 0 and the unknown time mean: none.
fn inform_time(text: &str) -> Option<Option<i64>> {
    if text.is_empty() {
        return Some(None);
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return (seconds >= 0).then_some(Some(seconds).filter(|&seconds| seconds != 0));
    }
    DateTime::parse(text).map(|time| time.unix_seconds())
}
