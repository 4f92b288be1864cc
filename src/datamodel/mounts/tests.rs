use super::*;
use crate::datamodel::fake::{Fake, paths};
use crate::datamodel::{Info, find};

const BACKEND: &[(&str, &str)] = &[
    ("Device.", ""),
    ("Device.DeviceInfo.", ""),
    ("Device.DeviceInfo.UpTime", "1"),
    ("Device.DeviceInfo.Password", ""),
    ("Device.ManagementServer.", ""),
    ("Device.ManagementServer.Backends", "x"),
    ("Device.Time.", ""),
];
const MOUNT: &[(&str, &str)] = &[
    ("Device.ManagementServer.", ""),
    ("Device.ManagementServer.URL", "http://acs"),
];
const DEEP: &[(&str, &str)] = &[
    ("Device.IP.Diagnostics.IPPing.", ""),
    ("Device.IP.Diagnostics.IPPing.Host", ""),
];

fn mounted(backend: Fake) -> (Mounted<Fake>, Rc<RefCell<Fake>>) {
    let calls = backend.calls.clone();
    let mut tree = Mounted::new(Box::new(backend));
    let mount = Rc::new(RefCell::new(Fake::new("mount", MOUNT)));
    mount.borrow_mut().calls = calls.clone();
    tree.mount("Device.ManagementServer.", Box::new(mount.clone()));
    let deep = Fake {
        calls,
        ..Fake::new("deep", DEEP)
    };
    tree.mount("Device.IP.Diagnostics.IPPing.", Box::new(deep));
    (tree, mount)
}

fn tree() -> Mounted<Fake> {
    mounted(Fake::new("backend", BACKEND)).0
}

fn text(text: &str) -> Value {
    Value::parse("x", &Info::default(), None, text).unwrap()
}

#[test]
fn a_visit_of_all_merges_without_duplicates_and_parents_first() {
    // GN-04 GN-12 DM-08
    let all = [
        "Device.",
        "Device.DeviceInfo.",
        "Device.DeviceInfo.UpTime",
        "Device.DeviceInfo.Password",
        "Device.Time.",
        "Device.IP.",
        "Device.IP.Diagnostics.",
        "Device.ManagementServer.",
        "Device.ManagementServer.URL",
        "Device.IP.Diagnostics.IPPing.",
        "Device.IP.Diagnostics.IPPing.Host",
    ];
    assert_eq!(paths(&tree(), "", Depth::All), all);
    assert_eq!(paths(&tree(), "Device.", Depth::All), all);
    let below = ["Device.IP.", "Device.IP.Diagnostics."];
    assert_eq!(paths(&tree(), "Device.IP.", Depth::All)[..2], below);
}

#[test]
fn a_visit_of_the_next_level_merges() {
    // GN-05 GN-06
    let tree = tree();
    assert_eq!(paths(&tree, "", Depth::NextLevel), ["Device."]);
    let below = [
        "Device.DeviceInfo.",
        "Device.Time.",
        "Device.ManagementServer.",
        "Device.IP.",
    ];
    assert_eq!(paths(&tree, "Device.", Depth::NextLevel), below);
    let below = ["Device.IP.Diagnostics."];
    assert_eq!(paths(&tree, "Device.IP.", Depth::NextLevel), below);
    let below = ["Device.IP.Diagnostics.IPPing."];
    assert_eq!(
        paths(&tree, "Device.IP.Diagnostics.", Depth::NextLevel),
        below
    );
    let below = ["Device.ManagementServer.URL"];
    assert_eq!(
        paths(&tree, "Device.ManagementServer.", Depth::NextLevel),
        below
    );
}

#[test]
fn a_pinned_value_stands_for_the_backends_and_is_set_in_its_place() {
    // IN-02
    let mut tree = tree();
    let name = "Device.DeviceInfo.UpTime";
    tree.pin([(name.to_owned(), "7".to_owned())].into_iter().collect());
    assert_eq!(find(&tree, name).unwrap().value, "7");
    tree.begin();
    tree.set(name, &text("8")).unwrap();
    tree.abort();
    assert_eq!(tree.pinned(name), Some("7"));
    tree.begin();
    tree.set(name, &text("8")).unwrap();
    tree.commit(Instant::now()).unwrap();
    assert_eq!(find(&tree, name).unwrap().value, "8");
    assert_eq!(find(tree.backend(), name).unwrap().value, "1");
}

#[test]
fn a_pinned_secret_stays_hidden() {
    // GV-04
    let mut tree = tree();
    let name = "Device.DeviceInfo.Password";
    tree.pin(
        [(name.to_owned(), "secret".to_owned())]
            .into_iter()
            .collect(),
    );
    assert_eq!(find(&tree, name).unwrap().value, "");
    assert_eq!(tree.pinned(name), Some("secret"));
}

#[test]
fn a_mount_hides_the_backend() {
    let tree = tree();
    assert!(find(&tree, "Device.ManagementServer.Backends").is_err());
    assert_eq!(
        find(&tree, "Device.ManagementServer.URL").unwrap().value,
        "http://acs"
    );
    assert_eq!(find(&tree, "Device.DeviceInfo.UpTime").unwrap().value, "1");
    let unknown = tree.visit("Device.Foo.", Depth::All, &mut |_| {});
    assert_eq!(unknown.unwrap_err().code, Code::INVALID_PARAMETER_NAME);
}

#[test]
fn the_backend_prepares_what_is_not_mounted() {
    let mut tree = tree();
    let now = Instant::now();
    let own = |path: &str| vec![path.to_owned()];
    let ready = tree.prepare(&Touch::Values(own("Device.ManagementServer.URL")), now);
    assert_eq!(ready, Ok(Progress::Ready(())));
    assert!(tree.backend().calls.borrow().is_empty());
    let mut both = own("Device.ManagementServer.URL");
    both.extend(own("Device."));
    tree.prepare(&Touch::Names(both), now).unwrap();
    tree.prepare(&Touch::Add("Device.Time.".into()), now)
        .unwrap();
    tree.prepare(&Touch::Delete("Device.ManagementServer.X.1.".into()), now)
        .unwrap();
    let calls = [
        "backend prepare Names([\"Device.\"])",
        "backend prepare Add(\"Device.Time.\")",
    ];
    assert_eq!(*tree.backend().calls.borrow(), calls);
}

#[test]
fn the_backend_commits_first_and_instances_keep_the_order_of_calls() {
    let (mut tree, mount) = mounted(Fake::new("backend", BACKEND));
    tree.begin();
    tree.set("Device.DeviceInfo.UpTime", &text("2")).unwrap();
    tree.set("Device.ManagementServer.URL", &text("http://new"))
        .unwrap();
    let a = tree
        .add("Device.ManagementServer.X.", None)
        .unwrap()
        .unwrap();
    let b = tree.add("Device.Time.", None).unwrap().unwrap();
    assert_ne!(a, b);
    let applied = tree.commit(Instant::now()).unwrap();
    let instances = vec![a, b];
    assert_eq!(
        applied,
        Progress::Ready(Applied {
            later: false,
            instances
        })
    );
    let calls = tree.backend().calls.borrow();
    assert_eq!(
        calls[3..],
        ["backend commit", "mount commit", "deep commit"]
    );
    assert_eq!(find(&tree, "Device.DeviceInfo.UpTime").unwrap().value, "2");
    assert_eq!(mount.borrow().nodes[1].1, "http://new");
}

#[test]
fn a_pending_commit_ends_through_poll() {
    let backend = Fake {
        delay: 2,
        ..Fake::new("backend", BACKEND)
    };
    let (mut tree, mount) = mounted(backend);
    let now = Instant::now();
    // A pending prepare commits nothing.
    let touch = Touch::Write(vec!["Device.".into()]);
    assert_eq!(tree.prepare(&touch, now), Ok(Progress::Pending));
    assert_eq!(tree.poll(now), None);
    assert_eq!(tree.poll(now), Some(Ok(Applied::default())));
    tree.begin();
    tree.set("Device.ManagementServer.URL", &text("http://new"))
        .unwrap();
    assert_eq!(tree.commit(now), Ok(Progress::Pending));
    assert_eq!(tree.poll(now), None);
    assert_eq!(mount.borrow().nodes[1].1, "http://acs");
    assert_eq!(tree.poll(now), Some(Ok(Applied::default())));
    assert_eq!(mount.borrow().nodes[1].1, "http://new");
}

#[test]
fn a_refused_commit_leaves_nothing_behind() {
    // SV-23
    for delay in [0, 1] {
        let refuse = Some(Fault::internal("no"));
        let backend = Fake {
            delay,
            refuse,
            ..Fake::new("backend", BACKEND)
        };
        let (mut tree, mount) = mounted(backend);
        let now = Instant::now();
        tree.begin();
        tree.set("Device.ManagementServer.URL", &text("http://new"))
            .unwrap();
        match tree.commit(now) {
            Ok(Progress::Pending) => assert!(matches!(tree.poll(now), Some(Err(_)))),
            result => assert!(result.is_err()),
        }
        assert_eq!(mount.borrow().nodes[1].1, "http://acs");
        let calls = tree.backend().calls.borrow();
        assert!(calls.contains(&"mount abort".to_owned()));
        assert!(!calls.contains(&"mount commit".to_owned()));
    }
}

#[test]
fn abort_reaches_everyone() {
    let mut tree = tree();
    tree.begin();
    tree.set("Device.ManagementServer.URL", &text("http://new"))
        .unwrap();
    tree.set("Device.DeviceInfo.UpTime", &text("2")).unwrap();
    tree.abort();
    assert_eq!(
        find(&tree, "Device.ManagementServer.URL").unwrap().value,
        "http://acs"
    );
    assert_eq!(find(&tree, "Device.DeviceInfo.UpTime").unwrap().value, "1");
}
