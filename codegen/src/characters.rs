//! Invisible characters and characters that change how others are displayed: a
//! document must not have them, and reports show them as escapes.

use unicode_general_category::{GeneralCategory, get_general_category};

use crate::diagnostic::{Diagnostics, Location, Reporter};
use crate::document::Node;

/// The rule for hidden characters.
const RULE: &str = "characters";

/// Keywords whose texts can have several lines.
const PROSE: &[&str] = &[
    "description",
    "note",
    "meaning",
    "reason",
    "example",
    "value",
];

/// Returns a text on one line that is safe for terminals and workflow logs:
/// newlines and hidden characters become JSON escapes.
#[must_use]
pub fn visible_line(text: &str) -> String {
    escaped(text, |letter| is_hidden(letter) || letter.is_control())
}

/// Returns a text of several lines, with hidden characters as JSON escapes.
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

/// Whether a character is a control character other than newline or tab, a space
/// other than U+0020, or an invisible format character.
fn is_hidden(letter: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, SpaceSeparator};
    // Without optimizations, a look-up copies the table of all categories.
    if matches!(letter, ' '..='~') {
        return false;
    }
    match get_general_category(letter) {
        Control => !matches!(letter, '\n' | '\t'),
        SpaceSeparator => letter != ' ',
        category => matches!(category, Format | LineSeparator | ParagraphSeparator),
    }
}

/// Checks that no text of a document has a hidden character.
///
/// # Errors
///
/// Every text with a hidden character, with its location.
pub(crate) fn check(root: &Node) -> Result<(), Diagnostics> {
    let mut reporter = Reporter::new();
    each_text(root, false, &mut |text, _, location| {
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

/// Checks that names and titles have one line.
pub(crate) fn lines(root: &Node, reporter: &mut Reporter) {
    each_text(root, false, &mut |text, is_prose, location| {
        // A YAML block scalar ends with a newline, which is ignored.
        if !is_prose && text.trim_end_matches('\n').contains(['\n', '\t']) {
            let message = "this is a name or a title: write it on one line, without tabulators";
            reporter.add(RULE, location, message);
        }
    });
}

fn each_text(node: &Node, is_prose: bool, rule: &mut dyn FnMut(&str, bool, &Location)) {
    if let Some(text) = node.text() {
        rule(text, is_prose, &node.location);
    }
    for item in node.items() {
        each_text(item, is_prose, rule);
    }
    for entry in node.entries() {
        rule(&entry.key, false, &entry.location);
        let is_prose = is_prose || PROSE.contains(&entry.key.as_str());
        each_text(&entry.node, is_prose, rule);
    }
}

#[cfg(test)]
mod tests {
    use super::{visible, visible_line};

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
}
