//! What packaging/stage.sh lays out, and that the daemon lives on it as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Scratch, listed, repository, stage, stdout, tree};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cwmpd");

#[test]
fn the_staged_tree_is_what_the_list_says() {
    let scratch = Scratch::new();
    stage(Path::new(PROGRAM), &scratch.0);
    let again = tree(&scratch.0);
    stage(Path::new(PROGRAM), &scratch.0);
    assert!(tree(&scratch.0) == again, "staging twice is staging once");

    let program = fs::read(PROGRAM).unwrap();
    let wanted: BTreeMap<_, _> = listed()
        .into_iter()
        .map(|listed| {
            let content = match (listed.mode, listed.source.as_str()) {
                (None, target) => target.as_bytes().to_vec(),
                (_, "@binary") => program.clone(),
                (_, file) => fs::read(repository().join(file.trim_start_matches('?'))).unwrap(),
            };
            (listed.path, (listed.mode, content))
        })
        .collect();
    let names = |tree: &BTreeMap<String, _>| tree.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&again), names(&wanted));
    for (path, (mode, content)) in wanted {
        let (staged_mode, staged) = &again[&path];
        assert_eq!(*staged_mode, mode, "{path}");
        assert!(*staged == content, "{path}");
    }
}

#[test]
fn the_daemon_runs_from_the_staged_tree() {
    let scratch = Scratch::new();
    let root = &scratch.0;
    stage(Path::new(PROGRAM), root);
    let daemon = scratch.path("usr/sbin/cwmpd");

    let problems = stdout(Command::new(&daemon).arg("-n").arg("--root").arg(root));
    assert_eq!(problems, "", "the shipped configuration is right");

    let mut child = Command::new(&daemon)
        .args(["-d", "--root"])
        .arg(root)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    // Idle without an ACS, it has said so and asks for nothing more.
    let idle = log
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains("idle"));
    assert!(idle);
    let status = stdout(
        Command::new(scratch.path("usr/bin/cwmp"))
            .arg("--root")
            .arg(root)
            .arg("status"),
    );
    assert!(status.contains("idle reason"), "{status}");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert!(
        log.map_while(Result::ok)
            .any(|line| line.contains("stopped"))
    );
    assert!(child.wait().unwrap().success());
}

/// The architectures: each of one device binary, each named once, all six binaries used.
#[test]
fn targets_and_architectures_fit_together() {
    let targets = fs::read_to_string(repository().join("packaging/targets")).unwrap();
    let build = fs::read_to_string(repository().join("cross/build.sh")).unwrap();
    let mut binaries = BTreeSet::new();
    let mut architectures = BTreeSet::new();
    for line in targets.lines() {
        let mut fields = line.split_whitespace();
        let (Some(binary), Some(architecture)) = (fields.next(), fields.next()) else {
            continue;
        };
        if binary.starts_with('#') {
            continue;
        }
        assert!(build.contains(binary), "{binary}");
        assert!(fields.next().is_some(), "{line}");
        assert!(architectures.insert(architecture), "{architecture} twice");
        binaries.insert(binary);
    }
    assert_eq!(binaries.len(), 6, "{binaries:?}");
    // MIPS32 release 1 and ARMv5 would stop at the first instruction that they lack.
    for unfit in [
        "mips_mips32",
        "mipsel_mips32",
        "arm_arm926ej-s",
        "arm_xscale",
    ] {
        assert!(!architectures.contains(unfit), "{unfit}");
    }
}
