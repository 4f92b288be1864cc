//! Whose word counts.

use super::*;

const SET: &str = "http://set.example/";
const DHCP: &str = "http://dhcp.example/";

fn configured(url: Option<&str>, discovery: Discovery) -> Config {
    let mut config = Config::default();
    config.acs.url = url.map(str::to_owned);
    config.acs.dhcp_discovery = discovery;
    config
}

fn leased() -> state::Dhcp {
    state::Dhcp {
        v4: Offer {
            url: Some(DHCP.into()),
            provisioning_code: Some("dhcp".into()),
            retry_minimum_wait: Some(30),
            retry_multiplier: Some(1500),
            ..Offer::default()
        },
        ..state::Dhcp::default()
    }
}

fn url(config: &Config, dhcp: &state::Dhcp) -> (Option<String>, Source) {
    let found = in_force(config, dhcp);
    (found.url, found.url_source)
}

#[test]
fn which_url_counts() // DH-03
{
    use Discovery::{Auto, Disable, Enable};
    let set_by_acs = state::Dhcp {
        url_set: SET.into(),
        ..leased()
    };
    let given_up = state::Dhcp {
        url_given_up: SET.into(),
        ..leased()
    };
    for (configuration, discovery, dhcp, expected) in [
        // The URL is empty: discovery.
        (None, Auto, leased(), Some(DHCP)),
        (None, Enable, leased(), Some(DHCP)),
        (None, Disable, leased(), None),
        (None, Auto, state::Dhcp::default(), None),
        // It is not: it is the default for want of another, or stands.
        (Some(SET), Auto, leased(), Some(SET)),
        (Some(SET), Enable, leased(), Some(DHCP)),
        (Some(SET), Disable, leased(), Some(SET)),
        (Some(SET), Enable, state::Dhcp::default(), Some(SET)),
        // The ACS has set it: it stands.
        (Some(SET), Enable, set_by_acs.clone(), Some(SET)),
        // And somebody has edited the file since.
        (
            Some("http://edited.example/"),
            Enable,
            set_by_acs,
            Some(DHCP),
        ),
        // It could not be reached.
        (Some(SET), Auto, given_up.clone(), Some(DHCP)),
        (Some(SET), Disable, given_up.clone(), Some(SET)),
        (
            Some("http://edited.example/"),
            Auto,
            given_up,
            Some("http://edited.example/"),
        ),
    ] {
        let config = configured(configuration, discovery);
        let (found, source) = url(&config, &dhcp);
        assert_eq!(
            found.as_deref(),
            expected,
            "{configuration:?} {discovery:?} {dhcp:?}"
        );
        assert_eq!(source == Source::Dhcp, expected == Some(DHCP));
    }
}

#[test]
fn dhcpv4_goes_before_dhcpv6_and_both_before_the_file() // DH-01
{
    let mut config = configured(None, Discovery::Auto);
    let mut dhcp = leased();
    dhcp.v6.url = Some("http://v6.example/".into());
    config.acs.dhcp.url = Some("http://file.example/".into());
    assert_eq!(url(&config, &dhcp).0.as_deref(), Some(DHCP));
    dhcp.v4 = Offer::default();
    assert_eq!(url(&config, &dhcp).0.as_deref(), Some("http://v6.example/"));
    dhcp.v6 = Offer::default();
    let expected = (Some("http://file.example/".to_owned()), Source::Dhcp);
    assert_eq!(url(&config, &dhcp), expected);
}

#[test]
fn retry_values_and_code_count_until_they_are_set() // RT-11
{
    let mut config = configured(Some(SET), Discovery::Auto);
    let mut dhcp = leased();
    let found = in_force(&config, &dhcp);
    assert_eq!(found.retry_minimum_wait, (30, Source::Dhcp));
    assert_eq!(found.retry_multiplier, (1500, Source::Dhcp));
    assert_eq!(found.provisioning_code, "dhcp");

    dhcp.overruled.push(MINIMUM_WAIT.into());
    config.identity.provisioning_code = "configured".into();
    let found = in_force(&config, &dhcp);
    assert_eq!(found.retry_minimum_wait, (5, Source::Configuration));
    assert_eq!(found.retry_multiplier, (1500, Source::Dhcp));
    assert_eq!(found.provisioning_code, "configured");

    config.identity.provisioning_code.clear();
    dhcp.overruled.push(CODE.into());
    assert_eq!(in_force(&config, &dhcp).provisioning_code, "");

    config.acs.dhcp_discovery = Discovery::Disable;
    let found = in_force(&config, &dhcp);
    assert_eq!(found.retry_multiplier, (2000, Source::Configuration));
}
