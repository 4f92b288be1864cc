//! From TOML to a [`Template`], a section at a time. Every refusal names file, section, key and what to do.

mod derived;

use super::edit::ALIAS;
use super::format::{Definition, Place, TableKeys};
use super::template::{Node, Nodes, Parameter, Span, Table, Template, Texts, What};
use crate::datamodel::path::{Path, Segment};
use crate::datamodel::{DataType, Info, Root, Type, Value};
use crate::wire::data::{Data, Entry, FromData, Map, Plain, Wrong};
use crate::wire::toml;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// The key of a table's section that is not a parameter.
const TABLE: &str = "table";

/// A file that is being read.
struct Loader<'a> {
    file: &'a str,
    root: Option<Root>,
    /// Hashes of the names of all sections, in order.
    sections: Vec<u64>,
    texts: Texts,
    parameters: Vec<Parameter>,
    tables: Vec<Table>,
    /// What the sections without instance numbers define, by path with `{i}`: of an object nothing more, of a
    /// parameter its default, of a table's instance (ending in `{i}.`) the number of the table.
    generic: Nodes,
    /// Parameters that follow others: section, name, `follows`, whether they have a value of their own.
    followers: Vec<(String, String, [String; 3], bool)>,
    /// What there is: all that stands outside of tables, and the instances that sections mention.
    nodes: Nodes,
}

/// Why there is no template.
enum Failure {
    Toml(Wrong),
    Told(String),
}

impl From<Wrong> for Failure {
    fn from(wrong: Wrong) -> Failure {
        Failure::Toml(wrong)
    }
}

impl From<String> for Failure {
    fn from(why: String) -> Failure {
        Failure::Told(why)
    }
}

impl Template {
    /// Reads a profile; `file` is its name, for errors. The module documentation describes the format.
    pub fn parse(text: &str, file: &str) -> Result<Template, String> {
        let loaded = match load(&parts(text), file) {
            // Cut within a value, or wrong: where is told of the whole.
            Err(Failure::Toml(_)) => load(&[text], file),
            loaded => loaded,
        };
        loaded.map_err(|failure| match failure {
            Failure::Toml(wrong) => format!("{file}:{}: {}", wrong.line, wrong.text),
            Failure::Told(why) => why,
        })
    }
}

/// The text before each line that begins with a bracket, which mostly begins a section. What TOML makes of a file takes
/// forty times its size while it is there.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((part, more)) = rest
        .find("\n[")
        .and_then(|at| rest.split_at_checked(at + 1))
    {
        parts.push(part);
        rest = more;
    }
    parts.push(rest);
    parts
}

/// The sections of a part with their keys.
fn sections(part: &str) -> Result<Vec<(String, Map<'_>)>, Wrong> {
    let mut sections = Vec::new();
    for Entry { key, value, line } in toml::parse(part)? {
        let keys = value.into_map().map_err(|wrong| Wrong { line, ..wrong })?;
        sections.push((key.into_owned(), keys));
    }
    Ok(sections)
}

/// The template of these parts of a file, each of which is TOML.
fn load(parts: &[&str], file: &str) -> Result<Template, Failure> {
    let mut loader = Loader {
        file,
        root: None,
        sections: Vec::new(),
        texts: Texts::default(),
        parameters: Vec::new(),
        tables: Vec::new(),
        generic: Nodes::default(),
        followers: Vec::new(),
        nodes: Nodes::default(),
    };
    let mut given = Vec::new();
    for part in parts {
        for (section, keys) in sections(part)? {
            loader.section(&section)?;
            if !has_number(&section) {
                loader.define(&section, keys)?;
            } else if given.last() != Some(part) {
                given.push(*part);
            }
        }
    }
    loader.follow()?;
    loader.counters();
    loader.complete()?;
    loader.outside();
    for part in given {
        for (section, keys) in sections(part)? {
            if has_number(&section) {
                loader.instances(&section)?;
                loader.give(&section, &keys)?;
            }
        }
    }
    loader.finish();
    Ok(loader.template()?)
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
    /// A section that is not yet known, below the root that all have in common.
    fn section(&mut self, section: &str) -> Result<(), String> {
        let roots = [Root::Device, Root::InternetGatewayDevice];
        let root = roots.into_iter().find(|r| section.starts_with(r.path()));
        if root.is_none() || self.root.is_some_and(|known| Some(known) != root) {
            return Err(self.no_root());
        }
        self.root = root;
        let mut name = DefaultHasher::new();
        section.hash(&mut name);
        if let Err(at) = self.sections.binary_search(&name.finish()) {
            self.sections.insert(at, name.finish());
            return Ok(());
        }
        let (file, key) = (self.file, "");
        let place = Place { file, section, key };
        Err(place.error("this section is there twice"))
    }

    fn no_root(&self) -> String {
        format!(
            "{}: name every section by an object's path, such as [\"Device.Time.\"], all of them below \
             Device. or all below InternetGatewayDevice.",
            self.file
        )
    }

    /// What was read, in no more memory than it needs.
    fn template(mut self) -> Result<Template, String> {
        let root = self.root.ok_or_else(|| self.no_root())?;
        self.texts.shrink();
        self.nodes.0.shrink_to_fit();
        self.parameters.shrink_to_fit();
        self.tables.shrink_to_fit();
        Ok(Template {
            root,
            texts: self.texts,
            nodes: self.nodes,
            parameters: self.parameters,
            tables: self.tables,
        })
    }

    /// A section without instance numbers: objects, tables and parameters.
    fn define(&mut self, section: &str, keys: Map<'_>) -> Result<(), String> {
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
        for Entry { key, value, .. } in keys {
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

    fn define_table(&mut self, place: &Place<'_>, value: Data<'_>) -> Result<(), String> {
        let mut keys = TableKeys::default();
        keys.read(value).map_err(|wrong| place.error(wrong.text))?;
        let node = self.generic.get(&self.texts, place.section);
        let Some(What::Instance(number)) = node.map(|node| node.what) else {
            return Err(place.error("only a section that ends with {i}. is a table"));
        };
        if let Some(table) = self.tables.get_mut(number as usize) {
            table.writable = keys.writable;
            table.max_entries = keys.max;
            table.count = keys.count;
            table.enable = keys.enable;
            table.unique = keys.unique;
        }
        Ok(())
    }

    fn define_parameter(&mut self, place: &Place<'_>, value: Data<'_>) -> Result<(), String> {
        let name = format!("{}{}", place.section, place.key);
        let path = Path::parse(place.key);
        if !path.is_ok_and(|path| matches!(path.segments(), [Segment::Name(_)])) {
            return Err(place.error("not a parameter's name"));
        }
        let mut definition = Definition::default();
        definition.read(value).map_err(|wrong| {
            place.error(format!(
                "{}; write it like {{ type = \"string\", max = 64 }}",
                wrong.text
            ))
        })?;
        let value = definition.value.take();
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
            Arc::make_mut(&mut parameter.info).limits.named = Some(DataType::Alias);
        }
        let value = match value {
            Some(Plain(value)) => value,
            None => parameter.info.ty.zero().to_owned(),
        };
        let value = match self.followers.last() {
            // It gets its value from what it follows.
            Some((section, key, _, false)) if section == place.section && key == place.key => value,
            _ => check(&name, &parameter.info, &value)
                .map_err(|why| place.error(format!("{why}; correct its `value`")))?,
        };
        let what = self.parameter(parameter);
        let (path, value) = (self.texts.keep(&name), self.texts.keep(&value));
        self.put(Node { path, value, what });
        Ok(())
    }

    /// One parameter more. Many are alike.
    fn parameter(&mut self, mut parameter: Parameter) -> What {
        let alike = self.parameters.iter().find(|p| p.info == parameter.info);
        if let Some(alike) = alike {
            parameter.info = Arc::clone(&alike.info);
        }
        self.parameters.push(parameter);
        What::Parameter(self.parameters.len() as u32 - 1)
    }

    /// Defines a node, or what is at its path anew.
    fn put(&mut self, node: Node) {
        let path = self.texts.get(node.path);
        let at = self.generic.position(&self.texts, path);
        match self.generic.0.get_mut(at) {
            Some(old) if self.texts.get(old.path) == path => *old = node,
            _ => self.generic.0.insert(at, node),
        }
    }

    /// Makes the object `section` and all around it known.
    fn objects(&mut self, section: &str) {
        let mut kept = None;
        for (dot, _) in section.match_indices('.') {
            let path = section.get(..=dot).unwrap_or_default();
            if self.generic.get(&self.texts, path).is_some() {
                continue;
            }
            let kept = *kept.get_or_insert_with(|| self.texts.keep(section));
            let (mut what, value) = (What::Object, Span::default());
            if let Some(table) = path.strip_suffix("{i}.") {
                let number = self.tables.len() as u32;
                self.tables.push(Table::default());
                what = What::Instance(number);
                let (path, table) = (kept.to(table.len()), What::Table(number));
                self.put(Node {
                    path,
                    value,
                    what: table,
                });
            }
            let path = kept.to(path.len());
            self.put(Node { path, value, what });
        }
    }

    /// Collects the tables' members and checks their keys.
    fn complete(&mut self) -> Result<(), String> {
        let texts = &self.texts;
        for (at, node) in self.generic.0.iter().enumerate() {
            let What::Instance(number) = node.what else {
                continue;
            };
            let Some(table) = self.tables.get_mut(number as usize) else {
                continue;
            };
            let section = texts.get(node.path);
            let below = at + 1..self.generic.end(texts, at, section);
            let below = self.generic.0.get(below).unwrap_or_default().iter();
            let members = below.map(|member| Node {
                path: member.path.from(section.len()),
                ..*member
            });
            let members = members.filter(|member| !texts.get(member.path).contains("{i}"));
            table.members.0 = members.collect();
            table.members.0.shrink_to_fit();
            let mut names = table.unique.iter().flatten();
            if let Some(name) = names.find(|name| table.members.get(texts, name).is_none()) {
                let (file, key) = (self.file, TABLE);
                let why = format!("unique: there is no parameter {name} in this section");
                return Err(Place { file, section, key }.error(why));
            }
        }
        Ok(())
    }

    /// There is all that is not in a table.
    fn outside(&mut self) {
        let outside = |node: &&Node| !self.texts.get(node.path).contains("{i}");
        self.nodes.0 = self.generic.0.iter().filter(outside).copied().collect();
    }

    /// There are the instances that the name of this section mentions.
    fn instances(&mut self, section: &str) -> Result<(), String> {
        let (file, key) = (self.file, "");
        let place = Place { file, section, key };
        let Some(object) = generic(section) else {
            return Err(place.error("not an object's path; it must end with a dot"));
        };
        if self.generic.get(&self.texts, &object).is_none() {
            let why = format!("nothing defines this object; add a section [\"{object}\"]");
            return Err(place.error(why));
        }
        for (dot, _) in section.match_indices('.') {
            let path = section.get(..=dot).unwrap_or_default();
            let Some(object) = generic(path).filter(|object| object.ends_with("{i}.")) else {
                continue;
            };
            let at = self.nodes.position(&self.texts, path);
            let here = self.nodes.0.get(at);
            if here.is_some_and(|node| self.texts.get(node.path) == path) {
                continue;
            }
            let Some(instance) = self.generic.get(&self.texts, &object).copied() else {
                continue;
            };
            let members = match instance.what {
                What::Instance(number) => self.tables.get(number as usize),
                _ => None,
            };
            let texts = &mut self.texts;
            let head = Node {
                path: texts.keep(path),
                ..instance
            };
            let members = members.iter().flat_map(|table| &table.members.0);
            let members = members.map(|member| Node {
                path: texts.join(path, member.path),
                ..*member
            });
            let new = std::iter::once(head).chain(members);
            drop(self.nodes.0.splice(at..at, new));
        }
        Ok(())
    }

    /// A section with instance numbers: values.
    fn give(&mut self, section: &str, keys: &Map<'_>) -> Result<(), String> {
        for Entry { key, value, .. } in keys.iter() {
            let place = Place {
                file: self.file,
                section,
                key,
            };
            let name = format!("{section}{key}");
            let node = self.nodes.get(&self.texts, &name);
            let Some(What::Parameter(number)) = node.map(|node| node.what) else {
                let object = generic(section).unwrap_or_default();
                return Err(place.error(format!("not defined in the section [\"{object}\"]")));
            };
            let Some(parameter) = self.parameters.get(number as usize) else {
                continue;
            };
            let given = value.plain().ok_or_else(|| {
                place.error("an instance takes plain values; define it in the section with {i}")
            })?;
            let given = check(&name, &parameter.info, &given).map_err(|why| place.error(why))?;
            self.nodes.set(&mut self.texts, &name, &given);
            for driven in &parameter.drives {
                if keys.get(&driven.name).is_none() {
                    let name = format!("{section}{}", driven.name);
                    let value = driven.value(&given);
                    self.nodes.set(&mut self.texts, &name, value);
                }
            }
        }
        Ok(())
    }
}

/// The canonical text of a profile's value. What is not known (an address, an alias that is to be made) is empty.
fn check(name: &str, info: &Info, value: &str) -> Result<String, String> {
    if value.is_empty() && info.ty == Type::String && info.limits.named.is_some() {
        return Ok(String::new());
    }
    let value = Value::parse(name, info, None, value);
    value.map(Value::into_text).map_err(|fault| fault.text)
}
