//! XML documents, and the lexical forms of XML Schema.

use cwmpd::wire::{xml, xsd};

/// The gate and both readers: the result keeps the limits, and where both readers succeed they agree.
pub fn xml(data: &[u8]) {
    let limits = xml::Limits::default();
    let tolerant = xml::parse_tolerant(data, &limits);
    match xml::parse(data, &limits) {
        Ok(document) => {
            let elements = within(&document.root, &limits, 1);
            assert!(elements <= limits.max_elements);
            let tolerant = tolerant.expect("the tolerant reader accepts what the strict one does");
            alike(&document.root, &tolerant.root);
        }
        Err(why) => {
            assert!(
                tolerant.is_err(),
                "refused although the tolerant reader accepts it"
            );
            assert!(why.to_string().len() < 256, "a reason is one short line");
        }
    }
}

/// Checks the limits of an element and its children; their number.
fn within(element: &xml::Element, limits: &xml::Limits, depth: usize) -> usize {
    assert!(depth <= limits.max_depth && element.attributes.len() <= limits.max_attributes_per_tag);
    assert!(!element.name.is_empty() && !element.name.contains(':'));
    1 + element
        .children
        .iter()
        .map(|child| within(child, limits, depth + 1))
        .sum::<usize>()
}

/// Checks that both readers have seen the same names, texts and attributes.
fn alike(strict: &xml::Element, tolerant: &xml::Element) {
    assert_eq!(
        (&strict.name, &strict.text),
        (&tolerant.name, &tolerant.text)
    );
    let pairs = |e: &xml::Element| -> Vec<(String, String)> {
        e.attributes
            .iter()
            .map(|a| (a.name.clone(), a.value.clone()))
            .collect()
    };
    assert_eq!(pairs(strict), pairs(tolerant));
    assert_eq!(strict.children.len(), tolerant.children.len());
    strict
        .children
        .iter()
        .zip(&tolerant.children)
        .for_each(|(s, t)| alike(s, t));
}

/// Every lexical form: a dateTime that can be read is written so that it reads the same.
pub fn xsd(data: &[u8]) {
    let text = super::text(data);
    if let Some(time) = xsd::DateTime::parse(&text) {
        assert_eq!(xsd::DateTime::parse(&time.to_string()), Some(time));
        let _ = (time.unix_seconds(), time.is_unknown(), time.microseconds());
    }
    let _ = (xsd::boolean(&text), xsd::decimal(&text));
    let _ = (xsd::base64(&text), xsd::hex_binary(&text));
    if let Some(n) = xsd::int(&text) {
        assert_eq!(xsd::long(&text), Some(n.into()));
    }
    if let Some(n) = xsd::unsigned_int(&text) {
        assert_eq!(xsd::unsigned_long(&text), Some(n.into()));
    }
}
