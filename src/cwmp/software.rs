//! Software modules: what ChangeDUState orders (TR-069 A.4.1.10).

use super::transfer::words;
use crate::wire::Secret;
use crate::wire::data::{Data, FromData, ToData, Wrong, record};

/// ChangeDUState: operations on deployment units, one after another (RB-07).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DuOrder {
    /// For `M ChangeDUState` and DUStateChangeComplete.
    pub command_key: String,
    /// At least one.
    pub operations: Vec<DuOperation>,
}

record!(DuOrder {
    command_key = "CommandKey",
    operations = "Operations",
});

/// One operation. Its arguments are as the ACS wrote them: what is wrong with one is told in its result, and does not stop
/// the others. What it does not have is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DuOperation {
    /// What to do.
    pub kind: DuKind,
    /// Where the unit is fetched from.
    pub url: String,
    /// Which unit.
    pub uuid: String,
    /// Which of several versions of it.
    pub version: String,
    /// For the URL; empty: without.
    pub username: String,
    /// Goes with the user name.
    pub password: Secret,
    /// Where it runs: the path of an ExecEnv.
    pub execution_env_ref: String,
}

record!(DuOperation {
    kind,
    url = "URL",
    uuid = "UUID",
    version = "Version",
    username = "Username",
    password = "Password",
    execution_env_ref = "ExecutionEnvRef",
});

/// What is done with a deployment unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DuKind {
    #[default]
    Install,
    Update,
    Uninstall,
}

impl DuKind {
    /// The operation whose structure has that type, `InstallOpStruct` for one.
    pub(super) fn of_struct(name: &str) -> Option<DuKind> {
        DuKind::of(name.strip_suffix("OpStruct")?)
    }
}

words!(DuKind {
    Install = "Install",
    Update = "Update",
    Uninstall = "Uninstall",
});
