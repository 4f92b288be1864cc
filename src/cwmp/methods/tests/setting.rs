//! SetParameterValues.

use super::*;

#[test]
fn values_are_set_all_or_none() {
    // SV-01 SV-02 SV-05 SV-10
    let mut cpe = Harness::asked();
    cpe.parameter_key = "before".into();
    let answer = cpe.call(&set(
        "after",
        &[
            (CODE, "xsd:string", "good"),
            ("Device.Nope", "xsd:string", "x"),
            ("Device.Time.Enable", "xsd:boolean", "maybe"),
            ("Device.DeviceInfo.UpTime", "xsd:unsignedInt", "1"),
            (INTERVAL, "xsd:boolean", "1"),
            ("Device.WiFi.SSID.1.SSID", "xsd:string", "denied"),
            ("Device.WiFi.", "xsd:string", "x"),
            ("", "xsd:string", "x"),
            ("Device.WiFi", "xsd:string", "x"),
            ("Device.WiFi.SSID.*.Enable", "xsd:boolean", "1"),
        ],
    ));
    assert_eq!(fault_code(&answer), Some(9003));
    assert_eq!(
        parameter_faults(&answer),
        [
            "Device.Nope 9005",
            "Device.Time.Enable 9007",
            "Device.DeviceInfo.UpTime 9008",
            &format!("{INTERVAL} 9006"),
            "Device.WiFi.SSID.1.SSID 9001",
            "Device.WiFi. 9005",
            " 9005",
            "Device.WiFi 9005",
            "Device.WiFi.SSID.*.Enable 9005",
        ]
    );
    assert_eq!(cpe.model.value(CODE), Some(""));
    assert!(!cpe.model.is_open());
    assert_eq!(
        (cpe.parameter_key.as_str(), cpe.promises.len()),
        ("before", 1)
    );

    let answer = cpe.call(&set("after", &[(CODE, "xsd:string", "good")]));
    assert_eq!(text_of(&answer, "Status"), Some("0"));
    assert_eq!(
        (cpe.model.value(CODE), cpe.parameter_key.as_str()),
        (Some("good"), "after")
    );
    // SV-05: the empty key is a key.
    cpe.call(&set("", &[(CODE, "xsd:string", "again")]));
    assert_eq!(cpe.parameter_key, "");
}

#[test]
fn the_same_parameter_twice_is_9003() {
    // SV-03
    for second in [
        "Device.WiFi.SSID.2.SSID",
        " Device.WiFi.SSID.2.SSID",
        "Device.WiFi.SSID.[cpe-2].SSID",
    ] {
        let mut cpe = Harness::asked();
        let first = ("Device.WiFi.SSID.2.SSID", "xsd:string", "a");
        let answer = cpe.call(&set("k", &[first, (second, "xsd:string", "b")]));
        assert_eq!(fault_code(&answer), Some(9003), "{second}");
        assert_eq!(
            cpe.model.value("Device.WiFi.SSID.2.SSID"),
            Some("home & garden")
        );
        assert!(!cpe.model.is_open());
    }
}

#[test]
fn a_key_has_at_most_32_characters() {
    // SV-06 OB-08
    let (fits, long) = ("é".repeat(32), "k".repeat(33));
    for (key, expected) in [(fits, None), (long, Some(9003))] {
        assert_eq!(code(&set(&key, &[(CODE, "xsd:string", "x")])), expected);
        assert_eq!(
            code(&object("AddObject", "Device.NAT.PortMapping.", &key)),
            expected
        );
        assert_eq!(
            code(&object("DeleteObject", "Device.NAT.PortMapping.3.", &key)),
            expected
        );
        let reboot = format!("<cwmp:Reboot><CommandKey>{key}</CommandKey></cwmp:Reboot>");
        assert_eq!(code(&reboot), expected);
    }
}

#[test]
fn status_says_whether_values_are_in_force() {
    // SV-07
    let mut cpe = Harness::asked();
    cpe.model.later = true;
    let answer = cpe.call(&set("", &[(CODE, "xsd:string", "later")]));
    assert_eq!(text_of(&answer, "Status"), Some("1"));
    assert_eq!(values(&cpe.call(&get(&[CODE]))), [format!("{CODE}=later")]);
}

#[test]
fn declared_types() {
    // SV-11
    for (name, ty, value, expected) in [
        (INTERVAL, "", "5", None),
        (INTERVAL, "xsd:string", "5", None),
        (INTERVAL, "xsd:int", "5", None),
        (INTERVAL, "x:unsignedLong", "5", None),
        (INTERVAL, "string", "5", None),
        (INTERVAL, "cwmp:Whatever", "5", None),
        (INTERVAL, "xsd:boolean", "1", Some("9006")),
        (INTERVAL, "xsd:dateTime", "5", Some("9006")),
        (CODE, "xsd:int", "5", Some("9006")),
        ("Device.X_EX.Blob", "soapenc:base64", "AAEC", None),
        ("Device.X_EX.Blob", "xsd:hexBinary", "AAEC", Some("9006")),
    ] {
        let mut cpe = Harness::asked();
        let answer = cpe.call(&set("", &[(name, ty, value)]));
        let expected: Vec<String> = expected
            .iter()
            .map(|code| format!("{name} {code}"))
            .collect();
        assert_eq!(parameter_faults(&answer), expected, "{name} {ty}");
    }
}

#[test]
fn forms_of_values() {
    // SV-12 SV-13 SO-22
    for (name, given, stored) in [
        ("Device.Time.Enable", "1", Some("true")),
        ("Device.Time.Enable", "true", Some("true")),
        ("Device.Time.Enable", "TRUE", None),
        (INTERVAL, " 0300 ", Some("300")),
        (INTERVAL, "4294967296", None),
        (INTERVAL, "-1", None),
        (INTERVAL, "0", None),
        (CODE, "  a  b\n ", Some("  a  b\n ")),
        (CODE, "<![CDATA[<a>]]>&#9;", Some("<a>\t")),
    ] {
        let mut cpe = Harness::asked();
        let answer = cpe.call(&set("", &[(name, "xsd:string", given)]));
        let expected = if stored.is_none() {
            vec![format!("{name} 9007")]
        } else {
            vec![]
        };
        assert_eq!(parameter_faults(&answer), expected, "{given}");
        if stored.is_some() {
            assert_eq!(cpe.model.value(name), stored);
        }
    }
}

#[test]
fn an_empty_list_sets_the_key() {
    // SV-21
    let mut cpe = Harness::asked();
    assert_eq!(text_of(&cpe.call(&set("only", &[])), "Status"), Some("0"));
    assert_eq!(cpe.parameter_key, "only");
}

#[test]
fn a_prepare_that_fails_is_one_fault_for_the_whole_request() {
    // SV-02
    for (given, answered) in [
        (Code::INTERNAL_ERROR, 9002),
        (Code::INVALID_PARAMETER_NAME, 9003),
    ] {
        let mut cpe = Harness::asked();
        cpe.refuse_prepare = Some(Fault::new(given, "no answer"));
        let answer = cpe.call(&set("key", &[(CODE, "xsd:string", "x")]));
        assert_eq!(fault_code(&answer), Some(answered));
        assert!(!cpe.model.is_open());
    }
}

#[test]
fn a_commit_that_fails_is_one_fault_for_the_whole_request() {
    // SV-02 SV-23 SO-30
    for (given, answered) in [
        (Code::INTERNAL_ERROR, 9002),
        (Code::RESOURCES_EXCEEDED, 9004),
        (Code::REQUEST_DENIED, 9001),
        (Code::INVALID_PARAMETER_VALUE, 9003),
    ] {
        let mut cpe = Harness::asked();
        cpe.model.refuse_commit = Some(Fault::new(given, "the disk is full"));
        let answer = cpe.call(&set("key", &[(CODE, "xsd:string", "x")]));
        assert_eq!(fault_code(&answer), Some(answered));
        assert!(parameter_faults(&answer).is_empty());
        assert!(answer.contains("the disk is full"));
        assert_eq!(
            (cpe.model.value(CODE), cpe.parameter_key.as_str()),
            (Some(""), "")
        );
    }
}

#[test]
fn faults_never_tell_the_value() {
    let mut cpe = Harness::asked();
    let answer = cpe.call(&set(
        "",
        &[("Device.ManagementServer.Password", "xsd:int", "s3cret")],
    ));
    assert_eq!(fault_code(&answer), Some(9003));
    assert!(!answer.contains("s3cret"));
}

#[test]
fn faults_are_bounded() {
    let names: Vec<String> = (0..3000)
        .map(|n| format!("Device.{}{n}", "x".repeat(200)))
        .collect();
    let entries: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "xsd:string", ""))
        .collect();
    let answer = Harness::asked().call(&set("", &entries));
    assert_eq!(parameter_faults(&answer).len(), 1000);
    let name = format!("Device.{}", "x".repeat(100_000));
    assert!(Harness::asked().call(&get(&[&name])).len() < 2000);
    let method = "X".repeat(200);
    assert!(
        !Harness::asked()
            .call(&format!("<cwmp:{method}/>"))
            .contains(&method)
    );
}

#[test]
fn a_value_by_alias() {
    // AL-02
    let mut cpe = Harness::asked();
    let answer = cpe.call(&set(
        "",
        &[("Device.WiFi.SSID.[cpe-2].SSID", "xsd:string", "new")],
    ));
    assert_eq!(text_of(&answer, "Status"), Some("0"));
    assert_eq!(cpe.model.value("Device.WiFi.SSID.2.SSID"), Some("new"));
    assert_eq!(
        cpe.touched,
        [Touch::Write(vec!["Device.WiFi.SSID.".into()])]
    );
    let answer = cpe.call(&set(
        "",
        &[("Device.WiFi.SSID.[new].SSID", "xsd:string", "new")],
    ));
    assert_eq!(
        parameter_faults(&answer),
        ["Device.WiFi.SSID.[new].SSID 9005"]
    );
}
