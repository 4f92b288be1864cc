//! What the two readers make of documents.

use super::*;

fn strict(text: &str) -> Document {
    let document = read(text).unwrap();
    assert!(document.strict, "{text}");
    let tolerant = parse_tolerant(text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(tolerant.root, without_namespaces(&document.root));
    document
}

fn tolerant(text: &str) -> Document {
    let document = read(text).unwrap();
    assert!(!document.strict, "{text}");
    document
}

fn refused(text: &str) {
    let outcome = read(text);
    assert!(
        matches!(outcome, Err(XmlError::Syntax(_))),
        "{outcome:?} for {text:?}"
    );
}

#[test]
fn namespaces_and_local_names() {
    // SO-20
    let document = strict(
        "<S:Envelope xmlns:S='soap' xmlns='d' S:a='1' b='2'><Body><c:M xmlns:c='cwmp'><A xmlns=''>x</A></c:M></Body></S:Envelope>",
    );
    let root = &document.root;
    assert_eq!(
        (root.namespace.as_deref(), root.name.as_str()),
        (Some("soap"), "Envelope")
    );
    let attributes: Vec<_> = root
        .attributes
        .iter()
        .map(|a| (a.namespace.as_deref(), &*a.name, &*a.value))
        .collect();
    assert_eq!(attributes, [(Some("soap"), "a", "1"), (None, "b", "2")]);
    let body = root.child("Body").unwrap();
    assert_eq!(body.namespace.as_deref(), Some("d"));
    let method = body.child("M").unwrap();
    assert_eq!(method.namespace.as_deref(), Some("cwmp"));
    assert_eq!(
        (
            method.child("A").unwrap().namespace.as_deref(),
            method.child_text("A")
        ),
        (None, Some("x"))
    );
    assert_eq!(
        (root.attribute("b"), root.attribute("S:a"), root.child("M")),
        (Some("2"), None, None)
    );
}

#[test]
fn text_is_whole_and_untouched() {
    // SO-21 SO-22
    let text = |inside: &str| strict(&format!("<a>{inside}</a>")).root.text;
    assert_eq!(text("  a  b \t\n "), "  a  b \t\n ");
    assert_eq!(
        text("a<!-- x -->b<?pi x?>c<![CDATA[<d> & ]]]]><![CDATA[>]]>e<f/>g"),
        "abc<d> & ]]>eg"
    );
    assert_eq!(
        text("&lt;&gt;&amp;&quot;&apos;&#9;&#xA;&#13;&#8364;&#x1F600;"),
        "<>&\"'\t\n\r\u{20AC}\u{1F600}"
    );
    assert_eq!(text("a\r\nb\rc\n\rd<![CDATA[\r\n\r]]>"), "a\nb\nc\n\nd\n\n");
    assert_eq!(text("&#13;\n\r&amp;\r\n&#13;"), "\r\n\n&\n\r");
    assert_eq!(text("&amp;lt;"), "&lt;");
    assert_eq!(
        text("&#00000000000000000000000000000065;&#x110000;&#xD800;"),
        "A\u{FFFD}\u{FFFD}"
    );
    assert_eq!(text(""), "");
    assert_eq!(strict("<a/>").root, strict("<a></a>").root);
}

#[test]
fn attribute_values_are_normalised() {
    let value = |raw: &str| {
        strict(&format!("<a b={raw}/>")).root.attributes[0]
            .value
            .clone()
    };
    assert_eq!(value("\" a\tb\nc\rd\r\ne \""), " a b c d e ");
    assert_eq!(value("'\"&#10;&#9;&#13;&amp;&apos;>'"), "\"\n\t\r&'>");
    assert_eq!(value(" '' "), "");
}

#[test]
fn undeclared_prefixes() {
    let document = tolerant(
        "<soap:Envelope xmlns:soap='s'><soap:Header><cwmp:ID soap:mustUnderstand='1' x:y='&lt;'>7</cwmp:ID></soap:Header>\
         <soap:Body><Reboot><CommandKey/></Reboot></soap:Body></soap:Envelope>",
    );
    let id = find(&document.root, "ID").unwrap();
    assert_eq!(
        (
            id.text.as_str(),
            id.attribute("mustUnderstand"),
            id.attribute("y")
        ),
        ("7", Some("1"), Some("<"))
    );
    assert!(document.root.namespace.is_none() && document.root.attributes.is_empty());
    assert!(find(&document.root, "CommandKey").is_some());
}

#[test]
fn names_with_two_colons() {
    let document = tolerant(
        "<soap-env:Envelope xmlns:soap-env='s' xmlns:cwmp='c'><soap-env:Body><soap-env:Body:Fault><detail><cwmp:Fault>\
         <FaultCode>8000</FaultCode></cwmp:Fault></detail></soap-env:Body:Fault></soap-env:Body></soap-env:Envelope>",
    );
    let body = document.root.child("Body").unwrap();
    assert_eq!(body.children[0].name, "Fault");
    assert_eq!(text_of(&document, "FaultCode"), "8000");
}

#[test]
fn control_characters_bare_ampersands_and_wrong_references() {
    assert_eq!(tolerant("<a>x\u{1}y\0</a>").root.text, "x\u{1}y\0");
    assert_eq!(
        tolerant("<a b='R&D'>AT&T &amp; &nbsp; & &#; &#xZ; &#0; &#+9; &#99999999999; &#1;</a>")
            .root,
        Element {
            name: "a".into(),
            attributes: vec![Attribute {
                namespace: None,
                name: "b".into(),
                value: "R&D".into()
            }],
            text: "AT&T & &nbsp; & &#; &#xZ; &#0; &#+9; &#99999999999; \u{1}".into(),
            ..Element::default()
        }
    );
    assert_eq!(
        tolerant("<a>http://h/?a=1&b=2&lt=3;</a>").root.text,
        "http://h/?a=1&b=2&lt=3;"
    );
    assert_eq!(tolerant("<a>]]></a>").root.text, "]]>");
}

#[test]
fn a_declaration_out_of_place_and_doubled_attributes() {
    assert_eq!(
        tolerant("<!-- x --><?xml version='1.0'?><a>t</a>")
            .root
            .text,
        "t"
    );
    assert_eq!(tolerant("<a b='1' b='2'/>").root.attribute("b"), Some("1"));
    assert_eq!(tolerant("<a b='1'c='2'/>").root.attribute("c"), Some("2"));
}

#[test]
fn truncated_documents_are_refused_by_both() {
    // SO-32
    let whole = "<?xml version='1.0'?><a b='c'><!-- d --><e:f>g&amp;<![CDATA[h]]></e:f><i/></a>";
    assert!(read(whole).is_ok());
    for (cut, _) in whole.char_indices() {
        refused(&whole[..cut]);
    }
}

#[test]
fn what_is_not_xml_is_refused_by_both() {
    for text in [
        "",
        " \r\n",
        "hello",
        "{\"a\": 1}",
        "<html><head><title>Login</title></head><body><p>hi<br></body></html>",
        "<a></b>",
        "<a><b></a></b>",
        "<a:b></a:c>",
        "<>",
        "< a/>",
        "</a>",
        "<a:></a:>",
        "<a b></a>",
        "<a b=c></a>",
        "<a =''/>",
        "<a/ >",
        "<a b='c/>",
        "<1/>",
        "<a><?pi</a>",
        "<a>1 < 2</a>",
        "<a><![cdata[x]]></a>",
        "<!-- only a comment -->",
        "<?xml version='1.0'?>",
    ] {
        refused(text);
    }
}

#[test]
fn end_tags_match_by_local_name_when_read_tolerantly() {
    assert_eq!(tolerant("<a:Fault>x</Fault>").root.text, "x");
    assert_eq!(tolerant("<s:Body:Fault>x</s:Fault\n>").root.name, "Fault");
}
