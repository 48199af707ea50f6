//! Support for the builders that [`message!`](crate::message!) generates.

use std::fmt;

use crate::value::WireError;

/// A value that a builder's setter accepts for a field of type `T`: a `T`, or
/// anything that converts into one.
///
/// `build` reports a failed conversion together with all other violations.
/// Implemented for every type that implements `TryInto<T>`.
pub trait IntoField<T> {
    /// Converts the value; an error is the text of the violation.
    #[doc(hidden)]
    fn into_field(self) -> Result<T, &'static str>;
}

impl<T, V: TryInto<T, Error: fmt::Display>> IntoField<T> for V {
    fn into_field(self) -> Result<T, &'static str> {
        self.try_into().map_err(|error| {
            // The text of an error from another crate may quote the value.
            let known = WireError::known(&error.to_string());
            known.map_or(
                "cannot be turned into the type of the field",
                WireError::text,
            )
        })
    }
}

/// A field of a builder: `None` if unset, else the value or why the conversion
/// failed.
pub type Slot<T> = Option<Result<T, &'static str>>;
