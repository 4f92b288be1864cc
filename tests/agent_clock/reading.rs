//! What the ACS reads: names, values and attributes of every shipped profile, of either root model.

use std::collections::{BTreeMap, BTreeSet};

use crate::cpe::{Cpe, settled};
use crate::support::acs::Acs;
use crate::support::daemon::{Daemon, repository};
use crate::support::inspect::Message;
use crate::support::rpc::{self, Rpc};

/// A device of each root model, and one with many parameters.
const PROFILES: [(&str, &str); 3] = [
    ("tr181-gateway", "Device."),
    ("tr098-gateway", "InternetGatewayDevice."),
    ("bench-gateway", "Device."),
];

/// A table with instances in each of them.
const TABLES: [&str; 3] = [
    "Device.WiFi.SSID.",
    "InternetGatewayDevice.LANDevice.1.WLANConfiguration.",
    "Device.WiFi.SSID.",
];

struct Device {
    root: &'static str,
    cpe: Cpe,
    acs: Acs,
}

impl Device {
    fn new((profile, root): (&str, &'static str)) -> Device {
        let mut acs = Acs::start();
        let home = Daemon::new(&acs.url());
        let file = repository().join(format!("etc/profiles/{profile}.toml"));
        home.write("etc/cwmpd/profile.toml", &std::fs::read(file).unwrap());
        let cpe = settled(home, &mut acs);
        Device { root, cpe, acs }
    }

    /// The answers to these requests, in one session.
    fn ask(&mut self, requests: impl IntoIterator<Item = Rpc>) -> Vec<Message> {
        self.acs.plan(requests);
        self.cpe.inform();
        self.cpe.session(&mut self.acs).answers
    }

    fn answer(&mut self, request: Rpc) -> Message {
        self.ask([request]).remove(0)
    }

    /// Everything there is, with Writable, in the order of the answer.
    fn everything(&mut self) -> Vec<(String, bool)> {
        infos(&self.answer(rpc::get_names("", false)))
    }
}

fn infos(answer: &Message) -> Vec<(String, bool)> {
    assert_eq!(answer.method, "GetParameterNamesResponse", "{}", answer.xml);
    let writable = answer.texts("Writable").into_iter().map(|w| w == "1");
    answer.texts("Name").into_iter().zip(writable).collect()
}

fn names(answer: &Message) -> Vec<String> {
    assert_eq!(answer.fault(), None, "{}", answer.xml);
    answer.texts("Name")
}

fn parameters(names: &[(String, bool)]) -> Vec<String> {
    let names = names.iter().map(|(name, _)| name.clone());
    names.filter(|name| !name.ends_with('.')).collect()
}

/// The object that holds it; the empty path for the root.
fn parent(path: &str) -> &str {
    let inner = path.strip_suffix('.').unwrap_or(path);
    inner.rfind('.').map_or("", |dot| &path[..=dot])
}

fn is_instance(path: &str) -> bool {
    let last = path
        .strip_suffix('.')
        .and_then(|path| path.rsplit('.').next());
    last.is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
}

#[test]
fn names_values_and_attributes_tell_of_the_same_parameters()
// GN-04 GN-06 GN-08 GN-12 GN-13 GV-01 GV-09 DM-08
{
    for profile in PROFILES {
        let mut device = Device::new(profile);
        let root = device.root;
        let all = device.everything();
        assert_eq!(all[0], (root.to_owned(), false));
        let mut seen = BTreeSet::from([""]);
        for (name, _) in &all {
            assert!(seen.contains(parent(name)), "{name} before its parent");
            assert!(seen.insert(name), "{name} twice");
            assert!(name.starts_with(root) && name.chars().count() <= 256);
            assert!(!name.contains('{'), "{name}");
        }
        let parameters = parameters(&all);
        let answers = device.ask([
            rpc::get_values(&[""]),
            rpc::get_values(&[root]),
            rpc::get_attributes(&[""]),
            rpc::get_attributes(&[root]),
        ]);
        for answer in &answers {
            assert_eq!(names(answer), parameters);
        }
        // What counts instances agrees with those that are listed.
        let values = answers[0].values();
        let mut counted = 0;
        for (name, count) in &values {
            let Some(table) = name.strip_suffix("NumberOfEntries") else {
                continue;
            };
            let table = format!("{table}.");
            if seen.contains(table.as_str()) {
                let instances = seen.iter().filter(|path| parent(path) == table);
                assert_eq!(count, &instances.count().to_string(), "{name}");
                counted += 1;
            }
        }
        assert!(counted > 5);
        let same = device.ask([rpc::get_names(root, false)]).remove(0);
        assert_eq!(infos(&same), all);
    }
}

#[test]
fn every_object_is_read_alone_and_level_by_level() // GN-04 GN-05 GN-06 GN-09 GV-01 GV-03
{
    for profile in PROFILES.into_iter().take(2) {
        let mut device = Device::new(profile);
        let all = device.everything();
        let objects = || all.iter().filter(|(name, _)| name.ends_with('.'));
        let requests = objects().flat_map(|(object, _)| {
            [
                rpc::get_names(object, false),
                rpc::get_names(object, true),
                rpc::get_values(&[object]),
            ]
        });
        let requests: Vec<Rpc> = requests.collect();
        let answers = device.ask(requests);
        for ((object, _), answers) in objects().zip(answers.chunks(3)) {
            let below: Vec<_> = all.iter().filter(|(n, _)| n.starts_with(object)).collect();
            assert!(infos(&answers[0]).iter().eq(below.iter().copied()));
            let next = below.iter().filter(|(n, _)| parent(n) == object).copied();
            let shown = infos(&answers[1]);
            assert_eq!(shown.iter().collect::<BTreeSet<_>>(), next.collect());
            let values = below.iter().filter(|(n, _)| !n.ends_with('.'));
            let values: Vec<_> = values.map(|(name, _)| name.clone()).collect();
            assert_eq!(names(&answers[2]), values, "{object}");
        }
        let top = device.answer(rpc::get_names("", true));
        assert_eq!(infos(&top), [(device.root.to_owned(), false)]);
    }
}

#[test]
fn next_level_is_a_boolean_in_all_its_forms() // GN-07 GN-14
{
    for profile in PROFILES.into_iter().take(2) {
        let mut device = Device::new(profile);
        let info = format!("{}DeviceInfo.", device.root);
        let model = format!("{info}SoftwareVersion");
        let request = |path: &str, next_level: &str| {
            let arguments =
                format!("<ParameterPath>{path}</ParameterPath><NextLevel>{next_level}</NextLevel>");
            Rpc::new("GetParameterNames", &arguments)
        };
        for (all, next) in [("0", "1"), ("false", "true"), (" false\n", " 1 ")] {
            let answers = device.ask([
                request(&info, all),
                request(&info, next),
                request(&model, all),
                request(&model, next),
            ]);
            assert_eq!(names(&answers[0])[0], info);
            assert!(!names(&answers[1]).contains(&info));
            assert_eq!(infos(&answers[2]), [(model.clone(), false)]);
            assert_eq!(answers[3].fault(), Some(9003));
        }
        for wrong in ["2", "", "TRUE", "yes"] {
            assert_eq!(device.answer(request(&info, wrong)).fault(), Some(9003));
        }
    }
}

#[test]
fn what_is_not_there_is_9005_and_nothing_else_is_told() // GN-10 GN-13 GV-02
{
    for profile in PROFILES.into_iter().take(2) {
        let mut device = Device::new(profile);
        let root = device.root;
        let good = format!("{root}DeviceInfo.SoftwareVersion");
        let bad = [
            format!("{root}Foo."),
            format!("{root}Foo"),
            format!("{root}DeviceInfo"),
            format!("{root}DeviceInfo.SoftwareVersion."),
            format!("{root}deviceInfo."),
            format!("{root}DeviceInfo.softwareVersion"),
            format!("{root}ManagementServer"),
            format!("{root}ManagementServer.url"),
            format!("{root}ManagementServer.Foo."),
            root.to_lowercase(),
            root.trim_end_matches('.').to_owned(),
            format!("{root}DeviceInfo.{}", "x".repeat(300)),
        ];
        for bad in &bad {
            let answers = device.ask([
                rpc::get_names(bad, false),
                rpc::get_names(bad, true),
                rpc::get_values(&[bad]),
                rpc::get_values(&[&good, bad]),
                rpc::get_values(&[bad, ""]),
                rpc::get_attributes(&[&good, bad]),
            ]);
            for answer in &answers {
                assert_eq!(answer.fault(), Some(9005), "{bad}");
                assert!(answer.texts("Name").is_empty());
                let told: String = bad.chars().take(30).collect();
                assert!(answer.text("FaultString").unwrap().contains(&told));
            }
        }
    }
}

#[test]
fn what_is_asked_is_answered_in_that_order_and_once() // GV-06 GV-11
{
    for profile in PROFILES.into_iter().take(2) {
        let mut device = Device::new(profile);
        let root = device.root;
        let [key, url] = ["ParameterKey", "URL"].map(|n| format!("{root}ManagementServer.{n}"));
        let (time, version) = (
            format!("{root}Time."),
            format!("{root}DeviceInfo.SoftwareVersion"),
        );
        let answers = device.ask([
            rpc::get_values(&[&url, &version, &key, &url]),
            rpc::get_values(&[&version, &time, &format!("{time}Enable"), &time, &key]),
            rpc::get_values(&[]),
            rpc::get_attributes(&[]),
        ]);
        assert_eq!(
            names(&answers[0]),
            [&url, &version, &key].map(String::clone)
        );
        let mixed = names(&answers[1]);
        assert_eq!((mixed.first(), mixed.last()), (Some(&version), Some(&key)));
        let inner = mixed[1..mixed.len() - 1].iter();
        assert!(inner.clone().all(|name| name.starts_with(&time)));
        assert_eq!(inner.collect::<BTreeSet<_>>().len(), mixed.len() - 2);
        for nothing in &answers[2..] {
            assert!(names(nothing).is_empty() && nothing.xml.contains("Struct[0]\""));
        }
    }
}

#[test]
fn a_star_stands_for_every_instance_where_one_reads() // GN-15
{
    for (profile, table) in PROFILES.into_iter().zip(TABLES).take(2) {
        let mut device = Device::new(profile);
        let instances: Vec<String> = names(&device.answer(rpc::get_names(table, true)))
            .into_iter()
            .filter(|name| name.ends_with('.'))
            .collect();
        assert!(instances.len() > 1, "{instances:?}");
        let (star, ssid) = (format!("{table}*."), format!("{table}*.SSID"));
        let answers = device.ask([
            rpc::get_values(&[table]),
            rpc::get_values(&[&star]),
            rpc::get_attributes(&[&star]),
            rpc::get_names(&star, false),
            rpc::get_names(&star, true),
            rpc::get_values(&[&ssid]),
            rpc::get_names(&ssid, false),
            rpc::get_attributes(&[&ssid]),
            // The same instance named twice.
            rpc::get_values(&[&instances[0], &ssid]),
        ]);
        let all = names(&answers[0]);
        assert_eq!(names(&answers[1]), all);
        assert_eq!(names(&answers[2]), all);
        let below = names(&answers[3]);
        assert!(instances.iter().all(|instance| below.contains(instance)));
        let shown: Vec<_> = below
            .iter()
            .filter(|n| !n.ends_with('.'))
            .cloned()
            .collect();
        assert_eq!(shown, all);
        let next = names(&answers[4]);
        assert!(
            next.iter()
                .all(|n| instances.contains(&parent(n).to_owned()))
        );
        let each: Vec<String> = instances.iter().map(|i| format!("{i}SSID")).collect();
        for answer in &answers[5..8] {
            assert_eq!(names(answer), each);
        }
        let both = names(&answers[8]);
        assert_eq!(both.iter().collect::<BTreeSet<_>>().len(), both.len());
        assert!(both.contains(&each[0]) && both.contains(each.last().unwrap()));

        // A table that loses its instances.
        let everything = device.everything();
        let instance = everything.iter().rfind(|(n, w)| *w && is_instance(n));
        let empty = parent(&instance.expect("an instance that may go").0);
        let gone = everything
            .iter()
            .filter(|(n, _)| is_instance(n) && parent(n) == empty);
        let requests: Vec<Rpc> = gone.map(|(name, _)| rpc::delete_object(name, "")).collect();
        assert!(
            device
                .ask(requests)
                .iter()
                .all(|answer| answer.fault().is_none())
        );
        // Nothing that fits is no fault, as long as what stands before the star is there.
        let nothing = [
            format!("{empty}*."),
            format!("{empty}*.Enable"),
            format!("{table}*.Nope"),
        ];
        for path in &nothing {
            let answers = device.ask([
                rpc::get_values(&[path]),
                rpc::get_names(path, false),
                rpc::get_attributes(&[path]),
            ]);
            for answer in &answers {
                assert!(names(answer).is_empty(), "{path}");
            }
        }
        let wrong = [
            format!("{}Nope.*.", device.root),
            format!("{table}*"),
            format!("{table}*SSID"),
            format!("{}*.", device.root.replace('.', "")),
            "*.".to_owned(),
        ];
        for path in &wrong {
            assert_eq!(
                device.answer(rpc::get_values(&[path])).fault(),
                Some(9005),
                "{path}"
            );
        }

        // It never stands for what is changed.
        let answers = device.ask([
            rpc::add_object(&format!("{table}*."), ""),
            rpc::delete_object(&star, ""),
            rpc::set_notification(&[&ssid], 1),
            rpc::set_values(&[(&ssid, "string", "x")], ""),
        ]);
        let faults: Vec<_> = answers.iter().map(Message::fault).collect();
        assert_eq!(faults, [Some(9005), Some(9005), Some(9005), Some(9003)]);
        assert_eq!(answers[3].texts("FaultCode"), ["9003", "9005"]);
        assert_eq!(answers[3].text("ParameterName").as_deref(), Some(&ssid[..]));
        // TR-098 has no parameter that tells of it.
        let told = format!("{}ManagementServer.InstanceWildcardsSupported", device.root);
        let told = device.answer(rpc::get_values(&[&told]));
        if device.root == "Device." {
            assert_eq!(told.text("Value").as_deref(), Some("true"));
        } else {
            assert_eq!(told.fault(), Some(9005));
        }
    }
}

#[test]
fn writable_says_what_is_allowed() // GN-11
{
    for profile in PROFILES.into_iter().take(2) {
        let mut device = Device::new(profile);
        let all = device.everything();
        let values = device.answer(rpc::get_values(&[""])).values();
        // Each parameter its own value, so that only its access can be the reason of a refusal.
        let set = |name: &str| rpc::set_values(&[(name, "string", &values[name])], "k");
        let requests: Vec<Rpc> = parameters(&all).iter().map(|name| set(name)).collect();
        let answers = device.ask(requests);
        let writable: BTreeMap<String, bool> = all.iter().cloned().collect();
        for (name, answer) in parameters(&all).iter().zip(&answers) {
            let codes = answer.texts("FaultCode");
            match writable[name] {
                // A hidden value is not known: that it does not fit tells that one may set it.
                true => assert!(
                    codes.is_empty() || codes == ["9003", "9007"],
                    "{name}: {codes:?}"
                ),
                false => assert_eq!(codes, ["9003", "9008"], "{name}"),
            }
        }
        // The deepest first: an instance goes with all that is in it.
        let mut objects: Vec<&(String, bool)> =
            all.iter().filter(|(name, _)| name.ends_with('.')).collect();
        objects.reverse();
        let requests = objects
            .iter()
            .flat_map(|(name, _)| [rpc::add_object(name, "k"), rpc::delete_object(name, "k")]);
        let requests: Vec<Rpc> = requests.collect();
        let answers = device.ask(requests);
        for ((name, writable), answers) in objects.iter().zip(answers.chunks(2)) {
            let (added, deleted) = (answers[0].fault(), answers[1].fault());
            let (may_add, may_delete) = (
                *writable && !is_instance(name),
                *writable && is_instance(name),
            );
            // 9004: a table that is full.
            assert_eq!(
                matches!(added, None | Some(9004)),
                may_add,
                "{name}: {added:?}"
            );
            assert_eq!(deleted.is_none(), may_delete, "{name}: {deleted:?}");
        }
    }
}

/// Every method that an ACS may call on some CPE (the schemas of CWMP 1.0 to 1.4), and what is none.
const METHODS: [&str; 25] = [
    "GetRPCMethods",
    "SetParameterValues",
    "GetParameterValues",
    "GetParameterNames",
    "SetParameterAttributes",
    "GetParameterAttributes",
    "AddObject",
    "DeleteObject",
    "Reboot",
    "Download",
    "Upload",
    "FactoryReset",
    "GetQueuedTransfers",
    "GetAllQueuedTransfers",
    "ScheduleInform",
    "ScheduleDownload",
    "SetVouchers",
    "GetOptions",
    "CancelTransfer",
    "ChangeDUState",
    // A CPE serves none of these.
    "Inform",
    "TransferComplete",
    "Kicked",
    "getRPCMethods",
    "X_EX_Dance",
];

#[test]
fn what_is_listed_works_and_nothing_else() // GN-01 GN-02 GN-03
{
    for (profile, table) in PROFILES.into_iter().zip(TABLES).take(2) {
        let mut device = Device::new(profile);
        let listed = device.answer(rpc::get_rpc_methods()).texts("string");
        let once: BTreeSet<&String> = listed.iter().collect();
        assert_eq!(once.len(), listed.len());
        let code = format!("{}DeviceInfo.ProvisioningCode", device.root);
        let entry = format!("{}ManagementServer.InformParameter.", device.root);
        let mut works = vec![
            rpc::get_rpc_methods(),
            rpc::set_values(&[(&code, "string", "x")], ""),
            rpc::get_values(&[table]),
            rpc::get_names(table, true),
            rpc::set_notification(&[table], 1),
            rpc::get_attributes(&[table]),
            rpc::add_object(&entry, ""),
            rpc::delete_object(&format!("{entry}1."), ""),
            rpc::schedule_inform(5000, "k"),
            rpc::download("k"),
            rpc::upload("k"),
            rpc::schedule_download("k"),
            Rpc::new("GetQueuedTransfers", ""),
            Rpc::new("GetAllQueuedTransfers", ""),
            rpc::cancel_transfer("k"),
            rpc::change_du_state("k"),
            rpc::reboot("k"),
            rpc::factory_reset(),
        ];
        works.retain(|rpc| {
            listed
                .iter()
                .any(|m| rpc.body.starts_with(&format!("<cwmp:{m}>")))
        });
        assert_eq!(works.len(), listed.len(), "{listed:?}");
        let unlisted = METHODS.iter().filter(|m| !listed.contains(&m.to_string()));
        let unlisted: Vec<Rpc> = unlisted.map(|m| Rpc::new(m, "<A>1</A>")).collect();
        assert_eq!(unlisted.len() + works.len(), METHODS.len());
        let answers = device.ask(unlisted.into_iter().chain(works));
        let (refused, done) = answers.split_at(METHODS.len() - listed.len());
        assert!(refused.iter().all(|answer| answer.fault() == Some(9000)));
        for answer in done {
            assert_eq!(answer.fault(), None, "{}", answer.xml);
        }
    }
}

#[test]
fn no_answer_tells_a_secret() // GV-04
{
    for profile in PROFILES.into_iter().take(2) {
        let mut device = Device::new(profile);
        let server = format!("{}ManagementServer.", device.root);
        let all = device.everything();
        let hidden = |name: &&String| {
            let last = name.rsplit('.').next();
            last.is_some_and(|last| {
                ["Password", "KeyPassphrase", "PreSharedKey"]
                    .iter()
                    .any(|end| last.ends_with(end))
            })
        };
        let names = parameters(&all);
        let hidden: Vec<&String> = names.iter().filter(hidden).collect();
        for name in ["Password", "ConnectionRequestPassword"] {
            assert!(hidden.contains(&&format!("{server}{name}")), "{hidden:?}");
        }
        assert!(hidden.len() > 4, "{hidden:?}");
        let secret = "00A1B2C3D4";
        let set = hidden.iter().map(|name| (name.as_str(), "string", secret));
        let list: Vec<&str> = hidden.iter().map(|name| name.as_str()).collect();
        let set = rpc::set_values(&set.collect::<Vec<_>>(), "");
        let answers = device.ask([
            set,
            rpc::set_notification(&list[..1], 1),
            rpc::get_values(&list),
            rpc::get_values(&[""]),
            rpc::get_attributes(&list),
        ]);
        assert_eq!(answers[0].fault(), None, "{}", answers[0].xml);
        let (one, whole) = (answers[2].values(), answers[3].values());
        for name in &list {
            assert_eq!([&one[*name], &whole[*name]], ["", ""], "{name}");
        }
        assert!(answers.iter().all(|answer| !answer.xml.contains(secret)));
        // Nor after a start, nor in an Inform.
        device.cpe.restart();
        device.acs.plan([rpc::get_values(&[""])]);
        device.cpe.inform();
        let session = device.cpe.session(&mut device.acs);
        assert!(!session.answers[0].xml.contains(secret));
        assert!(!session.inform.xml.contains(secret));
    }
}
