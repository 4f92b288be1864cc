//! What a child says, into the log: line by line, bounded, escaped.

use std::time::{Duration, Instant};

/// A longer line is cut: log daemons cut there too.
const MAX_LINE: usize = 512;
/// Lines a child may log in each [`WINDOW`]: a talkative one must not push everything else out of logread.
const MAX_LINES: u32 = 60;
/// Lines `key=value` that are remembered.
const MAX_FACTS: usize = 16;
const WINDOW: Duration = Duration::from_secs(60);

/// Collects a child's output into log lines.
#[derive(Debug)]
pub struct Output {
    name: String,
    line: Vec<u8>,
    window: Option<Instant>,
    lines: u32,
    dropped: u32,
    facts: Vec<String>,
}

impl Output {
    /// For the child that the log calls `name`.
    pub fn new(name: impl Into<String>) -> Output {
        Output {
            name: name.into(),
            line: Vec::new(),
            window: None,
            lines: 0,
            dropped: 0,
            facts: Vec::new(),
        }
    }

    /// What the last line `key=…` said.
    pub fn fact(&self, key: &str) -> Option<&str> {
        let value = |line: &'_ String| -> Option<usize> {
            (line.strip_prefix(key)?.starts_with('=')).then_some(key.len() + 1)
        };
        let mut last = self.facts.iter().rev();
        last.find_map(|line| line.get(value(line)?..))
    }

    /// Takes what was read; logs the lines that it completes.
    pub fn feed(&mut self, bytes: &[u8], now: Instant) {
        for &byte in bytes {
            if byte == b'\n' {
                self.flush(now);
            } else if self.line.len() < MAX_LINE {
                self.line.push(byte);
            }
        }
    }

    /// Logs a last line without its end, and how much was left out.
    pub fn finish(&mut self, now: Instant) {
        self.flush(now);
        self.report_dropped();
    }

    fn flush(&mut self, now: Instant) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.contains('=') {
            self.facts.truncate(MAX_FACTS - 1);
            self.facts.push(text.to_owned());
        }
        if self
            .window
            .is_none_or(|start| now.saturating_duration_since(start) >= WINDOW)
        {
            self.report_dropped();
            self.window = Some(now);
            self.lines = 0;
        }
        if self.lines < MAX_LINES {
            self.lines += 1;
            crate::say::info!("child says: program={} text={text:?}", self.name);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    fn report_dropped(&mut self) {
        if self.dropped > 0 {
            crate::say::warn!(
                "child says too much: program={} lines_dropped={}",
                self.name,
                self.dropped
            );
            self.dropped = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_bounded_and_counted() {
        let now = Instant::now();
        let mut output = Output::new("flood");
        output.feed(&vec![b'a'; 10 * MAX_LINE], now);
        assert_eq!(output.line.len(), MAX_LINE);
        output.feed(b"\n", now);
        for _ in 0..200 {
            output.feed(b"again\n\n", now);
        }
        assert_eq!((output.lines, output.dropped), (MAX_LINES, 201 - MAX_LINES));
        output.feed(b"later\n", now + WINDOW);
        assert_eq!((output.lines, output.dropped), (1, 0));
    }
}
