//! `xsd:base64Binary` and `xsd:hexBinary`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::is_space;

/// `xsd:base64Binary`: the number of bytes it stands for, or `None` when it is not one.
/// White space may stand anywhere in it.
pub fn base64(text: &str) -> Option<usize> {
    let packed: String = text.split(is_space).collect();
    STANDARD.decode(packed).ok().map(|bytes| bytes.len())
}

/// `xsd:hexBinary`: the number of bytes it stands for, or `None` when it is not one.
pub fn hex_binary(text: &str) -> Option<usize> {
    let text = text.trim_matches(is_space);
    (text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit()))
        .then_some(text.len() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_says_its_decoded_length() {
        assert_eq!(
            ["", "QQ==", "QUI=", "QUJD", " QU\r\nJD\t", "Q Q = ="].map(base64),
            [0, 1, 2, 3, 3, 1].map(Some)
        );
        for text in [
            "QQ", "QQ=", "Q===", "QR==", "QQ==QQ==", "Q-_A", "é", "====", "QU JD!",
        ] {
            assert_eq!(base64(text), None, "{text:?}");
        }
    }

    #[test]
    fn hex_says_its_decoded_length() {
        assert_eq!(["", "00", " 0fB7\n"].map(hex_binary), [0, 1, 2].map(Some));
        for text in ["0", "0x00", "0 0", "zz", "é"] {
            assert_eq!(hex_binary(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_counts(bytes: Vec<u8>) {
            prop_assert_eq!(base64(&STANDARD.encode(&bytes)), Some(bytes.len()));
            let hex: String = bytes.iter().map(|b| format!("{b:02X}")).collect();
            prop_assert_eq!(hex_binary(&hex), Some(bytes.len()));
        }

        #[test]
        fn never_panics(text: String) {
            let _ = (base64(&text), hex_binary(&text));
        }
    }
}
