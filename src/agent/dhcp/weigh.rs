//! Whose word counts: the configuration's, the ACS's or DHCP's. Pure.

use crate::agent::config::{Config, Discovery};
use crate::agent::state;
use crate::wire::dhcp::Offer;

/// Options that the ACS may set and that then count before DHCP's values.
const MINIMUM_WAIT: &str = "retry_min_wait_interval";
const MULTIPLIER: &str = "retry_interval_multiplier";
pub(in crate::agent) const CODE: &str = "provisioning_code";

/// Where a value comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The configuration file, be it written by a person or for the ACS.
    #[default]
    Configuration,
    /// A DHCP lease.
    Dhcp,
}

impl Source {
    /// In a word, for log and status.
    pub fn word(self) -> &'static str {
        match self {
            Source::Configuration => "configuration",
            Source::Dhcp => "dhcp",
        }
    }
}

/// What configuration and DHCP come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    /// The ACS.
    pub url: Option<String>,
    /// Who says so.
    pub url_source: Source,
    /// CWMPRetryMinimumWaitInterval and whether DHCP says so.
    pub retry_minimum_wait: (u32, Source),
    /// CWMPRetryIntervalMultiplier.
    pub retry_multiplier: (u32, Source),
    /// DeviceInfo.ProvisioningCode; empty: the data model's.
    pub provisioning_code: String,
}

/// What DHCP says: DHCPv4 first, then DHCPv6, then what a hook wrote into the configuration.
pub fn offer(config: &Config, dhcp: &state::Dhcp) -> Offer {
    dhcp.v4.clone().or(&dhcp.v6).or(&config.acs.dhcp)
}

/// Weighs DHCP's values against the configuration's.
pub fn in_force(config: &Config, dhcp: &state::Dhcp) -> InForce {
    let acs = &config.acs;
    let offer = match acs.dhcp_discovery {
        Discovery::Disable => Offer::default(),
        Discovery::Auto | Discovery::Enable => offer(config, dhcp),
    };
    let configured = acs.url.as_deref().unwrap_or_default();
    // DH-03: what the ACS has set stands before DHCP, unless it could not be reached.
    let dhcp_first = acs.url.is_none()
        || configured == dhcp.url_given_up
        || acs.dhcp_discovery == Discovery::Enable && configured != dhcp.url_set;
    let (url, url_source) = match offer.url {
        Some(url) if dhcp_first => (Some(url), Source::Dhcp),
        _ => (acs.url.clone(), Source::Configuration),
    };
    let weigh = |option: &str, offered: Option<u32>, configured: u32| {
        let offered = offered.filter(|_| !dhcp.overruled.iter().any(|set| set == option)); // RT-11
        offered.map_or((configured, Source::Configuration), |n| (n, Source::Dhcp))
    };
    let code = &config.identity.provisioning_code;
    let offered_code = offer
        .provisioning_code
        .filter(|_| code.is_empty() && !dhcp.overruled.iter().any(|set| set == CODE));
    InForce {
        url,
        url_source,
        retry_minimum_wait: weigh(
            MINIMUM_WAIT,
            offer.retry_minimum_wait,
            acs.retry_minimum_wait,
        ),
        retry_multiplier: weigh(MULTIPLIER, offer.retry_multiplier, acs.retry_multiplier),
        provisioning_code: offered_code.unwrap_or_else(|| code.clone()),
    }
}

/// What was set through the data model, as section, option and value, counts before DHCP's values from now on.
pub(in crate::agent) fn overrule(dhcp: &mut state::Dhcp, set: &[[String; 3]]) {
    for [section, option, value] in set {
        match (section.as_str(), option.as_str()) {
            ("acs", "url") => {
                dhcp.url_set.clone_from(value);
                dhcp.url_given_up.clear();
            }
            ("acs", MINIMUM_WAIT | MULTIPLIER) | ("cpe", CODE)
                if !dhcp.overruled.contains(option) =>
            {
                dhcp.overruled.push(option.clone());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
