//! Paths of a request that reads: what they touch and which concrete paths they stand for.

use crate::cwmp::fault::Refusal;
use crate::datamodel::naming::{InstanceMode, Namer};
use crate::datamodel::path::Path;
use crate::datamodel::resolve::{Resolved, Search, resolve_within};
use crate::datamodel::{DataModel, Depth, Fault, Node, Touch, touch};
use std::collections::{BTreeMap, BTreeSet};

/// What a request touches whose answer names what lies below `names`: in InstanceAlias mode that takes the aliases' values.
pub(super) fn touch_named(model: &dyn DataModel, names: &[String]) -> Touch {
    match InstanceMode::of(model) {
        InstanceMode::InstanceNumber => touch::names(names),
        InstanceMode::InstanceAlias => Touch::Values(touch::prefixes(names)),
    }
}

/// Everything that `names` stand for, in their order. What another one covers is left out once it is known to
/// exist: an answer has no name twice. What is asked for in two forms is answered in both (AL-06).
pub(super) fn resolve_all(model: &dyn DataModel, names: &[String]) -> Result<Vec<Resolved>, Fault> {
    let mode = InstanceMode::of(model);
    let mut all = Vec::new();
    let mut search = Search::new(mode);
    for name in names {
        all.extend(resolve_within(&mut search, model, &Path::parse(name)?)?);
    }
    let objects: BTreeMap<String, String> = all
        .iter()
        .filter(|one| is_partial(&one.path))
        .map(|one| (one.asked.clone(), one.path.clone()))
        .collect();
    let mut namer = Namer::new(model, mode);
    let mut seen = BTreeSet::new();
    let mut kept = Vec::with_capacity(all.len());
    for one in all {
        if !seen.insert(one.asked.clone()) {
            continue;
        }
        let covered = ancestors(&one.asked).any(|asked| {
            objects.get(asked).is_some_and(|path| {
                namer.asked(path, asked);
                namer.name(&one.path) == one.asked
            })
        });
        if covered {
            let depth = if is_partial(&one.path) {
                Depth::NextLevel
            } else {
                Depth::All
            };
            model.visit(&one.path, depth, &mut |_| {})?;
        } else {
            kept.push(one);
        }
    }
    Ok(kept)
}

/// Shows `write` every parameter at or below `paths` under the name that the answer gives it, and counts them.
pub(super) fn for_each_parameter(
    model: &dyn DataModel,
    paths: &[Resolved],
    write: &mut dyn FnMut(&str, Node<'_>),
) -> Result<u32, Refusal> {
    let mut written = 0;
    let mut namer = Namer::new(model, InstanceMode::of(model));
    for one in paths {
        namer.asked(&one.path, &one.asked);
        model.visit(&one.path, Depth::All, &mut |node| {
            if matches!(node, Node::Parameter { .. }) {
                write(namer.name(node.path()), node);
                written += 1;
            }
        })?;
    }
    Ok(written)
}

fn is_partial(path: &str) -> bool {
    path.is_empty() || path.ends_with('.')
}

/// The objects above `path`, the empty path among them.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let inner = path.strip_suffix('.').unwrap_or(path);
    let dots = inner.match_indices('.');
    let objects = dots.filter_map(|(dot, _)| path.get(..=dot));
    objects.chain((!path.is_empty()).then_some(""))
}
