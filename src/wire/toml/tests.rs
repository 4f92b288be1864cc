use super::*;

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::wire::data::{Data, Map};
use crate::wire::json;

fn read(text: &str) -> String {
    json::text(&Data::Map(parse(text).unwrap()))
}

#[test]
fn all_kinds_of_values_are_read() {
    let text = "
        'lit' = 'C:\\n' # a comment
        \"b\\u00e9\" = \"x\\ty\\U0001F600\"
        long = \"\"\"\\
            a \\
            b\"\"\"\"
        raw = '''
it's'''
        numbers = [1_000, -2, +3, 0x1F, 0o17, 0b11, 1.5, 6.0e-1, ]
        yes = true
        when = [1979-05-27T07:32:00Z, 1979-05-27 07:32:00.5-07:00, 1979-05-27, 07:32:00]
        inline = { a.b = 1, c = { } }
        x.y.z = 1
        [t.'a.b']
        k = 1
        [t]
        k = 2
        [[l]]
        n = 1
        [l.s]
        [[l]]
    ";
    assert_eq!(
        read(text),
        "{\"bé\":\"x\\ty😀\",\"inline\":{\"a\":{\"b\":1},\"c\":{}},\"l\":[{\"n\":1,\"s\":{}},{}],\"lit\":\"C:\\\\n\",\
         \"long\":\"a b\\\"\",\"numbers\":[1000,-2,3,31,15,3,1.5,6.0e-1],\"raw\":\"it's\",\
         \"t\":{\"a.b\":{\"k\":1},\"k\":2},\
         \"when\":[1979-05-27T07:32:00Z,1979-05-27T07:32:00.5-07:00,1979-05-27,07:32:00],\
         \"x\":{\"y\":{\"z\":1}},\"yes\":true}"
    );
}

#[test]
fn a_mistake_has_its_line() {
    for (text, line) in [
        ("a = 1\nb = = 2", 2),
        ("[a]\nk = 1\nk = 2", 3),
        ("[a]\n[b]\n[a]", 3),
        ("\n\na = [1", 3),
    ] {
        assert_eq!(parse(text).unwrap_err().line, line, "{text:?}");
    }
    let map = parse("a = 1\n\n[t]\nb = '''\n\n'''\nc = 2").unwrap();
    assert_eq!(
        map.iter().map(|entry| entry.line).collect::<Vec<_>>(),
        [1, 3]
    );
    let Some(Data::Map(t)) = map.get("t") else {
        panic!()
    };
    assert_eq!(t.iter().map(|entry| entry.line).collect::<Vec<_>>(), [4, 7]);
}

/// What the crate `toml` makes of the same: a text for all that is compared.
fn theirs(value: &toml::Value) -> Data<'static> {
    let number = |text: String| Data::Number(text.into());
    match value {
        toml::Value::String(text) => text.clone().into(),
        toml::Value::Integer(value) => (*value).into(),
        toml::Value::Float(value) => number(format!("{value:?}")),
        toml::Value::Boolean(value) => (*value).into(),
        toml::Value::Datetime(time) => number(time.to_string()),
        toml::Value::Array(items) => Data::List(items.iter().map(theirs).collect()),
        toml::Value::Table(table) => {
            let mut map = Map::default();
            for (key, value) in table {
                map.insert(key.clone(), theirs(value));
            }
            Data::Map(map)
        }
    }
}

/// Ours with floats and times as the crate writes them.
fn ours(data: Data<'_>) -> Data<'static> {
    match data {
        Data::Number(text) => Data::Number(match text.parse::<i64>() {
            Ok(number) => number.to_string().into(),
            Err(_) => match (text.parse::<f64>(), text.parse::<toml::value::Datetime>()) {
                (Ok(number), _) => format!("{number:?}").into(),
                (_, Ok(time)) => time.to_string().into(),
                _ => text.into_owned().into(),
            },
        }),
        Data::List(items) => Data::List(items.into_iter().map(ours).collect()),
        Data::Map(map) => {
            let mut all = Map::default();
            for entry in map {
                all.insert(entry.key.into_owned(), ours(entry.value));
            }
            Data::Map(all)
        }
        other => other.into_owned(),
    }
}

fn agrees(text: &str) -> Result<(), String> {
    match (parse(text), text.parse::<toml::Table>()) {
        (Ok(a), Ok(b)) if ours(Data::Map(a.clone())) == theirs(&toml::Value::Table(b.clone())) => {
            Ok(())
        }
        (Err(_), Err(_)) => Ok(()),
        // Who takes a value finds out.
        (Ok(_), Err(error)) if out_of_range(error.message()) => Ok(()),
        (a, b) => Err(format!("{text:?}: {a:?} {b:?}")),
    }
}

fn out_of_range(message: &str) -> bool {
    let words = ["between", "overflow", "out of range", "u128", "i128"];
    words.iter().any(|word| message.contains(word))
}

#[test]
fn what_is_toml_is_read_and_nothing_else() {
    for text in [
        "",
        "\u{feff}a = 1",
        "# only\r\n\t# comments",
        "a = 1 # c\r\nb = 2",
        "a = 1\rb = 2",
        "# \u{1}",
        "# \t é",
        "a = 1 b = 2",
        "a = ",
        "a",
        "= 1",
        "a b = 1",
        "é = 1",
        "'' = 1",
        "\"\"\"a\"\"\" = 1",
        "a . b = 1\n'a' . c = 2",
        "a..b = 1",
        "a. = 1",
        "1 = 1\n1.2 = 3",
        "a.b = 1\na = 2",
        "a = 1\na.b = 2",
        "a = 1\n'a' = 2",
        "a = {}\na.b = 1",
        "a = { b = 1, b = 2 }",
        "a = { b.c = 1, b.d = 2 }",
        "a = { b = {}, b.d = 2 }",
        "a = { b.c = 1, b = 2 }",
        "a = { ,}",
        "a = { b = 1, }",
        "a = {\n b = 1 # c\n ,\n c = 2\n}",
        "a = { b = 1 c = 2 }",
        "a = [1 2]",
        "a = [,]",
        "a = [[], [1,],]",
        "a = [1,\n # c\n 2\n]",
        "[a]",
        "[ a . 'b' ] # c",
        "[a",
        "[a]]",
        "[[a]",
        "[[ a ]]",
        "[ [a]]",
        "[]",
        "[a.]",
        "[a] b = 1",
        "[a]\n[a]",
        "[a.b]\n[a]",
        "[a]\n[a.b]\n[a]",
        "[a]\n[a.b]\n[a.b.c]\n[a.b]",
        "[a]\nb.c = 1\n[a.b]",
        "[a]\nb.c = 1\n[a.b.d]",
        "[a.b]\n[a]\nb.c = 1",
        "[a.b.c]\n[a]\nb.d = 1",
        "[a.b.c]\n[a]\nb.c.d = 1",
        "a.b = 1\n[a]",
        "a.b = 1\n[a.c]",
        "a = 1\n[a]",
        "a = 1\n[a.b]",
        "a = {}\n[a.b]",
        "a = []\n[[a]]",
        "a = [{}]\n[[a]]",
        "a = [{}]\n[a.b]",
        "[[a]]\n[[a]]\n[a.b]\n[[a]]\n[a.b]",
        "[[a]]\n[a]",
        "[a]\n[[a]]",
        "[a.b]\n[[a]]",
        "[[a.b]]\n[a]\n[[a.b]]",
        "[[a]]\nb = 1\n[[a.c]]\n[[a.c]]",
        "a = 'x\ny'",
        "a = \"x\ny\"",
        "a = '''\r\nx\r\ny'''",
        "a = \"\"\"x\ry\"\"\"",
        "a = \"\"\"x\ty\u{7f}\"\"\"",
        "a = ''''x''''",
        "a = '''x'''''",
        "a = '''x''''''",
        "a = \"\"\"\"\"\"",
        "a = \"\"\"x\"\"y\"\"\"\"\"",
        "a = \"\"\"x \\ \t\r\n\n  y\\\n\"\"\"",
        "a = \"\"\"x \\ y\"\"\"",
        "a = \"x \\\n y\"",
        "a = \"\\b\\t\\n\\f\\r\\e\\\"\\\\\\x41\\u00e9\\U0001F600\"",
        "a = \"\\/\"",
        "a = \"\\ud83d\\ude00\"",
        "a = \"\\U00110000\"",
        "a = \"\\u+041\"",
        "a = \"\\u12\"",
        "a = '\\n'",
        "a = 'x",
        "a = true\nb = false",
        "a = True",
        "a = truee",
        "a = null",
        "a = 0\nb = -0\nc = +0",
        "a = 01",
        "a = -01",
        "a = +-1",
        "a = 1_0",
        "a = 1__0",
        "a = _1",
        "a = 1_",
        "a = 0xDEAD_beef",
        "a = 0x_1",
        "a = 0x",
        "a = 0x+1",
        "a = +0x1",
        "a = 0X1",
        "a = 0o18",
        "a = 0b12",
        "a = 9223372036854775807",
        "a = -9223372036854775808",
        "a = 1.",
        "a = .1",
        "a = 1.5_0e1_0",
        "a = 1._5",
        "a = 1_.5",
        "a = 1e06",
        "a = 1e",
        "a = 1E+2",
        "a = 1e_5",
        "a = inf\nb = -inf\nc = +inf",
        "a = Inf",
        "a = infinity",
        "a = 1979-05-27T07:32:00Z",
        "a = 1979-05-27t07:32:00z",
        "a = 1979-05-27 07:32:00.123+01:30",
        "a = 1979-05-27  07:32:00",
        "a = 1979-05-27 # c",
        "a = [1979-05-27 ]",
        "a = 1979-05-27 x",
        "a = 1979-05-27T",
        "a = 1979-05-27T07:32",
        "a = 07:32:00.5",
        "a = 07:32",
        "a = 07:32:00Z",
        "a = 7:32:00",
        "a = 1979-5-27",
        "a = 1979-05-27Z",
        "a = 1979-05-27T07:32:00.",
        "a = 1979-05-27T07:32:00+0100",
    ] {
        agrees(text).unwrap();
    }
}

#[test]
fn nothing_is_too_deep() {
    for depth in [1, 79, 80, 81, 100_000] {
        let nested = format!("a = {}{}", "[".repeat(depth), "]".repeat(depth));
        agrees(&nested).unwrap();
        // The crate has no limit here.
        let dotted = format!("a{} = 1", ".a".repeat(depth));
        assert_eq!(parse(&dotted).is_ok(), depth < 80, "{depth}");
        let header = format!("[a{}]", ".a".repeat(depth));
        assert_eq!(parse(&header).is_ok(), depth < 80, "{depth}");
    }
}

#[test]
fn the_shipped_profiles_are_read_as_others_do() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/etc/profiles");
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        agrees(&text).unwrap();
    }
}

fn any_data() -> impl Strategy<Value = Data<'static>> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Data::from),
        any::<i64>().prop_map(Data::from),
        "(?s).{0,8}".prop_map(Data::from),
    ];
    let value = leaf.prop_recursive(4, 30, 4, |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..4);
        // A list holds tables, or none: that is how lists of tables are written.
        let mixed = |items: &Vec<Data<'_>>| items.iter().any(|item| item.as_map().is_none());
        prop_oneof![
            list.clone().prop_filter_map("mixed", move |items| {
                let plain = items.iter().all(|item| item.as_map().is_none());
                (plain || !mixed(&items)).then_some(Data::List(items))
            }),
            proptest::collection::btree_map("(?s).{0,5}", inner, 0..4).prop_map(table),
        ]
    });
    proptest::collection::btree_map("(?s).{0,5}", value, 0..5).prop_map(table)
}

fn table(entries: BTreeMap<String, Data<'static>>) -> Data<'static> {
    let mut map = Map::default();
    for (key, value) in entries {
        map.insert(key, value);
    }
    Data::Map(map)
}

/// Tables in lists in lists have no header of their own.
fn writable(data: &Data<'_>, listed: bool) -> bool {
    match data {
        Data::List(items) => items
            .iter()
            .all(|item| writable(item, true) && !(listed && item.as_map().is_some())),
        Data::Map(map) => map.iter().all(|entry| writable(&entry.value, false)),
        _ => true,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(data in any_data().prop_filter("nested", |data| writable(data, false))) {
        let written = text(&data);
        prop_assert_eq!(Data::Map(parse(&written).unwrap()), data, "{}", &written);
        prop_assert_eq!(agrees(&written), Ok(()));
    }

    #[test]
    fn nearly_toml_is_read_as_others_do(text in "(a|b|\\.|=| |\n|\\[|\\]|\\{|\\}|,|\"|'|'''|\"\"\"|#|\\\\|[0-9]{1,2}|[-+_eExTZ:]|true|inf|\r|\\PC){0,14}") {
        prop_assert_eq!(agrees(&text), Ok(()));
    }

    #[test]
    fn tables_are_put_together_as_others_do(lines in proptest::collection::vec("(\\[a(\\.[abc]){0,2}\\]|\\[\\[a(\\.[abc]){0,2}\\]\\]|([abc]\\.){0,2}[abc] = (1|\\{\\}|\\[\\{\\}\\]|\\{ [ab](\\.[ab])? = 1(, [ab](\\.[ab])? = 1)? \\}))", 0..7)) {
        // A dotted key into the last of a list of tables is none of TOML's, but the crate takes some.
        let text = lines.join("\n");
        if parse(&text).is_ok() || !text.contains("[[") {
            prop_assert_eq!(agrees(&text), Ok(()));
        }
    }

    #[test]
    fn scalars_are_those_of_toml(value in "[-+]?(0[xob])?[0-9a-f_]{1,4}(\\.[0-9_]{0,3})?([eE][-+]?[0-9_]{0,2})?|[0-9]{1,2}:[0-5][0-9](:[0-5][0-9])?(\\.[0-9]{0,3})?|20[0-9]{1,2}-1[0-2]-1[0-9]([tT ][01][0-9]:[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,3})?)?([zZ]|[-+][01][0-9]:?[0-5][0-9])?)?") {
        prop_assert_eq!(agrees(&format!("a = {value}")), Ok(()));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,300}") {
        let _ = parse(&text);
    }
}
