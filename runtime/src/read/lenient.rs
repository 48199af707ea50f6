//! The lenient deserializer: what is tolerated when a message is read.
//!
//! [`Lenient`] wraps the deserializer of `serde_json` for a type's derived
//! `Deserialize`. It matches keys,
//! gives every scalar by its text, and takes `null` and empty texts for what is
//! absent.
//!
//! A message is read [in one pass](read). Only if something in it cannot be read
//! is it read again, [value by value](read_values): then the text of each value
//! is known, which is what an error has to point at and what [`ValueOrJson`] holds.

use std::borrow::Cow;
use std::cell::Cell;
use std::convert;
use std::fmt;
use std::iter;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::value::{
    BorrowedStrDeserializer, CowStrDeserializer, MapDeserializer, SeqDeserializer,
};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::failure::{Cause, Failure, Step};
use super::keys::{Key, PLAIN, match_field};
use super::{MAX_DEPTH, ReadError, nested_too_deep};
use crate::value::{WireError, number};

/// The newtype by which [`ValueOrJson`] requests the JSON of a value.
const VALUE_OR_JSON: &str = "$skypay::ValueOrJson";

/// Reads a text in one pass. If it fails, the failure does not say where.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    let pass = Pass::new(Some(text));
    let mut json = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Lenient {
        json: &mut json,
        ahead: text.trim_ascii_start().as_bytes(),
        context: pass.context(),
    })?;
    json.end().map_err(Failure::of_json)?;
    Ok(value)
}

/// Reads a text that is known to be JSON, value by value.
pub(super) fn read_values<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    let pass = Pass::new(None);
    pass.context().value(text, |value| T::deserialize(value))
}

/// A value, or its JSON and why it cannot be read as one.
///
/// Other deserializers fail with the value.
pub(crate) struct ValueOrJson<T>(pub(crate) Result<T, Box<(Box<str>, ReadError)>>);

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
        let error = |failure: Failure| Box::new((json.into(), failure.into()));
        Ok(ValueOrJson(value.map_err(error)))
    }
}

struct Pass<'de> {
    /// The text that is read in one pass; absent if each value is read from a
    /// text of its own.
    text: Option<&'de str>,
    /// A failure on its way through `serde_json`, whose errors cannot hold it.
    failure: Cell<Option<Failure>>,
}

impl<'de> Pass<'de> {
    fn new(text: Option<&'de str>) -> Self {
        let failure = Cell::new(None);
        Self { text, failure }
    }

    fn context(&self) -> Context<'_, 'de> {
        let depth = 0;
        Context { pass: self, depth }
    }
}

#[derive(Clone, Copy)]
struct Context<'a, 'de> {
    pass: &'a Pass<'de>,
    /// How many objects and lists are around the value.
    depth: usize,
}

impl<'a, 'de> Context<'a, 'de> {
    /// Reads a value from its JSON.
    fn value<T>(
        self,
        json: &'de str,
        read: impl FnOnce(Lenient<'a, 'de, &mut Json<'de>>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        read(Lenient {
            json: &mut serde_json::Deserializer::from_str(json),
            ahead: json.as_bytes(),
            context: self,
        })
    }

    #[cold]
    fn send<E: de::Error>(self, failure: Failure) -> E {
        self.pass.failure.set(Some(failure));
        E::custom("the failure is in the context")
    }

    /// The failure that was sent; if there is none, `serde_json` has failed.
    #[cold]
    fn receive(self, cause: Cause) -> Failure {
        let sent = self.pass.failure.take();
        sent.unwrap_or_else(|| Failure::new(cause))
    }

    /// Gives lenient values to the visitor of an object or a list.
    fn container<V>(self, fields: &'static [&'static str], visitor: V) -> Container<'a, 'de, V> {
        Container {
            visitor,
            fields,
            context: Self {
                depth: self.depth + 1,
                ..self
            },
        }
    }
}

type Json<'de> = serde_json::Deserializer<serde_json::de::StrRead<'de>>;

/// A value in a JSON text.
struct Lenient<'a, 'de, D> {
    json: D,
    /// The text from the value on, or nothing where that is not known.
    ahead: &'de [u8],
    context: Context<'a, 'de>,
}

impl<'de, D: Deserializer<'de>> Lenient<'_, 'de, D> {
    #[inline]
    fn begins_with(&self, first: u8) -> bool {
        self.ahead.first() == Some(&first)
    }

    /// The JSON of the value.
    #[inline]
    fn literal(self) -> Result<&'de str, Failure> {
        let json = <&RawValue>::deserialize(self.json).map_err(Failure::of_json)?;
        let levels = MAX_DEPTH.saturating_sub(self.context.depth);
        if json.get().starts_with(['{', '[']) && nested_too_deep(json.get().as_bytes(), levels) {
            return Err(Failure::new(Cause::Nesting));
        }
        Ok(json.get())
    }

    /// The text of a scalar.
    fn text(self) -> Result<Cow<'de, str>, Failure> {
        let text = unquoted(self.literal()?)?;
        text.ok_or_else(|| Failure::from(WireError::NULL))
    }

    fn number<T: FromStr>(self) -> Result<T, Failure> {
        let number = number::plain(self.text()?.trim()).parse();
        number.map_err(|_| Failure::from(WireError::WHOLE_NUMBER))
    }

    #[inline]
    fn object<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let context = self.context;
        let container = context.container(fields, visitor);
        let read = self.json.deserialize_map(container);
        read.map_err(|_| context.receive(Cause::NoObject))
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let context = self.context;
        let container = context.container(&[], visitor);
        let read = self.json.deserialize_seq(container);
        read.map_err(|_| context.receive(Cause::NoList))
    }

    /// Whether it begins like a value that is there: not like `null`, and not
    /// like a text that may be empty.
    #[inline]
    fn is_there(&self) -> bool {
        match self.ahead {
            [b'"', next, ..] => next.is_ascii_alphanumeric(),
            [first, ..] => *first != b'n',
            [] => false,
        }
    }
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            visitor.$visit(self.number()?)
        })*
    };
}

macro_rules! as_serde_json_does {
    ($($method:ident($($argument:ident: $ty:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $ty,)* visitor: V) -> Result<V::Value, Failure> {
            self.json.$method($($argument,)* visitor).map_err(Failure::of_json)
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Lenient<'_, 'de, D> {
    type Error = Failure;

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.begins_with(b'"') && self.context.pass.text.is_some() {
            return self.json.deserialize_str(visitor).map_err(Failure::of_json);
        }
        match self.text()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let text = self.text()?;
        match &*number::plain(text.trim()) {
            "1" => visitor.visit_bool(true),
            "0" => visitor.visit_bool(false),
            text if text.eq_ignore_ascii_case("true") => visitor.visit_bool(true),
            text if text.eq_ignore_ascii_case("false") => visitor.visit_bool(false),
            _ => Err(Failure::from(WireError::BOOLEAN)),
        }
    }

    whole_numbers! {
        deserialize_i8 visit_i8;
        deserialize_i16 visit_i16;
        deserialize_i32 visit_i32;
        deserialize_i64 visit_i64;
        deserialize_i128 visit_i128;
        deserialize_u8 visit_u8;
        deserialize_u16 visit_u16;
        deserialize_u32 visit_u32;
        deserialize_u64 visit_u64;
        deserialize_u128 visit_u128;
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.is_there() {
            return visitor.visit_some(self);
        }
        let context = self.context;
        let json = self.literal()?;
        if is_nothing(json) {
            visitor.visit_none()
        } else {
            context.value(json, |value| visitor.visit_some(value))
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.begins_with(b'[') {
            return self.list(visitor);
        }
        let context = self.context;
        let json = self.literal()?;
        if is_nothing(json) {
            visitor.visit_seq(SeqDeserializer::new(iter::empty::<&str>()))
        } else {
            context.value(json, |value| value.list(visitor))
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.object(&[], visitor)
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
        let context = self.context;
        let json = self.literal()?;
        if json.starts_with('{') {
            return context.value(json, |value| value.object(fields, visitor));
        }
        let text = unquoted(json)?.ok_or_else(|| Failure::from(WireError::NULL))?;
        visitor.visit_map(MapDeserializer::new(iter::once((PLAIN, text.trim()))))
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match name {
            VALUE_OR_JSON if self.context.pass.text.is_none() => {
                visitor.visit_borrowed_str(self.literal()?)
            }
            VALUE_OR_JSON => visitor.visit_newtype_struct(self),
            // Names that other libraries reserve for their own deserializers.
            _ if name.starts_with('$') => {
                let read = self.json.deserialize_newtype_struct(name, visitor);
                read.map_err(Failure::of_json)
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.literal()?;
        visitor.visit_unit()
    }

    as_serde_json_does! {
        deserialize_any();
        deserialize_f32();
        deserialize_f64();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
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

/// Whether a value is `null` or a text of whitespace.
fn is_nothing(json: &str) -> bool {
    match unquoted(json) {
        Ok(Some(text)) => text.trim().is_empty(),
        Ok(None) => true,
        Err(_) => false,
    }
}

/// Visits an object or a list for a visitor that is to see lenient values.
struct Container<'a, 'de, V> {
    visitor: V,
    fields: &'static [&'static str],
    context: Context<'a, 'de>,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Container<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let context = self.context;
        let members = Members {
            map,
            fields: self.fields,
            next: 0,
            name: None,
            ahead: &[],
            context,
        };
        let read = self.visitor.visit_map(members);
        read.map_err(|failure| context.send(failure))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        let context = self.context;
        let items = Items {
            seq,
            next: 0,
            context,
        };
        let read = self.visitor.visit_seq(items);
        read.map_err(|failure| context.send(failure))
    }
}

struct Members<'a, 'de, A> {
    map: A,
    /// The names of a struct's fields; empty for a map.
    fields: &'static [&'static str],
    /// The field that comes next if they come in their order.
    next: usize,
    /// The field of the value that comes next.
    name: Option<&'static str>,
    ahead: &'de [u8],
    context: Context<'a, 'de>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, 'de, A> {
    type Error = Failure;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Failure> {
        let key = Key(convert::identity::<Cow<'de, str>>);
        let key = self.map.next_key_seed(key).map_err(Failure::of_json)?;
        let Some(key) = key else {
            return Ok(None);
        };
        self.ahead = match (self.context.pass.text, &key) {
            (Some(text), Cow::Borrowed(key)) => value_behind(text, key).unwrap_or_default(),
            _ => &[],
        };
        if self.fields.is_empty() {
            self.name = None;
            return seed.deserialize(CowStrDeserializer::new(key)).map(Some);
        }
        let next = self.fields.get(self.next).copied();
        self.name = next.filter(|name| *name == key && *name != PLAIN);
        if self.name.is_some() {
            self.next += 1;
        } else if let Some(index) = match_field(self.fields, self.next, &key) {
            self.name = self.fields.get(index).copied();
            self.next = index + 1;
        }
        // A key that matches no field must not be taken for an alias.
        let name = self.name.unwrap_or_default();
        let key = BorrowedStrDeserializer::new(name);
        seed.deserialize(key).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let context = self.context;
        if context.pass.text.is_some() {
            let value = Streamed {
                seed,
                ahead: self.ahead,
                context,
            };
            let read = self.map.next_value_seed(value);
            return read.map_err(|_| context.receive(Cause::Other));
        }
        let json: &RawValue = self.map.next_value().map_err(Failure::of_json)?;
        let read = context.value(json.get(), |value| seed.deserialize(value));
        read.map_err(|failure| failure.below(self.name.map(Step::Field), json.get()))
    }
}

/// What comes behind a key of an object and the colon.
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
    context: Context<'a, 'de>,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, 'de, A> {
    type Error = Failure;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        let context = self.context;
        if context.pass.text.is_some() {
            let ahead: &[u8] = &[];
            let item = Streamed {
                seed,
                ahead,
                context,
            };
            let read = self.seq.next_element_seed(item);
            return read.map_err(|_| context.receive(Cause::Other));
        }
        let json: Option<&RawValue> = self.seq.next_element().map_err(Failure::of_json)?;
        let Some(json) = json else { return Ok(None) };
        let step = Step::Item(self.next);
        self.next += 1;
        let read = context.value(json.get(), |value| seed.deserialize(value));
        read.map(Some)
            .map_err(|failure| failure.below(Some(step), json.get()))
    }
}

/// A value of an object or a list that is read in one pass.
struct Streamed<'a, 'de, S> {
    seed: S,
    ahead: &'de [u8],
    context: Context<'a, 'de>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Streamed<'_, 'de, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<S::Value, D::Error> {
        let context = self.context;
        let read = self.seed.deserialize(Lenient {
            json,
            ahead: self.ahead,
            context,
        });
        read.map_err(|failure| context.send(failure))
    }
}
