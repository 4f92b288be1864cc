use super::*;
use crate::wire::toml;

fn info(notify: Notify) -> Info {
    Info {
        notify,
        ..Info::default()
    }
}

fn change(path: &str, notification: Notification) -> AttributeChange {
    AttributeChange {
        path: path.to_owned(),
        notification: Some(notification),
        access: None,
    }
}

#[test]
fn numbers_are_0_to_6() {
    // NO-01
    for number in 0..=6 {
        assert_eq!(Notification::try_from(number).unwrap().number(), number);
    }
    assert_eq!(
        Notification::try_from(7).unwrap_err().code,
        Code::INVALID_ARGUMENTS
    );
}

#[test]
fn the_data_model_decides_what_was_never_set() {
    // NO-09 AT-05
    let attributes = Attributes::default();
    let default = |notify| attributes.get("P", &info(notify)).notification;
    assert_eq!(default(Notify::Normal), Notification::Off);
    assert_eq!(default(Notify::CanDeny), Notification::Off);
    assert_eq!(default(Notify::ForceEnabled), Notification::Active);
    assert_eq!(default(Notify::ForceDefaultEnabled), Notification::Active);
    assert_eq!(attributes.get("P", &Info::default()).access, [SUBSCRIBER]);
}

#[test]
fn forced_and_deniable_parameters_refuse() {
    // NO-08 NO-10
    let check = |notify, notification| {
        let result = check_one(&info(notify), "P", notification, true);
        result.map_err(|fault| fault.code)
    };
    let refused = Err(Code::NOTIFICATION_REJECTED);
    assert_eq!(check(Notify::ForceEnabled, Notification::Active), Ok(()));
    assert_eq!(check(Notify::ForceEnabled, Notification::Off), refused);
    assert_eq!(check(Notify::ForceEnabled, Notification::Passive), refused);
    assert_eq!(check(Notify::CanDeny, Notification::Active), refused);
    assert_eq!(
        check(Notify::CanDeny, Notification::ActiveLightweight),
        refused
    );
    assert_eq!(check(Notify::CanDeny, Notification::Passive), Ok(()));
    assert_eq!(
        check(Notify::ForceDefaultEnabled, Notification::Off),
        Ok(())
    );
    assert_eq!(check(Notify::Normal, Notification::Active), Ok(()));
    // Within a partial path a forced one stays as it is, and the rest is set; one that can deny refuses as well.
    let within = |notify, notification| {
        let result = check_one(&info(notify), "P", notification, false);
        result.map_err(|fault| fault.code)
    };
    assert_eq!(within(Notify::ForceEnabled, Notification::Off), Ok(()));
    assert_eq!(within(Notify::CanDeny, Notification::Active), refused);
}

/// What is notified of a parameter whose model says `notify`.
fn of(attributes: &Attributes, name: &str, notify: Notify) -> u8 {
    attributes.notification(name, &info(notify)).number()
}

#[test]
fn a_partial_path_holds_for_what_is_below_it_now_and_later() {
    // AT-03 NO-12
    let mut attributes = Attributes::default();
    let mut set = |changes: &[AttributeChange]| attributes.apply(changes).unwrap();
    set(&[
        change("Device.A.1.P", Notification::Active),
        change("Device.A.", Notification::Passive),
        change("Device.A.2.P", Notification::Off),
        change("Device.A.3.", Notification::Active),
    ]);
    for (name, number) in [
        ("Device.A.1.P", 1),
        ("Device.A.2.P", 0),
        ("Device.A.3.B.1.P", 2),
        ("Device.A.77.P", 1),
        ("Device.AB.P", 0),
        ("Device.P", 0),
    ] {
        assert_eq!(of(&attributes, name, Notify::Normal), number, "{name}");
    }
    // What the model says stands above what an object around it was given.
    assert_eq!(of(&attributes, "Device.A.3.P", Notify::CanDeny), 0);
    assert_eq!(of(&attributes, "Device.A.4.P", Notify::CanDeny), 1);
    assert_eq!(of(&attributes, "Device.A.4.P", Notify::ForceEnabled), 2);
    assert_eq!(
        of(&attributes, "Device.A.4.P", Notify::ForceDefaultEnabled),
        1
    );
    // A later one of an object around it takes all of them away.
    attributes
        .apply(&[change("Device.", Notification::PassiveBoth)])
        .unwrap();
    assert_eq!(attributes.set.entries().len(), 1);
    assert_eq!(of(&attributes, "Device.A.2.P", Notify::Normal), 4);
}

#[test]
fn notification_and_access_list_are_set_apart() {
    // AT-02 AT-03 AT-04
    let mut attributes = Attributes::default();
    let access = |path: &str, list: &[&str]| AttributeChange {
        path: path.into(),
        notification: None,
        access: Some(list.iter().map(|one| (*one).to_owned()).collect()),
    };
    attributes
        .apply(&[
            change("Device.A.P", Notification::Active),
            access("Device.A.P", &["X_EX_App"]),
            access("Device.", &[]),
            access("Device.A.Q", &[SUBSCRIBER]),
        ])
        .unwrap();
    assert_eq!(of(&attributes, "Device.A.P", Notify::Normal), 2);
    assert!(!attributes.may_write("Device.A.P", SUBSCRIBER));
    assert!(!attributes.may_write("Device.A.P", "X_EX_App"));
    assert!(attributes.may_write("Device.A.Q", SUBSCRIBER));
    assert!(attributes.may_write("InternetGatewayDevice.A.P", SUBSCRIBER));
}

#[test]
fn later_changes_win_and_absent_parts_stay() {
    // AT-02 AT-03
    let mut attributes = Attributes::default();
    let nobody = AttributeChange {
        path: "P".into(),
        notification: None,
        access: Some(Vec::new()),
    };
    attributes
        .apply(&[
            change("P", Notification::Passive),
            change("P", Notification::Active),
            nobody,
        ])
        .unwrap();
    let set = attributes.get("P", &Info::default());
    assert_eq!(set.notification, Notification::Active);
    assert!(set.access.is_empty());
    let nothing = AttributeChange {
        path: "Q".into(),
        notification: None,
        access: None,
    };
    let before = attributes.clone();
    attributes.apply(&[nothing]).unwrap();
    assert_eq!(attributes, before);
}

#[test]
fn an_instance_takes_its_attributes_with_it() {
    // NO-12
    let mut attributes = Attributes::default();
    attributes
        .apply(&[
            change("Device.A.", Notification::Passive),
            change("Device.A.1.", Notification::Active),
            change("Device.A.1.P", Notification::PassiveBoth),
            change("Device.A.10.P", Notification::Off),
        ])
        .unwrap();
    attributes.remove_below("Device.A.1.");
    for (name, number) in [("Device.A.1.P", 1), ("Device.A.10.P", 0)] {
        assert_eq!(of(&attributes, name, Notify::Normal), number, "{name}");
    }
}

#[test]
fn more_settings_than_there_is_room_for_are_none() {
    // AT-01
    let mut attributes = Attributes::default();
    let changes: Vec<_> = (0..=MAX_SETTINGS)
        .map(|n| change(&format!("Device.P{n}"), Notification::Passive))
        .collect();
    let fault = attributes.apply(&changes).unwrap_err();
    assert_eq!(fault.code, Code::RESOURCES_EXCEEDED);
    assert_eq!(attributes, Attributes::default());
    attributes.apply(&changes[1..]).unwrap();
    attributes
        .apply(&[change("Device.", Notification::Off), changes[0].clone()])
        .unwrap();
    assert_eq!(attributes.set.entries().len(), 2);
}

#[test]
fn what_rides_in_an_inform() {
    let rides: Vec<u8> = Notification::ALL
        .into_iter()
        .filter(|one| one.rides_inform())
        .map(Notification::number)
        .collect();
    assert_eq!(rides, [1, 2, 4, 6]);
}

#[test]
fn they_survive_the_state_file() {
    // NO-11
    let mut attributes = Attributes::default();
    let access = Some(vec![SUBSCRIBER.to_owned(), "X_000E50_Shop".to_owned()]);
    attributes
        .apply(&[
            change("Device.A.1.P", Notification::Active),
            AttributeChange {
                path: "Q".into(),
                notification: None,
                access,
            },
        ])
        .unwrap();
    let read = |text: &str| {
        let mut attributes = Attributes::default();
        let read = attributes.read(Data::Map(toml::parse(text).unwrap()));
        read.map(|()| attributes)
    };
    let text = toml::text(&attributes.data());
    assert_eq!(read(&text), Ok(attributes));
    assert!(read("[P]\nnotification = 7").is_err());
}
