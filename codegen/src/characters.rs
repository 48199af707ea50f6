//! Characters that a reader does not see, or that change how a reader sees
//! others: a document has none, and a report shows their numbers.

use unicode_general_category::{GeneralCategory, get_general_category};

use crate::diagnostic::{Diagnostics, Location, Reporter};
use crate::document::{Node, Value};

/// The rule under which they are reported.
const RULE: &str = "characters";

/// Words whose texts may have several lines; those of examples may, too.
const PROSE: &[&str] = &["description", "note", "meaning", "reason"];

/// A text on one line, as a terminal, a workflow log and a reader can take it:
/// line ends and hidden characters are written as JSON escapes them.
#[must_use]
pub fn visible_line(text: &str) -> String {
    escaped(text, |letter| is_hidden(letter) || letter.is_control())
}

/// A text of several lines, with hidden characters as JSON escapes them.
#[must_use]
pub fn visible(text: &str) -> String {
    escaped(text, is_hidden)
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if is_escaped(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(letter);
        }
    }
    out
}

/// Whether a character is a control character other than a line end or a
/// tabulator, a space that is not the usual one, or one that formats the text
/// around it without being seen.
fn is_hidden(letter: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, SpaceSeparator};
    match get_general_category(letter) {
        Control => !matches!(letter, '\n' | '\t'),
        SpaceSeparator => letter != ' ',
        category => matches!(category, Format | LineSeparator | ParagraphSeparator),
    }
}

/// No text of a document has a hidden character.
///
/// # Errors
///
/// Every text that has one, with its place.
pub(crate) fn check(root: &Node) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    each_text(root, Lines::One, &mut |text, _, location| {
        if let Some(letter) = text.chars().find(|letter| is_hidden(*letter)) {
            let number = u32::from(letter);
            let message = format!(
                "the character U+{number:04X} is not seen, or changes how others are seen: write a plain one instead, or none"
            );
            reporter.add(RULE, location, message);
        }
    });
    reporter.finish(())
}

/// Names and titles have one line.
pub(crate) fn lines(root: &Node, reporter: &mut Reporter) {
    each_text(root, Lines::One, &mut |text, lines, location| {
        // A block of YAML ends with a line end, which counts for nothing.
        if lines == Lines::One && text.trim_end_matches('\n').contains(['\n', '\t']) {
            let message = "this is a name or a title: write it on one line, without tabulators";
            reporter.add(RULE, location, message);
        }
    });
}

/// How many lines a text may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Several,
}

fn each_text(node: &Node, lines: Lines, rule: &mut dyn FnMut(&str, Lines, &Location)) {
    match &node.value {
        Value::Text(text) => rule(text, lines, &node.location),
        Value::List(items) => {
            for item in items {
                each_text(item, lines, rule);
            }
        }
        Value::Map(members) => {
            for entry in members.iter() {
                rule(&entry.key, Lines::One, &entry.location);
                let key = entry.key.as_str();
                let several = PROSE.contains(&key) || matches!(key, "example" | "value");
                let lines = if several { Lines::Several } else { lines };
                each_text(&entry.node, lines, rule);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::load;

    #[test]
    fn a_report_shows_the_numbers_of_what_is_not_seen() {
        assert_eq!(visible("a\tb\nc Größe 金"), "a\tb\nc Größe 金");
        assert_eq!(visible_line("a\nb"), "a\\u000ab");
        for (letter, shown) in [
            ('\r', "\\u000d"),
            ('\u{1b}', "\\u001b"),
            ('\u{7f}', "\\u007f"),
            ('\u{9b}', "\\u009b"),
            ('\u{85}', "\\u0085"),
            ('\u{a0}', "\\u00a0"),
            ('\u{202e}', "\\u202e"),
            ('\u{2066}', "\\u2066"),
            ('\u{2028}', "\\u2028"),
            ('\u{200b}', "\\u200b"),
            ('\u{feff}', "\\ufeff"),
            ('\u{e0041}', "\\udb40\\udc41"),
        ] {
            assert_eq!(visible(&letter.to_string()), shown);
        }
    }

    #[test]
    fn each_is_refused_wherever_it_stands() {
        for letter in [
            "\\r", "\\e", "\\x9b", "\\N", "\\_", "\\L", "\\u202e", "\\ufeff",
        ] {
            for text in [
                format!("openapi: \"3.0.3{letter}\""),
                format!("info: {{title: \"A{letter}B\"}}"),
                format!("info: {{\"ti{letter}tle\": A}}"),
                format!("tags: [{{description: \"A{letter}B\"}}]"),
                format!("components: {{schemas: {{X: {{example: [\"A{letter}B\"]}}}}}}"),
            ] {
                let diagnostics = load(&text).unwrap_err();
                let diagnostic = &diagnostics.as_slice()[0];
                assert_eq!(diagnostic.rule, RULE, "{text}");
                assert!(
                    diagnostic.location.column > 1 || diagnostic.location.line > 1,
                    "{text}"
                );
                let report = diagnostics.report("document.yaml");
                assert_eq!(visible(&report), report, "{text}");
            }
        }
    }

    #[test]
    fn only_prose_and_examples_have_several_lines() {
        let found = |text: &str| {
            let mut reporter = Reporter::new();
            lines(&load(text).unwrap(), &mut reporter);
            reporter.finish(()).is_err()
        };
        let several = "a: {description: \"b\\n\\tc\", example: \"b\\nc\"}\nx: |\n  one\n";
        assert!(!found(several));
        for text in ["title: \"b\\nc\"", "\"b\\nc\": title", "pattern: \"\\t\""] {
            assert!(found(text), "{text}");
        }
    }
}
