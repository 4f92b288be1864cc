//! Files over HTTP.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread::JoinHandle;

use cwmpd::jobs::transfer::{Order, run};

use super::{Folder, accept, answer, body, content, fault, head, server, transfer, value};

/// What happens to one connection, whose first head was read.
type Script = Box<dyn FnOnce(&mut TcpStream, &str) + Send>;

/// A server that gives each connection to the next script, with the head of its request, and keeps those heads.
fn scripts(scripts: Vec<Script>) -> (String, JoinHandle<Vec<String>>) {
    let (address, server) = server(move |listener| {
        let mut heads = Vec::new();
        for script in scripts {
            let mut stream = accept(&listener);
            let head = head(&mut stream);
            script(&mut stream, &head);
            heads.push(head);
        }
        heads
    });
    (url(address), server)
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/firmware.bin?v=1")
}

/// One reply, as it is.
fn says(reply: impl Into<Vec<u8>>) -> Script {
    let reply = reply.into();
    Box::new(move |stream, _| {
        // Who has heard enough does not listen to the end.
        let _ = stream.write_all(&reply);
    })
}

/// A reply with these headers and this body.
fn reply(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {head}\r\n\r\n").into_bytes();
    bytes.extend(body);
    bytes
}

/// What becomes of a download that is answered like this.
fn refused(order: &dyn Fn(Order) -> Order, answer: Vec<u8>) -> (u16, String) {
    let folder = Folder::new();
    let (url, server) = scripts(vec![says(answer)]);
    let fault = fault(&order(folder.get(url)));
    server.join().unwrap();
    fault
}

#[test]
fn a_file_is_downloaded() {
    let (folder, file) = (Folder::new(), content(300_000));
    let expected = file.clone();
    let (url, server) = scripts(vec![Box::new(move |stream, _| {
        answer(stream, "200 OK\r\nETag: \"1\"", &file)
    })]);
    let order = Order {
        file_size: 300_000,
        ..folder.get(url)
    };
    let mut told = Vec::new();
    let bytes = run(&order, &mut |bytes, total| {
        told.push((bytes, total));
        Ok(())
    });
    assert_eq!(bytes, Ok(300_000));
    assert!(folder.read() == expected);
    // The note beside it is gone, and nobody else may look.
    assert_eq!(folder.names(), ["file"]);
    let mode = fs::metadata(folder.path("file")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    // No more often than once a second.
    assert!(
        told.first()
            .is_some_and(|(bytes, total)| *bytes > 0 && *total == Some(300_000))
    );
    let head = &server.join().unwrap()[0];
    assert!(head.starts_with("GET /firmware.bin?v=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
    assert_eq!(value(head, "User-Agent"), "test");
    assert_eq!(value(head, "Accept-Encoding"), "identity");
    for name in ["Authorization", "Range", "If-Range", "Content-Length"] {
        assert_eq!(value(head, name), "", "{name}");
    }
}

#[test]
fn every_framing_is_read() {
    for (file_size, bytes) in [
        (
            10,
            "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6;x\r\n456789\r\n0\r\n\r\n",
        ),
        (10, "200 OK\r\nConnection: close\r\n\r\n0123456789"),
        (0, "200 OK\r\n\r\n0123456789"),
        (
            10,
            "100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
        ),
        (
            10,
            "200 OK\r\nContent-Encoding: identity\r\nContent-Length: 10\r\n\r\n0123456789",
        ),
    ] {
        let folder = Folder::new();
        let (url, server) = scripts(vec![says(format!("HTTP/1.1 {bytes}"))]);
        let order = Order {
            file_size,
            ..folder.get(url)
        };
        assert_eq!(transfer(&order), Ok(10), "{bytes}");
        assert_eq!(folder.read(), b"0123456789");
        server.join().unwrap();
    }
}

#[test]
fn an_empty_file_is_a_file() {
    let folder = Folder::new();
    let (url, server) = scripts(vec![says(reply("200 OK\r\nContent-Length: 0", b""))]);
    assert_eq!(transfer(&folder.get(url)), Ok(0));
    assert_eq!(folder.read(), b"");
    server.join().unwrap();
}

#[test]
fn a_status_is_a_fault_in_words() {
    // DL-13
    for (status, expected) in [
        ("404 Not Found", 9016),
        ("403 Forbidden", 9016),
        ("500 Oops\r\nContent-Type: text/xml", 9016),
        ("503 Later", 9016),
        ("407 Proxy", 9012),
        ("400 Bad Request", 9010),
        ("204 No Content", 9010),
        ("206 Partial Content\r\nContent-Range: bytes 0-4/5", 9010),
    ] {
        let code = &status[..3];
        let answer = reply(&format!("{status}\r\nContent-Length: 5"), b"sorry");
        let expected = (expected, format!("127.0.0.1: HTTP status {code}"));
        assert_eq!(refused(&|order| order, answer), expected);
    }
}

#[test]
fn a_large_error_page_is_not_read() {
    let answer = reply("404 Not Found\r\nContent-Length: 99999999", b"");
    assert_eq!(refused(&|order| order, answer).0, 9016);
}

#[test]
fn a_size_must_be_right() {
    // DL-13: the size that the ACS says, and that which the server says.
    let sized = |size| {
        move |order| Order {
            file_size: size,
            ..order
        }
    };
    let announced = reply("200 OK\r\nContent-Length: 5", b"");
    let (code, text) = refused(&sized(6), announced);
    assert_eq!(
        (code, text.as_str()),
        (9018, "127.0.0.1: the file should have 6 bytes, and has 5")
    );
    for body in ["12345", "1234567"] {
        let closed = reply("200 OK", body.as_bytes());
        assert_eq!(refused(&sized(6), closed).0, 9018, "{body}");
    }
    let chunked = reply(
        "200 OK\r\nTransfer-Encoding: chunked",
        b"1\r\nx\r\n0\r\n\r\n",
    );
    assert_eq!(refused(&sized(6), chunked).0, 9018);
}

#[test]
fn what_does_not_fit_on_the_disk_is_not_begun() {
    // DL-11
    let folder = Folder::new();
    let order = Order {
        file_size: u64::MAX,
        ..folder.get("http://127.0.0.1:9/".to_owned())
    };
    let (code, text) = fault(&order);
    assert_eq!(code, 9010);
    assert!(text.starts_with("no room in /"), "{text}");
    let announced = reply(&format!("200 OK\r\nContent-Length: {}", u64::MAX / 2), b"");
    let (code, text) = refused(&|order| order, announced);
    assert_eq!(code, 9010);
    assert!(text.starts_with("127.0.0.1: no room in /"), "{text}");
}

#[test]
fn a_file_that_cannot_be_written_is_9010() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("/etc/passwd", folder.path("file")).unwrap();
    assert_eq!(fault(&folder.get("http://127.0.0.1:9/".to_owned())).0, 9010);
    let order = Order {
        file: folder.path("none/file"),
        ..folder.get("http://127.0.0.1:9/".to_owned())
    };
    assert_eq!(fault(&order).0, 9010);
}

#[test]
fn codings_that_nobody_asked_for_are_refused() {
    for header in ["Content-Encoding: gzip", "Transfer-Encoding: gzip, chunked"] {
        let answer = reply(&format!("200 OK\r\n{header}\r\nContent-Length: 1"), b"x");
        let (code, text) = refused(&|order| order, answer);
        assert_eq!((code, text.contains("coding")), (9010, true), "{text}");
    }
}

#[test]
fn what_is_no_http_is_9010_and_other_schemes_9013() {
    assert_eq!(refused(&|order| order, b"220 ftp\r\n\r\n".to_vec()).0, 9010);
    let folder = Folder::new();
    for url in [
        "tftp://host/x",
        "file:///etc/passwd",
        "nonsense",
        "ftps://host/x",
    ] {
        assert_eq!(fault(&folder.get(url.to_owned())).0, 9013, "{url}");
    }
}

#[test]
fn nobody_there_is_9015() {
    // DL-13
    let folder = Folder::new();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (code, text) = fault(&folder.get(url(free)));
    assert_eq!(code, 9015);
    assert!(text.contains("cannot connect to the server"), "{text}");
    // No DNS server is asked: the folder has no resolv.conf that names one, and the name is not valid.
    let (code, text) = fault(&folder.get(format!("http://{}.example/", "x".repeat(70))));
    assert_eq!(code, 9015);
    assert!(text.contains("cannot resolve"), "{text}");
}

#[test]
fn names_are_looked_up_below_the_root_and_every_address_is_tried() {
    let folder = Folder::new();
    let (address, server) = server(|listener| {
        let mut stream = accept(&listener);
        let head = head(&mut stream);
        answer(&mut stream, "200 OK", b"x");
        head
    });
    fs::create_dir(folder.path("etc")).unwrap();
    fs::write(
        folder.path("etc/hosts"),
        "::1 files\n127.0.0.2 files\n127.0.0.1 files\n",
    )
    .unwrap();
    let order = Order {
        root: folder.path(""),
        ..folder.get(format!("http://files:{}/", address.port()))
    };
    assert_eq!(transfer(&order), Ok(1));
    let head = server.join().unwrap();
    assert_eq!(value(&head, "Host"), format!("files:{}", address.port()));
}

#[test]
fn ipv6_where_there_is_any() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return;
    };
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let mut stream = accept(&listener);
        head(&mut stream);
        answer(&mut stream, "200 OK", b"six");
    });
    let folder = Folder::new();
    assert_eq!(transfer(&folder.get(url(address))), Ok(3));
    server.join().unwrap();
}

fn with_password(order: Order) -> Order {
    Order {
        username: "kathi".to_owned(),
        password: "geheim".to_owned(),
        basic_over_http: true,
        ..order
    }
}

#[test]
fn credentials_go_out_when_asked_for() {
    // DL-12
    for (challenge, scheme) in [
        ("Basic realm=\"x\"", "Basic a2F0aGk6Z2VoZWlt"),
        (
            "Digest realm=\"x\", nonce=\"n\", qop=\"auth\"",
            "Digest username=\"kathi\"",
        ),
    ] {
        let folder = Folder::new();
        let asks = format!(
            "HTTP/1.1 401 No\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 2\r\n\r\nno"
        );
        // Both over one connection.
        let (address, server) = server(move |listener| {
            let mut stream = accept(&listener);
            let first = head(&mut stream);
            stream.write_all(asks.as_bytes()).unwrap();
            let second = head(&mut stream);
            answer(&mut stream, "200 OK", b"file");
            [first, second]
        });
        assert_eq!(transfer(&with_password(folder.get(url(address)))), Ok(4));
        assert_eq!(folder.read(), b"file");
        let [first, second] = server.join().unwrap();
        assert_eq!(value(&first, "Authorization"), "");
        assert!(
            value(&second, "Authorization").starts_with(scheme),
            "{second}"
        );
    }
}

#[test]
fn credentials_that_are_missing_or_wrong_are_9012() {
    // DL-12
    let unauthorized = |challenge: &str| {
        reply(
            &format!("401 No\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0"),
            b"",
        )
    };
    let basic = unauthorized("Basic realm=\"x\"");
    assert_eq!(refused(&|order| order, basic.clone()).0, 9012);
    // In clear text only where that is allowed.
    let careful = |order| Order {
        basic_over_http: false,
        ..with_password(order)
    };
    assert_eq!(refused(&careful, basic).0, 9012);
    assert_eq!(refused(&with_password, unauthorized("Bearer")).0, 9012);
    let folder = Folder::new();
    let (address, server) = server(|listener| {
        let mut stream = accept(&listener);
        for _ in 0..2 {
            head(&mut stream);
            answer(
                &mut stream,
                "401 No\r\nWWW-Authenticate: Basic realm=\"x\"",
                b"no",
            );
        }
    });
    let (code, text) = fault(&with_password(folder.get(url(address))));
    let words = "127.0.0.1: the server refuses our user name or password";
    assert_eq!((code, text.as_str()), (9012, words));
    server.join().unwrap();
}

#[test]
fn redirects_are_followed_without_what_is_secret() {
    // The second server has not asked, so it hears nothing; not even a cookie of the first.
    let folder = Folder::new();
    let (there, second) = scripts(vec![says(reply("200 OK\r\nContent-Length: 2", b"ok"))]);
    let (here, first) = scripts(vec![
        says(reply(
            "401 No\r\nSet-Cookie: a=1\r\nWWW-Authenticate: Basic realm=\"x\"\r\nConnection: close\r\nContent-Length: 0",
            b"",
        )),
        says(reply(
            &format!("303 See\r\nLocation: {there}\r\nConnection: close\r\nContent-Length: 0"),
            b"",
        )),
    ]);
    assert_eq!(transfer(&with_password(folder.get(here))), Ok(2));
    let heads = first.join().unwrap();
    assert_ne!(value(&heads[1], "Authorization"), "");
    let head = &second.join().unwrap()[0];
    assert_eq!(value(head, "Authorization"), "");
    assert_eq!(value(head, "Cookie"), "");
}

#[test]
fn redirects_come_to_an_end() {
    // DL-20
    let folder = Folder::new();
    let (address, server) = server(|listener| {
        let mut stream = accept(&listener);
        let mut count = 0;
        while let Ok(1..) = stream.peek(&mut [0]) {
            head(&mut stream);
            answer(&mut stream, "302 Round\r\nLocation: /firmware.bin", b"");
            count += 1;
        }
        count
    });
    let (code, text) = fault(&folder.get(url(address)));
    assert_eq!(
        (code, text.as_str()),
        (9010, "127.0.0.1: the server redirects too often")
    );
    assert_eq!(server.join().unwrap(), 6);
    let elsewhere = reply("302 Found\r\nLocation: tftp://x/\r\nContent-Length: 0", b"");
    assert_eq!(refused(&|order| order, elsewhere).0, 9013);
}

#[test]
fn a_silent_server_is_9017() {
    // DL-20
    let folder = Folder::new();
    let (address, server) = server(|listener| {
        let mut stream = accept(&listener);
        head(&mut stream);
        // Until the other side has had enough.
        let _ = stream.read(&mut [0]);
    });
    let order = Order {
        stall_seconds: 1,
        ..folder.get(url(address))
    };
    let (code, text) = fault(&order);
    let words = "127.0.0.1: the server was silent for 1 s before the reply began";
    assert_eq!((code, text.as_str()), (9017, words));
    server.join().unwrap();
    // The time for all of it.
    let order = Order {
        limit_seconds: 0,
        ..order
    };
    let (code, text) = fault(&order);
    assert_eq!(
        (code, text.as_str()),
        (9017, "127.0.0.1: it was not done within 0 s")
    );
}

/// The file that is cut off in the tests that follow.
fn long() -> Vec<u8> {
    content(100_000)
}

#[test]
fn a_broken_download_goes_on_where_it_broke_off() {
    // DL-20
    for validator in [
        "ETag: \"v1\"",
        "ETag: W/\"v1\"\r\nLast-Modified: Sun, 22 Nov 2026 10:00:00 GMT",
    ] {
        let folder = Folder::new();
        let (url, server) = scripts(vec![
            says(reply(
                &format!("200 OK\r\n{validator}\r\nContent-Length: 100000"),
                &long()[..40_000],
            )),
            says(reply(
                "206 Part\r\nContent-Range: bytes 40000-99999/100000\r\nContent-Length: 60000",
                &long()[40_000..90_000],
            )),
            says(reply(
                "206 Part\r\nContent-Range: bytes 90000-99999/100000\r\nContent-Length: 10000",
                &long()[90_000..],
            )),
        ]);
        assert_eq!(transfer(&folder.get(url)), Ok(100_000));
        assert!(folder.read() == long());
        assert_eq!(folder.names(), ["file"]);
        let heads = server.join().unwrap();
        let ranges: Vec<&str> = heads.iter().map(|head| value(head, "Range")).collect();
        assert_eq!(ranges, ["", "bytes=40000-", "bytes=90000-"]);
        let expected = match validator.contains("W/") {
            true => "Sun, 22 Nov 2026 10:00:00 GMT",
            false => "\"v1\"",
        };
        assert_eq!(value(&heads[2], "If-Range"), expected);
    }
}

#[test]
fn what_is_not_the_same_file_any_more_starts_over() {
    let first = || {
        says(reply(
            "200 OK\r\nETag: \"v1\"\r\nContent-Length: 100000",
            &long()[..40_000],
        ))
    };
    let other = content(50_000);
    let again = |head: &str| {
        says(reply(
            &format!("{head}\r\nETag: \"v2\"\r\nContent-Length: 50000"),
            &content(50_000),
        ))
    };
    for scripted in [
        // The ETag has changed, so the server sends all of it.
        vec![first(), again("200 OK")],
        // What is asked for does not exist.
        vec![
            first(),
            says(reply(
                "416 No\r\nConnection: close\r\nContent-Length: 0",
                b"",
            )),
            again("200 OK"),
        ],
        // Another part than the one that was asked for, a part of another whole, one without its place.
        vec![
            first(),
            says(reply(
                "206 P\r\nContent-Range: bytes 0-99999/100000\r\nContent-Length: 100000",
                b"",
            )),
            again("200 OK"),
        ],
        vec![
            first(),
            says(reply(
                "206 P\r\nContent-Range: bytes 40000-49999/50000\r\nContent-Length: 10000",
                b"",
            )),
            again("200 OK"),
        ],
        vec![
            first(),
            says(reply("206 P\r\nContent-Length: 10000", b"")),
            again("200 OK"),
        ],
    ] {
        let (folder, count) = (Folder::new(), scripted.len());
        let (url, server) = scripts(scripted);
        assert_eq!(transfer(&folder.get(url)), Ok(50_000));
        assert!(folder.read() == other);
        let heads = server.join().unwrap();
        assert_eq!(value(&heads[1], "If-Range"), "\"v1\"");
        if count == 3 {
            assert_eq!(value(&heads[2], "Range"), "");
        }
    }
}

#[test]
fn tries_that_get_no_further_come_to_an_end() {
    let folder = Folder::new();
    // Without anything that tells versions apart each try begins anew, and none gets further than the first.
    let (url, server) = scripts(
        (0..6)
            .map(|_| says(reply("200 OK\r\nContent-Length: 100000", &long()[..40_000])))
            .collect(),
    );
    let (code, text) = fault(&folder.get(url));
    let words = "127.0.0.1: the server closed the connection within the reply's body";
    assert_eq!((code, text.as_str()), (9017, words));
    let heads = server.join().unwrap();
    assert!(heads.iter().all(|head| value(head, "Range").is_empty()));
}

#[test]
fn another_child_goes_on_with_what_the_last_has_left() {
    let (folder, file) = (Folder::new(), content(3_000_000));
    let whole = file.clone();
    // The first server is gone after the first try.
    let (address, server_) = server(move |listener| {
        let mut stream = accept(&listener);
        head(&mut stream);
        drop(listener);
        let part = reply(
            "200 OK\r\nETag: \"v1\"\r\nContent-Length: 3000000",
            &whole[..2_000_000],
        );
        stream.write_all(&part).unwrap();
    });
    assert_eq!(fault(&folder.get(url(address))).0, 9015);
    server_.join().unwrap();
    assert_eq!(folder.names(), ["file", "file.part-info"]);
    let rest = file[2_000_000..].to_vec();
    let (url, server_) = scripts(vec![says(reply(
        "206 Part\r\nContent-Range: bytes 2000000-2999999/3000000\r\nContent-Length: 1000000",
        &rest,
    ))]);
    let order = Order {
        resume: true,
        ..folder.get(url.clone())
    };
    assert_eq!(transfer(&order), Ok(3_000_000));
    assert!(folder.read() == file);
    assert_eq!(value(&server_.join().unwrap()[0], "If-Range"), "\"v1\"");
    // What it is not told to go on with, and a note that is no note, count for nothing.
    for resume in [false, true] {
        fs::write(folder.path("file.part-info"), "{\"validator\": 7}").unwrap();
        let (url, server) = scripts(vec![says(reply("200 OK\r\nContent-Length: 2", b"ok"))]);
        let order = Order {
            resume,
            ..folder.get(url)
        };
        assert_eq!(transfer(&order), Ok(2));
        assert_eq!(folder.read(), b"ok");
        assert_eq!(value(&server.join().unwrap()[0], "Range"), "");
    }
}

#[test]
fn a_file_is_uploaded() {
    // DL-22: also one that is larger than what is read at a time, with the password asked for in between.
    for (method, status) in [
        ("PUT", "201 Created"),
        ("POST", "200 OK"),
        ("PUT", "204 No"),
    ] {
        let (folder, file) = (Folder::new(), content(200_000));
        let (address, server) = server(move |listener| {
            let mut stream = accept(&listener);
            let first = head(&mut stream);
            body(&mut stream, &first);
            answer(
                &mut stream,
                "401 No\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"n\", qop=\"auth\"",
                b"",
            );
            let second = head(&mut stream);
            let body = body(&mut stream, &second);
            write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n\r\n").unwrap();
            (second, body)
        });
        let order = Order {
            method: method.to_owned(),
            ..with_password(folder.put(url(address), &file))
        };
        assert_eq!(transfer(&order), Ok(200_000));
        let (head, sent) = server.join().unwrap();
        assert!(head.starts_with(&format!("{method} /firmware.bin?v=1 HTTP/1.1\r\n")));
        assert_eq!(value(&head, "Content-Type"), "application/octet-stream");
        assert!(sent == file);
        assert!(folder.read() == file);
    }
}

#[test]
fn an_upload_that_fails_is_9011_or_says_more() {
    for (status, code) in [
        ("400 No", 9011),
        ("404 No", 9016),
        ("500 No", 9016),
        ("407 No", 9012),
        ("303 No", 9011),
    ] {
        let folder = Folder::new();
        let (address, server) = server(move |listener| {
            let mut stream = accept(&listener);
            head(&mut stream);
            // The answer comes before the end of the file, and nobody reads that.
            answer(&mut stream, status, b"");
            let mut buffer = vec![0; 65_536];
            loop {
                match stream.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                        break;
                    }
                }
            }
        });
        assert_eq!(
            fault(&folder.put(url(address), &content(3_000_000))).0,
            code,
            "{status}"
        );
        server.join().unwrap();
    }
    let folder = Folder::new();
    let missing = Order {
        get: false,
        ..folder.get("http://127.0.0.1:9/".to_owned())
    };
    let (code, text) = fault(&missing);
    assert_eq!(code, 9011);
    assert!(text.contains("file: No such file"), "{text}");
}
