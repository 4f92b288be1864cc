use super::*;
use crate::datamodel::{Access, DataType, Items, Range};
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
fn one_of_several_ranges_is_enough() {
    // SV-13 SV-18
    let several = |ty, ranges: &[(Option<i64>, Option<i64>)]| {
        let mut info = info(ty);
        let ranges = ranges.iter().map(|&(min, max)| Range { min, max });
        info.limits.ranges = ranges.collect();
        info
    };
    let key = several(Type::HexBinary, &[(Some(5), Some(5)), (Some(13), Some(13))]);
    accepted(&key, &[("0011aa3344", "0011AA3344")]);
    refused(&key, &["", "00112233", "001122334455"]);
    let number = several(Type::Int, &[(Some(-9), Some(-5)), (Some(1), None)]);
    accepted(&number, &[("-5", "-5"), ("2147483647", "2147483647")]);
    refused(&number, &["0", "-10", "2147483648"]);
    let words = |info, text| Value::parse("P", info, None, text).unwrap_err().text;
    assert_eq!(
        words(&number, "0"),
        "P: not within -9 to -5 or 1 to 2147483647"
    );
    assert_eq!(words(&key, ""), "P: not 5 or 13 bytes long");
    let wide = several(Type::UnsignedLong, &[(Some(5), None)]);
    accepted(&wide, &[("18446744073709551615", "18446744073709551615")]);
}

#[test]
fn strings_count_characters_not_bytes() {
    // SV-14
    let string = limited(Type::String, Some(2), Some(64));
    assert!(parse(&string, &"ä".repeat(64)).is_ok());
    refused(&string, &["a", "ä".repeat(65).as_str()]);
    // White space is part of a string.
    accepted(&string, &[("  ", "  "), (" a ", " a ")]);
    // No limit in the model: none here (TR-106 3.2.5).
    assert!(parse(&info(Type::String), &"x".repeat(1000)).is_ok());
}

#[test]
fn enumerations_are_exact() {
    // SV-15
    let string = one_of(false, &["Up", "Down"]);
    accepted(&string, &[("Up", "Up")]);
    refused(&string, &["up", "", "Up ", "Up,Down"]);
    accepted(&one_of(false, &["", "Up"]), &[("", "")]);
    let mut extendable = one_of(false, &["Up", "Down"]);
    refused(&extendable, &["X_EXAMPLE-COM_Half"]);
    extendable.limits.extendable = true;
    for text in ["Up", "X_EXAMPLE-COM_Half", "X_00005E_A"] {
        accepted(&extendable, &[(text, text)]);
    }
    let long = format!("X_00005E_{}", "a".repeat(23));
    refused(
        &extendable,
        &[
            "up",
            "Half",
            "X_",
            "X__a",
            "X_example_a",
            "X_00005E_",
            long.as_str(),
        ],
    );
}

#[test]
fn named_types_are_checked() {
    // SV-15: each of them is tested beside its table.
    let mut mac = info(Type::String);
    mac.limits.named = Some(DataType::MacAddress);
    accepted(
        &mac,
        &[("", ""), ("00:00:5e:00:53:01", "00:00:5e:00:53:01")],
    );
    refused(&mac, &["00-00-5E-00-53-01", " "]);
    let fault = Value::parse("Device.X.MAC", &mac, None, "s3cret").unwrap_err();
    assert_eq!(
        fault.text,
        "Device.X.MAC: not a MAC address such as 00:00:5E:00:53:01"
    );
    mac.limits.list = true;
    let pair = "00:00:5E:00:53:01,00:00:5E:00:53:02";
    accepted(&mac, &[("", ""), (&pair.replace(',', "\n, "), pair)]);
    refused(&mac, &["00:00:5E:00:53:01,x"]);
}

#[test]
fn references_are_full_paths() {
    // DM-02 SV-19
    let mut reference = info(Type::String);
    reference.limits.reference = true;
    accepted(
        &reference,
        &[
            ("", ""),
            ("Device.IP.Interface.1", "Device.IP.Interface.1"),
            ("Device.IP.Interface.1.", "Device.IP.Interface.1"),
            (
                "InternetGatewayDevice.WANDevice.1.",
                "InternetGatewayDevice.WANDevice.1",
            ),
        ],
    );
    refused(
        &reference,
        &[
            "IP.Interface.1",
            "Device.IP.Interface.*.",
            "Device.A.[b]",
            "Device..A",
            "Devices.A",
            ".",
        ],
    );
    reference.limits.list = true;
    accepted(
        &reference,
        &[("Device.A.1. , Device.B.2.", "Device.A.1,Device.B.2")],
    );
    refused(&reference, &["Device.A.1,,Device.B.2", "Device.A.1,x"]);
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
    accepted(&short, &[("a, b", "a,b"), ("\ta\r\n,\nb ", "a,b")]);
    refused(&short, &["aa,b"]);
    // Number, type and length of the items.
    let mut numbers = info(Type::String);
    numbers.limits.list = true;
    numbers.limits.items = Items {
        ty: Type::UnsignedInt,
        each: Range {
            min: Some(1),
            max: Some(10),
        },
        count: Range {
            min: Some(1),
            max: Some(3),
        },
    };
    accepted(&numbers, &[("1", "1"), (" +1, 010 ,3", "1,10,3")]);
    refused(&numbers, &["", " ", "0", "11", "1,2,3,4", "1,", "a", "1 2"]);
    let fault = Value::parse("P", &numbers, None, "1,x").unwrap_err();
    assert_eq!(fault.text, "P: item 2: not a number within 1 to 10");
    numbers.limits.items.ty = Type::String;
    accepted(&numbers, &[("ä, bbbbbbbbbb", "ä,bbbbbbbbbb")]);
    refused(&numbers, &["bbbbbbbbbbb"]);
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
    for text in [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        // Since boot, without a zone (TR-106 3.2.1).
        "0001-01-03T03:04:05",
        "0001-01-03T03:04:05.25",
        // Beyond 32 bits; leap years.
        "2106-02-07T06:28:16Z",
        "2024-02-29T00:00:00Z",
        "2000-02-29T00:00:00.000001Z",
    ] {
        accepted(&time, &[(text, text)]);
    }
    // One moment, one text (SV-19).
    for text in [
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00.000Z",
        "2024-01-01T00:00:00+00:00",
        "2024-01-01T00:00:00-00:00",
        "2024-01-01T02:00:00+02:00",
        "2023-12-31T19:30:00-04:30",
        "2023-12-31T24:00:00Z",
        " 2024-01-01T00:00:00Z\n",
    ] {
        accepted(&time, &[(text, "2024-01-01T00:00:00Z")]);
    }
    refused(
        &time,
        &[
            "",
            "2024-01-31",
            "2024-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-01-01T24:00:01Z",
            "2024-01-01T00:00:60Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+14:01",
            "now",
        ],
    );
    // What the device tells in local time stays so.
    let told = Info {
        ty: Type::DateTime,
        ..Info::default()
    };
    accepted(
        &told,
        &[("2024-01-01T02:00:00+02:00", "2024-01-01T02:00:00+02:00")],
    );
}

#[test]
fn binary() {
    // SV-18
    let hex = limited(Type::HexBinary, Some(1), Some(2));
    accepted(&hex, &[("0aFf", "0AFF"), (" 00 ", "00")]);
    refused(&hex, &["", "0", "000", "0g", "000000"]);
    let base64 = limited(Type::Base64, None, Some(3));
    accepted(&base64, &[("", ""), ("YQ==", "YQ=="), ("YW\nJj", "YWJj")]);
    refused(&base64, &["YQ", "YQ=", "YR==", "YQ==YQ==", "?", "YWJjZA=="]);
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
    fn integers_round_trip(number: u64, zeros in 0usize..40, around in "[ \\t\\r\\n]{0,3}") {
        // SV-13 SV-19
        let text = number.to_string();
        let other = format!("{around}+{}{text}{around}", "0".repeat(zeros));
        prop_assert_eq!(parse(&info(Type::UnsignedLong), &other), Ok(text));
    }

    #[test]
    fn an_integer_fits_or_not_as_arithmetic_says(number: i128, ty in 1usize..5, min: Option<i64>, max: Option<u64>) {
        // SV-13
        let number = number >> 60;
        let ty = ALL[ty];
        let (least, greatest) = ty.span().unwrap();
        let fits = (least.parse().unwrap()..=greatest.parse().unwrap()).contains(&number)
            && min.is_none_or(|min| i128::from(min) <= number)
            && max.is_none_or(|max| number <= i128::from(max));
        let parsed = parse(&limited(ty, min, max), &number.to_string());
        prop_assert_eq!(parsed, if fits { Ok(number.to_string()) } else { Err(Code::INVALID_PARAMETER_VALUE) });
    }

    #[test]
    fn a_decimal_fits_or_not_as_arithmetic_says(thousandths: i64, min: i32, max: u32) {
        // SV-13
        let thousandths = i128::from(thousandths >> 20);
        let (sign, digits) = (if thousandths < 0 { "-" } else { "" }, thousandths.unsigned_abs());
        let text = format!("{sign}{}.{:03}", digits / 1000, digits % 1000);
        let fits = i128::from(min) * 1000 <= thousandths && thousandths <= i128::from(max) * 1000;
        let info = limited(Type::Decimal, Some(min.into()), Some(max.into()));
        prop_assert_eq!(parse(&info, &text).is_ok(), fits);
    }

    #[test]
    fn a_moment_has_one_text(seconds in 0i64..253_402_000_000, offset in -840i32..=840) {
        // SV-17 SV-19
        let shown = |offset| crate::wire::xsd::DateTime::from_unix(seconds, offset).to_string();
        prop_assert_eq!(parse(&info(Type::DateTime), &shown(offset)), Ok(shown(0)));
    }

    #[test]
    fn bytes_have_one_text(bytes: Vec<u8>, at: prop::sample::Index) {
        // SV-18 SV-19
        use base64::Engine;
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        prop_assert_eq!(parse(&info(Type::HexBinary), &format!(" {hex}\n")), Ok(hex.to_uppercase()));
        let packed = base64::engine::general_purpose::STANDARD.encode(&bytes);
        let mut broken = packed.clone();
        broken.insert_str(at.index(packed.len() + 1), "\r\n ");
        prop_assert_eq!(parse(&info(Type::Base64), &broken), Ok(packed));
        let exact = limited(Type::Base64, Some(bytes.len() as i64), Some(bytes.len() as u64));
        prop_assert!(parse(&exact, &broken).is_ok());
    }

    #[test]
    fn a_list_is_its_items(items in prop::collection::vec("[a-z]([a-z ]{0,6}[a-z])?", 0..6), blanks in "[ \\t\\n]{0,2}") {
        // SV-16 SV-19
        let mut list = info(Type::String);
        list.limits.list = true;
        list.limits.items.count.max = Some(5);
        let text = items.join(&format!("{blanks},{blanks}"));
        prop_assert_eq!(parse(&list, &text), Ok(items.join(",")));
        let more = format!("{text},");
        prop_assert!(parse(&list, &more).is_err());
        list.limits.items.count.min = Some(items.len() as i64 + 1);
        prop_assert!(parse(&list, &text).is_err());
    }
}
