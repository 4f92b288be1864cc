use super::*;

use proptest::prelude::*;

#[test]
fn commands_are_read() {
    for (text, command) in [
        (r#"{"command":"status"}"#, Command::Status),
        (
            r#" {"command":"inform","event":"boot"} "#,
            Command::Inform {
                event: Some("1 BOOT".into()),
                get_rpc_methods: false,
                wait: false,
            },
        ),
        (
            r#"{"command":"set","values":[["Device.A","x=y"]]}"#,
            Command::Set {
                values: vec![("Device.A".into(), "x=y".into())],
            },
        ),
        (
            r#"{"command":"names","path":""}"#,
            Command::Names {
                path: String::new(),
                next_level: false,
            },
        ),
    ] {
        assert_eq!(parse(text.as_bytes()), Ok(command));
    }
}

#[test]
fn what_is_not_a_command_is_refused_with_a_reason() {
    for (text, words) in [
        ("", "not a JSON object"),
        ("status", "not a JSON object"),
        ("[]", "not a command"),
        (r#"{"command":"reboot"}"#, "unknown variant `reboot`"),
        (r#"{"command":"stop","now":true}"#, "unknown field `now`"),
        (
            r#"{"command":"get","paths":[],"path":""}"#,
            "unknown field `path`",
        ),
        (r#"{"command":"get"}"#, "missing field `paths`"),
        (r#"{"command":"get","paths":[1]}"#, "expected a string"),
        (r#"{"command":"set","values":[["a"]]}"#, "invalid length 1"),
        (
            r#"{"command":"inform","event":"10"}"#,
            "no such event; events are 0 BOOTSTRAP, 1 BOOT",
        ),
        (
            &format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
            "recursion limit",
        ),
        (
            r#"{"command":"status"} {"command":"stop"}"#,
            "trailing characters",
        ),
    ] {
        let error = parse(text.as_bytes()).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn replies_have_one_key() {
    for (reply, text) in [
        (Reply::info("a\nb"), r#"{"ok":{"info":"a\nb"}}"#),
        (
            Reply::Fault {
                code: 9005,
                text: "no".into(),
            },
            r#"{"fault":{"code":9005,"text":"no"}}"#,
        ),
        (
            Reply::Busy {
                text: "later".into(),
            },
            r#"{"busy":{"text":"later"}}"#,
        ),
        (
            Reply::Error { text: "no".into() },
            r#"{"error":{"text":"no"}}"#,
        ),
    ] {
        let line = reply_line(&reply);
        assert_eq!(line, format!("{text}\n"));
        assert_eq!(Reply::read(json::parse(&line).unwrap()), Ok(reply));
    }
}

#[test]
fn a_reply_that_is_too_long_becomes_an_error() {
    let line = reply_line(&Reply::Ok("x".repeat(MAX_REPLY).into()));
    assert!(line.starts_with(r#"{"error":"#) && line.len() < 200);
}

fn commands() -> impl Strategy<Value = Command> {
    let text = any::<String>;
    let list = || proptest::collection::vec(any::<String>(), 0..4);
    prop_oneof![
        Just(Command::Status),
        (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(event, get_rpc_methods, wait)| {
            Command::Inform {
                event: event.then(|| "4 VALUE CHANGE".to_owned()),
                get_rpc_methods,
                wait,
            }
        }),
        list().prop_map(|paths| Command::Get { paths }),
        (text(), any::<bool>()).prop_map(|(path, next_level)| Command::Names { path, next_level }),
        proptest::collection::vec((text(), text()), 0..4)
            .prop_map(|values| Command::Set { values }),
        text().prop_map(|table| Command::Add { table }),
        text().prop_map(|instance| Command::Delete { instance }),
        list().prop_map(|paths| Command::Attributes { paths }),
        any::<bool>().prop_map(|follow| Command::Trace { follow }),
        Just(Command::Stop),
    ]
}

proptest! {
    #[test]
    fn a_command_survives_the_wire(command in commands()) {
        let line = line(&command.data());
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(parse(line.as_bytes()), Ok(command));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn nearly_commands_are_read_or_refused(
        name in "(status|inform|get|set|trace|stop)",
        key in "(paths|event|values|follow|x)",
        value in "(null|1|true|\"\"|\\[\\]|\\{\\}|\\[\\[\"a\",\"b\"\\]\\]|\\[\"a\"\\])",
    ) {
        let _ = parse(format!("{{\"command\":\"{name}\",\"{key}\":{value}}}").as_bytes());
    }
}
