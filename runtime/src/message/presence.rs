//! The presences of a field: the keyword before the type in a row of
//! [`message!`](crate::message!).

use std::borrow::Cow;
use std::fmt::Display;
use std::iter;
use std::marker::PhantomData;
use std::ops::RangeBounds;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::encoding::{Encode, Encoded};
use crate::received::{Entries, Entry, Received, Unreadable};
use crate::validate::{Check, FieldValue, Range, Violations};
use crate::value::WireError;

/// A field of a builder: `None` if unset, else that of the message or why the
/// conversion failed.
pub type Slot<T> = Option<Result<T, &'static str>>;

/// How a message stores the values of a field, each a `T`.
pub trait Presence<T: 'static> {
    /// The type of the field in the struct.
    type Stored;
    /// What a setter of the builder takes.
    type Built;
    /// Whether the field is a list.
    const LIST: bool;

    /// The field of a message that is built.
    fn stored(built: Self::Built) -> Self::Stored;

    /// The field of a message without it; `None` if it is required.
    fn absent() -> Option<Self::Stored>;

    /// Reads the field.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Stored, D::Error>;

    /// The values; an unreadable one is an error.
    fn values(stored: &Self::Stored) -> impl Iterator<Item = Result<&T, &Unreadable>>;
}

macro_rules! presences {
    ($(
        $presence:ident<T: $bound:path>: $stored:ty, from $built:ty |$value:ident| $convert:expr,
        list $list:literal, absent $absent:expr, read $read:path,
        values |$field:ident| $values:expr;
    )*) => {
        $(
            #[doc(hidden)]
            #[allow(non_camel_case_types, reason = "the word of a row")]
            #[derive(Debug)]
            pub enum $presence {}

            impl<T: $bound + 'static> Presence<T> for $presence {
                type Stored = $stored;
                type Built = $built;
                const LIST: bool = $list;

                fn stored($value: $built) -> $stored {
                    $convert
                }

                fn absent() -> Option<$stored> {
                    $absent
                }

                #[inline]
                fn read<'de, D: Deserializer<'de>>(from: D) -> Result<$stored, D::Error> {
                    $read(from)
                }

                fn values($field: &$stored) -> impl Iterator<Item = Result<&T, &Unreadable>> {
                    $values
                }
            }
        )*
    };
}

presences! {
    required<T: DeserializeOwned>: T, from T |value| value,
        list false, absent None, read T::deserialize,
        values |field| iter::once(Ok(field));
    optional<T: DeserializeOwned>: Option<T>, from T |value| Some(value),
        list false, absent Some(None), read Option::deserialize,
        values |field| field.iter().map(Ok);
    received<T: DeserializeOwned>: Received<T>, from T |value| Ok(Some(value)),
        list false, absent Some(Ok(None)), read crate::received::field,
        values |field| field.as_ref().map(Option::as_ref).transpose().into_iter();
    list<T: DeserializeOwned>: Vec<T>, from Vec<T> |values| values,
        list true, absent None, read Vec::deserialize,
        values |field| field.iter().map(Ok);
    optional_list<T: DeserializeOwned>: Vec<T>, from Vec<T> |values| values,
        list true, absent Some(Vec::new()), read Vec::deserialize,
        values |field| field.iter().map(Ok);
    entries<T: Entry>: Entries<T>, from Vec<T> |values| values.into_iter().map(Ok).collect(),
        list true, absent None, read crate::received::entries,
        values |field| field.iter().map(Result::as_ref);
    optional_entries<T: Entry>: Entries<T>, from Vec<T> |values| values.into_iter().map(Ok).collect(),
        list true, absent Some(Vec::new()), read crate::received::entries,
        values |field| field.iter().map(Result::as_ref);
}

/// Sets the field of a builder to a converted value, or to the text of the violation.
pub fn set<P: Presence<T, Built = T>, T: 'static>(
    slot: &mut Slot<P::Stored>,
    value: impl TryInto<T, Error: Display>,
) {
    *slot = Some(value.try_into().map(P::stored).map_err(|error| {
        // The text of an error from another crate may quote the value.
        let known = WireError::known(&error.to_string());
        known.map_or(
            "cannot be turned into the type of the field",
            WireError::text,
        )
    }));
}

/// Sets a list of a builder.
pub fn set_items<P: Presence<T, Built = Vec<T>>, T: 'static>(
    slot: &mut Slot<P::Stored>,
    items: impl IntoIterator<Item: Into<T>>,
) {
    *slot = Some(Ok(P::stored(items.into_iter().map(Into::into).collect())));
}

/// Completes a field of a builder that was not set, or reports why there is no value.
pub fn complete<P: Presence<T>, T: 'static>(
    slot: &mut Slot<P::Stored>,
    wire: &str,
    at: &mut Violations,
) {
    match slot {
        Some(Ok(_)) => {}
        Some(Err(message)) => at.report(wire, "type", *message),
        None => match P::absent() {
            Some(absent) => *slot = Some(Ok(absent)),
            None => at.report(wire, "required", "is required"),
        },
    }
}

/// Takes a field from a builder; `None` if a violation was reported for it.
pub fn take<T>(slot: &mut Slot<T>) -> Option<T> {
    slot.take()?.ok()
}

/// Reads the field from an object; a duplicate is an error.
#[inline]
pub fn read<'de, P: Presence<T>, T: 'static, A: MapAccess<'de>>(
    field: &mut Option<P::Stored>,
    wire: &'static str,
    object: &mut A,
) -> Result<(), A::Error> {
    if field.is_some() {
        return Err(A::Error::duplicate_field(wire));
    }
    *field = Some(object.next_value_seed(Seed::<P, T>(PhantomData))?);
    Ok(())
}

struct Seed<P, T>(PhantomData<(P, T)>);

impl<'de, P: Presence<T>, T: 'static> DeserializeSeed<'de> for Seed<P, T> {
    type Value = P::Stored;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<P::Stored, D::Error> {
        P::read(from)
    }
}

/// The field that was read, or its value in a message without it.
#[inline]
pub fn read_or_absent<P: Presence<T>, T: 'static, E: de::Error>(
    field: Option<P::Stored>,
    wire: &'static str,
) -> Result<P::Stored, E> {
    field
        .or_else(P::absent)
        .ok_or_else(|| E::missing_field(wire))
}

/// Whether the field is omitted when the message is written.
#[must_use]
pub fn is_absent<P: Presence<T>, T: 'static>(field: &P::Stored) -> bool {
    P::absent().is_some() && P::values(field).next().is_none()
}

/// Writes the field, unless it is omitted.
pub fn write<P: Presence<T>, T: 'static, E: Encode<T>, S: SerializeStruct>(
    state: &mut S,
    wire: &'static str,
    field: &P::Stored,
) -> Result<(), S::Error> {
    if is_absent::<P, T>(field) {
        return state.skip_field(wire);
    }
    state.serialize_field(wire, &Field::<P, T, E>(field, PhantomData))
}

struct Field<'a, P: Presence<T>, T: 'static, E>(&'a P::Stored, PhantomData<E>);

impl<P: Presence<T>, T: 'static, E: Encode<T>> Serialize for Field<'_, P, T, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut values = P::values(self.0).map(|value| Encoded(value, PhantomData::<E>));
        if P::LIST {
            return serializer.collect_seq(values);
        }
        match values.next() {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_none(),
        }
    }
}

/// Checks the number of items of a list, unless the list is omitted.
pub fn count<P: Presence<T>, T: 'static>(
    field: &P::Stored,
    wire: &str,
    at: &mut Violations,
    bounds: &impl RangeBounds<usize>,
) {
    if !is_absent::<P, T>(field) {
        at.items(wire, P::values(field).count(), &Range::new(bounds));
    }
}

/// Checks the values. Little of it depends on the types, since it is compiled for
/// each of them.
pub fn check<P: Presence<T>, T: FieldValue + 'static>(
    field: &P::Stored,
    wire: &str,
    at: &mut Violations,
    checks: &[Check<'_>],
) {
    let mut values = P::values(field);
    let mut next = || match values.next()? {
        Ok(value) => Some(Ok(value as &dyn FieldValue)),
        Err(unreadable) => Some(Err(unreadable)),
    };
    at.values(wire, P::LIST, &mut next, checks);
}

/// The text of a scalar, for conditions between fields; `None` for a list.
#[must_use]
pub fn text<P: Presence<T>, T: FieldValue + 'static>(field: &P::Stored) -> Option<Cow<'_, str>> {
    if P::LIST {
        return None;
    }
    P::values(field).next()?.ok()?.as_text()
}
