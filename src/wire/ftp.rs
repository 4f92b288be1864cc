//! FTP (RFC 959, 2428, 3659) as far as a client needs it to move one file: commands, replies, where the data is.
//!
//! Our own: the one kept crate, `suppaftp`, takes 1.2 MB, and what is here a few KB.

/// Longest reply, all its lines together: a banner, not a book.
const MAX_REPLY: usize = 16 * 1024;
/// Of a reply's text so much is told.
const MAX_TEXT: usize = 120;

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its code, 100 to 599.
    pub code: u16,
    /// The text of its last line, without control characters.
    pub text: String,
}

/// Reads replies, however their bytes arrive.
#[derive(Debug, Default)]
pub struct Replies {
    pending: Vec<u8>,
}

impl Replies {
    /// Takes bytes as they come.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next reply, once it is whole. RFC 959 4.2: one of several lines ends with its code and a space.
    pub fn reply(&mut self) -> Result<Option<Reply>, &'static str> {
        let mut opened = None;
        let mut at = 0;
        for line in self.pending.split_inclusive(|&byte| byte == b'\n') {
            if !line.ends_with(b"\n") {
                break;
            }
            at += line.len();
            match (opened, code(line)) {
                (None, None) => return Err("it does not speak FTP"),
                (None, Some((code, true))) => opened = Some(code),
                (Some(open), Some((code, false))) if open != code => {}
                (_, Some((code, false))) => {
                    let text = text(line.get(3..).unwrap_or_default());
                    self.pending.drain(..at);
                    return Ok(Some(Reply { code, text }));
                }
                (Some(_), _) => {}
            }
        }
        if self.pending.len() > MAX_REPLY {
            return Err("its reply is too long");
        }
        Ok(None)
    }
}

/// The code that a line begins with, and whether other lines follow.
fn code(line: &[u8]) -> Option<(u16, bool)> {
    let [a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else {
        return None;
    };
    let digit = |byte: &u8| u16::from(byte - b'0');
    let more = match rest.first() {
        Some(b'-') => true,
        Some(b' ' | b'\r' | b'\n') => false,
        _ => return None,
    };
    Some((digit(a) * 100 + digit(b) * 10 + digit(c), more))
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let plain = text.trim().chars().filter(|c| !c.is_control());
    plain.take(MAX_TEXT).collect()
}

/// A command as it goes out; none if its argument would end the line and begin another command.
pub fn command(word: &str, argument: &[u8]) -> Option<Vec<u8>> {
    if argument.iter().any(u8::is_ascii_control) {
        return None;
    }
    let space: &[u8] = if argument.is_empty() { b"" } else { b" " };
    Some([word.as_bytes(), space, argument, b"\r\n"].concat())
}

/// The port of a reply to EPSV: `229 Entering Extended Passive Mode (|||6446|)`.
pub fn extended_passive(text: &str) -> Option<u16> {
    let (_, inner) = text.split_once('(')?;
    let inner = inner.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = inner.find(|c: char| !c.is_ascii_digit())?;
    let port = inner.get(..end)?.parse().ok();
    port.filter(|port| *port != 0)
}

/// The port of a reply to PASV: `227 Entering Passive Mode (192,0,2,1,25,46)`. The address is not looked at: it may be one
/// behind a NAT, or that of a victim.
pub fn passive(text: &str) -> Option<u16> {
    text.split(|c: char| !c.is_ascii_digit() && c != ',')
        .find_map(|part| {
            let bytes: Vec<u8> = part
                .split(',')
                .map_while(|byte| byte.parse().ok())
                .collect();
            match bytes[..] {
                [_, _, _, _, high, low] => Some(u16::from_be_bytes([high, low])),
                _ => None,
            }
        })
        .filter(|port| *port != 0)
}

/// The name of the file of a URL's path (RFC 1738 3.2.2): relative to where a login leads, or absolute after `//` or `/%2F`.
pub fn file(path: &str) -> Option<Vec<u8>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = match path.rsplit_once(';') {
        Some((path, parameter)) if parameter.starts_with("type=") => path,
        _ => path,
    };
    let mut name = Vec::new();
    let mut rest = path.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        let escaped = match (byte, after) {
            (b'%', [high, low, after @ ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| {
                rest = after;
                high << 4 | low
            }),
            _ => None,
        };
        name.push(escaped.unwrap_or(*byte));
    }
    (!name.is_empty() && !name.iter().any(u8::is_ascii_control)).then_some(name)
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], step: usize) -> Result<Vec<(u16, String)>, &'static str> {
        let mut replies = Replies::default();
        let mut read = Vec::new();
        for piece in bytes.chunks(step) {
            replies.feed(piece);
            while let Some(Reply { code, text }) = replies.reply()? {
                read.push((code, text));
            }
        }
        Ok(read)
    }

    #[test]
    fn replies_of_one_and_of_several_lines() {
        let bytes = b"220-Welcome\r\n220-  to 220 files\r\n 220 not yet\r\n221 not this either\r\n220 Ready\x07\r\n\
            331\r\n230 ok\n";
        let expected = [(220, "Ready"), (331, ""), (230, "ok")];
        for step in 1..bytes.len() {
            let read = read(bytes, step).unwrap();
            let read: Vec<_> = read.iter().map(|(c, t)| (*c, t.as_str())).collect();
            assert_eq!(read, expected, "in steps of {step}");
        }
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"\r\n",
            b"999 x\r\n",
            b"22\r\n",
            b"2200 x\r\n",
        ] {
            assert_eq!(read(bytes, 7), Err("it does not speak FTP"));
        }
        let endless = b"220-x\r\n".repeat(MAX_REPLY / 7 + 1);
        assert_eq!(read(&endless, 100), Err("its reply is too long"));
        assert_eq!(
            read(&vec![b'2'; MAX_REPLY + 1], 100),
            Err("its reply is too long")
        );
    }

    #[test]
    fn where_the_data_is() {
        for (text, port) in [
            ("Entering Extended Passive Mode (|||6446|)", Some(6446)),
            ("ok (!!!21!).", Some(21)),
            ("(|||0|)", None),
            ("(|||65536|)", None),
            ("(|||6446", None),
            ("6446", None),
            ("(", None),
        ] {
            assert_eq!(extended_passive(text), port, "{text}");
        }
        for (text, port) in [
            (
                "Entering Passive Mode (192,0,2,1,25,46).",
                Some(25 * 256 + 46),
            ),
            ("227 =192,0,2,1,25,46", Some(25 * 256 + 46)),
            ("1,2 (192,0,2,1,0,21)", Some(21)),
            ("(192,0,2,1,256,46)", None),
            ("(192,0,2,1,25,46,7)", None),
            ("(192,0,2,1,0,0)", None),
            ("", None),
        ] {
            assert_eq!(passive(text), port, "{text}");
        }
    }

    #[test]
    fn a_path_names_a_file_and_no_command() {
        for (path, name) in [
            ("/a/b.bin", Some("a/b.bin")),
            ("//etc/x", Some("/etc/x")),
            ("/%2Fetc/x", Some("/etc/x")),
            ("/a%20b?c;type=i", Some("a b?c")),
            ("/100%", Some("100%")),
            ("/%zz", Some("%zz")),
            ("/a%0d%0aDELE b", None),
            ("/a%00", None),
            ("/", None),
        ] {
            assert_eq!(file(path), name.map(|n| n.as_bytes().to_vec()), "{path}");
        }
        assert_eq!(command("USER", b"x\r\nDELE y"), None);
        assert_eq!(
            command("USER", "jörg".as_bytes()),
            Some("USER jörg\r\n".into())
        );
        assert_eq!(command("EPSV", b""), Some(b"EPSV\r\n".to_vec()));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(prop_oneof![Just(b'2'), Just(b'0'), Just(b'-'), Just(b'\n'), any::<u8>()], 0..80), step in 1usize..9) {
            let _ = read(&bytes, step);
            let text = String::from_utf8_lossy(&bytes);
            let _ = (extended_passive(&text), passive(&text), file(&text));
        }
    }
}
