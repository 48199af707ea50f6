//! The parts of the builders that [`message!`](crate::message!) writes.
//!
//! A builder has a [`Slot`] for each field. Its `build` empties the slots one
//! after the other, each of which reports what is wrong with it, and hands
//! over to [`build`]; so all that is wrong is known at once.

use std::fmt;

use crate::validate::{Invalid, Validate, Violations};
use crate::value::WireError;

/// A value that a setter of a builder takes for a field of the type `T`: a `T`,
/// or anything that converts into one.
///
/// A conversion that fails is reported by `build`, with all else that is wrong.
/// Implemented for every type that implements `TryInto<T>`.
pub trait IntoField<T> {
    /// Fills the slot of the field.
    #[doc(hidden)]
    fn fill(self, slot: &mut Slot<T>);
}

impl<T, V: TryInto<T, Error: fmt::Display>> IntoField<T> for V {
    fn fill(self, slot: &mut Slot<T>) {
        slot.0 = match self.try_into() {
            Ok(value) => State::Filled(value),
            // The text of an error that is not ours may quote the value.
            Err(error) => State::Refused(WireError::known(&error.to_string()).map_or(
                "cannot be turned into the type of the field",
                WireError::text,
            )),
        };
    }
}

/// The field of a builder.
#[derive(Clone)]
pub struct Slot<T>(State<T>);

#[derive(Clone)]
enum State<T> {
    Empty,
    Filled(T),
    /// What was given is not a `T`.
    Refused(&'static str),
}

impl<T> Slot<T> {
    /// The value, if one was given, or why it was refused.
    pub(crate) fn into_result(self) -> Result<Option<T>, &'static str> {
        match self.0 {
            State::Empty => Ok(None),
            State::Filled(value) => Ok(Some(value)),
            State::Refused(message) => Err(message),
        }
    }
}

impl<T> Slot<Vec<T>> {
    /// Fills the slot with a list.
    pub fn list(&mut self, items: impl IntoIterator<Item: Into<T>>) {
        self.0 = State::Filled(items.into_iter().map(Into::into).collect());
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(State::Empty)
    }
}

impl<T: fmt::Debug> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Empty => f.write_str("empty"),
            State::Filled(value) => value.fmt(f),
            State::Refused(_) => f.write_str("refused"),
        }
    }
}

/// The last step of a builder: the message, if no slot has reported anything
/// and the message itself has nothing to report.
///
/// # Errors
///
/// Everything that was reported.
pub fn build<T: Validate>(
    mut at: Violations,
    message: impl FnOnce() -> Option<T>,
) -> Result<T, Invalid> {
    if at.is_empty() {
        match message() {
            Some(message) => {
                message.check(&mut at);
                return at.finish().map(|()| message);
            }
            None => at.report("", "required", "a field is missing"),
        }
    }
    Err(at.into_invalid())
}
