//! Plain data: JSON, and the TOML of state files and profiles.

use cwmpd::agent::state::State;
use cwmpd::backend::profile::Template;
use cwmpd::wire::data::{Data, ToData};
use cwmpd::wire::{json, toml};

use super::text;

/// What is read means the same when it is written and read again.
pub fn json(data: &[u8]) {
    if let Ok(read) = json::parse_bytes(data) {
        let written = json::text(&read);
        assert_eq!(json::parse(&written).as_ref(), Ok(&read));
        let _ = read.plain();
    }
}

/// A state is the same when it is written and read again.
pub fn toml(data: &[u8]) {
    let text = text(data);
    if let Ok(map) = toml::parse(&text) {
        let _ = toml::text(&Data::Map(map));
    }
    if let Ok(mut state) = State::parse(&text) {
        // Counters are written apart.
        state.statistics = Default::default();
        let written = toml::text(&state.data());
        assert_eq!(State::parse(&written), Ok(state));
    }
    let _ = Template::parse(&text, "profile");
}
