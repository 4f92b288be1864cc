//! GetParameterNames.

use super::*;

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
