//! The order of paths, in which a tree lies flat and is shown.

use std::cmp::Ordering;

/// The order of concrete paths: segment by segment, instance numbers as numbers and before names. An object comes before
/// what lies below it, and everything below it comes before anything else. A search in a large tree does little else.
#[must_use]
pub fn order(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let at = same(a, b);
    // Only a segment of digits up to here may be a number in either of the two.
    let before = a.get(..at).unwrap_or_default();
    let digits = digits(before.iter().rev());
    let start = at - digits;
    let numbered = start == 0 || before.get(start - 1) == Some(&b'.');
    let by_segment = match numbered {
        true => rank(a, start).cmp(&rank(b, start)),
        false => Ordering::Equal,
    };
    by_segment.then_with(|| byte(a, at).cmp(&byte(b, at)))
}

/// How many bytes are the same: most of two paths that are compared, so eight at a time.
fn same(a: &[u8], b: &[u8]) -> usize {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let mut same = 8 * words.take_while(|(a, b)| a == b).count();
    while let (Some(a), Some(b)) = (a.get(same), b.get(same))
        && a == b
    {
        same += 1;
    }
    same
}

fn digits<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    bytes.take_while(|byte| byte.is_ascii_digit()).count()
}

/// Sorts the segment of `path` at `start`: the empty one (the object itself), numbers by their length, names.
fn rank(path: &[u8], start: usize) -> (u8, usize) {
    let segment = path.get(start..).unwrap_or_default();
    let digits = digits(segment.iter());
    match segment.get(digits) {
        None | Some(b'.') => (u8::from(digits > 0), digits),
        Some(_) => (2, 0),
    }
}

/// Sorts what is at `at`: the end of a path and that of a segment come first.
fn byte(path: &[u8], at: usize) -> u16 {
    match path.get(at) {
        None => 0,
        Some(b'.') => 1,
        Some(&byte) => 2 + u16::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parents_come_first_and_numbers_count() {
        let mut paths = vec![
            "Device.A.10.",
            "Device.A.9.B",
            "Device.AB",
            "Device.A.",
            "Device.A.9.",
            "Device.",
            "Device.A.B.",
            "Device.B",
        ];
        paths.sort_by(|a, b| order(a, b));
        let sorted = [
            "Device.",
            "Device.A.",
            "Device.A.9.",
            "Device.A.9.B",
            "Device.A.10.",
            "Device.A.B.",
            "Device.AB",
            "Device.B",
        ];
        assert_eq!(paths, sorted);
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_segments(
            a in "([a-b12-]{1,3}\\.){0,3}([a-b12ä.-]{1,3})?", b in "([a-b12-]{1,3}\\.){0,3}([a-b12ä.-]{1,3})?",
        ) {
            let segments = |path: &str| -> Vec<(u8, usize, String)> {
                let key = |segment: &str| match segment {
                    "" => (0, 0, String::new()),
                    number if number.bytes().all(|b| b.is_ascii_digit()) => (1, number.len(), number.to_owned()),
                    name => (2, 0, name.to_owned()),
                };
                path.split('.').map(key).collect()
            };
            prop_assert_eq!(order(&a, &b), segments(&a).cmp(&segments(&b)));
        }

        #[test]
        fn order_is_total_and_keeps_subtrees_together(
            mut paths in proptest::collection::vec("([a-c12]{1,2}\\.){0,4}([a-c12ä.]{1,2})?", 0..40),
            prefix in "([a-c12]{1,2}\\.){1,2}",
        ) {
            paths.sort_by(|a, b| order(a, b));
            for pair in paths.windows(2) {
                prop_assert!(order(&pair[0], &pair[1]) != Ordering::Greater);
                prop_assert_eq!(order(&pair[0], &pair[1]) == Ordering::Equal, pair[0] == pair[1]);
            }
            let below: Vec<bool> = paths.iter().map(|path| path.starts_with(&prefix)).collect();
            let changes = below.windows(2).filter(|pair| pair[0] != pair[1]).count();
            prop_assert!(changes <= 2);
            for path in &paths {
                if path.starts_with(&prefix) {
                    prop_assert!(order(&prefix, path) != Ordering::Greater);
                }
            }
        }
    }
}
