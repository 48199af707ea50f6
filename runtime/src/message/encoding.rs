//! The encodings of a field's value in JSON.
//!
//! Writing is exact; [`read`](crate::read) describes what is tolerated in reading.

use std::marker::PhantomData;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::value::{Amount, DateTime};

/// An encoding of `T`.
pub trait Encode<T> {
    /// Serializes the value.
    fn encode<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>;
}

/// `as number`: a JSON number, for a type whose native encoding is a string.
#[derive(Debug)]
pub struct Number<T>(PhantomData<T>);

/// `as fraction`: a time with four fraction digits.
#[derive(Debug)]
pub struct Fraction<T>(PhantomData<T>);

/// The type's native encoding.
impl<T: Serialize> Encode<T> for T {
    fn encode<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }
}

impl Encode<Amount> for Number<Amount> {
    fn encode<S: Serializer>(value: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
        // An `f64` would drop trailing zeros, which the API requires.
        write_json(&value.to_string(), serializer)
    }
}

impl Encode<DateTime> for Fraction<DateTime> {
    fn encode<S: Serializer>(value: &DateTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:.4}"))
    }
}

/// Serializes JSON unchanged.
pub(crate) fn write_json<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let json: &RawValue = serde_json::from_str(json).map_err(S::Error::custom)?;
    json.serialize(serializer)
}

/// A value with its encoding, or an unreadable one, which is written as it was
/// received.
pub(crate) struct Encoded<'a, T, U, E>(pub(crate) Result<&'a T, &'a U>, pub(crate) PhantomData<E>);

impl<T, U: Serialize, E: Encode<T>> Serialize for Encoded<'_, T, U, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(value) => E::encode(value, serializer),
            Err(unreadable) => unreadable.serialize(serializer),
        }
    }
}
