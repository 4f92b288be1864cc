//! `cwmpd job transfer`: downloads or uploads one file, in a process that may wait.
//!
//! The [`Order`] comes as one object of JSON on standard input. Lines of JSON go out: `{"bytes": N, "total": M}` now and
//! then (`total` is left out while it is not known), and at the end either `{"done": true, "bytes": N}` or
//! `{"fault": 9012, "text": "…"}`; the exit status is 0 in both cases.

mod ftp;
mod http;
mod local;
mod order;
mod wire;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use nix::sys::prctl;
use nix::sys::signal::Signal;

use crate::net::http::{ConnectError, Phase};
use crate::wire::data::Data;
use crate::wire::http::{Url, UrlError};
use crate::wire::json;
use local::Local;
pub use order::Order;
use wire::Wire;

/// An order is a few URLs and paths.
const MAX_ORDER: u64 = 64 * 1024;
/// Tries in a row that get no further than those before.
const TRIES: u32 = 5;
/// The longest wait between two.
const MAX_WAIT: Duration = Duration::from_secs(60);

const BROKEN_ORDER: u16 = 9002;
const DOWNLOAD_FAILED: u16 = 9010;
const UPLOAD_FAILED: u16 = 9011;
const DENIED: u16 = 9012;
const WRONG_SCHEME: u16 = 9013;
const UNREACHABLE: u16 = 9015;
const NOT_FOUND: u16 = 9016;
const CUT_OFF: u16 = 9017;
const WRONG_SIZE: u16 = 9018;

/// Why a transfer has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The fault code of TR-069 A.5.1.
    pub fault: u16,
    /// What happened, and where. Never a secret.
    pub text: String,
    /// Another try may get further.
    again: bool,
}

impl Failure {
    /// Fault 0 stands for that of the whole transfer, 9010 or 9011.
    fn new(fault: u16, text: &str) -> Failure {
        Failure {
            fault,
            text: text.to_owned(),
            again: false,
        }
    }

    fn again(self) -> Failure {
        Failure {
            again: true,
            ..self
        }
    }
}

/// Is told how many bytes have been moved, and of how many; an error ends the transfer.
pub type Report<'a> = &'a mut dyn FnMut(u64, Option<u64>) -> io::Result<()>;

/// The child's `main`.
pub fn main() -> ExitCode {
    // Without the daemon nobody waits for the file, and its next life may order it again.
    let _ = prctl::set_pdeathsig(Signal::SIGKILL);
    let mut text = Vec::new();
    // The library's standard input has a lock and a buffer, which nobody else here needs.
    let stdin = File::open("/proc/self/fd/0");
    let read = stdin.and_then(|stdin| stdin.take(MAX_ORDER).read_to_end(&mut text));
    let order = read
        .map_err(|error| error.to_string())
        .and_then(|_| Order::read(&text).map_err(|wrong| wrong.to_string()));
    let result = order.map_err(|wrong| Failure::new(BROKEN_ORDER, &wrong));
    let result = result.and_then(|order| {
        run(&order, &mut |bytes, total| {
            let total = total.map_or(Data::Null, Into::into);
            say(&Data::in_order([("bytes", bytes.into()), ("total", total)]))
        })
    });
    let last = match result {
        Ok(bytes) => say(&Data::in_order([
            ("done", true.into()),
            ("bytes", bytes.into()),
        ])),
        Err(Failure { fault, text, .. }) => say(&Data::in_order([
            ("fault", u32::from(fault).into()),
            ("text", text.into()),
        ])),
    };
    ExitCode::from(u8::from(last.is_err()))
}

fn say(data: &Data<'_>) -> io::Result<()> {
    let line = json::text(data) + "\n";
    io::stdout().write_all(line.as_bytes())
}

/// Carries an order out: how many bytes the file has.
pub fn run(order: &Order, report: Report<'_>) -> Result<u64, Failure> {
    let result = attempts(order, report);
    result.map_err(|failure| Failure {
        fault: match failure.fault {
            0 if order.get => DOWNLOAD_FAILED,
            0 => UPLOAD_FAILED,
            fault => fault,
        },
        ..failure
    })
}

fn attempts(order: &Order, report: Report<'_>) -> Result<u64, Failure> {
    let (ftp, url) = target(&order.url)?;
    let local = Rc::new(RefCell::new(Local::open(order)?));
    let mut wire = Wire::new(order, report).map_err(|error| Failure::new(0, &error.to_string()))?;
    let first = Duration::from_secs(order.wait_seconds.into());
    let (mut wait, mut tries) = (first, 0);
    loop {
        let before = local.borrow().best;
        let result = match ftp {
            true => ftp::transfer(order, &url, &mut local.borrow_mut(), &mut wire),
            false => http::transfer(order, &url, &local, &mut wire),
        };
        let mut local = local.borrow_mut();
        let failure = match result {
            Ok(()) => {
                local.finish()?;
                return Ok(local.bytes);
            }
            Err(failure) => failure,
        };
        local.checkpoint()?;
        match local.best > before {
            true => (wait, tries) = (first, 0),
            false => tries += 1,
        }
        // What never worked is told at once: the ACS waits for that.
        if !(order.get && failure.again && local.best > 0) || tries >= TRIES {
            return Err(failure);
        }
        drop(local);
        wire.pause(wait)?;
        wait = (wait * 2).min(MAX_WAIT);
    }
}

/// Where a URL leads, and whether by FTP.
fn target(text: &str) -> Result<(bool, Url), Failure> {
    let ftp = text.get(..6).filter(|s| s.eq_ignore_ascii_case("ftp://"));
    let rest = ftp.and_then(|scheme| text.get(scheme.len()..));
    let parsed = match rest {
        None => Url::parse(text),
        Some(rest) => Url::parse(&format!("http://{rest}")),
    };
    let mut url = parsed.map_err(|error| match error {
        UrlError::Scheme => Failure::new(WRONG_SCHEME, "the URL is none of http, https and ftp"),
        error => Failure::new(0, &error.to_string()),
    })?;
    if let Some(rest) = rest {
        let authority = rest.split('/').next().unwrap_or_default();
        if url.port == 80 && !authority.ends_with(":80") {
            url.port = 21;
        }
    }
    Ok((rest.is_some(), url))
}

/// The failure with the server that it concerns.
fn at_host(failure: Failure, url: &Url) -> Failure {
    Failure {
        text: format!("{}: {}", url.host, failure.text),
        ..failure
    }
}

/// The connection is that to an ACS, as its words have it.
fn server_words(text: &str) -> String {
    text.replace("the ACS", "the server")
}

fn connect_failure(error: &ConnectError) -> Failure {
    let text = server_words(&error.to_string());
    match error {
        ConnectError::Resolve { .. } | ConnectError::Connect(_) => {
            Failure::new(UNREACHABLE, &text).again()
        }
        ConnectError::TlsConfig(_) | ConnectError::Tls(_) => Failure::new(UNREACHABLE, &text),
        ConnectError::Idle { phase, .. }
        | ConnectError::Closed { phase }
        | ConnectError::Broken { phase, .. } => {
            let fault = match phase {
                Phase::Handshake => UNREACHABLE,
                _ => CUT_OFF,
            };
            Failure::new(fault, &text).again()
        }
        _ => Failure::new(0, &text),
    }
}
