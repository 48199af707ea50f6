//! What generated builders are made of.
//!
//! A builder has a [`Slot`] for each field. Its `build` empties the slots one
//! after the other, each of which reports what is wrong with it, and hands
//! over to [`build`]; so all that is wrong is known at once.

use std::fmt;

use crate::validate::{Invalid, Validate, Violations};
use crate::wire::WireError;

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
    /// Fills the slot with what `value` can be turned into.
    pub fn set<V>(&mut self, value: V)
    where
        V: TryInto<T>,
        V::Error: fmt::Display,
    {
        self.0 = match value.try_into() {
            Ok(value) => State::Filled(value),
            // The text of an error that is not ours may quote the value.
            Err(error) => State::Refused(WireError::known(&error.to_string()).map_or(
                "cannot be turned into the type of the field",
                WireError::text,
            )),
        };
    }

    /// The value of a field that has to be there; `None` if that was reported.
    pub fn required(self, field: &str, at: &mut Violations) -> Option<T> {
        let value = self.optional(field, at)?;
        if value.is_none() {
            at.report(field, "required", "is required");
        }
        value
    }

    /// The value of a field that may be absent; `None` if it was refused,
    /// which was reported.
    pub fn optional(self, field: &str, at: &mut Violations) -> Option<Option<T>> {
        match self.0 {
            State::Empty => Some(None),
            State::Filled(value) => Some(Some(value)),
            State::Refused(message) => {
                at.report(field, "type", message);
                None
            }
        }
    }

    /// The value of a field for which the type has a stand-in.
    pub fn or_default(self, field: &str, at: &mut Violations) -> Option<T>
    where
        T: Default,
    {
        self.optional(field, at).map(Option::unwrap_or_default)
    }
}

impl<T> Slot<Vec<T>> {
    /// Fills the slot with a list.
    pub fn list(&mut self, items: impl IntoIterator<Item: Into<T>>) {
        let items = items.into_iter().map(Into::into);
        self.0 = State::Filled(items.collect());
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
    at: &mut Violations,
    message: impl FnOnce() -> Option<T>,
) -> Result<T, Invalid> {
    if at.is_empty() {
        match message() {
            Some(message) => {
                message.check(at);
                return at.finish().map(|()| message);
            }
            None => at.report("", "required", "a field is missing"),
        }
    }
    Err(at.take_invalid())
}
