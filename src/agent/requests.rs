//! The command line's look into the data model: the same steps as an ACS takes, on the device's side.

use super::Agent;
use super::clock::Now;
use super::command::Reply;
use super::promises::Before;
use super::work::Op;
use crate::datamodel::attributes::SUBSCRIBER;
use crate::datamodel::path::Path;
use crate::datamodel::{
    Applied, Code, DataModel, Depth, Fault, Node, Progress, Touch, Value, find, resolve, touch,
};
use crate::wire::data::Data;

/// A request that needs the data model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Get(Vec<String>),
    Names { path: String, next_level: bool },
    Attributes(Vec<String>),
    Set(Vec<(String, String)>),
    Add(String),
    Delete(String),
}

impl Request {
    /// What must be in memory for it.
    pub(super) fn touch(&self) -> Touch {
        let one = |name: &String, object: fn(String) -> Touch| {
            touch::object(name, object).unwrap_or_else(|| Touch::Names(Vec::new()))
        };
        match self {
            Request::Get(paths) => Touch::Values(touch::prefixes(paths)),
            Request::Names { path, .. } => touch::names(std::slice::from_ref(path)),
            Request::Attributes(paths) => touch::names(paths),
            Request::Set(values) => {
                let names: Vec<String> = values.iter().map(|(path, _)| path.clone()).collect();
                Touch::Write(touch::prefixes(&names))
            }
            Request::Add(table) => one(table, Touch::Add),
            Request::Delete(instance) => one(instance, Touch::Delete),
        }
    }

    fn writes(&self) -> bool {
        matches!(self, Request::Set(_) | Request::Add(_) | Request::Delete(_))
    }
}

impl Agent {
    /// The model is prepared: carries the request out and answers, or waits for the commit.
    pub(super) fn carry_out(
        &mut self,
        client: u64,
        mut request: Request,
        prepared: Result<(), Fault>,
        now: Now,
    ) {
        let result = prepared.and_then(|()| {
            // What is kept beside the model goes by number.
            if let Request::Delete(instance) = &mut request {
                *instance = self.one(instance)?;
            }
            if request.writes() {
                self.stage(&request).inspect_err(|_| self.model.abort())?;
                self.commit(now).map(Some)
            } else {
                Ok(None)
            }
        });
        match result {
            Ok(Some(Progress::Pending)) => self.wait_for(Op::RequestCommit { client, request }),
            Ok(Some(Progress::Ready(applied))) => {
                self.request_committed(client, request, Ok(applied), now)
            }
            Ok(None) => {
                let answer = self.read(&request);
                self.answer(client, answer);
            }
            Err(fault) => self.answer(client, Err(fault)),
        }
    }

    /// The transaction of a request has ended.
    pub(super) fn request_committed(
        &mut self,
        client: u64,
        request: Request,
        result: Result<Applied, Fault>,
        now: Now,
    ) {
        let answer = result.and_then(|applied| {
            let mut before = Before::default();
            if let Request::Delete(instance) = &request {
                before.attributes = Some(self.store.state.attributes.clone());
                self.store.state.attributes.remove_below(instance);
            }
            if !matches!(request, Request::Set(_)) {
                self.instances_changed();
            }
            self.persist_values(before, now)?;
            let status = Data::from(u8::from(applied.later));
            Ok(match applied.instances.first() {
                Some(&number) => Data::map([("instance", number.into()), ("status", status)]),
                None => Data::map([("status", status)]),
            })
        });
        let done = answer.is_ok();
        self.answer(client, answer);
        if done {
            // A change from the device's side: the ACS may want to know (NO-02).
            self.want_check(now);
        }
    }

    fn answer(&mut self, client: u64, answer: Result<Data<'static>, Fault>) {
        self.reply(
            client,
            match answer {
                Ok(value) => Reply::Ok(value),
                Err(fault) => Reply::Fault {
                    code: fault.code.0,
                    text: fault.text,
                },
            },
        );
    }

    fn stage(&mut self, request: &Request) -> Result<(), Fault> {
        let mut checked = Vec::new();
        if let Request::Set(values) = request {
            for (name, text) in values {
                let path = self.one(name)?;
                let info = find(&self.model, &path)?.info;
                if !info.writable() {
                    return Err(Fault::new(
                        Code::NOT_WRITABLE,
                        format!("{path} is read-only"),
                    ));
                }
                self.check_access(&path)?;
                checked.push((path.clone(), Value::parse(&path, &info, None, text)?));
            }
        }
        if let Request::Delete(instance) = request {
            self.check_access(instance)?;
        }
        self.model.begin();
        match request {
            Request::Add(table) => {
                let (table, alias) = resolve::resolve_table(&self.model, table)?;
                // What is to come is not there to be looked at: what was set for the table holds for it.
                if !self.store.state.attributes.may_write(&table, SUBSCRIBER) {
                    return Err(closed_to_subscriber(&table));
                }
                self.model.add(&table, alias)?;
            }
            Request::Delete(instance) => self.model.delete(instance)?,
            _ => {
                for (path, value) in &checked {
                    self.model.set(path, value)?;
                }
            }
        }
        Ok(())
    }

    /// AT-06: who asks on the device's side (its user interface, a shell) is the Subscriber of TR-069 A.3.2.4. Fault 9001
    /// when the ACS keeps a parameter at or below `path` to itself.
    fn check_access(&self, path: &str) -> Result<(), Fault> {
        let attributes = &self.store.state.attributes;
        let mut closed = None;
        self.model.visit(path, Depth::All, &mut |node| {
            if let Node::Parameter { path, info, .. } = node
                && info.writable()
                && closed.is_none()
                && !attributes.may_write(path, SUBSCRIBER)
            {
                closed = Some(path.to_owned());
            }
        })?;
        closed.map_or(Ok(()), |path| Err(closed_to_subscriber(&path)))
    }

    /// The concrete path behind `asked`, which may address instances by alias.
    fn one(&self, asked: &str) -> Result<String, Fault> {
        Ok(resolve::resolve_one(&self.model, &Path::parse(asked)?)?.path)
    }

    fn read(&self, request: &Request) -> Result<Data<'static>, Fault> {
        let mut list = Vec::new();
        let (paths, depth) = match request {
            Request::Names { path, next_level } => (
                std::slice::from_ref(path),
                if *next_level {
                    Depth::NextLevel
                } else {
                    Depth::All
                },
            ),
            Request::Get(paths) | Request::Attributes(paths) => (paths.as_slice(), Depth::All),
            _ => (&[][..], Depth::All),
        };
        for asked in paths {
            for at in resolve::resolve(&self.model, &Path::parse(asked)?)? {
                self.model.visit(&at.path, depth, &mut |node| {
                    if let Some(entry) = self.entry(request, node) {
                        list.push(entry);
                    }
                })?;
            }
        }
        Ok(Data::List(list))
    }

    fn entry(&self, request: &Request, node: Node<'_>) -> Option<Data<'static>> {
        let text = |text: &str| Data::from(text.to_owned());
        match (request, node) {
            (Request::Names { .. }, node) => {
                let writable = match node {
                    Node::Object { writable, .. } => writable,
                    Node::Parameter { info, .. } => info.writable(),
                };
                Some(Data::map([
                    ("parameter", text(node.path())),
                    ("writable", writable.into()),
                ]))
            }
            (Request::Get(_), Node::Parameter { path, info, value }) => Some(Data::map([
                ("parameter", text(path)),
                ("value", text(value)),
                ("type", format!("xsd:{}", info.ty.xsd_name()).into()),
            ])),
            (Request::Attributes(_), Node::Parameter { path, info, .. }) => {
                let attribute = self.store.state.attributes.get(path, info);
                Some(Data::map([
                    ("parameter", text(path)),
                    ("notification", attribute.notification.number().into()),
                    (
                        "access_list",
                        Data::List(attribute.access.into_iter().map(text).collect()),
                    ),
                ]))
            }
            _ => None,
        }
    }
}

fn closed_to_subscriber(path: &str) -> Fault {
    let text = format!("{path}: its AccessList leaves writing to the ACS");
    Fault::new(Code::REQUEST_DENIED, text)
}
