//! What the ACS sets: all or nothing, with words for each mistake, kept before the answer; of either root model, and
//! where a program answers for the device.

use std::os::unix::fs::MetadataExt;

use crate::cpe::{Cpe, settled};
use crate::support::acs::Acs;
use crate::support::daemon::{Daemon, repository};
use crate::support::inspect::Message;
use crate::support::rpc::{self, Rpc};

/// Each shipped gateway with its root and a table whose instances have to differ in two of their values.
const GATEWAYS: [(&str, &str, &str, [&str; 3]); 2] = [
    (
        "tr181-gateway",
        "Device.",
        "Device.NAT.PortMapping.",
        ["ExternalPort", "Protocol", "Enable"],
    ),
    (
        "tr098-gateway",
        "InternetGatewayDevice.",
        "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.PortMapping.",
        ["ExternalPort", "PortMappingProtocol", "PortMappingEnabled"],
    ),
];

/// The folder that stands in the way of every write of the state.
const STATE: &str = "etc/cwmpd/.state.toml.cwmpd-new";
const CONFIG: &str = "etc/config/.cwmp.cwmpd-new";

/// A CPE, its ACS, and where in the model is what the tests set.
pub struct Device {
    /// The CPE.
    pub cpe: Cpe,
    /// Its ACS.
    pub acs: Acs,
    code: String,
    interval: String,
    key: String,
}

impl Device {
    fn new(root: &str, home: impl FnOnce(Daemon) -> Daemon) -> Device {
        let mut acs = Acs::start();
        let cpe = settled(home(Daemon::new(&acs.url())), &mut acs);
        Device {
            cpe,
            acs,
            code: format!("{root}DeviceInfo.ProvisioningCode"),
            interval: format!("{root}ManagementServer.PeriodicInformInterval"),
            key: format!("{root}ManagementServer.ParameterKey"),
        }
    }

    fn gateway(profile: &str, root: &str) -> Device {
        let file = repository().join(format!("etc/profiles/{profile}.toml"));
        Device::new(root, |home| {
            home.write("etc/cwmpd/profile.toml", &std::fs::read(file).unwrap());
            home
        })
    }

    /// The answers to these requests, in one session.
    pub fn ask(&mut self, requests: impl IntoIterator<Item = Rpc>) -> Vec<Message> {
        self.acs.plan(requests);
        self.cpe.inform();
        self.cpe.session(&mut self.acs).answers
    }

    fn values(&mut self, names: &[&str]) -> Vec<String> {
        let values = self.ask([rpc::get_values(names)]).remove(0).values();
        names.iter().map(|name| values[*name].clone()).collect()
    }

    fn value(&mut self, name: &str) -> String {
        self.values(&[name]).remove(0)
    }

    fn parameter_key(&mut self) -> String {
        let name = self.key.clone();
        let told = self.value(&name);
        assert_eq!(self.cpe.state().parameter_key, told);
        told
    }

    fn block(&self, file: &str) {
        std::fs::create_dir(self.cpe.home.path(file)).unwrap();
    }

    fn unblock(&self, file: &str) {
        std::fs::remove_dir(self.cpe.home.path(file)).unwrap();
    }
}

/// `name code text` of every SetParameterValuesFault.
fn mistakes(answer: &Message) -> Vec<(String, String, String)> {
    assert_eq!(answer.fault(), Some(9003), "{}", answer.xml);
    let (codes, words) = (answer.texts("FaultCode"), answer.texts("FaultString"));
    let names = answer.texts("ParameterName").into_iter();
    let of_each = codes.into_iter().skip(1).zip(words.into_iter().skip(1));
    names.zip(of_each).map(|(n, (c, w))| (n, c, w)).collect()
}

#[test]
fn every_mistake_is_told_and_nothing_is_set() // SV-01 SV-02 SV-05 SV-09 SV-10 SV-11
{
    for (profile, root, table, _) in GATEWAYS {
        let mut device = Device::gateway(profile, root);
        let (code, interval) = (device.code.clone(), device.interval.clone());
        let before = device.values(&[&code, &interval]);
        let path = |below: &str| format!("{root}{below}");
        let cases = [
            (
                path("Nope.Nope"),
                "string",
                "x",
                "9005",
                "no such parameter",
            ),
            (
                path("DeviceInfo."),
                "string",
                "x",
                "9005",
                "no such parameter",
            ),
            (
                path("DeviceInfo"),
                "string",
                "x",
                "9005",
                "no such parameter",
            ),
            (
                path("deviceinfo.ProvisioningCode"),
                "string",
                "x",
                "9005",
                "no such parameter",
            ),
            (String::new(), "string", "x", "9005", "no such parameter"),
            (table.to_owned(), "string", "x", "9005", "no such parameter"),
            (
                format!("{table}*.Alias"),
                "string",
                "x",
                "9005",
                "no such parameter",
            ),
            (
                path("DeviceInfo.UpTime"),
                "unsignedInt",
                "1",
                "9008",
                "read",
            ),
            (
                path("ManagementServer.ParameterKey"),
                "string",
                "k",
                "9008",
                "read",
            ),
            (path("Time.Enable"), "boolean", "maybe", "9007", ""),
            (
                path("ManagementServer.URL"),
                "string",
                "gopher://x",
                "9007",
                "URL",
            ),
            (interval.clone(), "boolean", "1", "9006", "type"),
        ];
        let mut list = vec![(&code[..], "string", "new")];
        list.extend(
            cases
                .iter()
                .map(|(name, ty, value, ..)| (&name[..], *ty, *value)),
        );
        for turn in 0..2 {
            let answer = device.ask([rpc::set_values(&list, "never")]).remove(0);
            let mut told = mistakes(&answer);
            if turn == 1 {
                told.reverse();
            }
            assert_eq!(told.len(), cases.len(), "{told:#?}");
            for ((name, _, _, code, reason), told) in cases.iter().zip(&told) {
                assert_eq!((name, *code), (&told.0, &told.1[..]));
                assert!(
                    told.2.contains(&name[..]) && told.2.contains(reason),
                    "{told:?}"
                );
            }
            assert_eq!(device.values(&[&code, &interval]), before);
            assert_eq!(device.parameter_key(), "");
            list.reverse();
        }
        device.cpe.restart();
        assert_eq!(device.values(&[&code, &interval]), before);
    }
}

#[test]
fn the_key_is_that_of_the_last_change_that_was_made() // SV-05 SV-06 SV-21 OB-08 AT-07
{
    for (profile, root, table, _) in GATEWAYS {
        let mut device = Device::gateway(profile, root);
        let (code, key) = (device.code.clone(), device.key.clone());
        let long = "k".repeat(33);
        let good = |key: &str| rpc::set_values(&[(&code, "string", "new")], key);
        let mut added = String::new();
        for (request, expected) in [
            (good("one"), "one"),
            (rpc::set_values(&[(&key, "string", "mine")], "two"), "one"),
            (rpc::set_values(&[], "none at all"), "none at all"),
            (good(&long), "none at all"),
            (
                rpc::add_object(&format!("{root}Nope."), "three"),
                "none at all",
            ),
            (rpc::add_object(table, &long), "none at all"),
            (rpc::add_object(table, "added"), "added"),
            (
                rpc::delete_object(&format!("{table}4711."), "four"),
                "added",
            ),
            (rpc::delete_object("ADDED", "deleted"), "deleted"),
            (rpc::set_notification(&[&code], 1), "deleted"),
            (good(""), ""),
            (good("last"), "last"),
        ] {
            let request = Rpc {
                body: request.body.replace("ADDED", &added),
                ..request
            };
            let answer = device.ask([request]).remove(0);
            if let Some(number) = answer.text("InstanceNumber") {
                added = format!("{table}{number}.");
            }
            assert_eq!(device.parameter_key(), expected, "{}", answer.xml);
            device.cpe.restart();
            assert_eq!(device.parameter_key(), expected);
        }
        device.ask([rpc::factory_reset()]);
        device.cpe.until("the reset", |cpe| {
            cpe.state().parameter_key.is_empty().then_some(())
        });
    }
}

#[test]
fn one_parameter_twice_is_refused_however_it_is_named() // SV-03
{
    for (profile, root, table, [port, ..]) in GATEWAYS {
        let mut device = Device::gateway(profile, root);
        let code = device.code.clone();
        let answer = device.ask([rpc::add_object(table, "")]).remove(0);
        let instance = format!("{table}{}.", answer.text("InstanceNumber").unwrap());
        let by_number = format!("{instance}{port}");
        let alias = device.value(&format!("{instance}Alias"));
        let by_alias = format!("{table}[{alias}].{port}");
        let (by_number, by_alias) = (&by_number[..], &by_alias[..]);
        for pair in [[by_number; 2], [by_number, by_alias], [by_alias, by_number]] {
            let list = [
                (&code[..], "string", "new"),
                (pair[0], "unsignedInt", "1"),
                (pair[1], "unsignedInt", "1"),
            ];
            let answer = device.ask([rpc::set_values(&list, "never")]).remove(0);
            assert_eq!(answer.fault(), Some(9003));
            assert!(answer.text("FaultString").unwrap().contains(pair[1]));
            assert_eq!(device.values(&[&code, by_number]), ["", "0"]);
            assert_eq!(device.parameter_key(), "");
        }
    }
}

#[test]
fn values_are_judged_together_whatever_their_order() // SV-04
{
    for (profile, root, table, [port, protocol, enable]) in GATEWAYS {
        let mut device = Device::gateway(profile, root);
        let answers = device.ask([rpc::add_object(table, ""), rpc::add_object(table, "")]);
        let instances = answers.iter().map(|a| a.text("InstanceNumber").unwrap());
        let instances: Vec<String> = instances
            .map(|number| format!("{table}{number}."))
            .collect();
        let [a, b] = [0, 1].map(|i| format!("{}{port}", instances[i]));
        let mut start = Vec::new();
        for (instance, port) in instances.iter().zip([(&a, "4001"), (&b, "4002")]) {
            start.push((port.0.clone(), "unsignedInt", port.1));
            start.push((format!("{instance}{protocol}"), "string", "UDP"));
            start.push((format!("{instance}{enable}"), "boolean", "1"));
        }
        let start: Vec<_> = start.iter().map(|(n, t, v)| (&n[..], *t, *v)).collect();
        let set = |list: &[(&str, &str, &str)]| rpc::set_values(list, "");
        assert_eq!(device.ask([set(&start)])[0].fault(), None);
        // Each value alone would be the other's.
        let mut ports = ["4002", "4001"];
        for turn in 0..2 {
            let mut list = [
                (&a[..], "unsignedInt", ports[0]),
                (&b[..], "unsignedInt", ports[1]),
            ];
            if turn == 1 {
                list.reverse();
            }
            assert_eq!(device.ask([set(&list)])[0].fault(), None);
            assert_eq!(device.values(&[&a, &b]), ports);
            ports.reverse();
        }
        assert_eq!(
            device.ask([set(&[(&a, "unsignedInt", "4002")])])[0].fault(),
            Some(9003)
        );
        assert_eq!(device.values(&[&a, &b]), ["4001", "4002"]);
    }
}

#[test]
fn what_is_so_already_is_set_without_a_write() // SV-19
{
    for (profile, root, ..) in GATEWAYS {
        let mut device = Device::gateway(profile, root);
        let (code, interval) = (device.code.clone(), device.interval.clone());
        let list = [
            (&code[..], "string", "new"),
            (&interval[..], "unsignedInt", "4711"),
        ];
        assert_eq!(device.ask([rpc::set_values(&list, "key")])[0].fault(), None);
        // A file that is replaced loses its other name.
        let files =
            ["etc/cwmpd/state.toml", "etc/config/cwmp"].map(|file| device.cpe.home.path(file));
        for file in &files {
            std::fs::hard_link(file, file.with_extension("kept")).unwrap();
        }
        let padded = [
            (&code[..], "string", "new"),
            (&interval[..], "string", " 04711 "),
        ];
        let answers = device.ask([
            rpc::set_values(&list, "key"),
            rpc::set_values(&padded, "key"),
        ]);
        for answer in answers {
            assert_eq!(answer.text("Status").as_deref(), Some("0"));
        }
        for file in &files {
            assert_eq!(
                std::fs::metadata(file).unwrap().nlink(),
                2,
                "{}",
                file.display()
            );
        }
    }
}

#[test]
fn status_is_1_where_the_session_goes_on_as_before() // SV-07 SV-08
{
    for (profile, root, ..) in GATEWAYS {
        let mut device = Device::gateway(profile, root);
        let (code, interval) = (device.code.clone(), device.interval.clone());
        let ms = |name: &str| format!("{root}ManagementServer.{name}");
        let (user, url) = (ms("Username"), ms("URL"));
        let same = device.value(&url);
        for (list, status) in [
            (vec![(&code[..], "string", "new")], "0"),
            (vec![(&interval[..], "unsignedInt", "4711")], "0"),
            (vec![(&url[..], "string", &same[..])], "0"),
            (vec![(&user[..], "string", "somebody")], "1"),
            (
                vec![
                    (&code[..], "string", "newer"),
                    (&user[..], "string", "another"),
                ],
                "1",
            ),
        ] {
            let names: Vec<&str> = list.iter().map(|(name, ..)| *name).collect();
            let answers = device.ask([rpc::set_values(&list, ""), rpc::get_values(&names)]);
            assert_eq!(
                answers[0].text("Status").as_deref(),
                Some(status),
                "{names:?}"
            );
            for (name, _, value) in &list {
                assert_eq!(answers[1].values()[*name], *value);
            }
        }
    }
}

/// Answers `get` from the file `parameters` and `apply` from the file `answer`, and notes what it was asked.
const PROGRAM: &str = r#"#!/bin/sh
while read -r request; do
    echo "$request" >> ROOT/asked
    id=${request#*:}
    id=${id%%,*}
    case $request in
        *'"apply"'*)
            read -r answer < ROOT/answer
            echo "{\"id\":$id,$answer}"
            case $answer in *'"ok"'*) cp ROOT/after ROOT/parameters ;; esac ;;
        *) printf '%s\n' "{\"id\":$id,\"parameters\":[$(cat ROOT/parameters)]}" ;;
    esac
done
"#;

/// A device behind a program, with 20 numbers to set.
pub fn program(root: &str) -> Device {
    let model = if root == "Device." { "tr181" } else { "tr098" };
    Device::new(root, |home| {
        let home = home
            .cpe("backend", "exec")
            .cpe("exec", "/program")
            .cpe("datamodel", model);
        let parameters = |number: &str| {
            let fixed = [
                "RootDataModelVersion",
                "DeviceSummary",
                "DeviceInfo.SpecVersion",
                "DeviceInfo.HardwareVersion",
                "DeviceInfo.SoftwareVersion",
                "DeviceInfo.Manufacturer",
                "DeviceInfo.ManufacturerOUI",
                "DeviceInfo.ProductClass",
                "DeviceInfo.SerialNumber",
            ];
            let fixed = fixed.map(|name| format!(r#"{{"path":"{root}{name}","value":"00D0D0"}}"#));
            let code = format!(r#"{{"path":"{root}DeviceInfo.ProvisioningCode","writable":true}}"#);
            let broken = format!(r#"{{"path":"{root}X_EX.Broken","type":"int","value":"many"}}"#);
            let numbers = (0..20).map(|n| {
                format!(
                    r#"{{"path":"{root}X_EX.N{n}","type":"int","value":{number},"writable":true}}"#
                )
            });
            let all = fixed.into_iter().chain([code, broken]).chain(numbers);
            all.collect::<Vec<_>>().join(",")
        };
        home.write("parameters", parameters("1").as_bytes());
        home.write("after", parameters("2").as_bytes());
        home.write("answer", b"\"ok\":true\n");
        home.write_program(
            "program",
            &PROGRAM.replace("ROOT", home.root.to_str().unwrap()),
        );
        home
    })
}

fn applied(device: &Device) -> Vec<String> {
    let asked = device.cpe.home.read("asked");
    let applied = asked.lines().filter(|line| line.contains("\"apply\""));
    applied.map(str::to_owned).collect()
}

fn numbers(root: &str, value: &'static str) -> Rpc {
    let names: Vec<String> = (0..20).map(|n| format!("{root}X_EX.N{n}")).collect();
    let list: Vec<_> = names.iter().map(|name| (&name[..], "int", value)).collect();
    rpc::set_values(&list, &format!("key-{value}"))
}

#[test]
fn a_program_applies_a_request_once_and_only_what_changes() // SV-07 SV-19 SV-20
{
    for (_, root, ..) in GATEWAYS {
        let mut device = program(root);
        assert_eq!(
            device.ask([numbers(root, "1")])[0]
                .text("Status")
                .as_deref(),
            Some("0")
        );
        assert_eq!(device.parameter_key(), "key-1");
        assert!(applied(&device).is_empty());
        device
            .cpe
            .home
            .write("answer", b"\"ok\":true,\"later\":true\n");
        let first = format!("{root}X_EX.N0");
        let answers = device.ask([numbers(root, "2"), rpc::get_values(&[&first])]);
        assert_eq!(answers[0].text("Status").as_deref(), Some("1"));
        assert_eq!(answers[1].text("Value").as_deref(), Some("2"));
        let applied = applied(&device);
        assert_eq!(
            (applied.len(), applied[0].matches("\"set\"").count()),
            (1, 20)
        );
    }
}

#[test]
fn what_a_program_refuses_was_not_set() // SV-05 SV-23
{
    for (_, root, ..) in GATEWAYS {
        let mut device = program(root);
        let interval = device.interval.clone();
        let before = device.value(&interval);
        let first = format!("{root}X_EX.N0");
        for (answer, code) in [
            (
                "\"faults\":[{\"code\":9002,\"text\":\"the service did not start\"}]\n",
                9002,
            ),
            (
                "\"faults\":[{\"code\":9004,\"text\":\"the service did not start\"}]\n",
                9004,
            ),
        ] {
            device.cpe.home.write("answer", answer.as_bytes());
            let list = [
                (&first[..], "int", "2"),
                (&interval[..], "unsignedInt", "4711"),
            ];
            let answer = device.ask([rpc::set_values(&list, "never")]).remove(0);
            assert_eq!(answer.fault(), Some(code));
            let words = answer.text("FaultString").unwrap();
            assert!(words.contains("the service did not start"), "{words}");
            assert_eq!(device.values(&[&first, &interval]), ["1", &before]);
            assert_eq!(device.parameter_key(), "");
        }
    }
}

#[test]
fn a_program_is_not_asked_to_set_what_cannot_be_kept() // SV-23
{
    for (_, root, ..) in GATEWAYS {
        let mut device = program(root);
        let (first, interval) = (format!("{root}X_EX.N0"), device.interval.clone());
        let program_only = [(&first[..], "int", "2")];
        let both = [
            (&first[..], "int", "2"),
            (&interval[..], "unsignedInt", "4711"),
        ];
        for (blocked, list) in [(STATE, &program_only[..]), (CONFIG, &both[..])] {
            device.block(blocked);
            let answer = device.ask([rpc::set_values(list, "never")]).remove(0);
            assert_eq!(answer.fault(), Some(9002));
            let words = answer.text("FaultString").unwrap();
            assert!(words.contains("could not be stored"), "{words}");
            assert_eq!(device.value(&first), "1");
            device.unblock(blocked);
        }
        assert!(applied(&device).is_empty());
        assert_eq!(device.parameter_key(), "");
        // The configuration's disk is of no concern where nothing goes there.
        device.block(CONFIG);
        assert_eq!(
            device.ask([rpc::set_values(&program_only, "kept")])[0].fault(),
            None
        );
        device.unblock(CONFIG);
        assert_eq!(device.parameter_key(), "kept");
    }
}

#[test]
fn a_value_that_a_program_has_not_does_not_hide_the_others() // GV-10
{
    for (_, root, ..) in GATEWAYS {
        let mut device = program(root);
        let broken = format!("{root}X_EX.Broken");
        let answers = device.ask([
            rpc::get_values(&[""]),
            rpc::get_values(&[&broken]),
            rpc::get_names("", false),
        ]);
        assert_eq!(answers[0].values()[&broken], "0");
        assert!(answers[0].values().len() > 25);
        assert_eq!(answers[1].text("Value").as_deref(), Some("0"));
        assert!(answers[1].xml.contains("\"xsd:int\""));
        let names = answers[2].texts("Name");
        let names: Vec<_> = names.iter().filter(|name| !name.ends_with('.')).collect();
        assert_eq!(names.len(), answers[0].values().len());
    }
}
