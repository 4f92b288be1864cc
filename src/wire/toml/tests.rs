use super::*;
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
