//! Documentation text: line wrapping, and examples of the document as Rust.

/// The maximum line length of documentation.
const WIDTH: usize = 80;

/// Returns a text as a doc comment, or with another prefix for its lines.
pub(super) fn comment(text: &str, mark: Option<&str>) -> String {
    let mark = mark.unwrap_or("///");
    let lines = text.trim_end().lines();
    let lines: Vec<_> = lines
        .map(|line| format!("{mark} {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Wraps long lines of doc comments in the text of a Rust file.
pub(super) fn wrapped_comments(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    let mut out = Vec::new();
    for lines in lines.chunk_by(|a, b| prefix(a) == prefix(b)) {
        let prefix = prefix(lines[0]);
        if prefix.is_empty() {
            out.extend(lines.iter().map(|line| (*line).to_owned()));
            continue;
        }
        let texts = lines.iter().map(|line| &line[prefix.len()..]);
        let texts: Vec<_> = texts
            .map(|text| text.strip_prefix(' ').unwrap_or(text))
            .collect();
        let wrapped = wrapped(&texts.join("\n"));
        out.extend(
            wrapped
                .iter()
                .map(|line| format!("{prefix} {line}").trim_end().to_owned()),
        );
    }
    out.join("\n") + "\n"
}

/// The prefix of a doc comment line; empty for any other line.
fn prefix(line: &str) -> &str {
    let text = line.trim_start();
    let is_comment = text.starts_with("///") || text.starts_with("//!");
    let length = line.len() - text.len() + 3;
    if is_comment { &line[..length] } else { "" }
}

/// Wraps the long lines of a Markdown text. Lists keep their indentation; code
/// blocks and tables are left unchanged.
pub(crate) fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut code = Code::default();
    for line in text.trim_end().lines() {
        let line = line.trim_end();
        let fixed = code.holds(line) || without_markers(line).starts_with(['|', '>']);
        if fixed || line.chars().count() <= WIDTH {
            lines.push(line.to_owned());
        } else {
            wrap_line(line, &mut lines);
        }
    }
    lines
}

/// Tracks whether lines are inside a code block.
#[derive(Default)]
struct Code {
    /// The length of the opening fence.
    fence: Option<usize>,
}

impl Code {
    /// Whether a line is inside a code block, or is one of its fences.
    fn holds(&mut self, line: &str) -> bool {
        let line = without_markers(line).trim_start_matches(['>', ' ']);
        let rest = line.trim_start_matches('`');
        let length = line.len() - rest.len();
        match self.fence {
            // An inline code span ends on the same line.
            None if length < 3 || rest.contains('`') => return false,
            None => self.fence = Some(length),
            Some(fence) if length >= fence && rest.trim_end().is_empty() => self.fence = None,
            Some(_) => {}
        }
        true
    }
}

/// Strips the list markers from a line.
fn without_markers(line: &str) -> &str {
    line.trim_start_matches(|letter: char| letter.is_ascii_digit() || " -.".contains(letter))
}

fn wrap_line(line: &str, lines: &mut Vec<String>) {
    let indent = line.len() - line.trim_start().len();
    let marker = line.trim_start();
    let hanging = if marker.starts_with("- ") || marker.starts_with("* ") {
        indent + 2
    } else if let Some(number) = marker.split(". ").next()
        && number.len() < 3
        && number.chars().all(|digit| digit.is_ascii_digit())
    {
        indent + number.len() + 2
    } else {
        indent
    };
    let mut current = " ".repeat(indent);
    let mut empty = true;
    for word in words(line.trim_start()) {
        if !empty && current.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::take(&mut current));
            current = " ".repeat(hanging);
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        current.push_str(&word);
        empty = false;
    }
    lines.push(current);
}

/// Splits a line into words. Code between backticks is one word, and so is a word
/// that must not begin a line together with the previous one.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    // The number of backticks that close the open code span.
    let mut open = 0;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' if open == 0 => words.push(std::mem::take(&mut word)),
            '\\' if open == 0 => {
                word.push(letter);
                word.extend(letters.next());
            }
            '`' => {
                let mut run = 1;
                while letters.next_if_eq(&'`').is_some() {
                    run += 1;
                }
                word.push_str(&"`".repeat(run));
                if open == 0 {
                    open = run;
                } else if open == run {
                    open = 0;
                }
            }
            letter => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    let mut joined: Vec<String> = Vec::new();
    for word in words {
        match joined.last_mut() {
            Some(last) if begins_a_block(&word) => {
                last.push(' ');
                last.push_str(&word);
            }
            _ => joined.push(word),
        }
    }
    joined
}

/// Whether a word at the start of a line would begin a Markdown block.
fn begins_a_block(word: &str) -> bool {
    let rest = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number = rest.len() < word.len() && matches!(rest, "." | ")");
    let marks = word.chars().all(|letter| "-+=*_~#>:|".contains(letter));
    number || marks || word.starts_with(['>', '|'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_break_between_words_and_lists_hang() {
        let text = format!("- {} end\n\nshort", "word ".repeat(18).trim_end());
        assert_eq!(
            wrapped(&text),
            [
                format!("- {}", "word ".repeat(15).trim_end()),
                "  word word word end".to_owned(),
                String::new(),
                "short".to_owned(),
            ]
        );
    }

    #[test]
    fn what_stands_between_backticks_stays_on_one_line() {
        let text = format!("{} `one code span` end", "x".repeat(70));
        assert_eq!(
            wrapped(&text),
            ["x".repeat(70), "`one code span` end".to_owned()]
        );
    }

    #[test]
    fn code_that_holds_backticks_stays_on_one_line() {
        let code = "`` one ` code span ``";
        let text = format!("{} {code} \\` end", "x".repeat(70));
        assert_eq!(wrapped(&text), ["x".repeat(70), format!("{code} \\` end")]);
        let line = "let x = 1; ".repeat(12);
        let text = format!("````text\n```\n{line}\n````");
        assert_eq!(wrapped(&text)[2], line.trim_end());
    }

    #[test]
    fn no_line_begins_as_a_list_or_a_heading() {
        for mark in ["-", "1.", "2)", "#", "===", "---", "+", ">", ">x", "|a"] {
            let text = format!("{} {mark} end", "x".repeat(78));
            let lines = wrapped(&text);
            assert_eq!(
                lines,
                [format!("{} {mark}", "x".repeat(78)), "end".to_owned()]
            );
        }
    }

    #[test]
    fn code_blocks_and_tables_are_left_alone() {
        let line = "let x = 1; ".repeat(12);
        let text = format!("```\n{line}\n```\n| {line}|");
        assert_eq!(wrapped(&text)[1], line.trim_end());
        assert_eq!(wrapped(&text).len(), 4);
    }
}
