//! `xsd:dateTime`.

use std::fmt;

use crate::wire::data::{Data, FromData, ToData, Wrong};
use time::{Date, Duration, Month, PrimitiveDateTime, Time, UtcDateTime};

use super::is_space;

/// The greatest distance from UTC, in minutes (XML Schema 2, 3.2.7.3).
const MAX_OFFSET: i32 = 14 * 60;

/// A moment as `xsd:dateTime` writes it: civil time, microseconds, and the zone if it has one. Years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    civil: PrimitiveDateTime,
    /// Minutes east of UTC.
    offset: Option<i32>,
}

impl DateTime {
    /// "Unknown Time" (TR-106 3.2): the clock is not set, it never happened, no phase.
    pub const UNKNOWN: DateTime = DateTime {
        civil: PrimitiveDateTime::new(day(1, Month::January, 1), Time::MIDNIGHT),
        offset: Some(0),
    };

    /// "Infinite" (TR-106 3.2): it never ends.
    pub const INFINITE: DateTime = DateTime {
        civil: PrimitiveDateTime::new(day(9999, Month::December, 31), hour(23, 59, 59)),
        offset: Some(0),
    };

    /// Reads every legal lexical form but years beyond 9999. `24:00:00` becomes the next day's midnight,
    /// fractions are cut to microseconds.
    pub fn parse(text: &str) -> Option<DateTime> {
        let mut rest = text.trim_matches(is_space);
        let year = digits(&mut rest, 4)?;
        literal(&mut rest, "-")?;
        let month = Month::try_from(u8::try_from(digits(&mut rest, 2)?).ok()?).ok()?;
        literal(&mut rest, "-")?;
        let date = Date::from_calendar_date(
            i32::try_from(year).ok()?,
            month,
            digits(&mut rest, 2)?.try_into().ok()?,
        );
        let mut date = date.ok().filter(|_| year > 0)?;
        literal(&mut rest, "T")?;
        let hour = digits(&mut rest, 2)?;
        literal(&mut rest, ":")?;
        let minute = digits(&mut rest, 2)?;
        literal(&mut rest, ":")?;
        let second = digits(&mut rest, 2)?;
        let micros = fraction(&mut rest)?;
        let time = if (hour, minute, second, micros) == (24, 0, 0, 0) {
            date = date.next_day()?;
            Time::MIDNIGHT
        } else {
            Time::from_hms_micro(
                hour.try_into().ok()?,
                minute.try_into().ok()?,
                second.try_into().ok()?,
                micros,
            )
            .ok()?
        };
        Some(DateTime {
            civil: PrimitiveDateTime::new(date, time),
            offset: zone(rest)?,
        })
    }

    /// The moment so many seconds after 1970-01-01T00:00:00Z, as a clock so many minutes east of UTC shows it.
    /// [`UNKNOWN`](Self::UNKNOWN) when that clock shows no year from 1 to 9999.
    pub fn from_unix(seconds: i64, offset_minutes: i32) -> DateTime {
        let offset = offset_minutes.clamp(-MAX_OFFSET, MAX_OFFSET);
        let shown = seconds
            .checked_add(i64::from(offset) * 60)
            .and_then(|s| UtcDateTime::from_unix_timestamp(s).ok());
        match shown.filter(|shown| shown.year() > 0) {
            Some(shown) => DateTime {
                civil: PrimitiveDateTime::new(shown.date(), shown.time()),
                offset: Some(offset),
            },
            None => DateTime::UNKNOWN,
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z, fractions cut off. Without a zone it is UTC (TR-106 3.2).
    /// `None` in the year 1: "Unknown Time" and times since boot name no moment (TR-106 3.2.1).
    pub fn unix_seconds(&self) -> Option<i64> {
        let utc = self
            .civil
            .checked_sub(Duration::minutes(self.offset.unwrap_or(0).into()))?;
        (utc.year() > 1).then(|| utc.as_utc().unix_timestamp())
    }

    /// The same moment as UTC shows it. `None` without a zone, and where UTC has no year from 2 to 9999.
    pub fn to_utc(&self) -> Option<DateTime> {
        let offset = self.offset?;
        let civil = self.civil.checked_sub(Duration::minutes(offset.into()))?;
        (2..=9999).contains(&civil.year()).then_some(DateTime {
            civil,
            offset: Some(0),
        })
    }

    /// Microseconds beyond the second.
    pub fn microseconds(&self) -> u32 {
        self.civil.microsecond()
    }

    /// Whether it is "Unknown Time" (TR-106 3.2).
    pub fn is_unknown(&self) -> bool {
        self.civil == DateTime::UNKNOWN.civil && self.offset.unwrap_or(0) == 0
    }
}

impl Default for DateTime {
    fn default() -> Self {
        DateTime::UNKNOWN
    }
}

impl FromData for DateTime {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        let parsed = data.as_text().and_then(DateTime::parse);
        *self = parsed.ok_or_else(|| Wrong::kind("a dateTime"))?;
        Ok(())
    }
}

impl ToData for DateTime {
    fn data(&self) -> Data<'_> {
        self.to_string().into()
    }
}

/// The civil time and zone as they are, in the one form that needs no reading rules: no needless fraction,
/// `Z` for UTC.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.civil.date(), self.civil.time());
        write!(
            f,
            "{:04}-{:02}-{:02}T",
            date.year(),
            u8::from(date.month()),
            date.day()
        )?;
        write!(
            f,
            "{:02}:{:02}:{:02}",
            time.hour(),
            time.minute(),
            time.second()
        )?;
        if time.microsecond() > 0 {
            f.write_str(format!(".{:06}", time.microsecond()).trim_end_matches('0'))?;
        }
        match self.offset {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
            }
        }
    }
}

/// A date known when compiling.
const fn day(year: i32, month: Month, day: u8) -> Date {
    match Date::from_calendar_date(year, month, day) {
        Ok(date) => date,
        Err(_) => Date::MIN,
    }
}

/// A time known when compiling.
const fn hour(hour: u8, minute: u8, second: u8) -> Time {
    match Time::from_hms(hour, minute, second) {
        Ok(time) => time,
        Err(_) => Time::MIDNIGHT,
    }
}

/// Cuts so many decimal digits.
fn digits(rest: &mut &str, count: usize) -> Option<u32> {
    let (number, behind) = rest
        .split_at_checked(count)
        .filter(|(n, _)| n.bytes().all(|b| b.is_ascii_digit()))?;
    *rest = behind;
    number.parse().ok()
}

fn literal(rest: &mut &str, what: &str) -> Option<()> {
    *rest = rest.strip_prefix(what)?;
    Some(())
}

/// Cuts a fraction of a second, if there is one; microseconds.
fn fraction(rest: &mut &str) -> Option<u32> {
    let Some(behind) = rest.strip_prefix('.') else {
        return Some(0);
    };
    let number = behind
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .filter(|n| !n.is_empty())?;
    *rest = behind.strip_prefix(number)?;
    let micros = number.bytes().chain(std::iter::repeat(b'0')).take(6);
    Some(micros.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}

/// The zone: none, `Z`, `+hh:mm`, `-hh:mm` up to 14 hours.
fn zone(rest: &str) -> Option<Option<i32>> {
    let (sign, mut rest) = match rest.split_at_checked(1) {
        None => return Some(None),
        Some(("Z", "")) => return Some(Some(0)),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) => return None,
    };
    let hours = digits(&mut rest, 2)?;
    literal(&mut rest, ":")?;
    let minutes = digits(&mut rest, 2).filter(|&m| m < 60)?;
    let offset = i32::try_from(hours * 60 + minutes)
        .ok()
        .filter(|&o| o <= MAX_OFFSET && rest.is_empty())?;
    Some(Some(sign * offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> Option<String> {
        DateTime::parse(text).map(|t| t.to_string())
    }

    fn seconds(text: &str) -> Option<i64> {
        DateTime::parse(text)?.unix_seconds()
    }

    #[test]
    fn legal_forms() {
        for text in [
            "2026-11-22T08:45:46Z",
            "2026-11-22T08:45:46",
            "2026-11-22T08:45:46+02:00",
            "2026-11-22T08:45:46-14:00",
            "2026-11-22T08:45:46.5Z",
            "2026-11-22T08:45:46.000001-03:30",
            "2024-02-29T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(canonical(text).as_deref(), Some(text));
            assert_eq!(canonical(&format!(" \t{text}\r\n")).as_deref(), Some(text));
        }
    }

    #[test]
    fn other_forms_of_the_same() {
        for (text, same) in [
            ("2026-11-22T08:45:46+00:00", "2026-11-22T08:45:46Z"),
            ("2026-11-22T08:45:46-00:00", "2026-11-22T08:45:46Z"),
            ("2026-11-22T08:45:46.000Z", "2026-11-22T08:45:46Z"),
            (
                "2026-11-22T08:45:46.1234567899999999999999Z",
                "2026-11-22T08:45:46.123456Z",
            ),
            ("2026-12-31T24:00:00Z", "2027-01-01T00:00:00Z"),
            ("2026-12-31T24:00:00.000", "2027-01-01T00:00:00"),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(same), "{text}");
        }
    }

    #[test]
    fn illegal_forms() {
        // SO-34 SO-35
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T08:45Z",
            "2026-11-22 08:45:46Z",
            "2026-11-22t08:45:46z",
            "2026-11-22T08:45:46+0200",
            "2026-11-22T08:45:46+02",
            "2026-11-22T08:45:46+14:01",
            "2026-11-22T08:45:46+02:60",
            "2026-11-22T08:45:46+02:00Z",
            "2026-11-22T08:45:46.Z",
            "2026-11-22T08:45:46,5Z",
            "2026-11-22T8:45:46Z",
            "2026-11-22T08:45:60Z",
            "2026-11-22T08:60:46Z",
            "2026-11-22T24:00:01Z",
            "2026-11-22T24:00:00.5Z",
            "2026-11-22T25:00:00Z",
            "2026-00-22T08:45:46Z",
            "2026-13-22T08:45:46Z",
            "2026-11-00T08:45:46Z",
            "2026-02-29T08:45:46Z",
            "2026-11-31T08:45:46Z",
            "0000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "+2026-11-22T08:45:46Z",
            "26-11-22T08:45:46Z",
            "12026-11-22T08:45:46Z",
            "9999-12-31T24:00:00Z",
            "2026-11-22T08:45:46Z x",
            "2026-1é-22T08:45:46Z",
            "２０２６-11-22T08:45:46Z",
        ] {
            assert_eq!(DateTime::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn seconds_since_1970() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("1969-12-31T23:59:59.9Z"), Some(-1));
        assert_eq!(seconds("2026-11-22T08:45:46"), Some(1_795_337_146));
        assert_eq!(seconds("2026-11-22T10:45:46+02:00"), Some(1_795_337_146));
        assert_eq!(seconds("2026-11-22T05:15:46.25-03:30"), Some(1_795_337_146));
        assert_eq!(DateTime::INFINITE.unix_seconds(), Some(253_402_300_799));
    }

    #[test]
    fn the_year_1_is_no_moment() {
        assert!(DateTime::UNKNOWN.is_unknown() && DateTime::UNKNOWN.unix_seconds().is_none());
        for text in [
            "0001-01-01T00:00:00",
            "0001-01-01T00:00:00+00:00",
            " 0001-01-01T00:00:00.0Z",
        ] {
            assert!(DateTime::parse(text).unwrap().is_unknown(), "{text}");
        }
        // Two days after the boot.
        let boot = DateTime::parse("0001-01-03T03:12:02Z").unwrap();
        assert!(!boot.is_unknown() && boot.unix_seconds().is_none());
        assert_eq!(seconds("0001-01-01T00:00:00+14:00"), None);
        assert_eq!(DateTime::UNKNOWN.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(DateTime::INFINITE.to_string(), "9999-12-31T23:59:59Z");
        assert!(!DateTime::INFINITE.is_unknown());
    }

    #[test]
    fn from_a_clock() {
        // SO-34
        assert_eq!(
            DateTime::from_unix(1_795_337_146, 0).to_string(),
            "2026-11-22T08:45:46Z"
        );
        assert_eq!(
            DateTime::from_unix(1_795_337_146, 120).to_string(),
            "2026-11-22T10:45:46+02:00"
        );
        assert_eq!(
            DateTime::from_unix(1_795_337_146, -210).to_string(),
            "2026-11-22T05:15:46-03:30"
        );
        for seconds in [i64::MIN, i64::MAX, -62_135_596_801, 253_402_300_800] {
            assert!(DateTime::from_unix(seconds, 0).is_unknown());
        }
        assert_eq!(
            DateTime::from_unix(0, i32::MAX).to_string(),
            "1970-01-01T14:00:00+14:00"
        );
        assert_eq!(
            DateTime::from_unix(0, i32::MIN).to_string(),
            "1969-12-31T10:00:00-14:00"
        );
    }

    #[test]
    fn microseconds_are_kept() {
        assert_eq!(
            DateTime::parse("2026-11-22T08:45:46.12Z")
                .unwrap()
                .microseconds(),
            120_000
        );
    }

    proptest! {
        #[test]
        fn any_moment_comes_back(seconds in -62_100_000_000i64..253_402_300_799, offset in -840i32..=840) {
            let time = DateTime::from_unix(seconds, offset);
            // Near the ends the clock may show another year than UTC.
            prop_assume!(!time.is_unknown());
            prop_assert_eq!(time.unix_seconds(), Some(seconds));
            prop_assert_eq!(DateTime::parse(&time.to_string()), Some(time));
        }

        #[test]
        fn any_text_is_harmless(text: String) {
            let _ = DateTime::parse(&text);
        }

        #[test]
        fn near_misses_are_harmless(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,9})?([Z+é-][0-9:]{0,5})?") {
            if let Some(time) = DateTime::parse(&text) {
                prop_assert_eq!(DateTime::parse(&time.to_string()), Some(time));
                let _ = time.unix_seconds();
            }
        }
    }
}
