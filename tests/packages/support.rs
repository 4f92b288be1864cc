//! Folders and programs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The checkout.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder that goes with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Scratch {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("cwmpd-packages-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a scratch folder");
        Scratch(path)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A line of packaging/files.
pub struct Listed {
    /// `None`: a link.
    pub mode: Option<u32>,
    /// The target of the link, or the file in the checkout.
    pub source: String,
    pub path: String,
    pub conffile: bool,
}

/// What packaging/files lists, without what is not there.
pub fn listed() -> Vec<Listed> {
    let text = fs::read_to_string(repository().join("packaging/files")).expect("packaging/files");
    let lines = text.lines().filter(|line| !line.is_empty());
    let lines = lines.filter(|line| !line.starts_with('#'));
    let all = lines.map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [mode, source, path, rest @ ..] = fields.as_slice() else {
            panic!("a line of packaging/files: {line}");
        };
        assert!(path.starts_with('/'), "{line}");
        assert!(rest.is_empty() || rest == ["conffile"], "{line}");
        Listed {
            mode: (*mode != "link").then(|| u32::from_str_radix(mode, 8).expect("a mode")),
            source: (*source).to_owned(),
            path: (*path).to_owned(),
            conffile: !rest.is_empty(),
        }
    });
    all.filter(|listed| match listed.source.strip_prefix('?') {
        Some(optional) => repository().join(optional).exists(),
        None => true,
    })
    .collect()
}

/// Runs it; the test fails where it does.
pub fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}

/// Standard output of a command that succeeds.
pub fn stdout(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).expect("UTF-8")
}

/// packaging/stage.sh with a device program.
pub fn stage(binary: &Path, root: &Path) {
    run(Command::new("sh")
        .arg(repository().join("packaging/stage.sh"))
        .args([binary, root]));
}

/// The files and links below a folder: path, mode (links: none) and content (links: the target).
pub fn tree(root: &Path) -> BTreeMap<String, (Option<u32>, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let metadata = fs::symlink_metadata(&path).expect("metadata");
            let below = path.strip_prefix(root).expect("below the root");
            let name = format!("/{}", below.to_str().expect("UTF-8"));
            if metadata.is_dir() {
                assert_eq!(metadata.mode() & 0o7777, 0o755, "{name}");
                folders.push(path);
            } else if metadata.is_symlink() {
                let target = fs::read_link(&path).expect("a link");
                let target = target.to_str().expect("UTF-8").as_bytes().to_vec();
                found.insert(name, (None, target));
            } else if metadata.is_file() {
                let mode = metadata.mode() & 0o7777;
                found.insert(name, (Some(mode), fs::read(&path).expect("a file")));
            }
        }
    }
    found
}
