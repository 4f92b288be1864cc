//! The command's end of the control socket. Blocking: this is a process of its own.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::exit;
use crate::agent::command::{Command, Reply};
use crate::agent::files::{CONTROL_SOCKET, Root};
use crate::control::protocol::{self, MAX_REPLY};
use crate::wire::json;

/// How long the daemon may take to answer. It answers at once, unless the data model is behind a program; that has
/// a limit of its own, which is shorter.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(Debug)]
pub enum Lost {
    /// Nobody listens.
    NotRunning(PathBuf),
    /// The socket is there, but cannot be used.
    Unusable(PathBuf, io::Error),
    /// The daemon closed the connection, probably because it ended.
    Closed,
    /// It did not answer in time.
    Late,
    /// Reading or writing failed.
    Broken(io::Error),
    /// It said what is not of the protocol.
    NotAReply,
}

impl Lost {
    /// The exit code that says it.
    pub fn code(&self) -> u8 {
        match self {
            Lost::NotRunning(_) | Lost::Unusable(..) | Lost::Closed => exit::NOT_RUNNING,
            Lost::Late | Lost::Broken(_) | Lost::NotAReply => exit::FAILED,
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::NotRunning(path) => write!(
                f,
                "cwmpd is not running: nobody listens on {}",
                path.display()
            ),
            Lost::Unusable(path, error) => {
                write!(f, "cannot talk to cwmpd on {}: {error}", path.display())
            }
            Lost::Closed => f.write_str("cwmpd closed the connection"),
            Lost::Late => write!(
                f,
                "cwmpd did not answer within {} s",
                ANSWER_LIMIT.as_secs()
            ),
            Lost::Broken(error) => write!(f, "connection to cwmpd: {error}"),
            Lost::NotAReply => f.write_str("what answered is not this version of cwmpd"),
        }
    }
}

/// A connection to the daemon.
pub struct Connection {
    stream: BufReader<UnixStream>,
}

impl Connection {
    /// Connects to the daemon of `root`.
    pub fn open(root: &Root) -> Result<Connection, Lost> {
        let path = root.join(CONTROL_SOCKET);
        match UnixStream::connect(&path) {
            Ok(stream) => Ok(Connection {
                stream: BufReader::new(stream),
            }),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused
                ) =>
            {
                Err(Lost::NotRunning(path))
            }
            Err(error) => Err(Lost::Unusable(path, error)),
        }
    }

    /// Sends a command.
    pub fn send(&mut self, command: &Command) -> Result<(), Lost> {
        let stream = self.stream.get_mut();
        stream
            .set_write_timeout(Some(ANSWER_LIMIT))
            .map_err(Lost::Broken)?;
        match stream.write_all(protocol::line(&command.data()).as_bytes()) {
            // A daemon with too many clients says so and closes; that is read next.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            result => result.map_err(Lost::Broken),
        }
    }

    /// The next reply. `patient`: however long it takes.
    pub fn receive(&mut self, patient: bool) -> Result<Reply, Lost> {
        let limit = if patient { None } else { Some(ANSWER_LIMIT) };
        self.stream
            .get_ref()
            .set_read_timeout(limit)
            .map_err(Lost::Broken)?;
        let mut line = Vec::new();
        let most = u64::try_from(MAX_REPLY).unwrap_or(u64::MAX) + 1;
        match self.stream.by_ref().take(most).read_until(b'\n', &mut line) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Err(Lost::Late)
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Err(Lost::Closed),
            Err(error) => Err(Lost::Broken(error)),
            Ok(_) if line.last() != Some(&b'\n') && line.len() < MAX_REPLY => Err(Lost::Closed),
            Ok(_) => json::parse_bytes(&line)
                .and_then(Reply::read)
                .map_err(|_| Lost::NotAReply),
        }
    }
}
