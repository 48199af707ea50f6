//! Terminal output, with colour where supported.

use anstyle::{AnsiColor, Style};

/// Prints a report; severity words are coloured if the output is a terminal and
/// `NO_COLOR` is not set. Control characters in the text are escaped.
pub fn show(text: &str) {
    let text = codegen::visible(text);
    let painted: String = text.split_inclusive('\n').map(painted).collect();
    anstream::print!("{painted}");
}

/// Colours the first word of a line, if it names a severity or state.
fn painted(line: &str) -> String {
    let end = line.find([':', ' ', ';', '\n']).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    match style(word) {
        Some(style) => format!("{style}{word}{style:#}{rest}"),
        None => line.to_owned(),
    }
}

fn style(word: &str) -> Option<Style> {
    let color = match word {
        "error" | "breaking" | "BREAKING" | "lint-error" | "REFUSED" | "missing" | "stale"
        | "leftover" => AnsiColor::Red,
        "warning" | "risky" | "source-breaking" => AnsiColor::Yellow,
        "compatible" | "clean" | "fresh" => AnsiColor::Green,
        "note" | "patch" | "approved" => AnsiColor::Cyan,
        _ => return None,
    };
    Some(color.on_default().bold())
}

#[cfg(test)]
mod tests {
    use super::painted;

    #[test]
    fn only_a_first_word_of_weight_is_coloured() {
        assert_eq!(
            painted("breaking: a\n"),
            "\u{1b}[1m\u{1b}[31mbreaking\u{1b}[0m: a\n"
        );
        for plain in ["  breaking: a\n", "breakings: a\n", "\n", "", "read it\n"] {
            assert_eq!(painted(plain), plain);
        }
    }
}
