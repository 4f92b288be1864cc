//! Instances that the ACS makes and deletes (TR-069 A.3.2.6, A.3.2.7), in both root models.

use std::collections::BTreeMap;

use crate::attributes::{ROOTS, gateway, told};
use crate::cpe::{Cpe, settled};
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc::{self, Rpc};

/// Of each gateway: a table to make instances in, what is false and what is a number in each, what counts them, and
/// a table that is as the device has it.
const TABLES: [(&str, [&str; 2], &str, &str); 2] = [
    (
        "NAT.PortMapping.",
        ["Enable", "ExternalPort"],
        "NAT.PortMappingNumberOfEntries",
        "Ethernet.Interface.",
    ),
    (
        "WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.PortMapping.",
        ["PortMappingEnabled", "ExternalPort"],
        "WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.PortMappingNumberOfEntries",
        "LANDevice.1.WLANConfiguration.",
    ),
];

/// A table with room for two, and objects within instances.
const MORE: &str = r#"
["ROOT.X_EX.Small.{i}."]
table = { writable = true, max = 2 }
Name  = { writable = true, value = "new" }

["ROOT.X_EX.Unit.{i}.Part.{i}."]
table = { writable = true, count = "PartNumberOfEntries" }
Name  = { writable = true }
"#;

fn home(acs: &Acs, model: (&str, &str)) -> Daemon {
    let home = gateway(acs, model);
    let profile = home.read("etc/cwmpd/profile.toml") + &MORE.replace("ROOT.", model.0);
    home.write("etc/cwmpd/profile.toml", profile.as_bytes());
    home
}

fn number(cpe: &mut Cpe, acs: &mut Acs, table: &str) -> u32 {
    let answer = told(cpe, acs, [rpc::add_object(table, "")]).remove(0);
    assert_eq!(answer.fault(), None, "{}", answer.xml);
    assert!(["0", "1"].contains(&answer.text("Status").unwrap().as_str()));
    answer.text("InstanceNumber").unwrap().parse().unwrap()
}

fn values(cpe: &mut Cpe, acs: &mut Acs, path: &str) -> BTreeMap<String, String> {
    let answer = told(cpe, acs, [rpc::get_values(&[path])]).remove(0);
    assert_eq!(answer.fault(), None, "{}", answer.xml);
    let values = answer.values().into_iter();
    let below = values.map(|(name, value)| (name.replacen(path, "", 1), value));
    below.collect()
}

#[test]
fn numbers_stay_and_new_instances_are_new() // OB-01 OB-02 OB-03 OB-09 AL-03
{
    for (model, (table, [enable, port], count, _)) in ROOTS.into_iter().zip(TABLES) {
        let mut acs = Acs::start();
        let mut cpe = settled(home(&acs, model), &mut acs);
        let (table, count) = (format!("{}{table}", model.0), format!("{}{count}", model.0));
        let before: u32 = values(&mut cpe, &mut acs, &count)[""].parse().unwrap();
        let numbers = [0; 3].map(|_| number(&mut cpe, &mut acs, &table));
        let [first, second, third] = numbers.map(|number| format!("{table}{number}."));
        assert!(numbers[0] >= 1 && numbers[0] < numbers[1] && numbers[1] < numbers[2]);
        let new = values(&mut cpe, &mut acs, &second);
        assert_eq!((&new[enable][..], &new[port][..]), ("false", "0"));
        let alias = &new["Alias"];
        assert_eq!(alias, &format!("cpe-{}", numbers[1]));
        // A life of its own.
        let [enable, port] = [enable, port].map(|name| format!("{second}{name}"));
        let set = [(&*port, "unsignedInt", "4711"), (&*enable, "boolean", "1")];
        let answers = told(
            &mut cpe,
            &mut acs,
            [rpc::set_values(&set, ""), rpc::delete_object(&first, "")],
        );
        assert!(answers.iter().all(|answer| answer.fault().is_none()));
        for boot in ["2", "3"] {
            let kept = values(&mut cpe, &mut acs, &second);
            assert_eq!((kept.len(), &kept["Alias"]), (new.len(), alias));
            assert_eq!(values(&mut cpe, &mut acs, &port)[""], "4711");
            let [of_first, of_third] = [&first, &third].map(|path| rpc::get_values(&[path]));
            let answers = told(&mut cpe, &mut acs, [of_first, of_third]);
            assert_eq!([answers[0].fault(), answers[1].fault()], [Some(9005), None]);
            let counted = &values(&mut cpe, &mut acs, &count)[""];
            assert_eq!(counted, &(before + 2).to_string());
            cpe.reboot(&format!("00000000-0000-4000-8000-00000000000{boot}"));
            cpe.session(&mut acs);
        }
        // The last one is deleted: its number and what it was set to do not come back.
        let mut gone = numbers[2];
        for path in [third, second] {
            let deleted = told(&mut cpe, &mut acs, [rpc::delete_object(&path, "")]);
            assert_eq!(deleted[0].fault(), None);
            let again = number(&mut cpe, &mut acs, &table);
            assert!(again > gone, "{again} after {gone}");
            gone = again;
            let fresh = values(&mut cpe, &mut acs, &format!("{table}{again}."));
            for (name, value) in &fresh {
                let expected = match &name[..] {
                    "Alias" => format!("cpe-{again}"),
                    name => new[name].clone(),
                };
                assert_eq!(value, &expected, "{name}");
            }
        }
    }
}

#[test]
fn what_can_be_neither_made_nor_deleted_is_said_and_stays() // OB-04 OB-05 OB-07 OB-08
{
    for (model, (table, .., fixed)) in ROOTS.into_iter().zip(TABLES) {
        let mut acs = Acs::start();
        let mut cpe = settled(home(&acs, model), &mut acs);
        let at = |below: &str| format!("{}{below}", model.0);
        let small = at("X_EX.Small.");
        let made = [0; 2].map(|_| number(&mut cpe, &mut acs, &small));
        let good = rpc::set_values(&[(&at("X_EX.Value"), "string", "x")], "kept");
        assert_eq!(told(&mut cpe, &mut acs, [good])[0].fault(), None);
        let all = rpc::get_names("", false);
        let before = told(&mut cpe, &mut acs, [all.clone()]).remove(0).xml;
        let (table, fixed) = (at(table), at(fixed));
        let add = |name: &str| rpc::add_object(name, "never");
        let delete = |name: &str| rpc::delete_object(name, "never");
        let bare = |path: &str| path.trim_end_matches('.').to_owned();
        let refused: Vec<(Rpc, &[u16])> = vec![
            (add(""), &[9005]),
            (add(model.0), &[9005]),
            (add(&at("Nope.")), &[9005]),
            (add(&at("X_EX.")), &[9005]),
            (add(&at("X_EX.Value")), &[9005]),
            (add(&bare(&table)), &[9005]),
            (add(&format!("{table}1.")), &[9005]),
            (add(&format!("{table}4711.")), &[9005]),
            (add(&at("X_EX.Unit.4711.Part.")), &[9005]),
            (add(&table.to_lowercase()), &[9005]),
            (add(&fixed), &[9001, 9005]),
            (add(&small), &[9004]),
            (delete(""), &[9005]),
            (delete(model.0), &[9001, 9005]),
            (delete(&table), &[9005]),
            (delete(&bare(&table)), &[9005]),
            (delete(&format!("{table}4711.")), &[9005]),
            (delete(&format!("{table}0.")), &[9005]),
            (delete(&format!("{table}-1.")), &[9005]),
            (delete(&format!("{small}{}", made[0])), &[9005]),
            (delete(&format!("{small}0{}.", made[0])), &[9005]),
            (delete(&format!("{small}99999999999999999999.")), &[9005]),
            (delete(&at("X_EX.")), &[9001, 9005]),
            (delete(&at("X_EX.Value")), &[9005]),
            (delete(&format!("{fixed}1.")), &[9001]),
        ];
        let asked = refused.iter().map(|(rpc, _)| rpc.clone());
        let answers = told(&mut cpe, &mut acs, asked);
        for ((rpc, codes), answer) in refused.iter().zip(&answers) {
            let code = answer.fault().unwrap_or_default();
            assert!(codes.contains(&code), "{}: {}", rpc.body, answer.xml);
            let name = rpc.body.split(['<', '>']).nth(4).unwrap();
            assert!(answer.text("FaultString").unwrap().contains(name));
        }
        let key = at("ManagementServer.ParameterKey");
        let answers = told(&mut cpe, &mut acs, [all, rpc::get_values(&[&key])]);
        let names = |xml: &str| xml.split("<soap-env:Body>").nth(1).map(str::to_owned);
        assert_eq!(names(&answers[0].xml), names(&before));
        assert_eq!(answers[1].text("Value").as_deref(), Some("kept"));
        // Where one has gone there is room again.
        let free = format!("{small}{}.", made[0]);
        let answers = told(
            &mut cpe,
            &mut acs,
            [delete(&free), add(&small), add(&small)],
        );
        let faults: Vec<_> = answers.iter().map(|answer| answer.fault()).collect();
        assert_eq!(faults, [None, None, Some(9004)]);
    }
}

#[test]
fn an_instance_goes_with_all_that_is_in_it() // OB-06
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(home(&acs, model), &mut acs);
        let units = format!("{}X_EX.Unit.", model.0);
        let [one, two] = [0; 2].map(|_| {
            let unit = format!("{units}{}.", number(&mut cpe, &mut acs, &units));
            number(&mut cpe, &mut acs, &format!("{unit}Part."));
            unit
        });
        let count = format!("{}X_EX.UnitNumberOfEntries", model.0);
        let answers = told(
            &mut cpe,
            &mut acs,
            [
                rpc::delete_object(&one, ""),
                rpc::get_names(&format!("{one}Part.1."), false),
                rpc::get_values(&[&format!("{one}Part.1.Name")]),
                rpc::get_values(&[&format!("{two}Part.1.Name")]),
                rpc::get_values(&[&count, &format!("{two}PartNumberOfEntries")]),
            ],
        );
        let faults: Vec<_> = answers.iter().map(|answer| answer.fault()).collect();
        assert_eq!(faults, [None, Some(9005), Some(9005), None, None]);
        assert_eq!(answers[4].texts("Value"), ["1", "1"]);
        // A part alone, too.
        let part = format!("{two}Part.1.");
        let answers = told(
            &mut cpe,
            &mut acs,
            [
                rpc::delete_object(&part, ""),
                rpc::get_values(&[&count, &format!("{two}PartNumberOfEntries")]),
            ],
        );
        assert_eq!(answers[1].texts("Value"), ["1", "0"]);
    }
}
