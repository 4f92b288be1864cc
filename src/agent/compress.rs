//! Compression of what is sent (TR-069 3.4.7, HTTPCompression).

use super::config;
use crate::wire::http::{encode_gzip, encode_zlib};
use crate::wire::payload::Payload;

/// How envelopes are compressed, until the ACS refuses.
pub(super) struct Compression {
    configured: config::Compression,
    refused: bool,
}

impl Compression {
    pub(super) fn new(configured: config::Compression) -> Self {
        Compression {
            configured,
            refused: false,
        }
    }

    /// The ACS answered 415: plain from now on (CP-02), until the setting changes.
    pub(super) fn refuse(&mut self) {
        self.refused = true;
    }

    /// The `Content-Encoding`, and the body as it travels. An empty POST stays empty (HT-06).
    pub(super) fn encode(&self, body: Payload) -> (Option<&'static str>, Payload) {
        match self.configured {
            _ if self.refused || body.is_empty() => (None, body),
            config::Compression::Disabled => (None, body),
            config::Compression::Gzip => (Some("gzip"), encode_gzip(body)),
            config::Compression::Deflate => (Some("deflate"), encode_zlib(body)),
        }
    }
}
