//! What a reply of the ACS is, before anyone asks what it means.

use super::Failure;
use crate::cwmp::envelope::{Body, Message, decode};

/// A reply.
pub(super) enum Reply {
    /// Nothing: 204, or a body of white space.
    Empty,
    /// A message, or a fault.
    Message(Message),
    /// Something that cannot be read.
    Failed(Failure),
}

impl Reply {
    pub(super) fn read(status: u16, body: &[u8]) -> Reply {
        let blank = body.iter().all(u8::is_ascii_whitespace);
        match status {
            204 => Reply::Empty,
            200..300 if blank => Reply::Empty,
            200..300 => decode(body).map_or_else(
                |error| Reply::Failed(Failure::InvalidSoap(error)),
                Reply::Message,
            ),
            // SOAP 1.1 6.2: a fault comes with status 500.
            _ => match decode(body) {
                Ok(
                    message @ Message {
                        body: Body::Fault(_),
                        ..
                    },
                ) => Reply::Message(message),
                _ => Reply::Failed(Failure::HttpStatus(status)),
            },
        }
    }
}
