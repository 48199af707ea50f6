// How scalars are read from and written to JSON.
//
// Reading is tolerant: a scalar may come as a JSON string, number or boolean,
// whatever its type is written as. A number is taken by its digits as they
// were spelled, never through floating point. Writing is exact: the functions
// here are the spellings that differ from the one a type has by itself.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super as read;
use crate::received::{Entries, Entry, Received, Unreadable, UnreadableEntry};
use crate::value::{Amount, DateTime};
use crate::value::{Date, IntegerText, PersonName, Sensitive, WireError, number};

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

impl FromWire for String {
    const BLANKS_COUNT: bool = true;

    fn from_wire(text: &str) -> Result<Self, WireError> {
        Ok(text.to_owned())
    }
}

impl FromWire for bool {
    fn from_wire(text: &str) -> Result<Self, WireError> {
        let text = &*number::plain(text);
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
                number::plain(text).parse().map_err(|_| WireError::WHOLE_NUMBER)
            }
        })*
    };
}

whole_numbers!(u32, u64, i32, i64);

/// Reads a scalar that has to be there: `#[serde(deserialize_with = "wire::required")]`.
pub fn required<'de, D: Deserializer<'de>, T: FromWire>(deserializer: D) -> Result<T, D::Error> {
    scalar::<D, Required<T>>(deserializer)
}

/// Reads a scalar that may be absent: `null`, an empty string and one of
/// whitespace are `None`.
/// Goes with `#[serde(default)]`, which says what a missing field is.
pub fn optional<'de, D: Deserializer<'de>, T: FromWire>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    scalar::<D, Optional<T>>(deserializer)
}

/// Reads a scalar that may be absent, and keeps what cannot be read as such.
/// Goes with `#[serde(default)]`.
pub fn received<'de, D: Deserializer<'de>, T: FromWire>(
    deserializer: D,
) -> Result<Received<T>, D::Error> {
    scalar::<D, Marked<T>>(deserializer)
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

/// Reads a list of objects, and keeps those that cannot be read as such; `null`
/// and an empty string are an empty list.
pub fn entries<'de, D: Deserializer<'de>, T: Entry>(
    deserializer: D,
) -> Result<Entries<T>, D::Error> {
    deserializer
        .deserialize_any(ListVisitor(PhantomData::<OrUnreadable<T, Object<T>>>))
        .map(Entries::numbered)
}

/// The same for objects of which any may also be a plain scalar.
pub fn entries_or_plain<'de, D, T>(deserializer: D) -> Result<Entries<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Entry + FromPlain,
{
    deserializer
        .deserialize_any(ListVisitor(
            PhantomData::<OrUnreadable<T, PlainOrObject<T>>>,
        ))
        .map(Entries::numbered)
}

/// An object that some senders shorten to the text of one of its fields.
pub trait FromPlain {
    /// The object that `text` stands for, which has no blanks around it.
    fn from_plain(text: String) -> Self;
}

/// What `serde_json` calls the type of a value that is to be kept as it is
/// spelled. Asking for it by that name, and not through [`RawValue`], gives
/// the spelling without a copy of it.
pub(crate) const RAW: &str = "$serde_json::private::RawValue";

/// What the reader is asked for where an object may turn out to be unreadable
/// without the rest being so.
pub(crate) const ENTRY: &str = "$skypay::Entry";

/// What the reader is asked for where an object may also come as a plain text.
pub(crate) const PLAIN: &str = "$skypay::Plain";

/// What becomes of the text of a scalar, or of `null`.
trait Scalar {
    type Value;
    const BLANKS_COUNT: bool;

    fn null() -> Result<Self::Value, WireError>;
    fn text(text: &str) -> Result<Self::Value, WireError>;

    /// What becomes of JSON that is no such scalar.
    fn unreadable(_json: &str, error: WireError) -> Result<Self::Value, WireError> {
        Err(error)
    }
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
        if text.trim().is_empty() {
            Ok(None)
        } else {
            T::from_wire(text).map(Some)
        }
    }
}

struct Marked<T>(PhantomData<T>);

impl<T: FromWire> Scalar for Marked<T> {
    type Value = Received<T>;
    const BLANKS_COUNT: bool = T::BLANKS_COUNT;

    fn null() -> Result<Received<T>, WireError> {
        Ok(Received::Absent)
    }

    fn text(text: &str) -> Result<Received<T>, WireError> {
        Optional::<T>::text(text).map(Received::from)
    }

    fn unreadable(json: &str, error: WireError) -> Result<Received<T>, WireError> {
        Ok(Received::Unreadable(Unreadable::new(json, error)))
    }
}

fn scalar<'de, D: Deserializer<'de>, K: Scalar>(deserializer: D) -> Result<K::Value, D::Error> {
    deserializer.deserialize_newtype_struct(RAW, ScalarVisitor::<K>(PhantomData))
}

struct ScalarVisitor<K>(PhantomData<K>);

impl<K: Scalar> ScalarVisitor<K> {
    fn trimmed(text: &str) -> Result<K::Value, WireError> {
        K::text(if K::BLANKS_COUNT { text } else { text.trim() })
    }

    fn text<E: serde::de::Error>(text: &str) -> Result<K::Value, E> {
        Self::trimmed(text).map_err(E::custom)
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
        let read = match unquoted(spelled) {
            Ok(Some(text)) => ScalarVisitor::<K>::trimmed(&text),
            Ok(None) => K::null(),
            Err(error) => Err(error),
        };
        read.or_else(|error| K::unreadable(spelled, error))
            .map_err(E::custom)
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
        deserializer.deserialize_newtype_struct(PLAIN, PlainOrObjectVisitor(PhantomData))
    }
}

struct PlainOrObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + FromPlain> Visitor<'de> for PlainOrObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a plain text")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<T, E> {
        Err(E::custom(WireError::NULL))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        // Blanks around it are taken off in the object, too.
        Ok(T::from_plain(text.trim().to_owned()))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<T, E> {
        Ok(T::from_plain(value.to_string()))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
        Ok(T::from_plain(number.to_string()))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        Ok(T::from_plain(number.to_string()))
    }
}

/// An item that the list keeps if it cannot be read.
struct OrUnreadable<T, K>(PhantomData<(T, K)>);

impl<'de, T, K> Item<'de> for OrUnreadable<T, K>
where
    T: Entry,
    K: for<'a> Item<'a, Value = T>,
{
    type Value = Result<T, UnreadableEntry>;

    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_newtype_struct(ENTRY, OrUnreadableVisitor::<T, K>(PhantomData))
    }
}

struct OrUnreadableVisitor<T, K>(PhantomData<(T, K)>);

impl<'de, T, K> Visitor<'de> for OrUnreadableVisitor<T, K>
where
    T: Entry,
    K: for<'a> Item<'a, Value = T>,
{
    type Value = Result<T, UnreadableEntry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// The way of every reader that gives up on all of a text with the first
    /// thing that cannot be read.
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        K::read(deserializer).map(Ok)
    }

    /// The way of ours: the JSON of the item.
    fn visit_borrowed_str<E>(self, json: &'de str) -> Result<Self::Value, E> {
        Ok(read::part(json, |item| K::read(item))
            .map_err(|error| UnreadableEntry::new::<T>(0, json, error)))
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
            Err(E::custom("expected a list"))
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

macro_rules! by_lenient_parse {
    ($($ty:ty),*) => { $(impl FromWire for $ty {
        fn from_wire(text: &str) -> Result<Self, WireError> { Self::parse_lenient(text) }
    })* };
}
by_lenient_parse!(Amount, Date, DateTime);

impl FromWire for IntegerText {
    fn from_wire(text: &str) -> Result<Self, WireError> {
        Ok(serde_json::from_value(text.into()).unwrap())
    }
}

impl FromWire for PersonName {
    const BLANKS_COUNT: bool = true;
    fn from_wire(text: &str) -> Result<Self, WireError> {
        Ok(serde_json::from_value(text.into()).unwrap())
    }
}

impl<T: FromWire> FromWire for Sensitive<T> {
    const BLANKS_COUNT: bool = T::BLANKS_COUNT;
    fn from_wire(text: &str) -> Result<Self, WireError> {
        T::from_wire(text).map(Self::from)
    }
}
