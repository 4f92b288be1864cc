//! Several devices in one process.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cpe::Cpe;
use crate::support::acs::{Acs, Layer};
use crate::support::daemon::Daemon;
use crate::support::digest::{Algorithm, Challenge, parameters, verify};
use crate::support::http::{Reply, Request};
use crate::support::inspect::Message;
use crate::support::rpc;
use crate::support::wait::Shared;

/// What an ACS keeps apart for each device.
#[derive(Default)]
struct Books {
    /// Cookies of every request that had to carry one, by device.
    cookies: BTreeMap<String, BTreeSet<String>>,
    /// Client nonces, by device.
    cnonces: BTreeMap<String, BTreeSet<String>>,
    /// IDs of the Informs, by device, and their RetryCounts.
    ids: BTreeMap<String, Vec<String>>,
    retry_counts: BTreeMap<String, Vec<u32>>,
    /// Which device sent a POST, in order.
    order: Vec<String>,
    /// A device whose Inform is refused with 503, once.
    refuse: Option<String>,
}

/// The ACS for a device with that user name: a nonce, a cookie and a password of its own.
fn acs(user: &'static str, books: &Shared<Books>) -> Layer {
    let books = books.clone();
    let challenge = Challenge::new(&format!("nonce-of-{user}"), Algorithm::Sha256);
    let mut asking = false;
    Box::new(move |request: &Request, _| {
        books.change(|books| books.order.push(user.to_owned()));
        let Some(authorization) = request.header("Authorization") else {
            return Reply::status(401).header("WWW-Authenticate", challenge.header());
        };
        let parts = (
            request.method.as_str(),
            request.target.as_str(),
            &request.body[..],
        );
        let password = format!("password-of-{user}");
        verify(authorization, &challenge, (user, &password), parts)
            .expect("the device's own credentials");
        let cnonce = parameters(authorization)
            .into_iter()
            .find(|(name, _)| name == "cnonce");
        let cookie = request.header("Cookie").map(str::to_owned);
        books.change(|books| {
            let of = |map: &mut BTreeMap<String, BTreeSet<String>>, text: Option<String>| {
                map.entry(user.to_owned()).or_default().extend(text);
            };
            of(&mut books.cnonces, cnonce.map(|(_, value)| value));
            of(&mut books.cookies, cookie);
        });
        if request.is("Inform") {
            let inform = Message::parse(&request.body);
            asking = false;
            let refused = books.change(|books| {
                books
                    .ids
                    .entry(user.to_owned())
                    .or_default()
                    .push(inform.id.clone());
                let counts = books.retry_counts.entry(user.to_owned()).or_default();
                counts.push(inform.retry_count());
                books.refuse.take_if(|refused| refused == user).is_some()
            });
            if refused {
                return Reply::status(503).close();
            }
            let body = "<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>";
            let xml = rpc::envelope(rpc::CWMP_1_2, &inform.id, "", body);
            return Reply::xml(xml).header("Set-Cookie", format!("session=of-{user}"));
        }
        if std::mem::replace(&mut asking, true) {
            return Reply::status(204).close();
        }
        let rpc = rpc::get_values(&["Device.DeviceInfo.SerialNumber"]);
        Reply::xml(rpc::envelope(rpc::CWMP_1_2, "same", "", &rpc.body))
    })
}

const USERS: [&str; 2] = ["one", "two"];

#[test]
fn two_devices_share_nothing() // LS-02
{
    // Both at one host and path, and cookies know no ports: in a jar that they shared these would be one.
    let books = Shared::new(Books::default());
    let acses = USERS.map(|user| {
        let layer = acs(user, &books);
        Acs::builder().layer(layer).start()
    });
    let mut cpes: Vec<Cpe> = USERS
        .iter()
        .zip(&acses)
        .map(|(user, acs)| {
            let home = Daemon::new(&acs.url())
                .acs("userid", user)
                .acs("passwd", &format!("password-of-{user}"))
                .cpe("serial_number", user);
            Cpe::start(home)
        })
        .collect();
    // Turn by turn: no session is over before the other has begun.
    let settled = |cpes: &mut Vec<Cpe>, sessions: u64| {
        while cpes.iter_mut().any(|cpe| cpe.sessions() < sessions) {
            cpes.iter_mut().for_each(Cpe::turn);
        }
    };
    settled(&mut cpes, 1);
    books.change(|books| books.refuse = Some("one".to_owned()));
    for cpe in &mut cpes {
        cpe.ask(crate::cpe::inform("8", false));
    }
    settled(&mut cpes, 2);
    // One alone has to wait, and tells of it.
    assert_eq!(cpes[0].state().retry.count, 1);
    assert_eq!(cpes[1].state().retry.count, 0);
    assert_eq!(cpes[1].next(), None);
    let wait = cpes[0].next().expect("a retry");
    cpes[0].pass(wait);
    cpes[1].ask(crate::cpe::inform("8", false));
    settled(&mut cpes, 3);

    let books = books.lock();
    let alternations = books
        .order
        .windows(2)
        .filter(|pair| pair[0] != pair[1])
        .count();
    assert!(alternations >= 4, "{:?}", books.order);
    for user in USERS {
        let own = BTreeSet::from([format!("session=of-{user}")]);
        assert_eq!(books.cookies[user], own);
    }
    assert!(books.cnonces["one"].is_disjoint(&books.cnonces["two"]));
    let mut ids: Vec<_> = books.ids.values().flatten().collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "IDs come twice");
    assert_eq!(books.retry_counts["one"], [0, 0, 1]);
    assert_eq!(books.retry_counts["two"], [0, 0, 0]);
}

#[test]
fn a_fleet_that_has_power_again_does_not_call_at_once() // LS-01
{
    const MOST: u64 = 600;
    let mut acs = Acs::start();
    let mut waits = Vec::new();
    for _ in 0..8 {
        let home = Daemon::new(&acs.url()).cpe("boot_random_delay", &MOST.to_string());
        let mut cpe = Cpe::start(home);
        cpe.settle();
        assert!(acs.try_session().is_none());
        let wait = cpe.next().expect("the first session");
        assert!(wait <= Duration::from_secs(MOST), "{wait:?}");
        let next = cpe.status()["next_session"].clone();
        assert!(next["retry"].is_null() && next["boot_delay"].is_string());
        assert_eq!(next["boot_delay"], next["start_time"]);
        waits.push(wait);
        cpe.pass(wait);
        let inform = cpe.session(&mut acs).inform;
        assert_eq!(inform.events(), ["0 BOOTSTRAP", "1 BOOT"]);
        assert_eq!(inform.retry_count(), 0);
        // A restart of the daemon is no boot.
        cpe.set("Device.DeviceInfo.ProvisioningCode", "one");
        cpe.kill();
        cpe.restart();
        cpe.session(&mut acs);
    }
    waits.sort();
    waits.dedup();
    assert!(waits.len() >= 7, "{waits:?}");
}

#[test]
fn a_reason_to_call_does_not_wait_for_the_delay_after_a_boot() // LS-01
{
    let mut acs = Acs::start();
    let home = Daemon::new(&acs.url()).cpe("boot_random_delay", "86400");
    let mut cpe = Cpe::start(home);
    cpe.settle();
    assert_eq!(cpe.connection_request(), 200);
    let events = cpe.session(&mut acs).inform.events();
    assert_eq!(events, ["0 BOOTSTRAP", "1 BOOT", "6 CONNECTION REQUEST"]);
    assert_eq!(cpe.next(), None);
}

#[test]
fn devices_that_fail_in_one_moment_retry_at_different_ones() // RT-07
{
    let acs = Acs::builder().down();
    let mut waits = BTreeSet::new();
    for _ in 0..8 {
        let home = Daemon::new(&acs.url())
            .acs("retry_min_wait_interval", "1000")
            .acs("retry_interval_multiplier", "2000");
        let mut cpe = Cpe::start(home);
        cpe.settle();
        assert_eq!(cpe.state().retry.count, 1);
        let next = cpe.status()["next_session"].clone();
        assert!(next["retry"].is_string() && next["boot_delay"].is_null());
        waits.insert(cpe.next().expect("a retry"));
    }
    assert!(waits.len() >= 7, "{waits:?}");
}
