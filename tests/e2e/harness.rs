//! The workbench itself, tried with a CPE of a few lines: what it misses the other tests cannot see.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use crate::support::acs::{Acs, at_first, digest};
use crate::support::connreq::Answer;
use crate::support::digest::{Algorithm, Challenge};
use crate::support::envelope::check;
use crate::support::http::{End, Framing, Reply, read_request};
use crate::support::patience;
use crate::support::rpc::{self, CWMP_1_2};

/// A POST with an envelope (or an empty one) over `stream`; the answer with its body.
fn post(stream: &mut TcpStream, more: &str, body: &str) -> Option<Answer> {
    let soap = if body.is_empty() {
        ""
    } else {
        "Content-Type: text/xml\r\nSOAPAction:\r\n"
    };
    let head = format!(
        "POST /acs HTTP/1.1\r\nHost: a\r\n{soap}{more}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).ok()?;
    let reply = read_request(stream, &mut Vec::new(), 0).ok()??;
    Some(Answer {
        status: reply.target.parse().ok()?,
        headers: reply.headers,
        body: reply.body,
    })
}

/// An envelope with the prefixes that a CPE must use.
fn say(id: &str, body: &str) -> String {
    rpc::envelope(CWMP_1_2, id, "", body)
        .replace("soapenv", "soap-env")
        .replace("soapenc", "soap-enc")
}

fn inform() -> String {
    let body = "<cwmp:Inform><DeviceId><Manufacturer>Example</Manufacturer><OUI>00D0D0</OUI>\
        <ProductClass>RG1</ProductClass><SerialNumber>SN0001</SerialNumber></DeviceId>\
        <Event soapenc:arrayType=\"cwmp:EventStruct[1]\">\
        <EventStruct><EventCode>1 BOOT</EventCode><CommandKey></CommandKey></EventStruct></Event>\
        <MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-01-02T03:04:05Z</CurrentTime>\
        <RetryCount>0</RetryCount>PARAMETERS</cwmp:Inform>";
    let names = [
        "RootDataModelVersion",
        "DeviceInfo.HardwareVersion",
        "DeviceInfo.SoftwareVersion",
        "DeviceInfo.ProvisioningCode",
        "ManagementServer.ParameterKey",
        "ManagementServer.ConnectionRequestURL",
        "ManagementServer.AliasBasedAddressing",
    ];
    let value = |name: &str| {
        format!(
            "<ParameterValueStruct><Name>Device.{name}</Name><Value xsi:type=\"xsd:string\">0</Value>\
             </ParameterValueStruct>"
        )
    };
    let values: String = names.into_iter().map(value).collect();
    let list = format!(
        "<ParameterList soapenc:arrayType=\"cwmp:ParameterValueStruct[7]\">{values}</ParameterList>"
    );
    say("7", &body.replace("PARAMETERS", &list))
}

#[test]
fn a_session_is_played_and_recorded() {
    let mut acs = Acs::builder()
        .layer(|request, next| next(request).framing(Framing::Chunked(1)).split())
        .start();
    acs.plan([rpc::get_values(&["Device."])]);
    let mut stream = TcpStream::connect(acs.address).unwrap();
    let answer = post(&mut stream, "", &inform()).unwrap();
    assert!(
        String::from_utf8(answer.body.clone())
            .unwrap()
            .contains("InformResponse")
    );
    assert_eq!(
        answer.header("Set-Cookie"),
        Some("session=1; Path=/; HttpOnly")
    );
    let cookie = "Cookie: session=1\r\n";
    let request = post(&mut stream, cookie, "").unwrap();
    assert!(
        String::from_utf8(request.body)
            .unwrap()
            .contains("GetParameterValues")
    );
    let values = say(
        "acs1",
        "<cwmp:GetParameterValuesResponse><ParameterList soapenc:arrayType=\"cwmp:ParameterValueStruct[0]\">\
         </ParameterList></cwmp:GetParameterValuesResponse>",
    );
    assert_eq!(post(&mut stream, cookie, &values).unwrap().status, 204);
    let session = acs.session();
    assert_eq!(session.inform.events(), ["1 BOOT"]);
    assert_eq!(session.answers[0].method, "GetParameterValuesResponse");
    assert_eq!(session.connections, [0]);
}

#[test]
fn broken_rules_are_noticed() {
    let acs = Acs::start();
    let mut stream = TcpStream::connect(acs.address).unwrap();
    post(&mut stream, "Expect: 100-continue\r\n", &inform()).unwrap();
    post(&mut stream, "SOAPAction:\r\n", "").unwrap();
    let problems = acs.take_problems().concat();
    for part in ["HT-15", "HT-05: SOAPAction", "no cookie session=1"] {
        assert!(problems.contains(part), "{part} in {problems}");
    }
}

#[test]
fn wrong_informs_are_noticed() {
    assert_eq!(check(&inform()), [""; 0]);
    for (right, wrong) in [
        ("<MaxEnvelopes>1<", "<MaxEnvelopes>2<"),
        ("00D0D0", "00d0d0"),
        ("00D0D0", "00:D0:D0"),
        ("SN0001", &"x".repeat(65)),
        ("1 BOOT", "1_BOOT"),
        ("1 BOOT", "1 BOOT "),
        ("1 BOOT", "3 SCHEDULED"),
        ("<CommandKey></CommandKey>", "<CommandKey>k</CommandKey>"),
        ("Device.RootDataModelVersion", ""),
        ("RootDataModelVersion", "DeviceInfo.HardwareVersion"),
        ("05Z<", "05<"),
        ("05Z<", "05+0200<"),
        ("2026-01-02T", "1970-01-01T"),
        ("2026-01-02T", "2026-1-02T"),
    ] {
        let text = inform().replace(right, wrong);
        assert_ne!(check(&text), [""; 0], "{wrong}");
    }
    let event = "<EventStruct><EventCode>1 BOOT</EventCode><CommandKey></CommandKey></EventStruct>";
    let twice = inform().replace(event, &event.repeat(2));
    assert_eq!(
        check(&twice.replace("EventStruct[1]", "EventStruct[2]")).len(),
        1
    );
}

#[test]
fn digest_is_demanded_and_belongs_to_the_connection() {
    let challenge = Challenge::new("n", Algorithm::Sha256);
    let acs = Acs::builder().layer(digest(challenge, "u", "p")).start();
    let mut stream = TcpStream::connect(acs.address).unwrap();
    let first = post(&mut stream, "", &inform()).unwrap();
    assert_eq!(first.status, 401);
    let authorization = first.challenges()[0].answer("u", "p", "POST", "/acs", 1);
    let header = format!("Authorization: {authorization}\r\n");
    assert_eq!(post(&mut stream, &header, &inform()).unwrap().status, 200);
    let mut second = TcpStream::connect(acs.address).unwrap();
    assert_eq!(post(&mut second, &header, &inform()).unwrap().status, 401);
}

/// A child that another test starts at this moment holds a copy of every socket until it runs its own program.
fn wait_until_refused(address: SocketAddr) {
    let give_up = Instant::now() + patience();
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < give_up, "{address} still accepts");
    }
}

#[test]
fn connections_are_reset_and_ports_taken_again() {
    let mut acs = Acs::builder()
        .layer(at_first(1, |_| Reply::nothing(End::Reset)))
        .down();
    wait_until_refused(acs.address);
    acs.up();
    let mut stream = TcpStream::connect(acs.address).unwrap();
    assert!(post(&mut stream, "", &inform()).is_none());
    assert!(matches!(stream.read(&mut [0]), Err(_) | Ok(0)));
    acs.stop();
    wait_until_refused(acs.address);
    acs.up();
    let mut stream = TcpStream::connect(acs.address).unwrap();
    assert_eq!(post(&mut stream, "", &inform()).unwrap().status, 200);
}
