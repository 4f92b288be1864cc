//! The simulator: a real agent and a scripted ACS in a world with virtual time and seeded faults. Days of protocol take
//! milliseconds, and the seed alone decides what happens.
//!
//! - `cargo test --test simulator` lives some hundred lives; `CWMPD_SIM_SEEDS=5000` as many as that.
//! - `CWMPD_SIM_SEED=12345 cargo test --test simulator -- soak --nocapture` tells one life in every detail.
//!
//! A failure prints the command that repeats it.
//!
//! | file | what |
//! |---|---|
//! | `world` (`observe`, `books`), `clock` | the world: time, the device, what happens when |
//! | `outside`, `pipe`, `power`, `home`, `stage` | what the agent is given instead of a machine |
//! | `acs`, `orders` | the other end of the wire |
//! | `oracle` (`session`, `values`), `model`, `timers` | what is right, told by the clauses |
//! | `life`, `dice` | what a seed makes happen |
//! | `scenarios` | lives with a script |

// The steps of file writes, where power is cut, are in debug builds only.
#![cfg(debug_assertions)]

mod acs;
mod clock;
mod dice;
mod home;
mod life;
mod model;
mod oracle;
mod orders;
mod outside;
mod pipe;
mod power;
mod scenarios;
mod stage;
mod timers;
mod world;

#[path = "../support/mod.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Lives of a plain `cargo test`.
const SEEDS: u64 = 300;

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is not a number")),
    )
}

/// Lives one life; what was wrong with it.
fn problems(seed: u64, told: bool) -> Result<Summary, (Vec<String>, String)> {
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let world = life::live(seed, told);
        let summary = Summary {
            days: world.now().as_secs_f64() / 86_400.0,
            good: world.oracle.good,
            bad: world.oracle.bad,
            delivered: world.oracle.delivered,
        };
        (world.oracle.problems.clone(), world.story(), summary)
    }));
    match lived {
        Ok((problems, _, summary)) if problems.is_empty() => Ok(summary),
        Ok((problems, story, _)) => Err((problems, story)),
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            Err((
                vec![format!("panic: {}", text.unwrap_or_default())],
                String::new(),
            ))
        }
    }
}

#[derive(Default, Debug)]
struct Summary {
    days: f64,
    good: u32,
    bad: u32,
    delivered: u32,
}

#[test]
fn soak() {
    if let Some(seed) = variable("CWMPD_SIM_SEED") {
        let world = life::live(seed, true);
        println!("{}", world.story());
        assert!(
            world.oracle.problems.is_empty(),
            "{:#?}",
            world.oracle.problems
        );
        return;
    }
    let seeds = variable("CWMPD_SIM_SEEDS").unwrap_or(SEEDS);
    let first = variable("CWMPD_SIM_FIRST").unwrap_or(1);
    let next = AtomicU64::new(first);
    let failed = Mutex::new(Vec::new());
    let total = Mutex::new(Summary::default());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let enough = failed.lock().expect("a list").len() >= 5;
                    if seed >= first + seeds || enough {
                        return;
                    }
                    match problems(seed, false) {
                        Ok(summary) => {
                            let mut total = total.lock().expect("a sum");
                            total.days += summary.days;
                            total.good += summary.good;
                            total.bad += summary.bad;
                            total.delivered += summary.delivered;
                        }
                        Err((problems, _)) => failed.lock().expect("a list").push((seed, problems)),
                    }
                }
            });
        }
    });
    println!("{seeds} lives: {:?}", total.into_inner().expect("a sum"));
    let mut failed = failed.into_inner().expect("a list");
    failed.sort();
    for (seed, problems) in &failed {
        eprintln!("seed {seed}: {problems:#?}");
        eprintln!(
            "repeat it: CWMPD_SIM_SEED={seed} cargo test --test simulator -- soak --nocapture"
        );
    }
    if let Some((seed, _)) = failed.first() {
        let story = problems(*seed, true).err().map(|(_, story)| story);
        panic!(
            "seed {seed} fails; how it ends:\n{}",
            story.unwrap_or_default()
        );
    }
}
