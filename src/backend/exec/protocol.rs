//! The lines that go over the pipe: what we ask, what the program may say.

use serde::{Deserialize, Serialize};

use crate::datamodel::path::MAX_PATH;
use crate::datamodel::{Code, Fault, ParameterFault};

/// Faults of one answer whose words are told together.
const MAX_FAULTS: usize = 8;
/// Faults of one answer that are told by parameter.
const MAX_PARAMETER_FAULTS: usize = 1000;
/// Characters of a fault's words that are passed on to the ACS.
const MAX_FAULT_TEXT: usize = 256;

/// A line to the program. The order of the keys is part of the protocol: a shell script may match on the text.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Request<'a> {
    /// What lies at or below these paths?
    Get {
        /// Names this request in the answer.
        id: u64,
        /// Parameters, or objects with their final dot.
        get: &'a [String],
        /// Whether values are wanted.
        values: bool,
    },
    /// Do all of this or nothing.
    Apply {
        /// Names this request in the answer.
        id: u64,
        /// In this order.
        apply: &'a [Operation],
    },
}

/// One step of a transaction.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Operation {
    /// Write a parameter.
    Set {
        /// Its full name.
        set: String,
        /// Canonical text.
        value: String,
    },
    /// Make an instance.
    Add {
        /// The table, with its final dot; the instance, where the program has said the table's next number.
        add: String,
        /// The alias that the new instance shall have.
        #[serde(skip_serializing_if = "Option::is_none")]
        alias: Option<String>,
    },
    /// Remove an instance.
    Delete {
        /// The instance, with its final dot.
        delete: String,
    },
}

impl Request<'_> {
    /// The line, with its end.
    pub fn line(&self) -> Result<Vec<u8>, Fault> {
        let mut line = serde_json::to_vec(self)
            .map_err(|error| Fault::internal(format!("request to program: {error}")))?;
        line.push(b'\n');
        Ok(line)
    }
}

/// A line from the program. Keys that are not known are ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Line {
    /// The request that this answers.
    pub id: Option<u64>,
    /// To `get`: objects.
    pub objects: Vec<Object>,
    /// To `get`: parameters.
    pub parameters: Option<Vec<Parameter>>,
    /// To `apply`: done.
    pub ok: bool,
    /// To `apply`: in force only after the session or a reboot.
    pub later: bool,
    /// To `apply`: the numbers of the new instances, in order.
    pub instances: Vec<u32>,
    /// To both: refused.
    pub faults: Vec<ProgramFault>,
    /// Unasked: these parameters have new values.
    pub changed: Option<Vec<String>>,
}

/// An object as the program lists it.
#[derive(Deserialize)]
pub struct Object {
    /// With its final dot.
    pub path: String,
    /// A multi-instance object.
    #[serde(default)]
    pub table: bool,
    /// Instances can be added (table) or it can be deleted (instance).
    #[serde(default)]
    pub writable: bool,
    /// The number of the next instance (table).
    pub next: Option<u32>,
}

/// A parameter as the program lists it.
#[derive(Deserialize)]
pub struct Parameter {
    /// Its full name.
    pub path: String,
    /// An XSD name or a named data type of TR-106; `string` if absent. Of a list: of its items.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// Its value.
    pub value: Option<Scalar>,
    /// SetParameterValues is allowed.
    #[serde(default)]
    pub writable: bool,
    /// Least number or length; of a list: of each item.
    pub min: Option<i64>,
    /// Greatest number or length; of a list: of each item.
    pub max: Option<u64>,
    /// Number or length lies in one of these: `1..5`.
    #[serde(default)]
    pub ranges: Vec<String>,
    /// Allowed values; of a list: of each item.
    #[serde(default)]
    pub values: Vec<String>,
    /// Also values of the vendor's own.
    #[serde(default)]
    pub extendable: bool,
    /// A comma-separated list.
    #[serde(default)]
    pub list: bool,
    /// How many items a list may have: `0..8`.
    pub items: Option<String>,
    /// Greatest length of a whole list.
    pub length: Option<u64>,
    /// Holds the path of an object or parameter.
    #[serde(default)]
    pub reference: bool,
    /// TR-106 `activeNotify`: `normal`, `forceEnabled`, `forceDefaultEnabled`, `canDeny`.
    pub notify: Option<String>,
    /// Reads as empty.
    #[serde(default)]
    pub hidden: bool,
    /// In every Inform.
    #[serde(default)]
    pub forced_inform: bool,
}

/// A value: as a string, or as JSON has it.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `"text"`
    Text(String),
    /// `true`
    Boolean(bool),
    /// `-3` or `2.5`
    Number(serde_json::Number),
}

impl Scalar {
    /// As CWMP writes it.
    pub fn into_text(self) -> String {
        match self {
            Scalar::Text(text) => text,
            Scalar::Boolean(value) => value.to_string(),
            Scalar::Number(number) => number.to_string(),
        }
    }
}

/// A refusal by the program.
#[derive(Deserialize)]
pub struct ProgramFault {
    /// A CWMP fault code, 9000 to 9899.
    pub code: u16,
    /// What was refused.
    #[serde(default)]
    pub path: String,
    /// Why.
    #[serde(default)]
    pub text: String,
}

impl Line {
    /// Reads a line.
    pub fn parse(line: &[u8]) -> Result<Line, String> {
        // serde would take a list for the fields in their order.
        if !line.starts_with(b"{") {
            return Err("a line that is not of the protocol (no JSON object)".to_owned());
        }
        // Names from the air (SSIDs, host names) are bytes: what is not UTF-8 in them must not hide all the rest.
        let line = String::from_utf8_lossy(line);
        // Its position is worth more than its words, which may quote a value.
        serde_json::from_str(&line).map_err(|error| {
            format!(
                "a line that is not of the protocol (column {})",
                error.column()
            )
        })
    }

    /// The refusal, if it is one: the first one's code, the words of all; those with a path are of that parameter.
    pub fn fault(&self) -> Option<Fault> {
        let first = self.faults.first()?;
        let code = if (9000..=9899).contains(&first.code) {
            Code(first.code)
        } else {
            Code::INTERNAL_ERROR
        };
        let words = self.faults.iter().take(MAX_FAULTS).map(ProgramFault::words);
        let mut fault = Fault::new(code, words.collect::<Vec<_>>().join("; "));
        if self.faults.iter().all(|fault| !fault.path.is_empty()) {
            let parameters = self.faults.iter().take(MAX_PARAMETER_FAULTS);
            fault.parameters = parameters.map(ProgramFault::of_parameter).collect();
        }
        Some(fault)
    }
}

impl ProgramFault {
    fn of_parameter(&self) -> ParameterFault {
        ParameterFault {
            name: self.path.chars().take(MAX_PATH).collect(),
            code: Code(self.code),
            text: self.words(),
        }
    }

    fn words(&self) -> String {
        let text = match (self.path.as_str(), self.text.as_str()) {
            ("", "") => "the program refused".to_owned(),
            ("", text) => text.to_owned(),
            (path, "") => format!("{path}: the program refused"),
            (path, text) => format!("{path}: {text}"),
        };
        text.chars()
            .take(MAX_FAULT_TEXT)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect()
    }
}
