//! Faults on the wire: those that come from the other side, and those that we answer with (TR-069 3.5, A.5).

pub use crate::datamodel::ParameterFault;
use crate::datamodel::{Code, Fault};
use crate::wire::xml::{Element, Writer};
use std::fmt;

/// Longest FaultString that we send, and that we keep of a received one, in characters. The schema sets no limit,
/// but an ACS stores these, and a parameter name with its reason fits well.
const MAX_FAULT_STRING: usize = 256;

/// Most SetParameterValuesFault entries in one answer: a request may be wrong in every one of 100,000 parameters.
const MAX_PARAMETER_FAULTS: usize = 1000;

/// ACS fault code for "send that request again" (TR-069 3.7.1.6).
const RETRY_REQUEST: u16 = 8005;

/// A SOAP fault that was received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoapFault {
    /// `Client`, `Server`, … without its prefix.
    pub faultcode: String,
    /// `CWMP fault`, or what the SOAP layer of the other side says.
    pub faultstring: String,
    /// FaultCode of the CWMP fault in the detail, if there is one.
    pub code: Option<u16>,
    /// FaultString of the CWMP fault.
    pub text: String,
    /// SetParameterValuesFault entries (only in a CPE's fault).
    pub parameters: Vec<ParameterFault>,
}

impl SoapFault {
    /// Reads a `Fault` element. Nothing in it is mandatory: what cannot be read stays empty.
    pub(crate) fn decode(fault: &Element) -> Self {
        let text = |parent: Option<&Element>, name: &str| {
            let text = parent
                .and_then(|parent| parent.child_text(name))
                .unwrap_or_default();
            shorten(text.trim())
        };
        let code = |parent: Option<&Element>| text(parent, "FaultCode").parse::<u16>().ok();
        let faultcode = text(Some(fault), "faultcode");
        let cwmp = fault
            .child("detail")
            .and_then(|detail| detail.child("Fault"));
        let entries = cwmp
            .map(|cwmp| cwmp.children.as_slice())
            .unwrap_or_default();
        let entries = entries
            .iter()
            .filter(|child| child.name == "SetParameterValuesFault");
        SoapFault {
            faultcode: faultcode.rsplit(':').next().unwrap_or_default().to_owned(),
            faultstring: text(Some(fault), "faultstring"),
            code: code(cwmp),
            text: text(cwmp, "FaultString"),
            parameters: entries
                .take(MAX_PARAMETER_FAULTS)
                .map(|entry| ParameterFault {
                    name: text(Some(entry), "ParameterName"),
                    code: Code(code(Some(entry)).unwrap_or_default()),
                    text: text(Some(entry), "FaultString"),
                })
                .collect(),
        }
    }

    /// 8005: the same request is to be sent again.
    pub fn is_retry_request(&self) -> bool {
        self.code == Some(RETRY_REQUEST)
    }
}

impl fmt::Display for SoapFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "fault {code} {:?}", self.text),
            None => write!(f, "soap fault {:?} {:?}", self.faultcode, self.faultstring),
        }
    }
}

/// Why a request of the ACS is refused: the fault, and for SetParameterValues what was wrong with which parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) fault: Fault,
    pub(crate) parameters: Vec<ParameterFault>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal {
            fault,
            parameters: Vec::new(),
        }
    }
}

impl Refusal {
    /// Writes the body of the answer (TR-069 3.5: faultcode Client or Server, faultstring `CWMP fault`).
    pub(crate) fn encode(&self, out: &mut Writer) {
        out.open("soap-env:Fault");
        out.leaf("faultcode", self.fault.code.faultcode());
        out.leaf("faultstring", "CWMP fault");
        out.open("detail");
        out.open("cwmp:Fault");
        encode_code(out, self.fault.code, &self.fault.text);
        for parameter in self.parameters.iter().take(MAX_PARAMETER_FAULTS) {
            out.open("SetParameterValuesFault");
            out.leaf("ParameterName", &shorten(&parameter.name));
            encode_code(out, parameter.code, &parameter.text);
            out.close("SetParameterValuesFault");
        }
        out.close("cwmp:Fault");
        out.close("detail");
        out.close("soap-env:Fault");
    }
}

fn encode_code(out: &mut Writer, code: Code, text: &str) {
    out.leaf("FaultCode", &code.0.to_string());
    out.leaf("FaultString", &shorten(text));
}

/// Writes the fault for a header that must be understood and is not (SOAP 1.1 4.4). It has no detail: that would
/// say that the body was processed.
pub(crate) fn encode_must_understand(out: &mut Writer, header: &str) {
    out.open("soap-env:Fault");
    out.leaf("faultcode", "soap-env:MustUnderstand");
    out.leaf(
        "faultstring",
        &shorten(&format!("header not understood: {header}")),
    );
    out.close("soap-env:Fault");
}

/// The beginning of a FaultString that is too long.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(MAX_FAULT_STRING).collect()
}
