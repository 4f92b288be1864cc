use super::*;
use crate::cwmp::version::Version;
use proptest::prelude::*;

fn method(bytes: &str) -> (Header, crate::wire::xml::Element) {
    match decode(bytes.as_bytes()) {
        Ok(Message {
            header,
            body: Body::Method(method),
            ..
        }) => (header, method),
        other => panic!("{other:?}"),
    }
}

#[test]
fn prefixes_do_not_matter() {
    // SO-20
    let (header, method) = method(
        "<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/' xmlns:x='urn:dslforum-org:cwmp-1-1'>\
         <S:Header><x:ID S:mustUnderstand='1'>77</x:ID><x:HoldRequests>true</x:HoldRequests></S:Header>\
         <S:Body><x:Reboot><CommandKey>k</CommandKey></x:Reboot></S:Body></S:Envelope>",
    );
    assert_eq!(header.id.as_deref(), Some("77"));
    assert!(header.hold_requests && header.not_understood.is_empty());
    assert_eq!(
        (method.name.as_str(), method.child_text("CommandKey")),
        ("Reboot", Some("k"))
    );
}

#[test]
fn entries_of_a_foreign_namespace_are_not_ours() {
    let (header, _) = method(
        "<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/' xmlns:x='urn:dslforum-org:cwmp-1-1' \
         xmlns:v='urn:example'><S:Header><v:ID>77</v:ID><v:HoldRequests>1</v:HoldRequests></S:Header>\
         <S:Body><x:Reboot/></S:Body></S:Envelope>",
    );
    assert_eq!(header, Header::default());
}

#[test]
fn messages_of_real_servers_that_are_no_xml_are_read() {
    // Undeclared prefixes, no namespaces at all.
    let (header, method) = method(
        "\r\n<?xml version='1.0'?><soap:Envelope><soap:Header><cwmp:ID soap:mustUnderstand='1'>5</cwmp:ID>\
         <cwmp:NoMoreRequests>0</cwmp:NoMoreRequests></soap:Header><soap:Body>\
         <Reboot><CommandKey>k</CommandKey></Reboot></soap:Body></soap:Envelope>junk",
    );
    assert_eq!(header.id.as_deref(), Some("5"));
    assert!(header.not_understood.is_empty());
    assert_eq!(method.name, "Reboot");

    // A name with two colons.
    let message = decode(
        b"<soap-env:Envelope xmlns:soap-env='http://schemas.xmlsoap.org/soap/envelope/' \
          xmlns:cwmp='urn:dslforum-org:cwmp-1-2'><soap-env:Body><soap-env:Body:Fault><faultcode>Server</faultcode>\
          <faultstring>CWMP fault</faultstring><detail><cwmp:Fault><FaultCode>8000</FaultCode>\
          <FaultString>Method not supported</FaultString></cwmp:Fault></detail></soap-env:Body:Fault>\
          </soap-env:Body></soap-env:Envelope>",
    );
    match message.unwrap().body {
        Body::Fault(fault) => assert_eq!(fault.to_string(), "fault 8000 \"Method not supported\""),
        other => panic!("{other:?}"),
    }

    // Well-formed, but the method has no namespace.
    let message = decode(
        b"<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><Reboot/></e:Body></e:Envelope>",
    );
    assert!(matches!(
        message,
        Ok(Message {
            namespace: None,
            body: Body::Method(_),
            ..
        })
    ));
}

#[test]
fn what_is_no_message_says_why() {
    // SO-04 SO-32
    let envelope = |body: &str| {
        format!(
            "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'>{body}</e:Envelope>"
        )
    };
    for (text, error) in [
        (envelope(""), EnvelopeError::Body),
        (
            envelope("<e:Body><a/></e:Body><e:Body><a/></e:Body>"),
            EnvelopeError::Body,
        ),
        (envelope("<Body><a/></Body>"), EnvelopeError::Body),
        (envelope("<e:Body> </e:Body>"), EnvelopeError::EmptyBody),
        (
            envelope("<e:Body><a/><b/></e:Body>"),
            EnvelopeError::SeveralMethods,
        ),
        (
            envelope("<e:Body><v:a xmlns:v='urn:v'/></e:Body>"),
            EnvelopeError::Namespace("urn:v".into()),
        ),
        (
            "<html/>".to_owned(),
            EnvelopeError::NotAnEnvelope("html".into()),
        ),
        (
            "<Envelope/>".to_owned(),
            EnvelopeError::NotAnEnvelope("Envelope".into()),
        ),
        (
            "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'/>".to_owned(),
            EnvelopeError::NotAnEnvelope("Envelope".into()),
        ),
    ] {
        assert_eq!(decode(text.as_bytes()), Err(error.clone()), "{text}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn a_fault_without_a_detail_is_a_fault() {
    let message = decode(
        b"<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault>\
          <faultcode>e:VersionMismatch</faultcode><faultstring>no</faultstring></e:Fault></e:Body></e:Envelope>",
    );
    match message.unwrap().body {
        Body::Fault(fault) => {
            assert_eq!(fault.to_string(), "soap fault \"VersionMismatch\" \"no\"")
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(id in "[ -~é\t\n]{0,40}", text in "[ -~é\t\n\r]{0,40}", version in 0..5usize) {
        // SO-08 SO-22 SO-23
        let namespace = Version::ALL[version].namespace();
        let bytes = message(namespace, &[HeaderEntry::id(&id)], |out| {
            out.open("cwmp:Reboot");
            out.leaf("CommandKey", &text);
            out.close("cwmp:Reboot");
        });
        let message = decode(&bytes.to_vec()).unwrap();
        prop_assert_eq!(message.header.id, Some(id));
        prop_assert_eq!(message.namespace, Some(namespace));
        let Body::Method(method) = message.body else { panic!("a method") };
        prop_assert_eq!(method.child_text("CommandKey"), Some(text.as_str()));
    }

    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn reading_what_looks_like_an_envelope_never_panics(
        parts in prop::collection::vec(prop::sample::select(vec![
            "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'>", "</e:Envelope>", "<e:Header>",
            "</e:Header>", "<e:Body>", "</e:Body>", "<e:Fault>", "</e:Fault>", "<detail>", "</detail>",
            "<ID e:mustUnderstand='1'>", "</ID>", "<HoldRequests/>", "<Envelope>", "</Envelope>", "<a id=''/>",
            "<x:y/>", "text", "&amp;", "<![CDATA[", "]]>", "<!--", "-->", "<FaultCode>9000</FaultCode>",
        ]), 0..24),
    ) {
        if let Ok(Message { body: Body::Fault(fault), .. }) = decode(parts.concat().as_bytes()) {
            prop_assert!(!fault.to_string().is_empty());
        }
    }
}
