//! What one can ask the agent from outside: the control socket's commands (and later the ubus object's), and the
//! shape of each answer. The protocol around them is `control::protocol`.

use crate::wire::data::{
    Data, Entry, Fields, FromData, Map, Record, ToData, Wrong, one_of, read, record,
};
use crate::wire::json;

/// A command to the agent. The doc line names the shape of [`Reply::Ok`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// What the daemon is doing: an object with the keys `cwmp`, `last_session`, `next_session`, `statistics` and what
    /// else is worth knowing, each an object, a list of objects or a plain value.
    Status,
    /// Start a session: `{"info": "…"}`, or with `wait`, when it has ended, the same about its outcome. A session that
    /// failed answers [`Reply::Error`].
    Inform {
        /// The event to report, in the words of [`event`]; `None` = `6 CONNECTION REQUEST`.
        event: Option<String>,
        /// Also ask the ACS for its methods.
        get_rpc_methods: bool,
        /// Answer when the session has ended.
        wait: bool,
    },
    /// Look for value changes now: `{"info": "…"}`.
    Notify,
    /// What a DHCP lease says, as its client's hook has it: `{"info": "…"}`. An option is a text of hex digits, empty when
    /// the lease did not have it; `None`: nobody knows.
    Dhcp {
        /// First forget what earlier leases said.
        clear: bool,
        /// DHCPv4 option 43.
        opt43: Option<String>,
        /// DHCPv4 option 125.
        opt125: Option<String>,
        /// DHCPv6 option 17.
        opt17: Option<String>,
        /// The logical interface of the lease.
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
    /// Transfers that wait, run, or whose end the ACS was not told of: `[{"id": 3, "kind": "download", "state": "running", …}]`.
    Transfers,
    /// Messages of the running or last session, secrets masked:
    /// `[{"time": "…", "direction": "sent"|"received", "message": "Inform", "detail": "several\nlines", …}]`.
    Trace {
        /// Keep sending what follows, a list a time.
        follow: bool,
    },
    /// The daemon's version: `{"version": "…"}`.
    Version,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Done; the shape depends on the command.
    Ok(Data<'static>),
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

/// A command that asks for nothing yet.
type Blank = fn() -> Command;

/// Each command by its word.
const COMMANDS: [(&str, Blank); 16] = [
    ("status", || Command::Status),
    ("inform", || Command::Inform {
        event: None,
        get_rpc_methods: false,
        wait: false,
    }),
    ("notify", || Command::Notify),
    ("dhcp", || Command::Dhcp {
        clear: false,
        opt43: None,
        opt125: None,
        opt17: None,
        interface: None,
    }),
    ("reload", || Command::Reload),
    ("stop", || Command::Stop),
    ("get", || Command::Get { paths: Vec::new() }),
    ("names", || Command::Names {
        path: String::new(),
        next_level: false,
    }),
    ("set", || Command::Set { values: Vec::new() }),
    ("add", || Command::Add {
        table: String::new(),
    }),
    ("delete", || Command::Delete {
        instance: String::new(),
    }),
    ("attributes", || Command::Attributes { paths: Vec::new() }),
    ("events", || Command::Events),
    ("transfers", || Command::Transfers),
    ("trace", || Command::Trace { follow: false }),
    ("version", || Command::Version),
];

/// Shows the fields of a command, whether they are to be read or written.
macro_rules! fields {
    ($command:ident, $see:ident) => {
        match $command {
            Command::Inform {
                event,
                get_rpc_methods,
                wait,
            } => {
                $see("event", event);
                $see("get_rpc_methods", get_rpc_methods);
                $see("wait", wait);
            }
            Command::Dhcp {
                clear,
                opt43,
                opt125,
                opt17,
                interface,
            } => {
                $see("clear", clear);
                $see("opt43", opt43);
                $see("opt125", opt125);
                $see("opt17", opt17);
                $see("interface", interface);
            }
            Command::Get { paths } | Command::Attributes { paths } => $see("paths", paths),
            Command::Names { path, next_level } => {
                $see("path", path);
                $see("next_level", next_level);
            }
            Command::Set { values } => $see("values", values),
            Command::Add { table } => $see("table", table),
            Command::Delete { instance } => $see("instance", instance),
            Command::Trace { follow } => $see("follow", follow),
            Command::Status
            | Command::Notify
            | Command::Reload
            | Command::Stop
            | Command::Events
            | Command::Transfers
            | Command::Version => {}
        }
    };
}

impl Record for Command {
    fn required(&self) -> &'static [&'static str] {
        match self {
            Command::Get { .. } | Command::Attributes { .. } => &["paths"],
            Command::Names { .. } => &["path"],
            Command::Set { .. } => &["values"],
            Command::Add { .. } => &["table"],
            Command::Delete { .. } => &["instance"],
            _ => &[],
        }
    }

    fn strict(&self) -> bool {
        true
    }

    fn places(&mut self, see: &mut dyn FnMut(&'static str, &mut dyn FromData)) {
        fields!(self, see);
    }
}

impl Fields for Command {
    fn fields<'a>(&'a self, see: &mut dyn FnMut(&'static str, &'a dyn ToData)) {
        fields!(self, see);
    }
}

impl Command {
    /// Reads a command.
    pub fn read(data: Data<'_>) -> Result<Command, Wrong> {
        let mut fields = data.into_map()?;
        let word = fields.remove("command");
        let word = word.ok_or_else(|| Wrong::new("missing field `command`"))?;
        let mut command = one_of(&word, &COMMANDS)?();
        read(&mut command, Data::Map(fields))?;
        Ok(command)
    }

    /// The command as [`Command::read`] takes it.
    #[must_use]
    pub fn data(&self) -> Data<'_> {
        let kind = std::mem::discriminant(self);
        let known = COMMANDS
            .iter()
            .find(|(_, make)| std::mem::discriminant(&make()) == kind);
        let mut map = Map::default();
        map.push("command", known.map(|(word, _)| *word).into());
        self.fields(&mut |key, field| map.push(key, field.data()));
        Data::Map(map)
    }
}

impl Reply {
    /// An answer that is a sentence.
    pub fn info(text: impl Into<String>) -> Reply {
        Reply::Ok(Data::map([("info", text.into().into())]))
    }

    /// Reads a reply.
    pub fn read(data: Data<'_>) -> Result<Reply, Wrong> {
        let Some(Entry { key, value, .. }) = data.into_map()?.into_iter().next() else {
            return Err(Wrong::new("no reply"));
        };
        if key == "ok" {
            return Ok(Reply::Ok(value.into_owned()));
        }
        let mut refusal = Refusal::default();
        refusal.read(value)?;
        let Refusal { code, text } = refusal;
        Ok(match &*key {
            "fault" => Reply::Fault { code, text },
            "busy" => Reply::Busy { text },
            "error" => Reply::Error { text },
            _ => return Err(Wrong::new("no reply")),
        })
    }

    /// Appends the JSON of a reply.
    pub fn write(&self, out: &mut String) {
        let (kind, refusal) = match self {
            Reply::Ok(value) => {
                out.push_str("{\"ok\":");
                json::write(value, out);
                return out.push('}');
            }
            Reply::Fault { code, text } => (
                "fault",
                Data::map([("code", (*code).into()), ("text", text.data())]),
            ),
            Reply::Busy { text } => ("busy", Data::map([("text", text.data())])),
            Reply::Error { text } => ("error", Data::map([("text", text.data())])),
        };
        json::write(&Data::map([(kind, refusal)]), out);
    }
}

/// What a reply says that is no answer.
#[derive(Default)]
struct Refusal {
    code: u16,
    text: String,
}

record!(read Refusal { code, text } requires ["text"]);

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
