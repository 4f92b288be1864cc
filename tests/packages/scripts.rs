//! Installed, upgraded, reloaded: what the scripts do to the router.

use crate::router::{FIREWALLS, Firewall, NETWORK, Router};

#[test]
#[ignore = "needs root and busybox"]
fn an_installation_opens_the_firewall_and_starts_the_daemon_and_a_second_one_changes_nothing() {
    for firewall in FIREWALLS {
        let router = Router::installed(firewall, NETWORK);
        router.wait_running();
        assert!(router.exists("/etc/rc.d/S95cwmpd"), "{firewall:?}");
        assert!(!router.exists("/etc/uci-defaults/95-cwmpd"));

        if firewall == Firewall::None {
            assert_eq!(router.uci("firewall.cwmpd"), "");
            assert!(!router.exists("/etc/config/firewall"));
        } else {
            let zone = match firewall {
                Firewall::Fw4 => "wan",
                _ => "outside",
            };
            assert_eq!(router.uci("firewall.cwmpd"), "rule");
            assert_eq!(router.uci("firewall.cwmpd.src"), zone);
            assert_eq!(router.uci("firewall.cwmpd.proto"), "tcp");
            assert_eq!(router.uci("firewall.cwmpd.dest_port"), "7547");
            assert_eq!(router.uci("firewall.cwmpd.target"), "ACCEPT");
            assert!(
                router
                    .read("/tmp/ubus.log")
                    .contains("\"package\":\"firewall\"")
            );
        }
        assert_eq!(router.uci("network.wan.reqopts"), "43 125");
        assert_eq!(router.uci("network.wan.vendorid"), "dslforum.org");
        assert_eq!(router.uci("network.wan6.reqopts"), "17");
        let class = router.uci("network.wan6.vendorclass");
        assert_eq!(class, "00000de9000c64736c666f72756d2e6f7267");

        let before: Vec<String> = ["network", "firewall", "cwmp"]
            .map(|package| router.committed(package))
            .into();
        router.sh("rm /tmp/ubus.log; /usr/lib/cwmpd/setup add");
        let after: Vec<String> = ["network", "firewall", "cwmp"]
            .map(|package| router.committed(package))
            .into();
        assert_eq!(after, before);
        assert_eq!(router.read("/tmp/ubus.log"), "", "nothing to reload");
    }
}

/// Each device has a phase of its own, the file keeps its comments and its mode, and what is set stays.
#[test]
#[ignore = "needs root and busybox"]
fn periodic_informs_get_a_phase_of_their_own() {
    let router = Router::with_files(Firewall::None, NETWORK);
    let shipped = router.read("/etc/config/cwmp");
    router.sh("/usr/lib/cwmpd/setup add");
    let time = router.uci("cwmp.acs.periodic_inform_time");
    let written = router.read("/etc/config/cwmp");
    assert_eq!(
        written,
        shipped.replace(
            "periodic_inform_time '0001-01-01T00:00:00Z'",
            &format!("periodic_inform_time '{time}'")
        )
    );
    assert_ne!(written, shipped);
    assert_eq!(router.sh("cwmpd -n"), "");
    assert!(
        router
            .sh("ls -l /etc/config/cwmp")
            .starts_with("-rw-------")
    );

    // As icwmp users have it, and with the time that icwmp shipped.
    for (before, is_set) in [
        ("config cwmp acs\n\toption url ''\n", true),
        (
            "config acs \"acs\"\n\toption periodic_inform_time '0'\n",
            true,
        ),
        (
            "config acs 'acs'\n\toption periodic_inform_time '1700000000'\n",
            false,
        ),
        ("config cpe 'cpe'\n", false),
    ] {
        router.write("/etc/config/cwmp", before);
        router.sh("/usr/lib/cwmpd/setup add");
        let after = router.read("/etc/config/cwmp");
        assert_eq!(after != before, is_set, "{before}: {after}");
        if is_set {
            let other = router.uci("cwmp.acs.periodic_inform_time");
            assert!(other.starts_with("2020-01-"), "{other}");
            assert_ne!(other, time, "drawn anew");
        }
    }
}

#[test]
#[ignore = "needs root and busybox"]
fn the_firewall_follows_the_port_and_leaves_the_rest_of_the_rule_alone() {
    let router = Router::installed(Firewall::Fw4, NETWORK);
    router.wait_running();
    router.sh("uci set firewall.cwmpd.src_ip=192.0.2.1; uci commit firewall");
    router.sh("sed -i \"s/option port '7547'/option port '17547'/\" /etc/config/cwmp");
    router.sh("rm /tmp/ubus.log; /bin/sh /etc/rc.common /etc/init.d/cwmpd reload");
    router.wait_log("configuration reloaded");
    assert_eq!(router.uci("firewall.cwmpd.dest_port"), "17547");
    assert_eq!(router.uci("firewall.cwmpd.src_ip"), "192.0.2.1");
    assert!(
        router
            .read("/tmp/ubus.log")
            .contains("\"package\":\"firewall\"")
    );

    // Whoever deletes the rule does not want it.
    router.sh("uci delete firewall.cwmpd; uci commit firewall");
    router.sh("/bin/sh /etc/rc.common /etc/init.d/cwmpd restart");
    assert_eq!(router.uci("firewall.cwmpd"), "");
}

#[test]
#[ignore = "needs root and busybox"]
fn what_others_have_set_for_dhcp_stays_and_nothing_is_asked_where_it_is_not_wanted() {
    let network = NETWORK.replace(
        "\toption proto 'dhcp'\n",
        "\toption proto 'dhcp'\n\tlist reqopts '66'\n\tlist reqopts '43'\n\toption vendorid 'Other'\n",
    );
    let router = Router::with_files(Firewall::None, &network);
    router.sh("/usr/lib/cwmpd/setup add");
    assert_eq!(router.uci("network.wan.reqopts"), "66 43 125");
    assert_eq!(router.uci("network.wan.vendorid"), "Other");
    router.sh("/usr/lib/cwmpd/setup remove");
    assert_eq!(router.uci("network.wan.reqopts"), "66 43");
    assert_eq!(router.uci("network.wan.vendorid"), "Other");
    assert_eq!(router.uci("network.wan.cwmpd"), "");

    // Another interface, a WAN without DHCP, and an ACS that DHCP shall not name.
    for (from, to) in [
        (
            "config cpe 'cpe'",
            "config cpe 'cpe'\n\toption default_wan_interface 'wwan'",
        ),
        ("dhcp_discovery ''", "dhcp_discovery 'disable'"),
    ] {
        let router = Router::with_files(Firewall::None, NETWORK);
        let configuration = router.read("/etc/config/cwmp").replacen(from, to, 1);
        router.write("/etc/config/cwmp", &configuration);
        let before = router.committed("network");
        router.sh("/usr/lib/cwmpd/setup add");
        assert_eq!(router.committed("network"), before, "{to}");
    }
    let router = Router::with_files(Firewall::None, &NETWORK.replace("'dhcp'", "'pppoe'"));
    router.sh("/usr/lib/cwmpd/setup add");
    assert_eq!(router.uci("network.wan.reqopts"), "");
}

#[test]
#[ignore = "needs root and busybox"]
fn a_wan_without_a_zone_is_said_and_stops_nothing() {
    let router = Router::with_files(Firewall::Fw4, NETWORK);
    router.sh("sed -i \"s/'wan'/'uplink'/\" /etc/config/firewall");
    let output = router.try_sh("/usr/lib/cwmpd/setup add");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("in no firewall zone"));
    assert_eq!(router.uci("firewall.cwmpd"), "");
    assert_eq!(router.uci("network.wan.reqopts"), "43 125");
}

#[test]
#[ignore = "needs root and busybox"]
fn procd_gets_limits_stderr_and_triggers_and_starts_nothing_that_is_disabled() {
    let router = Router::installed(Firewall::None, NETWORK);
    router.wait_running();
    let told = router.read("/tmp/procd.log");
    for line in [
        "param command /usr/sbin/cwmpd",
        "param respawn 3600 30 0",
        "param stderr 1",
        "param limits core=0 0",
        "reload trigger cwmp",
        "raw trigger config.change 1000 /usr/sbin/cwmpd ctl notify",
    ] {
        assert!(told.lines().any(|told| told == line), "{line} in {told}");
    }
    router.sh(
        "sed -i 's/^ADDRESS_SPACE=$/ADDRESS_SPACE=67108864/' /etc/init.d/cwmpd; rm /tmp/procd.log",
    );
    router.sh("/bin/sh /etc/rc.common /etc/init.d/cwmpd restart");
    let told = router.read("/tmp/procd.log");
    assert!(
        told.contains("param limits core=0 0 as=67108864 67108864\n"),
        "{told}"
    );
    router.wait_running();

    router.sh("uci set cwmp.cpe.enable=0; uci commit cwmp");
    router.sh("/bin/sh /etc/rc.common /etc/init.d/cwmpd reload");
    router.wait_log("stopped");
    router.sh("rm /tmp/procd.log; uci set cwmp.cpe.enable=1; uci commit cwmp");
    router.sh("/bin/sh /etc/rc.common /etc/init.d/cwmpd reload");
    router.wait_running();
    let told = router.read("/tmp/procd.log");
    assert!(
        !told.contains("signal"),
        "SIGHUP would end what has just started: {told}"
    );
}

#[test]
#[ignore = "needs root and busybox"]
fn an_image_build_runs_nothing() {
    let router = Router::with_files(Firewall::Fw4, NETWORK);
    let before = crate::support::tree(&router.root().join("etc"));
    router.script("postinst", "IPKG_INSTROOT=/somewhere");
    assert!(crate::support::tree(&router.root().join("etc")) == before);
}
