use super::*;
use crate::datamodel::fake::Fake;
use crate::datamodel::path::Path;
use crate::datamodel::resolve::resolve;
use proptest::prelude::*;

fn model() -> Fake {
    Fake::new(
        "model",
        &[
            ("Device.", ""),
            ("Device.A.", ""),
            ("Device.A.1.", ""),
            ("Device.A.1.Alias", "web.80"),
            ("Device.A.1.B.", ""),
            ("Device.A.1.B.7.", ""),
            ("Device.A.1.B.7.Alias", "inner"),
            ("Device.A.1.B.7.C", "x"),
            ("Device.A.1.Z", "z"),
            ("Device.A.2.", ""),
            ("Device.A.2.Alias", ""),
            ("Device.A.2.B.", ""),
            ("Device.A.2.B.1.", ""),
            ("Device.A.2.B.1.Alias", "below"),
            ("Device.A.12.", ""),
            ("Device.A.12.Alias", "a]b"),
            ("Device.E.1.", ""),
            ("Device.E.1.F", "y"),
            ("Device.Z", "end"),
        ],
    )
}

/// What a visit of `path` shows when it was asked for as `asked`.
fn named(mode: InstanceMode, path: &str, asked: &str) -> Vec<String> {
    let model = model();
    let mut namer = Namer::new(&model, mode);
    namer.asked(path, asked);
    let mut names = Vec::new();
    model
        .visit(path, Depth::All, &mut |node| {
            names.push(namer.name(node.path()).to_owned());
        })
        .unwrap();
    names
}

#[test]
fn by_number_only_what_was_asked_is_otherwise() {
    // AL-06
    let mode = InstanceMode::InstanceNumber;
    let all: Vec<String> = model().nodes.into_iter().map(|(path, _)| path).collect();
    assert_eq!(named(mode, "Device.", "Device."), all);
    assert_eq!(
        named(mode, "Device.A.1.B.", "Device.A.[web.80].B."),
        [
            "Device.A.[web.80].B.",
            "Device.A.[web.80].B.7.",
            "Device.A.[web.80].B.7.Alias",
            "Device.A.[web.80].B.7.C",
        ]
    );
}

#[test]
fn by_alias_where_there_is_one() {
    // AL-06
    let mode = InstanceMode::InstanceAlias;
    assert_eq!(
        named(mode, "Device.", "Device.")[2..],
        [
            "Device.A.[web.80].",
            "Device.A.[web.80].Alias",
            "Device.A.[web.80].B.",
            "Device.A.[web.80].B.[inner].",
            "Device.A.[web.80].B.[inner].Alias",
            "Device.A.[web.80].B.[inner].C",
            "Device.A.[web.80].Z",
            "Device.A.2.",
            "Device.A.2.Alias",
            "Device.A.2.B.",
            "Device.A.2.B.[below].",
            "Device.A.2.B.[below].Alias",
            "Device.A.12.",
            "Device.A.12.Alias",
            "Device.E.1.",
            "Device.E.1.F",
            "Device.Z",
        ]
    );
    // What was asked for by number stays so.
    assert_eq!(
        named(mode, "Device.A.1.B.", "Device.A.1.B.")[1..3],
        ["Device.A.1.B.[inner].", "Device.A.1.B.[inner].Alias"]
    );
    assert_eq!(
        named(mode, "Device.A.1.Z", "Device.A.1.Z"),
        ["Device.A.1.Z"]
    );
}

#[test]
fn a_name_that_would_be_too_long_is_by_number() {
    let (long, number) = ("x".repeat(64), "Device.A.1.B.1.C.1.D.1.E");
    let mut nodes = Vec::new();
    for alias in aliases_in(number) {
        nodes.push((alias, long.clone()));
    }
    assert_eq!(nodes.len(), 4);
    let model = Fake {
        nodes,
        ..Fake::default()
    };
    let mut namer = Namer::new(&model, InstanceMode::InstanceAlias);
    assert_eq!(namer.name(number), number);
    let shorter = "Device.A.1.B.1.C.1.X";
    let expected = format!("Device.A.[{long}].B.[{long}].C.[{long}].X");
    assert_eq!(namer.name(shorter), expected);
    assert_eq!(namer.name(number), number);
}

#[test]
fn each_alias_is_looked_up_once() {
    // A visit of some 20,000 parameters must not cost more than its instances.
    let nodes: Vec<(String, String)> = (1..=200)
        .flat_map(|n| {
            let alias = (format!("Device.A.{n}.Alias"), format!("a{n}"));
            let other = (0..100).map(move |p| (format!("Device.A.{n}.P{p}"), String::new()));
            std::iter::once(alias).chain(other)
        })
        .collect();
    let model = Fake {
        nodes: nodes.clone(),
        ..Fake::default()
    };
    let mut namer = Namer::new(&model, InstanceMode::InstanceAlias);
    for (path, _) in &nodes {
        assert!(namer.name(path).starts_with("Device.A.[a"));
    }
    assert_eq!(model.visits.get(), 200);
}

/// A tree of two levels of tables, each instance with this alias (none: no such parameter).
fn tree(aliases: &[(Option<String>, Vec<Option<String>>)]) -> Fake {
    let mut nodes = vec![("Device.".to_owned(), String::new())];
    let mut add = |path: String, value: &str| nodes.push((path, value.to_owned()));
    add("Device.A.".into(), "");
    for (n, (alias, inner)) in (1..).zip(aliases) {
        add(format!("Device.A.{n}."), "");
        if let Some(alias) = alias {
            add(format!("Device.A.{n}.Alias"), alias);
        }
        add(format!("Device.A.{n}.B."), "");
        for (m, alias) in (1..).zip(inner) {
            add(format!("Device.A.{n}.B.{m}."), "");
            add(format!("Device.A.{n}.B.{m}.C"), "");
            if let Some(alias) = alias {
                add(format!("Device.A.{n}.B.{m}.Alias"), alias);
            }
        }
    }
    Fake {
        nodes,
        ..Fake::default()
    }
}

fn alias() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[a-c.\\[\\] ä1]{0,3}|[a-z]{60,66}")
}

/// No two of a table are the same: the backend's duty (TR-106 Alias).
fn unique(aliases: &mut [Option<String>]) {
    let mut seen = std::collections::HashSet::new();
    for alias in aliases {
        if alias
            .as_ref()
            .is_some_and(|alias| !seen.insert(alias.clone()))
        {
            *alias = None;
        }
    }
}

proptest! {
    #[test]
    fn every_name_leads_back_to_its_path(
        mut outer in proptest::collection::vec(alias(), 0..4),
        inner in proptest::collection::vec(proptest::collection::vec(alias(), 0..3), 4),
        alias_mode: bool,
        start in 0usize..40,
    ) {
        unique(&mut outer);
        let aliases: Vec<_> = outer
            .into_iter()
            .zip(inner)
            .map(|(alias, mut inner)| { unique(&mut inner); (alias, inner) })
            .collect();
        let model = tree(&aliases);
        let modes = [InstanceMode::InstanceNumber, InstanceMode::InstanceAlias];
        let paths: Vec<String> = model.nodes.iter().map(|(path, _)| path.clone()).collect();
        let mut namer = Namer::new(&model, modes[usize::from(alias_mode)]);
        // Asked for the whole, or for one object, by its name in either mode.
        let at = &paths[start % paths.len()];
        for mode in modes {
            let asked = Namer::new(&model, mode).name(at).to_owned();
            namer.asked(at, &asked);
            for path in paths.iter().filter(|path| path.starts_with(at.as_str())) {
                let name = namer.name(path).to_owned();
                prop_assert!(name.starts_with(&asked));
                let parsed = Path::parse(&name).unwrap();
                let found = resolve(&model, &parsed).unwrap();
                prop_assert_eq!(found.len(), 1);
                prop_assert_eq!(&found[0].path, path);
            }
        }
    }
}
