//! The control socket's lines: a [`Command`] each way in, a [`Reply`] each way out, as JSON.
//!
//! ```json
//! {"command":"get","paths":["Device.DeviceInfo."]}
//! {"ok":[{"parameter":"Device.DeviceInfo.UpTime","value":"12","type":"xsd:unsignedInt"}]}
//! ```
//!
//! or `{"fault":{"code":9005,"text":"…"}}`, `{"busy":{"text":"…"}}`, `{"error":{"text":"…"}}`. Commands of one client are
//! answered in order. `{"command":"trace","follow":true}` is the client's last: every line after is one more `ok`.

use serde_json::Value;

use crate::agent::command::{Command, Reply, event, event_names};

/// Longest command: a few hundred parameters to set.
pub const MAX_COMMAND: usize = 64 * 1024;
/// Longest reply: a whole tree of 10,000 parameters has room.
pub const MAX_REPLY: usize = 4 * 1024 * 1024;

/// Reads a command; the error says what is wrong with it. The event of an `inform` comes out in its full form.
pub fn parse(line: &[u8]) -> Result<Command, String> {
    let given: Value =
        serde_json::from_slice(line).map_err(|error| format!("not a JSON object: {error}"))?;
    let mut command: Command =
        serde_json::from_value(given.clone()).map_err(|error| format!("not a command: {error}"))?;
    if let Some(key) = unknown_key(&given, &command) {
        return Err(format!("not a command: unknown field `{key}`"));
    }
    if let Command::Inform {
        event: Some(wanted),
        ..
    } = &mut command
    {
        match event(wanted) {
            Some(code) => code.clone_into(wanted),
            None => return Err(format!("no such event; events are {}", event_names())),
        }
    }
    Ok(command)
}

/// serde does not look for unknown fields where a command has none of its own.
fn unknown_key(given: &Value, command: &Command) -> Option<String> {
    let known = serde_json::to_value(command).unwrap_or_default();
    given
        .as_object()?
        .keys()
        .find(|key| known.get(key).is_none())
        .cloned()
}

/// A command or reply as a line, with its end.
pub fn line(message: &impl serde::Serialize) -> Vec<u8> {
    // A reply is made of strings, numbers and lists of them: nothing that JSON cannot say.
    let mut line =
        serde_json::to_vec(message).unwrap_or_else(|_| br#"{"error":{"text":"no JSON"}}"#.to_vec());
    line.push(b'\n');
    line
}

/// A reply as a line that is not longer than [`MAX_REPLY`].
pub fn reply_line(reply: &Reply) -> Vec<u8> {
    let full = line(reply);
    if full.len() <= MAX_REPLY {
        return full;
    }
    line(&Reply::Error {
        text: format!("the answer has more than {MAX_REPLY} bytes: ask for less"),
    })
}

#[cfg(test)]
mod tests;
