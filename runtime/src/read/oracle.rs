//! The reader that the lenient deserializer replaces, to compare the two.
#![allow(
    warnings,
    clippy::all,
    clippy::pedantic,
    reason = "it is deleted with the next change"
)]

mod quick;
pub(super) mod wire;

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

use super::ReadError;
use super::failure::Cause;
use crate::value::WireError;

/// Reads a message, also behind a byte order mark.
///
/// # Errors
///
/// If `bytes` are not one JSON text in UTF-8, nested no deeper than 127
/// levels, or if a field is missing, there twice, or not what it should be.
pub(super) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    let bytes = without_mark(bytes);
    quick::read(bytes).map_or_else(|| with_care(bytes), Ok)
}

/// A text without the byte order mark that some programs put before it.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Reads a part of a text that is known to be JSON. Where in it something is
/// wrong is said by the path alone.
pub(super) fn part<'de, T>(
    json: &'de str,
    read: impl FnOnce(Node<'de>) -> Result<T, Failure>,
) -> Result<T, ReadError> {
    let part: &RawValue = serde_json::from_str(json).map_err(|_| ReadError::new(Cause::Syntax))?;
    read(Node(part)).map_err(|failure| ReadError {
        field: failure.path(),
        ..ReadError::new(failure.0.cause)
    })
}

/// The way that knows the place of everything, and so what is wrong where. It
/// takes the text apart into its values before it looks at any of them.
fn with_care<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
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

const MOST_LEVELS: usize = 127;

/// Counts in what is ignored, too.
fn nested_too_deep(bytes: &[u8]) -> bool {
    let opening = |byte: &&u8| matches!(byte, b'{' | b'[');
    if bytes.iter().filter(opening).count() <= MOST_LEVELS {
        return false;
    }
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
pub(super) fn same_when_folded(left: &str, right: &str) -> bool {
    // Most keys differ at the first letter.
    if let (Some(l), Some(r)) = (left.bytes().next(), right.bytes().next())
        && l.is_ascii_graphic()
        && r.is_ascii_graphic()
        && !l.eq_ignore_ascii_case(&r)
    {
        return false;
    }
    left.eq_ignore_ascii_case(right) || folded(left).eq(folded(right))
}

fn folded(key: &str) -> impl Iterator<Item = char> {
    let invisible = |c: &char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
    let kept = key.chars().filter(move |c| !invisible(c));
    kept.map(|c| c.to_ascii_lowercase())
}

/// The name among `fields` that `key` means.
fn meant(fields: &'static [&'static str], key: &str) -> Option<&'static str> {
    let all = || fields.iter().copied();
    let exact = all().find(|field| *field == key);
    exact.or_else(|| all().find(|field| same_when_folded(field, key)))
}

/// What went wrong, collected on the way out.
#[derive(Debug)]
pub(super) struct Failure(Box<FailureParts>);

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

    fn path(&self) -> String {
        let mut path = String::new();
        for step in self.0.path.iter().rev() {
            let dot = if path.is_empty() { "" } else { "." };
            // A `String` takes everything that is written to it.
            let _ = match step {
                Step::Field(name) => write!(path, "{dot}{name}"),
                Step::Item(index) => write!(path, "[{index}]"),
            };
        }
        path
    }

    fn seen_from(self, root: &RawValue, bytes: &[u8]) -> ReadError {
        let value = self.0.address.unwrap_or(address(root.get()));
        let offset = value.saturating_sub(bytes.as_ptr().addr());
        let before = bytes.get(..offset).unwrap_or_default();
        let lines = before.split(|byte| *byte == b'\n');
        let (line, in_line) = lines.enumerate().last().unwrap_or_default();
        ReadError {
            cause: self.0.cause,
            field: self.path(),
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
        if message.to_string() == "expected a list" {
            return Self::new(Cause::NoList);
        }
        Self::new(match WireError::known(&message.to_string()) {
            Some(error) => Cause::Scalar(error),
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
pub(super) struct Node<'de>(&'de RawValue);

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
        match name {
            wire::RAW => visitor.visit_map(Spelling(Some(self.0.get()))),
            wire::ENTRY => visitor.visit_borrowed_str(self.0.get()),
            // Any scalar, as in the object.
            wire::PLAIN if !self.0.get().starts_with('{') => match wire::unquoted(self.0.get()) {
                Ok(Some(text)) => visitor.visit_str(&text),
                Ok(None) => visitor.visit_unit(),
                Err(error) => Err(de::Error::custom(error)),
            },
            _ => visitor.visit_newtype_struct(self),
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

fn visit_number<'de, V: Visitor<'de>, E: de::Error>(
    number: &str,
    visitor: V,
) -> Result<V::Value, E> {
    if let Ok(number) = number.parse::<u64>() {
        visitor.visit_u64(number)
    } else if let Ok(number) = number.parse::<i64>() {
        visitor.visit_i64(number)
    } else {
        let number = number.parse::<f64>();
        visitor.visit_f64(number.map_err(E::custom)?)
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
pub(super) struct Key;

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
