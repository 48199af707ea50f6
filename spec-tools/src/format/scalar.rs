//! Scalars: quoted exactly where a reader of YAML, of whatever version, could
//! take them for something else.

use std::sync::LazyLock;

use regex_lite::Regex;

/// A text on one line, plain or quoted. In brackets, less can be plain.
pub(super) fn text(text: &str, in_brackets: bool) -> String {
    if text.chars().any(char::is_control) {
        return escaped(text);
    }
    if is_plain(text, in_brackets) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// A text in double quotes, on one line whatever it holds.
fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

fn is_plain(text: &str, in_brackets: bool) -> bool {
    let mut letters = text.chars();
    let Some(first) = letters.next() else {
        return false;
    };
    let second = letters.next();
    let marks = matches!(first, '-' | '?' | ':') && second.is_none_or(char::is_whitespace);
    let indicates = marks || ",[]{}#&*!|>'\"%@`".contains(first);
    let breaks = text.contains(": ") || text.contains(" #") || text.ends_with(':');
    let separates = in_brackets && text.contains([',', '[', ']', '{', '}', ':', '?']);
    let markers = text.starts_with("---") || text.starts_with("...");
    let blank_ends = text.trim() != text || text.contains('\u{feff}');
    !(indicates || breaks || separates || markers || blank_ends || misread(text))
}

/// Whether some reader takes the text for nothing, a boolean, a number or a
/// time.
fn misread(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "null", "~", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<",
    ];
    let small = text.to_lowercase();
    WORDS.contains(&small.as_str()) || NUMBER.as_ref().is_none_or(|number| number.is_match(&small))
}

/// Numbers and times of YAML 1.1 and 1.2, in small letters.
static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let forms = [
        r"[-+]?[0-9][0-9_,]*",
        r"[-+]?0b[01_]+",
        r"[-+]?0o[0-7_]+",
        r"[-+]?0x[0-9a-f_]+",
        r"[-+]?([0-9][0-9_]*)?\.?[0-9_]*[0-9][0-9_]*\.?(e[-+]?[0-9]+)?",
        r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?",
        r"[-+]?\.(inf|nan)",
        r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t ].*)?",
    ];
    Regex::new(&format!("^({})$", forms.join("|"))).ok()
});

/// A text broken into lines at its blanks, where that loses none: no line
/// longer than it must be.
pub(super) fn folded(text: &str, width: usize) -> Option<Vec<String>> {
    let breakable = text.contains(' ')
        && !text.contains("  ")
        && text.trim() == text
        && !text.chars().any(char::is_control);
    breakable.then(|| filled(text, width))
}

/// Words on lines, none longer than it must be.
pub(super) fn filled(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The header and the lines under which a text of several lines stands as it
/// is.
pub(super) fn literal(text: &str) -> Option<(&'static str, Vec<String>)> {
    let (header, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    let lines: Vec<String> = body.split('\n').map(str::to_owned).collect();
    let fits = lines.len() > 1
        && lines
            .first()
            .is_some_and(|line| !line.is_empty() && !line.starts_with([' ', '\t']))
        && lines.last().is_some_and(|line| !line.is_empty())
        && lines
            .iter()
            .all(|line| line.trim_end() == line && !line.chars().any(char::is_control));
    fits.then_some((header, lines))
}
