//! The steps to the ACS: DNS, TCP, TLS, HTTP, authentication.

use std::io;
use std::net::IpAddr;

use super::probe::Probe;
use super::{AUTHENTICATION, DNS, Finding, HTTP, Report, TCP, TLS, advice};
use crate::agent::clock::Now;
use crate::agent::config::{Config, Username};
use crate::agent::connection_settings;
use crate::agent::files::{RESOLV_CONF, Root, read_capped};
use crate::net::http::{ConnectError, Settings};
use crate::net::random;
use crate::wire::dns::resolv_conf;
use crate::wire::http::dialogue::MAX_REDIRECTS;
use crate::wire::http::{
    Credentials, Dialogue, HttpFailure, Policy, Scheme, Url, Verdict, headers_named,
};

/// Requests in all: redirects, and a challenge at each place.
const MAX_REQUESTS: u8 = 3 * MAX_REDIRECTS;
/// What is read of resolv.conf to name the servers in it.
const MAX_RESOLV_CONF: usize = 64 * 1024;

const STEPS: [&str; 5] = [DNS, TCP, TLS, HTTP, AUTHENTICATION];

/// Walks to the ACS; its address if it was reached. `username` is what the daemon uses, if it could be asked.
pub fn walk(
    root: &Root,
    config: &Config,
    url: &str,
    username: Option<&str>,
    report: Report,
) -> io::Result<Option<IpAddr>> {
    let url = match Url::parse(url) {
        Ok(url) => url,
        Err(error) => {
            return stop(
                Finding::failed(DNS, error.to_string(), "correct acs.url"),
                report,
            );
        }
    };
    let settings = connection_settings(root, config);
    let mut probe = Probe::new(settings.clone())?;
    match probe.resolve(&url.host)? {
        Ok(_) if url.is_ip_literal() => {
            report(Finding::ok(DNS, "not needed: the URL has an address"))?
        }
        Ok(addresses) => report(Finding::ok(
            DNS,
            format!("{} is {}", url.host, list(&addresses)),
        ))?,
        Err(error) => {
            let saw = format!("{}: {error}; DNS servers: {}", url.host, servers(root));
            return stop(Finding::failed(DNS, saw, advice::resolve()), report);
        }
    }
    let (peer, local) = match probe.connect(&url)? {
        Ok(ends) => ends,
        Err(error) => return stop(blame(&error, &url), report),
    };
    report(Finding::ok(
        TCP,
        format!("connected to {peer} from {}", local.ip()),
    ))?;
    let asked = ask(&mut probe, &url, config, username)?;
    let answer = match &asked.result {
        Ok(answer) => answer,
        Err(error) => {
            let mut finding = blame(error, &asked.url);
            // A redirect led to where there is no DNS or TCP.
            if finding.step != TLS {
                finding.step = HTTP;
                report(tls(&asked.url, &settings))?;
            }
            stop(finding, report)?;
            return Ok(Some(peer.ip()));
        }
    };
    report(tls(&asked.url, &settings))?;
    report(http(answer, &asked.url, &url))?;
    report(authentication(&asked, answer))?;
    Ok(Some(peer.ip()))
}

/// The finding that ends the walk, and the steps that are not reached then.
fn stop(finding: Finding, report: Report) -> io::Result<Option<IpAddr>> {
    let step = finding.step;
    let reason = format!("not reached: {step} failed");
    report(finding)?;
    for step in STEPS.into_iter().skip_while(|other| *other != step).skip(1) {
        report(Finding::skipped(step, reason.clone()))?;
    }
    Ok(None)
}

fn blame(error: &ConnectError, url: &Url) -> Finding {
    let (step, advice) = advice::on_request(error, url);
    Finding::failed(step, error.to_string(), advice)
}

/// What asking the ACS gave.
struct Asked {
    /// Where the last request went.
    url: Url,
    /// The schemes of the challenge, if there was one.
    challenge: Option<String>,
    /// Who we said we are; `None`: there was nothing to say.
    username: Option<String>,
    /// Only the daemon knows the user name, and it does not run.
    unknown_user: bool,
    result: Result<Answer, ConnectError>,
}

/// The last reply.
struct Answer {
    status: u16,
    server: String,
    failure: Option<HttpFailure>,
}

/// Asks with GET, answers challenges and follows redirects as a session does.
fn ask(probe: &mut Probe, url: &Url, config: &Config, username: Option<&str>) -> io::Result<Asked> {
    let configured = match &config.acs.username {
        Username::Literal(name) => Some(name.as_str()),
        Username::Default => username,
    };
    let credentials = configured
        .filter(|name| !name.is_empty())
        .map(|name| Credentials {
            username: name.to_owned(),
            password: config.acs.password.expose().to_owned(),
        });
    let policy = Policy {
        basic_over_http: config.acs.basic_over_http,
        user_agent: concat!("cwmpd/", env!("CARGO_PKG_VERSION")).to_owned(),
        ..Policy::default()
    };
    let mut dialogue = Dialogue::new(url.clone(), credentials.clone(), policy);
    let mut challenge = None;
    let mut requests = 0;
    let result = loop {
        let headers = dialogue.get(&mut random::source);
        let reply = match probe.get(dialogue.url(), &headers)? {
            Ok(reply) => reply,
            Err(error) => break Err(error),
        };
        if reply.status == 401 {
            challenge = Some(schemes(&reply.headers));
        }
        requests += 1;
        let server = headers_named(&reply.headers, "Server")
            .next()
            .unwrap_or_default();
        let server: String = String::from_utf8_lossy(server).chars().take(64).collect();
        let failure = match dialogue.reply(reply.status, &reply.headers, Now::read().date()) {
            Verdict::Again | Verdict::Moved if requests < MAX_REQUESTS => continue,
            Verdict::Again | Verdict::Moved => Some(HttpFailure::TooManyRedirects),
            Verdict::Deliver => None,
            Verdict::Failed(failure) => Some(failure),
        };
        break Ok(Answer {
            status: reply.status,
            server,
            failure,
        });
    };
    let unknown_user = config.acs.username == Username::Default && username.is_none();
    let username = credentials.map(|credentials| credentials.username);
    Ok(Asked {
        url: dialogue.url().clone(),
        challenge,
        username,
        unknown_user,
        result,
    })
}

fn schemes(headers: &[(String, Vec<u8>)]) -> String {
    let offered = headers_named(headers, "WWW-Authenticate")
        .flat_map(crate::wire::http::challenge::Parameters::list);
    let mut names: Vec<String> = offered
        .map(|parameters| match parameters.text("algorithm") {
            Some(algorithm) => format!("{} {algorithm}", parameters.scheme),
            None => parameters.scheme.clone(),
        })
        .map(|name| name.chars().take(64).collect())
        .collect();
    names.dedup();
    names.join(", ")
}

fn tls(url: &Url, settings: &Settings) -> Finding {
    if url.scheme == Scheme::Http {
        return Finding::warning(
            TLS,
            "the URL is http: what is said can be read and changed on the way",
            "use https:// if the ACS can",
        );
    }
    if settings.tls.insecure {
        return Finding::warning(
            TLS,
            "nothing was verified: acs.insecure_enable is set",
            "set acs.tls_ca_file and unset it",
        );
    }
    let authorities = settings
        .tls
        .authorities
        .as_ref()
        .map(|path| path.display().to_string())
        .unwrap_or_default();
    Finding::ok(
        TLS,
        format!("chain and host name verified with {authorities}"),
    )
}

fn http(answer: &Answer, url: &Url, asked: &Url) -> Finding {
    let by = if answer.server.is_empty() {
        String::new()
    } else {
        format!(" ({})", answer.server)
    };
    let moved = if url == asked {
        String::new()
    } else {
        format!(", after a redirect to {url}")
    };
    let saw = format!(
        "the ACS answers a GET with HTTP status {}{by}{moved}",
        answer.status
    );
    match &answer.failure {
        // 400, 403 and 405 are what an ACS says that only knows POST.
        Some(failure @ HttpFailure::Status { code, .. }) if *code == 404 || *code >= 500 => {
            Finding::warning(HTTP, saw, advice::on_refusal(failure))
        }
        Some(failure @ (HttpFailure::TooManyRedirects | HttpFailure::BadRedirect(_))) => {
            Finding::failed(
                HTTP,
                format!("{saw}: {failure}"),
                advice::on_refusal(failure),
            )
        }
        _ => Finding::ok(HTTP, saw),
    }
}

fn authentication(asked: &Asked, answer: &Answer) -> Finding {
    let Some(schemes) = &asked.challenge else {
        return Finding::ok(
            AUTHENTICATION,
            "the ACS did not ask for it, at least not for a GET",
        );
    };
    match &answer.failure {
        Some(HttpFailure::NoCredentials) if asked.unknown_user => Finding::warning(
            AUTHENTICATION,
            format!(
                "the ACS asks for it ({schemes}); the user name is made of the device's identity, which only the daemon knows"
            ),
            "start the daemon, or set acs.userid",
        ),
        Some(failure @ (HttpFailure::NoCredentials | HttpFailure::Unauthorized(_))) => {
            Finding::failed(
                AUTHENTICATION,
                format!("{failure} ({schemes})"),
                advice::on_refusal(failure),
            )
        }
        _ => {
            let name = asked.username.as_deref().unwrap_or_default();
            Finding::ok(
                AUTHENTICATION,
                format!("the ACS accepts user {name:?} ({schemes})"),
            )
        }
    }
}

fn servers(root: &Root) -> String {
    let text = read_capped(&root.join(RESOLV_CONF), MAX_RESOLV_CONF).unwrap_or_default();
    let servers = resolv_conf::parse(&String::from_utf8_lossy(&text)).nameservers;
    let names: Vec<String> = servers
        .iter()
        .map(|server| format!("{}", server.address))
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

fn list(addresses: &[IpAddr]) -> String {
    addresses
        .iter()
        .map(IpAddr::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
