//! Typed values: a type and its canonical text.

use super::{Code, Fault, Info, Limits};
use crate::wire::xsd;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A CWMP parameter type (TR-106 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Type {
    #[default]
    String,
    Int,
    Long,
    UnsignedInt,
    UnsignedLong,
    Boolean,
    DateTime,
    Base64,
    HexBinary,
    Decimal,
}

impl Type {
    /// The local name in `xsi:type`, to go behind `xsd:`.
    #[must_use]
    pub fn xsd_name(self) -> &'static str {
        match self {
            Type::String => "string",
            Type::Int => "int",
            Type::Long => "long",
            Type::UnsignedInt => "unsignedInt",
            Type::UnsignedLong => "unsignedLong",
            Type::Boolean => "boolean",
            Type::DateTime => "dateTime",
            Type::Base64 => "base64Binary",
            Type::HexBinary => "hexBinary",
            Type::Decimal => "decimal",
        }
    }

    /// The value of a parameter that has none (TR-106: the unknown time for a dateTime).
    #[must_use]
    pub fn zero(self) -> &'static str {
        match self {
            Type::String | Type::Base64 | Type::HexBinary => "",
            Type::Boolean => "false",
            Type::DateTime => "0001-01-01T00:00:00Z",
            Type::Int | Type::Long | Type::UnsignedInt | Type::UnsignedLong | Type::Decimal => "0",
        }
    }

    /// The type of that local name; `base64` is SOAP encoding's name for `base64Binary`.
    #[must_use]
    pub fn from_xsd_name(name: &str) -> Option<Type> {
        Some(match name {
            "string" => Type::String,
            "int" => Type::Int,
            "long" => Type::Long,
            "unsignedInt" => Type::UnsignedInt,
            "unsignedLong" => Type::UnsignedLong,
            "boolean" => Type::Boolean,
            "dateTime" => Type::DateTime,
            "base64Binary" | "base64" => Type::Base64,
            "hexBinary" => Type::HexBinary,
            "decimal" => Type::Decimal,
            _ => return None,
        })
    }

    /// The range of an integer type, `None` for the others.
    fn range(self) -> Option<(i128, i128)> {
        match self {
            Type::Int => Some((i32::MIN.into(), i32::MAX.into())),
            Type::Long => Some((i64::MIN.into(), i64::MAX.into())),
            Type::UnsignedInt => Some((0, u32::MAX.into())),
            Type::UnsignedLong => Some((0, u64::MAX.into())),
            _ => None,
        }
    }
}

/// A value that was checked against its type and limits: type and canonical text.
///
/// Canonical are `true` and `false`, integers without plus sign and leading zeros, list items without blanks
/// around their commas, upper-case hexBinary, base64 without white space.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    ty: Type,
    text: String,
}

/// Never shows the text: it may be a password.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({:?}, {} bytes)", self.ty, self.text.len())
    }
}

impl Value {
    /// Checks what was given for the parameter `name` against what is known of it.
    ///
    /// `given` is the `xsi:type`; `None` when it is absent or unknown. A caller that is lenient with ACSes that
    /// call everything `xsd:string` passes `None` for that one too (SV-11).
    ///
    /// Faults: 9006 when the type does not fit, 9007 when the value does not. The words name the parameter and the
    /// limit, never the value: it may be a password.
    pub fn parse(name: &str, info: &Info, given: Option<Type>, text: &str) -> Result<Value, Fault> {
        if let Some(given) = given.filter(|&given| given != info.ty) {
            let (wanted, given) = (info.ty.xsd_name(), given.xsd_name());
            let words = format!("{name}: the type is {wanted}, not {given}");
            return Err(Fault::new(Code::INVALID_PARAMETER_TYPE, words));
        }
        match canonical(info, text) {
            Ok(text) => Ok(Value { ty: info.ty, text }),
            Err(why) => {
                let words = format!("{name}: {why}");
                Err(Fault::new(Code::INVALID_PARAMETER_VALUE, words))
            }
        }
    }

    /// The type.
    #[must_use]
    pub fn ty(&self) -> Type {
        self.ty
    }

    /// The canonical text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The canonical text, for keeps.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

/// The canonical text, or why the value is wrong.
fn canonical(info: &Info, text: &str) -> Result<String, String> {
    let limits = &info.limits;
    // White space around everything but strings is not part of the value (XSD whiteSpace=collapse).
    let trimmed = text.trim_matches([' ', '\t', '\r', '\n']);
    match info.ty {
        Type::String => string(limits, text),
        Type::Int | Type::Long | Type::UnsignedInt | Type::UnsignedLong => {
            integer(info.ty, limits, trimmed)
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
            let packed: String = trimmed.split_ascii_whitespace().collect();
            let bytes = BASE64.decode(packed).map_err(|_| "not base64")?;
            length(limits, bytes.len(), "bytes")?;
            Ok(BASE64.encode(bytes))
        }
        Type::HexBinary => {
            let hex = trimmed.bytes().all(|b| b.is_ascii_hexdigit());
            if !hex || !trimmed.len().is_multiple_of(2) {
                return Err("not hexBinary (an even number of hexadecimal digits)".into());
            }
            length(limits, trimmed.len() / 2, "bytes")?;
            Ok(trimmed.to_ascii_uppercase())
        }
        Type::Decimal => decimal(limits, trimmed),
    }
}

/// A string or a list of strings.
///
/// TR-106 3.2 gives a string without a size 16 characters. That is not enforced: the published models leave
/// thousands of strings without one (paths, URLs, lists) that are longer in every real device.
fn string(limits: &Limits, text: &str) -> Result<String, String> {
    // TR-106 3.2.3: comma-separated; white space around the commas is no part of the items.
    let text = if limits.list {
        let items: Vec<&str> = text.split(',').map(str::trim).collect();
        items.join(",")
    } else {
        text.to_owned()
    };
    length(limits, text.chars().count(), "characters")?;
    let allowed = |item: &str| limits.values.is_empty() || limits.values.iter().any(|v| v == item);
    let fits = if limits.list {
        text.is_empty() || text.split(',').all(allowed)
    } else {
        allowed(&text)
    };
    if fits {
        Ok(text)
    } else {
        Err(format!("not one of: {}", limits.values.join(", ")))
    }
}

fn length(limits: &Limits, length: usize, unit: &str) -> Result<(), String> {
    let length = length as i128;
    if let Some(min) = limits.min.filter(|&min| length < i128::from(min)) {
        return Err(format!("shorter than {min} {unit}"));
    }
    if let Some(max) = limits.max.filter(|&max| length > i128::from(max)) {
        return Err(format!("longer than {max} {unit}"));
    }
    Ok(())
}

fn integer(ty: Type, limits: &Limits, text: &str) -> Result<String, String> {
    let (least, greatest) = ty.range().unwrap_or((i128::MIN, i128::MAX));
    let least = limits.min.map_or(least, |min| least.max(min.into()));
    let greatest = limits.max.map_or(greatest, |max| greatest.min(max.into()));
    match text.parse::<i128>() {
        Ok(value) if (least..=greatest).contains(&value) => Ok(value.to_string()),
        Ok(_) => Err(format!("not within {least} to {greatest}")),
        Err(_) => Err(format!("not a number within {least} to {greatest}")),
    }
}

/// XSD decimal: optional sign, digits, optional fraction; no exponent.
fn decimal(limits: &Limits, text: &str) -> Result<String, String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut all = whole.bytes().chain(fraction.bytes());
    if !all.all(|b| b.is_ascii_digit()) || (whole.is_empty() && fraction.is_empty()) {
        return Err("not a decimal number".into());
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = fraction.trim_end_matches('0');
    let mut result = String::new();
    if negative && (whole != "0" || !fraction.is_empty()) {
        result.push('-');
    }
    result.push_str(whole);
    if !fraction.is_empty() {
        result.push('.');
        result.push_str(fraction);
    }
    let value: f64 = result.parse().map_err(|_| "not a decimal number")?;
    if let Some(min) = limits.min.filter(|&min| value < min as f64) {
        return Err(format!("less than {min}"));
    }
    if let Some(max) = limits.max.filter(|&max| value > max as f64) {
        return Err(format!("greater than {max}"));
    }
    Ok(result)
}

#[cfg(test)]
mod tests;
