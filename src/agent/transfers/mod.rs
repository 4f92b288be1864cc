//! Download, Upload and ScheduleDownload: from the order in the state to the TransferComplete in its outbox (TR-069
//! A.3.2.8, A.4.1.5, A.4.1.8, A.3.3.2). One at a time, in the order in which they come due.
//!
//! What moves bytes is a child process ([`crate::jobs::job`]), what acts on the device a hook; this room only says which,
//! and keeps the books:
//!
//! ```text
//! Waiting → (asked: idle? confirmed?) → moving → (firmware: checked) → Applying → report
//!    ↑________ a try that failed, a restart of the daemon ____|           ↓
//!                                                    firmware: Booted → report
//! ```
//!
//! What was only fetched is fetched again after a restart. From `Applying` on, which is on disk before the hook starts,
//! nothing is done twice. The report takes the transfer's place in one write of the state.

mod apply;
mod fetch;
mod order;
mod outbox;
mod window;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mio::{Registry, Token};

use super::clock::Now;
use super::state::{Stage, Transfer};
use super::{Agent, WHO_TRANSFER, files};
use crate::cwmp::transfer::{Kind, WindowMode};
use crate::datamodel::{Code, Fault};
use crate::jobs::hook::Hook;
use crate::jobs::job::{Job, Progress};
use crate::say::{info, warn};
pub(super) use fetch::job_fault;
pub(super) use order::queued_transfers;
pub(super) use outbox::time;
use window::{Turn, after_delay, within};

/// Transfers that may wait at a time, those included that the ACS was not told of yet (DL-07 asks for three).
pub(super) const MAX_TRANSFERS: usize = 16;
/// How long after a hook said "not now" it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// The wait after the first try that failed; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest of them.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What is known of the transfers beside the state.
#[derive(Default)]
pub(super) struct Transfers {
    active: Option<Active>,
    clocks: Vec<Clock>,
    look_at: Option<Instant>,
}

/// The transfer that something is done for.
struct Active {
    id: u64,
    step: Step,
    /// Its window closes then.
    closes: Option<Instant>,
    since: Instant,
}

/// What is done for it.
enum Step {
    /// A hook says whether now is the time.
    Asking(Hook),
    /// A hook makes the file that is to go up.
    Making(Hook),
    /// The file moves.
    Moving(Job, Progress),
    /// A hook looks at a firmware image.
    Checking(Hook),
    /// It is there, and waits for a session to end.
    Fetched,
    /// A hook applies it.
    Applying(Hook),
    /// The device goes down for its new firmware, by then at the latest.
    Leaving(Instant),
}

/// How long ago a transfer was ordered.
struct Clock {
    id: u64,
    since: Instant,
    /// Seconds before that.
    before: u64,
    /// Not to be tried earlier.
    not_before: Option<Instant>,
}

impl Step {
    fn hook(&mut self) -> Option<&mut Hook> {
        match self {
            Step::Asking(hook)
            | Step::Making(hook)
            | Step::Checking(hook)
            | Step::Applying(hook) => Some(hook),
            _ => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Step::Asking(_) => "asking",
            Step::Making(_) => "making the file",
            Step::Moving(..) => "moving",
            Step::Checking(_) => "checking",
            Step::Fetched => "fetched",
            Step::Applying(_) => "applying",
            Step::Leaving(_) => "restarting",
        }
    }

    /// It acts on the device: no session meanwhile, and no way back.
    fn is_applying(&self) -> bool {
        matches!(self, Step::Applying(_) | Step::Leaving(_))
    }
}

impl Transfers {
    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let step = self.active.as_ref().and_then(|active| match &active.step {
            Step::Asking(hook)
            | Step::Making(hook)
            | Step::Checking(hook)
            | Step::Applying(hook) => hook.deadline(),
            Step::Moving(job, _) => job.deadline(),
            Step::Fetched => None,
            Step::Leaving(at) => Some(*at),
        });
        let closes = self
            .active
            .as_ref()
            .filter(|active| !active.step.is_applying())
            .and_then(|active| active.closes);
        // While one is active no other one starts.
        let next = self.look_at.filter(|_| self.active.is_none());
        [step, closes, next].into_iter().flatten().min()
    }

    /// Something acts on the device.
    pub(super) fn is_applying(&self) -> bool {
        let active = self.active.as_ref();
        active.is_some_and(|active| active.step.is_applying())
    }

    /// A child has said something (its token), or ended, or time has passed.
    pub(super) fn wake(&mut self, token: Option<Token>, now: Instant, registry: &Registry) {
        let Some(active) = &mut self.active else {
            return;
        };
        if let Step::Moving(job, _) = &mut active.step {
            if let Some(token) = token {
                job.ready(token, now, registry);
            }
            job.timeout(now, registry);
        } else if let Some(hook) = active.step.hook() {
            if let Some(token) = token {
                hook.ready(token, now, registry);
            }
            hook.timeout(now, registry);
        }
    }

    /// What has not begun to act on the device is broken off: another day it begins anew.
    pub(super) fn break_off(&mut self) {
        if !self.is_applying() {
            self.active = None;
        }
    }

    fn clock(&mut self, id: u64) -> Option<&mut Clock> {
        self.clocks.iter_mut().find(|clock| clock.id == id)
    }
}

impl Agent {
    /// Puts the transfers of the state on the clock, after a start.
    pub(super) fn restore_transfers(&mut self, now: Now) {
        let mut interrupted = Vec::new();
        for transfer in &self.store.state.transfers {
            let before = match now.date() {
                Some(date) if transfer.made_unix > 0 => {
                    u64::try_from(date.saturating_sub(transfer.made_unix)).unwrap_or(0)
                }
                _ => 0,
            };
            self.transfers.clocks.push(Clock {
                id: transfer.id,
                since: now.instant,
                before,
                not_before: None,
            });
            if transfer.stage == Stage::Applying {
                if apply::reboots(transfer) {
                    self.transfers.active = Some(Active {
                        id: transfer.id,
                        step: Step::Leaving(now.instant + apply::FIRMWARE_LIMIT),
                        closes: None,
                        since: now.instant,
                    });
                } else {
                    interrupted.push(transfer.id);
                }
            }
        }
        for id in interrupted {
            let text = "interrupted while it was applied: whether it is in force is not known";
            self.finish_transfer(id, Err(Fault::internal(text)), now);
        }
    }

    /// Takes the transfers on: what was begun, then the next that is due.
    pub(super) fn drive_transfers(&mut self, now: Now, registry: &Registry) {
        self.transfers.wake(None, now.instant, registry);
        if let Some(active) = self.transfers.active.take() {
            self.transfers.active = self.carry_on(active, now, registry);
        }
        let free = self.session.is_none() && self.hook.is_none() && !self.hook_wanted;
        if self.transfers.active.is_some() {
            return;
        }
        // What is in the way now leads here again when it is gone.
        self.transfers.look_at = None;
        if free && self.stopping.is_none() {
            self.next_transfer(now, registry);
        }
    }

    fn transfer(&mut self, id: u64) -> Option<&mut Transfer> {
        let mut transfers = self.store.state.transfers.iter_mut();
        transfers.find(|transfer| transfer.id == id)
    }

    /// Where its file is meanwhile.
    fn transfer_file(&self, id: u64) -> PathBuf {
        let folder = self.root.join(files::TRANSFERS_DIR);
        folder.join(format!("transfer-{id}"))
    }

    /// Starts what is due first; notes when to look again.
    fn next_transfer(&mut self, now: Now, registry: &Registry) {
        for index in 0..self.store.state.transfers.len() {
            let Some(transfer) = self.store.state.transfers.get(index) else {
                return;
            };
            if transfer.stage != Stage::Waiting {
                continue;
            }
            let id = transfer.id;
            let Some(clock) = self.transfers.clocks.iter().find(|clock| clock.id == id) else {
                continue;
            };
            let seconds = now.instant.saturating_duration_since(clock.since).as_secs();
            let not_before = clock.not_before.filter(|at| *at > now.instant);
            let elapsed = clock.before.saturating_add(seconds);
            let turn = match transfer.order.kind {
                Kind::ScheduleDownload => within(&transfer.order.windows, transfer.window, elapsed),
                _ => after_delay(transfer.order.delay, elapsed),
            };
            let again = match (turn, not_before) {
                (Turn::Wait(seconds), _) => now.after(seconds),
                (Turn::Go { window, .. }, Some(at)) => {
                    let closes = window.map(|(_, seconds)| now.after(seconds));
                    closes.map_or(at, |closes| closes.min(at))
                }
                (Turn::Go { mode, window, .. }, None) => {
                    self.moved = true;
                    let closes = window.map(|(_, seconds)| now.after(seconds));
                    if let (Some((window, _)), Some(transfer)) = (window, self.transfer(id))
                        && transfer.window != window
                    {
                        (transfer.window, transfer.failures) = (window, 0);
                    }
                    return self.begin_transfer(id, mode, closes, now, registry);
                }
                (Turn::Over, _) => {
                    self.moved = true;
                    let text = "not done within its time windows";
                    return self.finish_transfer(id, Err(Fault::new(Code::TIME_WINDOW, text)), now);
                }
            };
            let look_at = &mut self.transfers.look_at;
            *look_at = Some(look_at.map_or(again, |at| at.min(again)));
        }
    }

    /// Its time has come: asks who is to be asked first, or starts at once.
    fn begin_transfer(
        &mut self,
        id: u64,
        mode: WindowMode,
        closes: Option<Instant>,
        now: Now,
        registry: &Registry,
    ) {
        let step = match mode {
            WindowMode::AtAnyTime | WindowMode::Immediately => self.start_moving(id, now, registry),
            WindowMode::WhenIdle => self
                .start_hook(WHO_TRANSFER, "idle", &[], now, registry)
                .map(Step::Asking),
            WindowMode::ConfirmationNeeded => {
                let arguments = self.transfer(id).map_or_else(Vec::new, |transfer| {
                    let window = transfer.order.windows.get(transfer.window as usize);
                    let message = window.map(|window| window.user_message.clone());
                    vec![
                        transfer.order.command_key.clone(),
                        message.unwrap_or_default(),
                    ]
                });
                let hook =
                    self.start_hook(WHO_TRANSFER, "confirm-download", &arguments, now, registry);
                hook.map(Step::Asking)
            }
        };
        match step {
            Ok(step) => {
                self.transfers.active = Some(Active {
                    id,
                    step,
                    closes,
                    since: now.instant,
                });
            }
            Err(fault) => self.try_failed(id, fault, now),
        }
    }

    /// Goes on with what has come of the last step; `None`: the transfer is not active any more.
    fn carry_on(&mut self, mut active: Active, now: Now, registry: &Registry) -> Option<Active> {
        let id = active.id;
        let applying = active.step.is_applying();
        if self.transfer(id).is_none() {
            // Cancelled (DL-25).
            self.remove_files(id);
            self.moved = true;
            return None;
        }
        if !applying && active.closes.is_some_and(|at| at <= now.instant) {
            if let Some(transfer) = self.transfer(id) {
                (transfer.window, transfer.failures) = (transfer.window.saturating_add(1), 0);
            }
            warn!("transfer broken off: id={id} reason=\"its time window is over\"");
            self.remove_files(id);
            self.save(now);
            self.moved = true;
            return None;
        }
        let next = match active.step {
            Step::Asking(mut hook) => match hook.take() {
                None => Ok(Step::Asking(hook)),
                Some(Ok(())) => self.start_moving(id, now, registry),
                Some(Err(failure)) if failure.status() == Some(2) => {
                    let text = "the user refuses it (hook confirm-download)";
                    self.finish_transfer(id, Err(Fault::new(Code::REQUEST_DENIED, text)), now);
                    self.moved = true;
                    return None;
                }
                Some(Err(_)) => {
                    self.put_off(id, now.instant + ASK_AGAIN);
                    self.moved = true;
                    return None;
                }
            },
            Step::Making(mut hook) => match hook.take() {
                None => Ok(Step::Making(hook)),
                Some(result) => self.made(id, result, now, registry),
            },
            Step::Moving(mut job, mut progress) => match job.take() {
                None => {
                    progress = job.take_progress().unwrap_or(progress);
                    Ok(Step::Moving(job, progress))
                }
                Some(Ok(_)) => self.fetched(id, now, registry),
                Some(Err(failure)) => {
                    let upload = self.transfer(id).map(|transfer| transfer.order.kind);
                    Err(job_fault(failure, upload == Some(Kind::Upload)))
                }
            },
            Step::Checking(mut hook) => match hook.take() {
                None => Ok(Step::Checking(hook)),
                Some(result) => apply::checked(result).map(|()| Step::Fetched),
            },
            Step::Fetched if self.session.is_some() => Ok(Step::Fetched),
            Step::Fetched => self.apply(id, now, registry),
            Step::Applying(mut hook) => match hook.take() {
                None => Ok(Step::Applying(hook)),
                Some(result) => match self.applied(id, result, now) {
                    Some(step) => Ok(step),
                    None => return None,
                },
            },
            Step::Leaving(at) if now.instant < at => Ok(Step::Leaving(at)),
            Step::Leaving(_) => {
                let text = "the device did not restart with the new firmware";
                self.finish_transfer(id, Err(Fault::new(Code::FILE_CORRUPTED, text)), now);
                self.moved = true;
                return None;
            }
        };
        match next {
            Ok(step) => {
                active.step = step;
                Some(active)
            }
            Err(_) if self.transfer(id).is_none() => None, // `fetched` has finished it
            Err(fault) => {
                self.try_failed(id, fault, now);
                None
            }
        }
    }

    /// One try went wrong: another one follows, in this window or the next, or the transfer has failed.
    fn try_failed(&mut self, id: u64, fault: Fault, now: Now) {
        self.moved = true;
        if fault.code == Code::FILE_CORRUPTED {
            // Of anything else the next try goes on with what is there.
            self.remove_files(id);
        }
        let Some(transfer) = self.transfer(id) else {
            return;
        };
        let window = transfer.order.windows.get(transfer.window as usize);
        let applying = transfer.stage != Stage::Waiting;
        let (Some(window), false) = (window, applying) else {
            return self.finish_transfer(id, Err(fault), now);
        };
        transfer.failures = transfer.failures.saturating_add(1);
        let used_up = u32::try_from(window.max_retries).is_ok_and(|most| transfer.failures > most);
        if used_up {
            let last = transfer.window as usize + 1 >= transfer.order.windows.len();
            if last {
                return self.finish_transfer(id, Err(fault), now);
            }
            (transfer.window, transfer.failures) = (transfer.window.saturating_add(1), 0);
            warn!(
                "transfer try failed: id={id} fault={} reason={:?} next=window",
                fault.code.0, fault.text
            );
        } else {
            let doubled =
                FIRST_WAIT.saturating_mul(1 << transfer.failures.min(8).saturating_sub(1));
            let wait = doubled.min(LONGEST_WAIT);
            info!(
                "transfer try failed: id={id} fault={} reason={:?} wait_seconds={}",
                fault.code.0,
                fault.text,
                wait.as_secs()
            );
            self.put_off(id, now.instant + wait);
        }
        self.save(now);
    }

    fn put_off(&mut self, id: u64, at: Instant) {
        if let Some(clock) = self.transfers.clock(id) {
            clock.not_before = Some(at);
        }
    }
}
