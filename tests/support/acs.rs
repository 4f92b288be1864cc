//! The scripted ACS: a [`Server`], a [`Brain`] and layers between them that do to the exchange what a test needs.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;

use super::brain::{Brain, Session};
use super::digest::{Challenge, verify};
use super::http::{Reply, Request};
use super::inspect::Message;
use super::rpc::Rpc;
use super::server::{self, Handler, Server};
use super::wait::Shared;

/// Passes a request on to the next layer or the brain.
pub type Next<'a> = &'a mut dyn FnMut(&Request) -> Reply;

/// Stands between the socket and the brain: may answer itself, or change what the next one answers.
pub type Layer = Box<dyn FnMut(&Request, Next<'_>) -> Reply + Send>;

/// An ACS to be.
pub struct Builder {
    address: SocketAddr,
    path: String,
    tls: Option<Arc<ServerConfig>>,
    layers: Vec<Layer>,
}

impl Builder {
    /// With one more layer; the first one added is next to the socket.
    pub fn layer(
        mut self,
        layer: impl FnMut(&Request, Next<'_>) -> Reply + Send + 'static,
    ) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// Over TLS only.
    pub fn tls(mut self, config: Arc<ServerConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// At this address instead of 127.0.0.1 and a free port.
    pub fn at(mut self, address: impl Into<SocketAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// With this path (and query) in its URL.
    pub fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    /// Starts it.
    pub fn start(self) -> Acs {
        let mut acs = self.build();
        acs.up();
        acs
    }

    /// Only its address is taken: nobody listens there yet. On a loopback address of its own.
    pub fn down(mut self) -> Acs {
        if self.address.port() == 0 {
            if self.address.ip() == Ipv4Addr::LOCALHOST {
                self.address.set_ip(server::own_loopback().into());
            }
            self.address = TcpListener::bind(self.address)
                .and_then(|l| l.local_addr())
                .expect("a free port");
        }
        self.build()
    }

    fn build(self) -> Acs {
        Acs {
            address: self.address,
            path: self.path,
            tls: self.tls,
            layers: Arc::new(Mutex::new(self.layers)),
            brain: Shared::new(Brain::default()),
            server: None,
            taken: (0, 0),
        }
    }
}

/// A scripted ACS. When it is dropped at the end of a test, every problem the brain noted fails that test.
pub struct Acs {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its memory.
    pub brain: Shared<Brain>,
    path: String,
    tls: Option<Arc<ServerConfig>>,
    layers: Arc<Mutex<Vec<Layer>>>,
    server: Option<Server>,
    taken: (usize, usize),
}

impl Acs {
    /// One to be configured.
    pub fn builder() -> Builder {
        Builder {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            path: "/acs".to_owned(),
            tls: None,
            layers: Vec::new(),
        }
    }

    /// Plain HTTP, no authentication.
    pub fn start() -> Acs {
        Acs::builder().start()
    }

    /// Listens (again).
    pub fn up(&mut self) {
        let (brain, layers) = (self.brain.clone(), self.layers.clone());
        let handler: Handler = Box::new(move |request| {
            brain.change(|brain| brain.record(request));
            let mut layers = layers
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            call(&mut layers, &brain, request)
        });
        let server = Server::start(self.address, self.tls.clone(), handler);
        self.address = server.address;
        self.server = Some(server);
    }

    /// Closes the port and every connection.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Its URL by address.
    pub fn url(&self) -> String {
        self.url_with(&self.address.ip().to_string())
    }

    /// Its URL under a host name.
    pub fn url_with(&self, host: &str) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        format!("{scheme}://{host}:{}{}", self.address.port(), self.path)
    }

    /// Requests for the next session that has none planned yet.
    pub fn plan(&self, rpcs: impl IntoIterator<Item = Rpc>) {
        self.brain
            .change(|brain| brain.plans.push_back(rpcs.into_iter().collect()));
    }

    /// Waits for the next session to end; each is given once.
    pub fn session(&mut self) -> Session {
        let at = self.taken.0;
        let session = self.wait("a session to end", |brain| brain.sessions.get(at).cloned());
        self.taken.0 += 1;
        session
    }

    /// Waits for the next Inform to be answered; each is given once.
    pub fn inform(&mut self) -> Message {
        let at = self.taken.1;
        let inform = self.wait("an Inform", |brain| brain.informs.get(at).cloned());
        self.taken.1 += 1;
        inform
    }

    /// The next session that has ended, if it has; each is given once.
    pub fn try_session(&mut self) -> Option<Session> {
        let session = self.brain.lock().sessions.get(self.taken.0).cloned()?;
        self.taken.0 += 1;
        Some(session)
    }

    /// The next Inform that was answered, if it was; each is given once.
    pub fn try_inform(&mut self) -> Option<Message> {
        let inform = self.brain.lock().informs.get(self.taken.1).cloned()?;
        self.taken.1 += 1;
        Some(inform)
    }

    /// Waits for something to be true of what came.
    pub fn wait<R>(&self, what: &str, ready: impl FnMut(&mut Brain) -> Option<R>) -> R {
        self.brain.wait(ready).unwrap_or_else(|| {
            let brain = self.brain.lock();
            let heads: Vec<_> = brain.requests.iter().map(|r| r.head.as_str()).collect();
            panic!(
                "the ACS waited in vain for {what}; it got {heads:#?}, problems {:#?}",
                brain.problems
            )
        })
    }

    /// Waits until so many requests came in all.
    pub fn wait_requests(&self, count: usize) -> Vec<Request> {
        self.wait("requests", |brain| {
            (brain.requests.len() >= count).then(|| brain.requests.clone())
        })
    }

    /// Every problem so far; they no longer fail the test.
    pub fn take_problems(&self) -> Vec<String> {
        std::mem::take(&mut self.brain.lock().problems)
    }
}

impl Drop for Acs {
    fn drop(&mut self) {
        self.stop();
        let problems = self.take_problems();
        if !std::thread::panicking() {
            assert!(
                problems.is_empty(),
                "rules broken towards the ACS: {problems:#?}"
            );
        }
    }
}

fn call(layers: &mut [Layer], brain: &Shared<Brain>, request: &Request) -> Reply {
    match layers.split_first_mut() {
        None => brain.change(|brain| brain.reply(request)),
        Some((layer, rest)) => layer(request, &mut |request| call(rest, brain, request)),
    }
}

/// Answers the first `count` requests itself.
pub fn at_first(
    count: usize,
    mut answer: impl FnMut(&Request) -> Reply + Send,
) -> impl FnMut(&Request, Next<'_>) -> Reply {
    let mut left = count;
    move |request, next| match left {
        0 => next(request),
        _ => {
            left -= 1;
            answer(request)
        }
    }
}

/// Demands Digest as GenieACS does: the nonce belongs to the connection, and once it was answered there later
/// requests need nothing more.
pub fn digest(
    challenge: Challenge,
    username: &str,
    password: &str,
) -> impl FnMut(&Request, Next<'_>) -> Reply + use<> {
    let (username, password) = (username.to_owned(), password.to_owned());
    let mut trusted = Vec::new();
    move |request, next| {
        if trusted.contains(&request.connection) {
            return next(request);
        }
        let challenge = Challenge {
            nonce: format!("{}-{}", challenge.nonce, request.connection),
            ..challenge.clone()
        };
        let parts = (
            request.method.as_str(),
            request.target.as_str(),
            &request.body[..],
        );
        match request.header("Authorization") {
            Some(value) if verify(value, &challenge, (&username, &password), parts).is_ok() => {
                trusted.push(request.connection);
                next(request)
            }
            Some(value) if value.contains(&challenge.nonce) => Reply::status(401).close(),
            _ => Reply::status(401).header("WWW-Authenticate", challenge.header()),
        }
    }
}
