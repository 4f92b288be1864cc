//! AddObject and DeleteObject.

use super::*;

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
