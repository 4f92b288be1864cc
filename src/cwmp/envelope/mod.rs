//! SOAP envelopes (TR-069 3.5): reading what the other side sends, writing ours.

mod decode;
mod encode;

#[cfg(test)]
mod tests;

pub use decode::{Body, EnvelopeError, Header, Message, decode};
pub use encode::{
    HeaderEntry, arguments, array, close_envelope, message, open_envelope, parameter_value,
    string_array,
};

/// Namespace of SOAP 1.1.
pub const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
