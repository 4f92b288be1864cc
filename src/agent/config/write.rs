//! Settings that the ACS changes and that live in the UCI file.

use std::io;
use std::path::Path;

use super::load::section_name;
use super::options::Kind;
use super::{Config, InformParameter, options};
use crate::agent::files::{FileError, atomic_update, read_capped};
use crate::cwmp::inform::MAX_ENTRIES;
use crate::wire::uci::{self, EditError, SectionRef};

/// A file that is made here will hold passwords.
const MODE: u32 = 0o600;
/// The option that says which instance a section is.
const INSTANCE: &str = "instance";
/// What a file loses in which a password is set: packages install it for everybody to read.
const OTHERS: u32 = 0o007;

impl Config {
    /// Takes one value, as if the file said so. The error says why not, and shows no secret.
    /// `inform_parameter:3` is the section that is instance 3, which is made if need be; without an option it goes.
    pub fn set(&mut self, section: &str, option: &str, value: &str) -> Result<(), String> {
        let Some(number) = instance(section) else {
            return self.set_option(section, option, value);
        };
        let at = self
            .inform_parameters
            .iter()
            .position(|entry| entry.instance == number);
        let mut entry = InformParameter {
            instance: number,
            ..InformParameter::default()
        };
        if let Some(at) = at {
            entry = self.inform_parameters.remove(at);
        }
        if option.is_empty() {
            return Ok(());
        }
        self.inform_parameter = entry;
        let result = self.set_option(section, option, value);
        let entry = std::mem::take(&mut self.inform_parameter);
        let at = at.unwrap_or(self.inform_parameters.len());
        self.inform_parameters.insert(at, entry);
        result
    }

    fn set_option(&mut self, section: &str, option: &str, value: &str) -> Result<(), String> {
        match options::find(section, option) {
            Some(known) => known.apply(self, value),
            None => Err(format!("unknown option {section}.{option}")),
        }
    }
}

/// The instance in `inform_parameter:3`.
fn instance(section: &str) -> Option<u32> {
    section.split_once(':')?.1.parse().ok()
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
    let mut withheld = 0;
    for &(section, option, value) in changes {
        if let Some(known) = options::find(section, option) {
            if matches!(known.kind, Kind::Secret(_)) {
                withheld = OTHERS;
            }
            known
                .apply(&mut Config::default(), value)
                .map_err(|text| refused(path, text))?;
        }
        set(&mut file, section, option, value).map_err(|error| refused(path, error.to_string()))?;
    }
    if file.as_bytes() == old {
        return Ok(false);
    }
    atomic_update(path, file.as_bytes(), MODE, withheld)?;
    Ok(true)
}

/// Gives every section `section` that has no instance number of its own, or one that an earlier section has, the next
/// one above `highest` and all that are there. Those beyond what the table takes are left alone.
pub fn number_instances(path: &Path, section: &str, highest: u32) -> Result<(), FileError> {
    let old = read_capped(path, uci::MAX_BYTES)?;
    let (mut file, _) = uci::File::parse(&old);
    let sections: Vec<SectionRef> = file
        .sections()
        .filter(|(_, found)| section_name(found) == Some(section))
        .map(|(at, _)| at)
        .collect();
    let mut given: Vec<u32> = Vec::new();
    let mut missing = Vec::new();
    for at in sections {
        let number = file.option(at, INSTANCE);
        let number = number.and_then(|(text, _)| text.trim().parse().ok());
        match number.filter(|&number| number > 0 && !given.contains(&number)) {
            Some(number) => given.push(number),
            None => missing.push(at),
        }
    }
    let mut highest = given.into_iter().fold(highest, u32::max);
    // Each costs a reading of the whole file.
    for at in missing.into_iter().take(MAX_ENTRIES) {
        highest = highest.saturating_add(1);
        file.set(at, INSTANCE, &highest.to_string())
            .map_err(|error| refused(path, error.to_string()))?;
    }
    if file.as_bytes() != old {
        atomic_update(path, file.as_bytes(), MODE, 0)?;
    }
    Ok(())
}

fn refused(path: &Path, text: String) -> FileError {
    FileError {
        path: path.to_owned(),
        step: "edit",
        source: io::Error::new(io::ErrorKind::InvalidInput, text),
    }
}

/// The section that is this instance gets the option; without an option the section goes.
fn set_instance(
    file: &mut uci::File,
    (section, number): (&str, &str),
    option: &str,
    value: &str,
) -> Result<(), EditError> {
    let holder = file.sections().find(|(at, found)| {
        section_name(found) == Some(section)
            && file
                .option(*at, INSTANCE)
                .is_some_and(|(now, _)| now.trim() == number)
    });
    match holder.map(|(at, _)| at) {
        Some(at) if option.is_empty() => file.remove(at),
        None if option.is_empty() => Ok(()),
        Some(at) if file.option(at, option).is_some_and(|(now, _)| now == value) => Ok(()),
        Some(at) => file.set(at, option, value),
        None => {
            let at = file.add_section(section, None)?;
            file.set(at, INSTANCE, number)?;
            file.set(at, option, value)
        }
    }
}

/// Where the option takes effect: the last section that has it, else the last of that name, else a new one.
fn set(file: &mut uci::File, section: &str, option: &str, value: &str) -> Result<(), EditError> {
    if let Some(instance) = section.split_once(':') {
        return set_instance(file, instance, option, value);
    }
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
