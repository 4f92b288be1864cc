//! Who may use the data model now. A source behind IPC answers later (DESIGN 3, "Sources behind IPC never block the
//! loop"), so everything that needs the model is an operation: prepared, then carried out from memory, one at a time.

use super::Agent;
use super::clock::Now;
use super::command::Reply;
use super::requests::Request;
use crate::cwmp::Promise;
use crate::datamodel::{Applied, DataModel, Fault, Progress, Touch};
use crate::wire::data::Sorted;

/// How many command-line requests may wait for a slow backend.
const MAX_WAITING: usize = 16;

/// Something that needs the data model.
#[derive(Debug)]
pub(super) enum Op {
    /// The values an Inform carries; then the session begins.
    Inform,
    /// The names of the whole tree, to learn which parameters are watched.
    Survey,
    /// The watched values, to find changes.
    Check,
    /// The same, to find what a transaction of the ACS changed; with what differed before.
    Adopt(Sorted<String>),
    /// What the running session asks to be prepared.
    Session(Touch),
    /// The running session's transaction, which the backend commits.
    SessionCommit(Promise),
    /// A request of the command line.
    Request { client: u64, request: Request },
    /// The same, being committed by the backend.
    RequestCommit { client: u64, request: Request },
    /// Was for a session that is over.
    Forgotten,
}

/// The operation under way and those that wait for it.
#[derive(Default)]
pub(super) struct Work {
    busy: Option<Op>,
    waiting: Vec<Op>,
}

impl Work {
    /// Whether a transaction is open while the backend commits.
    pub(super) fn is_committing(&self) -> bool {
        matches!(
            self.busy,
            Some(Op::SessionCommit(_) | Op::RequestCommit { .. })
        )
    }

    /// Drops what belongs to a session that is over. An operation under way runs to its end; its result goes nowhere,
    /// least of all to the next session.
    pub(super) fn forget_session(&mut self) {
        let of_session = |op: &Op| matches!(op, Op::Inform | Op::Session(_));
        self.waiting.retain(|op| !of_session(op));
        if self.busy.as_ref().is_some_and(of_session) {
            self.busy = Some(Op::Forgotten);
        }
    }
}

impl Agent {
    /// The backend is another one: what waited for the old one is told so.
    pub(super) fn drop_requests(&mut self) {
        let Work { busy, waiting } = std::mem::take(&mut self.work);
        for op in busy.into_iter().chain(waiting) {
            if let Op::Request { client, .. } | Op::RequestCommit { client, .. } = op {
                self.reply(
                    client,
                    Reply::Error {
                        text: "the backend was replaced meanwhile".into(),
                    },
                );
            }
        }
    }

    /// Carries `op` out now, or when the model is free.
    pub(super) fn submit(&mut self, op: Op, now: Now) {
        if self.work.busy.is_none() {
            self.start(op, now);
            return;
        }
        match op {
            Op::Check if self.work.waiting.iter().any(|op| matches!(op, Op::Check)) => {}
            Op::Survey if self.work.waiting.iter().any(|op| matches!(op, Op::Survey)) => {}
            Op::Request { client, .. } if self.work.waiting.len() >= MAX_WAITING => self.reply(
                client,
                Reply::Busy {
                    text: "the data model is busy: too many requests wait for the backend".into(),
                },
            ),
            op => self.work.waiting.push(op),
        }
    }

    /// Takes up what the backend has finished, and what waited for it.
    pub(super) fn poll_work(&mut self, now: Now) {
        loop {
            if self.work.busy.is_some() {
                let Some(result) = self.model.poll(now.instant) else {
                    return;
                };
                self.moved = true;
                if let Some(op) = self.work.busy.take() {
                    self.finish(op, result, now);
                }
            } else if !self.work.waiting.is_empty() {
                let op = self.work.waiting.remove(0);
                self.moved = true;
                self.start(op, now);
            } else {
                return;
            }
        }
    }

    fn start(&mut self, op: Op, now: Now) {
        let touch = match &op {
            Op::Inform => Touch::Values(self.inform_paths()),
            Op::Survey => {
                self.watch.renew();
                Touch::Names(vec![self.model.root().path().to_owned()])
            }
            Op::Check | Op::Adopt(_) => Touch::Values(self.watched().collect()),
            Op::Session(touch) => self.with_watched(touch),
            Op::Request { request, .. } => request.touch(),
            // A commit is started by whoever opened the transaction.
            Op::SessionCommit(_) | Op::RequestCommit { .. } => return self.wait_for(op),
            Op::Forgotten => return,
        };
        let date = now.date();
        self.model.backend_mut().tell_time(now.instant, date);
        match self.model.prepare(&touch, now.instant) {
            Ok(Progress::Ready(())) => self.finish(op, Ok(Applied::default()), now),
            Ok(Progress::Pending) => self.work.busy = Some(op),
            Err(fault) => self.finish(op, Err(fault), now),
        }
    }

    /// Keeps `op` as the one under way: its commit is pending.
    pub(super) fn wait_for(&mut self, op: Op) {
        debug_assert!(self.work.busy.is_none());
        self.work.busy = Some(op);
    }

    fn finish(&mut self, op: Op, result: Result<Applied, Fault>, now: Now) {
        match op {
            Op::Inform => self.begin_session(result.map(drop), now),
            Op::Survey => self.surveyed(result.map(drop), now),
            Op::Check => self.check_values(result.map(drop), now),
            Op::Adopt(before) => self.adopt_values(&before, result.map(drop), now),
            Op::Session(touch) => self.session_prepared(&touch, result.map(drop), now),
            Op::SessionCommit(promise) => {
                let result = result.and_then(|applied| self.keep_values(&promise, applied, now));
                self.session_committed(result, now);
            }
            Op::Request { client, request } => {
                self.carry_out(client, request, result.map(drop), now)
            }
            Op::RequestCommit { client, request } => {
                self.request_committed(client, request, result, now)
            }
            Op::Forgotten => {}
        }
    }
}
