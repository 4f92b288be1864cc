//! web-content-apply and du-*: packages, with opkg and with apk.

use std::fs;
use std::process::{Command, Stdio};

use crate::rig::{HOSTILE, Rig};

in_both_shells! {
    opkg_lives_a_unit_s_life
    apk_lives_a_unit_s_life
    an_update_must_be_one_with_opkg
    an_update_must_be_one_with_apk
    what_is_there_is_not_installed_again
    a_url_is_fetched
    what_the_package_manager_says_becomes_a_fault
    a_removal_that_does_not_remove_is_none
    wrong_arguments_never_reach_the_package_manager
    a_firmware_upgrade_takes_the_packages_but_not_what_is_noted
    web_content_is_a_package
    without_a_package_manager_there_are_no_packages
}

const UUID: &str = "11111111-2222-3333-8444-555555555abc";
const OTHER: &str = "99999999-2222-3333-8444-555555555555";

/// opkg, over a file that has what is installed: `name - version` a line. `$2`, a package: $root/what says what is in it.
const OPKG: &str = r#"
db=$root/installed
case $1 in
list-installed) [ ! -f "$db" ] || grep "^$2 - " "$db" || : ;;
install)
	[ -f "$2" ] || exit 255
	while read -r name version; do
		[ ! -f "$db" ] || sed -i "/^$name - /d" "$db"
		echo "$name - $version" >>"$db"
		echo "Installing $name ($version) to root..."
	done <"$root/what"
	;;
remove) sed -i "/^$2 - /d" "$db" ;;
compare-versions) [ "$3" = '>>' ] && awk -v a="$2" -v b="$4" 'BEGIN { exit !(a > b) }' ;;
*) exit 255 ;;
esac
"#;

/// apk, the same way. What a file holds goes into the world with its checksum.
const APK: &str = r#"
db=$root/installed
world=$root/etc/apk/world
case $1 in
list) [ ! -f "$db" ] || sed -n "s/^$3 - \([^ ]*\)/$3-\1 mipsel_24kc {feeds} (MIT) [installed]/p" "$db" ;;
add)
	simulate=
	if [ "$2" = --simulate ]; then
		simulate=1
		shift
	fi
	[ -f "$2" ] || exit 99
	read -r name version <"$root/what"
	old=$([ ! -f "$db" ] || sed -n "s/^$name - //p" "$db")
	if [ -z "$old" ]; then
		echo "(1/1) Installing $name ($version)"
	elif [ "$old" = "$version" ]; then
		cmp -s "$2" "$root/before" || echo "(1/1) Replacing $name ($version -> $version)"
	elif awk -v a="$version" -v b="$old" 'BEGIN { exit !(a > b) }'; then
		echo "(1/1) Upgrading $name ($old -> $version)"
	else
		echo "(1/1) Downgrading $name ($old -> $version)"
	fi
	echo "OK: 9 MiB in 120 packages"
	[ -z "$simulate" ] || exit 0
	cp "$2" "$root/before"
	[ ! -f "$db" ] || sed -i "/^$name - /d" "$db"
	echo "$name - $version" >>"$db"
	sed -i "/^$name[><=~]*/d" "$world"
	echo "$name><Q1$(md5sum <"$2" | tr -d ' -')=" >>"$world"
	;;
del)
	sed -i "/^$2 - /d" "$db"
	sed -i "/^$2[><=~]*/d" "$world"
	;;
*) exit 1 ;;
esac
"#;

fn with_opkg(rig: &Rig) {
    let _ = fs::remove_file(rig.path("bin/apk"));
    rig.on("opkg", OPKG);
}

fn with_apk(rig: &Rig) {
    rig.on("apk", APK);
    rig.write("etc/apk/world", "base-files\nfoo-common\n");
}

/// A package, as a file of this name.
fn package(rig: &Rig, file: &str, name: &str, version: &str) -> String {
    let ipk = rig.path("ipk");
    fs::create_dir_all(&ipk).expect("a folder");
    let control = format!("Package: {name}\nVersion: {version}\nArchitecture: mipsel_24kc\n");
    fs::write(ipk.join("control"), control).expect("control");
    let tar = |arguments: &[&str]| {
        let status = Command::new("tar")
            .args(arguments)
            .current_dir(&ipk)
            .status();
        assert!(status.expect("tar").success());
    };
    tar(&["-czf", "control.tar.gz", "./control"]);
    let out = rig.write(file, "");
    tar(&["-czf", &out, "--force-local", "./control.tar.gz"]);
    rig.write("what", format!("{name} {version}\n"));
    out
}

fn report(name: &str, version: &str, status: &str) -> String {
    format!("uuid={UUID}\nname={name}\nversion={version}\nstatus={status}\n")
}

fn unit_s_life(rig: &Rig) {
    let name = format!("files/{}", HOSTILE.replace('/', ""));
    let file = package(rig, &name, "foo+bar", "1.0-r1");
    assert_eq!(rig.run("du-list", &[]).well(), "");
    let ended = rig.run(
        "du-install",
        &[
            &file,
            &UUID.to_uppercase(),
            "Device.SoftwareModules.ExecEnv.1.",
        ],
    );
    assert_eq!(ended.well(), report("foo+bar", "1.0-r1", "installed"));
    assert_eq!(
        rig.run("du-list", &[]).well(),
        report("foo+bar", "1.0-r1", "installed")
    );

    let file = package(rig, &name, "foo+bar", "1.1-r1");
    let ended = rig.run("du-update", &[&file, UUID, "1.0-r1"]);
    assert_eq!(ended.well(), report("foo+bar", "1.1-r1", "installed"));

    rig.run("du-uninstall", &[UUID, "1.0-r1", ""])
        .says(28, "there is no version '1.0-r1'");
    let ended = rig.run("du-uninstall", &[UUID, "1.1-r1", ""]);
    assert_eq!(ended.well(), report("foo+bar", "1.1-r1", "uninstalled"));
    assert_eq!(rig.run("du-list", &[]).well(), "");
    assert_eq!(
        fs::read_dir(rig.path("etc/cwmpd/units"))
            .expect("it")
            .count(),
        0
    );
    rig.run("du-uninstall", &[UUID, "", ""])
        .says(28, "there is no deployment unit");
    rig.run("du-update", &[&file, UUID, ""])
        .says(28, "there is no deployment unit");
    // It may come back.
    rig.run("du-install", &[&file, UUID, ""]).well();
}

fn opkg_lives_a_unit_s_life(rig: &Rig) {
    with_opkg(rig);
    unit_s_life(rig);
    let calls = rig.calls_of("opkg");
    let first = |what: &str| calls.iter().find(|call| call[1] == what).expect("a call");
    let install = first("install");
    // opkg takes for a file what ends in .ipk.
    assert!(
        install[2].starts_with(rig.path("tmp").to_str().expect("UTF-8")),
        "{install:?}"
    );
    assert!(
        install[2].ends_with(".ipk") && install.len() == 3,
        "{install:?}"
    );
    assert_eq!(first("remove")[1..], ["remove", "foo+bar"]);
    assert_eq!(first("compare-versions")[2..], ["1.1-r1", ">>", "1.0-r1"]);
}

fn apk_lives_a_unit_s_life(rig: &Rig) {
    with_apk(rig);
    unit_s_life(rig);
    let calls = rig.calls();
    let add = calls.iter().find(|call| call[1] == "add").expect("a call");
    // Signed, or not at all.
    assert!(add[2].ends_with(".apk") && add.len() == 3, "{add:?}");
    assert!(calls.contains(&["apk", "del", "foo+bar"].map(str::to_owned).to_vec()));
    assert!(calls.iter().all(|call| call[0] == "apk"));
}

/// Update of foo 1.0 with another package.
fn update(rig: &Rig, name: &str, version: &str, status: i32, words: &str) {
    let file = package(rig, "file", name, version);
    let before = rig.read("installed");
    rig.run("du-update", &[&file, UUID, ""]).says(status, words);
    assert_eq!(rig.read("installed"), before);
}

fn installed(rig: &Rig, name: &str, version: &str) -> String {
    let file = package(rig, "first", name, version);
    rig.run("du-install", &[&file, UUID, ""]).well();
    file
}

fn updates(rig: &Rig) {
    let file = installed(rig, "foo", "1.1");
    update(rig, "foo", "1.0", 30, "is older than the installed foo 1.1");
    update(rig, "foo", "1.1", 32, "foo 1.1 is installed already");
    update(rig, "foo-common", "1.2", 18, "no package foo");
    rig.run("du-update", &[&file, UUID, HOSTILE])
        .says(28, HOSTILE);
    rig.run("du-update", &["/nothing/here", UUID, ""])
        .says(18, "there is no file");
    rig.run("du-update", &["", UUID, ""])
        .says(18, "there is no file");
    rig.run("du-update", &[&file, OTHER, ""])
        .says(28, "there is no deployment unit");
    rig.run("du-update", &[&file, "", ""]).says(22, "no UUID");
}

fn an_update_must_be_one_with_opkg(rig: &Rig) {
    with_opkg(rig);
    updates(rig);
    let file = rig.write("file", "<html>");
    rig.run("du-update", &[&file, UUID, ""])
        .says(18, "no package for opkg");
}

fn an_update_must_be_one_with_apk(rig: &Rig) {
    with_apk(rig);
    updates(rig);
    rig.on("apk", &format!("[ \"$2\" != --simulate ] || {{ echo 'ERROR: package.apk: v2 package format error' >&2; exit 99; }}\n{APK}"));
    let file = rig.write("file", "<html>");
    rig.run("du-update", &[&file, UUID, ""])
        .says(18, "format error");
}

fn again(rig: &Rig) {
    let file = installed(rig, "foo", "1.0");
    rig.run("du-install", &[&file, UUID, ""])
        .says(26, &format!("{UUID} is installed already: foo"));
    rig.run("du-install", &[&file, OTHER, ""])
        .says(26, "this package is installed already");
    assert!(!rig.path("etc/cwmpd/units").join(OTHER).exists());
}

fn what_is_there_is_not_installed_again(rig: &Rig) {
    with_apk(rig);
    again(rig);
    fs::remove_file(rig.path("installed")).expect("the file");
    with_opkg(rig);
    again(rig);
    // opkg leaves a newer version as it is, and calls that a success.
    let file = package(rig, "file", "foo", "0.9");
    rig.on("opkg", &OPKG.replace("install)", "install) exit 0 ;;\nno)"));
    rig.run("du-install", &[&file, OTHER, ""])
        .says(26, "or a newer one");
}

fn a_url_is_fetched(rig: &Rig) {
    with_opkg(rig);
    let file = package(rig, "file", "foo", "1.0");
    let url = format!("https://example.net/a?b&c;{HOSTILE}");
    rig.on("wget", &format!("cp '{file}' \"$3\""));
    rig.run("du-install", &[&url, UUID, ""]).well();
    let calls = rig.calls_of("wget");
    assert_eq!(
        (&calls[0][1..3], &calls[0][4..]),
        (&["-q".into(), "-O".into()][..], &[url.clone()][..])
    );
    assert!(calls[0][3].starts_with(rig.path("tmp").to_str().expect("UTF-8")));
    for (exit, status, words) in [
        (4, 15, "not reached"),
        (5, 15, "certificate"),
        (8, 16, "hand out"),
        (1, 16, "hand out"),
    ] {
        rig.on("wget", &format!("echo half >\"$3\"; exit {exit}"));
        rig.run("du-install", &[&url, OTHER, ""])
            .says(status, words);
    }
    for no in [
        "",
        "-O/etc/passwd",
        "gopher://example.net/",
        "file",
        HOSTILE,
    ] {
        rig.run("du-install", &[no, OTHER, ""])
            .says(13, "neither an absolute path nor a URL");
    }
}

fn what_the_package_manager_says_becomes_a_fault(rig: &Rig) {
    with_apk(rig);
    let file = package(rig, "file", "foo", "1.0");
    let says = |manager: &str, verb: &str, said: &str, status: i32| {
        let script = if manager == "opkg" { OPKG } else { APK };
        rig.on(
            manager,
            &format!("[ \"$1\" != {verb} ] || {{ echo \"{said}\" >&2; exit 99; }}\n{script}"),
        );
        rig.run("du-install", &[&file, UUID, ""]).says(status, said);
        assert!(!rig.path("etc/cwmpd/units").exists());
        // Whatever it is, web content was not installed.
        rig.run("web-content-apply", &[&file, ""]).says(1, said);
    };
    says("apk", "add", "ERROR: package.apk: UNTRUSTED signature", 1);
    says("apk", "add", "ERROR: package.apk: BAD signature", 18);
    says(
        "apk",
        "add",
        "ERROR: package.apk: v2 package format error",
        18,
    );
    says(
        "apk",
        "add",
        "ERROR: Failed to extract: No space left on device",
        27,
    );
    says(
        "apk",
        "add",
        "foo-1.0: error: uninstallable arch: x86_64",
        25,
    );
    says(
        "apk",
        "add",
        "ERROR: unable to select packages: libfoo (no such package)",
        2,
    );
    with_opkg(rig);
    says(
        "opkg",
        "install",
        " * verify_pkg_installable: Only have 480kb available on filesystem /overlay, pkg foo needs 2070",
        27,
    );
    says(
        "opkg",
        "install",
        " * pkg_hash: Packages for foo found, but incompatible with the architectures configured",
        25,
    );
    says(
        "opkg",
        "install",
        " * satisfy_dependencies_for: Cannot satisfy the following dependencies for foo",
        2,
    );
}

fn a_removal_that_does_not_remove_is_none(rig: &Rig) {
    with_apk(rig);
    installed(rig, "foo", "1.0");
    rig.on(
        "apk",
        &APK.replace("del)", "del) echo 'not removed due to: bar' ;;\nno)"),
    );
    rig.run("du-uninstall", &[UUID, "", ""])
        .says(29, "not removed due to: bar");
    assert!(rig.run("du-list", &[]).well().contains("name=foo\n"));
    with_opkg(rig);
    for (said, status) in [
        ("Package foo is depended upon by packages:", 29),
        ("Could not lock", 2),
    ] {
        rig.on(
            "opkg",
            &OPKG.replace(
                "remove)",
                &format!("remove) echo '{said}' >&2; exit 255 ;;\nno)"),
            ),
        );
        rig.run("du-uninstall", &[UUID, "1.0", ""])
            .says(status, said);
    }
    assert!(rig.run("du-list", &[]).well().contains("name=foo\n"));
}

fn wrong_arguments_never_reach_the_package_manager(rig: &Rig) {
    with_opkg(rig);
    let file = package(rig, "file", "foo", "1.0");
    let long = format!("{UUID}0");
    for no in [
        "",
        "x",
        "../../../../../../../../etc/passwd/aaa",
        &long,
        HOSTILE,
        "gggggggg-2222-3333-8444-555555555555",
    ] {
        rig.run("du-install", &[&file, no, ""])
            .says(22, "is no UUID");
        rig.run("du-update", &[&file, no, ""])
            .says(22, "is no UUID");
        rig.run("du-uninstall", &[no, "", ""])
            .says(22, "is no UUID");
    }
    for no in ["Device.SoftwareModules.ExecEnv.2.", HOSTILE] {
        rig.run("du-install", &[&file, UUID, no])
            .says(23, "no execution environment");
        rig.run("du-uninstall", &[UUID, "", no])
            .says(23, "no execution environment");
    }
    rig.run("du-install", &["/nothing/here", UUID, ""])
        .says(18, "there is no file");
    // Packages that call themselves something that is none of a package's name or version.
    for (name, version) in [
        ("-x", "1"),
        ("$(reboot)", "1"),
        ("a b", "1"),
        ("../a", "1"),
        ("foo", "1 2"),
        ("foo", "-1"),
        ("", "1"),
        ("foo", ""),
    ] {
        let file = package(rig, "file", name, version);
        rig.run("du-install", &[&file, UUID, ""])
            .says(18, "no package for opkg");
    }
    assert!(rig.calls().is_empty());
}

fn a_firmware_upgrade_takes_the_packages_but_not_what_is_noted(rig: &Rig) {
    with_opkg(rig);
    let file = installed(rig, "foo", "1.0");
    fs::remove_file(rig.path("installed")).expect("the file");
    assert_eq!(rig.run("du-list", &[]).well(), "");
    rig.run("du-uninstall", &[UUID, "", ""])
        .says(28, "foo is not installed");
    rig.run("du-install", &[&file, UUID, ""]).well();
    assert_eq!(
        rig.run("du-list", &[]).well(),
        report("foo", "1.0", "installed")
    );
}

fn web_content_is_a_package(rig: &Rig) {
    with_opkg(rig);
    let name = format!("files/{}", HOSTILE.replace('/', ""));
    let file = package(rig, &name, "web", "1.0");
    rig.run("web-content-apply", &[&file, HOSTILE]).well();
    assert_eq!(rig.read("installed"), "web - 1.0\n");
    assert!(!rig.path("etc/cwmpd/units").exists());
    let file = rig.write("file", "<html>");
    rig.run("web-content-apply", &[&file, ""])
        .says(1, "must be a package for this device (*.ipk)");
    rig.run("web-content-apply", &["/nothing/here", ""])
        .says(1, "there is no file");
    rig.run("web-content-apply", &[])
        .says(1, "there is no file");
}

fn without_a_package_manager_there_are_no_packages(rig: &Rig) {
    rig.without("apk");
    rig.without("opkg");
    rig.run("web-content-apply", &["/x", ""])
        .says(3, "neither opkg nor apk");
    rig.run("du-install", &["/x", UUID, ""])
        .says(2, "neither opkg nor apk");
    rig.run("du-update", &["/x", UUID, ""])
        .says(2, "neither opkg nor apk");
    rig.run("du-uninstall", &[UUID, "", ""])
        .says(2, "neither opkg nor apk");
    rig.run("du-list", &[]).says(2, "neither opkg nor apk");
    assert!(rig.calls().is_empty());
}

/// The package manager's own words do not pass for the hook's.
#[test]
fn a_report_comes_after_all_else() {
    let rig = Rig::new(crate::rig::Shell::System);
    with_opkg(&rig);
    let file = package(&rig, "file", "foo", "1.0");
    rig.on(
        "opkg",
        &format!("[ \"$1\" != install ] || echo uuid=none\n{OPKG}"),
    );
    // As the daemon has it: both in one pipe.
    let mut command = rig.command("du-install", &[&file, UUID, ""]);
    let (mut read, write) = std::io::pipe().expect("a pipe");
    command
        .stdout(write.try_clone().expect("a pipe"))
        .stderr(write)
        .stdin(Stdio::null());
    let mut child = command.spawn().expect("a shell");
    drop(command);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut read, &mut said).expect("its words");
    assert!(child.wait().expect("its end").success());
    assert!(said.starts_with("uuid=none\n"), "{said}");
    assert!(said.ends_with(&report("foo", "1.0", "installed")), "{said}");
}
