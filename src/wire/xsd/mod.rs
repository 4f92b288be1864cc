//! Lexical forms of XML Schema: what may stand in a value, whatever type it is.
//!
//! White space around a value is not part of it (XML Schema 2, `whiteSpace` = collapse).

mod binary;
mod date_time;

pub use binary::{base64, hex_binary};
pub use date_time::DateTime;

/// XML 1.0 `S`.
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// `xsd:boolean`: `0`, `1`, `true`, `false`.
pub fn boolean(text: &str) -> Option<bool> {
    match text.trim_matches(is_space) {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

/// `xsd:int`.
pub fn int(text: &str) -> Option<i32> {
    text.trim_matches(is_space).parse().ok()
}

/// `xsd:long`.
pub fn long(text: &str) -> Option<i64> {
    text.trim_matches(is_space).parse().ok()
}

/// `xsd:unsignedInt`.
pub fn unsigned_int(text: &str) -> Option<u32> {
    u32::try_from(unsigned_long(text)?).ok()
}

/// `xsd:unsignedLong`. A sign is accepted where the number allows it: `+5`, `-0`.
pub fn unsigned_long(text: &str) -> Option<u64> {
    let text = text.trim_matches(is_space);
    match text.strip_prefix('-') {
        Some(zeros) => (!zeros.is_empty() && zeros.bytes().all(|b| b == b'0')).then_some(0),
        None => text.parse().ok(),
    }
}

/// `xsd:decimal`: the number without white space around it, or `None` when it is not one.
pub fn decimal(text: &str) -> Option<&str> {
    let text = text.trim_matches(is_space);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let legal = whole.len() + fraction.len() > 0
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit());
    legal.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boolean_has_four_forms() {
        // SO-35
        assert_eq!(
            [" 1\n", "true", "0", "\tfalse "].map(boolean),
            [Some(true), Some(true), Some(false), Some(false)]
        );
        for text in [
            "", "True", "TRUE", "yes", "enabled", "2", "01", "t", "1 1", "\u{A0}1",
        ] {
            assert_eq!(boolean(text), None, "{text:?}");
        }
    }

    #[test]
    fn integers_in_every_legal_form() {
        assert_eq!(
            [" 0300 ", "+5", "-0", "-2147483648", "2147483647"].map(int),
            [300, 5, 0, i32::MIN, i32::MAX].map(Some)
        );
        assert_eq!(
            ["-9223372036854775808", "+9223372036854775807"].map(long),
            [i64::MIN, i64::MAX].map(Some)
        );
        assert_eq!(
            ["\n0300\t", "+5", "-000", "4294967295"].map(unsigned_int),
            [300, 5, 0, u32::MAX].map(Some)
        );
        assert_eq!(
            ["18446744073709551615", "-0"].map(unsigned_long),
            [u64::MAX, 0].map(Some)
        );
        assert_eq!(int(&format!("{}7", "0".repeat(10_000))), Some(7));
        for text in [
            "", " ", "+", "-", "--1", "+-1", "1 2", "1.0", "0x10", "1e3", "٣", "\u{A0}1",
        ] {
            assert_eq!(int(text), None, "{text:?}");
            assert_eq!(long(text), None, "{text:?}");
            assert_eq!(unsigned_int(text), None, "{text:?}");
            assert_eq!(unsigned_long(text), None, "{text:?}");
        }
        assert_eq!(["2147483648", "-2147483649"].map(int), [None; 2]);
        assert_eq!(
            ["9223372036854775808", "-9223372036854775809"].map(long),
            [None; 2]
        );
        assert_eq!(["4294967296", "-1", "-01"].map(unsigned_int), [None; 3]);
        assert_eq!(["18446744073709551616", "-1"].map(unsigned_long), [None; 2]);
    }

    #[test]
    fn decimal_needs_a_digit_and_no_exponent() {
        for text in [
            "0",
            "-1.23",
            "12678967.543233",
            "+100000.00",
            "210",
            "210.",
            ".5",
            "-.5",
        ] {
            assert_eq!(decimal(text), Some(text));
            assert_eq!(decimal(&format!(" {text}\n")), Some(text));
        }
        for text in [
            "", ".", "+", "-.", "1e5", "1.2.3", "1,2", "INF", "NaN", "--1", "1 2", "１",
        ] {
            assert_eq!(decimal(text), None, "{text:?}");
        }
    }
}
