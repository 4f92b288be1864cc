//! The writer.

use super::*;
use crate::wire::payload::PIECE;

fn written(write: impl FnOnce(&mut Writer)) -> String {
    let mut writer = Writer::new();
    write(&mut writer);
    String::from_utf8(writer.finish().unwrap().to_vec()).unwrap()
}

#[test]
fn elements_attributes_and_text() {
    let text = written(|w| {
        w.declaration();
        w.open("a");
        w.attribute("x:b", "1");
        w.attribute("c", "");
        w.leaf("d", "e");
        w.open("f");
        w.close("f");
        w.close("a");
    });
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a x:b=\"1\" c=\"\"><d>e</d><f></f></a>"
    );
}

#[test]
fn an_empty_value_has_two_tags() {
    let text = written(|w| {
        w.open("Value");
        w.attribute("xsi:type", "xsd:string");
        w.text("");
        w.close("Value");
    });
    assert_eq!(text, "<Value xsi:type=\"xsd:string\"></Value>");
}

#[test]
fn text_and_attributes_are_escaped() {
    // SO-23
    let hard = "<a> & \"b\" 'c' ]]> \t\n\r é €";
    assert_eq!(
        written(|w| w.leaf("x", hard)),
        "<x>&lt;a&gt; &amp; \"b\" 'c' ]]&gt; \t\n&#13; é €</x>"
    );
    let text = written(|w| {
        w.open("x");
        w.attribute("y", hard);
        w.close("x");
    });
    assert_eq!(
        text,
        "<x y=\"&lt;a&gt; &amp; &quot;b&quot; 'c' ]]&gt; &#9;&#10;&#13; é €\"></x>"
    );
}

#[test]
fn characters_that_xml_has_not_are_replaced() {
    // SO-23
    let illegal = "a\u{0}\u{1}\u{8}\u{B}\u{C}\u{E}\u{1F}\u{FFFE}\u{FFFF}z";
    assert_eq!(
        written(|w| w.leaf("x", illegal)),
        format!("<x>a{}z</x>", "\u{FFFD}".repeat(9))
    );
    let legal = "\u{7F}\u{85}\u{2028}\u{FFFD}\u{EFFF}\u{10FFFF}";
    assert_eq!(written(|w| w.leaf("x", legal)), format!("<x>{legal}</x>"));
}

#[test]
fn the_number_of_an_array_is_filled_in_later() {
    // SO-06
    for count in [0, 7, 976, u32::MAX] {
        let text = written(|w| {
            w.open("soap:E");
            w.open("List");
            let hole = w.array_type("soap-enc:arrayType", "cwmp:S");
            w.attribute("after", "it");
            w.leaf("S", "x");
            w.close("List");
            w.set_count(hole, count);
            w.close("soap:E");
        });
        assert!(
            text.starts_with(&format!(
                "<soap:E><List soap-enc:arrayType=\"cwmp:S[{count}]\" "
            )),
            "{text}"
        );
        let document = read(
            text.replace(":arrayType", "arrayType")
                .replace("soap:E", "E"),
        )
        .unwrap();
        assert!(document.strict);
        let list = &document.root.children[0];
        assert_eq!(list.attributes[0].value, format!("cwmp:S[{count}]"));
        assert_eq!(
            (list.attribute("after"), list.child_text("S")),
            (Some("it"), Some("x"))
        );
    }
}

#[test]
fn what_is_too_large_is_not_there_at_all() {
    // GV-08
    let written = |limit| {
        let mut writer = Writer::limited(limit);
        writer.leaf("a", "é");
        writer.leaf("b", "");
        writer.finish().map(|document| document.to_vec())
    };
    assert_eq!(written(16), Ok("<a>é</a><b></b>".into()));
    for limit in 0..16 {
        assert_eq!(written(limit), Err(TooLarge));
    }
}

#[test]
fn an_array_may_begin_where_a_piece_ends() {
    for spare in 0..40 {
        let text = "x".repeat(PIECE - spare);
        let document = written(|w| {
            w.text(&text);
            w.open("a");
            let count = w.array_type("t", "i");
            w.close("a");
            w.set_count(count, 4_294_967_295);
        });
        assert_eq!(
            document.strip_prefix(&text),
            Some(r#"<a t="i[4294967295]"></a>"#),
            "{spare}"
        );
    }
}
