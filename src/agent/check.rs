//! `cwmpd -n`: the configuration, and the files that it names.

use std::path::Path;

use super::config::{BackendKind, Config, Problem};
use super::files::Root;
use super::inform;
use super::reach::connection_settings;
use crate::backend::profile::Profile;
use crate::jobs::child::executable;
use crate::net::tls::{Client, ConfigError, Options};

/// Every problem that shows before the daemon runs. Starts nothing and contacts nobody.
pub fn problems(root: &Root, path: impl AsRef<Path>) -> Vec<Problem> {
    Config::check(root, path, |config| {
        let backend = &config.cpe.backend;
        let model = match (backend.kind, &backend.profile, &backend.program) {
            (BackendKind::Profile, Some(profile), _) => Profile::load(&root.join(profile))
                .err()
                .map(|reason| ("cpe", "profile", reason)),
            (BackendKind::Exec, _, Some(program)) => executable(&root.join(program))
                .err()
                .map(|reason| ("cpe", "exec", reason.to_string())),
            _ => None,
        };
        let informs = inform::lists(root, config).into_iter();
        let informs = informs.filter_map(|(option, list)| Some(("cpe", option, list.err()?)));
        model
            .into_iter()
            .chain(tls(root, config))
            .chain(informs)
            .collect()
    })
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
