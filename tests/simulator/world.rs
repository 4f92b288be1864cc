//! A device and its ACS in a world with a clock of its own. Everything happens in this thread, in an order that the
//! seed alone decides; nothing waits. When nothing is left to do at an instant, the next one comes.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use cwmpd::agent::Agent;
use cwmpd::agent::WHO_ACS;
use cwmpd::agent::command::{Command, Reply};
use cwmpd::agent::config::Config;
use cwmpd::agent::files::{self, Root};
use cwmpd::connreq::Accepted;
use cwmpd::jobs::child::Exit;
use cwmpd::net::reactor::{Reactor, token};

use crate::acs::{Acs, After, Fate, Meaning, Seen, Treatment};
use crate::clock::Clock;
use crate::dice::Dice;
use crate::home::{Home, Make};
use crate::oracle::{Oracle, single};
use crate::orders::Order;
use crate::outside::{Dial, Hook, Outside, surroundings};
use crate::pipe::Pipe;
use crate::power;
use crate::stage::{self, Happening};

/// Turns at one instant. A session of many steps needs some hundred.
const MAX_TURNS: u32 = 2000;
/// Lines of the story that a failure shows.
const STORY: usize = 120;

type Shared = Rc<RefCell<Pipe>>;

/// What comes later.
pub enum Due {
    /// A connection stands or not.
    Connected(Shared, Result<(), std::io::ErrorKind>),
    /// Bytes arrive at the CPE.
    Bytes(Shared, Vec<u8>),
    /// The ACS does this to the connection.
    End(Shared, After),
    /// The ACS has read on.
    Room(Shared),
    /// A hook ends.
    HookEnds(Hook, bool),
    /// The device boots.
    Boot,
    /// The process starts again.
    Restart,
    /// Something that the story of this world wants.
    Incident(Box<dyn FnOnce(&mut World)>),
}

struct Entry(Reverse<(Duration, u64)>, Due);

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.0 == other.0
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

/// A reply under way, and what it means when the CPE has read so many bytes.
struct Mark {
    pipe: Shared,
    at: usize,
    meaning: Meaning,
}

/// What a world does by itself.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// The device keeps the date without power.
    pub battery: bool,
    /// Thousandths of the hooks that fail.
    pub hook_trouble: u32,
}

/// The world.
pub struct World {
    /// Its time.
    pub clock: Clock,
    /// Who knows what is right.
    pub oracle: Oracle,
    /// The ACS.
    pub acs: Acs,
    /// The device's files.
    pub home: Home,
    /// The network.
    pub outside: Rc<RefCell<Outside>>,
    /// The dice of whoever plays with the world.
    pub dice: Dice,
    /// What it does by itself.
    pub habits: Habits,
    make: Make,
    reactor: Reactor,
    agent: Option<Agent>,
    ready: bool,
    child: bool,
    poked: bool,
    later: BinaryHeap<Entry>,
    entries: u64,
    marks: VecDeque<Mark>,
    pipes: Vec<Shared>,
    inbox: Vec<u8>,
    /// A request that the CPE has read, and whose answer has not come.
    executing: Option<(Order, Duration)>,
    replies: Vec<(u64, Reply)>,
    /// Every Inform that came.
    pub informs: Vec<(Duration, crate::acs::Inform)>,
    /// When each session began.
    pub starts: Vec<Duration>,
    /// Hooks that were started, with their arguments.
    pub hooks: Vec<(String, Vec<String>)>,
    story: Option<VecDeque<String>>,
}

/// Adds a line to the story, if anybody wants to hear it.
macro_rules! tell {
    ($world:expr, $($text:tt)*) => {
        if $world.story.is_some() {
            let line = format!($($text)*);
            $world.say(line);
        }
    };
}

impl World {
    /// A new device, not switched on yet.
    pub fn new(make: Make, mut dice: Dice, told: bool) -> World {
        stage::listen();
        stage::take();
        power::on();
        World {
            clock: Clock::new(),
            oracle: Oracle::new(make.model()),
            acs: Acs::new(dice.fork()),
            outside: Outside::new(&mut dice),
            home: Home::new(make.clone()),
            dice,
            habits: Habits {
                battery: true,
                hook_trouble: 0,
            },
            make,
            reactor: Reactor::new().expect("a loop"),
            agent: None,
            ready: false,
            child: false,
            poked: false,
            later: BinaryHeap::new(),
            entries: 0,
            marks: VecDeque::new(),
            pipes: Vec::new(),
            inbox: Vec::new(),
            executing: None,
            replies: Vec::new(),
            informs: Vec::new(),
            starts: Vec::new(),
            hooks: Vec::new(),
            story: told.then(VecDeque::new),
        }
    }

    /// Since the world began.
    pub fn now(&self) -> Duration {
        self.clock.elapsed
    }

    /// The last lines of what happened.
    pub fn story(&self) -> String {
        let lines: Vec<&str> = self.story.iter().flatten().map(String::as_str).collect();
        lines.join("\n")
    }

    fn say(&mut self, line: String) {
        let time = self.clock.elapsed;
        if let Some(story) = &mut self.story {
            if story.len() >= STORY && std::env::var_os("CWMPD_SIM_SEED").is_none() {
                story.pop_front();
            }
            let seconds = time.as_secs();
            story.push_back(format!(
                "{:>3}d {:02}:{:02}:{:02}.{:03} {line}",
                seconds / 86_400,
                seconds / 3600 % 24,
                seconds / 60 % 60,
                seconds % 60,
                time.subsec_millis()
            ));
        }
    }

    /// A number that was not given before.
    pub fn next_number(&mut self) -> u64 {
        self.entries += 1;
        self.entries
    }

    /// Has this happen after a time.
    pub fn after(&mut self, time: Duration, due: Due) {
        self.entries += 1;
        let at = self.clock.elapsed + time;
        self.later.push(Entry(Reverse((at, self.entries)), due));
    }

    /// Has the story go on after a time.
    pub fn incident(&mut self, time: Duration, what: impl FnOnce(&mut World) + 'static) {
        self.after(time, Due::Incident(Box::new(what)));
    }

    // --- time

    /// Time passes.
    pub fn pass(&mut self, time: Duration) {
        let target = self.clock.elapsed + time;
        self.settle();
        while self.oracle.problems.is_empty() {
            let of_agent = self.agent.as_ref().and_then(Agent::deadline);
            let of_agent = of_agent.map(|at| self.clock.since_start(at));
            let of_world = self.later.peek().map(|entry| entry.0.0.0);
            let next = [of_agent, of_world].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= target) else {
                break;
            };
            self.clock.elapsed = next.max(self.clock.elapsed);
            self.oracle.check(&self.clock, self.clock.elapsed);
            while self
                .later
                .peek()
                .is_some_and(|entry| entry.0.0.0 <= self.clock.elapsed)
                && let Some(Entry(_, due)) = self.later.pop()
            {
                self.happen(due);
                // What comes at the same instant may come in one turn of the loop or in several.
                if self.dice.chance(500) {
                    self.settle();
                }
            }
            self.settle();
        }
        if self.oracle.problems.is_empty() {
            self.clock.elapsed = target;
            self.settle();
            self.oracle.check(&self.clock, target);
        }
    }

    /// So many seconds pass.
    pub fn pass_seconds(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Connected(pipe, outcome) => {
                pipe.borrow_mut().connected = Some(outcome);
                self.ready |= !pipe.borrow().left;
            }
            Due::Bytes(pipe, bytes) => {
                pipe.borrow_mut().send(&bytes);
                self.ready |= !pipe.borrow().left;
            }
            Due::End(pipe, after) => {
                let mut pipe = pipe.borrow_mut();
                match after {
                    After::Keep => {}
                    After::Close | After::CloseTold => (pipe.finished, pipe.closed) = (true, true),
                    After::Half => pipe.finished = true,
                    After::Reset => pipe.reset = true,
                }
                self.ready |= !pipe.left;
            }
            Due::Room(pipe) => {
                pipe.borrow_mut().room += self.dice.range(1, 5000) as usize;
                self.ready |= !pipe.borrow().left;
            }
            Due::HookEnds(hook, well) => self.hook_ends(&hook, well),
            Due::Boot => self.boot(),
            Due::Restart => self.start(false),
            Due::Incident(what) => what(self),
        }
    }

    /// Turns until nothing moves at this instant.
    fn settle(&mut self) {
        for _ in 0..MAX_TURNS {
            if !self.turn() {
                return;
            }
        }
        self.oracle.wrong("the loop does not come to rest");
    }

    /// One turn of the loop, as the daemon makes it. Whether there was anything to do.
    fn turn(&mut self) -> bool {
        let now = self.clock.now();
        let Some(agent) = &mut self.agent else {
            self.ready = false;
            return false;
        };
        let due = agent.deadline().is_some_and(|at| at <= now.instant);
        if !(due || self.ready || self.child || self.poked) {
            return false;
        }
        let registry = self.reactor.registry();
        let retries = self.oracle.retries();
        if due {
            agent.timeout(now, registry);
        }
        if std::mem::take(&mut self.ready) {
            agent.ready(token(WHO_ACS, 0), now, registry);
        }
        if std::mem::take(&mut self.child) {
            agent.child_ended(now, registry);
        }
        self.poked = false;
        agent.pump(now, registry);
        self.replies.extend(agent.take_replies());
        let stopped = agent.stopped(now);
        self.observe();
        if power::is_off() {
            self.oracle.unsure_of_retry(retries);
        } else if stopped {
            self.die("stopped");
        }
        true
    }

    // --- the device

    /// The device is switched on.
    pub fn boot(&mut self) {
        if self.agent.is_some() {
            self.die("switched off to boot");
        }
        self.home.boot();
        self.clock.boot(self.habits.battery);
        self.start(true);
    }

    fn start(&mut self, booted: bool) {
        if self.agent.is_some() {
            return;
        }
        tell!(
            self,
            "-- the daemon starts, {}, clock {}",
            if booted { "booted" } else { "restarted" },
            if self.clock.is_set() {
                "set"
            } else {
                "not set"
            }
        );
        power::restore();
        let root = Root::new(&self.home.root);
        let (config, _) = Config::load(&root, files::CONFIG);
        let agent = Agent::within(
            surroundings(&self.outside),
            root,
            files::CONFIG.into(),
            config,
            self.clock.now(),
            self.reactor.registry(),
        );
        let agent = match agent {
            Ok(agent) => agent,
            Err(e) => return self.oracle.wrong(format!("the agent does not start: {e}")),
        };
        self.agent = Some(agent);
        self.resolve();
        let now = self.clock.elapsed;
        self.oracle.started(booted, &self.clock, now);
        self.poked = true;
        self.observe();
    }

    /// The process is gone, and nothing but the files is left.
    fn die(&mut self, why: &str) {
        tell!(self, "-- the daemon ends: {why}");
        self.agent = None;
        if let Some((order, _)) = self.executing.take() {
            self.unsure(&order);
        }
        self.marks.clear();
        self.outside.borrow_mut().hooks.clear();
        self.oracle.ended();
        self.later
            .retain(|entry| !matches!(entry.1, Due::HookEnds(..)));
        if let Err(e) = self.home.state() {
            self.oracle
                .wrong(format!("the state on disk cannot be read: {e}"));
        }
    }

    /// kill -9, and a start after a time.
    pub fn kill(&mut self, back: Duration) {
        if self.agent.is_some() {
            self.die("killed");
            self.after(back, Due::Restart);
        }
    }

    /// The power fails, and comes back after a time.
    pub fn power_cut(&mut self, back: Duration) {
        if self.agent.is_some() {
            power::cut();
            self.die("power cut");
            self.after(back, Due::Boot);
        }
    }

    /// `cwmp stop`, and a start after a time.
    pub fn stop(&mut self, back: Duration) {
        let now = self.clock.now();
        if let Some(agent) = &mut self.agent {
            agent.stop(now);
            self.poked = true;
            self.after(Duration::from_secs(5) + back, Due::Restart);
        }
    }

    /// The clock is set, wrong by so many seconds.
    pub fn set_clock(&mut self, error: i64) {
        tell!(self, "-- the clock is set, wrong by {error} s");
        if self.clock.set(error) {
            self.oracle.periodic.stepped(self.clock.elapsed);
        }
    }

    /// A connection request is accepted.
    pub fn connection_request(&mut self) {
        let mut outside = self.outside.borrow_mut();
        if self.agent.is_none() || !outside.listens {
            return;
        }
        let peer = std::net::SocketAddr::from(([192, 0, 2, 1], 50_000));
        outside.requests.push(Accepted { peer });
        drop(outside);
        tell!(self, "-- connection request");
        self.poked = true;
        let now = self.clock.elapsed;
        self.oracle.raise(single("6 CONNECTION REQUEST"), true, now);
        self.settle();
    }

    /// Gives a command; the answer, if it comes at once.
    fn command(&mut self, command: Command) -> Option<Reply> {
        let now = self.clock.now();
        let agent = self.agent.as_mut()?;
        self.entries += 1;
        let client = self.entries;
        agent.command(client, command, now);
        self.replies.extend(agent.take_replies());
        let at = self.replies.iter().position(|(to, _)| *to == client)?;
        Some(self.replies.remove(at).1)
    }

    /// Somebody in the house changes a value.
    pub fn set(&mut self, path: &str, value: &str) {
        if self.agent.is_none() {
            return;
        }
        tell!(self, "-- {path} is set to {value:?}");
        let mut after = self.oracle.model.clone();
        after.values.insert(path.to_owned(), value.to_owned());
        let reply = self.command(Command::Set {
            values: vec![(path.to_owned(), value.to_owned())],
        });
        self.poked = true;
        match reply {
            _ if power::is_off() => self.oracle.maybe = Some(after),
            Some(Reply::Ok(_)) => {
                self.oracle.model = after;
                let now = self.clock.elapsed;
                self.oracle.look_for_changes(now);
            }
            other => self.oracle.wrong(format!("set {path}: {other:?}")),
        }
        self.observe();
        self.settle();
    }

    // --- what came of it

    /// Looks at what the agent has done.
    fn observe(&mut self) {
        self.realize();
        for happening in stage::take() {
            self.happened(happening);
        }
        self.notice_pipes();
        self.listen_at_acs();
        let hooks = std::mem::take(&mut self.outside.borrow_mut().hooks);
        for hook in hooks {
            self.hook_started(hook);
        }
        if power::is_off() && self.agent.is_some() {
            let step = power::fell_on();
            let torn = power::is_power_cut();
            self.die(&format!("cut at {step:?}"));
            let back = Duration::from_secs(self.dice.range(1, 2000));
            self.after(back, if torn { Due::Boot } else { Due::Restart });
        }
    }

    /// Replies that the CPE has read to the last byte.
    fn realize(&mut self) {
        let sure = !power::is_off();
        while let Some(mark) = self.marks.pop_front() {
            let pipe = mark.pipe.borrow();
            if pipe.taken < mark.at {
                if pipe.left || pipe.reset {
                    continue;
                }
                drop(pipe);
                self.marks.push_front(mark);
                return;
            }
            drop(pipe);
            tell!(self, "   cpe has read: {:?}", mark.meaning);
            let now = self.clock.elapsed;
            match mark.meaning {
                Meaning::Nothing | Meaning::Spoilt => {}
                Meaning::Later(wait) => self.oracle.later(wait),
                Meaning::Informed => self.oracle.informed(sure),
                Meaning::Goodbye => self.oracle.goodbye(false),
                Meaning::Held => self.oracle.goodbye(true),
                Meaning::Ask(order) => {
                    self.oracle.asked();
                    match sure {
                        true => self.executing = Some((order, now)),
                        false => self.unsure(&order),
                    }
                }
            }
        }
    }

    fn happened(&mut self, happening: Happening) {
        let now = self.clock.elapsed;
        match &happening {
            Happening::Log(line) => tell!(self, "   log: {line}"),
            other => tell!(self, "   cpe: {other:?}"),
        }
        match happening {
            Happening::SessionStarts => {
                tell!(self, "oracle: {}", self.oracle.summary());
                if let Some(agent) = &mut self.agent
                    && self.story.is_some()
                {
                    agent.command(u64::MAX, Command::Events, self.clock.now());
                    let events = agent.take_replies();
                    self.say(format!("agent: {events:?}"));
                }
                self.starts.push(now);
                self.oracle.session_starts(now);
            }
            Happening::Informs => self.oracle.informs(&self.clock, now),
            Happening::SessionGood | Happening::SessionBad => {
                let good = happening == Happening::SessionGood;
                self.oracle.session_ended(good, &self.clock, now);
                if let Some((order, _)) = self.executing.take() {
                    self.unsure(&order);
                    if !power::is_off() {
                        self.resolve();
                    }
                }
            }
            Happening::SessionCalledOff => self.oracle.called_off(now),
            Happening::StateDamaged(line) => self.oracle.wrong(line),
            Happening::Dialled(to) => self.dialled(&to),
            Happening::Hook(name, arguments) => self.hooks.push((name, arguments)),
            Happening::Log(_) => {}
        }
    }

    fn dialled(&mut self, to: &str) {
        if self.pipes.iter().any(|pipe| !pipe.borrow().left) {
            self.oracle.wrong("a second connection"); // SE-14
        }
        if !self.oracle.in_session() {
            self.oracle.wrong("a connection without a session");
        }
        let home = self.oracle.model.url().contains(to);
        if !home
            && to != "192.0.2.9:7547"
            && self.oracle.maybe.is_none()
            && self.executing.is_none()
        {
            let url = self.oracle.model.url().to_owned();
            if !self.oracle.is_old_acs(to) {
                self.oracle.wrong(format!("{to} is dialled, not {url}"));
            }
        }
    }

    fn notice_pipes(&mut self) {
        self.pipes.retain(|pipe| !pipe.borrow().left);
        let dialled = std::mem::take(&mut self.outside.borrow_mut().dialled);
        for (pipe, fate) in dialled {
            self.inbox.clear();
            let single = self.dice.chance(20);
            pipe.borrow_mut().single = single;
            match fate {
                Dial::Accepted(after) => {
                    self.after(after, Due::Connected(Rc::clone(&pipe), Ok(())))
                }
                Dial::Refused(after) => {
                    let refused = Err(std::io::ErrorKind::ConnectionRefused);
                    self.after(after, Due::Connected(Rc::clone(&pipe), refused));
                }
                Dial::Silence | Dial::NoRoute => {}
            }
            self.pipes.push(pipe);
        }
    }

    /// The ACS reads what has come.
    fn listen_at_acs(&mut self) {
        let Some(pipe) = self.pipes.last().cloned() else {
            return;
        };
        let bytes = std::mem::take(&mut pipe.borrow_mut().to_acs);
        if pipe.borrow().room == 0 {
            let after = Duration::from_millis(self.dice.range(1, 2000));
            self.after(after, Due::Room(Rc::clone(&pipe)));
        }
        if bytes.is_empty() || pipe.borrow().deaf {
            return;
        }
        self.inbox.extend(bytes);
        while let Some((head, body)) = request(&mut self.inbox) {
            let mut seen = Vec::new();
            let treatment = self.acs.request(&head, &body, &mut seen);
            tell!(
                self,
                "acs: {} -> {:?} {:?}",
                crate::acs::method(&body).unwrap_or("(empty)".into()),
                treatment.meaning,
                treatment.turn
            );
            for seen in seen {
                self.saw(seen, &body);
            }
            self.treat(&pipe, treatment);
        }
    }

    fn saw(&mut self, seen: Seen, body: &str) {
        let now = self.clock.elapsed;
        match seen {
            Seen::Wrong(problem) => self.oracle.wrong(problem),
            Seen::Inform(inform) => {
                tell!(
                    self,
                    "acs: Inform {:?} retry {}",
                    inform.events,
                    inform.retry_count
                );
                if self
                    .informs
                    .last()
                    .is_none_or(|(_, last)| last.id != inform.id)
                {
                    self.informs.push((now, inform.clone()));
                    if self.informs.len() % 16 == 1 {
                        let problems = crate::support::check_envelope(body.as_bytes());
                        self.oracle.problems.extend(problems);
                    }
                }
                self.oracle.inform(inform);
            }
            Seen::Answer(order, answer) => {
                let at = match self.executing.take() {
                    Some((_, at)) => at,
                    None => now,
                };
                tell!(
                    self,
                    "acs: the answer to {order:?} is {}",
                    match &answer {
                        crate::acs::Answer::Fault(code) => format!("fault {code}"),
                        crate::acs::Answer::Response(_) => "a response".to_owned(),
                    }
                );
                self.answered(order, &answer, at);
            }
        }
    }

    /// Sends a reply, the way it is to be sent.
    fn treat(&mut self, pipe: &Shared, treatment: Treatment) {
        let Treatment {
            mut bytes,
            meaning,
            turn,
        } = treatment;
        let whole = bytes.len();
        match turn.fate {
            Fate::Silence => return,
            Fate::Cut(part) => bytes.truncate(whole * part as usize / 1000),
            _ => {}
        }
        pipe.borrow_mut().single |= turn.single && whole < 20_000;
        let end = match turn.fate {
            Fate::Cut(_) if turn.after == After::Keep => After::Close,
            _ => turn.after,
        };
        if bytes.len() == whole {
            let at = pipe.borrow().sent + whole;
            self.marks.push_back(Mark {
                pipe: Rc::clone(pipe),
                at,
                meaning,
            });
        }
        let mut delay = turn.delay;
        let size = (bytes.len() / turn.pieces.max(1) as usize).max(1);
        for piece in bytes.chunks(size) {
            self.after(delay, Due::Bytes(Rc::clone(pipe), piece.to_vec()));
            delay += Duration::from_millis(self.dice.range(0, 300));
        }
        if end != After::Keep {
            pipe.borrow_mut().deaf = true;
            self.after(delay, Due::End(Rc::clone(pipe), end));
        }
    }

    // --- hooks

    fn hook_started(&mut self, hook: Hook) {
        let ordered = match hook.name.as_str() {
            "reboot" => !self.oracle.reboots.is_empty(),
            _ => self.oracle.resetting,
        };
        if !ordered {
            self.oracle
                .wrong(format!("hook {} without an order", hook.name));
        }
        if hook.name == "factory-reset" {
            self.oracle.forget(self.make.model());
        }
        self.oracle.hook = true;
        let well = !self.dice.chance(self.habits.hook_trouble);
        let after = Duration::from_millis(self.dice.range(0, 20_000));
        self.after(after, Due::HookEnds(hook, well));
    }

    fn hook_ends(&mut self, hook: &Hook, well: bool) {
        tell!(self, "-- hook {} ends, well: {well}", hook.name);
        hook.exit.set(Some(Exit::Status(i32::from(!well))));
        self.child = true;
        let now = self.clock.elapsed;
        self.oracle.hook_ended(now);
        if hook.name == "factory-reset" {
            self.oracle.resetting = false;
            self.oracle.stranger(now, !well);
            if well {
                self.home.reset_config();
            }
        }
        if well {
            let after = Duration::from_secs(self.dice.range(0, 40));
            self.after(after, Due::Boot);
        }
    }
}

/// Takes a whole request off the bytes that have come.
fn request(inbox: &mut Vec<u8>) -> Option<(String, String)> {
    let end = inbox.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&inbox[..end]).into_owned();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or(0);
    if inbox.len() < end + length {
        return None;
    }
    let body = String::from_utf8_lossy(&inbox[end..end + length]).into_owned();
    inbox.drain(..end + length);
    Some((head, body))
}

#[path = "books.rs"]
mod books;
