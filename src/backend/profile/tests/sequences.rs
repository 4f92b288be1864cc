//! Any sequence of requests leaves a consistent tree.

use super::*;
use proptest::prelude::*;

/// One random step of an ACS.
#[derive(Clone, Debug)]
enum Step {
    Add(usize),
    Delete(usize),
    Set(usize, u16),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<usize>().prop_map(Step::Add),
        any::<usize>().prop_map(Step::Delete),
        (any::<usize>(), any::<u16>()).prop_map(|(at, port)| Step::Set(at, port)),
        Just(Step::Restart),
    ]
}

fn matching(profile: &Profile, ending: &str) -> Vec<String> {
    let mut paths = paths(profile, "", Depth::All);
    paths.retain(|path| path.ends_with(ending));
    paths
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_sequence_keeps_the_tree_consistent(
        steps in proptest::collection::vec((step(), any::<bool>()), 0..24),
    ) {
        // GV-09 OB-01 DM-01 AL-03
        let mut profile = profile();
        let mut aliases = std::collections::HashMap::new();
        let mut used = std::collections::HashSet::new();
        for (step, keep) in steps {
            let before = tree(&profile);
            profile.begin();
            let mut made = None;
            match step {
                Step::Add(at) => {
                    let tables: Vec<String> = [matching(&profile, ".Sub."), matching(&profile, ".Map.")].concat();
                    let table = &tables[at % tables.len()];
                    if let Ok(Some(number)) = profile.add(table, None) {
                        made = Some(format!("{table}{number}."));
                    }
                }
                Step::Delete(at) => {
                    let mut instances = paths(&profile, "", Depth::All);
                    instances.retain(|path| path.contains(".Map.") && path.ends_with('.'));
                    if !instances.is_empty() {
                        let _ = profile.delete(&instances[at % instances.len()]);
                    }
                }
                Step::Set(at, port) => {
                    let names = matching(&profile, ".Port");
                    if !names.is_empty() {
                        set(&mut profile, &names[at % names.len()], &port.to_string()).unwrap();
                    }
                }
                Step::Restart => {}
            }
            if keep {
                commit(&mut profile).unwrap();
                if let Some(made) = made {
                    prop_assert!(used.insert(made));
                }
            } else {
                profile.abort();
                prop_assert_eq!(tree(&profile), before);
            }
            let now = tree(&profile);
            let mut restored = Profile::new(Arc::clone(&profile.template));
            restored.restore(&profile.durable().unwrap_or_default()).unwrap();
            prop_assert_eq!(tree(&restored), now.clone());
            // Sorted, every parent there, every count right.
            let known: std::collections::HashSet<&str> = now.iter().map(|(path, _)| path.as_str()).collect();
            prop_assert_eq!(known.len(), now.len());
            for (path, value) in &now {
                let end = path.trim_end_matches('.').rfind('.').map_or(0, |dot| dot + 1);
                prop_assert!(end == 0 || known.contains(&path[..end]));
                if let Some(table) = path.strip_suffix("NumberOfEntries") {
                    let count = paths(&profile, &format!("{table}."), Depth::NextLevel).len();
                    prop_assert_eq!(value, &count.to_string());
                }
                prop_assert_eq!(path.ends_with('.') || find(&profile, path).is_ok(), true);
                if path.ends_with(".Alias") {
                    prop_assert!(!value.is_empty());
                    prop_assert_eq!(aliases.entry(path.clone()).or_insert(value.clone()), value);
                }
                if path.ends_with('.') {
                    let mut below = paths(&profile, path, Depth::All);
                    below.retain(|other| {
                        let rest = &other[path.len()..];
                        !rest.is_empty() && !rest.trim_end_matches('.').contains('.')
                    });
                    prop_assert_eq!(paths(&profile, path, Depth::NextLevel), below);
                }
            }
            for (_, value) in now.iter().filter(|(path, _)| path == "Device.All" || path == "Device.Uplink") {
                for item in value.split(',').filter(|item| !item.is_empty()) {
                    let object = format!("{}.", item.trim_end_matches('.'));
                    prop_assert!(known.contains(object.as_str()));
                }
            }
        }
    }
}
