//! The profiles in `etc/profiles` say what the published data models say.

use cwmpd::backend::profile::Profile;
use cwmpd::datamodel::{DataModel, Depth, Info, Kind, Node, Notify, Type, Value, find};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn load(name: &str) -> Profile {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("etc/profiles")
        .join(name);
    Profile::load(&file).unwrap()
}

/// One line of a published model: type, access, flags, constraints, and the parameter that counts instances.
struct Row {
    ty: String,
    writable: bool,
    flags: BTreeSet<String>,
    constraints: Vec<String>,
    count: String,
}

/// A published model by path; nothing where the tables are not there.
fn model(name: &str) -> Option<BTreeMap<String, Row>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !folder.exists() {
        println!("no {}: not compared", folder.display());
        return None;
    }
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let rows = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let field = |i: usize| fields.get(i).copied().unwrap_or_default();
            let parts = |i: usize, by: char| {
                let parts = field(i).split(by).filter(|part| !part.is_empty());
                parts.map(str::to_owned)
            };
            let row = Row {
                ty: field(1).to_owned(),
                writable: field(2) != "R",
                flags: parts(3, ',').collect(),
                constraints: parts(4, '|').collect(),
                count: field(9).to_owned(),
            };
            (field(0).to_owned(), row)
        });
    Some(rows.collect())
}

/// The path with `{i}` for instance numbers.
fn generic(path: &str) -> String {
    let segments = path.split('.').map(|segment| {
        let number = !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
        if number { "{i}" } else { segment }
    });
    segments.collect::<Vec<_>>().join(".")
}

/// Everything in a profile: objects by path, parameters by name.
#[derive(Default)]
struct Tree {
    objects: BTreeMap<String, (Kind, bool)>,
    parameters: BTreeMap<String, (Info, String)>,
}

fn tree(profile: &Profile) -> Tree {
    let mut tree = Tree::default();
    let visited = profile.visit("", Depth::All, &mut |node| match node {
        Node::Object {
            path,
            kind,
            writable,
        } => {
            assert!(
                tree.objects
                    .insert(path.to_owned(), (kind, writable))
                    .is_none()
            );
        }
        Node::Parameter { path, info, value } => {
            let parameter = (info.clone(), value.to_owned());
            assert!(tree.parameters.insert(path.to_owned(), parameter).is_none());
        }
    });
    visited.unwrap();
    tree
}

/// Least and greatest of all `len a..b` and `range a..b`; nothing where there is none.
fn limits(row: &Row) -> Option<(Option<i64>, Option<u64>)> {
    let mut all = Vec::new();
    for constraint in &row.constraints {
        let numbers = constraint
            .strip_prefix("len ")
            .or(constraint.strip_prefix("range "));
        if let Some((from, to)) = numbers.and_then(|numbers| numbers.split_once("..")) {
            all.push((from.parse::<i64>().ok(), to.parse::<u64>().ok()));
        }
    }
    let first = *all.first()?;
    let hull = |a: (Option<i64>, Option<u64>), b: (Option<i64>, Option<u64>)| {
        (
            a.0.zip(b.0).map(|(a, b)| a.min(b)),
            a.1.zip(b.1).map(|(a, b)| a.max(b)),
        )
    };
    Some(all.into_iter().fold(first, hull))
}

fn check_parameter(path: &str, info: &Info, row: &Row) {
    let list = row.flags.contains("list");
    let ty = if list { "string" } else { row.ty.as_str() };
    assert_eq!(Some(info.ty), Type::from_xsd_name(ty), "{path}");
    assert_eq!(info.writable(), row.writable, "{path}");
    assert_eq!(info.limits.list, list, "{path}");
    assert_eq!(info.hidden, row.flags.contains("hidden"), "{path}");
    assert_eq!(
        info.forced_inform,
        row.flags.contains("forcedInform"),
        "{path}"
    );
    let notify = match info.notify {
        Notify::Normal => None,
        Notify::ForceEnabled => Some("notify:forceEnabled"),
        Notify::ForceDefaultEnabled => Some("notify:forceDefaultEnabled"),
        Notify::CanDeny => Some("notify:canDeny"),
    };
    let wanted = row.flags.iter().find(|flag| flag.starts_with("notify:"));
    assert_eq!(notify, wanted.map(String::as_str), "{path}");
    let values = row.constraints.iter().filter_map(|c| c.strip_prefix('='));
    assert_eq!(info.limits.values, values.collect::<Vec<_>>(), "{path}");
    match limits(row) {
        // The items of a list have limits of their own, which are not the string's.
        Some(_) if list && row.ty != "string" => {}
        Some((min, max)) => {
            assert_eq!(info.limits.min.unwrap_or(0), min.unwrap_or(0), "{path}");
            assert_eq!(info.limits.max, max, "{path}");
        }
        // A named type has its limits elsewhere.
        None => {
            let named = row.constraints.iter().any(|c| c.starts_with('@'));
            assert!(named || info.limits.max.is_none(), "{path}");
        }
    }
}

fn check_tables(tree: &Tree, model: &BTreeMap<String, Row>) {
    for (path, (kind, writable)) in &tree.objects {
        let key = match kind {
            Kind::Object => generic(path),
            Kind::Table => format!("{}{{i}}.", generic(path)),
            Kind::Instance => generic(path),
        };
        let row = model.get(&key).filter(|row| row.ty == "object");
        // The table of published objects leaves out some that hold nothing but others.
        let Some(row) = row else {
            assert_eq!(*kind, Kind::Object, "{path}");
            let prefix = generic(path);
            assert!(model.keys().any(|key| key.starts_with(&prefix)), "{path}");
            continue;
        };
        assert_eq!(*writable, row.writable && *kind != Kind::Object, "{path}");
        if *kind == Kind::Table && !row.count.is_empty() {
            let parent = path.trim_end_matches('.').rfind('.').unwrap();
            let name = format!("{}.{}", &path[..parent], row.count);
            let instances = tree.objects.keys().filter(|other| {
                let rest = other.strip_prefix(path.as_str()).unwrap_or_default();
                rest.matches('.').count() == 1
            });
            assert_eq!(
                tree.parameters[&name].1,
                instances.count().to_string(),
                "{name}"
            );
        }
    }
}

/// Values that are paths lead to something.
fn check_references(tree: &Tree, model: &BTreeMap<String, Row>) {
    for (path, (_, value)) in &tree.parameters {
        if model[&generic(path)].constraints.iter().any(|c| c == "ref") {
            for item in value.split(',').filter(|item| !item.is_empty()) {
                let object = format!("{}.", item.trim_end_matches('.'));
                assert!(tree.objects.contains_key(&object), "{path}: {item}");
            }
        }
    }
}

fn agrees(profile: &str, table: &str) {
    let profile = load(profile);
    let tree = tree(&profile);
    assert!(tree.parameters.len() >= 150, "{}", tree.parameters.len());
    let own = format!("{}ManagementServer.", profile.root().path());
    assert!(!tree.objects.contains_key(&own));
    for (path, (info, value)) in &tree.parameters {
        assert!(
            info.hidden || Value::parse(path, info, None, value).is_ok(),
            "{path}"
        );
        assert!(!info.hidden || value.is_empty(), "{path}");
    }
    let Some(model) = model(table) else {
        return;
    };
    for (path, (info, _)) in &tree.parameters {
        let row = model
            .get(&generic(path))
            .unwrap_or_else(|| panic!("{path} is not real"));
        check_parameter(path, info, row);
    }
    check_tables(&tree, &model);
    check_references(&tree, &model);
}

#[test]
fn the_tr181_gateway_agrees_with_the_model() {
    // GV-05 DM-01 DM-02 NO-08 NO-09 NO-10
    agrees("tr181-gateway.toml", "tr-181-2-17.tsv");
}

#[test]
fn the_tr098_gateway_agrees_with_the_model() {
    // GV-05 DM-01 DM-02 NO-08 NO-09 NO-10
    agrees("tr098-gateway.toml", "tr-098-1-8.tsv");
}

#[test]
fn forced_inform_parameters_are_there() {
    // Table P, without what ManagementServer. has
    let forced = |profile: &str| {
        let tree = tree(&load(profile));
        let forced = tree
            .parameters
            .into_iter()
            .filter(|(_, (info, _))| info.forced_inform);
        forced.map(|(path, _)| path).collect::<Vec<_>>()
    };
    let device = [
        "Device.DeviceInfo.HardwareVersion",
        "Device.DeviceInfo.ProvisioningCode",
        "Device.DeviceInfo.SoftwareVersion",
        "Device.RootDataModelVersion",
    ];
    assert_eq!(forced("tr181-gateway.toml"), device);
    let gateway = [
        "InternetGatewayDevice.DeviceInfo.HardwareVersion",
        "InternetGatewayDevice.DeviceInfo.ProvisioningCode",
        "InternetGatewayDevice.DeviceInfo.SoftwareVersion",
        "InternetGatewayDevice.DeviceInfo.SpecVersion",
        "InternetGatewayDevice.DeviceSummary",
        "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress",
    ];
    assert_eq!(forced("tr098-gateway.toml"), gateway);
}

#[test]
fn identity_is_there() {
    for (profile, root) in [
        ("tr181-gateway.toml", "Device"),
        ("tr098-gateway.toml", "InternetGatewayDevice"),
        ("bench-gateway.toml", "Device"),
    ] {
        let profile = load(profile);
        for name in [
            "Manufacturer",
            "ManufacturerOUI",
            "ProductClass",
            "SerialNumber",
        ] {
            let path = format!("{root}.DeviceInfo.{name}");
            assert_ne!(find(&profile, &path).unwrap().value, "", "{path}");
        }
    }
}

#[test]
fn the_bench_gateway_is_as_large_as_the_device() {
    let tree = tree(&load("bench-gateway.toml"));
    assert_eq!(tree.parameters.len(), 976);
    let Some(text) = device_parameters() else {
        return;
    };
    for line in text.lines() {
        let mut fields = line.split('\t');
        let path = fields.next().unwrap();
        let ty = fields.next().unwrap().trim_start_matches("xsd:");
        let info = &tree.parameters[path].0;
        assert_eq!(Some(info.ty), Type::from_xsd_name(ty), "{path}");
    }
}

fn device_parameters() -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !folder.exists() {
        println!("no {}: not compared", folder.display());
        return None;
    }
    Some(std::fs::read_to_string(folder.join("device-parameters.tsv")).unwrap())
}
