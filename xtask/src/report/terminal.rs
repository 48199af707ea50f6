//! What a terminal shows, in colour where it can.

use anstyle::{AnsiColor, Style};

/// Prints a report; words of weight are coloured if a terminal is there to
/// show it and `NO_COLOR` is not set. What a text brings of control
/// characters is shown by number.
pub fn show(text: &str) {
    let text = codegen::visible(text);
    let painted: String = text.split_inclusive('\n').map(painted).collect();
    anstream::print!("{painted}");
}

/// A line whose first word is coloured, if it is one that weighs something.
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
