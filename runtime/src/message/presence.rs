//! The presences of a field: the keyword before the type in a row of
//! [`message!`](crate::message!).

use std::borrow::Cow;
use std::iter;
use std::marker::PhantomData;
use std::ops::RangeBounds;

use serde::Deserialize;
use serde::de::{self, Error as _, MapAccess};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::encoding::{Encode, Encoded};
use crate::builder::Slot;
use crate::received::{Entries, Received, Unreadable};
use crate::validate::{Check, FieldValue, Range, Violations};

/// How a message stores the values of a field, each a `T`.
pub trait Presence<T: 'static> {
    /// The type of the field in the struct.
    type Stored: From<Self::Built>;
    /// What a setter of the builder stores.
    type Built;
    /// The type whose JSON Schema the field has.
    type Shown;
    /// Whether the field is a list.
    const LIST: bool;

    /// The value of the field in a message without it; `None` if the field is
    /// required.
    fn absent() -> Option<Self::Stored>;

    /// The values; an unreadable one is an error.
    fn values(stored: &Self::Stored) -> impl Iterator<Item = Result<&T, &Unreadable>>;
}

macro_rules! presences {
    ($(
        $(#[$about:meta])*
        $presence:ident: $stored:ty, built $built:ty, shown $shown:ty,
        list $list:literal, absent $absent:expr, values |$field:ident| $values:expr;
    )*) => {
        $(
            $(#[$about])*
            #[allow(non_camel_case_types, reason = "the word of a row")]
            #[derive(Debug)]
            pub enum $presence {}

            impl<T: 'static> Presence<T> for $presence {
                type Stored = $stored;
                type Built = $built;
                type Shown = $shown;
                const LIST: bool = $list;

                fn absent() -> Option<$stored> {
                    $absent
                }

                fn values($field: &$stored) -> impl Iterator<Item = Result<&T, &Unreadable>> {
                    $values
                }
            }
        )*
    };
}

presences! {
    /// `required T`: a `T`.
    required: T, built T, shown T,
        list false, absent None, values |field| iter::once(Ok(field));
    /// `optional T`: an `Option<T>`.
    optional: Option<T>, built T, shown Option<T>,
        list false, absent Some(None), values |field| field.iter().map(Ok);
    /// `received T`: a `Received<T>`.
    received: Received<T>, built T, shown Option<T>,
        list false, absent Some(Received::Absent),
        values |field| field.as_result().transpose().into_iter();
    /// `list T`: a required `Vec<T>`.
    list: Vec<T>, built Vec<T>, shown Vec<T>,
        list true, absent None, values |field| field.iter().map(Ok);
    /// `optional_list T`: a `Vec<T>` that is omitted when it is empty.
    optional_list: Vec<T>, built Vec<T>, shown Vec<T>,
        list true, absent Some(Vec::new()), values |field| field.iter().map(Ok);
    /// `entries T`: a required `Entries<T>`.
    entries: Entries<T>, built Vec<T>, shown Vec<T>,
        list true, absent None, values |field| field.values();
    /// `optional_entries T`: an `Entries<T>` that is omitted when it is empty.
    optional_entries: Entries<T>, built Vec<T>, shown Vec<T>,
        list true, absent Some(Entries::default()), values |field| field.values();
}

/// Takes the field from a builder; `None` if a violation was reported.
pub fn take<P: Presence<T>, T: 'static>(
    slot: Slot<P::Built>,
    wire: &str,
    at: &mut Violations,
) -> Option<P::Stored> {
    match slot {
        Some(Ok(built)) => Some(built.into()),
        Some(Err(message)) => {
            at.report(wire, "type", message);
            None
        }
        None => {
            let absent = P::absent();
            if absent.is_none() {
                at.report(wire, "required", "is required");
            }
            absent
        }
    }
}

/// Reads the field from an object; a duplicate is an error.
#[inline]
pub fn read<'de, F: Deserialize<'de>, A: MapAccess<'de>>(
    field: &mut Option<F>,
    wire: &'static str,
    object: &mut A,
) -> Result<(), A::Error> {
    if field.is_some() {
        return Err(A::Error::duplicate_field(wire));
    }
    *field = Some(object.next_value()?);
    Ok(())
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
    for (index, value) in P::values(field).enumerate() {
        let value = match value {
            Ok(value) => Ok(value as &dyn FieldValue),
            Err(unreadable) => Err(unreadable),
        };
        at.value(wire, P::LIST.then_some(index), value, checks);
    }
}

/// The text of a scalar, for conditions between fields; `None` for a list.
#[must_use]
pub fn text<P: Presence<T>, T: FieldValue + 'static>(field: &P::Stored) -> Option<Cow<'_, str>> {
    if P::LIST {
        return None;
    }
    P::values(field).next()?.ok()?.as_text()
}
