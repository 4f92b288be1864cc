//! Values of every type as an ACS writes them, what is made of them and how they are read back; in both root models.

use std::collections::BTreeMap;

use crate::attributes::{ROOTS, told};
use crate::cpe::{Cpe, settled};
use crate::support::acs::Acs;
use crate::support::daemon::{Daemon, repository};
use crate::support::inspect::Message;
use crate::support::rpc;
use crate::writing::program;

const PROFILE: &str = r#"
["ROOT.X_EX."]
Boolean = { type = "boolean", writable = true }
Int     = { type = "int", writable = true }
Small   = { type = "int", writable = true, min = -5, max = 10 }
Long    = { type = "long", writable = true }
UInt    = { type = "unsignedInt", writable = true }
ULong   = { type = "unsignedLong", writable = true }
Decimal = { type = "decimal", writable = true }
Short   = { writable = true, max = 64 }
Text    = { writable = true }
Mode    = { writable = true, value = "Up", values = ["Up", "Down"] }
Maybe   = { writable = true, values = ["", "Up"] }
More    = { writable = true, value = "Up", values = ["Up"], extendable = true }
List    = { writable = true, list = true, values = ["a", "b c"] }
Numbers = { writable = true, list = true, type = "unsignedInt", items = "1..3", min = 1, max = 9, value = "1" }
Time    = { type = "dateTime", writable = true }
Hex     = { type = "hexBinary", writable = true, max = 2 }
Base64  = { type = "base64", writable = true, max = 3 }
MAC     = { type = "MACAddress", writable = true }
Address = { type = "IPAddress", writable = true }
Never   = { type = "StatsCounter32", value = "4294967295" }
Total   = { type = "StatsCounter64", value = "18446744073709551615" }
"#;

/// Of each parameter: its type on the wire, what it takes with what becomes of it, what it refuses.
type Case = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("Boolean", "boolean", &[("1", "true"), ("false", "false"), ("true", "true"), ("0", "false"), (" true\n", "true")], &["TRUE", "True", "yes", "on", "2", "-1", ""]),
    ("Int", "int", &[("-2147483648", "-2147483648"), ("2147483647", "2147483647"), ("-0", "0"), (" +0300 ", "300")], &["2147483648", "-2147483649", "1.0", "1e3", "0x10", "", "1 2"]),
    ("Small", "int", &[("-5", "-5"), ("10", "10")], &["-6", "11"]),
    ("Long", "long", &[("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807", "9223372036854775807")], &["9223372036854775808", "-9223372036854775809"]),
    ("UInt", "unsignedInt", &[("4294967295", "4294967295"), ("-0", "0"), (" 0300 ", "300")], &["4294967296", "-1", "18446744073709551616", ""]),
    ("ULong", "unsignedLong", &[("4294967296", "4294967296"), ("18446744073709551615", "18446744073709551615")], &["18446744073709551616", "-1"]),
    ("Decimal", "decimal", &[("+01.50", "1.5"), ("-.5", "-0.5")], &["1e3", "nan", ""]),
    ("Text", "string", &[("  a  b \n\t", "  a  b \n\t"), ("<&>\"']]>", "<&>\"']]>"), (" ", " "), ("\u{1f4e1} \u{e9}", "\u{1f4e1} \u{e9}")], &[]),
    ("Mode", "string", &[("Down", "Down"), ("Up", "Up")], &["up", "Up ", "", "X_EX_Half"]),
    ("Maybe", "string", &[("Up", "Up"), ("", "")], &["Down"]),
    ("More", "string", &[("X_00005E_Half", "X_00005E_Half")], &["Half", "X_"]),
    ("List", "string", &[("a, b c", "a,b c"), ("", ""), ("a", "a")], &["a,", ",a", "a,,a", "a,x", "b", "A"]),
    ("Numbers", "string", &[("1, 9 ,3", "1,9,3")], &["", "0", "1,2,3,4", "10", "a"]),
    ("Time", "dateTime", &[("2024-01-31T12:00:00.000Z", "2024-01-31T12:00:00Z"), ("2024-01-31T12:00:00+02:00", "2024-01-31T10:00:00Z"), ("2106-02-07T06:28:16.5Z", "2106-02-07T06:28:16.5Z"), ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"), ("0001-01-03T03:04:05", "0001-01-03T03:04:05")], &["", "2024-01-31", "2024-02-30T00:00:00Z", "1700000000", "now"]),
    ("Hex", "hexBinary", &[("0aFf", "0AFF"), ("", "")], &["0", "0g", "000000"]),
    ("Base64", "base64Binary", &[("YW\nJj", "YWJj"), ("YQ==", "YQ=="), ("", "")], &["YQ", "YQ=", "?", "YWJjZA=="]),
    ("MAC", "string", &[("00:00:5E:00:53:01", "00:00:5E:00:53:01"), ("", "")], &["00-00-5E-00-53-01", "00005E005301", "00:00:5E:00:53"]),
    ("Address", "string", &[("2001:db8::1", "2001:db8::1"), ("192.0.2.1", "192.0.2.1"), ("", "")], &["fe80::1%eth0", "192.0.2", "192.0.2.256", "localhost"]),
];

fn device(acs: &mut Acs, (root, profile): (&str, &str)) -> Cpe {
    let shipped = std::fs::read_to_string(repository().join("etc/profiles").join(profile)).unwrap();
    let home = Daemon::new(&acs.url());
    let text = shipped + &PROFILE.replace("ROOT.", root);
    home.write("etc/cwmpd/profile.toml", text.as_bytes());
    settled(home, acs)
}

/// The value of a parameter in an answer, and its type on the wire.
fn tells(answer: &Message, name: &str, ty: &str, value: &str) {
    assert_eq!(answer.values()[name], value, "{name}");
    let typed = format!("<Name>{name}</Name><Value xsi:type=\"xsd:{ty}\">");
    assert!(answer.xml.contains(&typed), "{typed}");
}

#[test]
fn each_type_takes_what_it_may_and_is_read_as_itself()
// SV-11 SV-12 SV-13 SV-14 SV-15 SV-16 SV-17 SV-18 SV-19 SO-22 SO-35 GV-05 DM-04 DM-05
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = device(&mut acs, model);
        let path = |name: &str| format!("{}X_EX.{name}", model.0);
        let mut last = Vec::new();
        for (name, ty, takes, refuses) in CASES {
            let name = path(name);
            let mut asked = Vec::new();
            // Of its own type, or as a string: ACSes do not know every type.
            for given_as in [*ty, "string"] {
                let set = |text: &str| rpc::set_values(&[(&name, given_as, text)], "");
                asked.extend(takes.iter().map(|(text, _)| set(text)));
                asked.extend(refuses.iter().map(|text| set(text)));
            }
            let get = || rpc::get_values(&[&name]);
            let asked = asked.into_iter().flat_map(|set| [set, get()]);
            let answers = told(&mut cpe, &mut acs, asked);
            let kept = takes.last().expect("a good value").1;
            let answers: Vec<_> = answers.chunks(2).collect();
            for answers in answers.chunks(takes.len() + refuses.len()) {
                let (taken, refused) = answers.split_at(takes.len());
                for ((text, becomes), answers) in takes.iter().zip(taken) {
                    assert_eq!(answers[0].fault(), None, "{name} {text:?}");
                    tells(&answers[1], &name, ty, becomes);
                }
                for (text, answers) in refuses.iter().zip(refused) {
                    let codes = answers[0].texts("FaultCode");
                    assert_eq!(codes, ["9003", "9007"], "{name} {text:?}");
                    tells(&answers[1], &name, ty, kept);
                }
            }
            last.push((name, *ty, kept));
        }
        // Characters, not bytes.
        let short = path("Short");
        let fits = "\u{e4}".repeat(64);
        let set = |text: &str| rpc::set_values(&[(&short, "string", text)], "");
        let asked = [
            set(&fits),
            set(&format!("{fits}a")),
            rpc::get_values(&[&short]),
        ];
        let answers = told(&mut cpe, &mut acs, asked);
        assert_eq!(answers[0].fault(), None);
        assert_eq!(answers[1].texts("FaultCode"), ["9003", "9007"]);
        tells(&answers[2], &short, "string", &fits);
        // From the files; and what is read there can be set and is nothing new.
        cpe.restart();
        let before = cpe.home.read("etc/cwmpd/state.toml");
        let all = told(&mut cpe, &mut acs, [rpc::get_values(&[&path("")])]).remove(0);
        for (name, ty, kept) in &last {
            tells(&all, name, ty, kept);
        }
        tells(&all, &path("Never"), "unsignedInt", "4294967295");
        tells(&all, &path("Total"), "unsignedLong", "18446744073709551615");
        let same: Vec<_> = last.iter().map(|(n, t, v)| (&n[..], *t, *v)).collect();
        let answers = told(&mut cpe, &mut acs, [rpc::set_values(&same, "")]);
        assert_eq!(answers[0].text("Status").as_deref(), Some("0"));
        assert_eq!(cpe.home.read("etc/cwmpd/state.toml"), before);
    }
}

#[test]
fn a_value_of_another_type_is_refused_as_such() // SV-11
{
    for model in ROOTS {
        let mut acs = Acs::start();
        let mut cpe = device(&mut acs, model);
        for (name, wrong, text) in [
            ("Boolean", "int", "1"),
            ("Boolean", "dateTime", "2024-01-31T12:00:00Z"),
            ("UInt", "boolean", "1"),
            ("UInt", "dateTime", "5"),
            ("UInt", "hexBinary", "05"),
            ("Time", "int", "5"),
            ("Text", "boolean", "1"),
            ("Text", "int", "5"),
            ("Hex", "base64Binary", "00FF"),
            ("Base64", "hexBinary", "00FF"),
        ] {
            let name = format!("{}X_EX.{name}", model.0);
            let set = rpc::set_values(&[(&name, wrong, text)], "never");
            let answer = told(&mut cpe, &mut acs, [set]).remove(0);
            assert_eq!(
                answer.texts("FaultCode"),
                ["9003", "9006"],
                "{name} {wrong}"
            );
        }
        assert_eq!(cpe.state().parameter_key, "");
    }
}

#[test]
fn every_parameter_of_a_gateway_is_of_the_models_type() // GV-05 DM-01
{
    for (model, table) in ROOTS.into_iter().zip(["tr-181-2-17", "tr-098-1-8"]) {
        let mut acs = Acs::start();
        let home = Daemon::new(&acs.url()).profile(model.1);
        let mut cpe = settled(home, &mut acs);
        let file = repository().join(format!("tests/data/{table}.tsv"));
        let file = std::fs::read_to_string(file).unwrap();
        // Path, type, access, flags, what the values may be: lists are strings.
        let rows = file.lines().map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let list = cells.get(3).is_some_and(|flags| flags.contains("list"));
            (cells[0], if list { "string" } else { cells[1] })
        });
        let rows: BTreeMap<&str, &str> = rows.collect();
        let answer = told(&mut cpe, &mut acs, [rpc::get_values(&[""])]).remove(0);
        let mut seen = 0;
        for part in answer.xml.split("<Name>").skip(1) {
            let (name, rest) = part.split_once("</Name>").unwrap();
            let ty = rest.split_once("\"xsd:").unwrap().1;
            let ty = ty.split_once('"').unwrap().0;
            let steps = name.split('.').map(|step| match step.parse::<u32>() {
                Ok(_) => "{i}",
                Err(_) => step,
            });
            let generic = steps.collect::<Vec<_>>().join(".");
            let Some(of_model) = rows.get(&generic[..]) else {
                // What is the daemon's own is in no profile, nor is its row in the table that profiles are held to.
                let own = [".X_", ".ManagementServer.", ".GatewayInfo."];
                assert!(own.iter().any(|own| name.contains(own)), "{name}");
                continue;
            };
            assert_eq!(ty, *of_model, "{name}");
            seen += 1;
        }
        assert!(seen > 300, "{seen}");
    }
}

#[test]
fn what_a_driver_says_is_always_good_xml() // SO-23
{
    for (root, _) in ROOTS {
        let mut device = program(root);
        let ssid = format!("{root}X_EX.SSID");
        let odd = [
            (&b"a\xffb"[..], "a\u{fffd}b"),
            (b"\xc3(\xa0\xa1", "\u{fffd}(\u{fffd}\u{fffd}"),
            (b"a\\u0000\\u0001\\u001fb", "a\u{fffd}\u{fffd}\u{fffd}b"),
            (b"\\ufffe\\uffff", "\u{fffd}\u{fffd}"),
            (b"<&>]]>\\\"'\\r\\n\\t", "<&>]]>\"'\r\n\t"),
        ];
        let before = device.cpe.home.read("parameters").into_bytes();
        for (said, told) in odd {
            // One that the ACS asks for, and one that every Inform tells.
            let text = [b"\"value\":\"", said, b"\""].concat();
            let version = format!("\"path\":\"{root}DeviceInfo.HardwareVersion\",").into_bytes();
            let at = before
                .windows(version.len())
                .position(|part| part == version);
            let (head, tail) = before.split_at(at.expect("a version") + version.len());
            let tail = &tail[tail.iter().position(|byte| *byte == b'}').expect("its end")..];
            let path = format!(",{{\"path\":\"{ssid}\",").into_bytes();
            let all = [head, &text, tail, &path, &text, b"}"].concat();
            device.cpe.home.write("parameters", &all);
            device.cpe.restart();
            device.cpe.settle();
            while device.acs.try_session().is_some() {}
            device
                .acs
                .plan([rpc::get_values(&[&ssid]), rpc::get_values(&[""])]);
            device.cpe.inform();
            let session = device.cpe.session(&mut device.acs);
            assert_eq!(session.answers[0].values()[&ssid], told);
            assert_eq!(session.answers[1].values()[&ssid], told);
            let version = session.inform.value_of(".HardwareVersion");
            assert_eq!(version.as_deref(), Some(told));
        }
    }
}
