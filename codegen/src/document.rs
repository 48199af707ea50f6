//! Loading: the text of the document to a tree that remembers where each
//! value stands, so that every message can name line and JSON pointer.

use std::collections::{HashMap, HashSet};
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

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

impl FromIterator<Entry> for Members {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self {
            entries: entries.into_iter().collect(),
            places: OnceLock::new(),
        }
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
    let start = Location::new(1, 1, "");
    if text.len() > MAX_BYTES {
        let message = "the document has more than 4 MiB, which is more than is read of one";
        return Err(refused(start, message).into());
    }
    let parser = Parser::new_from_str(text);
    let root = Loader { parser }.document()?;
    if !matches!(root.value, Value::Map(_)) {
        let message =
            "the document is not a mapping: an OpenAPI document starts with `openapi: 3.0.3`";
        return Err(refused(root.location, message).into());
    }
    characters::check(&root)?;
    Ok(root)
}

fn refused(location: Location, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new("yaml", location, message)
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
        self.get(key)
            .is_some_and(|node| matches!(node.value, Value::Bool(true)))
    }

    /// The texts of a member that is a sequence of texts.
    #[must_use]
    pub fn texts_of(&self, key: &str) -> Vec<String> {
        let texts = self.items_of(key).iter().filter_map(Self::text);
        texts.map(str::to_owned).collect()
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

    /// The value as compact JSON text; numbers stay as they are written.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The value as indented JSON text with a line end; numbers stay as they are
    /// written.
    #[must_use]
    pub fn to_pretty_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The value as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::Number(raw) => match serde_json::from_str::<&RawValue>(raw) {
                Ok(number) => number.serialize(serializer),
                Err(_) => serializer.serialize_str(raw),
            },
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items),
            Value::Map(members) => {
                serializer.collect_map(members.iter().map(|entry| (&entry.key, &entry.node)))
            }
        }
    }
}

struct Loader<'text> {
    parser: Parser<'text, saphyr_parser::StrInput<'text>>,
}

impl<'text> Loader<'text> {
    fn document(&mut self) -> Result<Node, Diagnostic> {
        let mut root = None;
        loop {
            let (event, span) = self.next("")?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
                Event::StreamEnd => {
                    return root
                        .ok_or_else(|| refused(location(span, ""), "the document is empty"));
                }
                _ if root.is_some() => {
                    let message = "a second YAML document follows: keep one document in the file";
                    return Err(refused(location(span, ""), message));
                }
                event => root = Some(self.node(event, span, "", 0)?),
            }
        }
    }

    fn next(&mut self, pointer: &str) -> Result<(Event<'text>, Span), Diagnostic> {
        let error = match self.parser.next_event() {
            Some(Ok(found)) => return Ok(found),
            Some(Err(error)) => error,
            None => {
                let message = "the text ends in the middle of the document";
                return Err(refused(Location::new(1, 1, pointer), message));
            }
        };
        let marker = error.marker();
        let location = Location::new(marker.line(), marker.col() + 1, pointer);
        Err(refused(location, error.info()))
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
            return Err(refused(location, message));
        }
        let value = match event {
            Event::Scalar(text, style, 0, None) => scalar(&text, style),
            Event::SequenceStart(0, None) => self.sequence(pointer, depth)?,
            Event::MappingStart(0, None) => self.mapping(pointer, depth)?,
            Event::Alias(_) => {
                let message = "an alias stands here: write the value out, or make it a component";
                return Err(refused(location, message));
            }
            _ => {
                let message = "an anchor or a tag stands here: tools disagree about them, so write plain YAML";
                return Err(refused(location, message));
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
        let mut entries = Vec::new();
        let mut keys = HashSet::new();
        loop {
            let (event, span) = self.next(pointer)?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Map(entries.into_iter().collect())),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => {
                    return Err(refused(
                        location(span, pointer),
                        "a key is not a plain text",
                    ));
                }
            };
            let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            let location = location(span, &pointer);
            if !keys.insert(key.clone()) {
                let message = format!("the key `{key}` stands twice in one mapping");
                return Err(refused(location, message));
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
