//! `ManagementServer.` as an ACS sees it.

use super::*;

fn mount() -> ManagementServer {
    let mut ms = ManagementServer::new(Root::Device);
    ms.put("URL", "http://acs.example/");
    ms.put("Password", "secret");
    ms
}

fn set(ms: &mut ManagementServer, name: &str, text: &str) -> Result<Applied, Fault> {
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
    assert_eq!((changes[0].section, changes[0].option), ("acs", "url"));
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
    let ms = ManagementServer::new(Root::InternetGatewayDevice);
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
        for entry in &ManagementServer::new(root).entries {
            let row = rows
                .get(entry.path.as_str())
                .unwrap_or_else(|| panic!("{} is not in {file}", entry.path));
            let column = |n: usize| row.get(n).copied().unwrap_or_default();
            let flags: Vec<&str> = column(3).split(',').collect();
            let info = &entry.info;
            let name = &entry.path;
            assert_eq!(info.ty.xsd_name(), column(1), "{name}");
            assert_eq!(info.writable(), column(2) == "W", "{name}");
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
