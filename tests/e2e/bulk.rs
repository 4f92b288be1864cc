//! Large answers: whole, in memory once, and refused where there is no memory for them.

use std::fmt::Write;

use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::http::Reply;
use crate::support::rpc;

const ROOTS: [&str; 2] = ["Device.", "InternetGatewayDevice."];

/// What may come on top of an answer, whatever its size, in kilobytes: code that runs for the first time, buffers.
const SLACK: u64 = 256;

/// A profile with what an Inform needs.
fn profile(root: &str) -> String {
    let mut text = format!(
        "[\"{root}\"]\nDeviceSummary = {{}}\nRootDataModelVersion = {{}}\n[\"{root}DeviceInfo.\"]\n"
    );
    for name in [
        "Manufacturer",
        "ManufacturerOUI",
        "ProductClass",
        "SerialNumber",
        "HardwareVersion",
        "SoftwareVersion",
        "SpecVersion",
    ] {
        writeln!(text, "{name} = {{ value = \"00D0D0\" }}").unwrap();
    }
    text + "ProvisioningCode = { writable = true }\n"
}

/// With so many hosts of ten parameters each.
fn with_hosts(root: &str, hosts: usize) -> String {
    let mut text = profile(root);
    writeln!(text, "[\"{root}Hosts.Host.{{i}}.\"]").unwrap();
    writeln!(text, "table = {{ count = \"HostNumberOfEntries\" }}").unwrap();
    for n in 0..10 {
        writeln!(text, "Member{n} = {{ value = \"the {n}th value & more\" }}").unwrap();
    }
    for n in 1..=hosts {
        writeln!(text, "[\"{root}Hosts.Host.{n}.\"]").unwrap();
    }
    text
}

#[test]
fn a_whole_tree_of_20_000_parameters_is_in_memory_once() // GV-07 HT-25
{
    for root in ROOTS {
        // The longest answer is redirected: it goes out once more, and is not read anew.
        let mut first: Option<Vec<u8>> = None;
        let (seen, redirected) = std::sync::mpsc::channel();
        let mut acs = Acs::builder()
            .layer(move |request, next| {
                let attributes = request
                    .body
                    .windows(30)
                    .take(2000)
                    .any(|part| part == b"GetParameterAttributesResponse");
                match first.take() {
                    None if attributes => {
                        first = Some(request.body.clone());
                        Reply::status(307).header("Location", "/elsewhere")
                    }
                    None => next(request),
                    Some(before) => {
                        let _ = seen.send(before == request.body);
                        next(request)
                    }
                }
            })
            .start();
        let daemon = Daemon::new(&acs.url());
        daemon.write("etc/cwmpd/profile.toml", with_hosts(root, 2000).as_bytes());
        let daemon = daemon.start();
        acs.session();
        acs.plan([
            rpc::get_values(&[""]),
            rpc::get_names("", false),
            rpc::get_attributes(&[root]),
            rpc::get_values(&[""]),
        ]);
        daemon.forget_peak_memory();
        let idle = daemon.memory("VmRSS");
        assert_eq!(daemon.cwmp(&["inform"]).code, 0);
        let session = acs.session();
        let sizes: Vec<usize> = session.answers.iter().map(|a| a.xml.len()).collect();
        for answer in &session.answers {
            assert_eq!(answer.fault(), None);
            assert!(answer.xml.matches("<Name>").count() > 20_000);
        }
        assert_eq!(redirected.try_recv(), Ok(true), "sent again as it was");
        let largest = sizes.iter().max().copied().unwrap_or_default() as u64 / 1024;
        let grown = daemon.memory("VmHWM").saturating_sub(idle);
        println!("{root} answers {sizes:?}, idle {idle} kB, peak {grown} kB more");
        assert!(largest > 3_000, "{sizes:?}");
        assert!(
            grown <= largest * 12 / 10 + SLACK,
            "{grown} kB for {sizes:?}"
        );
    }
}

/// A device with a value that takes 5 MiB in an answer: each of its characters is written as five bytes.
fn with_a_long_value(root: &str, acs: &mut Acs) -> Daemon {
    // What the start has freed is given back, or an answer would find room there.
    let daemon = Daemon::new(&acs.url()).environment("MALLOC_MMAP_THRESHOLD_", "65536");
    let long = "&".repeat(1 << 20);
    let text = profile(root) + &format!("Long = {{ value = \"{long}\" }}\n");
    daemon.write("etc/cwmpd/profile.toml", text.as_bytes());
    let daemon = daemon.start();
    acs.session();
    daemon
}

#[test]
fn an_answer_is_gone_when_the_next_one_is_written() // GV-07
{
    for root in ROOTS {
        let mut acs = Acs::start();
        let daemon = with_a_long_value(root, &mut acs);
        daemon.forget_peak_memory();
        let idle = daemon.memory("VmRSS");
        acs.plan([rpc::get_values(&[root]), rpc::get_values(&[""])]);
        assert_eq!(daemon.cwmp(&["inform"]).code, 0);
        let answers = acs.session().answers;
        let size = answers[0].xml.len() as u64 / 1024;
        let grown = daemon.memory("VmHWM").saturating_sub(idle);
        println!("{root} answer {size} kB, idle {idle} kB, peak {grown} kB more");
        assert!(size > 5 << 10 && answers[1].xml.len() > 5 << 20);
        assert!(grown <= size * 12 / 10 + SLACK, "{grown} kB for {size} kB");
    }
}

#[test]
fn an_answer_that_memory_does_not_hold_is_9004() // GV-08
{
    for root in ROOTS {
        let mut acs = Acs::start();
        let daemon = with_a_long_value(root, &mut acs);
        daemon.limit_address_space(2048);
        let software = format!("{root}DeviceInfo.SoftwareVersion");
        acs.plan([
            rpc::get_values(&[root]),
            rpc::get_values(&[&software]),
            rpc::get_names(root, false),
        ]);
        assert_eq!(daemon.cwmp(&["inform"]).code, 0);
        let answers = acs.session().answers;
        assert_eq!(answers[0].fault(), Some(9004));
        let words = answers[0].text("FaultString").unwrap();
        assert!(words.contains("too large"), "{words}");
        assert_eq!((answers[1].fault(), answers[2].fault()), (None, None));
        daemon.limit_address_space(1 << 20);
        acs.plan([rpc::get_values(&[root])]);
        assert_eq!(daemon.cwmp(&["inform"]).code, 0);
        assert!(acs.session().answers[0].xml.len() > 5 << 20);
    }
}

#[test]
fn what_the_acs_may_send_has_a_bound() // HT-24 HT-26
{
    let name = "Device.DeviceInfo.SoftwareVersion";
    let mut acs = Acs::start();
    let daemon = Daemon::new(&acs.url()).start();
    acs.session();
    // From what a CPE must take to nearly what this one takes.
    for count in [700, 15_000] {
        let request = rpc::get_values(&vec![name; count]);
        assert!(request.body.len() > 32 * 1024);
        acs.plan([request]);
        assert_eq!(daemon.cwmp(&["inform"]).code, 0);
        assert_eq!(acs.session().answers[0].values().len(), 1);
    }
    let spaces = vec![b' '; 100 << 20];
    let bomb = cwmpd::wire::http::encode_gzip(spaces[..8 << 20].into()).to_vec();
    let large = Reply::xml(&spaces[..2 << 20]);
    let huge = Reply::xml(spaces);
    let bomb = Reply::xml(bomb).header("Content-Encoding", "gzip");
    for reply in [large, huge, bomb] {
        let mut acs = Acs::builder()
            .layer(move |request, next| match request.body.is_empty() {
                true => reply.clone(),
                false => next(request),
            })
            .start();
        let daemon = Daemon::new(&acs.url()).start();
        acs.inform();
        daemon.wait_failed_sessions(1);
        assert!(daemon.alive());
        let line = daemon.wait_log(&["session failed", "large"]);
        println!("{} kB: {line}", daemon.memory("VmHWM"));
        assert!(daemon.memory("VmHWM") < 30 << 10, "{line}");
    }
}
