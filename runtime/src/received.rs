//! Received fields that may be unreadable in an otherwise readable message.
//!
//! A [`Received`] field is absent, a value, or unreadable; it is not an `Option`,
//! so that an unreadable field is not mistaken for an absent one. An unreadable
//! object of a list keeps its position in [`Entries`]. Both preserve the received
//! JSON and write it unchanged.

mod entries;

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::message::encoding::write_json;
use crate::read::{ReadError, ValueOrJson};
use crate::validate::FieldValue;

pub use entries::{Entries, Entry, UnreadableEntry};

/// An optional field of a message that is received.
///
/// ```
/// use skypay_runtime::{DateTime, Received};
///
/// fn status(paid: &Received<DateTime>) -> String {
///     match paid {
///         Received::Value(time) => format!("paid at {time}"),
///         Received::Absent => "not paid yet".to_owned(),
///         Received::Unreadable(unreadable) => format!("to be checked: {unreadable}"),
///     }
/// }
/// # assert_eq!(status(&Received::Absent), "not paid yet");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Received<T> {
    /// The field is missing, `null` or empty.
    #[default]
    Absent,
    /// What the field holds.
    Value(T),
    /// The field cannot be read as a `T`.
    Unreadable(Unreadable),
}

impl<T> Received<T> {
    /// Whether the field is missing, `null` or empty.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, or `None` if the field is absent.
    ///
    /// # Errors
    ///
    /// If the field cannot be read.
    pub fn into_result(self) -> Result<Option<T>, Unreadable> {
        match self {
            Self::Absent => Ok(None),
            Self::Value(value) => Ok(Some(value)),
            Self::Unreadable(unreadable) => Err(unreadable),
        }
    }

    /// The value, or `None` if the field is absent.
    ///
    /// # Errors
    ///
    /// If the field cannot be read.
    pub fn as_result(&self) -> Result<Option<&T>, &Unreadable> {
        match self {
            Self::Absent => Ok(None),
            Self::Value(value) => Ok(Some(value)),
            Self::Unreadable(unreadable) => Err(unreadable),
        }
    }

    /// The value; `None` if the field is absent or cannot be read. For uses where
    /// an unreadable field may be ignored.
    #[must_use]
    pub fn if_readable(&self) -> Option<&T> {
        self.as_result().ok().flatten()
    }
}

/// The text of a readable field. In a [`MessageKey`](crate::MessageKey), an absent
/// field is empty, and an unreadable one is its received JSON.
impl<T: FieldValue> FieldValue for Received<T> {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        self.if_readable().and_then(FieldValue::as_text)
    }

    fn key_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Absent => Some(Cow::Borrowed("")),
            Self::Value(value) => value.as_text(),
            Self::Unreadable(unreadable) => Some(Cow::Borrowed(unreadable.json())),
        }
    }
}

impl<T> From<T> for Received<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T> From<Option<T>> for Received<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

impl<T: Serialize> Serialize for Received<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => serializer.serialize_none(),
            Self::Value(value) => serializer.serialize_some(value),
            Self::Unreadable(unreadable) => unreadable.serialize(serializer),
        }
    }
}

/// Absent where an `Option` would be `None`. With deserializers other than that of
/// [`read`](crate::read), an unreadable value is an error.
impl<'de, T: DeserializeOwned> Deserialize<'de> for Received<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::<ValueOrJson<T>>::deserialize(deserializer)? {
            None => Self::Absent,
            Some(ValueOrJson(Ok(value))) => Self::Value(value),
            Some(ValueOrJson(Err(unreadable))) => Self::Unreadable(Unreadable(unreadable)),
        })
    }
}

/// A received value that cannot be read as the type of its field.
#[derive(Clone, PartialEq, Eq)]
pub struct Unreadable(Box<(ReadError, Box<str>)>);

impl Unreadable {
    /// The error. Holds nothing of the received value.
    pub(crate) fn error(&self) -> &ReadError {
        &self.0.0
    }

    /// What was expected. Holds nothing of the received value.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.error().reason()
    }

    /// The JSON that was received. It may hold personal data.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0.1
    }
}

impl fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.error(), f)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a field cannot be read: {}", self.reason())
    }
}

impl std::error::Error for Unreadable {}

/// Writes the received JSON unchanged.
impl Serialize for Unreadable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_json(self.json(), serializer)
    }
}
