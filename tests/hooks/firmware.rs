//! firmware-check, firmware-apply, and the two that refuse.

use std::fs;

use crate::rig::{HOSTILE, Rig};

in_both_shells! {
    a_good_image_is_good
    a_bad_image_is_told_from_one_without_a_signature
    what_is_no_image_never_reaches_sysupgrade
    an_upgrade_that_ends_at_once_is_under_way
    an_upgrade_goes_on_when_the_hook_has_ended
    an_upgrade_that_cuts_off_its_caller_is_under_way
    an_upgrade_that_is_refused_keeps_its_status
    the_hook_ends_well_when_the_system_ends_all_processes
    what_needs_the_vendor_is_refused
}

/// A file whose name no shell may touch.
fn image(rig: &Rig) -> String {
    rig.write(&format!("images/{}", HOSTILE.replace('/', "")), "an image")
}

fn a_good_image_is_good(rig: &Rig) {
    let image = image(rig);
    rig.run("firmware-check", &[&image]).well();
    assert_eq!(rig.calls(), [["sysupgrade", "-T", &image]]);
}

fn a_bad_image_is_told_from_one_without_a_signature(rig: &Rig) {
    let image = image(rig);
    rig.on("sysupgrade", "echo 'Image check failed.'; exit 1");
    for (tests, status) in [
        (
            r#"{ "tests": { "fwtool_signature": false, "fwtool_device_match": true }, "valid": false }"#,
            2,
        ),
        (
            "{\n\t\"tests\": {\n\t\t\"fwtool_signature\":\tfalse\n} }",
            2,
        ),
        (
            r#"{ "tests": { "fwtool_signature": true, "fwtool_device_match": false }, "valid": false }"#,
            1,
        ),
        ("", 1),
    ] {
        rig.on("validate_firmware_image", &format!("printf '%s' '{tests}'"));
        let ended = rig.run("firmware-check", &[&image]);
        ended.says(status, if status == 2 { "signature" } else { "refuses" });
        assert_eq!(ended.stdout, "Image check failed.\n");
        let wanted = [
            vec!["sysupgrade", "-T", &image],
            vec!["validate_firmware_image", &image],
        ];
        assert_eq!(rig.calls(), wanted);
    }
    // Nothing that knows more.
    rig.on("validate_firmware_image", "exit 1");
    rig.run("firmware-check", &[&image]).says(1, "refuses");
}

fn what_is_no_image_never_reaches_sysupgrade(rig: &Rig) {
    let folder = rig.root.display().to_string();
    for hook in ["firmware-check", "firmware-apply"] {
        for (file, words) in [
            ("", "no absolute path"),
            ("-n", "no absolute path"),
            ("-F", "no absolute path"),
            ("http://example.net/image", "no absolute path"),
            ("/nothing/here", "there is no image"),
            (&folder, "there is no image"),
        ] {
            rig.run(hook, &[file, "key"]).says(1, words);
        }
        rig.run(hook, &[]).says(1, "no absolute path");
    }
    assert!(rig.calls().is_empty());
    let image = image(rig);
    rig.without("sysupgrade");
    for hook in ["firmware-check", "firmware-apply"] {
        rig.run(hook, &[&image, "key"])
            .says(1, "sysupgrade is missing");
    }
}

/// The hook looks for the end of sysupgrade once in a while, and not for ever.
fn time_passes(rig: &Rig) {
    rig.on("sleep", "exec /bin/sleep 0.5");
}

fn an_upgrade_that_ends_at_once_is_under_way(rig: &Rig) {
    let image = image(rig);
    time_passes(rig);
    rig.on("sysupgrade", "echo 'Commencing upgrade.'");
    let ended = rig.run("firmware-apply", &[&image, HOSTILE]);
    let said =
        format!("firmware upgrade requested, command key '{HOSTILE}'\nCommencing upgrade.\n");
    assert_eq!(ended.well(), said);
    assert_eq!(rig.calls_of("sysupgrade"), [["sysupgrade", &image]]);
}

/// Waits for a line in the pipe `go`, and hands it on into the pipe `done`.
const WAITS: &str = r#"echo $$ >"$root/waits"
echo 'Commencing upgrade.'
read -r line <"$root/go"
echo "$line" >"$root/done""#;

fn an_upgrade_goes_on_when_the_hook_has_ended(rig: &Rig) {
    let image = image(rig);
    nix::unistd::mkfifo(&rig.path("go"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    nix::unistd::mkfifo(&rig.path("done"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    rig.on("sysupgrade", WAITS);
    // The hook's clock: it waits no longer than a minute.
    let ended = rig.run("firmware-apply", &[&image, "key"]);
    ended.well();
    assert_eq!(rig.calls_of("sleep").len(), 60);
    // Nobody reads what it prints any more, nor does it need the folder that is gone.
    fs::write(rig.path("go"), "go on\n").expect("the pipe");
    assert_eq!(rig.read("done"), "go on\n");
}

fn an_upgrade_that_cuts_off_its_caller_is_under_way(rig: &Rig) {
    let image = image(rig);
    time_passes(rig);
    for script in [
        "echo 'Commencing upgrade.'; echo 'Command failed: Connection failed' >&2; exit 7",
        "echo 'Commencing upgrade.'; echo 'Command failed: Request timed out' >&2; exit 7",
        "echo 'Commencing upgrade.'; kill -KILL $$",
    ] {
        rig.on("sysupgrade", script);
        rig.run("firmware-apply", &[&image, "key"]).well();
    }
}

fn an_upgrade_that_is_refused_keeps_its_status(rig: &Rig) {
    let image = image(rig);
    time_passes(rig);
    for (script, words) in [
        ("echo 'Image check failed.'; exit 1", "exit status 1"),
        // procd's own check, or that of the platform.
        (
            "echo 'Commencing upgrade.'; echo 'Command failed: Unknown error' >&2; exit 9",
            "exit status 9",
        ),
        // The memory has run out before anything began.
        ("kill -KILL $$", "exit status 137"),
    ] {
        rig.on("sysupgrade", script);
        rig.run("firmware-apply", &[&image, "key"]).says(1, words);
    }
}

fn the_hook_ends_well_when_the_system_ends_all_processes(rig: &Rig) {
    let image = image(rig);
    nix::unistd::mkfifo(&rig.path("go"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    nix::unistd::mkfifo(&rig.path("done"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    rig.on("sysupgrade", WAITS);
    // Its first sleep ends it, as stage 2 of an upgrade would.
    rig.on("sleep", "kill -TERM \"$PPID\"");
    rig.run("firmware-apply", &[&image, "key"]).well();
    assert_eq!(rig.calls_of("sleep").len(), 1);
    fs::write(rig.path("go"), "go on\n").expect("the pipe");
    assert_eq!(rig.read("done"), "go on\n");
}

fn what_needs_the_vendor_is_refused(rig: &Rig) {
    rig.run("stored-image-apply", &[HOSTILE, HOSTILE])
        .says(3, "replace the hook stored-image-apply");
    let ended = rig.run("file-apply", &[HOSTILE, HOSTILE, HOSTILE]);
    ended.says(3, &format!("files of type '{HOSTILE}' are unknown"));
    assert!(rig.calls().is_empty());
}
