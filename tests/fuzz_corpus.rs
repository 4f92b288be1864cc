//! Replays the fuzzers' corpus: what was once dangerous stays harmless. See `fuzz/README.md`.

#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

use std::fs;
use std::path::PathBuf;

fn corpus() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fuzz", "corpus"]
        .iter()
        .collect()
}

/// Every file of every target, whole, and cut off at many places.
#[test]
fn the_corpus_is_harmless() {
    for (name, target) in targets::ALL {
        let folder = corpus().join(name);
        let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let mut seen = 0;
        for entry in entries {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            let data = fs::read(&path).unwrap();
            target(&data);
            let step = data.len() / 64 + 1;
            (0..data.len())
                .step_by(step)
                .for_each(|end| target(&data[..end]));
            seen += 1;
        }
        assert!(seen > 0, "{name} has no corpus");
    }
}

#[test]
fn every_corpus_has_its_target() {
    for entry in fs::read_dir(corpus()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            targets::ALL.iter().any(|(target, _)| *target == name),
            "{name} is no target"
        );
    }
}
