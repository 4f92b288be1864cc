//! Where the body of a message ends (RFC 9112 6): by length, in chunks or with the connection, however the bytes
//! arrive.

use std::fmt;

use httparse::Status;

/// Longest line between chunks, in bytes: a size with its extensions, or a trailer field.
const MAX_LINE: usize = 4096;
/// All lines between chunks and behind them together, in bytes, …
const MAX_LINES: u64 = 8192;
/// … and so many more for each byte of the body: chunks of one byte with an extension are honest.
const LINES_PER_BYTE: u64 = 64;

/// How long a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes, often none.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// As long as the peer sends: only a reply may be so.
    UntilClose,
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// It is longer than allowed.
    TooLarge,
    /// What stands between and behind its chunks is longer than allowed.
    Overhead,
    /// The chunks are not as they must be.
    Syntax,
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FramingError::TooLarge => "the body is too large",
            FramingError::Overhead => "the extensions or trailers of the body are too long",
            FramingError::Syntax => "the chunks of the body are broken",
        })
    }
}

impl std::error::Error for FramingError {}

enum State {
    /// So many bytes of body or chunk are still to come.
    Data(u64),
    /// The line break behind a chunk.
    ChunkEnd,
    /// The line with the next chunk's size.
    ChunkSize,
    /// Lines up to an empty one.
    Trailers,
    /// Everything belongs to the body.
    UntilClose,
    Done,
}

/// Reads one body.
pub struct BodyReader {
    state: State,
    chunked: bool,
    line: Vec<u8>,
    /// Bytes of lines so far.
    lines: u64,
    body: Vec<u8>,
    size: u64,
    max: u64,
    keep: bool,
}

impl BodyReader {
    /// A body of at most `max` bytes, kept or only counted.
    pub fn new(framing: Framing, max: u64, keep: bool) -> BodyReader {
        let (state, chunked) = match framing {
            Framing::Length(0) => (State::Done, false),
            Framing::Length(length) => (State::Data(length), false),
            Framing::Chunked => (State::ChunkSize, true),
            Framing::UntilClose => (State::UntilClose, false),
        };
        let size = if let State::Data(length) = state {
            length
        } else {
            0
        };
        BodyReader {
            state,
            chunked,
            line: Vec::new(),
            lines: 0,
            body: Vec::new(),
            size,
            max,
            keep,
        }
    }

    /// Whether the body is whole.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Whether the body may count as whole if the peer closes the connection now: a last chunk may lack what is
    /// behind it.
    pub fn may_end(&self) -> bool {
        match self.state {
            State::Done | State::UntilClose => true,
            State::Trailers => self.line.is_empty(),
            _ => false,
        }
    }

    /// Takes bytes as they come; says how many belonged to the body.
    pub fn push(&mut self, input: &[u8]) -> Result<usize, FramingError> {
        let mut rest = input;
        loop {
            if self.size > self.max {
                return Err(FramingError::TooLarge);
            }
            match self.state {
                State::Done => return Ok(input.len() - rest.len()),
                _ if rest.is_empty() => return Ok(input.len()),
                State::Data(left) => {
                    let here =
                        usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    let (data, after) = rest.split_at(here);
                    self.take_data(data);
                    rest = after;
                    self.state = match left - here as u64 {
                        0 if self.chunked => State::ChunkEnd,
                        0 => State::Done,
                        left => State::Data(left),
                    };
                }
                State::UntilClose => {
                    self.size = self.size.saturating_add(rest.len() as u64);
                    self.take_data(std::mem::take(&mut rest));
                }
                State::ChunkEnd | State::ChunkSize | State::Trailers => {
                    let Some(after) = self.take_line(rest)? else {
                        return Ok(input.len());
                    };
                    rest = after;
                    self.end_of_line()?;
                }
            }
        }
    }

    /// What has come of the body since the last call, for whoever does not want it in one piece.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.body)
    }

    /// The body, once it is done.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    fn take_data(&mut self, data: &[u8]) {
        if self.keep && self.size <= self.max {
            self.body.extend_from_slice(data);
        }
    }

    /// Collects up to the next line feed; none if the line is not whole yet.
    fn take_line<'a>(&mut self, input: &'a [u8]) -> Result<Option<&'a [u8]>, FramingError> {
        let end = input.iter().position(|b| *b == b'\n').map(|at| at + 1);
        let (line, rest) = input.split_at(end.unwrap_or(input.len()));
        self.line.extend_from_slice(line);
        if self.line.len() > MAX_LINE {
            return Err(FramingError::Syntax);
        }
        Ok(end.is_some().then_some(rest))
    }

    fn end_of_line(&mut self) -> Result<(), FramingError> {
        let line = std::mem::take(&mut self.line);
        self.lines = self.lines.saturating_add(line.len() as u64);
        if self.lines
            > self
                .size
                .saturating_mul(LINES_PER_BYTE)
                .saturating_add(MAX_LINES)
        {
            return Err(FramingError::Overhead);
        }
        let empty = matches!(line.as_slice(), b"\r\n" | b"\n");
        self.state = match self.state {
            State::ChunkEnd if empty => State::ChunkSize,
            // A line without a digit is no size, though httparse reads it as 0.
            State::ChunkSize if !line.first().is_some_and(u8::is_ascii_hexdigit) => {
                return Err(FramingError::Syntax);
            }
            State::ChunkSize => match httparse::parse_chunk_size(&line) {
                Ok(Status::Complete((_, 0))) => State::Trailers,
                Ok(Status::Complete((_, size))) => {
                    self.size = self.size.saturating_add(size);
                    State::Data(size)
                }
                _ => return Err(FramingError::Syntax),
            },
            State::Trailers if empty => State::Done,
            State::Trailers => State::Trailers,
            _ => return Err(FramingError::Syntax),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads in pieces of that size: the body and how many bytes it took.
    fn read(
        framing: Framing,
        input: &[u8],
        piece: usize,
    ) -> Result<(Vec<u8>, usize), FramingError> {
        let mut reader = BodyReader::new(framing, 100, true);
        let mut used = 0;
        for part in input.chunks(piece) {
            let taken = reader.push(part)?;
            used += taken;
            if taken < part.len() {
                break;
            }
        }
        assert!(reader.is_done(), "not done after {used}");
        Ok((reader.into_body(), used))
    }

    #[test]
    fn lengths_and_chunks_are_read_in_any_pieces() {
        // HT-12
        let long = "x".repeat(1000);
        let chunks = format!(
            "5;ext=\"1\"\r\nhello\r\n001 ;signature={long}\r\n \r\nA\r\n0123456789\r\n0;last={long}\r\n\
             X-Sum: {long}\r\n\r\nnext"
        );
        for piece in [1, 2, 3, 7, 1000] {
            let whole = (b"hello 0123456789".to_vec(), chunks.len() - 4);
            assert_eq!(read(Framing::Chunked, chunks.as_bytes(), piece), Ok(whole));
            assert_eq!(
                read(Framing::Length(5), b"hellonext", piece),
                Ok((b"hello".to_vec(), 5))
            );
            assert_eq!(
                read(Framing::Length(0), b"next", piece),
                Ok((Vec::new(), 0))
            );
        }
    }

    #[test]
    fn broken_chunks_and_large_bodies_are_refused() {
        for input in [
            "x\r\n",
            "-1\r\n",
            "\r\n",
            "1\r\nab\r\n",
            "fffffffffffffffff\r\n",
        ] {
            assert_eq!(
                read(Framing::Chunked, input.as_bytes(), 3),
                Err(FramingError::Syntax),
                "{input}"
            );
        }
        assert_eq!(
            read(Framing::Chunked, "1;".repeat(MAX_LINE).as_bytes(), 9),
            Err(FramingError::Syntax)
        );
        assert_eq!(
            read(Framing::Length(101), b"x", 1),
            Err(FramingError::TooLarge)
        );
        assert_eq!(
            read(Framing::Chunked, b"65\r\nx", 1),
            Err(FramingError::TooLarge)
        );
        assert_eq!(
            read(Framing::Chunked, b"ffffffffffffffff\r\nx", 1),
            Err(FramingError::TooLarge)
        );
        let extension = "x".repeat(1000);
        for lines in [
            format!("0\r\n{}", "a: b\r\n".repeat(2000)),
            format!("1;{extension}\r\nx\r\n").repeat(10),
        ] {
            assert_eq!(
                read(Framing::Chunked, lines.as_bytes(), 100),
                Err(FramingError::Overhead)
            );
        }
        assert_eq!(
            read(Framing::UntilClose, &[0; 101], 100),
            Err(FramingError::TooLarge)
        );
    }

    #[test]
    fn the_end_of_the_connection_ends_some_bodies() {
        // HT-13
        for (framing, input, ends) in [
            (Framing::UntilClose, "", true),
            (Framing::UntilClose, "hello", true),
            (Framing::Length(5), "hell", false),
            (Framing::Length(5), "hello", true),
            (Framing::Chunked, "", false),
            (Framing::Chunked, "5\r\nhello\r\n", false),
            (Framing::Chunked, "5\r\nhello\r\n0", false),
            (Framing::Chunked, "5\r\nhello\r\n0\r\n", true),
            (Framing::Chunked, "5\r\nhello\r\n0\r\nX: ", false),
        ] {
            let mut reader = BodyReader::new(framing, 5, true);
            assert_eq!(reader.push(input.as_bytes()), Ok(input.len()));
            assert_eq!(reader.may_end(), ends, "{framing:?} {input:?}");
        }
    }

    #[test]
    fn a_skipped_body_is_not_kept() {
        let mut reader = BodyReader::new(Framing::Length(5), 5, false);
        assert_eq!(reader.push(b"hello"), Ok(5));
        assert!(reader.is_done() && reader.into_body().is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(input in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'1'), any::<u8>()], 0..60), piece in 1usize..9) {
            let mut reader = BodyReader::new(Framing::Chunked, 20, true);
            for part in input.chunks(piece) {
                if reader.push(part).is_err() {
                    break;
                }
            }
            prop_assert!(reader.into_body().len() <= 20);
        }
    }
}
