//! How an agent comes to life.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use mio::Registry;

use super::clock::{Now, Seconds};
use super::config::{BackendKind, Config};
use super::dhcp::in_force;
use super::management_server::{Own, gateway_info, management_server};
use super::schedule::Schedule;
use super::state::{Deferred, StateFile};
use super::status::{CLOCK_NOT_SET, CONNECTION_REQUESTS_OFF};
use super::surroundings::Surroundings;
use super::{Agent, WHO_ACS, WHO_ADDRESSES, WHO_CLOCK, compress, files};
use crate::backend::Backend;
use crate::backend::exec::Exec;
use crate::backend::profile::Profile;
use crate::cwmp::event::{Event, EventCode};
use crate::datamodel::mounts::Mounted;
use crate::net::addresses::Watch;
use crate::net::clock_watch::ClockWatch;
use crate::net::http::AcsConnection;
use crate::net::random;
use crate::net::reactor::token;
use crate::say::{debug, error, info, warn};

/// The profile that comes with the package.
const DEFAULT_PROFILE: &str = "tr181-gateway.toml";

/// Why an agent cannot start: there is nothing to be a CPE of.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

impl Agent {
    /// Brings a CPE to life on this machine, below `root`, with a configuration that was read from `config_path`.
    pub fn new(
        root: files::Root,
        config_path: PathBuf,
        config: Config,
        now: Now,
        registry: &Registry,
    ) -> Result<Agent, StartError> {
        Agent::within(
            Surroundings::default(),
            root,
            config_path,
            config,
            now,
            registry,
        )
    }

    /// The same, in these surroundings.
    pub fn within(
        surroundings: Surroundings,
        root: files::Root,
        config_path: PathBuf,
        config: Config,
        now: Now,
        registry: &Registry,
    ) -> Result<Agent, StartError> {
        let state_path = root.join(files::STATE);
        let (store, damage) = StateFile::load(&state_path);
        if let Some(damage) = damage {
            error!("state set aside: {damage}");
        }
        let mut backend = open_backend(&root, &config, now)?;
        if let Err(reason) = backend.restore(&store.state.backend) {
            error!("data model values lost: reason=\"{reason}\"");
        }
        let (model, management_server) = mounted(backend);
        let connection = AcsConnection::new(
            token(WHO_ACS, 0),
            super::reach::connection_settings(&root, &config),
            surroundings.dial,
            now.instant,
        );
        let mut agent = Agent {
            queue: store.state.events.clone(),
            compression: compress::Compression::new(config.acs.compression),
            root,
            config_path,
            in_force: Default::default(),
            config,
            store,
            model,
            management_server,
            gateway_info: Rc::new(RefCell::new(gateway_info())),
            backend_generation: None,
            work: Default::default(),
            schedule: Schedule::default(),
            wanted: false,
            heartbeat_wanted: false,
            triggered: false,
            watch: Default::default(),
            check_after_session: false,
            look_at: None,
            import_wanted: true,
            ask_rpc_methods: false,
            session: None,
            connection,
            to_send: false,
            moved: false,
            turn_again: None,
            last_session: None,
            last_session_end: None,
            last_inform: None,
            inform_lists: Default::default(),
            identity_pins: Default::default(),
            offer_older: false,
            connreq: None,
            listen_again: None,
            listen_error: None,
            listen_wanted: false,
            configure_wanted: false,
            address_watch: None,
            clock_watch: None,
            listen: surroundings.listen,
            spawn: surroundings.spawn,
            program: surroundings.program,
            random: surroundings.random,
            hook: None,
            hook_wanted: false,
            transfers: Default::default(),
            software: None,
            dhcp: Default::default(),
            reload_wanted: false,
            stopping: None,
            state_unwritten: false,
            started: now,
            trace: Default::default(),
            waiting_for_session: Vec::new(),
            replies: Vec::new(),
        };
        agent.come_up(now, registry);
        Ok(agent)
    }

    fn come_up(&mut self, now: Now, registry: &Registry) {
        match Watch::new(registry, token(WHO_ADDRESSES, 0)) {
            Ok(watch) => self.address_watch = Some(watch),
            Err(e) => warn!("address changes are noticed at the next session only: reason=\"{e}\""),
        }
        match ClockWatch::new(registry, token(WHO_CLOCK, 0)) {
            Ok(watch) => self.clock_watch = Some(watch),
            Err(e) => warn!("a clock that is set is noticed late: reason=\"{e}\""),
        }
        self.finish_config_write(now);
        self.take_left_commands(now);
        self.in_force = in_force(&self.config, &self.store.state.dhcp);
        let mut config = std::mem::take(&mut self.config);
        self.number_inform_parameters(&mut config);
        self.config = config;
        self.make_connection_request_secrets();
        let booted = self.notice_boot();
        self.restore_schedule(now);
        self.restore_transfers(now);
        // Before anything looks for changed values: one that waits for the retry is no reason for a session now.
        self.resume_retry(now);
        self.apply_config(now, registry);
        self.hook_wanted = self.store.state.deferred != Deferred::default();
        if let Some(reason) = self.idle_reason() {
            info!("idle: reason=\"{reason}\"");
        } else if !self.config.connection_request.enable {
            info!("connection requests are not served: reason=\"{CONNECTION_REQUESTS_OFF}\"");
        }
        if now.date().is_none() {
            info!("the clock {CLOCK_NOT_SET}");
        }
        // A value change alone is found again below, and waits as long as it must (NO-07).
        let waits = self.queue.iter().any(|e| e.code != EventCode::ValueChange);
        if waits && self.schedule.retry().is_none() {
            self.trigger();
        }
        if booted {
            self.delay_first_session(now);
        }
        self.save(now);
        self.want_check(now);
    }

    /// LS-01: of many devices that have power again, not all are to call at once. What happens meanwhile does not wait,
    /// except changed values: an address that comes with the power is one.
    fn delay_first_session(&mut self, now: Now) {
        let most = u64::from(self.config.cpe.boot_random_delay) * 1000;
        if most == 0 || !std::mem::take(&mut self.wanted) {
            return;
        }
        let wait = Duration::from_millis(random::number(&mut self.random) % (most + 1));
        info!("booted: wait_seconds={}", Seconds(wait));
        self.schedule.set_retry(Some(now.instant + wait));
        // What has changed since the device was last up goes along.
        self.schedule.clear_notification();
    }

    /// A power cut came between the state and the configuration file: the state holds what the ACS was promised.
    fn finish_config_write(&mut self, now: Now) {
        let pending = self.store.state.pending_config.clone();
        if pending.is_empty() {
            return;
        }
        let done = match self.write_config() {
            Ok(()) => true,
            Err(e) => {
                error!("configuration not written: reason=\"{e}\"");
                // One that cannot be edited in never will be: it must not be tried at each start.
                e.step == "edit"
            }
        };
        for [section, option, value] in &pending {
            if let Err(text) = self.config.set(section, option, value) {
                error!("value not in force: {text}");
            }
        }
        if done {
            self.store.state.pending_config.clear();
            self.save(now);
        }
    }

    /// EV-08: a boot is told from a restart of the daemon by the kernel's boot id. Says whether it was one.
    fn notice_boot(&mut self) -> bool {
        // A root of its own (`--root`) seldom has a /proc; the kernel is the same.
        let id = files::read_capped(&self.root.join(files::BOOT_ID), 128)
            .or_else(|_| files::read_capped(files::BOOT_ID.as_ref(), 128));
        let id = match id {
            Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
            Err(e) => {
                warn!("boot cannot be told from a restart: reason=\"{e}\"");
                String::new()
            }
        };
        let state = &mut self.store.state;
        let booted = if id.is_empty() {
            // Then only the very first start counts as a boot, and one after an order to boot: taken for a restart
            // it would have that order carried out again, at each start.
            state.boot_id.is_empty() || state.deferred != Deferred::default()
        } else {
            state.boot_id != id
        };
        if booted {
            debug!("the device has booted: boot_id={id}");
            state.boot_id = if id.is_empty() {
                "unknown".to_owned()
            } else {
                id
            };
            // RT-05: the retry count and pattern start again after a reboot.
            state.retry = Default::default();
            self.booted();
        }
        booted
    }

    /// EV-05: `0 BOOTSTRAP` for an ACS that has not confirmed one. It discards what waited for another ACS, but not a boot.
    pub(super) fn notice_new_acs(&mut self) {
        let Some(url) = &self.in_force.url else {
            return;
        };
        let state = &self.store.state;
        // What is retried is for another ACS: so is a bootstrap that waits.
        let moved = state.retry.count > 0 && state.retry.url != *url;
        let known = state.bootstrapped_url == *url || self.queue.contains(EventCode::Bootstrap);
        if known && !moved {
            return;
        }
        let boot: Vec<Event> = self
            .queue
            .iter()
            .filter(|e| matches!(e.code, EventCode::Boot | EventCode::MReboot))
            .cloned()
            .collect();
        info!("bootstrap: the acs url is new");
        self.queue.push(Event::new(EventCode::Bootstrap));
        self.store.state.reports.clear(); // EV-06: with their events
        for event in boot {
            self.queue.push(event);
        }
        self.store.state.retry = Default::default();
        self.schedule.set_retry(None);
        self.trigger();
    }

    /// The retry that waited when the daemon ended: what is left of the wait that was drawn.
    fn resume_retry(&mut self, now: Now) {
        let retry = &self.store.state.retry;
        if retry.count == 0 || self.queue.is_empty() && !retry.informed {
            return;
        }
        let whole = Duration::from_millis(retry.wait_ms.into());
        let left = match now.date() {
            Some(date) if retry.due_unix > 0 => {
                Duration::from_secs(u64::try_from(retry.due_unix.saturating_sub(date)).unwrap_or(0))
                    .min(whole)
            }
            _ => whole,
        };
        info!(
            "session retry resumed: retry={} wait_seconds={}",
            retry.count,
            Seconds(left)
        );
        self.schedule.set_retry(Some(now.instant + left));
    }

    /// Puts the configuration in force: everything that does not need a new backend.
    fn apply_config(&mut self, now: Now, registry: &Registry) {
        self.read_inform_lists();
        self.apply_values(now);
        self.configure_connection();
        self.listen(now, registry);
    }
}

/// The whole data model: the backend with the daemon's own object mounted over it.
pub(super) fn mounted(backend: Box<dyn Backend>) -> (Mounted<dyn Backend>, Rc<RefCell<Own>>) {
    let management_server = Rc::new(RefCell::new(management_server(backend.root())));
    let mut model = Mounted::new(backend);
    let prefix = management_server.borrow().prefix().to_owned();
    model.mount(&prefix, Box::new(Rc::clone(&management_server)));
    (model, management_server)
}

/// The profile of the backend `profile`.
pub(super) fn profile_path(root: &files::Root, config: &Config) -> PathBuf {
    match &config.cpe.backend.profile {
        Some(path) => root.join(path),
        None => root.join(Path::new(files::PROFILES_DIR).join(DEFAULT_PROFILE)),
    }
}

pub(super) fn open_backend(
    root: &files::Root,
    config: &Config,
    now: Now,
) -> Result<Box<dyn Backend>, StartError> {
    let wanted = &config.cpe.backend;
    match wanted.kind {
        BackendKind::Profile => {
            let profile = Profile::load(&profile_path(root, config))
                .map_err(|e| StartError(format!("cpe.profile: {e}")))?;
            Ok(Box::new(profile))
        }
        BackendKind::Exec => {
            let program = wanted
                .program
                .as_ref()
                .ok_or_else(|| StartError("cpe.backend: exec needs the option exec".into()))?;
            Ok(Box::new(Exec::new(
                wanted.root,
                root.join(program),
                wanted.arguments.clone(),
                Duration::from_secs(wanted.timeout.into()),
                now.instant,
            )))
        }
    }
}
