//! Strings, numbers, booleans, dates.

use std::borrow::Cow;

use crate::wire::data::Data;
use crate::wire::data::scan::{ESCAPE, Read, Scan, escaped};
use crate::wire::json::is_number;

/// Takes the end of a line.
pub(super) fn newline(scan: &mut Scan<'_>) -> bool {
    let found = scan.take("\n") || scan.take("\r\n");
    scan.line += u32::from(found);
    found
}

/// Takes what stands between words.
pub(super) fn blanks(scan: &mut Scan<'_>) {
    scan.until(|c| !matches!(c, ' ' | '\t'));
}

/// A string, whose first quotation mark is next. `long`: it may have several lines, between three marks each.
pub(super) fn string<'a>(scan: &mut Scan<'a>, long: bool) -> Read<Cow<'a, str>> {
    let (mark, marks) = match scan.peek() {
        Some(b'"') => ("\"", "\"\"\""),
        _ => ("'", "'''"),
    };
    let long = long && scan.take(marks);
    if long {
        newline(scan);
    } else {
        scan.at += 1;
    }
    let mut text = Cow::Borrowed("");
    loop {
        text += scan.until(match mark {
            "\"" => |c| matches!(c, '"' | '\\') || c.is_ascii_control() && c != '\t',
            _ => |c| c == '\'' || c.is_ascii_control() && c != '\t',
        });
        let start = scan.at;
        if long && scan.take(marks) {
            // Two more marks at the end are part of the text.
            for _ in 0..2 {
                if scan.take(mark) {
                    text += mark;
                }
            }
            return Ok(text);
        } else if scan.take(mark) {
            if !long {
                return Ok(text);
            }
            text += mark;
        } else if scan.take("\\") {
            escape(scan, long, &mut text)?;
        } else if long && newline(scan) {
            text += scan.text.get(start..scan.at).unwrap_or_default();
        } else {
            return Err("EOF or a control character while parsing a string");
        }
    }
}

/// What stands behind a backslash.
fn escape(scan: &mut Scan<'_>, long: bool, text: &mut Cow<'_, str>) -> Read<()> {
    if long {
        // At the end of a line: all space up to the next character is left out.
        let start = scan.at;
        blanks(scan);
        if newline(scan) {
            blanks(scan);
            while newline(scan) {
                blanks(scan);
            }
            return Ok(());
        }
        scan.at = start;
    }
    let letter = scan.peek();
    scan.at += 1;
    let mut code = |digits| char::from_u32(scan.hex(digits)?).ok_or(ESCAPE);
    text.to_mut().push(match letter {
        Some(b'x') => code(2)?,
        Some(b'u') => code(4)?,
        Some(b'U') => code(8)?,
        Some(b'e') => '\x1b',
        letter => escaped(letter)?,
    });
    Ok(())
}

/// A number, a boolean or a date.
pub(super) fn scalar<'a>(scan: &mut Scan<'a>) -> Read<Data<'a>> {
    let stop = |c: char| !(c.is_ascii_alphanumeric() || "+-_.:".contains(c));
    let start = scan.at;
    let mut word = scan.until(stop);
    if word.len() == DATE.len() && is_time(word) && scan.take(" ") {
        // Its time, unless it was the end.
        match scan.until(stop) {
            "" => scan.at -= 1,
            _ => word = scan.text.get(start..scan.at).unwrap_or_default(),
        }
    }
    Ok(match word {
        "true" => Data::Boolean(true),
        "false" => Data::Boolean(false),
        word => match number(word) {
            Some(number) => Data::Number(number),
            None => {
                scan.at = start;
                return Err("invalid value");
            }
        },
    })
}

/// A number as JSON has it, or a date in its usual form.
fn number(word: &str) -> Option<Cow<'_, str>> {
    if is_time(word) {
        let usual = !word.contains(|c: char| c == ' ' || c.is_ascii_lowercase());
        return Some(match usual {
            true => Cow::Borrowed(word),
            false => Cow::Owned(word.to_ascii_uppercase().replace(' ', "T")),
        });
    }
    let radix = match word.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    let digits = match word.strip_prefix('+') {
        Some(rest) if rest.starts_with('-') => return None,
        Some(rest) => rest,
        None => word,
    };
    let bare = Cow::Borrowed(digits);
    let bare = match digits.contains('_') {
        true => Cow::Owned(without_underscores(digits, radix)?),
        false => bare,
    };
    if radix != 10 {
        let digits = bare.get(2..).filter(|digits| !digits.starts_with('+'))?;
        return Some(u64::from_str_radix(digits, radix).ok()?.to_string().into());
    }
    let known = is_number(&bare) || matches!(&*bare, "inf" | "-inf" | "nan" | "-nan");
    known.then_some(bare)
}

/// Each stood between two digits.
fn without_underscores(number: &str, radix: u32) -> Option<String> {
    let digit = |at: usize| {
        let byte = number.as_bytes().get(at);
        byte.is_some_and(|byte| char::from(*byte).is_digit(radix))
    };
    let mut places = number.match_indices('_').map(|(at, _)| at);
    let good = places.all(|at| at > 0 && digit(at - 1) && digit(at + 1));
    good.then(|| number.replace('_', ""))
}

/// A date, each digit as 0.
const DATE: &str = "0000-00-00";

/// Whether this has the form of a date, a time of day or both, with the distance to UTC.
fn is_time(word: &str) -> bool {
    let zero = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let form: String = word.chars().map(zero).collect();
    let date = form.strip_prefix(DATE);
    let time = match date {
        Some("") => return true,
        Some(rest) => rest.strip_prefix(['T', 't', ' ']),
        None => Some(&*form),
    };
    let Some(mut rest) = time.and_then(|time| time.strip_prefix("00:00")) else {
        return false;
    };
    if let Some(after) = rest.strip_prefix(":00") {
        rest = after;
        if let Some(fraction) = after.strip_prefix(".0") {
            rest = fraction.trim_start_matches('0');
        }
    }
    rest.is_empty() || date.is_some() && matches!(rest, "Z" | "z" | "+00:00" | "-00:00")
}
