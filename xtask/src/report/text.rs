//! Text formatting: wrapped for a terminal, escaped for a pull request.

use codegen::visible_line;
use textwrap::{Options, WordSplitter};

/// The maximum width of a line in the terminal.
pub(crate) const WIDTH: usize = 80;

/// Wraps text into lines of whole words, of which all but the first are indented.
pub(crate) fn paragraph(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let options = Options::new(WIDTH - 2)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    format!("{}\n", textwrap::wrap(&text, options).join("\n  "))
}

/// Returns the end of a pointer that is longer than its line: the end is more
/// specific than the start.
pub(crate) fn shortened(pointer: &str, width: usize) -> String {
    let length = pointer.chars().count();
    if length <= width {
        return pointer.to_owned();
    }
    let end: String = pointer.chars().skip(length - width + 1).collect();
    format!("…{end}")
}

/// Escapes text for Markdown, on one line.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    let text = text.replace('\n', " ");
    for character in visible_line(&text).chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            // Text of the document must not mention users or link issues.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out
}

/// Formats text as Markdown code, on one line, inside tables too.
pub(crate) fn code(text: &str) -> String {
    let text = text.replace('\n', " ");
    let text = visible_line(&text).replace('|', "\\|");
    // The fence is longer than any run of backticks inside.
    let runs = text.split(|letter| letter != '`').map(str::len);
    match runs.max().unwrap_or(0) {
        0 => format!("`{text}`"),
        longest => {
            let fence = "`".repeat(longest + 1);
            format!("{fence} {text} {fence}")
        }
    }
}

/// Returns `no change`, `1 change` or `2 changes`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{code, escaped};

    #[test]
    fn nothing_of_a_text_acts_in_a_comment() {
        assert_eq!(
            escaped("@me #1 <b> ~x~ [a](b)\n## `c`|&\u{1b}[2J\u{202e}\r"),
            "&#64;me &#35;1 &lt;b> \\~x\\~ \\[a\\](b) &#35;&#35; \\`c\\`\\|&amp;\\\\u001b\\[2J\\\\u202e\\\\u000d"
        );
        assert_eq!(code("a\n`@b`|\r"), "`` a `@b`\\|\\u000d ``");
    }
}
