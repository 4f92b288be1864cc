use super::*;
use crate::wire::json::{parse, text};

#[derive(Debug, Default, PartialEq)]
struct Outer {
    count: u16,
    name: String,
    list: Vec<String>,
    pair: (String, String),
    maybe: Option<i64>,
    inner: Inner,
}

#[derive(Debug, Default, PartialEq)]
struct Inner {
    kind: bool,
}

record!(read Outer { count, name = "type", list, pair, maybe, ..inner } requires ["count"]);
record!(read Inner { kind });

#[derive(Debug, Default, PartialEq)]
struct Closed {
    a: u32,
    b: u32,
}

record!(Closed { a, b } strict);

fn outer(text: &str) -> Result<Outer, Wrong> {
    let mut outer = Outer::default();
    outer.read(parse(text)?)?;
    Ok(outer)
}

#[test]
fn a_record_is_read_and_written() {
    let given = r#"{"count":7,"type":"x","list":["a",""],"pair":["k","v"],"maybe":-1,"kind":true}"#;
    let read = outer(given).unwrap();
    assert_eq!(
        (read.count, read.maybe, read.inner.kind),
        (7, Some(-1), true)
    );
    let least = outer(r#"{"later":{"a":[]},"count":0,"maybe":null}"#).unwrap();
    let none = Outer {
        pair: <(String, String)>::default(),
        ..Outer::default()
    };
    assert_eq!(least, none);
}

#[test]
fn a_record_is_written_in_the_order_of_its_fields() {
    let mut closed = Closed::default();
    closed.read(parse(r#"{"b":2,"a":1}"#).unwrap()).unwrap();
    assert_eq!(text(&closed.data()), r#"{"a":1,"b":2}"#);
}

#[test]
fn what_is_wrong_is_named_and_its_value_is_not() {
    for (given, words) in [
        ("[]", "invalid type: expected a map"),
        ("{}", "missing field `count`"),
        (
            r#"{"count":65536}"#,
            "invalid type: expected u16 in `count` at line 1",
        ),
        (r#"{"count":1.0}"#, "invalid type: expected u16 in `count`"),
        (r#"{"count":-1}"#, "invalid type: expected u16 in `count`"),
        (r#"{"count":"1"}"#, "invalid type: expected u16 in `count`"),
        (r#"{"count":null}"#, "invalid type: expected u16 in `count`"),
        (r#"{"count":1,"count":1}"#, "duplicate field in `count`"),
        (
            "{\n\"count\":1,\n\"list\":[1]}",
            "invalid type: expected a string in `list` at line 3",
        ),
        (
            r#"{"list":"secret"}"#,
            "invalid type: expected a list in `list`",
        ),
        (
            r#"{"pair":["a"]}"#,
            "invalid length 1, expected 2 in `pair`",
        ),
        (
            r#"{"maybe":9223372036854775808}"#,
            "invalid type: expected i64 in `maybe`",
        ),
        (
            r#"{"kind":1}"#,
            "invalid type: expected a boolean in `kind`",
        ),
    ] {
        let told = outer(given).unwrap_err().to_string();
        assert!(told.starts_with(words), "{given}: {told}");
        assert!(!told.contains("secret"), "{told}");
    }
    let mut closed = Closed::default();
    let wrong = closed
        .read(parse("{\"a\":1,\n\"c\":2}").unwrap())
        .unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "unknown field `c`, expected one of `a`, `b` at line 2"
    );
}

#[test]
fn a_plain_value_is_as_it_was_written_without_an_exponent() {
    for (given, plain) in [
        ("\"text\"", Some("text")),
        ("true", Some("true")),
        ("-3", Some("-3")),
        ("2.50", Some("2.50")),
        ("18446744073709551616", Some("18446744073709551616")),
        ("1e3", Some("1000")),
        ("-1.5E+2", Some("-150")),
        ("1.25e1", Some("12.5")),
        ("1e-05", Some("0.00001")),
        ("0.05e1", Some("0.5")),
        ("0e5", Some("0")),
        ("-0.0e-1", Some("-0.00")),
        ("120.50e-2", Some("1.2050")),
        ("1e99999999999", Some("1e99999999999")),
        ("null", None),
        ("[]", None),
        ("{}", None),
    ] {
        let read = parse(given).unwrap().plain();
        assert_eq!(read.as_deref(), plain, "{given}");
    }
}

#[test]
fn a_map_keeps_the_alphabet_or_the_order_given() {
    let alphabet = Data::map([("b", 1u8.into()), ("a", 2u8.into()), ("b", 3u8.into())]);
    assert_eq!(text(&alphabet), r#"{"a":2,"b":3}"#);
    let order = Data::in_order([("b", 1u8.into()), ("a", Data::Null)]);
    assert_eq!(text(&order), r#"{"b":1,"a":null}"#);
    let mut map = order.into_map().unwrap();
    assert_eq!((map.remove("b"), map.remove("b")), (Some(1u8.into()), None));
    assert_eq!(map.len(), 1);
}
