//! The child as a process: what goes in, what comes out.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cwmpd::jobs::child::spawn;
use cwmpd::jobs::job::{Job, Task};
use cwmpd::jobs::transfer::Order;
use mio::{Events, Poll, Token};

use super::{Folder, HANG, accept, answer, content, head, server};

/// What the end-to-end tests test as well (`cross/run-tests.sh`).
fn program() -> PathBuf {
    let other = std::env::var_os("CWMPD_BIN");
    other
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_cwmpd").into())
        .into()
}

/// What the child says to an order, and its status.
fn said(order: &str) -> (String, i32) {
    let mut child = Command::new(program())
        .args(["job", "transfer"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(order.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (text, output.status.code().unwrap())
}

#[test]
fn an_order_that_is_none_is_9002() {
    for order in [
        "",
        "nonsense",
        "{\"get\": 1}",
        "{\"url\": \"http://x/\", \"get\": true}",
    ] {
        let (text, status) = said(order);
        assert!(text.starts_with("{\"fault\":9002,\"text\":\""), "{text}");
        assert_eq!((text.lines().count(), status), (1, 0));
    }
    for kind in [&["job"][..], &["job", "nonsense"]] {
        let status = Command::new(program()).args(kind).status().unwrap();
        assert_eq!(status.code(), Some(2));
    }
}

#[test]
fn a_fault_is_a_line_of_json() {
    let folder = Folder::new();
    let order = folder.get("gopher://host/x".to_owned());
    let text = "{\"fault\":9013,\"text\":\"the URL is none of http, https and ftp\"}\n";
    assert_eq!(said(&order.text()), (text.to_owned(), 0));
}

#[test]
fn the_daemons_side_and_the_child_understand_each_other() {
    let (folder, file) = (Folder::new(), content(1_000_000));
    let expected = file.clone();
    let (address, server) = server(move |listener| {
        let mut stream = accept(&listener);
        head(&mut stream);
        answer(&mut stream, "200 OK", &file);
    });
    let order = folder.get(format!("http://{address}/"));
    let task = Task {
        program: &program(),
        kind: "transfer",
        request: &order.text(),
        limit: HANG,
    };
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(8);
    let mut job = Job::start(
        &mut spawn(),
        task,
        Token(1),
        Instant::now(),
        poll.registry(),
    )
    .unwrap();
    let result = loop {
        if let Some(result) = job.take() {
            break result;
        }
        assert!(Instant::now() < job.deadline().unwrap());
        // 10 ms stands for the wake-up that SIGCHLD is in the daemon.
        let _ = poll.poll(&mut events, Some(Duration::from_millis(10)));
        for event in &events {
            job.ready(event.token(), Instant::now(), poll.registry());
        }
        job.reap(Instant::now(), poll.registry());
    };
    assert_eq!(result.unwrap(), 1_000_000);
    assert!(folder.read() == expected);
    server.join().unwrap();
}

#[test]
#[ignore = "needs 1 GB of disk"]
fn a_gigabyte_passes_through_little_memory() {
    const SIZE: usize = 1 << 30;
    let folder = Folder::new();
    let (address, server) = server(move |listener| {
        let piece = content(1 << 20);
        let mut stream = accept(&listener);
        head(&mut stream);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: {SIZE}\r\n\r\n"
        )
        .unwrap();
        for _ in 0..SIZE / piece.len() {
            stream.write_all(&piece).unwrap();
        }
        // And back.
        let mut stream = accept(&listener);
        head(&mut stream);
        let mut buffer = vec![0; 1 << 16];
        let mut left = SIZE;
        while left > 0 {
            left -= std::io::Read::read(&mut stream, &mut buffer).unwrap();
        }
        answer(&mut stream, "200 OK", b"");
    });
    for get in [true, false] {
        let order = Order {
            get,
            ..folder.get(format!("http://{address}/"))
        };
        let mut child = Command::new(program())
            .args(["job", "transfer"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(order.text().as_bytes()).unwrap();
        drop(stdin);
        let mut peak = String::new();
        let mut last = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            last = line.unwrap();
            let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
            let status = status.unwrap_or_default();
            if let Some(line) = status.lines().find(|line| line.starts_with("VmHWM")) {
                peak = line.to_owned();
            }
        }
        assert!(child.wait().unwrap().success());
        assert_eq!(last, format!("{{\"done\":true,\"bytes\":{SIZE}}}"));
        println!("get={get} {peak}");
        let kb: u32 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
        // What a device runs takes a third of it: of a debug build the program alone is larger.
        assert!(kb < 12_000, "{peak}");
    }
    server.join().unwrap();
}
