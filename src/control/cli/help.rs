//! Help texts, from the command table.

use std::io::{self, Write};

use super::commands::{COMMANDS, Entry};

const HEAD: &str = "\
Asks and commands cwmpd, the TR-069 client.

Usage: cwmp [--root DIR] [--json] COMMAND [ARGUMENT...]
";

const TAIL: &str = "
Options:
  --root DIR     the daemon that was started with --root DIR
  --json         print the answer as JSON
  -h, --help     show this, or with a command more about it
  -V, --version  show the version

Exit codes: 0 done, 1 fault or failed session, 2 usage, 69 the daemon is not running, 78 configuration.
";

/// All commands.
pub fn overview(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{HEAD}\nCommands:")?;
    let usages: Vec<String> = COMMANDS.iter().map(usage).collect();
    let flags = COMMANDS.iter().flat_map(|entry| entry.flags);
    let widths = usages.iter().map(String::len);
    let width = widths
        .chain(flags.map(|(flag, _)| "  --".len() + flag.len()))
        .max()
        .unwrap_or_default();
    for (usage, entry) in usages.iter().zip(COMMANDS) {
        writeln!(out, "  {usage:width$}  {}", entry.summary)?;
        for (flag, text) in entry.flags {
            writeln!(out, "  {:width$}  {text}", format!("  --{flag}"))?;
        }
    }
    out.write_all(TAIL.as_bytes())
}

/// One command.
pub fn command(entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    let options = if entry.flags.is_empty() {
        ""
    } else {
        " [OPTION...]"
    };
    writeln!(
        out,
        "Usage: cwmp {}{options}\n\n{}",
        usage(entry),
        sentence(entry.summary)
    )?;
    if !entry.details.is_empty() {
        writeln!(out, "{}", entry.details)?;
    }
    if !entry.flags.is_empty() {
        writeln!(out, "\nOptions:")?;
    }
    let width = entry
        .flags
        .iter()
        .map(|(flag, _)| flag.len())
        .max()
        .unwrap_or_default();
    for (flag, text) in entry.flags {
        writeln!(out, "  --{flag:width$}  {text}")?;
    }
    Ok(())
}

fn usage(entry: &Entry) -> String {
    format!("{} {}", entry.name, entry.arguments)
        .trim_end()
        .to_owned()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}
