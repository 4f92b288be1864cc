//! `cwmpd job transfer` against servers that follow a script, and against real ones.

mod child;
mod ftp;
mod http;
mod real;
#[cfg(feature = "tls")]
mod tls;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use cwmpd::jobs::transfer::{Failure, Order, run};

/// Long enough that only a hang gets there.
const HANG: Duration = Duration::from_secs(60);

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("cwmpd-transfer-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// A download into this folder that is tried again without a wait.
    fn get(&self, url: String) -> Order {
        Order {
            url,
            file: self.path("file"),
            wait_seconds: 0,
            user_agent: "test".to_owned(),
            ..Order::default()
        }
    }

    /// An upload of these bytes.
    fn put(&self, url: String, bytes: &[u8]) -> Order {
        fs::write(self.path("file"), bytes).unwrap();
        Order {
            get: false,
            ..self.get(url)
        }
    }

    fn read(&self) -> Vec<u8> {
        fs::read(self.path("file")).unwrap()
    }

    /// What lies in it, without what is written.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Carries an order out; nobody listens.
fn transfer(order: &Order) -> Result<u64, Failure> {
    run(order, &mut |_, _| Ok(()))
}

/// The fault and its words.
fn fault(order: &Order) -> (u16, String) {
    let failure = transfer(order).expect_err("it has failed");
    for secret in [&order.password, &order.username] {
        assert!(secret.is_empty() || !failure.text.contains(secret.as_str()));
    }
    (failure.fault, failure.text)
}

/// A server on a free port of the loopback interface that does as the script says.
fn server<T: Send + 'static>(
    script: impl FnOnce(TcpListener) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, std::thread::spawn(move || script(listener)))
}

/// The next connection, which gives up rather than hang.
fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    stream
}

/// The head of a request.
fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// The value of a header, empty if it is not there.
fn value<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.strip_prefix(": ")).unwrap_or("")
}

/// Its body.
fn body(stream: &mut impl Read, head: &str) -> Vec<u8> {
    let mut body = vec![0; value(head, "Content-Length").parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    body
}

/// A reply with headers and a body of that length.
fn answer(stream: &mut impl Write, head: &str, body: &[u8]) {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n"
    )
    .unwrap();
    stream.write_all(body).unwrap();
    stream.flush().unwrap();
}

/// Bytes that are nowhere the same.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * i / 7 + i / 251) as u8).collect()
}

/// A line without its end.
fn line(reader: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

fn certs(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certs");
    path.join(name).to_str().unwrap().to_owned()
}
