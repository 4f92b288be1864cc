//! The connection to the ACS against real sockets.

#[path = "net_support/mod.rs"]
mod support;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use cwmpd::net::http::{Part, Phase};
use cwmpd::net::{ConnectError, token};
use mio::Token;
use support::{Client, accept, answer, request, server, settings};

fn client() -> Client {
    Client::new(settings())
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/acs")
}

#[test]
fn all_posts_of_a_session_use_one_connection() {
    // HT-07 HT-08
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        let mut bodies = Vec::new();
        for i in 0..3 {
            let (head, body) = request(&mut stream);
            assert!(head.starts_with("POST /acs HTTP/1.1\r\nHost: 127.0.0.1:"));
            bodies.push(String::from_utf8(body).unwrap());
            answer(&mut stream, &format!("reply {i}"));
        }
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        bodies
    });
    let mut client = client();
    let mut local = None;
    for (i, body) in ["inform", "", "response"].into_iter().enumerate() {
        let reply = client.post(&url(address), body.as_bytes()).unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(reply.body, format!("reply {i}").into_bytes());
        assert_eq!(reply.posted.to_vec(), body.as_bytes());
        assert!(!reply.closed && !reply.reconnected);
        assert_eq!(client.acs.peer(), Some(address));
        assert!(client.acs.local().is_some());
        assert_eq!(*local.get_or_insert(client.acs.local()), client.acs.local());
        // An idle connection wakes nobody.
        assert_eq!(client.acs.deadline(), None);
    }
    client.acs.close();
    assert!(!client.acs.is_open());
    assert_eq!(acs.join().unwrap(), ["inform", "", "response"]);
}

#[test]
fn no_port_of_ours_is_a_fixed_one() {
    // HT-23: the kernel draws it, at random; nothing of ours takes its place.
    let (address, acs) = server(|listener| {
        let ports = std::iter::repeat_with(|| {
            let mut stream = accept(&listener);
            request(&mut stream);
            answer(&mut stream, "ok");
            stream.peer_addr().unwrap().port()
        });
        ports.take(5).collect::<HashSet<_>>()
    });
    for _ in 0..5 {
        client().post(&url(address), b"inform").unwrap();
    }
    let ports = acs.join().unwrap();
    assert!(ports.len() > 1, "{ports:?}");
}

#[test]
fn a_connection_opened_ahead_serves_the_first_post() {
    // HT-08: what the Inform tells of our address is known before it is sent.
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        request(&mut stream);
        answer(&mut stream, "ok");
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        stream.peer_addr().unwrap()
    });
    let mut client = client();
    let target = cwmpd::wire::http::Url::parse(&url(address)).unwrap();
    let registry = client.reactor.registry();
    client.acs.connect(&target, Instant::now(), registry);
    while !client.acs.is_open() {
        assert_eq!(client.acs.local(), None);
        client.turn();
    }
    let local = client.acs.local().unwrap();
    assert!(client.acs.take().is_none());
    assert_eq!(client.post(&url(address), b"inform").unwrap().body, b"ok");
    assert_eq!(client.acs.local(), Some(local));
    client.acs.close();
    // A later session, over another address perhaps, must not be told the old one.
    assert_eq!((client.acs.local(), client.acs.peer()), (None, None));
    assert_eq!(acs.join().unwrap(), local);
}

#[test]
fn a_closed_connection_is_followed_by_a_new_one() {
    // HT-09 HT-10 HT-13
    let (address, acs) = server(|listener| {
        let mut first = accept(&listener);
        request(&mut first);
        write!(first, "HTTP/1.1 401 No\r\nConnection: close\r\n\r\nbye").unwrap();
        drop(first);
        let mut second = accept(&listener);
        request(&mut second);
        answer(&mut second, "welcome");
    });
    let mut client = client();
    let reply = client.post(&url(address), b"one").unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (401, &b"bye"[..]));
    assert!(reply.closed && !client.acs.is_open());
    let reply = client.post(&url(address), b"two").unwrap();
    assert_eq!(reply.body, b"welcome");
    assert!(!reply.reconnected);
    acs.join().unwrap();
}

#[test]
fn a_connection_closed_right_after_the_reply_is_not_used_again() {
    // HT-09: the end of the stream comes together with the reply, or some time later.
    let (address, acs) = server(|listener| {
        for i in 0..20 {
            let mut stream = accept(&listener);
            assert_eq!(request(&mut stream).1, format!("{i}").into_bytes());
            answer(&mut stream, "ok");
        }
    });
    let mut client = client();
    for i in 0..20 {
        let reply = client
            .post(&url(address), format!("{i}").as_bytes())
            .unwrap();
        assert_eq!(reply.body, b"ok");
    }
    acs.join().unwrap();
}

#[test]
fn a_kept_connection_that_closes_without_an_answer_is_replaced_once() {
    // HT-09
    let (address, acs) = server(|listener| {
        let mut first = accept(&listener);
        request(&mut first);
        answer(&mut first, "ok");
        assert_eq!(request(&mut first).1, b"again");
        drop(first);
        let mut second = accept(&listener);
        assert_eq!(request(&mut second).1, b"again");
        answer(&mut second, "ok");
        // And when the new one breaks as well, that is an answer of its own.
        assert_eq!(request(&mut second).1, b"lost");
        drop(second);
        let mut third = accept(&listener);
        assert_eq!(request(&mut third).1, b"lost");
    });
    let mut client = client();
    assert!(!client.post(&url(address), b"inform").unwrap().reconnected);
    let reply = client.post(&url(address), b"again").unwrap();
    assert!(reply.reconnected && !reply.closed);
    let error = client.post(&url(address), b"lost").unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Closed {
                phase: Phase::Reply
            }
        ),
        "{error}"
    );
    acs.join().unwrap();
}

#[test]
fn a_kept_connection_that_closes_within_an_answer_is_a_failure() {
    // HT-22
    let (address, acs) = server(|listener| {
        let mut first = accept(&listener);
        request(&mut first);
        answer(&mut first, "ok");
        request(&mut first);
        first.write_all(b"HTTP/1.1 200 OK\r\nConte").unwrap();
    });
    let mut client = client();
    client.post(&url(address), b"inform").unwrap();
    let error = client.post(&url(address), b"again").unwrap_err();
    assert!(
        matches!(error, ConnectError::Closed { phase: Phase::Head }),
        "{error}"
    );
    acs.join().unwrap();
}

#[test]
fn a_new_connection_that_closes_is_a_failure() {
    let (address, acs) = server(|listener| {
        request(&mut accept(&listener));
    });
    let error = client().post(&url(address), b"inform").unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Closed {
                phase: Phase::Reply
            }
        ),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        "the ACS closed the connection before the reply began"
    );
    acs.join().unwrap();
}

#[test]
fn a_reset_within_the_reply_is_a_failure() {
    // HT-22: closing with the request unread resets the connection.
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        stream.peek(&mut [0]).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            .unwrap();
    });
    let error = client().post(&url(address), b"inform").unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Closed { phase: Phase::Body }
                | ConnectError::Broken {
                    phase: Phase::Body,
                    ..
                }
        ),
        "{error}"
    );
    acs.join().unwrap();
}

#[test]
fn unasked_bytes_end_an_idle_connection() {
    let (ask, asked) = mpsc::channel();
    let (address, acs) = server(move |listener| {
        let mut first = accept(&listener);
        request(&mut first);
        answer(&mut first, "ok");
        asked.recv().unwrap();
        first.write_all(b"HTTP/1.1 408 Too late\r\n\r\n").unwrap();
        let mut second = accept(&listener);
        request(&mut second);
        answer(&mut second, "ok");
        assert_eq!(first.read(&mut [0]).unwrap_or(0), 0);
    });
    let mut client = client();
    client.post(&url(address), b"one").unwrap();
    ask.send(()).unwrap();
    while client.acs.is_open() {
        client.turn();
    }
    assert!(client.acs.take().is_none());
    assert!(!client.post(&url(address), b"two").unwrap().reconnected);
    acs.join().unwrap();
}

#[test]
fn a_silent_acs_has_30_seconds() {
    // HT-21
    let (heard, hears) = mpsc::channel();
    let (address, acs) = server(move |listener| {
        let mut stream = accept(&listener);
        request(&mut stream);
        heard.send(()).unwrap();
        stream.read(&mut [0]).unwrap()
    });
    let mut client = client();
    client.start(&url(address), b"inform");
    while hears.try_recv().is_err() {
        if !client.acs.is_open() {
            client.turn();
        }
    }
    let left = client.acs.deadline().unwrap() - Instant::now();
    assert!(left <= Duration::from_secs(30));
    client.pass(Duration::from_secs(0));
    assert!(client.acs.take().is_none());
    client.pass(Duration::from_secs(31));
    let error = client.acs.take().unwrap().unwrap_err();
    assert!(matches!(
        error,
        ConnectError::Idle {
            phase: Phase::Reply,
            ..
        }
    ));
    assert_eq!(
        error.to_string(),
        "the ACS was silent for 30 s before the reply began"
    );
    assert_eq!(client.acs.deadline(), None);
    assert_eq!(acs.join().unwrap(), 0);
}

#[test]
fn an_address_that_does_not_answer_has_30_seconds() {
    // HT-21: a listener whose queue is full drops what else wants to connect.
    use nix::sys::socket::{
        AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, getsockname, listen, socket,
    };
    use std::os::fd::AsRawFd;
    let fd = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .unwrap();
    bind(fd.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
    listen(&fd, Backlog::new(0).unwrap()).unwrap();
    let bound: SockaddrIn = getsockname(fd.as_raw_fd()).unwrap();
    let address: SocketAddr = bound.to_string().parse().unwrap();
    let _queue: Vec<_> = (0..4)
        .map(|_| mio::net::TcpStream::connect(address).unwrap())
        .collect();

    let mut client = client();
    client.start(&url(address), b"inform");
    assert!(client.acs.deadline().is_some());
    client.pass(Duration::from_secs(29));
    assert!(client.acs.take().is_none());
    client.pass(Duration::from_secs(31));
    match client.acs.take().unwrap().unwrap_err() {
        ConnectError::Connect(tried) => {
            assert_eq!(tried.len(), 1);
            assert_eq!(tried[0].0, address);
            assert_eq!(tried[0].1.kind(), std::io::ErrorKind::TimedOut);
        }
        e => panic!("{e}"),
    }
}

#[test]
fn the_next_address_is_tried_when_one_refuses() {
    // HT-31
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        let (head, _) = request(&mut stream);
        answer(&mut stream, "ok");
        head
    });
    let hosts = std::env::temp_dir().join(format!("cwmpd-net-hosts-{}", std::process::id()));
    std::fs::write(&hosts, "127.0.0.9 acs.test\n127.0.0.1 acs.test\n").unwrap();
    let mut settings = settings();
    settings.resolver.hosts = hosts.clone();
    let mut client = Client::new(settings);
    let target = format!("http://acs.test:{}/", address.port());
    assert_eq!(client.post(&target, b"").unwrap().status, 200);
    assert!(
        acs.join()
            .unwrap()
            .contains(&format!("Host: acs.test:{}\r\n", address.port()))
    );

    // The listener is gone: both refuse, and the error names both.
    client.acs.close();
    let error = client.post(&target, b"").unwrap_err();
    std::fs::remove_file(&hosts).unwrap();
    let port = address.port();
    let text = error.to_string();
    assert!(
        text.contains(&format!("127.0.0.9:{port}: Connection refused")),
        "{text}"
    );
    assert!(
        text.contains(&format!("127.0.0.1:{port}: Connection refused")),
        "{text}"
    );
}

#[test]
fn localhost_reaches_either_family() {
    // RFC 6761: without any file or server, IPv6 first, IPv4 when that refuses.
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        request(&mut stream);
        answer(&mut stream, "ok");
    });
    let target = format!("http://localhost:{}/", address.port());
    assert_eq!(client().post(&target, b"").unwrap().status, 200);
    acs.join().unwrap();
}

#[test]
#[ignore = "needs IPv6"]
fn an_ipv6_literal_works() {
    // HT-29
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let address = listener.local_addr().unwrap();
    let acs = std::thread::spawn(move || {
        let mut stream = accept(&listener);
        let (head, _) = request(&mut stream);
        answer(&mut stream, "ok");
        head
    });
    assert_eq!(client().post(&url(address), b"").unwrap().body, b"ok");
    assert!(
        acs.join()
            .unwrap()
            .contains(&format!("\r\nHost: [::1]:{}\r\n", address.port()))
    );
}

#[test]
fn an_unknown_host_is_told() {
    let error = {
        let mut settings = settings();
        settings.resolver.limit = Duration::ZERO;
        let mut client = Client::new(settings);
        client.start("http://no.such.host.test/", b"");
        client.pass(Duration::from_secs(1));
        client.acs.take().unwrap().unwrap_err()
    };
    assert!(matches!(error, ConnectError::Resolve { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("cannot resolve 'no.such.host.test': "),
        "{error}"
    );
}

#[test]
fn settings_may_change_while_a_post_is_under_way() {
    // In the middle of a lookup that nobody answers.
    let dns = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut waiting = settings();
    waiting.resolver.port = dns.local_addr().unwrap().port();
    let mut client = Client::new(waiting);
    client.start("http://acs.test/", b"");
    client.acs.configure(settings());
    assert!(client.acs.deadline().is_some());
    client.pass(Duration::from_secs(31));
    let error = client.acs.take().unwrap().unwrap_err();
    assert!(matches!(error, ConnectError::Resolve { .. }), "{error}");
}

#[test]
fn a_reply_shows_no_content() {
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        request(&mut stream);
        write!(stream, "HTTP/1.1 204 No\r\nSet-Cookie: secret\r\n\r\n").unwrap();
    });
    let reply = client().post(&url(address), b"password").unwrap();
    let shown = format!("{reply:?}");
    assert!(
        shown.contains("204") && !shown.contains("secret"),
        "{shown}"
    );
    assert!(!shown.contains("112"), "{shown}");
    acs.join().unwrap();
}

#[test]
fn another_origin_gets_a_connection_of_its_own() {
    let (one, first) = server(|listener| {
        let mut stream = accept(&listener);
        request(&mut stream);
        answer(&mut stream, "moved");
        stream.read(&mut [0]).unwrap()
    });
    let (two, second) = server(|listener| {
        let mut stream = accept(&listener);
        request(&mut stream);
        answer(&mut stream, "here");
    });
    let mut client = client();
    client.post(&url(one), b"x").unwrap();
    assert_eq!(client.post(&url(two), b"x").unwrap().body, b"here");
    assert_eq!(first.join().unwrap(), 0);
    second.join().unwrap();
}

#[test]
fn large_bodies_pass_both_ways() {
    // HT-25 HT-24: more than any socket buffer holds, and a reply in small pieces.
    let body: Vec<u8> = (0..6_000_000u32).map(|i| (i / 7) as u8).collect();
    let expected = body.clone();
    let (address, acs) = server(move |listener| {
        let mut stream = accept(&listener);
        let (_, got) = request(&mut stream);
        assert!(got == expected);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        .unwrap();
        for piece in expected[..3_000_000].chunks(99_991) {
            write!(stream, "{:x}\r\n", piece.len()).unwrap();
            stream.write_all(piece).unwrap();
            write!(stream, "\r\n").unwrap();
        }
        write!(stream, "0\r\n\r\n").unwrap();
    });
    let reply = client().post(&url(address), &body).unwrap();
    assert!(reply.body == body[..3_000_000]);
    assert!(reply.posted.to_vec() == body);
    acs.join().unwrap();
}

#[test]
fn a_reply_in_single_bytes() {
    // HT-12 HT-14
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        stream.set_nodelay(true).unwrap();
        request(&mut stream);
        let reply = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                     3;ext=1\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n";
        for byte in reply.bytes() {
            stream.write_all(&[byte]).unwrap();
        }
        request(&mut stream);
        answer(&mut stream, "next");
    });
    let mut client = client();
    let reply = client.post(&url(address), b"x").unwrap();
    assert_eq!(
        (reply.body.as_slice(), reply.closed),
        (&b"abcdefg"[..], false)
    );
    assert_eq!(client.post(&url(address), b"y").unwrap().body, b"next");
    acs.join().unwrap();
}

#[test]
fn an_early_answer_is_heard_though_the_request_is_not() {
    // The ACS refuses a large body unread and closes, which resets the connection under our writing.
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        stream.peek(&mut [0]).unwrap();
        write!(
            stream,
            "HTTP/1.1 413 Too large\r\nContent-Length: 2\r\n\r\nno"
        )
        .unwrap();
    });
    let reply = client()
        .post(&url(address), &vec![b'x'; 20_000_000])
        .unwrap();
    assert_eq!((reply.status, reply.closed), (413, true));
    acs.join().unwrap();
}

#[test]
fn an_endless_reply_is_cut_off() {
    // HT-26
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        request(&mut stream);
        write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").unwrap();
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
    });
    let error = client().post(&url(address), b"").unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::TooLarge {
                part: Part::Body,
                ..
            }
        ),
        "{error}"
    );
    acs.join().unwrap();
}

#[test]
fn a_server_that_is_no_http_server_is_told() {
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        request(&mut stream);
        stream.write_all(b"220 mail.example ESMTP\r\n\r\n").unwrap();
    });
    let error = client().post(&url(address), b"").unwrap_err();
    assert!(
        error.to_string().starts_with("the reply is not HTTP"),
        "{error}"
    );
    acs.join().unwrap();
}

#[test]
fn a_second_post_drops_the_first() {
    let (address, acs) = server(|listener| {
        let mut first = accept(&listener);
        let mut second = accept(&listener);
        assert_eq!(request(&mut second).1, b"two");
        answer(&mut second, "ok");
        let mut rest = Vec::new();
        first.read_to_end(&mut rest).unwrap();
    });
    let mut client = client();
    client.start(&url(address), b"one");
    while !client.acs.is_open() {
        client.turn();
    }
    let reply = client.post(&url(address), b"two").unwrap();
    assert!(!reply.reconnected);
    acs.join().unwrap();
}

#[test]
fn events_of_others_and_of_the_past_do_no_harm() {
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        request(&mut stream);
        answer(&mut stream, "ok");
    });
    let mut client = client();
    let shake = |client: &mut Client| {
        let tokens = [
            token(3, 0),
            token(3, 1),
            token(3, 2),
            token(3, 9),
            token(0, 0),
            Token(usize::MAX),
        ];
        for token in tokens {
            client
                .acs
                .ready(token, Instant::now(), client.reactor.registry());
        }
        client.pass(Duration::ZERO);
    };
    shake(&mut client);
    client.start(&url(address), b"x");
    let reply = loop {
        shake(&mut client);
        if let Some(result) = client.acs.take() {
            break result.unwrap();
        }
        client.turn();
    };
    assert_eq!(reply.body, b"ok");
    client.acs.close();
    shake(&mut client);
    assert!(client.acs.take().is_none());
    acs.join().unwrap();
}

#[test]
fn a_connection_can_be_bound_to_an_interface() {
    let (address, acs) = server(|listener| {
        let mut stream = accept(&listener);
        request(&mut stream);
        answer(&mut stream, "ok");
    });
    let mut bound = settings();
    bound.interface = Some("lo".to_owned());
    let mut client = Client::new(bound.clone());
    assert_eq!(client.post(&url(address), b"").unwrap().body, b"ok");
    acs.join().unwrap();

    bound.interface = Some("nosuch0".to_owned());
    client.acs.close();
    client.acs.configure(bound);
    let error = client.post(&url(address), b"").unwrap_err().to_string();
    assert!(
        error.contains("cannot bind to interface 'nosuch0'"),
        "{error}"
    );
}

#[test]
fn https_without_authorities_says_so() {
    let (address, acs) = server(|listener| {
        let mut rest = Vec::new();
        accept(&listener).read_to_end(&mut rest).unwrap();
        rest
    });
    let target = format!("https://{address}/");
    let error = client().post(&target, b"secret").unwrap_err();
    assert!(matches!(error, ConnectError::TlsConfig(_)), "{error}");
    assert_eq!(acs.join().unwrap(), b"");
}
