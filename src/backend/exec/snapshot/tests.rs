use super::*;
use crate::backend::exec::protocol::Line;

use proptest::prelude::*;

/// The snapshot of `answer` to a request for `covered`, and what was complained about.
fn snapshot(covered: &[&str], answer: &str) -> (Snapshot, Vec<String>) {
    let line = Line::parse(answer.as_bytes()).unwrap();
    let mut complaints = Vec::new();
    let mut complain = |path: &str, why: &str| complaints.push(format!("{path}: {why}"));
    let covered = covered.iter().map(|&path| path.to_owned()).collect();
    let parameters = line.parameters.unwrap();
    let snapshot = Snapshot::new(
        Root::Device,
        covered,
        line.objects,
        parameters,
        &mut complain,
    );
    (snapshot.unwrap(), complaints)
}

fn list(snapshot: &Snapshot, at: &str, depth: Depth) -> Result<Vec<String>, u16> {
    let mut list = Vec::new();
    snapshot
        .visit(at, depth, &mut |node| {
            list.push(match node {
                Node::Object {
                    path,
                    kind,
                    writable,
                } => {
                    format!("{path} {kind:?}{}", if writable { " w" } else { "" })
                }
                Node::Parameter { path, info, value } => format!("{path} {:?}={value}", info.ty),
            });
        })
        .map_err(|fault| fault.code.0)?;
    Ok(list)
}

const WEATHER: &str = r#"{"id":1,
    "objects":[{"path":"Device.W.Sensor.","table":true,"writable":true},
               {"path":"Device.W.Sensor.2.","writable":true},
               {"path":"Device.W.Empty.","table":true}],
    "parameters":[{"path":"Device.W.Sensor.10.Name","value":"ten"},
                  {"path":"Device.W.Sensor.2.Name","value":"two","writable":true},
                  {"path":"Device.W.Wind","type":"int","value":3},
                  {"path":"Device.W.On","type":"boolean","value":true},
                  {"path":"Device.W.Key","value":"secret","hidden":true,"writable":true},
                  {"path":"Device.WX","value":"near"}]}"#;

#[test]
fn parents_come_first_and_instances_in_order() {
    let (snapshot, complaints) = snapshot(&["Device."], WEATHER);
    assert_eq!(complaints, Vec::<String>::new());
    assert_eq!(
        list(&snapshot, "Device.", Depth::All).unwrap(),
        [
            "Device. Object",
            "Device.W. Object",
            "Device.W.Empty. Table",
            "Device.W.Key String=",
            "Device.W.On Boolean=true",
            "Device.W.Sensor. Table w",
            "Device.W.Sensor.2. Instance w",
            "Device.W.Sensor.2.Name String=two",
            "Device.W.Sensor.10. Instance",
            "Device.W.Sensor.10.Name String=ten",
            "Device.W.Wind Int=3",
            "Device.WX String=near",
        ]
    );
}

#[test]
fn a_visit_keeps_to_its_place_and_depth() {
    let (snapshot, _) = snapshot(&["Device."], WEATHER);
    assert_eq!(
        list(&snapshot, "Device.W.Sensor.", Depth::NextLevel).unwrap(),
        [
            "Device.W.Sensor.2. Instance w",
            "Device.W.Sensor.10. Instance"
        ]
    );
    assert_eq!(
        list(&snapshot, "Device.", Depth::NextLevel).unwrap(),
        ["Device.W. Object", "Device.WX String=near"]
    );
    assert_eq!(
        list(&snapshot, "Device.W.Wind", Depth::All).unwrap(),
        ["Device.W.Wind Int=3"]
    );
    assert_eq!(
        list(&snapshot, "Device.W.Empty.", Depth::NextLevel).unwrap(),
        Vec::<String>::new()
    );
    // GPN-08: NextLevel with a parameter's name.
    assert_eq!(
        list(&snapshot, "Device.W.Wind", Depth::NextLevel),
        Err(9003)
    );
    for unknown in [
        "Device.W.None",
        "Device.W.Wind.",
        "Device.W",
        "Device.W.Sensor.3.",
    ] {
        assert_eq!(list(&snapshot, unknown, Depth::All), Err(9005), "{unknown}");
    }
}

#[test]
fn what_was_not_fetched_is_9002_and_not_absent() {
    let (snapshot, complaints) = snapshot(&["Device.W.Sensor.", "Device.W.Wind"], WEATHER);
    assert_eq!(complaints, Vec::<String>::new());
    assert_eq!(list(&snapshot, "Device.W.", Depth::All), Err(9002));
    assert_eq!(list(&snapshot, "Device.W.On", Depth::All), Err(9002));
    assert_eq!(
        list(&snapshot, "Device.W.Wind", Depth::All).unwrap(),
        ["Device.W.Wind Int=3"]
    );
    assert_eq!(
        list(&snapshot, "Device.W.Sensor.", Depth::All)
            .unwrap()
            .len(),
        5
    );
}

#[test]
fn wrong_entries_are_left_out_with_a_reason() {
    // GV-10: but a parameter with a wrong value has the value of one that has none.
    let long = "x".repeat(MAX_VALUE + 1);
    let deep = "A.".repeat(MAX_LEVELS);
    let (snapshot, complaints) = snapshot(
        &["Device."],
        &format!(
            r#"{{"objects":[{{"path":"Device.A"}},{{"path":"Device.A.1.","table":true}},{{"path":"Device.A.01."}}],
            "parameters":[{{"path":"Device.Ok","value":"1"}},{{"path":"Device.Ok","value":"2"}},
            {{"path":"Device.Int","type":"int","value":"many"}},{{"path":"Device.Type","type":"colour"}},
            {{"path":"Device.Object.","value":""}},{{"path":"Device.[a].B"}},{{"path":"Device.*.B"}},
            {{"path":"Device.Long","value":"{long}"}},{{"path":"Device.{deep}B"}},
            {{"path":"Device.N","notify":"maybe"}}]}}"#
        ),
    );
    assert_eq!(
        list(&snapshot, "Device.", Depth::All).unwrap(),
        [
            "Device. Object",
            "Device.Int Int=0",
            "Device.Long String=",
            "Device.Ok String=1"
        ]
    );
    assert_eq!(
        complaints,
        [
            "Device.A: not the path of an object",
            "Device.A.1.: an instance cannot be a table",
            "Device.A.01.: not the path of an object",
            "Device.Int: the value does not fit its type",
            "Device.Type: type: \"colour\" is not a type of XSD or TR-106",
            "Device.Object.: not the name of a parameter",
            "Device.[a].B: not the name of a parameter",
            "Device.*.B: not the name of a parameter",
            "Device.Long: the value is too long",
            &format!("Device.{deep}B: not the name of a parameter"),
            "Device.N: notify: \"maybe\" is not normal, forceEnabled, forceDefaultEnabled or canDeny",
            "Device.Ok: listed twice",
        ]
    );
}

#[test]
fn what_was_said_is_told_from_what_stands_for_nothing() {
    // SV-19
    let (mut snapshot, _) = snapshot(
        &["Device."],
        r#"{"parameters":[{"path":"Device.A","type":"boolean","value":false},
        {"path":"Device.B","type":"boolean"},{"path":"Device.C","value":"x","hidden":true}]}"#,
    );
    assert!(snapshot.has("Device.A", "false") && !snapshot.has("Device.A", "true"));
    assert!(!snapshot.has("Device.B", "false") && !snapshot.has("Device.C", "x"));
    assert!(!snapshot.has("Device.", "") && !snapshot.has("Device.D", ""));
    snapshot.update("Device.A", "true");
    assert!(snapshot.has("Device.A", "true"));
    let shown = list(&snapshot, "Device.", Depth::NextLevel).unwrap();
    assert_eq!(
        shown,
        [
            "Device.A Boolean=true",
            "Device.B Boolean=false",
            "Device.C String="
        ]
    );
}

#[test]
fn a_value_that_was_written_is_read_back_but_never_a_hidden_one() {
    let (mut snapshot, _) = snapshot(&["Device."], WEATHER);
    snapshot.update("Device.W.Sensor.2.Name", "zwei");
    snapshot.update("Device.W.Key", "new");
    snapshot.update("Device.W.None", "nothing");
    assert_eq!(
        list(&snapshot, "Device.W.Sensor.2.Name", Depth::All).unwrap(),
        ["Device.W.Sensor.2.Name String=zwei"]
    );
    assert_eq!(
        list(&snapshot, "Device.W.Key", Depth::All).unwrap(),
        ["Device.W.Key String="]
    );
    assert_eq!(snapshot.writable("Device.W.Key"), Some(true));
    assert_eq!(snapshot.writable("Device.W.Wind"), Some(false));
    assert_eq!(snapshot.writable("Device.W.Sensor."), None);
}

proptest! {
    #[test]
    fn any_line_is_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Line::parse(&line);
    }

    #[test]
    fn what_lies_below_a_covered_path_is_covered(covered in proptest::collection::btree_set("(A\\.|1\\.|B){0,3}", 0..4), path in "(A\\.|1\\.|B){0,5}") {
        let below = |prefix: &String| {
            path == *prefix || (prefix.ends_with('.') && path.starts_with(prefix.as_str()))
        };
        prop_assert_eq!(covers(&covered, &path), covered.iter().any(below));
    }

    /// Whatever is listed: each parent is there, before its children, and each path once.
    #[test]
    fn a_tree_is_whole(paths in proptest::collection::vec("Device(\\.(A|B|A-|1|2|10|x\\.)){0,5}\\.?", 0..30)) {
        let (mut objects, mut parameters) = (Vec::new(), Vec::new());
        for path in paths {
            if path.ends_with('.') {
                objects.push(serde_json::json!({"path": path, "table": path.len() % 2 == 0}));
            } else {
                parameters.push(serde_json::json!({"path": path}));
            }
        }
        let answer = serde_json::json!({"objects": objects, "parameters": parameters}).to_string();
        let (snapshot, _) = snapshot(&["Device."], &answer);
        let mut seen: Vec<String> = Vec::new();
        snapshot.visit("Device.", Depth::All, &mut |node| {
            if let Some(parent) = parent(node.path()) {
                assert!(seen.iter().any(|path| path == parent), "{} before {parent}", node.path());
            }
            assert!(!seen.iter().any(|path| path == node.path()));
            seen.push(node.path().to_owned());
        }).unwrap();
        // Each can be found by itself.
        for path in &seen {
            prop_assert!(snapshot.visit(path, Depth::All, &mut |_| {}).is_ok(), "{}", path);
        }
    }
}

const TEMPLATE: &str = r#"{"id":1,
    "objects":[{"path":"Device.W.Sensor.","table":true,"writable":true,"next":4},
               {"path":"Device.W.Sensor.2.","writable":true},
               {"path":"Device.W.Sensor.{i}.Limit.","table":true,"writable":true,"next":1},
               {"path":"Device.W.Fixed.","table":true,"next":1},
               {"path":"Device.W.Plain.","table":true,"writable":true,"next":7}],
    "parameters":[{"path":"Device.W.Sensor.2.Alias","value":"two"},
                  {"path":"Device.W.Sensor.{i}.Alias","value":"","writable":true},
                  {"path":"Device.W.Sensor.{i}.Count","type":"unsignedInt","value":3,"writable":true},
                  {"path":"Device.W.Sensor.{i}.Limit.{i}.Alias"},
                  {"path":"Device.W.Sensor.{i}.Limit.{i}.High","type":"int","writable":true},
                  {"path":"Device.W.Plain.{i}.Name","writable":true}]}"#;

#[test]
fn a_new_instance_holds_what_the_program_says() {
    // AL-05
    let (mut snapshot, complaints) = snapshot(&["Device.W."], TEMPLATE);
    assert_eq!(complaints, Vec::<String>::new());
    assert!(!snapshot.has_next("Device.W.Other."));
    assert_eq!(snapshot.add("Device.W.Sensor.", Some("new")), Ok(4));
    assert_eq!(snapshot.add("Device.W.Sensor.4.Limit.", Some("hot")), Ok(1));
    assert_eq!(snapshot.add("Device.W.Sensor.", None), Ok(5));
    assert_eq!(
        list(&snapshot, "Device.W.Sensor.", Depth::All).unwrap(),
        [
            "Device.W.Sensor. Table w",
            "Device.W.Sensor.2. Instance w",
            "Device.W.Sensor.2.Alias String=two",
            "Device.W.Sensor.4. Instance w",
            "Device.W.Sensor.4.Alias String=new",
            "Device.W.Sensor.4.Count UnsignedInt=3",
            "Device.W.Sensor.4.Limit. Table w",
            "Device.W.Sensor.4.Limit.1. Instance w",
            "Device.W.Sensor.4.Limit.1.Alias String=hot",
            "Device.W.Sensor.4.Limit.1.High Int=0",
            "Device.W.Sensor.5. Instance w",
            "Device.W.Sensor.5.Alias String=",
            "Device.W.Sensor.5.Count UnsignedInt=3",
            "Device.W.Sensor.5.Limit. Table w",
        ]
    );
    let code = |fault: Fault| fault.code.0;
    // Fixed, and (AL-07) one whose instances have no alias.
    let mut add = |table, alias| snapshot.add(table, alias).map_err(code);
    assert_eq!(add("Device.W.Fixed.", None), Err(9005));
    assert_eq!(add("Device.W.Plain.", Some("x")), Err(9005));
    assert_eq!(add("Device.W.Plain.", None), Ok(7));
}

#[test]
fn what_new_instances_hold_comes_with_a_part_of_the_tree_too() {
    let (mut snapshot, complaints) = snapshot(
        &["Device.W.Sensor.2.Limit."],
        r#"{"objects":[{"path":"Device.W.Sensor.2.Limit.","table":true,"writable":true,"next":9}],
            "parameters":[{"path":"Device.W.Sensor.{i}.Limit.{i}.Alias"},
                          {"path":"Device.W.Sensor.{i}.Name"}]}"#,
    );
    assert_eq!(complaints, Vec::<String>::new());
    assert_eq!(snapshot.add("Device.W.Sensor.2.Limit.", Some("x")), Ok(9));
    assert_eq!(
        list(&snapshot, "Device.W.Sensor.2.Limit.", Depth::All).unwrap()[2..],
        ["Device.W.Sensor.2.Limit.9.Alias String=x"]
    );
}

#[test]
fn a_next_number_must_be_one() {
    let (mut snapshot, complaints) = snapshot(
        &["Device."],
        r#"{"objects":[{"path":"Device.A.","table":true,"writable":true,"next":0},
                       {"path":"Device.B.","writable":true,"next":2},
                       {"path":"Device.C.","table":true,"writable":true,"next":1},
                       {"path":"Device.D.","table":true,"writable":true,"next":4294967295},
                       {"path":"Device.E{i}.","table":true}],
            "parameters":[{"path":"Device.C.1.Name"},{"path":"Device.{j}.Name"}]}"#,
    );
    let expected = [
        "Device.A.: cannot have that next instance",
        "Device.B.: cannot have that next instance",
        "Device.E{i}.: not the path of an object",
        "Device.{j}.Name: not the name of a parameter",
    ];
    assert_eq!(complaints, expected);
    let mut code = |table| snapshot.add(table, None).unwrap_err().code.0;
    assert_eq!(code("Device.C."), 9002);
    assert_eq!(code("Device.D."), 9004);
}

#[test]
fn an_alias_is_one_instances() {
    // AL-06
    let (snapshot, complaints) = snapshot(
        &["Device."],
        r#"{"parameters":[{"path":"Device.A.10.Alias","value":"x"},{"path":"Device.A.9.Alias","value":"x"},
            {"path":"Device.B.9.Alias","value":"x"},{"path":"Device.B.10.Alias","value":""},
            {"path":"Device.B.11.Alias","value":""},{"path":"Device.Alias","value":"x"}]}"#,
    );
    assert_eq!(
        complaints,
        ["Device.A.10.Alias: another instance has that alias"]
    );
    let list = list(&snapshot, "Device.A.", Depth::All).unwrap();
    assert_eq!(list[2], "Device.A.9.Alias String=x");
    assert_eq!(list[4], "Device.A.10.Alias String=");
}

/// Run in a release build to see what a step costs: `cargo test --release --lib what_steps_cost -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a test"]
fn what_steps_cost() {
    let time = |what: &str, f: &mut dyn FnMut()| {
        let start = std::time::Instant::now();
        f();
        println!("program's snapshot: {what}: {:?}", start.elapsed());
    };
    let members: Vec<String> = (1..=20).map(|n| format!("P{n}")).collect();
    let instances = (1..=1000).map(|n| n.to_string());
    let names: Vec<String> = instances
        .chain(["{i}".to_owned()])
        .flat_map(|n| members.iter().map(move |m| format!("Device.Big.{n}.{m}")))
        .collect();
    let parameters: Vec<String> = names
        .iter()
        .map(|name| format!(r#"{{"path":"{name}","value":"v","writable":true}}"#))
        .collect();
    let answer = format!(
        r#"{{"id":1,"objects":[{{"path":"Device.Big.","table":true,"writable":true,"next":1001}}],"parameters":[{}]}}"#,
        parameters.join(",")
    );
    let mut made = None;
    time("read an answer of 20,000", &mut || {
        made = Some(snapshot(&["Device."], &answer).0);
    });
    let mut snapshot = made.unwrap();
    time("visit all", &mut || {
        drop(list(&snapshot, "Device.", Depth::All));
    });
    time("next level of 1,000", &mut || {
        drop(list(&snapshot, "Device.Big.", Depth::NextLevel));
    });
    time("visit 20,000 one by one", &mut || {
        for name in names.iter().filter(|name| !name.contains('{')) {
            snapshot.visit(name, Depth::All, &mut |_| {}).unwrap();
        }
    });
    time("add 256", &mut || {
        let mut added = snapshot.clone();
        for _ in 0..256 {
            added.add("Device.Big.", None).unwrap();
        }
    });
    time("update 20,000", &mut || {
        for name in &names {
            snapshot.update(name, "w");
        }
    });
}
