//! The files of a device: where they are, and how they are read and replaced so that neither a power cut nor a
//! stranger's link can hurt (DESIGN 2.3, 4).

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

#[cfg(debug_assertions)]
pub mod steps;
#[cfg(debug_assertions)]
use steps::Step;

/// The UCI configuration.
pub const CONFIG: &str = "/etc/config/cwmp";
/// What must survive a reboot.
pub const STATE: &str = "/etc/cwmpd/state.toml";
/// Maps that a vendor adds.
pub const DATAMODEL_DIR: &str = "/etc/cwmpd/datamodel.d";
/// Programs that apply what the ACS ordered (reboot, factory reset).
pub const HOOKS_DIR: &str = "/usr/lib/cwmpd/hooks";
/// Where files lie while they are transferred: in memory, on OpenWrt.
pub const TRANSFERS_DIR: &str = "/tmp/cwmpd";
/// Device profiles that come with the package.
pub const PROFILES_DIR: &str = "/usr/share/cwmpd/profiles";
/// The control socket.
pub const CONTROL_SOCKET: &str = "/var/run/cwmpd.sock";
/// Leases that DHCP hooks have handed over while no daemon ran: a command of the control socket a line.
pub const DHCP_COMMANDS: &str = "/var/run/cwmpd.dhcp";
/// Locked while the daemon runs: a single instance.
pub const PID_FILE: &str = "/var/run/cwmpd.pid";
/// Names that need no DNS server.
pub const HOSTS: &str = "/etc/hosts";
/// Which DNS servers to ask.
pub const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Where the trusted certificates are, the first that exists.
pub const CA_BUNDLES: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"];
/// Syslog's socket.
pub const SYSLOG: &str = "/dev/log";
/// Differs after every boot of the kernel.
pub const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// How many links are followed to the file that is really replaced; as many as the kernel follows would be
/// pointless for a configuration file.
const MAX_LINKS: usize = 8;

/// The folder that stands for `/` (`--root DIR`). The default changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Root(Option<PathBuf>);

impl Root {
    /// Everything below `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Root(Some(folder.into()))
    }

    /// Where an absolute path really lies.
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        match &self.0 {
            None => path.to_owned(),
            Some(root) => root.join(path.strip_prefix("/").unwrap_or(path)),
        }
    }
}

/// What went wrong with which file, at which step.
#[derive(Debug)]
pub struct FileError {
    /// The file that was wanted.
    pub path: PathBuf,
    /// The step that failed: `open`, `read`, `create`, `write`, `sync`, `rename` …
    pub step: &'static str,
    /// What the system says.
    pub source: io::Error,
}

impl FileError {
    /// Whether the file is simply not there.
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    fn at(path: &Path, step: &'static str) -> impl FnOnce(io::Error) -> FileError {
        let path = path.to_owned();
        move |source| FileError { path, step, source }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.step, self.path.display(), self.source)
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The whole of a regular file of at most `max` bytes. Never waits: a pipe or device in its place is an error.
pub fn read_capped(path: &Path, max: usize) -> Result<Vec<u8>, FileError> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)
        .map_err(FileError::at(path, "open"))?;
    let metadata = file.metadata().map_err(FileError::at(path, "read"))?;
    if !metadata.is_file() {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
        return Err(FileError::at(path, "read")(error));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells "too large" apart; files in /proc do not know their length.
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(FileError::at(path, "read"))?;
    if bytes.len() > max {
        let error = io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than {max} bytes"),
        );
        return Err(FileError::at(path, "read")(error));
    }
    Ok(bytes)
}

/// Replaces the file as a whole: after a power cut at any instruction it holds either the old or the new bytes.
/// The file gets exactly `mode`. A link is followed: what it points to is replaced.
pub fn atomic_write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    replace(&target(path), bytes, mode, None)
}

/// Like [`atomic_write`], but a file that was there keeps its owner and its mode less `withheld`; `mode` is for a new
/// one.
pub fn atomic_update(path: &Path, bytes: &[u8], mode: u32, withheld: u32) -> Result<(), FileError> {
    let path = target(path);
    match fs::metadata(&path) {
        Ok(old) => replace(
            &path,
            bytes,
            old.mode() & 0o7777 & !withheld,
            Some((old.uid(), old.gid())),
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(&path, bytes, mode, None),
        Err(error) => Err(FileError::at(&path, "read")(error)),
    }
}

/// Whether the file could be replaced now by one that is `more` bytes longer: so much is written beside it and taken
/// away, without waiting for the disk, so that flash does not wear.
pub fn try_replace(path: &Path, more: u64) -> Result<(), FileError> {
    let path = &target(path);
    let temporary = temporary(path);
    let size = fs::metadata(path).map_or(0, |old| old.len());
    let written = create(path, &temporary).and_then(|mut file| {
        let mut bytes = io::repeat(b'x').take(size.saturating_add(more));
        io::copy(&mut bytes, &mut file).map_err(FileError::at(path, "write"))
    });
    let _ = fs::remove_file(&temporary);
    written.map(drop)
}

/// Removes what a write that was cut short left beside `path`. To be called at start.
pub fn remove_leftover(path: &Path) {
    let path = target(path);
    // Nothing to do when it cannot be removed: the next write says so.
    let _ = fs::remove_file(temporary(&path));
}

fn replace(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    owner: Option<(u32, u32)>,
) -> Result<(), FileError> {
    let temporary = temporary(path);
    let written = write_temporary(path, &temporary, bytes, mode, owner)
        .and_then(|()| fs::rename(&temporary, path).map_err(FileError::at(path, "rename")));
    if written.is_err() {
        #[cfg(debug_assertions)]
        steps::reached(path, Step::Removing)?;
        let _ = fs::remove_file(&temporary);
        return written;
    }
    #[cfg(debug_assertions)]
    steps::reached(path, Step::Renamed)?;
    // The rename itself lives in the folder: without this a power cut may undo it.
    File::open(folder(path))
        .and_then(|folder| folder.sync_all())
        .map_err(FileError::at(path, "sync folder of"))?;
    #[cfg(debug_assertions)]
    steps::reached(path, Step::Durable)?;
    Ok(())
}

fn write_temporary(
    path: &Path,
    temporary: &Path,
    bytes: &[u8],
    mode: u32,
    owner: Option<(u32, u32)>,
) -> Result<(), FileError> {
    #[cfg(debug_assertions)]
    steps::reached(path, Step::Beginning)?;
    let mut file = create(path, temporary)?;
    #[cfg(debug_assertions)]
    steps::reached(path, Step::Created)?;
    file.write_all(bytes)
        .map_err(FileError::at(path, "write"))?;
    #[cfg(debug_assertions)]
    steps::reached(path, Step::Written)?;
    if let Some((uid, gid)) = owner {
        let new = file.metadata().map_err(FileError::at(path, "read"))?;
        if (new.uid(), new.gid()) != (uid, gid) {
            std::os::unix::fs::fchown(&file, Some(uid), Some(gid))
                .map_err(FileError::at(path, "change owner of"))?;
        }
    }
    file.set_permissions(fs::Permissions::from_mode(mode))
        .map_err(FileError::at(path, "change mode of"))?;
    file.sync_all().map_err(FileError::at(path, "sync"))?;
    #[cfg(debug_assertions)]
    steps::reached(path, Step::Synced)?;
    Ok(())
}

/// A new file of our own, for nobody else to read.
fn create(path: &Path, temporary: &Path) -> Result<File, FileError> {
    let create = || {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(temporary)
    };
    match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Left by a write that was cut short. A single instance runs (PID_FILE), so nobody else uses it.
            fs::remove_file(temporary).map_err(FileError::at(path, "remove leftover of"))?;
            create()
        }
        other => other,
    }
    .map_err(FileError::at(path, "create"))
}

/// `.NAME.cwmpd-new` in the same folder: on the same file system, and hidden from who lists the folder (`uci show`).
fn temporary(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".cwmpd-new");
    folder(path).join(name)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Where the chain of links that starts at `path` ends, whether or not there is a file.
pub fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = folder(&path).join(link),
            Err(_) => break,
        }
    }
    path
}

#[cfg(test)]
pub(super) mod tests;
