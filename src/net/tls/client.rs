//! The client side: reads the files, keeps what it made of them until one changes, and opens connections.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use nix::fcntl::OFlag;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::provider::provider;
use super::session::Session;
use super::verify::{Anyone, ClockTolerant};
use super::{ConfigError, Options};
use crate::net::unix_time;

/// The full public bundle is about 230 KiB.
const MAX_PEM_FILE: u64 = 2 * 1024 * 1024;
/// Files read from a folder of certificates; the public set has about 150, with hashed links twice that.
const MAX_PEM_FILES: usize = 1024;

const AUTHORITIES: &str = "CA certificate";
const CERTIFICATE: &str = "client certificate";
const KEY: &str = "client key";

/// Makes TLS connections. The files are parsed once and again when one of them changed, so that a session costs
/// only its handshake; TLS sessions are resumed as long as nothing changed. They are kept per server name, and
/// what is resumed was verified under the same CAs, so a changed URL or CA is verified anew (TL-11).
pub struct Client {
    options: Options,
    clock: Arc<dyn TimeProvider>,
    ready: Option<(Vec<Stamp>, Arc<ClientConfig>)>,
}

/// The clock to hold the certificates' dates against.
#[derive(Debug)]
struct WallClock;

impl TimeProvider for WallClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(unix_time())))
    }
}

/// What tells that a file changed. A folder is known by its own time, so files in it should be replaced whole.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(PathBuf, Option<(SystemTime, u64)>);

impl Client {
    /// A client with these options. The files are read when the first connection needs them.
    pub fn new(options: Options) -> Self {
        Self::with_clock(options, Arc::new(WallClock))
    }

    /// The same with another clock to hold the certificates' dates against.
    pub fn with_clock(options: Options, clock: Arc<dyn TimeProvider>) -> Self {
        Self {
            options,
            clock,
            ready: None,
        }
    }

    /// The options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether the files can be used.
    pub fn check(&mut self) -> Result<(), ConfigError> {
        self.config().map(|_| ())
    }

    /// The client's end of a new connection to `host`, a name or an IP address. A name goes into SNI, an address
    /// does not (RFC 6066 3, TL-07).
    pub fn connect(&mut self, host: &str) -> Result<Session, ConfigError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ConfigError::HostName(host.to_owned()))?;
        let config = self.config()?;
        match ClientConnection::new(config, name) {
            Ok(connection) => Ok(Session::new(connection)),
            Err(e) => Err(ConfigError::Library(e.to_string())),
        }
    }

    /// The configuration, from the files as they are now.
    pub(super) fn config(&mut self) -> Result<Arc<ClientConfig>, ConfigError> {
        let stamps = self.stamps();
        if let Some((seen, config)) = &self.ready
            && *seen == stamps
        {
            return Ok(config.clone());
        }
        self.ready = None;
        let config = Arc::new(build(&self.options, self.clock.clone())?);
        self.ready = Some((stamps, config.clone()));
        Ok(config)
    }

    fn stamps(&self) -> Vec<Stamp> {
        let o = &self.options;
        [&o.authorities, &o.certificate, &o.key]
            .into_iter()
            .flatten()
            .map(|path| {
                let seen = fs::metadata(path).ok();
                let seen = seen.and_then(|m| m.modified().ok().map(|at| (at, m.len())));
                Stamp(path.clone(), seen)
            })
            .collect()
    }
}

fn build(options: &Options, clock: Arc<dyn TimeProvider>) -> Result<ClientConfig, ConfigError> {
    let provider = provider();
    let algorithms = provider.signature_verification_algorithms;
    // TLS 1.2 and 1.3 (TL-01, TL-02); nothing older exists in the library.
    let builder = ClientConfig::builder_with_details(Arc::new(provider), clock)
        .with_safe_default_protocol_versions()
        .map_err(|e| ConfigError::Library(e.to_string()))?
        .dangerous();
    let builder = if options.insecure {
        builder.with_custom_certificate_verifier(Arc::new(Anyone(algorithms)))
    } else {
        let path = options
            .authorities
            .as_deref()
            .ok_or(ConfigError::NoAuthorities)?;
        let roots = authorities(path)?;
        builder.with_custom_certificate_verifier(Arc::new(ClockTolerant { roots, algorithms }))
    };
    match (&options.certificate, &options.key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => builder
            .with_client_auth_cert(certificates(CERTIFICATE, certificate)?, private_key(key)?)
            .map_err(|e| ConfigError::Identity(e.to_string())),
        _ => Err(ConfigError::HalfAnIdentity),
    }
}

/// The trusted CAs. Certificates that the library cannot use (there are old ones in many bundles) are left out.
fn authorities(path: &Path) -> Result<RootCertStore, ConfigError> {
    let mut found: Vec<CertificateDer<'_>> = Vec::new();
    for file in files(path)? {
        // In a folder a file without certificates (a key, a list) does no harm.
        match certificates(AUTHORITIES, &file) {
            Ok(certificates) => found.extend(certificates),
            Err(_) if file != path => {}
            Err(e) => return Err(e),
        }
    }
    found.sort_unstable_by(|a, b| a.as_ref().cmp(b.as_ref()));
    found.dedup();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found);
    if roots.is_empty() {
        return Err(ConfigError::Empty {
            what: AUTHORITIES,
            path: path.to_owned(),
        });
    }
    Ok(roots)
}

/// The file itself, or the files of a folder, each once: a folder often has a hashed link to every file in it.
fn files(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(|error| ConfigError::Read {
        what: AUTHORITIES,
        path: path.to_owned(),
        error,
    })?;
    let mut files = Vec::new();
    for entry in entries.take(MAX_PEM_FILES).flatten() {
        files.extend(
            fs::canonicalize(entry.path())
                .ok()
                .filter(|file| file.is_file()),
        );
    }
    files.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    files.dedup();
    Ok(files)
}

fn certificates(
    what: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let found = CertificateDer::pem_slice_iter(&read(what, path)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| malformed(what, path, &e))?;
    if found.is_empty() {
        return Err(ConfigError::Empty {
            what,
            path: path.to_owned(),
        });
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    use rustls::pki_types::pem::Error;
    PrivateKeyDer::from_pem_slice(&read(KEY, path)?).map_err(|e| match e {
        Error::NoItemsFound => ConfigError::Empty {
            what: KEY,
            path: path.to_owned(),
        },
        e => malformed(KEY, path, &e),
    })
}

/// The library's message may quote the text it stumbled over; of a key nothing may be told.
fn malformed(
    what: &'static str,
    path: &Path,
    error: &rustls::pki_types::pem::Error,
) -> ConfigError {
    let reason = if what == KEY {
        "it is no PEM".to_owned()
    } else {
        error.to_string()
    };
    ConfigError::Malformed {
        what,
        path: path.to_owned(),
        reason,
    }
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, ConfigError> {
    let failed = |error| ConfigError::Read {
        what,
        path: path.to_owned(),
        error,
    };
    let mut bytes = Vec::new();
    // A pipe in its place must not be waited for.
    let flags = OFlag::O_NONBLOCK.bits();
    let opened = File::options().read(true).custom_flags(flags).open(path);
    opened
        .and_then(|file| file.take(MAX_PEM_FILE + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_PEM_FILE {
        return Err(ConfigError::TooLarge {
            what,
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}
