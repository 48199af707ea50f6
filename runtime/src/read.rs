//! Reading messages: strict JSON, names matched generously.
//!
//! A key is first looked for as it stands, then without regard to ASCII case
//! and to blanks anywhere in it. Two keys that mean the same field are an
//! error, because which of them holds is anyone's guess; keys that mean none
//! are ignored.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::vec;

use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use crate::wire::{self, WireError};

/// Reads a message.
///
/// # Errors
///
/// If `bytes` are not one JSON text in UTF-8, nested no deeper than 127
/// levels, or if a field is missing, there twice, or not what it should be.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    if nested_too_deep(bytes) {
        return Err(ReadError::new(Cause::Nesting));
    }
    let root: &RawValue = serde_json::from_slice(bytes).map_err(|error| ReadError {
        line: error.line(),
        column: error.column(),
        ..ReadError::new(Cause::Syntax)
    })?;
    T::deserialize(Node(root)).map_err(|failure| failure.seen_from(root, bytes))
}

/// A message cannot be read. Says what is wrong and where, and never holds
/// anything of what was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    cause: Cause,
    field: String,
    line: usize,
    column: usize,
}

impl ReadError {
    fn new(cause: Cause) -> Self {
        Self {
            cause,
            field: String::new(),
            line: 0,
            column: 0,
        }
    }

    /// The path of the field in question, such as `rows[2].amount`; empty if
    /// it is the message as a whole.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The line, counted from 1; 0 if there is no one place.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, counted from 1; 0 if there is no one place.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(self.cause.text())?;
        if self.line > 0 {
            write!(f, " (line {}, column {})", self.line, self.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for ReadError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Syntax,
    Nesting,
    Missing,
    Twice,
    NoObject,
    NoList,
    Spelling(WireError),
    Other,
}

impl Cause {
    fn text(self) -> &'static str {
        match self {
            Self::Syntax => "not valid JSON",
            Self::Nesting => "nested too deep",
            Self::Missing => "is missing",
            Self::Twice => "is there twice",
            Self::NoObject => "expected an object",
            Self::NoList => "expected a list",
            Self::Spelling(error) => error.text(),
            Self::Other => "is not what was expected",
        }
    }
}

const MOST_LEVELS: usize = 127;

/// Counts in what is ignored, too.
fn nested_too_deep(bytes: &[u8]) -> bool {
    let (mut level, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => level += 1,
            b'}' | b']' if !in_string => level = level.saturating_sub(1),
            _ => {}
        }
        if level > MOST_LEVELS {
            return true;
        }
    }
    false
}

/// Whether two keys are the same but for ASCII case and blanks.
pub(crate) fn same_when_folded(left: &str, right: &str) -> bool {
    fn kept(text: &str) -> impl Iterator<Item = char> {
        let invisible = |c: &char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
        let kept = text.chars().filter(move |c| !invisible(c));
        kept.map(|c| c.to_ascii_lowercase())
    }
    kept(left).eq(kept(right))
}

/// The name among `fields` that `key` means.
fn meant(fields: &'static [&'static str], key: &str) -> Option<&'static str> {
    let all = || fields.iter().copied();
    let exact = all().find(|field| *field == key);
    exact.or_else(|| all().find(|field| same_when_folded(field, key)))
}

/// What went wrong, collected on the way out.
#[derive(Debug)]
struct Failure(Box<FailureParts>);

#[derive(Debug)]
struct FailureParts {
    cause: Cause,
    /// From the inside out.
    path: Vec<Step>,
    /// The address of the value in question.
    address: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Field(&'static str),
    Item(usize),
}

impl Failure {
    fn new(cause: Cause) -> Self {
        Self(Box::new(FailureParts {
            cause,
            path: Vec::new(),
            address: None,
        }))
    }

    fn below(mut self, step: Option<Step>, value: &RawValue) -> Self {
        self.0.path.extend(step);
        self.0.address.get_or_insert(address(value.get()));
        self
    }

    fn seen_from(self, root: &RawValue, bytes: &[u8]) -> ReadError {
        let mut field = String::new();
        for step in self.0.path.iter().rev() {
            let dot = if field.is_empty() { "" } else { "." };
            // A `String` takes everything that is written to it.
            let _ = match step {
                Step::Field(name) => write!(field, "{dot}{name}"),
                Step::Item(index) => write!(field, "[{index}]"),
            };
        }
        let value = self.0.address.unwrap_or(address(root.get()));
        let offset = value.saturating_sub(bytes.as_ptr().addr());
        let before = bytes.get(..offset).unwrap_or_default();
        let lines = before.split(|byte| *byte == b'\n');
        let (line, in_line) = lines.enumerate().last().unwrap_or_default();
        ReadError {
            cause: self.0.cause,
            field,
            line: line + 1,
            column: String::from_utf8_lossy(in_line).chars().count() + 1,
        }
    }
}

fn address(text: &str) -> usize {
    text.as_ptr().addr()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.cause.text())
    }
}

impl std::error::Error for Failure {}

/// Every text that could quote a received value ends here.
impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(match WireError::known(&message.to_string()) {
            Some(error) => Cause::Spelling(error),
            None => Cause::Other,
        })
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new(Cause::Other)
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::new(Cause::Other)
    }

    fn missing_field(field: &'static str) -> Self {
        let mut failure = Self::new(Cause::Missing);
        failure.0.path.push(Step::Field(field));
        failure
    }

    fn duplicate_field(field: &'static str) -> Self {
        let mut failure = Self::new(Cause::Twice);
        failure.0.path.push(Step::Field(field));
        failure
    }
}

/// A value in a text that is known to be JSON.
#[derive(Clone, Copy)]
struct Node<'de>(&'de RawValue);

impl<'de> Node<'de> {
    fn entries(self, fields: &'static [&'static str]) -> Result<Entries<'de>, Failure> {
        let mut deserializer = serde_json::Deserializer::from_str(self.0.get());
        let entries = deserializer
            .deserialize_map(Collect)
            .map_err(|_| Failure::new(Cause::NoObject))?;
        Ok(Entries {
            rest: entries.into_iter(),
            fields,
            value: None,
        })
    }

    fn items(self) -> Result<Items<'de>, Failure> {
        let items: Vec<&RawValue> =
            serde_json::from_str(self.0.get()).map_err(|_| Failure::new(Cause::NoList))?;
        Ok(Items {
            rest: items.into_iter().enumerate(),
        })
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let spelled = self.0.get();
        match spelled.as_bytes() {
            [b'{', ..] => visitor.visit_map(self.entries(&[])?),
            [b'[', ..] => visitor.visit_seq(self.items()?),
            b"true" => visitor.visit_bool(true),
            b"false" => visitor.visit_bool(false),
            _ => match wire::unquoted(spelled).map_err(de::Error::custom)? {
                None => visitor.visit_unit(),
                Some(Cow::Owned(text)) => visitor.visit_string(text),
                Some(Cow::Borrowed(text)) if spelled.starts_with('"') => {
                    visitor.visit_borrowed_str(text)
                }
                Some(Cow::Borrowed(number)) => visit_number(number, visitor),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.0.get() {
            "null" => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if name == wire::RAW {
            visitor.visit_map(Spelling(Some(self.0.get())))
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(self.items()?)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(self.entries(&[])?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_map(self.entries(fields)?)
    }

    /// Messages have no enums of serde's kinds; those of others are read as
    /// `serde_json` reads them.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        serde_json::Deserializer::from_str(self.0.get())
            .deserialize_enum(name, variants, visitor)
            .map_err(|_| Failure::new(Cause::Other))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct identifier
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: &str, visitor: V) -> Result<V::Value, Failure> {
    if let Ok(number) = number.parse::<u64>() {
        visitor.visit_u64(number)
    } else if let Ok(number) = number.parse::<i64>() {
        visitor.visit_i64(number)
    } else {
        let number = number.parse::<f64>();
        visitor.visit_f64(number.map_err(|_| Failure::new(Cause::Other))?)
    }
}

type Entry<'de> = (Cow<'de, str>, &'de RawValue);

/// Takes an object apart without looking into its values.
struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Vec<Entry<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            entries.push((key, map.next_value()?));
        }
        Ok(entries)
    }
}

/// A key, borrowed where it is spelled without escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

struct Entries<'de> {
    rest: vec::IntoIter<Entry<'de>>,
    fields: &'static [&'static str],
    value: Option<(Option<Step>, &'de RawValue)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        let name = meant(self.fields, &key);
        self.value = Some((name.map(Step::Field), value));
        let key = name.map_or(key, Cow::Borrowed);
        seed.deserialize(CowStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let (step, value) = self.value.take().ok_or(Failure::new(Cause::Other))?;
        seed.deserialize(Node(value))
            .map_err(|failure| failure.below(step, value))
    }
}

struct Items<'de> {
    rest: std::iter::Enumerate<vec::IntoIter<&'de RawValue>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Failure;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        let Some((index, item)) = self.rest.next() else {
            return Ok(None);
        };
        seed.deserialize(Node(item))
            .map(Some)
            .map_err(|failure| failure.below(Some(Step::Item(index)), item))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The spelling of a value, in the map of one that `serde_json` gives it in.
struct Spelling<'de>(Option<&'de str>);

impl<'de> MapAccess<'de> for Spelling<'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        match self.0 {
            Some(_) => seed
                .deserialize(BorrowedStrDeserializer::new(wire::RAW))
                .map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let spelled = self.0.take().ok_or(Failure::new(Cause::Other))?;
        seed.deserialize(BorrowedStrDeserializer::new(spelled))
    }
}

/// An object of which it was not known, when it was begun, which struct it is.
pub(crate) struct FoldedKeys<A>(pub(crate) A);

impl<'de, A: MapAccess<'de>> Deserializer<'de> for FoldedKeys<A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.0)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(FoldedMap {
            map: self.0,
            fields,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct FoldedMap<A> {
    map: A,
    fields: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for FoldedMap<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some(key) = self.map.next_key_seed(Key)? else {
            return Ok(None);
        };
        let key = meant(self.fields, &key).map_or(key, Cow::Borrowed);
        seed.deserialize(CowStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
