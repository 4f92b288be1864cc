//! ACSes as they are in the field, towards a device that was configured with no more than their URL.

use std::collections::BTreeSet;
use std::fs;

use cwmpd::agent::command::Command;

use crate::cpe::Cpe;
use crate::support::acs::{Acs, digest};
use crate::support::daemon::{Daemon, free_port, repository};
use crate::support::digest::{Algorithm, Challenge};
use crate::support::genie::{Genie, INFORM_TIME};
use crate::support::rpc;
use crate::support::wait::Shared;

const ROOTS: [(&str, &str, &str); 2] = [
    ("tr181-gateway.toml", "Device.", "00005E-Gateway-EG000001"),
    (
        "tr098-gateway.toml",
        "InternetGatewayDevice.",
        "00005E-Gateway98-EG000098",
    ),
];

/// A device with the configuration and the profile of the package. Beside the URL only the port of connection
/// requests is set: two tests cannot both have 7547.
fn shipped(url: &str, profile: &str) -> Daemon {
    let read = |path: &str| fs::read_to_string(repository().join(path)).expect("a shipped file");
    let port = free_port().to_string();
    let config = read("etc/config/cwmp")
        .replacen("option url ''", &format!("option url '{url}'"), 1)
        .replacen("option port '7547'", &format!("option port '{port}'"), 1);
    assert!(config.contains(url) && config.contains(&port));
    let daemon = Daemon::new(url).config(config);
    let profile = read(&format!("etc/profiles/{profile}"));
    daemon.write(
        "usr/share/cwmpd/profiles/tr181-gateway.toml",
        profile.as_bytes(),
    );
    daemon
}

/// GenieACS with Digest; the password is the one a device has that was given none.
fn genie(username: &str) -> (Acs, Shared<Genie>) {
    let genie = Shared::new(Genie::default());
    let brain = genie.clone();
    let challenge = Challenge {
        qop: Some("auth,auth-int".to_owned()),
        ..Challenge::new("5eed", Algorithm::Unnamed)
    };
    let acs = Acs::builder()
        .layer(digest(challenge, username, ""))
        .layer(move |request, _| brain.change(|genie| genie.reply(request)))
        .start();
    (acs, genie)
}

fn ended(cpe: &mut Cpe, genie: &Shared<Genie>, count: usize) {
    cpe.until("a session with GenieACS", |_| {
        (genie.lock().ended == count).then_some(())
    });
    cpe.settle();
}

#[test]
fn genieacs_meets_a_new_device()
// HT-10 HT-19 AU-04 AU-16 AU-17 CK-01 CK-05 CR-19 SO-08 SE-01 SE-02 SE-09 GN-06
{
    for (profile, root, username) in ROOTS {
        let (acs, genie) = genie(username);
        // Over its limit at first; and in the session it closes the connection twice.
        genie.change(|genie| {
            genie.busy = 1;
            genie.close_after = vec![1, 8];
        });
        let mut cpe = Cpe::start(shipped(&acs.url(), profile));
        cpe.settle();
        assert!(cpe.next().unwrap().as_secs() >= 60, "{:?}", cpe.next());
        cpe.pass_seconds(61);
        ended(&mut cpe, &genie, 1);
        {
            let genie = genie.lock();
            assert_eq!(genie.refused, [""; 0]);
            let requests = acs.brain.lock().requests.clone();
            let connections: BTreeSet<_> =
                requests.iter().map(|request| request.connection).collect();
            assert_eq!(
                connections.len(),
                4,
                "each was challenged anew: {connections:?}"
            );
            assert_eq!(genie.informs[0].events(), ["0 BOOTSTRAP", "1 BOOT"]);
            assert_eq!(genie.informs[0].retry_count(), 1);
            for (method, answer) in &genie.answers {
                assert_eq!(answer.fault(), None, "{method}: {}", answer.xml);
            }
            let first = &genie.answers[0].1;
            assert_eq!(first.texts("Name"), [root]);
            assert!(genie.answers.len() >= 20, "{}", genie.answers.len());
            let of_server =
                |name: &str| genie.parameters[&format!("{root}ManagementServer.{name}")].clone();
            assert_eq!(
                of_server("PeriodicInformTime"),
                INFORM_TIME.replace(".000", "")
            );
            let attributes = genie
                .answers
                .iter()
                .find(|(method, _)| method == "GetParameterAttributes");
            assert_eq!(
                attributes.unwrap().1.text("Notification").as_deref(),
                Some("0")
            );
        }
        // It comes back when it was told to, with nothing to tell of what the ACS itself has set (NO-04).
        let seconds = cpe.next().expect("a periodic session").as_secs();
        assert!(seconds <= 300, "{seconds}");
        cpe.pass_seconds(300);
        assert_eq!(genie.lock().informs[1].events(), ["2 PERIODIC"]);
        // The credentials that it set wake the device.
        let ends = genie.lock().ended;
        assert_eq!(cpe.connection_request(), 200);
        ended(&mut cpe, &genie, ends + 1);
        let last = genie.lock().informs.last().unwrap().clone();
        assert_eq!(last.events(), ["6 CONNECTION REQUEST"]);
        assert_eq!(genie.lock().refused, [""; 0]);
    }
}

#[test]
fn genieacs_still_has_the_session_that_was_cut() // SE-20 HT-18
{
    let (profile, _, username) = ROOTS[0];
    let (acs, genie) = genie(username);
    let mut cpe = Cpe::start(shipped(&acs.url(), profile));
    cpe.until("the midst of a session", |_| {
        (genie.lock().answers.len() >= 5).then_some(())
    });
    cpe.reboot("00000000-0000-4000-8000-000000000002");
    cpe.settle();
    assert_eq!(genie.lock().refused, ["CPE already in session"]);
    assert_eq!(genie.lock().informs.len(), 1);
    // Once more before it has forgotten, and then again.
    for (count, expires) in [(1, false), (2, true)] {
        assert_eq!(cpe.state().retry.count, count);
        if expires {
            genie.change(Genie::expire);
        }
        let wait = cpe.next().expect("a retry");
        cpe.pass(wait);
    }
    ended(&mut cpe, &genie, 1);
    assert_eq!(genie.lock().informs[1].events(), ["1 BOOT"]);
    assert_eq!(genie.lock().informs[1].retry_count(), 2);
    assert_eq!(cpe.state().retry.count, 0);
}

#[test]
fn genieacs_refuses_a_request_with_what_is_no_xml() // SE-04 SE-11
{
    let (profile, _, username) = ROOTS[0];
    let (acs, genie) = genie(username);
    genie.change(|genie| genie.unknown = vec!["GetRPCMethods"]);
    let home = shipped(&acs.url(), profile);
    let mut cpe = Cpe::start(home);
    cpe.ask(Command::Inform {
        event: None,
        get_rpc_methods: true,
        wait: false,
    });
    ended(&mut cpe, &genie, 1);
    assert_eq!(genie.lock().refused, [""; 0]);
    let asked = acs
        .brain
        .lock()
        .requests
        .iter()
        .any(|request| request.is("GetRPCMethods"));
    assert!(asked);
    assert_eq!(cpe.status()["last_session"]["status"], "success");
}

/// Makes the XML of another ACS from that of one which writes it well.
type Manner = fn(&str) -> String;

/// How other ACSes write.
const ODD: [(&str, Manner); 9] = [
    ("undeclared prefixes", |xml| {
        xml.replace(
            " xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\"",
            "",
        )
        .replace("soapenv:mustUnderstand", "soap:mustUnderstand")
    }),
    ("methods without a prefix", |xml| {
        xml.replace("<cwmp:", "<").replace("</cwmp:", "</")
    }),
    ("a blank line before the declaration", |xml| {
        format!("\r\n{xml}")
    }),
    ("a byte order mark", |xml| format!("\u{feff}{xml}")),
    ("zeros behind it", |xml| format!("{xml}\0\0")),
    ("junk behind it", |xml| format!("{xml}\r\n--boundary--")),
    ("line ends between all elements", |xml| {
        xml.replace("><", ">\r\n  <")
    }),
    ("encodingStyle everywhere", |xml| {
        // SO-33
        let style = "soapenv:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"";
        xml.replace("<soapenv:Body>", &format!("<soapenv:Body {style}>"))
            .replace("<soapenv:Envelope ", &format!("<soapenv:Envelope {style} "))
            .replace("<ParameterList ", &format!("<ParameterList {style} "))
            .replace("<Name>", &format!("<Name {style}>"))
    }),
    ("headers of every kind", |xml| {
        let header = "<cwmp:NoMoreRequests soapenv:mustUnderstand=\"1\">1</cwmp:NoMoreRequests>\
            <cwmp:HoldRequests soapenv:mustUnderstand=\"1\">false</cwmp:HoldRequests>\
            <x:Trace xmlns:x=\"urn:example\">7</x:Trace></soapenv:Header>";
        xml.replace("</soapenv:Header>", header)
    }),
];

/// HT-28
const CONTENT_TYPES: [Option<&str>; 6] = [
    Some("text/xml"),
    Some("text/xml; charset=\"utf-8\""),
    Some("TEXT/XML;charset=utf-8"),
    Some("application/xml"),
    Some("text/html"),
    None,
];

#[test]
fn odd_xml_and_content_types_are_understood() // HT-28 SO-14 SO-20 SO-33
{
    let kinds = ODD.into_iter().enumerate();
    for (at, (what, write)) in kinds {
        let content_type = CONTENT_TYPES[at % CONTENT_TYPES.len()];
        let mut acs = Acs::builder()
            .layer(move |request, next| {
                let mut reply = next(request);
                if reply.status == 200 {
                    reply.body = write(std::str::from_utf8(&reply.body).unwrap()).into_bytes();
                    reply.headers.retain(|(name, _)| name != "Content-Type");
                    let header =
                        content_type.map(|text| ("Content-Type".to_owned(), text.to_owned()));
                    reply.headers.extend(header);
                }
                reply
            })
            .start();
        let table = "Device.NAT.PortMapping.";
        acs.plan([
            rpc::get_names("", true),
            rpc::get_values(&["Device.DeviceInfo.SerialNumber", "Device.Time."]),
            rpc::set_values(&[("Device.Time.NTPServer1", "string", " a  b ")], "key"),
            rpc::get_values(&["Device.Time.NTPServer1"]),
            rpc::set_notification(&["Device.Time.NTPServer1"], 1),
            rpc::add_object(table, "key"),
            rpc::schedule_inform(500, "later"),
        ]);
        let mut cpe = Cpe::start(shipped(&acs.url(), "tr181-gateway.toml"));
        let session = cpe.session(&mut acs);
        for answer in &session.answers {
            assert_eq!(answer.fault(), None, "{what}: {}", answer.xml);
        }
        assert_eq!(session.answers[0].texts("Name"), ["Device."], "{what}");
        let server = session.answers[3].value_of(".NTPServer1");
        assert_eq!(server.as_deref(), Some(" a  b "), "{what}");
    }
}

#[test]
fn one_wrong_name_makes_a_batch_fail_and_each_is_asked_alone() // GV-02
{
    let mut acs = Acs::start();
    let names = [
        "Device.DeviceInfo.SerialNumber",
        "Device.DeviceInfo.Nothing",
        "Device.DeviceInfo.HardwareVersion",
    ];
    let mut plan = vec![rpc::get_values(&names)];
    plan.extend(names.map(|name| rpc::get_values(&[name])));
    acs.plan(plan);
    let mut cpe = Cpe::start(shipped(&acs.url(), "tr181-gateway.toml"));
    let answers = cpe.session(&mut acs).answers;
    let faults: Vec<_> = answers.iter().map(|answer| answer.fault()).collect();
    assert_eq!(faults, [Some(9005), None, Some(9005), None]);
    assert!(answers[0].text("FaultString").unwrap().contains(names[1]));
}

#[test]
fn headers_of_every_request_in_every_form() // SO-14
{
    let mut acs = Acs::start();
    let forms = ["0", "false", "1", "true", " true ", "0"];
    let plan = forms.map(|form| {
        let mut rpc = rpc::get_values(&["Device.DeviceInfo.SerialNumber"]);
        for name in ["HoldRequests", "NoMoreRequests"] {
            rpc.header +=
                &format!("<cwmp:{name} soapenv:mustUnderstand=\"1\">{form}</cwmp:{name}>");
        }
        rpc
    });
    acs.plan(plan);
    let mut cpe = Cpe::start(shipped(&acs.url(), "tr181-gateway.toml"));
    let answers = cpe.session(&mut acs).answers;
    assert_eq!(answers.len(), forms.len());
    assert!(answers.iter().all(|answer| answer.fault().is_none()));
}
