//! What is fuzzed: one function per parser, any bytes in, a panic is a finding. `fuzz/src/main.rs` runs them under
//! libFuzzer, `tests/fuzz_corpus.rs` over the corpus.

mod control;
mod cwmp;
mod data;
mod dhcp;
mod dns;
mod http;
mod jobs;
mod uci;
mod xml;

/// Takes any bytes.
pub type Target = fn(&[u8]);

/// Every target and its name, which is also the folder of its corpus.
pub const ALL: &[(&str, Target)] = &[
    ("command", control::command),
    ("config", uci::config),
    ("content_coding", http::content_coding),
    ("dhcp", dhcp::dhcp),
    ("dialogue", http::dialogue),
    ("digest", http::digest),
    ("dns", dns::dns),
    ("envelope", cwmp::envelope),
    ("ftp", jobs::ftp),
    ("http_request", http::request),
    ("http_response", http::response),
    ("job", jobs::job),
    ("json", data::json),
    ("program", control::program),
    ("session", cwmp::session),
    ("toml", data::toml),
    ("uci", uci::uci),
    ("url", http::url),
    ("xml", xml::xml),
    ("xsd", xml::xsd),
];

/// Text of any bytes.
fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}
