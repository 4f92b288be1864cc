mod reports;

use super::Failure;
use crate::cwmp::promise::Promise;
use crate::cwmp::support::harness::*;
use crate::cwmp::support::model::FakeModel;
use crate::cwmp::{AcsRequest, Summary, Version};
use crate::datamodel::{Code, Fault};
use proptest::prelude::*;

fn inform_response(header: &str, namespace: u8) -> String {
    let namespace = format!("urn:dslforum-org:cwmp-1-{namespace}");
    let method = "<cwmp:InformResponse><MaxEnvelopes>5</MaxEnvelopes></cwmp:InformResponse>";
    with_header(&namespace, header, method)
}

fn hold(on: &str, method: &str) -> String {
    let header = format!(
        "<cwmp:ID soapenv:mustUnderstand='1'>7</cwmp:ID>\
         <cwmp:HoldRequests soapenv:mustUnderstand='1'>{on}</cwmp:HoldRequests>"
    );
    with_header("urn:dslforum-org:cwmp-1-2", &header, method)
}

const GET_RPC_METHODS: &str = "<cwmp:GetRPCMethods/>";
const INFORM_RESPONSE_METHOD: &str =
    "<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>";
const ACS_METHODS: &str = "<cwmp:GetRPCMethodsResponse><MethodList \
    soapenc:arrayType='xsd:string[2]'><string>Inform</string><string>X_Odd</string></MethodList>\
    </cwmp:GetRPCMethodsResponse>";

fn failure(seen: Seen) -> Failure {
    match seen {
        Seen::Ended(Err(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

fn ended_well(seen: Seen) -> Summary {
    match seen {
        Seen::Ended(Ok(summary)) => summary,
        other => panic!("{other:?}"),
    }
}

fn posted(seen: Seen) -> String {
    match seen {
        Seen::Posted(envelope) => envelope,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_without_requests() {
    // SE-01 SE-03 SE-04 SE-08
    let mut cpe = Harness::new(FakeModel::device(), |_| {});
    assert_eq!(cpe.session.state(), "Start");
    let inform = cpe.begin();
    assert_eq!(text_of(&inform, "MaxEnvelopes"), Some("1"));
    assert_eq!(cpe.session.state(), "ExpectInformResponse");
    assert!(cpe.promises.is_empty());
    assert_eq!(cpe.reply(200, INFORM_RESPONSE), Seen::Empty);
    assert_eq!(cpe.promises, [Promise::Informed]);
    assert_eq!(cpe.session.state(), "ExpectAcsRequest");
    let summary = ended_well(cpe.reply(204, ""));
    assert_eq!(
        summary,
        Summary {
            version: Version::V1_2,
            requests: 0,
            acs_methods: None
        }
    );
    assert_eq!(cpe.session.state(), "Ended");
}

#[test]
fn what_the_acs_says_of_envelopes_does_not_matter() {
    // SE-03
    for said in [
        "<MaxEnvelopes>5</MaxEnvelopes>",
        "<MaxEnvelopes>0</MaxEnvelopes>",
        "<MaxEnvelopes/>",
        "",
    ] {
        let mut cpe = Harness::curious();
        let method = format!("<cwmp:InformResponse>{said}</cwmp:InformResponse>");
        let response = with_header("urn:dslforum-org:cwmp-1-2", "", &method);
        let request = posted(cpe.reply(200, response));
        assert_eq!(request.matches("<soap-env:Body>").count(), 1, "{said}");
        let id = text_of(&request, "cwmp:ID").unwrap().to_owned();
        assert_eq!(cpe.reply(200, message(&id, ACS_METHODS)), Seen::Empty);
        ended_well(cpe.reply(204, ""));
    }
}

#[test]
fn an_empty_200_ends_the_session_as_a_204_does() {
    // SE-08
    for (status, body) in [
        (204, ""),
        (200, ""),
        (200, "\r\n \t"),
        (204, "hello"),
        (202, ""),
    ] {
        ended_well(Harness::asked().reply(status, body));
    }
}

#[test]
fn requests_are_answered_in_order_until_the_acs_has_none() {
    // SE-06 SE-09
    let mut cpe = Harness::asked();
    for n in 0..5 {
        let answer = posted(cpe.reply(200, message(&n.to_string(), GET_RPC_METHODS)));
        assert_eq!(text_of(&answer, "cwmp:ID"), Some(n.to_string().as_str()));
        assert!(answer.contains("<cwmp:GetRPCMethodsResponse>"));
    }
    assert_eq!(cpe.session.rpc(), Some("GetRPCMethods"));
    assert_eq!(ended_well(cpe.reply(204, "")).requests, 5);
}

#[test]
fn the_id_comes_back_as_it_was() {
    // SO-08 SO-10 SO-11
    for id in [
        "0",
        "",
        "  padded\n ",
        "a&amp;b&lt;",
        &"7f".repeat(64),
        "550e8400-e29b-41d4",
    ] {
        let answer = posted(Harness::asked().reply(200, message(id, GET_RPC_METHODS)));
        assert_eq!(text_of(&answer, "cwmp:ID"), Some(id));
    }
    let refused = posted(Harness::asked().reply(200, message("a&amp;b", "<cwmp:Nonsense/>")));
    assert_eq!(text_of(&refused, "cwmp:ID"), Some("a&amp;b"));
    let without = with_header("urn:dslforum-org:cwmp-1-2", "", GET_RPC_METHODS);
    assert!(!posted(Harness::asked().reply(200, without)).contains("cwmp:ID"));
}

#[test]
fn own_ids_are_short_and_differ() {
    // SO-09
    let mut cpe = Harness::curious();
    cpe.session.setup.ids = u64::MAX;
    cpe.session.last_id = u64::MAX - 1;
    assert_eq!(cpe.session.next_id().len(), 32);

    let with_seed = |seed| {
        Harness::new(FakeModel::device(), |setup| {
            setup.ids = seed;
            setup.requests.push(AcsRequest::GetRpcMethods);
        })
    };
    let mut cpe = with_seed(1);
    let inform = cpe.begin();
    let request = posted(cpe.reply(200, INFORM_RESPONSE));
    let other = with_seed(2).begin();
    let mut ids =
        [inform, request, other].map(|sent| text_of(&sent, "cwmp:ID").unwrap().to_owned());
    ids.sort();
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[test]
fn the_id_of_an_inform_response_is_checked() {
    // SO-12
    let mut cpe = Harness::new(FakeModel::device(), |_| {});
    let inform = cpe.begin();
    let id = text_of(&inform, "cwmp:ID").unwrap();
    assert_eq!(
        cpe.reply(200, message(&format!(" {id}\n"), INFORM_RESPONSE_METHOD)),
        Seen::Empty
    );
    let mut cpe = Harness::new(FakeModel::device(), |_| {});
    cpe.begin();
    let failure = failure(cpe.reply(200, message("other", INFORM_RESPONSE_METHOD)));
    assert_eq!(failure.key(), "wrong-id");
    assert!(cpe.promises.is_empty());
}

#[test]
fn a_header_that_must_be_understood_stops_the_method() {
    // SO-13 SO-14
    let trace = "<v:Trace xmlns:v='urn:example' soapenv:mustUnderstand='1'>abc</v:Trace>";
    let reboot = "<cwmp:Reboot><CommandKey>k</CommandKey></cwmp:Reboot>";
    let mut cpe = Harness::asked();
    let answer = posted(cpe.reply(200, with_header("urn:dslforum-org:cwmp-1-2", trace, reboot)));
    assert_eq!(
        text_of(&answer, "faultcode"),
        Some("soap-env:MustUnderstand")
    );
    assert_eq!(cpe.promises, [Promise::Informed]);
    ended_well(cpe.reply(204, ""));

    for ignored in [
        trace.replace("'1'", "'0'"),
        trace.replace("soapenv:mustUnderstand='1'", ""),
        trace.replace("<v:Trace ", "<v:Trace soapenv:actor='urn:proxy' "),
        "<cwmp:NoMoreRequests soapenv:mustUnderstand='1'>1</cwmp:NoMoreRequests>".to_owned(),
    ] {
        let mut cpe = Harness::asked();
        let message = with_header("urn:dslforum-org:cwmp-1-2", &ignored, reboot);
        assert!(
            posted(cpe.reply(200, message)).contains("<cwmp:RebootResponse>"),
            "{ignored}"
        );
    }

    let mut cpe = Harness::new(FakeModel::device(), |_| {});
    cpe.begin();
    assert_eq!(
        failure(cpe.reply(200, inform_response(trace, 2))).key(),
        "not-understood"
    );
}

#[test]
fn own_requests_come_before_the_empty_post() {
    // SE-04 SE-05 RB-11
    let mut cpe = Harness::curious();
    let request = posted(cpe.reply(200, INFORM_RESPONSE));
    assert!(request.contains("<cwmp:GetRPCMethods></cwmp:GetRPCMethods>"));
    assert_eq!(cpe.session.state(), "ExpectResponse");
    let id = text_of(&request, "cwmp:ID").unwrap();
    assert_eq!(cpe.reply(200, message(id, ACS_METHODS)), Seen::Empty);
    let summary = ended_well(cpe.reply(204, ""));
    assert_eq!(
        summary.acs_methods,
        Some(vec!["Inform".to_owned(), "X_Odd".to_owned()])
    );
}

#[test]
fn while_requests_are_held_none_is_sent() {
    // SO-15 SO-16
    for (on, off) in [("1", "0"), ("true", "false")] {
        let mut cpe = Harness::curious();
        assert_eq!(
            cpe.reply(200, hold(on, INFORM_RESPONSE_METHOD).replace(">7<", "><"))
                .clone(),
            {
                Seen::Ended(Err(Failure::WrongId {
                    sent: "00000000000012341".into(),
                    received: "".into(),
                }))
            }
        );
        let mut cpe = Harness::curious();
        let held = hold(on, INFORM_RESPONSE_METHOD).replace(">7<", ">00000000000012341<");
        assert_eq!(cpe.reply(200, held), Seen::Empty);
        // An empty answer does not end it, and it is not for ever.
        assert_eq!(cpe.reply(204, ""), Seen::Empty);
        let answer = posted(cpe.reply(200, hold(on, GET_RPC_METHODS)));
        assert!(answer.contains("GetRPCMethodsResponse"));
        assert_eq!(cpe.reply(200, ""), Seen::Empty);
        let answer = posted(cpe.reply(200, hold(off, GET_RPC_METHODS)));
        assert!(answer.contains("GetRPCMethodsResponse"));
        let request = posted(cpe.reply(204, ""));
        assert!(request.contains("<cwmp:GetRPCMethods>"));
        assert_eq!(cpe.reply(200, message("x", ACS_METHODS)), Seen::Empty);
        ended_well(cpe.reply(204, ""));
    }
}

#[test]
fn an_acs_that_holds_and_says_nothing_does_not_keep_the_session() {
    // SO-16
    let held = hold("1", GET_RPC_METHODS);
    let mut cpe = Harness::asked();
    posted(cpe.reply(200, &held));
    let mut empties = 0;
    let end = loop {
        match cpe.reply(204, "") {
            Seen::Empty => empties += 1,
            end => break end,
        }
    };
    assert!((1..10).contains(&empties));
    ended_well(end);

    let mut cpe = Harness::curious();
    let held = hold("1", INFORM_RESPONSE_METHOD).replace(">7<", ">00000000000012341<");
    assert_eq!(cpe.reply(200, held), Seen::Empty);
    let end = (0..10)
        .map(|_| cpe.reply(204, ""))
        .find(|seen| *seen != Seen::Empty);
    assert_eq!(failure(end.unwrap()), Failure::Held);
}

#[test]
fn only_an_inform_response_answers_an_inform() {
    // SE-10 SO-32 SE-07
    for (body, key) in [
        (fault(8002), "inform-refused"),
        (fault(8006), "inform-refused"),
        (String::new(), "no-inform-response"),
        (" \r\n".to_owned(), "no-inform-response"),
        (message("1", GET_RPC_METHODS), "unexpected-message"),
        (message("1", ACS_METHODS), "unexpected-message"),
        ("<html><body>login</body></html>".to_owned(), "invalid-soap"),
        ("<html><p>login<br></html>".to_owned(), "invalid-soap"),
        (message("1", ""), "invalid-soap"),
        (
            message("1", "<cwmp:InformResponse/><cwmp:Reboot/>"),
            "invalid-soap",
        ),
        (
            message("1", "<v:InformResponse xmlns:v='urn:example'/>"),
            "invalid-soap",
        ),
        (
            INFORM_RESPONSE.replace("soap/envelope", "soap12"),
            "invalid-soap",
        ),
    ] {
        let mut cpe = Harness::new(FakeModel::device(), |_| {});
        cpe.begin();
        let failure = failure(cpe.reply(200, &body));
        assert_eq!(failure.key(), key, "{body}");
        assert!(failure.to_string().starts_with("the acs "), "{failure}");
        assert!(cpe.promises.is_empty());
    }
}

#[test]
fn http_statuses() {
    // HT-20 VN-08
    for status in [100, 302, 400, 401, 404, 500, 503] {
        let mut cpe = Harness::new(FakeModel::device(), |_| {});
        cpe.begin();
        let end = cpe.reply(status, "<html/>");
        assert_eq!(failure(end), Failure::HttpStatus(status));
    }
    let mut cpe = Harness::new(FakeModel::device(), |_| {});
    cpe.begin();
    let refused = failure(cpe.reply(500, fault(8002)));
    assert!(matches!(&refused, Failure::InformRefused(fault) if fault.code == Some(8002)));
    assert!(refused.suggests_older_version());
    assert!(!Failure::NoInformResponse.suggests_older_version());
    let mut cpe = Harness::new(FakeModel::device(), |_| {});
    cpe.begin();
    assert_eq!(
        failure(cpe.reply(500, INFORM_RESPONSE)),
        Failure::HttpStatus(500)
    );
}

#[test]
fn retry_request_sends_the_same_again_but_not_for_ever() {
    // SE-12 SE-13
    let mut cpe = Harness::new(FakeModel::device(), |_| {});
    let inform = cpe.begin();
    assert_eq!(posted(cpe.reply(500, fault(8005))), inform);
    let unanswered = cpe.session.take_unanswered().expect("a reason");
    assert_eq!(unanswered.reason, "fault 8005 \"words\"");
    assert_eq!(posted(cpe.reply(200, fault(8005))), inform);
    assert_eq!(cpe.reply(200, INFORM_RESPONSE), Seen::Empty);

    let mut cpe = Harness::new(FakeModel::device(), |_| {});
    cpe.begin();
    let end = (0..50)
        .map(|_| cpe.reply(200, fault(8005)))
        .find(|s| matches!(s, Seen::Ended(_)));
    assert_eq!(failure(end.unwrap()), Failure::TooManyRetryRequests);

    let mut cpe = Harness::curious();
    let request = posted(cpe.reply(200, INFORM_RESPONSE));
    assert_eq!(posted(cpe.reply(200, fault(8005))), request);
    let end = (0..50)
        .map(|_| cpe.reply(200, fault(8005)))
        .find(|s| !matches!(s, Seen::Posted(_)));
    assert_eq!(end, Some(Seen::Empty));
    ended_well(cpe.reply(204, ""));
}

#[test]
fn no_answer_to_an_optional_request_loses_the_session() {
    // SE-11 RB-12
    let two_colons = message(
        "1",
        "<soapenv:Body:Fault><faultcode>x</faultcode><detail><cwmp:Fault><FaultCode>8000</FaultCode>\
         <FaultString>Method not supported</FaultString></cwmp:Fault></detail></soapenv:Body:Fault>",
    );
    for (body, reason) in [
        (fault(8000), "fault 8000 \"words\""),
        (fault(8002), "fault 8002 \"words\""),
        (two_colons, "fault 8000 \"Method not supported\""),
        (
            message("someone-else", ACS_METHODS),
            "the acs answered message \"someone-else\" instead of",
        ),
        (
            "<html><p>broken".to_owned(),
            "the acs sent no valid message: ",
        ),
        (String::new(), "nothing came"),
        (message("1", ""), "the acs sent no valid message: the soap"),
    ] {
        let mut cpe = Harness::curious();
        posted(cpe.reply(200, INFORM_RESPONSE));
        assert_eq!(cpe.session.take_unanswered(), None);
        assert_eq!(cpe.reply(200, &body), Seen::Empty, "{body}");
        let unanswered = cpe.session.take_unanswered().expect("a reason");
        assert_eq!(unanswered.method, "GetRPCMethods");
        assert!(unanswered.reason.starts_with(reason), "{unanswered:?}");
        assert_eq!(ended_well(cpe.reply(204, "")).acs_methods, None);
    }
}

#[test]
fn a_request_in_place_of_a_response_fails_the_session() {
    // SE-07
    let mut cpe = Harness::curious();
    posted(cpe.reply(200, INFORM_RESPONSE));
    let failure = failure(cpe.reply(200, message("1", "<cwmp:FactoryReset/>")));
    assert_eq!(
        failure.to_string(),
        "the acs sent \"FactoryReset\" in state ExpectResponse"
    );
    assert_eq!(cpe.promises, [Promise::Informed]);
}

#[test]
fn only_requests_are_answered() {
    // SO-31 SO-32
    let refused = failure(Harness::asked().reply(200, fault(8002)));
    assert_eq!(refused.key(), "answer-refused");
    let text = "the acs refused an answer: fault 8002 \"words\"";
    assert_eq!(refused.to_string(), text);
    for body in [
        message("7", "<cwmp:TransferCompleteResponse/>"),
        message("7", INFORM_RESPONSE_METHOD),
    ] {
        assert_eq!(
            failure(Harness::asked().reply(200, body)).key(),
            "unexpected-message"
        );
    }
    for body in [message("7", ""), "<a".to_owned(), "x".to_owned()] {
        assert_eq!(
            failure(Harness::asked().reply(200, body)).key(),
            "invalid-soap"
        );
    }
}

#[test]
fn events_are_delivered_even_if_the_session_fails_later() {
    // RT-09
    let mut cpe = Harness::asked();
    failure(cpe.reply(500, ""));
    assert_eq!(cpe.promises, [Promise::Informed]);
}

#[test]
fn an_inform_response_that_could_not_be_kept_does_not_stop_the_session() {
    let mut cpe = Harness::new(FakeModel::device(), |_| {});
    cpe.begin();
    cpe.refuse_promise = Some(Fault::internal("disk full"));
    assert_eq!(cpe.reply(200, INFORM_RESPONSE), Seen::Empty);
}

#[test]
fn the_version_is_negotiated_anew_in_each_session() {
    // VN-01 VN-02 VN-03 VN-04 VN-05 VN-09 VN-10, table V
    let chosen = |version: &str| {
        format!("<cwmp:UseCWMPVersion soapenv:mustUnderstand='1'>{version}</cwmp:UseCWMPVersion>")
    };
    for (header, namespace, version, answers) in [
        (String::new(), 0, Version::V1_0, 0),
        (String::new(), 1, Version::V1_1, 1),
        (String::new(), 2, Version::V1_2, 2),
        (String::new(), 3, Version::V1_3, 2),
        (chosen("1.4"), 2, Version::V1_4, 2),
        (chosen("1.1"), 2, Version::V1_1, 1),
        (chosen("1.0"), 2, Version::V1_0, 0),
    ] {
        let mut cpe = Harness::new(FakeModel::device(), |_| {});
        let inform = cpe.begin();
        assert!(inform.contains("xmlns:cwmp=\"urn:dslforum-org:cwmp-1-2\""));
        assert_eq!(
            text_of(&inform, "cwmp:SupportedCWMPVersions"),
            Some("1.0,1.1,1.2,1.3,1.4")
        );
        assert_eq!(
            cpe.reply(200, inform_response(&header, namespace)),
            Seen::Empty
        );
        assert_eq!(cpe.session.version(), version);
        let answer = cpe.call(GET_RPC_METHODS);
        assert!(answer.contains(&format!("xmlns:cwmp=\"urn:dslforum-org:cwmp-1-{answers}\"")));
        assert_eq!(ended_well(cpe.reply(204, "")).version, version);
    }
    for version in ["1.9", "abc", ""] {
        let mut cpe = Harness::new(FakeModel::device(), |_| {});
        cpe.begin();
        let failure = failure(cpe.reply(200, inform_response(&chosen(version), 2)));
        assert_eq!(failure, Failure::VersionMismatch(version.to_owned()));
    }
}

#[test]
fn a_lower_offer_has_its_own_namespace_and_headers() {
    // VN-01 VN-08 SO-18
    for (version, namespace, timeout, versions) in [
        (Version::V1_0, 0, None, None),
        (Version::V1_1, 1, None, None),
        (Version::V1_2, 2, None, None),
        (Version::V1_3, 2, Some("60"), None),
        (Version::V1_4, 2, Some("60"), Some("1.0,1.1,1.2,1.3,1.4")),
    ] {
        let mut cpe = Harness::new(FakeModel::device(), |setup| setup.version = version);
        let inform = cpe.begin();
        assert!(inform.contains(&format!(
            "xmlns:cwmp=\"urn:dslforum-org:cwmp-1-{namespace}\""
        )));
        assert_eq!(text_of(&inform, "cwmp:SessionTimeout"), timeout);
        assert_eq!(text_of(&inform, "cwmp:SupportedCWMPVersions"), versions);
    }
    let mut cpe = Harness::new(FakeModel::device(), |setup| setup.session_timeout = Some(1));
    assert_eq!(text_of(&cpe.begin(), "cwmp:SessionTimeout"), Some("30"));
    let mut cpe = Harness::new(FakeModel::device(), |setup| setup.session_timeout = None);
    assert_eq!(text_of(&cpe.begin(), "cwmp:SessionTimeout"), None);
}

#[test]
fn a_fault_while_preparing_is_the_answer() {
    let mut cpe = Harness::asked();
    cpe.refuse_prepare = Some(Fault::internal("no answer within 10 s"));
    let answer = cpe.call(
        "<cwmp:GetParameterNames><ParameterPath/><NextLevel>1</NextLevel></cwmp:GetParameterNames>",
    );
    assert_eq!(fault_code(&answer), Some(9002));
    assert!(answer.contains("no answer within 10 s"));
    let fault = cpe.session.fault().map(|fault| fault.code);
    assert_eq!(fault, Some(Code::INTERNAL_ERROR));
    posted(cpe.reply(200, message("8", GET_RPC_METHODS)));
    assert_eq!(cpe.session.fault(), None);
}

#[test]
fn a_caller_out_of_step_is_told() {
    let mut cpe = Harness::asked();
    let input = super::Input::Prepared(Ok(()));
    let action = cpe.session.step(input, &mut cpe.model, &cpe.kept);
    assert_eq!(
        action,
        super::Action::End(Err(Failure::OutOfStep("ExpectAcsRequest")))
    );
    let action = cpe
        .session
        .step(super::Input::Begin, &mut cpe.model, &cpe.kept);
    assert_eq!(action, super::Action::End(Err(Failure::OutOfStep("Ended"))));
}

/// Bodies from which random dialogues are made.
fn bodies() -> Vec<String> {
    vec![
        String::new(),
        " \n".to_owned(),
        INFORM_RESPONSE.to_owned(),
        hold("1", INFORM_RESPONSE_METHOD).replace(">7<", ">00000000000012341<"),
        message("00000000000012342", ACS_METHODS),
        message("00000000000012342", ACS_METHODS).replace("cwmp-1-2", "cwmp-1-0"),
        fault(8005),
        fault(8002),
        hold("1", GET_RPC_METHODS),
        hold("0", GET_RPC_METHODS),
        message("7", "<cwmp:Reboot><CommandKey>k</CommandKey></cwmp:Reboot>"),
        message("7", "<cwmp:Unknown/>"),
        message("7", "<soapenv:Body:Fault/>"),
        message("7", ""),
        "<html>".to_owned(),
    ]
}

proptest! {
    #[test]
    fn random_dialogues_never_panic_or_last(
        steps in prop::collection::vec((0..6usize, 0..15usize), 0..60),
    ) {
        let bodies = bodies();
        let mut cpe = Harness::curious();
        for (status, body) in steps {
            let status = [200, 200, 200, 204, 500, 400][status];
            if let Seen::Ended(outcome) = cpe.reply(status, &bodies[body]) {
                if let Err(failure) = outcome {
                    prop_assert!(!failure.to_string().is_empty());
                    let out_of_step = matches!(failure, Failure::OutOfStep(_));
                    prop_assert!(!out_of_step);
                }
                break;
            }
        }
        // An ACS that has nothing to say, or nothing sensible, ends it within a few answers.
        for body in ["", "?"] {
            let mut left = 20;
            while cpe.session.state() != "Ended" {
                cpe.reply(200, body);
                left -= 1;
                prop_assert!(left > 0);
            }
        }
    }
}
