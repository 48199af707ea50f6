//! Values that cannot be read in an otherwise readable message: fields, and objects
//! of lists. Their JSON is preserved and written unchanged.

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::message::encoding::write_json;
use crate::read::{ReadError, ValueOrJson, pick};
use crate::validate::FieldValue;

/// An optional field of a message that is received: `Ok(None)` if it is missing,
/// `null` or empty. It is not an `Option`, so that an unreadable field is not
/// mistaken for an absent one.
///
/// ```
/// use skypay_runtime::{DateTime, Received};
///
/// fn status(paid: &Received<DateTime>) -> String {
///     match paid {
///         Ok(Some(time)) => format!("paid at {time}"),
///         Ok(None) => "not paid yet".to_owned(),
///         Err(unreadable) => format!("to be checked: {unreadable}"),
///     }
/// }
/// # assert_eq!(status(&Ok(None)), "not paid yet");
/// ```
pub type Received<T> = Result<Option<T>, Unreadable>;

/// The objects of a received list in their order, readable or not.
pub type Entries<T> = Vec<Result<T, Unreadable>>;

/// An object of a list.
pub trait Entry: DeserializeOwned {
    /// The fields that identify the object, each by its names on the wire: the one
    /// it is written with, then its aliases.
    const IDENTITY: &'static [&'static [&'static str]];
}

/// A received value that cannot be read as the type of its field, or an object of a
/// list that cannot be read. Neither `Debug` nor `Display` shows the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Unreadable(Box<Parts>);

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    error: ReadError,
    json: Box<str>,
    index: Option<usize>,
    identity: Vec<(&'static str, String)>,
}

impl Unreadable {
    pub(crate) fn new(error: ReadError, json: &str) -> Self {
        Self(Box::new(Parts {
            error,
            json: json.into(),
            index: None,
            identity: Vec::new(),
        }))
    }

    /// Adds the place in a list, and the identity as far as it can be read.
    fn at<T: Entry>(mut self, index: usize) -> Self {
        let names: Vec<_> = T::IDENTITY.concat();
        let found = pick(self.json().as_bytes(), &names).unwrap_or_default();
        let mut found = found.into_iter().map(|text| text.ok().flatten());
        for names in T::IDENTITY {
            let mut texts = found.by_ref().take(names.len()).flatten();
            // Two names for one field are ambiguous.
            let text = (texts.next(), texts.next());
            if let (Some(name), (Some(text), None)) = (names.first(), text) {
                self.0.identity.push((name, text.trim().to_owned()));
            }
        }
        self.0.index = Some(index);
        self
    }

    /// The path of the invalid field in the value, and the reason. Holds nothing of
    /// the value.
    #[must_use]
    pub fn error(&self) -> &ReadError {
        &self.0.error
    }

    /// The JSON that was received. It may hold personal data.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0.json
    }

    /// The index of an object in its list, counted from 0; `None` for a field.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.0.index
    }

    /// The fields that identify an object of a list, as far as they can be read, by
    /// their names on the wire: `("orderNumber", "A-17")`.
    #[must_use]
    pub fn identity(&self) -> &[(&'static str, String)] {
        &self.0.identity
    }
}

impl fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index() {
            None => f.write_str("a field cannot be read")?,
            Some(index) => write!(f, "entry {} of the list cannot be read", index + 1)?,
        }
        for (name, text) in self.identity() {
            write!(f, ", {name} {text}")?;
        }
        write!(f, ": {}", self.error())
    }
}

impl std::error::Error for Unreadable {}

/// Writes the received JSON unchanged.
impl Serialize for Unreadable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_json(self.json(), serializer)
    }
}

/// The text of a readable field. In a [`MessageKey`](crate::MessageKey), an absent
/// field is empty, and an unreadable one is its received JSON.
impl<T: FieldValue> FieldValue for Received<T> {
    fn as_text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().ok()?.as_text()
    }

    fn key_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Ok(None) => Some(Cow::Borrowed("")),
            Ok(value) => value.as_text(),
            Err(unreadable) => Some(Cow::Borrowed(unreadable.json())),
        }
    }
}

/// Reads a field, for `#[serde(deserialize_with)]`. With deserializers other than
/// that of [`read`](crate::read), an unreadable value is an error.
#[inline]
pub fn field<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Received<T>, D::Error> {
    let value = Option::<ValueOrJson<T>>::deserialize(deserializer)?;
    Ok(value.map(|ValueOrJson(value)| value).transpose())
}

/// Reads a list, as [`field`] reads a field.
pub fn entries<'de, T: Entry, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Entries<T>, D::Error> {
    let entries = Vec::<ValueOrJson<T>>::deserialize(deserializer)?.into_iter();
    let entries = entries
        .enumerate()
        .map(|(index, ValueOrJson(entry))| entry.map_err(|entry| entry.at::<T>(index)));
    Ok(entries.collect())
}
