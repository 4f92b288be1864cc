//! Instances by alias (TR-069 3.6.1).

use super::*;

const SSID: &str = "Device.WiFi.SSID.";

/// In InstanceAlias mode.
fn by_alias() -> Harness {
    Harness::asked_on(FakeModel::device().addressing("InstanceAlias", false))
}

/// SetParameterValues makes instances.
fn making() -> Harness {
    Harness::asked_on(FakeModel::device().addressing("InstanceNumber", true))
}

fn ssid(name: &str) -> String {
    format!("{SSID}{name}")
}

fn of_strings(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

#[test]
fn what_was_asked_keeps_its_form_and_the_rest_follows_the_mode() {
    // AL-06
    for (mode, rest) in [
        ("InstanceNumber", ["1.", "2.", "3."]),
        ("InstanceAlias", ["[cpe-1].", "[cpe-2].", "[cpe-3]."]),
    ] {
        let mut cpe = Harness::asked_on(FakeModel::device().addressing(mode, false));
        let expected: Vec<String> = rest.map(|instance| ssid(instance) + " 1").to_vec();
        assert_eq!(names(&cpe.call(&get_names(SSID, "1"))), expected);
        for asked in ["2.", "[cpe-2]."] {
            let all = names(&cpe.call(&get_names(&ssid(asked), "0")));
            assert_eq!(all.len(), 4);
            let named = |name: &String| name.starts_with(&ssid(asked));
            assert!(all.iter().all(named), "{all:?}");
        }
        for asked in ["3.SSID", "[cpe-3].SSID"] {
            let answer = values(&cpe.call(&get(&[&ssid(asked)])));
            assert_eq!(answer, [format!("{}=home &amp; garden", ssid(asked))]);
            let attributes = cpe.call(&list_of_names("GetParameterAttributes", &[&ssid(asked)]));
            assert_eq!(text_of(&attributes, "Name"), Some(ssid(asked).as_str()));
        }
        let whole = values(&cpe.call(&get(&[""])));
        for instance in rest {
            assert!(whole.contains(&format!("{}=true", ssid(instance) + "Enable")));
        }
        let attributes = cpe.call(&list_of_names("GetParameterAttributes", &["Device.WiFi."]));
        assert!(attributes.contains(&format!("<Name>{}Alias</Name>", ssid(rest[0]))));
    }
}

#[test]
fn what_is_asked_in_two_forms_is_answered_in_both() {
    // AL-06 GV-06
    for (mode, whole) in [
        ("InstanceNumber", "1.Enable"),
        ("InstanceAlias", "[cpe-1].Enable"),
    ] {
        let mut cpe = Harness::asked_on(FakeModel::device().addressing(mode, false));
        let forms = [ssid("1.Enable"), ssid("[cpe-1].Enable")];
        let answer = values(&cpe.call(&get(&of_strings(&forms))));
        assert_eq!(answer, forms.clone().map(|name| name + "=true"));
        // One of the two is what the table's answer has.
        let asked = [forms[0].as_str(), SSID, &forms[1]];
        let answer = values(&cpe.call(&get(&asked)));
        assert_eq!(answer.len(), 10, "{answer:#?}");
        for form in &forms {
            let named = answer.iter().filter(|value| value.starts_with(form));
            assert_eq!(named.count(), 1);
        }
        assert!(answer.contains(&format!("{}=true", ssid(whole))));
    }
}

#[test]
fn a_wildcard_says_nothing_of_the_form() {
    // GN-15 AL-06
    let mut cpe = by_alias();
    let answer = values(&cpe.call(&get(&[&ssid("*.Enable")])));
    let expected = [1, 2, 3].map(|n| format!("{SSID}[cpe-{n}].Enable=true"));
    assert_eq!(answer, expected);
    let answer = names(&cpe.call(&get_names(&ssid("*."), "1")));
    assert_eq!(answer.len(), 9);
    assert_eq!(answer[0], ssid("[cpe-1].Alias 1"));
    let attributes = cpe.call(&list_of_names("GetParameterAttributes", &[&ssid("*.SSID")]));
    assert!(attributes.contains(&ssid("[cpe-3].SSID")));
    // Two that mean the same are one.
    let answer = values(&cpe.call(&get(&[&ssid("*.Enable"), &ssid("[cpe-2].Enable")])));
    assert_eq!(answer.len(), 3);
}

#[test]
fn without_an_alias_there_is_the_number() {
    // AL-06 AL-07
    let mut model = FakeModel::device().addressing("InstanceAlias", false);
    model.parameter("Device.WiFi.SSID.1.Alias", Type::String, true, "");
    model.parameter("Device.X_EX.Table.5.Value", Type::String, true, "x");
    let mut cpe = Harness::asked_on(model);
    let answer = values(&cpe.call(&get(&[""])));
    for name in [
        "Device.WiFi.SSID.1.Enable=true",
        "Device.X_EX.Table.5.Value=x",
    ] {
        assert!(answer.contains(&name.to_owned()), "{name}: {answer:#?}");
    }
    for path in [
        "Device.WiFi.SSID.[].",
        "Device.X_EX.Table.[5].Value",
        "Device.X_EX.Table.[x].Value",
    ] {
        assert_eq!(fault_code(&cpe.call(&get(&[path]))), Some(9005), "{path}");
        let answer = cpe.call(&set("", &[(path, "xsd:string", "y")]));
        assert_eq!(parameter_faults(&answer), [format!("{path} 9005")]);
    }
}

#[test]
fn names_by_alias_need_values() {
    // AL-06
    let prefix = vec!["Device.WiFi.".to_owned()];
    for (mut cpe, expected) in [
        (Harness::asked(), Touch::Names(prefix.clone())),
        (by_alias(), Touch::Values(prefix.clone())),
    ] {
        cpe.call(&get_names("Device.WiFi.", "0"));
        cpe.call(&list_of_names("GetParameterAttributes", &["Device.WiFi."]));
        assert_eq!(cpe.touched, [expected.clone(), expected]);
    }
}

#[test]
fn every_method_takes_aliases_and_faults_repeat_them() {
    // AL-02
    let mut cpe = by_alias();
    let name = ssid("[cpe-2].SSID");
    let answer = cpe.call(&set("", &[(&name, "xsd:string", "by alias")]));
    assert_eq!(text_of(&answer, "Status"), Some("0"));
    assert_eq!(cpe.model.value("Device.WiFi.SSID.2.SSID"), Some("by alias"));
    let answer = cpe.call(&set("", &[(&name, "xsd:string", "denied")]));
    assert_eq!(parameter_faults(&answer), [format!("{name} 9001")]);
    cpe.call(&set_attributes(&[(&name, "1", "2", "0", "")]));
    // What is kept is kept by number.
    let info = crate::datamodel::Info::default();
    let kept = |name| cpe.kept.attributes.notification(name, &info).number();
    assert_eq!(kept("Device.WiFi.SSID.2.SSID"), 2);
    let answer = cpe.call(&object("DeleteObject", &ssid("[cpe-2]."), ""));
    assert_eq!(text_of(&answer, "Status"), Some("0"));
    assert_eq!(cpe.model.value("Device.WiFi.SSID.2.SSID"), None);
    let answer = cpe.call(&object("AddObject", &ssid("[new.one]."), ""));
    assert_eq!(text_of(&answer, "InstanceNumber"), Some("10"));
    let answer = cpe.call(&get_names(&ssid("10."), "1"));
    assert_eq!(names(&answer)[0], ssid("10.Alias 1"));
}

#[test]
fn a_new_alias_counts_at_once() {
    // AL-06
    let mut cpe = by_alias();
    let rename = |from: &str, to: &str| {
        set(
            "",
            &[
                // Its order means nothing: both name the instance as it was called before.
                (&ssid(&format!("[{from}].Alias")), "xsd:string", to),
                (&ssid(&format!("[{from}].SSID")), "xsd:string", to),
            ],
        )
    };
    for (from, to) in [("cpe-1", "one"), ("one", "first")] {
        let answer = cpe.call(&rename(from, to));
        assert_eq!(text_of(&answer, "Status"), Some("0"), "{answer}");
        let answer = values(&cpe.call(&get(&[SSID])));
        assert_eq!(answer[2], format!("{SSID}[{to}].SSID={to}"));
        assert_eq!(
            fault_code(&cpe.call(&get(&[&ssid(&format!("[{from}]."))]))),
            Some(9005)
        );
    }
    // By number first, then by the alias that it had.
    let answer = cpe.call(&set(
        "",
        &[
            (&ssid("1.Alias"), "xsd:string", "uno"),
            (&ssid("[first].SSID"), "xsd:string", "uno"),
        ],
    ));
    assert_eq!(text_of(&answer, "Status"), Some("0"), "{answer}");
}

#[test]
fn the_inform_names_as_the_mode_says() {
    // IN-10
    for (mode, name) in [
        ("InstanceNumber", "2.SSID"),
        ("InstanceAlias", "[cpe-2].SSID"),
    ] {
        let model = FakeModel::device().addressing(mode, false);
        let parameters = crate::cwmp::inform::parameters(
            &model,
            &[
                "Device.WiFi.SSID.2.SSID",
                "Device.WiFi.SSID.2.SSID",
                "Device.Time.Enable",
            ],
        );
        let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
        assert!(
            names.ends_with(&[&ssid(name), "Device.Time.Enable"]),
            "{names:?}"
        );
    }
}

#[test]
fn references_follow_the_mode_and_are_kept_by_number() {
    // AL-06
    for (mode, told) in [
        ("InstanceNumber", "Device.WiFi.SSID.2,Device.WiFi.SSID.3"),
        (
            "InstanceAlias",
            "Device.WiFi.SSID.[cpe-2],Device.WiFi.SSID.[cpe-3]",
        ),
    ] {
        let mut model = FakeModel::device().addressing(mode, false);
        let name = "Device.X_EX.Lower";
        model.parameter(name, Type::String, true, "");
        model.info(name).limits.reference = true;
        model.info(name).limits.list = true;
        let mut cpe = Harness::asked_on(model);
        let given = "Device.WiFi.SSID.[cpe-2], Device.WiFi.SSID.3.";
        let answer = cpe.call(&set("", &[(name, "xsd:string", given)]));
        assert_eq!(text_of(&answer, "Status"), Some("0"), "{answer}");
        let kept = "Device.WiFi.SSID.2,Device.WiFi.SSID.3";
        assert_eq!(cpe.model.value(name), Some(kept));
        let touched = [name, "Device.WiFi.SSID.", "Device.WiFi.SSID.3."];
        assert_eq!(
            cpe.touched,
            [Touch::Write(touched.map(str::to_owned).to_vec())]
        );
        assert_eq!(values(&cpe.call(&get(&[name]))), [format!("{name}={told}")]);
        let told_by = crate::cwmp::inform::parameters(&cpe.model, &[name]);
        assert_eq!(told_by.last().map(|p| p.value.as_str()), Some(told));
        let bad = "Device.WiFi.SSID.[nobody]";
        let answer = cpe.call(&set("", &[(name, "xsd:string", bad)]));
        assert_eq!(parameter_faults(&answer), [format!("{name} 9007")]);
    }
    // Of an instance that the request makes.
    let mut model = FakeModel::device().addressing("InstanceNumber", true);
    let name = "Device.WiFi.SSID.1.SSID";
    model.info(name).limits.reference = true;
    let mut cpe = Harness::asked_on(model);
    let entries = [
        (name, "xsd:string", "Device.WiFi.SSID.[new]"),
        (&ssid("[new].Enable"), "xsd:boolean", "1"),
    ];
    let answer = cpe.call(&set("", &entries));
    assert_eq!(text_of(&answer, "Status"), Some("0"), "{answer}");
    assert_eq!(cpe.model.value(name), Some("Device.WiFi.SSID.10"));
}

// --- AutoCreateInstances

#[test]
fn an_unknown_alias_makes_an_instance_if_it_may() {
    // AL-05
    let request = set(
        "key",
        &[
            (&ssid("[new].SSID"), "xsd:string", "guests"),
            ("Device.NAT.PortMapping.[web].Alias", "xsd:string", "web"),
            (&ssid("[new].Enable"), "xsd:boolean", "1"),
            (&ssid("[cpe-1].Enable"), "xsd:boolean", "0"),
        ],
    );
    let answer = by_alias().call(&request);
    assert_eq!(parameter_faults(&answer).len(), 3);
    assert!(parameter_faults(&answer)[0].ends_with("[new].SSID 9005"));

    let mut cpe = making();
    let answer = cpe.call(&request);
    assert_eq!(text_of(&answer, "Status"), Some("0"), "{answer}");
    for (name, value) in [
        ("WiFi.SSID.10.Alias", "new"),
        ("WiFi.SSID.10.SSID", "guests"),
        ("WiFi.SSID.10.Enable", "true"),
        ("NAT.PortMapping.4.Alias", "web"),
        ("WiFi.SSID.1.Enable", "false"),
    ] {
        assert_eq!(
            cpe.model.value(&format!("Device.{name}")),
            Some(value),
            "{name}"
        );
    }
    assert_eq!(cpe.parameter_key, "key");
    // Now it is there.
    let answer = cpe.call(&set("", &[(&ssid("[new].SSID"), "xsd:string", "again")]));
    assert_eq!(text_of(&answer, "Status"), Some("0"));
    assert_eq!(cpe.model.value("Device.WiFi.SSID.11.Alias"), None);
}

#[test]
fn nothing_is_made_when_anything_is_wrong() {
    // AL-05 SV-01
    let bad = [
        (ssid("[new].Nope"), "xsd:string", "x", 9005),
        (ssid("[new].Enable"), "xsd:boolean", "maybe", 9007),
        (
            "Device.DeviceInfo.UpTime".to_owned(),
            "xsd:unsignedInt",
            "1",
            9008,
        ),
        (
            "Device.IP.Interface.[new].Enable".to_owned(),
            "xsd:boolean",
            "1",
            9005,
        ),
        (
            "Device.Nope.[new].Enable".to_owned(),
            "xsd:boolean",
            "1",
            9005,
        ),
        (ssid("[new]."), "xsd:string", "1", 9005),
        (ssid("*.Enable"), "xsd:boolean", "1", 9005),
    ];
    for (name, ty, value, code) in bad {
        let mut cpe = making();
        let before = cpe
            .model
            .value("Device.WiFi.SSID.10.Alias")
            .map(str::to_owned);
        let answer = cpe.call(&set(
            "key",
            &[(&ssid("[new].SSID"), "xsd:string", "x"), (&name, ty, value)],
        ));
        assert_eq!(
            parameter_faults(&answer),
            [format!("{name} {code}")],
            "{answer}"
        );
        assert_eq!(before, None);
        assert_eq!(cpe.model.value("Device.WiFi.SSID.10.Alias"), None);
        assert!(!cpe.model.is_open());
        assert_eq!(cpe.parameter_key, "");
    }
    // What the model refuses when everything is there together.
    let mut cpe = making();
    cpe.model.refuse_commit = Some(Fault::arguments("no"));
    let answer = cpe.call(&set("key", &[(&ssid("[new].SSID"), "xsd:string", "x")]));
    assert_eq!(fault_code(&answer), Some(9003));
    assert_eq!(cpe.model.value("Device.WiFi.SSID.10.Alias"), None);
}

#[test]
fn the_same_new_parameter_twice_is_9003() {
    // AL-05 SV-03
    let mut cpe = making();
    let answer = cpe.call(&set(
        "",
        &[
            (&ssid("[new].SSID"), "xsd:string", "x"),
            (&ssid("10.SSID"), "xsd:string", "x"),
        ],
    ));
    assert_eq!(fault_code(&answer), Some(9003));
    assert!(parameter_faults(&answer).is_empty(), "{answer}");
    assert_eq!(cpe.model.value("Device.WiFi.SSID.10.Alias"), None);
}

#[test]
fn other_methods_make_nothing() {
    // AL-05
    let mut cpe = making();
    for request in [
        get(&[&ssid("[new].SSID")]),
        get_names(&ssid("[new]."), "0"),
        set_attributes(&[(&ssid("[new].SSID"), "1", "2", "0", "")]),
        object("DeleteObject", &ssid("[new]."), ""),
        object("AddObject", "Device.WiFi.[new].SSID.", ""),
    ] {
        assert_eq!(fault_code(&cpe.call(&request)), Some(9005), "{request}");
        assert!(!cpe.model.is_open());
    }
    assert_eq!(cpe.model.value("Device.WiFi.SSID.10.Alias"), None);
}

#[test]
fn one_request_makes_only_so_many_instances() {
    // AL-05
    let names: Vec<String> = (0..300).map(|n| ssid(&format!("[new{n}].SSID"))).collect();
    let entries = |n: usize| -> Vec<(&str, &str, &str)> {
        let names = names.iter().take(n);
        names
            .map(|name| (name.as_str(), "xsd:string", "x"))
            .collect()
    };
    let mut cpe = making();
    let answer = cpe.call(&set("", &entries(257)));
    assert_eq!(fault_code(&answer), Some(9004));
    assert_eq!(cpe.model.value("Device.WiFi.SSID.10.Alias"), None);
    let answer = cpe.call(&set("", &entries(256)));
    assert_eq!(text_of(&answer, "Status"), Some("0"));
}
