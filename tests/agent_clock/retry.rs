//! Session retry policy (TR-069 3.2.1.1, table R).

use std::time::Duration;

use cwmpd::agent::command::{Command, Reply as Answer};
use cwmpd::cwmp::retry::range;

use crate::cpe::{Cpe, inform, settled};
use crate::inform::ROOTS;
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::http::{Reply, Request};
use crate::support::rpc;

/// The defaults of the data model.
const M: u32 = 5;
const K: u32 = 2000;

fn home(acs: &Acs) -> Daemon {
    Daemon::new(&acs.url())
        .acs("retry_min_wait_interval", &M.to_string())
        .acs("retry_interval_multiplier", &K.to_string())
}

/// What waits now, after failure number `n`: in its range, and everywhere the same.
fn check_wait(cpe: &mut Cpe, n: u32) -> Duration {
    let retry = cpe.state().retry;
    let wait = Duration::from_millis(retry.wait_ms.into());
    let (low, high) = range(n, M, K);
    assert_eq!(retry.count, n);
    assert!(low <= wait && wait <= high, "retry {n}: {wait:?}");
    assert_eq!(cpe.next(), Some(wait));
    assert_eq!(
        retry.due_unix,
        cpe.now().unix + i64::try_from(wait.as_secs()).unwrap()
    );
    let status = cpe.status();
    assert_eq!(status["next_session"]["retry_count"], n);
    assert!(status["next_session"]["retry"].is_string());
    wait
}

#[test]
fn each_wait_lies_in_table_r_and_is_the_same_everywhere() // LS-03 RT-01 RT-02 RT-03 RT-08
{
    let mut acs = Acs::builder().down();
    let mut cpe = Cpe::start(home(&acs));
    for n in 1..=13 {
        cpe.settle();
        assert_eq!(cpe.sessions(), u64::from(n));
        let wait = check_wait(&mut cpe, n);
        cpe.pass(wait - Duration::from_millis(1));
        assert_eq!(cpe.sessions(), u64::from(n), "too early");
        if n == 13 {
            acs.up();
        }
        cpe.pass(Duration::from_millis(1));
    }
    let session = cpe.session(&mut acs);
    assert_eq!(session.inform.retry_count(), 13);
    assert_eq!(session.inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
    assert_eq!(cpe.state().retry.count, 0);
    cpe.inform();
    assert_eq!(cpe.session(&mut acs).inform.retry_count(), 0);
}

#[test]
fn a_restart_resumes_the_rest_of_the_wait_and_a_boot_begins_anew() // RT-05
{
    let mut acs = Acs::builder().down();
    let mut cpe = Cpe::start(home(&acs));
    for n in 1..=6 {
        cpe.settle();
        let wait = check_wait(&mut cpe, n);
        if n < 6 {
            cpe.pass(wait);
        }
    }
    let whole = cpe.next().unwrap();
    cpe.pass(whole / 2);
    cpe.restart();
    cpe.settle();
    let left = cpe.next().unwrap();
    let expected = whole - whole / 2;
    assert!(
        left.abs_diff(expected) <= Duration::from_secs(2),
        "{left:?} of {expected:?}"
    );
    assert_eq!(cpe.status()["next_session"]["retry_count"], 6);

    // With a good connection the first try after the boot would have RetryCount 0; it fails, so 1 is next.
    cpe.reboot("00000000-0000-4000-8000-000000000002");
    cpe.settle();
    check_wait(&mut cpe, 1);
    acs.up();
    cpe.reboot("00000000-0000-4000-8000-000000000003");
    assert_eq!(cpe.session(&mut acs).inform.retry_count(), 0);
}

#[test]
fn what_happens_meanwhile_does_not_wait() // RT-04 EV-01 CR-06
{
    let mut acs = Acs::builder().down();
    let mut cpe = Cpe::start(home(&acs));
    cpe.settle();
    check_wait(&mut cpe, 1);
    cpe.pass_seconds(1);
    let client = cpe.ask(inform("8", false));
    assert!(cpe.reply(client).is_some());
    cpe.settle();
    assert_eq!(cpe.sessions(), 2);
    check_wait(&mut cpe, 2);
    acs.up();
    assert_eq!(cpe.connection_request(), 200);
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.retry_count(), 2);
    assert_eq!(
        inform.events(),
        [
            "0 BOOTSTRAP",
            "1 BOOT",
            "6 CONNECTION REQUEST",
            "8 DIAGNOSTICS COMPLETE"
        ]
    );
}

#[test]
fn a_trigger_that_was_served_does_not_cut_a_later_wait_short() // RT-01
{
    // What is asked for while a session runs gets the next one. When that fails, it waits.
    let mut posts = 0;
    let mut acs = Acs::builder()
        .layer(move |request, next| {
            posts += request.is("Inform") as usize;
            match posts {
                1 => next(request),
                _ => Reply::status(503).close(),
            }
        })
        .start();
    let mut cpe = Cpe::start(home(&acs));
    cpe.informed(&mut acs);
    let client = cpe.ask(inform("8", false));
    assert!(cpe.reply(client).is_some());
    cpe.session(&mut acs);
    cpe.settle();
    assert_eq!(cpe.sessions(), 2);
    check_wait(&mut cpe, 1);
}

#[test]
fn retry_after_is_a_lower_bound() // HT-19
{
    let mut acs = Acs::builder()
        .layer(|_, _| Reply::status(503).header("Retry-After", "3600").close())
        .start();
    let mut cpe = Cpe::start(home(&acs));
    cpe.settle();
    assert_eq!(cpe.next(), Some(Duration::from_secs(3600)));
    assert_eq!(cpe.state().retry.wait_ms, 3_600_000);
    acs.take_problems();
    acs.stop();
}

#[test]
fn the_acs_sets_the_policy_for_the_next_wait() // RT-06
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        acs.plan([rpc::set_values(
            &[
                (
                    &format!("{root}ManagementServer.CWMPRetryMinimumWaitInterval"),
                    "unsignedInt",
                    "100",
                ),
                (
                    &format!("{root}ManagementServer.CWMPRetryIntervalMultiplier"),
                    "unsignedInt",
                    "1000",
                ),
            ],
            "",
        )]);
        let mut cpe = settled(home(&acs).profile(profile), &mut acs);
        acs.stop();
        cpe.ask(inform("8", false));
        cpe.settle();
        assert_eq!(cpe.next(), Some(Duration::from_secs(100)));
    }
}

#[test]
fn a_connection_request_is_never_retried() // EV-09 EV-16
{
    let mut acs = Acs::start();
    let mut cpe = settled(home(&acs), &mut acs);
    acs.stop();
    cpe.inform();
    cpe.settle();
    assert_eq!(cpe.sessions(), 2);
    assert_eq!(cpe.next(), None);
    assert_eq!(cpe.events(), [""; 0]);
}

/// An ACS that breaks these sessions off, by the number of their Inform, once the Inform is answered.
fn breaking_off(sessions: std::ops::RangeInclusive<usize>) -> Acs {
    let mut informs = 0;
    Acs::builder()
        .layer(move |request: &Request, next| {
            let inform = request.is("Inform");
            informs += usize::from(inform);
            if !inform && sessions.contains(&informs) {
                return Reply::status(503).close();
            }
            next(request)
        })
        .start()
}

/// The Informs that an ACS has taken: events and RetryCount.
fn informs(acs: &Acs) -> Vec<(Vec<String>, u32)> {
    let brain = acs.brain.lock();
    let said = brain.informs.iter();
    said.map(|inform| (inform.events(), inform.retry_count()))
        .collect()
}

#[test]
fn a_session_that_fails_after_its_inform_was_taken_is_retried_without_events() // RT-01 RT-03 RT-09
{
    let mut acs = breaking_off(1..=3);
    (0..3).for_each(|_| acs.plan([]));
    acs.plan([rpc::get_rpc_methods()]);
    let mut cpe = Cpe::start(home(&acs));
    for n in 1..=3 {
        cpe.settle();
        assert_eq!(cpe.events(), [""; 0]);
        let mut wait = check_wait(&mut cpe, n);
        if n == 2 {
            // The process may end meanwhile.
            cpe.restart();
            cpe.settle();
            assert_eq!(cpe.status()["next_session"]["retry_count"], 2);
            wait = cpe.next().unwrap();
        }
        cpe.pass(wait);
    }
    // The ACS can make its requests after all.
    let session = cpe.session(&mut acs);
    assert_eq!(session.answers.len(), 1);
    let first = ["0 BOOTSTRAP".to_owned(), "1 BOOT".to_owned()];
    let expected = [
        (first.to_vec(), 0),
        (Vec::new(), 1),
        (Vec::new(), 2),
        (Vec::new(), 3),
    ];
    assert_eq!(informs(&acs), expected);
    assert_eq!((cpe.state().retry.count, cpe.next()), (0, None));
    cpe.inform();
    assert_eq!(cpe.session(&mut acs).inform.retry_count(), 0);
}

#[test]
fn a_connection_request_that_was_answered_is_retried_for_the_acs_not_for_the_event()
// RT-09 EV-09 EV-16
{
    let mut acs = breaking_off(2..=2);
    let mut cpe = settled(home(&acs), &mut acs);
    cpe.inform();
    cpe.settle();
    assert_eq!(
        informs(&acs)[1],
        (vec!["6 CONNECTION REQUEST".to_owned()], 0)
    );
    let wait = check_wait(&mut cpe, 1);
    // One that cannot even connect leaves the retry that is owed, and is itself not retried.
    acs.stop();
    cpe.inform();
    cpe.settle();
    assert_eq!(cpe.events(), [""; 0]);
    let later = check_wait(&mut cpe, 2);
    assert!(later >= wait);
    acs.up();
    cpe.pass(later);
    let inform = cpe.session(&mut acs).inform;
    assert_eq!((inform.events().len(), inform.retry_count()), (0, 2));
}

#[test]
fn events_that_come_meanwhile_go_along_and_a_boot_ends_it() // RT-04 RT-05 RT-08
{
    let mut acs = breaking_off(1..=2);
    let mut cpe = Cpe::start(home(&acs));
    cpe.settle();
    check_wait(&mut cpe, 1);
    cpe.pass_seconds(1);
    cpe.ask(inform("8", false));
    cpe.settle();
    let told = vec!["8 DIAGNOSTICS COMPLETE".to_owned()];
    assert_eq!(informs(&acs).last(), Some(&(told, 1)));
    check_wait(&mut cpe, 2);
    cpe.reboot("00000000-0000-4000-8000-000000000002");
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.events(), ["1 BOOT"]);
    assert_eq!(inform.retry_count(), 0);
    assert_eq!(cpe.next(), None);
}

#[test]
fn devices_that_start_in_the_same_second_spread_over_the_range() // RT-07
{
    let acs = Acs::builder().down();
    let mut cpe = Cpe::start(home(&acs));
    // A new process each time, at the same reading of both clocks.
    let mut waits: Vec<Duration> = (0..100)
        .map(|n| {
            cpe.reboot(&format!("00000000-0000-4000-9000-{n:012}"));
            cpe.settle();
            check_wait(&mut cpe, 1)
        })
        .collect();
    waits.sort();
    let (low, high) = range(1, M, K);
    let third = (high - low) / 3;
    for (from, to) in [
        (low, low + third),
        (low + third, high - third),
        (high - third, high),
    ] {
        let within = waits.iter().filter(|wait| (from..=to).contains(*wait));
        assert!(within.count() >= 5, "{waits:?}");
    }
    waits.dedup();
    assert!(waits.len() > 50, "{waits:?}");
}

#[test]
fn what_is_undelivered_outlives_the_process_and_some_of_it_a_boot() // EV-01 EV-04 EV-09 EV-21 RT-08
{
    let mut acs = Acs::start();
    let mut cpe = settled(home(&acs), &mut acs);
    acs.stop();
    for event in ["1", "2", "3", "6", "8"] {
        cpe.ask(inform(event, false));
        cpe.settle();
    }
    let code = "Device.DeviceInfo.ProvisioningCode";
    assert!(matches!(cpe.set(code, "new"), Answer::Ok(_)));
    cpe.settle();
    let all = [
        "1 BOOT",
        "2 PERIODIC",
        "3 SCHEDULED",
        "4 VALUE CHANGE",
        "8 DIAGNOSTICS COMPLETE",
        "M ScheduleInform",
    ];
    assert_eq!(cpe.events(), all);
    cpe.restart();
    cpe.settle();
    assert_eq!(cpe.events(), all);
    // A boot: a new 1 BOOT, no diagnostics any more, and the change is found once more.
    cpe.reboot("00000000-0000-4000-8000-000000000002");
    cpe.settle();
    acs.up();
    let wait = cpe.next().unwrap();
    cpe.pass(wait);
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(
        inform.events(),
        [
            "1 BOOT",
            "2 PERIODIC",
            "3 SCHEDULED",
            "4 VALUE CHANGE",
            "M ScheduleInform"
        ]
    );
    assert_eq!(inform.texts("CommandKey"), [""; 5]);
    cpe.settle();
    assert_eq!(cpe.events(), [""; 0]);
}

#[test]
fn a_bootstrap_takes_the_place_of_what_waited_for_another_acs() // EV-05 EV-06
{
    let mut old = Acs::start();
    let mut new = Acs::start();
    let mut cpe = settled(home(&old), &mut old);
    old.stop();
    let code = "Device.DeviceInfo.ProvisioningCode";
    assert!(matches!(cpe.set(code, "new"), Answer::Ok(_)));
    cpe.ask(inform("8", false));
    cpe.settle();
    assert_eq!(cpe.events(), ["4 VALUE CHANGE", "8 DIAGNOSTICS COMPLETE"]);
    cpe.home.set_acs("url", &new.url());
    cpe.home.write_config();
    let reload = Command::Reload;
    assert!(matches!(cpe.command(reload), Answer::Ok(_)));
    let inform = cpe.session(&mut new).inform;
    assert_eq!(inform.events(), ["0 BOOTSTRAP"]);
    assert_eq!((inform.retry_count(), cpe.next()), (0, None));
}
