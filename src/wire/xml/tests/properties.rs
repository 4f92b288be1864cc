//! Properties: what is written can be read by both readers, and no bytes at all make them fail.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const NAMESPACES: [&str; 2] = ["urn:one", "urn:two"];

/// Any text, with what needs escaping more often than by chance.
fn text() -> impl Strategy<Value = String> {
    let hard = prop::sample::select(
        "&<>\"'\r\n\t ;#]=\u{0}\u{1}\u{FFFE}é€\u{1F600}"
            .chars()
            .collect::<Vec<_>>(),
    );
    vec(
        prop_oneof![hard, any::<char>(), proptest::char::range('a', 'z')],
        0..12,
    )
    .prop_map(String::from_iter)
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_][a-zA-Z0-9_.é-]{0,5}"
        .prop_filter("reserved", |n| !n.to_lowercase().starts_with("xml"))
}

fn namespace() -> impl Strategy<Value = Option<std::rc::Rc<str>>> {
    prop::option::of(prop::sample::select(NAMESPACES.to_vec()).prop_map(std::rc::Rc::from))
}

fn element() -> impl Strategy<Value = Element> {
    let attribute = (namespace(), name(), text()).prop_map(|(namespace, name, value)| Attribute {
        namespace,
        name,
        value,
    });
    let bare = (namespace(), name(), vec(attribute, 0..4), text()).prop_map(
        |(namespace, name, mut attributes, text)| {
            attributes.sort_by(|a, b| a.name.cmp(&b.name));
            attributes.dedup_by(|a, b| a.name == b.name);
            Element {
                namespace,
                name,
                attributes,
                text,
                children: Vec::new(),
            }
        },
    );
    bare.prop_recursive(5, 24, 4, |inner| {
        (inner.clone(), vec(inner, 0..4)).prop_map(|(e, children)| Element { children, ..e })
    })
}

fn qualified(namespace: Option<&str>, name: &str) -> String {
    match NAMESPACES.iter().position(|uri| Some(*uri) == namespace) {
        Some(n) => format!("p{n}:{name}"),
        None => name.to_owned(),
    }
}

/// Writes an element: text first, then the children.
fn write(w: &mut Writer, element: &Element, root: bool) {
    let tag = qualified(element.namespace.as_deref(), &element.name);
    w.open(&tag);
    for (n, uri) in NAMESPACES.iter().enumerate().filter(|_| root) {
        w.attribute(&format!("xmlns:p{n}"), uri);
    }
    for a in &element.attributes {
        w.attribute(&qualified(a.namespace.as_deref(), &a.name), &a.value);
    }
    w.text(&element.text);
    element
        .children
        .iter()
        .for_each(|child| write(w, child, false));
    w.close(&tag);
}

/// What of an element survives: characters that XML has not are replaced.
fn legal(element: &Element) -> Element {
    let fit = |text: &str| {
        text.replace(|c| matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}'), "\u{FFFD}")
    };
    Element {
        text: fit(&element.text),
        attributes: element
            .attributes
            .iter()
            .map(|a| Attribute {
                value: fit(&a.value),
                ..a.clone()
            })
            .collect(),
        children: element.children.iter().map(legal).collect(),
        ..element.clone()
    }
}

fn document(element: &Element) -> Vec<u8> {
    let mut w = Writer::new();
    w.declaration();
    write(&mut w, element, true);
    w.finish().unwrap().to_vec()
}

/// Reads it both ways. Where both succeed they agree.
fn agree(bytes: &[u8]) -> Result<(), TestCaseError> {
    let limits = Limits::default();
    match (parse(bytes, &limits), parse_tolerant(bytes, &limits)) {
        (Ok(read), Ok(tolerant)) => prop_assert_eq!(without_namespaces(&read.root), tolerant.root),
        (Ok(read), Err(why)) => {
            prop_assert!(false, "only the strict reader has read {:?}: {}", read, why)
        }
        (Err(why), Ok(read)) => prop_assert!(
            false,
            "the tolerant reader was not asked for {:?}: {}",
            read,
            why
        ),
        (Err(_), Err(_)) => {}
    }
    Ok(())
}

/// Pieces of XML in any order.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "<",
        ">",
        "</",
        "/>",
        "<a",
        "<a>",
        "</a>",
        "<b/>",
        "<p:a",
        " ",
        "\r",
        "\n",
        "a",
        ":",
        "=",
        "\"",
        "'",
        " a=\"",
        " b='c'",
        " xmlns:p=\"u\"",
        " xmlns='v'",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "--",
        "<?",
        "?>",
        "<?xml version='1.0'?>",
        "&",
        ";",
        "&amp;",
        "&#",
        "&#x",
        "&#13;",
        "&#xA;",
        "&q;",
        "é",
        "\0",
        "\u{FFFE}",
        "<!DOCTYPE a>",
        "]",
        "x",
    ];
    vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_written_is_read_by_both(element in element()) {
        // SO-05 SO-22 SO-23
        let bytes = document(&element);
        let read = parse(&bytes, &Limits::default()).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert!(read.strict);
        prop_assert_eq!(&read.root, &legal(&element));
        agree(&bytes)?;
    }

    #[test]
    fn any_bytes_are_harmless(bytes: Vec<u8>) {
        agree(&bytes)?;
    }

    #[test]
    fn pieces_of_xml_are_harmless(soup in soup()) {
        agree(soup.as_bytes())?;
        agree(format!("<a>{soup}</a>").as_bytes())?;
    }

    #[test]
    fn changed_documents_are_harmless(
        element in element(),
        changes in vec((any::<prop::sample::Index>(), prop::sample::select(b"<>&/'\"=: \x00\xFFax!-[]?;#".to_vec()), 0..3u8), 1..6),
    ) {
        let mut bytes = document(&element);
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ if bytes.len() > 1 => { bytes.remove(at); }
                _ => {}
            }
        }
        agree(&bytes)?;
    }
}
