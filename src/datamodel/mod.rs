//! What the protocol asks of a device: a tree of typed parameters that is read in batches and written in
//! transactions. Pure: the only time it knows is the one it is handed.
//!
//! # The contract
//!
//! A caller always goes through the same steps, so that a source behind IPC never blocks the loop (DESIGN 3):
//!
//! 1. [`DataModel::prepare`] with everything the request touches. `Ready`: go on. `Pending`: wait until
//!    [`DataModel::poll`] gives the result; nothing else may be asked of the model meanwhile.
//! 2. read with [`DataModel::visit`], from memory; or
//!    [`DataModel::begin`], then `set`/`add`/`delete`, then [`DataModel::commit`] or [`DataModel::abort`].
//! 3. a `commit` that is `Pending` ends the same way as a prepare: through [`DataModel::poll`].
//!
//! Paths handed to a model are concrete: no aliases, no wildcards ([`resolve`] does that before).

pub mod attributes;
#[cfg(test)]
mod fake;
mod fault;
mod info;
pub mod mounts;
mod named;
pub mod naming;
pub mod order;
pub mod path;
pub mod references;
pub mod resolve;
pub mod touch;
mod value;

pub use fault::{Code, Fault, ParameterFault};
pub use info::{Access, Info, Items, Limits, Notify, Range};
pub use named::DataType;
pub use value::{Type, Value};

use std::time::Instant;

/// Which of the two root models a device speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// TR-181, `Device.`
    Device,
    /// TR-098, `InternetGatewayDevice.`
    InternetGatewayDevice,
}

impl Root {
    /// The root object's path, with its dot.
    pub fn path(self) -> &'static str {
        match self {
            Root::Device => "Device.",
            Root::InternetGatewayDevice => "InternetGatewayDevice.",
        }
    }
}

/// How far a visit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The path itself and everything below it.
    All,
    /// Only what lies one level below, without the path itself (GetParameterNames NextLevel).
    NextLevel,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `Device.Time.`
    Object,
    /// `Device.NAT.PortMapping.`: a multi-instance object; writable = AddObject is allowed.
    Table,
    /// `Device.NAT.PortMapping.1.`; writable = DeleteObject is allowed.
    Instance,
}

/// What a visitor is shown. Parents come before their children.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// An object; the path ends with a dot.
    Object {
        /// Full path with its final dot.
        path: &'a str,
        /// Plain object, table or instance.
        kind: Kind,
        /// AddObject (table) or DeleteObject (instance) is allowed.
        writable: bool,
    },
    /// A parameter.
    Parameter {
        /// Full path.
        path: &'a str,
        /// Type, access, limits, flags.
        info: &'a Info,
        /// Canonical text. Always empty for hidden parameters.
        value: &'a str,
    },
}

impl<'a> Node<'a> {
    /// The full path.
    pub fn path(&self) -> &'a str {
        match *self {
            Node::Object { path, .. } | Node::Parameter { path, .. } => path,
        }
    }
}

/// What a request is about to touch, so that a backend can fetch it over the loop. Paths are prefixes that
/// cover the request: concrete, cut before the first wildcard or alias segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touch {
    /// GetParameterValues, Inform: the values at or below these paths.
    Values(Vec<String>),
    /// GetParameterNames, attributes: names, types and access at or below these paths.
    Names(Vec<String>),
    /// SetParameterValues: these parameters will be looked up and written.
    Write(Vec<String>),
    /// AddObject: this table.
    Add(String),
    /// DeleteObject: this instance.
    Delete(String),
}

/// Whether a step is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// Complete, with its result.
    Ready(T),
    /// Ask [`DataModel::poll`].
    Pending,
}

/// What a commit did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Validated and committed, but in force only after the session or a reboot (Status 1).
    pub later: bool,
    /// Numbers of the instances that `add` made, in order of the calls.
    pub instances: Vec<u32>,
}

/// A device's data model. See the module documentation for the order of calls.
pub trait DataModel {
    /// Which root model this is.
    fn root(&self) -> Root;

    /// Makes what `touch` covers readable from memory.
    fn prepare(&mut self, touch: &Touch, now: Instant) -> Result<Progress<()>, Fault> {
        let _ = (touch, now);
        Ok(Progress::Ready(()))
    }

    /// The result of a pending `prepare` (an empty [`Applied`]) or `commit`; `None` while it still runs.
    fn poll(&mut self, now: Instant) -> Option<Result<Applied, Fault>> {
        let _ = now;
        None
    }

    /// Shows `visitor` what lies at `at`: the empty path (whole tree, as `root().path()` with [`Depth::All`]; only the
    /// root object with [`Depth::NextLevel`]), an object path with its dot, or a parameter's full name.
    /// Fault 9005 when there is no such thing; 9003 for a parameter with [`Depth::NextLevel`].
    fn visit(&self, at: &str, depth: Depth, visitor: &mut dyn FnMut(Node<'_>))
    -> Result<(), Fault>;

    /// Opens a write transaction. At most one is open.
    fn begin(&mut self);

    /// Stages a value that was already checked against the parameter's [`Info`]. May refuse with 9001, 9005, 9007, 9008.
    fn set(&mut self, name: &str, value: &Value) -> Result<(), Fault>;

    /// Stages a new instance of `table` (path with dot), with that alias if given. `Ok(Some(n))` when the number is
    /// known at once (then it can be addressed in the same transaction).
    fn add(&mut self, table: &str, alias: Option<&str>) -> Result<Option<u32>, Fault>;

    /// Stages the removal of an instance (path with number and dot).
    fn delete(&mut self, instance: &str) -> Result<(), Fault>;

    /// Looks at what was staged as a whole, where [`DataModel::commit`] cannot refuse it: what is wrong only with all values
    /// there together, told as there.
    fn check(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Applies what was staged, all or nothing, and closes the transaction. What is wrong only with all values there
    /// together is told here, by parameter where some are to blame ([`Fault::parameters`]).
    fn commit(&mut self, now: Instant) -> Result<Progress<Applied>, Fault>;

    /// Drops what was staged and closes the transaction.
    fn abort(&mut self);
}

/// One parameter as [`find`] returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Type, access, limits, flags.
    pub info: Info,
    /// Canonical text; empty for hidden parameters.
    pub value: String,
}

/// Looks one parameter up. Fault 9005 when the name is unknown or an object's.
pub fn find(model: &dyn DataModel, name: &str) -> Result<Found, Fault> {
    let mut found = None;
    if !name.is_empty() && !name.ends_with('.') {
        model.visit(name, Depth::All, &mut |node| {
            if let Node::Parameter { path, info, value } = node
                && path == name
            {
                found = Some(Found {
                    info: info.clone(),
                    value: value.to_owned(),
                });
            }
        })?;
    }
    found.ok_or_else(|| Fault::invalid_name(name))
}
