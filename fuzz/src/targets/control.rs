//! JSON lines: the control socket's, and those of a program behind the `exec` backend.

use cwmpd::backend::exec::protocol::Line;
use cwmpd::backend::exec::snapshot::Snapshot;
use cwmpd::control::protocol;
use cwmpd::datamodel::{Depth, Root};

/// What is read as a command means the same when it is written and read again.
pub fn command(data: &[u8]) {
    if let Ok(command) = protocol::parse(data) {
        let line = protocol::line(&command.data());
        assert_eq!(protocol::parse(line.as_bytes()), Ok(command));
    }
}

/// A program's answer makes a tree in which each thing that is shown can be found.
pub fn program(data: &[u8]) {
    let Ok(line) = Line::parse(data) else { return };
    let _ = line.fault();
    let parameters = line.parameters.unwrap_or_default();
    let covered = vec!["Device.".to_owned()];
    let tree = Snapshot::new(
        Root::Device,
        covered,
        line.objects,
        parameters,
        &mut |_, _| {},
    );
    let Ok(tree) = tree else { return };
    let mut shown = Vec::new();
    let all = tree.visit("Device.", Depth::All, &mut |node| {
        shown.push(node.path().to_owned())
    });
    assert!(all.is_ok());
    for path in shown.iter().take(100) {
        assert!(tree.visit(path, Depth::All, &mut |_| {}).is_ok(), "{path}");
    }
}
