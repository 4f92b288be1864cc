use super::*;
use crate::cwmp::event::EventCode;
use crate::cwmp::support::harness::{Harness, text_of, values};
use crate::cwmp::support::model::FakeModel;

fn inform(model: FakeModel, change: impl FnOnce(&mut Inform)) -> String {
    Harness::new(model, |setup| change(&mut setup.inform)).begin()
}

#[test]
fn device_id_is_brought_into_its_form() {
    // IN-01
    for (given, sent) in [
        ("00D0D0", "00D0D0"),
        ("00:d0:d0", "00D0D0"),
        ("00-d0-d0-11-22-33", "00D0D0"),
        ("abc", "000ABC"),
        ("", "000000"),
    ] {
        let sent_inform = inform(FakeModel::device(), |inform| {
            inform.device.oui = given.into()
        });
        assert_eq!(text_of(&sent_inform, "OUI"), Some(sent));
    }
    let sent = inform(FakeModel::device(), |inform| {
        inform.device.manufacturer = "é".repeat(65);
        inform.device.product_class = String::new();
        inform.device.serial_number = "S<&>".into();
    });
    assert_eq!(
        text_of(&sent, "Manufacturer"),
        Some("é".repeat(64).as_str())
    );
    assert_eq!(text_of(&sent, "ProductClass"), Some(""));
    assert_eq!(text_of(&sent, "SerialNumber"), Some("S&lt;&amp;&gt;"));
}

#[test]
fn forced_parameters_are_always_there() {
    // IN-03, table P
    let sent = inform(FakeModel::device(), |_| {});
    let names: Vec<String> = values(&sent)
        .iter()
        .map(|v| v.split_once('=').unwrap().0.to_owned())
        .collect();
    assert_eq!(names, forced_parameters(Root::Device));
}

#[test]
fn a_tr098_device_tells_its_wan_address() {
    // IN-04
    let wan = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1";
    let address = format!("{wan}.ExternalIPAddress");
    let mut model = FakeModel::gateway();
    assert_eq!(external_ip_address(&model), Some(address.clone()));
    assert!(
        values(&inform(FakeModel::gateway(), |_| {})).contains(&format!("{address}=192.0.2.10"))
    );

    let ppp = wan.replace("WANIP", "WANPPP");
    let of_ppp = format!("{ppp}.ExternalIPAddress");
    model.parameter(&of_ppp, Type::String, false, "192.0.2.20");
    let service = "InternetGatewayDevice.Layer3Forwarding.DefaultConnectionService";
    let relative = ppp.strip_prefix("InternetGatewayDevice").unwrap();
    for value in [
        ppp.clone(),
        format!("{ppp}."),
        format!(" {ppp}"),
        relative.to_owned(),
        relative.trim_start_matches('.').to_owned(),
    ] {
        model.parameter(service, Type::String, false, &value);
        assert_eq!(external_ip_address(&model), Some(of_ppp.clone()));
    }
    // Without one that exists it is the first that has an address.
    for value in [
        "",
        ".",
        "1_WANIPConnection",
        "InternetGatewayDevice.WANDevice.9",
    ] {
        model.parameter(service, Type::String, false, value);
        assert_eq!(external_ip_address(&model), Some(address.clone()));
    }
    assert_eq!(external_ip_address(&FakeModel::device()), None);
}

#[test]
fn no_parameter_is_listed_twice_or_without_a_name() {
    // IN-05 IN-08
    let model = FakeModel::device();
    let changed = [
        "Device.DeviceInfo.SoftwareVersion",
        "Device.Time.Enable",
        "Device.Time.Enable",
        "",
        "Device.Gone",
    ];
    let parameters = parameters(&model, &changed);
    assert_eq!(parameters.len(), forced_parameters(Root::Device).len() + 1);
    let sent = inform(model, |inform| {
        inform.parameters = parameters;
        inform.parameters.extend_from_within(..);
        let nameless = InformParameter {
            name: String::new(),
            ty: Type::String,
            value: "x".into(),
        };
        inform.parameters.push(nameless);
    });
    let listed = values(&sent);
    assert_eq!(listed.len(), forced_parameters(Root::Device).len() + 1);
    assert!(listed.contains(&"Device.Time.Enable=false".to_owned()));
}

#[test]
fn events_and_counters() {
    // EV-03 RT-03 SO-34
    let sent = inform(FakeModel::device(), |inform| {
        inform.events = (0..70)
            .map(|n| Event::with_key(EventCode::MDownload, &n.to_string()))
            .collect();
        inform
            .events
            .insert(0, Event::new(EventCode::TransferComplete));
        inform.retry_count = 12;
    });
    assert!(sent.contains("cwmp:EventStruct[64]"));
    assert_eq!(text_of(&sent, "RetryCount"), Some("12"));
    assert_eq!(text_of(&sent, "CurrentTime"), Some("0001-01-01T00:00:00Z"));
    let sent = inform(FakeModel::device(), |inform| {
        inform.current_time = DateTime::from_unix(1_795_337_146, 120);
    });
    assert!(text_of(&sent, "CurrentTime").unwrap().ends_with("+02:00"));
}
