//! Lives with a script: one for each theme, and one for each defect that a seed has found.

use std::time::Duration;

use crate::acs::{Fate, Turn};
use crate::clock::NOON;
use crate::dice::Dice;
use crate::home::Make;
use crate::orders::Order;
use crate::outside::Dial;
use crate::power::{self, Ending};
use crate::world::World;

/// A device that is past its first session.
fn settled(make: Make) -> World {
    let mut world = World::new(make, Dice::new(1), true);
    world.boot();
    world.pass_seconds(10);
    assert_eq!(world.codes(), [["0 BOOTSTRAP", "1 BOOT"]]);
    world.informs.clear();
    world.starts.clear();
    world
}

impl World {
    /// The event codes of the Informs so far.
    fn codes(&self) -> Vec<Vec<&str>> {
        self.informs
            .iter()
            .map(|(_, inform)| {
                inform
                    .events
                    .iter()
                    .map(|(code, _)| code.as_str())
                    .collect()
            })
            .collect()
    }

    /// RetryCounts of the Informs so far.
    fn retry_counts(&self) -> Vec<u32> {
        self.informs
            .iter()
            .map(|(_, inform)| inform.retry_count)
            .collect()
    }

    /// The ACS wants this in the next session, and has the device come.
    fn ask(&mut self, orders: Vec<Order>) {
        self.acs.plans.push_back(orders);
        self.connection_request();
        self.pass_seconds(10);
    }

    fn well(&self) {
        let problems = &self.oracle.problems;
        assert!(problems.is_empty(), "{problems:#?}\n{}", self.story());
    }
}

fn seconds(durations: &[Duration]) -> Vec<u64> {
    durations.iter().map(Duration::as_secs).collect()
}

#[test]
fn fourteen_failures_keep_to_the_table_and_a_restart_keeps_the_wait() // RT-01 RT-02 RT-03 RT-08
{
    let mut world = settled(Make::default());
    world.outside.borrow_mut().dials.extend([Dial::NoRoute; 14]);
    world.habits.battery = true;
    world.set(&world.oracle.model.code(), "x");
    for failures in 1..=14_u32 {
        while world.starts.len() < failures as usize {
            world.pass_seconds(1);
            world.well();
        }
        if failures == 11 {
            world.kill(Duration::from_secs(1));
        }
    }
    world.pass_seconds(6000);
    world.well();
    let waits: Vec<u64> = world
        .starts
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs())
        .collect();
    let mut low = 5;
    for (n, wait) in waits.iter().enumerate() {
        assert!(
            (low - 2..=2 * low + 2).contains(wait),
            "wait {n} of {waits:?}"
        );
        low = if n < 9 { low * 2 } else { low };
    }
    assert_eq!(world.retry_counts(), [14]);
    assert_eq!(world.codes(), [["4 VALUE CHANGE"]]);
}

#[test]
fn the_retry_count_begins_anew_after_a_boot() // RT-05
{
    let mut world = settled(Make::default());
    world.outside.borrow_mut().dials.extend([Dial::NoRoute; 7]);
    world.set(&world.oracle.model.code(), "x");
    world.pass_seconds(200);
    assert!(world.starts.len() > 4);
    world.outside.borrow_mut().dials.clear();
    world.power_cut(Duration::from_secs(1));
    world.pass_seconds(10);
    world.well();
    assert_eq!(world.retry_counts(), [0]);
}

#[test]
fn a_connection_request_cuts_a_retry_wait_short() // RT-04
{
    let mut world = settled(Make::default());
    world
        .outside
        .borrow_mut()
        .dials
        .extend([Dial::Refused(Duration::from_secs(1)); 5]);
    world.set(&world.oracle.model.code(), "x");
    world.pass_seconds(160);
    assert_eq!(world.starts.len(), 5);
    world.connection_request();
    world.pass_seconds(2);
    world.well();
    assert_eq!(world.codes(), [["4 VALUE CHANGE", "6 CONNECTION REQUEST"]]);
    assert_eq!(world.retry_counts(), [5]);
}

#[test]
fn after_ntp_the_periodic_inform_finds_its_phase() // PI-01 PI-02 PI-05
{
    let make = Make {
        interval: Some(3600),
        time: "2020-01-01T00:10:00Z",
        ..Make::default()
    };
    let mut world = World::new(make, Dice::new(1), true);
    world.habits.battery = false;
    world.boot();
    world.pass_seconds(100);
    world.set_clock(0);
    world.pass(Duration::from_secs(24 * 3600));
    world.well();
    let periodic = world
        .informs
        .iter()
        .filter(|(_, i)| i.events[0].0 == "2 PERIODIC");
    let times: Vec<i64> = periodic.map(|(at, _)| NOON + at.as_secs() as i64).collect();
    assert!(times.len() >= 22, "{}", times.len());
    let off = times.iter().filter(|time| *time % 3600 != 600).count();
    assert!(off <= 1, "{off} of {} out of phase", times.len());
}

#[test]
fn a_schedule_inform_comes_once_at_its_time_over_a_restart_and_a_cut() // RB-05 EV-11
{
    let mut world = settled(Make::default());
    world.ask(vec![
        Order::Schedule(500, "a".into()),
        Order::Schedule(900, "b".into()),
        Order::Schedule(900, "c".into()),
    ]);
    world.pass_seconds(100);
    world.kill(Duration::from_secs(30));
    world.pass_seconds(600);
    // The power fails while the due orders are taken from the list, and what was not durable is lost.
    power::end_after(4, Ending::TornCut);
    world.pass_seconds(4000);
    world.well();
    let keys = |key: &str| {
        let told = world.informs.iter().flat_map(|(_, inform)| &inform.events);
        told.filter(|(code, k)| code == "M ScheduleInform" && k == key)
            .count()
    };
    assert_eq!(["a", "b", "c"].map(keys), [1, 1, 1]);
    assert!(world.codes().contains(&vec![
        "1 BOOT",
        "3 SCHEDULED",
        "M ScheduleInform",
        "M ScheduleInform"
    ]));
}

#[test]
fn a_session_that_never_ends_is_ended_and_retried() // SE-18 RT-01 RT-03
{
    let mut world = settled(Make::default());
    let code = world.oracle.model.code();
    world.acs.turns.extend((0..60).map(|_| Turn {
        delay: Duration::from_secs(29),
        ..Turn::good()
    }));
    world.ask(vec![Order::Get(vec![code]); 50]);
    world.pass_seconds(1000);
    world.well();
    // Its event was delivered: the retry is for what the ACS still wanted.
    assert_eq!((world.oracle.good, world.oracle.bad), (2, 1));
    assert_eq!(world.codes(), [&["6 CONNECTION REQUEST"][..], &[]]);
    assert_eq!(world.retry_counts(), [0, 1]);
}

#[test]
fn bootstrap_discards_what_another_acs_was_to_be_told() // EV-05 EV-06 EV-07 SE-16
{
    let mut world = settled(Make::default());
    let model = world.oracle.model.clone();
    world.ask(vec![Order::Set(
        vec![(model.ms("URL"), "string", crate::model::URLS[1].into())],
        "k".into(),
    )]);
    world.well();
    assert_eq!(world.codes(), [["6 CONNECTION REQUEST"], ["0 BOOTSTRAP"]]);
    world.kill(Duration::from_secs(1));
    world.pass_seconds(100);
    world.connection_request();
    world.pass_seconds(10);
    world.well();
    assert_eq!(world.codes().last(), Some(&vec!["6 CONNECTION REQUEST"]));
}

#[test]
fn requests_that_come_in_a_session_get_one_of_their_own() // SE-14 EV-16 NO-06
{
    let mut world = settled(Make::default());
    let (a, code) = (world.oracle.model.x("A"), world.oracle.model.code());
    world.acs.turns.push_back(Turn {
        delay: Duration::from_secs(5),
        ..Turn::good()
    });
    world.connection_request();
    world.pass_seconds(2);
    for _ in 0..3 {
        world.connection_request();
    }
    world.set(&a, "not watched");
    world.set(&code, "changed");
    world.pass_seconds(20);
    world.well();
    assert_eq!(
        world.codes(),
        [
            vec!["6 CONNECTION REQUEST"],
            vec!["4 VALUE CHANGE", "6 CONNECTION REQUEST"]
        ]
    );
}

#[test]
fn a_reboot_that_was_ordered_is_told_wherever_the_power_fails() // RB-01 EV-10 EV-21
{
    for step in 0..30 {
        for end in [Ending::Cut, Ending::TornCut, Ending::Kill] {
            let mut world = settled(Make::default());
            world.acs.plans.push_back(vec![Order::Reboot("key".into())]);
            power::end_after(step, end);
            world.connection_request();
            world.pass_seconds(6000);
            world.well();
            let events = world.informs.iter().flat_map(|(_, inform)| &inform.events);
            let told = events.filter(|(code, _)| code == "M Reboot").count();
            // Killed while the hook ran, the daemon runs it again; the device boots once.
            let hooks = world.hooks.len();
            assert!(
                hooks <= 1 + usize::from(end == Ending::Kill),
                "step {step} {end:?}: {hooks}"
            );
            assert!(
                told >= hooks.min(1),
                "step {step} {end:?}\n{}",
                world.story()
            );
        }
    }
}

#[test]
fn values_are_set_wholly_or_not_at_all_wherever_the_power_fails() // SV-01 EV-21
{
    for step in 0..24 {
        for end in [Ending::Cut, Ending::TornCut, Ending::Kill] {
            let mut world = settled(Make::default());
            let model = world.oracle.model.clone();
            let values = vec![
                (model.x("A"), "string", "new".to_owned()),
                (
                    model.ms("PeriodicInformInterval"),
                    "unsignedInt",
                    "777".to_owned(),
                ),
                (model.code(), "string", "new".to_owned()),
            ];
            world
                .acs
                .plans
                .push_back(vec![Order::Set(values, "key".into())]);
            power::end_after(step, end);
            world.connection_request();
            world.pass_seconds(6000);
            world.well();
        }
    }
}

#[test]
fn a_change_in_a_session_waits_for_the_throttle() // NO-06 NO-07
{
    // A seed found: it was told as soon as the session ended.
    let mut world = settled(Make {
        throttle: 300,
        ..Make::default()
    });
    world.pass_seconds(1000);
    world.acs.turns.push_back(Turn {
        delay: Duration::from_secs(5),
        ..Turn::good()
    });
    world.connection_request();
    world.pass_seconds(2);
    world.set(&world.oracle.model.code(), "changed");
    world.pass_seconds(400);
    world.well();
    assert_eq!(
        world.codes(),
        [["6 CONNECTION REQUEST"], ["4 VALUE CHANGE"]]
    );
    let apart = world.starts[1] - world.starts[0];
    assert!(apart >= Duration::from_secs(305), "{apart:?}");
}

#[test]
fn a_restart_does_not_cut_the_retry_wait_of_a_changed_value_short() // RT-01
{
    // A seed found: the daemon told the change again as soon as it came back.
    let mut world = settled(Make::default());
    world.outside.borrow_mut().dials.extend([Dial::NoRoute; 6]);
    world.set(&world.oracle.model.code(), "changed");
    while world.starts.len() < 6 {
        world.pass_seconds(1);
    }
    world.kill(Duration::from_secs(1));
    world.pass_seconds(30);
    assert_eq!(world.starts.len(), 6);
    world.pass_seconds(600);
    world.well();
    assert_eq!(world.codes(), [["4 VALUE CHANGE"]]);
    assert_eq!(world.retry_counts(), [6]);
}

#[test]
fn a_step_of_the_clock_does_not_put_off_a_period_without_a_phase() // PI-02 PI-05
{
    // A seed found: each step that was noticed by another timer began the interval anew.
    let mut world = settled(Make {
        interval: Some(7200),
        ..Make::default()
    });
    for hour in 0..6 {
        world.ask(vec![Order::Schedule(1000, format!("k{hour}"))]);
        world.pass_seconds(500);
        world.set_clock(if hour % 2 == 0 { 60 } else { 0 });
        world.pass_seconds(3090);
        world.well();
    }
    let periodic = world
        .codes()
        .iter()
        .filter(|codes| codes.contains(&"2 PERIODIC"))
        .count();
    assert_eq!(periodic, 3);
}

#[test]
fn hold_requests_and_every_kind_of_bad_answer() // SE-10 SE-12 SE-13
{
    let mut world = settled(Make {
        methods: true,
        ..Make::default()
    });
    world.acs.manners.hold = 1000;
    let code = world.oracle.model.code();
    world.ask(vec![
        Order::Get(vec![code.clone()]),
        Order::Methods,
        Order::Unknown,
    ]);
    world.well();
    let fates = [
        Fate::Fault(8005),
        Fate::Fault(8002),
        Fate::Cut(0),
        Fate::Cut(500),
        Fate::Cut(999),
        Fate::Silence,
        Fate::Status(500, None),
        Fate::Status(503, Some(100)),
        Fate::Moved(307),
        Fate::Garbage,
        Fate::Noise,
    ];
    for at in 0..3 {
        for fate in &fates {
            world.acs.turns.extend((0..at).map(|_| Turn::good()));
            world.acs.turns.push_back(Turn::bad(fate.clone()));
            world
                .acs
                .plans
                .push_back(vec![Order::Get(vec![code.clone()])]);
            world.set(&code, &format!("{at} {fate:?}"));
            world.pass_seconds(400);
            world.acs.turns.clear();
            world.acs.plans.clear();
            world.well();
        }
    }
    assert!(world.oracle.bad > 15, "{}", world.oracle.bad);
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let life = |seed| {
        let world = crate::life::live(seed, false);
        (seconds(&world.starts), format!("{:?}", world.informs))
    };
    assert_eq!(life(7), life(7));
    assert_ne!(life(7), life(8));
}

#[test]
fn after_a_factory_reset_the_acs_is_a_stranger_even_before_the_boot() // EV-05 RB-04
{
    for seed in 0..8 {
        let mut world = World::new(Make::default(), Dice::new(seed), true);
        world.habits.hook_trouble = if seed % 4 == 3 { 1000 } else { 0 };
        world.boot();
        world.pass_seconds(10);
        let (a, code) = (world.oracle.model.x("A"), world.oracle.model.code());
        let values = vec![
            (a, "string", "gone".to_owned()),
            (code, "string", "gone".to_owned()),
        ];
        world.ask(vec![Order::Set(values, "key".into()), Order::FactoryReset]);
        for _ in 0..80 {
            world.connection_request();
            world.pass_seconds(1);
            world.well();
        }
        world.pass_seconds(100);
        world.well();
        // Down before its hook has ended, the device runs it once more.
        assert!((1..=2).contains(&world.hooks.len()));
    }
}

#[test]
fn a_value_that_changes_back_before_the_acs_knows_is_news() // NO-05 NO-06
{
    // A seed found: changed and told, but changed back before the answer, the ACS was left with the wrong value.
    let mut world = settled(Make::default());
    let code = world.oracle.model.code();
    world.acs.turns.push_back(Turn {
        delay: Duration::from_secs(5),
        ..Turn::good()
    });
    world.set(&code, "new");
    world.pass_seconds(2);
    world.set(&code, "");
    world.pass_seconds(20);
    world.well();
    assert_eq!(world.codes(), [["4 VALUE CHANGE"], ["4 VALUE CHANGE"]]);
}
