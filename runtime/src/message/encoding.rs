//! The encodings of a value: how a field is written to JSON.

use std::marker::PhantomData;

use serde::{Serialize, Serializer};

use crate::value::DateTime;
use crate::wire::{self, ToNumber};

/// A way to write a `T`.
pub trait Encode<T> {
    /// Writes the value.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    fn encode<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>;
}

/// As the type writes itself.
#[derive(Clone, Copy, Debug)]
pub struct Native;

/// `as number`: a JSON number, where the type writes itself as a text.
#[derive(Clone, Copy, Debug)]
pub struct Number;

/// `as fraction`: a time with four fraction digits.
#[derive(Clone, Copy, Debug)]
pub struct Fraction;

impl<T: Serialize> Encode<T> for Native {
    fn encode<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }
}

impl<T: ToNumber> Encode<T> for Number {
    fn encode<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        wire::number(value, serializer)
    }
}

impl Encode<DateTime> for Fraction {
    fn encode<S: Serializer>(value: &DateTime, serializer: S) -> Result<S::Ok, S::Error> {
        wire::fraction(value, serializer)
    }
}

/// A value and how it is written.
pub(super) struct Encoded<'a, T, E>(&'a T, PhantomData<E>);

impl<'a, T, E> Encoded<'a, T, E> {
    pub(super) fn new(value: &'a T) -> Self {
        Self(value, PhantomData)
    }
}

impl<T, E: Encode<T>> Serialize for Encoded<'_, T, E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        E::encode(self.0, serializer)
    }
}
