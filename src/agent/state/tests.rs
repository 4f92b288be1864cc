use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::agent::files::tests::Scratch;
use crate::cwmp::event::{Event, EventCode};
use crate::cwmp::report::{DuReport, DuResult, Report};
use crate::cwmp::software::{DuOperation, DuOrder};
use crate::cwmp::transfer::{Kind, QueuedTransfer, TransferOrder, Window, WindowMode};
use crate::datamodel::attributes::{AttributeChange, Notification};
use crate::wire::dhcp::{Gateway, Offer};

/// A state with something in every field.
fn full() -> State {
    let mut events = EventQueue::default();
    assert!(events.push(Event::new(EventCode::Boot)));
    assert!(events.push(Event::with_key(EventCode::MReboot, "key \"1\"")));
    let mut attributes = Attributes::default();
    attributes
        .apply(&[AttributeChange {
            path: "Device.Time.Enable".into(),
            notification: Some(Notification::Active),
            access: Some(vec!["Subscriber".into()]),
        }])
        .unwrap();
    let mut notified = Known::default();
    notified.insert("Device.X".into(), "1", true);
    State {
        version: VERSION,
        boot_id: "0ca8".into(),
        bootstrapped_url: "https://acs.example/".into(),
        parameter_key: "p".into(),
        backend: "[a]\nb = \"\"\"c\"\"\"\n# end of the state\n".into(),
        retry: Retry {
            count: 3,
            wait_ms: u32::MAX,
            due_unix: -1,
            informed: true,
            url: "https://acs.example/".into(),
        },
        deferred: Deferred {
            reboot: vec!["key".into(), String::new()],
            reboot_needed: true,
            factory_reset: true,
            factory_reset_tries: 1,
        },
        connection_request: ConnectionRequest {
            path: "/x".into(),
            username: "u".into(),
            password: Secret::new("hunter2"),
            address: "192.0.2.1".into(),
        },
        dhcp: Dhcp {
            located_by: LocatedBy::Dhcp,
            url_set: "http://set/".into(),
            url_given_up: "http://given-up/".into(),
            overruled: ["retry_min_wait_interval".to_owned()].into(),
            v4: Offer {
                url: Some("http://a/".into()),
                provisioning_code: Some("c".into()),
                retry_minimum_wait: Some(1),
                retry_multiplier: Some(1000),
                gateway: Gateway {
                    manufacturer_oui: "00D09E".into(),
                    serial_number: "1".into(),
                    product_class: "R".into(),
                },
            },
            v6: Offer::default(),
        },
        statistics: Statistics {
            sessions: u32::MAX,
            succeeded: 1,
            failed: 2,
        },
        events,
        scheduled_informs: vec![ScheduledInform {
            command_key: "k".into(),
            delay: 9,
            made_unix: 1,
            due_unix: 10,
        }],
        transfers: vec![Transfer {
            id: 3,
            order: TransferOrder {
                kind: Kind::ScheduleDownload,
                command_key: "k".into(),
                url: "http://h/\"f".into(),
                password: Secret::new("hunter2"),
                windows: vec![Window {
                    end: 9,
                    mode: WindowMode::WhenIdle,
                    max_retries: -1,
                    ..Window::default()
                }],
                ..TransferOrder::default()
            },
            made_unix: 1,
            stage: Stage::Booted,
            begun: true,
            window: 1,
            failures: 2,
            started_unix: 3,
            software: "1.0".into(),
        }],
        software: vec![SoftwareChange {
            id: 4,
            order: DuOrder {
                command_key: "d".into(),
                operations: vec![DuOperation::default()],
            },
            results: vec![DuResult::default()],
            applying: true,
            started_unix: 5,
        }],
        reports: vec![
            Outgoing {
                id: 1,
                queued: Some(QueuedTransfer {
                    state: 3,
                    ..QueuedTransfer::default()
                }),
                refusals: 2,
                ..Outgoing::default()
            },
            Outgoing {
                id: 2,
                report: Report::DuStateChangeComplete(DuReport::default()),
                ..Outgoing::default()
            },
        ],
        last_id: 4,
        instance_numbers: [("InformParameter.".to_owned(), 7)].into_iter().collect(),
        pending_config: vec![["acs".into(), "url".into(), "http://a/".into()]],
        imported_notifications: "00ff".into(),
        attributes,
        notified,
    }
}

fn load(scratch: &Scratch) -> (StateFile, Option<Damage>) {
    StateFile::load(path(scratch))
}

fn path(scratch: &Scratch) -> PathBuf {
    scratch.0.join("state.toml")
}

fn saved(scratch: &Scratch, state: &State) {
    let (mut file, _) = load(scratch);
    file.state = state.clone();
    file.save().unwrap();
}

#[test]
fn everything_survives_and_others_may_not_read_it() // EV-06 EV-09 EV-10 EV-21
{
    let scratch = Scratch::new("state-round");
    let (mut file, damage) = StateFile::load(scratch.0.join("new/folder/state.toml"));
    assert!(damage.is_none());
    assert_eq!(file.state, State::default());
    file.state = full();
    assert!(file.save().unwrap());
    let path = scratch.0.join("new/folder/state.toml");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let (again, damage) = StateFile::load(path);
    assert!(damage.is_none());
    assert_eq!(again.state, full());
}

#[test]
fn only_changes_are_written() // EV-22
{
    let scratch = Scratch::new("state-wear");
    saved(&scratch, &full());
    let (mut file, _) = load(&scratch);
    let inode = || fs::metadata(path(&scratch)).unwrap().ino();
    let before = inode();
    file.state.statistics.sessions = 7;
    assert!(!file.save().unwrap());
    assert_eq!(inode(), before);
    assert!(file.flush().unwrap());
    assert!(!file.flush().unwrap());
    assert_eq!(load(&scratch).0.state.statistics.sessions, 7);
    file.state.parameter_key = "other".into();
    assert!(file.save().unwrap());
    assert!(!file.save().unwrap());
    assert_eq!(load(&scratch).0.state, file.state);
}

#[test]
fn a_crash_at_any_step_of_a_save_leaves_the_old_or_the_new_state() // EV-21
{
    let scratch = Scratch::new("state-crash");
    let temporary = scratch.0.join(".state.toml.cwmpd-new");
    saved(&scratch, &full());
    let new = State {
        parameter_key: "new".into(),
        ..full()
    };
    let other = Scratch::new("state-crash-other");
    saved(&other, &new);
    let text = fs::read(path(&other)).unwrap();
    // Cut at any byte of writing the temporary file; the last step is the whole file, not yet renamed.
    for written in (0..=text.len()).step_by(7).chain([text.len()]) {
        fs::write(&temporary, &text[..written]).unwrap();
        let (file, damage) = load(&scratch);
        assert!(damage.is_none());
        assert_eq!(file.state, full());
        assert_eq!(scratch.names(), ["state.toml"]);
    }
    // The rename was the last thing that happened.
    fs::write(&temporary, &text).unwrap();
    fs::rename(&temporary, path(&scratch)).unwrap();
    assert_eq!(load(&scratch).0.state, new);
}

#[test]
fn a_damaged_file_is_set_aside_and_a_fresh_state_takes_its_place() {
    let scratch = Scratch::new("state-damage");
    saved(&scratch, &full());
    let good = fs::read(path(&scratch)).unwrap();
    let text = String::from_utf8(good.clone()).unwrap();
    let mut not_utf8 = good.clone();
    not_utf8[10] = 0xff;
    let wrong: [(Vec<u8>, &str); 7] = [
        (Vec::new(), "cut short"),
        (good[..good.len() / 2].to_vec(), "cut short"),
        (not_utf8, "not UTF-8"),
        (
            text.replace("version = 1", "version = 2").into_bytes(),
            "of layout 2, which this version does not know",
        ),
        (
            text.replace("version = 1", "").into_bytes(),
            "of layout 0, which this version does not know",
        ),
        (
            text.replace("password = ", "password = 1 # ").into_bytes(),
            "not a state: line ",
        ),
        (vec![b'x'; 5 * 1024 * 1024], "larger than 4194304 bytes"),
    ];
    for (bytes, reason) in wrong {
        fs::write(path(&scratch), &bytes).unwrap();
        let (mut file, damage) = load(&scratch);
        let damage = damage.unwrap();
        assert!(damage.reason.contains(reason), "{damage}");
        assert!(!damage.to_string().contains("hunter2"));
        assert_eq!(fs::read(damage.kept_as.unwrap()).unwrap(), bytes);
        assert_eq!(file.state, State::default());
        assert!(file.save().unwrap());
        assert!(load(&scratch).1.is_none());
    }
    let kept = [
        "state.toml",
        "state.toml.damaged-1",
        "state.toml.damaged-2",
        "state.toml.damaged-3",
    ];
    assert_eq!(scratch.names(), kept);
}

#[test]
fn a_file_that_is_cut_anywhere_is_noticed() {
    let scratch = Scratch::new("state-cut");
    saved(&scratch, &full());
    let good = fs::read(path(&scratch)).unwrap();
    for length in (0..good.len()).step_by(10).chain([good.len() - 1]) {
        fs::write(path(&scratch), &good[..length]).unwrap();
        let (file, damage) = load(&scratch);
        assert!(damage.is_some(), "cut after {length} bytes");
        assert_eq!(file.state, State::default());
    }
}

#[test]
fn what_is_no_file_does_not_stop_us() {
    let scratch = Scratch::new("state-folder");
    fs::create_dir(path(&scratch)).unwrap();
    let (mut file, damage) = load(&scratch);
    assert!(damage.unwrap().kept_as.is_some());
    assert!(file.save().unwrap());
    assert!(load(&scratch).1.is_none());
}

#[test]
fn a_linked_state_stays_linked() {
    let scratch = Scratch::new("state-link");
    let real = Scratch::new("state-link-real");
    symlink(path(&real), path(&scratch)).unwrap();
    saved(&scratch, &full());
    assert_eq!(load(&real).0.state, full());
    fs::write(path(&real), "x").unwrap();
    assert!(load(&scratch).1.is_some());
    assert_eq!(
        (scratch.names(), real.names()),
        (
            vec!["state.toml".into()],
            vec!["state.toml.damaged-1".into()]
        )
    );
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let scratch = Scratch::new("state-large");
    saved(&scratch, &full());
    let (mut file, _) = load(&scratch);
    file.state.backend = "x".repeat(5 * 1024 * 1024);
    assert_eq!(file.save().unwrap_err().step, "serialize");
    assert_eq!(load(&scratch).0.state, full());
    // A failed save is made up for by the next.
    file.state.backend = "y".into();
    assert!(file.save().unwrap());
}

#[test]
fn fields_of_a_later_version_do_no_harm() {
    let scratch = Scratch::new("state-later");
    saved(&scratch, &full());
    let text = fs::read_to_string(path(&scratch)).unwrap();
    fs::write(path(&scratch), format!("later = 1\n{text}")).unwrap();
    let (file, damage) = load(&scratch);
    assert!(damage.is_none());
    assert_eq!(file.state, full());
}

/// The file of [`full`] as the first version wrote it, by another writer of TOML.
const FIRST: &str = r##"version = 1
boot_id = "0ca8"
bootstrapped_url = "https://acs.example/"
parameter_key = "p"
backend = '''
[a]
b = """c"""
# end of the state
'''
pending_config = [["acs", "url", "http://a/"]]
imported_notifications = "00ff"

[retry]
count = 3
wait_ms = 4294967295
due_unix = -1
informed = true
url = "https://acs.example/"

[deferred]
reboot = ["key", ""]
factory_reset = true
factory_reset_tries = 1

[connection_request]
path = "/x"
username = "u"
password = "hunter2"
address = "192.0.2.1"

[dhcp]
located_by = "dhcp"
url_set = "http://set/"
url_given_up = "http://given-up/"
overruled = ["retry_min_wait_interval"]

[dhcp.v4]
url = "http://a/"
provisioning_code = "c"
retry_minimum_wait = 1
retry_multiplier = 1000

[dhcp.v4.gateway]
manufacturer_oui = "00D09E"
serial_number = "1"
product_class = "R"

[dhcp.v6]

[[events]]
code = "1 BOOT"

[[events]]
code = "M Reboot"
command_key = 'key "1"'

[[scheduled_informs]]
command_key = "k"
delay = 9
made_unix = 1
due_unix = 10

[instance_numbers]
"InformParameter." = 7

[attributes."Device.Time.Enable"]
notification = 2
access = ["Subscriber"]

[notified]
"Device.X" = "1"

[statistics]
sessions = 4294967295
succeeded = 1
failed = 2
# end of the state
"##;

#[test]
fn the_file_of_the_first_version_is_read_and_ours_is_like_it() {
    let scratch = Scratch::new("state-first");
    fs::write(path(&scratch), FIRST).unwrap();
    let (file, damage) = load(&scratch);
    assert!(damage.is_none());
    // What has come since is not in it.
    let mut first = State {
        transfers: Vec::new(),
        software: Vec::new(),
        reports: Vec::new(),
        last_id: 0,
        ..full()
    };
    first.deferred.reboot_needed = false;
    assert_eq!(file.state, first);
    saved(&scratch, &first);
    let ours = fs::read_to_string(path(&scratch)).unwrap();
    // Only texts of several lines are written in another way.
    let rest = |text: &str| {
        let start = text.find("backend").unwrap();
        let end = text.find("pending_config").unwrap();
        format!("{}{}", &text[..start], &text[end..])
    };
    assert_eq!(rest(&ours), rest(FIRST));
    let table = |text: &str| text.parse::<::toml::Table>().unwrap();
    assert_eq!(table(&ours), table(FIRST));
}

#[test]
fn secrets_are_not_shown() {
    assert!(!format!("{:?}", full()).contains("hunter2"));
}

/// Thousands of attributes and a large overlay go through in one piece.
#[test]
fn a_large_state_survives() {
    let scratch = Scratch::new("state-many");
    let mut state = full();
    let changes: Vec<_> = (0..4000)
        .map(|n| AttributeChange {
            path: format!("Device.Hosts.Host.{n}.IPAddress"),
            notification: Some(Notification::Passive),
            access: None,
        })
        .collect();
    state.attributes.apply(&changes).unwrap();
    state.backend = "Device.X = 'y'\n".repeat(20_000);
    saved(&scratch, &state);
    assert_eq!(load(&scratch).0.state, state);
}

proptest! {
    // Each case syncs a disk several times.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_survives(texts in proptest::collection::vec(any::<String>(), 8), time: i64, number: u32) {
        let scratch = Scratch::new("state-any");
        let mut state = full();
        let [a, b, c, d, e, f, g, h] = <[String; 8]>::try_from(texts).unwrap();
        (state.boot_id, state.bootstrapped_url, state.parameter_key, state.backend) = (a, b, c, d);
        state.deferred.reboot = vec![e.clone()];
        state.connection_request.password = Secret::new(f.clone());
        state.scheduled_informs = vec![ScheduledInform { command_key: e, delay: number, made_unix: time, due_unix: time }];
        state.notified.insert(g.clone(), &h, true);
        state.attributes.apply(&[AttributeChange { path: h, notification: None, access: Some(vec![g, f]) }]).unwrap();
        saved(&scratch, &state);
        let (file, damage) = load(&scratch);
        prop_assert!(damage.is_none());
        prop_assert_eq!(file.state, state);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, byte: u8) {
        let scratch = Scratch::new("state-bytes");
        fs::write(path(&scratch), &bytes).unwrap();
        prop_assert!(load(&scratch).1.is_some());
        // And one wrong byte in a good file: read, or set aside.
        saved(&scratch, &full());
        let mut good = fs::read(path(&scratch)).unwrap();
        let at = at.index(good.len());
        good[at] = byte;
        fs::write(path(&scratch), &good).unwrap();
        let (file, damage) = load(&scratch);
        prop_assert!(damage.is_none() || file.state == State::default());
    }
}
