use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MASKED, WireError};

/// A person's name: last and first name, perhaps a middle name and a suffix,
/// separated by commas. Shown nowhere unless asked for.
///
/// What is received is kept as it came, whatever it looks like; what is built
/// here has its parts in order.
///
/// ```
/// use skypay_runtime::PersonName;
///
/// let name = PersonName::new("Dela Cruz", "Juan").suffix("Jr.");
/// assert_eq!(name.as_str(), "Dela Cruz,Juan,,Jr.");
/// assert_eq!(format!("{name:?}"), "[masked]");
/// assert!(PersonName::try_from("Juan").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonName {
    text: String,
    /// A part that was given held a comma, so that the text has others.
    torn: bool,
}

/// The parts of a [`PersonName`], without blanks around them.
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
    /// A name of two parts.
    ///
    /// This never fails: a part that is empty or holds a comma is reported
    /// when the message is validated.
    #[must_use]
    pub fn new(last: &str, first: &str) -> Self {
        let unnamed = Self {
            text: String::new(),
            torn: false,
        };
        unnamed.with_part(0, last).with_part(1, first)
    }

    /// The same name with this middle name.
    #[must_use]
    pub fn middle(self, middle: &str) -> Self {
        self.with_part(2, middle)
    }

    /// The same name with this suffix, such as `Jr.`.
    #[must_use]
    pub fn suffix(self, suffix: &str) -> Self {
        self.with_part(3, suffix)
    }

    /// The name as on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The parts, if last and first name are there and no more than four
    /// parts in all.
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

    fn from_text(text: String) -> Self {
        Self { text, torn: false }
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

/// Reads `Last,First,Middle,Suffix`, of which the last two may be missing.
impl TryFrom<&str> for PersonName {
    type Error = WireError;

    fn try_from(text: &str) -> Result<Self, WireError> {
        let name = Self::from_text(text.to_owned());
        match name.parts() {
            Some(_) => Ok(name),
            None => Err(WireError::PERSON_NAME),
        }
    }
}

/// Keeps any text, with the whitespace around it.
impl<'de> Deserialize<'de> for PersonName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from_text)
    }
}

impl Serialize for PersonName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{NameParts, PersonName};
    use crate::read::from_slice;

    fn check(text: &str, expected: Option<[&str; 4]>) {
        let name = PersonName::from_text(text.to_owned());
        assert_eq!(name.as_str(), text);
        let parts = name.parts().map(|parts| {
            let NameParts {
                last,
                first,
                middle,
                suffix,
            } = parts;
            [last, first, middle.unwrap_or(""), suffix.unwrap_or("")]
        });
        assert_eq!(parts, expected, "{text}");
        assert_eq!(
            PersonName::try_from(text).is_ok(),
            expected.is_some(),
            "{text}"
        );
    }

    #[test]
    fn a_name_has_two_to_four_parts() {
        check("Reyes,Maria", Some(["Reyes", "Maria", "", ""]));
        check(
            "Dela Cruz,Juan,Santos",
            Some(["Dela Cruz", "Juan", "Santos", ""]),
        );
        check(
            "Dela Cruz, Juan ,,Jr.",
            Some(["Dela Cruz", "Juan", "", "Jr."]),
        );
        check("Reyes,Maria,,", Some(["Reyes", "Maria", "", ""]));
        check("\u{4e01},\u{4e00}", Some(["\u{4e01}", "\u{4e00}", "", ""]));
    }

    #[test]
    fn what_is_no_name_is_kept_without_parts() {
        for text in [
            "",
            ",",
            "Maria",
            "Reyes,",
            ",Maria",
            " ,Maria",
            "Reyes, ,Santos",
            "A,B,C,D,E",
            "A,B,C,D,",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn parts_come_in_order_whatever_the_order_they_are_given_in() {
        let name = PersonName::new(" Dela Cruz ", "Juan")
            .suffix("Jr.")
            .middle("Santos");
        assert_eq!(name.as_str(), "Dela Cruz,Juan,Santos,Jr.");
        assert_eq!(name.middle("Reyes").as_str(), "Dela Cruz,Juan,Reyes,Jr.");
    }

    #[test]
    fn a_comma_in_a_part_is_not_mistaken_for_another_part() {
        assert_eq!(PersonName::new("Cruz, Jr.", "Juan").parts(), None);
        assert_eq!(PersonName::new("Cruz", "Juan,Santos").parts(), None);
        assert_eq!(PersonName::new("Cruz", "Juan").middle(",").parts(), None);
        assert_eq!(PersonName::new("", "Juan").parts(), None);
        assert_eq!(PersonName::new("Cruz", " ").parts(), None);
    }

    #[test]
    fn it_is_read_whatever_it_is_and_shown_nowhere() {
        let name: PersonName = serde_json::from_str(r#""no \"name\"""#).unwrap();
        assert_eq!(name.as_str(), r#"no "name""#);
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""no \"name\"""#);
        let name = PersonName::new("Reyes", "Maria");
        assert_eq!(
            format!("{name:?} {:?}", name.parts()),
            "[masked] Some([masked])"
        );
        assert_eq!(from_slice::<PersonName>(b"12").unwrap().as_str(), "12");
    }

    proptest! {
        #[test]
        fn parts_without_commas_come_back(
            last in "[^,\\s]{1,9}( [^,\\s]{1,9})?", first in "[^,\\s]{1,9}",
            middle in "[^,\\s]{0,9}", suffix in "[^,\\s]{0,5}",
        ) {
            let name = PersonName::new(&last, &first).middle(&middle).suffix(&suffix);
            let parts = name.parts().unwrap();
            prop_assert_eq!(parts.last, last);
            prop_assert_eq!(parts.first, first);
            prop_assert_eq!(parts.middle.unwrap_or(""), middle);
            prop_assert_eq!(parts.suffix.unwrap_or(""), suffix);
            prop_assert_eq!(PersonName::try_from(name.as_str()), Ok(name));
        }

        #[test]
        fn what_was_given_comes_back_or_nothing_does(
            last in "[a, ]{0,4}|.{0,9}", first in "[a, ]{0,4}|.{0,9}",
            middle in proptest::option::of("[a, ]{0,4}"), suffix in proptest::option::of("[a, ]{0,4}"),
        ) {
            let mut name = PersonName::new(&last, &first);
            if let Some(middle) = &middle {
                name = name.middle(middle);
            }
            if let Some(suffix) = &suffix {
                name = name.suffix(suffix);
            }
            let there = [&last, &first].iter().all(|part| !part.trim().is_empty());
            let given = [Some(last), Some(first), middle, suffix];
            let torn = given.iter().flatten().any(|part| part.contains(','));
            prop_assert_eq!(name.parts().is_some(), there && !torn);
            if let Some(NameParts { last, first, middle, suffix }) = name.parts() {
                let found = [Some(last), Some(first), middle, suffix];
                let trimmed = |part: &Option<String>| part.as_ref().map(|part| part.trim().to_owned());
                let given = given.each_ref().map(trimmed);
                let given = given.map(|part| part.filter(|part| !part.is_empty()));
                prop_assert_eq!(found.map(|part| part.map(str::to_owned)), given);
            }
        }

        #[test]
        fn a_text_is_a_name_by_its_commas(parts in proptest::collection::vec("[ab ]{0,3}", 1..7)) {
            let text = parts.join(",");
            let named = parts.iter().map(|part| !part.trim().is_empty());
            let expected = (2..=4).contains(&parts.len()) && named.take(2).all(|named| named);
            prop_assert_eq!(PersonName::try_from(text.as_str()).is_ok(), expected, "{:?}", text);
            prop_assert_eq!(PersonName::from_text(text).parts().is_some(), expected);
        }

        #[test]
        fn any_text_is_kept_as_it_is(text in ".{0,40}") {
            let json = serde_json::to_string(&text).unwrap();
            let name: PersonName = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(name.as_str(), text);
        }
    }
}
