use super::*;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net;
use std::sync::atomic::{AtomicU32, Ordering};

use mio::{Events, Poll};

static COUNTER: AtomicU32 = AtomicU32::new(0);

struct Bench {
    folder: PathBuf,
    poll: Poll,
    server: Server,
    now: Instant,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn folder() -> PathBuf {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("cwmpd-control-{}-{number}", std::process::id()))
}

impl Bench {
    fn new() -> Bench {
        let (folder, poll) = (folder(), Poll::new().unwrap());
        let server = Server::bind(
            &folder.join("var/run/cwmpd.sock"),
            Token(100),
            poll.registry(),
        )
        .unwrap();
        Bench {
            folder,
            poll,
            server,
            now: Instant::now(),
        }
    }

    fn connect(&mut self) -> net::UnixStream {
        let stream = net::UnixStream::connect(&self.server.path).unwrap();
        stream.set_nonblocking(true).unwrap();
        self.turns();
        stream
    }

    /// Turns of the loop until nothing happens any more. Both ends are in this thread, so that all that was sent
    /// has arrived.
    fn turns(&mut self) {
        let mut events = Events::with_capacity(64);
        loop {
            self.poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
            if events.is_empty() {
                return;
            }
            for event in &events {
                self.server
                    .ready(event.token(), self.now, self.poll.registry());
            }
        }
    }

    fn later(&mut self, time: Duration) {
        self.now += time;
        if self
            .server
            .deadline()
            .is_some_and(|deadline| deadline <= self.now)
        {
            self.server.timeout(self.now, self.poll.registry());
        }
    }

    fn send(&mut self, client: &mut net::UnixStream, text: &str) {
        client.write_all(text.as_bytes()).unwrap();
        self.turns();
    }

    fn commands(&mut self) -> Vec<Command> {
        self.server
            .take_commands()
            .into_iter()
            .map(|(_, command)| command)
            .collect()
    }

    fn reply(&mut self, client: u64, text: &str) {
        let reply = Reply::Ok(text.to_owned().into());
        self.server.reply(client, &reply, self.now);
    }
}

/// All that has arrived; `None` in the end = the connection is closed.
fn received(client: &mut net::UnixStream) -> (String, bool) {
    let mut all = Vec::new();
    let mut buffer = [0; 64 * 1024];
    loop {
        match client.read(&mut buffer) {
            Ok(0) => return (String::from_utf8(all).unwrap(), true),
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return (String::from_utf8(all).unwrap(), false);
            }
            Err(_) => return (String::from_utf8(all).unwrap(), true),
        }
    }
}

fn open(text: &str) -> (String, bool) {
    (text.to_owned(), false)
}

#[test]
fn the_socket_is_private_and_goes_with_the_server() {
    let bench = Bench::new();
    let path = bench.server.path.clone();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let error = Server::bind(&path, Token(0), bench.poll.registry()).unwrap_err();
    assert!(matches!(error, BindError::InUse(_)), "{error}");
    drop(bench);
    assert!(!path.exists());
}

#[test]
fn a_stale_socket_is_replaced_but_nothing_else() {
    let (folder, poll) = (folder(), Poll::new().unwrap());
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("cwmpd.sock");
    drop(net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(Server::bind(&path, Token(0), poll.registry()).unwrap());
    fs::write(&path, "precious").unwrap();
    let error = Server::bind(&path, Token(0), poll.registry()).unwrap_err();
    assert!(matches!(error, BindError::NotASocket(_)), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    let _ = fs::remove_dir_all(&folder);
}

#[test]
fn commands_are_answered_one_after_the_other() {
    let mut bench = Bench::new();
    let mut client = bench.connect();
    bench.send(
        &mut client,
        "{\"command\":\"status\"}\n\n{\"command\":\"events\"}\n{\"comm",
    );
    assert_eq!(bench.commands(), [Command::Status]);
    bench.reply(1, "a");
    assert_eq!(bench.commands(), [Command::Events]);
    bench.send(&mut client, "and\":\"version\"}\n");
    assert_eq!(bench.commands(), []);
    bench.reply(1, "b");
    assert_eq!(bench.commands(), [Command::Version]);
    bench.reply(1, "c");
    assert_eq!(
        received(&mut client),
        open("{\"ok\":\"a\"}\n{\"ok\":\"b\"}\n{\"ok\":\"c\"}\n")
    );
}

#[test]
fn an_error_closes_only_its_client() {
    let mut bench = Bench::new();
    let (mut bad, mut good) = (bench.connect(), bench.connect());
    bench.send(&mut good, "{\"command\":\"status\"}\n");
    bench.send(&mut bad, "GET / HTTP/1.1\r\n{\"command\":\"stop\"}\n");
    let (text, closed) = received(&mut bad);
    assert!(
        text.starts_with("{\"error\":") && text.ends_with("}\n") && closed,
        "{text}"
    );
    assert_eq!(bench.commands(), [Command::Status]);
    bench.reply(2, "a");
    assert_eq!(received(&mut good), open("{\"ok\":\"a\"}\n"));
}

#[test]
fn a_command_without_end_is_refused() {
    let mut bench = Bench::new();
    let mut client = bench.connect();
    let chunk = "x".repeat(1024);
    for _ in 0..=64 {
        bench.send(&mut client, &chunk);
    }
    assert_eq!(
        received(&mut client),
        (
            "{\"error\":{\"text\":\"a command has at most 65536 bytes\"}}\n".to_owned(),
            true
        )
    );
}

#[test]
fn there_is_room_for_eight() {
    let mut bench = Bench::new();
    let mut clients: Vec<_> = (0..MAX_CLIENTS).map(|_| bench.connect()).collect();
    let mut ninth = bench.connect();
    assert_eq!(
        received(&mut ninth),
        (
            "{\"busy\":{\"text\":\"8 clients are connected already\"}}\n".to_owned(),
            true
        )
    );
    clients.pop();
    bench.turns();
    let mut tenth = bench.connect();
    bench.send(&mut tenth, "{\"command\":\"status\"}\n");
    assert_eq!(bench.server.take_commands(), [(9, Command::Status)]);
}

#[test]
fn idle_clients_are_closed_waiting_ones_are_not() {
    let mut bench = Bench::new();
    let (mut idle, mut slow, mut waiting) = (bench.connect(), bench.connect(), bench.connect());
    bench.send(&mut waiting, "{\"command\":\"inform\",\"wait\":true}\n");
    bench.later(Duration::from_secs(9));
    bench.send(&mut slow, "{\"com");
    bench.later(Duration::from_secs(1));
    assert_eq!(received(&mut idle), (String::new(), true));
    assert_eq!(received(&mut slow), (String::new(), true));
    assert_eq!(bench.server.deadline(), None);
    bench.later(Duration::from_secs(3600));
    bench.reply(3, "done");
    assert_eq!(received(&mut waiting), open("{\"ok\":\"done\"}\n"));
    bench.later(Duration::from_secs(10));
    assert_eq!(received(&mut waiting), (String::new(), true));
}

#[test]
fn who_closes_only_its_sending_half_still_gets_the_reply() {
    let mut bench = Bench::new();
    let mut client = bench.connect();
    client.write_all(b"{\"command\":\"status\"}\n").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    bench.turns();
    bench.reply(1, "a");
    assert_eq!(received(&mut client), ("{\"ok\":\"a\"}\n".to_owned(), true));
}

#[test]
fn who_is_gone_does_not_hold_a_place_for_long() {
    let mut bench = Bench::new();
    let mut client = bench.connect();
    bench.send(&mut client, "{\"command\":\"inform\",\"wait\":true}\n");
    drop(client);
    bench.turns();
    bench.later(Duration::from_secs(10));
    assert!(bench.server.clients.iter().all(Option::is_none));
    // The agent's answer comes too late.
    bench.reply(1, "done");
}

#[test]
fn a_large_reply_is_sent_in_pieces_and_a_client_that_does_not_read_it_is_closed() {
    let mut bench = Bench::new();
    let (mut reader, mut sleeper) = (bench.connect(), bench.connect());
    for client in [&mut reader, &mut sleeper] {
        bench.send(client, "{\"command\":\"get\",\"paths\":[\"\"]}\n");
    }
    let large = "x".repeat(1024 * 1024);
    bench.reply(1, &large);
    bench.reply(2, &large);
    let mut all = String::new();
    while !all.ends_with('\n') {
        all += &received(&mut reader).0;
        bench.turns();
    }
    assert_eq!(all.len(), large.len() + "{\"ok\":\"\"}\n".len());
    bench.later(Duration::from_secs(10));
    assert!(bench.server.clients[1].is_none());
    assert!(received(&mut sleeper).1);
}

#[test]
fn followers_get_the_trace_and_only_they() {
    let mut bench = Bench::new();
    let (mut follower, mut other) = (bench.connect(), bench.connect());
    assert!(!bench.server.has_followers());
    bench.send(&mut follower, "{\"command\":\"trace\",\"follow\":true}\n");
    bench.send(&mut other, "{\"command\":\"trace\"}\n");
    assert!(bench.server.has_followers());
    for id in [1, 2] {
        bench
            .server
            .reply(id, &Reply::Ok(Data::List(Vec::new())), bench.now);
    }
    let entry = Data::map([("message", "Inform".into())]);
    bench.server.trace(vec![entry], bench.now);
    assert_eq!(
        received(&mut follower),
        open("{\"ok\":[]}\n{\"ok\":[{\"message\":\"Inform\"}]}\n")
    );
    assert_eq!(received(&mut other), open("{\"ok\":[]}\n"));
    bench.later(Duration::from_secs(3600));
    assert!(bench.server.has_followers());
}

#[test]
fn a_follower_that_does_not_read_is_closed_before_it_fills_the_memory() {
    let mut bench = Bench::new();
    let mut follower = bench.connect();
    bench.send(&mut follower, "{\"command\":\"trace\",\"follow\":true}\n");
    let entry = Data::from("x".repeat(100_000));
    for _ in 0..100 {
        bench.server.trace(vec![entry.clone()], bench.now);
    }
    assert!(!bench.server.has_followers());
}
