//! The parts of the builders that [`message!`](crate::message!) writes.

use std::fmt;

use crate::validate::{Invalid, Validate, Violations};
use crate::value::WireError;

/// A value that a setter of a builder takes for a field of the type `T`: a `T`,
/// or anything that converts into one.
///
/// A conversion that fails is reported by `build`, with all else that is wrong.
/// Implemented for every type that implements `TryInto<T>`.
pub trait IntoField<T> {
    /// What the builder stores.
    #[doc(hidden)]
    fn into_field(self) -> Result<T, &'static str>;
}

impl<T, V: TryInto<T, Error: fmt::Display>> IntoField<T> for V {
    fn into_field(self) -> Result<T, &'static str> {
        self.try_into().map_err(|error| {
            // The text of an error that is not ours may quote the value.
            let known = WireError::known(&error.to_string());
            known.map_or(
                "cannot be turned into the type of the field",
                WireError::text,
            )
        })
    }
}

/// The field of a builder: a value, or why what was given is none.
pub type Slot<T> = Option<Result<T, &'static str>>;

/// The last step of a builder: the message, if every slot has a value and the
/// message itself has nothing to report.
///
/// # Errors
///
/// Everything that was reported.
pub fn build<T: Validate>(
    mut at: Violations,
    message: impl FnOnce() -> Option<T>,
) -> Result<T, Invalid> {
    let message = message();
    if let Some(message) = &message {
        message.check(&mut at);
    }
    at.finish(message)
}
