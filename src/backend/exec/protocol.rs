//! The lines that go over the pipe: what we ask, what the program may say.

use crate::backend::declared::Declared;
use crate::datamodel::path::MAX_PATH;
use crate::datamodel::{Code, Fault, ParameterFault};
use crate::wire::data::{Data, FromData, Plain, ToData, record};
use crate::wire::json;

/// Faults of one answer whose words are told together.
const MAX_FAULTS: usize = 8;
/// Faults of one answer that are told by parameter.
const MAX_PARAMETER_FAULTS: usize = 1000;
/// Characters of a fault's words that are passed on to the ACS.
const MAX_FAULT_TEXT: usize = 256;

/// A line to the program. The order of the keys is part of the protocol: a shell script may match on the text.
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
    pub fn line(&self) -> Vec<u8> {
        let request = match self {
            Request::Get { id, get, values } => {
                let get: Vec<Data<'_>> = get.iter().map(String::data).collect();
                Data::in_order([
                    ("id", (*id).into()),
                    ("get", get.into()),
                    ("values", (*values).into()),
                ])
            }
            Request::Apply { id, apply } => {
                let apply: Vec<Data<'_>> = apply.iter().map(Operation::data).collect();
                Data::in_order([("id", (*id).into()), ("apply", apply.into())])
            }
        };
        let mut line = json::text(&request);
        line.push('\n');
        line.into_bytes()
    }
}

impl Operation {
    fn data(&self) -> Data<'_> {
        match self {
            Operation::Set { set, value } => {
                Data::in_order([("set", set.data()), ("value", value.data())])
            }
            Operation::Add { add, alias: None } => Data::in_order([("add", add.data())]),
            Operation::Add { add, alias } => {
                Data::in_order([("add", add.data()), ("alias", alias.data())])
            }
            Operation::Delete { delete } => Data::in_order([("delete", delete.data())]),
        }
    }
}

/// A line from the program. Keys that are not known are ignored.
#[derive(Default)]
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

record!(read Line {
    id,
    objects,
    parameters,
    ok,
    later,
    instances,
    faults,
    changed,
});

/// An object as the program lists it.
#[derive(Default)]
pub struct Object {
    /// With its final dot.
    pub path: String,
    /// A multi-instance object.
    pub table: bool,
    /// Instances can be added (table) or it can be deleted (instance).
    pub writable: bool,
    /// The number of the next instance (table).
    pub next: Option<u32>,
}

record!(read Object { path, table, writable, next } requires ["path"]);

/// A parameter as the program lists it.
#[derive(Default)]
pub struct Parameter {
    /// Its full name.
    pub path: String,
    /// Its value: as a string, or as JSON has it.
    pub value: Option<Plain>,
    /// What else is said of it.
    pub(in crate::backend) declared: Declared,
}

record!(read Parameter { path, value, ..declared } requires ["path"]);

/// A refusal by the program.
#[derive(Default)]
pub struct ProgramFault {
    /// A CWMP fault code, 9000 to 9899.
    pub code: u16,
    /// What was refused.
    pub path: String,
    /// Why.
    pub text: String,
}

record!(read ProgramFault { code, path, text } requires ["code"]);

impl Line {
    /// Reads a line.
    pub fn parse(line: &[u8]) -> Result<Line, String> {
        // Names from the air (SSIDs, host names) are bytes: what is not UTF-8 in them must not hide all the rest.
        let text = String::from_utf8_lossy(line);
        let mut line = Line::default();
        // Where text breaks the form is worth more than the words, which may quote a value.
        json::parse(&text)
            .and_then(|data| line.read(data))
            .map_err(|wrong| match wrong.column {
                0 => format!("a line that is not of the protocol ({})", wrong.text),
                column => format!("a line that is not of the protocol (column {column})"),
            })?;
        Ok(line)
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
