//! Every sample message of the conformance set has a decided outcome.

#[allow(dead_code)] // Each test that shares these uses a part of them.
#[path = "support"]
mod support {
    pub mod envelope;
    pub mod harness;
    pub mod model;
}

use cwmpd::cwmp::envelope::{Body, decode};
use cwmpd::cwmp::transfer::{Kind, TransferOrder, Window, WindowMode};
use cwmpd::cwmp::{Action, Failure, Input, Promise, Version};
use cwmpd::wire::Secret;
use std::path::PathBuf;
use support::harness::*;
use support::model::FakeModel;

/// What comes of a sample.
enum Expect {
    /// It answers the Inform, and the session speaks that version.
    Informed(Version),
    /// It answers the Inform so that the same one is sent again.
    InformAgain,
    /// It answers the Inform and fails the session, for a reason of that key.
    InformFails(&'static str),
    /// It answers our GetRPCMethods with so many names.
    AcsMethods(usize),
    /// It is a request, answered by an envelope that holds each of these.
    Answer(&'static [&'static str]),
    /// It is a request, answered by a fault of that code.
    Fault(u16),
    /// It is a SetParameterValues, refused for one parameter with that code.
    ParameterFault(u16),
    /// It is a request that is not run because of a header.
    MustUnderstand,
    /// It comes in place of a request and fails the session, for a reason of that key.
    Fails(&'static str),
}

use Expect::*;

const CODE: &str = "Device.DeviceInfo.ProvisioningCode";
const INTERVAL: &str = "Device.ManagementServer.PeriodicInformInterval";
const SSID: &str = "Device.WiFi.SSID.1.SSID";
const UPTIME: &[&str] = &[
    "cwmp:ParameterValueStruct[1]",
    "<Name>Device.DeviceInfo.UpTime</Name><Value xsi:type=\"xsd:unsignedInt\">1234</Value>",
];
const METHODS: &[&str] = &[
    "<cwmp:GetRPCMethodsResponse><MethodList ",
    "<string>Reboot</string>",
];
const STATUS_0: &[&str] = &["<cwmp:SetParameterValuesResponse><Status>0</Status>"];
const PORT_MAPPING: &[&str] =
    &["<cwmp:AddObjectResponse><InstanceNumber>4</InstanceNumber><Status>0</Status>"];
const WHOLE_TREE: &[&str] = &["<Name>Device.</Name>", "<Name>Device.X_EX.Raw</Name>"];

const SAMPLES: &[(&str, Expect)] = &[
    ("a01-informresponse", Informed(Version::V1_2)),
    ("a02-informresponse-14", Informed(Version::V1_4)),
    ("a03-getrpcmethods", Answer(METHODS)),
    (
        "a04-getparametervalues",
        Answer(&["ParameterValueStruct[11]", "Device.WiFi.SSID.3.SSID"]),
    ),
    (
        "a05-getparametervalues-root",
        Answer(&["Device.RootDataModelVersion", "Device.X_EX.Raw"]),
    ),
    (
        "a06a-getparameternames",
        Answer(&["ParameterInfoStruct[1]", "<Name>Device.</Name>"]),
    ),
    ("a06b-getparameternames", Answer(WHOLE_TREE)),
    (
        "a06c-getparameternames",
        Answer(&["ParameterInfoStruct[4]", "Device.DeviceInfo.UpTime"]),
    ),
    (
        "a06d-getparameternames",
        Answer(&["ParameterInfoStruct[1]", "Device.DeviceInfo.UpTime"]),
    ),
    ("a06e-getparameternames", Fault(9003)),
    ("a07-setparametervalues", Answer(STATUS_0)),
    (
        "a08-setparameterattributes",
        Answer(&["<cwmp:SetParameterAttributesResponse>"]),
    ),
    (
        "a09-getparameterattributes",
        Answer(&["ParameterAttributeStruct[9]", "Device.WiFi.SSID.1."]),
    ),
    ("a10-addobject", Answer(PORT_MAPPING)),
    ("a11-addobject-alias", Answer(PORT_MAPPING)),
    (
        "a12-deleteobject",
        Answer(&["<cwmp:DeleteObjectResponse><Status>0</Status>"]),
    ),
    (
        "a13-download",
        Answer(&["<cwmp:DownloadResponse><Status>1</Status>"]),
    ),
    (
        "a14-upload",
        Answer(&["<cwmp:UploadResponse><Status>1</Status>"]),
    ),
    ("a15-reboot", Answer(&["<cwmp:RebootResponse>"])),
    ("a16-factoryreset", Answer(&["<cwmp:FactoryResetResponse>"])),
    (
        "a17-scheduleinform",
        Answer(&["<cwmp:ScheduleInformResponse>"]),
    ),
    (
        "a18-getqueuedtransfers",
        Answer(&["cwmp:QueuedTransferStruct[0]"]),
    ),
    (
        "a19-getallqueuedtransfers",
        Answer(&["cwmp:AllQueuedTransferStruct[0]"]),
    ),
    (
        "a20-scheduledownload",
        Answer(&["<cwmp:ScheduleDownloadResponse>"]),
    ),
    (
        "a21-canceltransfer",
        Answer(&["<cwmp:CancelTransferResponse>"]),
    ),
    (
        "a22-changedustate",
        Answer(&["<cwmp:ChangeDUStateResponse>"]),
    ),
    ("a23-setvouchers", Fault(9000)),
    ("a24-getoptions", Fault(9000)),
    (
        "a25-autonomousdustatechangecompleteresponse",
        Fails("unexpected-message"),
    ),
    (
        "a25-autonomoustransfercompleteresponse",
        Fails("unexpected-message"),
    ),
    (
        "a25-dustatechangecompleteresponse",
        Fails("unexpected-message"),
    ),
    ("a25-kickedresponse", Fails("unexpected-message")),
    ("a25-requestdownloadresponse", Fails("unexpected-message")),
    ("a25-transfercompleteresponse", Fails("unexpected-message")),
    ("a26-getrpcmethodsresponse", AcsMethods(3)),
    ("a27-fault-8005", InformAgain),
    ("a28-fault-8002", InformFails("inform-refused")),
    ("a29-fault-8006", InformFails("inform-refused")),
    ("a30-holdrequests-1", Answer(METHODS)),
    ("a31-holdrequests-0", Answer(METHODS)),
    ("l01-other-prefixes", Answer(UPTIME)),
    (
        "l02-default-ns-soap",
        Answer(&["ParameterInfoStruct[8]", "<Name>Device.WiFi.</Name>"]),
    ),
    ("l04-cdata", Answer(STATUS_0)),
    ("l06-compact", Answer(METHODS)),
    ("l07-crlf", Answer(UPTIME)),
    ("l08-no-header", Answer(METHODS)),
    (
        "l10-long-odd-id",
        Answer(&[">a&lt;b&amp;\"c' é 550e8400-e29b-41d4-a716-446655440000</cwmp:ID>"]),
    ),
    ("l11-charrefs", Answer(STATUS_0)),
    ("l13-utf16", Answer(METHODS)),
    ("l14-latin1", Answer(STATUS_0)),
    ("l15-encodingstyle", Answer(METHODS)),
    ("l16-mu-zero", Answer(METHODS)),
    ("l17-nomorerequests", Answer(METHODS)),
    ("l18-older-namespace", Informed(Version::V1_0)),
    ("l20-bool-forms", Answer(STATUS_0)),
    ("l21-number-forms", Answer(STATUS_0)),
    ("l23-empty-gpv", Answer(&["cwmp:ParameterValueStruct[0]"])),
    ("l24-self-closed", Answer(STATUS_0)),
    ("l25-big-32k", Answer(UPTIME)),
    ("t01-default-ns-inherited", Answer(UPTIME)),
    ("t03-no-xsi-type", Answer(STATUS_0)),
    ("t04-wrong-xsi-type", Answer(STATUS_0)),
    ("t06-array-count-wrong", Answer(UPTIME)),
    ("t07-no-arraytype", Answer(UPTIME)),
    ("t09-cwmp-1-3-ns", Informed(Version::V1_3)),
    ("t10-multiref", Fault(9003)),
    (
        "t12-id-padded",
        Answer(&["\n      15ba07df6a1101\n    </cwmp:ID>"]),
    ),
    ("t13-name-padded", Answer(UPTIME)),
    ("t15-xsi-nil", Answer(STATUS_0)),
    (
        "t16-notification-empty",
        Answer(&["<cwmp:SetParameterAttributesResponse>"]),
    ),
    ("t18-child-order", Answer(&["ParameterInfoStruct[8]"])),
    ("t19-extra-child", Answer(&["<cwmp:RebootResponse>"])),
    ("x01-unknown-method", Fault(9000)),
    ("x03-mu-one", MustUnderstand),
    ("x05-empty-body", Fails("invalid-soap")),
    ("x06-truncated", Fails("invalid-soap")),
    ("x07-doctype-bomb", Fails("invalid-soap")),
    ("x08-xxe", Fails("invalid-soap")),
    ("x10-spv-duplicate", Fault(9003)),
    ("x11-spv-partial", ParameterFault(9005)),
    ("x13-neg-unsigned", ParameterFault(9007)),
    ("x14-response-as-request", Fails("unexpected-message")),
    ("x17-html", Fails("invalid-soap")),
];

/// What the device has after a sample.
const STORED: &[(&str, &str, &str)] = &[
    ("a07-setparametervalues", INTERVAL, "300"),
    ("a07-setparametervalues", CODE, "zone.1"),
    (
        "a11-addobject-alias",
        "Device.NAT.PortMapping.4.Alias",
        "web",
    ),
    ("l04-cdata", CODE, "a<b&c ]]> d"),
    ("l11-charrefs", CODE, "t\tn\n€\u{1F600}"),
    ("l14-latin1", CODE, "café"),
    ("l20-bool-forms", "Device.WiFi.SSID.1.Enable", "false"),
    ("l20-bool-forms", "Device.Time.Enable", "true"),
    ("l21-number-forms", INTERVAL, "300"),
    ("l24-self-closed", CODE, ""),
    ("t03-no-xsi-type", INTERVAL, "300"),
    ("t04-wrong-xsi-type", "Device.Time.Enable", "true"),
    ("t10-multiref", CODE, "old"),
    ("t15-xsi-nil", CODE, ""),
    ("x10-spv-duplicate", CODE, "old"),
    ("x11-spv-partial", CODE, "old"),
    ("x13-neg-unsigned", INTERVAL, "600"),
];

/// The folder with the samples; `None`, with a line that says so, where it does not come with the sources.
fn folder() -> Option<PathBuf> {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let samples = shared.join("conformance/samples");
    if !shared.exists() {
        println!("no folder {}: nothing is tested here", shared.display());
        return None;
    }
    Some(samples)
}

/// Name (without its ending) and bytes of every sample whose name starts with one of `kinds`.
fn samples(kinds: &str) -> Vec<(String, Vec<u8>)> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .expect("the folder of samples")
        .map(|entry| entry.expect("an entry").path())
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            name.starts_with(|c| kinds.contains(c))
                .then(|| (name, std::fs::read(&path).unwrap()))
        })
        .collect();
    found.sort();
    found
}

fn device() -> FakeModel {
    let mut model = FakeModel::device();
    let info = model.info(CODE).clone();
    model.parameter(CODE, info.ty, true, "old");
    model
}

/// The sample as an answer to the message that `sent` is.
fn answering(sample: &[u8], sent: &str) -> String {
    let sample = String::from_utf8(sample.to_vec()).expect("these are UTF-8");
    let id = text_of(sent, "cwmp:ID").expect("an ID");
    let theirs = text_of_any_prefix(&sample, "ID").to_owned();
    sample.replacen(&format!(">{theirs}</"), &format!(">{id}</"), 1)
}

fn text_of_any_prefix<'a>(text: &'a str, name: &str) -> &'a str {
    let end = text.find(&format!(":{name}>")).expect("an end tag");
    let end = text[..end].rfind("</").expect("an end tag");
    let start = text[..end].rfind('>').expect("a start tag");
    &text[start + 1..end]
}

#[test]
fn every_sample_has_its_outcome() {
    // HT-24 (l25), SE-12 (a27), SO-10 (l10), SO-11 (l08), SO-13 (x03), SO-14 (l16 l17), SO-20 (l01 l02),
    // SO-21 (l04 l11 l24), SO-24 (x07 x08), SO-26 (l13 l14), SO-27 (t19), SO-31 (x14), SO-32 (x05 x06 x17),
    // SO-33 (l15), VN-05 (l18), VN-07 (a29), VN-09 (t09)
    let found = samples("altx");
    for (name, bytes) in &found {
        let expect = SAMPLES.iter().find(|(sample, _)| sample == name);
        let (_, expect) = expect.unwrap_or_else(|| panic!("no outcome is decided for {name}"));
        println!("{name}");
        check(name, bytes, expect);
    }
    if !found.is_empty() {
        assert_eq!(found.len(), SAMPLES.len(), "a sample is missing");
    }
}

fn check(name: &str, bytes: &[u8], expect: &Expect) {
    let mut cpe = match expect {
        Informed(_) | InformAgain | InformFails(_) => Harness::new(device(), |_| {}),
        AcsMethods(_) => {
            let mut cpe = Harness::curious();
            let Seen::Posted(request) = cpe.reply(200, INFORM_RESPONSE) else {
                panic!("a request")
            };
            assert_eq!(cpe.reply(200, answering(bytes, &request)), Seen::Empty);
            let Seen::Ended(Ok(summary)) = cpe.reply(204, "") else {
                panic!("the end")
            };
            let AcsMethods(count) = expect else { return };
            assert_eq!(
                summary.acs_methods.map(|methods| methods.len()),
                Some(*count)
            );
            return;
        }
        _ => Harness::asked_on(device()),
    };
    match expect {
        Informed(version) => {
            let inform = cpe.begin();
            assert_eq!(cpe.reply(200, answering(bytes, &inform)), Seen::Empty);
            assert_eq!(cpe.session.version(), *version);
        }
        InformAgain => {
            let inform = cpe.begin();
            assert_eq!(cpe.reply(200, bytes), Seen::Posted(inform));
        }
        InformFails(key) => {
            cpe.begin();
            assert_eq!(failure(cpe.reply(200, bytes)).key(), *key);
        }
        Fails(key) => {
            assert_eq!(failure(cpe.reply(200, bytes)).key(), *key);
            assert_eq!(cpe.promises, [Promise::Informed]);
        }
        Answer(parts) => {
            let answer = posted(cpe.reply(200, bytes));
            for part in *parts {
                assert!(answer.contains(part), "{name}: {part}\n{answer}");
            }
            assert_eq!(fault_code(&answer), None);
        }
        Fault(code) => {
            let answer = posted(cpe.reply(200, bytes));
            assert_eq!(fault_code(&answer), Some(*code), "{answer}");
            assert!(!answer.contains("<SetParameterValuesFault>"));
        }
        ParameterFault(code) => {
            let answer = posted(cpe.reply(200, bytes));
            assert_eq!(fault_code(&answer), Some(9003));
            let inner = text_of(&answer, "SetParameterValuesFault").expect("a parameter's fault");
            assert_eq!(text_of(inner, "FaultCode"), Some(code.to_string().as_str()));
        }
        MustUnderstand => {
            let answer = posted(cpe.reply(200, bytes));
            assert_eq!(
                text_of(&answer, "faultcode"),
                Some("soap-env:MustUnderstand")
            );
            assert_eq!(cpe.promises, [Promise::Informed]);
        }
        AcsMethods(_) => {}
    }
    for (_, path, value) in STORED.iter().filter(|(sample, ..)| *sample == name) {
        assert_eq!(cpe.model.value(path), Some(*value), "{name}: {path}");
    }
    check_promises(name, &mut cpe);
}

fn check_promises(name: &str, cpe: &mut Harness) {
    let last = cpe.promises.last();
    let expected = match name {
        "a15-reboot" => Promise::Reboot {
            command_key: "rb-42".into(),
        },
        "t19-extra-child" => Promise::Reboot {
            command_key: "k".into(),
        },
        "a16-factoryreset" => Promise::FactoryReset,
        "a17-scheduleinform" => Promise::ScheduleInform {
            delay: 10,
            command_key: "si-1".into(),
        },
        "a07-setparametervalues" => Promise::Values {
            parameter_key: "pk-17".into(),
            deleted: None,
        },
        "a13-download" => Promise::Transfer(TransferOrder {
            kind: Kind::Download,
            command_key: "fw-1".into(),
            file_type: "1 Firmware Upgrade Image".into(),
            url: "http://127.0.0.1:9000/fw.bin?a=1&b=2".into(),
            username: "u".into(),
            password: Secret::new("p&w"),
            ..TransferOrder::default()
        }),
        "a14-upload" => Promise::Transfer(TransferOrder {
            kind: Kind::Upload,
            command_key: "log-1".into(),
            file_type: "4 Vendor Log File 1".into(),
            url: "http://127.0.0.1:9000/up/log.txt".into(),
            delay: 5,
            ..TransferOrder::default()
        }),
        "a20-scheduledownload" => {
            let window = |start, end, mode, max_retries| Window {
                start,
                end,
                mode,
                user_message: String::new(),
                max_retries,
            };
            Promise::Transfer(TransferOrder {
                kind: Kind::ScheduleDownload,
                command_key: "sd-1".into(),
                file_type: "3 Vendor Configuration File".into(),
                url: "http://127.0.0.1:9000/cfg.bin".into(),
                windows: vec![
                    window(5, 20, WindowMode::AtAnyTime, 0),
                    window(30, 60, WindowMode::Immediately, -1),
                ],
                ..TransferOrder::default()
            })
        }
        "a21-canceltransfer" => Promise::CancelTransfer {
            command_key: "sd-1".into(),
        },
        "a22-changedustate" => {
            let Some(Promise::ChangeDuState(order)) = last else {
                panic!("{last:?}")
            };
            let done: Vec<_> = order.operations.iter().map(|one| one.kind.word()).collect();
            assert_eq!(done, ["Install", "Update", "Uninstall"]);
            return assert_eq!(order.command_key, "du-1");
        }
        "a08-setparameterattributes" => {
            let info = cpe.model.info(SSID).clone();
            assert_eq!(
                cpe.kept.attributes.get(SSID, &info).notification.number(),
                2
            );
            return;
        }
        "t16-notification-empty" => {
            let info = cpe.model.info(SSID).clone();
            assert!(cpe.kept.attributes.get(SSID, &info).access.is_empty());
            return;
        }
        "a30-holdrequests-1" => return assert_eq!(cpe.reply(204, ""), Seen::Empty),
        "a31-holdrequests-0" => {
            return assert!(matches!(cpe.reply(204, ""), Seen::Ended(Ok(_))));
        }
        "l08-no-header" => return,
        _ => return,
    };
    assert_eq!(last, Some(&expected));
}

/// Whatever comes wherever in a session: it goes on or ends, and says why.
#[test]
fn no_sample_confuses_any_state() {
    for (name, bytes) in samples("acltvx") {
        for status in [200, 204, 400, 500] {
            let mut in_inform = Harness::new(device(), |_| {});
            in_inform.begin();
            let mut in_request = Harness::curious();
            in_request.reply(200, INFORM_RESPONSE);
            for mut cpe in [in_inform, in_request, Harness::asked_on(device())] {
                if let Seen::Ended(Err(failure)) = cpe.reply(status, &bytes) {
                    assert!(!failure.to_string().is_empty());
                    assert!(!matches!(failure, Failure::OutOfStep(_)), "{name}");
                    let again = Input::Reply {
                        status: 200,
                        body: &bytes,
                    };
                    let action = cpe.session.step(again, &mut cpe.model, &cpe.kept);
                    let ended = Action::End(Err(Failure::OutOfStep("Ended")));
                    assert_eq!(action, ended);
                }
            }
        }
    }
}

/// Every cut and every flipped byte of a sample is read or refused.
#[test]
fn damaged_samples_never_panic() {
    for (_, bytes) in samples("alt") {
        for end in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            let _ = decode(&bytes[..end]);
            let mut flipped = bytes.clone();
            flipped[end] ^= 0x24;
            let _ = decode(&flipped);
        }
    }
}

/// What a CPE sends is read as well: the lab's ACS does.
#[test]
fn messages_of_a_cpe_are_read() {
    for (name, bytes) in samples("c") {
        let message = decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        match (message.body, name.get(1..3)) {
            (Body::Method(method), Some("01")) => {
                assert_eq!(method.name, "Inform");
                assert_eq!(message.header.session_timeout, Some(60));
                let versions = message.header.supported_cwmp_versions;
                assert_eq!(versions.as_deref(), Some("1.0,1.1,1.2,1.3,1.4"));
            }
            (Body::Fault(fault), Some("41")) => {
                assert_eq!(
                    (fault.code, fault.faultcode.as_str()),
                    (Some(9003), "Client")
                );
                let codes: Vec<u16> = fault.parameters.iter().map(|p| p.code.0).collect();
                assert_eq!(codes, [9007, 9008, 9005]);
                assert_eq!(fault.parameters[2].name, "Device.Nope");
            }
            (Body::Fault(fault), Some("42")) => assert_eq!(fault.faultcode, "Client"),
            (body, _) => assert_eq!(matches!(body, Body::Fault(_)), name.contains("fault-")),
        }
    }
}

fn posted(seen: Seen) -> String {
    match seen {
        Seen::Posted(envelope) => envelope,
        other => panic!("{other:?}"),
    }
}

fn failure(seen: Seen) -> Failure {
    match seen {
        Seen::Ended(Err(failure)) => failure,
        other => panic!("{other:?}"),
    }
}
