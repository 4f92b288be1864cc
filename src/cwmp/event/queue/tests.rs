use super::*;
use crate::wire::json;
use proptest::prelude::*;

fn queue(codes: &[EventCode]) -> EventQueue {
    let mut queue = EventQueue::default();
    for code in codes {
        assert!(queue.push(Event::with_key(
            *code,
            if code.is_multiple() { "key" } else { "" }
        )));
    }
    queue
}

fn codes(queue: &EventQueue) -> Vec<EventCode> {
    queue.iter().map(|event| event.code).collect()
}

use EventCode::*;

#[test]
fn single_events_merge_and_multiple_ones_do_not() {
    // EV-01 EV-02 EV-17
    let mut queue = queue(&[Periodic, ValueChange, Periodic, DiagnosticsComplete]);
    queue.push(Event::new(DiagnosticsComplete));
    queue.push(Event::with_key(MDownload, "a"));
    queue.push(Event::with_key(MDownload, "b"));
    let sent = queue.mark_sent();
    assert_eq!(
        sent,
        [
            Event::new(Periodic),
            Event::new(ValueChange),
            Event::new(TransferComplete),
            Event::new(DiagnosticsComplete),
            Event::with_key(MDownload, "a"),
            Event::with_key(MDownload, "b"),
        ]
    );
}

#[test]
fn codes_have_their_exact_text() {
    // EV-03
    for code in EventCode::ALL {
        assert_eq!(code.text().parse(), Ok(code));
        let (number, name) = code.text().split_once(' ').unwrap();
        assert_eq!(number == "M", code.is_multiple());
        assert!(!name.is_empty() && name.trim() == name);
    }
    assert!("6 CONNECTION_REQUEST".parse::<EventCode>().is_err());
}

#[test]
fn only_multiple_events_carry_a_key_of_at_most_32_characters() {
    // EV-03 EV-04
    let event = Event::with_key(TransferComplete, "fw-1");
    assert_eq!(event.command_key, "");
    let event = Event::with_key(MDownload, &"é".repeat(40));
    assert_eq!(event.command_key, "é".repeat(32));
}

#[test]
fn bootstrap_discards_all_others() {
    // EV-06
    let mut queue = queue(&[Boot, ValueChange, MScheduleInform, Bootstrap, Boot]);
    assert_eq!(codes(&queue), [Bootstrap, Boot]);
    queue.on_reboot();
    assert_eq!(codes(&queue), [Bootstrap]);
    queue.mark_sent();
    queue.on_failure();
    assert_eq!(codes(&queue), [Bootstrap]);
}

#[test]
fn bootstrap_is_gone_once_acknowledged() {
    // EV-07
    let mut queue = queue(&[Bootstrap, Boot]);
    queue.mark_sent();
    queue.delivered_by(Confirmation::InformResponse);
    assert!(queue.is_empty());
}

#[test]
fn a_boot_drops_what_is_not_kept_over_it() {
    // EV-09
    let mut queue = queue(&EventCode::ALL[1..]);
    queue.on_reboot();
    assert_eq!(
        codes(&queue),
        [
            Periodic,
            Scheduled,
            TransferComplete,
            AutonomousTransferComplete,
            DuStateChangeComplete,
            AutonomousDuStateChangeComplete,
            MReboot,
            MScheduleInform,
            MDownload,
            MScheduleDownload,
            MUpload,
            MChangeDuState,
        ]
    );
}

#[test]
fn a_connection_request_is_never_retried() {
    // EV-09 EV-16
    let mut queue = queue(&[ConnectionRequest, Periodic]);
    queue.mark_sent();
    queue.on_failure();
    assert_eq!(codes(&queue), [Periodic]);
    // One that came during the failed session has not been tried yet.
    queue.mark_sent();
    queue.push(Event::new(ConnectionRequest));
    queue.on_failure();
    assert_eq!(codes(&queue), [Periodic, ConnectionRequest]);
}

#[test]
fn m_reboot_waits_for_the_boot() {
    // EV-10 RB-02
    let mut queue = EventQueue::default();
    queue.push(Event::with_key(MReboot, "one"));
    queue.push(Event::with_key(MReboot, "two"));
    queue.push(Event::new(Periodic));
    assert_eq!(queue.mark_sent(), [Event::new(Periodic)]);
    queue.delivered_by(Confirmation::InformResponse);
    queue.on_reboot();
    queue.push(Event::new(Boot));
    let expected = [
        Event::new(Boot),
        Event::with_key(MReboot, "one"),
        Event::with_key(MReboot, "two"),
    ];
    assert_eq!(queue.mark_sent(), expected);
}

#[test]
fn schedule_inform_brings_scheduled() {
    // EV-11
    let mut queue = EventQueue::default();
    queue.push(Event::with_key(MScheduleInform, "a"));
    queue.push(Event::with_key(MScheduleInform, "b"));
    assert_eq!(codes(&queue), [Scheduled, MScheduleInform, MScheduleInform]);
}

#[test]
fn transfers_are_delivered_by_transfer_complete_response() {
    // EV-12 EV-13 RT-09
    let mut queue = queue(&[Boot, MDownload, MUpload, MScheduleDownload]);
    queue.mark_sent();
    queue.delivered_by(Confirmation::InformResponse);
    queue.on_failure();
    assert_eq!(
        codes(&queue),
        [TransferComplete, MDownload, MScheduleDownload, MUpload]
    );
    queue.mark_sent();
    queue.delivered_by(Confirmation::TransferCompleteResponse);
    assert!(queue.is_empty());
}

#[test]
fn other_requests_confirm_their_own_events() {
    // EV-14
    for (code, confirmation) in [
        (Kicked, Confirmation::KickedResponse),
        (RequestDownload, Confirmation::RequestDownloadResponse),
        (
            AutonomousTransferComplete,
            Confirmation::AutonomousTransferCompleteResponse,
        ),
        (MChangeDuState, Confirmation::DuStateChangeCompleteResponse),
        (
            DuStateChangeComplete,
            Confirmation::DuStateChangeCompleteResponse,
        ),
        (
            AutonomousDuStateChangeComplete,
            Confirmation::AutonomousDuStateChangeCompleteResponse,
        ),
    ] {
        let mut queue = queue(&[code]);
        queue.mark_sent();
        queue.delivered_by(Confirmation::InformResponse);
        assert!(queue.contains(code), "{code}");
        queue.delivered_by(confirmation);
        assert!(queue.is_empty(), "{code}");
    }
}

#[test]
fn what_comes_during_a_session_belongs_to_the_next() {
    // NO-06 RT-08 SE-05
    let mut queue = queue(&[ValueChange]);
    queue.mark_sent();
    queue.push(Event::new(ValueChange));
    queue.delivered_by(Confirmation::InformResponse);
    assert_eq!(codes(&queue), [ValueChange]);
    queue.mark_sent();
    queue.push(Event::new(ValueChange));
    queue.push(Event::new(Periodic));
    queue.on_failure();
    assert_eq!(
        queue.mark_sent(),
        [Event::new(Periodic), Event::new(ValueChange)]
    );
}

#[test]
fn the_queue_is_bounded_and_keeps_room_for_single_events() {
    // EV-03
    let mut queue = EventQueue::default();
    let taken = (0..200)
        .filter(|n| queue.push(Event::with_key(MReboot, &n.to_string())))
        .count();
    assert!(taken > 30 && taken < CAPACITY);
    for code in EventCode::ALL
        .into_iter()
        .filter(|code| !code.is_multiple() && *code != Bootstrap)
    {
        assert!(queue.push(Event::new(code)));
    }
    assert!(queue.iter().count() <= CAPACITY);
    assert_eq!(queue.mark_sent().len(), queue.iter().count());
}

#[test]
fn the_saved_form_is_the_list_without_connection_requests() {
    // EV-21
    let mut before = queue(&[Boot, ConnectionRequest]);
    before.push(Event::with_key(MReboot, "k"));
    before.mark_sent();
    let text = json::text(&before.data());
    let read = |text: &str| {
        let mut queue = EventQueue::default();
        queue.read(json::parse(text).unwrap()).unwrap();
        queue
    };
    assert_eq!(
        text,
        r#"[{"code":"1 BOOT"},{"code":"M Reboot","command_key":"k"}]"#
    );
    assert_eq!(codes(&read(&text)), [Boot, MReboot]);
    let doubled = r#"[{"code":"4 VALUE CHANGE"},{"code":"1 BOOT"},{"code":"4 VALUE CHANGE"}]"#;
    assert_eq!(codes(&read(doubled)), [Boot, ValueChange]);
}

fn action() -> impl Strategy<Value = u8> {
    0..30u8
}

proptest! {
    #[test]
    fn an_inform_never_lists_a_single_event_twice(actions in prop::collection::vec(action(), 0..200)) { // EV-02
        let mut queue = EventQueue::default();
        for action in actions {
            match action {
                0..21 => { queue.push(Event::with_key(EventCode::ALL[action as usize], "k")); }
                21..24 => {
                    let sent = queue.mark_sent();
                    prop_assert!(sent.len() <= CAPACITY);
                    prop_assert!(sent.is_sorted_by_key(|event| event.code));
                    for pair in sent.windows(2) {
                        prop_assert!(pair[0].code.is_multiple() || pair[0].code != pair[1].code);
                    }
                    for event in &sent {
                        if let Some(companion) = event.code.companion() {
                            prop_assert!(sent.contains(&Event::new(companion)), "{}", event.code);
                        }
                    }
                }
                24..27 => queue.delivered_by(Confirmation::InformResponse),
                27 => queue.on_failure(),
                28 => queue.on_reboot(),
                _ => {
                    queue.delivered_by(Confirmation::TransferCompleteResponse);
                    queue.delivered_by(Confirmation::DuStateChangeCompleteResponse);
                }
            }
        }
    }
}
