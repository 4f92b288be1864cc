//! The command table: parser, help, manual page and shell completion all come from it.

use std::io::{self, Write};

use super::arguments::Arguments;
use super::{examine, exit, show};
use crate::agent::command::{Command, event, event_names};
use crate::control::protocol;
use crate::wire::data::Data;
use crate::wire::dhcp::from_hex;

/// Prints an answer for people.
pub type Show = fn(&Data<'_>, &mut dyn Write) -> io::Result<()>;
/// Makes the command from its arguments; the error is in words.
pub type Build = fn(&Arguments) -> Result<Command, String>;

/// How a command is carried out.
#[derive(Clone, Copy)]
pub enum Act {
    /// By the daemon.
    Ask(Build, Show),
    /// In this process; gives the exit code.
    Here(fn(&Arguments, &mut dyn Write) -> io::Result<u8>),
}

/// A command.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its arguments, as the help shows them.
    pub arguments: &'static str,
    /// Least and most number of arguments.
    pub words: (usize, usize),
    /// Its options, without their dashes, with their help. One that takes a value shows that: `name=WHAT`.
    pub flags: &'static [(&'static str, &'static str)],
    /// One line.
    pub summary: &'static str,
    /// More.
    pub details: &'static str,
    /// What it does.
    pub act: Act,
}

/// The command of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    COMMANDS.iter().find(|entry| entry.name == name)
}

/// All commands, in the order of the help.
pub const COMMANDS: &[Entry] = &[
    Entry {
        name: "status",
        arguments: "",
        words: (0, 0),
        flags: &[],
        summary: "what the daemon does: last and next session, why, pending events",
        details: "The next session comes at its 'start time', the earliest of what follows it: boot delay (the random wait after a
boot), periodic, heartbeat (left out while a retry or that wait lasts), retry, scheduled (by the ACS), value change (once
the throttle allows it). Times are UTC.",
        act: Act::Ask(|_| Ok(Command::Status), show::status),
    },
    Entry {
        name: "inform",
        arguments: "[EVENT]",
        // `cwmp inform 4 value change` needs no quotation marks.
        words: (0, 3),
        flags: &[
            ("get-rpc-methods", "also ask the ACS for the methods that it knows"),
            ("wait", "wait for the session's end; exit with 1 if it failed"),
        ],
        summary: "start a session with the ACS",
        details: "EVENT is a number, a name or both: 1, boot, '1 BOOT', value-change. Without it, the session reports
6 CONNECTION REQUEST. Events: 0 BOOTSTRAP, 1 BOOT, 2 PERIODIC, 3 SCHEDULED, 4 VALUE CHANGE,
6 CONNECTION REQUEST, 8 DIAGNOSTICS COMPLETE.",
        act: Act::Ask(inform, show::info),
    },
    Entry {
        name: "notify",
        arguments: "",
        words: (0, 0),
        flags: &[],
        summary: "look for changed values now",
        details: "Values with active notification that changed lead to a session with 4 VALUE CHANGE, those with passive
notification ride in whatever session comes next; 'cwmp attributes' shows which have what.",
        act: Act::Ask(|_| Ok(Command::Notify), show::info),
    },
    Entry {
        name: "dhcp",
        arguments: "",
        words: (0, 0),
        flags: &[
            ("opt43=HEX", "option 43 of a DHCPv4 lease, in hex digits; may be empty"),
            ("opt125=HEX", "option 125 of the same"),
            ("opt17=HEX", "option 17 of a DHCPv6 lease"),
            ("interface=NAME", "the logical interface of the lease"),
            ("clear", "forget what earlier leases said"),
        ],
        summary: "hand over what a DHCP lease says of the ACS; for the hooks of DHCP clients",
        details: "The daemon takes the ACS URL, provisioning code, retry values and the gateway's identity from it (TR-069 3.1,
Annex F). When it does not run, it does so as soon as it does. Whether the URL counts is for acs.dhcp_discovery to say.",
        act: Act::Ask(dhcp, show::info),
    },
    Entry {
        name: "reload",
        arguments: "",
        words: (0, 0),
        flags: &[],
        summary: "read the configuration again",
        details: "If the new configuration cannot be used, the old one stays in force.",
        act: Act::Ask(|_| Ok(Command::Reload), show::info),
    },
    Entry {
        name: "stop",
        arguments: "",
        words: (0, 0),
        flags: &[],
        summary: "end the daemon",
        details: "A running session gets a few seconds to end.",
        act: Act::Ask(|_| Ok(Command::Stop), show::info),
    },
    Entry {
        name: "get",
        arguments: "PATH...",
        words: (1, usize::MAX),
        flags: &[],
        summary: "show values",
        details: "PATH is a parameter, an object with its final dot, or has wildcards: Device.IP.Interface.*.Name",
        act: Act::Ask(|given| Ok(Command::Get { paths: given.words.clone() }), show::values),
    },
    Entry {
        name: "names",
        arguments: "[PATH]",
        words: (0, 1),
        flags: &[("next-level", "only what lies one level below PATH")],
        summary: "show names, and what is writable",
        details: "Without PATH: the whole tree.",
        act: Act::Ask(names, show::names),
    },
    Entry {
        name: "set",
        arguments: "PATH=VALUE...",
        words: (1, usize::MAX),
        flags: &[],
        summary: "set values, all of them or none",
        details: "PATH is a parameter; an instance may be named by its alias: Device.NAT.PortMapping.[web].Enable=1",
        act: Act::Ask(set, show::done),
    },
    Entry {
        name: "add",
        arguments: "PATH",
        words: (1, 1),
        flags: &[],
        summary: "add an instance to a table",
        details: "PATH ends in a dot: Device.NAT.PortMapping. or, to name the instance by an alias, Device.NAT.PortMapping.[web]. as
well. The number of the instance is printed.",
        act: Act::Ask(|given| Ok(Command::Add { table: first(given) }), show::added),
    },
    Entry {
        name: "del",
        arguments: "PATH",
        words: (1, 1),
        flags: &[],
        summary: "delete an instance",
        details: "PATH is the instance with its final dot: Device.NAT.PortMapping.3. or Device.NAT.PortMapping.[web].",
        act: Act::Ask(|given| Ok(Command::Delete { instance: first(given) }), show::done),
    },
    Entry {
        name: "attributes",
        arguments: "PATH...",
        words: (1, usize::MAX),
        flags: &[],
        summary: "show notification attributes and access lists",
        details: "NOTIFICATION is what the ACS set, or the data model's default: 0 a change is not told; 1, 4, 6 it rides in the
next session; 2 it opens one; 3, 5 it is for lightweight notifications, which are not sent. Where ACCESS LIST is
empty, 'cwmp set' and 'cwmp del' are refused: the ACS has reserved the parameter for itself.",
        act: Act::Ask(|given| Ok(Command::Attributes { paths: given.words.clone() }), show::attributes),
    },
    Entry {
        name: "events",
        arguments: "",
        words: (0, 0),
        flags: &[],
        summary: "show the events that wait for the next session",
        details: "They survive a restart, and stay until the ACS has confirmed them. 'cwmp status' shows when that session comes.",
        act: Act::Ask(|_| Ok(Command::Events), show::events),
    },
    Entry {
        name: "transfers",
        arguments: "",
        words: (0, 0),
        flags: &[],
        summary: "show downloads and uploads: those that wait, the one that runs, those not yet reported",
        details: "STATE is waiting (until NEXT), running with what is done just now (STEP), applying, or done: then the ACS is still to
be told. BYTES of TOTAL have moved, RATE is in bytes a second.",
        act: Act::Ask(|_| Ok(Command::Transfers), show::transfers),
    },
    Entry {
        name: "trace",
        arguments: "",
        words: (0, 0),
        flags: &[("follow", "go on with what comes, until interrupted")],
        summary: "show the messages of the running or last session, without secrets",
        details: "",
        act: Act::Ask(|given| Ok(Command::Trace { follow: given.flag("follow") }), show::trace),
    },
    Entry {
        name: "doctor",
        arguments: "",
        words: (0, 0),
        flags: &[],
        summary: "look for what keeps this device from its ACS, and say what to do",
        details: "Walks configuration, clock, DNS, TCP, TLS, HTTP, authentication, the daemon and connection requests. Works without the
daemon, from /etc/config/cwmp. The ACS is asked with GET: no session begins. Exits with 78 if the configuration is wrong, with 1 if
anything else does not work.",
        act: Act::Here(examine::doctor),
    },
    Entry {
        name: "version",
        arguments: "",
        words: (0, 0),
        flags: &[],
        summary: "show the version",
        details: "",
        act: Act::Here(version),
    },
];

fn first(given: &Arguments) -> String {
    given.words.first().cloned().unwrap_or_default()
}

fn inform(given: &Arguments) -> Result<Command, String> {
    let wanted = given.words.join(" ");
    let event = match event(&wanted) {
        _ if wanted.is_empty() => None,
        Some(code) => Some(code.to_owned()),
        None => {
            return Err(format!(
                "no such event '{wanted}'; events are {}",
                event_names()
            ));
        }
    };
    Ok(Command::Inform {
        event,
        get_rpc_methods: given.flag("get-rpc-methods"),
        wait: given.flag("wait"),
    })
}

fn dhcp(given: &Arguments) -> Result<Command, String> {
    let option = |name: &str| match given.value(name) {
        Some(hex) => match from_hex(hex) {
            Ok(_) => Ok(Some(hex.to_owned())),
            Err(problem) => Err(format!("--{name}: {problem}")),
        },
        None => Ok(None),
    };
    if given.flags.iter().all(|(name, _)| *name == "interface") {
        return Err("'dhcp' needs an option of the lease, or --clear".to_owned());
    }
    Ok(Command::Dhcp {
        clear: given.flag("clear"),
        opt43: option("opt43")?,
        opt125: option("opt125")?,
        opt17: option("opt17")?,
        interface: given.value("interface").map(str::to_owned),
    })
}

fn names(given: &Arguments) -> Result<Command, String> {
    Ok(Command::Names {
        path: first(given),
        next_level: given.flag("next-level"),
    })
}

fn set(given: &Arguments) -> Result<Command, String> {
    let pair = |word: &String| match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("'{word}' is not PATH=VALUE")),
    };
    Ok(Command::Set {
        values: given.words.iter().map(pair).collect::<Result<_, _>>()?,
    })
}

fn version(given: &Arguments, out: &mut dyn Write) -> io::Result<u8> {
    let version = env!("CARGO_PKG_VERSION");
    if given.json {
        let answer = Data::map([("version", version.into())]);
        out.write_all(protocol::line(&answer).as_bytes())?;
    } else {
        writeln!(out, "cwmpd {version}")?;
    }
    Ok(exit::OK)
}
