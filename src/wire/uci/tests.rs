use proptest::prelude::*;

use super::*;

const SAMPLE: &str = "\
# ACS
package cwmp

config cwmp 'acs'
\toption url \"http://acs.example/a\\\"b\" # where
\toption userid me\\ too
\toption passwd 'it'\\''s '\"it\"
\tlist  tag 'a b'
\tlist  tag c#not this

config acs
  option port '7547'; option enable 1
";

fn parse(text: &str) -> File {
    let (file, problems) = File::parse(text);
    assert_eq!(problems, []);
    file
}

fn problem_lines(text: &str) -> Vec<usize> {
    File::parse(text)
        .1
        .iter()
        .map(|problem| problem.line)
        .collect()
}

fn all_options(file: &File) -> Vec<(String, String)> {
    let entries = file.sections().flat_map(|(_, section)| &section.entries);
    entries
        .map(|entry| (entry.name.clone(), entry.value.clone()))
        .collect()
}

fn first(file: &File) -> SectionRef {
    file.sections().next().unwrap().0
}

#[test]
fn reads_every_form_of_a_word() {
    let file = parse(SAMPLE);
    let sections: Vec<_> = file.sections().collect();
    assert_eq!(sections.len(), 2);
    assert_eq!(
        (sections[0].1.kind.as_str(), sections[0].1.name.as_deref()),
        ("cwmp", Some("acs"))
    );
    assert_eq!(
        (sections[1].1.kind.as_str(), sections[1].1.name.as_deref()),
        ("acs", None)
    );
    let (acs, cpe) = (sections[0].0, sections[1].0);
    assert_eq!(
        file.option(acs, "url"),
        Some(("http://acs.example/a\"b", 5))
    );
    assert_eq!(file.option(acs, "userid"), Some(("me too", 6)));
    assert_eq!(file.option(acs, "passwd"), Some(("it's it", 7)));
    assert_eq!(file.list(acs, "tag").collect::<Vec<_>>(), ["a b", "c"]);
    assert_eq!(file.option(acs, "tag"), None);
    assert_eq!(file.option(cpe, "port"), Some(("7547", 12)));
    assert_eq!(file.option(cpe, "enable"), Some(("1", 12)));
    assert_eq!(file.option(cpe, "url"), None);
    assert_eq!(file.to_string(), SAMPLE);
}

#[test]
fn quotes_run_over_line_ends_and_backslash_joins_lines() {
    let file = parse("config a\noption b 'x\n y' \\\n\noption c \"x\\\ny\"\noption d ''\n");
    assert_eq!(file.option(first(&file), "b"), Some(("x\n y", 2)));
    assert_eq!(file.option(first(&file), "c"), Some(("xy", 5)));
    assert_eq!(file.option(first(&file), "d"), Some(("", 7)));
}

#[test]
fn a_later_option_of_the_same_name_counts() {
    let file = parse("config a\noption b 1\noption b 2\n");
    assert_eq!(file.option(first(&file), "b"), Some(("2", 3)));
}

#[test]
fn broken_lines_are_named_and_the_rest_is_read() {
    let text =
        "option early 1\nconfig a\nbogus\noption\noption b\noption c 1 2\nconfig\noption d 4\n";
    assert_eq!(problem_lines(text), [1, 3, 4, 5, 6, 7]);
    let (file, _) = File::parse(text);
    assert_eq!(file.option(first(&file), "d"), Some(("4", 8)));
    assert_eq!(file.to_string(), text);
}

#[test]
fn a_forgotten_quote_costs_only_its_line() {
    for quote in ["'", "\""] {
        let text = format!("config a\noption b {quote}me\noption c 'x'\noption d \"y\"\n");
        assert_eq!(problem_lines(&text), [2]);
        let (file, _) = File::parse(&text);
        assert_eq!(
            all_options(&file),
            [("c".into(), "x".into()), ("d".into(), "y".into())]
        );
    }
}

#[test]
fn problems_show_no_text() {
    let (_, problems) = File::parse("config a\nhunter2 'hunter2'\noption passwd 'hunter2\n");
    assert_eq!(problems.len(), 2);
    assert!(!format!("{problems:?}").contains("hunter2"));
}

#[test]
fn too_large_is_one_problem() {
    let text = "\n".repeat(MAX_BYTES) + "x";
    assert_eq!(problem_lines(&text), [0]);
    assert!(problem_lines(&text[1..]).len() == 1);
}

#[test]
fn garbage_does_not_flood() {
    assert_eq!(problem_lines(&"x\n".repeat(10_000)).len(), MAX_PROBLEMS);
}

#[test]
fn a_quote_that_is_never_closed_is_cheap() {
    // Each line opens a quote that nothing closes for long: bounded by the cap of one statement.
    let text = "option n 'x'y'\n".repeat(MAX_BYTES / 16);
    assert!(!problem_lines(&text).is_empty());
}

#[test]
fn bytes_that_are_not_utf8_survive() {
    let text = b"# G\xe4rt\nconfig a\noption b '\xff'\n";
    let (mut file, problems) = File::parse(text);
    assert_eq!(problems, []);
    let section = first(&file);
    file.set(section, "c", "1").unwrap();
    assert_eq!(
        file.as_bytes(),
        [text.as_slice(), b"option c '1'\n"].concat()
    );
}

#[test]
fn set_changes_only_the_value() {
    let mut file = parse(SAMPLE);
    let (acs, cpe) = (SectionRef(0), SectionRef(1));
    file.set(acs, "url", "https://b/").unwrap();
    file.set(cpe, "port", "1").unwrap();
    let expected = SAMPLE
        .replace("\"http://acs.example/a\\\"b\"", "'https://b/'")
        .replace("'7547'", "'1'");
    assert_eq!(file.to_string(), expected);
}

#[test]
fn set_adds_behind_the_last_line_of_the_section() {
    let mut file = parse(SAMPLE);
    file.set(SectionRef(0), "new", "it's").unwrap();
    file.set(SectionRef(1), "new", "x\ny").unwrap();
    let expected = SAMPLE.replace("not this\n", "not this\n\toption new 'it'\\''s'\n")
        + "  option new 'x\ny'\n";
    assert_eq!(file.to_string(), expected);
    assert_eq!(file.option(SectionRef(0), "new"), Some(("it's", 10)));
}

#[test]
fn set_adds_in_awkward_places() {
    for (before, after) in [
        ("config a", "config a\n\toption n 'v'"),
        ("config a # c", "config a # c\n\toption n 'v'"),
        (
            "config a\r\n  option b 1\r\n",
            "config a\r\n  option b 1\r\n  option n 'v'\r\n",
        ),
        ("config a; config b\n", "config a; option n 'v'; config b\n"),
        (
            "config a\n\n# about b\nconfig b\n",
            "config a\n\toption n 'v'\n\n# about b\nconfig b\n",
        ),
    ] {
        let mut file = parse(before);
        let section = first(&file);
        file.set(section, "n", "v").unwrap();
        assert_eq!(file.to_string(), after);
        assert_eq!(file.option(section, "n").unwrap().0, "v");
    }
}

#[test]
fn set_refuses_what_would_not_read_back() {
    // The quote that line 2 forgot would end in the new text.
    let text = "config a\noption b \"me\noption c 'x'\n";
    let (mut file, _) = File::parse(text);
    let section = first(&file);
    assert_eq!(file.set(section, "c", "\"\n"), Err(EditError));
    assert_eq!(file.to_string(), text);
    assert_eq!(file.set(SectionRef(7), "n", "v"), Err(EditError));
    assert_eq!(
        file.set(section, "n", &"x".repeat(MAX_BYTES)),
        Err(EditError)
    );
}

#[test]
fn sections_are_added_at_the_end() {
    let mut file = parse("");
    let a = file.add_section("acs", Some("acs")).unwrap();
    file.set(a, "url", "u").unwrap();
    let b = file.add_section("x y", None).unwrap();
    file.set(b, "k", "").unwrap();
    assert_eq!(
        file.to_string(),
        "config acs 'acs'\n\toption url 'u'\n\nconfig 'x y'\n\toption k ''\n"
    );
    let mut file = parse("# only\r\n# this");
    file.add_section("a", None).unwrap();
    assert_eq!(file.to_string(), "# only\r\n# this\r\n\r\nconfig a\r\n");
}

/// Lines as people and programs write them, some of them broken.
fn line() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-z]{1,4}",
        "'[a-z\"# ;\n]{0,5}'",
        "\"[a-z'# ;]{0,5}\"",
        "[a-z]\\\\ '[a-z]'\"x\""
    ];
    prop_oneof![
        Just("config acs 'acs'".to_owned()),
        Just("config other".to_owned()),
        ("(option|list)", "[ab]", word, "( ?# it's|;|)")
            .prop_map(|(k, n, v, end)| format!("\t{k} {n} {v}{end}")),
        "[ -~]{0,12}",
        Just(String::new()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let end = prop_oneof![Just("\n"), Just("\r\n")];
    (proptest::collection::vec(line(), 0..12), end, any::<bool>()).prop_map(|(lines, end, last)| {
        let text = lines.join(end);
        if last { text + end } else { text }
    })
}

proptest! {
    #[test]
    fn any_bytes_are_kept_and_never_stop_us(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (mut file, _) = File::parse(&bytes);
        prop_assert_eq!(file.as_bytes(), &bytes[..]);
        for index in 0..file.sections.len() {
            let _ = file.set(SectionRef(index), "b", "v");
        }
    }

    #[test]
    fn any_lines_are_kept(text in text()) {
        prop_assert_eq!(File::parse(&text).0.to_string(), text);
    }

    #[test]
    fn what_is_set_is_read_and_the_rest_stays(text in text(), name in "[abc]", value in any::<String>()) {
        let (mut file, problems) = File::parse(&text);
        for (section, _) in File::parse(&text).0.sections() {
            let before = file.clone();
            let done = file.set(section, &name, &value);
            if done.is_err() {
                // Only a broken line may be the reason.
                prop_assert!(!problems.is_empty());
                prop_assert_eq!(file.as_bytes(), before.as_bytes());
                continue;
            }
            let expected = value.replace('\0', "");
            prop_assert_eq!(file.option(section, &name).map(|found| found.0), Some(expected.as_str()));
            // Everything else: one stretch of the text was replaced, nothing around it.
            let (old, new) = (before.as_bytes(), file.as_bytes());
            let written = quoted_again(&expected);
            let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
            let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
            let changed = new.len().saturating_sub(head + tail);
            prop_assert!(changed <= written.len() + "; option a \r\n\t ".len() + 8);
        }
    }

    #[test]
    fn a_written_file_reads_back(values in proptest::collection::vec(("[a-z_]{1,8}", any::<String>()), 0..8)) {
        let mut file = File::default();
        let section = file.add_section("cwmp", Some("acs")).unwrap();
        for (name, value) in &values {
            file.set(section, name, value).unwrap();
        }
        let (again, problems) = File::parse(file.as_bytes());
        prop_assert_eq!(problems, []);
        for (name, _) in &values {
            let last = values.iter().rev().find(|(other, _)| other == name).unwrap();
            prop_assert_eq!(again.option(section, name).unwrap().0, last.1.replace('\0', ""));
        }
    }
}

fn quoted_again(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[test]
fn a_section_is_taken_away_with_its_lines_only() {
    let text =
        "# one\nconfig a\n\toption x 1 # its own\n\n# two\nconfig b 'n'\n\toption y 2\nconfig c";
    let sections = |file: &File| file.sections().map(|(at, _)| at).collect::<Vec<_>>();
    let mut file = parse(text);
    let all = sections(&file);
    assert_eq!(file.remove(all[0]), Ok(()));
    assert_eq!(
        file.to_string(),
        "# one\n\n# two\nconfig b 'n'\n\toption y 2\nconfig c"
    );
    let all = sections(&file);
    assert_eq!(file.remove(all[1]), Ok(()));
    assert_eq!(
        file.to_string(),
        "# one\n\n# two\nconfig b 'n'\n\toption y 2\n"
    );
    assert_eq!(file.remove(all[1]), Err(EditError));
    // What shares its line with another section cannot be taken out as lines.
    let mut file = parse("config a; option x 1; config b; option y 2\n");
    let all = sections(&file);
    assert_eq!(file.remove(all[0]), Err(EditError));
    assert_eq!(sections(&file).len(), 2);
}
