//! From what was given to canonical text, or to what is wrong with it.

use super::Type;
use crate::datamodel::path::Path;
use crate::datamodel::{Info, Limits, Range, Root};
use crate::wire::xsd;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The longest value of a vendor's own in an enumeration, in characters (TR-106 3.3).
const MAX_VENDOR_VALUE: usize = 31;

/// The canonical text, or why the value is wrong.
pub(super) fn canonical(info: &Info, text: &str) -> Result<String, String> {
    let limits = &info.limits;
    let whole = Bounds {
        outer: (limits.min.map(i128::from), limits.max.map(i128::from)),
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

/// What a value or a length has to lie in.
struct Bounds<'a> {
    /// Least and greatest.
    outer: (Option<i128>, Option<i128>),
    /// And in one of these, if there are any.
    ranges: &'a [Range],
}

impl Bounds<'_> {
    fn of(range: Range) -> Bounds<'static> {
        Bounds {
            outer: (range.min.map(i128::from), range.max.map(i128::from)),
            ranges: &[],
        }
    }

    /// Whether `lies` says so of least and greatest.
    fn hold(&self, lies: impl Fn(Option<i128>, Option<i128>) -> bool) -> bool {
        let mut ranges = self.ranges.iter();
        let one = |r: &Range| lies(r.min.map(i128::from), r.max.map(i128::from));
        lies(self.outer.0, self.outer.1) && (self.ranges.is_empty() || ranges.any(one))
    }

    fn length(&self, length: usize, unit: &str) -> Result<(), String> {
        let length = length as i128;
        if let Some(min) = self.outer.0.filter(|&min| length < min) {
            return Err(format!("shorter than {min} {unit}"));
        }
        if let Some(max) = self.outer.1.filter(|&max| length > max) {
            return Err(format!("longer than {max} {unit}"));
        }
        if self.hold(within(length)) {
            return Ok(());
        }
        Err(format!("not {} {unit} long", self.words(None)))
    }

    /// In words; with the type's own span where there is no limit.
    fn words(&self, span: Option<(i128, i128)>) -> String {
        let end = |end: Option<i128>| end.map(|end| end.to_string()).unwrap_or_default();
        let least = self.outer.0.max(span.map(|span| span.0));
        let greatest = match (self.outer.1, span) {
            (Some(max), Some(span)) => Some(max.min(span.1)),
            (max, span) => max.or(span.map(|span| span.1)),
        };
        if self.ranges.is_empty() {
            return format!("{} to {}", end(least), end(greatest));
        }
        let ranges = self.ranges.iter().map(|r| {
            let (min, max) = (r.min.map(i128::from), r.max.map(i128::from));
            match min == max {
                true => end(min),
                false => format!("{} to {}", end(min.or(least)), end(max.or(greatest))),
            }
        });
        ranges.collect::<Vec<_>>().join(" or ")
    }
}

fn within(value: i128) -> impl Fn(Option<i128>, Option<i128>) -> bool {
    move |min, max| min.is_none_or(|min| min <= value) && max.is_none_or(|max| value <= max)
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
    if !count.hold(within(list.len() as i128)) {
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
    let (least, greatest) = span.unwrap_or((i128::MIN, i128::MAX));
    match text.parse::<i128>() {
        Ok(value) if (least..=greatest).contains(&value) && bounds.hold(within(value)) => {
            Ok(value.to_string())
        }
        Ok(_) => Err(format!("not within {}", bounds.words(span))),
        Err(_) => Err(format!("not a number within {}", bounds.words(span))),
    }
}

/// XSD decimal: optional sign, digits, optional fraction; no exponent.
fn decimal(bounds: &Bounds<'_>, text: &str) -> Result<String, String> {
    let text = xsd::decimal(text).ok_or("not a decimal number")?;
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
    let value: f64 = result.parse().map_err(|_| "not a decimal number")?;
    let lies = |min: Option<i128>, max: Option<i128>| {
        min.is_none_or(|min| min as f64 <= value) && max.is_none_or(|max| value <= max as f64)
    };
    if bounds.hold(lies) {
        return Ok(result);
    }
    Err(format!("not within {}", bounds.words(None)))
}
