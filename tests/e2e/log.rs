//! What the log, the command line and the files show of a session: the ACS's words, and no secret.

use crate::support::acs::{Acs, digest};
use crate::support::daemon::{ACS_PASSWORD, ACS_USER, CR_PASSWORD, Daemon};
use crate::support::digest::{Algorithm, Challenge};
use crate::support::http::Reply;
use crate::support::inspect::Message;
use crate::support::rpc;

/// Words that would forge a line of the log, steer a terminal and fill the flash.
fn words() -> String {
    let words = "no room&#10;cwmpd: session ended: result=success&#13;\u{9b}31m\u{202e}\"";
    format!("{words}{}", "x".repeat(5000))
}

#[test]
fn what_the_acs_answers_is_told_in_its_words() // SE-10 SE-11 SE-12
{
    let mut informs = 0;
    let mut acs = Acs::builder()
        .layer(move |request, next| {
            if !request.is("Inform") && !request.is("GetRPCMethods") {
                return next(request);
            }
            let id = Message::parse(&request.body).id;
            let fault = |code| {
                let fault = rpc::fault(rpc::CWMP_1_2, &id, code);
                Reply::xml(fault.replace("scripted", &words()))
            };
            if request.is("GetRPCMethods") {
                return fault(8002);
            }
            informs += 1;
            match informs {
                1 => fault(8003),
                // Not a fault of CWMP's.
                2 => {
                    let body = "<soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>";
                    let body = format!("{body}{}</faultstring></soapenv:Fault>", words());
                    Reply {
                        status: 500,
                        ..Reply::xml(rpc::envelope(rpc::CWMP_1_2, &id, "", &body))
                    }
                }
                3 => Reply::status(400).body("CPE already in session\nsession ended: \u{9b}"),
                4 => Reply::status(400).body(format!("<html>{}</html>", words())),
                5 => fault(8005),
                _ => next(request),
            }
        })
        .start();
    let daemon = Daemon::new(&acs.url()).acs("get_rpc_methods", "1").start();
    let told = r#"no room\\ncwmpd: session ended: result=success\\r\\u{9b}31m\\u{202e}\\\"xxx"#;
    let failed = "session failed: reason=\"the acs refused the inform: ";
    daemon.wait_log(&[failed, "fault 8003 ", told]);
    assert_eq!(daemon.cwmp(&["inform", "--wait"]).code, 1);
    daemon.wait_log(&[failed, "soap fault \\\"Server\\\" ", told]);
    assert_eq!(daemon.cwmp(&["inform", "--wait"]).code, 1);
    daemon.wait_log(&[
        "session failed: ",
        "HTTP status 400: ",
        r"CPE already in session\\nsession ended: \\u{9b}",
    ]);
    assert_eq!(daemon.cwmp(&["inform", "--wait"]).code, 1);
    daemon.wait_log(&["reason=\"the ACS answered with HTTP status 400\" retry=4"]);
    assert_eq!(daemon.cwmp(&["inform", "--wait"]).code, 0);
    daemon.wait_log(&["request not answered: rpc=Inform ", "fault 8005 ", told]);
    daemon.wait_log(&[
        "request not answered: rpc=GetRPCMethods ",
        "fault 8002 ",
        told,
    ]);
    assert_eq!(acs.session().inform.retry_count(), 4);
    for line in daemon.log() {
        assert!(line.len() < 1000, "{line}");
        assert!(!line.contains(['\r', '\u{9b}', '\u{202e}']), "{line:?}");
        assert!(
            !line.starts_with("cwmpd: ") && !line.starts_with("session"),
            "{line}"
        );
    }
}

#[test]
fn no_secret_is_in_the_log_the_command_line_or_a_readable_file() // LS-04
{
    let root = "Device.WiFi.AccessPoint.1.Security.";
    let (passphrase, psk) = (
        format!("{root}KeyPassphrase"),
        format!("{root}PreSharedKey"),
    );
    let server = |name: &str| format!("Device.ManagementServer.{name}");
    let (acs_password, cr_password) = (server("Password"), server("ConnectionRequestPassword"));
    // What the ACS sets, well or badly.
    let set = [
        (passphrase.as_str(), "string", "wifi-s3cret"),
        (acs_password.as_str(), "string", "acs-s3cret"),
        (cr_password.as_str(), "string", "cr-s3cret"),
    ];
    let bad = [
        (passphrase.as_str(), "string", "s3cret"),
        (psk.as_str(), "hexBinary", "no-hex-s3cret"),
        (acs_password.as_str(), "dateTime", "typed-s3cret"),
    ];
    let challenge = Challenge::new("nonce-of-the-acs", Algorithm::Md5);
    let mut acs = Acs::builder()
        .layer(digest(challenge, ACS_USER, ACS_PASSWORD))
        .start();
    let names = [passphrase.as_str(), &psk, &acs_password, &cr_password];
    acs.plan([
        rpc::set_values(&bad, "key"),
        rpc::set_values(&set, "key"),
        rpc::get_values(&names),
        rpc::get_values(&["Device."]),
    ]);
    let daemon = Daemon::new(&acs.url()).start();
    let session = acs.session();
    daemon.wait_log(&["session ended: "]);
    assert_eq!(session.answers[0].fault(), Some(9003));
    assert_eq!(session.answers[1].fault(), None);

    assert_eq!(acs.take_problems(), [""; 0]);
    let mut seen: Vec<(String, String)> = Vec::new();
    let sent = session
        .answers
        .iter()
        .map(|answer| ("sent".to_owned(), answer.xml.clone()));
    seen.extend(sent);
    seen.extend(
        daemon
            .log()
            .into_iter()
            .map(|line| ("log".to_owned(), line)),
    );
    for command in [
        &["status"][..],
        &["--json", "status"],
        &["trace"],
        &["--json", "trace"],
        &["get", "Device."],
        &["--json", "get", "Device.ManagementServer."],
        &["--json", "events"],
        &["doctor"],
    ] {
        let output = daemon.cwmp(command);
        seen.push((format!("cwmp {command:?}"), output.stdout + &output.stderr));
    }
    // That the doctor asks with GET is no breach of the rules of a session.
    acs.take_problems();
    for file in ["cmdline", "environ"] {
        seen.push((file.to_owned(), daemon.of_process(file)));
    }
    let secrets = [ACS_PASSWORD, CR_PASSWORD, "s3cret", "correct horse battery"];
    for (place, text) in &seen {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {place}: {text}");
        }
    }
    // The files that hold them are their owner's alone.
    let config = daemon.read("etc/config/cwmp");
    assert!(
        config.contains("acs-s3cret") && config.contains("cr-s3cret"),
        "{config}"
    );
    assert!(daemon.read("etc/cwmpd/state.toml").contains("wifi-s3cret"));
    for file in [
        "etc/config/cwmp",
        "etc/cwmpd/state.toml",
        "var/run/cwmpd.sock",
    ] {
        assert_eq!(daemon.mode(file), 0o600, "{file}");
    }
}
