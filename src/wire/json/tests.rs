use super::*;

use proptest::prelude::*;
use serde_json::Value;

/// What `serde_json` makes of the same.
fn same(data: &Data<'_>, value: &Value) -> bool {
    match (data, value) {
        (Data::Null, Value::Null) => true,
        (Data::Boolean(a), Value::Bool(b)) => a == b,
        (Data::Text(a), Value::String(b)) => a == b,
        // Ours keeps what does not fit into 64 bits as it is written.
        (Data::Number(a), Value::Number(b)) => match b.as_i64() {
            Some(b) => a.parse() == Ok(b),
            None => a.parse().ok() == b.as_f64() || a.parse().ok() == b.as_u64(),
        },
        (Data::List(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Data::Map(a), Value::Object(b)) => {
            a.iter().all(|entry| b.contains_key(&*entry.key))
                && b.iter()
                    .all(|(key, b)| a.get(key).is_some_and(|a| same(a, b)))
        }
        _ => false,
    }
}

fn agrees(text: &str) -> Result<(), String> {
    match (parse(text), serde_json::from_str::<Value>(text)) {
        (Ok(ours), Ok(theirs)) if same(&ours, &theirs) => Ok(()),
        (Err(_), Err(_)) => Ok(()),
        (Ok(_), Err(error)) if error.to_string().contains("number out of range") => Ok(()),
        (ours, theirs) => Err(format!("{text:?}: {ours:?} {theirs:?}")),
    }
}

#[test]
fn what_is_json_is_read_and_nothing_else() {
    for text in [
        "",
        " ",
        "null",
        "nul",
        "nulll",
        "true false",
        "[]",
        "[1,]",
        "[,]",
        "[1 2]",
        "[1",
        "{}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":[{}, [ ], \"\"]}} ",
        "-",
        "-0",
        "+1",
        "01",
        "1.",
        ".5",
        "1.5e",
        "1.5e+",
        "1.5E+30",
        "1e5",
        "0x10",
        "NaN",
        "18446744073709551616",
        "\"\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\\\\\"\"",
        "\"\\ud83d\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ude00\"",
        "\"\\u+123\"",
        "\"\\u12\"",
        "\"\\x\"",
        "\"a\nb\"",
        "\"a",
        "\"é\u{7f}\u{2028}\"",
        "\u{feff}1",
        "\u{a0}1",
    ] {
        agrees(text).unwrap();
    }
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [1, 126, 127, 128, 129, 100_000] {
        agrees(&nested(depth)).unwrap();
    }
    assert!(parse_bytes(b"\"\xff\"").is_err());
}

#[test]
fn a_mistake_has_its_place() {
    for (text, place) in [
        ("{\"a\": 1,\n \"b\" 2}", "expected `:` at line 2 column 6"),
        (
            "[1, 2",
            "expected `,` or the end of the list at line 1 column 6",
        ),
        ("{}\n\nx", "trailing characters at line 3 column 1"),
    ] {
        assert_eq!(parse(text).unwrap_err().to_string(), place);
    }
    let text = "{\n\"a\":\n1, \"b\": 2}";
    let lines: Vec<u32> = match parse(text).unwrap() {
        Data::Map(map) => map.iter().map(|entry| entry.line).collect(),
        _ => Vec::new(),
    };
    assert_eq!(lines, [2, 3]);
}

#[test]
fn texts_without_escapes_are_not_copied() {
    let Ok(Data::List(items)) = parse(r#"["plain", "esc\n"]"#) else {
        panic!()
    };
    assert!(matches!(items[0], Data::Text(Cow::Borrowed("plain"))));
    assert!(matches!(items[1], Data::Text(Cow::Owned(_))));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "(?s).{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("(?s).{0,5}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in any_json()) {
        let given = value.to_string();
        let data = parse(&given).unwrap();
        prop_assert!(same(&data, &value));
        let written = text(&data);
        // All control characters are escaped, one more than is needed.
        prop_assert_eq!(written.replace("\\u007f", "\u{7f}"), &*given);
        prop_assert_eq!(parse(&written).unwrap(), data.clone());
        prop_assert_eq!(data.clone().into_owned(), data);
    }

    #[test]
    fn nearly_json_is_read_as_others_do(text in "([\\[\\]{}:,\" ]|\\\\[u\"n/x]|[0-9a-f]{1,4}|[-+.eE]|true|null|\\PC|\n){0,12}") {
        prop_assert_eq!(agrees(&text), Ok(()));
    }

    #[test]
    fn numbers_are_those_of_json(text in "-?[0-9]{0,3}(\\.[0-9]{0,3})?([eE][-+]?[0-9]{0,2})?") {
        prop_assert_eq!(agrees(&text), Ok(()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_bytes(&bytes);
    }
}
