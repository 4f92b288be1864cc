//! What a name server answers, and the files that the resolver reads.

use cwmpd::wire::dns::{self, RecordType};

/// Any reply to a question of ours: the first two bytes are made to match, so that the rest is looked at.
pub fn dns(data: &[u8]) {
    for record in [RecordType::A, RecordType::Aaaa] {
        let query = dns::query(0x1234, "acs.example.com", record).expect("a valid name");
        let mut reply = data.to_vec();
        reply
            .iter_mut()
            .zip([0x12, 0x34])
            .for_each(|(byte, id)| *byte = id);
        if let Ok(answer) = dns::parse(&reply, &query) {
            assert!(answer.addresses.len() <= 64, "as many as anybody tries");
        }
    }
    let text = super::text(data);
    let _ = dns::hosts::lookup(&text, "acs.example.com");
    let conf = dns::resolv_conf::parse(&text);
    assert!(!conf.nameservers.is_empty() && conf.timeout > 0 && conf.attempts > 0);
    if let Ok(query) = dns::query(1, &text, RecordType::A) {
        assert!(
            query.len() <= 512,
            "a question fits into the smallest datagram"
        );
    }
}
