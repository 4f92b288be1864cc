//! From TOML to a [`Template`]. Every refusal names file, section, key and what to do.

mod derived;

use super::edit::ALIAS;
use super::format::{Definition, Place, TableKeys, plain};
use super::template::{Member, Parameter, Table, Template, What};
use crate::datamodel::order::order;
use crate::datamodel::path::{Path, Segment};
use crate::datamodel::{DataType, Info, Root, Type, Value};
use std::collections::BTreeMap;

/// The key of a table's section that is not a parameter.
const TABLE: &str = "table";

/// A file that is being read.
struct Loader<'a> {
    file: &'a str,
    parameters: Vec<Parameter>,
    tables: Vec<Table>,
    /// What the sections without instance numbers define, by path with `{i}`: of an object nothing more, of a
    /// parameter its default, of a table's instance (ending in `{i}.`) the number of the table.
    generic: BTreeMap<String, (What, String)>,
    /// Parameters that follow others: section, name, `follows`, whether they have a value of their own.
    followers: Vec<(String, String, [String; 3], bool)>,
}

impl Template {
    /// Reads a profile; `file` is its name, for errors. The module documentation describes the format.
    pub fn parse(text: &str, file: &str) -> Result<Template, String> {
        let sections: BTreeMap<String, toml::Table> =
            toml::from_str(text).map_err(|error| syntax(file, text, &error))?;
        let root = root(file, &sections)?;
        let mut loader = Loader {
            file,
            parameters: Vec::new(),
            tables: Vec::new(),
            generic: BTreeMap::new(),
            followers: Vec::new(),
        };
        let (given, defined): (Vec<_>, Vec<_>) = sections
            .into_iter()
            .partition(|(section, _)| has_number(section));
        for (section, keys) in defined {
            loader.define(&section, keys)?;
        }
        loader.follow()?;
        loader.counters();
        for number in 0..loader.tables.len() {
            loader.complete(number)?;
        }
        let mut nodes = loader.nodes(&given)?;
        for (section, keys) in &given {
            loader.give(section, keys, &mut nodes)?;
        }
        derived::finish(&loader, &mut nodes);
        let nodes = nodes
            .into_iter()
            .map(|(path, (what, value))| (path, what, value));
        let nodes = nodes.collect();
        Ok(Template::pack(
            root,
            nodes,
            loader.parameters,
            loader.tables,
        ))
    }
}

/// An error of TOML in one line: `FILE:LINE: text`.
fn syntax(file: &str, text: &str, error: &toml::de::Error) -> String {
    let at = error.span().and_then(|span| text.get(..span.start));
    let message = error.message().replace('\n', "; ");
    match at {
        Some(before) => format!("{file}:{}: {message}", before.matches('\n').count() + 1),
        None => format!("{file}: {message}"),
    }
}

/// The root that all sections have in common.
fn root(file: &str, sections: &BTreeMap<String, toml::Table>) -> Result<Root, String> {
    let within = |root: Root| {
        sections
            .keys()
            .all(|section| section.starts_with(root.path()))
    };
    let roots = [Root::Device, Root::InternetGatewayDevice];
    match roots.into_iter().find(|root| within(*root)) {
        Some(root) if !sections.is_empty() => Ok(root),
        _ => Err(format!(
            "{file}: name every section by an object's path, such as [\"Device.Time.\"], all of them below \
             Device. or all below InternetGatewayDevice."
        )),
    }
}

/// Whether a segment of a section's name is an instance number.
fn has_number(section: &str) -> bool {
    section
        .split('.')
        .any(|s| s.starts_with(|c: char| c.is_ascii_digit()))
}

/// The path with `{i}` for every instance number; nothing if it is no object's concrete path.
fn generic(section: &str) -> Option<String> {
    let path = Path::parse(section)
        .ok()
        .filter(|path| path.is_partial() && path.is_concrete())?;
    let segment = |segment: &Segment<'_>| match segment {
        Segment::Name(name) => format!("{name}."),
        _ => "{i}.".to_owned(),
    };
    Some(path.segments().iter().map(segment).collect())
}

impl Loader<'_> {
    /// A section without instance numbers: objects, tables and parameters.
    fn define(&mut self, section: &str, keys: toml::Table) -> Result<(), String> {
        let file = self.file;
        if generic(&section.replace("{i}", "1")).is_none() {
            let place = Place {
                file,
                section,
                key: "",
            };
            return Err(place.error("not an object's path; it must end with a dot"));
        }
        self.objects(section);
        for (key, value) in keys {
            let place = Place {
                file,
                section,
                key: &key,
            };
            if key == TABLE {
                self.define_table(&place, value)?;
            } else {
                self.define_parameter(&place, value)?;
            }
        }
        Ok(())
    }

    fn define_table(&mut self, place: &Place<'_>, value: toml::Value) -> Result<(), String> {
        let keys: TableKeys = value.try_into().map_err(|error| place.error(error))?;
        let Some((What::Instance(number), _)) = self.generic.get(place.section) else {
            return Err(place.error("only a section that ends with {i}. is a table"));
        };
        if let Some(table) = self.tables.get_mut(*number as usize) {
            table.writable = keys.writable;
            table.max_entries = keys.max;
            table.count = keys.count;
            table.enable = keys.enable;
            table.unique = keys.unique;
        }
        Ok(())
    }

    fn define_parameter(&mut self, place: &Place<'_>, value: toml::Value) -> Result<(), String> {
        let name = format!("{}{}", place.section, place.key);
        let path = Path::parse(place.key);
        if !path.is_ok_and(|path| matches!(path.segments(), [Segment::Name(_)])) {
            return Err(place.error("not a parameter's name"));
        }
        let definition: Definition = value.try_into().map_err(|error| {
            place.error(format!(
                "{}; write it like {{ type = \"string\", max = 64 }}",
                error.message()
            ))
        })?;
        let value = definition.value.clone();
        if let Some(follows) = definition.follows.clone() {
            let (section, key) = (place.section.to_owned(), place.key.to_owned());
            let follower = (section, key, follows, value.is_some());
            self.followers.push(follower);
        }
        let mut parameter = definition
            .parameter(&name)
            .map_err(|why| place.error(why))?;
        let alias = place.key == ALIAS && place.section.ends_with("{i}.");
        if alias && parameter.info.ty == Type::String {
            parameter.info.limits.named = Some(DataType::Alias);
        }
        let value = match value {
            Some(value) => plain(&value).ok_or_else(|| place.error("value: not a plain value"))?,
            None => parameter.info.ty.zero().to_owned(),
        };
        let value = match self.followers.last() {
            // It gets its value from what it follows.
            Some((section, key, _, false)) if section == place.section && key == place.key => value,
            _ => check(&name, &parameter.info, &value)
                .map_err(|why| place.error(format!("{why}; correct its `value`")))?,
        };
        let number = self.parameters.len() as u32;
        self.parameters.push(parameter);
        self.generic.insert(name, (What::Parameter(number), value));
        Ok(())
    }

    /// Makes the object `section` and all around it known.
    fn objects(&mut self, section: &str) {
        for (dot, _) in section.match_indices('.') {
            let Some(path) = section
                .get(..=dot)
                .filter(|path| !self.generic.contains_key(*path))
            else {
                continue;
            };
            let mut what = What::Object;
            if let Some(table) = path.strip_suffix("{i}.") {
                let number = self.tables.len() as u32;
                self.tables.push(Table::default());
                self.generic
                    .insert(table.to_owned(), (What::Table(number), String::new()));
                what = What::Instance(number);
            }
            self.generic.insert(path.to_owned(), (what, String::new()));
        }
    }

    /// Collects a table's members and checks its keys.
    fn complete(&mut self, number: usize) -> Result<(), String> {
        let what = What::Instance(number as u32);
        let instance = self.generic.iter().find(|(_, (other, _))| *other == what);
        let (section, members) = match instance {
            Some((path, _)) => (path.clone(), self.members(path)),
            None => return Ok(()),
        };
        let Some(table) = self.tables.get_mut(number) else {
            return Ok(());
        };
        table.members = members;
        let unknown = table
            .unique
            .iter()
            .flatten()
            .find(|name| table.member(name).is_none());
        match unknown {
            None => Ok(()),
            Some(name) => {
                let (file, section, key) = (self.file, section.as_str(), TABLE);
                let why = format!("unique: there is no parameter {name} in this section");
                Err(Place { file, section, key }.error(why))
            }
        }
    }

    /// What is defined below `prefix`, without the instances of tables there.
    fn members(&self, prefix: &str) -> Vec<Member> {
        let below = self.generic.range(prefix.to_owned()..);
        let below = below.take_while(|(path, _)| path.starts_with(prefix));
        let members = below.filter_map(|(path, (what, value))| {
            let name = path.strip_prefix(prefix).filter(|name| !name.is_empty())?;
            let (name, value) = (name.to_owned(), value.clone());
            (!name.contains("{i}")).then_some(Member {
                name,
                what: *what,
                value,
            })
        });
        let mut members: Vec<Member> = members.collect();
        members.sort_by(|a, b| order(&a.name, &b.name));
        members
    }

    /// All nodes: what stands outside of tables, and the instances that sections mention.
    fn nodes(&self, given: &[(String, toml::Table)]) -> Result<Nodes, String> {
        let outside = self.members("");
        let mut nodes: Nodes = outside
            .into_iter()
            .map(|m| (m.name, (m.what, m.value)))
            .collect();
        for (section, _) in given {
            let place = Place {
                file: self.file,
                section,
                key: "",
            };
            let Some(object) = generic(section) else {
                return Err(place.error("not an object's path; it must end with a dot"));
            };
            if !self.generic.contains_key(&object) {
                let why = format!("nothing defines this object; add a section [\"{object}\"]");
                return Err(place.error(why));
            }
            for (dot, _) in section.match_indices('.') {
                let Some(path) = section
                    .get(..=dot)
                    .filter(|path| !nodes.contains_key(*path))
                else {
                    continue;
                };
                let what = generic(path).and_then(|object| self.generic.get(&object));
                if let Some((What::Instance(number), _)) = what {
                    nodes.insert(path.to_owned(), (What::Instance(*number), String::new()));
                    let members = self.tables.get(*number as usize).map(|t| &t.members);
                    for m in members.into_iter().flatten() {
                        nodes.insert(format!("{path}{}", m.name), (m.what, m.value.clone()));
                    }
                }
            }
        }
        Ok(nodes)
    }

    /// A section with instance numbers: values.
    fn give(&self, section: &str, keys: &toml::Table, nodes: &mut Nodes) -> Result<(), String> {
        for (key, value) in keys {
            let place = Place {
                file: self.file,
                section,
                key,
            };
            let name = format!("{section}{key}");
            let Some((What::Parameter(number), text)) = nodes.get_mut(&name) else {
                let object = generic(section).unwrap_or_default();
                return Err(place.error(format!("not defined in the section [\"{object}\"]")));
            };
            let Some(parameter) = self.parameters.get(*number as usize) else {
                continue;
            };
            let given = plain(value).ok_or_else(|| {
                place.error("an instance takes plain values; define it in the section with {i}")
            })?;
            let given = check(&name, &parameter.info, &given).map_err(|why| place.error(why))?;
            text.clone_from(&given);
            for driven in &parameter.drives {
                if !keys.contains_key(&driven.name)
                    && let Some((_, text)) = nodes.get_mut(&format!("{section}{}", driven.name))
                {
                    driven.value(&given).clone_into(text);
                }
            }
        }
        Ok(())
    }
}

/// Path to what it is and its value.
type Nodes = BTreeMap<String, (What, String)>;

/// The canonical text of a profile's value. What is not known (an address, an alias that is to be made) is empty.
fn check(name: &str, info: &Info, value: &str) -> Result<String, String> {
    if value.is_empty() && info.ty == Type::String && info.limits.named.is_some() {
        return Ok(String::new());
    }
    let value = Value::parse(name, info, None, value);
    value.map(Value::into_text).map_err(|fault| fault.text)
}
