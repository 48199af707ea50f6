//! Documentation text: wrapped, and examples of the document as Rust.

/// Longest line of documentation.
const WIDTH: usize = 80;

/// The lines of a Markdown text, long ones broken between words. Lists keep
/// their indentation, code blocks and tables are left alone.
pub(crate) fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut in_code = false;
    for line in text.trim_end().lines() {
        let line = line.trim_end();
        let fence = line.trim_start().starts_with("```");
        if in_code || fence || line.len() <= WIDTH || line.trim_start().starts_with('|') {
            lines.push(line.to_owned());
        } else {
            wrap_line(line, &mut lines);
        }
        in_code ^= fence;
    }
    lines
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

/// The words of a line; what stands between backticks is one word.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        let continues = open;
        if word.matches('`').count() % 2 == 1 {
            open = !open;
        }
        match words.last_mut() {
            Some(last) if continues => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
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
    fn code_blocks_and_tables_are_left_alone() {
        let line = "let x = 1; ".repeat(12);
        let text = format!("```\n{line}\n```\n| {line}|");
        assert_eq!(wrapped(&text)[1], line.trim_end());
        assert_eq!(wrapped(&text).len(), 4);
    }
}
