//! Authentication headers: lists of challenges, credentials and parameters (RFC 7235 2.1, 4.1; RFC 9110 11).
//!
//! One reader serves `WWW-Authenticate` (several challenges in one header), `Authorization` and `Authentication-Info`.
//! It works on bytes and takes what the field sends: bare values where quoted ones belong, `qop=auth,auth-int` without
//! quotes, white space around `=`, token68 data of schemes we do not know.

/// More parameters than any scheme defines; the rest is ignored.
const MAX_PARAMETERS: usize = 32;
/// More challenges than any server offers; the rest is ignored.
const MAX_CHALLENGES: usize = 16;

/// A scheme with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Scheme in lower case; empty where the header has none (`Authentication-Info`).
    pub scheme: String,
    list: Vec<(String, Vec<u8>)>,
}

impl Parameters {
    /// Reads a list of challenges (`WWW-Authenticate`) or credentials (`Authorization`).
    pub fn list(header: &[u8]) -> Vec<Parameters> {
        read(header, Vec::new())
    }

    /// Reads parameters that follow no scheme (`Authentication-Info`, RFC 7615).
    pub fn bare(header: &[u8]) -> Parameters {
        read(header, vec![Parameters::default()])
            .into_iter()
            .next()
            .unwrap_or_default()
    }

    /// The value of a parameter, quotes and escapes removed. `name` is in lower case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.list
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_slice())
    }

    /// The value of a parameter, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)
            .and_then(|value| std::str::from_utf8(value).ok())
    }
}

/// Writes a quoted-string (RFC 9110 5.6.4). Control characters cannot stand in a header and are left out.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars().filter(|c| !c.is_ascii_control()) {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

fn read(header: &[u8], mut found: Vec<Parameters>) -> Vec<Parameters> {
    let mut rest = header;
    loop {
        rest = skip(rest, |b| matches!(b, b' ' | b'\t' | b','));
        if rest.is_empty() {
            return found;
        }
        let (token, after) = take(rest, is_token);
        if token.is_empty() {
            rest = to_next_comma(rest); // token68 data or garbage
            continue;
        }
        let name = String::from_utf8_lossy(token).to_ascii_lowercase();
        let next = skip(after, is_space);
        if let Some(value) = next.strip_prefix(b"=") {
            let (value, after) = read_value(skip(value, is_space));
            rest = after;
            if let Some(current) = found.last_mut()
                && current.list.len() < MAX_PARAMETERS
                && current.get(&name).is_none()
            {
                current.list.push((name, value));
            }
        } else if !found.is_empty() && matches!(next.first(), None | Some(b',')) {
            rest = next; // the second half of an unquoted `qop=auth,auth-int`, or a scheme that offers nothing
        } else if found.len() < MAX_CHALLENGES {
            found.push(Parameters {
                scheme: name,
                list: Vec::new(),
            });
            rest = next;
        } else {
            return found;
        }
    }
}

/// Reads a quoted-string, or everything up to the next comma or space.
fn read_value(input: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some(mut rest) = input.strip_prefix(b"\"") else {
        let (value, rest) = take(input, |b| !matches!(b, b' ' | b'\t' | b','));
        return (value.to_vec(), rest);
    };
    let mut value = Vec::new();
    loop {
        match rest {
            [] | [b'\\'] => return (value, &[]), // not closed
            [b'"', after @ ..] => return (value, after),
            [b'\\', byte, after @ ..] | [byte, after @ ..] => {
                value.push(*byte);
                rest = after;
            }
        }
    }
}

/// Skips to the next comma outside quotes.
fn to_next_comma(input: &[u8]) -> &[u8] {
    let mut rest = input;
    while let [first, after @ ..] = rest {
        rest = match first {
            b',' => return rest,
            b'"' => read_value(rest).1,
            _ => after,
        };
    }
    rest
}

fn skip(input: &[u8], unwanted: impl Fn(u8) -> bool) -> &[u8] {
    take(input, unwanted).1
}

fn take(input: &[u8], wanted: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    input.split_at(
        input
            .iter()
            .position(|b| !wanted(*b))
            .unwrap_or(input.len()),
    )
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// RFC 9110 5.6.2. A trailing `*` (`username*`) is a token character too.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schemes(header: &str) -> Vec<String> {
        Parameters::list(header.as_bytes())
            .into_iter()
            .map(|p| p.scheme)
            .collect()
    }

    #[test]
    fn several_challenges_in_one_header_are_told_apart() {
        // AU-03 AU-19
        let header = r#"Negotiate, Bearer realm="a, Digest b=c" , Digest realm="x", nonce=n, Basic realm="y""#;
        assert_eq!(schemes(header), ["negotiate", "bearer", "digest", "basic"]);
        let list = Parameters::list(header.as_bytes());
        assert_eq!(list[1].text("realm"), Some("a, Digest b=c"));
        assert_eq!(
            (list[2].text("realm"), list[2].text("nonce")),
            (Some("x"), Some("n"))
        );
    }

    #[test]
    fn token68_data_is_skipped() {
        for header in [
            "Negotiate YII/G+w==, Digest nonce=\"n\"",
            "NTLM TlRM==,Digest nonce=\"n\"",
            "X /a\"b,c\"/, Digest nonce=n",
        ] {
            let list = Parameters::list(header.as_bytes());
            let digest = list.iter().find(|p| p.scheme == "digest").expect(header);
            assert_eq!(digest.text("nonce"), Some("n"), "{header}");
        }
    }

    #[test]
    fn quoted_bare_and_spaced_values_are_read_alike() {
        // AU-09 CR-13
        let list = Parameters::list(
            b"DIGEST Realm = \"a \\\"b\\\\, c\" ,NONCE=ab/c==,qop=auth,auth-int, opaque=\"\",x=",
        );
        let digest = &list[0];
        assert_eq!(list.len(), 1);
        assert_eq!(digest.text("realm"), Some("a \"b\\, c"));
        assert_eq!(digest.text("nonce"), Some("ab/c=="));
        assert_eq!(digest.text("qop"), Some("auth"));
        assert_eq!(
            (digest.text("opaque"), digest.text("x")),
            (Some(""), Some(""))
        );
        assert_eq!(digest.text("absent"), None);
    }

    #[test]
    fn the_first_of_two_equal_parameters_counts_and_numbers_are_bounded() {
        assert_eq!(Parameters::list(b"Digest a=1, A=2")[0].text("a"), Some("1"));
        let many: String = (0..100).map(|i| format!("p{i}=1,")).collect();
        assert_eq!(
            Parameters::list(format!("Digest {many}").as_bytes())[0]
                .list
                .len(),
            MAX_PARAMETERS
        );
        let many: String = (0..100).map(|i| format!("S{i} a=1,")).collect();
        assert_eq!(Parameters::list(many.as_bytes()).len(), MAX_CHALLENGES);
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_as_bytes() {
        let list = Parameters::list(b"Digest realm=\"\xe9\", \xe9=\xe9, nonce=\"\xc3\xa9\"");
        assert_eq!(
            (list[0].get("realm"), list[0].text("realm")),
            (Some(&b"\xe9"[..]), None)
        );
        assert_eq!(list[0].text("nonce"), Some("é"));
    }

    #[test]
    fn parameters_without_a_scheme() {
        let info = Parameters::bare(b"nextnonce=\"n2\", qop=auth, rspauth=\"0\"");
        assert_eq!(
            (info.scheme.as_str(), info.text("nextnonce")),
            ("", Some("n2"))
        );
        assert_eq!(Parameters::bare(b""), Parameters::default());
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(header in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Parameters::list(&header);
            let _ = Parameters::bare(&header);
        }

        #[test]
        fn nearly_valid_headers_do_not_break_it(header in "(Digest|Basic|é)? ?([a-zé]{0,5} ?=? ?\"?[a-z\\\\,\"é]{0,6}\"?,? ?){0,6}") {
            let _ = Parameters::list(header.as_bytes());
        }

        #[test]
        fn what_is_quoted_is_read_back(text in "[^\\x00-\\x1f\\x7f]{0,40}") {
            let header = format!("Digest realm={}, nonce=n", quoted(&text));
            let list = Parameters::list(header.as_bytes());
            prop_assert_eq!(list[0].text("realm"), Some(text.as_str()));
            prop_assert_eq!(list[0].text("nonce"), Some("n"));
        }
    }
}
