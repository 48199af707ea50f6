//! Loading: the text of the document to a tree that remembers where each
//! value stands, so that every message can name line and JSON pointer.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::characters;
use crate::diagnostic::{Diagnostic, Diagnostics, Location};

/// How deep a document may nest; ours needs about a dozen levels.
const MAX_DEPTH: usize = 64;

/// How many bytes a document may have; ours has a fraction of it.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// A value of the document and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Line, column and JSON pointer.
    pub location: Location,
    /// The value.
    pub value: Value,
}

/// A value of the document.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written: `3900.00` stays `3900.00`.
    Number(String),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the document.
    Map(Members),
}

/// The members of a mapping, in the order of the document.
#[derive(Clone, Debug, Default)]
pub struct Members {
    entries: Vec<Entry>,
    /// Where each key stands, once a key of a large mapping was asked for.
    places: OnceLock<HashMap<String, usize>>,
}

/// From how many members on a mapping is looked up by the places of its keys.
const LARGE: usize = 32;

impl Members {
    fn get(&self, key: &str) -> Option<&Entry> {
        if self.entries.len() < LARGE {
            return self.entries.iter().find(|entry| entry.key == key);
        }
        let places = self.places.get_or_init(|| {
            // Of a key that stands twice the first counts.
            let entries = self.entries.iter().enumerate().rev();
            let location = |(location, entry): (usize, &Entry)| (entry.key.clone(), location);
            entries.map(location).collect()
        });
        self.entries.get(*places.get(key)?)
    }
}

impl From<Vec<Entry>> for Members {
    fn from(entries: Vec<Entry>) -> Self {
        Self {
            entries,
            places: OnceLock::new(),
        }
    }
}

impl FromIterator<Entry> for Members {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self::from(Vec::from_iter(entries))
    }
}

impl Deref for Members {
    type Target = Vec<Entry>;

    fn deref(&self) -> &Vec<Entry> {
        &self.entries
    }
}

impl DerefMut for Members {
    fn deref_mut(&mut self) -> &mut Vec<Entry> {
        self.places.take();
        &mut self.entries
    }
}

/// A member of a mapping.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands; the pointer is that of the value.
    pub location: Location,
    /// The value.
    pub node: Node,
}

/// Reads the text of a document.
///
/// # Errors
///
/// Text of more than 4 MiB or that is not one YAML mapping, a key that stands twice, an anchor, an
/// alias or a tag: the document is read by people and by tools that disagree
/// about those. A text in it that has a hidden character.
pub fn load(text: &str) -> Result<Node, Diagnostics> {
    if text.len() > MAX_BYTES {
        return Err(Diagnostics::from(Diagnostic::new(
            "yaml",
            Location::new(1, 1, ""),
            "the document has more than 4 MiB, which is more than is read of one",
        )));
    }
    let mut loader = Loader {
        parser: Parser::new_from_str(text),
    };
    let root = loader.document().map_err(Diagnostics::from)?;
    match root.value {
        Value::Map(_) => {
            characters::check(&root)?;
            Ok(root)
        }
        _ => Err(Diagnostics::from(Diagnostic::new(
            "yaml",
            root.location,
            "the document is not a mapping: an OpenAPI document starts with `openapi: 3.0.3`",
        ))),
    }
}

impl Node {
    /// The member of a mapping, if this is one and has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The same, with its key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(members) => members.get(key),
            _ => None,
        }
    }

    /// The value below several members.
    #[must_use]
    pub fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The items of a member; none if it is absent or no sequence.
    #[must_use]
    pub fn items_of(&self, key: &str) -> &[Self] {
        self.get(key).map(Self::items).unwrap_or_default()
    }

    /// The members of a member; none if it is absent or no mapping.
    #[must_use]
    pub fn entries_of(&self, key: &str) -> &[Entry] {
        self.get(key).map(Self::entries).unwrap_or_default()
    }

    /// The members of a mapping; none for any other value.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for any other value.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if this is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a member.
    #[must_use]
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::text)
    }

    /// The number of a member, where it is a whole one.
    #[must_use]
    pub fn integer_of(&self, key: &str) -> Option<i64> {
        match &self.get(key)?.value {
            Value::Number(raw) => raw.parse().ok(),
            _ => None,
        }
    }

    /// Whether a member is `true`.
    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        matches!(
            self.get(key).map(|node| &node.value),
            Some(Value::Bool(true))
        )
    }

    /// The texts of a member that is a sequence of texts.
    #[must_use]
    pub fn texts_of(&self, key: &str) -> Vec<String> {
        self.get(key)
            .map(|node| node.items().iter().filter_map(Self::text))
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect()
    }

    /// What a word of the value's kind is called in a message.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a sequence",
            Value::Map(_) => "a mapping",
        }
    }

    /// The value as compact JSON text; numbers keep their spelling.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Value::Number(raw) => out.push_str(raw),
            Value::Text(text) => out.push_str(&quoted(text)),
            Value::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Value::Map(entries) => {
                out.push('{');
                for (index, entry) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    out.push_str(&quoted(&entry.key));
                    out.push(':');
                    entry.node.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// The value as indented JSON text with a line end; numbers keep their
    /// spelling.
    #[must_use]
    pub fn to_pretty_json(&self) -> String {
        let mut out = String::new();
        self.write_pretty(&mut out, 0);
        out.push('\n');
        out
    }

    fn write_pretty(&self, out: &mut String, depth: usize) {
        let indent = |out: &mut String, depth| {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        };
        match &self.value {
            Value::List(items) if !items.is_empty() => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    indent(out, depth + 1);
                    item.write_pretty(out, depth + 1);
                }
                indent(out, depth);
                out.push(']');
            }
            Value::Map(entries) if !entries.is_empty() => {
                out.push('{');
                for (index, entry) in entries.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    indent(out, depth + 1);
                    out.push_str(&quoted(&entry.key));
                    out.push_str(": ");
                    entry.node.write_pretty(out, depth + 1);
                }
                indent(out, depth);
                out.push('}');
            }
            _ => self.write_json(out),
        }
    }

    /// The value as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => serde_json::Value::Bool(*flag),
            Value::Number(raw) => serde_json::from_str(raw).unwrap_or_else(|_| raw.as_str().into()),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.node.json()))
                .collect(),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Loader<'text> {
    parser: Parser<'text, saphyr_parser::StrInput<'text>>,
}

impl<'text> Loader<'text> {
    fn document(&mut self) -> Result<Node, Diagnostic> {
        let root = loop {
            let (event, span) = self.next("")?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) => {}
                Event::StreamEnd => {
                    return Err(Diagnostic::new(
                        "yaml",
                        location(span, ""),
                        "the document is empty",
                    ));
                }
                event => break self.node(event, span, "", 0)?,
            }
        };
        loop {
            let (event, span) = self.next("")?;
            match event {
                Event::DocumentEnd => {}
                Event::StreamEnd => return Ok(root),
                _ => {
                    return Err(Diagnostic::new(
                        "yaml",
                        location(span, ""),
                        "a second YAML document follows: keep one document in the file",
                    ));
                }
            }
        }
    }

    fn next(&mut self, pointer: &str) -> Result<(Event<'text>, Span), Diagnostic> {
        match self.parser.next_event() {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => {
                let marker = error.marker();
                let location = Location::new(marker.line(), marker.col() + 1, pointer);
                Err(Diagnostic::new("yaml", location, error.info()))
            }
            None => Err(Diagnostic::new(
                "yaml",
                Location::new(1, 1, pointer),
                "the text ends in the middle of the document",
            )),
        }
    }

    fn node(
        &mut self,
        event: Event<'text>,
        span: Span,
        pointer: &str,
        depth: usize,
    ) -> Result<Node, Diagnostic> {
        let location = location(span, pointer);
        if depth > MAX_DEPTH {
            let message = format!("the document nests deeper than {MAX_DEPTH} levels");
            return Err(Diagnostic::new("yaml", location, message));
        }
        let value = match event {
            Event::Scalar(text, style, anchor, tag) => {
                plain_node_only(anchor, tag.is_some(), &location)?;
                scalar(&text, style)
            }
            Event::SequenceStart(anchor, tag) => {
                plain_node_only(anchor, tag.is_some(), &location)?;
                self.sequence(pointer, depth)?
            }
            Event::MappingStart(anchor, tag) => {
                plain_node_only(anchor, tag.is_some(), &location)?;
                self.mapping(pointer, depth)?
            }
            _ => {
                let message = "an alias stands here: write the value out, or make it a component";
                return Err(Diagnostic::new("yaml", location, message));
            }
        };
        Ok(Node { location, value })
    }

    fn sequence(&mut self, pointer: &str, depth: usize) -> Result<Value, Diagnostic> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next(pointer)?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::List(items));
            }
            let pointer = format!("{pointer}/{}", items.len());
            items.push(self.node(event, span, &pointer, depth + 1)?);
        }
    }

    fn mapping(&mut self, pointer: &str, depth: usize) -> Result<Value, Diagnostic> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut keys = std::collections::BTreeSet::new();
        loop {
            let (event, span) = self.next(pointer)?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Map(entries.into())),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => {
                    let message = "a key is not a plain text";
                    return Err(Diagnostic::new("yaml", location(span, pointer), message));
                }
            };
            let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            let location = location(span, &pointer);
            if !keys.insert(key.clone()) {
                let message = format!("the key `{key}` stands twice in one mapping");
                return Err(Diagnostic::new("yaml", location, message));
            }
            let (event, span) = self.next(&pointer)?;
            let node = self.node(event, span, &pointer, depth + 1)?;
            entries.push(Entry {
                key,
                location,
                node,
            });
        }
    }
}

fn plain_node_only(anchor: usize, tagged: bool, location: &Location) -> Result<(), Diagnostic> {
    if anchor != 0 || tagged {
        let message =
            "an anchor or a tag stands here: tools disagree about them, so write plain YAML";
        return Err(Diagnostic::new("yaml", location.clone(), message));
    }
    Ok(())
}

fn location(span: Span, pointer: &str) -> Location {
    Location::new(span.start.line(), span.start.col() + 1, pointer)
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if is_json_number(text) => Value::Number(text.to_owned()),
        _ => Value::Text(text.to_owned()),
    }
}

/// Whether a plain scalar is nothing, a boolean or a number.
#[must_use]
pub fn is_no_text(text: &str) -> bool {
    !matches!(scalar(text, ScalarStyle::Plain), Value::Text(_))
}

/// Only what JSON calls a number is one: `0x10`, `1_000`, `.5` or `.inf` would
/// mean different things to different tools, so they stay text and are then
/// refused where a number is needed.
fn is_json_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, load};

    #[test]
    fn a_document_has_a_largest_size() {
        let document = "openapi: 3.0.3\n#";
        let largest = format!("{document}{}", "a".repeat(MAX_BYTES - document.len()));
        load(&largest).unwrap();
        let diagnostics = load(&(largest + "a")).unwrap_err();
        assert!(format!("{diagnostics:?}").contains("more than 4 MiB"));
    }
}
