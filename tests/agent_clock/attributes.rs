//! Notification attributes and access lists: what is watched, in both root models.

use cwmpd::agent::command::{Command, Reply};

use crate::cpe::{Cpe, settled, shown};
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::inspect::Message;
use crate::support::rpc::{self, Rpc};

/// The root models, each with its shipped gateway.
pub const ROOTS: [(&str, &str); 2] = [
    ("Device.", "tr181-gateway.toml"),
    ("InternetGatewayDevice.", "tr098-gateway.toml"),
];

/// What the gateways do not have.
const MORE: &str = r#"
["ROOT.X_EX."]
Value = { writable = true }
Other = { writable = true }
Load  = { type = "unsignedInt", writable = true, notify = "canDeny" }

["ROOT.X_EX.Unit.{i}."]
table = { writable = true, count = "UnitNumberOfEntries" }
Name  = { writable = true }
Load  = { type = "unsignedInt", writable = true, notify = "canDeny" }

["ROOT.SoftwareModules.ExecutionUnit.{i}."]
table  = { writable = true, count = "ExecutionUnitNumberOfEntries" }
Status = { writable = true, value = "Idle" }
"#;

/// A device with that root model, and more parameters than the shipped gateway.
pub fn gateway(acs: &Acs, (root, profile): (&str, &str)) -> Daemon {
    let home = Daemon::new(&acs.url());
    let shipped = format!("{}/etc/profiles/{profile}", env!("CARGO_MANIFEST_DIR"));
    let shipped = std::fs::read_to_string(shipped).unwrap();
    let more = MORE.replace("ROOT.", root);
    home.write("etc/cwmpd/profile.toml", (shipped + &more).as_bytes());
    home
}

/// What `cwmp attributes` shows of a parameter.
pub fn notification(cpe: &mut Cpe, name: &str) -> u64 {
    let paths = vec![name.to_owned()];
    match cpe.command(Command::Attributes { paths }) {
        Reply::Ok(list) => shown(&list)[0]["notification"].as_u64().unwrap(),
        other => panic!("{name}: {other:?}"),
    }
}

/// A session in which the ACS sends this; what it was answered.
pub fn told(cpe: &mut Cpe, acs: &mut Acs, rpcs: impl IntoIterator<Item = Rpc>) -> Vec<Message> {
    acs.plan(rpcs);
    cpe.inform();
    cpe.session(acs).answers
}

/// The same, refused nothing.
pub fn done(cpe: &mut Cpe, acs: &mut Acs, rpcs: impl IntoIterator<Item = Rpc>) {
    for answer in told(cpe, acs, rpcs) {
        assert_eq!(answer.fault(), None);
    }
}

/// `cwmp set`
pub fn set(cpe: &mut Cpe, name: &str, value: &str) {
    let reply = cpe.set(name, value);
    assert!(matches!(reply, Reply::Ok(_)), "{name}: {reply:?}");
}

/// `cwmp add`; the new instance.
pub fn add(cpe: &mut Cpe, table: &str) -> String {
    match cpe.command(Command::Add {
        table: table.into(),
    }) {
        Reply::Ok(answer) => format!("{table}{}.", shown(&answer)["instance"]),
        other => panic!("{table}: {other:?}"),
    }
}

/// `cwmp del`
pub fn delete(cpe: &mut Cpe, instance: &str) -> Reply {
    cpe.command(Command::Delete {
        instance: instance.into(),
    })
}

/// A session that was opened for a change of this parameter alone.
pub fn change_of(cpe: &mut Cpe, acs: &mut Acs, name: &str, value: &str) {
    let inform = cpe.session(acs).inform;
    assert_eq!(inform.events(), ["4 VALUE CHANGE"], "{name}");
    assert_eq!(inform.values().get(name).map(String::as_str), Some(value));
}

/// No session comes.
pub fn quiet(cpe: &mut Cpe, acs: &mut Acs) {
    cpe.pass_seconds(1000);
    let session = acs.try_session();
    assert!(
        session.is_none(),
        "{:?}",
        session.map(|s| s.inform.values())
    );
}

/// SetParameterAttributes of one access list.
fn set_access(name: &str, entities: &[&str]) -> Rpc {
    let list: String = entities
        .iter()
        .map(|one| format!("<string>{one}</string>"))
        .collect();
    Rpc::new(
        "SetParameterAttributes",
        &format!(
            "<ParameterList soapenc:arrayType=\"cwmp:SetParameterAttributesStruct[1]\"><SetParameterAttributesStruct>\
             <Name>{name}</Name><NotificationChange>0</NotificationChange><Notification></Notification>\
             <AccessListChange>1</AccessListChange><AccessList soapenc:arrayType=\"xsd:string[{}]\">{list}</AccessList>\
             </SetParameterAttributesStruct></ParameterList>",
            entities.len()
        ),
    )
}

#[test]
fn what_the_model_has_active_by_default_is_watched_wherever_it_is() // NO-02 NO-09
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(gateway(&acs, model), &mut acs);
        let root = model.0;
        let url = format!("{root}ManagementServer.ConnectionRequestURL");
        assert_eq!(notification(&mut cpe, &url), 2);
        // An instance that comes later, from either side.
        let table = format!("{root}SoftwareModules.ExecutionUnit.");
        let first = format!("{}Status", add(&mut cpe, &table));
        done(&mut cpe, &mut acs, [rpc::add_object(&table, "")]);
        let second = format!("{table}2.Status");
        for status in [&first, &second] {
            assert_eq!(notification(&mut cpe, status), 2);
            set(&mut cpe, status, "Active");
            change_of(&mut cpe, &mut acs, status, "Active");
        }
        // The ACS may lower it.
        done(&mut cpe, &mut acs, [rpc::set_notification(&[&first], 0)]);
        set(&mut cpe, &first, "Stopping");
        quiet(&mut cpe, &mut acs);
        // What is gone is no change.
        set(&mut cpe, &second, "Stopping");
        assert!(matches!(
            delete(&mut cpe, &format!("{table}2.")),
            Reply::Ok(_)
        ));
        cpe.pass_seconds(10);
        let session = acs.try_session();
        assert!(session.is_none_or(|s| !s.inform.values().contains_key(&second)));
    }
}

#[test]
fn the_address_of_a_tr098_connection_is_told() // NO-09 NO-02
{
    let mut acs = Acs::start();
    let mut cpe = settled(gateway(&acs, ROOTS[1]), &mut acs);
    let name = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress";
    assert_eq!(notification(&mut cpe, name), 2);
    set(&mut cpe, name, "192.0.2.77");
    change_of(&mut cpe, &mut acs, name, "192.0.2.77");
}

#[test]
fn a_partial_path_holds_for_instances_that_come_later() // NO-12 AT-03 NO-11
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(gateway(&acs, model), &mut acs);
        let root = model.0;
        let table = format!("{root}X_EX.Unit.");
        let instance = add(&mut cpe, &table);
        let name = format!("{instance}Name");
        // Active for the table is refused by what it holds; passive is not, and the name beside it may be active.
        let answers = told(&mut cpe, &mut acs, [rpc::set_notification(&[&table], 2)]);
        assert_eq!(answers[0].fault(), Some(9009));
        assert_eq!(notification(&mut cpe, &name), 0);
        done(
            &mut cpe,
            &mut acs,
            [
                rpc::set_notification(&[&table], 1),
                rpc::set_notification(&[&name], 2),
            ],
        );
        // By number it does not come back.
        assert!(matches!(delete(&mut cpe, &instance), Reply::Ok(_)));
        let other = add(&mut cpe, &table);
        let other = format!("{other}Name");
        assert_eq!(notification(&mut cpe, &other), 1);
        cpe.reboot("00000000-0000-4000-8000-000000000003");
        cpe.session(&mut acs);
        assert_eq!(notification(&mut cpe, &other), 1);
        // And is watched: passively.
        set(&mut cpe, &other, "new");
        quiet(&mut cpe, &mut acs);
        cpe.inform();
        let inform = cpe.session(&mut acs).inform;
        assert!(inform.events().contains(&"4 VALUE CHANGE".to_owned()));
        assert_eq!(inform.values()[&other], "new");
    }
}

#[test]
fn the_whole_tree_is_one_line_of_the_state_file() // AT-03 AT-05 NO-08 NO-11
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(gateway(&acs, model), &mut acs);
        let root = model.0;
        let value = format!("{root}X_EX.Value");
        let version = format!("{root}DeviceInfo.SoftwareVersion");
        done(&mut cpe, &mut acs, [rpc::set_notification(&[&value], 0)]);
        done(&mut cpe, &mut acs, [rpc::set_notification(&[root], 1)]);
        let text = cpe.home.read("etc/cwmpd/state.toml");
        assert_eq!(text.matches("notification = ").count(), 1, "{text}");
        cpe.restart();
        cpe.settle();
        assert_eq!(notification(&mut cpe, &value), 1);
        assert_eq!(notification(&mut cpe, &version), 2);
        let answers = told(&mut cpe, &mut acs, [rpc::get_attributes(&[root])]);
        let notifications = answers[0].texts("Notification");
        assert!(notifications.len() > 300, "{}", notifications.len());
        let active: Vec<_> = notifications.iter().filter(|n| *n != "1").collect();
        assert_eq!(active, ["2", "2"]); // SoftwareVersion and ProvisioningCode
    }
}

#[test]
fn three_and_five_are_kept_but_ride_in_no_inform_and_four_and_six_in_the_next() // NO-01
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(gateway(&acs, model), &mut acs);
        let name = format!("{}X_EX.Value", model.0);
        for (number, rides) in [(3, false), (4, true), (5, false), (6, true)] {
            done(
                &mut cpe,
                &mut acs,
                [rpc::set_notification(&[&name], number)],
            );
            assert_eq!(notification(&mut cpe, &name), u64::from(number));
            set(&mut cpe, &name, &format!("for {number}"));
            quiet(&mut cpe, &mut acs);
            cpe.inform();
            let inform = cpe.session(&mut acs).inform;
            let told = inform.values().contains_key(&name);
            let event = inform.events().contains(&"4 VALUE CHANGE".to_owned());
            assert_eq!((told, event), (rides, rides), "{number}");
        }
    }
}

#[test]
fn an_access_list_without_subscriber_keeps_the_device_side_from_writing() // AT-04 AT-06
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(gateway(&acs, model), &mut acs);
        let root = model.0;
        let value = format!("{root}X_EX.Value");
        let instance = add(&mut cpe, &format!("{root}X_EX.Unit."));
        done(
            &mut cpe,
            &mut acs,
            [
                set_access(&format!("{root}X_EX."), &["X_EX_App"]),
                set_access(&format!("{root}X_EX.Other"), &["Subscriber"]),
            ],
        );
        let table = format!("{root}X_EX.Unit.");
        let added = cpe.command(Command::Add { table });
        for reply in [cpe.set(&value, "local"), delete(&mut cpe, &instance), added] {
            let Reply::Fault { code: 9001, text } = reply else {
                panic!("{reply:?}")
            };
            assert!(text.contains("AccessList"), "{text}");
        }
        set(&mut cpe, &format!("{root}X_EX.Other"), "local");
        // The ACS may always.
        done(
            &mut cpe,
            &mut acs,
            [
                rpc::set_values(&[(&value, "string", "acs")], ""),
                rpc::delete_object(&instance, ""),
                set_access(&format!("{root}X_EX."), &["Subscriber"]),
            ],
        );
        set(&mut cpe, &value, "local");
    }
}

const JSON: &str = "/etc/icwmpd/notify.json";

fn import(home: &Daemon, entries: &[(&str, &str)]) {
    let entries: Vec<String> = entries
        .iter()
        .map(|(name, kind)| format!(r#"{{"parameter":"{name}","notify_type":{kind}}}"#))
        .collect();
    let text = format!("{{\"custom_notification\":[{}]}}", entries.join(","));
    home.write(JSON, text.as_bytes());
}

#[test]
fn settings_of_the_firmware_are_taken_in_once() // NO-09 NO-11
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let home = gateway(&acs, model).cpe("custom_notify_json", JSON);
        let root = model.0;
        let (value, other) = (format!("{root}X_EX.Value"), format!("{root}X_EX.Other"));
        let version = format!("{root}DeviceInfo.SoftwareVersion");
        import(
            &home,
            &[
                (&format!("{root}X_EX."), "\"1\""),
                (&value, "2"),
                // None of these can be set; the rest is.
                (&format!("{root}X_EX.Unit.*.Name"), "\"2\""),
                (&format!("{root}X_EX.Nope"), "\"2\""),
                (&format!("{root}X_EX.Load"), "\"2\""),
                (&version, "\"0\""),
                (&other, "\"7\""),
                ("", "\"1\""),
                (&other, "null"),
            ],
        );
        let mut cpe = settled(home, &mut acs);
        let load = format!("{root}X_EX.Load");
        for (name, number) in [(&value, 2), (&other, 1), (&load, 1), (&version, 2)] {
            assert_eq!(notification(&mut cpe, name), number, "{name}");
        }
        set(&mut cpe, &value, "changed");
        change_of(&mut cpe, &mut acs, &value, "changed");
        // What the ACS says since then counts.
        done(&mut cpe, &mut acs, [rpc::set_notification(&[&value], 0)]);
        cpe.restart();
        cpe.settle();
        assert_eq!(notification(&mut cpe, &value), 0);
        // Until the firmware brings another file.
        import(&cpe.home, &[(&value, "4")]);
        assert!(matches!(cpe.command(Command::Reload), Reply::Ok(_)));
        assert_eq!(notification(&mut cpe, &value), 4);
        // A broken one changes nothing.
        cpe.home.write(JSON, b"{\"custom_notification\":1}");
        cpe.restart();
        cpe.settle();
        assert_eq!(notification(&mut cpe, &value), 4);
        // And a factory reset takes it in again.
        import(&cpe.home, &[(&value, "4")]);
        let url = format!("{root}ManagementServer.ConnectionRequestURL");
        done(
            &mut cpe,
            &mut acs,
            [
                rpc::set_notification(&[&url], 0),
                rpc::set_notification(&[&format!("{root}X_EX.")], 1),
                rpc::factory_reset(),
            ],
        );
        cpe.until("the hook to end", |cpe| {
            (cpe.state().deferred == Default::default()).then_some(())
        });
        cpe.restart();
        cpe.session(&mut acs);
        for (name, number) in [(&value, 4), (&other, 0), (&url, 2)] {
            assert_eq!(notification(&mut cpe, name), number, "{name}");
        }
    }
}

/// One SetParameterAttributesStruct, as it goes over the wire.
fn attributes(entries: &[(&str, &str, &str, &str, &str)]) -> Rpc {
    let entry = |(name, change, notification, access_change, access): &(
        &str,
        &str,
        &str,
        &str,
        &str,
    )| {
        format!(
            "<SetParameterAttributesStruct><Name>{name}</Name><NotificationChange>{change}</NotificationChange>\
             <Notification>{notification}</Notification><AccessListChange>{access_change}</AccessListChange>\
             <AccessList>{access}</AccessList></SetParameterAttributesStruct>"
        )
    };
    let list: String = entries.iter().map(entry).collect();
    Rpc::new(
        "SetParameterAttributes",
        &format!("<ParameterList>{list}</ParameterList>"),
    )
}

/// `notification access list` of every parameter in an answer.
fn attributes_in(answer: &Message) -> Vec<(String, String)> {
    let structs = answer.xml.split("<ParameterAttributeStruct>").skip(1);
    let part = |text: &str, from: &str, to: &str| {
        let from = text.split_once(from)?.1;
        Some(from.split_once(to)?.0.to_owned())
    };
    let read = |text: &str| {
        let notification = part(text, "<Notification>", "</Notification>")?;
        let access = part(text, "<AccessList ", "</AccessList>")?;
        Some((notification, access.split_once('>')?.1.to_owned()))
    };
    structs
        .map(|text| read(text).expect("all its parts"))
        .collect()
}

#[test]
fn one_mistake_and_no_attribute_changes() // AT-01 NO-01 NO-08 NO-10
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(gateway(&acs, model), &mut acs);
        let path = |below: &str| format!("{}{below}", model.0);
        let value = path("X_EX.Value");
        let many: String = (0..17).map(|n| format!("<string>X_{n}</string>")).collect();
        let bad = [
            (path("Nope"), "1", "1", "0", "", 9005),
            (path("Nope."), "0", "", "0", "", 9005),
            (path("X_EX"), "1", "1", "0", "", 9005),
            (path("X_EX.Unit.4711."), "1", "1", "0", "", 9005),
            (path("X_EX.Other"), "1", "7", "0", "", 9003),
            (path("X_EX.Other"), "1", "-1", "0", "", 9003),
            (path("X_EX.Other"), "1", "256", "0", "", 9003),
            (path("X_EX.Other"), "1", "", "0", "", 9003),
            (path("X_EX.Other"), "yes", "1", "0", "", 9003),
            (path("X_EX.Other"), "0", "", "2", "", 9003),
            (path("X_EX.Other"), "0", "", "1", &*many, 9004),
            (path("DeviceInfo.SoftwareVersion"), "1", "0", "0", "", 9009),
            (path("DeviceInfo.SoftwareVersion"), "1", "1", "0", "", 9009),
            (path("DeviceInfo.ProvisioningCode"), "1", "0", "0", "", 9009),
            (path("DeviceInfo.UpTime"), "1", "2", "0", "", 9009),
            (path("X_EX.Load"), "1", "2", "0", "", 9009),
            (path("DeviceInfo."), "1", "2", "0", "", 9009),
        ];
        let good = (&*value, "1", "2", "1", "");
        let asked =
            bad.iter()
                .flat_map(|(name, change, notification, access_change, access, _)| {
                    let bad = (&**name, *change, *notification, *access_change, *access);
                    let get = || rpc::get_attributes(&[&value]);
                    [
                        attributes(&[good, bad]),
                        get(),
                        attributes(&[bad, good]),
                        get(),
                    ]
                });
        let answers = told(&mut cpe, &mut acs, asked.collect::<Vec<_>>());
        for (bad, answers) in bad.iter().zip(answers.chunks(4)) {
            for answers in answers.chunks(2) {
                assert_eq!(answers[0].fault(), Some(bad.5), "{bad:?}");
                let words = answers[0].text("FaultString").unwrap();
                assert!(words.contains(&bad.0), "{words}");
                let subscriber = "<string>Subscriber</string>".to_owned();
                assert_eq!(attributes_in(&answers[1]), [("0".to_owned(), subscriber)]);
            }
        }
        // None of it is watched.
        set(&mut cpe, &value, "local");
        quiet(&mut cpe, &mut acs);
    }
}

#[test]
fn what_is_not_to_change_may_be_left_empty_and_the_last_entry_counts() // AT-02 AT-03 AT-05 AT-07
{
    let subscriber = "<string>Subscriber</string>";
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(gateway(&acs, model), &mut acs);
        let all = format!("{}X_EX.", model.0);
        let [value, other] = ["Value", "Other"].map(|name| format!("{all}{name}"));
        let key = rpc::set_values(&[(&value, "string", "x")], "kept");
        done(&mut cpe, &mut acs, [key]);
        let mut after = |list: &[(&str, &str, &str, &str, &str)], expected: [(&str, &str); 2]| {
            let get = rpc::get_attributes(&[&value, &other]);
            let answers = told(&mut cpe, &mut acs, [attributes(list), get]);
            assert_eq!(answers[0].fault(), None, "{list:?}");
            let expected = expected.map(|(n, access)| (n.to_owned(), access.to_owned()));
            assert_eq!(attributes_in(&answers[1]), expected, "{list:?}");
            assert_eq!(cpe.state().parameter_key, "kept");
        };
        after(
            &[
                (&value, "0", "", "0", ""),
                (&other, "false", "2", "false", ""),
            ],
            [("0", subscriber); 2],
        );
        after(
            &[
                (&all, "1", "1", "0", ""),
                (&value, "true", "2", "0", subscriber),
            ],
            [("2", subscriber), ("1", subscriber)],
        );
        after(
            &[(&value, "0", "", "1", "")],
            [("2", ""), ("1", subscriber)],
        );
        after(
            &[
                (&value, "1", "0", "0", ""),
                (&all, "1", "1", "1", subscriber),
            ],
            [("1", subscriber); 2],
        );
        after(
            &[(&value, "1", "2", "1", ""), (&value, "1", "0", "0", "")],
            [("0", ""), ("1", subscriber)],
        );
    }
}
