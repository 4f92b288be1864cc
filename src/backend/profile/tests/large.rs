//! A large device: what a step looks at does not grow with the tree.

use super::*;

/// A table with so many instances of twenty parameters each.
fn large(instances: usize) -> Profile {
    let mut text = String::from(
        "['Device.Big.{i}.']\ntable = { writable = true, count = 'BigNumberOfEntries', unique = [['P1']] }\n\
         Enable = { type = 'boolean', writable = true }\nAlias = { writable = true }\n",
    );
    for member in 1..=18 {
        text.push_str(&format!("P{member} = {{ writable = true, max = 64 }}\n"));
    }
    for number in 1..=instances {
        text.push_str(&format!("['Device.Big.{number}.']\nP1 = 'key {number}'\n"));
    }
    Profile::new(Arc::new(Template::parse(&text, "large.toml").unwrap()))
}

#[test]
fn twenty_thousand_parameters() {
    let mut profile = large(1000);
    let parameters = tree(&profile)
        .iter()
        .filter(|(path, _)| !path.ends_with('.'))
        .count();
    assert_eq!(parameters, 20_001);
    // The next level is what it is below a thousand instances too, with changes of every kind.
    profile.begin();
    for number in 1..=1000 {
        set(&mut profile, &format!("Device.Big.{number}.P2"), "x").unwrap();
    }
    assert_eq!(profile.add("Device.Big.", None), Ok(Some(1001)));
    profile.delete("Device.Big.7.").unwrap();
    commit(&mut profile).unwrap();
    let numbers = (1..=1001).filter(|number| *number != 7);
    let expected: Vec<String> = numbers
        .map(|number| format!("Device.Big.{number}."))
        .collect();
    assert_eq!(paths(&profile, "Device.Big.", Depth::NextLevel), expected);
    assert_eq!(value(&profile, "Device.BigNumberOfEntries"), "1000");
    assert_eq!(
        paths(&profile, "Device.Big.1001.", Depth::NextLevel).len(),
        20
    );
    assert_eq!(
        paths(&profile, "Device.", Depth::NextLevel),
        ["Device.Big.", "Device.BigNumberOfEntries"]
    );
    // A twin shares the template: what it holds is its own.
    let twin = Profile::new(Arc::clone(&profile.template));
    assert_eq!(
        (Arc::strong_count(&profile.template), twin.durable()),
        (2, None)
    );
}

/// Run in a release build to see what a step costs: `cargo test --release --lib large -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a test"]
fn what_steps_cost() {
    let time = |what: &str, f: &mut dyn FnMut()| {
        let start = Instant::now();
        f();
        println!("{what}: {:?}", start.elapsed());
    };
    let mut made = None;
    time("load 20,000", &mut || made = Some(large(1000)));
    let mut profile = made.unwrap();
    time("visit all", &mut || drop(tree(&profile)));
    for round in ["first", "second"] {
        time(&format!("set 1,000, {round}"), &mut || {
            profile.begin();
            for number in 1..=1000 {
                set(
                    &mut profile,
                    &format!("Device.Big.{number}.P1"),
                    &format!("{round} {number}"),
                )
                .unwrap();
            }
            commit(&mut profile).unwrap();
        });
    }
    time("add 1,000 in 1,000 transactions", &mut || {
        for _ in 0..1000 {
            add(&mut profile, "Device.Big.").unwrap();
        }
    });
    time(
        "add 256 in one transaction, each with its alias",
        &mut || {
            profile.begin();
            for number in 1..=256 {
                let alias = format!("new-{number}");
                profile.add("Device.Big.", Some(&alias)).unwrap();
            }
            profile.abort();
        },
    );
    let mut every = Vec::new();
    for (path, _) in tree(&profile) {
        if path.contains(".P") {
            every.push(path);
        }
    }
    time("set all 36,000, backwards, and take it back", &mut || {
        profile.begin();
        for path in every.iter().rev() {
            set(&mut profile, path, path).unwrap();
        }
        profile.abort();
    });
    time("next level of 2,000", &mut || {
        assert_eq!(paths(&profile, "Device.Big.", Depth::NextLevel).len(), 2000);
    });
    let mut saved = String::new();
    time("save", &mut || saved = profile.durable().unwrap());
    time("restore", &mut || profile.restore(&saved).unwrap());
    time("delete 1,000 in 1,000 transactions", &mut || {
        for number in 1..=1000 {
            delete(&mut profile, &format!("Device.Big.{number}.")).unwrap();
        }
    });
}
