//! DHCP is asked again where the ACS is, when the one that it named cannot be reached (TR-069 3.1).

use std::time::{Duration, Instant};

use mio::Registry;

use super::{Source, offer};
use crate::agent::clock::Now;
use crate::agent::config::Discovery;
use crate::agent::state::LocatedBy;
use crate::agent::{Agent, WHO_DHCP_HOOK, files};
use crate::jobs::hook::Hook;
use crate::net::reactor::token;
use crate::say::{error, info, warn};

/// TR-069 3.1: an ACS to which no TCP connection could be made for so long is unreachable. DHCP is not asked more often.
const UNREACHABLE: Duration = Duration::from_secs(300);
/// The hook that asks DHCP; it gets the name of the WAN interface, if that is configured.
const RENEW: &str = "dhcp-renew";
/// How long it may take.
const RENEW_LIMIT: Duration = Duration::from_secs(60);

/// How the ACS and DHCP answer, since the daemon runs.
#[derive(Default)]
pub(in crate::agent) struct Discoverer {
    /// No TCP connection to the ACS came about since then.
    pub(super) unreachable: Option<Instant>,
    /// DHCP named an ACS last.
    pub(super) answered: Option<Instant>,
    /// DHCP was asked last.
    asked: Option<Instant>,
    /// It is to be asked.
    wanted: bool,
    hook: Option<Hook>,
    /// What it says, or how it counts, has changed.
    pub(super) changed: bool,
}

impl Discoverer {
    /// When [`Discoverer::drive`] is due.
    pub(in crate::agent) fn deadline(&self) -> Option<Instant> {
        self.hook.as_ref().and_then(Hook::deadline)
    }

    /// Drives the hook: time has passed, it said something, or it may have ended.
    pub(in crate::agent) fn drive(&mut self, now: Instant, registry: &Registry) {
        let Some(hook) = &mut self.hook else { return };
        hook.ready(token(WHO_DHCP_HOOK, 0), now, registry);
        hook.timeout(now, registry);
        if hook.take().is_some() {
            self.hook = None; // it has logged how it went
        }
    }
}

impl Agent {
    /// The ACS at `url` has taken an Inform.
    pub(in crate::agent) fn acs_answered(&mut self, url: &str) {
        let dhcp = &mut self.store.state.dhcp;
        if dhcp.located_by == LocatedBy::Nobody && self.in_force.url.as_deref() == Some(url) {
            dhcp.located_by = match self.in_force.url_source {
                Source::Dhcp => LocatedBy::Dhcp,
                Source::Configuration => LocatedBy::Configuration,
            };
        }
    }

    /// A TCP connection to the ACS came about.
    pub(in crate::agent) fn acs_reached(&mut self) {
        self.dhcp.unreachable = None;
    }

    /// No TCP connection to the ACS came about. TR-069 3.1: after a while DHCP is asked again where the ACS is, if it
    /// was what said so in the first place, even if the URL was set otherwise since (RT-10).
    pub(in crate::agent) fn acs_unreachable(&mut self, now: Now) {
        let since = *self.dhcp.unreachable.get_or_insert(now.instant);
        let source = self.in_force.url_source;
        let by_dhcp = source == Source::Dhcp
            || self.store.state.dhcp.located_by == LocatedBy::Dhcp
                && self.config.acs.dhcp_discovery != Discovery::Disable;
        if !by_dhcp || now.instant.duration_since(since) < UNREACHABLE {
            return;
        }
        let elsewhere = offer(&self.config, &self.store.state.dhcp).url;
        let answered = self.dhcp.answered.is_some_and(|at| at >= since);
        if source == Source::Configuration
            && answered
            && elsewhere.is_some()
            && elsewhere != self.in_force.url
        {
            // Asked again, DHCP has named another ACS, and this one still cannot be reached.
            warn!("acs given up: dhcp names another one");
            self.store.state.dhcp.url_given_up = self.in_force.url.clone().unwrap_or_default();
            self.dhcp.changed = true;
            return;
        }
        let recently = |at: Instant| now.instant.duration_since(at) < UNREACHABLE;
        if !self.dhcp.asked.is_some_and(recently) {
            self.dhcp.asked = Some(now.instant);
            self.dhcp.wanted = true;
        }
    }

    /// Asks DHCP again, if that is due.
    pub(in crate::agent) fn ask_dhcp(&mut self, now: Now, registry: &Registry) {
        if self.dhcp.hook.is_some() || !std::mem::take(&mut self.dhcp.wanted) {
            return;
        }
        self.moved = true;
        let path = self.root.join(files::HOOKS_DIR).join(RENEW);
        if !path.exists() {
            info!("dhcp is not asked for the acs: there is no hook {RENEW}");
            return;
        }
        let wan = self.config.cpe.wan_interface.as_str();
        let arguments = Some(wan).filter(|name| !name.is_empty());
        let started = Hook::start(
            &mut self.spawn,
            &path,
            arguments.as_slice(),
            RENEW_LIMIT,
            token(WHO_DHCP_HOOK, 0),
            now.instant,
            registry,
        );
        match started {
            Ok(hook) => self.dhcp.hook = Some(hook),
            Err(failure) => error!("hook failed: name={RENEW} reason=\"{failure}\""),
        }
    }
}
