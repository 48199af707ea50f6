//! The loader: parses the text of the document to a tree with the location of each
//! value, so that every diagnostic has a line and a JSON pointer.

use std::collections::{HashMap, HashSet};
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::characters;
use crate::diagnostic::{Diagnostic, Diagnostics, Location};

/// The maximum nesting depth of a document. The `SkyPay` document has about a dozen
/// levels.
const MAX_DEPTH: usize = 64;

/// The maximum size of a document in bytes, many times that of the `SkyPay`
/// document.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// A value of the document and its location.
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
    /// `null`, `~` or an empty value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written: `3900.00` stays `3900.00`.
    Number(String),
    /// A string.
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
    /// The index of each key, built at the first lookup in a large mapping.
    places: OnceLock<HashMap<String, usize>>,
}

/// The number of members from which lookups use an index.
const LARGE: usize = 32;

impl Members {
    fn get(&self, key: &str) -> Option<&Entry> {
        if self.entries.len() < LARGE {
            return self.entries.iter().find(|entry| entry.key == key);
        }
        let places = self.places.get_or_init(|| {
            // Of duplicate keys, the first one counts.
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
    /// The location of the key; the pointer is that of the value.
    pub location: Location,
    /// The value.
    pub node: Node,
}

/// Parses the text of a document.
///
/// # Errors
///
/// Text over 4 MiB, text that is not a single YAML mapping, a duplicate key, an
/// anchor, an alias or a tag, on which tools and readers disagree, or a text with a
/// hidden character.
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
    /// Returns the value of a member, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Returns a member with its key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(members) => members.get(key),
            _ => None,
        }
    }

    /// Returns the value at a path of keys.
    #[must_use]
    pub fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Returns the items of a member; empty if it is absent or not a sequence.
    #[must_use]
    pub fn items_of(&self, key: &str) -> &[Self] {
        self.get(key).map(Self::items).unwrap_or_default()
    }

    /// Returns the entries of a member; empty if it is absent or not a mapping.
    #[must_use]
    pub fn entries_of(&self, key: &str) -> &[Entry] {
        self.get(key).map(Self::entries).unwrap_or_default()
    }

    /// Returns the entries of a mapping; empty for any other value.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a sequence; empty for any other value.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the text, if this is a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the text of a member.
    #[must_use]
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::text)
    }

    /// Returns the number of a member, if it is an integer.
    #[must_use]
    pub fn integer_of(&self, key: &str) -> Option<i64> {
        match &self.get(key)?.value {
            Value::Number(raw) => raw.parse().ok(),
            _ => None,
        }
    }

    /// Returns whether a member is `true`.
    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|node| matches!(node.value, Value::Bool(true)))
    }

    /// Returns the texts of a member that is a sequence of strings.
    #[must_use]
    pub fn texts_of(&self, key: &str) -> Vec<String> {
        let texts = self.items_of(key).iter().filter_map(Self::text);
        texts.map(str::to_owned).collect()
    }

    /// Returns the name of the value's kind for use in a message.
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

    /// Returns the value as compact JSON text, with numbers as written.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the value as indented JSON text with a final newline, with numbers
    /// as written.
    #[must_use]
    pub fn to_pretty_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Returns the value as JSON.
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

/// Returns whether a plain scalar is null, a boolean or a number.
#[must_use]
pub fn is_no_text(text: &str) -> bool {
    !matches!(scalar(text, ScalarStyle::Plain), Value::Text(_))
}

/// Whether a plain scalar is a number, by JSON's grammar. Tools disagree on `0x10`,
/// `1_000`, `.5` and `.inf`, so these stay strings and are rejected where a number
/// is required.
fn is_json_number(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}
