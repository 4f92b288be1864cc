//! What a DHCP client's hook hands over while no daemon runs: at boot the lease often comes first. The command is left
//! in a file that the daemon looks into when its socket listens.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use nix::fcntl::OFlag;

use crate::agent::command::Command;
use crate::agent::dhcp::MAX_COMMANDS;
use crate::agent::files::{DHCP_COMMANDS, Root};
use crate::control::protocol;

/// Leaves `command` for the daemon.
pub fn leave(root: &Root, command: &Command) -> io::Result<()> {
    let path = root.join(DHCP_COMMANDS);
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(folder)?;
    }
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(&path)?;
    let line = protocol::line(&command.data());
    let there = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if there.saturating_add(line.len()) > MAX_COMMANDS {
        // No daemon has come for a long time: the newest leases are those that count.
        file.set_len(0)?;
    }
    // In one piece: several clients may be at it.
    file.write_all(line.as_bytes())
}
