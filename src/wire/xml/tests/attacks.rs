//! Documents that are dear to read, or mean harm: the gate refuses them. SO-24 SO-25

use super::*;

fn refused(text: &str, why: XmlError) {
    assert_eq!(read(text), Err(why.clone()), "{:.80}", text);
    assert_eq!(
        parse_tolerant(text.as_bytes(), &Limits::default()),
        Err(why),
        "{:.80}",
        text
    );
}

fn refused_as_syntax(text: &str) {
    let (both, tolerant) = (
        read(text),
        parse_tolerant(text.as_bytes(), &Limits::default()),
    );
    assert!(
        matches!(both, Err(XmlError::Syntax(_))),
        "{both:?} for {text:.80}"
    );
    assert!(
        matches!(tolerant, Err(XmlError::Syntax(_))),
        "{tolerant:?} for {text:.80}"
    );
}

#[test]
fn doctype_is_refused_in_any_case() {
    // SO-24
    refused("<!DOCTYPE a><a/>", XmlError::Doctype);
    refused(
        "<?xml version=\"1.0\"?>\n<!-- c --><!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        XmlError::Doctype,
    );
    refused("<!doctype html><html/>", XmlError::Doctype);
    refused("<!DocType", XmlError::Doctype);
    refused("<a><!DOCTYPE b></a>", XmlError::Doctype);
    refused(
        "<!DOCTYPE l [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><l>&x;</l>",
        XmlError::Doctype,
    );
    refused_as_syntax("<!ENTITY a \"b\"><a/>");
    refused_as_syntax("<![INCLUDE[<a/>]]>");
    refused_as_syntax("<!DOC");
}

#[test]
fn markup_in_comments_cdata_and_instructions_is_not_counted() {
    let inside = format!(
        "<!DOCTYPE a>{}{}",
        "<a>".repeat(100),
        " xmlns:a=\"u\"".repeat(100)
    );
    for text in [
        format!("<!--{inside}--><a>t</a>"),
        format!("<?pi {inside}?><a>t</a>"),
        format!("<a>t<!--{inside}--><?pi {inside}?></a>"),
    ] {
        let document = read(&text).unwrap();
        assert!(document.strict && document.root.text == "t" && document.root.children.is_empty());
    }
    assert_eq!(
        read(format!("<a><![CDATA[{inside}]]></a>"))
            .unwrap()
            .root
            .text,
        inside
    );
    assert_eq!(
        read(format!("<a b='{}'/>", "&lt;!DOCTYPE a>".repeat(3)))
            .unwrap()
            .root
            .attributes
            .len(),
        1
    );
}

#[test]
fn a_false_end_of_comment_or_value_hides_nothing() {
    refused("<!----><!DOCTYPE a><a/>", XmlError::Doctype);
    refused("<!--> --><!DOCTYPE a><a/>", XmlError::Doctype);
    refused("<?a?><!DOCTYPE a><a/>", XmlError::Doctype);
    refused("<a b='>'><!DOCTYPE a></a>", XmlError::Doctype);
    refused("<a><![CDATA[]]]]><!DOCTYPE a></a>", XmlError::Doctype);
    // A declaration whose value holds the end of the declaration.
    refused_as_syntax("<?xml version=\"?> \"?><!DOCTYPE a><a/>");
}

#[test]
fn attributes_of_one_tag_are_bounded() {
    // SO-25
    let tag = |n: usize| {
        format!(
            "<a{}/>",
            (0..n).map(|i| format!(" a{i}=''")).collect::<String>()
        )
    };
    assert_eq!(read(tag(32)).unwrap().root.attributes.len(), 32);
    refused(&tag(33), XmlError::TooManyAttributes);
    refused(&tag(60_000), XmlError::TooManyAttributes);
    // In an inner tag, and none of them well formed: still counted before anything looks at them.
    refused(
        &format!("<a><b{}/></a>", " a='1'".repeat(33)),
        XmlError::TooManyAttributes,
    );
}

#[test]
fn namespace_declarations_are_bounded() {
    // SO-25
    let nested = |n: usize| {
        let open: String = (0..n)
            .map(|i| format!("<b xmlns:p{i}='u{i}' xmlns:q{i}='u{i}'/>"))
            .collect();
        format!("<a>{open}</a>")
    };
    assert!(read(nested(32)).unwrap().strict);
    refused(&nested(33), XmlError::TooManyNamespaces);
    refused(&"<a xmlns='u'>".repeat(1000), XmlError::TooDeep);
    // Names that the strict reader takes for declarations as well.
    for name in ["a:xmlns", ":xmlns"] {
        let text = format!(
            "<r xmlns:a='u'>{}</r>",
            format!("<a {name}='u'/>").repeat(64)
        );
        refused(&text, XmlError::TooManyNamespaces);
    }
    refused(
        &format!("<r>{}</r>", "<a xmlns='u'/>".repeat(1000)),
        XmlError::TooManyNamespaces,
    );
}

#[test]
fn long_namespaces_are_refused() {
    // The strict reader would compare them for each pair of attributes of each tag.
    let tags = |uri: usize| format!("<a xmlns:p='{}'><b p:c='' p:d=''/></a>", "u".repeat(uri));
    assert!(read(tags(256)).unwrap().strict);
    refused(&tags(257), XmlError::TooManyNamespaces);
}

#[test]
fn long_names_are_refused() {
    // SO-25
    let name = |n: usize| "n".repeat(n);
    assert!(read(format!("<{0}></{0}>", name(256))).unwrap().strict);
    refused_as_syntax(&format!("<{0}></{0}>", name(257)));
    refused_as_syntax(&format!("<a {}=''/>", name(257)));
}

#[test]
fn depth_is_bounded() {
    // SO-25
    let nest = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
    assert!(read(nest(32)).unwrap().strict);
    refused(&nest(33), XmlError::TooDeep);
    refused(&nest(100_000), XmlError::TooDeep);
    refused(
        &format!("{}<b/>{}", "<a>".repeat(32), "</a>".repeat(32)),
        XmlError::TooDeep,
    );
    refused(&"<a>".repeat(300_000), XmlError::TooDeep);
}

#[test]
fn elements_are_bounded() {
    let flat = |n: usize| format!("<r>{}</r>", "<a/>".repeat(n - 1));
    let limits = Limits {
        max_elements: 100,
        ..Limits::default()
    };
    assert!(parse(flat(100).as_bytes(), &limits).is_ok());
    assert_eq!(
        parse(flat(101).as_bytes(), &limits),
        Err(XmlError::TooManyElements)
    );
    refused(&flat(65_537), XmlError::TooManyElements);
    // An attribute costs as much.
    refused(
        &format!("<a>{}</a>", "<b c='' d='' e=''/>".repeat(16_384)),
        XmlError::TooManyElements,
    );
}

#[test]
fn size_is_bounded_and_the_bound_can_be_moved() {
    let text = format!("<a>{}</a>", "x".repeat(MAX_BYTES));
    refused(&text, XmlError::TooLarge);
    let limits = Limits {
        max_bytes: 2 * MAX_BYTES,
        ..Limits::default()
    };
    assert_eq!(
        parse(text.as_bytes(), &limits).unwrap().root.text.len(),
        MAX_BYTES
    );
}

#[test]
fn a_message_of_thousands_of_parameters_passes() {
    let one = "<ParameterValueStruct><Name>Device.IP.Interface.1.IPv4Address.1.X_PARAMETER_NAME</Name>\
               <Value xsi:type='xsd:string'>a value</Value></ParameterValueStruct>";
    let text = format!("<r xmlns:xsi='i'>{}</r>", one.repeat(6000));
    let document = read(text).unwrap();
    assert!(document.strict && document.root.children.len() == 6000);
}

#[test]
fn errors_are_short_lines_whatever_the_document_says() {
    let name = format!("{}\u{85}\u{1b}[31m", "x".repeat(200));
    let why = read(format!("<{name}\u{202e}></b>"))
        .unwrap_err()
        .to_string();
    assert!(
        why.starts_with("the document is not XML: ") && why.len() < 200,
        "{why}"
    );
    assert!(
        why.is_ascii() && !why.contains(|c: char| c.is_control()),
        "{why}"
    );
    let label = format!("{}\u{1b}[31m", "x".repeat(150));
    let why = read(format!("<?xml version='1.0' encoding='{label}'?><a>é</a>"))
        .unwrap_err()
        .to_string();
    assert!(
        why.contains("is not supported") && why.len() < 200 && why.is_ascii(),
        "{why}"
    );
}

#[test]
fn elements_set_nothing_aside() {
    fn check(element: &Element) {
        assert_eq!(element.children.capacity(), element.children.len());
        assert_eq!(element.text.capacity(), element.text.len());
        element.children.iter().for_each(check);
    }
    let text = "<a>x<b><c/></b>yz<b>1<c/>2<c/>3<c/>4</b></a>";
    check(&read(text).unwrap().root);
    check(
        &parse_tolerant(text.as_bytes(), &Limits::default())
            .unwrap()
            .root,
    );
}
