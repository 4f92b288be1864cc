//! What the pages say, held against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use cwmpd::agent::config::Config;
use cwmpd::agent::config::options::OPTIONS;
use cwmpd::agent::files::Root;
use cwmpd::control::cli::commands::COMMANDS;
use cwmpd::control::cli::exit;

use super::{MADE, here, read};

/// Templates of pages.
fn pages() -> impl Iterator<Item = (&'static str, String)> {
    let pages = MADE.into_iter().filter(|path| path.contains("/man/"));
    pages.map(|path| (path, read(&format!("{path}.in"))))
}

/// The arguments of the places `@WHAT` of a template, in order.
fn places(template: &str, what: &str) -> Vec<String> {
    let places = template.lines().filter_map(|line| {
        let (found, argument) = line.strip_prefix('@')?.split_once(' ')?;
        (found == what).then(|| argument.split(' ').next().unwrap_or_default().to_owned())
    });
    places.collect()
}

/// A section of a page.
fn section<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n.Sh {name}\n")).expect(name);
    rest.split_once("\n.Sh ")
        .map_or(rest, |(section, _)| section)
}

/// Rust files below `folder`, those of tests left out.
fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path).expect("a source file");
            found.push_str(
                text.split("#[cfg(test)]\nmod tests {")
                    .next()
                    .unwrap_or_default(),
            );
        }
    }
}

/// The code that runs on a device.
fn device() -> String {
    let mut text = String::new();
    for entry in fs::read_dir(here("src")).expect("src") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("lab") {
            sources(&path, &mut text);
        }
    }
    text
}

fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    items.into_iter().collect()
}

#[test]
fn every_command_and_option_has_its_place_once() {
    let commands = COMMANDS.iter().map(|entry| entry.name.to_owned());
    let options = OPTIONS.iter();
    let options = options.map(|option| format!("{}.{}", option.section, option.name));
    for (page, what, known) in [
        ("packaging/man/cwmp.1.in", "command", set(commands)),
        ("packaging/man/cwmpd.conf.5.in", "option", set(options)),
    ] {
        let places = places(&read(page), what);
        let (count, places) = (places.len(), set(places));
        let missing: Vec<&String> = known.difference(&places).collect();
        assert!(
            missing.is_empty(),
            "lines `@{what} NAME` are missing in {page}: {missing:?}"
        );
        assert_eq!(places, known, "{page}");
        assert_eq!(count, known.len(), "{page}: one of them comes twice");
    }
}

/// The options that `--help` lists at the beginning of a line.
fn helped(program: &str, arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(program)
        .args(arguments)
        .arg("--help")
        .output()
        .expect("it runs");
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).expect("a text");
    let lines = help.lines().map(str::trim_start);
    // The part before the explanation.
    let lines = lines.filter(|line| line.starts_with('-'));
    let names = lines.flat_map(|line| {
        line.split("  ")
            .next()
            .unwrap_or_default()
            .split([' ', ','])
    });
    set(names
        .filter(|name| name.starts_with('-'))
        .map(str::to_owned))
}

/// The options that the items of a list explain: `.It Fl c Ar FILE , Fl -config Ar FILE`.
fn explained(list: &str) -> BTreeSet<String> {
    let items = list.lines().filter_map(|line| line.strip_prefix(".It Fl "));
    let names = items.flat_map(|item| item.split("Fl ").map(|rest| rest.split(' ').next()));
    set(names.flatten().map(|name| format!("-{name}")))
}

#[test]
fn every_flag_is_explained_and_none_that_is_not_there() {
    let daemon = env!("CARGO_BIN_EXE_cwmpd");
    let options = |page| explained(section(&read(page), "OPTIONS"));
    assert_eq!(options("packaging/man/cwmpd.8.in"), helped(daemon, &[]));
    let mut listed = helped(daemon, &["ctl"]);
    for (flag, _) in COMMANDS.iter().flat_map(|entry| entry.flags) {
        // These have their place with their command.
        let name = flag.split('=').next().unwrap_or_default();
        assert!(
            listed
                .iter()
                .any(|known| known.starts_with(&format!("--{name}")))
        );
        listed.retain(|known| !known.starts_with(&format!("--{name}")));
    }
    assert_eq!(options("packaging/man/cwmp.1.in"), listed);
}

#[test]
fn every_file_that_is_named_exists_in_the_code() {
    let files = read("src/agent/files.rs") + &read("etc/config/cwmp");
    let named_there = |path: &str| {
        ['"', '\'']
            .iter()
            .any(|q| files.contains(&format!("{q}{path}{q}")))
    };
    let known = |path: &str| {
        let Some(below) = path.strip_prefix('/') else {
            return here(path).is_file();
        };
        let (folder, name) = path.rsplit_once('/').expect("a slash");
        let group = folder.rsplit('/').next().unwrap_or_default();
        // Hooks and profiles are installed into folders that the code names.
        let installed = named_there(folder) && here(&format!("etc/{group}/{name}")).is_file();
        named_there(path) || installed || here(below).is_file()
    };
    for (page, text) in pages() {
        let paths = text.lines().filter_map(|line| {
            let (_, path) = line.split_once("Pa ")?;
            path.split(' ').next().filter(|path| path.contains('/'))
        });
        let wrong: Vec<&str> = paths.filter(|path| !known(path)).collect();
        assert!(wrong.is_empty(), "{page}: {wrong:?}");
    }
}

#[test]
fn every_exit_code_is_one_of_the_program_and_the_other_way_round() {
    let told = |page: &str| -> BTreeSet<u8> {
        let page = read(&format!("packaging/man/{page}.in"));
        let items = section(&page, "EXIT STATUS").lines();
        set(items.filter_map(|line| line.strip_prefix(".It ")?.parse().ok()))
    };
    let constants = |source: &str| -> BTreeSet<u8> {
        let source = read(source);
        let named = source
            .lines()
            .filter_map(|line| line.strip_prefix("const EXIT_"));
        let values = named.filter_map(|rest| rest.split_once(": u8 = ")?.1.strip_suffix(';'));
        let mut codes = set(values.map(|value| value.parse().expect("a number")));
        codes.insert(0);
        if source.contains("ExitCode::FAILURE") {
            codes.insert(1);
        }
        codes
    };
    use exit::{CONFIGURATION, FAILED, NOT_RUNNING, OK, USAGE};
    let command = set([OK, FAILED, USAGE, NOT_RUNNING, CONFIGURATION]);
    assert_eq!(told("cwmp.1"), command);
    assert_eq!(told("cwmpd.8"), constants("src/control/daemon.rs"));
    assert_eq!(told("cwmp-lab.1"), constants("src/lab/cli.rs"));
}

#[test]
fn every_hook_is_explained_with_its_arguments_and_exit_statuses() {
    let page = read("packaging/man/cwmpd-hooks.5.in");
    let mut parts = BTreeMap::new();
    for part in page.split("\n.Ss ").skip(1) {
        let part = part.split("\n.Sh ").next().unwrap_or_default();
        let (name, rest) = part.split_once('\n').expect("a name");
        assert!(rest.starts_with(&format!(".D1 Pa {name}")), "{name}");
        parts.insert(name.to_owned(), rest.to_owned());
    }
    let number = |text: &str| text.split([' ', ':']).next()?.parse::<u8>().ok();
    let packaged = read("packaging/files");
    for entry in fs::read_dir(here("etc/hooks")).expect("the hooks") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("a name");
        assert!(
            packaged.contains(&format!(" /usr/lib/cwmpd/hooks/{name}\n")),
            "{name}"
        );
        if name.ends_with(".sh") {
            continue;
        }
        let script = read(&format!("etc/hooks/{name}"));
        let (head, code) = script.split_once("\n\n").expect("a head");
        let part = parts.remove(name).expect(name);
        let told = set(part
            .lines()
            .filter_map(|line| number(line.strip_prefix(".It ")?)));
        let lines = head.lines();
        let listed = set(lines.filter_map(|line| number(line.strip_prefix("#   ")?)));
        assert_eq!(told, listed, "{name}");
        let words: Vec<&str> = code.split_whitespace().collect();
        let used = words
            .windows(2)
            .filter(|pair| ["exit", "fail"].contains(&pair[0]));
        let used = set(used.filter_map(|pair| number(pair[1])));
        assert!(used.is_subset(&listed), "{name}: {used:?}");
        // How many arguments: those that the head explains.
        let arguments = head.lines().filter(|line| line.starts_with("# $")).count();
        let call = part.lines().next().unwrap_or_default();
        let called = call
            .split(' ')
            .filter(|word| word.chars().all(char::is_uppercase));
        assert_eq!(called.count(), arguments, "{name}");
    }
    assert!(parts.is_empty(), "there is no such hook: {parts:?}");
}

/// What stands at the head of the items of a page's lists of messages.
fn messages(page: &str) -> Vec<&str> {
    let lists = page.split(".Bl -diag\n").skip(1);
    let items = lists.flat_map(|list| list.split(".El\n").next().unwrap_or_default().lines());
    items.filter_map(|line| line.strip_prefix(".It ")).collect()
}

#[test]
fn every_log_line_is_in_the_manual_and_the_other_way_round() {
    let page = read("packaging/man/cwmpd.8.in");
    let told = messages(&page);
    let code = device();
    // The words that never change, at the beginning of what is logged.
    let begins = |text: &str| {
        text.split([':', '=', '{', '"'])
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let mut logged = BTreeSet::new();
    for level in ["error!(", "warn!(", "info!(", "log!("] {
        for call in code.split(level).skip(1) {
            // `log!` has its level before the text.
            let before = call.split('"').next().unwrap_or_default();
            assert!(!before.contains(';'), "no text in {level}{before}");
            let text = call.split('"').nth(1).unwrap_or_default();
            logged.insert(begins(text));
        }
    }
    let missing: Vec<&String> = logged
        .iter()
        .filter(|words| !told.iter().any(|item| item.starts_with(words.as_str())))
        .collect();
    assert!(
        missing.is_empty(),
        "not in DIAGNOSTICS of cwmpd.8.in: {missing:?}"
    );
    let known = |item: &str| {
        let logged = logged
            .iter()
            .any(|words| !words.is_empty() && item.starts_with(words));
        logged || code.contains(&begins(item))
    };
    let gone: Vec<&&str> = told.iter().filter(|item| !known(item)).collect();
    assert!(gone.is_empty(), "nothing logs this: {gone:?}");
    // And what is told about them.
    for item in told {
        for key in item.split(' ').filter(|word| word.ends_with('=')) {
            assert!(code.contains(key), "{item}: {key}");
        }
    }
}

#[test]
fn the_problems_of_a_configuration_are_told_as_in_the_manual() {
    let folder = std::env::temp_dir().join(format!("cwmpd-manual-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let text = "config acs\n option urll x\n option retry_interval_multiplier 1\n option insecure_enable 1\n\
                \x20option tls_client_cert /x\n option passwd iopsys\nconfig what\nconfig cpe\n option profile x\n\
                \x20option backend exec\nconfig inform_parameter\n option enable 1\n"
        .to_owned()
        + &"config inform_parameter\n".repeat(64);
    let file = folder.join("cwmp");
    fs::write(&file, text).expect("the file");
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&file, readable).expect("its mode");
    let (_, problems) = Config::load(&Root::default(), &file);
    fs::remove_dir_all(&folder).expect("removed");
    let problems: Vec<String> = problems
        .iter()
        .map(|problem| problem.text.clone())
        .collect();
    for message in messages(&read("packaging/man/cwmpd.conf.5.in")) {
        assert!(
            problems.iter().any(|problem| problem == message),
            "{message}: {problems:#?}"
        );
    }
}

#[test]
fn the_messages_of_the_command_are_those_of_the_code() {
    let code = device();
    let page = read("packaging/man/cwmp.1.in");
    for message in messages(&page) {
        // These are something else each time.
        let pattern = ["...", "PATH", "60"]
            .iter()
            .fold(message.to_owned(), |text, part| text.replace(part, "\0"));
        let parts = pattern.split('\0').map(str::trim);
        for part in parts.filter(|part| !part.is_empty() && !part.starts_with("fault ")) {
            assert!(code.contains(part), "{message}: {part}");
        }
    }
}

/// The blocks of literal text of a page.
fn literal(page: &str) -> Vec<String> {
    let blocks = page.split(".Bd -literal").skip(1);
    let blocks = blocks.filter_map(|block| block.split_once('\n')?.1.split(".Ed\n").next());
    blocks.map(str::to_owned).collect()
}

#[test]
fn the_examples_of_a_configuration_are_right() {
    let page = read("packaging/man/cwmpd.conf.5.in");
    let examples = literal(&page);
    let examples: Vec<&String> = examples
        .iter()
        .filter(|text| text.starts_with("config "))
        .collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let (config, problems) = Config::parse(Path::new("example"), example.as_bytes());
        assert!(problems.is_empty(), "{problems:?}");
        assert_ne!(config, Config::default());
    }
}

#[cfg(feature = "lab")]
mod lab {
    use cwmpd::lab::script::Script;

    use super::*;

    #[test]
    fn every_flag_of_the_lab_is_explained() {
        let lab = env!("CARGO_BIN_EXE_cwmp-lab");
        let mut listed = helped(lab, &["demo"]);
        listed.extend(helped(lab, &["acs"]));
        let page = read("packaging/man/cwmp-lab.1.in");
        assert_eq!(explained(section(&page, "COMMANDS")), listed);
    }

    #[test]
    fn the_scripts_of_the_manual_are_scripts() {
        let page = read("packaging/man/cwmp-lab.1.in");
        let mut scripts = 0;
        for text in literal(&page) {
            // What is typed is not of the script.
            let lines = text.lines().filter(|line| !line.starts_with("$ "));
            let text = lines.collect::<Vec<_>>().join("\n");
            if text.contains("do = ") {
                Script::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
                scripts += 1;
            }
        }
        assert_eq!(scripts, 4);
    }

    /// What the parser says that it would have expected.
    fn expected(script: &str) -> Vec<String> {
        // A step without arguments takes whatever there is.
        let error = Script::parse(script).err().map(|error| error.to_string());
        let error = error.unwrap_or_default();
        let (_, names) = error.split_once("expected ").unwrap_or_default();
        names
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_whole_script_format_is_in_the_manual() {
        let page = read("packaging/man/cwmp-lab.1.in");
        let format = section(&page, "SCRIPT");
        let mut names = expected("wrong = 1");
        let steps = expected("[[step]]\ndo = 'wrong'");
        assert_eq!(steps.len(), 20);
        for step in &steps {
            let script = format!("[[step]]\ndo = '{step}'\nwrong = 1");
            names.extend(expected(&script));
        }
        names.extend(steps);
        names.extend(expected(
            "[[step]]\ndo='SetParameterValues'\nvalues=[{wrong=1}]",
        ));
        names.extend(expected(
            "[[step]]\ndo='SetParameterAttributes'\nattributes=[{wrong=1}]",
        ));
        names.extend(expected(
            "[[step]]\ndo='ScheduleDownload'\nwindows=[{wrong=1}]",
        ));
        for operation in ["wrong", "Install", "Update", "Uninstall"] {
            names.extend(expected(&format!(
                "[[step]]\ndo='ChangeDUState'\noperations=[{{do='{operation}',wrong=1}}]"
            )));
        }
        names.extend(expected("[device.x]\nwrong=1"));
        assert!(names.len() > 60, "{names:?}");
        let words: Vec<&str> = format.split_whitespace().collect();
        let missing: Vec<String> = names
            .into_iter()
            .filter(|name| !words.contains(&name.as_str()))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

#[test]
#[ignore = "needs mandoc"]
fn mandoc_has_nothing_to_say_against_the_pages() {
    let pages = MADE.into_iter().filter(|path| path.contains("/man/"));
    let output = Command::new("mandoc")
        .args(["-Tlint", "-W", "warning"])
        .args(pages.map(here))
        .output()
        .expect("mandoc");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
}
