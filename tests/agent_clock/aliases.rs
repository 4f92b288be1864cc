//! Instances by alias (TR-069 3.6.1), on both root models.

use cwmpd::agent::command::{Command, Reply};
use cwmpd::datamodel::Info;
use cwmpd::datamodel::attributes::Notification;

use crate::cpe::{Cpe, settled, shown};
use crate::support::acs::Acs;
use crate::support::brain::Session;
use crate::support::daemon::{Daemon, repository};
use crate::support::inspect::Message;
use crate::support::rpc::{self, Rpc};

/// What a root model's shipped profile has for these tests.
struct Model {
    profile: &'static str,
    root: &'static str,
    /// A table whose instances hold `MaxMTUSize` and tables.
    table: &'static str,
    /// The same in InstanceAlias mode.
    by_alias: &'static str,
    /// The alias of its first instance.
    first: &'static str,
    /// What counts its instances.
    count: &'static str,
    /// A table in each of its instances, and a parameter of that one's instances.
    inner: (&'static str, &'static str),
}

const TR181: Model = Model {
    profile: "tr181-gateway.toml",
    root: "Device.",
    table: "Device.IP.Interface.",
    by_alias: "Device.IP.Interface.",
    first: "wan",
    count: "Device.IP.InterfaceNumberOfEntries",
    inner: ("IPv4Address.", "SubnetMask"),
};

const TR098: Model = Model {
    profile: "tr098-gateway.toml",
    root: "InternetGatewayDevice.",
    table: "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.",
    by_alias: "InternetGatewayDevice.WANDevice.[cpe-1].WANConnectionDevice.[cpe-1].WANIPConnection.",
    first: "cpe-1",
    count: "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnectionNumberOfEntries",
    inner: ("PortMapping.", "PortMappingDescription"),
};

impl Model {
    fn start(&self, acs: &mut Acs) -> Cpe {
        let home = Daemon::new(&acs.url());
        let profile = repository().join("etc/profiles").join(self.profile);
        home.write(
            "etc/cwmpd/profile.toml",
            &std::fs::read(profile).expect("the shipped profile"),
        );
        settled(home, acs)
    }

    fn server(&self, name: &str) -> String {
        format!("{}ManagementServer.{name}", self.root)
    }

    fn mode(&self, mode: &str) -> Rpc {
        rpc::set_values(&[(&self.server("InstanceMode"), "string", mode)], "")
    }

    fn make_instances(&self) -> Rpc {
        rpc::set_values(&[(&self.server("AutoCreateInstances"), "boolean", "1")], "")
    }

    fn at(&self, below: &str) -> String {
        format!("{}{below}", self.table)
    }
}

/// A session with these requests, none of which is refused.
fn session(cpe: &mut Cpe, acs: &mut Acs, rpcs: impl IntoIterator<Item = Rpc>) -> Session {
    acs.plan(rpcs);
    cpe.inform();
    let session = cpe.session(acs);
    for answer in &session.answers {
        assert_eq!(answer.fault(), None, "{}", answer.xml);
    }
    session
}

/// The answer to one request, which may be a fault.
fn ask(cpe: &mut Cpe, acs: &mut Acs, rpc: Rpc) -> Message {
    acs.plan([rpc]);
    cpe.inform();
    cpe.session(acs).answers.remove(0)
}

fn names(message: &Message) -> Vec<String> {
    message.texts("Name")
}

#[test]
fn the_mechanism_is_there_and_off_at_first() // AL-01
{
    for model in [TR181, TR098] {
        let mut acs = Acs::start();
        let mut cpe = model.start(&mut acs);
        let wanted = [
            ("AliasBasedAddressing", "true"),
            ("InstanceMode", "InstanceNumber"),
            ("AutoCreateInstances", "false"),
        ];
        let asked = wanted.map(|(name, _)| model.server(name));
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        let session = session(&mut cpe, &mut acs, [rpc::get_values(&asked)]);
        for (name, value) in wanted {
            assert_eq!(session.answers[0].values()[&model.server(name)], value);
        }
        let told = session.inform.values();
        assert_eq!(told[&model.server("AliasBasedAddressing")], "true");
        let bad = model.mode("InstanceName");
        assert_eq!(ask(&mut cpe, &mut acs, bad).fault(), Some(9003));
    }
}

#[test]
fn the_mode_counts_from_the_next_answer_on_and_for_every_inform() // IN-10 AL-06
{
    for model in [TR181, TR098] {
        let mut acs = Acs::start();
        let mut cpe = model.start(&mut acs);
        let asked = model.at(&format!("[{}].MaxMTUSize", model.first));
        let session = session(
            &mut cpe,
            &mut acs,
            [
                rpc::get_names(model.table, true),
                model.mode("InstanceAlias"),
                rpc::get_names(model.table, true),
                rpc::get_values(&[&model.at("1.MaxMTUSize"), &asked]),
                rpc::get_values(&[model.root]),
                rpc::set_notification(&[&asked], 2),
            ],
        );
        let first = format!("[{}].", model.first);
        assert_eq!(names(&session.answers[0])[0], model.at("1."));
        assert_eq!(names(&session.answers[2])[0], model.at(&first));
        assert_eq!(
            names(&session.answers[3]),
            [model.at("1.MaxMTUSize"), asked]
        );
        let name = format!("{}{first}MaxMTUSize", model.by_alias);
        assert!(names(&session.answers[4]).contains(&name));

        // What the device changes is told by alias, also by a daemon that was started again.
        for (value, alias) in [("1400", model.first), ("1401", "renamed")] {
            cpe.restart();
            let set = cpe.set(&model.at("1.MaxMTUSize"), value);
            assert!(matches!(set, Reply::Ok(_)), "{set:?}");
            let rename = (&*model.at("1.Alias"), "string", "renamed");
            acs.plan([rpc::set_values(&[rename], "")]);
            cpe.inform();
            let inform = cpe.session(&mut acs).inform;
            assert!(inform.events().contains(&"4 VALUE CHANGE".to_owned()));
            let name = format!("{}[{alias}].MaxMTUSize", model.by_alias);
            assert_eq!(inform.values().get(&name).map(String::as_str), Some(value));
            if model.root == TR098.root {
                let wan = format!("{}[{alias}].ExternalIPAddress", model.by_alias);
                assert_eq!(inform.values()[&wan], "203.0.113.10");
            }
        }
        // A new name is no new value.
        cpe.inform();
        assert_eq!(
            cpe.session(&mut acs).inform.events(),
            ["6 CONNECTION REQUEST"]
        );
        assert!(
            cpe.state()
                .notified
                .get(&model.at("1.MaxMTUSize"))
                .is_some()
        );
    }
}

#[test]
fn objects_are_added_and_deleted_by_alias() // AL-02 AL-04
{
    for model in [TR181, TR098] {
        let mut acs = Acs::start();
        let mut cpe = model.start(&mut acs);
        let (outer, inner) = (model.at("[new]."), model.inner.0);
        let session = session(
            &mut cpe,
            &mut acs,
            [
                rpc::add_object(&outer, ""),
                rpc::add_object(&format!("{outer}{inner}"), ""),
                rpc::add_object(&format!("{outer}{inner}[in.side]."), ""),
                rpc::get_values(&[&format!("{outer}{inner}[in.side].Alias")]),
            ],
        );
        let numbers = session.answers[..3].iter().map(|answer| {
            let number = answer.text("InstanceNumber").expect("a number");
            number.parse::<u32>().expect("a number")
        });
        let numbers: Vec<u32> = numbers.collect();
        assert_eq!(numbers[1..], [1, 2]);
        assert_eq!(session.answers[3].values().len(), 1);
        // The second time each of them is there already.
        for path in [outer.clone(), format!("{outer}{inner}[in.side].")] {
            let answer = ask(&mut cpe, &mut acs, rpc::add_object(&path, ""));
            assert_eq!(answer.fault(), Some(9005), "{path}");
        }
        for path in [format!("{outer}{inner}[in.side]."), outer.clone()] {
            for fault in [None, Some(9005)] {
                let answer = ask(&mut cpe, &mut acs, rpc::delete_object(&path, ""));
                assert_eq!(answer.fault(), fault, "{path}");
            }
        }
        // The alias is free again, the number is not.
        let answer = ask(&mut cpe, &mut acs, rpc::add_object(&outer, ""));
        let number = answer.text("InstanceNumber").and_then(|n| n.parse().ok());
        assert_eq!(number, Some(numbers[0] + 1));
    }
}

#[test]
fn new_instances_come_with_their_values() // AL-05 AL-06
{
    for model in [TR181, TR098] {
        let mut acs = Acs::start();
        let mut cpe = model.start(&mut acs);
        let (inner, text) = model.inner;
        let (mtu, text) = (
            model.at("[new].MaxMTUSize"),
            model.at(&format!("[new].{inner}[in].{text}")),
        );
        let other = model.at(&format!("{}.{inner}[in].Alias", 1));
        let values = [
            (mtu.as_str(), "unsignedInt", "1410"),
            (&text, "string", "255.0.0.0"),
            (&other, "string", "renamed"),
        ];
        let request = rpc::set_values(&values, "");
        let refused = ask(&mut cpe, &mut acs, request.clone());
        assert_eq!(refused.fault(), Some(9003));
        assert_eq!(refused.texts("ParameterName"), [&*mtu, &text, &other]);

        let before = session(
            &mut cpe,
            &mut acs,
            [
                model.make_instances(),
                rpc::set_notification(&[model.count], 2),
                rpc::get_values(&[model.count]),
            ],
        );
        let before: u32 = before.answers[2].values()[model.count].parse().unwrap();
        let answers = session(
            &mut cpe,
            &mut acs,
            [
                request,
                rpc::get_values(&[&mtu, &text, model.count]),
                model.mode("InstanceAlias"),
                rpc::get_values(&[model.table]),
            ],
        )
        .answers;
        assert_eq!(answers[0].text("Status").as_deref(), Some("0"));
        let got = answers[1].values();
        assert_eq!(
            (got[&mtu].as_str(), got[&text].as_str()),
            ("1410", "255.0.0.0")
        );
        assert_eq!(got[model.count], (before + 1).to_string());
        assert!(answers[3].values().contains_key(&text));
        let renamed = model.at(&format!("[{}].{inner}[renamed].Alias", model.first));
        assert!(answers[3].values().contains_key(&renamed));

        // The ACS made it: no news to it (NO-04). And it lasts.
        cpe.restart();
        let answers = session(&mut cpe, &mut acs, [rpc::get_values(&[&mtu, &text])]);
        assert_eq!(answers.inform.events(), ["6 CONNECTION REQUEST"]);
        assert_eq!(answers.answers[0].values()[&mtu], "1410");
    }
}

#[test]
fn a_request_with_a_fault_makes_nothing() // AL-05 SV-01
{
    for model in [TR181, TR098] {
        let mut acs = Acs::start();
        let mut cpe = model.start(&mut acs);
        session(&mut cpe, &mut acs, [model.make_instances()]);
        let mtu = model.at("[new].MaxMTUSize");
        for (name, value, code) in [
            (mtu.clone(), "70000", "9007"),
            (mtu.clone(), "-1", "9007"),
            (model.at("[new].Nope"), "1", "9005"),
            (model.at("[1new].MaxMTUSize"), "1400", "9005"),
            (model.server("ParameterKey"), "x", "9008"),
        ] {
            let values = [
                (&*model.at("[new].Enable"), "boolean", "0"),
                (&*name, "string", value),
            ];
            let answer = ask(&mut cpe, &mut acs, rpc::set_values(&values, ""));
            assert_eq!(answer.texts("ParameterName"), [name], "{}", answer.xml);
            assert_eq!(answer.texts("FaultCode")[1..], [code]);
            let answer = ask(&mut cpe, &mut acs, rpc::get_values(&[&mtu]));
            assert_eq!(answer.fault(), Some(9005));
        }
        // More than the table has room for.
        let many: Vec<String> = (0..40)
            .map(|n| model.at(&format!("[n{n}].Enable")))
            .collect();
        let values: Vec<_> = many.iter().map(|name| (&**name, "boolean", "1")).collect();
        let answer = ask(&mut cpe, &mut acs, rpc::set_values(&values, ""));
        assert_eq!(answer.fault(), Some(9004));
        let answer = ask(&mut cpe, &mut acs, rpc::get_values(&[&many[0]]));
        assert_eq!(answer.fault(), Some(9005));
        // Not a number is used up.
        let added = ask(&mut cpe, &mut acs, rpc::add_object(model.table, ""));
        let number: usize = added.text("InstanceNumber").unwrap().parse().unwrap();
        let listed = ask(&mut cpe, &mut acs, rpc::get_names(model.table, true));
        assert_eq!(names(&listed).len(), number);
    }
}

#[test]
fn references_are_told_by_alias_and_taken_in_either_form() // AL-06
{
    for (model, name, number, alias) in [
        (
            TR181,
            "Device.IP.Interface.1.LowerLayers",
            "Device.Ethernet.Link.1",
            "Device.Ethernet.Link.[cpe-1]",
        ),
        (
            TR098,
            "InternetGatewayDevice.Layer3Forwarding.DefaultConnectionService",
            "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1",
            "InternetGatewayDevice.WANDevice.[cpe-1].WANConnectionDevice.[cpe-1].WANIPConnection.[cpe-1]",
        ),
    ] {
        let mut acs = Acs::start();
        let mut cpe = model.start(&mut acs);
        let set = |value| rpc::set_values(&[(name, "string", value)], "");
        let get = || rpc::get_values(&[name]);
        let answers = session(
            &mut cpe,
            &mut acs,
            [
                set(alias),
                get(),
                model.mode("InstanceAlias"),
                get(),
                set(number),
                get(),
            ],
        )
        .answers;
        for (answer, value) in [(1, number), (3, alias), (5, alias)] {
            assert_eq!(answers[answer].values()[name].trim_end_matches('.'), value);
        }
        let answer = ask(&mut cpe, &mut acs, set("Device.Nope.[x]"));
        assert_eq!(answer.texts("FaultCode"), ["9003", "9007"]);
    }
}

#[test]
fn instances_without_an_alias_are_named_by_number() // AL-06 AL-07
{
    for (model, table) in [
        (TR181, "Device.WiFi.AccessPoint.1.AssociatedDevice."),
        (TR098, "InternetGatewayDevice.LANDevice.1.Hosts.Host."),
    ] {
        let mut acs = Acs::start();
        let mut cpe = model.start(&mut acs);
        let answers = session(
            &mut cpe,
            &mut acs,
            [
                model.mode("InstanceAlias"),
                model.make_instances(),
                rpc::get_names(table, true),
            ],
        )
        .answers;
        assert_eq!(names(&answers[2])[0], format!("{table}1."));
        let path = format!("{table}[cpe-1].");
        for request in [
            rpc::get_values(&[&path]),
            rpc::get_names(&path, false),
            rpc::get_attributes(&[&path]),
            rpc::set_notification(&[&path], 1),
            rpc::add_object(&path, ""),
            rpc::delete_object(&path, ""),
        ] {
            assert_eq!(ask(&mut cpe, &mut acs, request).fault(), Some(9005));
        }
        let value = format!("{path}MACAddress");
        let answer = rpc::set_values(&[(&value, "string", "x")], "");
        let answer = ask(&mut cpe, &mut acs, answer);
        assert_eq!(answer.texts("FaultCode"), ["9003", "9005"]);
    }
}

#[test]
fn the_command_line_takes_aliases_too() {
    let mut acs = Acs::start();
    let mut cpe = TR181.start(&mut acs);
    let path = TR181.at("[new].");
    let add = |cpe: &mut Cpe| {
        let table = path.clone();
        cpe.command(Command::Add { table })
    };
    let Reply::Ok(added) = add(&mut cpe) else {
        panic!("not added");
    };
    let name = TR181.at(&format!("{}.MaxMTUSize", shown(&added)["instance"]));
    assert!(matches!(add(&mut cpe), Reply::Fault { code: 9005, .. }));
    let set = cpe.set(&format!("{path}MaxMTUSize"), "1400");
    assert!(matches!(set, Reply::Ok(_)), "{set:?}");
    let answers = session(
        &mut cpe,
        &mut acs,
        [
            rpc::get_values(&[&name]),
            rpc::set_notification(&[&name], 2),
        ],
    )
    .answers;
    assert_eq!(answers[0].values()[&name], "1400");
    // What is kept of it goes too (NO-12).
    let kept = |cpe: &Cpe| cpe.state().attributes.notification(&name, &Info::default());
    assert_eq!(kept(&cpe), Notification::Active);
    let deleted = cpe.command(Command::Delete { instance: path });
    assert!(matches!(deleted, Reply::Ok(_)), "{deleted:?}");
    assert_eq!(kept(&cpe), Notification::Off);
}

#[test]
fn a_vendors_program_is_addressed_by_alias() // IN-10 AL-05 AL-06
{
    const SENSOR: &str = "Device.X_EXAMPLE-COM_Weather.Sensor.";
    let program = repository().join("etc/exec-example/weather-station");
    let mut acs = Acs::start();
    let home = Daemon::new(&acs.url())
        .cpe("backend", "exec")
        .cpe("exec", "/usr/sbin/station");
    let state = home.path("etc/station.state");
    let script = std::fs::read_to_string(program).expect("the example");
    let script = script.replace("/etc/weather-station.state", &state.display().to_string());
    home.write_program("usr/sbin/station", &script);
    let mut cpe = settled(home, &mut acs);
    let place = format!("{SENSOR}[roof].Place");
    let values = [(&*place, "string", "north")];
    let set = rpc::set_values(&values, "");
    assert_eq!(ask(&mut cpe, &mut acs, set.clone()).fault(), Some(9003));
    let answers = session(
        &mut cpe,
        &mut acs,
        [
            TR181.make_instances(),
            TR181.mode("InstanceAlias"),
            set,
            rpc::get_names(SENSOR, true),
            rpc::get_values(&[SENSOR, "Device.X_EXAMPLE-COM_Weather.Sensor.1.Place"]),
            rpc::set_notification(&[&place], 2),
        ],
    )
    .answers;
    assert_eq!(names(&answers[3]), [format!("{SENSOR}[roof].")]);
    let by_number = format!("{SENSOR}1.Place");
    assert_eq!(
        names(&answers[4]),
        [&*format!("{SENSOR}[roof].Alias"), &place, &by_number]
    );
    let bad = [
        (&*format!("{SENSOR}[porch].Place"), "string", "x"),
        (&*format!("{SENSOR}[roof].Alias"), "string", "1"),
    ];
    let answer = ask(&mut cpe, &mut acs, rpc::set_values(&bad, ""));
    assert!(answer.fault().is_some(), "{}", answer.xml);
    let answer = ask(&mut cpe, &mut acs, rpc::get_names(SENSOR, true));
    assert_eq!(names(&answer), [format!("{SENSOR}[roof].")]);
    // What is told in an Inform is named by alias too.
    assert!(matches!(cpe.set(&by_number, "south"), Reply::Ok(_)));
    cpe.inform();
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(
        inform.values().get(&place).map(String::as_str),
        Some("south")
    );
}
