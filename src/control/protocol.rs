//! The control socket's lines: a [`Command`] each way in, a [`Reply`] each way out, as JSON.
//!
//! ```json
//! {"command":"get","paths":["Device.DeviceInfo."]}
//! {"ok":[{"parameter":"Device.DeviceInfo.UpTime","value":"12","type":"xsd:unsignedInt"}]}
//! ```
//!
//! or `{"fault":{"code":9005,"text":"…"}}`, `{"busy":{"text":"…"}}`, `{"error":{"text":"…"}}`. Commands of one client are
//! answered in order. `{"command":"trace","follow":true}` is the client's last: every line after is one more `ok`.

use crate::agent::command::{Command, Reply, event, event_names};
use crate::wire::data::Data;
use crate::wire::json;

/// Longest command: a few hundred parameters to set.
pub const MAX_COMMAND: usize = 64 * 1024;
/// Longest reply: a whole tree of 10,000 parameters has room.
pub const MAX_REPLY: usize = 4 * 1024 * 1024;

/// Reads a command; the error says what is wrong with it. The event of an `inform` comes out in its full form.
pub fn parse(line: &[u8]) -> Result<Command, String> {
    let given = json::parse_bytes(line).map_err(|wrong| format!("not a JSON object: {wrong}"))?;
    let mut command =
        Command::read(given).map_err(|wrong| format!("not a command: {}", wrong.text))?;
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

/// A value as a line, with its end.
pub fn line(data: &Data<'_>) -> String {
    let mut line = json::text(data);
    line.push('\n');
    line
}

/// A reply as a line that is not longer than [`MAX_REPLY`].
pub fn reply_line(reply: &Reply) -> String {
    let mut line = String::new();
    reply.write(&mut line);
    if line.len() >= MAX_REPLY {
        line.clear();
        let text = format!("the answer has more than {MAX_REPLY} bytes: ask for less");
        Reply::Error { text }.write(&mut line);
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests;
