//! `cwmp doctor`: the findings as they come.

use std::io::{self, Write};

use super::arguments::Arguments;
use super::{exit, print};
use crate::control::doctor::{self, Finding, Outcome, STEPS};
use crate::wire::data::Data;

/// Runs the doctor; the exit code says whether anything does not work.
pub fn doctor(given: &Arguments, out: &mut dyn Write) -> io::Result<u8> {
    let mut code = exit::OK;
    let mut findings = Vec::new();
    doctor::run(&given.root, &mut |finding| {
        if finding.outcome == Outcome::Failed && code == exit::OK {
            // What follows from a wrong configuration is not the failure.
            code = if finding.step == STEPS[0] {
                exit::CONFIGURATION
            } else {
                exit::FAILED
            };
        }
        if given.json {
            findings.push(finding.data());
            return Ok(());
        }
        show(&finding, out)
    })?;
    if given.json {
        let line = crate::control::protocol::line(&Data::List(findings));
        out.write_all(print::json(&line).as_bytes())?;
    }
    Ok(code)
}

fn show(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let outcome = match finding.outcome {
        Outcome::Ok => "ok",
        Outcome::Warning => "warning",
        Outcome::Failed => "FAILED",
        Outcome::Skipped => "-",
    };
    let width = STEPS
        .iter()
        .map(|step| step.len())
        .max()
        .unwrap_or_default();
    writeln!(
        out,
        "{outcome:7}  {:width$}  {}",
        finding.step,
        print::printable(&finding.saw)
    )?;
    if let Some(advice) = &finding.advice {
        writeln!(
            out,
            "{:7}  {:width$}  -> {}",
            "",
            "",
            print::printable(advice)
        )?;
    }
    // Steps take their time: each is to be seen when it is done.
    out.flush()
}
