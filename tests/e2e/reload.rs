//! The configuration: checked, reloaded, written back.

use nix::sys::signal::Signal;

use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;

#[test]
fn a_broken_file_leaves_the_old_configuration_in_force() {
    let mut acs = Acs::start();
    let daemon = Daemon::new(&acs.url()).start();
    acs.session();
    daemon.write(
        "etc/config/cwmp",
        b"config acs 'acs\n\toption url \"http://127.0.0.1:1/\n\x00\xff",
    );
    daemon.signal(Signal::SIGHUP);
    daemon.wait_log(&["config"]);
    let reload = daemon.cwmp(&["reload"]);
    assert_ne!(reload.code, 0, "{reload:?}");
    assert_eq!(daemon.status()["cwmp"]["acs_url"], acs.url());
    assert_eq!(daemon.cwmp(&["inform"]).code, 0);
    acs.session();
}

#[test]
fn a_new_url_is_bootstrapped() // EV-05 SE-15
{
    let (mut first, mut second) = (Acs::start(), Acs::start());
    let mut daemon = Daemon::new(&first.url()).start();
    first.session();
    daemon.set_acs("url", &second.url());
    daemon.write_config();
    daemon.signal(Signal::SIGHUP);
    assert_eq!(second.session().inform.events(), ["0 BOOTSTRAP"]);
    daemon.set_acs("url", &first.url());
    daemon.write_config();
    assert_eq!(daemon.cwmp(&["reload"]).code, 0);
    assert_eq!(first.session().inform.events(), ["0 BOOTSTRAP"]);
}

#[test]
fn what_the_acs_sets_is_written_in_place() // SE-16
{
    let (mut first, mut second) = (Acs::start(), Acs::start());
    let mut daemon = Daemon::new(&first.url());
    daemon.write_config();
    let before = daemon.read("etc/config/cwmp");
    let marked = format!(
        "# a comment\n{before}\toption not_ours 'kept'  # here too\n\nconfig other\n\toption a 'b'\n"
    );
    daemon.write("etc/config/cwmp", marked.as_bytes());
    first.plan([
        rpc::set_values(
            &[("Device.ManagementServer.URL", "string", &second.url())],
            "",
        ),
        rpc::get_values(&["Device.ManagementServer.URL"]),
    ]);
    daemon.start_again();
    // The session at the old ACS is completed; then the new one is bootstrapped.
    assert_eq!(first.session().answers.len(), 2);
    assert_eq!(second.session().inform.events(), ["0 BOOTSTRAP"]);
    assert_eq!(
        daemon.read("etc/config/cwmp"),
        marked.replace(&first.url(), &second.url())
    );
}

#[test]
fn a_check_names_file_and_line() {
    let daemon = Daemon::new("http://127.0.0.1:7547/");
    daemon.write_config();
    assert_eq!(daemon.check_config().code, 0);
    let text = daemon.read("etc/config/cwmp").replace(
        "periodic_inform_enable '0'",
        "periodic_inform_enable 'perhaps'",
    );
    daemon.write("etc/config/cwmp", text.as_bytes());
    let line = 1 + text
        .lines()
        .position(|line| line.contains("perhaps"))
        .unwrap();
    let output = daemon.check_config();
    assert_eq!(output.code, 78, "{output:?}");
    let all = output.stdout + &output.stderr;
    assert!(all.contains(&format!("etc/config/cwmp:{line}: ")), "{all}");
}

#[test]
fn a_check_looks_at_the_files_that_are_named() {
    let daemon = Daemon::new("http://127.0.0.1:7547/");
    let check = |line: &str, says: &str| {
        let profile = "option profile /etc/cwmpd/profile.toml";
        let text = format!("config acs\nconfig cpe\n{profile}\n{line}\n");
        daemon.write("etc/config/cwmp", text.as_bytes());
        let output = daemon.check_config();
        let all = output.stdout + &output.stderr;
        assert!(all.contains("etc/config/cwmp:"), "{all}");
        assert!(all.contains(says), "{all}");
        assert_eq!((output.code, all.lines().count()), (78, 1), "{all}");
    };
    daemon.write("typo.toml", b"[\"Device.\"]\nX = {}\n\nY = = 1\n");
    daemon.write("a-file", b"no program");
    daemon.write(
        "names.json",
        br#"{"forced_inform": ["Device.WiFi.*.None", "Device.DeviceInfo.UpTim"]}"#,
    );
    daemon.write("no.json", b"{\"custom_notification\":\n[}");
    daemon.write(
        "notify.json",
        br#"{"custom_notification": [{"parameter": "Device.DeviceInfo.", "notify_type": "1"},
             {"parameter": "Device.DeviceInfo.UpTim", "notify_type": "1"}]}"#,
    );
    daemon.write(
        "type.json",
        br#"{"custom_notification": [{"parameter": "Device.", "notify_type": "7"}]}"#,
    );
    check("option profile ''", "tr181-gateway.toml: No such file"); // the packaged one
    for (option, says) in [
        (
            "forced_inform_json /names.json",
            "Device.DeviceInfo.UpTim: ",
        ),
        ("custom_notify_json /none.json", "none.json: cannot open"),
        (
            "custom_notify_json /no.json",
            "no.json: expected value at line 2",
        ),
        (
            "custom_notify_json /notify.json",
            "entry 2: Device.DeviceInfo.UpTim: ",
        ),
        (
            "custom_notify_json /type.json",
            "entry 1: Device.: Notification 7",
        ),
    ] {
        check(&format!("option {option}"), says);
    }
    check("option profile /none.toml", "cpe.profile: ");
    check("option profile /typo.toml", "typo.toml:4: ");
    check("option backend exec\noption exec /none", "does not exist");
    check(
        "option backend exec\noption exec /a-file",
        "not an executable",
    );
    check(
        "config acs\noption tls_ca_file /a-file",
        "acs.tls_ca_file: ",
    );
}

#[test]
fn without_a_data_model_there_is_no_device() {
    let daemon = Daemon::new("http://127.0.0.1:7547/").cpe("profile", "/none.toml");
    daemon.write_config();
    let output = daemon.run_second();
    assert_eq!(output.code, 78, "{output:?}");
    assert!(output.stderr.contains("none.toml"), "{output:?}");
}

#[test]
fn problems_do_not_keep_it_from_running() {
    let mut acs = Acs::start();
    let mut daemon = Daemon::new(&acs.url())
        .acs("unheard_of", "1")
        .acs("retry_min_wait_interval", "soon");
    daemon.write_config();
    daemon.start_again();
    acs.session();
    daemon.wait_log(&["unheard_of"]);
    daemon.wait_log(&["retry_min_wait_interval"]);
}

#[test]
fn sigterm_in_a_session_ends_soon() {
    let never = crate::support::wait::Gate::new();
    let acs = Acs::builder()
        .layer(move |request, next| next(request).hold(&never))
        .start();
    let mut daemon = Daemon::new(&acs.url()).start();
    acs.wait_requests(1);
    assert_eq!(daemon.stop(), Some(0));
}
