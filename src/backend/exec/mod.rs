//! A vendor's program as the data model: it is started once, reads requests on its standard input and writes
//! answers on its standard output, one JSON object a line. What it writes on standard error goes to the log.
//!
//! # The protocol
//!
//! We ask for what lies at or below some paths, and want values or only names and types:
//!
//! ```json
//! {"id":7,"get":["Device.X_EXAMPLE-COM_Weather."],"values":true}
//! ```
//!
//! The program lists parameters, and those objects that need saying: tables (`"table":true`) and what may be
//! added to or deleted (`"writable":true`). All others follow from the names. It may list more than was asked:
//!
//! ```json
//! {"id":7,"objects":[{"path":"Device.X_EXAMPLE-COM_Weather.Sensor.","table":true,"writable":true}],
//!  "parameters":[{"path":"Device.X_EXAMPLE-COM_Weather.Temperature","type":"int","value":"-3"}]}
//! ```
//!
//! (on one line). A parameter has `path`, and where it differs from the default: `type` (`string`; XSD names and the
//! named data types of TR-106), `value`, `writable` (`false`), `min`, `max`, `ranges` (of a number, or of the length),
//! `values` (all that are allowed), `extendable`, `reference`, `list` (comma-separated) with `items` and `length`,
//! `hidden` (reads as empty), `forced_inform` (in every Inform) and `notify` (`normal`, `forceEnabled`,
//! `forceDefaultEnabled`, `canDeny`; not given: what the standard model forces, else `normal`); they mean what they mean
//! in a [profile](super::profile). Asked for something that is not there, it lists nothing.
//!
//! We ask for changes, all or none, in this order, and not for values that are so already:
//!
//! ```json
//! {"id":8,"apply":[{"set":"Device.X.Name","value":"new"},{"add":"Device.X.Sensor."},{"delete":"Device.X.Sensor.2."}]}
//! ```
//!
//! An `add` may carry an `"alias"`. A program that lists with a table the number of its `"next"` instance, and what new
//! instances hold under paths with `{i}` for the number, is given values for them in the same request (AutoCreateInstances);
//! then `add` names the instance:
//!
//! ```json
//! {"id":7,"objects":[{"path":"Device.X.Sensor.","table":true,"writable":true,"next":3}],
//!  "parameters":[{"path":"Device.X.Sensor.{i}.Alias","writable":true},{"path":"Device.X.Sensor.{i}.Name","writable":true}]}
//! {"id":8,"apply":[{"add":"Device.X.Sensor.3.","alias":"roof"},{"set":"Device.X.Sensor.3.Name","value":"new"}]}
//! ```
//!
//! The program answers when everything is done and durable, with the number of
//! each new instance; `"later":true` when it takes effect only after the session or a reboot:
//!
//! ```json
//! {"id":8,"ok":true,"later":false,"instances":[3]}
//! ```
//!
//! It refuses either request with CWMP faults; then nothing was changed. Where all faults of an `apply` name a
//! parameter, the ACS is told which they are:
//!
//! ```json
//! {"id":8,"faults":[{"path":"Device.X.Name","code":9007,"text":"too short"}]}
//! ```
//!
//! Unasked, at any time, it may say that values changed, by name; the name of an object says that something in it did,
//! or that instances came or went:
//!
//! ```json
//! {"changed":["Device.X_EXAMPLE-COM_Weather.Temperature"]}
//! ```
//!
//! A program that does so says it at its start, with or without names (`{"changed":[]}`). Until then it is asked for the
//! values whose changes the ACS wants to know, every `cpe.periodic_notify_interval`.
//!
//! Requests come one at a time, compact and with their keys in the order shown, so that a shell script may match
//! on the text. Unknown keys are ignored on both sides. The program ends when its standard input does.
//!
//! # Its failures
//!
//! A program that does not answer in time, says what is not of the protocol, or ends, is killed with all that it
//! started; the request gets fault 9002 with the reason; it is started again after one second, doubled at each
//! failure in a row up to a minute. Single entries that are wrong (a name twice, an unknown type) are left out and
//! logged. A parameter whose value is missing or does not fit its type reads as empty, 0, false or the unknown time.

mod program;
pub mod protocol;
pub mod snapshot;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mio::{Registry, Token};

use super::{Backend, Changes};
use crate::datamodel::{
    Applied, Code, DataModel, Depth, Fault, Node, Progress, Root, Touch, Value,
};
use program::{Event, Program};
use protocol::{Line, Operation, Request};
use snapshot::{Snapshot, valid_path};

/// How long a program has to answer, unless configured.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Changed parameters that are kept by name; beyond, all count as changed.
const MAX_CHANGED: usize = 256;
/// Wrong entries that are logged in the life of the daemon, each once: an ACS may ask for them every minute.
const MAX_COMPLAINTS: usize = 32;

/// The data model of a program.
pub struct Exec {
    root: Root,
    program: Program,
    started: bool,
    last_id: u64,
    waiting: Option<Waiting>,
    done: Option<Result<Applied, Fault>>,
    snapshot: Snapshot,
    staged: Vec<Operation>,
    /// The parameters that are set among it.
    set: BTreeSet<String>,
    /// The snapshot with the instances that the open transaction adds, once there are any.
    added: Option<Snapshot>,
    changes: Changes,
    /// It has said of itself that it tells of changes.
    tells_changes: bool,
    complained: BTreeSet<String>,
}

/// What the outstanding request is for.
enum Waiting {
    Get(Vec<String>),
    Apply(Vec<Operation>),
}

impl Exec {
    /// The program at `path` with `arguments`; it has `limit` to answer a request.
    pub fn new(
        root: Root,
        path: PathBuf,
        arguments: Vec<String>,
        limit: Duration,
        now: Instant,
    ) -> Exec {
        Exec {
            root,
            program: Program::new(path, arguments, limit, now),
            started: false,
            last_id: 0,
            waiting: None,
            done: None,
            snapshot: Snapshot::default(),
            staged: Vec::new(),
            set: BTreeSet::new(),
            added: None,
            changes: Changes::None,
            tells_changes: false,
            complained: BTreeSet::new(),
        }
    }

    /// What reads see.
    fn current(&self) -> &Snapshot {
        self.added.as_ref().unwrap_or(&self.snapshot)
    }

    fn send(&mut self, waiting: Waiting, values: bool, now: Instant) -> Result<(), Fault> {
        self.last_id += 1;
        let id = self.last_id;
        let line = match &waiting {
            Waiting::Get(paths) => Request::Get {
                id,
                get: paths,
                values,
            }
            .line(),
            Waiting::Apply(operations) => Request::Apply {
                id,
                apply: operations,
            }
            .line(),
        };
        self.done = None;
        self.program.send(id, line, now).map_err(Fault::internal)?;
        self.waiting = Some(waiting);
        self.drain(now);
        Ok(())
    }

    /// Takes what the program said.
    fn drain(&mut self, now: Instant) {
        loop {
            let events = self.program.take_events();
            if events.is_empty() {
                return;
            }
            let mut broken = false;
            for event in events {
                match event {
                    // What changed while it was away, nobody knows.
                    Event::Started if self.started => {
                        self.changes = Changes::Unknown;
                        self.tells_changes = false;
                    }
                    Event::Started => self.started = true,
                    Event::Failed(reason) => self.failed(reason),
                    // What it says after that is not worth reading.
                    Event::Line(_) if broken => {}
                    Event::Line(line) => {
                        if let Err(reason) = self.line(&line, now) {
                            self.program.fail(format!("sent {reason}"), now);
                            broken = true;
                        }
                    }
                }
            }
        }
    }

    fn failed(&mut self, reason: String) {
        let unknown = match self.waiting.take() {
            Some(Waiting::Apply(_)) => {
                self.changes = Changes::Unknown;
                ": whether the change was made is not known"
            }
            _ => "",
        };
        self.done = Some(Err(Fault::internal(format!("{reason}{unknown}"))));
    }

    fn line(&mut self, line: &[u8], now: Instant) -> Result<(), String> {
        let line = Line::parse(line)?;
        let Some(id) = line.id else {
            let Some(changed) = line.changed else {
                return Err("a line that is no answer and no event".to_owned());
            };
            self.tells_changes = true;
            self.changed(changed);
            return Ok(());
        };
        if self.program.asked() == Some(id) && id < self.last_id {
            // To a request whose session has ended meanwhile.
            self.changes = Changes::Unknown;
            self.program.answered(now);
            return Ok(());
        }
        if self.waiting.is_none() || self.program.asked() != Some(id) {
            return Err("an answer to no request".to_owned());
        }
        let result = match (line.fault(), self.waiting.as_ref()) {
            (Some(fault), _) => Err(fault),
            (None, Some(Waiting::Apply(operations))) => Ok(applied(&line, operations)?),
            (None, _) if line.parameters.is_none() => {
                return Err("an answer without parameters".to_owned());
            }
            (None, _) => Ok(Applied::default()),
        };
        self.program.answered(now);
        let waiting = self.waiting.take();
        self.done = Some(match (result, waiting) {
            (Ok(_), Some(Waiting::Get(paths))) => self.fill(paths, line),
            (Ok(applied), Some(Waiting::Apply(operations))) => {
                self.written(&operations);
                Ok(applied)
            }
            (result, _) => result,
        });
        Ok(())
    }

    fn fill(&mut self, paths: Vec<String>, line: Line) -> Result<Applied, Fault> {
        let complained = &mut self.complained;
        let mut complain = |path: &str, why: &str| {
            let path: String = path.chars().take(256).collect();
            if complained.len() < MAX_COMPLAINTS && complained.insert(path.clone()) {
                crate::say::warn!(
                    "backend program listed something wrong: path={path:?} reason={why:?}"
                );
            }
        };
        let parameters = line.parameters.unwrap_or_default();
        self.snapshot = Snapshot::new(self.root, paths, line.objects, parameters, &mut complain)?;
        Ok(Applied::default())
    }

    /// Keeps the snapshot true, as far as it can be known without asking again.
    fn written(&mut self, operations: &[Operation]) {
        for operation in operations {
            match operation {
                Operation::Set { set, value } => self.snapshot.update(set, value),
                Operation::Add { .. } | Operation::Delete { .. } => {
                    self.snapshot = Snapshot::default()
                }
            }
        }
    }

    fn changed(&mut self, mut names: Vec<String>) {
        names.retain(|name| valid_path(self.root, name));
        let mut known = match std::mem::take(&mut self.changes) {
            Changes::Unknown => return self.changes = Changes::Unknown,
            Changes::None => Vec::new(),
            Changes::Paths(paths) => paths,
        };
        for name in names {
            // An object's name says that something in it changed.
            if name.ends_with('.') || known.len() >= MAX_CHANGED {
                return self.changes = Changes::Unknown;
            }
            if !known.contains(&name) {
                known.push(name);
            }
        }
        if !known.is_empty() {
            self.changes = Changes::Paths(known);
        }
    }
}

fn applied(line: &Line, operations: &[Operation]) -> Result<Applied, String> {
    if !line.ok {
        return Err("an answer that is neither ok nor a fault".to_owned());
    }
    let adds: Vec<&str> = operations
        .iter()
        .filter_map(|operation| match operation {
            Operation::Add { add, .. } => Some(add.as_str()),
            _ => None,
        })
        .collect();
    if line.instances.len() != adds.len() || line.instances.contains(&0) {
        return Err("an answer without a number for each new instance".to_owned());
    }
    let wanted = adds.iter().map(|add| snapshot::number(add));
    let given = line.instances.iter();
    if wanted
        .zip(given)
        .any(|(wanted, given)| wanted.is_some_and(|wanted| wanted != *given))
    {
        return Err("an answer with another number than the one that was next".to_owned());
    }
    Ok(Applied {
        later: line.later,
        instances: line.instances.clone(),
    })
}

impl DataModel for Exec {
    fn root(&self) -> Root {
        self.root
    }

    fn prepare(&mut self, touch: &Touch, now: Instant) -> Result<Progress<()>, Fault> {
        let (paths, values) = match touch {
            Touch::Values(paths) | Touch::Write(paths) => (paths.clone(), true),
            Touch::Names(paths) => (paths.clone(), false),
            Touch::Add(path) | Touch::Delete(path) => (vec![path.clone()], false),
        };
        let root = self.root.path();
        let paths: Vec<String> = paths
            .into_iter()
            .map(|path| {
                if path.is_empty() {
                    root.to_owned()
                } else {
                    path
                }
            })
            .collect();
        if let Some(path) = paths.iter().find(|path| !valid_path(self.root, path)) {
            return Err(Fault::invalid_name(path));
        }
        self.send(Waiting::Get(paths), values, now)?;
        Ok(Progress::Pending)
    }

    fn poll(&mut self, _now: Instant) -> Option<Result<Applied, Fault>> {
        self.done.take()
    }

    fn visit(
        &self,
        at: &str,
        depth: Depth,
        visitor: &mut dyn FnMut(Node<'_>),
    ) -> Result<(), Fault> {
        match (at, depth) {
            ("", Depth::All) => self.current().visit(self.root.path(), depth, visitor),
            ("", Depth::NextLevel) => {
                visitor(Node::Object {
                    path: self.root.path(),
                    kind: crate::datamodel::Kind::Object,
                    writable: false,
                });
                Ok(())
            }
            _ => self.current().visit(at, depth, visitor),
        }
    }

    fn begin(&mut self) {
        self.abort();
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Fault> {
        match self.current().writable(name) {
            None => return Err(Fault::invalid_name(name)),
            Some(false) => {
                return Err(Fault::new(Code::NOT_WRITABLE, format!("{name}: read only")));
            }
            Some(true) => {}
        }
        // SV-19: what is so already is no reason to restart anything, unless this transaction has made it another one.
        if self.snapshot.has(name, value.text()) && !self.set.contains(name) {
            return Ok(());
        }
        self.set.insert(name.to_owned());
        self.staged.push(Operation::Set {
            set: name.to_owned(),
            value: value.text().to_owned(),
        });
        Ok(())
    }

    fn add(&mut self, table: &str, alias: Option<&str>) -> Result<Option<u32>, Fault> {
        let added = match self.current().has_next(table) {
            // What it holds is known only when it is there.
            false => None,
            true => {
                let snapshot = self.added.get_or_insert_with(|| self.snapshot.clone());
                Some(snapshot.add(table, alias)?)
            }
        };
        self.staged.push(Operation::Add {
            add: match added {
                None => table.to_owned(),
                Some(number) => format!("{table}{number}."),
            },
            alias: alias.map(str::to_owned),
        });
        Ok(added)
    }

    fn delete(&mut self, instance: &str) -> Result<(), Fault> {
        self.staged.push(Operation::Delete {
            delete: instance.to_owned(),
        });
        Ok(())
    }

    fn commit(&mut self, now: Instant) -> Result<Progress<Applied>, Fault> {
        let staged = std::mem::take(&mut self.staged);
        self.abort();
        if staged.is_empty() {
            return Ok(Progress::Ready(Applied::default()));
        }
        self.send(Waiting::Apply(staged), false, now)?;
        Ok(Progress::Pending)
    }

    fn abort(&mut self) {
        self.staged.clear();
        self.set.clear();
        self.added = None;
    }
}

impl Backend for Exec {
    fn generation(&self) -> u64 {
        self.program.generation()
    }

    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.program.register(registry, token)
    }

    fn ready(&mut self, now: Instant) {
        self.program.ready(now);
        self.drain(now);
    }

    fn deadline(&self) -> Option<Instant> {
        self.program.deadline()
    }

    fn timeout(&mut self, now: Instant) {
        self.program.timeout(now);
        self.drain(now);
    }

    fn tells_changes(&self) -> bool {
        self.tells_changes
    }

    fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }
}
