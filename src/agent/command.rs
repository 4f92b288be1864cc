//! What one can ask the agent from outside: the control socket's commands (and later the ubus object's), and the
//! shape of each answer. The protocol around them is `control::protocol`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A command to the agent. The doc line names the shape of [`Reply::Ok`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "lowercase", deny_unknown_fields)]
pub enum Command {
    /// What the daemon is doing: an object with the keys `cwmp`, `last_session`, `next_session`, `statistics` and what
    /// else is worth knowing, each an object, a list of objects or a plain value.
    Status,
    /// Start a session: `{"info": "…"}`, or with `wait`, when it has ended, the same about its outcome. A session that
    /// failed answers [`Reply::Error`].
    Inform {
        /// The event to report, in the words of [`event`]; `None` = `6 CONNECTION REQUEST`.
        #[serde(default)]
        event: Option<String>,
        /// Also ask the ACS for its methods.
        #[serde(default)]
        get_rpc_methods: bool,
        /// Answer when the session has ended.
        #[serde(default)]
        wait: bool,
    },
    /// Look for value changes now: `{"info": "…"}`.
    Notify,
    /// What a DHCP lease says, as its client's hook has it: `{"info": "…"}`. An option is a text of hex digits, empty when
    /// the lease did not have it; `None`: nobody knows.
    Dhcp {
        /// First forget what earlier leases said.
        #[serde(default)]
        clear: bool,
        /// DHCPv4 option 43.
        #[serde(default)]
        opt43: Option<String>,
        /// DHCPv4 option 125.
        #[serde(default)]
        opt125: Option<String>,
        /// DHCPv6 option 17.
        #[serde(default)]
        opt17: Option<String>,
        /// The logical interface of the lease.
        #[serde(default)]
        interface: Option<String>,
    },
    /// Read the configuration again: `{"info": "…"}`.
    Reload,
    /// End the daemon: `{"info": "…"}`.
    Stop,
    /// Values at or below the paths: `[{"parameter": "…", "value": "…", "type": "xsd:…"}]`.
    Get {
        /// Parameters, objects with their final dot, or paths with wildcards.
        paths: Vec<String>,
    },
    /// Names at or below the path: `[{"parameter": "…", "writable": true}]`.
    Names {
        /// A path; empty = the root.
        path: String,
        /// Only what lies one level below.
        #[serde(default)]
        next_level: bool,
    },
    /// Set values, all or none: `{"status": 0}` (1: in force later).
    Set {
        /// Parameter and value, in pairs.
        values: Vec<(String, String)>,
    },
    /// Make an instance: `{"instance": 3, "status": 0}`.
    Add {
        /// The table, with its final dot; behind it `[alias].` for the instance, if wanted.
        table: String,
    },
    /// Remove an instance: `{"status": 0}`.
    Delete {
        /// The instance, with its number or `[alias]` and final dot.
        instance: String,
    },
    /// Notification attributes: `[{"parameter": "…", "notification": 2, "access_list": ["Subscriber"]}]`.
    Attributes {
        /// Parameters or objects.
        paths: Vec<String>,
    },
    /// The event queue: `[{"event": "1 BOOT", "command_key": "", …}]`.
    Events,
    /// Messages of the running or last session, secrets masked:
    /// `[{"time": "…", "direction": "sent"|"received", "message": "Inform", "detail": "several\nlines", …}]`.
    Trace {
        /// Keep sending what follows, a list a time.
        #[serde(default)]
        follow: bool,
    },
    /// The daemon's version: `{"version": "…"}`.
    Version,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// Done; the shape depends on the command.
    Ok(Value),
    /// Refused with a CWMP fault.
    Fault {
        /// 9000 to 9899.
        code: u16,
        /// Why, in words.
        text: String,
    },
    /// Not now.
    Busy {
        /// Why, in words.
        text: String,
    },
    /// Not done.
    Error {
        /// Why, in words.
        text: String,
    },
}

/// The events that can be reported by command. The others belong to an RPC that the ACS waits to see completed.
const EVENTS: [&str; 7] = [
    "0 BOOTSTRAP",
    "1 BOOT",
    "2 PERIODIC",
    "3 SCHEDULED",
    "4 VALUE CHANGE",
    "6 CONNECTION REQUEST",
    "8 DIAGNOSTICS COMPLETE",
];

/// The event code that `text` means: `1`, `1 BOOT`, `boot`, `value-change`, `Value Change`.
pub fn event(text: &str) -> Option<&'static str> {
    let wanted = text.trim().replace(['-', '_'], " ");
    EVENTS.into_iter().find(|code| {
        let (number, name) = code.split_once(' ').unwrap_or((code, ""));
        [*code, number, name]
            .into_iter()
            .any(|form| form.eq_ignore_ascii_case(&wanted))
    })
}

/// What [`event`] understands, for help and error texts.
pub fn event_names() -> String {
    EVENTS.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_number_a_name_and_both() {
        for text in [
            "4",
            "4 VALUE CHANGE",
            "value-change",
            "Value_Change",
            " 4 value change ",
        ] {
            assert_eq!(event(text), Some("4 VALUE CHANGE"), "{text}");
        }
        assert_eq!(event("boot"), Some("1 BOOT"));
    }

    #[test]
    fn an_event_is_not_guessed_from_its_first_character() {
        for text in [
            "",
            "7",
            "10",
            "11",
            "14",
            "1 BOOTS",
            "x",
            "M Reboot",
            "7 TRANSFER COMPLETE",
        ] {
            assert_eq!(event(text), None, "{text}");
        }
    }
}
