//! The lenient deserializer, which defines what is tolerated in a message.
//!
//! [`Lenient`] stands between the deserializer of `serde_json` and a type's
//! `Deserialize`. It matches keys, passes every scalar as text, and treats `null`
//! and empty texts as absent.
//!
//! A message is read [in one pass](read). Only if that fails is it read again,
//! [value by value](read_values): then the text of each value is known, which
//! locates an error and which [`ValueOrJson`] preserves.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::iter;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::value::{
    BorrowedStrDeserializer, CowStrDeserializer, MapDeserializer, SeqDeserializer,
};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess,
    Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;

use super::keys::{PLAIN, match_field};
use super::{MAX_DEPTH, ReadError, Step, nested_too_deep};
use crate::received::Unreadable;
use crate::value::{Text, WireError, number};

/// The newtype by which [`ValueOrJson`] requests the JSON of a value.
const VALUE_OR_JSON: &str = "$skypay::ValueOrJson";

/// Reads a text in one pass. The error has no location.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, ReadError> {
    let pass = Pass::new(Some(text));
    let mut json = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(pass.lenient(&mut json, text.trim_ascii_start()))?;
    json.end().map_err(ReadError::custom)?;
    Ok(value)
}

/// Reads a text that is valid JSON, value by value.
pub(super) fn read_values<T: DeserializeOwned>(text: &str) -> Result<T, ReadError> {
    Pass::new(None).value(text, |value| T::deserialize(value))
}

/// A value, or one that cannot be read.
///
/// With other deserializers, an unreadable value is an error.
pub(crate) struct ValueOrJson<T>(pub(crate) Result<T, Unreadable>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for ValueOrJson<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(VALUE_OR_JSON, ValueOrJsonVisitor(PhantomData))
    }
}

struct ValueOrJsonVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for ValueOrJsonVisitor<T> {
    type Value = ValueOrJson<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        value: D,
    ) -> Result<ValueOrJson<T>, D::Error> {
        T::deserialize(value).map(|value| ValueOrJson(Ok(value)))
    }

    fn visit_str<E>(self, json: &str) -> Result<ValueOrJson<T>, E> {
        let value = read_values(json);
        let unreadable = |error: ReadError| Unreadable::new(error.without_address(), json);
        Ok(ValueOrJson(value.map_err(unreadable)))
    }
}

struct Pass<'de> {
    /// The text that is read in one pass; `None` if each value is read from its own
    /// text.
    text: Option<&'de str>,
    /// An error that is passed through `serde_json`, whose errors cannot hold it.
    error: Cell<Option<ReadError>>,
}

impl<'de> Pass<'de> {
    fn new(text: Option<&'de str>) -> Self {
        let error = Cell::new(None);
        Self { text, error }
    }

    fn lenient<T>(&self, inner: T, ahead: &'de str) -> Lenient<'_, 'de, T> {
        let at = Position {
            pass: self,
            ahead: ahead.as_bytes(),
            step: Step::Field(""),
            fields: &[],
            next: 0,
        };
        Lenient { inner, at }
    }

    /// Reads a value from its JSON.
    fn value<'a, T>(
        &'a self,
        json: &'de str,
        read: impl FnOnce(Lenient<'a, 'de, &mut Json<'de>>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        read(self.lenient(&mut serde_json::Deserializer::from_str(json), json))
    }

    #[cold]
    fn send<E: de::Error>(&self, error: ReadError) -> E {
        self.error.set(Some(error));
        E::custom("the error is in the pass")
    }

    /// The error that was sent; if there is none, `serde_json` itself failed.
    #[cold]
    fn receive(&self, cause: WireError) -> ReadError {
        self.error.take().unwrap_or_else(|| cause.into())
    }
}

type Json<'de> = serde_json::Deserializer<serde_json::de::StrRead<'de>>;

/// What takes part in reading a value: its deserializer, the visitor of an object or
/// a list, the members of the object, the items of the list, and the seed of one of
/// them.
struct Lenient<'a, 'de, T> {
    inner: T,
    at: Position<'a, 'de>,
}

#[derive(Clone, Copy)]
struct Position<'a, 'de> {
    pass: &'a Pass<'de>,
    /// The text from the value on; empty if unknown.
    ahead: &'de [u8],
    /// The step to the value from its object or list.
    step: Step,
    /// The names of a struct's fields; empty for a map.
    fields: &'static [&'static str],
    /// The index of the next item, or of the next field, if they are in order.
    next: usize,
}

impl<'de, D: Deserializer<'de>> Lenient<'_, 'de, D> {
    #[inline]
    fn begins_with(&self, first: u8) -> bool {
        self.at.ahead.first() == Some(&first)
    }

    /// Whether the value is certainly present: it starts neither like `null` nor
    /// like a text that may be empty.
    #[inline]
    fn is_there(&self) -> bool {
        match self.at.ahead {
            [b'"', next, ..] => next.is_ascii_alphanumeric(),
            [first, ..] => *first != b'n',
            [] => false,
        }
    }

    /// The JSON of the value.
    #[inline]
    fn literal(self) -> Result<&'de str, ReadError> {
        let json = <&RawValue>::deserialize(self.inner).map_err(ReadError::custom)?;
        // The depth of the value itself is unknown here; in reading value by value
        // it was checked before.
        if json.get().starts_with(['{', '['])
            && self.at.pass.text.is_some()
            && nested_too_deep(json.get(), MAX_DEPTH / 2)
        {
            return Err(WireError::NESTING.into());
        }
        Ok(json.get())
    }

    /// The text of a scalar.
    fn text(self) -> Result<Cow<'de, str>, ReadError> {
        let text = unquoted(self.literal()?)?;
        text.ok_or_else(|| WireError::NULL.into())
    }

    fn number<T: FromStr>(self) -> Result<T, ReadError> {
        let number = number::plain(self.text()?.trim()).parse();
        number.map_err(|_| WireError::WHOLE_NUMBER.into())
    }

    #[inline]
    fn object<V: Visitor<'de>>(
        mut self,
        fields: &'static [&'static str],
        inner: V,
    ) -> Result<V::Value, ReadError> {
        (self.at.fields, self.at.next) = (fields, 0);
        let at = self.at;
        let read = self.inner.deserialize_map(Lenient { inner, at });
        read.map_err(|_| at.pass.receive(WireError::OBJECT))
    }

    fn list<V: Visitor<'de>>(mut self, inner: V) -> Result<V::Value, ReadError> {
        self.at.next = 0;
        let at = self.at;
        let read = self.inner.deserialize_seq(Lenient { inner, at });
        read.map_err(|_| at.pass.receive(WireError::LIST))
    }
}

macro_rules! methods {
    ($($method:ident($($argument:ident: $ty:ty),*) |$value:ident, $visitor:ident| $read:expr;)*) => {
        $(
            fn $method<V: Visitor<'de>>(
                self,
                $($argument: $ty,)*
                $visitor: V,
            ) -> Result<V::Value, ReadError> {
                let $value = self;
                $read
            }
        )*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Lenient<'_, 'de, D> {
    type Error = ReadError;

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.begins_with(b'"') && self.at.pass.text.is_some() {
            return self
                .inner
                .deserialize_str(visitor)
                .map_err(ReadError::custom);
        }
        match self.text()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let text = self.text()?;
        match &*number::plain(text.trim()).to_ascii_lowercase() {
            "1" | "true" => visitor.visit_bool(true),
            "0" | "false" => visitor.visit_bool(false),
            _ => Err(WireError::BOOLEAN.into()),
        }
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.is_there() {
            return visitor.visit_some(self);
        }
        let pass = self.at.pass;
        let json = self.literal()?;
        if is_nothing(json) {
            visitor.visit_none()
        } else {
            pass.value(json, |value| visitor.visit_some(value))
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.begins_with(b'[') {
            return self.list(visitor);
        }
        let pass = self.at.pass;
        let json = self.literal()?;
        if is_nothing(json) {
            visitor.visit_seq(SeqDeserializer::new(iter::empty::<&str>()))
        } else {
            pass.value(json, |value| value.list(visitor))
        }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if self.begins_with(b'{') || !fields.contains(&PLAIN) {
            return self.object(fields, visitor);
        }
        let pass = self.at.pass;
        let json = self.literal()?;
        if json.starts_with('{') {
            return pass.value(json, |value| value.object(fields, visitor));
        }
        let text = unquoted(json)?.ok_or(WireError::NULL)?;
        visitor.visit_map(MapDeserializer::new(iter::once((PLAIN, text.trim()))))
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match name {
            VALUE_OR_JSON if self.at.pass.text.is_none() => {
                visitor.visit_borrowed_str(self.literal()?)
            }
            VALUE_OR_JSON => visitor.visit_newtype_struct(self),
            // Names that other libraries reserve for their deserializers.
            _ if name.starts_with('$') => {
                let read = self.inner.deserialize_newtype_struct(name, visitor);
                read.map_err(ReadError::custom)
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.literal()?;
        visitor.visit_unit()
    }

    methods! {
        deserialize_string() |value, visitor| value.deserialize_str(visitor);
        deserialize_char() |value, visitor| value.deserialize_str(visitor);
        deserialize_i8() |value, visitor| visitor.visit_i8(value.number()?);
        deserialize_i16() |value, visitor| visitor.visit_i16(value.number()?);
        deserialize_i32() |value, visitor| visitor.visit_i32(value.number()?);
        deserialize_i64() |value, visitor| visitor.visit_i64(value.number()?);
        deserialize_i128() |value, visitor| visitor.visit_i128(value.number()?);
        deserialize_u8() |value, visitor| visitor.visit_u8(value.number()?);
        deserialize_u16() |value, visitor| visitor.visit_u16(value.number()?);
        deserialize_u32() |value, visitor| visitor.visit_u32(value.number()?);
        deserialize_u64() |value, visitor| visitor.visit_u64(value.number()?);
        deserialize_u128() |value, visitor| visitor.visit_u128(value.number()?);
        deserialize_tuple(_length: usize) |value, visitor| value.list(visitor);
        deserialize_tuple_struct(_name: &'static str, _length: usize) |value, visitor| value.list(visitor);
        deserialize_map() |value, visitor| value.object(&[], visitor);
        deserialize_any() |value, visitor| {
            value.inner.deserialize_any(visitor).map_err(ReadError::custom)
        };
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) |value, visitor| {
            let read = value.inner.deserialize_enum(name, variants, visitor);
            read.map_err(ReadError::custom)
        };
    }

    forward_to_deserialize_any! {
        f32 f64 bytes byte_buf unit unit_struct identifier
    }
}

/// The text of a scalar in JSON; `None` for `null`.
pub(super) fn unquoted(json: &str) -> Result<Option<Cow<'_, str>>, WireError> {
    match json.as_bytes() {
        [b'"', inside @ .., b'"'] if !inside.contains(&b'\\') => {
            Ok(Some(Cow::Borrowed(&json[1..json.len() - 1])))
        }
        [b'"', ..] => serde_json::from_str(json)
            .map(|text| Some(Cow::Owned(text)))
            .map_err(|_| WireError::TEXT),
        [b'{' | b'[', ..] => Err(WireError::SCALAR),
        b"null" => Ok(None),
        _ => Ok(Some(Cow::Borrowed(json))),
    }
}

/// Whether a value is `null` or a string of whitespace.
fn is_nothing(json: &str) -> bool {
    unquoted(json).is_ok_and(|text| text.is_none_or(|text| text.trim().is_empty()))
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Lenient<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let Self { inner, at } = self;
        let read = inner.visit_map(Lenient { inner: map, at });
        read.map_err(|error| at.pass.send(error))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        let Self { inner, at } = self;
        let read = inner.visit_seq(Lenient { inner: seq, at });
        read.map_err(|error| at.pass.send(error))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Lenient<'_, 'de, A> {
    type Error = ReadError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some(key) = self.inner.next_key_seed(Text).map_err(ReadError::custom)? else {
            return Ok(None);
        };
        self.at.ahead = match (self.at.pass.text, &key) {
            (Some(text), Cow::Borrowed(key)) => value_behind(text, key).unwrap_or_default(),
            _ => &[],
        };
        if self.at.fields.is_empty() {
            return seed.deserialize(CowStrDeserializer::new(key)).map(Some);
        }
        let index = match self.at.fields.get(self.at.next) {
            Some(name) if *name == key && *name != PLAIN => Some(self.at.next),
            _ => match_field(self.at.fields, self.at.next, &key),
        };
        // A key that matches no field must not be taken for an alias.
        let name = index.and_then(|index| self.at.fields.get(index));
        let name = name.copied().unwrap_or_default();
        self.at.step = Step::Field(name);
        self.at.next = index.map_or(self.at.next, |index| index + 1);
        let key = BorrowedStrDeserializer::new(name);
        seed.deserialize(key).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let at = self.at;
        let read = self.inner.next_value_seed(Lenient { inner: seed, at });
        read.map_err(|_| at.pass.receive(WireError::OTHER))
    }
}

/// The text after a key and its colon.
#[inline]
fn value_behind<'de>(text: &'de str, key: &str) -> Option<&'de [u8]> {
    let start = key.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let behind = text.as_bytes().get(start + key.len()..)?;
    match behind {
        [b'"', b':', value @ ..] if value.first()?.is_ascii_graphic() => Some(value),
        _ => {
            let behind = behind.strip_prefix(b"\"")?.trim_ascii_start();
            Some(behind.strip_prefix(b":")?.trim_ascii_start())
        }
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Lenient<'_, 'de, A> {
    type Error = ReadError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ReadError> {
        (self.at.ahead, self.at.step) = (&[], Step::Item(self.at.next));
        self.at.next += 1;
        let at = self.at;
        let read = self.inner.next_element_seed(Lenient { inner: seed, at });
        read.map_err(|_| at.pass.receive(WireError::OTHER))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Lenient<'_, 'de, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<S::Value, D::Error> {
        let Self { inner, at } = self;
        let read = if at.pass.text.is_some() {
            inner.deserialize(Lenient { inner: json, at })
        } else {
            let json = <&RawValue>::deserialize(json)?.get();
            let read = at.pass.value(json, |value| inner.deserialize(value));
            read.map_err(|error| error.below(at.step, json))
        };
        read.map_err(|error| at.pass.send(error))
    }
}
