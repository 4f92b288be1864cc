//! The control socket's server: a component of the loop. Knows lines and clients, not what commands do.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen as listen_on, socket,
};
use nix::sys::stat::{Mode, fchmod};

use super::protocol;
use crate::agent::command::{Command, Reply};
use crate::wire::data::Data;

mod client;

use client::Client;

/// Clients at the same time: people and scripts on one device.
pub const MAX_CLIENTS: usize = 8;
/// The wait after the system had no descriptors left for a new client.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Why the socket could not be opened.
#[derive(Debug)]
pub enum BindError {
    /// Someone answers on it.
    InUse(PathBuf),
    /// Something else has its name.
    NotASocket(PathBuf),
    /// The system refused.
    System(PathBuf, io::Error),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindError::InUse(path) => write!(f, "another process listens on {}", path.display()),
            BindError::NotASocket(path) => {
                write!(f, "{} exists and is not a socket", path.display())
            }
            BindError::System(path, error) => {
                write!(f, "cannot listen on {}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for BindError {}

/// The listener and its clients. The socket is removed when this is dropped.
#[derive(Debug)]
pub struct Server {
    path: PathBuf,
    first: Token,
    listener: UnixListener,
    accept_again: Option<Instant>,
    /// By token.
    clients: [Option<Client>; MAX_CLIENTS],
    last_id: u64,
    commands: Vec<(u64, Command)>,
}

impl Server {
    /// Listens on `path`. Uses the tokens from `first` to `first` + [`MAX_CLIENTS`].
    pub fn bind(path: &Path, first: Token, registry: &Registry) -> Result<Server, BindError> {
        let failed = |error| BindError::System(path.to_owned(), error);
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(folder)
                .map_err(failed)?;
        }
        remove_stale(path)?;
        let mut listener = listen(path).map_err(failed)?;
        registry
            .register(&mut listener, first, Interest::READABLE)
            .map_err(failed)?;
        Ok(Server {
            path: path.to_owned(),
            first,
            listener,
            accept_again: None,
            clients: Default::default(),
            last_id: 0,
            commands: Vec::new(),
        })
    }

    /// When [`Server::timeout`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        let clients = self.clients.iter().flatten().filter_map(Client::deadline);
        clients.chain(self.accept_again).min()
    }

    /// Closes clients that took too long.
    pub fn timeout(&mut self, now: Instant, registry: &Registry) {
        for slot in &mut self.clients {
            slot.take_if(|client| client.deadline().is_some_and(|deadline| now >= deadline));
        }
        if self.accept_again.is_some_and(|again| now >= again) {
            self.accept_again = None;
            self.accept(now, registry);
        }
    }

    /// One of the sockets is ready.
    pub fn ready(&mut self, token: Token, now: Instant, registry: &Registry) {
        match token.0.checked_sub(self.first.0) {
            Some(0) => self.accept(now, registry),
            Some(index) => self.turn(index - 1, now),
            None => {}
        }
    }

    /// Commands that came, each with its client.
    pub fn take_commands(&mut self) -> Vec<(u64, Command)> {
        std::mem::take(&mut self.commands)
    }

    /// Answers a client's command. A client that is gone gets nothing.
    pub fn reply(&mut self, client: u64, reply: &Reply, now: Instant) {
        let index = self
            .clients
            .iter()
            .position(|slot| slot.as_ref().is_some_and(|known| known.id() == client));
        if let Some(index) = index
            && let Some(Some(client)) = self.clients.get_mut(index)
        {
            client.reply(reply, now);
            self.turn(index, now);
        }
    }

    /// Whether anyone follows the trace.
    pub fn has_followers(&self) -> bool {
        self.clients.iter().flatten().any(Client::follows)
    }

    /// Sends entries of the trace to all who follow it.
    pub fn trace(&mut self, entries: Vec<Data<'static>>, now: Instant) {
        let reply = Reply::Ok(Data::List(entries));
        for index in 0..MAX_CLIENTS {
            if let Some(Some(client)) = self.clients.get_mut(index)
                && client.follows()
            {
                client.reply(&reply, now);
                self.turn(index, now);
            }
        }
    }

    /// Moves one client on as far as it goes.
    fn turn(&mut self, index: usize, now: Instant) {
        let Some(slot) = self.clients.get_mut(index) else {
            return;
        };
        let Some(client) = slot else { return };
        let id = client.id();
        match client.turn(now) {
            Ok(command) => self.commands.extend(command.map(|command| (id, command))),
            Err(reason) => {
                crate::say::debug!("control client closed: reason={reason:?}");
                *slot = None;
            }
        }
    }

    fn accept(&mut self, now: Instant, registry: &Registry) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => self.welcome(stream, now, registry),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                Err(error) => {
                    // Out of descriptors or memory. The event will not be told again.
                    crate::say::warn!(
                        "cannot accept control client: reason={:?}",
                        error.to_string()
                    );
                    self.accept_again = Some(now + ACCEPT_PAUSE);
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, mut stream: UnixStream, now: Instant, registry: &Registry) {
        let Some(index) = self.clients.iter().position(Option::is_none) else {
            let text = format!("{MAX_CLIENTS} clients are connected already");
            let line = protocol::reply_line(&Reply::Busy { text });
            // Fits into the socket's buffer; and if not, it was only a courtesy.
            let _ = io::Write::write(&mut stream, line.as_bytes());
            return;
        };
        let token = Token(self.first.0 + 1 + index);
        if let Err(error) =
            registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)
        {
            crate::say::warn!(
                "cannot serve control client: reason={:?}",
                error.to_string()
            );
            return;
        }
        self.last_id += 1;
        if let Some(slot) = self.clients.get_mut(index) {
            *slot = Some(Client::new(self.last_id, stream, now));
        }
        self.turn(index, now);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A socket with mode 0600 from its first moment on: whoever may write to it commands the daemon. Linux gives the
/// file the mode of the socket, less the umask; changing that instead would change it for the whole process.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    fchmod(&socket, Mode::S_IRUSR | Mode::S_IWUSR)?;
    bind(socket.as_raw_fd(), &UnixAddr::new(path)?)?;
    listen_on(&socket, Backlog::new(MAX_CLIENTS as i32)?)?;
    Ok(UnixListener::from_std(socket.into()))
}

/// Makes way for a new socket, unless the old one is alive.
fn remove_stale(path: &Path) -> Result<(), BindError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BindError::System(path.to_owned(), error)),
        Ok(data) if !data.file_type().is_socket() => {
            return Err(BindError::NotASocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    // Does not block, as the socket is non-blocking: a full backlog is a refusal too, but not this one.
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| BindError::System(path.to_owned(), error))
        }
        _ => Err(BindError::InUse(path.to_owned())),
    }
}

#[cfg(test)]
mod tests;
