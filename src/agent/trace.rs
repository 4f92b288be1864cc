//! The messages of the running or last session, for `cwmp trace`: kept as they travelled, decoded when asked for,
//! with secrets masked.

use crate::wire::data::{Data, Entry, Map};
use crate::wire::payload::Payload;
use crate::wire::xml::{self, Element};
use crate::wire::xsd::DateTime;

/// What one session may keep in memory. A router has little, and a whole-tree answer is of no use on a screen.
const MAX_SESSION: usize = 96 * 1024;
/// A longer message is kept as its size only.
const MAX_MESSAGE: usize = 32 * 1024;
/// The last messages of a session. An ACS on the same link can ask for an hour's worth of empty ones in a second.
const MAX_RECORDS: usize = 512;

/// What an entry says of its message; the headers of the envelope stand beside it.
const KEYS: [&str; 7] = [
    "time",
    "direction",
    "status",
    "bytes",
    "message",
    "detail",
    "arguments",
];

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// This device.
    Cpe,
    /// The ACS.
    Acs,
}

/// One HTTP request or reply.
struct Record {
    unix: i64,
    from: From,
    /// HTTP status of a reply.
    status: Option<u16>,
    len: usize,
    /// The body, unless it was too long.
    body: Option<Vec<u8>>,
}

/// The messages of one session.
#[derive(Default)]
pub struct Trace {
    records: Vec<Record>,
    kept: usize,
    /// How many records a follower has been given.
    followed: usize,
}

impl Trace {
    /// Forgets the last session.
    pub fn start(&mut self) {
        *self = Trace::default();
    }

    /// Keeps a reply of the ACS.
    pub fn received(&mut self, unix: i64, status: u16, body: &[u8]) {
        self.add(unix, From::Acs, Some(status), body.len(), || body.to_vec());
    }

    /// Keeps a request of ours.
    pub fn sent(&mut self, unix: i64, body: &Payload) {
        self.add(unix, From::Cpe, None, body.len(), || body.to_vec());
    }

    fn add(
        &mut self,
        unix: i64,
        from: From,
        status: Option<u16>,
        len: usize,
        body: impl FnOnce() -> Vec<u8>,
    ) {
        let keep = len <= MAX_MESSAGE && self.kept + len <= MAX_SESSION;
        let body_kept = keep.then(body);
        self.kept += body_kept.as_ref().map_or(0, Vec::len);
        if self.records.len() >= MAX_RECORDS {
            let oldest = self.records.remove(0);
            self.kept -= oldest.body.map_or(0, |body| body.len());
            self.followed = self.followed.saturating_sub(1);
        }
        self.records.push(Record {
            unix,
            from,
            status,
            len,
            body: body_kept,
        });
    }

    /// Every message, decoded. `hidden` says which parameters the data model hides.
    pub fn render(&self, hidden: &dyn Fn(&str) -> bool) -> Vec<Data<'static>> {
        self.records
            .iter()
            .map(|record| render(record, hidden))
            .collect()
    }

    /// The messages that came since the last call.
    pub fn follow(&mut self, hidden: &dyn Fn(&str) -> bool) -> Vec<Data<'static>> {
        let new = self.records.iter().skip(self.followed);
        let new = new.map(|record| render(record, hidden)).collect();
        self.followed = self.records.len();
        new
    }

    /// Counts what was kept so far as given to the followers.
    pub fn follow_from_here(&mut self) {
        self.followed = self.records.len();
    }
}

fn render(record: &Record, hidden: &dyn Fn(&str) -> bool) -> Data<'static> {
    let mut out = Map::default();
    out.insert(
        "time",
        DateTime::from_unix(record.unix, 0).to_string().into(),
    );
    let direction = if record.from == From::Cpe {
        "sent"
    } else {
        "received"
    };
    out.insert("direction", direction.into());
    if let Some(status) = record.status {
        out.insert("status", status.into());
    }
    out.insert("bytes", record.len.into());
    match &record.body {
        Some(body) if body.is_empty() => {
            out.insert("message", "(empty)".into());
        }
        Some(body) => match xml::parse(body, &xml::Limits::default()) {
            Ok(document) => decode(&document.root, hidden, &mut out),
            Err(error) => {
                out.insert("message", format!("(not readable: {error})").into());
            }
        },
        None => {
            out.insert("message", "(too long to keep)".into());
        }
    }
    Data::Map(out)
}

fn decode(envelope: &Element, hidden: &dyn Fn(&str) -> bool, out: &mut Map<'static>) {
    for header in envelope.child("Header").map_or(&[][..], |h| &h.children) {
        // The ACS names them: none may stand for what we say of the message.
        if !KEYS.contains(&header.name.as_str()) {
            out.insert(header.name.clone(), header.text.clone().into());
        }
    }
    let Some(method) = envelope.child("Body").and_then(|b| b.children.first()) else {
        out.insert("message", "(no method)".into());
        return;
    };
    out.insert("message", method.name.clone().into());
    if !method.children.is_empty() {
        let arguments = value(method, hidden);
        let mut detail = String::new();
        describe(&arguments, 0, &mut detail);
        out.insert("detail", detail.into());
        out.insert("arguments", arguments);
    }
}

/// A struct of an array, when it holds nothing but texts: a parameter with its value, an event, an entry of a list.
fn row(item: &Data<'_>) -> Option<String> {
    let members = item.as_map()?;
    let texts: Option<Vec<(&str, &str)>> = members
        .iter()
        .map(|entry| Some((&*entry.key, entry.value.as_text()?)))
        .collect();
    Some(match texts?.as_slice() {
        [("Name", name), ("Value", value)] => format!("{name} = {}", value.escape_debug()),
        [("CommandKey", ""), ("EventCode", code)] => code.escape_debug().to_string(),
        texts => texts
            .iter()
            .map(|(name, text)| format!("{name}: {}", text.escape_debug()))
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// Arguments as indented lines, a struct of an array on one if it can be.
fn describe(value: &Data<'_>, depth: usize, out: &mut String) {
    match value {
        Data::Map(members) => {
            // What a struct is about comes first.
            let (names, rest): (Vec<_>, Vec<_>) = members
                .iter()
                .partition(|entry| entry.key == "Name" || entry.key == "ParameterName");
            for Entry { key, value, .. } in names.into_iter().chain(rest) {
                match single(value) {
                    Some(text) => line(depth, &format!("{key}: {}", text.escape_debug()), out),
                    None => {
                        line(depth, &format!("{key}:"), out);
                        describe(value, depth + 1, out);
                    }
                }
            }
        }
        Data::List(items) => {
            for item in items {
                match row(item) {
                    Some(text) => line(depth, &text, out),
                    None => describe(item, depth, out),
                }
            }
        }
        Data::Text(text) => line(depth, &text.escape_debug().to_string(), out),
        _ => {}
    }
}

/// A text, or the only one of an array.
fn single<'a>(value: &'a Data<'_>) -> Option<&'a str> {
    match value {
        Data::Text(text) => Some(text),
        Data::List(items) => match items.as_slice() {
            [] => Some(""),
            [Data::Text(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn line(depth: usize, text: &str, out: &mut String) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.extend(std::iter::repeat_n("  ", depth));
    out.push_str(text);
}

/// An argument as JSON: a list for an array, an object for a struct, text for the rest.
fn value(element: &Element, hidden: &dyn Fn(&str) -> bool) -> Data<'static> {
    if element.children.is_empty() {
        let empty_array = element.attribute("arrayType").is_some();
        return if empty_array {
            Data::List(Vec::new())
        } else {
            element.text.clone().into()
        };
    }
    if element.attribute("arrayType").is_some() {
        let items = element.children.iter().map(|c| value(c, hidden));
        return Data::List(items.collect());
    }
    let name = element.child_text("Name").unwrap_or_default().trim();
    let mut object = Map::default();
    for child in &element.children {
        let secret =
            is_secret(&child.name) || (child.name == "Value" && (is_secret(name) || hidden(name)));
        let shown = if secret && !child.text.is_empty() {
            "********".into()
        } else {
            value(child, hidden)
        };
        match object.slot(child.name.clone()) {
            // SetParameterValuesFault comes once per parameter, outside an array.
            Data::List(list) => list.push(shown),
            none @ Data::Null => *none = shown,
            first => *first = Data::List(vec![std::mem::take(first), shown]),
        }
    }
    Data::Map(object)
}

/// Whether a parameter or argument of this name holds a secret: the hidden ones of TR-181 and TR-098 and what vendors
/// call theirs. The data model knows only the parameters that it has.
fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "password",
        "passwd",
        "pwd",
        "encryptionkey",
        "keyvalue",
        "passphrase",
        "presharedkey",
        "secret",
        "wepkey",
        "keyphrase",
        "privatekey",
        "pin",
    ];
    let last = name
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    WORDS.iter().any(|word| {
        if *word == "pin" {
            last == "pin"
        } else {
            last.contains(word)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json;
    use serde_json::Value as Json;

    const NONE: &dyn Fn(&str) -> bool = &|_| false;

    fn rendered(trace: &Trace) -> Json {
        let all = Data::List(trace.render(NONE));
        serde_json::from_str(&json::text(&all)).unwrap()
    }

    fn envelope(body: &str) -> Vec<u8> {
        format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" xmlns:cwmp="urn:dslforum-org:cwmp-1-2"><s:Header><cwmp:ID s:mustUnderstand="1">7</cwmp:ID></s:Header><s:Body>{body}</s:Body></s:Envelope>"#
        )
        .into_bytes()
    }

    #[test]
    fn messages_are_decoded_and_secrets_masked() {
        // LS-04
        let mut trace = Trace::default();
        let spv = envelope(
            r#"<cwmp:SetParameterValues><ParameterList e:arrayType="cwmp:ParameterValueStruct[2]"><ParameterValueStruct><Name>Device.ManagementServer.Password</Name><Value>hunter2</Value></ParameterValueStruct><ParameterValueStruct><Name>Device.WiFi.SSID.1.SSID</Name><Value>home</Value></ParameterValueStruct></ParameterList><ParameterKey>k</ParameterKey></cwmp:SetParameterValues>"#,
        );
        trace.received(1_795_348_800, 200, &spv);
        let rendered = rendered(&trace);
        let text = rendered.to_string();
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(rendered[0]["message"], "SetParameterValues");
        assert_eq!(rendered[0]["ID"], "7");
        assert_eq!(
            rendered[0]["arguments"]["ParameterList"][1]["Value"],
            "home"
        );
        assert_eq!(rendered[0]["time"], "2026-11-22T12:00:00Z");
        assert_eq!(
            rendered[0]["detail"],
            "ParameterKey: k\nParameterList:\n  Device.ManagementServer.Password = ********\n  Device.WiFi.SSID.1.SSID = home"
        );
    }

    #[test]
    fn events_take_a_line_each() {
        let mut trace = Trace::default();
        let inform = envelope(
            r#"<cwmp:Inform><Event e:arrayType="cwmp:EventStruct[2]"><EventStruct><EventCode>1 BOOT</EventCode><CommandKey></CommandKey></EventStruct><EventStruct><EventCode>M Reboot</EventCode><CommandKey>k</CommandKey></EventStruct></Event></cwmp:Inform>"#,
        );
        trace.sent(0, &inform[..].into());
        assert_eq!(
            rendered(&trace)[0]["detail"],
            "Event:\n  1 BOOT\n  CommandKey: k, EventCode: M Reboot"
        );
    }

    #[test]
    fn attributes_begin_with_their_parameter() {
        let mut trace = Trace::default();
        let answer = envelope(
            r#"<cwmp:GetParameterAttributesResponse><ParameterList e:arrayType="cwmp:ParameterAttributeStruct[1]"><ParameterAttributeStruct><Name>Device.A</Name><Notification>2</Notification><AccessList e:arrayType="xsd:string[1]"><string>Subscriber</string></AccessList></ParameterAttributeStruct></ParameterList></cwmp:GetParameterAttributesResponse>"#,
        );
        trace.sent(0, &answer[..].into());
        assert_eq!(
            rendered(&trace)[0]["detail"],
            "ParameterList:\n  Name: Device.A\n  AccessList: Subscriber\n  Notification: 2"
        );
    }

    #[test]
    fn a_download_password_is_masked_and_a_user_name_is_not() {
        let mut trace = Trace::default();
        trace.received(
            0,
            200,
            &envelope(
                "<cwmp:Download><Username>u</Username><Password>p&amp;w</Password></cwmp:Download>",
            ),
        );
        let rendered = &rendered(&trace)[0];
        assert_eq!(rendered["arguments"]["Password"], "********");
        assert_eq!(rendered["arguments"]["Username"], "u");
    }

    #[test]
    fn long_messages_cost_no_memory_and_followers_see_each_once() {
        let mut trace = Trace::default();
        trace.sent(0, &vec![b'x'; MAX_MESSAGE + 1][..].into());
        assert_eq!(trace.kept, 0);
        assert_eq!(trace.follow(NONE).len(), 1);
        assert_eq!(trace.follow(NONE).len(), 0);
        trace.sent(0, &Payload::default());
        assert_eq!(
            trace.follow(NONE)[0].get("message"),
            Some(&"(empty)".into())
        );
        for _ in 0..10 {
            trace.received(0, 200, &vec![b'x'; MAX_MESSAGE]);
        }
        assert!(trace.kept <= MAX_SESSION);
    }

    #[test]
    fn what_the_data_model_hides_is_masked_whatever_its_name() {
        let mut trace = Trace::default();
        let spv = envelope(
            r#"<cwmp:SetParameterValues><ParameterList e:arrayType="cwmp:ParameterValueStruct[3]"><ParameterValueStruct><Name> Device.X_Door.PIN </Name><Value>hunter2</Value></ParameterValueStruct><ParameterValueStruct><Name> Device.X_Door.Code</Name><Value>hunter2</Value></ParameterValueStruct><ParameterValueStruct><Name>Device.UPA.Interface.1.EncryptionKey</Name><Value>hunter2</Value></ParameterValueStruct></ParameterList><ParameterKey>k</ParameterKey></cwmp:SetParameterValues>"#,
        );
        trace.received(0, 200, &spv);
        let hidden = |name: &str| name == "Device.X_Door.Code";
        let rendered = json::text(&Data::List(trace.render(&hidden)));
        assert!(!rendered.contains("hunter2"), "{rendered}");
        assert!(rendered.contains(r#""ParameterKey":"k""#), "{rendered}");
    }

    #[test]
    fn a_header_does_not_stand_for_what_we_say_of_a_message() {
        let mut trace = Trace::default();
        let body = String::from_utf8(envelope("<cwmp:Reboot/>")).unwrap();
        let body = body.replace(
            "</s:Header>",
            "<direction>sent</direction><detail>x</detail></s:Header>",
        );
        trace.received(0, 200, body.as_bytes());
        let rendered = &rendered(&trace)[0];
        assert_eq!(rendered["direction"], "received");
        assert_eq!(rendered["detail"], Json::Null);
    }

    #[test]
    fn a_session_without_end_keeps_its_last_messages() {
        // SE-18
        let mut trace = Trace::default();
        for n in 0..3 * MAX_RECORDS {
            trace.received(0, 200, format!("{n}").as_bytes());
            if n % 2 == 0 {
                assert!(trace.follow(NONE).len() <= 2);
            }
        }
        assert_eq!(trace.render(NONE).len(), MAX_RECORDS);
        assert_eq!(trace.follow(NONE).len(), 1);
        let kept: usize = trace.records.iter().map(|record| record.len).sum();
        assert_eq!(trace.kept, kept);
    }
}
