//! The tables of a file.

use std::borrow::Cow;

use super::scalar::{blanks, newline, scalar, string};
use crate::wire::data::scan::{Read, Scan};
use crate::wire::data::{Data, Made, Map, Wrong};

/// Most values in each other, and most parts of a dotted key.
const MAX_DEPTH: u32 = 80;
/// What is wrong with a key that has a value, or a table that is complete.
const TWICE: &str = "duplicate key";
const TOO_DEEP: &str = "recursion limit exceeded";

/// Reads a file. Keys come out in the order of the alphabet.
pub fn parse(text: &str) -> Result<Map<'_>, Wrong> {
    let mut root = Map::default();
    Scan::whole(text, |scan| file(scan, &mut root))?;
    Ok(root)
}

fn file<'a>(scan: &mut Scan<'a>, root: &mut Map<'a>) -> Read<()> {
    scan.take("\u{feff}");
    pairs(scan, root)?;
    while scan.take("[") {
        let (array, line) = (scan.take("["), scan.line);
        let path = path(scan)?;
        // What is wrong with the name is so in this line.
        let table = table(root, path, array, line)?;
        let end = if array { "]]" } else { "]" };
        scan.expect(end, "expected `.` or the end of the name")?;
        line_end(scan)?;
        pairs(scan, table)?;
    }
    Ok(())
}

/// The lines of a table.
fn pairs<'a>(scan: &mut Scan<'a>, table: &mut Map<'a>) -> Read<()> {
    loop {
        space(scan);
        if matches!(scan.peek(), None | Some(b'[')) {
            return Ok(());
        }
        pair(scan, table, MAX_DEPTH)?;
        line_end(scan)?;
    }
}

/// `key = value`
fn pair<'a>(scan: &mut Scan<'a>, table: &mut Map<'a>, depth: u32) -> Read<()> {
    let line = scan.line;
    let mut path = path(scan)?;
    let key = path.pop().unwrap_or_default();
    let slot = descend(table, path, true, line)?.slot_at(key, line);
    if !matches!(slot, Data::Null) {
        return Err(TWICE);
    }
    scan.expect("=", "expected `.` or `=`")?;
    blanks(scan);
    *slot = value(scan, depth)?;
    Ok(())
}

/// The table that a header stands for: a new one, or one that so far was only part of the names of others.
fn table<'a, 'm>(
    root: &'m mut Map<'a>,
    mut path: Vec<Cow<'a, str>>,
    array: bool,
    line: u32,
) -> Read<&'m mut Map<'a>> {
    let key = path.pop().unwrap_or_default();
    let mut slot = descend(root, path, false, line)?.slot_at(key, line);
    match slot {
        Data::Null if array => *slot = Data::List(vec![new()]),
        Data::Null => *slot = new(),
        // Not one that was written as a value.
        Data::List(items)
            if array && items.last().is_some_and(|last| made(last) == Made::Header) =>
        {
            items.push(new());
        }
        _ if array => return Err(TWICE),
        _ => {}
    }
    if let Data::List(items) = slot {
        slot = items.last_mut().ok_or(TWICE)?;
    }
    match slot {
        Data::Map(table) if table.made == Made::Implied => {
            table.made = Made::Header;
            Ok(table)
        }
        _ => Err(TWICE),
    }
}

fn new<'a>() -> Data<'a> {
    Data::Map(Map::implied())
}

fn made(data: &Data<'_>) -> Made {
    data.as_map().map_or(Made::Whole, |map| map.made)
}

/// The table that the parts of a name lead to.
fn descend<'a, 'm>(
    mut table: &'m mut Map<'a>,
    path: Vec<Cow<'a, str>>,
    dotted: bool,
    line: u32,
) -> Read<&'m mut Map<'a>> {
    for key in path {
        let mut slot = table.slot_at(key, line);
        if matches!(slot, Data::Null) {
            *slot = new();
        }
        if let Data::List(items) = slot {
            slot = items.last_mut().ok_or(TWICE)?;
        }
        let Data::Map(inner) = slot else {
            return Err(TWICE);
        };
        table = inner;
        table.made = match (table.made, dotted) {
            (Made::Whole, _) | (Made::Header, true) => return Err(TWICE),
            (Made::Implied, true) => Made::Dotted,
            (made, _) => made,
        };
    }
    Ok(table)
}

/// A name: keys with dots between them.
fn path<'a>(scan: &mut Scan<'a>) -> Read<Vec<Cow<'a, str>>> {
    let mut path = Vec::new();
    loop {
        blanks(scan);
        path.push(match scan.peek() {
            Some(b'"' | b'\'') => string(scan, false)?,
            _ => match scan.until(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
                "" => return Err("expected a key"),
                key => Cow::Borrowed(key),
            },
        });
        blanks(scan);
        if !scan.take(".") {
            return Ok(path);
        }
        if path.len() >= MAX_DEPTH as usize {
            return Err(TOO_DEEP);
        }
    }
}

/// A value that may hold `depth` others in each other.
fn value<'a>(scan: &mut Scan<'a>, depth: u32) -> Read<Data<'a>> {
    match scan.peek() {
        Some(b'"' | b'\'') => string(scan, true).map(Data::Text),
        Some(b'[' | b'{') if depth == 0 => Err(TOO_DEEP),
        Some(b'[') => {
            let mut items = Vec::new();
            members(scan, "]", &mut |scan| {
                items.push(value(scan, depth - 1)?);
                Ok(())
            })?;
            Ok(Data::List(items))
        }
        Some(b'{') => {
            let mut table = Map::default();
            members(scan, "}", &mut |scan| pair(scan, &mut table, depth - 1))?;
            Ok(Data::Map(table))
        }
        _ => scalar(scan),
    }
}

/// What stands between a bracket, which is next, and its `end`, with commas; one may stand behind the last.
fn members<'a>(
    scan: &mut Scan<'a>,
    end: &str,
    member: &mut dyn FnMut(&mut Scan<'a>) -> Read<()>,
) -> Read<()> {
    scan.at += 1;
    loop {
        space(scan);
        if scan.take(end) {
            return Ok(());
        }
        member(scan)?;
        space(scan);
        if !scan.take(",") {
            return scan.expect(end, "expected `,` or the end of the list");
        }
    }
}

/// Blanks and a comment.
fn remark(scan: &mut Scan<'_>) {
    blanks(scan);
    if scan.take("#") {
        scan.until(|c| c.is_ascii_control() && c != '\t');
    }
}

/// Blanks, comments and ends of lines.
fn space(scan: &mut Scan<'_>) {
    remark(scan);
    while newline(scan) {
        remark(scan);
    }
}

fn line_end(scan: &mut Scan<'_>) -> Read<()> {
    remark(scan);
    match newline(scan) || scan.peek().is_none() {
        true => Ok(()),
        false => Err("expected the end of the line"),
    }
}
