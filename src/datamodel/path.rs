//! Paths as an ACS writes them: concrete, partial, with aliases, with wildcards.

use super::Fault;

/// The longest path, in characters (the CWMP schema's limit for parameter and object names).
pub const MAX_PATH: usize = 256;

/// The longest alias, in characters (TR-106 `Alias`).
pub const MAX_ALIAS: usize = 64;

/// One piece of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// An object's or parameter's name.
    Name(&'a str),
    /// An instance number.
    Instance(u32),
    /// `[alias]`, without its brackets (TR-069 3.6.1).
    Alias(&'a str),
    /// `*`
    Wildcard,
}

/// A path that is well-formed; whether there is such a thing is the data model's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<'a> {
    text: &'a str,
    segments: Vec<Segment<'a>>,
    /// Bytes of `text` before the first alias or wildcard.
    concrete: usize,
}

impl<'a> Path<'a> {
    /// Takes a path apart. Fault 9005 when it is not well-formed. The empty path has no segments.
    pub fn parse(text: &'a str) -> Result<Path<'a>, Fault> {
        if text.chars().take(MAX_PATH + 1).count() > MAX_PATH {
            // Shortened: a fault need not echo what may be megabytes.
            let start: String = text.chars().take(32).collect();
            return Err(Fault::invalid_name(&format!("{start}...")));
        }
        split(text).ok_or_else(|| Fault::invalid_name(text))
    }

    /// The path as it was given.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The pieces, in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment<'a>] {
        &self.segments
    }

    /// Whether it names an object: it ends with a dot or is empty.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.text.is_empty() || self.text.ends_with('.')
    }

    /// Whether it has neither aliases nor wildcards.
    #[must_use]
    pub fn is_concrete(&self) -> bool {
        self.concrete == self.text.len()
    }

    /// Whether a `*` stands somewhere in it.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.segments.contains(&Segment::Wildcard)
    }

    /// The table and the alias, when the last piece is an alias: what AddObject takes (TR-069 A.3.2.6).
    #[must_use]
    pub fn split_alias(&self) -> Option<(&'a str, &'a str)> {
        let Some(&Segment::Alias(alias)) = self.segments.last() else {
            return None;
        };
        // `[alias].`
        let end = self.text.len().checked_sub(alias.len() + 3)?;
        Some((self.text.get(..end)?, alias))
    }

    /// With `{i}` for each instance, however it is named: what all instances of a table have in common.
    #[must_use]
    pub fn general(&self) -> String {
        let names = self.segments.iter().map(|segment| match segment {
            Segment::Name(name) => name,
            Segment::Instance(_) | Segment::Alias(_) | Segment::Wildcard => "{i}",
        });
        let mut general = names.collect::<Vec<_>>().join(".");
        if self.text.ends_with('.') {
            general.push('.');
        }
        general
    }

    /// The part before the first alias or wildcard: what a [`super::Touch`] takes.
    #[must_use]
    pub fn concrete_prefix(&self) -> &'a str {
        self.text.get(..self.concrete).unwrap_or_default()
    }
}

fn split(text: &str) -> Option<Path<'_>> {
    let mut segments = Vec::new();
    let mut concrete = None;
    let mut rest = text;
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let (segment, after) = next(rest)?;
        if matches!(segment, Segment::Alias(_) | Segment::Wildcard) {
            concrete = concrete.or(Some(at));
        }
        // An instance cannot be the first thing of a path.
        if segments.is_empty() && !matches!(segment, Segment::Name(_)) {
            return None;
        }
        segments.push(segment);
        rest = after;
    }
    Some(Path {
        text,
        segments,
        concrete: concrete.unwrap_or(text.len()),
    })
}

/// The first segment and what follows its dot.
fn next(rest: &str) -> Option<(Segment<'_>, &str)> {
    // An alias may itself hold dots: it ends with its bracket.
    if let Some(inner) = rest.strip_prefix('[') {
        let (alias, after) = inner.split_once(']')?;
        let after = after.strip_prefix('.')?;
        return can_be_alias(alias).then_some((Segment::Alias(alias), after));
    }
    // Both stand for an instance, an object: a dot must follow.
    if let Some(after) = rest.strip_prefix("*.") {
        return Some((Segment::Wildcard, after));
    }
    let (name, after) = rest.split_once('.').unwrap_or((rest, ""));
    let segment = if name.starts_with(|c: char| c.is_ascii_digit()) {
        Segment::Instance(instance_number(name)?)
    } else if !name.is_empty() && name.chars().all(is_name_char) {
        Segment::Name(name)
    } else {
        return None;
    };
    Some((segment, after))
}

/// Whether `[text]` can stand in a path: neither empty nor too long, no brackets, nothing that XML cannot carry.
#[must_use]
pub fn can_be_alias(text: &str) -> bool {
    let fits = |c: char| !c.is_control() && !matches!(c, '[' | ']' | '\u{fffe}' | '\u{ffff}');
    !text.is_empty() && text.chars().all(fits) && text.chars().count() <= MAX_ALIAS
}

/// An instance number as a path writes it: at least 1, no sign, no leading zeros.
#[must_use]
pub fn instance_number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok() } else { None }
}

/// What XML allows in a name without a colon, as far as models use it.
fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datamodel::Code;
    use proptest::prelude::*;

    #[test]
    fn segments_are_told_apart() {
        let path = Path::parse("Device.WiFi.SSID.*.X_000E50_Foo.[home.5 GHz].12.Enable").unwrap();
        assert_eq!(
            path.segments(),
            [
                Segment::Name("Device"),
                Segment::Name("WiFi"),
                Segment::Name("SSID"),
                Segment::Wildcard,
                Segment::Name("X_000E50_Foo"),
                Segment::Alias("home.5 GHz"),
                Segment::Instance(12),
                Segment::Name("Enable"),
            ]
        );
        assert!(!path.is_partial() && !path.is_concrete() && path.has_wildcard());
        assert_eq!(path.concrete_prefix(), "Device.WiFi.SSID.");
    }

    #[test]
    fn partial_and_concrete() {
        let path = Path::parse("Device.IP.Interface.1.").unwrap();
        assert!(path.is_partial() && path.is_concrete());
        assert_eq!(path.concrete_prefix(), "Device.IP.Interface.1.");
        let path = Path::parse("").unwrap();
        assert!(path.is_partial() && path.is_concrete() && path.segments().is_empty());
    }

    #[test]
    fn a_table_and_the_alias_of_its_instance() {
        let split = |text| Path::parse(text).unwrap().split_alias();
        assert_eq!(
            split("Device.A.[b].C.[d.é]."),
            Some(("Device.A.[b].C.", "d.é"))
        );
        for text in ["", "Device.A.", "Device.A.1.", "Device.A.[b].C"] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn all_instances_have_a_path_in_common() {
        let general = |text| Path::parse(text).unwrap().general();
        assert_eq!(general("Device.A.[b.1].C.*.D"), "Device.A.{i}.C.{i}.D");
        assert_eq!(general("Device.A.12.B."), "Device.A.{i}.B.");
        assert_eq!(general(""), "");
    }

    #[test]
    fn ill_formed_paths_are_9005() {
        for text in [
            ".",
            "Device..",
            ".Device.",
            "Device.IP.0.",
            "Device.IP.01.",
            "Device.IP.4294967296.",
            "Device.IP.1a.",
            "Device.[a]",
            "Device.[].",
            "Device.[a",
            "Device.[a]b.",
            "Device.[a[b].",
            "Device.[[a]].",
            "Device.[a\nb].",
            "Device.A.*",
            "Device.a*.",
            "*.",
            "1.",
            "[a].",
            "Device.A B",
            "Device.A\0",
        ] {
            let fault = Path::parse(text).unwrap_err();
            assert_eq!(fault.code, Code::INVALID_PARAMETER_NAME, "{text}");
        }
    }

    #[test]
    fn names_have_at_most_256_characters() {
        // GN-13
        assert!(Path::parse(&"ä".repeat(256)).is_ok());
        let fault = Path::parse(&"ä".repeat(100_000)).unwrap_err();
        assert!(fault.text.len() < 200);
        let alias = |n| format!("Device.A.[{}].", "x".repeat(n));
        assert!(Path::parse(&alias(64)).is_ok());
        assert!(Path::parse(&alias(65)).is_err());
    }

    proptest! {
        #[test]
        fn never_panics_and_keeps_its_text(text in "(Device|[a-z*.\\[\\]0-9ä]{0,3}|\\.){0,12}") {
            if let Ok(path) = Path::parse(&text) {
                prop_assert!(text.starts_with(path.concrete_prefix()));
                prop_assert_eq!(path.is_concrete(), path.concrete_prefix() == text);
            }
        }
    }
}
