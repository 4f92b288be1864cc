//! Our reports: sent before the empty POST, each until the ACS has answered it in some way.

use super::*;
use crate::cwmp::report::{Argument, Ending, Report, RequestDownload, TransferReport};
use crate::cwmp::support::reports::{all, transfer};
use crate::wire::data::{Data, FromData, ToData};
use crate::wire::toml;

/// A session with these reports to make; the Inform was sent.
fn reporting(reports: impl IntoIterator<Item = Report>) -> Harness {
    let mut cpe = Harness::new(FakeModel::device(), |setup| {
        setup.requests = (7..)
            .zip(reports)
            .map(|(id, report)| AcsRequest::Report { id, report })
            .collect();
    });
    cpe.begin();
    cpe
}

fn response_to(request: &str, method: &str) -> String {
    let id = text_of(request, "cwmp:ID").unwrap();
    message(id, &format!("<cwmp:{method}Response/>"))
}

fn refused(code: Option<u16>) -> Promise {
    Promise::ReportRefused { id: 7, code }
}

#[test]
fn a_report_is_delivered_when_it_is_answered() {
    // EV-13 EV-14 SE-05
    for (_, report) in all() {
        let method = report.method();
        let mut cpe = reporting([report]);
        let request = posted(cpe.reply(200, INFORM_RESPONSE));
        assert!(request.contains(&format!("<cwmp:{method}>")), "{request}");
        assert_eq!(cpe.session.state(), "ExpectResponse");
        assert_eq!(cpe.promises, [Promise::Informed]);
        assert_eq!(cpe.reply(200, response_to(&request, method)), Seen::Empty);
        let kept = [Promise::Informed, Promise::Reported { id: 7 }];
        assert_eq!(cpe.promises, kept);
        ended_well(cpe.reply(204, ""));
        assert_eq!(cpe.promises, kept);
    }
}

#[test]
fn reports_are_made_one_after_another_before_the_acs_has_the_word() {
    // SE-05 SE-06 EV-13
    let mut cpe = reporting(["a", "b", "c"].map(transfer));
    cpe.session.requests.push(AcsRequest::GetRpcMethods);
    let mut seen = cpe.reply(200, INFORM_RESPONSE);
    for (key, id) in [("a", 7), ("b", 8), ("c", 9)] {
        let request = posted(seen);
        assert_eq!(text_of(&request, "CommandKey"), Some(key));
        seen = cpe.reply(200, response_to(&request, "TransferComplete"));
        assert_eq!(cpe.promises.last(), Some(&Promise::Reported { id }));
    }
    let request = posted(seen);
    let id = text_of(&request, "cwmp:ID").unwrap();
    assert_eq!(cpe.reply(200, message(id, ACS_METHODS)), Seen::Empty);
    assert!(cpe.call(GET_RPC_METHODS).contains("GetRPCMethodsResponse"));
    ended_well(cpe.reply(204, ""));
}

#[test]
fn a_report_that_is_not_answered_as_it_should_is_not_sent_again() {
    // DL-29 RB-12 SE-11
    for (body, code) in [
        (fault(8000), Some(8000)),
        (fault(8001), Some(8001)),
        (fault(8002), Some(8002)),
        (fault(9001), Some(9001)),
        (
            message(
                "1",
                "<soapenv:Fault><faultcode>x</faultcode></soapenv:Fault>",
            ),
            None,
        ),
        (message("other", "<cwmp:TransferCompleteResponse/>"), None),
        (String::new(), None),
        ("<html><p>broken".to_owned(), None),
        (message("1", ""), None),
    ] {
        for status in [200, 500] {
            if status == 500 && !body.contains("Fault") {
                continue;
            }
            let mut cpe = reporting([transfer("a"), transfer("b")]);
            posted(cpe.reply(200, INFORM_RESPONSE));
            let next = posted(cpe.reply(status, &body));
            assert_eq!(text_of(&next, "CommandKey"), Some("b"), "{body}");
            assert_eq!(cpe.promises, [Promise::Informed, refused(code)], "{body}");
            let unanswered = cpe.session.take_unanswered().expect("a reason");
            assert_eq!(unanswered.method, "TransferComplete");
            assert_eq!(
                cpe.reply(200, response_to(&next, "TransferComplete")),
                Seen::Empty
            );
            assert_eq!(cpe.promises.last(), Some(&Promise::Reported { id: 8 }));
            ended_well(cpe.reply(204, ""));
        }
    }
}

#[test]
fn fault_8005_sends_the_same_again_but_not_for_ever() {
    // SE-12 DL-29
    let mut cpe = reporting([transfer("a")]);
    let request = posted(cpe.reply(200, INFORM_RESPONSE));
    assert_eq!(posted(cpe.reply(200, fault(8005))), request);
    assert_eq!(cpe.promises, [Promise::Informed]);
    assert_eq!(
        cpe.reply(200, response_to(&request, "TransferComplete")),
        Seen::Empty
    );
    assert_eq!(cpe.promises.last(), Some(&Promise::Reported { id: 7 }));

    let mut cpe = reporting([transfer("a")]);
    posted(cpe.reply(200, INFORM_RESPONSE));
    let end = (0..50)
        .map(|_| cpe.reply(200, fault(8005)))
        .find(|seen| !matches!(seen, Seen::Posted(_)));
    assert_eq!(end, Some(Seen::Empty));
    assert_eq!(cpe.promises, [Promise::Informed, refused(Some(8005))]);
    ended_well(cpe.reply(204, ""));
}

#[test]
fn a_session_that_breaks_off_has_reported_nothing() {
    // EV-13 SE-07
    for (status, body) in [
        (500, String::new()),
        (404, "<html/>".to_owned()),
        (200, message("1", "<cwmp:Reboot/>")),
        (
            200,
            message("1", "<cwmp:AutonomousTransferCompleteResponse/>"),
        ),
    ] {
        let mut cpe = reporting([transfer("a")]);
        posted(cpe.reply(200, INFORM_RESPONSE));
        failure(cpe.reply(status, &body));
        assert_eq!(cpe.promises, [Promise::Informed], "{body}");
    }
}

#[test]
fn a_report_that_could_not_be_struck_off_does_not_stop_the_session() {
    let mut cpe = reporting([transfer("a")]);
    let request = posted(cpe.reply(200, INFORM_RESPONSE));
    cpe.refuse_promise = Some(Fault::internal("disk full"));
    assert_eq!(
        cpe.reply(200, response_to(&request, "TransferComplete")),
        Seen::Empty
    );
    ended_well(cpe.reply(204, ""));
}

#[test]
fn reports_wait_while_requests_are_held() {
    // SO-15 SO-16
    let mut cpe = reporting([transfer("a")]);
    let held = hold("1", INFORM_RESPONSE_METHOD).replace(">7<", ">00000000000012341<");
    assert_eq!(cpe.reply(200, held), Seen::Empty);
    let answer = posted(cpe.reply(200, hold("0", GET_RPC_METHODS)));
    assert!(answer.contains("GetRPCMethodsResponse"));
    let request = posted(cpe.reply(204, ""));
    assert!(request.contains("<cwmp:TransferComplete>"));
    assert_eq!(
        cpe.reply(200, response_to(&request, "TransferComplete")),
        Seen::Empty
    );
    assert_eq!(cpe.promises.last(), Some(&Promise::Reported { id: 7 }));
}

#[test]
fn what_the_version_has_not_is_not_sent() {
    // VN-06
    for (version, silent) in [(0, 3), (1, 2), (2, 0)] {
        let reports = all().into_iter().map(|(_, report)| report);
        let mut cpe = reporting(reports);
        let mut seen = cpe.reply(200, inform_response("", version));
        while let Seen::Posted(request) = seen {
            let document = roxmltree::Document::parse(&request).unwrap();
            let body = document.root_element().last_element_child().unwrap();
            let method = body
                .first_element_child()
                .unwrap()
                .tag_name()
                .name()
                .to_owned();
            seen = cpe.reply(200, response_to(&request, &method));
        }
        assert_eq!(seen, Seen::Empty);
        let count =
            |wanted: fn(&Promise) -> bool| cpe.promises.iter().filter(|p| wanted(p)).count();
        let refused = count(|p| {
            matches!(
                p,
                Promise::ReportRefused {
                    code: Some(8000),
                    ..
                }
            )
        });
        let reported = count(|p| matches!(p, Promise::Reported { .. }));
        assert_eq!((refused, reported), (silent, all().len() - silent));
    }
}

#[test]
fn no_more_is_sent_than_the_schema_allows() {
    // DL-04
    let ending = Ending::from(Fault::new(Code(9010), "é".repeat(300)));
    let mut cpe = reporting([
        Report::TransferComplete(TransferReport {
            ending,
            ..TransferReport::default()
        }),
        Report::RequestDownload(RequestDownload {
            file_type: "2 Web Content".into(),
            arguments: vec![Argument::default(); 20],
        }),
    ]);
    let request = posted(cpe.reply(200, INFORM_RESPONSE));
    let words = text_of(&request, "FaultString").unwrap();
    assert_eq!(words.chars().count(), 256);
    let request = posted(cpe.reply(200, response_to(&request, "TransferComplete")));
    assert!(request.contains("cwmp:ArgStruct[16]"));
}

#[test]
fn reports_and_orders_survive_the_state_file() {
    use crate::cwmp::software::{DuKind, DuOperation, DuOrder};
    use crate::cwmp::transfer::{Kind, TransferOrder, Window, WindowMode};
    use crate::wire::Secret;
    fn again<T: ToData + FromData + Default>(value: &T) -> T {
        let text = toml::text(&Data::in_order([("value", value.data())]));
        let mut read = T::default();
        let data = toml::parse(&text).expect("TOML").remove("value");
        read.read(data.expect("the value")).expect("a value");
        read
    }
    for (_, report) in all() {
        assert_eq!(again(&report), report);
    }
    let order = TransferOrder {
        kind: Kind::ScheduleDownload,
        command_key: "k".into(),
        url: "ftp://h/".into(),
        password: Secret::new("p\n\""),
        file_size: u32::MAX,
        windows: vec![Window {
            start: 1,
            end: 2,
            mode: WindowMode::WhenIdle,
            user_message: "é".into(),
            max_retries: -1,
        }],
        ..TransferOrder::default()
    };
    assert_eq!(again(&order), order);
    let order = DuOrder {
        command_key: "k".into(),
        operations: vec![DuOperation {
            kind: DuKind::Uninstall,
            uuid: "u".into(),
            ..DuOperation::default()
        }],
    };
    assert_eq!(again(&order), order);
    let wrong = toml::parse("value = { Reboot = {} }")
        .unwrap()
        .remove("value");
    assert!(Report::default().read(wrong.unwrap()).is_err());
}

#[test]
fn faults_are_told_with_the_codes_of_the_version() {
    // DL-04 VN-06
    use crate::cwmp::transfer::Kind::{self, Download, Upload};
    let told = |kind: Kind, code: u16, version: u8| {
        let report = Report::TransferComplete(TransferReport {
            kind,
            ending: Fault::new(Code(code), "words").into(),
            ..TransferReport::default()
        });
        let mut cpe = reporting([report]);
        let request = posted(cpe.reply(200, inform_response("", version)));
        assert_eq!(text_of(&request, "FaultString"), Some("words"));
        text_of(&request, "FaultCode").unwrap().to_owned()
    };
    for (kind, code, of_1_0, of_1_1) in [
        (Download, 9010, "9010", "9010"),
        (Download, 9012, "9012", "9012"),
        (Download, 9015, "9010", "9015"),
        (Upload, 9015, "9011", "9015"),
        (Upload, 9019, "9011", "9019"),
        (Download, 9020, "9010", "9010"),
        (Download, 9800, "9010", "9800"),
    ] {
        assert_eq!(told(kind, code, 0), of_1_0);
        assert_eq!(told(kind, code, 1), of_1_1);
        assert_eq!(told(kind, code, 2), code.to_string());
    }
}
