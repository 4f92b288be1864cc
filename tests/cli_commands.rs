//! The `cwmp` command against a control socket that answers from a script.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cwmpd::agent::command::{Command, Reply};
use cwmpd::control::{cli, server::Server};
use cwmpd::wire::json;
use mio::{Events, Poll, Token, Waker};
use serde_json::{Value, json};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A daemon that only has a control socket.
struct Daemon {
    root: PathBuf,
    stop: Option<(Sender<()>, Waker, JoinHandle<Vec<Command>>)>,
}

fn answer(value: Value) -> Reply {
    let text = value.to_string();
    Reply::Ok(json::parse(&text).unwrap().into_owned())
}

fn root() -> PathBuf {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("cwmpd-cli-{}-{number}", std::process::id()))
}

impl Daemon {
    /// One that gives each command the same answers.
    fn new(replies: Vec<Reply>) -> Daemon {
        let (root, poll) = (root(), Poll::new().unwrap());
        let server =
            Server::bind(&root.join("var/run/cwmpd.sock"), Token(1), poll.registry()).unwrap();
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || serve(poll, server, &replies, &stopped));
        Daemon {
            root,
            stop: Some((stop, waker, thread)),
        }
    }

    fn ok(value: Value) -> Daemon {
        Daemon::new(vec![answer(value)])
    }

    fn run(&self, line: &str) -> (u8, String, String) {
        run(&self.root, line.split_whitespace())
    }

    /// Ends it; the commands it got.
    fn commands(mut self) -> Vec<Command> {
        let (stop, waker, thread) = self.stop.take().unwrap();
        stop.send(()).unwrap();
        waker.wake().unwrap();
        thread.join().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn serve(
    mut poll: Poll,
    mut server: Server,
    replies: &[Reply],
    stopped: &Receiver<()>,
) -> Vec<Command> {
    let mut events = Events::with_capacity(8);
    let mut commands = Vec::new();
    // The end of the test process would end this too; the bound is for a test that hangs.
    let start = Instant::now();
    while stopped.try_recv().is_err() && start.elapsed() < Duration::from_secs(60) {
        let _ = poll.poll(&mut events, Some(Duration::from_secs(1)));
        let now = Instant::now();
        for event in &events {
            if event.token() != Token(0) {
                server.ready(event.token(), now, poll.registry());
            }
        }
        for (client, command) in server.take_commands() {
            if let Some(reply) = replies.first() {
                server.reply(client, reply, now);
            }
            if command == (Command::Trace { follow: true }) {
                for reply in replies.iter().skip(1) {
                    server.reply(client, reply, now);
                }
            }
            commands.push(command);
        }
    }
    commands
}

fn run<'a>(
    root: &std::path::Path,
    words: impl IntoIterator<Item = &'a str>,
) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = words.into_iter().map(Into::into);
    let code = cli::run(
        ["--root".into(), root.into()].into_iter().chain(words),
        &mut out,
        &mut err,
    );
    (
        code,
        String::from_utf8(out).unwrap(),
        String::from_utf8(err).unwrap(),
    )
}

fn nowhere(line: &str) -> (u8, String, String) {
    run(&root(), line.split_whitespace())
}

#[test]
fn every_command_reaches_the_daemon_as_it_was_meant() {
    let text = |text: &str| text.to_owned();
    let expected: HashMap<&str, Command> = HashMap::from([
        ("status", Command::Status),
        (
            "inform",
            Command::Inform {
                event: None,
                get_rpc_methods: false,
                wait: false,
            },
        ),
        (
            "inform --wait value change --get-rpc-methods",
            Command::Inform {
                event: Some(text("4 VALUE CHANGE")),
                get_rpc_methods: true,
                wait: true,
            },
        ),
        (
            "inform 1",
            Command::Inform {
                event: Some(text("1 BOOT")),
                get_rpc_methods: false,
                wait: false,
            },
        ),
        ("notify", Command::Notify),
        ("reload", Command::Reload),
        ("stop", Command::Stop),
        (
            "get Device.A Device.B.",
            Command::Get {
                paths: vec![text("Device.A"), text("Device.B.")],
            },
        ),
        (
            "names",
            Command::Names {
                path: text(""),
                next_level: false,
            },
        ),
        (
            "names Device. --next-level",
            Command::Names {
                path: text("Device."),
                next_level: true,
            },
        ),
        (
            "set Device.A=x=y Device.B=",
            Command::Set {
                values: vec![
                    (text("Device.A"), text("x=y")),
                    (text("Device.B"), text("")),
                ],
            },
        ),
        (
            "add Device.T.",
            Command::Add {
                table: text("Device.T."),
            },
        ),
        (
            "del Device.T.1.",
            Command::Delete {
                instance: text("Device.T.1."),
            },
        ),
        (
            "attributes Device.A",
            Command::Attributes {
                paths: vec![text("Device.A")],
            },
        ),
        (
            "dhcp --opt43 0A0b --opt125= --interface wan",
            Command::Dhcp {
                clear: false,
                opt43: Some(text("0A0b")),
                opt125: Some(text("")),
                opt17: None,
                interface: Some(text("wan")),
            },
        ),
        (
            "dhcp --clear --opt17 00",
            Command::Dhcp {
                clear: true,
                opt43: None,
                opt125: None,
                opt17: Some(text("00")),
                interface: None,
            },
        ),
        ("events", Command::Events),
        ("trace", Command::Trace { follow: false }),
    ]);
    let daemon = Daemon::ok(json!({"info": "yes"}));
    let mut sent = Vec::new();
    for (line, command) in expected {
        let (code, _, err) = daemon.run(line);
        assert_eq!((code, err.as_str()), (0, ""), "{line}");
        sent.push(command);
    }
    assert_eq!(daemon.commands(), sent);
}

#[test]
fn answers_are_for_people_or_as_they_came() {
    let daemon =
        Daemon::ok(json!([{"parameter": "Device.A", "value": "x\u{9b}y", "type": "xsd:string"}]));
    assert_eq!(
        daemon.run("get Device.A"),
        (0, "Device.A  x\\u{9b}y\n".into(), String::new())
    );
    let (code, out, _) = daemon.run("--json get Device.A");
    assert_eq!(
        (code, out.as_str()),
        (
            0,
            "[{\"parameter\":\"Device.A\",\"type\":\"xsd:string\",\"value\":\"x\\u009by\"}]\n"
        )
    );
}

#[test]
fn refusals_are_exit_code_1_and_say_why() {
    for (reply, err, json) in [
        (
            Reply::Fault {
                code: 9005,
                text: "no such parameter".into(),
            },
            "cwmp: fault 9005: no such parameter\n",
            "{\"fault\":{\"code\":9005,\"text\":\"no such parameter\"}}\n",
        ),
        (
            Reply::Busy {
                text: "a session runs".into(),
            },
            "cwmp: busy: a session runs\n",
            "{\"busy\":{\"text\":\"a session runs\"}}\n",
        ),
        (
            Reply::Error {
                text: "session failed: \u{1b}c".into(),
            },
            "cwmp: session failed: \\u{1b}c\n",
            "{\"error\":{\"text\":\"session failed: \\u001bc\"}}\n",
        ),
    ] {
        let daemon = Daemon::new(vec![reply]);
        assert_eq!(
            daemon.run("inform --wait"),
            (1, String::new(), err.to_owned())
        );
        assert_eq!(
            daemon.run("inform --wait --json"),
            (1, json.to_owned(), err.to_owned())
        );
    }
}

#[test]
fn a_daemon_that_does_not_run_is_exit_code_69() {
    let (code, out, err) = nowhere("status");
    assert_eq!((code, out.as_str()), (69, ""));
    assert!(
        err.starts_with("cwmp: cwmpd is not running: nobody listens on ")
            && err.ends_with("/var/run/cwmpd.sock\n")
    );
    // A socket that a killed daemon left behind.
    let root = root();
    fs::create_dir_all(root.join("var/run")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(root.join("var/run/cwmpd.sock")).unwrap());
    assert_eq!(run(&root, ["status"]).0, 69);
    let _ = fs::remove_dir_all(&root);
}

#[test]
fn a_daemon_that_ends_meanwhile_is_exit_code_69() {
    let root = root();
    fs::create_dir_all(root.join("var/run")).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(root.join("var/run/cwmpd.sock")).unwrap();
    let ending = std::thread::spawn(move || drop(listener.accept().unwrap()));
    assert_eq!(
        run(&root, ["inform", "--wait"]),
        (
            69,
            String::new(),
            "cwmp: cwmpd closed the connection\n".into()
        )
    );
    ending.join().unwrap();
    let _ = fs::remove_dir_all(&root);
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    for (line, words) in [
        ("", "no command"),
        ("frobnicate", "unknown command 'frobnicate'"),
        ("get", "'get' needs PATH..."),
        ("status now", "'status' has too many arguments"),
        ("set Device.A", "'Device.A' is not PATH=VALUE"),
        ("set =1", "'=1' is not PATH=VALUE"),
        ("inform 10", "no such event '10'; events are 0 BOOTSTRAP"),
        ("status --wait", "invalid option '--wait'"),
        ("get -x", "invalid option '-x'"),
        (
            "dhcp --interface wan",
            "'dhcp' needs an option of the lease, or --clear",
        ),
        ("dhcp --opt43 http://a/", "--opt43: not pairs of hex digits"),
        ("dhcp --opt43", "missing argument for option '--opt43'"),
        (
            "dhcp --clear=yes",
            "unexpected argument for option '--clear'",
        ),
        ("--root", "missing argument for option '--root'"),
    ] {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = cli::run(line.split_whitespace().map(Into::into), &mut out, &mut err);
        let err = String::from_utf8(err).unwrap();
        assert_eq!((code, out.len()), (2, 0), "{line}: {err}");
        assert!(
            err.starts_with(&format!("cwmp: {words}")) && err.ends_with("see 'cwmp --help'\n"),
            "{line}: {err}"
        );
    }
}

#[test]
fn help_needs_no_daemon_and_names_every_command() {
    let (code, out, _) = nowhere("--help");
    assert_eq!(code, 0);
    for word in [
        "status",
        "inform [EVENT]",
        "--get-rpc-methods",
        "--wait",
        "notify",
        "dhcp",
        "--opt43=HEX",
        "reload",
        "stop",
        "get PATH...",
        "names [PATH]",
        "--next-level",
        "set PATH=VALUE...",
        "add PATH",
        "del PATH",
        "attributes PATH...",
        "events",
        "trace",
        "--follow",
        "version",
        "--root DIR",
        "--json",
        "69 the daemon is not running",
    ] {
        assert!(out.contains(word), "{word} in {out}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 110), "{out}");
    let (code, out, _) = nowhere("help inform");
    assert_eq!(code, 0);
    assert!(
        out.starts_with("Usage: cwmp inform [EVENT] [OPTION...]\n") && out.contains("3 SCHEDULED"),
        "{out}"
    );
    assert_eq!(nowhere("inform --help").1, out);
    assert_eq!(
        nowhere("--version").1,
        format!("cwmpd {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_followed_trace_goes_on_until_the_daemon_ends() {
    let entry = |message: &str| {
        answer(json!([{"time": "10:00:00", "direction": "sent", "message": message}]))
    };
    let daemon = Daemon::new(vec![
        entry("Inform"),
        entry("InformResponse"),
        Reply::Error {
            text: "ends".into(),
        },
    ]);
    let (code, out, err) = daemon.run("trace --follow");
    assert_eq!((code, err.as_str()), (1, "cwmp: ends\n"));
    assert_eq!(out, "10:00:00 sent Inform\n10:00:00 sent InformResponse\n");
}

/// A reader that has closed its end.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let daemon = Daemon::ok(json!([{"parameter": "Device.A", "value": "x"}]));
    let mut err = Vec::new();
    let words = [
        "--root".into(),
        daemon.root.clone().into(),
        "get".into(),
        "Device.".into(),
    ];
    assert_eq!(cli::run(words, &mut Closed, &mut err), 0);
    assert_eq!(err, b"");
}
