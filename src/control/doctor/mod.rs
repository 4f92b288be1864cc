//! `cwmp doctor`: walks the way to the ACS step by step, with the configuration and the network code of the daemon
//! but in a process of its own, and says at each step what it saw and what to do.
//!
//! It asks the ACS with GET: that begins no session and changes nothing there. An ACS that knows only POST says
//! so (405), which is answer enough, and one that wants credentials asks for them all the same.

mod acs;
mod advice;
mod device;
mod probe;

use std::io;

use crate::agent::files::Root;
use crate::wire::data::{Data, Map};

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, or may; but see the advice.
    Warning,
    /// It does not work.
    Failed,
    /// Not looked at, because of what came before.
    Skipped,
}

/// What a step found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The step.
    pub step: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// What was seen. No secrets.
    pub saw: String,
    /// What to do about it.
    pub advice: Option<String>,
}

/// The steps, in their order.
pub const STEPS: [&str; 9] = [
    CONFIGURATION,
    CLOCK,
    DNS,
    TCP,
    TLS,
    HTTP,
    AUTHENTICATION,
    DAEMON,
    CONNECTION_REQUESTS,
];

const CONFIGURATION: &str = "configuration";
const CLOCK: &str = "clock";
const DNS: &str = "dns";
const TCP: &str = "tcp";
const TLS: &str = "tls";
const HTTP: &str = "http";
const AUTHENTICATION: &str = "authentication";
const DAEMON: &str = "daemon";
const CONNECTION_REQUESTS: &str = "connection requests";

/// Takes findings as they come; its error ends the walk.
pub type Report<'a> = &'a mut dyn FnMut(Finding) -> io::Result<()>;

/// Walks all steps for the device below `root`.
pub fn run(root: &Root, report: Report) -> io::Result<()> {
    let daemon = device::Daemon::ask(root);
    let (config, url, findings) = device::configuration(root, &daemon);
    for finding in findings {
        report(finding)?;
    }
    report(device::clock())?;
    let peer = match &url {
        Some(url) => acs::walk(root, &config, url, daemon.username.as_deref(), report)?,
        None => {
            for step in [DNS, TCP, TLS, HTTP, AUTHENTICATION] {
                report(Finding::skipped(step, "there is no ACS URL"))?;
            }
            None
        }
    };
    report(daemon.finding())?;
    report(device::connection_requests(&daemon, peer))
}

impl Finding {
    /// For programs.
    #[must_use]
    pub fn data(self) -> Data<'static> {
        let outcome = match self.outcome {
            Outcome::Ok => "ok",
            Outcome::Warning => "warning",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        };
        let mut map = Map::default();
        map.push("step", self.step.into());
        map.push("outcome", outcome.into());
        map.push("saw", self.saw.into());
        if let Some(advice) = self.advice {
            map.push("advice", advice.into());
        }
        Data::Map(map)
    }

    fn ok(step: &'static str, saw: impl Into<String>) -> Finding {
        Finding {
            step,
            outcome: Outcome::Ok,
            saw: saw.into(),
            advice: None,
        }
    }

    fn warning(step: &'static str, saw: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding {
            step,
            outcome: Outcome::Warning,
            saw: saw.into(),
            advice: Some(advice.into()),
        }
    }

    fn failed(step: &'static str, saw: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding {
            step,
            outcome: Outcome::Failed,
            saw: saw.into(),
            advice: Some(advice.into()),
        }
    }

    fn skipped(step: &'static str, saw: impl Into<String>) -> Finding {
        Finding {
            step,
            outcome: Outcome::Skipped,
            saw: saw.into(),
            advice: None,
        }
    }
}
