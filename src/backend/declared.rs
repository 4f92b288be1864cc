//! What a profile or a program declares of a parameter, in the terms of the data model.

use crate::datamodel::{Access, DataType, Info, Items, Limits, Notify, Range, Type};
use crate::wire::data::record;

/// The keys that all declarations have in common.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// An XSD name or a named data type; of a list: of its items.
    pub ty: Option<String>,
    pub writable: bool,
    /// Of a list: of each item.
    pub min: Option<i64>,
    /// Of a list: of each item.
    pub max: Option<u64>,
    /// `a..b`, each end may be left out: value or length lies in one of these.
    pub ranges: Vec<String>,
    pub values: Vec<String>,
    pub extendable: bool,
    pub list: bool,
    /// `a..b`: how many items a list may have.
    pub items: Option<String>,
    /// Greatest length of a whole list.
    pub length: Option<u64>,
    pub reference: bool,
    pub hidden: bool,
    /// TR-106 `activeNotify`: `normal`, `forceEnabled`, `forceDefaultEnabled`, `canDeny`.
    pub notify: Option<String>,
    pub forced_inform: bool,
}

record!(read Declared {
    ty = "type",
    writable,
    min,
    max,
    ranges,
    values,
    extendable,
    list,
    items,
    length,
    reference,
    hidden,
    notify,
    forced_inform,
});

impl Declared {
    /// The declaration of the parameter `name`, or which key is wrong and why.
    pub fn info(self, name: &str) -> Result<Info, String> {
        let (ty, named) = match self.ty.as_deref() {
            None => (Type::String, None),
            Some(name) => data_type(name)?,
        };
        let ranges = self.ranges.iter().map(|text| range("ranges", text));
        let ranges = ranges.collect::<Result<Vec<_>, _>>()?;
        let strings = !self.values.is_empty() || self.reference || self.extendable;
        if strings && ty != Type::String {
            return Err("values, extendable and reference: only for a string".into());
        }
        if self.extendable && self.values.is_empty() {
            return Err("extendable: only beside values".into());
        }
        if !self.list && (self.items.is_some() || self.length.is_some()) {
            return Err("items and length: only beside list = true".into());
        }
        if self.list && !ranges.is_empty() {
            return Err("ranges: not for the items of a list; use min and max".into());
        }
        if self
            .min
            .zip(self.max)
            .is_some_and(|(min, max)| u64::try_from(min).is_ok_and(|min| min > max))
        {
            return Err("min: greater than max".into());
        }
        let mut limits = Limits {
            ranges,
            values: self.values,
            extendable: self.extendable,
            named,
            reference: self.reference,
            list: self.list,
            ..Limits::default()
        };
        if self.list {
            let count = self.items.map(|text| range("items", &text)).transpose()?;
            let max = self.max.map(|max| i64::try_from(max).unwrap_or(i64::MAX));
            limits.max = self.length;
            limits.items = Items {
                ty,
                each: Range { min: self.min, max },
                count: count.unwrap_or_default(),
            };
        } else {
            (limits.min, limits.max) = (self.min, self.max);
        }
        Ok(Info {
            ty: if self.list { Type::String } else { ty },
            access: if self.writable {
                Access::ReadWrite
            } else {
                Access::ReadOnly
            },
            limits,
            notify: notify(name, self.notify.as_deref())?,
            hidden: self.hidden,
            forced_inform: self.forced_inform,
        })
    }
}

/// The type of an XSD name, with or without `xsd:`, or of a named data type.
fn data_type(name: &str) -> Result<(Type, Option<DataType>), String> {
    if let Some(named) = DataType::from_name(name) {
        return Ok((named.base(), Some(named)));
    }
    let ty = Type::from_xsd_name(name.strip_prefix("xsd:").unwrap_or(name));
    ty.map(|ty| (ty, None))
        .ok_or_else(|| format!("type: {:?} is not a type of XSD or TR-106", short(name)))
}

fn range(key: &str, text: &str) -> Result<Range, String> {
    let end = |end: &str| match end.trim() {
        "" => Some(None),
        number => number.parse().ok().map(Some),
    };
    let ends = text.split_once("..");
    match ends.and_then(|(min, max)| Some((end(min)?, end(max)?))) {
        Some((min, max)) if min.zip(max).is_none_or(|(min, max)| min <= max) => {
            Ok(Range { min, max })
        }
        _ => Err(format!(
            "{key}: {:?} is not a range such as \"1..5\" or \"1..\"",
            short(text)
        )),
    }
}

/// TR-106 `activeNotify`; not declared: what the standard model forces.
fn notify(parameter: &str, name: Option<&str>) -> Result<Notify, String> {
    match name {
        None => Ok(Notify::standard(parameter)),
        Some("normal") => Ok(Notify::Normal),
        Some("forceEnabled") => Ok(Notify::ForceEnabled),
        Some("forceDefaultEnabled") => Ok(Notify::ForceDefaultEnabled),
        Some("canDeny") => Ok(Notify::CanDeny),
        Some(name) => Err(format!(
            "notify: {:?} is not normal, forceEnabled, forceDefaultEnabled or canDeny",
            short(name)
        )),
    }
}

/// What a program says may be long.
fn short(text: &str) -> String {
    text.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datamodel::Value;

    fn string(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn what_is_declared_is_what_is_checked() {
        // SV-13 SV-16
        let both = Declared {
            ty: string("hexBinary"),
            ranges: vec!["5..5".into(), "13..".into()],
            ..Declared::default()
        };
        let info = both.info("P").unwrap();
        let fits = |info: &Info, text: &str| Value::parse("P", info, None, text).is_ok();
        assert!(fits(&info, "0011223344") && !fits(&info, "001122334455"));
        assert!(fits(&info, &"00".repeat(14)));
        let list = Declared {
            ty: string("xsd:int"),
            min: Some(-1),
            max: Some(100),
            list: true,
            items: string("1..2"),
            length: Some(5),
            ..Declared::default()
        };
        let info = list.info("P").unwrap();
        assert_eq!(info.ty, Type::String);
        assert!(fits(&info, " -1 , 020") && fits(&info, "7"));
        for text in ["", "1,2,3", "101", "1,x", "100,100"] {
            assert!(!fits(&info, text), "{text:?}");
        }
        let named = Declared {
            ty: string("StatsCounter64"),
            ..Declared::default()
        };
        assert_eq!(named.info("P").unwrap().ty, Type::UnsignedLong);
    }

    #[test]
    fn what_is_wrong_in_a_declaration_is_named() {
        let base = Declared::default;
        for (declared, words) in [
            (
                Declared {
                    ty: string("integer"),
                    ..base()
                },
                "type: \"integer\" is not a type",
            ),
            (
                Declared {
                    notify: string("no"),
                    ..base()
                },
                "notify: \"no\" is not",
            ),
            (
                Declared {
                    ranges: vec!["5".into()],
                    ..base()
                },
                "ranges: \"5\" is not a range",
            ),
            (
                Declared {
                    ranges: vec!["5..1".into()],
                    ..base()
                },
                "ranges: \"5..1\" is not",
            ),
            (
                Declared {
                    ranges: vec!["..".into()],
                    list: true,
                    ..base()
                },
                "ranges: not for the items",
            ),
            (
                Declared {
                    min: Some(2),
                    max: Some(1),
                    ..base()
                },
                "min: greater than max",
            ),
            (
                Declared {
                    items: string("1..2"),
                    ..base()
                },
                "items and length: only beside list",
            ),
            (
                Declared {
                    length: Some(1),
                    ..base()
                },
                "items and length: only beside list",
            ),
            (
                Declared {
                    items: string("x"),
                    list: true,
                    ..base()
                },
                "items: \"x\" is not a range",
            ),
            (
                Declared {
                    extendable: true,
                    ..base()
                },
                "extendable: only beside values",
            ),
            (
                Declared {
                    ty: string("int"),
                    values: vec!["1".into()],
                    ..base()
                },
                "values, extendable and reference: only for a string",
            ),
        ] {
            let error = declared.info("P").unwrap_err();
            assert!(error.starts_with(words), "{error}");
        }
    }
}
