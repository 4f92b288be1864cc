//! What must, may and must not happen next, told by the rules of TR-069 and by what went over the wire. It is written
//! from the clauses (3.2.1.1, 3.7.1.5, table E), not from the agent's code: it knows neither a queue nor a schedule.

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
    session: Option<Session>,
    last_start: Option<Duration>,
    last_end: Option<Duration>,
    wait: Option<Wait>,
    /// Since the last session ended, something allowed a new one.
    free: bool,
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
            session: None,
            last_start: None,
            last_end: None,
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
        let all = std::mem::take(&mut self.must);
        self.may.clear();
        self.fresh.clear();
        self.may.extend(
            all.into_iter()
                .filter(|(code, _)| code == "1 BOOT" || code == "M Reboot"),
        );
        self.retries = BTreeSet::from([0]);
        self.wait = None;
        self.raise(single("0 BOOTSTRAP"), wants, now);
    }

    /// EV-05: whether the ACS in force still has to be introduced to.
    fn introduce(&mut self, now: Duration) {
        let url = Some(self.model.url().to_owned());
        let sure = self.bootstrapped.len() == 1;
        if self.must.contains(&single("0 BOOTSTRAP")) {
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
        self.introduce(now);
    }

    // --- the process

    /// The process comes to life, after a boot or not.
    pub fn started(&mut self, booted: bool, clock: &Clock, now: Duration) {
        self.alive = true;
        self.free = self.wait.is_none();
        self.last_end = None;
        if booted {
            self.free = true;
            self.retries = BTreeSet::from([0]); // RT-05
            self.wait = None;
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
        self.introduce(now);
        self.periodic.restart(&self.model, clock, now);
        for order in &mut self.scheduled {
            order.restart(clock, now);
        }
        if let Some(wait) = &mut self.wait {
            wait.restart(clock, now);
        }
        if !self.hook && !self.must.is_empty() {
            self.due(self.wait.map_or(now, |wait| wait.to) + SLACK);
        }
    }

    /// The process is gone.
    pub fn ended(&mut self) {
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
        if let Some(at) = self.must.iter().position(|event| *event == periodic) {
            self.must.remove(at);
            self.may.push(periodic);
        }
    }

    /// Power failed while the books of a session were closed: either is right.
    pub fn unsure_of_retry(&mut self, before: BTreeSet<u32>) {
        self.retries.extend(before);
    }

    /// What is expected, in a line of the story.
    pub fn summary(&self) -> String {
        let (wait, due) = (self.wait.map(|wait| (wait.from, wait.to)), self.due_by);
        format!(
            "must {:?} may {:?} retry {:?} wait {wait:?} due {due:?}",
            self.must, self.may, self.retries
        )
    }

    /// RetryCounts the next Inform may have.
    pub fn retries(&self) -> BTreeSet<u32> {
        self.retries.clone()
    }

    // --- the session

    /// A session begins.
    pub fn session_starts(&mut self, now: Duration) {
        if self.session.is_some() {
            self.wrong("a second session begins"); // SE-14
        }
        if let Some(wait) = self.wait.filter(|wait| now < wait.from && !self.free) {
            self.wrong(format!("a retry {:?} too soon", wait.from - now)); // RT-01
        }
        if self.hook {
            self.wrong("a session begins while a hook runs");
        }
        let only_change = self.wait.is_none() && self.must.is_empty() && self.may.is_empty();
        self.session = Some(Session {
            since: now,
            made: None,
            flight: None,
            informed: false,
            goodbye: Goodbye::No,
            triggered: false,
            allowed: false,
            later: None,
            only_change,
        });
        self.last_start = Some(now);
        self.due_by = None;
    }

    /// An Inform is made.
    pub fn informs(&mut self, clock: &Clock, now: Duration) {
        self.timers(clock, now);
        if let Some(session) = &mut self.session {
            session.made = Some(Made {
                at: now,
                model: self.model.clone(),
                clock_set: clock.is_set(),
            });
        }
    }

    /// An Inform came to the ACS.
    pub fn inform(&mut self, inform: Inform) {
        let Some(session) = &mut self.session else {
            return self.wrong("an Inform without a session");
        };
        if let Some(flight) = &session.flight {
            // Once more, because the ACS wanted it so (SE-12).
            if flight.inform != inform {
                self.wrong(format!("another Inform in the same session: {inform:?}")); // SE-02
            }
            return;
        }
        let Some(made) = session.made.take() else {
            return self.wrong("an Inform that was not made");
        };
        let now = made.at;
        let mut problems = Vec::new();
        let told: Vec<Event> = inform.events.clone();
        let mut again = false;
        if told.is_empty() {
            problems.push("an Inform without an event".to_owned());
        }
        for event in &told {
            if !self.must.contains(event)
                && let Some(at) = self.fresh.iter().position(|fresh| fresh == event)
                && matches!(
                    event.0.as_str(),
                    "2 PERIODIC" | "3 SCHEDULED" | "M ScheduleInform"
                )
            {
                // The timer went off a little before it was seen to.
                self.must.push(self.fresh.remove(at));
            }
            if event.0 == "2 PERIODIC" && self.periodic.take(now) {
                match self.must.contains(event) {
                    // An earlier one was still to be told: this one may have been added to it, or come yet.
                    true => again = true,
                    false => self.must.push(event.clone()),
                }
            }
            if event.0 == "M ScheduleInform" && !self.must.contains(event) {
                let due = |order: &Scheduled| order.key == event.1 && order.from <= now;
                if let Some(at) = self.scheduled.iter().position(due) {
                    self.scheduled.remove(at);
                    self.must.push(event.clone());
                    if !self.must.contains(&single("3 SCHEDULED")) {
                        self.must.push(single("3 SCHEDULED"));
                    }
                }
            }
        }
        // What is in the list and what is not.
        let mut events = Vec::new();
        for event in &told {
            if event.0 == "4 VALUE CHANGE" {
                continue;
            }
            let twice = events.iter().any(|(known, _)| known == event);
            if twice && !event.0.starts_with("M ") {
                problems.push(format!("{} is there twice", event.0)); // EV-02
            }
            if let Some(at) = self.must.iter().position(|known| known == event) {
                self.must.remove(at);
                events.push((event.clone(), true));
            } else if let Some(at) = self.may.iter().position(|known| known == event) {
                self.may.remove(at);
                events.push((event.clone(), false));
            } else {
                problems.push(format!("{event:?} is told without a reason, or again"));
            }
        }
        for event in std::mem::take(&mut self.must) {
            problems.push(format!("{event:?} is not told"));
        }
        self.may.clear();
        self.must.append(&mut self.fresh);
        if again {
            self.may.push(single("2 PERIODIC"));
            self.allow();
        }
        self.changes(&inform, &made.model, &mut problems);
        if !self.retries.contains(&inform.retry_count) {
            let expected = &self.retries;
            problems.push(format!(
                "RetryCount {}, not {expected:?}",
                inform.retry_count
            )); // RT-03
        }
        self.retries = BTreeSet::from([inform.retry_count]);
        let unknown = inform.current_time == "0001-01-01T00:00:00Z";
        if unknown == made.clock_set {
            problems.push(format!("CurrentTime {}", inform.current_time)); // SO-34
        }
        let key = self.model.ms("ParameterKey");
        let told_key = inform.parameters.iter().find(|(name, _)| *name == key);
        if told_key.map(|(_, value)| value.as_str()) != Some(self.model.value(&key)) {
            problems.push(format!(
                "ParameterKey {told_key:?}, not {:?}",
                self.model.value(&key)
            ));
        }
        if let Some(session) = &mut self.session {
            let alone = told.len() == 1 && told[0].0 == "4 VALUE CHANGE";
            let throttle =
                Duration::from_secs(self.model.number("DefaultActiveNotificationThrottle"));
            if session.only_change
                && alone
                && inform.retry_count == 0
                && self
                    .last_end
                    .is_some_and(|end| session.since < end + throttle)
            {
                problems.push("a change is told sooner than the throttle allows".to_owned()); // NO-07
            }
            session.flight = Some(Flight { inform, events });
        }
        self.problems.extend(problems);
    }

    /// EV-15: `4 VALUE CHANGE` exactly with the values that changed.
    fn changes(&mut self, inform: &Inform, model: &Model, problems: &mut Vec<String>) {
        let told = inform.events.contains(&single("4 VALUE CHANGE"));
        let bootstrap = inform.events.contains(&single("0 BOOTSTRAP"));
        let mut possible = false;
        for path in self.watched() {
            let value = model.value(&path).to_owned();
            let known = self.known.entry(path.clone()).or_default();
            let changed = !known.contains(&value);
            possible |= changed || known.len() > 1;
            if bootstrap {
                // The ACS learns everything anew.
                *known = BTreeSet::from([value]);
                continue;
            }
            let listed = inform.parameters.iter().find(|(name, _)| *name == path);
            if changed && !(told && listed.is_some()) {
                problems.push(format!("the change of {path} to {value:?} is not told"));
            }
            if let Some((_, listed)) = listed.filter(|(_, listed)| *listed != value) {
                problems.push(format!("{path} is told as {listed:?}, not {value:?}"));
            }
        }
        if told && !possible {
            problems.push("4 VALUE CHANGE without a change".to_owned());
        }
    }

    /// The CPE has read the whole InformResponse and has closed the books on it; or, if `sure` is false, the power
    /// failed meanwhile.
    pub fn informed(&mut self, sure: bool) {
        let url = self.model.url().to_owned();
        let Some(session) = &mut self.session else {
            return;
        };
        let Some(flight) = &mut session.flight else {
            return self.wrong("an InformResponse without an Inform");
        };
        session.informed = true;
        let watched: Vec<String> = self.model.notify.keys().cloned().collect();
        for (name, value) in &flight.inform.parameters {
            if watched.contains(name) {
                let known = self.known.entry(name.clone()).or_default();
                if sure {
                    known.clear();
                }
                known.insert(value.clone());
            }
        }
        let bootstrap = flight
            .events
            .iter()
            .any(|(event, _)| event.0 == "0 BOOTSTRAP");
        if bootstrap {
            if sure {
                self.bootstrapped.clear();
            }
            self.bootstrapped.insert(Some(url));
        }
        if sure {
            self.delivered += flight.events.len() as u32;
            flight.events.clear();
        } else {
            flight.events.iter_mut().for_each(|(_, must)| *must = false);
        }
    }

    /// The CPE has read the whole reply that ends the session, or one that may.
    pub fn goodbye(&mut self, held: bool) {
        if let Some(session) = &mut self.session {
            session.goodbye = if held { Goodbye::Held } else { Goodbye::Yes };
        }
    }

    /// It was asked for something more.
    pub fn asked(&mut self) {
        if let Some(session) = &mut self.session {
            session.goodbye = Goodbye::No;
        }
    }

    /// The ACS wants to be left alone for so long.
    pub fn later(&mut self, wait: Duration) {
        if let Some(session) = &mut self.session {
            session.later = Some(wait);
        }
    }

    /// The session is over. `good` is what the agent makes of it.
    pub fn session_ended(&mut self, good: bool, clock: &Clock, now: Duration) {
        let Some(session) = self.session.take() else {
            return self.wrong("a session ends that did not begin");
        };
        let expected = session.informed && session.goodbye == Goodbye::Yes;
        if good != expected && session.goodbye != Goodbye::Held {
            self.wrong(format!(
                "the session ended, good: {good}, though good: {expected}"
            ));
        }
        if now > session.since + LONGEST_SESSION + SLACK {
            self.wrong(format!("a session of {:?}", now - session.since)); // SE-18
        }
        self.last_end = Some(now);
        self.free = session.triggered || session.allowed;
        if good {
            self.good += 1;
            self.put_back(session.flight);
            self.retries = BTreeSet::from([0]);
            self.wait = None;
            if !self.must.is_empty() {
                self.due(now + SLACK);
            }
        } else {
            self.bad += 1;
            self.failed(session, clock, now);
        }
        self.look_for_changes(now);
    }

    fn failed(&mut self, session: Session, clock: &Clock, now: Duration) {
        let carried_change = !session.informed
            && session
                .flight
                .as_ref()
                .is_some_and(|flight| flight.inform.events.contains(&single("4 VALUE CHANGE")));
        let request = single("6 CONNECTION REQUEST");
        if session.flight.is_none() && !session.triggered {
            // EV-09: that was its try.
            self.must.retain(|event| *event != request);
            if session.allowed {
                self.may.push(request);
            }
        }
        let unsent = !self.must.is_empty();
        self.put_back(session.flight);
        let sure = !self.must.is_empty();
        let unsure =
            carried_change || !self.may.is_empty() || self.any_change() || self.any_open(now);
        let tried = std::mem::take(&mut self.retries);
        if !sure {
            // Nothing is left to be told: there is no retry.
            self.retries.insert(0);
        }
        self.wait = None;
        if sure || unsure {
            let next = || tried.iter().map(|count| count + 1);
            let (least, most) = (next().min().unwrap_or(1), next().max().unwrap_or(1));
            self.retries.extend(next());
            let (from, to) = (self.range(least).0, self.range(most).1);
            let later = session.later.unwrap_or_default();
            let wait = Wait {
                from: now + from.max(later),
                to: now + to.max(later),
                whole: to.max(later),
                error: clock.is_set().then_some(clock.error),
            };
            self.wait = Some(wait);
            if sure {
                self.due(wait.to + SLACK);
            }
        }
        if session.triggered && unsent {
            self.due(now + SLACK);
        }
    }

    /// RT-01: from m·k^(n-1) to m·k^n, and from the tenth on as the tenth (RT-02).
    fn range(&self, count: u32) -> (Duration, Duration) {
        let m = self.model.number("CWMPRetryMinimumWaitInterval") as f64;
        let k = self.model.number("CWMPRetryIntervalMultiplier") as f64 / 1000.0;
        let n = count.min(10) as i32;
        let wait = |exponent| Duration::from_secs_f64(m * k.powi(exponent));
        // The agent counts in whole milliseconds.
        let grain = Duration::from_millis(n as u64 + 1);
        (wait(n - 1).saturating_sub(grain), wait(n) + grain)
    }

    /// There was nothing to tell.
    pub fn called_off(&mut self, now: Duration) {
        let Some(session) = self.session.take() else {
            return self.wrong("a session is called off that did not begin");
        };
        if !self.must.is_empty() {
            self.wrong(format!(
                "a session is called off in spite of {:?}",
                self.must
            ));
        }
        if session.flight.is_some() {
            self.wrong("a session is called off after its Inform");
        }
        self.may.clear();
        self.retries = BTreeSet::from([0]);
        self.wait = None;
        self.free = session.triggered || session.allowed;
        self.look_for_changes(now);
    }

    /// What was not confirmed waits for the next Inform, except what is never retried (EV-09).
    fn put_back(&mut self, flight: Option<Flight>) {
        for event in std::mem::take(&mut self.fresh) {
            if event.0.starts_with("M ") || !self.must.contains(&event) {
                self.must.push(event);
            }
        }
        for (event, must) in flight.into_iter().flat_map(|flight| flight.events) {
            if event.0 == "6 CONNECTION REQUEST" {
                continue;
            }
            let merged = !event.0.starts_with("M ") && self.must.contains(&event);
            if must && !merged {
                self.must.push(event);
            } else if !must {
                self.may.push(event);
            }
        }
    }

    // --- values

    fn watched(&self) -> Vec<String> {
        let watched = self.model.notify.iter().filter(|(_, n)| **n > 0);
        watched.map(|(path, _)| path.clone()).collect()
    }

    /// What is watched for the first time is measured from its present value; what no longer is, is forgotten.
    pub fn learn(&mut self) {
        let watched = self.watched();
        self.known.retain(|path, _| watched.contains(path));
        for path in watched {
            let value = self.model.value(&path).to_owned();
            let known = self.known.entry(path).or_default();
            if known.is_empty() {
                known.insert(value);
            }
        }
    }

    /// The ACS has set these itself (NO-04).
    pub fn acs_set(&mut self, before: &Model) {
        for path in self.watched() {
            let value = self.model.value(&path).to_owned();
            let known = self.known.entry(path.clone()).or_default();
            // What had changed already is still to be told, and may count as known now.
            if before.value(&path) != value {
                if known.contains(before.value(&path)) && known.len() == 1 {
                    known.clear();
                }
                known.insert(value);
            }
        }
        self.learn();
    }

    /// Values that the ACS may have set, or not: it may know either.
    pub fn either(&mut self, before: &Model) {
        for path in self.watched() {
            let (old, new) = (
                before.value(&path).to_owned(),
                self.model.value(&path).to_owned(),
            );
            if old != new {
                self.known.entry(path).or_default().extend([old, new]);
            }
        }
    }

    /// Whether this is an ACS that a session may still be with although another is in force.
    pub fn is_old_acs(&self, to: &str) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.informed)
            && URLS.iter().any(|url| url.contains(to))
    }

    fn any_change(&self) -> bool {
        self.known
            .iter()
            .any(|(path, known)| !known.contains(self.model.value(path)) || known.len() > 1)
    }

    /// NO-02: a change of a value that is actively watched asks for a session, the throttle permitting (NO-07).
    pub fn look_for_changes(&mut self, now: Duration) {
        if !self.any_change() {
            return;
        }
        self.allow();
        let certain = self.known.iter().any(|(path, known)| {
            self.model.notify[path] == 2 && !known.contains(self.model.value(path))
        });
        if certain && self.session.is_none() && self.alive && self.wait.is_none() {
            let throttle =
                Duration::from_secs(self.model.number("DefaultActiveNotificationThrottle"));
            let at = self.last_end.map_or(now, |end| (end + throttle).max(now));
            self.due(at + SLACK);
        }
    }

    // --- time

    /// Time has come to `now`.
    pub fn timers(&mut self, clock: &Clock, now: Duration) {
        if !self.alive {
            return;
        }
        let periodic = single("2 PERIODIC");
        while let Some(from) = self.periodic.passed(clock, now) {
            // A long window may have led to any of the sessions since it began.
            if now > from + 4 * SLACK && self.must.contains(&periodic) {
                continue;
            }
            self.raise_late(periodic.clone(), from, now);
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

    /// The device has forgotten everything (RB-04).
    pub fn forget(&mut self, model: Model) {
        self.model = model;
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
        self.retries = BTreeSet::from([0]);
        self.wait = None;
        self.due_by = None;
    }

    /// After a factory reset the ACS is a stranger, whatever the session is for.
    pub fn stranger(&mut self, now: Duration, wants: bool) {
        if !self.must.contains(&single("0 BOOTSTRAP")) {
            self.bootstrap(now, wants);
        }
    }
}
