//! Which events wait for an ACS that is away, and which it is told of when it is back (TR-069 3.7.1.5).

use cwmpd::agent::command::Reply;

use crate::cpe::{Cpe, settled};
use crate::inform::ROOTS;
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;

const BOOT_2: &str = "00000000-0000-4000-8000-000000000002";
const BOOT_3: &str = "00000000-0000-4000-8000-000000000003";

/// A device that boots as it was told to while its ACS is away, and to which then everything happens that makes an
/// event, most of it twice.
fn cut_off((root, profile): (&str, &str)) -> (Cpe, Acs) {
    let mut acs = Acs::start();
    acs.plan([
        rpc::schedule_inform(100, "s1"),
        rpc::schedule_inform(100, "s2"),
        rpc::schedule_inform(300, "s3"),
        rpc::reboot("r1"),
        rpc::reboot("r2"),
    ]);
    let home = Daemon::new(&acs.url())
        .profile(profile)
        .acs("periodic_inform_enable", "1")
        .acs("periodic_inform_interval", "400")
        .acs("retry_min_wait_interval", "1000");
    let mut cpe = settled(home, &mut acs);
    cpe.home.wait_hook();
    acs.stop();
    cpe.reboot(BOOT_2);
    cpe.pass_seconds(1000);
    cpe.ask(crate::cpe::inform("8", false));
    cpe.settle();
    cpe.ask(crate::cpe::inform("8", false));
    let code = format!("{root}DeviceInfo.ProvisioningCode");
    for value in ["one", "two"] {
        assert!(matches!(cpe.set(&code, value), Reply::Ok(_)));
        cpe.settle();
    }
    cpe.inform();
    cpe.settle();
    (cpe, acs)
}

/// The first Inform that the ACS gets again, with its keys, must be this.
fn told(cpe: &mut Cpe, acs: &mut Acs, expected: &[(&str, &str)]) {
    acs.up();
    let wait = cpe.next().expect("a retry");
    cpe.pass(wait);
    let session = cpe.session(acs);
    let mut told = session.inform.events_and_keys();
    told.sort();
    let mut expected: Vec<_> = expected
        .iter()
        .map(|(code, key)| ((*code).to_owned(), (*key).to_owned()))
        .collect();
    expected.sort();
    assert_eq!(told, expected);
    assert!(session.inform.retry_count() >= 1);
    let code = session.inform.value_of(".ProvisioningCode");
    assert_eq!(code.as_deref(), Some("two"));
    // And it is told of none of them again.
    cpe.inform();
    let events = cpe.session(acs).inform.events();
    assert_eq!(events, ["6 CONNECTION REQUEST"]);
}

/// What stays whatever becomes of the process or the device.
const LASTING: [(&str, &str); 9] = [
    ("1 BOOT", ""),
    ("2 PERIODIC", ""),
    ("3 SCHEDULED", ""),
    ("4 VALUE CHANGE", ""),
    ("M Reboot", "r1"),
    ("M Reboot", "r2"),
    ("M ScheduleInform", "s1"),
    ("M ScheduleInform", "s2"),
    ("M ScheduleInform", "s3"),
];

#[test]
fn all_that_waited_is_told_together_each_single_event_once() // EV-01 EV-02 EV-09 EV-17 RT-08
{
    for model in ROOTS {
        for restart in [false, true] {
            let (mut cpe, mut acs) = cut_off(model);
            if restart {
                cpe.restart();
            }
            let mut expected = LASTING.to_vec();
            expected.push(("8 DIAGNOSTICS COMPLETE", ""));
            told(&mut cpe, &mut acs, &expected);
        }
    }
}

#[test]
fn a_boot_ends_what_is_kept_until_the_next_boot_alone() // EV-08 EV-09
{
    for model in ROOTS {
        let (mut cpe, mut acs) = cut_off(model);
        // The boot that nobody was told of is none beside the one that came since.
        cpe.reboot(BOOT_3);
        cpe.settle();
        told(&mut cpe, &mut acs, &LASTING);
    }
}
