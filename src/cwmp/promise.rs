//! What a request asks to be made true before it is answered (DESIGN 2.3).

use crate::datamodel::attributes::AttributeChange;

/// What must be true and durable before the session goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// InformResponse came: the events that it confirms are delivered.
    Informed,
    /// Commit the model's open transaction and keep ParameterKey.
    Values {
        /// The new ParameterKey.
        parameter_key: String,
        /// The instance that is deleted: what is kept beside the model for parameters below it goes too.
        deleted: Option<String>,
    },
    /// Keep these attributes.
    Attributes(Vec<AttributeChange>),
    /// Reboot after the session.
    Reboot {
        /// For `M Reboot`.
        command_key: String,
    },
    /// Reset to factory defaults after the session.
    FactoryReset,
    /// Inform after a delay.
    ScheduleInform {
        /// In seconds, at least 1.
        delay: u32,
        /// For `M ScheduleInform`.
        command_key: String,
    },
}
