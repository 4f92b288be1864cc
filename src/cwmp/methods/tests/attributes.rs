//! Get- and SetParameterAttributes.

use super::*;

#[test]
fn attributes_are_set_and_read() {
    // AT-02 AT-03 AT-05 AT-07
    let mut cpe = Harness::asked();
    cpe.parameter_key = "kept".into();
    let subscriber = "<string>Subscriber</string>";
    let answer = cpe.call(&set_attributes(&[
        ("Device.WiFi.SSID.", "1", "1", "1", ""),
        ("Device.WiFi.SSID.2.SSID", "true", "2", "false", subscriber),
        ("Device.Time.Enable", "0", "", "0", ""),
    ]));
    assert!(answer.contains("<cwmp:SetParameterAttributesResponse></"));
    assert_eq!(
        cpe.touched[0],
        Touch::Names(vec![
            "Device.WiFi.SSID.".into(),
            "Device.WiFi.SSID.2.SSID".into(),
            "Device.Time.Enable".into(),
        ])
    );
    let answer = cpe.call(&list_of_names(
        "GetParameterAttributes",
        &[
            "Device.WiFi.SSID.1.SSID",
            "Device.WiFi.SSID.2.SSID",
            "Device.Time.",
        ],
    ));
    let structs: Vec<&str> = answer.split("<ParameterAttributeStruct>").skip(1).collect();
    let notifications: Vec<_> = structs.iter().map(|s| text_of(s, "Notification")).collect();
    assert_eq!(notifications, [Some("1"), Some("2"), Some("0")]);
    let lists: Vec<_> = structs.iter().map(|s| text_of(s, "AccessList")).collect();
    assert_eq!(lists, [Some(""), Some(""), Some(subscriber)]);
    assert_eq!(cpe.parameter_key, "kept");
}

#[test]
fn attributes_are_changed_all_or_none() {
    // AT-01 NO-01 NO-08 NO-10 GN-15
    let software = "Device.DeviceInfo.SoftwareVersion";
    for (entry, expected) in [
        (("Device.Nope", "1", "1", "0", ""), 9005),
        (("Device.WiFi", "0", "", "0", ""), 9005),
        (("Device.WiFi.SSID.*.SSID", "1", "1", "0", ""), 9005),
        (("Device.Time.", "1", "7", "0", ""), 9003),
        (("Device.Time.", "1", "300", "0", ""), 9003),
        (("Device.Time.", "1", "", "0", ""), 9003),
        (("Device.Time.", "x", "1", "0", ""), 9003),
        ((software, "1", "0", "0", ""), 9009),
        (("Device.DeviceInfo.UpTime", "1", "2", "0", ""), 9009),
        (("Device.DeviceInfo.", "1", "2", "0", ""), 9009),
    ] {
        let mut cpe = Harness::asked();
        let answer = cpe.call(&set_attributes(&[
            ("Device.WiFi.", "1", "2", "0", ""),
            entry,
        ]));
        assert_eq!(fault_code(&answer), Some(expected), "{entry:?}");
        assert_eq!(cpe.kept.attributes, Attributes::default());
    }
}

#[test]
fn all_notifications_are_known() {
    // NO-01
    for number in 0..=6u8 {
        let mut cpe = Harness::asked();
        let value = number.to_string();
        cpe.call(&set_attributes(&[(
            "Device.Time.Enable",
            "1",
            &value,
            "0",
            "",
        )]));
        let info = cpe.model.info("Device.Time.Enable").clone();
        let set = cpe
            .kept
            .attributes
            .notification("Device.Time.Enable", &info);
        assert_eq!(Notification::try_from(number), Ok(set));
    }
}

#[test]
fn access_lists_keep_what_means_something() {
    // AT-04
    let mut cpe = Harness::asked();
    let list = "<string>Subscriber</string><string>Nobody</string><string> X_EX_App </string>";
    cpe.call(&set_attributes(&[(
        "Device.Time.Enable",
        "0",
        "",
        "1",
        list,
    )]));
    let info = cpe.model.info("Device.Time.Enable").clone();
    assert_eq!(
        cpe.kept.attributes.get("Device.Time.Enable", &info).access,
        ["Subscriber", "X_EX_App"]
    );
    // Whoever is not in it may not write: here nobody but the ACS.
    let nobody = "<string>Nobody</string>";
    cpe.call(&set_attributes(&[("Device.Time.", "0", "", "1", nobody)]));
    assert!(
        !cpe.kept
            .attributes
            .may_write("Device.Time.Enable", "Subscriber")
    );
    let many: String = (0..17).map(|n| format!("<string>X_{n}</string>")).collect();
    let answer = cpe.call(&set_attributes(&[("Device.Time.", "0", "", "1", &many)]));
    assert_eq!(fault_code(&answer), Some(9004));
}

#[test]
fn too_many_attributes_are_9004_but_an_object_counts_once() {
    // AT-01
    let mut model = FakeModel::device();
    let names: Vec<String> = (0..=MAX_SETTINGS)
        .map(|n| format!("Device.X_EX.P{n}"))
        .collect();
    for name in &names {
        model.parameter(name, Type::String, false, "");
    }
    let mut cpe = Harness::asked_on(model);
    cpe.call(&set_attributes(&[("Device.X_EX.", "1", "1", "0", "")]));
    let last = &names[MAX_SETTINGS];
    let info = cpe.model.info(last).clone();
    assert_eq!(
        cpe.kept.attributes.notification(last, &info),
        Notification::Passive
    );
    let before = cpe.kept.attributes.clone();
    let all: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "1", "4", "0", ""))
        .collect();
    let answer = cpe.call(&set_attributes(&all));
    assert_eq!(fault_code(&answer), Some(9004));
    assert_eq!(cpe.kept.attributes, before);
    // Nor is the whole tree looked at again and again for one request.
    let whole = vec![("Device.", "1", "1", "0", ""); 300];
    assert_eq!(fault_code(&cpe.call(&set_attributes(&whole))), Some(9004));
}

#[test]
fn a_partial_path_sets_what_can_be_set_below_it() {
    // AT-03 NO-08 NO-10
    let mut cpe = Harness::asked();
    for whole in ["", "Device."] {
        let answer = cpe.call(&set_attributes(&[(whole, "1", "1", "0", "")]));
        assert_eq!(fault_code(&answer), None);
    }
    let answer = cpe.call(&list_of_names(
        "GetParameterAttributes",
        &[
            "Device.DeviceInfo.SoftwareVersion",
            "Device.DeviceInfo.UpTime",
        ],
    ));
    let structs: Vec<&str> = answer.split("<ParameterAttributeStruct>").skip(1).collect();
    let notifications: Vec<_> = structs.iter().map(|s| text_of(s, "Notification")).collect();
    assert_eq!(notifications, [Some("2"), Some("1")]);
}

#[test]
fn attributes_that_could_not_be_kept_are_not_promised() {
    let mut cpe = Harness::asked();
    cpe.refuse_promise = Some(Fault::internal("disk full"));
    let answer = cpe.call(&set_attributes(&[("Device.Time.", "1", "1", "0", "")]));
    assert_eq!(fault_code(&answer), Some(9002));
}
