//! Vendor options of DHCP, as a hook hands them over.

use cwmpd::wire::dhcp::{Problem, Reading, from_hex, option_17, option_43, option_125};

/// Any option gives an offer that is sound, or a reason.
pub fn dhcp(data: &[u8]) {
    for read in [option_43, option_125, option_17] {
        let Ok(Reading { offer, problems }) = read(data) else {
            continue;
        };
        for url in offer.url.iter() {
            assert!(url.len() <= 256 && !url.contains(char::is_control));
            assert!(cwmpd::wire::http::Url::parse(url).is_ok());
        }
        for problem in problems {
            assert!(matches!(problem, Problem::Value(..)));
        }
    }
    let _ = from_hex(&super::text(data));
}
