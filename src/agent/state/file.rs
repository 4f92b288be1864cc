//! The file around the [`State`].

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{State, Statistics, VERSION};
use crate::agent::files::{self, FileError};
use crate::wire::data::{Data, write};
use crate::wire::toml;

/// A whole data model of changed values is some 100 KiB; beyond this something has gone wild.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// What one transaction adds to it at most, as a rule.
const MARGIN: u64 = 16 * 1024;
/// So many damaged files are kept for whoever looks into it: flash is small.
const MAX_DAMAGED: u32 = 3;
/// It holds passwords.
const MODE: u32 = 0o600;
/// Vendors' maps lie in the same folder, and they are no secret.
const FOLDER_MODE: u32 = 0o755;
/// The last line. A file that was cut short may well be legal TOML.
const END: &str = "# end of the state\n";

/// The state with its file.
#[derive(Debug)]
pub struct StateFile {
    /// What is kept. Change it, then [`save`](StateFile::save).
    pub state: State,
    path: PathBuf,
    saved: Option<Saved>,
}

/// What the file holds: a digest, because the text itself may be large.
#[derive(Debug, PartialEq)]
struct Saved {
    digest: [u8; 32],
    statistics: Statistics,
}

/// A state file that could not be used. It is set aside, and a fresh state takes its place.
#[derive(Debug)]
pub struct Damage {
    /// What is wrong with it. Shows nothing of it: it holds passwords.
    pub reason: String,
    /// Where it is now, if it could be moved.
    pub kept_as: Option<PathBuf>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        match &self.kept_as {
            Some(path) => write!(f, "; kept as {}", path.display()),
            None => f.write_str("; it will be replaced"),
        }
    }
}

impl StateFile {
    /// Reads the file. Missing: a fresh state. What a crash left beside it is removed.
    pub fn load(path: impl Into<PathBuf>) -> (StateFile, Option<Damage>) {
        let path = path.into();
        files::remove_leftover(&path);
        match read(&path) {
            Ok(Some(state)) => {
                let mut file = StateFile {
                    state,
                    path,
                    saved: None,
                };
                file.saved = Some(file.serialize().1);
                (file, None)
            }
            Ok(None) => (
                StateFile {
                    state: State::default(),
                    path,
                    saved: None,
                },
                None,
            ),
            Err(reason) => {
                let damage = Damage {
                    reason,
                    kept_as: set_aside(&path),
                };
                (
                    StateFile {
                        state: State::default(),
                        path,
                        saved: None,
                    },
                    Some(damage),
                )
            }
        }
    }

    /// Writes what changed since the last save. Returns whether the file was written: counters alone never cause
    /// that (EV-22).
    pub fn save(&mut self) -> Result<bool, FileError> {
        self.write_unless(|old, new| old.digest == new.digest)
    }

    /// Whether it could be written now, and somewhat longer than it is.
    pub fn try_save(&self) -> Result<(), FileError> {
        files::try_replace(&self.path, MARGIN)
    }

    /// Writes also when only the counters changed; for the end of the daemon.
    pub fn flush(&mut self) -> Result<bool, FileError> {
        self.write_unless(|old, new| old == new)
    }

    fn write_unless(&mut self, same: fn(&Saved, &Saved) -> bool) -> Result<bool, FileError> {
        let (mut text, now) = self.serialize();
        if self.saved.as_ref().is_some_and(|saved| same(saved, &now)) {
            return Ok(false);
        }
        // As a table of its own, which TOML lets stand behind all others.
        text.push('\n');
        text.push_str(&toml::text(&Data::map([(
            "statistics",
            write(&self.state.statistics),
        )])));
        text.push_str(END);
        if text.len() > MAX_BYTES {
            // The next start would refuse it.
            return Err(FileError {
                path: self.path.clone(),
                step: "serialize",
                source: io::Error::new(io::ErrorKind::FileTooLarge, "the state is too large"),
            });
        }
        if let Some(folder) = self.path.parent() {
            // Whatever the umask: who may write to the folder could put another state in place of this one.
            let made = fs::DirBuilder::new()
                .recursive(true)
                .mode(FOLDER_MODE)
                .create(folder);
            made.map_err(|source| FileError {
                path: folder.into(),
                step: "create",
                source,
            })?;
        }
        // Until it is known to be written, nothing is known of the file.
        self.saved = None;
        files::atomic_write(&self.path, text.as_bytes(), MODE)?;
        self.saved = Some(now);
        Ok(true)
    }

    /// The text without the counters, and what is remembered of it once it is written.
    fn serialize(&self) -> (String, Saved) {
        let text = toml::text(&write(&self.state));
        let saved = Saved {
            digest: Sha256::digest(text.as_bytes()).into(),
            statistics: self.state.statistics.clone(),
        };
        (text, saved)
    }
}

/// `None`: there is no file. An error says what is wrong with it.
fn read(path: &Path) -> Result<Option<State>, String> {
    let bytes = match files::read_capped(path, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let text = String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    if !text.ends_with(END) {
        return Err("cut short".to_owned());
    }
    // What else there is to say of it may be a password.
    let state = State::parse(&text).map_err(|wrong| format!("not a state: line {}", wrong.line))?;
    match state.version {
        VERSION => Ok(Some(state)),
        other => Err(format!(
            "of layout {other}, which this version does not know"
        )),
    }
}

/// Moves a damaged file to the first free of the names kept for that, else over the last.
fn set_aside(path: &Path) -> Option<PathBuf> {
    let path = files::target(path);
    let name = path.file_name()?.to_owned();
    let kept = |number: u32| {
        let mut name = name.clone();
        name.push(format!(".damaged-{number}"));
        path.with_file_name(name)
    };
    let free = (1..MAX_DAMAGED).find(|&number| fs::symlink_metadata(kept(number)).is_err());
    let place = kept(free.unwrap_or(MAX_DAMAGED));
    fs::rename(&path, &place).ok().map(|()| place)
}
