//! What a document may be encoded in, and what may stand around it. SO-26

use super::*;

/// A document as UTF-16.
fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn value(bytes: impl AsRef<[u8]>) -> String {
    let document = read(bytes).unwrap();
    assert!(document.strict);
    document.root.text
}

#[test]
fn byte_order_mark_and_white_space_before_it_are_left_out() {
    for before in [
        "",
        "\u{FEFF}",
        "\r\n",
        "\n\n  \t",
        "\r\n\u{FEFF}",
        "\u{FEFF}\r\n",
    ] {
        assert_eq!(
            value(format!(
                "{before}<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>é</a>"
            )),
            "é",
            "{before:?}"
        );
        assert_eq!(value(format!("{before}<a>é</a>")), "é", "{before:?}");
    }
}

#[test]
fn what_follows_the_root_element_is_left_out() {
    for after in [
        "\0",
        "\0\0\0\n",
        "\r\n",
        "junk",
        "</a>",
        "<b/>",
        "<b",
        "<!DOCTYPE a>",
        "-->",
        "\u{1}",
        "<!--",
    ] {
        assert_eq!(value(format!("<a>t</a>{after}")), "t", "{after:?}");
        assert_eq!(value(format!("<a/>{after}")), "", "{after:?}");
    }
    assert_eq!(value(b"<a>t</a>\xFF\xFE\x80"), "t");
    // 100,000 attributes behind the root element cost nothing.
    assert_eq!(
        value(format!("<a>t</a><b{}>", " a=''".repeat(100_000))),
        "t"
    );
}

#[test]
fn what_precedes_the_root_element_is_not() {
    for before in ["junk", "\0", "</a>", "<![CDATA[x]]>", "&amp;", "\u{A0}"] {
        assert!(
            matches!(read(format!("{before}<a/>")), Err(XmlError::Syntax(_))),
            "{before:?}"
        );
    }
}

#[test]
fn latin_1_and_its_kin_are_read_as_windows_1252() {
    for label in [
        "ISO-8859-1",
        "iso-8859-1",
        "Latin1",
        "US-ASCII",
        "windows-1252",
        "CP1252",
    ] {
        let mut bytes = format!("<?xml version='1.0' encoding = '{label}' ?><a>").into_bytes();
        bytes.extend_from_slice(b"caf\xE9 \x80 \x92 \x81</a>");
        assert_eq!(value(&bytes), "café \u{20AC} \u{2019} \u{81}", "{label}");
    }
    assert_eq!(
        value("<?xml version='1.0' encoding='US-ASCII'?><a>plain</a>"),
        "plain"
    );
}

#[test]
fn utf_16_by_its_mark_or_its_first_character() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<a>é € \u{1F600}</a>\n";
    let read = "é € \u{1F600}";
    for (bytes, mark) in [
        (u16::to_le_bytes as fn(u16) -> [u8; 2], b"\xFF\xFE"),
        (u16::to_be_bytes, b"\xFE\xFF"),
    ] {
        let plain = utf_16(text, bytes);
        assert_eq!(value(&plain), read);
        assert_eq!(value([mark.as_slice(), &plain].concat()), read);
        assert_eq!(value([mark.as_slice(), &plain, b"\0"].concat()), read);
        assert_eq!(
            value([mark.as_slice(), &utf_16("<a>t</a>", bytes)].concat()),
            "t"
        );
    }
    // A wrong declaration in front of UTF-8: what can be read as ASCII is not UTF-16.
    assert_eq!(value(text), read);
}

#[test]
fn other_encodings_are_refused_unless_it_is_all_ascii() {
    assert_eq!(
        value("<?xml version='1.0' encoding='GB2312'?><a>plain</a>"),
        "plain"
    );
    let why = read(b"<?xml version='1.0' encoding='GB2312'?><a>\xC4\xE3</a>").unwrap_err();
    assert_eq!(
        why,
        XmlError::Encoding("the document's encoding \"GB2312\" is not supported".into())
    );
}

#[test]
fn broken_encodings_are_refused() {
    assert_eq!(
        read(b"<a>\xE9</a>"),
        Err(XmlError::Encoding(
            "the document is not UTF-8 at byte 3".into()
        ))
    );
    assert!(matches!(
        read(b"\xFF\xFE<\0a\0>\0\x00\xD8<\0/\0a\0>\0"),
        Err(XmlError::Encoding(_))
    ));
    for bytes in [
        b"".as_slice(),
        b"\xFF\xFE",
        b"\xFE\xFF",
        b"\xEF\xBB\xBF",
        b"<\0",
        b"\0<",
        b"\xFF\xFE<",
        b" ",
    ] {
        assert!(matches!(read(bytes), Err(XmlError::Syntax(_))), "{bytes:?}");
    }
}

#[test]
fn odd_declarations_are_harmless() {
    for declaration in [
        "<?xml?>",
        "<?xml version='1.0' encoding?>",
        "<?xml version='1.0' encoding=?>",
        "<?xml version='1.0' encoding='?>",
        "<?xml version='1.0' encoding=''?>",
        "<?xml encoding='utf-8' version='1.0'?>",
        "<?xml version='1.1' encoding='utf-8' standalone='yes'?>",
        "<?XML version='1.0'?>",
    ] {
        assert_eq!(
            read(format!("{declaration}<a>t</a>")).map(|d| d.root.text),
            Ok("t".into()),
            "{declaration}"
        );
    }
}
