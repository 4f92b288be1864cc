//! The device's power: on, until it is cut at a step of the writing of a file.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io;
use std::path::Path;

use cwmpd::agent::files::steps::{self, Step};

thread_local! {
    static OFF: Cell<bool> = const { Cell::new(false) };
    /// Steps until the end.
    static PLAN: Cell<Option<(u32, Ending)>> = const { Cell::new(None) };
    /// The step it fell on.
    static FELL: Cell<Option<Step>> = const { Cell::new(None) };
    /// The file that was replaced last, as it was before.
    static BEFORE: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
    static END: Cell<Ending> = const { Cell::new(Ending::Kill) };
}

/// Whether the device is without power. Nothing it does from then on reaches a disk or a wire.
pub fn is_off() -> bool {
    OFF.get()
}

/// Power is there, and nothing is planned. Watches the files of this thread from now on.
pub fn on() {
    restore();
    PLAN.set(None);
    steps::watch(Some(Box::new(step)));
}

/// Power is back; what is planned stays planned.
pub fn restore() {
    OFF.set(false);
}

/// Power fails at once.
pub fn cut() {
    OFF.set(true);
    FELL.set(None);
}

/// How the life of the process ends at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ending {
    /// The process dies, the device goes on.
    Kill,
    /// The power fails. What was not durable has made it to the disk nevertheless.
    Cut,
    /// The power fails, and what was not durable is lost.
    TornCut,
}

/// It ends at the `count`-th step from now, counted from 0.
pub fn end_after(count: u32, end: Ending) {
    PLAN.set(Some((count, end)));
    END.set(end);
}

/// Whether the last planned end was one of the device.
pub fn is_power_cut() -> bool {
    END.get() != Ending::Kill
}

/// The step that the last cut fell on, if it fell on one.
pub fn fell_on() -> Option<Step> {
    FELL.get()
}

fn step(path: &Path, step: Step) -> io::Result<()> {
    let gone = || Err(io::Error::other("the power is off"));
    if is_off() {
        return gone();
    }
    let Some((left, end)) = PLAN.get() else {
        return Ok(());
    };
    if step == Step::Synced {
        // The rename follows, which a cut may undo.
        BEFORE.set(fs::read(path).ok());
    }
    if left > 0 {
        PLAN.set(Some((left - 1, end)));
        return Ok(());
    }
    OFF.set(true);
    FELL.set(Some(step));
    PLAN.set(None);
    match end {
        Ending::Kill | Ending::Cut => {}
        Ending::TornCut => lose(path, step),
    }
    gone()
}

/// What is not durable is lost.
fn lose(path: &Path, step: Step) {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().expect("a file"));
    name.push(".cwmpd-new");
    let beside = path.with_file_name(name);
    match step {
        Step::Created => fs::remove_file(beside).expect("remove"),
        Step::Written => {
            let whole = fs::read(&beside).expect("read");
            fs::write(beside, &whole[..whole.len() / 2]).expect("write");
        }
        Step::Renamed => match BEFORE.take() {
            Some(old) => fs::write(path, old).expect("write"),
            None => fs::remove_file(path).expect("remove"),
        },
        Step::Beginning | Step::Synced | Step::Durable | Step::Removing => {}
    }
}
