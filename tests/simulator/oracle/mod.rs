//! What must, may and must not happen next, told by the rules of TR-069 and by what went over the wire. It is written
//! from the clauses (3.2.1.1, 3.7.1.5, table E), not from the agent's code: it knows neither a queue nor a schedule.

mod session;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::acs::Inform;
use crate::clock::Clock;
use crate::model::{Model, URLS};
use crate::orders::Order;
use crate::timers::{Periodic, Scheduled};

/// Code and CommandKey.
pub type Event = (String, String);

/// How late the agent may be over something that is due.
pub const SLACK: Duration = Duration::from_millis(1100);
/// The longest session (SE-18), as the daemon's documentation has it.
const LONGEST_SESSION: Duration = Duration::from_secs(15 * 60);

/// An event without a key.
pub fn single(code: &str) -> Event {
    (code.to_owned(), String::new())
}

/// What an Inform took along.
struct Flight {
    inform: Inform,
    /// Each event, and whether it had to be there.
    events: Vec<(Event, bool)>,
}

/// What was so when an Inform was made. It may arrive later.
struct Made {
    at: Duration,
    model: Model,
    clock_set: bool,
}

/// A session as it is seen from outside.
struct Session {
    since: Duration,
    made: Option<Made>,
    /// Its Inform.
    flight: Option<Flight>,
    /// The ACS's answer to it was read.
    informed: bool,
    /// How the last whole reply left it.
    goodbye: Goodbye,
    /// Something that wants a session came meanwhile.
    triggered: bool,
    /// Something may have.
    allowed: bool,
    /// The ACS has said when it wants to be asked again.
    later: Option<Duration>,
    /// It exists for the sake of a changed value alone, as far as is known.
    only_change: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Goodbye {
    No,
    Yes,
    /// The ACS had nothing to say, while it held requests.
    Held,
}

/// The wait after a failed session.
#[derive(Clone, Copy, Debug)]
struct Wait {
    from: Duration,
    to: Duration,
    /// The longest that may have been drawn.
    whole: Duration,
    /// The longest that the one before may have been: where the power failed, that one is on the disk.
    last: Duration,
    /// The clock's error when it was drawn; none when it was not set.
    error: Option<i64>,
}

impl Wait {
    /// The process starts again: what is left by the clock, or all of it without one.
    fn restart(&mut self, clock: &Clock, now: Duration) {
        match self.error {
            Some(error) if clock.is_set() && error == clock.error => {
                self.from = self.from.saturating_sub(SLACK);
                self.to = self.to.max(now) + SLACK;
            }
            Some(_) if clock.is_set() => (self.from, self.to) = (now, now + self.whole),
            _ => {
                self.from = self.from.saturating_sub(SLACK);
                self.to = now + self.whole;
            }
        }
    }
}

/// RetryCounts the next Inform may have, and whether it may come without an event.
pub type Retries = (BTreeSet<u32>, BTreeSet<bool>);

/// The oracle.
pub struct Oracle {
    /// What the data model must hold.
    pub model: Model,
    /// What it would hold if what was under way when the power failed was done.
    pub maybe: Option<Model>,
    /// That is an AddObject, whose number nobody knows.
    pub adding: bool,
    /// Orders that may have been kept.
    pub unsure: Vec<Order>,
    /// Instance numbers that were ever seen.
    pub used: BTreeSet<u32>,
    /// What the ACS may believe a watched value to be.
    known: BTreeMap<String, BTreeSet<String>>,
    /// Events that the next Inform must have.
    must: Vec<Event>,
    /// Events that it may have.
    may: Vec<Event>,
    /// Events that came after it was made, and before it arrived.
    fresh: Vec<Event>,
    /// Periodic Informs.
    pub periodic: Periodic,
    /// ScheduleInform orders.
    pub scheduled: Vec<Scheduled>,
    /// CommandKeys of Reboot orders that have not led to a boot, and whether they must.
    pub reboots: Vec<(String, bool)>,
    /// A factory reset is ordered or under way.
    pub resetting: bool,
    /// URLs for which 0 BOOTSTRAP may have been confirmed; `None` stands for none.
    bootstrapped: BTreeSet<Option<String>>,
    /// RetryCounts that the next Inform may have.
    retries: BTreeSet<u32>,
    /// Whether a retry may be owed to the ACS alone, because a session failed after its InformResponse: one or either.
    owed: BTreeSet<bool>,
    session: Option<Session>,
    last_start: Option<Duration>,
    last_end: Option<Duration>,
    /// When the process came to life: before it, no session is known to it.
    born: Duration,
    wait: Option<Wait>,
    /// Since the last session ended, something allowed a new one.
    free: bool,
    /// A value changed since: that is found after a restart as well (NO-14).
    pub news: bool,
    /// A session must have begun by then.
    due_by: Option<Duration>,
    /// A hook runs or is about to: no session begins.
    pub hook: bool,
    /// The process lives.
    alive: bool,
    /// What was broken.
    pub problems: Vec<String>,
    /// Sessions that went well.
    pub good: u32,
    /// Sessions that did not.
    pub bad: u32,
    /// Events whose delivery was confirmed.
    pub delivered: u32,
}

impl Oracle {
    /// Of a new device.
    pub fn new(model: Model) -> Oracle {
        Oracle {
            used: model.instances.clone(),
            known: BTreeMap::new(),
            model,
            maybe: None,
            adding: false,
            unsure: Vec::new(),
            must: Vec::new(),
            may: Vec::new(),
            fresh: Vec::new(),
            periodic: Periodic::default(),
            scheduled: Vec::new(),
            reboots: Vec::new(),
            resetting: false,
            bootstrapped: BTreeSet::from([None]),
            retries: BTreeSet::from([0]),
            owed: BTreeSet::from([false]),
            session: None,
            last_start: None,
            last_end: None,
            born: Duration::ZERO,
            news: false,
            wait: None,
            free: true,
            due_by: None,
            hook: false,
            alive: false,
            problems: Vec::new(),
            good: 0,
            bad: 0,
            delivered: 0,
        }
    }

    /// Notes that a rule is broken.
    pub fn wrong(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    /// Whether a session runs.
    pub fn in_session(&self) -> bool {
        self.session.is_some()
    }

    /// Whether nothing is left to be told.
    pub fn is_settled(&self) -> bool {
        self.session.is_none() && self.must.is_empty() && self.due_by.is_none()
    }

    /// What is left to be told.
    pub fn pending(&self) -> &[Event] {
        &self.must
    }

    /// How many ScheduleInform orders the device may still have.
    pub fn orders(&self) -> usize {
        let waiting = |(code, _): &&Event| code == "M ScheduleInform";
        self.scheduled.len() + self.must.iter().filter(waiting).count()
    }

    /// An event happened. `wants`: it asks for a session.
    pub fn raise(&mut self, event: Event, wants: bool, now: Duration) {
        let made = |session: &Session| session.made.is_some() && session.flight.is_none();
        let list = match self.session.as_ref().is_some_and(made) {
            true => &mut self.fresh,
            false => {
                self.may.retain(|known| *known != event);
                &mut self.must
            }
        };
        if event.0.starts_with("M ") || !list.contains(&event) {
            list.push(event);
        }
        if wants {
            self.trigger(now);
        }
    }

    /// An event happened since `from`, which is seen only now: it may be the reason for the last session.
    fn raise_late(&mut self, event: Event, from: Duration, now: Duration) {
        let reason = self.last_start.is_some_and(|start| from <= start + SLACK);
        self.raise(event, !reason, now);
        self.allow();
    }

    /// Something asks for a session.
    pub fn trigger(&mut self, now: Duration) {
        self.free = true;
        match &mut self.session {
            Some(session) => session.triggered = true,
            None => self.due(now + SLACK),
        }
    }

    /// A session may begin without any reason that is known here.
    pub fn allow(&mut self) {
        self.free = true;
        if let Some(session) = &mut self.session {
            session.allowed = true;
        }
    }

    fn due(&mut self, at: Duration) {
        self.due_by = Some(self.due_by.map_or(at, |old| old.min(at)));
    }

    /// 0 BOOTSTRAP: all other undelivered events are discarded (EV-06); a boot may be told nevertheless.
    fn bootstrap(&mut self, now: Duration, wants: bool) {
        let mut all = std::mem::take(&mut self.must);
        all.append(&mut self.may);
        self.fresh.clear();
        self.may.extend(
            all.into_iter()
                .filter(|(code, _)| code == "1 BOOT" || code == "M Reboot"),
        );
        self.no_retry();
        self.raise(single("0 BOOTSTRAP"), wants, now);
    }

    /// EV-05: whether the ACS in force still has to be introduced to. `moved`: it is another one than before, and what waits
    /// is not for it.
    fn introduce(&mut self, moved: bool, now: Duration) {
        let url = Some(self.model.url().to_owned());
        let sure = self.bootstrapped.len() == 1;
        if self.must.contains(&single("0 BOOTSTRAP")) && !moved {
            return;
        }
        match self.bootstrapped.contains(&url) {
            true if sure => {}
            true => self.may.push(single("0 BOOTSTRAP")),
            false => self.bootstrap(now, true),
        }
    }

    /// The ACS URL was changed and is in force.
    pub fn url_changed(&mut self, now: Duration) {
        self.introduce(true, now);
    }

    // --- the process

    /// The process comes to life, after a boot or not.
    pub fn started(&mut self, booted: bool, clock: &Clock, now: Duration) {
        self.alive = true;
        self.free = self.wait.is_none() || self.news;
        self.last_end = None;
        self.born = now;
        if booted {
            self.free = true;
            self.no_retry(); // RT-05
            self.must
                .retain(|(code, _)| !matches!(code.as_str(), "1 BOOT" | "4 VALUE CHANGE"));
            self.raise(single("1 BOOT"), false, now); // EV-08
            for (key, must) in std::mem::take(&mut self.reboots) {
                let event = ("M Reboot".to_owned(), key); // EV-10
                match must {
                    true => self.must.push(event),
                    false => self.may.push(event),
                }
            }
            // 4 VALUE CHANGE is retried until the reboot, and may be after it.
            for path in self.watched() {
                let value = self.model.value(&path).to_owned();
                self.known.entry(path).or_default().insert(value);
            }
        }
        self.learn();
        self.introduce(false, now);
        self.periodic.restart(&self.model, clock, now);
        for order in &mut self.scheduled {
            order.restart(clock, now);
        }
        if let Some(wait) = &mut self.wait {
            wait.restart(clock, now);
        }
        if !self.hook && (!self.must.is_empty() || self.is_owed()) {
            self.due(self.wait.map_or(now, |wait| wait.to) + SLACK);
        }
    }

    /// The process is gone.
    pub fn ended(&mut self, now: Duration) {
        self.alive = false;
        self.due_by = None;
        self.hook = false;
        if let Some(session) = self.session.take() {
            self.put_back(session.flight);
        }
        // Not kept anywhere.
        self.must.retain(|(code, _)| code != "6 CONNECTION REQUEST");
        self.may.retain(|(code, _)| code != "6 CONNECTION REQUEST");
        // EV-22: the flash is not written for each periodic Inform, so a loss of power may take it along.
        let periodic = single("2 PERIODIC");
        if self.periodic.is_open(now) {
            self.may.push(periodic.clone());
        }
        if let Some(at) = self.must.iter().position(|event| *event == periodic) {
            self.must.remove(at);
            self.may.push(periodic);
        }
    }

    /// Power failed while the books of a session were closed: either is right.
    pub fn unsure_of_retry(&mut self, before: Retries, now: Duration) {
        if before != self.retries() {
            let (before, _) = &before;
            let most = before.iter().chain(&self.retries).max().copied();
            let whole = self.range(most.unwrap_or(0) + 1).1;
            let whole = self
                .wait
                .map_or(whole, |wait| wait.whole.max(wait.last).max(whole));
            self.wait = Some(Wait {
                from: Duration::ZERO,
                to: now + whole,
                whole,
                last: Duration::ZERO,
                error: None,
            });
        }
        self.retries.extend(before.0);
        self.owed.extend(before.1);
    }

    /// What is expected, in a line of the story.
    pub fn summary(&self) -> String {
        let (wait, due) = (self.wait.map(|wait| (wait.from, wait.to)), self.due_by);
        format!(
            "must {:?} may {:?} retry {:?} owed {:?} wait {wait:?} due {due:?}",
            self.must, self.may, self.retries, self.owed
        )
    }

    /// What is known of the retry.
    pub fn retries(&self) -> Retries {
        (self.retries.clone(), self.owed.clone())
    }

    /// No retry waits.
    fn no_retry(&mut self) {
        self.retries = BTreeSet::from([0]);
        self.owed = BTreeSet::from([false]);
        self.wait = None;
    }

    /// Whether there must be a retry even if nothing is left to be told.
    fn is_owed(&self) -> bool {
        !self.owed.contains(&false)
    }

    // --- time

    /// Time has come to `now`.
    pub fn timers(&mut self, clock: &Clock, now: Duration) {
        if !self.alive {
            return;
        }
        let periodic = single("2 PERIODIC");
        let loose = self.periodic.is_loose();
        while let Some(from) = self.periodic.passed(clock, now) {
            // A long window may have led to any of the sessions since it began.
            if now > from + 4 * SLACK && self.must.contains(&periodic) {
                continue;
            }
            self.raise_late(periodic.clone(), from, now);
        }
        if loose && !self.periodic.is_loose() && !self.must.contains(&periodic) {
            // One that went off meanwhile may still wait for its retry.
            self.may.push(periodic);
        }
        let (due, waiting) = std::mem::take(&mut self.scheduled)
            .into_iter()
            .partition(|order| order.to < now);
        self.scheduled = waiting;
        let due: Vec<Scheduled> = due;
        for order in due {
            self.raise(("M ScheduleInform".to_owned(), order.key), false, now); // EV-11
            self.raise_late(single("3 SCHEDULED"), order.from, now);
        }
        if self.any_open(now) {
            self.allow();
        }
    }

    /// Whether a timer may have gone off.
    fn any_open(&self, now: Duration) -> bool {
        self.periodic.is_open(now) || self.scheduled.iter().any(|order| order.from <= now)
    }

    /// The invariants that hold at every step.
    pub fn check(&mut self, clock: &Clock, now: Duration) {
        self.timers(clock, now);
        if let Some(due) = self
            .due_by
            .filter(|due| *due < now && !self.hook && self.alive)
        {
            self.due_by = None;
            let pending = self.must.clone();
            self.wrong(format!(
                "no session, though one was due {:?} ago for {pending:?}",
                now - due
            ));
        }
        if self
            .session
            .as_ref()
            .is_some_and(|s| now > s.since + LONGEST_SESSION + SLACK)
        {
            self.wrong("a session does not end");
        }
    }

    /// The hook has ended: what waited for it may begin.
    pub fn hook_ended(&mut self, now: Duration) {
        self.hook = false;
        if self.due_by.is_some_and(|due| due < now + SLACK) {
            self.due_by = Some(now + SLACK);
        }
    }

    /// The configuration is as it left the factory.
    pub fn reset_config(&mut self, factory: &Model) {
        self.model.take_config(factory);
    }

    /// What the device holds once it has forgotten everything but its configuration, which the hook resets.
    pub fn forgotten(&self, factory: &Model) -> Model {
        let mut model = factory.clone();
        model.take_config(&self.model);
        model
    }

    /// The device has forgotten everything (RB-04).
    pub fn forget(&mut self, factory: &Model) {
        self.model = self.forgotten(factory);
        self.used = self.model.instances.clone();
        self.maybe = None;
        self.known.clear();
        self.learn();
        self.must.clear();
        self.may.clear();
        self.fresh.clear();
        self.scheduled.clear();
        self.reboots.clear();
        self.bootstrapped = BTreeSet::from([None]);
        self.no_retry();
        self.due_by = None;
    }

    /// After a factory reset the ACS is a stranger, whatever the session is for.
    pub fn stranger(&mut self, now: Duration, wants: bool) {
        if !self.must.contains(&single("0 BOOTSTRAP")) {
            self.bootstrap(now, wants);
        }
    }
}
