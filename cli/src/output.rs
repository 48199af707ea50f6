//! Output as text, at most 80 columns wide, and as JSON.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use serde::Serialize;
use serde_json::{Value, json};
use textwrap::{Options, WordSplitter};

use crate::exit_status::{ExitStatus, Failure};
use skypay_sandbox::ordered_json::OrderedJson;

/// The maximum width of a line, in columns.
pub(crate) const WIDTH: usize = 80;

/// The output format.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct OutputFormat {
    /// Print JSON
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,
    /// Show personal data instead of [masked]
    #[arg(long, global = true, display_order = 901)]
    pub(crate) show_personal_data: bool,
}

/// The output of a command, as text and as JSON.
pub(crate) struct Output {
    pub(crate) exit_status: ExitStatus,
    pub(crate) text: String,
    pub(crate) json: String,
    /// Whether the text is the exact result, which must be written byte for byte.
    is_exact: bool,
}

impl Output {
    /// Creates output with exit status 0.
    pub(crate) fn new(text: impl Into<String>, json: &impl Serialize) -> Self {
        Self {
            exit_status: ExitStatus::Done,
            text: text.into(),
            json: serde_json::to_string(json).unwrap_or_default(),
            is_exact: false,
        }
    }

    /// Marks the text as the exact result, which is written byte for byte if
    /// standard output is not a terminal.
    pub(crate) fn exact(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// Sets the exit status.
    pub(crate) fn exit_status(mut self, exit_status: ExitStatus) -> Self {
        self.exit_status = exit_status;
        self
    }

    /// Sets the exit status to 1 if something was found or refused.
    pub(crate) fn refused_if(self, is_refused: bool) -> Self {
        if is_refused {
            self.exit_status(ExitStatus::Refused)
        } else {
            self
        }
    }

    /// Adds a warning to the JSON.
    pub(crate) fn add_warning(&mut self, warning: &str) {
        let mut json: Value = serde_json::from_str(&self.json).unwrap_or_default();
        json["warning"] = warning.into();
        self.json = json.to_string();
    }

    /// Writes the output to standard output.
    pub(crate) fn print(&self, format: OutputFormat) {
        let mut stdout = io::stdout();
        if self.is_exact && !format.json && !stdout.is_terminal() {
            let written = stdout.write_all(self.text.as_bytes());
            return written_to_stdout(written.and_then(|()| stdout.flush()));
        }
        out(if format.json { &self.json } else { &self.text });
    }
}

/// Writes a failure to standard error.
pub(crate) fn print_error(failure: &Failure, format: OutputFormat) {
    let text = if format.json {
        failure.json().to_string()
    } else {
        let what = format!("skypay: {}", failure.what);
        let help = failure.help.iter();
        let help = help.map(|help| format!("\n{}", wrapped(help, 2)));
        wrapped(&what, 0) + &help.collect::<String>()
    };
    let _ = writeln!(io::stderr(), "{}", visible(&text));
}

/// Writes a warning to standard error.
pub(crate) fn print_warning(warning: &str, format: OutputFormat) {
    let text = if format.json {
        json!({ "warning": warning }).to_string()
    } else {
        wrapped(&format!("skypay: warning: {warning}"), 0)
    };
    let _ = writeln!(io::stderr(), "{}", visible(&text));
}

/// Writes a line to standard output and flushes it. [`lost_output`] returns an error.
pub(crate) fn out(text: &str) {
    let mut stdout = io::stdout().lock();
    let written = writeln!(stdout, "{}", visible(text.trim_end_matches('\n')));
    written_to_stdout(written.and_then(|()| stdout.flush()));
}

/// Why the first write to standard output failed that did.
static LOST_OUTPUT: OnceLock<ErrorKind> = OnceLock::new();

/// Records the result of a write to standard output. A closed pipe is not an error:
/// its reader wants no more.
pub(crate) fn written_to_stdout(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        LOST_OUTPUT.get_or_init(|| error.kind());
    }
}

/// Returns the failure of writes to standard output so far, if one failed.
pub(crate) fn lost_output() -> Option<Failure> {
    LOST_OUTPUT.get().copied().map(Failure::lost_output)
}

/// Escapes control characters, and characters that change how others are displayed,
/// as JSON escapes. Text from outside then cannot move the cursor, and JSON keeps
/// its value.
fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |letter| letter != '\n' && is_hidden(letter))
}

/// Like `visible`, with line breaks escaped as well.
pub(crate) fn visible_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
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
    Cow::Owned(out)
}

fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0001}'..='\u{e007f}'
        )
}

/// Wraps a text at [`WIDTH`] columns with an indent. Line breaks are kept.
pub(crate) fn wrapped(text: &str, indent: usize) -> String {
    let lines = text.lines().map(|paragraph| {
        let own = paragraph.len() - paragraph.trim_start().len();
        let indent = " ".repeat(indent + own);
        let options = Options::new(WIDTH)
            .initial_indent(&indent)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_splitter(WordSplitter::NoHyphenation);
        let words: Vec<_> = paragraph.split_whitespace().collect();
        textwrap::fill(&words.join(" "), options)
            .trim_end()
            .to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Formats an entry on one line. What does not fit is cut off: JSON and `show` have
/// it.
pub(crate) fn line(id: u64, time: &str, said: &str) -> String {
    let line = format!("{id:>5}  {}  {}", short(time), visible_line(said));
    if line.chars().count() <= WIDTH {
        return line;
    }
    let kept: String = line.chars().take(WIDTH - 1).collect();
    kept.trim_end().to_owned() + "…"
}

/// Returns a time without year and fractions.
pub(crate) fn short(time: &str) -> &str {
    time.get(5..19).unwrap_or_default()
}

/// Formats rows of two columns: names, and texts wrapped beside them.
pub(crate) fn columns<N: AsRef<str>, T: AsRef<str>>(rows: &[(N, T)], indent: usize) -> String {
    let widest = rows.iter().map(|(name, _)| name.as_ref().chars().count());
    let widest = widest.max().unwrap_or_default().min(30);
    let mut lines = Vec::new();
    for (name, text) in rows {
        let hanging = indent + widest + 2;
        let text = wrapped(text.as_ref(), hanging);
        let first = text.trim_start();
        let name = name.as_ref();
        let beside = name.chars().count() <= widest;
        let padded = format!("{}{name:widest$}  ", " ".repeat(indent));
        if beside || text.is_empty() {
            lines.push(format!("{padded}{first}").trim_end().to_owned());
        } else {
            lines.push(padded.trim_end().to_owned());
            lines.push(text);
        }
    }
    lines.join("\n")
}

/// Formats a table. Each column is as wide as its widest cell; the last is not
/// padded.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let visible = |cell: &String| visible_line(cell).into_owned();
    let rows: Vec<Vec<_>> = rows
        .iter()
        .map(|row| row.iter().map(visible).collect())
        .collect();
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        line.trim_end().to_owned()
    };
    let mut lines = vec![line(&mut head.iter().copied())];
    for row in &rows {
        lines.push(line(&mut row.iter().map(String::as_str)));
    }
    lines.join("\n")
}

/// Formats a message as text, with one field per line.
pub(crate) fn message(tree: &OrderedJson, indent: usize) -> String {
    match tree {
        OrderedJson::Object(members) => {
            let plain: Vec<_> = members
                .iter()
                .filter_map(|(name, value)| {
                    let value = value.plain()?;
                    let value = visible_line(&value).into_owned();
                    Some((visible_line(name), value))
                })
                .collect();
            let mut text = columns(&plain, indent);
            for (name, value) in members.iter().filter(|(_, value)| value.plain().is_none()) {
                if !text.is_empty() {
                    text.push('\n');
                }
                let pad = " ".repeat(indent);
                let name = visible_line(name);
                text.push_str(&format!("{pad}{name}\n{}", message(value, indent + 2)));
            }
            text
        }
        OrderedJson::Array(items) if items.is_empty() => format!("{}none", " ".repeat(indent)),
        OrderedJson::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| message(item, indent)).collect();
            let rows = items.iter().any(|item| item.contains('\n'));
            items.join(if rows { "\n\n" } else { "\n" })
        }
        scalar => wrapped(&visible_line(&scalar.plain().unwrap_or_default()), indent),
    }
}

#[cfg(test)]
mod tests {
    use super::{columns, message, table, visible, wrapped};
    use skypay_sandbox::ordered_json::OrderedJson;

    #[test]
    fn text_is_wrapped_at_eighty_columns_and_keeps_its_indent() {
        let text = wrapped(&"word ".repeat(40), 4);
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert!(
            text.lines().all(|line| line.starts_with("    word")),
            "{text}"
        );
        assert_eq!(wrapped("one\n\n  two", 2), "  one\n\n    two");
    }

    #[test]
    fn columns_and_tables_are_aligned() {
        assert_eq!(
            columns(&[("a", "x"), ("bcd", "y z")], 2),
            "  a    x\n  bcd  y z"
        );
        let rows = [
            vec!["1".to_owned(), "two".to_owned()],
            vec!["10".to_owned(), "x".to_owned()],
        ];
        assert_eq!(table(&["id", "name"], &rows), "id  name\n1   two\n10  x");
    }

    #[test]
    fn what_comes_from_elsewhere_moves_no_cursor_and_makes_no_line() {
        let text = r#"{"a\u001b[2J":"x\ny\u009b1A\u202e","rows":["\r\u0007"]}"#;
        let tree = OrderedJson::read(text.as_bytes()).unwrap();
        assert_eq!(
            message(&tree, 0),
            "a\\u001b[2J  x\\u000ay\\u009b1A\\u202e\nrows\n  \\u000d\\u0007"
        );
        let json = serde_json::to_string(&tree).unwrap();
        let shown = visible(&json);
        assert!(!shown.contains(char::is_control), "{shown}");
        assert_eq!(OrderedJson::read(shown.as_bytes()), Some(tree));
        assert_eq!(visible("one\ntwo ñ"), "one\ntwo ñ");
    }

    #[test]
    fn messages_keep_the_order_of_their_fields() {
        let tree =
            OrderedJson::read(br#"{"zeta":"1","rows":[{"a":1},{"a":2}],"alpha":null}"#).unwrap();
        assert_eq!(
            message(&tree, 0),
            "zeta   1\nalpha  -\nrows\n  a  1\n  a  2"
        );
    }
}
