//! The sample envelopes: what each one is as XML. What it means is for the layers above.

use std::path::Path;

use super::*;

/// What becomes of a document.
#[derive(Debug, PartialEq)]
enum Outcome {
    Strict,
    Tolerant,
    Refused(XmlError),
}
use Outcome::Strict;

fn outcome(bytes: &[u8]) -> Outcome {
    match read(bytes) {
        Ok(document) if document.strict => Outcome::Strict,
        Ok(_) => Outcome::Tolerant,
        // Where and what exactly is not this test's matter.
        Err(XmlError::Syntax(_)) => Outcome::Refused(XmlError::Syntax(String::new())),
        Err(why) => Outcome::Refused(why),
    }
}

/// What is decided for a sample. Of the regular (`a`, `c`) and the awkward but well-formed ones nothing is refused.
fn decided(name: &str) -> Option<Outcome> {
    let syntax = || Outcome::Refused(XmlError::Syntax(String::new()));
    Some(match name.split(['-', '.']).next()? {
        // Well-formed, every prefix declared; what is wrong with them is CWMP's matter.
        "l01" | "l02" | "l04" | "l06" | "l07" | "l08" | "l10" | "l11" | "l15" | "l16" | "l17"
        | "l18" | "l20" | "l21" | "l23" | "l24" | "l25" => Strict,
        // UTF-16 with a byte order mark, ISO-8859-1 declared: transcoded first.
        "l13" | "l14" => Strict,
        "t01" | "t03" | "t04" | "t06" | "t07" | "t09" | "t10" | "t12" | "t13" | "t15" | "t16"
        | "t18" | "t19" => Strict,
        "x01" | "x03" | "x05" | "x10" | "x11" | "x13" | "x14" => Strict,
        // It ends inside a tag.
        "x06" => syntax(),
        // Entity expansion, an external entity, and a web page: all announce themselves by a DOCTYPE.
        "x07" | "x08" | "x17" => Outcome::Refused(XmlError::Doctype),
        family if family.starts_with(['a', 'c']) => Strict,
        // Broken for a validator only.
        "v" => Strict,
        _ => return None,
    })
}

#[test]
fn every_sample_has_its_outcome() {
    // SO-20 SO-21 SO-24 SO-26 SO-32
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance/samples");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("{} is absent: nothing compared", folder.display());
        return;
    };
    let mut seen = 0;
    for entry in entries {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        assert_eq!(Some(outcome(&bytes)), decided(&name), "{name}");
        seen += 1;
    }
    assert!(seen >= 120, "only {seen} samples in {}", folder.display());
}

/// An envelope around a body, as the samples have it.
fn envelope(declaration: &str, body: &str) -> String {
    format!(
        "{declaration}<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:cwmp=\"urn:dslforum-org:cwmp-1-2\">\n  \
         <soapenv:Header><cwmp:ID soapenv:mustUnderstand=\"1\">7</cwmp:ID></soapenv:Header>\n  \
         <soapenv:Body>{body}</soapenv:Body>\n</soapenv:Envelope>"
    )
}

/// One SetParameterValues with that value.
fn set_value(declaration: &str, value: &str) -> String {
    let list = format!(
        "<cwmp:SetParameterValues><ParameterList soapenc:arrayType=\"cwmp:ParameterValueStruct[1]\">\
         <ParameterValueStruct><Name>Device.DeviceInfo.ProvisioningCode</Name>{value}</ParameterValueStruct>\
         </ParameterList><ParameterKey/></cwmp:SetParameterValues>"
    );
    envelope(declaration, &list)
}

const UTF_8: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

#[test]
fn values_of_the_awkward_samples() {
    let value = |value: &str| {
        let document = read(set_value(UTF_8, value)).unwrap();
        assert!(document.strict);
        text_of(&document, "Value")
    };
    // l04 l11 l24
    assert_eq!(
        value("<Value xsi:type=\"xsd:string\"><![CDATA[a<b&c ]]]]><![CDATA[> d]]></Value>"),
        "a<b&c ]]> d"
    );
    assert_eq!(
        value("<Value xsi:type=\"xsd:string\">t&#9;n&#xA;&#8364;&#x1F600;</Value>"),
        "t\tn\n\u{20AC}\u{1F600}"
    );
    assert_eq!(value("<Value xsi:type=\"xsd:string\"/>"), "");
    // t15
    assert_eq!(
        value("<Value xsi:nil=\"true\" xsi:type=\"xsd:string\"/>"),
        ""
    );
}

#[test]
fn transcoded_samples() {
    // l13 l14
    let text = set_value(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n",
        "<Value>café</Value>",
    );
    let bytes: Vec<u8> = [0xFEFF]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(text_of(&read(bytes).unwrap(), "Value"), "café");
    let text = set_value(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n",
        "<Value>café</Value>",
    );
    let bytes: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    assert_eq!(text_of(&read(bytes).unwrap(), "Value"), "café");
}

#[test]
fn unusual_prefixes_and_a_default_namespace() {
    // l01 l02 t01
    let envelope = "http://schemas.xmlsoap.org/soap/envelope/";
    let cwmp = "urn:dslforum-org:cwmp-1-2";
    for text in [
        format!(
            "<?xml version='1.0'?>\n<S:Envelope xmlns:S='{envelope}' xmlns:cwmp_2='{cwmp}'><S:Body><cwmp_2:M/></S:Body></S:Envelope>"
        ),
        format!(
            "<Envelope xmlns='{envelope}' xmlns:cwmp='{cwmp}'><Body><cwmp:M/></Body></Envelope>"
        ),
        format!(
            "<e:Envelope xmlns:e='{envelope}'><e:Body><M xmlns='{cwmp}'/></e:Body></e:Envelope>"
        ),
    ] {
        let root = read(text).unwrap().root;
        let body = root.child("Body").unwrap();
        assert_eq!(
            (root.namespace.as_deref(), body.namespace.as_deref()),
            (Some(envelope), Some(envelope))
        );
        assert_eq!(body.child("M").unwrap().namespace.as_deref(), Some(cwmp));
    }
}

#[test]
fn padded_text_is_kept() {
    // t12 t13
    let document = read(envelope(
        "",
        "<cwmp:M><string>\n      Device.\n    </string></cwmp:M>",
    ))
    .unwrap();
    assert_eq!(text_of(&document, "string"), "\n      Device.\n    ");
}

#[test]
fn refused_samples() {
    // x06 x07 x08 x17
    let truncated = envelope(UTF_8, "<cwmp:GetRPCMethods/");
    let truncated = &truncated[..truncated.find("RPCMethods").unwrap()];
    assert!(matches!(
        outcome(truncated.as_bytes()),
        Outcome::Refused(XmlError::Syntax(_))
    ));
    let bomb =
        "<!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>\n";
    let external = "<!DOCTYPE l [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>\n";
    for doctype in [bomb, external] {
        let text = envelope(
            &format!("<?xml version=\"1.0\"?>\n{doctype}"),
            "<cwmp:M>&a;</cwmp:M>",
        );
        assert_eq!(
            outcome(text.as_bytes()),
            Outcome::Refused(XmlError::Doctype)
        );
    }
    let page =
        "<!DOCTYPE html><html><head><title>Login</title></head><body><p>hi<br></body></html>";
    assert_eq!(
        outcome(page.as_bytes()),
        Outcome::Refused(XmlError::Doctype)
    );
}
