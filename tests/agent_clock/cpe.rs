//! An agent on a loop that the test turns.

use std::thread;
use std::time::{Duration, Instant};

use cwmpd::agent::Agent;
use cwmpd::agent::clock::Now;
use cwmpd::agent::command::{Command, Reply};
use cwmpd::agent::config::Config;
use cwmpd::agent::files::{self, Root};
use cwmpd::agent::state::State;
use cwmpd::agent::surroundings::Surroundings;
use cwmpd::net::reactor::Reactor;
use cwmpd::wire::data::Data;
use cwmpd::wire::json;
use serde_json::Value;

use crate::support::acs::Acs;
use crate::support::brain::Session;
use crate::support::connreq::ConnectionRequest;
use crate::support::daemon::{CR_PASSWORD, CR_USER, Daemon};
use crate::support::inspect::Message;
use crate::support::patience;

/// 2026-11-22 12:00:00 UTC
pub const NOON: i64 = 1_795_348_800;

/// How long a turn waits for the sockets: the test's clock stands still meanwhile.
const TURN: Duration = Duration::from_millis(2);

/// An answer, to look into.
pub fn shown(answer: &Data<'_>) -> Value {
    serde_json::from_str(&json::text(answer)).unwrap()
}

/// A CPE and its clock.
pub struct Cpe {
    /// Its root. The built daemon is not started in it.
    pub home: Daemon,
    alive: Option<(Agent, Reactor)>,
    start: Instant,
    elapsed: Duration,
    unix: i64,
    replies: Vec<(u64, Reply)>,
    clients: u64,
}

impl Cpe {
    /// Brings one to life at [`NOON`].
    pub fn start(home: Daemon) -> Cpe {
        Cpe::start_at(home, NOON)
    }

    /// Brings one to life at this date.
    pub fn start_at(home: Daemon, unix: i64) -> Cpe {
        home.write_config();
        let mut cpe = Cpe {
            home,
            alive: None,
            start: Instant::now(),
            elapsed: Duration::ZERO,
            unix,
            replies: Vec::new(),
            clients: 0,
        };
        cpe.restart();
        cpe
    }

    /// The process dies and comes again: nothing but the files is left.
    pub fn restart(&mut self) {
        self.kill();
        let root = Root::new(&self.home.root);
        let reactor = Reactor::new().expect("a loop");
        let (config, _) = Config::load(&root, files::CONFIG);
        let surroundings = Surroundings {
            program: env!("CARGO_BIN_EXE_cwmpd").into(),
            ..Surroundings::default()
        };
        let agent = Agent::within(
            surroundings,
            root,
            files::CONFIG.into(),
            config,
            self.now(),
            reactor.registry(),
        )
        .expect("an agent");
        self.alive = Some((agent, reactor));
        self.turn();
    }

    /// The process dies.
    pub fn kill(&mut self) {
        self.alive = None;
    }

    /// The device boots: a process with another boot id.
    pub fn reboot(&mut self, id: &str) {
        self.home.boot(id);
        self.restart();
    }

    /// What the agent is told.
    pub fn now(&self) -> Now {
        let seconds = i64::try_from(self.elapsed.as_secs()).unwrap();
        Now {
            instant: self.start + self.elapsed,
            unix: self.unix + seconds,
        }
    }

    /// Steps the wall clock; the agent is not told.
    pub fn step_clock(&mut self, seconds: i64) {
        self.unix += seconds;
    }

    /// Steps the wall clock, as the kernel tells of it.
    pub fn set_clock(&mut self, seconds: i64) {
        self.step_clock(seconds);
        let now = self.now();
        self.agent().clock_was_set(now);
    }

    /// The agent.
    pub fn agent(&mut self) -> &mut Agent {
        &mut self.alive.as_mut().expect("it lives").0
    }

    /// When the agent wants to be called, from now.
    pub fn next(&mut self) -> Option<Duration> {
        let now = self.now().instant;
        let at = self.agent().deadline()?;
        Some(at.saturating_duration_since(now))
    }

    /// One turn of the loop, as the daemon makes it.
    pub fn turn(&mut self) {
        let now = self.now();
        let (agent, reactor) = self.alive.as_mut().expect("it lives");
        let wait = match agent.deadline() {
            Some(at) if at <= now.instant => Duration::ZERO,
            _ => TURN,
        };
        let (registry, ready) = reactor
            .poll(Some(Instant::now() + wait))
            .expect("the loop turns");
        if agent.deadline().is_some_and(|at| at <= now.instant) {
            agent.timeout(now, registry);
        }
        ready.for_each(|at| agent.ready(at, now, registry));
        agent.child_ended(now, registry);
        agent.pump(now, registry);
        self.replies.extend(agent.take_replies());
    }

    /// Turns the loop, with the clock standing still, until there is something.
    pub fn until<R>(&mut self, what: &str, mut ready: impl FnMut(&mut Cpe) -> Option<R>) -> R {
        let give_up = Instant::now() + patience();
        loop {
            if let Some(result) = ready(self) {
                return result;
            }
            assert!(
                Instant::now() < give_up,
                "waited in vain for {what}: {:#}",
                self.status()
            );
            self.turn();
        }
    }

    /// Turns until no session runs and none is due now.
    pub fn settle(&mut self) {
        self.turn();
        self.until("the end of the session", |cpe| {
            let busy = cpe.status()["last_session"]["status"] == "running";
            (!busy && cpe.next() != Some(Duration::ZERO)).then_some(())
        });
    }

    /// Time passes; every deadline on the way is met, and every session comes to its end at once.
    pub fn pass(&mut self, time: Duration) {
        self.settle();
        let target = self.elapsed + time;
        while let Some(next) = self.next().filter(|next| self.elapsed + *next <= target) {
            self.elapsed += next;
            self.settle();
        }
        self.elapsed = target;
        self.settle();
    }

    /// So many seconds pass.
    pub fn pass_seconds(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    /// The clock moves on while the process is dead.
    pub fn elapse(&mut self, time: Duration) {
        assert!(self.alive.is_none());
        self.elapsed += time;
    }

    /// The clock moves on in the middle of whatever happens.
    pub fn jump(&mut self, time: Duration) {
        self.elapsed += time;
        self.turn();
    }

    /// Gives a command; its answer comes to [`Cpe::reply`].
    pub fn ask(&mut self, command: Command) -> u64 {
        self.clients += 1;
        let (client, now) = (self.clients, self.now());
        self.agent().command(client, command, now);
        let replies = self.agent().take_replies();
        self.replies.extend(replies);
        client
    }

    /// The answer to a command, if it came.
    pub fn reply(&mut self, client: u64) -> Option<Reply> {
        let at = self.replies.iter().position(|(to, _)| *to == client)?;
        Some(self.replies.remove(at).1)
    }

    /// Gives a command and waits for the answer.
    pub fn command(&mut self, command: Command) -> Reply {
        let client = self.ask(command);
        self.until("an answer", |cpe| cpe.reply(client))
    }

    /// `cwmp status`
    pub fn status(&mut self) -> Value {
        let client = self.ask(Command::Status);
        match self.reply(client) {
            Some(Reply::Ok(status)) => shown(&status),
            other => panic!("status: {other:?}"),
        }
    }

    /// `cwmp inform`
    pub fn inform(&mut self) {
        assert!(matches!(self.command(inform("6", false)), Reply::Ok(_)));
    }

    /// `cwmp set`
    pub fn set(&mut self, name: &str, value: &str) -> Reply {
        self.command(Command::Set {
            values: vec![(name.to_owned(), value.to_owned())],
        })
    }

    /// Sessions so far, by the statistics.
    pub fn sessions(&mut self) -> u64 {
        self.status()["statistics"]["total_sessions"]
            .as_u64()
            .unwrap()
    }

    /// The events that wait.
    pub fn events(&mut self) -> Vec<String> {
        let status = self.status();
        let events = status["events"].as_array().expect("events");
        let text = |event: &Value| event["event"].as_str().map(str::to_owned);
        events.iter().filter_map(text).collect()
    }

    /// What is on disk.
    pub fn state(&self) -> State {
        State::parse(&self.home.read("etc/cwmpd/state.toml")).expect("a state")
    }

    /// Turns until the ACS has seen another session to its end.
    pub fn session(&mut self, acs: &mut Acs) -> Session {
        let session = self.until("a session at the ACS", |_| acs.try_session());
        self.settle();
        session
    }

    /// Turns until the ACS has answered another Inform.
    pub fn informed(&mut self, acs: &mut Acs) -> Message {
        self.until("an Inform at the ACS", |_| acs.try_inform())
    }

    /// A good connection request; gives its status.
    pub fn connection_request(&mut self) -> u16 {
        let url = self.status()["cwmp"]["connection_request_url"]
            .as_str()
            .expect("a URL")
            .to_owned();
        let sent = thread::spawn(move || ConnectionRequest::new(&url, CR_USER, CR_PASSWORD).send());
        self.until("the connection request", |_| {
            sent.is_finished().then_some(())
        });
        sent.join().expect("an answer")
    }
}

/// `cwmp inform EVENT`
pub fn inform(event: &str, wait: bool) -> Command {
    Command::Inform {
        event: Some(event.to_owned()),
        get_rpc_methods: false,
        wait,
    }
}

/// A device whose first boot and bootstrap are behind it.
pub fn settled(home: Daemon, acs: &mut Acs) -> Cpe {
    let mut cpe = Cpe::start(home);
    let first = cpe.session(acs);
    assert_eq!(first.inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    cpe
}
