//! Settings that the ACS changes and that live in the UCI file.

use std::io;
use std::path::Path;

use super::load::section_name;
use super::options::Kind;
use super::{Config, options};
use crate::agent::files::{FileError, atomic_update, read_capped};
use crate::wire::uci::{self, EditError};

/// A file that is made here will hold passwords.
const MODE: u32 = 0o600;
/// What a file loses in which a password is set: packages install it for everybody to read.
const OTHERS: u32 = 0o007;

impl Config {
    /// Takes one value, as if the file said so. The error says why not, and shows no secret.
    pub fn set(&mut self, section: &str, option: &str, value: &str) -> Result<(), String> {
        match options::find(section, option) {
            Some(known) => known.apply(self, value),
            None => Err(format!("unknown option {section}.{option}")),
        }
    }
}

/// Sets options in place: order, comments and foreign options stay as they are, and the file is replaced whole.
/// Each change is (section, option, value). Nothing is written when nothing differs, or when one of the values would be
/// refused by who reads the file. A password is never written where everybody may read it. Returns whether it was written.
pub fn write_back(path: &Path, changes: &[(&str, &str, &str)]) -> Result<bool, FileError> {
    let old = match read_capped(path, uci::MAX_BYTES) {
        Err(error) if error.is_missing() => Vec::new(),
        other => other?,
    };
    let (mut file, _) = uci::File::parse(&old);
    let refused = |text: String| FileError {
        path: path.to_owned(),
        step: "edit",
        source: io::Error::new(io::ErrorKind::InvalidInput, text),
    };
    let mut withheld = 0;
    for &(section, option, value) in changes {
        if let Some(known) = options::find(section, option) {
            if matches!(known.kind, Kind::Secret(_)) {
                withheld = OTHERS;
            }
            known
                .apply(&mut Config::default(), value)
                .map_err(refused)?;
        }
        set(&mut file, section, option, value).map_err(|error| refused(error.to_string()))?;
    }
    if file.as_bytes() == old {
        return Ok(false);
    }
    atomic_update(path, file.as_bytes(), MODE, withheld)?;
    Ok(true)
}

/// Where the option takes effect: the last section that has it, else the last of that name, else a new one.
fn set(file: &mut uci::File, section: &str, option: &str, value: &str) -> Result<(), EditError> {
    let sections = || {
        let known = file
            .sections()
            .rev()
            .filter(|(_, found)| section_name(found) == Some(section));
        known.map(|(at, _)| at)
    };
    let holder = sections()
        .find(|at| file.option(*at, option).is_some())
        .or_else(|| sections().next());
    let holder = match holder {
        Some(at) if file.option(at, option).is_some_and(|(now, _)| now == value) => return Ok(()),
        Some(at) => at,
        None => file.add_section(section, Some(section))?,
    };
    file.set(holder, option, value)
}
