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
use crate::validate::{AsText, ITEMS, Validate, Violations};

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

    /// Checks a value in addition to the checks of its row.
    fn check_value(_value: &T, _path: &str, _at: &mut Violations) {}
}

macro_rules! presences {
    ($(
        $(#[$about:meta])*
        $presence:ident$(<$bound:path>)?: $stored:ty, built $built:ty, shown $shown:ty,
        list $list:literal, absent $absent:expr, values |$field:ident| $values:expr;
    )*) => {
        $(
            $(#[$about])*
            #[allow(non_camel_case_types, reason = "the word of a row")]
            #[derive(Debug)]
            pub enum $presence {}

            impl<T: 'static $(+ $bound)?> Presence<T> for $presence {
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

                $(fn check_value(value: &T, path: &str, at: &mut Violations) {
                    at.nested(path, value as &dyn $bound);
                })?
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
    entries<Validate>: Entries<T>, built Vec<T>, shown Vec<T>,
        list true, absent None, values |field| field.values();
    /// `optional_entries T`: an `Entries<T>` that is omitted when it is empty.
    optional_entries<Validate>: Entries<T>, built Vec<T>, shown Vec<T>,
        list true, absent Some(Entries::default()), values |field| field.values();
}

/// Takes the field from a builder; `None` if a violation was reported.
pub fn take<P: Presence<T>, T: 'static>(
    slot: Slot<P::Built>,
    wire: &str,
    at: &mut Violations,
) -> Option<P::Stored> {
    match slot {
        Some(Ok(built)) => return Some(built.into()),
        Some(Err(message)) => at.report(wire, "type", message),
        None => match P::absent() {
            Some(absent) => return Some(absent),
            None => at.report(wire, "required", "is required"),
        },
    }
    None
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
    bounds: impl RangeBounds<usize>,
) {
    if !is_absent::<P, T>(field) {
        at.range(wire, &P::values(field).count(), &bounds, ITEMS);
    }
}

/// Checks the values: an unreadable one is a violation, all others are passed to
/// `check`.
pub fn check<P: Presence<T>, T: 'static>(
    field: &P::Stored,
    wire: &str,
    at: &mut Violations,
    check: impl Fn(&T, &str, &mut Violations),
) {
    for (index, value) in P::values(field).enumerate() {
        let path = if P::LIST {
            Cow::Owned(format!("{wire}[{index}]"))
        } else {
            Cow::Borrowed(wire)
        };
        match value {
            Ok(value) => {
                check(value, &path, at);
                P::check_value(value, &path, at);
            }
            Err(unreadable) => {
                let field = unreadable.error().field();
                let dot = if field.is_empty() { "" } else { "." };
                at.report(
                    &format!("{path}{dot}{field}"),
                    "readable",
                    unreadable.reason(),
                );
            }
        }
    }
}

/// The text of a scalar, for conditions between fields; `None` for a list.
#[must_use]
pub fn text<P: Presence<T>, T: AsText + 'static>(field: &P::Stored) -> Option<Cow<'_, str>> {
    if P::LIST {
        return None;
    }
    P::values(field).next()?.ok()?.as_text()
}
