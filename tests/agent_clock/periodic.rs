//! The periodic Inform.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use cwmpd::agent::command::Reply;

use crate::cpe::{Cpe, NOON, settled};
use crate::inform::ROOTS;
use crate::support::acs::Acs;
use crate::support::daemon::Daemon;
use crate::support::rpc;

fn home(acs: &Acs, interval: u32) -> Daemon {
    Daemon::new(&acs.url())
        .acs("periodic_inform_enable", "1")
        .acs("periodic_inform_interval", &interval.to_string())
}

#[test]
fn the_phase_is_that_of_periodic_inform_time() // PI-01 SE-15
{
    let mut acs = Acs::start();
    let home = home(&acs, 60).acs("periodic_inform_time", "2020-01-01T00:00:07Z");
    let mut cpe = settled(home, &mut acs);
    assert_eq!(cpe.next(), Some(Duration::from_secs(7)));
    for at in [7, 67, 127] {
        let next = cpe.next().unwrap();
        cpe.pass(next);
        assert_eq!(cpe.now().unix, NOON + at);
        assert_eq!(cpe.session(&mut acs).inform.events(), ["2 PERIODIC"]);
    }
}

#[test]
fn a_new_interval_counts_at_once() // PI-03
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(home(&acs, 3600).profile(profile), &mut acs);
        cpe.pass_seconds(100);
        acs.plan([rpc::set_values(
            &[(
                &format!("{root}ManagementServer.PeriodicInformInterval"),
                "unsignedInt",
                "10",
            )],
            "",
        )]);
        cpe.inform();
        cpe.session(&mut acs);
        assert_eq!(cpe.next(), Some(Duration::from_secs(10)));
        cpe.pass_seconds(10);
        assert_eq!(cpe.session(&mut acs).inform.events(), ["2 PERIODIC"]);

        acs.plan([rpc::set_values(
            &[(
                &format!("{root}ManagementServer.PeriodicInformEnable"),
                "boolean",
                "0",
            )],
            "",
        )]);
        cpe.pass_seconds(10);
        cpe.session(&mut acs);
        assert_eq!(cpe.next(), None); // PI-04
    }
}

#[test]
fn a_new_phase_counts_at_once_in_past_and_future() // PI-01 PI-03
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(home(&acs, 3600).profile(profile), &mut acs);
        cpe.pass_seconds(100);
        for (time, wait) in [
            ("2030-01-01T00:05:00Z", 200),
            ("2001-01-01T01:02:00+01:00", 20),
            ("0001-01-01T00:00:00Z", 3600),
        ] {
            let name = format!("{root}ManagementServer.PeriodicInformTime");
            acs.plan([rpc::set_values(&[(&name, "dateTime", time)], "")]);
            cpe.inform();
            assert_eq!(cpe.session(&mut acs).answers[0].fault(), None);
            assert_eq!(cpe.next(), Some(Duration::from_secs(wait)), "{time}");
        }
    }
}

#[test]
fn periods_missed_while_the_daemon_was_down_do_not_come_at_start() // PI-04
{
    let mut acs = Acs::start();
    let home = home(&acs, 60).acs("periodic_inform_time", "2020-01-01T00:00:07Z");
    let mut cpe = settled(home, &mut acs);
    cpe.kill();
    cpe.elapse(Duration::from_secs(300));
    cpe.restart();
    assert_eq!(cpe.next(), Some(Duration::from_secs(7)));
    assert_eq!(cpe.events(), [""; 0]);
}

#[test]
fn periods_missed_in_an_outage_come_as_one() // PI-04
{
    let mut acs = Acs::start();
    let mut cpe = settled(home(&acs, 60), &mut acs);
    cpe.jump(Duration::from_secs(330));
    assert_eq!(cpe.session(&mut acs).inform.events(), ["2 PERIODIC"]);
    assert_eq!(cpe.sessions(), 2);
    assert_eq!(cpe.next(), Some(Duration::from_secs(30))); // PI-02: the interval is exact
}

#[test]
fn a_clock_that_is_set_is_followed_at_once() // PI-05 PI-02
{
    let mut acs = Acs::start();
    let home = home(&acs, 3600).acs("periodic_inform_time", "2020-01-01T00:00:00Z");
    home.write_config();
    // A router without a battery: it boots in 1970, and NTP comes ten seconds later.
    let mut cpe = Cpe::start_at(home, 60);
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.text("CurrentTime").unwrap(), "0001-01-01T00:00:00Z"); // SO-34
    assert_eq!(cpe.next(), Some(Duration::from_secs(3600)));
    assert!(cpe.status()["cwmp"]["clock"].is_string());
    acs.plan([rpc::schedule_inform(1800, "mine")]);
    cpe.inform();
    cpe.session(&mut acs);
    cpe.pass_seconds(10);
    cpe.set_clock(NOON - 70 + 600); // 12:10:00
    assert_eq!(cpe.now().unix, NOON + 600);
    assert!(cpe.status()["cwmp"]["clock"].is_null());
    assert_eq!(
        cpe.status()["next_session"]["periodic"],
        "2026-11-22T13:00:00Z"
    );
    // What was ordered in seconds comes after those seconds.
    assert_eq!(cpe.next(), Some(Duration::from_secs(1790)));
    cpe.pass_seconds(1790);
    let inform = cpe.session(&mut acs).inform;
    assert_eq!(inform.events(), ["3 SCHEDULED", "M ScheduleInform"]);
    assert_eq!(inform.text("CurrentTime").unwrap(), "2026-11-22T12:39:50Z");
    cpe.pass_seconds(20 * 60 + 10);
    assert_eq!(cpe.now().unix, NOON + 3600);
    assert_eq!(cpe.session(&mut acs).inform.events(), ["2 PERIODIC"]);
}

#[test]
fn the_session_retry_is_not_moved_by_a_clock_that_is_set() // PI-05
{
    let mut acs = Acs::builder().down();
    let home = Daemon::new(&acs.url()).acs("retry_min_wait_interval", "100");
    let mut cpe = Cpe::start(home);
    cpe.settle();
    let wait = cpe.next().unwrap();
    for step in [86_400, -3 * 86_400, -NOON] {
        cpe.set_clock(step);
        assert_eq!(cpe.next(), Some(wait), "step {step}");
    }
    acs.up();
    cpe.pass(wait);
    assert_eq!(cpe.session(&mut acs).inform.retry_count(), 1);
}

#[test]
fn a_clock_that_is_set_neither_floods_nor_silences() // PI-05 PI-02
{
    for step in [86_400, -86_400, NOON] {
        let mut acs = Acs::start();
        let home = home(&acs, 3600).acs("periodic_inform_time", "2020-01-01T00:00:00Z");
        home.write_config();
        let mut cpe = Cpe::start_at(home, if step == NOON { 60 } else { NOON + 600 });
        cpe.session(&mut acs);
        cpe.step_clock(step);
        cpe.pass_seconds(3 * 3600);
        let sessions = cpe.sessions() - 1;
        assert!((2..=4).contains(&sessions), "step {step}: {sessions}");
    }
}

#[test]
fn interval_zero_is_refused() // PI-06
{
    for (root, profile) in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = settled(home(&acs, 60).profile(profile), &mut acs);
        let reply = cpe.set(
            &format!("{root}ManagementServer.PeriodicInformInterval"),
            "0",
        );
        assert!(
            matches!(reply, Reply::Fault { code: 9007, .. }),
            "{reply:?}"
        );
    }
}

#[test]
fn a_periodic_session_writes_no_flash() // EV-22
{
    let mut acs = Acs::start();
    let mut cpe = settled(home(&acs, 60), &mut acs);
    let marks = |cpe: &Cpe| {
        ["etc/cwmpd/state.toml", "etc/config/cwmp"].map(|path| {
            let data = fs::metadata(cpe.home.path(path)).unwrap();
            (data.ino(), data.mtime(), data.mtime_nsec())
        })
    };
    let before = marks(&cpe);
    acs.plan([]);
    acs.plan([rpc::get_values(&["Device."])]);
    for _ in 0..100 {
        cpe.pass_seconds(60);
        assert_eq!(cpe.session(&mut acs).inform.events(), ["2 PERIODIC"]);
    }
    assert_eq!(marks(&cpe), before);
}
