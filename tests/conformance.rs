//! `tests/CONFORMANCE.md` says of each requirement which tests show it. The tests say so themselves, by naming its ID;
//! here the two are held against each other, so that the list can neither miss an ID nor name a test that is gone.
//!
//! `CWMPD_CONFORMANCE=write cargo test --test conformance` writes the tests' names into the list.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The groups of requirements and how many each has.
const GROUPS: [(&str, usize); 31] = [
    ("HT", 31),
    ("RD", 11),
    ("AU", 19),
    ("CK", 11),
    ("CP", 6),
    ("TL", 14),
    ("SO", 35),
    ("VN", 10),
    ("SE", 20),
    ("RT", 11),
    ("EV", 22),
    ("IN", 10),
    ("NO", 14),
    ("GN", 16),
    ("GV", 11),
    ("SV", 23),
    ("AT", 7),
    ("OB", 10),
    ("AL", 7),
    ("DL", 29),
    ("RB", 13),
    ("CR", 20),
    ("UD", 12),
    ("XM", 7),
    ("LW", 5),
    ("PI", 6),
    ("DH", 6),
    ("DM", 8),
    ("DG", 9),
    ("BD", 7),
    ("LS", 4),
];

/// What may stand in place of tests, or after them for the part that they do not show.
const REASONS: [&str; 2] = ["later: ", "not claimed: "];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn rust_files(folder: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(here(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        let path = format!("{folder}/{name}");
        if entry.file_type().expect("a type").is_dir() {
            rust_files(&path, files);
        } else if path.ends_with(".rs") {
            files.push(path);
        }
    }
}

/// The IDs in `text`: two capitals of a group, a dash, two digits.
fn ids(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_id = |word: &&str| {
        word.split_once('-').is_some_and(|(group, number)| {
            number.len() == 2
                && number.bytes().all(|b| b.is_ascii_digit())
                && GROUPS.iter().any(|(known, _)| *known == group)
        })
    };
    words.filter(is_id).map(str::to_owned).collect()
}

/// The tests in a file: name and text, from the comments above the function to its closing brace.
fn tests(source: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let Some((name, _)) = line
            .trim_start()
            .strip_prefix("fn ")
            .and_then(|rest| rest.split_once('('))
        else {
            continue;
        };
        let head = |line: &&&str| line.trim().starts_with("#[") || line.trim().starts_with("//");
        let above = lines[..at].iter().rev().take_while(head).count();
        if !lines[at - above..at].iter().any(|l| l.trim() == "#[test]") {
            continue;
        }
        let end = format!("{indent}}}");
        let length = lines[at..].iter().take_while(|l| **l != end).count();
        let text = lines[at - above..at + length].join("\n");
        found.push((name.to_owned(), text));
    }
    found
}

/// By ID, the tests that name it.
fn shown() -> BTreeMap<String, Vec<String>> {
    let mut files = Vec::new();
    rust_files("src", &mut files);
    rust_files("tests", &mut files);
    files.sort();
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| *file != "tests/conformance.rs") {
        let source = fs::read_to_string(here(file)).expect("a source file");
        for (name, text) in tests(&source) {
            let test = format!("`{file}::{name}`");
            for id in ids(&text) {
                let tests = shown.entry(id).or_default();
                if !tests.contains(&test) {
                    tests.push(test.clone());
                }
            }
        }
    }
    shown
}

/// The part of the last column that is not a test.
fn reason(cell: &str) -> Option<&str> {
    let at = REASONS
        .iter()
        .filter_map(|reason| cell.find(reason))
        .min()?;
    cell.get(at..)
}

#[test]
fn the_list_is_complete_and_names_the_tests_that_are_there() {
    let shown = shown();
    let path = here("tests/CONFORMANCE.md");
    let list = fs::read_to_string(&path).expect("the list");
    let mut expected = GROUPS
        .iter()
        .flat_map(|(group, count)| (1..=*count).map(move |n| format!("{group}-{n:02}")));
    let (mut written, mut wrong) = (String::new(), Vec::new());
    for line in list.lines() {
        let cells: Vec<&str> = line.split(" | ").collect();
        let id = line.trim_start_matches("| ").get(..5).unwrap_or_default();
        if ids(id).is_empty() {
            written.push_str(line);
            written.push('\n');
            continue;
        }
        assert_eq!(Some(id), expected.next().as_deref(), "missing or misplaced");
        let [_, level, requirement, cell] = cells[..] else {
            panic!("not four columns: {line}");
        };
        assert!(["MUST", "SHOULD"].contains(&level), "{line}");
        let reason = reason(cell).map(|text| text.trim_end_matches('|').trim_end());
        let tests = shown.get(id).map(|tests| tests.join(" "));
        let right = match (&tests, reason) {
            (Some(tests), Some(reason)) => format!("{tests}; {reason}"),
            (Some(tests), None) => tests.clone(),
            (None, Some(reason)) => reason.to_owned(),
            (None, None) => "?".to_owned(),
        };
        let bare = REASONS
            .iter()
            .any(|r| reason.is_some_and(|text| text.trim() == r.trim()));
        if cell != format!("{right} |") || right == "?" || bare {
            wrong.push(format!("{id}: {right}"));
        }
        written.push_str(&format!("| {id} | {level} | {requirement} | {right} |\n"));
    }
    assert_eq!(expected.next(), None, "the list ends too early");
    if std::env::var_os("CWMPD_CONFORMANCE").is_some_and(|what| what == "write") {
        fs::write(&path, written).expect("the list is written");
        wrong.retain(|line| line.ends_with(": ?"));
    }
    assert!(
        wrong.is_empty(),
        "tests/CONFORMANCE.md is not what the tests say (CWMPD_CONFORMANCE=write mends what can be):\n{}",
        wrong.join("\n")
    );
}
