//! Text that is safe on a terminal, and columns.

use std::io::{self, Write};

use crate::wire::data::Data;

/// A longer cell does not push the columns after it to the right.
const MAX_COLUMN: usize = 72;

/// Replaces what would command a terminal or mislead its reader: values come from the ACS and from clients.
pub fn printable(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut all, c| {
            match is_treacherous(c) {
                true => all.extend(c.escape_default()),
                false => all.push(c),
            }
            all
        })
}

/// A line of JSON with the same done in JSON's way: those of ASCII are escaped already.
pub fn json(line: &str) -> String {
    line.chars()
        .fold(String::with_capacity(line.len()), |mut all, c| {
            match is_treacherous(c) && c != '\n' {
                true => all.push_str(&format!("\\u{:04x}", u32::from(c))),
                false => all.push(c),
            }
            all
        })
}

/// Control characters, line and paragraph separators, and what turns the direction of writing.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A value in a cell.
pub fn cell(value: &Data<'_>) -> String {
    match value {
        Data::Null => "-".to_owned(),
        Data::Boolean(true) => "yes".to_owned(),
        Data::Boolean(false) => "no".to_owned(),
        Data::Number(number) => number.to_string(),
        Data::Text(text) => printable(text),
        Data::List(items) if items.is_empty() => "none".to_owned(),
        Data::List(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Data::Map(fields) => fields
            .iter()
            .map(|entry| format!("{} {}", label(&entry.key), cell(&entry.value)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// A key as a word.
pub fn label(key: &str) -> String {
    printable(key).replace('_', " ")
}

/// Rows with their columns under each other, the last one as long as it likes.
pub fn columns(rows: &[Vec<String>], indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
            .min(MAX_COLUMN)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    for row in rows {
        let mut line = indent.to_owned();
        for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Nothing comes after the last cell, whose own blanks count.
            match index + 1 == row.len() {
                true => line.push_str(cell),
                false => line.push_str(&format!("{cell:width$}  ")),
            }
        }
        if row.last().is_some_and(String::is_empty) {
            line.truncate(line.trim_end().len());
        }
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_commands_a_terminal_is_escaped() {
        assert_eq!(
            printable("a\x1b[2Jb\u{9b}\n\u{202e}ü€\\"),
            "a\\u{1b}[2Jb\\u{9b}\\n\\u{202e}ü€\\"
        );
    }

    #[test]
    fn long_cells_do_not_move_the_others() {
        let row = |first: &str| vec![first.to_owned(), "x".to_owned()];
        let mut out = Vec::new();
        columns(
            &[row("a"), row(&"b".repeat(200)), vec!["alone".to_owned()]],
            " ",
            &mut out,
        )
        .unwrap();
        let out = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0], format!(" a{}  x", " ".repeat(71)));
        assert_eq!(lines[1], format!(" {}  x", "b".repeat(200)));
        assert_eq!(lines[2], " alone");
    }

    proptest! {
        #[test]
        fn json_stays_the_same_json(text: String) {
            let line = json(&crate::wire::json::text(&Data::from(&*text)));
            prop_assert!(!line.chars().any(is_treacherous));
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }
    }
}
