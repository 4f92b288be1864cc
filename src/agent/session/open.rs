//! From the wish for a session to its Inform.

use mio::Registry;

use super::{Ended, Running, Talk};
use crate::agent::Agent;
use crate::agent::clock::Now;
use crate::agent::work::Op;
use crate::cwmp::event::{Event, EventCode};
use crate::cwmp::{
    AcsRequest, DeviceId, Inform, InformParameter, Input, Session, Setup, Version, inform,
};
use crate::datamodel::Fault;
use crate::net::random;
use crate::say::{debug, info, warn};
use crate::wire::data::Sorted;
use crate::wire::http::{Credentials, Dialogue, Policy, Url};
use crate::wire::payload::Payload;
use crate::wire::xsd::DateTime;

impl Agent {
    /// Opens a session if there is reason and nothing speaks against it.
    pub(in crate::agent) fn open_session(&mut self, now: Now, registry: &Registry) {
        if !(self.wanted || self.heartbeat_wanted)
            || self.session.is_some()
            || self.stopping.is_some()
            // What was ordered for after the session comes before the next one.
            || self.hook_wanted
            || self.hook.is_some()
            || self.transfers.is_applying()
        {
            return;
        }
        if let Some(reason) = self.idle_reason() {
            self.heartbeat_wanted = false;
            return self.answer_waiting(&Err(reason.to_owned()));
        }
        let Some(url) = self.in_force.url.clone() else {
            return;
        };
        if !self.wanted && self.queue.contains(EventCode::Bootstrap) {
            // EV-05: what an ACS hears first of a device is that it is a new one.
            (self.wanted, self.heartbeat_wanted) = (true, false);
        }
        let heartbeat = !self.wanted;
        if heartbeat {
            self.heartbeat_wanted = false;
        } else {
            self.wanted = false;
            self.schedule.set_retry(None);
            self.schedule.clear_notification();
        }
        self.moved = true;
        self.trace.start();
        info!(
            "session starts: url={url} retry={}",
            self.store.state.retry.count
        );
        let target = Url::parse(&url);
        self.session = Some(Running {
            started: now,
            url,
            talk: None,
            gathering: false,
            reported: Vec::new(),
            heartbeat,
            bootstrap: false,
            informed: false,
            changed_before: Sorted::default(),
        });
        match target {
            Ok(target) => self.connection.connect(&target, now.instant, registry),
            Err(error) => self.end_session(Err(Ended::Url(error.to_string())), now),
        }
    }

    /// A heartbeat is due: it gets a session of its own (TR-069 Annex O). While a retry waits, the ACS is not to be
    /// asked (TR-069 3.2.1.1), and the events that wait come first: this one is left out, the next keeps its phase.
    pub(in crate::agent) fn heartbeat_due(&mut self) {
        if self.schedule.retry().is_some() {
            debug!("heartbeat left out: a session retry waits");
        } else {
            self.heartbeat_wanted = true;
        }
    }

    /// The connection stands: now the Inform can tell how the device is reached.
    pub(in crate::agent) fn gather(&mut self, now: Now) {
        let Some(running) = &mut self.session else {
            return;
        };
        if running.gathering || self.connection.local().is_none() {
            return;
        }
        running.gathering = true;
        self.moved = true;
        self.acs_reached();
        self.refresh_address(now);
        self.want_survey(now);
        self.submit(Op::Inform, now);
    }

    /// The Inform's values are in memory: builds it and begins.
    pub(in crate::agent) fn begin_session(&mut self, prepared: Result<(), Fault>, now: Now) {
        let Some(running) = &self.session else { return };
        let url = match Url::parse(&running.url) {
            Ok(url) => url,
            Err(error) => return self.end_session(Err(Ended::Url(error.to_string())), now),
        };
        if let Err(fault) = prepared {
            // An ACS that is told less is better than one that is told nothing: identity and the backend's forced
            // parameters are those of the last Inform.
            let Some(last) = self.last_inform.clone() else {
                return self.end_session(Err(Ended::Backend(fault)), now);
            };
            warn!(
                "inform without fresh values: reason={:?}",
                fault.to_string()
            );
            if !running.heartbeat {
                self.queue.discard(EventCode::ValueChange);
            }
            return self.send_inform(url, last, Vec::new(), now);
        }
        let heartbeat = running.heartbeat;
        self.pin_device_id();
        if heartbeat {
            let extra = self.extra_parameters(&[EventCode::Heartbeat]);
            let others: Vec<&str> = extra.iter().map(String::as_str).collect();
            let parameters = inform::parameters(&self.model, &others);
            return self.send_inform(url, (self.device_id(), parameters), Vec::new(), now);
        }
        if self.queue.contains(EventCode::Bootstrap) {
            // An ACS that meets the device for the first time learns everything anew.
            self.store.state.notified.clear();
        }
        self.settle_firmware(now);
        self.learn_values();
        let changed = self.changes_to_tell();
        // EV-15: 4 VALUE CHANGE exactly when a changed parameter is in the list.
        if changed.is_empty() {
            self.queue.discard(EventCode::ValueChange);
        } else {
            self.queue.push(Event::new(EventCode::ValueChange));
        }
        let device = self.device_id();
        let events: Vec<EventCode> = self.queue.iter().map(|event| event.code).collect();
        let extra = self.extra_parameters(&events);
        let mut others: Vec<&str> = changed.iter().map(|(path, _)| path.as_str()).collect();
        others.extend(extra.iter().map(String::as_str));
        let parameters = inform::parameters(&self.model, &others);
        self.last_inform = Some((device.clone(), parameters.clone()));
        self.send_inform(url, (device, parameters), changed, now);
    }

    fn send_inform(
        &mut self,
        url: Url,
        (device, parameters): (DeviceId, Vec<InformParameter>),
        reported: Vec<(String, String)>,
        now: Now,
    ) {
        let heartbeat = self
            .session
            .as_ref()
            .is_some_and(|running| running.heartbeat);
        let events = if heartbeat {
            vec![Event::new(EventCode::Heartbeat)]
        } else {
            self.queue.mark_sent()
        };
        // TR-069 A.3.3.1: all causes are listed, if there are any. The retry of a session whose Inform was taken has none,
        // and is there for the requests that the ACS could not make (3.2.1.1).
        if events.is_empty() && !self.store.state.retry.informed {
            return self.call_off_session(now);
        }
        let bootstrap = events.iter().any(|e| e.code == EventCode::Bootstrap);
        let codes: Vec<&str> = events.iter().map(|event| event.code.text()).collect();
        info!("inform: events=\"{}\"", codes.join(","));
        let credentials = Credentials {
            username: self.acs_username(&device),
            password: self.config.acs.password.expose().to_owned(),
        };
        let current_time = match now.date() {
            Some(unix) => DateTime::from_unix(unix, 0),
            None => DateTime::UNKNOWN,
        };
        let mut requests = match heartbeat {
            true => Vec::new(),
            false => self.reports(),
        };
        let asked = !heartbeat
            && (std::mem::take(&mut self.ask_rpc_methods) || self.config.acs.get_rpc_methods);
        if asked {
            requests.insert(0, AcsRequest::GetRpcMethods);
        }
        let session = Session::new(Setup {
            version: if self.offer_older {
                Version::V1_0
            } else {
                self.version()
            },
            inform: Inform {
                device,
                events,
                current_time,
                retry_count: self.store.state.retry.count,
                parameters,
            },
            session_timeout: (self.config.cpe.session_timeout > 0)
                .then_some(self.config.cpe.session_timeout),
            ids: random::number(&mut self.random),
            requests,
        });
        let dialogue = Dialogue::new(
            url,
            Some(credentials),
            Policy {
                basic_over_http: self.config.acs.basic_over_http,
                ..Policy::default()
            },
        );
        if let Some(running) = &mut self.session {
            running.reported = reported;
            running.bootstrap = bootstrap;
            running.talk = Some(Talk {
                session,
                dialogue,
                outgoing: Payload::default(),
                encoding: None,
            });
        }
        self.step(Input::Begin, now);
    }
}
