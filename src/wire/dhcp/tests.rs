//! Options as servers send them, and as nobody should.

use proptest::prelude::*;

use super::*;

const URL: &str = "http://acs.example.com:7547/cwmp";

/// Sub-options with numbers and lengths of one byte.
fn narrow(parts: &[(u8, &[u8])]) -> Vec<u8> {
    let part = |(code, value): &(u8, &[u8])| {
        [&[*code, u8::try_from(value.len()).unwrap()][..], value].concat()
    };
    parts.iter().flat_map(part).collect()
}

/// And of two.
fn wide(parts: &[(u16, &[u8])]) -> Vec<u8> {
    let part = |(code, value): &(u16, &[u8])| {
        let length = u16::try_from(value.len()).unwrap();
        [&code.to_be_bytes()[..], &length.to_be_bytes(), value].concat()
    };
    parts.iter().flat_map(part).collect()
}

/// Data of one enterprise in option 125.
fn of(enterprise: u32, data: &[u8]) -> Vec<u8> {
    let length = [u8::try_from(data.len()).unwrap()];
    [&enterprise.to_be_bytes()[..], &length, data].concat()
}

fn full() -> Offer {
    Offer {
        url: Some(URL.into()),
        provisioning_code: Some("TLCO.GRP2".into()),
        retry_minimum_wait: Some(30),
        retry_multiplier: Some(1500),
        gateway: Gateway::default(),
    }
}

fn gateway() -> Gateway {
    Gateway {
        manufacturer_oui: "00D09E".into(),
        serial_number: "2875".into(),
        product_class: "RG-1".into(),
    }
}

#[test]
fn option_43_has_four_sub_options() // DH-01 DH-02
{
    let data = narrow(&[
        (1, URL.as_bytes()),
        (2, b"TLCO.GRP2"),
        (3, b"30"),
        (4, b"1500"),
    ]);
    let reading = option_43(&data).unwrap();
    assert_eq!(reading.offer, full());
    assert_eq!(reading.problems, []);
}

#[test]
fn option_43_may_be_the_url_alone() // DH-04
{
    for text in [
        URL.to_owned(),
        format!("{URL}\0"),
        format!("{URL}\0\0\0"),
        URL.replace("http", "HTTP"),
        "https://a/".to_owned(),
    ] {
        let reading = option_43(text.as_bytes()).unwrap();
        let url = reading.offer.url.unwrap();
        assert_eq!(url, text.trim_end_matches('\0'));
        assert_eq!(reading.problems, []);
    }
    let reading = option_43(b"http no URL").unwrap();
    assert_eq!(
        (reading.offer, reading.problems.len()),
        (Offer::default(), 1)
    );
}

#[test]
fn a_nul_at_the_end_of_a_value_is_none_of_it() // DH-04
{
    let with_nul = format!("{URL}\0");
    let data = narrow(&[(1, with_nul.as_bytes()), (2, b"code\0\0"), (3, b"30\0")]);
    let offer = option_43(&data).unwrap().offer;
    assert_eq!(offer.url.as_deref(), Some(URL));
    assert_eq!(offer.provisioning_code.as_deref(), Some("code"));
    assert_eq!(offer.retry_minimum_wait, Some(30));
    let inside = narrow(&[(1, b"http://a\0b/")]);
    assert_eq!(option_43(&inside).unwrap().offer.url, None);
}

#[test]
fn fill_the_end_and_foreign_sub_options_are_passed_over() {
    let data = [
        vec![0, 0],
        narrow(&[(128, b"x"), (1, URL.as_bytes())]),
        vec![255, 1],
    ]
    .concat();
    assert_eq!(option_43(&data).unwrap().offer.url.as_deref(), Some(URL));
    assert_eq!(option_43(b"").unwrap(), Reading::default());
}

#[test]
fn option_125_holds_acs_and_gateway_of_enterprise_3561() // DH-01 DH-02
{
    let ours = narrow(&[
        (11, URL.as_bytes()),
        (12, b"TLCO.GRP2"),
        (13, b"30"),
        (14, b"1500"),
        (4, b"00d09e"),
        (5, b"2875"),
        (6, b"RG-1"),
        // What the device says of itself, come back.
        (1, b"http://wrong.example/"),
    ]);
    let foreign = narrow(&[(11, b"http://wrong.example/")]);
    let data = [of(311, &foreign), of(ENTERPRISE, &ours), of(9, b"?")].concat();
    let reading = option_125(&data).unwrap();
    let expected = Offer {
        gateway: gateway(),
        ..full()
    };
    assert_eq!(reading.offer, expected);
    assert_eq!(reading.problems, []);
    assert_eq!(option_125(&of(9, b"?")).unwrap(), Reading::default());
}

#[test]
fn option_17_has_two_bytes_for_numbers_and_lengths() // DH-01 DH-02
{
    let parts = wide(&[
        (1, URL.as_bytes()),
        (2, b"TLCO.GRP2"),
        (3, b"30"),
        (4, b"1500"),
        (14, b"00D09E"),
        (15, b"2875"),
        (16, b"RG-1"),
    ]);
    let data = [&ENTERPRISE.to_be_bytes()[..], &parts].concat();
    let expected = Offer {
        gateway: gateway(),
        ..full()
    };
    assert_eq!(option_17(&data).unwrap().offer, expected);
    let foreign = [&9_u32.to_be_bytes()[..], &parts].concat();
    assert_eq!(option_17(&foreign).unwrap(), Reading::default());
}

#[test]
fn what_is_no_value_is_left_out_and_told() // DH-06
{
    let longest = format!("http://a/{}", "x".repeat(247));
    assert_eq!(
        option_43(longest.as_bytes()).unwrap().offer.url,
        Some(longest.clone())
    );
    let long = longest + "x";
    for url in ["ftp://a/", "", &long, "http://", "acs.example.com"] {
        let parts = wide(&[(1, url.as_bytes()), (2, b"code")]);
        let data = [&ENTERPRISE.to_be_bytes()[..], &parts].concat();
        let reading = option_17(&data).unwrap();
        assert_eq!(reading.offer.url, None, "{url}");
        assert_eq!(reading.offer.provisioning_code.as_deref(), Some("code"));
        let told: Vec<String> = reading.problems.iter().map(Problem::to_string).collect();
        assert_eq!(
            told,
            ["sub-option 1 is not an http or https URL of at most 256 characters"]
        );
    }
    let code = "x".repeat(65);
    let bad: [(u8, &[u8]); 7] = [
        (2, code.as_bytes()),
        (2, b"two\nlines"),
        (2, b"\xff"),
        (3, b"0"),
        (3, b"65536"),
        (4, b"999"),
        (4, b"-1"),
    ];
    for part in bad {
        let reading = option_43(&narrow(&[part])).unwrap();
        assert_eq!(
            (reading.offer, reading.problems.len()),
            (Offer::default(), 1)
        );
    }
    let oui = of(ENTERPRISE, &narrow(&[(4, b"00:D0:9E")]));
    assert_eq!(option_125(&oui).unwrap().problems.len(), 1);
}

#[test]
fn the_first_of_two_counts() {
    let data = narrow(&[(2, b"one"), (2, b"two")]);
    let reading = option_43(&data).unwrap();
    assert_eq!(reading.offer.provisioning_code.as_deref(), Some("one"));
    let twice = [
        of(ENTERPRISE, &narrow(&[(12, b"one")])),
        of(ENTERPRISE, &narrow(&[(12, b"two")])),
    ];
    let reading = option_125(&twice.concat()).unwrap();
    assert_eq!(reading.offer.provisioning_code.as_deref(), Some("one"));
}

#[test]
fn what_is_cut_short_is_refused_as_a_whole() {
    let whole = narrow(&[(2, b"code"), (1, URL.as_bytes())]);
    for end in (0..whole.len()).filter(|end| ![0, 6].contains(end)) {
        assert_eq!(option_43(&whole[..end]), Err(Problem::CutShort), "{end}");
    }
    let whole = of(ENTERPRISE, &narrow(&[(12, b"code")]));
    for end in 1..whole.len() {
        assert_eq!(option_125(&whole[..end]), Err(Problem::CutShort), "{end}");
    }
    let whole = [&ENTERPRISE.to_be_bytes()[..], &wide(&[(2, b"code")])].concat();
    for end in (1..whole.len()).filter(|end| *end != 4) {
        assert_eq!(option_17(&whole[..end]), Err(Problem::CutShort), "{end}");
    }
    assert_eq!(option_43(&[2; MAX_OPTION + 1]), Err(Problem::TooLong));
}

#[test]
fn hex_is_read_in_either_case() {
    assert_eq!(from_hex("0A0b fF"), Err(Problem::NotHex));
    assert_eq!(from_hex(" 0A0bfF\n"), Ok(vec![0x0a, 0x0b, 0xff]));
    assert_eq!(from_hex(""), Ok(vec![]));
    for text in ["0", "0x00", "http://a/", "+1", "é0"] {
        assert_eq!(from_hex(text), Err(Problem::NotHex), "{text}");
    }
    assert_eq!(
        from_hex(&"00".repeat(MAX_OPTION + 1)),
        Err(Problem::TooLong)
    );
}

#[test]
fn an_offer_is_completed_by_another() {
    let some = Offer {
        url: Some("http://a/".into()),
        ..Offer::default()
    };
    let other = Offer {
        gateway: gateway(),
        ..full()
    };
    let both = some.or(&other);
    assert_eq!(both.url.as_deref(), Some("http://a/"));
    assert_eq!(both.retry_multiplier, Some(1500));
    assert_eq!(both.gateway, gateway());
}

/// Bytes that look like options often enough to get far.
fn option() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        any::<Vec<u8>>().prop_map(|v| v.into_iter().take(60).collect()),
        Just(URL.as_bytes().to_vec()),
        Just(b"1500\0".to_vec()),
        Just(b"00D09E".to_vec()),
    ];
    let part = (0..18_u8, value);
    prop_oneof![
        any::<Vec<u8>>(),
        prop::collection::vec(part.clone(), 0..8).prop_map(|parts| {
            let parts: Vec<_> = parts.iter().map(|(c, v)| (*c, v.as_slice())).collect();
            narrow(&parts)
        }),
        prop::collection::vec(part.clone(), 0..3).prop_map(|parts| {
            let parts: Vec<_> = parts.iter().map(|(c, v)| (*c, v.as_slice())).collect();
            of(ENTERPRISE, &narrow(&parts))
        }),
        prop::collection::vec(part, 0..8).prop_map(|parts| {
            let parts: Vec<_> = parts
                .iter()
                .map(|(c, v)| ((*c).into(), v.as_slice()))
                .collect();
            [&ENTERPRISE.to_be_bytes()[..], &wide(&parts)].concat()
        }),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_survived_and_only_good_values_come_out(data in option()) {
        for read in [option_43, option_125, option_17] {
            let Ok(Reading { offer, problems }) = read(&data) else { continue };
            prop_assert!(problems.len() <= 7 * (data.len() / 5 + 1));
            prop_assert!(offer.url.is_none_or(|url| is_url(&url)));
            prop_assert!(offer.retry_minimum_wait.is_none_or(|n| MINIMUM_WAIT.contains(&n)));
            prop_assert!(offer.retry_multiplier.is_none_or(|n| MULTIPLIER.contains(&n)));
            let texts = [&offer.gateway.serial_number, &offer.gateway.product_class];
            let code = offer.provisioning_code.unwrap_or_default();
            for text in texts.into_iter().chain([&code]) {
                prop_assert!(text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control));
            }
            prop_assert!(offer.gateway.manufacturer_oui.len() <= 6);
        }
    }

    #[test]
    fn what_is_written_as_hex_is_read(data: Vec<u8>, upper: bool) {
        let data: Vec<u8> = data.into_iter().take(MAX_OPTION).collect();
        let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        let hex = if upper { hex.to_uppercase() } else { hex };
        prop_assert_eq!(from_hex(&hex), Ok(data));
    }

    #[test]
    fn no_text_stops_the_hex_reader(text in "\\PC{0,40}") {
        let _ = from_hex(&text);
    }
}
