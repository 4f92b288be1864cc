//! What the agent does to the world, in the order it happens: kept for this thread until somebody looks.

use std::cell::RefCell;

use log::{LevelFilter, Log, Metadata, Record};

/// One thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// It opened a session.
    SessionStarts,
    /// It made an Inform, which is on its way.
    Informs,
    /// It says the session went well.
    SessionGood,
    /// It says the session failed.
    SessionBad,
    /// It says there was nothing to tell.
    SessionCalledOff,
    /// It dialled this address.
    Dialled(String),
    /// It started a hook.
    Hook(String, Vec<String>),
    /// It found its state damaged.
    StateDamaged(String),
    /// Any other line of its log.
    Log(String),
}

thread_local! {
    static STAGE: RefCell<Vec<Happening>> = const { RefCell::new(Vec::new()) };
}

/// Adds to the list.
pub fn note(happening: Happening) {
    // What the process still does after its end did not happen.
    if crate::power::is_off() {
        return;
    }
    STAGE.with_borrow_mut(|stage| stage.push(happening));
}

/// Takes the list.
pub fn take() -> Vec<Happening> {
    STAGE.take()
}

/// Reads the agent's log.
struct Ear;

impl Log for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        note(
            match line.split_once(':').map_or(line.as_str(), |(name, _)| name) {
                "session starts" => Happening::SessionStarts,
                "session ended" => Happening::SessionGood,
                "session failed" => {
                    note(Happening::Log(line));
                    Happening::SessionBad
                }
                "inform" => Happening::Informs,
                "session called off" => Happening::SessionCalledOff,
                "state set aside" => Happening::StateDamaged(line),
                _ => Happening::Log(line),
            },
        );
    }

    fn flush(&self) {}
}

/// Listens to the log of every thread.
pub fn listen() {
    static EAR: Ear = Ear;
    if log::set_logger(&EAR).is_ok() {
        log::set_max_level(LevelFilter::Info);
    }
}
