//! A few fields of an object, before it is known whether the rest can be read.

use std::borrow::Cow;
use std::{convert, fmt};

use serde::Deserializer;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::keys::{Key, match_field};
use super::lenient::unquoted;
use super::without_mark;

/// The content of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Picked {
    /// Nothing, or `null`.
    #[default]
    Absent,
    /// A scalar, as text.
    Text(String),
    /// No scalar.
    Unreadable,
}

impl Picked {
    /// The text, where there is one.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

/// The content of the `wanted` fields of a JSON object, in that order; keys are
/// compared as [`read`](crate::read) compares them. `None` if the text is not
/// one JSON object or one of the fields is there twice.
pub(crate) fn pick(text: &[u8], wanted: &[&str]) -> Option<Vec<Picked>> {
    let mut deserializer = serde_json::Deserializer::from_slice(without_mark(text));
    let found = deserializer.deserialize_map(Pick(wanted)).ok()?;
    deserializer.end().ok()?;
    Some(found)
}

struct Pick<'a>(&'a [&'a str]);

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = Vec<Picked>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found: Vec<Option<Picked>> = vec![None; self.0.len()];
        while let Some(key) = map.next_key_seed(Key(convert::identity::<Cow<'de, str>>))? {
            match match_field(self.0, 0, &key).and_then(|index| found.get_mut(index)) {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(Some(_)) => return Err(A::Error::custom("a field appears twice")),
                Some(slot) => {
                    // As it is written: a number must not be changed by being parsed.
                    let json: &RawValue = map.next_value()?;
                    *slot = Some(match unquoted(json.get()) {
                        Ok(Some(text)) => Picked::Text(text.into_owned()),
                        Ok(None) => Picked::Absent,
                        Err(_) => Picked::Unreadable,
                    });
                }
            }
        }
        Ok(found.into_iter().map(Option::unwrap_or_default).collect())
    }
}
