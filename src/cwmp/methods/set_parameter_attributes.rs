//! SetParameterAttributes (TR-069 A.3.2.4).

use super::{Method, arguments};
use crate::cwmp::fault::Refusal;
use crate::cwmp::promise::Promise;
use crate::datamodel::attributes::{AttributeChange, Attributes, Notification, SUBSCRIBER};
use crate::datamodel::naming::InstanceMode;
use crate::datamodel::path::Path;
use crate::datamodel::resolve::{Search, resolve_one_within};
use crate::datamodel::{Code, DataModel, Fault, Touch, touch};
use crate::wire::xml::Element;

/// Nodes that are looked at for one request: entries that cover the whole tree again and again must not keep the loop.
const MAX_LOOKED_AT: usize = 1 << 20;

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
    let mut entries = Vec::with_capacity(list.len());
    for entry in list {
        entries.push(decode_entry(entry)?);
    }
    Ok(Box::new(SetParameterAttributes { entries }))
}

fn decode_entry(entry: &Element) -> Result<Entry, Fault> {
    let name = arguments::name(entry, "Name")?;
    let named = |fault: Fault| Fault::new(fault.code, format!("{name}: {}", fault.text));
    let (notification, access) = decode_change(entry).map_err(named)?;
    Ok(Entry {
        name,
        notification,
        access,
    })
}

/// What is not to change is not looked at: ACSes leave it empty.
fn decode_change(entry: &Element) -> Result<(Option<Notification>, Option<Vec<String>>), Fault> {
    let (mut notification, mut access) = (None, None);
    if arguments::boolean(entry, "NotificationChange")? {
        let number = arguments::unsigned(entry, "Notification")?;
        let number = u8::try_from(number).unwrap_or(u8::MAX);
        notification = Some(Notification::try_from(number)?);
    }
    if arguments::boolean(entry, "AccessListChange")? {
        access = Some(access_list(arguments::names(entry, "AccessList")?)?);
    }
    Ok((notification, access))
}

/// The entities that mean something: `Subscriber` and vendors' own; others are ignored (AT-04).
fn access_list(mut entities: Vec<String>) -> Result<Vec<String>, Fault> {
    let known = |entity: &String| entity == SUBSCRIBER || entity.starts_with("X_");
    entities.retain(|entity| known(entity) && entity.chars().count() <= MAX_ENTITY);
    if entities.len() > MAX_ACCESS {
        let text = format!("more than {MAX_ACCESS} entries in AccessList");
        return Err(Fault::new(Code::RESOURCES_EXCEEDED, text));
    }
    Ok(entities)
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
        let mut search = Search::new(InstanceMode::InstanceNumber);
        let mut left = MAX_LOOKED_AT;
        let mut changes = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            changes.push(check(&mut search, &mut left, model, entry)?);
        }
        Ok(Some(Promise::Attributes(changes)))
    }
}

/// What one entry changes, once all parameters that it covers now agree.
fn check(
    search: &mut Search,
    left: &mut usize,
    model: &dyn DataModel,
    entry: &Entry,
) -> Result<AttributeChange, Fault> {
    let mut path = resolve_one_within(search, model, &Path::parse(&entry.name)?)?.path;
    if path.is_empty() {
        path = model.root().path().to_owned();
    }
    if *left == 0 {
        let text =
            "too many parameters at a time; set those of an object by its partial path, once";
        return Err(Fault::new(Code::RESOURCES_EXCEEDED, text));
    }
    let nodes = Attributes::check(model, &path, entry.notification)?;
    *left = left.saturating_sub(nodes);
    Ok(AttributeChange {
        path,
        notification: entry.notification,
        access: entry.access.clone(),
    })
}
