//! Converts Markdown of the document for Rust documentation: it renders the same,
//! but contains no doc tests, external resources or intra-doc links.
//!
//! A text is parsed and rewritten from its parts. Code is fenced and marked as
//! text, so that it is not a doc test; a link to anything but a web page becomes
//! its text; all other Markdown syntax is escaped.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream};

/// The maximum nesting depth of lists and quotes; deeper ones are flattened to this
/// depth.
const MAX_DEPTH: usize = 4;

/// Converts a text of several paragraphs, without a final newline.
pub(crate) fn blocks(text: &str) -> String {
    let parts: Vec<_> = parsed(text).into_iter().map(|part| part.text).collect();
    if parts.is_empty() {
        // Markdown that renders as nothing is shown as code, to not be empty.
        return code(text);
    }
    parts.join("\n\n")
}

/// Converts a text with a label in front, on the same line if the text begins with
/// a paragraph.
pub(crate) fn labelled(label: &str, text: &str) -> String {
    let mut parts = parsed(text);
    match parts.first_mut() {
        Some(first) if first.is_paragraph => first.text = format!("{label} {}", first.text),
        _ => parts.insert(0, Part::paragraph(label.to_owned())),
    }
    let parts: Vec<_> = parts.into_iter().map(|part| part.text).collect();
    parts.join("\n\n")
}

/// Converts a text to a single line: paragraphs are joined, and code blocks become
/// inline code.
pub(crate) fn inline(text: &str) -> String {
    let mut line = Inline::default();
    for event in TextMergeStream::new(Parser::new_ext(text, Options::empty())) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => line.in_code = Some(String::new()),
            Event::End(TagEnd::CodeBlock) => {
                if let Some(text) = line.in_code.take() {
                    line.code(&text);
                }
            }
            Event::End(
                TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::HtmlBlock,
            ) => line.space(),
            Event::Rule => {}
            event => line.event(event),
        }
    }
    line.finish()
}

/// Converts a text to a table cell.
pub(crate) fn cell(text: &str) -> String {
    // A bar ends a cell even within code.
    inline(text).replace("\\|", "|").replace('|', "\\|")
}

/// Returns inline code with any content; empty for an empty text.
pub(crate) fn code(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let fenced = text.starts_with('`') || text.ends_with('`');
    let pad = if fenced { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Returns a code block that is not Rust.
fn fenced(text: &str) -> String {
    let fence = "`".repeat((longest_run(text, '`') + 1).max(3));
    let text = text.trim_end_matches('\n').replace('\t', "    ");
    format!("{fence}text\n{text}\n{fence}")
}

fn longest_run(text: &str, wanted: char) -> usize {
    let runs = text.split(|letter| letter != wanted);
    runs.map(|run| run.chars().count())
        .max()
        .unwrap_or_default()
}

/// A block and its kind.
struct Part {
    is_paragraph: bool,
    text: String,
}

impl Part {
    fn paragraph(text: String) -> Self {
        Self {
            is_paragraph: true,
            text,
        }
    }

    fn other(text: String) -> Self {
        Self {
            is_paragraph: false,
            text,
        }
    }
}

/// A list item, a quote or the whole text, while it is parsed.
struct Container {
    /// The prefix of its first line.
    marker: String,
    /// The prefix of each following line.
    indent: String,
    parts: Vec<Part>,
}

fn parsed(text: &str) -> Vec<Part> {
    let mut reader = Reader {
        containers: vec![Container {
            marker: String::new(),
            indent: String::new(),
            parts: Vec::new(),
        }],
        lists: Vec::new(),
        too_deep: 0,
        line: Inline::default(),
        table: None,
    };
    // Merged, so that a word with escaped parts is seen as a whole.
    for event in TextMergeStream::new(Parser::new_ext(text, Options::ENABLE_TABLES)) {
        reader.event(event);
    }
    reader.end_line();
    let whole = reader.containers.into_iter().next();
    whole.map(|whole| whole.parts).unwrap_or_default()
}

struct Reader {
    containers: Vec<Container>,
    /// For each open list, the number of its next item, if numbered, and whether an
    /// item was written.
    lists: Vec<(Option<u64>, bool)>,
    /// The number of open lists and quotes that are flattened.
    too_deep: usize,
    line: Inline,
    /// The rows of the current table, and its number of columns.
    table: Option<(Vec<Vec<String>>, usize)>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::BlockQuote(_)) => self.open("> ".to_owned(), "> ".to_owned()),
            Event::Start(Tag::List(first)) => {
                self.end_line();
                self.lists.push((first, false));
            }
            Event::Start(Tag::Item) => {
                let marker = match self.lists.last_mut() {
                    Some((Some(number), _)) => {
                        // CommonMark limits list numbers to nine digits.
                        let marker = format!("{}. ", *number % 1_000_000_000);
                        *number += 1;
                        marker
                    }
                    _ => "- ".to_owned(),
                };
                let indent = " ".repeat(marker.len());
                self.open(marker, indent);
            }
            Event::Start(Tag::CodeBlock(_)) => {
                self.end_line();
                self.line.in_code = Some(String::new());
            }
            Event::Start(Tag::Table(columns)) => {
                self.end_line();
                self.table = Some((Vec::new(), columns.len()));
            }
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                if let Some((rows, _)) = &mut self.table {
                    rows.push(Vec::new());
                }
            }
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::HtmlBlock)
            | Event::End(TagEnd::Paragraph | TagEnd::HtmlBlock) => self.end_line(),
            Event::End(TagEnd::BlockQuote(_) | TagEnd::Item) => self.close(),
            Event::End(TagEnd::List(_)) => {
                self.lists.pop();
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some(text) = self.line.in_code.take() {
                    self.add(Part::other(fenced(&text)));
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let heading = std::mem::take(&mut self.line).finish();
                if !heading.is_empty() {
                    self.add(Part::other(format!("**{heading}**")));
                }
            }
            Event::End(TagEnd::TableCell) => {
                let text = std::mem::take(&mut self.line).finish();
                if let Some((rows, _)) = &mut self.table
                    && let Some(row) = rows.last_mut()
                {
                    row.push(text.replace("\\|", "|").replace('|', "\\|"));
                }
            }
            Event::End(TagEnd::Table) => self.end_table(),
            Event::Rule => {
                self.end_line();
                self.add(Part::other("---".to_owned()));
            }
            event => self.line.event(event),
        }
    }

    fn open(&mut self, marker: String, indent: String) {
        self.end_line();
        if self.containers.len() > MAX_DEPTH {
            self.too_deep += 1;
            return;
        }
        self.containers.push(Container {
            marker,
            indent,
            parts: Vec::new(),
        });
    }

    fn close(&mut self) {
        self.end_line();
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let Some(done) = self.containers.pop() else {
            return;
        };
        let parts: Vec<_> = done.parts.into_iter().map(|part| part.text).collect();
        let mut text = String::new();
        for (number, line) in parts.join("\n\n").lines().enumerate() {
            if number == 0 {
                text.push_str(&done.marker);
            } else {
                text.push('\n');
                text.push_str(&done.indent);
            }
            text.push_str(line);
        }
        let lines: Vec<_> = text.lines().map(str::trim_end).collect();
        let text = lines.join("\n");
        if text.is_empty() {
            return;
        }
        let is_item = !done.indent.starts_with('>');
        let began = match self.lists.last_mut() {
            Some((_, began)) if is_item => std::mem::replace(began, true),
            _ => false,
        };
        // Items of a list are not separated by blank lines.
        let parts = self.containers.last_mut();
        match parts.and_then(|container| container.parts.last_mut()) {
            Some(last) if began => {
                last.text.push('\n');
                last.text.push_str(&text);
            }
            _ => self.add(Part::other(text)),
        }
    }

    fn end_table(&mut self) {
        let Some((rows, columns)) = self.table.take() else {
            return;
        };
        let mut lines: Vec<_> = rows
            .iter()
            .map(|cells| format!("| {} |", cells.join(" | ")))
            .collect();
        lines.insert(1.min(lines.len()), format!("|{}", "---|".repeat(columns)));
        self.add(Part::other(lines.join("\n")));
    }

    /// Ends the current line as a paragraph.
    fn end_line(&mut self) {
        let text = std::mem::take(&mut self.line).finish();
        if !text.is_empty() {
            self.add(Part::paragraph(text));
        }
    }

    fn add(&mut self, part: Part) {
        if let Some(container) = self.containers.last_mut() {
            container.parts.push(part);
        }
    }
}

/// The escaped parts of a line.
#[derive(Default)]
struct Inline {
    text: String,
    /// The closing text of each open link.
    links: Vec<String>,
    /// The content of the current code block.
    in_code: Option<String>,
}

impl Inline {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => match &mut self.in_code {
                Some(code) => code.push_str(&text),
                None => self.plain(&text),
            },
            Event::Code(text) => self.code(&text),
            Event::SoftBreak | Event::HardBreak => self.space(),
            Event::Start(Tag::Emphasis) | Event::End(TagEnd::Emphasis) => self.text.push('*'),
            Event::Start(Tag::Strong) | Event::End(TagEnd::Strong) => self.text.push_str("**"),
            // An autolink's text is its URL.
            Event::Start(Tag::Link {
                link_type: LinkType::Autolink,
                ..
            }) => self.links.push(String::new()),
            Event::Start(Tag::Link { dest_url, .. }) => self.open_link(&dest_url),
            Event::End(TagEnd::Link) => {
                let end = self.links.pop().unwrap_or_default();
                self.text.push_str(&end);
            }
            // An image becomes its text, as does everything else.
            _ => {}
        }
    }

    fn open_link(&mut self, target: &str) {
        let web = ["https://", "http://"];
        let followed = web.iter().any(|scheme| target.starts_with(scheme))
            && target.chars().all(is_of_address)
            && self.links.is_empty();
        if followed {
            self.text.push('[');
            self.links.push(format!("](<{target}>)"));
        } else {
            self.links.push(String::new());
        }
    }

    fn code(&mut self, text: &str) {
        self.text.push_str(&code(text));
    }

    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    /// Appends a text with all Markdown syntax escaped.
    fn plain(&mut self, text: &str) {
        let mut rest = text;
        while let Some(start) = address(rest) {
            let (before, from) = rest.split_at(start);
            let end = from.find(|letter: char| !is_of_address(letter));
            let (whole, _) = from.split_at(end.unwrap_or(from.len()));
            let found = whole.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '"']);
            self.words(before);
            if self.links.iter().any(|link| !link.is_empty()) {
                self.words(found);
            } else {
                self.text.push_str(&format!("<{found}>"));
            }
            rest = &from[found.len()..];
        }
        self.words(rest);
    }

    fn words(&mut self, text: &str) {
        let mut word = String::new();
        for letter in text.chars() {
            if letter.is_whitespace() {
                self.word(&word);
                word.clear();
                self.space();
            } else {
                word.push(letter);
            }
        }
        self.word(&word);
    }

    fn word(&mut self, word: &str) {
        // A word that would begin a list, a heading, a rule or a table at the start
        // of a line; lines are not broken before it.
        let first = self.text.is_empty();
        let marks = word.chars().all(|letter| "-+=*_~#>:|".contains(letter));
        let digits = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let number = digits.len() < word.len() && (digits == "." || digits == ")");
        let letters: Vec<_> = word.chars().collect();
        for (index, letter) in letters.iter().copied().enumerate() {
            let beside = |index: Option<usize>| {
                let letter = index.and_then(|index| letters.get(index));
                letter.is_some_and(|letter| letter.is_alphanumeric())
            };
            let escaped = match letter {
                '\\' | '`' | '*' | '[' | ']' | '<' | '~' | '|' => true,
                '&' => beside(index.checked_add(1)) || letters.get(index + 1) == Some(&'#'),
                '_' => !beside(index.checked_sub(1)) || !beside(index.checked_add(1)),
                '>' => first && index == 0,
                '.' | ')' if first && number => true,
                other => first && marks && other.is_ascii_punctuation(),
            };
            if escaped {
                self.text.push('\\');
            }
            self.text.push(letter);
        }
    }

    fn finish(self) -> String {
        self.text.trim().to_owned()
    }
}

/// The position of the first web URL in a text.
fn address(text: &str) -> Option<usize> {
    let starts = ["https://", "http://"].into_iter();
    let starts = starts.flat_map(|scheme| {
        let found = text.match_indices(scheme);
        found.map(move |(at, _)| (at, scheme.len()))
    });
    let followed = starts.filter(|(at, length)| {
        let next = text[at + length..].chars().next();
        next.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '[')
    });
    followed.map(|(at, _)| at).min()
}

fn is_of_address(letter: char) -> bool {
    letter.is_ascii_graphic() && !"<>\\`|".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(blocks(text), expected);
        // Converting the output again gives the same.
        assert_eq!(blocks(&blocks(text)), expected);
    }

    #[test]
    fn prose_stays_as_it_is() {
        check(
            "A *text* of **two** lines\nwith `code`.\n\n- one\n- two, which\n  goes on\n\n1. first",
            "A *text* of **two** lines with `code`.\n\n- one\n- two, which goes on\n\n1. first",
        );
        check(
            "| a | b |\n|---|---|\n| 1 | `x` |",
            "| a | b |\n|---|---|\n| 1 | `x` |",
        );
        check(
            "See [the site](https://example.com/a_b).",
            "See [the site](<https://example.com/a_b>).",
        );
    }

    #[test]
    fn code_is_never_a_test() {
        check("```\nlet x;\n```", "```text\nlet x;\n```");
        check("~~~rust\n# x\n```\n~~~", "````text\n# x\n```\n````");
        check("Text.\n\n    indented", "Text.\n\n```text\nindented\n```");
        check("```rust\nnever closed", "```text\nnever closed\n```");
        check("- a\n\n      b", "- a\n\n  ```text\n  b\n  ```");
    }

    #[test]
    fn what_could_be_more_than_text_is_escaped() {
        check("a <b> [c] [d](e) `f`", "a \\<b> \\[c\\] d `f`");
        check("a\n===\nb\n-", "**a**\n\n**b**");
        check("x - 1. # a_b _c", "x - 1. # a_b \\_c");
        check("\\- x", "\\- x");
        check("1\\) x", "1\\) x");
        check("&lt; &amp;lt; A &amp; B", "\\< \\&lt; A & B");
        check(
            "At https://example.com/x_y, not http://.",
            "At <https://example.com/x_y>, not http://.",
        );
    }

    #[test]
    fn a_text_can_stand_in_a_line_and_in_a_cell() {
        assert_eq!(inline("a\n\nb\n\n    c | d\n"), "a b `c | d`");
        assert_eq!(cell("a | `b|c`"), "a \\| `b\\|c`");
        assert_eq!(labelled("x:", "a\n\nb"), "x: a\n\nb");
        assert_eq!(labelled("x:", "```\na\n```"), "x:\n\n```text\na\n```");
        assert_eq!(code("`a"), "`` `a ``");
    }

    #[test]
    fn depth_is_limited() {
        let text = format!("{}deep", "> ".repeat(10_000));
        assert!(blocks(&text).len() < 100);
    }
}
