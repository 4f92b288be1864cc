//! The listener under the scripted ACS: plain or TLS, one thread a connection.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use nix::sys::socket::{setsockopt, sockopt::Linger};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::http::{End, Reply, Request, read_request};
use super::patience;

/// What answers a request.
pub type Handler = Box<dyn FnMut(&Request) -> Reply + Send>;

/// A running listener. Dropping it closes the port and every connection.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    stopping: Arc<AtomicBool>,
    streams: Arc<Mutex<HashMap<usize, TcpStream>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Listens at `address` (port 0: a free one); with a TLS configuration it speaks only that.
    pub fn start(address: SocketAddr, tls: Option<Arc<ServerConfig>>, handler: Handler) -> Server {
        let listener = bind(address).expect("bind the ACS");
        let address = listener.local_addr().expect("its address");
        let stopping = Arc::new(AtomicBool::new(false));
        let streams = Arc::new(Mutex::new(HashMap::new()));
        let handler = Arc::new(Mutex::new(handler));
        let thread = std::thread::spawn({
            let (stopping, streams) = (stopping.clone(), streams.clone());
            move || {
                for (connection, stream) in listener.incoming().enumerate() {
                    if stopping.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    streams
                        .lock()
                        .unwrap()
                        .insert(connection, stream.try_clone().expect("clone a socket"));
                    let (tls, handler, streams) = (tls.clone(), handler.clone(), streams.clone());
                    std::thread::spawn(move || {
                        // An error is the peer's business: what matters is what was recorded.
                        let _ = serve(connection, &stream, tls, &handler);
                        streams.lock().unwrap().remove(&connection);
                    });
                }
            }
        });
        Server {
            address,
            stopping,
            streams,
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        for stream in self.streams.lock().unwrap().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Takes a port that may have been left a moment ago: a child that another test starts at that moment holds a copy of
/// every socket until it runs its own program.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let give_up = Instant::now() + patience();
    loop {
        match TcpListener::bind(address) {
            Err(e) if e.kind() == ErrorKind::AddrInUse && Instant::now() < give_up => {
                std::thread::yield_now();
            }
            result => return result,
        }
    }
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn serve(
    connection: usize,
    raw: &TcpStream,
    tls: Option<Arc<ServerConfig>>,
    handler: &Mutex<Handler>,
) -> io::Result<()> {
    raw.set_nodelay(true)?;
    let mut stream: Box<dyn Stream> = match tls {
        None => Box::new(raw.try_clone()?),
        Some(config) => {
            let session = ServerConnection::new(config).map_err(io::Error::other)?;
            Box::new(StreamOwned::new(session, raw.try_clone()?))
        }
    };
    let mut pending = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut pending, connection)? {
        let reply = (handler
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()))(&request);
        if let Some(gate) = &reply.hold {
            gate.pass();
        }
        reply.write(&mut stream)?;
        match &reply.end {
            End::Keep => continue,
            End::Close => {}
            End::Silence(gate) => gate.pass(),
            End::Reset => {
                // Closing the last handle with linger 0 sends RST.
                let linger = nix::libc::linger {
                    l_onoff: 1,
                    l_linger: 0,
                };
                setsockopt(raw, Linger, &linger)?;
                return Ok(());
            }
        }
        return raw.shutdown(Shutdown::Both);
    }
    Ok(())
}

/// A loopback address that nothing else in this run uses, so that a port on it can be left and taken again.
pub fn own_loopback() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [high, low] = (std::process::id() as u16).to_be_bytes();
    Ipv4Addr::new(127, high.max(1), low, NEXT.fetch_add(1, Ordering::SeqCst))
}

/// A file of the test certificates.
pub fn cert(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "certs", name]
        .iter()
        .collect()
}

/// TLS with `tests/certs/NAME.pem` and `NAME-key.pem`; with `client_ca` it demands a client certificate from that CA.
pub fn tls(name: &str, client_ca: Option<&str>) -> Arc<ServerConfig> {
    let certs = CertificateDer::pem_file_iter(cert(&format!("{name}.pem")))
        .expect("certificate")
        .collect::<Result<Vec<_>, _>>()
        .expect("PEM");
    let key = PrivateKeyDer::from_pem_file(cert(&format!("{name}-key.pem"))).expect("key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_file(cert(ca)).expect("CA"))
                .expect("CA");
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
                .build()
                .unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    Arc::new(
        builder
            .with_single_cert(certs, key)
            .expect("server certificate"),
    )
}
