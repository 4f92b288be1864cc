//! What a DHCP server says about CWMP (TR-069 3.1 and Annex F): the vendor options 43 and 125 of DHCPv4 and 17 of
//! DHCPv6. Numbers of the sub-options as the Broadband Forum assigns them:
//!
//! | value | option 43 | option 125 | DHCPv6 option 17 |
//! |---|---|---|---|
//! | URL of the ACS | 1 | 11 | 1 |
//! | ProvisioningCode | 2 | 12 | 2 |
//! | CWMP retry minimum wait interval | 3 | 13 | 3 |
//! | CWMP retry interval multiplier | 4 | 14 | 4 |
//! | gateway: OUI, serial number, product class | | 4, 5, 6 | 14, 15, 16 |
//!
//! Options 125 and 17 may hold data of several enterprises; only that of 3561, the Broadband Forum's, is looked at.
//! Whoever answers first is the DHCP server, so every byte is hostile: what breaks the format refuses the option, a
//! value that cannot be used is left out and told, and the first of two of a kind counts.

use std::fmt;

use super::data::{Data, ToData, record, write};
use super::http::Url;

/// Longest option taken: what fits into a datagram, several times.
pub const MAX_OPTION: usize = 4096;
/// The Broadband Forum (RFC 3925).
const ENTERPRISE: u32 = 3561;
/// DH-06; the data type of ManagementServer.URL.
const MAX_URL: usize = 256;
/// DeviceInfo.ProvisioningCode; GatewayInfo.SerialNumber and ProductClass.
const MAX_TEXT: usize = 64;
/// CWMPRetryMinimumWaitInterval, seconds.
const MINIMUM_WAIT: std::ops::RangeInclusive<u32> = 1..=65535;
/// CWMPRetryIntervalMultiplier, thousandths.
const MULTIPLIER: std::ops::RangeInclusive<u32> = 1000..=65535;

/// Fill in encapsulated options, and their end (RFC 2132 8.4).
const PAD: u16 = 0;
const END: u16 = 255;

/// What DHCP has to say; what it left out is absent or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// URL of the ACS: http or https, at most 256 characters.
    pub url: Option<String>,
    /// DeviceInfo.ProvisioningCode, at most 64 characters.
    pub provisioning_code: Option<String>,
    /// CWMPRetryMinimumWaitInterval: 1 to 65535 seconds.
    pub retry_minimum_wait: Option<u32>,
    /// CWMPRetryIntervalMultiplier: 1000 to 65535 thousandths.
    pub retry_multiplier: Option<u32>,
    /// Who the gateway is that gave the lease.
    pub gateway: Gateway,
}

/// The gateway in front of a device (TR-069 Annex F).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gateway {
    /// Six upper-case hex digits, or empty.
    pub manufacturer_oui: String,
    /// At most 64 characters.
    pub serial_number: String,
    /// At most 64 characters.
    pub product_class: String,
}

record!(Offer {
    url,
    provisioning_code,
    retry_minimum_wait,
    retry_multiplier,
    gateway
});
record!(fields Gateway {
    manufacturer_oui,
    serial_number,
    product_class
});

impl ToData for Gateway {
    fn data(&self) -> Data<'_> {
        match self.is_empty() {
            true => Data::Null,
            false => write(self),
        }
    }
}

impl Gateway {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Gateway::default()
    }
}

/// The parts of an [`Offer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Url,
    ProvisioningCode,
    MinimumWait,
    Multiplier,
    GatewayOui,
    GatewaySerial,
    GatewayClass,
}

/// Why something of an option is not used. Shows nothing of it but its length and its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// An odd number of characters, or one that is no hex digit.
    NotHex,
    /// Longer than [`MAX_OPTION`].
    TooLong,
    /// It ends within a length or before what a length says.
    CutShort,
    /// This sub-option is no value of its kind.
    Value(u16, &'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NotHex => f.write_str("not pairs of hex digits"),
            Problem::TooLong => write!(f, "longer than {MAX_OPTION} bytes"),
            Problem::CutShort => f.write_str("shorter than its lengths say"),
            Problem::Value(number, wanted) => write!(f, "sub-option {number} is not {wanted}"),
        }
    }
}

impl std::error::Error for Problem {}

/// What an option holds, and what of it could not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What can be used.
    pub offer: Offer,
    /// What cannot.
    pub problems: Vec<Problem>,
}

/// The bytes of an option as the environment of a DHCP client's script holds them: hex digits, in either case.
pub fn from_hex(text: &str) -> Result<Vec<u8>, Problem> {
    let digits = text.trim().as_bytes();
    if digits.len() > 2 * MAX_OPTION {
        return Err(Problem::TooLong);
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let pairs = digits.chunks(2).map(|pair| match *pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    pairs.collect::<Option<_>>().ok_or(Problem::NotHex)
}

/// DHCPv4 option 43, vendor specific information: sub-options, or (DH-04) nothing but the URL.
pub fn option_43(data: &[u8]) -> Result<Reading, Problem> {
    let data = sized(data)?;
    let mut reading = Reading::default();
    if data
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"http"))
    {
        reading.take(Part::Url, 0, data);
        return Ok(reading);
    }
    let parts = [
        (1, Part::Url),
        (2, Part::ProvisioningCode),
        (3, Part::MinimumWait),
        (4, Part::Multiplier),
    ];
    reading.read(data, Width::One, &parts)?;
    Ok(reading)
}

/// DHCPv4 option 125, vendor-identifying vendor-specific information (RFC 3925).
pub fn option_125(data: &[u8]) -> Result<Reading, Problem> {
    let parts = [
        (11, Part::Url),
        (12, Part::ProvisioningCode),
        (13, Part::MinimumWait),
        (14, Part::Multiplier),
        (4, Part::GatewayOui),
        (5, Part::GatewaySerial),
        (6, Part::GatewayClass),
    ];
    let mut rest = sized(data)?;
    let mut reading = Reading::default();
    while !rest.is_empty() {
        let number = enterprise(&mut rest)?;
        let length = Width::One.take(&mut rest)?;
        let data = bytes(&mut rest, length.into())?;
        if number == ENTERPRISE {
            reading.read(data, Width::One, &parts)?;
        }
    }
    Ok(reading)
}

/// DHCPv6 option 17, vendor-specific information (RFC 8415 21.17).
pub fn option_17(data: &[u8]) -> Result<Reading, Problem> {
    let parts = [
        (1, Part::Url),
        (2, Part::ProvisioningCode),
        (3, Part::MinimumWait),
        (4, Part::Multiplier),
        (14, Part::GatewayOui),
        (15, Part::GatewaySerial),
        (16, Part::GatewayClass),
    ];
    let mut rest = sized(data)?;
    let mut reading = Reading::default();
    if !rest.is_empty() && enterprise(&mut rest)? == ENTERPRISE {
        reading.read(rest, Width::Two, &parts)?;
    }
    Ok(reading)
}

impl Offer {
    /// This offer, with what it lacks from another one.
    #[must_use]
    pub fn or(self, other: &Offer) -> Offer {
        Offer {
            url: self.url.or_else(|| other.url.clone()),
            provisioning_code: self
                .provisioning_code
                .or_else(|| other.provisioning_code.clone()),
            retry_minimum_wait: self.retry_minimum_wait.or(other.retry_minimum_wait),
            retry_multiplier: self.retry_multiplier.or(other.retry_multiplier),
            gateway: if self.gateway.is_empty() {
                other.gateway.clone()
            } else {
                self.gateway
            },
        }
    }
}

impl Reading {
    /// The sub-options in `data`.
    fn read(
        &mut self,
        mut data: &[u8],
        width: Width,
        parts: &[(u16, Part)],
    ) -> Result<(), Problem> {
        let mut seen = Vec::new();
        while !data.is_empty() {
            let code = width.take(&mut data)?;
            match (width, code) {
                (Width::One, PAD) => continue,
                (Width::One, END) => return Ok(()),
                _ => {}
            }
            let length = width.take(&mut data)?;
            let value = bytes(&mut data, length.into())?;
            let part = parts.iter().find(|(number, _)| *number == code);
            if let Some((_, part)) = part.filter(|_| !seen.contains(&code)) {
                seen.push(code);
                self.take(*part, code, value);
            }
        }
        Ok(())
    }

    /// Takes a value, if it is one and none of its kind is there.
    fn take(&mut self, part: Part, code: u16, value: &[u8]) {
        let offer = &mut self.offer;
        let good = text(value).is_some_and(|text| match part {
            Part::Url => put(&mut offer.url, Some(text).filter(|url| is_url(url))),
            Part::ProvisioningCode => put(&mut offer.provisioning_code, short(text)),
            Part::MinimumWait => put(&mut offer.retry_minimum_wait, within(&text, MINIMUM_WAIT)),
            Part::Multiplier => put(&mut offer.retry_multiplier, within(&text, MULTIPLIER)),
            Part::GatewayOui => fill(&mut offer.gateway.manufacturer_oui, oui(&text)),
            Part::GatewaySerial => fill(&mut offer.gateway.serial_number, short(text)),
            Part::GatewayClass => fill(&mut offer.gateway.product_class, short(text)),
        });
        if !good {
            self.problems.push(Problem::Value(code, part.wanted()));
        }
    }
}

impl Part {
    fn wanted(self) -> &'static str {
        match self {
            Part::Url => "an http or https URL of at most 256 characters",
            Part::MinimumWait => "a number from 1 to 65535",
            Part::Multiplier => "a number from 1000 to 65535",
            Part::GatewayOui => "six hex digits",
            Part::ProvisioningCode | Part::GatewaySerial | Part::GatewayClass => {
                "a text of at most 64 characters"
            }
        }
    }
}

/// How many bytes a sub-option's number and length have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    One,
    Two,
}

impl Width {
    fn take(self, data: &mut &[u8]) -> Result<u16, Problem> {
        let number = match self {
            Width::One => bytes(data, 1)?.first().copied().map(u16::from),
            Width::Two => bytes(data, 2)?.try_into().ok().map(u16::from_be_bytes),
        };
        number.ok_or(Problem::CutShort)
    }
}

fn sized(data: &[u8]) -> Result<&[u8], Problem> {
    if data.len() > MAX_OPTION {
        return Err(Problem::TooLong);
    }
    Ok(data)
}

fn bytes<'a>(data: &mut &'a [u8], count: usize) -> Result<&'a [u8], Problem> {
    let (first, rest) = data.split_at_checked(count).ok_or(Problem::CutShort)?;
    *data = rest;
    Ok(first)
}

fn enterprise(data: &mut &[u8]) -> Result<u32, Problem> {
    let number = bytes(data, 4)?.try_into().map_err(|_| Problem::CutShort)?;
    Ok(u32::from_be_bytes(number))
}

/// A value as text. TR-069 3.1: a NUL at its end is accepted and no part of it.
fn text(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?.trim_end_matches('\0');
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn is_url(text: &str) -> bool {
    text.len() <= MAX_URL && Url::parse(text).is_ok()
}

fn short(text: String) -> Option<String> {
    (text.chars().count() <= MAX_TEXT).then_some(text)
}

fn oui(text: &str) -> Option<String> {
    let good = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| text.to_ascii_uppercase())
}

fn within(text: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    text.parse().ok().filter(|number| range.contains(number))
}

/// Puts a good value where none is; says whether it was good.
fn put<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let good = value.is_some();
    *place = place.take().or(value);
    good
}

fn fill(place: &mut String, value: Option<String>) -> bool {
    let good = value.is_some();
    if let Some(value) = value.filter(|_| place.is_empty()) {
        *place = value;
    }
    good
}

#[cfg(test)]
mod tests;
