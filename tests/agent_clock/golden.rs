//! Every kind of envelope that the CPE sends, byte for byte as in `tests/golden`: so that a change of what goes over the
//! wire is seen in review, and ACSes' authors can look at it. What differs from run to run (our IDs, ports, the test's
//! folder) is made the same first.
//!
//! `CWMPD_GOLDEN=write cargo test --test agent_clock golden` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cwmpd::agent::command::Reply;
use cwmpd::cwmp::AcsRequest;

use crate::cpe::{Cpe, inform};
use crate::pure::harness::{Harness, INFORM_RESPONSE, Seen, message, text_of};
use crate::pure::model::FakeModel;
use crate::pure::reports;
use crate::support::acs::Acs;
use crate::support::brain::Session;
use crate::support::daemon::Daemon;
use crate::support::inspect::Message;
use crate::support::rpc::{self, Rpc};

/// A device of few parameters, of every type and kind. `{root}` is `Device.` or `InternetGatewayDevice.`.
const PROFILE: &str = r#"
["{root}DeviceInfo."]
Manufacturer     = { value = "Example & Söhne" }
ManufacturerOUI  = { value = "00005E" }
ProductClass     = { value = "Gateway" }
SerialNumber     = { value = "EG000001" }
HardwareVersion  = { value = "A1", forced_inform = true }
SoftwareVersion  = { value = "1.0.0", notify = "forceEnabled", forced_inform = true }
ProvisioningCode = { writable = true, max = 64, notify = "forceEnabled", forced_inform = true }
SpecVersion      = { value = "1.0" }
UpTime           = { type = "unsignedInt", value = 86400, notify = "canDeny" }

["{root}X_EX_Types."]
String       = { writable = true, value = " a <b> & \"c\"\n é", max = 64 }
Int          = { type = "int", writable = true, value = -1, min = -1, max = 10 }
Long         = { type = "long", value = -9223372036854775808 }
UnsignedInt  = { type = "unsignedInt", writable = true, value = 4294967295 }
UnsignedLong = { type = "unsignedLong", value = 9223372036854775807 }
Boolean      = { type = "boolean", writable = true, value = true }
DateTime     = { type = "dateTime", writable = true, value = "2024-01-31T12:00:00Z" }
Base64       = { type = "base64", value = "AAECAw==" }
HexBinary    = { type = "hexBinary", value = "00FF" }
Decimal      = { type = "decimal", value = "1.5" }
Empty        = {}
Password     = { writable = true, hidden = true, value = "never shown" }
Mode         = { writable = true, value = "A", values = ["A", "B"] }

["{root}X_EX_Table.{i}."]
table = { writable = true, max = 2 }
Alias = { writable = true, max = 64 }
Name  = { writable = true, max = 64 }

["{root}X_EX_Table.1."]
Name = "first"

["{root}X_EX_None.{i}."]
table = { writable = true }
Alias = { writable = true, max = 64 }

["{root}X_EX_Fixed.{i}."]
table = {}
Name  = {}

["{root}X_EX_Fixed.1."]
Name = "fixed"
"#;

const DEVICE: &str = r#"
["Device."]
RootDataModelVersion = { value = "2.17", forced_inform = true }
"#;

const GATEWAY: &str = r#"
["InternetGatewayDevice."]
DeviceSummary = { value = "InternetGatewayDevice:1.14[](Baseline:1)", forced_inform = true }

["InternetGatewayDevice.Layer3Forwarding."]
DefaultConnectionService = { value = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1" }

["InternetGatewayDevice.WANDevice.{i}."]
table = {}

["InternetGatewayDevice.WANDevice.1."]

["InternetGatewayDevice.WANDevice.{i}.WANConnectionDevice.{i}."]
table = {}

["InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1."]

["InternetGatewayDevice.WANDevice.{i}.WANConnectionDevice.{i}.WANIPConnection.{i}."]
table             = {}
ExternalIPAddress = { notify = "forceDefaultEnabled" }

["InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1."]
ExternalIPAddress = "198.51.100.7"
"#;

/// What was sent, by the name of its file.
#[derive(Default)]
struct Album(BTreeMap<String, String>);

impl Album {
    fn keep(&mut self, name: &str, message: &Message, home: &Daemon, port: &str) {
        let mut xml = message.xml.replace(port, ":7547/");
        xml = xml.replace(home.root.to_str().unwrap(), "");
        if matches!(message.method.as_str(), "Inform" | "GetRPCMethods") {
            // The first half is the session's, and random.
            let (session, count) = message.id.split_at(16);
            assert!(u64::from_str_radix(session, 16).is_ok(), "{}", message.id);
            xml = xml.replace(&message.id, &format!("0123456789abcdef{count}"));
        }
        let twice = self.0.insert(name.to_owned(), xml);
        assert!(twice.is_none(), "{name} twice");
    }
}

/// One device of one root model, and the ACS it talks to.
struct Scene<'a> {
    root: &'static str,
    /// What its files' names begin with.
    name: &'static str,
    acs: Acs,
    cpe: Cpe,
    port: String,
    album: &'a mut Album,
}

impl<'a> Scene<'a> {
    fn new(root: &'static str, album: &'a mut Album, set: impl Fn(Daemon) -> Daemon) -> Self {
        Scene::at(root, album, crate::cpe::NOON, set)
    }

    fn at(
        root: &'static str,
        album: &'a mut Album,
        unix: i64,
        set: impl Fn(Daemon) -> Daemon,
    ) -> Self {
        let acs = Acs::start();
        let (name, own) = match root {
            "Device." => ("device", DEVICE),
            _ => ("gateway", GATEWAY),
        };
        let home = Daemon::new(&acs.url())
            .cpe("path", "/cr")
            .acs("periodic_inform_enable", "1")
            .acs("periodic_inform_interval", "600")
            .acs("periodic_inform_time", "2026-11-22T12:00:00Z");
        let profile = PROFILE.replace("{root}", root) + own;
        home.write("etc/cwmpd/profile.toml", profile.as_bytes());
        let mut cpe = Cpe::start_at(set(home), unix);
        let url = cpe.until("the connection request URL", |cpe| {
            let url = cpe.status()["cwmp"]["connection_request_url"].clone();
            url.as_str()
                .filter(|url| !url.is_empty())
                .map(str::to_owned)
        });
        let port = url.rsplit(':').next().unwrap().replace("/cr", "/");
        Scene {
            root,
            name,
            acs,
            cpe,
            port: format!(":{port}"),
            album,
        }
    }

    /// The next session; its Inform is kept under that name.
    fn session(&mut self, name: &str, events: &[&str]) -> Session {
        let session = self.cpe.session(&mut self.acs);
        assert_eq!(session.inform.events(), events);
        self.keep(name, &session.inform);
        session
    }

    fn keep(&mut self, name: &str, message: &Message) {
        let name = format!("{}-{name}", self.name);
        self.album.keep(&name, message, &self.cpe.home, &self.port);
    }

    /// A session in which all that is asked; the answers are kept under those names, and given.
    fn ask(&mut self, asked: Vec<(&str, Rpc)>) -> Vec<Message> {
        self.acs.plan(asked.iter().map(|(_, rpc)| rpc.clone()));
        self.cpe.inform();
        let answers = self.cpe.session(&mut self.acs).answers;
        assert_eq!(answers.len(), asked.len());
        for ((name, _), answer) in asked.iter().zip(&answers) {
            self.keep(name, answer);
        }
        answers
    }

    fn path(&self, below: &str) -> String {
        format!("{}{below}", self.root)
    }
}

/// Informs for every reason.
fn informs(scene: &mut Scene) {
    let key = "k & <1>";
    scene.acs.plan([rpc::reboot(key)]);
    scene.session("inform-bootstrap", &["0 BOOTSTRAP", "1 BOOT"]);
    scene.cpe.turn();
    scene.cpe.home.wait_hook();
    scene.cpe.reboot("00000000-0000-4000-8000-000000000002");
    scene.session("inform-boot-by-reboot", &["1 BOOT", "M Reboot"]);
    scene.cpe.pass_seconds(600);
    scene.session("inform-periodic", &["2 PERIODIC"]);
    let code = scene.path("DeviceInfo.ProvisioningCode");
    assert!(matches!(scene.cpe.set(&code, "one"), Reply::Ok(_)));
    scene.session("inform-value-change", &["4 VALUE CHANGE"]);
    scene.acs.plan([rpc::schedule_inform(60, key)]);
    scene.cpe.inform();
    scene.session("inform-connection-request", &["6 CONNECTION REQUEST"]);
    scene.cpe.pass_seconds(60);
    scene.session("inform-scheduled", &["3 SCHEDULED", "M ScheduleInform"]);
    scene.cpe.ask(inform("8", false));
    scene.session("inform-diagnostics", &["8 DIAGNOSTICS COMPLETE"]);
}

/// The response of every method, with lists full and empty.
fn responses(scene: &mut Scene) {
    let types = scene.path("X_EX_Types.");
    let table = scene.path("X_EX_Table.");
    let none = scene.path("X_EX_None.");
    let string = scene.path("X_EX_Types.String");
    let second = scene.path("X_EX_Table.2.");
    let queued = |all: &str| Rpc::new(&format!("Get{all}QueuedTransfers"), "");
    let answers = scene.ask(vec![
        ("get-rpc-methods-response", rpc::get_rpc_methods()),
        ("get-values-response", rpc::get_values(&[&types, &table])),
        ("get-values-response-empty", rpc::get_values(&[&none])),
        ("get-names-response-root", rpc::get_names("", true)),
        ("get-names-response", rpc::get_names(&table, false)),
        ("get-names-response-empty", rpc::get_names(&none, true)),
        ("get-attributes-response", rpc::get_attributes(&[&types])),
        (
            "get-attributes-response-empty",
            rpc::get_attributes(&[&none]),
        ),
        (
            "set-values-response",
            rpc::set_values(&[(&string, "string", "x")], "key"),
        ),
        (
            "set-attributes-response",
            rpc::set_notification(&[&string], 1),
        ),
        ("add-object-response", rpc::add_object(&table, "key")),
        ("delete-object-response", rpc::delete_object(&second, "key")),
        ("schedule-inform-response", rpc::schedule_inform(9999, "k")),
        ("get-queued-transfers-response-empty", queued("")),
        ("get-all-queued-transfers-response-empty", queued("All")),
        ("download-response", rpc::download("k & <1>")),
        ("upload-response", rpc::upload("")),
        ("schedule-download-response", rpc::schedule_download("k")),
        ("get-queued-transfers-response", queued("")),
        ("get-all-queued-transfers-response", queued("All")),
        ("cancel-transfer-response", rpc::cancel_transfer("k")),
        ("change-du-state-response", rpc::change_du_state("k")),
        ("reboot-response", rpc::reboot("k")),
        ("factory-reset-response", rpc::factory_reset()),
    ]);
    for answer in answers {
        assert_eq!(answer.fault(), None, "{}", answer.xml);
        assert!(!answer.xml.contains("never shown"));
    }
}

/// Every refusal: the code, and that the words name what was asked for and why not.
fn refusals(scene: &mut Scene) {
    let path = |below: &str| format!("{}{below}", scene.root);
    let (string, table) = (path("X_EX_Types.String"), path("X_EX_Table."));
    let (fixed, up_time) = (path("X_EX_Fixed."), path("DeviceInfo.UpTime"));
    let (serial, absent) = (path("DeviceInfo.SerialNumber"), path("X_EX_Types.Absent"));
    let (int, mode) = (path("X_EX_Types.Int"), path("X_EX_Types.Mode"));
    let code = path("DeviceInfo.ProvisioningCode");
    let long = "x".repeat(65);
    let set = |name: &str, ty: &str, value: &str| rpc::set_values(&[(name, ty, value)], "key");
    #[rustfmt::skip]
    let all: Vec<(&str, Rpc, u16, Vec<&str>)> = vec![
        ("unknown-method", Rpc::new("X_EX_Dance", ""), 9000, vec!["not supported", "X_EX_Dance"]),
        ("delete-fixed", rpc::delete_object(&path("X_EX_Fixed.1."), ""), 9001, vec!["X_EX_Fixed.1.", "cannot be deleted"]),
        ("missing-argument", Rpc::new("GetParameterNames", "<NextLevel>1</NextLevel>"), 9003, vec!["ParameterPath"]),
        ("bad-argument", Rpc::new("GetParameterNames", "<ParameterPath/><NextLevel>perhaps</NextLevel>"), 9003, vec!["NextLevel"]),
        ("next-level-of-parameter", rpc::get_names(&string, true), 9003, vec!["NextLevel", &string]),
        ("table-is-full", rpc::add_object(&table, ""), 9004, vec![&table]),
        ("get-absent", rpc::get_values(&[&string, &absent]), 9005, vec!["no such", &absent]),
        ("get-attributes-absent", rpc::get_attributes(&[&absent]), 9005, vec!["no such", &absent]),
        ("get-names-absent", rpc::get_names(&absent, false), 9005, vec!["no such", &absent]),
        ("add-to-fixed", rpc::add_object(&fixed, ""), 9005, vec![&fixed]),
        ("add-to-parameter", rpc::add_object(&string, ""), 9005, vec![&string]),
        ("delete-absent", rpc::delete_object(&path("X_EX_Table.9."), ""), 9005, vec!["X_EX_Table.9."]),
        ("forced-notification", rpc::set_notification(&[&code], 0), 9009, vec![&code, "cannot be changed"]),
        ("denied-notification", rpc::set_notification(&[&up_time], 2), 9009, vec![&up_time, "not offered"]),
        ("bad-notification", rpc::set_notification(&[&string], 7), 9003, vec![&string, "Notification 7 is not"]),
        ("schedule-in-0-seconds", rpc::schedule_inform(0, ""), 9003, vec!["DelaySeconds"]),
        ("set-twice", rpc::set_values(&[(&string, "string", "a"), (&string, "string", "b")], ""), 9003, vec!["twice", &string]),
        ("set-absent", set(&absent, "string", "x"), 9003, vec!["no such", &absent]),
        ("set-object", set(&table, "string", "x"), 9003, vec![&table]),
        ("set-wrong-type", set(&int, "dateTime", "2024-01-31T12:00:00Z"), 9003, vec![&int]),
        ("set-too-long", set(&string, "string", &long), 9003, vec![&string, "64"]),
        ("set-out-of-range", set(&int, "int", "11"), 9003, vec![&int, "10"]),
        ("set-not-of-the-list", set(&mode, "string", "C"), 9003, vec![&mode]),
        ("set-read-only", set(&serial, "string", "x"), 9003, vec![&serial, "read only"]),
        ("set-several", rpc::set_values(&[(&string, "string", "x"), (&serial, "string", "x"), (&absent, "string", "<&>"), (&int, "dateTime", "2024-01-31T12:00:00Z"), (&mode, "string", "C")], "key"), 9003, vec!["and 3 more"]),
    ];
    let (asked, expected): (Vec<_>, Vec<_>) = all
        .into_iter()
        .map(|(name, rpc, code, words)| ((format!("fault-{code}-{name}"), rpc), (code, words)))
        .unzip();
    let full = scene.path("X_EX_Table.");
    scene.acs.plan([rpc::add_object(&full, "")]);
    scene.cpe.inform();
    scene.cpe.session(&mut scene.acs);
    let asked = asked.iter().map(|(name, rpc)| (name.as_str(), rpc.clone()));
    let answers = scene.ask(asked.collect());
    for (answer, (code, words)) in answers.iter().zip(expected) {
        assert_eq!(answer.fault(), Some(code), "{}", answer.xml);
        // SO-29, table F
        let client = matches!(code, 9003 | 9005..=9008);
        let faultcode = if client { "Client" } else { "Server" };
        assert_eq!(answer.text("faultcode").as_deref(), Some(faultcode));
        let text = answer.text("FaultString").unwrap();
        for word in words {
            assert!(text.contains(word), "{word:?} is not in {text:?}");
        }
    }
    // Of several wrong values each is named, with its own code and words (SV-07).
    let several = answers.last().unwrap();
    assert_eq!(several.texts("ParameterName"), [serial, absent, int, mode]);
    assert_eq!(
        several.texts("FaultCode"),
        ["9003", "9008", "9005", "9006", "9007"]
    );
}

/// What the disk refuses is an internal error that says so.
fn a_full_disk(scene: &mut Scene) {
    scene.cpe.home.refuse_writes("etc/cwmpd/state.toml", true);
    let answers = scene.ask(vec![("fault-9002-not-stored", rpc::reboot("k"))]);
    assert_eq!(answers[0].fault(), Some(9002), "{}", answers[0].xml);
    let text = answers[0].text("FaultString").unwrap();
    assert!(
        text.starts_with("the order could not be stored: "),
        "{text}"
    );
    scene.cpe.home.refuse_writes("etc/cwmpd/state.toml", false);
}

/// Odd requests: without an ID, with a long one, with a header that must be understood.
fn odd_requests(scene: &mut Scene) {
    let get = rpc::get_values(&[&scene.path("DeviceInfo.SerialNumber")]);
    let header = |header: &str| rpc::envelope(rpc::CWMP_1_2, "x", header, &get.body);
    let id = "<cwmp:ID soapenv:mustUnderstand=\"1\">x</cwmp:ID>";
    let long = format!("{}&amp;&lt;", "0123456789".repeat(8));
    let asked = [
        ("no-id", header("").replace(id, "")),
        ("long-id", header("").replace(">x<", &format!(">{long}<"))),
        (
            "soap/must-understand",
            header("<v:Lock xmlns:v=\"urn:example\" soapenv:mustUnderstand=\"1\">1</v:Lock>"),
        ),
    ];
    scene
        .acs
        .plan(asked.iter().map(|(_, xml)| Rpc::raw(xml.as_str())));
    scene.cpe.inform();
    let answers = scene.cpe.session(&mut scene.acs).answers;
    for ((name, _), answer) in asked.iter().zip(&answers) {
        let (home, port) = (&scene.cpe.home, &scene.port);
        let name = name.to_owned();
        match name.split_once('/') {
            // SOAP 1.1 4.4 forbids the detail that the rules of CWMP want: it stands apart.
            Some(_) => scene.album.keep(name, answer, home, port),
            None => scene.keep(&format!("response-{name}"), answer),
        }
    }
    assert_eq!(answers[0].id, "");
    assert_eq!(
        answers[2].text("faultcode").as_deref(),
        Some("soap-env:MustUnderstand")
    );
}

/// The Inform that offers each version, our request, and an answer and a fault in each namespace.
fn versions(album: &mut Album) {
    for (amendment, version) in [("1", "1-0"), ("2", "1-1"), ("3", "1-2"), ("4", "1-3")] {
        let acs_knows = format!("urn:dslforum-org:cwmp-{}", version.replace("1-3", "1-2"));
        let mut scene = Scene::new("Device.", album, |home| {
            home.cpe("amd_version", amendment)
                .acs("get_rpc_methods", "1")
        });
        scene.acs.brain.change(|brain| brain.namespace = acs_knows);
        let serial = scene.path("DeviceInfo.SerialNumber");
        scene
            .acs
            .plan([rpc::get_values(&[&serial]), Rpc::new("X_EX_Dance", "")]);
        let session = scene.session(
            &format!("inform-offering-{version}"),
            &["0 BOOTSTRAP", "1 BOOT"],
        );
        if version != "1-3" {
            let named = |what: &str| format!("{what}-in-{version}");
            scene.keep(&named("get-rpc-methods"), &session.requests[0]);
            scene.keep(&named("get-values-response"), &session.answers[0]);
            scene.keep(&named("fault"), &session.answers[1]);
        }
    }
}

/// Each of the device's requests, as the session makes them. Their answers have no text to look at.
fn requests(album: &mut Album) {
    let all = reports::all();
    let mut cpe = Harness::new(FakeModel::device(), |setup| {
        let report = |(id, (_, report))| AcsRequest::Report { id, report };
        setup.requests = (1..).zip(all.clone()).map(report).collect();
    });
    cpe.begin();
    let mut seen = cpe.reply(200, INFORM_RESPONSE);
    for (name, report) in all {
        let Seen::Posted(xml) = seen else {
            panic!("{name}: {seen:?}")
        };
        let id = text_of(&xml, "cwmp:ID").unwrap();
        let response = format!("<cwmp:{}Response/>", report.method());
        seen = cpe.reply(200, message(id, &response));
        album.0.insert(format!("request-{name}"), xml);
    }
    assert_eq!(seen, Seen::Empty);
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The names of the files there.
fn files(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("tests/golden").flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type().expect("a type").is_dir() {
            true => files(&entry.path(), &format!("{name}/"), found),
            false => found.extend(name.strip_suffix(".xml").map(str::to_owned)),
        }
    }
}

#[test]
fn every_envelope_is_as_it_was()
// SO-01 SO-02 SO-03 SO-05 SO-06 SO-07 SO-13 SO-17 SO-28 SO-29 SO-30 SO-34 SO-35 SE-15 IN-04 IN-09 DL-04 DL-05 RB-06
{
    let mut album = Album::default();
    for root in ["Device.", "InternetGatewayDevice."] {
        informs(&mut Scene::new(root, &mut album, |home| home));
        let mut scene = Scene::new(root, &mut album, |home| home);
        scene.cpe.session(&mut scene.acs);
        responses(&mut scene);
    }
    let mut scene = Scene::new("Device.", &mut album, |home| home);
    scene.cpe.session(&mut scene.acs);
    odd_requests(&mut scene);
    refusals(&mut scene);
    a_full_disk(&mut scene);
    // Before 2020 a clock counts as not set (SO-34).
    let mut scene = Scene::at("Device.", &mut album, 86_400, |home| home);
    scene.session("inform-clock-not-set", &["0 BOOTSTRAP", "1 BOOT"]);
    versions(&mut album);
    requests(&mut album);

    let folder = folder();
    let mut known = Vec::new();
    files(&folder, "", &mut known);
    if std::env::var_os("CWMPD_GOLDEN").is_some_and(|value| value == "write") {
        for name in known.iter().filter(|name| !album.0.contains_key(*name)) {
            fs::remove_file(folder.join(format!("{name}.xml"))).expect("remove a file");
        }
        fs::create_dir_all(folder.join("soap")).expect("make a folder");
        for (name, xml) in &album.0 {
            fs::write(folder.join(format!("{name}.xml")), xml).expect("write a file");
        }
        return;
    }
    known.sort();
    let sent: Vec<_> = album.0.keys().cloned().collect();
    assert_eq!(known, sent, "tests/golden and what is sent differ");
    for (name, xml) in &album.0 {
        let golden = fs::read_to_string(folder.join(format!("{name}.xml"))).expect("a file");
        assert_eq!(*xml, golden, "{name}");
    }
}
