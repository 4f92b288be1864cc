//! A backend with the daemon's own objects mounted over it (`ManagementServer.` and others), as one data model.
//!
//! A mount owns everything at and below its prefix: the backend is neither asked nor shown there. A mount is in
//! memory: it needs no preparing, refuses in `set`, `add`, `delete` and `check` what it will not do, and its commit
//! neither fails nor stays pending. So a transaction that spans both is all or nothing: the backend commits first.

use super::{Applied, Code, DataModel, Depth, Fault, Kind, Node, Progress, Root, Touch, Value};
use crate::wire::data::Sorted;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

/// One data model made of a backend and mounts.
pub struct Mounted<B: DataModel + ?Sized> {
    backend: Box<B>,
    mounts: Vec<Mount>,
    /// The backend's pending step is a commit, not a prepare.
    committing: bool,
    /// Values that the daemon holds instead of the backend, by parameter.
    pins: Sorted<String>,
    /// What the open transaction sets of them.
    staged_pins: Vec<(String, String)>,
    /// Where each `add` of the open transaction went: a mount's index, or `None` for the backend.
    adds: Vec<Option<usize>>,
}

struct Mount {
    prefix: String,
    model: Box<dyn DataModel>,
}

impl<B: DataModel + ?Sized> Mounted<B> {
    /// The backend alone.
    #[must_use]
    pub fn new(backend: Box<B>) -> Self {
        Mounted {
            backend,
            mounts: Vec::new(),
            committing: false,
            pins: Sorted::default(),
            staged_pins: Vec::new(),
            adds: Vec::new(),
        }
    }

    /// Pins values over the backend's: parameters of the backend that the configuration decides. Setting one of
    /// them changes the pin, and to nothing the backend's value too. Replaces all pins there were.
    pub fn pin(&mut self, values: Sorted<String>) {
        self.pins = values;
    }

    /// The pinned value of a parameter.
    #[must_use]
    pub fn pinned(&self, name: &str) -> Option<&str> {
        self.pins.get(name).map(String::as_str)
    }

    /// Whether the open transaction sets a pinned value.
    #[must_use]
    pub fn has_staged_pins(&self) -> bool {
        !self.staged_pins.is_empty()
    }

    /// Mounts `model` at `prefix`, a plain object's concrete path with its dot. Mounts do not nest.
    /// To keep access to it, mount a clone of an `Rc<RefCell<_>>`.
    pub fn mount(&mut self, prefix: &str, model: Box<dyn DataModel>) {
        let prefix = prefix.to_owned();
        self.mounts.push(Mount { prefix, model });
    }

    /// Whether something is mounted at `prefix`.
    #[must_use]
    pub fn has_mount(&self, prefix: &str) -> bool {
        self.mounts.iter().any(|mount| mount.prefix == prefix)
    }

    /// Takes away what is mounted at `prefix`: the backend is shown there again. Not within a transaction.
    pub fn unmount(&mut self, prefix: &str) {
        self.mounts.retain(|mount| mount.prefix != prefix);
    }

    /// The backend.
    #[must_use]
    pub fn backend(&self) -> &B {
        &self.backend
    }

    /// The backend, to drive it.
    pub fn backend_mut(&mut self) -> &mut B {
        &mut self.backend
    }

    /// Whether a mount has `path`, and the backend is not asked for it.
    #[must_use]
    pub fn is_mounted(&self, path: &str) -> bool {
        self.owner(path).is_some()
    }

    fn owner(&self, path: &str) -> Option<usize> {
        self.mounts.iter().position(|m| path.starts_with(&m.prefix))
    }

    fn owner_mut(&mut self, path: &str) -> Option<&mut Mount> {
        self.mounts.iter_mut().find(|m| path.starts_with(&m.prefix))
    }

    /// Those of `paths` that are the backend's.
    fn not_mounted(&self, paths: &[String]) -> Vec<String> {
        let backends = |path: &&String| self.owner(path).is_none();
        paths.iter().filter(backends).cloned().collect()
    }

    /// A visit of an object that has mounts below it: the backend's nodes without what the mounts hide, objects
    /// on the way to a mount that the backend does not have, the mounts.
    fn merge(
        &self,
        at: &str,
        depth: Depth,
        below: &[&Mount],
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        let mut missing: Vec<&str> = Vec::new();
        for mount in below {
            for path in on_the_way(at, depth, &mount.prefix) {
                if !missing.contains(&path) {
                    missing.push(path);
                }
            }
        }
        let shown = self.visit_backend(at, depth, &mut |node| {
            let path = node.path();
            if self.owner(path).is_none() {
                missing.retain(|other| *other != path);
                visitor(node);
            }
        });
        // `at` exists, because a mount is below it, even when the backend does not know it.
        match shown {
            Err(fault) if fault.code != Code::INVALID_PARAMETER_NAME => return Err(fault),
            _ => {}
        }
        for path in missing {
            let (kind, writable) = (Kind::Object, false);
            visitor(Node::Object {
                path,
                kind,
                writable,
            });
        }
        if depth == Depth::All {
            for mount in below {
                mount.model.visit(&mount.prefix, depth, visitor)?;
            }
        }
        Ok(())
    }

    fn visit_backend(
        &self,
        at: &str,
        depth: Depth,
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        if self.pins.entries().is_empty() {
            return self.backend.visit(at, depth, visitor);
        }
        self.backend.visit(at, depth, &mut |node| match node {
            Node::Parameter { path, info, value } => {
                let pinned = self.pinned(path).filter(|_| !info.hidden);
                let value = pinned.unwrap_or(value);
                visitor(Node::Parameter { path, info, value });
            }
            object => visitor(object),
        })
    }

    /// The mounts' part of a commit whose backend part is done.
    fn commit_mounts(&mut self, backend: Applied, now: Instant) -> Result<Applied, Fault> {
        let mut result = Applied {
            later: backend.later,
            instances: Vec::new(),
        };
        for (name, value) in self.staged_pins.drain(..) {
            self.pins.insert(name, value);
        }
        let mut made = Vec::new();
        for mount in &mut self.mounts {
            match mount.model.commit(now)? {
                Progress::Ready(applied) => {
                    result.later |= applied.later;
                    made.push(applied.instances.into_iter());
                }
                Progress::Pending => {
                    let words = format!("{} does not commit at once", mount.prefix);
                    return Err(Fault::internal(words));
                }
            }
        }
        let mut backends = backend.instances.into_iter();
        for owner in std::mem::take(&mut self.adds) {
            let from = owner.and_then(|i| made.get_mut(i)).unwrap_or(&mut backends);
            result.instances.extend(from.next());
        }
        Ok(result)
    }

    fn abort_mounts(&mut self) {
        self.adds.clear();
        self.staged_pins.clear();
        for mount in &mut self.mounts {
            mount.model.abort();
        }
    }
}

/// The objects that a visit of `at` must show because `mount` lies below. With [`Depth::All`] the mount shows
/// its own root.
fn on_the_way<'a>(at: &str, depth: Depth, mount: &'a str) -> Vec<&'a str> {
    let ends = mount.match_indices('.').map(|(dot, _)| dot + 1);
    let paths = ends.filter_map(|end| mount.get(..end));
    match depth {
        Depth::All => paths
            .filter(|path| path.len() >= at.len() && path.len() < mount.len())
            .collect(),
        Depth::NextLevel => paths.filter(|path| path.len() > at.len()).take(1).collect(),
    }
}

impl<B: DataModel + ?Sized> DataModel for Mounted<B> {
    fn root(&self) -> Root {
        self.backend.root()
    }

    fn prepare(&mut self, touch: &Touch, now: Instant) -> Result<Progress<()>, Fault> {
        let touch = match touch {
            Touch::Values(paths) => Touch::Values(self.not_mounted(paths)),
            Touch::Names(paths) => Touch::Names(self.not_mounted(paths)),
            Touch::Write(paths) => Touch::Write(self.not_mounted(paths)),
            Touch::Add(path) | Touch::Delete(path) if self.owner(path).is_some() => {
                return Ok(Progress::Ready(()));
            }
            Touch::Add(_) | Touch::Delete(_) => touch.clone(),
        };
        if let Touch::Values(paths) | Touch::Names(paths) | Touch::Write(paths) = &touch
            && paths.is_empty()
        {
            return Ok(Progress::Ready(()));
        }
        self.committing = false;
        self.backend.prepare(&touch, now)
    }

    fn poll(&mut self, now: Instant) -> Option<Result<Applied, Fault>> {
        let result = self.backend.poll(now)?;
        if !self.committing {
            return Some(result);
        }
        self.committing = false;
        Some(match result {
            Ok(applied) => self.commit_mounts(applied, now),
            Err(fault) => {
                self.abort_mounts();
                Err(fault)
            }
        })
    }

    fn visit(
        &self,
        at: &str,
        depth: Depth,
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        if let Some(mount) = self.mounts.iter().find(|m| at.starts_with(&m.prefix)) {
            return mount.model.visit(at, depth, visitor);
        }
        if at.is_empty() || at.ends_with('.') {
            let below = self.mounts.iter().filter(|m| m.prefix.starts_with(at));
            let below: Vec<&Mount> = below.collect();
            if !below.is_empty() {
                return self.merge(at, depth, &below, visitor);
            }
        }
        self.visit_backend(at, depth, visitor)
    }

    fn begin(&mut self) {
        self.adds.clear();
        self.staged_pins.clear();
        self.backend.begin();
        for mount in &mut self.mounts {
            mount.model.begin();
        }
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        if self.pins.get(name).is_some() {
            if value.text().is_empty() {
                // Nothing is pinned over the backend's value then: that one shows.
                self.backend.set(name, value)?;
            }
            self.staged_pins
                .push((name.to_owned(), value.text().to_owned()));
            return Ok(());
        }
        match self.owner_mut(name) {
            Some(mount) => mount.model.set(name, value),
            None => self.backend.set(name, value),
        }
    }

    fn add(&mut self, table: &str, alias: Option<&str>) -> Result<Option<u32>, Fault> {
        let number = match self.owner_mut(table) {
            Some(mount) => mount.model.add(table, alias)?,
            None => self.backend.add(table, alias)?,
        };
        self.adds.push(self.owner(table));
        Ok(number)
    }

    fn delete(&mut self, instance: &str) -> Result<(), Fault> {
        match self.owner_mut(instance) {
            Some(mount) => mount.model.delete(instance),
            None => self.backend.delete(instance),
        }
    }

    fn check(&self) -> Result<(), Fault> {
        let mut mounts = self.mounts.iter();
        mounts.try_for_each(|mount| mount.model.check())
    }

    fn commit(&mut self, now: Instant) -> Result<Progress<Applied>, Fault> {
        if let Err(fault) = self.check() {
            self.abort();
            return Err(fault);
        }
        match self.backend.commit(now) {
            Ok(Progress::Ready(applied)) => self.commit_mounts(applied, now).map(Progress::Ready),
            Ok(Progress::Pending) => {
                self.committing = true;
                Ok(Progress::Pending)
            }
            Err(fault) => {
                self.abort_mounts();
                Err(fault)
            }
        }
    }

    fn abort(&mut self) {
        self.backend.abort();
        self.abort_mounts();
    }
}

/// A shared model: the daemon keeps one end, the other is mounted. The daemon must not hold a borrow across a
/// call into the tree.
impl<T: DataModel + ?Sized> DataModel for Rc<RefCell<T>> {
    fn root(&self) -> Root {
        self.borrow().root()
    }

    fn prepare(&mut self, touch: &Touch, now: Instant) -> Result<Progress<()>, Fault> {
        self.borrow_mut().prepare(touch, now)
    }

    fn poll(&mut self, now: Instant) -> Option<Result<Applied, Fault>> {
        self.borrow_mut().poll(now)
    }

    fn visit(
        &self,
        at: &str,
        depth: Depth,
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        self.borrow().visit(at, depth, visitor)
    }

    fn begin(&mut self) {
        self.borrow_mut().begin();
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        self.borrow_mut().set(name, value)
    }

    fn add(&mut self, table: &str, alias: Option<&str>) -> Result<Option<u32>, Fault> {
        self.borrow_mut().add(table, alias)
    }

    fn delete(&mut self, instance: &str) -> Result<(), Fault> {
        self.borrow_mut().delete(instance)
    }

    fn check(&self) -> Result<(), Fault> {
        self.borrow().check()
    }

    fn commit(&mut self, now: Instant) -> Result<Progress<Applied>, Fault> {
        self.borrow_mut().commit(now)
    }

    fn abort(&mut self) {
        self.borrow_mut().abort();
    }
}

#[cfg(test)]
mod tests;
