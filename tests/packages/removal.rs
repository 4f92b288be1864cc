//! An upgrade keeps everything, a removal leaves nothing but the configuration.

use std::collections::BTreeSet;

use crate::router::{FIREWALLS, Firewall, NETWORK, Router};
use crate::support::{listed, tree};

fn names(router: &Router) -> BTreeSet<String> {
    let all = tree(router.root()).into_keys();
    // What is in RAM is gone at the next boot; the stand-ins write their records there.
    all.filter(|path| !path.starts_with("/tmp/") || path.starts_with("/tmp/run/"))
        .collect()
}

#[test]
#[ignore = "needs root and busybox"]
fn a_removal_leaves_nothing_but_conffiles() {
    for firewall in FIREWALLS {
        let router = Router::with_files(firewall, NETWORK);
        let mut bare = names(&router);
        for file in listed().iter().filter(|listed| !listed.conffile) {
            assert!(bare.remove(&file.path), "{}", file.path);
        }
        let configured = [router.committed("network"), router.committed("firewall")];
        router.script("postinst", "");
        router.wait_running();
        assert!(router.exists("/etc/cwmpd/state.toml"));
        router.write("/etc/cwmpd/state.toml.damaged-1", "");
        router.write("/tmp/run/cwmpd.dhcp", "");
        router.sh("mkdir /etc/cwmpd/units; echo package >/etc/cwmpd/units/uuid");

        router.script("prerm", "PKG_UPGRADE=0");
        router.wait_log("stopped");
        router.delete_files();
        assert_eq!(names(&router), bare, "{firewall:?}");
        assert!(router.exists("/etc/config/cwmp"));
        assert!(!router.exists("/etc/cwmpd"));
        assert!(!router.exists("/usr/lib/cwmpd"));
        assert_eq!(
            [router.committed("network"), router.committed("firewall")],
            configured
        );
    }
}

#[test]
#[ignore = "needs root and busybox"]
fn a_removal_keeps_what_the_user_has_put_beside_the_state() {
    let router = Router::installed(Firewall::None, NETWORK);
    router.wait_running();
    router.write("/etc/cwmpd/device.pem", "mine");
    router.script("prerm", "");
    assert_eq!(router.read("/etc/cwmpd/device.pem"), "mine");
    assert!(!router.exists("/etc/cwmpd/state.toml"));
}

#[test]
#[ignore = "needs root and busybox"]
fn an_upgrade_keeps_state_rule_and_requests_and_the_service_as_it_was() {
    let router = Router::installed(Firewall::Fw4, NETWORK);
    router.wait_running();
    let kept = |router: &Router| {
        let files = ["network", "firewall", "cwmp"].map(|package| router.committed(package));
        (files, router.exists("/etc/rc.d/S95cwmpd"))
    };
    let before = kept(&router);
    // With opkg: the old prerm, the new files, the new postinst.
    router.script("prerm", "PKG_UPGRADE=1");
    router.wait_log("stopped");
    let state = router.read("/etc/cwmpd/state.toml");
    assert_ne!(state, "");
    router.restage();
    router.script("postinst", "PKG_UPGRADE=1");
    router.wait_running();
    assert_eq!(kept(&router), before);
    // Not another device: the same connection request password.
    let secret = |state: &str| {
        state
            .lines()
            .find(|line| line.contains("password"))
            .map(str::to_owned)
    };
    assert_eq!(
        secret(&router.read("/etc/cwmpd/state.toml")),
        secret(&state)
    );

    // Disabled, it stays so and is not started.
    router.script("prerm", "PKG_UPGRADE=1");
    router.wait_log("stopped");
    router.sh("/bin/sh /etc/rc.common /etc/init.d/cwmpd disable; rm /tmp/procd.log");
    router.script("postinst", "PKG_UPGRADE=1");
    assert!(!router.exists("/etc/rc.d/S95cwmpd"));
    assert_eq!(router.read("/tmp/procd.log"), "");
}
