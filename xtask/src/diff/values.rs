//! The old and the new value of a change, shortened to fit on a line.

use spec_tools::diff::Change;

/// The maximum number of characters shown of a value.
const SHOWN: usize = 60;

/// The number of equal characters shown before a difference.
const CONTEXT: usize = 15;

/// Returns the values that there are, shortened: for two long texts, the part in
/// which they differ.
pub(super) fn values(change: &Change) -> Vec<String> {
    let values = [&change.old, &change.new].into_iter().flatten();
    let values = values.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let values: Vec<_> = values.collect();
    let from = match values.as_slice() {
        [old, new] => start_of_difference(old, new),
        _ => 0,
    };
    values.iter().map(|text| cut(text, from)).collect()
}

/// Returns the index from which two texts are shown: shortly before the first
/// difference, if that is too far from the start.
fn start_of_difference(old: &str, new: &str) -> usize {
    let same = old.chars().zip(new.chars());
    let same = same.take_while(|(old, new)| old == new).count();
    let longest = old.chars().count().max(new.chars().count());
    if longest <= SHOWN || same < SHOWN / 2 {
        return 0;
    }
    same - CONTEXT
}

/// Returns a text from a character index on, truncated if it is long.
fn cut(text: &str, from: usize) -> String {
    let rest: String = text.chars().skip(from).collect();
    let start = if from == 0 { "" } else { "…" };
    if rest.chars().count() <= SHOWN {
        return format!("{start}{rest}");
    }
    let shown: String = rest.chars().take(SHOWN - 1).collect();
    format!("{start}{shown}…")
}

#[cfg(test)]
mod tests {
    use super::{cut, start_of_difference};

    #[test]
    fn of_long_texts_the_part_that_differs_is_shown() {
        let check = |old: &str, new: &str, expected: [&str; 2]| {
            let from = start_of_difference(old, new);
            assert_eq!([cut(old, from), cut(new, from)], expected);
        };
        check("a", "b", ["a", "b"]);
        let long = "word ".repeat(20);
        let (old, new) = (format!("{long}old end"), format!("{long}new end"));
        check(
            &old,
            &new,
            ["…word word word old end", "…word word word new end"],
        );
        let (old, new) = (format!("old {long}"), format!("new {long}"));
        let shown = "word ".repeat(11);
        let ends = [format!("old {shown}…"), format!("new {shown}…")];
        check(&old, &new, [&ends[0], &ends[1]]);
    }
}
