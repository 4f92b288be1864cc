//! A file over FTP, in passive mode.

use super::local::Local;
use super::wire::Wire;
use super::{CUT_OFF, DENIED, Failure, NOT_FOUND, Order, UNREACHABLE, at_host};
use crate::net::http::Stream;
use crate::wire::ftp::{Replies, Reply, command, extended_passive, file, passive};
use crate::wire::http::Url;

/// Moved at a time.
const PIECE: usize = 32 * 1024;

/// Moves the file of an order, in one try.
pub fn transfer(
    order: &Order,
    url: &Url,
    local: &mut Local,
    wire: &mut Wire<'_>,
) -> Result<(), Failure> {
    talk(order, url, local, wire).map_err(|failure| at_host(failure, url))
}

fn talk(order: &Order, url: &Url, local: &mut Local, wire: &mut Wire<'_>) -> Result<(), Failure> {
    let name = file(&url.target).ok_or_else(|| Failure::new(0, "the URL names no file"))?;
    let (stream, peer) = wire.connect(url)?;
    let data = Url {
        host: peer.ip().to_string(),
        ..url.clone()
    };
    let replies = Replies::default();
    let mut control = Control {
        wire,
        stream,
        replies,
        data,
    };
    control.log_in(order)?;
    match order.get {
        true => control.get(&name, local),
        false => control.put(&name, local),
    }
}

/// The control connection.
struct Control<'a, 'b> {
    wire: &'a mut Wire<'b>,
    stream: Box<dyn Stream>,
    replies: Replies,
    /// Where data connections lead: always to the server itself.
    data: Url,
}

impl Control<'_, '_> {
    fn log_in(&mut self, order: &Order) -> Result<(), Failure> {
        let mut greeting = self.reply()?;
        if greeting.code == 120 {
            greeting = self.reply()?;
        }
        if greeting.code != 220 {
            return Err(refused("it", &greeting, UNREACHABLE));
        }
        let (user, password) = match order.credentials() {
            Some(given) => (given.username, given.password),
            None => ("anonymous".to_owned(), "anonymous@".to_owned()),
        };
        let mut reply = self.ask("USER", user.as_bytes())?;
        if reply.code == 331 {
            reply = self.ask("PASS", password.as_bytes())?;
        }
        if !matches!(reply.code, 230 | 202) {
            // A server may repeat what it does not like: its words are not told.
            reply.text.clear();
            return Err(refused("the login", &reply, DENIED));
        }
        let reply = self.ask("TYPE", b"I")?;
        done("TYPE", &reply)
    }

    fn get(&mut self, name: &[u8], local: &mut Local) -> Result<(), Failure> {
        let reply = self.ask("SIZE", name)?;
        let size = match reply.code {
            213 => reply.text.parse().ok(),
            _ => None,
        };
        // The time of its last change tells this version from another.
        let reply = self.ask("MDTM", name)?;
        let changed = match reply.code {
            213 if size.is_some() => reply.text,
            _ => String::new(),
        };
        if local.validator() != Some(changed.as_str()) || local.total() != size {
            local.start_over()?;
        }
        local.announced(size, changed.clone())?;
        let mut data = self.open_data()?;
        if local.bytes > 0 {
            let reply = self.ask("REST", local.bytes.to_string().as_bytes())?;
            if reply.code != 350 {
                local.start_over()?;
                local.announced(size, changed)?;
            }
        }
        let reply = self.ask("RETR", name)?;
        begun("RETR", &reply)?;
        let mut buffer = vec![0; PIECE];
        loop {
            let count = self.wire.read(&mut *data, &mut buffer)?;
            if count == 0 {
                break;
            }
            local.write(buffer.get(..count).unwrap_or_default())?;
            self.wire.progress(local)?;
        }
        drop(data);
        let reply = self.reply()?;
        done("RETR", &reply)?;
        if size.is_some_and(|size| local.bytes < size) {
            return Err(Failure::new(CUT_OFF, "the file was cut off").again());
        }
        Ok(())
    }

    fn put(&mut self, name: &[u8], local: &mut Local) -> Result<(), Failure> {
        let mut data = self.open_data()?;
        let reply = self.ask("STOR", name)?;
        begun("STOR", &reply)?;
        let mut buffer = vec![0; PIECE];
        let mut at = 0;
        let sent = loop {
            let count = local.read(at, &mut buffer)?;
            if count == 0 {
                break Ok(());
            }
            let piece = buffer.get(..count).unwrap_or_default();
            if let Err(failure) = self.wire.write(&mut *data, piece) {
                break Err(failure);
            }
            at += count as u64;
            self.wire.progress(local)?;
        };
        drop(data);
        // A server that takes no more says why.
        let said = self.reply().and_then(|reply| done("STOR", &reply));
        match (sent, said) {
            (Err(failure), Ok(())) => Err(failure),
            (_, said) => said,
        }
    }

    /// Opens a data connection, to the server that this is a control connection of, whatever it says.
    fn open_data(&mut self) -> Result<Box<dyn Stream>, Failure> {
        let reply = self.ask("EPSV", b"")?;
        let mut port = match reply.code {
            229 => extended_passive(&reply.text),
            _ => None,
        };
        if port.is_none() {
            let reply = self.ask("PASV", b"")?;
            done("PASV", &reply)?;
            port = passive(&reply.text);
        }
        self.data.port = port.ok_or_else(|| Failure::new(0, "it tells no port for the data"))?;
        let (stream, _) = self.wire.connect(&self.data)?;
        Ok(stream)
    }

    fn ask(&mut self, word: &str, argument: &[u8]) -> Result<Reply, Failure> {
        let line = command(word, argument).ok_or_else(|| {
            let text = format!("what {word} needs has a control character in it");
            Failure::new(
                if word == "PASS" || word == "USER" {
                    DENIED
                } else {
                    0
                },
                &text,
            )
        })?;
        self.wire.write(&mut *self.stream, &line)?;
        self.reply()
    }

    fn reply(&mut self) -> Result<Reply, Failure> {
        let mut buffer = [0; 512];
        loop {
            match self.replies.reply() {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(wrong) => return Err(Failure::new(0, wrong)),
            }
            let count = self.wire.read(&mut *self.stream, &mut buffer)?;
            if count == 0 {
                let text = "the server closed the control connection";
                return Err(Failure::new(CUT_OFF, text).again());
            }
            self.replies.feed(buffer.get(..count).unwrap_or_default());
        }
    }
}

/// The command was carried out.
fn done(word: &str, reply: &Reply) -> Result<(), Failure> {
    match reply.code {
        200..=299 => Ok(()),
        _ => Err(refused(word, reply, 0)),
    }
}

/// The data follow.
fn begun(word: &str, reply: &Reply) -> Result<(), Failure> {
    match reply.code {
        125 | 150 => Ok(()),
        _ => Err(refused(word, reply, 0)),
    }
}

fn refused(what: &str, reply: &Reply, fault: u16) -> Failure {
    let Reply { code, text } = reply;
    let fault = match code {
        _ if fault != 0 => fault,
        530..=532 => DENIED,
        450 | 550 | 551 | 553 => NOT_FOUND,
        421 | 425 | 426 | 451 => CUT_OFF,
        _ => 0,
    };
    let failure = Failure::new(fault, &format!("the server refuses {what}: {code} {text}"));
    match fault {
        CUT_OFF => failure.again(),
        _ => failure,
    }
}
