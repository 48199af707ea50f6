//! The parts of the builders that [`message!`](crate::message!) writes.
//!
//! A builder has a [`Slot`] for each field. Its `build` empties the slots one
//! after the other, each of which reports what is wrong with it, and hands
//! over to [`build`]; so all that is wrong is known at once.

use std::fmt;

use crate::received::{Entries, Received};
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

impl<T, V> IntoField<T> for V
where
    V: TryInto<T>,
    V::Error: fmt::Display,
{
    fn fill(self, slot: &mut Slot<T>) {
        slot.set(self);
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

    /// The same for a field of a message that is received elsewhere.
    pub fn received(self, field: &str, at: &mut Violations) -> Option<Received<T>> {
        self.optional(field, at).map(Received::from)
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

impl<T> Slot<Entries<T>> {
    /// Fills the slot with a list.
    pub fn list(&mut self, items: impl IntoIterator<Item: Into<T>>) {
        let items: Vec<_> = items.into_iter().map(Into::into).collect();
        self.0 = State::Filled(items.into());
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Slot, build};
    use crate::validate::{Invalid, Limits, Validate, Violations};
    use crate::value::{Amount, Sensitive};

    #[derive(Debug, PartialEq)]
    struct Message {
        amount: Amount,
        text: Option<String>,
        list: Vec<Sensitive>,
    }

    impl Validate for Message {
        fn check(&self, at: &mut Violations) {
            at.text("text", &self.text, Limits::NONE.min(1));
        }
    }

    #[derive(Clone, Debug, Default)]
    struct Builder {
        amount: Slot<Amount>,
        text: Slot<String>,
        list: Slot<Vec<Sensitive>>,
    }

    impl Builder {
        fn build(self) -> Result<Message, Invalid> {
            let at = &mut Violations::new();
            let amount = self.amount.required("amount", at);
            let text = self.text.optional("text", at);
            let list = self.list.or_default("list", at);
            build(at, || {
                Some(Message {
                    amount: amount?,
                    text: text?,
                    list: list?,
                })
            })
        }

        fn check(&self, expected: &str) {
            let invalid = self.clone().build().unwrap_err();
            assert_eq!(invalid.to_string(), expected);
        }
    }

    #[test]
    fn an_empty_slot_is_missing_absent_or_the_default() {
        let mut builder = Builder::default();
        builder.check("amount: is required");
        builder.amount.set(Amount::ZERO);
        let message = builder.build().unwrap();
        assert_eq!(
            message,
            Message {
                amount: Amount::ZERO,
                text: None,
                list: vec![]
            }
        );
    }

    #[test]
    fn the_last_value_counts() {
        let mut builder = Builder::default();
        builder.amount.set("not an amount");
        builder.amount.set("1.00");
        builder.text.set("x");
        builder.list.list(["a", "b"]);
        let message = builder.build().unwrap();
        assert_eq!(message.amount, Amount::from_centavos(100));
        assert_eq!(message.text.as_deref(), Some("x"));
        assert_eq!(message.list.len(), 2);
    }

    #[test]
    fn what_is_refused_is_named_without_its_value() {
        struct Nameless;

        impl TryFrom<Nameless> for Amount {
            type Error = String;

            fn try_from(_: Nameless) -> Result<Self, String> {
                Err("SECRET is not an amount".to_owned())
            }
        }

        let mut builder = Builder::default();
        builder.amount.set(Nameless);
        builder.text.set("");
        builder.check("amount: cannot be turned into the type of the field");
        builder.amount.set("SECRET");
        builder.check("amount: expected an amount with at most two decimals");
        assert!(
            format!("{builder:?}").contains("amount: refused"),
            "{builder:?}"
        );
    }

    #[test]
    fn the_message_itself_is_checked_last() {
        let mut builder = Builder::default();
        builder.amount.set("1");
        builder.text.set("");
        builder.check("text: must not be empty");
    }

    proptest! {
        #[test]
        fn whatever_is_refused_is_named_without_its_value(
            amount in "[0-9]{1,6}x[0-9]{1,6}",
            text in proptest::option::of(".{0,9}"),
        ) {
            let mut builder = Builder::default();
            builder.amount.set(amount.as_str());
            if let Some(text) = &text {
                builder.text.set(text.as_str());
            }
            let shown = format!("{builder:?}");
            let invalid = builder.build().unwrap_err();
            let fields = invalid.violations().iter().map(|wrong| wrong.field.as_str());
            prop_assert_eq!(fields.collect::<Vec<_>>(), ["amount"]);
            let shown = format!("{shown} {invalid} {invalid:?}");
            prop_assert!(!shown.contains(&amount), "{}", shown);
        }
    }

    #[test]
    fn a_message_that_is_not_made_is_an_error() {
        let at = &mut Violations::new();
        assert!(build(at, || None::<Message>).is_err());
    }
}
