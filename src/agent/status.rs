//! `cwmp status`: icwmp's keys, and why things are as they are.

use std::time::Instant;

use super::Agent;
use super::clock::Now;
use super::config::Discovery;
use super::dhcp::offer;
use crate::wire::data::Data;
use crate::wire::xsd::DateTime;

/// What follows from a clock that nobody has set.
pub(super) const CLOCK_NOT_SET: &str = "was never set: the ACS is told the unknown time, periodic sessions and heartbeats keep no phase";
/// Why nobody serves them.
pub(super) const CONNECTION_REQUESTS_OFF: &str =
    "they are switched off (cpe.http_connection_request_enable)";

/// How the last session went.
pub(super) struct LastSession {
    pub(super) started: Now,
    pub(super) ended: Now,
    /// The reason in words when it failed.
    pub(super) outcome: Result<(), String>,
}

impl Agent {
    /// The answer to `cwmp status` and, later, the ubus object's `status`.
    pub(super) fn status(&self, now: Now) -> Data<'static> {
        let at = |instant: Option<Instant>| instant.map(|i| time(now.unix_at(i)));
        let na = || "N/A".to_owned();
        let (state, started, ended, reason) = match (&self.session, &self.last_session) {
            (Some(running), _) => ("running", time(running.started.unix), na(), None),
            (None, Some(last)) => (
                if last.outcome.is_ok() {
                    "success"
                } else {
                    "failure"
                },
                time(last.started.unix),
                time(last.ended.unix),
                last.outcome.as_ref().err().cloned(),
            ),
            (None, None) => ("N/A", na(), na(), None),
        };
        let idle_reason = self.idle_reason();
        let next = [
            self.schedule.next_session(),
            self.wanted.then_some(now.instant),
        ]
        .into_iter()
        .flatten()
        .min()
        .filter(|_| idle_reason.is_none());
        // One timer is both: a boot has no count of retries (RT-05).
        let retrying = self.store.state.retry.count > 0;
        let wait = at(self.schedule.retry());
        let (retry, boot) = match retrying {
            true => (wait, None),
            false => (None, wait),
        };
        let statistics = &self.store.state.statistics;
        let text = |text: &str| Data::from(text.to_owned());
        let cwmp = Data::map([
            (
                "status",
                if self.stopping.is_some() {
                    "stopping"
                } else {
                    "up"
                }
                .into(),
            ),
            ("start_time", time(self.started.unix).into()),
            (
                "acs_url",
                text(self.in_force.url.as_deref().unwrap_or_default()),
            ),
            (
                "acs_url_source",
                self.in_force
                    .url
                    .as_ref()
                    .map(|_| self.in_force.url_source.word())
                    .into(),
            ),
            (
                "dhcp_acs_url",
                offer(&self.config, &self.store.state.dhcp).url.into(),
            ),
            ("idle_reason", idle_reason.into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
            (
                "clock",
                now.date().is_none().then_some(CLOCK_NOT_SET).into(),
            ),
            ("data_model", self.model_name().into()),
            ("value_changes", self.how_changes_are_noticed().into()),
            (
                "connection_request_error",
                self.listen_error.as_deref().map(text).into(),
            ),
            (
                "connection_request_disabled",
                (!self.config.connection_request.enable)
                    .then_some(CONNECTION_REQUESTS_OFF)
                    .into(),
            ),
            (
                "connection_request_url",
                text(self.management_server.borrow().get("ConnectionRequestURL")),
            ),
        ]);
        let last_session = Data::map([
            ("status", state.into()),
            ("start_time", started.into()),
            ("end_time", ended.into()),
            ("reason", reason.into()),
            (
                "state",
                self.session.as_ref().map(|running| running.state()).into(),
            ),
        ]);
        let next_session = Data::map([
            ("status", "waiting".into()),
            ("start_time", at(next).unwrap_or_else(na).into()),
            ("end_time", na().into()),
            ("retry_count", self.store.state.retry.count.into()),
            ("retry", retry.into()),
            ("boot_delay", boot.into()),
            ("periodic", at(self.schedule.periodic()).into()),
            ("heartbeat", at(self.schedule.heartbeat()).into()),
            ("scheduled", at(self.schedule.next_scheduled()).into()),
            ("value_change", at(self.schedule.notification()).into()),
        ]);
        let statistics = Data::map([
            ("success_sessions", statistics.succeeded.into()),
            ("failure_sessions", statistics.failed.into()),
            ("total_sessions", statistics.sessions.into()),
        ]);
        Data::map([
            ("cwmp", cwmp),
            ("last_session", last_session),
            ("next_session", next_session),
            ("statistics", statistics),
            ("events", Data::List(self.events())),
        ])
    }

    /// Who notices that a value has changed that the ACS wants to know of.
    fn how_changes_are_noticed(&self) -> String {
        let notify = &self.config.cpe.periodic_notify;
        if self.model.backend().tells_changes() {
            "the data model tells of them".to_owned()
        } else if notify.enable {
            format!("looked for every {} s", notify.interval)
        } else {
            "looked for at 'cwmp notify' only (cpe.periodic_notify_enable)".to_owned()
        }
    }

    /// The undelivered events.
    pub(super) fn events(&self) -> Vec<Data<'static>> {
        self.queue
            .iter()
            .map(|event| {
                Data::map([
                    ("event", event.code.text().into()),
                    ("command_key", event.command_key.clone().into()),
                ])
            })
            .collect()
    }

    /// Why no session will come by itself; `None` when one may.
    pub(super) fn idle_reason(&self) -> Option<&'static str> {
        if self.in_force.url.is_none() {
            Some(match self.config.acs.dhcp_discovery {
                Discovery::Disable => "no acs url is configured (acs.url)",
                _ => "no acs url is configured (acs.url), and dhcp has given none",
            })
        } else if !self.config.cpe.enable {
            Some("cwmp is disabled (cpe.enable)")
        } else {
            None
        }
    }
}

fn time(unix: i64) -> String {
    DateTime::from_unix(unix, 0).to_string()
}
