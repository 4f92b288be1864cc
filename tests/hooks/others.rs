//! log-export, confirm-download, and the hooks that are not for transfers.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::rig::{HOSTILE, Rig};

in_both_shells! {
    the_system_log_is_exported
    the_log_file_is_exported_with_what_was_rotated_out
    a_log_that_is_not_there_leaves_nothing
    nobody_confirms
    a_reboot_syncs_first
    a_factory_reset_erases_the_overlay_and_reboots
    without_an_overlay_nothing_is_reset
    dhcp_is_asked_on_both_halves
}

fn the_system_log_is_exported(rig: &Rig) {
    rig.on("logread", "echo 'a line'");
    let file = rig.write(
        &format!("out/{}", HOSTILE.replace('/', "")),
        "something longer",
    );
    for instance in ["1", ""] {
        rig.run("log-export", &[&file, instance]).well();
        let mode = fs::metadata(&file).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&file).expect("the file"), "a line\n");
    }
    assert_eq!(rig.calls(), [["logread"], ["logread"]]);
}

fn the_log_file_is_exported_with_what_was_rotated_out(rig: &Rig) {
    let log = rig.write(&format!("logs/{}", HOSTILE.replace('/', "")), "new\n");
    rig.on("uci", &format!("cat '{}'", rig.write("log_file", &log)));
    let file = rig.path("file").to_str().expect("UTF-8").to_owned();
    rig.run("log-export", &[&file, "2"]).well();
    assert_eq!(rig.read("file"), "new\n");
    fs::write(format!("{log}.0"), "old\n").expect("the file");
    rig.run("log-export", &[&file, "2"]).well();
    assert_eq!(rig.read("file"), "old\nnew\n");
    assert_eq!(
        rig.calls()[0],
        ["uci", "-q", "get", "system.@system[0].log_file"]
    );
}

fn a_log_that_is_not_there_leaves_nothing(rig: &Rig) {
    let file = rig.path("file").to_str().expect("UTF-8").to_owned();
    for instance in ["3", "0", HOSTILE] {
        rig.run("log-export", &[&file, instance])
            .says(2, "there is no log file");
    }
    rig.on("uci", "exit 1");
    rig.run("log-export", &[&file, "2"])
        .says(2, "log_file is not set");
    rig.on("uci", "echo /nothing/here");
    rig.run("log-export", &[&file, "2"])
        .says(1, "log_file is /nothing/here");
    rig.on("logread", "echo half; exit 1");
    rig.run("log-export", &[&file, "1"])
        .says(1, "does logd run?");
    assert!(!rig.path("file").exists());
    rig.run("log-export", &["", "1"])
        .says(1, "no file is named");
}

fn nobody_confirms(rig: &Rig) {
    let ended = rig.run("confirm-download", &[HOSTILE, HOSTILE]);
    ended.says(1, &format!("download '{HOSTILE}' needs a confirmation"));
    assert!(rig.calls().is_empty());
}

fn a_reboot_syncs_first(rig: &Rig) {
    rig.run("reboot", &[HOSTILE, "second"]).well();
    assert_eq!(rig.calls(), [["sync"], ["reboot"]]);
    rig.on("reboot", "exit 3");
    assert_eq!(rig.run("reboot", &[]).status, 3);
}

fn a_factory_reset_erases_the_overlay_and_reboots(rig: &Rig) {
    rig.run("factory-reset", &[]).well();
    let wanted = [vec!["firstboot", "-y"], vec!["sync"], vec!["reboot"]];
    assert_eq!(rig.calls(), wanted);
    rig.on("firstboot", "exit 1");
    assert_eq!(rig.run("factory-reset", &[]).status, 1);
    assert_eq!(rig.calls(), [["firstboot", "-y"]]);
}

fn without_an_overlay_nothing_is_reset(rig: &Rig) {
    rig.without("firstboot");
    rig.run("factory-reset", &[])
        .says(1, "firstboot is missing");
    assert!(rig.calls().is_empty());
}

fn dhcp_is_asked_on_both_halves(rig: &Rig) {
    rig.run("dhcp-renew", &[HOSTILE]).well();
    let object = |suffix| format!("network.interface.{HOSTILE}{suffix}");
    let wanted =
        ["", "6"].map(|suffix| vec!["ubus".into(), "call".into(), object(suffix), "renew".into()]);
    assert_eq!(rig.calls(), wanted);
    // The IPv6 half need not be there.
    rig.on("ubus", "[ \"$2\" = network.interface.wan ]");
    rig.run("dhcp-renew", &[]).well();
    rig.on("ubus", "exit 4");
    assert_eq!(rig.run("dhcp-renew", &[]).status, 4);
}
