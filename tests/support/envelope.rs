//! A check of the envelopes that a CPE sends, independent of the code that writes them: what every one of them must
//! be, whatever it says. With `CWMPD_ENVELOPES=DIR` in the environment each is kept there too, to be validated
//! against the schemas; what else holds of CWMP does not hold of faults of the SOAP layer, which go into `DIR/soap`, and of
//! the Inform of a retry that has no event to tell, which goes into `DIR/no-event`.

use roxmltree::{Document, Node};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const ENCODING: &str = "http://schemas.xmlsoap.org/soap/encoding/";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XSD: &str = "http://www.w3.org/2001/XMLSchema";
const CWMP: [&str; 3] = [
    "urn:dslforum-org:cwmp-1-0",
    "urn:dslforum-org:cwmp-1-1",
    "urn:dslforum-org:cwmp-1-2",
];

/// Panics with everything that is wrong with an envelope, and keeps it.
pub fn verify(envelope: &[u8]) {
    let text = std::str::from_utf8(envelope).expect("an envelope is UTF-8"); // SO-05
    if let Some(dir) = std::env::var_os("CWMPD_ENVELOPES") {
        let soap_fault = text.contains("<faultcode>soap-env:MustUnderstand<");
        let kind = if soap_fault {
            "soap"
        } else if text.contains("\"cwmp:EventStruct[0]\"") {
            "no-event"
        } else {
            ""
        };
        let dir = std::path::Path::new(&dir).join(kind);
        let mut hasher = DefaultHasher::new();
        envelope.hash(&mut hasher);
        std::fs::create_dir_all(&dir).expect("the folder for envelopes");
        let file = dir.join(format!("{:016x}.xml", hasher.finish()));
        std::fs::write(file, envelope).expect("an envelope is kept");
    }
    let problems = check(text);
    assert!(problems.is_empty(), "{problems:#?}\n{text}");
}

/// What is wrong with an envelope.
pub fn check(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => return vec![error.to_string()],
    };
    let envelope = document.root_element();
    if !envelope.has_tag_name((SOAP, "Envelope")) {
        return vec!["not a SOAP 1.1 envelope".to_owned()]; // SO-01
    }
    for (prefix, uri) in [
        ("soap-env", SOAP),
        ("soap-enc", ENCODING),
        ("xsi", XSI),
        ("xsd", XSD),
    ] {
        if envelope.lookup_namespace_uri(Some(prefix)) != Some(uri) {
            problems.push(format!("{prefix} is not {uri}")); // SO-02
        }
    }
    let bodies: Vec<Node> = elements(envelope)
        .filter(|e| e.has_tag_name((SOAP, "Body")))
        .collect();
    let [body] = bodies.as_slice() else {
        return vec!["not exactly one body".to_owned()];
    };
    let methods: Vec<Node> = elements(*body).collect();
    let [method] = methods.as_slice() else {
        return vec!["not exactly one method".to_owned()];
    }; // SO-04
    let cwmp = envelope
        .lookup_namespace_uri(Some("cwmp"))
        .unwrap_or_default();
    if !CWMP.contains(&cwmp) {
        problems.push(format!("the cwmp namespace is {cwmp:?}")); // VN-02
    }
    check_header(envelope, method.tag_name().name(), cwmp, &mut problems);
    if method.has_tag_name((SOAP, "Fault")) {
        check_fault(*method, cwmp, &mut problems);
    } else if method.has_tag_name((cwmp, "Inform")) {
        check_inform(*method, &mut problems);
    } else if !method.has_tag_name((cwmp, method.tag_name().name())) {
        problems.push(format!(
            "{:?} is not in the cwmp namespace",
            method.tag_name()
        ));
    }
    check_transfers(*method, &mut problems);
    for element in method
        .descendants()
        .filter(|e| e.is_element() && e != method)
    {
        let is_cwmp_fault = element.has_tag_name((cwmp, "Fault"));
        if element.tag_name().namespace().is_some() && !is_cwmp_fault {
            problems.push(format!("{:?} is qualified", element.tag_name())); // SO-03
        }
        check_array(element, &mut problems);
        let ty = element.attribute((XSI, "type"));
        let is_value = element.has_tag_name("Value")
            && element
                .parent()
                .is_some_and(|p| !p.has_tag_name("ArgStruct"));
        if is_value != ty.is_some_and(|ty| ty.starts_with("xsd:")) {
            problems.push(format!("xsi:type {ty:?} on {}", element.tag_name().name())); // SO-07
        }
    }
    problems
}

fn check_header(envelope: Node, method: &str, cwmp: &str, problems: &mut Vec<String>) {
    let header = elements(envelope).filter(|e| e.has_tag_name((SOAP, "Header")));
    let mut ids = 0;
    for entry in header.flat_map(elements) {
        let name = entry.tag_name().name();
        let must_understand = entry.attribute((SOAP, "mustUnderstand"));
        let allowed = match name {
            "ID" => {
                ids += 1;
                ids == 1 && must_understand == Some("1")
            }
            // SO-18 VN-01
            "SessionTimeout" | "SupportedCWMPVersions" => {
                method == "Inform" && must_understand == Some("0")
            }
            _ => false, // SO-17
        };
        if !allowed || entry.tag_name().namespace() != Some(cwmp) {
            problems.push(format!("header {name} in {method}"));
        }
    }
}

/// The events of TR-069 table 8, Annex L and Annex O.
const EVENTS: [&str; 21] = [
    "0 BOOTSTRAP",
    "1 BOOT",
    "2 PERIODIC",
    "3 SCHEDULED",
    "4 VALUE CHANGE",
    "5 KICKED",
    "6 CONNECTION REQUEST",
    "7 TRANSFER COMPLETE",
    "8 DIAGNOSTICS COMPLETE",
    "9 REQUEST DOWNLOAD",
    "10 AUTONOMOUS TRANSFER COMPLETE",
    "11 DU STATE CHANGE COMPLETE",
    "12 AUTONOMOUS DU STATE CHANGE COMPLETE",
    "13 WAKEUP",
    "14 HEARTBEAT",
    "M Reboot",
    "M ScheduleInform",
    "M Download",
    "M ScheduleDownload",
    "M Upload",
    "M ChangeDUState",
];

/// SE-03 EV-02 EV-03 EV-04 IN-01 IN-05 IN-08 SO-34
fn check_inform(inform: Node, problems: &mut Vec<String>) {
    let mut must = |holds: bool, what: String| {
        if !holds {
            problems.push(what);
        }
    };
    let part = |name: &str| elements(inform).find(|e| e.has_tag_name(name));
    let of = |name: &str| part(name).into_iter().flat_map(elements);
    must(text(inform, "MaxEnvelopes") == "1", "MaxEnvelopes".into());
    let short = |text: &str, max: usize| text.chars().count() <= max;
    if let Some(device) = part("DeviceId") {
        let oui = text(device, "OUI");
        let digits = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
        must(oui.len() == 6 && digits(&oui), format!("OUI {oui:?}"));
        for name in ["Manufacturer", "ProductClass", "SerialNumber"] {
            must(short(&text(device, name), 64), format!("{name} is long"));
        }
    } else {
        must(false, "no DeviceId".into());
    }
    let mut events: Vec<(String, String)> = of("Event")
        .map(|event| (text(event, "EventCode"), text(event, "CommandKey")))
        .collect();
    // None at all only where a session that was cut short is tried again and the ACS knows all of them (RT-09).
    let retry = text(inform, "RetryCount") != "0";
    must(
        (retry || !events.is_empty()) && events.len() <= 64,
        format!("{events:?}"),
    );
    for (code, key) in &events {
        must(EVENTS.contains(&&code[..]), format!("event {code:?}"));
        let multiple = code.starts_with("M ");
        must(
            short(key, 32) && (multiple || key.is_empty()),
            format!("{code} with key {key:?}"),
        );
    }
    let codes = || events.iter().map(|(code, _)| code.as_str());
    let scheduled = ["3 SCHEDULED", "M ScheduleInform"].map(|one| codes().any(|code| code == one));
    must(scheduled[0] == scheduled[1], format!("{events:?}")); // EV-11
    events.retain(|(code, _)| !code.starts_with("M "));
    let single = events.len();
    events.sort();
    events.dedup();
    must(events.len() == single, "an event twice".into());
    let mut names: Vec<String> = of("ParameterList").map(|e| text(e, "Name")).collect();
    must(names.iter().all(|name| !name.is_empty()), "no Name".into());
    let told = names.len();
    names.sort();
    names.dedup();
    must(names.len() == told, "a parameter twice".into());
    let time = text(inform, "CurrentTime");
    let (date, zone) = time.split_at_checked(19).unwrap_or_default();
    let form = |text: &str, form: &str| {
        let fits = |(b, f): (u8, u8)| {
            if f == b'0' {
                b.is_ascii_digit()
            } else {
                b == f
            }
        };
        text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
    };
    let zoned = ["Z", "+00:00", "-00:00"]
        .iter()
        .any(|zone_form| form(zone, zone_form));
    must(
        form(date, "0000-00-00T00:00:00") && zoned,
        format!("CurrentTime {time:?}"),
    );
    must(!time.starts_with("1970"), format!("CurrentTime {time:?}"));
}

/// What a FaultStruct may say of a transfer, beside 0 and the codes of vendors.
const TRANSFER_FAULTS: [&str; 12] = [
    "9001", "9002", "9010", "9011", "9012", "9014", "9015", "9016", "9017", "9018", "9019", "9020",
];

/// The same of an operation on a deployment unit.
const UNIT_FAULTS: [&str; 19] = [
    "9001", "9003", "9012", "9013", "9015", "9016", "9017", "9018", "9022", "9023", "9024", "9025",
    "9026", "9027", "9028", "9029", "9030", "9031", "9032",
];

/// DL-01 DL-04 DL-26 RB-06
fn check_transfers(method: Node, problems: &mut Vec<String>) {
    let mut must = |holds: bool, what: String| {
        if !holds {
            problems.push(what);
        }
    };
    for element in method.descendants().filter(Node::is_element) {
        let name = element.tag_name().name();
        let is = |part: &str| text(element, part);
        match name {
            "DownloadResponse" | "UploadResponse" => {
                let waits = is("Status") == "1";
                for time in ["StartTime", "CompleteTime"] {
                    must(
                        waits == (is(time) == "0001-01-01T00:00:00Z"),
                        format!("{name} {time}"),
                    );
                }
            }
            "FaultStruct" => {
                let code = is("FaultCode");
                let known = TRANSFER_FAULTS.contains(&&code[..]) || is_vendors(&code);
                must((code == "0") != known, format!("{name} {code}"));
                must(
                    known != is("FaultString").is_empty(),
                    format!("{name} {code} without words"),
                );
            }
            "Results" => {
                let fault = elements(element).find(|e| e.has_tag_name("Fault"));
                let code = fault
                    .map(|fault| text(fault, "FaultCode"))
                    .unwrap_or_default();
                let known = UNIT_FAULTS.contains(&&code[..]) || is_vendors(&code);
                must((code == "0") != known, format!("{name} {code}"));
                let state = is("CurrentState");
                let states = ["Installed", "Uninstalled", "Failed"];
                must(states.contains(&&state[..]), format!("{name} {state:?}"));
                let groups: Vec<usize> = is("UUID").split('-').map(str::len).collect();
                must(
                    groups == [8, 4, 4, 4, 12],
                    format!("{name} {:?}", is("UUID")),
                );
                let autonomous = method.has_tag_name((
                    method.tag_name().namespace().unwrap_or_default(),
                    "AutonomousDUStateChangeComplete",
                ));
                must(
                    autonomous != is("OperationPerformed").is_empty(),
                    format!("{name} operation"),
                );
            }
            "QueuedTransferStruct" | "AllQueuedTransferStruct" => {
                must(
                    matches!(&is("State")[..], "1" | "2" | "3"),
                    format!("{name} State"),
                );
            }
            "TransferList" => must(elements(element).count() <= 16, "too many transfers".into()),
            "CommandKey" => {
                let key = element.text().unwrap_or_default();
                must(key.chars().count() <= 32, format!("CommandKey {key:?}"));
            }
            _ => {}
        }
    }
}

fn is_vendors(code: &str) -> bool {
    matches!(code.parse(), Ok(9800..=9899))
}

/// SO-28 SO-29 SO-30
fn check_fault(fault: Node, cwmp: &str, problems: &mut Vec<String>) {
    let faultcode = text(fault, "faultcode");
    if faultcode == "soap-env:MustUnderstand" {
        return;
    }
    if text(fault, "faultstring") != "CWMP fault" {
        problems.push("faultstring is not `CWMP fault`".to_owned());
    }
    let detail = elements(fault).find(|e| e.has_tag_name("detail"));
    let inner = detail.and_then(|d| elements(d).find(|e| e.has_tag_name((cwmp, "Fault"))));
    let Some(inner) = inner else {
        return problems.push("no cwmp:Fault in the detail".to_owned());
    };
    let code = text(inner, "FaultCode");
    let client = ["9003", "9005", "9006", "9007", "9008", "9021"].contains(&code.as_str());
    if faultcode != if client { "Client" } else { "Server" } {
        problems.push(format!("faultcode {faultcode} with {code}"));
    }
    if !matches!(code.parse(), Ok(9000..=9899)) || text(inner, "FaultString").is_empty() {
        problems.push(format!("fault {code} without words"));
    }
    for entry in elements(inner).filter(|e| e.has_tag_name("SetParameterValuesFault")) {
        let of = text(entry, "FaultCode");
        if code != "9003" || !matches!(of.as_str(), "9001" | "9005" | "9006" | "9007" | "9008") {
            problems.push(format!("SetParameterValuesFault {of} in {code}"));
        }
    }
}

/// SO-06
fn check_array(element: Node, problems: &mut Vec<String>) {
    let Some(array) = element.attribute((ENCODING, "arrayType")) else {
        return;
    };
    let parts = array
        .strip_suffix(']')
        .and_then(|array| array.split_once('['));
    let parts = parts.and_then(|(ty, count)| Some((ty.split_once(':')?, count)));
    let Some(((prefix, ty), count)) = parts else {
        return problems.push(format!("arrayType {array:?}"));
    };
    let children: Vec<Node> = elements(element).collect();
    if count != children.len().to_string() {
        problems.push(format!("{array} with {} children", children.len()));
    }
    if children.iter().any(|child| !child.has_tag_name(ty)) {
        problems.push(format!("{array}: a child is not named after it"));
    }
    if element.lookup_namespace_uri(Some(prefix)).is_none() {
        problems.push(format!("{array}: undeclared prefix"));
    }
}

fn elements<'a, 'i: 'a>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

fn text(parent: Node, name: &str) -> String {
    let child = elements(parent).find(|e| e.has_tag_name(name));
    child
        .and_then(|child| child.text())
        .unwrap_or_default()
        .to_owned()
}
