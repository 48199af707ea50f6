//! Lists whose objects may be unreadable.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Unreadable;
use crate::message::encoding::Encoded;
use crate::read::{ReadError, ValueOrJson, pick};

/// An object of a list.
pub trait Entry: DeserializeOwned {
    /// The fields that identify the object, each by its names on the wire: the one
    /// it is written with, then its aliases.
    const IDENTITY: &'static [&'static [&'static str]];
}

/// The objects of a received list in their order, readable or not.
///
/// ```
/// # use skypay_runtime::{Entries, received::UnreadableEntry};
/// fn print(entries: Entries<String>) {
///     for entry in entries {
///         match entry {
///             Ok(entry) => println!("{entry}"),
///             Err(unreadable) => eprintln!("to be checked: {unreadable}"),
///         }
///     }
/// }
/// # print(Entries::from(vec!["SKY9800000101".to_owned()]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Entries<T>(Vec<Result<T, UnreadableEntry>>);

impl<T> Entries<T> {
    /// Whether the list is empty, counting unreadable entries, too.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = Result<&T, &Unreadable>> {
        let entries = self.0.iter().map(Result::as_ref);
        entries.map(|entry| entry.map_err(|entry| &entry.0.unreadable))
    }

    /// Splits the list into readable and unreadable entries.
    #[must_use]
    pub fn into_parts(self) -> (Vec<T>, Vec<UnreadableEntry>) {
        let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
        for entry in self.0 {
            match entry {
                Ok(entry) => readable.push(entry),
                Err(entry) => unreadable.push(entry),
            }
        }
        (readable, unreadable)
    }

    /// All entries, if all are readable.
    ///
    /// # Errors
    ///
    /// The first unreadable entry.
    pub fn into_readable(self) -> Result<Vec<T>, UnreadableEntry> {
        self.0.into_iter().collect()
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for Entries<T> {
    fn from(entries: Vec<T>) -> Self {
        Self(entries.into_iter().map(Ok).collect())
    }
}

impl<T> Deref for Entries<T> {
    type Target = [Result<T, UnreadableEntry>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> IntoIterator for Entries<T> {
    type Item = Result<T, UnreadableEntry>;
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Entries<T> {
    type Item = &'a Result<T, UnreadableEntry>;
    type IntoIter = std::slice::Iter<'a, Result<T, UnreadableEntry>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Serialize> Serialize for Entries<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.values();
        serializer.collect_seq(entries.map(|entry| Encoded(entry, PhantomData::<T>)))
    }
}

/// With deserializers other than that of [`read`](crate::read), the first
/// unreadable object is an error.
impl<'de, T: Entry> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<ValueOrJson<T>>::deserialize(deserializer)?.into_iter();
        let unreadable = |index, json| UnreadableEntry::new::<T>(index, Unreadable(json));
        let entries = entries
            .enumerate()
            .map(|(index, ValueOrJson(entry))| entry.map_err(|json| unreadable(index, json)));
        Ok(Self(entries.collect()))
    }
}

/// An object of a list that cannot be read. States its position, the reason, and
/// its identity as far as that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableEntry(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    index: usize,
    identity: Vec<(&'static str, String)>,
    unreadable: Unreadable,
}

impl UnreadableEntry {
    fn new<T: Entry>(index: usize, unreadable: Unreadable) -> Self {
        let names: Vec<_> = T::IDENTITY.concat();
        let found = pick(unreadable.json().as_bytes(), &names).unwrap_or_default();
        let mut found = found.into_iter().map(|text| text.ok().flatten());
        let identity = T::IDENTITY.iter().filter_map(|names| {
            let mut texts = found.by_ref().take(names.len()).flatten();
            // Two names for one field are ambiguous.
            let text = (texts.next(), texts.next());
            match (names.first(), text) {
                (Some(name), (Some(text), None)) => Some((*name, text.trim().to_owned())),
                _ => None,
            }
        });
        Self(Box::new(Parts {
            index,
            identity: identity.collect(),
            unreadable,
        }))
    }

    /// Its index in the list, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.0.index
    }

    /// The error: the path of the field in the object, and the reason. Holds
    /// nothing of the received value.
    #[must_use]
    pub fn error(&self) -> &ReadError {
        self.0.unreadable.error()
    }

    /// The fields that identify the object, as far as they can be read, by their
    /// names on the wire: `("orderNumber", "A-17")`.
    #[must_use]
    pub fn identity(&self) -> &[(&'static str, String)] {
        &self.0.identity
    }

    /// The JSON that was received. It may hold personal data.
    #[must_use]
    pub fn json(&self) -> &str {
        self.0.unreadable.json()
    }
}

impl fmt::Display for UnreadableEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} of the list cannot be read", self.index() + 1)?;
        for (name, text) in self.identity() {
            write!(f, ", {name} {text}")?;
        }
        write!(f, ": {}", self.error())
    }
}

impl std::error::Error for UnreadableEntry {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.error())
    }
}
