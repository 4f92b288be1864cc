mod tables;
mod write_back;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;

use super::options::{Kind, OPTIONS, SECTIONS};
use super::*;
use crate::agent::files::Root;
use crate::agent::files::tests::Scratch;
use crate::cwmp::inform::MAX_ENTRIES;

/// What the package installs.
const SHIPPED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/etc/config/cwmp"));

fn read(text: &str) -> (Config, Vec<String>) {
    let (config, problems) = Config::parse(Path::new("cwmp"), text.as_bytes());
    (config, problems.iter().map(Problem::to_string).collect())
}

fn acs(lines: &str) -> (Config, Vec<String>) {
    read(&format!("config acs\n{lines}"))
}

fn cpe(lines: &str) -> (Config, Vec<String>) {
    read(&format!("config cpe\n{lines}"))
}

#[test]
fn nothing_gives_the_defaults() {
    let (config, problems) = read("");
    assert_eq!(problems, [] as [&str; 0]);
    assert_eq!(config, Config::default());
    assert_eq!(config.acs.url, None);
    assert_eq!(config.acs.username, Username::Default);
    assert_eq!(
        (config.acs.retry_minimum_wait, config.acs.retry_multiplier),
        (5, 2000)
    );
    assert!(config.acs.periodic_inform_enable && config.cpe.enable && config.log.syslog);
    assert!(!config.acs.insecure && !config.acs.basic_over_http && !config.log.console);
    assert_eq!(
        (
            config.acs.periodic_inform_interval,
            config.acs.periodic_inform_time
        ),
        (1800, None)
    );
    assert_eq!((config.cpe.amendment, config.cpe.session_timeout), (5, 60));
    assert_eq!(
        (
            config.connection_request.port,
            config.connection_request.timeout
        ),
        (7547, 5)
    );
    assert_eq!(config.log.level, log::LevelFilter::Info);
}

#[test]
fn the_list_is_sound() {
    for (index, option) in OPTIONS.iter().enumerate() {
        let twice = OPTIONS[..index]
            .iter()
            .any(|other| (other.section, other.name) == (option.section, option.name));
        assert!(!twice, "{}.{} is listed twice", option.section, option.name);
        assert!(SECTIONS.contains(&option.section));
        assert_eq!(
            option.apply(&mut Config::default(), option.default),
            Ok(()),
            "{}",
            option.name
        );
    }
}

#[test]
fn every_option_but_the_unused_has_an_effect() {
    for option in OPTIONS
        .iter()
        .filter(|option| !matches!(option.kind, Kind::Unused))
    {
        let samples = [
            "1",
            "0",
            "1000",
            "1024",
            "tr098",
            "/x",
            "text",
            "http://a/",
            "00aabb",
            "GZIP",
            "exec",
            "192.0.2.1",
            "DEBUG",
            "InstanceAlias",
        ];
        let changed = samples.iter().any(|sample| {
            let mut config = Config::default();
            option.apply(&mut config, sample).is_ok() && config != Config::default()
        });
        assert!(changed, "{}.{}", option.section, option.name);
    }
}

#[test]
fn the_shipped_file_is_the_defaults_and_shows_every_option() {
    let (config, problems) = read(SHIPPED);
    assert_eq!(problems, [] as [&str; 0]);
    assert_eq!(config, Config::default());
    for option in OPTIONS {
        let shown = SHIPPED.lines().any(|line| {
            let mut words = line.trim_start_matches(['#', ' ', '\t']).split_whitespace();
            matches!(words.next(), Some("option" | "list")) && words.next() == Some(option.name)
        });
        assert!(
            shown,
            "{}.{} is not in etc/config/cwmp",
            option.section, option.name
        );
    }
}

#[test]
fn the_shipped_file_without_comment_signs_has_only_known_options() {
    let uncommented = SHIPPED
        .replace("#\toption", "\toption")
        .replace("#\tlist", "\tlist")
        .replace("#config", "config");
    let (_, problems) = read(&uncommented);
    let unknown: Vec<_> = problems
        .iter()
        .filter(|problem| problem.contains("unknown"))
        .collect();
    assert_eq!(unknown, [] as [&str; 0]);
}

#[test]
fn all_styles_of_sections_are_one() {
    for header in [
        "config cwmp 'acs'",
        "config acs 'acs'",
        "config acs",
        "config acs 'other'",
    ] {
        let (config, problems) = read(&format!("{header}\n\toption url 'http://a/'\n"));
        assert_eq!(problems, [] as [&str; 0]);
        assert_eq!(config.acs.url.as_deref(), Some("http://a/"));
    }
    let (config, problems) = read(
        "config acs\noption url http://a/\noption passwd x\nconfig cwmp 'acs'\noption url http://b/\n",
    );
    assert_eq!(problems, [] as [&str; 0]);
    assert_eq!(
        (config.acs.url.as_deref(), config.acs.password.expose()),
        (Some("http://b/"), "x")
    );
}

#[test]
fn yes_and_no_have_many_words() {
    for word in ["1", "true", "YES", "On", "enable", "Enabled"] {
        assert!(
            acs(&format!("option insecure_enable {word}\n"))
                .0
                .acs
                .insecure,
            "{word}"
        );
    }
    for word in ["0", "False", "no", "OFF", "disable", "disabled"] {
        let (config, problems) = acs(&format!("option periodic_inform_enable {word}\n"));
        assert!(
            !config.acs.periodic_inform_enable && problems.is_empty(),
            "{word}"
        );
    }
    let (config, problems) = acs("option periodic_inform_enable maybe\n");
    assert!(config.acs.periodic_inform_enable);
    assert_eq!(
        problems,
        ["cwmp:2: acs.periodic_inform_enable: not 0 or 1; the default is 1"]
    );
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_costs_only_itself() {
    let text = "config acs\n option urll x\n option passwd 'a' b\n option retry_interval_multiplier 999\n\
                config what\n option x 1\nconfig cpe\n list port 1\n option port 1234\nnonsense\n";
    let (config, problems) = read(text);
    let expected = [
        "cwmp:2: unknown option acs.urll",
        "cwmp:3: too many words",
        "cwmp:4: acs.retry_interval_multiplier: not a number from 1000 to 65535; the default is 2000",
        "cwmp:5: unknown section what",
        "cwmp:8: cpe.port: not a list; ignored",
        "cwmp:10: not a config, option, list or package line",
    ];
    assert_eq!(problems, expected);
    assert_eq!(
        (config.connection_request.port, config.acs.retry_multiplier),
        (1234, 2000)
    );
}

#[test]
fn urls_are_http_or_https_and_bounded() // DH-06
{
    for url in [
        "http://acs",
        "HTTPS://acs.example:7547/a?b=c",
        "http://[2001:db8::1]/",
    ] {
        let (config, problems) = acs(&format!("option url '{url}'\n"));
        assert_eq!((config.acs.url.as_deref(), problems.len()), (Some(url), 0));
    }
    let long = format!("http://a/{}", "x".repeat(248));
    for url in [
        "ftp://a/",
        "acs.example",
        "http://",
        "http:///x",
        "http://a b/",
        "http://ä/",
        "https",
        long.as_str(),
    ] {
        let (config, problems) = acs(&format!(
            "option url 'http://before/'\noption url '{url}'\n"
        ));
        assert_eq!(config.acs.url, None, "{url}");
        assert_eq!(
            problems,
            ["cwmp:3: acs.url: not an http or https URL of at most 256 characters; ignored"]
        );
    }
    let (config, problems) = acs("option url ''\n");
    assert_eq!((config.acs.url, problems.len()), (None, 0));
    assert!(
        acs(&format!("option url '{}'\n", &long[..256]))
            .0
            .acs
            .url
            .is_some()
    );
}

#[test]
fn user_names_may_be_left_to_the_device() // AU-16
{
    for name in ["''", "'$OUI-$SER'"] {
        assert_eq!(
            acs(&format!("option userid {name}\n")).0.acs.username,
            Username::Default
        );
        assert_eq!(
            cpe(&format!("option userid {name}\n"))
                .0
                .connection_request
                .username,
            Username::Default
        );
    }
    assert_eq!(
        acs("option userid me\n").0.acs.username,
        Username::Literal("me".into())
    );
}

#[test]
fn an_interval_of_zero_is_no_interval() // PI-06
{
    let (config, problems) = acs("option periodic_inform_interval 0\n");
    assert_eq!(
        (config.acs.periodic_inform_interval, problems.len()),
        (1800, 1)
    );
    let (config, problems) = acs("option periodic_inform_interval 59\n");
    assert_eq!(
        (config.acs.periodic_inform_interval, problems.len()),
        (59, 0)
    );
}

#[test]
fn the_inform_time_is_a_date_or_seconds() // PI-01 PI-02
{
    for (text, expected) in [
        ("0", None),
        ("", None),
        ("0001-01-01T00:00:00Z", None),
        ("86400", Some(86400)),
        ("1970-01-02T00:00:00Z", Some(86400)),
        ("1970-01-02T01:00:00+01:00", Some(86400)),
        ("0001-01-01T00:10:00Z", None),
    ] {
        let (config, problems) = acs(&format!("option periodic_inform_time '{text}'\n"));
        assert_eq!(
            (config.acs.periodic_inform_time, problems.len()),
            (expected, 0),
            "{text}"
        );
    }
    for text in ["soon", "-1", "99999999999999999999"] {
        let (config, problems) = acs(&format!("option periodic_inform_time '{text}'\n"));
        assert_eq!(
            (config.acs.periodic_inform_time, problems.len()),
            (None, 1),
            "{text}"
        );
    }
}

#[test]
fn the_retry_table_has_its_limits() // RT-06
{
    for (option, bad) in [
        ("retry_min_wait_interval", ["0", "65536"]),
        ("retry_interval_multiplier", ["999", "65536"]),
    ] {
        for value in bad {
            let (config, problems) = acs(&format!("option {option} {value}\n"));
            assert_eq!((config, problems.len()), (Config::default(), 1));
        }
    }
    let (config, _) =
        acs("option retry_min_wait_interval 1\noption retry_interval_multiplier 65535\n");
    assert_eq!(
        (config.acs.retry_minimum_wait, config.acs.retry_multiplier),
        (1, 65535)
    );
}

#[test]
fn amendments_are_held_between_one_and_six() {
    for (text, expected, problems) in [
        ("1", 1, 0),
        ("6", 6, 0),
        ("0", 1, 1),
        ("9", 6, 1),
        ("x", 5, 1),
    ] {
        let (config, found) = cpe(&format!("option amd_version {text}\n"));
        assert_eq!(
            (config.cpe.amendment, found.len()),
            (expected, problems),
            "{text}"
        );
    }
}

#[test]
fn port_zero_is_the_cwmp_port() {
    assert_eq!(cpe("option port 0\n").0.connection_request.port, 7547);
    assert_eq!(cpe("option port 65536\n").1.len(), 1);
}

#[test]
fn severities_are_icwmps_words() {
    for (word, level) in [
        ("EMERG", log::LevelFilter::Error),
        ("critic", log::LevelFilter::Error),
        ("WARNING", log::LevelFilter::Warn),
        ("NOTICE", log::LevelFilter::Info),
        ("DEBUG", log::LevelFilter::Debug),
    ] {
        assert_eq!(
            cpe(&format!("option log_severity {word}\n")).0.log.level,
            level
        );
    }
    assert_eq!(cpe("option log_severity LOUD\n").1.len(), 1);
}

#[test]
fn the_rest_of_the_forms() {
    let (config, problems) = cpe(
        "option interface br-wan.2\noption manufacturer_oui '00:aa-bb'\noption path cr/x\noption ip 2001:db8::1\noption backend exec\n\
         option exec /usr/bin/model\nlist exec_args -x\nlist exec_args 'a b'\noption manufacturer 'Ex Ample'\n",
    );
    assert_eq!(problems, [] as [&str; 0]);
    assert_eq!(
        (
            config.identity.oui.as_str(),
            config.identity.manufacturer.as_str()
        ),
        ("00AABB", "Ex Ample")
    );
    assert_eq!(config.connection_request.path, "/cr/x");
    assert_eq!(config.cpe.interface.as_deref(), Some("br-wan.2"));
    assert_eq!(
        config.connection_request.address,
        Some("2001:db8::1".parse().unwrap())
    );
    assert_eq!(
        config.cpe.backend.program.as_deref(),
        Some(Path::new("/usr/bin/model"))
    );
    assert_eq!(config.cpe.backend.arguments, ["-x", "a b"]);
    for bad in [
        "manufacturer_oui 00aab",
        "path 'a b'",
        "ip a.b",
        "backend tree",
        "interface a/b",
        "exec model",
        "manufacturer 'a\nb'",
    ] {
        let (config, problems) = cpe(&format!("option {bad}\n"));
        assert_eq!((config, problems.len()), (Config::default(), 1), "{bad}");
    }
    assert_eq!(
        acs("option compression gzip\n").0.acs.compression,
        Compression::Gzip
    );
    assert_eq!(acs("option compression zip\n").1.len(), 1);
}

#[test]
fn what_a_dhcp_hook_wrote_is_read_and_checked() // DH-06 RT-11
{
    let (config, problems) = acs(
        "option dhcp_url 'https://a/'\noption dhcp_retry_min_wait_interval 30\n\
         option dhcp_retry_interval_multiplier 1500\n",
    );
    assert_eq!(problems, [] as [&str; 0]);
    let offer = &config.acs.dhcp;
    assert_eq!(offer.url.as_deref(), Some("https://a/"));
    assert_eq!(
        (offer.retry_minimum_wait, offer.retry_multiplier),
        (Some(30), Some(1500))
    );
    let (config, _) = cpe("option dhcp_provisioning_code 'TLCO'\noption disable_gatewayinfo 1\n");
    assert_eq!(config.acs.dhcp.provisioning_code.as_deref(), Some("TLCO"));
    assert!(config.cpe.hide_gateway_info);
    for bad in [
        "dhcp_url ftp://a/",
        "dhcp_retry_min_wait_interval 0",
        "dhcp_retry_interval_multiplier 999",
        "dhcp_discovery perhaps",
    ] {
        let (config, problems) = acs(&format!("option {bad}\n"));
        assert_eq!((config, problems.len()), (Config::default(), 1), "{bad}");
    }
    // What `uci delete` leaves of a lease: nothing.
    let (config, problems) = acs(
        "option dhcp_url ''\noption dhcp_retry_min_wait_interval ''\noption dhcp_discovery ''\n",
    );
    assert_eq!((config, problems.len()), (Config::default(), 0));
}

#[test]
fn discovery_has_the_words_of_icwmp() // DH-03
{
    for (words, discovery) in [
        (&["enable", "1", "true", "Enable"][..], Discovery::Enable),
        (&["disable", "0", "false"], Discovery::Disable),
    ] {
        for word in words {
            let (config, problems) = acs(&format!("option dhcp_discovery {word}\n"));
            assert_eq!((config.acs.dhcp_discovery, problems.len()), (discovery, 0));
        }
    }
    assert_eq!(Config::default().acs.dhcp_discovery, Discovery::Auto);
}

#[test]
fn options_of_icwmp_are_never_unknown() {
    let text = "config lwn\n option enable 1\nconfig autonomous_notify 'transfer_complete'\n option enable 1\n\
                config inform_parameter\n option events_list '1 BOOT'\nconfig acs\n option dhcp_discovery enable\n\
                option heartbeat_time 0\nconfig cpe\n option schedule_reboot x\n option log_to_file enable\n";
    assert_eq!(read(text).1, [] as [&str; 0]);
}

#[test]
fn what_is_unwise_is_told() {
    let (config, problems) =
        acs("option url https://a/\noption insecure_enable 1\noption passwd iopsys\n");
    assert!(config.acs.insecure);
    assert_eq!(problems.len(), 2);
    assert!(
        problems[0].starts_with("cwmp:3: acs.insecure_enable: ")
            && problems[1].starts_with("cwmp:4: acs.passwd: ")
    );
    assert_eq!(acs("option tls_client_key /k\n").1.len(), 1);
    assert_eq!(
        acs("option tls_client_key /k\noption tls_client_cert /c\n")
            .1
            .len(),
        0
    );
    assert_eq!(cpe("option backend exec\n").1.len(), 1);
}

#[test]
fn half_an_identity_is_told_at_its_line() {
    for half in ["tls_client_cert", "tls_client_key"] {
        let (_, problems) = acs(&format!("option {half} /x\n"));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(":2: "), "{problems:?}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let (config, mut problems) =
        acs("option passwd 'hunter2'\nconfig cpe\noption passwd hunter2\n");
    assert_eq!(config.acs.password.expose(), "hunter2");
    problems.extend(acs(&format!("option passwd 'hunter2{}'\n", "x".repeat(257))).1);
    problems.extend(acs("option passwd hunter2 x\noption passwd 'hunter2\n").1);
    assert_eq!(problems.len(), 3);
    assert!(!format!("{config:?} {problems:?}").contains("hunter2"));
}

#[test]
fn a_missing_file_is_one_problem_and_the_defaults() {
    let scratch = Scratch::new("config-missing");
    let (config, problems) = Config::load(&Root::new(&scratch.0), "/etc/config/cwmp");
    assert_eq!((config, problems.len()), (Config::default(), 1));
    let expected = format!("{}/etc/config/cwmp: cannot open: ", scratch.0.display());
    assert!(
        problems[0].to_string().starts_with(&expected),
        "{}",
        problems[0]
    );
}

#[test]
fn passwords_that_others_may_read_are_told() {
    let scratch = Scratch::new("config-mode");
    let path = scratch.0.join("cwmp");
    for (text, mode, count) in [
        ("x", 0o600, 0),
        ("x", 0o640, 1),
        ("x", 0o604, 1),
        ("", 0o644, 0),
    ] {
        fs::write(&path, format!("config acs\n\toption passwd '{text}'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let (_, problems) = Config::load(&Root::new(&scratch.0), "/cwmp");
        assert_eq!(problems.len(), count, "{mode:o}");
        assert!(problems.iter().all(|problem| problem.line == 2));
    }
    let key = scratch.0.join("key.pem");
    fs::write(&key, "").unwrap();
    let tls = "config acs\n\toption tls_client_cert /c\n\toption tls_client_key /key.pem\n";
    fs::write(&path, tls).unwrap();
    for (mode, count) in [(0o600, 0), (0o644, 1)] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let (_, problems) = Config::load(&Root::new(&scratch.0), "/cwmp");
        assert_eq!(problems.len(), count, "{mode:o}");
    }
}

#[test]
fn errors_are_told_from_warnings() {
    let severe = |text: &str| {
        Config::parse(Path::new("cwmp"), text.as_bytes())
            .1
            .iter()
            .map(Problem::is_error)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        severe(
            "config acs\noption url x\noption what 1\noption insecure_enable 1\nconfig b\nnonsense\n"
        ),
        [true, false, false, false, true]
    );
}

fn any_line() -> impl Strategy<Value = String> {
    let known = (0..OPTIONS.len(), "[ -&(-~]{0,12}")
        .prop_map(|(index, value)| format!("option {} '{value}'", OPTIONS[index].name));
    prop_oneof![4 => known, 1 => "config (acs|cpe|lwn|cwmp 'acs')", 1 => any::<String>()]
}

proptest! {
    #[test]
    fn no_text_stops_us(lines in proptest::collection::vec(any_line(), 0..20)) {
        let text = format!("config acs\n{}", lines.join("\n"));
        let (config, _) = read(&text);
        prop_assert!((1..=6).contains(&config.cpe.amendment));
        prop_assert!(config.acs.periodic_inform_interval >= 1 && config.connection_request.port != 0);
        prop_assert!(config.acs.url.is_none_or(|url| url.starts_with("http") && url.len() <= 256));
    }

    #[test]
    fn what_is_written_back_is_loaded(password in "\\PC{0,60}", user in "\\PC{1,60}") {
        let scratch = Scratch::new("config-round");
        let path = scratch.0.join("cwmp");
        write_back(&path, &[("acs", "userid", &user), ("acs", "passwd", &password)]).unwrap();
        let (config, _) = Config::load(&Root::new(&scratch.0), "/cwmp");
        prop_assert_eq!(config.acs.password.expose(), &password);
        prop_assert_eq!(config.acs.username, Username::Literal(user));
    }
}
