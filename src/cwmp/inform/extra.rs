//! What an Inform tells beyond the forced and the changed parameters: the rules of ManagementServer.InformParameter.

use super::forced_parameters;
use crate::cwmp::event::{EventCode, is_vendor_text};
use crate::datamodel::naming::InstanceMode;
use crate::datamodel::path::Path;
use crate::datamodel::resolve::{Search, resolve_within};
use crate::datamodel::{DataModel, Depth, Node, Root};

/// Entries of ManagementServer.InformParameter that there may be.
pub const MAX_ENTRIES: usize = 64;

/// Parameters that patterns may bring into one Inform: a partial path stands for a whole model if it likes.
pub const MAX_EXTRA: usize = 512;

/// Bytes of their names and values.
const MAX_EXTRA_BYTES: usize = 128 * 1024;

/// What ManagementServer.InformParameter.{i}.ParameterName takes: a well-formed path, with `*` in place of instances or
/// partial, that is not itself the name of a forced parameter. The error is the reason why not.
pub fn check_parameter_name(root: Root, name: &str) -> Result<(), String> {
    if Path::parse(name).is_err() {
        return Err("not a parameter's path, with * only in place of an instance".to_owned());
    }
    // TR-098 flags the address of every WAN connection.
    let address = name.starts_with("InternetGatewayDevice.WANDevice.")
        && name.ends_with(".ExternalIPAddress");
    if forced_parameters(root).contains(&name) || address {
        return Err("is in every Inform already and may not be in this table".to_owned());
    }
    Ok(())
}

/// What ManagementServer.InformParameter.{i}.EventList takes: event codes of TR-069 3.7.1.5 but `4 VALUE CHANGE`, with
/// commas between them. The error is the reason why not.
pub fn check_event_list(list: &str) -> Result<(), String> {
    for text in items(list) {
        match text.parse::<EventCode>() {
            // TR-069 A.3.3.1: with that event come the changed parameters.
            Ok(EventCode::ValueChange) => {
                return Err("4 VALUE CHANGE is not allowed in this list".to_owned());
            }
            Err(_) if !is_vendor_text(text) => {
                return Err(format!(
                    "{:?} is no event code; they are written like 1 BOOT",
                    shortened(text)
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether an Inform with these events is one that `list`, an EventList, means. The empty list means all events but
/// `4 VALUE CHANGE`.
pub fn is_meant(list: &str, events: &[EventCode]) -> bool {
    let all = items(list).next().is_none();
    events.iter().any(|code| {
        *code != EventCode::ValueChange && (all || items(list).any(|item| item == code.text()))
    })
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// A text of the ACS's, fit for a fault.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The full names of the parameters that `patterns` stand for, and whether there were more than [`MAX_EXTRA`] or more bytes
/// than an Inform should have. What stands for nothing is left out.
pub fn expand(model: &dyn DataModel, patterns: &[&str]) -> (Vec<String>, bool) {
    let mut names = Vec::new();
    let mut bytes = 0;
    let mut too_many = false;
    let mut search = Search::new(InstanceMode::InstanceNumber);
    for pattern in patterns {
        let paths = Path::parse(pattern)
            .and_then(|path| resolve_within(&mut search, model, &path))
            .unwrap_or_default();
        for path in paths {
            // Every other path may stand for the whole model again.
            if too_many {
                return (names, true);
            }
            let _ = model.visit(&path.path, Depth::All, &mut |node| {
                if let Node::Parameter { path, value, .. } = node {
                    bytes += path.len() + value.len();
                    too_many |= names.len() >= MAX_EXTRA || bytes > MAX_EXTRA_BYTES;
                    if !too_many {
                        names.push(path.to_owned());
                    }
                }
            });
        }
    }
    (names, too_many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cwmp::support::model::FakeModel;
    use crate::datamodel::Type;

    #[test]
    fn an_event_list_means_informs_with_one_of_its_events() {
        // IN-06
        use EventCode::*;
        for (list, events, meant) in [
            ("", &[ValueChange][..], false),
            ("", &[Periodic], true),
            (" , ", &[ValueChange, Periodic], true),
            ("1 BOOT", &[Periodic], false),
            ("1 BOOT, 2 PERIODIC", &[Periodic], true),
            ("M Reboot", &[Boot, MReboot], true),
            ("4 VALUE CHANGE", &[ValueChange], false),
            ("X 00D0D0 Mine", &[Boot], false),
            ("1 BOOT", &[], false),
            ("", &[], false),
        ] {
            assert_eq!(is_meant(list, events), meant, "{list:?} {events:?}");
        }
    }

    #[test]
    fn event_lists_and_parameter_names_are_checked() {
        // IN-07
        for code in EventCode::ALL {
            let allowed = code != EventCode::ValueChange;
            assert_eq!(check_event_list(code.text()).is_ok(), allowed, "{code}");
        }
        for list in ["", "1 BOOT,M Download", "X VENDOR my event"] {
            assert_eq!(check_event_list(list), Ok(()), "{list}");
        }
        for list in [
            "1 boot",
            "BOOT",
            "1 BOOT;2 PERIODIC",
            "X",
            "X A",
            "X  B",
            "X A ",
        ] {
            assert!(check_event_list(list).is_err(), "{list}");
        }
        for root in [Root::Device, Root::InternetGatewayDevice] {
            for name in forced_parameters(root) {
                assert!(check_parameter_name(root, name).is_err(), "{name}");
            }
            let path = root.path();
            for name in [
                "WiFi.SSID.*.SSID",
                "DeviceInfo.UpTime",
                "Time.",
                "IP.Interface.[a].Enable",
            ] {
                assert_eq!(check_parameter_name(root, &format!("{path}{name}")), Ok(()));
            }
            for name in ["WiFi.SSID.*", "*", "Wi*", "A B"] {
                assert!(check_parameter_name(root, &format!("{path}{name}")).is_err());
            }
        }
    }

    #[test]
    fn patterns_bring_in_what_there_is_and_no_more_than_fits() {
        // IN-06
        let mut model = FakeModel::device();
        let (names, too_many) = expand(
            &model,
            &["Device.Time.Enable", "Device.None.*.X", "Device.Gone", "*."],
        );
        assert_eq!(
            (names, too_many),
            (vec!["Device.Time.Enable".to_owned()], false)
        );
        for number in 0..2 * MAX_EXTRA {
            model.parameter(&format!("Device.X_EX.P{number}"), Type::String, false, "");
        }
        let (names, too_many) = expand(&model, &["Device."]);
        assert_eq!((names.len(), too_many), (MAX_EXTRA, true));
        // Nor more bytes than an ACS would take.
        let mut model = FakeModel::device();
        let long = "x".repeat(MAX_EXTRA_BYTES / 4);
        let patterns = ["P1", "P2", "P3", "P4", "P5"].map(|name| format!("Device.X_EX.{name}"));
        for name in &patterns {
            model.parameter(name, Type::String, false, &long);
        }
        let (names, too_many) = expand(&model, &patterns.each_ref().map(String::as_str));
        assert_eq!((names.len(), too_many), (3, true));
    }
}
