//! CPE fault codes (TR-069 A.5.1) and the fault that carries one with the words for the operator.

use std::fmt;

/// A CPE fault code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u16);

impl Code {
    /// 9000
    pub const METHOD_NOT_SUPPORTED: Code = Code(9000);
    /// 9001
    pub const REQUEST_DENIED: Code = Code(9001);
    /// 9002
    pub const INTERNAL_ERROR: Code = Code(9002);
    /// 9003
    pub const INVALID_ARGUMENTS: Code = Code(9003);
    /// 9004
    pub const RESOURCES_EXCEEDED: Code = Code(9004);
    /// 9005
    pub const INVALID_PARAMETER_NAME: Code = Code(9005);
    /// 9006
    pub const INVALID_PARAMETER_TYPE: Code = Code(9006);
    /// 9007
    pub const INVALID_PARAMETER_VALUE: Code = Code(9007);
    /// 9008
    pub const NOT_WRITABLE: Code = Code(9008);
    /// 9009
    pub const NOTIFICATION_REJECTED: Code = Code(9009);
    /// 9013
    pub const UNSUPPORTED_PROTOCOL: Code = Code(9013);

    /// 9010
    pub const DOWNLOAD_FAILURE: Code = Code(9010);
    /// 9011
    pub const UPLOAD_FAILURE: Code = Code(9011);
    /// 9018
    pub const FILE_CORRUPTED: Code = Code(9018);
    /// 9019
    pub const FILE_AUTHENTICATION: Code = Code(9019);
    /// 9020
    pub const TIME_WINDOW: Code = Code(9020);
    /// 9021
    pub const CANCELLATION_NOT_PERMITTED: Code = Code(9021);

    /// `Client` for 9003 and 9005 to 9008 (and 9021), else `Server` (TR-069 table 57; checklist table F).
    pub fn faultcode(self) -> &'static str {
        match self.0 {
            9003 | 9005..=9008 | 9021 => "Client",
            _ => "Server",
        }
    }
}

/// A refusal: what the ACS (or the command line) is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code.
    pub code: Code,
    /// What, where and why, in words. Never a secret value.
    pub text: String,
    /// What is wrong with single parameters, where a transaction was refused because of some that it sets.
    pub parameters: Vec<ParameterFault>,
}

/// What is wrong with one parameter of those that were to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterFault {
    /// Full name, or as the request named it.
    pub name: String,
    /// 9001 or 9005 to 9008 when it is ours.
    pub code: Code,
    /// In words.
    pub text: String,
}

impl Fault {
    /// A fault with its words.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Fault {
            code,
            text: text.into(),
            parameters: Vec::new(),
        }
    }

    /// The refusal of a transaction for what is wrong with these parameters: code and words of the first.
    pub fn of_parameters(parameters: Vec<ParameterFault>) -> Self {
        let first = parameters.first();
        let code = first.map_or(Code::INTERNAL_ERROR, |first| first.code);
        let text = first.map(|first| first.text.clone()).unwrap_or_default();
        Fault {
            code,
            text,
            parameters,
        }
    }

    /// 9005 for `name`.
    pub fn invalid_name(name: &str) -> Self {
        Fault::new(
            Code::INVALID_PARAMETER_NAME,
            format!("no such parameter or object: {name:?}"),
        )
    }

    /// 9002 with a reason.
    pub fn internal(text: impl Into<String>) -> Self {
        Fault::new(Code::INTERNAL_ERROR, text)
    }

    /// 9003 with a reason.
    pub fn arguments(text: impl Into<String>) -> Self {
        Fault::new(Code::INVALID_ARGUMENTS, text)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault {}: {}", self.code.0, self.text)
    }
}

impl std::error::Error for Fault {}
