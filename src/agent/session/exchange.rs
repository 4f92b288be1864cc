//! One POST and its reply.

use mio::Registry;

use super::{Ended, talk};
use crate::agent::Agent;
use crate::agent::clock::Now;
use crate::cwmp::Input;
use crate::net::http::Reply;
use crate::say::{debug, info};
use crate::wire::http::{Verdict, decode_body, header};

/// The largest envelope taken from an ACS, decompressed (HT-24 asks for 32 KiB, HT-26 for a bound).
const MAX_ENVELOPE: usize = 1024 * 1024;

/// The longest text of a refusal that the log repeats, in bytes.
const MAX_WORDS: usize = 200;

impl Agent {
    /// Sends the POST that waits, if the connection is free for it.
    pub(in crate::agent) fn send(&mut self, now: Now, registry: &Registry) {
        if !std::mem::take(&mut self.to_send) {
            return;
        }
        let Some(talk) = talk(&mut self.session) else {
            return;
        };
        self.moved = true;
        let body = std::mem::take(&mut talk.outgoing);
        let headers = talk
            .dialogue
            .request(&body, talk.encoding, &mut self.random);
        self.connection
            .post(talk.dialogue.url(), &headers, body, now.instant, registry);
    }

    /// Takes the reply, if there is one.
    pub(in crate::agent) fn receive(&mut self, now: Now) {
        let Some(result) = self.connection.take() else {
            return;
        };
        self.moved = true;
        match result {
            Ok(reply) => self.reply_came(reply, now),
            Err(failure) => self.end_session(Err(Ended::Connection(failure)), now),
        }
    }

    fn reply_came(&mut self, reply: Reply, now: Now) {
        let Reply {
            status,
            headers,
            body,
            posted,
            ..
        } = reply;
        let encoding =
            header(&headers, "content-encoding").and_then(|value| std::str::from_utf8(value).ok());
        let body = match decode_body(encoding, body, MAX_ENVELOPE) {
            Ok(body) => body,
            Err(error) => return self.end_session(Err(Ended::Body(error.to_string())), now),
        };
        self.trace.received(now.unix, status, &body);
        let Some(talk) = talk(&mut self.session) else {
            return;
        };
        match talk.dialogue.reply(status, &headers, now.date()) {
            Verdict::Deliver => {
                // It has arrived: the next answer takes its memory.
                drop(posted);
                let body = &body;
                self.step(Input::Reply { status, body }, now);
            }
            Verdict::Again => {
                debug!("the acs asks for authentication: status={status}");
                talk.outgoing = posted;
                self.to_send = true;
            }
            Verdict::Moved => {
                info!("redirected: url={}", talk.dialogue.url());
                talk.outgoing = posted;
                self.to_send = true;
            }
            Verdict::Failed(failure) => {
                if status == 415 {
                    self.compression.refuse(); // CP-02
                }
                self.end_session(Err(Ended::Http(failure, plain_words(&body))), now);
            }
        }
    }
}

/// What a reply says in a few words ("CPE already in session"); nothing of a web page.
fn plain_words(body: &[u8]) -> String {
    let text = std::str::from_utf8(body).unwrap_or_default().trim();
    let plain = text.len() <= MAX_WORDS && !text.contains('<');
    if plain {
        text.to_owned()
    } else {
        String::new()
    }
}
