//! The cookie jar of one session (RFC 6265). It dies with the session (CK-08, TR-069 3.4.2).
//!
//! Two things differ from a browser, both to the safe side: a cookie goes back to the host that set it only (`Domain`
//! is ignored), and one whose name or value is not UTF-8 text is not kept.

use super::{Url, date, headers_named};

/// More than any ACS sets; the oldest goes first.
const MAX_COOKIES: usize = 32;
/// Name and value of one cookie (RFC 6265 6.1). TR-069 3.4.2 asks for 512 bytes in all at least.
const MAX_COOKIE: usize = 4096;
/// All names and values together: servers take headers of 8 KiB.
const MAX_TOTAL: usize = 7168;

struct Cookie {
    name: String,
    value: String,
    host: String,
    path: String,
    secure: bool,
    /// When it ends, if it says so and there was a clock.
    expires: Option<i64>,
}

impl Cookie {
    fn size(&self) -> usize {
        self.name.len() + self.value.len()
    }

    fn is_for(&self, url: &Url) -> bool {
        let secure = !self.secure || url.scheme == super::Scheme::Https;
        self.host == url.host && secure && path_matches(&self.path, url.path())
    }
}

/// The cookies of one session.
#[derive(Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
}

impl Jar {
    /// Takes over what a reply from `url` sets. Whether a cookie has expired is told by the reply's own `Date`, so that
    /// a wrong clock here loses no session; `now` is our clock, if it is set.
    pub fn store(&mut self, url: &Url, headers: &[(String, Vec<u8>)], now: Option<i64>) {
        if let Some(now) = now {
            self.cookies
                .retain(|cookie| cookie.expires.is_none_or(|end| end > now));
        }
        let text = |value| std::str::from_utf8(value).ok();
        let served = headers_named(headers, "Date")
            .find_map(text)
            .and_then(date::parse);
        for line in headers_named(headers, "Set-Cookie").filter_map(text) {
            self.set(url, line, served, now);
        }
    }

    /// The `Cookie` header for a request to `url`, if there is anything to send.
    pub fn header(&self, url: &Url) -> Option<String> {
        let mut sent: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.is_for(url))
            .collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len())); // RFC 6265 5.4
        let pairs: Vec<String> = sent
            .iter()
            .map(|c| format!("{}={}", c.name, c.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn set(&mut self, url: &Url, line: &str, served: Option<i64>, now: Option<i64>) {
        let mut parts = line.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let (name, value) = (name.trim(), value.trim());
        let control = |text: &str| text.chars().any(char::is_control);
        if name.is_empty()
            || name.len() + value.len() > MAX_COOKIE
            || control(name)
            || control(value)
        {
            return;
        }
        let mut path = default_path(url.path());
        let (mut secure, mut max_age, mut until) = (false, None, None);
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => path = value.to_string(),
                "path" => path = default_path(url.path()),
                "secure" => secure = true,
                "max-age" => max_age = seconds(value).or(max_age),
                "expires" => until = date::parse(value).or(until),
                _ => {} // CK-07
            }
        }
        // RFC 6265 5.3: Max-Age before Expires. A date needs a clock to compare with, be it the server's; the epoch,
        // with which servers delete, needs none.
        let lifetime = max_age.or(until.map(|end| end.saturating_sub(served.or(now).unwrap_or(1))));
        let same = |c: &Cookie| c.name == name && c.host == url.host && c.path == path;
        let known = self.cookies.iter().position(same);
        if lifetime.is_some_and(|seconds| seconds <= 0) {
            self.cookies.retain(|cookie| !same(cookie)); // CK-06
            return;
        }
        let cookie = Cookie {
            name: name.to_string(),
            value: value.to_string(), // quotes are part of it (CK-10)
            host: url.host.clone(),
            path,
            secure,
            expires: lifetime
                .zip(now)
                .map(|(seconds, now)| now.saturating_add(seconds)),
        };
        match known.and_then(|index| self.cookies.get_mut(index)) {
            Some(known) => *known = cookie, // CK-04; keeps its place (RFC 6265 5.3, 11.3)
            None => self.cookies.push(cookie),
        }
        while self.cookies.len() > MAX_COOKIES
            || self.cookies.iter().map(Cookie::size).sum::<usize>() > MAX_TOTAL
        {
            self.cookies.remove(0);
        }
    }
}

/// RFC 6265 5.1.4: the directory of the request's path.
fn default_path(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/".to_string(),
        Some((directory, _)) => directory.to_string(),
    }
}

/// RFC 6265 5.1.4, and `Path=/acs/` also covers `/acs` itself: servers write it so (CK-05).
fn path_matches(cookie: &str, request: &str) -> bool {
    let cookie = cookie.strip_suffix('/').unwrap_or(cookie);
    request
        .strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// RFC 6265 5.2.2; what is too large for a number is just large.
fn seconds(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let valid = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| {
        if negative {
            -1
        } else {
            digits.parse().unwrap_or(i64::MAX)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Option<i64> = Some(1_800_000_000);

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// The `Cookie` header for `to` after a reply from `from` with these headers.
    fn after(from: &str, lines: &[&str], to: &str) -> Option<String> {
        let mut jar = Jar::default();
        jar.store(&url(from), &set(lines), NOW);
        jar.header(&url(to))
    }

    fn set(lines: &[&str]) -> Vec<(String, Vec<u8>)> {
        lines
            .iter()
            .map(|line| ("set-cookie".to_string(), line.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn cookies_go_back_in_one_header() {
        // CK-01 CK-02 CK-04 CK-07
        let lines = [
            "a=1",
            "b=2; Path=/; HttpOnly; SameSite=Lax; Domain=example.com",
            "c=3;Version=1",
            "a=4",
        ];
        assert_eq!(
            after("http://h/acs", &lines, "http://h/acs").as_deref(),
            Some("a=4; b=2; c=3")
        );
        assert_eq!(Jar::default().header(&url("http://h/")), None);
    }

    #[test]
    fn at_least_512_bytes_are_kept_and_the_sum_is_bounded() {
        // CK-03
        let value = "x".repeat(4000);
        let line = format!("a={value}");
        assert_eq!(after("http://h/", &[&line], "http://h/"), Some(line));
        assert_eq!(
            after(
                "http://h/",
                &[&format!("a={}", "x".repeat(MAX_COOKIE))],
                "http://h/"
            ),
            None
        );
        let many: Vec<String> = (0..1000)
            .map(|i| format!("c{i}={}", "x".repeat(900)))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let sent = after("http://h/", &many, "http://h/").unwrap();
        assert!(
            sent.len() < 8192 && sent.contains("c999="),
            "{}",
            sent.len()
        );
        let small: Vec<String> = (0..1000).map(|i| format!("c{i}=")).collect();
        let small: Vec<&str> = small.iter().map(String::as_str).collect();
        assert_eq!(
            after("http://h/", &small, "http://h/")
                .unwrap()
                .split(';')
                .count(),
            MAX_COOKIES
        );
    }

    #[test]
    fn paths_follow_rfc_6265_with_a_little_tolerance() {
        // CK-05: set by, attribute, asked for, sent
        let table = [
            ("/acs/inform", "", "/acs/x", true),
            ("/acs/inform?a=/b", "", "/acs", true),
            ("/acs/inform", "", "/acsx", false),
            ("/acs/inform", "", "/", false),
            ("/acs", "", "/x/y", true),
            ("/acs", "; Path=/", "/x/y", true),
            ("/", "; Path=/acs/", "/acs", true),
            ("/", "; Path=/acs/", "/acs/x", true),
            ("/", "; Path=/acs", "/acs?q", true),
            ("/", "; Path=/acs", "/acs2", false),
            ("/a/b", "; Path=relative", "/a/c", true),
            ("/a/b", "; Path=", "/a/c", true),
            ("/a/b", "; Path=/z; path=/a", "/a", true),
        ];
        for (from, attribute, to, sent) in table {
            let line = format!("s=1{attribute}");
            let found = after(
                &format!("http://h{from}"),
                &[&line],
                &format!("http://h{to}"),
            );
            assert_eq!(found.is_some(), sent, "{from} {attribute} {to}");
        }
    }

    #[test]
    fn the_same_name_under_two_paths_is_two_cookies_longest_path_first() {
        let lines = ["s=short; Path=/", "s=long; Path=/acs"];
        assert_eq!(
            after("http://h/acs", &lines, "http://h/acs").as_deref(),
            Some("s=long; s=short")
        );
    }

    #[test]
    fn max_age_and_expires_delete() {
        // CK-06: attribute, kept
        let table = [
            ("Max-Age=0", false),
            ("Max-Age=-5", false),
            ("Max-Age=60", true),
            ("Max-Age=99999999999999999999", true),
            ("Max-Age=soon", true),
            ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", false),
            ("Expires=Thu, 01-Jan-2099 00:00:00 GMT", true),
            ("Expires=0", true),
            ("Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", true),
            ("Max-Age=0; Expires=Thu, 01-Jan-2099 00:00:00 GMT", false),
        ];
        for (attribute, kept) in table {
            let line = format!("s=2; {attribute}");
            assert_eq!(
                after("http://h/", &["s=1", &line], "http://h/").is_some(),
                kept,
                "{attribute}"
            );
        }
    }

    #[test]
    fn a_wrong_clock_loses_no_session() {
        // CK-06: the server's Date decides; without any clock only the epoch deletes
        let from = url("http://h/");
        let soon = "s=1; Expires=Sun, 06 Nov 1994 09:00:00 GMT";
        let mut headers = set(&[soon]);
        let mut jar = Jar::default();
        jar.store(&from, &headers, NOW);
        assert_eq!(jar.header(&from), None);
        jar.store(&from, &headers, None);
        assert!(jar.header(&from).is_some());
        jar.store(
            &from,
            &set(&["s=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]),
            None,
        );
        assert_eq!(jar.header(&from), None);
        headers.push(("Date".into(), b"Sun, 06 Nov 1994 08:49:37 GMT".to_vec()));
        jar.store(&from, &headers, NOW);
        assert!(jar.header(&from).is_some());
        jar.store(&from, &[], NOW.map(|now| now + 622));
        assert!(jar.header(&from).is_some());
        jar.store(&from, &[], NOW.map(|now| now + 623));
        assert_eq!(jar.header(&from), None);
    }

    #[test]
    fn cookies_stay_with_their_host_and_secure_ones_with_tls() {
        // RD-10 CK-07
        assert_eq!(after("http://h/", &["s=1; Domain=i"], "http://i/"), None);
        assert_eq!(
            after("http://h/", &["s=1; Domain=example.com"], "http://www.h/"),
            None
        );
        assert!(after("http://h:1/", &["s=1"], "https://H:2/").is_some());
        assert_eq!(after("https://h/", &["s=1; Secure"], "http://h/"), None);
        assert!(after("https://h/", &["s=1; secure"], "https://h/").is_some());
    }

    #[test]
    fn quotes_are_kept_and_nonsense_is_ignored() {
        // CK-09 CK-10
        assert_eq!(
            after("http://h/", &["a=\"x y\""], "http://h/").as_deref(),
            Some("a=\"x y\"")
        );
        assert_eq!(
            after("http://h/", &["a=b=c==; Path=/"], "http://h/").as_deref(),
            Some("a=b=c==")
        );
        for line in ["", ";", "=x", "a", "; Path=/", "a=\x01"] {
            assert_eq!(after("http://h/", &[line], "http://h/"), None, "{line}");
        }
        let mut jar = Jar::default();
        jar.store(
            &url("http://h/"),
            &[("Set-Cookie2".into(), b"a=1".to_vec())],
            NOW,
        );
        jar.store(
            &url("http://h/"),
            &[("Set-Cookie".into(), b"a=\xff".to_vec())],
            NOW,
        );
        assert_eq!(jar.header(&url("http://h/")), None);
    }

    proptest! {
        #[test]
        fn no_line_breaks_the_jar(lines in proptest::collection::vec("\\PC{0,30}(; ?(Path|Max-Age|Expires|é)?=?\\PC{0,12}){0,3}", 0..8)) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            if let Some(header) = after("http://h/a/b", &lines, "http://h/a/b") {
                prop_assert!(!header.contains(['\r', '\n']));
            }
        }
    }
}
