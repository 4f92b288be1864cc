//! The manual pages and the shell completion are made of their templates (`*.in` beside them) and the tables that drive
//! the programs; here they are held against those, and against the rest of the code.
//!
//! `CWMPD_MANUAL=write cargo test --test manual` makes them anew.

mod completion;
mod fill;
mod truth;

use std::fs;
use std::path::{Path, PathBuf};

use fill::fill;

/// What is made, each of the template of its name with `.in`.
const MADE: [&str; 6] = [
    "packaging/man/cwmp.1",
    "packaging/man/cwmp-lab.1",
    "packaging/man/cwmpd.8",
    "packaging/man/cwmpd-hooks.5",
    "packaging/man/cwmpd.conf.5",
    "packaging/completion/cwmp.bash",
];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(here(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// What is to be made of a template, with a remark where it comes from.
fn made(path: &str) -> String {
    let template = format!("{path}.in");
    let sign = if path.ends_with(".bash") {
        "#"
    } else {
        ".\\\""
    };
    let name = template.rsplit('/').next().expect("a name");
    format!(
        "{sign} Made of {name}: change that, then CWMPD_MANUAL=write cargo test --test manual\n{}",
        fill(&read(&template))
    )
}

#[test]
fn pages_and_completion_are_what_the_tables_say() {
    let write = std::env::var_os("CWMPD_MANUAL").is_some_and(|what| what == "write");
    let mut wrong = Vec::new();
    for path in MADE {
        let text = made(path);
        if write {
            fs::write(here(path), text).expect("the file is written");
        } else if fs::read_to_string(here(path)).ok() != Some(text) {
            wrong.push(path);
        }
    }
    assert!(
        wrong.is_empty(),
        "not what template and tables say (CWMPD_MANUAL=write cargo test --test manual mends it): {wrong:?}"
    );
}
