//! The resolver against DNS servers on the loopback interface that do as the test says.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cwmpd::net::resolver::{Family, ResolveError, Resolver, Settings};
use cwmpd::net::{Reactor, token};

/// A folder with `hosts` and `resolv.conf`, and the loop.
struct Bench {
    folder: PathBuf,
    reactor: Reactor,
    resolver: Resolver,
}

static FOLDERS: AtomicU32 = AtomicU32::new(0);

impl Bench {
    fn new(port: u16, hosts: &str, resolv_conf: &str) -> Self {
        Self::preferring(Family::V6, port, hosts, resolv_conf)
    }

    fn preferring(prefer: Family, port: u16, hosts: &str, resolv_conf: &str) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("cwmpd-net-dns-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("hosts"), hosts).unwrap();
        std::fs::write(folder.join("resolv.conf"), resolv_conf).unwrap();
        let settings = Settings {
            hosts: folder.join("hosts"),
            resolv_conf: folder.join("resolv.conf"),
            port,
            prefer,
            limit: Duration::from_secs(1000),
        };
        Self {
            folder,
            reactor: Reactor::new().unwrap(),
            resolver: Resolver::new(token(2, 5), settings),
        }
    }

    fn start(&mut self, host: &str) {
        let registry = self.reactor.registry();
        self.resolver.start(host, Instant::now(), registry);
    }

    /// Waits for sockets once.
    fn turn(&mut self) {
        let hang = Instant::now() + Duration::from_secs(60);
        let (registry, ready) = self.reactor.poll(Some(hang)).unwrap();
        let ready: Vec<_> = ready.collect();
        assert!(!ready.is_empty(), "nothing happens any more");
        for token in ready {
            self.resolver.ready(token, Instant::now(), registry);
        }
    }

    /// The result, with sockets alone: no deadline ever comes.
    fn run(&mut self) -> Result<Vec<IpAddr>, ResolveError> {
        loop {
            if let Some(result) = self.resolver.take() {
                return result;
            }
            self.turn();
        }
    }

    fn lookup(&mut self, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
        self.start(host);
        self.run()
    }

    /// Pretends that the next deadline has come.
    fn pass(&mut self) {
        let deadline = self.resolver.deadline().unwrap();
        self.resolver.timeout(deadline, self.reactor.registry());
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|t| t.parse().unwrap()).collect()
}

/// A question as a server sees it.
struct Query {
    bytes: Vec<u8>,
    from: SocketAddr,
}

impl Query {
    fn wants_v6(&self) -> bool {
        self.bytes[self.bytes.len() - 3] == 28
    }

    fn id(&self) -> [u8; 2] {
        [self.bytes[0], self.bytes[1]]
    }

    /// A reply with these flags and this code, and of the addresses those that were asked for.
    fn reply(&self, flags: u8, rcode: u8, addresses: &[&str]) -> Vec<u8> {
        let mut reply = self.bytes.clone();
        reply[2] |= 0x80 | flags;
        reply[3] = rcode;
        for address in ips(addresses) {
            let (kind, data) = match address {
                IpAddr::V4(a) if !self.wants_v6() => (1, a.octets().to_vec()),
                IpAddr::V6(a) if self.wants_v6() => (28, a.octets().to_vec()),
                _ => continue,
            };
            reply[7] += 1;
            // The owner by a pointer to the question, class IN, a TTL of a minute.
            reply.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
            reply.extend(data);
        }
        reply
    }

    fn answer(&self, addresses: &[&str]) -> Vec<u8> {
        self.reply(0, 0, addresses)
    }
}

/// What a server that sees one question after the other does with the `n`-th: the datagrams it sends back.
fn serve(
    socket: UdpSocket,
    mut respond: impl FnMut(usize, &Query) -> Vec<Vec<u8>> + Send + 'static,
) -> Receiver<Query> {
    let (seen, sees) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        for n in 0.. {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                return;
            };
            let query = Query {
                bytes: buffer[..length].to_vec(),
                from,
            };
            for datagram in respond(n, &query) {
                socket.send_to(&datagram, from).unwrap();
            }
            if seen.send(query).is_err() {
                return;
            }
        }
    });
    sees
}

fn server(
    respond: impl FnMut(usize, &Query) -> Vec<Vec<u8>> + Send + 'static,
) -> (u16, Receiver<Query>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    (port, serve(socket, respond))
}

/// Two servers on one port, 127.0.0.1 and 127.0.0.2.
fn two_sockets() -> (u16, UdpSocket, UdpSocket) {
    loop {
        let one = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = one.local_addr().unwrap().port();
        if let Ok(two) = UdpSocket::bind(("127.0.0.2", port)) {
            return (port, one, two);
        }
    }
}

const ONE: &str = "nameserver 127.0.0.1\n";
const TWO: &str = "nameserver 127.0.0.1\nnameserver 127.0.0.2\n";

#[test]
fn what_needs_no_server_is_known_at_once() {
    let hosts =
        "192.0.2.1 acs.test acs\n2001:db8::1 ACS.test\n192.0.2.2 acs.test\n10.0.0.1 localhost\n";
    let known = |prefer, host: &str| {
        let mut bench = Bench::preferring(prefer, 9, hosts, ONE);
        bench.start(host);
        assert_eq!(bench.resolver.deadline(), None);
        bench.resolver.take().unwrap().unwrap()
    };
    assert_eq!(known(Family::V6, "198.51.100.7"), ips(&["198.51.100.7"]));
    assert_eq!(known(Family::V4, "2001:db8::7"), ips(&["2001:db8::7"]));
    for host in ["acs.test", "ACS.Test", "acs.test."] {
        assert_eq!(
            known(Family::V6, host),
            ips(&["2001:db8::1", "192.0.2.1", "192.0.2.2"])
        );
        assert_eq!(
            known(Family::V4, host),
            ips(&["192.0.2.1", "192.0.2.2", "2001:db8::1"])
        );
    }
    // RFC 6761 6.3, whatever the file says.
    for host in ["localhost", "LOCALHOST.", "a.localhost"] {
        assert_eq!(known(Family::V6, host), ips(&["::1", "127.0.0.1"]));
    }
}

#[test]
fn both_families_are_asked_from_ports_and_with_identifiers_of_their_own() {
    let (port, sees) = server(|_, q| vec![q.answer(&["192.0.2.1", "2001:db8::1", "192.0.2.2"])]);
    let mut bench = Bench::new(port, "", ONE);
    let mut ports = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..4 {
        let addresses = bench.lookup("acs.example").unwrap();
        assert_eq!(addresses, ips(&["2001:db8::1", "192.0.2.1", "192.0.2.2"]));
        let (a, b) = (sees.recv().unwrap(), sees.recv().unwrap());
        assert_ne!(a.wants_v6(), b.wants_v6());
        ports.extend([a.from.port(), b.from.port()]);
        ids.extend([a.id(), b.id()]);
    }
    let distinct = |mut of: Vec<u32>| {
        of.sort_unstable();
        of.dedup();
        of.len()
    };
    // Both are random, so a chance repetition is possible, several are not.
    assert!(distinct(ports.into_iter().map(u32::from).collect()) >= 6);
    assert!(
        distinct(
            ids.into_iter()
                .map(|i| u16::from_be_bytes(i).into())
                .collect()
        ) >= 6
    );
}

#[test]
fn the_answer_is_asked_for_anew_each_time() {
    // HT-31
    let (port, _sees) =
        server(|n, q| vec![q.answer(&[if n < 2 { "192.0.2.1" } else { "192.0.2.2" }])]);
    let mut bench = Bench::new(port, "", ONE);
    assert_eq!(bench.lookup("acs.example").unwrap(), ips(&["192.0.2.1"]));
    assert_eq!(bench.lookup("acs.example").unwrap(), ips(&["192.0.2.2"]));
    // And so are the files.
    std::fs::write(bench.folder.join("hosts"), "192.0.2.3 acs.example\n").unwrap();
    assert_eq!(bench.lookup("acs.example").unwrap(), ips(&["192.0.2.3"]));
}

#[test]
fn forged_replies_are_passed_over() {
    let (port, _sees) = server(|_, q| {
        let mut other_id = q.answer(&["203.0.113.66", "2001:db8::66"]);
        other_id[1] ^= 1;
        let mut other_name = q.answer(&["203.0.113.66", "2001:db8::66"]);
        other_name[13] ^= 1;
        let query = q.bytes.clone();
        let right = q.answer(&["192.0.2.1", "2001:db8::1"]);
        vec![other_id, other_name, query, vec![], vec![0; 11], right]
    });
    let mut bench = Bench::new(port, "", ONE);
    let addresses = bench.lookup("acs.example").unwrap();
    assert_eq!(addresses, ips(&["2001:db8::1", "192.0.2.1"]));
}

#[test]
fn a_reply_from_elsewhere_is_not_heard() {
    let elsewhere = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (port, _sees) = server(move |_, q| {
        let forged = q.answer(&["203.0.113.66", "2001:db8::66"]);
        elsewhere.send_to(&forged, q.from).unwrap();
        vec![q.answer(&["192.0.2.1"])]
    });
    let mut bench = Bench::new(port, "", ONE);
    assert_eq!(bench.lookup("acs.example").unwrap(), ips(&["192.0.2.1"]));
}

#[test]
fn a_server_that_cannot_answer_is_followed_by_the_next_at_once() {
    // Server failure, refused, a reply that cannot be read, and a flood of replies to something else.
    type Respond = fn(&Query) -> Vec<Vec<u8>>;
    let bad: [Respond; 4] = [
        |q| vec![q.reply(0, 2, &[])],
        |q| vec![q.reply(0, 5, &[])],
        |q| {
            let mut reply = q.reply(0, 0, &[]);
            reply[7] = 9;
            vec![reply]
        },
        |q| {
            let mut stray = q.answer(&[]);
            stray[0] ^= 1;
            vec![stray; 80]
        },
    ];
    for (i, respond) in bad.into_iter().enumerate() {
        let (port, one, two) = two_sockets();
        let _bad = serve(one, move |_, q| respond(q));
        let _good = serve(two, |_, q| vec![q.answer(&["192.0.2.1"])]);
        let mut bench = Bench::new(port, "", TWO);
        assert_eq!(
            bench.lookup("acs.example").unwrap(),
            ips(&["192.0.2.1"]),
            "case {i}"
        );
    }
}

#[test]
fn a_dead_server_is_followed_by_the_next_at_once() {
    let (port, one, two) = two_sockets();
    drop(one);
    let _good = serve(two, |_, q| vec![q.answer(&["192.0.2.1"])]);
    let mut bench = Bench::new(port, "", TWO);
    assert_eq!(bench.lookup("acs.example").unwrap(), ips(&["192.0.2.1"]));
}

#[test]
fn a_silent_server_is_followed_by_the_next_when_its_time_is_up() {
    let (port, one, two) = two_sockets();
    let silent = serve(one, |_, _| Vec::new());
    let _good = serve(two, |_, q| vec![q.answer(&["192.0.2.1"])]);
    let mut bench = Bench::new(port, "", &format!("{TWO}options timeout:3\n"));
    bench.start("acs.example");
    silent.recv().unwrap();
    silent.recv().unwrap();
    let left = bench.resolver.deadline().unwrap() - Instant::now();
    assert!(left <= Duration::from_secs(3));
    // Too early: nothing changes.
    bench
        .resolver
        .timeout(Instant::now(), bench.reactor.registry());
    assert!(bench.resolver.take().is_none());
    bench.pass();
    assert_eq!(bench.run().unwrap(), ips(&["192.0.2.1"]));
}

#[test]
fn when_nobody_answers_that_is_told() {
    let (port, one, two) = two_sockets();
    let (one, two) = (serve(one, |_, _| Vec::new()), serve(two, |_, _| Vec::new()));
    let mut bench = Bench::new(port, "", &format!("{TWO}options attempts:2\n"));
    bench.start("acs.example");
    for _ in 0..2 {
        for server in [&one, &two] {
            assert!(bench.resolver.take().is_none());
            server.recv().unwrap();
            server.recv().unwrap();
            bench.pass();
        }
    }
    assert!(matches!(
        bench.resolver.take(),
        Some(Err(ResolveError::Timeout))
    ));
    assert_eq!(bench.resolver.deadline(), None);
}

#[test]
fn a_lookup_has_a_limit_in_all() {
    let (port, _sees) = server(|_, _| Vec::new());
    let mut bench = Bench::new(port, "", ONE);
    bench.start("acs.example");
    let late = Instant::now() + Duration::from_secs(1001);
    bench.resolver.timeout(late, bench.reactor.registry());
    assert!(matches!(
        bench.resolver.take(),
        Some(Err(ResolveError::Timeout))
    ));
}

#[test]
fn servers_that_all_fail_are_told_with_the_last_reason() {
    let (port, _sees) = server(|_, q| vec![q.reply(0, 2, &[])]);
    let mut bench = Bench::new(port, "", ONE);
    match bench.lookup("acs.example") {
        Err(e @ ResolveError::Servers(_)) => assert!(e.to_string().contains("rcode=2"), "{e}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_that_does_not_exist_is_told() {
    // With the code for it, and as an answer without addresses.
    for rcode in [3, 0] {
        let (port, _sees) = server(move |_, q| vec![q.reply(0, rcode, &[])]);
        let mut bench = Bench::new(port, "", ONE);
        assert!(matches!(
            bench.lookup("no.example"),
            Err(ResolveError::NoAddress)
        ));
    }
}

#[test]
fn a_name_that_dns_cannot_carry_is_told() {
    let long = format!("{}.example", "x".repeat(64));
    for host in ["a..b", long.as_str(), ""] {
        let mut bench = Bench::new(9, "", ONE);
        bench.start(host);
        assert!(
            matches!(bench.resolver.take(), Some(Err(ResolveError::Name))),
            "{host}"
        );
    }
}

#[test]
fn one_family_alone_is_enough_after_a_grace() {
    for (silent_v6, address) in [(true, "192.0.2.1"), (false, "2001:db8::1")] {
        let (port, sees) = server(move |_, q| {
            if q.wants_v6() == silent_v6 {
                Vec::new()
            } else {
                vec![q.answer(&[address])]
            }
        });
        let mut bench = Bench::new(port, "", ONE);
        bench.start("acs.example");
        let waiting = bench.resolver.deadline().unwrap();
        sees.recv().unwrap();
        sees.recv().unwrap();
        // The reply shortens the wait.
        while bench.resolver.deadline().unwrap() == waiting {
            bench.turn();
        }
        assert!(bench.resolver.deadline().unwrap() <= Instant::now() + Duration::from_secs(1));
        assert!(bench.resolver.take().is_none());
        bench.pass();
        assert_eq!(bench.resolver.take().unwrap().unwrap(), ips(&[address]));
    }
}

#[test]
fn a_cut_reply_with_addresses_is_good_enough() {
    let (port, _sees) = server(|_, q| vec![q.reply(0x02, 0, &["192.0.2.1", "2001:db8::1"])]);
    let mut bench = Bench::new(port, "", ONE);
    let addresses = bench.lookup("acs.example").unwrap();
    assert_eq!(addresses, ips(&["2001:db8::1", "192.0.2.1"]));
}

/// A port free for UDP and TCP.
fn both_protocols() -> (u16, UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = udp.local_addr().unwrap().port();
        if let Ok(tcp) = TcpListener::bind(("127.0.0.1", port)) {
            return (port, udp, tcp);
        }
    }
}

#[test]
fn a_cut_reply_without_addresses_is_asked_for_over_tcp() {
    let (port, udp, tcp) = both_protocols();
    let _sees = serve(udp, |_, q| vec![q.reply(0x02, 0, &[])]);
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, from) = tcp.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut bytes = vec![0; u16::from_be_bytes(length).into()];
            stream.read_exact(&mut bytes).unwrap();
            let reply = Query { bytes, from }.answer(&["192.0.2.1", "2001:db8::1"]);
            let mut framed = (reply.len() as u16).to_be_bytes().to_vec();
            framed.extend(reply);
            for byte in framed {
                stream.write_all(&[byte]).unwrap();
            }
        }
    });
    let mut bench = Bench::new(port, "", ONE);
    let addresses = bench.lookup("acs.example").unwrap();
    assert_eq!(addresses, ips(&["2001:db8::1", "192.0.2.1"]));
    server.join().unwrap();
}

#[test]
fn a_tcp_server_that_breaks_off_counts_as_failed() {
    let (port, udp, tcp) = both_protocols();
    let _sees = serve(udp, |_, q| vec![q.reply(0x02, 0, &[])]);
    std::thread::spawn(move || {
        for stream in tcp.incoming() {
            let _ = stream.unwrap().write_all(&[0, 40, 1, 2]);
        }
    });
    let mut bench = Bench::new(port, "", ONE);
    assert!(matches!(
        bench.lookup("acs.example"),
        Err(ResolveError::Servers(_))
    ));
}

#[test]
fn a_new_lookup_forgets_the_old_one() {
    let (port, sees) = server(|n, q| match n {
        0 | 1 => Vec::new(),
        _ => vec![q.answer(&["192.0.2.2"])],
    });
    let mut bench = Bench::new(port, "", ONE);
    bench.start("one.example");
    sees.recv().unwrap();
    sees.recv().unwrap();
    assert_eq!(bench.lookup("two.example").unwrap(), ips(&["192.0.2.2"]));
    bench.start("three.example");
    bench.resolver.cancel();
    assert_eq!(bench.resolver.deadline(), None);
    assert!(bench.resolver.take().is_none());
}

#[test]
fn pipes_in_place_of_the_files_are_not_waited_for() {
    let mut bench = Bench::new(53, "", "");
    for name in ["hosts", "resolv.conf"] {
        let path = bench.folder.join(name);
        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    // The default server is asked, whether there is one or not.
    bench.start("acs.example");
}
