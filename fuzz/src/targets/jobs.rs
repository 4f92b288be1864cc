//! What comes from FTP servers, and from the children that talk to them.

use cwmpd::jobs::job::Said;
use cwmpd::jobs::transfer::Order;
use cwmpd::wire::ftp::{Replies, Reply, command, extended_passive, file, passive};

/// Replies, whole and in single bytes: both ways they read the same. What is made of a path is one command.
pub fn ftp(data: &[u8]) {
    let read = |step: usize| {
        let mut replies = Replies::default();
        let mut read = Vec::new();
        for piece in data.chunks(step.max(1)) {
            replies.feed(piece);
            loop {
                match replies.reply() {
                    Ok(Some(reply)) => read.push(reply),
                    Ok(None) => break,
                    Err(_) => return read,
                }
            }
        }
        read
    };
    let whole = read(data.len());
    // Beyond the limit of one reply the two may differ.
    if data.len() < 4096 {
        assert_eq!(whole, read(1));
    }
    for Reply { code, text } in whole {
        assert!((100..600).contains(&code) && !text.contains(char::is_control));
        let ports = [extended_passive(&text), passive(&text)];
        assert!(ports.iter().all(|port| *port != Some(0)));
    }
    let text = super::text(data);
    if let Some(name) = file(&text) {
        let line = command("RETR", &name).expect("no control characters");
        assert_eq!(
            line.iter().filter(|byte| byte.is_ascii_control()).count(),
            2
        );
    }
}

/// Lines of a child, and orders to one: an order that can be read means the same when it is written and read again.
pub fn job(data: &[u8]) {
    for line in data.split(|&byte| byte == b'\n') {
        let _ = Said::read(line);
    }
    if let Ok(order) = Order::read(data) {
        assert!(Order::read(order.text().as_bytes()).is_ok_and(|again| again == order));
    }
}
