//! `cpe.custom_notify_json`: notification settings that come with the firmware, in icwmp's format, taken in once.
//!
//! ```json
//! {"custom_notification":[{"parameter":"Device.WiFi.","notify_type":"1"}]}
//! ```
//!
//! They are set as if the ACS did: it sees them and may change them. The file is taken in again when its text is another
//! one (a firmware update) or the state was forgotten (a factory reset). An entry that is wrong is left out.

use std::path::Path as File;

use sha2::{Digest, Sha256};

use crate::agent::clock::Now;
use crate::agent::config::Config;
use crate::agent::{Agent, files};
use crate::datamodel::attributes::{AttributeChange, Attributes, Notification};
use crate::datamodel::path::Path;
use crate::datamodel::{DataModel, Fault};
use crate::say::{error, info, warn};
use crate::wire::data::{Data, FromData, Plain, Wrong, list, record};
use crate::wire::http::hex;
use crate::wire::json;

/// The largest file: some thousand entries.
const MAX_FILE: usize = 256 * 1024;
/// Wrong entries that are logged one by one.
const MAX_LOGGED: usize = 16;

/// An entry of the file.
#[derive(Default)]
struct Entry {
    parameter: String,
    /// A number, as icwmp has it in a text.
    notify_type: Plain,
}

record!(read Entry { parameter, notify_type } requires ["parameter", "notify_type"]);

impl Agent {
    /// Takes the file in, unless that was done. The names of the whole tree are in memory.
    pub(super) fn import_notifications(&mut self, now: Now) {
        let Some(path) = self.config.cpe.custom_notify_json.clone() else {
            return;
        };
        if let Err(reason) = self.import_file(&path, now) {
            error!(
                "notification settings not imported: file={} reason={reason:?}; correct the file and reload, or unset cpe.custom_notify_json",
                path.display()
            );
        }
    }

    fn import_file(&mut self, path: &File, now: Now) -> Result<(), String> {
        let bytes = read(&self.root, path)?;
        let digest = hex(Sha256::digest(&bytes));
        if digest == self.store.state.imported_notifications {
            return Ok(());
        }
        let (mut changes, mut wrong) = (Vec::new(), 0);
        for (at, entry) in entries(&bytes)?.into_iter().enumerate() {
            match change(Some(&self.model), entry) {
                Ok(change) => changes.push(change),
                Err(reason) => {
                    wrong += 1;
                    if wrong <= MAX_LOGGED {
                        warn!(
                            "notification setting left out: entry={} reason={reason:?}",
                            at + 1
                        );
                    }
                }
            }
        }
        let state = &mut self.store.state;
        state
            .attributes
            .apply(&changes)
            .map_err(|fault| fault.text)?;
        state.imported_notifications = digest;
        info!(
            "notification settings imported: file={} settings={} left_out={wrong}",
            path.display(),
            changes.len()
        );
        self.save(now);
        Ok(())
    }
}

/// What of the file cannot be taken in; without a model, what that says of its names is not asked.
pub(in crate::agent) fn problems(
    root: &files::Root,
    config: &Config,
    model: Option<&dyn DataModel>,
) -> Vec<String> {
    let Some(path) = &config.cpe.custom_notify_json else {
        return Vec::new();
    };
    let file = root.join(path);
    let told = |reason| format!("{}: {reason}", file.display());
    let bytes = match read(root, path) {
        Ok(bytes) => bytes,
        Err(reason) => return vec![told(reason)],
    };
    let entries = match entries(&bytes) {
        Ok(entries) => entries,
        Err(reason) => return vec![told(reason)],
    };
    let wrong = entries.into_iter().enumerate().filter_map(|(at, entry)| {
        let reason = change(model, entry).err()?;
        Some(told(format!("entry {}: {reason}", at + 1)))
    });
    wrong.take(MAX_LOGGED).collect()
}

fn read(root: &files::Root, path: &File) -> Result<Vec<u8>, String> {
    files::read_capped(&root.join(path), MAX_FILE)
        .map_err(|e| format!("cannot {}: {}", e.step, e.source))
}

fn entries(bytes: &[u8]) -> Result<Vec<Data<'_>>, String> {
    const KEY: &str = "custom_notification";
    let file = json::parse_bytes(bytes).and_then(Data::into_map);
    let entries = file.and_then(|mut file| match file.remove(KEY) {
        Some(entries) => list(entries),
        None => Err(Wrong::new(format!("missing field `{KEY}`"))),
    });
    entries.map_err(|wrong| wrong.to_string())
}

/// What an entry asks for, checked as SetParameterAttributes is.
fn change(model: Option<&dyn DataModel>, data: Data<'_>) -> Result<AttributeChange, String> {
    let mut entry = Entry::default();
    entry.read(data).map_err(|wrong| wrong.to_string())?;
    let refused = |fault: Fault| format!("{}: {}", entry.parameter, fault.text);
    let number = entry.notify_type.0.trim().parse::<u8>();
    let number = number.map_err(|_| format!("{}: notify_type is not 0 to 6", entry.parameter))?;
    let notification = Notification::try_from(number).map_err(refused)?;
    let path = Path::parse(&entry.parameter).map_err(refused)?;
    if entry.parameter.is_empty() || !path.is_concrete() {
        return Err(format!(
            "{:?}: neither a parameter's full name nor an object's path with its final dot",
            entry.parameter
        ));
    }
    if let Some(model) = model {
        Attributes::check(model, &entry.parameter, Some(notification)).map_err(refused)?;
    }
    Ok(AttributeChange {
        path: entry.parameter,
        notification: Some(notification),
        access: None,
    })
}
