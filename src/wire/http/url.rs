//! HTTP URLs (RFC 3986, RFC 9110 4.2): parsing, resolving of relative references, what goes into `Host`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// TR-181 allows 2048 characters for ManagementServer.URL; a redirect may be longer, but not without end.
pub const MAX_URL: usize = 4096;
/// RFC 1035 2.3.4: a domain name has at most 253 characters in this form.
const MAX_HOST: usize = 253;

/// The two schemes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port that a URL without one means: 80 or 443, never 7547.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// An absolute HTTP URL. A fragment is dropped, what a request line may not carry is percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    /// Scheme.
    pub scheme: Scheme,
    /// Host in lower case: a name, an IPv4 address, or an IPv6 address without its brackets.
    pub host: String,
    /// Port, never 0.
    pub port: u16,
    /// Path and query as they stand in the request line, at least `/`.
    pub target: String,
}

/// Why a text is no URL for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// Nothing there.
    Empty,
    /// Longer than [`MAX_URL`].
    TooLong,
    /// Neither `http://` nor `https://`.
    Scheme,
    /// A user name or password stands before the host.
    UserInfo,
    /// The host is missing or has characters that no host name has.
    Host,
    /// The port is not a number from 1 to 65535.
    Port,
    /// A control character.
    Control,
    /// Bytes that are no text.
    Encoding,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UrlError::Empty => "the URL is empty",
            UrlError::TooLong => "the URL is too long",
            UrlError::Scheme => "the URL starts neither with http:// nor with https://",
            UrlError::UserInfo => "the URL holds credentials, which have their own options",
            UrlError::Host => "the URL has no valid host (international names must be in punycode)",
            UrlError::Port => "the URL's port is not a number from 1 to 65535",
            UrlError::Control => "the URL holds a control character",
            UrlError::Encoding => "the URL is not UTF-8",
        })
    }
}

impl std::error::Error for UrlError {}

impl Url {
    /// Parses an absolute URL; white space around it is no harm.
    pub fn parse(text: &str) -> Result<Url, UrlError> {
        let text = checked(text)?;
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let scheme = match () {
            () if scheme.eq_ignore_ascii_case("http") => Scheme::Http,
            () if scheme.eq_ignore_ascii_case("https") => Scheme::Https,
            () => return Err(UrlError::Scheme),
        };
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlError::UserInfo); // RFC 9110 4.2.4
        }
        let (host, port) = host_and_port(authority)?;
        let port = match port {
            "" => scheme.default_port(),
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or(UrlError::Port)?,
            _ => return Err(UrlError::Port),
        };
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Url {
            scheme,
            host,
            port,
            target: encoded(&format!("{slash}{target}")),
        })
    }

    /// Resolves a `Location` against this URL (RFC 3986 5.2).
    pub fn join(&self, location: &str) -> Result<Url, UrlError> {
        let location = checked(location)?;
        if has_scheme(location) {
            return Url::parse(location);
        }
        if location.starts_with("//") {
            return Url::parse(&format!("{}:{location}", self.scheme.as_str()));
        }
        let base = self.path();
        let merged = if location.starts_with('/') {
            location.to_string()
        } else if location.starts_with('?') {
            format!("{base}{location}")
        } else {
            let directory = base.rsplit_once('/').map_or("", |(directory, _)| directory);
            format!("{directory}/{location}")
        };
        let target = match merged.split_once('?') {
            Some((path, query)) => format!("{}?{query}", without_dot_segments(path)),
            None => without_dot_segments(&merged),
        };
        Ok(Url {
            target: encoded(&target),
            ..self.clone()
        })
    }

    /// The `Host` header: the port only where it is not the scheme's own, IPv6 in brackets.
    pub fn host_header(&self) -> String {
        let (open, close) = if self.host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        if self.port == self.scheme.default_port() {
            format!("{open}{}{close}", self.host)
        } else {
            format!("{open}{}{close}:{}", self.host, self.port)
        }
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// Whether the host is an address rather than a name.
    pub fn is_ip_literal(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    /// Whether scheme, host and port are the same (RFC 6454 4).
    pub fn same_origin(&self, other: &Url) -> bool {
        (self.scheme, &self.host, self.port) == (other.scheme, &other.host, other.port)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}{}",
            self.scheme.as_str(),
            self.host_header(),
            self.target
        )
    }
}

/// Trims, drops the fragment and refuses what no URL has.
fn checked(text: &str) -> Result<&str, UrlError> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let text = text.split_once('#').map_or(text, |(before, _)| before);
    match () {
        () if text.is_empty() => Err(UrlError::Empty),
        () if text.len() > MAX_URL => Err(UrlError::TooLong),
        () if text.bytes().any(|b| b.is_ascii_control()) => Err(UrlError::Control),
        () => Ok(text),
    }
}

/// Whether a reference starts with a scheme (RFC 3986 4.1).
fn has_scheme(reference: &str) -> bool {
    reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}

/// Splits an authority into the checked host and the text of the port ("" for none).
fn host_and_port(authority: &str) -> Result<(String, &str), UrlError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(UrlError::Host)?;
        let address: Ipv6Addr = address.parse().map_err(|_| UrlError::Host)?;
        let port = match port {
            "" => "",
            port => port.strip_prefix(':').ok_or(UrlError::Port)?,
        };
        return Ok((address.to_string(), port));
    }
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    let valid = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if host.is_empty() || host.len() > MAX_HOST || !host.bytes().all(valid) {
        return Err(UrlError::Host);
    }
    Ok((host.to_ascii_lowercase(), port))
}

/// RFC 3986 5.2.4.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push(""); // a trailing dot segment leaves its slash
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Percent-encodes what RFC 3986 does not let stand in a path or query; existing escapes stay as they are.
fn encoded(target: &str) -> String {
    let mut text = String::with_capacity(target.len());
    for byte in target.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn path_and_query_are_kept_and_the_host_header_has_the_port() {
        // HT-01 HT-02 HT-30
        let table = [
            ("http://acs/a/b?x=1", 80, "acs", "/a/b?x=1"),
            ("http://127.0.0.1:7547", 7547, "127.0.0.1:7547", "/"),
            ("HTTPS://Acs.Example.com/", 443, "acs.example.com", "/"),
            ("https://acs:443/x", 443, "acs", "/x"),
            ("https://acs:80/x", 80, "acs:80", "/x"),
            ("http://acs:/x", 80, "acs", "/x"),
            ("http://acs?q=1", 80, "acs", "/?q=1"),
            (" http://acs/a b#frag\n", 80, "acs", "/a%20b"),
            ("http://acs/ä|%20", 80, "acs", "/%C3%A4%7C%20"),
            ("http://acs_1.lan/?a=b?c/d", 80, "acs_1.lan", "/?a=b?c/d"),
        ];
        for (text, port, host, target) in table {
            let url = url(text);
            assert_eq!(
                (url.port, url.host_header().as_str(), url.target.as_str()),
                (port, host, target),
                "{text}"
            );
        }
    }

    #[test]
    fn ipv6_literals_keep_their_brackets_in_host() {
        // HT-29
        let url = url("http://[0:0::1]:7547/");
        assert_eq!(
            (url.host.as_str(), url.host_header().as_str()),
            ("::1", "[::1]:7547")
        );
        assert!(url.is_ip_literal());
        assert_eq!(url.to_string(), "http://[::1]:7547/");
        assert!(Url::parse("http://10.0.0.1/").unwrap().is_ip_literal());
        assert!(!Url::parse("http://acs/").unwrap().is_ip_literal());
    }

    #[test]
    fn what_is_no_url_says_why() {
        let table = [
            ("", UrlError::Empty),
            ("#x", UrlError::Empty),
            ("acs.example.com/x", UrlError::Scheme),
            ("ftp://acs/", UrlError::Scheme),
            ("http:/acs", UrlError::Scheme),
            ("http://u:p@acs/", UrlError::UserInfo),
            ("http:///x", UrlError::Host),
            ("http://:80/", UrlError::Host),
            ("http://[::1/", UrlError::Host),
            ("http://[fe80::1%25eth0]/", UrlError::Host),
            ("http://a\\b/", UrlError::Host),
            ("http://äcs/", UrlError::Host),
            ("http://acs:0/", UrlError::Port),
            ("http://acs:65536/", UrlError::Port),
            ("http://acs:+80/", UrlError::Port),
            ("http://[::1]80/", UrlError::Port),
            ("http://acs/a\r\nb", UrlError::Control),
        ];
        for (text, error) in table {
            assert_eq!(Url::parse(text), Err(error), "{text}");
        }
        assert_eq!(
            Url::parse(&format!("http://acs/{}", "x".repeat(MAX_URL))),
            Err(UrlError::TooLong)
        );
    }

    #[test]
    fn locations_are_resolved_as_in_rfc_3986() {
        // RD-07; the examples of RFC 3986 5.4 that have an HTTP meaning
        let base = url("http://a/b/c/d;p?q");
        let table = [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("g#s", "http://a/b/c/g"),
            (";x", "http://a/b/c/;x"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("..g", "http://a/b/c/..g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/../h", "http://a/b/c/h"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("https://h:7548/z?1", "https://h:7548/z?1"),
            ("g/a:b", "http://a/b/c/g/a:b"),
        ];
        for (location, whole) in table {
            assert_eq!(
                base.join(location).unwrap().to_string(),
                whole,
                "{location}"
            );
        }
    }

    #[test]
    fn bad_locations_are_refused() {
        // RD-11
        let base = url("https://a/b");
        for (location, error) in [
            ("", UrlError::Empty),
            ("  ", UrlError::Empty),
            ("mailto:x", UrlError::Scheme),
            ("acs:7547/x", UrlError::Scheme),
            ("//", UrlError::Host),
            ("http://", UrlError::Host),
        ] {
            assert_eq!(base.join(location), Err(error), "{location}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert!(url("http://A/x").same_origin(&url("http://a:80/y")));
        assert!(!url("http://a/").same_origin(&url("https://a/")));
        assert!(!url("http://a/").same_origin(&url("http://a:81/")));
        assert!(!url("http://a/").same_origin(&url("http://b/")));
    }

    proptest! {
        #[test]
        fn what_parses_prints_and_parses_the_same(text in "(http|https)://[a-z0-9.\\[\\]:%@-]{0,12}(/[ -~äß?#.]{0,20})?") {
            if let Ok(url) = Url::parse(&text) {
                prop_assert_eq!(Url::parse(&url.to_string()), Ok(url));
            }
        }

        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,60}", location in "\\PC{0,60}") {
            let _ = Url::parse(&text);
            let _ = Url::parse(&format!("http://{text}"));
            if let Ok(joined) = url("http://a/b/c?d").join(&location) {
                prop_assert!(joined.target.starts_with('/'));
                prop_assert!(joined.target.bytes().all(|b| b.is_ascii_graphic()));
            }
        }
    }
}
