use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MASKED, WireError};

/// A person's name: last name, first name, and optionally middle name and suffix,
/// separated by commas. Masked in `Debug`.
///
/// Any text can be received and is preserved, with the whitespace around it. A name
/// that a program builds is well-formed, or validation reports it.
///
/// ```
/// use skypay_runtime::PersonName;
///
/// let name = PersonName::new("Dela Cruz", "Juan").suffix("Jr.");
/// assert_eq!(name.as_str(), "Dela Cruz,Juan,,Jr.");
/// assert_eq!(format!("{name:?}"), "[masked]");
/// assert!(PersonName::try_from("Juan").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonName {
    text: String,
    /// Whether a given part contained a comma, so that the text has different
    /// parts.
    #[serde(skip)]
    torn: bool,
}

/// The parts of a [`PersonName`], without whitespace around them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NameParts<'a> {
    /// The last name.
    pub last: &'a str,
    /// The first name.
    pub first: &'a str,
    /// The middle name.
    pub middle: Option<&'a str>,
    /// The suffix.
    pub suffix: Option<&'a str>,
}

/// Last, first, middle, suffix.
const PARTS: usize = 4;

impl PersonName {
    /// Creates a name from last and first name.
    ///
    /// This never fails: a part that is empty or holds a comma is reported
    /// when the message is validated.
    #[must_use]
    pub fn new(last: &str, first: &str) -> Self {
        let (text, torn) = (String::new(), false);
        let unnamed = Self { text, torn };
        unnamed.with_part(0, last).with_part(1, first)
    }

    /// Sets the middle name.
    #[must_use]
    pub fn middle(self, middle: &str) -> Self {
        self.with_part(2, middle)
    }

    /// Sets the suffix, such as `Jr.`.
    #[must_use]
    pub fn suffix(self, suffix: &str) -> Self {
        self.with_part(3, suffix)
    }

    /// The name as on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The parts, if last and first name are present and there are at most four
    /// parts.
    #[must_use]
    pub fn parts(&self) -> Option<NameParts<'_>> {
        let mut parts = self.text.split(',').map(str::trim);
        let mut next = || parts.next().filter(|part| !part.is_empty());
        let found = NameParts {
            last: next()?,
            first: next()?,
            middle: next(),
            suffix: next(),
        };
        (parts.next().is_none() && !self.torn).then_some(found)
    }

    pub(super) fn parse(text: &str) -> Result<Self, WireError> {
        let (text, torn) = (text.to_owned(), false);
        let name = Self { text, torn };
        let named = name.parts().is_some();
        named.then_some(name).ok_or(WireError::PERSON_NAME)
    }

    fn with_part(self, index: usize, part: &str) -> Self {
        let mut parts: Vec<&str> = self.text.split(',').collect();
        parts.resize(parts.len().max(index + 1), "");
        parts[index] = part.trim();
        Self {
            torn: self.torn || part.contains(',') || parts.len() > PARTS,
            text: parts.join(","),
        }
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASKED)
    }
}

impl fmt::Debug for NameParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASKED)
    }
}
