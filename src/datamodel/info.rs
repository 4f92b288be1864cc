//! What is known of a parameter beside its value.

use super::Type;

/// Who may write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Read only: SetParameterValues gives 9008.
    #[default]
    ReadOnly,
    /// Read and write.
    ReadWrite,
}

/// How a parameter behaves towards notification (TR-106 `activeNotify`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notify {
    /// Off by default, any setting allowed.
    #[default]
    Normal,
    /// Active always; cannot be lowered (9009).
    ForceEnabled,
    /// Active by default, changeable.
    ForceDefaultEnabled,
    /// A request for active notification is refused (9009).
    CanDeny,
}

/// Limits on a value, from the data model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Least value of a number, or least length of a string (characters), base64 or hexBinary (bytes).
    pub min: Option<i64>,
    /// Greatest value or length; for a list, of the whole string.
    pub max: Option<u64>,
    /// Allowed values (for a list: of each item); empty = any.
    pub values: Vec<String>,
    /// Holds the path of an object or parameter (for a list: in each item).
    pub reference: bool,
    /// A comma-separated list.
    pub list: bool,
}

/// A parameter's type, access, limits and flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// Type on the wire.
    pub ty: Type,
    /// Who may write.
    pub access: Access,
    /// Limits.
    pub limits: Limits,
    /// Notification behaviour.
    pub notify: Notify,
    /// Reads as empty (passwords).
    pub hidden: bool,
    /// In every Inform.
    pub forced_inform: bool,
}

impl Info {
    /// Whether SetParameterValues is allowed.
    pub fn writable(&self) -> bool {
        self.access == Access::ReadWrite
    }
}
