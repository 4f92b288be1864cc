//! What stands in for TLS in a build without it: an https URL is an error in words.

use std::convert::Infallible;
use std::io;

use super::{ConfigError, Options, Received, Trouble};
use crate::net::http::Stream;

/// Refuses every connection.
pub struct Client(Options);

impl Client {
    /// A client with these options, which nothing will use.
    pub fn new(options: Options) -> Self {
        Self(options)
    }

    /// The options.
    pub fn options(&self) -> &Options {
        &self.0
    }

    /// Fails.
    pub fn check(&mut self) -> Result<(), ConfigError> {
        Err(ConfigError::NotBuilt)
    }

    /// Fails.
    pub fn connect(&mut self, _host: &str) -> Result<Session, ConfigError> {
        Err(ConfigError::NotBuilt)
    }
}

/// A connection that does not exist.
pub struct Session(Infallible);

impl Session {
    /// Never called.
    pub fn is_handshaking(&self) -> bool {
        match self.0 {}
    }

    /// Never called.
    pub fn is_flushed(&self) -> bool {
        match self.0 {}
    }

    /// Never called.
    pub fn read(
        &mut self,
        _: &mut dyn Stream,
        _: &mut [u8],
        _: &mut usize,
    ) -> Result<Received, Trouble> {
        match self.0 {}
    }

    /// Never called.
    pub fn write(
        &mut self,
        _: &mut dyn Stream,
        _: (&[u8], &[u8]),
        _: &mut usize,
    ) -> io::Result<usize> {
        match self.0 {}
    }

    /// Never called.
    pub fn close(&mut self, _: &mut dyn Stream) {
        match self.0 {}
    }
}
