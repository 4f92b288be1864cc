//! Dates in headers: `Expires` of a cookie, `Date`, `Retry-After`.

use time::{Date, Month, Time};

/// Reads a date in any of the forms HTTP has seen, by the forgiving rules of RFC 6265 5.1.1, as seconds since 1970.
pub fn parse(text: &str) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none() && token.contains(':') {
            time = clock(token);
            continue;
        }
        match (leading_digits(token), number(token)) {
            (1 | 2, Some(value)) if day.is_none() => day = Some(value),
            (digits, Some(value)) if (2..=4).contains(&digits) && year.is_none() => {
                year = Some(value)
            }
            (0, _) if month.is_none() => month = month_of(token),
            _ => {}
        }
    }
    let year = match i32::try_from(year?).ok()? {
        short @ 70..=99 => short + 1900,
        short @ 0..=69 => short + 2000,
        year if year < 1601 => return None,
        year => year,
    };
    let date = Date::from_calendar_date(year, month?, u8::try_from(day?).ok()?).ok()?;
    Some(date.with_time(time?).assume_utc().unix_timestamp())
}

fn is_delimiter(c: char) -> bool {
    matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~')
}

fn leading_digits(token: &str) -> usize {
    token.bytes().take_while(u8::is_ascii_digit).count()
}

/// The number a token starts with.
fn number(token: &str) -> Option<u32> {
    token.get(..leading_digits(token))?.parse().ok()
}

fn clock(token: &str) -> Option<Time> {
    let mut fields = token.splitn(3, ':').map(|field| {
        (1..=2)
            .contains(&leading_digits(field))
            .then(|| number(field))
            .flatten()
    });
    let mut next = || {
        fields
            .next()
            .flatten()
            .and_then(|value| u8::try_from(value).ok())
    };
    let (hour, minute, second) = (next()?, next()?, next()?);
    Time::from_hms(hour, minute, second).ok()
}

fn month_of(token: &str) -> Option<Month> {
    const NAMES: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let name = token.get(..3)?.to_ascii_lowercase();
    let index = NAMES.iter().position(|known| *known == name)?;
    Month::try_from(u8::try_from(index + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_http_mean_the_same() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "6 november 1994 8:49:37",
        ] {
            assert_eq!(parse(text), Some(784_111_777), "{text}");
        }
        assert_eq!(parse("Thu, 01-Jan-1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse("Thu, 01 Jan 69 00:00:00 GMT"), Some(3_124_224_000));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "never",
            "31 Feb 2024 00:00:00",
            "1 Jan 1600 00:00:00",
            "1 Jan 2024",
            "1 Jan 2024 24:00:00",
            "1 Jan 2024 1:2",
            "Jan 2024 00:00:00",
            "1 Jan 99999999999 00:00:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,40}", likely in "[0-9a-zA-Z:, éÄ-]{0,30}") {
            let _ = parse(&text);
            let _ = parse(&likely);
        }
    }
}
