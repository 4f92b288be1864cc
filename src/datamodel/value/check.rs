//! From what was given to canonical text, or to what is wrong with it.

use super::Type;
use crate::datamodel::path::Path;
use crate::datamodel::{Info, Limits, Range, Root};
use crate::wire::xsd;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::cmp::Ordering;

/// The longest value of a vendor's own in an enumeration, in characters (TR-106 3.3).
const MAX_VENDOR_VALUE: usize = 31;

/// The canonical text, or why the value is wrong.
pub(super) fn canonical(info: &Info, text: &str) -> Result<String, String> {
    let limits = &info.limits;
    let whole = Bounds {
        least: limits.min.map(number),
        greatest: limits.max.map(|max| max.to_string()),
        ranges: &limits.ranges,
    };
    if limits.list {
        let text = list(limits, text)?;
        whole.length(text.chars().count(), "characters")?;
        return Ok(text);
    }
    let text = scalar(info.ty, &whole, text)?;
    if info.ty == Type::DateTime && info.writable() {
        return Ok(in_utc(text));
    }
    allowed(limits, text)
}

/// A number as text: canonical as those of values are, so that no integer type has to hold the largest of all types.
type Number = String;

/// What a value or a length has to lie in.
struct Bounds<'a> {
    least: Option<Number>,
    greatest: Option<Number>,
    /// And in one of these, if there are any.
    ranges: &'a [Range],
}

impl Bounds<'_> {
    fn of(range: Range) -> Bounds<'static> {
        Bounds {
            least: range.min.map(number),
            greatest: range.max.map(number),
            ranges: &[],
        }
    }

    fn hold(&self, value: &str) -> bool {
        let lies = |min: Option<&str>, max: Option<&str>| {
            min.is_none_or(|min| order(min, value).is_le())
                && max.is_none_or(|max| order(value, max).is_le())
        };
        let within = |range: &Range| {
            let (min, max) = (range.min.map(number), range.max.map(number));
            lies(min.as_deref(), max.as_deref())
        };
        lies(self.least.as_deref(), self.greatest.as_deref())
            && (self.ranges.is_empty() || self.ranges.iter().any(within))
    }

    fn length(&self, length: usize, unit: &str) -> Result<(), String> {
        let length = length.to_string();
        if let Some(min) = &self.least
            && order(&length, min).is_lt()
        {
            return Err(format!("shorter than {min} {unit}"));
        }
        if let Some(max) = &self.greatest
            && order(&length, max).is_gt()
        {
            return Err(format!("longer than {max} {unit}"));
        }
        if self.hold(&length) {
            return Ok(());
        }
        Err(format!("not {} {unit} long", self.words(None)))
    }

    /// In words; with the type's own span where there is no limit.
    fn words(&self, span: Option<(&str, &str)>) -> String {
        let mut least = self.least.as_deref().unwrap_or_default();
        let mut greatest = self.greatest.as_deref().unwrap_or_default();
        if let Some((first, last)) = span {
            if least.is_empty() || order(least, first).is_lt() {
                least = first;
            }
            if greatest.is_empty() || order(greatest, last).is_gt() {
                greatest = last;
            }
        }
        if self.ranges.is_empty() {
            return format!("{least} to {greatest}");
        }
        let mut words = String::new();
        for Range { min, max } in self.ranges {
            if !words.is_empty() {
                words.push_str(" or ");
            }
            words.push_str(&min.map_or_else(|| least.to_owned(), number));
            if min != max {
                words.push_str(" to ");
                words.push_str(&max.map_or_else(|| greatest.to_owned(), number));
            }
        }
        words
    }
}

fn number(limit: i64) -> Number {
    limit.to_string()
}

/// How two numbers stand to each other.
fn order(one: &str, other: &str) -> Ordering {
    match (one.strip_prefix('-'), other.strip_prefix('-')) {
        (Some(one), Some(other)) => magnitude(other).cmp(&magnitude(one)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => magnitude(one).cmp(&magnitude(other)),
    }
}

/// What a number without its sign is ordered by.
fn magnitude(number: &str) -> (usize, &str, &str) {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    (whole.len(), whole, fraction)
}

/// One value of a type.
///
/// A string without a size has no limit here. Old editions of TR-106 gave it 16 characters; from Amendment 11 on, 3.2.5
/// does not, and the published models leave strings without one (secrets, modes, addresses) that are longer in
/// every real device.
fn scalar(ty: Type, bounds: &Bounds<'_>, text: &str) -> Result<String, String> {
    // White space around everything but strings is not part of the value (XSD whiteSpace=collapse).
    let trimmed = text.trim_matches(xsd::is_space);
    match ty {
        Type::String => {
            bounds.length(text.chars().count(), "characters")?;
            Ok(text.to_owned())
        }
        Type::Int | Type::Long | Type::UnsignedInt | Type::UnsignedLong => {
            integer(ty, bounds, trimmed)
        }
        Type::Boolean => match xsd::boolean(trimmed) {
            Some(value) => Ok(value.to_string()),
            None => Err("not a boolean (true, false, 1 or 0)".into()),
        },
        Type::DateTime => match xsd::DateTime::parse(trimmed) {
            Some(value) => Ok(value.to_string()),
            None => Err("not a dateTime such as 2024-01-31T12:00:00Z".into()),
        },
        Type::Base64 => {
            let packed: String = trimmed.split(xsd::is_space).collect();
            let bytes = BASE64.decode(packed).map_err(|_| "not base64")?;
            bounds.length(bytes.len(), "bytes")?;
            Ok(BASE64.encode(bytes))
        }
        Type::HexBinary => match xsd::hex_binary(trimmed) {
            Some(length) => {
                bounds.length(length, "bytes")?;
                Ok(trimmed.to_ascii_uppercase())
            }
            None => Err("not hexBinary (an even number of hexadecimal digits)".into()),
        },
        Type::Decimal => decimal(bounds, trimmed),
    }
}

/// TR-106 3.2.2: comma-separated; white space around the commas is no part of the items. The empty text has none.
fn list(limits: &Limits, text: &str) -> Result<String, String> {
    let (items, each) = (&limits.items, Bounds::of(limits.items.each));
    let mut list = Vec::new();
    if !text.trim_matches(xsd::is_space).is_empty() {
        for (at, item) in text.split(',').enumerate() {
            let item = item.trim_matches(xsd::is_space);
            let checked = match item {
                "" => Err("empty".to_owned()),
                _ => scalar(items.ty, &each, item).and_then(|item| allowed(limits, item)),
            };
            list.push(checked.map_err(|why| format!("item {}: {why}", at + 1))?);
        }
    }
    let count = Bounds::of(items.count);
    if !count.hold(&list.len().to_string()) {
        return Err(format!("not {} items", count.words(None)));
    }
    Ok(list.join(","))
}

/// What is asked of a value (of a list: of each item) beside its type.
fn allowed(limits: &Limits, mut text: String) -> Result<String, String> {
    let known = limits.values.is_empty() || limits.values.contains(&text);
    let extension = limits.extendable && is_vendors(&text);
    if !(known || extension) {
        return Err(format!("not one of: {}", limits.values.join(", ")));
    }
    if let Some(named) = limits.named {
        named.check(&text)?;
    }
    // TR-106 3.2.3: full paths; without a final dot.
    if limits.reference && !text.is_empty() {
        text.truncate(text.trim_end_matches('.').len());
        let full = [Root::Device, Root::InternetGatewayDevice]
            .iter()
            .any(|root| text.starts_with(root.path()) || text == root.path().trim_end_matches('.'));
        if !full || !Path::parse(&text).is_ok_and(|path| path.is_concrete()) {
            return Err("not the full path of an object or parameter, or empty".into());
        }
    }
    Ok(text)
}

/// `X_<VENDOR>_VendorSpecificValue` (TR-106 3.3).
fn is_vendors(text: &str) -> bool {
    let named = text
        .strip_prefix("X_")
        .and_then(|rest| rest.split_once('_'));
    let vendor = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    text.chars().count() <= MAX_VENDOR_VALUE
        && named.is_some_and(|(oui, name)| {
            !oui.is_empty() && oui.bytes().all(vendor) && !name.is_empty()
        })
}

/// TR-106 3.2.1: a time that can be set is in UTC; one since boot stays without a zone.
fn in_utc(text: String) -> String {
    xsd::DateTime::parse(&text)
        .and_then(|time| time.to_utc())
        .map_or(text, |utc| utc.to_string())
}

fn integer(ty: Type, bounds: &Bounds<'_>, text: &str) -> Result<String, String> {
    let span = ty.span();
    let Some(value) = canonical_number(text).filter(|_| !text.contains('.')) else {
        return Err(format!("not a number within {}", bounds.words(span)));
    };
    let fits = span
        .is_none_or(|(first, last)| order(first, &value).is_le() && order(&value, last).is_le());
    if fits && bounds.hold(&value) {
        return Ok(value);
    }
    Err(format!("not within {}", bounds.words(span)))
}

fn decimal(bounds: &Bounds<'_>, text: &str) -> Result<String, String> {
    let value = canonical_number(text).ok_or("not a decimal number")?;
    if bounds.hold(&value) {
        return Ok(value);
    }
    Err(format!("not within {}", bounds.words(None)))
}

/// XSD decimal (optional sign, digits, optional fraction; no exponent) in its canonical form.
fn canonical_number(text: &str) -> Option<Number> {
    let text = xsd::decimal(text)?;
    let digits = text.trim_start_matches(['-', '+']);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = (
        whole.trim_start_matches('0'),
        fraction.trim_end_matches('0'),
    );
    let mut result = String::new();
    if text.starts_with('-') && !(whole.is_empty() && fraction.is_empty()) {
        result.push('-');
    }
    result.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        result.push('.');
        result.push_str(fraction);
    }
    Some(result)
}
