//! The command line, read with the command table.

use std::ffi::OsString;

use lexopt::Arg;

use super::commands::{self, Entry};
use crate::agent::files::Root;

/// What was asked for.
pub enum Parsed {
    /// Help about a command, or about all.
    Help(Option<&'static Entry>),
    /// This command.
    Run(&'static Entry, Arguments),
}

/// What came with the command.
#[derive(Debug, Default)]
pub struct Arguments {
    /// `--root`
    pub root: Root,
    /// `--json`
    pub json: bool,
    /// The command's own options, with their values; empty where they take none.
    pub flags: Vec<(&'static str, String)>,
    /// The rest, in order.
    pub words: Vec<String>,
}

impl Arguments {
    /// Whether this option of the command was given.
    pub fn flag(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The value of this option of the command.
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.flags.iter().rev().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// An option's name, and whether it takes a value.
fn named(flag: &'static str) -> (&'static str, bool) {
    flag.split_once('=')
        .map_or((flag, false), |(name, _)| (name, true))
}

/// Reads the command line; the error is in words.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut given = Arguments::default();
    let mut entry: Option<&'static Entry> = None;
    let mut help = false;
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => help = true,
            Arg::Short('V') | Arg::Long("version") => entry = commands::find("version"),
            Arg::Long("json") => given.json = true,
            Arg::Long("root") => {
                given.root = Root::new(parser.value().map_err(|error| error.to_string())?);
            }
            Arg::Long(flag) => {
                let known = entry.and_then(|entry| {
                    let names = entry.flags.iter().map(|(flag, _)| named(flag));
                    names.into_iter().find(|(name, _)| *name == flag)
                });
                let (name, takes_value) =
                    known.ok_or_else(|| format!("invalid option '--{flag}'"))?;
                let value = if takes_value {
                    let value = parser.value().map_err(|error| error.to_string())?;
                    value
                        .into_string()
                        .map_err(|_| format!("the value of '--{name}' is not UTF-8"))?
                } else {
                    String::new()
                };
                given.flags.push((name, value));
            }
            Arg::Short(letter) => return Err(format!("invalid option '-{letter}'")),
            Arg::Value(word) => {
                let word = word
                    .into_string()
                    .map_err(|_| "an argument is not UTF-8".to_owned())?;
                match entry {
                    Some(_) => given.words.push(word),
                    None if word == "help" && !help => help = true,
                    None => {
                        entry = Some(
                            commands::find(&word)
                                .ok_or_else(|| format!("unknown command '{word}'"))?,
                        )
                    }
                }
            }
        }
    }
    match entry {
        _ if help => Ok(Parsed::Help(entry)),
        None => Err("no command".to_owned()),
        Some(entry) => {
            let (least, most) = entry.words;
            match given.words.len() {
                count if count < least => {
                    Err(format!("'{}' needs {}", entry.name, entry.arguments))
                }
                count if count > most => Err(format!("'{}' has too many arguments", entry.name)),
                _ => Ok(Parsed::Run(entry, given)),
            }
        }
    }
}
