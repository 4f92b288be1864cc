//! Aliases and unique keys: judged on the state after all sets, told by parameter.

use super::*;

/// Sets these in one transaction; names and codes of what was to blame.
fn together(profile: &mut Profile, values: &[(&str, &str)]) -> Result<(), Vec<(String, Code)>> {
    profile.begin();
    for (name, text) in values {
        set(profile, name, text).unwrap();
    }
    match profile.commit(Instant::now()) {
        Ok(_) => Ok(()),
        Err(fault) => {
            let blamed = fault.parameters.into_iter();
            Err(blamed.map(|p| (p.name, p.code)).collect())
        }
    }
}

fn blamed(names: &[&str]) -> Result<(), Vec<(String, Code)>> {
    let blamed = names
        .iter()
        .map(|name| (name.to_string(), Code::INVALID_PARAMETER_VALUE));
    Err(blamed.collect())
}

#[test]
fn an_alias_that_is_taken_is_told_by_its_name() {
    // AL-03 SV-04
    let mut profile = profile();
    let before = tree(&profile);
    let (one, two) = ("Device.NAT.Map.1.Alias", "Device.NAT.Map.2.Alias");
    assert_eq!(together(&mut profile, &[(one, "web")]), blamed(&[one]));
    assert_eq!(
        together(&mut profile, &[(one, "x"), (two, "x")]),
        blamed(&[one, two])
    );
    assert_eq!(tree(&profile), before);
    profile.begin();
    set(&mut profile, one, "web").unwrap();
    let fault = profile.commit(Instant::now()).unwrap_err();
    assert_eq!(fault.code, Code::INVALID_PARAMETER_VALUE);
    assert_eq!(
        fault.text,
        "Device.NAT.Map.1.Alias: Device.NAT.Map.2. has that Alias"
    );
    // Exchanged in one request.
    assert_eq!(
        together(&mut profile, &[(one, "web"), (two, "cpe-1")]),
        Ok(())
    );
}

#[test]
fn unique_keys_bind_enabled_instances() {
    // OB-10 SV-04
    let mut profile = profile();
    let (port, enable) = ("Device.NAT.Map.2.Port", "Device.NAT.Map.2.Enable");
    assert_eq!(together(&mut profile, &[(port, "80")]), Ok(()));
    assert_eq!(together(&mut profile, &[(enable, "1")]), blamed(&[enable]));
    let both = [(enable, "1"), ("Device.NAT.Map.2.Protocol", "UDP")];
    assert_eq!(together(&mut profile, &both), Ok(()));
    // The key of another instance, and all of this one's that was set.
    let all = [
        ("Device.NAT.Map.2.Protocol", "TCP"),
        ("Device.Users.Password", "x"),
    ];
    assert_eq!(
        together(&mut profile, &all),
        blamed(&["Device.NAT.Map.2.Protocol"])
    );
    // What makes room in the same request.
    let moved = [
        ("Device.NAT.Map.2.Protocol", "TCP"),
        ("Device.NAT.Map.1.Port", "81"),
    ];
    assert_eq!(together(&mut profile, &moved), Ok(()));
    // Two that are as they were made are the same once both are enabled.
    let mut other = super::profile();
    for number in [3, 4] {
        assert_eq!(add(&mut other, "Device.NAT.Map."), Ok(number));
    }
    let three = ("Device.NAT.Map.3.Enable", "1");
    assert_eq!(together(&mut other, &[three]), Ok(()));
    let four = "Device.NAT.Map.4.Enable";
    assert_eq!(together(&mut other, &[(four, "1")]), blamed(&[four]));
}

const KEYED: &str = r#"
["Device.T.{i}."]
table = { writable = true, unique = [["Name"], ["Kind", "Index"], ["Mac"]] }
Name = { writable = true, max = 8, value = "new" }
Kind = { writable = true, values = ["A", "B"], value = "A" }
Index = { type = "unsignedInt", writable = true, min = 3, max = 5, value = 3 }
Mac = { type = "MACAddress", writable = true }
Position = { type = "Order", writable = true, value = 1 }
"#;

#[test]
fn a_new_instance_does_not_clash() {
    // OB-10 OB-02
    let mut profile = Profile::new(Arc::new(Template::parse(KEYED, "keyed.toml").unwrap()));
    for number in 1..=3 {
        assert_eq!(add(&mut profile, "Device.T."), Ok(number));
    }
    let column = |member: &str| -> Vec<String> {
        let name = |number| format!("Device.T.{number}.{member}");
        (1..=3)
            .map(|number| value(&profile, &name(number)))
            .collect()
    };
    assert_eq!(column("Name"), ["new", "cpe-2", "cpe-3"]);
    // An enumeration has no value of our own; the number beside it has, within its range.
    assert_eq!(column("Kind"), ["A", "A", "A"]);
    assert_eq!(column("Index"), ["3", "4", "5"]);
    // A position is behind the last.
    assert_eq!(column("Position"), ["1", "2", "3"]);
    // Nobody can make up an address.
    assert_eq!(column("Mac"), ["", "", ""]);
    // Without Enable a key always binds.
    let clash = [("Device.T.2.Name", "new")];
    assert_eq!(together(&mut profile, &clash), blamed(&["Device.T.2.Name"]));
    let mac = "00:00:5E:00:53:01";
    assert_eq!(together(&mut profile, &[("Device.T.1.Mac", mac)]), Ok(()));
    let clash = [("Device.T.3.Mac", mac)];
    assert_eq!(together(&mut profile, &clash), blamed(&["Device.T.3.Mac"]));
}

#[test]
fn what_is_taken_follows_the_transaction() {
    // AL-03 AL-04
    let mut profile = profile();
    let table = "Device.NAT.Map.";
    let code = |added: Result<Option<u32>, Fault>| added.map_err(|fault| fault.code);
    profile.begin();
    assert_eq!(profile.add(table, Some("x")), Ok(Some(3)));
    let again = profile.add(table, Some("x"));
    assert_eq!(code(again), Err(Code::INVALID_PARAMETER_NAME));
    set(&mut profile, "Device.NAT.Map.3.Alias", "y").unwrap();
    assert_eq!(profile.add(table, Some("x")), Ok(Some(4)));
    let full = profile.add(table, Some("y"));
    assert_eq!(code(full), Err(Code::RESOURCES_EXCEEDED));
    profile.delete("Device.NAT.Map.3.").unwrap();
    assert_eq!(profile.add(table, Some("y")), Ok(Some(5)));
    assert_eq!(commit(&mut profile), Ok(vec![3, 4, 5]));
    // Nothing of it outlives the transaction.
    profile.begin();
    profile.delete("Device.NAT.Map.5.").unwrap();
    commit(&mut profile).unwrap();
    profile.begin();
    assert_eq!(profile.add(table, Some("y")), Ok(Some(6)));
}
