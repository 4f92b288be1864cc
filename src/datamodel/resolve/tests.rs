use super::*;
use crate::datamodel::Code;
use crate::datamodel::fake::Fake;

fn model() -> Fake {
    Fake::new(
        "model",
        &[
            ("Device.", ""),
            ("Device.A.", ""),
            ("Device.A.1.", ""),
            ("Device.A.1.Alias", "cpe-1"),
            ("Device.A.1.B.", ""),
            ("Device.A.1.B.7.", ""),
            ("Device.A.1.B.7.Alias", "inner"),
            ("Device.A.1.B.7.C", "x"),
            ("Device.A.3.", ""),
            ("Device.A.3.Alias", "home"),
            ("Device.A.3.Only", "y"),
            ("Device.E.", ""),
        ],
    )
}

fn resolved(text: &str) -> Result<Vec<(String, String)>, Code> {
    let path = Path::parse(text).unwrap();
    match resolve(&model(), &path) {
        Ok(found) => Ok(found.into_iter().map(|one| (one.path, one.asked)).collect()),
        Err(fault) => Err(fault.code),
    }
}

fn pairs(expected: &[(&str, &str)]) -> Result<Vec<(String, String)>, Code> {
    Ok(expected
        .iter()
        .map(|(a, b)| (a.to_string(), b.to_string()))
        .collect())
}

#[test]
fn a_concrete_path_is_itself() {
    for path in ["", "Device.", "Device.A.1.Alias", "Device.Foo."] {
        assert_eq!(resolved(path), pairs(&[(path, path)]));
    }
}

#[test]
fn aliases_become_numbers_and_are_kept_for_the_answer() {
    // AL-02 AL-06
    let asked = "Device.A.[cpe-1].B.[inner].C";
    assert_eq!(resolved(asked), pairs(&[("Device.A.1.B.7.C", asked)]));
    assert_eq!(
        resolved("Device.A.[home]."),
        pairs(&[("Device.A.3.", "Device.A.[home].")])
    );
}

#[test]
fn an_alias_that_nothing_has_is_9005() {
    for path in [
        "Device.A.[nobody].",
        "Device.[home].A",
        "Device.Foo.[home].",
    ] {
        assert_eq!(resolved(path), Err(Code::INVALID_PARAMETER_NAME), "{path}");
    }
}

#[test]
fn wildcards_give_what_exists() {
    // GN-15
    let both = [
        ("Device.A.1.", "Device.A.1."),
        ("Device.A.3.", "Device.A.3."),
    ];
    assert_eq!(resolved("Device.A.*."), pairs(&both));
    let only = [("Device.A.3.Only", "Device.A.3.Only")];
    assert_eq!(resolved("Device.A.*.Only"), pairs(&only));
    let inner = [("Device.A.1.B.7.C", "Device.A.1.B.7.C")];
    assert_eq!(resolved("Device.A.*.B.*.C"), pairs(&inner));
    let mixed = [("Device.A.1.B.7.C", "Device.A.1.B.[inner].C")];
    assert_eq!(resolved("Device.A.*.B.[inner].C"), pairs(&mixed));
    for path in ["Device.E.*.", "Device.A.*.Foo", "Device.A.*.B.[nobody]."] {
        assert_eq!(resolved(path), pairs(&[]), "{path}");
    }
    assert_eq!(resolved("Device.Foo.*."), Err(Code::INVALID_PARAMETER_NAME));
}

#[test]
fn one_thing_takes_no_wildcard() {
    // GN-15
    let path = Path::parse("Device.A.*.Only").unwrap();
    let fault = resolve_one(&model(), &path).unwrap_err();
    assert_eq!(fault.code, Code::INVALID_PARAMETER_NAME);
}

#[test]
fn one_request_cannot_search_without_end() {
    let (model, wild) = (model(), Path::parse("Device.A.*.Only").unwrap());
    let mut search = Search::new(InstanceMode::InstanceNumber);
    let spent = (0..=MAX_LOOKED_AT).find_map(|_| resolve_within(&mut search, &model, &wild).err());
    assert_eq!(spent.unwrap().code, Code::RESOURCES_EXCEEDED);
    let mut resolve = |text| resolve_within(&mut search, &model, &Path::parse(text).unwrap());
    let alias = resolve("Device.A.[home].Only");
    assert_eq!(alias.unwrap_err().code, Code::RESOURCES_EXCEEDED);
    // What needs no search costs nothing.
    assert!(resolve("Device.A.1.").is_ok());
}

#[test]
fn a_table_is_searched_for_aliases_once() {
    let (mut model, mut search) = (model(), Search::new(InstanceMode::InstanceNumber));
    let path = Path::parse("Device.A.[home].Only").unwrap();
    resolve_within(&mut search, &model, &path).unwrap();
    let left = search.left;
    // Whatever becomes of it in the course of the request.
    model.nodes.retain(|(path, _)| path != "Device.A.3.Alias");
    let again = resolve_within(&mut search, &model, &path).unwrap();
    assert_eq!(
        (again[0].path.as_str(), search.left),
        ("Device.A.3.Only", left)
    );
}
