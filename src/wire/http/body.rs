//! Content codings (RFC 9110 8.4.1): gzip (RFC 1952), deflate (zlib, RFC 1950; raw as some servers send it).

use std::fmt;

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::{
    DecompressError, TINFLStatus, decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit,
};

use crate::wire::payload::Payload;

/// The usual balance of time and size.
const LEVEL: i32 = 6;
/// What `create_comp_flags_from_zip_params` takes for the zlib format, and for the bare one.
const ZLIB: i32 = 1;
const BARE: i32 = -1;
/// Its usual strategy.
const STRATEGY: i32 = 0;
/// Header of a gzip member: magic, deflate, no flags, no time, unknown system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Why a body could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// The decoded body is larger than allowed.
    TooLarge {
        /// What was allowed.
        max: usize,
    },
    /// A content coding that was never asked for.
    Coding(String),
    /// The coded data is broken.
    Corrupt(&'static str),
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BodyError::TooLarge { max } => write!(f, "the body is larger than {max} bytes"),
            BodyError::Coding(name) => {
                write!(f, "the body has the unknown content coding {name:?}")
            }
            BodyError::Corrupt(why) => write!(f, "the body's coding is broken: {why}"),
        }
    }
}

impl std::error::Error for BodyError {}

/// Undoes a `Content-Encoding`. `max` bounds the decoded size, whatever the coded size promises (CP-05).
pub fn decode_body(
    encoding: Option<&str>,
    body: Vec<u8>,
    max: usize,
) -> Result<Vec<u8>, BodyError> {
    let coding = encoding.unwrap_or_default().trim().to_ascii_lowercase();
    if body.is_empty() {
        return Ok(body); // a 204 may still carry the header
    }
    match coding.as_str() {
        "" | "identity" if body.len() > max => Err(BodyError::TooLarge { max }),
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => gunzip(&body, max),
        "deflate" => inflate(&body, max),
        _ => Err(BodyError::Coding(coding.chars().take(32).collect())),
    }
}

/// One gzip member. The body is freed as it is read: there are never two of them.
pub fn encode_gzip(body: Payload) -> Payload {
    let mut coded = Payload::default();
    coded.push(&GZIP_HEADER);
    let size = size_field(body.len());
    let mut crc = Crc32::default();
    compress(body, BARE, &mut coded, |piece| crc.add(piece));
    coded.push(&crc.value().to_le_bytes());
    coded.push(&size);
    coded
}

/// HTTP's `deflate`, which is the zlib format (CP-04). The body is freed as it is read.
pub fn encode_zlib(body: Payload) -> Payload {
    let mut coded = Payload::default();
    compress(body, ZLIB, &mut coded, |_| ());
    coded
}

/// Never part of its caller: it has 64 KiB of stack, which all of a session would have touched.
#[inline(never)]
fn compress(body: Payload, format: i32, coded: &mut Payload, mut also: impl FnMut(&[u8])) {
    let flags = create_comp_flags_from_zip_params(LEVEL, format, STRATEGY);
    let mut compressor = CompressorOxide::new(flags);
    let mut give = |plain: &[u8], flush| {
        compress_to_output(&mut compressor, plain, flush, |out| {
            coded.push(out);
            true
        });
    };
    for piece in body.into_pieces() {
        also(&piece);
        give(&piece, TDEFLFlush::None);
    }
    give(&[], TDEFLFlush::Finish);
}

fn gunzip(body: &[u8], max: usize) -> Result<Vec<u8>, BodyError> {
    let coded = gzip_data(body).ok_or(BodyError::Corrupt("the gzip header is not whole"))?;
    let (coded, trailer) = coded
        .split_last_chunk::<8>()
        .ok_or(BodyError::Corrupt("the gzip trailer is missing"))?;
    let plain = decompress_to_vec_with_limit(coded, max).map_err(|error| explained(&error, max))?;
    // RFC 1952 2.3.1
    let mut crc = Crc32::default();
    crc.add(&plain);
    let mut expected = crc.value().to_le_bytes().to_vec();
    expected.extend(size_field(plain.len()));
    if expected != trailer {
        return Err(BodyError::Corrupt("the gzip checksum does not match"));
    }
    Ok(plain)
}

/// What follows the header of the gzip member (RFC 1952 2.3).
fn gzip_data(body: &[u8]) -> Option<&[u8]> {
    const FHCRC: u8 = 2;
    const FEXTRA: u8 = 4;
    const FNAME: u8 = 8;
    const FCOMMENT: u8 = 16;
    let [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] = body else {
        return None;
    };
    let mut rest = rest;
    if flags & FEXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [FNAME, FCOMMENT] {
        if flags & text != 0 {
            rest = rest.splitn(2, |b| *b == 0).nth(1)?;
        }
    }
    if flags & FHCRC != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

fn inflate(body: &[u8], max: usize) -> Result<Vec<u8>, BodyError> {
    // RFC 1950 2.2: what starts like zlib is zlib; raw deflate cannot look so and still decode by chance.
    match decompress_to_vec_zlib_with_limit(body, max) {
        Ok(plain) => Ok(plain),
        Err(error) if error.status == TINFLStatus::HasMoreOutput => Err(explained(&error, max)),
        Err(error) => decompress_to_vec_with_limit(body, max).map_err(|raw| match raw.status {
            TINFLStatus::HasMoreOutput => explained(&raw, max),
            _ => explained(&error, max),
        }),
    }
}

fn explained(error: &DecompressError, max: usize) -> BodyError {
    match error.status {
        TINFLStatus::HasMoreOutput => BodyError::TooLarge { max },
        TINFLStatus::FailedCannotMakeProgress => {
            BodyError::Corrupt("the compressed data is cut short")
        }
        TINFLStatus::Adler32Mismatch => BodyError::Corrupt("the zlib checksum does not match"),
        _ => BodyError::Corrupt("the compressed data is invalid"),
    }
}

/// RFC 1952 2.3.1: the size modulo 2^32.
fn size_field(size: usize) -> [u8; 4] {
    ((size as u64 & 0xffff_ffff) as u32).to_le_bytes()
}

/// RFC 1952 8, four bits at a time: a table of 64 bytes.
struct Crc32(u32);

impl Default for Crc32 {
    fn default() -> Self {
        Crc32(u32::MAX)
    }
}

impl Crc32 {
    fn add(&mut self, bytes: &[u8]) {
        const TABLE: [u32; 16] = {
            let mut table = [0; 16];
            let mut index = 0;
            while index < 16 {
                let mut value = index as u32;
                let mut bit = 0;
                while bit < 4 {
                    value = if value & 1 == 1 {
                        0xedb8_8320 ^ (value >> 1)
                    } else {
                        value >> 1
                    };
                    bit += 1;
                }
                table[index] = value;
                index += 1;
            }
            table
        };
        let step = |crc: u32, nibble: u32| TABLE[((crc ^ nibble) & 15) as usize] ^ (crc >> 4);
        self.0 = bytes.iter().fold(self.0, |crc, byte| {
            let byte = u32::from(*byte);
            step(step(crc, byte), byte >> 4)
        });
    }

    fn value(&self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::compress_to_vec;
    use proptest::prelude::*;

    /// "hello" as another program wrote it: with all optional header fields.
    const FOREIGN: &[u8] = b"\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x02\0xxname\0comment\0hc\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0";

    fn gzip(body: &[u8]) -> Vec<u8> {
        encode_gzip(body.into()).to_vec()
    }

    fn zlib(body: &[u8]) -> Vec<u8> {
        encode_zlib(body.into()).to_vec()
    }

    #[test]
    fn crc32_has_its_check_value() {
        let mut crc = Crc32::default();
        crc.add(b"1234");
        crc.add(b"56789");
        assert_eq!(crc.value(), 0xcbf4_3926);
    }

    #[test]
    fn gzip_with_every_header_field_is_read() {
        // CP-03
        assert_eq!(
            decode_body(Some(" GZip "), FOREIGN.to_vec(), 100).unwrap(),
            b"hello"
        );
        for end in 1..FOREIGN.len() {
            assert!(
                matches!(
                    decode_body(Some("gzip"), FOREIGN[..end].to_vec(), 100),
                    Err(BodyError::Corrupt(_))
                ),
                "{end}"
            );
        }
        let mut broken = FOREIGN.to_vec();
        broken[FOREIGN.len() - 8] ^= 1;
        assert_eq!(
            decode_body(Some("gzip"), broken, 100),
            Err(BodyError::Corrupt("the gzip checksum does not match"))
        );
    }

    #[test]
    fn deflate_is_zlib_and_raw() {
        // CP-04
        assert_eq!(
            decode_body(Some("deflate"), zlib(b"hello"), 100).unwrap(),
            b"hello"
        );
        assert_eq!(
            decode_body(Some("deflate"), compress_to_vec(b"hello", 6), 100).unwrap(),
            b"hello"
        );
        let mut broken = zlib(b"hello");
        *broken.last_mut().unwrap() ^= 1;
        assert!(decode_body(Some("deflate"), broken, 100).is_err());
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        // CP-05
        let zeros = vec![0; 10 << 20];
        for (name, coded) in [
            ("gzip", gzip(&zeros)),
            ("deflate", zlib(&zeros)),
            ("deflate", compress_to_vec(&zeros, 6)),
        ] {
            assert_eq!(
                decode_body(Some(name), coded.clone(), 1 << 20),
                Err(BodyError::TooLarge { max: 1 << 20 })
            );
            assert_eq!(
                decode_body(Some(name), coded, 10 << 20).unwrap().len(),
                10 << 20
            );
        }
        assert_eq!(
            decode_body(None, vec![0; 11], 10),
            Err(BodyError::TooLarge { max: 10 })
        );
    }

    #[test]
    fn plain_empty_and_unknown_bodies() {
        for name in [None, Some(""), Some("identity")] {
            assert_eq!(decode_body(name, b"x".to_vec(), 10).unwrap(), b"x");
        }
        assert_eq!(decode_body(Some("gzip"), Vec::new(), 10).unwrap(), b"");
        assert_eq!(
            decode_body(Some("br"), b"x".to_vec(), 10),
            Err(BodyError::Coding("br".into()))
        );
        assert!(matches!(
            decode_body(Some("gzip"), b"<soap/>".to_vec(), 10),
            Err(BodyError::Corrupt(_))
        ));
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(body in proptest::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert_eq!(&decode_body(Some("gzip"), gzip(&body), 2000).unwrap(), &body);
            prop_assert_eq!(&decode_body(Some("deflate"), zlib(&body), 2000).unwrap(), &body);
        }

        #[test]
        fn no_bytes_break_it_or_pass_the_limit(mut body in proptest::collection::vec(any::<u8>(), 0..200), gzip: bool) {
            if gzip {
                body.splice(0..0, GZIP_HEADER);
            }
            for name in ["gzip", "deflate"] {
                if let Ok(plain) = decode_body(Some(name), body.clone(), 64) {
                    prop_assert!(plain.len() <= 64);
                }
            }
        }
    }
}
