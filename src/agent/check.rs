//! `cwmpd -n`: the configuration, and the files that it names.

use std::path::Path;

use super::config::{BackendKind, Config, Problem};
use super::files::Root;
use super::reach::connection_settings;
use super::start::{mounted, profile_path};
use super::{inform, notify};
use crate::backend::profile::Profile;
use crate::datamodel::{self, DataModel, find};
use crate::jobs::child::executable;
use crate::net::tls::{Client, ConfigError, Options};

/// Every problem that shows before the daemon runs. Starts nothing and contacts nobody.
pub fn problems(root: &Root, path: impl AsRef<Path>) -> Vec<Problem> {
    Config::check(root, path, |config| {
        let mut problems: Vec<_> = tls(root, config).into_iter().collect();
        let backend = &config.cpe.backend;
        let mut model = None;
        match (backend.kind, &backend.program) {
            (BackendKind::Profile, _) => match Profile::load(&profile_path(root, config)) {
                Ok(profile) => model = Some(mounted(Box::new(profile)).0),
                Err(reason) => problems.push(("cpe", "profile", reason)),
            },
            (BackendKind::Exec, Some(program)) => {
                if let Err(reason) = executable(&root.join(program)) {
                    problems.push(("cpe", "exec", reason.to_string()));
                }
            }
            (BackendKind::Exec, None) => {} // reading the file has told of it
        }
        let model = model.as_ref().map(|model| model as &dyn DataModel);
        let settings = notify::import::problems(root, config, model).into_iter();
        problems.extend(settings.map(|reason| ("cpe", "custom_notify_json", reason)));
        for (option, list) in inform::lists(root, config) {
            match list {
                Err(reason) => problems.push(("cpe", option, reason)),
                Ok(names) => {
                    let absent = names.iter().filter_map(|name| absent(model?, name));
                    problems.extend(absent.map(|reason| ("cpe", option, reason)));
                }
            }
        }
        problems
    })
}

/// Says that there is no such parameter. What has wildcards may stand for nothing.
fn absent(model: &dyn DataModel, name: &str) -> Option<String> {
    let concrete = datamodel::path::Path::parse(name).is_ok_and(|path| path.is_concrete());
    (concrete && find(model, name).is_err())
        .then(|| format!("{name}: the data model has no such parameter"))
}

/// What of the TLS files cannot be used.
fn tls(root: &Root, config: &Config) -> Option<(&'static str, &'static str, String)> {
    let acs = &config.acs;
    let named = [&acs.tls_ca_file, &acs.tls_client_cert, &acs.tls_client_key];
    if named.iter().all(|path| path.is_none()) {
        return None;
    }
    let options = connection_settings(root, config).tls;
    let error = Client::new(options.clone()).check().err()?;
    let option = option(&error, &options)?;
    Some(("acs", option, error.to_string()))
}

/// Which option is to blame.
fn option(error: &ConfigError, options: &Options) -> Option<&'static str> {
    Some(match error {
        // Reading the file has told of it; and this program has no TLS at all.
        ConfigError::HalfAnIdentity | ConfigError::NotBuilt => return None,
        ConfigError::Identity(_) => "tls_client_cert",
        ConfigError::Read { path, .. }
        | ConfigError::TooLarge { path, .. }
        | ConfigError::Empty { path, .. }
        | ConfigError::Malformed { path, .. } => {
            if options.key.as_ref() == Some(path) {
                "tls_client_key"
            } else if options.certificate.as_ref() == Some(path) {
                "tls_client_cert"
            } else {
                "tls_ca_file"
            }
        }
        _ => "tls_ca_file",
    })
}
