//! SetParameterAttributes (TR-069 A.3.2.4).

use super::{Method, arguments};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::datamodel::attributes::{AttributeChange, Attributes, Notification, SUBSCRIBER};
use crate::datamodel::naming::InstanceMode;
use crate::datamodel::path::Path;
use crate::datamodel::resolve::{Search, resolve_one_within};
use crate::datamodel::{Code, DataModel, Depth, Fault, Node, Touch, touch};
use crate::wire::xml::Element;

/// Most parameters whose attributes one request may change: each costs an entry of the state file.
const MAX_CHANGES: usize = 10_000;

/// Most entries of an access list, and most characters of each (TR-069 A.3.2.4).
const MAX_ACCESS: usize = 16;
const MAX_ENTITY: usize = 64;

struct SetParameterAttributes {
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    notification: Option<Notification>,
    access: Option<Vec<String>>,
}

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let list = &arguments::required(method, "ParameterList")?.children;
    let entries = list.iter().map(decode_entry).collect::<Result<_, _>>()?;
    Ok(Box::new(SetParameterAttributes { entries }))
}

fn decode_entry(entry: &Element) -> Result<Entry, Fault> {
    let name = arguments::name(entry, "Name")?;
    // What is not to change is not looked at: ACSes leave it empty.
    let notification = if arguments::boolean(entry, "NotificationChange")? {
        let number = arguments::unsigned(entry, "Notification")?;
        let number = u8::try_from(number).unwrap_or(u8::MAX);
        let known = Notification::try_from(number);
        Some(known.map_err(|fault| Fault::arguments(format!("{name}: {}", fault.text)))?)
    } else {
        None
    };
    let access = if arguments::boolean(entry, "AccessListChange")? {
        Some(access_list(arguments::names(entry, "AccessList")?))
    } else {
        None
    };
    Ok(Entry {
        name,
        notification,
        access,
    })
}

/// The entities that mean something: `Subscriber` and vendors' own; others are ignored.
fn access_list(mut entities: Vec<String>) -> Vec<String> {
    let known = |entity: &String| entity == SUBSCRIBER || entity.starts_with("X_");
    entities.retain(|entity| known(entity) && entity.chars().count() <= MAX_ENTITY);
    entities.truncate(MAX_ACCESS);
    entities
}

impl Method for SetParameterAttributes {
    fn touch(&self, _: &dyn DataModel) -> Option<Touch> {
        let names: Vec<String> = self
            .entries
            .iter()
            .map(|entry| entry.name.clone())
            .collect();
        Some(touch::names(&names))
    }

    fn run(&self, model: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        let mut changes = Vec::new();
        let mut search = Search::new(InstanceMode::InstanceNumber);
        for entry in &self.entries {
            collect(&mut search, model, entry, &mut changes)?;
        }
        Ok(Some(Promise::Attributes(changes)))
    }
}

/// What one entry changes: its parameter, or all those that lie below its partial path now.
fn collect(
    search: &mut Search,
    model: &dyn DataModel,
    entry: &Entry,
    changes: &mut Vec<AttributeChange>,
) -> Result<(), Fault> {
    let path = resolve_one_within(search, model, &Path::parse(&entry.name)?)?.path;
    let mut refused = None;
    model.visit(&path, Depth::All, &mut |node| {
        let Node::Parameter { path, info, .. } = node else {
            return;
        };
        let check = |notification| Attributes::check_change(info, path, notification);
        if let Some(Err(fault)) = entry.notification.map(check) {
            refused.get_or_insert(fault);
        }
        if changes.len() <= MAX_CHANGES {
            changes.push(AttributeChange {
                path: path.to_owned(),
                notification: entry.notification,
                access: entry.access.clone(),
            });
        }
    })?;
    if changes.len() > MAX_CHANGES {
        let text = format!("more than {MAX_CHANGES} parameters at a time");
        refused = Some(Fault::new(Code::RESOURCES_EXCEEDED, text));
    }
    refused.map_or(Ok(()), Err)
}
