//! libFuzzer's entry: runs the target that the environment variable `FUZZ_TARGET` names.

#![no_main]

mod targets;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<targets::Target> = OnceLock::new();

fuzz_target!(
    init: {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        match targets::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, target)) => drop(TARGET.set(*target)),
            None => {
                let known: Vec<_> = targets::ALL.iter().map(|(name, _)| *name).collect();
                eprintln!("FUZZ_TARGET is one of {}", known.join(" "));
                std::process::exit(2);
            }
        }
    },
    |data: &[u8]| {
        if let Some(target) = TARGET.get() {
            target(data);
        }
    }
);
