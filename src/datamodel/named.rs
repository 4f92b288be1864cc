//! The named data types of TR-106 (`tr-106-types.xml`) that the published models use.

use super::Type;
use super::path::MAX_ALIAS;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A named data type. What it is and what it allows stands in `TABLE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DataType {
    Alias,
    Dbm1000,
    IeeeEui64,
    IpAddress,
    IpPrefix,
    Ipv4Address,
    Ipv4Prefix,
    Ipv6Address,
    Ipv6Prefix,
    MacAddress,
    Order,
    StatsCounter32,
    StatsCounter64,
    Uri,
    Url,
    Uuid,
    ZigBeeNetworkAddress,
}

/// One line of `TABLE`.
struct Row {
    ty: DataType,
    /// As TR-106 spells it.
    name: &'static str,
    base: Type,
    /// Whether a canonical text of `base` is one.
    allows: fn(&str) -> bool,
    /// What it has to be, to go behind "not".
    words: &'static str,
}

const fn row(
    ty: DataType,
    name: &'static str,
    base: Type,
    allows: fn(&str) -> bool,
    words: &'static str,
) -> Row {
    Row {
        ty,
        name,
        base,
        allows,
        words,
    }
}

/// Addresses may be empty: unspecified or not applicable. Statistics may be all ones: no data.
#[rustfmt::skip]
const TABLE: [Row; 17] = [
    row(DataType::Alias, "Alias", Type::String, alias, "an alias (a letter, then up to 63 characters but no brackets)"),
    row(DataType::Dbm1000, "Dbm1000", Type::Int, any, ""),
    row(DataType::IeeeEui64, "IEEE_EUI64", Type::String, |s| hex_pairs(s, 8), "an EUI-64 such as 02:00:5E:10:00:00:00:01"),
    row(DataType::IpAddress, "IPAddress", Type::String, |s| ipv4(s) || ipv6(s), "an IPv4 or IPv6 address (without a zone)"),
    row(DataType::IpPrefix, "IPPrefix", Type::String, |s| prefix(s, 32, ipv4) || prefix(s, 128, ipv6), "a prefix such as 192.0.2.0/24 or 2001:db8::/32"),
    row(DataType::Ipv4Address, "IPv4Address", Type::String, ipv4, "an IPv4 address such as 192.0.2.1"),
    row(DataType::Ipv4Prefix, "IPv4Prefix", Type::String, |s| prefix(s, 32, ipv4), "an IPv4 prefix such as 192.0.2.0/24"),
    row(DataType::Ipv6Address, "IPv6Address", Type::String, ipv6, "an IPv6 address such as 2001:db8::1 (without a zone)"),
    row(DataType::Ipv6Prefix, "IPv6Prefix", Type::String, |s| prefix(s, 128, ipv6), "an IPv6 prefix such as 2001:db8::/32"),
    row(DataType::MacAddress, "MACAddress", Type::String, |s| hex_pairs(s, 6), "a MAC address such as 00:00:5E:00:53:01"),
    row(DataType::Order, "Order", Type::UnsignedInt, |s| s != "0", "a position, from 1"),
    row(DataType::StatsCounter32, "StatsCounter32", Type::UnsignedInt, any, ""),
    row(DataType::StatsCounter64, "StatsCounter64", Type::UnsignedLong, any, ""),
    row(DataType::Uri, "URI", Type::String, uri, "a URI of at most 2048 characters"),
    row(DataType::Url, "URL", Type::String, uri, "a URL of at most 2048 characters"),
    row(DataType::Uuid, "UUID", Type::String, uuid, "a UUID such as 123e4567-e89b-12d3-a456-426614174000"),
    row(DataType::ZigBeeNetworkAddress, "ZigBeeNetworkAddress", Type::String, zigbee, "four hexadecimal digits"),
];

impl DataType {
    /// The type of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<DataType> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.ty)
    }

    /// The name as TR-106 spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// The type that it narrows.
    #[must_use]
    pub fn base(self) -> Type {
        self.row().map_or(Type::String, |row| row.base)
    }

    /// Whether a canonical text of its base type is one; the words say what it is not.
    pub fn check(self, text: &str) -> Result<(), String> {
        match self.row().filter(|row| !(row.allows)(text)) {
            None => Ok(()),
            Some(row) => Err(format!("not {}", row.words)),
        }
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.ty == self)
    }
}

fn any(_: &str) -> bool {
    true
}

/// TR-106 `_AliasCWMP`; brackets would end it in a path (TR-069 3.6.1).
fn alias(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.contains([']', '['])
        && text.chars().count() <= MAX_ALIAS
}

/// Stricter than the pattern of TR-106: a leading zero means octal to many C programs.
fn ipv4(text: &str) -> bool {
    text.is_empty() || text.parse::<Ipv4Addr>().is_ok()
}

fn ipv6(text: &str) -> bool {
    text.is_empty() || text.parse::<Ipv6Addr>().is_ok()
}

/// An address, which may be left out, with `/n`.
fn prefix(text: &str, bits: u8, address: fn(&str) -> bool) -> bool {
    let Some((head, size)) = text.split_once('/') else {
        return text.is_empty();
    };
    let digits = (1..=3).contains(&size.len()) && size.bytes().all(|b| b.is_ascii_digit());
    address(head) && digits && size.parse::<u8>().is_ok_and(|size| size <= bits)
}

/// Empty, or that many bytes as `AB:CD:…`.
fn hex_pairs(text: &str, count: usize) -> bool {
    let pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    text.is_empty() || (text.split(':').count() == count && text.split(':').all(pair))
}

fn uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// RFC 3986: a scheme, then only characters that may stand in a URI; or empty.
fn uri(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&b);
    let scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let whole = text.split_once(':').is_some_and(|(head, _)| scheme(head));
    text.is_empty() || (whole && text.len() <= 2048 && text.bytes().all(legal))
}

fn zigbee(text: &str) -> bool {
    text.is_empty() || (text.len() == 4 && text.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// SV-15: what each type takes and what it does not.
    #[test]
    fn each_type_takes_its_own() {
        let long = format!("http://x/{}", "a".repeat(2040));
        for (name, good, bad) in [
            (
                "Alias",
                &["a", "cpe-1", "Büro 2", &"x".repeat(64)][..],
                &["", "1a", "-a", "éa", "a[b", "a]", &"x".repeat(65)][..],
            ),
            ("Dbm1000", &["-12345"], &[]),
            (
                "IEEE_EUI64",
                &["", "02:00:5e:10:00:00:00:01"],
                &["02:00:5e:10:00:00:00", "02005e1000000001"],
            ),
            (
                "IPAddress",
                &[
                    "",
                    "192.0.2.1",
                    "255.255.255.0",
                    "2001:DB8::1",
                    "::",
                    "::ffff:192.0.2.1",
                ],
                // DM-04
                &[
                    "fe80::1%eth0",
                    "192.0.2",
                    "192.0.2.256",
                    "192.0.02.1",
                    "::1::",
                    "192.0.2.1/24",
                    " ",
                    "none",
                ],
            ),
            (
                "IPPrefix",
                &["", "/24", "192.0.2.0/24", "2001:db8::/128"],
                &["192.0.2.0", "192.0.2.0/129", "/"],
            ),
            (
                "IPv4Address",
                &["", "0.0.0.0"],
                &["::1", "1.2.3.4 ", "1.2.3"],
            ),
            (
                "IPv4Prefix",
                &["", "/0", "10.0.0.0/8", "10.0.0.0/32"],
                &["10.0.0.0/33", "10.0.0.0/+8", "::/0", "10.0.0.0/"],
            ),
            (
                "IPv6Address",
                &["", "1080:0:0:800:ba98:3210:11aa:12dd"],
                &["192.0.2.1", "fe80::1%1", "::g"],
            ),
            (
                "IPv6Prefix",
                &["", "/64", "2001:db8::/32"],
                &["10.0.0.0/8", "2001:db8::/129", "::1"],
            ),
            (
                "MACAddress",
                &["", "00:00:5E:00:53:01", "aa:bb:cc:dd:ee:ff"],
                &[
                    "00-00-5E-00-53-01",
                    "0:0:5E:0:53:1",
                    "00:00:5E:00:53",
                    "00:00:5E:00:53:0g",
                    "00005E005301",
                ],
            ),
            ("Order", &["1", "4294967295"], &["0"]),
            ("StatsCounter32", &["0", "4294967295"], &[]),
            ("StatsCounter64", &["0", "18446744073709551615"], &[]),
            ("URI", &["", "urn:x:y"], &["x y"]),
            (
                "URL",
                &["", "http://[2001:db8::1]:80/a?b=%20#c", "coap+tcp://x"],
                &[
                    "example.com",
                    "//x",
                    "1http://x",
                    "http://a b",
                    "http://x/<",
                    "http://ä",
                    &long,
                ],
            ),
            (
                "UUID",
                &["123e4567-e89b-12d3-a456-426614174000"],
                &[
                    "",
                    "123e4567-e89b-12d3-a456-42661417400",
                    "123e4567e89b12d3a456426614174000",
                    "x23e4567-e89b-12d3-a456-426614174000",
                ],
            ),
            (
                "ZigBeeNetworkAddress",
                &["", "1aF0"],
                &["1a", "1aF00", "1aFg"],
            ),
        ] {
            let ty = DataType::from_name(name).unwrap();
            assert_eq!(ty.name(), name);
            for text in good {
                assert_eq!(ty.check(text), Ok(()), "{name} {text:?}");
            }
            for text in bad {
                assert!(ty.check(text).is_err(), "{name} {text:?}");
            }
        }
        assert_eq!(DataType::from_name("string"), None);
    }

    proptest! {
        #[test]
        fn any_address_is_one_and_no_text_harms(v4: [u8; 4], v6: [u16; 8], mac: [u8; 6], text: String) {
            let (v4, v6) = (Ipv4Addr::from(v4).to_string(), Ipv6Addr::from(v6).to_string());
            prop_assert!(ipv4(&v4) && !ipv6(&v4) && ipv6(&v6) && !ipv4(&v6));
            let pairs: Vec<String> = mac.iter().map(|b| format!("{b:02x}")).collect();
            prop_assert!(hex_pairs(&pairs.join(":"), 6));
            for row in &TABLE {
                let _ = row.ty.check(&text);
            }
        }
    }
}
