//! How a session ends, and what that means for the next one.

use std::fmt;
use std::time::Duration;

use super::{Running, SESSION_LIMIT};
use crate::agent::Agent;
use crate::agent::clock::{Now, Seconds};
use crate::agent::state::Retry;
use crate::agent::status::LastSession;
use crate::cwmp::event::EventCode;
use crate::cwmp::{Failure, Summary, retry};
use crate::datamodel::Fault;
use crate::net::http::ConnectError;
use crate::net::random;
use crate::say::{info, warn};
use crate::wire::http::HttpFailure;

/// How long a session may go on once the daemon was told to stop.
pub(in crate::agent) const STOP_LIMIT: Duration = Duration::from_secs(4);

/// Why a session ended without success.
#[derive(Debug)]
pub(in crate::agent) enum Ended {
    Protocol(Failure),
    /// With what the ACS says of it, if that is a few words of plain text.
    Http(HttpFailure, String),
    Connection(ConnectError),
    Body(String),
    Url(String),
    Backend(Fault),
    TooLong,
    Stopped,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Protocol(failure) => failure.fmt(f),
            Ended::Http(failure, words) if words.is_empty() => failure.fmt(f),
            Ended::Http(failure, words) => write!(f, "{failure}: {words:?}"),
            Ended::Connection(failure) => failure.fmt(f),
            Ended::Body(text) => f.write_str(text),
            Ended::Url(text) => f.write_str(text),
            Ended::Backend(fault) => write!(
                f,
                "the data model did not give the inform's values: {fault}"
            ),
            Ended::TooLong => write!(
                f,
                "the session took longer than {} s",
                SESSION_LIMIT.as_secs()
            ),
            Ended::Stopped => f.write_str("the daemon stops"),
        }
    }
}

impl Ended {
    /// No TCP connection came about.
    fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Ended::Connection(ConnectError::Resolve { .. } | ConnectError::Connect(_))
        )
    }

    fn suggests_older_version(&self) -> bool {
        match self {
            Ended::Protocol(failure) => failure.suggests_older_version(),
            Ended::Http(HttpFailure::Status { code, .. }, _) => matches!(code, 400 | 500),
            _ => false,
        }
    }
}

impl Agent {
    /// Closes the books on the session and decides what comes next.
    pub(in crate::agent) fn end_session(&mut self, result: Result<Summary, Ended>, now: Now) {
        let Some(running) = self.session.take() else {
            return;
        };
        self.connection.close();
        self.work.forget_session();
        self.to_send = false;
        let heartbeat = running.heartbeat;
        if !heartbeat {
            // A heartbeat tells of no change: counted, an interval shorter than the throttle would hold changes back for
            // ever (NO-07).
            self.last_session_end = Some(now.instant);
        }
        let seconds = Seconds(now.instant.duration_since(running.started.instant));
        self.store.state.statistics.sessions =
            self.store.state.statistics.sessions.saturating_add(1);
        let outcome = match result {
            Ok(summary) => {
                self.store.state.statistics.succeeded =
                    self.store.state.statistics.succeeded.saturating_add(1);
                self.store.state.retry = Retry::default();
                self.offer_older = false;
                info!(
                    "session ended: result=success version={} rpcs={} seconds={seconds}",
                    summary.version, summary.requests
                );
                Ok(())
            }
            Err(ended) => {
                self.store.state.statistics.failed =
                    self.store.state.statistics.failed.saturating_add(1);
                let text = ended.to_string();
                if heartbeat {
                    // The next one comes by its own timer.
                    let next = self.schedule.heartbeat().unwrap_or(now.instant);
                    let next = Seconds(next.saturating_duration_since(now.instant));
                    warn!("heartbeat failed: reason={text:?} wait_seconds={next}");
                } else {
                    self.session_failed(&running, &ended, &text, now);
                }
                if ended.is_unreachable() {
                    self.acs_unreachable(now);
                }
                Err(text)
            }
        };
        self.save(now);
        self.answer_waiting(&outcome);
        self.last_session = Some(LastSession {
            started: running.started,
            ended: now,
            outcome,
        });
        self.after_session(heartbeat, now);
    }

    /// The events of the queue were not delivered: a retry comes, and no heartbeat before it.
    fn session_failed(&mut self, running: &Running, ended: &Ended, text: &str, now: Now) {
        // VN-08: every other try in the oldest namespace, for an ACS that knows no other. A heartbeat may be refused for
        // what it is, and is not tried again.
        self.offer_older = ended.suggests_older_version() && !self.offer_older;
        self.queue.on_failure();
        if running.talk.is_none() && !self.triggered {
            // EV-09: not even the connection came about, but that was its try.
            self.queue.discard(EventCode::ConnectionRequest);
        }
        self.plan_retry(running, ended, text, now);
        self.heartbeat_wanted &= self.schedule.retry().is_none();
    }

    /// What wanted this session is gone (a change that was taken back): there was none.
    pub(in crate::agent) fn call_off_session(&mut self, now: Now) {
        info!("session called off: nothing to report");
        self.session = None;
        self.connection.close();
        self.store.state.retry = Retry::default();
        self.save(now);
        self.answer_waiting(&Err("there is nothing to report".to_owned()));
        self.after_session(false, now);
    }

    /// TR-069 3.2.1.1: the wait is drawn once, logged, persisted and shown as it is. A session is retried for the events
    /// that it did not deliver, and, once its Inform was taken, for the ACS's requests, which it cut short.
    fn plan_retry(&mut self, running: &Running, ended: &Ended, text: &str, now: Now) {
        let informed = running.informed || self.store.state.retry.informed;
        if self.queue.is_empty() && !informed {
            // A connection request alone is never retried (EV-09).
            self.store.state.retry = Retry::default();
            warn!("session failed: reason={text:?}");
            return;
        }
        let count = self.store.state.retry.count.saturating_add(1);
        let mut wait = retry::wait(
            count,
            self.in_force.retry_minimum_wait.0,
            self.in_force.retry_multiplier.0,
            random::number(&mut self.random),
        );
        if let Ended::Http(
            HttpFailure::Status {
                retry_after: Some(after),
                ..
            },
            _,
        ) = ended
        {
            wait = wait.max(*after); // HT-19
        }
        let due_unix = now.date().map_or(0, |unix| {
            unix.saturating_add(i64::try_from(wait.as_secs()).unwrap_or(0))
        });
        self.store.state.retry = Retry {
            count,
            wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX),
            due_unix,
            informed,
            url: running.url.clone(),
        };
        self.schedule.set_retry(Some(now.instant + wait));
        warn!(
            "session failed: reason={text:?} retry={count} wait_seconds={}",
            Seconds(wait)
        );
    }
}
