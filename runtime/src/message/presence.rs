//! The presences of a field: a module for each word that stands before the type
//! in a row of [`message!`](crate::message!), with the same functions in each.

/// `required T`: a `T`.
pub mod required {
    use std::borrow::Cow;

    use serde::de::Error;
    use serde::ser::SerializeStruct;

    use crate::builder::Slot;
    use crate::message::encoding::{Encode, Encoded};
    use crate::validate::{AsText, Violations};

    /// The value that a builder holds.
    pub type Built<T> = T;
    /// The type that the JSON Schema shows.
    pub type Shown<T> = T;
    /// Whether every message has the field.
    pub const ALWAYS: bool = true;

    /// Takes the value from a builder.
    pub fn take<T>(slot: Slot<T>, wire: &str, at: &mut Violations) -> Option<T> {
        slot.required(wire, at)
    }

    /// Whether the field is left out when the message is written.
    #[must_use]
    pub fn is_absent<T>(_: &T) -> bool {
        false
    }

    /// Writes the field.
    pub fn write<S: SerializeStruct, T, E: Encode<T>>(
        state: &mut S,
        wire: &'static str,
        field: &T,
        _: E,
    ) -> Result<(), S::Error> {
        state.serialize_field(wire, &Encoded::<T, E>::new(field))
    }

    /// The field of a message that was received without it.
    pub fn missing<T, E: Error>(wire: &'static str) -> Result<T, E> {
        Err(E::missing_field(wire))
    }

    /// Checks the value.
    pub fn check<T>(
        field: &T,
        wire: &str,
        at: &mut Violations,
        check: impl Fn(&T, &str, &mut Violations),
    ) {
        check(field, wire, at);
    }

    /// The text of a scalar, for conditions between fields.
    pub fn text<T: AsText>(field: &T) -> Option<Cow<'_, str>> {
        field.as_text()
    }
}

/// `optional T`: an `Option<T>`.
pub mod optional {
    use std::borrow::Cow;

    use serde::de::Error;
    use serde::ser::SerializeStruct;

    use super::required;
    use crate::builder::Slot;
    use crate::message::encoding::Encode;
    use crate::validate::{AsText, Violations};

    /// The value that a builder holds.
    pub type Built<T> = T;
    /// The type that the JSON Schema shows.
    pub type Shown<T> = Option<T>;
    /// Whether every message has the field.
    pub const ALWAYS: bool = false;

    /// Takes the value from a builder.
    pub fn take<T>(slot: Slot<T>, wire: &str, at: &mut Violations) -> Option<Option<T>> {
        slot.optional(wire, at)
    }

    /// Whether the field is left out when the message is written.
    pub fn is_absent<T>(field: &Option<T>) -> bool {
        field.is_none()
    }

    /// Writes the field.
    pub fn write<S: SerializeStruct, T, E: Encode<T>>(
        state: &mut S,
        wire: &'static str,
        field: &Option<T>,
        encoding: E,
    ) -> Result<(), S::Error> {
        match field {
            Some(value) => required::write(state, wire, value, encoding),
            None => state.skip_field(wire),
        }
    }

    /// The field of a message that was received without it.
    pub fn missing<T, E: Error>(_: &'static str) -> Result<Option<T>, E> {
        Ok(None)
    }

    /// Checks the value.
    pub fn check<T>(
        field: &Option<T>,
        wire: &str,
        at: &mut Violations,
        check: impl Fn(&T, &str, &mut Violations),
    ) {
        if let Some(value) = field {
            check(value, wire, at);
        }
    }

    /// The text of a scalar, for conditions between fields.
    pub fn text<T: AsText>(field: &Option<T>) -> Option<Cow<'_, str>> {
        field.as_text()
    }
}

/// `received T`: a `Received<T>`.
pub mod received {
    use std::borrow::Cow;

    use serde::de::Error;
    use serde::ser::SerializeStruct;

    pub use super::optional::{ALWAYS, Built, Shown};
    use super::required;
    use crate::builder::Slot;
    use crate::message::encoding::{Encode, Native};
    use crate::received::Received;
    use crate::validate::{AsText, Violations};

    /// Takes the value from a builder.
    pub fn take<T>(slot: Slot<T>, wire: &str, at: &mut Violations) -> Option<Received<T>> {
        slot.received(wire, at)
    }

    /// Whether the field is left out when the message is written.
    pub fn is_absent<T>(field: &Received<T>) -> bool {
        field.is_absent()
    }

    /// Writes the field.
    pub fn write<S: SerializeStruct, T, E: Encode<T>>(
        state: &mut S,
        wire: &'static str,
        field: &Received<T>,
        encoding: E,
    ) -> Result<(), S::Error> {
        match field {
            Received::Value(value) => required::write(state, wire, value, encoding),
            Received::Absent => state.skip_field(wire),
            Received::Unreadable(unreadable) => required::write(state, wire, unreadable, Native),
        }
    }

    /// The field of a message that was received without it.
    pub fn missing<T, E: Error>(_: &'static str) -> Result<Received<T>, E> {
        Ok(Received::Absent)
    }

    /// Checks that the field can be read, and the value.
    pub fn check<T>(
        field: &Received<T>,
        wire: &str,
        at: &mut Violations,
        check: impl Fn(&T, &str, &mut Violations),
    ) {
        match field {
            Received::Value(value) => check(value, wire, at),
            Received::Absent => {}
            Received::Unreadable(unreadable) => at.report(wire, "readable", unreadable.reason()),
        }
    }

    /// The text of a scalar, for conditions between fields.
    pub fn text<T: AsText>(field: &Received<T>) -> Option<Cow<'_, str>> {
        field.as_text()
    }
}

/// `list T`: a `Vec<T>` that has to be there.
pub mod list {
    use std::borrow::Cow;
    use std::ops::RangeBounds;

    use serde::Serialize;
    use serde::ser::SerializeStruct;

    pub use super::required::{ALWAYS, is_absent, missing, take};
    use crate::message::encoding::Native;
    use crate::validate::Violations;

    /// The value that a builder holds.
    pub type Built<T> = Vec<T>;
    /// The type that the JSON Schema shows.
    pub type Shown<T> = Vec<T>;

    /// Writes the field.
    pub fn write<S: SerializeStruct, T: Serialize>(
        state: &mut S,
        wire: &'static str,
        field: &[T],
        _: Native,
    ) -> Result<(), S::Error> {
        state.serialize_field(wire, field)
    }

    /// Checks how many items there are.
    pub fn count<T>(field: &[T], wire: &str, at: &mut Violations, bounds: impl RangeBounds<usize>) {
        at.count(wire, field, bounds);
    }

    /// Checks each item.
    pub fn check<T>(
        field: &[T],
        wire: &str,
        at: &mut Violations,
        check: impl Fn(&T, &str, &mut Violations),
    ) {
        for (index, item) in field.iter().enumerate() {
            check(item, &format!("{wire}[{index}]"), at);
        }
    }

    /// A list has no text.
    #[must_use]
    pub fn text<T>(_: &[T]) -> Option<Cow<'_, str>> {
        None
    }
}

/// `optional_list T`: a `Vec<T>` that is left out when it is empty.
pub mod optional_list {
    use std::ops::RangeBounds;

    use serde::de::Error;
    use serde::ser::SerializeStruct;

    pub use super::list::{Built, Shown, check, text};
    pub use super::optional::ALWAYS;
    use crate::builder::Slot;
    use crate::message::encoding::Native;
    use crate::validate::Violations;

    /// Takes the value from a builder.
    pub fn take<T: Default>(slot: Slot<T>, wire: &str, at: &mut Violations) -> Option<T> {
        slot.or_default(wire, at)
    }

    /// Whether the field is left out when the message is written.
    pub fn is_absent<T>(field: &[T]) -> bool {
        field.is_empty()
    }

    /// Writes the field.
    pub fn write<S: SerializeStruct, T: serde::Serialize>(
        state: &mut S,
        wire: &'static str,
        field: &[T],
        encoding: Native,
    ) -> Result<(), S::Error> {
        if field.is_empty() {
            state.skip_field(wire)
        } else {
            super::list::write(state, wire, field, encoding)
        }
    }

    /// The field of a message that was received without it.
    pub fn missing<T: Default, E: Error>(_: &'static str) -> Result<T, E> {
        Ok(T::default())
    }

    /// Checks how many items there are, if there are any.
    pub fn count<T>(field: &[T], wire: &str, at: &mut Violations, bounds: impl RangeBounds<usize>) {
        if !field.is_empty() {
            at.count(wire, field, bounds);
        }
    }
}

/// `entries T`: an `Entries<T>` that has to be there.
pub mod entries {
    use std::borrow::Cow;

    use serde::Serialize;
    use serde::ser::SerializeStruct;

    pub use super::list::Shown;
    pub use super::required::{ALWAYS, is_absent, missing, take};
    use crate::message::encoding::Native;
    use crate::received::Entries;
    use crate::validate::{Validate, Violations};

    /// The value that a builder holds.
    pub type Built<T> = Entries<T>;

    /// Writes the field.
    pub fn write<S: SerializeStruct, T: Serialize>(
        state: &mut S,
        wire: &'static str,
        field: &Entries<T>,
        _: Native,
    ) -> Result<(), S::Error> {
        state.serialize_field(wire, field)
    }

    /// Checks that each object can be read, and each that can.
    pub fn check<T: Validate>(
        field: &Entries<T>,
        wire: &str,
        at: &mut Violations,
        _: impl Fn(&T, &str, &mut Violations),
    ) {
        at.entries(wire, field);
    }

    /// A list has no text.
    #[must_use]
    pub fn text<T>(_: &Entries<T>) -> Option<Cow<'_, str>> {
        None
    }
}

/// `optional_entries T`: an `Entries<T>` that is left out when it is empty.
pub mod optional_entries {
    use serde::Serialize;
    use serde::ser::SerializeStruct;

    pub use super::entries::{Built, Shown, check, text};
    pub use super::optional_list::{ALWAYS, missing, take};
    use crate::message::encoding::Native;
    use crate::received::Entries;

    /// Whether the field is left out when the message is written.
    #[must_use]
    pub fn is_absent<T>(field: &Entries<T>) -> bool {
        field.is_empty()
    }

    /// Writes the field.
    pub fn write<S: SerializeStruct, T: Serialize>(
        state: &mut S,
        wire: &'static str,
        field: &Entries<T>,
        encoding: Native,
    ) -> Result<(), S::Error> {
        if field.is_empty() {
            state.skip_field(wire)
        } else {
            super::entries::write(state, wire, field, encoding)
        }
    }
}
