use super::*;

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
        let result = Attributes::check_change(&info(notify), "P", notification);
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
    attributes.apply(&[
        change("P", Notification::Passive),
        change("P", Notification::Active),
        nobody,
    ]);
    let set = attributes.get("P", &Info::default());
    assert_eq!(set.notification, Notification::Active);
    assert!(set.access.is_empty());
    let nothing = AttributeChange {
        path: "Q".into(),
        notification: None,
        access: None,
    };
    let before = attributes.clone();
    attributes.apply(&[nothing]);
    assert_eq!(attributes, before);
}

#[test]
fn an_instance_takes_its_attributes_with_it() {
    // NO-12
    let mut attributes = Attributes::default();
    attributes.apply(&[
        change("Device.A.1.P", Notification::Active),
        change("Device.A.10.P", Notification::Passive),
        change("Device.A.2.P", Notification::Off),
    ]);
    attributes.remove_below("Device.A.1.");
    let notified: Vec<_> = attributes.notified().collect();
    assert_eq!(notified, [("Device.A.10.P", Notification::Passive)]);
}

#[test]
fn they_survive_the_state_file() {
    // NO-11
    let mut attributes = Attributes::default();
    let access = Some(vec![SUBSCRIBER.to_owned(), "X_000E50_Shop".to_owned()]);
    attributes.apply(&[
        change("Device.A.1.P", Notification::Active),
        AttributeChange {
            path: "Q".into(),
            notification: None,
            access,
        },
    ]);
    let text = toml::to_string(&attributes).unwrap();
    assert_eq!(toml::from_str::<Attributes>(&text).unwrap(), attributes);
    assert!(toml::from_str::<Attributes>("[P]\nnotification = 7").is_err());
}
