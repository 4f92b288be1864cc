//! The file on this device, and the note beside it that lets another child go on with it.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::statvfs::statvfs;

use super::{Failure, Order, WRONG_SIZE};
use crate::wire::data::record;
use crate::wire::json;

/// The file and the note are nobody else's business.
const MODE: u32 = 0o600;
/// So often what is written is made to last, and the note says so: after a power cut the rest may be holes.
const CHECKPOINT: u64 = 1024 * 1024;
/// The note is small.
const MAX_NOTE: u64 = 4096;

/// What is known of a file that is not whole yet.
#[derive(Default)]
struct Note {
    /// What the server calls this version of the file.
    validator: String,
    /// Its bytes, 0: not known.
    total: u64,
    /// So many are on the disk.
    bytes: u64,
}

record!(Note {
    validator,
    total,
    bytes
});

/// The file on this device.
pub struct Local {
    file: File,
    path: PathBuf,
    get: bool,
    file_size: u64,
    note: Note,
    /// Bytes that have been written or sent.
    pub bytes: u64,
    /// The most there ever were.
    pub best: u64,
    /// What went wrong while bytes passed.
    pub failure: Option<Failure>,
}

impl Local {
    /// Opens the file of an order.
    pub fn open(order: &Order) -> Result<Local, Failure> {
        let path = PathBuf::from(&order.file);
        let file = open(&path, order.get).map_err(|error| trouble(&path, &error))?;
        let mut local = Local {
            file,
            get: order.get,
            file_size: order.file_size,
            note: Note::default(),
            bytes: 0,
            best: 0,
            failure: None,
            path,
        };
        if !order.get {
            let length = local.file.metadata().map(|data| data.len());
            local.note.total = length.map_err(|error| trouble(&local.path, &error))?;
        } else if !(order.resume && local.go_on()) {
            local.start_over()?;
        }
        if order.get {
            local.room(order.file_size.saturating_sub(local.bytes))?;
        }
        Ok(local)
    }

    /// Finds what an earlier child left.
    fn go_on(&mut self) -> bool {
        let mut text = Vec::new();
        let read = open(&self.beside(), false)
            .and_then(|file| io::Read::read_to_end(&mut io::Read::take(file, MAX_NOTE), &mut text));
        let note = read.ok().and_then(|_| json::parse_bytes(&text).ok());
        let mut found = Note::default();
        if note.is_none_or(|note| crate::wire::data::read(&mut found, note).is_err()) {
            return false;
        }
        let length = self.file.metadata().map_or(0, |data| data.len());
        found.bytes = found.bytes.min(length);
        self.bytes = found.bytes;
        self.note = found;
        !self.note.validator.is_empty() && self.seek().is_ok()
    }

    /// What `If-Range` says, when there is something to go on with.
    pub fn validator(&self) -> Option<&str> {
        (self.bytes > 0 && !self.note.validator.is_empty()).then_some(&self.note.validator)
    }

    /// Bytes of the whole file, where that is known.
    pub fn total(&self) -> Option<u64> {
        (self.note.total > 0).then_some(self.note.total)
    }

    /// Forgets what there is.
    pub fn start_over(&mut self) -> Result<(), Failure> {
        (self.bytes, self.note) = (0, Note::default());
        let _ = fs::remove_file(self.beside());
        self.seek()
    }

    /// Puts the end of the file behind the bytes that count.
    fn seek(&mut self) -> Result<(), Failure> {
        let bytes = self.bytes;
        self.file
            .set_len(bytes)
            .and_then(|()| self.file.seek(SeekFrom::Start(bytes)))
            .map(|_| ())
            .map_err(|error| trouble(&self.path, &error))
    }

    /// The server says what it will send: how many bytes the whole file has, and what it calls this version.
    pub fn announced(&mut self, total: Option<u64>, validator: String) -> Result<(), Failure> {
        if let Some(total) = total {
            if self.file_size > 0 && total != self.file_size {
                return Err(self.wrong_size(total));
            }
            self.room(total.saturating_sub(self.bytes))?;
        }
        self.note.total = total.unwrap_or_default();
        self.note.validator = validator;
        self.checkpoint()
    }

    /// Bytes of the file have come.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let after = self.bytes + bytes.len() as u64;
        if self.file_size > 0 && after > self.file_size {
            return Err(self.wrong_size(after));
        }
        if let Err(error) = self.file.write_all(bytes) {
            if no_room(&error) {
                // What nobody can use must not fill a disk, or the memory behind one.
                let _ = self.start_over();
            }
            return Err(trouble(&self.path, &error));
        }
        self.bytes = after;
        self.best = self.best.max(after);
        if after - self.note.bytes >= CHECKPOINT {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// Reads bytes to send, from `at` on.
    pub fn read(&mut self, at: u64, buffer: &mut [u8]) -> Result<usize, Failure> {
        let left = self.note.total.saturating_sub(at);
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self
            .file
            .read_at(buffer.get_mut(..most).unwrap_or_default(), at);
        match read {
            Ok(0) if most > 0 => Err(Failure::new(0, "the file has become shorter meanwhile")),
            Ok(count) => {
                self.bytes = at + count as u64;
                Ok(count)
            }
            Err(error) => Err(trouble(&self.path, &error)),
        }
    }

    /// All has come: makes it last.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let expected = [self.note.total, self.file_size];
        if self.get && expected.iter().any(|&n| n > 0 && n != self.bytes) {
            return Err(self.wrong_size(self.bytes));
        }
        if self.get {
            let synced = self.file.sync_all();
            synced.map_err(|error| trouble(&self.path, &error))?;
            let _ = fs::remove_file(self.beside());
        }
        Ok(())
    }

    /// Makes what there is last, and says so in the note. A note that cannot be written costs another start.
    pub fn checkpoint(&mut self) -> Result<(), Failure> {
        if !self.get || self.note.validator.is_empty() {
            return Ok(());
        }
        let synced = self.file.sync_data();
        synced.map_err(|error| trouble(&self.path, &error))?;
        self.note.bytes = self.bytes;
        let text = json::text(&crate::wire::data::write(&self.note));
        let _ = open(&self.beside(), true).and_then(|mut file| {
            file.set_len(0)?;
            file.write_all(text.as_bytes())
        });
        Ok(())
    }

    fn beside(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".part-info");
        path.into()
    }

    fn wrong_size(&self, bytes: u64) -> Failure {
        let expected = match (self.file_size, self.note.total) {
            (0, total) => total,
            (size, _) => size,
        };
        let text = format!("the file should have {expected} bytes, and has {bytes}");
        Failure::new(WRONG_SIZE, &text)
    }

    /// Checks that so many bytes more fit.
    fn room(&self, wanted: u64) -> Result<(), Failure> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let Ok(stat) = statvfs(folder) else {
            return Ok(());
        };
        #[allow(clippy::useless_conversion)] // not on all targets
        let (blocks, size) = (
            u64::from(stat.blocks_available()),
            u64::from(stat.fragment_size()),
        );
        let free = blocks.saturating_mul(size);
        if wanted > free {
            let folder = folder.display();
            let text = format!("no room in {folder}: {wanted} bytes are wanted, {free} are free");
            return Err(Failure::new(0, &text));
        }
        Ok(())
    }
}

/// Opens or makes a file, not through a link, and waits for no pipe.
fn open(path: &Path, write: bool) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = File::options()
        .read(true)
        .write(write)
        .create(write)
        .mode(MODE)
        .custom_flags(flags.bits())
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    if write {
        file.set_permissions(fs::Permissions::from_mode(MODE))?;
    }
    Ok(file)
}

fn no_room(error: &io::Error) -> bool {
    let errors = [Errno::ENOSPC, Errno::EDQUOT, Errno::EFBIG];
    errors
        .iter()
        .any(|&e| error.raw_os_error() == Some(e as i32))
}

fn trouble(path: &Path, error: &io::Error) -> Failure {
    Failure::new(0, &format!("{}: {error}", path.display()))
}
