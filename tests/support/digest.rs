//! HTTP Digest (RFC 7616, 2617, 2069), both sides, apart from the daemon's own.

use md5::Md5;
use sha2::{Digest, Sha256};

/// The hash, and whether it is the session variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// No `algorithm` parameter is sent: MD5.
    Unnamed,
    /// MD5
    Md5,
    /// MD5-sess
    Md5Sess,
    /// SHA-256
    Sha256,
    /// SHA-256-sess
    Sha256Sess,
}

impl Algorithm {
    fn name(self) -> Option<&'static str> {
        match self {
            Algorithm::Unnamed => None,
            Algorithm::Md5 => Some("MD5"),
            Algorithm::Md5Sess => Some("MD5-sess"),
            Algorithm::Sha256 => Some("SHA-256"),
            Algorithm::Sha256Sess => Some("SHA-256-sess"),
        }
    }

    fn of(name: Option<&str>) -> Option<Algorithm> {
        match name {
            None => Some(Algorithm::Unnamed),
            Some(name) => [
                Algorithm::Md5,
                Algorithm::Md5Sess,
                Algorithm::Sha256,
                Algorithm::Sha256Sess,
            ]
            .into_iter()
            .find(|a| a.name().is_some_and(|n| n.eq_ignore_ascii_case(name))),
        }
    }

    fn hash(self, text: &str) -> String {
        let digest = match self {
            Algorithm::Sha256 | Algorithm::Sha256Sess => Sha256::digest(text).to_vec(),
            _ => Md5::digest(text).to_vec(),
        };
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn session(self) -> bool {
        matches!(self, Algorithm::Md5Sess | Algorithm::Sha256Sess)
    }
}

/// `name=value` and `name="value"`, comma separated.
pub fn parameters(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some((name, tail)) = rest.split_once('=') {
        let (value, tail) = match tail.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted.find('"').unwrap_or(quoted.len());
                (&quoted[..end], quoted.get(end + 1..).unwrap_or(""))
            }
            None => {
                let end = tail.find(',').unwrap_or(tail.len());
                (tail[..end].trim(), &tail[end..])
            }
        };
        out.push((name.trim().to_ascii_lowercase(), value.to_owned()));
        rest = tail.trim_start().trim_start_matches(',').trim_start();
    }
    out
}

fn get<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, value)| value.as_str())
}

/// Everything that goes into `response`.
struct Inputs<'a> {
    algorithm: Algorithm,
    username: &'a str,
    realm: &'a str,
    password: &'a str,
    nonce: &'a str,
    cnonce: &'a str,
    nc: &'a str,
    qop: Option<&'a str>,
    method: &'a str,
    uri: &'a str,
    body: &'a [u8],
}

fn response(i: &Inputs<'_>) -> String {
    let hash = |text: &str| i.algorithm.hash(text);
    let mut a1 = hash(&format!("{}:{}:{}", i.username, i.realm, i.password));
    if i.algorithm.session() {
        a1 = hash(&format!("{a1}:{}:{}", i.nonce, i.cnonce));
    }
    let a2 = match i.qop {
        Some("auth-int") => {
            let body = String::from_utf8_lossy(i.body);
            hash(&format!("{}:{}:{}", i.method, i.uri, hash(&body)))
        }
        _ => hash(&format!("{}:{}", i.method, i.uri)),
    };
    match i.qop {
        Some(qop) => hash(&format!(
            "{a1}:{}:{}:{}:{qop}:{a2}",
            i.nonce, i.nc, i.cnonce
        )),
        None => hash(&format!("{a1}:{}:{a2}", i.nonce)),
    }
}

/// A challenge, as a server sends it or a client has read it.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// realm
    pub realm: String,
    /// nonce
    pub nonce: String,
    /// qop as written, if any
    pub qop: Option<String>,
    /// algorithm
    pub algorithm: Algorithm,
    /// opaque
    pub opaque: Option<String>,
    /// stale=true was said
    pub stale: bool,
}

impl Challenge {
    /// The usual one.
    pub fn new(nonce: &str, algorithm: Algorithm) -> Self {
        Challenge {
            realm: "acs".into(),
            nonce: nonce.into(),
            qop: Some("auth".into()),
            algorithm,
            opaque: None,
            stale: false,
        }
    }

    /// Reads the value of one `WWW-Authenticate: Digest` header; `None` for an unknown algorithm or scheme.
    pub fn parse(value: &str) -> Option<Challenge> {
        let parameters = parameters(value.strip_prefix("Digest ")?);
        let text = |name: &str| get(&parameters, name).map(str::to_owned);
        Some(Challenge {
            realm: text("realm")?,
            nonce: text("nonce")?,
            qop: text("qop"),
            algorithm: Algorithm::of(get(&parameters, "algorithm"))?,
            opaque: text("opaque"),
            stale: get(&parameters, "stale").is_some_and(|v| v.eq_ignore_ascii_case("true")),
        })
    }

    /// As a header value.
    pub fn header(&self) -> String {
        let mut out = format!("Digest realm=\"{}\", nonce=\"{}\"", self.realm, self.nonce);
        if let Some(qop) = &self.qop {
            out += &format!(", qop=\"{qop}\"");
        }
        if let Some(name) = self.algorithm.name() {
            out += &format!(", algorithm={name}");
        }
        if let Some(opaque) = &self.opaque {
            out += &format!(", opaque=\"{opaque}\"");
        }
        if self.stale {
            out += ", stale=true";
        }
        out
    }

    /// A client's `Authorization` for it, with `nc` as the nonce count.
    pub fn answer(
        &self,
        username: &str,
        password: &str,
        method: &str,
        uri: &str,
        nc: u32,
    ) -> String {
        let nc = format!("{nc:08x}");
        let cnonce = "0a4f113b";
        let qop = self.qop.as_ref().map(|_| "auth");
        let response = response(&Inputs {
            algorithm: self.algorithm,
            username,
            realm: &self.realm,
            password,
            nonce: &self.nonce,
            cnonce,
            nc: &nc,
            qop,
            method,
            uri,
            body: b"",
        });
        let mut out = format!(
            "Digest username=\"{username}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", response=\"{response}\"",
            self.realm, self.nonce
        );
        if let Some(name) = self.algorithm.name() {
            out += &format!(", algorithm={name}");
        }
        if let Some(opaque) = &self.opaque {
            out += &format!(", opaque=\"{opaque}\"");
        }
        if qop.is_some() || self.algorithm.session() {
            out += &format!(", cnonce=\"{cnonce}\"");
        }
        if qop.is_some() {
            out += &format!(", qop=auth, nc={nc}");
        }
        out
    }
}

/// Whether an `Authorization` answers this challenge for this request.
pub fn verify(
    authorization: &str,
    challenge: &Challenge,
    (username, password): (&str, &str),
    (method, target, body): (&str, &str, &[u8]),
) -> Result<(), String> {
    let text = authorization.strip_prefix("Digest ").ok_or("not Digest")?;
    let parameters = parameters(text);
    let need = |name: &str| get(&parameters, name).ok_or(format!("no {name} in {text}"));
    let same = |name: &str, want: &str| match need(name)? {
        value if value == want => Ok(()),
        value => Err(format!("{name} is {value:?}, not {want:?}")),
    };
    same("username", username)?;
    same("realm", &challenge.realm)?;
    same("nonce", &challenge.nonce)?;
    same("uri", target)?;
    if let Some(opaque) = &challenge.opaque {
        same("opaque", opaque)?;
    }
    if Algorithm::of(get(&parameters, "algorithm")) != Some(challenge.algorithm)
        && challenge.algorithm != Algorithm::Unnamed
    {
        return Err(format!("algorithm is not the challenge's: {text}"));
    }
    let qop = get(&parameters, "qop");
    match (&challenge.qop, qop) {
        (None, None) => {}
        (Some(offered), Some(chosen)) if offered.split(',').any(|q| q.trim() == chosen) => {}
        (offered, chosen) => return Err(format!("qop {chosen:?} chosen of {offered:?}")),
    }
    let expected = response(&Inputs {
        algorithm: challenge.algorithm,
        username,
        realm: &challenge.realm,
        password,
        nonce: &challenge.nonce,
        cnonce: get(&parameters, "cnonce").unwrap_or(""),
        nc: get(&parameters, "nc").unwrap_or(""),
        qop,
        method,
        uri: target,
        body,
    });
    same("response", &expected)
}

#[test]
fn the_examples_of_rfc_7616() {
    let challenge = |algorithm| Challenge {
        realm: "http-auth@example.org".into(),
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".into(),
        qop: Some("auth, auth-int".into()),
        algorithm,
        opaque: Some("FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS".into()),
        stale: false,
    };
    let md5 = "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=MD5, \
        nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
        cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
        response=\"8ca523f5e9506fed4657c9700eebdbec\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
    let sha256 = md5.replace("MD5", "SHA-256").replace(
        "8ca523f5e9506fed4657c9700eebdbec",
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    );
    let user = ("Mufasa", "Circle of Life");
    let request = ("GET", "/dir/index.html", &b""[..]);
    assert_eq!(
        verify(md5, &challenge(Algorithm::Md5), user, request),
        Ok(())
    );
    assert_eq!(
        verify(&sha256, &challenge(Algorithm::Sha256), user, request),
        Ok(())
    );
    assert!(
        verify(
            md5,
            &challenge(Algorithm::Md5),
            ("Mufasa", "wrong"),
            request
        )
        .is_err()
    );
}
