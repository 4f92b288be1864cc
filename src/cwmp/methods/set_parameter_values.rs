//! SetParameterValues (TR-069 A.3.2.1).

use super::{Facts, Method, arguments, staged};
use crate::cwmp::fault::{ParameterFault, Refusal};
use crate::cwmp::promise::Promise;
use crate::datamodel::naming::InstanceMode;
use crate::datamodel::path::Path;
use crate::datamodel::resolve::{Search, resolve_one_within, resolve_or_make};
use crate::datamodel::{Code, DataModel, Fault, Touch, Type, Value, find, references, touch};
use crate::wire::xml::{Element, Writer};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

struct SetParameterValues {
    entries: Vec<Entry>,
    parameter_key: String,
    /// Concrete names of what was asked for in another form, and that form.
    asked: RefCell<BTreeMap<String, String>>,
}

struct Entry {
    name: String,
    ty: Option<Type>,
    text: String,
}

pub(super) fn decode(method: &Element) -> Result<Box<dyn Method>, Fault> {
    let parameter_key = arguments::key(method, "ParameterKey")?;
    let list = &arguments::required(method, "ParameterList")?.children;
    let mut entries = Vec::with_capacity(list.len());
    for entry in list {
        entries.push(decode_entry(entry)?);
    }
    Ok(Box::new(SetParameterValues {
        entries,
        parameter_key,
        asked: RefCell::default(),
    }))
}

fn decode_entry(entry: &Element) -> Result<Entry, Fault> {
    let name = arguments::name(entry, "Name")?;
    let value = arguments::required(entry, "Value")?;
    let ty = arguments::xsi_type(value).and_then(Type::from_xsd_name);
    Ok(Entry {
        name,
        ty,
        text: value.text.clone(),
    })
}

impl Method for SetParameterValues {
    fn touch(&self, model: &dyn DataModel) -> Option<Touch> {
        let mut names = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            names.push(entry.name.clone());
            if !entry.text.contains('[') {
                continue;
            }
            // An alias in what may be a reference is found by reading the values around it, too.
            for item in entry.text.split(',') {
                let path = item.trim().trim_end_matches('.');
                if path.starts_with(model.root().path()) {
                    names.push(format!("{path}."));
                }
            }
        }
        Some(Touch::Write(touch::prefixes(&names)))
    }

    fn run(&self, model: &mut dyn DataModel) -> Result<Option<Promise>, Refusal> {
        let mut seen = BTreeSet::new();
        for entry in &self.entries {
            if !seen.insert(entry.name.clone()) {
                return Err(set_twice(&entry.name).into());
            }
        }
        staged(model, |model| self.stage(model))?;
        Ok(Some(Promise::Values {
            parameter_key: self.parameter_key.clone(),
            deleted: None,
        }))
    }

    /// What shows only when all values are there together: told by parameter where the model knows some to blame (SV-04).
    fn refused(&self, mut fault: Fault) -> Refusal {
        let mut parameters = std::mem::take(&mut fault.parameters);
        if !parameters.is_empty() && parameters.iter().all(|p| is_of_one_parameter(p.code)) {
            let asked = self.asked.borrow();
            for parameter in &mut parameters {
                if let Some(name) = asked.get(&parameter.name) {
                    parameter.name.clone_from(name);
                }
            }
            return refusal(parameters);
        }
        let of_parameter = is_of_one_parameter(fault.code) && fault.code != Code::REQUEST_DENIED;
        let code = if of_parameter {
            Code::INVALID_ARGUMENTS
        } else {
            fault.code
        };
        Fault::new(code, fault.text).into()
    }

    fn answer(&self, facts: &Facts<'_>, out: &mut Writer) -> Result<(), Refusal> {
        out.leaf("Status", if facts.applied.later { "1" } else { "0" });
        Ok(())
    }
}

impl SetParameterValues {
    /// Stages every value; what is wrong with any of them is told at once (TR-069 A.3.2.1).
    fn stage(&self, model: &mut dyn DataModel) -> Result<(), Refusal> {
        let makes = makes_instances(model);
        let mut search = Search::new(InstanceMode::InstanceNumber);
        // All names first: none of them means something else for what is set beside it, such as an alias (SV-04).
        let mut paths = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            paths.push(resolve(&mut search, model, &entry.name, makes));
        }
        let mut seen = BTreeSet::new();
        let mut parameters = Vec::new();
        for (entry, path) in self.entries.iter().zip(paths) {
            let staged =
                path.and_then(|path| stage_one(&mut search, model, entry, &path).map(|()| path));
            match staged {
                Ok(path) => {
                    if path != entry.name {
                        let mut asked = self.asked.borrow_mut();
                        asked.insert(path.clone(), entry.name.clone());
                    }
                    // The same parameter by its number and by its alias.
                    if !seen.insert(path) {
                        return Err(set_twice(&entry.name).into());
                    }
                }
                Err(fault) if is_of_one_parameter(fault.code) => parameters.push(ParameterFault {
                    name: entry.name.clone(),
                    code: fault.code,
                    text: fault.text,
                }),
                Err(fault) => return Err(fault.into()),
            }
        }
        if parameters.is_empty() {
            return Ok(());
        }
        Err(refusal(parameters))
    }
}

/// 9003 with what is wrong with each (TR-069 A.3.2.1).
fn refusal(parameters: Vec<ParameterFault>) -> Refusal {
    let fault = Fault::arguments(summary(&parameters));
    Refusal { fault, parameters }
}

/// ManagementServer.AutoCreateInstances.
fn makes_instances(model: &dyn DataModel) -> bool {
    let name = format!(
        "{}ManagementServer.AutoCreateInstances",
        model.root().path()
    );
    find(model, &name).is_ok_and(|found| found.value == "true")
}

/// The concrete name of a parameter; instances that it names by a new alias are made if they may be (AL-05).
fn resolve(
    search: &mut Search,
    model: &mut dyn DataModel,
    name: &str,
    makes: bool,
) -> Result<String, Fault> {
    let path = Path::parse(name)?;
    if path.is_partial() {
        return Err(Fault::invalid_name(name));
    }
    if makes {
        resolve_or_make(search, model, &path)
    } else {
        resolve_one_within(search, model, &path).map(|one| one.path)
    }
}

/// Stages the value of the parameter at `path`.
fn stage_one(
    search: &mut Search,
    model: &mut dyn DataModel,
    entry: &Entry,
    path: &str,
) -> Result<(), Fault> {
    // Faults name the parameter as the ACS did.
    let given = |fault: Fault| Fault::new(fault.code, fault.text.replace(path, &entry.name));
    let info = find(model, path).map_err(given)?.info;
    if !info.writable() {
        return Err(Fault::new(
            Code::NOT_WRITABLE,
            format!("{}: read only", entry.name),
        ));
    }
    // References are kept by number, whatever becomes of the aliases.
    let text = if info.limits.reference && entry.text.contains('[') {
        let by_number = references::by_number(search, model, &entry.text);
        Cow::Owned(by_number.map_err(|fault| {
            let text = format!("{}: {}", entry.name, fault.text);
            Fault::new(Code::INVALID_PARAMETER_VALUE, text)
        })?)
    } else {
        Cow::Borrowed(entry.text.as_str())
    };
    let value = Value::parse(&entry.name, &info, declared_type(entry.ty, info.ty), &text)?;
    model.set(path, &value).map_err(given)
}

/// The declared type as far as it is believed: many ACSes call everything a string, or every number an int.
fn declared_type(declared: Option<Type>, wanted: Type) -> Option<Type> {
    let is_integer = |ty| {
        matches!(
            ty,
            Type::Int | Type::Long | Type::UnsignedInt | Type::UnsignedLong
        )
    };
    declared.filter(|&ty| ty != Type::String && !(is_integer(ty) && is_integer(wanted)))
}

/// The codes that SetParameterValuesFault may have; all others are for the whole request.
fn is_of_one_parameter(code: Code) -> bool {
    matches!(
        code,
        Code::REQUEST_DENIED
            | Code::INVALID_PARAMETER_NAME
            | Code::INVALID_PARAMETER_TYPE
            | Code::INVALID_PARAMETER_VALUE
            | Code::NOT_WRITABLE
    )
}

fn set_twice(name: &str) -> Fault {
    Fault::arguments(format!("set twice: {name:?}"))
}

/// The first thing that is wrong, and how much more.
fn summary(parameters: &[ParameterFault]) -> String {
    let first = parameters
        .first()
        .map(|first| first.text.as_str())
        .unwrap_or_default();
    match parameters.len() {
        0 | 1 => format!("nothing was set: {first}"),
        count => format!("nothing was set: {first} (and {} more)", count - 1),
    }
}
