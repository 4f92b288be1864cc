//! The ACS that DHCP names (TR-069 3.1).

use std::time::Duration;

use cwmpd::agent::command::{Command, Reply};
use cwmpd::agent::state::LocatedBy;

use crate::cpe::{Cpe, inform, shown};
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;

const URL: &str = "Device.ManagementServer.URL";
const WAIT: &str = "Device.ManagementServer.CWMPRetryMinimumWaitInterval";
const MULTIPLIER: &str = "Device.ManagementServer.CWMPRetryIntervalMultiplier";
const CODE: &str = "Device.DeviceInfo.ProvisioningCode";

fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Option 43 with these sub-options.
fn option_43(parts: &[(u8, &str)]) -> String {
    let part = |(code, value): &(u8, &str)| {
        [
            &[*code, u8::try_from(value.len()).unwrap()],
            value.as_bytes(),
        ]
        .concat()
    };
    hex(&parts.iter().flat_map(part).collect::<Vec<u8>>())
}

/// Option 17 of enterprise 3561 with these sub-options.
fn option_17(parts: &[(u16, &str)]) -> String {
    let part = |(code, value): &(u16, &str)| {
        let length = u16::try_from(value.len()).unwrap();
        [
            &code.to_be_bytes()[..],
            &length.to_be_bytes(),
            value.as_bytes(),
        ]
        .concat()
    };
    let parts: Vec<u8> = parts.iter().flat_map(part).collect();
    hex(&[&3561_u32.to_be_bytes()[..], &parts].concat())
}

fn lease(opt43: &str) -> Command {
    Command::Dhcp {
        clear: false,
        opt43: Some(opt43.to_owned()),
        opt125: None,
        opt17: None,
        interface: None,
    }
}

fn hand_over(cpe: &mut Cpe, opt43: &str) {
    let reply = cpe.command(lease(opt43));
    assert!(matches!(reply, Reply::Ok(_)), "{reply:?}");
    cpe.turn();
}

/// The URL in force and where it is from.
fn source(cpe: &mut Cpe) -> (String, String) {
    let status = cpe.status();
    let text = |key: &str| status["cwmp"][key].as_str().unwrap_or_default().to_owned();
    (text("acs_url"), text("acs_url_source"))
}

/// A device without an ACS URL of its own.
fn blank() -> Daemon {
    Daemon::new("")
}

#[test]
fn an_idle_device_bootstraps_at_the_acs_that_dhcp_names() // DH-01 DH-05 EV-05
{
    for option in 0..3 {
        let mut acs = Acs::start();
        let url = acs.url();
        let mut cpe = Cpe::start(blank());
        let status = cpe.status();
        let reason = status["cwmp"]["idle_reason"].as_str().unwrap();
        assert!(reason.contains("dhcp has given none"), "{reason}");
        assert_eq!(cpe.next(), None);
        let mut data = [
            &3561_u32.to_be_bytes()[..],
            &[u8::try_from(url.len()).unwrap() + 2],
        ]
        .concat();
        data.extend([11, u8::try_from(url.len()).unwrap()]);
        data.extend(url.bytes());
        let (mut opt43, mut opt125, mut opt17) = (None, None, None);
        match option {
            0 => opt43 = Some(option_43(&[(1, &url)])),
            1 => opt125 = Some(hex(&data)),
            _ => opt17 = Some(option_17(&[(1, &url)])),
        }
        let reply = cpe.command(Command::Dhcp {
            clear: false,
            opt43,
            opt125,
            opt17,
            interface: None,
        });
        assert!(matches!(reply, Reply::Ok(_)), "{reply:?}");
        let first = cpe.session(&mut acs).inform;
        assert_eq!(first.events(), ["0 BOOTSTRAP", "1 BOOT"]);
        assert_eq!(source(&mut cpe), (url.clone(), "dhcp".into()));
        assert_eq!(cpe.state().dhcp.located_by, LocatedBy::Dhcp);
        assert_eq!(cpe.connection_request(), 200);
        cpe.session(&mut acs);
        // It is there after a restart, and the same lease again is no news.
        cpe.restart();
        cpe.settle();
        assert_eq!(source(&mut cpe), (url, "dhcp".into()));
        assert_eq!(cpe.next(), None);
    }
}

#[test]
fn the_same_lease_again_changes_nothing_and_another_url_is_another_acs() // DH-05 EV-05 EV-06
{
    let (mut one, mut two) = (Acs::start(), Acs::start());
    let mut cpe = Cpe::start(blank());
    hand_over(&mut cpe, &option_43(&[(1, &one.url())]));
    cpe.session(&mut one);
    for _ in 0..3 {
        hand_over(&mut cpe, &option_43(&[(1, &one.url())]));
        // A renewal without the option is no other word.
        hand_over(&mut cpe, "");
    }
    cpe.settle();
    assert_eq!(cpe.sessions(), 1);
    hand_over(&mut cpe, &option_43(&[(1, &two.url())]));
    assert_eq!(cpe.session(&mut two).inform.events(), ["0 BOOTSTRAP"]);
    assert!(one.try_session().is_none());
}

#[test]
fn a_lease_during_a_session_leads_to_the_new_acs_after_it() // DH-05 SE-14
{
    let (mut one, mut two) = (Acs::start(), Acs::start());
    let mut cpe = Cpe::start(Daemon::new(&one.url()).acs("dhcp_discovery", "enable"));
    cpe.informed(&mut one);
    hand_over(&mut cpe, &option_43(&[(1, &two.url())]));
    let session = cpe.session(&mut one);
    assert_eq!(session.inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    assert_eq!(cpe.session(&mut two).inform.events(), ["0 BOOTSTRAP"]);
    cpe.restart();
    cpe.settle();
    assert_eq!(cpe.next(), None);
    assert!(two.try_session().is_none() && one.try_session().is_none());
}

#[test]
fn what_the_acs_sets_stands_before_a_later_lease() // DH-03 SE-16
{
    let (mut one, mut two) = (Acs::start(), Acs::start());
    let mut three = Acs::start();
    for discovery in ["", "enable"] {
        let mut cpe = Cpe::start(blank().acs("dhcp_discovery", discovery));
        one.plan([rpc::set_values(&[(URL, "string", &two.url())], "")]);
        hand_over(&mut cpe, &option_43(&[(1, &one.url())]));
        cpe.session(&mut one);
        assert_eq!(cpe.session(&mut two).inform.events(), ["0 BOOTSTRAP"]);
        for url in [one.url(), three.url()] {
            hand_over(&mut cpe, &option_43(&[(1, &url)]));
            cpe.settle();
            assert_eq!(source(&mut cpe), (two.url(), "configuration".into()));
        }
        cpe.restart();
        cpe.settle();
        assert_eq!(source(&mut cpe).0, two.url());
        assert_eq!(cpe.next(), None);
        assert!(one.try_session().is_none() && three.try_session().is_none());
    }
}

#[test]
fn the_acs_may_set_the_very_url_that_dhcp_gave() // DH-03 SV-19
{
    let (mut acs, mut other) = (Acs::start(), Acs::start());
    let url = acs.url();
    let mut cpe = Cpe::start(blank().acs("dhcp_discovery", "enable"));
    acs.plan([rpc::set_values(&[(URL, "string", &url)], "")]);
    hand_over(&mut cpe, &option_43(&[(1, &url)]));
    let answer = &cpe.session(&mut acs).answers[0];
    assert_eq!(answer.text("Status").unwrap(), "0");
    cpe.settle();
    assert_eq!(cpe.sessions(), 1, "no second bootstrap");
    hand_over(&mut cpe, &option_43(&[(1, &other.url())]));
    cpe.settle();
    assert_eq!(source(&mut cpe), (url, "configuration".into()));
    assert!(other.try_session().is_none());
}

#[test]
fn what_the_disk_refuses_leaves_dhcp_its_say() // SV-23 DH-03 RT-11
{
    let mut acs = Acs::start();
    let mut cpe = Cpe::start(blank().acs("dhcp_discovery", "enable"));
    let url = acs.url();
    let lease = option_43(&[(1, &url), (2, "TLCO"), (3, "30")]);
    hand_over(&mut cpe, &lease);
    cpe.session(&mut acs);
    let before = cpe.state().dhcp;
    // A folder in the place of the temporary file: not even root can write the configuration.
    let blocked = cpe.home.path("etc/config/.cwmp.cwmpd-new");
    std::fs::create_dir_all(&blocked).unwrap();
    let values = [
        (URL, "string", url.as_str()),
        (WAIT, "unsignedInt", "7"),
        (CODE, "string", "x"),
    ];
    acs.plan([
        rpc::set_values(&values, ""),
        rpc::get_values(&[URL, WAIT, CODE]),
    ]);
    cpe.inform();
    let answers = cpe.session(&mut acs).answers;
    assert_eq!(answers[0].fault(), Some(9002));
    let shown = answers[1].values();
    assert_eq!([&shown[WAIT], &shown[CODE]], ["30", "TLCO"]);
    assert_eq!(cpe.state().dhcp, before);
    assert_eq!(source(&mut cpe), (url.clone(), "dhcp".into()));
    // And with room it is set, although the URL stays the same.
    std::fs::remove_dir(&blocked).unwrap();
    acs.plan([rpc::set_values(&values, "")]);
    cpe.inform();
    let answer = &cpe.session(&mut acs).answers[0];
    assert_eq!(answer.fault(), None);
    let dhcp = cpe.state().dhcp;
    assert_eq!((&dhcp.url_set, dhcp.overruled.len()), (&url, 2));
    assert_eq!(source(&mut cpe), (url, "configuration".into()));
}

#[test]
fn discovery_is_used_again_after_a_factory_reset() // DH-03
{
    let (mut one, mut two) = (Acs::start(), Acs::start());
    let mut cpe = Cpe::start(blank().acs("dhcp_discovery", "enable"));
    one.plan([rpc::set_values(&[(URL, "string", &two.url())], "")]);
    two.plan([rpc::factory_reset()]);
    hand_over(&mut cpe, &option_43(&[(1, &one.url())]));
    cpe.session(&mut one);
    cpe.session(&mut two);
    cpe.home.wait_hook();
    cpe.until("the hook's end", |cpe| {
        (!cpe.state().deferred.factory_reset).then_some(())
    });
    // The hook has erased the configuration, and the device boots.
    cpe.home.write_config();
    cpe.reboot("00000000-0000-4000-8000-000000000002");
    let inform = cpe.session(&mut one).inform;
    assert_eq!(inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    assert_eq!(cpe.state().dhcp.located_by, LocatedBy::Dhcp);
}

#[test]
fn dhcp_is_asked_again_where_an_unreachable_acs_is() // RT-10 DH-05
{
    let one = Acs::builder().down();
    let mut two = Acs::start();
    let home = blank()
        .acs("retry_min_wait_interval", "60")
        .cpe("default_wan_interface", "wan");
    let mut cpe = Cpe::start(home);
    hand_over(&mut cpe, &option_43(&[(1, &one.url())]));
    cpe.pass_seconds(299);
    assert_eq!(cpe.home.count_hooks(), 0);
    cpe.pass_seconds(1);
    assert_eq!(cpe.home.wait_hook(), "dhcp-renew wan");
    // No more often than every five minutes, but as long as it lasts.
    cpe.pass_seconds(299);
    assert_eq!(cpe.home.count_hooks(), 0);
    cpe.pass_seconds(1);
    assert_eq!(cpe.home.wait_hook(), "dhcp-renew wan");
    let sessions = cpe.sessions();
    assert!(sessions > 5);
    hand_over(&mut cpe, &option_43(&[(1, &two.url())]));
    let inform = cpe.session(&mut two).inform;
    assert_eq!(inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    assert_eq!(inform.retry_count(), 0);
}

#[test]
fn an_acs_that_was_set_and_cannot_be_reached_is_given_up_for_dhcps() // RT-10 DH-03
{
    let mut one = Acs::start();
    let mut two = Acs::builder().down();
    let mut cpe = Cpe::start(blank().acs("retry_min_wait_interval", "60"));
    one.plan([rpc::set_values(&[(URL, "string", &two.url())], "")]);
    hand_over(&mut cpe, &option_43(&[(1, &one.url())]));
    cpe.session(&mut one);
    cpe.settle();
    assert_eq!(source(&mut cpe).0, two.url());
    // The line is down: no reason to leave it, whatever DHCP says when it is up again.
    cpe.pass_seconds(200);
    hand_over(&mut cpe, &option_43(&[(1, &one.url())]));
    two.up();
    cpe.pass_seconds(200);
    assert_eq!(cpe.session(&mut two).inform.events(), ["0 BOOTSTRAP"]);
    assert_eq!(cpe.home.count_hooks(), 0);
    // It is gone for good.
    two.stop();
    cpe.ask(inform("8", false));
    cpe.pass_seconds(300);
    assert_eq!(cpe.home.wait_hook(), "dhcp-renew");
    assert_eq!(source(&mut cpe).0, two.url());
    hand_over(&mut cpe, &option_43(&[(1, &one.url())]));
    cpe.pass_seconds(120);
    assert_eq!(cpe.session(&mut one).inform.events(), ["0 BOOTSTRAP"]);
    assert_eq!(source(&mut cpe), (one.url(), "dhcp".into()));
    cpe.restart();
    assert_eq!(source(&mut cpe), (one.url(), "dhcp".into()));
}

#[test]
fn an_acs_that_was_configured_from_the_start_is_never_given_up() // DH-03
{
    let mut acs = Acs::start();
    let other = Acs::start();
    let home = Daemon::new(&acs.url()).acs("retry_min_wait_interval", "60");
    let mut cpe = crate::cpe::settled(home, &mut acs);
    acs.stop();
    cpe.ask(inform("8", false));
    hand_over(&mut cpe, &option_43(&[(1, &other.url())]));
    cpe.pass(Duration::from_secs(3000));
    assert_eq!(cpe.home.count_hooks(), 0);
    assert_eq!(source(&mut cpe), (acs.url(), "configuration".into()));
    let status = cpe.status();
    assert_eq!(status["cwmp"]["dhcp_acs_url"], other.url());
}

#[test]
fn retry_values_of_dhcp_count_until_the_acs_sets_them() // RT-11 RT-06 DH-02
{
    let mut acs = Acs::start();
    let mut cpe = Cpe::start(blank());
    let lease = option_43(&[(1, &acs.url()), (2, "TLCO.GRP2"), (3, "100"), (4, "1000")]);
    hand_over(&mut cpe, &lease);
    acs.plan([rpc::get_values(&[WAIT, MULTIPLIER, CODE])]);
    let session = cpe.session(&mut acs);
    let values = session.answers[0].values();
    assert_eq!(
        [&values[WAIT], &values[MULTIPLIER], &values[CODE]],
        ["100", "1000", "TLCO.GRP2"]
    );
    assert_eq!(
        session.inform.value_of(".ProvisioningCode").unwrap(),
        "TLCO.GRP2"
    );
    acs.stop();
    cpe.ask(inform("8", false));
    cpe.settle();
    assert_eq!(cpe.next(), Some(Duration::from_secs(100)));
    // The ACS's word, though it is the very same value, and the next lease's.
    acs.up();
    acs.plan([rpc::set_values(
        &[(WAIT, "unsignedInt", "100"), (CODE, "string", "mine")],
        "",
    )]);
    cpe.inform();
    assert_eq!(cpe.session(&mut acs).answers[0].fault(), None);
    let lease = option_43(&[(1, &acs.url()), (2, "other"), (3, "7"), (4, "1001")]);
    hand_over(&mut cpe, &lease);
    cpe.restart();
    acs.plan([rpc::get_values(&[WAIT, MULTIPLIER, CODE])]);
    cpe.inform();
    let values = cpe.session(&mut acs).answers[0].values();
    assert_eq!(
        [&values[WAIT], &values[MULTIPLIER], &values[CODE]],
        ["100", "1001", "mine"]
    );
}

#[test]
fn a_provisioning_code_by_dhcp_is_a_value_change() // DH-02 NO-02
{
    let mut acs = Acs::start();
    let mut cpe = crate::cpe::settled(Daemon::new(&acs.url()), &mut acs);
    hand_over(&mut cpe, &option_43(&[(2, "moved")]));
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.events(), ["4 VALUE CHANGE"]);
    assert_eq!(inform.value_of(".ProvisioningCode").unwrap(), "moved");
    // Emptied by the ACS it stays empty, whatever DHCP says.
    acs.plan([
        rpc::set_values(&[(CODE, "string", "")], ""),
        rpc::get_values(&[CODE]),
    ]);
    cpe.inform();
    assert_eq!(cpe.session(&mut acs).answers[1].values()[CODE], "");
    hand_over(&mut cpe, &option_43(&[(2, "again")]));
    cpe.settle();
    assert_eq!(cpe.next(), None);
}

#[test]
fn what_a_hook_of_icwmp_wrote_into_the_file_counts_after_a_reload() // DH-01 DH-05 RT-11
{
    let (mut one, mut two) = (Acs::start(), Acs::start());
    let home = blank()
        .acs("dhcp_discovery", "enable")
        .acs("dhcp_url", &one.url())
        .acs("dhcp_retry_min_wait_interval", "77");
    let mut cpe = Cpe::start(home);
    let inform = cpe.session(&mut one).inform;
    assert_eq!(inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    let Reply::Ok(found) = cpe.command(Command::Get {
        paths: vec![WAIT.into()],
    }) else {
        panic!("no value")
    };
    assert_eq!(shown(&found)[0]["value"], "77");
    cpe.home.set_acs("dhcp_url", &two.url());
    cpe.home.write_config();
    assert!(matches!(cpe.command(Command::Reload), Reply::Ok(_)));
    assert_eq!(cpe.session(&mut two).inform.events(), ["0 BOOTSTRAP"]);
    assert_eq!(source(&mut cpe), (two.url(), "dhcp".into()));
}

#[test]
fn switched_off_dhcp_has_no_say() // DH-03
{
    let acs = Acs::start();
    for word in ["disable", "0", "false"] {
        let home = blank()
            .acs("dhcp_discovery", word)
            .acs("dhcp_url", &acs.url());
        let mut cpe = Cpe::start(home);
        hand_over(&mut cpe, &option_43(&[(1, &acs.url())]));
        cpe.settle();
        assert_eq!(cpe.next(), None);
        assert_eq!(source(&mut cpe), (String::new(), String::new()));
        let status = cpe.status();
        assert_eq!(
            status["cwmp"]["idle_reason"],
            "no acs url is configured (acs.url)"
        );
    }
}

#[test]
fn what_cannot_be_used_is_told_and_changes_nothing() // DH-06
{
    let acs = Acs::start();
    let mut cpe = Cpe::start(blank().cpe("default_wan_interface", "wan"));
    for (opt43, words) in [
        (
            option_43(&[(1, "ftp://acs.example/")]),
            "not an http or https URL",
        ),
        (hex(b"\x01\xffhttp://a/"), "shorter than its lengths say"),
        ("xyz".to_owned(), "not pairs of hex digits"),
    ] {
        let Reply::Error { text } = cpe.command(lease(&opt43)) else {
            panic!("{opt43} was taken")
        };
        assert!(text.contains("option 43") && text.contains(words), "{text}");
    }
    let reply = cpe.command(Command::Dhcp {
        clear: false,
        opt43: Some(option_43(&[(1, &acs.url())])),
        opt125: None,
        opt17: None,
        interface: Some("lan".into()),
    });
    let Reply::Ok(answer) = reply else {
        panic!("{reply:?}")
    };
    assert!(
        shown(&answer)["info"]
            .as_str()
            .unwrap()
            .starts_with("ignored")
    );
    cpe.settle();
    assert_eq!(source(&mut cpe).0, "");
    assert_eq!(cpe.state().dhcp, Default::default());
}

#[test]
fn a_cleared_lease_is_forgotten() {
    let mut acs = Acs::start();
    let mut cpe = Cpe::start(blank());
    hand_over(&mut cpe, &option_43(&[(1, &acs.url())]));
    cpe.session(&mut acs);
    let reply = cpe.command(Command::Dhcp {
        clear: true,
        opt43: None,
        opt125: None,
        opt17: None,
        interface: None,
    });
    assert!(matches!(reply, Reply::Ok(_)), "{reply:?}");
    cpe.turn();
    assert_eq!(source(&mut cpe).0, "");
    assert_eq!(cpe.status()["cwmp"]["connection_request_url"], "");
}

const GATEWAY: [&str; 3] = [
    "Device.GatewayInfo.ManufacturerOUI",
    "Device.GatewayInfo.ProductClass",
    "Device.GatewayInfo.SerialNumber",
];

/// A lease by a gateway that says who it is, or that says nothing.
fn gateway_lease(parts: &[(u8, &str)]) -> Command {
    let part = |(code, value): &(u8, &str)| {
        [
            &[*code, u8::try_from(value.len()).unwrap()],
            value.as_bytes(),
        ]
        .concat()
    };
    let parts: Vec<u8> = parts.iter().flat_map(part).collect();
    let length = u8::try_from(parts.len()).unwrap();
    let data = [&3561_u32.to_be_bytes()[..], &[length], &parts].concat();
    Command::Dhcp {
        clear: false,
        opt43: Some(String::new()),
        opt125: Some(if length == 0 {
            String::new()
        } else {
            hex(&data)
        }),
        opt17: None,
        interface: None,
    }
}

#[test]
fn the_gateway_in_front_is_told_and_found_in_the_model() // NO-02 NO-09
{
    let mut acs = Acs::start();
    let mut cpe = crate::cpe::settled(Daemon::new(&acs.url()), &mut acs);
    let lease = gateway_lease(&[(4, "00d09e"), (5, "S-1"), (6, "RG")]);
    assert!(matches!(cpe.command(lease.clone()), Reply::Ok(_)));
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.events(), ["4 VALUE CHANGE"]);
    let values = inform.values();
    assert_eq!(
        GATEWAY.map(|name| values[name].as_str()),
        ["00D09E", "RG", "S-1"]
    );
    // The same again, after a restart too, is no news; the daemon remembers.
    assert!(matches!(cpe.command(lease), Reply::Ok(_)));
    cpe.restart();
    cpe.settle();
    assert_eq!(cpe.next(), None);
    acs.plan([
        rpc::get_values(&["Device.GatewayInfo."]),
        rpc::get_attributes(&GATEWAY),
    ]);
    cpe.inform();
    let answers = cpe.session(&mut acs).answers;
    assert_eq!(answers[0].values()[GATEWAY[2]], "S-1");
    assert_eq!(answers[1].texts("Notification"), ["2"; 3]);
    // Another gateway that says nothing: none is known.
    assert!(matches!(cpe.command(gateway_lease(&[])), Reply::Ok(_)));
    let values = cpe.session(&mut acs).inform.values();
    assert_eq!(GATEWAY.map(|name| values[name].as_str()), [""; 3]);
}

#[test]
fn gateway_info_can_be_hidden_and_is_not_there_in_tr_098() {
    let mut acs = Acs::start();
    let paths = vec!["Device.GatewayInfo.".to_owned()];
    let mut cpe = crate::cpe::settled(Daemon::new(&acs.url()), &mut acs);
    let get = Command::Get { paths };
    assert!(matches!(cpe.command(get.clone()), Reply::Ok(_)));
    cpe.home = std::mem::replace(&mut cpe.home, Daemon::new("")).cpe("disable_gatewayinfo", "1");
    cpe.home.write_config();
    assert!(matches!(cpe.command(Command::Reload), Reply::Ok(_)));
    assert!(matches!(cpe.command(get), Reply::Fault { code: 9005, .. }));
    assert!(matches!(
        cpe.command(gateway_lease(&[(5, "S-1")])),
        Reply::Ok(_)
    ));
    cpe.settle();
    assert_eq!(cpe.next(), None);

    let home = Daemon::new(&acs.url());
    let profile = crate::support::daemon::repository().join("etc/profiles/tr098-gateway.toml");
    home.write("etc/cwmpd/profile.toml", &std::fs::read(profile).unwrap());
    let mut cpe = crate::cpe::settled(home, &mut acs);
    let get = Command::Names {
        path: "InternetGatewayDevice.".into(),
        next_level: true,
    };
    let Reply::Ok(names) = cpe.command(get) else {
        panic!("no names")
    };
    assert!(!shown(&names).to_string().contains("GatewayInfo"));
    assert!(matches!(
        cpe.command(gateway_lease(&[(5, "S-1")])),
        Reply::Ok(_)
    ));
    cpe.settle();
    assert_eq!(cpe.next(), None);
}

#[test]
fn in_tr_098_dhcp_names_the_acs_as_well() // DH-01 DH-03 DH-05 RT-11
{
    let (mut one, mut two) = (Acs::start(), Acs::start());
    let home = blank();
    let profile = crate::support::daemon::repository().join("etc/profiles/tr098-gateway.toml");
    home.write("etc/cwmpd/profile.toml", &std::fs::read(profile).unwrap());
    let mut cpe = Cpe::start(home);
    let root = |name: &str| name.replace("Device.", "InternetGatewayDevice.");
    one.plan([
        rpc::get_values(&[&root(URL), &root(WAIT), &root(CODE)]),
        rpc::set_values(&[(&root(URL), "string", &two.url())], ""),
    ]);
    hand_over(
        &mut cpe,
        &option_43(&[(1, &one.url()), (2, "code"), (3, "9")]),
    );
    let session = cpe.session(&mut one);
    assert_eq!(session.inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    let values = session.answers[0].values();
    assert_eq!(
        [
            &values[&root(URL)],
            &values[&root(WAIT)],
            &values[&root(CODE)]
        ],
        [one.url().as_str(), "9", "code"]
    );
    assert_eq!(cpe.session(&mut two).inform.events(), ["0 BOOTSTRAP"]);
    hand_over(&mut cpe, &option_43(&[(1, &one.url())]));
    cpe.settle();
    assert_eq!(source(&mut cpe).0, two.url());
}
