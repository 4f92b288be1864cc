//! A log file of bounded size.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use nix::fcntl::OFlag;

use super::FileSettings;

/// The file and the one before it.
pub(super) struct FileSink {
    settings: FileSettings,
    /// The file and its size.
    open: Option<(File, u64)>,
}

impl FileSink {
    pub(super) fn new(settings: FileSettings) -> Self {
        Self {
            settings,
            open: None,
        }
    }

    /// Appends a line. One that cannot be written is lost: there is nobody to tell.
    pub(super) fn write(&mut self, line: &str) {
        if self.append(line).is_err() {
            self.open = None;
        }
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        let (mut file, mut size) = match self.open.take() {
            Some(open) => open,
            None => self.open_file()?,
        };
        let length = line.len() as u64;
        if size > 0 && size.saturating_add(length) > self.settings.max_size {
            let mut before = self.settings.path.clone().into_os_string();
            before.push(".1");
            fs::rename(&self.settings.path, PathBuf::from(before))?;
            (file, size) = self.open_file()?;
        }
        file.write_all(line.as_bytes())?;
        self.open = Some((file, size + length));
        Ok(())
    }

    /// The folder may be one that others write to: neither a link that they made is followed, nor do we wait for
    /// whoever reads their pipe.
    fn open_file(&self) -> io::Result<(File, u64)> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            // The log names the subscriber's device and servers.
            .mode(0o600)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(&self.settings.path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok((file, metadata.len()))
    }
}
