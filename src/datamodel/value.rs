//! Typed values: a type and its canonical text.

mod check;

use super::{Code, Fault, Info};

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

    /// Least and greatest of an integer type, `None` for the others.
    fn span(self) -> Option<(&'static str, &'static str)> {
        match self {
            Type::Int => Some(("-2147483648", "2147483647")),
            Type::Long => Some(("-9223372036854775808", "9223372036854775807")),
            Type::UnsignedInt => Some(("0", "4294967295")),
            Type::UnsignedLong => Some(("0", "18446744073709551615")),
            _ => None,
        }
    }
}

/// A value that was checked against its type and limits: type and canonical text.
///
/// Canonical are `true` and `false`, numbers without plus sign and needless zeros, list items without blanks around
/// their commas, references without a final dot, times that can be set in UTC, upper-case hexBinary, base64 without
/// white space. So the same value in another form has the same text (SV-19).
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
        match check::canonical(info, text) {
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

#[cfg(test)]
mod tests;
