mod addressing;

use super::METHODS;
use crate::cwmp::Promise;
use crate::cwmp::support::harness::*;
use crate::cwmp::support::model::FakeModel;
use crate::datamodel::attributes::{Attributes, MAX_SETTINGS, Notification};
use crate::datamodel::{Code, Fault, Touch, Type};

fn get(names: &[&str]) -> String {
    list_of_names("GetParameterValues", names)
}

fn list_of_names(method: &str, names: &[&str]) -> String {
    let items: String = names
        .iter()
        .map(|name| format!("<string>{name}</string>"))
        .collect();
    let count = names.len();
    format!(
        "<cwmp:{method}><ParameterNames soapenc:arrayType='xsd:string[{count}]'>{items}\
         </ParameterNames></cwmp:{method}>"
    )
}

fn get_names(path: &str, next_level: &str) -> String {
    format!(
        "<cwmp:GetParameterNames><ParameterPath>{path}</ParameterPath><NextLevel>{next_level}\
         </NextLevel></cwmp:GetParameterNames>"
    )
}

/// `(name, type, value)`
fn set(key: &str, entries: &[(&str, &str, &str)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(name, ty, value)| {
            let ty = if ty.is_empty() {
                String::new()
            } else {
                format!(" xsi:type='{ty}'")
            };
            format!(
                "<ParameterValueStruct><Name>{name}</Name><Value{ty}>{value}</Value>\
                 </ParameterValueStruct>"
            )
        })
        .collect();
    format!(
        "<cwmp:SetParameterValues><ParameterList soapenc:arrayType='cwmp:ParameterValueStruct[9]'>\
         {entries}</ParameterList><ParameterKey>{key}</ParameterKey></cwmp:SetParameterValues>"
    )
}

/// `(name, change, notification, access change, access)`
fn set_attributes(entries: &[(&str, &str, &str, &str, &str)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(name, change, notification, access_change, access)| {
            format!(
                "<SetParameterAttributesStruct><Name>{name}</Name><NotificationChange>{change}\
                 </NotificationChange><Notification>{notification}</Notification><AccessListChange>\
                 {access_change}</AccessListChange><AccessList>{access}</AccessList>\
                 </SetParameterAttributesStruct>"
            )
        })
        .collect();
    format!(
        "<cwmp:SetParameterAttributes><ParameterList>{entries}</ParameterList>\
         </cwmp:SetParameterAttributes>"
    )
}

fn object(method: &str, name: &str, key: &str) -> String {
    format!(
        "<cwmp:{method}><ObjectName>{name}</ObjectName><ParameterKey>{key}</ParameterKey>\
         </cwmp:{method}>"
    )
}

fn code(method: &str) -> Option<u16> {
    fault_code(&Harness::asked().call(method))
}

/// `name code` of every SetParameterValuesFault.
fn parameter_faults(answer: &str) -> Vec<String> {
    let faults = answer.split("<SetParameterValuesFault>").skip(1);
    faults
        .map(|f| {
            let (name, code) = (text_of(f, "ParameterName"), text_of(f, "FaultCode"));
            format!("{} {}", name.unwrap(), code.unwrap())
        })
        .collect()
}

const CODE: &str = "Device.DeviceInfo.ProvisioningCode";
const INTERVAL: &str = "Device.ManagementServer.PeriodicInformInterval";

#[test]
fn what_is_listed_works_and_all_else_is_9000() {
    // GN-01 GN-02 GN-03 RB-09
    let answer = Harness::asked().call("<cwmp:GetRPCMethods/>");
    for (name, _) in METHODS {
        assert!(answer.contains(&format!("<string>{name}</string>")));
        assert_ne!(code(&format!("<cwmp:{name}/>")), Some(9000), "{name}");
    }
    for name in [
        "Download",
        "Upload",
        "GetQueuedTransfers",
        "GetAllQueuedTransfers",
        "ScheduleDownload",
        "CancelTransfer",
        "ChangeDUState",
        "SetVouchers",
        "GetOptions",
        "Inform",
        "TransferComplete",
        "getRPCMethods",
        "X_EX_Method",
    ] {
        assert_eq!(
            code(&format!("<cwmp:{name}><A>1</A></cwmp:{name}>")),
            Some(9000),
            "{name}"
        );
        assert!(!answer.contains(&format!("<string>{name}</string>")));
    }
}

#[test]
fn arguments_that_are_missing_are_9003() {
    // SO-27
    for name in [
        "SetParameterValues",
        "GetParameterValues",
        "GetParameterNames",
        "SetParameterAttributes",
        "GetParameterAttributes",
        "AddObject",
        "DeleteObject",
        "ScheduleInform",
    ] {
        let mut cpe = Harness::asked();
        let answer = cpe.call(&format!("<cwmp:{name}><Other/></cwmp:{name}>"));
        assert_eq!(fault_code(&answer), Some(9003), "{name}");
        assert!(text_of(&answer, "FaultString").unwrap().starts_with(name));
        assert_eq!(cpe.promises, [Promise::Informed]);
    }
}

// --- GetParameterNames

#[test]
fn names_below_a_path() {
    // GN-04 GN-05 GN-11 GN-14
    for (all, next) in [("0", "1"), ("false", "true"), (" 0 ", "\n1")] {
        let answer = Harness::asked().call(&get_names("Device.Time.", all));
        assert_eq!(names(&answer), ["Device.Time. 0", "Device.Time.Enable 1"]);
        let answer = Harness::asked().call(&get_names("Device.Time.", next));
        assert_eq!(names(&answer), ["Device.Time.Enable 1"]);
    }
    let answer = Harness::asked().call(&get_names("Device.NAT.", "0"));
    let expected = [
        "Device.NAT. 0",
        "Device.NAT.PortMapping. 1",
        "Device.NAT.PortMapping.3. 1",
        "Device.NAT.PortMapping.3.Alias 1",
    ];
    assert_eq!(names(&answer), expected);
    assert_eq!(code(&get_names("Device.", "2")), Some(9003));
    assert_eq!(code(&get_names("Device.", "")), Some(9003));
}

#[test]
fn names_of_the_whole_tree_and_of_the_root() {
    // GN-06 GN-12
    for path in ["", " \n "] {
        assert_eq!(
            names(&Harness::asked().call(&get_names(path, "1"))),
            ["Device. 0"]
        );
        let all = names(&Harness::asked().call(&get_names(path, "0")));
        assert_eq!(all[0], "Device. 0");
        assert!(all.len() > 40);
    }
}

#[test]
fn name_of_one_parameter() {
    // GN-07 GN-13
    let answer = Harness::asked().call(&get_names(CODE, "0"));
    assert_eq!(names(&answer), [format!("{CODE} 1")]);
    assert_eq!(code(&get_names(CODE, "1")), Some(9003));
}

#[test]
fn names_of_tables() {
    // GN-08 GN-09
    let answer = Harness::asked().call(&get_names("Device.WiFi.SSID.", "1"));
    let expected = [
        "Device.WiFi.SSID.1. 1",
        "Device.WiFi.SSID.2. 1",
        "Device.WiFi.SSID.3. 1",
    ];
    assert_eq!(names(&answer), expected);
    let answer = Harness::asked().call(&get_names("Device.IP.Interface.", "1"));
    assert!(answer.contains("<cwmp:GetParameterNamesResponse>"));
    assert!(names(&answer).is_empty());
}

#[test]
fn names_that_are_not_there() {
    // GN-10 GN-13
    for path in [
        "Device.Foo.",
        "Device.WiFi",
        "device.",
        "Device.WiFi.SSID.{i}.",
        "Device..",
        "x",
    ] {
        assert_eq!(code(&get_names(path, "0")), Some(9005), "{path}");
    }
    assert_eq!(
        code(&get_names(&format!("Device.{}", "x".repeat(300)), "0")),
        Some(9005)
    );
}

#[test]
fn wildcards_and_aliases_in_names() {
    // GN-15 AL-02 AL-06
    let answer = Harness::asked().call(&get_names("Device.WiFi.SSID.*.Enable", "0"));
    assert_eq!(names(&answer).len(), 3);
    let answer = Harness::asked().call(&get_names("Device.IP.Interface.*.", "1"));
    assert!(names(&answer).is_empty() && fault_code(&answer).is_none());
    let answer = Harness::asked().call(&get_names("Device.WiFi.SSID.[cpe-2].", "1"));
    assert_eq!(names(&answer)[0], "Device.WiFi.SSID.[cpe-2].Alias 1");
    assert_eq!(
        code(&get_names("Device.WiFi.SSID.[nobody].", "1")),
        Some(9005)
    );

    // An alias is a value: names alone would not do.
    for (path, values) in [
        ("Device.WiFi.SSID.[cpe-2].", true),
        ("Device.WiFi.SSID.*.", false),
    ] {
        let mut cpe = Harness::asked();
        cpe.call(&get_names(path, "1"));
        let prefix = vec!["Device.WiFi.SSID.".to_owned()];
        let expected = if values {
            Touch::Values(prefix)
        } else {
            Touch::Names(prefix)
        };
        assert_eq!(cpe.touched, [expected]);
    }
}

// --- GetParameterValues

#[test]
fn values_of_names_and_partial_paths() {
    // GV-01 GV-06
    let mut cpe = Harness::asked();
    let answer = cpe.call(&get(&["Device.DeviceInfo.UpTime", "Device.Time."]));
    assert_eq!(
        values(&answer),
        ["Device.DeviceInfo.UpTime=1234", "Device.Time.Enable=false"]
    );
    let touched = ["Device.DeviceInfo.UpTime", "Device.Time."].map(str::to_owned);
    assert_eq!(cpe.touched, [Touch::Values(touched.to_vec())]);
    let all = values(&Harness::asked().call(&get(&[""])));
    let named = names(&Harness::asked().call(&get_names("", "0")));
    // DM-08
    assert_eq!(
        all.len(),
        named.iter().filter(|name| !name.contains(". ")).count()
    );
}

#[test]
fn one_bad_name_is_9005_and_no_value() {
    // GV-02
    for bad in [
        "Device.Foo",
        "Device.DeviceInfo",
        "Device.Foo.",
        "Device.Time.Enable.",
        "foo bar",
    ] {
        for names in [&[CODE, bad][..], &["Device.", bad], &[bad, ""]] {
            let answer = Harness::asked().call(&get(names));
            assert_eq!(fault_code(&answer), Some(9005), "{names:?}");
            assert!(values(&answer).is_empty());
            assert!(answer.contains(bad), "the fault names the parameter");
        }
    }
}

#[test]
fn values_of_nothing() {
    // GV-03 GV-11
    for names in [&["Device.IP.Interface."][..], &[]] {
        let answer = Harness::asked().call(&get(names));
        assert!(answer.contains("cwmp:ParameterValueStruct[0]"), "{answer}");
    }
}

#[test]
fn hidden_values_read_as_empty() {
    // GV-04 IN-09
    let mut cpe = Harness::asked();
    let password = "Device.ManagementServer.Password";
    cpe.call(&set("", &[(password, "xsd:string", "s3cret")]));
    assert_eq!(cpe.model.value(password), Some("s3cret"));
    let answer = cpe.call(&get(&[password]));
    assert!(answer.contains("<Value xsi:type=\"xsd:string\"></Value>"));
}

#[test]
fn every_value_has_the_type_of_the_model() {
    // GV-05 SO-07 SO-23 SO-35
    let answer = Harness::asked().call(&get(&["Device.X_EX."]));
    for (name, ty, value) in [
        ("Int", "int", "-1"),
        ("Long", "long", "-9223372036854775808"),
        ("Counter", "unsignedLong", "18446744073709551615"),
        ("Hex", "hexBinary", "00FF"),
        ("Blob", "base64Binary", "AAECAw=="),
        ("Decimal", "decimal", "1.5"),
        // No number is no number: an empty text is a string.
        ("NoNumber", "string", ""),
        (
            "Raw",
            "string",
            "a\u{fffd}b\u{fffd} &lt;&amp;&gt;\"]]&gt; &#13;\n é",
        ),
    ] {
        let expected =
            format!("<Name>Device.X_EX.{name}</Name><Value xsi:type=\"xsd:{ty}\">{value}</Value>");
        assert!(answer.contains(&expected), "{expected}\n{answer}");
    }
    let answer = Harness::asked().call(&get(&["Device.ManagementServer."]));
    assert!(answer.contains("<Value xsi:type=\"xsd:dateTime\">0001-01-01T00:00:00Z</Value>"));
    assert!(answer.contains("<Value xsi:type=\"xsd:boolean\">true</Value>"));
    assert!(answer.contains("<Value xsi:type=\"xsd:unsignedInt\">600</Value>"));
}

#[test]
fn what_is_asked_twice_is_answered_once() {
    // GV-06
    let names = [
        "Device.Time.Enable",
        "Device.Time.",
        "Device.Time.Enable",
        "Device.Time.",
    ];
    let answer = Harness::asked().call(&get(&names));
    assert_eq!(values(&answer), ["Device.Time.Enable=false"]);
    let answer = Harness::asked().call(&get(&["Device.Time.", "", CODE]));
    let mut all = values(&answer);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), values(&answer).len());
}

#[test]
fn values_by_alias_and_wildcard() {
    // GN-15 AL-02 AL-06
    let answer = Harness::asked().call(&get(&["Device.WiFi.SSID.[cpe-3].SSID"]));
    assert_eq!(
        values(&answer),
        ["Device.WiFi.SSID.[cpe-3].SSID=home &amp; garden"]
    );
    let mut cpe = Harness::asked();
    let answer = cpe.call(&get(&["Device.WiFi.SSID.*.Alias"]));
    let expected = ["1=cpe-1", "2=cpe-2", "3=cpe-3"];
    let expected = expected.map(|e| format!("Device.WiFi.SSID.{}", e.replace('=', ".Alias=")));
    assert_eq!(values(&answer), expected);
    assert_eq!(
        cpe.touched,
        [Touch::Values(vec!["Device.WiFi.SSID.".into()])]
    );
}

#[test]
fn an_answer_that_is_too_large_is_9004() {
    // GV-08
    let mut model = FakeModel::device();
    for n in 0..20_000 {
        model.parameter(&format!("Device.X_EX.P{n}"), Type::String, false, "x");
    }
    let mut cpe = Harness::asked_on(model);
    assert!(values(&cpe.call(&get(&[""]))).len() > 20_000);
    cpe.model.parameter(
        "Device.X_EX.Huge",
        Type::String,
        false,
        &"x".repeat(17 << 20),
    );
    cpe.model
        .parameter("Device.X_EX.Z", Type::String, false, "");
    assert_eq!(fault_code(&cpe.call(&get(&[""]))), Some(9004));
    assert_eq!(fault_code(&cpe.call(&get(&["Device.Time."]))), None);
}

// --- SetParameterValues

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

// --- Attributes

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
        assert_eq!(cpe.attributes, Attributes::default());
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
        let set = cpe.attributes.notification("Device.Time.Enable", &info);
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
        cpe.attributes.get("Device.Time.Enable", &info).access,
        ["Subscriber", "X_EX_App"]
    );
    // Whoever is not in it may not write: here nobody but the ACS.
    let nobody = "<string>Nobody</string>";
    cpe.call(&set_attributes(&[("Device.Time.", "0", "", "1", nobody)]));
    assert!(!cpe.attributes.may_write("Device.Time.Enable", "Subscriber"));
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
        cpe.attributes.notification(last, &info),
        Notification::Passive
    );
    let before = cpe.attributes.clone();
    let all: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "1", "4", "0", ""))
        .collect();
    let answer = cpe.call(&set_attributes(&all));
    assert_eq!(fault_code(&answer), Some(9004));
    assert_eq!(cpe.attributes, before);
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

// --- Objects

#[test]
fn an_object_is_added() {
    // OB-01 OB-02 OB-08 OB-09
    let mut cpe = Harness::asked();
    let answer = cpe.call(&object("AddObject", "Device.NAT.PortMapping.", "pk-18"));
    assert_eq!(text_of(&answer, "InstanceNumber"), Some("4"));
    assert_eq!(text_of(&answer, "Status"), Some("0"));
    assert_eq!(cpe.parameter_key, "pk-18");
    assert_eq!(cpe.touched, [Touch::Add("Device.NAT.PortMapping.".into())]);
    assert_eq!(
        cpe.model.value("Device.NAT.PortMapping.4.Alias"),
        Some("cpe-4")
    );
}

#[test]
fn an_object_is_added_with_an_alias_once() {
    // AL-02 AL-04
    let mut cpe = Harness::asked();
    let request = object("AddObject", "Device.NAT.PortMapping.[web.80].", "k");
    let answer = cpe.call(&request);
    assert_eq!(text_of(&answer, "InstanceNumber"), Some("4"));
    assert_eq!(
        cpe.model.value("Device.NAT.PortMapping.4.Alias"),
        Some("web.80")
    );
    assert_eq!(
        cpe.touched,
        [Touch::Write(vec!["Device.NAT.PortMapping.".into()])]
    );
    assert_eq!(fault_code(&cpe.call(&request)), Some(9005));
    assert!(!cpe.model.is_open());
}

#[test]
fn objects_that_cannot_be_added() {
    // OB-04 OB-05
    for name in [
        "",
        "Device.Nope.",
        "Device.NAT.PortMapping",
        "Device.NAT.PortMapping.3.",
        "Device.Time.",
        "Device.IP.Interface.",
        "Device.Time.Enable",
        "Device.NAT.*.",
        "Device.NAT.PortMapping.[a]",
        "Device.[a].",
        "[a].",
        "Device.NAT.PortMapping.[a].[b].",
    ] {
        let mut cpe = Harness::asked();
        let answer = cpe.call(&object("AddObject", name, "k"));
        assert_eq!(fault_code(&answer), Some(9005), "{name}");
        assert_eq!(cpe.parameter_key, "");
        assert!(!cpe.model.is_open());
    }
}

#[test]
fn an_object_is_deleted() {
    // OB-06 NO-12
    for name in [
        "Device.NAT.PortMapping.3.",
        "Device.NAT.PortMapping.[cpe-3].",
    ] {
        let mut cpe = Harness::asked();
        let answer = cpe.call(&object("DeleteObject", name, "pk-19"));
        assert_eq!(text_of(&answer, "Status"), Some("0"));
        assert_eq!(cpe.model.value("Device.NAT.PortMapping.3.Alias"), None);
        let deleted = Some("Device.NAT.PortMapping.3.".to_owned());
        let promise = Promise::Values {
            parameter_key: "pk-19".into(),
            deleted,
        };
        assert_eq!(cpe.promises[1], promise);
    }
}

#[test]
fn objects_that_cannot_be_deleted() {
    // OB-07
    for name in [
        "",
        "Device.NAT.PortMapping.",
        "Device.NAT.PortMapping.9.",
        "Device.NAT.PortMapping.3",
        "Device.NAT.PortMapping.*.",
        "Device.NAT.PortMapping.[nobody].",
        "Device.Time.",
    ] {
        let mut cpe = Harness::asked();
        assert_eq!(
            fault_code(&cpe.call(&object("DeleteObject", name, "k"))),
            Some(9005),
            "{name}"
        );
        assert_eq!(cpe.parameter_key, "");
        assert!(!cpe.model.is_open());
    }
}

// --- Deferred work

#[test]
fn reboot_and_factory_reset_are_promised_and_answered() {
    // RB-01 RB-02 RB-04
    let mut cpe = Harness::asked();
    for key in ["one", ""] {
        let request = format!("<cwmp:Reboot><CommandKey>{key}</CommandKey></cwmp:Reboot>");
        assert!(
            cpe.call(&request)
                .contains("<cwmp:RebootResponse></cwmp:RebootResponse>")
        );
    }
    assert!(
        cpe.call("<cwmp:FactoryReset/>")
            .contains("<cwmp:FactoryResetResponse>")
    );
    assert_eq!(
        cpe.promises[1..],
        [
            Promise::Reboot {
                command_key: "one".into()
            },
            Promise::Reboot {
                command_key: String::new()
            },
            Promise::FactoryReset,
        ]
    );
    cpe.refuse_promise = Some(Fault::new(Code::RESOURCES_EXCEEDED, "too many reboots"));
    assert_eq!(fault_code(&cpe.call("<cwmp:Reboot/>")), Some(9004));
}

#[test]
fn schedule_inform() {
    // RB-05
    let request = |delay: &str| {
        format!(
            "<cwmp:ScheduleInform><DelaySeconds>{delay}</DelaySeconds><CommandKey>si</CommandKey>\
             </cwmp:ScheduleInform>"
        )
    };
    let mut cpe = Harness::asked();
    assert!(
        cpe.call(&request(" 10 "))
            .contains("<cwmp:ScheduleInformResponse>")
    );
    let promise = Promise::ScheduleInform {
        delay: 10,
        command_key: "si".into(),
    };
    assert_eq!(cpe.promises[1], promise);
    for delay in ["0", "-1", "", "x", "4294967296"] {
        assert_eq!(code(&request(delay)), Some(9003), "{delay}");
    }
}
