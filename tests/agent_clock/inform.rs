//! What an Inform says on top of the forced parameters: ManagementServer.InformParameter and the files of the
//! configuration.

use cwmpd::agent::command::Reply;

use crate::cpe::{Cpe, settled};
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::inspect::Message;
use crate::support::rpc;

/// Root object and profile of either root model.
pub const ROOTS: [(&str, &str); 2] = [
    ("Device.", "tr181-gateway.toml"),
    ("InternetGatewayDevice.", "tr098-gateway.toml"),
];

/// Where each has its wireless networks.
const WIFI: [&str; 2] = [
    "Device.WiFi.SSID.",
    "InternetGatewayDevice.LANDevice.1.WLANConfiguration.",
];

const BOOT_2: &str = "00000000-0000-4000-8000-000000000002";

/// Names of an Inform's parameters, in order.
fn names(inform: &Message) -> Vec<String> {
    inform.texts("Name")
}

fn table(root: &str) -> String {
    format!("{root}ManagementServer.InformParameter.")
}

fn entry(root: &str, number: u32, values: &[(&str, &str)]) -> rpc::Rpc {
    let values: Vec<(String, &str, &str)> = values
        .iter()
        .map(|(name, value)| {
            let ty = if *name == "Enable" {
                "boolean"
            } else {
                "string"
            };
            (format!("{}{number}.{name}", table(root)), ty, *value)
        })
        .collect();
    let values: Vec<(&str, &str, &str)> = values
        .iter()
        .map(|(n, t, v)| (n.as_str(), *t, *v))
        .collect();
    rpc::set_values(&values, "")
}

#[test]
fn entries_that_the_acs_adds_are_told_with_their_events_and_survive() // IN-06 IN-05
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        acs.plan([
            rpc::add_object(&table(root), ""),
            entry(
                root,
                1,
                &[
                    ("Enable", "1"),
                    ("ParameterName", &format!("{root}DeviceInfo.ModelName")),
                    ("EventList", "1 BOOT, M Reboot"),
                ],
            ),
            rpc::add_object(&table(root), ""),
            entry(
                root,
                2,
                &[("Enable", "1"), ("ParameterName", &format!("{root}Time."))],
            ),
            rpc::add_object(&table(root), ""),
            entry(
                root,
                3,
                &[("ParameterName", &format!("{root}DeviceInfo.Description"))],
            ),
        ]);
        let mut cpe = Cpe::start(Daemon::new(&acs.url()).profile(profile));
        let session = cpe.session(&mut acs);
        for answer in &session.answers {
            assert_eq!(answer.fault(), None, "{answer:?}");
        }
        assert_eq!(session.answers[2].text("InstanceNumber").unwrap(), "2");

        let count = format!("{root}ManagementServer.InformParameterNumberOfEntries");
        acs.plan([rpc::get_values(&[&table(root), &count])]);
        cpe.inform();
        let session = cpe.session(&mut acs);
        let told = names(&session.inform);
        assert!(!told.contains(&format!("{root}DeviceInfo.ModelName")));
        assert!(told.contains(&format!("{root}Time.Enable")), "{told:?}");
        assert!(
            !told.contains(&format!("{root}DeviceInfo.Description")),
            "not enabled"
        );
        let values = session.answers[0].values();
        assert_eq!(values[&count], "3");
        assert_eq!(
            values[&format!("{}1.EventList", table(root))],
            "1 BOOT,M Reboot"
        );
        assert_eq!(values[&format!("{}2.Alias", table(root))], "cpe-2");

        // A boot later, and from the files alone.
        acs.plan([
            rpc::delete_object(&format!("{}3.", table(root)), ""),
            rpc::add_object(&table(root), ""),
        ]);
        cpe.reboot(BOOT_2);
        let session = cpe.session(&mut acs);
        let told = names(&session.inform);
        assert!(told.contains(&format!("{root}DeviceInfo.ModelName")));
        let mut once = told.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), told.len(), "{told:?}");
        assert_eq!(
            session.answers[1].text("InstanceNumber").unwrap(),
            "4",
            "3 is never given again"
        );
        let config = cpe.home.read("etc/config/cwmp");
        assert_eq!(
            config.matches("config inform_parameter").count(),
            3,
            "{config}"
        );

        acs.plan([rpc::delete_object(&format!("{}4.", table(root)), "")]);
        cpe.inform();
        cpe.session(&mut acs);
        cpe.restart();
        acs.plan([rpc::add_object(&table(root), "")]);
        cpe.inform();
        let answer = &cpe.session(&mut acs).answers[0];
        assert_eq!(answer.text("InstanceNumber").unwrap(), "5");
    }
}

#[test]
fn an_entry_with_a_wildcard_tells_what_there_is() // IN-06
{
    for ((root, profile), wifi) in ROOTS.into_iter().zip(WIFI) {
        let mut acs = Acs::start();
        let config = "config inform_parameter\n\toption enable 1\n\toption parameter_name TABLE*.SSID\n\
         \toption events_list '1 BOOT'\n\
         config inform_parameter\n\toption enable 1\n\toption parameter_name ROOTNowhere.*.X\n\
         config inform_parameter\n\toption enable 1\n\toption parameter_name ROOTDeviceInfo.\n";
        let config = config.replace("TABLE", wifi).replace("ROOT", root);
        let home = Daemon::new(&acs.url())
            .profile(profile)
            .more_config(&config);
        let mut cpe = Cpe::start(home);
        let inform = cpe.session(&mut acs).inform;
        let told = names(&inform);
        assert!(told.contains(&format!("{wifi}1.SSID")), "{told:?}");
        assert!(
            told.iter()
                .all(|name| !name.is_empty() && !name.contains("Nowhere") && !name.contains('*'))
        );
        let forced = told
            .iter()
            .filter(|name| **name == format!("{root}DeviceInfo.SoftwareVersion"));
        assert_eq!(
            forced.count(),
            1,
            "IN-05: the partial path covers forced parameters"
        );
        cpe.inform();
        let told = names(&cpe.session(&mut acs).inform);
        assert!(!told.contains(&format!("{wifi}1.SSID")), "{told:?}");
    }
}

#[test]
fn an_empty_event_list_does_not_mean_value_changes() // IN-06
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let home = Daemon::new(&acs.url()).profile(profile).more_config(&"config inform_parameter\n\toption enable 1\n\toption parameter_name Device.DeviceInfo.ModelName\n".replace("Device.DeviceInfo", &format!("{root}DeviceInfo")));
        let mut cpe = settled(home, &mut acs);
        assert!(matches!(
            cpe.set(&format!("{root}DeviceInfo.ProvisioningCode"), "new"),
            Reply::Ok(_)
        ));
        let inform = cpe.session(&mut acs).inform;
        assert_eq!(inform.events(), ["4 VALUE CHANGE"]);
        assert!(!names(&inform).contains(&format!("{root}DeviceInfo.ModelName")));
        cpe.inform();
        assert!(
            names(&cpe.session(&mut acs).inform).contains(&format!("{root}DeviceInfo.ModelName"))
        );
    }
}

#[test]
fn what_may_not_be_in_the_table_is_refused() // IN-07
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let refused = [
            (
                "ParameterName",
                format!("{root}ManagementServer.ParameterKey"),
            ),
            ("ParameterName", format!("{root}DeviceInfo.SoftwareVersion")),
            ("ParameterName", format!("{root}Wi*.SSID")),
            ("ParameterName", format!("{root}DeviceInfo..X")),
            ("EventList", "1 BOOT,4 VALUE CHANGE".to_owned()),
            ("EventList", "1 BOOTS".to_owned()),
            ("EventList", "X nothing".to_owned()),
        ];
        let mut plan = vec![rpc::add_object(&table(root), "")];
        plan.extend(
            refused
                .iter()
                .map(|(name, value)| entry(root, 1, &[("Enable", "1"), (name, value)])),
        );
        plan.push(entry(
            root,
            1,
            &[("EventList", "X 00D0D0 Mine,14 HEARTBEAT,M ChangeDUState")],
        ));
        acs.plan(plan);
        let mut cpe = Cpe::start(Daemon::new(&acs.url()).profile(profile));
        let answers = cpe.session(&mut acs).answers;
        for (answer, (name, value)) in answers[1..].iter().zip(&refused) {
            assert_eq!(answer.fault(), Some(9003), "{name} {value}");
            assert!(
                answer.texts("FaultCode").contains(&"9007".to_owned()),
                "{name} {value}"
            );
        }
        assert_eq!(answers.last().unwrap().fault(), None);
        let config = cpe.home.read("etc/config/cwmp");
        assert!(
            !config.contains("BOOTS") && !config.contains("ParameterKey"),
            "{config}"
        );
    }
    let mut acs = Acs::start();
    let root = "InternetGatewayDevice.";
    let address =
        format!("{root}WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress");
    acs.plan([
        rpc::add_object(&table(root), ""),
        entry(root, 1, &[("ParameterName", &address)]),
    ]);
    let mut cpe = Cpe::start(Daemon::new(&acs.url()).profile("tr098-gateway.toml"));
    assert_eq!(cpe.session(&mut acs).answers[1].fault(), Some(9003));
}

#[test]
fn sections_get_numbers_that_stay_whatever_is_done_to_their_order() // IN-06
{
    let mut acs = Acs::start();
    let section = |name: &str| {
        format!(
            "config inform_parameter\n\toption enable '1'\n\toption parameter_name 'Device.DeviceInfo.{name}'\n"
        )
    };
    let home = Daemon::new(&acs.url()).more_config(&(section("ModelName") + &section("UpTime")));
    let mut cpe = settled(home, &mut acs);
    let config = cpe.home.read("etc/config/cwmp");
    let first = config.find("config inform_parameter").unwrap();
    let second = config.rfind("config inform_parameter").unwrap();
    // The first one moves behind the second, which somebody also copies.
    let (one, two) = (&config[first..second], &config[second..]);
    cpe.home.write(
        "etc/config/cwmp",
        format!(
            "{}{two}\n{one}\n{}",
            &config[..first],
            two.replace("UpTime", "Description")
        )
        .as_bytes(),
    );
    cpe.restart();
    acs.plan([rpc::get_values(&[&table("Device.")])]);
    cpe.inform();
    let values = cpe.session(&mut acs).answers[0].values();
    let name = |number: u32| values[&format!("{}{number}.ParameterName", table("Device."))].clone();
    assert_eq!(
        [name(1), name(2), name(3)],
        ["ModelName", "UpTime", "Description"].map(|name| format!("Device.DeviceInfo.{name}"))
    );
}

#[test]
fn the_files_of_the_configuration_name_more_parameters() // IN-05
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let home = Daemon::new(&acs.url())
            .profile(profile)
            .cpe("forced_inform_json", "/etc/cwmpd/forced.json")
            .cpe("boot_inform_json", "/etc/cwmpd/boot.json");
        home.write(
        "etc/cwmpd/forced.json",
        r#"{ "forced_inform": ["Device.DeviceInfo.UpTime", "Device.DeviceInfo.SoftwareVersion", "Device.No.Such"] }"#.replace("Device.", root).as_bytes(),
    );
        home.write(
            "etc/cwmpd/boot.json",
            r#"{ "boot_inform": ["Device.DeviceInfo.ModelName"] }"#
                .replace("Device.", root)
                .as_bytes(),
        );
        let mut cpe = Cpe::start(home);
        let told = names(&cpe.session(&mut acs).inform);
        for name in ["UpTime", "SoftwareVersion", "ModelName"] {
            let count = told
                .iter()
                .filter(|told| **told == format!("{root}DeviceInfo.{name}"))
                .count();
            assert_eq!(count, 1, "{name}");
        }
        assert!(!told.contains(&format!("{root}No.Such")));
        cpe.inform();
        let told = names(&cpe.session(&mut acs).inform);
        assert!(told.contains(&format!("{root}DeviceInfo.UpTime")));
        assert!(!told.contains(&format!("{root}DeviceInfo.ModelName")));
    }
}

#[test]
fn a_file_that_cannot_be_used_costs_only_itself() {
    for text in [
        "",
        "[1]",
        "{}",
        r#"{"forced_inform": "x"}"#,
        r#"{"forced_inform": [1]}"#,
        r#"{"forced_inform": ["Device."]}"#,
    ] {
        let mut acs = Acs::start();
        let home = Daemon::new(&acs.url()).cpe("forced_inform_json", "/forced.json");
        if !text.is_empty() {
            home.write("forced.json", text.as_bytes());
        }
        let mut cpe = Cpe::start(home);
        assert_eq!(
            cpe.session(&mut acs).inform.events(),
            ["0 BOOTSTRAP", "1 BOOT"]
        );
        let told = cpe.home.check_config();
        assert!(
            told.stderr.contains("cpe.forced_inform_json")
                || told.stdout.contains("cpe.forced_inform_json"),
            "{text}: {told:?}"
        );
    }
}

#[test]
fn each_kind_of_inform_has_the_forced_parameters_once() // IN-03 IN-04 IN-05 IN-08 IN-09 EV-16
{
    let device = [
        "RootDataModelVersion",
        "DeviceInfo.HardwareVersion",
        "DeviceInfo.SoftwareVersion",
        "DeviceInfo.ProvisioningCode",
        "ManagementServer.ParameterKey",
        "ManagementServer.ConnectionRequestURL",
        "ManagementServer.AliasBasedAddressing",
    ];
    let gateway = [
        "DeviceSummary",
        "DeviceInfo.SpecVersion",
        "DeviceInfo.HardwareVersion",
        "DeviceInfo.SoftwareVersion",
        "DeviceInfo.ProvisioningCode",
        "ManagementServer.ParameterKey",
        "ManagementServer.ConnectionRequestURL",
        "WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress",
    ];
    for ((root, profile), forced) in ROOTS.into_iter().zip([&device[..], &gateway[..]]) {
        let mut acs = Acs::start();
        acs.plan([rpc::schedule_inform(5, "key")]);
        let home = Daemon::new(&acs.url())
            .profile(profile)
            .acs("periodic_inform_enable", "1")
            .acs("periodic_inform_interval", "60");
        let mut cpe = Cpe::start(home);
        let mut informs = vec![cpe.session(&mut acs).inform];
        cpe.pass_seconds(5);
        informs.push(cpe.session(&mut acs).inform);
        let code = format!("{root}DeviceInfo.ProvisioningCode");
        assert!(matches!(cpe.set(&code, "new"), Reply::Ok(_)));
        informs.push(cpe.session(&mut acs).inform);
        assert_eq!(cpe.connection_request(), 200);
        informs.push(cpe.session(&mut acs).inform);
        cpe.pass_seconds(55);
        informs.push(cpe.session(&mut acs).inform);
        let events: Vec<String> = informs.iter().flat_map(Message::events).collect();
        assert_eq!(
            events,
            [
                "0 BOOTSTRAP",
                "1 BOOT",
                "3 SCHEDULED",
                "M ScheduleInform",
                "4 VALUE CHANGE",
                "6 CONNECTION REQUEST",
                "2 PERIODIC"
            ]
        );
        for inform in &informs {
            let told = names(inform);
            for name in forced {
                let name = format!("{root}{name}");
                let count = told.iter().filter(|told| **told == name).count();
                assert_eq!(count, 1, "{name} in {:?}", inform.events());
            }
            assert!(told.iter().all(|name| !name.is_empty()));
            assert_eq!(inform.value_of(".ParameterKey").unwrap(), "");
            assert!(!inform.xml.contains("(null)"));
        }
    }
}

#[test]
fn device_id_and_device_info_say_the_same_whatever_the_backend_says() // IN-01 IN-02
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let paths = [
            "Manufacturer",
            "ManufacturerOUI",
            "ProductClass",
            "SerialNumber",
        ]
        .map(|name| format!("{root}DeviceInfo.{name}"));
        let paths = paths.each_ref().map(String::as_str);
        acs.plan([rpc::get_values(&paths)]);
        let home = Daemon::new(&acs.url())
            .profile(profile)
            .cpe("product_class", "Mine");
        let text = home.read("etc/cwmpd/profile.toml");
        let lines = text
            .lines()
            .map(|line| match line.split_once(' ').map(|(name, _)| name) {
                Some("ManufacturerOUI") => "ManufacturerOUI = { value = \"00:d0:d0\" }".to_owned(),
                Some("SerialNumber") if line.contains("value") => {
                    format!("SerialNumber = {{ value = \"{}\" }}", "x".repeat(70))
                }
                _ => line.to_owned(),
            });
        let text: Vec<String> = lines.collect();
        home.write("etc/cwmpd/profile.toml", text.join("\n").as_bytes());
        let mut cpe = Cpe::start(home);
        let session = cpe.session(&mut acs);
        let values = session.answers[0].values();
        let inform = &session.inform;
        let told = ["Manufacturer", "OUI", "ProductClass", "SerialNumber"]
            .map(|name| inform.text(name).unwrap());
        assert_eq!(told[1], "00D0D0");
        assert_eq!(told[2], "Mine");
        assert_eq!(told[3], "x".repeat(64));
        assert_eq!(told, paths.map(|path| values[path].clone()));
    }
}

#[test]
fn a_row_whose_section_is_gone_is_written_whole() // IN-06 SV-22
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let name = format!("{root}DeviceInfo.ModelName");
        acs.plan([
            rpc::add_object(&table(root), ""),
            entry(root, 1, &[("Enable", "0"), ("ParameterName", &name)]),
        ]);
        let mut cpe = Cpe::start(Daemon::new(&acs.url()).profile(profile));
        cpe.session(&mut acs);
        // Somebody takes it out of the file, and the daemon does not hear of it.
        cpe.home.write_config();
        acs.plan([entry(root, 1, &[("Enable", "1")])]);
        cpe.inform();
        assert_eq!(cpe.session(&mut acs).answers[0].fault(), None);
        cpe.restart();
        cpe.inform();
        assert!(names(&cpe.session(&mut acs).inform).contains(&name));
    }
}
