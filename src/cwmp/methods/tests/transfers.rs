//! Download, Upload, ScheduleDownload, CancelTransfer and the lists of what is queued.

use super::*;
use crate::cwmp::transfer::{Kind, QueuedTransfer, TransferOrder, Window, WindowMode};
use crate::wire::Secret;

const FIRMWARE: &str = "<FileType>1 Firmware Upgrade Image</FileType>";
const URL: &str = "<URL>http://192.0.2.80/f</URL>";

fn method(name: &str, arguments: &str) -> String {
    format!("<cwmp:{name}>{arguments}</cwmp:{name}>")
}

/// What is promised to a request that is accepted.
fn ordered(request: &str) -> Promise {
    let mut cpe = Harness::asked();
    let answer = cpe.call(request);
    assert_eq!(fault_code(&answer), None, "{answer}");
    cpe.promises.pop().expect("a promise")
}

fn transfer(request: &str) -> TransferOrder {
    match ordered(request) {
        Promise::Transfer(order) => order,
        other => panic!("{other:?}"),
    }
}

fn of_type(name: &str, file_type: &str) -> Option<u16> {
    let arguments = format!("<FileType>{file_type}</FileType>{URL}");
    code(&method(name, &arguments))
}

fn from_url(name: &str, url: &str) -> Option<u16> {
    code(&method(name, &format!("{FIRMWARE}<URL>{url}</URL>")))
}

fn window(start: &str, end: &str, mode: &str, retries: &str) -> String {
    format!(
        "<TimeWindowStruct><WindowStart>{start}</WindowStart><WindowEnd>{end}</WindowEnd><WindowMode>{mode}\
         </WindowMode><UserMessage>Now?</UserMessage><MaxRetries>{retries}</MaxRetries></TimeWindowStruct>"
    )
}

fn schedule(windows: &str) -> String {
    let list = format!("<TimeWindowList>{windows}</TimeWindowList>");
    method("ScheduleDownload", &format!("{FIRMWARE}{URL}{list}"))
}

#[test]
fn a_download_is_ordered_with_all_its_arguments() {
    // DL-01 DL-17
    let request = method(
        "Download",
        "<CommandKey>fw-1</CommandKey><FileType> 1 Firmware Upgrade Image\n</FileType>\
         <URL>\n https://192.0.2.80:8443/fw.bin?a=1&amp;b=2 </URL><Username>u</Username><Password> p&amp;w&lt;</Password>\
         <FileSize> 8388608 </FileSize><TargetFileName>fw.bin</TargetFileName><DelaySeconds>5</DelaySeconds>\
         <SuccessURL>http://192.0.2.1/yes</SuccessURL><FailureURL>http://192.0.2.1/no</FailureURL>",
    );
    let mut cpe = Harness::asked();
    let answer = cpe.call(&request);
    assert!(answer.contains(
        "<cwmp:DownloadResponse><Status>1</Status><StartTime>0001-01-01T00:00:00Z</StartTime>\
         <CompleteTime>0001-01-01T00:00:00Z</CompleteTime></cwmp:DownloadResponse>"
    ));
    let order = TransferOrder {
        kind: Kind::Download,
        command_key: "fw-1".into(),
        file_type: "1 Firmware Upgrade Image".into(),
        url: "https://192.0.2.80:8443/fw.bin?a=1&b=2".into(),
        username: "u".into(),
        password: Secret::new(" p&w<"),
        file_size: 8_388_608,
        target_file_name: "fw.bin".into(),
        delay: 5,
        success_url: "http://192.0.2.1/yes".into(),
        failure_url: "http://192.0.2.1/no".into(),
        windows: Vec::new(),
    };
    let promises = [Promise::Informed, Promise::Transfer(order)];
    assert_eq!(cpe.promises, promises);
    assert!(!format!("{promises:?}").contains("p&w"));
}

#[test]
fn what_is_missing_or_empty_is_empty_or_0_and_what_is_unknown_no_harm() {
    // DL-15 DL-16 SO-27
    for more in [
        "",
        "<CommandKey/><Username></Username><Password/><FileSize/><TargetFileName/><DelaySeconds> </DelaySeconds>\
         <SuccessURL/><FailureURL></FailureURL>",
        "<kind>Upload</kind><X_EX_More>1</X_EX_More><TimeWindowList/><TimeWindowList>1</TimeWindowList>",
    ] {
        let order = transfer(&method("Download", &format!("{more}{URL}{FIRMWARE}")));
        let expected = TransferOrder {
            file_type: "1 Firmware Upgrade Image".into(),
            url: "http://192.0.2.80/f".into(),
            ..TransferOrder::default()
        };
        assert_eq!(order, expected, "{more}");
    }
    for name in ["Download", "Upload", "ScheduleDownload"] {
        for arguments in ["", URL, FIRMWARE] {
            assert_eq!(code(&method(name, arguments)), Some(9003), "{name}");
        }
    }
}

#[test]
fn an_upload_is_ordered() {
    // DL-21
    let request = method(
        "Upload",
        "<CommandKey>log-1</CommandKey><FileType>4 Vendor Log File 1</FileType><URL>http://192.0.2.80/up/log.txt</URL>\
         <Username>u</Username><Password>p</Password><DelaySeconds>5</DelaySeconds>",
    );
    let answer = Harness::asked().call(&request);
    assert!(answer.contains("<cwmp:UploadResponse><Status>1</Status><StartTime>0001-01-01"));
    let expected = TransferOrder {
        kind: Kind::Upload,
        command_key: "log-1".into(),
        file_type: "4 Vendor Log File 1".into(),
        url: "http://192.0.2.80/up/log.txt".into(),
        username: "u".into(),
        password: Secret::new("p"),
        delay: 5,
        ..TransferOrder::default()
    };
    assert_eq!(transfer(&request), expected);
}

#[test]
fn each_method_has_its_file_types() {
    // DL-10 DL-21
    let windows = format!(
        "<TimeWindowList>{}</TimeWindowList>",
        window("0", "9", "2 Immediately", "0")
    );
    let scheduled = |file_type: &str| {
        let arguments = format!("<FileType>{file_type}</FileType>{URL}{windows}");
        code(&method("ScheduleDownload", &arguments))
    };
    for file_type in [
        "1 Firmware Upgrade Image",
        "2 Web Content",
        "3 Vendor Configuration File",
        "4 Tone File",
        "5 Ringer File",
        "6 Stored Firmware Image",
        "X 00D0D0 Splash screen",
        "X EXAMPLE-COM y",
    ] {
        assert_eq!(of_type("Download", file_type), None, "{file_type}");
        assert_eq!(scheduled(file_type), None, "{file_type}");
    }
    for file_type in [
        "1 Vendor Configuration File",
        "2 Vendor Log File",
        "3 Vendor Configuration File 1",
        "4 Vendor Log File 17",
        "X 00D0D0 Core dump",
    ] {
        assert_eq!(of_type("Upload", file_type), None, "{file_type}");
    }
    let long = format!("X 00D0D0 {}", "x".repeat(56));
    for file_type in [
        "9 Foo",
        "1",
        "Firmware Upgrade Image",
        "1 firmware upgrade image",
        "X 00D0D0",
        "X",
        &long,
    ] {
        assert_eq!(of_type("Download", file_type), Some(9003), "{file_type}");
        assert_eq!(of_type("Upload", file_type), Some(9003), "{file_type}");
    }
    assert_eq!(of_type("Download", "2 Vendor Log File"), Some(9003));
    for file_type in [
        "1 Firmware Upgrade Image",
        "3 Vendor Configuration File",
        "3 Vendor Configuration File 0",
        "3 Vendor Configuration File 01",
        "4 Vendor Log File +1",
        "4 Vendor Log File x",
        "4 Vendor Log File 99999999999",
    ] {
        assert_eq!(of_type("Upload", file_type), Some(9003), "{file_type}");
    }
}

#[test]
fn urls_are_looked_at_before_anything_is_promised() {
    // DL-08 DL-09
    for url in [
        "http://192.0.2.80/f",
        "HTTPS://files.example/f?x=@",
        "ftp://files.example:2121/a%20b",
        "FTP://[2001:db8::1]/f",
        &format!("http://files.example/{}", "x".repeat(2000)),
    ] {
        assert_eq!(from_url("Download", url), None, "{url}");
        assert_eq!(
            transfer(&method("Download", &format!("{FIRMWARE}<URL>{url}</URL>"))).url,
            url
        );
    }
    for url in [
        "gopher://h/f",
        "tftp://h/f",
        "file:///etc/shadow",
        "://h/f",
        "ftps://h/f",
    ] {
        for name in ["Download", "ScheduleDownload"] {
            assert_eq!(from_url(name, url), Some(9013), "{url}");
        }
    }
    for url in [
        "http://u:p@h/f",
        "ftp://u@h/f",
        "http:///f",
        "ftp://",
        "http://h:0/f",
        "/etc/shadow",
        "h/f",
        "http://a b/f",
        &format!("http://files.example/{}", "x".repeat(2028)),
    ] {
        assert_eq!(from_url("Download", url), Some(9003), "{url}");
    }
    // The words do not give away what is in it.
    let request = method(
        "Download",
        &format!("{FIRMWARE}<URL>ftp://user:hunter2@h/</URL>"),
    );
    let answer = Harness::asked().call(&request);
    assert!(!answer.contains("hunter2"), "{answer}");
}

#[test]
fn arguments_that_are_too_long_or_no_numbers_are_9003() {
    let long = |characters: usize| "é".repeat(characters);
    for (argument, most) in [
        ("CommandKey", 32),
        ("Username", 256),
        ("Password", 256),
        ("TargetFileName", 256),
    ] {
        let with = |text: &str| {
            code(&method(
                "Download",
                &format!("{FIRMWARE}{URL}<{argument}>{text}</{argument}>"),
            ))
        };
        assert_eq!(with(&long(most)), None, "{argument}");
        assert_eq!(with(&long(most + 1)), Some(9003), "{argument}");
    }
    for (argument, text) in [
        ("FileSize", "-1"),
        ("FileSize", "4294967296"),
        ("FileSize", "1 MiB"),
        ("DelaySeconds", "soon"),
        ("DelaySeconds", "1.5"),
    ] {
        let request = format!("{FIRMWARE}{URL}<{argument}>{text}</{argument}>");
        let answer = Harness::asked().call(&method("Download", &request));
        assert_eq!(fault_code(&answer), Some(9003), "{argument}");
        let words = text_of(&answer, "FaultString").unwrap();
        assert!(words.contains(argument) && words.contains(text), "{words}");
    }
}

#[test]
fn windows_lie_in_order_and_apart() {
    // DL-23
    let any = |start: &str, end: &str| window(start, end, "1 At Any Time", "0");
    let two = format!(
        "{}{}",
        window("5", "20", " 3 When Idle ", "-1"),
        window("20", "60", "4 Confirmation Needed", "2")
    );
    let order = transfer(&schedule(&two));
    assert_eq!(order.kind, Kind::ScheduleDownload);
    let of = |start, end, mode, max_retries| Window {
        start,
        end,
        mode,
        user_message: "Now?".into(),
        max_retries,
    };
    assert_eq!(
        order.windows,
        [
            of(5, 20, WindowMode::WhenIdle, -1),
            of(20, 60, WindowMode::ConfirmationNeeded, 2)
        ]
    );
    for windows in [
        String::new(),
        any("0", "1") + &any("2", "3") + &any("4", "5"),
        any("5", "5"),
        any("5", "4"),
        any("", ""),
        any("x", "9"),
        any("-1", "9"),
        any("30", "60") + &any("5", "20"),
        any("5", "20") + &any("19", "60"),
        window("5", "20", "", "0").replace(
            "<WindowMode></WindowMode>",
            "<WindowMode>5 Never</WindowMode>",
        ),
        window("5", "20", "X 00D0D0 Sunday", "0"),
        window("5", "20", "2 Immediately", "-2"),
        window("5", "20", "2 Immediately", "x"),
        window("5", "20", "2 Immediately", "0").replace("Now?", &"?".repeat(257)),
    ] {
        assert_eq!(code(&schedule(&windows)), Some(9003), "{windows}");
    }
    let answer = Harness::asked().call(&schedule(&any("5", "20")));
    assert!(answer.contains("<cwmp:ScheduleDownloadResponse></cwmp:ScheduleDownloadResponse>"));
    // A delay is no argument of this method.
    let delayed = schedule(&any("5", "20")).replace(
        "<TimeWindowList>",
        "<DelaySeconds>9</DelaySeconds><TimeWindowList>",
    );
    assert_eq!(transfer(&delayed).delay, 0);
}

#[test]
fn a_transfer_is_cancelled_or_has_gone_too_far() {
    // DL-25
    let request = method("CancelTransfer", "<CommandKey>sd-1</CommandKey>");
    let mut cpe = Harness::asked();
    assert!(
        cpe.call(&request)
            .contains("<cwmp:CancelTransferResponse></cwmp:CancelTransferResponse>")
    );
    let promise = Promise::CancelTransfer {
        command_key: "sd-1".into(),
    };
    assert_eq!(cpe.promises.last(), Some(&promise));
    cpe.refuse_promise = Some(Fault::new(Code(9021), "it is being applied"));
    let answer = cpe.call(&request);
    assert_eq!(fault_code(&answer), Some(9021));
    assert_eq!(text_of(&answer, "faultcode"), Some("Client"));
}

#[test]
fn a_transfer_that_there_is_no_room_for_is_refused() {
    // DL-07
    let mut cpe = Harness::asked();
    cpe.refuse_promise = Some(Fault::new(Code::RESOURCES_EXCEEDED, "8 transfers wait"));
    let answer = cpe.call(&method("Download", &format!("{FIRMWARE}{URL}")));
    assert_eq!(fault_code(&answer), Some(9004));
    assert!(!answer.contains("DownloadResponse"));
}

fn queued(count: u32) -> Vec<QueuedTransfer> {
    let one = |n: u32| QueuedTransfer {
        command_key: format!("k{n}"),
        state: 1 + n % 3,
        is_download: n != 1,
        file_type: "1 Firmware Upgrade Image".into(),
        file_size: n,
        target_file_name: "<f>".into(),
        autonomous: n == 1,
    };
    (0..count).map(one).collect()
}

#[test]
fn what_is_queued_is_listed() {
    // DL-26 DL-27
    let mut cpe = Harness::asked();
    let [few, all] = ["GetQueuedTransfers", "GetAllQueuedTransfers"].map(|name| method(name, ""));
    assert!(
        cpe.call(&few)
            .contains("soap-enc:arrayType=\"cwmp:QueuedTransferStruct[0]\"")
    );
    assert!(
        cpe.call(&all)
            .contains("soap-enc:arrayType=\"cwmp:AllQueuedTransferStruct[0]\"")
    );
    cpe.kept.queued = queued(3);
    let answer = cpe.call(&few);
    assert!(answer.contains("cwmp:QueuedTransferStruct[2]"), "{answer}");
    assert!(answer.contains(
        "<QueuedTransferStruct><CommandKey>k0</CommandKey><State>1</State></QueuedTransferStruct>\
         <QueuedTransferStruct><CommandKey>k2</CommandKey><State>3</State></QueuedTransferStruct></TransferList>"
    ));
    let answer = cpe.call(&all);
    assert!(answer.contains("cwmp:AllQueuedTransferStruct[3]"));
    assert!(answer.contains(
        "<AllQueuedTransferStruct><CommandKey>k1</CommandKey><State>2</State><IsDownload>0</IsDownload>\
         <FileType>1 Firmware Upgrade Image</FileType><FileSize>1</FileSize><TargetFileName>&lt;f&gt;</TargetFileName>\
         </AllQueuedTransferStruct>"
    ));
    cpe.kept.queued = queued(20);
    for request in [few, all] {
        assert!(cpe.call(&request).contains("Struct[16]"));
    }
}

#[test]
fn methods_of_later_versions_are_9000_before() {
    // VN-06 GN-03
    for (version, methods) in [
        (
            0,
            [
                "GetAllQueuedTransfers",
                "ScheduleDownload",
                "CancelTransfer",
                "ChangeDUState",
            ]
            .as_slice(),
        ),
        (1, &["ScheduleDownload", "CancelTransfer", "ChangeDUState"]),
    ] {
        let mut cpe = Harness::new(FakeModel::device(), |_| {});
        cpe.begin();
        let namespace = format!("urn:dslforum-org:cwmp-1-{version}");
        cpe.reply(
            200,
            INFORM_RESPONSE.replace("urn:dslforum-org:cwmp-1-2", &namespace),
        );
        let listed = cpe.call("<cwmp:GetRPCMethods/>");
        for name in methods {
            assert_eq!(
                fault_code(&cpe.call(&method(name, ""))),
                Some(9000),
                "{name}"
            );
            assert!(!listed.contains(&format!("<string>{name}</string>")));
        }
        assert!(listed.contains("<string>Download</string><string>Upload</string>"));
        assert_eq!(cpe.promises, [Promise::Informed]);
    }
}
