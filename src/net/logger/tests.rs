use super::*;
use proptest::prelude::*;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cwmpd-log-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn logger(level: LevelFilter, syslog: Option<&Path>, file: Option<FileSettings>) -> Logger {
    Logger::new(Settings {
        level,
        console: false,
        syslog: syslog.map(Path::to_owned),
        file,
    })
}

fn log(logger: &Logger, target: &str, level: Level, message: &str) {
    logger.log(
        &Record::builder()
            .target(target)
            .level(level)
            .args(format_args!("{message}"))
            .build(),
    );
}

fn say(logger: &Logger, message: &str) {
    log(logger, "cwmpd::test", Level::Info, message);
}

fn listen(path: &Path) -> UnixDatagram {
    let _ = std::fs::remove_file(path);
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// The next line the log daemon got, without its time.
fn heard(socket: &UnixDatagram) -> Option<String> {
    let mut buffer = [0; 8192];
    let n = socket.recv(&mut buffer).ok()?;
    let line = std::str::from_utf8(&buffer[..n]).unwrap();
    let (priority, rest) = line.split_once('>').unwrap();
    let (_, text) = rest.split_once(" cwmpd[").unwrap();
    let (_, text) = text.split_once("]: ").unwrap();
    Some(format!("{priority}> {text}"))
}

#[test]
fn a_line_reaches_syslog_as_daemon() {
    let folder = Folder::new("syslog");
    let daemon = listen(&folder.join("log"));
    let logger = logger(LevelFilter::Info, Some(&folder.join("log")), None);
    say(&logger, "session started events=1");
    log(&logger, "cwmpd", Level::Error, "it broke");
    // Facility 3 times 8, severity 6 and 3.
    assert_eq!(heard(&daemon).unwrap(), "<30> session started events=1");
    assert_eq!(heard(&daemon).unwrap(), "<27> it broke");
    assert_eq!(heard(&daemon), None);
}

#[test]
fn a_line_is_as_rfc_3164_has_it() {
    let at = |seconds| UtcDateTime::from_unix_timestamp(seconds).unwrap();
    let pid = std::process::id();
    // The day has two places, the first of which may be a space (RFC 3164 4.1.2).
    assert_eq!(
        syslog::line(at(1_735_869_845), Level::Warn, "a b"),
        format!("<28>Jan  3 02:04:05 cwmpd[{pid}]: a b")
    );
    assert_eq!(
        syslog::line(at(1_767_225_599), Level::Error, ""),
        format!("<27>Dec 31 23:59:59 cwmpd[{pid}]: ")
    );
    assert_eq!(
        syslog::line(at(0), Level::Trace, "x"),
        format!("<31>Jan  1 00:00:00 cwmpd[{pid}]: x")
    );
}

#[test]
fn a_restarted_log_daemon_gets_the_next_line_and_the_count_of_those_lost() {
    let folder = Folder::new("restart");
    let path = folder.join("log");
    let logger = logger(LevelFilter::Info, Some(&path), None);
    say(&logger, "nobody is there yet");
    let daemon = listen(&path);
    say(&logger, "first");
    assert_eq!(heard(&daemon).unwrap(), "<28> log lines lost count=1");
    assert_eq!(heard(&daemon).unwrap(), "<30> first");
    drop(daemon);
    let daemon = listen(&path);
    say(&logger, "second");
    assert_eq!(heard(&daemon).unwrap(), "<30> second");
    drop(daemon);
    std::fs::remove_file(&path).unwrap();
    say(&logger, "lost");
    say(&logger, "lost");
    let daemon = listen(&path);
    say(&logger, "third");
    assert_eq!(heard(&daemon).unwrap(), "<28> log lines lost count=2");
    assert_eq!(heard(&daemon).unwrap(), "<30> third");
}

#[test]
fn a_stalled_log_daemon_never_blocks_and_learns_what_it_missed() {
    let folder = Folder::new("stall");
    let path = folder.join("log");
    let daemon = listen(&path);
    let logger = logger(LevelFilter::Info, Some(&path), None);
    // More than the socket's queue holds, which is a few hundred lines at most.
    for i in 0..5000 {
        say(&logger, &format!("line {i}"));
    }
    let mut got = 0;
    while heard(&daemon).is_some() {
        got += 1;
    }
    assert!(got < 5000);
    say(&logger, "again");
    assert_eq!(
        heard(&daemon).unwrap(),
        format!("<28> log lines lost count={}", 5000 - got)
    );
    assert_eq!(heard(&daemon).unwrap(), "<30> again");
}

#[test]
fn a_message_cannot_forge_a_line() {
    let folder = Folder::new("forge");
    let daemon = listen(&folder.join("log"));
    let logger = logger(LevelFilter::Info, Some(&folder.join("log")), None);
    say(
        &logger,
        "name=x\n<0>kernel: \u{1b}[31mred\u{7f}\u{9b}\u{2028}end",
    );
    assert_eq!(
        heard(&daemon).unwrap(),
        "<30> name=x\\n<0>kernel: \\u{1b}[31mred\\u{7f}\\u{9b}\\u{2028}end"
    );
}

#[test]
fn other_crates_are_heard_only_when_something_is_wrong() {
    // They may write what they send at level trace.
    let folder = Folder::new("crates");
    let daemon = listen(&folder.join("log"));
    let logger = logger(LevelFilter::Trace, Some(&folder.join("log")), None);
    log(
        &logger,
        "http_client::util",
        Level::Trace,
        "Authorization: secret",
    );
    log(
        &logger,
        "http_client::util",
        Level::Info,
        "Authorization: secret",
    );
    log(&logger, "http_client::util", Level::Warn, "odd");
    log(&logger, "cwmp_lab::acs", Level::Trace, "ours");
    assert_eq!(heard(&daemon).unwrap(), "<28> odd");
    assert_eq!(heard(&daemon).unwrap(), "<31> ours");
    assert_eq!(heard(&daemon), None);
}

#[test]
fn level_and_sinks_change_at_run_time() {
    let folder = Folder::new("level");
    let daemon = listen(&folder.join("log"));
    let logger = logger(LevelFilter::Error, None, None);
    say(&logger, "not wanted");
    logger.configure(Settings {
        level: LevelFilter::Info,
        console: false,
        syslog: Some(folder.join("log")),
        file: None,
    });
    say(&logger, "wanted");
    assert_eq!(heard(&daemon).unwrap(), "<30> wanted");
    assert_eq!(heard(&daemon), None);
}

#[test]
fn the_file_is_rotated_before_it_grows_too_large() {
    let folder = Folder::new("file");
    let path = folder.join("cwmpd.log");
    let settings = FileSettings {
        path: path.clone(),
        max_size: 100,
    };
    let logger = logger(LevelFilter::Info, None, Some(settings));
    for i in 0..6 {
        // 2025-01-01T00:00:00Z info line 0: 32 bytes with the line end, so three fit.
        say(&logger, &format!("line {i}"));
    }
    let text = |path: &Path| std::fs::read_to_string(path).unwrap();
    let (old, new) = (text(&folder.join("cwmpd.log.1")), text(&path));
    let lines = |text: &str| -> Vec<String> { text.lines().map(|l| l[21..].to_owned()).collect() };
    assert_eq!(lines(&old), ["info line 0", "info line 1", "info line 2"]);
    assert_eq!(lines(&new), ["info line 3", "info line 4", "info line 5"]);
    assert_eq!(&new[4..5], "-");
    assert_eq!(&new[19..21], "Z ");
}

#[test]
fn the_file_grows_on_after_a_restart() {
    let folder = Folder::new("append");
    let path = folder.join("cwmpd.log");
    for i in 0..2 {
        let settings = FileSettings {
            path: path.clone(),
            max_size: 1000,
        };
        say(
            &logger(LevelFilter::Info, None, Some(settings)),
            &i.to_string(),
        );
    }
    assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), 2);
}

#[test]
fn no_place_in_the_source_fills_the_log_alone() {
    let folder = Folder::new("flood");
    let path = folder.join("cwmpd.log");
    let settings = FileSettings {
        path: path.clone(),
        max_size: 1 << 20,
    };
    let logger = logger(LevelFilter::Trace, None, Some(settings));
    let say = |line, level| {
        logger.log(
            &Record::builder()
                .target("cwmpd")
                .level(level)
                .file_static(Some("a.rs"))
                .line(Some(line))
                .args(format_args!("{line}"))
                .build(),
        );
    };
    for _ in 0..MAX_LINES + 5 {
        say(1, Level::Info);
        say(2, Level::Debug);
    }
    say(3, Level::Info);
    let text = std::fs::read_to_string(path).unwrap();
    let count = |end| text.lines().filter(|line| line.ends_with(end)).count() as u32;
    assert_eq!(count("info 1"), MAX_LINES);
    assert_eq!(count("debug 2"), MAX_LINES + 5);
    assert_eq!(count("info 3"), 1);
}

#[test]
fn a_cause_has_its_share_each_minute_and_tells_what_was_suppressed() {
    let start = Instant::now();
    let mut limit = RateLimit::new(2);
    assert_eq!(limit.admit(start), Some(Suppressed(0)));
    assert_eq!(limit.admit(start), Some(Suppressed(0)));
    for i in 0..5 {
        assert_eq!(limit.admit(start + Duration::from_secs(i)), None);
    }
    assert_eq!(limit.admit(start + Duration::from_secs(59)), None);
    let next = start + Duration::from_secs(60);
    assert_eq!(limit.admit(next), Some(Suppressed(6)));
    assert_eq!(limit.admit(next), Some(Suppressed(0)));
    assert_eq!(limit.admit(next), None);
    assert_eq!(limit.admit(next), None);
    let later = start + Duration::from_secs(120);
    assert_eq!(limit.admit(later), Some(Suppressed(2)));
    assert_eq!(Suppressed(6).to_string(), " suppressed=6");
    assert_eq!(Suppressed(0).to_string(), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn any_message_becomes_one_bounded_line(message in "\\PC*|[\\x00-\\x20é€𝄞\u{2028}]{0,2000}|.{0,6000}") {
        let line = one_line(&message);
        prop_assert!(line.chars().all(|c| !c.is_control()));
        // The longest escape, and the dots.
        prop_assert!(line.len() <= MAX_MESSAGE + 16 + 3);
    }
}

#[test]
fn a_file_is_only_a_log_when_it_is_one() {
    let folder = Folder::new("link");
    let path = folder.join("cwmpd.log");
    let write = || {
        let settings = FileSettings {
            path: path.clone(),
            max_size: 10,
        };
        let logger = logger(LevelFilter::Info, None, Some(settings));
        say(&logger, "one");
        say(&logger, "two");
    };
    let victim = folder.join("victim");
    std::fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, &path).unwrap();
    write();
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    std::fs::remove_file(&path).unwrap();

    // Opening a pipe that nobody reads would wait for ever; with a reader it would be renamed in the end.
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    write();
    let _reader = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    write();
    assert!(!folder.join("cwmpd.log.1").exists());
}
