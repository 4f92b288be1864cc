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
    /// The configuration was reset, which the next process notices.
    config_reset: bool,
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
            config_reset: false,
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
            self.oracle.unsure_of_retry(retries, self.clock.elapsed);
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
        if std::mem::take(&mut self.config_reset) {
            self.oracle.reset_config(&self.make.model());
        }
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
        if self.oracle.resetting && self.oracle.maybe.is_none() {
            // It may just have come that far.
            self.oracle.maybe = Some(self.oracle.forgotten(&self.make.model()));
        }
        self.marks.clear();
        self.outside.borrow_mut().hooks.clear();
        self.oracle.ended(self.clock.elapsed);
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
        self.oracle.news = true;
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
            self.oracle.forget(&self.make.model());
        }
        self.oracle.hook = true;
        let well = !self.dice.chance(self.habits.hook_trouble);
        let after = Duration::from_millis(self.dice.range(0, 20_000));
        if well && self.dice.chance(200) {
            // The device goes down before the hook has ended.
            return self.after(after, Due::Boot);
        }
        self.after(after, Due::HookEnds(hook, well));
    }

    fn hook_ends(&mut self, hook: &Hook, well: bool) {
        tell!(self, "-- hook {} ends, well: {well}", hook.name);
        hook.exit.set(Some(Exit::Status(i32::from(!well))));
        self.child = true;
        let now = self.clock.elapsed;
        self.oracle.hook_ended(now);
        if hook.name == "factory-reset" {
            self.oracle.stranger(now, !well);
            if well {
                self.home.reset_config();
                self.config_reset = true;
            }
        }
        self.settle();
        // Without power the daemon did not take note of the end.
        self.oracle.resetting &= hook.name != "factory-reset" || self.agent.is_none();
        if well {
            let after = Duration::from_secs(self.dice.range(0, 40));
            self.after(after, Due::Boot);
        }
    }
}

// Behind the macro that they use.
mod books;
mod observe;
