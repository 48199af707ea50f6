//! How scalars are read from and written to JSON.
//!
//! Reading is tolerant: a scalar may come as a JSON string, number or boolean,
//! whatever its type is written as. A number is taken by its digits as they
//! were spelled, never through floating point. Writing is exact: the functions
//! here are the spellings that differ from the one a type has by itself.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::read::FoldedKeys;
use crate::value::{Amount, DateTime};

/// A type that can be read from the text of a scalar.
pub trait FromWire: Sized {
    /// Whether blanks belong to the value. If not, they are taken off before
    /// [`from_wire`](Self::from_wire) sees the text.
    const BLANKS_COUNT: bool = false;

    /// The value that `text` spells.
    ///
    /// # Errors
    ///
    /// If it spells none.
    fn from_wire(text: &str) -> Result<Self, WireError>;
}

/// A text does not spell a value of the type that was wanted. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireError(&'static str);

macro_rules! expectations {
    ($($name:ident = $text:literal;)*) => {
        impl WireError {
            $(pub(crate) const $name: Self = Self($text);)*

            const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

expectations! {
    AMOUNT = "expected an amount with at most two decimals";
    AMOUNT_RANGE = "the amount is too large";
    DATE = "expected a date like 2024-12-31";
    DATE_TIME = "expected a time like 2024-12-31 23:59:59";
    PERSON_NAME = "expected a last and a first name, separated by a comma, then perhaps a middle name and a suffix";
    WHOLE_NUMBER = "expected a whole number in the range of its type";
    BOOLEAN = "expected true or false";
    SCALAR = "expected a text, a number, true or false";
    NULL = "expected a value, not null";
    TEXT = "the text holds an invalid escape";
    LIST = "expected a list";
}

impl WireError {
    /// The error that says `text`, if it is one of ours. Texts of other
    /// errors may quote what was received.
    pub(crate) fn known(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|error| error.0 == text)
    }

    pub(crate) fn text(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for WireError {}

impl FromWire for String {
    const BLANKS_COUNT: bool = true;

    fn from_wire(text: &str) -> Result<Self, WireError> {
        Ok(text.to_owned())
    }
}

impl FromWire for bool {
    fn from_wire(text: &str) -> Result<Self, WireError> {
        if text == "1" || text.eq_ignore_ascii_case("true") {
            Ok(true)
        } else if text == "0" || text.eq_ignore_ascii_case("false") {
            Ok(false)
        } else {
            Err(WireError::BOOLEAN)
        }
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {
        $(impl FromWire for $number {
            fn from_wire(text: &str) -> Result<Self, WireError> {
                without_zero_decimals(text).parse().map_err(|_| WireError::WHOLE_NUMBER)
            }
        })*
    };
}

whole_numbers!(u32, u64, i32, i64);

/// Some senders write every number with decimals.
fn without_zero_decimals(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => text,
    }
}

/// Reads a scalar that has to be there: `#[serde(deserialize_with = "wire::required")]`.
pub fn required<'de, D: Deserializer<'de>, T: FromWire>(deserializer: D) -> Result<T, D::Error> {
    scalar::<D, Required<T>>(deserializer)
}

/// Reads a scalar that may be absent: `null` and an empty string are `None`.
/// Goes with `#[serde(default)]`, which says what a missing field is.
pub fn optional<'de, D: Deserializer<'de>, T: FromWire>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    scalar::<D, Optional<T>>(deserializer)
}

/// Reads a list of scalars; `null` and an empty string are an empty list.
pub fn list<'de, D: Deserializer<'de>, T: FromWire>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(ListVisitor(PhantomData::<One<T>>))
}

/// Reads a list of objects; `null` and an empty string are an empty list.
pub fn rows<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(ListVisitor(PhantomData::<Object<T>>))
}

/// Reads a list of objects of which any may also be a plain scalar; `null` and
/// an empty string are an empty list.
pub fn rows_or_plain<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + FromPlain,
{
    deserializer.deserialize_any(ListVisitor(PhantomData::<PlainOrObject<T>>))
}

/// An object that some senders shorten to the text of one of its fields.
pub trait FromPlain {
    /// The object that `text` stands for.
    fn from_plain(text: String) -> Self;
}

/// Writes a JSON number: `#[serde(serialize_with = "wire::number")]`.
pub fn number<T: ToNumber, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.serialize_number(serializer)
}

/// Writes a JSON number, or `null`.
pub fn optional_number<T: ToNumber, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => number(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// Writes a JSON string: `#[serde(serialize_with = "wire::text")]`.
pub fn text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Writes a JSON string, or `null`.
pub fn optional_text<T: fmt::Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => text(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// Writes a time with four fraction digits: `#[serde(serialize_with = "wire::fraction")]`.
pub fn fraction<S: Serializer>(value: &DateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&value.with_fraction())
}

/// Writes a time with four fraction digits, or `null`.
pub fn optional_fraction<S: Serializer>(
    value: &Option<DateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => fraction(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// A type that can be written as a JSON number.
pub trait ToNumber {
    /// Writes the number.
    fn serialize_number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl ToNumber for Amount {
    fn serialize_number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // An `f64` would drop the decimals that the wire wants to see.
        RawValue::from_string(self.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

macro_rules! plain_numbers {
    ($($number:ty),*) => {
        $(impl ToNumber for $number {
            fn serialize_number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        })*
    };
}

plain_numbers!(u32, u64, i32, i64);

/// What `serde_json` calls the type of a value that is to be kept as it is
/// spelled. Asking for it by that name, and not through [`RawValue`], gives
/// the spelling without a copy of it.
pub(crate) const RAW: &str = "$serde_json::private::RawValue";

/// What becomes of the text of a scalar, or of `null`.
trait Scalar {
    type Value;
    const BLANKS_COUNT: bool;

    fn null() -> Result<Self::Value, WireError>;
    fn text(text: &str) -> Result<Self::Value, WireError>;
}

struct Required<T>(PhantomData<T>);

impl<T: FromWire> Scalar for Required<T> {
    type Value = T;
    const BLANKS_COUNT: bool = T::BLANKS_COUNT;

    fn null() -> Result<T, WireError> {
        Err(WireError::NULL)
    }

    fn text(text: &str) -> Result<T, WireError> {
        T::from_wire(text)
    }
}

struct Optional<T>(PhantomData<T>);

impl<T: FromWire> Scalar for Optional<T> {
    type Value = Option<T>;
    const BLANKS_COUNT: bool = T::BLANKS_COUNT;

    fn null() -> Result<Option<T>, WireError> {
        Ok(None)
    }

    fn text(text: &str) -> Result<Option<T>, WireError> {
        if text.is_empty() {
            Ok(None)
        } else {
            T::from_wire(text).map(Some)
        }
    }
}

fn scalar<'de, D: Deserializer<'de>, K: Scalar>(deserializer: D) -> Result<K::Value, D::Error> {
    deserializer.deserialize_newtype_struct(RAW, ScalarVisitor::<K>(PhantomData))
}

struct ScalarVisitor<K>(PhantomData<K>);

impl<K: Scalar> ScalarVisitor<K> {
    fn text<E: serde::de::Error>(text: &str) -> Result<K::Value, E> {
        let text = if K::BLANKS_COUNT { text } else { text.trim() };
        K::text(text).map_err(E::custom)
    }

    fn null<E: serde::de::Error>() -> Result<K::Value, E> {
        K::null().map_err(E::custom)
    }
}

impl<'de, K: Scalar> Visitor<'de> for ScalarVisitor<K> {
    type Value = K::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true or false")
    }

    /// The way of `serde_json`: the value as it is spelled, in a map of one.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<K::Value, A::Error> {
        match map.next_key::<IgnoredAny>()? {
            Some(_) => map.next_value_seed(Spelled::<K>(PhantomData)),
            None => Err(A::Error::custom(WireError::SCALAR)),
        }
    }

    /// The way of every other format, and of values that were read before.
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<K::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<K::Value, E> {
        Self::null()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<K::Value, E> {
        Self::null()
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<K::Value, E> {
        Self::text(text)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<K::Value, E> {
        Self::text(if value { "true" } else { "false" })
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<K::Value, E> {
        Self::text(&value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<K::Value, E> {
        Self::text(&value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<K::Value, E> {
        Self::text(&value.to_string())
    }
}

/// A value as it is spelled in JSON.
struct Spelled<K>(PhantomData<K>);

impl<'de, K: Scalar> DeserializeSeed<'de> for Spelled<K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<K: Scalar> Visitor<'_> for Spelled<K> {
    type Value = K::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the spelling of a value")
    }

    fn visit_str<E: serde::de::Error>(self, spelled: &str) -> Result<K::Value, E> {
        match unquoted(spelled).map_err(E::custom)? {
            Some(text) => ScalarVisitor::<K>::text(&text),
            None => ScalarVisitor::<K>::null(),
        }
    }
}

/// The text that a scalar in JSON stands for; `None` for `null`.
pub(crate) fn unquoted(spelled: &str) -> Result<Option<Cow<'_, str>>, WireError> {
    match spelled.as_bytes() {
        [b'"', inside @ .., b'"'] if !inside.contains(&b'\\') => {
            Ok(Some(Cow::Borrowed(&spelled[1..spelled.len() - 1])))
        }
        [b'"', ..] => serde_json::from_str(spelled)
            .map(|text| Some(Cow::Owned(text)))
            .map_err(|_| WireError::TEXT),
        [b'{' | b'[', ..] => Err(WireError::SCALAR),
        b"null" => Ok(None),
        _ => Ok(Some(Cow::Borrowed(spelled))),
    }
}

/// What an item of a list is read as.
trait Item<'de> {
    type Value;

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error>;
}

struct One<T>(PhantomData<T>);

impl<'de, T: FromWire> Item<'de> for One<T> {
    type Value = T;

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        required(deserializer)
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Item<'de> for Object<T> {
    type Value = T;

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

struct PlainOrObject<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + FromPlain> Item<'de> for PlainOrObject<T> {
    type Value = T;

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(PlainOrObjectVisitor(PhantomData))
    }
}

struct PlainOrObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + FromPlain> Visitor<'de> for PlainOrObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a plain text")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        // What came as "any" has not said yet which keys it knows.
        T::deserialize(FoldedKeys(map))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from_plain(text.to_owned()))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
        Ok(T::from_plain(number.to_string()))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        Ok(T::from_plain(number.to_string()))
    }
}

struct ListVisitor<K>(PhantomData<K>);

impl<'de, K: Item<'de>> Visitor<'de> for ListVisitor<K> {
    type Value = Vec<K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(ItemSeed::<K>(PhantomData))? {
            items.push(item);
        }
        Ok(items)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.trim().is_empty() {
            Ok(Vec::new())
        } else {
            Err(E::custom(WireError::LIST))
        }
    }
}

struct ItemSeed<K>(PhantomData<K>);

impl<'de, K: Item<'de>> DeserializeSeed<'de> for ItemSeed<K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        K::read(deserializer)
    }
}
