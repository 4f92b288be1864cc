use super::*;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::wire::json;

fn shown(show: fn(&Data<'_>, &mut dyn Write) -> io::Result<()>, value: Json) -> String {
    let mut out = Vec::new();
    show(&json::parse(&value.to_string()).unwrap(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_status_has_icwmps_parts_first() {
    let value = json!({
        "retry_count": 2,
        "cwmp": {"status": "up", "acs_url": "http://acs.example/\u{1b}[2J", "start_time": "2026-05-01T10:00:00Z"},
        "statistics": {"total_sessions": 3},
        "pending_events": [{"event": "1 BOOT", "command_key": ""}, {"event": "M Reboot", "command_key": "k"}],
        "last_session": {"status": "failure", "reason": "connect: refused"},
        "next_session": {"status": "waiting", "retry": null},
        "nothing": [],
    });
    assert_eq!(
        shown(status, value),
        "\
cwmp:
  status      up
  start time  2026-05-01T10:00:00Z
  acs url     http://acs.example/\\u{1b}[2J
last session:
  status  failure
  reason  connect: refused
next session:
  status  waiting
statistics:
  total sessions  3
pending events:
  EVENT     COMMAND KEY
  1 BOOT
  M Reboot  k
nothing      none
retry count  2
"
    );
}

#[test]
fn values_are_under_each_other_and_harmless() {
    let value = json!([
        {"parameter": "Device.A", "value": "two\nlines", "type": "xsd:string"},
        {"parameter": "Device.Longer", "value": " blanks ", "type": "xsd:string"},
        {"parameter": "Device.E", "value": "", "type": "xsd:string"},
    ]);
    assert_eq!(
        shown(values, value),
        "Device.A       two\\nlines\nDevice.Longer   blanks \nDevice.E\n"
    );
}

#[test]
fn tables_have_heads() {
    let value = json!([
        {"parameter": "Device.A", "writable": true},
        {"parameter": "Device.B.", "writable": false, "kind": "table"},
    ]);
    assert_eq!(
        shown(names, value),
        "\
PARAMETER  WRITABLE  KIND
Device.A   yes
Device.B.  no        table
"
    );
    let value =
        json!([{"parameter": "Device.A", "notification": 2, "access_list": ["Subscriber"]}]);
    assert_eq!(
        shown(attributes, value),
        "PARAMETER  NOTIFICATION  ACCESS LIST\nDevice.A   2             Subscriber\n"
    );
    assert_eq!(shown(events, json!([])), "no events\n");
}

#[test]
fn small_answers_are_words() {
    assert_eq!(
        shown(info, json!({"info": "session started"})),
        "session started\n"
    );
    assert_eq!(shown(done, json!({"status": 0})), "done\n");
    assert_eq!(shown(done, json!({"status": 1})), "done, in force later\n");
    assert_eq!(shown(added, json!({"instance": 3, "status": 0})), "3\n");
}

#[test]
fn a_trace_shows_messages_with_their_content() {
    let value = json!([{
        "time": "10:00:00", "direction": "sent", "message": "Inform", "status": 200,
        "arguments": {"RetryCount": "0"}, "detail": "<Inform>\n  <Event/>\u{7}\n</Inform>",
    }]);
    assert_eq!(
        shown(trace, value),
        "10:00:00 sent Inform status=200\n    <Inform>\n      <Event/>\\u{7}\n    </Inform>\n"
    );
    assert!(shown(trace, json!([])).starts_with("no messages"));
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::btree_map(
                ".{0,5}|status|parameter|value|detail|info",
                inner,
                0..4
            )
            .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_answer_can_be_shown(value in any_json()) {
        for show in [status, info, values, names, attributes, events, done, added, trace] {
            let text = shown(show, value.clone());
            prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
}
