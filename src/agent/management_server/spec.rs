//! One line of a table: a parameter or a multi-instance object, and where its value lives.

use crate::datamodel::{Access, DataType, Info, Limits, Notify, Root, Type};

/// Where a parameter's value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// An option of the configuration file: section and option. Below an instance, of the section that is this instance.
    Option(&'static str, &'static str),
    /// How many instances the table of that name has.
    Count(&'static str),
    /// The daemon computes it.
    Daemon,
}

/// Looks at a value; an error is the reason why it is none.
pub(super) type Check = fn(Root, &str) -> Result<(), String>;

/// One line.
pub(super) struct Spec {
    /// The name below the mount, sub-objects and all: `URL`, `HeartbeatPolicy.Enable`, `InformParameter.{i}.Enable`. With
    /// `{i}.` at its end the line is the multi-instance object itself; it comes before its parameters. What is plain
    /// needs no line. Multi-instance objects do not nest.
    pub(super) name: &'static str,
    pub(super) ty: Type,
    pub(super) home: Home,
    /// Of a multi-instance object: AddObject and DeleteObject are allowed.
    pub(super) writable: bool,
    pub(super) min: Option<i64>,
    /// Of a multi-instance object: how many instances there may be.
    pub(super) max: Option<u64>,
    pub(super) values: &'static [&'static str],
    pub(super) list: bool,
    pub(super) named: Option<DataType>,
    pub(super) notify: Notify,
    pub(super) hidden: bool,
    pub(super) forced_inform: bool,
    /// TR-098 1.8 does not have it.
    pub(super) tr181_only: bool,
    /// What a new instance has.
    pub(super) default: &'static str,
    /// A change is in force only after the session (SE-16, SV-08).
    pub(super) later: bool,
    /// What the type and the limits cannot say; the text is the reason (9007).
    pub(super) check: Option<Check>,
}

pub(super) const BASE: Spec = Spec {
    name: "",
    ty: Type::String,
    home: Home::Daemon,
    writable: false,
    min: None,
    max: None,
    values: &[],
    list: false,
    named: None,
    notify: Notify::Normal,
    hidden: false,
    forced_inform: false,
    tr181_only: false,
    default: "",
    later: false,
    check: None,
};

/// A writable parameter that is an option of the configuration file.
pub(super) const fn option(
    name: &'static str,
    ty: Type,
    section: &'static str,
    option: &'static str,
) -> Spec {
    Spec {
        name,
        ty,
        home: Home::Option(section, option),
        writable: true,
        ..BASE
    }
}

impl Spec {
    /// Whether the line is a multi-instance object.
    pub(super) fn is_table(&self) -> bool {
        self.name.ends_with("{i}.")
    }

    /// What the data model says of a parameter.
    pub(super) fn info(&self) -> Info {
        Info {
            ty: self.ty,
            access: if self.writable {
                Access::ReadWrite
            } else {
                Access::ReadOnly
            },
            limits: Limits {
                min: self.min,
                max: self.max,
                values: self.values.iter().map(|v| (*v).to_owned()).collect(),
                list: self.list,
                named: self.named,
                ..Limits::default()
            },
            notify: self.notify,
            hidden: self.hidden,
            forced_inform: self.forced_inform,
        }
    }
}
