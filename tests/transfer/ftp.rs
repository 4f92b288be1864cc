//! Files over FTP.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use cwmpd::jobs::transfer::Order;

use super::{Folder, accept, content, fault, line, server, transfer};

/// What happens on a control connection.
enum Step {
    /// This command comes, and this is the answer.
    Says(&'static str, &'static str),
    /// This command comes, and a port for data is told: in the way of EPSV, or of PASV with a strange address.
    Port(&'static str),
    /// This command comes, and these bytes go over the data connection before the last answer.
    Sends(&'static str, Vec<u8>, &'static str),
    /// The same the other way round.
    Takes(&'static str, &'static str),
    /// The connection is cut.
    Hangup,
}
use Step::{Hangup, Port, Says, Sends, Takes};

/// A server that follows one script a connection; what it has taken.
fn scripts(scripts: Vec<Vec<Step>>) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    server(move |listener| {
        let mut taken = Vec::new();
        for script in scripts {
            let mut stream = accept(&listener);
            stream
                .write_all(b"220-Hello\r\n 220 there\r\n220 Ready\r\n")
                .unwrap();
            play(stream, script, &mut taken);
        }
        taken
    })
}

fn play(mut stream: TcpStream, script: Vec<Step>, taken: &mut Vec<u8>) {
    let mut commands = BufReader::new(stream.try_clone().unwrap());
    let data = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = data.local_addr().unwrap().port();
    let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).unwrap();
    for step in script {
        match step {
            Says(command, reply) => {
                assert_eq!(line(&mut commands), command);
                say(reply);
            }
            Port("EPSV") => {
                assert_eq!(line(&mut commands), "EPSV");
                say(&format!("229 Extended (|||{port}|)"));
            }
            Port(command) => {
                assert_eq!(line(&mut commands), command);
                let [high, low] = port.to_be_bytes();
                say(&format!("227 Passive (203,0,113,1,{high},{low})"));
            }
            Sends(command, bytes, reply) => {
                assert_eq!(line(&mut commands), command);
                say("150 Here it comes");
                let (mut connection, _) = data.accept().unwrap();
                connection.write_all(&bytes).unwrap();
                drop(connection);
                say(reply);
            }
            Takes(command, reply) => {
                assert_eq!(line(&mut commands), command);
                say("125 Go on");
                let (mut connection, _) = data.accept().unwrap();
                connection.read_to_end(taken).unwrap();
                say(reply);
            }
            Hangup => {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

fn url(address: SocketAddr) -> String {
    format!("ftp://{address}/pub/a%20file;type=i")
}

/// Everything up to the file.
fn anonymous() -> Vec<Step> {
    vec![
        Says("USER anonymous", "331-Your\r\n331 address?"),
        Says("PASS anonymous@", "230 Welcome"),
        Says("TYPE I", "200 Binary"),
    ]
}

fn and(mut steps: Vec<Step>, more: Vec<Step>) -> Vec<Step> {
    steps.extend(more);
    steps
}

/// The fault of a script, and its words.
fn refused(script: Vec<Step>) -> (u16, String) {
    let folder = Folder::new();
    let (address, server) = scripts(vec![script]);
    let fault = fault(&folder.get(url(address)));
    server.join().unwrap();
    fault
}

#[test]
fn a_file_is_downloaded() {
    for epsv in [true, false] {
        let (folder, file) = (Folder::new(), content(200_000));
        let passive = match epsv {
            true => vec![Port("EPSV")],
            false => vec![Says("EPSV", "500 What?"), Port("PASV")],
        };
        let script = and(
            anonymous(),
            vec![
                Says("SIZE pub/a file", "213 200000"),
                Says("MDTM pub/a file", "213 20261122100000"),
            ],
        );
        let script = and(script, passive);
        let script = and(
            script,
            vec![Sends("RETR pub/a file", file.clone(), "226 Done")],
        );
        let (address, server) = scripts(vec![script]);
        let order = Order {
            file_size: 200_000,
            ..folder.get(url(address))
        };
        assert_eq!(transfer(&order), Ok(200_000));
        assert!(folder.read() == file);
        assert_eq!(folder.names(), ["file"]);
        server.join().unwrap();
    }
}

#[test]
fn a_server_that_knows_little_will_do() {
    let folder = Folder::new();
    let (address, server) = scripts(vec![vec![
        Says("USER kathi", "230 No password here"),
        Says("TYPE I", "200 Binary"),
        Says("SIZE pub/a file", "500 What?"),
        Says("MDTM pub/a file", "500 What?"),
        Port("EPSV"),
        Sends("RETR pub/a file", b"file".to_vec(), "250 Done"),
    ]]);
    let order = Order {
        username: "kathi".to_owned(),
        ..folder.get(url(address))
    };
    assert_eq!(transfer(&order), Ok(4));
    server.join().unwrap();
}

#[test]
fn a_wrong_password_is_9012_and_not_repeated() {
    let folder = Folder::new();
    let (address, server) = scripts(vec![vec![
        Says("USER kathi", "331 Password?"),
        Says("PASS geheim", "530 'PASS geheim' is wrong"),
    ]]);
    let order = Order {
        username: "kathi".to_owned(),
        password: "geheim".to_owned(),
        ..folder.get(url(address))
    };
    let (code, text) = fault(&order);
    assert_eq!(
        (code, text.as_str()),
        (9012, "127.0.0.1: the server refuses the login: 530 ")
    );
    server.join().unwrap();
}

#[test]
fn what_a_server_refuses_is_a_fault_in_words() {
    let sizes = || {
        and(
            anonymous(),
            vec![
                Says("SIZE pub/a file", "213 10"),
                Says("MDTM pub/a file", "213 20261122100000"),
            ],
        )
    };
    for (more, code, words) in [
        (
            vec![Port("EPSV"), Says("RETR pub/a file", "550 No such file")],
            9016,
            "refuses RETR: 550 No such file",
        ),
        (
            vec![Port("EPSV"), Says("RETR pub/a file", "425 No data")],
            9017,
            "refuses RETR: 425 No data",
        ),
        (
            vec![Says("EPSV", "500 No"), Says("PASV", "500 No")],
            9010,
            "refuses PASV: 500 No",
        ),
        (
            vec![Says("EPSV", "229 Where?"), Says("PASV", "227 Nowhere")],
            9010,
            "it tells no port for the data",
        ),
        (vec![Hangup], 9017, ""),
        (
            vec![
                Port("EPSV"),
                Sends("RETR pub/a file", b"0123456789x".to_vec(), "226 Done"),
            ],
            9018,
            "the file should have 10 bytes, and has 11",
        ),
    ] {
        let (found, text) = refused(and(sizes(), more));
        assert_eq!((found, text.contains(words)), (code, true), "{text}");
    }
    // Said by the ACS, and by the server before it sends anything.
    let folder = Folder::new();
    let (address, server) = scripts(vec![sizes()]);
    let order = Order {
        file_size: 11,
        ..folder.get(url(address))
    };
    assert_eq!(fault(&order).0, 9018);
    server.join().unwrap();
}

#[test]
fn what_is_no_ftp_server_is_not_trusted() {
    for (greeting, code) in [
        ("421 Too many users\r\n", 9015),
        ("HTTP/1.1 400 Bad Request\r\n", 9010),
        ("", 9017),
    ] {
        let folder = Folder::new();
        let (address, server) = server(move |listener| {
            let mut stream = accept(&listener);
            stream.write_all(greeting.as_bytes()).unwrap();
        });
        assert_eq!(fault(&folder.get(url(address))).0, code, "{greeting}");
        server.join().unwrap();
    }
}

#[test]
fn nothing_is_smuggled_into_a_command() {
    let folder = Folder::new();
    let order = folder.get("ftp://127.0.0.1:9/a%0D%0ADELE%20b".to_owned());
    let (code, text) = fault(&order);
    assert_eq!(
        (code, text.as_str()),
        (9010, "127.0.0.1: the URL names no file")
    );
    let (address, server) = scripts(vec![vec![]]);
    let order = Order {
        username: "x\r\nDELE y".to_owned(),
        ..folder.get(url(address))
    };
    assert_eq!(fault(&order).0, 9012);
    server.join().unwrap();
}

#[test]
fn a_broken_download_goes_on_where_it_broke_off() {
    let (folder, file) = (Folder::new(), content(100_000));
    let known = |changed| {
        and(
            anonymous(),
            vec![
                Says("SIZE pub/a file", "213 100000"),
                Says("MDTM pub/a file", changed),
                Port("EPSV"),
            ],
        )
    };
    let (before, after) = ("213 20261122100000", "213 20261122110000");
    let (address, server) = scripts(vec![
        and(
            known(before),
            vec![Sends(
                "RETR pub/a file",
                file[..30_000].to_vec(),
                "426 Cut off",
            )],
        ),
        and(
            known(before),
            vec![
                Says("REST 30000", "350 From there"),
                // It says that this was all.
                Sends("RETR pub/a file", file[30_000..60_000].to_vec(), "226 Done"),
            ],
        ),
        // Another version: from the beginning.
        and(
            known(after),
            vec![Sends(
                "RETR pub/a file",
                file[..70_000].to_vec(),
                "226 Done",
            )],
        ),
        and(
            known(after),
            vec![
                Says("REST 70000", "500 What?"),
                Sends("RETR pub/a file", file.clone(), "226 Done"),
            ],
        ),
    ]);
    assert_eq!(transfer(&folder.get(url(address))), Ok(100_000));
    assert!(folder.read() == file);
    server.join().unwrap();
}

#[test]
fn a_file_is_uploaded() {
    let (folder, file) = (Folder::new(), content(200_000));
    let (address, server) = scripts(vec![and(
        anonymous(),
        vec![Port("EPSV"), Takes("STOR pub/a file", "226 Thanks")],
    )]);
    assert_eq!(transfer(&folder.put(url(address), &file)), Ok(200_000));
    assert!(server.join().unwrap() == file);
    for (reply, code) in [
        ("553 Not allowed", 9016),
        ("552 Disk full", 9011),
        ("530 Log in", 9012),
    ] {
        let (address, server) = scripts(vec![and(
            anonymous(),
            vec![Port("EPSV"), Says("STOR pub/a file", reply)],
        )]);
        assert_eq!(fault(&folder.put(url(address), &file)).0, code, "{reply}");
        server.join().unwrap();
    }
    let (address, server) = scripts(vec![and(
        anonymous(),
        vec![Port("EPSV"), Takes("STOR pub/a file", "452 Disk full now")],
    )]);
    let (code, text) = fault(&folder.put(url(address), &file));
    let words = "127.0.0.1: the server refuses STOR: 452 Disk full now";
    assert_eq!((code, text.as_str()), (9011, words));
    server.join().unwrap();
}

#[test]
fn ipv6_where_there_is_any() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return;
    };
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let data = TcpListener::bind("[::1]:0").unwrap();
        let port = data.local_addr().unwrap().port();
        let mut stream = accept(&listener);
        let mut commands = BufReader::new(stream.try_clone().unwrap());
        stream.write_all(b"220 six\r\n").unwrap();
        for reply in [
            "230 ok",
            "200 ok",
            "213 3",
            "213 1",
            &format!("229 (|||{port}|)"),
            "150 ok",
        ] {
            line(&mut commands);
            stream.write_all(format!("{reply}\r\n").as_bytes()).unwrap();
        }
        data.accept().unwrap().0.write_all(b"six").unwrap();
        stream.write_all(b"226 ok\r\n").unwrap();
    });
    let folder = Folder::new();
    assert_eq!(transfer(&folder.get(url(address))), Ok(3));
    server.join().unwrap();
}
