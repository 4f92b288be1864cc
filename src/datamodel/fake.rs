//! A small model for tests: nodes in a list, commits that may take their time or fail.

use super::{
    Access, Applied, DataModel, Depth, Fault, Info, Kind, Node, Progress, Root, Touch, Value,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

/// Paths with values; objects (with a final dot) have none. Sorted, parents first.
#[derive(Default)]
pub(crate) struct Fake {
    pub nodes: Vec<(String, String)>,
    pub staged: Option<Vec<(String, String)>>,
    pub added: Vec<u32>,
    /// `prepare` and `commit` are pending until `poll` has been asked this many times.
    pub delay: u32,
    pub left: u32,
    pub committing: bool,
    /// `commit` ends with this.
    pub refuse: Option<Fault>,
    /// Calls, in order, under this name.
    pub calls: Rc<RefCell<Vec<String>>>,
    pub name: &'static str,
    /// How often it was visited.
    pub visits: Cell<u32>,
}

impl Fake {
    pub fn new(name: &'static str, nodes: &[(&str, &str)]) -> Fake {
        let nodes = nodes
            .iter()
            .map(|(path, value)| (path.to_string(), value.to_string()));
        Fake {
            nodes: nodes.collect(),
            name,
            ..Fake::default()
        }
    }

    fn log(&self, call: impl std::fmt::Display) {
        self.calls
            .borrow_mut()
            .push(format!("{} {call}", self.name));
    }

    fn finish(&mut self) -> Result<Applied, Fault> {
        let staged = self.staged.take();
        if let Some(fault) = self.refuse.clone() {
            return Err(fault);
        }
        self.nodes = staged.unwrap_or_default();
        let instances = std::mem::take(&mut self.added);
        Ok(Applied {
            later: false,
            instances,
        })
    }
}

impl DataModel for Fake {
    fn root(&self) -> Root {
        Root::Device
    }

    fn prepare(&mut self, touch: &Touch, _: Instant) -> Result<Progress<()>, Fault> {
        self.log(format_args!("prepare {touch:?}"));
        self.left = self.delay;
        self.committing = false;
        match self.left {
            0 => Ok(Progress::Ready(())),
            _ => Ok(Progress::Pending),
        }
    }

    fn poll(&mut self, _: Instant) -> Option<Result<Applied, Fault>> {
        self.left = self.left.saturating_sub(1);
        match (self.left, self.committing) {
            (0, true) => Some(self.finish()),
            (0, false) => Some(Ok(Applied::default())),
            _ => None,
        }
    }

    fn visit(
        &self,
        at: &str,
        depth: Depth,
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        self.visits.set(self.visits.get() + 1);
        let nodes = self.staged.as_ref().unwrap_or(&self.nodes);
        if !at.is_empty() && !nodes.iter().any(|(path, _)| path == at) {
            return Err(Fault::invalid_name(at));
        }
        for (path, value) in nodes {
            let Some(rest) = path
                .strip_prefix(at)
                .filter(|_| at.is_empty() || at.ends_with('.') || at == path)
            else {
                continue;
            };
            let level = rest.trim_end_matches('.').split('.').count();
            if depth == Depth::NextLevel && (rest.is_empty() || level > 1) {
                continue;
            }
            let info = info(path);
            visitor(if path.ends_with('.') {
                let (kind, writable) = (Kind::Object, false);
                Node::Object {
                    path,
                    kind,
                    writable,
                }
            } else {
                Node::Parameter {
                    path,
                    info: &info,
                    value,
                }
            });
        }
        Ok(())
    }

    fn begin(&mut self) {
        self.log("begin");
        self.staged = Some(self.nodes.clone());
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        let staged = self.staged.as_mut().unwrap();
        let node = staged.iter_mut().find(|(path, _)| path == name);
        node.ok_or_else(|| Fault::invalid_name(name))?.1 = value.text().to_owned();
        Ok(())
    }

    fn add(&mut self, table: &str, _: Option<&str>) -> Result<Option<u32>, Fault> {
        let staged = self.staged.as_mut().unwrap();
        let number = staged.len() as u32;
        staged.push((format!("{table}{number}."), String::new()));
        self.added.push(number);
        Ok(Some(number))
    }

    fn delete(&mut self, instance: &str) -> Result<(), Fault> {
        let staged = self.staged.as_mut().unwrap();
        staged.retain(|(path, _)| !path.starts_with(instance));
        Ok(())
    }

    fn commit(&mut self, _: Instant) -> Result<Progress<Applied>, Fault> {
        self.log("commit");
        self.left = self.delay;
        self.committing = true;
        match self.left {
            0 => self.finish().map(Progress::Ready),
            _ => Ok(Progress::Pending),
        }
    }

    fn abort(&mut self) {
        self.log("abort");
        self.staged = None;
        self.added.clear();
    }
}

/// Everything is a string that can be set; passwords are hidden.
fn info(path: &str) -> Info {
    Info {
        access: Access::ReadWrite,
        hidden: path.ends_with("Password"),
        ..Info::default()
    }
}

/// Paths that a visit shows.
pub(crate) fn paths(model: &dyn DataModel, at: &str, depth: Depth) -> Vec<String> {
    let mut paths = Vec::new();
    model
        .visit(at, depth, &mut |node| paths.push(node.path().to_owned()))
        .unwrap();
    paths
}
