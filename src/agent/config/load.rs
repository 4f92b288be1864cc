//! Reading the file into a [`Config`].

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::options::{Kind, OPTIONS, SECTIONS, find};
use super::{
    Acs, Backend, BackendKind, Compression, Config, ConnectionRequest, Cpe, Discovery, Identity,
    InformParameter, Log, LogFile, PeriodicNotify, Problem, Username,
};
use crate::agent::files::{self, read_capped};
use crate::cwmp::inform::{MAX_ENTRIES, check_event_list, check_parameter_name};
use crate::datamodel::{DataType, Root};
use crate::wire::Secret;
use crate::wire::dhcp::Offer;
use crate::wire::uci;

/// What icwmp gives every device: known to everybody.
const SHARED_PASSWORD: &str = "iopsys";
/// Names shown in problems are cut there.
const MAX_SHOWN: usize = 64;

impl Config {
    /// Reads the file; what cannot be used is reported, and never stops the rest.
    pub fn load(root: &files::Root, path: impl AsRef<Path>) -> (Config, Vec<Problem>) {
        let (config, _, mut problems) = read(root.join(path));
        problems.extend(open_key(root, &config));
        (config, problems)
    }

    /// The problems of the file, and of what it names: `unusable` says section, option and reason.
    pub fn check(
        root: &files::Root,
        path: impl AsRef<Path>,
        unusable: impl FnOnce(&Config) -> Vec<(&'static str, &'static str, String)>,
    ) -> Vec<Problem> {
        let name = root.join(path);
        let (config, file, found) = read(name.clone());
        let mut problems = Problems { file: &name, found };
        for (section, option, text) in unusable(&config) {
            let line = line_of(&file, section, option);
            problems.error(line, format!("{section}.{option}: {text}"));
        }
        problems.found.extend(open_key(root, &config));
        problems.sorted()
    }

    /// Reads text as if it were the file `name`.
    pub fn parse(name: &Path, text: &[u8]) -> (Config, Vec<Problem>) {
        let (config, _, problems) = parse(name, text);
        (config, problems)
    }
}

fn read(name: PathBuf) -> (Config, uci::File, Vec<Problem>) {
    let text = match read_capped(&name, uci::MAX_BYTES) {
        Ok(text) => text,
        Err(error) => {
            let text = format!(
                "cannot {}: {}; all defaults are used",
                error.step, error.source
            );
            let mut problems = Problems {
                file: &name,
                found: Vec::new(),
            };
            problems.error(0, text);
            return (Config::default(), uci::File::default(), problems.found);
        }
    };
    let (config, file, found) = parse(&name, &text);
    let mut problems = Problems { file: &name, found };
    let secrets = [
        ("acs", !config.acs.password.is_empty()),
        ("cpe", !config.connection_request.password.is_empty()),
    ];
    let open = fs::metadata(&name).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
    if let Some((section, _)) = secrets.iter().find(|(_, set)| *set && open) {
        let line = line_of(&file, section, "passwd");
        let text = format!("{section}.passwd: others may read this file; make it mode 0600");
        problems.warning(line, text);
    }
    let problems = problems.sorted();
    (config, file, problems)
}

/// The device's private key, where others may read it.
fn open_key(root: &files::Root, config: &Config) -> Option<Problem> {
    let file = root.join(config.acs.tls_client_key.as_ref()?);
    let mode = fs::metadata(&file).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| Problem {
        file,
        line: 0,
        text: "is the device's private key but others may read it; make it mode 0600".to_owned(),
        error: false,
    })
}

fn parse(name: &Path, text: &[u8]) -> (Config, uci::File, Vec<Problem>) {
    let (file, broken) = uci::File::parse(text);
    let mut config = Config::default();
    let mut problems = Problems {
        file: name,
        found: Vec::new(),
    };
    for uci::Problem { line, text } in broken {
        problems.error(line, text);
    }
    for (_, section) in file.sections() {
        match section_name(section) {
            Some(known) => take_section(&mut config, known, section, &mut problems),
            None => problems.warning(
                section.line,
                format!("unknown section {}", shown(&section.kind)),
            ),
        }
    }
    dangers(&config, &file, &mut problems);
    let problems = problems.sorted();
    (config, file, problems)
}

/// What was found in one file.
struct Problems<'a> {
    file: &'a Path,
    found: Vec<Problem>,
}

impl Problems<'_> {
    fn sorted(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| problem.line);
        self.found
    }

    fn error(&mut self, line: usize, text: String) {
        self.found.push(Problem {
            file: self.file.to_owned(),
            line,
            text,
            error: true,
        });
    }

    fn warning(&mut self, line: usize, text: String) {
        self.found.push(Problem {
            file: self.file.to_owned(),
            line,
            text,
            error: false,
        });
    }
}

/// Which known section this is: `config acs`, `config acs 'any'` or `config cwmp 'acs'`.
pub(super) fn section_name(section: &uci::Section) -> Option<&'static str> {
    let name = match section.kind.as_str() {
        "cwmp" => section.name.as_deref()?,
        kind => kind,
    };
    SECTIONS.into_iter().find(|known| *known == name)
}

fn take_section(config: &mut Config, known: &str, section: &uci::Section, problems: &mut Problems) {
    config.inform_parameter = InformParameter::default();
    for entry in &section.entries {
        match find(known, &entry.name) {
            None => problems.warning(
                entry.line,
                format!("unknown option {known}.{}", shown(&entry.name)),
            ),
            Some(option) if entry.list && !matches!(option.kind, Kind::List(_) | Kind::Unused) => {
                problems.error(
                    entry.line,
                    format!("{known}.{}: not a list; ignored", option.name),
                );
            }
            Some(option) => {
                if let Err(text) = option.apply(config, &entry.value) {
                    problems.error(entry.line, text);
                }
            }
        }
    }
    if known == "inform_parameter" {
        take_inform_parameter(config, section, problems);
    }
}

/// The section is complete: it is one more entry, if there may be one more.
fn take_inform_parameter(config: &mut Config, section: &uci::Section, problems: &mut Problems) {
    let mut entry = std::mem::take(&mut config.inform_parameter);
    let entries = &mut config.inform_parameters;
    if entries.len() >= MAX_ENTRIES {
        let text =
            format!("more than {MAX_ENTRIES} sections inform_parameter: this one is ignored");
        return problems.error(section.line, text);
    }
    if entries.iter().any(|other| other.instance == entry.instance) {
        // A section that somebody copied.
        entry.instance = 0;
    }
    let name = &entry.parameter_name;
    let root = [Root::Device, Root::InternetGatewayDevice]
        .into_iter()
        .find(|root| name.starts_with(root.path()));
    let checked = match root {
        Some(root) => check_parameter_name(root, name),
        None if name.is_empty() && !entry.enable => Ok(()), // as the ACS makes one
        None if name.is_empty() => Err("is not set: no effect".to_owned()),
        None => Err("begins with neither Device. nor InternetGatewayDevice.: no effect".to_owned()),
    };
    let alias = &entry.alias;
    let named = if entries
        .iter()
        .any(|other| !alias.is_empty() && other.alias == *alias)
    {
        Err("another section has it; left to the device".to_owned())
    } else if alias.is_empty() {
        Ok(())
    } else {
        let checked = DataType::Alias.check(alias);
        checked.map_err(|reason| format!("{reason}; left to the device"))
    };
    let usable = named.is_ok();
    for (option, checked) in [
        ("parameter_name", checked),
        ("events_list", check_event_list(&entry.events)),
        ("alias", named),
    ] {
        if let Err(reason) = checked {
            let line = section.entries.iter().rev().find(|e| e.name == option);
            let line = line.map_or(section.line, |e| e.line);
            problems.warning(line, format!("inform_parameter.{option}: {reason}"));
        }
    }
    if !usable {
        entry.alias.clear();
    }
    entries.push(entry);
}

/// What is well-formed but unwise, or cannot work.
fn dangers(config: &Config, file: &uci::File, problems: &mut Problems) {
    let mut say = |section: &str, option: &str, text: &str| {
        problems.warning(
            line_of(file, section, option),
            format!("{section}.{option}: {text}"),
        );
    };
    let Config {
        acs,
        cpe,
        connection_request,
        ..
    } = config;
    if acs.insecure {
        say(
            "acs",
            "insecure_enable",
            "the ACS may be anybody: its certificate is not checked",
        );
    }
    match (&acs.tls_client_cert, &acs.tls_client_key) {
        (Some(_), None) => say(
            "acs",
            "tls_client_cert",
            "needs tls_client_key: no https without it",
        ),
        (None, Some(_)) => say(
            "acs",
            "tls_client_key",
            "needs tls_client_cert: no https without it",
        ),
        _ => {}
    }
    for (section, password) in [
        ("acs", &acs.password),
        ("cpe", &connection_request.password),
    ] {
        if password.expose() == SHARED_PASSWORD {
            say(section, "passwd", "this password is known to everybody");
        }
    }
    if cpe.backend.kind == BackendKind::Exec && cpe.backend.program.is_none() {
        say("cpe", "backend", "exec needs the option exec");
    }
}

/// Where an option has its effect; 0: nowhere.
fn line_of(file: &uci::File, section: &str, option: &str) -> usize {
    let mut sections = file
        .sections()
        .rev()
        .filter(|(_, found)| section_name(found) == Some(section));
    sections
        .find_map(|(at, _)| file.option(at, option))
        .map_or(0, |(_, line)| line)
}

/// A name from the file, fit for a log line.
fn shown(name: &str) -> String {
    name.chars()
        .take(MAX_SHOWN)
        .flat_map(char::escape_debug)
        .collect()
}

impl Default for Config {
    /// Every option at its default.
    fn default() -> Self {
        let mut config = blank();
        for option in OPTIONS
            .iter()
            .filter(|option| !matches!(option.kind, Kind::List(_)))
        {
            // A test reads each of them.
            let _ = option.apply(&mut config, option.default);
        }
        config
    }
}

/// Somewhere for the defaults to go.
fn blank() -> Config {
    const NO_PATH: Option<PathBuf> = None;
    const NO_ADDRESS: Option<IpAddr> = None;
    Config {
        acs: Acs {
            url: None,
            dhcp_discovery: Discovery::Auto,
            dhcp: Offer::default(),
            username: Username::Default,
            password: Secret::default(),
            basic_over_http: false,
            insecure: false,
            tls_ca_file: NO_PATH,
            tls_client_cert: NO_PATH,
            tls_client_key: NO_PATH,
            periodic_inform_enable: false,
            periodic_inform_interval: 0,
            periodic_inform_time: None,
            heartbeat_enable: false,
            heartbeat_interval: 0,
            heartbeat_time: None,
            retry_minimum_wait: 0,
            retry_multiplier: 0,
            compression: Compression::Disabled,
            get_rpc_methods: false,
        },
        cpe: Cpe {
            enable: false,
            amendment: 0,
            session_timeout: 0,
            boot_random_delay: 0,
            upgrades_managed: false,
            instance_mode: crate::datamodel::naming::InstanceMode::InstanceNumber,
            auto_create_instances: false,
            wan_interface: String::new(),
            hide_gateway_info: false,
            interface: None,
            notification: false,
            periodic_notify: PeriodicNotify {
                enable: false,
                interval: 0,
            },
            custom_notify_json: None,
            force_ipv4: false,
            active_notification_throttle: 0,
            forced_inform_json: NO_PATH,
            boot_inform_json: NO_PATH,
            backend: Backend {
                kind: BackendKind::Profile,
                root: Root::Device,
                profile: NO_PATH,
                program: NO_PATH,
                arguments: Vec::new(),
                timeout: 0,
            },
        },
        identity: Identity::default(),
        connection_request: ConnectionRequest {
            enable: false,
            username: Username::Default,
            password: Secret::default(),
            port: 0,
            path: String::new(),
            timeout: 0,
            address: NO_ADDRESS,
        },
        log: Log {
            level: log::LevelFilter::Off,
            console: false,
            syslog: false,
            file: LogFile {
                enable: false,
                path: NO_PATH,
                max_size: 0,
            },
        },
        inform_parameters: Vec::new(),
        inform_parameter: InformParameter::default(),
    }
}
