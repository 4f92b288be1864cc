use std::os::unix::fs::symlink;

use super::*;

/// An empty folder of this test's own, removed at the end.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("cwmpd-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn the_root_prefixes_every_path() {
    assert_eq!(Root::default().join(CONFIG), Path::new("/etc/config/cwmp"));
    assert_eq!(
        Root::new("/tmp/r").join(CONFIG),
        Path::new("/tmp/r/etc/config/cwmp")
    );
    assert_eq!(Root::new("r").join("relative"), Path::new("r/relative"));
}

#[test]
fn a_write_replaces_the_whole_file_with_the_mode_asked_for() {
    let scratch = Scratch::new("write");
    let path = scratch.0.join("state");
    atomic_write(&path, b"one", 0o600).unwrap();
    assert_eq!(
        (fs::read(&path).unwrap(), mode(&path)),
        (b"one".to_vec(), 0o600)
    );
    atomic_write(&path, b"2", 0o640).unwrap();
    assert_eq!(
        (fs::read(&path).unwrap(), mode(&path)),
        (b"2".to_vec(), 0o640)
    );
    assert_eq!(scratch.names(), ["state"]);
}

#[test]
fn an_update_keeps_the_mode() {
    let scratch = Scratch::new("update");
    let path = scratch.0.join("cwmp");
    atomic_update(&path, b"one", 0o600, 0).unwrap();
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    atomic_update(&path, b"two", 0o600, 0).unwrap();
    assert_eq!(
        (fs::read(&path).unwrap(), mode(&path)),
        (b"two".to_vec(), 0o644)
    );
}

#[test]
#[ignore = "needs root: only root can give files away"]
fn an_update_keeps_the_owner() {
    let scratch = Scratch::new("owner");
    let path = scratch.0.join("cwmp");
    fs::write(&path, "one").unwrap();
    std::os::unix::fs::chown(&path, Some(1234), Some(4321)).unwrap();
    atomic_update(&path, b"two", 0o600, 0).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (1234, 4321));
}

#[test]
fn a_link_is_followed_to_what_is_replaced() {
    let scratch = Scratch::new("link");
    let folder = scratch.0.join("real");
    fs::create_dir(&folder).unwrap();
    let (link, second, file) = (
        scratch.0.join("link"),
        scratch.0.join("second"),
        folder.join("file"),
    );
    symlink("second", &link).unwrap();
    symlink("real/file", &second).unwrap();
    // First through a dangling link, then through one that leads to a file.
    for text in ["one", "two"] {
        atomic_update(&link, text.as_bytes(), 0o600, 0).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
    assert_eq!(scratch.names(), ["link", "real", "second"]);
}

#[test]
fn what_a_crash_left_is_no_obstacle_and_no_trap() {
    let scratch = Scratch::new("leftover");
    let path = scratch.0.join("state");
    let victim = scratch.0.join("victim");
    fs::write(&path, "old").unwrap();
    fs::write(&victim, "untouched").unwrap();
    symlink(&victim, temporary(&path)).unwrap();
    atomic_write(&path, b"new", 0o600).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    fs::write(temporary(&path), "half").unwrap();
    remove_leftover(&path);
    assert_eq!(scratch.names(), ["state", "victim"]);
    remove_leftover(&path);
}

#[test]
fn a_trial_touches_nothing_that_is_there_and_never_waits() {
    let scratch = Scratch::new("trial");
    let (path, victim) = (scratch.0.join("state"), scratch.0.join("victim"));
    fs::write(&path, "old").unwrap();
    fs::write(&victim, "untouched").unwrap();
    for _ in 0..2 {
        fs::hard_link(&victim, temporary(&path)).unwrap();
        try_replace(&path, 10).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
        assert_eq!(scratch.names(), ["state", "victim"]);
    }
    // Nobody reads from it.
    nix::unistd::mkfifo(&temporary(&path), nix::sys::stat::Mode::S_IRWXU).unwrap();
    try_replace(&path, 10).unwrap();
    assert_eq!(scratch.names(), ["state", "victim"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
}

#[test]
fn a_failed_write_leaves_the_old_file_and_says_where_it_failed() {
    let scratch = Scratch::new("failed");
    let path = scratch.0.join("folder");
    fs::create_dir_all(path.join("below")).unwrap();
    let error = atomic_write(&path, b"x", 0o600).unwrap_err();
    assert_eq!((error.step, &error.path), ("rename", &path));
    assert!(
        error
            .to_string()
            .starts_with(&format!("rename {}: ", path.display())),
        "{error}"
    );
    assert_eq!(scratch.names(), ["folder"]);
    let error = atomic_write(&scratch.0.join("missing/file"), b"x", 0o600).unwrap_err();
    assert_eq!(error.step, "create");
    assert!(error.is_missing());
}

#[test]
fn reading_is_capped_and_never_waits() {
    let scratch = Scratch::new("read");
    let path = scratch.0.join("file");
    fs::write(&path, "12345").unwrap();
    assert_eq!(read_capped(&path, 5).unwrap(), b"12345");
    let error = read_capped(&path, 4).unwrap_err();
    assert!(
        error.to_string().ends_with("larger than 4 bytes"),
        "{error}"
    );
    assert!(
        read_capped(&scratch.0.join("none"), 4)
            .unwrap_err()
            .is_missing()
    );
    let pipe = scratch.0.join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(
        read_capped(&pipe, 4)
            .unwrap_err()
            .to_string()
            .ends_with("not a regular file")
    );
    assert!(read_capped(&scratch.0, 4).is_err());
    assert!(!read_capped(Path::new(BOOT_ID), 64).unwrap().is_empty());
}
