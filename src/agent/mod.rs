//! One CPE's life: configuration, persistent state, event queue, schedule, sessions, deferred work.
//!
//! An [`Agent`] owns everything that makes a device a CPE and runs on the loop that it is handed: it names its next
//! [`Agent::deadline`], is told when a source is [`Agent::ready`] or time has passed, and is then [`Agent::pump`]ed until
//! nothing moves. Nothing in it waits.
//!
//! | file | what |
//! |---|---|
//! | [`config`], [`files`], [`state`] | `/etc/config/cwmp`, paths and atomic writes, `state.toml` |
//! | `session`, `inform`, `compress` | a session, its Inform, the compression of what it sends |
//! | `promises`, `after` | what is kept before an answer leaves, what happens after the session |
//! | `notify`, `management_server`, `reach` | value changes, `ManagementServer.`, connection requests |
//! | `start`, `apply`, [`check`] | coming to life; the configuration in force; looking at it beforehand |
//! | [`dhcp`] | what DHCP says of the ACS, and when it counts |
//! | `schedule`, `clock` | when the next session is due |
//! | `software` | ChangeDUState |
//! | `transfers` | Download, Upload, ScheduleDownload, and TransferComplete |
//! | [`surroundings`] | network, programs and chance, as they are handed in |
//! | `work`, `requests` | who may use the data model now; the command line's requests |
//! | [`command`], `commands`, `status`, `trace` | what the control socket asks |

mod after;
mod apply;
pub mod check;
pub mod clock;
pub mod command;
mod commands;
mod compress;
pub mod config;
pub mod dhcp;
pub mod files;
mod inform;
mod management_server;
mod notify;
mod promises;
mod reach;
mod requests;
mod schedule;
mod session;
mod software;
mod start;
pub mod state;
mod status;
pub mod surroundings;
mod trace;
mod transfers;
mod work;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use mio::{Registry, Token};

pub use reach::connection_settings;
pub use start::StartError;

use crate::backend::Backend;
use crate::connreq::{Listen, Listener};
use crate::cwmp::event::{Event, EventCode, EventQueue};
use crate::cwmp::{DeviceId, InformParameter};
use crate::datamodel::mounts::Mounted;
use crate::jobs::child::Spawn;
use crate::jobs::hook::Hook;
use crate::net::addresses::Watch;
use crate::net::clock_watch::ClockWatch;
use crate::net::http::AcsConnection;
use crate::net::random;
use crate::net::reactor::{token, who};
use crate::say::{error, info, warn};
use crate::wire::data::Sorted;
use clock::Now;
use command::Reply;
use config::Config;
use management_server::Own;
use schedule::{Schedule, Trigger};
use state::StateFile;

/// Whose event it is: the high byte of the agent's tokens.
pub const WHO_ACS: u8 = 1;
/// Connection requests.
pub const WHO_CONNREQ: u8 = 2;
/// The backend's pipes.
pub const WHO_BACKEND: u8 = 3;
/// News of this machine's addresses.
pub const WHO_ADDRESSES: u8 = 4;
/// The output of a hook.
pub const WHO_HOOK: u8 = 5;
/// News that the wall clock was set.
pub const WHO_CLOCK: u8 = 6;
/// The output of the hook that asks DHCP.
pub const WHO_DHCP_HOOK: u8 = 7;
/// The child or hook of an operation on a deployment unit.
pub const WHO_SOFTWARE: u8 = 9;
/// The child or hook of a transfer.
pub const WHO_TRANSFER: u8 = 8;

/// Turns of [`Agent::pump`] in a row: a session with a fast ACS needs one for each message.
const MAX_TURNS: usize = 32;

/// One CPE.
pub struct Agent {
    root: files::Root,
    config_path: PathBuf,
    config: Config,
    /// What the configuration and DHCP come to.
    in_force: dhcp::InForce,
    store: StateFile,

    model: Mounted<dyn Backend>,
    management_server: Rc<RefCell<Own>>,
    gateway_info: Rc<RefCell<Own>>,
    backend_generation: Option<u64>,
    work: work::Work,

    queue: EventQueue,
    schedule: Schedule,
    /// A session is to start as soon as it can.
    wanted: bool,
    /// A heartbeat is due; it waits until nothing else wants a session.
    heartbeat_wanted: bool,
    /// Something asked for a session while one was running or a retry waits.
    triggered: bool,
    watch: notify::Watch,
    /// Look for value changes once the session is over.
    check_after_session: bool,
    /// Look for them then: the backend does not tell.
    look_at: Option<Instant>,
    /// `cpe.custom_notify_json` has not been looked at yet.
    import_wanted: bool,
    ask_rpc_methods: bool,

    session: Option<session::Running>,
    connection: AcsConnection,
    compression: compress::Compression,
    to_send: bool,
    /// This turn of [`Agent::pump`] got something done: another may get more.
    moved: bool,
    /// The turns of [`Agent::pump`] were used up.
    turn_again: Option<Instant>,
    last_session: Option<status::LastSession>,
    /// Heartbeats do not count.
    last_session_end: Option<Instant>,
    /// Who the device was and what it was forced to tell in the last Inform.
    last_inform: Option<(DeviceId, Vec<InformParameter>)>,
    /// More parameters for Informs, from files.
    inform_lists: inform::Lists,
    /// What of the backend's identity must read otherwise, by path.
    identity_pins: Sorted<String>,
    /// The next Inform is in the oldest namespace.
    offer_older: bool,

    connreq: Option<Box<dyn Listener>>,
    listen_again: Option<Instant>,
    /// Why they are not served.
    listen_error: Option<String>,
    /// The configuration has changed: the connection request server must follow.
    listen_wanted: bool,
    /// And so must the connection to the ACS, but not within a session.
    configure_wanted: bool,
    address_watch: Option<Watch>,
    clock_watch: Option<ClockWatch>,

    listen: Listen,
    spawn: Spawn,
    program: PathBuf,
    random: random::Source,
    hook: Option<Hook>,
    hook_wanted: bool,
    transfers: transfers::Transfers,
    software: Option<software::Step>,
    dhcp: dhcp::Discoverer,
    reload_wanted: bool,
    stopping: Option<Instant>,
    /// The state on disk is not the one in memory: the last write failed.
    state_unwritten: bool,
    started: Now,

    trace: trace::Trace,
    /// Who waits for the end of a session, and how many sessions end before.
    waiting_for_session: Vec<(u64, u32)>,
    replies: Vec<(u64, Reply)>,
}

impl Agent {
    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// When [`Agent::timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let session = self.session.as_ref().map(session::Running::deadline);
        // While a session runs, timers that lead to the next one wait for its end; only their events are queued then.
        [
            session,
            self.schedule.deadline(),
            self.connection.deadline(),
            self.connreq.as_ref().and_then(|server| server.deadline()),
            self.model.backend().deadline(),
            self.hook.as_ref().and_then(Hook::deadline),
            self.look_at,
            self.dhcp.deadline(),
            self.transfers.deadline(),
            self.software.as_ref().and_then(software::Step::deadline),
            self.listen_again,
            self.stopping,
            self.turn_again,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Time has passed.
    pub fn timeout(&mut self, now: Now, registry: &Registry) {
        self.connection.timeout(now.instant, registry);
        if let Some(server) = &mut self.connreq {
            server.timeout(now.instant, registry);
        }
        if self
            .model
            .backend()
            .deadline()
            .is_some_and(|at| at <= now.instant)
        {
            self.model.backend_mut().timeout(now.instant);
        }
        if let Some(hook) = &mut self.hook {
            hook.timeout(now.instant, registry);
        }
        self.dhcp.drive(now.instant, registry);
        if self.listen_again.is_some_and(|at| at <= now.instant) {
            self.listen(now, registry);
        }
        self.look(now);
        if self
            .session
            .as_ref()
            .is_some_and(|running| running.deadline() <= now.instant)
        {
            self.end_session(Err(session::Ended::TooLong), now);
        }
        for trigger in self.schedule.due(now) {
            self.timer(trigger, now);
        }
    }

    /// A source of the agent's is ready.
    pub fn ready(&mut self, at: Token, now: Now, registry: &Registry) {
        match who(at) {
            WHO_ACS => self.connection.ready(at, now.instant, registry),
            WHO_CONNREQ => {
                if let Some(server) = &mut self.connreq {
                    server.ready(at, now.instant, registry);
                }
            }
            WHO_BACKEND => self.model.backend_mut().ready(now.instant),
            WHO_ADDRESSES => self.addresses_changed(now),
            WHO_CLOCK if self.clock_watch.as_ref().is_some_and(ClockWatch::was_set) => {
                self.clock_was_set(now);
            }
            WHO_HOOK => {
                if let Some(hook) = &mut self.hook {
                    hook.ready(at, now.instant, registry);
                }
            }
            WHO_DHCP_HOOK => self.dhcp.drive(now.instant, registry),
            WHO_SOFTWARE => {
                if let Some(step) = &mut self.software {
                    step.wake(Some(at), now.instant, registry);
                }
            }
            WHO_TRANSFER => self.transfers.wake(Some(at), now.instant, registry),
            _ => {}
        }
    }

    /// Somebody has set the wall clock. Without being told, the agent notices when it is called next.
    pub fn clock_was_set(&mut self, now: Now) {
        info!("the clock was set");
        self.schedule.clock_was_set(now);
    }

    /// A child has ended (SIGCHLD).
    pub fn child_ended(&mut self, now: Now, registry: &Registry) {
        if let Some(hook) = &mut self.hook {
            hook.reap(now.instant, registry);
        }
        self.dhcp.drive(now.instant, registry);
        self.model.backend_mut().ready(now.instant);
    }

    /// Carries on until nothing moves. To be called after every batch of the calls above.
    pub fn pump(&mut self, now: Now, registry: &Registry) {
        // One thing leads to another: a reply to the next POST, the end of a session to the next one. The bound is for a
        // defect that would make this turn for ever; what is left over is taken up at once by the next turn.
        self.turn_again = None;
        for _ in 0..MAX_TURNS {
            self.moved = false;
            self.turn(now, registry);
            if !self.moved {
                return;
            }
        }
        warn!("the loop did not come to rest");
        self.turn_again = Some(now.instant);
    }

    fn turn(&mut self, now: Now, registry: &Registry) {
        self.take_connection_requests();
        self.take_backend_changes(now);
        self.arm_look(now);
        self.poll_work(now);
        self.apply_dhcp(now);
        self.receive(now);
        self.reload_if_wanted(now);
        self.follow_config(now, registry);
        self.open_session(now, registry);
        self.gather(now);
        self.send(now, registry);
        self.run_hook(now, registry);
        self.poll_hook(now);
        self.drive_transfers(now, registry);
        self.drive_software(now, registry);
        self.ask_dhcp(now, registry);
        let generation = self.model.backend().generation();
        if self.backend_generation != Some(generation) {
            self.backend_generation = Some(generation);
            let registered = self
                .model
                .backend_mut()
                .register(registry, token(WHO_BACKEND, 0));
            if let Err(e) = registered {
                error!("backend cannot be watched: reason=\"{e}\"");
            }
        }
    }

    /// Reads the configuration again as soon as neither a session nor a transaction relies on what it said.
    fn reload_if_wanted(&mut self, now: Now) {
        if self.reload_wanted && self.session.is_none() && !self.work.is_committing() {
            self.reload_wanted = false;
            self.moved = true;
            self.reload(now);
        }
    }

    /// Lets the sockets follow a changed configuration.
    fn follow_config(&mut self, now: Now, registry: &Registry) {
        if self
            .connreq
            .as_ref()
            .is_some_and(|server| !server.is_open())
        {
            self.connreq = None;
            self.listen_wanted = true;
        }
        if std::mem::take(&mut self.listen_wanted) {
            self.listen(now, registry); // CR-19: new credentials count for the next connection request
        }
        if self.session.is_none() && std::mem::take(&mut self.configure_wanted) {
            self.configure_connection();
        }
    }

    fn timer(&mut self, trigger: Trigger, now: Now) {
        match trigger {
            Trigger::Periodic => {
                self.queue.push(Event::new(EventCode::Periodic));
            }
            Trigger::Scheduled(key) => {
                // Its companion `3 SCHEDULED` comes along (EV-11); `keep_schedule` saw to it that there is room.
                self.queue
                    .push(Event::with_key(EventCode::MScheduleInform, &key));
                let orders = &self.store.state.scheduled_informs;
                // Several may have one key: the earliest of them is due.
                let order = (0..orders.len())
                    .filter(|i| orders.get(*i).is_some_and(|o| o.command_key == key))
                    .min_by_key(|i| orders.get(*i).map(|o| (o.due_unix, o.delay)));
                if let Some(index) = order {
                    self.store.state.scheduled_informs.remove(index);
                }
                self.save(now);
            }
            Trigger::Heartbeat => return self.heartbeat_due(),
            Trigger::Retry | Trigger::Notification => {}
        }
        self.trigger();
    }

    /// Something wants a session: now, or when the running one has ended.
    fn trigger(&mut self) {
        if self.session.is_some() {
            self.triggered = true;
        } else {
            self.wanted = true;
        }
    }

    /// Reads the configuration again: at once, or when the running session or transaction has ended. `false` when the file is broken.
    pub fn want_reload(&mut self, now: Now) -> bool {
        if self.session.is_some() || self.work.is_committing() {
            self.reload_wanted = true;
            return true;
        }
        self.reload(now)
    }

    /// Ends the agent: a running session may go on for a few seconds.
    pub fn stop(&mut self, now: Now) {
        if self.stopping.is_none() {
            info!(
                "stopping: session={}",
                if self.session.is_some() {
                    "running"
                } else {
                    "none"
                }
            );
            self.stopping = Some(now.instant + session::STOP_LIMIT);
        }
    }

    /// Whether the process may end. Aborts a session that took too long over it.
    pub fn stopped(&mut self, now: Now) -> bool {
        let Some(limit) = self.stopping else {
            return false;
        };
        if self.session.is_some() {
            if now.instant < limit {
                return false;
            }
            self.end_session(Err(session::Ended::Stopped), now);
        }
        self.transfers.break_off();
        self.store.state.events = self.queue.clone();
        if let Err(e) = self.store.flush() {
            error!("state not written: reason=\"{e}\"");
        }
        true
    }
}
