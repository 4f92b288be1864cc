//! Basic authentication (RFC 7617), both sides.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Credentials;

/// The `Authorization` header; none for a user name that Basic cannot carry (RFC 7617 2: no colon).
pub fn authorization(credentials: &Credentials) -> Option<String> {
    let Credentials { username, password } = credentials;
    let carried = !username.contains(':');
    carried.then(|| {
        format!(
            "Basic {}",
            STANDARD.encode(format!("{username}:{password}"))
        )
    })
}

/// Reads an `Authorization` header.
pub fn read(header: &[u8]) -> Option<Credentials> {
    let text = std::str::from_utf8(header).ok()?;
    let (scheme, data) = text.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(data.trim()).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    Some(Credentials {
        username: username.to_string(),
        password: password.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc_7617_examples() {
        let user = |username: &str, password: &str| Credentials {
            username: username.into(),
            password: password.into(),
        };
        let aladdin = user("Aladdin", "open sesame");
        assert_eq!(
            authorization(&aladdin).as_deref(),
            Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
        );
        assert_eq!(
            authorization(&user("test", "123£")).as_deref(),
            Some("Basic dGVzdDoxMjPCow==")
        );
        assert_eq!(authorization(&user("a:b", "c")), None);
        assert_eq!(read(b"basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ== "), Some(aladdin));
    }

    #[test]
    fn what_is_not_basic_is_refused() {
        for header in [
            &b"Basic"[..],
            b"Basic !",
            b"Basic YWI=",
            b"Digest QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            b"\xff",
            b"Basic /////w==",
        ] {
            assert_eq!(read(header), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(username in "[^:]{0,256}", password in ".{0,256}") {
            // AU-15
            let credentials = Credentials { username, password };
            let header = authorization(&credentials).unwrap();
            prop_assert_eq!(read(header.as_bytes()), Some(credentials));
        }

        #[test]
        fn no_bytes_break_it(header in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(&header);
        }
    }
}
