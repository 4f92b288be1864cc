//! Templates: what stands in them as a line `@WHAT ARGUMENT ...` is made from the tables that drive the programs.

use cwmpd::agent::command::event_names;
use cwmpd::agent::config::options::{Kind, Opt, find};
use cwmpd::control::cli::commands::{self, COMMANDS, Entry};

/// The template with its places filled.
pub fn fill(template: &str) -> String {
    let mut filled = String::new();
    for line in template.lines() {
        match line.strip_prefix('@') {
            Some(place) => filled += &made(place),
            None => {
                filled += &line.replace("@version@", env!("CARGO_PKG_VERSION"));
                filled.push('\n');
            }
        }
    }
    filled
}

fn made(place: &str) -> String {
    let (what, argument) = place.split_once(' ').unwrap_or((place, ""));
    let (name, unit) = argument.split_once(' ').unwrap_or((argument, ""));
    match what {
        "command" => command(commands::find(name).expect(name)),
        "option" => {
            let (section, name) = name.split_once('.').expect(name);
            option(find(section, name).expect(name), unit)
        }
        "shell-commands" => shell_list("commands", COMMANDS.iter().map(|entry| entry.name)),
        "shell-arms" => shell_arms(),
        "shell-events" => shell_events(),
        _ => panic!("no such place: @{place}"),
    }
}

/// A command in mdoc(7): how it is called, what it does, its options.
fn command(entry: &Entry) -> String {
    let flags = entry.flags.iter();
    let options: String = flags
        .clone()
        .map(|(flag, _)| format!(" Oo {} Oc", self::flag(flag)))
        .collect();
    let arguments = match entry.arguments {
        "" => String::new(),
        arguments => format!(" {}", self::arguments(arguments)),
    };
    let mut page = format!(".It Cm {}{options}{arguments}\n", entry.name);
    page += &text(&sentence(entry.summary));
    page += &text(entry.details);
    if !entry.flags.is_empty() {
        page += ".Pp\n.Bl -tag -width Ds -compact\n";
        for (flag, help) in flags {
            page += &format!(".It {}\n{}", self::flag(flag), text(&sentence(help)));
        }
        page += ".El\n";
    }
    page
}

/// `name=WHAT` as an option of the command line.
fn flag(flag: &str) -> String {
    match flag.split_once('=') {
        Some((name, what)) => format!("Fl -{name} Ns = Ns Ar {what}"),
        None => format!("Fl -{flag}"),
    }
}

/// `[EVENT]`, `PATH...`, `PATH=VALUE...`
fn arguments(arguments: &str) -> String {
    if let Some(inner) = arguments.strip_prefix('[') {
        let inner = inner.strip_suffix(']').expect(arguments);
        return format!("Op {}", self::arguments(inner));
    }
    let (one, more) = match arguments.strip_suffix("...") {
        Some(one) => (one, " ..."),
        None => (arguments, ""),
    };
    format!("Ar {}{more}", one.replace('=', " Ns = Ns Ar "))
}

/// A UCI option in mdoc(7): its name, what it takes, what counts without it.
fn option(option: &Opt, unit: &str) -> String {
    if matches!(option.kind, Kind::Unused) {
        return format!(".It Cm {}\n", option.name);
    }
    let unit = match unit {
        "" => String::new(),
        unit => format!(", in {unit}"),
    };
    let default = match option.default {
        "" => "no default".to_owned(),
        default => format!("default {default}"),
    };
    let takes = format!("Takes {}{unit}; {default}.", option.kind.values());
    format!(".It Cm {}\n{}.br\n", option.name, text(&takes))
}

fn sentence(words: &str) -> String {
    let (first, rest) = words.split_at(1);
    format!("{}{rest}.", first.to_uppercase())
}

/// Prose as text lines of mdoc(7), a sentence a line.
fn text(prose: &str) -> String {
    let words = prose.split_whitespace().collect::<Vec<_>>();
    let mut lines = vec![String::new()];
    for (at, word) in words.iter().enumerate() {
        let line = lines.last_mut().expect("a line");
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word.replace('\\', "\\e"));
        let ends = word.ends_with(['.', ':']) && !word.ends_with("...");
        let begins = |word: &str| word.starts_with(|c: char| c.is_uppercase() || c == '\'');
        // A path of the data model ends in a dot, and so may the sentence that names it.
        if ends && !word.contains("Device.") && words.get(at + 1).is_some_and(|next| begins(next)) {
            lines.push(String::new());
        }
    }
    let lines = lines.iter().filter(|line| !line.is_empty());
    lines
        .map(|line| match line.starts_with(['.', '\'']) {
            true => format!("\\&{line}\n"),
            false => format!("{line}\n"),
        })
        .collect()
}

/// Words in a shell variable.
fn shell_list<'a>(name: &str, words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    format!("\tlocal {name}='{}'\n", words.join(" "))
}

/// What may follow each command: an arm of a `case` each.
fn shell_arms() -> String {
    let arms = COMMANDS.iter().map(|entry| {
        let mut arm = String::new();
        for (flag, _) in entry.flags {
            let end = flag.find('=').map_or(flag.len(), |at| at + 1);
            arm += &format!(" --{}", &flag[..end]);
        }
        if !arm.is_empty() {
            arm = format!(" flags+='{arm}'");
        }
        if !entry.arguments.is_empty() {
            arm += &format!(" arguments='{}'", entry.arguments);
        }
        (entry.name, arm)
    });
    arms.filter(|(_, arm)| !arm.is_empty())
        .map(|(name, arm)| format!("\t{name}){arm} ;;\n"))
        .collect()
}

/// The names of events, each in one word.
fn shell_events() -> String {
    let names = event_names().to_lowercase();
    let names = names.split(", ").filter_map(|code| code.split_once(' '));
    let names: Vec<String> = names.map(|(_, name)| name.replace(' ', "-")).collect();
    shell_list("events", names.iter().map(String::as_str))
}
