//! The `exec` backend with real programs. Time is virtual: the backend is told what time it is, and only waits for
//! pipes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cwmpd::backend::exec::{ANSWER_LIMIT, Exec};
use cwmpd::backend::{Backend, Changes};
use cwmpd::datamodel::{
    Applied, DataModel, Depth, Fault, Node, Progress, Root, Touch, Value, find,
};
use mio::{Events, Poll, Token};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// Reads the request and takes its number.
const REQUEST: &str = "read -r line; id=${line#*:}; id=${id%%,*}\n";
/// Answers with one parameter.
const ANSWER: &str =
    "printf '{\"id\":%s,\"parameters\":[{\"path\":\"Device.A\",\"value\":\"%s\"}]}\\n' $id $$\n";

struct Bench {
    folder: PathBuf,
    poll: Poll,
    generation: u64,
    exec: Exec,
    now: Instant,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Bench {
    /// With a shell script; `$1` is a folder of its own.
    fn script(text: &str) -> Bench {
        let folder = folder();
        let program = folder.join("program");
        fs::write(&program, format!("#!/bin/sh\n{text}")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let arguments = vec![folder.to_str().unwrap().to_owned()];
        Bench::program(&program, arguments, folder)
    }

    fn program(program: &Path, arguments: Vec<String>, folder: PathBuf) -> Bench {
        let now = Instant::now();
        let exec = Exec::new(
            Root::Device,
            program.to_owned(),
            arguments,
            ANSWER_LIMIT,
            now,
        );
        Bench {
            folder,
            poll: Poll::new().unwrap(),
            generation: u64::MAX,
            exec,
            now,
        }
    }

    /// One turn of the loop, in which hardly any time passes.
    fn turn(&mut self) {
        if self
            .exec
            .deadline()
            .is_some_and(|deadline| deadline <= self.now)
        {
            self.exec.timeout(self.now);
        }
        if self.generation != self.exec.generation() {
            self.generation = self.exec.generation();
            self.exec.register(self.poll.registry(), Token(1)).unwrap();
        }
        let mut events = Events::with_capacity(8);
        let _ = self.poll.poll(&mut events, Some(Duration::from_millis(20)));
        if !events.is_empty() {
            self.exec.ready(self.now);
        }
        self.later(Duration::from_millis(1));
    }

    fn until<T>(&mut self, what: &str, mut done: impl FnMut(&mut Exec) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(result) = done(&mut self.exec) {
                return result;
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "waited in vain for {what}"
            );
            self.turn();
        }
    }

    /// The end of what is pending.
    fn result(&mut self) -> Result<Applied, Fault> {
        let now = self.now;
        self.until("an answer", |exec| exec.poll(now))
    }

    fn prepare(&mut self, paths: &[&str]) -> Result<(), Fault> {
        let touch = Touch::Values(paths.iter().map(|&path| path.to_owned()).collect());
        assert_eq!(self.exec.prepare(&touch, self.now)?, Progress::Pending);
        self.result().map(drop)
    }

    fn commit(&mut self) -> Result<Applied, Fault> {
        match self.exec.commit(self.now)? {
            Progress::Ready(applied) => Ok(applied),
            Progress::Pending => self.result(),
        }
    }

    fn set(&mut self, name: &str, text: &str) -> Result<(), Fault> {
        let info = find(&self.exec, name)?.info;
        self.exec.set(name, &Value::parse(name, &info, None, text)?)
    }

    fn value(&self, name: &str) -> String {
        find(&self.exec, name).unwrap().value
    }

    fn names(&self, at: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut visitor = |node: Node<'_>| names.push(node.path().to_owned());
        self.exec.visit(at, Depth::NextLevel, &mut visitor).unwrap();
        names
    }

    fn fails(&mut self, words: &str) {
        let fault = self.prepare(&["Device."]).unwrap_err();
        assert_eq!(fault.code.0, 9002, "{fault}");
        assert!(fault.text.contains(words), "{fault}");
    }

    fn later(&mut self, time: Duration) {
        self.now += time;
    }
}

fn folder() -> PathBuf {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("cwmpd-exec-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn weather_station(folder: &Path) -> Bench {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("etc/exec-example/weather-station");
    let state = folder.join("state").to_str().unwrap().to_owned();
    Bench::program(&program, vec![state], folder.to_owned())
}

const STATION: &str = "Device.X_EXAMPLE-COM_Weather.";

fn station(rest: &str) -> String {
    format!("{STATION}{rest}")
}

#[test]
fn the_example_is_read_and_written() {
    let mut bench = weather_station(&folder());
    bench.prepare(&[STATION]).unwrap();
    assert_eq!(
        bench.names(STATION),
        [station("Name"), station("Sensor."), station("Temperature")]
    );
    assert_eq!(bench.names(&station("Sensor.")), Vec::<String>::new());

    bench.exec.begin();
    bench.set(&station("Name"), "on the roof").unwrap();
    for number in [1, 2] {
        let added = bench.exec.add(&station("Sensor."), None);
        assert_eq!(added, Ok(Some(number)));
    }
    assert_eq!(
        bench.commit().unwrap(),
        Applied {
            later: false,
            instances: vec![1, 2]
        }
    );

    bench.prepare(&[""]).unwrap();
    bench.exec.begin();
    bench.set(&station("Sensor.2.Place"), "north").unwrap();
    bench.exec.delete(&station("Sensor.1.")).unwrap();
    assert_eq!(bench.commit().unwrap(), Applied::default());

    // A new daemon with the same state; numbers are not used again.
    let mut again = weather_station(&bench.folder);
    again.prepare(&[STATION]).unwrap();
    assert_eq!(again.value(&station("Name")), "on the roof");
    assert_eq!(again.value(&station("Sensor.2.Place")), "north");
    assert_eq!(again.names(&station("Sensor.")), [station("Sensor.2.")]);
    again.exec.begin();
    again.exec.add(&station("Sensor."), None).unwrap();
    assert_eq!(again.commit().unwrap().instances, [3]);
}

#[test]
fn the_example_takes_a_new_instance_with_its_values() {
    // AL-05
    let mut bench = weather_station(&folder());
    let sensors = station("Sensor.");
    bench.prepare(&[&sensors]).unwrap();
    bench.exec.begin();
    assert_eq!(bench.exec.add(&sensors, Some("roof")), Ok(Some(1)));
    assert_eq!(bench.value(&station("Sensor.1.Alias")), "roof");
    bench.set(&station("Sensor.1.Place"), "north").unwrap();
    assert!(bench.set(&station("Sensor.1.Colour"), "red").is_err());
    // The alias is taken; nothing is there that was not committed.
    bench.exec.abort();
    assert_eq!(bench.names(&sensors), Vec::<String>::new());
    for fault in [None, Some(9005)] {
        bench.prepare(&[&sensors]).unwrap();
        bench.exec.begin();
        bench.exec.add(&sensors, Some("roof")).unwrap();
        let commit = bench.commit();
        assert_eq!(commit.err().map(|fault| fault.code.0), fault);
    }
    bench.prepare(&[&sensors]).unwrap();
    assert_eq!(bench.names(&sensors), [station("Sensor.1.")]);
    assert_eq!(bench.value(&station("Sensor.1.Alias")), "roof");
    bench.exec.begin();
    for name in ["porch", "roof"] {
        bench.exec.add(&sensors, Some(name)).unwrap();
    }
    assert!(bench.commit().is_err());
    bench.prepare(&[&sensors]).unwrap();
    assert_eq!(bench.names(&sensors), [station("Sensor.1.")]);
}

#[test]
fn another_number_than_the_next_ends_the_program() {
    let table = r#"{"path":"Device.T.","table":true,"writable":true,"next":3}"#;
    let text = format!(
        "{REQUEST}printf '{{\"id\":%s,\"objects\":[{}],\"parameters\":[]}}\\n' $id\n\
         {REQUEST}printf '{{\"id\":%s,\"ok\":true,\"instances\":[4]}}\\n' $id\nread -r line\n",
        table
    );
    let mut bench = Bench::script(&text);
    bench.prepare(&["Device."]).unwrap();
    bench.exec.begin();
    assert_eq!(bench.exec.add("Device.T.", None), Ok(Some(3)));
    let fault = bench.commit().unwrap_err();
    assert_eq!(fault.code.0, 9002);
    assert!(fault.text.contains("another number"), "{fault}");
}

#[test]
fn the_example_does_all_or_nothing() {
    let mut bench = weather_station(&folder());
    bench.prepare(&[""]).unwrap();
    bench.exec.begin();
    bench.set(&station("Name"), "lost").unwrap();
    bench.exec.delete(&station("Sensor.7.")).unwrap();
    let fault = bench.commit().unwrap_err();
    assert_eq!(
        (fault.code.0, fault.text),
        (9005, station("Sensor.7.: no such sensor"))
    );
    bench.exec.begin();
    bench.set(&station("Name"), "a \"quoted\"} name").unwrap();
    assert_eq!(bench.commit().unwrap_err().code.0, 9007);
    bench.prepare(&[STATION]).unwrap();
    assert_eq!(bench.value(&station("Name")), "station");
}

#[test]
fn what_cannot_be_set_is_refused_at_once() {
    let mut bench = weather_station(&folder());
    bench.prepare(&[""]).unwrap();
    bench.exec.begin();
    assert_eq!(
        bench.set(&station("Temperature"), "3").unwrap_err().code.0,
        9008
    );
    assert_eq!(bench.set(&station("Name"), "").unwrap_err().code.0, 9007);
    assert_eq!(bench.set("Device.None", "").unwrap_err().code.0, 9005);
    bench.exec.abort();
    assert_eq!(bench.commit().unwrap(), Applied::default());
    assert_eq!(
        bench
            .prepare(&["InternetGatewayDevice."])
            .unwrap_err()
            .code
            .0,
        9005
    );
    assert_eq!(
        bench.prepare(&["Device.[alias]."]).unwrap_err().code.0,
        9005
    );
}

/// Lists `A` and `B`, and refuses every change of both.
const REFUSING: &str = r#"
while read -r line; do
    id=${line#*:}
    id=${id%%,*}
    case $line in
    *'"get"'*) printf '{"id":%s,"parameters":[{"path":"Device.A","value":"a","writable":true},
{"path":"Device.B","type":"IPv4Address","writable":true},{"path":"Device.C","type":"int","list":true,"items":"0..2","writable":true},
{"path":"Device.D","type":"StatsCounter64","value":18446744073709551615}]}' "$id" | tr -d '\n'; echo ;;
    *) printf '{"id":%s,"faults":[{"path":"Device.A","code":9007,"text":"too old"},{"path":"Device.B","code":9001}]}\n' "$id" ;;
    esac
done
"#;

#[test]
fn a_refusal_is_told_by_parameter() {
    // SV-02
    let mut bench = Bench::script(REFUSING);
    bench.prepare(&["Device."]).unwrap();
    bench.exec.begin();
    bench.set("Device.A", "b").unwrap();
    bench.set("Device.B", "192.0.2.1").unwrap();
    let fault = bench.commit().unwrap_err();
    let told = fault
        .parameters
        .iter()
        .map(|p| (p.name.as_str(), p.code.0, p.text.as_str()));
    let expected = [
        ("Device.A", 9007, "Device.A: too old"),
        ("Device.B", 9001, "Device.B: the program refused"),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_eq!(fault.code.0, 9007);
}

#[test]
fn values_are_checked_before_the_program_sees_them() {
    // SV-15 SV-16 SV-19 DM-05
    let mut bench = Bench::script(REFUSING);
    bench.prepare(&["Device."]).unwrap();
    assert_eq!(bench.value("Device.D"), "18446744073709551615");
    bench.exec.begin();
    for (name, text) in [
        ("Device.B", "192.0.2"),
        ("Device.C", "1,2,3"),
        ("Device.C", "x"),
    ] {
        assert_eq!(bench.set(name, text).unwrap_err().code.0, 9007, "{text}");
    }
    // What it has already is no change: the program, which would refuse it, is not asked.
    bench.set("Device.A", "a").unwrap();
    assert_eq!(bench.commit(), Ok(Applied::default()));
    // Unless the same transaction has made it another one.
    bench.exec.begin();
    bench.set("Device.A", "b").unwrap();
    bench.set("Device.A", "a").unwrap();
    assert!(bench.commit().is_err());
}

#[test]
fn a_slow_program_is_waited_for_without_blocking() {
    let mut bench = Bench::script(&format!(
        "mkfifo $1/gate\n{REQUEST}read -r go <$1/gate\n{ANSWER}read -r line"
    ));
    let touch = Touch::Values(vec!["Device.".to_owned()]);
    assert_eq!(bench.exec.prepare(&touch, bench.now), Ok(Progress::Pending));
    let gate = bench.folder.join("gate");
    bench.until("the program to run", |_| gate.exists().then_some(()));
    bench.later(ANSWER_LIMIT / 2);
    bench.turn();
    assert_eq!(bench.exec.poll(bench.now), None);
    fs::write(gate, "go\n").unwrap();
    assert_eq!(bench.result(), Ok(Applied::default()));
    bench
        .exec
        .visit("Device.A", Depth::All, &mut |_| {})
        .unwrap();
}

#[test]
fn a_program_that_never_answers_is_killed_and_started_again() {
    let mut bench = Bench::script(&format!(
        "if [ -e $1/second ]; then {REQUEST}{ANSWER}fi
: >$1/second
sleep 1000 & echo $! >$1/sleeper
read -r line; wait"
    ));
    let touch = Touch::Values(vec!["Device.".to_owned()]);
    assert_eq!(bench.exec.prepare(&touch, bench.now), Ok(Progress::Pending));
    let file = bench.folder.join("sleeper");
    let sleeper = bench.until("the program to run", |_| {
        fs::read_to_string(&file)
            .ok()
            .filter(|text| text.ends_with('\n'))
    });
    bench.later(ANSWER_LIMIT);
    let fault = bench.result().unwrap_err();
    assert_eq!(
        fault,
        Fault::internal("the program did not answer within 10 s")
    );
    // With all that it started. It is a zombie until its new parent has looked.
    let stat = format!("/proc/{}/stat", sleeper.trim());
    bench.until("the sleeper's end", |_| {
        fs::read_to_string(&stat)
            .map_or(true, |text| text.contains(") Z "))
            .then_some(())
    });

    assert_eq!(bench.exec.prepare(&touch, bench.now), Ok(Progress::Pending));
    bench.turn();
    assert_eq!(
        bench.exec.poll(bench.now),
        None,
        "it must wait before it starts again"
    );
    bench.later(Duration::from_secs(1));
    assert_eq!(bench.result(), Ok(Applied::default()));
    assert_eq!(bench.exec.take_changes(), Changes::Unknown);
}

#[test]
fn what_is_not_of_the_protocol_ends_the_program() {
    for (says, words) in [
        ("echo hello", "not of the protocol"),
        (
            "printf '{\"id\":9,\"parameters\":[]}\\n'",
            "an answer to no request",
        ),
        ("printf '{\"id\":1}\\n'", "an answer without parameters"),
        ("printf '[7]\\n'", "not of the protocol"),
        ("printf '{}\\n'", "no answer and no event"),
        (
            "printf '{\"id\":1,\"parameters\":[{\"path\":1}]}\\n'",
            "not of the protocol",
        ),
        (
            "head -c 5000000 /dev/zero | tr '\\0' x",
            "a line of more than 4194304 bytes",
        ),
        ("printf '{\"id\":1,'; exit 3", "exited with status 3"),
        (
            "printf '{\"id\":1,\"param'; exec >&-; sleep 1000",
            "closed its standard output",
        ),
        ("kill -9 $$", "was ended by SIGKILL"),
    ] {
        let mut bench = Bench::script(&format!("read -r line\n{says}\nread -r line"));
        bench.fails(words);
    }
}

#[test]
fn a_missing_program_is_said_and_tried_ever_less_often() {
    let folder = folder();
    let mut bench = Bench::program(&folder.join("none"), Vec::new(), folder);
    bench.fails("none does not exist");
    for wait in [1, 2, 4, 8] {
        bench.later(Duration::from_secs(wait));
        bench.fails("none does not exist");
    }
    // The next start lies behind the limit: no use waiting.
    let touch = Touch::Names(vec!["Device.".to_owned()]);
    let fault = bench.exec.prepare(&touch, bench.now).unwrap_err();
    assert!(
        fault.text.contains("it will be started again in 1"),
        "{fault}"
    );
    bench.later(Duration::from_secs(3600));
    bench.fails("does not exist");
}

#[test]
fn a_program_that_ends_between_requests_is_started_again() {
    let mut bench = Bench::script(&format!("{REQUEST}{ANSWER}"));
    bench.prepare(&["Device."]).unwrap();
    let first = bench.value("Device.A");
    let generation = bench.generation;
    bench.until("its end", |exec| {
        (exec.generation() != generation).then_some(())
    });
    bench.later(Duration::from_secs(1));
    bench.prepare(&["Device."]).unwrap();
    assert_ne!(bench.value("Device.A"), first);
}

#[test]
fn changes_are_told_unasked() {
    let mut bench = Bench::script(
        "printf '{\"changed\":[\"Device.A\",\"Device.[x]\"]}\\n'
printf '{\"changed\":[\"Device.A\",\"Device.B\"]}\\n'
read -r line",
    );
    let mut told = Vec::new();
    bench.until("the changes", |exec| {
        if let Changes::Paths(paths) = exec.take_changes() {
            told.extend(paths);
        }
        told.contains(&"Device.B".to_owned()).then_some(())
    });
    told.dedup();
    assert_eq!(told, ["Device.A", "Device.B"]);

    let many = (0..300).fold(String::new(), |all, n| format!("{all}\"Device.A{n}\","));
    for changed in ["\"Device.A.\"", &format!("{many}\"Device.B\"")] {
        let mut bench = Bench::script(&format!(
            "printf '{{\"changed\":[{changed}]}}\\n'; read -r line"
        ));
        let told = bench.until("the change", |exec| {
            Some(exec.take_changes()).filter(|changes| *changes != Changes::None)
        });
        assert_eq!(told, Changes::Unknown);
    }
}

#[test]
fn an_answer_that_nobody_waits_for_any_more_is_passed_over() {
    let mut bench = Bench::script(&format!(
        "mkfifo $1/gate\n{REQUEST}read -r go <$1/gate\n{ANSWER}{REQUEST}{ANSWER}read -r line"
    ));
    let first = Touch::Values(vec!["Device.Other".to_owned()]);
    assert_eq!(bench.exec.prepare(&first, bench.now), Ok(Progress::Pending));
    let gate = bench.folder.join("gate");
    bench.until("the program to run", |_| gate.exists().then_some(()));
    // The session of the first request is over; another one begins.
    let second = Touch::Values(vec!["Device.".to_owned()]);
    assert_eq!(
        bench.exec.prepare(&second, bench.now),
        Ok(Progress::Pending)
    );
    fs::write(gate, "go\n").unwrap();
    assert_eq!(bench.result(), Ok(Applied::default()));
    bench
        .exec
        .visit("Device.A", Depth::All, &mut |_| {})
        .unwrap();
}

#[test]
fn a_commit_whose_outcome_is_lost_says_so() {
    let mut bench = Bench::script(
        "read -r line; printf '{\"id\":1,\"parameters\":[{\"path\":\"Device.A\",\"writable\":true}]}\\n'
read -r line; exit 1",
    );
    bench.prepare(&["Device."]).unwrap();
    bench.exec.begin();
    bench.set("Device.A", "x").unwrap();
    let fault = bench.commit().unwrap_err();
    let words = "the program exited with status 1: whether the change was made is not known";
    assert_eq!(fault, Fault::internal(words));
    assert_eq!(bench.exec.take_changes(), Changes::Unknown);
}

#[test]
fn a_request_larger_than_a_pipe_gets_through() {
    let mut bench = Bench::script(
        "read -r line; printf '{\"id\":1,\"parameters\":[{\"path\":\"Device.A\",\"writable\":true}]}\\n'
read -r line
[ ${#line} -gt 300000 ] && printf '{\"id\":2,\"ok\":true,\"later\":true}\\n'
read -r line",
    );
    bench.prepare(&["Device."]).unwrap();
    bench.exec.begin();
    bench.set("Device.A", &"x".repeat(300_000)).unwrap();
    assert_eq!(
        bench.commit().unwrap(),
        Applied {
            later: true,
            instances: Vec::new()
        }
    );
}

#[test]
fn a_flood_on_standard_error_does_not_hold_up_the_answer() {
    let mut bench = Bench::script(&format!(
        "{REQUEST}head -c 3000000 /dev/zero >&2\n{ANSWER}read -r line"
    ));
    bench.prepare(&["Device."]).unwrap();
}

#[test]
fn a_program_has_its_whole_time_after_a_restart() {
    let mut bench = Bench::script(&format!(
        "if [ -e $1/second ]; then mkfifo $1/gate; {REQUEST}read -r go <$1/gate\n{ANSWER}fi\n: >$1/second\nexit 1"
    ));
    bench.fails("exited with status 1");
    // Asked at once; it starts again only after a second.
    let touch = Touch::Values(vec!["Device.".to_owned()]);
    assert_eq!(bench.exec.prepare(&touch, bench.now), Ok(Progress::Pending));
    bench.later(Duration::from_secs(1));
    let gate = bench.folder.join("gate");
    bench.until("the program to run", |_| gate.exists().then_some(()));
    bench.later(ANSWER_LIMIT - Duration::from_millis(500));
    bench.turn();
    assert_eq!(bench.exec.poll(bench.now), None);
    fs::write(gate, "go\n").unwrap();
    assert_eq!(bench.result(), Ok(Applied::default()));
}

#[test]
fn an_answer_counts_though_the_program_ends_with_it() {
    let mut bench = Bench::script(&format!("{REQUEST}{ANSWER}echo $$ >$1/said\nexit 1"));
    let touch = Touch::Values(vec!["Device.".to_owned()]);
    assert_eq!(bench.exec.prepare(&touch, bench.now), Ok(Progress::Pending));
    let said = bench.folder.join("said");
    // Until it is dead and not reaped: then answer and end are read together.
    let dead = || {
        let pid = fs::read_to_string(&said).ok()?;
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).ok()?;
        stat.contains(") Z ").then_some(())
    };
    let start = Instant::now();
    bench.exec.timeout(bench.now);
    while dead().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
    assert_eq!(bench.result(), Ok(Applied::default()));
    assert!(bench.names("Device.").contains(&"Device.A".to_owned()));
    // And the next request is not lost on a program that has ended.
    let next = bench.exec.prepare(&touch, bench.now);
    let next = next.and_then(|_| bench.result());
    assert!(next.is_err() || next == Ok(Applied::default()));
}
