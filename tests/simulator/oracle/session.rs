//! A session: what its Inform must hold, how it may end, when the next one may begin.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

impl Oracle {
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
        if told.is_empty() && !self.owed.contains(&true) {
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
            if event.0 == "2 PERIODIC"
                && let Some(at) = self.fresh.iter().position(|fresh| fresh == event)
            {
                self.fresh.remove(at);
                again = true;
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
    pub(super) fn changes(&mut self, inform: &Inform, model: &Model, problems: &mut Vec<String>) {
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
        self.news &= session.allowed; // else it was told, or tried
        if good {
            self.good += 1;
            self.put_back(session.flight);
            self.no_retry();
            if !self.must.is_empty() {
                self.due(now + SLACK);
            }
        } else {
            self.bad += 1;
            self.failed(session, clock, now);
        }
        self.look_for_changes(now);
    }

    pub(super) fn failed(&mut self, session: Session, clock: &Clock, now: Duration) {
        let carried_change = !session.informed
            && session
                .flight
                .as_ref()
                .is_some_and(|flight| flight.inform.events.contains(&single("4 VALUE CHANGE")));
        let request = single("6 CONNECTION REQUEST");
        if session.flight.is_none() && !session.triggered {
            // EV-09: that was its try.
            self.must.retain(|event| *event != request);
            if session.allowed && !self.may.contains(&request) {
                self.may.push(request);
            }
        }
        let unsent = !self.must.is_empty();
        self.put_back(session.flight);
        if session.informed {
            self.owed = BTreeSet::from([true]); // RT-01: for what the ACS still wanted
        }
        let sure = !self.must.is_empty() || self.is_owed();
        let unsure = carried_change
            || !self.may.is_empty()
            || self.owed.contains(&true)
            || self.any_change()
            || self.any_open(now);
        let tried = std::mem::take(&mut self.retries);
        if !sure {
            // Nothing is left to be told, and the ACS had not answered: there is no retry.
            self.retries.insert(0);
        }
        let last = self.wait.take().map_or(Duration::ZERO, |wait| wait.whole);
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
                last,
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
    pub(super) fn range(&self, count: u32) -> (Duration, Duration) {
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
        if self.is_owed() {
            self.wrong("a session is called off though the ACS is owed a retry");
        }
        if session.flight.is_some() {
            self.wrong("a session is called off after its Inform");
        }
        self.may.clear();
        self.no_retry();
        self.free = session.triggered || session.allowed;
        self.look_for_changes(now);
    }

    /// What was not confirmed waits for the next Inform, except what is never retried (EV-09).
    pub(super) fn put_back(&mut self, flight: Option<Flight>) {
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
}
