//! What a seed makes of a device's life: weather, an ACS with wishes, and everything that happens to routers.

use std::time::Duration;

use crate::acs::Manners;
use crate::dice::Dice;
use crate::home::{Make, UNKNOWN};
use crate::model::URLS;
use crate::orders::Order;
use crate::power::{self, Ending};
use crate::world::{Habits, World};

/// How long the calm at the end is: the longest retry wait, and a periodic Inform or two.
const CALM: u64 = 4 * 3600;

/// Lives the life of this seed. The world tells what was wrong.
pub fn live(seed: u64, told: bool) -> World {
    let mut dice = Dice::new(seed);
    let make = make(&mut dice);
    let mut world = World::new(make.clone(), dice.fork(), told);
    world.habits = Habits {
        battery: dice.chance(300),
        hook_trouble: dice.pick(&[0, 0, 200]),
    };
    let hours = dice.range(6, 72);
    plan(&mut world, &mut dice, hours * 3600);
    world.boot();
    world.pass_seconds(hours * 3600);
    calm(&mut world);
    world
}

/// The weather clears, and everything that is to be told is told.
fn calm(world: &mut World) {
    weather(world, 0, 0);
    world.set_clock(0);
    world.pass_seconds(CALM);
    // A session may just be under way.
    for _ in 0..100 {
        if world.oracle.is_settled() || !world.oracle.problems.is_empty() {
            return;
        }
        world.pass_seconds(60);
    }
    let left = world.oracle.pending().to_vec();
    world
        .oracle
        .wrong(format!("in the end {left:?} was not told"));
}

fn make(dice: &mut Dice) -> Make {
    Make {
        root: dice.pick(&["Device.", "InternetGatewayDevice."]),
        amendment: dice.range(1, 6) as u32,
        interval: dice.pick(&[None, Some(3600), Some(7200), Some(10_007), Some(86_400)]),
        time: dice.pick(&[UNKNOWN, "2020-01-01T03:00:00Z", "2031-05-05T00:00:07Z"]),
        retry: dice.pick(&[(5, 2000), (5, 2000), (2, 1500), (30, 1500), (60, 3000)]),
        throttle: dice.pick(&[0, 0, 30, 600]),
        methods: dice.chance(200),
    }
}

fn weather(world: &mut World, acs: u32, network: u32) {
    world.acs.manners = Manners {
        trouble: acs,
        ..world.acs.manners.clone()
    };
    world.outside.borrow_mut().trouble = network;
}

/// Puts everything that will happen on the world's calendar.
fn plan(world: &mut World, dice: &mut Dice, seconds: u64) {
    world.acs.manners.challenge = dice.chance(400);
    world.acs.manners.hold = dice.pick(&[0, 300]);
    let kinds = dice.range(4, 16);
    for _ in 0..kinds {
        let at = Duration::from_millis(dice.range(0, seconds * 1000));
        incident(world, dice, at);
    }
    // Storms come and go.
    for _ in 0..dice.range(0, 4) {
        let at = dice.range(0, seconds);
        let storms = [
            (100, 50, seconds),
            (400, 200, 20_000),
            (800, 0, 5000),
            (0, 1000, 5000),
        ];
        let (acs, network, longest) = dice.pick(&storms);
        let end = at + dice.range(60, longest);
        world.incident(Duration::from_secs(at), move |world| {
            weather(world, acs, network)
        });
        world.incident(Duration::from_secs(end), move |world| weather(world, 0, 0));
    }
}

fn incident(world: &mut World, dice: &mut Dice, at: Duration) {
    let back = Duration::from_secs(dice.pick(&[0, 3, 60, 4000]));
    match dice.range(0, 15) {
        0..=2 => {
            // They come in bursts, too.
            for _ in 0..dice.pick(&[1, 1, 3]) {
                let more = Duration::from_millis(dice.pick(&[0, 0, 15, 90, 700, 5000]));
                world.incident(at + more, World::connection_request);
            }
        }
        3..=5 => {
            let name = dice.pick(&["A", "B", "C", "D"]);
            let value = format!("v{}", dice.range(0, 2));
            let times = dice.pick(&[1, 1, 2]);
            for i in 0..times {
                let value = format!("{value}{i}");
                let more = Duration::from_millis(dice.pick(&[0, 60, 2000, 100_000]));
                world.incident(at + more, move |world| {
                    let path = match name {
                        "D" => world.oracle.model.code(),
                        name => world.oracle.model.x(name),
                    };
                    world.set(&path, &value);
                });
            }
        }
        6 => world.incident(at, move |world| world.kill(back)),
        7 => world.incident(at, move |world| world.power_cut(back)),
        8..=9 => {
            let count = dice.range(0, 17) as u32;
            let end = dice.pick(&[Ending::Kill, Ending::Cut, Ending::TornCut, Ending::TornCut]);
            world.incident(at, move |_| power::end_after(count, end));
        }
        10 => {
            let error = dice.pick(&[0, 0, 30, -30, 86_400, -7200]);
            world.incident(at, move |world| world.set_clock(error));
        }
        11 => world.incident(at, move |world| world.stop(back)),
        _ => {
            let wish = wish(dice);
            world.incident(at, move |world| {
                let orders = wish
                    .iter()
                    .map(|number| order(world, &mut Dice::new(*number)))
                    .collect();
                world.acs.plans.push_back(orders);
            });
            // Mostly the ACS does not wait for the device to come by itself.
            if dice.chance(700) {
                world.incident(at + Duration::from_millis(1), World::connection_request);
            }
        }
    }
}

fn wish(dice: &mut Dice) -> Vec<u64> {
    (0..dice.range(1, 5)).map(|_| dice.next()).collect()
}

/// Something that an ACS asks for.
fn order(world: &mut World, dice: &mut Dice) -> Order {
    let model = world.oracle.model.clone();
    let names = ["A", "B", "C"];
    let key = format!("k{}", dice.range(0, 9999));
    let string = |name: String, value: String| (name, "string", value);
    match dice.range(0, 19) {
        0..=1 => Order::Get(model.values.keys().cloned().collect()),
        2 => Order::Names(model.root.to_owned()),
        3 => Order::Attributes(model.notify.keys().cloned().collect()),
        4 => Order::Methods,
        5..=6 => {
            let mut values = Vec::new();
            for name in names {
                if dice.chance(500) {
                    values.push(string(model.x(name), format!("s{}", dice.range(0, 2))));
                }
            }
            values.push(string(model.code(), format!("p{}", dice.range(0, 2))));
            Order::Set(values, key)
        }
        7..=8 => {
            let mut values = Vec::new();
            let number =
                |name: &str, value: u64| (model.ms(name), "unsignedInt", value.to_string());
            match dice.range(0, 3) {
                0 => {
                    let interval = dice.pick(&[900, 3600, 5000, 40_000]);
                    values.push(number("PeriodicInformInterval", interval));
                }
                1 => {
                    values.push(number(
                        "CWMPRetryMinimumWaitInterval",
                        dice.pick(&[1, 5, 20]),
                    ));
                    values.push(number(
                        "CWMPRetryIntervalMultiplier",
                        dice.pick(&[1000, 1500, 2000]),
                    ));
                }
                2 => {
                    let throttle = dice.pick(&[0, 20, 300]);
                    values.push(number("DefaultActiveNotificationThrottle", throttle));
                }
                _ => {
                    let time =
                        dice.pick(&[UNKNOWN, "2026-11-22T00:10:00Z", "2040-01-01T00:00:00Z"]);
                    values.push((model.ms("PeriodicInformTime"), "dateTime", time.to_owned()));
                    let on = dice.pick(&["true", "true", "false"]);
                    values.push((model.ms("PeriodicInformEnable"), "boolean", on.to_owned()));
                }
            }
            Order::Set(values, key)
        }
        9 => {
            let mut values = vec![string(model.x("A"), "never".to_owned())];
            values.push(match dice.range(0, 2) {
                0 => string(model.x("Nothing"), "x".to_owned()),
                1 => (
                    model.ms("PeriodicInformInterval"),
                    "unsignedInt",
                    "0".to_owned(),
                ),
                _ => string(
                    format!("{}DeviceInfo.SoftwareVersion", model.root),
                    "2".to_owned(),
                ),
            });
            Order::BadSet(values, key)
        }
        10..=11 => {
            let name = dice.pick(&names);
            Order::Notify(vec![model.x(name)], dice.range(0, 2) as u8)
        }
        12 => Order::Add(model.table(), key),
        13 => {
            let number = dice.pick(
                &model
                    .instances
                    .iter()
                    .copied()
                    .chain([77])
                    .collect::<Vec<_>>(),
            );
            Order::Delete(format!("{}{number}.", model.table()), key)
        }
        14..=15 if world.oracle.orders() < 20 => {
            let number = world.next_number();
            Order::Schedule(dice.range(1, 20_000) as u32, format!("s{number}"))
        }
        16 => Order::Reboot(format!("r{}", world.next_number())),
        17 if dice.chance(300) => Order::FactoryReset,
        18 if dice.chance(500) => {
            let url = dice.pick(&URLS).to_owned();
            Order::Set(vec![string(model.ms("URL"), url)], key)
        }
        19 => Order::Unknown,
        _ => Order::Get(vec![model.code()]),
    }
}
