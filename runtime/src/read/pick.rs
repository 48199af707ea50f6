//! Reads a few fields of an object, before the rest is validated.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::keys::match_field;
use super::lenient::unquoted;
use super::without_mark;
use crate::value::{Text, WireError};

/// Returns the texts of the `wanted` fields of a JSON object, in that order; keys
/// are matched like in [`read`](crate::read). A text is `None` if the field is
/// missing or `null`, and an error if it is not a scalar.
///
/// Fails if the text is not a single JSON object or one of the fields is duplicate.
pub(crate) fn pick(text: &[u8], wanted: &[&str]) -> Result<Picked, WireError> {
    let mut deserializer = serde_json::Deserializer::from_slice(without_mark(text));
    let found = deserializer.deserialize_map(Pick(wanted));
    let found = found.and_then(|found| deserializer.end().map(|()| found));
    found.map_err(|_| WireError::HEADER)
}

type Picked = Vec<Result<Option<String>, WireError>>;

struct Pick<'a>(&'a [&'a str]);

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = Picked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = vec![None; self.0.len()];
        while let Some(key) = map.next_key_seed(Text)? {
            match match_field(self.0, 0, &key).and_then(|index| found.get_mut(index)) {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(Some(_)) => return Err(A::Error::custom("a field appears twice")),
                Some(slot) => {
                    // As raw JSON: parsing could change a number.
                    let json: &RawValue = map.next_value()?;
                    *slot = Some(unquoted(json.get()).map(|text| text.map(Cow::into_owned)));
                }
            }
        }
        Ok(found
            .into_iter()
            .map(|field| field.unwrap_or(Ok(None)))
            .collect())
    }
}
