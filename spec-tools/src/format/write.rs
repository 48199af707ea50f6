//! Writing a document: every line from the tree, none from the text, but for
//! the lines of a block, which their author has broken.

use super::WIDTH;
use super::order::Kind;
use super::scalar::{filled, folded, literal, text};
use super::source::{Collection, Content, Item, Line, Notes, Scalar, Source};

/// The whole text.
pub(super) fn document(source: &Source) -> String {
    let writer = Writer {
        notes: &source.notes,
    };
    let mut lines = source.header.clone();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    match &source.root {
        Content::Mapping(collection) if collection.items.is_empty() => lines.push("{}".to_owned()),
        Content::Mapping(collection) => lines.extend(writer.members(collection, 0, Kind::DOCUMENT)),
        _ => return String::new(),
    }
    lines.join("\n") + "\n"
}

struct Writer<'s> {
    notes: &'s [Notes],
}

impl Writer<'_> {
    /// The members of a mapping, each from its own line on.
    fn members(&self, mapping: &Collection, indent: usize, kind: Kind) -> Vec<String> {
        let mut items: Vec<&Item> = mapping.items.iter().collect();
        kind.sort(&mut items);
        let mut lines = Vec::new();
        for item in items {
            let key = item.key.as_deref().unwrap_or_default();
            let start = format!("{}:", text(key, false));
            let value = self.value(item, &start, indent, kind.member(key));
            self.surrounded(item, value, indent, &mut lines);
        }
        lines
    }

    /// The items of a sequence, each from its own line on.
    fn items(&self, sequence: &Collection, indent: usize, kind: Kind) -> Vec<String> {
        let mut lines = Vec::new();
        for item in &sequence.items {
            let value = match &item.content {
                Content::Mapping(mapping) if is_open(mapping, indent, "-", kind) => {
                    self.dashed(item, &self.members(mapping, indent + 2, kind), indent)
                }
                Content::Sequence(inner) if is_open(inner, indent, "-", kind) => {
                    self.dashed(item, &self.items(inner, indent + 2, kind), indent)
                }
                _ => self.value(item, "-", indent, kind),
            };
            self.surrounded(item, value, indent, &mut lines);
        }
        lines
    }

    /// Lines of which the first gets a dash; comments above it go above that.
    fn dashed(&self, item: &Item, inner: &[String], indent: usize) -> Vec<String> {
        let deep = indent + 2;
        let is_member = |line: &String| {
            let line = line.trim_start();
            !line.is_empty() && !line.starts_with('#')
        };
        let first = inner.iter().position(is_member).unwrap_or_default();
        let beside = self.notes_of(item).and_then(|notes| notes.beside.as_ref());
        let above = inner.iter().take(first).filter(|line| !line.is_empty());
        let above = above.map(|line| line.get(2..).unwrap_or_default().to_owned());
        let mut lines: Vec<String> = above.collect();
        lines.extend(beside.map(|comment| format!("{:indent$}{comment}", "")));
        for (index, line) in inner.iter().enumerate().skip(first) {
            if index == first {
                let rest = line.get(deep..).unwrap_or_default();
                lines.push(format!("{:indent$}- {rest}", ""));
            } else {
                lines.push(line.clone());
            }
        }
        lines
    }

    /// A member or an item with what stands around it.
    fn surrounded(&self, item: &Item, value: Vec<String>, indent: usize, lines: &mut Vec<String>) {
        let Some(notes) = self.notes_of(item) else {
            lines.extend(value);
            return;
        };
        for line in &notes.before {
            written(line, indent, lines);
        }
        lines.extend(value);
        for line in &notes.after {
            written(line, indent, lines);
        }
    }

    /// `start` and what follows it, on as many lines as it takes.
    fn value(&self, item: &Item, start: &str, indent: usize, kind: Kind) -> Vec<String> {
        let deep = indent + 2;
        let beside = self.notes_of(item).and_then(|notes| notes.beside.as_ref());
        let line = |rest: &str| {
            let mut line = format!("{:indent$}{start}", "");
            for part in [Some(rest), beside.map(String::as_str)]
                .into_iter()
                .flatten()
            {
                if !part.is_empty() {
                    line.push(' ');
                    line.push_str(part);
                }
            }
            line
        };
        let (rest, below) = match &item.content {
            Content::Scalar(scalar) => scalar_lines(scalar, start, indent),
            Content::Mapping(mapping) if is_open(mapping, indent, start, kind) => {
                (String::new(), self.members(mapping, deep, kind))
            }
            Content::Sequence(sequence) if is_open(sequence, indent, start, kind) => {
                (String::new(), self.items(sequence, deep, kind))
            }
            content => (bracketed(content, kind), Vec::new()),
        };
        let mut lines = vec![line(&rest)];
        lines.extend(below);
        lines
    }

    fn notes_of(&self, item: &Item) -> Option<&Notes> {
        self.notes.get(item.number)
    }
}

/// Whether a collection stands on lines of its own.
fn is_open(collection: &Collection, indent: usize, start: &str, kind: Kind) -> bool {
    if collection.items.is_empty() {
        return false;
    }
    if collection.brackets.is_none() {
        return true;
    }
    let inside = bracketed_items(collection, kind).chars().count();
    // Two brackets and the blank before them.
    indent + start.chars().count() + inside + 3 > WIDTH
}

/// Adds a line between members; a blank one neither first nor twice.
fn written(line: &Line, indent: usize, lines: &mut Vec<String>) {
    match line {
        Line::Comment(comment) => lines.push(format!("{:indent$}{comment}", "")),
        Line::Blank if lines.last().is_some_and(|last| !last.is_empty()) => {
            lines.push(String::new());
        }
        Line::Blank => {}
    }
}

/// What follows the key on its line, and the lines below.
fn scalar_lines(scalar: &Scalar, start: &str, indent: usize) -> (String, Vec<String>) {
    let below = |lines: Vec<String>| {
        let indented = lines.into_iter().map(|line| {
            if line.is_empty() {
                line
            } else {
                format!("{:width$}{line}", "", width = indent + 2)
            }
        });
        indented.collect()
    };
    let width = WIDTH.saturating_sub(indent + 2);
    let one = one_line(scalar, false);
    let fits = indent + start.chars().count() + 1 + one.chars().count() <= WIDTH;
    let single = !scalar.text.contains('\n') && !scalar.text.is_empty();
    match &scalar.block {
        Some((header, _)) if fits && single && !header.contains('|') => (one, Vec::new()),
        Some((header, lines)) if header.starts_with('>') => {
            (header.clone(), below(narrowed(lines, width)))
        }
        Some((header, lines)) => (header.clone(), below(lines.clone())),
        None if fits && single => (one, Vec::new()),
        None => match (folded(&scalar.text, width), literal(&scalar.text)) {
            (Some(lines), _) => (">-".to_owned(), below(lines)),
            (_, Some((header, lines))) => (header.to_owned(), below(lines)),
            _ => (one, Vec::new()),
        },
    }
}

/// The lines of a folded block, broken anew where one is too long.
fn narrowed(lines: &[String], width: usize) -> Vec<String> {
    let is_text = |line: &String| !line.is_empty() && !line.starts_with([' ', '\t']);
    let mut narrow = Vec::new();
    for paragraph in lines.chunk_by(|a, b| is_text(a) && is_text(b)) {
        let long = paragraph.iter().any(|line| line.chars().count() > width);
        let joined = paragraph.join(" ");
        if long && paragraph.iter().all(is_text) && !joined.contains("  ") {
            narrow.extend(filled(&joined, width));
        } else {
            narrow.extend_from_slice(paragraph);
        }
    }
    narrow
}

/// A scalar on one line. What is plain and no text stays as it is spelled.
fn one_line(scalar: &Scalar, in_brackets: bool) -> String {
    if scalar.plain && codegen::document::is_no_text(&scalar.text) {
        return scalar.text.clone();
    }
    text(&scalar.text, in_brackets)
}

/// A value in brackets, or a scalar, on one line.
fn bracketed(content: &Content, kind: Kind) -> String {
    match content {
        Content::Scalar(scalar) if scalar.plain && scalar.text.is_empty() => "null".to_owned(),
        Content::Scalar(scalar) => one_line(scalar, true),
        Content::Sequence(sequence) => format!("[{}]", bracketed_items(sequence, kind)),
        Content::Mapping(mapping) => format!("{{{}}}", bracketed_items(mapping, kind)),
    }
}

fn bracketed_items(collection: &Collection, kind: Kind) -> String {
    let mut items: Vec<&Item> = collection.items.iter().collect();
    if items.iter().all(|item| item.key.is_some()) {
        kind.sort(&mut items);
    }
    let item = |item: &&Item| match &item.key {
        None => bracketed(&item.content, kind),
        Some(key) => {
            let value = bracketed(&item.content, kind.member(key));
            format!("{}: {value}", text(key, true))
        }
    };
    let items: Vec<_> = items.iter().map(item).collect();
    items.join(", ")
}
