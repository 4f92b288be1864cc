//! What came of a turn of the agent: replies that it has read, what it has done, what it says to the ACS.

use std::rc::Rc;
use std::time::Duration;

use cwmpd::agent::command::Command;

use super::*;

impl World {
    /// Looks at what the agent has done.
    pub(super) fn observe(&mut self) {
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
    pub(super) fn realize(&mut self) {
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
                Meaning::Ask(order) => match sure {
                    true => self.executing = Some((order, now)),
                    false => self.unsure(&order),
                },
            }
        }
    }

    pub(super) fn happened(&mut self, happening: Happening) {
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
                    let open = self.oracle.maybe.is_some() || !self.oracle.unsure.is_empty();
                    // After a factory reset nothing of it matters.
                    if open && !self.oracle.resetting && !power::is_off() {
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

    pub(super) fn dialled(&mut self, to: &str) {
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

    pub(super) fn notice_pipes(&mut self) {
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
    pub(super) fn listen_at_acs(&mut self) {
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
            // Whatever was said before, the session goes on.
            self.oracle.asked();
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

    pub(super) fn saw(&mut self, seen: Seen, body: &str) {
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
    pub(super) fn treat(&mut self, pipe: &Shared, treatment: Treatment) {
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
