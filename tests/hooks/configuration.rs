//! config-apply and config-export.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::rig::{HOSTILE, Rig};

in_both_shells! {
    a_file_replaces_the_packages_that_are_in_it
    what_an_export_says_an_import_takes_back
    a_package_is_named_by_the_file_or_by_its_target_name
    what_nothing_takes_up_counts_after_a_reboot
    a_file_that_is_not_right_changes_nothing
    a_package_that_cannot_be_written_takes_the_others_back
    the_way_back_to_the_acs_stays
    another_acs_does_not_get_the_credentials
    the_configuration_is_exported_for_nobody_else
    an_export_that_fails_leaves_nothing
}

const NETWORK: &str = "config interface 'lan'\n\toption proto 'static'\n";
const SYSTEM: &str = "config system 'system'\n\toption hostname 'OpenWrt'\n";

/// As `ubus call service list '{"verbose":true}'` prints what a service listens for.
const SERVICES: &str = r#"{
	"network": {
		"triggers": [
			[
				"config.change",
				[
					"if",
					[
						"eq",
						"package",
						"network"
					],
					[ "run_script", "/etc/init.d/network", "reload" ]
				]
			],
			[ "config.change", [ "if", [ "eq", "package", "cwmp" ], [ "run_script", "x" ] ] ]
		]
	},
	"system": { }
}"#;

/// A router with the packages network and system.
fn router(rig: &Rig) {
    rig.write("etc/config/network", NETWORK);
    rig.write("etc/config/system", SYSTEM);
    rig.write("services", SERVICES);
    rig.on("ubus", "[ \"$3\" != list ] || cat \"$root/services\"");
}

/// Which packages were told about.
fn told(rig: &Rig) -> Vec<String> {
    let calls = rig.calls_of("ubus").into_iter();
    let events = calls.filter(|call| call[3] == "event");
    let packages = events.map(|call| {
        let rest = call[4].strip_prefix(r#"{"type":"config.change","data":{"package":""#);
        rest.and_then(|rest| rest.strip_suffix("\"}}"))
            .expect("an event")
            .to_owned()
    });
    packages.collect()
}

fn a_file_replaces_the_packages_that_are_in_it(rig: &Rig) {
    router(rig);
    let wan = "config interface 'wan'\n\toption proto 'dhcp'\n";
    let file = rig.write(
        "vendor file",
        format!("package 'network'\n\n{wan}\npackage system\n{SYSTEM}"),
    );
    rig.write("uci/network", "somebody has begun to change this");
    assert_eq!(
        rig.run("config-apply", &[&file, HOSTILE]).well(),
        "changed: network\n"
    );
    assert_eq!(rig.read("etc/config/network"), wan);
    assert_eq!(rig.read("etc/config/system"), SYSTEM);
    assert!(!rig.path("uci/network").exists());
    assert_eq!(told(rig), ["network"]);
    // Once more: nothing to do, and nobody is told.
    let ended = rig.run("config-apply", &[&file, ""]);
    assert_eq!(ended.well(), "the configuration is what it was\n");
    assert!(told(rig).is_empty());
}

fn what_an_export_says_an_import_takes_back(rig: &Rig) {
    router(rig);
    let file = rig.path("export").to_str().expect("UTF-8").to_owned();
    rig.run("config-export", &[&file, "1"]).well();
    let ended = rig.run("config-apply", &[&file, ""]);
    assert_eq!(ended.well(), "the configuration is what it was\n");
}

fn a_package_is_named_by_the_file_or_by_its_target_name(rig: &Rig) {
    router(rig);
    let wan = "config interface 'wan'\n";
    let file = rig.write("file", wan);
    for target in [
        "", HOSTILE, "/", "..", "-x", "net work", "a/../b c", ".network",
    ] {
        rig.run("config-apply", &[&file, target])
            .says(1, "which package it is");
        assert_eq!(rig.read("etc/config/network"), NETWORK);
    }
    for target in [
        "network",
        "network.conf",
        "/etc/config/network",
        "a b/network.uci.conf",
    ] {
        rig.write("etc/config/network", NETWORK);
        assert_eq!(
            rig.run("config-apply", &[&file, target]).well(),
            "changed: network\n"
        );
        assert_eq!(rig.read("etc/config/network"), wan);
    }
}

fn what_nothing_takes_up_counts_after_a_reboot(rig: &Rig) {
    router(rig);
    let file = rig.write(
        "file",
        "package network\nconfig a\npackage system\nconfig b\n",
    );
    let ended = rig.run("config-apply", &[&file, ""]);
    assert_eq!(ended.status, 10, "{}", ended.stderr);
    assert!(ended.stdout.contains("changed: network\n"));
    assert!(
        ended
            .stdout
            .contains("changed: system, which no service takes up")
    );
    assert_eq!(told(rig), ["network"]);
    // No procd, or one that does not listen.
    rig.on("ubus", "exit 4");
    let file = rig.write("file", "package network\nconfig c\n");
    assert_eq!(rig.run("config-apply", &[&file, ""]).status, 10);
    rig.on("ubus", "[ \"$3\" = list ] && cat \"$root/services\"");
    let file = rig.write("file", "package network\nconfig d\n");
    assert_eq!(rig.run("config-apply", &[&file, ""]).status, 10);
    assert_eq!(rig.read("etc/config/network"), "config d\n");
}

fn a_file_that_is_not_right_changes_nothing(rig: &Rig) {
    router(rig);
    rig.write("uci/network", "somebody has begun to change this");
    let good = "package system\nconfig other\n";
    for (text, words) in [
        (
            format!("{good}package network\n<html>\n"),
            "Parse error (invalid command) at line 4",
        ),
        (
            format!("{good}package ../../passwd\nconfig x\n"),
            "no UCI configuration",
        ),
        ("package network\n".to_owned(), "holds no configuration"),
        (String::new(), "which package it is"),
        ("\u{7f}ELF\u{1}\u{2}".to_owned(), "which package it is"),
    ] {
        let file = rig.write("file", &text);
        rig.run("config-apply", &[&file, ""]).says(1, words);
        assert_eq!(rig.read("etc/config/system"), SYSTEM);
        assert_eq!(rig.read("etc/config/network"), NETWORK);
    }
    assert!(rig.path("uci/network").exists());
    rig.run("config-apply", &["/nothing/here", ""])
        .says(1, "there is no file");
    rig.run("config-apply", &[]).says(1, "there is no file");
    assert!(told(rig).is_empty());
}

fn a_package_that_cannot_be_written_takes_the_others_back(rig: &Rig) {
    router(rig);
    // The flash is full when the second one comes.
    rig.on(
        "uci",
        "[ \"$1 $2\" != 'import system' ] || [ -e \"$root/failed\" ] ||
         { : >\"$root/failed\"; echo 'uci: I/O error' >&2; exit 1; }
         exec /bin/sh \"$root/doubles/uci\" \"$@\"",
    );
    let file = rig.write(
        "file",
        "package network\nconfig a\npackage system\nconfig b\n",
    );
    rig.run("config-apply", &[&file, ""])
        .says(1, "system could not be written");
    assert!(rig.path("failed").exists());
    // An export begins with a line of its own.
    assert_eq!(rig.read("etc/config/network"), NETWORK);
    assert_eq!(rig.read("etc/config/system"), SYSTEM);
    assert!(told(rig).is_empty());
}

const CWMP: &str = "config acs 'acs'
\toption url 'https://acs.example/'
\toption userid 'device'
\toption passwd 'se cret $(touch evil)'
\toption tls_ca_file '/etc/ca.pem'
config cpe 'cpe'
\toption userid 'knock'
\toption passwd '-knock'
";

fn the_way_back_to_the_acs_stays(rig: &Rig) {
    router(rig);
    rig.write("etc/config/cwmp", CWMP);
    // Of another device: it has neither this one's credentials, nor a section for some of them.
    for text in [
        "package cwmp\nconfig acs 'acs'\n\toption periodic_inform_interval '60'\n",
        "package cwmp\nconfig acs 'acs'\n\toption url 'https://acs.example/'\n\toption periodic_inform_interval '60'\n",
    ] {
        let file = rig.write("file", text);
        assert_eq!(
            rig.run("config-apply", &[&file, ""]).well(),
            "changed: cwmp\n"
        );
        let now = rig.read("etc/config/cwmp");
        for line in CWMP
            .lines()
            .chain(["\toption periodic_inform_interval '60'"])
        {
            assert_eq!(
                now.matches(line).count(),
                CWMP.matches(line).count().max(1),
                "{line}: {now}"
            );
        }
        assert_eq!(told(rig), ["cwmp"]);
        assert!(!rig.path("uci/cwmp").exists());
        rig.write("etc/config/cwmp", CWMP);
    }
    // What the file says counts.
    let file = rig.write(
        "file",
        format!("package cwmp\n{}", CWMP.replace("knock", "other")),
    );
    rig.run("config-apply", &[&file, ""]).well();
    assert!(!rig.read("etc/config/cwmp").contains("knock"));
}

fn another_acs_does_not_get_the_credentials(rig: &Rig) {
    router(rig);
    rig.write("etc/config/cwmp", CWMP);
    let file = rig.write(
        "file",
        "package cwmp\nconfig acs 'acs'\n\toption url 'https://new.example/'\n",
    );
    rig.run("config-apply", &[&file, ""]).well();
    let now = rig.read("etc/config/cwmp");
    assert!(now.contains("https://new.example/"), "{now}");
    assert!(now.contains("'-knock'"), "{now}");
    for gone in ["se cret", "'device'", "ca.pem", "acs.example"] {
        assert!(!now.contains(gone), "{now}");
    }
}

fn the_configuration_is_exported_for_nobody_else(rig: &Rig) {
    router(rig);
    let name = HOSTILE.replace('/', "");
    let file = rig.write(
        &format!("out/{name}"),
        "something longer than what comes now",
    );
    let readable = fs::Permissions::from_mode(0o666);
    for instance in ["1", ""] {
        fs::set_permissions(&file, readable.clone()).expect("a mode");
        rig.run("config-export", &[&file, instance]).well();
        let mode = fs::metadata(&file).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = fs::read_to_string(&file).expect("the file");
        assert_eq!(
            text,
            format!("package network\n{NETWORK}package system\n{SYSTEM}")
        );
    }
    assert_eq!(rig.calls(), [["uci", "export"], ["uci", "export"]]);
}

fn an_export_that_fails_leaves_nothing(rig: &Rig) {
    let file = rig.path("file").to_str().expect("UTF-8").to_owned();
    for instance in ["2", "0", "01", "-1", HOSTILE] {
        rig.run("config-export", &[&file, instance])
            .says(2, "there is no configuration file");
    }
    assert!(rig.calls().is_empty());
    rig.run("config-export", &["", "1"])
        .says(1, "no file is named");
    for fails in ["echo half; exit 1", "exit 0"] {
        rig.on("uci", fails);
        rig.run("config-export", &[&file, "1"])
            .says(1, "could not be exported");
        assert!(!rig.path("file").exists());
    }
    rig.run("config-export", &["/nothing/here", "1"])
        .says(1, "could not be exported");
}
