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

use crate::read;
use crate::received::{Entries, Entry, Received, Unreadable, UnreadableEntry};
use crate::value::{Amount, DateTime};

pub(crate) mod number;

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

/// Writes a JSON number, or what cannot be read as it came.
pub fn received_number<T: ToNumber, S: Serializer>(
    value: &Received<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Received::Value(value) => number(value, serializer),
        Received::Absent => serializer.serialize_none(),
        Received::Unreadable(unreadable) => unreadable.serialize(serializer),
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

/// Writes a time with four fraction digits, or what cannot be read as it came.
pub fn received_fraction<S: Serializer>(
    value: &Received<DateTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Received::Value(value) => fraction(value, serializer),
        Received::Absent => serializer.serialize_none(),
        Received::Unreadable(unreadable) => unreadable.serialize(serializer),
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
            .map_err(|error| UnreadableEntry::new::<T>(json, error)))
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::cell::Cell;
    use std::fmt::Debug;

    use proptest::prelude::*;
    use serde::de::{Error as _, Visitor};
    use serde::{Deserialize, Deserializer, Serialize};
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::{FromPlain, FromWire, RAW, WireError, unquoted};
    use crate::value::{Amount, DateTime, Sensitive};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(bound = "T: FromWire")]
    struct Field<T> {
        #[serde(deserialize_with = "super::required")]
        value: T,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(bound = "T: FromWire")]
    struct Maybe<T> {
        #[serde(default, deserialize_with = "super::optional")]
        value: Option<T>,
    }

    #[test]
    fn only_what_has_an_escape_is_copied() {
        for (spelled, text, copied) in [
            (r#""SKY1""#, "SKY1", false),
            (r#""""#, "", false),
            ("1.50", "1.50", false),
            ("true", "true", false),
            (r#""a\u00f1o""#, "a\u{f1}o", true),
        ] {
            let found = unquoted(spelled).unwrap().unwrap();
            assert_eq!(found, text);
            assert_eq!(matches!(found, Cow::Owned(_)), copied, "{spelled}");
        }
    }

    /// Reads `value` from every source, which must all agree.
    fn read<T: for<'de> Deserialize<'de> + PartialEq + Debug>(value: &str) -> Option<T> {
        let json = format!(r#"{{"value":{value}}}"#);
        let found: Option<T> = serde_json::from_str(&json).ok();
        assert_eq!(
            serde_json::from_reader(json.as_bytes()).ok(),
            found,
            "{json}"
        );
        assert_eq!(
            crate::read::from_slice(json.as_bytes()).ok(),
            found,
            "{json}"
        );
        found
    }

    fn check<T: FromWire + PartialEq + Debug>(value: &str, expected: impl Into<Option<T>>) {
        let found = read::<Field<T>>(value).map(|field| field.value);
        assert_eq!(found, expected.into(), "{value}");
    }

    fn check_optional<T: FromWire + PartialEq + Debug>(
        value: &str,
        expected: impl Into<Option<T>>,
    ) {
        let found = read::<Maybe<T>>(value).map(|field| field.value);
        assert_eq!(found, Some(expected.into()), "{value}");
    }

    fn text(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn a_text_may_come_as_any_scalar() {
        check(r#""SKY98""#, text("SKY98"));
        check(r#"" blanks stay ""#, text(" blanks stay "));
        check(r#""""#, text(""));
        check(r#""a\"b\\c\u00e9\n""#, text("a\"b\\c\u{e9}\n"));
        check("12345678901234567890123", text("12345678901234567890123"));
        check("-1.50", text("-1.50"));
        check("1E5", text("1E5"));
        check("true", text("true"));
    }

    #[test]
    fn what_is_no_scalar_is_refused() {
        for value in [
            "null",
            "[]",
            r#"["x"]"#,
            "{}",
            r#"{"value":"x"}"#,
            r#""\ud800""#,
        ] {
            check::<String>(value, None);
            check::<u32>(value, None);
        }
    }

    #[test]
    fn whole_numbers_may_come_as_texts_and_with_decimals() {
        check("5", 5_u32);
        check(r#""5""#, 5_u32);
        check(r#"" 005 ""#, 5_u32);
        check("5.00", 5_u32);
        check("5e0", 5_u32);
        check(r#""2E+3""#, 2000_u32);
        check("1.8446744073709551615E19", u64::MAX);
        check("-5", -5_i32);
        check("18446744073709551615", u64::MAX);
        check("-9223372036854775808", i64::MIN);
        for value in [
            "-1",
            "4294967296",
            "5.5",
            r#""5.""#,
            "5e-1",
            "5e309",
            r#""""#,
            r#""5 0""#,
            r#""five""#,
            "true",
        ] {
            check::<u32>(value, None);
        }
    }

    #[test]
    fn truth_may_come_as_text_or_number() {
        for value in ["true", r#""true""#, r#"" TRUE ""#, "1", r#""1""#, "1.0"] {
            check(value, true);
        }
        for value in ["false", r#""False""#, "0"] {
            check(value, false);
        }
        for value in ["2", r#""yes""#, r#""""#] {
            check::<bool>(value, None);
        }
    }

    #[test]
    fn blanks_around_what_is_no_text_are_ignored() {
        check(r#"" 3900.5 ""#, Amount::from_centavos(390_050));
        check(
            r#""\t2018-06-18 17:52:10\n""#,
            DateTime::try_from("2018-06-18 17:52:10").unwrap(),
        );
    }

    #[test]
    fn nothing_is_null_empty_or_missing() {
        check_optional::<DateTime>("null", None);
        check_optional::<DateTime>(r#""""#, None);
        check_optional::<DateTime>(r#""  ""#, None);
        assert_eq!(read::<Maybe<DateTime>>(r#""soon""#), None);
        check_optional::<Sensitive>(r#""""#, None);
        check_optional::<String>(r#"" ""#, None);
        check_optional::<String>(r#""\u00a0\n""#, None);
        check_optional("7", 7_u32);
        assert_eq!(
            serde_json::from_str("{}").ok(),
            Some(Maybe::<u32> { value: None })
        );
        assert!(serde_json::from_str::<Field<u32>>("{}").is_err());
    }

    #[test]
    fn values_that_were_read_before_can_be_read() {
        for (value, expected) in [
            (serde_json::json!("x"), Some("x")),
            (serde_json::json!(5), Some("5")),
            (serde_json::json!(-5), Some("-5")),
            (serde_json::json!(2.5), Some("2.5")),
            (serde_json::json!(false), Some("false")),
            (Value::Null, None),
            (serde_json::json!([1]), None),
        ] {
            let found = super::required::<_, String>(value.clone()).ok();
            assert_eq!(found.as_deref(), expected, "{value}");
        }
    }

    /// Deserializers that know nothing of JSON, such as those of query strings.
    #[test]
    fn other_formats_can_be_read() {
        use serde::de::value::{
            BoolDeserializer, F64Deserializer, StrDeserializer, UnitDeserializer,
        };

        type Error = serde::de::value::Error;

        let read = |text| super::required::<_, Amount>(StrDeserializer::<Error>::new(text));
        assert_eq!(read("1.5"), Ok(Amount::from_centavos(150)));
        let read = super::required::<_, Amount>(F64Deserializer::<Error>::new(1.5));
        assert_eq!(read, Ok(Amount::from_centavos(150)));
        let read = super::optional::<_, bool>(BoolDeserializer::<Error>::new(true));
        assert_eq!(read, Ok(Some(true)));
        let read = super::optional::<_, bool>(UnitDeserializer::<Error>::new());
        assert_eq!(read, Ok(None));
    }

    #[test]
    fn raw_values_still_go_by_the_name_that_is_asked_for() {
        struct Spy<'a>(&'a Cell<&'static str>);

        impl<'de> Deserializer<'de> for Spy<'_> {
            type Error = serde::de::value::Error;

            fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
                Err(Self::Error::custom("not asked for by name"))
            }

            fn deserialize_newtype_struct<V: Visitor<'de>>(
                self,
                name: &'static str,
                visitor: V,
            ) -> Result<V::Value, Self::Error> {
                self.0.set(name);
                self.deserialize_any(visitor)
            }

            serde::forward_to_deserialize_any! {
                bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option
                unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
            }
        }

        let name = Cell::new("");
        assert!(Box::<RawValue>::deserialize(Spy(&name)).is_err());
        assert_eq!(name.get(), RAW);
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row {
        #[serde(deserialize_with = "super::required")]
        parcel_number: String,
    }

    impl FromPlain for Row {
        fn from_plain(text: String) -> Self {
            Self {
                parcel_number: text,
            }
        }
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Lists {
        #[serde(default, deserialize_with = "super::list")]
        scalars: Vec<u32>,
        #[serde(default, deserialize_with = "super::rows")]
        rows: Vec<Row>,
        #[serde(default, deserialize_with = "super::rows_or_plain")]
        mixed: Vec<Row>,
    }

    #[test]
    fn lists_hold_scalars_objects_or_both() {
        let row = |number: &str| Row {
            parcel_number: text(number),
        };
        let json = r#"{
            "scalars": [1, "2", 3.0],
            "rows": [{"parcelNumber": "A", "other": []}],
            "mixed": [" A ", {"parcelNumber": 2}, 3, -4]
        }"#;
        let expected = Lists {
            scalars: vec![1, 2, 3],
            rows: vec![row("A")],
            mixed: vec![row("A"), row("2"), row("3"), row("-4")],
        };
        assert_eq!(
            crate::read::from_slice::<Lists>(json.as_bytes()),
            Ok(expected)
        );
    }

    #[test]
    fn an_empty_list_may_be_null_or_an_empty_text() {
        let json = r#"{"scalars": null, "rows": "", "mixed": " "}"#;
        let empty = Lists {
            scalars: vec![],
            rows: vec![],
            mixed: vec![],
        };
        assert_eq!(serde_json::from_str::<Lists>(json).unwrap(), empty);
        assert_eq!(crate::read::from_slice::<Lists>(json.as_bytes()), Ok(empty));
        for json in [
            r#"{"rows":"x"}"#,
            r#"{"rows":{}}"#,
            r#"{"scalars":5}"#,
            r#"{"mixed":[[]]}"#,
            r#"{"mixed":[null]}"#,
        ] {
            assert!(serde_json::from_str::<Lists>(json).is_err(), "{json}");
            assert!(
                crate::read::from_slice::<Lists>(json.as_bytes()).is_err(),
                "{json}"
            );
        }
    }

    #[derive(Serialize)]
    struct Written {
        #[serde(serialize_with = "super::number")]
        number: Amount,
        #[serde(serialize_with = "super::optional_number")]
        optional_number: Option<u32>,
        #[serde(serialize_with = "super::fraction")]
        fraction: DateTime,
        #[serde(serialize_with = "super::optional_fraction")]
        optional_fraction: Option<DateTime>,
    }

    #[test]
    fn spellings_differ_where_the_field_says_so() {
        let time = DateTime::try_from("2018-06-18 17:52:10.5").unwrap();
        let mut written = Written {
            number: Amount::from_centavos(72_671_800),
            optional_number: Some(3),
            fraction: time,
            optional_fraction: Some(time),
        };
        assert_eq!(
            serde_json::to_string(&written).unwrap(),
            concat!(
                r#"{"number":726718.00,"optional_number":3,"#,
                r#""fraction":"2018-06-18 17:52:10.5000","#,
                r#""optional_fraction":"2018-06-18 17:52:10.5000"}"#,
            )
        );
        written.optional_number = None;
        written.optional_fraction = None;
        let value = serde_json::to_value(&written).unwrap();
        assert_eq!(value["optional_number"], Value::Null);
        assert_eq!(value["optional_fraction"], Value::Null);
    }

    #[test]
    fn errors_are_known_by_their_text() {
        for error in WireError::ALL {
            assert_eq!(WireError::known(&error.to_string()), Some(*error));
        }
        assert_eq!(WireError::known("something else"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_was_written(written in ".{0,40}") {
            let json = serde_json::to_string(&written).unwrap();
            check(&json, written);
        }

        #[test]
        fn digits_are_kept_as_they_are(digits in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?") {
            check(&digits, digits.clone());
        }
    }
}
