//! The lenient deserializer, which defines what is tolerated in a message.
//!
//! [`Lenient`] wraps the deserializer of `serde_json` for a type's derived
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
use super::{Failure, MAX_DEPTH, ReadError, Step, nested_too_deep};
use crate::value::{Text, WireError, number};

/// The newtype by which [`ValueOrJson`] requests the JSON of a value.
const VALUE_OR_JSON: &str = "$skypay::ValueOrJson";

/// Reads a text in one pass. The failure has no location.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    let pass = Pass::new(Some(text));
    let mut json = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Lenient {
        json: &mut json,
        ahead: text.trim_ascii_start().as_bytes(),
        pass: &pass,
    })?;
    json.end().map_err(Failure::custom)?;
    Ok(value)
}

/// Reads a text that is valid JSON, value by value.
pub(super) fn read_values<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    Pass::new(None).value(text, |value| T::deserialize(value))
}

/// A value, or the error and the JSON of one that cannot be read.
///
/// With other deserializers, an unreadable value is an error.
pub(crate) struct ValueOrJson<T>(pub(crate) Result<T, Box<(ReadError, Box<str>)>>);

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
        let unreadable = |failure: Failure| Box::new((failure.0.0, json.into()));
        Ok(ValueOrJson(value.map_err(unreadable)))
    }
}

struct Pass<'de> {
    /// The text that is read in one pass; `None` if each value is read from its own
    /// text.
    text: Option<&'de str>,
    /// A failure that is passed through `serde_json`, whose errors cannot hold it.
    failure: Cell<Option<Failure>>,
}

impl<'de> Pass<'de> {
    fn new(text: Option<&'de str>) -> Self {
        let failure = Cell::new(None);
        Self { text, failure }
    }

    /// Reads a value from its JSON.
    fn value<'a, T>(
        &'a self,
        json: &'de str,
        read: impl FnOnce(Lenient<'a, 'de, &mut Json<'de>>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        read(Lenient {
            json: &mut serde_json::Deserializer::from_str(json),
            ahead: json.as_bytes(),
            pass: self,
        })
    }

    #[cold]
    fn send<E: de::Error>(&self, failure: Failure) -> E {
        self.failure.set(Some(failure));
        E::custom("the failure is in the pass")
    }

    /// The failure that was sent; if there is none, `serde_json` itself failed.
    #[cold]
    fn receive(&self, cause: WireError) -> Failure {
        let sent = self.failure.take();
        sent.unwrap_or_else(|| Failure::from(cause))
    }
}

type Json<'de> = serde_json::Deserializer<serde_json::de::StrRead<'de>>;

/// A value in a JSON text.
struct Lenient<'a, 'de, D> {
    json: D,
    /// The text from the value on; empty if unknown.
    ahead: &'de [u8],
    pass: &'a Pass<'de>,
}

impl<'de, D: Deserializer<'de>> Lenient<'_, 'de, D> {
    #[inline]
    fn begins_with(&self, first: u8) -> bool {
        self.ahead.first() == Some(&first)
    }

    /// Whether the value is certainly present: it starts neither like `null` nor
    /// like a text that may be empty.
    #[inline]
    fn is_there(&self) -> bool {
        match self.ahead {
            [b'"', next, ..] => next.is_ascii_alphanumeric(),
            [first, ..] => *first != b'n',
            [] => false,
        }
    }

    /// The JSON of the value.
    #[inline]
    fn literal(self) -> Result<&'de str, Failure> {
        let json = <&RawValue>::deserialize(self.json).map_err(Failure::custom)?;
        // The depth of the value itself is unknown here; in reading value by value
        // it was checked before.
        if json.get().starts_with(['{', '['])
            && self.pass.text.is_some()
            && nested_too_deep(json.get(), MAX_DEPTH / 2)
        {
            return Err(WireError::NESTING.into());
        }
        Ok(json.get())
    }

    /// The text of a scalar.
    fn text(self) -> Result<Cow<'de, str>, Failure> {
        let text = unquoted(self.literal()?)?;
        text.ok_or_else(|| WireError::NULL.into())
    }

    fn number<T: FromStr>(self) -> Result<T, Failure> {
        let number = number::plain(self.text()?.trim()).parse();
        number.map_err(|_| WireError::WHOLE_NUMBER.into())
    }

    #[inline]
    fn object<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let pass = self.pass;
        let container = Container {
            visitor,
            fields,
            pass,
        };
        let read = self.json.deserialize_map(container);
        read.map_err(|_| pass.receive(WireError::OBJECT))
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let pass = self.pass;
        let container = Container {
            visitor,
            fields: &[],
            pass,
        };
        let read = self.json.deserialize_seq(container);
        read.map_err(|_| pass.receive(WireError::LIST))
    }
}

macro_rules! methods {
    ($($method:ident($($argument:ident: $ty:ty),*) |$value:ident, $visitor:ident| $read:expr;)*) => {
        $(
            fn $method<V: Visitor<'de>>(
                self,
                $($argument: $ty,)*
                $visitor: V,
            ) -> Result<V::Value, Failure> {
                let $value = self;
                $read
            }
        )*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Lenient<'_, 'de, D> {
    type Error = Failure;

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.begins_with(b'"') && self.pass.text.is_some() {
            return self.json.deserialize_str(visitor).map_err(Failure::custom);
        }
        match self.text()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let text = self.text()?;
        match &*number::plain(text.trim()).to_ascii_lowercase() {
            "1" | "true" => visitor.visit_bool(true),
            "0" | "false" => visitor.visit_bool(false),
            _ => Err(WireError::BOOLEAN.into()),
        }
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_there() {
            return visitor.visit_some(self);
        }
        let pass = self.pass;
        let json = self.literal()?;
        if is_nothing(json) {
            visitor.visit_none()
        } else {
            pass.value(json, |value| visitor.visit_some(value))
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.begins_with(b'[') {
            return self.list(visitor);
        }
        let pass = self.pass;
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
    ) -> Result<V::Value, Failure> {
        if self.begins_with(b'{') || !fields.contains(&PLAIN) {
            return self.object(fields, visitor);
        }
        let pass = self.pass;
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
    ) -> Result<V::Value, Failure> {
        match name {
            VALUE_OR_JSON if self.pass.text.is_none() => {
                visitor.visit_borrowed_str(self.literal()?)
            }
            VALUE_OR_JSON => visitor.visit_newtype_struct(self),
            // Names that other libraries reserve for their deserializers.
            _ if name.starts_with('$') => {
                let read = self.json.deserialize_newtype_struct(name, visitor);
                read.map_err(Failure::custom)
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
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
            value.json.deserialize_any(visitor).map_err(Failure::custom)
        };
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) |value, visitor| {
            let read = value.json.deserialize_enum(name, variants, visitor);
            read.map_err(Failure::custom)
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

/// Visits an object or a list, and passes lenient values to the inner visitor.
struct Container<'a, 'de, V> {
    visitor: V,
    fields: &'static [&'static str],
    pass: &'a Pass<'de>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Container<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let pass = self.pass;
        let members = Members {
            map,
            fields: self.fields,
            next: 0,
            name: "",
            ahead: &[],
            pass,
        };
        let read = self.visitor.visit_map(members);
        read.map_err(|failure| pass.send(failure))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        let pass = self.pass;
        let next = 0;
        let read = self.visitor.visit_seq(Items { seq, next, pass });
        read.map_err(|failure| pass.send(failure))
    }
}

struct Members<'a, 'de, A> {
    map: A,
    /// The names of a struct's fields; empty for a map.
    fields: &'static [&'static str],
    /// The index of the next field, if they are in order.
    next: usize,
    /// The field of the next value; empty if there is none.
    name: &'static str,
    ahead: &'de [u8],
    pass: &'a Pass<'de>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, 'de, A> {
    type Error = Failure;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let Some(key) = self.map.next_key_seed(Text).map_err(Failure::custom)? else {
            return Ok(None);
        };
        self.ahead = match (self.pass.text, &key) {
            (Some(text), Cow::Borrowed(key)) => value_behind(text, key).unwrap_or_default(),
            _ => &[],
        };
        if self.fields.is_empty() {
            return seed.deserialize(CowStrDeserializer::new(key)).map(Some);
        }
        let index = match self.fields.get(self.next) {
            Some(name) if *name == key && *name != PLAIN => Some(self.next),
            _ => match_field(self.fields, self.next, &key),
        };
        // A key that matches no field must not be taken for an alias.
        let name = index.and_then(|index| self.fields.get(index));
        self.name = name.copied().unwrap_or_default();
        self.next = index.map_or(self.next, |index| index + 1);
        let key = BorrowedStrDeserializer::new(self.name);
        seed.deserialize(key).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let pass = self.pass;
        let read = self.map.next_value_seed(Inner {
            seed,
            step: Step::Field(self.name),
            ahead: self.ahead,
            pass,
        });
        read.map_err(|_| pass.receive(WireError::OTHER))
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

struct Items<'a, 'de, A> {
    seq: A,
    next: usize,
    pass: &'a Pass<'de>,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, 'de, A> {
    type Error = Failure;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        let pass = self.pass;
        let read = self.seq.next_element_seed(Inner {
            seed,
            step: Step::Item(self.next),
            ahead: &[],
            pass,
        });
        self.next += 1;
        read.map_err(|_| pass.receive(WireError::OTHER))
    }
}

/// A value of an object or a list.
struct Inner<'a, 'de, S> {
    seed: S,
    step: Step,
    ahead: &'de [u8],
    pass: &'a Pass<'de>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Inner<'_, 'de, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<S::Value, D::Error> {
        let Self {
            seed,
            step,
            ahead,
            pass,
        } = self;
        let read = if pass.text.is_some() {
            seed.deserialize(Lenient { json, ahead, pass })
        } else {
            let json = <&RawValue>::deserialize(json)?.get();
            let read = pass.value(json, |value| seed.deserialize(value));
            read.map_err(|failure| failure.below(step, json))
        };
        read.map_err(|failure| pass.send(failure))
    }
}
