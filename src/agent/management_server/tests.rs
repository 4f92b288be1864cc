//! `ManagementServer.` as an ACS sees it.

use std::time::Instant;

use super::spec::{BASE, Home, Spec, option};
use super::*;
use crate::datamodel::{Applied, Code, DataModel, Depth, Fault, Node, Progress, Type, Value, find};

fn mount() -> Own {
    let mut ms = management_server(Root::Device);
    ms.put("URL", "http://acs.example/");
    ms.put("Password", "secret");
    ms
}

fn set(ms: &mut Own, name: &str, text: &str) -> Result<Applied, Fault> {
    let path = format!("Device.ManagementServer.{name}");
    let info = crate::datamodel::find(ms, &path)?.info;
    let value = Value::parse(&path, &info, None, text)?;
    ms.begin();
    ms.set(&path, &value)?;
    match ms.commit(Instant::now())? {
        Progress::Ready(applied) => Ok(applied),
        Progress::Pending => panic!("never pending"),
    }
}

#[test]
fn hidden_parameters_read_as_empty() {
    // GV-04
    let ms = mount();
    ms.visit("Device.ManagementServer.", Depth::All, &mut |node| {
        if let Node::Parameter { path, value, .. } = node {
            assert!(!path.ends_with("Password") || value.is_empty());
        }
    })
    .unwrap();
    assert_eq!(ms.get("Password"), "secret");
}

#[test]
fn a_new_url_is_a_change_applied_after_the_session() {
    // SE-16
    let mut ms = mount();
    let applied = set(&mut ms, "URL", "https://new.example:7548/acs").unwrap();
    assert!(applied.later);
    let changes = ms.take_changes();
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (changes[0].section.as_str(), changes[0].option),
        ("acs", "url")
    );
    assert!(ms.take_changes().is_empty());
}

#[test]
fn the_same_value_again_is_no_change() {
    // SV-19
    let mut ms = mount();
    set(&mut ms, "URL", "http://acs.example/").unwrap();
    assert!(ms.take_changes().is_empty());
}

#[test]
fn values_out_of_the_models_range_are_refused() {
    // PI-06, DH-06, CP-06, RT-06
    let mut ms = mount();
    for (name, text) in [
        ("PeriodicInformInterval", "0"),
        ("URL", "ftp://acs.example/"),
        ("HTTPCompression", "BR"),
        ("CWMPRetryIntervalMultiplier", "999"),
    ] {
        assert_eq!(
            set(&mut ms, name, text).unwrap_err().code,
            Code::INVALID_PARAMETER_VALUE,
            "{name}"
        );
    }
    assert!(ms.take_changes().is_empty());
}

#[test]
fn tr098_has_its_own_root_and_lacks_wildcards() {
    let ms = management_server(Root::InternetGatewayDevice);
    assert_eq!(ms.prefix(), "InternetGatewayDevice.ManagementServer.");
    assert!(
        crate::datamodel::find(
            &ms,
            "InternetGatewayDevice.ManagementServer.InstanceWildcardsSupported"
        )
        .is_err()
    );
}

#[test]
fn types_access_and_limits_are_those_of_the_published_models() {
    // DM-01
    for (root, file) in [
        (Root::Device, "tr-181-2-17.tsv"),
        (Root::InternetGatewayDevice, "tr-098-1-8.tsv"),
    ] {
        let path = format!("{}/../shared/data/{file}", env!("CARGO_MANIFEST_DIR"));
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("not compared: {path} is not there");
            continue;
        };
        let rows: std::collections::HashMap<&str, Vec<&str>> = text
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>())
            .filter_map(|row| Some((*row.first()?, row)))
            .collect();
        let mut implemented = Vec::new();
        let mut ms = management_server(root);
        ms.put_instances("InformParameter.", [1]);
        let gateway = (root == Root::Device).then(gateway_info);
        for own in [Some(ms), gateway].into_iter().flatten() {
            own.visit(own.prefix(), Depth::All, &mut |node| {
                if let Node::Parameter { path, info, .. } = node {
                    implemented.push((path.to_owned(), info.clone()));
                }
            })
            .unwrap();
        }
        for (name, info) in &implemented {
            let row = rows
                .get(name.replace(".1.", ".{i}.").as_str())
                .unwrap_or_else(|| panic!("{name} is not in {file}"));
            let column = |n: usize| row.get(n).copied().unwrap_or_default();
            let flags: Vec<&str> = column(3).split(',').collect();
            assert_eq!(info.ty.xsd_name(), column(1), "{name}");
            // CWMP has no "once": what USP may only write when it creates, an ACS may write (TR-069 3.6.1).
            let writable = ["W", "writeOnceReadOnly"].contains(&column(2));
            assert_eq!(info.writable(), writable, "{name}");
            assert_eq!(info.hidden, flags.contains(&"hidden"), "{name}");
            assert_eq!(
                info.forced_inform,
                flags.contains(&"forcedInform"),
                "{name}"
            );
            assert_eq!(info.limits.list, flags.contains(&"list"), "{name}");
            let notify = match info.notify {
                crate::datamodel::Notify::CanDeny => Some("notify:canDeny"),
                crate::datamodel::Notify::ForceDefaultEnabled => Some("notify:forceDefaultEnabled"),
                crate::datamodel::Notify::ForceEnabled => Some("notify:forceEnabled"),
                crate::datamodel::Notify::Normal => None,
            };
            let wanted = flags
                .iter()
                .copied()
                .find(|flag| flag.starts_with("notify:"));
            assert_eq!(notify, wanted, "{name}");
            if let Some(max) = column(4).strip_prefix("len 0..") {
                assert_eq!(
                    info.limits.max.map(|m| m.to_string()).as_deref(),
                    Some(max),
                    "{name}"
                );
            }
        }
    }
}

/// Sub-objects and a multi-instance object, whatever the real table has of them.
static NESTED: &[Spec] = &[
    Spec {
        name: "Plain",
        ..BASE
    },
    option("Policy.Enable", Type::Boolean, "cpe", "enable"),
    Spec {
        name: "Deep.Down.Name",
        ..BASE
    },
    Spec {
        name: "EntryNumberOfEntries",
        home: Home::Count("Entry."),
        ..BASE
    },
    Spec {
        name: "Entry.{i}.",
        writable: true,
        max: Some(2),
        ..BASE
    },
    Spec {
        name: "Entry.{i}.Alias",
        writable: true,
        ..BASE
    },
    Spec {
        name: "Entry.{i}.Name",
        writable: true,
        default: "new",
        ..BASE
    },
];

fn nested() -> Own {
    Own::new(Root::Device, "X.", NESTED)
}

fn shown(own: &Own, at: &str, depth: Depth) -> Vec<String> {
    let mut paths = Vec::new();
    own.visit(at, depth, &mut |node| paths.push(node.path().to_owned()))
        .unwrap();
    paths
}

#[test]
fn objects_below_come_from_the_names_in_the_table() {
    let own = nested();
    let all = [
        "",
        "Plain",
        "Policy.",
        "Policy.Enable",
        "Deep.",
        "Deep.Down.",
        "Deep.Down.Name",
        "EntryNumberOfEntries",
        "Entry.",
    ];
    assert_eq!(
        shown(&own, "Device.X.", Depth::All),
        all.map(|name| format!("Device.X.{name}"))
    );
    let next = [
        "Plain",
        "Policy.",
        "Deep.",
        "EntryNumberOfEntries",
        "Entry.",
    ]
    .map(|name| format!("Device.X.{name}"));
    assert_eq!(shown(&own, "Device.X.", Depth::NextLevel), next);
    assert_eq!(
        shown(&own, "Device.X.Deep.", Depth::NextLevel),
        ["Device.X.Deep.Down."]
    );
    assert_eq!(shown(&own, "Device.X.Entry.", Depth::NextLevel), [""; 0]);
    assert!(
        own.visit("Device.X.Entry.1.", Depth::All, &mut |_| {})
            .is_err()
    );
}

fn commit(own: &mut Own) -> Applied {
    match own.commit(Instant::now()).unwrap() {
        Progress::Ready(applied) => applied,
        Progress::Pending => panic!("never pending"),
    }
}

#[test]
fn instances_are_added_set_and_deleted_and_no_number_comes_twice() {
    let mut own = nested();
    own.begin();
    assert_eq!(own.add("Device.X.Entry.", Some("wan")).unwrap(), Some(1));
    // addressed within the same transaction
    let name = "Device.X.Entry.1.Name";
    let info = find(&own, name).unwrap().info;
    own.set(name, &Value::parse(name, &info, None, "set").unwrap())
        .unwrap();
    assert_eq!(own.add("Device.X.Entry.", None).unwrap(), Some(2));
    assert_eq!(
        own.add("Device.X.Entry.", None).unwrap_err().code,
        Code::RESOURCES_EXCEEDED
    );
    assert_eq!(commit(&mut own).instances, [1, 2]);
    let values: Vec<&str> = [
        "Entry.1.Alias",
        "Entry.1.Name",
        "Entry.2.Alias",
        "Entry.2.Name",
    ]
    .map(|name| own.get(name))
    .into();
    assert_eq!(values, ["wan", "set", "cpe-2", "new"]);

    own.begin();
    own.delete("Device.X.Entry.2.").unwrap();
    commit(&mut own);
    assert_eq!(
        shown(&own, "Device.X.Entry.", Depth::NextLevel),
        ["Device.X.Entry.1."]
    );
    own.begin();
    assert_eq!(own.add("Device.X.Entry.", None).unwrap(), Some(3));
    own.abort();
    assert_eq!(
        shown(&own, "Device.X.Entry.", Depth::NextLevel),
        ["Device.X.Entry.1."]
    );
    own.put_instances("Entry.", [7]);
    own.begin();
    assert_eq!(own.add("Device.X.Entry.", None).unwrap(), Some(8));
    assert_eq!(
        find(&own, "Device.X.EntryNumberOfEntries").unwrap().value,
        "2"
    );
    own.abort();
    assert_eq!(own.get("EntryNumberOfEntries"), "1");
    assert!(own.delete("Device.X.Policy.").is_err());
    assert!(own.add("Device.X.Deep.", None).is_err());
}

#[test]
fn an_alias_belongs_to_one_instance() {
    let mut own = nested();
    own.begin();
    own.add("Device.X.Entry.", Some("a")).unwrap();
    own.add("Device.X.Entry.", None).unwrap();
    let name = "Device.X.Entry.2.Alias";
    let info = find(&own, name).unwrap().info;
    let taken = Value::parse(name, &info, None, "a").unwrap();
    own.set(name, &taken).unwrap();
    let fault = own.check().unwrap_err();
    assert_eq!(fault.code, Code::INVALID_PARAMETER_VALUE);
    let blamed: Vec<&str> = fault.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(blamed, ["Device.X.Entry.1.Alias", name]);
}

#[test]
fn an_alias_is_one_and_the_device_finds_a_free_one() {
    // AL-03
    let table = "Device.ManagementServer.InformParameter.";
    let mut ms = mount();
    ms.begin();
    for wrong in ["5", "-a", "a[b", "é"] {
        let refused = ms.add(table, Some(wrong)).unwrap_err();
        assert_eq!(refused.code, Code::INVALID_PARAMETER_NAME, "{wrong}");
    }
    ms.begin();
    let number = ms.add(table, Some("a")).unwrap().unwrap();
    commit(&mut ms);
    for wrong in ["", "5", "a]b"] {
        let refused = set(&mut ms, &format!("InformParameter.{number}.Alias"), wrong);
        assert_eq!(refused.unwrap_err().code, Code::INVALID_PARAMETER_VALUE);
    }
    let next = format!("cpe-{}", number + 1);
    set(&mut ms, &format!("InformParameter.{number}.Alias"), &next).unwrap();
    ms.begin();
    let other = ms.add(table, None).unwrap().unwrap();
    commit(&mut ms);
    let alias = ms.get(&format!("InformParameter.{other}.Alias"));
    assert_eq!(alias, format!("{next}-2"));
}

#[test]
fn what_the_daemon_puts_in_a_transaction_stays() {
    let mut own = nested();
    own.begin();
    own.add("Device.X.Entry.", None).unwrap();
    own.put("Plain", "new");
    commit(&mut own);
    assert_eq!(own.get("Plain"), "new");
}
