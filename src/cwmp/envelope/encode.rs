//! From a message to bytes. Prefixes are always the same ones: ACSes compare some of them as text.

use super::SOAP;
use crate::cwmp::fault::shorten;
use crate::cwmp::version::Namespace;
use crate::datamodel::Type;
use crate::wire::data::{Data, Entry};
use crate::wire::payload::Payload;
use crate::wire::xml::Writer;
use std::convert::Infallible;

/// Most arguments of a RequestDownload (TR-069 A.4.2.2).
const MAX_FILE_TYPE_ARGS: usize = 16;

/// A header entry of the CWMP namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderEntry<'a> {
    /// Local name.
    pub name: &'a str,
    /// The attribute mustUnderstand.
    pub must_understand: bool,
    /// Its text.
    pub value: &'a str,
}

impl<'a> HeaderEntry<'a> {
    /// The ID of a message.
    pub fn id(value: &'a str) -> Self {
        HeaderEntry {
            name: "ID",
            must_understand: true,
            value,
        }
    }
}

/// Opens an envelope with those header entries, as far as its body.
pub fn open_envelope(out: &mut Writer, namespace: Namespace, headers: &[HeaderEntry<'_>]) {
    out.declaration();
    out.open("soap-env:Envelope");
    out.attribute("xmlns:soap-env", SOAP);
    out.attribute(
        "xmlns:soap-enc",
        "http://schemas.xmlsoap.org/soap/encoding/",
    );
    out.attribute("xmlns:xsd", "http://www.w3.org/2001/XMLSchema");
    out.attribute("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
    out.attribute("xmlns:cwmp", &namespace.to_string());
    if !headers.is_empty() {
        out.open("soap-env:Header");
        for header in headers {
            let tag = format!("cwmp:{}", header.name);
            out.open(&tag);
            out.attribute(
                "soap-env:mustUnderstand",
                if header.must_understand { "1" } else { "0" },
            );
            out.text(header.value);
            out.close(&tag);
        }
        out.close("soap-env:Header");
    }
    out.open("soap-env:Body");
}

/// Closes the body and the envelope.
pub fn close_envelope(out: &mut Writer) {
    out.close("soap-env:Body");
    out.close("soap-env:Envelope");
}

/// An envelope with a body that cannot be refused and is not large.
pub fn message(
    namespace: Namespace,
    headers: &[HeaderEntry<'_>],
    body: impl FnOnce(&mut Writer),
) -> Payload {
    let mut out = Writer::new();
    open_envelope(&mut out, namespace, headers);
    body(&mut out);
    close_envelope(&mut out);
    // Without a limit it is never too large.
    out.finish().unwrap_or_default()
}

/// An array: `tag` with the `arrayType` of its items (`xsd:string`, `cwmp:EventStruct`), and the items that `items`
/// writes and counts.
pub fn array<E>(
    out: &mut Writer,
    tag: &str,
    item_type: &str,
    items: impl FnOnce(&mut Writer) -> Result<u32, E>,
) -> Result<(), E> {
    out.open(tag);
    let count = out.array_type("soap-enc:arrayType", item_type);
    let written = items(out)?;
    out.close(tag);
    out.set_count(count, written);
    Ok(())
}

/// An array of strings.
pub fn string_array<'a>(out: &mut Writer, tag: &str, items: impl IntoIterator<Item = &'a str>) {
    let Ok(()) = array::<Infallible>(out, tag, "xsd:string", |out| {
        let mut written = 0;
        for item in items {
            out.leaf("string", item);
            written += 1;
        }
        Ok(written)
    });
}

/// Arguments as the fields of a struct name them: an object is a structure, a list is an element of that name for each
/// item. What is null is left out, and what has no name of TR-069: those begin in upper case.
pub fn arguments(out: &mut Writer, fields: Data<'_>) {
    let Data::Map(fields) = fields else { return };
    for Entry { key, value, .. } in fields {
        let structure = |out: &mut Writer, tag: &str, fields| {
            out.open(tag);
            arguments(out, fields);
            out.close(tag);
        };
        match value {
            Data::Null => {}
            _ if key.starts_with(|c: char| c.is_ascii_lowercase()) => {}
            // The only list that is an array.
            Data::List(items) if key == "FileTypeArg" => {
                let Ok(()) = array::<Infallible>(out, &key, "cwmp:ArgStruct", |out| {
                    let mut written = 0;
                    for item in items.into_iter().take(MAX_FILE_TYPE_ARGS) {
                        structure(out, "ArgStruct", item);
                        written += 1;
                    }
                    Ok(written)
                });
            }
            Data::List(items) => items
                .into_iter()
                .for_each(|item| structure(out, &key, item)),
            Data::Map(_) => structure(out, &key, value),
            Data::Boolean(value) => out.leaf(&key, if value { "1" } else { "0" }),
            value => {
                let text = value.plain().unwrap_or_default();
                match &*key {
                    "FaultString" => out.leaf(&key, &shorten(&text)),
                    _ => out.leaf(&key, &text),
                }
            }
        }
    }
}

/// One `ParameterValueStruct`.
pub fn parameter_value(out: &mut Writer, name: &str, ty: Type, value: &str) {
    // Only these may be empty; an empty text of another type (a hidden number, say) is written as a string.
    let may_be_empty = matches!(ty, Type::String | Type::Base64 | Type::HexBinary);
    let ty = if value.is_empty() && !may_be_empty {
        Type::String
    } else {
        ty
    };
    out.open("ParameterValueStruct");
    out.leaf("Name", name);
    out.open("Value");
    // TR-069 3.5: always with its type. ACSes compare the whole text, prefix and all.
    out.attribute("xsi:type", xsi_type(ty));
    out.text(value);
    out.close("Value");
    out.close("ParameterValueStruct");
}

fn xsi_type(ty: Type) -> &'static str {
    match ty {
        Type::String => "xsd:string",
        Type::Int => "xsd:int",
        Type::Long => "xsd:long",
        Type::UnsignedInt => "xsd:unsignedInt",
        Type::UnsignedLong => "xsd:unsignedLong",
        Type::Boolean => "xsd:boolean",
        Type::DateTime => "xsd:dateTime",
        Type::Base64 => "xsd:base64Binary",
        Type::HexBinary => "xsd:hexBinary",
        Type::Decimal => "xsd:decimal",
    }
}
