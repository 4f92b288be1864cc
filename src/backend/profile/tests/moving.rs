//! Values that move by themselves, and those that follow others.

use super::*;
use crate::datamodel::Notify;
use std::time::Duration;

const MOVING: &str = r#"
["Device.DeviceInfo."]
UpTime = { type = "unsignedInt", value = 100, computed = "uptime", notify = "canDeny" }

["Device.Time."]
Enable = { type = "boolean", writable = true, value = true }
Status = { values = ["Disabled", "Synchronized", "Error"], follows = ["Enable", "Synchronized", "Disabled"] }
CurrentLocalTime = { type = "dateTime", computed = "time", notify = "canDeny" }

["Device.If.{i}."]
table = { writable = true }
Enable = { type = "boolean", writable = true }
Status = { values = ["Up", "Down", "Error"], follows = ["Enable", "Up", "Down"] }

["Device.If.1."]
Enable = true

["Device.If.2."]
Enable = true
Status = "Error"

["Device.If.3."]
"#;

fn moving() -> Profile {
    Profile::new(Arc::new(Template::parse(MOVING, "moving.toml").unwrap()))
}

#[test]
fn the_time_is_as_told() {
    let mut profile = moving();
    let read = |profile: &Profile| {
        ["Device.DeviceInfo.UpTime", "Device.Time.CurrentLocalTime"]
            .map(|name| value(profile, name))
    };
    let unknown = "0001-01-01T00:00:00Z";
    assert_eq!(read(&profile), ["100", unknown]);
    let start = Instant::now();
    profile.tell_time(start, None);
    assert_eq!(read(&profile), ["100", unknown]);
    let later = |seconds| start + Duration::from_secs(seconds);
    profile.tell_time(later(59), Some(1_795_337_146));
    assert_eq!(read(&profile), ["159", "2026-11-22T08:45:46Z"]);
    profile.tell_time(later(60), Some(1_795_337_147));
    assert_eq!(read(&profile), ["160", "2026-11-22T08:45:47Z"]);
    // The clock was set back; the time since the start does not care.
    profile.tell_time(later(61), Some(0));
    assert_eq!(read(&profile), ["161", "1970-01-01T00:00:00Z"]);
    // It does not overflow, it is nothing to keep, and nobody is told each second.
    profile.tell_time(later(1 << 33), None);
    assert_eq!(read(&profile)[0], u32::MAX.to_string());
    assert_eq!(profile.durable(), None);
    let info = find(&profile, "Device.DeviceInfo.UpTime").unwrap().info;
    assert_eq!(info.notify, Notify::CanDeny);
}

#[test]
fn status_follows_enable() {
    // DM-07
    let mut profile = moving();
    let status = |profile: &Profile| -> Vec<String> {
        let names = ["Time.", "If.1.", "If.2.", "If.3."];
        let values = names.map(|name| value(profile, &format!("Device.{name}Status")));
        values.to_vec()
    };
    assert_eq!(status(&profile), ["Synchronized", "Up", "Error", "Down"]);
    assert_eq!(add(&mut profile, "Device.If."), Ok(4));
    assert_eq!(value(&profile, "Device.If.4.Status"), "Down");
    let switch = |profile: &mut Profile, to: &str| {
        profile.begin();
        for name in ["Time.", "If.1.", "If.2.", "If.3.", "If.4."] {
            set(profile, &format!("Device.{name}Enable"), to).unwrap();
        }
        commit(profile).unwrap();
    };
    // What is enabled already stays as it is.
    switch(&mut profile, "1");
    assert_eq!(status(&profile), ["Synchronized", "Up", "Error", "Up"]);
    switch(&mut profile, "0");
    assert_eq!(status(&profile), ["Disabled", "Down", "Down", "Down"]);
    let mut twin = moving();
    twin.restore(&profile.durable().unwrap()).unwrap();
    assert_eq!(tree(&twin), tree(&profile));
    switch(&mut profile, "true");
    assert_eq!(status(&profile), ["Synchronized", "Up", "Up", "Up"]);
    assert_eq!(value(&profile, "Device.If.4.Status"), "Up");
    profile.begin();
    set(&mut profile, "Device.If.1.Enable", "0").unwrap();
    profile.abort();
    assert_eq!(value(&profile, "Device.If.1.Status"), "Up");
}
