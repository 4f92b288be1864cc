//! Real servers, each with a configuration of its own, on free ports, without privileges.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use cwmpd::jobs::transfer::Order;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, getuid};

use super::{Folder, HANG, certs, content, fault, transfer};

/// A server that runs until it is dropped.
struct Server(Child);

impl Server {
    /// Starts it, and waits until it takes connections.
    fn start(program: &str, arguments: &[&str], port: u16) -> Server {
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut server = Server(child);
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert_eq!(server.0.try_wait().unwrap(), None, "{program} has ended");
            assert!(start.elapsed() < HANG, "{program} does not listen");
            std::thread::yield_now();
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0.id() as i32), Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn user() -> String {
    User::from_uid(getuid()).unwrap().unwrap().name
}

/// The value of a header of a reply to HEAD.
fn told(port: u16, path: &str, name: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "HEAD {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().trim_start_matches(": ").to_owned()
}

#[test]
#[ignore = "needs nginx"]
fn nginx() {
    let (folder, file) = (Folder::new(), content(3_000_000));
    let (plain, tls) = (free_port(), free_port());
    for name in ["www", "tmp"] {
        fs::create_dir(folder.path(name)).unwrap();
    }
    fs::write(folder.path("www/firmware.bin"), &file).unwrap();
    fs::write(folder.path("users"), "kathi:{PLAIN}geheim\n").unwrap();
    let root = folder.path("");
    let (certificate, key) = (certs("server.pem"), certs("server-key.pem"));
    let user = match getuid().is_root() {
        true => format!("user {};", user()),
        false => String::new(),
    };
    let kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {root}tmp/{name};"))
        .concat();
    let configuration = format!(
        "daemon off; master_process off; {user} pid {root}pid; error_log {root}error.log;\n\
         events {{}}\n\
         http {{ access_log off; {kept}\n\
         server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl; root {root}www;\n\
         ssl_certificate {certificate}; ssl_certificate_key {key};\n\
         location /secret/ {{ alias {root}www/; auth_basic x; auth_basic_user_file {root}users; }}\n\
         location /moved {{ return 302 /firmware.bin; }}\n\
         location /up/ {{ dav_methods PUT; create_full_put_path on; client_max_body_size 10m; }} }} }}\n"
    );
    fs::write(folder.path("conf"), configuration).unwrap();
    let log = folder.path("error.log");
    let arguments = ["-p", &root, "-c", &folder.path("conf"), "-e", &log];
    let _server = Server::start("nginx", &arguments, plain);

    let order = |path: &str| Order {
        ca_file: Some(certs("ca.pem")),
        file_size: 3_000_000,
        ..folder.get(format!("https://127.0.0.1:{tls}{path}"))
    };
    for path in ["/firmware.bin", "/moved"] {
        assert_eq!(transfer(&order(path)), Ok(3_000_000), "{path}");
        assert!(folder.read() == file);
    }
    assert_eq!(fault(&order("/none")).0, 9016);
    let secret = |password: &str| Order {
        username: "kathi".to_owned(),
        password: password.to_owned(),
        ..order("/secret/firmware.bin")
    };
    assert_eq!(transfer(&secret("geheim")), Ok(3_000_000));
    assert_eq!(fault(&secret("falsch")).0, 9012);
    // What an earlier child left: half of it, the rest is wrong and has not been promised.
    for (tag, whole) in [
        (told(plain, "/firmware.bin", "ETag"), true),
        ("\"x\"".to_owned(), false),
    ] {
        let half = [&file[..1_500_000], &[0; 1000]].concat();
        fs::write(folder.path("file"), half).unwrap();
        let note = format!("{{\"validator\": {tag:?}, \"total\": 3000000, \"bytes\": 1500000}}");
        fs::write(folder.path("file.part-info"), note).unwrap();
        let order = Order {
            resume: true,
            ..order("/firmware.bin")
        };
        assert_eq!(transfer(&order), Ok(3_000_000), "{whole}");
        assert!(folder.read() == file);
    }
    let up = Order {
        get: false,
        ..order("/up/config")
    };
    assert_eq!(transfer(&up), Ok(3_000_000));
    assert!(fs::read(folder.path("www/up/config")).unwrap() == file);
}

#[test]
#[ignore = "needs vsftpd"]
fn vsftpd() {
    let (folder, file) = (Folder::new(), content(3_000_000));
    let port = free_port();
    fs::create_dir_all(folder.path("ftp/up")).unwrap();
    fs::create_dir(folder.path("empty")).unwrap();
    fs::write(folder.path("ftp/firmware.bin"), &file).unwrap();
    let (root, user) = (folder.path(""), user());
    let configuration = format!(
        "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nrun_as_launching_user=YES\n\
         anonymous_enable=YES\nlocal_enable=NO\nanon_root={root}ftp\nftp_username={user}\nwrite_enable=YES\n\
         anon_upload_enable=YES\nallow_writeable_chroot=YES\nsecure_chroot_dir={root}empty\nseccomp_sandbox=NO\n\
         xferlog_enable=NO\n"
    );
    fs::write(folder.path("conf"), configuration).unwrap();
    let _server = Server::start("vsftpd", &[&folder.path("conf")], port);

    let order = |path: &str| folder.get(format!("ftp://127.0.0.1:{port}/{path}"));
    assert_eq!(transfer(&order("firmware.bin")), Ok(3_000_000));
    assert!(folder.read() == file);
    assert_eq!(fault(&order("none")).0, 9016);
    let stranger = Order {
        username: "kathi".to_owned(),
        password: "geheim".to_owned(),
        ..order("firmware.bin")
    };
    assert_eq!(fault(&stranger).0, 9012);
    let up = Order {
        get: false,
        ..folder.put(order("up/config").url, &file)
    };
    assert_eq!(transfer(&up), Ok(3_000_000));
    assert!(fs::read(folder.path("ftp/up/config")).unwrap() == file);
}
