//! GetParameterValues.

use super::*;

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
