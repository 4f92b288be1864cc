use super::*;
use crate::datamodel::{Code, Info, Kind, Type, find};

mod large;
mod mistakes;
mod moving;
mod sequences;
mod uniqueness;

const PROFILE: &str = r#"
["Device."]
RootDataModelVersion = { value = "2.17", max = 32, forced_inform = true }
Uplink = { writable = true, reference = true, value = "Device.NAT.Map.2" }
All = { writable = true, reference = true, list = true, value = "Device.NAT.Map.1.,Device.NAT.Map.2.,Device.NAT.Map.2.Sub.1." }

["Device.Users."]
Password = { writable = true, hidden = true, value = "secret" }
UpTime = { type = "unsignedInt", value = 7 }

["Device.NAT.Map.{i}."]
table = { writable = true, max = 4, count = "MapNumberOfEntries", unique = [["Port", "Protocol"]] }
Enable = { type = "boolean", writable = true }
Alias = { writable = true, max = 64 }
Port = { type = "unsignedInt", writable = true, max = 65535 }
Protocol = { writable = true, values = ["TCP", "UDP"], value = "TCP" }

["Device.NAT.Map.{i}.Stats."]
Packets = { type = "unsignedLong", value = 3 }

["Device.NAT.Map.{i}.Sub.{i}."]
table = { writable = true, count = "SubNumberOfEntries" }
Name = { writable = true, value = "new" }

["Device.NAT.Map.1."]
Enable = true
Port = 80

["Device.NAT.Map.2."]
Alias = "web"

["Device.NAT.Map.2.Stats."]
Packets = 9

["Device.NAT.Map.2.Sub.1."]
Name = "first"

["Device.Fixed.Port.{i}."]
table = { count = "PortNumberOfEntries" }
Status = { values = ["Up", "Down"], value = "Down" }

["Device.Fixed.Port.1."]
"#;

fn profile() -> Profile {
    Profile::new(Arc::new(Template::parse(PROFILE, "test.toml").unwrap()))
}

fn value(profile: &Profile, name: &str) -> String {
    find(profile, name).map_or_else(|fault| fault.to_string(), |found| found.value)
}

fn paths(profile: &Profile, at: &str, depth: Depth) -> Vec<String> {
    let mut paths = Vec::new();
    let visited = profile.visit(at, depth, &mut |node| paths.push(node.path().to_owned()));
    assert_eq!(visited, Ok(()));
    paths
}

/// What a GetParameterValues of the whole tree would say.
fn tree(profile: &Profile) -> Vec<(String, String)> {
    let mut tree = Vec::new();
    let visited = profile.visit("", Depth::All, &mut |node| {
        tree.push(match node {
            Node::Parameter { path, value, .. } => (path.to_owned(), value.to_owned()),
            Node::Object {
                path,
                kind,
                writable,
            } => (path.to_owned(), format!("{kind:?} {writable}")),
        });
    });
    assert_eq!(visited, Ok(()));
    tree
}

fn set(profile: &mut Profile, name: &str, text: &str) -> Result<(), Code> {
    let value = find(profile, name)
        .and_then(|found| Value::parse(name, &found.info, None, text))
        .map_err(|fault| fault.code)?;
    profile.set(name, &value).map_err(|fault| fault.code)
}

fn commit(profile: &mut Profile) -> Result<Vec<u32>, Code> {
    match profile.commit(Instant::now()) {
        Ok(Progress::Ready(applied)) => Ok(applied.instances),
        Ok(Progress::Pending) => panic!("a profile never waits"),
        Err(fault) => Err(fault.code),
    }
}

fn add(profile: &mut Profile, table: &str) -> Result<u32, Code> {
    profile.begin();
    let added = profile.add(table, None).map_err(|fault| fault.code);
    let committed = commit(profile)?;
    let number = added?;
    assert_eq!(
        Some(&committed[..]),
        number.as_ref().map(std::slice::from_ref)
    );
    Ok(number.unwrap_or_default())
}

fn delete(profile: &mut Profile, instance: &str) -> Result<(), Code> {
    profile.begin();
    let deleted = profile.delete(instance).map_err(|fault| fault.code);
    commit(profile)?;
    deleted
}

#[test]
fn sections_may_come_in_any_order_and_lines_begin_with_anything() {
    let mut sections: Vec<&str> = PROFILE.trim().split("\n\n").collect();
    sections.reverse();
    let reversed = sections.join("\n");
    // A line that begins with a bracket and begins no section.
    let broken = PROFILE
        .replace(", unique = [", ", unique = [\n")
        .replace("[[\"Port", "[\n[\"Port");
    assert!(broken.contains("\n[\"Port"), "{broken}");
    for text in [reversed, broken] {
        let parsed = Profile::new(Arc::new(Template::parse(&text, "test.toml").unwrap()));
        assert_eq!(tree(&parsed), tree(&profile()));
    }
}

#[test]
fn the_whole_tree_is_what_the_profile_says() {
    // GN-04 GN-08 GN-11 GN-12 DM-08
    let tree = tree(&profile());
    let text: Vec<String> = tree
        .iter()
        .map(|(path, value)| format!("{path} {value}"))
        .collect();
    let expected = "\
Device. Object false
Device.All Device.NAT.Map.1,Device.NAT.Map.2,Device.NAT.Map.2.Sub.1
Device.Fixed. Object false
Device.Fixed.Port. Table false
Device.Fixed.Port.1. Instance false
Device.Fixed.Port.1.Status Down
Device.Fixed.PortNumberOfEntries 1
Device.NAT. Object false
Device.NAT.Map. Table true
Device.NAT.Map.1. Instance true
Device.NAT.Map.1.Alias cpe-1
Device.NAT.Map.1.Enable true
Device.NAT.Map.1.Port 80
Device.NAT.Map.1.Protocol TCP
Device.NAT.Map.1.Stats. Object false
Device.NAT.Map.1.Stats.Packets 3
Device.NAT.Map.1.Sub. Table true
Device.NAT.Map.1.SubNumberOfEntries 0
Device.NAT.Map.2. Instance true
Device.NAT.Map.2.Alias web
Device.NAT.Map.2.Enable false
Device.NAT.Map.2.Port 0
Device.NAT.Map.2.Protocol TCP
Device.NAT.Map.2.Stats. Object false
Device.NAT.Map.2.Stats.Packets 9
Device.NAT.Map.2.Sub. Table true
Device.NAT.Map.2.Sub.1. Instance true
Device.NAT.Map.2.Sub.1.Name first
Device.NAT.Map.2.SubNumberOfEntries 1
Device.NAT.MapNumberOfEntries 2
Device.RootDataModelVersion 2.17
Device.Uplink Device.NAT.Map.2
Device.Users. Object false
Device.Users.Password 
Device.Users.UpTime 7";
    assert_eq!(text.join("\n"), expected);
}

#[test]
fn visits_of_the_next_level() {
    // GN-05 GN-06 GN-09
    let profile = profile();
    let next = |at| paths(&profile, at, Depth::NextLevel);
    assert_eq!(next(""), ["Device."]);
    let below = [
        "Device.All",
        "Device.Fixed.",
        "Device.NAT.",
        "Device.RootDataModelVersion",
        "Device.Uplink",
        "Device.Users.",
    ];
    assert_eq!(next("Device."), below);
    assert_eq!(
        next("Device.NAT.Map."),
        ["Device.NAT.Map.1.", "Device.NAT.Map.2."]
    );
    assert!(next("Device.NAT.Map.1.Sub.").is_empty());
    assert!(next("Device.NAT.Map.1.Stats.").len() == 1);
}

#[test]
fn names_that_are_not_there() {
    // GN-07 GN-10 GN-13
    let profile = profile();
    let fault = |at, depth| profile.visit(at, depth, &mut |_| {}).unwrap_err().code;
    for at in [
        "Device.Foo.",
        "Device",
        "Device.NAT",
        "device.",
        "Device.NAT.Map.3.",
        "Device.NAT.Map.{i}.",
        "Device.UpTime",
        ".",
        "Device.Users.UpTime.",
    ] {
        assert_eq!(fault(at, Depth::All), Code::INVALID_PARAMETER_NAME, "{at}");
        assert_eq!(
            fault(at, Depth::NextLevel),
            Code::INVALID_PARAMETER_NAME,
            "{at}"
        );
    }
    assert_eq!(
        fault("Device.Users.UpTime", Depth::NextLevel),
        Code::INVALID_ARGUMENTS
    );
}

#[test]
fn hidden_parameters_read_as_empty() {
    // GV-04
    let mut profile = profile();
    assert_eq!(value(&profile, "Device.Users.Password"), "");
    profile.begin();
    set(&mut profile, "Device.Users.Password", "other").unwrap();
    commit(&mut profile).unwrap();
    assert_eq!(value(&profile, "Device.Users.Password"), "");
    assert!(profile.durable().unwrap().contains("other"));
}

#[test]
fn a_transaction_is_all_or_nothing() {
    // SV-01 SV-23
    let mut profile = profile();
    let before = tree(&profile);
    profile.begin();
    set(&mut profile, "Device.NAT.Map.1.Port", "81").unwrap();
    profile.add("Device.NAT.Map.", None).unwrap();
    profile.delete("Device.NAT.Map.2.").unwrap();
    assert_ne!(tree(&profile), before);
    profile.abort();
    assert_eq!(tree(&profile), before);
    assert_eq!(profile.durable(), None);
    assert!(profile.commit(Instant::now()).is_err());
}

#[test]
fn set_refuses_what_cannot_be_written() {
    // SV-02 SV-10
    let mut profile = profile();
    profile.begin();
    let set = |profile: &mut Profile, name| {
        let value = Value::parse(name, &Info::default(), None, "x").unwrap();
        profile.set(name, &value).unwrap_err().code
    };
    assert_eq!(set(&mut profile, "Device.Users.UpTime"), Code::NOT_WRITABLE);
    assert_eq!(
        set(&mut profile, "Device.Foo"),
        Code::INVALID_PARAMETER_NAME
    );
    assert_eq!(
        set(&mut profile, "Device.NAT.Map.1."),
        Code::INVALID_PARAMETER_NAME
    );
}

#[test]
fn the_value_it_has_already_is_no_change() {
    // SV-19
    let mut profile = profile();
    profile.begin();
    set(&mut profile, "Device.NAT.Map.1.Port", "81").unwrap();
    commit(&mut profile).unwrap();
    assert!(profile.durable().is_some());
    profile.begin();
    set(&mut profile, "Device.NAT.Map.1.Port", "80").unwrap();
    commit(&mut profile).unwrap();
    assert_eq!(profile.durable(), None);
}

#[test]
fn a_new_instance_has_defaults_and_can_be_set_at_once() {
    // OB-02 OB-03
    let mut profile = profile();
    profile.begin();
    assert_eq!(profile.add("Device.NAT.Map.", None), Ok(Some(3)));
    set(&mut profile, "Device.NAT.Map.3.Port", "443").unwrap();
    assert_eq!(profile.add("Device.NAT.Map.3.Sub.", None), Ok(Some(1)));
    // Counts are right before anything is committed (GV-09).
    assert_eq!(value(&profile, "Device.NAT.MapNumberOfEntries"), "3");
    assert_eq!(value(&profile, "Device.NAT.Map.3.SubNumberOfEntries"), "1");
    assert_eq!(commit(&mut profile), Ok(vec![3, 1]));
    let new = [
        "Device.NAT.Map.3.",
        "Device.NAT.Map.3.Alias",
        "Device.NAT.Map.3.Enable",
        "Device.NAT.Map.3.Port",
        "Device.NAT.Map.3.Protocol",
        "Device.NAT.Map.3.Stats.",
        "Device.NAT.Map.3.Stats.Packets",
        "Device.NAT.Map.3.Sub.",
        "Device.NAT.Map.3.Sub.1.",
        "Device.NAT.Map.3.Sub.1.Name",
        "Device.NAT.Map.3.SubNumberOfEntries",
    ];
    assert_eq!(paths(&profile, "Device.NAT.Map.3.", Depth::All), new);
    assert_eq!(value(&profile, "Device.NAT.Map.3.Alias"), "cpe-3");
    assert_eq!(value(&profile, "Device.NAT.Map.3.Enable"), "false");
    assert_eq!(value(&profile, "Device.NAT.Map.3.Port"), "443");
    assert_eq!(value(&profile, "Device.NAT.Map.3.SubNumberOfEntries"), "1");
    assert_eq!(value(&profile, "Device.NAT.MapNumberOfEntries"), "3");
}

#[test]
fn instance_numbers_are_never_used_again() {
    // OB-01 OB-09
    let mut profile = profile();
    assert_eq!(add(&mut profile, "Device.NAT.Map."), Ok(3));
    assert_eq!(delete(&mut profile, "Device.NAT.Map.3."), Ok(()));
    assert_eq!(delete(&mut profile, "Device.NAT.Map.2."), Ok(()));
    assert_eq!(add(&mut profile, "Device.NAT.Map."), Ok(4));
    let durable = profile.durable().unwrap();
    profile.restore(&durable).unwrap();
    assert_eq!(add(&mut profile, "Device.NAT.Map."), Ok(5));
    let instances = [
        "Device.NAT.Map.1.",
        "Device.NAT.Map.4.",
        "Device.NAT.Map.5.",
    ];
    assert_eq!(
        paths(&profile, "Device.NAT.Map.", Depth::NextLevel),
        instances
    );
}

#[test]
fn what_cannot_be_added() {
    // OB-04 OB-05
    let mut profile = profile();
    let name = Err(Code::INVALID_PARAMETER_NAME);
    for table in [
        "Device.NAT.Map",
        "Device.NAT.Map.1.",
        "Device.NAT.",
        "Device.Foo.",
        "Device.Fixed.Port.",
        "Device.Users.UpTime",
        "",
    ] {
        assert_eq!(add(&mut profile, table), name, "{table}");
    }
    assert_eq!(add(&mut profile, "Device.NAT.Map."), Ok(3));
    assert_eq!(add(&mut profile, "Device.NAT.Map."), Ok(4));
    assert_eq!(
        add(&mut profile, "Device.NAT.Map."),
        Err(Code::RESOURCES_EXCEEDED)
    );
    assert_eq!(value(&profile, "Device.NAT.MapNumberOfEntries"), "4");
}

#[test]
fn deleting_takes_everything_below_and_the_references_along() {
    // OB-06 DM-02
    let mut profile = profile();
    delete(&mut profile, "Device.NAT.Map.2.").unwrap();
    assert_eq!(value(&profile, "Device.Uplink"), "");
    assert_eq!(value(&profile, "Device.All"), "Device.NAT.Map.1");
    assert_eq!(value(&profile, "Device.NAT.MapNumberOfEntries"), "1");
    for gone in [
        "Device.NAT.Map.2.",
        "Device.NAT.Map.2.Sub.",
        "Device.NAT.Map.2.Sub.1.",
    ] {
        assert!(
            profile.visit(gone, Depth::All, &mut |_| {}).is_err(),
            "{gone}"
        );
    }
    assert!(find(&profile, "Device.NAT.Map.2.Port").is_err());
    assert!(
        !tree(&profile)
            .iter()
            .any(|(path, _)| path.starts_with("Device.NAT.Map.2."))
    );
}

#[test]
fn what_cannot_be_deleted() {
    // OB-07
    let mut profile = profile();
    for instance in [
        "Device.NAT.Map.",
        "Device.NAT.Map.9.",
        "Device.NAT.Map.1",
        "Device.NAT.",
        "",
    ] {
        let result = delete(&mut profile, instance);
        assert_eq!(result, Err(Code::INVALID_PARAMETER_NAME), "{instance}");
    }
    let result = delete(&mut profile, "Device.Fixed.Port.1.");
    assert_eq!(result, Err(Code::REQUEST_DENIED));
    assert_eq!(delete(&mut profile, "Device.NAT.Map.2."), Ok(()));
    let again = delete(&mut profile, "Device.NAT.Map.2.");
    assert_eq!(again, Err(Code::INVALID_PARAMETER_NAME));
}

#[test]
fn aliases_are_given_kept_and_unique() {
    // AL-03 AL-04
    let mut profile = profile();
    profile.begin();
    let mut refused = |alias| {
        profile
            .add("Device.NAT.Map.", Some(alias))
            .unwrap_err()
            .code
    };
    for alias in ["web", "cpe-1", "", "1a", "a]", &"x".repeat(65)] {
        assert_eq!(refused(alias), Code::INVALID_PARAMETER_NAME, "{alias}");
    }
    assert_eq!(profile.add("Device.NAT.Map.", Some("cpe-4")), Ok(Some(3)));
    assert_eq!(profile.add("Device.NAT.Map.", None), Ok(Some(4)));
    assert_eq!(value(&profile, "Device.NAT.Map.3.Alias"), "cpe-4");
    assert_eq!(value(&profile, "Device.NAT.Map.4.Alias"), "cpe-4-2");
    // A table without aliases.
    assert!(profile.add("Device.NAT.Map.1.Sub.", Some("a")).is_err());
    let name = "Device.NAT.Map.1.Alias";
    assert_eq!(
        set(&mut profile, name, ""),
        Err(Code::INVALID_PARAMETER_VALUE)
    );
    assert_eq!(
        set(&mut profile, name, "a[b"),
        Err(Code::INVALID_PARAMETER_VALUE)
    );
}

#[test]
fn what_was_saved_comes_back() {
    // SV-22 OB-09
    let mut profile = profile();
    let factory = tree(&profile);
    add(&mut profile, "Device.NAT.Map.").unwrap();
    add(&mut profile, "Device.NAT.Map.3.Sub.").unwrap();
    delete(&mut profile, "Device.NAT.Map.1.").unwrap();
    profile.begin();
    set(&mut profile, "Device.NAT.Map.3.Alias", "mine").unwrap();
    set(&mut profile, "Device.Users.Password", "other").unwrap();
    commit(&mut profile).unwrap();
    let durable = profile.durable().unwrap();
    let mut twin = Profile::new(Arc::clone(&profile.template));
    twin.restore(&durable).unwrap();
    assert_eq!(tree(&twin), tree(&profile));
    assert_eq!(twin.durable().unwrap(), durable);
    assert_eq!(twin.overlay, profile.overlay);
    twin.restore("").unwrap();
    assert_eq!(tree(&twin), factory);
    assert!(twin.restore("{").is_err());
}

#[test]
fn what_the_profile_knows_no_more_is_dropped() {
    let mut profile = profile();
    let text = r#"{"values":{"Device.Foo":"x","Device.NAT.Map.1.Port":"70000","Device.NAT.Map.9.Port":"8",
        "Device.NAT.MapNumberOfEntries":"77"},"added":["Device.NAT.Map.9.","Device.Foo.1.","Device.NAT.Map.1.",
        "Device.NAT.Map.x.","Device.NAT.Map.007.","Device.NAT.Map.9"],
        "removed":["Device.Foo.1.","Device.NAT."],"next":{"Device.Foo.":3}}"#;
    profile.restore(text).unwrap();
    assert_eq!(value(&profile, "Device.NAT.Map.1.Port"), "80");
    assert_eq!(value(&profile, "Device.NAT.Map.9.Port"), "8");
    assert_eq!(value(&profile, "Device.NAT.MapNumberOfEntries"), "3");
    assert_eq!(add(&mut profile, "Device.NAT.Map."), Ok(10));
}

#[test]
fn definitions_reach_the_visitor() {
    let profile = profile();
    let found = find(&profile, "Device.NAT.Map.2.Port").unwrap();
    assert_eq!(found.info.ty, Type::UnsignedInt);
    assert_eq!(found.info.limits.max, Some(65535));
    assert!(found.info.writable());
    let mut kinds = Vec::new();
    let visited = profile.visit("Device.NAT.Map.", Depth::All, &mut |node| {
        if let Node::Object { kind, .. } = node {
            kinds.push(kind);
        }
    });
    assert_eq!(visited, Ok(()));
    assert_eq!(kinds[..3], [Kind::Table, Kind::Instance, Kind::Object]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Profile::load(Path::new("/nonexistent/x.toml")).unwrap_err();
    assert!(error.starts_with("/nonexistent/x.toml: "), "{error}");
}
