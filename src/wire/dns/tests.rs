use std::net::IpAddr;

use proptest::prelude::*;

use super::resolv_conf::Nameserver;
use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn wire_name(name: &str) -> Vec<u8> {
    let question = query(0, name, RecordType::A).unwrap();
    question[12..question.len() - 4].to_vec()
}

/// A resource record; the type's number, and its data as it stands.
fn record(owner: &[u8], kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = owner.to_vec();
    bytes.extend(kind.to_be_bytes());
    bytes.extend([0, 1]);
    bytes.extend(ttl.to_be_bytes());
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend(data);
    bytes
}

fn reply(query: &[u8], flags: [u8; 2], records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = query.to_vec();
    bytes[2] = flags[0];
    bytes[3] = flags[1];
    bytes[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
    bytes.extend(records.concat());
    bytes
}

const OK: [u8; 2] = [0x81, 0x80];
const POINTER_TO_QUESTION: [u8; 2] = [0xc0, 12];

#[test]
fn a_query_is_what_rfc_1035_says() {
    let expected =
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03acs\x07example\x00\x00\x01\x00\x01";
    assert_eq!(
        query(0x1234, "acs.example", RecordType::A).unwrap(),
        expected
    );
    assert_eq!(
        query(0x1234, "acs.example.", RecordType::A).unwrap(),
        expected
    );
    assert!(
        query(0, "acs.example", RecordType::Aaaa)
            .unwrap()
            .ends_with(&[0, 28, 0, 1])
    );
}

#[test]
fn names_that_dns_cannot_carry_are_refused() {
    let long_label = "a".repeat(64);
    let long_name = ["a".repeat(63).as_str(); 4].join(".");
    for name in [
        "",
        ".",
        "a..b",
        ".a",
        "a b",
        "münchen.example",
        &long_label,
        &long_name,
    ] {
        assert_eq!(query(0, name, RecordType::A), Err(DnsError::Name), "{name}");
    }
    let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
    assert!(query(0, &longest, RecordType::A).is_ok());
}

#[test]
fn both_families_are_read() {
    let asked = query(7, "acs.example", RecordType::A).unwrap();
    let four = record(&POINTER_TO_QUESTION, 1, 60, &[192, 0, 2, 1]);
    let six = record(
        &POINTER_TO_QUESTION,
        28,
        60,
        &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    );
    let got = parse(
        &reply(&asked, OK, &[six.clone(), four.clone(), four.clone()]),
        &asked,
    )
    .unwrap();
    assert_eq!(
        got,
        Answer {
            addresses: vec![ip("192.0.2.1")],
            truncated: false,
            rcode: 0,
            ttl: 60
        }
    );
    let asked = query(7, "acs.example", RecordType::Aaaa).unwrap();
    let got = parse(&reply(&asked, OK, &[six, four]), &asked).unwrap();
    assert_eq!(got.addresses, [ip("2001:db8::1")]);
}

#[test]
fn aliases_are_followed_in_any_order_and_the_least_ttl_counts() {
    let asked = query(7, "ACS.example", RecordType::A).unwrap();
    let (b, c) = (wire_name("b.example"), wire_name("c.example"));
    let records = [
        record(&c, 1, 300, &[192, 0, 2, 3]),
        record(&wire_name("other.example"), 1, 1, &[192, 0, 2, 9]),
        record(&b, 5, 30, &c),
        record(&wire_name("acs.EXAMPLE"), 5, 600, &b),
        record(&b, 16, 5, b"\x04text"),
    ];
    let got = parse(&reply(&asked, OK, &records), &asked).unwrap();
    assert_eq!((got.addresses, got.ttl), (vec![ip("192.0.2.3")], 30));
}

#[test]
fn a_circle_of_aliases_ends() {
    let asked = query(7, "a", RecordType::A).unwrap();
    let (a, b) = (wire_name("a"), wire_name("b"));
    let got = parse(
        &reply(&asked, OK, &[record(&a, 5, 9, &b), record(&b, 5, 9, &a)]),
        &asked,
    )
    .unwrap();
    assert_eq!((got.addresses.len(), got.ttl), (0, 0));
}

#[test]
fn strangers_replies_are_not_ours() {
    let asked = query(7, "acs.example", RecordType::A).unwrap();
    let good = reply(
        &asked,
        OK,
        &[record(&POINTER_TO_QUESTION, 1, 60, &[192, 0, 2, 1])],
    );
    assert!(parse(&good, &asked).is_ok());
    for other in [
        query(8, "acs.example", RecordType::A).unwrap(),
        query(7, "bcs.example", RecordType::A).unwrap(),
        query(7, "acs.example", RecordType::Aaaa).unwrap(),
        query(7, "acs.example.org", RecordType::A).unwrap(),
    ] {
        assert_eq!(parse(&good, &other), Err(DnsError::NotOurs));
    }
    // A query is no reply, nor is a header, nor a reply to another kind of operation, nor one without the question.
    assert_eq!(parse(&asked, &asked), Err(DnsError::NotOurs));
    assert_eq!(parse(&good[..12], &asked), Err(DnsError::NotOurs));
    assert_eq!(parse(&[], &asked), Err(DnsError::NotOurs));
    assert_eq!(
        parse(&reply(&asked, [0xa1, 0x80], &[]), &asked),
        Err(DnsError::NotOurs)
    );
    let mut no_question = good[..12].to_vec();
    no_question[4..8].fill(0);
    assert_eq!(parse(&no_question, &asked), Err(DnsError::NotOurs));
    no_question[3] |= 5;
    assert_eq!(parse(&no_question, &asked).unwrap().rcode, 5);
}

#[test]
fn the_case_of_the_question_may_change() {
    let asked = query(7, "acs.example", RecordType::A).unwrap();
    let mut got = reply(
        &asked,
        OK,
        &[record(&POINTER_TO_QUESTION, 1, 60, &[192, 0, 2, 1])],
    );
    got[13..16].copy_from_slice(b"aCS");
    assert_eq!(parse(&got, &asked).unwrap().addresses, [ip("192.0.2.1")]);
}

#[test]
fn codes_and_truncation_are_told() {
    let asked = query(7, "acs.example", RecordType::A).unwrap();
    assert_eq!(
        parse(&reply(&asked, [0x81, 0x83], &[]), &asked)
            .unwrap()
            .rcode,
        3
    );
    let mut cut = reply(
        &asked,
        [0x83, 0x80],
        &[record(&POINTER_TO_QUESTION, 1, 60, &[192, 0, 2, 1])],
    );
    assert_eq!(parse(&cut, &asked).unwrap().addresses.len(), 1);
    cut.pop();
    let got = parse(&cut, &asked).unwrap();
    assert!(got.truncated && got.addresses.is_empty());
    cut[2] = OK[0];
    assert_eq!(parse(&cut, &asked), Err(DnsError::Malformed));
}

#[test]
fn hostile_names_are_malformed() {
    let asked = query(7, "a", RecordType::A).unwrap();
    let here = asked.len() as u8;
    let long = [[63; 64]; 5].concat();
    for owner in [
        vec![0xc0, here],          // to itself
        vec![0xc0, here + 2],      // forwards
        vec![0xc0, 0xff],          // forwards, or behind the end
        vec![1, b'x', 0xc0, here], // a loop through a label
        vec![0x40, 0],             // a kind of label that does not exist
        vec![0x80, 0],
        vec![63, b'x'], // longer than the message
        long,           // longer than a name may be
        vec![0xc0],
    ] {
        let got = reply(&asked, OK, std::slice::from_ref(&owner));
        assert_eq!(parse(&got, &asked), Err(DnsError::Malformed), "{owner:?}");
    }
    let wrong_length = record(&POINTER_TO_QUESTION, 1, 60, &[192, 0, 2]);
    assert_eq!(
        parse(&reply(&asked, OK, &[wrong_length]), &asked),
        Err(DnsError::Malformed)
    );
}

#[test]
fn a_long_chain_of_pointers_is_bounded() {
    let asked = query(7, "a", RecordType::A).unwrap();
    // A text record full of pointers, each to the one before it, and an owner that points to the last.
    let start = asked.len() + 11;
    let mut data = vec![0, 0];
    for index in 0..1000 {
        let to = (start + 2 * index) as u16 | 0xc000;
        data.extend(to.to_be_bytes());
    }
    let last = ((start + data.len() - 2) as u16 | 0xc000).to_be_bytes();
    let records = [
        record(&[0], 16, 1, &data),
        record(&last, 1, 1, &[192, 0, 2, 1]),
    ];
    assert_eq!(
        parse(&reply(&asked, OK, &records), &asked),
        Err(DnsError::Malformed)
    );
}

#[test]
fn a_ttl_with_the_highest_bit_is_zero() {
    let asked = query(7, "a", RecordType::A).unwrap();
    let got = reply(
        &asked,
        OK,
        &[record(
            &POINTER_TO_QUESTION,
            1,
            0x8000_0000,
            &[192, 0, 2, 1],
        )],
    );
    assert_eq!(parse(&got, &asked).unwrap().ttl, 0);
}

#[test]
fn hosts_knows_both_families_aliases_and_comments() {
    let text = "127.0.0.1 localhost\n# 192.0.2.9 acs.example\n192.0.2.1\tAcs.Example acs alias#acs.other\n\
                2001:db8::1 acs.example\nnonsense acs.example\n\n192.0.2.1 acs.example\n";
    assert_eq!(
        hosts::lookup(text, "acs.EXAMPLE."),
        [ip("192.0.2.1"), ip("2001:db8::1")]
    );
    assert_eq!(hosts::lookup(text, "alias"), [ip("192.0.2.1")]);
    assert_eq!(hosts::lookup(text, "acs.other"), [] as [IpAddr; 0]);
    assert_eq!(hosts::lookup(text, "192.0.2.1"), [] as [IpAddr; 0]);
}

#[test]
fn resolv_conf_knows_servers_and_patience() {
    let text = "# made by\nsearch lan\nnameserver 192.0.2.1 # first\nnameserver fe80::1%br-lan\nnameserver bad\n\
                nameserver 192.0.2.7%eth0\n; nameserver 192.0.2.2\nnameserver 2001:db8::1\nnameserver 192.0.2.3\n\
                options rotate timeout:2 attempts:99\n";
    let conf = resolv_conf::parse(text);
    let expected = [
        ("192.0.2.1", None),
        ("fe80::1", Some("br-lan")),
        ("2001:db8::1", None),
    ];
    let expected = expected.map(|(a, scope)| Nameserver {
        address: ip(a),
        scope: scope.map(str::to_owned),
    });
    assert_eq!(conf.nameservers, expected);
    assert_eq!((conf.timeout, conf.attempts), (2, 5));
}

#[test]
fn an_empty_resolv_conf_asks_this_device() {
    let conf = resolv_conf::parse("");
    assert_eq!(
        conf.nameservers,
        [Nameserver {
            address: ip("127.0.0.1"),
            scope: None
        }]
    );
    assert_eq!((conf.timeout, conf.attempts), (5, 2));
}

proptest! {
    #[test]
    fn addresses_come_back(name in "[a-z0-9_-]{1,20}(\\.[a-zA-Z0-9-]{1,20}){0,4}", id: u16, v6: bool,
                           addresses in proptest::collection::hash_set(any::<[u8; 16]>(), 0..8)) {
        let (kind, number) = if v6 { (RecordType::Aaaa, 28) } else { (RecordType::A, 1) };
        let asked = query(id, &name, kind).unwrap();
        let mut expected: Vec<IpAddr> = Vec::new();
        let mut records = Vec::new();
        for bytes in &addresses {
            let four: [u8; 4] = bytes[..4].try_into().unwrap();
            let address: IpAddr = if v6 { (*bytes).into() } else { four.into() };
            if !expected.contains(&address) {
                expected.push(address);
            }
            records.push(record(&POINTER_TO_QUESTION, number, 60, if v6 { bytes } else { &four }));
        }
        prop_assert_eq!(parse(&reply(&asked, OK, &records), &asked).unwrap().addresses, expected);
    }

    #[test]
    fn any_reply_is_survived(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let asked = query(7, "acs.example", RecordType::A).unwrap();
        let _ = parse(&bytes, &asked);
        // And behind a header and question that fit.
        let mut fitting = reply(&asked, OK, &[]);
        fitting[6..8].copy_from_slice(&[0, 20]);
        fitting.append(&mut bytes);
        if let Ok(answer) = parse(&fitting, &asked) {
            prop_assert!(answer.addresses.len() <= 16);
        }
    }

    #[test]
    fn any_damage_is_survived(at in 0usize..200, byte: u8) {
        let asked = query(7, "acs.example", RecordType::A).unwrap();
        let b = wire_name("b.example");
        let records = [record(&POINTER_TO_QUESTION, 5, 1, &b), record(&b, 1, 1, &[192, 0, 2, 1])];
        let mut bytes = reply(&asked, OK, &records);
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = parse(&bytes, &asked);
        let _ = parse(&bytes[..at], &asked);
    }

    #[test]
    fn any_text_is_survived(text: String) {
        let _ = hosts::lookup(&text, "acs");
        prop_assert!(!resolv_conf::parse(&text).nameservers.is_empty());
    }
}
