//! What requests touch that name things as an ACS or the command line does: with aliases and wildcards.

use super::Touch;
use super::path::{Path, Segment};

/// The concrete prefixes of `names`; those that are no paths touch nothing.
#[must_use]
pub fn prefixes(names: &[String]) -> Vec<String> {
    let paths = names.iter().filter_map(|name| Path::parse(name).ok());
    paths
        .map(|path| path.concrete_prefix().to_owned())
        .collect()
}

/// What a request touches that needs names only. An alias is found by reading the values around it.
#[must_use]
pub fn names(names: &[String]) -> Touch {
    let mut paths = names.iter().filter_map(|name| Path::parse(name).ok());
    if paths.any(|path| has_alias(&path)) {
        Touch::Values(prefixes(names))
    } else {
        Touch::Names(prefixes(names))
    }
}

/// What a request touches that is for the one object `name`: `touch` of it, unless an alias is to be found by reading the
/// values around it. `None`: it is no path.
#[must_use]
pub fn object(name: &str, touch: fn(String) -> Touch) -> Option<Touch> {
    let path = Path::parse(name).ok()?;
    let prefix = path.concrete_prefix().to_owned();
    Some(if has_alias(&path) {
        Touch::Write(vec![prefix])
    } else {
        touch(prefix)
    })
}

/// Whether an alias stands somewhere in it.
fn has_alias(path: &Path<'_>) -> bool {
    let is_alias = |segment: &Segment<'_>| matches!(segment, Segment::Alias(_));
    path.segments().iter().any(is_alias)
}
