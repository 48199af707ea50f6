//! A few fields of an object, before it is known whether the rest can be read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::keys::{Key, match_field};
use super::lenient::unquoted;
use super::without_mark;

/// What stands in a field.
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

/// What stands in the `wanted` fields of a JSON object, in that order; keys are
/// compared as [`read`](crate::read) compares them. `None` if the text is not
/// one JSON object or one of the fields is there twice.
pub(crate) fn pick(text: &[u8], wanted: &[&str]) -> Option<Vec<Picked>> {
    let mut deserializer = serde_json::Deserializer::from_slice(without_mark(text));
    let found = Pick(wanted).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(found)
}

struct Pick<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Pick<'_> {
    type Value = Vec<Picked>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Pick<'_> {
    type Value = Vec<Picked>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found: Vec<Option<Picked>> = vec![None; self.0.len()];
        while let Some(key) = map.next_key_seed(Key)? {
            match match_field(self.0, 0, &key).and_then(|index| found.get_mut(index)) {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(Some(_)) => return Err(A::Error::custom("a field appears twice")),
                Some(slot) => *slot = Some(map.next_value()?),
            }
        }
        Ok(found.into_iter().map(Option::unwrap_or_default).collect())
    }
}

impl<'de> Deserialize<'de> for Picked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As it is written: a number must not be changed by being looked at.
        let literal = <&RawValue>::deserialize(deserializer)?.get();
        Ok(match unquoted(literal) {
            Ok(Some(text)) => Self::Text(Cow::into_owned(text)),
            Ok(None) => Self::Absent,
            Err(_) => Self::Unreadable,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Picked, pick};

    fn check(plaintext: &str, expected: Option<[Option<&str>; 2]>) {
        let found = pick(plaintext.as_bytes(), &["responseCode", "responseTime"]);
        let expected = expected.map(|values| {
            let picked = |value: Option<&str>| {
                value.map_or(Picked::Absent, |text| Picked::Text(text.to_owned()))
            };
            values.map(picked).to_vec()
        });
        assert_eq!(found, expected, "{plaintext}");
    }

    #[test]
    fn fields_are_found_whatever_surrounds_them() {
        check("{}", Some([None, None]));
        check(r#"{"responseCode":"1"}"#, Some([Some("1"), None]));
        check(
            r#" {"x":[{"responseCode":"2"}],"responseCode":-1001,"responseTime":null} "#,
            Some([Some("-1001"), None]),
        );
        check(
            r#"{"Response Code":"1","RESPONSETIME":""}"#,
            Some([Some("1"), Some("")]),
        );
        check("\u{feff}{\"responseCode\":1}", Some([Some("1"), None]));
    }

    #[test]
    fn a_text_may_come_as_any_scalar() {
        check(
            r#"{"responseCode":-1001,"responseTime":1.50}"#,
            Some([Some("-1001"), Some("1.50")]),
        );
        check(
            r#"{"responseCode":99999999999999999999,"responseTime":true}"#,
            Some([Some("99999999999999999999"), Some("true")]),
        );
        check(r#"{"responseCode":"\u002d1"}"#, Some([Some("-1"), None]));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        check(r#"{"responseCode":"1","responseCode":"2"}"#, None);
        check(r#"{"responseCode":"1","response code":"2"}"#, None);
        check(r#"{"responseCode":"1"} {}"#, None);
        check(r#"{"responseCode":"1""#, None);
        check(r#"["1"]"#, None);
        check("", None);
    }

    #[test]
    fn what_is_no_scalar_is_no_text() {
        for value in [r#"["1"]"#, "{}", r#""\ud800""#] {
            let json = format!(r#"{{"responseCode":"1","responseTime":{value}}}"#);
            let found = pick(json.as_bytes(), &["responseCode", "responseTime"]);
            let expected = vec![Picked::Text("1".to_owned()), Picked::Unreadable];
            assert_eq!(found, Some(expected), "{json}");
        }
    }
}
