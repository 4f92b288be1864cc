//! UCI files, and what they configure.

use std::path::Path;

use cwmpd::agent::config::Config;
use cwmpd::wire::uci::File;

/// The text stays as it is; an option that is set reads back and leaves the others alone.
pub fn uci(data: &[u8]) {
    let (file, problems) = File::parse(data);
    assert_eq!(file.as_bytes(), data);
    assert!(
        problems.len() <= 1000,
        "a file of garbage does not flood the log"
    );
    let value = super::text(data.get(..16).unwrap_or(data)).replace('\0', "");
    let sections: Vec<_> = file
        .sections()
        .map(|(section, _)| section)
        .take(4)
        .collect();
    for section in sections {
        for entry in ["url", "new"] {
            let mut changed = file.clone();
            if changed.set(section, entry, &value).is_ok() {
                assert_eq!(
                    changed.option(section, entry).map(|(v, _)| v),
                    Some(&*value)
                );
                let (again, _) = File::parse(changed.as_bytes());
                assert_eq!(again.option(section, entry).map(|(v, _)| v), Some(&*value));
                assert_eq!(again.sections().count(), file.sections().count());
            }
        }
    }
    let mut longer = file.clone();
    if longer.add_section("acs", Some("acs")).is_ok() {
        assert!(longer.as_bytes().starts_with(data));
    }
}

/// `/etc/config/cwmp`, as anybody may have written it.
pub fn config(data: &[u8]) {
    let (_, problems) = Config::parse(Path::new("cwmp"), data);
    for problem in problems.iter().take(4) {
        assert!(
            !problem.to_string().contains(char::is_control),
            "{problem} is one line"
        );
    }
}
