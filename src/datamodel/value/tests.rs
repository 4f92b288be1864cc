use super::*;
use crate::datamodel::Access;
use proptest::prelude::*;

fn info(ty: Type) -> Info {
    Info {
        ty,
        access: Access::ReadWrite,
        ..Info::default()
    }
}

fn limited(ty: Type, min: Option<i64>, max: Option<u64>) -> Info {
    let mut info = info(ty);
    info.limits.min = min;
    info.limits.max = max;
    info
}

fn one_of(list: bool, values: &[&str]) -> Info {
    let mut info = info(Type::String);
    info.limits.values = values.iter().map(|value| value.to_string()).collect();
    info.limits.list = list;
    info
}

fn parse(info: &Info, text: &str) -> Result<String, Code> {
    let value = Value::parse("Device.X.P", info, Some(info.ty), text);
    value.map(Value::into_text).map_err(|fault| fault.code)
}

/// All of these are fault 9007.
fn refused(info: &Info, texts: &[&str]) {
    for text in texts {
        assert_eq!(
            parse(info, text),
            Err(Code::INVALID_PARAMETER_VALUE),
            "{text:?}"
        );
    }
}

/// Text and canonical text.
fn accepted(info: &Info, texts: &[(&str, &str)]) {
    for (text, canonical) in texts {
        assert_eq!(parse(info, text).as_deref(), Ok(*canonical), "{text:?}");
    }
}

const ALL: [Type; 10] = [
    Type::String,
    Type::Int,
    Type::Long,
    Type::UnsignedInt,
    Type::UnsignedLong,
    Type::Boolean,
    Type::DateTime,
    Type::Base64,
    Type::HexBinary,
    Type::Decimal,
];

#[test]
fn type_names_round_trip() {
    // GV-05
    for ty in ALL {
        assert_eq!(Type::from_xsd_name(ty.xsd_name()), Some(ty));
    }
    assert_eq!(Type::from_xsd_name("base64"), Some(Type::Base64));
    assert_eq!(Type::from_xsd_name("anyURI"), None);
}

#[test]
fn a_type_that_does_not_fit_is_9006() {
    // SV-11
    let parse = |given| Value::parse("P", &info(Type::Int), given, "5").map_err(|f| f.code);
    assert_eq!(parse(Some(Type::String)), Err(Code::INVALID_PARAMETER_TYPE));
    assert_eq!(
        parse(Some(Type::UnsignedInt)),
        Err(Code::INVALID_PARAMETER_TYPE)
    );
    assert_eq!(parse(Some(Type::Int)).unwrap().text(), "5");
    assert_eq!(parse(None).unwrap().ty(), Type::Int);
}

#[test]
fn booleans() {
    // SV-12
    let boolean = info(Type::Boolean);
    accepted(
        &boolean,
        &[
            ("1", "true"),
            ("0", "false"),
            ("true ", "true"),
            ("\nfalse", "false"),
        ],
    );
    refused(&boolean, &["TRUE", "yes", "", "01", "2"]);
}

#[test]
fn integers_keep_to_the_range_of_their_type() {
    // SV-13
    let unsigned = info(Type::UnsignedInt);
    accepted(
        &unsigned,
        &[
            ("0", "0"),
            ("-0", "0"),
            (" 0300 ", "300"),
            ("+7", "7"),
            ("4294967295", "4294967295"),
        ],
    );
    refused(
        &unsigned,
        &[
            "4294967296",
            "-1",
            "",
            "1.0",
            "1e3",
            "0x10",
            "1 2",
            "\u{664}",
            "9".repeat(60).as_str(),
        ],
    );
    accepted(&info(Type::Int), &[("-2147483648", "-2147483648")]);
    refused(&info(Type::Int), &["2147483648", "-2147483649"]);
    accepted(
        &info(Type::Long),
        &[("-9223372036854775808", "-9223372036854775808")],
    );
    refused(&info(Type::Long), &["9223372036854775808"]);
    accepted(
        &info(Type::UnsignedLong),
        &[("18446744073709551615", "18446744073709551615")],
    );
    refused(&info(Type::UnsignedLong), &["18446744073709551616"]);
}

#[test]
fn numbers_keep_to_the_limits_of_the_model() {
    // SV-13
    let limited = limited(Type::Int, Some(-1), Some(100));
    accepted(&limited, &[("-1", "-1"), ("100", "100")]);
    refused(&limited, &["-2", "101"]);
    let fault = Value::parse("Device.X.P", &limited, None, "101").unwrap_err();
    assert_eq!(fault.text, "Device.X.P: not within -1 to 100");
}

#[test]
fn strings_count_characters_not_bytes() {
    // SV-14
    let string = limited(Type::String, Some(2), Some(64));
    assert!(parse(&string, &"ä".repeat(64)).is_ok());
    refused(&string, &["a", "ä".repeat(65).as_str()]);
    // White space is part of a string.
    accepted(&string, &[("  ", "  "), (" a ", " a ")]);
    // No limit in the model: none here.
    assert!(parse(&info(Type::String), &"x".repeat(1000)).is_ok());
}

#[test]
fn enumerations_are_exact() {
    // SV-15
    let string = one_of(false, &["Up", "Down"]);
    accepted(&string, &[("Up", "Up")]);
    refused(&string, &["up", "", "Up ", "Up,Down"]);
    accepted(&one_of(false, &["", "Up"]), &[("", "")]);
}

#[test]
fn lists_are_checked_item_by_item() {
    // SV-16
    let list = one_of(true, &["a", "b c"]);
    accepted(
        &list,
        &[("", ""), ("a", "a"), ("a , b c", "a,b c"), (" ", "")],
    );
    refused(&list, &["a,", "a,,b c", "a,x", ","]);
    let mut short = limited(Type::String, None, Some(3));
    short.limits.list = true;
    accepted(&short, &[("a, b", "a,b")]);
    refused(&short, &["aa,b"]);
}

#[test]
fn times() {
    // SV-17
    let time = info(Type::DateTime);
    for text in [
        "2024-01-31T12:00:00Z",
        "2024-01-31T12:00:00.000Z",
        "2024-01-31T12:00:00+02:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2040-01-01T00:00:00Z",
    ] {
        assert!(parse(&time, text).is_ok(), "{text}");
    }
    accepted(&time, &[("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]);
    refused(&time, &["", "2024-01-31", "2024-13-01T00:00:00Z", "now"]);
}

#[test]
fn binary() {
    // SV-18
    let hex = limited(Type::HexBinary, Some(1), Some(2));
    accepted(&hex, &[("0aFf", "0AFF"), (" 00 ", "00")]);
    refused(&hex, &["", "0", "000", "0g", "000000"]);
    let base64 = limited(Type::Base64, None, Some(3));
    accepted(&base64, &[("", ""), ("YQ==", "YQ=="), ("YW\nJj", "YWJj")]);
    refused(&base64, &["YQ", "YQ=", "?", "YWJjZA=="]);
}

#[test]
fn decimals() {
    let decimal = limited(Type::Decimal, Some(-1), Some(10));
    accepted(
        &decimal,
        &[
            ("+01.50", "1.5"),
            ("-0.0", "0"),
            (".5", "0.5"),
            ("10.", "10"),
            ("-1", "-1"),
        ],
    );
    refused(
        &decimal,
        &["", ".", "-", "1e3", "1.2.3", "10.5", "-1.01", "nan", "inf"],
    );
}

#[test]
fn secrets_stay_out_of_words() {
    let mut info = limited(Type::String, None, Some(4));
    info.hidden = true;
    let fault = Value::parse("Device.X.Password", &info, None, "s3cret").unwrap_err();
    assert_eq!(fault.text, "Device.X.Password: longer than 4 characters");
    let value = Value::parse("Device.X.Password", &info, None, "s3cr").unwrap();
    assert!(!format!("{value:?}").contains("s3cr"));
}

proptest! {
    #[test]
    fn canonical_text_is_stable(text in "[-+.0-9a-fA-F:TZ,= truefalsexäÿ]{0,24}", ty in 0..ALL.len()) {
        let info = info(ALL[ty]);
        if let Ok(canonical) = parse(&info, &text) {
            prop_assert_eq!(parse(&info, &canonical), Ok(canonical.clone()));
        }
    }

    #[test]
    fn integers_round_trip(number: u64) {
        let text = number.to_string();
        prop_assert_eq!(parse(&info(Type::UnsignedLong), &text), Ok(text));
    }
}
